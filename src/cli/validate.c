/* hale validate: whether resources are what the standard says, an OperationOutcome for each file. */
#include "fhir/validate.h"

#include <stdio.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/options.h"
#include "fhir/outcome.h"

static Fail validate(Call *c, const char *name, Str profile, bool *unusable)
{
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES };
    Resource    resource;
    Str         bytes;

    *unusable = true;
    TRY(file_read(c, name, &bytes));
    *unusable = false;
    TRY(resource_read(c, bytes, &options, &resource));
    if (profile.len && !validate_profile_is_base(resource.type, profile))
        return fail(
            c, FAIL_NOT_SUPPORTED, (Str){ 0 },
            "the profile %.*s is not known: only the standard's own definition of a type is",
            STR_ARG(profile));
    return validate_invariants(c, &resource);
}

static Fail validate_within(Call *c, const char *name, Str profile, bool *unusable)
{
    if (setjmp(*arena_boundary(c->arena)))
        return FAIL_TOO_COSTLY;
    return validate(c, name, profile, unusable);
}

int command_validate(int argc, char **argv)
{
    Str          profile = { 0 };
    const Option options[] = {
        { "profile", OPTION_TEXT, "URL", "the profile they must conform to", .text = &profile },
    };
    const Usage usage = {
        .command = "validate",
        .summary =
            "hale validate FILE…: prints an OperationOutcome for each file, one to a line. "
            "Structure, values, required codes and the standard's invariants are checked; "
            "of profiles only the standard's own types are known.",
        .operands = "FILE…",
        .operands_min = 1,
        .operands_max = SIZE_MAX,
        .options = options,
        .option_count = COUNT(options),
        .more = "Ends with 0 if all are valid, 1 if none is, 3 if some are.",
    };
    Arena *arena;
    Words  words;
    int    status;
    size_t valid = 0;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    for (size_t i = 0; i < words.count; i++) {
        Call call;
        bool unusable = false;
        Fail result;

        arena_reset(arena);
        call_begin(&call, arena);
        result = validate_within(&call, words.at[i], profile, &unusable);
        valid += result == OK;
        if (unusable) {
            options_complain("validate", &call, result);
        } else {
            Str outcome = outcome_of(&call, result, 0);

            printf("%.*s\n", STR_ARG(outcome));
        }
    }
    arena_destroy(arena);
    if (fflush(stdout) != 0)
        return EXIT_FAILED;
    return valid == words.count ? EXIT_FINE : valid ? EXIT_PARTLY : EXIT_FAILED;
}
