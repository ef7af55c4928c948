/* Orders about the policy: what it says, whether a text is one, a new one, those there were. */
#include "access/policy.h"
#include "interaction/people_order.h"

static Str number_text(const Order *o, uint64_t number)
{
    return arena_printf(o->call->arena, "%llu", (unsigned long long)number);
}

static Fail policy_asked(Order *o, PolicyVersion *out)
{
    Str      number = order_member(o, "number");
    uint64_t wanted = 0;

    if (number.len == 0)
        return policy_in_force(o->call, o->session, &out->text, &out->number);
    if (!str_to_u64(number, &wanted))
        return fail(o->call, FAIL_VALUE, STR("number"), "That is not a number");
    if (wanted)
        return store_policy_at(o->call, o->session, wanted, out);
    *out = (PolicyVersion){ .text = policy_shipped() };
    return OK;
}

Fail policy_order_show(Order *o)
{
    PolicyVersion version = { 0 };
    Buf           rows = buf_new(o->call->arena, 2048);

    TRY(policy_asked(o, &version));
    TRY(policy_describe(o->call, version.text, order_member(o, "role"), &rows));
    order_put(o, "number", number_text(o, version.number));
    order_put(o, "text", version.text);
    order_put(o, "rows", buf_str(&rows));
    return OK;
}

Fail policy_order_check(Order *o)
{
    return policy_check(o->call, order_member(o, "text"));
}

Fail policy_order_set(Order *o)
{
    uint64_t number;
    Str      text;

    o->detail = STR("a new policy");
    TRY(policy_check(o->call, order_member(o, "text")));
    TRY(store_policy_add(o->call, session_store(o->session), order_member(o, "text")));
    TRY(policy_in_force(o->call, o->session, &text, &number));
    order_put(o, "number", number_text(o, number));
    return OK;
}

Fail policy_order_history(Order *o)
{
    PolicyVersion version;

    TRY(store_policy_newest(o->call, o->session, &version));
    buf_put(&o->out, STR("\"versions\":["));
    for (uint64_t number = version.number; number; number--) {
        TRY(store_policy_at(o->call, o->session, number, &version));
        order_row_begin(o);
        order_row_put(o, "number", number_text(o, number));
        order_row_instant(o, "made", version.made_us);
        order_row_put(o, "bytes", number_text(o, version.text.len));
        order_row_end(o);
    }
    buf_put_char(&o->out, ']');
    return OK;
}
