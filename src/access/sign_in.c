/* Signing in, step by step: see sign_in.h. */
#include "access/sign_in.h"

#include "access/password.h"
#include "access/throttle.h"
#include "base/random.h"
#include "codec/base64.h"

static const int64_t minute_us = INT64_C(60) * 1000 * 1000;

enum {
    UNFINISHED_MINUTES = 10, /* between password and code */
    AGENT_BYTES = 200,
};

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

bool sign_in_usable(const Call *c, const Login *l)
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

/* A session that is only made anew is not younger for it. */
Fail sign_in_turn(Call *c, Session *s, const Login *login, Stage stage,
                  const LoginSession *instead, SignIn *in)
{
    bool         again = instead && instead->stage == STAGE_FULL;
    LoginSession session = { .login = login->number,
                             .stage = (uint8_t)stage,
                             .made_us = again ? instead->made_us : c->now_us,
                             .proved_us = stage == STAGE_FULL ? c->now_us : 0,
                             .network = in->network,
                             .agent = str_slice(in->agent, 0, AGENT_BYTES) };

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

bool person_choose(Person *person, Str patient)
{
    if (!person->role->proxy)
        return patient.len == 0;
    for (size_t i = 0; i < person->records.count; i++)
        if (str_equal(person->records.rows[i].patient, patient)) {
            person->login.patient = patient;
            return true;
        }
    return false;
}

static Fail find_records(Call *c, Session *s, Person *person)
{
    LoginPatients all;

    TRY(store_login_patients(c, s, person->login.number, &all));
    person->records.rows = all.rows;
    for (size_t i = 0; i < all.count; i++)
        if (proxy_in_force(c, &all.rows[i]))
            person->records.rows[person->records.count++] = all.rows[i];
    if (person->records.count == 1)
        person->login.patient = person->records.rows[0].patient;
    return OK;
}

Fail sign_in_find(Call *c, Session *s, Str secret, Person *out)
{
    uint32_t issues = c->issue_count;
    Fail     result = secret.len == TOKEN_CHARS ? find(c, s, secret, out) : FAIL_NOT_FOUND;

    if (result == OK && sign_in_usable(c, &out->login)) {
        out->role = role_find(out->login.role);
        if (session_alive(c, &out->session, out->role)) {
            out->stage = (Stage)out->session.stage;
            if (out->role->proxy)
                TRY(find_records(c, s, out));
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
    return sign_in_usable(c, &person->login)
           && session_alive(c, &person->session, person->role);
}

Fail sign_out(Call *c, Session *s, const Person *person)
{
    uint32_t issues = c->issue_count;
    Fail     result = store_login_session_end(c, session_store(s), person->login.number,
                                              person->session.hash);

    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        return OK;
    }
    return result;
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
    if (!good || login.number == 0 || !sign_in_usable(c, &login))
        return refuse(c, c->issue_count);
    tries_forgive(&tries);
    return sign_in_turn(c, s, &login, stage_after_password(&login), NULL, in);
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

static Fail check_code(Call *c, Session *s, const Person *person, SignIn *in)
{
    Str   name = person->login.name;
    bool  known = secret_equal(in->device, device_mark(c->arena, &person->login));
    bool  taken;
    Tries tries = { { known ? throttle_key("code, device", name, in->device)
                            : throttle_key("code", name, (Str){ 0 }) },
                    1 };

    TRY(tries_begin(c, in, &tries));
    TRY(try_code(c, s, &person->login, in->code, &taken));
    if (!taken)
        return refuse(c, c->issue_count);
    tries_forgive(&tries);
    return OK;
}

Fail sign_in_code(Call *c, Session *s, const Person *person, SignIn *in)
{
    if (person->stage != STAGE_CODE)
        return refuse(c, c->issue_count);
    TRY(check_code(c, s, person, in));
    return sign_in_turn(c, s, &person->login, STAGE_FULL, &person->session, in);
}

static void draw_recovery(Call *c, RecoveryCode codes[RECOVERY_CODES],
                          SecretHash hashes[RECOVERY_CODES])
{
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        codes[i] = recovery_draw();
        token_hash(recovery_fold(c->arena, str_from(codes[i].text)), hashes[i]);
    }
}

static Fail not_fresh(Call *c)
{
    return fail(c, FAIL_FORBIDDEN, (Str){ 0 }, "This needs a fresh proof of who you are");
}

Fail sign_in_setup(Call *c, Session *s, const Person *person, Str key, SignIn *in,
                   RecoveryCode codes[RECOVERY_CODES])
{
    int64_t    step = totp_step_of(key, in->code, c->now_us);
    SecretHash hashes[RECOVERY_CODES];

    if (person->stage != STAGE_SETUP && person->stage != STAGE_FULL)
        return refuse(c, c->issue_count);
    if (person->login.totp.len && !sign_in_fresh(c, person))
        return not_fresh(c);
    if (!step || key.len != TOTP_KEY_BYTES)
        return refuse(c, c->issue_count);
    draw_recovery(c, codes, hashes);
    TRY(store_totp_set(c, session_store(s), person->login.number, key, step, hashes,
                       person->session.hash));
    return sign_in_turn(c, s, &person->login, STAGE_FULL, &person->session, in);
}

/* ---- with a session ---- */

bool sign_in_fresh(const Call *c, const Person *person)
{
    int64_t age_us = c->now_us - person->session.proved_us;

    return person->stage == STAGE_FULL && age_us >= 0 && age_us < PROOF_MINUTES * minute_us;
}

static Fail check_password(Call *c, const Person *person, SignIn *in)
{
    const Login *l = &person->login;
    bool         known = secret_equal(in->device, device_mark(c->arena, l)), good;
    Tries        tries = tries_of(l->name, in, known);

    TRY(tries_begin(c, in, &tries));
    TRY(password_try(c, l->password, in->password, &good));
    if (!good)
        return refuse(c, c->issue_count);
    tries_forgive(&tries);
    return OK;
}

Fail sign_in_again(Call *c, Session *s, const Person *person, SignIn *in)
{
    if (person->stage != STAGE_FULL)
        return refuse(c, c->issue_count);
    if (person->login.totp.len)
        TRY(check_code(c, s, person, in));
    else
        TRY(check_password(c, person, in));
    return sign_in_turn(c, s, &person->login, STAGE_FULL, &person->session, in);
}

Fail sign_in_change_password(Call *c, Session *s, const Person *person, SignIn *in,
                             Str password)
{
    uint8_t device[DEVICE_KEY_BYTES];
    Login   login = person->login;

    if (person->stage != STAGE_FULL)
        return refuse(c, c->issue_count);
    TRY(check_password(c, person, in));
    TRY(password_keep(c, password, &login.password));
    random_bytes(device, sizeof device);
    TRY(store_login_password(c, session_store(s), login.number, login.password, device,
                             person->session.hash));
    login.device = arena_str(c->arena, (Str){ (const char *)device, sizeof device });
    return sign_in_turn(c, s, &login, STAGE_FULL, &person->session, in);
}

Fail sign_in_recovery(Call *c, Session *s, const Person *person,
                      RecoveryCode codes[RECOVERY_CODES])
{
    SecretHash hashes[RECOVERY_CODES];

    if (!person->login.totp.len || !sign_in_fresh(c, person))
        return not_fresh(c);
    draw_recovery(c, codes, hashes);
    return store_recovery_set(c, session_store(s), person->login.number, hashes,
                              person->session.hash);
}

Fail sign_in_setup_end(Call *c, Session *s, const Person *person)
{
    if (person->role->staff || !sign_in_fresh(c, person))
        return not_fresh(c);
    return store_totp_set(c, session_store(s), person->login.number, (Str){ 0 }, 0, NULL,
                          person->session.hash);
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
