/*
 * What the writer's thread is made of: for writer.c, which takes what waits, and
 * writer_batch.c, which makes a transaction of it.
 */
#ifndef STORE_WRITER_THREAD_H
#define STORE_WRITER_THREAD_H

#include <semaphore.h>

#include "base/queue.h"
#include "store/change.h"
#include "store/writer.h"

enum {
    ITEM_BYTES = 512,
    ITEM_TEXT_BYTES = 240,
    ITEM_WHERE_BYTES = 64,
};

typedef enum ItemKind { ITEM_WRITE, ITEM_AUDIT, ITEM_JOB, ITEM_STOP } ItemKind;

/* What waits for the writer. A caller that blocks keeps it on its stack; others take it from a
 * pool. */
typedef struct Item Item;
struct Item {
    ItemKind         kind;
    const Call      *call;
    Write           *write;
    const ReadyBody *bodies;
    WriterJob       *job;
    bool             data;    /* readers must see what the job did */
    void            *context; /* of job and done */
    void (*done)(void *context, Fail result);
    sem_t  waiting;
    Fail   result;
    char   text[ITEM_TEXT_BYTES];   /* why, for the caller to note … */
    char   where[ITEM_WHERE_BYTES]; /* … and the expression of where, or empty */
    Item  *next;
    Arena *arena;   /* for records that do not fit below */
    char  *records; /* encoded audit records */
    size_t records_len, record_count;
    char   bytes[ITEM_BYTES];
};

/* The parts nobody else sees stand behind the public part. */
typedef struct WriterThread {
    Writer           w;
    Queue           *queue;
    pthread_t        thread;
    Arena           *arena;   /* as long as the writer */
    Arena           *records; /* of one batch */
    pthread_mutex_t  pool_lock;
    Item            *pool;
    uint64_t         reserve_looked_ms;
    int              log_copied;    /* pages in the log when it was copied last */
    size_t           audits_before; /* in the batch before */
    _Atomic uint64_t commits, changes, batch_max, checkpoints;
    atomic_bool      disk_full;
} WriterThread;

/* One transaction for all. False if it was taken back: then nothing of it was stored. */
bool batch_try(WriterThread *t, Item **items, size_t count);

#endif
