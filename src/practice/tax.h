/*
 * Which sales taxes are due: by country, region, profession, class of service and date, from the
 * tables in definitions/taxes, which name their sources.
 */
#ifndef PRACTICE_TAX_H
#define PRACTICE_TAX_H

#include "practice/money.h"

enum { TAXES_MAX = 2 };

typedef struct TaxCase {
    Str country, region; /* where it is given: "CA", "ON" */
    Str profession;      /* "massage-therapy": a code of urn:hale:profession */
    Str class;           /* "treatment", "product" …: a code of urn:hale:service-class */
    Str date;            /* of the service: "2024-06-20" */
} TaxCase;

typedef struct TaxDue {
    Str     name; /* "HST" */
    int64_t rate; /* thousandths of a percent */
    Str     source;
} TaxDue;

typedef struct TaxFinding {
    TaxDue due[TAXES_MAX];
    size_t count;  /* 0: exempt, or there is no tax at that place */
    Str    reason; /* why it is exempt, or taxable, where a row says so */
} TaxFinding;

/* False: the place or the date is not in the tables, so that nobody knows. */
bool tax_find(const TaxCase *tax_case, TaxFinding *out);

/* Whether it is one of the classes of service there are. */
bool tax_class_known(Str class);

/* Whether the tables have a row for that profession in the country. */
bool tax_profession_known(Str country, Str profession);

#endif
