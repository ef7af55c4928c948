/* When dictionaries are trained: see body.h for what they are. */
#ifndef STORE_DICTIONARY_H
#define STORE_DICTIONARY_H

#include "store/state.h"

/* Takes another dictionary into use; the text is copied. */
Fail dictionary_put(Call *c, Store *s, Str dictionary) MUST_USE;

#endif
