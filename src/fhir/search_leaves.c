/*
 * The values of a criterion as clauses. Most are one clause with several values; where each value
 * is looked for in a place of its own (under its code, its type, its unit), it is a clause of its
 * own. R4 search.html#combining; standards SRCH-06 to SRCH-08, SRCH-10.
 */
#include "base/limits.h"
#include "fhir/index.h"
#include "fhir/search_value.h"
#include "fhir/unit.h"

static uint32_t count_values(Str text)
{
    uint32_t count = 0;
    Str      part;

    while (search_value_next(&text, ',', &part))
        count++;
    return count;
}

static Clause *add_leaf(ClauseLeaves *leaves, const ValueText *value, uint32_t room, Arena *a)
{
    Clause *clause = &leaves->clauses[leaves->count++];

    clause->param = value->param;
    clause->modifier = value->modifier;
    clause->values = NEW_ARRAY(a, ClauseValue, room);
    return clause;
}

/* ---- quantities ---- */

/* A quantity in a unit that can be converted: looked for among those that were written in the base
 * unit, and among those that were converted to it. In a composite, under its code. */
static void add_converted(Call *c, const ValueText *value, const ClauseValue *from,
                          const ClauseValue *code, const Unit *unit, ClauseLeaves *leaves)
{
    Clause      *plain = add_leaf(leaves, value, 1, c->arena);
    Clause      *keyed = add_leaf(leaves, value, 1, c->arena);
    ClauseValue *key = NEW(c->arena, ClauseValue);
    ClauseValue  v = *from;

    plain->key = code;

    unit_convert_interval(unit, &v.value, &v.low, &v.high);
    v.text = unit->base;
    plain->values[plain->count++] = v;
    *key = (ClauseValue){
        .has_system = true, .has_code = true, .system = UNIT_SYSTEM, .text = unit->base
    };
    if (code) {
        *key = *code;
        key->text = index_key_converted(c->arena, code->text, unit->base);
    }
    v.has_system = v.has_code = false;
    keyed->key = key;
    keyed->values[keyed->count++] = v;
}

static const Unit *unit_of(const ClauseValue *v)
{
    if (!v->has_code || !v->has_system || !str_equal(v->system, UNIT_SYSTEM))
        return NULL;
    return unit_find(v->text);
}

/* Takes what can be converted out of a clause, into clauses of its own. */
static void convert_all(Call *c, const ValueText *value, ClauseLeaves *leaves)
{
    Clause  *clause = &leaves->clauses[0];
    uint32_t kept = 0;

    for (uint32_t i = 0; i < clause->count; i++) {
        const Unit *unit = unit_of(&clause->values[i]);

        if (unit)
            add_converted(c, value, &clause->values[i], NULL, unit, leaves);
        else
            clause->values[kept++] = clause->values[i];
    }
    clause->count = kept;
    if (!kept)
        *clause = leaves->clauses[--leaves->count];
}

/* ---- composites ---- */

/* The parameter as its value's part has it. */
static SearchParam *part_param(Arena *a, const SearchParam *param, uint16_t number)
{
    const SearchPart *part = search_param_part(param, number);
    SearchParam      *copy = NEW(a, SearchParam);

    *copy = *param;
    copy->type = part->type;
    copy->kinds = part->kinds;
    copy->targets = part->targets;
    return copy;
}

/* The value that stands beside the code. */
static Fail read_paired(Call *c, const ValueText *value, const ClauseValue *code,
                        ClauseLeaves *leaves)
{
    const Unit *unit;
    ClauseValue v;
    Clause     *clause;

    TRY(search_value_read(c, value, &v));
    unit = value->param->type == SEARCH_QUANTITY ? unit_of(&v) : NULL;
    if (unit) {
        add_converted(c, value, &v, code, unit, leaves);
        return OK;
    }
    clause = add_leaf(leaves, value, 1, c->arena);
    clause->key = code;
    clause->values[clause->count++] = v;
    return OK;
}

/* Where something begins and where it ends, beside a code: a row is the interval between. */
static Fail read_span(Call *c, const ValueText *value, const Str *parts,
                      const ClauseValue *code, ClauseLeaves *leaves)
{
    ValueText    number = *value;
    SearchParam *param = part_param(c->arena, value->param, 1),
                *row = NEW(c->arena, SearchParam);
    ClauseValue *end = NEW(c->arena, ClauseValue);
    Clause      *clause = add_leaf(leaves, value, 1, c->arena);

    number.param = param;
    number.text = parts[2];
    TRY(search_value_read(c, &number, end));
    number.text = parts[1];
    TRY(search_value_read(c, &number, &clause->values[clause->count++]));
    clause->values[0].end = end;
    clause->key = code;
    *row = *value->param;
    row->type = SEARCH_QUANTITY;
    clause->param = row;
    return OK;
}

/* Cuts at each '$'; there must be as many parts as the definition has, none of them empty. */
static Fail cut_composite(Call *c, const ValueText *value, Str text, Str *parts)
{
    uint32_t count = 0, wanted = value->param->part_count;
    bool     empty = false;
    Str      rest = text, part;

    while (search_value_next(&rest, '$', &part)) {
        if (count < wanted)
            parts[count] = part;
        empty = empty || part.len == 0;
        count++;
    }
    if (count == wanted && !empty)
        return OK;
    if (wanted == SEARCH_SPAN_PARTS)
        return fail(c, FAIL_VALUE, value->name,
                    "expected three values with a '$' between them: a code, where it begins and"
                    " where it ends, as in 1$gt100$lt200");
    return fail(c, FAIL_VALUE, value->name,
                "expected two values with a '$' between them, as in 8480-6$gt140");
}

/* "code$value", in the order of the definition, or "code$begin$end". */
static Fail read_composite(Call *c, const ValueText *value, Str text, ClauseLeaves *leaves)
{
    uint16_t     key_part = search_param_key_part(value->param);
    SearchParam *key_param = part_param(c->arena, value->param, key_part);
    ValueText    key = *value, other = *value;
    Str          parts[SEARCH_SPAN_PARTS];
    ClauseValue *code = NEW(c->arena, ClauseValue);

    TRY(cut_composite(c, value, text, parts));
    key.param = key_param;
    key.text = parts[key_part];
    TRY(search_value_read(c, &key, code));
    if (value->param->part_count == SEARCH_SPAN_PARTS)
        return read_span(c, value, parts, code, leaves);
    other.param = part_param(c->arena, value->param, key_part == 0 ? 1 : 0);
    other.text = parts[1 - key_part];
    return read_paired(c, &other, code, leaves);
}

/* ---- identifiers of a type ---- */

/* "system|code|value" */
static Fail read_of_type(Call *c, const ValueText *value, Str text, ClauseLeaves *leaves)
{
    ClauseValue *type = NEW(c->arena, ClauseValue);
    Str          parts[3], rest = text, part;
    uint32_t     count = 0;
    Clause      *clause;

    while (search_value_next(&rest, '|', &part)) {
        if (count < 3)
            TRY(search_unescape(c, value->name, part, &parts[count]));
        count++;
    }
    if (count != 3 || parts[1].len == 0 || parts[2].len == 0)
        return fail(c, FAIL_VALUE, value->name, "expected system|code|value");
    *type = (ClauseValue){
        .has_system = parts[0].len > 0, .has_code = true, .system = parts[0], .text = parts[1]
    };
    clause = add_leaf(leaves, value, 1, c->arena);
    clause->key = type;
    clause->values[clause->count++] = (ClauseValue){ .has_code = true, .text = parts[2] };
    return OK;
}

/* ---- addresses ---- */

/* The address and those above it: without the last part of its path, and so on. */
static Fail add_above(Call *c, const ValueText *value, Str text, Clause *clause, uint32_t room)
{
    ptrdiff_t host = str_find(text, STR("://"));
    size_t    first = host < 0 ? 0 : (size_t)host + 3;

    if (text.len && first >= text.len)
        first = text.len - 1; /* a scheme alone: only itself */
    for (size_t end = text.len; end > first; end--) {
        if (end < text.len && text.at[end] != '/')
            continue;
        if (clause->count == room)
            return fail(c, FAIL_TOO_COSTLY, value->name,
                        "more than %d addresses above (LIMIT_QUERY_VALUES)",
                        LIMIT_QUERY_VALUES);
        clause->values[clause->count++] = (ClauseValue){ .text = str_slice(text, 0, end) };
    }
    return OK;
}

static Fail read_above(Call *c, const ValueText *value, Str text, ClauseLeaves *leaves)
{
    Clause *clause = add_leaf(leaves, value, LIMIT_QUERY_VALUES, c->arena);
    Str     part;

    clause->modifier = MODIFIER_NONE;
    while (search_value_next(&text, ',', &part)) {
        TRY(search_unescape(c, value->name, part, &part));
        TRY(add_above(c, value, part, clause, LIMIT_QUERY_VALUES));
    }
    return OK;
}

/* ---- all ---- */

static const ClauseValue *text_key(Arena *a)
{
    ClauseValue *key = NEW(a, ClauseValue);

    *key = (ClauseValue){ .has_system = true, .has_code = true, .text = INDEX_KEY_TEXT };
    return key;
}

static Fail read_together(Call *c, const ValueText *value, Str text, uint32_t room,
                          ClauseLeaves *leaves)
{
    Clause   *clause = add_leaf(leaves, value, room, c->arena);
    ValueText one = *value;

    if (value->modifier == MODIFIER_TEXT)
        clause->key = text_key(c->arena);
    while (search_value_next(&text, ',', &one.text))
        TRY(search_value_read(c, &one, &clause->values[clause->count++]));
    if (value->param->type == SEARCH_QUANTITY && value->modifier == MODIFIER_NONE)
        convert_all(c, value, leaves);
    return OK;
}

Fail search_leaves_read(Call *c, const ValueText *value, Str text, ClauseLeaves *out)
{
    ClauseLeaves leaves = { 0 };
    uint32_t     room = count_values(text);
    Str          rest = text, part;

    if (room > LIMIT_QUERY_VALUES)
        return fail(c, FAIL_TOO_COSTLY, value->name, "more than %d values (LIMIT_QUERY_VALUES)",
                    LIMIT_QUERY_VALUES);
    if (room > 1 && value->modifier == MODIFIER_MISSING)
        return fail(c, FAIL_VALUE, value->name, ":missing takes true or false");
    while (search_value_next(&rest, ',', &part))
        if (part.len == 0)
            return fail(c, FAIL_VALUE, value->name, "nothing between two commas");
    leaves.clauses = NEW_ARRAY(c->arena, Clause, 2 * room + 2);
    rest = text;
    if (value->modifier == MODIFIER_ABOVE && value->param->type == SEARCH_URI) {
        TRY(read_above(c, value, text, &leaves));
    } else if (value->param->type == SEARCH_COMPOSITE || value->modifier == MODIFIER_OF_TYPE) {
        while (search_value_next(&rest, ',', &part))
            TRY(value->param->type == SEARCH_COMPOSITE ? read_composite(c, value, part, &leaves)
                                                       : read_of_type(c, value, part, &leaves));
    } else {
        TRY(read_together(c, value, text, room, &leaves));
    }
    *out = leaves;
    return OK;
}
