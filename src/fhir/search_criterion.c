/* Names of criteria, and the steps they stand for: see search_criterion.h. */
#include "fhir/search_criterion.h"

#include "base/ensure.h"
#include "fhir/custom.h"
#include "fhir/index.h"
#include "fhir/mask.h"
#include "fhir/search_value.h"

enum { WHERE_CHARS = 100 };

typedef struct Finding {
    Call          *c;
    const MaskSet *hidden;
    Str            where;
    CriterionPath *paths, *spare; /* room for LIMIT_QUERY_PATHS each */
    uint32_t       count;
    const char    *unknown; /* why the name means nothing here */
} Finding;

/* ---- modifiers ---- */

#define FOR(type) (1U << (type))

enum {
    /* R4: :missing is for all but combinations */
    FOR_ALL = (FOR(SEARCH_TYPES) - 1) & ~FOR(SEARCH_COMPOSITE),
};

static const struct {
    Str      word;
    Modifier modifier;
    uint32_t types; /* of parameters that take it */
} modifiers[] = {
    { STR_INIT("missing"), MODIFIER_MISSING, FOR_ALL },
    { STR_INIT("exact"), MODIFIER_EXACT, FOR(SEARCH_STRING) },
    { STR_INIT("contains"), MODIFIER_CONTAINS, FOR(SEARCH_STRING) },
    { STR_INIT("not"), MODIFIER_NOT, FOR(SEARCH_TOKEN) },
    { STR_INIT("text"), MODIFIER_TEXT, FOR(SEARCH_TOKEN) },
    { STR_INIT("of-type"), MODIFIER_OF_TYPE, FOR(SEARCH_TOKEN) },
    { STR_INIT("ofType"), MODIFIER_OF_TYPE, FOR(SEARCH_TOKEN) },
    { STR_INIT("identifier"), MODIFIER_IDENTIFIER, FOR(SEARCH_REFERENCE) },
    { STR_INIT("above"), MODIFIER_ABOVE, FOR(SEARCH_URI) | FOR(SEARCH_TOKEN) },
    { STR_INIT("below"), MODIFIER_BELOW, FOR(SEARCH_URI) | FOR(SEARCH_TOKEN) },
    { STR_INIT("in"), MODIFIER_IN, FOR(SEARCH_TOKEN) },
    { STR_INIT("not-in"), MODIFIER_NOT_IN, FOR(SEARCH_TOKEN) },
};

bool search_modifier_next(SearchType type, uint32_t *at, Str *word)
{
    while (*at < COUNT(modifiers)) {
        uint32_t i = (*at)++;

        if (!(modifiers[i].types & FOR(type)))
            continue;
        *word = modifiers[i].word;
        return true;
    }
    return false;
}

static bool is_store_answered(const SearchParam *param)
{
    return str_equal(param->code, STR("_id")) || str_equal(param->code, STR("_lastUpdated"));
}

/* What can be said of _id and _lastUpdated, which every resource has. */
static bool of_store(Modifier modifier)
{
    return modifier == MODIFIER_MISSING || modifier == MODIFIER_NOT;
}

static Fail refuse_modifier(Call *c, Str where, Str word, const SearchParam *param)
{
    if (search_param_is_words(param))
        return fail(c, FAIL_NOT_SUPPORTED, where,
                    "this parameter has no modifiers: words are there or not");
    if (param->type == SEARCH_COMPOSITE && str_equal(word, STR("missing")))
        return fail(c, FAIL_NOT_SUPPORTED, where,
                    "R4 has no :missing for combinations; ask for their parts");
    return fail(c, FAIL_NOT_SUPPORTED, where, "no modifier that this parameter has");
}

/* ":Patient" */
static Fail take_type(Call *c, Str where, Str word, CriterionPath *path)
{
    const SearchParam *param = path->param;
    TypeId             type = type_find(word);

    if (!type || param->type != SEARCH_REFERENCE)
        return refuse_modifier(c, where, word, param);
    if ((param->only_type && param->only_type != type)
        || !targets_contain(param->targets, type))
        return fail(c, FAIL_VALUE, where, "a type that this parameter never points to");
    path->modifier = MODIFIER_TYPE;
    path->modifier_type = type;
    return OK;
}

/* What a code system says can be asked of codes only: of no identifier, no telephone number. */
static bool has_codes(const SearchParam *param, Modifier modifier)
{
    return !modifier_of_codes(param, modifier) || param->kinds & 1 << ROW_TOKEN;
}

static Fail take_modifier(Call *c, Str where, Str word, CriterionPath *path)
{
    const SearchParam *param = path->param;

    if (!word.at)
        return OK;
    for (size_t i = 0; i < COUNT(modifiers); i++) {
        if (!str_equal(modifiers[i].word, word) || search_param_is_words(param))
            continue;
        if (!(modifiers[i].types & FOR(param->type))
            || (is_store_answered(param) && !of_store(modifiers[i].modifier))
            || !has_codes(param, modifiers[i].modifier))
            return refuse_modifier(c, where, word, param);
        path->modifier = modifiers[i].modifier;
        return OK;
    }
    return take_type(c, where, word, path);
}

/* ---- hops ---- */

static Fail unknown(Finding *f, const char *why)
{
    f->unknown = why;
    return fail(f->c, FAIL_NOT_SUPPORTED, f->where, "%s", why);
}

static Fail add_path(Finding *f, uint32_t *count, const CriterionPath *path, Hop hop)
{
    CriterionPath *next = &f->spare[*count];

    if (path->hop_count == LIMIT_QUERY_HOPS)
        return fail(f->c, FAIL_TOO_COSTLY, f->where,
                    "more than %d references to follow (LIMIT_QUERY_HOPS)", LIMIT_QUERY_HOPS);
    if (*count == LIMIT_QUERY_PATHS)
        return fail(f->c, FAIL_TOO_COSTLY, f->where,
                    "more than %d types it can lead to (LIMIT_QUERY_PATHS); name one, as in "
                    "subject:Patient.name",
                    LIMIT_QUERY_PATHS);
    *next = *path;
    next->hops[next->hop_count++] = hop;
    next->type = hop.type;
    (*count)++;
    return OK;
}

/* What was found takes the place of what it was found from. */
static void take_paths(Finding *f, uint32_t count)
{
    CriterionPath *found = f->spare;

    f->spare = f->paths;
    f->paths = found;
    f->count = count;
}

/* The code that comes next in what is left of a name; empty where that is not a parameter's. */
static Str next_code(Str rest)
{
    size_t end = 0;

    while (end < rest.len && rest.at[end] != '.' && rest.at[end] != ':')
        end++;
    rest.len = end;
    return str_equal(rest, STR("_has")) ? (Str){ 0 } : rest;
}

/* From one path to each type that the reference can point to and that has what comes next. */
static Fail follow_to(Finding *f, const CriterionPath *path, const SearchParam *param,
                      TypeId wanted, Str code, uint32_t *count)
{
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++) {
        if ((wanted && type != wanted) || !targets_contain(param->targets, type)
            || (param->only_type && param->only_type != type)
            || (code.len && !mask_param_find(f->hidden, type, code)))
            continue;
        TRY(add_path(f, count, path, (Hop){ param, type, false }));
    }
    return OK;
}

/* "subject" or "subject:Patient" in front of a '.' */
static Fail follow(Finding *f, Str part, Str rest)
{
    uint32_t count = 0;
    bool     any = false;
    Str      code = part, word = { 0 };
    TypeId   wanted = 0;

    if (str_cut(part, ':', &code, &word) && !(wanted = type_find(word)))
        return fail(f->c, FAIL_NOT_SUPPORTED, f->where,
                    "only a resource type can stand behind the ':' of a reference to follow");
    for (uint32_t i = 0; i < f->count; i++) {
        const SearchParam *param = mask_param_find(f->hidden, f->paths[i].type, code);

        if (!param || !param->indexed || param->type != SEARCH_REFERENCE)
            continue;
        any = true;
        TRY(custom_check_ready(f->c, f->where, param));
        TRY(follow_to(f, &f->paths[i], param, wanted, next_code(rest), &count));
    }
    if (!any)
        return unknown(f, "there is no such reference to follow for this type");
    if (!count)
        return unknown(f, "the types it points to have no such search parameter");
    take_paths(f, count);
    return OK;
}

/* "_has:Observation:patient:" */
static Fail follow_back(Finding *f, Str *rest)
{
    const SearchParam *param;
    uint32_t           count = 0;
    Str                name, code, left = str_skip(*rest, STR("_has:").len);
    TypeId             type;

    if (!str_cut(left, ':', &name, &left) || !str_cut(left, ':', &code, &left))
        return fail(f->c, FAIL_VALUE, f->where, "expected _has:Type:reference:parameter");
    type = type_find(name);
    if (!type || !type_is_record(type))
        return fail(f->c, FAIL_VALUE, f->where,
                    "_has names no resource type of R4 that is kept here");
    param = mask_param_find(f->hidden, type, code);
    if (!param || !param->indexed || param->type != SEARCH_REFERENCE)
        return unknown(f, "_has names no reference of that type");
    TRY(custom_check_ready(f->c, f->where, param));
    for (uint32_t i = 0; i < f->count; i++) {
        TypeId to = f->paths[i].type;

        if (targets_contain(param->targets, to)
            && (!param->only_type || param->only_type == to))
            TRY(add_path(f, &count, &f->paths[i], (Hop){ param, type, true }));
    }
    if (!count)
        return fail(f->c, FAIL_VALUE, f->where,
                    "_has names a reference that never points to this type");
    *rest = left;
    take_paths(f, count);
    return OK;
}

/* "_list=42": what the entries of List/42 refer to. */
static Fail follow_list(Finding *f)
{
    Str left = STR("_has:List:item:");

    return follow_back(f, &left);
}

static bool is_answered(const SearchParam *param)
{
    return param
           && (param->indexed || is_store_answered(param) || search_param_is_words(param));
}

/* The last part of a name. Of several ways those stay that have the parameter and the modifier. */
static Fail arrive(Finding *f, Str part)
{
    uint32_t issues = f->c->issue_count, kept = 0;
    Str      code = part, word = { 0 };
    Fail     result = OK;
    bool     any = false;

    str_cut(part, ':', &code, &word);
    if (str_equal(code, STR("_list")) && !word.at) {
        TRY(follow_list(f));
        for (uint32_t i = 0; i < f->count; i++)
            f->paths[i].list = true;
        code = STR("_id");
    }
    for (uint32_t i = 0; i < f->count; i++) {
        CriterionPath path = f->paths[i];
        Fail          found;

        path.param = mask_param_find(f->hidden, path.type, code);
        if (!is_answered(path.param))
            continue;
        any = true;
        TRY(custom_check_ready(f->c, f->where, path.param));
        found = take_modifier(f->c, f->where, word, &path);
        if (found == OK) {
            f->paths[kept++] = path;
        } else {
            result = found;
            call_forget_issues(f->c, issues + 1);
        }
    }
    if (!any)
        return unknown(f, "there is no such search parameter for this type");
    if (kept)
        call_forget_issues(f->c, issues);
    f->count = kept;
    return kept ? OK : result;
}

static Fail find_paths(Finding *f, Str name)
{
    Str rest = name, part, behind;

    for (;;) {
        if (str_starts(rest, STR("_has:"))) {
            TRY(follow_back(f, &rest));
        } else if (str_cut(rest, '.', &part, &behind)) {
            TRY(follow(f, part, behind));
            rest = behind;
        } else {
            return arrive(f, rest);
        }
    }
}

/* A query may hold thousands of names, so nothing is kept for those that mean nothing. */
Fail criterion_find(Call *c, TypeId type, Str name, const MaskSet *hidden, Criterion *out,
                    const char **unknown_why)
{
    CriterionPath room[2][LIMIT_QUERY_PATHS];
    Finding       f = { .c = c,
                        .hidden = hidden,
                        .where = str_slice(name, 0, WHERE_CHARS),
                        .paths = room[0],
                        .spare = room[1],
                        .count = 1 };
    Fail          result;

    room[0][0] = (CriterionPath){ .type = type };
    result = find_paths(&f, name);
    *unknown_why = f.unknown;
    TRY(result);
    *out = (Criterion){ f.where, NEW_ARRAY(c->arena, CriterionPath, f.count), f.count };
    memcpy(out->paths, f.paths, f.count * sizeof *f.paths);
    return OK;
}

/* ---- steps ---- */

ClauseSteps clause_steps_new(Arena *a, Str where)
{
    return (ClauseSteps){ .steps = NEW_ARRAY(a, ClauseStep, LIMIT_QUERY_STEPS),
                          .where = where };
}

Fail clause_steps_add(Call *c, ClauseSteps *steps, ClauseStep step)
{
    if (steps->count == LIMIT_QUERY_STEPS)
        return fail(c, FAIL_TOO_COSTLY, steps->where,
                    "more than %d steps in one criterion (LIMIT_QUERY_STEPS)",
                    LIMIT_QUERY_STEPS);
    steps->steps[steps->count++] = step;
    return OK;
}

static Fail put_hops(Call *c, const CriterionPath *path, ClauseSteps *out)
{
    for (uint32_t i = 0; i < path->hop_count; i++)
        TRY(clause_steps_add(
            c, out,
            (ClauseStep){ .kind = path->hops[i].back ? CLAUSE_REFERRER : CLAUSE_TARGET,
                          .type = path->hops[i].type,
                          .param = path->hops[i].param }));
    return OK;
}

static Fail put_ends(Call *c, uint32_t count, ClauseSteps *out)
{
    while (count--)
        TRY(clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_END }));
    return OK;
}

static Fail put_path(Call *c, const CriterionPath *path, const ClauseLeaves *leaves,
                     ClauseSteps *out)
{
    TRY(put_hops(c, path, out));
    if (leaves->count > 1)
        TRY(clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_ANY }));
    for (uint32_t i = 0; i < leaves->count; i++)
        TRY(clause_steps_add(
            c, out, (ClauseStep){ .kind = CLAUSE_MATCH, .match = &leaves->clauses[i] }));
    return put_ends(c, path->hop_count + (leaves->count > 1), out);
}

/* ---- lists that have a name ---- */

#define EXAMPLE_CODES "http://terminology.hl7.org/CodeSystem/list-example-use-codes|"

/* The functional lists of R4 lifecycle.html#lists: which a patient's current list of problems is, its
 * code tells, by R4's own examples or by LOINC's; and that it is current, its status. */
static const struct {
    Str name, codes;
} named_lists[] = {
    { STR_INIT("$current-problems"),
      STR_INIT(EXAMPLE_CODES "problems,http://loinc.org|11450-4") },
    { STR_INIT("$current-allergies"),
      STR_INIT(EXAMPLE_CODES "allergies," EXAMPLE_CODES
                             "adverserxns,http://loinc.org|48765-2") },
    { STR_INIT("$current-drug-allergies"), STR_INIT("http://loinc.org|11382-9") },
    { STR_INIT("$current-medications"),
      STR_INIT(EXAMPLE_CODES "medications,http://loinc.org|10160-0") },
};

static Fail put_leaf(Call *c, Str where, Str code, Str value, ClauseSteps *out)
{
    ValueText    text = { .name = where, .param = search_param_find(TYPE_LIST, code) };
    ClauseLeaves leaves;

    TRY(search_leaves_read(c, &text, value, &leaves));
    ENSURE(leaves.count == 1);
    return clause_steps_add(c, out,
                            (ClauseStep){ .kind = CLAUSE_MATCH, .match = &leaves.clauses[0] });
}

static Fail put_named_list(Call *c, const CriterionPath *path, Str where, Str name,
                           ClauseSteps *out)
{
    size_t i = 0;

    while (i < COUNT(named_lists) && !str_equal(named_lists[i].name, name))
        i++;
    if (i == COUNT(named_lists))
        return fail(c, FAIL_VALUE, where,
                    "no list of that name; there are $current-problems, $current-allergies, "
                    "$current-drug-allergies and $current-medications, each by itself");
    TRY(put_hops(c, path, out));
    TRY(put_leaf(c, where, STR("code"), named_lists[i].codes, out));
    TRY(put_leaf(c, where, STR("status"), STR("current"), out));
    return put_ends(c, path->hop_count, out);
}

/* ---- the steps of a criterion ---- */

/* Where a name can be meant in several ways, a value that fits one of them is enough. */
Fail criterion_put(Call *c, const Criterion *criterion, const QueryOptions *options, Str value,
                   ClauseSteps *out)
{
    uint32_t issues = c->issue_count, count = 0;
    Fail     result = OK;

    TRY(clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_ANY }));
    for (uint32_t i = 0; i < criterion->count; i++) {
        const CriterionPath *path = &criterion->paths[i];
        ValueText            text = { .name = criterion->where,
                                      .base = options->base,
                                      .param = path->param,
                                      .modifier = path->modifier,
                                      .modifier_type = path->modifier_type };
        ClauseLeaves         leaves;
        Fail                 found;

        if (path->list && str_starts(value, STR("$"))) {
            TRY(put_named_list(c, path, criterion->where, value, out));
            count++;
            continue;
        }
        found = search_leaves_read(c, &text, value, &leaves);
        if (found != OK) {
            result = found;
            call_forget_issues(c, issues + 1);
            continue;
        }
        TRY(put_path(c, path, &leaves, out));
        count++;
    }
    if (!count)
        return result;
    call_forget_issues(c, issues);
    return clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_END });
}

/* ---- the clause ---- */

/* Where the group that opens at `open` ends; *parts is how many stand in it. */
static uint32_t group_end(const ClauseSteps *s, uint32_t open, uint32_t *parts)
{
    uint32_t depth = 0, at = open;

    *parts = 0;
    do {
        if (s->steps[at].kind == CLAUSE_END)
            depth--;
        else
            *parts += depth == 1;
        if (s->steps[at].kind != CLAUSE_END && s->steps[at].kind != CLAUSE_MATCH
            && s->steps[at].kind != CLAUSE_RECORD)
            depth++;
        at++;
    } while (depth);
    return at - 1;
}

static void take_out(ClauseSteps *s, uint32_t at)
{
    s->count--;
    for (; at < s->count; at++)
        s->steps[at] = s->steps[at + 1];
}

Clause clause_of_steps(ClauseSteps *s)
{
    uint32_t at = 0, parts;

    while (at < s->count) {
        ClauseStepKind kind = s->steps[at].kind;
        uint32_t       end;

        if (kind == CLAUSE_ANY || kind == CLAUSE_ALL) {
            end = group_end(s, at, &parts);
            if (parts == 1) {
                take_out(s, end);
                take_out(s, at);
                continue;
            }
        }
        at++;
    }
    if (s->count == 1)
        return *s->steps[0].match;
    for (at = 0; !s->steps[at].param && !s->steps[at].match; at++)
        ;
    return (Clause){ .param =
                         s->steps[at].param ? s->steps[at].param : s->steps[at].match->param,
                     .steps = s->steps,
                     .step_count = s->count };
}

/* A statement holds so many values that the database takes it: some are compared several times. */
static uint32_t values_weight(const Clause *clause)
{
    static const uint8_t weights[SEARCH_TYPES] = {
        [SEARCH_NUMBER] = 2, [SEARCH_DATE] = 3,      [SEARCH_STRING] = 2,
        [SEARCH_TOKEN] = 3,  [SEARCH_REFERENCE] = 3, [SEARCH_COMPOSITE] = 7,
        [SEARCH_URI] = 3,    [SEARCH_QUANTITY] = 7,  [SEARCH_SPECIAL] = 9,
    };

    return clause->count * weights[clause->param->type] + (clause->key ? 2 : 0);
}

uint32_t clause_weight(const Clause *clause)
{
    enum { STEP_WEIGHT = 8 };
    uint32_t weight = clause->step_count ? 0 : values_weight(clause);

    for (uint32_t i = 0; i < clause->step_count; i++)
        weight +=
            STEP_WEIGHT + (clause->steps[i].match ? values_weight(clause->steps[i].match) : 0);
    return weight;
}
