/*
 * The parts of an import in bulk. Resources are gathered into runs; a run's rows are sorted table
 * by table and written in one transaction, so that a page is written once for a run instead of
 * once for every few resources, however large the tables have grown.
 */
#ifndef STORE_BULK_H
#define STORE_BULK_H

#include "store/index_sql.h"
#include "store/names.h"
#include "store/version.h"
#include "store/writer.h"

enum {
    RUN_BYTES = 44 * 1024 * 1024, /* twice, and what is beside them: LIMIT_IMPORT_BYTES */
    NO_ITEM = 0,                  /* items count from 1 */
};

/* What of an item's index rows goes into the tables. */
typedef enum Keep { KEEP_ALL, KEEP_COMPARTMENTS, KEEP_NONE } Keep;

typedef struct RunItem {
    uint32_t name;       /* of the resource */
    uint32_t prior_item; /* its version before, if that is of the same run */
    uint8_t  keep;       /* Keep: less when a later item of the run replaced it */
    uint8_t  method;
    bool     newest; /* of its resource, at the end of the run */
    bool     raw;    /* the body is not compressed yet */
    bool     before_deleted;
    uint32_t dictionary;
    Str      body;
    Str      patients; /* as its column keeps them */
    uint64_t version;
    int64_t  at_us;      /* 0: now */
    uint64_t before_seq; /* its version before, if that is in the database */
    uint64_t seq;        /* given when it is written */
} RunItem;

/* A row is put, or taken out again because it belongs to a version in the database: at once, or
 * (the compartments of what is deleted) only if the deletion is itself replaced in the run. */
typedef enum RowDeed { ROW_PUT, ROW_REMOVE, ROW_REMOVE_IF_REPLACED } RowDeed;

/* What few quantities have beside their value and unit. */
typedef struct RunReach {
    double   below, above;
    uint32_t word; /* the unit's text */
} RunReach;

/* An index row, names still by their numbers in the run. There are a dozen for each item. */
typedef struct RunRow {
    uint8_t  kind;  /* RowKind */
    uint8_t  deed;  /* RowDeed */
    uint16_t param; /* number in the database */
    uint32_t item;
    uint32_t name; /* token | system | target | unit | patient | … */
    uint32_t key;  /* the code it is kept under, if it is */
    union {
        struct {
            int64_t low, span;
        } date;
        struct {
            double          value;
            const RunReach *reach; /* NULL: nothing of that */
        } number;
        struct {
            const char *at; /* identifier, string: text, and behind it as written */
            uint16_t    text_len, exact_len;
        } text;
    };
} RunRow;
_Static_assert(sizeof(RunRow) == 32, "no room is lost in what there is most of");

typedef struct Run {
    Arena   *arena;
    Names    resources, tokens;
    RunItem *items; /* from 1 */
    uint32_t item_count, item_room;
    RunRow **blocks; /* of rows, ROWS_IN_BLOCK in each: they never move */
    size_t   row_count, block_room;
    Arena   *bodies;     /* of these and their patients; NULL when they are written */
    Arena   *raw;        /* bodies that are not compressed yet; NULL: none */
    uint64_t oldest_set; /* of the sets of parameters that rows were derived for */
} Run;

enum { ROWS_IN_BLOCK = 1 << 14 };

static inline RunRow *run_row(const Run *r, size_t number)
{
    return &r->blocks[number / ROWS_IN_BLOCK][number % ROWS_IN_BLOCK];
}

Run *run_new(void);
void run_release(Run *r);

/* Gives the room of bodies back that are in their table. */
void run_drop_bodies(Run *r);

size_t run_bytes(const Run *r);

/* Bodies that come before there is a dictionary: kept apart until they are compressed. */
Str    run_keep_raw(Run *r, Str body);
void   run_compress(Run *r, Bodies *bodies, Arena *scratch);
size_t run_raw_bytes(const Run *r);

/* Adds a row under the item. */
void run_add_row(Run *r, const Store *s, uint32_t item, TypeId type, const IndexRow *row,
                 RowDeed deed);

/* Adds a row as it stands. */
void run_add_plain(Run *r, RunRow row);

/* For writer_run(). */
typedef struct RunWriting {
    const Permit *permit;
    Run          *run;
} RunWriting;

/* A row laid out for sorting: what is compared stands beside what it is of. */
typedef struct SortedRow {
    const RunRow *row;
    int64_t       param;         /* with the code it is kept under */
    uint64_t      first, second; /* the key's beginning, as numbers that sort like it */
    uint64_t      rid : 48, kind : 8, deed : 8;
} SortedRow;

/* The rows that count, in the order in which they are best written: those to be taken out first,
 * then table by table in the order of its key. Names must have their numbers. */
typedef struct RunOrder {
    uint32_t *rows;  /* their numbers, group after group … */
    uint32_t *begin; /* … where each begins … */
    size_t    group; /* … and the next one to be given */
} RunOrder;

RunOrder run_order(const Run *r);

/* The next group of them, sorted, on the arena. False if there is none. */
bool run_order_next(const Run *r, RunOrder *o, Arena *a, const SortedRow **rows, size_t *count);

/* A row's key, names by their numbers in the database. */
IndexKey run_key(const Run *r, const SortedRow *row);

/* Whose row it is. */
static inline const Name *run_owner(const Run *r, uint32_t item)
{
    return name_at(&r->resources, r->items[item].name);
}

Fail run_write(Call *c, Writer *w, void *writing) MUST_USE;

#endif
