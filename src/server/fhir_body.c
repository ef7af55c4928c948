/*
 * What may be in a request's body, by interaction; and Binary, whose content may travel bare
 * (R4 binary.html, REST-20). See fhir_body.h.
 */
#include "server/fhir_body.h"

#include "base/limits.h"
#include "codec/base64.h"
#include "codec/gzip.h"
#include "codec/json.h"
#include "fhir/xml_read.h"
#include "fhir/xml_write.h"
#include "server/negotiate.h"

typedef enum BodyRule {
    BODY_NONE,     /* whatever is sent is not looked at */
    BODY_FHIR,     /* a resource, required */
    BODY_OPTIONAL, /* a resource or nothing */
    BODY_PATCH,    /* a patch document, required */
    BODY_FORM,     /* a query string, perhaps empty */
    BODY_GRAPHQL,  /* a query in JSON, or by itself */
} BodyRule;

static const uint8_t body_rules[INTERACTIONS] = {
    [INTERACTION_CREATE] = BODY_FHIR,
    [INTERACTION_UPDATE] = BODY_FHIR,
    [INTERACTION_CONDITIONAL_UPDATE] = BODY_FHIR,
    [INTERACTION_BUNDLE] = BODY_FHIR,
    [INTERACTION_META_ADD] = BODY_FHIR,
    [INTERACTION_META_DELETE] = BODY_FHIR,
    [INTERACTION_PATCH] = BODY_PATCH,
    [INTERACTION_CONDITIONAL_PATCH] = BODY_PATCH,
    [INTERACTION_SEARCH_TYPE] = BODY_FORM,
    [INTERACTION_AUDIT_SEARCH] = BODY_FORM,
    [INTERACTION_SEARCH_SYSTEM] = BODY_FORM,
    [INTERACTION_SEARCH_COMPARTMENT] = BODY_FORM,
    [INTERACTION_EVERYTHING] = BODY_OPTIONAL,
    [INTERACTION_META] = BODY_OPTIONAL,
    [INTERACTION_VALIDATE] = BODY_OPTIONAL,
    [INTERACTION_SNAPSHOT] = BODY_OPTIONAL,
    [INTERACTION_FIND] = BODY_OPTIONAL,
    [INTERACTION_HOLD] = BODY_OPTIONAL,
    [INTERACTION_BOOK] = BODY_OPTIONAL,
    [INTERACTION_SERIES] = BODY_OPTIONAL,
    [INTERACTION_SERIES_CHANGE] = BODY_OPTIONAL,
    [INTERACTION_LOOKUP] = BODY_OPTIONAL,
    [INTERACTION_VALIDATE_CODE] = BODY_OPTIONAL,
    [INTERACTION_EXPAND] = BODY_OPTIONAL,
    [INTERACTION_SUBSUMES] = BODY_OPTIONAL,
    [INTERACTION_TRANSLATE] = BODY_OPTIONAL,
    [INTERACTION_FHIRPATH] = BODY_FHIR,
    [INTERACTION_VIEW] = BODY_FHIR,
    [INTERACTION_GRAPHQL] = BODY_GRAPHQL,
    [INTERACTION_INVOICE] = BODY_OPTIONAL,
    [INTERACTION_ISSUE] = BODY_OPTIONAL,
    [INTERACTION_CANCEL_INVOICE] = BODY_OPTIONAL,
    [INTERACTION_WRITE_OFF] = BODY_OPTIONAL,
    [INTERACTION_PAY] = BODY_OPTIONAL,
    [INTERACTION_ALLOCATE] = BODY_OPTIONAL,
    [INTERACTION_REFUND] = BODY_OPTIONAL,
    [INTERACTION_RECEIPT] = BODY_OPTIONAL,
    [INTERACTION_SAMPLE_RECEIPT] = BODY_OPTIONAL,
    [INTERACTION_SIGN] = BODY_OPTIONAL,
    [INTERACTION_COSIGN] = BODY_OPTIONAL,
    [INTERACTION_AMEND] = BODY_OPTIONAL,
    [INTERACTION_CHECK] = BODY_OPTIONAL,
    [INTERACTION_SCORE] = BODY_OPTIONAL,
    [INTERACTION_INSTALL] = BODY_OPTIONAL,
};

static BodyRule rule_of(const Asked *asked)
{
    if (asked->method != HTTP_POST && asked->method != HTTP_PUT && asked->method != HTTP_PATCH)
        return BODY_NONE;
    return (BodyRule)body_rules[asked->kind];
}

static bool is_there(const Request *r)
{
    return r->pending || r->body.len > 0;
}

static bool is_fhir_json(Str header)
{
    MediaType type = media_type_parse(header);

    return media_type_is_fhir_json(&type);
}

static bool is_fhir_xml(Str header)
{
    MediaType type = media_type_parse(header);

    return media_type_is_fhir_xml(&type);
}

/* Content of a Binary that is not itself dressed as FHIR. XML is content, unless it says that it is
 * FHIR's: documents are kept so. */
static bool is_bare(const Asked *asked, Str header)
{
    MediaType type = media_type_parse(header);

    return asked->type == TYPE_BINARY
           && (asked->kind == INTERACTION_CREATE || asked->kind == INTERACTION_UPDATE)
           && !media_type_is_fhir_json(&type) && str_find(type.name, STR("/")) > 0
           && !str_equal_ascii_nocase(type.name, STR("application/fhir+xml"));
}

static bool type_fits(BodyRule rule, const Asked *asked, Str header)
{
    MediaType type = media_type_parse(header);

    switch (rule) {
    case BODY_NONE: return true;
    case BODY_FHIR:
        return is_fhir_json(header) || is_fhir_xml(header) || is_bare(asked, header);
    case BODY_OPTIONAL: return is_fhir_json(header) || is_fhir_xml(header);
    case BODY_PATCH:
        return is_fhir_json(header) || is_fhir_xml(header)
               || str_equal_ascii_nocase(type.name, STR("application/json-patch+json"));
    case BODY_GRAPHQL:
        return is_fhir_json(header)
               || str_equal_ascii_nocase(type.name, STR("application/graphql"));
    case BODY_FORM:
        return str_equal_ascii_nocase(type.name, STR("application/x-www-form-urlencoded"));
    }
    return false;
}

static Str types_taken(BodyRule rule)
{
    switch (rule) {
    case BODY_PATCH:
        return STR("application/json-patch+json, application/fhir+json, application/fhir+xml");
    case BODY_FORM: return STR("application/x-www-form-urlencoded");
    case BODY_GRAPHQL: return STR("application/json or application/graphql");
    default: return STR("application/fhir+json or application/fhir+xml");
    }
}

Fail fhir_body_check(Visit *v, Asked *asked)
{
    BodyRule rule = rule_of(asked);
    Str      header = request_header(v->request, STR("Content-Type"));
    Str      taken = types_taken(rule);

    asked->body_type = media_type_parse(header).name;
    if (rule == BODY_NONE || !is_there(v->request))
        return OK;
    if (!type_fits(rule, asked, header)) {
        if (rule == BODY_PATCH)
            visit_header(v, STR("Accept-Patch"), taken);
        return fail(v->call, FAIL_MEDIA_TYPE, STR("Content-Type"),
                    "The body must be %.*s in UTF-8", STR_ARG(taken));
    }
    if (content_coding_parse(request_header(v->request, STR("Content-Encoding")))
        == CODING_OTHER) {
        visit_header(v, STR("Accept-Encoding"), STR("gzip"));
        return fail(v->call, FAIL_MEDIA_TYPE, STR("Content-Encoding"),
                    "Of content codings only gzip is understood");
    }
    return OK;
}

/* {"resourceType":"Binary","contentType":…,"securityContext":…,"data":…}, for an update with
 * the id of the address. */
static Str dress_binary(Visit *v, const Asked *asked, Str bytes)
{
    Str context = request_header(v->request, STR("X-Security-Context"));
    Buf out = buf_new(v->call->arena, bytes.len / 3 * 4 + 256);

    buf_put(&out, STR("{\"resourceType\":\"Binary\""));
    if (asked->kind == INTERACTION_UPDATE) {
        buf_put(&out, STR(",\"id\":"));
        buf_put_json_string(&out, asked->id);
    }
    buf_put(&out, STR(",\"contentType\":"));
    buf_put_json_string(&out, str_trim(request_header(v->request, STR("Content-Type"))));
    if (context.len) {
        buf_put(&out, STR(",\"securityContext\":{\"reference\":"));
        buf_put_json_string(&out, context);
        buf_put(&out, STR("}"));
    }
    buf_put(&out, STR(",\"data\":\""));
    base64_put(&out, bytes);
    buf_put(&out, STR("\"}"));
    return buf_str(&out);
}

/* All behind this sees JSON. */
static Fail read_xml(Visit *v, Asked *asked)
{
    bool bundle = asked->kind == INTERACTION_BUNDLE;

    TRY(xml_read_resource(v->call, asked->body, bundle ? LIMIT_BUNDLE_NODES : LIMIT_JSON_NODES,
                          &asked->body));
    asked->body_type = STR("application/fhir+json");
    return OK;
}

Fail fhir_body_take(Visit *v, Asked *asked)
{
    const Request *r = v->request;
    BodyRule       rule = rule_of(asked);
    size_t         bytes_max = reply_body_bytes_max(r->method, r->path);
    Str            type = request_header(r, STR("Content-Type"));

    if (rule == BODY_NONE)
        return OK;
    asked->body = r->body;
    if (r->body.len
        && content_coding_parse(request_header(r, STR("Content-Encoding"))) == CODING_GZIP)
        TRY(gzip_unpack(v->call, r->body, bytes_max, &asked->body));
    if (asked->body.len == 0 && (rule == BODY_FHIR || rule == BODY_PATCH))
        return fail(v->call, FAIL_INVALID, (Str){ 0 }, "The request has no body");
    if (asked->body.len && is_bare(asked, type)) {
        asked->body = dress_binary(v, asked, asked->body);
        asked->body_type = STR("application/fhir+json");
    } else if (asked->body.len && rule != BODY_FORM && is_fhir_xml(type)) {
        TRY(read_xml(v, asked));
    }
    return OK;
}

/* Header-safe: a media type that was stored may hold anything a code may. */
static bool is_plain(Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < 0x20 || text.at[i] > 0x7e)
            return false;
    return text.len > 0;
}

bool fhir_body_to_xml(Call *c, Str *body)
{
    uint32_t    issues = c->issue_count;
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES, .trusted = true };
    Resource    r;

    if (resource_read(c, *body, &options, &r) == OK && xml_write_resource(c, &r, body) == OK)
        return true;
    call_forget_issues(c, issues);
    return false;
}

bool fhir_body_bare(Visit *v, Answer *answer)
{
    Call    *c = v->call;
    uint32_t issues = c->issue_count;
    Json     json;
    Str      type, bytes = { 0 };

    if (json_parse(c, answer->body, LIMIT_JSON_NODES, &json) != OK) {
        call_forget_issues(c, issues);
        return false;
    }
    type = json_member_text(&json, 0, STR("contentType"));
    if (!is_plain(type)
        || !base64_read(c->arena, json_member_text(&json, 0, STR("data")), &bytes))
        return false;
    answer->body = bytes;
    answer->raw_type = type;
    return true;
}
