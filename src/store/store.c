/* Opening and closing a data folder: see store.h. */
#include <sys/stat.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "codec/digest.h"
#include "fhir/custom.h"
#include "store/audit_tree.h"
#include "store/custom.h"
#include "store/dictionary.h"
#include "store/directive.h"
#include "store/folder.h"
#include "store/migrate.h"
#include "store/private.h"
#include "store/search_counts.h"
#include "store/words_index.h"
#include "store/writer.h"

SQL(dictionary_all_sql, "SELECT number, bytes FROM dictionary ORDER BY number");

static DbOptions options_of(const Store *s, const Scope *scope, size_t cache_bytes)
{
    return (DbOptions){
        .path = s->path,
        .vfs = s->vfs,
        .cipher = s->keyring.cipher,
        .key = s->keyring.key,
        .scope = scope,
        .cache_bytes = cache_bytes,
    };
}

Fail store_connect_writer(Call *c, Store *s, bool create, Db **out)
{
    DbOptions options = options_of(s, &s->writer_scope, WRITER_CACHE_BYTES);

    options.create = create;
    return db_open(c, &options, out);
}

static Fail connect_reader(Call *c, Store *s, const Scope *scope, size_t cache_bytes, Db **out)
{
    DbOptions options = options_of(s, scope, cache_bytes);

    options.reader = true;
    return db_open(c, &options, out);
}

Fail store_connect_plain(Call *c, Store *s, const Scope *scope, Db **out)
{
    return connect_reader(c, s, scope, SESSION_CACHE_BYTES, out);
}

Fail store_connect(Call *c, Store *s, const Scope *scope, size_t cache_bytes, Db **out)
{
    Db *db;

    TRY(connect_reader(c, s, scope, cache_bytes, &db));
    for (size_t i = 0; i < s->view_count; i++)
        if (!db_run(db, s->views[i].at)) {
            (void)db_fail(c, db);
            db_close(db);
            return FAIL_SYSTEM;
        }
    db_guard(db);
    *out = db;
    return OK;
}

static Fail load_dictionaries(Call *c, Store *s, Db *db)
{
    Statement *rows = db_statement(db, dictionary_all_sql);
    bool       sound = true;
    Step       step;

    TRY_STATEMENT(c, db, rows);
    while ((step = statement_step(rows)) == STEP_ROW)
        sound = sound && bodies_add(s->bodies, (uint32_t)row_int(rows, 0), row_bytes(rows, 1));
    if (step == STEP_FAILED)
        return db_fail(c, db);
    return sound ? OK
                 : fail(c, FAIL_SYSTEM, (Str){ 0 }, "a dictionary in the database is damaged");
}

static Fail load_settings(Call *c, Store *s, Db *db)
{
    Str mixed;

    TRY(words_load(c, s, db));
    TRY(setting_get(c, db, STR("times_mixed"), &mixed));
    atomic_store(&s->times_mixed, mixed.len > 0);
    return OK;
}

/* The writer's connection: schema, numbers, dictionaries, and its own views for conditions. */
static Fail prepare_database(Call *c, Store *s, Db *db)
{
    TRY(migrate_schema(c, db));
    TRY(migrate_params(c, s, db));
    TRY(load_dictionaries(c, s, db));
    TRY(load_settings(c, s, db));
    TRY(custom_load(c, s, db));
    TRY(directive_load(c, s, db));
    TRY(private_load(c, s, db));
    TRY(audit_signed_load(c, s, db));
    for (size_t i = 0; i < s->view_count; i++)
        if (!db_run(db, s->views[i].at))
            return db_fail(c, db);
    return OK;
}

static Fail open_database(Call *c, Store *s, bool create)
{
    Db  *db;
    Fail result;

    TRY(store_connect_writer(c, s, create, &db));
    result = prepare_database(c, s, db);
    if (result == OK)
        result = writer_start(c, s, db, &s->writer);
    if (result != OK)
        db_close(db);
    return result;
}

static Fail open_folder(Call *c, Store *s, const StoreOptions *options)
{
    Str         cipher = options->cipher.len ? options->cipher : STR("aegis");
    struct stat about;
    bool        fresh;

    TRY(folder_open(c, options->folder, options->create, &s->lock));
    fresh = stat(s->path, &about) != 0;
    if (fresh && !options->create)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "there is no record in %s", s->folder);
    if (!str_equal(cipher, STR("aegis")) && !str_equal(cipher, STR("sqlcipher")))
        return fail(c, FAIL_VALUE, (Str){ 0 }, "no cipher \"%.*s\": take aegis or sqlcipher",
                    STR_ARG(cipher));
    TRY(keyring_open(c, options->folder, fresh ? arena_c_string(c->arena, cipher) : NULL,
                     &s->keyring));
    /* SQLite gives the log the same rights as the database. A test's VFS has files of its own. */
    if (fresh && !s->vfs && !folder_file_make(s->path))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "%s cannot be made", s->path);
    TRY(open_database(c, s, fresh));
    (void)folder_ballast_make(s->folder);
    return audit_signer_start(c, s);
}

Str store_base(const Store *s)
{
    return s->base;
}

static Store *store_new(const StoreOptions *options)
{
    static _Atomic uint64_t opened;
    Arena                  *arena = arena_create(64 * 1024 * 1024);
    Store                  *s = NEW(arena, Store);

    s->arena = arena;
    s->counts = counts_create(arena);
    s->lock = -1;
    s->folder = arena_c_string(arena, options->folder);
    s->path = arena_printf(arena, "%s/hale.db%c", s->folder, 0).at;
    s->vfs = options->vfs.len ? arena_c_string(arena, options->vfs) : NULL;
    s->base = arena_str(arena, options->base);
    s->run_items = RUN_ITEMS;
    s->sorted_at_once = SORTED_AT_ONCE;
    s->bodies = bodies_create();
    schema_views(arena, &s->views, &s->view_count);
    pthread_mutex_init(&s->sessions_lock, NULL);
    pthread_mutex_init(&s->directives_lock, NULL);
    pthread_mutex_init(&s->trainer_lock, NULL);
    sem_init(&s->fill_wanted, 0, 0);
    s->serial = atomic_fetch_add(&opened, 1) + 1;
    return s;
}

static void store_release(Store *s)
{
    explicit_bzero(&s->keyring, sizeof s->keyring);
    bodies_destroy(s->bodies);
    pthread_mutex_destroy(&s->sessions_lock);
    directive_close(s);
    pthread_mutex_destroy(&s->directives_lock);
    pthread_mutex_destroy(&s->trainer_lock);
    sem_destroy(&s->fill_wanted);
    custom_clear();
    if (s->lock >= 0)
        folder_close(s->lock);
    arena_destroy(s->arena);
}

Fail store_open(Call *c, const StoreOptions *options, Store **out)
{
    Store *s = store_new(options);
    Fail   result = open_folder(c, s, options);

    if (result != OK) {
        store_release(s);
        return result;
    }
    *out = s;
    return OK;
}

void store_close(Store *s)
{
    if (!s)
        return;
    atomic_store(&s->closing, true);
    fill_finish(s);
    dictionary_finish(s);
    words_finish(s);
    audit_signer_stop(s);
    ENSURE(!s->sessions);
    writer_stop(s->writer);
    store_release(s);
}

void store_seal(const Store *s, Str purpose, Str text, uint8_t out[32])
{
    uint8_t key[SHA256_BYTES];

    digest_hmac_sha256((Str){ (const char *)s->keyring.key, sizeof s->keyring.key }, purpose,
                       key);
    digest_hmac_sha256((Str){ (const char *)key, sizeof key }, text, out);
    explicit_bzero(key, sizeof key);
}
