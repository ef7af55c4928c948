/* hale path: what a FHIRPath expression finds in a resource. */
#include "fhir/fhirpath.h"

#include <stdio.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/options.h"
#include "fhir/xml_read.h"

typedef struct Looking {
    Str  expression;
    bool typed, strict;
} Looking;

static void put_value(Call *c, Buf *out, const Looking *l, PathValue value)
{
    Str where = path_where(c, value);

    if (!l->typed) {
        path_put_json(c, out, value);
        return;
    }
    buf_put(out, STR("{\"type\":"));
    buf_put_json_string(out, path_type_name(value));
    if (where.len) {
        buf_put(out, STR(",\"path\":"));
        buf_put_json_string(out, where);
    }
    buf_put(out, STR(",\"value\":"));
    path_put_json(c, out, value);
    buf_put(out, STR(",\"text\":"));
    buf_put_json_string(out, path_text(c, value));
    buf_put_char(out, '}');
}

static void print_results(Call *c, const Looking *l, PathValues found)
{
    Buf out = buf_new(c->arena, 1024);

    buf_put_char(&out, '[');
    for (uint32_t i = 0; i < found.count; i++) {
        if (i)
            buf_put_char(&out, ',');
        put_value(c, &out, l, found.at[i]);
    }
    buf_put(&out, STR("]\n"));
    fwrite(out.at, 1, out.len, stdout);
}

static void print_traces(Call *c, const PathTrace *trace)
{
    for (; trace; trace = trace->next) {
        Buf out = buf_new(c->arena, 128);

        for (uint32_t i = 0; i < trace->values.count; i++) {
            buf_put_char(&out, ' ');
            path_put_json(c, &out, trace->values.at[i]);
        }
        fprintf(stderr, "%.*s:%.*s\n", STR_ARG(trace->name), STR_ARG(buf_str(&out)));
    }
}

static Fail look(Call *c, const Looking *l, const char *name)
{
    ReadOptions        options = { .values_max = LIMIT_BUNDLE_NODES, .trusted = true };
    const PathProgram *program;
    PathContext        context = { .strict = l->strict };
    Resource           resource;
    PathValue          focus;
    PathValues         found;
    Str                bytes;

    TRY(path_compile(c, c->arena, l->expression, &program));
    TRY(file_read(c, name, &bytes));
    if (file_is_xml(bytes))
        TRY(xml_read_resource(c, bytes, LIMIT_BUNDLE_NODES, &bytes));
    TRY(resource_read(c, bytes, &options, &resource));
    focus = context.resource = context.root_resource = path_node(resource.tree, 0);
    TRY(path_run(c, program, &context, (PathValues){ &focus, 1 }, &found));
    print_traces(c, context.traces);
    print_results(c, l, found);
    return OK;
}

static Fail look_within(Call *c, const Looking *l, const char *name)
{
    if (setjmp(*arena_boundary(c->arena)))
        return FAIL_TOO_COSTLY;
    return look(c, l, name);
}

int command_path(int argc, char **argv)
{
    Looking      l = { 0 };
    const Option options[] = {
        { "typed", OPTION_FLAG, NULL, "say of each result its type, place, value and text",
          .flag = &l.typed },
        { "strict", OPTION_FLAG, NULL, "refuse elements that a type does not have",
          .flag = &l.strict },
    };
    const Usage usage = {
        .command = "path",
        .summary =
            "hale path EXPRESSION FILE: prints what a FHIRPath expression finds in a "
            "resource (JSON or XML), as a JSON array; '-' reads standard input. What trace() is given "
            "goes to standard error.",
        .operands = "EXPRESSION FILE",
        .operands_min = 2,
        .operands_max = 2,
        .options = options,
        .option_count = COUNT(options),
    };
    Arena *arena;
    Call   call;
    Words  words;
    int    status;
    Fail   result;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    call_begin(&call, arena);
    l.expression = str_from(words.at[0]);
    result = look_within(&call, &l, words.at[1]);
    status = result == OK ? EXIT_FINE : options_complain("path", &call, result);
    arena_destroy(arena);
    return fflush(stdout) == 0 ? status : EXIT_FAILED;
}
