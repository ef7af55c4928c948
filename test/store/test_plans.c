/* No statement walks a large table from end to end. */
#include "fhir/draft.h"
#include "store/migrate.h"
#include "store/writer.h"
#include "test/store/sample_queries.h"

/* Statements that may: they count everything, run once at the start, or take one row from an
 * end of a table. */
static const char *const may_walk[] = {
    "SELECT number, type, code FROM param",
    /* a thousand rows at most, when such a Consent is written */
    "SELECT rid, practice, seq FROM directive ORDER BY rid",
    "SELECT count(*) FROM directive WHERE rid <> $1",
    "SELECT rid, practice, seq FROM current WHERE type = $1 ORDER BY rid", /* once */
    "SELECT coalesce(max(number), 0) FROM breach",
    ("SELECT number, made_at, made_by, kind, value, words, login, from_at, until_at FROM "
     "own_breach ORDER BY number, place"),
    "SELECT number, bytes FROM dictionary ORDER BY number",
    "SELECT count(*) FROM own_current",
    "SELECT count(*) FROM own_version",
    "SELECT seq FROM version LIMIT 1",
    "SELECT seq, at FROM version ORDER BY seq DESC LIMIT 1",
    "SELECT seq FROM own_version ORDER BY seq DESC LIMIT 1",
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
 * statement itself (d, x, f, chain: subqueries) is as small as what they found; what came with it is
 * one resource's rows (x, c). */
static bool walks(Str step, bool gathered, bool brought)
{
    static const Str fine[] = { STR_INIT("SCAN CONSTANT ROW"),
                                STR_INIT("SCAN chain"),
                                STR_INIT("SCAN d"),
                                STR_INIT("SCAN f"),
                                STR_INIT("SCAN (subquery"),
                                STR_INIT("SCAN 16-ROW VALUES CLAUSE") };

    if (!str_starts(step, STR("SCAN ")))
        return false;
    for (size_t i = 0; i < COUNT(fine); i++)
        if (str_equal(step, fine[i]) || str_starts(step, fine[i]))
            return false;
    /* the index of words: with M they are looked up, with = in one resource only */
    if (str_starts(step, STR("SCAN t VIRTUAL TABLE INDEX")))
        return str_find(step, STR(":M")) < 0 && str_find(step, STR(":=M")) < 0;
    if (str_equal(step, STR("SCAN c")))
        return !brought;
    return !((gathered || brought) && str_equal(step, STR("SCAN x")));
}

/* Of what is done again for every resource met, a step that walks all rows of a parameter. */
static bool walks_again(Str step)
{
    if (str_starts(step, STR("SCAN t VIRTUAL TABLE INDEX")))
        return str_find(step, STR(":=M")) < 0;
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
    bool       sound = true, gathered = str_find(sql, STR(") d ")) >= 0;
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

/* ---- where each shape of search starts ---- */

/* Small numbers stand for large ones: what a cap is for is the same. */
static const struct {
    TypeId      type;
    const char *query, *compartment;
    Start       start;
    const char *clause;
} shapes[] = {
    { TYPE_OBSERVATION, "", NULL, START_TYPE, NULL },
    { TYPE_OBSERVATION, "_id=o1", NULL, START_TYPE, NULL },
    { TYPE_OBSERVATION, "_id=o1&code=8867-4", NULL, START_TYPE, NULL },
    { TYPE_OBSERVATION, "code=http://loinc.org|8867-4", NULL, START_ORDERED, "code" },
    { TYPE_OBSERVATION, "code=http://loinc.org|8867-4,|bare", NULL, START_GATHERED, "code" },
    { TYPE_OBSERVATION, "code:not=8867-4", NULL, START_TYPE, NULL },
    { TYPE_OBSERVATION, "identifier=urn:lab|A-1", NULL, START_GATHERED, "identifier" },
    { TYPE_OBSERVATION, "status=final&identifier=urn:lab|A-1", NULL, START_GATHERED,
      "identifier" },
    { TYPE_OBSERVATION, "patient=p1", NULL, START_ORDERED, "patient" },
    /* both final, one of the patient */
    { TYPE_OBSERVATION, "status=final&patient=p1", NULL, START_ORDERED, "patient" },
    { TYPE_OBSERVATION, "patient=p1&status=final", NULL, START_ORDERED, "patient" },
    { TYPE_OBSERVATION, "date=2020", NULL, START_GATHERED, "date" },
    { TYPE_OBSERVATION, "date=ge2000&date=2020", NULL, START_GATHERED, "date" },
    { TYPE_OBSERVATION, "patient:missing=true", NULL, START_TYPE, NULL },
    { TYPE_OBSERVATION, "_lastUpdated=gt2020", NULL, START_TYPE, NULL },
    { TYPE_OBSERVATION, "code=nowhere", NULL, START_NOWHERE, NULL },
    { TYPE_OBSERVATION, "patient=nobody", NULL, START_NOWHERE, NULL },
    { TYPE_OBSERVATION, "", "p1", START_COMPARTMENT, NULL },
    { TYPE_OBSERVATION, "code=8867-4", "p1", START_COMPARTMENT, NULL },
    { TYPE_OBSERVATION, "identifier=urn:lab|A-1", "p1", START_GATHERED, "identifier" },
    { TYPE_OBSERVATION, "", "nobody", START_NOWHERE, NULL },
    { TYPE_PATIENT, "family=mul", NULL, START_GATHERED, "family" },
    { TYPE_PATIENT, "gender=female&name=mul", NULL, START_ORDERED, "gender" },
    { TYPE_PATIENT, "family:contains=ull", NULL, START_GATHERED, "family" },
};

static Fail check_starts(Call *c, Writer *w, void *context)
{
    const Permit *permit = context;
    QueryOptions  options = { 0 };

    w->store->writer_scope = scope_of(permit);
    for (size_t i = 0; i < COUNT(shapes); i++) {
        bool       chart = permit->reach == REACH_PATIENT;
        Start      expected = shapes[i].start;
        SearchPlan plan;
        Query      query;

        TRY(query_parse(c, shapes[i].type, str_from(shapes[i].query), &options, &query));
        query.compartment = str_from(shapes[i].compartment);
        query.owner = TYPE_PATIENT;
        TRY(plan_make(c, w->store, w->db, scope_view(permit, query.type), &query, &plan));
        /* a patient's app walks its own record, whatever it looks for */
        if (chart && (expected == START_ORDERED || expected == START_GATHERED))
            expected = query.compartment.len ? START_COMPARTMENT : START_TYPE;
        if (plan.start != expected)
            unit_fail(__FILE__, __LINE__, "%s starts at %d, not at %d", shapes[i].query,
                      plan.start, expected);
        else if (shapes[i].clause && !chart)
            CHECK_STR(plan.terms[plan.first].clause->param->code, str_from(shapes[i].clause));
    }
    w->store->writer_scope = (Scope){ 0 };
    return OK;
}

TEST(each_shape_of_search_starts_where_it_finds_least)
{
    Permit all = help_permit(DEED_SEARCH), one = help_patient_permit(DEED_SEARCH, "p1");

    sample_record();
    CHECK_INT(writer_run(unit_call(), help_open(), check_starts, &all, false), OK);
    CHECK_INT(writer_run(unit_call(), help_open(), check_starts, &one, false), OK);
    help_close();
}

/* Many that match: they are walked from the newest on, not gathered. */
static Fail check_dense(Call *c, Writer *w, void *context)
{
    static const struct {
        const char *query;
        Start       start;
    } rows[] = {
        { "birthdate=ge1900", START_TYPE },
        { "name=many", START_TYPE },
        { "gender=male,female", START_TYPE },
        { "gender=male", START_ORDERED },
        { "gender=male&birthdate=1999", START_GATHERED },
        { "birthdate=1999&name=many", START_GATHERED },
    };
    Permit       permit = help_permit(DEED_SEARCH);
    QueryOptions options = { 0 };

    (void)context;
    w->store->writer_scope = scope_of(&permit);
    for (size_t i = 0; i < COUNT(rows); i++) {
        SearchPlan plan;
        Query      query;

        TRY(query_parse(c, TYPE_PATIENT, str_from(rows[i].query), &options, &query));
        TRY(plan_make(c, w->store, w->db, VIEW_PRACTICE, &query, &plan));
        if (plan.start != rows[i].start)
            unit_fail(__FILE__, __LINE__, "%s starts at %d, not at %d", rows[i].query,
                      plan.start, rows[i].start);
    }
    w->store->writer_scope = (Scope){ 0 };
    return OK;
}

enum { MANY = 6000 };

static Str patient(Arena *a, unsigned i)
{
    return arena_printf(a,
                        "{\"resourceType\":\"Patient\",\"id\":\"m%u\",\"gender\":\"%s\","
                        "\"birthDate\":\"%u\",\"name\":[{\"text\":\"Many\"}]}",
                        i, i % 2 ? "male" : "female", 1950 + i % 50);
}

TEST(what_finds_much_is_walked_from_the_newest_on)
{
    help_import(MANY, patient);
    CHECK_INT(writer_run(unit_call(), help_open(), check_dense, NULL, false), OK);
    help_close();
}

/* Walking in the order of a key must not sort all of it first. */
static void check_unsorted(void *context, const SqlText *sql, const char *query)
{
    Db        *db = context;
    Str        text = arena_printf(unit_call()->arena, "EXPLAIN QUERY PLAN %.*s",
                                   STR_ARG(buf_str(&sql->text)));
    Statement *s;

    if (str_find(buf_str(&sql->text), STR(" ORDER BY w.")) < 0)
        return;
    s = db_statement_of(db, text);
    REQUIRE(s);
    statement_unbound(s);
    while (statement_step(s) == STEP_ROW)
        if (str_equal(row_text(s, 3), STR("USE TEMP B-TREE FOR ORDER BY")))
            unit_fail(__FILE__, __LINE__, "%s sorts everything", query);
    statement_reset(s);
}

static Fail check_walks(Call *c, Writer *w, void *context)
{
    (void)context;
    sample_each(c, w->store, w->db, check_unsorted, w->db);
    return OK;
}

TEST(what_is_walked_in_order_is_not_sorted)
{
    sample_record();
    CHECK(writer_run(unit_call(), help_open(), check_walks, NULL, false) == OK);
    help_close();
}
