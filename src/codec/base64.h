/* Base64 (RFC 4648): the alphabet of section 4 with padding for FHIR's base64Binary, that of
 * section 5 without padding where a text must be safe in addresses and headers. And base 16
 * (section 8), which we write in small letters. */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "base/buf.h"

void base64_put(Buf *out, Str bytes);
void base64_put_url(Buf *out, Str bytes);

/* White space between characters is passed over, as FHIR allows. False if anything else is
 * not of the alphabet, or the end does not come out even. */
bool base64_read(Arena *a, Str text, Str *out);

/* What base64_put_url() writes, and nothing else: no padding, no white space, no bits behind the
 * end, so that one text stands for one value. */
bool base64_read_url(Arena *a, Str text, Str *out);

void base16_put(Buf *out, Str bytes);

/* False if the text is not `count` times two digits, in small letters. */
bool base16_read(Str text, uint8_t *out, size_t count);

#endif
