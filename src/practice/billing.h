/*
 * Invoices, payments and accounts as operations (billing.c lists them), and what their files share.
 */
#ifndef PRACTICE_BILLING_H
#define PRACTICE_BILLING_H

#include "interaction/turn.h"

#define BILLING_CLASS_URL "urn:hale:service-class" /* of a ChargeItem, a ChargeItemDefinition */
#define BILLING_TAX_INCLUDED_URL "urn:hale:tax-included"     /* of a ChargeItemDefinition */
#define BILLING_SMALL_SUPPLIER_URL "urn:hale:small-supplier" /* of an Organization */
#define BILLING_DIAGNOSIS_SYSTEM "http://hl7.org/fhir/sid/icd-10-cm"
#define BILLING_PROFESSION_SYSTEM "urn:hale:profession"
#define BILLING_TAX_NUMBER_SYSTEM "urn:hale:tax-number" /* with ":HST" and so on behind it */

/* Puts the operations into the table of interactions. At start-up. */
void billing_offer(void);

AnswerFunction billing_invoice_answer, billing_issue_answer, billing_cancel_answer,
    billing_write_off_answer, billing_pay_answer, billing_allocate_answer,
    billing_refund_answer, billing_account_answer, billing_ageing_answer,
    billing_day_close_answer, billing_receipt_answer, billing_sample_answer;

/* The value of the node's first extension of that url, as text; empty: none. */
Str billing_extension(const Resource *r, uint32_t node, Str url);

/* Whether a Period says nothing against that day, "2026-11-22". */
bool billing_within(const Resource *r, uint32_t period, Str date);

/* The first value of an Identifier with that system among the node's identifiers. */
Str billing_identifier(const Resource *r, uint32_t node, Str system);

/* Text of child of child: "amount", "value". */
Str billing_at(const Resource *r, uint32_t node, const char *first, const char *second);

#endif
