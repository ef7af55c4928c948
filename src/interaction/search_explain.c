/*
 * $explain: how a search would be carried out, for those who look after the server. Counts tell of
 * what is there, and which codes there are, so only callers may ask who may search for everything in
 * the practice and from whom nothing is withheld or hidden.
 */
#include "access/rights.h"
#include "interaction/search.h"

Fail search_check_whole(Call *c, const Principal *p, const char *deed)
{
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (type_is_record(type) && !(rights_whole(p, false, type) >> DEED_SEARCH & 1))
            return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                        "Only who may search for everything in the practice may %s", deed);
    return OK;
}

static void put_text(Buf *out, const char *name, Str value)
{
    buf_printf(out,
               "%s{\"name\":\"%s\",\"valueString\":", out->at[out->len - 1] == '[' ? "" : ",",
               name);
    buf_put_json_string(out, value);
    buf_put_char(out, '}');
}

static void put_number(Buf *out, const char *name, uint64_t value)
{
    buf_printf(out, ",{\"name\":\"%s\",\"valueInteger\":%llu}", name,
               (unsigned long long)(value < INT32_MAX ? value : INT32_MAX));
}

static void put_report(Buf *out, const SearchReport *r)
{
    buf_put(out, STR("{\"name\":\"plan\",\"part\":["));
    put_text(out, "type", type_name(r->type));
    put_text(out, "start", str_from(r->start));
    if (r->clause.len)
        put_text(out, "clause", r->clause);
    if (r->estimate != UINT64_MAX)
        put_number(out, r->at_least ? "estimateAtLeast" : "estimate", r->estimate);
    if (r->order[0])
        put_text(out, "order", str_from(r->order));
    put_number(out, "visited", r->visited);
    put_number(out, "matched", r->matched);
    if (r->statement.len)
        put_text(out, "statement", r->statement);
    buf_put(out, STR("]}"));
}

Fail explain_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    SearchReport *reports;
    Search        search;
    Buf           out = buf_new(c->arena, 4096);

    TRY(search_check_whole(c, turn->principal, "have a search explained"));
    if (turn->permit.rows || turn->permit.masks) /* plans go by codes and counts of all */
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                    "Only who is shown everything in the practice may have a search explained");
    TRY(search_read(c, s, turn, turn->asked->query, &search));
    reports = NEW_ARRAY(c->arena, SearchReport, (size_t)search.count + 1);
    TRY(store_search_explain(c, s, &turn->permit, &search, reports));
    buf_put(&out, STR("{\"resourceType\":\"Parameters\",\"parameter\":["));
    for (uint32_t i = 0; i < search.count; i++) {
        if (i)
            buf_put_char(&out, ',');
        put_report(&out, &reports[i]);
    }
    buf_put(&out, STR("]}"));
    answer->status = 200;
    answer->body = buf_str(&out);
    return OK;
}
