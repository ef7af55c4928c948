/* Sets of types with limits: see rights.h. */
#include "access/rights.h"

#include "base/buf.h"

static bool same_place(const ScopeLimit *limit, bool chart, TypeId type)
{
    return limit->chart == chart && limit->type == type;
}

static Str criteria_of(const ScopeLimit *limit)
{
    return (Str){ limit->criteria, limit->len };
}

static uint8_t set_bits(const Principal *p, bool chart, TypeId type)
{
    const TypeSet *sets = chart ? p->patient_types : p->practice_types;
    uint8_t        bits = 0;

    for (size_t deed = 0; deed < DEEDS; deed++)
        if (type_set_has(&sets[deed], type))
            bits |= (uint8_t)(1u << deed);
    return bits;
}

uint8_t rights_whole(const Principal *p, bool chart, TypeId type)
{
    uint8_t bits = set_bits(p, chart, type);

    for (uint32_t i = 0; i < p->limit_count; i++)
        if (same_place(&p->limits[i], chart, type))
            bits &= (uint8_t)~p->limits[i].deeds;
    return bits;
}

/* False where there is no more room. */
static bool put_limit(Principal *to, bool chart, TypeId type, uint8_t deeds, Str criteria)
{
    ScopeLimit *limit;

    for (uint32_t i = 0; i < to->limit_count; i++)
        if (same_place(&to->limits[i], chart, type)
            && str_equal(criteria_of(&to->limits[i]), criteria)) {
            to->limits[i].deeds |= deeds;
            return true;
        }
    if (to->limit_count == SCOPE_LIMITS || criteria.len > SCOPE_CRITERIA_BYTES)
        return false;
    limit = &to->limits[to->limit_count++];
    *limit = (ScopeLimit){ .type = type, .deeds = deeds, .chart = chart };
    limit->len = (uint8_t)criteria.len;
    memcpy(limit->criteria, criteria.at, criteria.len);
    return true;
}

static void add_bits(Principal *to, bool chart, TypeId type, uint8_t deeds)
{
    TypeSet *sets = chart ? to->patient_types : to->practice_types;

    for (size_t deed = 0; deed < DEEDS; deed++)
        if (deeds >> deed & 1)
            type_set_add(&sets[deed], type);
}

Fail rights_add_limit(Call *c, Principal *to, bool chart, TypeId type, uint8_t deeds,
                      Str criteria)
{
    uint8_t wanted = deeds & (uint8_t)~rights_whole(to, chart, type);

    if (criteria.len > SCOPE_CRITERIA_BYTES)
        return fail(c, FAIL_VALUE, STR("scope"),
                    "A scope's search constraint has at most %d bytes", SCOPE_CRITERIA_BYTES);
    if (wanted && !put_limit(to, chart, type, wanted, criteria))
        return fail(c, FAIL_TOO_COSTLY, STR("scope"),
                    "More than %d scopes with a search constraint", SCOPE_LIMITS);
    add_bits(to, chart, type, wanted);
    return OK;
}

Fail rights_withhold(Call *c, Principal *p, const TypeSet *types, Str criteria, Str because)
{
    Withheld *denial;

    if (criteria.len > sizeof denial->criteria || because.len > sizeof denial->because)
        return fail(c, FAIL_VALUE, STR("withhold"),
                    "What is withheld is said in at most %zu bytes, and why in %zu",
                    sizeof denial->criteria, sizeof denial->because);
    if (p->denial_count == PRINCIPAL_DENIALS)
        return fail(c, FAIL_TOO_COSTLY, STR("withhold"),
                    "More than %d rows withhold something from one role", PRINCIPAL_DENIALS);
    denial = &p->denials[p->denial_count++];
    *denial = (Withheld){ .types = *types,
                          .len = (uint16_t)criteria.len,
                          .because_len = (uint8_t)because.len };
    memcpy(denial->criteria, criteria.at ? criteria.at : "", criteria.len);
    memcpy(denial->because, because.at ? because.at : "", because.len);
    return OK;
}

static Str mask_criteria_of(const Principal *p, const PrincipalMask *mask)
{
    const MaskCriteria *of = mask->criteria ? &p->mask_criteria[mask->criteria - 1] : NULL;

    return of ? (Str){ of->text, of->len } : (Str){ 0 };
}

/* Where that text stands among those of the principal, from 1; 0: there is no room for it. */
static uint8_t place_of_criteria(Principal *p, Str criteria)
{
    MaskCriteria *of = p->mask_criteria;

    for (uint32_t i = 0; i < p->mask_criteria_count; i++)
        if (str_equal((Str){ of[i].text, of[i].len }, criteria))
            return (uint8_t)(i + 1);
    if (p->mask_criteria_count == PRINCIPAL_MASK_CRITERIA || criteria.len > sizeof of->text)
        return 0;
    of += p->mask_criteria_count++;
    of->len = (uint16_t)criteria.len;
    memcpy(of->text, criteria.at, criteria.len);
    return (uint8_t)p->mask_criteria_count;
}

/* False where there is no room for it. */
static bool put_mask(Principal *p, const MaskElement *element, bool read_only, Str criteria)
{
    PrincipalMask mask = { .element = *element, .read_only = read_only };

    if (criteria.len && !(mask.criteria = place_of_criteria(p, criteria)))
        return false;
    if (p->mask_count == PRINCIPAL_MASKS)
        return false;
    p->masks[p->mask_count++] = mask;
    return true;
}

Fail rights_mask(Call *c, Principal *p, const MaskElement *element, bool read_only,
                 Str criteria)
{
    if (criteria.len > sizeof p->mask_criteria->text)
        return fail(c, FAIL_VALUE, STR("criteria"),
                    "Where an element is hidden is said in at most %zu bytes",
                    sizeof p->mask_criteria->text);
    if (!put_mask(p, element, read_only, criteria))
        return fail(c, FAIL_TOO_COSTLY, STR("hide"),
                    "A role has more than %d hidden and read-only elements, or more than %d "
                    "different criteria for them",
                    PRINCIPAL_MASKS, PRINCIPAL_MASK_CRITERIA);
    return OK;
}

static void drop_empty(Principal *p)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < p->limit_count; i++)
        if (p->limits[i].deeds)
            p->limits[kept++] = p->limits[i];
    p->limit_count = kept;
}

/* Limits on what the other has whole say nothing. */
static void spare(Principal *p, const Principal *other)
{
    for (uint32_t i = 0; i < p->limit_count; i++)
        p->limits[i].deeds &=
            (uint8_t)~rights_whole(other, p->limits[i].chart, p->limits[i].type);
    drop_empty(p);
}

Fail principal_add(Call *c, Principal *to, const Principal *from)
{
    Principal added = *from;

    spare(&added, to);
    spare(to, from);
    for (size_t deed = 0; deed < DEEDS; deed++)
        for (size_t i = 0; i < TYPE_SET_WORDS; i++) {
            to->practice_types[deed].words[i] |= from->practice_types[deed].words[i];
            to->patient_types[deed].words[i] |= from->patient_types[deed].words[i];
        }
    for (uint32_t i = 0; i < added.limit_count; i++) {
        const ScopeLimit *limit = &added.limits[i];

        if (!put_limit(to, limit->chart, limit->type, limit->deeds, criteria_of(limit)))
            return fail(c, FAIL_TOO_COSTLY, STR("scope"),
                        "More than %d scopes with a search constraint", SCOPE_LIMITS);
    }
    return OK;
}

/* ---- cutting down ---- */

static void take_bits(Principal *p, bool chart, TypeId type, uint8_t deeds)
{
    TypeSet *sets = chart ? p->patient_types : p->practice_types;

    for (size_t deed = 0; deed < DEEDS; deed++)
        if (deeds >> deed & 1)
            sets[deed].words[type / 64] &= ~((uint64_t)1 << (type % 64));
}

/* Where there is no room for it nothing of what it would have allowed is left. */
static void put_or_take(Principal *p, const ScopeLimit *limit, uint8_t deeds, Str criteria)
{
    if (!deeds || put_limit(p, limit->chart, limit->type, deeds, criteria))
        return;
    for (uint32_t i = 0; i < p->limit_count; i++)
        if (same_place(&p->limits[i], limit->chart, limit->type))
            p->limits[i].deeds &= (uint8_t)~deeds;
    take_bits(p, limit->chart, limit->type, deeds);
}

/* The deeds that another has with the same limit: these are allowed, and what else is asked with
 * them says nothing more. */
static uint8_t shared_deeds(const ScopeLimit *limit, const Principal *other)
{
    for (uint32_t i = 0; i < other->limit_count; i++)
        if (same_place(&other->limits[i], limit->chart, limit->type)
            && str_equal(criteria_of(&other->limits[i]), criteria_of(limit)))
            return other->limits[i].deeds & limit->deeds;
    return 0;
}

static void put_joined(Principal *p, const ScopeLimit *a, const ScopeLimit *b, uint8_t among)
{
    uint8_t deeds = a->deeds & b->deeds & among;
    char    text[2 * SCOPE_CRITERIA_BYTES + 1];
    size_t  len = a->len;

    if (!same_place(b, a->chart, a->type))
        return;
    memcpy(text, a->criteria, a->len);
    text[len++] = '&';
    memcpy(text + len, b->criteria, b->len);
    put_or_take(p, a, deeds, (Str){ text, len + b->len });
}

static void narrow_limits(Principal *p, const Principal *had, const Principal *by)
{
    for (uint32_t i = 0; i < had->limit_count; i++) {
        const ScopeLimit *limit = &had->limits[i];

        put_or_take(p, limit, limit->deeds & rights_whole(by, limit->chart, limit->type),
                    criteria_of(limit));
        put_or_take(p, limit, shared_deeds(limit, by), criteria_of(limit));
        for (uint32_t k = 0; k < by->limit_count; k++)
            put_joined(
                p, limit, &by->limits[k],
                (uint8_t) ~(shared_deeds(limit, by) | shared_deeds(&by->limits[k], had)));
    }
    for (uint32_t i = 0; i < by->limit_count; i++) {
        const ScopeLimit *limit = &by->limits[i];

        put_or_take(p, limit, limit->deeds & rights_whole(had, limit->chart, limit->type),
                    criteria_of(limit));
    }
}

/* A limit without its deed in the sets is none. */
static void drop_unset(Principal *p)
{
    for (uint32_t i = 0; i < p->limit_count; i++)
        p->limits[i].deeds &= set_bits(p, p->limits[i].chart, p->limits[i].type);
    drop_empty(p);
}

static void allow_nothing(Principal *p)
{
    memset(p->practice_types, 0, sizeof p->practice_types);
    memset(p->patient_types, 0, sizeof p->patient_types);
}

/* Where there is no room for what is hidden nothing is allowed. */
static void take_masks(Principal *p, const Principal *by)
{
    for (uint32_t i = 0; i < by->mask_count; i++)
        if (!put_mask(p, &by->masks[i].element, by->masks[i].read_only,
                      mask_criteria_of(by, &by->masks[i])))
            allow_nothing(p);
}

/* Where there is no room for what is withheld nothing is allowed. */
static void take_denials(Principal *p, const Principal *by)
{
    if (p->denial_count + by->denial_count > PRINCIPAL_DENIALS) {
        allow_nothing(p);
        return;
    }
    for (uint32_t i = 0; i < by->denial_count; i++)
        p->denials[p->denial_count++] = by->denials[i];
}

void principal_narrow(Principal *p, const Principal *by)
{
    bool      same_patient = strcmp(p->patient, by->patient) == 0;
    Principal had = *p;

    for (size_t deed = 0; deed < DEEDS; deed++)
        for (size_t i = 0; i < TYPE_SET_WORDS; i++) {
            p->practice_types[deed].words[i] &= by->practice_types[deed].words[i];
            p->patient_types[deed].words[i] &=
                same_patient ? by->patient_types[deed].words[i] : 0;
        }
    if (!p->reader.store)
        p->reader = by->reader;
    p->limit_count = 0;
    narrow_limits(p, &had, by);
    take_denials(p, by);
    take_masks(p, by);
    drop_unset(p);
}

/* ---- as text ---- */

static const struct {
    char letter;
    Deed deed;
} letters[] = {
    { 'c', DEED_CREATE }, { 'r', DEED_READ },   { 'u', DEED_UPDATE },
    { 'd', DEED_DELETE }, { 's', DEED_SEARCH },
};

static void put_scope(Buf *out, Str context, Str type, uint8_t bits, Str criteria)
{
    if (!bits)
        return;
    if (out->len)
        buf_put_char(out, ' ');
    buf_printf(out, "%.*s/%.*s.", STR_ARG(context), STR_ARG(type));
    for (size_t i = 0; i < COUNT(letters); i++)
        if (bits >> letters[i].deed & 1)
            buf_put_char(out, letters[i].letter);
    if (criteria.len)
        buf_printf(out, "?%.*s", STR_ARG(criteria));
}

static void put_limits(Buf *out, Str context, const Principal *p, bool chart, TypeId type)
{
    for (uint32_t i = 0; i < p->limit_count; i++)
        if (same_place(&p->limits[i], chart, type))
            put_scope(out, context, type_name(type), p->limits[i].deeds,
                      criteria_of(&p->limits[i]));
}

static void put_context(Buf *out, Str context, const Principal *p, bool chart)
{
    uint8_t all = (uint8_t)-1;

    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (type_is_record(type))
            all &= rights_whole(p, chart, type);
    put_scope(out, context, STR("*"), all, (Str){ 0 });
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++) {
        uint8_t bits = rights_whole(p, chart, type);

        if (type_is_record(type)) /* "*" does not stand for what is not */
            bits &= (uint8_t)~all;
        put_scope(out, context, type_name(type), bits, (Str){ 0 });
        put_limits(out, context, p, chart, type);
    }
}

Str scopes_write(Arena *a, const Principal *p)
{
    Buf out = buf_new(a, 256);

    put_context(&out, STR("patient"), p, true);
    put_context(&out, STR("user"), p, false);
    return buf_str(&out);
}

Str scopes_write_system(Arena *a, const Principal *p)
{
    Buf out = buf_new(a, 256);

    put_context(&out, STR("system"), p, false);
    return buf_str(&out);
}
