/*
 * What was asked of Hale in a crash test and what it answered, kept where no crash reaches it
 * (memory shared with the children), and the comparison of it with a store that was opened
 * again: nothing that was acknowledged is missing, nothing is half there, nothing is there that
 * nobody asked for, versions follow one another, and each has its audit record.
 *
 * Every resource carries a mark in its first identifier, "operation.change.changes", so the
 * store itself tells what belongs together; and its text can be made again from the mark.
 */
#ifndef TEST_CRASH_DIARY_H
#define TEST_CRASH_DIARY_H

#include "store/store.h"

enum { DIARY_CHANGES_MAX = 6, DIARY_ID_MAX = 40 };

typedef enum OperationState {
    OPERATION_ASKED,   /* no answer yet, or one that leaves it open: all or nothing is there */
    OPERATION_DONE,    /* acknowledged: it is there */
    OPERATION_REFUSED, /* it is not */
} OperationState;

typedef struct DiaryChange {
    bool     deletes;
    bool     observation;      /* else a Patient */
    uint32_t version;          /* that it makes; 0 if not known beforehand */
    char     id[DIARY_ID_MAX]; /* empty if the server gives it */
} DiaryChange;

typedef struct Operation {
    uint8_t     state;        /* OperationState */
    uint8_t     change_count; /* 0: a read, of which only the audit record stays */
    bool        imported; /* then there is one audit record for all that was imported with it */
    size_t      done_at;  /* event of the recording before which it was acknowledged */
    uint64_t    text_seed; /* what its texts are made of */
    DiaryChange changes[DIARY_CHANGES_MAX];
} Operation;

typedef struct Diary Diary;

Diary *diary_new(uint32_t room);
void   diary_free(Diary *l);

/* A new operation, of number 1 and up; NULL when there is no room. Any thread. */
Operation *diary_begin(Diary *l, uint32_t *number);
uint32_t   diary_count(const Diary *l);
Operation *diary_at(Diary *l, uint32_t number);

/* Notes the answer; `now` is the recording's event, 0 where there is none. */
void diary_end(Operation *o, OperationState state, size_t now);

/* A copy as of event `point`: what was acknowledged by then is so from the beginning, the
 * outcome of the rest is open. With room for more. */
Diary *diary_as_of(Diary *l, size_t point, uint32_t more);

/* The id an operation sends along, so that its audit record can be told: "op-7". */
void diary_request_id(uint32_t number, char out[24]);

/* The resource of a change as it is sent, without an id (which the caller puts in front if the
 * interaction wants one): everything behind the resource type. */
Str diary_text(Arena *a, uint32_t number, const Operation *o, uint32_t change);

typedef struct DiaryReport {
    uint64_t versions, audit_records, operations_done;
    uint64_t faults;
    Str      findings; /* the first few, a line each */
} DiaryReport;

/* Compares the store, which began empty, with the diary as it stood at event `point` of the
 * recording (SIZE_MAX: at the end). */
Fail diary_check(Call *c, Diary *l, Session *s, size_t point, DiaryReport *out) MUST_USE;

#endif
