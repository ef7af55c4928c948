/*
 * A ViewDefinition becomes steps. Selects are laid out in the order in which they stand, each with its
 * focus; what is still open is a stack of bounded depth. See view.h.
 */
#include "base/limits.h"
#include "fhir/view_plan.h"

enum { SELECTS_OPEN = 32, STEPS_AT_FIRST = 16 };

/* A select whose inner selects or branches are being read. */
typedef struct Open {
    uint32_t object, next, end;
    bool     branches; /* of unionAll: they come last */
    uint16_t slot;
    uint32_t column, width; /* where the columns of its branches begin, and how many they are */
    uint32_t branch, or_at, go_at;
} Open;

typedef struct Compiler {
    Call         *c;
    const Json   *json;
    uint32_t      root;
    ViewPlan     *plan;
    ViewStep     *steps;
    uint32_t      step_room;
    ViewColumn   *columns;
    uint32_t      column, column_room; /* the place of the next one */
    PathVariable *variables;
    Open          open[SELECTS_OPEN];
    uint32_t      depth;
} Compiler;

/* "ViewDefinition.select[0].column[1]": from the top down to what holds the value. */
static Str where(const Compiler *k, uint32_t target)
{
    const JsonValue *v = k->json->values;
    Buf              out = buf_new(k->c->arena, 64);

    buf_put(&out, STR("ViewDefinition"));
    for (uint32_t at = k->root, inner = at; at != target; at = inner) {
        uint32_t i = 0;

        for (inner = at + 1; inner < v[at].after && v[inner].after <= target; i++)
            inner = v[inner].after;
        if (v[at].kind == JSON_ARRAY)
            buf_printf(&out, "[%u]", i);
        else
            buf_printf(&out, ".%.*s", STR_ARG(v[inner].key));
    }
    return buf_str(&out);
}

static Fail refuse(const Compiler *k, Fail kind, uint32_t at, const char *what)
{
    uint32_t line, column;

    json_place(k->json->source, k->json->values[at].from, &line, &column);
    return fail_at(k->c, kind, where(k, at), line, column, "%s (%.*s)", what,
                   STR_ARG(where(k, at)));
}

static ViewStep *emit(Compiler *k, ViewOp op)
{
    ViewPlan *plan = k->plan;

    if (plan->step_count == k->step_room) {
        uint32_t room = k->step_room ? k->step_room * 2 : STEPS_AT_FIRST;

        k->steps = arena_grow(k->c->arena, k->steps, k->step_room * sizeof *k->steps,
                              room * sizeof *k->steps);
        k->step_room = room;
    }
    plan->choices += op == VIEW_EACH || op == VIEW_OR;
    k->steps[plan->step_count] = (ViewStep){ .op = (uint8_t)op };
    return &k->steps[plan->step_count++];
}

static const JsonValue *value_at(const Compiler *k, uint32_t at)
{
    return &k->json->values[at];
}

/* ---- members ---- */

/* A member of that kind of JSON, or 0 if it is not there. */
static Fail member(const Compiler *k, uint32_t object, const char *key, JsonKind kind,
                   uint32_t *out)
{
    static const char *const must[] = { [JSON_STRING] = "This must be a string",
                                        [JSON_ARRAY] = "This must be an array",
                                        [JSON_OBJECT] = "This must be an object" };

    *out = json_member(k->json, object, str_from(key));
    if (*out && value_at(k, *out)->kind != kind)
        return refuse(k, FAIL_STRUCTURE, *out, must[kind]);
    return OK;
}

static Fail truth_member(const Compiler *k, uint32_t object, const char *key, bool *out)
{
    uint32_t at = json_member(k->json, object, str_from(key));

    *out = at && value_at(k, at)->kind == JSON_TRUE;
    if (at && !*out && value_at(k, at)->kind != JSON_FALSE)
        return refuse(k, FAIL_STRUCTURE, at, "This must be true or false");
    return OK;
}

static const char *const select_members[] = { "column",  "select",        "unionAll",
                                              "forEach", "forEachOrNull", "repeat",
                                              "id",      "extension",     NULL };
static const char *const column_members[] = { "name",       "path",        "type",
                                              "collection", "description", "tag",
                                              "id",         "extension",   NULL };

/* A word that is not understood may be a condition that is not kept: so it is refused. */
static Fail check_members(const Compiler *k, uint32_t object, const char *const *known)
{
    if (value_at(k, object)->kind != JSON_OBJECT)
        return refuse(k, FAIL_STRUCTURE, object, "This must be an object");
    for (uint32_t i = object + 1; i < value_at(k, object)->after; i = value_at(k, i)->after) {
        size_t j = 0;

        while (known[j] && !str_equal(value_at(k, i)->key, str_from(known[j])))
            j++;
        if (!known[j])
            return refuse(k, FAIL_STRUCTURE, i, "There is no such element here");
    }
    return OK;
}

/* ---- expressions ---- */

/* What is wrong in an expression is told with the element that holds it. */
static Fail tell_place(const Compiler *k, uint32_t at, Fail result, uint32_t issues)
{
    Issue issue;

    if (k->c->issue_count == issues)
        return result;
    issue = k->c->issues[issues];
    call_forget_issues(k->c, issues);
    return fail_at(k->c, result, where(k, at), issue.line, issue.column, "%.*s (%.*s)",
                   STR_ARG(issue.text), STR_ARG(where(k, at)));
}

static Fail compile_path(Compiler *k, uint32_t at, const PathProgram **out)
{
    uint32_t issues = k->c->issue_count;
    Str      unknown;
    Fail     result;

    if (value_at(k, at)->kind != JSON_STRING || value_at(k, at)->text.len == 0)
        return refuse(k, FAIL_STRUCTURE, at, "This must be an expression");
    result = path_compile(k->c, k->c->arena, value_at(k, at)->text, out);
    if (result != OK)
        return tell_place(k, at, result, issues);
    if (!path_knows_variables(*out, k->variables, k->plan->variable_count, &unknown))
        return fail(k->c, FAIL_VALUE, where(k, at), "There is no constant '%.*s'",
                    STR_ARG(unknown));
    return OK;
}

static Fail one_path(Compiler *k, uint32_t at, ViewStep *step)
{
    const PathProgram **path = NEW(k->c->arena, const PathProgram *);

    TRY(compile_path(k, at, path));
    step->paths = path;
    step->path_count = 1;
    return OK;
}

/* ---- constants ---- */

static bool constant_value(Call *c, const JsonValue *v, Str type, PathValue *out)
{
    static const struct {
        Str      type;
        TimeForm form;
        PathKind kind;
    } times[] = {
        { STR_INIT("Date"), TIME_DATE, PATH_DATE },
        { STR_INIT("DateTime"), TIME_DATE_TIME, PATH_DATE_TIME },
        { STR_INIT("Instant"), TIME_DATE_TIME, PATH_DATE_TIME },
        { STR_INIT("Time"), TIME_CLOCK, PATH_TIME },
    };
    Decimal d;
    int64_t whole;

    (void)c;
    if (v->kind == JSON_TRUE || v->kind == JSON_FALSE) {
        *out = (PathValue){ .kind = PATH_BOOLEAN, .truth = v->kind == JSON_TRUE };
        return str_equal(type, STR("Boolean"));
    }
    if (v->kind == JSON_NUMBER) {
        if (!decimal_read(v->text, &d))
            return false;
        *out = (PathValue){ .kind = PATH_DECIMAL, .scale = d.scale, .digits = d.digits };
        if (str_equal(type, STR("Decimal")))
            return true;
        if (!decimal_to_integer(d, &whole))
            return false;
        *out = (PathValue){ .kind = PATH_INTEGER, .integer = whole };
        return true;
    }
    for (size_t i = 0; i < COUNT(times); i++)
        if (str_equal(type, times[i].type)) {
            *out = (PathValue){ .kind = (uint8_t)times[i].kind };
            return path_time_read(v->text, times[i].form, &out->time);
        }
    *out = (PathValue){ .kind = PATH_STRING, .text = v->text };
    return v->kind == JSON_STRING;
}

static Fail add_constant(Compiler *k, uint32_t object)
{
    PathValue *value = NEW(k->c->arena, PathValue);
    Str        name = json_member_text(k->json, object, STR("name"));
    uint32_t   found = 0;

    if (name.len == 0)
        return refuse(k, FAIL_REQUIRED, object, "A constant needs a name");
    for (uint32_t i = object + 1; i < value_at(k, object)->after; i = value_at(k, i)->after) {
        if (!str_starts(value_at(k, i)->key, STR("value")))
            continue;
        if (found)
            return refuse(k, FAIL_STRUCTURE, i, "A constant has one value");
        found = i;
    }
    if (!found)
        return refuse(k, FAIL_REQUIRED, object, "A constant needs a value");
    if (!constant_value(k->c, value_at(k, found), str_skip(value_at(k, found)->key, 5), value))
        return refuse(k, FAIL_VALUE, found, "This is no value of that type");
    k->variables[k->plan->variable_count++] = (PathVariable){ name, { value, 1 } };
    return OK;
}

static Fail read_constants(Compiler *k)
{
    static PathValue zero = { .kind = PATH_INTEGER };
    uint32_t         list;

    TRY(member(k, k->root, "constant", JSON_ARRAY, &list));
    k->variables =
        NEW_ARRAY(k->c->arena, PathVariable, 1 + (list ? value_at(k, list)->count : 0));
    k->plan->variables = k->variables;
    k->variables[k->plan->variable_count++] = (PathVariable){ STR("rowIndex"), { &zero, 1 } };
    for (uint32_t i = list + 1; list && i < value_at(k, list)->after; i = value_at(k, i)->after)
        TRY(add_constant(k, i));
    return OK;
}

static Fail read_conditions(Compiler *k)
{
    const PathProgram **paths;
    uint32_t            list, path;

    TRY(member(k, k->root, "where", JSON_ARRAY, &list));
    if (!list)
        return OK;
    paths = NEW_ARRAY(k->c->arena, const PathProgram *, value_at(k, list)->count);
    k->plan->conditions = paths;
    for (uint32_t i = list + 1; i < value_at(k, list)->after; i = value_at(k, i)->after) {
        TRY(member(k, i, "path", JSON_STRING, &path));
        if (!path)
            return refuse(k, FAIL_REQUIRED, i, "A condition needs a path");
        TRY(compile_path(k, path, &paths[k->plan->condition_count]));
        k->plan->condition_count++;
    }
    return OK;
}

/* ---- columns ---- */

static bool is_name(Str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char ch = name.at[i];
        bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');

        if (!letter && (i == 0 || (ch != '_' && (ch < '0' || ch > '9'))))
            return false;
    }
    return name.len > 0 && name.len <= 255;
}

static ViewKind kind_of(Str type)
{
    static const struct {
        Str      type;
        ViewKind kind;
    } kinds[] = {
        { STR_INIT("boolean"), VIEW_BOOLEAN },     { STR_INIT("integer"), VIEW_INTEGER },
        { STR_INIT("integer64"), VIEW_INTEGER },   { STR_INIT("unsignedInt"), VIEW_INTEGER },
        { STR_INIT("positiveInt"), VIEW_INTEGER }, { STR_INIT("decimal"), VIEW_DECIMAL },
    };
    Str space;

    str_cut_last(type, '/', &space, &type);
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_equal(type, kinds[i].type))
            return kinds[i].kind;
    return type.len ? VIEW_TEXT : VIEW_ANY;
}

/* In the second and later branches of a unionAll a column is the one at its place in the first. */
static Fail place_column(Compiler *k, uint32_t at, ViewColumn column)
{
    ViewPlan *plan = k->plan;

    if (k->column < plan->column_count) {
        if (!str_equal(k->columns[k->column].name, column.name))
            return refuse(k, FAIL_VALUE, at,
                          "The branches of a unionAll must have the same columns");
        k->column++;
        return OK;
    }
    for (uint32_t i = 0; i < plan->column_count; i++)
        if (str_equal(k->columns[i].name, column.name))
            return refuse(k, FAIL_DUPLICATE, at, "There is a column of that name already");
    if (plan->column_count == LIMIT_VIEW_COLUMNS)
        return refuse(k, FAIL_TOO_COSTLY, at, "The view has too many columns");
    if (plan->column_count == k->column_room) {
        uint32_t room = k->column_room ? k->column_room * 2 : STEPS_AT_FIRST;

        k->columns = arena_grow(k->c->arena, k->columns, k->column_room * sizeof *k->columns,
                                room * sizeof *k->columns);
        k->column_room = room;
    }
    k->columns[plan->column_count++] = column;
    k->column++;
    return OK;
}

static Fail add_column(Compiler *k, uint32_t object, uint16_t slot)
{
    ViewColumn column = { 0 };
    uint32_t   name, path, type;
    ViewStep  *step;

    TRY(check_members(k, object, column_members));
    TRY(member(k, object, "name", JSON_STRING, &name));
    TRY(member(k, object, "path", JSON_STRING, &path));
    TRY(member(k, object, "type", JSON_STRING, &type));
    TRY(truth_member(k, object, "collection", &column.collection));
    if (!name || !path)
        return refuse(k, FAIL_REQUIRED, object, "A column needs a name and a path");
    column.name = value_at(k, name)->text;
    column.kind = (uint8_t)(type ? kind_of(value_at(k, type)->text) : VIEW_ANY);
    if (!is_name(column.name))
        return refuse(k, FAIL_VALUE, name,
                      "A column's name is a letter, then letters, digits and '_'");
    TRY(place_column(k, name, column));
    step = emit(k, VIEW_COLUMN);
    step->from = slot;
    step->column = (uint16_t)(k->column - 1);
    return one_path(k, path, step);
}

/* ---- selects ---- */

static Fail repeat_paths(Compiler *k, uint32_t list, ViewStep *step)
{
    const PathProgram **paths =
        NEW_ARRAY(k->c->arena, const PathProgram *, value_at(k, list)->count + 1);

    step->repeats = true;
    step->paths = paths;
    for (uint32_t i = list + 1; i < value_at(k, list)->after; i = value_at(k, i)->after)
        TRY(compile_path(k, i, &paths[step->path_count++]));
    return OK;
}

/* The focus of what is in a select: its parent's, or each of what its paths find. */
static Fail begin_focus(Compiler *k, uint32_t object, uint16_t *slot)
{
    uint32_t  each, or_null, repeat, found;
    ViewStep *step;

    TRY(member(k, object, "forEach", JSON_STRING, &each));
    TRY(member(k, object, "forEachOrNull", JSON_STRING, &or_null));
    TRY(member(k, object, "repeat", JSON_ARRAY, &repeat));
    found = each | or_null | repeat;
    if (!found)
        return OK;
    if ((each && or_null) || (each && repeat) || (or_null && repeat))
        return refuse(k, FAIL_STRUCTURE, object,
                      "Only one of forEach, forEachOrNull and repeat can stand here");
    step = emit(k, VIEW_EACH);
    step->or_null = or_null != 0;
    step->from = *slot;
    step->slot = *slot = (uint16_t)k->plan->slots++;
    return repeat ? repeat_paths(k, repeat, step) : one_path(k, found, step);
}

static Fail open_select(Compiler *k, uint32_t object, uint16_t slot)
{
    uint32_t list;
    Open    *f;

    TRY(check_members(k, object, select_members));
    if (k->depth == SELECTS_OPEN || k->plan->slots == UINT16_MAX)
        return refuse(k, FAIL_TOO_COSTLY, object, "Too many selects lie in each other");
    TRY(begin_focus(k, object, &slot));
    TRY(member(k, object, "column", JSON_ARRAY, &list));
    for (uint32_t i = list + 1; list && i < value_at(k, list)->after; i = value_at(k, i)->after)
        TRY(add_column(k, i, slot));
    TRY(member(k, object, "select", JSON_ARRAY, &list));
    f = &k->open[k->depth++];
    *f = (Open){ .object = object, .slot = slot };
    if (list) {
        f->next = list + 1;
        f->end = value_at(k, list)->after;
    }
    return OK;
}

/* Behind the last inner select come the branches. */
static Fail begin_branches(Compiler *k, Open *f)
{
    uint32_t list;

    TRY(member(k, f->object, "unionAll", JSON_ARRAY, &list));
    f->branches = true;
    f->column = k->column;
    f->next = list ? list + 1 : 0;
    f->end = list ? value_at(k, list)->after : 0;
    return OK;
}

static Fail end_branch(Compiler *k, Open *f)
{
    uint32_t width = k->column - f->column;

    if (f->branch == 1)
        f->width = width;
    if (f->branch > 1 && width != f->width)
        return refuse(k, FAIL_VALUE, f->object,
                      "The branches of a unionAll must have the same columns");
    if (f->branch == 0 || f->next >= f->end)
        return OK;
    emit(k, VIEW_GO)->to = f->go_at; /* a list of those whose goal is not known yet */
    f->go_at = k->plan->step_count - 1;
    k->steps[f->or_at].to = k->plan->step_count;
    k->column = f->column;
    return OK;
}

static Fail next_branch(Compiler *k, Open *f)
{
    uint32_t child = f->next;

    TRY(end_branch(k, f));
    if (child >= f->end) {
        for (uint32_t at = f->go_at, next; at; at = next) {
            next = k->steps[at].to;
            k->steps[at].to = k->plan->step_count;
        }
        k->depth--;
        return OK;
    }
    f->branch++;
    f->next = value_at(k, child)->after;
    if (f->next < f->end) {
        emit(k, VIEW_OR);
        f->or_at = k->plan->step_count - 1;
    }
    return open_select(k, child, f->slot);
}

static Fail lay_out(Compiler *k, uint32_t first)
{
    TRY(open_select(k, first, 0));
    while (k->depth) {
        Open    *f = &k->open[k->depth - 1];
        uint32_t child = f->next;

        if (f->branches) {
            TRY(next_branch(k, f));
        } else if (child < f->end) {
            f->next = value_at(k, child)->after;
            TRY(open_select(k, child, f->slot));
        } else {
            TRY(begin_branches(k, f));
        }
    }
    return OK;
}

Fail view_compile(Call *c, const Json *json, uint32_t object, const ViewPlan **out)
{
    Compiler *k = NEW(c->arena, Compiler);
    uint32_t  list;
    Str       type;

    *k = (Compiler){ .c = c, .json = json, .root = object, .plan = NEW(c->arena, ViewPlan) };
    if (value_at(k, object)->kind != JSON_OBJECT)
        return refuse(k, FAIL_STRUCTURE, object, "A ViewDefinition is an object");
    type = json_member_text(json, object, STR("resource"));
    k->plan->type = type_find(type);
    if (!type_is_resource(k->plan->type) || !type_is_record(k->plan->type))
        return refuse(k, type.len ? FAIL_VALUE : FAIL_REQUIRED, object,
                      "ViewDefinition.resource must name a resource type of R4");
    k->plan->slots = 1;
    TRY(read_constants(k));
    TRY(read_conditions(k));
    TRY(member(k, object, "select", JSON_ARRAY, &list));
    for (uint32_t i = list + 1; list && i < value_at(k, list)->after; i = value_at(k, i)->after)
        TRY(lay_out(k, i));
    if (!k->plan->column_count)
        return refuse(k, FAIL_REQUIRED, object, "A view needs a column at least");
    emit(k, VIEW_ROW);
    k->plan->steps = k->steps;
    k->plan->columns = k->columns;
    *out = k->plan;
    return OK;
}

TypeId view_type(const ViewPlan *plan)
{
    return plan->type;
}

const ViewColumn *view_columns(const ViewPlan *plan, uint32_t *count)
{
    *count = plan->column_count;
    return plan->columns;
}
