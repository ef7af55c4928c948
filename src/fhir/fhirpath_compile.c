/*
 * An expression becomes steps: operands in the order they stand, operators behind them, by a stack
 * of what is still open. Bodies that run for each item (where, select …) stand in place between a
 * LOOP and a NEXT. FHIRPath N1, "Formal Specifications"; precedence as there.
 */
#include "base/ensure.h"
#include "fhir/fhirpath_lex.h"

typedef enum PendingKind {
    PENDING_BINARY,
    PENDING_SIGN,
    PENDING_PAREN,
    PENDING_INDEX,
    PENDING_CALL,
} PendingKind;

/* An operator whose right side, or a bracket whose end, is to come. */
typedef struct Pending {
    uint8_t             kind, precedence, arguments;
    bool                downwards; /* the key of sort() that is being read */
    const PathFunction *function;
    uint32_t            place;
    uint32_t            begun;  /* the step that began the loop or iif(), or decides a logic */
    uint32_t            branch; /* iif(): the step whose goal is not known yet */
} Pending;

typedef struct Compiler {
    Lexer     lexer;
    PathStep *steps;
    uint32_t  count, room;
    Pending   open[LIMIT_PATH_DEPTH];
    uint32_t  depth, deepest;
    bool      operand; /* one is to come */
} Compiler;

static Fail syntax(Compiler *k, const char *what)
{
    return lexer_fail(&k->lexer, k->lexer.now.from, what);
}

static PathStep *emit(Compiler *k, PathOp op, uint32_t place)
{
    if (k->count == k->room) {
        uint32_t room = k->room ? k->room * 2 : 16;

        k->steps = arena_grow(k->lexer.keep, k->steps, k->room * sizeof *k->steps,
                              room * sizeof *k->steps);
        k->room = room;
    }
    k->steps[k->count] = (PathStep){ .op = (uint8_t)op, .place = place };
    return &k->steps[k->count++];
}

static void emit_value(Compiler *k, PathOp op, PathValue value)
{
    emit(k, op, k->lexer.now.from)->value = value;
}

static Pending *top(Compiler *k)
{
    return k->depth ? &k->open[k->depth - 1] : NULL;
}

static Fail push(Compiler *k, Pending pending)
{
    if (k->depth == LIMIT_PATH_DEPTH)
        return syntax(k, "too many things are open here");
    pending.place = k->lexer.now.from;
    k->open[k->depth++] = pending;
    if (k->depth > k->deepest)
        k->deepest = k->depth;
    return OK;
}

static bool at_mark(const Compiler *k, const char *mark)
{
    return k->lexer.now.kind == LEX_MARK && str_equal(k->lexer.now.text, str_from(mark));
}

static bool at_word(const Compiler *k)
{
    return k->lexer.now.kind == LEX_WORD || k->lexer.now.kind == LEX_QUOTED_WORD;
}

static Fail expect(Compiler *k, const char *mark, const char *complaint)
{
    if (!at_mark(k, mark))
        return syntax(k, complaint);
    return lexer_next(&k->lexer);
}

/* --- operators --------------------------------------------------------------------------- */

typedef struct Operator {
    Str     text;
    uint8_t precedence;
} Operator;

enum { PRECEDENCE_TYPE = 8, PRECEDENCE_SIGN = 11 };

static const Operator operators[] = {
    { STR_INIT("implies"), 1 }, { STR_INIT("or"), 2 },   { STR_INIT("xor"), 2 },
    { STR_INIT("and"), 3 },     { STR_INIT("in"), 4 },   { STR_INIT("contains"), 4 },
    { STR_INIT("="), 5 },       { STR_INIT("~"), 5 },    { STR_INIT("!="), 5 },
    { STR_INIT("!~"), 5 },      { STR_INIT("<"), 6 },    { STR_INIT(">"), 6 },
    { STR_INIT("<="), 6 },      { STR_INIT(">="), 6 },   { STR_INIT("|"), 7 },
    { STR_INIT("is"), 8 },      { STR_INIT("as"), 8 },   { STR_INIT("+"), 9 },
    { STR_INIT("-"), 9 },       { STR_INIT("&"), 9 },    { STR_INIT("*"), 10 },
    { STR_INIT("/"), 10 },      { STR_INIT("div"), 10 }, { STR_INIT("mod"), 10 },
};

static const Operator *find_operator(const Lex *lex)
{
    if (lex->kind != LEX_MARK && lex->kind != LEX_WORD)
        return NULL;
    for (size_t i = 0; i < COUNT(operators); i++)
        if (str_equal(operators[i].text, lex->text))
            return &operators[i];
    return NULL;
}

/* Writes the operators that bind at least as tightly as what comes. */
static void reduce(Compiler *k, uint8_t precedence)
{
    while (k->depth && top(k)->kind <= PENDING_SIGN && top(k)->precedence >= precedence) {
        Pending  *p = top(k);
        PathStep *step = emit(k, OP_CALL, p->place);

        step->function = p->function;
        step->count = p->arguments;
        if (p->begun)
            k->steps[p->begun].to = k->count;
        k->depth--;
    }
}

/* The operators whose left side may decide: what stands on the right is not looked at then. */
static const Str short_operators[] = { STR_INIT("and"), STR_INIT("or"), STR_INIT("implies") };

static Fail take_binary(Compiler *k, const Operator *operator)
{
    Pending p = { .kind = PENDING_BINARY, .precedence = operator->precedence, .arguments = 2 };

    reduce(k, operator->precedence);
    p.function = path_operator_find(operator->text, 2);
    ENSURE(p.function);
    for (uint8_t i = 0; i < COUNT(short_operators); i++)
        if (str_equal(operator->text, short_operators[i])) {
            emit(k, OP_SHORT, k->lexer.now.from)->count = i;
            p.begun = k->count - 1;
        }
    TRY(push(k, p));
    k->operand = true;
    return lexer_next(&k->lexer);
}

/* --- types ------------------------------------------------------------------------------- */

static Fail take_type(Compiler *k, PathTypeTest test)
{
    Str      name = k->lexer.now.text;
    uint32_t place = k->lexer.now.from;

    if (test == TYPE_TEST_KEY && at_mark(k, ")")) {
        *emit(k, OP_TYPE, place) = (PathStep){ .op = OP_TYPE, .count = TYPE_TEST_KEY };
        return OK;
    }
    if (!at_word(k))
        return syntax(k, "a type's name must stand here");
    TRY(lexer_next(&k->lexer));
    if (at_mark(k, ".") && (str_equal(name, STR("System")) || str_equal(name, STR("FHIR")))) {
        TRY(lexer_next(&k->lexer));
        if (!at_word(k))
            return syntax(k, "a type's name must stand here");
        name =
            arena_printf(k->lexer.keep, "%.*s.%.*s", STR_ARG(name), STR_ARG(k->lexer.now.text));
        TRY(lexer_next(&k->lexer));
    }
    *emit(k, OP_TYPE, place) = (PathStep){
        .op = OP_TYPE, .count = (uint8_t)test, .place = place, .value = path_string(name)
    };
    return OK;
}

/* --- functions --------------------------------------------------------------------------- */

static Fail begin_key(Compiler *k, Pending *p)
{
    p->downwards = at_mark(k, "-");
    return p->downwards ? lexer_next(&k->lexer) : OK;
}

static void end_key(Compiler *k, const Pending *p)
{
    emit(k, OP_KEY, p->place)->flag = p->downwards;
}

static void begin_loop(Compiler *k, Pending *p, PathLoop loop)
{
    p->begun = k->count;
    emit(k, loop == LOOP_IIF ? OP_IIF : OP_LOOP, p->place)->count = (uint8_t)loop;
}

static void end_loop(Compiler *k, const Pending *p)
{
    emit(k, OP_NEXT, p->place)->to = p->begun + 1;
}

static const struct {
    Str          name;
    PathTypeTest test;
} type_functions[] = {
    { STR_INIT("is"), TYPE_TEST_IS },
    { STR_INIT("as"), TYPE_TEST_AS },
    { STR_INIT("ofType"), TYPE_TEST_OF },
    { STR_INIT("getReferenceKey"), TYPE_TEST_KEY },
};

/* Behind the opening bracket of a function; its focus has been written. */
static Fail begin_call(Compiler *k, Str name, uint32_t place)
{
    Pending p = { .kind = PENDING_CALL, .function = path_function_find(name) };

    for (size_t i = 0; i < COUNT(type_functions); i++)
        if (str_equal(name, type_functions[i].name)) {
            TRY(take_type(k, type_functions[i].test));
            k->steps[k->count - 1].flag = true;
            k->operand = false;
            return expect(k, ")", "a ')' is missing behind the type's name");
        }
    if (!p.function)
        return lexer_fail(&k->lexer, place, "there is no such function");
    if (at_mark(k, ")")) {
        PathStep *step = emit(k, OP_CALL, place);

        if (p.function->least > 0)
            return lexer_fail(&k->lexer, place, "the function needs an argument");
        step->function = p.function;
        step->count = 1;
        k->operand = false;
        return lexer_next(&k->lexer);
    }
    if (p.function->most == 0)
        return lexer_fail(&k->lexer, place, "the function takes no argument");
    TRY(push(k, p));
    top(k)->place = place;
    if (p.function->loop && p.function->loop != LOOP_TRACE)
        begin_loop(k, top(k), p.function->loop);
    k->operand = true;
    return p.function->loop == LOOP_SORT ? begin_key(k, top(k)) : OK;
}

static Fail next_argument(Compiler *k)
{
    Pending *p;

    reduce(k, 0);
    p = top(k);
    if (!p || p->kind != PENDING_CALL)
        return syntax(k, "a ',' separates arguments only");
    p->arguments++;
    if (p->arguments >= p->function->most)
        return syntax(k, "the function does not take so many arguments");
    TRY(lexer_next(&k->lexer));
    k->operand = true;
    switch (p->function->loop) {
    case LOOP_SORT: end_key(k, p); return begin_key(k, p);
    case LOOP_TRACE: begin_loop(k, p, LOOP_TRACE); break;
    case LOOP_AGGREGATE:
        end_loop(k, p);
        k->steps[p->begun].to = k->count;
        k->steps[p->begun].flag = true;
        break;
    case LOOP_IIF:
        if (p->arguments == 2) {
            emit(k, OP_GO, p->place);
            k->steps[p->branch].to = k->count;
            p->branch = k->count - 1;
        } else {
            p->branch = k->count;
            emit(k, OP_UNLESS, p->place);
        }
        break;
    default: break;
    }
    return OK;
}

static void end_iif(Compiler *k, Pending *p)
{
    if (p->arguments == 2) {
        emit(k, OP_GO, p->place);
        k->steps[p->branch].to = k->count;
        p->branch = k->count - 1;
        emit(k, OP_EMPTY, p->place);
    }
    k->steps[p->branch].to = k->count;
    emit(k, OP_END_IIF, p->place);
}

static void end_plain(Compiler *k, const Pending *p)
{
    PathStep *step = emit(k, OP_CALL, p->place);

    step->function = p->function;
    step->count = (uint8_t)(p->arguments + 1);
}

static Fail end_call(Compiler *k)
{
    Pending *p = top(k);

    p->arguments++;
    if (p->arguments < p->function->least)
        return syntax(k, "the function needs more arguments");
    switch (p->function->loop) {
    case LOOP_NONE: end_plain(k, p); break;
    case LOOP_IIF: end_iif(k, p); break;
    case LOOP_AGGREGATE:
        if (p->arguments == 2)
            emit(k, OP_BEGIN, p->place)->to = p->begun + 1;
        else
            end_loop(k, p);
        break;
    case LOOP_TRACE:
        if (p->arguments == 1)
            end_plain(k, p);
        else
            end_loop(k, p);
        break;
    default:
        if (p->function->loop == LOOP_SORT)
            end_key(k, p);
        end_loop(k, p);
    }
    if (p->begun && p->function->loop != LOOP_IIF && !k->steps[p->begun].flag)
        k->steps[p->begun].to = k->count;
    k->depth--;
    return OK;
}

static Fail close_bracket(Compiler *k)
{
    Pending *p;

    reduce(k, 0);
    p = top(k);
    if (!p || p->kind == PENDING_INDEX)
        return syntax(k, "this ')' closes nothing");
    if (p->kind == PENDING_CALL)
        TRY(end_call(k));
    else
        k->depth--;
    return lexer_next(&k->lexer);
}

static Fail close_index(Compiler *k)
{
    reduce(k, 0);
    if (!top(k) || top(k)->kind != PENDING_INDEX)
        return syntax(k, "this ']' closes nothing");
    end_plain(k, top(k));
    k->depth--;
    return lexer_next(&k->lexer);
}

/* --- operands ---------------------------------------------------------------------------- */

static Fail take_number(Compiler *k)
{
    Decimal      d;
    int64_t      whole;
    uint32_t     place = k->lexer.now.from;
    bool         point = str_find(k->lexer.now.text, STR(".")) >= 0;
    PathQuantity quantity = { 0 };
    TimeUnit     unit;

    if (!decimal_read(k->lexer.now.text, &d) || d.scale > DECIMAL_SCALE_MAX)
        return syntax(k, "the number has more digits than can be kept");
    TRY(lexer_next(&k->lexer));
    quantity.unit = k->lexer.now.text;
    quantity.value = d;
    quantity.calendar =
        k->lexer.now.kind == LEX_WORD && path_calendar_unit(quantity.unit, &unit);
    if (quantity.calendar || k->lexer.now.kind == LEX_STRING) {
        *emit(k, OP_CONSTANT, place) = (PathStep){
            .op = OP_CONSTANT, .place = place, .value = path_quantity(k->lexer.keep, quantity)
        };
        return lexer_next(&k->lexer);
    }
    emit(k, OP_CONSTANT, place)->value =
        !point && decimal_to_integer(d, &whole) && whole <= INT32_MAX ? path_integer(whole)
                                                                      : path_decimal(d);
    return OK;
}

static Fail take_moment(Compiler *k)
{
    uint8_t   kind = k->lexer.now.kind;
    TimeForm  form = kind == LEX_DATE        ? TIME_DATE
                     : kind == LEX_DATE_TIME ? TIME_DATE_TIME
                                             : TIME_CLOCK;
    PathValue v = { .kind = kind == LEX_DATE        ? PATH_DATE
                            : kind == LEX_DATE_TIME ? PATH_DATE_TIME
                                                    : PATH_TIME };

    if (!path_time_read(k->lexer.now.text, form, &v.time))
        return syntax(k, "this is no date or time");
    emit_value(k, OP_CONSTANT, v);
    return lexer_next(&k->lexer);
}

static Fail take_dollar(Compiler *k)
{
    static const struct {
        Str    name;
        PathOp op;
    } names[] = { { STR_INIT("this"), OP_THIS },
                  { STR_INIT("index"), OP_INDEX },
                  { STR_INIT("total"), OP_TOTAL } };

    for (size_t i = 0; i < COUNT(names); i++)
        if (str_equal(k->lexer.now.text, names[i].name)) {
            emit(k, names[i].op, k->lexer.now.from);
            return lexer_next(&k->lexer);
        }
    return syntax(k, "only $this, $index and $total are known");
}

/* A name: a function of $this, true or false, or the first step of a path. */
static Fail take_name(Compiler *k)
{
    Lex       word = k->lexer.now;
    PathStep *step;

    TRY(lexer_next(&k->lexer));
    if (word.kind == LEX_WORD && at_mark(k, "(")) {
        emit(k, OP_THIS, word.from);
        TRY(lexer_next(&k->lexer));
        return begin_call(k, word.text, word.from);
    }
    k->operand = false;
    if (word.kind == LEX_WORD
        && (str_equal(word.text, STR("true")) || str_equal(word.text, STR("false")))) {
        emit(k, OP_CONSTANT, word.from)->value = path_truth(word.text.len == 4);
        return OK;
    }
    step = emit(k, OP_NAME, word.from);
    step->value = path_string(word.text);
    step->type = structure_find(word.text);
    return OK;
}

static Fail take_opening(Compiler *k)
{
    if (at_mark(k, "(")) {
        TRY(push(k, (Pending){ .kind = PENDING_PAREN }));
        return lexer_next(&k->lexer);
    }
    if (at_mark(k, "{")) {
        emit(k, OP_EMPTY, k->lexer.now.from);
        TRY(lexer_next(&k->lexer));
        k->operand = false;
        return expect(k, "}", "only '{}', the empty collection, can be written");
    }
    if (at_mark(k, "-") || at_mark(k, "+")) {
        TRY(push(k, (Pending){ .kind = PENDING_SIGN,
                               .precedence = PRECEDENCE_SIGN,
                               .arguments = 1,
                               .function = path_operator_find(k->lexer.now.text, 1) }));
        return lexer_next(&k->lexer);
    }
    return syntax(k, "a value or a name must stand here");
}

static Fail take_operand(Compiler *k)
{
    const Lex *now = &k->lexer.now;

    switch (now->kind) {
    case LEX_WORD:
    case LEX_QUOTED_WORD: return take_name(k);
    case LEX_MARK: return take_opening(k);
    case LEX_END: return syntax(k, "the expression ends where a value or a name must stand");
    default: break;
    }
    k->operand = false;
    switch (now->kind) {
    case LEX_NUMBER: return take_number(k);
    case LEX_DOLLAR: return take_dollar(k);
    case LEX_STRING:
    case LEX_PERCENT:
        emit_value(k, now->kind == LEX_STRING ? OP_CONSTANT : OP_VARIABLE,
                   path_string(now->text));
        return lexer_next(&k->lexer);
    default: return take_moment(k);
    }
}

/* --- behind an operand ------------------------------------------------------------------- */

static Fail take_step(Compiler *k)
{
    Lex word;

    TRY(lexer_next(&k->lexer));
    if (!at_word(k))
        return syntax(k, "behind '.' must stand a name");
    word = k->lexer.now;
    TRY(lexer_next(&k->lexer));
    if (word.kind == LEX_WORD && at_mark(k, "(")) {
        TRY(lexer_next(&k->lexer));
        return begin_call(k, word.text, word.from);
    }
    emit(k, OP_MEMBER, word.from)->value = path_string(word.text);
    return OK;
}

/* "asc" or "desc" behind a key of sort(). */
static bool take_direction(Compiler *k)
{
    bool down = str_equal(k->lexer.now.text, STR("desc"));
    bool word =
        k->lexer.now.kind == LEX_WORD && (down || str_equal(k->lexer.now.text, STR("asc")));

    if (!word)
        return false;
    reduce(k, 0);
    if (!k->depth || top(k)->kind != PENDING_CALL || top(k)->function->loop != LOOP_SORT)
        return false;
    top(k)->downwards = down;
    return true;
}

static Fail take_operator(Compiler *k)
{
    const Operator *operator= find_operator(&k->lexer.now);

    if (at_mark(k, "."))
        return take_step(k);
    if (at_mark(k, "[")) {
        TRY(push(k, (Pending){ .kind = PENDING_INDEX, .arguments = 1 }));
        top(k)->function = path_operator_find(STR("[]"), 2);
        k->operand = true;
        return lexer_next(&k->lexer);
    }
    if (at_mark(k, ")"))
        return close_bracket(k);
    if (at_mark(k, "]"))
        return close_index(k);
    if (at_mark(k, ","))
        return next_argument(k);
    if (operator&& operator->precedence == PRECEDENCE_TYPE) {
        bool is = str_equal(operator->text, STR("is"));

        reduce(k, PRECEDENCE_TYPE);
        TRY(lexer_next(&k->lexer));
        return take_type(k, is ? TYPE_TEST_IS : TYPE_TEST_AS);
    }
    if (operator)
        return take_binary(k, operator);
    if (take_direction(k))
        return lexer_next(&k->lexer);
    return syntax(k, "an operator must stand here, or the end");
}

Fail path_compile(Call *c, Arena *keep, Str expression, const PathProgram **out)
{
    Compiler    *k = NEW(c->arena, Compiler);
    PathProgram *program;

    if (expression.len > LIMIT_PATH_BYTES)
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 }, "an expression may have %d bytes at most",
                    LIMIT_PATH_BYTES);
    k->lexer = (Lexer){ .call = c, .keep = keep, .source = expression };
    k->operand = true;
    TRY(lexer_next(&k->lexer));
    while (k->operand || k->lexer.now.kind != LEX_END)
        TRY(k->operand ? take_operand(k) : take_operator(k));
    reduce(k, 0);
    if (k->depth)
        return lexer_fail(&k->lexer, top(k)->place, "this bracket is not closed");
    program = NEW(keep, PathProgram);
    *program = (PathProgram){
        .expression = expression, .steps = k->steps, .count = k->count, .depth = k->deepest
    };
    *out = program;
    return OK;
}
