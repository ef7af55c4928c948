/* Packages of a practice: which there are, and how they go. See packages.h; packages_add.c adds them. */
#include "interaction/packages.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "codec/digest.h"
#include "fhir/draft.h"
#include "fhir/terminology.h"
#include "interaction/packages_write.h"

enum { PAGE = 200 };

/* What becomes part of the practice, and may be taken away again. */
static const TypeId kinds[] = { TYPE_STRUCTURE_DEFINITION, TYPE_VALUE_SET, TYPE_CODE_SYSTEM,
                                TYPE_CONCEPT_MAP, TYPE_SEARCH_PARAMETER };

static _Atomic uint64_t serial;

uint64_t packages_serial(void)
{
    return atomic_load(&serial);
}

bool packages_takes(TypeId type)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (kinds[i] == type)
            return true;
    return false;
}

Fail packages_permit(Call *c, Deed deed, TypeId type, Permit *out)
{
    Principal *owner = NEW(c->arena, Principal);

    *owner = principal_owner();
    return access_permit(c, owner, deed, type, out);
}

/* An id that one thing in one version of one package always has: a UUID (RFC 9562, version 8). */
Str packages_id(Call *c, Str name, Str version, Str what)
{
    Str     all = arena_printf(c->arena, "%.*s#%.*s/%.*s", STR_ARG(name), STR_ARG(version),
                               STR_ARG(what));
    uint8_t d[SHA256_BYTES];

    digest_sha256(all, d);
    d[6] = (uint8_t)((d[6] & 0x0F) | 0x80);
    d[8] = (uint8_t)((d[8] & 0x3F) | 0x80);
    return arena_printf(c->arena,
                        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                        d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10],
                        d[11], d[12], d[13], d[14], d[15]);
}

/* ---- records ---- */

static uint32_t count_same(const Resource *r, uint32_t first)
{
    uint32_t count = 0;

    for (uint32_t at = first; at; at = node_next_same(r, at))
        count++;
    return count;
}

static void read_needs(Call *c, const Resource *r, PackageRecord *out)
{
    uint32_t first = node_child(r, r->root, STR("dependsOn"));

    out->needs = NEW_ARRAY(c->arena, PackageDependency, count_same(r, first) + 1);
    for (uint32_t at = first; at; at = node_next_same(r, at))
        out->needs[out->need_count++] =
            (PackageDependency){ node_child_text(r, at, STR("packageId")),
                                 node_child_text(r, at, STR("version")) };
}

static void read_parts(Call *c, const Resource *r, PackageRecord *out)
{
    uint32_t definition = node_child(r, r->root, STR("definition"));
    uint32_t first = definition ? node_child(r, definition, STR("resource")) : 0;

    out->parts = NEW_ARRAY(c->arena, PackagePart, count_same(r, first) + 1);
    for (uint32_t at = first; at; at = node_next_same(r, at)) {
        uint32_t    reference = node_child(r, at, STR("reference"));
        PackagePart part = { .url = node_child_text(r, at, STR("name")) };
        Str         type;

        if (!reference
            || !str_cut(node_child_text(r, reference, STR("reference")), '/', &type, &part.id))
            continue;
        part.type = type_find(type);
        part.profile = type_find(node_extension_text(r, at, STR(PACKAGE_TAG)));
        if (packages_takes(part.type))
            out->parts[out->part_count++] = part;
    }
}

static PackageRecord read_record(Call *c, const Version *version, const Resource *r)
{
    PackageRecord out = { .id = version->id,
                          .at_us = version->at_us,
                          .url = node_child_text(r, r->root, STR("url")),
                          .name = node_child_text(r, r->root, STR("packageId")),
                          .version = node_child_text(r, r->root, STR("version")),
                          .title = node_child_text(r, r->root, STR("title")) };

    read_needs(c, r, &out);
    read_parts(c, r, &out);
    return out;
}

static int by_name(const void *a, const void *b)
{
    const PackageRecord *x = a, *y = b;
    int                  order = str_compare(x->name, y->name);

    return order ? order : term_version_compare(x->version, y->version);
}

/* One that somebody made by hand, whose id is not that of its package, is none. */
static void take_record(Call *c, const Version *version, const Resource *r, PackageRecords *out,
                        size_t *room)
{
    PackageRecord record = read_record(c, version, r);

    if (!str_equal(record.id, packages_id(c, record.name, record.version, STR(""))))
        return;
    if (out->count == *room) {
        size_t more = *room ? *room * 2 : 16;

        out->at =
            arena_grow(c->arena, out->at, *room * sizeof *out->at, more * sizeof *out->at);
        *room = more;
    }
    out->at[out->count++] = record;
}

Fail packages_list(Call *c, Session *s, PackageRecords *out)
{
    const QueryOptions options = { .base = store_base(session_store(s)) };
    const ReadOptions  trusted = { .values_max = LIMIT_JSON_NODES, .trusted = true };
    Query             *query = NEW(c->arena, Query);
    SearchPage         page = { 0 };
    PackageRecords     found = { 0 };
    size_t             room = 0;
    Permit             permit;

    TRY(packages_permit(c, DEED_SEARCH, TYPE_IMPLEMENTATION_GUIDE, &permit));
    TRY(query_parse(c, TYPE_IMPLEMENTATION_GUIDE,
                    arena_printf(c->arena, "_tag=" PACKAGE_TAG "%%7C&_count=%d", PAGE),
                    &options, query));
    do {
        query->cursor = page.next;
        TRY(store_search(c, s, &permit, query, &page));
        for (size_t i = 0; i < page.count; i++) {
            Resource resource;

            TRY(resource_read(c, page.versions[i].body, &trusted, &resource));
            take_record(c, &page.versions[i], &resource, &found, &room);
        }
    } while (page.next.len);
    if (found.count)
        qsort(found.at, found.count, sizeof *found.at, by_name);
    *out = found;
    return OK;
}

/* ---- what it needs ---- */

bool packages_has(const PackageRecords *all, const PackageDependency *wanted,
                  const PackageRecord *without)
{
    /* the standard itself is part of the program */
    if (str_equal(wanted->name, STR("hl7.fhir.r4.core"))
        || str_equal(wanted->name, STR("hl7.fhir.r4.expansions")))
        return package_version_fits(STR("4.0.1"), wanted->version);
    for (size_t i = 0; i < all->count; i++)
        if (&all->at[i] != without && str_equal(all->at[i].name, wanted->name)
            && package_version_fits(all->at[i].version, wanted->version))
            return true;
    return false;
}

/* ---- writing ---- */

/* A change that stores a resource under an id, whatever it says itself. */
Fail packages_compose(Call *c, const Permit *permit, Str base, const Resource *resource, Str id,
                      Change *out)
{
    Resource stored = *resource;
    Draft    draft = draft_new(c->arena, resource);

    stored.id = id;
    *out = (Change){ .method = METHOD_PUT,
                     .permit = permit,
                     .type = resource->type,
                     .id = id,
                     .may_create = true,
                     .tolerant = true,
                     .remainder = draft_remainder(&draft) };
    return index_derive(c, &stored, base, &out->rows);
}

Fail packages_write(Call *c, Session *s, const Asked *asked, Change *changes, size_t count,
                    size_t *failed)
{
    Principal   *owner = NEW(c->arena, Principal);
    AuditRecord *audit = NEW_ARRAY(c->arena, AuditRecord, count + 1);
    Write        write = { .changes = changes,
                           .change_count = count,
                           .audit = audit,
                           .audit_count = count,
                           .failed_change = SIZE_MAX };
    Fail         result;

    *owner = principal_owner();
    for (size_t i = 0; i < count; i++) {
        Answer answer = { .status = 200, .type = changes[i].type, .id = changes[i].id };
        Asked  one = *asked;

        one.kind = changes[i].method == METHOD_DELETE ? INTERACTION_DELETE : INTERACTION_UPDATE;
        audit[i] = interaction_audit(c, owner, &one, &answer, OK);
    }
    session_rest(s);
    result = store_write(c, session_store(s), &write);
    *failed = write.failed_change;
    atomic_fetch_add(&serial, 1);
    return result;
}

/* ---- removing ---- */

/* The one that "name" or "name#version" means. */
static Fail find_record(Call *c, const PackageRecords *all, Str name, const PackageRecord **out)
{
    Str    wanted = name, version = { 0 };
    size_t found = 0;

    str_cut(name, '#', &wanted, &version);
    for (size_t i = 0; i < all->count; i++)
        if (str_equal(all->at[i].name, wanted)
            && (!version.len || str_equal(all->at[i].version, version))) {
            *out = &all->at[i];
            found++;
        }
    if (found == 1)
        return OK;
    return found
               ? fail(c, FAIL_MULTIPLE, (Str){ 0 },
                      "There are %zu versions of %.*s: say which, as %.*s#%.*s", found,
                      STR_ARG(wanted), STR_ARG(wanted), STR_ARG((*out)->version))
               : fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "There is no package %.*s", STR_ARG(name));
}

static Fail check_unneeded(Call *c, const PackageRecords *all, const PackageRecord *leaving)
{
    for (size_t i = 0; i < all->count; i++)
        for (uint32_t k = 0; k < all->at[i].need_count; k++) {
            const PackageDependency *need = &all->at[i].needs[k];

            if (&all->at[i] == leaving || !str_equal(need->name, leaving->name)
                || !package_version_fits(leaving->version, need->version)
                || packages_has(all, need, leaving))
                continue;
            return fail(c, FAIL_CONFLICT, (Str){ 0 }, "%.*s#%.*s needs it",
                        STR_ARG(all->at[i].name), STR_ARG(all->at[i].version));
        }
    return OK;
}

static Fail delete_of(Call *c, TypeId type, Str id, Change *out)
{
    Permit *permit = NEW(c->arena, Permit);

    TRY(packages_permit(c, DEED_DELETE, type, permit));
    *out = (Change){ .method = METHOD_DELETE, .permit = permit, .type = type, .id = id };
    return OK;
}

/* Search parameters whose code the one that went had taken come into force by being stored once more. */
static Fail renew_idle(Call *c, Session *s, const Asked *asked, const PackageRecord *record)
{
    Change     *changes = NEW_ARRAY(c->arena, Change, record->part_count + 1);
    ReadOptions trusted = { .values_max = LIMIT_BUNDLE_NODES, .trusted = true };
    Permit     *permit = NEW(c->arena, Permit);
    Version     version;
    size_t      count = 0, failed;

    TRY(packages_permit(c, DEED_UPDATE, TYPE_SEARCH_PARAMETER, permit));
    for (uint32_t i = 0; i < record->part_count; i++) {
        const PackagePart *part = &record->parts[i];
        Resource          *resource = NEW(c->arena, Resource);
        uint32_t           since = c->issue_count;
        Fail               result;

        if (part->type != TYPE_SEARCH_PARAMETER)
            continue;
        result = store_read(c, s, permit, part->type, part->id, &version);
        call_forget_issues(c, since);
        if (result == FAIL_NOT_FOUND || (result == OK && version.deleted))
            continue;
        TRY(result);
        TRY(resource_read(c, version.whole, &trusted, resource));
        TRY(packages_compose(c, permit, asked->base, resource, part->id, &changes[count]));
        changes[count++].if_seq = version.seq;
    }
    return count ? packages_write(c, s, asked, changes, count, &failed) : OK;
}

Fail packages_remove(Call *c, Session *s, Str name, uint32_t *removed)
{
    Asked                asked = { .base = store_base(session_store(s)) };
    const PackageRecord *record = NULL;
    PackageRecords       all;
    Change              *changes;
    size_t               count = 0, failed;

    TRY(packages_list(c, s, &all));
    TRY(find_record(c, &all, name, &record));
    TRY(check_unneeded(c, &all, record));
    changes = NEW_ARRAY(c->arena, Change, record->part_count + 1);
    for (uint32_t i = 0; i < record->part_count; i++)
        TRY(delete_of(c, record->parts[i].type, record->parts[i].id, &changes[count++]));
    TRY(delete_of(c, TYPE_IMPLEMENTATION_GUIDE, record->id, &changes[count++]));
    TRY(packages_write(c, s, &asked, changes, count, &failed));
    *removed = record->part_count;
    for (size_t i = 0; i < all.count; i++)
        if (&all.at[i] != record && str_equal(all.at[i].name, record->name))
            TRY(renew_idle(c, s, &asked, &all.at[i]));
    return OK;
}
