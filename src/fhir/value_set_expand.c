/*
 * Walking what is in a value set, part by part. A member that an earlier part has, or an exclude
 * takes away, is passed over by asking these, so that nothing is remembered and the set may be of any
 * size. R4 valueset.html#expansion
 */
#include "fhir/terminology.h"

#include "base/limits.h"

typedef struct Walker {
    Terms              *terms;
    const TermDef      *set;
    const ValueSetPart *part;
    uint32_t            number; /* of the part among the includes */
    unsigned            depth;
    MemberFunction     *each;
    void               *context;
    TermGap            *gap;
    Fail                result; /* of what was asked in the middle of a nested walk */
    bool                ended;
} Walker;

static Fail walk_set(Walker *w);

/* Shows one member of the part to the caller, if it is one and nobody showed it before. */
static Fail show(Walker *w, const Member *member)
{
    const ValueSet *set = w->set->value_set_parts;
    bool            has;

    TRY(value_set_part_has(w->terms, w->set, w->part, member, w->depth, &has, w->gap));
    if (!has)
        return OK;
    if (set->leaves_inactive && member->system && member->concept != CONCEPT_NONE
        && term_concept_inactive(member->system, member->concept))
        return OK;
    for (uint32_t i = 0; i < w->number; i++) {
        TRY(value_set_part_has(w->terms, w->set, &set->includes[i], member, w->depth, &has,
                               w->gap));
        if (has)
            return OK;
    }
    for (uint32_t i = 0; i < set->exclude_count; i++) {
        TRY(value_set_part_has(w->terms, w->set, &set->excludes[i], member, w->depth, &has,
                               w->gap));
        if (has)
            return OK;
    }
    if (!w->each(w->context, member))
        w->ended = true;
    return OK;
}

static Fail walk_listed(Walker *w, const TermDef *system)
{
    for (uint32_t i = 0; i < w->part->concept_count && !w->ended; i++) {
        const ValueSetConcept *listed = &w->part->concepts[i];
        Member                 member = { .system = system,
                                          .concept = CONCEPT_NONE,
                                          .part = w->part,
                                          .listed = listed,
                                          .system_url = w->part->system,
                                          .code = listed->code };

        if (system)
        member.concept = concepts_find(&system->concepts, listed->code);
        if (system && member.concept == CONCEPT_NONE && !w->set->value_set_parts->enumerated
            && !str_equal(system->content, STR("fragment"))
            && !str_equal(system->content, STR("example"))
            && !str_equal(system->content, STR("not-present")))
            continue; /* the system has no such code */
        TRY(show(w, &member));
    }
    return OK;
}

/* The branch that all of the part lies in, if a filter names one. */
static uint32_t branch_of(const Walker *w, const TermDef *system)
{
    for (uint32_t i = 0; i < w->part->filter_count; i++) {
        const ValueSetFilter *f = &w->part->filters[i];

        if (f->op == FILTER_IS_A || f->op == FILTER_DESCENDENT_OF || f->op == FILTER_CHILD_OF
            || f->op == FILTER_DESCENDENT_LEAF)
            return concepts_find(&system->concepts, f->value);
    }
    return CONCEPT_NONE;
}

static Fail walk_span(Walker *w, const TermDef *system, ConceptSpan span)
{
    for (uint32_t i = span.from; i <= span.to && i < system->concepts.count && !w->ended; i++) {
        Member member = { .system = system,
                          .concept = i,
                          .part = w->part,
                          .system_url = w->part->system,
                          .code = concepts_code(&system->concepts, i) };

        TRY(show(w, &member));
    }
    return OK;
}

static Fail walk_system(Walker *w, const TermDef *system)
{
    uint32_t           branch = branch_of(w, system), count;
    ConceptSpan        whole = { 0, system->concepts.count };
    const ConceptSpan *spans = &whole;

    if (!system->concepts.count)
        return OK;
    count = 1;
    if (branch != CONCEPT_NONE)
        spans = concepts_spans(&system->concepts, branch, &count);
    for (uint32_t i = 0; i < count && !w->ended; i++)
        TRY(walk_span(w, system, spans[i]));
    return OK;
}

static bool show_imported(void *context, const Member *member)
{
    Walker *w = context;

    w->result = show(w, member);
    return w->result == OK && !w->ended;
}

/* What the first of the imported value sets has; the others are asked by show(). */
static Fail walk_imported(Walker *w)
{
    Walker inner = { .terms = w->terms,
                     .depth = w->depth + 1,
                     .each = show_imported,
                     .context = w,
                     .gap = w->gap };

    TRY(terms_find(w->terms, TYPE_VALUE_SET, w->part->value_sets[0], (Str){ 0 }, &inner.set));
    if (!inner.set) {
        if (!w->gap->url.len)
            *w->gap = (TermGap){ .type = TYPE_VALUE_SET,
                                 .url = w->part->value_sets[0],
                                 .value_set = w->set };
        return OK;
    }
    TRY(walk_set(&inner));
    return w->result;
}

static Fail walk_part(Walker *w)
{
    const TermDef *system = NULL;

    for (uint32_t i = 0; i < w->part->filter_count; i++)
        if (w->part->filters[i].wrong.len) {
            *w->gap = (TermGap){ .type = TYPE_VALUE_SET,
                                 .url = w->set->url,
                                 .version = w->set->version,
                                 .value_set = w->set,
                                 .wrong = w->part->filters[i].wrong };
            return OK;
        }
    if (w->part->system.len == 0)
        return w->part->value_set_count ? walk_imported(w) : OK;
    if (w->set->value_set_parts->enumerated) {
        TRY(terms_find(w->terms, TYPE_CODE_SYSTEM, w->part->system, w->part->version, &system));
        return walk_listed(w, system);
    }
    TRY(value_set_system(w->terms, w->set, w->part, &system, w->gap));
    if (!system)
        return OK;
    return w->part->concept_count ? walk_listed(w, system) : walk_system(w, system);
}

static Fail walk_set(Walker *w)
{
    const ValueSet *set = w->set->value_set_parts;

    if (w->depth > LIMIT_VALUE_SET_DEPTH)
        return fail(w->terms->call, FAIL_UNPROCESSABLE, (Str){ 0 },
                    "The value set '%.*s' includes itself, or too many others in each other",
                    STR_ARG(w->set->url));
    for (w->number = 0; w->number < set->include_count; w->number++) {
        w->part = &set->includes[w->number];
        TRY(walk_part(w));
        if (w->ended || w->gap->url.len)
            return OK;
    }
    return OK;
}

Fail value_set_walk(Terms *t, const TermDef *value_set, MemberFunction *each, void *context,
                    TermGap *gap)
{
    Walker w = { .terms = t, .set = value_set, .each = each, .context = context, .gap = gap };

    *gap = (TermGap){ 0 };
    return walk_set(&w);
}
