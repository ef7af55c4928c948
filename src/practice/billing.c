/* The operations about money, as rows of the table of interactions: see billing.h. */
#include "practice/billing.h"

#define BILLING(type, path, name, deed, flags, answer)                                         \
    {                                                                                          \
        HTTP_POST, path, type, name, deed, flags, answer, NULL, "urn:hale:billing"             \
    }
#define LOOKING(type, path, name, deed, answer)                                                \
    {                                                                                          \
        HTTP_GET, path, type, name, deed, 0, answer, NULL, "urn:hale:billing"                  \
    }

static const Row rows[] = {
    BILLING(TYPE_APPOINTMENT, "/:type/:id/$invoice", INTERACTION_INVOICE, DEED_READ,
            ROW_CHANGES, billing_invoice_answer),
    BILLING(TYPE_INVOICE, "/:type/:id/$issue", INTERACTION_ISSUE, DEED_UPDATE, ROW_CHANGES,
            billing_issue_answer),
    BILLING(TYPE_INVOICE, "/:type/:id/$cancel", INTERACTION_CANCEL_INVOICE, DEED_UPDATE,
            ROW_CHANGES, billing_cancel_answer),
    BILLING(TYPE_INVOICE, "/:type/:id/$write-off", INTERACTION_WRITE_OFF, DEED_UPDATE,
            ROW_CHANGES, billing_write_off_answer),
    BILLING(TYPE_PATIENT, "/:type/:id/$pay", INTERACTION_PAY, DEED_READ, ROW_CHANGES,
            billing_pay_answer),
    BILLING(TYPE_PAYMENT_RECONCILIATION, "/:type/:id/$allocate", INTERACTION_ALLOCATE,
            DEED_UPDATE, ROW_CHANGES, billing_allocate_answer),
    BILLING(TYPE_PAYMENT_RECONCILIATION, "/:type/:id/$refund", INTERACTION_REFUND, DEED_UPDATE,
            ROW_CHANGES, billing_refund_answer),
    BILLING(TYPE_INVOICE, "/:type/:id/$receipt", INTERACTION_RECEIPT, DEED_READ, ROW_CHANGES,
            billing_receipt_answer),
    BILLING(TYPE_PRACTITIONER, "/:type/:id/$sample-receipt", INTERACTION_SAMPLE_RECEIPT,
            DEED_READ, 0, billing_sample_answer),
    LOOKING(TYPE_PATIENT, "/:type/:id/$account", INTERACTION_ACCOUNT, DEED_READ,
            billing_account_answer),
    LOOKING(TYPE_INVOICE, "/:type/$ageing", INTERACTION_AGEING, DEED_SEARCH,
            billing_ageing_answer),
    LOOKING(TYPE_INVOICE, "/:type/$day-close", INTERACTION_DAY_CLOSE, DEED_SEARCH,
            billing_day_close_answer),
};

void billing_offer(void)
{
    interaction_offer(rows, COUNT(rows));
}
