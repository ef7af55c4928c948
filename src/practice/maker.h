/*
 * Making invented records: reproducible chance, ids, times and JSON text. The same seed and
 * patient number always give the same bytes, on any machine: whole numbers only, no library
 * randomness, no clock.
 */
#ifndef PRACTICE_MAKER_H
#define PRACTICE_MAKER_H

#include "base/buf.h"
#include "practice/synthetic.h"

enum { MADE_ID_CHARS = 36 };

typedef struct MadeId {
    char text[MADE_ID_CHARS + 1];
} MadeId;

/* A code with the words people use for it, from the tables of vocabulary.h. */
typedef struct Term {
    const char *code;
    const char *display;
} Term;

typedef struct Maker {
    const SyntheticOptions *options;
    Arena                  *arena;
    uint32_t                patient; /* 0: what all patients share */
    uint64_t                chance;
    uint64_t                made; /* ids drawn so far */
    SyntheticEach          *each;
    void                   *context;
    Buf                     text; /* the resource being written */
    const char             *type;
    MadeId                  id;
    const char             *if_none_exist; /* of the resource being written, or NULL */
    ArenaMark               mark;          /* where its memory began */
} Maker;

Maker maker_new(Arena *arena, const SyntheticOptions *options, uint32_t patient,
                SyntheticEach *each, void *context);

/* A number from 0 up to but not including n. Never two draws in one list of arguments: their
 * order is the compiler's choice, and the record would be too. */
uint32_t maker_below(Maker *m, uint32_t n);

/* The same, small numbers far more often than large ones: as few codes make up most of a
 * real record. */
uint32_t maker_skewed(Maker *m, uint32_t n);

/* True so many times in a thousand. */
bool maker_permille(Maker *m, uint32_t permille);

/* How often something with a mean of permille/1000 happens this time. */
uint32_t maker_times(Maker *m, uint32_t permille);

/* low, or up to `span` - 1 more. */
uint32_t maker_between(Maker *m, uint32_t low, uint32_t span);

#define MAKER_PICK(m, table) (&(table)[maker_below((m), COUNT(table))])
#define MAKER_PICK_SKEWED(m, table) (&(table)[maker_skewed((m), COUNT(table))])

/* The next id of this patient. */
MadeId maker_id(Maker *m);

/* The id number `n` of any patient: how records refer to what all share. */
MadeId maker_id_of(const SyntheticOptions *options, uint32_t patient, uint64_t n);

/* "Patient/…", or "urn:uuid:…" where the text is for a transaction Bundle. On the arena. */
const char *maker_reference(Maker *m, const char *type, const MadeId *id);

enum { DAY_SECONDS = 24 * 60 * 60 };

/* Seconds since 1970 as "2024-05-06T07:08:09Z"; days since 1970 as "2024-05-06". On the
 * arena. */
const char *maker_time(Maker *m, int64_t seconds);
const char *maker_date(Maker *m, int64_t days);

/* Starts a resource: writes {"resourceType":…,"id":…. What is put on the arena from here to
 * maker_end() goes then. */
void maker_begin(Maker *m, const char *type, MadeId id);

/* Adds to the resource. Every ' in the result becomes ", so that JSON is readable here;
 * words therefore have typographic apostrophes. */
void maker_put(Maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ,"key":{"coding":[{…}],"text":…} */
void maker_put_concept(Maker *m, const char *key, const char *system, const Term *term);

/* ,"key":"base64…" */
void maker_put_base64(Maker *m, const char *key, Str bytes);

/* ,"text":{"status":"generated","div":…} with the sentence in it. */
void maker_put_narrative(Maker *m, const char *sentence);

/* Ends the resource and hands it over. */
void maker_end(Maker *m);

#endif
