/*
 * Memory of one call. Everything is allocated from the call's arena and goes at once; nothing
 * is freed by hand. Past its cap an arena does not return NULL: it jumps to its boundary, and
 * the call ends with "too costly". What must be closed is handed over with arena_defer().
 *
 * An arena belongs to one thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <setjmp.h>
#include <stdarg.h>

#include "base/str.h"

typedef struct Arena Arena;

/* An arena that will hold at most cap_bytes. Ends the process if the machine has no memory
 * for the handle itself. Chunks come from and return to the system as needed. */
Arena *arena_create(size_t cap_bytes);

/* Runs what was deferred, last first, wipes what was used and keeps the first chunk. */
void arena_reset(Arena *a);

void arena_destroy(Arena *a);

/* Changes the cap for what follows until the next reset: a Bundle may use more. */
void arena_set_cap(Arena *a, size_t cap_bytes);

/* Where the arena jumps when its cap is reached: write
 *     if (setjmp(*arena_boundary(a))) return FAIL_TOO_COSTLY;
 * in the one function that runs a whole call. Without a boundary the process is ended. */
jmp_buf *arena_boundary(Arena *a);
void     arena_forget_boundary(Arena *a);

/* Zeroed memory for count things of size bytes, aligned for any type. Never NULL. */
void *arena_alloc(Arena *a, size_t count, size_t size);

/* The same, not zeroed: for bytes that are written in full at once. */
void *arena_alloc_raw(Arena *a, size_t bytes);

/* Grows the block last allocated in place when it can, else moves it. */
void *arena_grow(Arena *a, void *block, size_t old_bytes, size_t new_bytes);

/* Calls release(thing) when the arena is reset. */
void arena_defer(Arena *a, void (*release)(void *), void *thing);

/* A mark to come back to: what was allocated since is given back (deferred things must not
 * have been added in between). For loops that would otherwise grow with their input. */
typedef struct ArenaMark {
    void  *chunk;
    size_t used;
} ArenaMark;

ArenaMark arena_mark(Arena *a);
void      arena_rewind(Arena *a, ArenaMark mark);

size_t arena_used(const Arena *a);

Str         arena_str(Arena *a, Str s); /* a copy */
/* A copy with a NUL behind it, for C libraries. */
const char *arena_c_string(Arena *a, Str s);
Str arena_printf(Arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
Str arena_vprintf(Arena *a, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#define NEW(arena, Type) ((Type *)arena_alloc((arena), 1, sizeof(Type)))
#define NEW_ARRAY(arena, Type, count) ((Type *)arena_alloc((arena), (count), sizeof(Type)))

#endif
