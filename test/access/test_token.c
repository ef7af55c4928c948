/* Tokens, from making to expiry. */
#include "access/token.h"
#include "base/clock.h"
#include "test/unit.h"

typedef struct Desk {
    Store   *store;
    Session *session;
} Desk;

static bool open_desk(Desk *desk)
{
    StoreOptions options = { .folder = unit_folder(), .create = true };

    if (store_open(unit_call(), &options, &desk->store) != OK)
        return false;
    if (session_open(unit_call(), desk->store, &desk->session) == OK)
        return true;
    store_close(desk->store);
    return false;
}

static void close_desk(Desk *desk)
{
    session_close(desk->session);
    store_close(desk->store);
}

static Fail enter(Desk *desk, const char *before, const char *token, Principal *p)
{
    char             header[256];
    const Principal *found;
    Fail             result;

    snprintf(header, sizeof header, "%s%s", before, token);
    session_rest(desk->session);
    result = principal_from_authorization(unit_call(), desk->session, str_from(header), &found);
    if (result == OK)
        *p = *found;
    return result;
}

TEST(a_token_opens_what_its_scopes_say)
{
    Desk      desk;
    Principal p = { 0 };
    char      token[TOKEN_CHARS + 1], other[TOKEN_CHARS + 1];

    REQUIRE(open_desk(&desk));
    CHECK_INT(token_create(unit_call(), desk.store, STR("patient/Observation.rs"), STR("p1"),
                           STR("test"), 5, token),
              OK);
    CHECK_INT(strlen(token), TOKEN_CHARS);
    CHECK_INT(enter(&desk, "Bearer ", token, &p), OK);
    CHECK_INT(p.kind, PRINCIPAL_TOKEN);
    CHECK(p.grant > 0);
    CHECK_STR(str_from(p.patient), STR("p1"));
    CHECK(type_set_has(&p.patient_types[DEED_READ], TYPE_OBSERVATION));
    CHECK(!type_set_has(&p.practice_types[DEED_READ], TYPE_OBSERVATION));
    CHECK_INT(enter(&desk, "bearer   ", token, &p), OK);
    memcpy(other, token, sizeof other);
    other[5] = other[5] == 'A' ? 'B' : 'A';
    CHECK_INT(enter(&desk, "Bearer ", other, &p), FAIL_LOGIN);
    CHECK_INT(enter(&desk, "Basic ", token, &p), FAIL_LOGIN);
    CHECK_INT(enter(&desk, "", token, &p), FAIL_LOGIN);
    CHECK_INT(enter(&desk, "Bearer ", "", &p), FAIL_LOGIN);
    CHECK_INT(enter(&desk, "", "", &p), FAIL_LOGIN);
    close_desk(&desk);
}

TEST(a_token_ends_also_while_it_is_remembered)
{
    Desk      desk;
    Principal p = { 0 };
    char      token[TOKEN_CHARS + 1];
    Call     *c = unit_call();
    int64_t   now = c->now_us;

    REQUIRE(open_desk(&desk));
    CHECK_INT(token_create(c, desk.store, STR("system/*.r"), (Str){ 0 }, STR("test"), 5, token),
              OK);
    CHECK_INT(enter(&desk, "Bearer ", token, &p), OK);
    c->now_us = now + INT64_C(5) * 60 * 1000 * 1000;
    CHECK_INT(enter(&desk, "Bearer ", token, &p), FAIL_EXPIRED);
    c->now_us = now;
    close_desk(&desk);
}

TEST(two_tokens_are_never_alike)
{
    Desk desk;
    char one[TOKEN_CHARS + 1], other[TOKEN_CHARS + 1];

    REQUIRE(open_desk(&desk));
    CHECK_INT(
        token_create(unit_call(), desk.store, STR("system/*.r"), (Str){ 0 }, STR("a"), 1, one),
        OK);
    CHECK_INT(token_create(unit_call(), desk.store, STR("system/*.r"), (Str){ 0 }, STR("a"), 1,
                           other),
              OK);
    CHECK(strcmp(one, other) != 0);
    close_desk(&desk);
}

TEST(a_token_that_would_mean_nothing_is_not_made)
{
    Desk desk;
    char token[TOKEN_CHARS + 1];

    REQUIRE(open_desk(&desk));
    CHECK_INT(
        token_create(unit_call(), desk.store, STR("nonsense"), (Str){ 0 }, STR("a"), 5, token),
        FAIL_VALUE);
    CHECK_INT(token_create(unit_call(), desk.store, STR("patient/*.r"), (Str){ 0 }, STR("a"), 5,
                           token),
              FAIL_VALUE);
    CHECK_INT(token_create(unit_call(), desk.store, STR("system/*.r"), (Str){ 0 }, STR("a"), 0,
                           token),
              FAIL_VALUE);
    close_desk(&desk);
}
