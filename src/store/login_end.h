/* What ends with a session of a browser, in the same commit: see people.h. */
#ifndef STORE_LOGIN_END_H
#define STORE_LOGIN_END_H

#include "store/writer.h"

/* What apps may do in the login's name as long as a session of it lasts, where that has ended: their
 * tokens are dead from then on. What was given for longer (offline_access) stays. */
Fail login_end_apps(Call *c, Writer *w, uint32_t login, int64_t now_us) MUST_USE;

#endif
