/* Checking what is to be written: see check_write.h. */
#include "interaction/check_write.h"

#include "access/checks.h"
#include "base/limits.h"
#include "fhir/validate.h"
#include "interaction/terms.h"

/* Definitions are the practice's, not the writer's: what is written is held against all of them. */
static Fail open_terms(Call *c, Session *s, Terms **out)
{
    const TermAsked nothing = { 0 };
    const Asked     asked = { .base = store_base(session_store(s)) };
    Principal      *owner = NEW(c->arena, Principal);
    const Turn      turn = { .principal = owner, .asked = &asked };

    *owner = principal_owner();
    return terms_open(c, s, &turn, &nothing, out);
}

static Fail validate(Call *c, Session *s, const Resource *resource, const Check *check)
{
    ValidateOptions how = { .profiles = &check->profile,
                            .profile_count = check->profile.len > 0,
                            .undeclared = check->level != CHECK_DECLARED };

    TRY(open_terms(c, s, &how.terms));
    return validate_resource(c, resource, &how);
}

/* Faults of a resource inside a Bundle are told at their lines in the Bundle. */
static void shift_lines(Call *c, const Resource *resource, uint32_t since)
{
    const JsonValue *json = node_at(resource, resource->root)->json;
    JsonPlace        place;

    if (since == c->issue_count)
        return;
    place = json_place_next(&resource->tree->json, json->from);
    for (uint32_t i = since; i < c->issue_count; i++) {
        if (!c->issues[i].line)
            continue;
        if (c->issues[i].line == 1)
            c->issues[i].column += place.column - 1;
        c->issues[i].line += place.line - 1;
    }
}

/* One that is part of another text is looked at by itself. */
static Fail validate_alone(Call *c, Session *s, const Resource *resource, const Check *check,
                           bool warnings)
{
    ReadOptions options = { .expected = resource->type,
                            .values_max = LIMIT_BUNDLE_NODES,
                            .trusted = true };
    uint32_t    since = c->issue_count;
    Resource    alone;
    Fail        result;

    if (resource->root == 0)
        return validate(c, s, resource, check);
    TRY(resource_read(c, node_source(resource, resource->root), &options, &alone));
    result = validate(c, s, &alone, check);
    if (result != OK || warnings)
        shift_lines(c, resource, since);
    return result;
}

static Fail as_refusal(Fail result)
{
    return result == OK || result == FAIL_TOO_COSTLY || result == FAIL_TIMEOUT
                   || result == FAIL_SYSTEM
               ? result
               : FAIL_UNPROCESSABLE;
}

Fail check_write(Call *c, Session *s, const Resource *resource, bool warnings)
{
    uint32_t since = c->issue_count;
    Check    check;
    Fail     result;

    TRY(checks_find(c, s, resource->type, &check));
    if (check.level == CHECK_OFF)
        return OK;
    result = as_refusal(validate_alone(c, s, resource, &check, warnings));
    if (result == OK && !warnings)
        call_forget_issues(c, since);
    return result;
}

Fail check_write_hidden(Call *c, Session *s, TypeId type, Str whole)
{
    ReadOptions options = { .expected = type,
                            .values_max = LIMIT_BUNDLE_NODES,
                            .trusted = true };
    uint32_t    since = c->issue_count;
    Resource    resource;
    Fail        result;

    TRY(resource_read(c, whole, &options, &resource));
    result = check_write(c, s, &resource, false);
    if (result != FAIL_UNPROCESSABLE)
        return result;
    call_forget_issues(c, since);
    return fail(c, FAIL_UNPROCESSABLE, type_name(type),
                "With what you may not see of it, it is not what the practice asks for");
}
