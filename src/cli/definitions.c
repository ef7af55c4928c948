/* Definitions from files: see definitions.h. */
#include "cli/definitions.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "cli/file.h"
#include "fhir/package.h"
#include "fhir/xml_read.h"
#include "interaction/terms.h"

enum { DEFINITIONS_MAX = 64 * 1024, DEFINITION_BYTES = LIMIT_BUNDLE_CALL_BYTES };

typedef struct Given {
    TypeId         type;
    Str            url, text;
    const TermDef *def; /* once it was asked for */
} Given;

struct Definitions {
    Arena   *arena;
    Given   *given;
    uint32_t count;
};

static const TypeId kinds[] = { TYPE_CODE_SYSTEM, TYPE_VALUE_SET, TYPE_CONCEPT_MAP,
                                TYPE_STRUCTURE_DEFINITION, TYPE_QUESTIONNAIRE };

static Fail take(Call *c, Definitions *d, const char *file, Str text)
{
    Json   json;
    Str    name;
    TypeId type = 0;

    if (json_parse(c, text, LIMIT_BUNDLE_NODES, &json) != OK)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "%s is not JSON", file);
    name = json_member_text(&json, 0, STR("resourceType"));
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_equal(type_name(kinds[i]), name))
            type = kinds[i];
    if (type && d->count < DEFINITIONS_MAX)
        d->given[d->count++] = (Given){
            .type = type,
            .url = arena_str(d->arena, json_member_text(&json, 0, STR("url"))),
            .text = arena_str(d->arena, text),
        };
    if (str_equal(name, STR("Bundle"))) {
        uint32_t list = json_member(&json, 0, STR("entry"));

        for (uint32_t i = list + 1; list && i < json.values[list].after;
             i = json.values[i].after) {
            uint32_t inner = json_member(&json, i, STR("resource"));

            if (inner && json.values[inner].kind == JSON_OBJECT
                && !str_equal(json_member_text(&json, inner, STR("resourceType")),
                              STR("Bundle")))
                TRY(take(c, d, file,
                         str_slice(text, json.values[inner].from, json.values[inner].to)));
        }
    }
    return OK;
}

static Fail take_lines(Call *c, Definitions *d, const char *file, Str text)
{
    Str line;

    while (str_next(&text, '\n', &line))
        if (str_trim(line).len)
            TRY(take(c, d, file, str_trim(line)));
    return OK;
}

static Fail take_package(Call *c, Definitions *d, const char *file, Str bytes)
{
    Package package;

    TRY(package_read(c, bytes, &package));
    for (uint32_t i = 0; i < package.file_count; i++)
        TRY(take(c, d, file, package.files[i].text));
    return OK;
}

static Fail take_file(Call *c, Definitions *d, const char *file)
{
    Str bytes, name = str_from(file);

    TRY(file_read(c, file, &bytes));
    if (str_ends(name, STR(".tgz")) || str_ends(name, STR(".tar.gz")))
        return take_package(c, d, file, bytes);
    if (str_ends(name, STR(".ndjson")))
        return take_lines(c, d, file, bytes);
    if (file_is_xml(bytes))
        TRY(xml_read_resource(c, bytes, LIMIT_BUNDLE_NODES, &bytes));
    return take(c, d, file, bytes);
}

static bool is_definition(Str name)
{
    return str_ends(name, STR(".json")) || str_ends(name, STR(".xml"))
           || str_ends(name, STR(".ndjson")) || str_ends(name, STR(".tgz"));
}

static Fail take_folder(Call *c, Definitions *d, const char *path, DIR *folder)
{
    struct dirent *entry;
    Fail           result = OK;

    while (result == OK && (entry = readdir(folder)))
        if (is_definition(str_from(entry->d_name)))
            result = take_file(
                c, d,
                arena_c_string(c->arena, arena_printf(c->arena, "%s/%s", path, entry->d_name)));
    closedir(folder);
    return result;
}

Fail definitions_read(Call *c, Str path, Definitions **out)
{
    Arena       *arena = arena_create(DEFINITION_BYTES);
    Definitions *d = NEW(arena, Definitions);
    const char  *name = arena_c_string(c->arena, path);
    DIR         *folder;

    d->arena = arena;
    d->given = NEW_ARRAY(arena, Given, DEFINITIONS_MAX);
    *out = d;
    if (!path.len)
        return OK;
    folder = opendir(name);
    return folder ? take_folder(c, d, name, folder) : take_file(c, d, name);
}

static Fail candidates(Call *c, void *context, TypeId type, Str url, const TermDef ***out,
                       size_t *count)
{
    Definitions *d = context;

    *count = 0;
    *out = NEW_ARRAY(c->arena, const TermDef *, d->count + 1);
    for (uint32_t i = 0; i < d->count; i++) {
        Given *g = &d->given[i];

        if (g->type != type || !str_equal(g->url, url))
            continue;
        if (!g->def)
            TRY(term_define(c, d->arena, type, g->text, &g->def));
        (*out)[(*count)++] = g->def;
    }
    return *count ? OK : terms_published(c, type, url, out, count);
}

Terms *definitions_terms(Call *c, Definitions *d)
{
    Terms *t = NEW(c->arena, Terms);

    *t = (Terms){ .call = c, .context = d, .candidates = candidates };
    return t;
}
