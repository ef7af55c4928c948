/* How far writes are checked: see checks.h. */
#include "access/checks.h"

#include <pthread.h>

#include "access/policy.h"
#include "base/clock.h"
#include "base/limits.h"
#include "codec/json.h"

enum { RENEW_MS = 1000, PROFILES_MAX = 64, PROFILE_CHARS_MAX = 512, CHECK_ROWS_MAX = 1000 };

static const Str level_names[] = { [CHECK_OFF] = STR_INIT("off"),
                                   [CHECK_STRUCTURE] = STR_INIT("structure"),
                                   [CHECK_DECLARED] = STR_INIT("declared") };

typedef struct Reading {
    Call    *call;
    Json     json;
    unsigned number; /* of the row */
} Reading;

static Fail wrong(const Reading *r, const char *member, const char *what)
{
    return fail(r->call, FAIL_VALUE,
                arena_printf(r->call->arena, "checks[%u].%s", r->number, member), "%s", what);
}

/* ---- reading ---- */

static Fail read_level(const Reading *r, uint32_t row, CheckLevel *out)
{
    Str word = json_member_text(&r->json, row, STR("level"));

    for (size_t i = 0; i < COUNT(level_names); i++)
        if (str_equal(word, level_names[i])) {
            *out = (CheckLevel)i;
            return OK;
        }
    return wrong(r, "level", "The level is off, structure or declared");
}

/* Whether the row names the type. */
static Fail read_types(const Reading *r, uint32_t row, TypeId type, bool *names)
{
    uint32_t         list = json_member(&r->json, row, STR("types"));
    const JsonValue *values = r->json.values;

    *names = false;
    if (!list || values[list].kind != JSON_ARRAY || !values[list].count)
        return wrong(r, "types", "A row has a list of types");
    for (uint32_t i = list + 1; i < values[list].after; i = values[i].after) {
        TypeId named = type_find(values[i].text);

        if (!named && !str_equal(values[i].text, STR("*")))
            return wrong(r, "types", "This is no resource type of R4");
        *names = *names || !named || named == type;
    }
    return OK;
}

static Fail check_members(const Reading *r, uint32_t row)
{
    static const Str known[] = { STR_INIT("types"), STR_INIT("level"), STR_INIT("profile") };
    const JsonValue *values = r->json.values;

    if (values[row].kind != JSON_OBJECT)
        return fail(r->call, FAIL_STRUCTURE, STR("checks"), "Row %u is not an object",
                    r->number);
    for (uint32_t i = row + 1; i < values[row].after; i = values[i].after) {
        size_t k = 0;

        while (k < COUNT(known) && !str_equal(known[k], values[i].key))
            k++;
        if (k == COUNT(known))
            return fail(r->call, FAIL_VALUE, STR("checks"), "Row %u: there is no member %.*s",
                        r->number, STR_ARG(values[i].key));
    }
    return OK;
}

static Fail read_row(const Reading *r, uint32_t row, TypeId type, Check *out)
{
    Check check = { 0 };
    bool  names;

    TRY(check_members(r, row));
    TRY(read_level(r, row, &check.level));
    TRY(read_types(r, row, type, &names));
    check.profile = json_member_text(&r->json, row, STR("profile"));
    if (check.profile.len > PROFILE_CHARS_MAX)
        return wrong(r, "profile", "This address is too long");
    if (check.profile.len && check.level == CHECK_OFF)
        return wrong(r, "profile", "Where nothing is checked there is no profile");
    if (names)
        *out = check;
    return OK;
}

Fail checks_read(Call *c, Str policy, TypeId type, Check *out)
{
    Reading  r = { .call = c };
    uint32_t list;

    *out = (Check){ 0 };
    TRY(json_parse(c, policy, LIMIT_JSON_NODES, &r.json));
    list = r.json.values[0].kind == JSON_OBJECT ? json_member(&r.json, 0, STR("checks")) : 0;
    if (!list)
        return OK;
    if (r.json.values[list].kind != JSON_ARRAY)
        return fail(c, FAIL_STRUCTURE, STR("checks"), "The checks are a list of rows");
    if (r.json.values[list].count > CHECK_ROWS_MAX)
        return fail(c, FAIL_TOO_COSTLY, STR("checks"), "More than %d rows", CHECK_ROWS_MAX);
    for (uint32_t i = list + 1; i < r.json.values[list].after; i = r.json.values[i].after) {
        TRY(read_row(&r, i, type, out));
        r.number++;
    }
    return OK;
}

/* ---- in force ---- */

/* What the store that was asked about last has in force: a profile is a place in `profiles`, from 1. */
typedef struct InForce {
    uint64_t store, read_ms, number;
    uint8_t  levels[RESOURCE_TYPES + 1], profile[RESOURCE_TYPES + 1];
    uint32_t profile_count;
    uint16_t lengths[PROFILES_MAX];
    char     profiles[PROFILES_MAX][PROFILE_CHARS_MAX];
} InForce;

static struct {
    pthread_mutex_t lock;
    InForce         now;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static Fail put_profile(Call *c, InForce *f, Str profile, uint8_t *out)
{
    uint32_t i = 0;

    if (!profile.len)
        return OK;
    while (i < f->profile_count && !str_equal((Str){ f->profiles[i], f->lengths[i] }, profile))
        i++;
    if (i == PROFILES_MAX)
        return fail(c, FAIL_TOO_COSTLY, STR("checks"), "More than %d profiles", PROFILES_MAX);
    if (i == f->profile_count) {
        memcpy(f->profiles[i], profile.at, profile.len);
        f->lengths[i] = (uint16_t)profile.len;
        f->profile_count++;
    }
    *out = (uint8_t)(i + 1);
    return OK;
}

static Fail compile(Call *c, Str policy, InForce *out)
{
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++) {
        Check check;

        TRY(checks_read(c, policy, type, &check));
        out->levels[type] = (uint8_t)check.level;
        TRY(put_profile(c, out, check.profile, &out->profile[type]));
    }
    return OK;
}

Fail checks_check(Call *c, Str policy)
{
    return compile(c, policy, NEW(c->arena, InForce));
}

/* True where what is kept is not too old. */
static bool take(Call *c, Session *s, TypeId type, Check *out)
{
    uint64_t now = clock_monotonic_ms();
    char     profile[PROFILE_CHARS_MAX];
    size_t   len = 0;
    bool     good;

    pthread_mutex_lock(&kept.lock);
    good = kept.now.store == store_serial(session_store(s)) && kept.now.read_ms
           && now - kept.now.read_ms < RENEW_MS;
    if (good) {
        uint8_t place = kept.now.profile[type];

        *out = (Check){ .level = (CheckLevel)kept.now.levels[type] };
        if (place) {
            len = kept.now.lengths[place - 1];
            memcpy(profile, kept.now.profiles[place - 1], len);
        }
    }
    pthread_mutex_unlock(&kept.lock);
    if (len) /* not under the lock: the call's memory may run out here */
        out->profile = arena_str(c->arena, (Str){ profile, len });
    return good;
}

/* Only its time where the policy is the same one as before. */
static bool renew(uint64_t store, uint64_t number)
{
    bool same;

    pthread_mutex_lock(&kept.lock);
    same = kept.now.read_ms && kept.now.store == store && kept.now.number == number;
    if (same)
        kept.now.read_ms = clock_monotonic_ms();
    pthread_mutex_unlock(&kept.lock);
    return same;
}

Fail checks_find(Call *c, Session *s, TypeId type, Check *out)
{
    InForce *made;
    uint64_t number;
    Str      policy;

    if (take(c, s, type, out))
        return OK;
    TRY(policy_in_force(c, s, &policy, &number));
    if (!renew(store_serial(session_store(s)), number)) {
        made = NEW(c->arena, InForce);
        TRY(compile(c, policy, made));
        made->store = store_serial(session_store(s));
        made->number = number;
        made->read_ms = clock_monotonic_ms();
        pthread_mutex_lock(&kept.lock);
        kept.now = *made;
        pthread_mutex_unlock(&kept.lock);
    }
    return checks_read(c, policy, type, out);
}
