/* One write applied: checked against what is there, then carried out. On the writer's thread. */
#ifndef STORE_CHANGE_H
#define STORE_CHANGE_H

#include "store/body.h"
#include "store/writer.h"

/* A body that its caller compressed before the writer took the change. */
typedef struct ReadyBody {
    Str      bytes;
    uint32_t dictionary;
} ReadyBody;

/* Checks all conditions and changes, then makes them. *touched is set as soon as rows of a
 * change are written: after that a failure means the transaction must be taken back. The
 * changes' results are filled in. */
Fail change_apply(Call *c, Writer *w, Write *write, const ReadyBody *bodies,
                  bool *touched) MUST_USE;

#endif
