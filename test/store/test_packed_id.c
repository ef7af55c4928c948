#include "store/state.h"
#include "test/unit.h"

static void check_pack(const char *id, size_t len)
{
    PackedId p = id_pack(str_from(id));
    char     out[ID_CHARS_MAX];

    CHECK_INT(p.len, len);
    CHECK_STR(id_unpack(packed_str(&p), out), str_from(id));
}

TEST(a_canonical_uuid_takes_seventeen_bytes)
{
    check_pack("0123abcd-4567-89ef-0123-456789abcdef", 17);
    check_pack("ffffffff-ffff-ffff-ffff-ffffffffffff", 17);
}

TEST(other_ids_stay_as_they_are)
{
    check_pack("1", 1);
    check_pack("0123ABCD-4567-89EF-0123-456789ABCDEF", 36);
    check_pack("0123abcd-4567-89ef-0123-456789abcde", 35);
    check_pack("0123abcd04567-89ef-0123-456789abcdef", 36);
    check_pack("a234567890123456789012345678901234567890123456789012345678901234", 64);
}
