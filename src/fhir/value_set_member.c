/*
 * Whether a code is in a value set, asked of its parts and never by unfolding it.
 * R4 valueset.html#compositions, valueset-filter-operator.html
 */
#include "fhir/terminology.h"

#include "base/limits.h"

/* ---- filters ---- */

/* Values of a property are codes, texts, or Codings: "code" or "system|code". */
static bool value_is(const ConceptDetail *d, Str wanted)
{
    Str system, code;

    if (str_equal(d->value, wanted))
        return true;
    return d->kind == CONCEPT_VALUE_CODING && str_cut(wanted, '|', &system, &code)
           && str_equal(d->system, system) && str_equal(d->value, code);
}

static bool value_in(const ConceptDetail *d, Str list)
{
    Str rest = list, each;

    while (str_next(&rest, ',', &each))
        if (value_is(d, str_trim(each)))
            return true;
    return false;
}

/* What a filter looks at, one value after the other: the code, the display, a designation, the
 * parents, or a property. False when there are no more. */
static bool next_value(const Concepts *s, uint32_t concept, Str property, uint32_t *at,
                       ConceptDetail *out)
{
    uint32_t        count;
    const uint32_t *parents;

    *out = (ConceptDetail){ .kind = CONCEPT_VALUE_CODE };
    if (str_equal(property, STR("code")) || str_equal(property, STR("concept"))) {
        out->value = concepts_code(s, concept);
        return (*at)++ == 0;
    }
    if (str_equal(property, STR("display"))) {
        out->value = concepts_display(s, concept);
        return (*at)++ == 0;
    }
    if (str_equal(property, STR("parent"))) {
        parents = concepts_parents(s, concept, &count);
        if (*at >= count)
            return false;
        out->value = concepts_code(s, parents[(*at)++]);
        return true;
    }
    for (; *at < concepts_detail_count(s, concept); (*at)++) {
        *out = concepts_detail(s, concept, *at);
        if (out->kind == CONCEPT_VALUE_NONE ? str_equal(property, STR("designation"))
                                            : str_equal(out->name, property)) {
            (*at)++;
            return true;
        }
    }
    return false;
}

static Fail any_value(Call *c, const Concepts *s, uint32_t concept, const ValueSetFilter *f,
                      bool *out)
{
    ConceptDetail d;

    *out = false;
    for (uint32_t at = 0; !*out && next_value(s, concept, f->property, &at, &d);) {
        if (f->op == FILTER_REGEX)
            TRY(pattern_matches(c, f->pattern, d.value, false, out));
        else
            *out = (f->op == FILTER_EQUAL && value_is(&d, f->value))
                   || ((f->op == FILTER_IN || f->op == FILTER_NOT_IN) && value_in(&d, f->value))
                   || f->op == FILTER_EXISTS;
    }
    return OK;
}

static bool is_leaf(const Concepts *s, uint32_t concept)
{
    uint32_t           count;
    const ConceptSpan *spans = concepts_spans(s, concept, &count);

    return count == 1 && spans[0].from == spans[0].to;
}

/* The filters that are about the hierarchy. */
static bool hierarchy_holds(const Concepts *s, uint32_t concept, const ValueSetFilter *f)
{
    uint32_t of = concepts_find(s, f->value);

    if (of == CONCEPT_NONE)
        return f->op == FILTER_IS_NOT_A;
    switch (f->op) {
    case FILTER_IS_A: return concepts_is_a(s, concept, of);
    case FILTER_DESCENDENT_OF: return concept != of &&concepts_is_a(s, concept, of);
    case FILTER_IS_NOT_A: return !concepts_is_a(s, concept, of);
    case FILTER_GENERALIZES: return concepts_is_a(s, of, concept);
    case FILTER_CHILD_OF: return concepts_is_child(s, concept, of);
    default: return concept != of &&concepts_is_a(s, concept, of) && is_leaf(s, concept);
    }
}

static Fail filter_holds(Call *c, const Concepts *s, uint32_t concept, const ValueSetFilter *f,
                         bool *out)
{
    switch (f->op) {
    case FILTER_EQUAL:
    case FILTER_REGEX:
    case FILTER_IN: return any_value(c, s, concept, f, out);
    case FILTER_NOT_IN:
        TRY(any_value(c, s, concept, f, out));
        *out = !*out;
        return OK;
    case FILTER_EXISTS:
        TRY(any_value(c, s, concept, f, out));
        *out = *out == str_equal(f->value, STR("true"));
        return OK;
    default: *out = hierarchy_holds(s, concept, f); return OK;
    }
}

/* ---- parts ---- */

Fail value_set_system(Terms *t, const TermDef *value_set, const ValueSetPart *part,
                      const TermDef **out, TermGap *gap)
{
    TRY(terms_find(t, TYPE_CODE_SYSTEM, part->system, part->version, out));
    if (!*out && !gap->url.len)
        *gap = (TermGap){ .type = TYPE_CODE_SYSTEM,
                          .url = part->system,
                          .version = terms_version_wanted(t, TYPE_CODE_SYSTEM, part->system,
                                                          part->version),
                          .value_set = value_set };
    return OK;
}

static Fail has_at(Terms *t, const TermDef *value_set, const Member *member, unsigned depth,
                   bool *has, const ValueSetPart **part, TermGap *gap);

static Fail imports_hold(Terms *t, const TermDef *value_set, const ValueSetPart *part,
                         const Member *member, unsigned depth, bool *has, TermGap *gap)
{
    for (uint32_t i = 0; i < part->value_set_count && *has; i++) {
        const TermDef      *imported;
        const ValueSetPart *by;

        TRY(terms_find(t, TYPE_VALUE_SET, part->value_sets[i], (Str){ 0 }, &imported));
        if (!imported) {
            *has = false;
            if (!gap->url.len)
                *gap = (TermGap){ .type = TYPE_VALUE_SET,
                                  .url = part->value_sets[i],
                                  .value_set = value_set };
            continue;
        }
        TRY(has_at(t, imported, member, depth + 1, has, &by, gap));
    }
    return OK;
}

/* Whether the part's filters can be carried out; what is wrong is a gap. */
static bool filters_sound(const TermDef *value_set, const ValueSetPart *part, TermGap *gap)
{
    for (uint32_t i = 0; i < part->filter_count; i++)
        if (part->filters[i].wrong.len) {
            *gap = (TermGap){ .type = TYPE_VALUE_SET,
                              .url = value_set->url,
                              .version = value_set->version,
                              .value_set = value_set,
                              .wrong = part->filters[i].wrong };
            return false;
        }
    return true;
}

Fail value_set_part_has(Terms *t, const TermDef *value_set, const ValueSetPart *part,
                        const Member *member, unsigned depth, bool *has, TermGap *gap)
{
    const TermDef *system = member->system;

    *has = false;
    TRY(term_step(t, 1));
    if (part->system.len && !str_equal(part->system, member->system_url))
        return OK;
    if (part->version.len && system && system->version.len
        && !term_version_matches(
            system->version,
            terms_version_wanted(t, TYPE_CODE_SYSTEM, part->system, part->version)))
        return OK;
    if (part->concept_count
        && !value_set_listed(part, member->code, system && system->concepts.folds))
        return OK;
    if (part->filter_count) {
        if (!filters_sound(value_set, part, gap) || !system || member->concept == CONCEPT_NONE)
            return OK;
        for (uint32_t i = 0; i < part->filter_count; i++) {
            bool holds;

            TRY(filter_holds(t->call, &system->concepts, member->concept, &part->filters[i],
                             &holds));
            if (!holds)
                return OK;
        }
    } else if (part->system.len && !part->concept_count && member->concept == CONCEPT_NONE) {
        return OK;
    }
    *has = true;
    return imports_hold(t, value_set, part, member, depth, has, gap);
}

static Fail any_part(Terms *t, const TermDef *value_set, bool excludes, const Member *member,
                     unsigned depth, const ValueSetPart **out, TermGap *gap)
{
    const ValueSet     *set = value_set->value_set_parts;
    const ValueSetPart *parts = excludes ? set->excludes : set->includes;
    uint32_t            count = excludes ? set->exclude_count : set->include_count;

    *out = NULL;
    for (uint32_t i = 0; i < count && !*out; i++) {
        bool has;

        TRY(value_set_part_has(t, value_set, &parts[i], member, depth, &has, gap));
        if (has)
            *out = &parts[i];
    }
    return OK;
}

static Fail has_at(Terms *t, const TermDef *value_set, const Member *member, unsigned depth,
                   bool *has, const ValueSetPart **part, TermGap *gap)
{
    const ValueSetPart *without;

    *has = false;
    if (depth > LIMIT_VALUE_SET_DEPTH)
        return fail(t->call, FAIL_UNPROCESSABLE, (Str){ 0 },
                    "The value set '%.*s' includes itself, or too many others in each other",
                    STR_ARG(value_set->url));
    TRY(any_part(t, value_set, false, member, depth, part, gap));
    if (!*part)
        return OK;
    TRY(any_part(t, value_set, true, member, depth, &without, gap));
    *has = !without;
    if (*has && value_set->value_set_parts->leaves_inactive && member->system
        && member->concept != CONCEPT_NONE)
        *has = !term_concept_inactive(member->system, member->concept);
    return OK;
}

Fail value_set_has(Terms *t, const TermDef *value_set, Str system, Str version, Str code,
                   bool *has, Member *member, TermGap *gap)
{
    const ValueSetPart *part = NULL;

    *member = (Member){ .system_url = system, .code = code, .concept = CONCEPT_NONE };
    *gap = (TermGap){ 0 };
    TRY(terms_find(t, TYPE_CODE_SYSTEM, system, version, &member->system));
    if (member->system)
    member->concept = concepts_find(&member->system->concepts, code);
    TRY(has_at(t, value_set, member, 0, has, &part, gap));
    member->part = part;
    if (part)
        member->listed =
            value_set_listed(part, code, member->system && member->system->concepts.folds);
    return OK;
}

static void add_system(Str system, Str *out, size_t room, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        if (str_equal(out[i], system))
            return;
    if (*count < room)
        out[(*count)++] = system;
}

/* The value sets on the way to the one being looked at. */
typedef struct Way {
    const TermDef *sets[LIMIT_VALUE_SET_DEPTH + 1];
    unsigned       depth;
} Way;

static Fail check_part(Terms *t, Way *way, const ValueSetPart *part);

static Fail check_set(Terms *t, Way *way, const TermDef *value_set)
{
    const ValueSet *set = value_set->value_set_parts;

    for (unsigned i = 0; i < way->depth; i++)
        if (way->sets[i] == value_set)
            return fail(t->call, FAIL_UNPROCESSABLE, (Str){ 0 },
                        "The value set '%.*s' includes itself", STR_ARG(value_set->url));
    if (way->depth == COUNT(way->sets))
        return fail(t->call, FAIL_TOO_COSTLY, (Str){ 0 },
                    "The value set '%.*s' includes too many others in each other",
                    STR_ARG(way->sets[0]->url));
    TRY(term_step(t, 1));
    way->sets[way->depth++] = value_set;
    for (uint32_t i = 0; i < set->include_count; i++)
        TRY(check_part(t, way, &set->includes[i]));
    for (uint32_t i = 0; i < set->exclude_count; i++)
        TRY(check_part(t, way, &set->excludes[i]));
    way->depth--;
    return OK;
}

static Fail check_part(Terms *t, Way *way, const ValueSetPart *part)
{
    const TermDef *imported;

    for (uint32_t i = 0; i < part->value_set_count; i++) {
        TRY(terms_find(t, TYPE_VALUE_SET, part->value_sets[i], (Str){ 0 }, &imported));
        if (imported)
            TRY(check_set(t, way, imported));
    }
    return OK;
}

Fail value_set_check_rings(Terms *t, const TermDef *value_set)
{
    Way way = { .depth = 0 };

    return check_set(t, &way, value_set);
}

/* All systems that parts name, here and in what is imported. */
static Fail gather_systems(Terms *t, const TermDef *value_set, unsigned depth, Str *out,
                           size_t room, size_t *count)
{
    const ValueSet *set = value_set->value_set_parts;

    if (depth > LIMIT_VALUE_SET_DEPTH)
        return fail(t->call, FAIL_UNPROCESSABLE, (Str){ 0 },
                    "The value set '%.*s' includes itself, or too many others in each other",
                    STR_ARG(value_set->url));
    TRY(term_step(t, 1));
    for (uint32_t i = 0; i < set->include_count; i++) {
        const ValueSetPart *part = &set->includes[i];
        const TermDef      *imported;

        if (part->system.len)
            add_system(part->system, out, room, count);
        for (uint32_t k = 0; k < part->value_set_count && !part->system.len; k++) {
            TRY(terms_find(t, TYPE_VALUE_SET, part->value_sets[k], (Str){ 0 }, &imported));
            if (imported)
                TRY(gather_systems(t, imported, depth + 1, out, room, count));
        }
    }
    return OK;
}

Fail value_set_systems(Terms *t, const TermDef *value_set, Str code, Str *out, size_t room,
                       size_t *count, TermGap *gap)
{
    size_t all = 0, kept = 0;

    TRY(gather_systems(t, value_set, 0, out, room, &all));
    for (size_t i = 0; i < all; i++) {
        Member member;
        bool   has;

        TRY(value_set_has(t, value_set, out[i], (Str){ 0 }, code, &has, &member, gap));
        if (has)
            out[kept++] = out[i];
    }
    *count = kept;
    return OK;
}
