/* What tests of query strings share. */
#include "test/fhir/search_help.h"

#include "base/buf.h"

Fail query_read(TypeId type, const char *text, Query *out)
{
    QueryOptions options = { .base = BASE };

    return query_parse(unit_call(), type, str_from(text), &options, out);
}

ClauseValue query_value(TypeId type, const char *text)
{
    Query query = { 0 };

    if (query_read(type, text, &query) != OK || query.clause_count != 1
        || query.clauses[0].count < 1) {
        unit_fail(__FILE__, __LINE__, "%s is not one clause", text);
        return (ClauseValue){ 0 };
    }
    return query.clauses[0].values[0];
}

void query_check_refused(int line, TypeId type, const char *text, Fail expected,
                         const char *where)
{
    Call *c = unit_call();
    Query query;
    Fail  result;

    call_forget_issues(c, 0);
    result = query_read(type, text, &query);
    if (result != expected || c->issue_count != 1
        || !str_equal(c->issues[0].expression, str_from(where)))
        unit_fail(__FILE__, line, "%s: failure %d with %u issues at \"%.*s\"", text, result,
                  c->issue_count, c->issue_count ? (int)c->issues[0].expression.len : 0,
                  c->issue_count ? c->issues[0].expression.at : "");
}

Str query_steps(TypeId type, const char *text)
{
    static const char letters[] = "MAONTR.";
    Buf               out = buf_new(unit_call()->arena, 64);
    Query             q;

    if (query_read(type, text, &q) != OK || q.clause_count != 1)
        return STR("?");
    for (uint32_t i = 0; i < q.clauses[0].step_count; i++)
        buf_put_char(&out, letters[q.clauses[0].steps[i].kind]);
    return buf_str(&out);
}
