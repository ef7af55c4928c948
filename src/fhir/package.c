/* Reading FHIR packages: see package.h. */
#include "fhir/package.h"

#include "base/limits.h"
#include "codec/gzip.h"
#include "codec/json.h"
#include "codec/tar.h"

typedef struct Reading {
    Call    *call;
    Package *package;
    uint32_t room;
    bool     described; /* package.json was there */
} Reading;

/* The reason that was noted since, with the file it concerns. */
static Fail refuse(Reading *r, Str file, Fail result, uint32_t before)
{
    Call *c = r->call;
    Str   why = c->issue_count > before ? arena_str(c->arena, c->issues[before].text)
                                        : STR("it cannot be read");

    call_forget_issues(c, before);
    return fail(c, result, (Str){ 0 }, "%.*s: %.*s", STR_ARG(file), STR_ARG(why));
}

static Fail refuse_as(Reading *r, Str file, Fail kind, const char *why)
{
    return fail(r->call, kind, (Str){ 0 }, "%.*s: %s", STR_ARG(file), why);
}

/* Names that can stand in an address and a file's name. */
static bool is_name(Str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
              || c == '.' || c == '-' || c == '_' || c == '+'))
            return false;
    }
    return text.len > 0 && text.len <= 128;
}

/* --- package.json ------------------------------------------------------------------------ */

static bool lists_r4(const Json *json, uint32_t list)
{
    if (json->values[list].kind == JSON_STRING)
        return str_starts(json->values[list].text, STR("4.0"));
    for (uint32_t i = list + 1; i < json->values[list].after; i = json->values[i].after)
        if (str_starts(json->values[i].text, STR("4.0")))
            return true;
    return false;
}

static Fail check_release(Reading *r, const Json *json, Str file)
{
    static const Str members[] = { STR_INIT("fhirVersions"), STR_INIT("fhir-version-list"),
                                   STR_INIT("fhirVersion") };

    for (size_t i = 0; i < COUNT(members); i++) {
        uint32_t list = json_member(json, 0, members[i]);

        if (list && !lists_r4(json, list))
            return refuse_as(r, file, FAIL_NOT_SUPPORTED, "it is not made for FHIR R4 (4.0)");
    }
    return OK;
}

static Fail take_dependencies(Reading *r, const Json *json, Str file)
{
    uint32_t list = json_member(json, 0, STR("dependencies"));
    Package *p = r->package;

    if (!list)
        return OK;
    if (json->values[list].kind != JSON_OBJECT)
        return refuse_as(r, file, FAIL_STRUCTURE, "dependencies is no object");
    p->dependencies =
        NEW_ARRAY(r->call->arena, PackageDependency, json->values[list].count + 1);
    for (uint32_t i = list + 1; i < json->values[list].after; i = json->values[i].after)
        p->dependencies[p->dependency_count++] =
            (PackageDependency){ json->values[i].key, json->values[i].text };
    return OK;
}

static Fail take_description(Reading *r, Str file, Str text)
{
    uint32_t before = r->call->issue_count;
    Fail     result;
    Json     json;

    result = json_parse(r->call, text, LIMIT_JSON_NODES, &json);
    if (result != OK)
        return refuse(r, file, result, before);
    r->package->name = json_member_text(&json, 0, STR("name"));
    r->package->version = json_member_text(&json, 0, STR("version"));
    r->package->title = json_member_text(&json, 0, STR("title"));
    if (!is_name(r->package->name) || !is_name(r->package->version))
        return refuse_as(r, file, FAIL_STRUCTURE,
                         "it must say name and version, of letters, digits, '.', '-' and '_'");
    TRY(check_release(r, &json, file));
    TRY(take_dependencies(r, &json, file));
    r->described = true;
    return OK;
}

/* --- resources --------------------------------------------------------------------------- */

static Fail take_resource(Reading *r, Str file, Str text)
{
    Package    *p = r->package;
    uint32_t    before = r->call->issue_count;
    Json        json;
    PackageFile f = { .name = file, .text = text };
    Fail        result = json_parse(r->call, text, LIMIT_BUNDLE_NODES, &json);

    if (result != OK)
        return refuse(r, file, result, before);
    f.type = type_find(json_member_text(&json, 0, STR("resourceType")));
    if (!f.type)
        return refuse_as(r, file, FAIL_STRUCTURE, "it is no resource of FHIR R4");
    f.id = json_member_text(&json, 0, STR("id"));
    f.url = json_member_text(&json, 0, STR("url"));
    f.version = json_member_text(&json, 0, STR("version"));
    if (p->file_count == LIMIT_PACKAGE_FILES)
        return refuse_as(r, file, FAIL_TOO_LARGE, "the package has too many files");
    if (p->file_count == r->room) {
        uint32_t room = r->room ? r->room * 2 : 256;

        p->files = arena_grow(r->call->arena, p->files, r->room * sizeof *p->files,
                              room * sizeof *p->files);
        r->room = room;
    }
    p->files[p->file_count++] = f;
    return OK;
}

/* Resources lie directly in "package"; what is in folders below are examples and sources. */
static Fail take_entry(Reading *r, const TarEntry *entry)
{
    Str name = entry->name;

    if (str_starts(name, STR("./")))
        name = str_skip(name, 2);
    if (!entry->file || !str_starts(name, STR("package/")))
        return OK;
    name = str_skip(name, 8);
    if (str_find(name, STR("/")) >= 0 || !str_ends(name, STR(".json")) || name.at[0] == '.')
        return OK;
    if (str_equal(name, STR("package.json")))
        return take_description(r, name, entry->bytes);
    if (str_ends(name, STR(".index.json")) || str_ends(name, STR(".openapi.json"))
        || str_ends(name, STR(".schema.json"))
        || str_equal(name, STR("validation-summary.json"))
        || str_equal(name, STR("validation-oo.json")))
        return OK;
    return take_resource(r, name, entry->bytes);
}

Fail package_read(Call *c, Str bytes, Package *out)
{
    Package  package = { 0 };
    Reading  r = { .call = c, .package = &package };
    TarEntry entry;
    Str      archive;
    Tar      tar;
    bool     more = true;

    TRY(gzip_unpack(c, bytes, LIMIT_PACKAGE_BYTES, &archive));
    tar = tar_open(archive);
    for (;;) {
        TRY(tar_next(c, &tar, &entry, &more));
        if (!more)
            break;
        TRY(take_entry(&r, &entry));
    }
    if (!r.described)
        return refuse_as(&r, STR("package/package.json"), FAIL_STRUCTURE, "it is not there");
    *out = package;
    return OK;
}

bool package_version_fits(Str version, Str wanted)
{
    Str a = version, b = wanted, x, y;

    if (str_equal(version, wanted) || str_equal(wanted, STR("latest"))
        || str_equal(wanted, STR("current")) || str_equal(wanted, STR("*")))
        return true;
    while (str_next(&b, '.', &y)) {
        if (str_equal(y, STR("x")))
            return true;
        if (!str_next(&a, '.', &x) || !str_equal(x, y))
            return false;
    }
    return a.at == NULL;
}
