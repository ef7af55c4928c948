/*
 * Definitions by their address, through the rows of the search parameter `url` and the scoped views:
 * who may not read a CodeSystem finds none.
 */
#include "store/intern.h"
#include "store/limit.h"
#include "store/version.h"

#include "base/ensure.h"

SQL(url_sql, "SELECT number FROM known_token WHERE code = $1 AND system = 0");

#define DEFINED_TEXT(view)                                                                     \
    "SELECT c.seq FROM " view "_index_token x CROSS JOIN " view "_current c"                   \
    " WHERE x.param = $1 AND x.token = $2 AND c.type = $3 AND c.rid = x.rid ORDER BY c.seq DESC"
SQL_VIEWS(defined_sql, DEFINED_TEXT);

enum { FIRST_ROOM = 4 };

uint64_t store_serial(const Store *s)
{
    return s->serial;
}

static Fail find_token(Call *c, Db *db, Str url, int64_t *token)
{
    Statement *s = db_statement(db, url_sql);
    Step       step;

    TRY_STATEMENT(c, db, s);
    bind_text(s, indexed_value(c->arena, url));
    step = statement_step(s);
    *token = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(c, db) : OK;
}

static Fail list(Call *c, Db *db, Statement *s, uint64_t **out, size_t *count)
{
    size_t room = FIRST_ROOM;
    Step   step;

    *out = NEW_ARRAY(c->arena, uint64_t, room);
    while ((step = statement_step(s)) == STEP_ROW) {
        if (*count == room) {
            *out = arena_grow(c->arena, *out, room * sizeof **out, 2 * room * sizeof **out);
            room *= 2;
        }
        (*out)[(*count)++] = (uint64_t)row_int(s, 0);
    }
    return step == STEP_FAILED ? db_fail(c, db) : OK;
}

static Fail find(Call *c, Session *session, View view, TypeId type, Str url, uint64_t **out,
                 size_t *count)
{
    const SearchParam *param = search_param_find(type, STR("url"));
    int64_t            token, number;
    Statement         *s;

    ENSURE(param && param->kinds & 1 << ROW_TOKEN);
    number = session->store->param_numbers[param->same_as];
    TRY(limit_want(c, session->db, type));
    TRY(find_token(c, session->db, url, &token));
    if (!token || !number)
        return OK;
    s = db_statement(session->db, defined_sql[view]);
    TRY_STATEMENT(c, session->db, s);
    bind_int(s, number);
    bind_int(s, token);
    bind_int(s, type);
    return list(c, session->db, s, out, count);
}

Fail store_definitions(Call *c, Session *s, const Permit *permit, TypeId type, Str url,
                       uint64_t **out, size_t *count)
{
    Fail result;

    *out = NULL;
    *count = 0;
    TRY(session_enter(c, s, permit));
    result = find(c, s, scope_view(permit, type), type, url, out, count);
    session_leave(s);
    return result;
}

Fail store_version(Call *c, Session *s, const Permit *permit, TypeId type, uint64_t seq,
                   Version *out)
{
    VersionRow row;
    bool       found = false;
    Fail       result;

    TRY(session_enter(c, s, permit));
    result = limit_want(c, s->db, type);
    if (result == OK)
        result = version_at(c, s->db, s->store->bodies, scope_view(permit, type), seq, true,
                            &row, &found);
    session_leave(s);
    TRY(result);
    if (!found || row.version.deleted)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "there is no such version");
    TRY(version_show(c, s->store, permit, false, &row.version));
    *out = row.version;
    return OK;
}
