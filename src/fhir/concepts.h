/*
 * A code system made compact: every concept has a number, its codes are sorted, what lies beneath
 * it is a few spans of numbers. An image is one run of bytes without pointers, made once
 * (concepts_make.h) and read where it lies: in memory, or mapped from a file. Looking a code up
 * takes a binary search, "is it a kind of" another; nothing is ever unfolded.
 *
 * Concepts are numbered in the order of a walk from the roots down, so that a tree's branch is one
 * span. Where a concept has several parents, the spans of what is reached on other ways are added.
 */
#ifndef FHIR_CONCEPTS_H
#define FHIR_CONCEPTS_H

#include "base/call.h"

typedef struct ConceptText {
    uint32_t at, len;
} ConceptText;

enum ConceptFlag {
    CONCEPT_ABSTRACT = 1, /* a group, not to be chosen by itself (notSelectable) */
    CONCEPT_INACTIVE = 2, /* retired, deprecated past its date, or said to be inactive */
    CONCEPT_DEPRECATED = 4,
};

/* The row of a concept; lists end where those of the next row begin. */
typedef struct ConceptRow {
    ConceptText code, display, definition;
    uint32_t    detail_first, span_first, parent_first;
    uint32_t    above; /* number + 1 of the parent it was reached from, 0 for a root */
    uint32_t    flags;
} ConceptRow;

/* Numbers from..to, both included. */
typedef struct ConceptSpan {
    uint32_t from, to;
} ConceptSpan;

typedef enum ConceptValue {
    CONCEPT_VALUE_NONE,
    CONCEPT_VALUE_CODE,
    CONCEPT_VALUE_STRING,
    CONCEPT_VALUE_INTEGER,
    CONCEPT_VALUE_BOOLEAN,
    CONCEPT_VALUE_DATE_TIME,
    CONCEPT_VALUE_DECIMAL,
    CONCEPT_VALUE_CODING, /* `value` is its code */
    CONCEPT_VALUES
} ConceptValue;

/* A property, or (CONCEPT_VALUE_NONE) a designation. */
typedef struct ConceptDetailRow {
    uint32_t    kind; /* ConceptValue */
    ConceptText name; /* the property's code; a designation's language */
    ConceptText value;
    ConceptText system; /* of a Coding, or of the designation's use … */
    ConceptText use;    /* … its code … */
    ConceptText shown;  /* … and its display, or that of a Coding */
} ConceptDetailRow;

typedef struct Concepts {
    Str                     image;
    uint32_t                count;
    bool                    folds; /* codes are compared without ASCII case */
    uint32_t                detail_count, span_count, parent_count;
    const ConceptRow       *rows; /* count + 1 of them */
    const uint32_t         *by_code;
    const uint32_t         *parents;
    const ConceptSpan      *spans;
    const ConceptDetailRow *details;
    Str                     text;
} Concepts;

enum { CONCEPT_NONE = UINT32_MAX };

/* The header of an image. Sizes are counts; what they count follows in this order. */
typedef struct ConceptsHeader {
    char     magic[8];
    uint32_t format, folds;
    uint32_t count, parent_count, span_count, detail_count;
    uint64_t text_bytes;
} ConceptsHeader;

#define CONCEPTS_MAGIC "HALECON"
enum { CONCEPTS_FORMAT = 1 };

/* Reads an image where it lies; it must be aligned for 8 bytes and outlive `out`. FAIL_SYNTAX: it is
 * none, of another format, or cut off. What is wrong inside gives wrong answers, never a crash. */
Fail concepts_open(Call *c, Str image, Concepts *out) MUST_USE;

/* The number of a code, or CONCEPT_NONE. Where case does not count, the code as written is
 * preferred. */
uint32_t concepts_find(const Concepts *s, Str code);

Str      concepts_code(const Concepts *s, uint32_t concept);
Str      concepts_display(const Concepts *s, uint32_t concept);
Str      concepts_definition(const Concepts *s, uint32_t concept);
uint32_t concepts_flags(const Concepts *s, uint32_t concept);

/* Whether `concept` is `of`, or lies beneath it. */
bool concepts_is_a(const Concepts *s, uint32_t concept, uint32_t of);

/* The spans of what lies beneath a concept, itself included. */
const ConceptSpan *concepts_spans(const Concepts *s, uint32_t concept, uint32_t *count);

/* Its direct parents. */
const uint32_t *concepts_parents(const Concepts *s, uint32_t concept, uint32_t *count);

/* Whether it lies directly beneath `parent`. */
bool concepts_is_child(const Concepts *s, uint32_t concept, uint32_t parent);

/* The parent it is shown beneath, or CONCEPT_NONE. */
uint32_t concepts_above(const Concepts *s, uint32_t concept);

typedef struct ConceptDetail {
    ConceptValue kind;
    Str          name, value, system, use, shown;
} ConceptDetail;

/* How many properties and designations a concept has, and one of them, from 0. */
uint32_t      concepts_detail_count(const Concepts *s, uint32_t concept);
ConceptDetail concepts_detail(const Concepts *s, uint32_t concept, uint32_t number);

/* The value of its first property of that name, or an empty text with a NULL pointer. */
Str concepts_property(const Concepts *s, uint32_t concept, Str name);

#endif
