/*
 * Conditions of a search, one type of search parameter after the other. R4 search.html; standards
 * SRCH-01 to SRCH-07.
 */
#include "store/search_clause.h"
#include "base/ensure.h"
#include "fhir/index.h"
#include "store/index_sql.h"
#include "store/search_window.h"
#include "store/words_index.h"

/* ---- conditions on an index table x ---- */

void params_put(SqlText *sql, const char *one, const char *several, const int64_t *params,
                size_t count)
{
    if (count == 1) {
        sql_text_put(sql, one);
        sql_int(sql, params[0]);
    } else {
        sql_text_put(sql, several);
        sql_int_list(sql, params, count);
    }
}

enum { CHOICES_TOGETHER = 32 };

/* Begins the next of several alternatives. They are put in groups, because a long row of them would
 * be a deep tree. Nothing constant stands among them: it would keep SQLite from looking the others
 * up. */
static void put_or(SqlText *sql, uint32_t *begun)
{
    if (*begun == 0)
        sql_put(sql, "((");
    else if (*begun % CHOICES_TOGETHER == 0)
        sql_put(sql, ") OR (");
    else
        sql_put(sql, " OR ");
    ++*begun;
}

static void end_or(SqlText *sql, uint32_t begun)
{
    if (begun)
        sql_put(sql, "))");
    else
        sql_put(sql, "(1 = 0)");
}

static Str behind(Arena *a, Str s);

/* Tokens by the beginning of what they stand for: a text, or an address and all that go on behind a
 * '/'. */
static void put_beginnings(SqlText *sql, const Clause *clause)
{
    uint32_t begun = 0;

    sql_put(sql, "x.token IN (SELECT k.number FROM known_token k WHERE ");
    for (uint32_t i = 0; i < clause->count; i++) {
        Str text = indexed_prefix(clause->values[i].text);

        put_or(sql, &begun);
        if (clause->modifier == MODIFIER_BELOW && !str_ends(text, STR("/"))) {
            sql_put(sql, "k.code = ?");
            sql_str(sql, text);
            put_or(sql, &begun);
            text = arena_printf(sql->arena, "%.*s/", STR_ARG(text));
        }
        sql_put(sql, "k.code >= ? AND k.code < ?");
        sql_str(sql, text);
        sql_str(sql, behind(sql->arena, text));
    }
    end_or(sql, begun);
    sql_put(sql, " AND k.system = 0)");
}

static void put_tokens(SqlText *sql, const Term *t)
{
    size_t   plain = 0;
    int64_t  few[2];
    uint32_t begun = 0;

    for (size_t i = 0; i < t->number_count; i++) {
        if (t->numbers[i] < 0) {
            put_or(sql, &begun);
            sql_put(sql, "x.token IN (SELECT k.number FROM known_token k WHERE k.system = ?)");
            sql_int(sql, -t->numbers[i]);
        } else {
            few[plain++ % 2] = t->numbers[i];
        }
    }
    if (plain)
        put_or(sql, &begun);
    if (plain == 1) {
        sql_put(sql, "x.token = ?");
        sql_int(sql, few[0]);
    } else if (plain) {
        sql_put(sql, "x.token IN ");
        sql_int_list(sql, t->numbers, t->number_count);
    }
    end_or(sql, begun);
}

static void put_targets(SqlText *sql, const Term *t)
{
    if (t->number_count == 1) {
        sql_put(sql, "x.target = ?");
        sql_int(sql, t->numbers[0]);
    } else {
        sql_put(sql, "x.target IN ");
        sql_int_list(sql, t->numbers, t->number_count);
    }
}

/* Of several values all are named once in front: an OR alone would not be looked up. */
static void put_identifier_values(SqlText *sql, const Clause *clause)
{
    for (uint32_t i = 0; i < clause->count; i++)
        if (clause->count == 1 || !clause->values[i].has_code)
            return;
    for (uint32_t i = 0; i < clause->count; i++) {
        if (i)
            sql_put(sql, ", ?");
        else
            sql_put(sql, "x.value IN (?");
        sql_str(sql, indexed_value(sql->arena, clause->values[i].text));
    }
    sql_put(sql, ") AND ");
}

static void put_identifiers(SqlText *sql, const Term *t)
{
    const Clause *clause = t->clause;
    uint32_t      begun = 0;

    put_identifier_values(sql, clause);
    for (uint32_t i = 0; i < clause->count; i++) {
        const ClauseValue *v = &clause->values[i];

        if (t->numbers[i] < ANY_SYSTEM)
            continue;
        put_or(sql, &begun);
        if (v->has_code) {
            sql_put(sql, "x.value = ?");
            sql_str(sql, indexed_value(sql->arena, v->text));
        }
        if (v->has_code && t->numbers[i] != ANY_SYSTEM)
            sql_put(sql, " AND ");
        if (t->numbers[i] != ANY_SYSTEM) {
            sql_put(sql, "x.system = ?");
            sql_int(sql, t->numbers[i]);
        } else if (!v->has_code) {
            sql_put(sql, "x.value IS NOT NULL");
        }
    }
    end_or(sql, begun);
}

/* The text behind all that begin with `s`: its last byte raised. Bytes of UTF-8 stay below 0xff. */
static Str behind(Arena *a, Str s)
{
    char *copy = arena_alloc_raw(a, s.len);

    memcpy(copy, s.at, s.len);
    copy[s.len - 1] = (char)((unsigned char)copy[s.len - 1] + 1);
    return (Str){ copy, s.len };
}

/* A pattern for LIKE: what ends with it or, `open`, has it anywhere. */
static Str containing(Arena *a, Str s, bool open)
{
    Buf b = buf_new(a, s.len + 8);

    buf_put_char(&b, '%');
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '%' || s.at[i] == '_' || s.at[i] == '\\')
            buf_put_char(&b, '\\');
        buf_put_char(&b, s.at[i]);
    }
    if (open)
        buf_put_char(&b, '%');
    return buf_str(&b);
}

static void put_string(SqlText *sql, Modifier modifier, Str text)
{
    Str folded =
        indexed_prefix(modifier == MODIFIER_EXACT ? index_fold(sql->arena, text) : text);

    if (modifier == MODIFIER_CONTAINS || modifier == MODIFIER_ENDS) {
        sql_put(sql, "x.folded LIKE ? ESCAPE '\\'");
        sql_str(sql, containing(sql->arena, text, modifier == MODIFIER_CONTAINS));
        return;
    }
    if (modifier == MODIFIER_EQUAL) {
        sql_put(sql, "x.folded = ?");
        sql_str(sql, folded);
        return;
    }
    if (modifier == MODIFIER_EXACT) {
        sql_put(sql, "x.folded = ?");
        sql_str(sql, folded);
        sql_put(sql, " AND x.exact = ?");
        sql_str(sql, str_equal(folded, text) ? (Str){ 0 } : indexed_prefix(text));
        return;
    }
    sql_put(sql, "x.folded >= ?");
    sql_str(sql, folded);
    sql_put(sql, " AND x.folded < ?");
    sql_str(sql, behind(sql->arena, folded));
}

static void put_strings(SqlText *sql, const Term *t)
{
    uint32_t begun = 0;

    for (uint32_t i = 0; i < t->clause->count; i++) {
        put_or(sql, &begun);
        put_string(sql, t->clause->modifier, t->clause->values[i].text);
    }
    end_or(sql, begun);
}

/* An expression over the two ends of a row's interval and those of the value; L and H stand for
 * the value's ends. The first part bounds the scan where that can be done. */
typedef struct RangeRule {
    const char *sql;
    const char *ends; /* which end each '?' is */
} RangeRule;

/* ge and le are about what the two have in common: a period that began before the day asked for and
 * goes on into it reaches "that day or later" (R4 search.html#prefix says so of its examples). */
static const RangeRule date_rules[] = {
    [PREFIX_EQ] = { "x.low >= ? AND x.low < ? AND x.low + x.span <= ?", "LHH" },
    [PREFIX_NE] = { "(x.low < ? OR x.low + x.span > ?)", "LH" },
    [PREFIX_GT] = { "x.low + x.span > ?", "H" },
    [PREFIX_LT] = { "x.low < ?", "L" },
    [PREFIX_GE] = { "x.low + x.span > ?", "L" },
    [PREFIX_LE] = { "x.low < ?", "H" },
    [PREFIX_SA] = { "x.low >= ?", "H" },
    [PREFIX_EB] = { "x.low <= ? AND x.low + x.span <= ?", "LL" },
    [PREFIX_AP] = { "x.low < ? AND x.low + x.span > ?", "HL" },
};

/* V: the value itself, for prefixes that take it exactly (SRCH-01). */
#define NUMBER_RULES(row)                                                                      \
    {                                                                                          \
        [PREFIX_EQ] = { row " >= ? AND " row " < ?", "LH" },                                   \
        [PREFIX_NE] = { "(" row " < ? OR " row " >= ?)", "LH" },                               \
        [PREFIX_GT] = { row " > ?", "V" }, [PREFIX_LT] = { row " < ?", "V" },                  \
        [PREFIX_GE] = { row " >= ?", "V" }, [PREFIX_LE] = { row " <= ?", "V" },                \
        [PREFIX_SA] = { row " > ?", "V" }, [PREFIX_EB] = { row " < ?", "V" },                  \
        [PREFIX_AP] = { row " >= ? AND " row " <= ?", "LH" },                                  \
    }
static const RangeRule number_rules[] = NUMBER_RULES("x.value");

/* The same of where a row ends that begins at its value (ClauseValue.end). */
static const RangeRule end_rules[] = NUMBER_RULES("x.value + x.above");

/* A quantity reaches from value - below to value + above; both are 0 but for ranges. */
static const RangeRule quantity_rules[] = {
    [PREFIX_EQ] = { "x.value >= ? AND x.value < ? AND x.value - x.below >= ?"
                    " AND x.value + x.above <= ?",
                    "LHLH" },
    [PREFIX_NE] = { "(x.value - x.below < ? OR x.value + x.above >= ?)", "LH" },
    [PREFIX_GT] = { "x.value + x.above > ?", "V" },
    [PREFIX_LT] = { "x.value - x.below < ?", "V" },
    [PREFIX_GE] = { "x.value + x.above >= ?", "V" },
    [PREFIX_LE] = { "x.value - x.below <= ?", "V" },
    [PREFIX_SA] = { "x.value > ? AND x.value - x.below > ?", "VV" },
    [PREFIX_EB] = { "x.value < ? AND x.value + x.above < ?", "VV" },
    [PREFIX_AP] = { "x.value + x.above >= ? AND x.value - x.below <= ?", "LH" },
};

/* meta.lastUpdated is a moment, not an interval. */
static const RangeRule updated_rules[] = {
    [PREFIX_EQ] = { "x.at >= ? AND x.at < ?", "LH" },
    [PREFIX_NE] = { "(x.at < ? OR x.at >= ?)", "LH" },
    [PREFIX_GT] = { "x.at >= ?", "H" },
    [PREFIX_LT] = { "x.at < ?", "L" },
    [PREFIX_GE] = { "x.at >= ?", "L" },
    [PREFIX_LE] = { "x.at < ?", "H" },
    [PREFIX_SA] = { "x.at >= ?", "H" },
    [PREFIX_EB] = { "x.at < ?", "L" },
    [PREFIX_AP] = { "x.at >= ? AND x.at < ?", "LH" },
};

static void put_date(SqlText *sql, const RangeRule *rule, const ClauseValue *v)
{
    sql_text_put(sql, rule->sql);
    for (const char *end = rule->ends; *end; end++)
        sql_int(sql, moment_bounded(*end == 'L' ? v->moment.low : v->moment.high));
}

static void put_number(SqlText *sql, const RangeRule *rule, const ClauseValue *v)
{
    sql_text_put(sql, rule->sql);
    for (const char *end = rule->ends; *end; end++)
        sql_real(sql, *end == 'L' ? v->low : *end == 'H' ? v->high : v->value);
}

/* number|system|code, or number||word: a code of any system, or the unit as people write it. */
static void put_unit(SqlText *sql, const ClauseValue *v)
{
    if (!v->has_code)
        return;
    sql_put(sql, " AND (x.unit IN (SELECT k.number FROM known_token k WHERE k.code = ?");
    sql_str(sql, indexed_value(sql->arena, v->text));
    if (v->has_system) {
        sql_put(sql, " AND k.system IN (SELECT s.number FROM known_token s WHERE s.code = ?"
                     " AND s.system = 0)))");
        sql_str(sql, indexed_value(sql->arena, v->system));
        return;
    }
    sql_put(sql, ") OR x.word IN (SELECT k.number FROM known_token k WHERE k.code = ?"
                 " AND k.system = 0))");
    sql_str(sql, indexed_value(sql->arena, v->text));
}

/* The ends of two vectors are no further from each other than the chord; how far north both lie
 * bounds the scan. x.below and x.above are the other two sides (place_vector()). */
static void put_near(SqlText *sql, const ClausePlace *place)
{
    sql_put(sql, "x.value >= ? AND x.value <= ? AND (x.value - ?) * (x.value - ?)"
                 " + (x.below - ?) * (x.below - ?) + (x.above - ?) * (x.above - ?) <= ?");
    sql_real(sql, place->at[0] - place->chord);
    sql_real(sql, place->at[0] + place->chord);
    for (size_t i = 0; i < 6; i++)
        sql_real(sql, place->at[i / 2]);
    sql_real(sql, place->chord * place->chord);
}

static void put_range(SqlText *sql, const Clause *clause, const ClauseValue *v)
{
    if (clause_is_last_updated(clause)) {
        put_date(sql, &updated_rules[v->prefix], v);
    } else if (clause->param->type == SEARCH_DATE) {
        put_date(sql, &date_rules[v->prefix], v);
    } else if (clause->param->type == SEARCH_SPECIAL) {
        put_near(sql, v->place);
    } else if (clause->param->type == SEARCH_NUMBER || v->end) {
        put_number(sql, &number_rules[v->prefix], v);
        if (v->end) {
            sql_put(sql, " AND ");
            put_number(sql, &end_rules[v->end->prefix], v->end);
        }
    } else {
        put_number(sql, &quantity_rules[v->prefix], v);
        put_unit(sql, v);
    }
}

static void put_ranges(SqlText *sql, const Term *t)
{
    uint32_t begun = 0;

    for (uint32_t i = 0; i < t->clause->count; i++) {
        put_or(sql, &begun);
        put_range(sql, t->clause, &t->clause->values[i]);
    }
    end_or(sql, begun);
}

/* ---- which table, which condition ---- */

static void put_table(SqlText *sql, RowKind kind)
{
    switch (kind) {
    case ROW_TOKEN: sql_put(sql, "@_index_token x"); return;
    case ROW_IDENTIFIER: sql_put(sql, "@_index_identifier x"); return;
    case ROW_REFERENCE: sql_put(sql, "@_index_reference x"); return;
    case ROW_DATE: sql_put(sql, "@_index_date x"); return;
    case ROW_STRING: sql_put(sql, "@_index_string x"); return;
    case ROW_NUMBER: sql_put(sql, "@_index_number x"); return;
    case ROW_QUANTITY: sql_put(sql, "@_index_quantity x"); return;
    default: ENSURE(kind <= ROW_QUANTITY);
    }
}

static void put_match(SqlText *sql, const Term *t)
{
    switch (clause_table(t->clause)) {
    case ROW_TOKEN:
        if (clause_by_beginning(t->clause))
            put_beginnings(sql, t->clause);
        else
            put_tokens(sql, t);
        return;
    case ROW_IDENTIFIER: put_identifiers(sql, t); return;
    case ROW_REFERENCE: put_targets(sql, t); return;
    case ROW_STRING: put_strings(sql, t); return;
    default: put_ranges(sql, t); return;
    }
}

void term_put_table(SqlText *sql, const Term *t)
{
    if (clause_is_words(t->clause)) {
        sql_put(sql, "@_words x");
        return;
    }
    put_table(sql, clause_table(t->clause));
}

/* Rows under any code of a system; of those kept under a code and a unit, that unit's or none. */
static void put_keys_of_system(SqlText *sql, const Term *t)
{
    Str text = t->clause->key->text; /* empty, or the mark and a unit */

    for (size_t i = 0; i < t->param_count; i++) {
        if (i)
            sql_put(sql, " OR ");
        else
            sql_put(sql, "(");
        sql_put(sql,
                "x.param IN (SELECT k.number * ? + ? FROM known_token k WHERE k.system = ?");
        sql_int(sql, (int64_t)1 << PARAM_BITS);
        sql_int(sql, t->params[i]);
        sql_int(sql, t->key_system);
        if (text.len) {
            sql_put(sql, " AND k.code LIKE ? ESCAPE '\\')");
            sql_str(sql, containing(sql->arena, text, false));
        } else {
            sql_put(sql, " AND k.code NOT LIKE ? ESCAPE '\\')");
            sql_str(sql, containing(sql->arena, STR(INDEX_KEY_MARK), true));
        }
    }
    sql_put(sql, ")");
}

void term_put_table_condition(SqlText *sql, const Term *t)
{
    if (clause_is_words(t->clause)) {
        words_put_condition(sql, t->clause);
        return;
    }
    if (t->key_system)
        put_keys_of_system(sql, t);
    else
        put_params(sql, "x", t->params, t->param_count);
    sql_put(sql, " AND ");
    put_match(sql, t);
}

void term_put_finding(SqlText *sql, const Term *t)
{
    if (t->steps) {
        chain_put_finding(sql, t);
        return;
    }
    if (t->window) {
        window_put_finding(sql, t);
        return;
    }
    sql_put(sql, "SELECT x.rid FROM ");
    term_put_table(sql, t);
    sql_put(sql, " WHERE ");
    term_put_table_condition(sql, t);
}

/* A row of the parameter, whatever its value. Where rows can be found by resource they are looked
 * up, else gathered once. */
static void put_any(SqlText *sql, const Term *t, RowKind kind)
{
    const SearchParam *param = t->clause->param;
    bool typed = kind == ROW_REFERENCE && param->only_type && param->same_as != param->index;
    bool gathered = typed || kind == ROW_TOKEN || kind == ROW_IDENTIFIER;

    if (gathered)
        sql_put(sql, "+~ IN (SELECT x.rid FROM ");
    else
        sql_put(sql, "EXISTS (SELECT 1 FROM ");
    put_table(sql, kind);
    sql_put(sql, " WHERE ");
    put_params(sql, "x", t->params, t->param_count);
    if (!gathered)
        sql_put(sql, " AND x.rid = ~");
    if (typed) {
        sql_put(sql, " AND (x.target IN (SELECT i.rid FROM known_identity i WHERE i.type = ?)");
        sql_int(sql, param->only_type);
        if (t->number_count) {
            sql_put(sql, " OR x.target = ?");
            sql_int(sql, t->numbers[0]);
        }
        sql_put(sql, ")");
    }
    sql_put(sql, ")");
}

static void put_missing(SqlText *sql, const Term *t)
{
    bool truth = t->clause->values[0].truth;

    if (clause_is_id(t->clause) || clause_is_last_updated(t->clause)) {
        sql_text_put(sql, truth ? "1 = 0" : "1 = 1"); /* every resource has them */
        return;
    }
    if (truth)
        sql_put(sql, "NOT (1 = 0");
    else
        sql_put(sql, "(1 = 0");
    for (RowKind kind = ROW_TOKEN; kind <= ROW_QUANTITY; kind++)
        if (clause_has_kind(t->clause, kind)) {
            sql_put(sql, " OR ");
            put_any(sql, t, kind);
        }
    sql_put(sql, ")");
}

static void put_updated(SqlText *sql, const Term *t)
{
    sql_put(sql, "EXISTS (SELECT 1 FROM @_version x WHERE x.seq = c#.seq AND ");
    put_ranges(sql, t);
    sql_put(sql, ")");
}

/* "system|" stands for all its codes, or identifiers. */
static bool is_wide(const Clause *clause)
{
    bool wide = false;

    for (uint32_t i = 0; i < clause->count; i++)
        wide = wide || (clause->values[i].has_system && !clause->values[i].has_code);
    return wide
           && (clause->param->type == SEARCH_TOKEN || clause->modifier == MODIFIER_IDENTIFIER);
}

/* One look into the table: with the value and this rid, or, where the value is a range, for the
 * rows of this rid. What stands for very many values is gathered first. */
static void put_probe(SqlText *sql, const Term *t)
{
    if (is_wide(t->clause)) {
        sql_put(sql, "+~ IN (");
        term_put_finding(sql, t);
        sql_put(sql, ")");
        return;
    }
    sql_put(sql, "EXISTS (SELECT 1 FROM ");
    put_table(sql, clause_table(t->clause));
    sql_put(sql, " WHERE ");
    term_put_table_condition(sql, t);
    sql_put(sql, " AND x.rid = ~)");
}

/* Some token parameters have values of both forms (a code here, an identifier there). */
static void put_both(SqlText *sql, const Term *t)
{
    Term        other = *t;
    Clause      clause = *t->clause;
    SearchParam param = *clause.param;

    sql_put(sql, "(");
    put_probe(sql, t);
    sql_put(sql, " OR ");
    param.kinds = 1 << ROW_IDENTIFIER;
    clause.param = &param;
    other.clause = &clause;
    other.numbers = t->systems;
    put_probe(sql, &other);
    sql_put(sql, ")");
}

void term_put_plain(SqlText *sql, const Term *t)
{
    if (t->clause->modifier == MODIFIER_MISSING) {
        put_missing(sql, t);
    } else if (clause_is_last_updated(t->clause)) {
        put_updated(sql, t);
    } else if (t->never) {
        sql_put(sql, "1 = 0");
    } else if (clause_is_words(t->clause)) {
        words_put_plain(sql, t->clause);
    } else if (t->clause->modifier == MODIFIER_NOT && !t->number_count && !t->systems) {
        sql_put(sql, "1 = 1");
    } else if (clause_is_id(t->clause)) {
        sql_text_put(sql, t->clause->modifier == MODIFIER_NOT ? "~ NOT IN " : "~ IN ");
        sql_int_list(sql, t->numbers, t->number_count);
    } else {
        if (t->clause->modifier == MODIFIER_NOT)
            sql_put(sql, "NOT ");
        if (t->systems)
            put_both(sql, t);
        else
            put_probe(sql, t);
    }
}

void term_put_condition(SqlText *sql, const Term *t)
{
    sql_put(sql, " AND ");
    if (t->steps)
        chain_put(sql, t);
    else
        term_put_plain(sql, t);
}
