/* Messages to people: put in once, taken out one after the other, and what may not be one. */
#include <stdlib.h>

#include "store/outbox.h"
#include "test/store/store_help.h"

#define VISIT                                                                                  \
    "{\"resourceType\":\"Appointment\",\"id\":\"v\",\"status\":\"%s\","                        \
    "\"start\":\"%s\",\"end\":\"2031-03-04T15:00:00Z\",\"participant\":[{\"status\":\"accepted\"}]}"
#define START "2031-03-04T14:00:00Z"

static OutboxMessage mail(const char *name)
{
    return (OutboxMessage){ .name = str_from(name),
                            .kind = STR("test"),
                            .channel = OUTBOX_MAIL,
                            .to = STR("ada@example.org"),
                            .subject = STR("A message"),
                            .body = STR("Hello\n") };
}

static Fail put(OutboxMessage message)
{
    return outbox_put(unit_call(), help_open(), 1, &message, 1);
}

static OutboxTurn turn_of(OutboxTurn turn)
{
    OutboxWrite outbox = { .turn = &turn };
    Write       write = { .outbox = &outbox };

    turn.channels = 1u << OUTBOX_MAIL | 1u << OUTBOX_SMS;
    if (store_write(unit_call(), help_open(), &write) != OK)
        abort();
    return turn;
}

static OutboxTurn next(void)
{
    return turn_of((OutboxTurn){ 0 });
}

static OutboxRow row_of(uint64_t number)
{
    Session  *s = help_session();
    OutboxRow row = { 0 };

    session_rest(s);
    if (store_outbox_read(unit_call(), s, number, &row) != OK)
        abort();
    return row;
}

static Fail put_visit(const char *status, const char *start)
{
    Arena *a = unit_call()->arena;

    return help_put(arena_c_string(a, arena_printf(a, VISIT, status, start)));
}

static OutboxMessage reminder(const char *name)
{
    OutboxMessage message = mail(name);
    Moment        start;

    if (!moment_parse(STR(START), MOMENT_INSTANT, &start))
        abort();
    message.visit = STR("v");
    message.start_us = start.low;
    return message;
}

TEST(a_message_is_put_in_once_and_taken_out_once)
{
    OutboxTurn turn;

    CHECK_INT(put(mail("a")), OK);
    CHECK_INT(put(mail("a")), OK);
    turn = next();
    CHECK_INT(turn.next, 1);
    CHECK_STR(row_of(1).message.body, STR("Hello\n"));
    turn = turn_of((OutboxTurn){
        .number = 1, .became = OUTBOX_SENT, .tried = true, .answer = STR("250 ok") });
    CHECK_INT(turn.next, 0);
    CHECK_INT(row_of(1).state, OUTBOX_SENT);
    CHECK_INT(row_of(1).tries, 1);
    CHECK_INT(row_of(1).again, 0);
    CHECK_STR(row_of(1).message.body, STR(""));
    CHECK_STR(row_of(1).answer, STR("250 ok"));
    CHECK_INT(put(mail("a")), OK);
    CHECK_INT(next().next, 0);
    help_close();
}

TEST(one_that_was_under_way_when_all_broke_off_is_told_apart)
{
    CHECK_INT(put(mail("a")), OK);
    CHECK_INT(put(mail("b")), OK);
    CHECK_INT(next().next, 1);
    help_reopen();
    CHECK_INT(next().next, 1);
    CHECK_INT(row_of(1).again, 1);
    CHECK_INT(turn_of((OutboxTurn){ .number = 1, .became = OUTBOX_SENT }).next, 2);
    CHECK_INT(row_of(2).again, 0);
    help_close();
}

TEST(one_that_waits_comes_back_when_it_is_due)
{
    int64_t    later_us = unit_call()->now_us + 3600LL * 1000 * 1000;
    OutboxTurn turn;

    CHECK_INT(put(mail("a")), OK);
    CHECK_INT(next().next, 1);
    turn = turn_of((OutboxTurn){ .number = 1,
                                 .became = OUTBOX_WAITING,
                                 .tried = true,
                                 .later_us = later_us,
                                 .answer = STR("451 later") });
    CHECK_INT(turn.next, 0);
    CHECK_INT(turn.due_us, later_us);
    CHECK_INT(row_of(1).tries, 1);
    CHECK_STR(row_of(1).message.body, STR("Hello\n"));
    help_close();
}

TEST(a_visit_that_was_cancelled_or_moved_takes_its_messages_along)
{
    CHECK_INT(put_visit("booked", START), OK);
    CHECK_INT(put(reminder("one")), OK);
    CHECK_INT(next().next, 1);
    CHECK_INT(turn_of((OutboxTurn){ .number = 1, .became = OUTBOX_SENT }).next, 0);
    CHECK_INT(put(reminder("two")), OK);
    CHECK_INT(put_visit("booked", "2031-03-04T14:30:00Z"), OK);
    CHECK_INT(next().next, 0);
    CHECK_INT(row_of(2).state, OUTBOX_DROPPED);
    CHECK_INT(put_visit("cancelled", START), OK);
    CHECK_INT(put(reminder("three")), OK);
    CHECK_INT(next().next, 0);
    CHECK_INT(row_of(3).state, OUTBOX_DROPPED);
    CHECK_STR(row_of(3).message.body, STR(""));
    help_close();
}

TEST(what_is_too_late_is_not_sent)
{
    OutboxMessage late = mail("late");

    late.due_us = unit_call()->now_us - 2000;
    late.until_us = unit_call()->now_us - 1000;
    CHECK_INT(put(late), OK);
    CHECK_INT(next().next, 0);
    CHECK_INT(row_of(1).state, OUTBOX_GIVEN_UP);
    help_close();
}

TEST(a_message_lies_there_with_the_change_that_causes_it_or_not_at_all)
{
    Permit        permit = help_permit(DEED_UPDATE);
    OutboxMessage good = mail("a"), bad = mail("b");
    OutboxWrite   outbox = { .practice = 1, .messages = &bad, .count = 1 };
    Change        change =
        help_change(METHOD_PUT, &permit, "{\"resourceType\":\"Patient\",\"id\":\"p\"}");
    Write write = { .changes = &change, .change_count = 1, .outbox = &outbox };

    change.may_create = true;
    bad.to = STR("nobody");
    CHECK_INT(store_write(unit_call(), help_open(), &write), FAIL_VALUE);
    CHECK_INT(help_count(TYPE_PATIENT, "", NULL), 0);
    outbox.messages = &good;
    change.if_version = 7;
    CHECK_INT(store_write(unit_call(), help_open(), &write), FAIL_PRECONDITION);
    CHECK_INT(next().next, 0);
    change.if_version = 0;
    CHECK_INT(store_write(unit_call(), help_open(), &write), OK);
    CHECK_INT(next().next, 1);
    help_close();
}

TEST(addresses_that_would_say_more_than_one_mailbox_are_refused)
{
    static const char *const bad[] = {
        "",
        "a",
        "a@b",
        "@b.org",
        "a@.org",
        "a@b..org",
        "a b@c.org",
        "a@b.org,c@d.org",
        "a@b.org\r\nBcc: c@d.org",
        "<a@b.org>",
        "\"a\"@b.org",
        ".a@b.org",
        "a..b@c.org",
        "a@-b.org",
    };
    static const char *const bad_numbers[] = { "", "15145550100", "+1514555010a", "+1",
                                               "+1 514 555 0100" };

    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!outbox_address_fits(OUTBOX_MAIL, str_from(bad[i])));
    for (size_t i = 0; i < COUNT(bad_numbers); i++)
        CHECK(!outbox_address_fits(OUTBOX_SMS, str_from(bad_numbers[i])));
    CHECK(outbox_address_fits(OUTBOX_MAIL, STR("ada.l+x@mail.example.org")));
    CHECK(outbox_address_fits(OUTBOX_SMS, STR("+15145550100")));
}

TEST(a_subject_is_one_line)
{
    OutboxMessage message = mail("a");

    message.subject = STR("Hello\r\nBcc: eve@example.org");
    CHECK_INT(put(message), FAIL_VALUE);
    message = mail("b");
    message.body = STR("");
    CHECK_INT(put(message), FAIL_VALUE);
    help_close();
}
