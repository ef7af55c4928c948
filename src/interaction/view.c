/*
 * $viewdefinition-run (SQL on FHIR v2): the rows that a ViewDefinition makes of what the caller may read,
 * or of resources that are sent with it. The store is gone through page by page, each on memory that is
 * given back, so only the rows themselves take room.
 */
#include "interaction/view.h"

#include "base/limits.h"
#include "interaction/turn.h"

enum { PAGE = 256 };

typedef struct Wanted {
    Json     json;
    uint32_t view;  /* the ViewDefinition */
    uint32_t first; /* the first parameter that is a resource, or 0 */
    uint32_t parameters;
    Str      format;
    uint64_t rows_max;
    bool     bare; /* no header */
} Wanted;

/* The text and whose data it holds grow on arenas of their own: that of `small` is given back. */
typedef struct Going {
    Call         *c;
    Call          small;
    Session      *session;
    const Permit *permit;
    ViewText     *text;
    Answer       *answer;
    ViewPaged    *paged;
    void         *context;
    const Wanted *wanted; /* what was sent is gone through; NULL: the store is */
} Going;

/* ---- through what was sent ---- */

static uint32_t part(const Wanted *w, uint32_t parameter, const char *name)
{
    return json_member(&w->json, parameter, str_from(name));
}

static Fail rows_of_sent(Going *g)
{
    const Wanted    *w = g->wanted;
    const JsonValue *v = w->json.values;

    for (uint32_t i = w->first; i < v[w->parameters].after && !view_text_full(g->text);
         i = v[i].after) {
        ArenaMark mark = arena_mark(g->small.arena);
        uint32_t  resource = part(w, i, "resource");

        if (!str_equal(json_member_text(&w->json, i, STR("name")), STR("resource")))
            continue;
        if (call_late(&g->small))
            return fail(&g->small, FAIL_TIMEOUT, (Str){ 0 }, "the view takes too long");
        TRY(view_text_resource(&g->small, g->text,
                               str_slice(w->json.source, v[resource].from, v[resource].to)));
        arena_rewind(g->small.arena, mark);
    }
    return OK;
}

/* ---- through the store ---- */

static Fail rows_of_page(Going *g, const CurrentPage *page)
{
    for (size_t i = 0; i < page->count && !view_text_full(g->text); i++) {
        ArenaMark mark = arena_mark(g->small.arena);
        uint64_t  before = g->text->rows;

        TRY(view_text_resource(&g->small, g->text, page->versions[i].body));
        arena_rewind(g->small.arena, mark);
        if (g->text->rows == before)
            continue;
        g->answer->rows++;
        TRY(answer_touch(g->c, g->session, g->answer, &page->versions[i], 1));
    }
    return OK;
}

static Fail go_through(Going *g)
{
    CurrentPage page = { .more = true };

    while (page.more && !view_text_full(g->text)) {
        ArenaMark mark = arena_mark(g->small.arena);

        if (call_late(&g->small))
            return fail(&g->small, FAIL_TIMEOUT, (Str){ 0 }, "the view takes too long");
        TRY(store_current(&g->small, g->session, g->permit, view_type(g->text->plan), page.next,
                          PAGE, &page));
        TRY(rows_of_page(g, &page));
        if (g->paged)
            TRY(g->paged(g->context, g->text));
        arena_rewind(g->small.arena, mark);
    }
    return OK;
}

static Fail go_within(Going *g)
{
    if (setjmp(*arena_boundary(g->small.arena)))
        return FAIL_TOO_COSTLY;
    return g->wanted ? rows_of_sent(g) : go_through(g);
}

static void destroy_arena(void *arena)
{
    arena_destroy(arena);
}

/* The rows lie on an arena of their own, since what the text takes of the call's own must stay. */
static Fail run_small(Going *g)
{
    Call *c = g->c;
    Fail  result;

    g->small = *c;
    g->small.arena = arena_create(LIMIT_CALL_BYTES);
    arena_defer(c->arena, destroy_arena, g->small.arena);
    g->small.issues = NEW_ARRAY(g->small.arena, Issue, LIMIT_ISSUES); /* never given back */
    g->small.issue_count = g->small.issues_left_out = 0;
    result = go_within(g);
    for (uint32_t i = 0; i < g->small.issue_count; i++)
        fail(c, g->small.issues[i].fail, arena_str(c->arena, g->small.issues[i].expression),
             "%.*s", STR_ARG(g->small.issues[i].text));
    return result;
}

Fail view_run(Call *c, Session *s, const Principal *p, ViewText *text, Answer *answer,
              ViewPaged *paged, void *context)
{
    Going *g = NEW(c->arena, Going);
    Permit permit, search;

    TRY(access_permit(c, p, DEED_READ, view_type(text->plan), &permit));
    TRY(access_permit(c, p, DEED_SEARCH, view_type(text->plan), &search));
    permit = access_both(c, &permit, &search);
    if (permit.reach == REACH_PATIENT)
        answer->patient = arena_str(c->arena, str_from(permit.patient));
    *g = (Going){ .c = c,
                  .session = s,
                  .permit = &permit,
                  .text = text,
                  .answer = answer,
                  .paged = paged,
                  .context = context };
    return run_small(g);
}

/* ---- what is asked ---- */

static Fail take_format(Call *c, Wanted *w, uint32_t parameter)
{
    uint32_t value = part(w, parameter, "valueCode");

    if (!value)
        value = part(w, parameter, "valueString");
    w->format = value ? w->json.values[value].text : (Str){ 0 };
    if (view_format_find(w->format) == VIEW_FORMATS)
        return fail(c, FAIL_NOT_SUPPORTED, STR("_format"),
                    "Rows are given as csv, ndjson or json");
    return OK;
}

static Fail take_limit(Call *c, Wanted *w, uint32_t parameter)
{
    static const char *const values[] = { "valueInteger", "valuePositiveInt",
                                          "valueUnsignedInt" };

    for (size_t i = 0; i < COUNT(values); i++) {
        uint32_t value = part(w, parameter, values[i]);

        if (value && str_to_u64(w->json.values[value].text, &w->rows_max) && w->rows_max)
            return OK;
    }
    return fail(c, FAIL_VALUE, STR("_limit"), "Expected a whole number from 1");
}

static Fail take_header(Call *c, Wanted *w, uint32_t parameter)
{
    uint32_t value = part(w, parameter, "valueBoolean");

    if (!value || w->json.values[value].kind < JSON_FALSE
        || w->json.values[value].kind > JSON_TRUE)
        return fail(c, FAIL_VALUE, STR("header"), "Expected true or false");
    w->bare = w->json.values[value].kind == JSON_FALSE;
    return OK;
}

static Fail take_view(Call *c, Wanted *w, uint32_t parameter)
{
    w->view = part(w, parameter, "resource");
    if (!w->view)
        return fail(c, FAIL_REQUIRED, STR("viewResource"), "The ViewDefinition is missing");
    return OK;
}

static Fail take_resource(Call *c, Wanted *w, uint32_t parameter)
{
    if (!part(w, parameter, "resource"))
        return fail(c, FAIL_REQUIRED, STR("resource"), "The resource is missing");
    if (!w->first)
        w->first = parameter;
    return OK;
}

static const struct {
    Str name;
    Fail (*take)(Call *c, Wanted *w, uint32_t parameter);
} parameters[] = {
    { STR_INIT("viewResource"), take_view }, { STR_INIT("_format"), take_format },
    { STR_INIT("header"), take_header },     { STR_INIT("_limit"), take_limit },
    { STR_INIT("resource"), take_resource },
};

static Fail take_parameter(Call *c, Wanted *w, uint32_t parameter)
{
    Str name = json_member_text(&w->json, parameter, STR("name"));

    for (size_t i = 0; i < COUNT(parameters); i++)
        if (str_equal(name, parameters[i].name))
            return parameters[i].take(c, w, parameter);
    return fail(c, FAIL_NOT_SUPPORTED, STR("Parameters.parameter"),
                "The parameter '%.*s' is not understood here",
                STR_ARG(str_slice(name, 0, 100)));
}

/* ViewDefinition is no type of R4, so the Parameters are read as JSON, not as a resource. */
static Fail read_wanted(Call *c, const Asked *asked, Wanted *w)
{
    const Resource *r = asked->resource;
    uint32_t        list;

    *w = (Wanted){ .format = STR("ndjson") };
    TRY(json_parse(c, r ? node_source(r, r->root) : asked->body, LIMIT_JSON_NODES, &w->json));
    if (!str_equal(json_member_text(&w->json, 0, STR("resourceType")), STR("Parameters")))
        return fail(c, FAIL_INVALID, STR("resourceType"), "An operation takes Parameters");
    list = w->parameters = json_member(&w->json, 0, STR("parameter"));
    if (list && w->json.values[list].kind != JSON_ARRAY)
        return fail(c, FAIL_STRUCTURE, STR("Parameters.parameter"), "This must be an array");
    for (uint32_t i = list + 1; list && i < w->json.values[list].after;
         i = w->json.values[i].after)
        TRY(take_parameter(c, w, i));
    if (!w->view)
        return fail(c, FAIL_REQUIRED, STR("viewResource"),
                    "The parameter viewResource is needed: ViewDefinitions are not stored");
    return OK;
}

/* The rows of what was sent. */
static Fail run_sent(Call *c, const Wanted *w, ViewText *text)
{
    Going *g = NEW(c->arena, Going);

    *g = (Going){ .c = c, .text = text, .wanted = w };
    return run_small(g);
}

Fail view_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    Buf      out = buf_new(c->arena, 64 * 1024);
    ViewText text = { .out = &out };
    Wanted   w;

    if (turn->asked->in_bundle)
        return fail(c, FAIL_NOT_SUPPORTED, (Str){ 0 },
                    "A view cannot be run in a Bundle: its rows are no resource");
    TRY(params_take(c, turn->asked, NULL, 0, NULL));
    TRY(read_wanted(c, turn->asked, &w));
    text.format = view_format_find(w.format);
    text.rows_max = w.rows_max;
    TRY(view_compile(c, &w.json, w.view, &text.plan));
    view_text_begin(&text, !w.bare);
    TRY(w.first ? run_sent(c, &w, &text)
                : view_run(c, s, turn->principal, &text, answer, NULL, NULL));
    view_text_end(&text);
    answer->status = 200;
    answer->raw_type = view_format_media(text.format);
    answer->body = buf_str(&out);
    return OK;
}
