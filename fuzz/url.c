/* Percent-encoding and query strings. */
#include "codec/url.h"

#include "base/ensure.h"
#include "fuzz/fuzz.h"

static void check_round_trip(Arena *a, Str text)
{
    Str decoded, again;
    Buf encoded = buf_new(a, 0);

    if (!url_decode(a, text, true, &decoded))
        return;
    url_encode(&encoded, decoded);
    ENSURE(url_decode(a, buf_str(&encoded), true, &again));
    ENSURE(str_equal(decoded, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena *arena;
    Call          call;
    Str           text = { (const char *)bytes, size };
    UrlParam     *params;
    size_t        count;

    if (!arena)
        arena = arena_create((size_t)64 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    check_round_trip(arena, text);
    if (url_params(&call, text, &params, &count) != OK)
        ENSURE(call.issue_count == 1);
    return 0;
}
