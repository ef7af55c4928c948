/* Dictionaries trained, put into the database, and from there into use: see dictionary.h. */
#include "store/dictionary.h"

#include "base/limits.h"
#include "fhir/draft.h"
#include "store/version.h"
#include "store/writer.h"

SQL(dictionary_put_sql, "INSERT INTO dictionary (number, bytes) VALUES ($1, $2)");
SQL(dictionary_last_sql, "SELECT coalesce(max(number), 0) FROM dictionary");
SQL(sample_sql,
    "SELECT " VERSION_COLUMNS " FROM own_version v WHERE v.seq >= $1 AND v.method < $2"
    " ORDER BY v.seq LIMIT 1");

enum {
    VERSIONS_AT_FIRST = 2000,
    VERSIONS_FACTOR = 10,
    DICTIONARIES_ENOUGH = 6,
    SAMPLES = 4000,
    SAMPLE_BYTES_MAX = 32 * 1024,
};

typedef struct Putting {
    uint32_t number;
    Str      bytes;
} Putting;

static Fail put(Call *c, Writer *w, void *context)
{
    Putting   *p = context;
    Statement *s = db_statement(w->db, dictionary_last_sql);

    TRY_STATEMENT(c, w->db, s);
    if (statement_step(s) != STEP_ROW)
        return db_fail(c, w->db);
    p->number = (uint32_t)row_int(s, 0) + 1;
    statement_reset(s);
    s = db_statement(w->db, dictionary_put_sql);
    TRY_STATEMENT(c, w->db, s);
    bind_int(s, p->number);
    bind_bytes(s, p->bytes);
    return statement_run(s) ? OK : db_fail(c, w->db);
}

/* Durable first, then in use: no body may ever need a dictionary that is not there. */
Fail dictionary_put(Call *c, Store *s, Str dictionary)
{
    Putting p = { .bytes = dictionary };

    TRY(writer_run(c, s, put, &p, false));
    if (!bodies_add(s->bodies, p.number, dictionary))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "the new dictionary cannot be used");
    return OK;
}

/* The text of a version at that place or behind, without its head. */
static Fail sample_take(Call *c, Session *s, uint64_t seq, Str *out)
{
    Statement *find = db_statement(s->db, sample_sql);
    VersionRow row = { 0 };
    Fail       result = OK;
    Step       step;
    Buf        head = buf_new(c->arena, 256);

    TRY_STATEMENT(c, s->db, find);
    bind_int(find, (int64_t)seq);
    bind_int(find, METHOD_DELETE);
    step = statement_step(find);
    if (step == STEP_ROW)
        result = version_take(c, s->store->bodies, find, true, &row);
    statement_reset(find);
    TRY(result);
    if (step == STEP_FAILED)
        return db_fail(c, s->db);
    draft_head_put(&head, row.version.type, row.version.id, row.version.version,
                   row.version.at_us);
    *out = row.version.whole.len < SAMPLE_BYTES_MAX ? str_skip(row.version.whole, head.len)
                                                    : (Str){ 0 };
    return OK;
}

static Fail sample_all(Call *c, Session *s, uint64_t versions, Str *texts, size_t *count)
{
    *count = 0;
    TRY(session_enter(c, s, NULL));
    for (uint64_t i = 0; i < SAMPLES && !atomic_load(&s->store->closing); i++) {
        Fail result = sample_take(c, s, versions * i / SAMPLES, &texts[*count]);

        if (result != OK) {
            session_leave(s);
            return result;
        }
        *count += texts[*count].len > 0;
    }
    session_leave(s);
    return OK;
}

static Fail train(Call *c, Session *s)
{
    Str   *texts = NEW_ARRAY(c->arena, Str, SAMPLES + 1);
    Str    words;
    size_t count;

    TRY(sample_all(c, s, store_newest_seq(s->store), texts, &count));
    if (atomic_load(&s->store->closing))
        return OK;
    words = body_train(c->arena, texts, count);
    return words.len ? dictionary_put(c, s->store, words) : OK;
}

/* A dictionary is a saving, no more: without one all goes on as it did. */
static void *train_thread(void *context)
{
    Store   *s = context;
    Arena   *arena = arena_create(LIMIT_CALL_BYTES);
    Session *session;
    Call     call;

    call_begin(&call, arena);
    call.deadline_ms = 0;
    if (!setjmp(*arena_boundary(arena)) && session_open(&call, s, &session) == OK) {
        (void)!train(&call, session);
        session_close(session);
    }
    arena_destroy(arena);
    atomic_store(&s->training, TRAINING_ENDED);
    return NULL;
}

static uint64_t versions_wanted(const Store *s)
{
    uint64_t wanted = VERSIONS_AT_FIRST;

    for (uint32_t i = 0; i < bodies_newest(s->bodies); i++)
        wanted *= VERSIONS_FACTOR;
    return wanted;
}

static void join(Store *s)
{
    if (atomic_load(&s->training) == TRAINING_NONE)
        return;
    pthread_join(s->trainer, NULL);
    atomic_store(&s->training, TRAINING_NONE);
}

static bool time_to_train(const Store *s, uint64_t versions)
{
    return atomic_load(&s->training) != TRAINING_NOW && !atomic_load(&s->importing)
           && !atomic_load(&s->closing) && bodies_newest(s->bodies) < DICTIONARIES_ENOUGH
           && versions >= versions_wanted(s) && versions >= s->trained_at;
}

/* The writer must not wait for the lock: who holds it may wait for a trainer that waits for the
 * writer. */
void dictionary_consider(Store *s, uint64_t versions)
{
    if (!time_to_train(s, versions) || pthread_mutex_trylock(&s->trainer_lock) != 0)
        return;
    if (time_to_train(s, versions)) {
        join(s);
        s->trained_at = versions + versions / 2; /* should it fail, not again at once */
        atomic_store(&s->training, TRAINING_NOW);
        if (pthread_create(&s->trainer, NULL, train_thread, s) != 0)
            atomic_store(&s->training, TRAINING_NONE);
    }
    pthread_mutex_unlock(&s->trainer_lock);
}

void dictionary_finish(Store *s)
{
    pthread_mutex_lock(&s->trainer_lock);
    join(s);
    pthread_mutex_unlock(&s->trainer_lock);
}
