/*
 * A ValueSet's compose becomes parts that can be asked: lists in the order of their codes, filters
 * with their regular expressions compiled. One that has only an expansion is what that lists.
 * R4 valueset.html#compositions
 */
#include "fhir/terminology.h"

#include <stdlib.h>

#include "base/limits.h"

static const Str op_names[FILTER_OPS] = {
    [FILTER_EQUAL] = STR_INIT("="),
    [FILTER_IS_A] = STR_INIT("is-a"),
    [FILTER_DESCENDENT_OF] = STR_INIT("descendent-of"),
    [FILTER_IS_NOT_A] = STR_INIT("is-not-a"),
    [FILTER_REGEX] = STR_INIT("regex"),
    [FILTER_IN] = STR_INIT("in"),
    [FILTER_NOT_IN] = STR_INIT("not-in"),
    [FILTER_GENERALIZES] = STR_INIT("generalizes"),
    [FILTER_EXISTS] = STR_INIT("exists"),
    [FILTER_CHILD_OF] = STR_INIT("child-of"),
    [FILTER_DESCENDENT_LEAF] = STR_INIT("descendent-leaf"),
};

typedef struct Reading {
    Call       *call;
    Arena      *arena;
    const Json *json;
    ValueSet   *set;
} Reading;

static Str text(const Reading *r, uint32_t object, const char *name)
{
    return json_member_text(r->json, object, str_from(name));
}

static uint32_t list_of(const Reading *r, uint32_t object, const char *name, uint32_t *count)
{
    uint32_t list = object == UINT32_MAX ? 0 : json_member(r->json, object, str_from(name));

    *count = list ? r->json->values[list].count : 0;
    return list;
}

/* ---- lists ---- */

static int compare_concepts(const void *x, const void *y, void *context)
{
    const ValueSetPart *part = context;
    uint32_t            a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    int                 order = str_compare(part->concepts[a].code, part->concepts[b].code);

    return order ? order : (a > b) - (a < b);
}

static void sort_concepts(const Reading *r, ValueSetPart *part)
{
    part->by_code = NEW_ARRAY(r->arena, uint32_t, part->concept_count + 1);
    for (uint32_t i = 0; i < part->concept_count; i++)
        part->by_code[i] = i;
    if (part->concept_count)
        qsort_r(part->by_code, part->concept_count, sizeof(uint32_t), compare_concepts, part);
}

static Str concept_status(const Reading *r, uint32_t concept)
{
    uint32_t list = json_member(r->json, concept, STR("extension"));

    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after)
        if (str_ends(text(r, i, "url"), STR("/structuredefinition-standards-status")))
            return text(r, i, "valueCode");
    return (Str){ 0 };
}

static void take_concepts(const Reading *r, uint32_t include, ValueSetPart *part)
{
    uint32_t count, list = list_of(r, include, "concept", &count);

    part->concepts = NEW_ARRAY(r->arena, ValueSetConcept, count + 1);
    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after) {
        uint32_t designations = json_member(r->json, i, STR("designation"));
        ValueSetConcept *concept = &part->concepts[part->concept_count++];

        *concept = (ValueSetConcept){ .code = text(r, i, "code"),
                                      .display = text(r, i, "display"),
                                      .deprecated = concept_status(r, i) };
        if (designations)
        concept->designations = str_slice(r->json->source, r->json->values[designations].from,
                                          r->json->values[designations].to);
    }
    sort_concepts(r, part);
}

const ValueSetConcept *value_set_listed(const ValueSetPart *part, Str code, bool folds)
{
    uint32_t low = 0, high = part->concept_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (str_compare(part->concepts[part->by_code[middle]].code, code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < part->concept_count && str_equal(part->concepts[part->by_code[low]].code, code))
        return &part->concepts[part->by_code[low]];
    for (uint32_t i = 0; folds && i < part->concept_count; i++)
        if (str_equal_ascii_nocase(part->concepts[i].code, code))
            return &part->concepts[i];
    return NULL;
}

/* ---- filters ---- */

static void take_filter(const Reading *r, const ValueSetPart *part, uint32_t at,
                        ValueSetFilter *filter)
{
    Str      op = text(r, at, "op");
    uint32_t issues = r->call->issue_count;
    Str      system = part->system;

    *filter = (ValueSetFilter){ .property = text(r, at, "property"),
                                .value = text(r, at, "value"),
                                .op = FILTER_OPS };
    for (size_t i = 0; i < FILTER_OPS; i++)
        if (str_equal(op, op_names[i]))
            filter->op = (FilterOp)i;
    if (filter->op == FILTER_OPS)
        filter->wrong =
            arena_printf(r->arena, "The filter operation '%.*s' is not offered", STR_ARG(op));
    else if (filter->value.len == 0)
        filter->wrong = arena_printf(
            r->arena, "The system %.*s filter with property = %.*s, op = %.*s has no value",
            STR_ARG(system), STR_ARG(filter->property), STR_ARG(op));
    else if (filter->op == FILTER_REGEX
             && pattern_compile(r->call, r->arena, (Str){ 0 }, filter->value, &filter->pattern)
                    != OK)
        filter->wrong = arena_str(r->arena, r->call->issues[issues].text);
    call_forget_issues(r->call, issues);
}

static void take_filters(const Reading *r, uint32_t include, ValueSetPart *part)
{
    uint32_t count, list = list_of(r, include, "filter", &count);

    part->filters = NEW_ARRAY(r->arena, ValueSetFilter, count + 1);
    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after)
        take_filter(r, part, i, &part->filters[part->filter_count++]);
}

/* ---- parts ---- */

static void take_part(const Reading *r, uint32_t at, ValueSetPart *part)
{
    uint32_t count, list = list_of(r, at, "valueSet", &count);

    *part =
        (ValueSetPart){ .system = text(r, at, "system"), .version = text(r, at, "version") };
    part->value_sets = NEW_ARRAY(r->arena, Str, count + 1);
    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after)
        part->value_sets[part->value_set_count++] = r->json->values[i].text;
    take_concepts(r, at, part);
    take_filters(r, at, part);
}

static void take_parts(const Reading *r, uint32_t compose, const char *name, ValueSetPart **out,
                       uint32_t *out_count)
{
    uint32_t count, list = list_of(r, compose, name, &count), put = 0;

    *out = NEW_ARRAY(r->arena, ValueSetPart, count + 1);
    *out_count = count;
    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after)
        take_part(r, i, &(*out)[put++]);
}

/* ---- an expansion for want of a compose ---- */

static ValueSetPart *part_of(const Reading *r, Str system, Str version, uint32_t most)
{
    ValueSetPart *part;

    for (uint32_t i = 0; i < r->set->include_count; i++)
        if (str_equal(r->set->includes[i].system, system)
            && str_equal(r->set->includes[i].version, version))
            return &r->set->includes[i];
    if (r->set->include_count == most)
        return NULL;
    part = &r->set->includes[r->set->include_count++];
    *part = (ValueSetPart){ .system = system, .version = version };
    return part;
}

enum { EXPANSION_SYSTEMS = 256 };

/* Each object below "contains" that has a code, wherever it is nested, counted or taken. */
static void take_contained(const Reading *r, uint32_t expansion, bool counts)
{
    const JsonValue *values = r->json->values;

    for (uint32_t i = expansion + 1; i < values[expansion].after; i++) {
        uint32_t      abstract;
        ValueSetPart *part;
        Str           code;

        if (values[i].kind != JSON_OBJECT)
            continue;
        code = text(r, i, "code");
        abstract = json_member(r->json, i, STR("abstract"));
        if (!code.at || !text(r, i, "system").at
            || (abstract && values[abstract].kind == JSON_TRUE))
            continue;
        part = part_of(r, text(r, i, "system"), text(r, i, "version"), EXPANSION_SYSTEMS);
        if (!part)
            continue;
        if (counts)
            part->filter_count++;
        else
            part->concepts[part->concept_count++] =
                (ValueSetConcept){ .code = code, .display = text(r, i, "display") };
    }
}

static void take_expansion(const Reading *r, uint32_t expansion)
{
    uint32_t contains = json_member(r->json, expansion, STR("contains"));

    r->set->enumerated = true;
    r->set->includes = NEW_ARRAY(r->arena, ValueSetPart, EXPANSION_SYSTEMS);
    if (!contains)
        return;
    take_contained(r, contains, true);
    for (uint32_t i = 0; i < r->set->include_count; i++) {
        ValueSetPart *part = &r->set->includes[i];

        part->concepts = NEW_ARRAY(r->arena, ValueSetConcept, part->filter_count + 1);
        part->filter_count = 0;
    }
    take_contained(r, contains, false);
    for (uint32_t i = 0; i < r->set->include_count; i++)
        sort_concepts(r, &r->set->includes[i]);
}

/* ---- what stands beside it ---- */

static void take_supplements(const Reading *r)
{
    uint32_t count, list = list_of(r, 0, "extension", &count);

    r->set->supplements = NEW_ARRAY(r->arena, Str, count + 1);
    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after) {
        Str said = text(r, i, "valueCanonical");

        if (str_ends(text(r, i, "url"), STR("/valueset-supplement")))
            r->set->supplements[r->set->supplement_count++] =
                said.at ? said : text(r, i, "valueUri");
    }
}

/* compose.extension valueset-expansion-parameter: displayLanguage */
static void take_parameters(const Reading *r, uint32_t compose)
{
    uint32_t count, list = list_of(r, compose, "extension", &count);

    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after) {
        uint32_t parts = json_member(r->json, i, STR("extension"));
        Str      name = { 0 }, value = { 0 };

        for (uint32_t k = parts + 1; parts && k < r->json->values[parts].after;
             k = r->json->values[k].after) {
            bool is_name = str_equal(text(r, k, "url"), STR("name"));

            for (uint32_t v = k + 1; v < r->json->values[k].after; v++)
                if (str_starts(r->json->values[v].key, STR("value")))
                    *(is_name ? &name : &value) = r->json->values[v].text;
        }
        if (str_equal(name, STR("displayLanguage")))
            r->set->language = value;
    }
}

Fail value_set_define(Call *c, Arena *a, const Json *json, TermDef *def)
{
    ValueSet *set = NEW(a, ValueSet);
    Reading   r = { .call = c, .arena = a, .json = json, .set = set };
    uint32_t  compose = json_member(json, 0, STR("compose"));
    uint32_t  expansion = json_member(json, 0, STR("expansion"));
    uint32_t  inactive = compose ? json_member(json, compose, STR("inactive")) : 0;

    set->leaves_inactive = inactive && json->values[inactive].kind == JSON_FALSE;
    take_parts(&r, compose ? compose : UINT32_MAX, "include", &set->includes,
               &set->include_count);
    take_parts(&r, compose ? compose : UINT32_MAX, "exclude", &set->excludes,
               &set->exclude_count);
    if (!set->include_count && expansion)
        take_expansion(&r, expansion);
    take_supplements(&r);
    if (compose)
        take_parameters(&r, compose);
    def->value_set_parts = set;
    return OK;
}
