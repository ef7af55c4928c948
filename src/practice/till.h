/*
 * The till: what the operations about money share. Each reads what it needs as its caller may see
 * it, works out a transaction and what goes into the ledger with it, and commits both at once;
 * where the ledger has moved on meanwhile it is worked out anew.
 */
#ifndef PRACTICE_TILL_H
#define PRACTICE_TILL_H

#include "interaction/turn.h"
#include "practice/money.h"

#define TILL_VISIT_SYSTEM "urn:hale:visit"   /* of a ChargeItem and an Invoice: whose visit's */
#define TILL_PAYER_URL "urn:hale:payer"      /* extension of a PaymentReconciliation */
#define TILL_INTENT_SYSTEM "urn:hale:intent" /* of identifiers: till_intent() */
#define TILL_METHOD_URL "urn:hale:payment-method"

enum { TILL_LINES_MAX = 64, TILL_ENTRIES_MAX = 128, TILL_SEALS_MAX = 64 };

typedef struct Loaded {
    Version  version;
    Resource resource;
} Loaded;

typedef struct Till {
    Call       *call;
    Session    *session;
    const Turn *turn;
    Resource    params;  /* zeroed where the body is empty */
    Permit      reading; /* of invoices, and of the ledger */
    LedgerState state;
    uint32_t    day; /* 20261122: of the parameter date, or today in UTC */
    Str         date;
    Buf         bundle; /* entries of the transaction */
    size_t      bundled;
    LedgerEntry entries[TILL_ENTRIES_MAX];
    size_t      entry_count;
    LedgerSeal  seals[TILL_SEALS_MAX];
    size_t      seal_count;
    TypeId      result_type; /* what the answer shows when all is done */
    Str         result_id;
    bool        signing; /* no money, but signatures */
} Till;

typedef Fail TillWork(Till *t);

/* Reads the parameters, and nothing of money: for operations that are about something else. */
Fail till_begin(Call *c, Session *s, const Turn *turn, const Str *names, size_t name_count,
                Till *out) MUST_USE;

/* Like till_run(), without the ledger; what is written may sign notes. */
Fail till_run_signing(Call *c, Session *s, const Turn *turn, const Str *names,
                      size_t name_count, TillWork *work, Answer *answer) MUST_USE;

/* Carries out an operation that changes something. `names` are the parameters it knows. */
Fail till_run(Call *c, Session *s, const Turn *turn, const Str *names, size_t name_count,
              TillWork *work, Answer *answer) MUST_USE;

/* For one that only looks. */
Fail till_open(Call *c, Session *s, const Turn *turn, const Str *names, size_t name_count,
               Till *out) MUST_USE;

/* ---- parameters ---- */

/* The first of that name, or the next of the same; 0: none. */
uint32_t till_param(const Till *t, Str name);

/* A part of a parameter. */
uint32_t till_part(const Till *t, uint32_t param, Str name);

/* Its value as text: of a primitive what it says, of a Reference where it leads. */
Str till_value(const Till *t, uint32_t param);
Str till_text(const Till *t, Str name);

/* Its value as money above nothing; FAIL_REQUIRED, FAIL_VALUE naming the parameter. */
Fail till_amount(const Till *t, uint32_t param, Str name, int64_t *cents) MUST_USE;

/* The parameter `intent`: a word of the caller's own for what is meant to happen once; the same word is the same
 * deed, also where the first answer was lost. Empty: none is given. FAIL_VALUE. */
Fail till_intent(const Till *t, Str *out) MUST_USE;

/* Where a parameter stands, for an issue. */
Str till_place(const Till *t, uint32_t param, Str name);

/* ---- the record ---- */

Fail till_read(Till *t, TypeId type, Str id, Loaded *out) MUST_USE;

/* What a reference of that type leads to. FAIL_REQUIRED, naming `where`, if it leads nowhere. */
Fail till_follow(Till *t, Str reference, TypeId type, Str where, Loaded *out) MUST_USE;

/* All that match and the caller may see, at most a thousand. */
Fail till_search(Till *t, TypeId type, Str criteria, Version **out, size_t *count) MUST_USE;

Fail till_parse(Till *t, const Version *version, Loaded *out) MUST_USE;

/* The resource with members put in front of its closing bracket, each beginning with a comma, and
 * with that status; what was written of a member before is left out if `instead` names it. */
Str till_edited(Till *t, const Loaded *loaded, Str status, Str instead, Str members);

/* Entries of the transaction: a resource in place of that version, and a new one. */
void till_put(Till *t, TypeId type, Str id, uint64_t version, Str json);
void till_make(Till *t, TypeId type, Str id, Str json);

/* A new one that is made only if nothing matches. */
void till_post(Till *t, TypeId type, Str full_url, Str if_none_exist, Str json);

Str till_new_id(Till *t);

/* ---- the ledger ---- */

/* An entry, with room for its lines, which the caller fills in. */
LedgerEntry *till_entry(Till *t, LedgerKind kind, Str currency);
void         till_line(Till *t, LedgerEntry *entry, LedgerLine line);
void         till_seal(Till *t, TypeId type, Str id);

/* What an invoice still asks for, and what was asked in all. */
Fail till_open_amount(Till *t, Str invoice, int64_t *open) MUST_USE;

/* ---- writing JSON ---- */

/* `'` stands for a quotation mark; $s: a Str as a JSON string, $r: as it is, $m: cents (int64_t) as a
 * decimal, $u: an unsigned. */
void till_json(Buf *out, const char *format, ...);
Str  till_json_text(Arena *a, const char *format, ...);

#endif
