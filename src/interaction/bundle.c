/*
 * A Bundle posted to the base: taken apart here, carried out by transaction.c or batch.c.
 * R4 http.html#transaction; standards 1.5
 */
#include "base/limits.h"
#include "interaction/batch.h"

/* A batch whose entries are not all sound is still a batch: each entry answers for itself
 * (TX-10). So the entries' resources are cut out as text, and what is left, the bare batch, is
 * what must be sound. */
typedef struct Cut {
    Str *bodies;
    Str  bare;
} Cut;

static bool is_batch(const Json *json)
{
    return json->count > 0 && json->values[0].kind == JSON_OBJECT
           && str_equal(json_member_text(json, 0, STR("resourceType")), STR("Bundle"))
           && str_equal(json_member_text(json, 0, STR("type")), STR("batch"));
}

/* The entry's text without its member "resource", which goes to *body. */
static void cut_entry(Buf *bare, const Json *json, uint32_t entry, Str *body)
{
    const JsonValue *values = json->values;
    uint32_t         kept = 0;

    buf_put_char(bare, '{');
    for (uint32_t i = entry + 1; i < values[entry].after; i = values[i].after) {
        if (str_equal(values[i].key, STR("resource"))) {
            *body = str_slice(json->source, values[i].from, values[i].to);
            continue;
        }
        if (kept++)
            buf_put_char(bare, ',');
        buf_put(bare, str_slice(json->source, values[i].key_from, values[i].to));
    }
    buf_put_char(bare, '}');
}

static Cut cut_batch(Call *c, const Json *json, uint32_t list)
{
    const JsonValue *values = json->values;
    Cut              cut = { .bodies = NEW_ARRAY(c->arena, Str, values[list].count) };
    Buf              bare = buf_new(c->arena, 4096);
    uint32_t         next = 0;

    buf_put(&bare, str_slice(json->source, 0, values[list].from));
    buf_put_char(&bare, '[');
    for (uint32_t i = list + 1; i < values[list].after; i = values[i].after) {
        if (next > 0)
            buf_put_char(&bare, ',');
        if (values[i].kind == JSON_OBJECT)
            cut_entry(&bare, json, i, &cut.bodies[next]);
        else
            buf_put(&bare, str_slice(json->source, values[i].from, values[i].to));
        next++;
    }
    buf_put_char(&bare, ']');
    buf_put(&bare, str_skip(json->source, values[list].to));
    cut.bare = buf_str(&bare);
    return cut;
}

/* Tries to read an unsound Bundle as a batch; `result` is what was wrong with it otherwise. */
static Fail answer_unsound(Call *c, Session *s, const Turn *turn, Fail result, Answer *answer)
{
    ReadOptions options = { .expected = TYPE_BUNDLE, .values_max = LIMIT_BUNDLE_NODES };
    uint32_t    issues = c->issue_count, list;
    Resource    resource;
    Bundle      bundle;
    Json        json;
    Cut         cut;

    if (result == FAIL_SYNTAX || result == FAIL_TOO_COSTLY)
        return result;
    if (json_parse(c, turn->asked->body, LIMIT_BUNDLE_NODES, &json) != OK || !is_batch(&json)) {
        call_forget_issues(c, issues);
        return result;
    }
    list = json_member(&json, 0, STR("entry"));
    if (!list || json.values[list].kind != JSON_ARRAY)
        return result;
    cut = cut_batch(c, &json, list);
    call_forget_issues(c, 0);
    TRY(resource_read(c, cut.bare, &options, &resource));
    TRY(bundle_open(c, &resource, turn->asked->base, &bundle));
    return batch_answer(c, s, turn, &bundle, cut.bodies, answer);
}

Fail bundle_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    ReadOptions  options = { .expected = TYPE_BUNDLE, .values_max = LIMIT_BUNDLE_NODES };
    Resource     resource;
    Bundle       bundle;
    Fail         result;

    if (turn->principal->kind == PRINCIPAL_NOBODY)
        return fail(c, FAIL_LOGIN, (Str){ 0 }, "This needs a bearer token");
    if (asked->in_bundle)
        return fail(c, FAIL_NOT_SUPPORTED, (Str){ 0 },
                    "A Bundle cannot be an entry of another");
    if (asked->body.len == 0)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "This needs a Bundle in the body");
    TRY(params_take(c, asked, NULL, 0, NULL));
    TRY(change_check_media_type(c, asked));
    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES);
    result = resource_read(c, asked->body, &options, &resource);
    if (result != OK)
        return answer_unsound(c, s, turn, result, answer);
    TRY(bundle_open(c, &resource, asked->base, &bundle));
    switch (bundle.kind) {
    case BUNDLE_BATCH: return batch_answer(c, s, turn, &bundle, NULL, answer);
    case BUNDLE_TRANSACTION: return transaction_answer(c, s, turn, &bundle, answer);
    default:
        return fail(c, FAIL_INVALID, STR("Bundle.type"),
                    "Only a batch or a transaction can be posted here");
    }
}
