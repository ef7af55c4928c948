/* Reading by id, by version, by place: see store.h and version.h. */
#include "store/version.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/draft.h"
#include "store/limit.h"

#define READ_TEXT(view)                                                                        \
    "SELECT " VERSION_COLUMNS " FROM known_identity i CROSS JOIN " view "_current c"           \
    " CROSS JOIN " view "_version v"                                                           \
    " WHERE i.type = $1 AND i.id = $2 AND c.type = $1 AND c.rid = i.rid AND v.seq = c.seq"
SQL_VIEWS(read_sql, READ_TEXT);

#define STANDING_TEXT(view)                                                                    \
    "SELECT i.rid, c.seq FROM known_identity i CROSS JOIN " view "_current c"                  \
    " WHERE i.type = $1 AND i.id = $2 AND c.type = $1 AND c.rid = i.rid"
SQL_VIEWS(standing_sql, STANDING_TEXT);

#define GONE_TEXT(view)                                                                        \
    "SELECT i.rid, c.seq FROM known_identity i CROSS JOIN " view "_gone c"                     \
    " WHERE i.type = $1 AND i.id = $2 AND c.type = $1 AND c.rid = i.rid"
SQL_VIEWS(gone_sql, GONE_TEXT);

#define AT_TEXT(view) "SELECT " VERSION_COLUMNS " FROM " view "_version v WHERE v.seq = $1"
SQL_VIEWS(at_sql, AT_TEXT);

SQL(newest_sql, "SELECT seq, at FROM version ORDER BY seq DESC LIMIT 1");
SQL(load_sql, "SELECT " VERSION_COLUMNS " FROM version v WHERE v.seq = $1");

/* A byte stands before the list, so that one of nobody differs from one that was never made. */
static Str take_patients(Call *c, Str column)
{
    return column.len ? arena_str(c->arena, str_skip(column, 1)) : (Str){ 0 };
}

Fail version_take(Call *c, Bodies *bodies, Statement *s, bool with_body, VersionRow *out)
{
    VersionRow r = { 0 };
    Version   *v = &r.version;
    Buf        text;

    v->seq = (uint64_t)row_int(s, 0);
    v->type = (TypeId)row_int(s, 1);
    v->id = id_unpack(row_bytes(s, 2), arena_alloc_raw(c->arena, ID_CHARS_MAX));
    r.rid = row_int(s, 3);
    v->version = (uint64_t)row_int(s, 4);
    r.prior_seq = (uint64_t)row_int(s, 5);
    v->at_us = row_int(s, 6);
    v->method = (Method)row_int(s, 7);
    v->deleted = v->method == METHOD_DELETE;
    if (with_body)
        v->patients = take_patients(c, row_bytes(s, 10));
    if (with_body && !v->deleted) {
        text = buf_new(c->arena, 0);
        draft_head_put(&text, v->type, v->id, v->version, v->at_us);
        if (!body_expand(bodies, (uint32_t)row_int(s, 8), row_bytes(s, 9), &text))
            return fail(c, FAIL_SYSTEM, (Str){ 0 },
                        "the stored text of version %llu in the log is damaged",
                        (unsigned long long)v->seq);
        v->whole = buf_str(&text);
    }
    *out = r;
    return OK;
}

/* Steps once and takes what is there. */
static Fail take_one(Call *c, Db *db, Bodies *bodies, Statement *s, bool with_body,
                     VersionRow *out, bool *found)
{
    Step step = statement_step(s);
    Fail result = OK;

    *found = step == STEP_ROW;
    if (step == STEP_FAILED)
        return db_fail(c, db);
    if (*found)
        result = version_take(c, bodies, s, with_body, out);
    statement_reset(s);
    return result;
}

Fail version_at(Call *c, Db *db, Bodies *bodies, View view, uint64_t seq, bool with_body,
                VersionRow *out, bool *found)
{
    Statement *s = db_statement(db, at_sql[view]);

    TRY_STATEMENT(c, db, s);
    bind_int(s, (int64_t)seq);
    return take_one(c, db, bodies, s, with_body, out, found);
}

Fail version_load(Call *c, const Store *store, Db *db, uint64_t seq, bool with_body,
                  VersionRow *out)
{
    Statement *s = db_statement(db, load_sql);
    Step       step;
    Fail       result;

    TRY_STATEMENT(c, db, s);
    bind_int(s, (int64_t)seq);
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    if (step == STEP_DONE)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "version %llu is missing from the log",
                    (unsigned long long)seq);
    result = version_take(c, store->bodies, s, with_body, out);
    statement_reset(s);
    return result;
}

static Fail standing_in(Call *c, Db *db, const char *sql, TypeId type, Str packed,
                        Standing *out)
{
    Statement *s = db_statement(db, sql);
    Step       step;

    TRY_STATEMENT(c, db, s);
    bind_int(s, type);
    bind_bytes(s, packed);
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    if (step == STEP_ROW) {
        out->rid = row_int(s, 0);
        out->seq = (uint64_t)row_int(s, 1);
    }
    statement_reset(s);
    return OK;
}

Fail version_standing(Call *c, Db *db, View view, TypeId type, Str id, Standing *out)
{
    PackedId packed = id_pack(id);

    *out = (Standing){ 0 };
    if (!resource_id_valid(id))
        return OK;
    TRY(standing_in(c, db, standing_sql[view], type, packed_str(&packed), out));
    if (out->seq)
        return OK;
    TRY(standing_in(c, db, gone_sql[view], type, packed_str(&packed), out));
    out->deleted = out->seq != 0;
    return OK;
}

static Fail not_there(Call *c, TypeId type, Str id)
{
    return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "there is no %.*s/%.*s",
                STR_ARG(type_name(type)), STR_ARG(id));
}

static Fail read_current(Call *c, Session *s, const Permit *permit, TypeId type, Str id,
                         VersionRow *row, bool *found)
{
    View       view = scope_view(permit, type);
    PackedId   packed = id_pack(id);
    Statement *read;
    Standing   standing;

    TRY(limit_want(c, s->db, type));
    read = db_statement(s->db, read_sql[view]);
    TRY_STATEMENT(c, s->db, read);
    bind_int(read, type);
    bind_bytes(read, packed_str(&packed));
    TRY(take_one(c, s->db, s->store->bodies, read, true, row, found));
    if (*found)
        return version_current_visible(c, s->db, s->store, permit, &row->version, found);
    TRY(version_standing(c, s->db, view, type, id, &standing));
    if (!standing.deleted || limit_hides(s->db, type))
        return OK;
    return version_at(c, s->db, s->store->bodies, view, standing.seq, true, row, found);
}

Fail store_read(Call *c, Session *s, const Permit *permit, TypeId type, Str id, Version *out)
{
    VersionRow row;
    bool       found = false;
    Fail       result;

    TRY(session_enter(c, s, permit));
    result = resource_id_valid(id) ? read_current(c, s, permit, type, id, &row, &found) : OK;
    session_leave(s);
    TRY(result);
    if (!found)
        return not_there(c, type, id);
    TRY(version_show(c, s->store, permit, true, &row.version));
    *out = row.version;
    return OK;
}

Fail version_rows(Call *c, const Store *s, const Version *version, IndexRows *out)
{
    ReadOptions options = { .expected = version->type,
                            .values_max = LIMIT_BUNDLE_NODES,
                            .trusted = true };
    Resource    resource;

    *out = (IndexRows){ 0 };
    if (version->deleted)
        return OK;
    TRY(resource_read(c, version->whole, &options, &resource));
    return index_derive(c, &resource, s->base, out);
}

/* ---- what goes out ---- */

static Fail show(Call *c, const Permit *permit, const IndexRows *rows, Version *version)
{
    MaskNames hidden;

    TRY(mask_find(c, permit->masks, version->type, false, version->id, rows, &hidden));
    return mask_cut(c, version->type, &hidden, true, version->whole, &version->body);
}

static bool hides(const Permit *permit, const Version *version)
{
    return permit->masks && version->whole.len && mask_has(permit->masks, version->type, false);
}

Fail version_show(Call *c, const Store *s, const Permit *permit, bool now, Version *version)
{
    IndexRows rows;

    version->body = version->whole;
    if (!hides(permit, version))
        return OK;
    version->body = (Str){ 0 };
    if (now)
        TRY(version_rows(c, s, version, &rows));
    return show(c, permit, now ? &rows : NULL, version);
}

Fail store_show(Call *c, const Permit *permit, const IndexRows *rows, Version *version)
{
    version->body = version->whole;
    return hides(permit, version) ? show(c, permit, rows, version) : OK;
}

Fail version_words(Call *c, const Version *version, ResourceWords *out)
{
    ReadOptions options = { .expected = version->type,
                            .values_max = LIMIT_BUNDLE_NODES,
                            .trusted = true };
    Resource    resource;

    *out = (ResourceWords){ 0 };
    if (version->deleted)
        return OK;
    TRY(resource_read(c, version->whole, &options, &resource));
    return words_of(c, &resource, out);
}

Fail store_patients(Call *c, Store *s, const Version *version, Str *out)
{
    Patients  patients = { .arena = c->arena };
    IndexRows rows;

    *out = version->patients;
    if (version->patients.at)
        return OK;
    TRY(version_rows(c, s, version, &rows));
    patients_add_rows(&patients, &rows);
    *out = patients_list(&patients);
    return OK;
}

Str version_patients_column(Arena *a, const IndexRows *rows)
{
    Patients patients = { .arena = a };
    Buf      out;

    patients_add_rows(&patients, rows);
    out = buf_new(a, 1 + patients.list.len);
    buf_put_char(&out, '\0');
    buf_put(&out, patients_list(&patients));
    return buf_str(&out);
}

void rows_keep_compartments(IndexRows *rows)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < rows->count; i++)
        if (rows->rows[i].kind == ROW_COMPARTMENT)
            rows->rows[kept++] = rows->rows[i];
    rows->count = kept;
}

static bool in_chart(const Permit *permit, const Version *version, const IndexRows *rows)
{
    if (permit->reach != REACH_PATIENT || version->type == TYPE_PATIENT
        || scope_type_shared(version->type))
        return true;
    for (uint32_t i = 0; i < rows->count; i++)
        if (rows->rows[i].kind == ROW_COMPARTMENT && rows->rows[i].type == TYPE_PATIENT
            && str_equal(rows->rows[i].id, str_from(permit->patient)))
            return true;
    return false;
}

/* What was deleted has nothing that rows could be asked of: see limit_saw(). */
Fail version_visible(Call *c, const Store *s, const Permit *permit, const Version *version,
                     bool *visible)
{
    IndexRows rows;

    *visible = !version->deleted || !limit_has(permit, version->type);
    if (version->deleted || (permit->reach != REACH_PATIENT && !permit->rows))
        return OK;
    if (!limit_has(permit, version->type)
        && (version->type == TYPE_PATIENT || scope_type_shared(version->type)))
        return OK;
    TRY(version_rows(c, s, version, &rows));
    TRY(limit_fits(c, permit, version->type, version->id, &rows, visible));
    *visible = *visible && in_chart(permit, version, &rows);
    return OK;
}

Fail version_current_visible(Call *c, const Db *db, const Store *s, const Permit *permit,
                             const Version *version, bool *visible)
{
    *visible = true;
    if (!limit_hides(db, version->type))
        return OK;
    return version_visible(c, s, permit, version, visible);
}

/* Back along the chain of versions from the newest. */
static Fail find_version(Call *c, Session *s, const Permit *permit, TypeId type, Str id,
                         uint64_t version, VersionRow *row, bool *now, bool *found)
{
    View     view = scope_view(permit, type);
    Standing standing;
    uint64_t seq;

    TRY(limit_want(c, s->db, type));
    TRY(version_standing(c, s->db, view, type, id, &standing));
    *found = false;
    for (seq = standing.seq; seq; seq = row->prior_seq) {
        TRY(version_at(c, s->db, s->store->bodies, view, seq, false, row, found));
        if (!*found || row->version.version <= version)
            break;
    }
    *found = *found && row->version.version == version;
    *now = seq == standing.seq;
    if (!*found)
        return OK;
    TRY(version_at(c, s->db, s->store->bodies, view, seq, true, row, found));
    if (*found && seq != standing.seq)
        return version_visible(c, s->store, permit, &row->version, found);
    return *found ? version_current_visible(c, s->db, s->store, permit, &row->version, found)
                  : OK;
}

Fail store_vread(Call *c, Session *s, const Permit *permit, TypeId type, Str id,
                 uint64_t version, Version *out)
{
    VersionRow row;
    bool       now = false, found;
    Fail       result;

    TRY(session_enter(c, s, permit));
    result = find_version(c, s, permit, type, id, version, &row, &now, &found);
    session_leave(s);
    TRY(result);
    if (!found)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "there is no version %llu of %.*s/%.*s",
                    (unsigned long long)version, STR_ARG(type_name(type)), STR_ARG(id));
    TRY(version_show(c, s->store, permit, now, &row.version));
    *out = row.version;
    return OK;
}

Fail version_newest(Call *c, Db *db, uint64_t *seq, int64_t *at_us)
{
    Statement *s = db_statement(db, newest_sql);
    Step       step;

    TRY_STATEMENT(c, db, s);
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    *seq = step == STEP_ROW ? (uint64_t)row_int(s, 0) : 0;
    *at_us = step == STEP_ROW ? row_int(s, 1) : 0;
    statement_reset(s);
    return OK;
}

uint64_t store_newest_seq(Store *s)
{
    return atomic_load(&s->newest_seq);
}
