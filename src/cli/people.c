/* Orders about logins and clients: see people.h. */
#include "cli/people.h"

#include <stdio.h>

#include "base/limits.h"
#include "interaction/interaction.h"

/* One deed, and about whom. */
typedef struct PeopleOrder {
    const char         *what;
    const PeopleDeed   *deed;
    const PeopleMember *members;
    size_t              count;
} PeopleOrder;

static Str as_json(Call *c, const PeopleOrder *order)
{
    Buf b = buf_new(c->arena, 256);

    buf_put(&b, STR("{\"do\":"));
    buf_put_json_string(&b, str_from(order->deed->word));
    for (size_t i = 0; i < order->count; i++) {
        if (order->members[i].value.len == 0)
            continue;
        buf_put_char(&b, ',');
        buf_put_json_string(&b, str_from(order->members[i].name));
        buf_put_char(&b, ':');
        buf_put_json_string(&b, order->members[i].value);
    }
    buf_put_char(&b, '}');
    return buf_str(&b);
}

static int print(Call *c, const PeopleOrder *order, Str answer)
{
    Json json;
    Fail result = json_parse(c, answer, LIMIT_JSON_NODES, &json);

    if (result != OK)
        return options_complain(order->what, c, result);
    return order->deed->print ? order->deed->print(&json) : EXIT_FINE;
}

static int here(Call *c, Store *store, void *context)
{
    const PeopleOrder *order = context;
    Session           *session;
    Str                answer;
    Fail               result = session_open(c, store, &session);

    if (result == OK) {
        result = interaction_people(c, session, NULL, (Str){ 0 }, str_from(order->what),
                                    as_json(c, order), &answer);
        session_close(session);
    }
    return result == OK ? print(c, order, answer) : options_complain(order->what, c, result);
}

static int by_server(Call *c, const FolderJob *job)
{
    const PeopleOrder *order = job->context;
    Str                path = arena_printf(c->arena, "/owner/%s", order->what);
    Str                answer;
    int status = folder_ask_server(c, job, "POST", path.at, as_json(c, order), &answer);

    return status == EXIT_FINE ? print(c, order, answer) : status;
}

static int carry_out(const PeopleOrder *order, Str folder)
{
    FolderJob job = { .command = order->what,
                      .folder = folder,
                      .create = strcmp(order->deed->word, "add") == 0,
                      .work = here,
                      .through_server = by_server,
                      .context = (void *)(uintptr_t)order };

    return folder_run(&job);
}

static int complain(const PeopleCommand *command, const char *word, const char *what)
{
    fprintf(stderr, "hale %s: %s\"%s\"%s%s (see hale %s --help)\n", command->what,
            what ? "" : "there is no ", word, what ? " " : "", what ? what : "", command->what);
    return EXIT_USAGE;
}

int people_run(const PeopleCommand *command, const Words *words, Str folder,
               const PeopleMember *members, size_t count)
{
    for (size_t i = 0; i < command->deed_count; i++) {
        const PeopleDeed *deed = &command->deeds[i];
        const PeopleOrder order = { command->what, deed, members, count };

        if (strcmp(words->at[0], deed->word) != 0)
            continue;
        if (deed->names != (words->count > 1))
            return complain(command, deed->word,
                            deed->names ? command->needs_name : command->takes_none);
        return carry_out(&order, folder);
    }
    return complain(command, words->at[0], NULL);
}

int people_print_list(const Json *answer, const char *list, const PeopleColumn *columns,
                      size_t count)
{
    uint32_t rows = json_member(answer, 0, str_from(list));

    for (size_t i = 0; i < count; i++)
        printf("%-*s%s", columns[i].width, columns[i].title, i + 1 < count ? "  " : "\n");
    for (uint32_t row = rows + 1; rows && row < answer->values[rows].after;
         row = answer->values[row].after)
        for (size_t i = 0; i < count; i++) {
            Str value = json_member_text(answer, row, str_from(columns[i].member));

            printf("%-*.*s%s", columns[i].width, STR_ARG(value), i + 1 < count ? "  " : "\n");
        }
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}
