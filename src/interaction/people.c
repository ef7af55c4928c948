/* What the owner does about logins and clients; the same through the command line and through
 * the owner's socket. It is in the audit like any other access. */
#include "access/client_proof.h"
#include "access/openid.h"
#include "access/person.h"
#include "access/policy.h"
#include "access/proxy.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/moment.h"
#include "codec/json.h"
#include "fhir/outcome.h"
#include "interaction/interaction.h"

typedef struct Order {
    Call    *call;
    Session *session;
    Json     json;
    Buf      out; /* the answer */
    Str      detail;
} Order;

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

static Str member(const Order *o, const char *name)
{
    return json_member_text(&o->json, 0, str_from(name));
}

static bool is_yes(const Order *o, const char *name)
{
    return str_equal(member(o, name), STR("yes"));
}

static void put_member(Order *o, const char *name, Str value)
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
    put_member(o, "link",
               arena_printf(o->call->arena, "%.*s/welcome?link=%s", STR_ARG(base), secret));
}

/* ---- logins ---- */

static Fail user_add(Order *o)
{
    PersonAsked asked = { .name = member(o, "name"),
                          .role = member(o, "role"),
                          .linked = member(o, "linked"),
                          .patient = member(o, "patient"),
                          .may = member(o, "may"),
                          .from = member(o, "from"),
                          .until = member(o, "until") };
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
    return (PersonAsked){ .name = member(o, "name"),
                          .patient = member(o, "patient"),
                          .may = member(o, "may"),
                          .from = member(o, "from"),
                          .until = member(o, "until") };
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
    o->detail = arena_printf(o->call->arena, "login %.*s: the record of Patient/%.*s withdrawn",
                             STR_ARG(member(o, "name")), STR_ARG(member(o, "patient")));
    return person_withdraw(o->call, o->session, member(o, "name"), member(o, "patient"));
}

static Fail user_reset(Order *o)
{
    char link[TOKEN_CHARS + 1];
    bool factor = is_yes(o, "secondFactor");

    o->detail = arena_printf(o->call->arena, "login %.*s reset%s", STR_ARG(member(o, "name")),
                             factor ? ", second factor too" : "");
    TRY(person_reset(o->call, o->session, member(o, "name"), factor, link));
    put_link(o, link);
    explicit_bzero(link, sizeof link);
    return OK;
}

static Fail user_disable(Order *o)
{
    o->detail = arena_printf(o->call->arena, "login %.*s disabled", STR_ARG(member(o, "name")));
    return person_disable(o->call, o->session, member(o, "name"), true);
}

static Fail user_enable(Order *o)
{
    o->detail = arena_printf(o->call->arena, "login %.*s enabled", STR_ARG(member(o, "name")));
    return person_disable(o->call, o->session, member(o, "name"), false);
}

static void row_begin(Order *o)
{
    buf_put(&o->out, o->out.at[o->out.len - 1] == '[' ? STR("{") : STR(",{"));
}

static void row_member(Order *o, const char *name, Str value)
{
    buf_put(&o->out, o->out.at[o->out.len - 1] == '{' ? STR("") : STR(","));
    buf_put_json_string(&o->out, str_from(name));
    buf_put_char(&o->out, ':');
    buf_put_json_string(&o->out, value);
}

static void row_instant(Order *o, const char *name, int64_t us)
{
    char text[INSTANT_CHARS + 1];

    moment_format_instant(us, text);
    row_member(o, name, str_from(text));
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
    row_member(o, "patient", buf_str(&text));
    return OK;
}

static Fail put_login(Order *o, const Login *l)
{
    const Role *role = role_find(l->role);

    row_begin(o);
    row_member(o, "name", l->name);
    row_member(o, "role", l->role);
    row_member(o, "linked", l->linked);
    if (role && role->proxy)
        TRY(put_records(o, l));
    else
        row_member(o, "patient", l->patient);
    row_member(o, "state",
               l->disabled       ? STR("disabled")
               : l->password.len ? STR("active")
                                 : STR("invited"));
    row_member(o, "secondFactor", l->totp.len ? STR("yes") : STR("no"));
    row_instant(o, "made", l->made_us);
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

/* ---- clients ---- */

static Fail client_add_order(Order *o)
{
    ClientAsked asked = { .id = member(o, "id"),
                          .name = member(o, "name"),
                          .redirects = member(o, "redirect"),
                          .scopes = member(o, "scope"),
                          .confidential = is_yes(o, "confidential"),
                          .keys = member(o, "keys"),
                          .keys_uri = member(o, "keysUri"),
                          .launch_uri = member(o, "launchUrl"),
                          .first_party = is_yes(o, "firstParty") };
    char        secret[TOKEN_CHARS + 1];
    Str         id;

    o->detail = arena_printf(o->call->arena, "client %.*s added: %.*s", STR_ARG(asked.name),
                             STR_ARG(asked.scopes));
    TRY(client_add(o->call, session_store(o->session), &asked, &id, secret));
    put_member(o, "id", id);
    if (secret[0])
        put_member(o, "secret", str_from(secret));
    explicit_bzero(secret, sizeof secret);
    return OK;
}

static Fail client_disable_order(Order *o)
{
    o->detail = arena_printf(o->call->arena, "client %.*s disabled", STR_ARG(member(o, "id")));
    return store_client_disable(o->call, session_store(o->session), member(o, "id"), true);
}

static Fail client_enable_order(Order *o)
{
    o->detail = arena_printf(o->call->arena, "client %.*s enabled", STR_ARG(member(o, "id")));
    return store_client_disable(o->call, session_store(o->session), member(o, "id"), false);
}

static Fail client_approve_order(Order *o)
{
    o->detail = arena_printf(o->call->arena, "client %.*s approved", STR_ARG(member(o, "id")));
    return store_client_decide(o->call, session_store(o->session), member(o, "id"), true);
}

static Fail client_refuse_order(Order *o)
{
    o->detail = arena_printf(o->call->arena, "client %.*s refused", STR_ARG(member(o, "id")));
    return store_client_decide(o->call, session_store(o->session), member(o, "id"), false);
}

static Fail client_rotate_order(Order *o)
{
    Str kid;

    o->detail = STR("a new key for identity tokens");
    TRY(openid_rotate(o->call, o->session, is_yes(o, "atOnce"), &kid));
    put_member(o, "kid", kid);
    return OK;
}

static bool put_client(void *context, const Client *client)
{
    Order *o = context;

    row_begin(o);
    row_member(o, "id", client->id);
    row_member(o, "name", client->name);
    row_member(o, "kind",
               client->secret.len        ? STR("confidential")
               : client_has_keys(client) ? STR("key")
                                         : STR("public"));
    row_member(o, "state",
               client->pending    ? STR("waiting")
               : client->disabled ? STR("disabled")
                                  : STR("active"));
    row_member(o, "redirects", client->redirects);
    row_member(o, "scopes", client->scopes);
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

/* ---- the policy ---- */

static Str number_text(const Order *o, uint64_t number)
{
    return arena_printf(o->call->arena, "%llu", (unsigned long long)number);
}

static Fail policy_asked(Order *o, PolicyVersion *out)
{
    Str      number = member(o, "number");
    uint64_t wanted = 0;

    if (number.len == 0)
        return policy_in_force(o->call, o->session, &out->text, &out->number);
    if (!str_to_u64(number, &wanted))
        return fail(o->call, FAIL_VALUE, STR("number"), "That is not a number");
    if (wanted)
        return store_policy_at(o->call, o->session, wanted, out);
    *out = (PolicyVersion){ .text = policy_shipped() };
    return OK;
}

static Fail policy_show(Order *o)
{
    PolicyVersion version = { 0 };
    Buf           rows = buf_new(o->call->arena, 2048);

    TRY(policy_asked(o, &version));
    TRY(policy_describe(o->call, version.text, member(o, "role"), &rows));
    put_member(o, "number", number_text(o, version.number));
    put_member(o, "text", version.text);
    put_member(o, "rows", buf_str(&rows));
    return OK;
}

static Fail policy_check_order(Order *o)
{
    return policy_check(o->call, member(o, "text"));
}

static Fail policy_set(Order *o)
{
    uint64_t number;
    Str      text;

    o->detail = STR("a new policy");
    TRY(policy_check(o->call, member(o, "text")));
    TRY(store_policy_add(o->call, session_store(o->session), member(o, "text")));
    TRY(policy_in_force(o->call, o->session, &text, &number));
    put_member(o, "number", number_text(o, number));
    return OK;
}

static Fail policy_history(Order *o)
{
    PolicyVersion version;

    TRY(store_policy_newest(o->call, o->session, &version));
    buf_put(&o->out, STR("\"versions\":["));
    for (uint64_t number = version.number; number; number--) {
        char at[INSTANT_CHARS + 1];

        TRY(store_policy_at(o->call, o->session, number, &version));
        moment_format_instant(version.made_us, at);
        row_begin(o);
        row_member(o, "number", number_text(o, number));
        row_member(o, "made", str_from(at));
        row_member(o, "bytes", number_text(o, version.text.len));
        buf_put_char(&o->out, '}');
    }
    buf_put_char(&o->out, ']');
    return OK;
}

/* ---- the table ---- */

static const struct OrderRow {
    Str what, deed;
    Fail (*carry_out)(Order *o);
} rows[] = {
    { STR_INIT("user"), STR_INIT("add"), user_add },
    { STR_INIT("user"), STR_INIT("list"), user_list },
    { STR_INIT("user"), STR_INIT("disable"), user_disable },
    { STR_INIT("user"), STR_INIT("enable"), user_enable },
    { STR_INIT("user"), STR_INIT("reset"), user_reset },
    { STR_INIT("user"), STR_INIT("allow"), user_allow },
    { STR_INIT("user"), STR_INIT("withdraw"), user_withdraw },
    { STR_INIT("client"), STR_INIT("add"), client_add_order },
    { STR_INIT("client"), STR_INIT("list"), client_list },
    { STR_INIT("client"), STR_INIT("disable"), client_disable_order },
    { STR_INIT("client"), STR_INIT("enable"), client_enable_order },
    { STR_INIT("client"), STR_INIT("approve"), client_approve_order },
    { STR_INIT("client"), STR_INIT("refuse"), client_refuse_order },
    { STR_INIT("client"), STR_INIT("rotate-key"), client_rotate_order },
    { STR_INIT("policy"), STR_INIT("show"), policy_show },
    { STR_INIT("policy"), STR_INIT("check"), policy_check_order },
    { STR_INIT("policy"), STR_INIT("set"), policy_set },
    { STR_INIT("policy"), STR_INIT("history"), policy_history },
};

static Fail carry_out(Order *o, Str what)
{
    Str deed = member(o, "do");

    for (size_t i = 0; i < COUNT(rows); i++)
        if (str_equal(rows[i].what, what) && str_equal(rows[i].deed, deed))
            return rows[i].carry_out(o);
    return fail(o->call, FAIL_VALUE, STR("do"), "That cannot be done");
}

/* What failed is in the audit too: somebody tried to give rights. */
Fail interaction_people(Call *c, Session *s, Str what, Str json, Str *answer)
{
    Order       o = { .call = c, .session = s, .out = buf_new(c->arena, 1024) };
    AuditRecord record;
    Fail        result;

    TRY(json_parse(c, json, LIMIT_JSON_NODES, &o.json));
    if (o.json.values[0].kind != JSON_OBJECT)
        return fail(c, FAIL_STRUCTURE, (Str){ 0 }, "This must be a JSON object");
    buf_put_char(&o.out, '{');
    result = carry_out(&o, what);
    if (o.detail.len) {
        record = interaction_people_audit(c, INTERACTION_PEOPLE, result, 200, (Str){ 0 },
                                          (Str){ 0 }, o.detail);
        TRY(store_audit(c, session_store(s), &record, 1));
    }
    TRY(result);
    buf_put_char(&o.out, '}');
    *answer = buf_str(&o.out);
    return OK;
}
