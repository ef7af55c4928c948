/* Looking up what an item of an import replaces: see bulk_before.h. */
#include "store/bulk_before.h"

#include "fhir/draft.h"
#include "store/version.h"

static bool same_text(Call *c, const Version *v, const BulkItem *item)
{
    Buf head = buf_new(c->arena, 256);

    if (v->deleted || item->method == METHOD_DELETE)
        return v->deleted && item->method == METHOD_DELETE;
    draft_head_put(&head, v->type, v->id, v->version, v->at_us);
    return v->whole.len == head.len + item->remainder.len
           && str_ends(v->whole, item->remainder);
}

static Fail load(Call *c, Session *s, uint64_t seq, VersionRow *row)
{
    bool found;

    TRY(version_at(c, s->db, s->store->bodies, VIEW_PRACTICE, seq, true, row, &found));
    return found ? OK
                 : fail(c, FAIL_SYSTEM, (Str){ 0 }, "version %llu is missing from the log",
                        (unsigned long long)seq);
}

/* An exact version that is there already must be the same. */
static Fail compare_exact(Call *c, Session *s, const VersionRow *newest, const BulkItem *item)
{
    VersionRow row = *newest;

    while (row.version.version > item->version && row.prior_seq)
        TRY(load(c, s, row.prior_seq, &row));
    if (row.version.version == item->version && same_text(c, &row.version, item))
        return OK;
    return fail(c, FAIL_CONFLICT, (Str){ 0 },
                "version %llu of %.*s/%.*s is there already and says something else",
                (unsigned long long)item->version, STR_ARG(type_name(item->type)),
                STR_ARG(item->id));
}

/* Of a deleted one only the compartments are in the tables: those of its last text. */
static Fail rows_before(Call *c, Session *s, const VersionRow *newest, IndexRows *out)
{
    VersionRow living;

    if (!newest->version.deleted)
        return version_rows(c, s->store, &newest->version, out);
    if (!newest->prior_seq)
        return OK;
    TRY(load(c, s, newest->prior_seq, &living));
    TRY(version_rows(c, s->store, &living.version, out));
    rows_keep_compartments(out);
    return OK;
}

Fail before_look(Call *c, Session *s, const BulkItem *item, Before *out)
{
    Standing   standing;
    VersionRow row;

    *out = (Before){ 0 };
    TRY(version_standing(c, s->db, VIEW_PRACTICE, item->type, item->id, &standing));
    if (!standing.seq) {
        out->same = item->method == METHOD_DELETE && !item->version;
        return OK;
    }
    TRY(load(c, s, standing.seq, &row));
    out->seq = standing.seq;
    out->version = row.version.version;
    out->deleted = standing.deleted;
    if (item->version && item->version <= out->version) {
        out->same = true;
        return compare_exact(c, s, &row, item);
    }
    if (!item->version)
        out->same = item->method == METHOD_DELETE
                        ? out->deleted
                        : item->skip_same && same_text(c, &row.version, item);
    return out->same ? OK : rows_before(c, s, &row, &out->rows);
}
