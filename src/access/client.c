/* Registering clients: see client.h. */
#include "access/client.h"

#include "access/client_proof.h"
#include "access/rights.h"
#include "base/buf.h"
#include "codec/jose.h"

enum { CLIENT_ID_CHARS_MAX = 64, CLIENT_ID_CHARS = 22, CLIENT_NAME_BYTES_MAX = 100 };

/* ---- scopes ---- */

/* Any id will do to read a patient/ scope; whose record it is, is decided elsewhere. */
static bool right_read(Call *c, Str scope, Principal *rights)
{
    uint32_t  issues = c->issue_count;
    Principal one;

    if (str_starts(scope, STR("system/")))
        return false;
    if (scopes_read(c, scope, STR("x"), &one) != OK || principal_add(c, rights, &one) != OK) {
        call_forget_issues(c, issues);
        return false;
    }
    return true;
}

static bool flag_read(Str scope, Wish *wish)
{
    const struct {
        Str   scope;
        bool *flag;
    } rows[] = {
        { STR("launch"), &wish->launch },
        { STR("launch/patient"), &wish->launch_patient },
        { STR("offline_access"), &wish->offline },
        { STR("online_access"), &wish->online },
        { STR("openid"), &wish->openid },
        { STR("fhirUser"), &wish->fhir_user },
        { STR("profile"), &wish->fhir_user }, /* its name before SMART had a version 1.0 */
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (str_equal(scope, rows[i].scope)) {
            *rows[i].flag = true;
            return true;
        }
    return false;
}

void wish_read(Call *c, Str scopes, Wish *out)
{
    Wish wish = { .rights = { .kind = PRINCIPAL_TOKEN, .practice = 1 } };
    Str  rest = scopes, scope;

    while (str_next(&rest, ' ', &scope))
        if (scope.len && !flag_read(scope, &wish) && !right_read(c, scope, &wish.rights))
            wish.unknown++;
    *out = wish;
}

/* ---- addresses ---- */

/* Printable ASCII but what would end a quoted text, a header's value or a source of a CSP. */
static bool is_plain(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > '~' || strchr("\"'<>\\^`{|};,*#", s.at[i]))
            return false;
    return s.len > 0 && s.len <= 1000;
}

/* "https://host[:port]" and the same of this machine without TLS; else a scheme of the app's own
 * that holds a dot (RFC 8252 7.1). */
static bool redirect_valid(Str redirect)
{
    static const Str here[] = { STR_INIT("http://127.0.0.1"), STR_INIT("http://localhost"),
                                STR_INIT("http://[::1]") };
    Str              scheme, rest;

    if (!is_plain(redirect))
        return false;
    if (str_starts(redirect, STR("https://"))) {
        rest = str_skip(redirect, 8);
        return rest.len > 0 && rest.at[0] != '/' && rest.at[0] != ':' && rest.at[0] != '?'
               && str_find(redirect_origin(redirect), STR("@")) < 0;
    }
    for (size_t i = 0; i < COUNT(here); i++) {
        rest = str_skip(redirect, here[i].len);
        if (str_starts(redirect, here[i])
            && (rest.len == 0 || rest.at[0] == ':' || rest.at[0] == '/'))
            return str_find(redirect_origin(redirect), STR("@")) < 0;
    }
    return str_cut(redirect, ':', &scheme, &rest) && str_find(scheme, STR(".")) > 0
           && str_find(scheme, STR("/")) < 0 && str_starts(rest, STR("/"));
}

Str redirect_origin(Str redirect)
{
    ptrdiff_t host = str_find(redirect, STR("://"));
    Str       before, after;

    if (host >= 0) {
        size_t end = (size_t)host + 3;

        while (end < redirect.len && redirect.at[end] != '/' && redirect.at[end] != '?')
            end++;
        return str_slice(redirect, 0, end);
    }
    if (!str_cut(redirect, ':', &before, &after))
        return (Str){ 0 };
    return str_slice(redirect, 0, before.len + 1);
}

bool client_has_redirect(const Client *client, Str redirect)
{
    Str rest = client->redirects, line;

    while (redirect.len && str_next(&rest, '\n', &line))
        if (str_equal(line, redirect))
            return true;
    return false;
}

/* ---- registering ---- */

static Fail check_id(Call *c, Str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char ch = id.at[i];

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9')
              || (ch && strchr(".-_", ch))))
            id.len = CLIENT_ID_CHARS_MAX + 1;
    }
    if (id.len > CLIENT_ID_CHARS_MAX)
        return fail(c, FAIL_VALUE, STR("id"),
                    "A client's id has at most %d letters, digits and signs of .-_",
                    CLIENT_ID_CHARS_MAX);
    return OK;
}

/* Who asks no person is sent back nowhere. */
static Fail check_redirects(Call *c, Str redirects, bool needed, Str *lines)
{
    Buf out = buf_new(c->arena, redirects.len + 1);
    Str rest = redirects, one;

    while (str_next(&rest, ' ', &one)) {
        if (one.len == 0)
            continue;
        if (!redirect_valid(one))
            return fail(c, FAIL_VALUE, STR("redirect"),
                        "An address to come back to is a whole https:// address, one of this "
                        "machine with http://, or of a scheme like com.example.app:/; without "
                        "fragment");
        if (out.len)
            buf_put_char(&out, '\n');
        buf_put(&out, one);
    }
    if (out.len == 0 && needed)
        return fail(c, FAIL_REQUIRED, STR("redirect"), "An address to come back to is missing");
    *lines = buf_str(&out);
    return OK;
}

/* `asks_people` is whether any of them is for acting in a person's name. */
static Fail check_scopes(Call *c, Str scopes, bool has_keys, bool *asks_people)
{
    Buf       others = buf_new(c->arena, scopes.len + 1);
    Str       rest = scopes, scope;
    Principal own;
    Wish      wish;
    size_t    own_count = 0;

    while (str_next(&rest, ' ', &scope)) {
        if (str_starts(scope, STR("system/"))) {
            TRY(scopes_read(c, scope, (Str){ 0 }, &own));
            own_count++;
            continue;
        }
        buf_put(&others, scope);
        buf_put_char(&others, ' ');
    }
    if (own_count && !has_keys)
        return fail(c, FAIL_VALUE, STR("scope"),
                    "system/ scopes are for clients that prove themselves with a key: give "
                    "their keys");
    wish_read(c, buf_str(&others), &wish);
    if (wish.unknown)
        return fail(
            c, FAIL_VALUE, STR("scope"),
            "%u of the scopes cannot be given: patient/, user/ and system/ scopes, "
            "launch, launch/patient, openid, fhirUser, offline_access and online_access can",
            wish.unknown);
    *asks_people = wish.openid || scopes_write(c->arena, &wish.rights).len > 0;
    if (own_count == 0 && !*asks_people)
        return fail(c, FAIL_REQUIRED, STR("scope"),
                    "A patient/, user/ or system/ scope, or openid, is missing");
    return OK;
}

static Fail check_keys(Call *c, const ClientAsked *asked)
{
    JwkSet set;
    Str    uri = asked->keys_uri;

    if ((asked->keys.len > 0) + (uri.len > 0) + asked->confidential > 1)
        return fail(c, FAIL_VALUE, STR("keys"),
                    "A client has a secret, or keys, or an address where its keys are: one of "
                    "them");
    if (uri.len
        && (!redirect_valid(uri)
            || !(str_starts(uri, STR("https://")) || str_starts(uri, STR("http://")))))
        return fail(c, FAIL_VALUE, STR("keys-uri"),
                    "The keys are at a whole https:// address, without fragment");
    if (asked->launch_uri.len && !redirect_valid(asked->launch_uri))
        return fail(c, FAIL_VALUE, STR("launch-url"),
                    "The address to start it at is a whole https:// address, without fragment");
    return asked->keys.len ? jwk_set_read(c, asked->keys, &set) : OK;
}

Fail client_add(Call *c, Store *s, const ClientAsked *asked, Str *id,
                char secret[TOKEN_CHARS + 1])
{
    Client     client = { .id = asked->id,
                          .name = str_trim(asked->name),
                          .scopes = asked->scopes,
                          .keys = asked->keys,
                          .keys_uri = asked->keys_uri,
                          .launch_uri = asked->launch_uri,
                          .first_party = asked->first_party,
                          .pending = asked->pending };
    SecretHash hash;
    char       drawn[TOKEN_CHARS + 1];
    bool       asks_people;

    secret[0] = '\0';
    TRY(check_id(c, asked->id));
    if (client.name.len == 0 || client.name.len > CLIENT_NAME_BYTES_MAX)
        return fail(c, FAIL_REQUIRED, STR("name"),
                    "A client needs a name, as people will read it");
    TRY(check_keys(c, asked));
    TRY(check_scopes(c, asked->scopes, client_has_keys(&client), &asks_people));
    TRY(check_redirects(c, asked->redirects, asks_people, &client.redirects));
    if (client.id.len == 0) {
        do /* an id is a word on the command line, and must not look like an option */
            token_draw(c->arena, drawn, hash);
        while (drawn[0] == '-');
        client.id = arena_str(c->arena, (Str){ drawn, CLIENT_ID_CHARS });
    }
    if (asked->confidential) {
        token_draw(c->arena, secret, hash);
        client.secret = (Str){ (const char *)hash, sizeof hash };
    }
    TRY(store_client_add(c, s, &client));
    *id = client.id;
    return OK;
}

/* ---- our own ---- */

bool client_is_own(const Client *client)
{
    return str_equal(client->id, CLIENT_OWN);
}

Fail client_keep_own(Call *c, Store *s)
{
    Client   own = { .id = CLIENT_OWN,
                     .name = STR("Hale"),
                     .scopes = STR("user/*.cruds patient/*.cruds launch/patient openid fhirUser"),
                     .first_party = true };
    Client   found;
    Session *session;
    Fail     result;

    TRY(session_open(c, s, &session));
    result = store_client_find(c, session, CLIENT_OWN, &found);
    session_close(session);
    if (result != FAIL_NOT_FOUND)
        return result;
    call_forget_issues(c, 0);
    return store_client_add(c, s, &own);
}
