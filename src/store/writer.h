/*
 * The writer: one thread, the only one that changes the database and the only one that copies the
 * log into it. It takes all that waits, makes it durable with one sync, and answers then.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "store/index_sql.h"

/* What the writer's own files work with; theirs alone. */
struct Writer {
    Store   *store;
    Db      *db;
    Scope   *scope; /* of a condition being looked at again */
    Intern  *intern;
    Call     call;  /* for the batch being made */
    uint64_t seq;   /* of the newest version */
    int64_t  at_us; /* and its time: the next is later */
    uint64_t place; /* of the next audit record */
};

/* Starts the thread on a connection, which it takes over on success. */
Fail writer_start(Call *c, Store *s, Db *db, Writer **out) MUST_USE;

/* Finishes what waits, copies the log, and ends the thread. */
void writer_stop(Writer *w);

/* Work in a transaction of its own on the writer's thread: on OK it is durable. `data` says that
 * readers must see it. It may run twice, so it must leave what it was given as it was, and
 * nothing on the caller's arena. */
typedef Fail WriterJob(Call *c, Writer *w, void *context);

Fail writer_run(Call *c, Store *s, WriterJob *job, void *context, bool data) MUST_USE;

typedef struct WriterFacts {
    uint64_t commits, changes, batch_max, queue_length, checkpoints;
    bool     disk_full;
} WriterFacts;

WriterFacts writer_facts(Writer *w);

#endif
