/* JSON: what is accepted is laid out without gaps and written again as the same values. */
#include "codec/json.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "fuzz/fuzz.h"

/* Each value lies inside its parent, behind what stands before it, with its text in it. */
static void check_layout(const Json *json)
{
    for (uint32_t i = 0; i < json->count; i++) {
        const JsonValue *v = &json->values[i];
        uint32_t         at = v->from, children = 0;

        ENSURE(v->from < v->to && v->to <= json->source.len && v->after > i);
        ENSURE(v->after <= json->count);
        ENSURE(v->kind != JSON_NUMBER || v->to - v->from == v->text.len);
        ENSURE(v->kind != JSON_STRING || v->to - v->from >= v->text.len + 2);
        for (uint32_t child = i + 1; child < v->after; child = json->values[child].after) {
            const JsonValue *c = &json->values[child];

            ENSURE(c->from > at && c->to < v->to);
            if (v->kind == JSON_OBJECT)
                ENSURE(c->key_from > at && c->key_from < c->from);
            at = c->to;
            children++;
        }
        ENSURE(children == v->count);
    }
}

static void check_same(const Json *a, const Json *b)
{
    ENSURE(a->count == b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        ENSURE(a->values[i].kind == b->values[i].kind
               && a->values[i].after == b->values[i].after);
        ENSURE(str_equal(a->values[i].key, b->values[i].key));
        ENSURE(str_equal(a->values[i].text, b->values[i].text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena *arena;
    Call          call;
    Json          json, again;
    Buf           compact;
    Str           pretty;

    if (!arena)
        arena = arena_create((size_t)256 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    if (json_parse(&call, (Str){ (const char *)bytes, size }, 10000, &json) != OK) {
        ENSURE(call.issue_count == 1);
        return 0;
    }
    check_layout(&json);
    compact = buf_new(arena, size);
    json_put_compact(&compact, json.source, 0, (uint32_t)json.source.len);
    ENSURE(json_parse(&call, buf_str(&compact), 10000, &again) == OK);
    check_same(&json, &again);
    pretty = json_pretty(arena, buf_str(&compact));
    ENSURE(json_parse(&call, pretty, 10000, &again) == OK);
    check_same(&json, &again);
    return 0;
}
