/*
 * :in, :not-in, :above and :below of codes. What a value set says is asked of each code that is known
 * here of the systems it draws on, never unfolded: so it may be of any size, and no code that nothing
 * is found by costs anything. R4 search.html#token; ADR 0017
 */
#include "base/limits.h"
#include "interaction/search.h"
#include "interaction/term_outcome.h"
#include "interaction/terms.h"

enum { SYSTEMS_MAX = 256 };

typedef struct Codes {
    Call        *c;
    Session     *session;
    const Turn  *turn;
    Terms       *terms;
    Str          where;
    Str          listed; /* the system whose known codes were listed last, and these */
    Str         *known;
    size_t       known_count;
    ClauseValue *values;
    uint32_t     count, room;
} Codes;

/* ---- what is found ---- */

static void add_code(Codes *x, Str system, Str code)
{
    if (x->count == x->room) {
        uint32_t room = x->room ? 2 * x->room : 32;

        x->values = arena_grow(x->c->arena, x->values, x->room * sizeof *x->values,
                               room * sizeof *x->values);
        x->room = room;
    }
    x->values[x->count++] =
        (ClauseValue){ .has_system = true, .has_code = true, .system = system, .text = code };
}

/* Many values are mostly of one system: it is listed once. */
static Fail known_codes(Codes *x, Str system, Str **codes, size_t *count)
{
    if (!x->listed.len || !str_equal(x->listed, system)) {
        TRY(store_known_codes(x->c, x->session, &x->turn->permit, system, &x->known,
                              &x->known_count));
        x->listed = system;
    }
    *codes = x->known;
    *count = x->known_count;
    return OK;
}

/* ---- value sets ---- */

/* "ValueSet/7", perhaps behind our own address: one that is stored here. */
static bool is_reference(const Codes *x, Str address, Str *id)
{
    const Str before = STR("ValueSet/");
    Str       base = x->turn->asked->base;

    if (base.len && str_starts(address, base)
        && str_starts(str_skip(address, base.len), STR("/")))
        address = str_skip(address, base.len + 1);
    if (!str_starts(address, before))
        return false;
    *id = str_skip(address, before.len);
    return true;
}

static Fail find_set(Codes *x, Str address, const TermDef **out)
{
    Str id;

    if (is_reference(x, address, &id))
        TRY(terms_stored(x->terms, TYPE_VALUE_SET, id, out));
    else
        TRY(terms_find(x->terms, TYPE_VALUE_SET, address, (Str){ 0 }, out));
    if (!*out)
        return fail(x->c, FAIL_VALUE, x->where, "no value set that is known here: %.*s",
                    STR_ARG(str_slice(address, 0, 200)));
    return OK;
}

/* What a value set needs and is not here would make the answer a guess. */
static Fail refuse_gap(Codes *x, const TermGap *gap)
{
    TermIssues issues = { .arena = x->c->arena };

    TRY(term_gap_issue(x->terms, &issues, gap, (Str){ 0 }, "so it cannot be searched by"));
    return fail(x->c, FAIL_NOT_SUPPORTED, x->where, "%.*s", STR_ARG(issues.at[0].text));
}

static Fail ask_system(Codes *x, const TermDef *set, Str system)
{
    size_t  count;
    Str    *codes;
    Member  member;
    TermGap gap = { 0 };

    TRY(known_codes(x, system, &codes, &count));
    for (size_t i = 0; i < count; i++) {
        bool has;

        TRY(value_set_has(x->terms, set, system, (Str){ 0 }, codes[i], &has, &member, &gap));
        if (gap.url.len)
            return refuse_gap(x, &gap);
        if (has)
            add_code(x, system, codes[i]);
    }
    return OK;
}

static Fail ask_set(Codes *x, const ClauseValue *value)
{
    const TermDef *set = NULL;
    Str            systems[SYSTEMS_MAX];
    TermGap        gap;
    size_t         count;

    TRY(find_set(x, value->text, &set));
    TRY(value_set_reach(x->terms, set, systems, COUNT(systems), &count, &gap));
    if (gap.url.len)
        return refuse_gap(x, &gap);
    for (size_t i = 0; i < count; i++)
        TRY(ask_system(x, set, systems[i]));
    return OK;
}

/* ---- code systems ---- */

static Fail ask_tree(Codes *x, const ClauseValue *value, bool below)
{
    const TermDef *system;
    uint32_t       from, concept;
    size_t         count;
    Str           *codes;

    TRY(terms_find(x->terms, TYPE_CODE_SYSTEM, value->system, (Str){ 0 }, &system));
    if (!system)
        return fail(x->c, FAIL_VALUE, x->where, "no code system that is known here: %.*s",
                    STR_ARG(str_slice(value->system, 0, 200)));
    from = concepts_find(&system->concepts, value->text);
    if (from == CONCEPT_NONE)
        return fail(x->c, FAIL_VALUE, x->where, "no code of the code system %.*s",
                    STR_ARG(str_slice(value->system, 0, 200)));
    TRY(known_codes(x, value->system, &codes, &count));
    TRY(term_step(x->terms, count));
    for (size_t i = 0; i < count; i++) {
        concept = concepts_find(&system->concepts, codes[i]);
        if (concept != CONCEPT_NONE
            && (below ? concepts_is_a(&system->concepts, concept, from)
                      : concepts_is_a(&system->concepts, from, concept)))
            add_code(x, value->system, codes[i]);
    }
    return OK;
}

/* ---- clauses ---- */

static Fail find_codes(Call *c, void *context, const Clause *asked, ClauseValue **values,
                       uint32_t *count)
{
    static const struct {
        Modifier    modifier;
        const char *word;
        bool        of_set;
    } ways[] = { { MODIFIER_IN, "in", true },
                 { MODIFIER_NOT_IN, "not-in", true },
                 { MODIFIER_ABOVE, "above", false },
                 { MODIFIER_BELOW, "below", false } };
    Codes *x = context;
    size_t way = 0;

    while (ways[way].modifier != asked->modifier)
        way++;
    x->where = arena_printf(c->arena, "%.*s:%s", STR_ARG(asked->param->code), ways[way].word);
    x->values = NULL;
    x->count = x->room = 0;
    for (uint32_t i = 0; i < asked->count; i++)
        TRY(ways[way].of_set
                ? ask_set(x, &asked->values[i])
                : ask_tree(x, &asked->values[i], asked->modifier == MODIFIER_BELOW));
    *values = x->values;
    *count = x->count;
    return OK;
}

Fail search_settle_codes(Call *c, Session *s, const Turn *turn, Query *queries, size_t count)
{
    TermAsked nothing = { 0 };
    Codes     x = { .c = c, .session = s, .turn = turn };

    for (size_t i = 0; i < count; i++) {
        if (!query_asks_codes(&queries[i]))
            continue;
        if (!x.terms) {
            TRY(terms_open(c, s, turn, &nothing, &x.terms));
            x.terms->steps_max = LIMIT_QUERY_TERM_STEPS;
        }
        TRY(query_settle_codes(c, &queries[i], find_codes, &x));
    }
    return OK;
}
