/* Text that runs over pages: notes and charts on paper. Knows nothing of what it says. */
#ifndef PRACTICE_PAPER_FLOW_H
#define PRACTICE_PAPER_FLOW_H

#include "base/call.h"

typedef enum FlowKind {
    FLOW_TITLE,
    FLOW_HEADING,
    FLOW_PAIR, /* a label and what belongs to it */
    FLOW_SMALL,
    FLOW_RULE,
} FlowKind;

typedef struct FlowLine {
    uint8_t kind;  /* FlowKind */
    uint8_t depth; /* how far it is set in */
    Str     label, text;
} FlowLine;

typedef struct Flow {
    Str       foot;  /* on each page, the page's number behind it */
    Str       stamp; /* across each page; empty: nothing */
    FlowLine *lines;
    size_t    count, room;
} Flow;

/* Adds a line; its texts must outlive the drawing. */
void flow_put(Call *c, Flow *flow, FlowKind kind, uint32_t depth, Str label, Str text);

/* The PDF, with the part of its fonts that it needs. FAIL_SYSTEM: it cannot be drawn. */
Fail flow_draw(Call *c, const Flow *flow, Str *pdf) MUST_USE;

#endif
