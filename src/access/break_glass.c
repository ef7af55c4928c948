/* Opening a record in an emergency: see break_glass.h. */
#include "access/break_glass.h"

#include "base/buf.h"

static const int64_t minute_us = INT64_C(60) * 1000 * 1000;

static const Str reasons[] = {
    STR_INIT("emergency"),  /* life or health is at stake now */
    STR_INIT("covering"),   /* for somebody whose patient it is */
    STR_INIT("safety"),     /* of the patient or others */
    STR_INIT("unreachable") /* the patient cannot be asked */
};

Str glass_reasons(Arena *a)
{
    Buf out = buf_new(a, 64);

    for (size_t i = 0; i < COUNT(reasons); i++) {
        buf_put(&out, i ? STR(", ") : STR(""));
        buf_put(&out, reasons[i]);
    }
    return buf_str(&out);
}

/* ---- breaking ---- */

static Fail check_person(Call *c, const Person *person)
{
    if (!person || !person->role || !person->role->breaks_glass)
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 }, "This is not for your role");
    if (!sign_in_fresh(c, person))
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                    "This needs a proof of the last minutes of who you are: /account/prove");
    return OK;
}

static Fail check_asked(Call *c, const GlassAsked *asked, uint64_t *minutes)
{
    bool known = false;

    for (size_t i = 0; i < COUNT(reasons); i++)
        known |= str_equal(reasons[i], asked->reason);
    if (!resource_id_valid(asked->patient))
        return fail(c, FAIL_REQUIRED, STR("patient"), "The id of one Patient is needed");
    if (!known)
        return fail(c, FAIL_VALUE, STR("reason"), "The reason must be one of %.*s",
                    STR_ARG(glass_reasons(c->arena)));
    if (asked->words.len < GLASS_WORDS_MIN || asked->words.len > GLASS_WORDS_MAX)
        return fail(c, FAIL_REQUIRED, STR("words"), "Say why in %d letters or more, %d at most",
                    GLASS_WORDS_MIN, GLASS_WORDS_MAX);
    *minutes = GLASS_MINUTES;
    if (asked->minutes.len
        && (!str_to_u64(asked->minutes, minutes) || *minutes < 1
            || *minutes > GLASS_MINUTES_MAX))
        return fail(c, FAIL_VALUE, STR("minutes"), "It can be for 1 to %d minutes",
                    GLASS_MINUTES_MAX);
    return OK;
}

Fail glass_break(Call *c, Session *s, const Person *person, const GlassAsked *asked,
                 char token[TOKEN_CHARS + 1], uint32_t *number, int64_t *ends_us)
{
    GlassAdd add = { 0 };
    uint64_t minutes;

    TRY(check_person(c, person));
    TRY(check_asked(c, asked, &minutes));
    *ends_us = c->now_us + (int64_t)minutes * minute_us;
    add = (GlassAdd){ .login = person->login.number,
                      .role = person->login.role,
                      .reason = asked->reason,
                      .words = asked->words,
                      .access = { .scopes = STR("patient/*.rs"),
                                  .patient = asked->patient,
                                  .name = arena_printf(c->arena, "break-glass %.*s",
                                                       STR_ARG(person->login.name)),
                                  .made_us = c->now_us,
                                  .ends_us = *ends_us } };
    memcpy(add.session, person->session.hash, sizeof add.session);
    token_draw(c->arena, token, add.access.hash);
    return store_glass_add(c, session_store(s), &add, number);
}

/* ---- ending and reviewing ---- */

typedef struct Sought {
    uint64_t number;
    bool     found;
    Glass    glass;
} Sought;

static bool look_at(void *context, const Glass *glass)
{
    Sought *sought = context;

    if (glass->number == sought->number) {
        sought->found = true;
        sought->glass = *glass;
    }
    return !sought->found;
}

static Fail not_there(Call *c)
{
    return fail(c, FAIL_NOT_FOUND, STR("number"), "There is no such emergency access");
}

static Fail find(Call *c, Session *s, Str number, Glass *out)
{
    Sought sought = { 0 };

    if (!str_to_u64(number, &sought.number))
        return not_there(c);
    TRY(store_glass_each(c, s, look_at, &sought));
    if (!sought.found)
        return not_there(c);
    *out = sought.glass;
    return OK;
}

static Str name_of(const Person *person)
{
    return person ? person->login.name : STR("the owner");
}

Fail glass_end(Call *c, Session *s, const Person *person, Str number)
{
    Glass glass;
    bool  done;

    TRY(find(c, s, number, &glass));
    if (person && !person->role->reviews && glass.login != person->login.number)
        return not_there(c);
    TRY(store_glass_end(c, session_store(s), glass.number, name_of(person), &done));
    return done ? OK : not_there(c);
}

Fail glass_review(Call *c, Session *s, const Person *person, Str number, Str verdict)
{
    Glass glass;
    bool  done;

    TRY(find(c, s, number, &glass));
    if (person && (!person->role->reviews || glass.login == person->login.number))
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 }, "This is not for your role");
    if (verdict.len == 0 || verdict.len > GLASS_WORDS_MAX)
        return fail(c, FAIL_REQUIRED, STR("verdict"),
                    "Say what was found, in %d letters at most", GLASS_WORDS_MAX);
    TRY(store_glass_review(c, session_store(s), glass.number, name_of(person), verdict, &done));
    return done ? OK : fail(c, FAIL_CONFLICT, STR("number"), "It was reviewed already");
}

Str glass_state(const Call *c, const Glass *glass)
{
    if (glass->reviewed_us)
        return STR("reviewed");
    if (c->now_us - glass->began_us > REVIEW_HOURS * 60 * minute_us)
        return STR("overdue");
    return !glass->ended_us && c->now_us < glass->ends_us ? STR("open") : STR("to review");
}
