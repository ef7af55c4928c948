/* A run written: names to numbers, versions in their order, index rows sorted. See bulk.h. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "fhir/custom.h"
#include "fhir/privacy.h"
#include "store/bulk.h"
#include "store/custom.h"
#include "store/directive.h"
#include "store/migrate.h"
#include "store/private.h"

SQL(rid_sql, "SELECT rid FROM identity WHERE practice = $1 AND type = $2 AND id = $3");
SQL(identity_put_sql, "INSERT INTO identity (practice, type, id, rid) VALUES ($1, $2, $3, $4)");
SQL(version_put_sql,
    "INSERT INTO version (seq, practice, type, id, rid, version, prior_seq, at, method, author,"
    " dictionary, body, patients)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
SQL(current_put_sql, "INSERT INTO current (practice, type, rid, seq) VALUES ($1, $2, $3, $4)"
                     " ON CONFLICT (practice, type, rid) DO UPDATE SET seq = excluded.seq");
SQL(gone_put_sql, "INSERT INTO gone (practice, type, rid, seq) VALUES ($1, $2, $3, $4)"
                  " ON CONFLICT (practice, type, rid) DO UPDATE SET seq = excluded.seq");
SQL(current_remove_sql, "DELETE FROM current WHERE practice = $1 AND type = $2 AND rid = $3");
SQL(gone_remove_sql, "DELETE FROM gone WHERE practice = $1 AND type = $2 AND rid = $3");

typedef struct Work {
    Call         *call;
    Writer       *writer;
    const Permit *permit;
    Run          *run;
} Work;

/* ---- names ---- */

static Fail number_tokens(Work *k)
{
    Names *n = &k->run->tokens;

    for (uint32_t i = 1; i < n->count; i++) {
        Name     *name = name_at(n, i);
        Str       system = name->owner ? name_at(n, name->owner)->text : (Str){ 0 };
        ArenaMark mark = arena_mark(k->call->arena);

        if (str_equal(system, STR(PRIVACY_SYSTEM)))
            private_notice(k->writer->store);
        TRY(intern_token(k->writer->intern, k->call, system, name->text, true, &name->number));
        arena_rewind(k->call->arena, mark);
    }
    return OK;
}

static int compare_names(const void *a, const void *b)
{
    const Name *x = *(Name *const *)a, *y = *(Name *const *)b;

    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    return str_compare(x->text, y->text);
}

static Fail put_resource(Work *k, const Name *name)
{
    Db        *db = k->writer->db;
    Statement *s = db_statement(db, identity_put_sql);

    TRY_STATEMENT(k->call, db, s);
    bind_int(s, k->permit->practice);
    bind_int(s, name->owner);
    bind_bytes(s, name->text);
    bind_int(s, name->number);
    return statement_run(s) ? OK : db_fail(k->call, db);
}

static Fail number_resource(Work *k, Name *name)
{
    Db        *db = k->writer->db;
    Statement *s = db_statement(db, rid_sql);
    Step       step;

    TRY_STATEMENT(k->call, db, s);
    bind_int(s, k->permit->practice);
    bind_int(s, name->owner);
    bind_bytes(s, name->text);
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(k->call, db);
    if (step == STEP_ROW)
        name->number = row_int(s, 0);
    statement_reset(s);
    return step == STEP_ROW ? OK : put_resource(k, name);
}

/* Looked up and put in by their order in the table, in one go; numbered by their order in the input,
 * so that what came together lies together in the tables that go by number. The few that are there
 * already leave a number unused. */
static Fail number_resources(Work *k)
{
    Names *n = &k->run->resources;
    Name **sorted = NEW_ARRAY(k->run->arena, Name *, n->count);

    for (uint32_t i = 1; i < n->count; i++)
        sorted[i - 1] = name_at(n, i);
    qsort(sorted, n->count - 1, sizeof *sorted, compare_names);
    for (uint32_t i = 1; i < n->count; i++)
        TRY(intern_rid_new(k->writer->intern, k->call, &name_at(n, i)->number));
    for (uint32_t i = 0; i + 1 < n->count; i++)
        TRY(number_resource(k, sorted[i]));
    return OK;
}

/* ---- versions ---- */

static Fail put_version(Work *k, RunItem *item)
{
    Writer        *w = k->writer;
    const RunItem *prior = item->prior_item ? &k->run->items[item->prior_item] : NULL;
    const Name    *name = name_at(&k->run->resources, item->name);
    Statement     *s = db_statement(w->db, version_put_sql);
    int64_t        now = clock_wall_us();

    TRY_STATEMENT(k->call, w->db, s);
    if (!item->at_us)
        item->at_us = now > w->at_us ? now : w->at_us + 1;
    if (item->at_us < w->at_us && !atomic_load(&w->store->times_mixed)) {
        TRY(setting_put(k->call, w->db, STR("times_mixed"), STR("yes")));
        atomic_store(&w->store->times_mixed, true);
    }
    if (item->at_us > w->at_us)
        w->at_us = item->at_us;
    item->seq = ++w->seq;
    bind_int(s, (int64_t)item->seq);
    bind_int(s, k->permit->practice);
    bind_int(s, name->owner);
    bind_bytes(s, name->text);
    bind_int(s, name->number);
    bind_int(s, (int64_t)item->version);
    bind_int(s, (int64_t)(prior ? prior->seq : item->before_seq));
    bind_int(s, item->at_us);
    bind_int(s, item->method);
    bind_int(s, k->permit->author);
    bind_int(s, item->dictionary);
    bind_bytes(s, item->body);
    bind_bytes(s, item->patients);
    return statement_run(s) ? OK : db_fail(k->call, w->db);
}

static Fail put_place(Work *k, const char *sql, const RunItem *item, bool with_seq)
{
    Db         *db = k->writer->db;
    const Name *name = name_at(&k->run->resources, item->name);
    Statement  *s = db_statement(db, sql);

    TRY_STATEMENT(k->call, db, s);
    bind_int(s, k->permit->practice);
    bind_int(s, name->owner);
    bind_int(s, name->number);
    if (with_seq)
        bind_int(s, (int64_t)item->seq);
    return statement_run(s) ? OK : db_fail(k->call, db);
}

/* The first item of a chain within the run knows what was in the database before. */
static const RunItem *first_of(const Run *r, const RunItem *item)
{
    while (item->prior_item)
        item = &r->items[item->prior_item];
    return item;
}

static Fail put_standing(Work *k, const RunItem *item)
{
    const RunItem *first = first_of(k->run, item);
    bool           deleted = item->method == METHOD_DELETE;

    if (first->before_seq && first->before_deleted && !deleted)
        TRY(put_place(k, gone_remove_sql, item, false));
    if (first->before_seq && !first->before_deleted && deleted)
        TRY(put_place(k, current_remove_sql, item, false));
    return put_place(k, deleted ? gone_put_sql : current_put_sql, item, true);
}

static const Run *sorting; /* qsort has no place for it; the writer's thread is the only one */

static int compare_items(const void *a, const void *b)
{
    const Name *x = run_owner(sorting, *(const uint32_t *)a);
    const Name *y = run_owner(sorting, *(const uint32_t *)b);

    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static Fail put_versions(Work *k)
{
    Run      *r = k->run;
    uint32_t *newest = NEW_ARRAY(r->arena, uint32_t, r->item_count);
    uint32_t  count = 0;

    for (uint32_t i = 1; i < r->item_count; i++) {
        TRY(put_version(k, &r->items[i]));
        if (r->items[i].newest)
            newest[count++] = i;
    }
    sorting = r;
    qsort(newest, count, sizeof *newest, compare_items);
    for (uint32_t i = 0; i < count; i++)
        TRY(put_standing(k, &r->items[newest[i]]));
    return OK;
}

/* ---- index rows ---- */

/* A Patient is in its own record. */
static void add_patients(Run *r)
{
    for (uint32_t i = 1; i < r->item_count; i++)
        if (r->items[i].newest && run_owner(r, i)->owner == TYPE_PATIENT)
            run_add_plain(
                r, (RunRow){ .kind = ROW_COMPARTMENT, .item = i, .name = r->items[i].name });
}

static Fail put_group(Work *k, IndexBatch *batch, const SortedRow *rows, size_t count)
{
    Db *db = k->writer->db;

    for (size_t i = 0; i < count; i++) {
        IndexKey key = run_key(k->run, &rows[i]);

        if (rows[i].deed == ROW_PUT)
            TRY(index_batch_put(k->call, batch, (int64_t)rows[i].rid, &key));
        else
            TRY(index_key_remove(k->call, db, INDEX_USED, batch->practice, (int64_t)rows[i].rid,
                                 &key));
    }
    return OK;
}

/* Sorted group by group: all at once would take half as much room again as the run. */
static Fail put_rows(Work *k)
{
    Run             *r = k->run;
    IndexBatch       batch = { .db = k->writer->db, .practice = k->permit->practice };
    RunOrder         order;
    const SortedRow *rows;
    size_t           count;
    ArenaMark        mark;

    add_patients(r);
    order = run_order(r);
    mark = arena_mark(r->arena);
    while (run_order_next(r, &order, r->arena, &rows, &count)) {
        TRY(put_group(k, &batch, rows, count));
        arena_rewind(r->arena, mark);
    }
    return index_batch_end(k->call, &batch);
}

/* What came in under an older set of search parameters; then the SearchParameters and Consents
 * among it. */
static Fail settle_meanings(Work *k)
{
    Run *r = k->run;
    bool withholds;

    if (r->oldest_set < custom_version())
        TRY(custom_renew(k->call, k->writer, r->oldest_set));
    for (uint32_t i = 1; i < r->item_count; i++) {
        const Name *name = name_at(&r->resources, r->items[i].name);

        if (r->items[i].newest && name->owner == TYPE_SEARCH_PARAMETER)
            TRY(custom_settle(k->call, k->writer, k->permit->practice, name->number,
                              r->items[i].seq, false));
        if (r->items[i].newest && name->owner == TYPE_CONSENT)
            TRY(directive_settle(k->call, k->writer, k->permit->practice, name->number,
                                 r->items[i].seq, false, &withholds));
    }
    return OK;
}

Fail run_write(Call *c, Writer *w, void *writing)
{
    const RunWriting *rw = writing;
    Work              k = { c, w, rw->permit, rw->run };

    TRY(number_tokens(&k));
    TRY(number_resources(&k));
    TRY(put_versions(&k));
    run_drop_bodies(k.run);
    TRY(put_rows(&k));
    return settle_meanings(&k);
}
