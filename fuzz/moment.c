/* FHIR dates and HTTP dates: what is read is written and read again as the same. */
#include "fuzz/fuzz.h"

#include "base/ensure.h"
#include "base/moment.h"

static void check_form(Str text, MomentForm form)
{
    char   written[INSTANT_CHARS + 1];
    Moment moment, again;

    if (!moment_parse(text, form, &moment))
        return;
    ENSURE(moment.low < moment.high);
    if (form == MOMENT_TIME)
        return;
    moment_format_instant(moment.low, written);
    ENSURE(moment_parse(str_from(written), MOMENT_INSTANT, &again));
    /* a zone may carry the first and last day of all out of the years that have names */
    if (!str_starts(text, STR("0001-01-01")) && !str_starts(text, STR("9999-12-31")))
        ENSURE(again.low == moment.low);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Str     text = { (const char *)bytes, size };
    char    written[HTTP_DATE_CHARS + 1];
    int64_t us, again;

    for (MomentForm form = MOMENT_DATE; form <= MOMENT_SEARCH; form++)
        check_form(text, form);
    if (moment_parse_http(text, &us)) {
        moment_format_http(us, written);
        ENSURE(moment_parse_http(str_from(written), &again) && again == us);
    }
    return 0;
}
