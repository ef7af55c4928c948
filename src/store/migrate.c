/* Migrations, settings, and the numbers of search parameters: see migrate.h. */
#include "store/migrate.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/custom.h"
#include "store/custom.h"
#include "store/embedded.h"
#include "store/index_sql.h"

const Str index_tables[7] = {
    STR_INIT("index_token"),    STR_INIT("index_identifier"), STR_INIT("index_reference"),
    STR_INIT("index_date"),     STR_INIT("index_string"),     STR_INIT("index_number"),
    STR_INIT("index_quantity"),
};

SQL(setting_get_sql, "SELECT value FROM setting WHERE name = $1");
SQL(setting_put_sql, "INSERT INTO setting (name, value) VALUES ($1, $2)"
                     " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
SQL(setting_remove_sql, "DELETE FROM setting WHERE name = $1");
SQL(param_all_sql, "SELECT number, type, code FROM param");
SQL(param_put_sql, "INSERT INTO param (number, type, code) VALUES ($1, $2, $3)");
SQL(version_any_sql, "SELECT seq FROM version LIMIT 1");

Fail setting_get(Call *c, Db *db, Str name, Str *out)
{
    Statement *s = db_statement(db, setting_get_sql);
    Step       step;

    TRY_STATEMENT(c, db, s);
    bind_text(s, name);
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    *out = step == STEP_ROW ? arena_str(c->arena, row_text(s, 0)) : (Str){ 0 };
    statement_reset(s);
    return OK;
}

Fail setting_put(Call *c, Db *db, Str name, Str value)
{
    Statement *s = db_statement(db, setting_put_sql);

    TRY_STATEMENT(c, db, s);
    bind_text(s, name);
    bind_text(s, value);
    return statement_run(s) ? OK : db_fail(c, db);
}

Fail setting_remove(Call *c, Db *db, Str name)
{
    Statement *s = db_statement(db, setting_remove_sql);

    TRY_STATEMENT(c, db, s);
    bind_text(s, name);
    return statement_run(s) ? OK : db_fail(c, db);
}

/* ---- schema files ---- */

static Str replace(Arena *a, Str text, Str word, Str with)
{
    Buf       out = buf_new(a, text.len + 256);
    ptrdiff_t at;

    while ((at = str_find(text, word)) >= 0) {
        buf_put(&out, str_slice(text, 0, (size_t)at));
        buf_put(&out, with);
        text = str_skip(text, (size_t)at + word.len);
    }
    buf_put(&out, text);
    return buf_str(&out);
}

static Str embedded(const char *name)
{
    const EmbeddedFile *file = schema_files;

    while (file->name && strcmp(file->name, name) != 0)
        file++;
    ENSURE(file->name);
    return file->text;
}

Str schema_text(Arena *a, const char *file, Str next, uint64_t serial)
{
    Str text = replace(a, embedded(file), STR("@NEXT@"), next);

    text =
        replace(a, text, STR("@SERIAL@"), arena_printf(a, "%llu", (unsigned long long)serial));
    return db_translate(a, text);
}

void schema_views(Arena *a, Str **views, size_t *count)
{
    Str text = embedded("views_index.sql");

    *count = 1 + COUNT(index_tables);
    *views = NEW_ARRAY(a, Str, *count);
    (*views)[0] = schema_text(a, "views.sql", (Str){ 0 }, 0);
    for (size_t i = 0; i < COUNT(index_tables); i++)
        (*views)[1 + i] = db_translate(a, replace(a, text, STR("@TABLE@"), index_tables[i]));
}

int migrate_newest(void)
{
    int newest = 0;

    for (const EmbeddedFile *file = schema_files; file->name; file++)
        if (file->name[0] >= '0' && file->name[0] <= '9')
            newest = (int)strtol(file->name, NULL, 10);
    return newest;
}

static Fail schema_number(Call *c, Db *db, int *out)
{
    Str text;

    *out = 0;
    if (!db_has_table(db, "setting"))
        return OK;
    TRY(setting_get(c, db, STR("schema"), &text));
    *out = (int)strtol(arena_c_string(c->arena, text), NULL, 10);
    return OK;
}

static Fail apply(Call *c, Db *db, const EmbeddedFile *file, int number)
{
    Str text = schema_text(c->arena, file->name, (Str){ 0 }, 0);

    if (!db_run(db, "BEGIN"))
        return db_fail(c, db);
    if (db_run(db, text.at)
        && setting_put(c, db, STR("schema"), arena_printf(c->arena, "%d", number)) == OK
        && db_run(db, "COMMIT"))
        return OK;
    warn(c, FAIL_SYSTEM, (Str){ 0 }, "migration %s could not be applied", file->name);
    (void)db_fail(c, db);
    (void)db_run(db, "ROLLBACK");
    return FAIL_SYSTEM;
}

Fail migrate_schema(Call *c, Db *db)
{
    int have;

    TRY(schema_number(c, db, &have));
    if (have > migrate_newest())
        return fail(
            c, FAIL_NOT_SUPPORTED, (Str){ 0 },
            "the database was written by a later Hale (schema %d, this one knows %d): use"
            " that, or a later one",
            have, migrate_newest());
    for (const EmbeddedFile *file = schema_files; file->name; file++) {
        int number = (int)strtol(file->name, NULL, 10);

        if (number > have)
            TRY(apply(c, db, file, number));
    }
    return OK;
}

/* ---- search parameters ---- */

/* Numbers below 128 take one byte less in every index row, so the types of which there are most
 * come first. */
static const TypeId frequent_types[] = {
    TYPE_OBSERVATION, TYPE_CLAIM,     TYPE_DIAGNOSTIC_REPORT,  TYPE_EXPLANATION_OF_BENEFIT,
    TYPE_PROCEDURE,   TYPE_ENCOUNTER, TYPE_DOCUMENT_REFERENCE,
};

static bool keeps_rows(const SearchParam *p)
{
    return p->indexed && p->same_as == p->index;
}

static Fail param_put(Call *c, Db *db, const SearchParam *p, uint32_t number)
{
    Statement *s = db_statement(db, param_put_sql);

    TRY_STATEMENT(c, db, s);
    bind_int(s, number);
    bind_int(s, p->base);
    bind_text(s, p->code);
    return statement_run(s) ? OK : db_fail(c, db);
}

static Fail params_load(Call *c, Store *s, Db *db)
{
    Statement *rows = db_statement(db, param_all_sql);
    Step       step;

    TRY_STATEMENT(c, db, rows);
    while ((step = statement_step(rows)) == STEP_ROW) {
        const SearchParam *p = search_param_find((TypeId)row_int(rows, 1), row_text(rows, 2));
        uint32_t           number = (uint32_t)row_int(rows, 0);

        if (p && keeps_rows(p))
            s->param_numbers[p->index] = number;
    }
    return step == STEP_DONE ? OK : db_fail(c, db);
}

static Fail params_add(Call *c, Store *s, Db *db, uint16_t index, uint32_t *most)
{
    const SearchParam *p = search_param_at(index);

    if (s->param_numbers[index] || !keeps_rows(p))
        return OK;
    ENSURE(*most + 1 < 1U << PARAM_BITS);
    TRY(param_put(c, db, p, ++*most));
    s->param_numbers[index] = *most;
    return OK;
}

static Fail params_number(Call *c, Store *s, Db *db)
{
    uint32_t most;
    uint16_t count;

    TRY(params_load(c, s, db));
    TRY(custom_last_number(c, db, &most));
    for (size_t i = 0; i < COUNT(frequent_types); i++) {
        const SearchParam *params = search_params_of(frequent_types[i], &count);

        for (uint16_t p = 0; p < count; p++)
            TRY(params_add(c, s, db, params[p].index, &most));
    }
    for (uint16_t i = 0; i < search_param_count; i++)
        TRY(params_add(c, s, db, i, &most));
    return OK;
}

/* What decides the rows that a text has: the definitions, and which absolute references are our
 * own. Without an address (the command line) the one kept is taken. */
static Fail load_base(Call *c, Store *s, Db *db, bool *same)
{
    Str kept;

    TRY(setting_get(c, db, STR("base"), &kept));
    if (!s->base.len)
        s->base = arena_str(s->arena, kept);
    *same = !kept.len || str_equal(kept, s->base);
    if (!kept.len && s->base.len)
        return setting_put(c, db, STR("base"), s->base);
    return OK;
}

Fail index_settle(Call *c, Store *s, Db *db)
{
    TRY(setting_put(c, db, STR("definitions"), definitions_fingerprint));
    return setting_put(c, db, STR("base"), s->base);
}

/* An empty database is indexed with whatever comes first. */
static Fail compare_index(Call *c, Store *s, Db *db)
{
    Statement *any = db_statement(db, version_any_sql);
    bool       same_base;
    Step       step;
    Str        kept;

    TRY(setting_get(c, db, STR("definitions"), &kept));
    TRY_STATEMENT(c, db, any);
    step = statement_step(any);
    statement_reset(any);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    TRY(load_base(c, s, db, &same_base));
    if (step == STEP_DONE)
        return index_settle(c, s, db);
    atomic_store(&s->index_stale, !same_base || !str_equal(kept, definitions_fingerprint));
    return OK;
}

Fail migrate_params(Call *c, Store *s, Db *db)
{
    Fail result;

    s->param_numbers = NEW_ARRAY(s->arena, uint32_t, search_param_count + CUSTOM_INDICES + 1u);
    s->custom_next = NEW_ARRAY(s->arena, CustomNext, LIMIT_CUSTOM_PARAMS);
    if (!db_run(db, "BEGIN"))
        return db_fail(c, db);
    result = params_number(c, s, db);
    if (result == OK)
        result = compare_index(c, s, db);
    if (result == OK && db_run(db, "COMMIT"))
        return OK;
    if (result == OK)
        result = db_fail(c, db);
    (void)db_run(db, "ROLLBACK");
    return result;
}
