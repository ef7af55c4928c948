/* Whose records a proxy may use: see people.h. */
#include "store/people.h"
#include "store/values.h"

#define PATIENT_COLUMNS "login, patient, switches, from_at, until_at, made_at"

SQL(patient_end_sql, "DELETE FROM login_patient WHERE login = $1 AND patient = $2"
                     " RETURNING login");
SQL(patient_add_sql,
    "INSERT INTO login_patient (" PATIENT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6)");
SQL(patient_each_sql, "SELECT " PATIENT_COLUMNS " FROM own_login_patient WHERE login = $1"
                      " ORDER BY made_at, patient");

typedef struct Allowing {
    const LoginPatient *row;
    bool                ends, done;
} Allowing;

/* What there was before goes, so that a change is one row too. */
static Fail patient_put(Call *c, Writer *w, void *context)
{
    Allowing           *a = context;
    const LoginPatient *p = a->row;

    TRY(values_any(c, w->db, patient_end_sql,
                   VALUES(value_int(p->login), value_text(p->patient)), &a->done));
    if (a->ends)
        return OK;
    return values_run(c, w->db, patient_add_sql,
                      VALUES(value_int(p->login), value_text(p->patient),
                             value_int(p->switches), value_int(p->from_us),
                             value_int(p->until_us), value_int(c->now_us)));
}

Fail store_login_patient_put(Call *c, Store *s, const LoginPatient *row)
{
    Allowing a = { .row = row };

    return writer_run(c, s, patient_put, &a, true);
}

Fail store_login_patient_end(Call *c, Store *s, uint32_t login, Str patient)
{
    LoginPatient row = { .login = login, .patient = patient };
    Allowing     a = { .row = &row, .ends = true };

    TRY(writer_run(c, s, patient_put, &a, true));
    if (!a.done)
        return fail(c, FAIL_NOT_FOUND, STR("patient"), "That login has no such patient");
    return OK;
}

static Fail each_patient(Call *c, Session *s, uint32_t login, LoginPatients *out)
{
    Statement *all = db_statement(s->db, patient_each_sql);
    Step       step;

    TRY_STATEMENT(c, s->db, all);
    bind_int(all, login);
    while ((step = statement_step(all)) == STEP_ROW) {
        if (out->count == LOGIN_PATIENTS_MAX)
            break;
        out->rows[out->count++] =
            (LoginPatient){ .login = (uint32_t)row_int(all, 0),
                            .patient = arena_str(c->arena, row_text(all, 1)),
                            .switches = (uint8_t)row_int(all, 2),
                            .from_us = row_int(all, 3),
                            .until_us = row_int(all, 4) };
    }
    statement_reset(all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_login_patients(Call *c, Session *s, uint32_t login, LoginPatients *out)
{
    Fail result;

    *out = (LoginPatients){ .rows = arena_alloc_raw(c->arena,
                                                    LOGIN_PATIENTS_MAX * sizeof out->rows[0]) };
    TRY(session_enter(c, s, NULL));
    result = each_patient(c, s, login, out);
    session_leave(s);
    return result;
}
