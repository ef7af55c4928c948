/* CBOR head by head: the examples of RFC 8949 appendix A that authenticators may send. */
#include "codec/cbor_read.h"
#include "test/unit.h"

#define BYTES(...)                                                                             \
    (Str)                                                                                      \
    {                                                                                          \
        (const char *)(const uint8_t[]){ __VA_ARGS__ },                                        \
            sizeof((const uint8_t[]){ __VA_ARGS__ })                                           \
    }

static int64_t number(Str bytes)
{
    CborItem item = { .number = -999 };

    return cbor_read_item(&bytes, &item) && item.kind == CBOR_READ_NUMBER && bytes.len == 0
               ? item.number
               : -999;
}

TEST(numbers_of_all_sizes_are_read)
{
    CHECK_INT(number(BYTES(0x00)), 0);
    CHECK_INT(number(BYTES(0x17)), 23);
    CHECK_INT(number(BYTES(0x18, 0x64)), 100);
    CHECK_INT(number(BYTES(0x19, 0x03, 0xe8)), 1000);
    CHECK_INT(number(BYTES(0x1a, 0x00, 0x0f, 0x42, 0x40)), 1000000);
    CHECK_INT(number(BYTES(0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00)),
              INT64_C(1000000000000));
    CHECK_INT(number(BYTES(0x20)), -1);
    CHECK_INT(number(BYTES(0x38, 0x63)), -100);
    CHECK_INT(number(BYTES(0x39, 0x01, 0x00)), -257);
    CHECK_INT(number(BYTES(0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)), INT64_MIN);
}

TEST(what_is_cut_or_has_no_length_is_refused_and_nothing_is_taken)
{
    static const struct {
        uint8_t bytes[9];
        size_t  len;
    } rows[] = {
        { { 0 }, 0 },
        { { 0x18 }, 1 },
        { { 0x44, 1, 2, 3 }, 4 },
        { { 0x63, 'a', 'b' }, 3 },
        { { 0x5f }, 1 },
        { { 0x7f }, 1 },
        { { 0x9f }, 1 },
        { { 0xbf }, 1 },
        { { 0xff }, 1 },
        { { 0x1c }, 1 },
        { { 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 9 },
        { { 0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0 }, 9 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        Str      whole = { (const char *)rows[i].bytes, rows[i].len }, rest = whole;
        CborItem item;

        CHECK(!cbor_read_item(&rest, &item));
        CHECK_INT(rest.len, whole.len);
    }
}

TEST(a_whole_item_is_passed_over)
{
    /* {"a": 1, "b": [2, 3]}, then 7 */
    Str      rest = BYTES(0xa2, 0x61, 0x61, 0x01, 0x61, 0x62, 0x82, 0x02, 0x03, 0x07);
    CborItem item;

    CHECK(cbor_read_skip(&rest));
    CHECK(cbor_read_item(&rest, &item));
    CHECK_INT(item.number, 7);
}

TEST(what_claims_more_than_there_is_is_not_waited_for)
{
    Str rest = BYTES(0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    Str map = BYTES(0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    Str two = BYTES(0x82, 0x01);

    CHECK(!cbor_read_skip(&rest));
    CHECK(!cbor_read_skip(&map));
    CHECK(!cbor_read_skip(&two));
}
