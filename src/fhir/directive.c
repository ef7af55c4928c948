/* Consents compiled: see directive.h. */
#include "fhir/directive.h"

#include "base/buf.h"
#include "base/moment.h"
#include "fhir/criteria.h"
#include "fhir/reference.h"

const Str directive_role_system = STR_INIT("urn:hale:role");

enum { ROWS_MAX = 16, EXEMPTIONS_MAX = 16, CRITERIA_BYTES_MAX = 1000, ACTORS_MAX = 500 };

typedef enum Kind { KIND_FRAME, KIND_DENY, KIND_PERMIT_INSIDE } Kind;

typedef struct Level {
    uint32_t      node;
    Kind          kind;
    DirectiveTest test;
    TypeSet       types;
    Str           criteria;
} Level;

typedef struct Compiling {
    Call               *call;
    const Resource     *consent;
    Str                 base, id, patient;
    Level               levels[DIRECTIVE_DEPTH];
    uint32_t            depth; /* of the level being looked at */
    Directive          *rows;
    uint32_t            count;
    DirectiveExemption *exemptions; /* of the newest row */
} Compiling;

static Fail refuse(const Compiling *k, uint32_t node, const char *what)
{
    return fail(k->call, FAIL_UNPROCESSABLE, node_expression(k->call->arena, k->consent, node),
                "A Consent that withholds something is carried out or refused: %s", what);
}

static Str text_of(const Compiling *k, uint32_t node, const char *name)
{
    return node_child_text(k->consent, node, str_from(name));
}

static TypeSet all_types(void)
{
    TypeSet set = { 0 };

    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (type_is_record(type))
            type_set_add(&set, type);
    return set;
}

static uint32_t count_same(const Compiling *k, uint32_t node)
{
    uint32_t count = 0;

    for (; node; node = node_next_same(k->consent, node))
        count++;
    return count;
}

/* ---- who ---- */

static bool coding_find(const Compiling *k, uint32_t concept, Str system, Str *code)
{
    uint32_t coding = concept ? node_child(k->consent, concept, STR("coding")) : 0;

    for (; coding; coding = node_next_same(k->consent, coding))
        if (str_equal(text_of(k, coding, "system"), system)) {
            *code = text_of(k, coding, "code");
            return true;
        }
    return false;
}

/* Roles of logins come as codes; people and organisations as references. */
static Fail take_actor(const Compiling *k, uint32_t node, DirectiveActor *out)
{
    uint32_t  role = node_child(k->consent, node, STR("role"));
    uint32_t  said = node_child(k->consent, node, STR("reference"));
    Str       text = said ? text_of(k, said, "reference") : (Str){ 0 }, word;
    Reference reference = reference_parse(text, k->base);

    if (coding_find(k, role, directive_role_system, &word)) {
        if (text.len)
            return refuse(k, said, "an actor is a role (urn:hale:role) or is referred to");
        *out = (DirectiveActor){ WHO_ROLE, word };
        return OK;
    }
    if (!said || reference.form != REFERENCE_LOCAL || reference.version.len)
        return refuse(k, said ? said : node,
                      "the actor must be referred to in this record, or be a role"
                      " (urn:hale:role)");
    if (reference.type == TYPE_ORGANIZATION)
        *out = (DirectiveActor){ WHO_ORGANIZATION, reference.id };
    else if (reference.type == TYPE_PRACTITIONER || reference.type == TYPE_RELATED_PERSON)
        *out = (DirectiveActor){ WHO_PERSON, arena_printf(k->call->arena, "%.*s/%.*s",
                                                          STR_ARG(type_name(reference.type)),
                                                          STR_ARG(reference.id)) };
    else
        return refuse(k, said,
                      "actors are Practitioners, RelatedPersons, Organizations and roles");
    return OK;
}

static Fail take_actors(const Compiling *k, uint32_t node, Level *level)
{
    DirectiveActor *actors = NEW_ARRAY(k->call->arena, DirectiveActor, count_same(k, node) + 1);

    level->test.actors = actors;
    for (; node; node = node_next_same(k->consent, node))
        TRY(take_actor(k, node, &actors[level->test.actor_count++]));
    return OK;
}

static const struct {
    Str      code;
    uint16_t bit;
} purposes[] = {
    { STR_INIT("TREAT"), PURPOSE_TREAT },     { STR_INIT("HPAYMT"), PURPOSE_HPAYMT },
    { STR_INIT("HOPERAT"), PURPOSE_HOPERAT }, { STR_INIT("HSYSADMIN"), PURPOSE_HSYSADMIN },
    { STR_INIT("HRESCH"), PURPOSE_HRESCH },   { STR_INIT("PUBHLTH"), PURPOSE_PUBHLTH },
    { STR_INIT("HMARKT"), PURPOSE_HMARKT },   { STR_INIT("PATRQT"), PURPOSE_PATRQT },
    { STR_INIT("FAMRQT"), PURPOSE_FAMRQT },   { STR_INIT("ETREAT"), PURPOSE_ETREAT },
};

static Fail take_purposes(const Compiling *k, uint32_t node, Level *level)
{
    for (; node; node = node_next_same(k->consent, node)) {
        uint16_t bit = 0;

        if (str_equal(text_of(k, node, "system"),
                      STR("http://terminology.hl7.org/CodeSystem/v3-ActReason")))
            for (size_t i = 0; i < COUNT(purposes); i++)
                if (str_equal(text_of(k, node, "code"), purposes[i].code))
                    bit = purposes[i].bit;
        if (!bit)
            return refuse(k, node,
                          "purposes are TREAT, HPAYMT, HOPERAT, HSYSADMIN, HRESCH, PUBHLTH,"
                          " HMARKT, PATRQT, FAMRQT, ETREAT of v3-ActReason");
        level->test.purposes |= bit;
    }
    return OK;
}

static Fail take_period(const Compiling *k, uint32_t node, Level *level)
{
    Str    start = text_of(k, node, "start"), end = text_of(k, node, "end");
    Moment moment;

    if (start.len && moment_parse(start, MOMENT_DATE_TIME, &moment))
        level->test.from_us = moment.low;
    if (end.len && moment_parse(end, MOMENT_DATE_TIME, &moment))
        level->test.until_us = moment.high;
    return OK;
}

/* To see is what is withheld, and who does not see does not change. */
static Fail take_actions(const Compiling *k, uint32_t first, Level *level)
{
    Str  code;
    bool access = false;

    (void)level;
    for (uint32_t node = first; node; node = node_next_same(k->consent, node))
        access =
            access
            || (coding_find(k, node, STR("http://terminology.hl7.org/CodeSystem/consentaction"),
                            &code)
                && str_equal(code, STR("access")));
    return access ? OK : refuse(k, first, "of actions only `access` can be withheld");
}

/* ---- what ---- */

/* One more thing that must hold. */
static Fail add_criteria(const Compiling *k, uint32_t node, Level *level, Str more)
{
    Arena *a = k->call->arena;

    level->criteria =
        level->criteria.len
            ? arena_printf(a, "%.*s&%.*s", STR_ARG(level->criteria), STR_ARG(more))
            : more;
    return level->criteria.len <= CRITERIA_BYTES_MAX
               ? OK
               : refuse(k, node, "that is too long a list");
}

/* What means nothing else in a search expression. */
static bool plain(Str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char one = text.at[i];

        if (!((one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z')
              || (one >= '0' && one <= '9') || strchr("-._:/", one)))
            return false;
    }
    return text.len > 0;
}

static Fail put_coding(const Compiling *k, uint32_t node, Buf *out)
{
    Str system = text_of(k, node, "system"), code = text_of(k, node, "code");

    if (!plain(system) || !plain(code))
        return refuse(k, node, "a label or code needs a system and a code of plain letters");
    buf_printf(out, "%s%.*s|%.*s", str_ends(buf_str(out), STR("=")) ? "" : ",", STR_ARG(system),
               STR_ARG(code));
    return OK;
}

/* R4 has a level of confidentiality stand for itself and all below, which nobody means who withholds. */
static Fail take_labels(const Compiling *k, uint32_t node, Level *level)
{
    Buf      out = buf_new(k->call->arena, 128);
    uint32_t first = node;

    buf_put(&out, STR("_security="));
    for (; node; node = node_next_same(k->consent, node)) {
        if (str_equal(text_of(k, node, "system"),
                      STR("http://terminology.hl7.org/CodeSystem/v3-Confidentiality")))
            return refuse(k, node,
                          "a level of confidentiality would mean all below it too: name"
                          " sensitivities (v3-ActCode)");
        TRY(put_coding(k, node, &out));
    }
    return add_criteria(k, first, level, buf_str(&out));
}

static Fail take_classes(const Compiling *k, uint32_t node, Level *level)
{
    TypeSet named = { 0 };

    for (; node; node = node_next_same(k->consent, node)) {
        TypeId type = type_find(text_of(k, node, "code"));

        if (!str_equal(text_of(k, node, "system"), STR("http://hl7.org/fhir/resource-types"))
            || !type_is_resource(type) || !type_is_record(type))
            return refuse(k, node,
                          "classes are types of resources that are kept"
                          " (http://hl7.org/fhir/resource-types)");
        type_set_add(&named, type);
    }
    for (size_t i = 0; i < TYPE_SET_WORDS; i++)
        level->types.words[i] &= named.words[i];
    return OK;
}

static Fail take_codes(const Compiling *k, uint32_t node, Level *level)
{
    Buf      out = buf_new(k->call->arena, 128);
    uint32_t first = node;

    buf_put(&out, STR("code="));
    for (; node; node = node_next_same(k->consent, node)) {
        uint32_t coding = node_child(k->consent, node, STR("coding"));

        if (!coding)
            return refuse(k, node, "a code needs a coding");
        for (; coding; coding = node_next_same(k->consent, coding))
            TRY(put_coding(k, coding, &out));
    }
    return add_criteria(k, first, level, buf_str(&out));
}

/* Single resources, all of one type. */
static Fail take_data(const Compiling *k, uint32_t node, Level *level)
{
    Buf      out = buf_new(k->call->arena, 128);
    TypeSet  named = { 0 };
    TypeId   type = 0;
    uint32_t first = node;

    buf_put(&out, STR("_id="));
    for (; node; node = node_next_same(k->consent, node)) {
        uint32_t  said = node_child(k->consent, node, STR("reference"));
        Reference one =
            reference_parse(said ? text_of(k, said, "reference") : (Str){ 0 }, k->base);

        if (!str_equal(text_of(k, node, "meaning"), STR("instance")))
            return refuse(k, node, "data can be named as `instance` only");
        if (one.form != REFERENCE_LOCAL || one.version.len || !type_is_record(one.type)
            || !plain(one.id) || (type && one.type != type))
            return refuse(k, node,
                          "data are resources of this record, of one type in a provision");
        buf_printf(&out, "%s%.*s", type ? "," : "", STR_ARG(one.id));
        type = one.type;
        type_set_add(&named, type);
    }
    for (size_t i = 0; i < TYPE_SET_WORDS; i++)
        level->types.words[i] &= named.words[i];
    return add_criteria(k, first, level, buf_str(&out));
}

static Fail take_none(const Compiling *k, uint32_t node, Level *level)
{
    (void)level;
    return refuse(k, node, "that cannot be gone by here");
}

typedef Fail Take(const Compiling *k, uint32_t node, Level *level);

static const struct {
    Str   name;
    Take *take;
} parts[] = {
    { STR_INIT("period"), take_period },        { STR_INIT("actor"), take_actors },
    { STR_INIT("purpose"), take_purposes },     { STR_INIT("action"), take_actions },
    { STR_INIT("securityLabel"), take_labels }, { STR_INIT("class"), take_classes },
    { STR_INIT("code"), take_codes },           { STR_INIT("data"), take_data },
    { STR_INIT("dataPeriod"), take_none },      { STR_INIT("modifierExtension"), take_none },
};

/* ---- provisions in provisions ---- */

static bool denies(const Compiling *k, uint32_t node)
{
    return str_equal(text_of(k, node, "type"), STR("deny"));
}

static bool lies_in(const Compiling *k, uint32_t node, uint32_t outer)
{
    while (node && node != outer)
        node = node_at(k->consent, node)->parent;
    return node == outer;
}

/* Whether anything is withheld in it or inside it. */
static bool withholds(const Compiling *k, uint32_t outer)
{
    const Element *provision = node_at(k->consent, outer)->element;

    if (denies(k, outer))
        return true;
    for (uint32_t i = outer + 1; i < k->consent->tree->count && lies_in(k, i, outer); i++) {
        const Element *element = node_at(k->consent, i)->element;

        if (element && str_equal(element->path, provision->path) && denies(k, i))
            return true;
    }
    return false;
}

static Fail take_parts(const Compiling *k, Level *level)
{
    for (size_t i = 0; i < COUNT(parts); i++) {
        uint32_t node = node_child(k->consent, level->node, parts[i].name);

        if (node)
            TRY(parts[i].take(k, node, level));
    }
    return OK;
}

/* Whether all its types can be asked that, so that no more is withheld than is said. */
static Fail check_criteria(const Compiling *k, const Level *level, const Directive *row)
{
    bool any = false;

    for (TypeId type = 1; type <= RESOURCE_TYPES; type++) {
        uint32_t issues = k->call->issue_count;
        Query    query;

        if (!type_set_has(&row->types, type))
            continue;
        any = true;
        if (criteria_read(k->call, type, row->criteria, &query) != OK) {
            call_forget_issues(k->call, issues);
            return refuse(k, level->node,
                          "not all of its types have codes: say which types in `class`");
        }
    }
    return any ? OK : refuse(k, level->node, "its types are none");
}

static Fail begin_row(Compiling *k, const Level *level)
{
    Directive *row;

    if (k->count == ROWS_MAX)
        return refuse(k, level->node, "that are too many provisions");
    row = &k->rows[k->count++];
    *row = (Directive){ .patient = k->patient, .consent = k->id, .types = all_types() };
    k->exemptions = NEW_ARRAY(k->call->arena, DirectiveExemption, EXEMPTIONS_MAX);
    row->exemptions = k->exemptions;
    for (uint32_t i = 0; i <= k->depth; i++) {
        const Level *one = &k->levels[i];

        row->tests[row->test_count++] = one->test;
        for (size_t w = 0; w < TYPE_SET_WORDS; w++)
            row->types.words[w] &= one->types.words[w];
        if (one->criteria.len)
            row->criteria = row->criteria.len
                                ? arena_printf(k->call->arena, "%.*s&%.*s",
                                               STR_ARG(row->criteria), STR_ARG(one->criteria))
                                : one->criteria;
    }
    return check_criteria(k, level, row);
}

static Fail add_exemption(Compiling *k, const Level *level)
{
    Directive *row = &k->rows[k->count - 1];

    if (level->criteria.len)
        return refuse(k, level->node,
                      "who or which types are exempt can be said, not which resources");
    if (row->exemption_count == EXEMPTIONS_MAX)
        return refuse(k, level->node, "that are too many provisions");
    k->exemptions[row->exemption_count++] = (DirectiveExemption){ level->test, level->types };
    return OK;
}

/* *skip: nothing inside it is of interest. */
static Fail enter(Compiling *k, uint32_t node, bool *skip)
{
    const Level *outer = k->depth ? &k->levels[k->depth - 1] : NULL;
    Level       *level = &k->levels[k->depth];
    bool         permit = str_equal(text_of(k, node, "type"), STR("permit"));

    *level = (Level){ .node = node,
                      .kind = KIND_FRAME,
                      .test = { .from_us = MOMENT_MIN, .until_us = MOMENT_MAX },
                      .types = all_types() };
    *skip = !withholds(k, node) && !(outer && outer->kind == KIND_DENY);
    if (*skip)
        return OK;
    if (outer && outer->kind == KIND_PERMIT_INSIDE)
        return refuse(k, node, "an exemption has no exceptions");
    if (outer && outer->kind == KIND_DENY && !permit)
        return refuse(k, node, "inside what withholds stands what is exempt (permit)");
    TRY(take_parts(k, level));
    if (denies(k, node)) {
        level->kind = KIND_DENY;
        return begin_row(k, level);
    }
    if (outer && outer->kind == KIND_DENY) {
        level->kind = KIND_PERMIT_INSIDE;
        return add_exemption(k, level);
    }
    return OK;
}

static Fail walk(Compiling *k, uint32_t root)
{
    uint32_t node = root;

    while (node) {
        bool     skip;
        uint32_t inside;

        TRY(enter(k, node, &skip));
        inside = skip ? 0 : node_child(k->consent, node, STR("provision"));
        if (inside) {
            if (k->depth + 1 == DIRECTIVE_DEPTH)
                return refuse(k, inside, "provisions are nested four deep at most");
            k->depth++;
            node = inside;
            continue;
        }
        while (k->depth && !node_next_same(k->consent, k->levels[k->depth].node))
            k->depth--;
        node = k->depth ? node_next_same(k->consent, k->levels[k->depth].node) : 0;
    }
    return OK;
}

/* ---- the whole ---- */

/* Consents to treatment, research and advance directives are records of what was agreed. */
static Fail check_scope(const Compiling *k, bool *privacy)
{
    static const Str others[] = { STR_INIT("treatment"), STR_INIT("research"),
                                  STR_INIT("adr") };
    uint32_t         scope = node_child(k->consent, k->consent->root, STR("scope"));
    Str              code = { 0 };

    *privacy = false;
    if (coding_find(k, scope, STR("http://terminology.hl7.org/CodeSystem/consentscope"), &code))
        for (size_t i = 0; i < COUNT(others); i++)
            if (str_equal(code, others[i]))
                return OK;
    if (!str_equal(code, STR("patient-privacy")))
        return refuse(k, scope ? scope : k->consent->root,
                      "its scope must be patient-privacy (consentscope)");
    *privacy = true;
    return OK;
}

/* Rows are kept in memory, and each has those of the provisions around it. */
static Fail check_actors(const Compiling *k, uint32_t root)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < k->count; i++) {
        for (uint32_t t = 0; t < k->rows[i].test_count; t++)
            count += k->rows[i].tests[t].actor_count;
        for (uint32_t e = 0; e < k->rows[i].exemption_count; e++)
            count += k->rows[i].exemptions[e].test.actor_count;
    }
    return count > ACTORS_MAX ? refuse(k, root, "it names too many actors") : OK;
}

Fail directive_compile(Call *c, const Resource *consent, Str id, Str base, Directives *out)
{
    Compiling k = { .call = c, .consent = consent, .base = base, .id = id };
    uint32_t  root = node_child(consent, consent->root, STR("provision"));
    uint32_t  patient = node_child(consent, consent->root, STR("patient"));
    Reference whose;
    bool      privacy;

    *out = (Directives){ 0 };
    if (!str_equal(text_of(&k, consent->root, "status"), STR("active")) || !root
        || !withholds(&k, root))
        return OK;
    TRY(check_scope(&k, &privacy));
    if (!privacy)
        return OK;
    whose = reference_parse(patient ? text_of(&k, patient, "reference") : (Str){ 0 }, base);
    if (whose.form != REFERENCE_LOCAL || whose.type != TYPE_PATIENT)
        return refuse(&k, patient ? patient : consent->root,
                      "it must say whose record it is about, a Patient of this record");
    k.patient = whose.id;
    k.rows = NEW_ARRAY(c->arena, Directive, ROWS_MAX);
    TRY(walk(&k, root));
    TRY(check_actors(&k, root));
    *out = (Directives){ k.rows, k.count };
    return OK;
}
