/* hale demo: a practice of invented patients, to look at and try things on. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/serve.h"
#include "fhir/draft.h"
#include "interaction/interaction.h"
#include "practice/note.h"
#include "practice/synthetic.h"

enum { DEMO_PATIENTS = 60, TOKEN_MINUTES = 30 * 24 * 60 };

typedef struct Filling {
    Call  *c;
    Bulk  *bulk;
    Arena *arena;
    Str    base;
    Fail   result;
} Filling;

/* Stores one of our own making: it is valid, or we have made a mistake. */
static Fail put(Filling *f, const SyntheticResource *r)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Resource    resource;
    BulkItem    item = { .method = METHOD_PUT, .skip_same = true };
    Draft       draft;
    bool        unchanged;

    TRY(resource_read(f->c, r->text, &options, &resource));
    item.type = resource.type;
    item.id = resource.id;
    TRY(index_derive(f->c, &resource, f->base, &item.rows));
    draft = draft_new(f->c->arena, &resource);
    item.remainder = draft_remainder(&draft);
    return store_bulk_add(f->c, f->bulk, &item, &unchanged);
}

static void take(void *context, const SyntheticResource *r)
{
    Filling  *f = context;
    ArenaMark mark = arena_mark(f->c->arena);

    if (f->result != OK)
        return;
    f->result = put(f, r);
    if (f->result == OK)
        arena_rewind(f->c->arena, mark);
}

/* Like an import: the versions are counted, not named. */
static Fail note_in_audit(Call *c, Store *store)
{
    AuditRecord record = { .at_us = clock_wall_us(),
                           .interaction = INTERACTION_IMPORT,
                           .status = 200,
                           .request_id = str_from(c->request_id),
                           .detail = STR("a practice of invented patients"),
                           .rows = (uint32_t)store_newest_seq(store) };

    return store_audit(c, store, &record, 1);
}

/* The same practice at every first start, but for the day: appointments are to lie ahead. */
static Fail fill(Call *c, Store *store)
{
    Principal        owner = principal_owner();
    SyntheticOptions options = { .seed = SYNTHETIC_SEED,
                                 .shape = SYNTHETIC_PRACTICE,
                                 .today = clock_wall_us() / 1000000 / 86400 };
    Filling          f = { .c = c, .arena = arena_create(LIMIT_CALL_BYTES) };
    Permit           permit;
    Fail             ended;

    TRY(access_permit(c, &owner, DEED_UPDATE, 0, &permit));
    TRY(store_bulk_begin(c, store, &permit, &f.bulk));
    for (uint32_t n = 0; n <= DEMO_PATIENTS && f.result == OK; n++)
        synthetic_record(f.arena, &options, n, take, &f);
    ended = store_bulk_end(c, f.bulk);
    arena_destroy(f.arena);
    TRY(f.result != OK ? f.result : ended);
    return note_in_audit(c, store);
}

/* The templates of notes, as a practice would store them. */
static Fail install_templates(Call *c, Store *store)
{
    Principal owner = principal_owner();
    Asked     asked = { .method = HTTP_POST };
    Answer    answer = { 0 };
    Session  *session;
    Fail      result;

    note_offer();
    TRY(asked_route(c, &asked, STR("/Questionnaire/$install"), &answer));
    TRY(session_open(c, store, &session));
    result = interaction_answer(c, session, &owner, &asked, &answer);
    session_close(session);
    return result;
}

static Fail find_patient(Call *c, Store *store, Str *out)
{
    Principal  owner = principal_owner();
    Query      query = { .type = TYPE_PATIENT, .page_count = 1 };
    Permit     permit;
    Session   *session;
    SearchPage page;
    Fail       result;

    TRY(access_permit(c, &owner, DEED_SEARCH, TYPE_PATIENT, &permit));
    TRY(session_open(c, store, &session));
    result = store_search(c, session, &permit, &query, &page);
    session_close(session);
    *out = result == OK && page.count ? page.versions[0].id : (Str){ 0 };
    return result;
}

/* Called when the store is open and nobody is served yet. */
static Fail prepare(Call *c, Store *store, void *context)
{
    const Serving *serving = context;
    TokenAsked     asked = { .scopes = STR("system/*.cruds"),
                             .name = STR("demonstration"),
                             .minutes = TOKEN_MINUTES };
    char           token[44];
    Str            patient;

    if (store_newest_seq(store) == 0) {
        printf("making a practice with %d invented patients\n", DEMO_PATIENTS);
        fflush(stdout);
        TRY(fill(c, store));
        TRY(install_templates(c, store));
    }
    TRY(find_patient(c, store, &patient));
    TRY(interaction_token(c, store, &asked, token));
    printf(
        "\nA practice to try things on: all its people are invented.\n\n"
        "  address  http://%.*s/fhir\n"
        "  token    %s\n\n"
        "  TOKEN=%s\n"
        "  curl -H \"Authorization: Bearer $TOKEN\" 'http://%.*s/fhir/Patient?_count=5&_pretty=true'\n"
        "  curl -H \"Authorization: Bearer $TOKEN\" 'http://%.*s/fhir/Patient/%.*s/$everything'\n\n",
        STR_ARG(serving->server.listen), token, token, STR_ARG(serving->server.listen),
        STR_ARG(serving->server.listen), STR_ARG(patient));
    fflush(stdout);
    explicit_bzero(token, sizeof token);
    return OK;
}

int command_demo(int argc, char **argv)
{
    Serving serving = { .command = "demo",
                        .server = { .listen = STR("127.0.0.1:8080"), .quiet = true },
                        .prepare = prepare };
    Words   words;
    int     status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder; filled at the first start",
          .required = true, .text = &serving.server.folder },
        { "listen", OPTION_TEXT, "ADDR:PORT", "where to listen; default 127.0.0.1:8080",
          .text = &serving.server.listen },
    };
    const Usage usage = {
        .command = "demo",
        .summary =
            "Serves a practice of invented patients: several professions, months of visits,"
            " appointments\nahead. Prints an address, a token and commands to try.",
        .options = options,
        .option_count = COUNT(options),
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    serving.context = &serving;
    return serve_folder(&serving);
}
