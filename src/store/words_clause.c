/*
 * Clauses about words (_text, _content) as SQL. The rows come by rid, so a search can start from
 * them like from a code.
 */
#include "store/words_index.h"

#include "base/ensure.h"

bool clause_is_words(const Clause *clause)
{
    return search_param_is_words(clause->param);
}

static bool asks_words(const Clause *clause)
{
    if (clause->step_count == 0)
        return clause_is_words(clause);
    for (uint32_t i = 0; i < clause->step_count; i++)
        if (clause->steps[i].match && clause_is_words(clause->steps[i].match))
            return true;
    return false;
}

bool query_asks_words(const Query *query)
{
    for (uint32_t i = 0; i < query->clause_count; i++)
        if (asks_words(&query->clauses[i]))
            return true;
    return false;
}

static bool is_narrative(const Clause *clause)
{
    return str_equal(clause->param->code, STR("_text"));
}

void words_put_condition(SqlText *sql, const Clause *clause)
{
    Str *queries = NEW_ARRAY(sql->arena, Str, clause->count);

    for (uint32_t i = 0; i < clause->count; i++)
        queries[i] = clause->values[i].text;
    sql_put(sql, "x.type = ? AND ");
    sql_int(sql, clause->param->base);
    sql_text_put(sql, db_words_match);
    sql_str(sql, db_words_query(sql->arena, queries, clause->count, is_narrative(clause)));
}

static bool past_matches(const ResourceWords *words, const Clause *clause)
{
    for (uint32_t i = 0; i < clause->count; i++)
        if (words_match(words, clause->values[i].text, is_narrative(clause)))
            return true;
    return false;
}

void words_put_plain(SqlText *sql, const Clause *clause)
{
    if (sql->past) {
        ENSURE(sql->words);
        sql_text_put(sql, past_matches(sql->words, clause) ? "1 = 1" : "1 = 0");
        return;
    }
    sql_put(sql, "EXISTS (SELECT 1 FROM @_words x WHERE ");
    words_put_condition(sql, clause);
    sql_put(sql, " AND x.rid = ~)");
}
