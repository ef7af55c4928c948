/* The writer's side of the outbox: see outbox.h. On the writer's thread. */
#ifndef STORE_OUTBOX_WRITE_H
#define STORE_OUTBOX_WRITE_H

#include "store/outbox.h"
#include "store/writer.h"

/* Puts messages in and carries out a turn, behind the changes of the same write. */
Fail outbox_apply(Call *c, Writer *w, const OutboxWrite *outbox) MUST_USE;

/* After a commit. */
void outbox_committed(const OutboxWrite *outbox);

#endif
