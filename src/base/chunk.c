/* Chunks from the system and the stock of large ones: see chunk.h. */
#include "base/chunk.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    STOCKED_BYTES_MIN = 256 * 1024, /* smaller ones malloc keeps well */
    SHELVES = 5,                    /* of 256 KiB, 512 KiB … CHUNK_BYTES_MAX */
    STOCK_BYTES = 64 * 1024 * 1024,
    STOCK_BYTES_MANY = 256 * 1024 * 1024,
};

_Static_assert(STOCKED_BYTES_MIN << (SHELVES - 1) == CHUNK_BYTES_MAX, "a shelf for each size");

typedef struct Shelf {
    Chunk *first;
    size_t count;
    size_t unwanted; /* the fewest there were since the last trim */
} Shelf;

static struct {
    pthread_mutex_t lock;
    Shelf           shelves[SHELVES];
    size_t          bytes, most;
} stock = { .lock = PTHREAD_MUTEX_INITIALIZER, .most = STOCK_BYTES };

#ifdef M_MMAP_THRESHOLD
/* Left to itself, malloc learns from large chunks that are freed to take them from its heap,
 * which does not shrink again: a server that had swallowed big Bundles kept half a gigabyte. */
__attribute__((constructor)) static void give_large_chunks_back(void)
{
    mallopt(M_MMAP_THRESHOLD, STOCKED_BYTES_MIN);
}
#endif

/* The shelf of chunks with room for `size`; SHELVES if they are not kept. */
static size_t shelf_of(size_t size)
{
    size_t shelf = 0;

    if (size <= STOCKED_BYTES_MIN / 2)
        return SHELVES;
    while (shelf < SHELVES && (size_t)STOCKED_BYTES_MIN << shelf < size)
        shelf++;
    return shelf;
}

static Chunk *take_kept(size_t number)
{
    Shelf *shelf = &stock.shelves[number];
    Chunk *c;

    pthread_mutex_lock(&stock.lock);
    c = shelf->first;
    if (c) {
        shelf->first = c->before;
        stock.bytes -= c->size;
        if (--shelf->count < shelf->unwanted)
            shelf->unwanted = shelf->count;
    } else {
        shelf->unwanted = 0;
    }
    pthread_mutex_unlock(&stock.lock);
    return c;
}

Chunk *chunk_take(size_t size)
{
    size_t shelf = shelf_of(size);
    Chunk *c = NULL;

    if (shelf < SHELVES) {
        size = (size_t)STOCKED_BYTES_MIN << shelf;
        c = take_kept(shelf);
    }
    if (!c)
        c = malloc(sizeof *c + size);
    if (!c)
        return NULL;
    c->before = NULL;
    c->size = size;
    c->used = 0;
    POISON(c->data, size);
    return c;
}

static int keep(Chunk *c)
{
    size_t number = shelf_of(c->size);
    int    kept;

    if (number == SHELVES)
        return 0;
    pthread_mutex_lock(&stock.lock);
    kept = stock.bytes + c->size <= stock.most;
    if (kept) {
        c->before = stock.shelves[number].first;
        stock.shelves[number].first = c;
        stock.shelves[number].count++;
        stock.bytes += c->size;
    }
    pthread_mutex_unlock(&stock.lock);
    return kept;
}

void chunk_give(Chunk *c)
{
    UNPOISON(c->data, c->size);
    explicit_bzero(c->data, c->used);
    if (!keep(c))
        free(c);
}

void chunk_trim(void)
{
    Chunk *unwanted = NULL;

    pthread_mutex_lock(&stock.lock);
    for (size_t i = 0; i < SHELVES; i++) {
        Shelf *shelf = &stock.shelves[i];

        for (; shelf->unwanted; shelf->unwanted--) {
            Chunk *c = shelf->first;

            shelf->first = c->before;
            shelf->count--;
            stock.bytes -= c->size;
            c->before = unwanted;
            unwanted = c;
        }
        shelf->unwanted = shelf->count;
    }
    pthread_mutex_unlock(&stock.lock);
    while (unwanted) {
        Chunk *c = unwanted;

        unwanted = c->before;
        free(c);
    }
}

size_t chunk_kept_bytes(void)
{
    size_t bytes;

    pthread_mutex_lock(&stock.lock);
    bytes = stock.bytes;
    pthread_mutex_unlock(&stock.lock);
    return bytes;
}

void chunk_keep_many(void)
{
    pthread_mutex_lock(&stock.lock);
    stock.most = STOCK_BYTES_MANY;
    pthread_mutex_unlock(&stock.lock);
}
