/* hale snapshot: StructureDefinitions with the snapshots that their differentials make. */
#include <stdio.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/definitions.h"
#include "cli/file.h"
#include "cli/options.h"
#include "fhir/profiles.h"
#include "fhir/xml_read.h"

static Fail make(Call *c, const char *name, Definitions *definitions, Str *out)
{
    Str bytes;

    if (setjmp(*arena_boundary(c->arena)))
        return FAIL_TOO_COSTLY;
    TRY(file_read(c, name, &bytes));
    if (file_is_xml(bytes))
        TRY(xml_read_resource(c, bytes, LIMIT_BUNDLE_NODES, &bytes));
    return profiles_snapshot(definitions_terms(c, definitions), bytes, out);
}

static Fail read_definitions(Call *c, Str path, Definitions **out)
{
    if (setjmp(*arena_boundary(c->arena)))
        return FAIL_TOO_COSTLY;
    return definitions_read(c, path, out);
}

int command_snapshot(int argc, char **argv)
{
    Str          with = { 0 };
    const Option options[] = {
        { "with", OPTION_TEXT, "PATH",
          "definitions: a file (JSON, XML, .ndjson, .tgz) or a folder of them", .text = &with },
    };
    const Usage usage = {
        .command = "snapshot",
        .summary =
            "hale snapshot FILE…: prints each StructureDefinition, one to a line, with the "
            "snapshot that its differential and what it is based on come to.",
        .operands = "FILE…",
        .operands_min = 1,
        .operands_max = SIZE_MAX,
        .options = options,
        .option_count = COUNT(options),
    };
    Definitions *definitions;
    Arena       *arena;
    Call         call;
    Words        words;
    int          status = EXIT_FINE;
    Fail         result;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    call_begin(&call, arena);
    result = read_definitions(&call, with, &definitions);
    if (result != OK)
        return options_complain("snapshot", &call, result);
    for (size_t i = 0; i < words.count; i++) {
        Str out = { 0 };

        arena_reset(arena);
        call_begin(&call, arena);
        result = make(&call, words.at[i], definitions, &out);
        if (result == OK)
            printf("%.*s\n", STR_ARG(out));
        else
            status = options_complain("snapshot", &call, result);
    }
    arena_destroy(arena);
    return fflush(stdout) == 0 ? status : EXIT_FAILED;
}
