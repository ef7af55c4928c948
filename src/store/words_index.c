/* The index of words follows the log: see words_index.h. */
#include "store/words_index.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "store/migrate.h"
#include "store/version.h"
#include "store/writer.h"

enum {
    STEP_VERSIONS = 250, /* small, because each keeps the writer from others */
    SLICE_BYTES = 8 * 1024 * 1024,
    BEHIND_MAX = 20000, /* versions that a search waits for */
    WAIT_MS = 3000,
    LOOK_MS = 2,
    NAP_MS = 100,
    QUIET_MS = 1000, /* so long nobody wrote: then is the time … */
    LATE_MS = 30000, /* … or when it has been put off so long */
    MERGE_PART = 8,  /* so small a part of all need not be brought together */
    MERGE_LEAST = 2000,
    REST_TIMES = 9, /* unasked, so many times as long as a step took nothing is done */
};

/* Each change, and what its resource is now: a newer version, or none, if it was changed again. */
SQL(log_sql, "SELECT v.seq, v.rid, c.seq FROM own_version v LEFT JOIN own_current c"
             " ON c.practice = v.practice AND c.type = v.type AND c.rid = v.rid"
             " WHERE v.seq > $1 ORDER BY v.seq LIMIT $2");
SQL(version_sql, "SELECT " VERSION_COLUMNS " FROM own_version v WHERE v.seq = $1");

typedef struct Entry {
    int64_t       rid;
    uint64_t      place; /* in the log */
    uint64_t      seq;   /* of the version whose words are put; 0: they are removed */
    ResourceWords words;
} Entry;

typedef struct Slice {
    uint64_t from, to;
    Entry   *entries;
    uint32_t count;
    bool     applied;
} Slice;

/* ---- where it stands ---- */

static Str place_text(Call *c, uint64_t seq)
{
    return arena_printf(c->arena, "%llu %d", (unsigned long long)seq, WORDS_RULES);
}

/* 0 also where it was made by other rules. */
static Fail place_get(Call *c, Db *db, uint64_t *seq)
{
    uint64_t rules;
    Str      text, at;

    TRY(setting_get(c, db, STR("words"), &text));
    if (!str_cut(text, ' ', &at, &text) || !str_to_u64(at, seq) || !str_to_u64(text, &rules)
        || rules != WORDS_RULES)
        *seq = 0;
    return OK;
}

Fail words_load(Call *c, Store *s, Db *db)
{
    uint64_t seq;

    TRY(place_get(c, db, &seq));
    atomic_store(&s->words_seq, seq);
    return OK;
}

/* ---- one slice of the log ---- */

static Fail list_slice(Call *c, Session *s, Slice *slice)
{
    Statement *rows = db_statement(s->db, log_sql);
    Step       step;

    TRY_STATEMENT(c, s->db, rows);
    bind_int(rows, (int64_t)slice->from);
    bind_int(rows, STEP_VERSIONS);
    while ((step = statement_step(rows)) == STEP_ROW) {
        uint64_t seq = (uint64_t)row_int(rows, 0), now = (uint64_t)row_int(rows, 2);

        slice->to = seq;
        if (now <= seq) /* a later change comes later in the log */
            slice->entries[slice->count++] =
                (Entry){ .rid = row_int(rows, 1), .place = seq, .seq = now };
    }
    return step == STEP_DONE ? OK : db_fail(c, s->db);
}

static Fail read_version(Call *c, Session *s, uint64_t seq, VersionRow *row)
{
    Statement *find = db_statement(s->db, version_sql);
    Fail       result;

    TRY_STATEMENT(c, s->db, find);
    bind_int(find, (int64_t)seq);
    if (statement_step(find) != STEP_ROW)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "version %llu is missing from the log",
                    (unsigned long long)seq);
    result = version_take(c, s->store->bodies, find, true, row);
    statement_reset(find);
    return result;
}

/* On a call of its own, so that a large resource leaves nothing but its words. */
static Fail read_words(Call *own, Session *s, uint64_t seq, ResourceWords *out)
{
    VersionRow row;

    TRY(read_version(own, s, seq, &row));
    return version_words(own, &row.version, out);
}

/* Up to so many bytes of words: the rest is left to the next slice. */
static Fail read_entries(Call *c, Call *own, Session *s, Slice *slice)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < slice->count; i++) {
        Entry        *entry = &slice->entries[i];
        ResourceWords words = { 0 };
        Fail          result;

        if (!entry->seq)
            continue;
        result = read_words(own, s, entry->seq, &words);
        entry->words.narrative = arena_str(c->arena, words.narrative);
        entry->words.rest = arena_str(c->arena, words.rest);
        bytes += words.narrative.len + words.rest.len;
        arena_reset(own->arena);
        call_begin(own, own->arena);
        TRY(result);
        if (bytes > SLICE_BYTES) {
            slice->to = entry->place;
            slice->count = i + 1;
        }
    }
    return OK;
}

static Fail read_slice(Call *c, Session *s, Slice *slice)
{
    Call own;
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = list_slice(c, s, slice);
    if (result == OK) {
        call_begin(&own, arena_create(LIMIT_BUNDLE_CALL_BYTES));
        result = read_entries(c, &own, s, slice);
        arena_destroy(own.arena);
    }
    session_leave(s);
    return result;
}

static Fail put_entry(Call *c, Db *db, const Entry *entry)
{
    Statement *s = db_statement(db, entry->seq ? db_words_put : db_words_remove);

    TRY_STATEMENT(c, db, s);
    bind_int(s, entry->rid);
    if (entry->seq) {
        bind_text(s, db_words_narrative(c->arena, entry->words.narrative));
        bind_text(s, entry->words.rest);
    }
    return statement_run(s) ? OK : db_fail(c, db);
}

static Fail clear(Call *c, Db *db)
{
    Statement *s = db_statement(db, db_words_clear);

    TRY_STATEMENT(c, db, s);
    return statement_run(s) ? OK : db_fail(c, db);
}

/* Nothing if somebody else was quicker: that would put back what has changed since. */
static Fail slice_job(Call *c, Writer *w, void *context)
{
    Slice   *slice = context;
    uint64_t at;

    TRY(place_get(c, w->db, &at));
    slice->applied = at == slice->from;
    if (!slice->applied)
        return OK;
    if (at == 0)
        TRY(clear(c, w->db));
    for (uint32_t i = 0; i < slice->count; i++)
        TRY(put_entry(c, w->db, &slice->entries[i]));
    TRY(setting_put(c, w->db, STR("words"), place_text(c, slice->to)));
    return OK;
}

/* Several may do this at once; who is late finds nothing to do. */
static Fail step(Call *c, Session *s)
{
    Store    *store = s->store;
    Slice     slice = { .from = atomic_load(&store->words_seq) };
    ArenaMark mark = arena_mark(c->arena);
    uint64_t  from = slice.from;

    slice.to = slice.from;
    slice.entries = NEW_ARRAY(c->arena, Entry, STEP_VERSIONS);
    TRY(read_slice(c, s, &slice));
    if (slice.to > slice.from)
        TRY(writer_run(c, store, slice_job, &slice, false));
    if (slice.applied)
        atomic_compare_exchange_strong(&store->words_seq, &from, slice.to);
    arena_rewind(c->arena, mark);
    return OK;
}

/* ---- up to a place ---- */

static Fail too_late(Call *c, const Store *s, uint64_t seq)
{
    uint64_t at = atomic_load(&s->words_seq);

    return fail(c, FAIL_BUSY, (Str){ 0 },
                "the index of words is being made: %llu of %llu changes are in it; come back "
                "later",
                (unsigned long long)at, (unsigned long long)seq);
}

static void nap(uint64_t ms)
{
    struct timespec time = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000 * 1000 };

    nanosleep(&time, NULL);
}

static Fail wait_for(Call *c, Store *s, uint64_t seq)
{
    uint64_t begin = clock_monotonic_ms();

    atomic_store(&s->words_wanted, true);
    if (seq - atomic_load(&s->words_seq) > BEHIND_MAX)
        return too_late(c, s, seq);
    while (atomic_load(&s->words_seq) < seq) {
        if (clock_monotonic_ms() - begin > WAIT_MS)
            return too_late(c, s, seq);
        nap(LOOK_MS);
    }
    return OK;
}

static Fail follow_to(Call *c, Store *s, uint64_t seq)
{
    Session *session;
    Fail     result = OK;

    TRY(session_open(c, s, &session));
    while (result == OK && atomic_load(&s->words_seq) < seq)
        result = step(c, session);
    session_close(session);
    return result;
}

Fail words_reach(Call *c, Session *session, const Search *search, uint64_t seq)
{
    Store *s = session->store;
    bool   asked = false;

    for (uint32_t i = 0; i < search->count; i++)
        asked = asked || query_asks_words(&search->queries[i]);
    if (!asked)
        return OK;
    session_rest(session); /* what is added here ends no other snapshot */
    if (atomic_load(&s->words_seq) >= seq)
        return OK;
    return atomic_load(&s->following) ? wait_for(c, s, seq) : follow_to(c, s, seq);
}

static Fail forget_job(Call *c, Writer *w, void *context)
{
    (void)context;
    TRY(setting_put(c, w->db, STR("words"), place_text(c, 0)));
    return clear(c, w->db);
}

Fail words_remake(Call *c, Store *s)
{
    TRY(writer_run(c, s, forget_job, NULL, true));
    atomic_store(&s->words_seq, 0);
    return follow_to(c, s, store_newest_seq(s));
}

/* ---- the thread ---- */

typedef struct Following {
    Store   *store;
    Call     call;
    Session *session;
    uint64_t merged_seq; /* up to here the index was brought together */
    bool     merging;
    uint64_t newest;      /* as it was last seen … */
    uint64_t moved_ms;    /* … and when it changed */
    uint64_t complete_ms; /* when nothing was left to do */
} Following;

/* Whether now is the time for what nobody waits for. */
static bool is_time(Following *f, uint64_t newest, uint64_t now_ms)
{
    if (newest != f->newest) {
        f->newest = newest;
        f->moved_ms = now_ms;
    }
    return now_ms - f->moved_ms > QUIET_MS || now_ms - f->complete_ms > LATE_MS;
}

typedef struct Merging {
    bool all, more;
} Merging;

static Fail merge_job(Call *c, Writer *w, void *context)
{
    Merging *m = context;

    return db_words_merge(w->db, m->all, &m->more) ? OK : db_fail(c, w->db);
}

/* Each slice leaves a piece; when there is nothing else to do they are brought together, if there are
 * many since that was done last. A bit at a time, because it keeps the writer from others. */
static bool merge_some(Following *f)
{
    uint64_t at = atomic_load(&f->store->words_seq);
    Merging  m = { .all = !f->merging };

    if (!f->merging && at < f->merged_seq + f->merged_seq / MERGE_PART + MERGE_LEAST)
        return false;
    f->merging = writer_run(&f->call, f->store, merge_job, &m, false) == OK && m.more;
    f->merged_seq = at;
    return f->merging;
}

static void end_step(Following *f)
{
    arena_reset(f->call.arena);
    call_begin(&f->call, f->call.arena);
    f->call.deadline_ms = 0;
}

static void follow_once(Following *f)
{
    Store   *s = f->store;
    uint64_t newest = store_newest_seq(s), now_ms = clock_monotonic_ms();
    bool     wanted = atomic_load(&s->words_wanted), timely = is_time(f, newest, now_ms);

    if (atomic_load(&s->words_seq) >= newest) {
        atomic_store(&s->words_wanted, false);
        f->complete_ms = now_ms;
        session_rest(f->session);
        if (!timely || !merge_some(f))
            nap(wanted ? LOOK_MS : NAP_MS);
        end_step(f);
    } else if (!wanted && !timely) {
        nap(NAP_MS);
    } else {
        if (step(&f->call, f->session) != OK)
            nap(10 * NAP_MS);
        else if (!wanted)
            nap(REST_TIMES * (clock_monotonic_ms() - now_ms));
        end_step(f);
    }
}

static void *follow_thread(void *context)
{
    Store    *s = context;
    Following f = { .store = s };

    call_begin(&f.call, arena_create(LIMIT_CALL_BYTES));
    f.call.deadline_ms = 0;
    f.complete_ms = clock_monotonic_ms();
    if (session_open(&f.call, s, &f.session) == OK) {
        while (!atomic_load(&s->closing))
            follow_once(&f);
        session_close(f.session);
    }
    arena_destroy(f.call.arena);
    return NULL;
}

void store_follow(Store *s)
{
    ENSURE(!atomic_load(&s->following));
    if (pthread_create(&s->follower, NULL, follow_thread, s) == 0)
        atomic_store(&s->following, true);
}

void words_finish(Store *s)
{
    if (atomic_exchange(&s->following, false))
        pthread_join(s->follower, NULL);
}
