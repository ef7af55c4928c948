/* What is done about logins and clients, by the owner of the data folder (the command line, the
 * owner's socket) or by somebody whose role it is (the administrator's interface): the same deeds,
 * from one table. They are in the audit like any other access. */
#include "access/client_proof.h"
#include "access/openid.h"
#include "access/person.h"
#include "access/proxy.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/moment.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "fhir/outcome.h"
#include "interaction/people_order.h"

AuditRecord interaction_people_audit(const Call *c, Interaction kind, Fail result, int status,
                                     Str patient, Str address, Str detail)
{
    bool denied = result == FAIL_LOGIN || result == FAIL_FORBIDDEN || result == FAIL_THROTTLED;

    return (AuditRecord){
        .at_us = c->now_us,
        .interaction = (uint8_t)kind,
        .outcome = result == OK ? AUDIT_DONE
                   : denied     ? AUDIT_DENIED
                                : AUDIT_FAILED,
        .status = (uint16_t)(result == OK ? status : outcome_status(result)),
        .patient = patient,
        .request_id = str_from(c->request_id),
        .address = address,
        .detail = detail,
    };
}

Str order_member(const Order *o, const char *name)
{
    return json_member_text(&o->json, 0, str_from(name));
}

static bool is_yes(const Order *o, const char *name)
{
    return str_equal(order_member(o, name), STR("yes"));
}

void order_put(Order *o, const char *name, Str value)
{
    buf_put(&o->out, o->out.len > 1 ? STR(",") : STR(""));
    buf_put_json_string(&o->out, str_from(name));
    buf_put_char(&o->out, ':');
    buf_put_json_string(&o->out, value);
}

/* Where the pages are: the FHIR base as the server said it last, without /fhir. */
static void put_link(Order *o, const char *secret)
{
    Str base = store_base(session_store(o->session));

    if (str_ends(base, STR("/fhir")))
        base.len -= 5;
    order_put(o, "link",
              arena_printf(o->call->arena, "%.*s/welcome?link=%s", STR_ARG(base), secret));
}

/* ---- logins ---- */

static Fail user_add(Order *o)
{
    PersonAsked asked = { .name = order_member(o, "name"),
                          .role = order_member(o, "role"),
                          .linked = order_member(o, "linked"),
                          .patient = order_member(o, "patient"),
                          .may = order_member(o, "may"),
                          .from = order_member(o, "from"),
                          .until = order_member(o, "until") };
    char        link[TOKEN_CHARS + 1];

    o->detail = arena_printf(o->call->arena, "login %.*s added as %.*s %.*s",
                             STR_ARG(asked.name), STR_ARG(asked.role), STR_ARG(asked.linked));
    TRY(person_add(o->call, session_store(o->session), &asked, link));
    put_link(o, link);
    explicit_bzero(link, sizeof link);
    return OK;
}

/* How a record is opened to a proxy, in the words of the order. */
static PersonAsked asked_record(const Order *o)
{
    return (PersonAsked){ .name = order_member(o, "name"),
                          .patient = order_member(o, "patient"),
                          .may = order_member(o, "may"),
                          .from = order_member(o, "from"),
                          .until = order_member(o, "until") };
}

static Fail user_allow(Order *o)
{
    PersonAsked asked = asked_record(o);

    o->detail =
        arena_printf(o->call->arena, "login %.*s allowed the record of Patient/%.*s: %.*s",
                     STR_ARG(asked.name), STR_ARG(asked.patient),
                     STR_ARG(asked.may.len ? asked.may : STR("all")));
    return person_allow(o->call, o->session, &asked);
}

static Fail user_withdraw(Order *o)
{
    o->detail =
        arena_printf(o->call->arena, "login %.*s: the record of Patient/%.*s withdrawn",
                     STR_ARG(order_member(o, "name")), STR_ARG(order_member(o, "patient")));
    return person_withdraw(o->call, o->session, order_member(o, "name"),
                           order_member(o, "patient"));
}

static Fail user_reset(Order *o)
{
    char link[TOKEN_CHARS + 1];
    bool factor = is_yes(o, "secondFactor");

    o->detail =
        arena_printf(o->call->arena, "login %.*s reset%s", STR_ARG(order_member(o, "name")),
                     factor ? ", second factor too" : "");
    TRY(person_reset(o->call, o->session, order_member(o, "name"), factor, link));
    put_link(o, link);
    explicit_bzero(link, sizeof link);
    return OK;
}

static Fail user_disable(Order *o)
{
    o->detail =
        arena_printf(o->call->arena, "login %.*s disabled", STR_ARG(order_member(o, "name")));
    return person_disable(o->call, o->session, order_member(o, "name"), true);
}

static Fail user_enable(Order *o)
{
    o->detail =
        arena_printf(o->call->arena, "login %.*s enabled", STR_ARG(order_member(o, "name")));
    return person_disable(o->call, o->session, order_member(o, "name"), false);
}

void order_row_begin(Order *o)
{
    buf_put(&o->out, o->out.at[o->out.len - 1] == '[' ? STR("{") : STR(",{"));
}

void order_row_put(Order *o, const char *name, Str value)
{
    buf_put(&o->out, o->out.at[o->out.len - 1] == '{' ? STR("") : STR(","));
    buf_put_json_string(&o->out, str_from(name));
    buf_put_char(&o->out, ':');
    buf_put_json_string(&o->out, value);
}

void order_row_instant(Order *o, const char *name, int64_t us)
{
    char text[INSTANT_CHARS + 1];

    moment_format_instant(us, text);
    order_row_put(o, name, str_from(text));
}

void order_row_end(Order *o)
{
    buf_put_char(&o->out, '}');
}

typedef struct Logins {
    Order *order;
    Login *at;
    size_t count, room;
} Logins;

static bool gather_login(void *context, const Login *l)
{
    Logins *all = context;
    Arena  *a = all->order->call->arena;

    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 64;

        all->at = arena_grow(a, all->at, all->room * sizeof *l, room * sizeof *l);
        all->room = room;
    }
    all->at[all->count++] = *l;
    return true;
}

/* "7: see,book until 2027-01-31; 8: see" */
static Fail put_records(Order *o, const Login *l)
{
    Buf           text = buf_new(o->call->arena, 128);
    LoginPatients all;
    char          day[INSTANT_CHARS + 1];

    TRY(store_login_patients(o->call, o->session, l->number, &all));
    for (size_t i = 0; i < all.count; i++) {
        const LoginPatient *p = &all.rows[i];

        buf_printf(&text, "%s%.*s: %.*s", i ? "; " : "", STR_ARG(p->patient),
                   STR_ARG(switches_write(o->call->arena, p->switches)));
        if (p->from_us) {
            moment_format_instant(p->from_us, day);
            buf_printf(&text, " from %.10s", day);
        }
        if (p->until_us) {
            moment_format_instant(p->until_us - 1, day);
            buf_printf(&text, " until %.10s", day);
        }
    }
    order_row_put(o, "patient", buf_str(&text));
    return OK;
}

static Fail put_login(Order *o, const Login *l)
{
    const Role *role = role_find(l->role);

    order_row_begin(o);
    order_row_put(o, "name", l->name);
    order_row_put(o, "role", l->role);
    order_row_put(o, "linked", l->linked);
    if (role && role->proxy)
        TRY(put_records(o, l));
    else
        order_row_put(o, "patient", l->patient);
    order_row_put(o, "state",
                  l->disabled       ? STR("disabled")
                  : l->password.len ? STR("active")
                                    : STR("invited"));
    order_row_put(o, "secondFactor", l->totp.len ? STR("yes") : STR("no"));
    order_row_instant(o, "made", l->made_us);
    buf_put_char(&o->out, '}');
    return OK;
}

static Fail user_list(Order *o)
{
    Logins all = { .order = o };

    TRY(store_login_each(o->call, o->session, gather_login, &all));
    buf_put(&o->out, STR("\"users\":["));
    for (size_t i = 0; i < all.count; i++)
        TRY(put_login(o, &all.at[i]));
    buf_put_char(&o->out, ']');
    return OK;
}

static Fail user_role(Order *o)
{
    PersonAsked asked = { .name = order_member(o, "name"),
                          .role = order_member(o, "role"),
                          .linked = order_member(o, "linked") };

    o->detail = arena_printf(o->call->arena, "login %.*s is made %.*s %.*s",
                             STR_ARG(asked.name), STR_ARG(asked.role), STR_ARG(asked.linked));
    return person_role(o->call, o->session, &asked);
}

static bool put_session(void *context, const LoginSession *session)
{
    Order *o = context;
    Buf    hash = buf_new(o->call->arena, 2 * SECRET_HASH_BYTES);

    if (session->stage != STAGE_FULL)
        return true;
    base16_put(&hash, (Str){ (const char *)session->hash, sizeof session->hash });
    order_row_begin(o);
    order_row_put(o, "session", buf_str(&hash));
    order_row_instant(o, "made", session->made_us);
    order_row_instant(o, "seen", session->seen_us);
    order_row_put(o, "network", session->network);
    order_row_put(o, "agent", session->agent);
    order_row_end(o);
    return true;
}

static Fail user_sessions(Order *o)
{
    Login login;

    TRY(person_find(o->call, o->session, order_member(o, "name"), &login));
    buf_put(&o->out, STR("\"sessions\":["));
    TRY(store_login_session_each(o->call, o->session, login.number, put_session, o));
    buf_put_char(&o->out, ']');
    return OK;
}

static Fail user_sign_out(Order *o)
{
    Str        session = order_member(o, "session");
    Login      login;
    SecretHash hash;

    o->detail = arena_printf(o->call->arena, "login %.*s signed out of %s",
                             STR_ARG(order_member(o, "name")),
                             session.len ? "one browser" : "every browser");
    TRY(person_find(o->call, o->session, order_member(o, "name"), &login));
    if (session.len == 0)
        return store_login_sessions_end(o->call, session_store(o->session), login.number);
    if (!base16_read(session, hash, sizeof hash))
        return fail(o->call, FAIL_NOT_FOUND, STR("session"), "There is no such session");
    return store_login_session_end(o->call, session_store(o->session), login.number, hash);
}

/* ---- clients ---- */

static Fail client_add_order(Order *o)
{
    ClientAsked asked = { .id = order_member(o, "id"),
                          .name = order_member(o, "name"),
                          .redirects = order_member(o, "redirect"),
                          .scopes = order_member(o, "scope"),
                          .confidential = is_yes(o, "confidential"),
                          .keys = order_member(o, "keys"),
                          .keys_uri = order_member(o, "keysUri"),
                          .launch_uri = order_member(o, "launchUrl"),
                          .first_party = is_yes(o, "firstParty") };
    char        secret[TOKEN_CHARS + 1];
    Str         id;

    o->detail = arena_printf(o->call->arena, "client %.*s added: %.*s", STR_ARG(asked.name),
                             STR_ARG(asked.scopes));
    TRY(client_add(o->call, session_store(o->session), &asked, &id, secret));
    order_put(o, "id", id);
    if (secret[0])
        order_put(o, "secret", str_from(secret));
    explicit_bzero(secret, sizeof secret);
    return OK;
}

static Fail client_disable_order(Order *o)
{
    o->detail =
        arena_printf(o->call->arena, "client %.*s disabled", STR_ARG(order_member(o, "id")));
    return store_client_disable(o->call, session_store(o->session), order_member(o, "id"),
                                true);
}

static Fail client_enable_order(Order *o)
{
    o->detail =
        arena_printf(o->call->arena, "client %.*s enabled", STR_ARG(order_member(o, "id")));
    return store_client_disable(o->call, session_store(o->session), order_member(o, "id"),
                                false);
}

static Fail client_approve_order(Order *o)
{
    o->detail =
        arena_printf(o->call->arena, "client %.*s approved", STR_ARG(order_member(o, "id")));
    return store_client_decide(o->call, session_store(o->session), order_member(o, "id"), true);
}

static Fail client_refuse_order(Order *o)
{
    o->detail =
        arena_printf(o->call->arena, "client %.*s refused", STR_ARG(order_member(o, "id")));
    return store_client_decide(o->call, session_store(o->session), order_member(o, "id"),
                               false);
}

static Fail client_rotate_order(Order *o)
{
    Str kid;

    o->detail = STR("a new key for identity tokens");
    TRY(openid_rotate(o->call, o->session, is_yes(o, "atOnce"), &kid));
    order_put(o, "kid", kid);
    return OK;
}

static bool put_client(void *context, const Client *client)
{
    Order *o = context;

    order_row_begin(o);
    order_row_put(o, "id", client->id);
    order_row_put(o, "name", client->name);
    order_row_put(o, "kind",
                  client->secret.len        ? STR("confidential")
                  : client_has_keys(client) ? STR("key")
                                            : STR("public"));
    order_row_put(o, "state",
                  client->pending    ? STR("waiting")
                  : client->disabled ? STR("disabled")
                                     : STR("active"));
    order_row_put(o, "redirects", client->redirects);
    order_row_put(o, "scopes", client->scopes);
    buf_put_char(&o->out, '}');
    return true;
}

static Fail client_list(Order *o)
{
    buf_put(&o->out, STR("\"clients\":["));
    TRY(store_client_each(o->call, o->session, put_client, o));
    buf_put_char(&o->out, ']');
    return OK;
}

/* ---- the table ---- */

/* Who may give the order, besides the owner. */
typedef enum OrderRight {
    RIGHT_ADMINISTER,
    RIGHT_BREAK,  /* open a record in an emergency; nobody else may, not even the owner */
    RIGHT_REVIEW, /* look after it */
    RIGHT_BOTH,   /* one's own, or all */
} OrderRight;

static const struct OrderRow {
    Str        what, deed;
    OrderRight right;
    bool       fresh; /* needs a proof of the last minutes */
    Fail (*carry_out)(Order *o);
} rows[] = {
    { STR_INIT("user"), STR_INIT("add"), RIGHT_ADMINISTER, true, user_add },
    { STR_INIT("user"), STR_INIT("list"), RIGHT_ADMINISTER, false, user_list },
    { STR_INIT("user"), STR_INIT("disable"), RIGHT_ADMINISTER, true, user_disable },
    { STR_INIT("user"), STR_INIT("enable"), RIGHT_ADMINISTER, true, user_enable },
    { STR_INIT("user"), STR_INIT("reset"), RIGHT_ADMINISTER, true, user_reset },
    { STR_INIT("user"), STR_INIT("allow"), RIGHT_ADMINISTER, true, user_allow },
    { STR_INIT("user"), STR_INIT("withdraw"), RIGHT_ADMINISTER, true, user_withdraw },
    { STR_INIT("user"), STR_INIT("role"), RIGHT_ADMINISTER, true, user_role },
    { STR_INIT("user"), STR_INIT("sessions"), RIGHT_ADMINISTER, false, user_sessions },
    { STR_INIT("user"), STR_INIT("sign-out"), RIGHT_ADMINISTER, true, user_sign_out },
    { STR_INIT("client"), STR_INIT("add"), RIGHT_ADMINISTER, true, client_add_order },
    { STR_INIT("client"), STR_INIT("list"), RIGHT_ADMINISTER, false, client_list },
    { STR_INIT("client"), STR_INIT("disable"), RIGHT_ADMINISTER, true, client_disable_order },
    { STR_INIT("client"), STR_INIT("enable"), RIGHT_ADMINISTER, true, client_enable_order },
    { STR_INIT("client"), STR_INIT("approve"), RIGHT_ADMINISTER, true, client_approve_order },
    { STR_INIT("client"), STR_INIT("refuse"), RIGHT_ADMINISTER, true, client_refuse_order },
    { STR_INIT("client"), STR_INIT("rotate-key"), RIGHT_ADMINISTER, true, client_rotate_order },
    { STR_INIT("policy"), STR_INIT("show"), RIGHT_ADMINISTER, false, policy_order_show },
    { STR_INIT("policy"), STR_INIT("check"), RIGHT_ADMINISTER, false, policy_order_check },
    { STR_INIT("policy"), STR_INIT("set"), RIGHT_ADMINISTER, true, policy_order_set },
    { STR_INIT("policy"), STR_INIT("history"), RIGHT_ADMINISTER, false, policy_order_history },
    { STR_INIT("package"), STR_INIT("add"), RIGHT_ADMINISTER, true, package_order_add },
    { STR_INIT("package"), STR_INIT("list"), RIGHT_ADMINISTER, false, package_order_list },
    { STR_INIT("package"), STR_INIT("remove"), RIGHT_ADMINISTER, true, package_order_remove },
    { STR_INIT("access"), STR_INIT("explain"), RIGHT_ADMINISTER, true, access_order_explain },
    { STR_INIT("break-glass"), STR_INIT("begin"), RIGHT_BREAK, true, glass_order_begin },
    { STR_INIT("break-glass"), STR_INIT("list"), RIGHT_BOTH, false, glass_order_list },
    { STR_INIT("break-glass"), STR_INIT("end"), RIGHT_BOTH, false, glass_order_end },
    { STR_INIT("break-glass"), STR_INIT("review"), RIGHT_REVIEW, true, glass_order_review },
    { STR_INIT("breach"), STR_INIT("list"), RIGHT_REVIEW, false, breach_order_list },
    { STR_INIT("breach"), STR_INIT("add"), RIGHT_REVIEW, true, breach_order_add },
    { STR_INIT("breach"), STR_INIT("assess"), RIGHT_REVIEW, true, breach_order_assess },
    { STR_INIT("breach"), STR_INIT("told"), RIGHT_REVIEW, true, breach_order_told },
    { STR_INIT("breach"), STR_INIT("close"), RIGHT_REVIEW, true, breach_order_close },
    { STR_INIT("breach"), STR_INIT("affected"), RIGHT_REVIEW, true, breach_order_affected },
};

static bool has_right(const Role *role, OrderRight right)
{
    switch (right) {
    case RIGHT_ADMINISTER: return role->administers;
    case RIGHT_BREAK: return role->breaks_glass;
    case RIGHT_REVIEW: return role->reviews;
    case RIGHT_BOTH: return role->breaks_glass || role->reviews;
    }
    return false;
}

/* Nobody disables, resets or promotes themselves: that is another's to do. */
static bool is_own_login(const Order *o)
{
    Str name;

    return person_name_read(o->call->arena, order_member(o, "name"), &name)
           && str_equal(name, o->by->login.name);
}

static Fail check_right(Order *o, const struct OrderRow *row)
{
    if (!o->by)
        return row->right == RIGHT_BREAK
                   ? fail(o->call, FAIL_FORBIDDEN, (Str){ 0 }, "Only a person may do that")
                   : OK;
    if (!has_right(o->by->role, row->right))
        return fail(o->call, FAIL_FORBIDDEN, (Str){ 0 }, "This is not for your role");
    if (row->fresh && !sign_in_fresh(o->call, o->by))
        return fail(o->call, FAIL_FORBIDDEN, (Str){ 0 },
                    "This needs a proof of the last minutes of who you are: /account/prove");
    if (row->fresh && str_equal(row->what, STR("user")) && is_own_login(o))
        return fail(o->call, FAIL_FORBIDDEN, STR("name"), "This is your own login");
    return OK;
}

static Fail carry_out(Order *o, Str what)
{
    Str deed = order_member(o, "do");

    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!str_equal(rows[i].what, what) || !str_equal(rows[i].deed, deed))
            continue;
        o->detail = arena_printf(o->call->arena, "%.*s %.*s", STR_ARG(what), STR_ARG(deed));
        TRY(check_right(o, &rows[i]));
        o->detail = (Str){ 0 };
        return rows[i].carry_out(o);
    }
    return fail(o->call, FAIL_VALUE, STR("do"), "That cannot be done");
}

/* Somebody's own name is in what they did. */
static Str said_by(const Order *o)
{
    if (!o->by)
        return o->detail;
    return arena_printf(o->call->arena, "login %.*s: %.*s", STR_ARG(o->by->login.name),
                        STR_ARG(o->detail));
}

/* What failed is in the audit too: somebody tried to give rights. */
Fail interaction_people(Call *c, Session *s, const Person *by, Str address, Str what, Str json,
                        Str *answer)
{
    Order       o = { .call = c, .session = s, .by = by, .out = buf_new(c->arena, 1024) };
    AuditRecord record;
    Fail        result;

    TRY(json_parse(c, json, LIMIT_JSON_NODES, &o.json));
    if (o.json.values[0].kind != JSON_OBJECT)
        return fail(c, FAIL_STRUCTURE, (Str){ 0 }, "This must be a JSON object");
    buf_put_char(&o.out, '{');
    result = carry_out(&o, what);
    if (o.detail.len) {
        record = interaction_people_audit(c, INTERACTION_PEOPLE, result, 200, o.patient,
                                          address, said_by(&o));
        record.flags = o.flags;
        TRY(store_audit(c, session_store(s), &record, 1));
    }
    TRY(result);
    buf_put_char(&o.out, '}');
    *answer = buf_str(&o.out);
    return OK;
}
