/*
 * A QuestionnaireResponse held against its Questionnaire: which items there may be, which must, how often;
 * types, options, bounds and patterns of answers; enableWhen. The two are gone through side by side with
 * a list of what is left to do. R4 questionnaireresponse.html#notes, questionnaire.html#enableWhen;
 * SDC 3.0 (maxOccurs, unitOption, min- and maxQuantity)
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/pattern.h"
#include "fhir/validation.h"

#define HL7 "http://hl7.org/fhir/StructureDefinition/"
#define SDC "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"

/* Items of the response under `answered` are to be those under `asked`. */
typedef struct Pair {
    uint32_t asked, answered;
} Pair;

typedef struct Answers {
    Validation     *v;
    const Resource *r; /* the response's tree */
    Resource        q;
    uint32_t        root;  /* of the response */
    bool            whole; /* nothing is to come any more: what is required must be there */
    Pair           *left;
    uint32_t        count, room;
} Answers;

/* What has many items that ask of many answers is the product of both. */
static Fail check_clock(const Answers *a)
{
    return call_late(a->v->call)
               ? fail(a->v->call, FAIL_TIMEOUT, (Str){ 0 }, "Validating takes too long")
               : OK;
}

/* ---- answers ---- */

/* The answer types of an item's type: of a choice also those of its options. */
static const struct AnswerType {
    Str    item;
    TypeId types[2];
} answer_types[] = {
    { STR_INIT("boolean"), { TYPE_BOOLEAN } },
    { STR_INIT("decimal"), { TYPE_DECIMAL } },
    { STR_INIT("integer"), { TYPE_INTEGER } },
    { STR_INIT("date"), { TYPE_DATE } },
    { STR_INIT("dateTime"), { TYPE_DATE_TIME } },
    { STR_INIT("time"), { TYPE_TIME } },
    { STR_INIT("string"), { TYPE_STRING } },
    { STR_INIT("text"), { TYPE_STRING } },
    { STR_INIT("url"), { TYPE_URI } },
    { STR_INIT("choice"), { TYPE_CODING } },
    { STR_INIT("open-choice"), { TYPE_CODING, TYPE_STRING } },
    { STR_INIT("attachment"), { TYPE_ATTACHMENT } },
    { STR_INIT("reference"), { TYPE_REFERENCE } },
    { STR_INIT("quantity"), { TYPE_QUANTITY } },
};

static Str asked_text(const Answers *a, uint32_t item, const char *name)
{
    return node_child_text(&a->q, item, str_from(name));
}

static bool asked_yes(const Answers *a, uint32_t item, const char *name)
{
    return str_equal(asked_text(a, item, name), STR("true"));
}

/* The value of the item's extension, or 0. */
static uint32_t asked_extension(const Answers *a, uint32_t item, Str url)
{
    uint32_t extension = node_extension(&a->q, item, url);

    return extension ? node_child(&a->q, extension, STR("value")) : 0;
}

static bool options_have(const Answers *a, uint32_t item, TypeId type)
{
    for (uint32_t at = node_child(&a->q, item, STR("answerOption")); at;
         at = node_next_same(&a->q, at)) {
        uint32_t value = node_child(&a->q, at, STR("value"));

        if (value && node_at(&a->q, value)->type == type)
            return true;
    }
    return false;
}

/* A question that offers nothing leaves open what can be chosen. */
static bool leaves_open(const Answers *a, uint32_t item)
{
    return str_equal(asked_text(a, item, "type"), STR("choice"))
           && !node_child(&a->q, item, STR("answerOption"))
           && !asked_text(a, item, "answerValueSet").len;
}

static void check_type(const Answers *a, uint32_t item, uint32_t value)
{
    Str    kind = asked_text(a, item, "type");
    TypeId type = node_at(a->r, value)->type;

    for (size_t i = 0; i < COUNT(answer_types); i++)
        if (str_equal(answer_types[i].item, kind)
            && (type == answer_types[i].types[0] || type == answer_types[i].types[1]))
            return;
    if (options_have(a, item, type))
        return;
    validation_note(a->v, value, leaves_open(a, item) ? GRADE_NOTE : GRADE_ERROR, FAIL_VALUE,
                    "An answer to a question of type %.*s may not be a %.*s", STR_ARG(kind),
                    STR_ARG(type_name(type)));
}

static bool same_text(const Resource *one, uint32_t x, const Resource *other, uint32_t y,
                      const char *name)
{
    return str_equal(node_child_text(one, x, str_from(name)),
                     node_child_text(other, y, str_from(name)));
}

/* Whether a value of the response is one of the Questionnaire. */
static bool same_value(const Answers *a, uint32_t value, uint32_t wanted)
{
    const Node *x = node_at(a->r, value), *y = node_at(&a->q, wanted);

    if (x->type != y->type)
        return false;
    if (x->type == TYPE_CODING || x->type == TYPE_QUANTITY)
        return same_text(a->r, value, &a->q, wanted, "system")
               && same_text(a->r, value, &a->q, wanted, "code")
               && same_text(a->r, value, &a->q, wanted, "value");
    if (x->type == TYPE_REFERENCE)
        return same_text(a->r, value, &a->q, wanted, "reference");
    return x->json && y->json && str_equal(x->json->text, y->json->text)
           && x->json->kind == y->json->kind;
}

/* The option that the answer is, or 0. */
static uint32_t option_of(const Answers *a, uint32_t item, uint32_t value)
{
    for (uint32_t at = node_child(&a->q, item, STR("answerOption")); at;
         at = node_next_same(&a->q, at)) {
        uint32_t wanted = node_child(&a->q, at, STR("value"));

        if (wanted && same_value(a, value, wanted))
            return at;
    }
    return 0;
}

static Fail check_options(const Answers *a, uint32_t item, uint32_t value, uint32_t count)
{
    Str      set = asked_text(a, item, "answerValueSet");
    bool     open = str_equal(asked_text(a, item, "type"), STR("open-choice"));
    uint32_t option, exclusive;

    if (node_child(&a->q, item, STR("answerOption"))) {
        option = option_of(a, item, value);
        if (!option && !(open && node_at(a->r, value)->type == TYPE_STRING))
            validation_note(a->v, value, GRADE_ERROR, FAIL_CODE,
                            "The answer is none of those that the question offers");
        exclusive =
            option ? node_extension(&a->q, option, STR(HL7 "questionnaire-optionExclusive"))
                   : 0;
        if (exclusive && count > 1
            && str_equal(node_child_text(&a->q, exclusive, STR("value")), STR("true")))
            validation_note(a->v, value, GRADE_ERROR, FAIL_VALUE,
                            "This answer excludes all others");
    }
    if (set.len && !open && !str_starts(set, STR("#"))
        && node_at(a->r, value)->type == TYPE_CODING)
        return validation_binding(a->v, value, BINDING_REQUIRED, set, (Str){ 0 }, NULL);
    return OK;
}

static void check_bound(const Answers *a, uint32_t item, uint32_t value, Str url, int wrong)
{
    const Json *json = &a->q.tree->json;
    uint32_t    bound = asked_extension(a, item, url);
    bool        known;
    int         sign;

    if (!bound || !node_at(&a->q, bound)->json)
        return;
    if (node_at(a->r, value)->type == TYPE_QUANTITY
        && (!node_child_text(a->r, value, STR("code")).len
            || !node_child_text(&a->q, bound, STR("code")).len)) {
        validation_note(
            a->v, value, GRADE_ERROR, FAIL_VALUE,
            "The quantity cannot be compared with what the question allows: there is"
            " no code of a unit");
        return;
    }
    sign = validation_compare(a->v, value, json,
                              (uint32_t)(node_at(&a->q, bound)->json - json->values), &known);
    if (known && sign == wrong)
        validation_note(a->v, value, GRADE_ERROR, FAIL_VALUE,
                        "The answer is %s than the question allows",
                        wrong < 0 ? "less" : "more");
}

static void check_bounds(const Answers *a, uint32_t item, uint32_t value)
{
    static const struct {
        Str url;
        int wrong;
    } bounds[] = { { STR_INIT(HL7 "minValue"), -1 },
                   { STR_INIT(HL7 "maxValue"), 1 },
                   { STR_INIT(SDC "minQuantity"), -1 },
                   { STR_INIT(SDC "maxQuantity"), 1 } };
    uint64_t size, most;

    for (size_t i = 0; i < COUNT(bounds); i++)
        check_bound(a, item, value, bounds[i].url, bounds[i].wrong);
    if (node_at(a->r, value)->type == TYPE_ATTACHMENT
        && str_to_u64(node_child_text(a->r, value, STR("size")), &size)
        && str_to_u64(node_extension_text(&a->q, item, STR(HL7 "maxSize")), &most)
        && size > most)
        validation_note(a->v, value, GRADE_ERROR, FAIL_VALUE,
                        "The attachment is larger than the question allows");
}

/* Length and regular expression of a text. */
static Fail check_words(const Answers *a, uint32_t item, uint32_t value)
{
    Call          *c = a->v->call;
    Str            text = node_text(node_at(a->r, value));
    Str            expression = node_extension_text(&a->q, item, STR(HL7 "regex"));
    uint32_t       since = c->issue_count;
    uint64_t       most, characters = 0;
    const Pattern *pattern;
    bool           found;

    if (!text.len)
        return OK;
    for (size_t i = 0; i < text.len; i++)
        characters += ((unsigned char)text.at[i] & 0xC0) != 0x80;
    if (str_to_u64(asked_text(a, item, "maxLength"), &most) && characters > most)
        validation_note(a->v, value, GRADE_ERROR, FAIL_VALUE,
                        "The answer is longer than the question allows");
    if (!expression.len)
        return OK;
    if (pattern_compile(c, c->arena, STR("regex"), expression, &pattern) != OK) {
        call_forget_issues(c, since);
        return OK;
    }
    TRY(pattern_matches(c, pattern, text, false, &found));
    if (!found)
        validation_note(a->v, value, GRADE_ERROR, FAIL_VALUE,
                        "The answer is not of the form that the question asks for");
    return OK;
}

static void check_unit(const Answers *a, uint32_t item, uint32_t value)
{
    uint32_t at = node_extension(&a->q, item, STR(HL7 "questionnaire-unitOption"));
    bool     any = at != 0;

    if (node_at(a->r, value)->type != TYPE_QUANTITY)
        return;
    for (; at; at = node_next_same(&a->q, at)) {
        uint32_t unit = node_child(&a->q, at, STR("value"));

        if (unit
            && str_equal(node_child_text(&a->q, at, STR("url")),
                         STR(HL7 "questionnaire-unitOption"))
            && same_text(a->r, value, &a->q, unit, "system")
            && same_text(a->r, value, &a->q, unit, "code"))
            return;
    }
    if (any)
        validation_note(a->v, value, GRADE_ERROR, FAIL_CODE,
                        "The unit is none of those that the question offers");
}

/* ---- enableWhen ---- */

/* Whether one value meets the condition. */
static bool meets(const Answers *a, uint32_t value, uint32_t wanted, Str operator)
{
    const Json *json = &a->q.tree->json;
    bool        equal = same_value(a, value, wanted), known;
    int         sign;

    if (str_equal(operator, STR("=")))
        return equal;
    if (str_equal(operator, STR("!=")))
        return !equal;
    if (!node_at(&a->q, wanted)->json)
        return false;
    sign = validation_compare(a->v, value, json,
                              (uint32_t)(node_at(&a->q, wanted)->json - json->values), &known);
    if (!known)
        return false;
    if (str_ends(operator, STR("=")) && sign == 0)
        return true;
    return str_starts(operator, STR("<")) ? sign < 0 : sign > 0;
}

/* Any answer to that question, wherever it stands in the response, decides. */
static Fail condition_holds(const Answers *a, uint32_t condition, bool *out)
{
    Str      question = node_child_text(&a->q, condition, STR("question"));
    Str      operator= node_child_text(&a->q, condition, STR("operator"));
    uint32_t wanted = node_child(&a->q, condition, STR("answer")), value;
    bool     exists = false, met = false;

    TRY(check_clock(a));
    for (uint32_t i = a->root; i < a->r->tree->count; i++) {
        const Node *n = node_at(a->r, i);

        if (!n->element || !str_equal(n->element->name, STR("answer"))
            || !str_equal(node_child_text(a->r, n->parent, STR("linkId")), question)
            || validation_resource_of(a->v, i) != a->root)
            continue;
        value = node_child(a->r, i, STR("value"));
        exists = exists || value;
        met = met || (value && wanted && meets(a, value, wanted, operator));
    }
    if (str_equal(operator, STR("exists")))
        met = wanted && exists == str_equal(node_text(node_at(&a->q, wanted)), STR("true"));
    *out = met;
    return OK;
}

static Fail find_enabled(const Answers *a, uint32_t item, bool *out)
{
    uint32_t at = node_child(&a->q, item, STR("enableWhen"));
    bool     all = str_equal(asked_text(a, item, "enableBehavior"), STR("all"));

    bool holds = all;

    *out = true;
    if (!at)
        return OK;
    for (; at && holds == all; at = node_next_same(&a->q, at))
        TRY(condition_holds(a, at, &holds));
    *out = holds;
    return OK;
}

/* ---- items ---- */

static void push(Answers *a, uint32_t asked, uint32_t answered)
{
    if (a->count == a->room) {
        uint32_t room = a->room ? a->room * 2 : 64;

        a->left = arena_grow(a->v->call->arena, a->left, a->room * sizeof *a->left,
                             room * sizeof *a->left);
        a->room = room;
    }
    a->left[a->count++] = (Pair){ asked, answered };
}

/* How often it must be there at least, and may be at most; UINT64_MAX: as often as one likes. */
static void take_times(const Answers *a, uint32_t item, uint64_t *least, uint64_t *most)
{
    *least = asked_yes(a, item, "required");
    *most = asked_yes(a, item, "repeats") ? UINT64_MAX : 1;
    (void)str_to_u64(node_extension_text(&a->q, item, STR(HL7 "questionnaire-minOccurs")),
                     least);
    (void)str_to_u64(node_extension_text(&a->q, item, STR(HL7 "questionnaire-maxOccurs")),
                     most);
}

static void check_times(const Answers *a, uint32_t item, uint32_t where, uint64_t count)
{
    uint64_t least, most;

    take_times(a, item, &least, &most);
    if (count < least && (a->whole || count))
        validation_note(a->v, where, GRADE_ERROR, FAIL_REQUIRED,
                        "%.*s is asked for at least %llu times and answered %llu times",
                        STR_ARG(asked_text(a, item, "linkId")), (unsigned long long)least,
                        (unsigned long long)count);
    if (count > most)
        validation_note(a->v, where, GRADE_ERROR, FAIL_VALUE,
                        "%.*s may be answered %llu times and is answered %llu times",
                        STR_ARG(asked_text(a, item, "linkId")), (unsigned long long)most,
                        (unsigned long long)count);
}

static Fail check_answer(Answers *a, uint32_t item, uint32_t answer, uint32_t count)
{
    uint32_t value = node_child(a->r, answer, STR("value"));

    TRY(check_clock(a));
    push(a, item, answer);
    if (!value)
        return OK;
    check_type(a, item, value);
    check_bounds(a, item, value);
    TRY(check_words(a, item, value));
    check_unit(a, item, value);
    return check_options(a, item, value, count);
}

static Fail check_question(Answers *a, uint32_t item, uint32_t answered)
{
    uint32_t first = node_child(a->r, answered, STR("answer")), count = 0;

    for (uint32_t at = first; at; at = node_next_same(a->r, at))
        count++;
    if (str_equal(asked_text(a, item, "type"), STR("display"))) {
        if (count)
            validation_note(a->v, answered, GRADE_ERROR, FAIL_VALUE,
                            "What is only shown has no answer");
        return OK;
    }
    check_times(a, item, answered, count);
    for (uint32_t at = first; at; at = node_next_same(a->r, at))
        TRY(check_answer(a, item, at, count));
    return OK;
}

/* One item of the Questionnaire with all of that linkId under one node of the response. */
static Fail check_item(Answers *a, uint32_t item, uint32_t parent)
{
    Str      id = asked_text(a, item, "linkId");
    bool     group = str_equal(asked_text(a, item, "type"), STR("group"));
    bool     enabled;
    uint64_t count = 0;

    TRY(check_clock(a));
    TRY(find_enabled(a, item, &enabled));
    for (uint32_t at = node_child(a->r, parent, STR("item")); at;
         at = node_next_same(a->r, at)) {
        if (!str_equal(node_child_text(a->r, at, STR("linkId")), id))
            continue;
        count++;
        if (!enabled)
            validation_note(a->v, at, GRADE_ERROR, FAIL_VALUE,
                            "%.*s is answered and is not enabled", STR_ARG(id));
        else if (group)
            push(a, item, at);
        else
            TRY(check_question(a, item, at));
        if (!group && count == 2)
            validation_note(a->v, at, GRADE_ERROR, FAIL_VALUE,
                            "A question is answered by one item, with all its answers");
    }
    if (enabled && (group || !count) && !str_equal(asked_text(a, item, "type"), STR("display")))
        check_times(a, item, parent, count);
    return OK;
}

static Fail check_pair(Answers *a, Pair pair)
{
    for (uint32_t item = node_child(&a->q, pair.asked, STR("item")); item;
         item = node_next_same(&a->q, item))
        TRY(check_item(a, item, pair.answered));
    for (uint32_t at = node_child(a->r, pair.answered, STR("item")); at;
         at = node_next_same(a->r, at)) {
        Str      id = node_child_text(a->r, at, STR("linkId"));
        uint32_t item = node_child(&a->q, pair.asked, STR("item"));

        TRY(check_clock(a));
        while (item && !str_equal(asked_text(a, item, "linkId"), id))
            item = node_next_same(&a->q, item);
        if (!item)
            validation_note(a->v, at, GRADE_ERROR, FAIL_CODE,
                            "The questionnaire has no item %.*s here", STR_ARG(id));
    }
    return OK;
}

/* ---- the questionnaire ---- */

/* The text of the Questionnaire that the response names: contained, or found; empty if it is not known. */
static Fail find_questionnaire(Validation *v, uint32_t named, Str *out)
{
    Str            url = node_text(node_at(v->resource, named));
    uint32_t       since = v->call->issue_count, inner;
    const TermDef *def = NULL;
    Fail           result;

    *out = (Str){ 0 };
    if (str_starts(url, STR("#"))) {
        if (validation_resolve(v, named, url, &inner))
            *out = node_source(v->resource, inner);
        return OK;
    }
    result = terms_find(v->terms, TYPE_QUESTIONNAIRE, url, (Str){ 0 }, &def);
    if (result == FAIL_TOO_COSTLY || result == FAIL_TIMEOUT)
        return result;
    call_forget_issues(v->call, since);
    if (def)
        *out = def->source;
    else if (validation_first_time(v, url))
        validation_note(v, named, GRADE_WARNING, FAIL_NOT_FOUND,
                        "The questionnaire %.*s is not known here", STR_ARG(url));
    return OK;
}

static Fail check_response(Validation *v, uint32_t response)
{
    static const Str whole[] = { STR_INIT("completed"), STR_INIT("amended") };
    ReadOptions      options = { .expected = TYPE_QUESTIONNAIRE,
                                 .values_max = LIMIT_BUNDLE_NODES,
                                 .trusted = true };
    Answers          a = { .v = v, .r = v->resource, .root = response };
    uint32_t         named = node_child(v->resource, response, STR("questionnaire"));
    uint32_t         since = v->call->issue_count;
    Str              text = { 0 };

    if (named)
        TRY(find_questionnaire(v, named, &text));
    if (!text.len)
        return OK;
    if (resource_read(v->call, text, &options, &a.q) != OK) {
        call_forget_issues(v->call, since);
        return OK;
    }
    for (size_t i = 0; i < COUNT(whole); i++)
        a.whole = a.whole || str_equal(node_child_text(a.r, response, STR("status")), whole[i]);
    push(&a, a.q.root, response);
    for (uint32_t i = 0; i < a.count; i++)
        TRY(check_pair(&a, a.left[i]));
    return OK;
}

Fail validation_answers(Validation *v)
{
    for (uint32_t i = 0; i < v->resource->tree->count; i++)
        if (node_at(v->resource, i)->type == TYPE_QUESTIONNAIRE_RESPONSE)
            TRY(check_response(v, i));
    return OK;
}
