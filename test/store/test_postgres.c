/*
 * What the store says to a database is understood by PostgreSQL, too: the schema is applied to,
 * and every statement prepared on, a server of this test's own. Skipped where PostgreSQL is not
 * installed.
 */
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/embedded.h"
#include "store/migrate.h"
#include "store/writer.h"
#include "test/store/sample_queries.h"

/* The words of schema files as PostgreSQL says them. Texts are compared by their bytes. */
static const struct {
    Str word, here;
} words[] = {
    { STR_INIT("@KEY@"), STR_INIT("bigint PRIMARY KEY") },
    { STR_INIT("@INT@"), STR_INIT("bigint") },
    { STR_INIT("@REAL@"), STR_INIT("double precision") },
    { STR_INIT("@TEXT@"), STR_INIT("text COLLATE \"C\"") },
    { STR_INIT("@BYTES@"), STR_INIT("bytea") },
    { STR_INIT("@HEAP@"), STR_INIT("") },
    { STR_INIT("@CLUSTERED@"), STR_INIT("") },
    { STR_INIT("@VIEW@"), STR_INIT("VIEW") },
    { STR_INIT("@MAIN@"), STR_INIT("") },
    { STR_INIT("@WORDS@"),
      STR_INIT("CREATE TABLE words (rid bigint PRIMARY KEY, words tsvector)") },
    { STR_INIT("@WORDS_RID@"), STR_INIT("t.rid") },
    { STR_INIT("@WORDS_SAID@"), STR_INIT("t.words") },
    { STR_INIT("@SERIAL@"), STR_INIT("0") },
    { STR_INIT("@TABLE@"), STR_INIT("") }, /* put in before, see views() */
};

/* Stand-ins with the types of the real ones, which will answer from the session's settings. */
static const char functions[] =
    "CREATE FUNCTION scope_practice() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 1::bigint';"
    "CREATE FUNCTION scope_chart() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 1::bigint';"
    "CREATE FUNCTION scope_shared() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 1::bigint';"
    "CREATE FUNCTION scope_any() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 1::bigint';"
    "CREATE FUNCTION scope_patient() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 1::bigint';"
    "CREATE FUNCTION scope_owner() RETURNS integer STABLE LANGUAGE sql AS 'SELECT 1';"
    "CREATE FUNCTION scope_sees(bigint, bigint) RETURNS boolean STABLE LANGUAGE sql AS"
    " 'SELECT $1 > 0';"
    "CREATE FUNCTION scope_saw(bigint, bigint) RETURNS boolean STABLE LANGUAGE sql AS"
    " 'SELECT $1 > 0';"
    "CREATE FUNCTION scope_spares(bigint, bigint) RETURNS boolean STABLE LANGUAGE sql AS"
    " 'SELECT $1 > 0';"
    "CREATE FUNCTION scope_shared_sees(bigint, bigint) RETURNS boolean STABLE LANGUAGE sql AS"
    " 'SELECT $1 > 0';"
    "CREATE FUNCTION scope_shared_saw(bigint, bigint) RETURNS boolean STABLE LANGUAGE sql AS"
    " 'SELECT $1 > 0';"
    "CREATE FUNCTION scope_shared_spares(bigint, bigint) RETURNS boolean STABLE LANGUAGE sql AS"
    " 'SELECT $1 > 0';"
    "CREATE FUNCTION scope_type(bigint) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT $1 > 0';"
    "CREATE FUNCTION scope_shared_type(bigint) RETURNS boolean STABLE LANGUAGE sql AS"
    " 'SELECT $1 > 0';";

static const char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

static const char *format(const char *pattern, ...)
{
    va_list args;
    Str     s;

    va_start(args, pattern);
    s = arena_vprintf(unit_call()->arena, pattern, args);
    va_end(args);
    return arena_c_string(unit_call()->arena, s);
}

static Str embedded(const char *name)
{
    const EmbeddedFile *file = schema_files;

    while (file->name && strcmp(file->name, name) != 0)
        file++;
    return file->text;
}

/* The first text with every `word` replaced. */
static Str replaced(Str text, Str word, Str with)
{
    Buf       out = buf_new(unit_call()->arena, text.len + 256);
    ptrdiff_t at;

    while ((at = str_find(text, word)) >= 0) {
        buf_put(&out, str_slice(text, 0, (size_t)at));
        buf_put(&out, with);
        text = str_skip(text, (size_t)at + word.len);
    }
    buf_put(&out, text);
    return buf_str(&out);
}

static const char *translated(Str text, Str next)
{
    text = replaced(text, STR("@NEXT@"), next);
    if (next.len)
        text = replaced(text, STR("@SERIAL@"), STR("1"));
    for (size_t i = 0; i < COUNT(words); i++)
        text = replaced(text, words[i].word, words[i].here);
    return arena_c_string(unit_call()->arena, text);
}

/* ---- a server of our own ---- */

typedef struct Server {
    const char *programs; /* folder of initdb and pg_ctl */
    const char *folder;
    const char *as; /* what makes a command run as somebody else than root */
} Server;

static const char *programs_folder(void)
{
    glob_t      found;
    const char *folder = NULL;

    if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0) {
        Str path = str_from(found.gl_pathv[found.gl_pathc - 1]), before, name;

        if (str_cut_last(path, '/', &before, &name))
            folder = arena_c_string(unit_call()->arena, before);
        globfree(&found);
    }
    return folder;
}

/* PostgreSQL refuses to run as root: then as its own user. */
static bool server_prepare(Server *s)
{
    char           made[] = "/tmp/hale-postgres-XXXXXX";
    struct passwd *other = getpwnam("postgres");

    s->programs = programs_folder();
    if (!s->programs || (geteuid() == 0 && !other) || !mkdtemp(made))
        return false;
    s->folder = format("%s", made);
    s->as = geteuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --clear-groups " : "";
    return geteuid() != 0 || chown(made, other->pw_uid, other->pw_gid) == 0;
}

static bool server_start(const Server *s)
{
    return system(format("cd / && %s%s/initdb -D %s/data -U hale -A trust -E UTF8 --locale=C -N"
                         " > /dev/null",
                         s->as, s->programs, s->folder))
               == 0
           && system(format("cd / && %s%s/pg_ctl -D %s/data -l %s/log -w -o \"-k %s -c"
                            " listen_addresses='' -c fsync=off\" start > /dev/null",
                            s->as, s->programs, s->folder, s->folder, s->folder))
                  == 0;
}

static void server_stop(const Server *s)
{
    if (system(format("cd / && %s%s/pg_ctl -D %s/data -m immediate stop > /dev/null; rm -rf %s",
                      s->as, s->programs, s->folder, s->folder))
        != 0)
        unit_fail(__FILE__, __LINE__, "the server does not stop");
}

/* ---- the statements ---- */

static bool run(PGconn *db, const char *sql)
{
    PGresult *result = PQexec(db, sql);
    bool      done =
        PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;

    if (!done)
        unit_fail(__FILE__, __LINE__, "%s%.300s", PQerrorMessage(db), sql);
    PQclear(result);
    return done;
}

static bool prepare(PGconn *db, const char *sql)
{
    PGresult *result = PQprepare(db, "", sql, 0, NULL);
    bool      done = PQresultStatus(result) == PGRES_COMMAND_OK;

    if (!done)
        unit_fail(__FILE__, __LINE__, "%s%s", PQerrorMessage(db), sql);
    PQclear(result);
    return done;
}

static bool views(PGconn *db)
{
    bool made = run(db, translated(embedded("views.sql"), (Str){ 0 }));

    for (size_t i = 0; made && i < COUNT(index_tables); i++)
        made = run(db, translated(replaced(embedded("views_index.sql"), STR("@TABLE@"),
                                           index_tables[i]),
                                  (Str){ 0 }));
    return made;
}

static bool schema(PGconn *db)
{
    for (const EmbeddedFile *file = schema_files; file->name; file++)
        if (file->name[0] >= '0' && file->name[0] <= '9'
            && !run(db, translated(file->text, (Str){ 0 })))
            return false;
    return run(db, translated(embedded("0002_index.sql"), STR("next_"))) && run(db, functions)
           && views(db);
}

/* The index of words is asked in each database's own way (db_words_match): here is PostgreSQL's. */
static Str with_words(Str sql)
{
    Buf       out = buf_new(unit_call()->arena, sql.len + 256);
    Str       asked = STR("x.words MATCH $");
    ptrdiff_t at;

    while ((at = str_find(sql, asked)) >= 0) {
        size_t end = (size_t)at + asked.len;

        buf_put(&out, str_slice(sql, 0, (size_t)at));
        buf_put(&out, STR("x.words @@ to_tsquery('simple', $"));
        for (; end < sql.len && sql.at[end] >= '0' && sql.at[end] <= '9'; end++)
            buf_put_char(&out, sql.at[end]);
        buf_put_char(&out, ')');
        sql = str_skip(sql, end);
    }
    buf_put(&out, sql);
    return buf_str(&out);
}

static void prepare_search(void *context, const SqlText *sql, const char *query)
{
    (void)query;
    prepare(context, arena_c_string(unit_call()->arena, with_words(buf_str(&sql->text))));
}

static Fail prepare_searches(Call *c, Writer *w, void *context)
{
    sample_each(c, w->store, w->db, prepare_search, context);
    return OK;
}

static void check_all(PGconn *db)
{
    size_t             count;
    const char *const *literals = sql_literals(&count);

    CHECK(count > 60);
    for (size_t i = 0; i < count; i++)
        prepare(db, literals[i]);
    sample_record();
    CHECK(writer_run(unit_call(), help_open(), prepare_searches, db, false) == OK);
    help_close();
    CHECK(run(db, translated(embedded("drop_next.sql"), (Str){ 0 })));
}

TEST(postgresql_takes_the_schema_and_understands_every_statement)
{
    Server  s = { 0 };
    PGconn *db;

    if (!server_prepare(&s)) {
        unit_skip("PostgreSQL is not installed");
        return;
    }
    if (!server_start(&s)) {
        unit_fail(__FILE__, __LINE__, "PostgreSQL does not start");
        return;
    }
    db = PQconnectdb(format("host=%s user=hale dbname=postgres", s.folder));
    if (PQstatus(db) != CONNECTION_OK)
        unit_fail(__FILE__, __LINE__, "%s", PQerrorMessage(db));
    else if (schema(db))
        check_all(db);
    PQfinish(db);
    server_stop(&s);
}
