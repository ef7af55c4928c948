/*
 * What resource.c and resource_check.c share while a resource is read; nobody else includes it.
 * resource.c lays the tree out, resource_check.c judges values and what must stand together.
 */
#ifndef FHIR_RESOURCE_CHECK_H
#define FHIR_RESOURCE_CHECK_H

#include "base/limits.h"
#include "fhir/resource.h"

enum { SEEN_WORDS = 4 }; /* no structure has more elements than bits in these */

/* An object whose members are being read. */
typedef struct Frame {
    uint32_t       node;
    TypeId         type;     /* whose elements its members are */
    bool           resource; /* "resourceType" is one of its members */
    bool           contained;
    bool           padded;      /* some item of an array of primitives came as null */
    uint32_t       member, end; /* the next member and what is behind the last */
    uint32_t       last;        /* its last node so far, or 0 */
    const Element *element;     /* of the array being read … */
    bool           extra;       /* … which is the `_name` one … */
    uint32_t item, item_end;    /* … its next item, and what is behind; 0 if there is none */
    uint32_t item_number;
    uint32_t pair;             /* the node that `name` or `_name` made already, or 0 */
    uint32_t locals_from;      /* where its own references to contained resources begin */
    uint64_t seen[SEEN_WORDS]; /* elements by order; a choice by its first row's */
} Frame;

typedef struct Reader {
    Call              *call;
    const ReadOptions *options;
    Tree               tree;
    bool      conditional; /* references may be searches: the Bundle is to be carried out */
    bool      full;        /* as many faults as are told: no need to go on */
    uint32_t  faults, warnings;
    Fail      result;
    uint32_t *locals; /* nodes of references to contained resources, to be looked up */
    uint32_t  local_count, local_room;
    uint32_t  depth;
    Frame     frames[LIMIT_JSON_DEPTH];
} Reader;

/* Notes a fault at a byte of the source and at the FHIRPath `where`. */
void reader_fault(Reader *r, Fail kind, uint32_t at, Str where, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* "Patient.name[1]" for what is being read in the frame, `e` being one of its elements. */
Str reader_where(Reader *r, const Frame *f, const Element *e);

/* The value of a primitive: its kind of JSON is right already. */
void check_value(Reader *r, const Frame *f, const Element *e, const JsonValue *v);

/* What can be said when an object has been read to its end. */
void check_object(Reader *r, const Frame *f);

/* The bit that stands for an element in Frame.seen. */
uint16_t check_bit(TypeId type, const Element *e);

/* To be called before the others. */
void check_prepare(void);

#endif
