/* Every call leaves its record, and a change's record goes in with the change. */
#include "interaction/interaction.h"
#include "test/unit.h"

static const Str base = STR_INIT("http://127.0.0.1/fhir");

static Store    *store;
static Session  *session;
static Principal caller;

static bool open_all(void)
{
    StoreOptions options = { .folder = unit_folder(), .create = true, .base = base };

    caller = principal_owner();
    caller.grant = 5;
    return store_open(unit_call(), &options, &store) == OK
           && session_open(unit_call(), store, &session) == OK;
}

static void close_all(void)
{
    session_close(session);
    store_close(store);
}

/* As a door does it. */
static Fail ask(HttpMethod method, const char *path, const char *query, const char *body,
                Answer *answer)
{
    Call *c = unit_call();
    Asked asked = { .method = method,
                    .query = str_from(query),
                    .body = str_from(body),
                    .body_type = STR("application/fhir+json"),
                    .base = base,
                    .address = STR("192.0.2.1") };
    Fail  result = asked_route(c, &asked, str_from(path), answer);

    if (result == OK)
        result = interaction_answer(c, session, &caller, &asked, answer);
    if (!answer->audited) {
        AuditRecord record = interaction_audit(c, &caller, &asked, answer, result);

        CHECK_INT(store_audit(c, store, &record, 1), OK);
    }
    return result;
}

enum { RECORDS = 64 };

static AuditRecord records[RECORDS];
static size_t      record_count;
static Arena      *kept; /* what is read from the store goes when it goes on to the next */

static bool keep(void *context, const AuditRecord *record, uint64_t place)
{
    (void)context, (void)place;
    if (record_count < RECORDS) {
        Arena *a = kept;

        records[record_count] = *record;
        records[record_count].id = arena_str(a, record->id);
        records[record_count].patient = arena_str(a, record->patient);
        records[record_count].detail = arena_str(a, record->detail);
        records[record_count].others = arena_str(a, record->others);
        records[record_count].request_id = arena_str(a, record->request_id);
        records[record_count++].address = arena_str(a, record->address);
    }
    return true;
}

static void read_records(void)
{
    record_count = 0;
    if (!kept)
        kept = arena_create(1024 * 1024);
    session_rest(session);
    CHECK_INT(store_audit_read(unit_call(), session, 0, keep, NULL), OK);
}

TEST(a_change_is_recorded_with_itself)
{
    Answer answer = { 0 };

    REQUIRE(open_all());
    CHECK_INT(ask(HTTP_PUT, "/Patient/p1", "", "{\"resourceType\":\"Patient\",\"id\":\"p1\"}",
                  &answer),
              OK);
    CHECK(answer.audited);
    CHECK_INT(
        ask(HTTP_PUT, "/Observation/o1", "",
            "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\",\"code\":"
            "{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/p1\"}}",
            &answer),
        OK);
    CHECK_INT(ask(HTTP_DELETE, "/Observation/o1", "", "", &answer), OK);
    CHECK(answer.audited);
    read_records();
    REQUIRE(record_count == 3);
    CHECK_INT(records[0].interaction, INTERACTION_UPDATE);
    CHECK_INT(records[0].outcome, AUDIT_DONE);
    CHECK_INT(records[0].status, 201);
    CHECK_INT(records[0].type, TYPE_PATIENT);
    CHECK_STR(records[0].id, STR("p1"));
    CHECK_INT(records[0].version, 1);
    CHECK_INT(records[0].grant, 5);
    CHECK_STR(records[0].patient, STR("p1"));
    CHECK_STR(records[0].address, STR("192.0.2.1"));
    CHECK_STR(records[0].request_id, str_from(unit_call()->request_id));
    CHECK_STR(records[1].patient, STR("p1"));
    CHECK_INT(records[2].interaction, INTERACTION_DELETE);
    CHECK_INT(records[2].status, 204);
    CHECK_INT(records[2].version, 2);
    close_all();
}

/* "p1 p2": the patients of a record, the first one first. */
static Str patients_of(const AuditRecord *r)
{
    Arena *a = unit_call()->arena;
    Buf    out = buf_new(a, 64);
    Str    rest = r->others, id;

    buf_put(&out, r->patient);
    while (patients_next_id(a, &rest, &id))
        buf_printf(&out, " %.*s", STR_ARG(id));
    return buf_str(&out);
}

static Fail put_observation(const char *id, const char *patient, Answer *answer)
{
    Arena *a = unit_call()->arena;
    Str    path = arena_printf(a, "/Observation/%s", id);
    Str    body = arena_printf(a,
                               "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":"
                                  "\"final\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":"
                                  "\"Patient/%s\"}}",
                               id, patient);

    return ask(HTTP_PUT, arena_c_string(a, path), "", arena_c_string(a, body), answer);
}

TEST(a_record_names_the_patients_whose_data_went_out)
{
    static const struct {
        HttpMethod  method;
        const char *path, *query, *patients;
    } asked[] = {
        { HTTP_GET, "/Observation/o1", "", "p1" },
        { HTTP_GET, "/Observation/o1/_history/1", "", "p1" },
        { HTTP_GET, "/Observation/o2/_history", "", "p3 p2" },
        { HTTP_GET, "/Observation/o2/_history/1", "", "p2" },
        { HTTP_GET, "/Observation", "", "p3 p1" },
        { HTTP_GET, "/Observation", "_summary=count", "" },
        { HTTP_GET, "/Observation", "_id=o1&_include=Observation:subject", "p1" },
        { HTTP_GET, "/Patient/p1/Observation", "", "p1" },
        { HTTP_GET, "/Patient/p2/Observation", "", "p2" },
        { HTTP_GET, "/Patient/p1/$everything", "", "p1" },
        { HTTP_GET, "/Patient/p1", "", "p1" },
        { HTTP_GET, "/Patient/nobody", "", "nobody" },
        { HTTP_GET, "/Observation/o1/$meta", "", "p1" },
        { HTTP_GET, "/_history", "", "p3 p2 p1" },
        { HTTP_DELETE, "/Observation/o2", "", "p3" },
        { HTTP_GET, "/Observation/o2/_history", "", "p3 p2" },
    };
    Answer answer = { 0 };

    REQUIRE(open_all());
    CHECK_INT(ask(HTTP_PUT, "/Patient/p1", "", "{\"resourceType\":\"Patient\",\"id\":\"p1\"}",
                  &answer),
              OK);
    CHECK_INT(put_observation("o1", "p1", &answer), OK);
    CHECK_INT(put_observation("o2", "p2", &answer), OK);
    CHECK_INT(put_observation("o2", "p3", &answer), OK); /* filed under another patient */
    for (size_t i = 0; i < COUNT(asked); i++)
        (void)ask(asked[i].method, asked[i].path, asked[i].query, "", &answer);
    read_records();
    REQUIRE(record_count == 4 + COUNT(asked));
    CHECK_STR(patients_of(&records[2]), STR("p2"));
    CHECK_STR(patients_of(&records[3]), STR("p3 p2"));
    for (size_t i = 0; i < COUNT(asked); i++)
        CHECK_STR(patients_of(&records[4 + i]), str_from(asked[i].patients));
    close_all();
}

TEST(a_patient_sees_of_a_record_nothing_about_others)
{
    AuditRecord r = { .patient = STR("p1"),
                      .others = STR("\2p2"),
                      .type = TYPE_PATIENT,
                      .id = STR("p1"),
                      .rows = 2,
                      .detail = STR("name=x") };
    AuditRecord seen = audit_for_patient(&r, STR("p2"));

    CHECK(audit_concerns(&r, STR("p1")) && audit_concerns(&r, STR("p2")));
    CHECK(!audit_concerns(&r, STR("p3")));
    CHECK_STR(seen.patient, STR("p2"));
    CHECK_INT(seen.others.len + seen.id.len + seen.detail.len + seen.rows, 0);
}

TEST(reads_denials_and_failures_are_recorded)
{
    Answer answer = { 0 };

    REQUIRE(open_all());
    CHECK_INT(ask(HTTP_GET, "/Patient/none", "", "", &answer), FAIL_NOT_FOUND);
    CHECK_INT(ask(HTTP_GET, "/Patient", "identifier=a|b", "", &answer), OK);
    caller = (Principal){ .kind = PRINCIPAL_TOKEN, .practice = 1, .grant = 6 };
    CHECK_INT(ask(HTTP_DELETE, "/Patient/none", "", "", &answer), FAIL_FORBIDDEN);
    caller = (Principal){ 0 };
    CHECK_INT(ask(HTTP_GET, "/Patient/none", "", "", &answer), FAIL_LOGIN);
    read_records();
    REQUIRE(record_count == 4);
    CHECK_INT(records[0].outcome, AUDIT_FAILED);
    CHECK_INT(records[0].status, 404);
    CHECK_STR(records[0].id, STR("none"));
    CHECK_INT(records[1].interaction, INTERACTION_SEARCH_TYPE);
    CHECK_STR(records[1].detail, STR("identifier=a|b"));
    CHECK_INT(records[1].rows, 0);
    CHECK_INT(records[2].outcome, AUDIT_DENIED);
    CHECK_INT(records[2].status, 403);
    CHECK_INT(records[2].grant, 6);
    CHECK_INT(records[3].outcome, AUDIT_DENIED);
    CHECK_INT(records[3].grant, 0);
    close_all();
}

static void check_bundle(const char *type)
{
    char     body[1024];
    Answer   answer = { 0 };
    unsigned counts[INTERACTIONS] = { 0 };

    snprintf(body, sizeof body,
             "{\"resourceType\":\"Bundle\",\"type\":\"%s\",\"entry\":["
             "{\"request\":{\"method\":\"GET\",\"url\":\"Patient/p1\"}},"
             "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p1\"},"
             "\"request\":{\"method\":\"PUT\",\"url\":\"Patient/p1\"}},"
             "{\"resource\":{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"}},"
             "\"request\":{\"method\":\"POST\",\"url\":\"Basic\"}},"
             "{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/none\"}}]}",
             type);
    REQUIRE(open_all());
    CHECK_INT(ask(HTTP_POST, "/", "", body, &answer), OK);
    CHECK(answer.audited);
    read_records();
    CHECK_INT(record_count, 5);
    for (size_t i = 0; i < record_count; i++) {
        counts[records[i].interaction]++;
        CHECK_INT(records[i].outcome, AUDIT_DONE);
        CHECK_STR(records[i].request_id, str_from(unit_call()->request_id));
    }
    CHECK_INT(counts[INTERACTION_READ], 1);
    CHECK_INT(counts[INTERACTION_UPDATE], 1);
    CHECK_INT(counts[INTERACTION_CREATE], 1);
    CHECK_INT(counts[INTERACTION_DELETE], 1);
    CHECK_INT(counts[INTERACTION_BUNDLE], 1);
    close_all();
}

TEST(a_transaction_leaves_a_record_for_each_entry)
{
    check_bundle("transaction");
}

TEST(a_batch_leaves_a_record_for_each_entry)
{
    check_bundle("batch");
}

TEST(a_transaction_that_failed_leaves_one_record)
{
    Answer answer = { 0 };

    REQUIRE(open_all());
    CHECK_INT(ask(HTTP_POST, "/", "",
                  "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["
                  "{\"resource\":{\"resourceType\":\"Patient\"},"
                  "\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}},"
                  "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p1\"},\"request\":"
                  "{\"method\":\"PUT\",\"url\":\"Patient/p1\",\"ifMatch\":\"W/\\\"4\\\"\"}}]}",
                  &answer),
              FAIL_PRECONDITION);
    read_records();
    REQUIRE(record_count == 1);
    CHECK_INT(records[0].interaction, INTERACTION_BUNDLE);
    CHECK_INT(records[0].outcome, AUDIT_FAILED);
    CHECK_INT(records[0].status, 412);
    close_all();
}

static bool crosses(AuditCross *out)
{
    static const CrossKinds kinds = { audit_is_change, audit_is_import };

    session_rest(session);
    CHECK_INT(store_audit_cross(unit_call(), session, &kinds, out), OK);
    return out->agrees;
}

static const char *const patient_p1 = "{\"resourceType\":\"Patient\",\"id\":\"p1\"}";

TEST(every_change_has_its_record_and_every_record_its_version)
{
    Permit     permit;
    Principal  owner = principal_owner();
    Answer     answer = { 0 };
    AuditCross f;

    REQUIRE(open_all());
    CHECK(crosses(&f));
    CHECK_INT(ask(HTTP_PUT, "/Patient/p1", "", patient_p1, &answer), OK);
    CHECK_INT(ask(HTTP_PUT, "/Patient/p1", "", patient_p1, &answer), OK); /* changes nothing */
    CHECK_INT(put_observation("o1", "p1", &answer), OK);
    CHECK_INT(put_observation("o1", "p2", &answer), OK);
    CHECK_INT(ask(HTTP_DELETE, "/Observation/o1", "", "", &answer), OK);
    CHECK_INT(ask(HTTP_DELETE, "/Observation/o1", "", "", &answer), OK);
    CHECK_INT(ask(HTTP_DELETE, "/Observation/never", "", "", &answer), OK);
    CHECK_INT(ask(HTTP_GET, "/Patient/p1", "", "", &answer), OK);
    CHECK_INT(ask(HTTP_POST, "/", "",
                  "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["
                  "{\"resource\":{\"resourceType\":\"Patient\"},"
                  "\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}}]}",
                  &answer),
              OK);
    CHECK(crosses(&f));
    CHECK_INT(f.versions, 5);
    CHECK_INT(f.unrecorded + f.unfounded, 0);

    /* a change without its record: that never happens here, so the store is asked behind our back */
    CHECK_INT(access_permit(unit_call(), &owner, DEED_DELETE, TYPE_PATIENT, &permit), OK);
    Change change = {
        .method = METHOD_DELETE, .permit = &permit, .type = TYPE_PATIENT, .id = STR("p1")
    };
    Write write = { .changes = &change, .change_count = 1 };
    CHECK_INT(store_write(unit_call(), store, &write), OK);
    CHECK(!crosses(&f));
    CHECK_INT(f.unrecorded, 1);
    CHECK_INT(f.version_seq, 6);

    /* … and a record without its change */
    AuditRecord record = { .interaction = INTERACTION_UPDATE,
                           .status = 200,
                           .type = TYPE_PATIENT,
                           .id = STR("p1"),
                           .version = 7 };
    AuditRecord import = { .interaction = INTERACTION_IMPORT, .status = 200, .rows = 1 };
    CHECK_INT(store_audit(unit_call(), store, &import, 1), OK);
    CHECK(crosses(&f)); /* an import may have brought it */
    CHECK_INT(store_audit(unit_call(), store, &record, 1), OK);
    CHECK(!crosses(&f));
    CHECK_INT(f.unfounded, 1);
    close_all();
}
