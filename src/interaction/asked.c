/*
 * The table of interactions, and finding one's way in it. What has no row here cannot be
 * asked for (security rule A6); the CapabilityStatement is made from the same rows.
 * R4 http.html#summary
 */
#include "base/ensure.h"
#include "interaction/change.h"

static const Row own_rows[] = {
    { HTTP_GET, "/metadata", 0, INTERACTION_CAPABILITIES, DEED_NONE, ROW_QUICK | ROW_PUBLIC,
      capabilities_answer, NULL },
    { HTTP_POST, "/", 0, INTERACTION_BUNDLE, DEED_NONE, ROW_CHANGES, bundle_answer, NULL },
    { HTTP_GET, "/", 0, INTERACTION_SEARCH_SYSTEM, DEED_SEARCH, 0, search_answer, NULL },
    { HTTP_POST, "/_search", 0, INTERACTION_SEARCH_SYSTEM, DEED_SEARCH, 0, search_answer,
      NULL },
    { HTTP_GET, "/_history", 0, INTERACTION_HISTORY_SYSTEM, DEED_SEARCH, 0, history_answer,
      NULL },

    { HTTP_GET, "/:type/:id", TYPE_AUDIT_EVENT, INTERACTION_AUDIT_READ, DEED_READ, 0,
      audit_read_answer, NULL },
    { HTTP_GET, "/:type", TYPE_AUDIT_EVENT, INTERACTION_AUDIT_SEARCH, DEED_SEARCH, 0,
      audit_search_answer, NULL },
    { HTTP_POST, "/:type/_search", TYPE_AUDIT_EVENT, INTERACTION_AUDIT_SEARCH, DEED_SEARCH, 0,
      audit_search_answer, NULL },

    { HTTP_GET, "/:type/:id", 0, INTERACTION_READ, DEED_READ, ROW_QUICK, read_answer, NULL },
    { HTTP_PUT, "/:type/:id", 0, INTERACTION_UPDATE, DEED_UPDATE, 0, NULL, update_prepare },
    { HTTP_PATCH, "/:type/:id", 0, INTERACTION_PATCH, DEED_UPDATE, 0, NULL, patch_prepare },
    { HTTP_DELETE, "/:type/:id", 0, INTERACTION_DELETE, DEED_DELETE, 0, NULL, delete_prepare },
    { HTTP_GET, "/:type/:id/_history", 0, INTERACTION_HISTORY_INSTANCE, DEED_READ, 0,
      history_answer, NULL },
    { HTTP_GET, "/:type/:id/_history/:version", 0, INTERACTION_VREAD, DEED_READ, ROW_QUICK,
      vread_answer, NULL },

    { HTTP_POST, "/:type", 0, INTERACTION_CREATE, DEED_CREATE, 0, NULL, create_prepare },
    { HTTP_GET, "/:type", 0, INTERACTION_SEARCH_TYPE, DEED_SEARCH, 0, search_answer, NULL },
    { HTTP_POST, "/:type/_search", 0, INTERACTION_SEARCH_TYPE, DEED_SEARCH, 0, search_answer,
      NULL },
    { HTTP_GET, "/:type/:id/:within", 0, INTERACTION_SEARCH_COMPARTMENT, DEED_SEARCH, 0,
      search_answer, NULL },
    { HTTP_POST, "/:type/:id/:within/_search", 0, INTERACTION_SEARCH_COMPARTMENT, DEED_SEARCH,
      0, search_answer, NULL },
    { HTTP_PUT, "/:type", 0, INTERACTION_CONDITIONAL_UPDATE, DEED_UPDATE, 0, NULL,
      conditional_update_prepare },
    { HTTP_PATCH, "/:type", 0, INTERACTION_CONDITIONAL_PATCH, DEED_UPDATE, 0, NULL,
      conditional_patch_prepare },
    { HTTP_DELETE, "/:type", 0, INTERACTION_CONDITIONAL_DELETE, DEED_DELETE, 0, NULL,
      conditional_delete_prepare },
    { HTTP_GET, "/:type/_history", 0, INTERACTION_HISTORY_TYPE, DEED_SEARCH, 0, history_answer,
      NULL },

    { HTTP_GET, "/:type/$everything", TYPE_PATIENT, INTERACTION_EVERYTHING, DEED_READ, 0,
      everything_answer, NULL },
    { HTTP_POST, "/:type/$everything", TYPE_PATIENT, INTERACTION_EVERYTHING, DEED_READ, 0,
      everything_answer, NULL },
    { HTTP_GET, "/:type/:id/$access-log", TYPE_PATIENT, INTERACTION_ACCESS_LOG, DEED_NONE, 0,
      access_log_answer, NULL },
    { HTTP_GET, "/$explain", 0, INTERACTION_EXPLAIN, DEED_SEARCH, 0, explain_answer, NULL },
    { HTTP_GET, "/:type/$explain", 0, INTERACTION_EXPLAIN, DEED_SEARCH, 0, explain_answer,
      NULL },
    { HTTP_GET, "/:type/:id/$status", TYPE_SEARCH_PARAMETER, INTERACTION_STATUS, DEED_READ, 0,
      status_answer, NULL },
    { HTTP_GET, "/:type/:id/$everything", TYPE_PATIENT, INTERACTION_EVERYTHING, DEED_READ, 0,
      everything_answer, NULL },
    { HTTP_POST, "/:type/:id/$everything", TYPE_PATIENT, INTERACTION_EVERYTHING, DEED_READ, 0,
      everything_answer, NULL },
    { HTTP_POST, "/$fhirpath", 0, INTERACTION_FHIRPATH, DEED_NONE, 0, fhirpath_answer, NULL },
    { HTTP_GET, "/$graphql", 0, INTERACTION_GRAPHQL, DEED_NONE, 0, graphql_answer, NULL },
    { HTTP_POST, "/$graphql", 0, INTERACTION_GRAPHQL, DEED_NONE, 0, graphql_answer, NULL },
    { HTTP_GET, "/:type/:id/$graphql", 0, INTERACTION_GRAPHQL, DEED_NONE, 0, graphql_answer,
      NULL },
    { HTTP_POST, "/:type/:id/$graphql", 0, INTERACTION_GRAPHQL, DEED_NONE, 0, graphql_answer,
      NULL },
    { HTTP_POST, "/$viewdefinition-run", 0, INTERACTION_VIEW, DEED_NONE, 0, view_answer, NULL },
    { HTTP_POST, "/ViewDefinition/$run", 0, INTERACTION_VIEW, DEED_NONE, 0, view_answer, NULL },
    { HTTP_POST, "/ViewDefinition/$viewdefinition-run", 0, INTERACTION_VIEW, DEED_NONE, 0,
      view_answer, NULL },
    { HTTP_POST, "/:type/$validate", 0, INTERACTION_VALIDATE, DEED_READ, 0, validate_answer,
      NULL },
    { HTTP_GET, "/:type/:id/$validate", 0, INTERACTION_VALIDATE, DEED_READ, 0, validate_answer,
      NULL },
    { HTTP_POST, "/:type/:id/$validate", 0, INTERACTION_VALIDATE, DEED_READ, 0, validate_answer,
      NULL },
    { HTTP_GET, "/:type/$snapshot", TYPE_STRUCTURE_DEFINITION, INTERACTION_SNAPSHOT, DEED_READ,
      0, snapshot_answer, NULL },
    { HTTP_POST, "/:type/$snapshot", TYPE_STRUCTURE_DEFINITION, INTERACTION_SNAPSHOT, DEED_READ,
      0, snapshot_answer, NULL },
    { HTTP_GET, "/:type/:id/$snapshot", TYPE_STRUCTURE_DEFINITION, INTERACTION_SNAPSHOT,
      DEED_READ, 0, snapshot_answer, NULL },
    { HTTP_POST, "/:type/:id/$snapshot", TYPE_STRUCTURE_DEFINITION, INTERACTION_SNAPSHOT,
      DEED_READ, 0, snapshot_answer, NULL },
    { HTTP_GET, "/$meta", 0, INTERACTION_META, DEED_READ, 0, meta_answer, NULL },
    { HTTP_GET, "/:type/$meta", 0, INTERACTION_META, DEED_READ, 0, meta_answer, NULL },
    { HTTP_GET, "/:type/:id/$meta", 0, INTERACTION_META, DEED_READ, 0, meta_answer, NULL },
    { HTTP_POST, "/$meta", 0, INTERACTION_META, DEED_READ, 0, meta_answer, NULL },
    { HTTP_POST, "/:type/$meta", 0, INTERACTION_META, DEED_READ, 0, meta_answer, NULL },
    { HTTP_POST, "/:type/:id/$meta", 0, INTERACTION_META, DEED_READ, 0, meta_answer, NULL },
    { HTTP_POST, "/:type/:id/$meta-add", 0, INTERACTION_META_ADD, DEED_UPDATE, 0, NULL,
      meta_add_prepare },
    { HTTP_POST, "/:type/:id/$meta-delete", 0, INTERACTION_META_DELETE, DEED_UPDATE, 0, NULL,
      meta_delete_prepare },

    { HTTP_GET, "/:type/$find", TYPE_APPOINTMENT, INTERACTION_FIND, DEED_CREATE, 0, find_answer,
      NULL },
    { HTTP_POST, "/:type/$find", TYPE_APPOINTMENT, INTERACTION_FIND, DEED_CREATE, 0,
      find_answer, NULL },
    { HTTP_POST, "/:type/$hold", TYPE_APPOINTMENT, INTERACTION_HOLD, DEED_CREATE, 0, NULL,
      hold_prepare },
    { HTTP_POST, "/:type/:id/$hold", TYPE_APPOINTMENT, INTERACTION_HOLD, DEED_CREATE, 0, NULL,
      hold_prepare },
    { HTTP_POST, "/:type/$book", TYPE_APPOINTMENT, INTERACTION_BOOK, DEED_CREATE, 0, NULL,
      book_prepare },
    { HTTP_POST, "/:type/$series", TYPE_APPOINTMENT, INTERACTION_SERIES, DEED_CREATE, 0, NULL,
      series_prepare },
    { HTTP_POST, "/:type/:id/$series", TYPE_APPOINTMENT, INTERACTION_SERIES_CHANGE, DEED_UPDATE,
      0, NULL, series_change_prepare },
    { HTTP_GET, "/:type/:id/$ics", TYPE_APPOINTMENT, INTERACTION_ICS, DEED_READ, 0, ics_answer,
      NULL },
    { HTTP_POST, "/:type/:id/$book", TYPE_APPOINTMENT, INTERACTION_BOOK, DEED_CREATE, 0, NULL,
      book_prepare },

    { HTTP_GET, "/:type/$validate-code", TYPE_VALUE_SET, INTERACTION_VALIDATE_CODE, DEED_READ,
      0, validate_code_answer, NULL },
    { HTTP_GET, "/:type/:id/$validate-code", TYPE_VALUE_SET, INTERACTION_VALIDATE_CODE,
      DEED_READ, 0, validate_code_answer, NULL },
    { HTTP_POST, "/:type/$validate-code", TYPE_VALUE_SET, INTERACTION_VALIDATE_CODE, DEED_READ,
      0, validate_code_answer, NULL },
    { HTTP_POST, "/:type/:id/$validate-code", TYPE_VALUE_SET, INTERACTION_VALIDATE_CODE,
      DEED_READ, 0, validate_code_answer, NULL },
    { HTTP_GET, "/:type/$validate-code", TYPE_CODE_SYSTEM, INTERACTION_VALIDATE_CODE, DEED_READ,
      0, validate_code_answer, NULL },
    { HTTP_GET, "/:type/:id/$validate-code", TYPE_CODE_SYSTEM, INTERACTION_VALIDATE_CODE,
      DEED_READ, 0, validate_code_answer, NULL },
    { HTTP_POST, "/:type/$validate-code", TYPE_CODE_SYSTEM, INTERACTION_VALIDATE_CODE,
      DEED_READ, 0, validate_code_answer, NULL },
    { HTTP_POST, "/:type/:id/$validate-code", TYPE_CODE_SYSTEM, INTERACTION_VALIDATE_CODE,
      DEED_READ, 0, validate_code_answer, NULL },
    { HTTP_GET, "/:type/$lookup", TYPE_CODE_SYSTEM, INTERACTION_LOOKUP, DEED_READ, 0,
      lookup_answer, NULL },
    { HTTP_POST, "/:type/$lookup", TYPE_CODE_SYSTEM, INTERACTION_LOOKUP, DEED_READ, 0,
      lookup_answer, NULL },
    { HTTP_GET, "/:type/$subsumes", TYPE_CODE_SYSTEM, INTERACTION_SUBSUMES, DEED_READ, 0,
      subsumes_answer, NULL },
    { HTTP_GET, "/:type/:id/$subsumes", TYPE_CODE_SYSTEM, INTERACTION_SUBSUMES, DEED_READ, 0,
      subsumes_answer, NULL },
    { HTTP_POST, "/:type/$subsumes", TYPE_CODE_SYSTEM, INTERACTION_SUBSUMES, DEED_READ, 0,
      subsumes_answer, NULL },
    { HTTP_POST, "/:type/:id/$subsumes", TYPE_CODE_SYSTEM, INTERACTION_SUBSUMES, DEED_READ, 0,
      subsumes_answer, NULL },
    { HTTP_GET, "/:type/$expand", TYPE_VALUE_SET, INTERACTION_EXPAND, DEED_READ, 0,
      expand_answer, NULL },
    { HTTP_GET, "/:type/:id/$expand", TYPE_VALUE_SET, INTERACTION_EXPAND, DEED_READ, 0,
      expand_answer, NULL },
    { HTTP_POST, "/:type/$expand", TYPE_VALUE_SET, INTERACTION_EXPAND, DEED_READ, 0,
      expand_answer, NULL },
    { HTTP_POST, "/:type/:id/$expand", TYPE_VALUE_SET, INTERACTION_EXPAND, DEED_READ, 0,
      expand_answer, NULL },
    { HTTP_GET, "/:type/$translate", TYPE_CONCEPT_MAP, INTERACTION_TRANSLATE, DEED_READ, 0,
      translate_answer, NULL },
    { HTTP_GET, "/:type/:id/$translate", TYPE_CONCEPT_MAP, INTERACTION_TRANSLATE, DEED_READ, 0,
      translate_answer, NULL },
    { HTTP_POST, "/:type/$translate", TYPE_CONCEPT_MAP, INTERACTION_TRANSLATE, DEED_READ, 0,
      translate_answer, NULL },
    { HTTP_POST, "/:type/:id/$translate", TYPE_CONCEPT_MAP, INTERACTION_TRANSLATE, DEED_READ, 0,
      translate_answer, NULL },
};

/* Of folders to the right: written at start-up, constant from then on. */
enum { OFFERS_MAX = 4 };
static struct Offer {
    const Row *rows;
    size_t     count;
} offers[OFFERS_MAX];

void interaction_offer(const Row *rows, size_t count)
{
    size_t i = 0;

    while (i < OFFERS_MAX && offers[i].rows && offers[i].rows != rows)
        i++;
    ENSURE(i < OFFERS_MAX);
    offers[i] = (struct Offer){ rows, count };
}

const Row *interaction_row_at(size_t index)
{
    if (index < COUNT(own_rows))
        return &own_rows[index];
    index -= COUNT(own_rows);
    for (size_t i = 0; i < OFFERS_MAX; index -= offers[i++].count)
        if (index < offers[i].count)
            return &offers[i].rows[index];
    return NULL;
}

static const char *const names[INTERACTIONS] = {
    [INTERACTION_NONE] = "none",
    [INTERACTION_CAPABILITIES] = "capabilities",
    [INTERACTION_READ] = "read",
    [INTERACTION_VREAD] = "vread",
    [INTERACTION_CREATE] = "create",
    [INTERACTION_UPDATE] = "update",
    [INTERACTION_PATCH] = "patch",
    [INTERACTION_DELETE] = "delete",
    [INTERACTION_CONDITIONAL_UPDATE] = "conditional-update",
    [INTERACTION_CONDITIONAL_PATCH] = "conditional-patch",
    [INTERACTION_CONDITIONAL_DELETE] = "conditional-delete",
    [INTERACTION_HISTORY_INSTANCE] = "history-instance",
    [INTERACTION_HISTORY_TYPE] = "history-type",
    [INTERACTION_HISTORY_SYSTEM] = "history-system",
    [INTERACTION_SEARCH_TYPE] = "search-type",
    [INTERACTION_BUNDLE] = "transaction",
    [INTERACTION_EVERYTHING] = "$everything",
    [INTERACTION_META] = "$meta",
    [INTERACTION_META_ADD] = "$meta-add",
    [INTERACTION_META_DELETE] = "$meta-delete",
    [INTERACTION_TOKEN] = "token",
    [INTERACTION_IMPORT] = "import",
    [INTERACTION_EXPORT] = "export",
    [INTERACTION_SEARCH_SYSTEM] = "search-system",
    [INTERACTION_SEARCH_COMPARTMENT] = "search-compartment",
    [INTERACTION_EXPLAIN] = "$explain",
    [INTERACTION_VALIDATE] = "$validate",
    [INTERACTION_FHIRPATH] = "$fhirpath",
    [INTERACTION_STATUS] = "$status",
    [INTERACTION_AUDIT] = "audit",
    [INTERACTION_SIGN_IN] = "sign-in",
    [INTERACTION_PEOPLE] = "people",
    [INTERACTION_AUTHORIZE] = "authorize",
    [INTERACTION_AUDIT_READ] = "read",
    [INTERACTION_AUDIT_SEARCH] = "search-type",
    [INTERACTION_ACCESS_LOG] = "$access-log",
    [INTERACTION_LOOKUP] = "$lookup",
    [INTERACTION_VALIDATE_CODE] = "$validate-code",
    [INTERACTION_EXPAND] = "$expand",
    [INTERACTION_SUBSUMES] = "$subsumes",
    [INTERACTION_TRANSLATE] = "$translate",
    [INTERACTION_FIND] = "$find",
    [INTERACTION_HOLD] = "$hold",
    [INTERACTION_BOOK] = "$book",
    [INTERACTION_INVOICE] = "$invoice",
    [INTERACTION_ISSUE] = "$issue",
    [INTERACTION_CANCEL_INVOICE] = "$cancel",
    [INTERACTION_WRITE_OFF] = "$write-off",
    [INTERACTION_PAY] = "$pay",
    [INTERACTION_ALLOCATE] = "$allocate",
    [INTERACTION_REFUND] = "$refund",
    [INTERACTION_ACCOUNT] = "$account",
    [INTERACTION_AGEING] = "$ageing",
    [INTERACTION_DAY_CLOSE] = "$day-close",
    [INTERACTION_RECEIPT] = "$receipt",
    [INTERACTION_SAMPLE_RECEIPT] = "$sample-receipt",
    [INTERACTION_SERIES] = "$series",
    [INTERACTION_SERIES_CHANGE] = "$series",
    [INTERACTION_ICS] = "$ics",
    [INTERACTION_SIGN] = "$sign",
    [INTERACTION_COSIGN] = "$cosign",
    [INTERACTION_AMEND] = "$amend",
    [INTERACTION_CHECK] = "$check",
    [INTERACTION_SCORE] = "$score",
    [INTERACTION_NOTE_PAPER] = "$paper",
    [INTERACTION_CHART_PAPER] = "$paper",
    [INTERACTION_TEMPLATES] = "$templates",
    [INTERACTION_INSTALL] = "$install",
    [INTERACTION_SEND] = "send",
    [INTERACTION_VIEW] = "$viewdefinition-run",
    [INTERACTION_GRAPHQL] = "$graphql",
    [INTERACTION_SNAPSHOT] = "$snapshot",
};

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "",
};

Str interaction_name(Interaction kind)
{
    return str_from(kind < INTERACTIONS ? names[kind] : names[INTERACTION_NONE]);
}

const Row *interaction_row(Interaction kind)
{
    const Row *row;

    for (size_t i = 0; (row = interaction_row_at(i)); i++)
        if (row->kind == kind)
            return row;
    return NULL;
}

bool interaction_is_quick(Interaction kind)
{
    const Row *row = interaction_row(kind);

    return row && row->flags & ROW_QUICK;
}

bool interaction_only_reads(Interaction kind)
{
    const Row *row = interaction_row(kind);

    return row && row->answer && !(row->flags & ROW_CHANGES);
}

bool interaction_is_public(Interaction kind)
{
    const Row *row = interaction_row(kind);

    return row && row->flags & ROW_PUBLIC;
}

/* ---- paths ---- */

enum { PARTS_MAX = 4 };

typedef struct Parts {
    Str    part[PARTS_MAX];
    size_t count;
} Parts;

/* "/Patient/1/" and "/Patient/1" are the same; more parts than any row has are too many. */
static bool split(Str path, Parts *out)
{
    Str rest = path, part;

    out->count = 0;
    while (str_next(&rest, '/', &part)) {
        if (part.len == 0 && (out->count == 0 || rest.at == NULL))
            continue;
        if (out->count == PARTS_MAX)
            return false;
        out->part[out->count++] = part;
    }
    return true;
}

static bool is_word(Str part)
{
    return part.len > 0 && (part.at[0] == '_' || part.at[0] == '$');
}

/* The third part of a compartment's address: a type, or all. */
static bool is_within(Str part)
{
    TypeId type = type_find(part);

    return str_equal(part, STR("*")) || (type && type != TYPE_AUDIT_EVENT);
}

bool interaction_row_is_for(const Row *row, TypeId type)
{
    if (row->only)
        return row->only == type;
    return type != TYPE_AUDIT_EVENT
           || (row->kind != INTERACTION_SEARCH_TYPE && row->kind != INTERACTION_EXPLAIN);
}

/* AuditEvents of the log can be read and searched, nothing else. Those from elsewhere are stored, and
 * their ids are never like those of the log (ADR 0022): with them may be done what is done with all;
 * but searching is looking through both, which compartments and plans know nothing of. */
static bool fits_audit(const Row *row, const Parts *parts)
{
    bool own = parts->count > 1 && audit_id_is_own(TYPE_AUDIT_EVENT, parts->part[1]);

    if (row->only)
        return row->kind != INTERACTION_AUDIT_READ || own;
    return !own;
}

/* Whether the path has the shape of the row. */
static bool fits(const Row *row, const Parts *parts, TypeId type)
{
    Parts row_parts;

    if (!split(str_from(row->path), &row_parts) || row_parts.count != parts->count)
        return false;
    if (!interaction_row_is_for(row, type)
        || (type == TYPE_AUDIT_EVENT && !fits_audit(row, parts))
        || (row->kind == INTERACTION_SEARCH_COMPARTMENT && !type_has_compartment(type)))
        return false;
    for (size_t i = 0; i < parts->count; i++) {
        bool variable = row_parts.part[i].at[0] == ':';

        if (variable && (is_word(parts->part[i]) || type == 0))
            return false;
        if (str_equal(row_parts.part[i], STR(":within")) && !is_within(parts->part[i]))
            return false;
        if (!variable && !str_equal(row_parts.part[i], parts->part[i]))
            return false;
    }
    return true;
}

/* Words in front that are no types of R4; ViewDefinition has operations all the same. */
static bool has_type(const Parts *parts)
{
    return parts->count > 0 && !is_word(parts->part[0])
           && !str_equal(parts->part[0], STR("metadata"))
           && !(str_equal(parts->part[0], STR("ViewDefinition")) && parts->count == 2);
}

static Fail no_such_place(Call *c, const Parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->part[i].len > 0 && parts->part[i].at[0] == '$')
            return fail(c, FAIL_UNKNOWN_TYPE, (Str){ 0 },
                        "The operation %.*s is not offered there", STR_ARG(parts->part[i]));
    return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "Nothing is offered at this address");
}

static Fail wrong_method(Call *c, const Parts *parts, TypeId type, Answer *answer)
{
    Buf        allow = buf_new(c->arena, 32);
    const Row *row;

    for (size_t i = 0; (row = interaction_row_at(i)); i++) {
        Str name = str_from(method_names[row->method]);

        if (!fits(row, parts, type) || str_find(buf_str(&allow), name) >= 0)
            continue;
        buf_printf(&allow, "%s%.*s", allow.len ? ", " : "", STR_ARG(name));
        if (row->method == HTTP_GET)
            buf_put(&allow, STR(", HEAD"));
    }
    if (allow.len == 0)
        return no_such_place(c, parts);
    answer->allow = buf_str(&allow);
    return fail(c, FAIL_METHOD, (Str){ 0 }, "That method is not offered there; offered: %.*s",
                STR_ARG(answer->allow));
}

/* What the parts of the address are in that row. A compartment is looked in for another type. */
static void take_parts(Asked *asked, const Row *row, const Parts *parts, Answer *answer)
{
    asked->kind = row->kind;
    if (row->kind == INTERACTION_SEARCH_COMPARTMENT) {
        asked->compartment = parts->part[1];
        asked->owner = asked->type;
        answer->type = asked->type = type_find(parts->part[2]);
        return;
    }
    if (parts->count > 1 && !is_word(parts->part[1]))
        answer->id = asked->id = parts->part[1];
    if (row->kind == INTERACTION_VREAD)
        asked->version = parts->part[3];
}

static Fail check_parts(Call *c, const Asked *asked, const Parts *parts)
{
    if (has_type(parts) && asked->type == 0)
        return fail(c, FAIL_UNKNOWN_TYPE, (Str){ 0 }, "There is no resource type %.*s in R4",
                    STR_ARG(parts->part[0]));
    if (parts->count > 1 && !is_word(parts->part[1]) && !resource_id_valid(parts->part[1]))
        return fail(c, FAIL_VALUE, (Str){ 0 },
                    "The id in the address cannot be one: 1 to 64 letters, digits, - and .");
    return OK;
}

Fail asked_route(Call *c, Asked *asked, Str path, Answer *answer)
{
    HttpMethod method = asked->method == HTTP_HEAD ? HTTP_GET : asked->method;
    const Row *row;
    Parts      parts;

    asked->kind = INTERACTION_NONE;
    if (!split(path, &parts))
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "Nothing is offered at this address");
    asked->type = has_type(&parts) ? type_find(parts.part[0]) : 0;
    answer->type = asked->type;
    TRY(check_parts(c, asked, &parts));
    for (size_t i = 0; (row = interaction_row_at(i)); i++) {
        if (row->method != method || !fits(row, &parts, asked->type))
            continue;
        take_parts(asked, row, &parts, answer);
        return OK;
    }
    return wrong_method(c, &parts, asked->type, answer);
}

/* ---- carrying out ---- */

Fail interaction_answer(Call *c, Session *s, const Principal *p, const Asked *asked,
                        Answer *answer)
{
    const Row *row = interaction_row(asked->kind);
    Turn       turn = { .principal = p, .asked = asked };

    *answer = (Answer){ .type = asked->type, .id = asked->id };
    if (!row)
        return fail(c, FAIL_NOT_SUPPORTED, (Str){ 0 }, "That is not offered");
    if (row->deed != DEED_NONE)
        TRY(access_permit(c, p, row->deed, asked->type, &turn.permit));
    if (turn.permit.reach == REACH_PATIENT)
        answer->patient = arena_str(c->arena, str_from(turn.permit.patient));
    if (row->prepare) {
        Fail result = change_carry_out(c, s, &turn, row->prepare, answer);

        if (result == FAIL_CONFLICT && asked->type == TYPE_APPOINTMENT)
            book_offer(c, s, &turn);
        return result;
    }
    return row->answer(c, s, &turn, answer);
}
