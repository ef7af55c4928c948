/* hale validate: whether resources are what the standard and profiles say, an OperationOutcome for each file. */
#include "fhir/validate.h"

#include <stdio.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/definitions.h"
#include "cli/file.h"
#include "cli/options.h"
#include "fhir/outcome.h"
#include "fhir/profiles.h"
#include "fhir/xml_read.h"

typedef struct Validating {
    Str             profile, with;
    Definitions    *definitions;
    ValidateOptions options;
    bool            bare; /* only the standard's tables */
} Validating;

static Fail read_text(Call *c, const char *name, Str *out, bool *unusable)
{
    *unusable = true;
    TRY(file_read(c, name, out));
    *unusable = false;
    if (file_is_xml(*out))
        return xml_read_resource(c, *out, LIMIT_BUNDLE_NODES, out);
    return OK;
}

static Fail validate(Call *c, const char *name, Validating *v, bool *unusable)
{
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES, .judging = true };
    Resource    resource = { 0 };
    Fail        read, result;
    Str         bytes;

    TRY(read_text(c, name, &bytes, unusable));
    read = resource_read(c, bytes, &options, &resource);
    if (!resource.tree)
        return read;
    v->options.terms = v->bare ? NULL : definitions_terms(c, v->definitions);
    v->options.profiles = &v->profile;
    v->options.profile_count = v->profile.len > 0;
    result = validate_resource(c, &resource, &v->options);
    return read != OK ? read : result;
}

static Fail validate_within(Call *c, const char *name, Validating *v, bool *unusable)
{
    if (setjmp(*arena_boundary(c->arena)))
        return FAIL_TOO_COSTLY;
    return validate(c, name, v, unusable);
}

static Fail read_definitions(Call *c, Str path, Definitions **out)
{
    if (setjmp(*arena_boundary(c->arena)))
        return FAIL_TOO_COSTLY;
    return definitions_read(c, path, out);
}

static size_t validate_all(Arena *arena, const Words *words, Validating *v)
{
    size_t valid = 0;

    for (size_t i = 0; i < words->count; i++) {
        Call call;
        bool unusable = false;
        Fail result;

        arena_reset(arena);
        call_begin(&call, arena);
        result = validate_within(&call, words->at[i], v, &unusable);
        valid += result == OK;
        if (unusable) {
            options_complain("validate", &call, result);
        } else {
            Str outcome = outcome_of(&call, result, 0);

            printf("%.*s\n", STR_ARG(outcome));
        }
    }
    return valid;
}

int command_validate(int argc, char **argv)
{
    Validating   v = { 0 };
    const Option options[] = {
        { "profile", OPTION_TEXT, "URL", "a profile they must conform to", .text = &v.profile },
        { "with", OPTION_TEXT, "PATH",
          "definitions: a file (JSON, XML, .ndjson, .tgz) or a folder of them",
          .text = &v.with },
        { "must-support", OPTION_FLAG, NULL, "tell what is to be supported and is not there",
          .flag = &v.options.must_support },
        { "undeclared", OPTION_FLAG, NULL, "leave out the profiles that meta.profile names",
          .flag = &v.options.undeclared },
        { "base", OPTION_FLAG, NULL, "no bindings, extensions and profiles: only the tables",
          .flag = &v.bare },
    };
    const Usage usage = {
        .command = "validate",
        .summary =
            "hale validate FILE…: prints an OperationOutcome for each file, one to a line. "
            "Structure, values, codes, the standard's invariants, extensions, references "
            "and profiles are checked.",
        .operands = "FILE…",
        .operands_min = 1,
        .operands_max = SIZE_MAX,
        .options = options,
        .option_count = COUNT(options),
        .more = "Ends with 0 if all are valid, 1 if none is, 3 if some are.",
    };
    Arena *arena;
    Call   call;
    Words  words;
    int    status;
    size_t valid;
    Fail   result;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    call_begin(&call, arena);
    result = read_definitions(&call, v.with, &v.definitions);
    if (result != OK)
        return options_complain("validate", &call, result);
    valid = validate_all(arena, &words, &v);
    arena_destroy(arena);
    if (fflush(stdout) != 0)
        return EXIT_FAILED;
    return valid == words.count ? EXIT_FINE : valid ? EXIT_PARTLY : EXIT_FAILED;
}
