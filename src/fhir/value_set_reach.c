/*
 * What a value set draws on: the systems of its codes, and whether all is there that must be asked
 * to say which codes these are. R4 valueset.html#compositions
 */
#include "fhir/terminology.h"

#include "base/limits.h"

typedef struct Reaching {
    Terms   *terms;
    Str     *out;
    size_t   room, count;
    TermGap *gap;
} Reaching;

static Fail reach_set(Reaching *r, const TermDef *value_set, unsigned depth);

static Fail add_system(Reaching *r, const TermDef *value_set, Str system)
{
    for (size_t i = 0; i < r->count; i++)
        if (str_equal(r->out[i], system))
            return OK;
    if (r->count == r->room)
        return fail(r->terms->call, FAIL_TOO_COSTLY, (Str){ 0 },
                    "The value set '%.*s' draws on more than %zu code systems",
                    STR_ARG(value_set->url), r->room);
    r->out[r->count++] = system;
    return OK;
}

/* A list says its codes by itself; "all codes", and filters, are for the system to say. */
static Fail ask_system(Reaching *r, const TermDef *value_set, const ValueSetPart *part)
{
    const TermDef *system;

    if (part->concept_count && !part->filter_count)
        return OK;
    TRY(value_set_system(r->terms, value_set, part, &system, r->gap));
    if (system && str_equal(system->content, STR("not-present")) && !r->gap->url.len)
        *r->gap = (TermGap){ .type = TYPE_CODE_SYSTEM,
                             .url = part->system,
                             .version = system->version,
                             .value_set = value_set };
    for (uint32_t i = 0; i < part->filter_count && !r->gap->url.len; i++)
        if (part->filters[i].wrong.len)
            *r->gap = (TermGap){ .type = TYPE_VALUE_SET,
                                 .url = value_set->url,
                                 .version = value_set->version,
                                 .value_set = value_set,
                                 .wrong = part->filters[i].wrong };
    return OK;
}

static Fail reach_part(Reaching *r, const TermDef *value_set, const ValueSetPart *part,
                       unsigned depth)
{
    if (part->system.len) {
        TRY(add_system(r, value_set, part->system));
        TRY(ask_system(r, value_set, part));
    }
    for (uint32_t i = 0; i < part->value_set_count; i++) {
        const TermDef *imported;

        TRY(terms_find(r->terms, TYPE_VALUE_SET, part->value_sets[i], (Str){ 0 }, &imported));
        if (imported)
            TRY(reach_set(r, imported, depth + 1));
        else if (!r->gap->url.len)
            *r->gap = (TermGap){ .type = TYPE_VALUE_SET,
                                 .url = part->value_sets[i],
                                 .value_set = value_set };
    }
    return OK;
}

/* The depth is bounded, so these may call each other. */
static Fail reach_set(Reaching *r, const TermDef *value_set, unsigned depth)
{
    const ValueSet *set = value_set->value_set_parts;

    if (depth > LIMIT_VALUE_SET_DEPTH)
        return fail(r->terms->call, FAIL_UNPROCESSABLE, (Str){ 0 },
                    "The value set '%.*s' includes itself, or too many others in each other",
                    STR_ARG(value_set->url));
    TRY(term_step(r->terms, 1));
    for (uint32_t i = 0; i < set->include_count; i++)
        TRY(reach_part(r, value_set, &set->includes[i], depth));
    for (uint32_t i = 0; i < set->exclude_count; i++)
        TRY(reach_part(r, value_set, &set->excludes[i], depth));
    return OK;
}

Fail value_set_reach(Terms *t, const TermDef *value_set, Str *out, size_t room, size_t *count,
                     TermGap *gap)
{
    Reaching r = { .terms = t, .out = out, .room = room, .gap = gap };

    *gap = (TermGap){ 0 };
    TRY(reach_set(&r, value_set, 0));
    *count = r.count;
    return OK;
}
