/* gzip (RFC 1952), both ways, bounded. */
#ifndef CODEC_GZIP_H
#define CODEC_GZIP_H

#include "base/buf.h"
#include "base/call.h"

/* Unpacks a whole gzip text (one or more members). Failure: FAIL_SYNTAX for anything damaged
 * or cut off, FAIL_TOO_LARGE past bytes_max or past LIMIT_INFLATE_RATIO, before more than that
 * much memory is used. */
Fail gzip_unpack(Call *c, Str packed, size_t bytes_max, Str *out) MUST_USE;

/* Packs with a fast level. */
Str gzip_pack(Arena *a, Str bytes);

#endif
