/* The route table: see router.h. */
#include "server/router.h"

const Route routes[] = {
    { HTTP_OTHER, "/fhir/**", NEEDS_FHIR, fhir_answer },
    { HTTP_GET, "/", NEEDS_NOTHING, landing_answer },
    { HTTP_GET, "/hale.css", NEEDS_NOTHING, stylesheet_answer },
    { HTTP_GET, "/health", NEEDS_NOTHING, health_answer },
    { HTTP_GET, "/metrics", NEEDS_LOOPBACK, metrics_answer },
    { HTTP_POST, "/owner/token", NEEDS_OWNER, owner_token_answer },
    { HTTP_POST, "/owner/audit", NEEDS_OWNER, owner_audit_answer },
    { HTTP_POST, "/owner/reindex", NEEDS_OWNER, owner_reindex_answer },
    { HTTP_GET, "/owner/facts", NEEDS_OWNER, owner_facts_answer },
};
const size_t route_count = COUNT(routes);
