/*
 * What the files of store/ share about an open store and its sessions. Nobody outside this
 * folder includes it.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "store/body.h"
#include "store/driver.h"
#include "store/keyring.h"
#include "store/store.h"

typedef struct Writer Writer;

enum {
    SESSION_CACHE_BYTES = 4 * 1024 * 1024,
    SESSION_CACHE_BYTES_ROOMY = 64 * 1024 * 1024,
    WRITER_CACHE_BYTES = 64 * 1024 * 1024,
    IMPORT_CACHE_BYTES = 16 * 1024 * 1024,
    RUN_ITEMS = 150 * 1000,
    SORTED_AT_ONCE = 2000,
    ID_CHARS_MAX = 64,
    PACKED_ID_MAX = 1 + 1000, /* an address of what is elsewhere is kept whole up to here */
};

typedef enum Training { TRAINING_NONE, TRAINING_NOW, TRAINING_ENDED } Training;

/* What is to be noted of a custom parameter when its set comes into force: see custom.c. */
typedef struct CustomNext {
    uint16_t index;
    uint8_t  percent;
    uint32_t number;
} CustomNext;

typedef struct CustomSet CustomSet;

struct DirectiveSet;

struct Store {
    Arena      *arena; /* lives as long as the store; filled while it opens */
    uint64_t    serial;
    const char *folder;
    const char *path; /* of the database */
    const char *vfs;
    Str         base;
    size_t      run_items;      /* of an import: so many are written together */
    uint32_t    sorted_at_once; /* matches: of more, those near are walked to, if that can be */
    int         lock;
    Keyring     keyring;
    Bodies     *bodies;
    Writer     *writer;
    Scope       writer_scope;
    uint32_t   *param_numbers; /* by SearchParam.index; 0: no rows are kept for it */
    CustomNext *custom_next; /* the writer's, as the two below: room for LIMIT_CUSTOM_PARAMS */
    uint32_t    custom_next_count;
    const CustomSet     *custom_prepared; /* waits for the commit; NULL: none */
    struct SearchCounts *counts;

    pthread_mutex_t      directives_lock; /* over the two below and their holders */
    struct DirectiveSet *directives;
    struct DirectiveSet *directives_next;    /* the writer's: waits for the commit */
    bool                 directives_changed; /* the writer's: in the transaction */
    atomic_bool          directives_any;     /* there is something in them */

    atomic_bool private_any; /* there is, or was, something that is private */

    Str   *views; /* SQL that makes a connection's views */
    size_t view_count;

    _Atomic uint64_t newest_seq;
    _Atomic uint64_t epoch; /* rises with every commit that changes what readers may see */
    atomic_bool      index_stale;
    atomic_bool      times_mixed; /* an import brought times that do not grow with the log */

    pthread_mutex_t trainer_lock; /* held by who starts or joins the trainer of dictionaries */
    pthread_t       trainer;
    atomic_int      training; /* Training */
    uint64_t        trained_at;

    _Atomic uint64_t    words_seq; /* up to here the index of words is complete */
    atomic_bool         words_wanted;
    atomic_bool         following; /* there is a thread that brings it up to date */
    pthread_t           follower;
    struct AuditSigner *signer;
    _Atomic uint64_t    audit_place;  /* of the newest record that is durable … */
    _Atomic uint64_t    audit_signed; /* … and up to where checkpoints are signed */

    atomic_bool importing; /* hale import trains its own */
    atomic_bool closing;

    sem_t     fill_wanted; /* there may be something for the filler: see fill.c */
    pthread_t filler;
    bool      fills;

    pthread_mutex_t sessions_lock;
    Session        *sessions;
};

struct Session {
    Store     *store;
    Db        *db;
    Arena     *arena;
    Scope      scope;
    Session   *next;
    atomic_int held; /* by its user or the writer, who may end the snapshot it keeps */
    bool       snapshot;
    uint64_t   newest;   /* place in the log that the snapshot goes up to */
    uint64_t   epoch;    /* of the snapshot … */
    uint64_t   begun_ms; /* … and when it was taken */
    int64_t    patient;  /* rid found last … */
    uint32_t   practice; /* … for a launch patient, and whose it is */
    char       patient_id[ID_CHARS_MAX + 1];
};

/* Begins work for one call under a permit: a snapshot no older than promised, the scope set. A
 * NULL permit is for the store's own statements. Ends with session_leave(), also on failure. */
Fail session_enter(Call *c, Session *s, const Permit *permit) MUST_USE;
void session_leave(Session *s);

/* Ends the snapshots of sessions that nobody works with, so that the log can begin anew. */
void sessions_rest(Store *s);

/* The writer's connection, with key and scope functions; and a reader's, with views and guarded, which
 * keeps at most so many bytes of pages. */
Fail store_connect_writer(Call *c, Store *s, bool create, Db **out) MUST_USE;
Fail store_connect(Call *c, Store *s, const Scope *scope, size_t cache_bytes,
                   Db **out) MUST_USE;

/* A reader without views that is not guarded: for looking at the file as such. */
Fail store_connect_plain(Call *c, Store *s, const Scope *scope, Db **out) MUST_USE;

/* An id as tables keep it: a canonical UUID as 0x01 and 16 bytes, another as it is. */
typedef struct PackedId {
    size_t len;
    char   bytes[1 + ID_CHARS_MAX];
} PackedId;

PackedId id_pack(Str id);
/* Into `out`, 64 bytes long at most. */
Str      id_unpack(Str packed, char out[ID_CHARS_MAX]);

static inline Str packed_str(const PackedId *p)
{
    return (Str){ p->bytes, p->len };
}

/* Where a statement failed, or could not be prepared. */
#define TRY_STATEMENT(c, db, statement)                                                        \
    do {                                                                                       \
        if (!(statement))                                                                      \
            return db_fail((c), (db));                                                         \
    } while (0)

#endif
