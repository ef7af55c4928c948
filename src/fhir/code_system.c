/*
 * A CodeSystem becomes concepts. Its hierarchy is that of its nested concepts, and of the properties
 * parent, child and subsumedBy. R4 codesystem.html#hierarchy
 */
#include "fhir/concepts_make.h"
#include "fhir/terminology.h"

#include "base/limits.h"

typedef struct Reading {
    Call          *call;
    const Json    *json;
    ConceptsMaker *maker;
    TermDef       *def;
} Reading;

static Str text(const Reading *r, uint32_t object, Str name)
{
    return json_member_text(r->json, object, name);
}

/* ---- what a concept says ---- */

static const struct {
    Str          member;
    ConceptValue kind;
} value_kinds[] = {
    { STR_INIT("valueCode"), CONCEPT_VALUE_CODE },
    { STR_INIT("valueString"), CONCEPT_VALUE_STRING },
    { STR_INIT("valueInteger"), CONCEPT_VALUE_INTEGER },
    { STR_INIT("valueBoolean"), CONCEPT_VALUE_BOOLEAN },
    { STR_INIT("valueDateTime"), CONCEPT_VALUE_DATE_TIME },
    { STR_INIT("valueDecimal"), CONCEPT_VALUE_DECIMAL },
};

static bool take_value(const Reading *r, uint32_t property, ConceptDetail *d)
{
    uint32_t coding = json_member(r->json, property, STR("valueCoding"));

    for (size_t i = 0; i < COUNT(value_kinds); i++) {
        uint32_t value = json_member(r->json, property, value_kinds[i].member);

        if (!value)
            continue;
        d->kind = value_kinds[i].kind;
        d->value = r->json->values[value].text;
        return true;
    }
    if (!coding)
        return false;
    d->kind = CONCEPT_VALUE_CODING;
    d->value = text(r, coding, STR("code"));
    d->system = text(r, coding, STR("system"));
    d->shown = text(r, coding, STR("display"));
    return true;
}

static void take_properties(const Reading *r, uint32_t concept, uint32_t handle)
{
    uint32_t list = json_member(r->json, concept, STR("property"));

    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after) {
        ConceptDetail d = { .name = text(r, i, STR("code")) };

        if (take_value(r, i, &d))
            concepts_make_detail(r->maker, handle, &d);
    }
}

static void take_designations(const Reading *r, uint32_t concept, uint32_t handle)
{
    uint32_t list = json_member(r->json, concept, STR("designation"));

    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after) {
        uint32_t      use = json_member(r->json, i, STR("use"));
        ConceptDetail d = { .name = text(r, i, STR("language")),
                            .value = text(r, i, STR("value")) };

        if (use) {
            d.system = text(r, use, STR("system"));
            d.use = text(r, use, STR("code"));
            d.shown = text(r, use, STR("display"));
        }
        concepts_make_detail(r->maker, handle, &d);
    }
}

/* Extensions that R5 made properties of, and R4 files use. */
static void take_extensions(const Reading *r, uint32_t concept, uint32_t handle)
{
    static const struct {
        Str          url, property, member;
        ConceptValue kind;
    } known[] = {
        { STR_INIT(
              "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status"),
          STR_INIT("status"), STR_INIT("valueCode"), CONCEPT_VALUE_CODE },
        { STR_INIT("http://hl7.org/fhir/StructureDefinition/codesystem-conceptOrder"),
          STR_INIT("order"), STR_INIT("valueInteger"), CONCEPT_VALUE_INTEGER },
        { STR_INIT("http://hl7.org/fhir/StructureDefinition/codesystem-label"),
          STR_INIT("label"), STR_INIT("valueString"), CONCEPT_VALUE_STRING },
        { STR_INIT("http://hl7.org/fhir/StructureDefinition/itemWeight"), STR_INIT("weight"),
          STR_INIT("valueDecimal"), CONCEPT_VALUE_DECIMAL },
    };
    uint32_t list = json_member(r->json, concept, STR("extension"));

    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after)
        for (size_t k = 0; k < COUNT(known); k++) {
            ConceptDetail d = { .kind = known[k].kind, .name = known[k].property };
            uint32_t      value = json_member(r->json, i, known[k].member);

            if (!value || !str_equal(text(r, i, STR("url")), known[k].url))
                continue;
            d.value = r->json->values[value].text;
            concepts_make_detail(r->maker, handle, &d);
        }
}

/* ---- the tree ---- */

typedef struct Level {
    uint32_t next, after; /* concepts of the list that are still to come */
    uint32_t parent;
} Level;

static void open_list(const Reading *r, uint32_t object, uint32_t parent, Level *out)
{
    uint32_t list = json_member(r->json, object, STR("concept"));

    *out = (Level){ .parent = parent };
    if (list) {
        out->next = list + 1;
        out->after = r->json->values[list].after;
    }
}

static void take_concept(const Reading *r, uint32_t at, uint32_t parent, uint32_t *handle)
{
    *handle =
        concepts_make_concept(r->maker, text(r, at, STR("code")), text(r, at, STR("display")),
                              text(r, at, STR("definition")));
    if (parent != CONCEPT_NONE)
        concepts_make_parent(r->maker, *handle, parent);
    take_properties(r, at, *handle);
    take_designations(r, at, *handle);
    take_extensions(r, at, *handle);
}

/* Depth is that of the JSON, which is bounded. */
static void take_concepts(const Reading *r)
{
    Level    levels[LIMIT_JSON_DEPTH];
    uint32_t depth = 1, handle;

    open_list(r, 0, CONCEPT_NONE, &levels[0]);
    while (depth) {
        Level   *level = &levels[depth - 1];
        uint32_t at = level->next;

        if (at >= level->after) {
            depth--;
            continue;
        }
        level->next = r->json->values[at].after;
        take_concept(r, at, level->parent, &handle);
        if (depth < LIMIT_JSON_DEPTH)
            open_list(r, at, handle, &levels[depth++]);
    }
}

/* What properties say of parents, once all codes are known. */
static void take_parents(const Reading *r)
{
    uint32_t depth = 1, handle = 0;
    Level    levels[LIMIT_JSON_DEPTH];

    open_list(r, 0, CONCEPT_NONE, &levels[0]);
    while (depth) {
        Level   *level = &levels[depth - 1];
        uint32_t at = level->next, list, other;

        if (at >= level->after) {
            depth--;
            continue;
        }
        level->next = r->json->values[at].after;
        list = json_member(r->json, at, STR("property"));
        for (uint32_t i = list + 1; list && i < r->json->values[list].after;
             i = r->json->values[i].after) {
            Str  code = text(r, i, STR("code"));
            bool down = str_equal(code, STR("child"));

            if (!down && !str_equal(code, STR("parent")) && !str_equal(code, STR("subsumedBy")))
                continue;
            other = concepts_make_find(r->maker, text(r, i, STR("valueCode")));
            if (other != CONCEPT_NONE)
                concepts_make_parent(r->maker, down ? other : handle, down ? handle : other);
        }
        handle++;
        if (depth < LIMIT_JSON_DEPTH)
            open_list(r, at, 0, &levels[depth++]);
    }
}

/* ---- the head ---- */

static void take_head(const Reading *r, Arena *a)
{
    TermDef *def = r->def;
    uint32_t list = json_member(r->json, 0, STR("property"));
    uint32_t sensitive = json_member(r->json, 0, STR("caseSensitive"));

    def->content = arena_str(a, text(r, 0, STR("content")));
    def->supplements = arena_str(a, text(r, 0, STR("supplements")));
    def->value_set = arena_str(a, text(r, 0, STR("valueSet")));
    def->case_sensitive = sensitive && r->json->values[sensitive].kind == JSON_TRUE;
    def->properties = NEW_ARRAY(a, TermProperty, list ? r->json->values[list].count : 1);
    for (uint32_t i = list + 1; list && i < r->json->values[list].after;
         i = r->json->values[i].after)
        def->properties[def->property_count++] = (TermProperty){
            .code = arena_str(a, text(r, i, STR("code"))),
            .uri = arena_str(a, text(r, i, STR("uri"))),
            .type = arena_str(a, text(r, i, STR("type"))),
        };
}

Fail code_system_define(Call *c, Arena *a, const Json *json, TermDef *def)
{
    uint32_t sensitive = json_member(json, 0, STR("caseSensitive"));
    bool     folds = sensitive && json->values[sensitive].kind == JSON_FALSE;
    Reading  r = {
         .call = c, .json = json, .maker = concepts_maker_new(c->arena, folds), .def = def
    };
    Str   image;
    char *kept;

    take_head(&r, a);
    take_concepts(&r);
    take_parents(&r);
    TRY(concepts_make_image(c, r.maker, &image));
    kept = arena_alloc(a, 1, image.len);
    memcpy(kept, image.at, image.len);
    return concepts_open(c, (Str){ kept, image.len }, &def->concepts);
}
