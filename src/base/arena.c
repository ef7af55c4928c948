/* Chunks from the system, a bump pointer, a list of things to close: see arena.h. */
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/chunk.h"
#include "base/ensure.h"

enum { FIRST_CHUNK_BYTES = 32 * 1024 };

typedef struct Deferred Deferred;
struct Deferred {
    Deferred *before;
    void (*release)(void *);
    void *thing;
};

struct Arena {
    Chunk    *chunk;
    Deferred *deferred;
    size_t    cap;
    size_t    cap_at_start;
    size_t    total; /* bytes held in chunks */
    jmp_buf   boundary;
    bool      has_boundary;
};

static _Noreturn void arena_exhausted(Arena *a)
{
    ENSURE(a->has_boundary);
    longjmp(a->boundary, 1);
}

Arena *arena_create(size_t cap_bytes)
{
    Arena *a = calloc(1, sizeof *a);

    ENSURE(a);
    a->cap = a->cap_at_start = cap_bytes;
    a->chunk = chunk_take(FIRST_CHUNK_BYTES);
    ENSURE(a->chunk);
    a->total = FIRST_CHUNK_BYTES;
    return a;
}

static void run_deferred(Arena *a)
{
    while (a->deferred) {
        Deferred *d = a->deferred;

        a->deferred = d->before;
        d->release(d->thing);
    }
}

void arena_reset(Arena *a)
{
    run_deferred(a);
    while (a->chunk->before) {
        Chunk *c = a->chunk;

        a->chunk = c->before;
        a->total -= c->size;
        chunk_give(c);
    }
    UNPOISON(a->chunk->data, a->chunk->size);
    explicit_bzero(a->chunk->data, a->chunk->used);
    POISON(a->chunk->data, a->chunk->size);
    a->chunk->used = 0;
    a->cap = a->cap_at_start;
    a->has_boundary = false;
}

void arena_destroy(Arena *a)
{
    if (!a)
        return;
    arena_reset(a);
    chunk_give(a->chunk);
    free(a);
}

void arena_set_cap(Arena *a, size_t cap_bytes)
{
    a->cap = cap_bytes;
}

jmp_buf *arena_boundary(Arena *a)
{
    a->has_boundary = true;
    return &a->boundary;
}

void arena_forget_boundary(Arena *a)
{
    a->has_boundary = false;
}

/* A chunk of at least `bytes`; each is twice the one before, up to the largest that are kept. */
static void add_chunk(Arena *a, size_t bytes)
{
    size_t size = a->chunk->size * 2;
    Chunk *c;

    if (size > CHUNK_BYTES_MAX)
        size = CHUNK_BYTES_MAX;
    if (size < bytes)
        size = bytes;
    if (bytes > a->cap || a->total > a->cap - bytes)
        arena_exhausted(a);
    c = chunk_take(size);
    if (!c)
        arena_exhausted(a);
    c->before = a->chunk;
    a->chunk = c;
    a->total += c->size;
}

void *arena_alloc_raw(Arena *a, size_t bytes)
{
    size_t rounded = (bytes + CHUNK_ALIGNMENT - 1) & ~(size_t)(CHUNK_ALIGNMENT - 1);
    void  *at;

    if (rounded < bytes)
        arena_exhausted(a);
    if (rounded > a->chunk->size - a->chunk->used)
        add_chunk(a, rounded);
    at = a->chunk->data + a->chunk->used;
    a->chunk->used += rounded;
    UNPOISON(at, bytes);
    return at;
}

void *arena_alloc(Arena *a, size_t count, size_t size)
{
    size_t bytes;
    void  *at;

    if (__builtin_mul_overflow(count, size, &bytes))
        arena_exhausted(a);
    at = arena_alloc_raw(a, bytes);
    if (bytes)
        memset(at, 0, bytes);
    return at;
}

void *arena_grow(Arena *a, void *block, size_t old_bytes, size_t new_bytes)
{
    size_t old_rounded = (old_bytes + CHUNK_ALIGNMENT - 1) & ~(size_t)(CHUNK_ALIGNMENT - 1);
    size_t new_rounded = (new_bytes + CHUNK_ALIGNMENT - 1) & ~(size_t)(CHUNK_ALIGNMENT - 1);
    Chunk *c = a->chunk;
    void  *moved;

    ENSURE(new_bytes >= old_bytes);
    if (block && (char *)block + old_rounded == c->data + c->used && new_rounded >= new_bytes
        && new_rounded - old_rounded <= c->size - c->used) {
        c->used += new_rounded - old_rounded;
        UNPOISON(block, new_bytes);
        return block;
    }
    moved = arena_alloc_raw(a, new_bytes);
    if (old_bytes)
        memcpy(moved, block, old_bytes);
    return moved;
}

void arena_defer(Arena *a, void (*release)(void *), void *thing)
{
    Deferred *d = NEW(a, Deferred);

    *d = (Deferred){ .before = a->deferred, .release = release, .thing = thing };
    a->deferred = d;
}

ArenaMark arena_mark(Arena *a)
{
    return (ArenaMark){ a->chunk, a->chunk->used };
}

void arena_rewind(Arena *a, ArenaMark mark)
{
    while (a->chunk != mark.chunk) {
        Chunk *c = a->chunk;

        ENSURE(c->before);
        a->chunk = c->before;
        a->total -= c->size;
        chunk_give(c);
    }
    POISON(a->chunk->data + mark.used, a->chunk->size - mark.used);
    a->chunk->used = mark.used;
}

size_t arena_used(const Arena *a)
{
    size_t used = 0;

    for (const Chunk *c = a->chunk; c; c = c->before)
        used += c->used;
    return used;
}

Str arena_str(Arena *a, Str s)
{
    char *copy = arena_alloc_raw(a, s.len ? s.len : 1);

    if (s.len)
        memcpy(copy, s.at, s.len);
    return (Str){ copy, s.len };
}

const char *arena_c_string(Arena *a, Str s)
{
    char *copy = arena_alloc_raw(a, s.len + 1);

    if (s.len)
        memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    return copy;
}

Str arena_vprintf(Arena *a, const char *format, va_list args)
{
    va_list again;
    int     len;
    char   *text;

    ENSURE(format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    ENSURE(len >= 0);
    text = arena_alloc_raw(a, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, args);
    return (Str){ text, (size_t)len };
}

Str arena_printf(Arena *a, const char *format, ...)
{
    va_list args;
    Str     s;

    va_start(args, format);
    s = arena_vprintf(a, format, args);
    va_end(args);
    return s;
}
