/* Making a record again from what `hale export` wrote: versions in their order, with their
 * numbers and times, then the audit. */
#include <stdio.h>

#include "base/limits.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "exchange/export.h"
#include "exchange/export_text.h"
#include "exchange/importer.h"
#include "exchange/source.h"
#include "fhir/draft.h"

enum {
    AUDIT_BATCH = 1000,
    LINE_ARENA_BYTES = LIMIT_BUNDLE_CALL_BYTES,
    PIECE_BYTES = 256 * 1024
};

static const char *path_of(Call *c, const char *folder, Str name)
{
    return arena_c_string(c->arena, arena_printf(c->arena, "%s/%.*s", folder, STR_ARG(name)));
}

/* ---- is it what was written? ---- */

static Fail read_manifest(Call *c, const char *folder, Json *out)
{
    const char *path = path_of(c, folder, STR(EXPORT_MANIFEST));
    FILE       *in = fopen(path, "r");
    char       *text;
    size_t      len;

    if (!in)
        return fail(c, FAIL_NOT_FOUND, str_from(folder),
                    "%s is a folder without " EXPORT_MANIFEST ": not a complete export",
                    folder);
    text = arena_alloc_raw(c->arena, PIECE_BYTES);
    len = fread(text, 1, PIECE_BYTES, in);
    fclose(in);
    TRY(json_parse(c, (Str){ text, len }, LIMIT_JSON_NODES, out));
    if (!str_equal(json_member_text(out, 0, STR("format")), STR(EXPORT_FORMAT)))
        return fail(c, FAIL_SYNTAX, str_from(path), "%s does not describe an export", path);
    return OK;
}

static Fail file_hash(Call *c, const char *path, char hex[2 * SHA256_BYTES + 1])
{
    ArenaMark mark = arena_mark(c->arena);
    FILE     *in = fopen(path, "r");
    Arena    *scratch;
    Digest   *digest;
    char     *piece;
    size_t    got;
    uint8_t   hash[SHA256_BYTES];

    if (!in)
        return fail(c, FAIL_NOT_FOUND, str_from(path), "cannot open %s", path);
    scratch = arena_create(LIMIT_CALL_BYTES);
    digest = digest_new(scratch);
    piece = arena_alloc_raw(scratch, PIECE_BYTES);
    while ((got = fread(piece, 1, PIECE_BYTES, in)) > 0)
        digest_add(digest, (Str){ piece, got });
    digest_end(digest, hash);
    arena_destroy(scratch);
    fclose(in);
    for (size_t i = 0; i < SHA256_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    arena_rewind(c->arena, mark);
    return OK;
}

/* The files that are read must be as the manifest says, bit for bit. */
static Fail check_files(Call *c, const char *folder, const Json *manifest)
{
    uint32_t files = json_member(manifest, 0, STR("files"));
    unsigned checked = 0;

    for (uint32_t i = files + 1; files && i < manifest->values[files].after;
         i = manifest->values[i].after) {
        Str         name = json_member_text(manifest, i, STR("name"));
        const char *path;
        char        hex[2 * SHA256_BYTES + 1];

        if (!str_equal(name, STR(EXPORT_HISTORY)) && !str_equal(name, STR(EXPORT_AUDIT))
            && !str_equal(name, STR(EXPORT_GRANTS)))
            continue;
        path = path_of(c, folder, name);
        TRY(file_hash(c, path, hex));
        if (!str_equal(str_from(hex), json_member_text(manifest, i, STR("sha256"))))
            return fail(c, FAIL_INVALID, str_from(path),
                        "%s is not as it was written: its SHA-256 differs from the manifest",
                        path);
        checked++;
    }
    if (checked < 3)
        return fail(c, FAIL_SYNTAX, str_from(folder), "the manifest of %s lacks files", folder);
    return OK;
}

/* ---- lines ---- */

typedef struct LineTaker {
    Importer    *im;
    Call         call; /* for one line */
    Input        input;
    AuditRecord *records; /* of the audit, waiting to be written */
    size_t       record_count;
    Arena       *record_arena;
} LineTaker;

typedef Fail TakeLine(LineTaker *t, Str line);

static Fail take_version(LineTaker *t, Str line)
{
    Call       *c = &t->call;
    Importer   *im = t->im;
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES };
    BulkItem    item = { .skip_same = true };
    Version     v;
    Resource    resource;
    Draft       draft;
    bool        unchanged = false;
    Fail        result;

    TRY(export_version_read(c, line, &v));
    if (audit_id_is_own(v.type, v.id))
        return fail(c, FAIL_FORBIDDEN, STR("id"),
                    "AuditEvents with such ids are those of the log: no export has them");
    item.method = v.method;
    item.type = v.type;
    item.id = v.id;
    item.version = v.version;
    item.at_us = v.at_us;
    if (!v.deleted) {
        TRY(resource_read(c, v.body, &options, &resource));
        TRY(index_derive(c, &resource, im->options->base, &item.rows));
        draft = draft_new(c->arena, &resource);
        item.remainder = draft_remainder(&draft);
    }
    result = store_bulk_add(c, im->bulk, &item, &unchanged);
    if (result == FAIL_CONFLICT)
        return result;
    if (result != OK)
        return import_end(im, c, result);
    im->taken++;
    im->unchanged += unchanged;
    return OK;
}

static Fail write_records(LineTaker *t, Call *c)
{
    if (t->record_count == 0)
        return OK;
    TRY(store_audit(c, t->im->store, t->records, t->record_count));
    t->record_count = 0;
    arena_reset(t->record_arena);
    t->records = NEW_ARRAY(t->record_arena, AuditRecord, AUDIT_BATCH);
    return OK;
}

static Fail take_record(LineTaker *t, Str line)
{
    Call       *c = &t->call;
    Arena      *a = t->record_arena;
    AuditRecord r;

    TRY(export_audit_read(c, line, &r));
    r.id = arena_str(a, r.id);
    r.patient = arena_str(a, r.patient);
    r.request_id = arena_str(a, r.request_id);
    r.address = arena_str(a, r.address);
    r.detail = arena_str(a, r.detail);
    r.others = arena_str(a, r.others);
    t->records[t->record_count++] = r;
    if (t->record_count == AUDIT_BATCH) {
        Fail result = write_records(t, c);

        if (result != OK)
            return import_end(t->im, c, result);
    }
    return OK;
}

/* Grants keep their numbers where they are put into an empty folder in their order. */
static Fail take_grant(LineTaker *t, Str line)
{
    Call    *c = &t->call;
    Grant    grant;
    uint32_t number;
    Fail     result;

    TRY(export_grant_read(c, line, &grant));
    number = grant.number;
    grant.number = 0;
    result = store_grant_put(c, t->im->store, &grant);
    if (result != OK)
        return import_end(t->im, c, result);
    return grant.number == number ? OK
                                  : fail(c, FAIL_CONFLICT, STR("grant"),
                                         "the number %u is not the next one", number);
}

/* One line under the arena's boundary. */
static Fail take_line(LineTaker *t, TakeLine *take, Str line)
{
    Call *c = &t->call;
    Fail  result;

    if (setjmp(*arena_boundary(c->arena)))
        return import_too_costly(c);
    result = take(t, line);
    arena_forget_boundary(c->arena);
    return result;
}

static Fail take_lines(Call *c, LineTaker *t, const char *path, TakeLine *take)
{
    Importer *im = t->im;
    Source   *source;
    Fail      result;
    bool      more;

    t->input =
        (Input){ .name = path,
                 .rejected = arena_printf(c->arena, "%s.rejected.ndjson%c", path, 0).at };
    TRY(source_open(c, path, &source));
    for (;;) {
        Document document;

        result = source_next(c, source, &document, &more);
        if (result != OK || !more || im->ended
            || (im->options->stop && atomic_load(im->options->stop)))
            break;
        arena_reset(t->call.arena);
        call_begin(&t->call, t->call.arena);
        t->call.deadline_ms = 0;
        if (take_line(t, take, document.text) != OK && !im->ended) {
            Piece piece = { .input = &t->input, .text = document.text, .line = document.line };

            import_reject(im, &t->call, 0, &piece, document.text);
        }
    }
    source_close(source);
    return result;
}

static LineTaker *taker_new(Call *c, Importer *im)
{
    LineTaker *t = NEW(c->arena, LineTaker);

    t->im = im;
    t->call.arena = arena_create(LINE_ARENA_BYTES);
    t->record_arena = arena_create(LIMIT_CALL_BYTES);
    t->records = NEW_ARRAY(t->record_arena, AuditRecord, AUDIT_BATCH);
    return t;
}

static void taker_end(LineTaker *t)
{
    arena_destroy(t->call.arena);
    arena_destroy(t->record_arena);
}

Fail import_export(Call *c, Importer *im, const char *folder)
{
    Json       manifest;
    LineTaker *t;
    Fail       result;

    TRY(read_manifest(c, folder, &manifest));
    TRY(check_files(c, folder, &manifest));
    t = taker_new(c, im);
    result = take_lines(c, t, path_of(c, folder, STR(EXPORT_HISTORY)), take_version);
    taker_end(t);
    return result;
}

Fail import_export_audit(Call *c, Importer *im, const char *folder)
{
    LineTaker *t = taker_new(c, im);
    Fail       result = take_lines(c, t, path_of(c, folder, STR(EXPORT_GRANTS)), take_grant);

    if (result == OK && !im->ended)
        result = take_lines(c, t, path_of(c, folder, STR(EXPORT_AUDIT)), take_record);
    if (result == OK && !im->ended)
        result = write_records(t, c);
    taker_end(t);
    return result;
}
