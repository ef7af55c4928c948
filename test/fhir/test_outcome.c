/* Failures as OperationOutcome and status: fhir/outcome.c. */
#include "base/limits.h"
#include "fhir/outcome.h"
#include "fhir/resource.h"
#include "test/unit.h"

static Resource read_outcome(Str text)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES,
                            .expected = TYPE_OPERATION_OUTCOME };
    Resource    r = { 0 };
    Call        c;

    call_begin(&c, unit_call()->arena);
    if (resource_read(&c, text, &options, &r) != OK)
        unit_fail(__FILE__, __LINE__, "not an OperationOutcome: %.*s: %.*s", STR_ARG(text),
                  STR_ARG(c.issues[0].text));
    return r;
}

TEST(each_failure_has_a_status_and_a_code_of_the_standard)
{
    Call *c = unit_call();

    for (Fail f = OK; f < FAILURES; f++) {
        Resource r = read_outcome(outcome_of(c, f, 0));
        uint32_t issue = node_child(&r, 0, STR("issue"));

        CHECK(node_child_text(&r, issue, STR("code")).len > 0);
        CHECK(outcome_status(f) >= (f ? 400 : 200) && outcome_status(f) < 600);
        CHECK(outcome_status_text(outcome_status(f)).len > 4);
        CHECK_STR(node_child_text(&r, issue, STR("severity")), f == OK ? STR("information")
                                                               : f == FAIL_SYSTEM
                                                                   ? STR("fatal")
                                                                   : STR("error"));
    }
}

TEST(the_statuses_are_those_of_the_standard)
{
    static const struct {
        Fail fail;
        int  status;
    } expected[] = {
        { FAIL_SYNTAX, 400 },
        { FAIL_STRUCTURE, 400 },
        { FAIL_VALUE, 400 },
        { FAIL_INVALID, 400 },
        { FAIL_LOGIN, 401 },
        { FAIL_EXPIRED, 401 },
        { FAIL_FORBIDDEN, 403 },
        { FAIL_NOT_FOUND, 404 },
        { FAIL_UNKNOWN_TYPE, 404 },
        { FAIL_METHOD, 405 },
        { FAIL_NOT_ACCEPTABLE, 406 },
        { FAIL_CONFLICT, 409 },
        { FAIL_GONE, 410 },
        { FAIL_PRECONDITION, 412 },
        { FAIL_MULTIPLE, 412 },
        { FAIL_TOO_LARGE, 413 },
        { FAIL_TOO_COSTLY, 413 },
        { FAIL_URI_TOO_LONG, 414 },
        { FAIL_MEDIA_TYPE, 415 },
        { FAIL_UNPROCESSABLE, 422 },
        { FAIL_CODE, 422 },
        { FAIL_INVARIANT, 422 },
        { FAIL_THROTTLED, 429 },
        { FAIL_SYSTEM, 500 },
        { FAIL_BUSY, 503 },
        { FAIL_DISK_FULL, 507 },
        { FAIL_UNKNOWN_OUTCOME, 503 },
        { FAIL_NOT_SUPPORTED, 400 },
        { FAIL_TIMEOUT, 503 },
        { FAIL_DUPLICATE, 409 },
    };

    for (size_t i = 0; i < COUNT(expected); i++)
        CHECK_INT(outcome_status(expected[i].fail), expected[i].status);
    CHECK_STR(outcome_status_text(404), STR("404 Not Found"));
    CHECK_STR(outcome_status_text(201), STR("201 Created"));
}

TEST(what_was_noted_is_told_with_its_place)
{
    Call    *c = unit_call();
    Resource r;
    uint32_t issue;

    fail(c, FAIL_VALUE, STR("birthdate"), "not a date");
    fail_at(c, FAIL_REQUIRED, STR("Patient.contact[0]"), 3, 14, "something is \"missing\"");
    warn(c, FAIL_VALUE, STR("Patient.name"), "odd");
    CHECK_STR(
        outcome_of(c, FAIL_VALUE, 1),
        STR("{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":"
            "\"required\",\"details\":{\"text\":\"something is \\\"missing\\\"\"},\"diagnostics\":"
            "\"line 3, column 14\",\"expression\":[\"Patient.contact[0]\"]},{\"severity\":"
            "\"warning\",\"code\":\"value\",\"details\":{\"text\":\"odd\"},\"expression\":["
            "\"Patient.name\"]}]}"));
    r = read_outcome(outcome_of(c, FAIL_VALUE, 0));
    issue = node_child(&r, 0, STR("issue"));
    CHECK_STR(node_child_text(&r, issue, STR("location")), STR("http.birthdate"));
    CHECK_STR(node_child_text(&r, node_next_same(&r, issue), STR("expression")),
              STR("Patient.contact[0]"));
}

TEST(any_text_makes_a_valid_outcome)
{
    static const char *const odd[] = { "",
                                       " ",
                                       "\x01",
                                       ("a\x1f"
                                        "b\n"),
                                       "\"\\\xc3\xa9",
                                       " \t x" };

    for (size_t i = 0; i < COUNT(odd); i++) {
        Call *c = unit_call();

        c->issue_count = 0;
        fail(c, FAIL_VALUE, str_from(odd[i]), "%s", odd[i]);
        read_outcome(outcome_of(c, FAIL_VALUE, 0));
    }
}

TEST(what_was_left_out_is_counted)
{
    Call    *c = unit_call();
    Resource r;
    uint32_t count = 0;

    for (int i = 0; i < LIMIT_ISSUES + 7; i++)
        fail(c, FAIL_VALUE, (Str){ 0 }, "fault %d", i);
    r = read_outcome(outcome_of(c, FAIL_VALUE, 0));
    for (uint32_t i = node_child(&r, 0, STR("issue")); i; i = node_next_same(&r, i))
        count++;
    CHECK_INT(count, LIMIT_ISSUES + 1);
    CHECK(str_find(r.tree->json.source, STR("\"7 more")) > 0);
}

TEST(our_own_failure_tells_the_request_and_nothing_else)
{
    Call *c = unit_call();
    Str   text = outcome_of(c, FAIL_SYSTEM, 0);

    CHECK(str_find(text, str_from(c->request_id)) > 0);
}
