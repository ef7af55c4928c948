/* From request to reply without a network: routes, needs, headers, failures. What FHIR says is
 * tested by conversations (test/talk). */
#include "server/reply.h"

#include "server/router.h"
#include "test/unit.h"

static Store   *store;
static Session *session;
static Header   headers[8];

static const ReplyContext context = { .base_url = STR_INIT("https://ehr.example.org") };

static bool open_all(void)
{
    StoreOptions options = { .folder = unit_folder(), .create = true };

    return store_open(unit_call(), &options, &store) == OK
           && session_open(unit_call(), store, &session) == OK;
}

static void close_all(void)
{
    session_close(session);
    store_close(store);
}

static Request request(HttpMethod method, const char *path)
{
    return (Request){ .method = method,
                      .path = str_from(path),
                      .headers = headers,
                      .address = STR("192.0.2.7") };
}

static void add(Request *r, const char *name, const char *value)
{
    headers[r->header_count++] = (Header){ str_from(name), str_from(value) };
}

static Str reply_header(const Reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (str_equal(reply->headers[i].name, str_from(name)))
            return reply->headers[i].value;
    return (Str){ 0 };
}

static Reply ask(const Request *r)
{
    Reply reply;

    call_begin(unit_call(), unit_call()->arena);
    reply_make(unit_call(), session, &context, r, &reply);
    return reply;
}

TEST(only_what_has_a_row_is_offered)
{
    static const char *const paths[] = { "/nothing", "/fhirs",   "/owner/token", "/metrics",
                                         "",         "/health/", "/FHIR" };
    Request                  r;

    REQUIRE(open_all());
    for (size_t i = 0; i < COUNT(paths); i++) {
        r = request(HTTP_GET, paths[i]);
        CHECK_INT(ask(&r).status, 404);
    }
    close_all();
}

TEST(metrics_are_for_this_machine)
{
    Request r = request(HTTP_GET, "/metrics");

    REQUIRE(open_all());
    CHECK_INT(ask(&r).status, 404);
    r.address = STR("127.0.0.1");
    CHECK_INT(ask(&r).status, 200);
    r.address = STR("::1");
    CHECK_INT(ask(&r).status, 200);
    add(&r, "x-forwarded-for", "203.0.113.9");
    CHECK_INT(ask(&r).status, 404);
    close_all();
}

TEST(the_owners_routes_are_for_the_owner)
{
    Request r = request(HTTP_POST, "/owner/token");
    Reply   reply;

    REQUIRE(open_all());
    r.body = STR("{\"scope\":\"system/*.rs\",\"minutes\":5}");
    r.address = STR("127.0.0.1");
    CHECK_INT(ask(&r).status, 404);
    r.owner = true;
    reply = ask(&r);
    CHECK_INT(reply.status, 200);
    CHECK(str_starts(reply.body, STR("{\"token\":\"")));
    close_all();
}

TEST(a_token_wish_out_of_shape_is_refused)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{}",
        "{\"scope\":\"system/*.rs\",\"minutes\":0}",
        "{\"scope\":\"system/*.rs\",\"minutes\":-1}",
        "{\"scope\":\"system/*.rs\",\"minutes\":\"5\"}",
        "{\"scope\":\"system/*.rs\",\"minutes\":99999999999}",
        "{\"scope\":\"nonsense\"}",
    };
    Request r = request(HTTP_POST, "/owner/token");

    REQUIRE(open_all());
    r.owner = true;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        int status;

        r.body = str_from(bodies[i]);
        status = ask(&r).status;
        CHECK(status >= 400 && status < 500);
    }
    close_all();
}

TEST(a_wrong_method_is_told_the_right_ones)
{
    Request r = request(HTTP_POST, "/health");
    Reply   reply;

    REQUIRE(open_all());
    reply = ask(&r);
    CHECK_INT(reply.status, 405);
    CHECK_STR(reply_header(&reply, "Allow"), STR("GET, HEAD"));
    r.method = HTTP_OPTIONS;
    reply = ask(&r);
    CHECK_INT(reply.status, 204);
    CHECK_STR(reply_header(&reply, "Allow"), STR("GET, HEAD"));
    close_all();
}

TEST(every_failure_is_an_outcome_and_protected)
{
    Request r = request(HTTP_GET, "/nothing/%zz");
    Reply   reply;

    REQUIRE(open_all());
    reply = ask(&r);
    CHECK_INT(reply.status, 400);
    CHECK(str_find(reply.body, STR("\"resourceType\":\"OperationOutcome\"")) > 0);
    CHECK_STR(reply_header(&reply, "Content-Type"),
              STR("application/fhir+json; charset=utf-8"));
    CHECK_STR(reply_header(&reply, "X-Content-Type-Options"), STR("nosniff"));
    CHECK_STR(reply_header(&reply, "Cache-Control"), STR("no-store"));
    CHECK(reply_header(&reply, "Strict-Transport-Security").len > 0);
    close_all();
}

TEST(fhir_asks_who_is_calling_and_leaves_a_record)
{
    Request r = request(HTTP_GET, "/fhir/Patient/1");
    Reply   reply;

    REQUIRE(open_all());
    reply = ask(&r);
    CHECK_INT(reply.status, 401);
    CHECK_STR(reply_header(&reply, "WWW-Authenticate"), STR("Bearer realm=\"hale\""));
    CHECK(reply.unaudited);
    CHECK_INT(reply.audit.outcome, AUDIT_DENIED);
    CHECK_INT(reply.audit.status, 401);
    CHECK_INT(reply.audit.type, TYPE_PATIENT);
    CHECK_STR(reply.audit.address, STR("192.0.2.7"));
    close_all();
}

TEST(a_quick_thread_hands_on_what_may_take_long)
{
    ReplyContext quick = context;
    Request      r = request(HTTP_GET, "/fhir/Patient");
    Reply        reply;

    REQUIRE(open_all());
    quick.quick = true;
    r.owner = true;
    reply_make(unit_call(), session, &quick, &r, &reply);
    CHECK(reply.wants_worker);
    CHECK(!reply.unaudited);
    r = request(HTTP_GET, "/fhir/Patient/1");
    r.owner = true;
    reply_make(unit_call(), session, &quick, &r, &reply);
    CHECK(!reply.wants_worker);
    CHECK_INT(reply.status, 404);
    close_all();
}

TEST(a_long_body_may_come_only_from_who_may_send_it)
{
    Request r = request(HTTP_POST, "/fhir/Patient");
    Reply   reply;

    REQUIRE(open_all());
    r.pending = true;
    add(&r, "Content-Type", "application/fhir+json");
    reply = ask(&r);
    CHECK_INT(reply.status, 401);
    CHECK(!reply.go_on);
    r.owner = true;
    CHECK(ask(&r).go_on);
    headers[0].value = STR("text/plain");
    reply = ask(&r);
    CHECK_INT(reply.status, 415);
    CHECK(!reply.go_on);
    close_all();
}

TEST(addresses_in_answers_are_the_configured_ones)
{
    Request r = request(HTTP_POST, "/fhir/Patient");
    Reply   reply;

    REQUIRE(open_all());
    r.owner = true;
    r.body = STR("{\"resourceType\":\"Patient\"}");
    add(&r, "Host", "evil.example");
    add(&r, "Content-Type", "application/fhir+json");
    reply = ask(&r);
    CHECK_INT(reply.status, 201);
    CHECK(str_starts(reply_header(&reply, "Location"),
                     STR("https://ehr.example.org/fhir/Patient/")));
    CHECK(!reply.unaudited);
    close_all();
}

TEST(references_are_judged_by_the_stores_own_address)
{
    StoreOptions options = { .folder = unit_folder(),
                             .create = true,
                             .base = STR("https://record.example.org/fhir") };
    Request      r = request(HTTP_POST, "/fhir/Observation");
    Reply        reply;

    REQUIRE(store_open(unit_call(), &options, &store) == OK);
    REQUIRE(session_open(unit_call(), store, &session) == OK);
    r.owner = true;
    r.body = STR("{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":"
                 "\"x\"},\"subject\":{\"reference\":"
                 "\"https://record.example.org/fhir/Patient/p\"}}");
    add(&r, "Content-Type", "application/fhir+json");
    reply = ask(&r);
    CHECK_INT(reply.status, 201);
    CHECK(str_starts(reply_header(&reply, "Location"),
                     STR("https://record.example.org/fhir/Observation/")));
    r = request(HTTP_GET, "/fhir/Observation");
    r.owner = true;
    r.query = STR("subject=Patient/p");
    reply = ask(&r);
    CHECK_INT(reply.status, 200);
    CHECK(str_find(reply.body, STR("\"code\":{\"text\":\"x\"}")) >= 0);
    close_all();
}

TEST(behind_a_proxy_the_client_is_whom_the_proxy_saw)
{
    ReplyContext behind = context;
    Request      r = request(HTTP_GET, "/fhir/Patient/1");
    Reply        reply;

    REQUIRE(open_all());
    add(&r, "X-Forwarded-For", "1.1.1.1, 203.0.113.9");
    reply_make(unit_call(), session, &behind, &r, &reply);
    CHECK_STR(reply.audit.address, STR("192.0.2.7"));
    behind.behind_proxy = true;
    reply_make(unit_call(), session, &behind, &r, &reply);
    CHECK_STR(reply.audit.address, STR("203.0.113.9"));
    headers[0].value = STR("1.1.1.1, <script>");
    reply_make(unit_call(), session, &behind, &r, &reply);
    CHECK_STR(reply.audit.address, STR("192.0.2.7"));
    close_all();
}

TEST(no_row_of_the_route_table_is_open_by_mistake)
{
    static const struct {
        HttpMethod  method;
        const char *path;
    } open[] = {
        { HTTP_GET, "/" },
        { HTTP_GET, "/hale.css" },
        { HTTP_GET, "/health" },
        { HTTP_GET, "/fhir/.well-known/smart-configuration" },
        { HTTP_GET, "/.well-known/openid-configuration" },
        { HTTP_GET, "/oauth2/jwks" },
        { HTTP_GET, "/smart-style.json" },
        { HTTP_GET, "/passkey.js" },
        { HTTP_GET, "/app/**" },            /* files of the program */
        { HTTP_POST, "/oauth2/authorize" }, /* becomes a question in the address, no more */
        { HTTP_POST, "/oauth2/register" },  /* waits for an administrator */
    };

    for (size_t i = 0; i < route_count; i++) {
        bool listed = false;

        for (size_t j = 0; j < COUNT(open); j++)
            listed |=
                routes[i].method == open[j].method && strcmp(routes[i].path, open[j].path) == 0;
        CHECK(routes[i].answer != NULL);
        CHECK(listed == (routes[i].need == NEEDS_NOTHING));
    }
}
