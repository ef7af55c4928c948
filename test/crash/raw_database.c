/* A database without the store. See raw_database.h. */
#include "test/crash/raw_database.h"

#include <sqlite3.h>
#include <stdio.h>

#include "base/buf.h"

struct RawDatabase {
    sqlite3 *handle;
};

static bool use_key(sqlite3 *handle, const char *key)
{
    char text[4 + 32];

    memcpy(text, "raw:", 4);
    memcpy(text + 4, key, 32);
    return sqlite3_exec(handle, "PRAGMA cipher = 'aegis'", NULL, NULL, NULL) == SQLITE_OK
           && sqlite3_key(handle, text, sizeof text) == SQLITE_OK;
}

static bool prepare(RawDatabase *db, const RawOptions *o)
{
    char settings[256];

    snprintf(
        settings, sizeof settings,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = %s; PRAGMA wal_autocheckpoint = %d;"
        " SELECT count(*) FROM sqlite_schema",
        o->synchronous ? o->synchronous : "FULL", o->wal_pages ? o->wal_pages : 1000);
    return (!o->key || use_key(db->handle, o->key)) && raw_database_run(db, settings);
}

RawDatabase *raw_database_open(const RawOptions *o)
{
    const int    flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
    char         address[600], vfs[64];
    RawDatabase *db = sqlite3_malloc(sizeof *db);

    snprintf(address, sizeof address, "file:%s?psow=%d", o->path, o->assume_power_safe);
    snprintf(vfs, sizeof vfs, "%s%.*s", o->vfs.len ? "multipleciphers-" : "", STR_ARG(o->vfs));
    *db = (RawDatabase){ 0 };
    if (sqlite3_open_v2(address, &db->handle, flags, vfs[0] ? vfs : NULL) != SQLITE_OK
        || !prepare(db, o)) {
        raw_database_close(db);
        return NULL;
    }
    return db;
}

void raw_database_close(RawDatabase *db)
{
    sqlite3_close(db->handle);
    sqlite3_free(db);
}

bool raw_database_run(RawDatabase *db, const char *sql)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK;
}

bool raw_database_put(RawDatabase *db, const char *sql, int64_t number, Str bytes)
{
    sqlite3_stmt *statement;
    bool          done;

    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_blob(statement, 2, bytes.at, (int)bytes.len, SQLITE_STATIC);
    done = sqlite3_step(statement) == SQLITE_DONE;
    return sqlite3_finalize(statement) == SQLITE_OK && done;
}

int64_t raw_database_number(RawDatabase *db, const char *sql)
{
    sqlite3_stmt *statement;
    int64_t       number = -1;

    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK)
        return -1;
    if (sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    return sqlite3_finalize(statement) == SQLITE_OK ? number : -1;
}

static void put_value(Buf *out, sqlite3_stmt *statement, int column)
{
    const char *hex = "0123456789abcdef";
    const char *bytes;

    if (sqlite3_column_type(statement, column) != SQLITE_BLOB) {
        buf_put(out, str_from((const char *)sqlite3_column_text(statement, column)));
        return;
    }
    bytes = sqlite3_column_blob(statement, column);
    for (int i = 0; i < sqlite3_column_bytes(statement, column); i++) {
        buf_put_char(out, hex[(bytes[i] >> 4) & 15]);
        buf_put_char(out, hex[bytes[i] & 15]);
    }
}

Str raw_database_text(RawDatabase *db, Arena *a, const char *sql)
{
    sqlite3_stmt *statement;
    Buf           out = buf_new(a, 1024);

    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK)
        return (Str){ 0 };
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            if (i)
                buf_put_char(&out, '|');
            put_value(&out, statement, i);
        }
        buf_put_char(&out, '\n');
    }
    if (sqlite3_finalize(statement) != SQLITE_OK)
        return (Str){ 0 };
    return out.len ? buf_str(&out) : STR("");
}
