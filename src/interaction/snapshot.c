/*
 * $snapshot: a StructureDefinition with the snapshot that its differential and what it is based on
 * come to, whether it had one or not. Definitions are those that the caller may read, else what HL7
 * publishes. Nothing is stored. R4 structuredefinition-operation-snapshot.html
 */
#include "base/limits.h"
#include "fhir/profiles.h"
#include "interaction/terms.h"

typedef struct Wanted {
    Str url;
    Str definition; /* its JSON */
} Wanted;

static Fail take_url(Call *c, Str name, Str value, void *into)
{
    (void)c;
    (void)name;
    ((Wanted *)into)->url = value;
    return OK;
}

static const ParamRow rows[] = { { STR_INIT("url"), take_url } };

static Str source_of(const Json *json, uint32_t value)
{
    return str_slice(json->source, json->values[value].from, json->values[value].to);
}

static Fail take_parameter(Call *c, const Json *json, uint32_t parameter, Wanted *w)
{
    Str      name = json_member_text(json, parameter, STR("name"));
    uint32_t resource = json_member(json, parameter, STR("resource"));

    if (str_equal(name, STR("definition")) && resource)
        w->definition = source_of(json, resource);
    else if (str_equal(name, STR("url")))
        w->url = json_member_text(json, parameter, STR("valueUri"));
    else
        return fail(c, FAIL_VALUE, STR("Parameters.parameter"),
                    "Only definition and url are understood here");
    return OK;
}

/* Parameters, or the StructureDefinition by itself. */
static Fail take_body(Call *c, Str body, Wanted *w)
{
    Json     json;
    uint32_t list;

    TRY(json_parse(c, body, LIMIT_JSON_NODES, &json));
    if (!str_equal(json_member_text(&json, 0, STR("resourceType")), STR("Parameters"))) {
        w->definition = body;
        return OK;
    }
    list = json_member(&json, 0, STR("parameter"));
    for (uint32_t i = list + 1; list && i < json.values[list].after; i = json.values[i].after)
        if (json.values[i].kind == JSON_OBJECT)
            TRY(take_parameter(c, &json, i, w));
    return OK;
}

/* What is sent is as wrong as its sender made it: the reader names what is. */
static Fail check_sent(Call *c, Str definition)
{
    const ReadOptions options = { .expected = TYPE_STRUCTURE_DEFINITION,
                                  .values_max = LIMIT_JSON_NODES };
    Resource          resource;

    return resource_read(c, definition, &options, &resource);
}

static Fail take_known(Call *c, Terms *terms, Wanted *w)
{
    const TermDef *def;

    TRY(terms_find(terms, TYPE_STRUCTURE_DEFINITION, w->url, (Str){ 0 }, &def));
    if (!def)
        return fail(c, FAIL_NOT_FOUND, STR("url"),
                    "This StructureDefinition is not known here, or may not be read");
    w->definition = def->source;
    return OK;
}

Fail snapshot_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const TermAsked nothing = { 0 };
    const Asked    *asked = turn->asked;
    Wanted          w = { 0 };
    Terms          *terms;

    TRY(params_take(c, asked, rows, COUNT(rows), &w));
    if (asked->method == HTTP_POST && asked->body.len)
        TRY(take_body(c, asked->body, &w));
    TRY(terms_open(c, s, turn, &nothing, &terms));
    if (asked->id.len)
        TRY(answer_put_stored(c, s, turn, answer, &w.definition));
    else if (w.definition.len)
        TRY(check_sent(c, w.definition));
    else if (w.url.len)
        TRY(take_known(c, terms, &w));
    else
        return fail(c, FAIL_REQUIRED, STR("definition"),
                    "A StructureDefinition is needed, or the url of one");
    answer->status = 200;
    return profiles_snapshot(terms, w.definition, &answer->body);
}
