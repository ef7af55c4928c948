/* Pages while others write: what there was when the search began, each once, as it was. */
#include <pthread.h>
#include <unistd.h>

#include "base/limits.h"
#include "fhir/draft.h"
#include "test/store/store_help.h"

enum { PATIENTS = 60, PAGE = 7 };

static void put_patient(unsigned number, const char *gender, const char *family)
{
    Arena *a = unit_call()->arena;

    REQUIRE(
        help_put(arena_c_string(
            a, arena_printf(a,
                            "{\"resourceType\":\"Patient\",\"id\":\"p%03u\",\"gender\":\"%s\","
                            "\"birthDate\":\"19%02u-01-01\",\"name\":[{\"family\":\"%s\"}]}",
                            number, gender, 10 + number % 50, family)))
        == OK);
}

static void fill(void)
{
    static const char *const families[] = { "Alpha", "Beta", "Gamma", "Delta" };

    for (unsigned i = 0; i < PATIENTS; i++)
        put_patient(i, "female", families[i % COUNT(families)]);
}

/* Asks for one page; the ids are added to `ids`, each with its version. */
static void page_of(const char *text, Str cursor, Buf *ids, size_t *count, const Permit *permit,
                    SearchPage *page)
{
    Permit       all = help_permit(DEED_SEARCH);
    QueryOptions options = { .base = STR("http://localhost/fhir") };
    Query        query;

    REQUIRE(query_parse(unit_call(), TYPE_PATIENT, str_from(text), &options, &query) == OK);
    query.cursor = cursor;
    REQUIRE(store_search(unit_call(), help_session(), permit ? permit : &all, &query, page)
            == OK);
    for (size_t i = 0; i < page->count; i++)
        buf_printf(ids, "%.*s/%llu ", STR_ARG(page->versions[i].id),
                   (unsigned long long)page->versions[i].version);
    *count += page->count;
}

/* What all pages give, with `between` called after each. */
static Str walk(const char *text, void (*between)(unsigned page))
{
    Buf        ids = buf_new(unit_call()->arena, 4096);
    SearchPage page;
    Str        cursor = { 0 };
    size_t     count = 0;

    for (unsigned number = 0;; number++) {
        page_of(text, cursor, &ids, &count, NULL, &page);
        cursor = page.next;
        if (!cursor.len || number > PATIENTS)
            break;
        between(number);
    }
    return buf_str(&ids);
}

/* What all pages give from the last to the first. */
static Str walk_back(const char *text)
{
    Buf        ids = buf_new(unit_call()->arena, 4096);
    SearchPage page;
    size_t     count = 0;
    Str        cursor;

    page_of(text, (Str){ 0 }, &ids, &count, NULL, &page);
    for (cursor = page.last; cursor.len && count < 3 * PATIENTS; cursor = page.previous)
        page_of(text, cursor, &ids, &count, NULL, &page);
    return buf_str(&ids);
}

static void nothing(unsigned page)
{
    (void)page;
}

static Str resource_id(unsigned number)
{
    return arena_printf(unit_call()->arena, "p%03u", number);
}

/* Each page: one changed that no longer matches, one that sorts elsewhere, one deleted, one that
 * was deleted and comes again, one new. */
static void disturb(unsigned page)
{
    unsigned n = page * 5 % PATIENTS;
    Arena   *a = unit_call()->arena;

    put_patient(n, "male", "Changed");
    put_patient((n + 21) % PATIENTS, "female", "Aaa");
    CHECK_INT(help_delete(TYPE_PATIENT, arena_c_string(a, resource_id((n + 32) % PATIENTS))),
              OK);
    CHECK_INT(help_delete(TYPE_PATIENT, arena_c_string(a, resource_id((n + 43) % PATIENTS))),
              OK);
    put_patient((n + 43) % PATIENTS, "female", "Again");
    put_patient(100 + page, "female", "New");
    session_rest(help_session());
}

TEST(pages_show_the_moment_the_search_began_whatever_is_written_meanwhile)
{
    static const char *const searches[] = {
        "gender=female&_count=7",
        "gender=female&_count=7&_sort=family",
        "gender=female&_count=7&_sort=-birthdate,family",
        "gender=female&_count=7&_sort=gender,-_id",
        "gender=female&_count=7&_sort=-_lastUpdated",
        "family=a&_count=7",
        "birthdate=ge1920&_count=7",
        "name=alpha,beta&_count=7&_sort=birthdate",
        "gender:not=male&_count=7",
        "name:missing=false&_count=7",
        "family:exact=Alpha&_count=3",
    };

    for (size_t i = 0; i < COUNT(searches); i++) {
        Str quiet, disturbed;

        fill();
        session_rest(help_session());
        quiet = walk(searches[i], nothing);
        CHECK(quiet.len > 0);
        disturbed = walk(searches[i], disturb);
        CHECK_STR(disturbed, quiet);
        if (!str_equal(disturbed, quiet))
            unit_fail(__FILE__, __LINE__, "%s", searches[i]);
    }
    help_close();
}

/* The same pages whether all is sorted or the nearest are walked to. */
TEST(walking_in_order_gives_what_sorting_gives)
{
    static const char *const searches[] = {
        "gender=female&_count=7&_sort=family",
        "gender=female&_count=7&_sort=-family",
        "_count=7&_sort=birthdate",
        "_count=7&_sort=-birthdate",
        "_count=7&_sort=-_lastUpdated",
        "_count=7&_sort=_lastUpdated",
        "_count=9&_sort=death-date",
        "_count=9&_sort=-given",
        "gender:not=male&_count=5&_sort=-name",
        "birthdate=lt1930&_count=4&_sort=family",
        "_count=7&_sort=-address",
        "_count=7&_sort=family,given",
        "_count=5&_sort=-family,birthdate",
        "gender=female&_count=7&_sort=family,-birthdate,given",
        "_count=4&_sort=death-date,-family",
        "_count=3&_sort=-death-date,gender",
        "_count=6&_sort=birthdate,_lastUpdated",
    };

    fill();
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"q1\",\"gender\":\"female\","
                     "\"name\":[{\"family\":\"Zulu\"},{\"family\":\"Aaron\",\"given\":[\"Al\","
                     "\"Zed\"]}]}")
            == OK);
    for (size_t i = 0; i < COUNT(searches); i++) {
        Str sorted, walked, disturbed, back;

        fill();
        session_rest(help_session());
        help_open()->sorted_at_once = SORTED_AT_ONCE;
        sorted = walk(searches[i], nothing);
        back = walk_back(searches[i]);
        help_open()->sorted_at_once = 0;
        walked = walk(searches[i], nothing);
        CHECK_STR(walked, sorted);
        CHECK_STR(walk_back(searches[i]), back);
        disturbed = walk(searches[i], disturb);
        CHECK_STR(disturbed, sorted);
        if (!str_equal(disturbed, sorted) || !str_equal(walked, sorted))
            unit_fail(__FILE__, __LINE__, "%s", searches[i]);
    }
    help_close();
}

TEST(pages_back_are_the_pages_forth)
{
    static const char *const searches[] = { "gender=female&_count=7&_sort=family",
                                            "gender=female&_count=7" };

    fill();
    for (size_t i = 0; i < COUNT(searches); i++) {
        Buf        first = buf_new(unit_call()->arena, 64), second = first, again = first;
        size_t     count = 0;
        SearchPage page;
        Str        next;

        page_of(searches[i], (Str){ 0 }, &first, &count, NULL, &page);
        next = page.next;
        CHECK(!page.previous.len && page.last.len);
        page_of(searches[i], next, &second, &count, NULL, &page);
        disturb(1);
        page_of(searches[i], page.previous, &again, &count, NULL, &page);
        CHECK_STR(buf_str(&again), buf_str(&first));
        CHECK(!page.previous.len && page.next.len);
    }
    help_close();
}

TEST(links_outlive_a_restart_and_are_good_for_nobody_else)
{
    Permit       other = help_permit(DEED_SEARCH);
    QueryOptions options = { .base = STR("http://localhost/fhir") };
    Buf          ids = buf_new(unit_call()->arena, 64);
    size_t       count = 0;
    SearchPage   page;
    Query        query;
    Str          next;
    char        *forged;

    fill();
    page_of("_count=7", (Str){ 0 }, &ids, &count, NULL, &page);
    next = page.next;
    REQUIRE(next.len > 0);
    help_reopen();
    page_of("_count=7", next, &ids, &count, NULL, &page);
    CHECK_INT(count, 14);

    REQUIRE(query_parse(unit_call(), TYPE_PATIENT, STR("_count=7"), &options, &query) == OK);
    query.cursor = next;
    other.author = 77;
    CHECK_INT(store_search(unit_call(), help_session(), &other, &query, &page), FAIL_VALUE);
    other = help_patient_permit(DEED_SEARCH, "p001");
    CHECK_INT(store_search(unit_call(), help_session(), &other, &query, &page), FAIL_VALUE);

    other = help_permit(DEED_SEARCH);
    for (size_t i = 0; i < next.len; i++) {
        forged = (char *)arena_c_string(unit_call()->arena, next);
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        query.cursor = (Str){ forged, next.len };
        CHECK_INT(store_search(unit_call(), help_session(), &other, &query, &page), FAIL_VALUE);
    }
    query.cursor = str_slice(next, 0, next.len - 4);
    CHECK_INT(store_search(unit_call(), help_session(), &other, &query, &page), FAIL_VALUE);
    help_close();
}

TEST(totals_of_all_pages_are_those_of_the_first)
{
    Buf        ids = buf_new(unit_call()->arena, 64);
    size_t     count = 0;
    SearchPage page;
    Str        next;

    fill();
    page_of("gender=female&_count=7&_total=accurate", (Str){ 0 }, &ids, &count, NULL, &page);
    next = page.next;
    CHECK_INT(page.total, PATIENTS);
    disturb(2);
    page_of("gender=female&_count=7&_total=accurate", next, &ids, &count, NULL, &page);
    CHECK_INT(page.total, PATIENTS);
    help_close();
}

static void put_many(const char *gender)
{
    Call       *c = unit_call();
    Permit      permit = help_permit(DEED_UPDATE);
    ReadOptions options = { .values_max = 1000 };
    Bulk       *bulk;
    bool        same;

    REQUIRE(store_bulk_begin(c, help_open(), &permit, &bulk) == OK);
    for (unsigned i = 0; i <= LIMIT_PAGE_CHANGES; i++) {
        ArenaMark mark = arena_mark(c->arena);
        BulkItem  item = { .method = METHOD_PUT, .type = TYPE_PATIENT };
        Str       json = arena_printf(
                  c->arena, "{\"resourceType\":\"Patient\",\"id\":\"m%u\",\"gender\":\"%s\"}", i,
                  gender);
        Resource resource;
        Draft    draft;

        CHECK_INT(resource_read(c, json, &options, &resource), OK);
        draft = draft_new(c->arena, &resource);
        item.id = resource.id;
        item.remainder = draft_remainder(&draft);
        CHECK_INT(index_derive(c, &resource, STR("http://localhost/fhir"), &item.rows), OK);
        CHECK_INT(store_bulk_add(c, bulk, &item, &same), OK);
        arena_rewind(c->arena, mark);
    }
    CHECK_INT(store_bulk_end(c, bulk), OK);
    session_rest(help_session());
}

TEST(links_wear_out_when_very_much_has_changed)
{
    Permit       all = help_permit(DEED_SEARCH);
    QueryOptions options = { .base = STR("http://localhost/fhir") };
    Buf          ids = buf_new(unit_call()->arena, 64);
    size_t       count = 0;
    SearchPage   page;
    Query        query;

    put_many("male");
    page_of("gender=male&_count=7", (Str){ 0 }, &ids, &count, NULL, &page);
    REQUIRE(
        query_parse(unit_call(), TYPE_PATIENT, STR("gender=male&_count=7"), &options, &query)
        == OK);
    query.cursor = page.next;
    REQUIRE(store_search(unit_call(), help_session(), &all, &query, &page) == OK);
    put_many("female");
    CHECK_INT(store_search(unit_call(), help_session(), &all, &query, &page), FAIL_GONE);
    CHECK(str_find(unit_call()->issues[0].text, STR("LIMIT_PAGE_CHANGES")) >= 0);
    help_close();
}

/* What is new since is passed over, however much it is. */
TEST(links_do_not_wear_out_by_what_is_new)
{
    Buf        ids = buf_new(unit_call()->arena, 64);
    size_t     count = 0;
    SearchPage page;

    fill();
    session_rest(help_session());
    page_of("gender=female&_count=7", (Str){ 0 }, &ids, &count, NULL, &page);
    put_many("female");
    page_of("gender=female&_count=7", page.next, &ids, &count, NULL, &page);
    CHECK_INT(count, 14);
    help_close();
}

/* ---- threads that write while pages are read ---- */

typedef struct WriterJob {
    pthread_t   thread;
    Store      *store;
    atomic_bool stop;
    unsigned    tried;
    atomic_uint written;
} WriterJob;

static bool write_one(Call *c, Store *store, unsigned number)
{
    Permit      permit = help_permit(DEED_UPDATE);
    Str         json = arena_printf(c->arena,
                                    "{\"resourceType\":\"Patient\",\"id\":\"p%03u\",\"gender\":"
                                            "\"%s\",\"name\":[{\"family\":\"W%u\"}]}",
                                    number % PATIENTS, number % 3 ? "male" : "female", number);
    ReadOptions options = { .expected = TYPE_PATIENT, .values_max = 1000 };
    Resource    resource;
    Draft       draft;
    Change      change = { .method = METHOD_PUT,
                           .permit = &permit,
                           .type = TYPE_PATIENT,
                           .id = arena_printf(c->arena, "p%03u", number % PATIENTS),
                           .may_create = true };
    Write       write = { .changes = &change, .change_count = 1 };

    if (resource_read(c, json, &options, &resource) != OK
        || index_derive(c, &resource, store_base(store), &change.rows) != OK)
        return false;
    draft = draft_new(c->arena, &resource);
    change.remainder = draft_remainder(&draft);
    return store_write(c, store, &write) == OK;
}

static void *write_on(void *context)
{
    WriterJob *job = context;
    Arena     *arena = arena_create(LIMIT_CALL_BYTES);
    Call       call;

    while (!atomic_load(&job->stop)) {
        arena_reset(arena);
        call_begin(&call, arena);
        if (write_one(&call, job->store, job->tried++))
            atomic_fetch_add(&job->written, 1);
    }
    arena_destroy(arena);
    return NULL;
}

TEST(nothing_is_missing_or_twice_while_a_thread_writes)
{
    WriterJob job = { 0 };

    fill();
    job.store = help_open();
    for (unsigned round = 0; round < 5; round++) {
        Buf        ids = buf_new(unit_call()->arena, 4096);
        bool       seen[PATIENTS] = { false };
        SearchPage page;
        Str        cursor = { 0 };
        size_t     count = 0;

        atomic_store(&job.stop, false);
        REQUIRE(pthread_create(&job.thread, NULL, write_on, &job) == 0);
        for (unsigned ms = 0; ms < 5000 && atomic_load(&job.written) == 0; ms++)
            usleep(1000); /* on a busy machine all pages would be read before it begins */
        do {
            session_rest(help_session());
            page_of("_count=7&_sort=family", cursor, &ids, &count, NULL, &page);
            cursor = page.next;
            for (size_t i = 0; i < page.count; i++) {
                uint64_t number;

                REQUIRE(str_to_u64(str_skip(page.versions[i].id, 1), &number));
                CHECK(!seen[number]);
                seen[number] = true;
            }
        } while (cursor.len);
        atomic_store(&job.stop, true);
        pthread_join(job.thread, NULL);
        CHECK_INT(count, PATIENTS);
    }
    CHECK(atomic_load(&job.written) > 0);
    help_close();
}
