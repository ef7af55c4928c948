/* Tokens for clients in their own name, without a person: see oauth.h. SMART App Launch 2.2
 * "Backend Services". */
#include "access/oauth.h"

#include "codec/secret.h"

static const int64_t second_us = INT64_C(1000) * 1000;

static Fail offer(Call *c, const Client *client, Str scope, Principal *out)
{
    Principal most;

    TRY(system_rights(c, scope, out));
    TRY(system_rights(c, client->scopes, &most));
    principal_narrow(out, &most);
    return OK;
}

Fail oauth_backend(Call *c, Session *s, const Client *client, const TokenOrder *order,
                   TokenGiven *out, OauthError *error)
{
    Principal rights;
    Grant     grant = { .name = client->id,
                        .made_us = c->now_us,
                        .ends_us = c->now_us + BACKEND_SECONDS * second_us };

    if (!client_has_keys(client)) {
        *error = (OauthError){ "unauthorized_client",
                               "Only a client that proves itself with a key may ask so" };
        return OK;
    }
    TRY(offer(c, client, order->scope, &rights));
    grant.scopes = scopes_write_system(c->arena, &rights);
    if (grant.scopes.len == 0) {
        *error = (OauthError){ "invalid_scope",
                               "Nothing of that is what the client is registered for" };
        return OK;
    }
    token_draw(c->arena, out->access, grant.hash);
    out->refresh[0] = '\0';
    out->seconds = BACKEND_SECONDS;
    out->scope = grant.scopes;
    return store_app_own(c, session_store(s), client->id, &grant);
}
