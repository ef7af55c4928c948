/*
 * Logins, their sessions in a browser, clients (apps) and what a login has allowed a client.
 * Rows about people who use Hale, none of them a resource; nothing here decides anything.
 *
 * What may happen once only (a link, a code, a refresh token) is taken by one UPDATE on the
 * writer's thread that changes the row only while it is unused: of any number that try at the
 * same time, one succeeds.
 */
#ifndef STORE_PEOPLE_H
#define STORE_PEOPLE_H

#include "store/store.h"

enum { SECRET_HASH_BYTES = 32, DEVICE_KEY_BYTES = 32, RECOVERY_CODES = 10 };

typedef uint8_t SecretHash[SECRET_HASH_BYTES];

/* ---- logins ---- */

typedef struct Login {
    uint32_t number;
    Str      name;   /* as it is typed, in small letters */
    Str      role;   /* a word of access/role.h */
    Str      linked; /* "Practitioner/1", or empty */
    Str     patient; /* id of the Patient whose record a patient may see; not kept of a proxy */
    int64_t until_us; /* its last day; 0: none */
    Str     password; /* argon2id; empty: none yet */
    Str     device;   /* key of the mark by which a browser is known again */
    Str     totp;     /* key of one-time codes; empty: none */
    int64_t totp_step;
    bool    disabled;
    int64_t made_us;
} Login;

/* Adds a login together with a one-time link by which it is taken up; `only` if there must be
 * none before it. FAIL_DUPLICATE if the name is taken, FAIL_CONFLICT if `only` does not hold. */
typedef struct LoginPatient LoginPatient;

typedef struct LoginAdd {
    Login               login;
    const LoginPatient *record; /* of a proxy; or NULL */
    bool                only;
    SecretHash          link;
    int64_t             link_ends_us; /* 0: no link */
} LoginAdd;

Fail store_login_add(Call *c, Store *s, const LoginAdd *add, uint32_t *number) MUST_USE;

/* FAIL_NOT_FOUND. */
Fail store_login_find(Call *c, Session *s, Str name, Login *out) MUST_USE;
Fail store_login_at(Call *c, Session *s, uint32_t number, Login *out) MUST_USE;

Fail store_login_each(Call *c, Session *s, bool (*each)(void *context, const Login *login),
                      void *context) MUST_USE;

/* Ends all its sessions and all that apps may do in its name, too. */
Fail store_login_disable(Call *c, Store *s, uint32_t number, bool disabled) MUST_USE;

/* Another role; everything ends as above. */
Fail store_login_role(Call *c, Store *s, uint32_t number, Str role, Str linked,
                      Str patient) MUST_USE;

/* Takes the password away (and what proves a second factor, if asked), ends everything as
 * above, voids older links and makes this one. */
Fail store_login_reset(Call *c, Store *s, uint32_t number, bool second_factor,
                       const SecretHash link, int64_t ends_us) MUST_USE;

/* The login a link is for. FAIL_NOT_FOUND if there is none, it was used or has ended. */
Fail store_link_find(Call *c, Session *s, const SecretHash link, uint32_t *login) MUST_USE;

/* Uses the link up and sets the password with it; all sessions end. FAIL_NOT_FOUND as above. */
Fail store_link_use(Call *c, Store *s, const SecretHash link, Str password,
                    const uint8_t device[DEVICE_KEY_BYTES]) MUST_USE;

/* The password of a login, and the key of its browsers' marks; all sessions but `keep` end. */
Fail store_login_password(Call *c, Store *s, uint32_t login, Str password,
                          const uint8_t    device[DEVICE_KEY_BYTES],
                          const SecretHash keep) MUST_USE;

/* The key of one-time codes, the step its first code was for, and fresh recovery codes; without
 * a key there are none. All sessions but `keep` end. */
Fail store_totp_set(Call *c, Store *s, uint32_t login, Str key, int64_t step,
                    const SecretHash codes[RECOVERY_CODES], const SecretHash keep) MUST_USE;

/* Fresh recovery codes in place of all there were; `keep` as above. */
Fail store_recovery_set(Call *c, Store *s, uint32_t login,
                        const SecretHash codes[RECOVERY_CODES], const SecretHash keep) MUST_USE;

/* How many recovery codes are left. */
Fail store_recovery_count(Call *c, Session *s, uint32_t login, unsigned *count) MUST_USE;

/* A step counts only if it is later than the last one used (RFC 6238 5.2). */
Fail store_totp_use(Call *c, Store *s, uint32_t login, int64_t step, bool *taken) MUST_USE;
Fail store_recovery_use(Call *c, Store *s, uint32_t login, const SecretHash code,
                        bool *taken) MUST_USE;

/* ---- whose records a proxy may use ---- */

enum { LOGIN_PATIENTS_MAX = 20 };

struct LoginPatient {
    uint32_t login;
    Str      patient;
    uint8_t  switches;          /* access/proxy.h */
    int64_t  from_us, until_us; /* until 0: without end */
};

typedef struct LoginPatients {
    LoginPatient *rows;
    size_t        count;
} LoginPatients;

/* In place of the row there was for that patient. */
Fail store_login_patient_put(Call *c, Store *s, const LoginPatient *row) MUST_USE;

/* FAIL_NOT_FOUND. */
Fail store_login_patient_end(Call *c, Store *s, uint32_t login, Str patient) MUST_USE;

/* The first LOGIN_PATIENTS_MAX of them, those whose days are over too. */
Fail store_login_patients(Call *c, Session *s, uint32_t login, LoginPatients *out) MUST_USE;

/* ---- records opened in an emergency ---- */

typedef struct GlassAdd {
    uint32_t   login;
    Str        role; /* of the login: with another it is over */
    SecretHash session;
    Str        reason, words;
    Grant      access; /* for the one patient */
} GlassAdd;

typedef struct Glass {
    uint32_t number, login;
    Str      login_name, patient, reason, words;
    int64_t  began_us, ends_us, ended_us, reviewed_us; /* ended, reviewed: 0 if not */
    Str      ended_by, reviewed_by, verdict;
} Glass;

/* With its token, in one commit. */
/* An entry of the register of breaches. */
typedef struct BreachEntry {
    uint32_t number; /* of the breach; 0: a new one */
    int64_t  made_us;
    Str      made_by;
    Str      kind, value, words; /* "found"; "risk" "real" … */
    Str      login;              /* found: by whose login, if it is known … */
    int64_t  from_us, until_us;  /* … and when it happened */
} BreachEntry;

Fail store_breach_add(Call *c, Store *s, const BreachEntry *entry, uint32_t *number) MUST_USE;

/* By number, then as they were made. */
Fail store_breach_each(Call *c, Session *s, void (*each)(void *context, const BreachEntry *e),
                       void *context) MUST_USE;

Fail store_glass_add(Call *c, Store *s, const GlassAdd *add, uint32_t *number) MUST_USE;

/* Not done where it has ended, was reviewed, or there is none. */
Fail store_glass_end(Call *c, Store *s, uint32_t number, Str by, bool *done) MUST_USE;
Fail store_glass_review(Call *c, Store *s, uint32_t number, Str by, Str verdict,
                        bool *done) MUST_USE;

/* All, the latest first. */
Fail store_glass_each(Call *c, Session *s, bool (*each)(void *context, const Glass *glass),
                      void *context) MUST_USE;

/* ---- passkeys ---- */

typedef struct Passkey {
    Str      id;
    uint32_t login;
    Str      handle; /* what authenticators know the login by */
    Str      name;   /* its owner's word for it */
    Str      key;    /* COSE */
    uint32_t count;  /* how often it has signed, if it counts */
    int64_t  made_us, used_us;
} Passkey;

/* FAIL_CONFLICT if that id is known, or the login has `most` of them. */
Fail store_passkey_add(Call *c, Store *s, const Passkey *passkey, uint32_t most) MUST_USE;
Fail store_passkey_find(Call *c, Session *s, Str id, Passkey *out) MUST_USE;
Fail store_passkey_each(Call *c, Session *s, uint32_t login,
                        bool (*each)(void *context, const Passkey *passkey),
                        void *context) MUST_USE;

/* Notes a use. Not counted unless the count has grown, or there never was one: else there are two
 * of it (WebAuthn 6.1.1). */
Fail store_passkey_used(Call *c, Store *s, Str id, uint32_t count, bool *counted) MUST_USE;

/* FAIL_NOT_FOUND if that login has none such. */
Fail store_passkey_remove(Call *c, Store *s, uint32_t login, Str id) MUST_USE;

/* ---- sessions of a browser ---- */

typedef struct LoginSession {
    SecretHash hash;
    uint32_t   login;
    uint8_t    stage; /* access/sign_in.h */
    int64_t    made_us, seen_us;
    int64_t    proved_us;      /* when a factor was last shown; 0: not yet */
    Str        network, agent; /* for its owner to know it by; or empty */
    bool       ended;
} LoginSession;

/* Begins a session; one that is `instead` ends in the same commit, and the apps that end with it
 * end with this one from now on. */
Fail store_login_session_begin(Call *c, Store *s, const LoginSession *session,
                               const LoginSession *instead) MUST_USE;
Fail store_login_session_find(Call *c, Session *s, const SecretHash hash,
                              LoginSession *out) MUST_USE;

/* Those of a login that were not ended, the latest first. */
Fail store_login_session_each(Call *c, Session *s, uint32_t login,
                              bool (*each)(void *context, const LoginSession *session),
                              void *context) MUST_USE;
Fail store_login_session_seen(Call *c, Store *s, const SecretHash hash) MUST_USE;

Fail store_login_sessions_end(Call *c, Store *s, uint32_t login) MUST_USE; /* all of them */

/* FAIL_NOT_FOUND if that login has no such session, or it has ended. */
Fail store_login_session_end(Call *c, Store *s, uint32_t login, const SecretHash hash) MUST_USE;

/* ---- clients ---- */

typedef struct Client {
    Str     id, name;
    Str     secret;      /* SHA-256, or empty: a public client */
    Str     redirects;   /* each on a line */
    Str     scopes;      /* the widest it may be given */
    Str     keys;        /* the public keys it proves itself with, as JWKS; or empty */
    Str     keys_uri;    /* where these are to be had instead; or empty */
    Str     launch_uri;  /* where it is started from the record; or empty */
    bool    first_party; /* the practice's own: nobody is asked, and it may start others */
    bool    disabled;
    bool    pending; /* registered itself, and waits for an administrator; disabled so far */
    int64_t made_us;
} Client;

enum { CLIENTS_WAITING_MAX = 100, CLIENT_WAITS_DAYS = 30 };

/* FAIL_DUPLICATE; FAIL_BUSY if it is to wait, and too many do. */
Fail store_client_add(Call *c, Store *s, const Client *client) MUST_USE;

/* One that waits comes into use, or is forgotten. FAIL_NOT_FOUND. */
Fail store_client_decide(Call *c, Store *s, Str id, bool approved) MUST_USE;

/* FAIL_NOT_FOUND, also of one that waits. */
Fail store_client_disable(Call *c, Store *s, Str id, bool disabled) MUST_USE;
Fail store_client_find(Call *c, Session *s, Str id, Client *out) MUST_USE;
Fail store_client_each(Call *c, Session *s, bool (*each)(void *context, const Client *client),
                       void *context) MUST_USE;

/* Uses up a proof that is good once (the digest of a client's jti), remembered until it ends.
 * `fresh` is false if it was used before. */
Fail store_assertion_use(Call *c, Store *s, const SecretHash hash, int64_t ends_us,
                         bool *fresh) MUST_USE;

/* ---- the policy ---- */

typedef struct PolicyVersion {
    uint64_t number; /* 0: none is kept */
    int64_t  made_us;
    Str      text;
} PolicyVersion;

/* Adds a version, which is in force from then on. */
Fail store_policy_add(Call *c, Store *s, Str text) MUST_USE;
Fail store_policy_newest(Call *c, Session *s, PolicyVersion *out) MUST_USE;
Fail store_policy_at(Call *c, Session *s, uint64_t number, PolicyVersion *out) MUST_USE;

/* ---- what a login has allowed a client ---- */

typedef struct App {
    uint32_t number;
    uint32_t login;
    Str      client;
    Str      scopes; /* granted, launch scopes included */
    Str      patient;
    Str      context; /* of the launch, as a JSON object; or empty */
    Str      session; /* hash of the browser's session it ends with, or empty */
    int64_t  made_us, ends_us;
    bool     revoked;
} App;

typedef struct AppCode {
    SecretHash hash;
    uint32_t   app;
    Str        redirect, challenge;
    Str        nonce;     /* of OpenID Connect, or empty */
    int64_t    proved_us; /* when the person proved who they are */
    int64_t    ends_us;
    bool       used;
} AppCode;

/* Both in one commit; code->app and app->number are given. `launch`, if it is not NULL, is used up
 * with it: FAIL_CONFLICT if it was used before. */
Fail store_app_add(Call *c, Store *s, App *app, AppCode *code,
                   const uint8_t launch[SECRET_HASH_BYTES]) MUST_USE;
Fail store_app_at(Call *c, Session *s, uint32_t number, App *out) MUST_USE;
Fail store_app_each(Call *c, Session *s, uint32_t login,
                    bool (*each)(void *context, const App *app), void *context) MUST_USE;
Fail store_app_revoke(Call *c, Store *s, uint32_t number) MUST_USE;
Fail store_code_find(Call *c, Session *s, const SecretHash hash, AppCode *out) MUST_USE;

/* Uses a code or a refresh token up and makes what follows from it. If it was used before,
 * everything made of it is revoked, and `taken` is false. */
typedef struct Redemption {
    uint32_t   app;
    bool       refresh; /* `used` is a refresh token, not a code */
    SecretHash used;
    Grant      access;
    bool       renews; /* makes a new refresh token, good until app_ends_us: */
    SecretHash next;
    int64_t    app_ends_us;
} Redemption;

Fail store_app_redeem(Call *c, Store *s, const Redemption *r, bool *taken) MUST_USE;

/* A token of the client's in its own name: of the App of login 0, made at the first one. */
Fail store_app_own(Call *c, Store *s, Str client, Grant *grant) MUST_USE;

/* The App a refresh token belongs to, used up or not. FAIL_NOT_FOUND. */
Fail store_refresh_find(Call *c, Session *s, const SecretHash hash, uint32_t *app,
                        bool *used) MUST_USE;

/* ---- apps that are started from the record ---- */

typedef struct Launch {
    SecretHash hash;
    uint32_t   login;
    Str        client, patient;
    Str        context; /* what the app is told besides, as a JSON object */
    int64_t    ends_us;
    bool       used;
} Launch;

Fail store_launch_add(Call *c, Store *s, const Launch *launch) MUST_USE;
Fail store_launch_find(Call *c, Session *s, const SecretHash hash, Launch *out) MUST_USE;

/* ---- keys that tokens about people are signed with ---- */

enum { OAUTH_KEYS_MAX = 16 };

typedef struct OauthKey {
    Str     kid;
    Str     secret;            /* PKCS #8 */
    int64_t made_us, signs_us; /* it signs from then on, */
    int64_t ends_us;           /* is published until then; 0: no end yet */
} OauthKey;

/* Adds one; the others end then. `first`: only where there is none. */
Fail store_oauth_key_add(Call *c, Store *s, const OauthKey *key, bool first,
                         int64_t others_end_us) MUST_USE;

/* The one that signs from latest on comes first. */
Fail store_oauth_keys(Call *c, Session *s, OauthKey keys[OAUTH_KEYS_MAX],
                      size_t *count) MUST_USE;

#endif
