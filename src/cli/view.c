/* hale view: the rows of a ViewDefinition (SQL on FHIR v2), from a data folder or from files. */
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "exchange/source.h"
#include "fhir/outcome.h"
#include "interaction/view.h"

typedef struct Viewing {
    Words    words;
    Str      folder, format;
    bool     bare;
    Arena   *text_arena;
    ViewText text;
    Buf      out;
} Viewing;

static Fail flush_rows(void *context, ViewText *text)
{
    (void)context;
    fwrite(text->out->at, 1, text->out->len, stdout);
    text->out->len = 0;
    return OK;
}

static Fail compile(Call *c, Viewing *v)
{
    Str  bytes;
    Json json;

    v->text.format = view_format_find(v->format.len ? v->format : STR("ndjson"));
    if (v->text.format == VIEW_FORMATS)
        return fail(c, FAIL_VALUE, STR("--format"), "rows are given as csv, ndjson or json");
    TRY(file_read(c, v->words.at[0], &bytes));
    TRY(json_parse(c, bytes, LIMIT_JSON_NODES, &json));
    TRY(view_compile(c, &json, 0, &v->text.plan));
    v->out = buf_new(v->text_arena, 256 * 1024);
    v->text.out = &v->out;
    return OK;
}

/* ---- files ---- */

static Fail rows_of_file(Call *c, Viewing *v, const char *name)
{
    Source  *source;
    Document document;
    bool     more = true;
    Fail     result = OK;

    TRY(source_open(c, name, &source));
    while (result == OK) {
        ArenaMark mark = arena_mark(c->arena);

        result = source_next(c, source, &document, &more);
        if (result != OK || !more)
            break;
        result = document.too_long
                     ? fail_at(c, FAIL_TOO_LARGE, str_from(name), (uint32_t)document.line, 0,
                               "this resource is too long")
                     : view_text_resource(c, &v->text, document.text);
        if (result != OK)
            break;
        flush_rows(NULL, &v->text);
        arena_rewind(c->arena, mark);
    }
    source_close(source);
    return result;
}

static Fail rows_of_files(Call *c, Viewing *v)
{
    if (setjmp(*arena_boundary(c->arena)) || setjmp(*arena_boundary(v->text_arena)))
        return FAIL_TOO_COSTLY;
    c->issues = NEW_ARRAY(c->arena, Issue, LIMIT_ISSUES); /* in front of what is given back */
    TRY(compile(c, v));
    view_text_begin(&v->text, !v->bare);
    for (size_t i = 1; i < v->words.count; i++)
        TRY(rows_of_file(c, v, v->words.at[i]));
    view_text_end(&v->text);
    return flush_rows(NULL, &v->text);
}

static int view_files(Viewing *v)
{
    Arena *arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    Call   call;
    Fail   result;
    int    status;

    call_begin(&call, arena);
    call.deadline_ms = 0;
    result = rows_of_files(&call, v);
    status = result == OK ? EXIT_FINE : options_complain("view", &call, result);
    arena_destroy(arena);
    return status;
}

/* ---- a data folder ---- */

static Fail note_in_audit(Call *c, Store *s, const Principal *owner, const Answer *answer,
                          Fail result)
{
    AuditRecord record = {
        .at_us = clock_wall_us(),
        .grant = owner->grant,
        .interaction = INTERACTION_VIEW,
        .outcome = result == OK ? AUDIT_DONE : AUDIT_FAILED,
        .status = (uint16_t)(result == OK ? 200 : outcome_status(result)),
        .request_id = str_from(c->request_id),
        .others = patients_list(&answer->patients),
        .rows = answer->rows,
    };

    return store_audit(c, s, &record, 1);
}

static Fail rows_of_store(Call *c, Store *store, Viewing *v, Session *s)
{
    Principal owner = principal_owner();
    Answer    answer = { 0 };
    Fail      result, noted;

    TRY(compile(c, v));
    view_text_begin(&v->text, !v->bare);
    result = view_run(c, s, &owner, &v->text, &answer, flush_rows, NULL);
    noted = note_in_audit(c, store, &owner, &answer, result); /* earlier rows have gone out */
    TRY(result);
    TRY(noted);
    view_text_end(&v->text);
    return flush_rows(NULL, &v->text);
}

static Fail rows_within(Call *c, Store *store, Viewing *v, Session *s)
{
    if (setjmp(*arena_boundary(c->arena)) || setjmp(*arena_boundary(v->text_arena)))
        return FAIL_TOO_COSTLY;
    return rows_of_store(c, store, v, s);
}

static int view_store(Call *c, Store *store, void *context)
{
    Session *s;
    Fail     result = session_open(c, store, &s);

    if (result == OK) {
        result = rows_within(c, store, context, s);
        session_close(s);
    }
    return result == OK ? EXIT_FINE : options_complain("view", c, result);
}

int command_view(int argc, char **argv)
{
    Viewing   v = { 0 };
    FolderJob job = { .command = "view", .work = view_store, .context = &v };

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder whose resources are looked through",
          .text = &v.folder },
        { "format", OPTION_TEXT, "NAME", "csv, json, or ndjson (if nothing is said)",
          .text = &v.format },
        { "no-header", OPTION_FLAG, NULL, "no names in front of CSV", .flag = &v.bare },
    };
    const Usage usage = {
        .command = "view",
        .summary =
            "hale view VIEW --data DIR, hale view VIEW FILE…: prints the rows that a "
            "ViewDefinition (SQL on FHIR v2) makes of the resources in a data folder, or "
            "in files of JSON or NDJSON.",
        .operands = "VIEW [FILE…]",
        .operands_min = 1,
        .operands_max = SIZE_MAX,
        .options = options,
        .option_count = COUNT(options),
        .more = "The rows are not encrypted. No server may have the data folder open; a server "
                "gives rows by $viewdefinition-run.",
    };
    int status;

    if (!options_read(&usage, argc, argv, &v.words, &status))
        return status;
    job.folder = v.folder;
    if ((v.folder.len > 0) == (v.words.count > 1)) {
        fprintf(stderr, "hale view: name either a data folder or files of resources\n");
        return EXIT_USAGE;
    }
    v.text_arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    status = v.folder.len ? folder_run(&job) : view_files(&v);
    arena_destroy(v.text_arena);
    return fflush(stdout) == 0 ? status : EXIT_FAILED;
}
