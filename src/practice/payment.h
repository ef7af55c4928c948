/* What payments and invoices need of each other. */
#ifndef PRACTICE_PAYMENT_H
#define PRACTICE_PAYMENT_H

#include "practice/till.h"

/* Takes that much of a payment ("PaymentReconciliation/…") from an invoice of that patient, who may be
 * another than the one that paid: it is held again. The invoice itself is left to the caller. At most
 * once for a payment in one operation. */
Fail payment_release(Till *t, Str document, Str invoice, Str patient, int64_t cents) MUST_USE;

#endif
