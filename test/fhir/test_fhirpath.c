/* FHIRPath: what HL7's own suite (test/outside/check_fhirpath.py) does not ask. */
#include "base/buf.h"
#include "base/limits.h"
#include "fhir/fhirpath.h"
#include "test/unit.h"

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,\"contained\":[{\"resourceType\":"
    "\"Organization\",\"id\":\"o\",\"name\":\"Clinic\"}],\"name\":[{\"family\":\"Roe\",\"given\":["
    "\"Ann\",\"Bea\"]},{\"family\":\"Doe\"}],\"birthDate\":\"1990-02\",\"managingOrganization\":{"
    "\"reference\":\"#o\"},\"multipleBirthInteger\":2}";

static Fail run(Str expression, PathContext *context, PathValues *found)
{
    Call              *c = unit_call();
    ReadOptions        options = { .values_max = LIMIT_JSON_NODES };
    const PathProgram *program;
    Resource           resource;
    PathValue         *focus = NEW(c->arena, PathValue);

    TRY(resource_read(c, str_from(patient), &options, &resource));
    TRY(path_compile(c, c->arena, expression, &program));
    *focus = context->resource = context->root_resource = path_node(resource.tree, 0);
    return path_run(c, program, context, (PathValues){ focus, 1 }, found);
}

/* The results as JSON, or the failure's text. */
static Str answer(const char *expression)
{
    Call       *c = unit_call();
    PathContext context = { 0 };
    PathValues  found;
    Buf         out = buf_new(c->arena, 64);
    Fail        result = run(str_from(expression), &context, &found);

    if (result != OK)
        return c->issues[c->issue_count - 1].text;
    for (uint32_t i = 0; i < found.count; i++) {
        if (i)
            buf_put_char(&out, ' ');
        path_put_json(c, &out, found.at[i]);
    }
    return buf_str(&out);
}

static bool gives(const char *expression, const char *expected)
{
    Str found = answer(expression);

    if (!str_equal(found, str_from(expected)))
        printf("%s gives %.*s\n", expression, STR_ARG(found));
    return str_equal(found, str_from(expected));
}

TEST(a_path_goes_through_repeating_elements)
{
    CHECK(gives("Patient.name.given", "\"Ann\" \"Bea\""));
    CHECK(gives("name.where(family = 'Doe').exists()", "true"));
    CHECK(gives("name.select(given.count())", "2 0"));
    CHECK(gives("name[1].family & '!'", "\"Doe!\""));
}

TEST(aggregate_reads_its_start_value_outside)
{
    CHECK(gives("name.given.aggregate($total + $this.length(), 10)", "16"));
    CHECK(gives("{}.aggregate($total + 1, 5)", "5"));
    CHECK(gives("name.aggregate($total & family, name.first().family)", "\"RoeRoeDoe\""));
}

TEST(sort_takes_several_keys_and_directions)
{
    CHECK(gives("(3 | 1 | 2).sort()", "1 2 3"));
    CHECK(gives("(3 | 1 | 2).sort(-$this)", "3 2 1"));
    CHECK(gives("name.sort(family).family", "\"Doe\" \"Roe\""));
    CHECK(gives("name.sort(given.count(), family desc).family", "\"Doe\" \"Roe\""));
}

TEST(decimals_are_exact_and_keep_their_digits)
{
    CHECK(gives("0.1 + 0.2 = 0.3", "true"));
    CHECK(gives("1.10", "1.10"));
    CHECK(gives("12345678901234567890.5 + 1", "12345678901234567891.5"));
    CHECK(gives("1 / 3", "0.3333333333333333"));
    CHECK(gives("1 / 8", "0.125"));
    CHECK(gives("0.1 / 100", "0.001"));
    CHECK(gives("10 / 0.0001", "100000"));
    CHECK(gives("1 / 0", ""));
    CHECK(gives("-7 div 2", "-3"));
    CHECK(gives("7.5 mod 2", "1.5"));
    CHECK(gives("2147483647 + 1", ""));
}

TEST(what_is_known_to_different_precision_is_neither_equal_nor_not)
{
    CHECK(gives("birthDate = @1990-02", "true"));
    CHECK(gives("birthDate = @1990-02-03", ""));
    CHECK(gives("birthDate < @1990-03-01", "true"));
    CHECK(gives("@2020-01-31 + 1 month", "\"2020-02-29\""));
    CHECK(gives("@2020-03-31 - 1 month", "\"2020-02-29\""));
    CHECK(gives("@T23:30 + 1 hour", "\"00:30\""));
    CHECK(gives("@2020-01-01T12:00:00Z = @2020-01-01T13:00:00+01:00", "true"));
}

TEST(units_are_compared_by_what_they_measure)
{
    CHECK(gives("1 'kg' = 1000 'g'", "true"));
    CHECK(gives("36.6 'Cel' < 100 '[degF]'", "true"));
    CHECK(gives("1 'mmol/L' = 1 'umol/mL'", "true"));
    CHECK(gives("1 'm' > 1 's'", ""));
    CHECK(gives("1 'g/(m.s)'.comparable(1 'kg/m/s')", "true"));
    CHECK(gives("1 'no such' = 2 'unit'", ""));
    CHECK(gives("3 days + 12 'h' = 84 hours", "true"));
}

TEST(patterns_run_in_bounded_time)
{
    CHECK(gives("'2015-02'.replaceMatches('(\\\\d+)-(\\\\d+)', '$2/$1')", "\"02/2015\""));
    CHECK(gives("'abbb'.matchesFull('a(b{2,3})')", "true"));
    CHECK(gives("'ab'.matchesFull('a(b{2,3})')", "false"));
    CHECK(gives("'aXb'.matches('[^a-z]')", "true"));
    CHECK(gives("('a' & 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab').matches('^(a+)+$')",
                "false"));
    CHECK(
        gives("'x'.matches('(?=x)')",
              "FHIRPath: The regular expression has a kind of group that is not offered at its "
              "character 1"));
}

TEST(contained_resources_are_resolved)
{
    CHECK(gives("managingOrganization.resolve().name", "\"Clinic\""));
    CHECK(gives("managingOrganization.resolve() is Organization", "true"));
    CHECK(gives("%resource.id", "\"p\""));
    CHECK(gives("%`ext-x`", "\"http://hl7.org/fhir/StructureDefinition/x\""));
}

TEST(a_fault_in_the_grammar_has_its_place)
{
    static const struct {
        const char *expression;
        uint32_t    line, column;
    } faults[] = {
        { "name.", 1, 6 },      { "name..given", 1, 6 },      { "(1 + 2", 1, 1 },
        { "1 +\n  * 2", 2, 3 }, { "name.where()", 1, 6 },     { "name.nothing()", 1, 6 },
        { "'abc", 1, 1 },       { "/* no end", 1, 1 },        { "name)", 1, 5 },
        { "@2015-13", 1, 1 },   { "name.given[0", 1, 11 },    { "1, 2", 1, 2 },
        { "iif(true)", 1, 9 },  { "name.skip(1, 2)", 1, 12 }, { "a b", 1, 3 },
    };

    for (size_t i = 0; i < COUNT(faults); i++) {
        Call              *c = unit_call();
        uint32_t           before = c->issue_count;
        const PathProgram *program;

        CHECK(path_compile(c, c->arena, str_from(faults[i].expression), &program)
              == FAIL_SYNTAX);
        REQUIRE(c->issue_count == before + 1);
        if (c->issues[before].line != faults[i].line
            || c->issues[before].column != faults[i].column)
            unit_fail(__FILE__, __LINE__, "%s: %u, %u", faults[i].expression,
                      c->issues[before].line, c->issues[before].column);
    }
}

TEST(a_runaway_expression_is_too_costly)
{
    Call       *c = unit_call();
    PathContext context = { .steps_max = 10000 };
    PathValues  found;
    Buf         nested = buf_new(c->arena, 1024);

    CHECK(
        run(STR("descendants().select(%resource.descendants()).select(%resource.descendants())"
                ".select(%resource.descendants()).count()"),
            &context, &found)
        == FAIL_TOO_COSTLY);
    CHECK(run(STR("(1 | 2).repeat($this + 1).count()"), &context, &found) == FAIL_TOO_COSTLY);
    for (int i = 0; i < 1000; i++)
        buf_put_char(&nested, '(');
    CHECK(run(buf_str(&nested), &context, &found) == FAIL_SYNTAX);
}

TEST(strict_evaluation_refuses_unknown_elements)
{
    PathContext context = { .strict = true };
    PathValues  found;

    CHECK(run(STR("name.given1"), &context, &found) == FAIL_UNPROCESSABLE);
    CHECK(run(STR("name.text"), &context, &found) == OK && found.count == 0);
}

TEST(trace_keeps_what_it_was_given)
{
    PathContext context = { 0 };
    PathValues  found;

    REQUIRE(run(STR("name.trace('all', given).family.trace('f')"), &context, &found) == OK);
    CHECK(found.count == 2);
    REQUIRE(context.traces && context.traces->next);
    CHECK(str_equal(context.traces->name, STR("all")) && context.traces->values.count == 2);
    CHECK(str_equal(context.traces->next->name, STR("f")));
}
