/* Which view shows what under a permit: see scope.h and schema/views.sql. */
#include "store/scope.h"

/* Definitions, places and people who give care. What may hold a patient's data (Binary, Basic,
 * Bundle, Group, AuditEvent …) is not here (security rule A4). */
static const TypeId shared_types[] = {
    TYPE_ACTIVITY_DEFINITION,
    TYPE_CAPABILITY_STATEMENT,
    TYPE_CHARGE_ITEM_DEFINITION,
    TYPE_CODE_SYSTEM,
    TYPE_COMPARTMENT_DEFINITION,
    TYPE_CONCEPT_MAP,
    TYPE_DEVICE_DEFINITION,
    TYPE_ENDPOINT,
    TYPE_EVENT_DEFINITION,
    TYPE_GRAPH_DEFINITION,
    TYPE_HEALTHCARE_SERVICE,
    TYPE_IMPLEMENTATION_GUIDE,
    TYPE_INSURANCE_PLAN,
    TYPE_LIBRARY,
    TYPE_LOCATION,
    TYPE_MEASURE,
    TYPE_MEDICATION,
    TYPE_MEDICATION_KNOWLEDGE,
    TYPE_MESSAGE_DEFINITION,
    TYPE_NAMING_SYSTEM,
    TYPE_OBSERVATION_DEFINITION,
    TYPE_OPERATION_DEFINITION,
    TYPE_ORGANIZATION,
    TYPE_ORGANIZATION_AFFILIATION,
    TYPE_PLAN_DEFINITION,
    TYPE_PRACTITIONER,
    TYPE_PRACTITIONER_ROLE,
    TYPE_QUESTIONNAIRE,
    TYPE_SEARCH_PARAMETER,
    TYPE_SLOT,
    TYPE_SPECIMEN_DEFINITION,
    TYPE_STRUCTURE_DEFINITION,
    TYPE_STRUCTURE_MAP,
    TYPE_SUBSTANCE,
    TYPE_SUBSTANCE_SPECIFICATION,
    TYPE_TERMINOLOGY_CAPABILITIES,
    TYPE_VALUE_SET,
};

bool scope_type_shared(TypeId type)
{
    for (size_t i = 0; i < COUNT(shared_types); i++)
        if (shared_types[i] == type)
            return true;
    return false;
}

View scope_view(const Permit *permit, TypeId type)
{
    if (permit->reach == REACH_PRACTICE)
        return VIEW_PRACTICE;
    return scope_type_shared(type) ? VIEW_SHARED : VIEW_CHART;
}

Scope scope_of(const Permit *permit)
{
    Scope scope = { .practice = permit->practice,
                    .reach = permit->reach,
                    .types = permit->types,
                    .masks = permit->masks };

    /* What is nobody's record may be read by a patient's app, never written. */
    if (permit->reach == REACH_PATIENT
        && (permit->deed == DEED_READ || permit->deed == DEED_SEARCH))
        for (size_t i = 0; i < COUNT(shared_types); i++)
            if (type_set_has(&permit->types, shared_types[i]))
                type_set_add(&scope.shared, shared_types[i]);
    return scope;
}
