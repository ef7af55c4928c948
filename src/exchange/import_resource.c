/* One resource on its way into the store. */
#include "access/consent.h"
#include "base/limits.h"
#include "base/random.h"
#include "codec/digest.h"
#include "exchange/importer.h"
#include "fhir/draft.h"
#include "interaction/check_write.h"

Str import_derive_id(Arena *a, Str text, uint64_t number)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t           hash[SHA256_BYTES];
    Str   seed = arena_printf(a, "%llu|%.*s", (unsigned long long)number, STR_ARG(text));
    char *id = arena_alloc_raw(a, UUID_CHARS);
    char *at = id;

    digest_sha256(seed, hash);
    hash[6] = (uint8_t)(0x80 | (hash[6] & 15)); /* RFC 9562 5.8: version 8, our own making */
    hash[8] = (uint8_t)(0x80 | (hash[8] & 63));
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = hex[hash[i] >> 4];
        *at++ = hex[hash[i] & 15];
    }
    return (Str){ id, UUID_CHARS };
}

Str import_id(Arena *a, TypeId type, Str id)
{
    return audit_id_is_own(type, id) ? arena_printf(a, "imported-%.*s", STR_ARG(id)) : id;
}

Fail import_prepare(Lane *l, const Resource *resource, Str id, Method method, Prepared *out)
{
    Call           *c = &l->call;
    const Importer *im = l->importer;
    Draft           draft = draft_new(c->arena, resource);
    Resource        stored = *resource;
    Directives      withheld;

    id = import_id(c->arena, resource->type, id);
    stored.id = id; /* a Patient lies in its own compartment, also where its id was made here */
    if (resource->type == TYPE_CONSENT) {
        TRY(directive_compile(c, resource, id, im->options->base, &withheld));
        TRY(consent_check(c, &withheld));
    }
    if (!l->session)
        TRY(session_open(c, im->store, &l->session));
    TRY(check_write(c, l->session, resource, false));
    session_rest(l->session);
    *out = (Prepared){ .type = resource->type, .id = id, .method = method };
    TRY(index_derive(c, &stored, im->options->base, &out->rows));
    out->remainder = draft_remainder(&draft);
    return OK;
}

Fail import_put(Call *c, Importer *im, const Prepared *prepared)
{
    bool     unchanged = false;
    BulkItem item = {
        .method = prepared->method,
        .type = prepared->type,
        .id = prepared->id,
        .rows = prepared->rows,
        .remainder = prepared->remainder,
        .skip_same = true,
    };
    Fail result = store_bulk_add(c, im->bulk, &item, &unchanged);

    if (result != OK)
        return import_end(im, c, result);
    im->taken++;
    if (unchanged)
        im->unchanged++;
    else
        im->waiting++;
    return OK;
}

Fail import_flush(Call *c, Importer *im)
{
    Bulk *bulk = im->bulk;
    Fail  result;

    if (im->waiting == 0)
        return OK;
    im->bulk = NULL;
    result = store_bulk_end(c, bulk);
    if (result == OK)
        result = store_bulk_begin(c, im->store, &im->permit, &im->bulk);
    if (result != OK)
        return import_end(im, c, result);
    im->waiting = 0;
    return OK;
}

Fail import_condition(Lane *l, Str condition, Str *out)
{
    Call        *c = &l->call;
    Importer    *im = l->importer;
    QueryOptions options = { .conditional = true, .base = im->options->base };
    Str          name, criteria, id;
    Query        query;

    *out = (Str){ 0 };
    if (!str_cut(condition, '?', &name, &criteria) || !type_find(name))
        return fail(c, FAIL_VALUE, (Str){ 0 }, "\"%.*s\" is not a condition",
                    STR_ARG(condition));
    TRY(query_parse(c, type_find(name), criteria, &options, &query));
    if (!l->session)
        TRY(session_open(c, im->store, &l->session));
    TRY(store_condition(c, l->session, &im->permit, &query, &id));
    session_rest(l->session);
    if (id.len) {
        *out = arena_printf(c->arena, "%.*s/%.*s", STR_ARG(name), STR_ARG(id));
        known_put(im->known, condition, *out);
    }
    return OK;
}

Fail import_resource(Lane *l, Str text)
{
    Call       *c = &l->call;
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Resource    resource;
    Prepared    prepared;
    Str         id;

    if (text.len > LIMIT_BODY_BYTES)
        return fail(c, FAIL_TOO_LARGE, (Str){ 0 }, "a resource may have %d bytes at most",
                    (int)LIMIT_BODY_BYTES);
    TRY(resource_read(c, text, &options, &resource));
    id = resource.id.len ? resource.id : import_derive_id(c->arena, text, 0);
    TRY(import_prepare(l, &resource, id, METHOD_PUT, &prepared));
    return import_put(c, l->importer, &prepared);
}
