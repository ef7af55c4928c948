/* What `hale doctor`, /health and /metrics tell of a store, and the walk over all versions. */
#include <sys/stat.h>

#include "fhir/custom.h"
#include "store/migrate.h"
#include "store/version.h"
#include "store/writer.h"

SQL(count_current_sql, "SELECT count(*) FROM own_current");
SQL(count_version_sql, "SELECT count(*) FROM own_version");
SQL(each_sql, "SELECT " VERSION_COLUMNS " FROM practice_version v WHERE v.seq > $1"
              " ORDER BY v.seq LIMIT 256");

static Fail count(Call *c, Db *db, const char *sql, uint64_t *out)
{
    Statement *s = db_statement(db, sql);

    TRY_STATEMENT(c, db, s);
    if (statement_step(s) != STEP_ROW)
        return db_fail(c, db);
    *out = (uint64_t)row_int(s, 0);
    statement_reset(s);
    return OK;
}

static uint64_t file_bytes(Call *c, const Store *s, const char *ending)
{
    struct stat about;

    return stat(arena_printf(c->arena, "%s%s%c", s->path, ending, 0).at, &about) == 0
               ? (uint64_t)about.st_size
               : 0;
}

static void custom_facts(StoreFacts *f)
{
    const CustomSet *set = custom_set();

    f->custom_params = set->count;
    f->custom_percent = 100;
    for (uint32_t i = 0; i < set->count; i++) {
        unsigned percent = custom_percent(custom_param(set->params[i]));

        f->custom_making += percent < 100;
        if (percent < f->custom_percent)
            f->custom_percent = percent;
    }
}

Fail store_facts(Call *c, Session *s, StoreFacts *out)
{
    Store      *store = s->store;
    WriterFacts w = writer_facts(store->writer);
    StoreFacts  f = {
         .newest_seq = store_newest_seq(store),
         .bytes = file_bytes(c, store, "") + file_bytes(c, store, "-wal"),
         .index_stale = atomic_load(&store->index_stale),
         .disk_full = w.disk_full,
         .cipher = str_from(store->keyring.cipher),
         .schema = arena_printf(c->arena, "%d", migrate_newest()),
         .sqlite = str_from(db_version()),
         .commits = w.commits,
         .changes = w.changes,
         .batch_max = w.batch_max,
         .queue_length = w.queue_length,
         .checkpoints = w.checkpoints,
    };
    Fail result;

    custom_facts(&f);
    TRY(session_enter(c, s, NULL));
    result = count(c, s->db, count_current_sql, &f.resources);
    if (result == OK)
        result = count(c, s->db, count_version_sql, &f.versions);
    session_leave(s);
    TRY(result);
    *out = f;
    return OK;
}

/* On a connection of its own, because the readers' may not look at the file as such. */
Fail store_check(Call *c, Store *s, bool *sound, Str *finding)
{
    Scope none = { 0 };
    Db   *db;

    TRY(store_connect_plain(c, s, &none, &db));
    *sound = db_check(c, db, finding);
    db_close(db);
    return OK;
}

/* A slice at a time, so that no snapshot is held for long. */
static Fail each_slice(Call *c, Session *s, const Permit *permit, uint64_t *after,
                       bool (*each)(void *, const Version *), void *context, bool *go_on)
{
    Statement *rows = db_statement(s->db, each_sql);
    ArenaMark  mark = arena_mark(c->arena);
    uint64_t   last = 0;
    Step       step = STEP_DONE;
    Fail       result = OK;
    VersionRow row;

    TRY_STATEMENT(c, s->db, rows);
    bind_int(rows, (int64_t)*after);
    while (result == OK && *go_on && (step = statement_step(rows)) == STEP_ROW) {
        result = version_take(c, s->store->bodies, rows, true, &row);
        if (result == OK)
            result = version_show(c, s->store, permit, false, &row.version);
        if (result != OK)
            break;
        last = row.version.seq;
        *go_on = each(context, &row.version);
        arena_rewind(c->arena, mark);
    }
    statement_reset(rows);
    *after = last;
    if (result == OK && step == STEP_FAILED)
        result = db_fail(c, s->db);
    return result;
}

Fail store_each_version(Call *c, Session *s, const Permit *permit, uint64_t after_seq,
                        bool (*each)(void *context, const Version *version), void *context)
{
    bool go_on = true;
    Fail result = OK;

    if (permit->reach != REACH_PRACTICE)
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                    "the whole log is not one patient's to read");
    do {
        TRY(session_enter(c, s, permit));
        result = each_slice(c, s, permit, &after_seq, each, context, &go_on);
        session_leave(s);
    } while (result == OK && go_on && after_seq);
    return result;
}
