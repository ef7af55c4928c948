/* See store_help.h. */
#include "test/store/store_help.h"

#include "base/limits.h"
#include "fhir/draft.h"
#include "store/writer.h"

static Store   *store;
static Session *session;

static void die(const char *what)
{
    Call *c = unit_call();

    fprintf(stderr, "%s", what);
    for (uint32_t i = 0; i < c->issue_count; i++)
        fprintf(stderr, ": %.*s %.*s", STR_ARG(c->issues[i].expression),
                STR_ARG(c->issues[i].text));
    fprintf(stderr, "\n");
    exit(1);
}

Store *help_open(void)
{
    StoreOptions options = { .folder = arena_printf(unit_call()->arena, "%.*s/data",
                                                    STR_ARG(unit_folder())),
                             .create = true,
                             .base = STR("http://localhost/fhir") };

    if (store)
        return store;
    if (store_open(unit_call(), &options, &store) != OK)
        die("the store does not open");
    return store;
}

void help_close(void)
{
    session_close(session);
    session = NULL;
    store_close(store);
    store = NULL;
}

Store *help_reopen(void)
{
    help_close();
    return help_open();
}

Session *help_session(void)
{
    if (!session && session_open(unit_call(), help_open(), &session) != OK)
        die("no session");
    return session;
}

Permit help_permit(Deed deed)
{
    Permit p = { .practice = 1,
                 .deed = (uint8_t)deed,
                 .reach = REACH_PRACTICE,
                 .author = 1,
                 .confides = true };

    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        type_set_add(&p.types, type);
    return p;
}

Permit help_patient_permit(Deed deed, const char *id)
{
    Permit p = help_permit(deed);

    p.reach = REACH_PATIENT;
    snprintf(p.patient, sizeof p.patient, "%s", id);
    return p;
}

Change help_change(Method method, const Permit *permit, const char *json)
{
    Call       *c = unit_call();
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Change      change = { .method = method, .permit = permit, .may_create = true };
    Resource    r;
    Draft       draft;

    if (resource_read(c, str_from(json), &options, &r) != OK)
        die(json);
    draft = draft_new(c->arena, &r);
    change.type = r.type;
    change.id = r.id;
    change.remainder = draft_remainder(&draft);
    if (index_derive(c, &r, STR("http://localhost/fhir"), &change.rows) != OK)
        die(json);
    return change;
}

Fail help_put(const char *json)
{
    Permit permit = help_permit(DEED_UPDATE);
    Change change = help_change(METHOD_PUT, &permit, json);
    Write  write = { .changes = &change, .change_count = 1 };

    return store_write(unit_call(), help_open(), &write);
}

Fail help_delete(TypeId type, const char *id)
{
    Permit permit = help_permit(DEED_DELETE);
    Change change = {
        .method = METHOD_DELETE, .permit = &permit, .type = type, .id = str_from(id)
    };
    Write write = { .changes = &change, .change_count = 1 };

    return store_write(unit_call(), help_open(), &write);
}

Str help_read(TypeId type, const char *id, Fail *result)
{
    Permit  permit = help_permit(DEED_READ);
    Version v = { 0 };

    *result = store_read(unit_call(), help_session(), &permit, type, str_from(id), &v);
    if (*result == OK && v.deleted)
        *result = FAIL_GONE;
    return v.body;
}

static void search(TypeId type, const char *text, const Permit *permit, SearchPage *page)
{
    Permit       all = help_permit(DEED_SEARCH);
    QueryOptions options = { .base = STR("http://localhost/fhir") };
    Query        query;

    if (query_parse(unit_call(), type, str_from(text), &options, &query) != OK
        || store_search(unit_call(), help_session(), permit ? permit : &all, &query, page)
               != OK)
        die(text);
}

int help_count(TypeId type, const char *query, const Permit *permit)
{
    SearchPage page;

    search(type, query, permit, &page);
    return (int)page.count;
}

Str help_find(TypeId type, const char *query, const Permit *permit)
{
    SearchPage page;
    Buf        out = buf_new(unit_call()->arena, 256);

    search(type, query, permit, &page);
    for (size_t i = 0; i < page.count; i++) {
        if (i)
            buf_put_char(&out, ' ');
        buf_put(&out, page.versions[i].id);
    }
    return buf_str(&out);
}

/* Names for numbers: r the resource, p the parameter. */
#define NAMED(table) " FROM " table " x JOIN identity r ON r.rid = x.rid LEFT JOIN param p ON "
#define OF_PARAM "p.number = (x.param & 65535)"
#define PARAM "p.type || p.code || '@' || " TOKEN("(x.param >> 16)") " || ' ' || "
#define RESOURCE "r.type || '/' || hex(r.id)"
#define TOKEN(number)                                                                          \
    "coalesce((SELECT coalesce(s.code, '') || '|' || t.code FROM token t"                      \
    " LEFT JOIN token s ON s.number = t.system WHERE t.number = " number "), '-')"
#define TARGET(number)                                                                         \
    "(SELECT i.type || '/' || hex(i.id) FROM identity i WHERE i.rid = " number ")"

static const char                                                          dump_sql[] =
    "SELECT 'token ' || " PARAM "" TOKEN("x.token") " || ' ' || " RESOURCE NAMED("index_token")
        OF_PARAM
    " UNION ALL SELECT 'identifier ' || " PARAM
    "" TOKEN("x.system") " || x.value || ' ' || " RESOURCE NAMED("index_identifier") OF_PARAM
    " UNION ALL SELECT 'reference ' || " PARAM
    "" TARGET("x.target") " || ' ' || " RESOURCE NAMED("index_reference") OF_PARAM
    " UNION ALL SELECT 'date ' || " PARAM
    "x.low || '+' || x.span || ' ' || " RESOURCE NAMED("index_date") OF_PARAM
    " UNION ALL SELECT 'string ' || " PARAM
    "x.folded || '=' || x.exact || ' ' || " RESOURCE NAMED("index_string") OF_PARAM
    " UNION ALL SELECT 'number ' || " PARAM "x.value || ' ' || " RESOURCE NAMED("index_number")
        OF_PARAM
    " UNION ALL SELECT 'quantity ' || " PARAM "x.value || ' ' || " TOKEN("x.unit") " || " TOKEN(
        "x.word") " || x.below || '+' || x.above || ' ' || " RESOURCE NAMED("index_quantity")
        OF_PARAM
    " UNION ALL SELECT 'compartment ' || x.type || ' ' || " TARGET(
        "x.patient") " || ' ' || " RESOURCE
        NAMED(
            "compartment") "1 = 0"
                           " UNION ALL SELECT 'label ' || " TOKEN(
                               "x.token") " || ' ' || " RESOURCE
                               NAMED(
                                   "label") "1 = 0"
                                            " UNION ALL SELECT 'current ' || " RESOURCE
                                            " || ' ' || v.version || ' ' || hex(v.id)" NAMED(
                                                "current") "1 = 0 JOIN version v ON v.seq = x.seq"
                                                           " UNION ALL SELECT 'gone ' || " RESOURCE
                                                           " || ' ' || v.version || ' ' || hex(v.id)" NAMED(
                                                               "gone") "1 = 0 JOIN version v ON v.seq = x.seq"
                                                                       " ORDER BY 1";

static Fail dump(Call *c, Writer *w, void *context)
{
    Statement *s = db_statement(w->db, dump_sql);
    Buf       *out = context;

    TRY_STATEMENT(c, w->db, s);
    while (statement_step(s) == STEP_ROW) {
        buf_put(out, row_text(s, 0));
        buf_put_char(out, '\n');
    }
    return db_failure(w->db) == OK ? OK : db_fail(c, w->db);
}

Str help_dump(void)
{
    Buf out = buf_new(unit_call()->arena, 1 << 16);

    if (writer_run(unit_call(), help_open(), dump, &out, false) != OK)
        die("no dump");
    return buf_str(&out);
}

void help_import(unsigned count, Str (*json)(Arena *a, unsigned number))
{
    Call       *c = unit_call();
    Permit      permit = help_permit(DEED_UPDATE);
    ReadOptions options = { .values_max = 1000 };
    Bulk       *bulk;
    bool        same;

    REQUIRE(store_bulk_begin(c, help_open(), &permit, &bulk) == OK);
    for (unsigned i = 0; i < count; i++) {
        ArenaMark mark = arena_mark(c->arena);
        BulkItem  item = { .method = METHOD_PUT, .type = TYPE_PATIENT };
        Resource  r;
        Draft     draft;

        CHECK_INT(resource_read(c, json(c->arena, i), &options, &r), OK);
        draft = draft_new(c->arena, &r);
        item.id = r.id;
        item.remainder = draft_remainder(&draft);
        CHECK_INT(index_derive(c, &r, STR("http://localhost/fhir"), &item.rows), OK);
        CHECK_INT(store_bulk_add(c, bulk, &item, &same), OK);
        arena_rewind(c->arena, mark);
    }
    CHECK_INT(store_bulk_end(c, bulk), OK);
}
