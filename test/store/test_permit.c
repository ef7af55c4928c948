/* Nothing is given or taken without a permit, by the statements and by the database itself. */
#include "store/limit.h"
#include "test/store/store_help.h"

#define OBSERVATION(id, patient)                                                                          \
    "{\"resourceType\":\"Observation\",\"id\":\"" id                                                      \
    "\",\"status\":\"final\",\"code\":{\"coding\":"                                                       \
    "[{\"system\":\"http://loinc.org\",\"code\":\"1-8\"}]},\"subject\":{\"reference\":\"Patient/" patient \
    "\"},\"effectiveDateTime\":\"2020-02-02\"}"

static void fill(void)
{
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"anna\",\"gender\":\"female\"}")
            == OK);
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"bob\",\"gender\":\"male\"}")
            == OK);
    REQUIRE(help_put("{\"resourceType\":\"Practitioner\",\"id\":\"doc\",\"active\":true}")
            == OK);
    REQUIRE(help_put("{\"resourceType\":\"Basic\",\"id\":\"b\",\"code\":{\"text\":\"x\"}}")
            == OK);
    REQUIRE(help_put(OBSERVATION("a1", "anna")) == OK);
    REQUIRE(help_put(OBSERVATION("b1", "bob")) == OK);
    REQUIRE(help_put(OBSERVATION("a2", "anna")) == OK);
}

static Fail read_as(const Permit *p, TypeId type, const char *id)
{
    Version v;

    return store_read(unit_call(), help_session(), p, type, str_from(id), &v);
}

TEST(a_zeroed_permit_shows_nothing_and_changes_nothing)
{
    Permit           none = { 0 }, half = help_permit(DEED_READ);
    Change           change;
    Write            write = { .changes = &change, .change_count = 1 };
    HistoryQuery     history = { .count = 10 };
    VersionPage      page;
    CompartmentQuery record = { .patient = STR("anna"), .count = 10 };
    CompartmentPage  everything;

    fill();
    CHECK_INT(read_as(&none, TYPE_PATIENT, "anna"), FAIL_NOT_FOUND);
    CHECK_INT(help_count(TYPE_OBSERVATION, "code=1-8", &none), 0);
    CHECK_INT(help_count(TYPE_OBSERVATION, "", &none), 0);
    CHECK(store_history(unit_call(), help_session(), &none, &history, &page) == OK);
    CHECK_INT(page.count, 0);
    CHECK(store_compartment(unit_call(), help_session(), &none, &record, &everything) == OK);
    CHECK_INT(everything.count, 0);
    change = help_change(METHOD_PUT, &none, OBSERVATION("a1", "anna"));
    CHECK_INT(store_write(unit_call(), help_open(), &write), FAIL_FORBIDDEN);
    /* Every part is needed. */
    half.practice = 0;
    CHECK_INT(read_as(&half, TYPE_PATIENT, "anna"), FAIL_NOT_FOUND);
    half = help_permit(DEED_READ);
    half.reach = REACH_NOTHING;
    CHECK_INT(read_as(&half, TYPE_PATIENT, "anna"), FAIL_NOT_FOUND);
    half = help_permit(DEED_READ);
    half.types = (TypeSet){ 0 };
    CHECK_INT(read_as(&half, TYPE_PATIENT, "anna"), FAIL_NOT_FOUND);
    half = help_permit(DEED_READ);
    half.practice = 2;
    CHECK_INT(read_as(&half, TYPE_PATIENT, "anna"), FAIL_NOT_FOUND);
    help_close();
}

TEST(a_patients_permit_shows_that_record_and_what_is_nobodys)
{
    Permit anna = help_patient_permit(DEED_READ, "anna");
    Permit search = help_patient_permit(DEED_SEARCH, "anna");
    Permit nobody = help_patient_permit(DEED_READ, "");
    Permit unknown = help_patient_permit(DEED_READ, "carl");

    fill();
    CHECK_INT(read_as(&anna, TYPE_PATIENT, "anna"), OK);
    CHECK_INT(read_as(&anna, TYPE_OBSERVATION, "a1"), OK);
    CHECK_INT(read_as(&anna, TYPE_PATIENT, "bob"), FAIL_NOT_FOUND);
    CHECK_INT(read_as(&anna, TYPE_OBSERVATION, "b1"), FAIL_NOT_FOUND);
    CHECK_INT(read_as(&anna, TYPE_PRACTITIONER, "doc"), OK);
    CHECK_INT(read_as(&anna, TYPE_BASIC, "b"), FAIL_NOT_FOUND);
    CHECK_INT(read_as(&nobody, TYPE_OBSERVATION, "a1"), FAIL_NOT_FOUND);
    CHECK_INT(read_as(&unknown, TYPE_OBSERVATION, "a1"), FAIL_NOT_FOUND);
    CHECK_STR(help_find(TYPE_OBSERVATION, "code=1-8", &search), STR("a2 a1"));
    CHECK_STR(help_find(TYPE_OBSERVATION, "date=ge2020", &search), STR("a2 a1"));
    CHECK_STR(help_find(TYPE_OBSERVATION, "subject=Patient/bob", &search), STR(""));
    CHECK_STR(help_find(TYPE_OBSERVATION, "subject:missing=false", &search), STR("a2 a1"));
    CHECK_STR(help_find(TYPE_PATIENT, "", &search), STR("anna"));
    CHECK_STR(help_find(TYPE_PATIENT, "gender=male", &search), STR(""));
    CHECK_STR(help_find(TYPE_PRACTITIONER, "active=true", &search), STR("doc"));
    CHECK_STR(help_find(TYPE_BASIC, "", &search), STR(""));
    help_close();
}

static Fail put_as(const Permit *p, const char *json)
{
    Change change = help_change(METHOD_PUT, p, json);
    Write  write = { .changes = &change, .change_count = 1 };

    return store_write(unit_call(), help_open(), &write);
}

static Fail delete_as(const Permit *p, TypeId type, const char *id, bool *absent)
{
    Change change = { .method = METHOD_DELETE, .permit = p, .type = type, .id = str_from(id) };
    Write  write = { .changes = &change, .change_count = 1 };
    Fail   result = store_write(unit_call(), help_open(), &write);

    *absent = change.absent;
    return result;
}

TEST(in_a_patients_name_nothing_is_put_into_another_record_or_taken_from_it)
{
    Permit anna = help_patient_permit(DEED_UPDATE, "anna");
    Permit deletes = help_patient_permit(DEED_DELETE, "anna");
    bool   absent;

    fill();
    CHECK_INT(put_as(&anna, OBSERVATION("a1", "anna")), OK);
    CHECK_INT(put_as(&anna, OBSERVATION("a1", "bob")), FAIL_FORBIDDEN);
    CHECK_INT(put_as(&anna, OBSERVATION("new", "bob")), FAIL_FORBIDDEN);
    CHECK_INT(put_as(&anna, OBSERVATION("b1", "anna")), FAIL_NOT_FOUND);
    CHECK_INT(put_as(&anna, "{\"resourceType\":\"Practitioner\",\"id\":\"doc\"}"),
              FAIL_NOT_FOUND);
    CHECK_INT(put_as(&anna, "{\"resourceType\":\"Practitioner\",\"id\":\"x\"}"),
              FAIL_FORBIDDEN);
    CHECK_INT(put_as(&anna, "{\"resourceType\":\"Patient\",\"id\":\"bob\"}"), FAIL_NOT_FOUND);
    CHECK_INT(put_as(&anna, "{\"resourceType\":\"Patient\",\"id\":\"anna\"}"), OK);
    CHECK_INT(delete_as(&deletes, TYPE_OBSERVATION, "b1", &absent), OK);
    CHECK(absent); /* as if it were not there */
    CHECK_INT(delete_as(&deletes, TYPE_OBSERVATION, "a1", &absent), OK);
    CHECK(!absent);
    help_close();
}

TEST(a_deed_does_not_stand_for_another)
{
    Permit reads = help_permit(DEED_READ), deletes = help_permit(DEED_DELETE);
    Permit updates = help_permit(DEED_UPDATE);
    bool   absent;

    fill();
    CHECK_INT(put_as(&reads, OBSERVATION("a1", "anna")), FAIL_FORBIDDEN);
    CHECK_INT(put_as(&deletes, OBSERVATION("a1", "anna")), FAIL_FORBIDDEN);
    CHECK_INT(delete_as(&updates, TYPE_OBSERVATION, "a1", &absent), FAIL_FORBIDDEN);
    help_close();
}

TEST(who_could_see_it_sees_that_it_is_gone_and_others_nothing)
{
    Permit  anna = help_patient_permit(DEED_READ, "anna");
    Permit  bob = help_patient_permit(DEED_READ, "bob");
    Version v;

    fill();
    REQUIRE(help_delete(TYPE_OBSERVATION, "a1") == OK);
    REQUIRE(store_read(unit_call(), help_session(), &anna, TYPE_OBSERVATION, STR("a1"), &v)
            == OK);
    CHECK(v.deleted);
    CHECK_INT(read_as(&bob, TYPE_OBSERVATION, "a1"), FAIL_NOT_FOUND);
    help_close();
}

static int history_count(const Permit *p, TypeId type, const char *id, Fail *result)
{
    HistoryQuery query = { .type = type, .id = str_from(id), .count = 100 };
    VersionPage  page = { 0 };

    *result = store_history(unit_call(), help_session(), p, &query, &page);
    return (int)page.count;
}

TEST(what_was_in_another_record_once_stays_hidden_in_the_history)
{
    Permit  anna = help_patient_permit(DEED_READ, "anna");
    Permit  bob = help_patient_permit(DEED_READ, "bob");
    Permit  all = help_permit(DEED_READ);
    Version v;
    Fail    result;

    fill();
    REQUIRE(help_put(OBSERVATION("b1", "anna")) == OK); /* it had been the wrong chart */
    CHECK_INT(history_count(&all, TYPE_OBSERVATION, "b1", &result), 2);
    CHECK_INT(history_count(&anna, TYPE_OBSERVATION, "b1", &result), 1);
    CHECK_INT(history_count(&bob, TYPE_OBSERVATION, "b1", &result), 0);
    CHECK_INT(result, FAIL_NOT_FOUND);
    CHECK_INT(
        store_vread(unit_call(), help_session(), &anna, TYPE_OBSERVATION, STR("b1"), 1, &v),
        FAIL_NOT_FOUND);
    CHECK_INT(history_count(&anna, TYPE_OBSERVATION, "", &result), 3);
    CHECK_INT(history_count(&bob, TYPE_OBSERVATION, "", &result), 0);
    CHECK_INT(history_count(&anna, 0, "", &result), 4);
    CHECK_INT(history_count(&bob, 0, "", &result), 1);
    help_close();
}

/* ---- the database's own guard ---- */

static bool refused(const char *sql)
{
    Session   *s = help_session();
    Statement *statement;

    s->scope = (Scope){ 0 };
    statement = db_statement_of(s->db, str_from(sql));
    if (!statement || statement_step(statement) == STEP_FAILED)
        return true;
    statement_reset(statement);
    return false;
}

TEST(a_reader_reaches_no_table_but_through_the_views)
{
    static const char *const attempts[] = {
        "SELECT body FROM version",
        "SELECT count(*) FROM version",
        "SELECT count(*) FROM main.current",
        "SELECT 1 FROM current",
        "SELECT rid FROM compartment",
        "SELECT * FROM main.index_token",
        "SELECT hash FROM grant_token",
        "SELECT records FROM audit",
        "SELECT value FROM setting",
        "SELECT (SELECT body FROM main.version LIMIT 1) FROM practice_current",
        "SELECT 1 FROM practice_current c WHERE EXISTS (SELECT v.body FROM main.version v)",
        "SELECT sql FROM sqlite_schema",
        "SELECT sql FROM sqlite_temp_schema",
        "SELECT * FROM dbstat",
        "SELECT * FROM pragma_table_info('version')",
        "PRAGMA integrity_check",
        "PRAGMA key = 'x'",
        "ATTACH ':memory:' AS other",
        "CREATE TEMP VIEW mine AS SELECT * FROM main.version",
        "CREATE TEMP TABLE mine (x)",
        "DROP VIEW practice_current",
        "DROP VIEW temp.practice_version",
        "INSERT INTO version (seq) VALUES (1)",
        "DELETE FROM current",
        "UPDATE version SET practice = 1",
        "SELECT load_extension('x')",
        "SELECT randomblob(100000000)",
        "SELECT writefile('x', 'y')",
        "VACUUM",
    };

    fill();
    for (size_t i = 0; i < COUNT(attempts); i++)
        if (!refused(attempts[i]))
            unit_fail(__FILE__, __LINE__, "allowed: %s", attempts[i]);
    CHECK(!refused("SELECT seq FROM practice_current"));
    help_close();
}

static int64_t rows_in(const char *view, const Scope *scope)
{
    Session   *s = help_session();
    Str        sql = arena_printf(unit_call()->arena, "SELECT count(*) FROM %s", view);
    Statement *statement;
    int64_t    count;

    s->scope = *scope;
    statement = db_statement_of(s->db, sql);
    if (!statement || statement_step(statement) != STEP_ROW) {
        unit_fail(__FILE__, __LINE__, "%s cannot be read", view);
        return -1;
    }
    count = row_int(statement, 0);
    statement_reset(statement);
    s->scope = (Scope){ 0 };
    return count;
}

static const char *const views[] = {
    "known_identity",
    "known_token",
    "known_use",
    "practice_current",
    "chart_current",
    "shared_current",
    "practice_gone",
    "chart_gone",
    "shared_gone",
    "practice_version",
    "chart_version",
    "shared_version",
    "practice_compartment",
    "chart_compartment",
    "own_dictionary",
    "own_setting",
    "own_audit",
    "own_grant",
    "own_version",
    "own_current",
    "own_gone",
    "practice_index_token",
    "chart_index_token",
    "shared_index_token",
    "practice_index_date",
    "chart_index_date",
    "shared_index_date",
    "practice_index_reference",
    "chart_index_reference",
    "shared_index_reference",
    "practice_index_string",
    "practice_index_identifier",
    "practice_index_quantity",
    "practice_index_number",
};

TEST(every_view_is_empty_without_a_scope)
{
    Scope none = { 0 };

    fill();
    for (size_t i = 0; i < COUNT(views); i++)
        if (rows_in(views[i], &none) != 0)
            unit_fail(__FILE__, __LINE__, "%s shows rows", views[i]);
    help_close();
}

TEST(a_statement_that_forgot_the_patient_still_sees_only_that_record)
{
    Permit  permit = help_patient_permit(DEED_READ, "anna");
    Scope   scope = scope_of(&permit);
    Version v;

    fill();
    REQUIRE(store_read(unit_call(), help_session(), &permit, TYPE_PATIENT, STR("anna"), &v)
            == OK);
    scope.patient = help_session()->patient;
    CHECK_INT(rows_in("practice_current", &scope), 0);
    CHECK_INT(rows_in("practice_version", &scope), 0);
    CHECK_INT(rows_in("practice_index_token", &scope), 0);
    CHECK_INT(rows_in("chart_current", &scope), 3);
    CHECK_INT(rows_in("chart_version", &scope), 3);
    CHECK_INT(rows_in("chart_index_date WHERE low > 0", &scope), 2);
    CHECK_INT(rows_in("shared_current", &scope), 1);
    CHECK_INT(rows_in("own_version", &scope), 0);
    help_close();
}

/* ---- rows that narrow: by the application, by the database ---- */

#define LABELLED(id, codes)                                                                    \
    "{\"resourceType\":\"Observation\",\"id\":\"" id "\",\"meta\":{\"security\":[" codes       \
    "]},\"status\":\"final\",\"code\":{\"coding\":"                                            \
    "[{\"system\":\"http://loinc.org\",\"code\":\"1-8\"}]}}"
#define CODE(code) "{\"system\":\"urn:hale:privacy\",\"code\":\"" code "\"}"

/* Everything but what is private to others than Practitioner/1. */
static Permit narrowed(Deed deed)
{
    PermitRows   *rows = NEW(unit_call()->arena, PermitRows);
    PermitDenial *denial = NEW(unit_call()->arena, PermitDenial);
    Permit        permit = help_permit(deed);

    denial->criteria = STR("_security=urn:hale:privacy|private&_security:not=urn:hale:privacy|"
                           "author:Practitioner/1,urn:hale:privacy|reader:Practitioner/1");
    type_set_add(&denial->types, TYPE_OBSERVATION);
    *rows = (PermitRows){ .denials = denial, .denial_count = 1 };
    permit.rows = rows;
    return permit;
}

static void fill_private(void)
{
    REQUIRE(help_put(LABELLED("mine", CODE("private") "," CODE("author:Practitioner/1")))
            == OK);
    REQUIRE(
        help_put(LABELLED("shown", CODE("private") "," CODE("author:Practitioner/2") "," CODE(
                                       "reader:Practitioner/1")))
        == OK);
    REQUIRE(help_put(LABELLED("closed", CODE("private") "," CODE("author:Practitioner/2")))
            == OK);
    REQUIRE(help_put(LABELLED("open", CODE("team"))) == OK);
}

TEST(the_databases_half_of_the_rows_is_enough_by_itself)
{
    Permit   permit = narrowed(DEED_SEARCH);
    Scope    scope = scope_of(&permit), whole = scope;
    Session *s = help_session();

    fill_private();
    CHECK_INT(rows_in("practice_current", &whole), 4);
    scope.limits = limit_begin(unit_call(), help_open(), s->db, &permit);
    CHECK_INT(rows_in("practice_current", &scope), 0); /* nothing made ready: nothing shown */
    s->scope = scope;
    REQUIRE(limit_want(unit_call(), s->db, TYPE_OBSERVATION) == OK);
    CHECK_INT(rows_in("practice_current", &scope), 3);
    CHECK_INT(rows_in("practice_version", &scope), 3);
    help_close();
}

TEST(the_applications_half_of_the_rows_is_enough_by_itself)
{
    static const struct {
        const char *text;
        bool        fits;
    } cases[] = {
        { LABELLED("mine", CODE("private") "," CODE("author:Practitioner/1")), true },
        { LABELLED("closed", CODE("private") "," CODE("author:Practitioner/2")), false },
        { LABELLED("open", CODE("team")), true },
    };
    Permit       permit = narrowed(DEED_SEARCH), all = help_permit(DEED_SEARCH);
    QueryOptions options = { 0 };
    Query        query;
    SearchPage   page;

    fill_private();
    for (size_t i = 0; i < COUNT(cases); i++) {
        Change change = help_change(METHOD_PUT, &all, cases[i].text);
        bool   fits;

        CHECK_INT(
            limit_fits(unit_call(), &permit, TYPE_OBSERVATION, change.id, &change.rows, &fits),
            OK);
        CHECK(fits == cases[i].fits);
    }
    /* its clause in a search under a permit that the database narrows by nothing */
    REQUIRE(query_parse(unit_call(), TYPE_OBSERVATION, STR("_sort=_id"), &options, &query)
            == OK);
    query.clauses = NEW(unit_call()->arena, Clause);
    query.clause_count = 1;
    REQUIRE(limit_clause(unit_call(), &permit, TYPE_OBSERVATION, query.clauses) == OK);
    REQUIRE(store_search(unit_call(), help_session(), &all, &query, &page) == OK);
    CHECK_INT(page.count, 3);
    for (size_t i = 0; i < page.count; i++)
        CHECK(!str_equal(page.versions[i].id, STR("closed")));
    help_close();
}
