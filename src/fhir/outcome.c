/*
 * How a failure is said: the HTTP status and the code of OperationOutcome.issue, in one table.
 * See outcome.h. R4 http.html, valueset-issue-type.html; standards 1.7.
 */
#include "fhir/outcome.h"

#include "base/ensure.h"
#include "fhir/definitions.h"

typedef struct Saying {
    uint16_t    status;
    const char *code; /* OperationOutcome.issue.code */
    const char *text; /* where nothing was noted */
} Saying;

static const Saying sayings[] = {
    [OK] = { 200, "informational", "All went well" },
    [FAIL_SYNTAX] = { 400, "structure", "The text could not be read" },
    [FAIL_STRUCTURE] = { 400, "structure", "The text is not a FHIR resource" },
    [FAIL_VALUE] = { 400, "value", "A value is malformed" },
    [FAIL_REQUIRED] = { 400, "required", "Something that must be there is missing" },
    [FAIL_CODE] = { 422, "code-invalid", "A code is not in the value set required" },
    [FAIL_INVARIANT] = { 422, "invariant", "A rule of the standard is broken" },
    [FAIL_INVALID] = { 400, "invalid", "The request contradicts itself" },
    [FAIL_UNPROCESSABLE] = { 422, "processing", "The request cannot be carried out" },
    [FAIL_LOGIN] = { 401, "login", "A valid login is needed" },
    [FAIL_EXPIRED] = { 401, "expired", "The login has expired" },
    [FAIL_FORBIDDEN] = { 403, "forbidden", "This is not allowed" },
    [FAIL_NOT_FOUND] = { 404, "not-found", "There is nothing here" },
    [FAIL_UNKNOWN_TYPE] = { 404, "not-supported",
                            "There is no such resource type or operation" },
    [FAIL_GONE] = { 410, "deleted", "This was deleted" },
    [FAIL_METHOD] = { 405, "not-supported", "This method is not offered here" },
    [FAIL_NOT_ACCEPTABLE] = { 406, "not-supported", "No answer in the format asked for" },
    [FAIL_MEDIA_TYPE] = { 415, "not-supported", "The body's format is not understood" },
    [FAIL_CONFLICT] = { 409, "conflict", "This clashes with the present state" },
    [FAIL_PRECONDITION] = { 412, "conflict", "A condition of the request did not hold" },
    [FAIL_MULTIPLE] = { 412, "multiple-matches",
                        "The condition matched more than one resource" },
    [FAIL_DUPLICATE] = { 409, "duplicate", "It is there already" },
    [FAIL_NOT_SUPPORTED] = { 400, "not-supported", "This is not offered here" },
    [FAIL_TOO_LARGE] = { 413, "too-long", "That is more than is allowed" },
    [FAIL_URI_TOO_LONG] = { 414, "too-long", "The address is longer than is allowed" },
    [FAIL_TOO_COSTLY] = { 413, "too-costly", "That is more work than is allowed" },
    [FAIL_THROTTLED] = { 429, "throttled", "Too many calls: wait a little" },
    [FAIL_BUSY] = { 503, "transient", "There is too much to do: come back later" },
    [FAIL_TIMEOUT] = { 503, "timeout", "The call took too long" },
    [FAIL_DISK_FULL] = { 507, "no-store", "There is no room to store anything" },
    [FAIL_UNKNOWN_OUTCOME] = { 503, "transient",
                               "It is not known whether this was stored: repeat it safely" },
    [FAIL_STALE] = { 409, "lock-error", "The state has moved on: look again" },
    [FAIL_SYSTEM] = { 500, "exception", "Hale failed; the request id helps to find out why" },
};
_Static_assert(COUNT(sayings) == FAILURES, "a saying for each failure");

typedef struct Phrase {
    int status;
    Str text;
} Phrase;

/* RFC 9110 15, and 429 (RFC 6585), 507 (RFC 4918). */
static const Phrase phrases[] = {
    { 200, STR_INIT("200 OK") },
    { 201, STR_INIT("201 Created") },
    { 202, STR_INIT("202 Accepted") },
    { 204, STR_INIT("204 No Content") },
    { 304, STR_INIT("304 Not Modified") },
    { 400, STR_INIT("400 Bad Request") },
    { 401, STR_INIT("401 Unauthorized") },
    { 403, STR_INIT("403 Forbidden") },
    { 404, STR_INIT("404 Not Found") },
    { 405, STR_INIT("405 Method Not Allowed") },
    { 406, STR_INIT("406 Not Acceptable") },
    { 409, STR_INIT("409 Conflict") },
    { 410, STR_INIT("410 Gone") },
    { 412, STR_INIT("412 Precondition Failed") },
    { 413, STR_INIT("413 Content Too Large") },
    { 414, STR_INIT("414 URI Too Long") },
    { 415, STR_INIT("415 Unsupported Media Type") },
    { 422, STR_INIT("422 Unprocessable Content") },
    { 428, STR_INIT("428 Precondition Required") },
    { 429, STR_INIT("429 Too Many Requests") },
    { 500, STR_INIT("500 Internal Server Error") },
    { 501, STR_INIT("501 Not Implemented") },
    { 503, STR_INIT("503 Service Unavailable") },
    { 507, STR_INIT("507 Insufficient Storage") },
};

int outcome_status(Fail fail)
{
    ENSURE(fail < FAILURES);
    return sayings[fail].status;
}

Str outcome_status_text(int status)
{
    for (size_t i = 0; i < COUNT(phrases); i++)
        if (phrases[i].status == status)
            return phrases[i].text;
    ENSURE(false && "a status that is in the table");
    return (Str){ 0 };
}

/* --- OperationOutcome -------------------------------------------------------------------- */

/* Text that FHIR's string takes: what came from outside may hold control characters. */
static Str printable(Arena *a, Str text)
{
    Str   copy = arena_str(a, str_trim(text));
    char *at = (char *)copy.at;

    for (size_t i = 0; i < copy.len; i++)
        if ((unsigned char)at[i] < ' ')
            at[i] = ' ';
    return str_trim(copy);
}

/* "Patient.name[0]": begins with a type, or with ViewDefinition, which is none of R4. Anything else
 * names a parameter or header. */
static bool is_expression(Str where)
{
    size_t i = 0;

    while (i < where.len && where.at[i] != '.' && where.at[i] != '[')
        i++;
    where = str_slice(where, 0, i);
    return type_find(where) != 0 || str_equal(where, STR("ViewDefinition"));
}

static void put_member(Buf *out, const char *name, Str text)
{
    buf_printf(out, ",\"%s\":", name);
    buf_put_json_string(out, text);
}

static void put_where(Buf *out, Str where)
{
    bool expression = is_expression(where);

    buf_put(out, expression ? STR(",\"expression\":[") : STR(",\"location\":["));
    buf_put_json_string(
        out, expression ? where : arena_printf(out->arena, "http.%.*s", STR_ARG(where)));
    buf_put_char(out, ']');
}

static void put_issue(Call *c, Buf *out, const Issue *issue)
{
    const Saying *saying = &sayings[issue->fail];
    Str           text = printable(c->arena, issue->text);
    Str           where = printable(c->arena, issue->expression);
    const char   *severity = issue->note                  ? "information"
                             : issue->warning             ? "warning"
                             : issue->fail == OK          ? "information"
                             : issue->fail == FAIL_SYSTEM ? "fatal"
                                                          : "error";

    buf_put_char(out, '{');
    if (issue->link_id.len) {
        buf_put(out, STR("\"extension\":[{\"url\":\"urn:hale:link-id\",\"valueString\":"));
        buf_put_json_string(out, printable(c->arena, issue->link_id));
        buf_put(out, STR("}],"));
    }
    buf_printf(out, "\"severity\":\"%s\",\"code\":\"%s\",\"details\":{\"text\":", severity,
               saying->code);
    buf_put_json_string(out, text.len ? text : str_from(saying->text));
    buf_put_char(out, '}');
    if (issue->line)
        put_member(out, "diagnostics",
                   arena_printf(c->arena, "line %u, column %u", issue->line, issue->column));
    else if (issue->fail == FAIL_SYSTEM)
        put_member(out, "diagnostics", arena_printf(c->arena, "request %s", c->request_id));
    if (where.len)
        put_where(out, where);
    buf_put_char(out, '}');
}

Str outcome_of(Call *c, Fail result, uint32_t since)
{
    Buf   out = buf_new(c->arena, 512);
    Issue alone = { .fail = result };

    buf_put(&out, STR("{\"resourceType\":\"OperationOutcome\","));
    if (c->offers.len && result != OK)
        buf_printf(&out, "\"contained\":[%.*s],", STR_ARG(c->offers));
    buf_put(&out, STR("\"issue\":["));
    for (uint32_t i = since; i < c->issue_count; i++) {
        if (i > since)
            buf_put_char(&out, ',');
        put_issue(c, &out, &c->issues[i]);
    }
    if (since >= c->issue_count)
        put_issue(c, &out, &alone);
    if (c->issues_left_out) {
        alone = (Issue){ .text = arena_printf(c->arena, "%u more were found and are not named",
                                              c->issues_left_out) };
        buf_put_char(&out, ',');
        put_issue(c, &out, &alone);
    }
    buf_put(&out, STR("]}"));
    return buf_str(&out);
}
