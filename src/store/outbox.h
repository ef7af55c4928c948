/*
 * Messages that go out to people. One is put in with the change that causes it, in the same commit, or
 * by itself; a thread (exchange/courier.h) takes them out, one at a time, and says in a commit of its own
 * what became of each. What "once" can mean is in adr/0029.
 *
 * A message has a name, which says what it is ("reminder/ID/…"): no second one of that name is ever put
 * in, so who asks again after a crash changes nothing. What it says is kept until it has come to its end
 * and no longer; the row stays as the log of deliveries.
 */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "store/store.h"

typedef enum OutboxChannel { OUTBOX_MAIL = 1, OUTBOX_SMS, OUTBOX_CHANNELS } OutboxChannel;

typedef enum OutboxState {
    OUTBOX_WAITING = 1,
    OUTBOX_SENDING,  /* the one under way; after a crash nobody knows whether it went out */
    OUTBOX_SENT,     /* the next server took it */
    OUTBOX_REFUSED,  /* the next server will not take it: no such mailbox … */
    OUTBOX_GIVEN_UP, /* tried too often, or too late by now */
    OUTBOX_DROPPED,  /* the visit it is about was cancelled or moved */
    OUTBOX_STATES
} OutboxState;

enum {
    OUTBOX_NAME_MAX = 200,
    OUTBOX_ADDRESS_MAX = 254, /* RFC 5321 4.5.3.1.3 */
    OUTBOX_TEXT_MAX = 64 * 1024,
    OUTBOX_FILE_MAX = 8 * 1024 * 1024,
};

/* A subject and an address are seen by everybody on the way: nothing about health belongs there. */
typedef struct OutboxMessage {
    Str           name;
    Str           kind; /* a word for the log: "reminder", "receipt", "confirmation" */
    OutboxChannel channel;
    Str           to;                         /* one address; or a number, "+" and digits */
    Str           subject, body;              /* of an SMS only the body */
    Str           file_name, file_type, file; /* goes with an e-mail; or empty */
    Str           patient;                    /* id of the Patient it is for, or empty */
    Str           visit;    /* id: it goes out only while that Appointment stands … */
    int64_t       start_us; /* … and begins at that moment */
    int64_t       due_us;   /* not before; 0: at once */
    int64_t       until_us; /* not after; 0: three days after it is due */
} OutboxMessage;

/* What the sending thread tells of the message it had and asks for the next: one commit for both. */
typedef struct OutboxTurn {
    uint64_t    number; /* of the one it had; 0: none */
    OutboxState became;
    bool        tried;    /* it counts as a try */
    int64_t     later_us; /* WAITING: not before */
    Str         answer;   /* of the server, in its words */
    uint32_t    channels; /* bits, 1 << OutboxChannel, of which the next may be; 0: give none */
    /* filled in: */
    uint64_t    next;   /* the one to send now, which is SENDING; 0: none is due */
    bool        more;   /* there may be one: ask again */
    int64_t     due_us; /* when the next is due; 0: there is none */
} OutboxTurn;

typedef struct OutboxWrite {
    uint32_t             practice;
    const OutboxMessage *messages;
    size_t               count;
    OutboxTurn          *turn;
} OutboxWrite;

/* Puts messages in, by themselves; with a change, they go into Write.outbox. FAIL_VALUE: an address, a
 * subject or a name that cannot be one, or too much; then nothing is stored. */
Fail outbox_put(Call *c, Store *s, uint32_t practice, const OutboxMessage *messages,
                size_t count) MUST_USE;

/* Whether messages can be put in: what outbox_put() looks at. */
Fail outbox_check(Call *c, const OutboxMessage *messages, size_t count) MUST_USE;

/* Whether a text can be an e-mail address, or a phone number in the form that the channel wants. */
bool outbox_address_fits(OutboxChannel channel, Str address);

/* One message as it lies there. */
typedef struct OutboxRow {
    uint64_t      number;
    uint32_t      practice;
    OutboxMessage message; /* what it says is empty once it has come to its end */
    OutboxState   state;
    int64_t       made_us, ended_us;
    uint32_t      tries;
    uint32_t
        again; /* so often it went out, or not, when Hale was broken off: it was sent again */
    Str answer;
} OutboxRow;

/* For the sending thread and the owner of the folder. FAIL_NOT_FOUND. */
Fail store_outbox_read(Call *c, Session *s, uint64_t number, OutboxRow *out) MUST_USE;

/* The log of deliveries, the newest first, without what the messages say: those before that number
 * (0: from the newest), at most so many; of that practice. */
Fail store_outbox_list(Call *c, Session *s, uint32_t practice, uint64_t before, uint32_t most,
                       OutboxRow **out, size_t *count) MUST_USE;

/* Up to which moment reminders were worked out (practice/reminder.h); 0: never. */
Fail store_outbox_seen(Call *c, Session *s, int64_t *at_us) MUST_USE;
Fail store_outbox_see(Call *c, Store *s, int64_t at_us) MUST_USE;

/* Calls waker(context) whenever messages were put in, on the writer's thread; NULL: nobody. */
void outbox_on_put(void (*waker)(void *context), void *context);

#endif
