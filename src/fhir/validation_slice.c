/*
 * Slices: which of them a node belongs to, by what the discriminators look at, and whether slices have
 * what they must. R4 profiling.html#slicing, #discriminator
 */
#include "base/limits.h"
#include "fhir/validation.h"

void validation_children(Validation *v, const ProfileElement *e, uint32_t parent)
{
    const Node *nodes = v->resource->tree->nodes;

    for (uint32_t i = nodes[parent].first; i; i = nodes[i].next) {
        const Element *is = nodes[i].element;

        if (str_equal(is->path, e->name) || (is->choice && str_equal(is->name, e->name)))
            validation_push_node(v, i);
    }
}

/* --- the path of a discriminator --------------------------------------------------------- */

/* Where a path has come to: nodes (from `mark` on the stack), and what the slice says of them. */
typedef struct Looking {
    const Profile        *profile;
    const ProfileElement *element; /* NULL: the slice says nothing of it */
    uint32_t              mark, end;
    Str                  *targets; /* behind resolve(): the profiles it may lead to */
    uint32_t              target_count;
} Looking;

/* The next part of a path: "code", "extension('http://…')", "resolve()". */
static bool next_part(Str *rest, Str *part)
{
    size_t at = 0;
    bool   quoted = false;

    if (!rest->len)
        return false;
    while (at < rest->len && (quoted || rest->at[at] != '.'))
        quoted ^= rest->at[at++] == '\'';
    *part = str_slice(*rest, 0, at);
    *rest = str_skip(*rest, at + (at < rest->len));
    return true;
}

/* The argument of "name('x')" or "name(x)". */
static bool argument_of(Str part, Str name, Str *out)
{
    if (!str_starts(part, name) || part.len < name.len + 2 || part.at[name.len] != '('
        || !str_ends(part, STR(")")))
        return false;
    *out = str_slice(part, name.len + 1, part.len - 1);
    if (out->len > 1 && out->at[0] == '\'')
        *out = str_slice(*out, 1, out->len - 1);
    return true;
}

static const ProfileElement *child_of(const Profile *profile, const ProfileElement *e, Str name)
{
    for (uint32_t i = e->first; i; i = profile->elements[i].next)
        if (str_equal(profile->elements[i].name, name))
            return &profile->elements[i];
    return NULL;
}

/* The only profile of the only type, or the definition of the type itself. */
static Fail enter_type(Validation *v, Looking *l)
{
    const ProfileElement *e = l->element;
    const Profile        *inner = NULL;

    if (e->type_count != 1)
        return OK;
    if (e->types[0].profile_count)
        TRY(validation_profile(v, e->types[0].profiles[0], 0, false, &inner));
    if (inner) {
        l->profile = inner;
        l->element = &inner->elements[0];
    }
    return OK;
}

static Fail step_by_name(Validation *v, Looking *l, Str name)
{
    uint32_t              from = l->mark, to = l->end;
    ProfileElement        looked_for = { .name = name };
    const ProfileElement *child;

    l->mark = validation_mark(v);
    for (uint32_t i = from; i < to; i++)
        validation_children(v, &looked_for, v->nodes[i]);
    l->end = validation_mark(v);
    if (!l->element)
        return OK;
    if (!l->element->first)
        TRY(enter_type(v, l));
    child = child_of(l->profile, l->element, name);
    l->element = child;
    return OK;
}

static Fail step_extension(Validation *v, Looking *l, Str url)
{
    const Profile *outer;
    uint32_t       kept;

    TRY(step_by_name(v, l, STR("extension")));
    kept = l->mark;
    for (uint32_t i = l->mark; i < l->end; i++)
        if (str_equal(node_child_text(v->resource, v->nodes[i], STR("url")), url))
            v->nodes[kept++] = v->nodes[i];
    l->end = v->node_count = kept;
    outer = l->profile;
    for (uint32_t s = l->element ? l->element->slice_first : 0; s;
         s = outer->elements[s].slice_next) {
        const ProfileElement *slice = &outer->elements[s];

        if (slice->type_count == 1 && slice->types[0].profile_count
            && str_equal(slice->types[0].profiles[0], url)) {
            l->element = slice;
            return OK;
        }
    }
    TRY(validation_profile(v, url, 0, false, &l->profile));
    l->element = l->profile ? &l->profile->elements[0] : NULL;
    return OK;
}

static Fail step_resolve(Validation *v, Looking *l)
{
    uint32_t from = l->mark, to = l->end, target;

    l->mark = validation_mark(v);
    for (uint32_t i = from; i < to; i++) {
        Str text = node_child_text(v->resource, v->nodes[i], STR("reference"));

        if (text.len && validation_resolve(v, v->nodes[i], text, &target))
            validation_push_node(v, target);
    }
    l->end = validation_mark(v);
    if (!l->element || !l->element->type_count) {
        l->element = NULL;
        return OK;
    }
    l->targets = l->element->types[0].targets;
    l->target_count = l->element->types[0].target_count;
    l->element = NULL;
    if (l->target_count == 1) {
        TRY(validation_profile(v, l->targets[0], 0, false, &l->profile));
        l->element = l->profile ? &l->profile->elements[0] : NULL;
    }
    return OK;
}

static bool says_value(const ProfileElement *e)
{
    return e && (e->fixed || e->pattern);
}

/* Goes along the path with both. It stops where the slice says the value of what is on the way. */
static Fail look(Validation *v, Str path, Looking *l)
{
    Str part, argument;

    while (next_part(&path, &part)) {
        l->targets = NULL;
        l->target_count = 0;
        if (str_equal(part, STR("$this")) || argument_of(part, STR("ofType"), &argument)
            || argument_of(part, STR("as"), &argument))
            continue;
        if (says_value(l->element) && !child_of(l->profile, l->element, part))
            return OK;
        if (str_starts(part, STR("resolve()")))
            TRY(step_resolve(v, l));
        else if (argument_of(part, STR("extension"), &argument))
            TRY(step_extension(v, l, argument));
        else
            TRY(step_by_name(v, l, part));
    }
    return OK;
}

/* --- discriminators ---------------------------------------------------------------------- */

/* Whether one of the nodes has the value that the slice says. *told false if it says none. */
static Fail by_value(Validation *v, const Looking *l, bool *told, bool *fits)
{
    const ProfileElement *e = l->element;

    *told = e && (e->says || (e->type_count == 1 && e->types[0].profile_count));
    *fits = false;
    for (uint32_t i = l->mark; *told && !*fits && i < l->end; i++) {
        uint32_t node = v->nodes[i];
        bool     known = true;

        if (says_value(e))
            *fits = profile_value_fits(v->call, v->resource, node, l->profile->json,
                                       e->fixed ? e->fixed : e->pattern, !e->fixed);
        else if (e->strength == BINDING_REQUIRED && !e->first)
            TRY(validation_member(v, node, e->value_set, &known, fits));
        else
            TRY(validation_try(v, l->profile, (uint32_t)(e - l->profile->elements), node,
                               fits));
    }
    return OK;
}

static Fail by_existence(const Looking *l, bool *told, bool *fits)
{
    const ProfileElement *e = l->element;

    *told = e && (e->max == 0 || e->min > 0);
    *fits = *told && (e->max == 0) == (l->mark == l->end);
    return OK;
}

static bool has_type_of(Validation *v, const Looking *l, const ProfileElement *e)
{
    for (uint32_t i = l->mark; i < l->end; i++) {
        const Node *n = node_at(v->resource, v->nodes[i]);

        if (e == l->profile->elements && l->profile->type
            && path_type_is(n->type, type_name(l->profile->type)))
            return true;
        for (uint32_t t = 0; t < e->type_count; t++)
            if (e->types[t].type && path_type_is(n->type, type_name(e->types[t].type)))
                return true;
    }
    return false;
}

/* The types of what several targets describe. */
static Fail has_target_type(Validation *v, const Looking *l, bool *fits)
{
    for (uint32_t i = 0; !*fits && i < l->target_count; i++) {
        const Profile *profile;

        TRY(validation_profile(v, l->targets[i], 0, false, &profile));
        for (uint32_t k = l->mark; profile && k < l->end; k++)
            *fits |= node_at(v->resource, v->nodes[k])->type == profile->type;
    }
    return OK;
}

static Fail by_type(Validation *v, const Looking *l, bool *told, bool *fits)
{
    *fits = false;
    *told = l->element || l->target_count;
    if (l->element)
        *fits = has_type_of(v, l, l->element);
    else if (l->target_count)
        TRY(has_target_type(v, l, fits));
    return OK;
}

static Fail fits_one_of(Validation *v, const Looking *l, Str *urls, uint32_t count, bool *fits)
{
    bool known;

    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = l->mark; !*fits && k < l->end; k++)
            TRY(validation_try_url(v, urls[i], v->nodes[k], &known, fits));
    return OK;
}

static Fail by_profile(Validation *v, const Looking *l, bool *told, bool *fits)
{
    const ProfileElement *e = l->element;

    *fits = *told = false;
    if (l->target_count) {
        *told = true;
        return fits_one_of(v, l, l->targets, l->target_count, fits);
    }
    for (uint32_t t = 0; e && t < e->type_count; t++) {
        *told |= e->types[t].profile_count > 0;
        TRY(fits_one_of(v, l, e->types[t].profiles, e->types[t].profile_count, fits));
    }
    return OK;
}

static Fail ask(Validation *v, DiscriminatorKind kind, const Looking *l, bool *told, bool *fits)
{
    switch (kind) {
    case DISCRIMINATE_EXISTS: return by_existence(l, told, fits);
    case DISCRIMINATE_TYPE: return by_type(v, l, told, fits);
    case DISCRIMINATE_PROFILE: return by_profile(v, l, told, fits);
    case DISCRIMINATE_VALUE: break;
    }
    return by_value(v, l, told, fits);
}

/* Whether the node belongs to the slice: all discriminators that the slice answers say so, and one
 * at least does. */
static Fail belongs(Validation *v, const Profile *profile, const ProfileElement *sliced,
                    const ProfileElement *slice, uint32_t node, bool *out)
{
    bool any = false;

    *out = true;
    for (uint32_t i = 0; *out && i < sliced->discriminator_count; i++) {
        const Discriminator *d = &sliced->discriminators[i];
        uint32_t             mark = validation_mark(v);
        Looking l = { .profile = profile, .element = slice, .mark = mark, .end = mark + 1 };
        bool    told = false, fits = false;

        validation_push_node(v, node);
        TRY(look(v, d->path, &l));
        TRY(ask(v, d->kind, &l, &told, &fits));
        v->node_count = mark;
        any |= told;
        *out = fits || !told;
    }
    *out &= any;
    return OK;
}

/* --- the whole --------------------------------------------------------------------------- */

typedef struct Slicing {
    const Profile        *profile;
    const ProfileElement *sliced;
    uint32_t              order; /* of the slice found last, from 1 */
    bool                  open_seen;
} Slicing;

static void note_order(Validation *v, Slicing *s, uint32_t node, uint32_t order)
{
    if (order && s->sliced->ordered && order < s->order)
        validation_note(v, node, GRADE_ERROR, FAIL_STRUCTURE,
                        "%.*s: the slices are not in their order (profile %.*s)",
                        STR_ARG(s->sliced->path), STR_ARG(s->profile->url));
    if (order && s->open_seen && s->sliced->slicing == SLICING_OPEN_AT_END)
        validation_note(
            v, node, GRADE_ERROR, FAIL_STRUCTURE,
            "%.*s: what belongs to no slice must stand behind the others (profile %.*s)",
            STR_ARG(s->sliced->path), STR_ARG(s->profile->url));
    if (order)
        s->order = order;
    else
        s->open_seen = true;
    if (!order && s->sliced->slicing == SLICING_CLOSED)
        validation_note(
            v, node, GRADE_ERROR, FAIL_STRUCTURE,
            "%.*s: it belongs to no slice, and the slicing is closed (profile %.*s)",
            STR_ARG(s->sliced->path), STR_ARG(s->profile->url));
}

/* Which slice each node of the list belongs to; its place among the slices, 0 for none. */
static Fail find_slices(Validation *v, Slicing *s, uint32_t mark, uint32_t end, uint32_t *found)
{
    for (uint32_t i = mark; i < end; i++) {
        uint32_t order = 0;

        found[i - mark] = 0;
        for (uint32_t k = s->sliced->slice_first; k && !found[i - mark];
             k = s->profile->elements[k].slice_next) {
            bool yes;

            order++;
            if (order % 64 == 1 && call_late(v->call))
                return fail(v->call, FAIL_TIMEOUT, (Str){ 0 }, "Validating takes too long");
            TRY(belongs(v, s->profile, s->sliced, &s->profile->elements[k], v->nodes[i], &yes));
            if (yes)
                found[i - mark] = order;
        }
        note_order(v, s, v->nodes[i], found[i - mark]);
        if (v->quiet && v->broken)
            break;
    }
    return OK;
}

Fail validation_slices(Validation *v, const Profile *profile, uint32_t element, uint32_t parent,
                       uint32_t mark, uint32_t end)
{
    Slicing   s = { .profile = profile, .sliced = &profile->elements[element] };
    uint32_t *found = NEW_ARRAY(v->call->arena, uint32_t, end - mark + 1);
    uint32_t  order = 0;

    if (!s.sliced->discriminator_count)
        return OK;
    TRY(find_slices(v, &s, mark, end, found));
    for (uint32_t k = s.sliced->slice_first; k; k = profile->elements[k].slice_next) {
        const ProfileElement *slice = &profile->elements[k];
        uint32_t              from = validation_mark(v), to;

        order++;
        for (uint32_t i = 0; i < end - mark; i++)
            if (found[i] == order)
                validation_push_node(v, v->nodes[mark + i]);
        to = validation_mark(v);
        validation_count(v, profile, slice, parent, to - from, to > from ? v->nodes[from] : 0);
        for (uint32_t i = to; i > from; i--)
            validation_push_work(v, (Work){ profile, k, v->nodes[i - 1], false });
        if (slice->slice_first) {
            /* A slice of a slice: there are as many levels as its name has parts. */
            TRY(validation_slices(v, profile, k, parent, from, to));
        }
        v->node_count = from;
    }
    return OK;
}
