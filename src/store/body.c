/* Compression with trained dictionaries: the only file that names zstd. See body.h. */
#include "store/body.h"

#include <pthread.h>
#include <stdatomic.h>
#include <zdict.h>
#include <zstd.h>

#include "base/ensure.h"

enum {
    LEVEL = 1, /* with a dictionary hardly larger than the next ones, and a third faster */
    DICTIONARY_BYTES_MIN = 1024,
    DICTIONARIES_MAX = 64,
    BODY_BYTES_MAX = 256 * 1024 * 1024,
    TRAINING_TEXTS_MIN = 500,
    TRAINING_BYTES_MAX = 16 * 1024 * 1024,
};

struct Bodies {
    _Atomic(ZSTD_CDict *) writes[DICTIONARIES_MAX];
    _Atomic(ZSTD_DDict *) reads[DICTIONARIES_MAX];
    _Atomic uint32_t      newest;
    Arena                *arena;
};

/* The library's working memory, one for each thread and for as long as it lives. */
typedef struct Workspace {
    ZSTD_CCtx *write;
    ZSTD_DCtx *read;
} Workspace;

static _Thread_local Workspace workspace;
static pthread_key_t           workspace_key;
static pthread_once_t          workspace_once = PTHREAD_ONCE_INIT;

static void workspace_release(void *context)
{
    Workspace *w = context;

    ZSTD_freeCCtx(w->write);
    ZSTD_freeDCtx(w->read);
    *w = (Workspace){ 0 };
}

static void workspace_prepare(void)
{
    ENSURE(pthread_key_create(&workspace_key, workspace_release) == 0);
}

static Workspace *workspace_here(void)
{
    Workspace *w = &workspace;

    if (w->write)
        return w;
    pthread_once(&workspace_once, workspace_prepare);
    w->write = ZSTD_createCCtx();
    w->read = ZSTD_createDCtx();
    ENSURE(w->write && w->read);
    ENSURE(!ZSTD_isError(ZSTD_CCtx_setParameter(w->write, ZSTD_c_compressionLevel, LEVEL)));
    /* The page is authenticated and the row names the dictionary: neither is needed again. */
    ENSURE(!ZSTD_isError(ZSTD_CCtx_setParameter(w->write, ZSTD_c_checksumFlag, 0)));
    ENSURE(!ZSTD_isError(ZSTD_CCtx_setParameter(w->write, ZSTD_c_dictIDFlag, 0)));
    ENSURE(pthread_setspecific(workspace_key, w) == 0);
    return w;
}

Bodies *bodies_create(void)
{
    Arena  *arena = arena_create(1024 * 1024);
    Bodies *b = NEW(arena, Bodies);

    b->arena = arena;
    return b;
}

void bodies_destroy(Bodies *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < DICTIONARIES_MAX; i++) {
        ZSTD_freeCDict(b->writes[i]);
        ZSTD_freeDDict(b->reads[i]);
    }
    arena_destroy(b->arena);
}

bool bodies_add(Bodies *b, uint32_t number, Str dictionary)
{
    ZSTD_CDict *write;
    ZSTD_DDict *read;

    if (number == 0 || number >= DICTIONARIES_MAX || dictionary.len == 0)
        return false;
    write = ZSTD_createCDict(dictionary.at, dictionary.len, LEVEL);
    read = ZSTD_createDDict(dictionary.at, dictionary.len);
    if (!write || !read || atomic_load(&b->reads[number])) {
        ZSTD_freeCDict(write);
        ZSTD_freeDDict(read);
        return false;
    }
    atomic_store(&b->writes[number], write);
    atomic_store(&b->reads[number], read);
    if (number > atomic_load(&b->newest))
        atomic_store(&b->newest, number);
    return true;
}

uint32_t bodies_newest(const Bodies *b)
{
    return atomic_load(&b->newest);
}

Str body_compress(Bodies *b, Arena *a, Str text, uint32_t *dictionary)
{
    Workspace *w = workspace_here();
    uint32_t   number = atomic_load(&b->newest);
    size_t     room = ZSTD_compressBound(text.len);
    char      *at = arena_alloc_raw(a, room);
    size_t     len;

    ENSURE(!ZSTD_isError(ZSTD_CCtx_refCDict(w->write, number ? b->writes[number] : NULL)));
    len = ZSTD_compress2(w->write, at, room, text.at, text.len);
    ENSURE(!ZSTD_isError(len));
    *dictionary = number;
    return (Str){ at, len };
}

bool body_expand(Bodies *b, uint32_t dictionary, Str body, Buf *out)
{
    Workspace         *w = workspace_here();
    unsigned long long size = ZSTD_getFrameContentSize(body.at, body.len);
    const ZSTD_DDict  *words = NULL;
    size_t             len;

    if (size >= BODY_BYTES_MAX || dictionary >= DICTIONARIES_MAX)
        return false;
    if (dictionary) {
        words = atomic_load(&b->reads[dictionary]);
        if (!words)
            return false;
    }
    len = ZSTD_decompress_usingDDict(w->read, buf_reserve(out, size ? size : 1), size, body.at,
                                     body.len, words);
    if (ZSTD_isError(len) || len != size)
        return false;
    out->len += len;
    return true;
}

Str body_train(Arena *a, const Str *texts, size_t count)
{
    size_t *sizes = NEW_ARRAY(a, size_t, count ? count : 1);
    size_t  total = 0, used = 0, room, len;
    char   *samples, *dictionary;

    while (used < count && total + texts[used].len <= TRAINING_BYTES_MAX) {
        sizes[used] = texts[used].len;
        total += texts[used++].len;
    }
    if (used < TRAINING_TEXTS_MIN)
        return (Str){ 0 };
    samples = arena_alloc_raw(a, total ? total : 1);
    for (size_t i = 0, at = 0; i < used; at += sizes[i++])
        memcpy(samples + at, texts[i].at, sizes[i]);
    room = total / 16 < DICTIONARY_BYTES_MAX ? total / 16 : DICTIONARY_BYTES_MAX;
    if (room < DICTIONARY_BYTES_MIN)
        return (Str){ 0 };
    dictionary = arena_alloc_raw(a, room);
    len = ZDICT_trainFromBuffer(dictionary, room, samples, sizes, (unsigned)used);
    return ZDICT_isError(len) ? (Str){ 0 } : (Str){ dictionary, len };
}
