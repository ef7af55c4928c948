/* What goes out comes back the same: exchange/export.c, export_text.c, import_log.c. */
#include "exchange/export.h"

#include <stdio.h>
#include <unistd.h>

#include "codec/json.h"
#include "exchange/export_text.h"
#include "practice/synthetic.h"
#include "test/exchange/exchange_help.h"

#define IMPORT(store, path) help_import((store), 2, &(const char *){ path }, 1)

static const char *path_of(const char *name)
{
    Arena *a = unit_call()->arena;

    return arena_c_string(a, arena_printf(a, "%.*s/%s", STR_ARG(unit_folder()), name));
}

static Fail export_to(Store *s, const char *folder, Str patient, ExportFacts *facts)
{
    Principal     owner = principal_owner();
    ExportOptions options = { .folder = folder, .patient = patient };

    Fail result = export_folder(unit_call(), s, &owner, &options, facts);

    if (result != OK && result != FAIL_CONFLICT && result != FAIL_NOT_FOUND)
        fprintf(stderr, "%.*s\n", STR_ARG(unit_call()->issues[0].text));
    return result;
}

static void put_line(void *context, const SyntheticResource *r)
{
    buf_put(context, r->text);
    buf_put_char(context, '\n');
}

/* A practice with some changes, and something deleted and brought back. */
static Store *make_record(const char *name)
{
    Call            *c = unit_call();
    Buf              text = buf_new(c->arena, 1 << 20);
    SyntheticOptions made = { .seed = 1,
                              .shape = SYNTHETIC_PRACTICE,
                              .today = SYNTHETIC_TODAY };
    Arena           *a = arena_create((size_t)64 << 20);
    Store           *s = help_store(name);

    for (uint32_t n = 0; n < 6; n++)
        synthetic_record(a, &made, n, put_line, &text);
    arena_destroy(a);
    IMPORT(s, help_file("record.ndjson", buf_str(&text)));
    IMPORT(s, help_file("one.json", STR("{\"resourceType\":\"Patient\",\"id\":\"one\"}")));
    IMPORT(s, help_file("two.json",
                        STR("{\"resourceType\":\"Patient\",\"id\":\"one\",\"name\":[{"
                            "\"text\":\"Zoë \\\"Q\\\" \\u00e9\"}],\"contact\":[{\"name\""
                            ":{\"text\":\"x\"}}],\"multipleBirthInteger\":2}")));
    IMPORT(s, help_file("d.json",
                        STR("{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{"
                            "\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/one\"}}"
                            "]}")));
    IMPORT(s, help_file("e.json",
                        STR("{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":"
                            "\"final\",\"code\":{\"text\":\"x\"},\"valueQuantity\":{"
                            "\"value\":1.10},\"subject\":{\"reference\":\"Patient/one\"}}")));
    return s;
}

TEST(an_export_imported_into_an_empty_folder_is_the_same_record)
{
    Store      *from = make_record("from"), *to = help_store("to");
    Str         versions = help_versions(from), audit = help_audit(from), again;
    ExportFacts facts;
    ImportFacts taken;

    REQUIRE(export_to(from, path_of("out"), (Str){ 0 }, &facts) == OK);
    taken = IMPORT(to, path_of("out"));
    CHECK_INT(taken.rejected, 0);
    CHECK_INT(taken.taken, facts.versions);
    CHECK_INT(help_version(to, TYPE_PATIENT, "one"), 3);
    CHECK(help_body(to, TYPE_PATIENT, "one").len == 0);
    CHECK_STR(help_versions(to), versions);
    again = help_audit(to);
    CHECK(str_starts(again, audit));
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        CHECK_INT(help_count(to, type), help_count(from, type));
    store_close(from);
    store_close(to);
}

TEST(an_export_taken_twice_changes_nothing)
{
    Store      *from = make_record("from"), *to = help_store("to");
    Str         versions = help_versions(from), audit;
    ExportFacts facts;

    REQUIRE(export_to(from, path_of("out"), (Str){ 0 }, &facts) == OK);
    IMPORT(to, path_of("out"));
    audit = help_audit(to);
    IMPORT(to, path_of("out"));
    CHECK_STR(help_versions(to), versions);
    CHECK(help_audit(to).len < audit.len + 1000); /* one more record: of the import itself */
    store_close(from);
    store_close(to);
}

TEST(the_files_of_each_type_are_what_is_there_now)
{
    Store      *from = make_record("from"), *to = help_store("to");
    ExportFacts facts;
    Str         patients, observations;

    REQUIRE(export_to(from, path_of("out"), (Str){ 0 }, &facts) == OK);
    patients = help_read_file(path_of("out/resources/Patient.ndjson"));
    observations = help_read_file(path_of("out/resources/Observation.ndjson"));
    CHECK(patients.len > 0 && str_find(patients, STR("\"id\":\"one\"")) < 0);
    CHECK(str_find(observations, STR("\"value\":1.10}")) >= 0);
    IMPORT(to, path_of("out/resources/Patient.ndjson"));
    CHECK_INT(help_count(to, TYPE_PATIENT), help_count(from, TYPE_PATIENT));
    store_close(from);
    store_close(to);
}

TEST(the_manifest_counts_and_hashes_every_file)
{
    Call       *c = unit_call();
    Store      *from = make_record("from");
    ExportFacts facts;
    Json        manifest;
    uint32_t    files;
    uint64_t    resources = 0;

    REQUIRE(export_to(from, path_of("out"), (Str){ 0 }, &facts) == OK);
    REQUIRE(json_parse(c, help_read_file(path_of("out/manifest.json")), 10000, &manifest)
            == OK);
    files = json_member(&manifest, 0, STR("files"));
    for (uint32_t i = files + 1; i < manifest.values[files].after;
         i = manifest.values[i].after) {
        Str name = json_member_text(&manifest, i, STR("name"));
        Str text = help_read_file(
            arena_printf(c->arena, "%s/%.*s%c", path_of("out"), STR_ARG(name), 0).at);
        uint64_t bytes, lines, newlines = 0;

        for (size_t k = 0; k < text.len; k++)
            newlines += text.at[k] == '\n';
        CHECK(
            str_to_u64(manifest.values[json_member(&manifest, i, STR("bytes"))].text, &bytes));
        CHECK(
            str_to_u64(manifest.values[json_member(&manifest, i, STR("lines"))].text, &lines));
        CHECK_INT(bytes, text.len);
        CHECK_INT(lines, newlines);
        CHECK_INT(json_member_text(&manifest, i, STR("sha256")).len, 64);
        if (str_starts(name, STR("resources/")))
            resources += lines;
    }
    CHECK_INT(resources, facts.resources);
    CHECK(help_read_file(path_of("out/README.md")).len > 500);
    store_close(from);
}

TEST(an_export_that_was_changed_is_refused)
{
    Call         *c = unit_call();
    Store        *from = make_record("from"), *to = help_store("to");
    Principal     owner = principal_owner();
    char         *path = (char *)path_of("out");
    ImportOptions options = { .paths = &path, .path_count = 1 };
    ExportFacts   facts;
    ImportFacts   taken;
    FILE         *history;

    REQUIRE(export_to(from, path, (Str){ 0 }, &facts) == OK);
    history = fopen(path_of("out/history.ndjson"), "a");
    REQUIRE(history && fputs("\n", history) >= 0 && fclose(history) == 0);
    CHECK(import_files(c, to, &owner, &options, &taken) == FAIL_INVALID);
    CHECK_INT(help_count(to, TYPE_PATIENT), 0);
    REQUIRE(unlink(path_of("out/manifest.json")) == 0);
    CHECK(import_files(c, to, &owner, &options, &taken) == FAIL_NOT_FOUND);
    store_close(from);
    store_close(to);
}

TEST(an_export_does_not_go_where_something_is)
{
    Store      *from = make_record("from");
    ExportFacts facts;

    help_file("there", STR("x"));
    CHECK(export_to(from, path_of("."), (Str){ 0 }, &facts) == FAIL_CONFLICT);
    CHECK(export_to(from, path_of("there"), (Str){ 0 }, &facts) == FAIL_CONFLICT);
    store_close(from);
}

TEST(an_export_of_one_patient_holds_nobody_elses_record)
{
    Store      *from = help_store("from");
    ExportFacts facts;
    Str         history;

    IMPORT(from, help_file("first.ndjson",
                           STR("{\"resourceType\":\"Patient\",\"id\":\"a\",\"active\":true}\n"
                               "{\"resourceType\":\"Patient\",\"id\":\"b\",\"active\":true}\n"
                               "{\"resourceType\":\"Observation\",\"id\":\"oa\",\"status\":"
                               "\"preliminary\",\"code\":{\"text\":\"x\"},\"subject\":{"
                               "\"reference\":\"Patient/a\"}}\n")));
    IMPORT(from,
           help_file(
               "a.ndjson",
               STR("{\"resourceType\":\"Patient\",\"id\":\"a\"}\n"
                   "{\"resourceType\":\"Patient\",\"id\":\"b\"}\n"
                   "{\"resourceType\":\"Observation\",\"id\":\"oa\",\"status\":\"final\","
                   "\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/a\"}}\n"
                   "{\"resourceType\":\"Observation\",\"id\":\"ob\",\"status\":\"final\","
                   "\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/b\"}}\n")));
    REQUIRE(export_to(from, path_of("out"), STR("a"), &facts) == OK);
    CHECK_INT(facts.resources, 2);
    CHECK_INT(facts.versions, 4);
    history = help_read_file(path_of("out/history.ndjson"));
    CHECK(str_find(history, STR("\"preliminary\"")) < str_find(history, STR("\"final\"")));
    CHECK(str_find(history, STR("\"preliminary\"")) >= 0);
    CHECK(str_find(history, STR("\"oa\"")) >= 0);
    CHECK(str_find(history, STR("\"ob\"")) < 0);
    CHECK(str_find(history, STR("Patient/b")) < 0);
    CHECK(export_to(from, path_of("other"), STR("nobody"), &facts) == FAIL_NOT_FOUND);
    store_close(from);
}

/* ---- lines ---- */

/* Names of one holder of a grant. */
/* Names live in `lasting`; the grant is there also where they are not wanted. */
static const GrantNames *some_names(Store *s, Arena *lasting)
{
    Call             *c = unit_call();
    Grant             grant = { .scopes = STR("system/*.rs"),
                                .name = STR("Ann \"the\" checker"),
                                .made_us = 1,
                                .ends_us = 2,
                                .hash = { 7 } };
    Session          *session;
    const GrantNames *names;

    CHECK(store_grant_put(c, s, &grant) == OK);
    CHECK(session_open(c, s, &session) == OK);
    CHECK(grant_names_load(c, session, lasting, &names) == OK);
    session_close(session);
    return names;
}

TEST(grants_go_out_without_their_secret_and_come_back_revoked)
{
    Call       *c = unit_call();
    Store      *from = make_record("from"), *to = help_store("to");
    ExportFacts facts;
    ImportFacts taken;
    Session    *session;
    Arena      *lasting = arena_create((size_t)1 << 20);
    Grant       found;
    Str         lines;

    some_names(from, lasting);
    REQUIRE(export_to(from, path_of("out"), (Str){ 0 }, &facts) == OK);
    lines = help_read_file(path_of("out/grants.ndjson"));
    CHECK(str_starts(
        lines, STR("{\"grant\":1,\"name\":\"Ann \\\"the\\\" checker\",\"scopes\":\"system/*.rs"
                   "\"")));
    taken = IMPORT(to, path_of("out"));
    CHECK_INT(taken.rejected, 0);
    REQUIRE(export_to(to, path_of("again"), (Str){ 0 }, &facts) == OK);
    CHECK(str_find(help_read_file(path_of("again/grants.ndjson")),
                   STR("\"name\":\"Ann \\\"the\\\" checker\""))
          >= 0);
    CHECK(str_find(help_read_file(path_of("again/grants.ndjson")), STR("\"revoked\":true"))
          >= 0);
    REQUIRE(session_open(c, to, &session) == OK);
    CHECK(store_grant_find(c, session, (uint8_t[32]){ 7 }, &found) == FAIL_NOT_FOUND);
    session_close(session);
    store_close(from);
    store_close(to);
    arena_destroy(lasting);
}

TEST(an_audit_record_survives_its_line_and_says_who_it_was)
{
    Call             *c = unit_call();
    Arena            *lasting = arena_create((size_t)1 << 20);
    Store            *s = help_store("data");
    const GrantNames *names = some_names(s, lasting);
    AuditRecord       r = { .at_us = 1700000000123456,
                            .grant = 1,
                            .interaction = 1,
                            .outcome = AUDIT_DENIED,
                            .status = 403,
                            .type = TYPE_PATIENT,
                            .id = STR("a"),
                            .version = 3,
                            .patient = STR("a"),
                            .request_id = STR("r-1"),
                            .address = STR("::1"),
                            .detail = STR("name=\"x\"\n\\&y"),
                            .rows = 9 };
    AuditRecord       back;
    Str               line = export_audit_line(c->arena, names, &r);

    CHECK(str_find(line, STR("\"name\":\"Ann \\\"the\\\" checker\"")) >= 0);
    REQUIRE(export_audit_read(c, line, &back) == OK);
    CHECK(back.at_us == r.at_us && back.grant == 1 && back.status == 403 && back.rows == 9);
    CHECK(back.interaction == 1 && back.outcome == AUDIT_DENIED && back.version == 3);
    CHECK(back.type == TYPE_PATIENT);
    CHECK_STR(back.detail, r.detail);
    CHECK_STR(back.request_id, r.request_id);
    CHECK(export_audit_read(c, STR("{\"at\":\"yesterday\"}"), &back) != OK);
    CHECK(export_audit_read(
              c, STR("{\"at\":\"2024-01-01T00:00:00Z\",\"interaction\":\"dance\"}"), &back)
          != OK);
    store_close(s);
    arena_destroy(lasting);
}

TEST(a_version_line_that_lacks_something_is_refused)
{
    static const char *const lines[] = {
        "{}",
        "{\"request\":{\"method\":\"PUT\",\"url\":\"Patient/1\"}}",
        "{\"request\":{\"method\":\"PUT\",\"url\":\"Patient/1\"},\"response\":{\"etag\":\"W/\\\"1\\\"\","
        "\"lastModified\":\"2024-01-01T00:00:00Z\"}}",
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient\"},\"response\":{\"etag\":\"W/\\\"1\\\"\","
        "\"lastModified\":\"2024-01-01T00:00:00Z\"}}",
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/1\"},\"response\":{\"etag\":\"W/\\\"0\\\"\","
        "\"lastModified\":\"2024-01-01T00:00:00Z\"}}",
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/1\"},\"response\":{\"etag\":\"W/\\\"1\\\"\","
        "\"lastModified\":\"soon\"}}",
    };
    Call   *c = unit_call();
    Version v;

    for (size_t i = 0; i < COUNT(lines); i++)
        CHECK(export_version_read(c, str_from(lines[i]), &v) != OK);
    CHECK(
        export_version_read(
            c,
            STR("{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/1\"},\"response\":{\"etag\":"
                "\"W/\\\"1\\\"\",\"lastModified\":\"2024-01-01T00:00:00.000001Z\"}}"),
            &v)
        == OK);
    CHECK(v.deleted && v.version == 1 && v.type == TYPE_PATIENT);
}
