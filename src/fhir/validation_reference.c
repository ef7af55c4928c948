/*
 * References: what they lead to within a resource or Bundle, and whether that is what a profile wants;
 * and what Bundles say of their entries. R4 references.html, bundle.html#references
 */
#include "fhir/reference.h"
#include "fhir/validation.h"

static const Str core = STR_INIT("http://hl7.org/fhir/StructureDefinition/");

static const Node *at(const Validation *v, uint32_t node)
{
    return node_at(v->resource, node);
}

uint32_t validation_resource_of(const Validation *v, uint32_t node)
{
    while (node && !type_is_resource(at(v, node)->type))
        node = at(v, node)->parent;
    return node;
}

static bool find_contained(const Validation *v, uint32_t node, Str id, uint32_t *out)
{
    uint32_t holder = validation_resource_of(v, node);

    if (holder && str_equal(at(v, holder)->element->name, STR("contained")))
        holder = validation_resource_of(v, at(v, holder)->parent);
    *out = holder;
    if (!id.len)
        return true;
    for (uint32_t i = node_child(v->resource, holder, STR("contained")); i;
         i = node_next_same(v->resource, i))
        if (str_equal(node_child_text(v->resource, i, STR("id")), id)) {
            *out = i;
            return true;
        }
    return false;
}

/* The entry of the Bundle at the root that a node is in, or 0. */
static uint32_t entry_of(const Validation *v, uint32_t node)
{
    while (node && at(v, node)->parent)
        node = at(v, node)->parent;
    return node && at(v, node)->type == TYPE_BUNDLE_ENTRY ? node : 0;
}

/* "http://server/fhir/" of "http://server/fhir/Patient/1". */
static Str base_of(Str url)
{
    Str front, id, base, type;

    if (!str_cut_last(url, '/', &front, &id) || !str_cut_last(front, '/', &base, &type)
        || !type_find(type))
        return STR("");
    return str_slice(url, 0, base.len + 1);
}

/* Whether an entry is what a reference from another with that base means. */
static bool entry_is(const Validation *v, uint32_t entry, uint32_t inner, Str base,
                     Str reference)
{
    Str url = node_child_text(v->resource, entry, STR("fullUrl")), type, id;

    if (str_equal(url, reference))
        return true;
    if (base.len && url.len == base.len + reference.len && str_starts(url, base)
        && str_ends(url, reference))
        return true;
    return !base.at && str_cut(reference, '/', &type, &id)
           && str_equal(type, type_name(at(v, inner)->type))
           && str_equal(id, node_child_text(v->resource, inner, STR("id")));
}

bool validation_resolve(const Validation *v, uint32_t node, Str reference, uint32_t *out)
{
    uint32_t  own, entry;
    ptrdiff_t history = str_find(reference, STR("/_history/"));
    Str       base, front, fragment;

    if (str_starts(reference, STR("#")))
        return find_contained(v, node, str_skip(reference, 1), out);
    if (at(v, 0)->type != TYPE_BUNDLE)
        return false;
    if (history > 0)
        reference = str_slice(reference, 0, (size_t)history);
    if (str_cut(reference, '#', &front, &fragment))
        reference = front;
    own = entry_of(v, node);
    base = own ? node_child_text(v->resource, own, STR("fullUrl")) : (Str){ 0 };
    if (base.len)
        base = base_of(base);
    for (entry = node_child(v->resource, 0, STR("entry")); entry;
         entry = node_next_same(v->resource, entry)) {
        uint32_t inner = node_child(v->resource, entry, STR("resource"));

        if (inner && entry_is(v, entry, inner, base, reference)) {
            *out = inner;
            return true;
        }
    }
    return false;
}

/* --- targets ----------------------------------------------------------------------------- */

/* The type that a target profile describes; 0 if that is not known, *own if it is the type itself. */
static Fail target_type(Validation *v, Str url, uint32_t node, TypeId *out, bool *own)
{
    const Profile *profile;
    Str            plain = url, version;

    str_cut_last(url, '|', &plain, &version);
    *own = str_starts(plain, core);
    *out = *own ? type_find(str_skip(plain, core.len)) : 0;
    if (*out
        || (*own && str_equal(plain, STR("http://hl7.org/fhir/StructureDefinition/Resource"))))
        return OK;
    *own = false;
    TRY(validation_profile(v, url, node, false, &profile));
    *out = profile ? profile->type : 0;
    return OK;
}

/* What is known of where a reference leads. */
typedef struct Target {
    TypeId   type;
    uint32_t node; /* the resource itself, where it is here */
    bool     here;
    Str      text;
} Target;

static bool find_target(const Validation *v, uint32_t node, Target *out)
{
    Reference ref;

    *out = (Target){ .text = node_child_text(v->resource, node, STR("reference")) };
    if (!out->text.len) {
        out->type = type_find(node_child_text(v->resource, node, STR("type")));
        return out->type != 0;
    }
    out->here = validation_resolve(v, node, out->text, &out->node);
    if (out->here) {
        out->type = at(v, out->node)->type;
        return true;
    }
    ref = reference_parse(out->text, (Str){ 0 });
    out->type = ref.form == REFERENCE_CONTAINED ? 0 : ref.type;
    return out->type != 0;
}

/* Whether one of the profiles a reference may lead to is that of the target. */
static Fail fits_target(Validation *v, const ProfileType *t, const Target *target,
                        uint32_t node, bool *type_fits, bool *fits)
{
    for (uint32_t i = 0; i < t->target_count && !*fits; i++) {
        TypeId type;
        bool   own, known;

        TRY(target_type(v, t->targets[i], node, &type, &own));
        if (type && type != target->type)
            continue;
        *type_fits = true;
        if (own || !type || !target->here)
            *fits = true;
        else
            TRY(validation_try_url(v, t->targets[i], target->node, &known, fits));
    }
    return OK;
}

static void check_aggregation(Validation *v, const Profile *profile, const ProfileElement *e,
                              const ProfileType *t, uint32_t node, const Target *target)
{
    bool contained = str_starts(target->text, STR("#"));

    if (!target->text.len || !(t->contained || t->bundled || t->referenced))
        return;
    if (contained ? t->contained : target->here ? t->bundled : t->referenced)
        return;
    validation_note(v, node, GRADE_ERROR, FAIL_STRUCTURE,
                    "%.*s: what it refers to is %s, which the profile does not allow (%.*s)",
                    STR_ARG(e->path),
                    contained      ? "contained"
                    : target->here ? "in the Bundle"
                                   : "elsewhere",
                    STR_ARG(profile->url));
}

Fail validation_targets(Validation *v, const Profile *profile, const ProfileElement *e,
                        uint32_t node)
{
    bool   type_fits = false, fits = false;
    Target target;

    if (at(v, node)->type != TYPE_REFERENCE || !e->type_count)
        return OK;
    if (!find_target(v, node, &target) && !target.text.len)
        return OK;
    for (uint32_t i = 0; i < e->type_count; i++) {
        const ProfileType *t = &e->types[i];

        if (t->type != TYPE_REFERENCE)
            continue;
        check_aggregation(v, profile, e, t, node, &target);
        if (!t->target_count || !target.type)
            return OK;
        TRY(fits_target(v, t, &target, node, &type_fits, &fits));
    }
    if (!type_fits)
        validation_note(v, node, GRADE_ERROR, FAIL_STRUCTURE,
                        "%.*s: a reference to %.*s may not stand here (profile %.*s)",
                        STR_ARG(e->path), STR_ARG(type_name(target.type)),
                        STR_ARG(profile->url));
    else if (!fits)
        validation_note(v, node, GRADE_ERROR, FAIL_STRUCTURE,
                        "%.*s: what it refers to fits none of the profiles it may have"
                        " (profile %.*s)",
                        STR_ARG(e->path), STR_ARG(profile->url));
    return OK;
}

/* --- Bundles ----------------------------------------------------------------------------- */

/* A fullUrl that looks like one of a server ends with type and id of the resource. */
static void check_full_url(Validation *v, uint32_t entry, uint32_t inner)
{
    Str url = node_child_text(v->resource, entry, STR("fullUrl"));
    Str id = node_child_text(v->resource, inner, STR("id")), front, last, base, type;

    if (url.len && str_find(url, STR(":")) < 0)
        validation_note(v, entry, GRADE_ERROR, FAIL_VALUE, "A fullUrl must be absolute");
    if (!str_cut_last(url, '/', &front, &last) || !str_cut_last(front, '/', &base, &type)
        || !type_find(type))
        return;
    if (!id.len)
        validation_note(v, entry, GRADE_ERROR, FAIL_REQUIRED,
                        "The fullUrl names %.*s/%.*s, and the entry's resource has no id",
                        STR_ARG(type), STR_ARG(str_slice(last, 0, 64)));
    else if (!str_equal(type, type_name(at(v, inner)->type)) || !str_equal(last, id))
        validation_note(v, entry, GRADE_ERROR, FAIL_INVALID,
                        "The fullUrl names %.*s/%.*s, and the entry's resource is another",
                        STR_ARG(type), STR_ARG(str_slice(last, 0, 64)));
}

/* References out of the first entry of a document or message lead to entries.
 * R4 documents.html#content, messaging.html#bundle */
static void check_reaches(Validation *v, uint32_t inner, bool message)
{
    uint32_t count = v->resource->tree->count, found;

    for (uint32_t i = inner + 1; i < count && validation_resource_of(v, i) == inner; i++) {
        Str text = at(v, i)->type == TYPE_REFERENCE
                       ? node_child_text(v->resource, i, STR("reference"))
                       : (Str){ 0 };

        if (call_late(v->call))
            return; /* validate_resource() says so */
        if (!text.len || text.at[0] == '#'
            || (message && !str_equal(at(v, i)->element->name, STR("focus"))))
            continue;
        if (!validation_resolve(v, i, text, &found))
            validation_note(v, i, GRADE_ERROR, FAIL_NOT_FOUND,
                            "No entry of the Bundle is what this refers to");
    }
}

void validation_bundle(Validation *v)
{
    Str      type = node_child_text(v->resource, 0, STR("type"));
    bool     document = str_equal(type, STR("document"));
    bool     message = str_equal(type, STR("message"));
    uint32_t entry, inner, number = 0;

    if (at(v, 0)->type != TYPE_BUNDLE)
        return;
    for (entry = node_child(v->resource, 0, STR("entry")); entry;
         entry = node_next_same(v->resource, entry), number++) {
        inner = node_child(v->resource, entry, STR("resource"));
        if (!inner)
            continue;
        check_full_url(v, entry, inner);
        if ((document || message) && !node_child(v->resource, entry, STR("fullUrl")))
            validation_note(v, entry, GRADE_ERROR, FAIL_REQUIRED,
                            "An entry of a document or message needs a fullUrl");
        if (number == 0 && (document || message))
            check_reaches(v, inner, message);
    }
}
