/* _text and _content: the index of words follows the log, and shows no more than the permit does. */
#include "store/words_index.h"

#include "store/driver.h"
#include "test/store/store_help.h"

static void put(const char *json)
{
    REQUIRE(help_put(json) == OK);
}

#define DIV(text)                                                                                  \
    "\"text\":{\"status\":\"generated\",\"div\":\"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\"" \
    ">" text "</div>\"}"
#define CONDITION(id, patient, narrative, text)                                                \
    "{\"resourceType\":\"Condition\",\"id\":\"" id                                             \
    "\"," DIV(narrative) ",\"subject\":"                                                       \
                         "{\"reference\":\"Patient/" patient "\"},\"code\":{\"text\":\"" text  \
                         "\"}}"
#define C(query, expected) CHECK_STR(help_find(TYPE_CONDITION, query, NULL), STR(expected))

static void conditions(void)
{
    put("{\"resourceType\":\"Patient\",\"id\":\"anna\",\"name\":[{\"family\":\"Müller\"}]}");
    put("{\"resourceType\":\"Patient\",\"id\":\"bob\",\"name\":[{\"family\":\"Meier\"}]}");
    put(CONDITION("c1", "anna", "Bone <b>metastases</b>", "Cancer"));
    put(CONDITION("c2", "anna", "Liver metastases", "Cancer of the liver"));
    put(CONDITION("c3", "bob", "Diabetes", "Sugar"));
}

TEST(words_are_found_in_narrative_and_in_all_of_the_content)
{
    conditions();
    C("_text=metastases", "c2 c1");
    C("_text=METASTASES%20bone", "c1");
    C("_text=cancer", "");
    C("_content=cancer", "c2 c1");
    C("_content=cancer%20bone", "c1");
    C("_content=canc*", "c2 c1");
    C("_content=canc", "");
    C("_text=(bone%20or%20liver)%20and%20metastases", "c2 c1");
    C("_content=bone,sugar", "c3 c1");
    C("_content=sugar&_text=diab*", "c3");
    C("_content=cancer&subject=Patient/anna&_text=liver", "c2");
    C("patient._content=muller", "c2 c1");
    C("patient._content=meier&_text=diabetes", "c3");
    CHECK_STR(help_find(TYPE_PATIENT, "_has:Condition:patient:_content=sugar", NULL),
              STR("bob"));
    CHECK_STR(help_find(TYPE_PATIENT, "_content=cancer", NULL), STR(""));
    CHECK_INT(help_count(TYPE_CONDITION, "_content=cancer", NULL), 2);
    help_close();
}

TEST(what_was_changed_or_deleted_is_no_longer_found_by_its_words)
{
    conditions();
    C("_content=bone", "c1");
    put(CONDITION("c1", "anna", "Healed", "Nothing"));
    C("_content=bone", "");
    C("_content=healed", "c1");
    REQUIRE(help_delete(TYPE_CONDITION, "c1") == OK);
    C("_content=healed", "");
    put(CONDITION("c1", "anna", "Bone again", "Cancer"));
    C("_text=bone", "c1");
    help_close();
}

TEST(words_outlive_a_restart_and_are_made_again_by_reindexing)
{
    conditions();
    C("_content=bone", "c1");
    help_reopen();
    CHECK(atomic_load(&help_open()->words_seq) == store_newest_seq(help_open()));
    C("_content=bone", "c1");
    REQUIRE(words_remake(unit_call(), help_open()) == OK);
    C("_content=bone", "c1");
    REQUIRE(store_reindex(unit_call(), help_open(), NULL, NULL) == OK);
    C("_content=bone", "c1");
    C("_content=cancer", "c2 c1");
    help_close();
}

TEST(hidden_resources_are_neither_found_by_their_words_nor_counted)
{
    Permit anna = help_patient_permit(DEED_SEARCH, "anna"), few = help_permit(DEED_SEARCH);
    Permit none = { 0 };

    conditions();
    put("{\"resourceType\":\"Practitioner\",\"id\":\"doc\",\"name\":[{\"family\":\"Sugar\"}]}");
    CHECK_STR(help_find(TYPE_CONDITION, "_content=cancer,sugar", &anna), STR("c2 c1"));
    CHECK_INT(help_count(TYPE_CONDITION, "_content=sugar", &anna), 0);
    CHECK_STR(help_find(TYPE_CONDITION, "patient._content=meier", &anna), STR(""));
    CHECK_STR(help_find(TYPE_PATIENT, "_has:Condition:patient:_content=sugar", &anna), STR(""));
    CHECK_STR(help_find(TYPE_PRACTITIONER, "_content=sugar", &anna), STR("doc"));
    CHECK_INT(help_count(TYPE_CONDITION, "_content=cancer", &none), 0);
    few.types = (TypeSet){ 0 };
    type_set_add(&few.types, TYPE_CONDITION);
    CHECK_STR(help_find(TYPE_CONDITION, "_content=sugar", &few), STR("c3"));
    CHECK_STR(help_find(TYPE_CONDITION, "patient._content=meier", &few), STR(""));
    help_close();
}

static Fail explained(const Permit *permit, SearchReport *report)
{
    QueryOptions options = { 0 };
    Query        query;
    Search       search = { .queries = &query, .count = 1 };

    TRY(query_parse(unit_call(), TYPE_CONDITION, STR("_content=sugar&code:text=sugar"),
                    &options, &query));
    return store_search_explain(unit_call(), help_session(), permit, &search, report);
}

TEST(estimates_count_only_what_may_be_seen)
{
    Permit anna = help_patient_permit(DEED_SEARCH, "anna"), all = help_permit(DEED_SEARCH);
    SearchReport report;

    conditions();
    REQUIRE(explained(&all, &report) == OK);
    CHECK_INT(report.matched, 1);
    REQUIRE(explained(&anna, &report) == OK);
    CHECK_INT(report.matched, 0);
    CHECK(report.estimate == 0 || report.estimate == UINT64_MAX);
    help_close();
}

TEST(a_reader_cannot_look_into_the_index_itself)
{
    static const char *const statements[] = {
        "SELECT block FROM words_data",
        "SELECT count(*) FROM words_data",
        "SELECT term FROM words_idx",
        "SELECT rowid FROM words",
        "SELECT rowid FROM main.words WHERE words MATCH 'sugar'",
        "SELECT count(*) FROM words_docsize",
        "PRAGMA data_version",
    };
    Session *s = help_session();
    Permit   all = help_permit(DEED_SEARCH);

    conditions();
    C("_content=sugar", "c3");
    REQUIRE(session_enter(unit_call(), s, &all) == OK);
    for (size_t i = 0; i < COUNT(statements); i++)
        if (db_statement_of(s->db, str_from(statements[i])))
            unit_fail(__FILE__, __LINE__, "%s may be asked", statements[i]);
    session_leave(s);
    help_close();
}

TEST(pages_show_the_words_of_the_moment_the_search_began)
{
    QueryOptions options = { 0 };
    Permit       all = help_permit(DEED_SEARCH);
    SearchPage   page;
    Query        query;

    conditions();
    REQUIRE(query_parse(unit_call(), TYPE_CONDITION, STR("_content=cancer&_count=1"), &options,
                        &query)
            == OK);
    REQUIRE(store_search(unit_call(), help_session(), &all, &query, &page) == OK);
    REQUIRE(page.count == 1 && page.next.len);
    CHECK_STR(page.versions[0].id, STR("c2"));
    put(CONDITION("c1", "anna", "Healed", "Nothing"));
    put(CONDITION("c3", "bob", "Healed", "Cancer"));
    put(CONDITION("c4", "bob", "New", "Cancer"));
    query.cursor = page.next;
    query.total_accurate = true;
    REQUIRE(store_search(unit_call(), help_session(), &all, &query, &page) == OK);
    REQUIRE(page.count == 1);
    CHECK_STR(page.versions[0].id, STR("c1"));
    CHECK_INT(page.total, 2);
    CHECK(!page.next.len);
    C("_content=cancer", "c4 c3 c2");
    help_close();
}

TEST(a_thread_follows_the_log_and_searches_wait_for_it)
{
    conditions();
    store_follow(help_open());
    C("_content=bone", "c1");
    for (int i = 0; i < 20; i++) {
        put(i % 2 ? CONDITION("c1", "anna", "Bone", "x")
                  : CONDITION("c1", "anna", "Skin", "x"));
        CHECK_INT(help_count(TYPE_CONDITION, "_text=bone", NULL), i % 2);
    }
    help_close();
}
