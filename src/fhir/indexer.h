/*
 * What the indexers share: one for each type of search parameter, called by index_derive() for
 * each node that a parameter's expression leads to. Only index*.c and search.c look at this.
 */
#ifndef FHIR_INDEXER_H
#define FHIR_INDEXER_H

#include "fhir/index.h"

typedef struct Indexing {
    Arena          *arena;
    const Resource *resource;
    Str             base;
    IndexRow       *rows;
    uint32_t        count, room;
} Indexing;

typedef void Indexer(Indexing *x, const SearchParam *param, uint32_t node);

/* A new row, empty but for kind and parameter. */
IndexRow *indexing_add(Indexing *x, RowKind kind, uint16_t param);

/* A row with system and text; none if there is no text. */
void indexing_add_text(Indexing *x, RowKind kind, uint16_t param, Str system, Str text);

/* Marks the row added last as one that is found only together with that code. */
void indexing_key(Indexing *x, Str system, Str code);

Indexer index_token, index_reference, index_date, index_string, index_number, index_quantity,
    index_uri, index_composite, index_position;

/* The indexer of that type. */
void indexing_run(Indexing *x, SearchType type, const SearchParam *param, uint32_t node);

/* Visits every node that a trail beginning at `from` emits, and what it is emitted for. */
typedef struct Trail Trail;
typedef void         TrailVisit(Indexing *x, void *context, uint16_t index, uint32_t node);
void indexing_walk(Indexing *x, const Trail *trail, uint32_t from, uint16_t place,
                   TrailVisit *visit, void *context);

/* Whom an Appointment keeps busy: see index_key_busy(). */
void index_busy(Indexing *x);

/* The code of a label: like a token, without a parameter. */
void index_label(Indexing *x, uint32_t node);

/* A decimal as the interval its digits mean: "100" is 99.5 up to 100.5, "1.00" is 0.995 up to
 * 1.005 (SRCH-01). False if it is not a number. */
typedef struct Interval {
    double value, low, high;
} Interval;

bool interval_parse(Str digits, Interval *out);

#endif
