/* Asking as a visitor of the practice's page: see guest_ask.h. */
#include "practice/guest_ask.h"

#include "base/limits.h"
#include "codec/base64.h"
#include "codec/json.h"

Principal guest_principal(Call *c, const SecretHash hash)
{
    Buf out = buf_new(c->arena, VISITOR_CHARS + 1);

    buf_put_char(&out, 'g');
    base16_put(&out, (Str){ (const char *)hash, (VISITOR_CHARS - 1) / 2 });
    return principal_booking(buf_str(&out));
}

/* Carried out and in the audit when it returns. */
Fail guest_ask(GuestAsked *a, const Principal *p, Str path, Asked asked, Answer *answer)
{
    Call *c = a->call;
    Fail  result;

    asked.base = store_base(session_store(a->session));
    asked.address = a->address;
    *answer = (Answer){ 0 };
    TRY(asked_route(c, &asked, path, answer));
    result = interaction_answer(c, a->session, p, &asked, answer);
    if (!answer->audited) {
        AuditRecord record = interaction_audit(c, p, &asked, answer, result);

        TRY(store_audit(c, session_store(a->session), &record, 1));
    }
    return result;
}

Asked guest_post(Str body)
{
    return (
        Asked){ .method = HTTP_POST, .body = body, .body_type = STR("application/fhir+json") };
}

/* The id of the resource in the answer, or of the first entry's. */
Fail guest_answered_id(Call *c, const Answer *answer, Str *out)
{
    Json     json;
    uint32_t entries;

    TRY(json_parse(c, answer->body, LIMIT_JSON_NODES, &json));
    entries = json_member(&json, 0, STR("entry"));
    *out = json_member_text(
        &json, entries ? json_member(&json, entries + 1, STR("resource")) : 0, STR("id"));
    return out->len ? OK : fail(c, FAIL_SYSTEM, (Str){ 0 }, "The answer has no id");
}
