/* Passkeys: see passkey.h. */
#include "access/passkey.h"

#include <pthread.h>

#include "access/throttle.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "codec/base64.h"
#include "codec/cbor_read.h"
#include "codec/digest_cose.h"
#include "codec/json.h"
#include "codec/secret.h"

/* ---- whom a browser takes us for ---- */

/* Browsers make keys for names, not for addresses. */
static bool is_name(Str host)
{
    bool letter = false;

    for (size_t i = 0; i < host.len; i++) {
        char c = host.at[i];

        if (c == ':' || c == '[')
            return false;
        letter |= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    return letter;
}

bool passkey_site(Str base_url, PasskeySite *out)
{
    bool secure = str_starts(base_url, STR("https://"));
    Str  rest = str_skip(base_url, secure ? 8 : 7), host, after;

    if (!secure && !str_starts(base_url, STR("http://")))
        return false;
    if (str_cut(rest, '/', &host, &after))
        rest = host;
    host = rest;
    (void)str_cut(rest, ':', &host, &after);
    if (!is_name(host) || (!secure && !str_equal(host, STR("localhost"))))
        return false;
    *out = (PasskeySite){
        .origin = str_slice(base_url, 0, (size_t)(rest.at + rest.len - base_url.at)), .id = host
    };
    return true;
}

/* ---- challenges ---- */

enum {
    CHALLENGE_BYTES = 32,
    CHALLENGE_HEAD = 16, /* when it was made, and chance; the rest seals them */
    USED_ROOM = 4096,    /* more cannot be signed with in CHALLENGE_SECONDS */
};

static struct Challenges {
    pthread_once_t  once;
    pthread_mutex_t lock;
    uint8_t         key[32];
    struct {
        uint64_t head, at_s;
    } used[USED_ROOM];
    size_t next;
} challenges = { .once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER };

static void draw_key(void)
{
    random_bytes(challenges.key, sizeof challenges.key);
}

static void seal(Arena *a, const char *purpose, Str binding, const uint8_t head[CHALLENGE_HEAD],
                 uint8_t mac[SHA256_BYTES])
{
    Buf text = buf_new(a, 128);

    pthread_once(&challenges.once, draw_key);
    buf_put(&text, str_from(purpose));
    buf_put_char(&text, '\0');
    buf_put(&text, (Str){ (const char *)head, CHALLENGE_HEAD });
    buf_put(&text, binding);
    digest_hmac_sha256((Str){ (const char *)challenges.key, sizeof challenges.key },
                       buf_str(&text), mac);
}

void passkey_challenge(Arena *a, const char *purpose, Str binding,
                       char out[CHALLENGE_CHARS + 1])
{
    uint8_t  bytes[CHALLENGE_BYTES], mac[SHA256_BYTES];
    uint64_t now_s = clock_monotonic_ms() / 1000;
    Buf      text = buf_new(a, CHALLENGE_CHARS + 1);

    memcpy(bytes, &now_s, sizeof now_s);
    random_bytes(bytes + sizeof now_s, CHALLENGE_HEAD - sizeof now_s);
    seal(a, purpose, binding, bytes, mac);
    memcpy(bytes + CHALLENGE_HEAD, mac, CHALLENGE_BYTES - CHALLENGE_HEAD);
    base64_put_url(&text, (Str){ (const char *)bytes, sizeof bytes });
    memcpy(out, text.at, CHALLENGE_CHARS);
    out[CHALLENGE_CHARS] = '\0';
}

/* Whether it is one of ours, made for this and not too old. */
static bool challenge_good(Arena *a, const char *purpose, Str binding, Str text, Str *bytes)
{
    uint64_t made_s, now_s = clock_monotonic_ms() / 1000;
    uint8_t  mac[SHA256_BYTES];

    if (!base64_read_url(a, text, bytes) || bytes->len != CHALLENGE_BYTES)
        return false;
    seal(a, purpose, binding, (const uint8_t *)bytes->at, mac);
    memcpy(&made_s, bytes->at, sizeof made_s);
    return secret_equal(str_skip(*bytes, CHALLENGE_HEAD),
                        (Str){ (const char *)mac, CHALLENGE_BYTES - CHALLENGE_HEAD })
           && made_s <= now_s && now_s - made_s <= CHALLENGE_SECONDS;
}

/* False if it was used before. Only what was signed rightly comes here, so nobody can push
 * others' out. */
static bool challenge_take(Str bytes)
{
    uint64_t now_s = clock_monotonic_ms() / 1000, head;
    bool     fresh = true;

    memcpy(&head, bytes.at + sizeof head, sizeof head);
    pthread_mutex_lock(&challenges.lock);
    for (size_t i = 0; fresh && i < USED_ROOM; i++)
        fresh = challenges.used[i].head != head
                || now_s - challenges.used[i].at_s > CHALLENGE_SECONDS;
    if (fresh) {
        size_t at = challenges.next++ % USED_ROOM;

        challenges.used[at].head = head;
        challenges.used[at].at_s = now_s;
    }
    pthread_mutex_unlock(&challenges.lock);
    return fresh;
}

/* ---- what authenticators say ---- */

enum { HEAD_BYTES = SHA256_BYTES + 1 + 4, AAGUID_BYTES = 16, ID_BYTES_MAX = 1023 };

static bool key_data_read(Str *rest, AuthData *out)
{
    CoseKey key;
    size_t  len;
    Str     begin;

    if (rest->len < AAGUID_BYTES + 2)
        return false;
    *rest = str_skip(*rest, AAGUID_BYTES);
    len = (size_t)(uint8_t)rest->at[0] << 8 | (uint8_t)rest->at[1];
    *rest = str_skip(*rest, 2);
    if (len == 0 || len > ID_BYTES_MAX || len > rest->len)
        return false;
    out->id = str_slice(*rest, 0, len);
    begin = *rest = str_skip(*rest, len);
    if (!cose_key_read(rest, &key))
        return false;
    out->key = str_slice(begin, 0, begin.len - rest->len);
    return true;
}

bool auth_data_read(Str bytes, AuthData *out)
{
    const uint8_t *at = (const uint8_t *)bytes.at;
    Str            rest;
    CborItem       map;

    *out = (AuthData){ 0 };
    if (bytes.len < HEAD_BYTES)
        return false;
    out->site_hash = at;
    out->flags = at[SHA256_BYTES];
    for (size_t i = 0; i < 4; i++)
        out->count = out->count << 8 | at[SHA256_BYTES + 1 + i];
    rest = str_skip(bytes, HEAD_BYTES);
    if (out->flags & AUTH_KEY && !key_data_read(&rest, out))
        return false;
    if (out->flags & AUTH_EXTENSIONS) {
        Str whole = rest;

        if (!cbor_read_item(&rest, &map) || map.kind != CBOR_READ_MAP)
            return false;
        rest = whole;
        if (!cbor_read_skip(&rest))
            return false;
    }
    return rest.len == 0;
}

bool attestation_read(Str bytes, Str *auth_data)
{
    CborItem map, name, value;
    bool     format = false;

    *auth_data = (Str){ 0 };
    if (!cbor_read_item(&bytes, &map) || map.kind != CBOR_READ_MAP || map.count != 3)
        return false;
    for (size_t i = 0; i < map.count; i++) {
        Str whole;

        if (!cbor_read_item(&bytes, &name) || name.kind != CBOR_READ_TEXT)
            return false;
        whole = bytes;
        if (!cbor_read_item(&bytes, &value))
            return false;
        format |= str_equal(name.text, STR("fmt")) && value.kind == CBOR_READ_TEXT;
        if (str_equal(name.text, STR("authData")) && value.kind == CBOR_READ_BYTES)
            *auth_data = value.text;
        bytes = whole;
        if (!cbor_read_skip(&bytes))
            return false;
    }
    return bytes.len == 0 && format && auth_data->at;
}

/* ---- checking ---- */

typedef struct Check {
    Call              *call;
    const PasskeySite *site;
    const char        *purpose, *type;
    Str                binding;
    Str                client_data; /* bytes */
    Str                challenge;   /* bytes, to be used up */
    AuthData           data;
} Check;

static Fail wrong(Call *c, const char *what)
{
    return fail(c, FAIL_VALUE, STR("passkey"), "The passkey's answer is not right: %s", what);
}

/* WebAuthn 7.1 steps 5 to 10, 7.2 steps 9 to 14. */
static Fail check_client_data(Check *k)
{
    Call    *c = k->call;
    uint32_t cross;
    Json     json;

    TRY(json_parse(c, k->client_data, LIMIT_JSON_NODES, &json));
    if (json.values[0].kind != JSON_OBJECT
        || !str_equal(json_member_text(&json, 0, STR("type")), str_from(k->type)))
        return wrong(c, "its type");
    if (!challenge_good(c->arena, k->purpose, k->binding,
                        json_member_text(&json, 0, STR("challenge")), &k->challenge))
        return wrong(c, "its challenge");
    if (!str_equal(json_member_text(&json, 0, STR("origin")), k->site->origin))
        return wrong(c, "its origin");
    cross = json_member(&json, 0, STR("crossOrigin"));
    if (cross && json.values[cross].kind != JSON_FALSE)
        return wrong(c, "its frame");
    return OK;
}

/* WebAuthn 7.1 steps 13 to 17, 7.2 steps 15 to 18. */
static Fail check_auth_data(Check *k, Str bytes)
{
    uint8_t hash[SHA256_BYTES];

    if (!auth_data_read(bytes, &k->data))
        return wrong(k->call, "its authenticator data");
    digest_sha256(k->site->id, hash);
    if (memcmp(hash, k->data.site_hash, sizeof hash) != 0)
        return wrong(k->call, "the site it is for");
    if (!(k->data.flags & AUTH_PRESENT) || !(k->data.flags & AUTH_VERIFIED))
        return wrong(k->call, "nobody was verified");
    if (k->data.flags & AUTH_BACKED_UP && !(k->data.flags & AUTH_MAY_BACK_UP))
        return wrong(k->call, "its flags");
    return OK;
}

static Fail decode(Call *c, Str text, const char *what, Str *out)
{
    if (text.len == 0 || !base64_read_url(c->arena, text, out))
        return wrong(c, what);
    return OK;
}

/* ---- making one ---- */

static Fail check_new(Check *k, const PasskeyAnswer *answer, Str *id)
{
    Call   *c = k->call;
    Str     object, data, rest;
    CoseKey key;

    TRY(decode(c, answer->client_data, "its client data", &k->client_data));
    TRY(decode(c, answer->attestation, "its attestation", &object));
    TRY(decode(c, answer->id, "its id", id));
    TRY(check_client_data(k));
    if (!attestation_read(object, &data))
        return wrong(c, "its attestation");
    TRY(check_auth_data(k, data));
    if (!(k->data.flags & AUTH_KEY) || !str_equal(k->data.id, *id))
        return wrong(c, "its id");
    rest = k->data.key;
    if (!cose_key_read(&rest, &key) || !cose_key_good(&key))
        return wrong(c, "its key");
    return OK;
}

Fail passkey_add(Call *c, Session *s, const PasskeySite *site, Str binding,
                 const Person *person, Str handle, Str name, const PasskeyAnswer *answer)
{
    Check   k = { .call = c,
                  .site = site,
                  .purpose = "make",
                  .type = "webauthn.create",
                  .binding = binding };
    Passkey passkey = { .login = person->login.number, .handle = handle };

    if (!sign_in_fresh(c, person))
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 }, "This needs a fresh proof of who you are");
    TRY(check_new(&k, answer, &passkey.id));
    if (!challenge_take(k.challenge))
        return wrong(c, "its challenge was used");
    passkey.name = str_slice(str_trim(name), 0, PASSKEY_NAME_BYTES);
    passkey.key = k.data.key;
    passkey.count = k.data.count;
    return store_passkey_add(c, session_store(s), &passkey, PASSKEYS_MAX);
}

typedef struct Handle {
    Call *call;
    Str   handle;
} Handle;

static bool take_handle(void *context, const Passkey *passkey)
{
    Handle *h = context;

    h->handle = arena_str(h->call->arena, passkey->handle);
    return false;
}

Fail passkey_handle(Call *c, Session *s, uint32_t login, Str *out)
{
    Handle  h = { .call = c };
    uint8_t drawn[32];

    TRY(store_passkey_each(c, s, login, take_handle, &h));
    if (h.handle.len == 0) {
        random_bytes(drawn, sizeof drawn);
        h.handle = arena_str(c->arena, (Str){ (const char *)drawn, sizeof drawn });
    }
    *out = h.handle;
    return OK;
}

/* ---- using one ---- */

static Fail check_use(Check *k, Session *s, const PasskeyAnswer *answer, Passkey *found)
{
    Call   *c = k->call;
    Str     id, data, signature, handle = { 0 }, rest;
    uint8_t hash[SHA256_BYTES];
    CoseKey key;
    Buf     text = buf_new(c->arena, 256);

    TRY(decode(c, answer->id, "its id", &id));
    TRY(decode(c, answer->client_data, "its client data", &k->client_data));
    TRY(decode(c, answer->auth_data, "its authenticator data", &data));
    TRY(decode(c, answer->signature, "its signature", &signature));
    if (answer->handle.len)
        TRY(decode(c, answer->handle, "whose it is", &handle));
    TRY(check_client_data(k));
    TRY(check_auth_data(k, data));
    TRY(store_passkey_find(c, s, id, found));
    if (handle.len && !str_equal(handle, found->handle))
        return wrong(c, "whose it is");
    digest_sha256(k->client_data, hash);
    buf_put(&text, data);
    buf_put(&text, (Str){ (const char *)hash, sizeof hash });
    rest = found->key;
    if (!cose_key_read(&rest, &key) || !cose_verify(&key, buf_str(&text), signature))
        return wrong(c, "its signature");
    if (!challenge_take(k->challenge))
        return wrong(c, "its challenge was used");
    return OK;
}

/* What is not right looks alike from outside, whatever it was. */
static Fail refuse(Call *c, uint32_t issues)
{
    call_forget_issues(c, issues);
    return fail(c, FAIL_LOGIN, (Str){ 0 }, "That is not right");
}

Fail passkey_use(Call *c, Session *s, const PasskeySite *site, Str binding,
                 const Person *person, const PasskeyAnswer *answer, SignIn *in)
{
    Check k = {
        .call = c, .site = site, .purpose = "use", .type = "webauthn.get", .binding = binding
    };
    uint32_t issues = c->issue_count;
    Passkey  found = { 0 };
    bool     counted;
    Login    login;
    Fail     result;

    in->wait_s = throttle_take(throttle_key("network", in->network, (Str){ 0 }));
    if (in->wait_s)
        return fail(c, FAIL_THROTTLED, (Str){ 0 }, "Too many tries");
    result = check_use(&k, s, answer, &found);
    if (result == FAIL_VALUE || result == FAIL_NOT_FOUND || result == FAIL_SYNTAX)
        return refuse(c, issues);
    TRY(result);
    if (person->stage != STAGE_NONE && person->login.number != found.login)
        return refuse(c, issues);
    TRY(store_login_at(c, s, found.login, &login));
    if (!sign_in_usable(c, &login))
        return refuse(c, issues);
    TRY(store_passkey_used(c, session_store(s), found.id, k.data.count, &counted));
    if (!counted)
        return refuse(c, issues);
    return sign_in_turn(c, s, &login, STAGE_FULL,
                        person->stage == STAGE_NONE ? NULL : &person->session, in);
}
