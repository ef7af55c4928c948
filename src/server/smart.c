/* What apps read first: where to ask, and what is offered. SMART App Launch 2.2 "Conformance".
 * Only what works is claimed. */
#include "server/router.h"

Fail smart_configuration_answer(Visit *v)
{
    Str base = v->context->base_url;
    Buf out = buf_new(v->call->arena, 2048);

    buf_printf(&out,
               "{\"authorization_endpoint\":\"%.*s/oauth2/authorize\","
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
    buf_put(&out, STR("\"scopes_supported\":[\"launch/patient\",\"offline_access\","
                      "\"online_access\",\"patient/*.rs\",\"user/*.cruds\",\"system/*.cruds\"],"
                      "\"capabilities\":[\"launch-standalone\",\"authorize-post\","
                      "\"client-public\",\"client-confidential-symmetric\","
                      "\"client-confidential-asymmetric\","
                      "\"context-standalone-patient\",\"permission-offline\","
                      "\"permission-online\",\"permission-patient\",\"permission-user\","
                      "\"permission-v1\",\"permission-v2\"]}"));
    visit_header(v, STR("Access-Control-Allow-Origin"), STR("*"));
    return visit_answer(v, 200, STR("application/json"), buf_str(&out));
}
