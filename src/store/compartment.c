/*
 * A patient's record as a whole, page by page: the Patient, then the rest by rid. Or those of all
 * patients, one after the other, by the rids of the Patients.
 */
#include "base/ensure.h"
#include "base/limits.h"
#include "store/limit.h"
#include "store/version.h"

/* Everything in the record is found from its compartment rows; the permit narrows it again. */
SQL(record_practice_sql,
    "SELECT p.rid, c.seq FROM practice_compartment p CROSS JOIN practice_current c"
    " WHERE p.patient = $1 AND p.rid > $2 AND c.type = p.type AND c.rid = p.rid ORDER BY p.rid");
SQL(record_chart_sql, "SELECT c.rid, c.seq FROM chart_compartment p CROSS JOIN chart_current c"
                      " WHERE p.patient = $1 AND p.rid > $2 AND c.rid = p.rid ORDER BY c.rid");
SQL(patient_sql, "SELECT rid FROM known_identity WHERE type = $1 AND id = $2");

/* The next Patient there is. */
#define PATIENT_TEXT(view)                                                                     \
    "SELECT c.rid, c.seq FROM " view "_current c WHERE c.type = $1 AND c.rid >= $2"            \
    " ORDER BY c.rid LIMIT 1"
SQL_VIEWS(next_patient_sql, PATIENT_TEXT);

/* Many records may hold nothing of what is asked for: then a page ends early. */
enum { PATIENTS_A_PAGE = 200 };

/* Places: 1 is behind the Patient; beyond that the rid of what came last, plus one. */
enum { PLACE_BEHIND_PATIENT = 1 };

typedef struct Reading {
    Call                   *call;
    Session                *session;
    const Permit           *permit;
    const CompartmentQuery *query;
    CompartmentPage        *page;
    int64_t                 patient;
} Reading;

static bool wanted(const Reading *r, const Version *v)
{
    return (!r->query->types || type_set_has(r->query->types, v->type))
           && v->at_us >= r->query->since_us;
}

static Fail find_patient(Reading *r)
{
    Db        *db = r->session->db;
    PackedId   id = id_pack(r->query->patient);
    Statement *s = db_statement(db, patient_sql);
    Step       step;

    TRY_STATEMENT(r->call, db, s);
    bind_int(s, TYPE_PATIENT);
    bind_bytes(s, packed_str(&id));
    step = statement_step(s);
    r->patient = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(r->call, db) : OK;
}

static Fail add_patient(Reading *r, uint64_t seq)
{
    Session   *s = r->session;
    View       view = scope_view(r->permit, TYPE_PATIENT);
    VersionRow row;
    bool       found;

    TRY(version_at(r->call, s->db, s->store->bodies, view, seq, true, &row, &found));
    if (found)
        TRY(version_current_visible(r->call, s->db, s->store, r->permit, &row.version, &found));
    if (!found || !wanted(r, &row.version))
        return OK;
    TRY(version_show(r->call, s->store, r->permit, true, &row.version));
    r->page->versions[r->page->count++] = row.version;
    return OK;
}

static Fail add_member(Reading *r, uint64_t seq, bool *full)
{
    Session   *s = r->session;
    View       view = r->permit->reach == REACH_PRACTICE ? VIEW_PRACTICE : VIEW_CHART;
    VersionRow row;
    bool       found;

    /* Without the body first: the types not asked for are left where they are. */
    TRY(version_at(r->call, s->db, s->store->bodies, view, seq, false, &row, &found));
    if (!found || row.rid == r->patient || !wanted(r, &row.version))
        return OK;
    *full = r->page->count == r->query->count;
    if (*full)
        return OK;
    TRY(version_at(r->call, s->db, s->store->bodies, view, seq, true, &row, &found));
    if (found)
        TRY(version_current_visible(r->call, s->db, s->store, r->permit, &row.version, &found));
    if (!found)
        return OK;
    TRY(version_show(r->call, s->store, r->permit, true, &row.version));
    r->page->versions[r->page->count++] = row.version;
    return OK;
}

static Fail add_members(Reading *r, uint64_t place)
{
    int64_t    after = place > PLACE_BEHIND_PATIENT ? (int64_t)place - PLACE_BEHIND_PATIENT : 0;
    Db        *db = r->session->db;
    Statement *s = db_statement(db, r->permit->reach == REACH_PRACTICE ? record_practice_sql
                                                                       : record_chart_sql);
    bool       full = false;
    Step       step = STEP_DONE;
    Fail       result = OK;
    int64_t    last = after;

    TRY_STATEMENT(r->call, db, s);
    bind_int(s, r->patient);
    bind_int(s, after);
    while (result == OK && (step = statement_step(s)) == STEP_ROW) {
        int64_t rid = row_int(s, 0);

        result = add_member(r, (uint64_t)row_int(s, 1), &full);
        if (full)
            break;
        last = rid;
    }
    statement_reset(s);
    TRY(result);
    if (full) {
        r->page->more = true;
        r->page->next_patient = (uint64_t)r->patient;
        r->page->next = (uint64_t)last + PLACE_BEHIND_PATIENT;
    }
    return step == STEP_FAILED ? db_fail(r->call, db) : OK;
}

static Fail read_record(Reading *r)
{
    View     view = scope_view(r->permit, TYPE_PATIENT);
    Standing standing;

    TRY(find_patient(r));
    if (!r->patient)
        return OK;
    if (!r->query->after) {
        TRY(version_standing(r->call, r->session->db, view, TYPE_PATIENT, r->query->patient,
                             &standing));
        if (standing.seq && !standing.deleted)
            TRY(add_patient(r, standing.seq));
    }
    return add_members(r, r->query->after);
}

/* The first Patient from that rid on; r->patient 0 if there is none. */
static Fail next_patient(Reading *r, int64_t from, uint64_t *seq)
{
    Db        *db = r->session->db;
    Statement *s = db_statement(db, next_patient_sql[scope_view(r->permit, TYPE_PATIENT)]);
    Step       step;

    TRY_STATEMENT(r->call, db, s);
    bind_int(s, TYPE_PATIENT);
    bind_int(s, from);
    step = statement_step(s);
    r->patient = step == STEP_ROW ? row_int(s, 0) : 0;
    *seq = step == STEP_ROW ? (uint64_t)row_int(s, 1) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(r->call, db) : OK;
}

static Fail read_records(Reading *r)
{
    CompartmentPage *page = r->page;
    int64_t          from = (int64_t)r->query->after_patient;
    uint64_t         place = r->query->after, seq = 0;

    for (uint32_t i = 0; !page->more; i++) {
        TRY(next_patient(r, from, &seq));
        if (!r->patient)
            return OK;
        if (page->count == r->query->count || i == PATIENTS_A_PAGE) {
            page->more = true;
            page->next_patient = (uint64_t)r->patient;
            return OK;
        }
        if (r->patient != from)
            place = 0;
        if (!place)
            TRY(add_patient(r, seq));
        TRY(add_members(r, place));
        from = r->patient + 1;
        place = 0;
    }
    return OK;
}

Fail store_compartment(Call *c, Session *s, const Permit *permit, const CompartmentQuery *query,
                       CompartmentPage *out)
{
    CompartmentPage page = { 0 };
    Reading         r = { c, s, permit, query, &page, 0 };
    Fail            result;

    if (query->count == 0)
        return fail(c, FAIL_INVALID, (Str){ 0 }, "a page of none");
    page.versions = NEW_ARRAY(c->arena, Version, query->count + 2);
    TRY(session_enter(c, s, permit));
    result = limit_want(c, s->db, 0);
    if (result == OK)
        result = query->patient.len ? read_record(&r) : read_records(&r);
    session_leave(s);
    TRY(result);
    *out = page;
    return OK;
}
