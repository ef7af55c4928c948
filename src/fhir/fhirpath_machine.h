/*
 * What the files of FHIRPath share: steps of a program, the machine that runs them, and how a
 * function takes its arguments and gives its result. Nobody else includes it.
 *
 * The machine has one array of values and a stack of spans in it; the topmost span ends where the
 * array ends. A function finds its focus in a[0] and its arguments behind, and adds its result at
 * the end of the array with path_give(); the machine then moves that to where the focus began.
 */
#ifndef FHIR_FHIRPATH_MACHINE_H
#define FHIR_FHIRPATH_MACHINE_H

#include "base/limits.h"
#include "fhir/fhirpath.h"

typedef struct PathSpan {
    uint32_t from, count;
} PathSpan;

typedef enum PathOp {
    OP_THIS,
    OP_INDEX,
    OP_TOTAL,
    OP_EMPTY,
    OP_CONSTANT,
    OP_VARIABLE,
    OP_NAME,   /* the first of a path: a type's name, or an element of $this */
    OP_MEMBER, /* elements of that name */
    OP_CALL,
    OP_TYPE,  /* is, as, ofType with a type's name */
    OP_SHORT, /* and, or, implies: goes to `to` if the left side decides */
    OP_LOOP,  /* begins a loop over the focus; `to` is behind it, or where its start value is */
    OP_BEGIN, /* a start value of aggregate() is there: `to` is the body */
    OP_KEY,   /* a key of sort() is there */
    OP_NEXT,  /* the body of the innermost loop has run: `to` is its beginning */
    OP_IIF,   /* takes the focus of iif() */
    OP_UNLESS, /* takes a condition, goes to `to` unless it is true */
    OP_GO,
    OP_END_IIF,
} PathOp;

typedef enum PathLoop {
    LOOP_NONE,
    LOOP_WHERE,
    LOOP_SELECT,
    LOOP_ALL,
    LOOP_EXISTS,
    LOOP_REPEAT,
    LOOP_AGGREGATE,
    LOOP_SORT,
    LOOP_TRACE,
    LOOP_IIF,
    LOOP_COUNT
} PathLoop;

typedef enum PathTypeTest {
    TYPE_TEST_IS,
    TYPE_TEST_AS,
    TYPE_TEST_OF,
    TYPE_TEST_KEY, /* getReferenceKey(): the type is that of what is referred to, or empty */
} PathTypeTest;

typedef struct PathMachine PathMachine;
typedef Fail               PathRun(PathMachine *m, const PathSpan *a);

enum { PATH_ARGUMENTS_MAX = 4 };

/* A function or operator by name. */
typedef struct PathFunction {
    Str      name;
    uint8_t  least, most; /* arguments */
    uint8_t  loop;        /* PathLoop: its last argument is run for each item */
    PathRun *run;         /* NULL if it is only a loop */
} PathFunction;

typedef struct PathStep {
    uint8_t  op;
    uint8_t  count; /* of arguments; PathLoop; PathTypeTest; the operator of OP_SHORT */
    bool     flag;  /* OP_KEY: downwards; OP_TYPE: written as a function */
    TypeId   type;  /* OP_NAME: the type of that name */
    uint32_t to;
    uint32_t place; /* in the expression */
    const PathFunction *function;
    PathValue           value; /* a constant, or a name as its text */
} PathStep;

struct PathProgram {
    Str             expression;
    const PathStep *steps;
    uint32_t        count;
    uint32_t        depth; /* no more loops than this are under way at once */
};

/* A loop that is under way, or the whole program. */
typedef struct PathFrame {
    uint8_t          loop;
    bool             whole;    /* $this is the span `items`, not `item` */
    bool             starting; /* the start value of aggregate() is being worked out */
    PathValue        item;
    int64_t          index;
    PathSpan         items; /* what it goes through */
    uint32_t         kept;  /* where(): how many of them stay; sort(): keys to an item */
    PathSpan         total; /* aggregate(): in totals; sort(): its keys */
    const PathValue *totals;
    Str              name; /* trace() */
    PathValue       *keys;
    uint64_t         downwards; /* bits: keys of sort() */
    uint32_t         depth;     /* of spans when the body begins */
    uint32_t         end;       /* the step behind the loop */
} PathFrame;

struct PathMachine {
    Call              *call;
    PathContext       *context;
    const PathProgram *program;
    const PathStep    *step;
    PathValues         focus;
    PathValue         *values;
    uint32_t           count, room;
    PathSpan          *spans;
    uint32_t           depth, span_room;
    PathFrame         *frames;
    uint32_t           frame_count;
    uint64_t           work;
    PathTrace        **traces_end;
};

/* Notes that the step under way cannot be carried out. */
Fail path_fail(PathMachine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Counts `steps` of work; FAIL_TOO_COSTLY past the limit. */
Fail path_work(PathMachine *m, uint64_t steps);

/* Adds a value to the result. */
void path_give(PathMachine *m, PathValue value);

/* The stack of spans: a span of what was given since `from`; a single value; what was given since
 * `mark` put where `from` was; the topmost, taken, and taken with its values. (fhirpath_run.c) */
void       path_push_span(PathMachine *m, uint32_t from);
void       path_push_value(PathMachine *m, PathValue value);
void       path_settle(PathMachine *m, uint32_t from, uint32_t mark);
PathSpan  *path_top_span(PathMachine *m);
PathSpan   path_pop_span(PathMachine *m);
void       path_drop_span(PathMachine *m);
PathFrame *path_frame(PathMachine *m);

/* The steps of loops (fhirpath_loop.c). *next is where to go on. */
Fail path_run_loop(PathMachine *m, uint32_t at, uint32_t *next);
Fail path_run_begin(PathMachine *m, uint32_t at, uint32_t *next);
Fail path_run_key(PathMachine *m);
Fail path_run_next(PathMachine *m, uint32_t *next);
Fail path_run_iif(PathMachine *m);
Fail path_run_unless(PathMachine *m, uint32_t *next);
void path_run_end_iif(PathMachine *m);

static inline PathValue path_at(const PathMachine *m, const PathSpan *a, uint32_t i)
{
    return m->values[a->from + i];
}

static inline PathValue path_truth(bool truth)
{
    return (PathValue){ .kind = PATH_BOOLEAN, .truth = truth };
}

static inline PathValue path_integer(int64_t integer)
{
    return (PathValue){ .kind = PATH_INTEGER, .integer = integer };
}

static inline PathValue path_decimal(Decimal d)
{
    return (PathValue){ .kind = PATH_DECIMAL, .scale = d.scale, .digits = d.digits };
}

static inline PathValue path_string(Str text)
{
    return (PathValue){ .kind = PATH_STRING, .text = text };
}

static inline PathValue path_quantity(Arena *a, PathQuantity quantity)
{
    PathQuantity *kept = NEW(a, PathQuantity);

    *kept = quantity;
    return (PathValue){ .kind = PATH_QUANTITY, .quantity = kept };
}

/* The only item of an argument, as a System value. *there is false if it is empty; more than one is
 * a fault. */
Fail path_one(PathMachine *m, const PathSpan *a, PathValue *out, bool *there);

/* The same, which must be of a kind. */
Fail path_one_string(PathMachine *m, const PathSpan *a, Str *out, bool *there);
Fail path_one_integer(PathMachine *m, const PathSpan *a, int64_t *out, bool *there);

/* As a condition: a single item that is no boolean is true. */
Fail path_one_truth(PathMachine *m, const PathSpan *a, bool *out, bool *there);

/* A number as a decimal. */
bool path_number(PathValue v, Decimal *out);

/* A System Quantity, one of FHIR, or a number with the unit 1. */
bool path_as_quantity(PathMachine *m, PathValue v, PathQuantity *out);

/* --- comparing (fhirpath_compare.c) ------------------------------------------------------- */

typedef enum Likeness { LIKE_NO, LIKE_YES, LIKE_UNKNOWN } Likeness;

Fail path_like(PathMachine *m, PathValue x, PathValue y, bool equivalent, Likeness *out);

/* FAIL if they cannot be ordered; ORDER_UNKNOWN if that depends on what is not known. */
Fail path_order(PathMachine *m, PathValue x, PathValue y, Order *out);

/* Whether it is among the values at `from`. */
Fail path_among(PathMachine *m, PathValue v, uint32_t from, uint32_t count, bool *out);

bool path_units_comparable(const PathQuantity *x, const PathQuantity *y);

/* --- types (fhirpath_type.c) -------------------------------------------------------------- */

/* Whether the value is of the type named, "System." or "FHIR." in front or not. `exact`: a code is
 * no string. */
bool path_is(PathValue v, Str name, bool exact);

/* --- the families ------------------------------------------------------------------------- */

extern const PathFunction path_operators[];
extern const PathFunction path_functions_set[], path_functions_text[], path_functions_math[],
    path_functions_convert[], path_functions_fhir[];

/* The function of that name, or NULL. */
const PathFunction *path_function_find(Str name);
const PathFunction *path_operator_find(Str name, uint8_t arguments);

/* The key of what a Reference leads to, if that is of the type (empty: of any): as getResourceKey()
 * gives it of that resource. (fhirpath_fhir.c) */
void path_give_key(PathMachine *m, PathValue reference, Str type);

/* --- conversions (fhirpath_convert.c), shared with the reader of literals ------------------ */

bool path_read_quantity(Arena *a, Str text, PathQuantity *out);
bool path_calendar_unit(Str word, TimeUnit *out);
/* The UCUM code of a calendar word that means the same (day: "d"), or empty for years and months. */
Str  path_calendar_code(Str word);

#endif
