/*
 * An app sends somebody's browser here, who signs in, reads what the app wants, and allows all,
 * some or nothing of it. RFC 6749 4.1, SMART App Launch 2.2. Nobody is ever sent to an address
 * that the app was not registered with.
 */
#include "access/oauth.h"
#include "server/browser.h"
#include "server/pick.h"

typedef struct Wanted {
    AuthorizeAsked asked;
    Client         client;
    OauthError     error;
    Str            query; /* all of it, to be asked again with the answer */
    LaunchContext  at;
    PickedPatient  patient; /* whose record it is about; empty: nobody's */
} Wanted;

/* ---- reading ---- */

static Fail read_asked(Browser *b, Str query, AuthorizeAsked *out)
{
    const struct {
        const char *name;
        Str        *place;
    } rows[] = {
        { "client_id", &out->client_id },
        { "redirect_uri", &out->redirect_uri },
        { "response_type", &out->response_type },
        { "scope", &out->scope },
        { "state", &out->state },
        { "aud", &out->aud },
        { "launch", &out->launch },
        { "prompt", &out->prompt },
        { "nonce", &out->nonce },
        { "max_age", &out->max_age },
        { "record", &out->record },
        { "code_challenge", &out->code_challenge },
        { "code_challenge_method", &out->code_challenge_method },
    };
    UrlParam *params;
    size_t    count;

    *out = (AuthorizeAsked){ 0 };
    TRY(url_params(b->call, query, &params, &count));
    for (size_t i = 0; i < count; i++)
        for (size_t row = 0; row < COUNT(rows); row++) {
            if (!str_equal(params[i].name, str_from(rows[row].name)))
                continue;
            if (rows[row].place->at)
                *(row < 2 ? &out->repeated_address : &out->repeated) = true;
            *rows[row].place = params[i].value;
        }
    return OK;
}

static Fail read_wanted(Browser *b, Str query, Wanted *out)
{
    Str base = arena_printf(b->call->arena, "%.*s/fhir", STR_ARG(b->visit->context->base_url));

    out->query = query;
    TRY(read_asked(b, query, &out->asked));
    return oauth_check(b->call, b->visit->session, &out->asked, base, &out->client,
                       &out->error);
}

/* ---- going back to the app ---- */

static void put_pair(Buf *to, const char *name, Str value)
{
    buf_put_char(to, to->len && memchr(to->at, '?', to->len) ? '&' : '?');
    buf_put(to, str_from(name));
    buf_put_char(to, '=');
    url_encode(to, value);
}

static Fail send_back(Browser *b, const Wanted *w, const OauthError *error, const char *code)
{
    Buf to = buf_new(b->call->arena, 512);

    buf_put(&to, w->asked.redirect_uri);
    if (error) {
        put_pair(&to, "error", str_from(error->error));
        put_pair(&to, "error_description", str_from(error->description));
    } else {
        put_pair(&to, "code", str_from(code));
    }
    if (w->asked.state.len)
        put_pair(&to, "state", w->asked.state);
    visit_header(b->visit, STR("Referrer-Policy"), STR("no-referrer"));
    return browser_redirect(b, buf_str(&to));
}

static Fail show_stranger(Browser *b)
{
    call_forget_issues(b->call, 0);
    page_begin(b, say(b, "This app is not known here", "Application inconnue"));
    page_printf(b, "<p>%s</p>\n",
                say(b,
                    "It sent you here in a way that was not agreed with this practice, so "
                    "you are not sent back. Tell those who made the app.",
                    "Elle vous a envoyé ici d’une façon qui n’a pas été convenue avec cette "
                    "clinique ; vous n’y êtes donc pas renvoyé. Prévenez ses auteurs."));
    return page_send(b, 400);
}

/* ---- asking ---- */

static void put_box(Browser *b, size_t number, Str scope, bool checked)
{
    page_printf(b, "<li><input type=\"checkbox\" id=\"allow-%zu\" name=\"allow\"%s value=\"",
                number, checked ? " checked" : "");
    page_text(b, scope);
    page_printf(b, "\"> <label for=\"allow-%zu\">", number);
    page_scope(b, scope);
    page_put(b, "</label></li>\n");
}

static void put_choice(Browser *b, size_t number, Str scope)
{
    put_box(b, number, scope, true);
}

/* Kinds of a type that a person may allow instead of all of it (SMART 2.2 "Finer-grained resource
 * constraints using search parameters"; those that US Core asks for). */
#define OBSERVATION                                                                            \
    "Observation?category=http://terminology.hl7.org/CodeSystem/observation-category|"
#define CONDITION "Condition?category=http://terminology.hl7.org/CodeSystem/condition-category|"

static const Str kinds[] = {
    STR_INIT(OBSERVATION "laboratory"),        STR_INIT(OBSERVATION "vital-signs"),
    STR_INIT(OBSERVATION "social-history"),    STR_INIT(OBSERVATION "survey"),
    STR_INIT(CONDITION "encounter-diagnosis"), STR_INIT(CONDITION "problem-list-item"),
};

/* "patient/Observation.rs" -> "patient/Observation.rs?category=…", unchecked, below it. */
static size_t put_kinds(Browser *b, size_t number, Str scope)
{
    const size_t before = number;
    Str          context, rest, type, deeds, of, constraint;

    if (str_find(scope, STR("?")) >= 0 || !str_cut(scope, '/', &context, &rest)
        || !str_cut(rest, '.', &type, &deeds))
        return number;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!str_cut(kinds[i], '?', &of, &constraint) || !str_equal(of, type))
            continue;
        if (number == before)
            page_printf(b, "<li class=\"hint\">%s</li>\n",
                        say(b, "or, if you uncheck that, only:",
                            "ou, si vous décochez cela, seulement :"));
        put_box(b, number++,
                arena_printf(b->call->arena, "%.*s?%.*s", STR_ARG(scope), STR_ARG(constraint)),
                false);
    }
    return number;
}

/* Whom it is about, for who sees many. */
static void put_patient(Browser *b, const Wanted *w, const Offer *offer)
{
    page_printf(b, " %s <strong>", say(b, "and use the record", "et utiliser le dossier"));
    if (w->patient.id.len) {
        pick_put_patient(b, &w->patient);
    } else {
        page_put(b, "Patient/");
        page_text(b, offer->patient);
    }
    page_put(b, "</strong>");
}

static void put_choices(Browser *b, const Offer *offer)
{
    Str    rest = offer->scopes, scope;
    size_t number = 0;

    page_printf(b, "<fieldset>\n<legend>%s</legend>\n<ul class=\"scopes\">\n",
                say(b, "It may", "Elle pourra"));
    while (str_next(&rest, ' ', &scope))
        if (scope.len) {
            put_choice(b, number++, scope);
            number = put_kinds(b, number, scope);
        }
    if (offer->openid)
        put_choice(b, number++, STR("openid"));
    if (offer->fhir_user)
        put_choice(b, number++, STR("fhirUser"));
    if (offer->offline)
        put_choice(b, number++, STR("offline_access"));
    if (offer->online)
        put_choice(b, number++, STR("online_access"));
    page_put(b, "</ul>\n</fieldset>\n");
}

static Fail show_consent(Browser *b, const Wanted *w, const Offer *offer)
{
    b->form_target = redirect_origin(w->asked.redirect_uri);
    page_begin(b, say(b, "Let this app in?", "Autoriser cette application ?"));
    page_put(b, "<p><strong>");
    page_text(b, w->client.name);
    page_printf(b, "</strong> %s <strong>",
                say(b, "wants to act in the name of", "souhaite agir au nom de"));
    page_text(b, b->person.login.name);
    page_put(b, "</strong>");
    if (offer->patient.len)
        put_patient(b, w, offer);
    page_put(b, ".</p>\n");
    page_form(b, "/oauth2/consent");
    page_hidden(b, "request", w->query);
    if (w->patient.id.len && !w->at.launch)
        page_hidden(b, "patient", w->patient.id);
    put_choices(b, offer);
    page_printf(b, "<p class=\"hint\">%s <code>",
                say(b, "Afterwards you are sent to", "Vous serez ensuite renvoyé vers"));
    page_text(b, redirect_origin(w->asked.redirect_uri));
    page_printf(b,
                "</code></p>\n<p><button name=\"decision\" value=\"allow\">%s</button>\n"
                "<button class=\"second\" name=\"decision\" value=\"deny\">%s</button></p>\n"
                "</form>\n",
                say(b, "Allow", "Autoriser"), say(b, "Do not allow", "Refuser"));
    return page_send(b, 200);
}

/* Which of a proxy's records it is about. */
static Fail show_records(Browser *b, const Wanted *w)
{
    page_begin(b, say(b, "Whose record?", "Quel dossier ?"));
    page_put(b, "<p><strong>");
    page_text(b, w->client.name);
    page_printf(b, "</strong> %s</p>\n<ul>\n",
                say(b, "is about one record at a time. Choose:",
                    "ne concerne qu’un dossier à la fois. Choisissez :"));
    for (size_t i = 0; i < b->person.records.count; i++) {
        Str patient = b->person.records.rows[i].patient;

        page_put(b, "<li><a href=\"/oauth2/authorize?");
        page_text(b, w->query);
        page_put(b, "&amp;record=");
        page_text(b, patient);
        page_put(b, "\">Patient/");
        page_text(b, patient);
        page_put(b, "</a></li>\n");
    }
    page_put(b, "</ul>\n");
    return page_send(b, 200);
}

/* False where a proxy has to choose a record first, or chose one that is not open to it. */
static bool choose_record(Browser *b, const Wanted *w)
{
    if (!b->person.role->proxy || w->at.patient.len
        || (w->asked.record.len == 0 && b->person.records.count < 2))
        return true;
    return person_choose(&b->person, w->asked.record);
}

/* First to `page`, then here again. */
static Fail go_first(Browser *b, const char *page, Str query)
{
    Buf to = buf_new(b->call->arena, 512);

    buf_put(&to, str_from(page));
    buf_put(&to, STR("?next="));
    url_encode(&to, STR("/oauth2/authorize?"));
    url_encode(&to, query);
    return browser_redirect(b, buf_str(&to));
}

/* Whether a launch is about a record that is this patient's or proxy's; a proxy means it then. */
static bool is_own(Browser *b, Str patient)
{
    return b->person.role->proxy ? person_choose(&b->person, patient)
                                 : str_equal(patient, b->person.login.patient);
}

/* What the person is at: a launch, or a patient they chose. They must be able to see that patient
 * now, whatever was so when it was launched. */
static Fail find_context(Browser *b, Wanted *w, Str chosen)
{
    static const OauthError hidden = { "access_denied",
                                       "That record is not open to this person" };
    Fail                    result;

    TRY(oauth_launch(b->call, b->visit->session, &w->asked, &w->client, &b->person, &w->at,
                     &w->error));
    if (!w->error.error && b->person.role->own_chart && w->at.patient.len
        && !is_own(b, w->at.patient))
        w->error = hidden;
    if (w->error.error || b->person.role->own_chart)
        return OK;
    if (!w->at.launch)
        w->at.patient = chosen;
    if (w->at.patient.len == 0)
        return OK;
    result = pick_find(b, w->at.patient, &w->patient);
    if (result == FAIL_NOT_FOUND || result == FAIL_FORBIDDEN) {
        w->error = hidden;
        return OK;
    }
    return result;
}

static Fail decide(Browser *b, const Wanted *w, Str choices);

static Str all_of(Browser *b, const Offer *o)
{
    return arena_printf(b->call->arena, "%.*s%s%s%s%s", STR_ARG(o->scopes),
                        o->openid ? " openid" : "", o->fhir_user ? " fhirUser" : "",
                        o->offline ? " offline_access" : "", o->online ? " online_access" : "");
}

/* The question, when it is known who is asked and what about. */
static Fail ask(Browser *b, Wanted *w, Str chosen)
{
    static const OauthError nothing = { "invalid_scope",
                                        "Nothing of that can be given by this person" };
    static const OauthError silent = { "interaction_required", "A patient has to be chosen" };
    const bool              asks = !str_equal(w->asked.prompt, STR("none"));
    Offer                   offer;

    TRY(find_context(b, w, chosen));
    if (w->error.error)
        return send_back(b, w, &w->error, NULL);
    if (!choose_record(b, w))
        return w->asked.record.len ? send_back(b, w, &nothing, NULL)
               : asks              ? show_records(b, w)
                                   : send_back(b, w, &silent, NULL);
    TRY(oauth_offer(b->call, b->visit->session, &w->client, &b->person, w->asked.scope, &w->at,
                    &offer));
    if (offer.wants_patient)
        return asks ? pick_page(b, w->client.name, w->query) : send_back(b, w, &silent, NULL);
    if (offer.scopes.len == 0 && !offer.openid)
        return send_back(b, w, &nothing, NULL);
    if (w->client.first_party)
        return decide(b, w, all_of(b, &offer));
    return show_consent(b, w, &offer);
}

static Fail authorize_page(Browser *b)
{
    static const OauthError login = { "login_required", "Nobody has signed in" };
    Wanted                  w = { 0 };
    Fail                    result = read_wanted(b, b->visit->request->query, &w);
    bool                    silent;

    if (result == FAIL_NOT_FOUND || result == FAIL_VALUE)
        return show_stranger(b);
    TRY(result);
    if (w.error.error)
        return send_back(b, &w, &w.error, NULL);
    silent = str_equal(w.asked.prompt, STR("none"));
    if (b->person.stage != STAGE_FULL)
        return silent ? send_back(b, &w, &login, NULL) : go_first(b, "/sign-in", w.query);
    if (oauth_wants_proof(b->call, &w.asked, &b->person))
        return silent ? send_back(b, &w, &login, NULL) : go_first(b, "/account/prove", w.query);
    return ask(b, &w, (Str){ 0 });
}

/* A patient was looked for, or chosen. */
static Fail patient_page(Browser *b)
{
    Wanted w = { 0 };
    Fail   result = read_wanted(b, browser_param(b, "request"), &w);

    if (result == FAIL_NOT_FOUND || result == FAIL_VALUE)
        return show_stranger(b);
    TRY(result);
    if (w.error.error)
        return send_back(b, &w, &w.error, NULL);
    return ask(b, &w, browser_param(b, "patient"));
}

Fail authorize_patient_answer(Visit *v)
{
    return browser_serve(v, patient_page);
}

Fail authorize_answer(Visit *v)
{
    return browser_serve(v, authorize_page);
}

/* A form that an app sent (SMART "authorize-post") is made a question in the address: a browser
 * brings its cookie only to a page it goes to by itself. */
Fail authorize_post_answer(Visit *v)
{
    Browser *b = NEW(v->call->arena, Browser);

    *b = (Browser){ .visit = v, .call = v->call };
    if (v->request->body.len > 4096)
        return fail(v->call, FAIL_TOO_LARGE, (Str){ 0 }, "The form is too long");
    for (size_t i = 0; i < v->request->body.len; i++)
        if (v->request->body.at[i] <= ' ' || v->request->body.at[i] > '~')
            return fail(v->call, FAIL_INVALID, (Str){ 0 }, "This must be a form");
    return browser_redirect(
        b, arena_printf(v->call->arena, "/oauth2/authorize?%.*s", STR_ARG(v->request->body)));
}

/* ---- the answer ---- */

static Str chosen(const Browser *b)
{
    Buf out = buf_new(b->call->arena, 256);

    for (size_t i = 0; i < b->param_count; i++)
        if (str_equal(b->params[i].name, STR("allow"))) {
            buf_put(&out, b->params[i].value);
            buf_put_char(&out, ' ');
        }
    return buf_str(&out);
}

/* Gives what was chosen, or nothing. `choices` is empty where the person did not want to. */
static Fail decide(Browser *b, const Wanted *w, Str choices)
{
    static const OauthError denied = { "access_denied", "The person did not allow it" };
    static const OauthError used = { "invalid_request", "The launch was used before" };
    char                    code[TOKEN_CHARS + 1];
    Str                     granted = { 0 };
    Fail                    result = FAIL_FORBIDDEN;

    if (choices.len)
        result = oauth_allow(b->call, b->visit->session, &w->asked, &w->client, &b->person,
                             &w->at, choices, code, &granted);
    browser_audit(b, INTERACTION_AUTHORIZE, result,
                  arena_printf(b->call->arena, "login %.*s, client %.*s: %s %.*s%s",
                               STR_ARG(b->person.login.name), STR_ARG(w->client.id),
                               result == OK ? "allowed" : "not allowed", STR_ARG(granted),
                               w->client.first_party ? ", of the practice" : ""));
    if (w->patient.id.len)
        b->visit->reply->audit.patient = w->patient.id;
    if (result == FAIL_FORBIDDEN || result == FAIL_CONFLICT) {
        call_forget_issues(b->call, 0);
        return send_back(b, w, result == FAIL_CONFLICT ? &used : &denied, NULL);
    }
    TRY(result);
    return send_back(b, w, NULL, code);
}

static Fail consent_page(Browser *b)
{
    bool   allows = str_equal(browser_param(b, "decision"), STR("allow"));
    Wanted w = { 0 };
    Fail   result = read_wanted(b, browser_param(b, "request"), &w);

    if (result == FAIL_NOT_FOUND || result == FAIL_VALUE)
        return show_stranger(b);
    TRY(result);
    if (!w.error.error)
        TRY(find_context(b, &w, browser_param(b, "patient")));
    if (w.error.error)
        return send_back(b, &w, &w.error, NULL);
    allows = allows && choose_record(b, &w);
    return decide(b, &w, allows ? chosen(b) : (Str){ 0 });
}

Fail consent_answer(Visit *v)
{
    return browser_serve(v, consent_page);
}
