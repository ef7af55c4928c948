/*
 * CBOR (RFC 8949), as far as authenticators speak it (CTAP 2.1, section 8: definite lengths only).
 * A reader of one head after another, without memory of its own: whoever reads knows what must
 * come next.
 */
#ifndef CODEC_CBOR_READ_H
#define CODEC_CBOR_READ_H

#include "base/str.h"

typedef enum CborKind {
    CBOR_READ_NUMBER, /* a whole number */
    CBOR_READ_BYTES,
    CBOR_READ_TEXT,
    CBOR_READ_ARRAY, /* `count` items follow */
    CBOR_READ_MAP,   /* `count` pairs follow */
    CBOR_READ_TAG,   /* one item follows */
    CBOR_READ_OTHER, /* true, null, a float … */
} CborKind;

typedef struct CborItem {
    CborKind kind;
    int64_t  number;
    size_t   count;
    Str      text; /* points into what is read */
} CborItem;

/* Takes the next head off *rest, with the text or bytes behind it. False, with *rest as it was,
 * where it is cut short, is not CBOR, has no definite length or is a number beyond 64 bits with
 * sign. */
bool cbor_read_item(Str *rest, CborItem *out);

/* Takes a whole item off *rest, whatever is in it. */
bool cbor_read_skip(Str *rest);

#endif
