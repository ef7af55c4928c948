/*
 * Bodies: the remainders of versions, compressed. Resources are small and much alike, so that a
 * dictionary trained on such texts makes them a fifth of their size. A row names its dictionary;
 * 0 is none. Dictionaries are only ever added. Safe to use from any thread.
 */
#ifndef STORE_BODY_H
#define STORE_BODY_H

#include "base/buf.h"

enum { DICTIONARY_BYTES_MAX = 256 * 1024 };

typedef struct Bodies Bodies;

Bodies *bodies_create(void);
void    bodies_destroy(Bodies *b);

/* From now on there is dictionary `number` (1, 2, 3 …), and new bodies use the newest. False if it is not
 * a dictionary, or there are too many. */
bool bodies_add(Bodies *b, uint32_t number, Str dictionary);

uint32_t bodies_newest(const Bodies *b);

/* The text compressed, on the arena, and which dictionary that took. */
Str body_compress(Bodies *b, Arena *a, Str text, uint32_t *dictionary);

/* Appends the text to `out`. False if the bytes are not what body_compress() made. */
bool body_expand(Bodies *b, uint32_t dictionary, Str body, Buf *out);

/* A dictionary for texts like these, on the arena; empty if they are too few. */
Str body_train(Arena *a, const Str *texts, size_t count);

#endif
