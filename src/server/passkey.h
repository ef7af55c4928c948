/* Passkeys on pages: the form that the script fills, on whichever page offers them. */
#ifndef SERVER_PASSKEY_H
#define SERVER_PASSKEY_H

#include "access/passkey.h"
#include "server/steps.h"

/* The button by which one signs in with a passkey, hidden until the script finds that the browser
 * can. Nothing where browsers offer none for this address. */
void passkey_put_use(Browser *b);

/* The account page's list, with what can be done. */
Fail passkey_put_list(Browser *b);

#endif
