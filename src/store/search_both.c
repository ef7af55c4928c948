/* What two clauses have in common: see search_both.h. */
#include "store/search_both.h"
#include "store/words_index.h"

enum {
    NUMBERS_MAX = 4,  /* of one clause: each is a look of its own */
    SAMPLED = 24,     /* of the one, to see how many the other finds, too … */
    SAMPLED_DENSE = 8 /* … which is so many that stepping from one to the next is no gain */
};

static bool has_steps(const Term *t)
{
    RowKind table;

    if (t->steps || clause_is_words(t->clause) || t->reach != FINDS_SOME || t->key_system
        || t->systems || t->clause->key || t->param_count != 1 || t->number_count == 0
        || t->number_count > NUMBERS_MAX)
        return false;
    for (size_t i = 0; i < t->number_count; i++)
        if (t->numbers[i] <= 0)
            return false;
    table = clause_table(t->clause);
    return table == ROW_TOKEN || table == ROW_REFERENCE;
}

/* A reference narrows more than most codes. */
static bool is_reference(const Term *t)
{
    return clause_table(t->clause) == ROW_REFERENCE;
}

/* The first is what was chosen by counting, else a reference; it must be in order by itself. */
static bool find_pair(const SearchPlan *p, uint32_t *first, uint32_t *second)
{
    bool begun = false, found = false;

    *first = p->first;
    if (p->start == START_ORDERED)
        begun = has_steps(&p->terms[p->first]) && p->terms[p->first].ordered;
    for (uint32_t i = 0; i < p->count && p->start != START_ORDERED; i++)
        if (p->terms[i].ordered && has_steps(&p->terms[i])
            && (!begun || is_reference(&p->terms[i]))) {
            *first = i;
            begun = true;
        }
    for (uint32_t i = 0; i < p->count && begun; i++)
        if (i != *first && has_steps(&p->terms[i]) && (!found || is_reference(&p->terms[i]))) {
            *second = i;
            found = true;
        }
    return found;
}

bool both_can(const SearchPlan *p)
{
    uint32_t first, second;

    return p->view == VIEW_PRACTICE && find_pair(p, &first, &second);
}

/* Of the newest that the one finds, how many there are, and how many the other finds. */
static Fail sample(Call *c, Db *db, const SearchPlan *p, int64_t *seen, int64_t *met)
{
    SqlText    sql = sql_text_new(c->arena, p->view);
    Statement *rows;

    sql_put(&sql, "SELECT count(*), count(CASE WHEN 0 = 0");
    sql.row = "d.rid";
    term_put_condition(&sql, &p->terms[p->second]);
    sql_put(&sql, " THEN 1 END) FROM (");
    term_put_finding(&sql, &p->terms[p->first]);
    sql_put(&sql, " ORDER BY x.rid DESC LIMIT ?) d");
    sql_int(&sql, SAMPLED);
    rows = sql_statement(db, &sql);
    TRY_STATEMENT(c, db, rows);
    if (statement_step(rows) != STEP_ROW)
        return db_fail(c, db);
    *seen = row_int(rows, 0);
    *met = row_int(rows, 1);
    statement_reset(rows);
    return OK;
}

Fail both_choose(Call *c, Db *db, SearchPlan *p)
{
    uint32_t first, second;
    int64_t  seen, met;

    if (!find_pair(p, &first, &second))
        return OK;
    if (first != p->first)
        p->estimate = UINT64_MAX;
    p->first = first;
    p->second = second;
    TRY(sample(c, db, p, &seen, &met));
    p->start = seen < SAMPLED || met >= SAMPLED_DENSE ? START_ORDERED : START_BOTH;
    if (seen < SAMPLED) {
        p->estimate = (uint64_t)seen;
        p->at_least = false;
    }
    return OK;
}

/* Appends "(SELECT …)": the nearest that the term finds; what is appended next says from where on. */
static void put_nearest(SqlText *sql, const Term *t, size_t number, bool back)
{
    if (back)
        sql_put(sql, "SELECT min(x.rid) AS rid FROM ");
    else
        sql_put(sql, "SELECT max(x.rid) AS rid FROM ");
    term_put_table(sql, t);
    sql_put(sql, " WHERE ");
    put_params(sql, "x", t->params, t->param_count);
    if (is_reference(t))
        sql_put(sql, " AND x.target = ?");
    else
        sql_put(sql, " AND x.token = ?");
    sql_int(sql, t->numbers[number]);
}

static void put_from_other(SqlText *sql, bool back)
{
    if (back)
        sql_put(sql, " AND x.rid >= chain.at + (chain.at = chain.before)");
    else
        sql_put(sql, " AND x.rid <= chain.at - (chain.at = chain.before)");
}

static void put_step(SqlText *sql, const Term *t, bool back)
{
    if (t->number_count == 1) {
        sql_put(sql, "(");
        put_nearest(sql, t, 0, back);
        put_from_other(sql, back);
        sql_put(sql, ")");
        return;
    }
    sql_text_put(sql, back ? "(SELECT min(n.rid) FROM (" : "(SELECT max(n.rid) FROM (");
    for (size_t i = 0; i < t->number_count; i++) {
        if (i)
            sql_put(sql, " UNION ALL ");
        put_nearest(sql, t, i, back);
        put_from_other(sql, back);
    }
    sql_put(sql, ") n)");
}

/* The rows of the chain follow each other, one at a time: what was stepped to, and from where. Where
 * these are the same both have it. */
void both_put_found(SqlText *sql, const SearchPlan *p, int64_t rid, bool back)
{
    const Term *first = &p->terms[p->first], *second = &p->terms[p->second];

    sql_put(sql, "(WITH RECURSIVE chain (at, before, turn) AS (SELECT (");
    put_nearest(sql, first, 0, back);
    sql_text_put(sql, back ? " AND x.rid > ?" : " AND x.rid < ?");
    sql_int(sql, rid);
    sql_put(sql, "), -1, 1 UNION ALL SELECT CASE chain.turn WHEN 1 THEN ");
    put_step(sql, second, back);
    sql_put(sql, " ELSE ");
    put_step(sql, first, back);
    sql_put(sql, " END, chain.at, 1 - chain.turn FROM chain WHERE chain.at IS NOT NULL)"
                 " SELECT chain.at AS rid FROM chain WHERE chain.at = chain.before) d");
}
