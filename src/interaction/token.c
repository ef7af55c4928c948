/* Making a bearer token, which is an access like any other: it is in the audit. */
#include "base/clock.h"
#include "interaction/interaction.h"

Fail interaction_token(Call *c, Store *s, const TokenAsked *asked, char token[44])
{
    AuditRecord record = {
        .at_us = clock_wall_us(),
        .interaction = INTERACTION_TOKEN,
        .outcome = AUDIT_DONE,
        .status = 200,
        .patient = asked->patient,
        .request_id = str_from(c->request_id),
        .detail = arena_printf(c->arena, "for %.*s, %lld minutes: %.*s", STR_ARG(asked->name),
                               (long long)asked->minutes, STR_ARG(asked->scopes)),
    };

    TRY(token_create(c, s, asked->scopes, asked->patient, asked->name, asked->minutes, token));
    return store_audit(c, s, &record, 1);
}
