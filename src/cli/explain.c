/* hale explain: how a search is carried out. The answer is that of the operation $explain. */
#include <stdio.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "codec/json.h"
#include "interaction/interaction.h"

typedef struct Explaining {
    Str url;
    Str path; /* "/Patient/$explain" */
    Str query;
} Explaining;

/* "Patient?name=a", with or without what stands before it in an address. */
static void take_apart(Call *c, Explaining *e)
{
    const Str base = STR("/fhir/");
    Str       path = e->url;
    ptrdiff_t at;

    str_cut(e->url, '?', &path, &e->query);
    at = str_find(path, base);
    if (at >= 0)
        path = str_skip(path, (size_t)at + base.len);
    while (str_starts(path, STR("/")))
        path = str_skip(path, 1);
    while (str_ends(path, STR("/")))
        path = str_slice(path, 0, path.len - 1);
    e->path = arena_printf(c->arena, "%s%.*s/$explain", path.len ? "/" : "", STR_ARG(path));
}

static void print_part(const Json *json, uint32_t part)
{
    Str      name = json_member_text(json, part, STR("name"));
    uint32_t value = json_member(json, part, STR("valueString"));

    if (!value)
        value = json_member(json, part, STR("valueInteger"));
    if (value)
        printf("%-16.*s%.*s\n", STR_ARG(name), STR_ARG(json->values[value].text));
}

/* A paragraph for each type that is looked in. */
static int print_plans(Call *c, Str answer)
{
    Json     json;
    uint32_t plans, plan;
    Fail     result = json_parse(c, answer, LIMIT_JSON_NODES, &json);

    if (result != OK)
        return options_complain("explain", c, result);
    plans = json_member(&json, 0, STR("parameter"));
    for (plan = plans + 1; plans && plan < json.values[plans].after;
         plan = json.values[plan].after) {
        uint32_t parts = json_member(&json, plan, STR("part"));

        if (plan > plans + 1)
            putchar('\n');
        for (uint32_t part = parts + 1; parts && part < json.values[parts].after;
             part = json.values[part].after)
            print_part(&json, part);
    }
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

static Fail ask(Call *c, Session *session, const Explaining *e, Answer *answer)
{
    Principal owner = principal_owner();
    Asked     asked = { .method = HTTP_GET,
                        .query = e->query,
                        .base = store_base(session_store(session)) };

    TRY(asked_route(c, &asked, e->path, answer));
    return interaction_answer(c, session, &owner, &asked, answer);
}

static int explain(Call *c, Store *store, void *context)
{
    Explaining *e = context;
    Session    *session;
    Answer      answer = { 0 };
    int         status;
    Fail        result = session_open(c, store, &session);

    if (result != OK)
        return options_complain("explain", c, result);
    take_apart(c, e);
    result = ask(c, session, e, &answer);
    status =
        result == OK ? print_plans(c, answer.body) : options_complain("explain", c, result);
    session_close(session);
    return status;
}

static int explain_by_server(Call *c, const FolderJob *job)
{
    Explaining *e = job->context;
    Str         answer, path;
    int         status;

    take_apart(c, e);
    path = arena_printf(c->arena, "/fhir%.*s%s%.*s", STR_ARG(e->path), e->query.len ? "?" : "",
                        STR_ARG(e->query));
    status =
        folder_ask_server(c, job, "GET", arena_c_string(c->arena, path), (Str){ 0 }, &answer);
    return status == EXIT_FINE ? print_plans(c, answer) : status;
}

int command_explain(int argc, char **argv)
{
    Explaining e = { 0 };
    FolderJob  job = { .command = "explain",
                       .work = explain,
                       .through_server = explain_by_server,
                       .context = &e };

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true,
          .text = &job.folder },
    };
    const Usage usage = {
        .command = "explain",
        .summary = "hale explain 'Patient?name=ann': says where a search starts, how many the "
                   "first clause finds, and how many resources are looked at for a page.",
        .operands = "URL",
        .operands_min = 1,
        .operands_max = 1,
        .options = options,
        .option_count = COUNT(options),
    };
    Words words;
    int   status;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    e.url = str_from(words.at[0]);
    return folder_run(&job);
}
