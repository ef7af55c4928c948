/* Messages to people, as the database keeps them: see outbox.h. */
#include "store/outbox.h"

#include <stdatomic.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "codec/json.h"
#include "store/intern.h"
#include "store/migrate.h"
#include "store/outbox_write.h"
#include "store/values.h"
#include "store/version.h"

#define DAY_US ((int64_t)24 * 3600 * 1000 * 1000)

enum { LOOKED_AT_ONCE = 200 };

SQL(put_sql,
    "INSERT INTO outbox (number, practice, name, kind, channel, recipient, subject, body, file_name,"
    " file_type, file, patient_id, visit_id, visit_start, made_at, due_at, until_at, state, tries,"
    " again, ended_at, answer)"
    " SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
    " $14, $15, $16, 1, 0, 0, 0, '' FROM outbox");
SQL(there_sql, "SELECT 1 FROM outbox WHERE practice = $1 AND name = $2");
SQL(due_sql,
    "SELECT number, practice, visit_id, visit_start, due_at, until_at, state FROM outbox"
    " WHERE channel = $1 AND state <= 2 ORDER BY due_at LIMIT 1");
SQL(take_sql, "UPDATE outbox SET again = again + (state - 1), state = 2 WHERE number = $1");
SQL(later_sql, "UPDATE outbox SET state = 1, tries = tries + $1, due_at = CASE WHEN $2 > due_at"
               " THEN $3 ELSE due_at END, answer = $4 WHERE number = $5");
SQL(end_sql,
    "UPDATE outbox SET state = $1, tries = tries + $2, ended_at = $3, answer = $4, subject = '',"
    " body = '', file_name = '', file_type = '', file = $5 WHERE number = $6");
SQL(current_sql, "SELECT seq FROM current WHERE practice = $1 AND type = $2 AND rid = $3");
SQL(seen_sql, "SELECT value FROM own_setting WHERE name = 'reminders'");
SQL(read_sql,
    "SELECT number, practice, name, kind, channel, recipient, subject, body, file_name, file_type,"
    " file, patient_id, visit_id, visit_start, made_at, due_at, until_at, state, tries, again,"
    " ended_at, answer FROM own_outbox WHERE number = $1");
SQL(list_sql,
    "SELECT number, practice, name, kind, channel, recipient, '', '', '', '', '', patient_id,"
    " visit_id, visit_start, made_at, due_at, until_at, state, tries, again, ended_at, answer"
    " FROM own_outbox WHERE practice = $1 AND number < $2 ORDER BY number DESC LIMIT $3");

static struct Waker {
    void (*wake)(void *context);
    void *context;
} waker;
static pthread_mutex_t waker_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- what can be a message ---- */

static bool has_control(Str text, bool lines)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < ' ' && !(lines && strchr("\n\t", text.at[i])))
            return true;
    return false;
}

static bool is_phone(Str to)
{
    if (to.len < 8 || to.len > 16 || to.at[0] != '+')
        return false;
    for (size_t i = 1; i < to.len; i++)
        if (to.at[i] < '0' || to.at[i] > '9')
            return false;
    return true;
}

/* One mailbox of RFC 5321 4.1.2 with a dot-string and a domain: no names, comments or quotes, whose
 * meaning depends on who reads them. */
static bool is_mailbox(Str to)
{
    static const char others[] = "!#$%&'*+-/=?^_`{|}~.";
    Str               local, domain, label;

    if (to.len > OUTBOX_ADDRESS_MAX || !str_cut_last(to, '@', &local, &domain) || local.len == 0
        || local.len > 64 || str_find(domain, STR(".")) < 0)
        return false;
    for (size_t i = 0; i < local.len; i++)
        if (!((local.at[i] | 32) >= 'a' && (local.at[i] | 32) <= 'z')
            && !(local.at[i] >= '0' && local.at[i] <= '9')
            && (local.at[i] == '\0' || !strchr(others, local.at[i])))
            return false;
    if (local.at[0] == '.' || str_ends(local, STR(".")) || str_find(local, STR("..")) >= 0)
        return false;
    while (str_next(&domain, '.', &label)) {
        if (label.len == 0 || label.len > 63 || label.at[0] == '-' || str_ends(label, STR("-")))
            return false;
        for (size_t i = 0; i < label.len; i++)
            if (!((label.at[i] | 32) >= 'a' && (label.at[i] | 32) <= 'z')
                && !(label.at[i] >= '0' && label.at[i] <= '9') && label.at[i] != '-')
                return false;
    }
    return true;
}

bool outbox_address_fits(OutboxChannel channel, Str address)
{
    return channel == OUTBOX_MAIL ? is_mailbox(address) : is_phone(address);
}

static Fail check_message(Call *c, const OutboxMessage *m)
{
    if (m->channel != OUTBOX_MAIL && m->channel != OUTBOX_SMS)
        return fail(c, FAIL_VALUE, STR("channel"), "A message goes by e-mail or SMS");
    if (!outbox_address_fits(m->channel, m->to))
        return fail(c, FAIL_VALUE, STR("to"),
                    m->channel == OUTBOX_MAIL
                        ? "That is no e-mail address a message could be sent to"
                        : "That is no phone number a message could be sent to: it begins with +"
                          " and the country's number, and has digits only");
    if (m->name.len == 0 || m->name.len > OUTBOX_NAME_MAX || has_control(m->name, false)
        || m->kind.len == 0 || has_control(m->kind, false))
        return fail(c, FAIL_VALUE, STR("name"), "A message must say what it is");
    if (has_control(m->subject, false) || m->subject.len > OUTBOX_NAME_MAX
        || (m->channel == OUTBOX_MAIL) != (m->subject.len > 0))
        return fail(c, FAIL_VALUE, STR("subject"), "An e-mail has a subject of one line");
    if (m->body.len == 0 || m->body.len > OUTBOX_TEXT_MAX || has_control(m->body, true))
        return fail(c, FAIL_VALUE, STR("body"), "A message says something, within %d bytes",
                    OUTBOX_TEXT_MAX);
    if (m->file.len > OUTBOX_FILE_MAX || (m->file.len && m->channel != OUTBOX_MAIL)
        || has_control(m->file_name, false) || has_control(m->file_type, false))
        return fail(c, FAIL_VALUE, STR("file"), "Only an e-mail takes a file, of %d bytes",
                    OUTBOX_FILE_MAX);
    return OK;
}

Fail outbox_check(Call *c, const OutboxMessage *messages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(check_message(c, &messages[i]));
    return OK;
}

/* ---- putting in ---- */

static Fail put(Call *c, Writer *w, uint32_t practice, const OutboxMessage *m)
{
    int64_t due_us = m->due_us ? m->due_us : c->now_us;
    bool    there;

    TRY(values_any(c, w->db, there_sql, VALUES(value_int(practice), value_text(m->name)),
                   &there));
    if (there)
        return OK;
    return values_run(c, w->db, put_sql,
                      VALUES(value_int(practice), value_text(m->name), value_text(m->kind),
                             value_int(m->channel), value_text(m->to), value_text(m->subject),
                             value_text(m->body), value_text(m->file_name),
                             value_text(m->file_type), value_bytes(m->file),
                             value_text(m->patient), value_text(m->visit),
                             value_int(m->start_us), value_int(c->now_us), value_int(due_us),
                             value_int(m->until_us ? m->until_us : due_us + 3 * DAY_US)));
}

/* ---- a turn ---- */

typedef struct Due {
    uint64_t number;
    uint32_t practice;
    Str      visit;
    int64_t  start_us, due_us, until_us;
    bool     sending; /* a thread that is no more had it */
} Due;

static Fail end(Call *c, Writer *w, uint64_t number, OutboxState state, bool tried, Str answer)
{
    return values_run(c, w->db, end_sql,
                      VALUES(value_int(state), value_int(tried), value_int(c->now_us),
                             value_text(answer), value_bytes(STR("")),
                             value_int((int64_t)number)));
}

static Fail note(Call *c, Writer *w, const OutboxTurn *turn)
{
    if (turn->number == 0)
        return OK;
    if (turn->became != OUTBOX_WAITING)
        return end(c, w, turn->number, turn->became, turn->tried, turn->answer);
    return values_run(c, w->db, later_sql,
                      VALUES(value_int(turn->tried), value_int(turn->later_us),
                             value_int(turn->later_us), value_text(turn->answer),
                             value_int((int64_t)turn->number)));
}

static Fail first_due(Call *c, Writer *w, int channel, Due *out)
{
    Statement *s;

    *out = (Due){ 0 };
    TRY(values_row(c, w->db, due_sql, VALUES(value_int(channel)), &s));
    if (!s)
        return OK;
    *out = (Due){ .number = (uint64_t)row_int(s, 0),
                  .practice = (uint32_t)row_int(s, 1),
                  .visit = arena_str(c->arena, row_text(s, 2)),
                  .start_us = row_int(s, 3),
                  .due_us = row_int(s, 4),
                  .until_us = row_int(s, 5),
                  .sending = row_int(s, 6) == OUTBOX_SENDING };
    statement_reset(s);
    return OK;
}

/* Whether the Appointment is there, takes place, and begins when the message says. */
static Fail visit_stands(Call *c, Writer *w, const Due *due, bool *stands)
{
    Statement *s;
    VersionRow row;
    Moment     start;
    Json       json;
    int64_t    rid, seq;
    Str        status;

    *stands = due->visit.len == 0;
    if (*stands)
        return OK;
    TRY(intern_rid(w->intern, c, due->practice, TYPE_APPOINTMENT, due->visit, false, &rid));
    if (!rid)
        return OK;
    TRY(values_row(
        c, w->db, current_sql,
        VALUES(value_int(due->practice), value_int(TYPE_APPOINTMENT), value_int(rid)), &s));
    if (!s)
        return OK;
    seq = row_int(s, 0);
    statement_reset(s);
    TRY(version_load(c, w->store, w->db, (uint64_t)seq, true, &row));
    TRY(json_parse(c, row.version.whole, LIMIT_JSON_NODES, &json));
    status = json_member_text(&json, 0, STR("status"));
    *stands = (str_equal(status, STR("booked")) || str_equal(status, STR("pending")))
              && moment_parse(json_member_text(&json, 0, STR("start")), MOMENT_INSTANT, &start)
              && start.low == due->start_us;
    return OK;
}

/* Takes the next one of a channel, or drops those that are not to be sent any more. */
static Fail take(Call *c, Writer *w, int channel, OutboxTurn *turn)
{
    ArenaMark mark = arena_mark(c->arena);
    Due       due;
    bool      stands;

    for (int i = 0; i < LOOKED_AT_ONCE; i++) {
        arena_rewind(c->arena, mark);
        TRY(first_due(c, w, channel, &due));
        if (!due.number)
            return OK;
        if (due.due_us > c->now_us && !due.sending) {
            if (!turn->due_us || due.due_us < turn->due_us)
                turn->due_us = due.due_us;
            return OK;
        }
        TRY(visit_stands(c, w, &due, &stands));
        if (stands && due.until_us >= c->now_us) {
            turn->next = due.number;
            return values_run(c, w->db, take_sql, VALUES(value_int((int64_t)due.number)));
        }
        TRY(end(c, w, due.number, stands ? OUTBOX_GIVEN_UP : OUTBOX_DROPPED, false, STR("")));
    }
    turn->more = true;
    return OK;
}

static Fail carry_out(Call *c, Writer *w, OutboxTurn *turn)
{
    turn->next = 0;
    turn->more = false;
    turn->due_us = 0;
    TRY(note(c, w, turn));
    for (int channel = 1; channel < OUTBOX_CHANNELS && !turn->next; channel++)
        if (turn->channels & 1u << channel)
            TRY(take(c, w, channel, turn));
    return OK;
}

Fail outbox_apply(Call *c, Writer *w, const OutboxWrite *outbox)
{
    ENSURE(outbox->practice || outbox->count == 0);
    for (size_t i = 0; i < outbox->count; i++)
        TRY(put(c, w, outbox->practice, &outbox->messages[i]));
    return outbox->turn ? carry_out(c, w, outbox->turn) : OK;
}

void outbox_committed(const OutboxWrite *outbox)
{
    if (outbox->count == 0)
        return;
    pthread_mutex_lock(&waker_lock);
    if (waker.wake)
        waker.wake(waker.context);
    pthread_mutex_unlock(&waker_lock);
}

void outbox_on_put(void (*wake)(void *context), void *context)
{
    pthread_mutex_lock(&waker_lock);
    waker = (struct Waker){ wake, context };
    pthread_mutex_unlock(&waker_lock);
}

Fail outbox_put(Call *c, Store *s, uint32_t practice, const OutboxMessage *messages,
                size_t count)
{
    OutboxWrite outbox = { .practice = practice, .messages = messages, .count = count };
    Write       write = { .outbox = &outbox };

    TRY(outbox_check(c, messages, count));
    return store_write(c, s, &write);
}

/* ---- how far reminders are ---- */

static Fail see(Call *c, Writer *w, void *context)
{
    return setting_put(c, w->db, STR("reminders"),
                       arena_printf(c->arena, "%lld", (long long)*(int64_t *)context));
}

Fail store_outbox_see(Call *c, Store *s, int64_t at_us)
{
    return writer_run(c, s, see, &at_us, false);
}

static Fail read_seen(Call *c, Session *s, Str *out)
{
    Statement *row;

    *out = (Str){ 0 };
    TRY(values_row(c, s->db, seen_sql, NULL, 0, &row));
    if (!row)
        return OK;
    *out = arena_str(c->arena, row_text(row, 0));
    statement_reset(row);
    return OK;
}

Fail store_outbox_seen(Call *c, Session *s, int64_t *at_us)
{
    uint64_t value = 0;
    Str      text;
    Fail     result;

    TRY(session_enter(c, s, NULL));
    result = read_seen(c, s, &text);
    session_leave(s);
    TRY(result);
    (void)str_to_u64(text, &value);
    *at_us = (int64_t)value;
    return OK;
}

/* ---- looking ---- */

static OutboxMessage message_take(Arena *a, Statement *s)
{
    return (OutboxMessage){
        .name = arena_str(a, row_text(s, 2)),
        .kind = arena_str(a, row_text(s, 3)),
        .channel = (OutboxChannel)row_int(s, 4),
        .to = arena_str(a, row_text(s, 5)),
        .subject = arena_str(a, row_text(s, 6)),
        .body = arena_str(a, row_text(s, 7)),
        .file_name = arena_str(a, row_text(s, 8)),
        .file_type = arena_str(a, row_text(s, 9)),
        .file = arena_str(a, row_bytes(s, 10)),
        .patient = arena_str(a, row_text(s, 11)),
        .visit = arena_str(a, row_text(s, 12)),
        .start_us = row_int(s, 13),
        .due_us = row_int(s, 15),
        .until_us = row_int(s, 16),
    };
}

static OutboxRow row_take(Arena *a, Statement *s)
{
    return (OutboxRow){
        .number = (uint64_t)row_int(s, 0),
        .practice = (uint32_t)row_int(s, 1),
        .message = message_take(a, s),
        .made_us = row_int(s, 14),
        .state = (OutboxState)row_int(s, 17),
        .tries = (uint32_t)row_int(s, 18),
        .again = (uint32_t)row_int(s, 19),
        .ended_us = row_int(s, 20),
        .answer = arena_str(a, row_text(s, 21)),
    };
}

static Fail read_row(Call *c, Session *s, uint64_t number, OutboxRow *out)
{
    Statement *row;

    TRY(values_row(c, s->db, read_sql, VALUES(value_int((int64_t)number)), &row));
    if (!row)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "There is no such message");
    *out = row_take(c->arena, row);
    statement_reset(row);
    return OK;
}

Fail store_outbox_read(Call *c, Session *s, uint64_t number, OutboxRow *out)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = read_row(c, s, number, out);
    session_leave(s);
    return result;
}

static Fail list_rows(Call *c, Session *s, uint32_t practice, uint64_t before, uint32_t most,
                      OutboxRow *rows, size_t *count)
{
    Statement *all = db_statement(s->db, list_sql);
    Step       step;

    *count = 0;
    TRY_STATEMENT(c, s->db, all);
    bind_int(all, practice);
    bind_int(all, before ? (int64_t)before : INT64_MAX);
    bind_int(all, most);
    while ((step = statement_step(all)) == STEP_ROW)
        rows[(*count)++] = row_take(c->arena, all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_outbox_list(Call *c, Session *s, uint32_t practice, uint64_t before, uint32_t most,
                       OutboxRow **out, size_t *count)
{
    Fail result;

    *out = NEW_ARRAY(c->arena, OutboxRow, most + 1);
    TRY(session_enter(c, s, NULL));
    result = list_rows(c, s, practice, before, most, *out, count);
    session_leave(s);
    return result;
}
