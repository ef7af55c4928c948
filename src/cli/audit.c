/* hale audit: who saw and changed what, and whether that is still what was written. */
#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "codec/json.h"
#include "exchange/audit_desk.h"

enum { WITNESS_BYTES_MAX = 64 * 1024 };

static bool print_line(void *context, Str line)
{
    (void)context;
    fwrite(line.at, 1, line.len, stdout);
    putchar('\n');
    return !ferror(stdout);
}

static int ask_store(Call *c, Store *store, void *context)
{
    int  status;
    Fail result = audit_answer(c, store, context, print_line, NULL, &status);

    if (result != OK)
        return options_complain("audit", c, result);
    return fflush(stdout) == 0 ? status : EXIT_FAILED;
}

static Str asked_as_json(Call *c, const AuditAsked *asked)
{
    Buf b = buf_new(c->arena, 256);

    for (size_t i = 0; i < audit_field_count; i++) {
        const char *at = (const char *)asked + audit_fields[i].at;

        buf_printf(&b, "%s\"%s\":", i ? "," : "{", audit_fields[i].name);
        buf_put_json_string(&b, *(const Str *)(const void *)at);
    }
    buf_put_char(&b, '}');
    return buf_str(&b);
}

static int ask_server(Call *c, const FolderJob *job)
{
    Json     json;
    Str      answer, text;
    uint64_t ended;
    int      status = folder_ask_server(c, job, "POST", "/owner/audit",
                                        asked_as_json(c, job->context), &answer);

    if (status != EXIT_FINE)
        return status;
    if (json_parse(c, answer, LIMIT_JSON_NODES, &json) != OK
        || !str_to_u64(json.values[json_member(&json, 0, STR("status"))].text, &ended)) {
        fprintf(stderr, "hale audit: the server's answer cannot be read\n");
        return EXIT_FAILED;
    }
    text = json_member_text(&json, 0, STR("text"));
    fwrite(text.at, 1, text.len, stdout);
    return fflush(stdout) == 0 ? (int)ended : EXIT_FAILED;
}

/* The checkpoint in a file; complains by itself. */
static bool read_witness(Str path, char bytes[WITNESS_BYTES_MAX], Str *out)
{
    FILE *f;

    *out = (Str){ 0 };
    if (!path.len)
        return true;
    f = fopen(path.at, "re"); /* a word of the command line: it ends with NUL */
    if (f) {
        *out = (Str){ bytes, fread(bytes, 1, WITNESS_BYTES_MAX, f) };
        fclose(f);
    }
    if (f && out->len)
        return true;
    fprintf(stderr, "hale audit: %s %s\n", path.at,
            f ? "is empty: it should be a checkpoint" : strerror(errno));
    return false;
}

static void put_help(char *out, size_t room)
{
    size_t len = 0;

    for (const AuditCommand *command = audit_commands; command->name && len < room; command++)
        len += (size_t)snprintf(out + len, room - len, "  %-10s  %s\n", command->name,
                                command->help);
}

int command_audit(int argc, char **argv)
{
    static char witness_bytes[WITNESS_BYTES_MAX], help[2048];
    AuditAsked  asked = { 0 };
    Str         witness = { 0 };
    FolderJob   job = {
          .command = "audit", .work = ask_store, .through_server = ask_server, .context = &asked
    };
    Words words;
    int   status;
    bool  cross = false;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true,
          .text = &job.folder },
        { "patient", OPTION_TEXT, "ID", "report: only what concerned this patient's record",
          .text = &asked.patient },
        { "user", OPTION_TEXT, "WHO", "report: only what the holder of this token did",
          .text = &asked.name },
        { "from", OPTION_TEXT, "DATE", "report: from this day or time on",
          .text = &asked.from },
        { "to", OPTION_TEXT, "DATE", "report: until this day or time, to its end",
          .text = &asked.until },
        { "sort", OPTION_TEXT, "FIELD",
          "report: by any member of its lines; -FIELD the other way round",
          .text = &asked.sort },
        { "record", OPTION_TEXT, "N", "prove: the record's number", .text = &asked.record },
        { "witness", OPTION_TEXT, "FILE", "verify: a checkpoint that was kept elsewhere",
          .text = &witness },
        { "cross", OPTION_FLAG, NULL,
          "verify: also that each change has its record, and the other"
          " way round",
          .flag = &cross },
    };
    const Usage usage = {
        .command = "audit",
        .summary = "Shows the audit log, and whether it is still what was written.",
        .operands = "report|verify|checkpoint|prove|key",
        .operands_min = 1,
        .operands_max = 1,
        .options = options,
        .option_count = COUNT(options),
        .more = help,
    };

    put_help(help, sizeof help);
    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    asked.command = str_from(words.at[0]);
    asked.cross = cross ? STR("yes") : (Str){ 0 };
    if (!read_witness(witness, witness_bytes, &asked.witness))
        return EXIT_FAILED;
    return folder_run(&job);
}
