/*
 * When dictionaries are trained (body.h says what they are): from the record's own texts, once
 * there are some thousands, and again each time there are ten times as many.
 */
#ifndef STORE_DICTIONARY_H
#define STORE_DICTIONARY_H

#include "store/state.h"

/* Takes another dictionary into use. */
Fail dictionary_put(Call *c, Store *s, Str dictionary) MUST_USE;

/* Trains one on a thread of its own if it is time. Called by the writer now and then; returns at
 * once. */
void dictionary_consider(Store *s, uint64_t versions);

/* Waits for that thread, if there is one. Before the writer is stopped. */
void dictionary_finish(Store *s);

#endif
