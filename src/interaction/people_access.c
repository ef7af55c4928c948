/* The order that asks why a login may or may not: see people_order.h and access/reason.h. */
#include "access/reason.h"
#include "interaction/people_order.h"

static const struct {
    Str  word;
    Deed deed;
} asked_deeds[] = {
    { STR_INIT(""), DEED_READ },         { STR_INIT("read"), DEED_READ },
    { STR_INIT("search"), DEED_SEARCH }, { STR_INIT("update"), DEED_UPDATE },
    { STR_INIT("delete"), DEED_DELETE },
};

static Fail take_deed(const Order *o, Deed *out)
{
    for (size_t i = 0; i < COUNT(asked_deeds); i++)
        if (str_equal(asked_deeds[i].word, order_member(o, "interaction"))) {
            *out = asked_deeds[i].deed;
            return OK;
        }
    return fail(o->call, FAIL_VALUE, STR("interaction"),
                "It is one of read, search, update, delete");
}

/* Who asks about whose record is in the audit, before anything is told. */
Fail access_order_explain(Order *o)
{
    ReasonAsked asked = { .name = order_member(o, "name"), .scope = order_member(o, "scope") };
    Str         resource = order_member(o, "resource"), type;
    Reason      reason;

    o->detail =
        arena_printf(o->call->arena, "asked what login %.*s may do", STR_ARG(asked.name));
    TRY(take_deed(o, &asked.deed));
    if (str_cut(resource, '/', &type, &asked.id))
        asked.type = type_find(type);
    TRY(access_explain(o->call, o->session, &asked, &reason));
    o->detail = arena_printf(o->call->arena, "asked what login %.*s may do with %.*s",
                             STR_ARG(asked.name), STR_ARG(resource));
    o->patient = reason.patient;
    order_put(o, "allowed", reason.allowed ? STR("yes") : STR("no"));
    order_put(o, "by", reason.by);
    order_put(o, "why", reason.why);
    order_put(o, "rows", reason.rows);
    return OK;
}
