/* Consents in force: see directive.h. */
#include "store/directive.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/migrate.h"
#include "store/values.h"
#include "store/version.h"

SQL(each_sql, "SELECT rid, practice, seq FROM directive ORDER BY rid");
SQL(one_sql, "SELECT 1 FROM directive WHERE rid = $1");
SQL(others_sql, "SELECT count(*) FROM directive WHERE rid <> $1");
SQL(put_sql,
    "INSERT INTO directive (rid, practice, seq) VALUES ($1, $2, $3)"
    " ON CONFLICT (rid) DO UPDATE SET practice = excluded.practice, seq = excluded.seq");
SQL(remove_sql, "DELETE FROM directive WHERE rid = $1");
SQL(consents_sql, "SELECT rid, practice, seq FROM current WHERE type = $1 ORDER BY rid");

static const Str known_setting = STR_INIT("directives");

struct DirectiveSet {
    Arena     *arena;
    Directives all;
    uint32_t   holders; /* under the store's lock; the store itself is one */
};

typedef struct Place {
    int64_t  rid;
    uint32_t practice;
    uint64_t seq;
} Place;

/* ---- compiled ---- */

static Fail compile(Call *c, const Store *s, Db *db, uint64_t seq, Directives *out)
{
    ReadOptions options = { .expected = TYPE_CONSENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Resource   *resource = NEW(c->arena, Resource);
    VersionRow  row;

    *out = (Directives){ 0 };
    TRY(version_load(c, s, db, seq, true, &row));
    if (row.version.deleted)
        return OK;
    TRY(resource_read(c, row.version.whole, &options, resource));
    return directive_compile(c, resource, row.version.id, s->base, out);
}

/* A Consent that is stored and cannot be carried out, and why. */
static void tell_left_out(Call *c, uint32_t issues)
{
    LogField field = { "why", STR("unknown"), 0 };

    if (c->issue_count > issues)
        field.text = c->issues[issues].text;
    log_event(LOG_LEVEL_WARNING, "consent_left_out", &field, 1);
    call_forget_issues(c, issues);
}

static DirectiveTest copy_test(Arena *a, const DirectiveTest *from)
{
    DirectiveTest   to = *from;
    DirectiveActor *actors = NEW_ARRAY(a, DirectiveActor, from->actor_count + 1);

    for (uint32_t i = 0; i < from->actor_count; i++)
        actors[i] = (DirectiveActor){ from->actors[i].who, arena_str(a, from->actors[i].name) };
    to.actors = actors;
    return to;
}

static Directive copy_row(Arena *a, const Directive *from)
{
    Directive           to = *from;
    DirectiveExemption *exemptions =
        NEW_ARRAY(a, DirectiveExemption, from->exemption_count + 1);

    to.patient = arena_str(a, from->patient);
    to.consent = arena_str(a, from->consent);
    to.criteria = arena_str(a, from->criteria);
    for (uint32_t i = 0; i < from->test_count; i++)
        to.tests[i] = copy_test(a, &from->tests[i]);
    for (uint32_t i = 0; i < from->exemption_count; i++)
        exemptions[i] = (DirectiveExemption){ copy_test(a, &from->exemptions[i].test),
                                              from->exemptions[i].types };
    to.exemptions = exemptions;
    return to;
}

/* ---- the set ---- */

static Fail places_list(Call *c, Db *db, const char *sql, TypeId type, Place **out,
                        uint32_t *count)
{
    Statement *s = db_statement(db, sql);
    uint32_t   room = 64;
    Step       step;

    *out = NEW_ARRAY(c->arena, Place, room);
    *count = 0;
    TRY_STATEMENT(c, db, s);
    if (type)
        bind_int(s, type);
    while ((step = statement_step(s)) == STEP_ROW) {
        if (*count == room) {
            *out = arena_grow(c->arena, *out, room * sizeof(Place), 2 * room * sizeof(Place));
            room *= 2;
        }
        (*out)[(*count)++] =
            (Place){ row_int(s, 0), (uint32_t)row_int(s, 1), (uint64_t)row_int(s, 2) };
    }
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(c, db) : OK;
}

static Fail fill(Call *c, const Store *s, Db *db, struct DirectiveSet *set)
{
    Directive *rows;
    Place     *places;
    uint32_t   count, room = 64;

    TRY(places_list(c, db, each_sql, 0, &places, &count));
    rows = NEW_ARRAY(set->arena, Directive, room);
    if (!c->issues) /* else it would lie in what is rewound */
        c->issues = NEW_ARRAY(c->arena, Issue, LIMIT_ISSUES);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t   issues = c->issue_count;
        ArenaMark  mark = arena_mark(c->arena);
        Directives one;

        if (compile(c, s, db, places[i].seq, &one) != OK) {
            TRY(db_failure(db)); /* by an earlier Hale: it knew more, or less */
            tell_left_out(c, issues);
            arena_rewind(c->arena, mark);
            continue;
        }
        for (uint32_t k = 0; k < one.count; k++) {
            if (set->all.count == room) {
                rows = arena_grow(set->arena, rows, room * sizeof(Directive),
                                  2 * room * sizeof(Directive));
                room *= 2;
            }
            rows[set->all.count++] = copy_row(set->arena, &one.rows[k]);
        }
        arena_rewind(c->arena, mark);
    }
    set->all.rows = rows;
    return OK;
}

static Fail make(Call *c, Store *s, Db *db)
{
    Arena *arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    Fail   result;

    ENSURE(!s->directives_next);
    s->directives_next = NEW(arena, struct DirectiveSet);
    s->directives_next->arena = arena;
    s->directives_next->holders = 1;
    result = fill(c, s, db, s->directives_next);
    if (result == OK)
        return OK;
    s->directives_next = NULL;
    arena_destroy(arena);
    return result;
}

static void let_go(Store *s, struct DirectiveSet *set)
{
    bool last;

    if (!set)
        return;
    pthread_mutex_lock(&s->directives_lock);
    last = --set->holders == 0;
    pthread_mutex_unlock(&s->directives_lock);
    if (last)
        arena_destroy(set->arena);
}

static void publish(Store *s)
{
    struct DirectiveSet *before;

    if (!s->directives_next)
        return;
    pthread_mutex_lock(&s->directives_lock);
    before = s->directives;
    s->directives = s->directives_next;
    s->directives_next = NULL;
    atomic_store(&s->directives_any, s->directives->all.count > 0);
    pthread_mutex_unlock(&s->directives_lock);
    let_go(s, before);
}

/* ---- settled ---- */

Fail directive_kept(Call *c, Db *db, int64_t rid, bool *kept)
{
    return values_any(c, db, one_sql, VALUES(value_int(rid)), kept);
}

static Fail check_room(Call *c, Db *db, int64_t rid)
{
    Statement *row = NULL;
    int64_t    count;

    TRY(values_row(c, db, others_sql, VALUES(value_int(rid)), &row));
    count = row ? row_int(row, 0) : 0;
    if (row)
        statement_reset(row);
    if (count >= LIMIT_DIRECTIVES)
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 },
                    "More than %d Consents that withhold something (LIMIT_DIRECTIVES)",
                    LIMIT_DIRECTIVES);
    return OK;
}

static Fail settle(Call *c, Store *s, Db *db, const Place *place, bool strict, bool *withholds)
{
    uint32_t   issues = c->issue_count;
    Directives made;
    Fail       result = compile(c, s, db, place->seq, &made);

    *withholds = false;
    if (result != OK && (strict || db_failure(db) != OK))
        return result;
    if (result != OK)
        tell_left_out(c, issues);
    if (result != OK || !made.count)
        return values_run(c, db, remove_sql, VALUES(value_int(place->rid)));
    TRY(check_room(c, db, place->rid));
    *withholds = true;
    return values_run(c, db, put_sql,
                      VALUES(value_int(place->rid), value_int(place->practice),
                             value_int((int64_t)place->seq)));
}

Fail directive_settle(Call *c, Writer *w, uint32_t practice, int64_t rid, uint64_t seq,
                      bool strict, bool *withholds)
{
    Place place = { rid, practice, seq };
    bool  before;

    TRY(directive_kept(c, w->db, rid, &before));
    TRY(settle(c, w->store, w->db, &place, strict, withholds));
    w->store->directives_changed = w->store->directives_changed || before || *withholds;
    return OK;
}

/* A database from before there was the table. */
static Fail settle_all(Call *c, Store *s, Db *db)
{
    Place   *places;
    uint32_t count;
    Str      known;

    TRY(setting_get(c, db, known_setting, &known));
    if (known.len)
        return OK;
    TRY(places_list(c, db, consents_sql, TYPE_CONSENT, &places, &count));
    for (uint32_t i = 0; i < count; i++) {
        bool withholds;

        TRY(settle(c, s, db, &places[i], false, &withholds));
    }
    return setting_put(c, db, known_setting, STR("yes"));
}

Fail directive_load(Call *c, Store *s, Db *db)
{
    TRY(settle_all(c, s, db));
    TRY(make(c, s, db));
    publish(s);
    return OK;
}

void directive_close(Store *s)
{
    let_go(s, s->directives);
    s->directives = NULL;
}

Fail directive_prepare(Call *c, Writer *w)
{
    return w->store->directives_changed ? make(c, w->store, w->db) : OK;
}

void directive_committed(Writer *w)
{
    publish(w->store);
    w->store->directives_changed = false;
}

void directive_forgotten(Writer *w)
{
    Store *s = w->store;

    let_go(s, s->directives_next);
    s->directives_next = NULL;
    s->directives_changed = false;
}

/* ---- for readers ---- */

typedef struct Held {
    Store               *store;
    struct DirectiveSet *set;
} Held;

static void release(void *thing)
{
    Held *held = thing;

    let_go(held->store, held->set);
}

const Directives *store_directives(Call *c, Store *s)
{
    static const Directives none;
    Held                   *held;

    if (!atomic_load(&s->directives_any))
        return &none;
    held = NEW(c->arena, Held);
    pthread_mutex_lock(&s->directives_lock);
    *held = (Held){ s, s->directives };
    held->set->holders++;
    pthread_mutex_unlock(&s->directives_lock);
    arena_defer(c->arena, release, held);
    return &held->set->all;
}
