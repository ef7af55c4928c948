/* Telling what could not be imported, and keeping it for another try. */
#include <errno.h>
#include <stdio.h>

#include "exchange/importer.h"

enum { ISSUES_TOLD = 3, PLACE_BYTES = 512 };

/* The text as one line. Newlines in valid JSON are only ever between values. */
static void write_line(FILE *out, Str text)
{
    Str line;

    while (str_next(&text, '\n', &line)) {
        if (str_ends(line, STR("\r")))
            line.len--;
        fwrite(line.at, 1, line.len, out);
        if (text.at)
            fputc(' ', out);
    }
    fputc('\n', out);
}

static void keep(const Importer *im, Input *input, Str text)
{
    FILE *out = fopen(input->rejected, input->rejecting ? "a" : "w");
    bool  kept = out != NULL;

    if (out) {
        write_line(out, text);
        kept = !ferror(out);
        kept = fclose(out) == 0 && kept;
    }
    if (!kept && !input->rejecting)
        im->options->fault(im->options->context, str_from(input->rejected), (Str){ 0 },
                           str_from(strerror(errno)));
    input->rejecting = true;
}

void import_reject(Importer *im, const Call *c, uint32_t since, const Piece *piece, Str text)
{
    uint32_t told = 0;

    im->rejected++;
    pthread_mutex_lock(&im->fault_lock);
    for (uint32_t i = since; i < c->issue_count && told < ISSUES_TOLD; i++, told++) {
        const Issue *issue = &c->issues[i];
        uint64_t     line = piece->line + (issue->line ? issue->line - 1 : 0);
        char         place[PLACE_BYTES];
        int          len;

        if (issue->warning)
            continue;
        len = snprintf(place, sizeof place, "%s, line %llu", piece->input->name,
                       (unsigned long long)line);
        im->options->fault(im->options->context, str_slice(str_from(place), 0, (size_t)len),
                           issue->expression, issue->text);
    }
    if (text.len)
        keep(im, piece->input, text);
    pthread_mutex_unlock(&im->fault_lock);
}

void import_tell(Importer *im, const char *name, const Call *c)
{
    im->rejected++;
    pthread_mutex_lock(&im->fault_lock);
    for (uint32_t i = 0; i < c->issue_count; i++)
        im->options->fault(im->options->context, str_from(name), (Str){ 0 }, c->issues[i].text);
    pthread_mutex_unlock(&im->fault_lock);
}

Fail import_too_costly(Call *c)
{
    Arena *arena = c->arena;

    arena_forget_boundary(arena);
    arena_reset(arena);
    call_begin(c, arena);
    c->deadline_ms = 0;
    return fail(c, FAIL_TOO_COSTLY, (Str){ 0 }, "needs more memory than allowed");
}

Fail import_end(Importer *im, const Call *c, Fail result)
{
    pthread_mutex_lock(&im->fault_lock);
    if (!im->ended) {
        im->failure = result;
        if (c->issue_count)
            snprintf(im->failure_text, sizeof im->failure_text, "%.*s",
                     STR_ARG(c->issues[c->issue_count - 1].text));
        im->ended = true;
    }
    pthread_mutex_unlock(&im->fault_lock);
    return result;
}
