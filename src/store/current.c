/* What there is now of a type, in the order in which it was made: for what goes through all of it. */
#include "store/limit.h"
#include "store/version.h"

#define CURRENT_TEXT(view)                                                                     \
    "SELECT " VERSION_COLUMNS " FROM " view "_current c CROSS JOIN " view "_version v"         \
    " WHERE c.type = $1 AND c.rid > $2 AND v.seq = c.seq ORDER BY c.rid LIMIT $3"
SQL_VIEWS(current_sql, CURRENT_TEXT);

static Fail take_rows(Call *c, Session *s, const Permit *permit, Statement *rows,
                      CurrentPage *page, uint32_t most)
{
    Step     step = STEP_DONE;
    uint32_t taken = 0;

    while (taken < most && (step = statement_step(rows)) == STEP_ROW) {
        VersionRow row;
        bool       visible;

        TRY(version_take(c, s->store->bodies, rows, true, &row));
        taken++;
        page->next = (uint64_t)row.rid;
        TRY(version_current_visible(c, s->db, s->store, permit, &row.version, &visible));
        if (!visible)
            continue;
        TRY(version_show(c, s->store, permit, true, &row.version));
        page->versions[page->count++] = row.version;
    }
    page->more = taken == most;
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

static Fail read_page(Call *c, Session *s, const Permit *permit, TypeId type, uint64_t after,
                      uint32_t most, CurrentPage *page)
{
    Statement *rows;
    Fail       result;

    TRY(limit_want(c, s->db, type));
    rows = db_statement(s->db, current_sql[scope_view(permit, type)]);
    TRY_STATEMENT(c, s->db, rows);
    bind_int(rows, type);
    bind_int(rows, (int64_t)after);
    bind_int(rows, most);
    result = take_rows(c, s, permit, rows, page, most);
    statement_reset(rows);
    return result;
}

Fail store_current(Call *c, Session *s, const Permit *permit, TypeId type, uint64_t after,
                   uint32_t most, CurrentPage *out)
{
    CurrentPage page = { .next = after };
    Fail        result;

    page.versions = NEW_ARRAY(c->arena, Version, most);
    TRY(session_enter(c, s, permit));
    result = read_page(c, s, permit, type, after, most, &page);
    session_leave(s);
    TRY(result);
    *out = page;
    return OK;
}
