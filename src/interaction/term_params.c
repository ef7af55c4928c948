/* Parameters of terminology's operations: see term_params.h. */
#include "interaction/term_params.h"

#include <stddef.h>

#include "base/limits.h"
#include "codec/url.h"

typedef enum Kind {
    KIND_TEXT,
    KIND_BOOLEAN,
    KIND_NUMBER,
    KIND_TEXTS,
    KIND_CODING,
    KIND_CODEABLE,
    KIND_RESOURCE,
    KIND_IGNORED,
} Kind;

typedef struct KnownParam {
    Str      name;
    unsigned operations;
    Kind     kind;
    size_t   place;   /* in TermAsked */
    size_t   present; /* of a bool that says it was there; 0: none */
} KnownParam;

#define AT(member) offsetof(TermAsked, member)
#define VALIDATE (TERM_VALIDATE_SYSTEM | TERM_VALIDATE_SET)
#define ALL 0xFFU

static const KnownParam known[] = {
    { STR_INIT("url"), VALIDATE | TERM_EXPAND | TERM_TRANSLATE, KIND_TEXT, AT(url), 0 },
    { STR_INIT("valueSetVersion"), TERM_EXPAND | TERM_VALIDATE_SET, KIND_TEXT,
      AT(value_set_version), 0 },
    { STR_INIT("conceptMapVersion"), TERM_TRANSLATE, KIND_TEXT, AT(value_set_version), 0 },
    { STR_INIT("valueSet"), TERM_EXPAND | TERM_VALIDATE_SET, KIND_RESOURCE, AT(given), 0 },
    { STR_INIT("codeSystem"), TERM_VALIDATE_SYSTEM, KIND_RESOURCE, AT(given), 0 },
    { STR_INIT("conceptMap"), TERM_TRANSLATE, KIND_RESOURCE, AT(given), 0 },
    { STR_INIT("system"), TERM_LOOKUP | TERM_VALIDATE_SET | TERM_SUBSUMES | TERM_TRANSLATE,
      KIND_TEXT, AT(system), 0 },
    { STR_INIT("sourceSystem"), TERM_TRANSLATE, KIND_TEXT, AT(system), 0 },
    { STR_INIT("version"), TERM_LOOKUP | TERM_VALIDATE_SYSTEM | TERM_SUBSUMES | TERM_TRANSLATE,
      KIND_TEXT, AT(version), 0 },
    { STR_INIT("systemVersion"), TERM_VALIDATE_SET, KIND_TEXT, AT(version), 0 },
    { STR_INIT("code"), TERM_LOOKUP | VALIDATE | TERM_TRANSLATE, KIND_TEXT, AT(code), 0 },
    { STR_INIT("sourceCode"), TERM_TRANSLATE, KIND_TEXT, AT(code), 0 },
    { STR_INIT("targetCode"), TERM_TRANSLATE, KIND_TEXT, AT(code_b), 0 },
    { STR_INIT("codeA"), TERM_SUBSUMES, KIND_TEXT, AT(code), 0 },
    { STR_INIT("codeB"), TERM_SUBSUMES, KIND_TEXT, AT(code_b), 0 },
    { STR_INIT("codingA"), TERM_SUBSUMES, KIND_CODING, AT(coding_a), 0 },
    { STR_INIT("codingB"), TERM_SUBSUMES, KIND_CODING, AT(coding_b), 0 },
    { STR_INIT("display"), VALIDATE, KIND_TEXT, AT(display), 0 },
    { STR_INIT("coding"), TERM_LOOKUP | VALIDATE | TERM_TRANSLATE, KIND_CODING, 0, 0 },
    { STR_INIT("sourceCoding"), TERM_TRANSLATE, KIND_CODING, 0, 0 },
    { STR_INIT("codeableConcept"), VALIDATE | TERM_TRANSLATE, KIND_CODEABLE, 0, 0 },
    { STR_INIT("date"), TERM_LOOKUP | VALIDATE | TERM_EXPAND, KIND_TEXT, AT(date), 0 },
    { STR_INIT("abstract"), VALIDATE, KIND_BOOLEAN, AT(abstract), AT(has_abstract) },
    { STR_INIT("displayLanguage"), TERM_LOOKUP | VALIDATE | TERM_EXPAND, KIND_TEXT,
      AT(display_language), 0 },
    { STR_INIT("inferSystem"), VALIDATE, KIND_BOOLEAN, AT(infer_system), 0 },
    { STR_INIT("lenient-display-validation"), VALIDATE, KIND_BOOLEAN, AT(lenient_display), 0 },
    { STR_INIT("property"), TERM_LOOKUP | TERM_EXPAND, KIND_TEXTS, AT(properties), 0 },
    { STR_INIT("useSupplement"), TERM_LOOKUP | VALIDATE | TERM_EXPAND, KIND_TEXTS,
      AT(supplements), 0 },
    { STR_INIT("filter"), TERM_EXPAND, KIND_TEXT, AT(filter), 0 },
    { STR_INIT("offset"), TERM_EXPAND, KIND_NUMBER, AT(offset), AT(has_offset) },
    { STR_INIT("count"), TERM_EXPAND, KIND_NUMBER, AT(count), AT(has_count) },
    { STR_INIT("includeDesignations"), TERM_EXPAND, KIND_BOOLEAN, AT(include_designations),
      AT(set_designations) },
    { STR_INIT("designation"), TERM_EXPAND, KIND_TEXTS, AT(designations), 0 },
    { STR_INIT("includeDefinition"), TERM_EXPAND, KIND_BOOLEAN, AT(include_definition),
      AT(set_definition) },
    { STR_INIT("activeOnly"), TERM_EXPAND | TERM_VALIDATE_SET, KIND_BOOLEAN, AT(active_only),
      AT(has_active_only) },
    { STR_INIT("excludeNested"), TERM_EXPAND, KIND_BOOLEAN, AT(exclude_nested),
      AT(set_nested) },
    { STR_INIT("exclude-system"), TERM_EXPAND, KIND_TEXTS, AT(excluded_systems), 0 },
    { STR_INIT("system-version"), ALL, KIND_TEXTS, AT(rules[0]), 0 },
    { STR_INIT("force-system-version"), ALL, KIND_TEXTS, AT(rules[1]), 0 },
    { STR_INIT("check-system-version"), ALL, KIND_TEXTS, AT(rules[2]), 0 },
    { STR_INIT("default-valueset-version"), ALL, KIND_TEXTS, AT(rules[3]), 0 },
    { STR_INIT("source"), TERM_TRANSLATE, KIND_TEXT, AT(source), 0 },
    { STR_INIT("target"), TERM_TRANSLATE, KIND_TEXT, AT(target), 0 },
    { STR_INIT("targetsystem"), TERM_TRANSLATE, KIND_TEXT, AT(target_system), 0 },
    { STR_INIT("targetSystem"), TERM_TRANSLATE, KIND_TEXT, AT(target_system), 0 },
    { STR_INIT("reverse"), TERM_TRANSLATE, KIND_BOOLEAN, AT(reverse), 0 },
    { STR_INIT("tx-resource"), ALL, KIND_RESOURCE, 0, 0 },
    { STR_INIT("cache-id"), ALL, KIND_IGNORED, 0, 0 },
};

#undef AT

static const KnownParam *find_known(TermOperation operation, Str name)
{
    for (size_t i = 0; i < COUNT(known); i++)
        if (known[i].operations & (unsigned)operation && str_equal(known[i].name, name))
            return &known[i];
    return NULL;
}

static Fail take_number(Call *c, Str name, Str value, uint32_t *out)
{
    uint64_t number;

    if (!str_to_u64(value, &number) || number > INT32_MAX)
        return fail(c, FAIL_VALUE, name, "Expected a whole number that is not negative");
    *out = (uint32_t)number;
    return OK;
}

/* A parameter with a simple value, from wherever it was said. */
static Fail take_plain(Call *c, const KnownParam *k, Str value, TermAsked *asked)
{
    char *place = (char *)asked + k->place;

    if (k->present)
        *((bool *)((char *)asked + k->present)) = true;
    switch (k->kind) {
    case KIND_TEXT: *(Str *)place = value; return OK;
    case KIND_NUMBER: return take_number(c, k->name, value, (uint32_t *)place);
    case KIND_BOOLEAN:
        if (!str_equal(value, STR("true")) && !str_equal(value, STR("false")))
            return fail(c, FAIL_VALUE, k->name, "Expected true or false");
        *(bool *)place = str_equal(value, STR("true"));
        return OK;
    case KIND_TEXTS: {
        TermTexts *texts = (TermTexts *)place;

        if (texts->count == TERM_TEXTS)
            return fail(c, FAIL_TOO_COSTLY, k->name, "This is said too many times");
        texts->at[texts->count++] = value;
        return OK;
    }
    case KIND_IGNORED: return OK;
    default:
        return fail(c, FAIL_VALUE, k->name,
                    "This parameter needs Parameters in the body of a POST");
    }
}

static Fail unknown(Call *c, const Asked *asked, Str name)
{
    if (asked->lenient) {
        warn(c, FAIL_NOT_SUPPORTED, name, "This parameter was passed over");
        return OK;
    }
    return fail(c, FAIL_VALUE, name, "This parameter is not understood here");
}

static Fail read_query(Call *c, const Asked *asked, TermOperation operation, TermAsked *out)
{
    UrlParam *params;
    size_t    count;

    if (asked->query.len == 0)
        return OK;
    TRY(url_params(c, asked->query, &params, &count));
    for (size_t i = 0; i < count; i++) {
        const KnownParam *k = find_known(operation, params[i].name);

        if (str_equal(params[i].name, STR("_format"))
            || str_equal(params[i].name, STR("_pretty")))
            continue;
        TRY(k ? take_plain(c, k, params[i].value, out) : unknown(c, asked, params[i].name));
    }
    return OK;
}

/* ---- the body ---- */

static AskedCoding coding_at(const Resource *r, uint32_t node, Str where)
{
    return (AskedCoding){ .system = node_child_text(r, node, STR("system")),
                          .version = node_child_text(r, node, STR("version")),
                          .code = node_child_text(r, node, STR("code")),
                          .display = node_child_text(r, node, STR("display")),
                          .where = where };
}

static void take_codeable(Call *c, const Resource *r, uint32_t node, TermAsked *out)
{
    uint32_t count = 0, at = 0;

    out->codeable = node_source(r, node);
    for (uint32_t i = node_child(r, node, STR("coding")); i; i = node_next_same(r, i))
        count++;
    out->codings = NEW_ARRAY(c->arena, AskedCoding, count + 1);
    for (uint32_t i = node_child(r, node, STR("coding")); i; i = node_next_same(r, i), at++)
        out->codings[out->coding_count++] =
            coding_at(r, i, arena_printf(c->arena, "CodeableConcept.coding[%u]", at));
}

static Fail take_coding(Call *c, const KnownParam *k, const Resource *r, uint32_t value,
                        TermAsked *out)
{
    if (!value || node_at(r, value)->type != TYPE_CODING)
        return fail(c, FAIL_VALUE, k->name, "This parameter needs a valueCoding");
    if (k->place) {
        *(AskedCoding *)((char *)out + k->place) = coding_at(r, value, STR("Coding"));
        return OK;
    }
    out->codings = NEW(c->arena, AskedCoding);
    out->codings[0] = coding_at(r, value, STR("Coding"));
    out->coding_count = 1;
    return OK;
}

static Fail take_resource(Call *c, const KnownParam *k, const Resource *r, uint32_t parameter,
                          TermAsked *out)
{
    uint32_t resource = node_child(r, parameter, STR("resource"));

    if (!resource)
        return fail(c, FAIL_VALUE, k->name, "This parameter needs a resource");
    if (k->place) {
        *(Str *)((char *)out + k->place) = node_source(r, resource);
        return OK;
    }
    if (out->resource_count == TERM_TEXTS)
        return fail(c, FAIL_TOO_COSTLY, k->name, "This is said too many times");
    if (!out->resources)
        out->resources = NEW_ARRAY(c->arena, Str, TERM_TEXTS);
    out->resources[out->resource_count++] = node_source(r, resource);
    return OK;
}

static Fail take_one(Call *c, const Asked *asked, const KnownParam *k, const Resource *r,
                     uint32_t parameter, TermAsked *out)
{
    uint32_t value = node_child(r, parameter, STR("value"));

    if (!k)
        return unknown(c, asked, node_child_text(r, parameter, STR("name")));
    if (k->kind == KIND_RESOURCE)
        return take_resource(c, k, r, parameter, out);
    if (k->kind == KIND_CODING)
        return take_coding(c, k, r, value, out);
    if (k->kind == KIND_CODEABLE) {
        if (!value || node_at(r, value)->type != TYPE_CODEABLE_CONCEPT)
            return fail(c, FAIL_VALUE, k->name, "This parameter needs a valueCodeableConcept");
        take_codeable(c, r, value, out);
        return OK;
    }
    if (!value || structure(node_at(r, value)->type)->kind != STRUCTURE_PRIMITIVE)
        return fail(c, FAIL_VALUE, k->name, "This parameter needs a value of a primitive type");
    return take_plain(c, k, node_text(node_at(r, value)), out);
}

static Fail read_body(Call *c, const Asked *asked, TermOperation operation, TermAsked *out)
{
    ReadOptions options = { .expected = TYPE_PARAMETERS, .values_max = LIMIT_JSON_NODES };
    Resource   *r = NEW(c->arena, Resource);

    if (asked->method != HTTP_POST || (!asked->resource && asked->body.len == 0))
        return OK;
    if (asked->resource)
        *r = *asked->resource;
    else
        TRY(resource_read(c, asked->body, &options, r));
    if (r->type != TYPE_PARAMETERS)
        return fail(c, FAIL_INVALID, type_name(r->type), "An operation takes Parameters");
    for (uint32_t each = node_child(r, r->root, STR("parameter")); each;
         each = node_next_same(r, each)) {
        uint32_t          since = c->issue_count;
        const KnownParam *k = find_known(operation, node_child_text(r, each, STR("name")));
        Fail              result = take_one(c, asked, k, r, each, out);

        for (uint32_t i = since; i < c->issue_count; i++)
            c->issues[i].expression = node_expression(c->arena, r, each);
        TRY(result);
    }
    return OK;
}

/* "code" with "system" and the like is a Coding, too. */
static void gather_coding(Call *c, TermAsked *a)
{
    if (a->coding_count || a->codeable.len || !a->code.len)
        return;
    a->codings = NEW(c->arena, AskedCoding);
    a->codings[0] = (AskedCoding){ a->system, a->version, a->code, a->display, { 0 } };
    a->coding_count = 1;
}

Fail term_params_read(Call *c, const Turn *turn, TermOperation operation, TermAsked *out)
{
    *out = (TermAsked){ 0 };
    TRY(read_query(c, turn->asked, operation, out));
    TRY(read_body(c, turn->asked, operation, out));
    if (operation == TERM_VALIDATE_SYSTEM && !out->system.len)
        out->system = out->url;
    if (!out->display_language.len)
        out->display_language = turn->asked->languages;
    gather_coding(c, out);
    return OK;
}

/* ---- saying things ---- */

static void begin(Buf *out, const char *name)
{
    if (out->len && out->at[out->len - 1] == '}')
        buf_put_char(out, ',');
    buf_printf(out, "{\"name\":\"%s\",", name);
}

void term_put(Buf *out, const char *name, const char *type, Str value)
{
    begin(out, name);
    buf_printf(out, "\"value%s\":", type);
    buf_put_json_string(out, value);
    buf_put_char(out, '}');
}

void term_put_bool(Buf *out, const char *name, bool value)
{
    begin(out, name);
    buf_printf(out, "\"valueBoolean\":%s}", value ? "true" : "false");
}

void term_put_json(Buf *out, const char *name, const char *member, Str json)
{
    begin(out, name);
    buf_printf(out, "\"%s\":", member);
    json_put_compact(out, json, 0, (uint32_t)json.len);
    buf_put_char(out, '}');
}
