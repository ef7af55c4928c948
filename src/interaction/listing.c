/* Bundles going out: see listing.h. R4 bundle.html */
#include "interaction/listing.h"

#include "base/moment.h"
#include "fhir/outcome.h"

Listing listing_begin(Arena *a, Str base, Str bundle_type, uint64_t total, size_t expected)
{
    Listing l = { .text = buf_new(a, expected + 1024), .base = base };

    buf_put(&l.text, STR("{\"resourceType\":\"Bundle\",\"type\":"));
    buf_put_json_string(&l.text, bundle_type);
    if (total != UINT64_MAX) {
        buf_put(&l.text, STR(",\"total\":"));
        buf_put_u64(&l.text, total);
    }
    return l;
}

void listing_link(Listing *l, Str relation, Str address)
{
    Buf url = buf_new(l->text.arena, l->base.len + address.len + 1);

    buf_printf(&url, "%.*s/%.*s", STR_ARG(l->base), STR_ARG(address));
    buf_put(&l->text, l->links++ ? STR(",") : STR(",\"link\":["));
    buf_put(&l->text, STR("{\"relation\":"));
    buf_put_json_string(&l->text, relation);
    buf_put(&l->text, STR(",\"url\":"));
    buf_put_json_string(&l->text, buf_str(&url));
    buf_put_char(&l->text, '}');
}

static void next_entry(Listing *l)
{
    if (l->entries == 0 && l->links > 0)
        buf_put_char(&l->text, ']');
    buf_put(&l->text, l->entries++ ? STR(",") : STR(",\"entry\":["));
    buf_put_char(&l->text, '{');
}

void listing_entry(Listing *l, TypeId type, Str id, Str body)
{
    Str name = type_name(type);

    /* base, type and id hold nothing that JSON would escape */
    next_entry(l);
    buf_put(&l->text, STR("\"fullUrl\":\""));
    buf_put(&l->text, l->base);
    buf_put_char(&l->text, '/');
    buf_put(&l->text, name);
    buf_put_char(&l->text, '/');
    buf_put(&l->text, id);
    buf_put_char(&l->text, '"');
    if (body.len > 0) {
        buf_put(&l->text, STR(",\"resource\":"));
        buf_put(&l->text, body);
    }
}

void listing_search_mode(Listing *l, Str mode)
{
    buf_put(&l->text, STR(",\"search\":{\"mode\":"));
    buf_put_json_string(&l->text, mode);
    buf_put_char(&l->text, '}');
}

static const struct MethodText {
    Str  name;
    bool with_id;
    int  status;
} method_texts[] = {
    [METHOD_POST] = { STR_INIT("POST"), false, 201 },
    [METHOD_PUT] = { STR_INIT("PUT"), true, 200 },
    [METHOD_PATCH] = { STR_INIT("PATCH"), true, 200 },
    [METHOD_DELETE] = { STR_INIT("DELETE"), true, 204 },
};

void listing_changed(Listing *l, const Version *version)
{
    const struct MethodText *method = &method_texts[version->method];
    int  status = version->version == 1 && !version->deleted ? 201 : method->status;
    char at[INSTANT_CHARS + 1];

    buf_printf(&l->text, ",\"request\":{\"method\":\"%.*s\",\"url\":\"%.*s",
               STR_ARG(method->name), STR_ARG(type_name(version->type)));
    if (method->with_id)
        buf_printf(&l->text, "/%.*s", STR_ARG(version->id));
    moment_format_instant(version->at_us, at);
    buf_printf(&l->text,
               "\"},\"response\":{\"status\":\"%.*s\",\"etag\":\"W/\\\"%llu\\\"\","
               "\"lastModified\":\"%s\"}",
               STR_ARG(outcome_status_text(status)), (unsigned long long)version->version, at);
}

void listing_end_entry(Listing *l)
{
    buf_put_char(&l->text, '}');
}

void listing_outcome(Listing *l, Str outcome)
{
    next_entry(l);
    buf_put(&l->text, STR("\"resource\":"));
    buf_put(&l->text, outcome);
    listing_search_mode(l, STR("outcome"));
    listing_end_entry(l);
}

Str listing_end(Listing *l)
{
    buf_put(&l->text, l->entries + l->links > 0 ? STR("]}") : STR("}"));
    return buf_str(&l->text);
}
