/* XML: what is refused says why; what is accepted as a resource goes to XML and back unchanged. */
#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/xml_read.h"
#include "fhir/xml_write.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena     *arena;
    const ReadOptions options = { .values_max = 10000 };
    Call              call;
    Resource          r;
    Str               json, xml, again;

    if (!arena)
        arena = arena_create((size_t)256 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    if (xml_read_resource(&call, (Str){ (const char *)bytes, size }, 1000, &json) != OK
        || resource_read(&call, json, &options, &r) != OK) {
        ENSURE(call.issue_count > 0 && call.issues[0].line > 0);
        return 0;
    }
    if (xml_write_resource(&call, &r, &xml) != OK)
        return 0;
    ENSURE(xml_read_resource(&call, xml, 1000, &json) == OK);
    ENSURE(resource_read(&call, json, &options, &r) == OK);
    ENSURE(xml_write_resource(&call, &r, &again) == OK);
    ENSURE(str_equal(xml, again));
    return 0;
}
