/* hale key: the key of a data folder, shown or copied. Whoever loses it loses the records. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/options.h"

enum { KEYRING_BYTES_MAX = 4096 };

static int complain(const char *what, const char *path)
{
    fprintf(stderr, "hale key: %s %s: %s\n", what, path, strerror(errno));
    return EXIT_FAILED;
}

static ssize_t read_keyring(const char *path, char bytes[KEYRING_BYTES_MAX])
{
    int     file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (file < 0)
        return -1;
    got = read(file, bytes, KEYRING_BYTES_MAX);
    close(file);
    return got;
}

static bool write_all(int file, const char *bytes, size_t left)
{
    while (left) {
        ssize_t put = write(file, bytes, left);

        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            bytes += put;
            left -= (size_t)put;
        }
    }
    return true;
}

/* A new file that only its owner can read, on the disk when this returns. */
static int back_up(const char *path, const char *bytes, size_t len)
{
    int  file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done;

    if (file < 0)
        return complain("cannot make", path);
    done = write_all(file, bytes, len) && fsync(file) == 0;
    if (close(file) != 0 || !done)
        return complain("cannot write", path);
    fprintf(stderr, "hale key: copied; keep %s apart from the data\n", path);
    return EXIT_FINE;
}

static int show_or_back_up(Str folder, const Words *words)
{
    Arena      *arena = arena_create(LIMIT_CALL_BYTES);
    const char *path =
        arena_c_string(arena, arena_printf(arena, "%.*s/keyring", STR_ARG(folder)));
    char    bytes[KEYRING_BYTES_MAX];
    ssize_t len = read_keyring(path, bytes);
    int     status = EXIT_FINE;

    if (len < 0)
        status = complain("cannot read", path);
    else if (strcmp(words->at[0], "backup") == 0)
        status = back_up(words->at[1], bytes, (size_t)len);
    else if (!write_all(STDOUT_FILENO, bytes, (size_t)len))
        status = complain("cannot write", "standard output");
    explicit_bzero(bytes, sizeof bytes);
    arena_destroy(arena);
    return status;
}

int command_key(int argc, char **argv)
{
    Str   folder = { 0 };
    Words words;
    int   status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true, .text = &folder },
    };
    const Usage usage = {
        .command = "key",
        .summary = "Shows the keyring of a data folder, or copies it to a new file.",
        .operands = "show | backup FILE",
        .operands_min = 1,
        .operands_max = 2,
        .options = options,
        .option_count = COUNT(options),
        .more = "To restore, put the copy back as DIR/keyring with mode 0600.\n",
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    if (!(strcmp(words.at[0], "show") == 0 && words.count == 1)
        && !(strcmp(words.at[0], "backup") == 0 && words.count == 2)) {
        fprintf(stderr, "hale key: say either show, or backup FILE (see hale key --help)\n");
        return EXIT_USAGE;
    }
    return show_or_back_up(folder, &words);
}
