/*
 * A ViewDefinition (SQL on FHIR v2): rows of a table made of resources. A view is compiled once into
 * steps of a small machine that goes back to its last choice (the next item of a forEach, the next
 * branch of a unionAll) after each row, so a row is all that is held at once. A compiled view is
 * constant; a ViewRun belongs to one call. http://sql-on-fhir.org/ig/StructureDefinition/ViewDefinition
 */
#ifndef FHIR_VIEW_H
#define FHIR_VIEW_H

#include "base/buf.h"
#include "codec/json.h"
#include "fhir/fhirpath.h"

typedef enum ViewKind { /* what the values of a column are */
                        VIEW_TEXT,
                        VIEW_BOOLEAN,
                        VIEW_INTEGER,
                        VIEW_DECIMAL,
                        VIEW_ANY, /* nothing was said */
} ViewKind;

typedef struct ViewColumn {
    Str     name;
    uint8_t kind;       /* ViewKind */
    bool    collection; /* its value is a list */
} ViewColumn;

typedef struct ViewPlan ViewPlan;

/* Compiles the ViewDefinition at `object` of the document into the call's arena. FAIL_SYNTAX,
 * FAIL_REQUIRED, FAIL_VALUE, FAIL_DUPLICATE, FAIL_TOO_COSTLY, each naming the element. */
Fail view_compile(Call *c, const Json *json, uint32_t object, const ViewPlan **out) MUST_USE;

/* The type of resource whose rows it gives. */
TypeId view_type(const ViewPlan *plan);

const ViewColumn *view_columns(const ViewPlan *plan, uint32_t *count);

typedef struct ViewRow {
    const ViewColumn *columns;
    const PathValues *values; /* one for each column; none is null */
    uint32_t          count;
} ViewRow;

/* Takes a row, which lasts until it returns; *enough is set where no further one is wanted. */
typedef Fail ViewTake(void *context, const ViewRow *row, bool *enough);

/* Gives the rows of one resource of view_type() on a call, which is that of the evaluation: what it
 * takes of the arena between rows is given back. FAIL_UNPROCESSABLE: an expression could not be
 * evaluated, or gives what its column cannot hold. */
Fail view_rows(Call *c, const ViewPlan *plan, const Resource *resource, ViewTake *take,
               void *context) MUST_USE;

/* ---- rows as text (view_text.c) ---- */

typedef enum ViewFormat { VIEW_NDJSON, VIEW_JSON, VIEW_CSV, VIEW_FORMATS } ViewFormat;

/* "csv", "text/csv", "application/ndjson" …; VIEW_FORMATS: none of ours. */
ViewFormat view_format_find(Str name);
Str        view_format_media(ViewFormat format);

typedef struct ViewText {
    const ViewPlan *plan;
    ViewFormat      format;
    Buf            *out;      /* on another arena than that of the calls that give rows */
    uint64_t        rows_max; /* 0: all */
    uint64_t        rows;     /* so far */
} ViewText;

/* What stands before the first row (of CSV, if wanted, the names), and behind the last. */
void view_text_begin(ViewText *t, bool header);
void view_text_end(ViewText *t);

/* The rows of a resource as it is stored or sent; none if it is of another type. */
Fail view_text_resource(Call *c, ViewText *t, Str body) MUST_USE;

/* Whether there are as many rows as are wanted. */
bool view_text_full(const ViewText *t);

#endif
