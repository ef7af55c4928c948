/*
 * Holding nodes against profiles. What is left to do is a list, so that neither a deep profile nor a
 * deep resource makes anything recurse; trials (slices told apart by what is in them, profiles of
 * which one must fit) begin a list above it, and there are only so many in each other.
 */
#include <stdarg.h>

#include "base/limits.h"
#include "fhir/validation.h"

enum { TRIALS_MAX = 24, TYPES_SHOWN = 8 };
enum { GIVEN_UP = UINT32_MAX };

void validation_push_work(Validation *v, Work work)
{
    if (v->work_count == v->work_room) {
        uint32_t room = v->work_room ? v->work_room * 2 : 256;

        v->work = arena_grow(v->call->arena, v->work, v->work_room * sizeof *v->work,
                             room * sizeof *v->work);
        v->work_room = room;
    }
    v->work[v->work_count++] = work;
}

void validation_push_node(Validation *v, uint32_t node)
{
    if (v->node_count == v->node_room) {
        uint32_t room = v->node_room ? v->node_room * 2 : 256;

        v->nodes = arena_grow(v->call->arena, v->nodes, v->node_room * sizeof *v->nodes,
                              room * sizeof *v->nodes);
        v->node_room = room;
    }
    v->nodes[v->node_count++] = node;
}

uint32_t validation_mark(const Validation *v)
{
    return v->node_count;
}

/* --- what was held against what ---------------------------------------------------------- */

static Held *held_place(HeldSet *set, const Profile *profile, uint32_t node)
{
    size_t at = ((uintptr_t)profile >> 4) * 31 + node * 2654435761U;

    for (at &= set->room - 1; set->at[at].profile; at = (at + 1) & (set->room - 1))
        if (set->at[at].profile == profile && set->at[at].node == node)
            break;
    return &set->at[at];
}

static void grow_held(Validation *v)
{
    HeldSet before = v->held;

    v->held.room = before.room ? before.room * 2 : 64;
    v->held.at = NEW_ARRAY(v->call->arena, Held, v->held.room);
    v->held.count = 0;
    for (uint32_t i = 0; i < before.room; i++)
        if (before.at[i].profile && before.at[i].node != GIVEN_UP) {
            *held_place(&v->held, before.at[i].profile, before.at[i].node) = before.at[i];
            v->held.count++;
        }
}

/* False if it was held against it before. */
static bool hold_first(Validation *v, const Profile *profile, uint32_t node)
{
    HeldSet *set = &v->held;
    Held    *place;

    if (set->count * 2 >= set->room)
        grow_held(v);
    place = held_place(set, profile, node);
    if (place->profile)
        return false;
    *place = (Held){ profile, node };
    set->count++;
    if (set->log_count == set->log_room) {
        uint32_t room = set->log_room ? set->log_room * 2 : 64;

        set->log = arena_grow(v->call->arena, set->log, set->log_room * sizeof *set->log,
                              room * sizeof *set->log);
        set->log_room = room;
    }
    set->log[set->log_count++] = *place;
    return true;
}

/* What a trial has held is as if it had not been. */
static void forget_held(Validation *v, uint32_t since)
{
    HeldSet *set = &v->held;

    while (set->log_count > since) {
        Held h = set->log[--set->log_count];

        held_place(set, h.profile, h.node)->node = GIVEN_UP;
    }
}

/* --- one element, one node --------------------------------------------------------------- */

static Str label(Call *c, const Profile *profile, const ProfileElement *e)
{
    return e->slice.len
               ? arena_printf(c->arena, "%.*s:%.*s", STR_ARG(e->path), STR_ARG(e->slice))
           : e == profile->elements ? profile->url
                                    : e->path;
}

static Str value_shown(Validation *v, const Profile *profile, uint32_t value)
{
    const JsonValue *json = &profile->json->values[value];
    Str              text = str_slice(profile->json->source, json->from, json->to);

    (void)v;
    return str_slice(text, 0, 120);
}

void validation_count(Validation *v, const Profile *profile, const ProfileElement *e,
                      uint32_t parent, uint32_t count, uint32_t last)
{
    if (count < e->min && v->quiet)
        v->broken = true;
    else if (count < e->min)
        validation_note(v, parent, GRADE_ERROR, FAIL_REQUIRED,
                        "%.*s: at least %u must be there, and %u is (profile %.*s)",
                        STR_ARG(label(v->call, profile, e)), e->min, count,
                        STR_ARG(profile->url));
    if (count > e->max)
        validation_note(v, e->max ? parent : last, GRADE_ERROR, FAIL_STRUCTURE,
                        "%.*s: at most %u may be there, and %u are (profile %.*s)",
                        STR_ARG(label(v->call, profile, e)), e->max, count,
                        STR_ARG(profile->url));
}

static bool is_choice_or_any(const Node *n)
{
    return n->element && (n->element->choice || n->element->type == TYPE_RESOURCE);
}

static bool type_fits(const Node *n, const ProfileType *t)
{
    return t->type == 0 || n->type == t->type || path_type_is(n->type, type_name(t->type));
}

static void check_type(Validation *v, const Profile *profile, const ProfileElement *e,
                       uint32_t node)
{
    const Node *n = node_at(v->resource, node);
    Buf         names = buf_new(v->call->arena, 64);

    for (uint32_t i = 0; i < e->type_count; i++)
        if (type_fits(n, &e->types[i]))
            return;
    if (!e->type_count || !is_choice_or_any(n))
        return;
    for (uint32_t i = 0; i < e->type_count && i < TYPES_SHOWN; i++)
        buf_printf(&names, "%s%.*s", i ? ", " : "", STR_ARG(e->types[i].code));
    validation_note(v, node, GRADE_ERROR, FAIL_STRUCTURE,
                    "%.*s: the type is %.*s, and must be %.*s (profile %.*s)",
                    STR_ARG(label(v->call, profile, e)), STR_ARG(type_name(n->type)),
                    STR_ARG(buf_str(&names)), STR_ARG(profile->url));
}

static void check_fixed(Validation *v, const Profile *profile, const ProfileElement *e,
                        uint32_t node)
{
    bool     pattern = !e->fixed;
    uint32_t value = pattern ? e->pattern : e->fixed;

    if (!value || profile_value_fits(v->call, v->resource, node, profile->json, value, pattern))
        return;
    if (v->quiet)
        v->broken = true;
    else
        validation_note(v, node, GRADE_ERROR, FAIL_VALUE, "%.*s must be %s%.*s (profile %.*s)",
                        STR_ARG(label(v->call, profile, e)), pattern ? "at least " : "",
                        STR_ARG(value_shown(v, profile, value)), STR_ARG(profile->url));
}

static uint64_t characters(Str text)
{
    uint64_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += (text.at[i] & 0xC0) != 0x80;
    return count;
}

static void check_length(Validation *v, const Profile *profile, const ProfileElement *e,
                         uint32_t node)
{
    const Node *n = node_at(v->resource, node);
    uint64_t    length;

    if (!e->length_bounded || !n->json || n->json->kind != JSON_STRING)
        return;
    length = characters(n->json->text);
    if (length < e->length_min || length > e->length_max)
        validation_note(v, node, GRADE_ERROR, FAIL_VALUE,
                        "%.*s has %llu characters, and may have %u to %u (profile %.*s)",
                        STR_ARG(label(v->call, profile, e)), (unsigned long long)length,
                        e->length_min, e->length_max, STR_ARG(profile->url));
}

/* --- types' profiles --------------------------------------------------------------------- */

/* The profiles of the types that the node has, gathered; of several one must fit. */
static Fail check_type_profiles(Validation *v, const Profile *profile, const ProfileElement *e,
                                uint32_t node)
{
    const Node    *n = node_at(v->resource, node);
    const Profile *only = NULL;
    uint32_t       count = 0;
    bool           fits = false, known;

    for (uint32_t i = 0; i < e->type_count; i++) {
        const ProfileType *t = &e->types[i];

        if (type_fits(n, t))
            count += t->profile_count;
    }
    for (uint32_t i = 0; count && !fits && i < e->type_count; i++) {
        const ProfileType *t = &e->types[i];

        for (uint32_t k = 0; type_fits(n, t) && !fits && k < t->profile_count; k++) {
            if (count == 1) {
                TRY(validation_profile(v, t->profiles[k], node, true, &only));
                if (only)
                    validation_push_work(v, (Work){ only, 0, node, false });
                return OK;
            }
            TRY(validation_try_url(v, t->profiles[k], node, &known, &fits));
        }
    }
    if (count && !fits)
        validation_note(v, node, GRADE_ERROR, FAIL_STRUCTURE,
                        "%.*s: it fits none of the %u profiles it may have (profile %.*s)",
                        STR_ARG(label(v->call, profile, e)), count, STR_ARG(profile->url));
    return OK;
}

static Fail check_children(Validation *v, const Profile *profile, uint32_t element,
                           uint32_t node)
{
    for (uint32_t i = profile->elements[element].first; i; i = profile->elements[i].next) {
        const ProfileElement *child = &profile->elements[i];
        uint32_t              mark = validation_mark(v), end;

        validation_children(v, child, node);
        end = validation_mark(v);
        validation_count(v, profile, child, node, end - mark, end > mark ? v->nodes[mark] : 0);
        for (uint32_t k = end; k > mark; k--)
            validation_push_work(v, (Work){ profile, i, v->nodes[k - 1], false });
        if (child->slice_first)
            TRY(validation_slices(v, profile, i, node, mark, end));
        v->node_count = mark;
        if (v->quiet && v->broken)
            return OK;
    }
    return OK;
}

static void note_must_support(Validation *v, const Profile *profile, uint32_t element,
                              uint32_t node)
{
    for (uint32_t i = profile->elements[element].first; i; i = profile->elements[i].next) {
        const ProfileElement *child = &profile->elements[i];
        uint32_t              mark = validation_mark(v);

        if (!child->must_support)
            continue;
        validation_children(v, child, node);
        if (validation_mark(v) == mark)
            validation_note(v, node, GRADE_NOTE, FAIL_REQUIRED,
                            "%.*s is to be supported, and is not here (profile %.*s)",
                            STR_ARG(child->path), STR_ARG(profile->url));
        v->node_count = mark;
    }
}

static Fail check_one(Validation *v, Work w)
{
    const Profile        *profile = w.profile;
    const ProfileElement *e = &profile->elements[w.element];

    if (w.element == 0 && !w.inside && !hold_first(v, profile, w.node))
        return OK;
    check_type(v, profile, e, w.node);
    check_fixed(v, profile, e, w.node);
    check_length(v, profile, e, w.node);
    if (e->value_min || e->value_max)
        validation_bounds(v, profile, e, w.node);
    if (e->strength >= BINDING_PREFERRED && !profile->base)
        TRY(validation_binding(v, w.node, e->strength, e->value_set, e->value_set_max,
                               profile));
    for (uint32_t i = 0; i < e->rule_count; i++)
        TRY(validation_rule(v, w.node, e->rules[i].key, e->rules[i].human, e->rules[i].warning,
                            e->rules[i].program));
    if (!profile->base)
        TRY(validation_targets(v, profile, e, w.node));
    TRY(check_type_profiles(v, profile, e, w.node));
    if (v->options->must_support && !v->quiet)
        note_must_support(v, profile, w.element, w.node);
    return check_children(v, profile, w.element, w.node);
}

/* Everything that is in the list from `from` on. A trial ends with the first fault. */
static Fail work_off(Validation *v, uint32_t from)
{
    while (v->work_count > from && !(v->quiet && v->broken)) {
        Work w = v->work[--v->work_count];

        if (call_late(v->call))
            return fail(v->call, FAIL_TIMEOUT, (Str){ 0 }, "Validating takes too long");
        TRY(check_one(v, w));
    }
    v->work_count = from;
    return OK;
}

Fail validation_hold(Validation *v, const Profile *profile, uint32_t node)
{
    uint32_t from = v->work_count;

    validation_push_work(v, (Work){ profile, 0, node, false });
    return work_off(v, from);
}

Fail validation_try(Validation *v, const Profile *profile, uint32_t element, uint32_t node,
                    bool *fits)
{
    bool     outer = v->broken;
    uint32_t from = v->work_count, held = v->held.log_count;
    Fail     result = OK;

    if (v->quiet >= TRIALS_MAX)
        return fail(v->call, FAIL_TOO_COSTLY, (Str){ 0 },
                    "Profiles lead into each other more than %d times", TRIALS_MAX);
    v->quiet++;
    v->broken = false;
    validation_push_work(v, (Work){ profile, element, node, false });
    result = work_off(v, from);
    v->quiet--;
    *fits = !v->broken;
    v->broken = outer;
    forget_held(v, held);
    return result;
}

Fail validation_try_url(Validation *v, Str url, uint32_t node, bool *known, bool *fits)
{
    const Profile *profile;

    *fits = *known = false;
    TRY(validation_profile(v, url, node, false, &profile));
    if (!profile)
        return OK;
    *known = true;
    return validation_try(v, profile, 0, node, fits);
}

Fail validation_profile(Validation *v, Str url, uint32_t node, bool told, const Profile **out)
{
    uint32_t before = v->call->issue_count;
    Fail     result;
    Str      why = STR("it is not known here");

    *out = NULL;
    if (!v->terms)
        return OK;
    result = profiles_find(v->terms, url, out);
    if (result == FAIL_TOO_COSTLY || result == FAIL_TIMEOUT || result == FAIL_SYSTEM)
        return result;
    if (*out)
        return OK;
    if (v->call->issue_count > before)
        why = arena_str(v->call->arena, v->call->issues[before].text);
    call_forget_issues(v->call, before);
    if (told && !v->quiet && validation_first_time(v, url))
        validation_note(v, node, result == OK ? GRADE_WARNING : GRADE_ERROR,
                        result == OK ? FAIL_NOT_FOUND : FAIL_UNPROCESSABLE,
                        "The profile %.*s cannot be checked: %.*s", STR_ARG(url), STR_ARG(why));
    return OK;
}
