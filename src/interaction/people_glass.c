/* Orders about records opened in an emergency: see people_order.h and access/break_glass.h. */
#include "access/break_glass.h"
#include "base/moment.h"
#include "interaction/people_order.h"

static Str who(const Order *o)
{
    return o->by ? o->by->login.name : STR("the owner");
}

/* What is refused is in the audit, flagged alike: somebody tried. */
Fail glass_order_begin(Order *o)
{
    GlassAsked asked = { .patient = order_member(o, "patient"),
                         .reason = order_member(o, "reason"),
                         .words = order_member(o, "words"),
                         .minutes = order_member(o, "minutes") };
    char       token[TOKEN_CHARS + 1], until[INSTANT_CHARS + 1];
    int64_t    ends_us;
    uint32_t   number;

    o->detail = arena_printf(o->call->arena, "login %.*s opens in an emergency: %.*s",
                             STR_ARG(who(o)), STR_ARG(asked.reason));
    o->patient = resource_id_valid(asked.patient) ? asked.patient : (Str){ 0 };
    o->flags = AUDIT_EMERGENCY;
    TRY(glass_break(o->call, o->session, o->by, &asked, token, &number, &ends_us));
    moment_format_instant(ends_us, until);
    order_put(o, "number", arena_printf(o->call->arena, "%u", number));
    order_put(o, "token", str_from(token));
    order_put(o, "ends", str_from(until));
    explicit_bzero(token, sizeof token);
    return OK;
}

Fail glass_order_end(Order *o)
{
    o->detail = arena_printf(o->call->arena, "emergency access %.*s ended by %.*s",
                             STR_ARG(order_member(o, "number")), STR_ARG(who(o)));
    o->flags = AUDIT_EMERGENCY;
    return glass_end(o->call, o->session, o->by, order_member(o, "number"));
}

Fail glass_order_review(Order *o)
{
    o->detail = arena_printf(o->call->arena, "emergency access %.*s reviewed by %.*s",
                             STR_ARG(order_member(o, "number")), STR_ARG(who(o)));
    o->flags = AUDIT_EMERGENCY;
    return glass_review(o->call, o->session, o->by, order_member(o, "number"),
                        order_member(o, "verdict"));
}

/* Who does not review sees their own. */
static bool put_glass(void *context, const Glass *g)
{
    Order *o = context;

    if (o->by && !o->by->role->reviews && g->login != o->by->login.number)
        return true;
    order_row_begin(o);
    order_row_put(o, "number", arena_printf(o->call->arena, "%u", g->number));
    order_row_put(o, "state", glass_state(o->call, g));
    order_row_put(o, "login", g->login_name);
    order_row_put(o, "patient", g->patient);
    order_row_put(o, "reason", g->reason);
    order_row_instant(o, "began", g->began_us);
    order_row_instant(o, "ends", g->ended_us ? g->ended_us : g->ends_us);
    order_row_instant(o, "reviewUntil",
                      g->began_us + (int64_t)REVIEW_HOURS * 3600 * 1000 * 1000);
    order_row_put(o, "endedBy", g->ended_by);
    order_row_put(o, "reviewedBy", g->reviewed_by);
    order_row_put(o, "verdict", g->verdict);
    order_row_put(o, "words", g->words);
    order_row_end(o);
    return true;
}

Fail glass_order_list(Order *o)
{
    buf_put(&o->out, STR("\"emergencies\":["));
    TRY(store_glass_each(o->call, o->session, put_glass, o));
    buf_put_char(&o->out, ']');
    return OK;
}
