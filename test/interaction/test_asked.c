/* Finding one's way: addresses to interactions. */
#include "interaction/interaction.h"
#include "test/unit.h"

static Asked  asked;
static Answer answer;

static Fail route(HttpMethod method, const char *path)
{
    asked = (Asked){ .method = method };
    answer = (Answer){ 0 };
    return asked_route(unit_call(), &asked, str_from(path), &answer);
}

TEST(each_address_has_its_interaction)
{
    static const struct {
        HttpMethod  method;
        const char *path;
        Interaction kind;
    } rows[] = {
        { HTTP_GET, "/metadata", INTERACTION_CAPABILITIES },
        { HTTP_HEAD, "/metadata", INTERACTION_CAPABILITIES },
        { HTTP_POST, "/", INTERACTION_BUNDLE },
        { HTTP_POST, "", INTERACTION_BUNDLE },
        { HTTP_GET, "/_history", INTERACTION_HISTORY_SYSTEM },
        { HTTP_GET, "/Patient", INTERACTION_SEARCH_TYPE },
        { HTTP_GET, "/Patient/", INTERACTION_SEARCH_TYPE },
        { HTTP_POST, "/Patient/_search", INTERACTION_SEARCH_TYPE },
        { HTTP_POST, "/Patient", INTERACTION_CREATE },
        { HTTP_GET, "/", INTERACTION_SEARCH_SYSTEM },
        { HTTP_POST, "/_search", INTERACTION_SEARCH_SYSTEM },
        { HTTP_GET, "/Patient/1/Observation", INTERACTION_SEARCH_COMPARTMENT },
        { HTTP_GET, "/Patient/1/*", INTERACTION_SEARCH_COMPARTMENT },
        { HTTP_POST, "/Patient/1/Observation/_search", INTERACTION_SEARCH_COMPARTMENT },
        { HTTP_PUT, "/Patient", INTERACTION_CONDITIONAL_UPDATE },
        { HTTP_PATCH, "/Patient", INTERACTION_CONDITIONAL_PATCH },
        { HTTP_DELETE, "/Patient", INTERACTION_CONDITIONAL_DELETE },
        { HTTP_GET, "/Patient/_history", INTERACTION_HISTORY_TYPE },
        { HTTP_GET, "/Patient/1", INTERACTION_READ },
        { HTTP_HEAD, "/Patient/1", INTERACTION_READ },
        { HTTP_PUT, "/Patient/1", INTERACTION_UPDATE },
        { HTTP_PATCH, "/Patient/1", INTERACTION_PATCH },
        { HTTP_DELETE, "/Patient/1", INTERACTION_DELETE },
        { HTTP_GET, "/Patient/1/_history", INTERACTION_HISTORY_INSTANCE },
        { HTTP_GET, "/Patient/1/_history/2", INTERACTION_VREAD },
        { HTTP_GET, "/Patient/1/$everything", INTERACTION_EVERYTHING },
        { HTTP_POST, "/Patient/1/$everything", INTERACTION_EVERYTHING },
        { HTTP_GET, "/Basic/1/$meta", INTERACTION_META },
        { HTTP_GET, "/Patient/$everything", INTERACTION_EVERYTHING },
        { HTTP_POST, "/Patient/$everything", INTERACTION_EVERYTHING },
        { HTTP_GET, "/$meta", INTERACTION_META },
        { HTTP_GET, "/Basic/$meta", INTERACTION_META },
        { HTTP_POST, "/$meta", INTERACTION_META },
        { HTTP_POST, "/Basic/1/$meta", INTERACTION_META },
        { HTTP_POST, "/Basic/1/$meta-add", INTERACTION_META_ADD },
        { HTTP_POST, "/Basic/1/$meta-delete", INTERACTION_META_DELETE },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_INT(route(rows[i].method, rows[i].path), OK);
        CHECK_INT(asked.kind, rows[i].kind);
        if (asked.kind != rows[i].kind)
            unit_fail(__FILE__, __LINE__, "%s", rows[i].path);
    }
}

TEST(the_parts_of_an_address_are_kept)
{
    CHECK_INT(route(HTTP_GET, "/Observation/a-1.B/_history/12"), OK);
    CHECK_INT(asked.type, TYPE_OBSERVATION);
    CHECK_STR(asked.id, STR("a-1.B"));
    CHECK_STR(asked.version, STR("12"));
    CHECK_INT(answer.type, TYPE_OBSERVATION);
    CHECK_STR(answer.id, STR("a-1.B"));
}

TEST(a_compartment_is_searched_for_another_type)
{
    CHECK_INT(route(HTTP_GET, "/Patient/a-1/Observation"), OK);
    CHECK_INT(asked.type, TYPE_OBSERVATION);
    CHECK_STR(asked.compartment, STR("a-1"));
    CHECK_INT(asked.id.len, 0);
}

TEST(addresses_that_lead_nowhere_say_why)
{
    static const struct {
        HttpMethod  method;
        const char *path;
        Fail        fail;
    } rows[] = {
        { HTTP_GET, "/Nonsense", FAIL_UNKNOWN_TYPE },
        { HTTP_GET, "/Nonsense/1", FAIL_UNKNOWN_TYPE },
        { HTTP_GET, "/patient/1", FAIL_UNKNOWN_TYPE },
        { HTTP_GET, "/HumanName/1", FAIL_UNKNOWN_TYPE },
        { HTTP_GET, "/Resource/1", FAIL_UNKNOWN_TYPE },
        { HTTP_GET, "/Patient/1/$nonsense", FAIL_UNKNOWN_TYPE },
        { HTTP_GET, "/Observation/1/$everything", FAIL_UNKNOWN_TYPE },
        { HTTP_GET, "/$nonsense", FAIL_UNKNOWN_TYPE },
        { HTTP_GET, "/Patient/a_b", FAIL_VALUE },
        { HTTP_GET, "/Patient/a b", FAIL_VALUE },
        { HTTP_GET, "/Patient/1/nonsense", FAIL_NOT_FOUND },
        { HTTP_GET, "/Patient/1/_history/2/3", FAIL_NOT_FOUND },
        { HTTP_GET, "/_nonsense", FAIL_NOT_FOUND },
        { HTTP_POST, "/Patient/1", FAIL_METHOD },
        { HTTP_POST, "/metadata", FAIL_METHOD },
        { HTTP_PUT, "/", FAIL_METHOD },
        { HTTP_GET, "/Patient/1/HumanName", FAIL_NOT_FOUND },
        { HTTP_GET, "/Observation/1/Condition", FAIL_NOT_FOUND },
        { HTTP_GET, "/Patient/_search", FAIL_METHOD },
        { HTTP_GET, "/Patient/1/$meta-add", FAIL_METHOD },
        { HTTP_OTHER, "/Patient/1", FAIL_METHOD },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        Fail result = route(rows[i].method, rows[i].path);

        if (result != rows[i].fail)
            unit_fail(__FILE__, __LINE__, "%s gives %d, not %d", rows[i].path, result,
                      rows[i].fail);
        CHECK_INT(asked.kind, INTERACTION_NONE);
    }
}

TEST(a_wrong_method_is_told_the_right_ones)
{
    CHECK_INT(route(HTTP_POST, "/Patient/1"), FAIL_METHOD);
    CHECK_STR(answer.allow, STR("GET, HEAD, PUT, PATCH, DELETE"));
    CHECK_INT(route(HTTP_PUT, "/Patient/1/_history/1"), FAIL_METHOD);
    CHECK_STR(answer.allow, STR("GET, HEAD"));
}

TEST(only_metadata_is_public)
{
    for (Interaction kind = INTERACTION_NONE; kind < INTERACTIONS; kind++)
        CHECK_INT(interaction_is_public(kind), kind == INTERACTION_CAPABILITIES);
}

TEST(what_may_wait_is_not_quick)
{
    CHECK(interaction_is_quick(INTERACTION_READ) && interaction_is_quick(INTERACTION_VREAD));
    CHECK(!interaction_is_quick(INTERACTION_CREATE)
          && !interaction_is_quick(INTERACTION_BUNDLE));
    CHECK(!interaction_is_quick(INTERACTION_NONE));
}

TEST(every_interaction_has_a_name)
{
    for (Interaction kind = INTERACTION_NONE; kind < INTERACTIONS; kind++)
        CHECK(interaction_name(kind).len > 0);
    CHECK_STR(interaction_name(INTERACTION_EVERYTHING), STR("$everything"));
}
