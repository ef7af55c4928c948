/*
 * Clause by clause, type by type: what it names becomes numbers, the rest becomes a condition.
 * R4 search.html; standards SRCH-01 to SRCH-07.
 */
#include "store/search_clause.h"

#include "base/ensure.h"
#include "fhir/index.h"
#include "store/index_sql.h"

SQL(token_sql, "SELECT number FROM known_token WHERE code = $1 AND system = $2");
SQL(token_any_sql, "SELECT number FROM known_token WHERE code = $1");
SQL(rid_sql, "SELECT rid FROM known_identity WHERE type = $1 AND id = $2");

enum { NUMBERS_AT_FIRST = 8, ANY_SYSTEM = -1 };

typedef struct Making {
    Call   *call;
    Db     *db;
    Term   *term;
    size_t  room;
} Making;

static bool is_id(const Clause *clause)
{
    return str_equal(clause->param->code, STR("_id"));
}

static bool is_last_updated(const Clause *clause)
{
    return str_equal(clause->param->code, STR("_lastUpdated"));
}

static bool by_identifier(const Clause *clause)
{
    return clause->modifier == MODIFIER_IDENTIFIER
           || (clause->param->kinds & 1 << ROW_IDENTIFIER && !(clause->param->kinds & 1 << ROW_TOKEN)
               && clause->param->type != SEARCH_REFERENCE);
}

static bool has_kind(const Clause *clause, RowKind kind)
{
    return (clause->param->kinds >> kind & 1) != 0;
}

/* ---- numbers ---- */

static void add_number(Making *m, int64_t number)
{
    Term *t = m->term;

    if (t->number_count == m->room) {
        t->numbers = arena_grow(m->call->arena, t->numbers, m->room * sizeof *t->numbers,
                                2 * m->room * sizeof *t->numbers);
        m->room *= 2;
    }
    t->numbers[t->number_count++] = number;
}

static Fail add_tokens(Making *m, Str code, int64_t system)
{
    Statement *s = db_statement(m->db, system == ANY_SYSTEM ? token_any_sql : token_sql);
    Step       step;

    TRY_STATEMENT(m->call, m->db, s);
    bind_text(s, indexed_value(m->call->arena, code));
    if (system != ANY_SYSTEM)
        bind_int(s, system);
    while ((step = statement_step(s)) == STEP_ROW)
        add_number(m, row_int(s, 0));
    return step == STEP_DONE ? OK : db_fail(m->call, m->db);
}

/* The number of a code system, 0 if it is unknown here. */
static Fail find_system(Making *m, Str system, int64_t *number)
{
    Statement *s = db_statement(m->db, token_sql);
    Step       step;

    TRY_STATEMENT(m->call, m->db, s);
    bind_text(s, indexed_value(m->call->arena, system));
    bind_int(s, 0);
    step = statement_step(s);
    *number = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(m->call, m->db) : OK;
}

static Fail add_rid(Making *m, TypeId type, Str id)
{
    PackedId   packed = id_pack(id);
    Statement *s = db_statement(m->db, rid_sql);
    Step       step;

    TRY_STATEMENT(m->call, m->db, s);
    bind_int(s, type);
    bind_bytes(s, type ? packed_str(&packed) : indexed_value(m->call->arena, id));
    step = statement_step(s);
    if (step == STEP_ROW)
        add_number(m, row_int(s, 0));
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(m->call, m->db) : OK;
}

/* "code" of any system, "|code" of none, "system|code", "system|" with any code: the last is
 * looked at while searching, its system kept as a negative number. */
static Fail make_tokens(Making *m)
{
    const Clause *clause = m->term->clause;

    for (uint32_t i = 0; i < clause->count; i++) {
        const ClauseValue *v = &clause->values[i];
        int64_t            system = v->has_system ? 0 : ANY_SYSTEM;

        if (v->system.len) {
            TRY(find_system(m, v->system, &system));
            if (!system)
                continue;
        }
        if (v->has_code)
            TRY(add_tokens(m, v->text, system));
        else
            add_number(m, -system);
    }
    return OK;
}

static Fail make_uris(Making *m)
{
    const Clause *clause = m->term->clause;

    for (uint32_t i = 0; i < clause->count; i++)
        TRY(add_tokens(m, clause->values[i].text, 0));
    return OK;
}

static Fail add_any_target(Making *m, const ClauseValue *v)
{
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (targets_contain(m->term->clause->param->targets, type))
            TRY(add_rid(m, type, v->text));
    return OK;
}

static Fail make_targets(Making *m)
{
    const Clause *clause = m->term->clause;

    for (uint32_t i = 0; i < clause->count; i++) {
        const ClauseValue *v = &clause->values[i];

        if (memchr(v->text.at, ':', v->text.len))
            TRY(add_rid(m, 0, v->version.len ? arena_printf(m->call->arena, "%.*s|%.*s",
                                                            STR_ARG(v->text), STR_ARG(v->version))
                                             : v->text));
        else if (v->type)
            TRY(add_rid(m, v->type, v->text));
        else
            TRY(add_any_target(m, v));
    }
    return OK;
}

static Fail make_ids(Making *m)
{
    const Clause *clause = m->term->clause;

    for (uint32_t i = 0; i < clause->count; i++)
        TRY(add_rid(m, clause->param->base, clause->values[i].text));
    return OK;
}

/* One number for each value: its system; -1 for any; -2 where the system is unknown here. */
static Fail make_identifiers(Making *m)
{
    const Clause *clause = m->term->clause;

    for (uint32_t i = 0; i < clause->count; i++) {
        const ClauseValue *v = &clause->values[i];
        int64_t            system = v->has_system ? 0 : ANY_SYSTEM;

        if (v->system.len) {
            TRY(find_system(m, v->system, &system));
            if (!system)
                system = -2;
        }
        add_number(m, system);
    }
    return OK;
}

/* ---- conditions on an index table x ---- */

static void put_params(SqlText *sql, const Term *t)
{
    if (t->param_count == 1) {
        sql_put(sql, "x.param = ?");
        sql_int(sql, t->params[0]);
    } else {
        sql_put(sql, "x.param IN ");
        sql_int_list(sql, t->params, t->param_count);
    }
}

/* Begins the next of several alternatives. Nothing constant stands among them: it would keep
 * SQLite from looking the others up. */
static void put_or(SqlText *sql, bool *begun)
{
    if (*begun)
        sql_put(sql, " OR ");
    else
        sql_put(sql, "(");
    *begun = true;
}

static void end_or(SqlText *sql, bool begun)
{
    if (!begun)
        sql_put(sql, "(1 = 0");
    sql_put(sql, ")");
}

static void put_tokens(SqlText *sql, const Term *t)
{
    size_t  plain = 0;
    int64_t few[2];
    bool    begun = false;

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
    bool          begun = false;

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

static Str containing(Arena *a, Str s)
{
    Buf b = buf_new(a, s.len + 8);

    buf_put_char(&b, '%');
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '%' || s.at[i] == '_' || s.at[i] == '\\')
            buf_put_char(&b, '\\');
        buf_put_char(&b, s.at[i]);
    }
    buf_put_char(&b, '%');
    return buf_str(&b);
}

static void put_string(SqlText *sql, Modifier modifier, Str text)
{
    Str folded = indexed_prefix(modifier == MODIFIER_EXACT ? index_fold(sql->arena, text) : text);

    if (modifier == MODIFIER_CONTAINS) {
        sql_put(sql, "x.folded LIKE ? ESCAPE '\\'");
        sql_str(sql, containing(sql->arena, text));
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
    for (uint32_t i = 0; i < t->clause->count; i++) {
        if (i)
            sql_put(sql, " OR (");
        else
            sql_put(sql, "((");
        put_string(sql, t->clause->modifier, t->clause->values[i].text);
        sql_put(sql, ")");
    }
    sql_put(sql, ")");
}

/* An expression over the two ends of a row's interval and those of the value; L and H stand for
 * the value's ends. The first part bounds the scan where that can be done. */
typedef struct RangeRule {
    const char *sql;
    const char *ends; /* which end each '?' is */
} RangeRule;

static const RangeRule date_rules[] = {
    [PREFIX_EQ] = { "x.low >= ? AND x.low < ? AND x.low + x.span <= ?", "LHH" },
    [PREFIX_NE] = { "(x.low < ? OR x.low + x.span > ?)", "LH" },
    [PREFIX_GT] = { "x.low + x.span > ?", "H" },
    [PREFIX_LT] = { "x.low < ?", "L" },
    [PREFIX_GE] = { "(x.low >= ? OR x.low + x.span > ?)", "LH" },
    [PREFIX_LE] = { "x.low < ? AND (x.low < ? OR x.low + x.span <= ?)", "HLH" },
    [PREFIX_SA] = { "x.low >= ?", "H" },
    [PREFIX_EB] = { "x.low <= ? AND x.low + x.span <= ?", "LL" },
    [PREFIX_AP] = { "x.low < ? AND x.low + x.span > ?", "HL" },
};

/* V: the value itself, for prefixes that take it exactly (SRCH-01). */
static const RangeRule number_rules[] = {
    [PREFIX_EQ] = { "x.value >= ? AND x.value < ?", "LH" },
    [PREFIX_NE] = { "(x.value < ? OR x.value >= ?)", "LH" },
    [PREFIX_GT] = { "x.value > ?", "V" },
    [PREFIX_LT] = { "x.value < ?", "V" },
    [PREFIX_GE] = { "x.value >= ?", "V" },
    [PREFIX_LE] = { "x.value <= ?", "V" },
    [PREFIX_SA] = { "x.value > ?", "V" },
    [PREFIX_EB] = { "x.value < ?", "V" },
    [PREFIX_AP] = { "x.value >= ? AND x.value <= ?", "LH" },
};

/* A quantity reaches from value - below to value + above; both are 0 but for ranges. */
static const RangeRule quantity_rules[] = {
    [PREFIX_EQ] = { "x.value >= ? AND x.value < ? AND x.value - x.below >= ?"
                    " AND x.value + x.above <= ?", "LHLH" },
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

static void put_range(SqlText *sql, const Clause *clause, const ClauseValue *v)
{
    if (is_last_updated(clause)) {
        put_date(sql, &updated_rules[v->prefix], v);
    } else if (clause->param->type == SEARCH_DATE) {
        put_date(sql, &date_rules[v->prefix], v);
    } else if (clause->param->type == SEARCH_NUMBER) {
        put_number(sql, &number_rules[v->prefix], v);
    } else {
        put_number(sql, &quantity_rules[v->prefix], v);
        put_unit(sql, v);
    }
}

static void put_ranges(SqlText *sql, const Term *t)
{
    for (uint32_t i = 0; i < t->clause->count; i++) {
        if (i)
            sql_put(sql, " OR (");
        else
            sql_put(sql, "((");
        put_range(sql, t->clause, &t->clause->values[i]);
        sql_put(sql, ")");
    }
    sql_put(sql, ")");
}

/* ---- which table, which condition ---- */

static RowKind table_of(const Clause *clause)
{
    static const RowKind kinds[SEARCH_TYPES] = {
        [SEARCH_NUMBER] = ROW_NUMBER,   [SEARCH_DATE] = ROW_DATE,
        [SEARCH_STRING] = ROW_STRING,   [SEARCH_TOKEN] = ROW_TOKEN,
        [SEARCH_REFERENCE] = ROW_REFERENCE, [SEARCH_QUANTITY] = ROW_QUANTITY,
        [SEARCH_URI] = ROW_TOKEN,
    };

    return by_identifier(clause) ? ROW_IDENTIFIER : kinds[clause->param->type];
}

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
    switch (table_of(t->clause)) {
    case ROW_TOKEN: put_tokens(sql, t); return;
    case ROW_IDENTIFIER: put_identifiers(sql, t); return;
    case ROW_REFERENCE: put_targets(sql, t); return;
    case ROW_STRING: put_strings(sql, t); return;
    default: put_ranges(sql, t); return;
    }
}

void term_put_table(SqlText *sql, const Term *t)
{
    put_table(sql, table_of(t->clause));
}

void term_put_table_condition(SqlText *sql, const Term *t)
{
    put_params(sql, t);
    sql_put(sql, " AND ");
    put_match(sql, t);
}

void term_put_finding(SqlText *sql, const Term *t)
{
    sql_put(sql, "SELECT x.rid FROM ");
    put_table(sql, table_of(t->clause));
    sql_put(sql, " WHERE ");
    term_put_table_condition(sql, t);
}

/* Every row of the parameter, whatever its value; in all tables that may hold some. */
static void put_any(SqlText *sql, const Term *t, RowKind kind)
{
    const SearchParam *param = t->clause->param;

    sql_put(sql, "+c.rid IN (SELECT x.rid FROM ");
    put_table(sql, kind);
    sql_put(sql, " WHERE ");
    put_params(sql, t);
    if (kind == ROW_REFERENCE && param->only_type) {
        sql_put(sql, " AND x.target IN (SELECT i.rid FROM known_identity i WHERE i.type = ?)");
        sql_int(sql, param->only_type);
    }
    sql_put(sql, ")");
}

static void put_missing(SqlText *sql, const Term *t)
{
    if (t->clause->values[0].truth)
        sql_put(sql, " AND NOT (1 = 0");
    else
        sql_put(sql, " AND (1 = 0");
    for (RowKind kind = ROW_TOKEN; kind <= ROW_QUANTITY; kind++)
        if (has_kind(t->clause, kind)) {
            sql_put(sql, " OR ");
            put_any(sql, t, kind);
        }
    sql_put(sql, ")");
}

static void put_updated(SqlText *sql, const Term *t)
{
    sql_put(sql, " AND EXISTS (SELECT 1 FROM @_version x WHERE x.seq = c.seq AND ");
    put_ranges(sql, t);
    sql_put(sql, ")");
}

/* "system|" stands for all its codes, or identifiers. */
static bool is_wide(const Clause *clause)
{
    bool wide = false;

    for (uint32_t i = 0; i < clause->count; i++)
        wide = wide || (clause->values[i].has_system && !clause->values[i].has_code);
    return wide && (clause->param->type == SEARCH_TOKEN || clause->modifier == MODIFIER_IDENTIFIER);
}

/* One look into the table: with the value and this rid, or, where the value is a range, for the
 * rows of this rid. What stands for very many values is gathered first. */
static void put_probe(SqlText *sql, const Term *t)
{
    if (is_wide(t->clause)) {
        sql_put(sql, "+c.rid IN (");
        term_put_finding(sql, t);
        sql_put(sql, ")");
        return;
    }
    sql_put(sql, "EXISTS (SELECT 1 FROM ");
    put_table(sql, table_of(t->clause));
    sql_put(sql, " WHERE ");
    term_put_table_condition(sql, t);
    sql_put(sql, " AND x.rid = c.rid)");
}

/* Some token parameters have values of both forms (a code here, an identifier there). */
static void put_both(SqlText *sql, const Term *t)
{
    Term   other = *t;
    Clause clause = *t->clause;
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

void term_put_condition(SqlText *sql, const Term *t)
{
    if (t->clause->modifier == MODIFIER_MISSING) {
        put_missing(sql, t);
    } else if (is_last_updated(t->clause)) {
        put_updated(sql, t);
    } else if (is_id(t->clause)) {
        sql_put(sql, " AND c.rid IN ");
        sql_int_list(sql, t->numbers, t->number_count);
    } else {
        if (t->clause->modifier == MODIFIER_NOT)
            sql_put(sql, " AND NOT ");
        else
            sql_put(sql, " AND ");
        if (t->systems)
            put_both(sql, t);
        else
            put_probe(sql, t);
    }
}

/* ---- making a term ---- */

static Fail make_numbers(Making *m)
{
    const Clause *clause = m->term->clause;

    if (is_id(clause))
        return make_ids(m);
    switch (table_of(clause)) {
    case ROW_TOKEN: return clause->param->type == SEARCH_URI ? make_uris(m) : make_tokens(m);
    case ROW_IDENTIFIER: return make_identifiers(m);
    case ROW_REFERENCE: return make_targets(m);
    default: return OK;
    }
}

static void set_params(const Store *s, Term *t)
{
    const SearchParam *p = t->clause->param;

    t->params[0] = s->param_numbers[p->same_as];
    t->param_count = 1;
    if (p->also != p->same_as)
        t->params[t->param_count++] = s->param_numbers[p->also];
}

/* Codes that are also looked for among identifiers need the numbers of their systems. */
static Fail make_systems(Making *m)
{
    Term   other = { .clause = m->term->clause };
    Making systems = { m->call, m->db, &other, NUMBERS_AT_FIRST };

    other.numbers = NEW_ARRAY(m->call->arena, int64_t, NUMBERS_AT_FIRST);
    TRY(make_identifiers(&systems));
    m->term->systems = other.numbers;
    return OK;
}

static Reach reach_of(const Term *t)
{
    const Clause *clause = t->clause;

    if (is_id(clause))
        return FINDS_ONE;
    if (is_last_updated(clause) || clause->modifier == MODIFIER_MISSING
        || clause->modifier == MODIFIER_NOT || t->systems)
        return FINDS_NOT;
    switch (table_of(clause)) {
    case ROW_IDENTIFIER: return FINDS_FEW;
    case ROW_TOKEN:
    case ROW_REFERENCE: return FINDS_SOME;
    case ROW_STRING: return clause->modifier == MODIFIER_EXACT ? FINDS_SOME : FINDS_RANGE;
    default: return FINDS_RANGE;
    }
}

Fail term_make(Call *c, const Store *s, Db *db, const Clause *clause, Term *out)
{
    Term    t = { .clause = clause };
    Making  m = { c, db, &t, NUMBERS_AT_FIRST };
    RowKind table;

    t.numbers = NEW_ARRAY(c->arena, int64_t, NUMBERS_AT_FIRST);
    set_params(s, &t);
    if (clause->modifier == MODIFIER_MISSING || is_last_updated(clause)) {
        t.reach = FINDS_NOT;
        *out = t;
        return OK;
    }
    TRY(make_numbers(&m));
    table = table_of(clause);
    if (!is_id(clause) && table == ROW_TOKEN && has_kind(clause, ROW_IDENTIFIER)
        && clause->param->type == SEARCH_TOKEN)
        TRY(make_systems(&m));
    t.reach = reach_of(&t);
    t.never = t.number_count == 0 && !t.systems && clause->modifier != MODIFIER_NOT
              && (is_id(clause) || table == ROW_TOKEN || table == ROW_REFERENCE);
    t.ordered = t.param_count == 1 && t.number_count == 1 && t.numbers[0] > 0
                && t.reach == FINDS_SOME && (table == ROW_TOKEN || table == ROW_REFERENCE);
    *out = t;
    return OK;
}
