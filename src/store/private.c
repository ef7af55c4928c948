/* Whether anything is private: see private.h. */
#include "store/private.h"

#include "fhir/privacy.h"
#include "store/values.h"

SQL(known_sql, "SELECT 1 FROM token WHERE code = $1 AND system ="
               " (SELECT number FROM token WHERE code = $2 AND system = 0)");

Fail private_load(Call *c, Store *s, Db *db)
{
    bool any;

    TRY(values_any(c, db, known_sql,
                   VALUES(value_text(STR("private")), value_text(STR(PRIVACY_SYSTEM))), &any));
    atomic_store(&s->private_any, any);
    return OK;
}

void private_notice(Store *s)
{
    atomic_store(&s->private_any, true);
}

bool store_keeps_private(const Store *s)
{
    return atomic_load(&s->private_any);
}

Fail private_check_permit(Call *c, const Store *s, const Permit *permit)
{
    if (!permit->unaware || !store_keeps_private(s))
        return OK;
    return fail(c, FAIL_STALE, (Str){ 0 }, "something was made private meanwhile");
}
