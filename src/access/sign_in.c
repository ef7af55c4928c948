/* Signing in, step by step: see sign_in.h. */
#include "access/sign_in.h"

#include "access/password.h"
#include "access/throttle.h"
#include "base/random.h"
#include "codec/base64.h"

static const int64_t minute_us = INT64_C(60) * 1000 * 1000;

enum { UNFINISHED_MINUTES = 10 }; /* between password and code */

static Fail refuse(Call *c, uint32_t issues)
{
    call_forget_issues(c, issues);
    return fail(c, FAIL_LOGIN, (Str){ 0 }, "That is not right");
}

static Fail must_wait(Call *c, SignIn *in, unsigned wait_s)
{
    in->wait_s = wait_s;
    return fail(c, FAIL_THROTTLED, (Str){ 0 }, "Too many tries");
}

static bool login_usable(Call *c, const Login *l)
{
    return !l->disabled && role_find(l->role) && (!l->until_us || c->now_us < l->until_us);
}

/* ---- devices and throttling ---- */

Str device_mark(Arena *a, const Login *login)
{
    uint8_t mac[SHA256_BYTES];
    Buf     out = buf_new(a, TOKEN_CHARS + 1);

    digest_hmac_sha256(login->device, STR("device"), mac);
    base64_put_url(&out, (Str){ (const char *)mac, sizeof mac });
    return buf_str(&out);
}

/* One key where the browser is known; else one for the login from there, and one for the login
 * from anywhere. */
typedef struct Tries {
    ThrottleKey keys[2];
    size_t      count;
} Tries;

static Tries tries_of(Str name, const SignIn *in, bool known)
{
    if (known)
        return (Tries){ { throttle_key("device", name, in->device) }, 1 };
    return (Tries){ { throttle_key("there", name, in->network),
                      throttle_key("anywhere", name, (Str){ 0 }) },
                    2 };
}

static Fail tries_begin(Call *c, SignIn *in, const Tries *t)
{
    for (size_t i = 0; i < t->count; i++) {
        unsigned wait_s = throttle_try(t->keys[i]);

        if (wait_s)
            return must_wait(c, in, wait_s);
    }
    return OK;
}

static void tries_forgive(const Tries *t)
{
    for (size_t i = 0; i < t->count; i++)
        throttle_forgive(t->keys[i]);
}

/* ---- sessions ---- */

static Stage stage_after_password(const Login *login)
{
    if (login->totp.len)
        return STAGE_CODE;
    return role_find(login->role)->staff ? STAGE_SETUP : STAGE_FULL;
}

static Fail session_turn(Call *c, Session *s, const Login *login, Stage stage,
                         const LoginSession *instead, SignIn *in)
{
    LoginSession session = { .login = login->number,
                             .stage = (uint8_t)stage,
                             .made_us = c->now_us };

    token_draw(c->arena, in->secret, session.hash);
    TRY(store_login_session_begin(c, session_store(s), &session, instead));
    session.seen_us = c->now_us;
    in->person = (Person){
        .stage = stage, .session = session, .login = *login, .role = role_find(login->role)
    };
    return OK;
}

static bool session_alive(Call *c, const LoginSession *session, const Role *role)
{
    int64_t age_us = c->now_us - session->made_us, idle_us = c->now_us - session->seen_us;

    if (session->ended)
        return false;
    if (session->stage != STAGE_FULL)
        return age_us < UNFINISHED_MINUTES * minute_us;
    return age_us < role->hours * 60 * minute_us && idle_us < role->idle_minutes * minute_us;
}

static Fail find(Call *c, Session *s, Str secret, Person *out)
{
    SecretHash hash;

    *out = (Person){ 0 };
    token_hash(secret, hash);
    TRY(store_login_session_find(c, s, hash, &out->session));
    return store_login_at(c, s, out->session.login, &out->login);
}

Fail sign_in_find(Call *c, Session *s, Str secret, Person *out)
{
    uint32_t issues = c->issue_count;
    Fail     result = secret.len == TOKEN_CHARS ? find(c, s, secret, out) : FAIL_NOT_FOUND;

    if (result == OK && login_usable(c, &out->login)) {
        out->role = role_find(out->login.role);
        if (session_alive(c, &out->session, out->role)) {
            out->stage = (Stage)out->session.stage;
            if (c->now_us - out->session.seen_us > minute_us)
                return store_login_session_seen(c, session_store(s), out->session.hash);
            return OK;
        }
    }
    *out = (Person){ 0 };
    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        return OK;
    }
    return result;
}

bool sign_in_alive(Call *c, const Person *person)
{
    return login_usable(c, &person->login) && session_alive(c, &person->session, person->role);
}

Fail sign_out(Call *c, Session *s, const Person *person)
{
    return store_login_session_end(c, session_store(s), person->session.hash);
}

/* ---- the steps ---- */

/* A name that cannot be one is looked for all the same, so that it takes as long. */
static Fail find_login(Call *c, Session *s, const SignIn *in, Str *name, Login *login)
{
    uint32_t issues = c->issue_count;
    Fail     result;

    if (!person_name_read(c->arena, in->name, name))
        *name = STR("?");
    result = store_login_find(c, s, *name, login);
    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        *login = (Login){ .device = STR("no login has this key, 32 bytes.") };
        return OK;
    }
    return result;
}

Fail sign_in_password(Call *c, Session *s, SignIn *in)
{
    unsigned wait_s = 0;
    bool     good, known;
    Login    login;
    Tries    tries;
    Str      name;

    TRY(find_login(c, s, in, &name, &login));
    known = secret_equal(in->device, device_mark(c->arena, &login));
    if (!known)
        wait_s = throttle_take(throttle_key("network", in->network, (Str){ 0 }));
    if (wait_s)
        return must_wait(c, in, wait_s);
    tries = tries_of(name, in, known);
    TRY(tries_begin(c, in, &tries));
    TRY(password_try(c, login.password, in->password, &good));
    if (!good || login.number == 0 || !login_usable(c, &login))
        return refuse(c, c->issue_count);
    tries_forgive(&tries);
    return session_turn(c, s, &login, stage_after_password(&login), NULL, in);
}

/* Digits are of the clock; anything else can only be a recovery code. */
static Fail try_code(Call *c, Session *s, const Login *login, Str typed, bool *taken)
{
    int64_t    step = totp_step_of(login->totp, typed, c->now_us);
    SecretHash hash;

    if (step)
        return store_totp_use(c, session_store(s), login->number, step, taken);
    token_hash(recovery_fold(c->arena, typed), hash);
    return store_recovery_use(c, session_store(s), login->number, hash, taken);
}

Fail sign_in_code(Call *c, Session *s, const Person *person, SignIn *in)
{
    Str   name = person->login.name;
    bool  known = secret_equal(in->device, device_mark(c->arena, &person->login));
    bool  taken;
    Tries tries = { { known ? throttle_key("code, device", name, in->device)
                            : throttle_key("code", name, (Str){ 0 }) },
                    1 };

    if (person->stage != STAGE_CODE)
        return refuse(c, c->issue_count);
    TRY(tries_begin(c, in, &tries));
    TRY(try_code(c, s, &person->login, in->code, &taken));
    if (!taken)
        return refuse(c, c->issue_count);
    tries_forgive(&tries);
    return session_turn(c, s, &person->login, STAGE_FULL, &person->session, in);
}

Fail sign_in_setup(Call *c, Session *s, const Person *person, Str key, SignIn *in,
                   RecoveryCode codes[RECOVERY_CODES])
{
    int64_t    step = totp_step_of(key, in->code, c->now_us);
    SecretHash hashes[RECOVERY_CODES];

    if ((person->stage != STAGE_SETUP && person->stage != STAGE_FULL) || person->login.totp.len)
        return refuse(c, c->issue_count);
    if (!step || key.len != TOTP_KEY_BYTES)
        return refuse(c, c->issue_count);
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        codes[i] = recovery_draw();
        token_hash(recovery_fold(c->arena, str_from(codes[i].text)), hashes[i]);
    }
    TRY(store_totp_set(c, session_store(s), person->login.number, key, step, hashes));
    return session_turn(c, s, &person->login, STAGE_FULL, &person->session, in);
}

Fail sign_in_by_link(Call *c, Session *s, Str link, Str password)
{
    uint8_t    device[DEVICE_KEY_BYTES];
    SecretHash hash;
    Str        kept;

    token_hash(link, hash);
    TRY(password_keep(c, password, &kept));
    random_bytes(device, sizeof device);
    return store_link_use(c, session_store(s), hash, kept, device);
}
