/* Header values: the first byte chooses which, the rest is the value. No reader may look beyond
 * its end, and a request id that is let through must be plain. */
#include "server/negotiate.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Str         value;
    MediaType   type;
    Preferences preferences = { 0 };

    if (size == 0)
        return 0;
    value = (Str){ (const char *)bytes + 1, size - 1 };
    switch (bytes[0] % 6) {
    case 0:
        type = media_type_parse(value);
        media_type_is_fhir_json(&type);
        break;
    case 1: accept_parse(value); break;
    case 2: accept_encoding_allows_gzip(value); break;
    case 3: content_coding_parse(value); break;
    case 4:
        preferences_add(&preferences, value);
        preferences_add(&preferences, value);
        break;
    case 5:
        format_parse(value);
        if (request_id_valid(value) && memchr(value.at, '\n', value.len))
            __builtin_trap();
        break;
    }
    return 0;
}
