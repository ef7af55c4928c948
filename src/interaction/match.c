/* A query against index rows in memory: see match.h. */
#include "interaction/match.h"

static bool match_token(const Clause *clause, const ClauseValue *value, const IndexRow *row)
{
    if (row->kind != ROW_TOKEN && row->kind != ROW_IDENTIFIER)
        return false;
    (void)clause;
    return (!value->has_system || str_equal(value->system, row->system))
           && (!value->has_code || str_equal(value->text, row->text));
}

static bool match_string(const Clause *clause, const ClauseValue *value, const IndexRow *row)
{
    if (row->kind != ROW_STRING)
        return false;
    if (clause->modifier == MODIFIER_EXACT)
        return str_equal(value->text, row->extra.len > 0 ? row->extra : row->text);
    return str_starts(row->text, value->text);
}

static bool match_uri(const Clause *clause, const ClauseValue *value, const IndexRow *row)
{
    (void)clause;
    return row->kind == ROW_TOKEN && str_equal(value->text, row->text);
}

static bool match_reference(const Clause *clause, const ClauseValue *value, const IndexRow *row)
{
    if (row->kind != ROW_REFERENCE || row->type == 0)
        return false;
    if (clause->param->only_type && clause->param->only_type != row->type)
        return false;
    return (value->type == 0 || value->type == row->type) && str_equal(value->text, row->id);
}

/* As the store has it: search_clause.c. */
bool match_moment(const ClauseValue *value, Moment found)
{
    int64_t low = value->moment.low, high = value->moment.high;

    switch (value->prefix) {
    case PREFIX_EQ: return found.low >= low && found.low < high && found.high <= high;
    case PREFIX_NE: return found.low < low || found.high > high;
    case PREFIX_GT: return found.high > high;
    case PREFIX_LT: return found.low < low;
    case PREFIX_GE: return found.high > low;
    case PREFIX_LE: return found.low < high;
    case PREFIX_SA: return found.low >= high;
    case PREFIX_EB: return found.low <= low && found.high <= low;
    case PREFIX_AP: return found.low < high && found.high > low;
    }
    return false;
}

static bool match_date(const Clause *clause, const ClauseValue *value, const IndexRow *row)
{
    (void)clause;
    return row->kind == ROW_DATE && match_moment(value, row->moment);
}

typedef bool Matcher(const Clause *clause, const ClauseValue *value, const IndexRow *row);

static Matcher *const matchers[SEARCH_TYPES] = {
    [SEARCH_TOKEN] = match_token, [SEARCH_STRING] = match_string,
    [SEARCH_URI] = match_uri,     [SEARCH_REFERENCE] = match_reference,
    [SEARCH_DATE] = match_date,
};

static bool match_id(const Clause *clause, Str id)
{
    for (uint32_t i = 0; i < clause->count; i++)
        if (str_equal(clause->values[i].text, id))
            return true;
    return false;
}

static bool is_row_of(const SearchParam *param, const IndexRow *row)
{
    return !row->keyed && (row->param == param->same_as || row->param == param->also);
}

bool match_understands(const Clause *clause)
{
    return matchers[clause->param->type] && !clause->steps && !clause->key
           && !str_equal(clause->param->code, STR("_lastUpdated"))
           && (clause->modifier == MODIFIER_NONE || clause->modifier == MODIFIER_EXACT);
}

static bool match_clause(const Clause *clause, Str id, const IndexRows *rows)
{
    Matcher *matcher = matchers[clause->param->type];

    if (!match_understands(clause))
        return false;
    if (str_equal(clause->param->code, STR("_id")))
        return match_id(clause, id);
    for (uint32_t r = 0; r < rows->count; r++)
        for (uint32_t v = 0; v < clause->count; v++)
            if (is_row_of(clause->param, &rows->rows[r])
                && matcher(clause, &clause->values[v], &rows->rows[r]))
                return true;
    return false;
}

bool match_rows(const Query *query, Str id, const IndexRows *rows)
{
    for (uint32_t i = 0; i < query->clause_count; i++)
        if (!match_clause(&query->clauses[i], id, rows))
            return false;
    return query->clause_count > 0;
}
