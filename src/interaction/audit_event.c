/* Audit records as AuditEvents: see audit_event.h. R4 auditevent.html */
#include "interaction/audit_event.h"

#include "base/moment.h"
#include "codec/base64.h"

#define BALP "https://profiles.ihe.net/ITI/BALP/"
#define THO "http://terminology.hl7.org/CodeSystem/"

static const char dcm[] = "http://dicom.nema.org/resources/ontology/DCM";
static const char restful[] = "http://hl7.org/fhir/restful-interaction";
static const char participation[] = THO "v3-ParticipationType";
static const char entity_type[] = THO "audit-entity-type";
static const char object_role[] = THO "object-role";

typedef struct Code {
    const char *system, *code, *display;
} Code;

/* DICOM PS3.15 A.5 and PS3.16 CID 400, 401, 402. */
static const Code rest = { THO "audit-event-type", "rest", "Restful Operation" };
static const Code log_used = { dcm, "110101", "Audit Log Used" };
static const Code exported = { dcm, "110106", "Export" };
static const Code imported = { dcm, "110107", "Import" };
static const Code security = { dcm, "110113", "Security Alert" };
static const Code signed_in = { dcm, "110114", "User Authentication" };
static const Code attributes = { dcm, "110137", "User Security Attributes Changed" };
static const Code application = { dcm, "110150", "Application" };
static const Code destination = { dcm, "110152", "Destination Role ID" };
static const Code source = { dcm, "110153", "Source Role ID" };
static const Code custodian = { THO "provenance-participant-type", "custodian", "Custodian" };
static const Code recipient = { participation, "IRCP", "information recipient" };
static const Code author = { participation, "AUT", "author (originator)" };
static const Code person = { entity_type, "1", "Person" };
static const Code thing = { entity_type, "2", "System Object" };
static const Code role_patient = { object_role, "1", "Patient" };
static const Code role_resource = { object_role, "4", "Domain Resource" };
static const Code role_user = { object_role, "11", "Security User Entity" };
static const Code role_query = { object_role, "24", "Query" };
static const Code request_id = { BALP "CodeSystem/BasicAuditEntityType", "XrequestId", NULL };
static const Code emergency = { THO "v3-ActReason", "BTG", "break the glass" };
static const Code by_patient = { THO "v3-ActReason", "PATRQT", "patient requested" };

typedef enum Shown { SHOWN_DATA, SHOWN_QUERY, SHOWN_USER, SHOWN_NOTHING } Shown;

/* How each interaction is told. Which end is the source of what flows is laid down by BALP: of a
 * read the server, else the client. */
static const struct Kind {
    const Code *type;
    const char *subtype; /* of restful-interaction; NULL: our own name for it */
    char        action;
    const char *profile; /* of BALP: "Read", and of a patient's record "PatientRead" */
    Shown       shown;
} kinds[INTERACTIONS] = {
    [INTERACTION_NONE] = { &rest, NULL, 'E', NULL, SHOWN_NOTHING },
    [INTERACTION_CAPABILITIES] = { &rest, "capabilities", 'R', NULL, SHOWN_NOTHING },
    [INTERACTION_READ] = { &rest, "read", 'R', "Read", SHOWN_DATA },
    [INTERACTION_VREAD] = { &rest, "vread", 'R', "Read", SHOWN_DATA },
    [INTERACTION_CREATE] = { &rest, "create", 'C', "Create", SHOWN_DATA },
    [INTERACTION_UPDATE] = { &rest, "update", 'U', "Update", SHOWN_DATA },
    [INTERACTION_PATCH] = { &rest, "patch", 'U', "Update", SHOWN_DATA },
    [INTERACTION_DELETE] = { &rest, "delete", 'D', "Delete", SHOWN_DATA },
    [INTERACTION_CONDITIONAL_UPDATE] = { &rest, "update", 'U', "Update", SHOWN_DATA },
    [INTERACTION_CONDITIONAL_PATCH] = { &rest, "patch", 'U', "Update", SHOWN_DATA },
    [INTERACTION_CONDITIONAL_DELETE] = { &rest, "delete", 'D', "Delete", SHOWN_DATA },
    [INTERACTION_HISTORY_INSTANCE] = { &rest, "history-instance", 'R', NULL, SHOWN_DATA },
    [INTERACTION_HISTORY_TYPE] = { &rest, "history-type", 'R', NULL, SHOWN_QUERY },
    [INTERACTION_HISTORY_SYSTEM] = { &rest, "history-system", 'R', NULL, SHOWN_QUERY },
    [INTERACTION_SEARCH_TYPE] = { &rest, "search-type", 'E', "Query", SHOWN_QUERY },
    [INTERACTION_SEARCH_SYSTEM] = { &rest, "search-system", 'E', "Query", SHOWN_QUERY },
    [INTERACTION_SEARCH_COMPARTMENT] = { &rest, "search", 'E', "Query", SHOWN_QUERY },
    [INTERACTION_BUNDLE] = { &rest, "batch", 'E', NULL, SHOWN_NOTHING },
    [INTERACTION_EVERYTHING] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_META] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_META_ADD] = { &rest, "operation", 'U', NULL, SHOWN_DATA },
    [INTERACTION_META_DELETE] = { &rest, "operation", 'U', NULL, SHOWN_DATA },
    [INTERACTION_EXPLAIN] = { &rest, "operation", 'E', NULL, SHOWN_QUERY },
    [INTERACTION_TOKEN] = { &security, NULL, 'C', NULL, SHOWN_USER },
    [INTERACTION_IMPORT] = { &imported, NULL, 'C', NULL, SHOWN_NOTHING },
    [INTERACTION_EXPORT] = { &exported, NULL, 'R', NULL, SHOWN_NOTHING },
    [INTERACTION_SEND] = { &exported, NULL, 'R', NULL, SHOWN_NOTHING },
    [INTERACTION_AUDIT] = { &log_used, NULL, 'R', NULL, SHOWN_NOTHING },
    [INTERACTION_SIGN_IN] = { &signed_in, NULL, 'E', NULL, SHOWN_USER },
    [INTERACTION_PEOPLE] = { &security, NULL, 'U', NULL, SHOWN_USER },
    [INTERACTION_AUTHORIZE] = { &security, NULL, 'U', NULL, SHOWN_USER },
    [INTERACTION_AUDIT_READ] = { &rest, "read", 'R', "Read", SHOWN_DATA },
    [INTERACTION_AUDIT_SEARCH] = { &rest, "search-type", 'E', "Query", SHOWN_QUERY },
    [INTERACTION_VALIDATE] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_FIND] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_HOLD] = { &rest, "operation", 'C', NULL, SHOWN_DATA },
    [INTERACTION_BOOK] = { &rest, "operation", 'C', NULL, SHOWN_DATA },
    [INTERACTION_SERIES] = { &rest, "operation", 'C', NULL, SHOWN_DATA },
    [INTERACTION_SERIES_CHANGE] = { &rest, "operation", 'U', NULL, SHOWN_DATA },
    [INTERACTION_ICS] = { &rest, "operation", 'R', NULL, SHOWN_DATA },
    [INTERACTION_GRAPHQL] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_VIEW] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_STATUS] = { &rest, "operation", 'R', NULL, SHOWN_DATA },
    [INTERACTION_ACCESS_LOG] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_LOOKUP] = { &rest, "operation", 'E', NULL, SHOWN_QUERY },
    [INTERACTION_VALIDATE_CODE] = { &rest, "operation", 'E', NULL, SHOWN_QUERY },
    [INTERACTION_EXPAND] = { &rest, "operation", 'E', NULL, SHOWN_QUERY },
    [INTERACTION_SUBSUMES] = { &rest, "operation", 'E', NULL, SHOWN_QUERY },
    [INTERACTION_TRANSLATE] = { &rest, "operation", 'E', NULL, SHOWN_QUERY },
    [INTERACTION_INVOICE] = { &rest, "operation", 'C', NULL, SHOWN_DATA },
    [INTERACTION_ISSUE] = { &rest, "operation", 'U', NULL, SHOWN_DATA },
    [INTERACTION_CANCEL_INVOICE] = { &rest, "operation", 'U', NULL, SHOWN_DATA },
    [INTERACTION_WRITE_OFF] = { &rest, "operation", 'U', NULL, SHOWN_DATA },
    [INTERACTION_PAY] = { &rest, "operation", 'C', NULL, SHOWN_DATA },
    [INTERACTION_ALLOCATE] = { &rest, "operation", 'U', NULL, SHOWN_DATA },
    [INTERACTION_REFUND] = { &rest, "operation", 'U', NULL, SHOWN_DATA },
    [INTERACTION_ACCOUNT] = { &rest, "operation", 'R', NULL, SHOWN_DATA },
    [INTERACTION_AGEING] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_DAY_CLOSE] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_RECEIPT] = { &rest, "operation", 'C', NULL, SHOWN_DATA },
    [INTERACTION_SAMPLE_RECEIPT] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_SIGN] = { &rest, "operation", 'U', NULL, SHOWN_DATA },
    [INTERACTION_COSIGN] = { &rest, "operation", 'U', NULL, SHOWN_DATA },
    [INTERACTION_AMEND] = { &rest, "operation", 'C', NULL, SHOWN_DATA },
    [INTERACTION_CHECK] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_SCORE] = { &rest, "operation", 'C', NULL, SHOWN_DATA },
    [INTERACTION_NOTE_PAPER] = { &rest, "operation", 'R', NULL, SHOWN_DATA },
    [INTERACTION_CHART_PAPER] = { &rest, "operation", 'R', NULL, SHOWN_DATA },
    [INTERACTION_TEMPLATES] = { &rest, "operation", 'R', NULL, SHOWN_DATA },
    [INTERACTION_INSTALL] = { &rest, "operation", 'C', NULL, SHOWN_DATA },
    [INTERACTION_FHIRPATH] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
    [INTERACTION_SNAPSHOT] = { &rest, "operation", 'E', NULL, SHOWN_DATA },
};

static const struct Kind *kind_of(const AuditRecord *r)
{
    const struct Kind *kind =
        &kinds[r->interaction < INTERACTIONS ? r->interaction : INTERACTION_NONE];

    return kind->type ? kind : &kinds[INTERACTION_NONE];
}

/* ---- ids and parts ---- */

Str audit_event_id(Arena *a, uint64_t place, uint32_t part)
{
    if (part <= 1)
        return arena_printf(a, "%llu", (unsigned long long)place);
    return arena_printf(a, "%llu-%u", (unsigned long long)place, part);
}

bool audit_event_next(Arena *a, const AuditRecord *record, Str *rest_, uint32_t *part,
                      Str *patient)
{
    if (++*part == 1) {
        *patient = record->patient;
        *rest_ = record->others;
        if (record->patient.len == 0)
            (void)patients_next_id(a, rest_, patient);
        return true;
    }
    return patients_next_id(a, rest_, patient);
}

Str audit_event_deed(const AuditRecord *record)
{
    return interaction_name((Interaction)record->interaction);
}

char audit_event_action(const AuditRecord *record)
{
    return kind_of(record)->action;
}

/* 4: it was the caller's fault, 8: ours. */
Str audit_event_outcome(const AuditRecord *record)
{
    if (record->outcome == AUDIT_DONE)
        return STR("0");
    return record->status >= 500 ? STR("8") : STR("4");
}

Str audit_event_time(Arena *a, const AuditRecord *record)
{
    char at[INSTANT_CHARS + 1];

    moment_format_instant(record->at_us, at);
    return arena_str(a, str_from(at));
}

/* ---- text ---- */

static void put_member(Buf *out, const char *name, Str value)
{
    buf_printf(out, "\"%s\":", name);
    buf_put_json_string(out, value);
}

static void put_code(Buf *out, const Code *code)
{
    buf_printf(out, "{\"system\":\"%s\",\"code\":\"%s\"", code->system, code->code);
    if (code->display)
        buf_printf(out, ",\"display\":\"%s\"", code->display);
    buf_put_char(out, '}');
}

static void put_concept(Buf *out, const char *name, const Code *code)
{
    buf_printf(out, "\"%s\":{\"coding\":[", name);
    put_code(out, code);
    buf_put(out, STR("]}"));
}

/* A profile promises that the deed was done and that all it asks for is there. */
static bool keeps_profile(const AuditEvent *e, const struct Kind *kind)
{
    const AuditRecord *r = e->record;

    return kind->profile && r->outcome == AUDIT_DONE && r->address.len > 0
           && (kind->shown == SHOWN_QUERY ? !e->masked : r->type && r->id.len > 0);
}

static void put_head(Buf *out, const AuditEvent *e, const struct Kind *kind)
{
    Str at = audit_event_time(out->arena, e->record);

    buf_printf(out,
               "{\"resourceType\":\"AuditEvent\",\"id\":\"%.*s\",\"meta\":{\"versionId\":\"1\","
               "\"lastUpdated\":\"%.*s\"",
               STR_ARG(audit_event_id(out->arena, e->place, e->part)), STR_ARG(at));
    if (keeps_profile(e, kind))
        buf_printf(out, ",\"profile\":[\"" BALP "StructureDefinition/IHE.BasicAudit.%s%s\"]",
                   e->patient.len ? "Patient" : "", kind->profile);
    buf_put(out, STR("},\"type\":"));
    put_code(out, kind->type);
    buf_put(out, STR(",\"subtype\":["));
    if (kind->subtype)
        put_code(out, &(Code){ restful, kind->subtype, NULL });
    else if (kind->shown == SHOWN_USER && kind->type == &security)
        put_code(out, &attributes);
    else
        buf_printf(out, "{\"display\":\"%.*s\"}", STR_ARG(audit_event_deed(e->record)));
    buf_printf(out, "],\"action\":\"%c\",\"recorded\":\"%.*s\"", kind->action, STR_ARG(at));
}

static void put_outcome(Buf *out, const AuditRecord *r)
{
    static const char *const words[] = {
        [AUDIT_DONE] = "done", [AUDIT_DENIED] = "denied", [AUDIT_FAILED] = "failed"
    };

    buf_printf(out, ",\"outcome\":\"%.*s\"", STR_ARG(audit_event_outcome(r)));
    if (r->outcome != AUDIT_DONE && r->outcome < COUNT(words))
        buf_printf(out, ",\"outcomeDesc\":\"%s: %u\"", words[r->outcome], r->status);
}

static bool is_own_chart(const AuditActor *actor)
{
    return str_starts(actor->linked, STR("Patient/"))
           || str_starts(actor->linked, STR("RelatedPerson/"));
}

static const Code *purpose_of(const AuditEvent *e)
{
    if (e->record->flags & AUDIT_EMERGENCY)
        return &emergency;
    return is_own_chart(e->actor) ? &by_patient : NULL;
}

Str audit_event_purpose(const AuditEvent *e)
{
    const Code *code = purpose_of(e);

    return code ? str_from(code->code) : (Str){ 0 };
}

static void put_purpose(Buf *out, const AuditEvent *e)
{
    const Code *code = purpose_of(e);

    if (!code)
        return;
    buf_put(out, STR(",\"purposeOfEvent\":[{\"coding\":["));
    put_code(out, code);
    buf_put(out, STR("]}]"));
}

/* ---- agents ---- */

static const Code *client_role(const struct Kind *kind)
{
    if (kind->action == 'D')
        return &application;
    return kind->action == 'R' ? &destination : &source;
}

static const Code *server_role(const struct Kind *kind)
{
    if (kind->action == 'D')
        return &custodian;
    return kind->action == 'R' ? &source : &destination;
}

static void put_client(Buf *out, const AuditEvent *e, const struct Kind *kind, bool requests)
{
    const AuditActor *actor = e->actor;
    Str               name = actor->client.len ? actor->client : actor->name;

    if (name.len == 0)
        name = e->record->address.len ? STR("unknown") : STR("hale");
    buf_put_char(out, '{');
    put_concept(out, "type", client_role(kind));
    buf_put(out, STR(",\"who\":{\"identifier\":{"));
    put_member(out, "value", name);
    buf_put(out, STR("},"));
    put_member(out, "display", name);
    buf_printf(out, "},\"requestor\":%s", requests ? "true" : "false");
    if (e->record->grant)
        buf_printf(out, ",\"policy\":[\"urn:hale:grant:%u\"]", e->record->grant);
    if (e->record->address.len) {
        buf_put(out, STR(",\"network\":{"));
        put_member(out, "address", e->record->address);
        buf_put(out, STR(",\"type\":\"2\"}"));
    }
    buf_put_char(out, '}');
}

static void put_server(Buf *out, const AuditEvent *e, const struct Kind *kind)
{
    buf_put(out, STR(",{"));
    put_concept(out, "type", server_role(kind));
    buf_put(out, STR(",\"who\":{\"identifier\":{"));
    put_member(out, "value", e->base);
    buf_put(out, STR("},\"display\":\"Hale\"},\"requestor\":false,\"network\":{"));
    put_member(out, "address", e->base);
    buf_put(out, STR(",\"type\":\"5\"}}"));
}

static void put_user(Buf *out, const AuditEvent *e, const struct Kind *kind)
{
    const AuditActor *actor = e->actor;
    bool changes = kind->action == 'C' || kind->action == 'U' || kind->action == 'D';

    buf_put(out, STR(",{"));
    put_concept(out, "type", changes ? &author : &recipient);
    buf_put(out, STR(",\"role\":[{\"coding\":[{\"system\":\"urn:hale:role\","));
    put_member(out, "code", actor->role);
    buf_put(out, STR("}]}],\"who\":{"));
    if (actor->linked.len) {
        put_member(out, "reference", actor->linked);
        buf_put_char(out, ',');
    }
    buf_put(out, STR("\"identifier\":{"));
    put_member(out, "value", actor->name);
    buf_put(out, STR("},"));
    put_member(out, "display", actor->name);
    buf_put(out, STR("},"));
    put_member(out, "name", actor->name);
    buf_put(out, STR(",\"requestor\":true}"));
}

static void put_agents(Buf *out, const AuditEvent *e, const struct Kind *kind)
{
    bool person_known = e->actor->role.len > 0;

    buf_put(out, STR(",\"agent\":["));
    put_client(out, e, kind, !person_known);
    put_server(out, e, kind);
    if (person_known)
        put_user(out, e, kind);
    buf_put(out, STR("],\"source\":{\"observer\":{\"identifier\":{"));
    put_member(out, "value", e->base);
    buf_put(out,
            STR("},\"display\":\"Hale\"},\"type\":[{\"system\":\"" THO
                "security-source-type\",\"code\":\"4\",\"display\":\"Application Server\"}]}"));
}

/* ---- entities ---- */

static void begin_entity(Buf *out, uint32_t *count)
{
    buf_put(out, (*count)++ ? STR(",{") : STR(",\"entity\":[{"));
}

static void put_typed(Buf *out, const Code *type, const Code *role)
{
    buf_put(out, STR("\"type\":"));
    put_code(out, type);
    if (!role)
        return;
    buf_put(out, STR(",\"role\":"));
    put_code(out, role);
}

static void put_data(Buf *out, const AuditRecord *r, uint32_t *count)
{
    Str name = type_name(r->type);

    begin_entity(out, count);
    buf_printf(out, "\"what\":{\"reference\":\"%.*s/%.*s", STR_ARG(name), STR_ARG(r->id));
    if (r->version)
        buf_printf(out, "/_history/%llu", (unsigned long long)r->version);
    buf_put(out, STR("\"},"));
    put_typed(out, &thing, &role_resource);
    buf_put_char(out, '}');
}

/* As it was asked, below our address: "Observation?code=…". */
static void put_query(Buf *out, const AuditRecord *r, uint32_t *count)
{
    Str asked = arena_printf(out->arena, "%.*s%s%.*s",
                             STR_ARG(r->type ? type_name(r->type) : (Str){ 0 }),
                             r->detail.len || !r->type ? "?" : "", STR_ARG(r->detail));

    begin_entity(out, count);
    put_typed(out, &thing, &role_query);
    buf_put(out, STR(",\"query\":\""));
    base64_put(out, asked);
    buf_put(out, STR("\"}"));
}

static void put_entities(Buf *out, const AuditEvent *e, const struct Kind *kind)
{
    const AuditRecord *r = e->record;
    uint32_t           count = 0;

    if (e->patient.len) {
        begin_entity(out, &count);
        buf_printf(out, "\"what\":{\"reference\":\"Patient/%.*s\"},", STR_ARG(e->patient));
        put_typed(out, &person, &role_patient);
        buf_put_char(out, '}');
    }
    if (kind->shown == SHOWN_DATA && r->type && r->id.len)
        put_data(out, r, &count);
    if (kind->shown == SHOWN_QUERY && !e->masked)
        put_query(out, r, &count);
    if (kind->shown == SHOWN_USER || (kind->shown == SHOWN_NOTHING && r->detail.len)) {
        begin_entity(out, &count);
        put_typed(out, &thing, kind->shown == SHOWN_USER ? &role_user : NULL);
        if (r->detail.len && !e->masked) {
            buf_put_char(out, ',');
            put_member(out, "description", r->detail);
        }
        buf_put_char(out, '}');
    }
    if (r->request_id.len) {
        begin_entity(out, &count);
        buf_put(out, STR("\"what\":{\"identifier\":{"));
        put_member(out, "value", r->request_id);
        buf_put(out, STR("}},"));
        put_typed(out, &request_id, NULL);
        buf_put_char(out, '}');
    }
    if (count)
        buf_put_char(out, ']');
}

Str audit_event_text(Arena *a, const AuditEvent *e)
{
    const struct Kind *kind = kind_of(e->record);
    Buf                out = buf_new(a, 3072);

    put_head(&out, e, kind);
    put_outcome(&out, e->record);
    put_purpose(&out, e);
    put_agents(&out, e, kind);
    put_entities(&out, e, kind);
    buf_put_char(&out, '}');
    return buf_str(&out);
}
