/* Ids as tables keep them: see state.h. Most ids are UUIDs, and every row that names a resource
 * would otherwise spend 36 bytes on one. */
#include "store/state.h"

/* Where the two digits of each byte stand in a canonical UUID. */
static const uint8_t uuid_places[16] = { 0,  2,  4,  6,  9,  11, 14, 16,
                                         19, 21, 24, 26, 28, 30, 32, 34 };

/* The value of a digit; -1 for other characters, also upper case: that would come back lower. */
static int hex_value(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool has_hyphens(const char *id)
{
    return id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-';
}

static bool pack_uuid(Str id, char out[16])
{
    if (id.len != 36 || !has_hyphens(id.at))
        return false;
    for (size_t i = 0; i < 16; i++) {
        int high = hex_value(id.at[uuid_places[i]]), low = hex_value(id.at[uuid_places[i] + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (char)(high << 4 | low);
    }
    return true;
}

PackedId id_pack(Str id)
{
    PackedId p;

    if (pack_uuid(id, p.bytes + 1)) {
        p.bytes[0] = 1;
        p.len = 17;
        return p;
    }
    p.len = id.len < ID_CHARS_MAX ? id.len : ID_CHARS_MAX;
    if (p.len)
        memcpy(p.bytes, id.at, p.len);
    return p;
}

Str id_unpack(Str packed, char out[ID_CHARS_MAX])
{
    static const char hex[] = "0123456789abcdef";

    if (packed.len == 17 && packed.at[0] == 1) {
        out[8] = out[13] = out[18] = out[23] = '-';
        for (size_t i = 0; i < 16; i++) {
            unsigned char byte = (unsigned char)packed.at[1 + i];

            out[uuid_places[i]] = hex[byte >> 4];
            out[uuid_places[i] + 1] = hex[byte & 15];
        }
        return (Str){ out, 36 };
    }
    if (packed.len > ID_CHARS_MAX)
        packed.len = ID_CHARS_MAX;
    memcpy(out, packed.at, packed.len);
    return (Str){ out, packed.len };
}
