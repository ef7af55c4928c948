/* What the files that compile and run a view share. Nobody else includes it. */
#ifndef FHIR_VIEW_PLAN_H
#define FHIR_VIEW_PLAN_H

#include "fhir/view.h"

typedef enum ViewOp {
    VIEW_EACH, /* goes through what its paths find in focus `from`, one by one, as focus `slot` */
    VIEW_COLUMN, /* the value of a column, from focus `from` */
    VIEW_OR,     /* a branch of unionAll begins; the next one begins at `to` */
    VIEW_GO,     /* … and has ended: on at `to` */
    VIEW_ROW,    /* all columns are there */
} ViewOp;

typedef struct ViewStep {
    uint8_t                   op;
    bool                      or_null; /* VIEW_EACH: once with nothing where there is nothing */
    bool                      repeats; /* … and what is found in what was found */
    uint16_t                  from, slot, column;
    uint32_t                  to;
    const PathProgram *const *paths;
    uint32_t                  path_count;
} ViewStep;

struct ViewPlan {
    TypeId                    type;
    const ViewStep           *steps;
    uint32_t                  step_count, choices; /* VIEW_EACH and VIEW_OR among them */
    const ViewColumn         *columns;
    uint32_t                  column_count;
    uint32_t                  slots;
    const PathProgram *const *conditions;
    uint32_t                  condition_count;
    const PathVariable       *variables; /* [0] is %rowIndex */
    uint32_t                  variable_count;
};

#endif
