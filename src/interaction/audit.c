/* The audit record of a call: who, what, whose, with what outcome. Security rule C2. */
#include "fhir/outcome.h"
#include "interaction/turn.h"

static AuditOutcome audit_outcome(Fail result)
{
    switch (result) {
    case OK: return AUDIT_DONE;
    case FAIL_LOGIN:
    case FAIL_EXPIRED:
    case FAIL_FORBIDDEN: return AUDIT_DENIED;
    default: return AUDIT_FAILED;
    }
}

/* A conditional interaction's criteria are as telling as a search's. */
static Str audit_detail(const Asked *asked)
{
    bool searches =
        asked->kind == INTERACTION_SEARCH_TYPE || asked->kind == INTERACTION_SEARCH_SYSTEM
        || asked->kind == INTERACTION_SEARCH_COMPARTMENT
        || asked->kind == INTERACTION_AUDIT_SEARCH || asked->kind == INTERACTION_GRAPHQL;

    if (searches && asked->query.len == 0)
        return asked->body;
    return asked->query.len > 0 ? asked->query : asked->if_none_exist;
}

/* Where nothing went out: the patient asked for. Whether there is one, nobody looks here. */
static Str audit_patient(const Asked *asked, const Answer *answer)
{
    if (answer->patient.len)
        return answer->patient;
    if (asked->owner == TYPE_PATIENT)
        return asked->compartment;
    return asked->type == TYPE_PATIENT ? asked->id : (Str){ 0 };
}

Fail answer_touch(Call *c, Session *s, Answer *answer, const Version *versions, size_t count)
{
    answer->patients.arena = c->arena;
    for (size_t i = 0; i < count; i++) {
        Str patients = versions[i].patients;

        if (!patients.at)
            TRY(store_patients(c, session_store(s), &versions[i], &patients));
        patients_add_all(&answer->patients, patients);
    }
    return OK;
}

bool audit_is_change(const AuditRecord *record)
{
    const Row *row = interaction_row((Interaction)record->interaction);

    return row && row->prepare;
}

bool audit_is_import(const AuditRecord *record)
{
    return record->interaction == INTERACTION_IMPORT;
}

bool audit_concerns(const AuditRecord *record, Str patient)
{
    return str_equal(record->patient, patient) || patients_has(record->others, patient);
}

/* The words of a search may be about anybody; so may the id of a Patient who is not this one. */
AuditRecord audit_for_patient(const AuditRecord *record, Str patient)
{
    AuditRecord r = *record;

    r.detail = (Str){ 0 };
    if (r.type == TYPE_PATIENT && !str_equal(r.id, patient))
        r.id = (Str){ 0 };
    if (r.others.len)
        r.rows = 0;
    r.patient = patient;
    r.others = (Str){ 0 };
    return r;
}

AuditRecord interaction_audit(const Call *c, const Principal *p, const Asked *asked,
                              const Answer *answer, Fail result)
{
    bool known = p->kind != PRINCIPAL_NOBODY;

    return (AuditRecord){
        .at_us = c->now_us,
        .grant = known ? p->grant : 0,
        .interaction = (uint8_t)asked->kind,
        .outcome = (uint8_t)audit_outcome(result),
        .status = (uint16_t)(result == OK ? answer->status : outcome_status(result)),
        .type = answer->type ? answer->type : asked->type,
        .id = answer->id.len > 0 ? answer->id : asked->id,
        .version = result == OK ? answer->version : 0,
        .patient = audit_patient(asked, answer),
        .others = patients_list(&answer->patients),
        .request_id = str_from(c->request_id),
        .address = asked->address,
        .detail = audit_detail(asked),
        .rows = result == OK ? answer->rows : 0,
        .flags = p->emergency ? AUDIT_EMERGENCY : 0,
    };
}
