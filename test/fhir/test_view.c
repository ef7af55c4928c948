/* ViewDefinitions: what is refused, and where; bounds. The shared cases are run from outside. */
#include "fhir/view.h"
#include "test/unit.h"

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,\"name\":["
    "{\"family\":\"A\",\"given\":[\"x\",\"y\"]},{\"family\":\"B, \\\"b\\\"\",\"given\":[\"z\"]}],"
    "\"contact\":[{\"name\":{\"given\":[null,\"w\"],\"_given\":[{\"id\":\"n\"},null]}}]}";

/* The rows of that patient, or the issue's place. */
static Str rows_of(Call *c, Arena *a, const char *view, ViewFormat format)
{
    Buf      out = buf_new(a, 256);
    ViewText text = { .format = format, .out = &out };
    Json     json;
    Fail     result = json_parse(c, str_from(view), 1000, &json);

    if (result == OK)
        result = view_compile(c, &json, 0, &text.plan);
    if (result == OK) {
        view_text_begin(&text, true);
        result = view_text_resource(c, &text, str_from(patient));
    }
    if (result != OK)
        return c->issue_count ? c->issues[0].expression : STR("?");
    view_text_end(&text);
    return buf_str(&out);
}

#define ROWS(view, format, wanted)                                                             \
    do {                                                                                       \
        Arena *a = arena_create(1 << 28), *b = arena_create(1 << 28);                          \
        Call   c;                                                                              \
                                                                                               \
        call_begin(&c, a);                                                                     \
        CHECK_STR(rows_of(&c, b, "{\"resource\":\"Patient\"," view "}", format), STR(wanted)); \
        arena_destroy(a);                                                                      \
        arena_destroy(b);                                                                      \
    } while (0)

TEST(selects_beside_each_other_give_each_pair)
{
    ROWS("\"select\":[{\"forEach\":\"name\",\"column\":[{\"name\":\"f\",\"path\":\"family\"}]},"
         "{\"forEach\":\"name.given\",\"column\":[{\"name\":\"g\",\"path\":\"$this\"}]}]",
         VIEW_CSV,
         "f,g\r\nA,x\r\nA,y\r\nA,z\r\n\"B, \"\"b\"\"\",x\r\n\"B, \"\"b\"\"\",y\r\n"
         "\"B, \"\"b\"\"\",z\r\n");
}

TEST(branches_in_branches_go_on_behind_both)
{
    ROWS(
        "\"select\":[{\"unionAll\":[{\"unionAll\":[{\"column\":[{\"name\":\"a\",\"path\":\"1\"}]},"
        "{\"column\":[{\"name\":\"a\",\"path\":\"2\"}]}]},"
        "{\"column\":[{\"name\":\"a\",\"path\":\"3\"}]}]},"
        "{\"column\":[{\"name\":\"b\",\"path\":\"id\"}]}]",
        VIEW_JSON, "[{\"a\":1,\"b\":\"p\"},{\"a\":2,\"b\":\"p\"},{\"a\":3,\"b\":\"p\"}]\n");
}

TEST(a_row_with_nothing_is_still_a_line)
{
    ROWS("\"select\":[{\"column\":[{\"name\":\"a\",\"path\":\"gender\"}]}]", VIEW_CSV,
         "a\r\n\"\"\r\n");
}

TEST(a_list_whose_first_value_is_missing_is_a_list)
{
    ROWS("\"select\":[{\"column\":[{\"name\":\"a\",\"path\":\"contact.name.given\","
         "\"collection\":true}]}]",
         VIEW_CSV, "a\r\n\"[null,\"\"w\"\"]\"\r\n");
}

TEST(a_single_value_that_is_missing_is_still_a_line)
{
    ROWS("\"select\":[{\"column\":[{\"name\":\"a\",\"path\":\"contact.name.given.first()\"}]}]",
         VIEW_CSV, "a\r\n\"\"\r\n");
}

TEST(a_value_must_be_of_the_type_of_its_column)
{
    ROWS("\"select\":[{\"column\":[{\"name\":\"a\",\"path\":\"id\",\"type\":\"integer\"}]}]",
         VIEW_CSV, "a");
}

TEST(faults_name_their_element)
{
    ROWS("\"select\":[]", VIEW_CSV, "ViewDefinition");
    ROWS("\"select\":[{\"column\":[{\"name\":\"1\",\"path\":\"id\"}]}]", VIEW_CSV,
         "ViewDefinition.select[0].column[0].name");
    ROWS(
        "\"select\":[{\"column\":[{\"name\":\"a\",\"path\":\"id\"},{\"name\":\"a\",\"path\":\"id\"}]}]",
        VIEW_CSV, "ViewDefinition.select[0].column[1].name");
    ROWS("\"select\":[{\"forEach\":\"name\",\"forEachOrNull\":\"name\"}]", VIEW_CSV,
         "ViewDefinition.select[0]");
    ROWS("\"select\":[{\"colum\":[]}]", VIEW_CSV, "ViewDefinition.select[0].colum");
    ROWS("\"where\":[{}],\"select\":[]", VIEW_CSV, "ViewDefinition.where[0]");
    ROWS("\"where\":[{\"path\":\"name.family\"}],"
         "\"select\":[{\"column\":[{\"name\":\"a\",\"path\":\"id\"}]}]",
         VIEW_CSV, "ViewDefinition.where");
}

TEST(a_repeat_that_never_ends_is_too_costly)
{
    ROWS("\"select\":[{\"repeat\":[\"$this\"],\"column\":[{\"name\":\"a\",\"path\":\"id\"}]}]",
         VIEW_CSV, "");
}
