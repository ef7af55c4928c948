/* Compression with trained dictionaries: the only file that names zstd. See body.h. */
#include "store/body.h"

#include <pthread.h>
#include <stdatomic.h>
#include <zdict.h>
#include <zstd.h>

#include "base/ensure.h"

enum {
    LEVEL = 3, /* the last one before a text takes several times as long */
    DICTIONARY_BYTES_MIN = 1024,
    DICTIONARIES_MAX = 64,
    BODY_BYTES_MAX = 256 * 1024 * 1024,
    TRAINING_TEXTS_MIN = 500,
    TRAINING_BYTES_MAX = 16 * 1024 * 1024,
};

/* What every frame of zstd begins with (RFC 8878 3.1.1) is not kept. What follows it has a bit that
 * is never set (3.1.1.1.1) where these have one, so older bodies, which have them, are known by it. */
static const char frame_magic[4] = { '\x28', '\xb5', '\x2f', '\xfd' };

enum { MAGIC = sizeof frame_magic, FRAME_HEADER_MAX = 18 };

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
    ENSURE(len > MAGIC && memcmp(at, frame_magic, MAGIC) == 0);
    *dictionary = number;
    return (Str){ at + MAGIC, len - MAGIC };
}

/* What the text's size is said to be; BODY_BYTES_MAX or more if it is not said. */
static uint64_t said_size(Str body)
{
    char   header[FRAME_HEADER_MAX];
    size_t len = body.len < sizeof header - MAGIC ? body.len : sizeof header - MAGIC;

    if (len == 0)
        return BODY_BYTES_MAX;
    memcpy(header, frame_magic, MAGIC);
    memcpy(header + MAGIC, body.at, len);
    return ZSTD_getFrameContentSize(header, MAGIC + len);
}

bool body_expand(Bodies *b, uint32_t dictionary, Str body, Buf *out)
{
    Workspace        *w = workspace_here();
    const ZSTD_DDict *words = NULL;
    uint64_t          size;
    size_t            len;
    char             *at, *frame;

    if (str_starts(body, (Str){ frame_magic, MAGIC }))
        body = str_skip(body, MAGIC);
    size = said_size(body);
    if (size >= BODY_BYTES_MAX || dictionary >= DICTIONARIES_MAX)
        return false;
    if (dictionary) {
        words = atomic_load(&b->reads[dictionary]);
        if (!words)
            return false;
    }
    at = buf_reserve(out, size + MAGIC + body.len);
    frame = at + size; /* made whole behind where the text will stand */
    memcpy(frame, frame_magic, MAGIC);
    memcpy(frame + MAGIC, body.at, body.len);
    len = ZSTD_decompress_usingDDict(w->read, at, size, frame, MAGIC + body.len, words);
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
