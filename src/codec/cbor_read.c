/* CBOR, head by head, by libcbor's streaming decoder: see cbor_read.h. */
#include "codec/cbor_read.h"

#include <cbor.h>

typedef struct Taken {
    CborItem item;
    bool     refused;
} Taken;

static void take(void *context, CborKind kind, int64_t number, size_t count, Str text)
{
    ((Taken *)context)->item = (CborItem){ kind, number, count, text };
}

static void refuse(void *context)
{
    ((Taken *)context)->refused = true;
}

static void take_number(void *context, uint64_t value, bool negative)
{
    if (value > INT64_MAX)
        refuse(context);
    else
        take(context, CBOR_READ_NUMBER, negative ? -1 - (int64_t)value : (int64_t)value, 0,
             (Str){ 0 });
}

static void take_u8(void *context, uint8_t value)
{
    take_number(context, value, false);
}

static void take_u16(void *context, uint16_t value)
{
    take_number(context, value, false);
}

static void take_u32(void *context, uint32_t value)
{
    take_number(context, value, false);
}

static void take_u64(void *context, uint64_t value)
{
    take_number(context, value, false);
}

static void take_negative_u8(void *context, uint8_t value)
{
    take_number(context, value, true);
}

static void take_negative_u16(void *context, uint16_t value)
{
    take_number(context, value, true);
}

static void take_negative_u32(void *context, uint32_t value)
{
    take_number(context, value, true);
}

static void take_negative_u64(void *context, uint64_t value)
{
    take_number(context, value, true);
}

static void take_bytes(void *context, cbor_data at, size_t len)
{
    take(context, CBOR_READ_BYTES, 0, 0, (Str){ (const char *)at, len });
}

static void take_text(void *context, cbor_data at, size_t len)
{
    take(context, CBOR_READ_TEXT, 0, 0, (Str){ (const char *)at, len });
}

static void take_array(void *context, size_t count)
{
    take(context, CBOR_READ_ARRAY, 0, count, (Str){ 0 });
}

static void take_map(void *context, size_t count)
{
    take(context, CBOR_READ_MAP, 0, count, (Str){ 0 });
}

static void take_tag(void *context, uint64_t value)
{
    (void)value;
    take(context, CBOR_READ_TAG, 0, 1, (Str){ 0 });
}

static void take_float(void *context, float value)
{
    (void)value;
    take(context, CBOR_READ_OTHER, 0, 0, (Str){ 0 });
}

static void take_double(void *context, double value)
{
    (void)value;
    take(context, CBOR_READ_OTHER, 0, 0, (Str){ 0 });
}

static void take_simple(void *context)
{
    take(context, CBOR_READ_OTHER, 0, 0, (Str){ 0 });
}

static void take_bool(void *context, bool value)
{
    (void)value;
    take_simple(context);
}

static const struct cbor_callbacks callbacks = {
    .uint8 = take_u8,
    .uint16 = take_u16,
    .uint32 = take_u32,
    .uint64 = take_u64,
    .negint8 = take_negative_u8,
    .negint16 = take_negative_u16,
    .negint32 = take_negative_u32,
    .negint64 = take_negative_u64,
    .byte_string_start = refuse,
    .byte_string = take_bytes,
    .string = take_text,
    .string_start = refuse,
    .indef_array_start = refuse,
    .array_start = take_array,
    .indef_map_start = refuse,
    .map_start = take_map,
    .tag = take_tag,
    .float2 = take_float,
    .float4 = take_float,
    .float8 = take_double,
    .undefined = take_simple,
    .null = take_simple,
    .boolean = take_bool,
    .indef_break = refuse,
};

bool cbor_read_item(Str *rest, CborItem *out)
{
    Taken                      taken = { 0 };
    struct cbor_decoder_result result;

    if (rest->len == 0)
        return false;
    result = cbor_stream_decode((cbor_data)rest->at, rest->len, &callbacks, &taken);
    if (result.status != CBOR_DECODER_FINISHED || taken.refused || result.read == 0
        || result.read > rest->len)
        return false;
    *rest = str_skip(*rest, result.read);
    *out = taken.item;
    return true;
}

/* Each item takes a byte at least, so more than there are bytes cannot follow. */
bool cbor_read_skip(Str *rest)
{
    Str    at = *rest;
    size_t wanted = 1;

    while (wanted > 0) {
        CborItem item;

        if (!cbor_read_item(&at, &item) || item.count > at.len)
            return false;
        wanted += item.kind == CBOR_READ_MAP ? 2 * item.count : item.count;
        wanted--;
        if (wanted > at.len)
            return false;
    }
    *rest = at;
    return true;
}
