/* _include and _revinclude: see search_include.h. Standards SRCH-26 to SRCH-28. */
#include "interaction/search_include.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "codec/url.h"
#include "fhir/custom.h"
#include "fhir/index.h"
#include "interaction/met.h"

enum { WISH_CHARS = 255 };

/* What one resource refers to; kept whole, because the rows it was found in are given back. Without a
 * type it is a canonical address, as "url" or "url|version". */
typedef struct Wish {
    TypeId   type;
    uint16_t param; /* whose row it was */
    uint8_t  id_len;
    char     id[WISH_CHARS];
} Wish;

typedef struct Including {
    Session     *session;
    const Turn  *turn;
    const Shape *shape;
    MetSet       met;    /* matches, what is included, and what is not to be had */
    Wish        *wished; /* by the resource that is being looked at */
    size_t       wished_room, wished_count;
    Version     *found;
    size_t       found_room, found_count;
    TypeSet      asked_types, allowed_types; /* whether the caller may have them */
    Permit       permit;                     /* of the type asked for last … */
    TypeId       permit_type;                /* … which is this */
} Including;

/* ---- what the caller may have ---- */

/* Reading and searching are both needed: a search must not give what a read would not. */
static Fail permit_both(Call *c, const Principal *p, TypeId type, Permit *out)
{
    Permit read, search;

    TRY(access_permit(c, p, DEED_READ, type, &read));
    TRY(access_permit(c, p, DEED_SEARCH, type, &search));
    *out = access_both(c, &read, &search);
    out->deed = DEED_SEARCH;
    return OK;
}

static bool allowed(Call *c, Including *in, TypeId type)
{
    uint32_t issues = c->issue_count;

    if (in->permit_type == type)
        return true;
    if (type_set_has(&in->asked_types, type) && !type_set_has(&in->allowed_types, type))
        return false;
    type_set_add(&in->asked_types, type);
    if (permit_both(c, in->turn->principal, type, &in->permit) != OK
        || !type_set_has(&in->permit.types, type)) {
        call_forget_issues(c, issues);
        in->permit_type = 0;
        return false;
    }
    type_set_add(&in->allowed_types, type);
    in->permit_type = type;
    return true;
}

static Fail add_found(Call *c, Including *in, const Version *version)
{
    if (in->found_count == LIMIT_INCLUDED)
        return fail(c, FAIL_TOO_COSTLY, STR("_include"),
                    "more than %d resources would come with one page (LIMIT_INCLUDED); ask for "
                    "smaller pages with _count",
                    LIMIT_INCLUDED);
    if (in->found_count == in->found_room) {
        size_t room = in->found_room ? in->found_room * 2 : 64;

        in->found = arena_grow(c->arena, in->found, in->found_room * sizeof *in->found,
                               room * sizeof *in->found);
        in->found_room = room;
    }
    in->found[in->found_count++] = *version;
    return OK;
}

static Fail fetch(Call *c, Including *in, TypeId type, Str id)
{
    uint32_t issues = c->issue_count;
    Version  version;
    Fail     result;

    if (!allowed(c, in, type) || !met_first(c, &in->met, type, id))
        return OK;
    result = store_read(c, in->session, &in->permit, type, id, &version);
    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        return OK;
    }
    TRY(result);
    return version.deleted ? OK : add_found(c, in, &version);
}

/* ---- forward ---- */

/* Whether what that parameter's rows lead to, if it is of that type, is to come along. */
static bool is_included(const Including *in, TypeId source, bool iterated, uint16_t param,
                        TypeId target)
{
    for (uint32_t i = 0; i < in->shape->include_count; i++) {
        const Include *one = &in->shape->includes[i];

        if (one->reverse || (iterated && !one->iterate)
            || (one->source && one->source != source) || (one->target && one->target != target)
            || (one->param && one->param->only_type && one->param->only_type != target))
            continue;
        if (!one->param || param == one->param->same_as || param == one->param->also)
            return true;
    }
    return false;
}

/* What stands on another server, or under an address of its own, might be a canonical address. */
static bool is_wished(const Including *in, TypeId source, bool iterated, const IndexRow *row)
{
    if (row->kind != ROW_REFERENCE || row->keyed)
        return false;
    if (!row->type)
        return memchr(row->text.at, ':', row->text.len) != NULL;
    return row->id.len && is_included(in, source, iterated, row->param, row->type);
}

static void put_wish(Wish *wish, const IndexRow *row)
{
    Str parts[] = { row->type ? row->id : row->text, row->extra.len ? STR("|") : STR(""),
                    row->extra };

    *wish = (Wish){ .type = row->type, .param = row->param };
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (parts[i].len)
            memcpy(wish->id + wish->id_len, parts[i].at, parts[i].len);
        wish->id_len = (uint8_t)(wish->id_len + parts[i].len);
    }
}

static void wish(Including *in, TypeId source, bool iterated, const IndexRows *rows)
{
    in->wished_count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        const IndexRow *row = &rows->rows[i];

        if (!is_wished(in, source, iterated, row)
            || row->id.len + row->text.len + row->extra.len + 1 > WISH_CHARS)
            continue;
        if (in->wished_count < in->wished_room)
            put_wish(&in->wished[in->wished_count], row);
        in->wished_count++;
    }
}

static Fail derive_wishes(Call *c, Including *in, const Version *version, bool iterated)
{
    ReadOptions options = { .values_max = UINT32_MAX, .trusted = true };
    ArenaMark   mark = arena_mark(c->arena);
    Resource    resource;
    IndexRows   rows;

    TRY(resource_read(c, version->body, &options, &resource));
    TRY(index_derive(c, &resource, in->turn->asked->base, &rows));
    wish(in, version->type, iterated, &rows);
    arena_rewind(c->arena, mark);
    return OK;
}

static void put_criterion(Buf *query, Str name, Str value)
{
    Buf plain = buf_new(query->arena, value.len + 16);

    for (size_t i = 0; i < value.len; i++) {
        if (memchr("\\,|$", value.at[i], 4))
            buf_put_char(&plain, '\\');
        buf_put_char(&plain, value.at[i]);
    }
    if (query->len)
        buf_put_char(query, '&');
    buf_put(query, name);
    buf_put_char(query, '=');
    url_encode(query, buf_str(&plain));
}

/* Looked up in the text: Contract has versions but no search parameter for them, and what is found
 * by a Subscription's url is not its name. */
static Fail is_named(Call *c, const Version *found, Str url, Str version, bool *out)
{
    ReadOptions options = { .values_max = UINT32_MAX, .trusted = true };
    ArenaMark   mark = arena_mark(c->arena);
    Resource    resource;

    TRY(resource_read(c, found->body, &options, &resource));
    *out =
        str_equal(node_child_text(&resource, resource.root, STR("url")), url)
        && (!version.len
            || str_equal(node_child_text(&resource, resource.root, STR("version")), version));
    arena_rewind(c->arena, mark);
    return OK;
}

/* All of that type with the url, and with the version if one is named (R4 references.html#canonical). */
static Fail fetch_by_url(Call *c, Including *in, TypeId type, Str address)
{
    QueryOptions options = { .base = in->turn->asked->base, .hidden = in->permit.masks };
    Buf          text = buf_new(c->arena, 256);
    Str          url = address, version = { 0 };
    Query        query;
    SearchPage   page;

    str_cut_last(address, '|', &url, &version);
    put_criterion(&text, STR("url"), url);
    TRY(query_parse(c, type, buf_str(&text), &options, &query));
    TRY(store_search(c, in->session, &in->permit, &query, &page));
    for (size_t i = 0; i < page.count; i++) {
        bool is_it;

        TRY(is_named(c, &page.versions[i], url, version, &is_it));
        if (is_it)
            TRY(fetch(c, in, type, page.versions[i].id));
    }
    return OK;
}

static bool has_param(TypeId type, Str code, SearchType wanted)
{
    const SearchParam *param = search_param_find(type, code);

    return param && param->indexed && param->type == wanted;
}

static Fail fetch_canonical(Call *c, Including *in, TypeId source, bool iterated,
                            const Wish *wish)
{
    Str address = arena_str(c->arena, (Str){ wish->id, wish->id_len });

    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (targets_contain(search_param_at(wish->param)->targets, type)
            && has_param(type, STR("url"), SEARCH_URI)
            && is_included(in, source, iterated, wish->param, type) && allowed(c, in, type)
            && met_first(c, &in->met, type, address))
            TRY(fetch_by_url(c, in, type, address));
    return OK;
}

static bool has_forward(const Including *in, TypeId source, bool iterated)
{
    for (uint32_t i = 0; i < in->shape->include_count; i++) {
        const Include *one = &in->shape->includes[i];

        if (!one->reverse && (!iterated || one->iterate)
            && (!one->source || one->source == source))
            return true;
    }
    return false;
}

static Fail go_forward(Call *c, Including *in, const Version *version, bool iterated)
{
    if (!has_forward(in, version->type, iterated))
        return OK;
    TRY(derive_wishes(c, in, version, iterated));
    if (in->wished_count > in->wished_room) {
        in->wished_room = in->wished_count;
        in->wished = NEW_ARRAY(c->arena, Wish, in->wished_room);
        TRY(derive_wishes(c, in, version, iterated));
    }
    for (size_t i = 0; i < in->wished_count; i++) {
        const Wish *one = &in->wished[i];

        if (one->type)
            TRY(fetch(c, in, one->type, (Str){ one->id, one->id_len }));
        else
            TRY(fetch_canonical(c, in, version->type, iterated, one));
    }
    return OK;
}

/* ---- back ---- */

enum { PARAMS_MAX = 256 + LIMIT_CUSTOM_PARAMS };

static void add_param(ReferrerQuery *query, uint16_t *params, uint16_t index)
{
    for (size_t i = 0; i < query->param_count; i++)
        if (params[i] == index)
            return;
    ENSURE(query->param_count < PARAMS_MAX);
    params[query->param_count++] = index;
}

static void choose_param(const SearchParam *param, TypeId target, ReferrerQuery *query,
                         uint16_t *params)
{
    if (param->type != SEARCH_REFERENCE || !param->indexed
        || (param->only_type && param->only_type != target)
        || !targets_contain(param->targets, target))
        return;
    add_param(query, params, param->same_as);
    add_param(query, params, param->also);
}

/* The rows to look in: of one parameter, or of every reference that a type has. */
static void choose_params(const Include *one, const MaskSet *hidden, TypeId source,
                          TypeId target, ReferrerQuery *query, uint16_t *params)
{
    uint16_t           count = 1;
    const SearchParam *all = one->param ? one->param : search_params_of(source, &count);
    const CustomSet   *set = custom_set();

    query->params = params;
    query->param_count = 0;
    for (uint16_t i = 0; i < count; i++)
        if (!mask_hides_param(hidden, source, &all[i]))
            choose_param(&all[i], target, query, params);
    for (uint32_t i = set->from[source]; !one->param && i < set->from[source + 1]; i++)
        if (custom_percent(custom_param(set->params[i])) == 100
            && !mask_hides_param(hidden, source, custom_param(set->params[i])))
            choose_param(custom_param(set->params[i]), target, query, params);
}

static Fail fetch_referrers(Call *c, Including *in, const Include *one, TypeId source,
                            const Version *version)
{
    uint16_t      params[PARAMS_MAX];
    ReferrerQuery query = {
        .source = source, .type = version->type, .id = version->id, .most = LIMIT_INCLUDED
    };
    VersionPage page;

    choose_params(one, in->permit.masks, source, version->type, &query, params);
    if (query.param_count == 0 || !allowed(c, in, source))
        return OK;
    TRY(store_referrers(c, in->session, &in->permit, &query, &page));
    if (page.more)
        return fail(c, FAIL_TOO_COSTLY, STR("_revinclude"),
                    "more than %d resources would come with one page (LIMIT_INCLUDED)",
                    LIMIT_INCLUDED);
    for (size_t i = 0; i < page.count; i++)
        TRY(fetch(c, in, page.versions[i].type, page.versions[i].id));
    return OK;
}

static Fail go_back(Call *c, Including *in, const Version *version, bool iterated)
{
    for (uint32_t i = 0; i < in->shape->include_count; i++) {
        const Include *one = &in->shape->includes[i];
        TypeId         first = one->source ? one->source : 1;
        TypeId         last = one->source ? one->source : RESOURCE_TYPES;

        if (!one->reverse || (iterated && !one->iterate)
            || (one->target && one->target != version->type))
            continue;
        for (TypeId source = first; source <= last; source++)
            TRY(fetch_referrers(c, in, one, source, version));
    }
    return OK;
}

/* Every resource is followed once, so circles end (SRCH-26). */
Fail search_include(Call *c, Session *s, const Turn *turn, const Shape *shape,
                    const Version *matches, size_t count, Included *out)
{
    Including in = { .session = s, .turn = turn, .shape = shape };

    *out = (Included){ 0 };
    if (shape->include_count == 0)
        return OK;
    in.met = met_none();
    for (size_t i = 0; i < count; i++)
        met_first(c, &in.met, matches[i].type, matches[i].id);
    for (size_t i = 0; i < count; i++) {
        TRY(go_forward(c, &in, &matches[i], false));
        TRY(go_back(c, &in, &matches[i], false));
    }
    for (size_t i = 0; i < in.found_count; i++) {
        Version version = in.found[i];

        TRY(go_forward(c, &in, &version, true));
        TRY(go_back(c, &in, &version, true));
    }
    out->versions = in.found;
    out->count = in.found_count;
    return OK;
}
