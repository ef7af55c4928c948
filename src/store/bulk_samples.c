/* Which texts are kept, and when they are enough: see bulk_samples.h. */
#include "store/bulk_samples.h"

enum {
    SAMPLES_MAX = 6000,
    SHARED_LEAST = SAMPLES_MAX / 3,
    TEXT_BYTES_MAX = 32 * 1024,
    KEPT_BYTES = 16 * 1024 * 1024, /* no more than a dictionary is trained from */
    ROOM_LEAST = 1024,
    ARENA_BYTES = 512 * 1024 * 1024,
    KEPT_ALWAYS = 150, /* of a type; of what there is more of, a fair share of all */
    KNOWN = 60,        /* texts of a type that a dictionary knows it by */
    FIRST_TEXTS = 20000,
    FIRST_BYTES = 16 * 1024 * 1024,
    AGAIN_FACTOR = 6, /* so many times as many texts: then they say more than those did */
    UNKNOWN_BYTES = 4 * 1024 * 1024,
    UNKNOWN_SHARE = 8,
    DICTIONARIES_ENOUGH = 24,
    WELL_COMPRESSED = 5,  /* to a fifth: no other types' dictionary would gain much … */
    BEST_COMPRESSED = 10, /* … to a tenth: none at all */
};

Samples samples_new(void)
{
    Samples s = { .arena = arena_create(ARENA_BYTES), .random = 1 };

    s.texts = NEW_ARRAY(s.arena, Sample, SAMPLES_MAX);
    s.shared = NEW_ARRAY(s.arena, uint16_t, SAMPLES_MAX);
    return s;
}

void samples_release(Samples *s)
{
    arena_destroy(s->arena);
}

static uint64_t random_below(uint64_t *state, uint64_t end)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % end;
}

/* Where there is room no more, what is replaced gives its own. */
static void put_text(Samples *s, Sample *sample, Str text)
{
    if (text.len > sample->room && arena_used(s->arena) > KEPT_BYTES)
        return;
    if (text.len > sample->room) {
        sample->room = text.len < ROOM_LEAST ? ROOM_LEAST : (uint32_t)text.len;
        sample->at = arena_alloc_raw(s->arena, sample->room);
    }
    sample->len = (uint32_t)text.len;
    memcpy(sample->at, text.at, text.len);
}

/* The first of a type are kept, in the place of others if need be; of all that come later each has
 * the same chance to be among those kept. */
static void keep(Samples *s, TypeId type, Str text)
{
    bool     always = s->met[type] <= KEPT_ALWAYS;
    uint64_t place;

    if (!always)
        s->offered++;
    if (s->count < SAMPLES_MAX) {
        if (!always)
            s->shared[s->shared_count++] = (uint16_t)s->count;
        put_text(s, &s->texts[s->count++], text);
        return;
    }
    if (always && s->shared_count <= SHARED_LEAST)
        return;
    place = random_below(&s->random, always ? s->shared_count : s->offered);
    if (place >= s->shared_count)
        return;
    put_text(s, &s->texts[s->shared[place]], text);
    if (always)
        s->shared[place] = s->shared[--s->shared_count];
}

void samples_add(Samples *s, TypeId type, Str text, size_t compressed)
{
    s->met[type]++;
    s->all++;
    s->bytes += text.len;
    s->all_bytes += text.len;
    s->compressed += compressed;
    if (s->trained[type] < KNOWN)
        s->unknown += text.len;
    if (text.len && text.len <= TEXT_BYTES_MAX)
        keep(s, type, text);
}

/* Whether they have become many more since a dictionary was made of them. */
static bool has_grown(const Samples *s)
{
    return s->all_trained && s->all >= AGAIN_FACTOR * s->all_trained
           && s->compressed * BEST_COMPRESSED > s->bytes;
}

bool samples_ready(const Samples *s, uint32_t dictionaries, bool ending)
{
    uint64_t unknown_enough = s->all_bytes / UNKNOWN_SHARE;

    if (!dictionaries && s->all_trained)
        return has_grown(s); /* no dictionary came of it */
    if (!dictionaries)
        return ending || s->all >= FIRST_TEXTS || s->bytes >= FIRST_BYTES;
    if (unknown_enough < UNKNOWN_BYTES)
        unknown_enough = UNKNOWN_BYTES;
    return !ending && dictionaries < DICTIONARIES_ENOUGH
           && (has_grown(s)
               || (s->unknown > unknown_enough && s->compressed * WELL_COMPRESSED > s->bytes));
}

Str *samples_take(Samples *s, Arena *a, size_t *count)
{
    Str     *texts = NEW_ARRAY(a, Str, s->count + 1);
    uint64_t state = 1;

    for (size_t i = 0; i < s->count; i++)
        texts[i] = arena_str(a, (Str){ s->texts[i].at, s->texts[i].len });
    for (size_t i = s->count; i > 1; i--) {
        size_t with = random_below(&state, i);
        Str    text = texts[i - 1];

        texts[i - 1] = texts[with];
        texts[with] = text;
    }
    memcpy(s->trained, s->met, sizeof s->trained);
    s->all_trained = s->all;
    s->unknown = s->bytes = s->compressed = 0;
    *count = s->count;
    return texts;
}
