/* package: an archive is read whole or refused, and a profile in any text is compiled or refused. */
#include "fhir/package.h"

#include "base/ensure.h"
#include "codec/gzip.h"
#include "codec/tar.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena *arena;
    Call          call;
    Str           text = { (const char *)bytes, size };
    Package       package;
    TarEntry      entry;
    Tar           tar = tar_open(text);
    bool          more = true;

    if (!arena)
        arena = arena_create((size_t)256 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    if (setjmp(*arena_boundary(arena)))
        return 0;
    while (more && tar_next(&call, &tar, &entry, &more) == OK)
        ENSURE(!more || entry.bytes.len <= size);
    if (package_read(&call, gzip_pack(arena, text), &package) == OK)
        ENSURE(package.name.len && package.version.len);
    else
        ENSURE(call.issue_count > 0);
    return 0;
}
