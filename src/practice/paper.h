/*
 * A receipt or an invoice on paper: what stands on it, whether that is all that colleges and insurers
 * want to see, and drawing it as PDF.
 */
#ifndef PRACTICE_PAPER_H
#define PRACTICE_PAPER_H

#include "base/call.h"
#include "practice/money.h"

enum { PAPER_LINES_MAX = 16, PAPER_TAXES_MAX = 4, PAPER_PAYMENTS_MAX = 16 };

typedef struct PaperLine {
    Str text, date; /* of the service */
    Str class;      /* urn:hale:service-class */
    Str      code;  /* CPT */
    unsigned minutes, quantity;
    int64_t  price, discount; /* of all pieces, without taxes */
} PaperLine;

typedef struct PaperTax {
    Str     name, rate, number; /* "HST", "13", the practice's number */
    int64_t cents;
} PaperTax;

typedef struct PaperPayment {
    Str     date, method;
    int64_t cents;
} PaperPayment;

typedef struct Paper {
    bool         french, receipt, duplicate, sample, american;
    bool         treatment; /* what is on it was a service by a registered person */
    bool         signing;   /* the college wants a signature */
    Str          number, issued, invoice_number;
    Str          practice, address, phone, email, ein;
    Str          patient, payer; /* payer: where it is not the patient */
    Str          practitioner, designation, college, registration, npi, diagnosis;
    Str          currency;
    PaperLine    lines[PAPER_LINES_MAX];
    size_t       line_count;
    PaperTax     taxes[PAPER_TAXES_MAX];
    size_t       tax_count;
    PaperPayment payments[PAPER_PAYMENTS_MAX];
    size_t       payment_count;
    int64_t      net, gross, paid, open;
} Paper;

/* FAIL_UNPROCESSABLE with an issue for each element that is missing, naming where it belongs. */
Fail paper_check(Call *c, const Paper *paper) MUST_USE;

/* The PDF, with the part of its fonts that it needs. FAIL_SYSTEM: it cannot be drawn. */
Fail paper_draw(Call *c, const Paper *paper, Str *pdf) MUST_USE;

#endif
