/* What is made of SearchParameters, settled and brought into force: see custom.h. */
#include "store/custom.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "base/log.h"
#include "fhir/custom.h"
#include "fhir/search_parameter.h"
#include "store/version.h"

SQL(list_sql,
    "SELECT number, practice, rid, seq, type, code, way, state, done FROM custom_param"
    " WHERE state IN (1, 2) ORDER BY rid, type");
SQL(list_one_sql,
    "SELECT number, practice, rid, seq, type, code, way, state, done FROM custom_param"
    " WHERE rid = $1 AND state < 3 ORDER BY type");
SQL(taken_sql, "SELECT 1 FROM custom_param WHERE state < 3 AND type = $1 AND code = $2"
               " AND rid <> $3");
SQL(put_sql,
    "INSERT INTO custom_param (number, practice, rid, seq, type, code, way, state, done, filled)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 0, 0)");
SQL(keep_sql, "UPDATE custom_param SET seq = $1 WHERE number = $2");
SQL(leave_sql, "UPDATE custom_param SET state = 3, done = $1 WHERE number = $2");
SQL(complete_sql, "UPDATE custom_param SET state = 2 WHERE number <= $1 AND state = 1");
SQL(begin_anew_sql, "UPDATE custom_param SET state = 1, done = 0, filled = 0 WHERE number > $1"
                    " AND state < 3");
SQL(forget_sql, "DELETE FROM custom_param WHERE state = 3 AND done <= $1");
SQL(last_sql, "SELECT max(number) FROM param");
SQL(last_custom_sql, "SELECT max(number) FROM custom_param");

enum { KEEP_PERCENT = 255 };

/* A row of the table. */
typedef struct Row {
    uint32_t number, practice;
    int64_t  rid, done;
    uint64_t seq;
    TypeId   type;
    Str      code, way;
    uint8_t  state; /* CustomState */
} Row;

typedef struct Rows {
    Row     *rows;
    uint32_t count;
} Rows;

static Row row_take(Call *c, Statement *s)
{
    return (Row){
        .number = (uint32_t)row_int(s, 0),
        .practice = (uint32_t)row_int(s, 1),
        .rid = row_int(s, 2),
        .seq = (uint64_t)row_int(s, 3),
        .type = (TypeId)row_int(s, 4),
        .code = arena_str(c->arena, row_text(s, 5)),
        .way = arena_str(c->arena, row_text(s, 6)),
        .state = (uint8_t)row_int(s, 7),
        .done = row_int(s, 8),
    };
}

/* Of one SearchParameter, or (0) of all. */
static Fail rows_list(Call *c, Db *db, int64_t rid, Rows *out)
{
    Statement *s = db_statement(db, rid ? list_one_sql : list_sql);
    uint32_t   room = 16;
    Step       step;

    *out = (Rows){ NEW_ARRAY(c->arena, Row, room), 0 };
    TRY_STATEMENT(c, db, s);
    if (rid)
        bind_int(s, rid);
    while ((step = statement_step(s)) == STEP_ROW) {
        if (out->count == room) {
            out->rows =
                arena_grow(c->arena, out->rows, room * sizeof(Row), 2 * room * sizeof(Row));
            room *= 2;
        }
        out->rows[out->count++] = row_take(c, s);
    }
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(c, db) : OK;
}

static Fail last_of(Call *c, Db *db, const char *sql, uint32_t *out)
{
    Statement *s = db_statement(db, sql);

    TRY_STATEMENT(c, db, s);
    if (statement_step(s) != STEP_ROW)
        return db_fail(c, db);
    *out = (uint32_t)row_int(s, 0);
    statement_reset(s);
    return OK;
}

Fail custom_last_number(Call *c, Db *db, uint32_t *out)
{
    uint32_t custom;

    TRY(last_of(c, db, last_sql, out));
    TRY(last_of(c, db, last_custom_sql, &custom));
    if (custom > *out)
        *out = custom;
    return OK;
}

static Fail run_one(Call *c, Db *db, const char *sql, uint64_t number)
{
    Statement *s = db_statement(db, sql);

    TRY_STATEMENT(c, db, s);
    bind_int(s, (int64_t)number);
    return statement_run(s) ? OK : db_fail(c, db);
}

static Fail run_two(Call *c, Db *db, const char *sql, uint32_t number, uint64_t place)
{
    Statement *s = db_statement(db, sql);

    TRY_STATEMENT(c, db, s);
    bind_int(s, (int64_t)place);
    bind_int(s, number);
    return statement_run(s) ? OK : db_fail(c, db);
}

/* ---- compiling what is stored ---- */

/* What is made of the version at that place. */
static Fail compile(Call *c, Store *s, Db *db, uint64_t seq, CompiledParams *out)
{
    ReadOptions options = { .expected = TYPE_SEARCH_PARAMETER,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Resource   *resource = NEW(c->arena, Resource);
    VersionRow  row;

    *out = (CompiledParams){ 0 };
    TRY(version_load(c, s, db, seq, true, &row));
    if (row.version.deleted)
        return OK;
    TRY(resource_read(c, row.version.whole, &options, resource));
    return search_parameter_compile(c, resource, row.version.id, seq, out);
}

/* A parameter that is stored and cannot be used, and why. */
static void tell_left_out(Call *c, uint32_t issues)
{
    LogField field = { "why", STR("unknown"), 0 };

    if (c->issue_count > issues)
        field.text = c->issues[issues].text;
    log_event(LOG_LEVEL_WARNING, "search_parameter_left_out", &field, 1);
    call_forget_issues(c, issues);
}

/* ---- the set ---- */

/* A published parameter stays the same one as long as nothing of it has changed. */
static const CustomParam *published(const Store *s, const Row *row)
{
    const CustomParam *found = custom_find(custom_set(), row->type, row->code);

    if (!found || custom_seq(found) != row->seq
        || s->param_numbers[custom_param(found)->index] != row->number)
        return NULL;
    return found;
}

static const CustomParam *compiled(const CompiledParams *made, const Row *row)
{
    for (uint32_t i = 0; i < made->count; i++) {
        const SearchParam *param = custom_param(made->params[i]);

        if (param->base == row->type && str_equal(param->code, row->code))
            return made->params[i];
    }
    return NULL;
}

/* The parameters of all rows; of what cannot be compiled (any more) there is none. */
static Fail gather(Call *c, Store *s, Db *db, const Rows *rows, const CustomParam **out,
                   uint32_t *left_out)
{
    CompiledParams made = { 0 };
    uint64_t       seq = 0;
    uint32_t       issues = c->issue_count;

    *left_out = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        const Row *row = &rows->rows[i];

        out[i] = published(s, row);
        if (!out[i] && seq != row->seq) {
            seq = row->seq;
            if (compile(c, s, db, seq, &made) != OK) {
                TRY(db_failure(db));
                made.count = 0;
            }
        }
        if (!out[i])
            out[i] = compiled(&made, row);
        *left_out += !out[i];
    }
    if (*left_out && c->issue_count > issues)
        tell_left_out(c, issues);
    return OK;
}

/* What is to be noted of each parameter when the set comes into force. */
static void note_next(Store *s, const CustomSet *set, const Rows *rows)
{
    s->custom_next_count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        const Row         *row = &rows->rows[i];
        const CustomParam *param = custom_find(set, row->type, row->code);
        uint8_t percent = row->state == CUSTOM_USED ? 100 : row->done ? KEEP_PERCENT : 0;

        if (param)
            s->custom_next[s->custom_next_count++] = (CustomNext){
                .index = custom_param(param)->index, .percent = percent, .number = row->number
            };
    }
}

/* Makes the set of all rows; it waits for the commit. */
static Fail prepare(Call *c, Store *s, Db *db, uint32_t *left_out)
{
    const CustomParam **params;
    const CustomSet    *set;
    uint32_t            count = 0;
    Rows                rows;

    TRY(rows_list(c, db, 0, &rows));
    if (rows.count > LIMIT_CUSTOM_PARAMS)
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 },
                    "These would be more than %d search parameters of the practice's own"
                    " (LIMIT_CUSTOM_PARAMS; each type counts)",
                    LIMIT_CUSTOM_PARAMS);
    params = NEW_ARRAY(c->arena, const CustomParam *, rows.count + 1);
    TRY(gather(c, s, db, &rows, params, left_out));
    for (uint32_t i = 0; i < rows.count; i++)
        if (params[i])
            params[count++] = params[i];
    TRY(custom_prepare(c, params, count, &set));
    note_next(s, set, &rows);
    s->custom_prepared = set;
    return OK;
}

static void publish(Store *s)
{
    if (!s->custom_prepared)
        return;
    for (uint32_t i = 0; i < s->custom_next_count; i++) {
        const CustomNext *next = &s->custom_next[i];

        if (s->param_numbers[next->index] != next->number)
            s->param_numbers[next->index] = next->number;
        if (next->percent != KEEP_PERCENT)
            custom_percent_put(search_param_at(next->index), next->percent);
    }
    custom_publish(s->custom_prepared);
    s->custom_prepared = NULL;
    fill_wake(s);
}

void custom_committed(Writer *w)
{
    publish(w->store);
}

void custom_forgotten(Writer *w)
{
    if (w->store->custom_prepared)
        custom_drop();
    w->store->custom_prepared = NULL;
}

/* What this Hale cannot compile is out of use from now on: its rows are not kept up any more. */
static Fail leave_unknown(Call *c, Store *s, Db *db)
{
    uint64_t seq;
    int64_t  at_us;
    Rows     rows;

    TRY(version_newest(c, db, &seq, &at_us));
    TRY(rows_list(c, db, 0, &rows));
    for (uint32_t i = 0; i < rows.count; i++)
        if (!published(s, &rows.rows[i]))
            TRY(run_two(c, db, leave_sql, rows.rows[i].number, seq));
    return OK;
}

/* A composite may be made of others, which must be in force before it: a second round. */
Fail custom_load(Call *c, Store *s, Db *db)
{
    uint32_t left_out = 0, before;

    custom_clear();
    do {
        before = left_out;
        TRY(prepare(c, s, db, &left_out));
        if (custom_version() || s->custom_next_count)
            publish(s);
        custom_drop();
        s->custom_prepared = NULL;
    } while (left_out && left_out != before);
    return left_out ? leave_unknown(c, s, db) : OK;
}

/* ---- settling ---- */

static Fail check_taken(Call *c, Db *db, const SearchParam *param, int64_t rid)
{
    Statement *s = db_statement(db, taken_sql);
    Step       step;

    TRY_STATEMENT(c, db, s);
    bind_int(s, param->base);
    bind_text(s, param->code);
    bind_int(s, rid);
    step = statement_step(s);
    statement_reset(s);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    if (step == STEP_ROW)
        return fail(c, FAIL_DUPLICATE, STR("SearchParameter.code"),
                    "%.*s has a search parameter of that code, of another SearchParameter",
                    STR_ARG(type_name(param->base)));
    return OK;
}

static Fail put_row(Call *c, Db *db, const Row *row)
{
    Statement *s = db_statement(db, put_sql);
    uint32_t   last;

    TRY(custom_last_number(c, db, &last));
    if (last + 1 >= 1U << PARAM_BITS)
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 },
                    "No numbers for search parameters are left: `hale reindex` gives back those"
                    " that are out of use");
    TRY_STATEMENT(c, db, s);
    bind_int(s, last + 1);
    bind_int(s, row->practice);
    bind_int(s, row->rid);
    bind_int(s, (int64_t)row->seq);
    bind_int(s, row->type);
    bind_text(s, row->code);
    bind_text(s, row->way);
    return statement_run(s) ? OK : db_fail(c, db);
}

/* A parameter whose rows would be the same keeps them. */
static Fail settle_one(Call *c, Writer *w, Rows *before, const Row *wanted)
{
    for (uint32_t i = 0; i < before->count; i++) {
        Row *row = &before->rows[i];

        if (row->type != wanted->type || !str_equal(row->code, wanted->code)
            || !str_equal(row->way, wanted->way))
            continue;
        row->state = 0; /* it stays */
        return run_two(c, w->db, keep_sql, row->number, wanted->seq);
    }
    return put_row(c, w->db, wanted);
}

static Fail compile_wanted(Call *c, Writer *w, int64_t rid, uint64_t seq, CompiledParams *made)
{
    TRY(compile(c, w->store, w->db, seq, made));
    for (uint32_t i = 0; i < made->count; i++)
        TRY(check_taken(c, w->db, custom_param(made->params[i]), rid));
    return OK;
}

static Fail settle(Call *c, Writer *w, uint32_t practice, int64_t rid, uint64_t seq,
                   bool strict)
{
    uint32_t       issues = c->issue_count, left_out;
    CompiledParams made = { 0 };
    Rows           before;
    Fail           result;

    result = compile_wanted(c, w, rid, seq, &made);
    if (result != OK && (strict || db_failure(w->db) != OK))
        return result;
    if (result != OK) {
        tell_left_out(c, issues);
        made.count = 0;
    }
    TRY(rows_list(c, w->db, rid, &before));
    if (!before.count && !made.count)
        return OK;
    for (uint32_t i = 0; i < made.count; i++) {
        const SearchParam *param = custom_param(made.params[i]);
        Row                wanted = { .practice = practice,
                                      .rid = rid,
                                      .seq = seq,
                                      .type = param->base,
                                      .code = param->code,
                                      .way = custom_way(made.params[i]) };

        TRY(settle_one(c, w, &before, &wanted));
    }
    for (uint32_t i = 0; i < before.count; i++)
        if (before.rows[i].state)
            TRY(run_two(c, w->db, leave_sql, before.rows[i].number, w->seq));
    return prepare(c, w->store, w->db, &left_out);
}

/* What is in force lies elsewhere, so what settling one took is given back: a package has a thousand. */
Fail custom_settle(Call *c, Writer *w, uint32_t practice, int64_t rid, uint64_t seq,
                   bool strict)
{
    ArenaMark    mark = arena_mark(c->arena);
    const Issue *issues = c->issues;
    uint32_t     count = c->issue_count;
    Fail         result = settle(c, w, practice, rid, seq, strict);

    if (result == OK && c->issues == issues && c->issue_count == count)
        arena_rewind(c->arena, mark);
    return result;
}

Fail custom_renew(Call *c, Writer *w, uint64_t oldest_set)
{
    uint32_t left_out, renewed = 0;
    Rows     rows;

    TRY(rows_list(c, w->db, 0, &rows));
    for (uint32_t i = 0; i < rows.count; i++) {
        const Row         *row = &rows.rows[i];
        const CustomParam *param = published(w->store, row);

        if (!param || custom_since(param) <= oldest_set)
            continue;
        TRY(run_two(c, w->db, leave_sql, row->number, w->seq));
        TRY(put_row(c, w->db, row));
        renewed++;
    }
    return renewed ? prepare(c, w->store, w->db, &left_out) : OK;
}

Fail custom_swapped(Call *c, Writer *w, uint64_t number, uint64_t begin)
{
    uint32_t left_out;

    TRY(run_one(c, w->db, complete_sql, number));
    TRY(run_one(c, w->db, begin_anew_sql, number));
    TRY(run_one(c, w->db, forget_sql, begin));
    return prepare(c, w->store, w->db, &left_out);
}
