/*
 * Runs a fuzz target over the files and folders named, without libFuzzer: the samples are tests
 * in every build. Each file is also run cut short at a few places.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

static unsigned passed;

static void run_file(const char *path)
{
    FILE    *file = fopen(path, "rb");
    long     length;
    uint8_t *bytes;
    size_t   count;

    if (!file) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    rewind(file);
    bytes = malloc((size_t)length + 1);
    if (!bytes)
        exit(1);
    count = fread(bytes, 1, (size_t)length, file);
    fclose(file);
    for (size_t eighth = 0; eighth <= 8; eighth++) {
        /* exactly as long as it is, so that a sanitizer sees reads beyond */
        size_t   size = count * eighth / 8;
        uint8_t *copy = malloc(size ? size : 1);

        if (!copy)
            exit(1);
        memcpy(copy, bytes, size);
        LLVMFuzzerTestOneInput(copy, size);
        free(copy);
    }
    free(bytes);
    passed++;
}

static void run_folder(const char *path)
{
    struct dirent **entries;
    int             count = scandir(path, &entries, NULL, alphasort);

    if (count < 0) {
        perror(path);
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        char inside[4096];

        if (entries[i]->d_name[0] != '.') {
            snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
            run_file(inside);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    struct stat about;

    for (int i = 1; i < argc; i++) {
        if (stat(argv[i], &about) == 0 && S_ISDIR(about.st_mode))
            run_folder(argv[i]);
        else
            run_file(argv[i]);
    }
    if (passed == 0)
        fprintf(stderr, "%s: no samples\n", argv[0]);
    printf("%u passed, %d failed, 0 skipped\n", passed, passed == 0);
    return passed == 0;
}
