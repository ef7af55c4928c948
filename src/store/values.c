/* Short statements with their values: see values.h. */
#include "store/values.h"

static Statement *prepare(Db *db, const char *literal, const Value *values, size_t count)
{
    Statement *s = db_statement(db, literal);

    for (size_t i = 0; s && i < count; i++) {
        switch (values[i].kind) {
        case VALUE_INT: bind_int(s, values[i].number); break;
        case VALUE_TEXT: bind_text(s, values[i].text); break;
        case VALUE_BYTES: bind_bytes(s, values[i].text); break;
        }
    }
    return s;
}

Fail values_run(Call *c, Db *db, const char *literal, const Value *values, size_t count)
{
    Statement *s = prepare(db, literal, values, count);

    TRY_STATEMENT(c, db, s);
    return statement_run(s) ? OK : db_fail(c, db);
}

Fail values_row(Call *c, Db *db, const char *literal, const Value *values, size_t count,
                Statement **row)
{
    Statement *s = prepare(db, literal, values, count);
    Step       step;

    TRY_STATEMENT(c, db, s);
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    *row = step == STEP_ROW ? s : NULL;
    return OK;
}

/* The statement is run to its end, or an UPDATE might change less than it should. */
Fail values_any(Call *c, Db *db, const char *literal, const Value *values, size_t count,
                bool *any)
{
    Statement *row = NULL;
    Step       step = STEP_DONE;

    TRY(values_row(c, db, literal, values, count, &row));
    *any = row != NULL;
    while (row && (step = statement_step(row)) == STEP_ROW)
        ;
    return step == STEP_FAILED ? db_fail(c, db) : OK;
}
