/*
 * SearchParameters compiled while Hale runs: every expression of R4 and US Core must lead where the
 * tables say that were made from it when Hale was built; what cannot be compiled is refused with
 * its place.
 */
#include "fhir/search_parameter.h"

#include "base/limits.h"
#include "fhir/custom.h"
#include "fhir/definitions_data.h"
#include "fhir/index.h"
#include "test/unit.h"

enum { ROUTES_MAX = 600, DEPTH_MAX = 20 };

/* ---- routes of a trail, as sorted lines ---- */

typedef struct Lines {
    Arena *arena;
    Str    at[ROUTES_MAX];
    size_t count;
} Lines;

static Str name_of_element(Arena *a, uint16_t number)
{
    for (TypeId type = 1; type <= STRUCTURE_COUNT; type++)
        if (number >= structure(type)->element_first
            && number < structure(type)->element_first + structure(type)->element_count)
            return arena_printf(a, "%.*s.%.*s", STR_ARG(type_name(type)),
                                STR_ARG(elements[number].name));
    return (Str){ 0 };
}

static Str longer(Arena *a, const Trail *trail, Str path, const TrailEdge *edge)
{
    const TrailGuard *guard = &trail->guards[edge->guard];
    Str               name = name_of_element(a, edge->element);

    return arena_printf(a, "%.*s/%.*s[%d %.*s %.*s]", STR_ARG(path), STR_ARG(name),
                        guard->guard, STR_ARG(guard->name), STR_ARG(guard->value));
}

static bool emits(const Trail *trail, const TrailPlace *place, uint16_t one, uint16_t other)
{
    for (uint16_t i = 0; i < place->emit_count; i++)
        if (trail->emits[place->emit_first + i] == one
            || trail->emits[place->emit_first + i] == other)
            return true;
    return false;
}

/* All routes from a place to where one of two indices is emitted. */
static void list_routes(Lines *l, const Trail *trail, uint16_t first, uint16_t one,
                        uint16_t other)
{
    struct Step {
        uint16_t place;
        Str      path;
    } *steps = NEW_ARRAY(l->arena, struct Step, 20000);
    size_t count = 0;

    steps[count++] = (struct Step){ first, { 0 } };
    while (count) {
        struct Step       step = steps[--count];
        const TrailPlace *place = &trail->places[step.place];

        if (emits(trail, place, one, other) && l->count < ROUTES_MAX)
            l->at[l->count++] = step.path;
        for (uint16_t i = 0; i < place->edge_count; i++) {
            const TrailEdge *edge = &trail->edges[place->edge_first + i];

            steps[count++] =
                (struct Step){ edge->to, longer(l->arena, trail, step.path, edge) };
        }
    }
}

static int compare_lines(const void *a, const void *b)
{
    return str_compare(*(const Str *)a, *(const Str *)b);
}

static Str joined(Lines *l)
{
    Buf out = buf_new(l->arena, 256);

    qsort(l->at, l->count, sizeof *l->at, compare_lines);
    for (size_t i = 0; i < l->count; i++) {
        buf_put(&out, l->at[i]);
        buf_put_char(&out, '\n');
    }
    return buf_str(&out);
}

static Str routes_of_standard(Arena *a, const SearchParam *p)
{
    Lines lines = { .arena = a };

    list_routes(&lines, &definitions_trail, trail_roots[p->base], p->same_as, p->also);
    return joined(&lines);
}

static Str routes_of_custom(Arena *a, const CustomParam *p)
{
    Lines lines = { .arena = a };
    Trail trail = p->trail;
    Str   all;

    list_routes(&lines, &trail, 0, p->emit, p->emit);
    all = joined(&lines);
    return all;
}

static Str routes_of_part(Arena *a, const Trail *trail, uint16_t place, uint16_t emitted)
{
    Lines lines = { .arena = a };

    list_routes(&lines, trail, place, emitted, emitted);
    return joined(&lines);
}

/* ---- definitions ---- */

static const char *const type_words[SEARCH_TYPES] = {
    [SEARCH_NUMBER] = "number",       [SEARCH_DATE] = "date",
    [SEARCH_STRING] = "string",       [SEARCH_TOKEN] = "token",
    [SEARCH_REFERENCE] = "reference", [SEARCH_COMPOSITE] = "composite",
    [SEARCH_QUANTITY] = "quantity",   [SEARCH_URI] = "uri",
    [SEARCH_SPECIAL] = "special",
};

static Fail compile_text(Call *c, Str text, CompiledParams *out)
{
    ReadOptions options = { .expected = TYPE_SEARCH_PARAMETER, .values_max = LIMIT_JSON_NODES };
    Resource   *resource = NEW(c->arena, Resource);

    TRY(resource_read(c, text, &options, resource));
    return search_parameter_compile(c, resource, STR("me"), 0, out);
}

/* With members behind the required ones. */
static Str definition(Arena *a, Str code, Str base, Str type, Str expression, const char *more)
{
    Buf out = buf_new(a, 512);

    buf_put(&out, STR("{\"resourceType\":\"SearchParameter\",\"url\":"));
    buf_put_json_string(&out, arena_printf(a, "https://clinic.example/%.*s", STR_ARG(code)));
    buf_put(&out, STR(",\"name\":\"N\",\"status\":\"active\",\"description\":\"d\",\"code\":"));
    buf_put_json_string(&out, code);
    buf_printf(&out, ",\"base\":[\"%.*s\"],\"type\":\"%.*s\",\"expression\":", STR_ARG(base),
               STR_ARG(type));
    buf_put_json_string(&out, expression);
    buf_printf(&out, "%s}", more);
    return buf_str(&out);
}

static Fail compile(Call *c, const char *base, const char *type, const char *expression,
                    CompiledParams *out)
{
    return compile_text(c,
                        definition(c->arena, STR("mine"), str_from(base), str_from(type),
                                   str_from(expression), ""),
                        out);
}

/* What the standard's parameter says, under a code of our own. */
static Fail recompile(Call *c, const SearchParam *p, CompiledParams *out)
{
    return compile_text(c,
                        definition(c->arena, STR("mine"), type_name(p->base),
                                   str_from(type_words[p->type]), p->expression, ""),
                        out);
}

TEST(every_expression_of_the_standard_compiles_to_what_the_tables_say)
{
    Arena *a = arena_create(LIMIT_CALL_BYTES);
    Call   c;
    int    compared = 0;

    for (uint16_t i = 0; i < search_param_count; i++) {
        const SearchParam *p = search_param_at(i);
        CompiledParams     made;
        Fail               result;

        if (!p->indexed || p->type == SEARCH_COMPOSITE || p->type == SEARCH_SPECIAL)
            continue;
        arena_reset(a);
        call_begin(&c, a);
        result = recompile(&c, p, &made);
        if (result != OK || made.count != 1) {
            unit_fail(__FILE__, __LINE__, "%.*s.%.*s `%.*s`: %.*s", STR_ARG(type_name(p->base)),
                      STR_ARG(p->code), STR_ARG(p->expression),
                      STR_ARG(c.issue_count ? c.issues[0].text : STR("nothing")));
            continue;
        }
        CHECK_STR(routes_of_custom(a, made.params[0]), routes_of_standard(a, p));
        CHECK_INT(made.params[0]->param.kinds, p->kinds);
        CHECK_INT(made.params[0]->param.exists, p->exists);
        CHECK_INT(made.params[0]->param.only_type, p->only_type);
        compared++;
    }
    CHECK(compared > 1500);
    arena_destroy(a);
}

/* ---- composites ---- */

TEST(composites_are_compiled_as_the_tables_have_them)
{
    static const struct {
        const char *base, *code, *expression, *key, *value, *definition;
    } rows[] = {
        { "Observation", "code-value-quantity", "Observation", "code", "value.as(Quantity)",
          "Observation-value-quantity" },
        { "Observation", "component-code-value-concept", "Observation.component", "code",
          "value.as(CodeableConcept)", "Observation-value-concept" },
        { "Observation", "code-value-date", "Observation", "code",
          "value.as(DateTime) | value.as(Period)", "Observation-value-date" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        Call              *c = unit_call();
        const SearchParam *p =
            search_param_find(type_find(str_from(rows[i].base)), str_from(rows[i].code));
        Str more = arena_printf(
            c->arena,
            ",\"component\":[{\"definition\":"
            "\"http://hl7.org/fhir/SearchParameter/clinical-code\",\"expression\":\"%s\"},"
            "{\"definition\":\"http://hl7.org/fhir/SearchParameter/%s\","
            "\"expression\":\"%s\"}]%c",
            rows[i].key, rows[i].definition, rows[i].value, 0);
        CompiledParams made;

        REQUIRE(p);
        REQUIRE(
            compile_text(c,
                         definition(c->arena, STR("mine"), str_from(rows[i].base),
                                    STR("composite"), str_from(rows[i].expression), more.at),
                         &made)
            == OK);
        REQUIRE(made.count == 1);
        CHECK_STR(routes_of_custom(c->arena, made.params[0]), routes_of_standard(c->arena, p));
        CHECK_INT(made.params[0]->param.kinds, p->kinds);
        for (uint16_t part = 0; part < 2; part++) {
            const SearchPart *own = search_param_part(p, part);
            const SearchPart *mine = &made.params[0]->parts[part];

            CHECK_INT(mine->type, own->type);
            CHECK_INT(mine->kinds, own->kinds);
            CHECK_STR(routes_of_part(c->arena, &made.params[0]->trail, mine->place, 0),
                      routes_of_part(c->arena, &definitions_trail, own->place, p->index));
        }
    }
}

/* ---- what is refused ---- */

static const struct {
    const char *base, *type, *expression;
    Fail        result;
    const char *says; /* a part of what is noted */
} refusals[] = {
    { "Patient", "string", "Patient.nmae", FAIL_UNPROCESSABLE,
      "At character 9 of the expression: Patient has no element \"nmae\"" },
    { "Patient", "string", "Patient.name[0]", FAIL_UNPROCESSABLE, "At character 13 " },
    { "Patient", "string", "Patient.name.first()", FAIL_UNPROCESSABLE,
      "At character 14 of the expression: the function first() is not offered" },
    { "Patient", "string", "Patient.name.where(use='official').where(use='usual')",
      FAIL_UNPROCESSABLE, "At character 36 of the expression: two conditions" },
    { "Patient", "string", "Patient.name.where(us='official')", FAIL_UNPROCESSABLE,
      "HumanName has no element \"us\" to compare" },
    { "Patient", "string", "Patient.extension('http://x", FAIL_UNPROCESSABLE,
      "At character 19 of the expression: the text has no end" },
    { "Patient", "string", "Patient.extension(http)", FAIL_UNPROCESSABLE,
      "At character 19 of the expression: the url of an extension" },
    { "Patient", "string", "Patient.name |", FAIL_UNPROCESSABLE, "At character 15 " },
    { "Patient", "string", "(Patient.name", FAIL_UNPROCESSABLE, "ends too early" },
    { "Patient", "string", "Patient.name)", FAIL_UNPROCESSABLE, "At character 13 " },
    { "Patient", "string", "Patient.name; drop", FAIL_UNPROCESSABLE, "At character 13 " },
    { "Patient", "string", "Patient..name", FAIL_UNPROCESSABLE, "At character 9 " },
    { "Patient", "string", "", FAIL_UNPROCESSABLE, "" },
    { "Patient", "string", "Patient.contained.name", FAIL_UNPROCESSABLE,
      "looks into another resource" },
    { "Patient", "string", "Observation.value as string", FAIL_UNPROCESSABLE,
      "says nothing of Patient" },
    { "Patient", "date", "Patient.name", FAIL_UNPROCESSABLE,
      "type date does not look at HumanName" },
    { "Patient", "quantity", "Patient.birthDate", FAIL_UNPROCESSABLE, "type quantity" },
    { "Patient", "special", "Patient.name", FAIL_UNPROCESSABLE, "special" },
    { "Patient", "composite", "Patient", FAIL_UNPROCESSABLE, "two components" },
    { "Patient", "date", "Patient.birthDate.exists()", FAIL_UNPROCESSABLE, "token" },
    { "Observation", "token", "Observation.value as Banana", FAIL_UNPROCESSABLE,
      "At character 19 of the expression: R4 has no type Banana" },
    { "Observation", "token", "Observation.value.ofType(Patient)", FAIL_UNPROCESSABLE,
      "nothing of type Patient stands there" },
    { "Observation", "token", "Observation.status.exists() and Observation.code != false",
      FAIL_UNPROCESSABLE, "'and' is offered only" },
    { "Observation", "reference", "Observation.subject.where(resolve() is Banana)",
      FAIL_UNPROCESSABLE, "Banana is no resource type" },
    { "Observation", "reference", "Observation.subject.where(resolve() is Medication)",
      FAIL_UNPROCESSABLE, "never point there" },
    { "Observation", "token", "Observation.code.where(resolve() is Patient)",
      FAIL_UNPROCESSABLE, "needs a parameter of type reference" },
};

TEST(what_cannot_be_compiled_is_refused_with_its_place)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        Call          *c = unit_call();
        CompiledParams made;

        c->issue_count = 0;
        if (!*refusals[i].expression) {
            CHECK(compile_text(c,
                               STR("{\"resourceType\":\"SearchParameter\",\"url\":\"u:x\","
                                   "\"name\":\"N\",\"status\":\"active\","
                                   "\"description\":\"d\",\"code\":\"mine\","
                                   "\"base\":[\"Patient\"],\"type\":\"string\"}"),
                               &made)
                  == FAIL_UNPROCESSABLE);
            continue;
        }
        CHECK_INT(compile(c, refusals[i].base, refusals[i].type, refusals[i].expression, &made),
                  refusals[i].result);
        REQUIRE(c->issue_count > 0);
        if (str_find(c->issues[0].text, str_from(refusals[i].says)) < 0)
            unit_fail(__FILE__, __LINE__, "%s: %.*s", refusals[i].expression,
                      STR_ARG(c->issues[0].text));
    }
}

TEST(codes_that_are_taken_or_reserved_are_refused)
{
    static const struct {
        const char *code;
        Fail        result;
    } rows[] = {
        { "mine", OK },
        { "birthdate", FAIL_DUPLICATE },
        { "_mine", FAIL_UNPROCESSABLE },
        { "_sort", FAIL_UNPROCESSABLE },
        { "a.b", FAIL_UNPROCESSABLE },
        { "a:b", FAIL_UNPROCESSABLE },
        { "9a", FAIL_UNPROCESSABLE },
        { "a-very-long-code-a-very-long-code-a-very-long-code-a-very-long-cod",
          FAIL_UNPROCESSABLE },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        Call          *c = unit_call();
        CompiledParams made;

        CHECK_INT(compile_text(c,
                               definition(c->arena, str_from(rows[i].code), STR("Patient"),
                                          STR("string"), STR("Patient.name"), ""),
                               &made),
                  rows[i].result);
    }
}

TEST(limits_end_hostile_expressions)
{
    Call          *c = unit_call();
    CompiledParams made;
    Buf            deep = buf_new(c->arena, 1024), wide = buf_new(c->arena, 4096),
        far = buf_new(c->arena, 1024);

    for (int i = 0; i < 100; i++)
        buf_put_char(&deep, '(');
    buf_put(&wide, STR("Patient.name"));
    for (int i = 0; i < 100; i++)
        buf_put(&wide, STR("|Patient.name"));
    buf_put(&far, STR("Patient"));
    for (int i = 0; i < 100; i++)
        buf_put(&far, STR(".extension('a')"));
    buf_put_char(&deep, 0);
    buf_put_char(&wide, 0);
    buf_put_char(&far, 0);
    CHECK_INT(compile(c, "Patient", "string", deep.at, &made), FAIL_TOO_COSTLY);
    CHECK_INT(compile(c, "Patient", "string", wide.at, &made), FAIL_TOO_COSTLY);
    CHECK_INT(compile(c, "Patient", "string", far.at, &made), FAIL_TOO_COSTLY);
    CHECK_INT(compile(c, "Patient", "string", "Patient.descendants()", &made),
              FAIL_UNPROCESSABLE);
}

TEST(what_is_not_active_or_repeats_the_standard_makes_nothing)
{
    Call          *c = unit_call();
    CompiledParams made;

    CHECK(compile_text(c,
                       STR("{\"resourceType\":\"SearchParameter\",\"url\":\"u:x\","
                           "\"name\":\"N\",\"status\":\"draft\",\"description\":\"d\","
                           "\"code\":\"birthdate\",\"base\":[\"Patient\"],"
                           "\"type\":\"string\"}"),
                       &made)
          == OK);
    CHECK_INT(made.count, 0);
    CHECK(compile_text(c,
                       STR("{\"resourceType\":\"SearchParameter\",\"url\":"
                           "\"http://hl7.org/fhir/SearchParameter/Patient-active\","
                           "\"name\":\"N\",\"status\":\"active\",\"description\":\"d\","
                           "\"code\":\"active\",\"base\":[\"Patient\"],"
                           "\"type\":\"token\",\"expression\":\"Patient.active\"}"),
                       &made)
          == OK);
    CHECK_INT(made.count, 0);
    CHECK(compile_text(c,
                       STR("{\"resourceType\":\"SearchParameter\",\"url\":"
                           "\"http://hl7.org/fhir/SearchParameter/Patient-active\","
                           "\"name\":\"N\",\"status\":\"active\",\"description\":\"d\","
                           "\"code\":\"active\",\"base\":[\"Patient\"],"
                           "\"type\":\"token\",\"expression\":\"Patient.gender\"}"),
                       &made)
          == FAIL_DUPLICATE);
}

/* ---- published ---- */

TEST(a_published_parameter_makes_rows_and_is_found)
{
    Call            *c = unit_call();
    ReadOptions      options = { .values_max = LIMIT_JSON_NODES };
    const CustomSet *set;
    CompiledParams   made;
    Resource         patient;
    IndexRows        rows;
    int              found = 0;

    custom_clear();
    REQUIRE(compile(c, "Patient", "string",
                    "(Patient.contact.name | Patient.name).where(use = 'maiden').family", &made)
            == OK);
    REQUIRE(custom_prepare(c, (const CustomParam **)made.params, made.count, &set) == OK);
    CHECK(!search_param_find(TYPE_PATIENT, STR("mine")));
    custom_publish(set);
    REQUIRE(search_param_find(TYPE_PATIENT, STR("mine")) != NULL);
    CHECK(!search_param_find(TYPE_PERSON, STR("mine")));
    REQUIRE(
        resource_read(c,
                      STR("{\"resourceType\":\"Patient\",\"id\":\"a\",\"name\":[{\"use\":"
                          "\"maiden\",\"family\":\"Noether\"},{\"family\":\"Hopper\"}],"
                          "\"contact\":[{\"name\":{\"use\":\"maiden\",\"family\":\"Ada\"}}]}"),
                      &options, &patient)
        == OK);
    REQUIRE(index_derive(c, &patient, STR("https://x"), &rows) == OK);
    CHECK_INT(rows.set, set->version);
    for (uint32_t i = 0; i < rows.count; i++)
        if (search_param_at(rows.rows[i].param) == search_param_find(TYPE_PATIENT, STR("mine"))
            && rows.rows[i].kind == ROW_STRING)
            found++;
    CHECK_INT(found, 2);
    CHECK(custom_check_ready(c, STR("mine"), search_param_find(TYPE_PATIENT, STR("mine")))
          == FAIL_BUSY);
    custom_percent_put(search_param_find(TYPE_PATIENT, STR("mine")), 100);
    CHECK(custom_check_ready(c, STR("mine"), search_param_find(TYPE_PATIENT, STR("mine")))
          == OK);
    custom_clear();
    CHECK(!search_param_find(TYPE_PATIENT, STR("mine")));
}
