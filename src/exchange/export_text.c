/* Versions and audit records as lines of JSON: see export_text.h. */
#include "exchange/export_text.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "base/moment.h"
#include "base/random.h"
#include "interaction/interaction.h"

const Str export_readme = STR_INIT(
    "# An export of health records\n"
    "\n"
    "Written by Hale; `manifest.json` says when, with which version, and lists each file with its\n"
    "number of lines, its bytes and its SHA-256. Everything is UTF-8; `.ndjson` files have one JSON\n"
    "text a line (https://github.com/ndjson/ndjson-spec).\n"
    "\n"
    "- `resources/TYPE.ndjson`: the resources of each type as they are now, as HL7 FHIR R4 defines\n"
    "  them (https://hl7.org/fhir/R4/). This is what other systems want.\n"
    "- `history.ndjson`: every version of every resource in the order of the changes, deletions\n"
    "  included. Each line is an entry as a FHIR history Bundle has it (Bundle.entry): `request` says\n"
    "  what was done, `response.etag` the version, `response.lastModified` the time, `resource` the\n"
    "  text (absent where it was deleted).\n"
    "- `audit.ndjson`: who saw and changed what. `at`: when; `grant` and `name`: number and holder of\n"
    "  the access token used (0: the owner of the data folder, or nobody known); `interaction`; `outcome` (done, denied,\n"
    "  failed) and HTTP `status`; `type`, `id`, `version` of what it was about, the `patient` whose\n"
    "  record that is and the `others` whose data went out with it; `emergency`: it was allowed by\n"
    "  break-glass; `request`: the id of the call; `address` of the caller; `detail`: a search's\n"
    "  criteria and the like; `rows`: how many resources were given out.\n"
    "- `grants.ndjson`: the access tokens there were: for whom, what they allowed, from when to when.\n"
    "  The tokens themselves are kept nowhere. (Not in an export of one patient's record.)\n"
    "\n"
    "`hale import --data DIR FOLDER` makes the same records, versions and audit of it in an empty\n"
    "data folder.\n"
    "\n"
    "These files hold health records in the clear. Keep them as you keep the records.\n");

static const char *const method_names[] = {
    [METHOD_POST] = "POST",
    [METHOD_PUT] = "PUT",
    [METHOD_PATCH] = "PATCH",
    [METHOD_DELETE] = "DELETE",
};

static const char *const outcome_names[] = {
    [AUDIT_DONE] = "done",
    [AUDIT_DENIED] = "denied",
    [AUDIT_FAILED] = "failed",
};

/* ---- versions ---- */

static const char *status_of(const Version *v)
{
    return v->deleted ? "204" : v->version == 1 ? "201" : "200";
}

Str export_version_line(Arena *a, const Version *v)
{
    Str  type = type_name(v->type);
    Buf  out = buf_new(a, v->body.len + 512);
    char at[INSTANT_CHARS + 1];

    moment_format_instant(v->at_us, at);
    buf_put_char(&out, '{');
    if (!v->deleted) {
        buf_put(&out, STR("\"resource\":"));
        buf_put(&out, v->body);
        buf_put_char(&out, ',');
    }
    buf_printf(
        &out,
        "\"request\":{\"method\":\"%s\",\"url\":\"%.*s%s%.*s\"},\"response\":{\"status\":"
        "\"%s\",\"etag\":\"W/\\\"%llu\\\"\",\"lastModified\":\"%s\"}}",
        method_names[v->method], STR_ARG(type), v->method == METHOD_POST ? "" : "/",
        v->method == METHOD_POST ? 0 : (int)v->id.len, v->id.at, status_of(v),
        (unsigned long long)v->version, at);
    return buf_str(&out);
}

static Fail wrong(Call *c, const char *what)
{
    return fail(c, FAIL_VALUE, str_from(what), "%s is missing or not as an export has it",
                what);
}

static Fail read_method(Call *c, Str name, Method *out)
{
    for (size_t i = METHOD_POST; i < COUNT(method_names); i++) {
        if (str_equal(name, str_from(method_names[i]))) {
            *out = (Method)i;
            return OK;
        }
    }
    return wrong(c, "request.method");
}

static Fail read_etag(Call *c, Str etag, uint64_t *out)
{
    if (!str_starts(etag, STR("W/\"")) || etag.len < 5
        || !str_to_u64(str_slice(etag, 3, etag.len - 1), out) || *out == 0)
        return wrong(c, "response.etag");
    return OK;
}

Fail export_version_read(Call *c, Str line, Version *out)
{
    Json     json;
    uint32_t resource, request, response;
    Str      url, name;
    Moment   at;
    Version  v = { 0 };

    TRY(json_parse(c, line, LIMIT_BUNDLE_NODES, &json));
    resource = json_member(&json, 0, STR("resource"));
    request = json_member(&json, 0, STR("request"));
    response = json_member(&json, 0, STR("response"));
    if (!request || !response)
        return wrong(c, request ? "response" : "request");
    TRY(read_method(c, json_member_text(&json, request, STR("method")), &v.method));
    TRY(read_etag(c, json_member_text(&json, response, STR("etag")), &v.version));
    if (!moment_parse(json_member_text(&json, response, STR("lastModified")), MOMENT_INSTANT,
                      &at))
        return wrong(c, "response.lastModified");
    v.at_us = at.low;
    v.deleted = v.method == METHOD_DELETE;
    if (v.deleted != !resource)
        return wrong(c, "resource");
    url = json_member_text(&json, request, STR("url"));
    if (resource) {
        v.body = str_slice(line, json.values[resource].from, json.values[resource].to);
        v.id = json_member_text(&json, resource, STR("id"));
        v.type = type_find(json_member_text(&json, resource, STR("resourceType")));
    } else if (str_cut(url, '/', &name, &v.id)) {
        v.type = type_find(name);
    }
    if (!v.type || !v.id.len)
        return wrong(c, "request.url");
    *out = v;
    return OK;
}

/* ---- audit ---- */

static void put_text(Buf *out, const char *name, Str text)
{
    if (text.len == 0)
        return;
    buf_printf(out, ",\"%s\":", name);
    buf_put_json_string(out, text);
}

static void put_number(Buf *out, const char *name, uint64_t value)
{
    if (value)
        buf_printf(out, ",\"%s\":%llu", name, (unsigned long long)value);
}

struct GrantNames {
    Arena   *lasting;
    Str     *names; /* by number */
    uint32_t room;
};

static bool take_name(void *context, const Grant *grant)
{
    GrantNames *n = context;

    if (grant->number >= n->room) {
        uint32_t room = grant->number * 2 + 64;

        n->names = arena_grow(n->lasting, n->names, n->room * sizeof *n->names,
                              room * sizeof *n->names);
        memset(n->names + n->room, 0, (room - n->room) * sizeof *n->names);
        n->room = room;
    }
    n->names[grant->number] = arena_str(n->lasting, grant->name);
    return true;
}

Fail grant_names_load(Call *c, Session *s, Arena *lasting, const GrantNames **out)
{
    GrantNames *n;

    ENSURE(lasting != c->arena);
    n = NEW(lasting, GrantNames);
    n->lasting = lasting;
    *out = n;
    return store_grant_each(c, s, take_name, n);
}

Str grant_name(const GrantNames *names, uint32_t grant)
{
    return grant < names->room ? names->names[grant] : (Str){ 0 };
}

static void put_others(Arena *a, Buf *out, Str others)
{
    const char *before = ",\"others\":[";
    Str         id;

    if (!others.len)
        return;
    for (; patients_next_id(a, &others, &id); before = ",") {
        buf_printf(out, "%s", before);
        buf_put_json_string(out, id);
    }
    buf_put_char(out, ']');
}

Str export_audit_line(Arena *a, const GrantNames *names, const AuditRecord *r)
{
    Buf  out = buf_new(a, 512 + r->detail.len);
    Str  interaction = interaction_name((Interaction)r->interaction);
    char at[INSTANT_CHARS + 1];

    moment_format_instant(r->at_us, at);
    buf_printf(&out, "{\"at\":\"%s\",\"grant\":%u", at, r->grant);
    put_text(&out, "name", grant_name(names, r->grant));
    put_text(&out, "interaction", interaction);
    put_text(&out, "outcome",
             str_from(r->outcome < COUNT(outcome_names) ? outcome_names[r->outcome] : NULL));
    put_number(&out, "status", r->status);
    put_text(&out, "type", r->type ? type_name(r->type) : (Str){ 0 });
    put_text(&out, "id", r->id);
    put_number(&out, "version", r->version);
    put_text(&out, "patient", r->patient);
    put_others(a, &out, r->others);
    put_text(&out, "request", r->request_id);
    put_text(&out, "address", r->address);
    put_text(&out, "detail", r->detail);
    put_number(&out, "rows", r->rows);
    if (r->flags & AUDIT_EMERGENCY)
        buf_put(&out, STR(",\"emergency\":true"));
    buf_put_char(&out, '}');
    return buf_str(&out);
}

/* A whole number, 0 where it is absent. */
static Fail take_number(Call *c, const Json *json, const char *name, uint64_t most,
                        uint64_t *out)
{
    uint32_t member = json_member(json, 0, str_from(name));

    *out = 0;
    if (!member)
        return OK;
    if (json->values[member].kind != JSON_NUMBER || !str_to_u64(json->values[member].text, out)
        || *out > most)
        return wrong(c, name);
    return OK;
}

static Fail take_numbers(Call *c, const Json *json, AuditRecord *r)
{
    uint64_t number;

    TRY(take_number(c, json, "grant", UINT32_MAX, &number));
    r->grant = (uint32_t)number;
    TRY(take_number(c, json, "status", UINT16_MAX, &number));
    r->status = (uint16_t)number;
    TRY(take_number(c, json, "rows", UINT32_MAX, &number));
    r->rows = (uint32_t)number;
    return take_number(c, json, "version", UINT64_MAX, &r->version);
}

static Fail take_words(Call *c, const Json *json, AuditRecord *r)
{
    Str    interaction = json_member_text(json, 0, STR("interaction"));
    Str    outcome = json_member_text(json, 0, STR("outcome"));
    Str    type = json_member_text(json, 0, STR("type"));
    size_t i;

    for (i = 0; i < INTERACTIONS && !str_equal(interaction_name((Interaction)i), interaction);)
        i++;
    if (i == INTERACTIONS)
        return wrong(c, "interaction");
    r->interaction = (uint8_t)i;
    for (i = 0; i < COUNT(outcome_names) && !str_equal(outcome, str_from(outcome_names[i]));)
        i++;
    if (i == COUNT(outcome_names))
        return wrong(c, "outcome");
    r->outcome = (uint8_t)i;
    r->type = type_find(type);
    return type.len && !r->type ? wrong(c, "type") : OK;
}

static Fail take_others(Call *c, const Json *json, Str *out)
{
    uint32_t array = json_member(json, 0, STR("others"));
    Patients others = { .arena = c->arena };

    if (array && json->values[array].kind != JSON_ARRAY)
        return wrong(c, "others");
    if (array)
        for (uint32_t i = array + 1; i < json->values[array].after; i++) {
            if (json->values[i].kind != JSON_STRING || !resource_id_valid(json->values[i].text))
                return wrong(c, "others");
            patients_add_id(&others, json->values[i].text);
        }
    *out = patients_list(&others);
    return OK;
}

Fail export_audit_read(Call *c, Str line, AuditRecord *out)
{
    AuditRecord r = { 0 };
    Json        json;
    Moment      at;

    TRY(json_parse(c, line, LIMIT_JSON_NODES, &json));
    if (!moment_parse(json_member_text(&json, 0, STR("at")), MOMENT_INSTANT, &at))
        return wrong(c, "at");
    r.at_us = at.low;
    TRY(take_numbers(c, &json, &r));
    TRY(take_words(c, &json, &r));
    r.id = json_member_text(&json, 0, STR("id"));
    r.patient = json_member_text(&json, 0, STR("patient"));
    TRY(take_others(c, &json, &r.others));
    if (json_member(&json, 0, STR("emergency")))
        r.flags = AUDIT_EMERGENCY;
    r.request_id = json_member_text(&json, 0, STR("request"));
    r.address = json_member_text(&json, 0, STR("address"));
    r.detail = json_member_text(&json, 0, STR("detail"));
    *out = r;
    return OK;
}

/* ---- grants ---- */

static void put_time(Buf *out, const char *name, int64_t us)
{
    char text[INSTANT_CHARS + 1];

    moment_format_instant(us, text);
    put_text(out, name, str_from(text));
}

Str export_grant_line(Arena *a, const Grant *grant)
{
    Buf out = buf_new(a, 512);

    buf_printf(&out, "{\"grant\":%u", grant->number);
    put_text(&out, "name", grant->name);
    put_text(&out, "scopes", grant->scopes);
    put_text(&out, "patient", grant->patient);
    put_time(&out, "made", grant->made_us);
    put_time(&out, "ends", grant->ends_us);
    if (grant->revoked)
        buf_put(&out, STR(",\"revoked\":true"));
    buf_put_char(&out, '}');
    return buf_str(&out);
}

Fail export_grant_read(Call *c, Str line, Grant *out)
{
    Grant    g = { .revoked = true };
    Json     json;
    Moment   made, ends;
    uint64_t number;

    TRY(json_parse(c, line, LIMIT_JSON_NODES, &json));
    TRY(take_number(c, &json, "grant", UINT32_MAX, &number));
    if (!moment_parse(json_member_text(&json, 0, STR("made")), MOMENT_INSTANT, &made))
        return wrong(c, "made");
    if (!moment_parse(json_member_text(&json, 0, STR("ends")), MOMENT_INSTANT, &ends))
        return wrong(c, "ends");
    g.number = (uint32_t)number;
    g.name = json_member_text(&json, 0, STR("name"));
    g.scopes = json_member_text(&json, 0, STR("scopes"));
    g.patient = json_member_text(&json, 0, STR("patient"));
    g.made_us = made.low;
    g.ends_us = ends.low;
    random_bytes(g.hash, sizeof g.hash); /* of no token at all */
    *out = g;
    return OK;
}
