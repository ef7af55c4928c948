/*
 * The CapabilityStatement, made from the interactions table and the definitions: what is not
 * routed is not claimed. It is made once for our address and kept. R4 capabilitystatement.html
 */
#include <pthread.h>

#include "base/limits.h"
#include "base/moment.h"
#include "fhir/custom.h"
#include "fhir/search.h"
#include "interaction/match.h"
#include "interaction/packages.h"
#include "interaction/turn.h"

#ifndef HALE_VERSION
#define HALE_VERSION "0"
#endif

/* What a type of search parameter is called, where the store answers it. */
static const char *const search_type_names[SEARCH_TYPES] = {
    [SEARCH_NUMBER] = "number",       [SEARCH_DATE] = "date",
    [SEARCH_STRING] = "string",       [SEARCH_TOKEN] = "token",
    [SEARCH_REFERENCE] = "reference", [SEARCH_COMPOSITE] = "composite",
    [SEARCH_QUANTITY] = "quantity",   [SEARCH_URI] = "uri",
    [SEARCH_SPECIAL] = "special",
};

/* The interactions of a resource and of the system, by their codes in the standard. */
static const Interaction type_interactions[] = {
    INTERACTION_READ,   INTERACTION_VREAD,        INTERACTION_UPDATE,
    INTERACTION_PATCH,  INTERACTION_DELETE,       INTERACTION_HISTORY_INSTANCE,
    INTERACTION_CREATE, INTERACTION_HISTORY_TYPE, INTERACTION_SEARCH_TYPE,
};

static const struct OperationText {
    Interaction kind;
    Str         name, definition;
    TypeId      only; /* where several types have one of that kind */
} operations[] = {
    { INTERACTION_EVERYTHING, STR_INIT("everything"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/Patient-everything") },
    { INTERACTION_ACCESS_LOG, STR_INIT("access-log"), STR_INIT("urn:hale:access-log") },
    { INTERACTION_STATUS, STR_INIT("status"), STR_INIT("urn:hale:search-parameter-status") },
    { INTERACTION_FIND, STR_INIT("find"),
      STR_INIT(
          "https://profiles.ihe.net/ITI/Scheduling/OperationDefinition/appointment-find") },
    { INTERACTION_HOLD, STR_INIT("hold"),
      STR_INIT(
          "https://profiles.ihe.net/ITI/Scheduling/OperationDefinition/appointment-hold") },
    { INTERACTION_BOOK, STR_INIT("book"),
      STR_INIT(
          "https://profiles.ihe.net/ITI/Scheduling/OperationDefinition/appointment-book") },
    { INTERACTION_EXPLAIN, STR_INIT("explain"), STR_INIT("urn:hale:search-explain") },
    { INTERACTION_FHIRPATH, STR_INIT("fhirpath"), STR_INIT("urn:hale:fhirpath") },
    { INTERACTION_GRAPHQL, STR_INIT("graphql"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/Resource-graphql") },
    { INTERACTION_VIEW, STR_INIT("viewdefinition-run"),
      STR_INIT("http://sql-on-fhir.org/OperationDefinition/$viewdefinition-run") },
    { INTERACTION_SERIES, STR_INIT("series"), STR_INIT("urn:hale:series") },
    { INTERACTION_ICS, STR_INIT("ics"), STR_INIT("urn:hale:ics") },
    { INTERACTION_VALIDATE, STR_INIT("validate"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/Resource-validate") },
    { INTERACTION_SNAPSHOT, STR_INIT("snapshot"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/StructureDefinition-snapshot") },
    { INTERACTION_META, STR_INIT("meta"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/Resource-meta") },
    { INTERACTION_META_ADD, STR_INIT("meta-add"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/Resource-meta-add") },
    { INTERACTION_META_DELETE, STR_INIT("meta-delete"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/Resource-meta-delete") },
    { INTERACTION_LOOKUP, STR_INIT("lookup"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup"), TYPE_CODE_SYSTEM },
    { INTERACTION_VALIDATE_CODE, STR_INIT("validate-code"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code"),
      TYPE_CODE_SYSTEM },
    { INTERACTION_VALIDATE_CODE, STR_INIT("validate-code"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code"),
      TYPE_VALUE_SET },
    { INTERACTION_EXPAND, STR_INIT("expand"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/ValueSet-expand"), TYPE_VALUE_SET },
    { INTERACTION_SUBSUMES, STR_INIT("subsumes"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes"),
      TYPE_CODE_SYSTEM },
    { INTERACTION_TRANSLATE, STR_INIT("translate"),
      STR_INIT("http://hl7.org/fhir/OperationDefinition/ConceptMap-translate"),
      TYPE_CONCEPT_MAP },
};

static void put_member(Buf *out, const char *name, Str value)
{
    buf_printf(out, "\"%s\":", name);
    buf_put_json_string(out, value);
}

static void put_flag(Buf *out, const char *name, bool value)
{
    buf_printf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void put_interactions(Buf *out)
{
    size_t count = 0;

    buf_put(out, STR(",\"interaction\":["));
    for (size_t i = 0; i < COUNT(type_interactions); i++) {
        if (!interaction_row(type_interactions[i]))
            continue;
        buf_printf(out, "%s{\"code\":\"%.*s\"}", count++ ? "," : "",
                   STR_ARG(interaction_name(type_interactions[i])));
    }
    buf_put_char(out, ']');
}

static void put_policies(Buf *out)
{
    bool conditional_delete = interaction_row(INTERACTION_CONDITIONAL_DELETE) != NULL;

    buf_put(out, STR(",\"versioning\":\"versioned\""));
    put_flag(out, "readHistory", interaction_row(INTERACTION_VREAD) != NULL);
    put_flag(out, "updateCreate", interaction_row(INTERACTION_UPDATE) != NULL);
    put_flag(out, "conditionalCreate", interaction_row(INTERACTION_CREATE) != NULL);
    buf_put(out, STR(",\"conditionalRead\":\"full-support\""));
    put_flag(out, "conditionalUpdate", interaction_row(INTERACTION_CONDITIONAL_UPDATE) != NULL);
    buf_printf(out, ",\"conditionalDelete\":\"%s\"",
               conditional_delete ? "multiple" : "not-supported");
    buf_put(out, STR(",\"referencePolicy\":[\"literal\",\"local\"]"));
}

/* Rows answer for it, or the store's own columns do. */
static bool is_answered(const SearchParam *param)
{
    return param->indexed || search_param_is_words(param) || str_equal(param->code, STR("_id"))
           || str_equal(param->code, STR("_lastUpdated"));
}

/* Whether each type has a parameter of that name: such a one can be used across types. */
static bool is_shared(const SearchParam *param)
{
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (!search_param_find(type, param->code))
            return false;
    return true;
}

static void put_search_param(Buf *out, size_t *put, const SearchParam *param)
{
    buf_put(out, (*put)++ ? STR(",{") : STR(",\"searchParam\":[{"));
    put_member(out, "name", param->code);
    buf_put_char(out, ',');
    put_member(out, "definition", param->url);
    buf_printf(out, ",\"type\":\"%s\"}", search_type_names[param->type]);
}

/* The next of the practice's own of that type that can be searched by, from *place on; or NULL. */
static const SearchParam *next_custom(TypeId type, uint32_t *place)
{
    const CustomSet *set = custom_set();

    for (uint32_t i = set->from[type] + *place; i < set->from[type + 1]; i++) {
        (*place)++;
        if (custom_percent(custom_param(set->params[i])) == 100)
            return custom_param(set->params[i]);
    }
    return NULL;
}

/* Of a type, or (0) those that all types share. */
static void put_search_params(Buf *out, TypeId type)
{
    uint16_t           count = 0;
    uint32_t           place = 0;
    const SearchParam *params = search_params_of(type ? type : 1, &count);
    size_t             put = 0;

    for (uint16_t i = 0; i < count; i++)
        if (is_answered(&params[i]) && (type || is_shared(&params[i])))
            put_search_param(out, &put, &params[i]);
    for (const SearchParam *own; type && (own = next_custom(type, &place));)
        put_search_param(out, &put, own);
    if (put > 0)
        buf_put_char(out, ']');
}

static void put_include(Buf *out, size_t *put, const char *member, const SearchParam *param)
{
    if ((*put)++ == 0)
        buf_printf(out, ",\"%s\":[\"*\"", member);
    buf_printf(out, ",\"%.*s:%.*s\"", STR_ARG(type_name(param->base)), STR_ARG(param->code));
}

static bool points_to(const SearchParam *param, TypeId type)
{
    return param->type == SEARCH_REFERENCE && param->indexed
           && (!param->only_type || param->only_type == type)
           && targets_contain(param->targets, type);
}

static void put_includes(Buf *out, TypeId type)
{
    uint16_t           count = 0;
    const SearchParam *params = search_params_of(type, &count);
    const SearchParam *own;
    uint32_t           place = 0;
    size_t             forward = 0, back = 0;

    for (uint16_t i = 0; i < count; i++)
        if (params[i].type == SEARCH_REFERENCE && params[i].indexed)
            put_include(out, &forward, "searchInclude", &params[i]);
    while ((own = next_custom(type, &place)))
        if (own->type == SEARCH_REFERENCE)
            put_include(out, &forward, "searchInclude", own);
    if (forward)
        buf_put_char(out, ']');
    for (uint16_t i = 0; i < search_param_count; i++)
        if (type_is_record(search_param_at(i)->base) && points_to(search_param_at(i), type))
            put_include(out, &back, "searchRevInclude", search_param_at(i));
    for (TypeId source = 1; source <= RESOURCE_TYPES; source++)
        for (place = 0; (own = next_custom(source, &place));)
            if (points_to(own, type))
                put_include(out, &back, "searchRevInclude", own);
    if (back)
        buf_put_char(out, ']');
}

static void put_operation(Buf *out, bool first, Str name, Str definition)
{
    buf_put(out, first ? STR(",\"operation\":[{") : STR(",{"));
    put_member(out, "name", name);
    buf_put_char(out, ',');
    put_member(out, "definition", definition);
    buf_put_char(out, '}');
}

/* Those of folders to the right are said by their rows; one that is asked in several ways has as
 * many rows. */
static size_t put_offered(Buf *out, TypeId type, size_t put)
{
    const Row *row, *before = NULL;

    for (size_t i = 0; (row = interaction_row_at(i)); before = row, i++) {
        if (!row->defined || row->only != type || (before && before->kind == row->kind))
            continue;
        put_operation(out, put++ == 0, str_skip(interaction_name(row->kind), 1),
                      str_from(row->defined));
    }
    return put;
}

/* Whether a row offers it for that type, or (0) for the system. */
static bool is_routed(const struct OperationText *operation, TypeId type)
{
    const Row *row;

    for (size_t i = 0; (row = interaction_row_at(i)); i++)
        if (row->kind == operation->kind && (row->path[1] == ':') == (type != 0)
            && interaction_row_is_for(row, type))
            return true;
    return false;
}

static void put_operations(Buf *out, TypeId type)
{
    size_t put = 0;

    for (size_t i = 0; i < COUNT(operations); i++) {
        if ((operations[i].only && operations[i].only != type)
            || !is_routed(&operations[i], type))
            continue;
        put_operation(out, put++ == 0, operations[i].name, operations[i].definition);
    }
    if (put_offered(out, type, put) > 0)
        buf_put_char(out, ']');
}

/* Those of the log are looked through, not looked up: by fewer parameters, with nothing included. */
static void put_audit_params(Buf *out)
{
    uint16_t           count = 0;
    const SearchParam *params = search_params_of(TYPE_AUDIT_EVENT, &count);
    size_t             put = 0;

    for (uint16_t i = 0; i < count; i++)
        if (is_answered(&params[i]) && match_understands(&(Clause){ .param = &params[i] }))
            put_search_param(out, &put, &params[i]);
    if (put)
        buf_put_char(out, ']');
}

/* Whether a package before that one says the same of the type: versions stand side by side. */
static bool is_repeated(const PackageRecords *packages, size_t package, const PackagePart *part)
{
    for (size_t i = 0; i < package; i++)
        for (uint32_t k = 0; k < packages->at[i].part_count; k++)
            if (packages->at[i].parts[k].profile == part->profile
                && str_equal(packages->at[i].parts[k].url, part->url))
                return true;
    return false;
}

/* The profiles of a type that packages brought. */
static void put_profiles(Buf *out, const PackageRecords *packages, TypeId type)
{
    size_t put = 0;

    for (size_t i = 0; i < packages->count; i++)
        for (uint32_t k = 0; k < packages->at[i].part_count; k++) {
            const PackagePart *part = &packages->at[i].parts[k];

            if (part->profile != type || is_repeated(packages, i, part))
                continue;
            buf_put(out, put++ ? STR(",") : STR(",\"supportedProfile\":["));
            buf_put_json_string(out, part->url);
        }
    if (put)
        buf_put_char(out, ']');
}

static void put_guides(Buf *out, const PackageRecords *packages)
{
    for (size_t i = 0; i < packages->count; i++) {
        const PackageRecord *p = &packages->at[i];

        buf_put(out, i ? STR(",") : STR(",\"implementationGuide\":["));
        buf_put_json_string(
            out, arena_printf(out->arena, "%.*s|%.*s", STR_ARG(p->url), STR_ARG(p->version)));
    }
    if (packages->count)
        buf_put_char(out, ']');
}

static void put_resource(Buf *out, const PackageRecords *packages, TypeId type)
{
    buf_put_char(out, '{');
    put_member(out, "type", type_name(type));
    buf_put_char(out, ',');
    buf_printf(out, "\"profile\":\"http://hl7.org/fhir/StructureDefinition/%.*s\"",
               STR_ARG(type_name(type)));
    put_profiles(out, packages, type);
    put_interactions(out);
    put_policies(out);
    if (type == TYPE_AUDIT_EVENT) {
        put_audit_params(out);
    } else {
        put_includes(out, type);
        put_search_params(out, type);
    }
    put_operations(out, type);
    buf_put_char(out, '}');
}

/* Where apps ask for tokens; older ones look here and not in .well-known (SMART 1.0). */
static void put_security(Buf *out, Str base)
{
    static const struct {
        const char *url, *path;
    } uris[] = {
        { "authorize", "authorize" },
        { "token", "token" },
        { "introspect", "introspect" },
        { "revoke", "revoke" },
    };
    Str root = str_ends(base, STR("/fhir")) ? str_slice(base, 0, base.len - 5) : base;

    buf_put(out,
            STR("\"security\":{\"extension\":[{\"url\":"
                "\"http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris\","
                "\"extension\":["));
    for (size_t i = 0; i < COUNT(uris); i++) {
        buf_printf(out, "%s{\"url\":\"%s\",", i ? "," : "", uris[i].url);
        put_member(out, "valueUri",
                   arena_printf(out->arena, "%.*s/oauth2/%s", STR_ARG(root), uris[i].path));
        buf_put_char(out, '}');
    }
    buf_put(out,
            STR("]}],\"cors\":true,\"service\":[{\"coding\":[{\"system\":"
                "\"http://terminology.hl7.org/CodeSystem/restful-security-service\","
                "\"code\":\"SMART-on-FHIR\"}]}],"
                "\"description\":\"Each call but this one needs a bearer token with SMART "
                "scopes (RFC 6750). Apps get them by SMART App Launch; the owner of the data "
                "folder makes tokens with `hale token`. Pages of registered apps may read "
                "answers.\"},"));
}

/* The statement has no element for modifiers, so they are told to people. */
static void put_documentation(Buf *out)
{
    Str word;

    buf_put(out, STR("\"documentation\":\"Modifiers of search parameters:"));
    for (SearchType type = 0; type < SEARCH_TYPES; type++) {
        bool any = false;

        for (uint32_t at = 0; search_modifier_next(type, &at, &word); any = true)
            buf_printf(out, "%s :%.*s", any || !type ? "" : ";", STR_ARG(word));
        if (any)
            buf_printf(out, " (%s)", search_type_names[type]);
    }
    buf_put(out, STR("\","));
}

static Str make_statement(Arena *a, Str base, const PackageRecords *packages, int64_t now_us)
{
    Buf  out = buf_new(a, 512 * 1024);
    char at[INSTANT_CHARS + 1];

    moment_format_instant(now_us, at);
    buf_put(&out, STR("{\"resourceType\":\"CapabilityStatement\",\"status\":\"active\","));
    buf_printf(&out, "\"date\":\"%s\",\"publisher\":\"Hale\",\"kind\":\"instance\",", at);
    buf_put(&out, STR("\"software\":{\"name\":\"Hale\",\"version\":\"" HALE_VERSION "\"},"));
    buf_put(&out, STR("\"implementation\":{\"description\":\"Hale, a medical record\","));
    put_member(&out, "url", base);
    buf_put_char(&out, '}');
    put_guides(&out, packages);
    buf_put(
        &out,
        STR(",\"fhirVersion\":\"4.0.1\","
            "\"format\":[\"application/fhir+json\",\"json\",\"application/fhir+xml\",\"xml\"],"
            "\"patchFormat\":[\"application/json-patch+json\",\"application/fhir+json\","
            "\"application/fhir+xml\"],"
            "\"rest\":[{\"mode\":\"server\","));
    put_documentation(&out);
    put_security(&out, base);
    buf_put(&out, STR("\"resource\":["));
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++) {
        if (type > 1)
            buf_put_char(&out, ',');
        put_resource(&out, packages, type);
    }
    buf_put(&out, STR("],\"interaction\":[{\"code\":\"transaction\"},{\"code\":\"batch\"},"
                      "{\"code\":\"search-system\"},{\"code\":\"history-system\"}]"));
    put_search_params(&out, 0);
    put_operations(&out, 0);
    buf_put(&out, STR(",\"compartment\":["
                      "\"http://hl7.org/fhir/CompartmentDefinition/patient\","
                      "\"http://hl7.org/fhir/CompartmentDefinition/encounter\","
                      "\"http://hl7.org/fhir/CompartmentDefinition/practitioner\","
                      "\"http://hl7.org/fhir/CompartmentDefinition/relatedPerson\","
                      "\"http://hl7.org/fhir/CompartmentDefinition/device\"]}]}"));
    return buf_str(&out);
}

/* One statement is kept: there is one address. Another address gets one made for it; when other
 * search parameters are in force or ready, it is made anew, and the old one goes when nobody sends
 * it any more. */
typedef struct Kept {
    Arena   *arena;
    Str      base, statement;
    uint64_t shown;
    unsigned users; /* calls that send it, and 1 while it is the one that is kept */
} Kept;

static struct {
    pthread_mutex_t lock;
    Kept           *now;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

enum { KEPT_BYTES = 128 * 1024 * 1024 };

/* Which of the practice's own parameters and packages a statement shows. */
static uint64_t shown_now(const Store *s)
{
    const CustomSet *set = custom_set();
    uint64_t         ready = 0;

    for (uint32_t i = 0; i < set->count; i++)
        ready += custom_percent(custom_param(set->params[i])) == 100;
    return (set->version * (LIMIT_CUSTOM_PARAMS + 1) + ready) ^ (packages_serial() + 1) << 40
           ^ store_serial(s) << 52;
}

static Kept *kept_new(Str base, const PackageRecords *packages, uint64_t shown, int64_t now_us)
{
    Arena *arena = arena_create(KEPT_BYTES);
    Kept  *k = NEW(arena, Kept);

    *k = (Kept){ .arena = arena, .base = arena_str(arena, base), .shown = shown, .users = 1 };
    k->statement = make_statement(arena, base, packages, now_us);
    return k;
}

/* With the lock held. */
static void kept_leave(Kept *k)
{
    if (--k->users == 0)
        arena_destroy(k->arena);
}

static void statement_sent(void *k)
{
    pthread_mutex_lock(&kept.lock);
    kept_leave(k);
    pthread_mutex_unlock(&kept.lock);
}

/* The one that is kept, if it is still what is to be shown. */
static bool take_kept(Call *c, Str base, uint64_t shown, Str *out)
{
    Kept *k;
    bool  fits;

    pthread_mutex_lock(&kept.lock);
    k = kept.now;
    fits = k && k->shown == shown && str_equal(k->base, base);
    if (fits)
        k->users++;
    pthread_mutex_unlock(&kept.lock);
    if (!fits)
        return false;
    arena_defer(c->arena, statement_sent, k);
    *out = k->statement;
    return true;
}

static Fail statement_for(Call *c, Session *s, Str base, Str *out)
{
    uint64_t       shown = shown_now(session_store(s));
    PackageRecords packages;
    bool           same;
    Kept          *k;

    if (take_kept(c, base, shown, out))
        return OK;
    TRY(packages_list(c, s, &packages));
    pthread_mutex_lock(&kept.lock);
    if (!kept.now || (kept.now->shown != shown && str_equal(kept.now->base, base))) {
        if (kept.now)
            kept_leave(kept.now);
        kept.now = kept_new(base, &packages, shown, c->now_us);
    }
    k = kept.now;
    same = str_equal(k->base, base);
    k->users += same;
    pthread_mutex_unlock(&kept.lock);
    *out = same ? k->statement : make_statement(c->arena, base, &packages, c->now_us);
    if (same)
        arena_defer(c->arena, statement_sent, k);
    return OK;
}

static Fail take_mode(Call *c, Str name, Str value, void *into)
{
    bool *terminology = into;

    *terminology = str_equal(value, STR("terminology"));
    if (!*terminology && !str_equal(value, STR("full")))
        return fail(c, FAIL_VALUE, name, "Only mode=full and mode=terminology are offered");
    return OK;
}

/* What is offered of terminology. Which code systems there are depends on who asks; those that HL7
 * publishes with R4 are there for all and are not named one by one. */
static Str terminology_statement(Call *c)
{
    char at[INSTANT_CHARS + 1];

    moment_format_instant(c->now_us, at);
    return arena_printf(
        c->arena,
        "{\"resourceType\":\"TerminologyCapabilities\",\"status\":\"active\",\"date\":\"%s\","
        "\"kind\":\"instance\",\"software\":{\"name\":\"Hale\",\"version\":\"%s\"},"
        "\"expansion\":{\"hierarchical\":true,\"paging\":true,\"incomplete\":false,"
        "\"parameter\":[{\"name\":\"filter\"},{\"name\":\"count\"},{\"name\":\"offset\"},"
        "{\"name\":\"activeOnly\"},{\"name\":\"excludeNested\"},"
        "{\"name\":\"includeDesignations\"},{\"name\":\"includeDefinition\"},"
        "{\"name\":\"displayLanguage\"},{\"name\":\"exclude-system\"},"
        "{\"name\":\"system-version\"},{\"name\":\"check-system-version\"},"
        "{\"name\":\"force-system-version\"}],"
        "\"textFilter\":\"Each word begins a word of the code or of one of its names\"},"
        "\"codeSearch\":\"all\",\"validateCode\":{\"translations\":true},"
        "\"translation\":{\"needsMap\":true}}",
        at, HALE_VERSION);
}

static const ParamRow param_rows[] = { { STR_INIT("mode"), take_mode } };

Fail capabilities_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    bool terminology = false;

    TRY(params_take(c, turn->asked, param_rows, COUNT(param_rows), &terminology));
    answer->status = 200;
    if (terminology)
        answer->body = terminology_statement(c);
    else
        TRY(statement_for(c, s, turn->asked->base, &answer->body));
    answer->rows = 1;
    return OK;
}
