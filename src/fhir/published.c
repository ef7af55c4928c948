/* What HL7 publishes: see published.h. */
#include "fhir/published.h"

#include "base/ensure.h"
#include "codec/gzip.h"

extern const char published_bytes[];

uint32_t published_find(TypeId type, Str url, uint32_t *count)
{
    uint32_t low = 0, high = published_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (str_compare(published_rows[middle].url, url) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (low < published_count && str_equal(published_rows[low].url, url)
           && published_rows[low].type != type)
        low++;
    while (low + *count < published_count && published_rows[low + *count].type == type
           && str_equal(published_rows[low + *count].url, url))
        ++*count;
    return low;
}

Fail published_json(Call *c, uint32_t row, Str *out)
{
    const PublishedRow *r = &published_rows[row];

    ENSURE(row < published_count);
    return gzip_unpack(c, (Str){ published_bytes + r->at, r->packed }, r->whole, out);
}
