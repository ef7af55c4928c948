/*
 * Codes: whether they are of their systems, and in the value sets that bindings name.
 * R4 terminologies.html#strength
 */
#include "base/limits.h"
#include "fhir/ucum.h"
#include "fhir/validation.h"

enum { CODES_SHOWN = 80 };

static Str child_text(const Validation *v, uint32_t node, const char *name)
{
    return node_child_text(v->resource, node, str_from(name));
}

/* What cannot be said because something is not there. */
static Fail forget(Validation *v, Fail result, uint32_t before)
{
    if (result == FAIL_TOO_COSTLY || result == FAIL_TIMEOUT || result == FAIL_SYSTEM)
        return result;
    call_forget_issues(v->call, before);
    return OK;
}

/* --- members ----------------------------------------------------------------------------- */

/* Whether a part draws on what is not here, so that a code (of the system
 * asked about, or of any) may be of it all the same. */
static Fail draws_on_unknown(Validation *v, const TermDef *set, Str asked, bool *out)
{
    const ValueSet *parts = set->value_set_parts;

    *out = false;
    for (uint32_t i = 0; !*out && i < parts->include_count; i++) {
        const ValueSetPart *part = &parts->includes[i];
        const TermDef      *system = NULL;

        if (part->value_set_count)
            *out = true;
        if (!part->system.len || part->concept_count
            || (asked.len && !str_equal(asked, part->system)))
            continue;
        TRY(terms_find(v->terms, TYPE_CODE_SYSTEM, part->system, part->version, &system));
        *out |= !system || !str_equal(system->content, STR("complete"));
    }
    return OK;
}

/* A code with its system; *known false if that depends on what is not there. */
static Fail coded_member(Validation *v, const TermDef *set, uint32_t node, Str system,
                         Str version, Str code, bool *known, bool *member)
{
    uint32_t before = v->call->issue_count;
    TermGap  gap = { 0 };
    Member   found;
    Fail     result;

    (void)node;
    result = value_set_has(v->terms, set, system, version, code, member, &found, &gap);
    if (result != OK) {
        *known = false;
        return forget(v, result, before);
    }
    *known = *member || !gap.url.len || (gap.type == TYPE_CODE_SYSTEM && !gap.wrong.len);
    if (*known && !*member) {
        bool unknown;

        TRY(draws_on_unknown(v, set, system, &unknown));
        *known = !unknown;
    }
    return OK;
}

/* A code alone is of the systems of the value set. */
static Fail plain_member(Validation *v, const TermDef *set, Str code, bool *known, bool *member)
{
    uint32_t before = v->call->issue_count;
    Str      systems[4];
    size_t   count = 0;
    TermGap  gap = { 0 };
    Fail     result;

    result = value_set_systems(v->terms, set, code, systems, COUNT(systems), &count, &gap);
    if (result != OK) {
        *known = false;
        return forget(v, result, before);
    }
    *member = count > 0;
    *known = *member || !gap.url.len;
    if (*known && !*member) {
        bool unknown;

        TRY(draws_on_unknown(v, set, (Str){ 0 }, &unknown));
        *known = !unknown;
    }
    return OK;
}

static Fail concept_member(Validation *v, const TermDef *set, uint32_t node, bool *known,
                           bool *member)
{
    bool all_known = true;

    *member = false;
    for (uint32_t i = node_child(v->resource, node, STR("coding")); i && !*member;
         i = node_next_same(v->resource, i)) {
        TRY(coded_member(v, set, i, child_text(v, i, "system"), child_text(v, i, "version"),
                         child_text(v, i, "code"), known, member));
        all_known &= *known;
    }
    *known = *member || all_known;
    return OK;
}

Fail validation_member(Validation *v, uint32_t node, Str value_set, bool *known, bool *member)
{
    const Node    *n = node_at(v->resource, node);
    const TermDef *set = NULL;
    uint32_t       before = v->call->issue_count;
    Fail           result = OK;

    *known = *member = false;
    if (v->terms && value_set.len)
        result = terms_find(v->terms, TYPE_VALUE_SET, value_set, (Str){ 0 }, &set);
    if (result != OK)
        return forget(v, result, before);
    if (!set)
        return OK;
    if (n->type == TYPE_CODEABLE_CONCEPT)
        return concept_member(v, set, node, known, member);
    if (n->type == TYPE_CODING || path_type_is(n->type, STR("Quantity")))
        return coded_member(v, set, node, child_text(v, node, "system"),
                            child_text(v, node, "version"), child_text(v, node, "code"), known,
                            member);
    if (structure(n->type)->kind == STRUCTURE_PRIMITIVE && n->json)
        return plain_member(v, set, n->json->text, known, member);
    return OK;
}

/* --- bindings ---------------------------------------------------------------------------- */

/* Whether there is a code at all. */
static bool has_code(const Validation *v, uint32_t node)
{
    const Node *n = node_at(v->resource, node);

    if (n->type == TYPE_CODEABLE_CONCEPT)
        return node_child(v->resource, node, STR("coding")) != 0;
    if (structure(n->type)->kind == STRUCTURE_PRIMITIVE)
        return n->json != NULL;
    return child_text(v, node, "code").len > 0;
}

static bool is_coded(const Node *n)
{
    return n->type == TYPE_CODEABLE_CONCEPT || n->type == TYPE_CODING
           || path_type_is(n->type, STR("Quantity"))
           || structure(n->type)->kind == STRUCTURE_PRIMITIVE;
}

static Fail check_set(Validation *v, uint32_t node, uint8_t strength, Str value_set,
                      const Profile *profile)
{
    static const char *const words[] = { "", "", "should preferably", "should", "must" };
    static const Grade       grades[] = { GRADE_NOTE, GRADE_NOTE, GRADE_NOTE, GRADE_WARNING,
                                          GRADE_ERROR };
    bool                     known, member;
    Str                      of = profile ? profile->url : STR("FHIR");

    if (!has_code(v, node)) {
        if (strength == BINDING_REQUIRED && node_at(v->resource, node)->type != TYPE_QUANTITY)
            validation_note(
                v, node, GRADE_ERROR, FAIL_CODE,
                "There is no code, and one of the value set %.*s must be given (%.*s)",
                STR_ARG(value_set), STR_ARG(of));
        return OK;
    }
    TRY(validation_member(v, node, value_set, &known, &member));
    if (!known && validation_first_time(v, value_set))
        validation_note(v, node, strength < BINDING_EXTENSIBLE ? GRADE_NOTE : GRADE_WARNING,
                        FAIL_NOT_FOUND,
                        "Whether the code is in the value set %.*s cannot be said: it, or what"
                        " it draws on, is not known here",
                        STR_ARG(value_set));
    if (known && !member)
        validation_note(v, node, grades[strength], FAIL_CODE,
                        "The code %s be of the value set %.*s, and is not (%.*s)",
                        words[strength], STR_ARG(value_set), STR_ARG(of));
    return OK;
}

Fail validation_binding(Validation *v, uint32_t node, uint8_t strength, Str value_set,
                        Str value_set_max, const Profile *profile)
{
    if (!v->terms || !is_coded(node_at(v->resource, node)))
        return OK;
    if (v->quiet && strength != BINDING_REQUIRED && !value_set_max.len)
        return OK;
    if (value_set_max.len)
        TRY(check_set(v, node, BINDING_REQUIRED, value_set_max, profile));
    return value_set.len ? check_set(v, node, strength, value_set, profile) : OK;
}

/* --- codings by themselves --------------------------------------------------------------- */

/* Displays are compared without case and runs of spaces. */
static bool same_words(Str a, Str b)
{
    Str x, y;

    for (;;) {
        bool more_a, more_b;

        do
            more_a = str_next(&a, ' ', &x);
        while (more_a && !x.len);
        do
            more_b = str_next(&b, ' ', &y);
        while (more_b && !y.len);
        if (!more_a || !more_b)
            return more_a == more_b;
        if (!str_equal_ascii_nocase(x, y))
            return false;
    }
}

static bool has_display(const TermDef *system, uint32_t concept, Str display)
{
    const Concepts *s = &system->concepts;

    if (!concepts_display(s, concept).len || same_words(concepts_display(s, concept), display))
        return true;
    for (uint32_t i = 0; i < concepts_detail_count(s, concept); i++) {
        ConceptDetail d = concepts_detail(s, concept, i);

        if (d.kind == CONCEPT_VALUE_NONE && same_words(d.value, display))
            return true;
    }
    return false;
}

static void check_unit(Validation *v, uint32_t node, Str code)
{
    UcumUnit unit;

    if (code.len && !ucum_read(code, &unit))
        validation_note(v, node, GRADE_WARNING, FAIL_CODE, "'%.*s' is no unit of UCUM",
                        STR_ARG(str_slice(code, 0, CODES_SHOWN)));
}

static void check_system(Validation *v, uint32_t node, Str system)
{
    if (system.len && str_find(system, STR(":")) < 0)
        validation_note(v, node_child(v->resource, node, STR("system")), GRADE_ERROR,
                        FAIL_VALUE, "The system of a code must be an absolute address");
    if (str_starts(system, STR("http://hl7.org/fhir/ValueSet/")))
        validation_note(v, node_child(v->resource, node, STR("system")), GRADE_ERROR,
                        FAIL_VALUE, "This is the address of a value set, not of a code system");
}

static Fail check_coding(Validation *v, uint32_t node)
{
    Str            system = child_text(v, node, "system"), code = child_text(v, node, "code");
    Str            display = child_text(v, node, "display");
    const TermDef *def = NULL;
    uint32_t       before = v->call->issue_count, concept;
    Fail           result;

    check_system(v, node, system);
    if (!system.len || !code.len)
        return OK;
    result =
        terms_find(v->terms, TYPE_CODE_SYSTEM, system, child_text(v, node, "version"), &def);
    if (result != OK)
        return forget(v, result, before);
    if (!def || !def->concepts.count)
        return OK;
    concept = concepts_find(&def->concepts, code);
    if (concept == CONCEPT_NONE && str_equal(def->content, STR("complete"))) {
        validation_note(v, node_child(v->resource, node, STR("code")), GRADE_ERROR, FAIL_CODE,
                        "The code system %.*s has no code '%.*s'", STR_ARG(system),
                        STR_ARG(str_slice(code, 0, CODES_SHOWN)));
    } else if (concept != CONCEPT_NONE && display.len && !has_display(def, concept, display)) {
        validation_note(v, node_child(v->resource, node, STR("display")), GRADE_WARNING,
                        FAIL_INVALID, "The display of this code is '%.*s'",
                        STR_ARG(concepts_display(&def->concepts, concept)));
    }
    return OK;
}

/* The bindings of the standard's own definitions that its tables of codes do not answer. */
static const ElementBinding *binding_of(const Element *e)
{
    uint16_t index = (uint16_t)(e - elements), low = 0, high = element_binding_count;

    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);

        if (element_bindings[middle].element < index)
            low = (uint16_t)(middle + 1);
        else
            high = middle;
    }
    return low < element_binding_count && element_bindings[low].element == index
               ? &element_bindings[low]
               : NULL;
}

Fail validation_codes(Validation *v)
{
    for (uint32_t i = 1; v->terms && i < v->resource->tree->count; i++) {
        const Node           *n = node_at(v->resource, i);
        const ElementBinding *binding = n->element ? binding_of(n->element) : NULL;

        if (binding)
            TRY(validation_binding(v, i, binding->strength, binding->value_set, (Str){ 0 },
                                   NULL));
        if (n->type == TYPE_CODING)
            TRY(check_coding(v, i));
        else if (n->type == TYPE_QUANTITY
                 && str_equal(child_text(v, i, "system"), STR("http://unitsofmeasure.org")))
            check_unit(v, i, child_text(v, i, "code"));
    }
    return OK;
}
