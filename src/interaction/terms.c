/* Where a call finds definitions: see terms.h. */
#include "interaction/terms.h"

#include "fhir/published.h"
#include "interaction/term_cache.h"

static const TypeId term_types[] = { TYPE_CODE_SYSTEM, TYPE_VALUE_SET, TYPE_CONCEPT_MAP,
                                     TYPE_STRUCTURE_DEFINITION, TYPE_QUESTIONNAIRE };

typedef struct Source {
    Session        *session;
    Permit          permits[COUNT(term_types)]; /* zeroed: may not be read */
    const TermDef **given;                      /* came with the call */
    size_t          given_count;
} Source;

/* ---- loading ---- */

typedef struct Stored {
    Session      *session;
    const Permit *permit;
    TypeId        type;
    uint64_t      seq;
} Stored;

static Fail load_stored(Call *c, void *context, Str *json)
{
    const Stored *s = context;
    Version       version;

    TRY(store_version(c, s->session, s->permit, s->type, s->seq, &version));
    *json = version.body;
    return OK;
}

static Fail load_published(Call *c, void *context, Str *json)
{
    return published_json(c, *(const uint32_t *)context, json);
}

static Fail take_stored(Call *c, Session *session, const Permit *permit, TypeId type,
                        uint64_t seq, const TermDef **out)
{
    Stored  stored = { session, permit, type, seq };
    TermKey key = { store_serial(session_store(session)), seq };

    return term_cache_take(c, key, type, load_stored, &stored, out);
}

static const Permit *permit_for(const Source *source, TypeId type)
{
    for (size_t i = 0; i < COUNT(term_types); i++)
        if (term_types[i] == type && source->permits[i].reach != REACH_NOTHING)
            return &source->permits[i];
    return NULL;
}

Fail terms_published(Call *c, TypeId type, Str url, const TermDef ***out, size_t *count)
{
    uint32_t rows, first = published_find(type, url, &rows);

    *out = NEW_ARRAY(c->arena, const TermDef *, rows + 1);
    for (uint32_t i = 0; i < rows; i++) {
        uint32_t row = first + i;

        TRY(term_cache_take(c, (TermKey){ 0, row }, type, load_published, &row,
                            &(*out)[(*count)]));
        ++*count;
    }
    return OK;
}

static Fail candidates(Call *c, void *context, TypeId type, Str url, const TermDef ***out,
                       size_t *count)
{
    Source       *source = context;
    const Permit *permit = permit_for(source, type);
    uint64_t     *seqs = NULL;
    size_t        stored = 0;

    *count = 0;
    if (permit)
        TRY(store_definitions(c, source->session, permit, type, url, &seqs, &stored));
    *out = NEW_ARRAY(c->arena, const TermDef *, source->given_count + stored + 1);
    for (size_t i = 0; i < source->given_count; i++)
        if (source->given[i]->type == type && str_equal(source->given[i]->url, url))
            (*out)[(*count)++] = source->given[i];
    for (size_t i = 0; i < stored; i++) {
        TRY(take_stored(c, source->session, permit, type, seqs[i], &(*out)[*count]));
        ++*count;
    }
    return *count ? OK : terms_published(c, type, url, out, count);
}

/* ---- opening ---- */

static Fail take_given(Call *c, Str json, const TermDef **out)
{
    Json   parsed;
    Str    type_text;
    TypeId type = 0;

    TRY(json_parse(c, json, UINT32_MAX, &parsed));
    type_text = json_member_text(&parsed, 0, STR("resourceType"));
    for (size_t i = 0; i < COUNT(term_types); i++)
        if (str_equal(type_name(term_types[i]), type_text))
            type = term_types[i];
    if (!type)
        return fail(c, FAIL_VALUE, STR("tx-resource"),
                    "Only a CodeSystem, ValueSet or ConceptMap can come with the call");
    return term_define(c, c->arena, type, json, out);
}

static Fail take_rules(Call *c, Terms *t, const TermAsked *asked)
{
    static const struct {
        TermRuleKind kind;
        TypeId       type;
    } rules[] = { { TERM_RULE_DEFAULT, TYPE_CODE_SYSTEM },
                  { TERM_RULE_FORCE, TYPE_CODE_SYSTEM },
                  { TERM_RULE_CHECK, TYPE_CODE_SYSTEM },
                  { TERM_RULE_DEFAULT, TYPE_VALUE_SET } };
    size_t room = 1;

    for (size_t i = 0; i < COUNT(rules); i++)
        room += asked->rules[i].count;
    t->rules = NEW_ARRAY(c->arena, TermRule, room);
    for (size_t i = 0; i < COUNT(rules); i++)
        for (size_t k = 0; k < asked->rules[i].count; k++) {
            TermRule *rule = &t->rules[t->rule_count++];

            *rule = (TermRule){ .kind = rules[i].kind, .type = rules[i].type };
            if (!str_cut_last(asked->rules[i].at[k], '|', &rule->url, &rule->version))
                return fail(c, FAIL_VALUE, (Str){ 0 },
                            "A version is said as the address, '|' and the version");
        }
    return OK;
}

Fail terms_open(Call *c, Session *s, const Turn *turn, const TermAsked *asked, Terms **out)
{
    Source *source = NEW(c->arena, Source);
    Terms  *t = NEW(c->arena, Terms);

    source->session = s;
    for (size_t i = 0; i < COUNT(term_types); i++) {
        uint32_t issues = c->issue_count;

        if (access_permit(c, turn->principal, DEED_READ, term_types[i], &source->permits[i])
            != OK) {
            source->permits[i] = (Permit){ 0 };
            call_forget_issues(c, issues);
        }
    }
    source->given = NEW_ARRAY(c->arena, const TermDef *, asked->resource_count + 1);
    for (size_t i = 0; i < asked->resource_count; i++) {
        TRY(take_given(c, asked->resources[i], &source->given[i]));
        source->given_count++;
    }
    *t = (Terms){ .call = c, .context = source, .candidates = candidates };
    t->supplements = (Str *)asked->supplements.at;
    t->supplement_count = asked->supplements.count;
    TRY(take_rules(c, t, asked));
    *out = t;
    return OK;
}

static Fail take_instance(Terms *t, Session *s, const Turn *turn, TypeId type,
                          const TermDef **out)
{
    Version version;

    TRY(store_read(t->call, s, &turn->permit, type, turn->asked->id, &version));
    if (version.deleted)
        return fail(t->call, FAIL_GONE, (Str){ 0 }, "%.*s/%.*s was deleted",
                    STR_ARG(type_name(type)), STR_ARG(turn->asked->id));
    return take_stored(t->call, s, &turn->permit, type, version.seq, out);
}

Fail terms_stored(Terms *t, TypeId type, Str id, const TermDef **out)
{
    const Source *source = t->context;
    const Permit *permit = permit_for(source, type);
    uint32_t      issues = t->call->issue_count;
    Version       version;
    Fail          found;

    *out = NULL;
    if (!permit)
        return OK;
    found = store_read(t->call, source->session, permit, type, id, &version);
    if (found == FAIL_NOT_FOUND)
        call_forget_issues(t->call, issues);
    if (found == FAIL_NOT_FOUND || (found == OK && version.deleted))
        return OK;
    TRY(found);
    return take_stored(t->call, source->session, permit, type, version.seq, out);
}

Fail terms_subject(Terms *t, Session *s, const Turn *turn, TypeId type, const TermAsked *asked,
                   const TermDef **out)
{
    Str version = type == TYPE_CODE_SYSTEM ? asked->version : asked->value_set_version;

    if (turn->asked->id.len)
        return take_instance(t, s, turn, type, out);
    if (asked->given.len)
        return term_define(t->call, t->call->arena, type, asked->given, out);
    if (!asked->url.len)
        return fail(t->call, FAIL_REQUIRED, STR("url"), "This needs the url of a %.*s",
                    STR_ARG(type_name(type)));
    return terms_find(t, type, asked->url, version, out);
}
