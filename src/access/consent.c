/* Consents and a reader come together: see consent.h. */
#include "access/consent.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"

/* ---- whether it is about them ---- */

typedef enum Fits { FITS_NOT, FITS_PERHAPS, FITS } Fits;

static Fits fits_organization(const Reader *r, Str id)
{
    if (r->role[0] && !r->staff)
        return FITS_NOT;
    for (size_t i = 0; i < r->organization_count && i < READER_ORGANIZATIONS; i++)
        if (str_equal(str_from(r->organizations[i]), id))
            return FITS;
    return r->organization_count && r->organization_count <= READER_ORGANIZATIONS
               ? FITS_NOT
               : FITS_PERHAPS;
}

static Fits fits_actor(const Reader *r, const DirectiveActor *actor)
{
    const char *known = actor->who == WHO_ROLE ? r->role : r->linked;

    if (actor->who == WHO_ORGANIZATION)
        return fits_organization(r, actor->name);
    if (!known[0])
        return FITS_PERHAPS;
    return str_equal(str_from(known), actor->name) ? FITS : FITS_NOT;
}

static Fits fits_test(const Call *c, const Reader *r, const DirectiveTest *test)
{
    Fits actors = test->actor_count ? FITS_NOT : FITS, purposes = FITS;

    if (c->now_us < test->from_us || c->now_us >= test->until_us)
        return FITS_NOT;
    for (uint32_t i = 0; i < test->actor_count; i++) {
        Fits one = fits_actor(r, &test->actors[i]);

        actors = one > actors ? one : actors;
    }
    if (test->purposes)
        purposes = !r->purposes                     ? FITS_PERHAPS
                   : (r->purposes & test->purposes) ? FITS
                                                    : FITS_NOT;
    return actors < purposes ? actors : purposes;
}

/* *types: what it withholds from that reader. */
static bool binds(const Call *c, const Reader *r, const Directive *d, TypeSet *types)
{
    bool any = false;

    if (r->own[0] && str_equal(str_from(r->own), d->patient))
        return false;
    for (uint32_t i = 0; i < d->test_count; i++)
        if (fits_test(c, r, &d->tests[i]) == FITS_NOT)
            return false;
    *types = d->types;
    for (uint32_t i = 0; i < d->exemption_count; i++)
        if (fits_test(c, r, &d->exemptions[i].test) == FITS)
            for (size_t w = 0; w < TYPE_SET_WORDS; w++)
                types->words[w] &= ~d->exemptions[i].types.words[w];
    for (size_t w = 0; w < TYPE_SET_WORDS; w++)
        any = any || types->words[w];
    return any;
}

/* ---- rows ---- */

typedef struct Joining {
    Call         *call;
    PermitDenial *denials;
    uint32_t      count, most;
    bool          apart;
    uint32_t      steps;    /* of a clause, that the rows take */
    Str           hidden;   /* the last of the following */
    Buf           consents; /* those that are not shown either */
} Joining;

enum { CONSENT_STEPS = LIMIT_QUERY_STEPS / 2 }; /* the rest is for what is asked */

/* At most so many: six for a row, and one for each of its conditions. */
static uint32_t steps_of(Str criteria)
{
    uint32_t steps = 6;

    for (size_t i = 0; i < criteria.len; i++)
        steps += criteria.at[i] == '&';
    return steps;
}

static const Str because = STR_INIT("the patient's consent");

static bool alike(const PermitDenial *denial, const TypeSet *types, Str criteria)
{
    return memcmp(&denial->types, types, sizeof *types) == 0
           && str_equal(denial->criteria, criteria);
}

/* The room of the list doubles when it is a power of two. */
static void add_patient(Call *c, PermitDenial *denial, Str patient)
{
    uint32_t count = denial->patient_count;
    Str     *list = (Str *)(uintptr_t)denial->patients;

    if (count == 0 || (count & (count - 1)) == 0)
        list = arena_grow(c->arena, list, count * sizeof(Str),
                          (count ? 2 * count : 1) * sizeof(Str));
    list[count] = patient;
    denial->patients = list;
    denial->patient_count++;
}

static void join(Joining *j, const Directive *d, const TypeSet *types)
{
    Str           criteria = d->criteria;
    PermitDenial *found = NULL;

    for (uint32_t i = 0; !j->apart && i < j->count && !found; i++)
        if (alike(&j->denials[i], types, criteria))
            found = &j->denials[i];
    if (!found && !j->apart
        && (j->count >= CONSENT_ROWS || j->steps + steps_of(criteria) > CONSENT_STEPS)) {
        found = &j->denials[CONSENT_ROWS]; /* one for all that there is no room for */
        j->count = CONSENT_ROWS + 1;
        for (size_t w = 0; w < TYPE_SET_WORDS; w++)
            found->types.words[w] |= types->words[w];
    } else if (!found) {
        found = &j->denials[j->count++];
        found->types = *types;
        found->criteria = criteria;
        j->steps += steps_of(criteria);
    }
    found->because = because;
    found->consent = d->consent;
    add_patient(j->call, found, d->patient);
}

/* From whom something is withheld is not told so by the Consent either. */
static void hide(Joining *j, const Directive *d)
{
    if (str_equal(j->hidden, d->consent))
        return; /* rows of one Consent stand together */
    j->hidden = d->consent;
    buf_put(&j->consents, j->consents.len ? STR(",") : STR("_id="));
    buf_put(&j->consents, d->consent);
}

static int compare_ids(const void *a, const void *b)
{
    return str_compare(*(const Str *)a, *(const Str *)b);
}

static void end(Joining *j)
{
    for (uint32_t i = 0; i < j->count; i++)
        if (j->denials[i].patient_count)
            qsort((void *)(uintptr_t)j->denials[i].patients, j->denials[i].patient_count,
                  sizeof(Str), compare_ids);
    if (!j->consents.len)
        return;
    type_set_add(&j->denials[j->count].types, TYPE_CONSENT);
    j->denials[j->count].criteria = buf_str(&j->consents);
    j->denials[j->count].because = because;
    j->denials[j->count].consent = str_skip(buf_str(&j->consents), sizeof "_id=" - 1);
    j->count++;
}

const PermitRows *consent_rows(Call *c, const Principal *p, bool apart,
                               const PermitRows *further)
{
    const Reader     *r = &p->reader;
    const Directives *all;
    PermitRows       *rows;
    Joining           j = { .call = c, .apart = apart };

    if (!r->store)
        return further;
    all = store_directives(c, r->store);
    if (!all->count)
        return further;
    j.denials = NEW_ARRAY(c->arena, PermitDenial, apart ? all->count + 1 : CONSENT_ROWS + 2);
    j.consents = buf_new(c->arena, 256);
    for (uint32_t i = 0; i < all->count; i++) {
        TypeSet types;

        if (!binds(c, r, &all->rows[i], &types))
            continue;
        if (r->directs_all)
            types.words[TYPE_CONSENT / 64] &= ~((uint64_t)1 << (TYPE_CONSENT % 64));
        else
            hide(&j, &all->rows[i]);
        join(&j, &all->rows[i], &types);
    }
    end(&j);
    if (!j.count)
        return further;
    rows = NEW(c->arena, PermitRows);
    *rows = (PermitRows){ .denials = j.denials, .denial_count = j.count, .further = further };
    return rows;
}

bool consent_narrows(Call *c, const Principal *p, TypeId type)
{
    const PermitRows *rows = consent_rows(c, p, false, NULL);

    for (uint32_t i = 0; rows && i < rows->denial_count; i++)
        if (type_set_has(&rows->denials[i].types, type))
            return true;
    return false;
}

static Fail check_test(Call *c, const DirectiveTest *test)
{
    for (uint32_t i = 0; i < test->actor_count; i++)
        if (test->actors[i].who == WHO_ROLE && !role_find(test->actors[i].name))
            return fail(c, FAIL_UNPROCESSABLE, STR("Consent.provision.actor.role"),
                        "There is no role %.*s: they are %.*s", STR_ARG(test->actors[i].name),
                        STR_ARG(role_words(c->arena)));
    return OK;
}

Fail consent_check(Call *c, const Directives *made)
{
    for (uint32_t i = 0; i < made->count; i++) {
        const Directive *row = &made->rows[i];

        for (uint32_t t = 0; t < row->test_count; t++)
            TRY(check_test(c, &row->tests[t]));
        for (uint32_t e = 0; e < row->exemption_count; e++)
            TRY(check_test(c, &row->exemptions[e].test));
    }
    return OK;
}
