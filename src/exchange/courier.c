/* Sending what lies in the outbox: see courier.h. */
#include "exchange/courier.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "base/log.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "codec/url.h"
#include "exchange/mail.h"
#include "interaction/interaction.h"
#include "store/outbox.h"

enum {
    LOOK_MS = 15 * 1000, /* the wall clock may be set meanwhile */
    PAUSE_MS = 500,      /* of a server that is not reached; twice as long each time … */
    PAUSE_MS_MAX = 5 * 60 * 1000,
    TROUBLE_MS = 2000, /* until the store is asked again */
};

/* How long a message that was put off waits, by how often it was tried; then it is given up. */
static const int64_t wait_minutes[] = { 1, 5, 20, 60, 3 * 60, 8 * 60, 16 * 60 };

/* A way out, and how long it is shut. */
typedef struct Way {
    bool     open;
    uint64_t shut_until_ms, pause_ms;
} Way;

struct Courier {
    Arena          *arena; /* as long as the courier */
    Arena          *work;  /* of one turn */
    Store          *store;
    Session        *session;
    CourierSettings settings;
    Sender         *sender;
    Way             ways[OUTBOX_CHANNELS];
    /* what became of the last message: told with the next turn */
    OutboxTurn      turn;
    AuditRecord     record;
    char            answer[SEND_ANSWER_CHARS + 1];
    char            patient[64 + 1], detail[64 + 1];

    pthread_t       thread;
    pthread_mutex_t lock; /* over the two below */
    pthread_cond_t  changed;
    bool            woken, stopping;
};

/* ---- one message ---- */

/* Nothing can be told from it, and nobody can guess another's. */
static Str message_id(Call *c, const OutboxRow *row, Str from)
{
    uint8_t digest[SHA256_BYTES];
    Buf     out = buf_new(c->arena, 128);
    Str     local, domain;

    digest_sha256(arena_printf(c->arena, "%llu/%lld/%.*s", (unsigned long long)row->number,
                               (long long)row->made_us, STR_ARG(row->message.name)),
                  digest);
    base16_put(&out, (Str){ (const char *)digest, 20 });
    if (from.len && str_cut_last(from, '@', &local, &domain))
        buf_printf(&out, "@%.*s", STR_ARG(domain));
    return buf_str(&out);
}

static void put_escaped(Buf *out, bool json, Str value)
{
    Buf quoted = buf_new(out->arena, value.len + 16);

    if (!json) {
        url_encode(out, value);
        return;
    }
    buf_put_json_string(&quoted, value);
    buf_put(out, str_slice(buf_str(&quoted), 1, quoted.len - 1));
}

static Str fill_in(Call *c, const CourierSettings *s, const OutboxMessage *m)
{
    const struct Place {
        Str name, value;
    } places[] = { { STR("{to}"), m->to },
                   { STR("{from}"), s->sms_from },
                   { STR("{text}"), m->body } };
    bool json = str_find(s->sms.type, STR("json")) >= 0;
    Buf  out = buf_new(c->arena, s->sms_body.len + 2 * m->body.len + 64);
    Str  rest = s->sms_body;

    while (rest.len) {
        size_t i = 0;

        while (i < COUNT(places) && !str_starts(rest, places[i].name))
            i++;
        if (i < COUNT(places))
            put_escaped(&out, json, places[i].value);
        else
            buf_put_char(&out, rest.at[0]);
        rest = str_skip(rest, i < COUNT(places) ? places[i].name.len : 1);
    }
    return buf_str(&out);
}

static SendResult send_row(Courier *k, Call *c, const OutboxRow *row)
{
    const OutboxMessage *m = &row->message;
    Mail                 mail = {
                        .id = message_id(c, row, k->settings.mail.from),
                        .from_name = k->settings.mail_name,
                        .from = k->settings.mail.from,
                        .to = m->to,
                        .subject = m->subject,
                        .body = m->body,
                        .file_name = m->file_name,
                        .file_type = m->file_type,
                        .file = m->file,
                        .at_us = c->now_us,
    };

    if (m->channel == OUTBOX_SMS)
        return send_post(k->sender, c, &k->settings.sms, message_id(c, row, (Str){ 0 }),
                         fill_in(c, &k->settings, m), k->answer);
    return send_mail(k->sender, c, &k->settings.mail, m->to, mail_text(c->arena, &mail),
                     k->answer);
}

/* ---- what becomes of it ---- */

static void way_shut(Courier *k, OutboxChannel channel)
{
    Way     *way = &k->ways[channel];
    LogField fields[] = { { "channel", channel == OUTBOX_MAIL ? STR("mail") : STR("sms"), 0 },
                          { "answer", str_from(k->answer), 0 } };

    way->pause_ms = way->pause_ms ? 2 * way->pause_ms : PAUSE_MS;
    if (way->pause_ms > PAUSE_MS_MAX)
        way->pause_ms = PAUSE_MS_MAX;
    way->shut_until_ms = clock_monotonic_ms() + way->pause_ms;
    log_event(LOG_LEVEL_WARNING, "messages_wait", fields, COUNT(fields));
}

/* Beyond the call, whose memory goes. */
static void keep(char *out, size_t room, Str text)
{
    text = str_slice(text, 0, room - 1);
    memcpy(out, text.at ? text.at : "", text.len);
    out[text.len] = '\0';
}

static void note_audit(Courier *k, const Call *c, const OutboxRow *row, SendResult result)
{
    keep(k->patient, sizeof k->patient, row->message.patient);
    keep(k->detail, sizeof k->detail, row->message.kind);
    k->record = interaction_people_audit(c, INTERACTION_SEND,
                                         result == SEND_TAKEN ? OK : FAIL_UNPROCESSABLE, 200,
                                         str_from(k->patient), (Str){ 0 }, str_from(k->detail));
    k->record.request_id = (Str){ 0 };
}

static void note(Courier *k, const Call *c, const OutboxRow *row, SendResult result)
{
    static const OutboxState becomes[] = {
        [SEND_TAKEN] = OUTBOX_SENT,
        [SEND_REFUSED] = OUTBOX_REFUSED,
        [SEND_LATER] = OUTBOX_WAITING,
        [SEND_NO_SERVER] = OUTBOX_WAITING,
    };
    OutboxTurn turn = { .number = row->number,
                        .became = becomes[result],
                        .tried = result != SEND_NO_SERVER,
                        .answer = str_from(k->answer) };

    if (result == SEND_LATER && row->tries >= COUNT(wait_minutes))
        turn.became = OUTBOX_GIVEN_UP;
    else if (result == SEND_LATER)
        turn.later_us = clock_wall_us() + wait_minutes[row->tries] * 60 * 1000 * 1000;
    if (result
        == SEND_NO_SERVER) { /* it may be this one that the server fails at: others go first */
        way_shut(k, row->message.channel);
        turn.later_us =
            clock_wall_us() + (int64_t)k->ways[row->message.channel].pause_ms * 1000;
    } else {
        k->ways[row->message.channel].pause_ms = 0;
    }
    k->turn = turn;
    if (turn.became != OUTBOX_WAITING)
        note_audit(k, c, row, result);
}

/* ---- turns ---- */

static uint32_t ways_open(const Courier *k)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint32_t open = 0;

    for (uint32_t channel = 1; channel < OUTBOX_CHANNELS; channel++)
        if (k->ways[channel].open && k->ways[channel].shut_until_ms <= now_ms)
            open |= 1u << channel;
    return open;
}

/* Tells what became of the last one and takes the next, in one commit. */
static Fail take_turn(Courier *k, Call *c, bool stopping)
{
    OutboxWrite outbox = { .turn = &k->turn };
    Write       write = { .outbox = &outbox };

    k->turn.channels = stopping ? 0 : ways_open(k);
    if (k->record.interaction) {
        write.audit = &k->record;
        write.audit_count = 1;
    }
    TRY(store_write(c, k->store, &write));
    k->record = (AuditRecord){ 0 };
    k->turn.number = 0;
    return OK;
}

static Fail send_next(Courier *k, Call *c)
{
    OutboxRow row;

    session_rest(k->session);
    TRY(store_outbox_read(c, k->session, k->turn.next, &row));
    session_rest(k->session); /* servers may take long */
    note(k, c, &row, send_row(k, c, &row));
    return OK;
}

/* One turn; *wait_ms: how long there is nothing to do. */
static Fail work(Courier *k, Call *c, bool stopping, uint64_t *wait_ms)
{
    if (setjmp(*arena_boundary(c->arena)))
        return FAIL_TOO_COSTLY;
    TRY(take_turn(k, c, stopping));
    *wait_ms = 0;
    if (k->turn.next)
        return send_next(k, c);
    if (k->turn.more)
        return OK;
    *wait_ms = LOOK_MS;
    if (k->turn.due_us) {
        int64_t left_ms = (k->turn.due_us - clock_wall_us()) / 1000 + 1;

        *wait_ms = left_ms < 1 ? 1 : left_ms < LOOK_MS ? (uint64_t)left_ms : LOOK_MS;
    }
    for (uint32_t channel = 1; channel < OUTBOX_CHANNELS; channel++) {
        uint64_t now_ms = clock_monotonic_ms(), until_ms = k->ways[channel].shut_until_ms;

        if (until_ms > now_ms && until_ms - now_ms < *wait_ms)
            *wait_ms = until_ms - now_ms;
    }
    return OK;
}

/* ---- the thread ---- */

static void wake(void *context)
{
    Courier *k = context;

    pthread_mutex_lock(&k->lock);
    k->woken = true;
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

/* True when it is to end. */
static bool rest(Courier *k, uint64_t wait_ms)
{
    struct timespec until;
    bool            stopping;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000 * 1000;
    if (until.tv_nsec >= 1000 * 1000 * 1000) {
        until.tv_nsec -= 1000 * 1000 * 1000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&k->lock);
    while (wait_ms && !k->woken && !k->stopping)
        if (pthread_cond_timedwait(&k->changed, &k->lock, &until) == ETIMEDOUT)
            break;
    k->woken = false;
    stopping = k->stopping;
    pthread_mutex_unlock(&k->lock);
    return stopping;
}

static void *courier_main(void *context)
{
    Courier *k = context;
    uint64_t wait_ms = 0;
    bool     stopping = false;
    Call     call;

    while (!stopping) {
        stopping = rest(k, wait_ms);
        arena_reset(k->work);
        call_begin(&call, k->work);
        if (work(k, &call, stopping, &wait_ms) != OK) {
            log_event(LOG_LEVEL_ERROR, "messages_not_stored", NULL, 0);
            wait_ms = TROUBLE_MS;
        }
    }
    return NULL;
}

static SendServer copy_server(Arena *a, const SendServer *from)
{
    SendServer to = *from;

    to.url = arena_str(a, from->url);
    to.user = arena_str(a, from->user);
    to.password = arena_str(a, from->password);
    to.certificates = arena_str(a, from->certificates);
    to.from = arena_str(a, from->from);
    to.type = arena_str(a, from->type);
    to.authorization = arena_str(a, from->authorization);
    return to;
}

Courier *courier_start(Store *s, const CourierSettings *settings)
{
    Arena   *arena = arena_create(LIMIT_CALL_BYTES);
    Courier *k = NEW(arena, Courier);
    Call     call;

    k->arena = arena;
    k->work = arena_create(LIMIT_CALL_BYTES);
    k->store = s;
    k->settings = (CourierSettings){
        .mail = copy_server(arena, &settings->mail),
        .sms = copy_server(arena, &settings->sms),
        .mail_name = arena_str(arena, settings->mail_name),
        .sms_from = arena_str(arena, settings->sms_from),
        .sms_body = arena_str(arena, settings->sms_body),
    };
    k->ways[OUTBOX_MAIL].open = settings->mail.url.len > 0;
    k->ways[OUTBOX_SMS].open = settings->sms.url.len > 0;
    k->sender = sender_open(arena);
    call_begin(&call, k->work);
    ENSURE(session_open(&call, s, &k->session) == OK);
    ENSURE(pthread_mutex_init(&k->lock, NULL) == 0);
    clock_condition_init(&k->changed);
    outbox_on_put(wake, k);
    ENSURE(pthread_create(&k->thread, NULL, courier_main, k) == 0);
    return k;
}

void courier_stop(Courier *k)
{
    if (!k)
        return;
    outbox_on_put(NULL, NULL);
    pthread_mutex_lock(&k->lock);
    k->stopping = true;
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    session_close(k->session);
    sender_close(k->sender);
    pthread_cond_destroy(&k->changed);
    pthread_mutex_destroy(&k->lock);
    arena_destroy(k->work);
    arena_destroy(k->arena);
}
