/* Making and ending logins: see person.h. */
#include "access/person.h"

#include "access/password.h"
#include "access/proxy.h"
#include "base/clock.h"
#include "base/moment.h"
#include "base/random.h"

static const int64_t hour_us = INT64_C(3600) * 1000 * 1000;

bool person_name_read(Arena *a, Str typed, Str *out)
{
    char *name;

    typed = str_trim(typed);
    if (typed.len == 0 || typed.len > LOGIN_NAME_MAX)
        return false;
    name = arena_alloc_raw(a, typed.len);
    for (size_t i = 0; i < typed.len; i++) {
        char c = typed.at[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr(".-_@+", c))))
            return false;
        name[i] = c;
    }
    *out = (Str){ name, typed.len };
    return true;
}

static Fail check_name(Call *c, Str typed, Str *out)
{
    if (!person_name_read(c->arena, typed, out))
        return fail(c, FAIL_VALUE, STR("name"),
                    "A login's name has 1 to %d letters without accents, digits and signs of "
                    ".-_@+",
                    LOGIN_NAME_MAX);
    return OK;
}

/* "Practitioner/1" -> its id, if it is of that type. */
static Fail check_linked(Call *c, Str linked, Str type, Str *id)
{
    Str found;

    *id = (Str){ 0 };
    if (linked.len == 0)
        return OK;
    if (!str_cut(linked, '/', &found, id) || !str_equal(found, type) || !resource_id_valid(*id))
        return fail(c, FAIL_VALUE, STR("linked"),
                    "A login of this role is linked to %.*s/ID, or to nothing", STR_ARG(type));
    return OK;
}

static Fail read_day(Call *c, Str day, const char *name, bool last, int64_t *out)
{
    Moment moment;

    *out = 0;
    if (day.len == 0)
        return OK;
    if (day.len != 10 || !moment_parse(day, MOMENT_DATE, &moment))
        return fail(c, FAIL_VALUE, str_from(name), "The day must be a date as 2027-01-31");
    *out = last ? moment.high : moment.low;
    return OK;
}

static Fail read_record(Call *c, const PersonAsked *asked, LoginPatient *out)
{
    if (!resource_id_valid(asked->patient))
        return fail(c, FAIL_REQUIRED, STR("patient"),
                    "A proxy needs the id of the Patient whose record it may see");
    out->patient = asked->patient;
    if (!switches_read(asked->may, &out->switches))
        return fail(c, FAIL_VALUE, STR("may"), "A proxy may be allowed: %.*s",
                    STR_ARG(switch_words(c->arena)));
    TRY(read_day(c, asked->from, "from", false, &out->from_us));
    TRY(read_day(c, asked->until, "until", true, &out->until_us));
    if (out->until_us && out->from_us >= out->until_us)
        return fail(c, FAIL_VALUE, STR("until"), "The last day lies before the first");
    return OK;
}

static Fail check_role(Call *c, const PersonAsked *asked, Login *login)
{
    const Role *role = role_find(asked->role);
    Str         id;

    if (!role)
        return fail(c, FAIL_VALUE, STR("role"), "The role must be one of %.*s",
                    STR_ARG(role_words(c->arena)));
    TRY(check_linked(c, asked->linked, role->linked, &id));
    if (role->own_chart && asked->linked.len == 0)
        return fail(c, FAIL_REQUIRED, STR("linked"), "A %.*s is linked to %.*s/ID",
                    STR_ARG(role->word), STR_ARG(role->linked));
    if (!role->proxy
        && (asked->patient.len || asked->until.len || asked->from.len || asked->may.len))
        return fail(c, FAIL_VALUE, STR("patient"),
                    "A patient to see for, what for, and days, are for proxies only");
    login->role = role->word;
    login->linked = asked->linked;
    login->patient = role->own_chart && !role->proxy ? id : (Str){ 0 };
    return OK;
}

Fail person_add(Call *c, Store *s, const PersonAsked *asked, char link[TOKEN_CHARS + 1])
{
    LoginAdd     add = { .link_ends_us = c->now_us + LINK_HOURS * hour_us };
    uint8_t      device[DEVICE_KEY_BYTES];
    LoginPatient record = { 0 };
    uint32_t     number;

    TRY(check_name(c, asked->name, &add.login.name));
    TRY(check_role(c, asked, &add.login));
    if (role_find(asked->role)->proxy) {
        TRY(read_record(c, asked, &record));
        add.record = &record;
    }
    random_bytes(device, sizeof device);
    add.login.device = (Str){ (const char *)device, sizeof device };
    token_draw(c->arena, link, add.link);
    return store_login_add(c, s, &add, &number);
}

/* The login of that name, which must be a proxy's. */
static Fail find_proxy(Call *c, Session *s, Str name, Login *out)
{
    const Role *role;

    TRY(check_name(c, name, &name));
    TRY(store_login_find(c, s, name, out));
    role = role_find(out->role);
    if (!role || !role->proxy)
        return fail(c, FAIL_VALUE, STR("name"), "That login is no proxy's");
    return OK;
}

Fail person_find(Call *c, Session *s, Str name, Login *out)
{
    TRY(check_name(c, name, &name));
    return store_login_find(c, s, name, out);
}

Fail person_role(Call *c, Session *s, const PersonAsked *asked)
{
    Login login, next = { 0 };

    TRY(person_find(c, s, asked->name, &login));
    TRY(check_role(c, asked, &next));
    return store_login_role(c, session_store(s), login.number, next.role, next.linked,
                            next.patient);
}

Fail person_allow(Call *c, Session *s, const PersonAsked *asked)
{
    LoginPatient  record = { 0 };
    LoginPatients all;
    Login         login;
    bool          there = false;

    TRY(find_proxy(c, s, asked->name, &login));
    TRY(read_record(c, asked, &record));
    TRY(store_login_patients(c, s, login.number, &all));
    for (size_t i = 0; i < all.count; i++)
        there |= str_equal(all.rows[i].patient, record.patient);
    if (!there && all.count == LOGIN_PATIENTS_MAX)
        return fail(c, FAIL_VALUE, STR("patient"), "A proxy has %d patients at most",
                    LOGIN_PATIENTS_MAX);
    record.login = login.number;
    return store_login_patient_put(c, session_store(s), &record);
}

Fail person_withdraw(Call *c, Session *s, Str name, Str patient)
{
    Login login;

    TRY(find_proxy(c, s, name, &login));
    return store_login_patient_end(c, session_store(s), login.number, patient);
}

Fail person_disable(Call *c, Session *s, Str name, bool disabled)
{
    Login login;

    TRY(check_name(c, name, &name));
    TRY(store_login_find(c, s, name, &login));
    return store_login_disable(c, session_store(s), login.number, disabled);
}

Fail person_reset(Call *c, Session *s, Str name, bool second_factor, char link[TOKEN_CHARS + 1])
{
    SecretHash hash;
    Login      login;

    TRY(check_name(c, name, &name));
    TRY(store_login_find(c, s, name, &login));
    token_draw(c->arena, link, hash);
    return store_login_reset(c, session_store(s), login.number, second_factor, hash,
                             c->now_us + LINK_HOURS * hour_us);
}

/* ---- the first ---- */

/* Set before anybody is served, and constant from then on. */
static struct First {
    bool       drawn;
    uint64_t   until_ms;
    SecretHash hash;
} first;

void person_first_draw(Arena *a, char link[TOKEN_CHARS + 1])
{
    token_draw(a, link, first.hash);
    first.until_ms = clock_monotonic_ms() + 3600 * 1000;
    first.drawn = true;
}

bool person_first_is(Str link)
{
    SecretHash hash;

    token_hash(link, hash);
    return first.drawn && clock_monotonic_ms() < first.until_ms
           && secret_equal((Str){ (const char *)hash, sizeof hash },
                           (Str){ (const char *)first.hash, sizeof first.hash });
}

Fail person_first_add(Call *c, Store *s, Str link, Str name, Str password)
{
    LoginAdd add = { .only = true, .login = { .role = STR("administrator") } };
    uint8_t  device[DEVICE_KEY_BYTES];
    uint32_t number;

    if (!person_first_is(link))
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "The link was used, or is too old");
    TRY(check_name(c, name, &add.login.name));
    TRY(password_keep(c, password, &add.login.password));
    random_bytes(device, sizeof device);
    add.login.device = (Str){ (const char *)device, sizeof device };
    return store_login_add(c, s, &add, &number);
}
