/* Packages of a practice: taken in whole, or not at all. See packages.h. */
#include "base/limits.h"
#include "fhir/custom.h"
#include "fhir/definitions_data.h"
#include "fhir/search_parameter.h"
#include "fhir/terminology.h"
#include "interaction/packages_write.h"

typedef struct Adding {
    Call          *call;
    Session       *session;
    PackageReport *report;
    Asked          asked;
    Arena         *trial; /* definitions are made on it to see whether they can be */
    Change        *changes;
    Str           *files; /* of each change */
    PackagePart   *parts;
    size_t         count;

    const SearchParam **claimed; /* by the search parameters of earlier files */
    uint32_t            claimed_count, claimed_room;
} Adding;

/* Gives the reason noted since the file it concerns. */
static Fail refuse_file(Call *c, Str file, Fail result, uint32_t since)
{
    Str why = c->issue_count > since ? arena_str(c->arena, c->issues[since].text)
                                     : STR("it cannot be used");
    Str where =
        c->issue_count > since ? arena_str(c->arena, c->issues[since].expression) : (Str){ 0 };

    call_forget_issues(c, since);
    return fail(c, result, where, "%.*s: %.*s", STR_ARG(file), STR_ARG(why));
}

static Fail add_change(Adding *a, const Resource *resource, Str id, Str file)
{
    Change *change = &a->changes[a->count];
    Permit *permit = NEW(a->call->arena, Permit);

    TRY(packages_permit(a->call, DEED_UPDATE, resource->type, permit));
    TRY(packages_compose(a->call, permit, a->asked.base, resource, id, change));
    change->creates = true;
    a->files[a->count++] = file;
    return OK;
}

/* What cannot be worked with is refused now and not where it is used. */
static Fail try_definition(Adding *a, TypeId type, Str text)
{
    const TermDef *def;
    Fail           result;

    if (type == TYPE_SEARCH_PARAMETER)
        return OK;
    arena_reset(a->trial);
    if (setjmp(*arena_boundary(a->trial)))
        return fail(a->call, FAIL_TOO_COSTLY, (Str){ 0 }, "it is too large to be worked with");
    result = term_define(a->call, a->trial, type, text, &def);
    arena_forget_boundary(a->trial);
    return result;
}

/* Whether the standard has a parameter of that code for each of its types. */
static bool is_standard(const Resource *r)
{
    Str      code = node_child_text(r, r->root, STR("code"));
    uint32_t at = node_child(r, r->root, STR("base"));

    for (; at; at = node_next_same(r, at)) {
        TypeId             type = type_find(node_text(node_at(r, at)));
        const SearchParam *param = type ? search_param_find(type, code) : NULL;

        if (!param || custom_of(param))
            return false;
    }
    return true;
}

/* Of two files of one package that want the same code of a type, the first has it. */
static Fail claim_codes(Adding *a, const CompiledParams *made)
{
    Call    *c = a->call;
    uint32_t wanted = a->claimed_count + made->count;

    for (uint32_t i = 0; i < made->count; i++)
        for (uint32_t k = 0; k < a->claimed_count; k++) {
            const SearchParam *param = custom_param(made->params[i]), *other = a->claimed[k];

            if (param->base == other->base && str_equal(param->code, other->code))
                return fail(c, FAIL_DUPLICATE, STR("SearchParameter.code"),
                            "%.*s has a search parameter of that code, of another file",
                            STR_ARG(type_name(param->base)));
        }
    if (wanted > a->claimed_room) {
        a->claimed = arena_grow(c->arena, a->claimed, a->claimed_room * sizeof *a->claimed,
                                2 * wanted * sizeof *a->claimed);
        a->claimed_room = 2 * wanted;
    }
    for (uint32_t i = 0; i < made->count; i++)
        a->claimed[a->claimed_count++] = custom_param(made->params[i]);
    return OK;
}

/* A search parameter that the standard, another package or an earlier file has already, or that is not offered, is
 * stored and not in force. */
static void note_idle(Adding *a, const Resource *resource, Str id, Str file)
{
    Call          *c = a->call;
    uint32_t       since = c->issue_count;
    CompiledParams params;
    Fail           result;

    if (resource->type != TYPE_SEARCH_PARAMETER)
        return;
    result = search_parameter_compile(c, resource, id, 0, &params);
    if (result == OK)
        result = claim_codes(a, &params);
    if (result == OK)
        return;
    if (is_standard(resource))
        a->report->same++;
    else if (c->issue_count > since)
        a->report->idle[a->report->idle_count++] =
            (PackageIdle){ file, arena_str(c->arena, c->issues[since].text) };
    call_forget_issues(c, since);
}

static TypeId profile_of(const Resource *r)
{
    if (r->type != TYPE_STRUCTURE_DEFINITION
        || !str_equal(node_child_text(r, r->root, STR("derivation")), STR("constraint"))
        || !str_equal(node_child_text(r, r->root, STR("kind")), STR("resource")))
        return 0;
    return type_find(node_child_text(r, r->root, STR("type")));
}

static Fail take_file(Adding *a, const PackageFile *file)
{
    Call       *c = a->call;
    ReadOptions options = { .expected = file->type, .values_max = LIMIT_BUNDLE_NODES };
    Package    *p = &a->report->package;
    Resource   *resource = NEW(c->arena, Resource);
    Str         id = packages_id(c, p->name, p->version, file->name);

    TRY(resource_read(c, file->text, &options, resource));
    TRY(try_definition(a, file->type, file->text));
    note_idle(a, resource, id, file->name);
    a->parts[a->count] = (PackagePart){ .type = file->type,
                                        .id = id,
                                        .url = file->url.len ? file->url : file->name,
                                        .profile = profile_of(resource) };
    return add_change(a, resource, id, file->name);
}

static Fail take_files(Adding *a)
{
    Package *p = &a->report->package;

    for (uint32_t i = 0; i < p->file_count; i++) {
        uint32_t since = a->call->issue_count;
        Fail     result;

        if (!packages_takes(p->files[i].type)) {
            a->report->left++;
            continue;
        }
        result = take_file(a, &p->files[i]);
        if (result != OK)
            return refuse_file(a->call, p->files[i].name, result, since);
    }
    a->report->taken = (uint32_t)a->count;
    return OK;
}

/* ---- the record of it ---- */

static void put_text(Buf *out, const char *name, Str value)
{
    if (!value.len)
        return;
    buf_printf(out, ",\"%s\":", name);
    buf_put_json_string(out, value);
}

/* The address of the package's own ImplementationGuide, or one made of its name. */
static Str guide_url(Call *c, const Package *p)
{
    for (uint32_t i = 0; i < p->file_count; i++)
        if (p->files[i].type == TYPE_IMPLEMENTATION_GUIDE && p->files[i].url.len)
            return p->files[i].url;
    return arena_printf(c->arena, PACKAGE_TAG ":%.*s", STR_ARG(p->name));
}

static void put_needs(Buf *out, const Package *p)
{
    for (uint32_t i = 0; i < p->dependency_count; i++) {
        buf_put(out, i ? STR(",{") : STR(",\"dependsOn\":[{"));
        buf_printf(out, "\"uri\":\"" PACKAGE_TAG ":%.*s\"", STR_ARG(p->dependencies[i].name));
        put_text(out, "packageId", p->dependencies[i].name);
        put_text(out, "version", p->dependencies[i].version);
        buf_put_char(out, '}');
    }
    if (p->dependency_count)
        buf_put_char(out, ']');
}

static void put_parts(Buf *out, const Adding *a)
{
    for (size_t i = 0; i < a->count; i++) {
        const PackagePart *part = &a->parts[i];

        buf_put(out, i ? STR(",{") : STR(",\"definition\":{\"resource\":[{"));
        if (part->profile)
            buf_printf(out,
                       "\"extension\":[{\"url\":\"" PACKAGE_TAG "\",\"valueCode\":\"%.*s\"}],",
                       STR_ARG(type_name(part->profile)));
        buf_printf(out, "\"reference\":{\"reference\":\"%.*s/%.*s\"}",
                   STR_ARG(type_name(part->type)), STR_ARG(part->id));
        put_text(out, "name", part->url);
        buf_put_char(out, '}');
    }
    if (a->count)
        buf_put(out, STR("]}"));
}

static Str record_text(const Adding *a)
{
    const Package *p = &a->report->package;
    Buf            out = buf_new(a->call->arena, 4096);

    buf_put(&out, STR("{\"resourceType\":\"ImplementationGuide\",\"meta\":{\"tag\":[{"
                      "\"system\":\"" PACKAGE_TAG "\",\"code\":"));
    buf_put_json_string(
        &out, arena_printf(a->call->arena, "%.*s#%.*s", STR_ARG(p->name), STR_ARG(p->version)));
    buf_put(&out, STR("}]}"));
    put_text(&out, "url", guide_url(a->call, p));
    put_text(&out, "version", p->version);
    put_text(&out, "name", p->name);
    put_text(&out, "title", p->title);
    put_text(&out, "status", STR("active"));
    put_text(&out, "packageId", p->name);
    buf_put(&out, STR(",\"fhirVersion\":[\"4.0.1\"]"));
    put_needs(&out, p);
    put_parts(&out, a);
    buf_put_char(&out, '}');
    return buf_str(&out);
}

static Fail add_record(Adding *a)
{
    Call       *c = a->call;
    Package    *p = &a->report->package;
    ReadOptions options = { .expected = TYPE_IMPLEMENTATION_GUIDE,
                            .values_max = LIMIT_BUNDLE_NODES };
    Resource   *resource = NEW(c->arena, Resource);
    uint32_t    since = c->issue_count;
    Fail        result = resource_read(c, record_text(a), &options, resource);

    if (result != OK)
        return refuse_file(c, STR("package.json"), result, since);
    return add_change(a, resource, packages_id(c, p->name, p->version, STR("")),
                      STR("package.json"));
}

/* ---- adding ---- */

static Fail check_new(Call *c, const PackageRecords *all, const Package *p, bool incomplete)
{
    Buf missing = buf_new(c->arena, 256);

    for (size_t i = 0; i < all->count; i++)
        if (str_equal(all->at[i].name, p->name) && str_equal(all->at[i].version, p->version))
            return fail(c, FAIL_DUPLICATE, (Str){ 0 }, "%.*s#%.*s is there already",
                        STR_ARG(p->name), STR_ARG(p->version));
    for (uint32_t i = 0; i < p->dependency_count; i++)
        if (!packages_has(all, &p->dependencies[i], NULL))
            buf_printf(&missing, "%s%.*s#%.*s", missing.len ? ", " : "",
                       STR_ARG(p->dependencies[i].name), STR_ARG(p->dependencies[i].version));
    if (!missing.len || incomplete)
        return OK;
    return fail(c, FAIL_UNPROCESSABLE, STR("dependencies"),
                "%.*s#%.*s needs what is not there: %.*s. Add these first, or ask for it"
                " without them (--incomplete)",
                STR_ARG(p->name), STR_ARG(p->version), STR_ARG(buf_str(&missing)));
}

static void end_trial(void *arena)
{
    arena_destroy(arena);
}

Fail packages_add(Call *c, Session *s, Str archive, bool incomplete, PackageReport *out)
{
    Adding        *a = NEW(c->arena, Adding);
    PackageRecords all;
    uint32_t       since;
    size_t         failed, room;
    Fail           result;

    *out = (PackageReport){ 0 };
    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES);
    *a = (Adding){ .call = c, .session = s, .report = out };
    a->asked.base = store_base(session_store(s));
    TRY(package_read(c, archive, &out->package));
    TRY(packages_list(c, s, &all));
    TRY(check_new(c, &all, &out->package, incomplete));
    room = out->package.file_count + 1;
    a->changes = NEW_ARRAY(c->arena, Change, room);
    a->files = NEW_ARRAY(c->arena, Str, room);
    a->parts = NEW_ARRAY(c->arena, PackagePart, room);
    out->idle = NEW_ARRAY(c->arena, PackageIdle, room);
    a->trial = arena_create(LIMIT_CALL_BYTES);
    arena_defer(c->arena, end_trial, a->trial);
    TRY(take_files(a));
    TRY(add_record(a));
    since = c->issue_count;
    result = packages_write(c, s, &a->asked, a->changes, a->count, &failed);
    if (result != OK && failed < a->count)
        return refuse_file(c, a->files[failed], result, since);
    return result;
}
