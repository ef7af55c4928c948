/* gzip: damaged texts within bounds, and what is packed comes back. */
#include "codec/gzip.h"

#include "base/ensure.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena *arena;
    Call          call;
    Str           text = { (const char *)bytes, size }, out;

    if (!arena)
        arena = arena_create((size_t)64 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    if (gzip_unpack(&call, text, 1 << 20, &out) == OK)
        ENSURE(out.len <= 1 << 20);
    else
        ENSURE(call.issue_count == 1);
    if (gzip_unpack(&call, gzip_pack(arena, text), size, &out) == OK)
        ENSURE(str_equal(out, text));
    else
        ENSURE(size > 1000); /* so regular that the ratio is beyond what is allowed */
    return 0;
}
