/* Growing the audit log's tree, and making it from what is kept: see audit_tree.h. */
#include "store/audit_tree.h"

#include "base/ensure.h"

SQL(tile_get_sql, "SELECT hashes FROM own_audit_tile WHERE level = $1 AND number = $2");

static void take_tile_hash(void *context, unsigned level, uint64_t index,
                           const MerkleHash *hash)
{
    AuditTree *t = context;

    t->open[level][index % MERKLE_TILE_WIDTH] = *hash;
    if (index % MERKLE_TILE_WIDTH == MERKLE_TILE_WIDTH - 1 && t->full)
        t->full(t->context, level, index / MERKLE_TILE_WIDTH, t->open[level]);
}

void audit_tree_begin(AuditTree *t, Arena *a)
{
    *t = (AuditTree){ .merkle = { .digest = digest_new(a), .tile_hash = take_tile_hash } };
    t->merkle.context = t;
    for (unsigned level = 0; level < MERKLE_LEVELS; level++)
        t->open[level] = NEW_ARRAY(a, MerkleHash, MERKLE_TILE_WIDTH);
}

void audit_tree_add(AuditTree *t, const AuditEntry *entry)
{
    char       leaf[AUDIT_LEAF_MAX];
    size_t     len = audit_leaf(t->merkle.digest, entry, leaf);
    MerkleHash hash = merkle_leaf(t->merkle.digest, (Str){ leaf, len });

    merkle_add(&t->merkle, &hash);
}

/* ---- tiles ---- */

Fail audit_tile_read(Call *c, Session *s, unsigned level, uint64_t number, MerkleHash *out,
                     bool *found)
{
    Statement *get;
    Step       step;
    Fail       result = OK;
    Str        hashes;

    *found = false;
    TRY(session_enter(c, s, NULL));
    get = db_statement(s->db, tile_get_sql);
    if (get) {
        bind_int(get, level);
        bind_int(get, (int64_t)number);
        step = statement_step(get);
        hashes = step == STEP_ROW ? row_bytes(get, 0) : (Str){ 0 };
        *found = hashes.len == MERKLE_TILE_WIDTH * sizeof *out;
        if (*found)
            memcpy(out, hashes.at, hashes.len);
        statement_reset(get);
    }
    if (result == OK && db_failure(s->db) != OK)
        result = db_fail(c, s->db);
    session_leave(s);
    return result;
}

typedef struct Leaves {
    AuditWalk   walk;
    Digest     *digest;
    MerkleHash *out;
    size_t      count, most;
} Leaves;

static bool take_leaf(AuditWalk *walk, uint64_t place, const AuditEntry *entry)
{
    Leaves *l = (Leaves *)walk;
    char    leaf[AUDIT_LEAF_MAX];
    size_t  len = audit_leaf(l->digest, entry, leaf);

    (void)place;
    l->out[l->count++] = merkle_leaf(l->digest, (Str){ leaf, len });
    return l->count < l->most;
}

static Fail make_leaves(Call *c, Session *s, Digest *d, uint64_t number, size_t width,
                        MerkleHash *out)
{
    Leaves l = { .walk = { .after = number * MERKLE_TILE_WIDTH, .entry = take_leaf },
                 .digest = d,
                 .out = out,
                 .most = width };

    TRY(audit_walk(c, s, &l.walk));
    return l.count == width ? OK
                            : fail(c, FAIL_SYSTEM, (Str){ 0 },
                                   "the audit log is shorter than its checkpoints say");
}

Fail audit_tile_make(Call *c, Session *s, Digest *d, unsigned level, uint64_t number,
                     size_t width, MerkleHash *out)
{
    MerkleHash *below = NEW_ARRAY(c->arena, MerkleHash, MERKLE_TILE_WIDTH);
    bool        found;

    TRY(audit_tile_read(c, s, level, number, below, &found));
    if (found) {
        memcpy(out, below, width * sizeof *out);
        return OK;
    }
    if (level == 0)
        return make_leaves(c, s, d, number, width, out);
    for (size_t i = 0; i < width; i++) {
        TRY(audit_tile_read(c, s, level - 1, number * MERKLE_TILE_WIDTH + i, below, &found));
        if (!found)
            return fail(c, FAIL_SYSTEM, (Str){ 0 }, "a tile of the audit log is missing");
        out[i] = merkle_fold(d, below, MERKLE_TILE_WIDTH);
    }
    return OK;
}

/* ---- the tree of a size ---- */

/* The edge of one level's heights lies in its open tile: for each bit that is set, as many
 * hashes as it says, behind those of the higher bits. */
static void edge_load(AuditTree *t, unsigned level, size_t count)
{
    MerkleHash work[MERKLE_TILE_WIDTH];

    for (unsigned bit = 0; bit < MERKLE_TILE_HEIGHT; bit++) {
        size_t width = (size_t)1 << bit, from = count >> (bit + 1) << (bit + 1);

        if (!(count & width))
            continue;
        memcpy(work, t->open[level] + from, width * sizeof *work);
        t->merkle.edge[level * MERKLE_TILE_HEIGHT + bit] =
            merkle_fold(t->merkle.digest, work, width);
    }
}

Fail audit_tree_load(Call *c, Session *s, AuditTree *t, uint64_t size)
{
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        uint64_t hashes = size >> (level * MERKLE_TILE_HEIGHT);
        size_t   count = hashes % MERKLE_TILE_WIDTH;

        if (count)
            TRY(audit_tile_make(c, s, t->merkle.digest, level, hashes / MERKLE_TILE_WIDTH,
                                count, t->open[level]));
        edge_load(t, level, count);
    }
    t->merkle.size = size;
    return OK;
}
