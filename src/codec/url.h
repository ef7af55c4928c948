/* Percent-encoding (RFC 3986) and application/x-www-form-urlencoded text. */
#ifndef CODEC_URL_H
#define CODEC_URL_H

#include "base/buf.h"
#include "base/call.h"

/* "%41+b" -> "A b" when plus_is_space, else "A+b". False if an escape is cut off or not
 * hexadecimal, or the result holds NUL or is not UTF-8. */
bool url_decode(Arena *a, Str text, bool plus_is_space, Str *out);

/* Escapes everything but unreserved characters. */
void url_encode(Buf *out, Str text);

typedef struct UrlParam {
    Str name;
    Str value;
} UrlParam;

/* "a=1&b=%20" -> pairs, decoded, in order. A '+' in a value is read as a space except when
 * it stands where a date's zone offset would (so that "ge2020-01-01T00:00:00+01:00" keeps its
 * meaning is the business of MOMENT_SEARCH, which takes the space for the plus).
 * Failure: FAIL_VALUE naming the parameter, FAIL_URI_TOO_LONG. */
Fail url_params(Call *c, Str query, UrlParam **out, size_t *count) MUST_USE;

#endif
