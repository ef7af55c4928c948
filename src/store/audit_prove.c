/* Proofs that a record is in the signed log: see store.h. */
#include "codec/base64.h"
#include "store/audit_tree.h"

typedef struct Finding {
    AuditWalk walk;
    Arena    *arena;
    Digest   *digest;
    uint64_t  place;
    Str       leaf;
} Finding;

static bool take_record(AuditWalk *walk, uint64_t place, const AuditEntry *entry)
{
    Finding *f = (Finding *)walk;

    if (place == f->place) {
        char *leaf = arena_alloc_raw(f->arena, AUDIT_LEAF_MAX);

        f->leaf = (Str){ leaf, audit_leaf(f->digest, entry, leaf) };
    }
    return false;
}

/* The root over leaves from..to, where from is a multiple of a power of two that is no less than
 * their number: put together from the hashes of tiles, the widest parts first. */
static Fail range_root(Call *c, Session *s, Digest *d, MerkleRange range, MerkleHash *out)
{
    MerkleHash  parts[MERKLE_HEIGHTS];
    MerkleHash *tile = NEW_ARRAY(c->arena, MerkleHash, MERKLE_TILE_WIDTH);
    size_t      count = 0;

    while (range.from < range.to) {
        unsigned height = 63 - (unsigned)__builtin_clzll(range.to - range.from);
        unsigned level = height / MERKLE_TILE_HEIGHT;
        size_t   width = (size_t)1 << height % MERKLE_TILE_HEIGHT;
        uint64_t first = range.from >> (level * MERKLE_TILE_HEIGHT);
        size_t   at = first % MERKLE_TILE_WIDTH;

        TRY(audit_tile_make(c, s, d, level, first / MERKLE_TILE_WIDTH, at + width, tile));
        parts[count++] = merkle_fold(d, tile + at, width);
        range.from += (uint64_t)1 << height;
    }
    *out = parts[--count];
    while (count)
        *out = merkle_node(d, &parts[--count], out);
    return OK;
}

static Fail put_path(Call *c, Session *s, Digest *d, uint64_t index, uint64_t size, Buf *out)
{
    MerkleRange ranges[MERKLE_HEIGHTS];
    size_t      count = merkle_path(index, size, ranges);

    for (size_t i = 0; i < count; i++) {
        MerkleHash hash;

        TRY(range_root(c, s, d, ranges[i], &hash));
        base64_put(out, merkle_str(&hash));
        buf_put_char(out, '\n');
    }
    return OK;
}

Fail store_audit_prove(Call *c, Session *s, uint64_t place, Str *proof)
{
    Finding    f = { .walk = { .after = place - 1, .entry = take_record },
                     .arena = c->arena,
                     .digest = digest_new(c->arena),
                     .place = place };
    Buf        out = buf_new(c->arena, 4096);
    Checkpoint checkpoint = { 0 };
    Str        note, text;

    TRY(store_audit_checkpoint(c, s, &note));
    if (note.len && (!note_text(note, &text) || !checkpoint_read(c->arena, text, &checkpoint)))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "the newest checkpoint is damaged");
    if (place == 0 || place > checkpoint.size)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 },
                    "there is no signed audit record %llu; %llu are signed",
                    (unsigned long long)place, (unsigned long long)checkpoint.size);
    TRY(audit_walk(c, s, &f.walk));
    if (!f.leaf.len)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "audit record %llu is missing",
                    (unsigned long long)place);
    buf_put(&out, STR("c2sp.org/tlog-proof@v1\nextra "));
    base64_put(&out, f.leaf);
    buf_printf(&out, "\nindex %llu\n", (unsigned long long)(place - 1));
    TRY(put_path(c, s, f.digest, place - 1, checkpoint.size, &out));
    buf_put_char(&out, '\n');
    buf_put(&out, note);
    *proof = buf_str(&out);
    return OK;
}

Fail store_audit_tile(Call *c, Session *s, unsigned level, uint64_t number, size_t width,
                      Str *out)
{
    MerkleHash *hashes = NEW_ARRAY(c->arena, MerkleHash, MERKLE_TILE_WIDTH);
    Checkpoint  checkpoint = { 0 };
    Str         note, text;
    uint64_t    there = 0;

    TRY(store_audit_checkpoint(c, s, &note));
    if (note.len && (!note_text(note, &text) || !checkpoint_read(c->arena, text, &checkpoint)))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "the newest checkpoint is damaged");
    if (level < MERKLE_LEVELS)
        there = checkpoint.size >> (level * MERKLE_TILE_HEIGHT);
    if (width == 0 || width > MERKLE_TILE_WIDTH || number >= (there + 255) / MERKLE_TILE_WIDTH
        || number * MERKLE_TILE_WIDTH + width > there)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "The signed log has no such tile");
    TRY(audit_tile_make(c, s, digest_new(c->arena), level, number, width, hashes));
    *out = (Str){ (const char *)hashes, width * sizeof *hashes };
    return OK;
}
