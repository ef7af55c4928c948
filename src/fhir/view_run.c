/* The steps of a view carried out on one resource: see view.h. */
#include "base/limits.h"
#include "fhir/view_plan.h"

typedef struct Focus {
    PathValue item;
    bool      there; /* a forEachOrNull that found nothing has none */
    int64_t   index; /* %rowIndex */
} Focus;

/* Where to go back to: the next item, or the next branch. */
typedef struct Choice {
    uint32_t   step, next;
    PathValues items;
    ArenaMark  mark;
} Choice;

typedef struct Run {
    Call           *c;
    const ViewPlan *plan;
    PathContext     context;
    PathVariable   *variables;
    PathValue       row_index;
    Focus          *focus;
    PathValues     *values;
    Choice         *choices;
    uint32_t        choice_count;
    uint64_t        steps;
} Run;

static Fail evaluate(Run *r, const PathProgram *path, const Focus *focus, PathValues *out)
{
    r->row_index.integer = focus->index;
    return path_run(r->c, path, &r->context, (PathValues){ &focus->item, focus->there }, out);
}

/* ---- foci ---- */

typedef struct Found {
    PathValue *at;
    uint32_t   count, room;
} Found;

static Fail found_add(Run *r, Found *f, PathValues values)
{
    if (f->count + values.count > LIMIT_VIEW_FOCI)
        return fail(r->c, FAIL_TOO_COSTLY, (Str){ 0 },
                    "one resource gives more items than a view may look at");
    if (f->count + values.count > f->room) {
        uint32_t room = 2 * (f->count + values.count);

        f->at = arena_grow(r->c->arena, f->at, f->room * sizeof *f->at, room * sizeof *f->at);
        f->room = room;
    }
    if (values.count)
        memcpy(&f->at[f->count], values.at, values.count * sizeof *values.at);
    f->count += values.count;
    return OK;
}

/* repeat: what the paths find, then what they find in that, and so on. */
static Fail find_repeated(Run *r, const ViewStep *step, PathValues *out)
{
    Found    found = { 0 };
    Focus    each = r->focus[step->from];
    uint32_t next = 0;

    for (;;) {
        for (uint32_t i = 0; i < step->path_count; i++) {
            PathValues values;

            TRY(evaluate(r, step->paths[i], &each, &values));
            TRY(found_add(r, &found, values));
        }
        if (next == found.count)
            break;
        each.item = found.at[next];
        each.index = next++;
    }
    *out = (PathValues){ found.at, found.count };
    return OK;
}

static void enter(Run *r, const ViewStep *step, const PathValues *items, uint32_t i)
{
    r->focus[step->slot] = (Focus){ .item = items->at[i], .there = true, .index = (int64_t)i };
}

/* False: there is nothing, so no row. */
static Fail begin_each(Run *r, uint32_t at, bool *go_on)
{
    const ViewStep *step = &r->plan->steps[at];
    PathValues      items = { 0 };

    *go_on = true;
    if (step->repeats)
        TRY(find_repeated(r, step, &items));
    else
        TRY(evaluate(r, step->paths[0], &r->focus[step->from], &items));
    if (items.count == 0) {
        r->focus[step->slot] = (Focus){ 0 };
        *go_on = step->or_null;
        return OK;
    }
    enter(r, step, &items, 0);
    if (items.count > 1)
        r->choices[r->choice_count++] =
            (Choice){ .step = at, .next = 1, .items = items, .mark = arena_mark(r->c->arena) };
    return OK;
}

/* ---- columns ---- */

static bool fits(ViewKind kind, PathValue v)
{
    switch (kind) {
    case VIEW_BOOLEAN: return v.kind == PATH_BOOLEAN;
    case VIEW_INTEGER: return v.kind == PATH_INTEGER;
    case VIEW_DECIMAL: return v.kind == PATH_INTEGER || v.kind == PATH_DECIMAL;
    default: return true;
    }
}

static Fail unfit(Run *r, const ViewColumn *column, const char *what)
{
    return fail(r->c, FAIL_UNPROCESSABLE, column->name, "the column %.*s %s",
                STR_ARG(column->name), what);
}

static Fail set_column(Run *r, const ViewStep *step)
{
    const ViewColumn *column = &r->plan->columns[step->column];
    PathValues       *values = &r->values[step->column];

    TRY(evaluate(r, step->paths[0], &r->focus[step->from], values));
    if (values->count > 1 && !column->collection)
        return unfit(r, column, "has several values, and is not declared as a collection");
    if (column->kind == VIEW_TEXT || column->kind == VIEW_ANY)
        return OK;
    for (uint32_t i = 0; i < values->count; i++) {
        PathValue plain = path_plain(r->c, values->at[i]);

        if (!fits((ViewKind)column->kind, plain) && plain.kind != PATH_NODE)
            return unfit(r, column, "has a value that is not of its type");
    }
    return OK;
}

/* ---- rows ---- */

/* Goes on at the last choice that has something left; false if there is none. */
static bool go_back(Run *r, uint32_t *at)
{
    Choice         *choice;
    const ViewStep *step;

    if (!r->choice_count)
        return false;
    choice = &r->choices[r->choice_count - 1];
    step = &r->plan->steps[choice->step];
    arena_rewind(r->c->arena, choice->mark);
    if (step->op == VIEW_OR) {
        r->choice_count--;
        *at = step->to;
        return true;
    }
    enter(r, step, &choice->items, choice->next);
    *at = choice->step + 1;
    if (++choice->next == choice->items.count)
        r->choice_count--;
    return true;
}

enum { STEPS_A_LOOK = 256 }; /* at the clock */

static Fail run(Run *r, ViewTake *take, void *context)
{
    ViewRow  row = { r->plan->columns, r->values, r->plan->column_count };
    uint32_t at = 0;
    bool     enough = false;

    for (;;) {
        const ViewStep *step = &r->plan->steps[at];
        bool            go_on = true;

        if (++r->steps % STEPS_A_LOOK == 0 && call_late(r->c))
            return fail(r->c, FAIL_TIMEOUT, (Str){ 0 }, "the view takes too long");
        switch (step->op) {
        case VIEW_EACH: TRY(begin_each(r, at++, &go_on)); break;
        case VIEW_COLUMN:
            TRY(set_column(r, step));
            at++;
            break;
        case VIEW_OR:
            r->choices[r->choice_count++] =
                (Choice){ .step = at++, .mark = arena_mark(r->c->arena) };
            break;
        case VIEW_GO: at = step->to; break;
        default: TRY(take(context, &row, &enough)); go_on = false;
        }
        if (enough)
            return OK;
        if (!go_on && !go_back(r, &at))
            return OK;
    }
}

/* Whether all conditions hold: an empty one does not. */
static Fail conditions_hold(Run *r, bool *out)
{
    *out = true;
    for (uint32_t i = 0; i < r->plan->condition_count && *out; i++) {
        PathValues found;
        PathValue  plain;

        TRY(evaluate(r, r->plan->conditions[i], &r->focus[0], &found));
        *out = false;
        if (found.count == 0)
            continue;
        plain = path_plain(r->c, found.at[0]);
        if (found.count > 1 || plain.kind != PATH_BOOLEAN)
            return fail(r->c, FAIL_UNPROCESSABLE, STR("ViewDefinition.where"),
                        "a condition must give true, false or nothing");
        *out = plain.truth;
    }
    return OK;
}

Fail view_rows(Call *c, const ViewPlan *plan, const Resource *resource, ViewTake *take,
               void *context)
{
    Run  r = { .c = c, .plan = plan, .row_index = { .kind = PATH_INTEGER } };
    bool wanted;

    r.focus = NEW_ARRAY(c->arena, Focus, plan->slots);
    r.values = NEW_ARRAY(c->arena, PathValues, plan->column_count);
    r.choices = NEW_ARRAY(c->arena, Choice, plan->choices);
    r.variables = NEW_ARRAY(c->arena, PathVariable, plan->variable_count);
    memcpy(r.variables, plan->variables, plan->variable_count * sizeof *r.variables);
    r.variables[0].values.at = &r.row_index;
    r.focus[0] = (Focus){ .item = path_node(resource->tree, resource->root), .there = true };
    r.context = (PathContext){ .resource = r.focus[0].item,
                               .root_resource = r.focus[0].item,
                               .variables = r.variables,
                               .variable_count = plan->variable_count };
    TRY(conditions_hold(&r, &wanted));
    return wanted ? run(&r, take, context) : OK;
}
