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

/* Unpacking piece by piece, for files of any size in constant memory. Lives on the arena. */
typedef struct GzipStream GzipStream;

GzipStream *gzip_stream_new(Arena *a);

/* Unpacks some of *packed, which it moves forward, into out[0..room); *len says how much came
 * out. Call it again with the same *packed until that is empty and nothing more comes out.
 * FAIL_SYNTAX: damaged; what came out before is good. */
Fail gzip_stream_next(Call *c, GzipStream *g, Str *packed, char *out, size_t room,
                      size_t *len) MUST_USE;

/* Whether the text could end here: behind a whole member. */
bool gzip_stream_complete(const GzipStream *g);

#endif
