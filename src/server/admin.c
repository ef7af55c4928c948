/*
 * What an administrator and whoever watches over privacy do from a browser: the deeds of `hale user`,
 * `hale client`, `hale access` and `hale break-glass`, through the same table (interaction/people.c), which says
 * whose role each is for and which need a fresh proof.
 */
#include "server/browser.h"

static Fail answer_order(Browser *b, Str what)
{
    Visit *v = b->visit;
    Str    answer;

    TRY(interaction_people(v->call, v->session, &b->person, visit_address(v), what,
                           v->request->body, &answer));
    return visit_answer(v, 200, STR("application/json"), answer);
}

static Fail user_order(Browser *b)
{
    return answer_order(b, STR("user"));
}

static Fail client_order(Browser *b)
{
    return answer_order(b, STR("client"));
}

static Fail access_order(Browser *b)
{
    return answer_order(b, STR("access"));
}

static Fail package_order(Browser *b)
{
    return answer_order(b, STR("package"));
}

static Fail breach_order(Browser *b)
{
    return answer_order(b, STR("breach"));
}

static Fail break_glass_order(Browser *b)
{
    return answer_order(b, STR("break-glass"));
}

Fail admin_user_answer(Visit *v)
{
    return browser_serve_json(v, user_order);
}

Fail admin_client_answer(Visit *v)
{
    return browser_serve_json(v, client_order);
}

Fail admin_access_answer(Visit *v)
{
    return browser_serve_json(v, access_order);
}

Fail admin_package_answer(Visit *v)
{
    return browser_serve_json(v, package_order);
}

Fail breach_answer(Visit *v)
{
    return browser_serve_json(v, breach_order);
}

Fail break_glass_answer(Visit *v)
{
    return browser_serve_json(v, break_glass_order);
}
