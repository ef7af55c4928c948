/*
 * Pages of a search are pinned to the place in the log where it began. What has not changed since
 * is found by the index as ever. For what has, the log has the version of that time: its index
 * rows are derived again and brought along with the statement, as tables of its own, so that the
 * same conditions can be asked of them.
 */
#include "store/search_past.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/index.h"
#include "store/index_sql.h"
#include "store/words_index.h"

SQL(token_sql, "SELECT number FROM known_token WHERE code = $1 AND system = $2");
SQL(rid_sql, "SELECT rid FROM known_identity WHERE type = $1 AND id = $2");

typedef struct Past {
    Call        *call;
    const Store *store;
    Db          *db;
    SqlText     *sql;
    int64_t      rid;
} Past;

/* ---- numbers ---- */

static Fail find_token(Past *p, int64_t system, Str code, int64_t *number)
{
    Statement *s = db_statement(p->db, token_sql);
    Step       step;

    TRY_STATEMENT(p->call, p->db, s);
    bind_text(s, indexed_value(p->call->arena, code));
    bind_int(s, system);
    step = statement_step(s);
    *number = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(p->call, p->db) : OK;
}

/* As rows have it: see intern_token(). Numbers are never taken back, so each is found. */
static Fail find_code(Past *p, Str system, Str code, int64_t *number)
{
    int64_t place = 0;

    *number = 0;
    if (!system.len && !code.len)
        return OK;
    if (system.len)
        TRY(find_token(p, 0, system, &place));
    return find_token(p, place, code, number);
}

static Fail find_rid(Past *p, TypeId type, Str id, int64_t *rid)
{
    PackedId   packed = id_pack(type ? id : (Str){ 0 });
    Statement *s = db_statement(p->db, rid_sql);
    Step       step;

    TRY_STATEMENT(p->call, p->db, s);
    bind_int(s, type);
    bind_bytes(s, type ? packed_str(&packed) : indexed_value(p->call->arena, id));
    step = statement_step(s);
    *rid = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(p->call, p->db) : OK;
}

/* ---- rows ---- */

/* Types are said, because PostgreSQL takes a bare value for a text. */
#define INT "CAST(? AS BIGINT)"
#define REAL "CAST(? AS DOUBLE PRECISION)"
#define TEXT "CAST(? AS TEXT)"

static Fail put_token(Past *p, const IndexRow *row)
{
    int64_t token;

    TRY(find_code(p, row->system, row->text, &token));
    sql_put(p->sql, INT);
    sql_int(p->sql, token);
    return OK;
}

static Fail put_identifier(Past *p, const IndexRow *row)
{
    int64_t system = 0;

    if (row->system.len)
        TRY(find_token(p, 0, row->system, &system));
    sql_put(p->sql, TEXT ", ");
    sql_str(p->sql, indexed_value(p->call->arena, row->text));
    sql_put(p->sql, INT);
    sql_int(p->sql, system);
    return OK;
}

static Fail put_reference(Past *p, const IndexRow *row)
{
    bool    local = row->type && row->id.len;
    int64_t rid;

    TRY(find_rid(p, local ? row->type : 0, local ? row->id : row->text, &rid));
    sql_put(p->sql, INT);
    sql_int(p->sql, rid);
    return OK;
}

static Fail put_date(Past *p, const IndexRow *row)
{
    int64_t low = moment_bounded(row->moment.low);

    sql_put(p->sql, INT ", ");
    sql_int(p->sql, low);
    sql_put(p->sql, INT);
    sql_int(p->sql, moment_bounded(row->moment.high) - low);
    return OK;
}

static Fail put_string(Past *p, const IndexRow *row)
{
    sql_put(p->sql, TEXT ", ");
    sql_str(p->sql, indexed_prefix(row->text));
    sql_put(p->sql, TEXT);
    sql_str(p->sql, str_equal(row->extra, row->text) ? (Str){ 0 } : indexed_prefix(row->extra));
    return OK;
}

static Fail put_number(Past *p, const IndexRow *row)
{
    sql_put(p->sql, REAL);
    sql_real(p->sql, row->value);
    return OK;
}

static Fail put_quantity(Past *p, const IndexRow *row)
{
    IndexKey key = { 0 };
    int64_t  unit, word = 0;

    index_key_reach(row, &key);
    TRY(find_code(p, row->system, row->text, &unit));
    if (row->extra.len && !str_equal(row->extra, row->text))
        TRY(find_code(p, (Str){ 0 }, row->extra, &word));
    sql_put(p->sql, REAL ", ");
    sql_real(p->sql, key.value);
    sql_put(p->sql, INT ", ");
    sql_int(p->sql, unit);
    sql_put(p->sql, INT ", ");
    sql_int(p->sql, word);
    sql_put(p->sql, REAL ", ");
    sql_real(p->sql, key.below);
    sql_put(p->sql, REAL);
    sql_real(p->sql, key.above);
    return OK;
}

#define TABLE(name, columns) ", past_index_" name "(param, " columns ", rid) AS (VALUES "
#define NO_INT "CAST(NULL AS BIGINT)"
#define NO_REAL "CAST(NULL AS DOUBLE PRECISION)"
#define NO_TEXT "CAST(NULL AS TEXT)"
#define NO_ROW(values) "(" NO_INT ", " values ", " NO_INT ")"

/* One table for each kind of row; what stands for "no row" matches nothing. */
static const struct PastTable {
    const char *begin, *nothing;
    Fail (*put)(Past *p, const IndexRow *row);
} tables[] = {
    [ROW_TOKEN] = { TABLE("token", "token"), NO_ROW(NO_INT), put_token },
    [ROW_IDENTIFIER] = { TABLE("identifier", "value, system"), NO_ROW(NO_TEXT ", " NO_INT),
                         put_identifier },
    [ROW_REFERENCE] = { TABLE("reference", "target"), NO_ROW(NO_INT), put_reference },
    [ROW_DATE] = { TABLE("date", "low, span"), NO_ROW(NO_INT ", " NO_INT), put_date },
    [ROW_STRING] = { TABLE("string", "folded, exact"), NO_ROW(NO_TEXT ", " NO_TEXT),
                     put_string },
    [ROW_NUMBER] = { TABLE("number", "value"), NO_ROW(NO_REAL), put_number },
    [ROW_QUANTITY] = { TABLE("quantity", "value, unit, word, below, above"),
                       NO_ROW(NO_REAL ", " NO_INT ", " NO_INT ", " NO_REAL ", " NO_REAL),
                       put_quantity },
};

/* What stands in the place of the parameter; 0 if no row can have it. */
static Fail find_param(Past *p, const IndexRow *row, int64_t *number)
{
    int64_t code;

    *number = p->store->param_numbers[row->param];
    if (!row->keyed || !*number)
        return OK;
    TRY(find_code(p, row->key_system, row->key_code, &code));
    *number = code ? param_keyed((uint32_t)*number, code) : 0;
    return OK;
}

static Fail put_row(Past *p, const struct PastTable *table, const IndexRow *row, int64_t param,
                    bool first)
{
    if (!first)
        sql_put(p->sql, ", ");
    sql_put(p->sql, "(" INT ", ");
    sql_int(p->sql, param);
    TRY(table->put(p, row));
    sql_put(p->sql, ", " INT ")");
    sql_int(p->sql, p->rid);
    return OK;
}

/* A canonical with a version is found with it, too: a second row, for "url|version". */
static Fail put_versioned(Past *p, const struct PastTable *table, const IndexRow *row,
                          int64_t param)
{
    IndexRow whole = *row;

    whole.text =
        arena_printf(p->call->arena, "%.*s|%.*s", STR_ARG(row->text), STR_ARG(row->extra));
    whole.type = 0;
    return put_row(p, table, &whole, param, false);
}

/* Rows that no clause asks about are left where they are. */
static bool is_asked(const SearchPlan *plan, int64_t number)
{
    for (uint32_t i = 0; number && i < plan->count; i++)
        if (term_asks(&plan->terms[i], number))
            return true;
    for (size_t i = 0; i < plan->owner_param_count; i++)
        if (plan->owner_params[i] == number)
            return true;
    return false;
}

static Fail put_table(Past *p, const SearchPlan *plan, RowKind kind, const IndexRows *rows)
{
    const struct PastTable *table = &tables[kind];
    bool                    first = true;
    int64_t                 param;

    sql_text_put(p->sql, table->begin);
    for (uint32_t i = 0; i < rows->count; i++) {
        const IndexRow *row = &rows->rows[i];

        if (row->kind != kind)
            continue;
        TRY(find_param(p, row, &param));
        if (!is_asked(plan, param))
            continue;
        TRY(put_row(p, table, row, param, first));
        first = false;
        if (kind == ROW_REFERENCE && row->extra.len)
            TRY(put_versioned(p, table, row, param));
    }
    if (first)
        sql_text_put(p->sql, table->nothing);
    sql_put(p->sql, ")");
    return OK;
}

/* Whose record it was in. */
static Fail put_records(Past *p, const IndexRows *rows)
{
    int64_t patient;

    sql_put(p->sql, ", past_compartment(patient, rid) AS (VALUES (" NO_INT ", " NO_INT ")");
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].kind != ROW_COMPARTMENT)
            continue;
        TRY(find_rid(p, TYPE_PATIENT, rows->rows[i].id, &patient));
        sql_put(p->sql, ", (" INT ", ");
        sql_int(p->sql, patient);
        sql_put(p->sql, INT ")");
        sql_int(p->sql, p->rid);
    }
    sql_put(p->sql, ")");
    return OK;
}

Fail past_statement(Call *c, const Store *s, Db *db, const SearchPlan *plan,
                    const VersionRow *row, const IndexRows *rows, const ResourceWords *words,
                    SqlText *out)
{
    SqlText sql = sql_text_new(c->arena, plan->view);
    Past    p = { .call = c, .store = s, .db = db, .sql = &sql, .rid = row->rid };

    sql_put(&sql, "WITH past_current(type, rid, seq) AS (VALUES (" INT ", ");
    sql_int(&sql, plan->type);
    sql_put(&sql, INT ", ");
    sql_int(&sql, row->rid);
    sql_put(&sql, INT ")), past_version(seq, at) AS (VALUES (");
    sql_int(&sql, (int64_t)row->version.seq);
    sql_put(&sql, INT ", ");
    sql_int(&sql, (int64_t)row->version.seq);
    sql_put(&sql, INT "))");
    sql_int(&sql, row->version.at_us);
    for (RowKind kind = ROW_TOKEN; kind <= ROW_QUANTITY; kind++)
        TRY(put_table(&p, plan, kind, rows));
    TRY(put_records(&p, rows));
    sql.past = true;
    sql.words = words;
    sql_put(&sql, " SELECT c.rid FROM past_current c WHERE c.type = ?");
    sql_int(&sql, plan->type);
    plan_put_conditions(&sql, plan);
    *out = sql;
    return OK;
}

/* ---- what has changed ---- */

SqlText past_changes(Arena *a, View view, TypeId type, uint64_t pinned)
{
    SqlText sql = sql_text_new(a, view);

    /* the first change behind that place names the version that was current there */
    sql_put(&sql, "SELECT v.prior_seq FROM @_version v WHERE v.type = ? AND v.seq > ?"
                  " AND v.prior_seq > 0 AND v.prior_seq <= ? LIMIT ?");
    sql_int(&sql, type);
    sql_int(&sql, (int64_t)pinned);
    sql_int(&sql, (int64_t)pinned);
    sql_int(&sql, LIMIT_PAGE_CHANGES + 1);
    return sql;
}

static Fail find_changes(Call *c, Session *s, const SearchPlan *plan, uint64_t pinned,
                         uint64_t **seqs, uint32_t *count)
{
    SqlText    sql = past_changes(c->arena, plan->view, plan->type, pinned);
    Statement *rows = sql_statement(s->db, &sql);
    Step       step;

    TRY_STATEMENT(c, s->db, rows);
    *count = 0;
    *seqs = NULL;
    while ((step = statement_step(rows)) == STEP_ROW && *count <= LIMIT_PAGE_CHANGES) {
        if (!*seqs)
            *seqs = NEW_ARRAY(c->arena, uint64_t, LIMIT_PAGE_CHANGES + 1);
        (*seqs)[(*count)++] = (uint64_t)row_int(rows, 0);
    }
    statement_reset(rows);
    if (step == STEP_FAILED)
        return db_fail(c, s->db);
    if (*count > LIMIT_PAGE_CHANGES)
        return fail(c, FAIL_GONE, STR("_page"),
                    "more than %d resources have changed since this search began "
                    "(LIMIT_PAGE_CHANGES); search again",
                    LIMIT_PAGE_CHANGES);
    return OK;
}

/* Whether it was there then, in reach of the permit then and now, and matched. */
static Fail look_back(Call *c, Session *s, const Permit *permit, const SearchPlan *plan,
                      bool words_asked, uint64_t seq, int64_t *rid, bool *matched)
{
    ResourceWords words = { 0 };
    VersionRow    row;
    IndexRows     rows;
    Statement    *look;
    SqlText       sql;
    Step          step;

    *matched = false;
    TRY(version_at(c, s->db, s->store->bodies, plan->view, seq, true, &row, matched));
    if (!*matched || row.version.deleted) {
        *matched = false;
        return OK;
    }
    TRY(version_visible(c, s->store, permit, &row.version, matched));
    if (!*matched)
        return OK;
    TRY(version_rows(c, s->store, &row.version, &rows));
    if (words_asked)
        TRY(version_words(c, &row.version, &words));
    TRY(past_statement(c, s->store, s->db, plan, &row, &rows, &words, &sql));
    look = sql_statement(s->db, &sql);
    TRY_STATEMENT(c, s->db, look);
    step = statement_step(look);
    *matched = step == STEP_ROW;
    *rid = row.rid;
    statement_reset(look);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail past_find(Call *c, Session *s, const Permit *permit, const SearchPlan *plan,
               const Query *query, uint64_t pinned, Matches *matches)
{
    uint64_t *seqs = NULL;
    uint32_t  count = 0;

    TRY(find_changes(c, s, plan, pinned, &seqs, &count));
    for (uint32_t i = 0; i < count; i++) {
        ArenaMark mark = arena_mark(c->arena);
        int64_t   rid = 0;
        bool      matched;

        TRY(look_back(c, s, permit, plan, query_asks_words(query), seqs[i], &rid, &matched));
        arena_rewind(c->arena, mark);
        if (matched)
            matches_add(c->arena, matches,
                        (Match){ .query = query, .rid = rid, .seq = seqs[i], .past = true });
    }
    return OK;
}
