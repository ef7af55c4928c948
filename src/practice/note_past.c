/*
 * What a template's rules may ask of the past of the same patient: %visits, how many notes of the template's profession
 * have been signed since its last assessment; %consents, the consents signed for this visit (of the same encounter, or
 * without one of the same day), each as it was last corrected. Both as far as the caller may see them.
 */
#include "base/ensure.h"
#include "fhir/fhirpath.h"
#include "practice/note.h"

#define SIGNED "&_tag=" SIGNED_TAG_SYSTEM "|" SIGNED_TAG_CODE
#define DAY_US ((int64_t)24 * 3600 * 1000000)

enum { CONSENTS_MAX = 50, CORRECTIONS_MAX = 50 };

/* "Composition?…" of the template's profession, signed ones alone; what is asked for stands behind it. */
static Fail find(Note *n, const char *kinds, Str more, Version **out, size_t *count)
{
    Str profession = note_profession(n);

    return till_search(
        n->till, TYPE_COMPOSITION,
        arena_printf(n->till->call->arena, "subject=%.*s" SIGNED "&category=%s%s%.*s%.*s",
                     STR_ARG(n->subject), kinds,
                     profession.len ? "&category=" NOTE_PROFESSION_SYSTEM "|" : "",
                     STR_ARG(profession), STR_ARG(more)),
        out, count);
}

static Fail count_visits(Note *n, int64_t *visits)
{
    Arena   *a = n->till->call->arena;
    Version *found;
    size_t   count;
    Loaded   last;
    Str      since = { 0 };

    TRY(find(n, NOTE_TEMPLATE_SYSTEM "|assessment", STR("&_sort=-date"), &found, &count));
    if (count) {
        TRY(till_parse(n->till, &found[0], &last));
        since = arena_printf(
            a, "&date=gt%.*s",
            STR_ARG(node_child_text(&last.resource, last.resource.root, STR("date"))));
    }
    TRY(find(n, NOTE_TEMPLATE_SYSTEM "|note", since, &found, &count));
    *visits = (int64_t)count;
    return OK;
}

/* What stands in its place: the last of its corrections, and of theirs. */
static Fail follow_corrections(Note *n, Loaded *composition)
{
    for (int turn = 0; turn < CORRECTIONS_MAX; turn++) {
        Version *found;
        size_t   count, i;
        Loaded   later;
        bool     replaced = false;

        TRY(till_search(n->till, TYPE_COMPOSITION,
                        arena_printf(n->till->call->arena,
                                     "related-ref=Composition/%.*s" SIGNED "&_sort=-date",
                                     STR_ARG(composition->version.id)),
                        &found, &count));
        for (i = 0; i < count && !replaced; i++) {
            uint32_t relation;

            TRY(till_parse(n->till, &found[i], &later));
            relation = node_child(&later.resource, 0, STR("relatesTo"));
            replaced = str_equal(node_child_text(&later.resource, relation, STR("code")),
                                 STR("replaces"));
        }
        if (!replaced)
            return OK;
        *composition = later;
    }
    return fail(n->till->call, FAIL_TOO_COSTLY, STR("Composition"),
                "A consent has been corrected more than %d times", CORRECTIONS_MAX);
}

static Fail take_consent(Note *n, const Version *composition, PathValue *values,
                         uint32_t *count)
{
    Loaded          loaded;
    const Resource *r = &loaded.resource;
    uint32_t        section;

    TRY(till_parse(n->till, composition, &loaded));
    TRY(follow_corrections(n, &loaded));
    section = node_child(r, r->root, STR("section"));
    for (uint32_t entry = section ? node_child(r, section, STR("entry")) : 0;
         entry && *count < CONSENTS_MAX; entry = node_next_same(r, entry)) {
        Loaded consent;
        Str    reference = node_child_text(r, entry, STR("reference"));

        if (!str_starts(reference, STR("QuestionnaireResponse/")))
            continue;
        TRY(till_follow(n->till, reference, TYPE_QUESTIONNAIRE_RESPONSE,
                        STR("Composition.section.entry"), &consent));
        values[(*count)++] = path_node(consent.resource.tree, 0);
    }
    return OK;
}

/* Visits that began on the day of this one, as the clocks went that wrote its time. */
static Str on_the_day(Note *n)
{
    Arena *a = n->till->call->arena;
    Str authored = node_child_text(&n->response.resource, 0, STR("authored")), zone = STR("Z");
    Moment day;
    char   from[INSTANT_CHARS + 1], to[INSTANT_CHARS + 1];

    if (authored.len < 10)
        authored = n->till->date;
    if (authored.len > 16 && str_find(str_skip(authored, 10), STR("Z")) < 0)
        zone = str_slice(authored, authored.len - 6, authored.len);
    if (!moment_parse(arena_printf(a, "%.*sT00:00:00%.*s", STR_ARG(str_slice(authored, 0, 10)),
                                   STR_ARG(zone)),
                      MOMENT_INSTANT, &day))
        return STR("&period=0001");
    moment_format_instant(day.low - 1000, from);
    moment_format_instant(day.low + DAY_US, to);
    return arena_printf(a, "&period=sa%s&period=lt%s", from, to);
}

static Fail find_consents(Note *n, PathValues *out)
{
    Arena          *a = n->till->call->arena;
    const Resource *r = &n->response.resource;
    uint32_t        encounter = node_child(r, r->root, STR("encounter"));
    Str             where;
    PathValue      *values = NEW_ARRAY(a, PathValue, CONSENTS_MAX);
    Version        *found;
    size_t          count;

    if (encounter)
        where = arena_printf(a, "&encounter=%.*s",
                             STR_ARG(node_child_text(r, encounter, STR("reference"))));
    else
        where = on_the_day(n);
    TRY(find(n, NOTE_TEMPLATE_SYSTEM "|consent", where, &found, &count));
    *out = (PathValues){ values, 0 };
    for (size_t i = 0; i < count && out->count < CONSENTS_MAX; i++)
        TRY(take_consent(n, &found[i], values, &out->count));
    return OK;
}

Fail note_past(Note *n, PathVariable out[2])
{
    PathValue *visits = NEW(n->till->call->arena, PathValue);

    *visits = (PathValue){ .kind = PATH_INTEGER };
    TRY(count_visits(n, &visits->integer));
    out[0] = (PathVariable){ .name = STR("visits"), .values = { visits, 1 } };
    out[1] = (PathVariable){ .name = STR("consents") };
    return find_consents(n, &out[1].values);
}
