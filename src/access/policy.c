/* The policy read: see policy.h. */
#include "access/policy.h"

#include "access/checks.h"
#include "access/rights.h"
#include "base/buf.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "codec/json.h"
#include "fhir/criteria.h"
#include "store/embedded.h"

extern const EmbeddedFile policy_files[];

enum { POLICY_ROWS_MAX = 1000 };

typedef struct Reading {
    Call    *call;
    Json     json;
    uint32_t row, number; /* that is being read, and which it is */
} Reading;

/* One row, looked into. */
typedef struct PolicyRow {
    const Role *role;
    uint32_t    types, except;   /* the arrays … */
    uint32_t    hide, read_only; /* … or one of these, of paths */
    Str         may, criteria, withhold, because;
    bool        withholds;
} PolicyRow;

Str policy_shipped(void)
{
    return policy_files[0].text;
}

Fail policy_in_force(Call *c, Session *s, Str *text, uint64_t *number)
{
    PolicyVersion kept;

    TRY(store_policy_newest(c, s, &kept));
    *number = kept.number;
    *text = kept.number ? kept.text : policy_shipped();
    return OK;
}

/* ---- reading ---- */

static Fail wrong(const Reading *r, const char *member, const char *what)
{
    return fail(r->call, FAIL_VALUE,
                arena_printf(r->call->arena, "rows[%u].%s", r->number, member), "%s", what);
}

static bool is_list_member(Str key)
{
    static const Str lists[] = { STR_INIT("types"), STR_INIT("except"), STR_INIT("hide"),
                                 STR_INIT("readOnly") };

    for (size_t i = 0; i < COUNT(lists); i++)
        if (str_equal(key, lists[i]))
            return true;
    return false;
}

static Fail check_members(const Reading *r)
{
    static const Str known[] = { STR_INIT("role"),     STR_INIT("types"),
                                 STR_INIT("may"),      STR_INIT("criteria"),
                                 STR_INIT("withhold"), STR_INIT("because"),
                                 STR_INIT("hide"),     STR_INIT("readOnly"),
                                 STR_INIT("except") };
    const JsonValue *values = r->json.values;

    if (values[r->row].kind != JSON_OBJECT)
        return fail(r->call, FAIL_STRUCTURE, STR("rows"), "Row %u is not an object", r->number);
    for (uint32_t i = r->row + 1; i < values[r->row].after; i = values[i].after) {
        bool is_list = is_list_member(values[i].key), found = false;

        for (size_t k = 0; k < COUNT(known); k++)
            found = found || str_equal(values[i].key, known[k]);
        if (!found)
            return fail(r->call, FAIL_VALUE, STR("rows"),
                        "Row %u has a member that is not understood: %.*s", r->number,
                        STR_ARG(values[i].key));
        if (values[i].kind != (is_list ? JSON_ARRAY : JSON_STRING))
            return fail(r->call, FAIL_STRUCTURE, STR("rows"), "Row %u: %.*s is a %s", r->number,
                        STR_ARG(values[i].key), is_list ? "list" : "text");
    }
    return OK;
}

static Fail row_read(const Reading *r, PolicyRow *out)
{
    PolicyRow row = { 0 };

    TRY(check_members(r));
    row.role = role_find(json_member_text(&r->json, r->row, STR("role")));
    row.types = json_member(&r->json, r->row, STR("types"));
    row.except = json_member(&r->json, r->row, STR("except"));
    row.may = json_member_text(&r->json, r->row, STR("may"));
    row.criteria = json_member_text(&r->json, r->row, STR("criteria"));
    row.withhold = json_member_text(&r->json, r->row, STR("withhold"));
    row.because = json_member_text(&r->json, r->row, STR("because"));
    row.withholds = json_member(&r->json, r->row, STR("withhold")) != 0;
    row.hide = json_member(&r->json, r->row, STR("hide"));
    row.read_only = json_member(&r->json, r->row, STR("readOnly"));
    if (!row.role)
        return wrong(r, "role", "There is no such role");
    if (row.hide || row.read_only) {
        if (row.types || row.except || row.may.len || row.withholds
            || (row.hide && row.read_only))
            return wrong(
                r, row.hide ? "hide" : "readOnly",
                "A row about elements either hides or keeps them, by their paths alone");
        *out = row;
        return OK;
    }
    if (!row.types || r->json.values[row.types].count == 0)
        return wrong(r, "types", "A row is about types of resources, or \"*\"");
    if (row.withholds && (row.may.len || row.criteria.len))
        return wrong(r, "withhold", "A row either gives (may, criteria) or withholds");
    if (!row.withholds && row.except)
        return wrong(r, "except", "Only what is withheld of types has exceptions");
    if (!row.withholds && row.may.len == 0)
        return wrong(r, "may", "A row says what the role may do, or what is withheld");
    *out = row;
    return OK;
}

static Fail rows_open(Call *c, Str text, Reading *out)
{
    uint32_t rows;

    *out = (Reading){ .call = c };
    TRY(json_parse(c, text, LIMIT_JSON_NODES, &out->json));
    rows =
        out->json.values[0].kind == JSON_OBJECT ? json_member(&out->json, 0, STR("rows")) : 0;
    if (!rows || out->json.values[rows].kind != JSON_ARRAY)
        return fail(c, FAIL_STRUCTURE, STR("rows"), "A policy has a list of rows");
    if (out->json.values[rows].count > POLICY_ROWS_MAX)
        return fail(c, FAIL_TOO_COSTLY, STR("rows"), "More than %d rows", POLICY_ROWS_MAX);
    out->row = rows;
    return OK;
}

/* ---- what rows give ---- */

/* The row as a scope for one of its types. */
static Fail give_type(const Reading *r, const PolicyRow *row, Str type, Str patient,
                      Principal *p)
{
    Str scope = arena_printf(
        r->call->arena, "%s/%.*s.%.*s%s%.*s", row->role->own_chart ? "patient" : "user",
        STR_ARG(type), STR_ARG(row->may), row->criteria.len ? "?" : "", STR_ARG(row->criteria));
    Principal one;

    TRY(scopes_read(r->call, scope, patient, &one));
    return principal_add(r->call, p, &one);
}

static Fail add_type(const Reading *r, const PolicyRow *row, Str type, TypeSet *types)
{
    TypeId id = type_find(type);
    Query  query;

    if (str_equal(type, STR("*"))) {
        for (TypeId each = 1; each <= RESOURCE_TYPES; each++)
            if (each != TYPE_AUDIT_EVENT) /* as in scopes: no resource that is kept */
                type_set_add(types, each);
        id = TYPE_PATIENT;
    } else if (!type_is_resource(id)) {
        return wrong(r, "types", "There is no such type");
    }
    type_set_add(types, id);
    return criteria_read(r->call, id, row->withhold, &query);
}

static Fail take_path(const Reading *r, const PolicyRow *row, bool read_only, Str path,
                      Principal *p)
{
    MaskElement element;
    Query       query;

    TRY(mask_path_read(r->call, path, read_only, &element));
    TRY(criteria_read(r->call, element.type, row->criteria, &query));
    return rights_mask(r->call, p, &element, read_only, row->criteria);
}

static Fail take_paths(const Reading *r, const PolicyRow *row, uint32_t list, bool read_only,
                       Principal *p)
{
    const JsonValue *values = r->json.values;

    for (uint32_t i = list + 1; list && i < values[list].after; i = values[i].after) {
        if (values[i].kind != JSON_STRING)
            return wrong(r, read_only ? "readOnly" : "hide", "A path is a text");
        TRY(take_path(r, row, read_only, values[i].text, p));
    }
    return OK;
}

static Fail take_exceptions(const Reading *r, const PolicyRow *row, TypeSet *types)
{
    const JsonValue *values = r->json.values;

    for (uint32_t i = row->except + 1; row->except && i < values[row->except].after;
         i = values[i].after) {
        TypeId type = values[i].kind == JSON_STRING ? type_find(values[i].text) : 0;

        if (!type_is_resource(type))
            return wrong(r, "except", "There is no such type");
        types->words[type / 64] &= ~((uint64_t)1 << (type % 64));
    }
    return OK;
}

static Fail take_row(const Reading *r, const PolicyRow *row, Str patient, Principal *p)
{
    const JsonValue *values = r->json.values;
    TypeSet          types = { 0 };

    if (!row->types) {
        TRY(take_paths(r, row, row->hide, false, p));
        return take_paths(r, row, row->read_only, true, p);
    }
    for (uint32_t i = row->types + 1; i < values[row->types].after; i = values[i].after) {
        if (values[i].kind != JSON_STRING)
            return wrong(r, "types", "A type is a text");
        if (row->withholds)
            TRY(add_type(r, row, values[i].text, &types));
        else
            TRY(give_type(r, row, values[i].text, patient, p));
    }
    if (!row->withholds)
        return OK;
    TRY(take_exceptions(r, row, &types));
    return rights_withhold(r->call, p, &types, row->withhold, row->because);
}

/* What is wrong is said with the row where it stands. */
static Fail take_named(const Reading *r, const PolicyRow *row, Str patient, Principal *p)
{
    Call    *c = r->call;
    uint32_t issues = c->issue_count;
    Str      why;
    Fail     result = take_row(r, row, patient, p);

    if (result == OK || c->issue_count == issues)
        return result;
    why = arena_str(c->arena, c->issues[c->issue_count - 1].text);
    call_forget_issues(c, issues);
    return fail(c, result, arena_printf(c->arena, "rows[%u]", r->number), "Row %u: %.*s",
                r->number, STR_ARG(why));
}

Fail policy_rights(Call *c, Str text, const Role *role, Str patient, Principal *out)
{
    Principal p = { .kind = PRINCIPAL_TOKEN, .practice = 1 };
    Reading   r;
    uint32_t  end;

    TRY(rows_open(c, text, &r));
    if (patient.len > 0 && !resource_id_valid(patient))
        return fail(c, FAIL_VALUE, STR("patient"), "The patient's id cannot be one");
    memcpy(p.patient, patient.at ? patient.at : "", patient.len);
    end = r.json.values[r.row].after;
    for (r.row++; r.row < end; r.row = r.json.values[r.row].after, r.number++) {
        PolicyRow row;

        TRY(row_read(&r, &row));
        if (row.role == role && (!role->own_chart || patient.len))
            TRY(take_named(&r, &row, patient, &p));
    }
    *out = p;
    return OK;
}

Fail policy_check(Call *c, Str text)
{
    Str       words = role_words(c->arena), word;
    Principal p;

    TRY(checks_check(c, text));
    while (str_next(&words, ',', &word))
        TRY(policy_rights(c, text, role_find(str_trim(word)), STR("x"), &p));
    return OK;
}

/* ---- for people ---- */

static void describe(const Reading *r, const PolicyRow *row, Buf *out)
{
    const JsonValue *values = r->json.values;

    uint32_t list = row->types ? row->types : row->hide ? row->hide : row->read_only;

    buf_printf(out, "%-4u %-16.*s %-9s ", r->number, STR_ARG(row->role->word),
               row->withholds   ? "withhold"
               : row->hide      ? "hide"
               : row->read_only ? "read-only"
                                : "may");
    buf_put(out, row->withholds ? row->withhold : row->may);
    buf_put(out, row->types ? STR(" of") : STR(""));
    for (uint32_t i = list + 1; i < values[list].after; i = values[i].after)
        buf_printf(out, "%s%.*s", out->at[out->len - 1] == ' ' ? "" : " ",
                   STR_ARG(values[i].text));
    for (uint32_t i = row->except + 1; row->except && i < values[row->except].after;
         i = values[i].after)
        buf_printf(out, "%s%.*s", i == row->except + 1 ? " but " : " ",
                   STR_ARG(values[i].text));
    if (row->criteria.len)
        buf_printf(out, " where %.*s", STR_ARG(row->criteria));
    if (row->because.len)
        buf_printf(out, " (%.*s)", STR_ARG(row->because));
    buf_put_char(out, '\n');
}

Fail policy_describe(Call *c, Str text, Str role, Buf *out)
{
    Reading  r;
    uint32_t end;

    TRY(rows_open(c, text, &r));
    end = r.json.values[r.row].after;
    for (r.row++; r.row < end; r.row = r.json.values[r.row].after, r.number++) {
        PolicyRow row;

        TRY(row_read(&r, &row));
        if (role.len == 0 || str_equal(row.role->word, role))
            describe(&r, &row, out);
    }
    return OK;
}

static bool is_about(const Reading *r, const PolicyRow *row, TypeId type)
{
    const JsonValue *values = r->json.values;

    for (uint32_t i = row->except + 1; row->except && i < values[row->except].after;
         i = values[i].after)
        if (str_equal(values[i].text, type_name(type)))
            return false;
    for (uint32_t i = row->types + 1; row->types && i < values[row->types].after;
         i = values[i].after)
        if (str_equal(values[i].text, type_name(type))
            || (str_equal(values[i].text, STR("*")) && type != TYPE_AUDIT_EVENT))
            return true;
    return false;
}

Fail policy_rows_about(Call *c, Str text, const Role *role, TypeId type, char letter,
                       const Str *withheld, Buf *out)
{
    Reading  r;
    uint32_t end;

    TRY(rows_open(c, text, &r));
    end = r.json.values[r.row].after;
    for (r.row++; r.row < end; r.row = r.json.values[r.row].after, r.number++) {
        PolicyRow row;
        bool      fits;

        TRY(row_read(&r, &row));
        fits = withheld
                   ? row.withholds && str_equal(row.withhold, *withheld)
                   : !row.withholds && row.may.len && memchr(row.may.at, letter, row.may.len);
        if (fits && row.role == role && is_about(&r, &row, type))
            describe(&r, &row, out);
    }
    return OK;
}
