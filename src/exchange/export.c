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

enum {
    PLACES_A_PAGE = 1000,
    PROGRESS_MS = 200,
    PATH_BYTES = 4096,
    WRITE_BUFFER_BYTES = 64 * 1024
};

/* One file that is being written. */
typedef struct Sheet {
    Str      name; /* below the folder */
    FILE    *out;
    Digest  *digest;
    uint64_t lines, bytes;
} Sheet;

typedef struct Exporting {
    Call                *c; /* of the caller; the store rewinds its arena between versions */
    Call                 small;   /* for one version at a time, and what went wrong */
    Arena               *lasting; /* as long as the export */
    Session             *session, *second;
    const ExportOptions *options;
    Permit               permit;
    uint64_t             newest, told_ms;
    Sheet                history, audit, grants;
    const GrantNames    *names;
    Sheet                types[RESOURCE_TYPES + 1];
    ExportFacts          facts;
    Fail                 result;
} Exporting;

/* ---- files ---- */

static Fail write_failed(Exporting *e, Str name)
{
    int  reason = errno;
    Fail kind = reason == ENOSPC || reason == EDQUOT ? FAIL_DISK_FULL : FAIL_SYSTEM;

    return fail(&e->small, kind, name, "cannot write %s/%.*s: %s", e->options->folder,
                STR_ARG(name), strerror(reason));
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
    Arena *a = e->lasting;

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
            return fail(&e->small, FAIL_SYSTEM, str_from(path), "cannot make %s: %s", path,
                        strerror(errno));
        folder = opendir(path);
        if (!folder)
            return fail(&e->small, FAIL_CONFLICT, str_from(path), "%s is no folder to write in",
                        path);
        empty = is_empty(folder);
        closedir(folder);
        if (!empty)
            return fail(&e->small, FAIL_CONFLICT, str_from(path),
                        "%s is not empty: name a new folder", path);
    }
    if (mkdir(path_of(e->lasting, e, STR("resources")), 0700) != 0)
        return write_failed(e, STR("resources"));
    TRY(sheet_open(e, &e->history, STR(EXPORT_HISTORY)));
    TRY(sheet_open(e, &e->grants, STR(EXPORT_GRANTS)));
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
                       arena_printf(e->lasting, "resources/%.*s.ndjson", STR_ARG(type))));
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

/* ---- one patient's versions ---- */

typedef struct Place Place;
struct Place {
    TypeId   type;
    Str      id;
    uint64_t version;
    Place   *next;
};

/* The record of one patient has a history that is told newest first: here in the order of the
 * changes. */
static Fail gather_places(Exporting *e, Place **out)
{
    Call        *c = e->c;
    HistoryQuery query = { .count = PLACES_A_PAGE };
    VersionPage  page;

    *out = NULL;
    do {
        ArenaMark mark = arena_mark(c->arena);

        TRY(store_history(c, e->session, &e->permit, &query, &page));
        for (size_t i = 0; i < page.count; i++) {
            Place *place = NEW(e->lasting, Place);

            *place = (Place){ .type = page.versions[i].type,
                              .id = arena_str(e->lasting, page.versions[i].id),
                              .version = page.versions[i].version,
                              .next = *out };
            *out = place;
            query.before_seq = page.versions[i].seq;
        }
        query.pinned_seq = page.pinned_seq;
        arena_rewind(c->arena, mark);
    } while (page.more);
    return OK;
}

static Fail each_of_patient(Exporting *e)
{
    Call  *c = e->c;
    Place *place;

    TRY(gather_places(e, &place));
    for (; place; place = place->next) {
        ArenaMark mark = arena_mark(c->arena);
        Version   v;

        TRY(store_vread(c, e->session, &e->permit, place->type, place->id, place->version, &v));
        if (!take_version(e, &v))
            return e->result;
        arena_rewind(c->arena, mark);
    }
    return OK;
}

/* ---- audit ---- */

static bool take_record(void *context, const AuditRecord *record, uint64_t place)
{
    Exporting  *e = context;
    ArenaMark   mark = arena_mark(e->small.arena);
    Str         patient = e->options->patient;
    AuditRecord told = patient.len ? audit_for_patient(record, patient) : *record;

    (void)place;
    if (patient.len && !audit_concerns(record, patient))
        return true;
    e->result = sheet_put(e, &e->audit, export_audit_line(e->small.arena, e->names, &told));
    e->facts.audit_records++;
    arena_rewind(e->small.arena, mark);
    return e->result == OK;
}

static bool take_grant(void *context, const Grant *grant)
{
    Exporting *e = context;
    ArenaMark  mark = arena_mark(e->small.arena);

    e->result = sheet_put(e, &e->grants, export_grant_line(e->small.arena, grant));
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
    Sheet *sheet = NEW(e->lasting, Sheet);

    TRY(sheet_open(e, sheet, name));
    fwrite(text.at, 1, text.len, sheet->out);
    return ferror(sheet->out) ? write_failed(e, name) : sheet_close(e, sheet);
}

static Fail describe(Exporting *e)
{
    Buf  manifest = buf_new(e->lasting, 16384);
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
    put_sheet(&manifest, &e->grants, false);
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

    if (e->options->patient.len)
        TRY(each_of_patient(e));
    else
        TRY(store_each_version(c, e->session, &e->permit, 0, take_version, e));
    TRY(e->result);
    TRY(grant_names_load(c, e->session, e->lasting, &e->names));
    TRY(store_audit_read(c, e->session, 0, take_record, e));
    TRY(e->result);
    if (e->options->patient.len == 0)
        TRY(store_grant_each(c, e->session, take_grant, e));
    TRY(e->result);
    TRY(sheet_close(e, &e->history));
    TRY(sheet_close(e, &e->audit));
    TRY(sheet_close(e, &e->grants));
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        TRY(sheet_close(e, &e->types[type]));
    return describe(e);
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
    };

    return store_audit(c, s, &record, 1);
}

static Fail export_with_sessions(Exporting *e, Store *s, const Principal *owner)
{
    Call *c = e->c;
    Fail  result;

    TRY(find_permit(e, owner));
    result = make_folder(e);
    if (result == OK)
        result = note_in_audit(c, s, owner, e);
    if (result == OK)
        result = write_all(e);
    for (uint32_t i = 0; i < e->small.issue_count; i++)
        fail(c, result, e->small.issues[i].expression, "%.*s",
             STR_ARG(e->small.issues[i].text));
    return result;
}

Fail export_folder(Call *c, Store *s, const Principal *owner, const ExportOptions *options,
                   ExportFacts *out)
{
    Exporting *e = NEW(c->arena, Exporting);
    Fail       result;

    e->c = c;
    e->options = options;
    e->newest = store_newest_seq(s);
    e->lasting = arena_create(LIMIT_CALL_BYTES);
    call_begin(&e->small, arena_create(LIMIT_CALL_BYTES));
    e->small.deadline_ms = 0;
    result = session_open(c, s, &e->session);
    if (result == OK)
        result = session_open(c, s, &e->second);
    if (result == OK)
        result = export_with_sessions(e, s, owner);
    if (e->second)
        session_close(e->second);
    if (e->session)
        session_close(e->session);
    arena_destroy(e->lasting);
    arena_destroy(e->small.arena);
    *out = e->facts;
    return result;
}
