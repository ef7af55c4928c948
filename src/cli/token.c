/* hale token: a bearer token for the owner of the data folder. Where a server has the folder open,
 * the server is asked to make it. */
#include <stdio.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "codec/json.h"
#include "interaction/interaction.h"

static int make_token(Call *c, Store *store, void *context)
{
    char token[44];
    Fail result = interaction_token(c, store, context, token);

    if (result != OK)
        return options_complain("token", c, result);
    puts(token);
    explicit_bzero(token, sizeof token);
    return EXIT_FINE;
}

static Str asked_as_json(Call *c, const TokenAsked *asked)
{
    Buf b = buf_new(c->arena, 256);

    buf_put(&b, STR("{\"scope\":"));
    buf_put_json_string(&b, asked->scopes);
    buf_put(&b, STR(",\"patient\":"));
    buf_put_json_string(&b, asked->patient);
    buf_put(&b, STR(",\"name\":"));
    buf_put_json_string(&b, asked->name);
    buf_printf(&b, ",\"minutes\":%lld}", (long long)asked->minutes);
    return buf_str(&b);
}

static int ask_server(Call *c, const FolderJob *job)
{
    Json json;
    Str  answer, token = { 0 };
    int  status = folder_ask_server(c, job, "POST", "/owner/token",
                                    asked_as_json(c, job->context), &answer);

    if (status != EXIT_FINE)
        return status;
    if (json_parse(c, answer, LIMIT_JSON_NODES, &json) == OK)
        token = json_member_text(&json, 0, STR("token"));
    if (token.len == 0) {
        fprintf(stderr, "hale token: the server gave no token\n");
        return EXIT_FAILED;
    }
    printf("%.*s\n", STR_ARG(token));
    return EXIT_FINE;
}

int command_token(int argc, char **argv)
{
    TokenAsked asked = { .name = STR("owner") };
    uint64_t   minutes = 60;
    FolderJob  job = { .command = "token",
                       .create = true,
                       .work = make_token,
                       .through_server = ask_server,
                       .context = &asked };
    Words      words;
    int        status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder; made if it is not there",
          .required = true, .text = &job.folder },
        { "scope", OPTION_TEXT, "SCOPES", "SMART scopes, separated by spaces", .required = true,
          .text = &asked.scopes },
        { "patient", OPTION_TEXT, "ID", "whose record patient/ scopes are about",
          .text = &asked.patient },
        { "minutes", OPTION_NUMBER, "N", "how long it is good for; default 60", .min = 1,
          .max = (uint64_t)366 * 24 * 60, .number = &minutes },
        { "name", OPTION_TEXT, "WHO",
          "for whom it is, as the audit log will say; default owner", .text = &asked.name },
    };
    const Usage usage = {
        .command = "token",
        .summary = "Prints a bearer token. Making one is written to the audit log.",
        .options = options,
        .option_count = COUNT(options),
        .more = "  hale token --data DIR --scope 'system/*.cruds'\n"
                "  hale token --data DIR --scope 'patient/*.rs' --patient 123 --minutes 30\n",
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    asked.minutes = (int64_t)minutes;
    return folder_run(&job);
}
