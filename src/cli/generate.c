/* `hale generate`: invented records as files, for measuring and trying out. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/options.h"
#include "practice/synthetic.h"

typedef struct Generating {
    SyntheticOptions options;
    uint64_t         patients;
    uint64_t         resources;
    Arena           *arena;
    FILE            *out;
} Generating;

static void write_line(void *context, const SyntheticResource *r)
{
    Generating *g = context;

    fwrite(r->text.at, 1, r->text.len, g->out);
    fputc('\n', g->out);
    g->resources++;
}

static int complain_about_file(const char *name)
{
    fprintf(stderr, "hale generate: cannot write %s: %s\n", name, strerror(errno));
    return EXIT_FAILED;
}

static int write_lines(Generating *g, Str name)
{
    bool        standard = str_equal(name, STR("-"));
    const char *path = arena_c_string(g->arena, name);

    g->out = standard ? stdout : fopen(path, "w");
    if (!g->out)
        return complain_about_file(path);
    for (uint64_t n = 0; n <= g->patients && !ferror(g->out); n++)
        synthetic_record(g->arena, &g->options, (uint32_t)n, write_line, g);
    if (ferror(g->out) || (standard ? fflush(g->out) : fclose(g->out)) != 0)
        return complain_about_file(path);
    return EXIT_FINE;
}

static int write_bundles(Generating *g, Str folder)
{
    if (mkdir(arena_c_string(g->arena, folder), 0777) != 0 && errno != EEXIST)
        return complain_about_file(arena_c_string(g->arena, folder));
    g->options.bundled = true;
    for (uint64_t n = 0; n <= g->patients; n++) {
        ArenaMark   mark = arena_mark(g->arena);
        Str         bundle = synthetic_bundle(g->arena, &g->options, (uint32_t)n);
        const char *path = arena_c_string(
            g->arena, arena_printf(g->arena, "%.*s/%06u.json", STR_ARG(folder), (unsigned)n));

        g->out = fopen(path, "w");
        if (!g->out)
            return complain_about_file(path);
        fwrite(bundle.at, 1, bundle.len, g->out);
        if (ferror(g->out) | (fclose(g->out) != 0))
            return complain_about_file(path);
        arena_rewind(g->arena, mark);
    }
    return EXIT_FINE;
}

static int usage_wrong(const char *sentence)
{
    fprintf(stderr, "hale generate: %s (see hale generate --help)\n", sentence);
    return EXIT_USAGE;
}

int command_generate(int argc, char **argv)
{
    Generating g = { .options = { .seed = SYNTHETIC_SEED, .today = SYNTHETIC_TODAY },
                     .patients = 100 };
    Str        lines = { 0 }, bundles = { 0 };
    bool       practice = false;

    const Option options[] = {
        { "patients", OPTION_NUMBER, "N", "how many patients; 100 if not given", .min = 1,
          .max = 1000 * 1000, .number = &g.patients },
        { "seed", OPTION_NUMBER, "N", "another number makes other patients",
          .number = &g.options.seed },
        { "ndjson", OPTION_TEXT, "FILE", "one resource a line; - for standard output",
          .text = &lines },
        { "bundles", OPTION_TEXT, "DIR",
          "one transaction Bundle for each patient, and 000000.json"
          " with what they share",
          .text = &bundles },
        { "practice", OPTION_FLAG, NULL,
          "visits to a small practice (as hale demo shows) instead"
          " of life-long records",
          .flag = &practice },
    };
    const Usage usage = {
        .command = "generate",
        .summary = "Writes records of invented patients, always the same for the same numbers.",
        .options = options,
        .option_count = COUNT(options),
    };
    Words words;
    int   status;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    if ((lines.len == 0) == (bundles.len == 0))
        return usage_wrong("say either --ndjson FILE or --bundles DIR");
    if (practice && bundles.len)
        return usage_wrong("--practice can only be written with --ndjson");
    if (practice)
        g.options.shape = SYNTHETIC_PRACTICE;
    g.arena = arena_create((size_t)1 << 30);
    status = lines.len ? write_lines(&g, lines) : write_bundles(&g, bundles);
    arena_destroy(g.arena);
    return status;
}
