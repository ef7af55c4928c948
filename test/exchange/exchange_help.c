/* See exchange_help.h. */
#include "test/exchange/exchange_help.h"

#include <pthread.h>
#include <stdlib.h>

#include "exchange/export_text.h"

static char            faults[16384];
static size_t          faults_len;
static pthread_mutex_t faults_lock = PTHREAD_MUTEX_INITIALIZER;

_Noreturn static void die(const char *what)
{
    Call *c = unit_call();

    fprintf(stderr, "%s", what);
    for (uint32_t i = 0; i < c->issue_count; i++)
        fprintf(stderr, ": %.*s", STR_ARG(c->issues[i].text));
    fprintf(stderr, "\n");
    exit(1);
}

const char *help_file(const char *name, Str text)
{
    Arena      *a = unit_call()->arena;
    const char *path =
        arena_c_string(a, arena_printf(a, "%.*s/%s", STR_ARG(unit_folder()), name));
    FILE *out = fopen(path, "w");

    if (!out || fwrite(text.at, 1, text.len, out) != text.len || fclose(out) != 0)
        die(path);
    return path;
}

Str help_read_file(const char *path)
{
    Buf    text = buf_new(unit_call()->arena, 65536);
    FILE  *in = fopen(path, "r");
    size_t got;

    if (!in)
        return (Str){ 0 };
    while ((got = fread(buf_reserve(&text, 65536), 1, 65536, in)) > 0)
        text.len += got;
    fclose(in);
    return buf_str(&text);
}

Store *help_store(const char *name)
{
    Call        *c = unit_call();
    StoreOptions options = { .folder = arena_printf(c->arena, "%.*s/%s", STR_ARG(unit_folder()),
                                                    name),
                             .create = true };
    Store       *store;

    c->deadline_ms = 0;
    if (store_open(c, &options, &store) != OK)
        die("the store does not open");
    return store;
}

static void note_fault(void *context, Str where, Str place, Str reason)
{
    int len;

    (void)context;
    pthread_mutex_lock(&faults_lock);
    len = snprintf(faults + faults_len, sizeof faults - faults_len, "%.*s: %.*s: %.*s\n",
                   STR_ARG(where), STR_ARG(place), STR_ARG(reason));
    if (len > 0 && faults_len + (size_t)len < sizeof faults)
        faults_len += (size_t)len;
    pthread_mutex_unlock(&faults_lock);
}

Str help_faults(void)
{
    return (Str){ faults, faults_len };
}

ImportFacts help_import(Store *store, unsigned threads, const char *const *paths, size_t count)
{
    Call         *c = unit_call();
    Principal     owner = principal_owner();
    char        **copies = NEW_ARRAY(c->arena, char *, count);
    ImportFacts   facts;
    ImportOptions options = {
        .paths = copies, .path_count = count, .threads = threads, .fault = note_fault
    };

    for (size_t i = 0; i < count; i++) {
        copies[i] = arena_alloc(c->arena, strlen(paths[i]) + 1, 1);
        memcpy(copies[i], paths[i], strlen(paths[i]));
    }
    faults_len = 0;
    if (import_files(c, store, &owner, &options, &facts) != OK)
        die("the import fails");
    return facts;
}

static Permit permit_for(Deed deed)
{
    Principal owner = principal_owner();
    Permit    permit;

    if (access_permit(unit_call(), &owner, deed, 0, &permit) != OK)
        die("no permit");
    return permit;
}

static bool read_it(Store *store, TypeId type, const char *id, Version *out)
{
    Call    *c = unit_call();
    Permit   permit = permit_for(DEED_READ);
    uint32_t since = c->issue_count;
    Session *session;
    Fail     result;

    if (session_open(c, store, &session) != OK)
        die("no session");
    result = store_read(c, session, &permit, type, str_from(id), out);
    session_close(session);
    call_forget_issues(c, since);
    if (result != OK && result != FAIL_NOT_FOUND)
        die("cannot read");
    return result == OK;
}

Str help_body(Store *store, TypeId type, const char *id)
{
    Version v;

    return read_it(store, type, id, &v) && !v.deleted ? v.body : (Str){ 0 };
}

uint64_t help_version(Store *store, TypeId type, const char *id)
{
    Version v;

    return read_it(store, type, id, &v) ? v.version : 0;
}

uint64_t help_count(Store *store, TypeId type)
{
    Call      *c = unit_call();
    Permit     permit = permit_for(DEED_SEARCH);
    Query      query = { .type = type, .count_only = true, .total_accurate = true };
    Session   *session;
    SearchPage page;

    if (session_open(c, store, &session) != OK
        || store_search(c, session, &permit, &query, &page) != OK)
        die("cannot count");
    session_close(session);
    return page.total;
}

static bool put_version(void *context, const Version *v)
{
    Buf *out = context;

    buf_put(out, export_version_line(unit_call()->arena, v));
    buf_put_char(out, '\n');
    return true;
}

Str help_versions(Store *store)
{
    Call    *c = unit_call();
    Permit   permit = permit_for(DEED_READ);
    Arena   *arena = arena_create((size_t)256 << 20);
    Buf      out = buf_new(arena, 65536);
    Session *session;
    Str      text;

    if (session_open(c, store, &session) != OK
        || store_each_version(c, session, &permit, 0, put_version, &out) != OK)
        die("cannot walk the versions");
    session_close(session);
    text = arena_str(c->arena, buf_str(&out));
    arena_destroy(arena);
    return text;
}

static const GrantNames *names;

static bool put_record(void *context, const AuditRecord *record, uint64_t place)
{
    Buf *out = context;

    (void)place;
    buf_put(out, export_audit_line(out->arena, names, record));
    buf_put_char(out, '\n');
    return true;
}

Str help_audit(Store *store)
{
    Call    *c = unit_call();
    Arena   *arena = arena_create((size_t)256 << 20);
    Buf      out = buf_new(arena, 65536);
    Session *session;
    Str      text;

    if (session_open(c, store, &session) != OK
        || grant_names_load(c, session, arena, &names) != OK
        || store_audit_read(c, session, 0, put_record, &out) != OK)
        die("cannot read the audit");
    session_close(session);
    text = arena_str(c->arena, buf_str(&out));
    arena_destroy(arena);
    return text;
}
