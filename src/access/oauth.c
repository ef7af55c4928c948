/* What an app asks for and a person allows: see oauth.h. */
#include "access/oauth.h"

#include "base/buf.h"
#include "codec/secret.h"

static const int64_t second_us = INT64_C(1000) * 1000;

enum { CHALLENGE_CHARS = 43, STATE_BYTES_MAX = 2000, NONCE_BYTES_MAX = 500 };

/* ---- checking ---- */

static bool is_challenge(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
              || c == '-' || c == '_'))
            return false;
    }
    return s.len == CHALLENGE_CHARS;
}

static bool is_our_base(Str aud, Str base)
{
    if (str_ends(aud, STR("/")))
        aud.len--;
    return str_equal(aud, base);
}

static bool says(Str list, Str word)
{
    Str one;

    while (str_next(&list, ' ', &one))
        if (str_equal(one, word))
            return true;
    return false;
}

/* In the order of the table: what makes the rest meaningless comes first. */
static OauthError check(const AuthorizeAsked *a, Str base, const Client *client)
{
    uint64_t seconds;

    const struct {
        bool       wrong;
        OauthError error;
    } rows[] = {
        { a->repeated, { "invalid_request", "A parameter stands there twice" } },
        { a->response_type.len == 0, { "invalid_request", "response_type is missing" } },
        { !str_equal(a->response_type, STR("code")),
          { "unsupported_response_type", "Only the response_type code is offered" } },
        { a->code_challenge.len == 0,
          { "invalid_request", "code_challenge is missing: PKCE is required" } },
        { !str_equal(a->code_challenge_method, STR("S256")),
          { "invalid_request", "code_challenge_method must be S256" } },
        { !is_challenge(a->code_challenge),
          { "invalid_request", "code_challenge is not a SHA-256 in base64url" } },
        { a->state.len > STATE_BYTES_MAX, { "invalid_request", "state is too long" } },
        { a->nonce.len > NONCE_BYTES_MAX, { "invalid_request", "nonce is too long" } },
        { a->max_age.len && !str_to_u64(a->max_age, &seconds),
          { "invalid_request", "max_age is not a number of seconds" } },
        { a->aud.len == 0, { "invalid_request", "aud is missing" } },
        { !is_our_base(a->aud, base),
          { "invalid_request", "aud is not the address of this server's FHIR" } },
        { (a->launch.len > 0) != says(a->scope, STR("launch")),
          { "invalid_request", "launch goes with the scope launch, and this with it" } },
        { a->scope.len == 0, { "invalid_scope", "scope is missing" } },
        { says(a->prompt, STR("none")) && !client->first_party,
          { "interaction_required", "A person has to be asked each time" } },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].wrong)
            return rows[i].error;
    return (OauthError){ 0 };
}

/* "https://host/fhir" -> "https://host/app/" */
static bool is_own_page(Str redirect, Str base)
{
    Str origin = str_slice(base, 0, base.len - (sizeof "/fhir" - 1));

    return str_starts(redirect, origin)
           && str_equal(str_skip(redirect, origin.len), STR("/app/"));
}

Fail oauth_check(Call *c, Session *s, const AuthorizeAsked *asked, Str base, Client *client,
                 OauthError *error)
{
    if (asked->repeated_address || asked->client_id.len == 0)
        return fail(c, FAIL_NOT_FOUND, STR("client_id"), "There is no such client");
    TRY(store_client_find(c, s, asked->client_id, client));
    if (client->disabled
        || !(client_is_own(client) ? is_own_page(asked->redirect_uri, base)
                                   : client_has_redirect(client, asked->redirect_uri)))
        return fail(c, FAIL_NOT_FOUND, STR("redirect_uri"), "That address is not the client's");
    *error = check(asked, base, client);
    return OK;
}

/* A person who is asked again has proved it within this minute (OpenID Connect Core 3.1.2.1). */
bool oauth_wants_proof(const Call *c, const AuthorizeAsked *asked, const Person *person)
{
    const LoginSession *session = &person->session;
    int64_t             proved_us = session->proved_us ? session->proved_us : session->made_us;
    uint64_t            seconds = UINT64_MAX;

    if (asked->max_age.len && !str_to_u64(asked->max_age, &seconds))
        return false;
    if (says(asked->prompt, STR("login")) || seconds < 60)
        seconds = 60;
    return (uint64_t)((c->now_us - proved_us) / second_us) > seconds;
}

/* ---- offering and allowing ---- */

static void set_patient(Principal *p, Str patient)
{
    memset(p->patient, 0, sizeof p->patient);
    memcpy(p->patient, patient.at ? patient.at : "", patient.len);
}

/* Of a proxy, what is open to it in that record. */
static Fail narrow_to_switches(Call *c, const Person *person, Principal *rights)
{
    uint8_t   switches = 0;
    Principal open;

    if (!person->role->proxy)
        return OK;
    for (size_t i = 0; i < person->records.count; i++)
        if (str_equal(person->records.rows[i].patient, person->login.patient))
            switches = person->records.rows[i].switches;
    TRY(proxy_rights(c, switches, person->login.patient, &open));
    principal_narrow(rights, &open);
    return OK;
}

Fail oauth_launch(Call *c, Session *s, const AuthorizeAsked *asked, const Client *client,
                  const Person *person, LaunchContext *out, OauthError *error)
{
    uint32_t issues = c->issue_count;
    uint8_t *hash = arena_alloc(c->arena, 1, sizeof(SecretHash));
    Launch   launch;
    Fail     result;

    *out = (LaunchContext){ 0 };
    *error = (OauthError){ 0 };
    if (asked->launch.len == 0)
        return OK;
    *error = (OauthError){ "invalid_request", "The launch is not good, or not any more" };
    token_hash(asked->launch, hash);
    result = store_launch_find(c, s, hash, &launch);
    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        return OK;
    }
    TRY(result);
    if (launch.used || c->now_us >= launch.ends_us || launch.login != person->login.number
        || !str_equal(launch.client, client->id))
        return OK;
    *error = (OauthError){ 0 };
    *out = (LaunchContext){ launch.patient, launch.context, hash };
    return OK;
}

/* Whether somebody who sees many records asked for one, and none is chosen yet. */
static bool must_choose(const Person *person, const Wish *wish, const Wish *most,
                        const Principal *role, const LaunchContext *at)
{
    const TypeId type = type_find(STR("Patient"));

    return !person->role->own_chart && at->patient.len == 0 && !at->launch
           && wish->launch_patient && most->launch_patient
           && type_set_has(&role->practice_types[DEED_READ], type)
           && type_set_has(&role->practice_types[DEED_SEARCH], type);
}

Fail oauth_offer(Call *c, Session *s, const Client *client, const Person *person, Str scope,
                 const LaunchContext *at, Offer *out)
{
    Wish      wish, most;
    Principal role;
    Str       patient = person->role->own_chart ? person->login.patient : at->patient;

    wish_read(c, scope, &wish);
    wish_read(c, client->scopes, &most);
    TRY(role_rights(c, s, person->role, patient, &role));
    set_patient(&wish.rights, patient);
    set_patient(&most.rights, patient);
    principal_narrow(&wish.rights, &most.rights);
    principal_narrow(&wish.rights, &role);
    TRY(narrow_to_switches(c, person, &wish.rights));
    *out = (Offer){
        .wants_patient = must_choose(person, &wish, &most, &role, at),
        .launch = wish.launch && most.launch && at->launch,
        .rights = wish.rights,
        .scopes = scopes_write(c->arena, &wish.rights),
        .patient = patient,
        .launch_patient = wish.launch_patient && most.launch_patient && patient.len,
        .offline = wish.offline && most.offline,
        .online = wish.online && most.online,
        .openid = wish.openid && most.openid,
        .fhir_user = wish.fhir_user && most.fhir_user && wish.openid && most.openid
                     && person->login.linked.len,
    };
    return OK;
}

static Str granted_text(Call *c, const Offer *o)
{
    Buf out = buf_new(c->arena, 256);

    buf_put(&out, o->scopes);
    buf_put(&out, o->openid ? STR(" openid") : STR(""));
    buf_put(&out, o->fhir_user ? STR(" fhirUser") : STR(""));
    buf_put(&out, o->launch ? STR(" launch") : STR(""));
    buf_put(&out, o->launch_patient ? STR(" launch/patient") : STR(""));
    buf_put(&out, o->offline ? STR(" offline_access") : STR(""));
    buf_put(&out, o->online ? STR(" online_access") : STR(""));
    return str_trim(buf_str(&out));
}

static void narrow_to_chosen(Call *c, Offer *offer, Str chosen)
{
    Wish wish;

    wish_read(c, chosen, &wish);
    set_patient(&wish.rights, offer->patient);
    principal_narrow(&offer->rights, &wish.rights);
    offer->scopes = scopes_write(c->arena, &offer->rights);
    offer->offline = offer->offline && wish.offline;
    offer->online = offer->online && wish.online && !offer->offline;
    offer->openid = offer->openid && wish.openid;
    offer->fhir_user = offer->fhir_user && offer->openid && wish.fhir_user;
}

Fail oauth_allow(Call *c, Session *s, const AuthorizeAsked *asked, const Client *client,
                 const Person *person, const LaunchContext *at, Str chosen,
                 char code[TOKEN_CHARS + 1], Str *granted)
{
    const LoginSession *session = &person->session;
    AppCode             kept = { .redirect = asked->redirect_uri,
                                 .challenge = asked->code_challenge,
                                 .nonce = asked->nonce,
                                 .proved_us = session->proved_us ? session->proved_us : session->made_us,
                                 .ends_us = c->now_us + CODE_SECONDS * second_us };
    App                 app = { .login = person->login.number, .client = client->id };
    Offer               offer;

    TRY(oauth_offer(c, s, client, person, asked->scope, at, &offer));
    narrow_to_chosen(c, &offer, chosen);
    if (offer.scopes.len == 0 && !offer.openid)
        return fail(c, FAIL_FORBIDDEN, STR("scope"), "Nothing of that can be given");
    app.scopes = granted_text(c, &offer);
    app.patient = offer.patient;
    app.context = offer.launch ? at->context : (Str){ 0 };
    if (!offer.offline)
        app.session = (Str){ (const char *)session->hash, sizeof session->hash };
    app.ends_us =
        c->now_us + (offer.offline ? (int64_t)REFRESH_DAYS * 86400 : 86400) * second_us;
    token_draw(c->arena, code, kept.hash);
    TRY(store_app_add(c, session_store(s), &app, &kept, at->launch));
    *granted = app.scopes;
    return OK;
}
