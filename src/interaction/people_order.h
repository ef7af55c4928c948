/* What the files share that carry out orders about people: people.c has the table. */
#ifndef INTERACTION_PEOPLE_ORDER_H
#define INTERACTION_PEOPLE_ORDER_H

#include "access/sign_in.h"
#include "codec/json.h"
#include "interaction/interaction.h"

typedef struct Order {
    Call         *call;
    Session      *session;
    const Person *by; /* who has signed in; NULL: the owner of the data folder */
    Json          json;
    Buf           out;     /* the answer */
    Str           detail;  /* for the audit; empty: only looked */
    Str           patient; /* whose record it is about, for the audit */
    uint16_t      flags;   /* AuditFlag */
} Order;

Str  order_member(const Order *o, const char *name);
void order_put(Order *o, const char *name, Str value);

/* A row of a list, member by member. */
void order_row_begin(Order *o);
void order_row_put(Order *o, const char *name, Str value);
void order_row_instant(Order *o, const char *name, int64_t us);
void order_row_end(Order *o);

/* people_access.c */
Fail access_order_explain(Order *o);

/* people_glass.c */
Fail glass_order_begin(Order *o);
Fail glass_order_list(Order *o);
Fail glass_order_end(Order *o);
Fail glass_order_review(Order *o);

/* people_breach.c */
Fail breach_order_list(Order *o);
Fail breach_order_add(Order *o);
Fail breach_order_assess(Order *o);
Fail breach_order_told(Order *o);
Fail breach_order_close(Order *o);
Fail breach_order_affected(Order *o);

/* people_package.c */
Fail package_order_add(Order *o);
Fail package_order_list(Order *o);
Fail package_order_remove(Order *o);

/* people_policy.c */
Fail policy_order_show(Order *o);
Fail policy_order_check(Order *o);
Fail policy_order_set(Order *o);
Fail policy_order_history(Order *o);

#endif
