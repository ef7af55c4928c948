/* Which texts are kept, and when they are enough: see bulk_samples.h. */
#include "store/bulk_samples.h"

enum {
    SAMPLES_MAX = 12000,
    TEXT_BYTES_MAX = 32 * 1024,
    ARENA_BYTES = 512 * 1024 * 1024,
    KEPT_AT_ONCE = 150, /* of a type, then … */
    KEPT_EVERY = 16,    /* … one in so many … */
    KEPT_MAX = 900,     /* … up to this */
    KNOWN = 60,         /* texts of a type that a dictionary knows it by */
    FIRST_TEXTS = 3000,
    FIRST_BYTES = 8 * 1024 * 1024,
    UNKNOWN_BYTES = 4 * 1024 * 1024,
    UNKNOWN_SHARE = 8,
    DICTIONARIES_ENOUGH = 24,
    WELL_COMPRESSED = 5, /* to a fifth: no other dictionary would gain much */
};

Samples samples_new(void)
{
    Samples s = { .arena = arena_create(ARENA_BYTES) };

    s.texts = NEW_ARRAY(s.arena, Str, SAMPLES_MAX);
    return s;
}

void samples_release(Samples *s)
{
    arena_destroy(s->arena);
}

static bool worth_keeping(const Samples *s, TypeId type, Str text)
{
    return s->count < SAMPLES_MAX && text.len && text.len <= TEXT_BYTES_MAX
           && s->kept[type] < KEPT_MAX
           && (s->kept[type] < KEPT_AT_ONCE || s->met[type] % KEPT_EVERY == 0);
}

void samples_add(Samples *s, TypeId type, Str text, size_t compressed)
{
    s->met[type]++;
    s->bytes += text.len;
    s->all_bytes += text.len;
    s->compressed += compressed;
    if (s->trained[type] < KNOWN)
        s->unknown += text.len;
    if (worth_keeping(s, type, text)) {
        s->texts[s->count++] = arena_str(s->arena, text);
        s->kept[type]++;
    }
}

bool samples_ready(const Samples *s, uint32_t dictionaries, bool ending)
{
    uint64_t unknown_enough = s->all_bytes / UNKNOWN_SHARE;

    if (!dictionaries)
        return ending || s->count >= FIRST_TEXTS || s->bytes >= FIRST_BYTES;
    if (unknown_enough < UNKNOWN_BYTES)
        unknown_enough = UNKNOWN_BYTES;
    return dictionaries < DICTIONARIES_ENOUGH && s->unknown > unknown_enough
           && s->compressed * WELL_COMPRESSED > s->bytes;
}

Str *samples_take(Samples *s, Arena *a, size_t *count)
{
    Str     *texts = NEW_ARRAY(a, Str, s->count + 1);
    uint64_t state = 1;

    memcpy(texts, s->texts, s->count * sizeof *texts);
    for (size_t i = s->count; i > 1; i--) {
        size_t with;
        Str    text = texts[i - 1];

        state = state * 6364136223846793005u + 1442695040888963407u;
        with = (size_t)((state >> 33) % i);
        texts[i - 1] = texts[with];
        texts[with] = text;
    }
    memcpy(s->trained, s->kept, sizeof s->trained);
    s->unknown = s->bytes = s->compressed = 0;
    *count = s->count;
    return texts;
}
