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
    bool searches = asked->kind == INTERACTION_SEARCH_TYPE
                    || asked->kind == INTERACTION_SEARCH_SYSTEM
                    || asked->kind == INTERACTION_SEARCH_COMPARTMENT;

    if (searches && asked->query.len == 0)
        return asked->body;
    return asked->query.len > 0 ? asked->query : asked->if_none_exist;
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
        .patient = answer->patient,
        .request_id = str_from(c->request_id),
        .address = asked->address,
        .detail = audit_detail(asked),
        .rows = result == OK ? answer->rows : 0,
    };
}
