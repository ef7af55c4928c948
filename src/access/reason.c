/* What decides whether a login may do something: see reason.h. */
#include "access/reason.h"

#include "access/confided.h"
#include "access/consent.h"
#include "access/policy.h"
#include "access/proxy.h"
#include "base/buf.h"
#include "base/ensure.h"
#include "store/patients.h"

typedef struct Weighing {
    Call              *call;
    Session           *session;
    const ReasonAsked *asked;
    const Role        *role;
    const Login       *login;
    Str                policy; /* the text in force */
} Weighing;

static const char letters[DEEDS] = {
    [DEED_READ] = 'r', [DEED_UPDATE] = 'u', [DEED_DELETE] = 'd', [DEED_SEARCH] = 's'
};

static Fail sees(const Weighing *w, const Permit *permit, bool *seen)
{
    Call    *c = w->call;
    uint32_t issues = c->issue_count;
    Version  version;
    Fail     result = store_read(c, w->session, permit, w->asked->type, w->asked->id, &version);

    *seen = result == OK;
    if (result != FAIL_NOT_FOUND && result != FAIL_FORBIDDEN)
        return result;
    call_forget_issues(c, issues);
    return OK;
}

/* ---- which row ---- */

static Fail name_rows(const Weighing *w, const Str *withheld, Str *out)
{
    Buf lines = buf_new(w->call->arena, 512);

    TRY(policy_rows_about(w->call, w->policy, w->role, w->asked->type, letters[w->asked->deed],
                          withheld, &lines));
    *out = buf_str(&lines);
    return OK;
}

static Fail blame_denial(const Weighing *w, const PermitDenial *denial, Reason *out)
{
    if (denial->consent.len) {
        *out = (Reason){ .by = STR("consent"),
                         .why = arena_printf(w->call->arena,
                                             "The patient withholds it: Consent/%.*s",
                                             STR_ARG(denial->consent)) };
        return OK;
    }
    if (denial->because.at == confided_because.at) {
        *out = (Reason){ .by = STR("privacy"), .why = STR("Its author has not shared it") };
        return OK;
    }
    *out = (Reason){ .by = STR("label"),
                     .why = arena_printf(w->call->arena, "It is withheld: %.*s (%.*s)",
                                         STR_ARG(denial->because), STR_ARG(denial->criteria)) };
    return name_rows(w, &denial->criteria, &out->rows);
}

/* With one denial after the other alone, the rest of the permit taken away. */
static Fail find_denial(const Weighing *w, const Permit *permit, const PermitRows *first,
                        Reason *out, bool *found)
{
    *found = false;
    for (const PermitRows *rows = first; rows; rows = rows->further)
        for (uint32_t i = 0; i < rows->denial_count; i++) {
            const PermitRows one = { .denials = &rows->denials[i], .denial_count = 1 };
            Permit           alone = *permit;
            bool             seen;

            alone.rows = &one;
            TRY(sees(w, &alone, &seen));
            *found = !seen;
            if (*found)
                return blame_denial(w, &rows->denials[i], out);
        }
    return OK;
}

/* The permit does not show it: why? */
static Fail blame(const Weighing *w, const Principal *p, const Permit *permit, Reason *out)
{
    Permit bare = *permit;
    bool   found;

    bare.rows = NULL;
    TRY(sees(w, &bare, &found));
    if (!found) {
        *out = (Reason){ .by = STR("record"),
                         .why = permit->reach == REACH_PATIENT
                                    ? arena_printf(w->call->arena,
                                                   "It is not in the record of Patient/%s",
                                                   permit->patient)
                                    : STR("It is not in the practice") };
        return OK;
    }
    TRY(find_denial(w, permit, consent_rows(w->call, p, true, NULL), out, &found));
    if (!found)
        TRY(find_denial(w, permit, permit->rows, out, &found));
    if (found)
        return OK;
    *out = (Reason){ .by = STR("criterion"),
                     .why = STR("Only some of that type is allowed, and it does not match") };
    return name_rows(w, NULL, &out->rows);
}

/* ---- with what somebody has ---- */

static Fail weigh(const Weighing *w, const Principal *p, Reason *out)
{
    Call    *c = w->call;
    uint32_t issues = c->issue_count;
    Permit   permit;
    bool     seen;
    Fail     result = access_permit(c, p, w->asked->deed, w->asked->type, &permit);

    if (result == FAIL_FORBIDDEN) {
        call_forget_issues(c, issues);
        *out = (Reason){ .by = STR("policy"),
                         .why = arena_printf(
                             c->arena, "No row gives that of %.*s to the role %.*s",
                             STR_ARG(type_name(w->asked->type)), STR_ARG(w->role->word)) };
        return OK;
    }
    TRY(result);
    TRY(sees(w, &permit, &seen));
    if (!seen)
        return blame(w, p, &permit, out);
    *out = (Reason){ .allowed = true, .by = STR("policy"), .why = STR("The role has it") };
    return name_rows(w, NULL, &out->rows);
}

/* What an app was given narrows further: it decides where the role alone would do. */
static Fail weigh_scope(const Weighing *w, const Principal *role, Str patient, Reason *out)
{
    Principal p;
    Reason    narrowed;

    TRY(weigh(w, role, out));
    if (!out->allowed || w->asked->scope.len == 0)
        return OK;
    TRY(scopes_read(w->call, w->asked->scope, patient, &p));
    principal_narrow(&p, role);
    TRY(weigh(w, &p, &narrowed));
    if (!narrowed.allowed)
        *out = (Reason){ .by = STR("scope"),
                         .why = STR("The role has it, but the scope does not reach it") };
    return OK;
}

static Fail weigh_record(const Weighing *w, Str patient, const LoginPatient *record,
                         Reason *out)
{
    Call     *c = w->call;
    Principal rights, switches;
    Reason    open;

    TRY(role_rights(c, w->session, w->role, patient, &rights));
    TRY(reader_know(c, w->session, w->login->linked, w->login->patient, &rights.reader));
    TRY(weigh_scope(w, &rights, patient, out));
    if (!record || !out->allowed)
        return OK;
    TRY(proxy_rights(c, record->switches, patient, &switches));
    principal_narrow(&rights, &switches);
    TRY(weigh(w, &rights, &open));
    if (!open.allowed)
        *out = (Reason){ .by = STR("switch"),
                         .why = arena_printf(
                             c->arena, "The record of Patient/%.*s is open to it for: %.*s",
                             STR_ARG(patient),
                             STR_ARG(switches_write(c->arena, record->switches))) };
    return OK;
}

/* One that allows it is enough; where none does, that of the record which it is in. */
static Fail weigh_proxy(const Weighing *w, const Login *login, Reason *out)
{
    LoginPatients all;
    bool          first = true;

    TRY(store_login_patients(w->call, w->session, login->number, &all));
    *out = (Reason){ .by = STR("record"), .why = STR("No record is open to it today") };
    for (size_t i = 0; i < all.count && !out->allowed; i++) {
        Reason one;

        if (!proxy_in_force(w->call, &all.rows[i]))
            continue;
        TRY(weigh_record(w, all.rows[i].patient, &all.rows[i], &one));
        if (first || one.allowed || str_equal(out->by, STR("record")))
            *out = one;
        first = false;
    }
    return OK;
}

static Fail weigh_login(Weighing *w, const Login *login, Reason *out)
{
    const char *ended = !w->role          ? "It has a role that there is not any more"
                        : login->disabled ? "It is disabled"
                        : login->until_us && w->call->now_us >= login->until_us
                            ? "Its days are over"
                            : NULL;

    if (ended)
        *out = (Reason){ .by = STR("login"), .why = str_from(ended) };
    else if (w->role->proxy)
        return weigh_proxy(w, login, out);
    else if (w->role->own_chart && login->patient.len == 0)
        *out = (Reason){ .by = STR("record"), .why = STR("It is linked to no Patient") };
    else
        return weigh_record(w, w->role->own_chart ? login->patient : (Str){ 0 }, NULL, out);
    return OK;
}

/* ---- the resource ---- */

/* `gone` where there is nothing to decide about. */
static Fail look(const Weighing *w, Reason *gone, Str *patient)
{
    Call     *c = w->call;
    uint32_t  issues = c->issue_count;
    Principal owner = principal_owner();
    Permit    permit;
    Version   version;
    Str       all;
    Fail      result;

    *patient = (Str){ 0 };
    TRY(access_permit(c, &owner, DEED_READ, w->asked->type, &permit));
    result = store_read(c, w->session, &permit, w->asked->type, w->asked->id, &version);
    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        *gone = (Reason){ .by = STR("resource"), .why = STR("There is no such resource") };
        return OK;
    }
    TRY(result);
    if (version.deleted)
        *gone = (Reason){ .by = STR("resource"), .why = STR("It was deleted") };
    TRY(store_patients(c, session_store(w->session), &version, &all));
    if (!patients_next_id(c->arena, &all, patient) || all.len)
        *patient = (Str){ 0 };
    return OK;
}

static Fail check_asked(Call *c, const ReasonAsked *asked)
{
    ENSURE(letters[asked->deed]);
    if (!type_is_resource(asked->type) || !type_is_record(asked->type))
        return fail(c, FAIL_VALUE, STR("resource"), "That is no type of resource that is kept");
    if (!resource_id_valid(asked->id))
        return fail(c, FAIL_VALUE, STR("resource"), "The id cannot be one: Type/id is needed");
    return OK;
}

Fail access_explain(Call *c, Session *s, const ReasonAsked *asked, Reason *out)
{
    Weighing w = { .call = c, .session = s, .asked = asked };
    Login    login;
    Reason   reason = { 0 };
    Str      patient;
    uint64_t number;

    TRY(check_asked(c, asked));
    TRY(person_find(c, s, asked->name, &login));
    TRY(policy_in_force(c, s, &w.policy, &number));
    w.role = role_find(login.role);
    w.login = &login;
    TRY(look(&w, &reason, &patient));
    if (!reason.by.len)
        TRY(weigh_login(&w, &login, &reason));
    reason.patient = patient;
    *out = reason;
    return OK;
}
