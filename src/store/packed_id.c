/* Ids as tables keep them: see state.h. Most ids are UUIDs, and every row that names a resource
 * would otherwise spend 36 bytes on one. */
#include "store/state.h"

static int hex_value(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool hyphen_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

static bool pack_uuid(Str id, char out[16])
{
    size_t digits = 0;

    if (id.len != 36)
        return false;
    memset(out, 0, 16);
    for (size_t i = 0; i < 36; i++) {
        int value = hex_value(id.at[i]);

        if (hyphen_at(i) ? id.at[i] != '-' : value < 0)
            return false;
        if (!hyphen_at(i)) {
            out[digits / 2] = (char)(out[digits / 2] | value << (digits % 2 ? 0 : 4));
            digits++;
        }
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
    size_t            digits = 0;

    if (packed.len == 17 && packed.at[0] == 1) {
        for (size_t i = 0; i < 36; i++) {
            unsigned byte;

            if (hyphen_at(i)) {
                out[i] = '-';
                continue;
            }
            byte = (unsigned char)packed.at[1 + digits / 2];
            out[i] = hex[digits++ % 2 ? byte & 15 : byte >> 4];
        }
        return (Str){ out, 36 };
    }
    if (packed.len > ID_CHARS_MAX)
        packed.len = ID_CHARS_MAX;
    memcpy(out, packed.at, packed.len);
    return (Str){ out, packed.len };
}
