/*
 * What a template's rules may ask of the past of the same patient: %visits, how many notes of the template's profession
 * have been signed since its last assessment; %consents, the consents signed for this visit (of the same encounter, or
 * without one of the same day).
 */
#include "base/ensure.h"
#include "fhir/fhirpath.h"
#include "practice/note.h"

enum { CONSENTS_MAX = 50 };

/* "Composition?…" of the template's profession; what is asked for stands behind it. */
static Fail find(Note *n, const char *kinds, Str more, Version **out, size_t *count)
{
    Str profession = note_profession(n);

    return till_search(
        n->till, TYPE_COMPOSITION,
        arena_printf(n->till->call->arena, "subject=%.*s&category=%s%s%.*s%.*s",
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

static Fail take_consent(Note *n, const Version *composition, PathValue *values,
                         uint32_t *count)
{
    Loaded          loaded;
    const Resource *r = &loaded.resource;
    uint32_t        section;

    TRY(till_parse(n->till, composition, &loaded));
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
        where = arena_printf(a, "&date=%.*s", STR_ARG(n->till->date));
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
