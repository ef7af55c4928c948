/*
 * Holds the conversations named on the command line, each on a store of its own, or with a
 * server: --url URL [--token TOKEN] [--token-command 'hale token --data DIR']
 */
#include "test/talk/talk.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

typedef struct Options {
    const char *url, *token, *token_command;
} Options;

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static bool read_file(Arena *a, const char *path, Str *out)
{
    FILE  *file = fopen(path, "rb");
    Buf    text = buf_new(a, 16 * 1024);
    size_t got;

    if (!file)
        return false;
    while ((got = fread(buf_reserve(&text, 4096), 1, 4096, file)) > 0)
        text.len += got;
    fclose(file);
    *out = buf_str(&text);
    return true;
}

static TalkResult hold(const Options *options, const char *path)
{
    Arena      *a = arena_create((size_t)2 << 30);
    const char *slash = strrchr(path, '/'), *tmp = getenv("TMPDIR");
    Str         text, complaint = STR("cannot be read");
    char        folder[512];
    TalkResult  result = TALK_FAILED;
    Door       *door;

    snprintf(folder, sizeof folder, "%s/hale-talk-XXXXXX", tmp ? tmp : "/tmp");
    if (read_file(a, path, &text) && (options->url || mkdtemp(folder))) {
        door = options->url
                   ? door_open_there(options->url, options->token, options->token_command)
                   : door_open_here(folder);
        result = talk_hold(a, str_from(slash ? slash + 1 : path), text, door, &complaint);
        if (!options->url) {
            door_close_here(door);
            nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        }
    }
    if (result != TALK_PASSED)
        printf("%s %.*s\n", result == TALK_FAILED ? "FAILED" : "skipped", STR_ARG(complaint));
    fflush(stdout);
    arena_destroy(a);
    return result;
}

int main(int argc, char **argv)
{
    unsigned counts[3] = { 0 };
    Options  options = { 0 };

    for (int i = 1; i < argc; i++) {
        const char **place = strcmp(argv[i], "--url") == 0             ? &options.url
                             : strcmp(argv[i], "--token") == 0         ? &options.token
                             : strcmp(argv[i], "--token-command") == 0 ? &options.token_command
                                                                       : NULL;

        if (!place)
            counts[hold(&options, argv[i])]++;
        else if (i + 1 < argc)
            *place = argv[++i];
    }
    printf("%u passed, %u failed, %u skipped\n", counts[TALK_PASSED], counts[TALK_FAILED],
           counts[TALK_SKIPPED]);
    return counts[TALK_FAILED] ? 1 : 0;
}
