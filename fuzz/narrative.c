/* Narrative: what is accepted is balanced, holds no script, and its links lie where they say. */
#include "fhir/narrative.h"

#include <ctype.h>

#include "base/ensure.h"
#include "fuzz/fuzz.h"

static bool holds_nocase(Str text, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= text.len; i++) {
        size_t n = 0;

        while (n < len && tolower((unsigned char)text.at[i + n]) == word[n])
            n++;
        if (n == len)
            return true;
    }
    return false;
}

/* Whether a browser would run it: white space and control characters do not count. */
static bool is_script(Str address)
{
    char   start[11];
    size_t len = 0;

    for (size_t i = 0; i < address.len && len < sizeof start; i++)
        if ((unsigned char)address.at[i] > ' ')
            start[len++] = address.at[i];
    return holds_nocase((Str){ start, len }, "javascript:");
}

typedef struct Links {
    Str    text;
    size_t behind;
} Links;

static void check_link(void *context, size_t from, size_t to)
{
    Links *links = context;
    char   quote = links->text.at[from - 1];

    ENSURE(from > links->behind && to >= from && to < links->text.len);
    ENSURE((quote == '"' || quote == '\'') && links->text.at[to] == quote);
    ENSURE(!is_script(str_slice(links->text, from, to)));
    links->behind = to;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Str            text = { (const char *)bytes, size };
    Links          links = { text, 0 };
    NarrativeFault fault = { 0 };

    if (narrative_check(text, &fault)) {
        ENSURE(!holds_nocase(text, "<script") || holds_nocase(text, "<!--"));
        narrative_links(text, check_link, &links);
    } else {
        ENSURE(fault.fail == FAIL_VALUE || fault.fail == FAIL_INVARIANT);
        ENSURE(fault.what[0] && fault.offset <= size);
    }
    return 0;
}
