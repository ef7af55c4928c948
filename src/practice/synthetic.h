/*
 * Invented patients, for demonstration and measurement. Nobody in them exists. Every resource
 * is valid R4 and every reference leads to another of them. A record is a pure function of
 * options and patient number, so records can be made in any order and by several threads.
 */
#ifndef PRACTICE_SYNTHETIC_H
#define PRACTICE_SYNTHETIC_H

#include "base/arena.h"

typedef enum SyntheticShape {
    SYNTHETIC_LOAD,     /* life-long records of about a thousand resources, few of twenty
                           thousand: for measuring */
    SYNTHETIC_PRACTICE, /* some months of visits to a small practice: for the demonstration */
    SYNTHETIC_SHAPES
} SyntheticShape;

typedef struct SyntheticOptions {
    uint64_t       seed;
    SyntheticShape shape;
    bool           bundled; /* references as a transaction Bundle has them */
    int64_t        today;   /* days since 1970-01-01: records end here, except appointments */
} SyntheticOptions;

enum {
    SYNTHETIC_SEED = 1,
    SYNTHETIC_TODAY = 20269, /* 2025-06-30 */
};

typedef struct SyntheticResource {
    Str type;
    Str id;
    Str text;          /* compact JSON */
    Str if_none_exist; /* criteria by which a Bundle should look for it first, or empty */
} SyntheticResource;

/* What it is given lasts until it returns. */
typedef void SyntheticEach(void *context, const SyntheticResource *resource);

/* Makes the record of patient `number` (from 1), or with 0 what all patients share: places
 * and people. That must be stored first where references are checked. */
void synthetic_record(Arena *a, const SyntheticOptions *options, uint32_t number,
                      SyntheticEach *each, void *context);

/* The same as one transaction Bundle; options->bundled must be set. */
Str synthetic_bundle(Arena *a, const SyntheticOptions *options, uint32_t number);

#endif
