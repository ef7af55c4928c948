/* hale client: the apps that may ask people for leave. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/people.h"
#include "codec/jose.h"

static int print_client(const Json *answer)
{
    Str secret = json_member_text(answer, 0, STR("secret"));

    printf("id %.*s\n", STR_ARG(json_member_text(answer, 0, STR("id"))));
    if (secret.len)
        printf("secret %.*s\n", STR_ARG(secret));
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

static int print_clients(const Json *answer)
{
    static const PeopleColumn columns[] = {
        { "id", "ID", 24 },      { "name", "NAME", 24 },     { "kind", "KIND", 12 },
        { "state", "STATE", 8 }, { "scopes", "SCOPES", 20 },
    };

    return people_print_list(answer, "clients", columns, COUNT(columns));
}

static int print_key(const Json *answer)
{
    printf("kid %.*s\n", STR_ARG(json_member_text(answer, 0, STR("kid"))));
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

static const PeopleDeed deeds[] = {
    { "add", false, print_client },     { "list", false, print_clients },
    { "disable", true, NULL },          { "enable", true, NULL },
    { "approve", true, NULL },          { "refuse", true, NULL },
    { "rotate-key", false, print_key },
};

typedef struct Given {
    Str  folder, id, name, redirect, scope, keys, keys_uri, launch_url;
    bool confidential, first_party, at_once;
} Given;

/* The file of public keys as it stands. */
static bool read_keys(const Given *g, char bytes[JWK_SET_BYTES_MAX + 1], Str *out)
{
    FILE *f;

    if (g->keys.len == 0)
        return true;
    f = fopen(g->keys.at, "re"); /* a word of the command line: it ends with NUL */
    if (!f) {
        fprintf(stderr, "hale client: cannot open %s\n", g->keys.at);
        return false;
    }
    *out = (Str){ bytes, fread(bytes, 1, JWK_SET_BYTES_MAX + 1, f) };
    fclose(f);
    return true;
}

static int carry_out(const Given *g, Str keys, const Words *words)
{
    const PeopleMember members[] = {
        { "id", words->count > 1 ? str_from(words->at[1]) : g->id },
        { "name", g->name },
        { "redirect", g->redirect },
        { "scope", g->scope },
        { "keys", keys },
        { "keysUri", g->keys_uri },
        { "confidential", g->confidential ? STR("yes") : (Str){ 0 } },
        { "launchUrl", g->launch_url },
        { "firstParty", g->first_party ? STR("yes") : (Str){ 0 } },
        { "atOnce", g->at_once ? STR("yes") : (Str){ 0 } },
    };
    const PeopleCommand command = {
        .what = "client",
        .deeds = deeds,
        .deed_count = COUNT(deeds),
        .needs_name = "needs the client's id",
        .takes_none = "takes its id as --id",
    };

    return people_run(&command, words, g->folder, members, COUNT(members));
}

static int run(const Given *g, const Words *words)
{
    static char bytes[JWK_SET_BYTES_MAX + 1];
    Str         keys = { 0 };

    if (!read_keys(g, bytes, &keys))
        return EXIT_FAILED;
    return carry_out(g, keys, words);
}

int command_client(int argc, char **argv)
{
    Given given = { 0 };
    Words words;
    int   status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true,
          .text = &given.folder },
        { "id", OPTION_TEXT, "ID", "its client_id; drawn if it is not given",
          .text = &given.id },
        { "name", OPTION_TEXT, "NAME", "as people will read it", .text = &given.name },
        { "redirect", OPTION_TEXT, "URLS",
          "where it may be sent back to, to the byte; several separated by spaces",
          .text = &given.redirect },
        { "scope", OPTION_TEXT, "SCOPES", "the most it may ask for", .text = &given.scope },
        { "keys", OPTION_TEXT, "FILE", "it proves itself with a key: its public keys, a JWKS",
          .text = &given.keys },
        { "keys-uri", OPTION_TEXT, "URL", "or where its JWKS is fetched from",
          .text = &given.keys_uri },
        { "confidential", OPTION_FLAG, NULL, "it can keep a secret: one is drawn and printed",
          .flag = &given.confidential },
        { "launch-url", OPTION_TEXT, "URL", "where it is started from the record",
          .text = &given.launch_url },
        { "first-party", OPTION_FLAG, NULL,
          "the practice's own: nobody is asked, and it may start other apps",
          .flag = &given.first_party },
        { "at-once", OPTION_FLAG, NULL, "rotate-key: the old keys are not good any more",
          .flag = &given.at_once },
    };
    const Usage usage = {
        .command = "client",
        .summary =
            "hale client add|list|approve|refuse|disable|enable|rotate-key [ID]: apps that may ask people for leave.",
        .operands = "DEED [ID]",
        .operands_min = 1,
        .operands_max = 2,
        .options = options,
        .option_count = COUNT(options),
        .more =
            "  hale client add --name 'Growth chart' --redirect https://app.example/back \\\n"
            "      --scope 'launch/patient patient/*.rs offline_access' --data DIR\n\n"
            "  hale client add --name 'Nightly export' --keys keys.json --scope 'system/*.rs' \\\n"
            "      --data DIR\n\n"
            "approve and refuse are for apps that registered themselves: they wait until then.\n\n"
            "rotate-key makes a new key for tokens that say who has signed in; it is published\n"
            "an hour before it signs.\n\n"
            "disable ends all tokens it has within a second; enable revives those that have\n"
            "not run out.\n",
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    return run(&given, &words);
}
