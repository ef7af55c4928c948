/* The states of a regular expression, between the two files that make and run them. */
#ifndef FHIR_FHIRPATH_PATTERN_H
#define FHIR_FHIRPATH_PATTERN_H

#include "fhir/fhirpath_machine.h"

typedef enum PatternOp {
    PATTERN_CHARACTER,
    PATTERN_ANY,
    PATTERN_CLASS,
    PATTERN_SPLIT, /* first to `x`, then to `y`: relative, as is PATTERN_GO's `x` */
    PATTERN_GO,
    PATTERN_SAVE,
    PATTERN_BEGIN,
    PATTERN_END,
    PATTERN_WORD_EDGE,
    PATTERN_MATCH,
} PatternOp;

typedef struct Range {
    uint32_t from, to;
} Range;

typedef struct Class {
    Range   *ranges;
    uint32_t count, room;
    bool     negated;
} Class;

typedef struct State {
    uint8_t  op;
    bool     open; /* PATTERN_GO: waits for the end of its group */
    bool     negated;
    uint32_t character;
    int32_t  x, y;
    const Class *class;
} State;

struct PathPattern {
    const State *states;
    uint32_t     count;
    bool         whole;
};

/* The next character of valid UTF-8, taken from the front of *s. */
uint32_t path_pattern_character(Str *s);

#endif
