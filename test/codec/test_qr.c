/* QR codes: their size, their eyes, what is too long. */
#include "codec/qr.h"
#include "test/unit.h"

TEST(a_code_grows_with_its_text)
{
    Arena *a = unit_call()->arena;
    Str    small, large;

    CHECK(qr_svg(a, STR("HALE"), "x", &small));
    CHECK(str_find(small, STR("viewBox=\"0 0 29 29\"")) > 0); /* 21 modules and the margin */
    CHECK(qr_svg(a, STR("a text of sixty and some letters that wants a larger picture"), "x",
                 &large));
    CHECK(str_find(large, STR("viewBox=\"0 0 41 41\"")) > 0);
}

TEST(a_code_has_its_eyes_where_the_standard_puts_them)
{
    Str out;

    CHECK(qr_svg(unit_call()->arena, STR("HALE"), "x", &out));
    CHECK(str_find(out, STR("M4 4h7v1h-7z")) > 0);
    CHECK(str_find(out, STR("M18 4h7v1h-7z")) > 0);
    CHECK(str_find(out, STR("M4 18h7v1h-7z")) > 0);
}

TEST(a_text_that_is_too_long_has_no_code)
{
    static char text[4000];
    Str         out;

    memset(text, 'a', sizeof text);
    CHECK(!qr_svg(unit_call()->arena, (Str){ text, sizeof text }, "x", &out));
    CHECK(!qr_svg(unit_call()->arena, (Str){ text, 0 }, "x", &out));
}
