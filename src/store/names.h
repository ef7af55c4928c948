/*
 * Names met in one run of an import, each kept once and given a small number: resources and what
 * they refer to, codes, systems, addresses. The database's own numbers are looked up later, once
 * for each name and in order.
 */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include "base/arena.h"

typedef struct Name {
    Str      text;
    uint32_t owner; /* resource: its type; code: number of its system's name, or 0 */
    uint32_t last; /* resource: one more than the item that changed it last in this run, or 0 */
    int64_t  number; /* in the database: rid or token; 0 until it is known */
} Name;

typedef struct Names {
    Arena    *arena;
    Name     *names; /* from 1 */
    uint32_t *slots;
    uint32_t  count, room, slot_count;
    uint64_t  seed; /* drawn, so that nobody can choose names that collide */
} Names;

Names names_new(Arena *a);

/* The number of a name, which is added if it is not there. */
uint32_t names_put(Names *n, uint32_t owner, Str text);

/* The same, but 0 if it is not there. */
uint32_t names_find(const Names *n, uint32_t owner, Str text);

static inline Name *name_at(const Names *n, uint32_t number)
{
    return &n->names[number];
}

#endif
