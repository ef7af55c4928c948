/* Using a launch up as part of a larger job of the writer. */
#ifndef STORE_LAUNCH_H
#define STORE_LAUNCH_H

#include "store/writer.h"

/* FAIL_CONFLICT if it was used before. */
Fail launch_use(Call *c, Writer *w, const uint8_t hash[32], int64_t now_us) MUST_USE;

#endif
