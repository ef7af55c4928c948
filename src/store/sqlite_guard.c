/* The guard's decisions: see sqlite_guard.h. Security rule A3. */
#include "store/sqlite_guard.h"

#include "base/str.h"

static const Str allowed_functions[] = {
    STR_INIT("scope_practice"),
    STR_INIT("scope_chart"),
    STR_INIT("scope_shared"),
    STR_INIT("scope_any"),
    STR_INIT("scope_owner"),
    STR_INIT("scope_patient"),
    STR_INIT("scope_type"),
    STR_INIT("scope_sees"),
    STR_INIT("scope_saw"),
    STR_INIT("scope_spares"),
    STR_INIT("scope_shared_sees"),
    STR_INIT("scope_shared_saw"),
    STR_INIT("scope_shared_spares"),
    STR_INIT("count"),
    STR_INIT("scope_shared_type"),
    STR_INIT("max"),
    STR_INIT("min"),
    STR_INIT("coalesce"),
    STR_INIT("like"),
    STR_INIT("match"),
};

void guard_begin(Guard *g)
{
    g->base_reads = g->view_reads = 0;
    g->ours = true;
}

/* Its settings are read when it is opened, which may be while one of ours is prepared; they are the
 * same in every database. */
bool guard_within_words(const Guard *g, const char *table)
{
    if (str_equal(str_from(table), STR("words_config")))
        return true;
    return !g->ours && str_starts(str_from(table), STR("words_"));
}

bool guard_pragma(const Guard *g, const char *name)
{
    return !g->ours && str_equal(str_from(name), STR("data_version"));
}

bool guard_function(const char *name)
{
    for (size_t i = 0; i < COUNT(allowed_functions); i++)
        if (str_equal_ascii_nocase(str_from(name), allowed_functions[i]))
            return true;
    return false;
}

/* A read without column is what count(*) makes, and a view that was folded into its query. The
 * second comes with the database's name, and passes if the statement also reads a view. */
bool guard_read(Guard *g, const char *table, const char *column, const char *database,
                const char *view)
{
    bool temporary = str_equal(str_from(database), STR("temp"));

    if (str_starts(str_from(table), STR("sqlite_")) && !view)
        return false;
    if (temporary || view) {
        g->view_reads++;
        return true;
    }
    if (!column[0] && database) {
        g->base_reads++;
        return true;
    }
    return false;
}

bool guard_end(Guard *g)
{
    g->ours = false;
    return !g->base_reads || g->view_reads;
}
