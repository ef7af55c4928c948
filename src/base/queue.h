/*
 * A bounded queue of pointers between threads. Full means "no", never "wait": the caller
 * answers that it is busy. Closing wakes everybody; what is queued is still taken out.
 */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Queue Queue;

Queue *queue_create(size_t room);
void   queue_destroy(Queue *q);

/* False if there is no room or the queue is closed. */
bool queue_put(Queue *q, void *item);

/* Takes the oldest item, waiting up to wait_ms (-1: without end). NULL when the time has
 * passed, or the queue is closed and empty. */
void *queue_take(Queue *q, int wait_ms);

/* Takes up to `most` items at once, waiting like queue_take() for the first; 0 as there NULL. */
size_t queue_take_many(Queue *q, void **items, size_t most, int wait_ms);

void   queue_close(Queue *q);
bool   queue_closed(Queue *q);
size_t queue_length(Queue *q);

#endif
