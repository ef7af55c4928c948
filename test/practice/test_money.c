/* Amounts, and which taxes are due. */
#include "practice/money.h"
#include "practice/tax.h"
#include "test/unit.h"

TEST(an_amount_is_read_to_the_cent_or_not_at_all)
{
    int64_t cents = -1;

    CHECK(money_parse(STR("12"), &cents) && cents == 1200);
    CHECK(money_parse(STR("12.5"), &cents) && cents == 1250);
    CHECK(money_parse(STR("-0.05"), &cents) && cents == -5);
    CHECK(money_parse(STR("7.500"), &cents) && cents == 750);
    CHECK(!money_parse(STR("7.505"), &cents));
    CHECK(!money_parse(STR(""), &cents) && !money_parse(STR("-"), &cents));
    CHECK(!money_parse(STR("."), &cents) && !money_parse(STR("1."), &cents));
    CHECK(!money_parse(STR(".5"), &cents) && !money_parse(STR("1e3"), &cents));
    CHECK(!money_parse(STR("1.2.3"), &cents) && !money_parse(STR("+1"), &cents));
    CHECK(!money_parse(STR("99999999999999999999"), &cents));
    CHECK(money_parse(STR("1000000000"), &cents) && cents == MONEY_MAX);
    CHECK(!money_parse(STR("1000000000.01"), &cents));
}

static Str words(int64_t cents, bool french)
{
    Buf out = buf_new(unit_call()->arena, 32);

    money_put_words(&out, cents, french);
    return buf_str(&out);
}

TEST(an_amount_is_written_as_each_language_writes_it)
{
    CHECK_STR(words(123456789, false), STR("1,234,567.89"));
    CHECK_STR(words(123456789, true), STR("1\xe2\x80\xaf"
                                          "234\xe2\x80\xaf"
                                          "567,89"));
    CHECK_STR(words(-5, false), STR("\xe2\x88\x92"
                                    "0.05"));
    CHECK_STR(words(12345, true), STR("123,45"));
}

TEST(half_a_cent_is_rounded_away_from_zero)
{
    CHECK_INT(money_part(1050, 5000), 53); /* 52.5 */
    CHECK_INT(money_part(-1050, 5000), -53);
    CHECK_INT(money_part(1049, 5000), 52);   /* 52.45 */
    CHECK_INT(money_part(10000, 9975), 998); /* 997.5 */
    CHECK_INT(money_part(MONEY_MAX, 13000), MONEY_MAX / 100 * 13);
    CHECK_INT(money_within(11300, 13000), 10000);
    CHECK_INT(money_within(10000, 13000), 8850); /* 8849.56 */
}

TEST(shares_are_whole_cents_and_together_the_total)
{
    int64_t equal[3], none[2], back[3];

    money_share(100, (const int64_t[]){ 1, 1, 1 }, 3, equal);
    CHECK(equal[0] == 34 && equal[1] == 33 && equal[2] == 33);
    money_share(7, (const int64_t[]){ 0, 0 }, 2, none);
    CHECK(none[0] == 7 && none[1] == 0);
    money_share(-101, (const int64_t[]){ 5000, 3000, 2000 }, 3, back);
    CHECK(back[0] == -51 && back[1] == -30 && back[2] == -20);
    for (int64_t total = 0; total < 500; total++) {
        int64_t weights[4] = { total % 7, total * 31 % 11, 3, total % 2 }, shares[4];

        money_share(total, weights, 4, shares);
        CHECK_INT(shares[0] + shares[1] + shares[2] + shares[3], total);
        for (int i = 0; i < 4; i++)
            CHECK(shares[i] >= 0 && (weights[i] > 0 || shares[i] == 0));
    }
}

typedef struct Expected {
    TaxCase     of;
    const char *names[TAXES_MAX];
    int64_t     rates[TAXES_MAX];
} Expected;

#define CASE(region, profession, class, date)                                                  \
    {                                                                                          \
        STR_INIT("CA"), STR_INIT(region), STR_INIT(profession), STR_INIT(class),               \
            STR_INIT(date)                                                                     \
    }

static const Expected expected[] = {
    { CASE("ON", "massage-therapy", "treatment", "2026-05-01"), { "HST" }, { 13000 } },
    { CASE("ON", "physiotherapy", "treatment", "2026-05-01"), { 0 }, { 0 } },
    { CASE("ON", "physiotherapy", "report", "2026-05-01"), { "HST" }, { 13000 } },
    { CASE("ON", "physiotherapy", "product", "2026-05-01"), { "HST" }, { 13000 } },
    { CASE("ON", "physiotherapy", "no-show", "2026-05-01"), { 0 }, { 0 } },
    { CASE("ON", "massage-therapy", "gift-card", "2026-05-01"), { 0 }, { 0 } },
    { CASE("ON", "psychotherapy", "treatment", "2024-06-19"), { "HST" }, { 13000 } },
    { CASE("ON", "psychotherapy", "treatment", "2024-06-20"), { 0 }, { 0 } },
    { CASE("BC", "counselling-therapy", "treatment", "2024-06-19"), { "GST" }, { 5000 } },
    { CASE("BC", "counselling-therapy", "treatment", "2024-06-20"), { 0 }, { 0 } },
    { CASE("BC", "acupuncture", "treatment", "2014-02-11"), { "GST" }, { 5000 } },
    { CASE("BC", "acupuncture", "treatment", "2014-02-12"), { 0 }, { 0 } },
    { CASE("QC", "massage-therapy", "treatment", "2026-05-01"),
      { "GST", "QST" },
      { 5000, 9975 } },
    { CASE("NS", "massage-therapy", "treatment", "2025-03-31"), { "HST" }, { 15000 } },
    { CASE("NS", "massage-therapy", "treatment", "2025-04-01"), { "HST" }, { 14000 } },
    { CASE("NB", "massage-therapy", "treatment", "2016-06-30"), { "HST" }, { 13000 } },
    { CASE("NB", "massage-therapy", "treatment", "2016-07-01"), { "HST" }, { 15000 } },
    { CASE("BC", "massage-therapy", "treatment", "2026-05-01"), { "GST" }, { 5000 } },
    { CASE("BC", "massage-therapy", "product", "2026-05-01"),
      { "GST", "PST" },
      { 5000, 7000 } },
    { CASE("SK", "physiotherapy", "product", "2026-05-01"), { "GST", "PST" }, { 5000, 6000 } },
    { CASE("AB", "massage-therapy", "treatment", "2026-05-01"), { "GST" }, { 5000 } },
    { CASE("ON", "somebody-unknown", "treatment", "2026-05-01"), { "HST" }, { 13000 } },
};

TEST(taxes_follow_profession_province_class_and_date)
{
    for (size_t i = 0; i < COUNT(expected); i++) {
        const Expected *e = &expected[i];
        TaxFinding      found;
        size_t          count = e->names[0] ? (e->names[1] ? 2 : 1) : 0;

        CHECK(tax_find(&e->of, &found));
        if (found.count != count)
            unit_fail(__FILE__, __LINE__, "row %zu: %zu taxes, not %zu", i, found.count, count);
        for (size_t k = 0; k < count && k < found.count; k++) {
            CHECK_STR(found.due[k].name, str_from(e->names[k]));
            CHECK_INT(found.due[k].rate, e->rates[k]);
            CHECK(found.due[k].source.len > 0);
        }
    }
}

TEST(a_place_or_time_that_no_table_knows_is_not_taken_for_free_of_tax)
{
    static const TaxCase nowhere[] = {
        CASE("ZZ", "massage-therapy", "treatment", "2026-05-01"),
        CASE("", "massage-therapy", "treatment", "2026-05-01"),
        CASE("ON", "massage-therapy", "treatment", "1999-05-01"),
    };
    TaxFinding found;

    for (size_t i = 0; i < COUNT(nowhere); i++)
        CHECK(!tax_find(&nowhere[i], &found));
}
