/*
 * Looking whether the audit log is what it was: see store.h. The records are hashed anew from the
 * first to the last; the tree that grows out of them is compared with the tiles, which say which
 * record is wrong, with the checkpoints, which nobody can make who has not the key, and with
 * the checkpoints of witnesses, which were out of reach of who has it.
 */
#include "store/audit_tree.h"

SQL(checkpoint_next_sql,
    "SELECT size, note FROM own_audit_checkpoint WHERE size > $1 ORDER BY size LIMIT 1");

enum { CLOCK_TOLERANCE_US = 60 * 1000 * 1000, NOTE_BYTES = 1024 };

typedef struct Verifying {
    AuditWalk     walk;
    Call         *call;
    Session      *side; /* for tiles and checkpoints, while the other is reading records */
    NoteSigner    signer;
    AuditTree     tree;
    AuditFinding *out;
    uint64_t      signed_size; /* of the newest checkpoint, when we began */
    Checkpoint    next;        /* the one not passed yet; size 0: there is none */
    char          next_note[NOTE_BYTES];
    size_t        next_len;
    uint64_t      sound_size; /* up to here everything was compared and right */
    uint64_t      doubtful;  /* somewhere from this record on, as a checkpoint tells; 0: none */
    int64_t       newest_us; /* of the records since the last checkpoint … */
    uint64_t      newest_place;
    int64_t       checkpoint_us; /* … and its time */
    Checkpoint   *witnesses;
    size_t        witness_count;
    Fail          failed; /* in reading, not in what was read */
} Verifying;

static bool found(Verifying *v, AuditState state, uint64_t place, const char *text)
{
    if (v->out->state == AUDIT_INTACT) {
        v->out->state = state;
        v->out->place = place;
        v->out->text = str_from(text);
    }
    return false;
}

/* ---- tiles ---- */

static void tell_doubt(Verifying *v)
{
    if (v->doubtful)
        found(v, AUDIT_ALTERED, v->doubtful,
              "the records from there to the next checkpoint are not what was signed");
}

/* The records are what their tile says. Where a checkpoint said otherwise, it is right: it is
 * signed. */
static void trust_until(Verifying *v, uint64_t size)
{
    tell_doubt(v);
    if (size > v->sound_size)
        v->sound_size = size;
}

static void compare_tile(void *context, unsigned level, uint64_t number,
                         const MerkleHash *hashes)
{
    Verifying  *v = context;
    MerkleHash *kept = NEW_ARRAY(v->call->arena, MerkleHash, MERKLE_TILE_WIDTH);
    unsigned    height = level * MERKLE_TILE_HEIGHT;
    uint64_t    first = number * MERKLE_TILE_WIDTH;
    bool        is_kept;
    size_t      i = 0;

    if (v->failed == OK)
        v->failed = audit_tile_read(v->call, v->side, level, number, kept, &is_kept);
    if (v->failed != OK || (!is_kept && (first + MERKLE_TILE_WIDTH) << height > v->signed_size))
        return;
    while (is_kept && i < MERKLE_TILE_WIDTH && memcmp(&kept[i], &hashes[i], sizeof *kept) == 0)
        i++;
    if (!is_kept)
        found(v, AUDIT_ALTERED, (first << height) + 1, "a tile is missing");
    else if (i < MERKLE_TILE_WIDTH)
        found(v, AUDIT_ALTERED, ((first + i) << height) + 1,
              level == 0 ? "a record is not what it was, or not where it was"
                         : "a tile is not what it was");
    else if (level == 0)
        trust_until(v, first + MERKLE_TILE_WIDTH);
}

/* ---- checkpoints ---- */

/* One that is longer than any of ours cannot be right. */
static void take_note(Verifying *v, Str note)
{
    v->next_len = note.len <= NOTE_BYTES ? note.len : 0;
    memcpy(v->next_note, note.at, v->next_len);
}

static Fail step_next(Verifying *v)
{
    Statement *next = db_statement(v->side->db, checkpoint_next_sql);
    Step       step;

    TRY_STATEMENT(v->call, v->side->db, next);
    bind_int(next, (int64_t)v->tree.merkle.size);
    step = statement_step(next);
    if (step == STEP_ROW) {
        v->next.size = (uint64_t)row_int(next, 0);
        take_note(v, row_text(next, 1));
    }
    statement_reset(next);
    return step == STEP_FAILED ? db_fail(v->call, v->side->db) : OK;
}

static Fail read_next(Verifying *v)
{
    Fail result;

    v->next = (Checkpoint){ 0 };
    TRY(session_enter(v->call, v->side, NULL));
    result = step_next(v);
    session_leave(v->side);
    return result;
}

static bool same_root(const Verifying *v, const Checkpoint *checkpoint)
{
    MerkleHash root = merkle_root(&v->tree.merkle);

    return memcmp(&root, &checkpoint->root, sizeof root) == 0;
}

/* The tree has reached the size of the next checkpoint. */
static bool check_checkpoint(Verifying *v)
{
    uint64_t   size = v->next.size;
    Checkpoint said;
    Str        note = { v->next_note, v->next_len }, text;

    if (!note_open(v->call->arena, &v->signer, note, &text)
        || !checkpoint_read(v->call->arena, text, &said) || said.size != size
        || !str_equal(said.origin, v->signer.name))
        return found(v, AUDIT_ALTERED, size, "the checkpoint there is not of this log");
    if (!same_root(v, &said)) {
        v->doubtful = v->sound_size + 1; /* the tile that ends next tells where exactly */
        return true;
    }
    if (said.at_us < v->checkpoint_us)
        return found(v, AUDIT_DISORDERED, size,
                     "the checkpoint there was signed before the one in front of it");
    if (v->newest_us > said.at_us + CLOCK_TOLERANCE_US)
        return found(v, AUDIT_DISORDERED, v->newest_place,
                     "the record's time is later than when it was signed");
    v->checkpoint_us = said.at_us;
    v->newest_us = INT64_MIN;
    v->sound_size = size;
    v->out->checkpoints++;
    v->failed = read_next(v);
    return v->failed == OK;
}

/* ---- witnesses ---- */

static Fail read_witness(Verifying *v, Str note, Checkpoint *out)
{
    Str text;

    if (!note_text(note, &text) || !checkpoint_read(v->call->arena, text, out))
        return fail(v->call, FAIL_VALUE, (Str){ 0 }, "what the witness has is no checkpoint");
    if (!str_equal(out->origin, v->signer.name))
        found(v, AUDIT_FORKED, 0, "the witness has seen another log under this one's place");
    else if (!note_open(v->call->arena, &v->signer, note, &text))
        found(v, AUDIT_FORKED, 0,
              "the witness's checkpoint is not signed with the key that this log has now");
    return OK;
}

static bool check_witnesses(Verifying *v)
{
    for (size_t i = 0; i < v->witness_count; i++)
        if (!v->doubtful && v->witnesses[i].size == v->tree.merkle.size
            && !same_root(v, &v->witnesses[i]))
            return found(v, AUDIT_FORKED, v->tree.merkle.size,
                         "up to there the witness has seen other records");
    return true;
}

/* ---- records ---- */

static int64_t time_of(const AuditEntry *entry)
{
    uint64_t us = 0;

    for (int i = 0; i < 8; i++)
        us |= (uint64_t)(uint8_t)entry->core.at[i] << 8 * i;
    return (int64_t)us;
}

static bool check_record(AuditWalk *walk, uint64_t place, const AuditEntry *entry)
{
    Verifying *v = (Verifying *)walk;
    ArenaMark  mark = arena_mark(v->call->arena);
    bool       go_on;

    if (place != v->tree.merkle.size + 1)
        return found(v, AUDIT_ALTERED, v->tree.merkle.size + 1, "records are missing");
    if (time_of(entry) > v->newest_us) {
        v->newest_us = time_of(entry);
        v->newest_place = place;
    }
    audit_tree_add(&v->tree, entry);
    go_on = v->failed == OK && v->out->state == AUDIT_INTACT
            && (v->doubtful || v->next.size != place || check_checkpoint(v))
            && check_witnesses(v);
    if (v->failed == OK)
        arena_rewind(v->call->arena, mark);
    return go_on;
}

/* What must be there behind the last record. */
static void check_end(Verifying *v)
{
    uint64_t size = v->tree.merkle.size;

    tell_doubt(v);
    if (v->next.size > size)
        found(v, AUDIT_CUT, size + 1, "records that were signed are missing from there on");
    for (size_t i = 0; i < v->witness_count; i++)
        if (v->witnesses[i].size > size)
            found(v, AUDIT_CUT, size + 1,
                  "records that the witness has seen are missing from there on");
    v->out->records = size;
    v->out->new_records = size - (v->sound_size < size ? v->sound_size : size);
}

static Fail verify(Verifying *v, Session *s)
{
    Fail result;

    TRY(read_next(v));
    v->walk.entry = check_record;
    result = audit_walk(v->call, s, &v->walk);
    if (v->walk.damaged) {
        call_forget_issues(v->call, 0);
        found(v, AUDIT_ALTERED, v->walk.damaged, "the record cannot be read");
        return OK;
    }
    TRY(result);
    TRY(v->failed);
    if (v->out->state == AUDIT_INTACT)
        check_end(v);
    return OK;
}

static Fail newest_signed(Verifying *v)
{
    Checkpoint newest = { 0 };
    Str        note, text;

    TRY(store_audit_checkpoint(v->call, v->side, &note));
    if (note.len && note_text(note, &text) && checkpoint_read(v->call->arena, text, &newest))
        v->signed_size = newest.size;
    return OK;
}

static Fail prepare(Verifying *v, const Str *witnesses, size_t count)
{
    Fail result = audit_signer_load(v->call, v->side, &v->signer);

    if (result != OK && result != FAIL_NOT_FOUND)
        return result;
    TRY(newest_signed(v));
    audit_tree_begin(&v->tree, v->call->arena);
    v->tree.full = compare_tile;
    v->tree.context = v;
    v->witnesses = NEW_ARRAY(v->call->arena, Checkpoint, count + 1);
    for (; v->witness_count < count; v->witness_count++)
        TRY(read_witness(v, witnesses[v->witness_count], &v->witnesses[v->witness_count]));
    return OK;
}

Fail store_audit_verify(Call *c, Session *s, const Str *witnesses, size_t count,
                        AuditFinding *out)
{
    Verifying v = { .call = c, .out = out, .newest_us = INT64_MIN };
    Fail      result;

    *out = (AuditFinding){ 0 };
    TRY(session_open(c, s->store, &v.side));
    result = prepare(&v, witnesses, count);
    if (result == OK && out->state == AUDIT_INTACT)
        result = verify(&v, s);
    session_close(v.side);
    explicit_bzero(&v.signer, sizeof v.signer);
    return result;
}
