/* Reading a command's options, its help, and complaints: see options.h. */
#include "cli/options.h"

#include <stdio.h>

#include "base/ensure.h"

/* One option while it is read. */
typedef struct Reading {
    const Usage *usage;
    bool         seen[64]; /* by place in usage->options */
} Reading;

static bool complain(const Usage *usage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Always false, so that the reader can return it. */
static bool complain(const Usage *usage, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "hale %s: ", usage->command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, " (see hale %s --help)\n", usage->command);
    return false;
}

static void print_help(const Usage *usage)
{
    printf("usage: hale %s", usage->command);
    for (size_t i = 0; i < usage->option_count; i++) {
        const Option *o = &usage->options[i];

        printf(o->required ? " --%s" : " [--%s", o->name);
        if (o->kind != OPTION_FLAG)
            printf(" %s", o->argument);
        if (!o->required)
            putchar(']');
    }
    if (usage->operands)
        printf(" %s", usage->operands);
    printf("\n\n%s\n\n", usage->summary);
    for (size_t i = 0; i < usage->option_count; i++) {
        const Option *o = &usage->options[i];
        int           width = printf("  --%s %s", o->name, o->argument ? o->argument : "");

        printf("%*s%s\n", width < 26 ? 26 - width : 1, "", o->help);
    }
    printf("  %-24s%s\n", "--help", "this");
    if (usage->more)
        printf("\n%s\n", usage->more);
}

static const Option *option_find(const Usage *usage, Str name)
{
    for (size_t i = 0; i < usage->option_count; i++)
        if (str_equal(name, str_from(usage->options[i].name)))
            return &usage->options[i];
    return NULL;
}

static bool put_value(const Usage *usage, const Option *o, Str value)
{
    uint64_t n;

    if (o->kind == OPTION_TEXT) {
        if (value.len == 0)
            return complain(usage, "--%s must not be empty", o->name);
        *o->text = value;
        return true;
    }
    if (!str_to_u64(value, &n))
        return complain(usage, "--%s must be a whole number, not \"%.*s\"", o->name,
                        STR_ARG(value));
    if (n < o->min || (o->max && n > o->max))
        return complain(usage, "--%s must be from %llu to %llu", o->name,
                        (unsigned long long)o->min, (unsigned long long)o->max);
    *o->number = n;
    return true;
}

/* Reads the option at argv[*at], and its value, which may be the next word. */
static bool read_option(Reading *r, char **argv, int argc, int *at)
{
    const Usage  *usage = r->usage;
    Str           word = str_skip(str_from(argv[*at]), 2), name = word, value = { 0 };
    bool          joined = str_cut(word, '=', &name, &value);
    const Option *o = option_find(usage, name);
    size_t        place;

    if (!o)
        return complain(usage, "there is no option --%.*s", STR_ARG(name));
    place = (size_t)(o - usage->options);
    if (r->seen[place])
        return complain(usage, "--%s is given twice", o->name);
    r->seen[place] = true;
    if (o->kind == OPTION_FLAG) {
        if (joined)
            return complain(usage, "--%s takes no value", o->name);
        *o->flag = true;
        return true;
    }
    if (!joined) {
        if (*at + 1 >= argc)
            return complain(usage, "--%s needs a value: --%s %s", o->name, o->name,
                            o->argument);
        value = str_from(argv[++*at]);
    }
    return put_value(usage, o, value);
}

static bool read_words(Reading *r, int argc, char **argv, Words *words)
{
    size_t count = 0;
    bool   only_operands = false;

    for (int i = 1; i < argc; i++) {
        char *word = argv[i];

        if (!only_operands && strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && strncmp(word, "--", 2) == 0) {
            if (!read_option(r, argv, argc, &i))
                return false;
        } else if (!only_operands && word[0] == '-' && word[1]) {
            return complain(r->usage, "there is no option %s", word);
        } else {
            argv[1 + count++] = word; /* never ahead of i */
        }
    }
    *words = (Words){ argv + 1, count };
    return true;
}

static bool check_complete(const Reading *r, const Words *words)
{
    const Usage *usage = r->usage;

    for (size_t i = 0; i < usage->option_count; i++) {
        const Option *o = &usage->options[i];

        if (o->required && !r->seen[i])
            return complain(usage, "--%s %s is missing", o->name, o->argument);
    }
    if (words->count < usage->operands_min)
        return complain(usage, "%s is missing", usage->operands);
    if (words->count > usage->operands_max)
        return complain(usage, "\"%s\" is one word too many", words->at[usage->operands_max]);
    return true;
}

bool options_read(const Usage *usage, int argc, char **argv, Words *words, int *status)
{
    Reading r = { .usage = usage };

    ENSURE(usage->option_count <= COUNT(r.seen));
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(usage);
            *status = EXIT_FINE;
            return false;
        }
    }
    *status = EXIT_USAGE;
    return read_words(&r, argc, argv, words) && check_complete(&r, words);
}

int options_complain(const char *command, const Call *c, Fail result)
{
    if (c->issue_count == 0)
        fprintf(stderr, "hale %s: failed (%d)\n", command, (int)result);
    for (uint32_t i = 0; i < c->issue_count; i++) {
        const Issue *issue = &c->issues[i];

        fprintf(stderr, "hale %s: ", command);
        if (issue->line)
            fprintf(stderr, "line %u, column %u: ", issue->line, issue->column);
        fprintf(stderr, "%.*s\n", STR_ARG(issue->text));
    }
    return EXIT_FAILED;
}
