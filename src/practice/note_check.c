/*
 * Whether a response has all that its template asks for: required parts where they are enabled, choices, bounds, and
 * the rules across items that are FHIRPath (questionnaire-constraint). FHIR R4 questionnaire.html,
 * "required", "enableWhen". A group that does not repeat counts as there, so what it requires is required; a row of one
 * that repeats in which nothing was answered wants nothing.
 */
#include <stdlib.h>

#include "base/ensure.h"
#include "fhir/fhirpath.h"
#include "practice/note.h"

#define CORE_EXTENSION "http://hl7.org/fhir/StructureDefinition/"

enum { ITEMS_MAX = 10000, LEVELS_MAX = 20000, NUMBER_CHARS = 64 };

typedef struct Entry {
    Str      link;
    uint32_t node;
} Entry;

/* Items of the template, against what stands in one place of the response (0: it is not there). */
typedef struct Level {
    uint32_t items, container;
} Level;

typedef struct Checking {
    Note           *note;
    const Resource *form, *said;
    Entry          *entries; /* the response's items, in its order */
    size_t          entry_count;
    Level          *levels; /* still to be looked at */
    size_t          level_count, level_max;
    bool            faulty;
    PathVariable    past[2];
    bool            past_known;
} Checking;

/* ---- faults ---- */

static void fault(Checking *k, Fail kind, uint32_t place, Str link, bool warning, Str text)
{
    Call *c = k->note->till->call;
    Str   where = node_expression(c->arena, k->said, place);

    if (warning)
        warn(c, kind, where, "%.*s", STR_ARG(text));
    else
        fail(c, kind, where, "%.*s", STR_ARG(text));
    if (c->issues_left_out == 0)
        c->issues[c->issue_count - 1].link_id = link;
    k->faulty = k->faulty || !warning;
}

typedef enum Complaint {
    COMPLAINT_MISSING,
    COMPLAINT_CHOICE,
    COMPLAINT_LOW,
    COMPLAINT_HIGH,
    COMPLAINT_LONG,
} Complaint;

static const struct Sentence {
    const char *english, *french;
} sentences[] = {
    [COMPLAINT_MISSING] = { "%.*s: this has to be filled in",
                            "%.*s : cette partie doit être remplie" },
    [COMPLAINT_CHOICE] = { "%.*s: this is not one of the choices",
                           "%.*s : ce n’est pas un des choix offerts" },
    [COMPLAINT_LOW] = { "%.*s: this is less than it can be",
                        "%.*s : c’est moins que le minimum possible" },
    [COMPLAINT_HIGH] = { "%.*s: this is more than it can be",
                         "%.*s : c’est plus que le maximum possible" },
    [COMPLAINT_LONG] = { "%.*s: this is too long", "%.*s : c’est trop long" },
};

/* `%.*s` of the sentence is the item's own text. */
static void complain(Checking *k, Complaint which, uint32_t item, uint32_t place)
{
    Note       *n = k->note;
    Arena      *a = n->till->call->arena;
    uint32_t    text = node_child(k->form, item, STR("text"));
    Str         link = node_child_text(k->form, item, STR("linkId"));
    Str         label = text ? note_words(n, k->form, text) : link;
    const char *english = sentences[which].english, *french = sentences[which].french;
    Str         rest = str_from(note_in_french(n->till) ? french : english);

    fault(k, which == COMPLAINT_MISSING ? FAIL_REQUIRED : FAIL_VALUE, place, link, false,
          arena_printf(a, "%.*s%.*s", STR_ARG(label), STR_ARG(str_skip(rest, strlen("%.*s")))));
}

/* ---- answers ---- */

static double number_of(Str text)
{
    char copy[NUMBER_CHARS] = { 0 };

    if (text.len >= NUMBER_CHARS)
        return 0;
    memcpy(copy, text.at, text.len);
    return strtod(copy, NULL);
}

static bool is_number(const Resource *r, uint32_t value)
{
    Str type = type_name(node_at(r, value)->type);

    return str_equal(type, STR("integer")) || str_equal(type, STR("decimal"))
           || str_equal(type, STR("Quantity"));
}

static Str plain(const Resource *r, uint32_t value)
{
    return str_equal(type_name(node_at(r, value)->type), STR("Quantity"))
               ? node_child_text(r, value, STR("value"))
               : node_text(node_at(r, value));
}

static bool same_coding(const Resource *a, uint32_t x, const Resource *b, uint32_t y)
{
    return str_equal(node_child_text(a, x, STR("system")), node_child_text(b, y, STR("system")))
           && str_equal(node_child_text(a, x, STR("code")), node_child_text(b, y, STR("code")));
}

/* Less than, equal, more than; of what has no order 2 where the two differ. */
static int compare(const Resource *a, uint32_t x, const Resource *b, uint32_t y)
{
    double left, right;

    if (str_equal(type_name(node_at(a, x)->type), STR("Coding")))
        return same_coding(a, x, b, y) ? 0 : 2;
    if (!is_number(a, x) || !is_number(b, y))
        return str_compare(plain(a, x), plain(b, y));
    left = number_of(plain(a, x));
    right = number_of(plain(b, y));
    return (left > right) - (left < right);
}

static const struct Operator {
    const char *name;
    bool        less, same, more, other;
} operators[] = {
    { "=", .same = true },
    { "!=", .less = true, .more = true, .other = true },
    { ">", .more = true },
    { "<", .less = true },
    { ">=", .same = true, .more = true },
    { "<=", .less = true, .same = true },
};

static bool holds(Str name, int order)
{
    for (size_t i = 0; i < COUNT(operators); i++)
        if (str_equal(name, str_from(operators[i].name)))
            return order == 2  ? operators[i].other
                   : order < 0 ? operators[i].less
                   : order > 0 ? operators[i].more
                               : operators[i].same;
    return false;
}

/* ---- enableWhen ---- */

/* `exists` asks whether there is any answer, the others whether one of them is so. */
static bool condition_holds(const Checking *k, uint32_t condition)
{
    Str      question = node_child_text(k->form, condition, STR("question"));
    Str      name = node_child_text(k->form, condition, STR("operator"));
    uint32_t wanted = node_child(k->form, condition, STR("answer"));
    bool     any = false;

    for (size_t i = 0; i < k->entry_count; i++) {
        if (!str_equal(k->entries[i].link, question))
            continue;
        for (uint32_t answer = node_child(k->said, k->entries[i].node, STR("answer")); answer;
             answer = node_next_same(k->said, answer)) {
            uint32_t value = node_child(k->said, answer, STR("value"));

            any = any || value;
            if (value && wanted && holds(name, compare(k->said, value, k->form, wanted)))
                return true;
        }
    }
    if (!str_equal(name, STR("exists")))
        return false;
    return any == (wanted && str_equal(node_text(node_at(k->form, wanted)), STR("true")));
}

static bool is_enabled(const Checking *k, uint32_t item)
{
    bool     any = str_equal(node_child_text(k->form, item, STR("enableBehavior")), STR("any"));
    uint32_t condition = node_child(k->form, item, STR("enableWhen"));

    if (!condition)
        return true;
    for (; condition; condition = node_next_same(k->form, condition))
        if (condition_holds(k, condition) == any)
            return any;
    return !any;
}

/* ---- items ---- */

static bool is_required(const Checking *k, uint32_t item)
{
    return str_equal(node_child_text(k->form, item, STR("required")), STR("true"));
}

static bool repeats(const Checking *k, uint32_t item)
{
    return str_equal(node_child_text(k->form, item, STR("repeats")), STR("true"));
}

static bool is_group(const Checking *k, uint32_t item)
{
    return str_equal(node_child_text(k->form, item, STR("type")), STR("group"));
}

static Fail push(Checking *k, uint32_t item, uint32_t container)
{
    uint32_t items = node_child(k->form, item, STR("item"));

    if (!items)
        return OK;
    if (k->level_count == k->level_max)
        return fail(k->note->till->call, FAIL_TOO_COSTLY, STR("QuestionnaireResponse"),
                    "The form has too many parts to be checked");
    k->levels[k->level_count++] = (Level){ items, container };
    return OK;
}

static void check_choice(Checking *k, uint32_t item, uint32_t answer, uint32_t value)
{
    uint32_t option = node_child(k->form, item, STR("answerOption"));

    if (!option || !str_equal(node_child_text(k->form, item, STR("type")), STR("choice")))
        return;
    for (; option; option = node_next_same(k->form, option)) {
        uint32_t offered = node_child(k->form, option, STR("value"));

        if (offered && node_at(k->form, offered)->type == node_at(k->said, value)->type
            && compare(k->said, value, k->form, offered) == 0)
            return;
    }
    complain(k, COMPLAINT_CHOICE, item, answer);
}

static void check_bounds(Checking *k, uint32_t item, uint32_t answer, uint32_t value)
{
    Str      low = node_extension_text(k->form, item, STR(CORE_EXTENSION "minValue"));
    Str      high = node_extension_text(k->form, item, STR(CORE_EXTENSION "maxValue"));
    Str      text = plain(k->said, value);
    uint64_t longest;

    if (is_number(k->said, value)) {
        if (low.len && number_of(text) < number_of(low))
            complain(k, COMPLAINT_LOW, item, answer);
        if (high.len && number_of(text) > number_of(high))
            complain(k, COMPLAINT_HIGH, item, answer);
    } else if (str_to_u64(node_child_text(k->form, item, STR("maxLength")), &longest)) {
        size_t chars = 0;

        for (size_t i = 0; i < text.len; i++)
            chars += ((unsigned char)text.at[i] & 0xC0) != 0x80;
        if (chars > longest)
            complain(k, COMPLAINT_LONG, item, answer);
    }
}

/* Whether anything is answered within an item: what stands in it follows it in the tree. */
static bool has_answer(const Checking *k, uint32_t place)
{
    const Tree *tree = k->said->tree;

    for (uint32_t i = place + 1; i < tree->count && tree->nodes[i].parent >= place; i++)
        if (str_equal(tree->nodes[i].element->path, STR("answer")))
            return true;
    return false;
}

/* An answer of nothing but blanks is none. */
static bool says_nothing(const Checking *k, uint32_t value)
{
    return structure(node_at(k->said, value)->type)->kind == STRUCTURE_PRIMITIVE
           && str_trim(node_text(node_at(k->said, value))).len == 0;
}

static Fail check_there(Checking *k, uint32_t item, uint32_t place)
{
    size_t answered = 0;

    if (is_group(k, item)) {
        if (is_required(k, item) && !has_answer(k, place))
            complain(k, COMPLAINT_MISSING, item, place);
        return has_answer(k, place) || !repeats(k, item) ? push(k, item, place) : OK;
    }
    for (uint32_t answer = node_child(k->said, place, STR("answer")); answer;
         answer = node_next_same(k->said, answer)) {
        uint32_t value = node_child(k->said, answer, STR("value"));

        if (!value || says_nothing(k, value))
            continue;
        answered++;
        check_choice(k, item, answer, value);
        check_bounds(k, item, answer, value);
        TRY(push(k, item, answer));
    }
    if (!answered && is_required(k, item))
        complain(k, COMPLAINT_MISSING, item, place);
    return OK;
}

static Fail check_absent(Checking *k, uint32_t item, uint32_t container)
{
    if (is_required(k, item))
        complain(k, COMPLAINT_MISSING, item, container);
    return is_group(k, item) && !repeats(k, item) ? push(k, item, 0) : OK;
}

static Fail check_level(Checking *k, Level level)
{
    for (uint32_t item = level.items; item; item = node_next_same(k->form, item)) {
        Str      link = node_child_text(k->form, item, STR("linkId"));
        uint32_t place = level.container || level.items == node_child(k->form, 0, STR("item"))
                             ? node_child(k->said, level.container, STR("item"))
                             : 0;
        size_t   found = 0;

        if (call_late(k->note->till->call))
            return fail(k->note->till->call, FAIL_TIMEOUT, (Str){ 0 },
                        "checking the form takes too long");
        if (!is_enabled(k, item)
            || str_equal(node_child_text(k->form, item, STR("type")), STR("display")))
            continue;
        for (; place; place = node_next_same(k->said, place)) {
            if (!str_equal(node_child_text(k->said, place, STR("linkId")), link))
                continue;
            found++;
            TRY(check_there(k, item, place));
        }
        if (!found)
            TRY(check_absent(k, item, level.container));
    }
    return OK;
}

/* ---- rules ---- */

static Str part_of(const Checking *k, uint32_t extension, const char *url)
{
    return node_extension_text(k->form, extension, str_from(url));
}

static Fail rule_on(Checking *k, uint32_t extension, Str link, uint32_t place)
{
    Note              *n = k->note;
    Call              *c = n->till->call;
    PathValue          focus = path_node(k->said->tree, place);
    PathContext        context = { .resource = path_node(k->said->tree, 0),
                                   .root_resource = path_node(k->said->tree, 0) };
    const PathProgram *program;
    PathValues         found;
    uint32_t           human = node_extension(k->form, extension, STR("human"));
    uint32_t           said = human ? node_child(k->form, human, STR("value")) : 0;

    if (!k->past_known)
        TRY(note_past(n, k->past));
    k->past_known = true;
    context.variables = k->past;
    context.variable_count = COUNT(k->past);
    TRY(path_compile(c, c->arena, part_of(k, extension, "expression"), &program));
    TRY(path_run(c, program, &context, (PathValues){ &focus, 1 }, &found));
    if (path_holds(found))
        return OK;
    fault(k, FAIL_INVARIANT, place, link,
          str_equal(part_of(k, extension, "severity"), STR("warning")),
          said ? note_words(n, k->form, said) : part_of(k, extension, "key"));
    return OK;
}

/* Those of one node of the template: of the whole, or of an item, wherever it is answered. */
static Fail rules_of(Checking *k, uint32_t node)
{
    Str link = node ? node_child_text(k->form, node, STR("linkId")) : (Str){ 0 };

    for (uint32_t each = node_child(k->form, node, STR("extension")); each;
         each = node_next_same(k->form, each)) {
        if (!str_equal(node_child_text(k->form, each, STR("url")),
                       STR(CORE_EXTENSION "questionnaire-constraint")))
            continue;
        if (!node)
            TRY(rule_on(k, each, part_of(k, each, "location"), 0));
        for (size_t i = 0; node && i < k->entry_count; i++)
            if (str_equal(k->entries[i].link, link))
                TRY(rule_on(k, each, link, k->entries[i].node));
    }
    return OK;
}

static bool is_item(const Resource *r, uint32_t node)
{
    return node == 0 || node_child(r, node, STR("linkId")) != 0;
}

Fail note_check(Note *n, bool *sound)
{
    Call    *c = n->till->call;
    Checking k = { .note = n, .form = &n->form.resource, .said = &n->response.resource };
    size_t   items = 0;

    k.entries = NEW_ARRAY(c->arena, Entry, k.said->tree->count);
    for (uint32_t i = 1; i < k.said->tree->count; i++)
        if (is_item(k.said, i))
            k.entries[k.entry_count++] =
                (Entry){ node_child_text(k.said, i, STR("linkId")), i };
    for (uint32_t i = 1; i < k.form->tree->count; i++)
        items += is_item(k.form, i);
    if (items > ITEMS_MAX || k.entry_count > ITEMS_MAX)
        return fail(c, FAIL_TOO_COSTLY, STR("QuestionnaireResponse"),
                    "The form has too many parts to be checked");
    k.level_max = LEVELS_MAX;
    k.levels = NEW_ARRAY(c->arena, Level, k.level_max);
    TRY(push(&k, 0, 0));
    while (k.level_count > 0) {
        TRY(check_level(&k, k.levels[--k.level_count]));
    }
    for (uint32_t i = 0; i < k.form->tree->count; i++)
        if (is_item(k.form, i))
            TRY(rules_of(&k, i));
    *sound = !k.faulty;
    return OK;
}
