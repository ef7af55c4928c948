/* The functions FHIR adds to FHIRPath, and what they ask of others. R4 fhirpath.html#functions */
#include "fhir/fhirpath_machine.h"
#include "fhir/reference.h"

/* The extensions of the focus with that url. */
static Fail extension(PathMachine *m, const PathSpan *a)
{
    Str  url;
    bool there;

    TRY(path_one_string(m, &a[1], &url, &there));
    for (uint32_t i = 0; there && i < a[0].count; i++) {
        PathValue v = path_at(m, &a[0], i);
        Resource  r = { .tree = v.tree };

        if (v.kind != PATH_NODE)
            continue;
        for (uint32_t n = node_child(&r, v.node, STR("extension")); n;
             n = node_next_same(&r, n))
            if (str_equal(node_child_text(&r, n, STR("url")), url))
                path_give(m, path_node(v.tree, n));
        TRY(path_work(m, 1));
    }
    return OK;
}

static bool has_value(PathMachine *m, PathValue v)
{
    return path_plain(m->call, v).kind != PATH_NODE;
}

static Fail value_there(PathMachine *m, const PathSpan *a)
{
    path_give(m, path_truth(a->count == 1 && has_value(m, path_at(m, a, 0))));
    return OK;
}

static Fail get_value(PathMachine *m, const PathSpan *a)
{
    if (a->count == 1 && has_value(m, path_at(m, a, 0)))
        path_give(m, path_plain(m->call, path_at(m, a, 0)));
    return OK;
}

/* Narrative that could not be read was refused at the door: all that stands in a tree is sound. */
static Fail html_checks(PathMachine *m, const PathSpan *a)
{
    if (a->count == 1)
        path_give(m, path_truth(has_value(m, path_at(m, a, 0))));
    return OK;
}

/* --- references -------------------------------------------------------------------------- */

static Str reference_text(PathValue v)
{
    Resource r = { .tree = v.tree };

    if (v.kind == PATH_STRING)
        return v.text;
    if (v.kind != PATH_NODE)
        return (Str){ 0 };
    if (structure(v.tree->nodes[v.node].type)->kind == STRUCTURE_PRIMITIVE)
        return node_text(&v.tree->nodes[v.node]);
    return node_child_text(&r, v.node, STR("reference"));
}

/* The contained resource of that id, of the resource that contains the node. */
static bool find_contained(PathMachine *m, PathValue v, Str id, PathValue *out)
{
    const Tree *tree = v.kind == PATH_NODE ? v.tree : m->context->root_resource.tree;
    Resource    r = { .tree = tree };
    uint32_t    at = v.kind == PATH_NODE ? v.node : m->context->root_resource.node;

    if (!tree)
        return false;
    for (;; at = tree->nodes[at].parent) {
        for (uint32_t n = node_child(&r, at, STR("contained")); n; n = node_next_same(&r, n))
            if (str_equal(node_child_text(&r, n, STR("id")), id)) {
                *out = path_node(tree, n);
                return true;
            }
        if (at == 0)
            break;
    }
    if (id.len)
        return false;
    *out = m->context->root_resource;
    return out->tree != NULL;
}

/* An entry of the Bundle that the node lies in, by fullUrl or by type and id. */
static bool find_entry(PathValue v, Str reference, PathValue *out)
{
    Resource r = { .tree = v.tree };

    if (v.kind != PATH_NODE || v.tree->nodes[0].type != TYPE_BUNDLE)
        return false;
    for (uint32_t e = node_child(&r, 0, STR("entry")); e; e = node_next_same(&r, e)) {
        uint32_t inner = node_child(&r, e, STR("resource"));
        Str      url = node_child_text(&r, e, STR("fullUrl")), type, id;

        if (!inner)
            continue;
        if (str_equal(url, reference)
            || (str_cut(reference, '/', &type, &id)
                && str_equal(type, type_name(v.tree->nodes[inner].type))
                && str_equal(id, node_child_text(&r, inner, STR("id"))))) {
            *out = path_node(v.tree, inner);
            return true;
        }
    }
    return false;
}

static Fail resolve(PathMachine *m, const PathSpan *a)
{
    const PathHooks *hooks = m->context->hooks;

    for (uint32_t i = 0; i < a->count; i++) {
        PathValue v = path_at(m, a, i), found = { .kind = PATH_KINDS };
        Str       reference = reference_text(v);

        TRY(path_work(m, 16));
        if (!reference.at)
            continue;
        if (str_starts(reference, STR("#")))
            find_contained(m, v, str_skip(reference, 1), &found);
        else if (!find_entry(v, reference, &found) && hooks && hooks->resolve)
            TRY(hooks->resolve(m->call, hooks->context, reference, &found));
        if (found.kind != PATH_KINDS)
            path_give(m, found);
    }
    return OK;
}

/* SQL on FHIR's two functions: what joins the rows of views. A key names type and id. */
static void give_key(PathMachine *m, TypeId type, Str id)
{
    Str name = type_name(type);
    Buf key = buf_new(m->call->arena, name.len + id.len + 1);

    buf_put(&key, name);
    buf_put_char(&key, '/');
    buf_put(&key, id);
    path_give(m, path_string(buf_str(&key)));
}

static Fail resource_key(PathMachine *m, const PathSpan *a)
{
    for (uint32_t i = 0; i < a->count; i++) {
        PathValue v = path_at(m, a, i);
        Resource  r = { .tree = v.tree };
        Str       id;

        if (v.kind != PATH_NODE || !type_is_resource(v.tree->nodes[v.node].type))
            continue;
        id = node_child_text(&r, v.node, STR("id"));
        if (id.len)
            give_key(m, v.tree->nodes[v.node].type, id);
    }
    return path_work(m, a->count);
}

void path_give_key(PathMachine *m, PathValue reference, Str type)
{
    Str       text = reference_text(reference), space;
    Reference to = reference_parse(text, (Str){ 0 });

    str_cut_last(type, '.', &space, &type);
    if (to.form != REFERENCE_LOCAL || (type.len && !str_equal(type, type_name(to.type))))
        return;
    give_key(m, to.type, to.id);
}

/* --- what others know -------------------------------------------------------------------- */

static Fail member_of(PathMachine *m, const PathSpan *a)
{
    const PathHooks *hooks = m->context->hooks;
    Str              value_set;
    bool             there, known = false, member;
    PathValue        v;

    TRY(path_one_string(m, &a[1], &value_set, &there));
    if (!there || a[0].count == 0)
        return OK;
    if (a[0].count > 1)
        return path_fail(m, "a single code is needed");
    v = path_at(m, &a[0], 0);
    if (hooks && hooks->member_of)
        TRY(hooks->member_of(m->call, hooks->context, &v, value_set, &known, &member));
    if (!known)
        return path_fail(m, "the value set is not known here");
    path_give(m, path_truth(member));
    return OK;
}

static const Str core = STR_INIT("http://hl7.org/fhir/StructureDefinition/");

/* conformsTo(): the standard's own types were checked when the resource was read; profiles are the
 * hook's. */
static Fail conforms_to(PathMachine *m, const PathSpan *a)
{
    const PathHooks *hooks = m->context->hooks;
    Str              profile;
    bool             there, known = false, conforms;
    PathValue        v;

    TRY(path_one_string(m, &a[1], &profile, &there));
    if (!there || a[0].count == 0)
        return OK;
    if (a[0].count > 1)
        return path_fail(m, "a single value is needed");
    v = path_at(m, &a[0], 0);
    if (v.kind == PATH_NODE && str_starts(profile, core)
        && structure_find(str_skip(profile, core.len))) {
        known = true;
        conforms = path_type_is(v.tree->nodes[v.node].type, str_skip(profile, core.len));
    } else if (hooks && hooks->conforms_to) {
        TRY(hooks->conforms_to(m->call, hooks->context, &v, profile, &known, &conforms));
    }
    if (!known)
        return path_fail(m, "the profile is not known here");
    path_give(m, path_truth(conforms));
    return OK;
}

const PathFunction path_functions_fhir[] = {
    { STR_INIT("extension"), 1, 1, LOOP_NONE, extension },
    { STR_INIT("hasValue"), 0, 0, LOOP_NONE, value_there },
    { STR_INIT("getValue"), 0, 0, LOOP_NONE, get_value },
    { STR_INIT("htmlChecks"), 0, 0, LOOP_NONE, html_checks },
    { STR_INIT("htmlChecks2"), 0, 0, LOOP_NONE, html_checks },
    { STR_INIT("resolve"), 0, 0, LOOP_NONE, resolve },
    { STR_INIT("getResourceKey"), 0, 0, LOOP_NONE, resource_key },
    { STR_INIT("memberOf"), 1, 1, LOOP_NONE, member_of },
    { STR_INIT("conformsTo"), 1, 1, LOOP_NONE, conforms_to },
    { { 0 }, 0, 0, LOOP_NONE, NULL },
};
