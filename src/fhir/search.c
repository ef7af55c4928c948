/*
 * Query string -> Query. What is not understood is refused, never passed over in silence
 * (SRCH-20 to SRCH-22): a criterion left out would widen what is found.
 */
#include "fhir/search.h"

#include "base/limits.h"
#include "codec/url.h"
#include "fhir/custom.h"
#include "fhir/search_criterion.h"

typedef struct Parsing {
    Call               *c;
    const QueryOptions *options;
    Query              *query;
    uint32_t            weight;   /* of the clauses so far */
    Str                 modifier; /* of the parameter that is being taken */
    bool                left_out; /* it was not understood, and passed over … */
    Str                 honoured; /* … or this was taken instead of its value, if not empty */
    Buf                 applied;
} Parsing;

/* A parameter's name taken apart: "subject:Patient". */
typedef struct ParamName {
    Str whole;
    Str code;
    Str modifier;
    Str where; /* for failures: the whole, cut to a decent length */
} ParamName;

enum { WHERE_CHARS = 100 };

/* ---- parameters that shape the answer ---- */

static Fail take_count(Parsing *p, Str name, Str value)
{
    uint64_t count;

    if (!str_to_u64(value, &count))
        return fail(p->c, FAIL_VALUE, name, "not a whole number from 0");
    p->query->page_count = count > LIMIT_COUNT ? LIMIT_COUNT : (uint32_t)count;
    if (count > LIMIT_COUNT)
        p->honoured = arena_printf(p->c->arena, "%d", LIMIT_COUNT);
    p->query->count_only |= count == 0;
    return OK;
}

static Fail take_word(Parsing *p, Str name, Str value, const char *const *words, uint32_t count,
                      uint32_t *out)
{
    for (*out = 0; *out < count; (*out)++)
        if (str_equal(value, str_from(words[*out])))
            return OK;
    return fail(p->c, FAIL_VALUE, name, "not a word it takes, such as %s", words[0]);
}

static Fail take_summary(Parsing *p, Str name, Str value)
{
    static const char *const words[] = { "count", "true", "text", "data", "false" };
    uint32_t                 word;

    TRY(take_word(p, name, value, words, COUNT(words), &word));
    p->query->count_only |= word == 0;
    p->query->shape.text_only |= word == 2;
    return OK;
}

/* With Prefer: handling=lenient what is not understood is left out and told (SRCH-28). */
static Fail lenient(Parsing *p, uint32_t issues, Str name, Fail result)
{
    Str why = STR("not understood");

    if (result == OK || result == FAIL_TOO_COSTLY || result == FAIL_BUSY
        || !p->options->lenient)
        return result;
    if (p->c->issue_count > issues)
        why = p->c->issues[issues].text;
    call_forget_issues(p->c, issues);
    warn(p->c, result, name, "%.*s; it was left out", STR_ARG(why));
    p->left_out = true;
    return OK;
}

static Fail take_include(Parsing *p, Str name, Str value)
{
    uint32_t issues = p->c->issue_count;

    return lenient(p, issues, name,
                   shape_take_include(p->c, &p->query->shape, name, false, p->modifier, value,
                                      p->options->hidden));
}

static Fail take_revinclude(Parsing *p, Str name, Str value)
{
    uint32_t issues = p->c->issue_count;

    return lenient(p, issues, name,
                   shape_take_include(p->c, &p->query->shape, name, true, p->modifier, value,
                                      p->options->hidden));
}

static Fail take_sort(Parsing *p, Str name, Str value)
{
    uint32_t issues = p->c->issue_count, keys = p->query->shape.sort_count;
    Fail     result = lenient(p, issues, name,
                              shape_take_sort(p->c, &p->query->shape, name, p->query->type, value,
                                              p->options->hidden));

    if (p->left_out)
        p->query->shape.sort_count = keys;
    return result;
}

static Fail take_total(Parsing *p, Str name, Str value)
{
    static const char *const words[] = { "accurate", "estimate", "none" };
    uint32_t                 word;

    TRY(take_word(p, name, value, words, COUNT(words), &word));
    p->query->total_accurate = word == 0;
    p->query->total_estimate = word == 1;
    return OK;
}

static Fail take_cursor(Parsing *p, Str name, Str value)
{
    (void)name;
    p->query->cursor = value;
    return OK;
}

static Fail take_as_it_is(Parsing *p, Str name, Str value)
{
    (void)p, (void)name, (void)value;
    return OK;
}

static const struct Control {
    Str  name;
    bool with_criteria; /* may stand beside the criteria of a conditional interaction */
    bool applied;       /* is repeated in the self link */
    bool modified;      /* takes a modifier */
    Fail (*take)(Parsing *p, Str name, Str value);
} controls[] = {
    { STR_INIT("_count"), false, true, false, take_count },
    { STR_INIT("_summary"), false, true, false, take_summary },
    { STR_INIT("_total"), false, true, false, take_total },
    { STR_INIT("_page"), false, false, false, take_cursor },
    { STR_INIT("_elements"), false, true, false, take_as_it_is },
    { STR_INIT("_format"), true, true, false, take_as_it_is },
    { STR_INIT("_pretty"), true, true, false, take_as_it_is },
    { STR_INIT("_include"), false, true, true, take_include },
    { STR_INIT("_revinclude"), false, true, true, take_revinclude },
    { STR_INIT("_sort"), false, true, false, take_sort },
};

static const struct Control *control_find(Str name)
{
    for (size_t i = 0; i < COUNT(controls); i++)
        if (str_equal(controls[i].name, name))
            return &controls[i];
    return NULL;
}

/* ---- names ---- */

/* R4 knows them; they are not offered yet. Those that are search parameters (_text …) are found
 * among the definitions. */
static const Str not_offered[] = {
    STR_INIT("_contained"),
    STR_INIT("_containedType"),
    STR_INIT("_type"),
};

static bool is_not_offered(Str code)
{
    for (size_t i = 0; i < COUNT(not_offered); i++)
        if (str_equal(not_offered[i], code))
            return true;
    return false;
}

/* ---- clauses ---- */

/* What is not understood: refused, or with Prefer: handling=lenient left out and told. */
static Fail pass_over(Parsing *p, const ParamName *name, Fail kind, const char *why)
{
    if (!p->options->lenient || p->options->conditional)
        return fail(p->c, kind, name->where, "%s", why);
    warn(p->c, kind, name->where, "%s; it was left out", why);
    return OK;
}

static void put_applied(Parsing *p, const UrlParam *param)
{
    if (p->applied.len)
        buf_put_char(&p->applied, '&');
    url_encode(&p->applied, param->name);
    buf_put_char(&p->applied, '=');
    url_encode(&p->applied, p->honoured.len ? p->honoured : param->value);
    p->honoured = (Str){ 0 };
}

static Fail add_clause(Parsing *p, const ParamName *name, ClauseSteps *steps,
                       const UrlParam *given)
{
    Clause clause = clause_of_steps(steps);

    if (p->options->conditional && clause_asks_codes(&clause))
        return fail(
            p->c, FAIL_NOT_SUPPORTED, name->where,
            "what code systems and value sets say changes by itself, so no condition can "
            "be made of it");
    p->weight += clause_weight(&clause);
    if (p->query->clause_count == LIMIT_QUERY_CLAUSES)
        return fail(p->c, FAIL_TOO_COSTLY, name->where,
                    "more than %d clauses (LIMIT_QUERY_CLAUSES)", LIMIT_QUERY_CLAUSES);
    if (p->weight > LIMIT_QUERY_WEIGHT)
        return fail(p->c, FAIL_TOO_COSTLY, name->where,
                    "too many values in one search (LIMIT_QUERY_WEIGHT)");
    p->query->clauses[p->query->clause_count++] = clause;
    put_applied(p, given);
    return OK;
}

static bool asks_words(const Criterion *criterion)
{
    for (uint32_t i = 0; i < criterion->count; i++)
        if (search_param_is_words(criterion->paths[i].param))
            return true;
    return false;
}

static Fail take_criterion(Parsing *p, const ParamName *name, const UrlParam *given)
{
    uint32_t    issues = p->c->issue_count;
    ClauseSteps steps;
    Criterion   criterion;
    const char *unknown;
    Fail        found = criterion_find(p->c, p->query->type, given->name, p->options->hidden,
                                       &criterion, &unknown);

    if (found != OK && unknown) {
        call_forget_issues(p->c, issues);
        return pass_over(p, name, found, unknown);
    }
    TRY(found);
    if (p->options->conditional && asks_words(&criterion))
        return fail(p->c, FAIL_NOT_SUPPORTED, name->where,
                    "words are found a moment after they were written, so no condition can be "
                    "made of them");
    if (given->value.len == 0 && p->options->conditional)
        return fail(p->c, FAIL_VALUE, name->where, "a criterion without a value");
    if (given->value.len == 0)
        return OK;
    steps = clause_steps_new(p->c->arena, name->where);
    TRY(criterion_put(p->c, &criterion, p->options, given->value, &steps));
    return add_clause(p, name, &steps, given);
}

static Fail take_filter(Parsing *p, const ParamName *name, const UrlParam *given)
{
    ClauseSteps steps = clause_steps_new(p->c->arena, name->where);

    if (name->modifier.at)
        return fail(p->c, FAIL_NOT_SUPPORTED, name->where, "this parameter has no modifiers");
    if (given->value.len == 0)
        return OK;
    TRY(filter_read(p->c, p->query->type, p->options, given->value, &steps));
    return add_clause(p, name, &steps, given);
}

static Fail take_control(Parsing *p, const ParamName *name, const struct Control *control,
                         const UrlParam *given)
{
    if (name->modifier.at && !control->modified)
        return fail(p->c, FAIL_NOT_SUPPORTED, name->where, "this parameter has no modifiers");
    if (p->options->conditional && !control->with_criteria)
        return fail(p->c, FAIL_INVALID, name->where,
                    "this parameter shapes an answer and is no criterion");
    if (given->value.len == 0)
        return OK;
    p->modifier = name->modifier;
    p->left_out = false;
    TRY(control->take(p, name->where, given->value));
    if (control->applied && !p->left_out)
        put_applied(p, given);
    return OK;
}

static Fail take_param(Parsing *p, const UrlParam *given)
{
    ParamName             name = { .whole = given->name, .code = given->name };
    const struct Control *control;

    name.where = str_slice(given->name, 0, WHERE_CHARS);
    str_cut(given->name, ':', &name.code, &name.modifier);
    control = control_find(name.code);
    if (control)
        return take_control(p, &name, control, given);
    if (is_not_offered(name.code))
        return pass_over(p, &name, FAIL_NOT_SUPPORTED, "this parameter is not offered");
    if (str_equal(name.code, STR("_filter")))
        return take_filter(p, &name, given);
    return take_criterion(p, &name, given);
}

Fail query_parse(Call *c, TypeId type, Str query_string, const QueryOptions *options,
                 Query *out)
{
    Query query = { .type = type, .page_count = LIMIT_COUNT_DEFAULT, .set = custom_version() };
    Parsing   p = { .c = c, .options = options, .query = &query };
    UrlParam *params;
    size_t    count;

    TRY(url_params(c, query_string, &params, &count));
    query.clauses = NEW_ARRAY(c->arena, Clause, LIMIT_QUERY_CLAUSES);
    p.applied = buf_new(c->arena, query_string.len + 64);
    for (size_t i = 0; i < count; i++)
        TRY(take_param(&p, &params[i]));
    if (options->conditional && query.clause_count == 0)
        return fail(c, FAIL_INVALID, (Str){ 0 }, "there is no criterion");
    TRY(shape_check(c, &query.shape));
    query.applied = buf_str(&p.applied);
    *out = query;
    return OK;
}
