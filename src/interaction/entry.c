/* The entries of a batch or transaction: what each asks, and how its answer is put: batch.h. */
#include "base/moment.h"
#include "codec/url.h"
#include "fhir/outcome.h"
#include "interaction/batch.h"

static const struct MethodName {
    Str        name;
    HttpMethod method;
    uint8_t    rank; /* in the order of processing: DELETE, POST, PUT and PATCH, GET (TX-02) */
} method_names[] = {
    { STR_INIT("DELETE"), HTTP_DELETE, 0 }, { STR_INIT("POST"), HTTP_POST, 1 },
    { STR_INIT("PUT"), HTTP_PUT, 2 },       { STR_INIT("PATCH"), HTTP_PATCH, 2 },
    { STR_INIT("GET"), HTTP_GET, 3 },       { STR_INIT("HEAD"), HTTP_HEAD, 3 },
};

static HttpMethod method_of(Str name)
{
    for (size_t i = 0; i < COUNT(method_names); i++)
        if (str_equal(name, method_names[i].name))
            return method_names[i].method;
    return HTTP_OTHER;
}

uint8_t entry_rank(const BundleEntry *entry)
{
    for (size_t i = 0; i < COUNT(method_names); i++)
        if (str_equal(entry->method, method_names[i].name))
            return method_names[i].rank;
    return RANK_GET;
}

Fail entry_ask(Call *c, const Turn *turn, const BundleEntry *entry, Asked *asked,
               Answer *answer)
{
    const Asked *outer = turn->asked;
    Str          path = entry->url, query = { 0 };

    str_cut(entry->url, '?', &path, &query);
    *answer = (Answer){ 0 };
    *asked = (Asked){
        .method = method_of(entry->method),
        .query = query,
        .resource = entry->has_resource ? &entry->resource : NULL,
        .if_match = entry->if_match,
        .if_none_match = entry->if_none_match,
        .if_modified_since = entry->if_modified_since,
        .if_none_exist = entry->if_none_exist,
        .prefer_return = outer->prefer_return ? outer->prefer_return : PREFER_MINIMAL,
        .lenient = outer->lenient,
        .base = outer->base,
        .address = outer->address,
        .in_bundle = true,
    };
    if (entry->method.len == 0 || entry->url.len == 0)
        return fail(c, FAIL_REQUIRED, (Str){ 0 },
                    "An entry needs a request with method and url");
    if (!url_decode(c->arena, path, false, &path))
        return fail(c, FAIL_VALUE, (Str){ 0 }, "The url of the request is not well-formed");
    return asked_route(c, asked, path, answer);
}

void entry_name_issues(Call *c, const BundleEntry *entry, uint32_t since)
{
    for (uint32_t i = since; i < c->issue_count; i++) {
        Issue *issue = &c->issues[i];
        Str    head, tail;

        if (str_starts(issue->expression, STR("Bundle.entry")))
            continue;
        if (str_cut(issue->expression, '.', &head, &tail) && type_find(head))
            issue->expression = arena_printf(c->arena, "Bundle.entry[%u].resource.%.*s",
                                             entry->index, STR_ARG(tail));
        else
            issue->expression = arena_printf(c->arena, "Bundle.entry[%u]", entry->index);
    }
}

static void put_resource(Buf *out, const Asked *asked, const Answer *answer)
{
    if (answer->version && answer->id.len > 0)
        buf_printf(out, "\"fullUrl\":\"%.*s/%.*s/%.*s\",", STR_ARG(asked->base),
                   STR_ARG(type_name(answer->type)), STR_ARG(answer->id));
    buf_put(out, STR("\"resource\":"));
    buf_put(out, answer->body);
    buf_put_char(out, ',');
}

void entry_put_answer(Buf *out, const Asked *asked, const Answer *answer, Str outcome)
{
    bool reads = asked->method == HTTP_GET;
    char at[INSTANT_CHARS + 1];

    if (out->len > 0)
        buf_put_char(out, ',');
    buf_put_char(out, '{');
    if (answer->body.len > 0 && asked->method != HTTP_HEAD) {
        if (reads || asked->prefer_return != PREFER_OUTCOME)
            put_resource(out, asked, answer);
        else
            outcome = answer->body;
    }
    buf_put(out, STR("\"response\":{\"status\":\""));
    buf_put(out, outcome_status_text(answer->status));
    buf_put_char(out, '"');
    if (answer->location.len > 0)
        buf_printf(out, ",\"location\":\"%.*s/%.*s\"", STR_ARG(asked->base),
                   STR_ARG(answer->location));
    if (answer->version)
        buf_printf(out, ",\"etag\":\"W/\\\"%llu\\\"\"", (unsigned long long)answer->version);
    if (answer->at_us) {
        moment_format_instant(answer->at_us, at);
        buf_printf(out, ",\"lastModified\":\"%s\"", at);
    }
    if (outcome.len > 0) {
        buf_put(out, STR(",\"outcome\":"));
        buf_put(out, outcome);
    }
    buf_put(out, STR("}}"));
}

Str bundle_response(Call *c, Str bundle_type, const Buf *entries)
{
    Buf text = buf_new(c->arena, entries->len + 128);

    buf_put(&text, STR("{\"resourceType\":\"Bundle\",\"type\":"));
    buf_put_json_string(&text, bundle_type);
    if (entries->len > 0) {
        buf_put(&text, STR(",\"entry\":["));
        buf_put(&text, buf_str(entries));
        buf_put_char(&text, ']');
    }
    buf_put_char(&text, '}');
    return buf_str(&text);
}
