/* Rounds of exchanges, each with one commit: see held.h. */
#include "server/held.h"

#include "base/ensure.h"

enum { ROUND_MAX = 256 };

struct Round {
    Round      *next; /* among the spare ones, or those that are done */
    Held       *held;
    Exchange   *first, *last;
    size_t      count;
    Fail        result;
    AuditRecord records[ROUND_MAX];
};

void held_open(Held *h, Server *server, Inbox *inbox)
{
    h->server = server;
    h->inbox = inbox;
}

static Round *take_round(Held *h)
{
    Round *r = h->spare;

    if (r)
        h->spare = r->next;
    else
        r = server_memory(h->server, 1, sizeof *r);
    r->held = h;
    r->first = r->last = NULL;
    r->count = 0;
    return r;
}

void held_add(Held *h, Exchange *x)
{
    Round *r;

    if (h->gathering && h->gathering->count == ROUND_MAX)
        held_hand_over(h);
    if (!h->gathering)
        h->gathering = take_round(h);
    r = h->gathering;
    r->records[r->count++] = x->reply.audit;
    x->round = r;
    x->next = NULL;
    if (r->last)
        r->last->next = x;
    else
        r->first = x;
    r->last = x;
    h->count++;
}

static void let_go(Held *h, Exchange *x, Fail result)
{
    x->late = result;
    x->round = NULL;
    h->count--;
    atomic_fetch_sub(&h->server->waiting, 1);
}

/* The record's texts are the exchange's, so that it is handed over now. */
void held_forget(Held *h, Exchange *x)
{
    Round    *r = x->round;
    Exchange *before = NULL, *at = r->first;

    if (r == h->gathering)
        held_hand_over(h);
    if (!x->round)
        return; /* it could not be handed over, and was let go */
    for (; at && at != x; at = at->next)
        before = at;
    ENSURE(at);
    if (before)
        before->next = x->next;
    else
        r->first = x->next;
    if (r->last == x)
        r->last = before;
    let_go(h, x, OK);
}

static void let_go_all(Held *h, Round *r)
{
    for (Exchange *x = r->first, *next; x; x = next) {
        next = x->next;
        let_go(h, x, r->result);
    }
    r->next = h->spare;
    h->spare = r;
}

/* On the store's writer thread. */
static void audited(void *context, Fail result)
{
    Round  *r = context;
    Held   *h = r->held;
    Server *server = h->server;
    Round  *top = atomic_load_explicit(&h->done, memory_order_relaxed);

    r->result = result;
    do
        r->next = top;
    while (!atomic_compare_exchange_weak(&h->done, &top, r));
    if (!top)
        inbox_wake(h->inbox);
    atomic_fetch_sub(&server->waiting, 1); /* last: the server may be gone from here on */
}

void held_hand_over(Held *h)
{
    Round *r = h->gathering;

    h->gathering = NULL;
    if (!r)
        return;
    atomic_fetch_add(&h->server->waiting, 1); /* the round itself, whoever is still in it */
    if (store_audit_then(h->server->store, r->records, r->count, audited, r))
        return;
    atomic_fetch_sub(&h->server->waiting, 1);
    r->result = FAIL_BUSY;
    let_go_all(h, r);
}

void held_let_go(Held *h)
{
    Round *r = atomic_exchange(&h->done, NULL), *next;

    for (; r; r = next) {
        next = r->next;
        let_go_all(h, r);
    }
}
