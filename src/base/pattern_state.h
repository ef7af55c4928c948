/* The states of a regular expression, between the two files that make and run them. */
#ifndef BASE_PATTERN_STATE_H
#define BASE_PATTERN_STATE_H

#include "base/pattern.h"

typedef enum PatternOp {
    PATTERN_CHARACTER,
    PATTERN_ANY,
    PATTERN_CLASS,
    PATTERN_SPLIT, /* first to `x`, then to `y`: relative, as is PATTERN_GO's `x` */
    PATTERN_GO,
    PATTERN_SAVE, /* its place is kept as number `x` */
    PATTERN_BEGIN,
    PATTERN_END,
    PATTERN_WORD_EDGE,
    PATTERN_MATCH,
} PatternOp;

typedef struct PatternRange {
    uint32_t from, to;
} PatternRange;

typedef struct PatternClass {
    PatternRange *ranges;
    uint32_t      count, room;
} PatternClass;

typedef struct PatternState {
    uint8_t  op;
    bool     open; /* PATTERN_GO: waits for the end of its group */
    bool     negated;
    uint32_t character;
    int32_t  x, y;
    const PatternClass *class;
} PatternState;

struct Pattern {
    const PatternState *states;
    uint32_t            count;
};

/* The next character, taken from the front of *s; what is not UTF-8 counts byte by byte. */
uint32_t pattern_character(Str *s);

#endif
