/* What apps read first: where to ask, and what is offered. SMART App Launch 2.2 "Conformance".
 * Only what works is claimed. */
#include "access/openid.h"
#include "server/router.h"

Fail smart_configuration_answer(Visit *v)
{
    Str base = v->context->base_url;
    Buf out = buf_new(v->call->arena, 2048);

    buf_printf(&out, "{\"issuer\":\"%.*s\",\"jwks_uri\":\"%.*s/oauth2/jwks\",", STR_ARG(base),
               STR_ARG(base));
    buf_printf(&out, "\"registration_endpoint\":\"%.*s/oauth2/register\",", STR_ARG(base));
    buf_printf(&out,
               "\"authorization_endpoint\":\"%.*s/oauth2/authorize\","
               "\"token_endpoint\":\"%.*s/oauth2/token\","
               "\"introspection_endpoint\":\"%.*s/oauth2/introspect\","
               "\"revocation_endpoint\":\"%.*s/oauth2/revoke\","
               "\"management_endpoint\":\"%.*s/account\",",
               STR_ARG(base), STR_ARG(base), STR_ARG(base), STR_ARG(base), STR_ARG(base));
    buf_put(&out, STR("\"grant_types_supported\":[\"authorization_code\",\"refresh_token\","
                      "\"client_credentials\"],"
                      "\"response_types_supported\":[\"code\"],"
                      "\"code_challenge_methods_supported\":[\"S256\"],"
                      "\"token_endpoint_auth_methods_supported\":[\"none\","
                      "\"client_secret_basic\",\"client_secret_post\",\"private_key_jwt\"],"
                      "\"token_endpoint_auth_signing_alg_values_supported\":[\"RS384\","
                      "\"ES384\"],"));
    buf_put(
        &out,
        STR("\"scopes_supported\":[\"openid\",\"fhirUser\",\"launch\",\"launch/patient\",\"offline_access\","
            "\"online_access\",\"patient/*.rs\",\"user/*.cruds\",\"system/*.cruds\"],"
            "\"capabilities\":[\"launch-standalone\",\"launch-ehr\",\"authorize-post\","
            "\"client-public\",\"client-confidential-symmetric\","
            "\"client-confidential-asymmetric\","
            "\"sso-openid-connect\",\"context-banner\",\"context-style\",\"context-ehr-patient\",\"context-ehr-encounter\",\"context-standalone-patient\",\"permission-offline\","
            "\"permission-online\",\"permission-patient\",\"permission-user\","
            "\"permission-v1\",\"permission-v2\"]}"));
    visit_header(v, STR("Access-Control-Allow-Origin"), STR("*"));
    return visit_answer(v, 200, STR("application/json"), buf_str(&out));
}

/* OpenID Connect Discovery 1.0, 3. */
Fail openid_configuration_answer(Visit *v)
{
    Str base = v->context->base_url;
    Buf out = buf_new(v->call->arena, 2048);

    buf_printf(&out,
               "{\"issuer\":\"%.*s\",\"authorization_endpoint\":\"%.*s/oauth2/authorize\","
               "\"token_endpoint\":\"%.*s/oauth2/token\",\"jwks_uri\":\"%.*s/oauth2/jwks\",",
               STR_ARG(base), STR_ARG(base), STR_ARG(base), STR_ARG(base));
    buf_put(&out, STR("\"response_types_supported\":[\"code\"],"
                      "\"response_modes_supported\":[\"query\"],"
                      "\"grant_types_supported\":[\"authorization_code\",\"refresh_token\"],"
                      "\"subject_types_supported\":[\"public\"],"
                      "\"id_token_signing_alg_values_supported\":[\"RS256\"],"
                      "\"code_challenge_methods_supported\":[\"S256\"],"));
    buf_put(&out,
            STR("\"token_endpoint_auth_methods_supported\":[\"none\",\"client_secret_basic\","
                "\"client_secret_post\",\"private_key_jwt\"],"
                "\"token_endpoint_auth_signing_alg_values_supported\":[\"RS384\",\"ES384\"],"
                "\"scopes_supported\":[\"openid\",\"fhirUser\",\"offline_access\"],"
                "\"claims_supported\":[\"iss\",\"sub\",\"aud\",\"exp\",\"iat\",\"auth_time\","
                "\"nonce\",\"fhirUser\"],\"request_parameter_supported\":false,"
                "\"request_uri_parameter_supported\":false}"));
    visit_header(v, STR("Access-Control-Allow-Origin"), STR("*"));
    return visit_answer(v, 200, STR("application/json"), buf_str(&out));
}

Fail openid_keys_answer(Visit *v)
{
    Str keys;

    if (v->context->quick) {
        v->reply->wants_worker = true; /* the first key may have to be made */
        return OK;
    }
    TRY(openid_keys(v->call, v->session, &keys));
    visit_header(v, STR("Access-Control-Allow-Origin"), STR("*"));
    return visit_answer(v, 200, STR("application/json"), keys);
}

/* How our own pages look, for apps that want to look alike (SMART 2.2 "Styling"). */
Fail smart_style_answer(Visit *v)
{
    visit_header(v, STR("Access-Control-Allow-Origin"), STR("*"));
    return visit_answer(
        v, 200, STR("application/json"),
        STR("{\"color_background\":\"#fbfaf7\",\"color_error\":\"#a61b1b\","
            "\"color_highlight\":\"#0b6e5f\",\"color_modal_backdrop\":\"#1c2733\","
            "\"color_success\":\"#1b6e3c\",\"color_text\":\"#1c2733\","
            "\"dim_border_radius\":\"4px\",\"dim_font_size\":\"16px\","
            "\"dim_spacing_size\":\"16px\",\"font_family_body\":\"system-ui, sans-serif\","
            "\"font_family_heading\":\"system-ui, sans-serif\"}"));
}
