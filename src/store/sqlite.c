/*
 * The SQLite driver: see driver.h. No file but this and its parts, sqlite_gather.c and
 * sqlite_scope.c, names SQLite.
 *
 * Readers are narrowed twice: a read-only connection, and an authorizer that lets statements
 * read base tables only through the scoped views (security rule A3).
 */
#include "store/driver.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "store/sqlite_gather.h"
#include "store/sqlite_guard.h"
#include "store/sqlite_scope.h"
#include "store/sqlite_words.h"

enum {
    SQLITE_OLDEST = 3051003, /* before it a checkpoint could lose committed pages */
    LITERAL_SLOTS = 512,
    TEXT_SLOTS = 64,
    STEPS_BETWEEN_LOOKS = 20000,
    BUSY_MS = 2000,
    CHECKPOINT_BUSY_MS = 20,
};

struct Statement {
    Db           *db;
    sqlite3_stmt *handle;
    const char   *literal;
    Str           text; /* of one put together */
    uint64_t      used;
    int           bound;
    bool          stepped;
};

struct Db {
    Arena       *arena;
    sqlite3     *handle;
    const Scope *scope;
    const Call  *limit;
    int64_t      steps;
    Fail         failure;
    Guard        guard;
    int          log_pages;
    uint64_t     clock;
    char         failure_text[160];
    Statement   *literals[LITERAL_SLOTS];
    Statement    texts[TEXT_SLOTS];
};

extern const char *const __start_hale_sql[] __attribute__((weak));
extern const char *const __stop_hale_sql[] __attribute__((weak));

const char *const *sql_literals(size_t *count)
{
    *count = (size_t)(__stop_hale_sql - __start_hale_sql);
    return __start_hale_sql;
}

const char *db_version(void)
{
    return sqlite3_libversion();
}

/* ---- failures ---- */

/* A sync that failed may have lost what it was asked to keep, and asking again would be told
 * that all is well: end at once, and recover from the log at the next start. */
static _Noreturn void sync_failed(void)
{
    static const char line[] =
        "hale: the disk could not keep what was written; stopping so that"
        " nothing is acknowledged that is not there\n";

    (void)!write(STDERR_FILENO, line, sizeof line - 1);
    abort();
}

static void note_failure(Db *db, int result)
{
    int extended = db->handle ? sqlite3_extended_errcode(db->handle) : result;

    if (extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC)
        sync_failed();
    if ((result & 0xff) == SQLITE_INTERRUPT && db->failure != OK)
        return; /* the progress handler knows why */
    switch (result & 0xff) {
    case SQLITE_FULL: db->failure = FAIL_DISK_FULL; break;
    case SQLITE_NOTADB: db->failure = FAIL_LOGIN; break;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG: db->failure = FAIL_TOO_COSTLY; break;
    case SQLITE_BUSY: db->failure = FAIL_BUSY; break;
    default: db->failure = FAIL_SYSTEM; break;
    }
    snprintf(db->failure_text, sizeof db->failure_text, "%s (%d)",
             db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(result), extended);
}

Fail db_failure(const Db *db)
{
    return db->failure;
}

Fail db_fail(Call *c, Db *db)
{
    ENSURE(db->failure != OK);
    switch (db->failure) {
    case FAIL_DISK_FULL:
        return fail(c, FAIL_DISK_FULL, (Str){ 0 }, "the disk is full; nothing was stored");
    case FAIL_TIMEOUT:
        return fail(c, FAIL_TIMEOUT, (Str){ 0 }, "this took longer than a call may take");
    case FAIL_TOO_COSTLY:
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 },
                    "this needs more work than one call may ask");
    default:
        return fail(c, db->failure, (Str){ 0 }, "the database failed: %s", db->failure_text);
    }
}

static int look_at_limits(void *context)
{
    Db *db = context;

    db->steps += STEPS_BETWEEN_LOOKS;
    if (!db->limit)
        return 0;
    if (db->steps > LIMIT_STATEMENT_STEPS)
        db->failure = FAIL_TOO_COSTLY;
    else if (call_late(db->limit))
        db->failure = FAIL_TIMEOUT;
    else
        return 0;
    return 1;
}

void db_limit(Db *db, const Call *c)
{
    db->limit = c;
    db->steps = 0;
    db->failure = OK;
}

/* ---- the guard ---- */

/* The audit log is added to and never changed, by whatever connection (security 3.2). */
static bool takes_from_audit(int action, const char *first, const char *second)
{
    const char *table = action == SQLITE_ALTER_TABLE ? second : first;

    return (action == SQLITE_UPDATE || action == SQLITE_DELETE || action == SQLITE_DROP_TABLE
            || action == SQLITE_ALTER_TABLE)
           && str_starts(str_from(table), STR("audit"));
}

static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *view)
{
    Db *db = context;

    bool allowed = false;

    if (takes_from_audit(action, first, second))
        return SQLITE_DENY;
    if (!db->guard.on)
        return SQLITE_OK;
    if (action == SQLITE_READ && guard_within_words(&db->guard, first))
        allowed = true;
    else if (action == SQLITE_PRAGMA)
        allowed = guard_pragma(&db->guard, first);
    else if (action == SQLITE_READ)
        allowed = guard_read(&db->guard, first, second, database, view);
    else if (action == SQLITE_FUNCTION)
        allowed = guard_function(second);
    else
        allowed = action == SQLITE_SELECT || action == SQLITE_RECURSIVE
                  || action == SQLITE_TRANSACTION;
    return allowed ? SQLITE_OK : SQLITE_DENY;
}

/* ---- statements ---- */

static sqlite3_stmt *prepare(Db *db, const char *sql, int bytes)
{
    sqlite3_stmt *handle = NULL;
    bool          allowed;
    int           result;

    guard_begin(&db->guard);
    result =
        sqlite3_prepare_v3(db->handle, sql, bytes, SQLITE_PREPARE_PERSISTENT, &handle, NULL);
    allowed = guard_end(&db->guard);
    if (result != SQLITE_OK) {
        note_failure(db, result);
        return NULL;
    }
    if (!allowed) {
        sqlite3_finalize(handle);
        db->failure = FAIL_SYSTEM;
        snprintf(db->failure_text, sizeof db->failure_text, "not authorized");
        return NULL;
    }
    return handle;
}

Statement *db_statement(Db *db, const char *literal)
{
    size_t slot = (size_t)((uintptr_t)literal * 0x9e3779b97f4a7c15u >> 55) % LITERAL_SLOTS;
    sqlite3_stmt *handle;
    Statement    *s;

    while ((s = db->literals[slot]) && s->literal != literal)
        slot = (slot + 1) % LITERAL_SLOTS;
    if (!s) {
        handle = prepare(db, literal, -1);
        if (!handle)
            return NULL;
        s = NEW(db->arena, Statement);
        *s = (Statement){ .db = db, .handle = handle, .literal = literal };
        db->literals[slot] = s;
    }
    ENSURE(!s->stepped);
    s->bound = 0;
    return s;
}

Statement *db_statement_of(Db *db, Str sql)
{
    Statement    *oldest = NULL;
    sqlite3_stmt *handle;

    for (size_t i = 0; i < TEXT_SLOTS; i++) {
        Statement *s = &db->texts[i];

        if (s->handle && str_equal(s->text, sql)) {
            ENSURE(!s->stepped);
            s->used = ++db->clock;
            s->bound = 0;
            return s;
        }
        if (!s->stepped && (!oldest || s->used < oldest->used))
            oldest = s;
    }
    ENSURE(oldest);
    ENSURE(sql.len < INT32_MAX);
    handle = prepare(db, sql.at, (int)sql.len);
    if (!handle)
        return NULL;
    sqlite3_finalize(oldest->handle);
    *oldest = (Statement){ .db = db, .handle = handle, .used = ++db->clock };
    oldest->text = (Str){ sqlite3_sql(handle), sql.len };
    return oldest;
}

static void bound(Statement *s, int result)
{
    if (result != SQLITE_OK)
        note_failure(s->db, result);
    ENSURE(result == SQLITE_OK);
}

void bind_int(Statement *s, int64_t value)
{
    bound(s, sqlite3_bind_int64(s->handle, ++s->bound, value));
}

void bind_real(Statement *s, double value)
{
    bound(s, sqlite3_bind_double(s->handle, ++s->bound, value));
}

void bind_text(Statement *s, Str value)
{
    bound(s, sqlite3_bind_text64(s->handle, ++s->bound, value.at ? value.at : "", value.len,
                                 SQLITE_STATIC, SQLITE_UTF8));
}

void bind_bytes(Statement *s, Str value)
{
    bound(s, sqlite3_bind_blob64(s->handle, ++s->bound, value.at ? value.at : "", value.len,
                                 SQLITE_STATIC));
}

void statement_unbound(Statement *s)
{
    s->bound = sqlite3_bind_parameter_count(s->handle);
}

Step statement_step(Statement *s)
{
    int result;

    if (!s->stepped)
        ENSURE(s->bound == sqlite3_bind_parameter_count(s->handle));
    result = sqlite3_step(s->handle);
    if (result == SQLITE_ROW) {
        s->stepped = true;
        return STEP_ROW;
    }
    if (result != SQLITE_DONE)
        note_failure(s->db, result);
    statement_reset(s);
    return result == SQLITE_DONE ? STEP_DONE : STEP_FAILED;
}

void statement_reset(Statement *s)
{
    sqlite3_reset(s->handle);
    s->stepped = false;
    s->bound = 0;
}

bool statement_run(Statement *s)
{
    Step step = statement_step(s);

    ENSURE(step != STEP_ROW);
    return step == STEP_DONE;
}

void db_reset(Db *db)
{
    for (size_t i = 0; i < LITERAL_SLOTS; i++)
        if (db->literals[i])
            statement_reset(db->literals[i]);
    for (size_t i = 0; i < TEXT_SLOTS; i++)
        if (db->texts[i].handle)
            statement_reset(&db->texts[i]);
}

int64_t row_int(Statement *s, int column)
{
    return sqlite3_column_int64(s->handle, column);
}

Str row_text(Statement *s, int column)
{
    const char *at = (const char *)sqlite3_column_text(s->handle, column);

    return (Str){ at, (size_t)sqlite3_column_bytes(s->handle, column) };
}

Str row_bytes(Statement *s, int column)
{
    const char *at = sqlite3_column_blob(s->handle, column);

    return (Str){ at, (size_t)sqlite3_column_bytes(s->handle, column) };
}

bool db_keep(Db *db, size_t cache_bytes)
{
    Buf cache = buf_new(db->arena, 64);

    buf_put(&cache, STR("PRAGMA cache_size=-")); /* negative: kilobytes, not pages */
    buf_put_u64(&cache, cache_bytes / 1024);
    buf_put_char(&cache, '\0');
    return db_run(db, cache.at);
}

void db_shrink(Db *db)
{
    sqlite3_db_release_memory(db->handle);
}

bool db_run(Db *db, const char *sql)
{
    int result = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    if (result != SQLITE_OK)
        note_failure(db, result);
    return result == SQLITE_OK;
}

bool db_has_table(Db *db, const char *name)
{
    return sqlite3_table_column_metadata(db->handle, "main", name, NULL, NULL, NULL, NULL, NULL,
                                         NULL)
           == SQLITE_OK;
}

/* ---- the write-ahead log ---- */

static int count_log_pages(void *context, sqlite3 *handle, const char *name, int pages)
{
    (void)handle, (void)name;
    ((Db *)context)->log_pages = pages;
    return SQLITE_OK;
}

int db_log_pages(const Db *db)
{
    return db->log_pages;
}

bool db_checkpoint(Db *db, CheckpointKind kind)
{
    static const int modes[] = {
        [CHECKPOINT_PASSIVE] = SQLITE_CHECKPOINT_PASSIVE,
        [CHECKPOINT_RESTART] = SQLITE_CHECKPOINT_RESTART,
        [CHECKPOINT_TRUNCATE] = SQLITE_CHECKPOINT_TRUNCATE,
    };
    int in_log = 0, copied = 0;
    int result;

    sqlite3_busy_timeout(db->handle, CHECKPOINT_BUSY_MS);
    result = sqlite3_wal_checkpoint_v2(db->handle, "main", modes[kind], &in_log, &copied);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (result != SQLITE_OK && result != SQLITE_BUSY)
        note_failure(db, result);
    if (result != SQLITE_OK || in_log != copied)
        return false;
    if (kind != CHECKPOINT_PASSIVE)
        db->log_pages = 0;
    return true;
}

bool db_words_merge(Db *db, bool all, bool *more)
{
    /* pages; negative also takes pieces of different sizes together */
    const char *sql = all ? "INSERT INTO words (words, rank) VALUES ('merge', -300)"
                          : "INSERT INTO words (words, rank) VALUES ('merge', 300)";
    int64_t     before = sqlite3_total_changes64(db->handle);
    bool        done = db_run(db, sql);

    *more = sqlite3_total_changes64(db->handle) - before > 1;
    return done;
}

bool db_check(Call *c, Db *db, Str *finding)
{
    sqlite3_stmt *handle = prepare(db, "PRAGMA integrity_check(1)", -1);
    bool          sound = false;

    *finding = STR("the check could not be made");
    if (handle && sqlite3_step(handle) == SQLITE_ROW) {
        *finding = arena_str(c->arena, str_from((const char *)sqlite3_column_text(handle, 0)));
        sound = str_equal(*finding, STR("ok"));
    }
    sqlite3_finalize(handle);
    return sound;
}

/* ---- opening ---- */

static bool set_key(Db *db, const DbOptions *options)
{
    char raw[4 + DB_KEY_BYTES] = "raw:";
    int  cipher = sqlite3mc_cipher_index(options->cipher);
    bool set;

    ENSURE(cipher > 0);
    memcpy(raw + 4, options->key, DB_KEY_BYTES);
    set = sqlite3mc_config(db->handle, "cipher", cipher) == cipher
          && sqlite3_key(db->handle, raw, sizeof raw) == SQLITE_OK;
    explicit_bzero(raw, sizeof raw);
    return set;
}

static void set_limits(sqlite3 *handle)
{
    static const struct {
        int what, most;
    } limits[] = {
        { SQLITE_LIMIT_LENGTH, 256 * 1024 * 1024 },
        { SQLITE_LIMIT_SQL_LENGTH, 256 * 1024 },
        { SQLITE_LIMIT_COLUMN, 64 },
        { SQLITE_LIMIT_EXPR_DEPTH, 1000 },
        { SQLITE_LIMIT_COMPOUND_SELECT, 16 },
        { SQLITE_LIMIT_FUNCTION_ARG, 8 },
        { SQLITE_LIMIT_ATTACHED, 0 },
        { SQLITE_LIMIT_VARIABLE_NUMBER, 4096 },
        { SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
        { SQLITE_LIMIT_WORKER_THREADS, 0 },
    };

    for (size_t i = 0; i < COUNT(limits); i++)
        sqlite3_limit(handle, limits[i].what, limits[i].most);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    /* Views are made again by every connection: renaming a table need not look at them. */
    sqlite3_db_config(handle, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    /* A plan depends on no bound value: else statements are prepared again for each that is bound. */
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
}

static bool make_functions(Db *db)
{
    return sqlite_scope_add(db->handle, db->scope)
           && sqlite3_set_authorizer(db->handle, authorize, db) == SQLITE_OK;
}

static bool set_pragmas(Db *db, const DbOptions *options)
{
    if (!db_keep(db, options->cache_bytes)
        || !db_run(db, "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0"))
        return false;
    if (options->reader)
        return true;
    /* The first statement that touches the file: a wrong key shows here. */
    return db_run(db, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL;"
                      " PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0")
           && (sqlite3_wal_hook(db->handle, count_log_pages, db), true);
}

static Fail configure(Call *c, Db *db, const DbOptions *options)
{
    set_limits(db->handle);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (!set_key(db, options) || !make_functions(db))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "the database's cipher could not be set up");
    sqlite3_progress_handler(db->handle, STEPS_BETWEEN_LOOKS, look_at_limits, db);
    if (!set_pragmas(db, options) || !db_run(db, "SELECT count(*) FROM sqlite_schema")) {
        if (db->failure == FAIL_LOGIN)
            return fail(c, FAIL_LOGIN, (Str){ 0 },
                        "the key in the keyring file does not open the database: put back the"
                        " keyring that belongs to it");
        return db_fail(c, db);
    }
    return OK;
}

/* The ciphers' file system over the one wanted; NULL is that over the system's own. */
static Fail find_vfs(Call *c, const DbOptions *options, const char **out)
{
    const char *under = options->reader ? options->vfs : sqlite_gather_over(options->vfs);
    const char *vfs = NULL;

    if (under) {
        vfs = arena_printf(c->arena, "multipleciphers-%s%c", under, 0).at;
        if (!sqlite3_vfs_find(vfs) && sqlite3mc_vfs_create(under, 0) != SQLITE_OK)
            under = NULL;
    }
    if (!under && (options->vfs || !options->reader))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "there is no file system \"%s\"",
                    options->vfs ? options->vfs : "unix");
    *out = vfs;
    return OK;
}

Fail db_open(Call *c, const DbOptions *options, Db **out)
{
    int         flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const char *vfs;
    Arena      *arena;
    Db         *db;
    Fail        failed;

    if (sqlite3_libversion_number() < SQLITE_OLDEST)
        return fail(c, FAIL_NOT_SUPPORTED, (Str){ 0 },
                    "SQLite %s can lose committed changes; Hale needs 3.51.3 or later",
                    sqlite3_libversion());
    TRY(find_vfs(c, options, &vfs));
    arena = arena_create(16 * 1024 * 1024);
    db = NEW(arena, Db);
    *db = (Db){ .arena = arena, .scope = options->scope };
    flags |= options->reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (options->create && !options->reader)
        flags |= SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(sqlite_uri(arena, options->path), &db->handle, flags, vfs) != SQLITE_OK)
        failed = fail(c, FAIL_SYSTEM, (Str){ 0 }, "%s cannot be opened: %s", options->path,
                      sqlite3_errmsg(db->handle));
    else
        failed = configure(c, db, options);
    if (failed != OK) {
        db_close(db);
        return failed;
    }
    *out = db;
    return OK;
}

const Scope *db_scope(const Db *db)
{
    return db->scope;
}

void db_guard(Db *db)
{
    ENSURE(db_run(db, "PRAGMA query_only=1"));
    db->guard.on = true;
}

void db_close(Db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < LITERAL_SLOTS; i++)
        if (db->literals[i])
            sqlite3_finalize(db->literals[i]->handle);
    for (size_t i = 0; i < TEXT_SLOTS; i++)
        sqlite3_finalize(db->texts[i].handle);
    ENSURE(sqlite3_close(db->handle) == SQLITE_OK);
    arena_destroy(db->arena);
}
