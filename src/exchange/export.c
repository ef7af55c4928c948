/* Writing a record into a folder of open formats: see export.h. */
#include "exchange/export.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "codec/digest.h"
#include "exchange/export_text.h"
#include "interaction/interaction.h"

enum { PROGRESS_MS = 200, PATH_BYTES = 4096, WRITE_BUFFER_BYTES = 64 * 1024 };

/* One file that is being written. */
typedef struct Sheet {
    Str      name; /* below the folder */
    FILE    *out;
    Digest  *digest;
    uint64_t lines, bytes;
} Sheet;

typedef struct Exporting {
    Call                *c;     /* of the caller; its arena keeps what lasts */
    Call                 small; /* for one version at a time */
    Session             *session, *second;
    const ExportOptions *options;
    Permit               permit;
    uint64_t             newest, told_ms;
    Sheet                history, audit;
    Sheet                types[RESOURCE_TYPES + 1];
    ExportFacts          facts;
    Fail                 result;
} Exporting;

/* ---- files ---- */

static Fail write_failed(Exporting *e, Str name)
{
    int  reason = errno;
    Fail kind = reason == ENOSPC || reason == EDQUOT ? FAIL_DISK_FULL : FAIL_SYSTEM;

    return fail(e->c, kind, name, "cannot write %s/%.*s: %s", e->options->folder, STR_ARG(name),
                strerror(reason));
}

static const char *path_of(Arena *a, const Exporting *e, Str name)
{
    return arena_c_string(a, arena_printf(a, "%s/%.*s", e->options->folder, STR_ARG(name)));
}

static void close_file(void *context)
{
    Sheet *sheet = context;

    if (sheet->out)
        fclose(sheet->out);
    sheet->out = NULL;
}

static Fail sheet_open(Exporting *e, Sheet *sheet, Str name)
{
    Arena *a = e->c->arena;

    *sheet = (Sheet){ .name = name, .out = fopen(path_of(a, e, name), "wx") };
    if (!sheet->out)
        return write_failed(e, name);
    arena_defer(a, close_file, sheet);
    setvbuf(sheet->out, NULL, _IOFBF, WRITE_BUFFER_BYTES);
    sheet->digest = digest_new(a);
    return OK;
}

static Fail sheet_put(Exporting *e, Sheet *sheet, Str line)
{
    fwrite(line.at, 1, line.len, sheet->out);
    fputc('\n', sheet->out);
    if (ferror(sheet->out))
        return write_failed(e, sheet->name);
    digest_add(sheet->digest, line);
    digest_add(sheet->digest, STR("\n"));
    sheet->lines++;
    sheet->bytes += line.len + 1;
    e->facts.bytes += line.len + 1;
    return OK;
}

/* Durable before the manifest says that it is there. */
static Fail sheet_close(Exporting *e, Sheet *sheet)
{
    FILE *out = sheet->out;

    if (!out)
        return OK;
    sheet->out = NULL;
    if (fflush(out) != 0 || fsync(fileno(out)) != 0) {
        Fail result = write_failed(e, sheet->name);

        fclose(out);
        return result;
    }
    return fclose(out) == 0 ? OK : write_failed(e, sheet->name);
}

static bool is_empty(DIR *folder)
{
    struct dirent *entry;

    while ((entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return false;
    return true;
}

static Fail make_folder(Exporting *e)
{
    const char *path = e->options->folder;
    DIR        *folder;
    bool        empty;

    if (mkdir(path, 0700) != 0) {
        if (errno != EEXIST)
            return fail(e->c, FAIL_SYSTEM, str_from(path), "cannot make %s: %s", path,
                        strerror(errno));
        folder = opendir(path);
        if (!folder)
            return fail(e->c, FAIL_CONFLICT, str_from(path), "%s is no folder to write in",
                        path);
        empty = is_empty(folder);
        closedir(folder);
        if (!empty)
            return fail(e->c, FAIL_CONFLICT, str_from(path),
                        "%s is not empty: name a new folder", path);
    }
    if (mkdir(path_of(e->c->arena, e, STR("resources")), 0700) != 0)
        return write_failed(e, STR("resources"));
    TRY(sheet_open(e, &e->history, STR(EXPORT_HISTORY)));
    return sheet_open(e, &e->audit, STR(EXPORT_AUDIT));
}

/* ---- versions ---- */

static Fail put_current(Exporting *e, const Version *v)
{
    Sheet  *sheet = &e->types[v->type];
    Version current;

    TRY(store_read(&e->small, e->second, &e->permit, v->type, v->id, &current));
    if (current.version != v->version)
        return OK;
    if (!sheet->name.len) {
        Str type = type_name(v->type);

        TRY(sheet_open(e, sheet,
                       arena_printf(e->c->arena, "resources/%.*s.ndjson", STR_ARG(type))));
    }
    e->facts.resources++;
    return sheet_put(e, sheet, v->body);
}

static void tell_progress(Exporting *e)
{
    uint64_t ms = clock_monotonic_ms();

    if (e->options->progress && ms - e->told_ms >= PROGRESS_MS) {
        e->told_ms = ms;
        e->options->progress(e->options->context, &e->facts, e->newest);
    }
}

static Fail put_version(Exporting *e, const Version *v)
{
    TRY(sheet_put(e, &e->history, export_version_line(e->small.arena, v)));
    e->facts.versions++;
    return v->deleted ? OK : put_current(e, v);
}

static bool take_version(void *context, const Version *v)
{
    Exporting *e = context;
    ArenaMark  mark = arena_mark(e->small.arena);

    e->result = put_version(e, v);
    if (e->result == OK)
        arena_rewind(e->small.arena, mark);
    tell_progress(e);
    return e->result == OK;
}

/* ---- audit ---- */

static bool take_record(void *context, const AuditRecord *record, uint64_t place)
{
    Exporting *e = context;
    ArenaMark  mark = arena_mark(e->small.arena);

    (void)place;
    if (e->options->patient.len && !str_equal(e->options->patient, record->patient))
        return true;
    e->result = sheet_put(e, &e->audit, export_audit_line(e->small.arena, record));
    e->facts.audit_records++;
    arena_rewind(e->small.arena, mark);
    return e->result == OK;
}

/* ---- the description ---- */

static void put_sheet(Buf *out, const Sheet *sheet, bool first)
{
    uint8_t hash[SHA256_BYTES];

    digest_end(sheet->digest, hash);
    buf_printf(out,
               "%s\n    {\"name\": \"%.*s\", \"lines\": %llu, \"bytes\": %llu, \"sha256\": \"",
               first ? "" : ",", STR_ARG(sheet->name), (unsigned long long)sheet->lines,
               (unsigned long long)sheet->bytes);
    for (size_t i = 0; i < SHA256_BYTES; i++)
        buf_printf(out, "%02x", hash[i]);
    buf_put(out, STR("\"}"));
}

static Fail write_text(Exporting *e, Str name, Str text)
{
    Sheet sheet;
    Fail  result;

    TRY(sheet_open(e, &sheet, name));
    fwrite(text.at, 1, text.len, sheet.out);
    result = ferror(sheet.out) ? write_failed(e, name) : sheet_close(e, &sheet);
    close_file(&sheet);
    return result;
}

static Fail describe(Exporting *e)
{
    Buf  manifest = buf_new(e->c->arena, 16384);
    char made[INSTANT_CHARS + 1];

    moment_format_instant(e->c->now_us, made);
    buf_printf(&manifest,
               "{\n  \"format\": \"" EXPORT_FORMAT "\",\n  \"version\": %d,\n"
               "  \"hale\": \"" HALE_VERSION "\",\n  \"made\": \"%s\",\n  \"patient\": ",
               EXPORT_FORMAT_VERSION, made);
    if (e->options->patient.len)
        buf_put_json_string(&manifest, e->options->patient);
    else
        buf_put(&manifest, STR("null"));
    buf_printf(&manifest,
               ",\n  \"resources\": %llu,\n  \"versions\": %llu,\n  \"audit_records\": %llu,\n"
               "  \"files\": [",
               (unsigned long long)e->facts.resources, (unsigned long long)e->facts.versions,
               (unsigned long long)e->facts.audit_records);
    put_sheet(&manifest, &e->history, true);
    put_sheet(&manifest, &e->audit, false);
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (e->types[type].name.len)
            put_sheet(&manifest, &e->types[type], false);
    buf_put(&manifest, STR("\n  ]\n}\n"));
    TRY(write_text(e, STR("README.md"), export_readme));
    return write_text(e, STR(EXPORT_MANIFEST), buf_str(&manifest));
}

/* ---- all of it ---- */

/* The permit for everything, or for one patient's record. */
static Fail find_permit(Exporting *e, const Principal *owner)
{
    Call     *c = e->c;
    Principal bound = *owner;
    Version   patient;

    TRY(access_permit(c, owner, DEED_READ, 0, &e->permit));
    if (e->options->patient.len == 0)
        return OK;
    if (store_read(c, e->session, &e->permit, TYPE_PATIENT, e->options->patient, &patient) != OK
        || patient.deleted) {
        call_forget_issues(c, 0);
        return fail(c, FAIL_NOT_FOUND, e->options->patient, "there is no Patient/%.*s",
                    STR_ARG(e->options->patient));
    }
    TRY(scopes_read(c, STR("patient/*.rs"), e->options->patient, &bound));
    bound.kind = owner->kind;
    bound.practice = owner->practice;
    return access_permit(c, &bound, DEED_READ, 0, &e->permit);
}

static Fail write_all(Exporting *e)
{
    Call *c = e->c;

    e->result = OK;
    TRY(store_each_version(c, e->session, &e->permit, 0, take_version, e));
    if (e->result != OK && c->issue_count == 0 && e->small.issue_count)
        return fail(c, e->result, (Str){ 0 }, "%.*s", STR_ARG(e->small.issues[0].text));
    TRY(e->result);
    TRY(store_audit_read(c, e->session, 0, take_record, e));
    TRY(e->result);
    TRY(sheet_close(e, &e->history));
    TRY(sheet_close(e, &e->audit));
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        TRY(sheet_close(e, &e->types[type]));
    return describe(e);
}

static void release_session(void *context)
{
    session_close(context);
}

static void release_arena(void *context)
{
    arena_destroy(context);
}

static Fail note_in_audit(Call *c, Store *s, const Principal *owner, const Exporting *e)
{
    AuditRecord record = {
        .at_us = clock_wall_us(),
        .grant = owner->grant,
        .interaction = INTERACTION_EXPORT,
        .outcome = AUDIT_DONE,
        .status = 200,
        .request_id = str_from(c->request_id),
        .patient = e->options->patient,
        .rows = (uint32_t)e->facts.versions,
    };

    return store_audit(c, s, &record, 1);
}

Fail export_folder(Call *c, Store *s, const Principal *owner, const ExportOptions *options,
                   ExportFacts *out)
{
    Exporting *e = NEW(c->arena, Exporting);
    Arena     *small = arena_create(LIMIT_CALL_BYTES);

    arena_defer(c->arena, release_arena, small);
    e->c = c;
    e->options = options;
    e->newest = store_newest_seq(s);
    call_begin(&e->small, small);
    e->small.deadline_ms = 0;
    TRY(session_open(c, s, &e->session));
    arena_defer(c->arena, release_session, e->session);
    TRY(session_open(c, s, &e->second));
    arena_defer(c->arena, release_session, e->second);
    TRY(find_permit(e, owner));
    TRY(make_folder(e));
    TRY(note_in_audit(c, s, owner, e));
    TRY(write_all(e));
    *out = e->facts;
    return OK;
}
