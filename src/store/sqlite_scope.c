/* The functions that the scoped views ask: see sqlite_scope.h. */
#include "store/sqlite_scope.h"

#include <sqlite3.h>

#include "base/str.h"
#include "store/limit.h"

/* A function without arguments that gives a number where it holds, else NULL. */
#define SCOPE_NUMBER(name, holds, number)                                                      \
    static void name(sqlite3_context *context, int count, sqlite3_value **values)              \
    {                                                                                          \
        const Scope *s = sqlite3_user_data(context);                                           \
                                                                                               \
        (void)count, (void)values;                                                             \
        if (holds)                                                                             \
            sqlite3_result_int64(context, (number));                                           \
        else                                                                                   \
            sqlite3_result_null(context);                                                      \
    }

/* No practice is no scope, and no launch patient is no record. */
#define WITHIN(wanted) (s->practice && s->reach == (wanted))

SCOPE_NUMBER(scope_practice, WITHIN(REACH_PRACTICE), s->practice)
SCOPE_NUMBER(scope_chart, WITHIN(REACH_PATIENT) && s->patient > 0, s->practice)
SCOPE_NUMBER(scope_patient, WITHIN(REACH_PATIENT) && s->patient > 0, s->patient)
SCOPE_NUMBER(scope_shared, WITHIN(REACH_PATIENT), s->practice)
SCOPE_NUMBER(scope_any, s->practice && s->reach != REACH_NOTHING, s->practice)
SCOPE_NUMBER(scope_owner, s->owner, 1)

static void type_in(sqlite3_context *context, const TypeSet *set, sqlite3_value *value)
{
    sqlite3_int64 type = sqlite3_value_int64(value);

    sqlite3_result_int(context,
                       type > 0 && type <= RESOURCE_TYPES && type_set_has(set, (TypeId)type));
}

static void scope_type(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    type_in(context, &((const Scope *)sqlite3_user_data(context))->types, values[0]);
}

static void scope_shared_type(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    type_in(context, &((const Scope *)sqlite3_user_data(context))->shared, values[0]);
}

static void limited(sqlite3_context *context, const TypeSet *set, sqlite3_value **values,
                    LimitView (*ask)(const LimitSet *, TypeId, int64_t))
{
    const Scope  *s = sqlite3_user_data(context);
    sqlite3_int64 type = sqlite3_value_int64(values[0]);
    LimitView     view = LIMIT_SHOWS;

    if (type <= 0 || type > RESOURCE_TYPES || !type_set_has(set, (TypeId)type))
        view = LIMIT_HIDES;
    else if (s->limits)
        view = ask(s->limits, (TypeId)type, sqlite3_value_int64(values[1]));
    if (view == LIMIT_FAILED)
        sqlite3_result_error(context, "a permit's rows could not be looked up", -1);
    else
        sqlite3_result_int(context, view == LIMIT_SHOWS);
}

static LimitView spares(const LimitSet *set, TypeId type, int64_t rid)
{
    (void)rid;
    return limit_spares(set, type) ? LIMIT_SHOWS : LIMIT_HIDES;
}

/* scope_…(type, rid), of the practice's and the patient's views and of the shared ones. */
#define SCOPE_LIMITED(name, set, ask)                                                          \
    static void name(sqlite3_context *context, int count, sqlite3_value **values)              \
    {                                                                                          \
        (void)count;                                                                           \
        limited(context, &((const Scope *)sqlite3_user_data(context))->set, values, ask);      \
    }

SCOPE_LIMITED(scope_sees, types, limit_sees)
SCOPE_LIMITED(scope_saw, types, limit_saw)
SCOPE_LIMITED(scope_spares, types, spares)
SCOPE_LIMITED(scope_shared_sees, shared, limit_sees)
SCOPE_LIMITED(scope_shared_saw, shared, limit_saw)
SCOPE_LIMITED(scope_shared_spares, shared, spares)

static const struct {
    const char *name;
    int         arguments;
    void (*run)(sqlite3_context *, int, sqlite3_value **);
} scope_functions[] = {
    { "scope_practice", 0, scope_practice }, { "scope_chart", 0, scope_chart },
    { "scope_shared", 0, scope_shared },     { "scope_any", 0, scope_any },
    { "scope_owner", 0, scope_owner },       { "scope_patient", 0, scope_patient },
    { "scope_type", 1, scope_type },         { "scope_shared_type", 1, scope_shared_type },
    { "scope_sees", 2, scope_sees },         { "scope_shared_sees", 2, scope_shared_sees },
    { "scope_saw", 2, scope_saw },           { "scope_shared_saw", 2, scope_shared_saw },
    { "scope_spares", 2, scope_spares },     { "scope_shared_spares", 2, scope_shared_spares },
};

bool sqlite_scope_add(struct sqlite3 *handle, const Scope *scope)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

    for (size_t i = 0; i < COUNT(scope_functions); i++)
        if (sqlite3_create_function_v2(handle, scope_functions[i].name,
                                       scope_functions[i].arguments, flags, (void *)scope,
                                       scope_functions[i].run, NULL, NULL, NULL)
            != SQLITE_OK)
            return false;
    return true;
}
