/*
 * All that HL7 publishes with R4 is read: definitions and examples, and made into stored text and
 * back without a byte lost. A few published files break R4's own rules; they are named here.
 */
#include <dirent.h>

#include "base/limits.h"
#include "fhir/draft.h"
#include "fhir/resource.h"
#include "test/unit.h"

/* What the definitions forbid: elements that must stand are missing (linkId, name, status,
 * base), an id has more than 64 characters. */
static const Str faulty[] = {
    STR_INIT("ImplementationGuide-fhir.json"),
    STR_INIT("ig-r4.json"),
    STR_INIT("Questionnaire-qs1.json"),
    STR_INIT("SearchParameter-codesystem-extensions-CodeSystem-author.json"),
    STR_INIT("SearchParameter-codesystem-extensions-CodeSystem-effective.json"),
    STR_INIT("SearchParameter-codesystem-extensions-CodeSystem-end.json"),
    STR_INIT("SearchParameter-codesystem-extensions-CodeSystem-keyword.json"),
    STR_INIT("SearchParameter-codesystem-extensions-CodeSystem-workflow.json"),
    STR_INIT(
        "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject"
        ".json"),
    STR_INIT("SearchParameter-valueset-extensions-ValueSet-author.json"),
    STR_INIT("SearchParameter-valueset-extensions-ValueSet-effective.json"),
    STR_INIT("SearchParameter-valueset-extensions-ValueSet-end.json"),
    STR_INIT("SearchParameter-valueset-extensions-ValueSet-keyword.json"),
    STR_INIT("SearchParameter-valueset-extensions-ValueSet-workflow.json"),
};

static bool is_faulty(Str name)
{
    for (size_t i = 0; i < COUNT(faulty); i++)
        if (str_equal(faulty[i], name))
            return true;
    return false;
}

static Str file_bytes(Arena *a, const char *path)
{
    FILE  *f = fopen(path, "r");
    Buf    b = buf_new(a, 1 << 16);
    size_t n;

    if (!f)
        return (Str){ 0 };
    while ((n = fread(buf_reserve(&b, 1 << 16), 1, 1 << 16, f)) > 0)
        b.len += n;
    fclose(f);
    return buf_str(&b);
}

/* The source without white space, resourceType, id and the server's meta, member by member, must
 * be what the stored text says behind its head. */
static void check_stored(Arena *a, const Resource *r, const char *name)
{
    Draft       d = draft_new(a, r);
    Str         whole = draft_whole(a, r->type, STR("x1"), 7, 0, draft_remainder(&d));
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES, .expected = r->type };
    Call        c;
    Resource    again;
    uint32_t    i, j;

    call_begin(&c, a);
    if (resource_read(&c, whole, &options, &again) != OK) {
        unit_fail(__FILE__, __LINE__, "%s: stored text is refused", name);
        return;
    }
    i = node_at(r, 0)->first;
    for (j = node_at(&again, 0)->first; j; j = node_at(&again, j)->next) {
        const Str path = node_at(&again, j)->element->path;
        Buf       left = buf_new(a, 256), right = buf_new(a, 256);

        if (str_equal(path, STR("id")) || str_equal(path, STR("meta")))
            continue;
        while (i
               && (str_equal(node_at(r, i)->element->path, STR("id"))
                   || str_equal(node_at(r, i)->element->path, STR("meta"))))
            i = node_at(r, i)->next;
        if (!i)
            break;
        json_put_compact(&left, node_source(r, i), 0, (uint32_t)node_source(r, i).len);
        json_put_compact(&right, node_source(&again, j), 0,
                         (uint32_t)node_source(&again, j).len);
        if (!str_equal(buf_str(&left), buf_str(&right)))
            unit_fail(__FILE__, __LINE__, "%s: %.*s changed", name, STR_ARG(path));
        i = node_at(r, i)->next;
    }
    CHECK(!j);
}

TEST(what_is_published_with_r4_is_read_and_stored_unchanged)
{
    const char *packages = getenv("PACKAGES");
    Call       *c = unit_call();
    const char *folder;
    DIR        *files;
    unsigned    read = 0;

    if (!packages) {
        unit_skip("PACKAGES is not set");
        return;
    }
    folder =
        arena_c_string(c->arena, arena_printf(c->arena, "%s/hl7.fhir.r4.examples", packages));
    files = opendir(folder);
    REQUIRE(files);
    for (struct dirent *file; (file = readdir(files));) {
        ArenaMark   mark = arena_mark(c->arena);
        ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES };
        Str         name = str_from(file->d_name);
        Resource    r;
        Fail        result;

        if (!str_ends(name, STR(".json")) || name.at[0] == '.'
            || str_equal(name, STR("package.json")))
            continue;
        c->issues = NULL;
        c->issue_count = 0;
        result = resource_read(
            c,
            file_bytes(c->arena, arena_c_string(c->arena, arena_printf(c->arena, "%s/%s",
                                                                       folder, file->d_name))),
            &options, &r);
        if ((result == OK) == is_faulty(name))
            unit_fail(__FILE__, __LINE__, "%s: %.*s", file->d_name,
                      STR_ARG(c->issue_count ? c->issues[0].text : STR("accepted")));
        if (result == OK)
            check_stored(c->arena, &r, file->d_name);
        read++;
        arena_rewind(c->arena, mark);
        c->issues = NULL;
        c->issue_count = 0;
    }
    closedir(files);
    CHECK(read > 5000);
}
