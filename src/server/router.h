/*
 * Who answers what: the route table. No row, no way in; what a row needs is checked before
 * anybody answers. Conventions: "Routes are rows"; security rule A6.
 */
#ifndef SERVER_ROUTER_H
#define SERVER_ROUTER_H

#include "server/reply.h"

/* One request on its way through the server. */
typedef struct Visit Visit;
typedef enum Need {
    NEEDS_NOTHING,  /* public, and without any record */
    NEEDS_LOOPBACK, /* asked on this machine, not through a proxy */
    NEEDS_OWNER,    /* through the owner's socket */
    NEEDS_BROWSER, /* a page for anybody; what changes something is a form of ours (browser.h) */
    NEEDS_SESSION, /* the same, and somebody has signed in (browser.h) */
    NEEDS_FRESH, /* the same, and has proved it a moment ago: access/sign_in.h, sign_in_fresh() */
    NEEDS_CLIENT, /* an app says which it is, and proves it if it can (oauth.c) */
    NEEDS_TOKEN,  /* a bearer token; who answers looks at it (launch.c) */
    NEEDS_FHIR,   /* the table of interactions says what each needs */
} Need;

struct Visit {
    Call               *call;
    Session            *session;
    const ReplyContext *context;
    const Request      *request;
    Str                 path; /* decoded */
    Str                 rest; /* what the two stars of the row stood for, with its slash */
    Reply              *reply;
    Need                need; /* of the row */
    bool                xml;  /* FHIR's answers, failures too, are to be XML */
    /* Called with the result at the end, even when the call ran out of memory on its way. */
    void (*after)(Visit *v, Fail result);
    void *state; /* of whoever set `after` */
};

typedef struct Route {
    HttpMethod  method; /* HTTP_GET answers HEAD too; HTTP_OTHER: any, the answerer decides */
    const char *path;   /* as it stands; with two stars at the end: everything below */
    Need        need;
    /* Fills the reply, or returns why not. */
    Fail (*answer)(Visit *v);
} Route;

extern const Route  routes[];
extern const size_t route_count;

/* Finds the row, checks its need, answers. */
Fail router_answer(Visit *v);

/* ---- for those who answer ---- */

/* What the listener found wrong with the request, as this call's failure. */
Fail visit_refusal(Visit *v);

/* Adds a header. Both texts must live as long as the call. */
void visit_header(Visit *v, Str name, Str value);

/* A whole answer with body. */
Fail visit_answer(Visit *v, int status, Str content_type, Str body);

/* Whether it was asked on this machine, not through a proxy. */
bool visit_is_local(const Visit *v);

/* Who is calling: behind a proxy, whom the proxy saw. */
Str visit_address(const Visit *v);

Fail fhir_answer(Visit *v);
Fail app_answer(Visit *v);
Fail book_answer(Visit *v);
Fail landing_answer(Visit *v);
Fail stylesheet_answer(Visit *v);
Fail health_answer(Visit *v);
Fail metrics_answer(Visit *v);
Fail owner_token_answer(Visit *v);
Fail owner_audit_answer(Visit *v);
Fail owner_reindex_answer(Visit *v);
Fail owner_facts_answer(Visit *v);
Fail owner_user_answer(Visit *v);
Fail owner_client_answer(Visit *v);
Fail owner_policy_answer(Visit *v);
Fail owner_access_answer(Visit *v);
Fail owner_package_answer(Visit *v);
Fail owner_break_glass_answer(Visit *v);
Fail owner_breach_answer(Visit *v);
Fail admin_user_answer(Visit *v);
Fail admin_client_answer(Visit *v);
Fail admin_access_answer(Visit *v);
Fail admin_package_answer(Visit *v);
Fail break_glass_answer(Visit *v);
Fail breach_answer(Visit *v);
Fail audit_checkpoint_answer(Visit *v);
Fail audit_verifier_answer(Visit *v);
Fail audit_tile_answer(Visit *v);
Fail sign_in_answer(Visit *v);
Fail sign_in_code_answer(Visit *v);
Fail sign_in_setup_answer(Visit *v);
Fail sign_out_answer(Visit *v);
Fail welcome_answer(Visit *v);
Fail reply_page_answer(Visit *v);
Fail account_answer(Visit *v);
Fail account_revoke_answer(Visit *v);
Fail account_session_answer(Visit *v);
Fail passkey_script_answer(Visit *v);
Fail passkey_use_answer(Visit *v);
Fail passkey_make_answer(Visit *v);
Fail passkey_end_answer(Visit *v);
Fail prove_answer(Visit *v);
Fail password_answer(Visit *v);
Fail recovery_answer(Visit *v);
Fail setup_end_answer(Visit *v);
Fail smart_configuration_answer(Visit *v);
Fail openid_configuration_answer(Visit *v);
Fail openid_keys_answer(Visit *v);
Fail authorize_answer(Visit *v);
Fail authorize_post_answer(Visit *v);
Fail authorize_patient_answer(Visit *v);
Fail launch_answer(Visit *v);
Fail register_answer(Visit *v);
Fail smart_style_answer(Visit *v);
Fail consent_answer(Visit *v);
Fail token_answer(Visit *v);
Fail revoke_answer(Visit *v);
Fail introspect_answer(Visit *v);

#endif
