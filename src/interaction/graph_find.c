/*
 * What a field of a GraphQL query stands for: an element, what a reference leads to, or what a search
 * finds. Each look at the store is a read or a search of its own, with the caller's permit for that type.
 * R4 graphql.html
 */
#include "base/limits.h"
#include "codec/url.h"
#include "fhir/reference.h"
#include "interaction/graphql.h"

void graph_found_add(const Graph *g, GraphFound *found, GraphSource source)
{
    if (found->count == found->room) {
        uint32_t room = found->room ? found->room * 2 : 8;

        found->at = arena_grow(g->c->arena, found->at, found->room * sizeof *found->at,
                               room * sizeof *found->at);
        found->room = room;
    }
    found->at[found->count++] = source;
}

static void add_scalar(const Graph *g, GraphFound *found, Str json)
{
    graph_found_add(g, found, (GraphSource){ .kind = GRAPH_SCALAR, .json = json });
}

static void add_text(const Graph *g, GraphFound *found, Str text)
{
    Buf json = buf_new(g->c->arena, text.len + 2);

    if (!text.len)
        return;
    buf_put_json_string(&json, text);
    add_scalar(g, found, buf_str(&json));
}

/* ---- resources ---- */

Fail graph_permit(Graph *g, Deed deed, TypeId type, Permit *out)
{
    TRY(access_permit(g->c, g->turn->principal, deed, type, out));
    if (out->reach == REACH_PATIENT)
        g->answer->patient = arena_str(g->c->arena, str_from(out->patient));
    return OK;
}

static Fail take_version(Graph *g, const Version *version, GraphSource *out)
{
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES, .trusted = true };
    Resource    resource;

    if (++g->read > LIMIT_INCLUDED)
        return fail(g->c, FAIL_TOO_COSTLY, (Str){ 0 }, "a query may read %d resources at most",
                    LIMIT_INCLUDED);
    TRY(resource_read(g->c, version->body, &options, &resource));
    TRY(answer_touch(g->c, g->s, g->answer, version, 1));
    g->answer->rows++;
    *out = (GraphSource){ .kind = GRAPH_NODE, .tree = resource.tree, .node = resource.root };
    return OK;
}

Fail graph_read(Graph *g, const Permit *permit, TypeId type, Str id, GraphSource *out)
{
    Version version;

    TRY(store_read(g->c, g->s, permit, type, id, &version));
    if (version.deleted)
        return fail(g->c, FAIL_GONE, (Str){ 0 }, "%.*s/%.*s was deleted",
                    STR_ARG(type_name(type)), STR_ARG(id));
    return take_version(g, &version, out);
}

static bool find_contained(const GraphSource *of, Str id, GraphSource *out)
{
    Resource r = { .tree = of->tree };

    for (uint32_t n = node_child(&r, 0, STR("contained")); n; n = node_next_same(&r, n))
        if (str_equal(node_child_text(&r, n, STR("id")), id)) {
            *out = (GraphSource){ .kind = GRAPH_NODE, .tree = of->tree, .node = n };
            return true;
        }
    return false;
}

/* Reference.resource(optional, type). What may not be read is as if it were not there. */
static Fail find_referred(Graph *g, const GraphNode *n, const GraphSource *of, GraphFound *out)
{
    Resource  r = { .tree = of->tree };
    Reference to =
        reference_parse(node_child_text(&r, of->node, STR("reference")), g->turn->asked->base);
    Str         optional, type;
    bool        there, typed;
    uint32_t    issues = g->c->issue_count;
    GraphSource found;
    Permit      permit;
    Fail        result = FAIL_NOT_FOUND;

    out->objects = true;
    TRY(graph_argument(g, n, STR("optional"), &optional, &there));
    TRY(graph_argument(g, n, STR("type"), &type, &typed));
    if (to.form == REFERENCE_CONTAINED)
        result = find_contained(of, str_skip(to.text, 1), &found) ? OK : FAIL_NOT_FOUND;
    else if (to.form == REFERENCE_LOCAL && typed && !str_equal(type, type_name(to.type)))
        return OK;
    else if (to.form == REFERENCE_LOCAL)
        result = graph_permit(g, DEED_READ, to.type, &permit);
    if (result == OK && to.form == REFERENCE_LOCAL)
        result = graph_read(g, &permit, to.type, to.id, &found);
    if (result == FAIL_NOT_FOUND || result == FAIL_FORBIDDEN || result == FAIL_GONE) {
        call_forget_issues(g->c, issues);
        if (there && str_equal(optional, STR("true")))
            return OK;
        return graphql_fail(g->c, &g->d, n->place, FAIL_UNPROCESSABLE,
                            "a reference leads to nothing that can be read here");
    }
    TRY(result);
    if (!typed || str_equal(type, type_name(found.tree->nodes[found.node].type)))
        graph_found_add(g, out, found);
    return OK;
}

/* ---- searches ---- */

/* Names have '_' where search parameters have '-'. */
static void put_param(Buf *out, Str name, Str value)
{
    if (out->len)
        buf_put_char(out, '&');
    for (size_t i = 0; i < name.len; i++)
        buf_put_char(out, name.at[i] == '_' && i ? '-' : name.at[i]);
    buf_put_char(out, '=');
    url_encode(out, value);
}

static Fail search_words(Graph *g, const GraphNode *n, Str referrer, Buf *out)
{
    bool back = false, there;
    Str  text;

    for (uint32_t i = n->argument; i < n->argument + n->argument_count; i++) {
        const GraphArgument *a = &g->d.arguments[i];

        TRY(graph_text(g, a->value, n->place, &text, &there));
        if (!there)
            continue;
        if (referrer.len && str_equal(a->name, STR("_reference"))) {
            put_param(out, text, referrer);
            back = true;
        } else {
            put_param(out, str_equal(a->name, STR("_cursor")) ? STR("_page") : a->name, text);
        }
    }
    if (referrer.len && !back)
        return graphql_fail(g->c, &g->d, n->place, FAIL_REQUIRED,
                            "the argument _reference must name the search parameter");
    return OK;
}

/* Whether a field of that name is selected anywhere: by a fragment, or by another selection that is merged
 * with this one. What matches is counted only then. */
static bool selects(const Graph *g, Str name)
{
    for (uint32_t i = 0; i < g->d.node_count; i++)
        if (str_equal(g->d.nodes[i].name, name))
            return true;
    return false;
}

static Fail search(Graph *g, const GraphNode *n, TypeId type, Str referrer, GraphPage *out)
{
    Asked  asked = *g->turn->asked;
    Turn   turn = *g->turn;
    Buf    words = buf_new(g->c->arena, 128);
    Search search;

    if (!type_is_record(type))
        return graphql_fail(g->c, &g->d, n->place, FAIL_NOT_SUPPORTED,
                            "AuditEvents are searched at their own address");
    TRY(search_words(g, n, referrer, &words));
    if (selects(g, STR("count")) && str_find(buf_str(&words), STR("_total=")) < 0)
        put_param(&words, STR("_total"), STR("accurate"));
    asked.method = HTTP_GET;
    asked.type = type;
    asked.id = asked.query = asked.compartment = (Str){ 0 };
    asked.lenient = false;
    turn.asked = &asked;
    TRY(graph_permit(g, DEED_SEARCH, type, &turn.permit));
    TRY(search_read(g->c, g->s, &turn, buf_str(&words), &search));
    out->size = search.count ? search.queries[0].page_count : 0;
    return store_search_page(g->c, g->s, &turn.permit, &search, &out->page);
}

/* "ConditionList" and "ConditionConnection"; *type 0 if it is neither. */
static bool read_listing(Str name, TypeId *type)
{
    const Str list = STR("List"), connection = STR("Connection");
    bool      connects = str_ends(name, connection);

    *type = 0;
    if (connects)
        *type = type_find(str_slice(name, 0, name.len - connection.len));
    else if (str_ends(name, list) && name.len > list.len)
        *type = type_find(str_slice(name, 0, name.len - list.len));
    return connects;
}

static Fail find_searched(Graph *g, const GraphNode *n, TypeId type, Str referrer,
                          bool connects, GraphFound *out)
{
    GraphPage  *page = NEW(g->c->arena, GraphPage);
    GraphSource source;

    TRY(search(g, n, type, referrer, page));
    out->objects = true;
    out->many = !connects;
    if (connects)
        graph_found_add(g, out, (GraphSource){ .kind = GRAPH_PAGE, .page = page });
    for (size_t i = 0; !connects && i < page->page.count; i++) {
        TRY(take_version(g, &page->page.versions[i], &source));
        graph_found_add(g, out, source);
    }
    return OK;
}

static Fail unknown(const Graph *g, const GraphNode *n, Str of)
{
    return graphql_fail(g->c, &g->d, n->place, FAIL_VALUE, "%.*s has no field '%.*s'",
                        STR_ARG(of), STR_ARG(str_slice(n->name, 0, 100)));
}

static Fail find_at_system(Graph *g, const GraphNode *n, GraphFound *out)
{
    TypeId      type = type_find(n->name), listed;
    bool        connects = read_listing(n->name, &listed), there;
    GraphSource source;
    Permit      permit;
    Fail        result;
    Str         id;

    if (listed && (!type || n->argument_count == 0))
        return find_searched(g, n, listed, (Str){ 0 }, connects, out);
    if (!type)
        return unknown(g, n, STR("Query"));
    TRY(graph_argument(g, n, STR("id"), &id, &there));
    if (!there)
        TRY(graph_argument(g, n, STR("_id"), &id, &there));
    if (!there)
        return graphql_fail(g->c, &g->d, n->place, FAIL_REQUIRED,
                            "the argument id must say which");
    result = graph_permit(g, DEED_READ, type, &permit);
    if (result == OK)
        result = graph_read(g, &permit, type, id, &source);
    if (result != OK && type == TYPE_PATIENT) /* who was asked for */
        g->answer->patient = id;
    TRY(result);
    out->objects = true;
    graph_found_add(g, out, source);
    return OK;
}

/* ---- connections ---- */

static void add_number(const Graph *g, GraphFound *out, uint64_t number)
{
    if (number != UINT64_MAX)
        add_scalar(g, out, arena_printf(g->c->arena, "%llu", (unsigned long long)number));
}

static Fail find_in_page(Graph *g, const GraphNode *n, const GraphPage *p, GraphFound *out)
{
    const struct {
        Str name, cursor;
    } cursors[] = {
        { STR("first"), p->page.first },
        { STR("previous"), p->page.previous },
        { STR("next"), p->page.next },
        { STR("last"), p->page.last },
    };
    GraphSource source;

    for (size_t i = 0; i < COUNT(cursors); i++)
        if (str_equal(n->name, cursors[i].name)) {
            add_text(g, out, cursors[i].cursor);
            return OK;
        }
    if (str_equal(n->name, STR("count"))) {
        add_number(g, out, p->page.total);
    } else if (str_equal(n->name, STR("pagesize"))) {
        add_number(g, out, p->size);
    } else if (str_equal(n->name, STR("edges"))) {
        out->many = out->objects = true;
        for (size_t i = 0; i < p->page.count; i++) {
            TRY(take_version(g, &p->page.versions[i], &source));
            source.kind = GRAPH_EDGE;
            graph_found_add(g, out, source);
        }
    } else if (!str_equal(n->name, STR("offset"))) { /* pages here have cursors only */
        return unknown(g, n, STR("A connection"));
    }
    return OK;
}

static Fail find_in_edge(Graph *g, const GraphNode *n, const GraphSource *of, GraphFound *out)
{
    GraphSource resource = *of;

    if (str_equal(n->name, STR("mode"))) {
        add_text(g, out, STR("match"));
    } else if (str_equal(n->name, STR("resource"))) {
        resource.kind = GRAPH_NODE;
        out->objects = true;
        graph_found_add(g, out, resource);
    } else if (!str_equal(n->name, STR("score"))) { /* nothing is scored here */
        return unknown(g, n, STR("An edge"));
    }
    return OK;
}

/* ---- elements ---- */

/* Keeps the items that an argument lets through. */
static Fail keep_equal(Graph *g, Str name, Str wanted, GraphFound *found)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < found->count; i++) {
        Resource r = { .tree = found->at[i].tree };

        for (uint32_t n = node_child(&r, found->at[i].node, name); n; n = node_next_same(&r, n))
            if (str_equal(node_text(node_at(&r, n)), wanted)) {
                found->at[kept++] = found->at[i];
                break;
            }
    }
    found->count = kept;
    (void)g;
    return OK;
}

static Fail keep_true(Graph *g, Str expression, GraphFound *found)
{
    const PathProgram *program;
    uint32_t           kept = 0;

    TRY(path_compile(g->c, g->c->arena, expression, &program));
    for (uint32_t i = 0; i < found->count; i++) {
        Resource   r = { .tree = found->at[i].tree };
        PathValues values;
        PathValue  plain;

        TRY(path_run_node(g->c, program, &r, found->at[i].node, &values));
        if (values.count != 1)
            continue;
        plain = path_plain(g->c, values.at[0]);
        if (plain.kind != PATH_BOOLEAN || plain.truth)
            found->at[kept++] = found->at[i];
    }
    found->count = kept;
    return OK;
}

static Fail keep_slice(Graph *g, const GraphNode *n, Str name, Str text, GraphFound *found)
{
    uint64_t number;

    if (!str_to_u64(text, &number))
        return graphql_fail(g->c, &g->d, n->place, FAIL_VALUE, "%.*s is a whole number",
                            STR_ARG(name));
    if (number > found->count)
        number = found->count;
    if (str_equal(name, STR("_count"))) {
        found->count = (uint32_t)number;
    } else {
        found->at += number;
        found->count -= (uint32_t)number;
        found->room = found->count;
    }
    return OK;
}

static Fail keep(Graph *g, const GraphNode *n, TypeId type, GraphFound *found)
{
    for (uint32_t i = n->argument; i < n->argument + n->argument_count; i++) {
        const GraphArgument *a = &g->d.arguments[i];
        bool                 there;
        Str                  text;

        TRY(graph_text(g, a->value, n->place, &text, &there));
        if (!there)
            continue;
        if (str_equal(a->name, STR("fhirpath")))
            TRY(keep_true(g, text, found));
        else if (str_equal(a->name, STR("_count")) || str_equal(a->name, STR("_offset")))
            TRY(keep_slice(g, n, a->name, text, found));
        else if (structure_element(type, a->name))
            TRY(keep_equal(g, a->name, text, found));
        else
            return graphql_fail(g->c, &g->d, n->place, FAIL_VALUE,
                                "the argument %.*s is not understood here",
                                STR_ARG(str_slice(a->name, 0, 100)));
    }
    return OK;
}

static Fail find_elements(Graph *g, const GraphNode *n, const GraphSource *of, GraphFound *out)
{
    const Node    *nodes = of->tree->nodes;
    TypeId         type = nodes[of->node].type;
    bool           extra = str_starts(n->name, STR("_"));
    Str            name = extra ? str_skip(n->name, 1) : n->name;
    const Element *element = structure_element(type, name);

    if (!element || (extra && structure(element->type)->kind != STRUCTURE_PRIMITIVE))
        return unknown(g, n, type_name(type));
    out->many = element->many;
    out->objects = extra || structure(element->type)->kind != STRUCTURE_PRIMITIVE;
    for (uint32_t i = nodes[of->node].first; i; i = nodes[i].next)
        if (str_equal(nodes[i].element->name, name) && (extra ? nodes[i].extra : nodes[i].json))
            graph_found_add(g, out,
                            (GraphSource){ .kind = GRAPH_NODE, .tree = of->tree, .node = i });
    TRY(keep(g, n, element->type, out));
    for (uint32_t i = 0; !out->objects && i < out->count; i++) {
        const JsonValue *json = nodes[out->at[i].node].json;

        out->at[i].kind = GRAPH_SCALAR;
        out->at[i].json = str_slice(of->tree->json.source, json->from, json->to);
    }
    return OK;
}

static Fail find_in_node(Graph *g, const GraphNode *n, const GraphSource *of, GraphFound *out)
{
    TypeId   type = of->tree->nodes[of->node].type, listed;
    bool     connects;
    Resource r = { .tree = of->tree };
    Str      id;

    if (type == TYPE_REFERENCE && str_equal(n->name, STR("resource")))
        return find_referred(g, n, of, out);
    if (!type_is_resource(type))
        return find_elements(g, n, of, out);
    if (str_equal(n->name, STR("resourceType"))) {
        add_text(g, out, type_name(type));
        return OK;
    }
    connects = read_listing(n->name, &listed);
    id = node_child_text(&r, of->node, STR("id"));
    if (!listed || of->node)
        return find_elements(g, n, of, out);
    return find_searched(
        g, n, listed,
        arena_printf(g->c->arena, "%.*s/%.*s", STR_ARG(type_name(type)), STR_ARG(id)), connects,
        out);
}

Fail graph_find(Graph *g, const GraphNode *n, const GraphSource *of, GraphFound *out)
{
    *out = (GraphFound){ 0 };
    if (str_equal(n->name, STR("__typename"))) {
        add_text(g, out,
                 of->kind == GRAPH_NODE     ? type_name(of->tree->nodes[of->node].type)
                 : of->kind == GRAPH_SYSTEM ? STR("Query")
                 : of->kind == GRAPH_PAGE   ? STR("Connection")
                                            : STR("Edge"));
        return OK;
    }
    switch (of->kind) {
    case GRAPH_SYSTEM: return find_at_system(g, n, out);
    case GRAPH_PAGE: return find_in_page(g, n, of->page, out);
    case GRAPH_EDGE: return find_in_edge(g, n, of, out);
    default: return find_in_node(g, n, of, out);
    }
}
