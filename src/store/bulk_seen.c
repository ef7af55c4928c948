/* A Bloom filter that grows by larger and larger layers: see bulk_seen.h. */
#include "store/bulk_seen.h"

#include "base/random.h"

enum {
    WORDS = 8, /* of a block: a cache line */
    PROBES = 6,
    BLOCKS_AT_FIRST = 1024, /* 64 KiB */
    LAYER_FACTOR = 4,
    LAYERS_MAX = 5,
    NAMES_PER_BLOCK = 40, /* 12 bits for each */
    SEEN_BYTES_MAX = 24 * 1024 * 1024,
};

SQL(read_sql, "SELECT type, id FROM known_identity");

typedef struct Layer {
    uint64_t (*blocks)[WORDS];
    size_t block_count, names;
} Layer;

struct Seen {
    Arena   *arena;
    uint64_t seed;
    Layer    layers[LAYERS_MAX];
    size_t   layer_count;
    bool     full; /* everything may have been added */
};

static void add_layer(Seen *s)
{
    Layer *layer = &s->layers[s->layer_count];

    layer->block_count =
        s->layer_count ? layer[-1].block_count * LAYER_FACTOR : BLOCKS_AT_FIRST;
    layer->blocks = arena_alloc(s->arena, layer->block_count, sizeof *layer->blocks);
    s->layer_count++;
}

Seen *seen_create(void)
{
    Arena *a = arena_create(SEEN_BYTES_MAX);
    Seen  *s = NEW(a, Seen);

    s->arena = a;
    random_bytes(&s->seed, sizeof s->seed);
    add_layer(s);
    return s;
}

void seen_destroy(Seen *s)
{
    if (s)
        arena_destroy(s->arena);
}

static uint64_t hash(const Seen *s, TypeId type, Str id)
{
    return str_hash_seeded(id, s->seed + type);
}

/* The block is chosen by the upper half, the bits in it by nine bits each of what the number is
 * when it is mixed once more. */
static uint64_t *block_of(const Layer *layer, uint64_t hash)
{
    return layer->blocks[(hash >> 32) % layer->block_count];
}

static uint64_t mixed(uint64_t hash)
{
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static bool in_layer(const Layer *layer, uint64_t hash)
{
    const uint64_t *block = block_of(layer, hash);
    uint64_t        bits = mixed(hash);

    for (int i = 0; i < PROBES; i++, bits >>= 9)
        if (!(block[bits >> 6 & (WORDS - 1)] >> (bits & 63) & 1))
            return false;
    return true;
}

bool seen_perhaps(const Seen *s, TypeId type, Str id)
{
    uint64_t h = hash(s, type, id);
    bool     found = s->full;

    for (size_t i = 0; i < s->layer_count && !found; i++)
        found = in_layer(&s->layers[i], h);
    return found;
}

void seen_add(Seen *s, TypeId type, Str id)
{
    Layer    *layer = &s->layers[s->layer_count - 1];
    uint64_t  h = hash(s, type, id), bits = mixed(h);
    uint64_t *block;

    if (s->full)
        return;
    if (layer->names == layer->block_count * NAMES_PER_BLOCK) {
        if (s->layer_count == LAYERS_MAX) {
            s->full = true;
            return;
        }
        add_layer(s);
        layer++;
    }
    block = block_of(layer, h);
    for (int i = 0; i < PROBES; i++, bits >>= 9)
        block[bits >> 6 & (WORDS - 1)] |= (uint64_t)1 << (bits & 63);
    layer->names++;
}

Fail seen_read(Call *c, Session *s, Seen *out)
{
    Statement *rows = db_statement(s->db, read_sql);
    Step       step;

    TRY_STATEMENT(c, s->db, rows);
    while ((step = statement_step(rows)) == STEP_ROW && !out->full)
        seen_add(out, (TypeId)row_int(rows, 0), row_bytes(rows, 1));
    statement_reset(rows);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}
