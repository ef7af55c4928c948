/* Putting a grant into the database as part of a larger job of the writer. */
#ifndef STORE_GRANT_H
#define STORE_GRANT_H

#include "store/writer.h"

/* Inserts it under the next number. */
Fail grant_insert(Call *c, Writer *w, const Grant *grant, uint32_t *number) MUST_USE;

#endif
