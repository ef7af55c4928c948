/*
 * The pieces of memory arenas are made of. Large ones that were given back are kept for a while: the
 * system clears each page of a new one, and of a large Bundle that costs as much as reading it.
 */
#ifndef BASE_CHUNK_H
#define BASE_CHUNK_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONED 1
#endif
#endif

#ifdef ARENA_POISONED
#include <sanitizer/asan_interface.h>
#define POISON(at, bytes) ASAN_POISON_MEMORY_REGION((at), (bytes))
#define UNPOISON(at, bytes) ASAN_UNPOISON_MEMORY_REGION((at), (bytes))
#else
#define POISON(at, bytes) ((void)(at), (void)(bytes))
#define UNPOISON(at, bytes) ((void)(at), (void)(bytes))
#endif

enum {
    CHUNK_ALIGNMENT = 16,
    CHUNK_BYTES_MAX = 4 * 1024 * 1024, /* of those that are kept */
};

typedef struct Chunk Chunk;
struct Chunk {
    Chunk *before;
    size_t size; /* of data */
    size_t used;
    _Alignas(CHUNK_ALIGNMENT) char data[];
};

/* Room for at least `size` bytes, not cleared. NULL if the system has none. Any thread. */
Chunk *chunk_take(size_t size);

/* Wipes what was used of it. */
void chunk_give(Chunk *c);

/* Gives those back to the system that nobody wanted since the last time: to be called now and
 * then. */
void chunk_trim(void);

/* Bytes that are kept now. */
size_t chunk_kept_bytes(void);

/* For a process that does one thing and ends, such as an import: many more are kept. */
void chunk_keep_many(void);

#endif
