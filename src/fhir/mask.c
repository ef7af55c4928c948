/* Which elements are hidden, and from which searches: see mask.h. */
#include "fhir/mask.h"

#include "fhir/criteria.h"

/* ---- paths ---- */

static const Element *element_of_path(TypeId type, Str path)
{
    const Structure *s = structure(type);

    for (uint16_t i = 0; i < s->element_count; i++)
        if (str_equal(structure_element_at(type, i)->path, path))
            return structure_element_at(type, i);
    return NULL;
}

static const Element *first_of(const MaskElement *e)
{
    return structure_element_at(e->type, e->first);
}

static const Element *second_of(const MaskElement *e)
{
    return e->second == MASK_WHOLE ? NULL : structure_element_at(first_of(e)->type, e->second);
}

/* Definitions are worked with by the server itself; the rest is not a record. */
static bool is_about_people(TypeId type)
{
    static const TypeId others[] = { TYPE_CODE_SYSTEM,          TYPE_VALUE_SET,
                                     TYPE_CONCEPT_MAP,          TYPE_SEARCH_PARAMETER,
                                     TYPE_STRUCTURE_DEFINITION, TYPE_QUESTIONNAIRE,
                                     TYPE_AUDIT_EVENT };

    for (size_t i = 0; i < COUNT(others); i++)
        if (type == others[i])
            return false;
    return type_is_resource(type) && structure(type)->domain;
}

static bool is_word(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9')
           || ch == '_';
}

/* The chain of names that begins at `at`: "Appointment.reasonCode"; *end is behind it. A function ends
 * it, but for extension(), which stands for the element. */
static Str chain_at(Str text, size_t at, size_t *end)
{
    size_t from = at, last = at;

    for (;;) {
        size_t name = at;

        while (at < text.len && is_word(text.at[at]))
            at++;
        if (at < text.len && text.at[at] == '('
            && !str_equal(str_slice(text, name, at), STR("extension")))
            break;
        last = at;
        if (at + 1 >= text.len || text.at[at] != '.')
            break;
        at++;
    }
    *end = at > from ? at : from + 1;
    return str_slice(text, from, last);
}

static bool chain_touches(const MaskElement *e, Str chain)
{
    const Element *first = first_of(e), *second = second_of(e);
    Str            root, name, rest = { 0 }, deeper;

    if (!str_cut(chain, '.', &root, &name))
        return true; /* all of the resource */
    if (str_cut(name, '.', &name, &rest))
        str_cut(rest, '.', &rest, &deeper);
    if (!str_equal(name, first->path) && !(first->choice && str_starts(name, first->path)))
        return false;
    return !second || rest.len == 0 || str_equal(rest, second->path);
}

static bool begins_chain(Str chain, TypeId type)
{
    Str root = chain, rest;

    str_cut(chain, '.', &root, &rest);
    return str_equal(root, type_name(type)) || str_equal(root, STR("Resource"))
           || str_equal(root, STR("DomainResource"));
}

/* By the paths in its expression. Where there is none to be seen anything may be meant. */
static bool touches(const MaskElement *e, const SearchParam *param)
{
    Str    text = param->expression;
    bool   any = false;
    size_t end;

    for (size_t at = 0; at < text.len; at = end) {
        Str chain = { 0 };

        end = at + 1;
        if (is_word(text.at[at]))
            chain = chain_at(text, at, &end);
        if (chain.len == 0 || (at > 0 && text.at[at - 1] == '.')
            || !begins_chain(chain, e->type))
            continue;
        any = true;
        if (chain_touches(e, chain))
            return true;
    }
    return !any;
}

/* Whose record it is, and where it is found through others, is known to who sees anything of it. */
static bool says_whose(const MaskElement *e)
{
    for (TypeId owner = 1; owner <= RESOURCE_TYPES; owner++) {
        const CompartmentRule *rule = compartment_rule_of(owner, e->type);

        for (uint16_t i = 0; rule && i < rule->count; i++)
            if (touches(e, search_param_at(rule->params[i])))
                return true;
    }
    return false;
}

static Fail cannot(Call *c, Str path, const char *why)
{
    return fail(c, FAIL_VALUE, STR("path"), "%.*s %s", STR_ARG(str_slice(path, 0, 100)), why);
}

static Fail check_hidden(Call *c, Str path, const MaskElement *e)
{
    const Element *last = second_of(e) ? second_of(e) : first_of(e);
    bool           of_meta = first_of(e)->type == TYPE_META;

    if (last->min > 0)
        return cannot(c, path, "must be there in each of them, so it cannot be hidden");
    if (of_meta && (!second_of(e) || !str_equal(second_of(e)->path, STR("security"))))
        return cannot(c, path, "cannot be hidden: of meta only security can");
    if (says_whose(e))
        return cannot(c, path, "says whose record it is, so it cannot be hidden");
    return OK;
}

Fail mask_path_read(Call *c, Str path, bool read_only, MaskElement *out)
{
    MaskElement    e = { .second = MASK_WHOLE };
    Str            type, name, inside = { 0 };
    const Element *first, *second = NULL;

    if (!str_cut(path, '.', &type, &name) || !is_about_people(type_find(type)))
        return cannot(c, path, "does not begin with a resource type that has hidden elements");
    str_cut(name, '.', &name, &inside);
    e.type = type_find(type);
    first = element_of_path(e.type, name);
    if (first && inside.len && !first->choice
        && structure(first->type)->kind != STRUCTURE_PRIMITIVE && !type_is_resource(first->type)
        && first->type != TYPE_RESOURCE)
        second = element_of_path(first->type, inside);
    if (!first || (inside.len && !second) || str_equal(name, STR("id"))
        || str_equal(name, STR("text")) || str_equal(name, STR("contained")))
        return cannot(c, path, "is no path of an element, one or two names deep");
    e.first = first->order;
    if (second)
        e.second = second->order;
    if (e.type == TYPE_APPOINTMENT && first->type == TYPE_EXTENSION)
        return cannot(c, path, "is written by the server, too, so it cannot be hidden or kept");
    if (read_only && first->type == TYPE_META)
        return cannot(c, path, "is kept by the server");
    if (!read_only)
        TRY(check_hidden(c, path, &e));
    *out = e;
    return OK;
}

Str mask_path(Arena *a, const MaskElement *e)
{
    const Element *second = second_of(e);

    return arena_printf(a, "%.*s.%.*s%s%.*s", STR_ARG(type_name(e->type)),
                        STR_ARG(first_of(e)->path), second ? "." : "",
                        STR_ARG(second ? second->path : (Str){ 0 }));
}

/* ---- which hold ---- */

bool mask_has(const MaskSet *set, TypeId type, bool read_only)
{
    for (; set; set = set->further)
        for (uint32_t i = 0; i < set->count; i++)
            if (set->rows[i].element.type == type && (read_only || !set->rows[i].read_only))
                return true;
    return false;
}

static bool criteria_hold(Call *c, TypeId type, Str criteria, Str id, const IndexRows *rows)
{
    ClauseSteps steps = clause_steps_new(c->arena, STR("permission"));
    uint32_t    issues = c->issue_count;
    Clause      clause;

    if (criteria.len == 0 || !rows)
        return true;
    if (criteria_put(c, type, criteria, &steps) != OK) {
        call_forget_issues(c, issues);
        return true;
    }
    clause = clause_of_steps(&steps);
    return criteria_fit(&clause, id, rows);
}

static struct MaskName name_of(const MaskElement *e)
{
    struct MaskName name = { .first = first_of(e)->path, .inside = first_of(e)->type };

    if (second_of(e))
        name.second = second_of(e)->path;
    return name;
}

Fail mask_find(Call *c, const MaskSet *set, TypeId type, bool read_only, Str id,
               const IndexRows *rows, MaskNames *out)
{
    uint32_t room = 0;
    Str      asked = { 0 };
    bool     held = false;

    *out = (MaskNames){ 0 };
    for (const MaskSet *s = set; s; s = s->further)
        room += s->count;
    out->names = NEW_ARRAY(c->arena, struct MaskName, room + 1);
    for (; set; set = set->further)
        for (uint32_t i = 0; i < set->count; i++) {
            const MaskRow *row = &set->rows[i];

            if (row->element.type != type || row->read_only != read_only)
                continue;
            if (!asked.at
                || !str_equal(asked, row->criteria)) /* rows of one kind stand together */
                held = criteria_hold(c, type, row->criteria, id, rows);
            asked = row->criteria.at ? row->criteria : STR("");
            if (held)
                out->names[out->count++] = name_of(&row->element);
        }
    return OK;
}

bool mask_hides_param(const MaskSet *set, TypeId type, const SearchParam *param)
{
    for (; set; set = set->further)
        for (uint32_t i = 0; i < set->count; i++)
            if (set->rows[i].element.type == type && !set->rows[i].read_only
                && (search_param_is_words(param) || touches(&set->rows[i].element, param)))
                return true;
    return false;
}

const SearchParam *mask_param_find(const MaskSet *set, TypeId type, Str code)
{
    const SearchParam *param = search_param_find(type, code);

    return param && set && mask_hides_param(set, type, param) ? NULL : param;
}

/* ---- lists of names ---- */

static bool among(const struct MaskName *name, const MaskNames *names)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (str_equal(names->names[i].first, name->first)
            && (names->names[i].second.len == 0
                || str_equal(names->names[i].second, name->second)))
            return true;
    return false;
}

Fail mask_check_within(Call *c, TypeId type, const MaskNames *names, const MaskNames *others)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (!among(&names->names[i], others))
            return fail(c, FAIL_FORBIDDEN, type_name(type),
                        "The change would show its author what is withheld from them");
    return OK;
}

MaskNames mask_without(Arena *a, const MaskNames *names, const MaskNames *others)
{
    MaskNames left = { .names = NEW_ARRAY(a, struct MaskName, names->count + 1) };

    for (uint32_t i = 0; i < names->count; i++)
        if (!among(&names->names[i], others))
            left.names[left.count++] = names->names[i];
    return left;
}
