/* Definitions and which of their versions is meant: see terminology.h. */
#include "fhir/terminology.h"

#include "base/limits.h"
#include "fhir/profile.h"

/* ---- making ---- */

static Str member(Arena *a, const Json *json, const char *name)
{
    Str text = json_member_text(json, 0, str_from(name));

    return text.at ? arena_str(a, text) : (Str){ 0 };
}

static Str standards_status(Arena *a, const Json *json)
{
    uint32_t list = json_member(json, 0, STR("extension"));

    for (uint32_t i = list + 1; list && i < json->values[list].after; i = json->values[i].after)
        if (str_equal(json_member_text(json, i, STR("url")),
                      STR("http://hl7.org/fhir/StructureDefinition/"
                          "structuredefinition-standards-status")))
            return arena_str(a, json_member_text(json, i, STR("valueCode")));
    return (Str){ 0 };
}

/* What a value set or profile says is pointed to in its JSON, which is therefore parsed on its own arena. */
static Fail define_kept(Call *c, Arena *a, Str text, TermDef *def)
{
    Call  kept;
    Fail  result;
    Json *json = NEW(a, Json);

    call_begin(&kept, a);
    def->source = arena_str(a, text);
    result = json_parse(&kept, def->source, LIMIT_BUNDLE_NODES, json);
    if (result == OK && def->type == TYPE_VALUE_SET)
        result = value_set_define(&kept, a, json, def);
    if (result == OK && def->type == TYPE_STRUCTURE_DEFINITION
        && snapshot_elements(json, STR("snapshot")))
        result = profile_compile(&kept, a, json, &def->profile);
    if (result != OK)
        return fail(c, result, (Str){ 0 }, "%.*s",
                    STR_ARG(kept.issue_count ? kept.issues[0].text : STR("It cannot be read")));
    return OK;
}

Fail term_define(Call *c, Arena *a, TypeId type, Str text, const TermDef **out)
{
    TermDef *def = NEW(a, TermDef);
    uint32_t experimental;
    Json     json;

    TRY(json_parse(c, text, LIMIT_BUNDLE_NODES, &json));
    experimental = json_member(&json, 0, STR("experimental"));
    *def = (TermDef){
        .type = type,
        .url = member(a, &json, "url"),
        .version = member(a, &json, "version"),
        .name = member(a, &json, "name"),
        .title = member(a, &json, "title"),
        .status = member(a, &json, "status"),
        .language = member(a, &json, "language"),
        .standards = standards_status(a, &json),
        .experimental = experimental && json.values[experimental].kind == JSON_TRUE,
    };
    TRY(type == TYPE_CODE_SYSTEM ? code_system_define(c, a, &json, def)
                                 : define_kept(c, a, text, def));
    def->bytes = arena_used(a);
    *out = def;
    return OK;
}

/* ---- versions ---- */

bool term_version_matches(Str version, Str wanted)
{
    Str a = version, b = wanted, x, y;

    if (str_equal(version, wanted))
        return true;
    if (str_find(wanted, STR("x")) < 0)
        return false;
    while (str_next(&b, '.', &y)) {
        if (!str_next(&a, '.', &x) || (!str_equal(y, STR("x")) && !str_equal(x, y)))
            return false;
    }
    return a.at == NULL;
}

int term_version_compare(Str a, Str b)
{
    Str x, y;

    while (a.at && b.at) {
        bool     more_a = str_next(&a, '.', &x), more_b = str_next(&b, '.', &y);
        uint64_t m, n;

        if (more_a != more_b)
            return more_a ? 1 : -1;
        if (str_to_u64(x, &m) && str_to_u64(y, &n) && m != n)
            return m > n ? 1 : -1;
        if ((!str_to_u64(x, &m) || !str_to_u64(y, &n)) && !str_equal(x, y))
            return str_compare(x, y);
    }
    return (a.at != NULL) - (b.at != NULL);
}

bool term_language_matches(Str tag, Str wanted)
{
    if (tag.len == 0 || wanted.len == 0)
        return false;
    if (str_equal_ascii_nocase(tag, wanted))
        return true;
    if (tag.len > wanted.len && tag.at[wanted.len] == '-')
        return str_equal_ascii_nocase(str_slice(tag, 0, wanted.len), wanted);
    return false;
}

static const TermRule *rule_of(const Terms *t, TermRuleKind kind, TypeId type, Str url)
{
    for (size_t i = 0; i < t->rule_count; i++)
        if (t->rules[i].kind == kind && t->rules[i].type == type
            && str_equal(t->rules[i].url, url))
            return &t->rules[i];
    return NULL;
}

Str terms_version_wanted(const Terms *t, TypeId type, Str url, Str version)
{
    const TermRule *force = rule_of(t, TERM_RULE_FORCE, type, url);
    const TermRule *open = rule_of(t, TERM_RULE_DEFAULT, type, url);
    const TermRule *check = rule_of(t, TERM_RULE_CHECK, type, url);

    if (force)
        return force->version;
    if (version.len)
        return version;
    if (open)
        return open->version;
    return check ? check->version : (Str){ 0 };
}

const TermRule *terms_check(const Terms *t, TypeId type, Str url, Str version)
{
    const TermRule *check = rule_of(t, TERM_RULE_CHECK, type, url);

    return check && !term_version_matches(version, check->version) ? check : NULL;
}

/* ---- finding ---- */

/* Its place in the table, or that of the free slot where it belongs. */
static TermMemo *memo_of(const Terms *t, TypeId type, Str url)
{
    size_t at = (str_hash(url) ^ type) & (t->memo_room - 1);

    while (t->memo[at].type && (t->memo[at].type != type || !str_equal(t->memo[at].url, url)))
        at = (at + 1) & (t->memo_room - 1);
    return &t->memo[at];
}

static void grow_memo(Terms *t)
{
    Terms before = *t;

    t->memo_room = before.memo_room ? before.memo_room * 2 : 32;
    t->memo = NEW_ARRAY(t->call->arena, TermMemo, t->memo_room);
    for (size_t i = 0; i < before.memo_room; i++)
        if (before.memo[i].type)
            *memo_of(t, before.memo[i].type, before.memo[i].url) = before.memo[i];
}

Fail terms_versions(Terms *t, TypeId type, Str url, const TermDef ***out, size_t *count)
{
    TermMemo *memo;

    if (t->memo_count * 2 >= t->memo_room)
        grow_memo(t);
    memo = memo_of(t, type, url);
    if (memo->type) {
        *out = memo->defs;
        *count = memo->count;
        return OK;
    }
    TRY(t->candidates(t->call, t->context, type, url, out, count));
    *memo_of(t, type, url) = (TermMemo){ type, arena_str(t->call->arena, url), *out, *count };
    t->memo_count++;
    return OK;
}

Fail terms_find(Terms *t, TypeId type, Str url, Str version, const TermDef **out)
{
    const TermDef **defs, *best = NULL;
    size_t          count;
    Str             wanted, before, after;

    *out = NULL;
    if (str_cut_last(url, '|', &before, &after)) {
        url = before;
        if (!version.len)
            version = after;
    }
    wanted = terms_version_wanted(t, type, url, version);
    TRY(terms_versions(t, type, url, &defs, &count));
    for (size_t i = 0; i < count; i++) {
        if (wanted.len && !term_version_matches(defs[i]->version, wanted))
            continue;
        if (!best || term_version_compare(defs[i]->version, best->version) > 0)
            best = defs[i];
    }
    *out = best;
    for (size_t i = 0; i < t->used_count; i++)
        if (t->used[i] == best)
            return OK;
    if (best && t->used_count < COUNT(t->used))
        t->used[t->used_count++] = best;
    return OK;
}

Fail term_step(Terms *t, uint64_t steps)
{
    t->steps += steps;
    if (t->steps > (t->steps_max ? t->steps_max : LIMIT_TERM_STEPS))
        return fail(t->call, FAIL_TOO_COSTLY, (Str){ 0 },
                    "That would look at too many concepts (%s)",
                    t->steps_max ? "LIMIT_QUERY_TERM_STEPS" : "LIMIT_TERM_STEPS");
    if (t->steps % 4096 < steps && call_late(t->call))
        return fail(t->call, FAIL_TIMEOUT, (Str){ 0 }, "That takes too long");
    return OK;
}

/* ---- concepts ---- */

static bool says(Str value, const Str *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_ascii_nocase(value, words[i]))
            return true;
    return false;
}

/* The value of the property with that meaning: by its address, else by its usual code. */
static Str meaning(const TermDef *system, uint32_t concept, Str uri, Str code)
{
    for (uint32_t i = 0; i < system->property_count; i++)
        if (str_equal(system->properties[i].uri, uri))
            return concepts_property(&system->concepts, concept, system->properties[i].code);
    return concepts_property(&system->concepts, concept, code);
}

Str term_concept_status(const TermDef *system, uint32_t concept)
{
    return meaning(system, concept, STR("http://hl7.org/fhir/concept-properties#status"),
                   STR("status"));
}

bool term_concept_inactive(const TermDef *system, uint32_t concept)
{
    static const Str ended[] = { STR_INIT("retired"), STR_INIT("inactive"),
                                 STR_INIT("withdrawn") };
    Str              said;

    if (concepts_flags(&system->concepts, concept) & CONCEPT_INACTIVE)
        return true;
    said = meaning(system, concept, STR("http://hl7.org/fhir/concept-properties#inactive"),
                   STR("inactive"));
    if (said.len)
        return str_equal(said, STR("true"));
    return says(term_concept_status(system, concept), ended, COUNT(ended));
}

bool term_concept_abstract(const TermDef *system, uint32_t concept)
{
    Str said;

    if (concepts_flags(&system->concepts, concept) & CONCEPT_ABSTRACT)
        return true;
    said = meaning(system, concept, STR("http://hl7.org/fhir/concept-properties#notSelectable"),
                   STR("notSelectable"));
    return str_equal(said, STR("true"));
}
