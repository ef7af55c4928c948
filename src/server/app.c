/*
 * The web app: files out of the program itself. What they do, they do by the same interface as every
 * other client; here is nothing about any record. Security rule B9.
 */
#include "server/app.h"

#include "server/negotiate.h"
#include "server/router.h"

/* Scripts and styles come from here alone, and no text becomes one. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

static const AppFile *find_file(Str path)
{
    for (const AppFile *f = app_files; f->path; f++)
        if (str_equal(str_from(f->path), path))
            return f;
    return NULL;
}

/* Addresses of screens have no dot: the app itself knows what to show there. */
static const AppFile *find(Str path)
{
    return memchr(path.at, '.', path.len) ? find_file(path) : find_file(STR("/index.html"));
}

/* Names below /assets/ carry a hash of the content; the others may change with the next version. The page
 * itself is not kept: what a person had on it does not come back by the "back" key of the next. */
static Str kept_for(const AppFile *file)
{
    if (str_starts(str_from(file->path), STR("/assets/")))
        return STR("public, max-age=31536000, immutable");
    return str_starts(str_from(file->type), STR("text/html")) ? STR("no-store")
                                                              : STR("no-cache");
}

static AppForm form_for(const Visit *v, const AppFile *file)
{
    Str header = request_header(v->request, STR("Accept-Encoding"));

    if (accept_encoding_allows(header, STR("br")) && file->bytes[APP_BROTLI].len)
        return APP_BROTLI;
    return accept_encoding_allows_gzip(header) ? APP_GZIP : APP_PLAIN;
}

static Fail send_file(Visit *v, const AppFile *file)
{
    static const Str codings[APP_FORMS] = { { 0 }, STR_INIT("gzip"), STR_INIT("br") };
    AppForm          form = form_for(v, file);

    visit_header(v, STR("ETag"), str_from(file->etag));
    visit_header(v, STR("Vary"), STR("Accept-Encoding"));
    visit_header(v, STR("Cache-Control"), kept_for(file));
    visit_header(v, STR("Content-Security-Policy"), str_from(policy));
    visit_header(v, STR("X-Frame-Options"), STR("DENY"));
    visit_header(v, STR("Cross-Origin-Opener-Policy"), STR("same-origin"));
    visit_header(v, STR("Referrer-Policy"), STR("no-referrer"));
    if (str_equal(request_header(v->request, STR("If-None-Match")), str_from(file->etag))) {
        v->reply->status = 304;
        return OK;
    }
    if (form != APP_PLAIN)
        visit_header(v, STR("Content-Encoding"), codings[form]);
    return visit_answer(v, 200, str_from(file->type), file->bytes[form]);
}

Fail app_answer(Visit *v)
{
    const AppFile *file;

    if (v->rest.len == 0) {
        visit_header(v, STR("Location"), STR("/app/"));
        v->reply->status = 308;
        return OK;
    }
    file = find(v->rest);
    if (!file)
        return fail(v->call, FAIL_NOT_FOUND, (Str){ 0 },
                    app_files[0].path ? "The web app has no such file"
                                      : "This program was built without the web app");
    return send_file(v, file);
}
