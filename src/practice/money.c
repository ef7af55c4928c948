/* Amounts of money: see money.h. */
#include "practice/money.h"

#include <stdio.h>

#include "base/ensure.h"

enum { CENTS = 100, RATE_ONE = 100 * 1000 };

/* A decimal with up to `places` places, as a whole number of the last of these. */
static bool parse_decimal(Str text, unsigned places, int64_t max, int64_t *out)
{
    bool     negative = text.len > 0 && text.at[0] == '-', point = false;
    unsigned seen = 0, digits = 0;
    int64_t  value = 0;

    for (size_t i = negative; i < text.len; i++) {
        char ch = text.at[i];

        if (ch == '.' && !point && digits > 0) {
            point = true;
            continue;
        }
        if (ch < '0' || ch > '9' || (seen == places && ch != '0') || value > max)
            return false;
        digits++;
        if (seen == places && point)
            continue;
        value = value * 10 + (ch - '0');
        seen += point;
    }
    if (digits == 0 || text.at[text.len - 1] == '.')
        return false;
    for (; seen < places; seen++)
        value *= 10;
    if (value > max)
        return false;
    *out = negative ? -value : value;
    return true;
}

bool money_parse(Str text, int64_t *cents)
{
    return parse_decimal(text, 2, MONEY_MAX, cents);
}

bool rate_parse(Str text, int64_t *rate)
{
    int64_t value;

    if (!parse_decimal(text, 3, RATE_ONE, &value) || value < 0)
        return false;
    *rate = value;
    return true;
}

static uint64_t size_of(int64_t cents)
{
    return cents < 0 ? 0 - (uint64_t)cents : (uint64_t)cents;
}

void money_format(int64_t cents, char out[MONEY_CHARS])
{
    uint64_t size = size_of(cents);

    snprintf(out, MONEY_CHARS, "%s%llu.%02u", cents < 0 ? "-" : "",
             (unsigned long long)(size / CENTS), (unsigned)(size % CENTS));
}

void money_put(Buf *out, int64_t cents)
{
    char text[MONEY_CHARS];

    money_format(cents, text);
    buf_put(out, str_from(text));
}

void money_put_words(Buf *out, int64_t cents, bool french)
{
    char   text[MONEY_CHARS];
    size_t whole;

    money_format((int64_t)size_of(cents), text);
    if (cents < 0)
        buf_put(out, STR("\xe2\x88\x92")); /* U+2212, minus */
    whole = strlen(text) - 3;
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            buf_put(out, french ? STR("\xe2\x80\xaf") : STR(",")); /* U+202F */
        buf_put_char(out, text[i]);
    }
    buf_put_char(out, french ? ',' : '.');
    buf_put(out, str_from(text + whole + 1));
}

void rate_put(Buf *out, int64_t rate, bool french)
{
    char text[MONEY_CHARS];
    int  len =
        snprintf(text, sizeof text, "%lld.%03d", (long long)(rate / 1000), (int)(rate % 1000));

    while (text[len - 1] == '0')
        len--;
    if (text[len - 1] == '.')
        len--;
    for (int i = 0; i < len; i++)
        buf_put_char(out, french && text[i] == '.' ? ',' : text[i]);
}

/* a × b / c, half away from zero; the product may need more than 64 bits. */
static int64_t proportion(int64_t a, int64_t b, int64_t c)
{
    __int128 product = (__int128)a * b, half = c / 2;

    return (int64_t)((product + (product < 0 ? -half : half)) / c);
}

int64_t money_part(int64_t cents, int64_t rate)
{
    return proportion(cents, rate, RATE_ONE);
}

int64_t money_within(int64_t gross, int64_t rate)
{
    return proportion(gross, RATE_ONE, RATE_ONE + rate);
}

/* How much of a share was cut, in parts of the weights' sum. */
static int64_t cut_of(int64_t total, int64_t weight, int64_t sum)
{
    return (int64_t)((__int128)total * weight % sum);
}

void money_share(int64_t total, const int64_t *weights, size_t count, int64_t *shares)
{
    int64_t size = (int64_t)size_of(total), sum = 0, left = size;

    ENSURE(count > 0);
    for (size_t i = 0; i < count; i++) {
        ENSURE(weights[i] >= 0);
        sum += weights[i];
        shares[i] = 0;
    }
    if (sum == 0) {
        shares[0] = total;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        shares[i] = (int64_t)((__int128)size * weights[i] / sum);
        left -= shares[i];
    }
    for (int64_t given = 0; given < left; given++) {
        size_t best = count;

        for (size_t i = 0; i < count; i++) {
            bool had = shares[i] > (int64_t)((__int128)size * weights[i] / sum);

            if (!had
                && (best == count
                    || cut_of(size, weights[i], sum) > cut_of(size, weights[best], sum)))
                best = i;
        }
        shares[best]++;
    }
    for (size_t i = 0; i < count; i++)
        shares[i] = total < 0 ? -shares[i] : shares[i];
}
