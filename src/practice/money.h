/*
 * Amounts of money: whole cents, never fractions in binary. What must be rounded says how, here.
 */
#ifndef PRACTICE_MONEY_H
#define PRACTICE_MONEY_H

#include "base/buf.h"

enum { MONEY_CHARS = 32 };

/* No amount in Hale is greater: a thousand million in the currency's main unit. */
#define MONEY_MAX ((int64_t)100 * 1000 * 1000 * 1000)

/* "12", "12.5", "-12.50" as cents. False: not a decimal, more than two decimals that are not zero,
 * or beyond MONEY_MAX. */
bool money_parse(Str text, int64_t *cents);

/* "-12.50" and a NUL: as FHIR's Money.value has it. */
void money_format(int64_t cents, char out[MONEY_CHARS]);
void money_put(Buf *out, int64_t cents);

/* As people write it: "1,234.50" in English, "1 234,50" with spaces that do not break in French. */
void money_put_words(Buf *out, int64_t cents, bool french);

/* A rate in thousandths of a percent: "9.975" is 9975. False: not a decimal, negative, above 100. */
bool rate_parse(Str text, int64_t *rate);
void rate_put(Buf *out, int64_t rate, bool french);

/* That part of an amount, rounded to the nearest cent, half a cent away from zero. */
int64_t money_part(int64_t cents, int64_t rate);

/* The net amount of which `gross` is the whole with that rate on it, rounded likewise. */
int64_t money_within(int64_t gross, int64_t rate);

/* Shares `total` out in proportion to `weights` (none negative), to the cent: what rounding leaves
 * goes to those whose share was cut most, the first among equals. Without any weight: to the first. */
void money_share(int64_t total, const int64_t *weights, size_t count, int64_t *shares);

#endif
