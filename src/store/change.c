/*
 * Creates, updates and deletes: first every check of the write, then its rows. Permission is
 * looked at on what is there and on what is to be there (security rule A7).
 */
#include "store/change.h"

#include <stdlib.h>

#include "base/clock.h"
#include "fhir/assignment.h"
#include "fhir/custom.h"
#include "fhir/draft.h"
#include "fhir/privacy.h"
#include "store/busy.h"
#include "store/custom.h"
#include "store/directive.h"
#include "store/ledger_write.h"
#include "store/limit.h"
#include "store/outbox_write.h"
#include "store/private.h"
#include "store/search_sql.h"
#include "store/signed.h"
#include "store/version.h"

SQL(current_sql, "SELECT seq FROM current WHERE practice = $1 AND type = $2 AND rid = $3");
SQL(gone_sql, "SELECT seq FROM gone WHERE practice = $1 AND type = $2 AND rid = $3");
SQL(in_chart_sql,
    "SELECT 1 FROM compartment WHERE practice = $1 AND patient = $2 AND rid = $3");
SQL(version_put_sql,
    "INSERT INTO version (seq, practice, type, id, rid, version, prior_seq, at, method, author,"
    " dictionary, body, patients)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
SQL(current_put_sql, "INSERT INTO current (practice, type, rid, seq) VALUES ($1, $2, $3, $4)"
                     " ON CONFLICT (practice, type, rid) DO UPDATE SET seq = excluded.seq");
SQL(current_remove_sql, "DELETE FROM current WHERE practice = $1 AND type = $2 AND rid = $3");
SQL(gone_put_sql, "INSERT INTO gone (practice, type, rid, seq) VALUES ($1, $2, $3, $4)");
SQL(gone_remove_sql, "DELETE FROM gone WHERE practice = $1 AND type = $2 AND rid = $3");

/* One change, looked into. */
typedef struct Plan {
    Change    *change;
    int64_t    rid; /* 0: not known to this database yet */
    uint64_t   seq; /* newest version, 0 if there never was one */
    bool       deleted;
    bool       hidden; /* it is there, but out of the permit's reach */
    VersionRow before;
    Str        whole_before; /* its text; of a deleted one: before it was deleted */
    IndexRows  rows_before; /* of what is in the index; of a deleted one: whose record it was */
    IndexKeys  fresh; /* of what there never was: put together with those of the others … */
    uint32_t   put;   /* … so many so far */
} Plan;

static const Permit *permit_of(const Plan *p)
{
    return p->change->permit;
}

static bool exists(const Plan *p)
{
    return p->seq && !p->deleted && !p->hidden;
}

static Str name_of(Call *c, const Change *change)
{
    return arena_printf(c->arena, "%.*s/%.*s", STR_ARG(type_name(change->type)),
                        STR_ARG(change->id));
}

/* ---- what is there ---- */

static Fail newest_in(Call *c, Writer *w, const char *sql, const Plan *p, uint64_t *seq)
{
    Statement *s = db_statement(w->db, sql);
    Step       step;

    TRY_STATEMENT(c, w->db, s);
    bind_int(s, permit_of(p)->practice);
    bind_int(s, p->change->type);
    bind_int(s, p->rid);
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(c, w->db);
    *seq = step == STEP_ROW ? (uint64_t)row_int(s, 0) : 0;
    statement_reset(s);
    return OK;
}

/* The rows that are in the tables for it now. A deleted one keeps only its compartments, so that
 * who could see it can still see that it is gone. */
static Fail load_before(Call *c, Writer *w, Plan *p)
{
    const Change *change = p->change;
    VersionRow    living;
    bool          fits = true;

    TRY(version_load(c, w->store, w->db, p->seq, true, &p->before));
    living = p->before;
    if (p->deleted && p->before.prior_seq)
        TRY(version_load(c, w->store, w->db, p->before.prior_seq, true, &living));
    p->whole_before = living.version.whole;
    TRY(version_rows(c, w->store, &living.version, &p->rows_before));
    TRY(limit_fits(c, permit_of(p), change->type, change->id, &p->rows_before, &fits));
    p->hidden = !fits;
    if (p->deleted)
        rows_keep_compartments(&p->rows_before);
    return OK;
}

static Fail find_patient(Call *c, Writer *w, const Permit *permit, int64_t *rid)
{
    return intern_rid(w->intern, c, permit->practice, TYPE_PATIENT, str_from(permit->patient),
                      false, rid);
}

static Fail look_hidden(Call *c, Writer *w, Plan *p)
{
    const Permit *permit = permit_of(p);
    Statement    *s;
    int64_t       patient;
    Step          step;

    p->hidden =
        !type_set_has(&permit->types, p->change->type) || permit->reach == REACH_NOTHING;
    if (p->hidden || permit->reach != REACH_PATIENT)
        return OK;
    TRY(find_patient(c, w, permit, &patient));
    s = db_statement(w->db, in_chart_sql);
    TRY_STATEMENT(c, w->db, s);
    bind_int(s, permit->practice);
    bind_int(s, patient);
    bind_int(s, p->rid);
    step = statement_step(s);
    statement_reset(s);
    if (step == STEP_FAILED)
        return db_fail(c, w->db);
    p->hidden = step != STEP_ROW;
    return OK;
}

static Fail look(Call *c, Writer *w, Plan *p)
{
    const Change *change = p->change;

    TRY(intern_rid(w->intern, c, permit_of(p)->practice, change->type, change->id, false,
                   &p->rid));
    if (!p->rid)
        return OK;
    TRY(newest_in(c, w, current_sql, p, &p->seq));
    if (!p->seq) {
        TRY(newest_in(c, w, gone_sql, p, &p->seq));
        p->deleted = p->seq != 0;
    }
    if (!p->seq)
        return OK;
    TRY(look_hidden(c, w, p));
    return p->hidden ? OK : load_before(c, w, p);
}

/* ---- the checks ---- */

/* A PUT that found nothing when it looked, and now would, looks again: then it is an update. */
static Fail check_create(Call *c, const Plan *p)
{
    bool put = p->change->method == METHOD_PUT && !p->hidden;

    if (!p->seq || (p->deleted && put))
        return OK;
    if (put)
        return fail(c, FAIL_STALE, (Str){ 0 }, "%.*s was made meanwhile",
                    STR_ARG(name_of(c, p->change)));
    return fail(c, FAIL_CONFLICT, (Str){ 0 }, "%.*s is there already",
                STR_ARG(name_of(c, p->change)));
}

static Fail check_update(Call *c, const Plan *p)
{
    if (exists(p))
        return OK;
    if (p->seq && !p->hidden && p->change->method == METHOD_PATCH)
        return fail(c, FAIL_GONE, (Str){ 0 }, "%.*s was deleted",
                    STR_ARG(name_of(c, p->change)));
    if (p->change->may_create && p->change->method == METHOD_PUT && !p->hidden)
        return OK;
    return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "there is no %.*s",
                STR_ARG(name_of(c, p->change)));
}

static Fail check_versions(Call *c, const Plan *p)
{
    const Change *change = p->change;

    if (change->if_version && (!exists(p) || p->before.version.version != change->if_version))
        return fail(c, FAIL_PRECONDITION, (Str){ 0 }, "%.*s is not at version %llu",
                    STR_ARG(name_of(c, change)), (unsigned long long)change->if_version);
    if (change->if_seq && (!exists(p) || p->seq != change->if_seq))
        return fail(c, FAIL_STALE, (Str){ 0 }, "%.*s was changed meanwhile",
                    STR_ARG(name_of(c, change)));
    return OK;
}

static bool has_compartment(const IndexRows *rows, Str patient)
{
    for (uint32_t i = 0; i < rows->count; i++)
        if (rows->rows[i].kind == ROW_COMPARTMENT && str_equal(rows->rows[i].id, patient))
            return true;
    return false;
}

static Fail may_not_direct(Call *c)
{
    return fail(
        c, FAIL_FORBIDDEN, STR("Consent.provision"),
        "Consents that withhold something are the patient's and the privacy officer's to"
        " make and to end");
}

/* What a patient withholds is not opened by those from whom it is withheld. */
static Fail check_directs(Call *c, Writer *w, const Plan *p)
{
    bool kept;

    if (p->change->type != TYPE_CONSENT || !p->rid || permit_of(p)->directs)
        return OK;
    TRY(directive_kept(c, w->db, p->rid, &kept));
    if (kept && exists(p))
        return may_not_direct(c);
    return OK;
}

static Str whole_after(Call *c, const Change *change)
{
    return change->method == METHOD_DELETE ? (Str){ 0 }
                                           : draft_whole(c->arena, change->type, change->id, 1,
                                                         c->now_us, change->remainder);
}

/* What permission goes by is not changed by whom it binds: who may read a note, and who is of which
 * organisation and profession. */
static Fail check_grounds(Call *c, Writer *w, const Plan *p)
{
    static const IndexRows none = { 0 };
    const Permit          *permit = permit_of(p);
    const IndexRows       *before = exists(p) ? &p->rows_before : &none;
    const IndexRows *after = p->change->method == METHOD_DELETE ? &none : &p->change->rows;

    TRY(private_check_permit(c, w->store, permit));
    if (p->change->type == TYPE_PRACTITIONER_ROLE && !permit->assigns)
        TRY(assignment_check(c, before, after));
    if (signed_guards_words(p->change->type))
        TRY(signed_guard_words(c, w, p->change, exists(p), p->whole_before,
                               whole_after(c, p->change)));
    if (p->change->method == METHOD_DELETE)
        return OK;
    TRY(privacy_check(c, p->change->type, before, after, permit->reader, permit->confides));
    if (privacy_said(after))
        private_notice(w->store);
    return OK;
}

/* What is to be there must lie in the permit too; in a patient's name nothing is put into another
 * patient's record where it was not before. */
static bool after_allowed(const Plan *p)
{
    const Permit *permit = permit_of(p);
    const Change *change = p->change;
    Str           patient = str_from(permit->patient);

    if (!type_set_has(&permit->types, change->type) || permit->reach == REACH_NOTHING
        || audit_id_is_own(change->type, change->id))
        return false;
    if (permit->reach == REACH_PRACTICE || change->method == METHOD_DELETE)
        return true;
    if (change->type == TYPE_PATIENT)
        return str_equal(change->id, patient);
    for (uint32_t i = 0; i < change->rows.count; i++) {
        const IndexRow *row = &change->rows.rows[i];

        if (row->kind == ROW_COMPARTMENT && !str_equal(row->id, patient)
            && !has_compartment(&p->rows_before, row->id))
            return false;
    }
    return has_compartment(&change->rows, patient);
}

static bool deed_fits(Method method, uint8_t deed)
{
    if (method == METHOD_DELETE)
        return deed == DEED_DELETE;
    return deed == DEED_CREATE || deed == DEED_UPDATE;
}

static Fail check(Call *c, const Plan *p)
{
    const Change *change = p->change;
    bool          fits = true;

    if (!permit_of(p)->practice || !deed_fits(change->method, permit_of(p)->deed))
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 }, "this may not be changed");
    if (change->method != METHOD_DELETE && change->rows.set != custom_version())
        return fail(c, FAIL_STALE, (Str){ 0 }, "search parameters were changed meanwhile");
    if (change->if_version || change->if_seq)
        TRY(check_versions(c, p));
    if (change->method != METHOD_DELETE) {
        if (change->creates || change->method == METHOD_POST)
            TRY(check_create(c, p));
        else
            TRY(check_update(c, p));
    }
    if (change->method != METHOD_DELETE)
        TRY(limit_fits(c, permit_of(p), change->type, change->id, &change->rows, &fits));
    if (!fits || !after_allowed(p))
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 }, "%.*s may not be put there",
                    STR_ARG(name_of(c, change)));
    return OK;
}

/* ---- the rows ---- */

static Fail put_version(Call *c, Writer *w, const Plan *p, const ReadyBody *body)
{
    const Change *change = p->change;
    PackedId      id = id_pack(change->id);
    Statement    *s = db_statement(w->db, version_put_sql);

    TRY_STATEMENT(c, w->db, s);
    bind_int(s, (int64_t)change->seq);
    bind_int(s, permit_of(p)->practice);
    bind_int(s, change->type);
    bind_bytes(s, packed_str(&id));
    bind_int(s, p->rid);
    bind_int(s, (int64_t)change->version);
    bind_int(s, (int64_t)p->seq);
    bind_int(s, change->at_us);
    bind_int(s, change->method);
    bind_int(s, permit_of(p)->author);
    bind_int(s, body->dictionary);
    bind_bytes(s, body->bytes);
    bind_bytes(s, version_patients_column(c->arena, change->method == METHOD_DELETE
                                                        ? &p->rows_before
                                                        : &change->rows));
    return statement_run(s) ? OK : db_fail(c, w->db);
}

static Fail put_place(Call *c, Writer *w, const char *sql, const Plan *p, bool with_seq)
{
    Statement *s = db_statement(w->db, sql);

    TRY_STATEMENT(c, w->db, s);
    bind_int(s, permit_of(p)->practice);
    bind_int(s, p->change->type);
    bind_int(s, p->rid);
    if (with_seq)
        bind_int(s, (int64_t)p->change->seq);
    return statement_run(s) ? OK : db_fail(c, w->db);
}

static Fail put_standing(Call *c, Writer *w, const Plan *p)
{
    bool deletes = p->change->method == METHOD_DELETE;

    if (deletes && p->seq)
        TRY(put_place(c, w, current_remove_sql, p, false));
    if (!deletes && p->deleted)
        TRY(put_place(c, w, gone_remove_sql, p, false));
    return put_place(c, w, deletes ? gone_put_sql : current_put_sql, p, true);
}

static Fail put_index(Call *c, Writer *w, Plan *p)
{
    uint32_t  practice = permit_of(p)->practice;
    TypeId    type = p->change->type;
    IndexKeys before = { 0 }, after;

    if (!p->seq && p->change->method != METHOD_DELETE)
        return index_keys(c, w->intern, w->store, practice, type, p->rid, &p->change->rows,
                          true, &p->fresh);
    if (p->seq)
        TRY(index_keys(c, w->intern, w->store, practice, type, p->rid, &p->rows_before, false,
                       &before));
    if (p->change->method == METHOD_DELETE)
        after = index_keys_compartments(c->arena, &before);
    else
        TRY(index_keys(c, w->intern, w->store, practice, type, p->rid, &p->change->rows, true,
                       &after));
    return index_keys_change(c, w->db, INDEX_USED, practice, p->rid, &before, &after);
}

/* The rows of what is new in a write, table by table: many go with one statement. Nothing looks
 * for them before, because every check of the write came first. */
static Fail put_fresh(Call *c, Writer *w, Plan *plans, size_t count)
{
    IndexBatch batch = { .db = w->db };

    for (unsigned kind = 0; kind < ROW_KINDS; kind++)
        for (size_t i = 0; i < count; i++) {
            Plan *p = &plans[i];

            if (batch.practice != permit_of(p)->practice)
                TRY(index_batch_end(c, &batch));
            batch.practice = permit_of(p)->practice;
            for (; p->put < p->fresh.count && p->fresh.keys[p->put].kind == kind; p->put++)
                TRY(index_batch_put(c, &batch, p->rid, &p->fresh.keys[p->put]));
        }
    return index_batch_end(c, &batch);
}

/* For its audit record: who had it before is told too, where it went. */
static Str touched_by(Call *c, const Plan *p)
{
    Patients patients = { .arena = c->arena };

    patients_add_rows(&patients, &p->change->rows);
    patients_add_rows(&patients, &p->rows_before);
    return patients_list(&patients);
}

static Fail settle_consent(Call *c, Writer *w, const Plan *p)
{
    bool withholds;

    TRY(directive_settle(c, w, permit_of(p)->practice, p->rid, p->change->seq, true,
                         &withholds));
    return withholds && !permit_of(p)->directs ? may_not_direct(c) : OK;
}

static Fail apply(Call *c, Writer *w, Plan *p, const ReadyBody *body)
{
    Change *change = p->change;
    int64_t now = clock_wall_us();

    change->absent = change->method == METHOD_DELETE && !exists(p);
    change->created = change->method != METHOD_DELETE && !exists(p);
    change->touched = touched_by(c, p);
    if (change->absent)
        return OK;
    if (!p->rid)
        TRY(intern_rid(w->intern, c, permit_of(p)->practice, change->type, change->id, true,
                       &p->rid));
    change->seq = ++w->seq;
    change->at_us = w->at_us = now > w->at_us ? now : w->at_us + 1;
    change->version = p->seq ? p->before.version.version + 1 : 1;
    TRY(put_version(c, w, p, body));
    TRY(put_standing(c, w, p));
    TRY(put_index(c, w, p));
    if (change->type == TYPE_CONSENT)
        return settle_consent(c, w, p);
    if (change->type != TYPE_SEARCH_PARAMETER)
        return OK;
    return custom_settle(c, w, permit_of(p)->practice, p->rid, change->seq, !change->tolerant);
}

/* ---- the whole write ---- */

static Fail check_condition(Call *c, Writer *w, const Condition *condition)
{
    Str  found;
    Fail result;

    if (condition->query->set != custom_version() && condition->query->set)
        return fail(c, FAIL_STALE, (Str){ 0 }, "search parameters were changed meanwhile");
    TRY(private_check_permit(c, w->store, condition->permit));
    *w->scope = scope_of(condition->permit);
    w->scope->limits = limit_begin(c, w->store, w->db, condition->permit);
    if (condition->permit->reach == REACH_PATIENT)
        TRY(find_patient(c, w, condition->permit, &w->scope->patient));
    result = search_one(c, w->store, w->db, condition->permit, condition->query, &found);
    *w->scope = (Scope){ 0 };
    if (result != OK && result != FAIL_MULTIPLE)
        return result;
    if (result == FAIL_MULTIPLE || !str_equal(found, condition->found))
        return fail(c, FAIL_STALE, (Str){ 0 },
                    "what the condition finds was changed meanwhile");
    return OK;
}

static int compare_names(const void *a, const void *b)
{
    const Change *x = (*(Plan *const *)a)->change, *y = (*(Plan *const *)b)->change;

    return x->type != y->type ? (x->type > y->type) - (x->type < y->type)
                              : str_compare(x->id, y->id);
}

/* FHIR R4 http.html#trules: a resource may be named once only. */
static Fail check_named_once(Call *c, Plan *plans, size_t count)
{
    Plan **sorted = NEW_ARRAY(c->arena, Plan *, count + 1);

    for (size_t i = 0; i < count; i++)
        sorted[i] = &plans[i];
    qsort(sorted, count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < count; i++)
        if (compare_names(&sorted[i - 1], &sorted[i]) == 0)
            return fail(c, FAIL_INVALID, (Str){ 0 }, "%.*s is changed twice in one transaction",
                        STR_ARG(name_of(c, sorted[i]->change)));
    return OK;
}

/* Nobody is booked twice. */
static Fail check_busy(Call *c, Writer *w, Write *write, const Plan *plans)
{
    BusyClaim *claims = NEW_ARRAY(c->arena, BusyClaim, write->change_count + 1);
    bool       books = false;

    for (size_t i = 0; i < write->change_count; i++) {
        claims[i] = (BusyClaim){ plans[i].rid, &write->changes[i].rows };
        books = books || write->changes[i].type == TYPE_APPOINTMENT;
    }
    if (!books)
        return OK;
    return busy_check(c, w, permit_of(&plans[0])->practice, claims, write->change_count,
                      &write->failed_change);
}

/* What stands in the ledger changes with it alone. */
static Fail check_sealed(Call *c, Writer *w, const Plan *p)
{
    const Change *change = p->change;
    bool          there = exists(p);

    if (!ledger_guards(change->type))
        return OK;
    return ledger_guard(c, w, permit_of(p)->practice, change, there ? p->rid : 0,
                        there ? p->whole_before : (Str){ 0 }, whole_after(c, change));
}

static Fail check_ledger(Call *c, Writer *w, Write *write, const Plan *plans)
{
    for (size_t i = 0; i < write->change_count && !write->ledger; i++) {
        write->failed_change = i;
        TRY(check_sealed(c, w, &plans[i]));
    }
    write->failed_change = SIZE_MAX;
    if (!write->ledger)
        return OK;
    return ledger_check(c, w, permit_of(&plans[0])->practice, write->ledger);
}

Fail change_apply(Call *c, Writer *w, Write *write, const ReadyBody *bodies, bool *touched)
{
    Plan *plans = NEW_ARRAY(c->arena, Plan, write->change_count + 1);

    write->failed_change = SIZE_MAX;
    for (size_t i = 0; i < write->condition_count; i++)
        TRY(check_condition(c, w, &write->conditions[i]));
    for (size_t i = 0; i < write->change_count; i++) {
        write->failed_change = i;
        plans[i].change = &write->changes[i];
        TRY(look(c, w, &plans[i]));
        if (plans[i].change->method != METHOD_DELETE)
            TRY(privacy_check_form(c, plans[i].change->type, &plans[i].change->rows));
        TRY(check(c, &plans[i]));
        TRY(check_directs(c, w, &plans[i]));
        if (!write->signs)
            TRY(signed_guard(c, &write->changes[i], &plans[i].rows_before));
        TRY(check_grounds(c, w, &plans[i]));
    }
    if (write->change_count > 1)
        TRY(check_named_once(c, plans, write->change_count));
    TRY(check_busy(c, w, write, plans));
    TRY(check_ledger(c, w, write, plans));
    if (write->outbox)
        TRY(outbox_check(c, write->outbox->messages, write->outbox->count));
    *touched = true;
    for (size_t i = 0; i < write->change_count; i++) {
        write->failed_change = i;
        TRY(apply(c, w, &plans[i], &bodies[i]));
    }
    write->failed_change = SIZE_MAX;
    if (write->ledger)
        TRY(ledger_apply(c, w, permit_of(&plans[0]), write->ledger));
    if (write->outbox)
        TRY(outbox_apply(c, w, write->outbox));
    return put_fresh(c, w, plans, write->change_count);
}
