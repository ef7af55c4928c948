/* The route table: see router.h. */
#include "server/router.h"

const Route routes[] = {
    { HTTP_OTHER, "/fhir/**", NEEDS_FHIR, fhir_answer },
    { HTTP_GET, "/", NEEDS_NOTHING, landing_answer },
    { HTTP_GET, "/hale.css", NEEDS_NOTHING, stylesheet_answer },
    { HTTP_GET, "/sign-in", NEEDS_BROWSER, sign_in_answer },
    { HTTP_POST, "/sign-in", NEEDS_BROWSER, sign_in_answer },
    { HTTP_GET, "/sign-in/code", NEEDS_BROWSER, sign_in_code_answer },
    { HTTP_POST, "/sign-in/code", NEEDS_BROWSER, sign_in_code_answer },
    { HTTP_GET, "/sign-in/setup", NEEDS_BROWSER, sign_in_setup_answer },
    { HTTP_POST, "/sign-in/setup", NEEDS_BROWSER, sign_in_setup_answer },
    { HTTP_POST, "/sign-out", NEEDS_BROWSER, sign_out_answer },
    { HTTP_GET, "/welcome", NEEDS_BROWSER, welcome_answer },
    { HTTP_POST, "/welcome", NEEDS_BROWSER, welcome_answer },
    { HTTP_GET, "/account", NEEDS_SESSION, account_answer },
    { HTTP_POST, "/account/revoke", NEEDS_SESSION, account_revoke_answer },
    { HTTP_GET, "/health", NEEDS_NOTHING, health_answer },
    { HTTP_GET, "/metrics", NEEDS_LOOPBACK, metrics_answer },
    { HTTP_POST, "/owner/token", NEEDS_OWNER, owner_token_answer },
    { HTTP_POST, "/owner/audit", NEEDS_OWNER, owner_audit_answer },
    { HTTP_POST, "/owner/reindex", NEEDS_OWNER, owner_reindex_answer },
    { HTTP_POST, "/owner/user", NEEDS_OWNER, owner_user_answer },
    { HTTP_POST, "/owner/client", NEEDS_OWNER, owner_client_answer },
    { HTTP_GET, "/owner/facts", NEEDS_OWNER, owner_facts_answer },
};
const size_t route_count = COUNT(routes);
