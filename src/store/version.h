/* Single versions: the text put together, and looked up on any connection. */
#ifndef STORE_VERSION_H
#define STORE_VERSION_H

#include "fhir/words.h"
#include "store/state.h"

/* The columns of a version, in the order of VERSION_COLUMNS. */
typedef struct VersionRow {
    Version  version; /* the body only where it was asked for */
    int64_t  rid;
    uint64_t prior_seq;
} VersionRow;

/* For statements that give versions; v is the name of the table or view there. */
#define VERSION_COLUMNS                                                                         \
    "v.seq, v.type, v.id, v.rid, v.version, v.prior_seq, v.at, v.method, v.dictionary, v.body," \
    " v.patients"

/* Takes the row a statement stands on. The text is made on the call's arena. */
Fail version_take(Call *c, Bodies *bodies, Statement *s, bool with_body,
                  VersionRow *out) MUST_USE;

/* The version at that place in the log, through the views; *found false if there is none there
 * for the permit. */
Fail version_at(Call *c, Db *db, Bodies *bodies, View view, uint64_t seq, bool with_body,
                VersionRow *out, bool *found) MUST_USE;

/* The same on the writer's connection, whoever may see it. It must be there. */
Fail version_load(Call *c, const Store *store, Db *db, uint64_t seq, bool with_body,
                  VersionRow *out) MUST_USE;

/* Where the log ends, and when that was; 0 if it is empty. On the writer's connection. */
Fail version_newest(Call *c, Db *db, uint64_t *seq, int64_t *at_us) MUST_USE;

/* What a resource is now: the place of its newest version, 0 if there is none to be seen. */
typedef struct Standing {
    int64_t  rid;
    uint64_t seq;
    bool     deleted;
} Standing;

Fail version_standing(Call *c, Db *db, View view, TypeId type, Str id, Standing *out) MUST_USE;

/* Makes what goes out of a version: its text without what the permit hides. Nothing that the store gives
 * to others has a body that was not made here. `now`: it is how the resource stands; of what it was before
 * all is hidden that may be hidden in one of its type. */
Fail version_show(Call *c, const Store *s, const Permit *permit, bool now,
                  Version *version) MUST_USE;

/* The index rows of a stored version, derived again from its text. Of a deleted one: none. */
Fail version_rows(Call *c, const Store *s, const Version *version, IndexRows *out) MUST_USE;

/* Its words. */
Fail version_words(Call *c, const Version *version, ResourceWords *out) MUST_USE;

/* Whose record a resource with these rows is in, as the column `patients` keeps it. */
Str version_patients_column(Arena *a, const IndexRows *rows);

/* Keeps only whose record it is in: what stays in the tables of one that was deleted. */
void rows_keep_compartments(IndexRows *rows);

/* Whether the permit shows that version by itself: a patient's reader sees it if it was in that
 * patient's record, whoever's record the resource is in now; and the permit's rows must fit it. */
Fail version_visible(Call *c, const Store *s, const Permit *permit, const Version *version,
                     bool *visible) MUST_USE;

/* The same of what is there now, which the views have shown: only the rows are asked again. */
Fail version_current_visible(Call *c, const Db *db, const Store *s, const Permit *permit,
                             const Version *version, bool *visible) MUST_USE;

#endif
