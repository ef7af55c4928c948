/* Finding profiles, and giving them snapshots: see profiles.h. */
#include "fhir/profiles.h"

#include "base/limits.h"

enum { BASES_MAX = 16 };

/* A definition that had no snapshot. */
typedef struct MadeProfile {
    const TermDef      *def;
    const Profile      *profile; /* NULL while it is being made, and if that failed */
    Str                 wrong;
    bool                busy;
    struct MadeProfile *next;
} MadeProfile;

static Fail find_json(Call *c, void *context, Str url, const Json **out)
{
    const Profile *profile;

    (void)c;
    TRY(profiles_find(context, url, &profile));
    *out = profile ? profile->json : NULL;
    return OK;
}

static Fail make_snapshot(Terms *t, Str definition, Str *out)
{
    SnapshotSource source = { find_json, t };
    Json           json;

    TRY(json_parse(t->call, definition, LIMIT_JSON_NODES, &json));
    return snapshot_make(t->call, &source, &json, out);
}

static Fail refuse(Terms *t, const MadeProfile *made)
{
    return fail(t->call, FAIL_UNPROCESSABLE, STR("StructureDefinition"), "%.*s",
                STR_ARG(made->wrong));
}

static Fail make(Terms *t, MadeProfile *made)
{
    uint32_t       before = t->call->issue_count;
    const TermDef *whole = NULL;
    Str            json = { 0 };
    Fail           result;

    made->busy = true;
    if (t->profiles_open++ < BASES_MAX)
        result = make_snapshot(t, made->def->source, &json);
    else
        result = fail(t->call, FAIL_UNPROCESSABLE, STR("StructureDefinition"),
                      "more than %d definitions are based on each other", BASES_MAX);
    t->profiles_open--;
    made->busy = false;
    if (result == OK)
        result = term_define(t->call, t->call->arena, TYPE_STRUCTURE_DEFINITION, json, &whole);
    if (result == OK && whole->profile) {
        made->profile = whole->profile;
        return OK;
    }
    made->wrong = t->call->issue_count > before
                      ? arena_str(t->call->arena, t->call->issues[before].text)
                      : STR("its snapshot cannot be made");
    return result == OK ? refuse(t, made) : result;
}

Fail profiles_find(Terms *t, Str url, const Profile **out)
{
    const TermDef *def;
    MadeProfile   *made;

    *out = NULL;
    TRY(terms_find(t, TYPE_STRUCTURE_DEFINITION, url, (Str){ 0 }, &def));
    if (!def)
        return OK;
    *out = def->profile;
    if (def->profile)
        return OK;
    for (made = t->profiles; made && made->def != def; made = made->next)
        continue;
    if (made && made->busy)
        return fail(t->call, FAIL_UNPROCESSABLE, STR("StructureDefinition.baseDefinition"),
                    "%.*s is based on itself", STR_ARG(def->url));
    if (made && !made->profile)
        return refuse(t, made);
    if (!made) {
        made = NEW(t->call->arena, MadeProfile);
        *made = (MadeProfile){ .def = def, .next = t->profiles };
        t->profiles = made;
        TRY(make(t, made));
    }
    *out = made->profile;
    return OK;
}

Fail profiles_snapshot(Terms *t, Str definition, Str *out)
{
    Fail result;

    if (t->profiles_open++ >= BASES_MAX)
        result = FAIL_UNPROCESSABLE;
    else
        result = make_snapshot(t, definition, out);
    t->profiles_open--;
    return result;
}
