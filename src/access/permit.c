/*
 * The only place where permits are made (security rules A1, A6): a deed that is not granted is
 * refused, a fact that is missing denies.
 */
#include "access/confided.h"
#include "access/consent.h"
#include "access/rights.h"
#include "base/ensure.h"

static bool any(const TypeSet *set)
{
    for (size_t i = 0; i < TYPE_SET_WORDS; i++)
        if (set->words[i])
            return true;
    return false;
}

static bool holds(const TypeSet *set, TypeId type)
{
    return type == 0 ? any(set) : type_set_has(set, type);
}

/* The limits on what may be done with types of one context, as rows of a permit. */
static const PermitRows *limits_of(Call *c, const Principal *p, Deed deed, bool chart)
{
    PermitRows  *rows = NULL;
    PermitLimit *limits = NULL;

    for (uint32_t i = 0; i < p->limit_count; i++) {
        const ScopeLimit *limit = &p->limits[i];

        if (limit->chart != chart || !(limit->deeds >> deed & 1))
            continue;
        if (!rows) {
            rows = NEW(c->arena, PermitRows);
            limits = NEW_ARRAY(c->arena, PermitLimit, SCOPE_LIMITS);
            rows->limits = limits;
        }
        limits[rows->limit_count++] = (PermitLimit){
            .type = limit->type,
            .criteria = arena_str(c->arena, (Str){ limit->criteria, limit->len }),
        };
    }
    return rows;
}

static const PermitRows *denials_of(Call *c, const Principal *p, const PermitRows *further)
{
    PermitRows   *rows;
    PermitDenial *denials;

    if (!p->denial_count)
        return further;
    rows = NEW(c->arena, PermitRows);
    denials = NEW_ARRAY(c->arena, PermitDenial, p->denial_count);
    for (uint32_t i = 0; i < p->denial_count; i++) {
        const Withheld *from = &p->denials[i];

        denials[i] = (PermitDenial){
            .types = from->types,
            .criteria = arena_str(c->arena, (Str){ from->criteria, from->len }),
            .because = arena_str(c->arena, (Str){ from->because, from->because_len }),
        };
    }
    *rows =
        (PermitRows){ .denials = denials, .denial_count = p->denial_count, .further = further };
    return rows;
}

static const MaskSet *masks_of(Call *c, const Principal *p)
{
    MaskSet *set;
    MaskRow *rows;
    Str      criteria[PRINCIPAL_MASK_CRITERIA + 1] = { { 0 } };

    if (!p->mask_count)
        return NULL;
    set = NEW(c->arena, MaskSet);
    rows = NEW_ARRAY(c->arena, MaskRow, p->mask_count);
    for (uint32_t i = 0; i < p->mask_criteria_count; i++)
        criteria[i + 1] =
            arena_str(c->arena, (Str){ p->mask_criteria[i].text, p->mask_criteria[i].len });
    for (uint32_t i = 0; i < p->mask_count; i++)
        rows[i] = (MaskRow){ .element = p->masks[i].element,
                             .read_only = p->masks[i].read_only,
                             .criteria = criteria[p->masks[i].criteria] };
    *set = (MaskSet){ .rows = rows, .count = p->mask_count };
    return set;
}

/* All of the type in one patient's record is preferred to some of it in the practice. */
static bool prefers_chart(const Principal *p, Deed deed, TypeId type)
{
    return type != 0 && !(rights_whole(p, false, type) >> deed & 1) && p->patient[0]
           && holds(&p->patient_types[deed], type);
}

/* What it may do besides seeing, and in whose name. */
static void trust(Call *c, const Principal *p, Permit *permit)
{
    bool owner = p->kind == PRINCIPAL_OWNER;

    permit->directs = owner || p->reader.directs;
    permit->confides = owner || p->reader.confides;
    permit->assigns = owner || p->reader.assigns;
    if (p->reader.linked[0])
        permit->reader = arena_str(c->arena, str_from(p->reader.linked));
}

Fail access_permit(Call *c, const Principal *p, Deed deed, TypeId type, Permit *out)
{
    static const char *const names[DEEDS] = {
        [DEED_NONE] = "do",       [DEED_CREATE] = "create", [DEED_READ] = "read",
        [DEED_UPDATE] = "update", [DEED_DELETE] = "delete", [DEED_SEARCH] = "search for",
    };
    Permit permit = { .practice = p->practice, .deed = (uint8_t)deed, .author = p->grant };

    if (p->kind == PRINCIPAL_NOBODY)
        return fail(c, FAIL_LOGIN, (Str){ 0 }, "This needs a bearer token");
    if (deed != DEED_NONE && p->practice != 0 && holds(&p->practice_types[deed], type)
        && !prefers_chart(p, deed, type)) {
        permit.reach = REACH_PRACTICE;
        permit.types = p->practice_types[deed];
        permit.rows = limits_of(c, p, deed, false);
    } else if (deed != DEED_NONE && p->practice != 0 && p->patient[0]
               && holds(&p->patient_types[deed], type)) {
        permit.reach = REACH_PATIENT;
        permit.emergency = p->emergency;
        permit.types = p->patient_types[deed];
        memcpy(permit.patient, p->patient, sizeof permit.patient);
        permit.rows = limits_of(c, p, deed, true);
    } else {
        Str what = type ? type_name(type) : STR("that");

        return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                    "The token does not allow its bearer to %s %.*s", names[deed],
                    STR_ARG(what));
    }
    trust(c, p, &permit);
    permit.rows = denials_of(c, p, permit.rows);
    permit.rows = confided_rows(c, p, permit.rows, &permit.unaware);
    permit.masks = masks_of(c, p);
    if (deed != DEED_CREATE) /* to file something in a record is not to see it */
        permit.rows = consent_rows(c, p, false, permit.rows);
    *out = permit;
    return OK;
}

Fail access_directory(Call *c, const Principal *p, TypeId type, Permit *out)
{
    static const TypeId directory[] = { TYPE_PRACTITIONER_ROLE, TYPE_HEALTHCARE_SERVICE,
                                        TYPE_LOCATION, TYPE_SCHEDULE, TYPE_SLOT };
    Permit permit = { .practice = p->practice, .deed = DEED_SEARCH, .reach = REACH_PRACTICE };

    if (p->kind == PRINCIPAL_NOBODY)
        return fail(c, FAIL_LOGIN, (Str){ 0 }, "This needs a bearer token");
    for (size_t i = 0; i < COUNT(directory); i++)
        if (directory[i] == type)
            type_set_add(&permit.types, type);
    *out = permit;
    return OK;
}

Fail access_own(Call *c, const Principal *p, Deed deed, TypeId type, Permit *out)
{
    Principal *own = NEW(c->arena, Principal);

    *own = *p;
    if (type_set_has(&p->practice_types[DEED_CREATE], type))
        type_set_add(&own->practice_types[deed], type);
    if (type_set_has(&p->patient_types[DEED_CREATE], type))
        type_set_add(&own->patient_types[deed], type);
    for (uint32_t i = 0; i < own->limit_count; i++)
        if (own->limits[i].type == type && own->limits[i].deeds >> DEED_CREATE & 1)
            own->limits[i].deeds |= (uint8_t)(1 << deed);
    return access_permit(c, own, deed, type, out);
}

/* Both lists, one behind the other. */
static const PermitRows *join_rows(Call *c, const PermitRows *first, const PermitRows *second)
{
    const PermitRows *joined = second;

    for (; first; first = first->further) {
        PermitRows *copy = NEW(c->arena, PermitRows);

        *copy = *first;
        copy->further = joined;
        joined = copy;
    }
    return joined;
}

/* What either hides is hidden. */
static const MaskSet *join_masks(Call *c, const MaskSet *first, const MaskSet *second)
{
    const MaskSet *joined = second;

    for (; first; first = first->further) {
        MaskSet *copy = NEW(c->arena, MaskSet);

        *copy = *first;
        copy->further = joined;
        joined = copy;
    }
    return joined;
}

Permit access_both(Call *c, const Permit *first, const Permit *second)
{
    Permit both = *first;

    both.emergency = first->emergency && second->emergency;
    both.directs = first->directs && second->directs;
    both.confides = first->confides && second->confides;
    both.assigns = first->assigns && second->assigns;
    both.unaware = first->unaware || second->unaware;

    if (first->practice != second->practice
        || (first->reach == REACH_PATIENT && second->reach == REACH_PATIENT
            && strcmp(first->patient, second->patient) != 0))
        return (Permit){ 0 };
    if (second->reach != REACH_PRACTICE)
        both.reach = second->reach == REACH_NOTHING ? REACH_NOTHING : first->reach;
    if (second->reach == REACH_PATIENT && first->reach == REACH_PRACTICE) {
        both.reach = REACH_PATIENT;
        memcpy(both.patient, second->patient, sizeof both.patient);
    }
    for (size_t i = 0; i < TYPE_SET_WORDS; i++)
        both.types.words[i] &= second->types.words[i];
    both.rows = join_rows(c, first->rows, second->rows);
    both.masks = join_masks(c, first->masks, second->masks);
    return both;
}

Principal principal_owner(void)
{
    Principal p = { .kind = PRINCIPAL_OWNER, .practice = 1 };

    for (size_t deed = DEED_NONE + 1; deed < DEEDS; deed++)
        for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
            type_set_add(&p.practice_types[deed], type);
    return p;
}

Principal principal_booking(Str visitor)
{
    static const struct {
        TypeId  type;
        uint8_t deeds;
    } rows[] = {
        { TYPE_APPOINTMENT, 1 << DEED_CREATE | 1 << DEED_READ | 1 << DEED_SEARCH
                                | 1 << DEED_UPDATE | 1 << DEED_DELETE },
        { TYPE_PATIENT, 1 << DEED_CREATE | 1 << DEED_READ | 1 << DEED_SEARCH },
        { TYPE_FLAG, 1 << DEED_SEARCH },
        { TYPE_ENCOUNTER, 1 << DEED_SEARCH },
        { TYPE_HEALTHCARE_SERVICE, 1 << DEED_READ },
        { TYPE_ORGANIZATION, 1 << DEED_READ | 1 << DEED_SEARCH },
        { TYPE_PRACTITIONER, 1 << DEED_READ },
        { TYPE_LOCATION, 1 << DEED_READ },
    };
    Principal p = { .kind = PRINCIPAL_TOKEN, .practice = 1 };

    ENSURE(visitor.len && visitor.len <= VISITOR_CHARS);
    memcpy(p.visitor, visitor.at, visitor.len);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t deed = DEED_NONE + 1; deed < DEEDS; deed++)
            if (rows[i].deeds >> deed & 1)
                type_set_add(&p.practice_types[deed], rows[i].type);
    return p;
}
