/* What the files of the import share. Nobody else includes it. */
#ifndef EXCHANGE_IMPORTER_H
#define EXCHANGE_IMPORTER_H

#include <pthread.h>

#include "base/queue.h"
#include "exchange/import.h"
#include "exchange/known.h"

typedef struct Piece Piece;

/* The documents of one file that are put off: see import_late.c. */
typedef struct Late {
    uint8_t *todo; /* a bit for each document, or for each that is held */
    size_t   todo_bytes;
    uint64_t numbers; /* bits in use */
    Piece   *held;    /* of what cannot be read again */
    size_t   held_room, held_bytes;
} Late;

/* One file. */
typedef struct Input {
    const char *path;
    const char *name;      /* as it was given; "standard input" */
    const char *rejected;  /* path of its reject file */
    bool        rejecting; /* that file was begun */
    bool        again;     /* it can be read once more */
    uint64_t    documents; /* met so far */
    Late        late;
} Input;

/* One document on its way. */
struct Piece {
    Input   *input;
    Str      text;
    uint64_t line;
    uint64_t number; /* of one that was put off: its place in input->late */
};

typedef struct Importer {
    Store               *store;
    const ImportOptions *options;
    Permit               permit;
    Bulk                *bulk;
    Known               *known;
    _Atomic uint64_t     waiting; /* resources the store was given since it was last flushed */
    _Atomic uint64_t     taken, unchanged, rejected;
    _Atomic uint64_t     put_off; /* documents that still wait for what they refer to … */
    _Atomic uint64_t     settled; /* … and that did until this round */
    bool                 last_round;

    pthread_mutex_t turn_lock; /* Bundles prepare side by side, but are stored in their order */
    pthread_cond_t  turn_moved;
    uint64_t        turn;

    pthread_mutex_t fault_lock;
    atomic_bool     ended; /* by a failure of the store: nothing more is taken */
    Fail            failure;
    char            failure_text[512];
} Importer;

/* One thread that takes pieces. */
typedef struct Lane {
    Importer *importer;
    Queue    *queue;
    pthread_t thread;
    Call      call;
    Session  *session; /* for looking up conditions; NULL until one is needed */
    uint64_t  ticket;  /* of the Bundle at hand; its turn comes when importer->turn is that */
    bool      has_turn;
    bool      unresolved; /* the piece at hand refers to what is not there, perhaps not yet */
} Lane;

/* ---- import_fault.c ---- */

/* Tells of every issue noted on the call since `since`, and keeps the text. */
void import_reject(Importer *im, const Call *c, uint32_t since, const Piece *piece, Str text);

/* Tells of something about a whole file. */
void import_tell(Importer *im, const char *name, const Call *c);

/* Ends the import because of the store. Returns `result`. */
Fail import_end(Importer *im, const Call *c, Fail result);

/* What is said where the arena's cap was reached: on the arena emptied, for there is no room. */
Fail import_too_costly(Call *c);

/* ---- import_resource.c ---- */

/* A resource ready to be stored. */
typedef struct Prepared {
    TypeId    type;
    Str       id;
    Method    method;
    IndexRows rows;
    Str       remainder;
} Prepared;

/* An id that depends on nothing but the text and the number: a UUID of version 8. */
Str import_derive_id(Arena *a, Str text, uint64_t number);

/* The id it is stored under: an AuditEvent's where it is one of our log's becomes "imported-17". */
Str import_id(Arena *a, TypeId type, Str id);

Fail import_prepare(Lane *l, const Resource *resource, Str id, Method method,
                    Prepared *out) MUST_USE;
Fail import_put(Call *c, Importer *im, const Prepared *prepared) MUST_USE;

/* Takes one resource that stands by itself. */
Fail import_resource(Lane *l, Str text) MUST_USE;

/* What "Type?criteria" means among what is stored and visible: "Type/id", or empty if nothing
 * matches. FAIL_MULTIPLE, FAIL_VALUE. */
Fail import_condition(Lane *l, Str condition, Str *out) MUST_USE;

/* Makes what was imported so far visible to searches. Only while no other thread stores. */
Fail import_flush(Call *c, Importer *im) MUST_USE;

/* ---- import_late.c ---- */

/* Whether a document is a resource with references that are searches. */
bool import_is_late(Str text);

/* Puts a document off. False if too much is held already of what cannot be read again. */
bool import_put_off(Importer *im, Arena *a, Input *input, Str text, uint64_t line);

/* Whether document `number` of the input still waits. */
bool import_waits(const Input *input, uint64_t number);

/* It was stored or rejected. */
void import_settle(Importer *im, const Piece *piece);

/* Takes one, its references replaced by what they mean. Where one means nothing that is there,
 * FAIL_NOT_FOUND, and l->unresolved is set. */
Fail import_late_resource(Lane *l, Str text) MUST_USE;

/* ---- import_bundle.c ---- */

/* Whether a Bundle of that type is unpacked; others are resources like any other. */
bool import_unpacks(Str bundle_type);

/* Takes a Bundle. On failure nothing of it is stored; of what is not a transaction, entries
 * that fail are rejected one by one. */
Fail import_bundle(Lane *l, const Piece *piece) MUST_USE;

/* Waits until all Bundles before this one are stored; import.c lets the next one go. */
void import_take_turn(Lane *l);

/* ---- import_log.c ---- */

/* Takes what `hale export` wrote into a folder: the versions in their order; and, when no bulk
 * is under way any more, the grants and the audit. */
Fail import_export(Call *c, Importer *im, const char *folder) MUST_USE;
Fail import_export_audit(Call *c, Importer *im, const char *folder) MUST_USE;

#endif
