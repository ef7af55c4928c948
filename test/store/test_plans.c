/* No statement walks a large table from end to end. */
#include "store/migrate.h"
#include "store/writer.h"
#include "test/store/sample_queries.h"

/* Statements that may: they count everything, run once at the start, or take one row from an
 * end of a table. */
static const char *const may_walk[] = {
    "SELECT number, type, code FROM param",
    "SELECT number, bytes FROM dictionary ORDER BY number",
    "SELECT count(*) FROM own_current",
    "SELECT count(*) FROM own_version",
    "SELECT seq FROM version LIMIT 1",
    "SELECT seq, at FROM version ORDER BY seq DESC LIMIT 1",
    "SELECT place, records FROM audit ORDER BY place DESC LIMIT 1",
};

static bool excused(const char *sql)
{
    for (size_t i = 0; i < COUNT(may_walk); i++)
        if (!strcmp(sql, may_walk[i]))
            return true;
    return false;
}

/* A step of the plan that reads all of something that can be large. What is gathered for the
 * statement itself (x, f, chain: subqueries) is as small as what they found; what came with it is
 * one resource's rows (x, c). */
static bool walks(Str step, bool gathered, bool brought)
{
    static const Str fine[] = { STR_INIT("SCAN CONSTANT ROW"), STR_INIT("SCAN chain"),
                                STR_INIT("SCAN f"), STR_INIT("SCAN (subquery") };

    if (!str_starts(step, STR("SCAN ")))
        return false;
    for (size_t i = 0; i < COUNT(fine); i++)
        if (str_equal(step, fine[i]) || str_starts(step, fine[i]))
            return false;
    if (str_equal(step, STR("SCAN c")))
        return !brought;
    return !((gathered || brought) && str_equal(step, STR("SCAN x")));
}

/* Of what is done again for every resource met, a step that walks all rows of a parameter. */
static bool walks_again(Str step)
{
    return str_ends(step, STR("(practice=? AND param=?)"))
           || str_ends(step, STR("(practice=?)"));
}

enum { STEPS_MAX = 256 };

/* Whether a step belongs to a subquery that is run again and again; notes it for its own parts. A
 * list that depends on nothing around it is made once, wherever it stands. */
static bool repeated(Statement *s, bool *again)
{
    int64_t id = row_int(s, 0), parent = row_int(s, 1);

    if (id < 0 || id >= STEPS_MAX || parent < 0 || parent >= STEPS_MAX)
        return false;
    again[id] = str_starts(row_text(s, 3), STR("CORRELATED"))
                || (again[parent] && !str_starts(row_text(s, 3), STR("LIST SUBQUERY")));
    return again[id];
}

static bool check_plan(Db *db, Str sql, const char *name)
{
    Str        text = arena_printf(unit_call()->arena, "EXPLAIN QUERY PLAN %.*s", STR_ARG(sql));
    Statement *s = db_statement_of(db, text);
    bool       again[STEPS_MAX] = { false };
    bool       sound = true, gathered = str_find(sql, STR(") x CROSS JOIN")) >= 0;
    bool       brought = str_starts(sql, STR("WITH past_current("));

    if (!s) {
        Call *c = unit_call();

        (void)db_fail(c, db);
        unit_fail(__FILE__, __LINE__, "%.*s: %.*s", STR_ARG(sql),
                  STR_ARG(c->issues[c->issue_count - 1].text));
        return false;
    }
    statement_unbound(s);
    while (statement_step(s) == STEP_ROW)
        if (walks(row_text(s, 3), gathered, brought)
            || (repeated(s, again) && walks_again(row_text(s, 3)))) {
            unit_fail(__FILE__, __LINE__, "%s: %.*s\n    %.*s", name, STR_ARG(row_text(s, 3)),
                      STR_ARG(sql));
            sound = false;
        }
    statement_reset(s);
    return sound;
}

static Fail check_literals(Call *c, Writer *w, void *context)
{
    size_t             count;
    const char *const *literals = sql_literals(&count);

    (void)context;
    CHECK(count > 60);
    if (!db_run(w->db, schema_text(c->arena, "0002_index.sql", STR("next_"), 99).at))
        return db_fail(c, w->db);
    for (size_t i = 0; i < count; i++)
        if (!excused(literals[i]))
            check_plan(w->db, str_from(literals[i]), "literal");
    return db_run(w->db, schema_text(c->arena, "drop_next.sql", (Str){ 0 }, 0).at)
               ? OK
               : db_fail(c, w->db);
}

TEST(every_statement_of_the_store_looks_rows_up)
{
    sample_record();
    CHECK(writer_run(unit_call(), help_open(), check_literals, NULL, false) == OK);
    help_close();
}

static void check_search(void *context, const SqlText *sql, const char *query)
{
    check_plan(context, buf_str(&sql->text), query);
}

static Fail check_searches(Call *c, Writer *w, void *context)
{
    (void)context;
    sample_each(c, w->store, w->db, check_search, w->db);
    return OK;
}

TEST(every_shape_of_search_looks_rows_up)
{
    sample_record();
    CHECK(writer_run(unit_call(), help_open(), check_searches, NULL, false) == OK);
    help_close();
}
