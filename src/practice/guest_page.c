/* What there is to be booked on the practice's page: see guest.h. */
#include "base/limits.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "fhir/reference.h"
#include "fhir/search.h"
#include "practice/billing.h"
#include "practice/guest.h"

enum { KEY_BYTES = 9, WORD_MAX = 64, TIMES_MAX = 1000 };

#define PAGE_SYSTEM "urn:hale:booking-page"
#define FRAME_URL STR("urn:hale:frame-ancestor")

/* ---- the page ---- */

static bool is_word(Str word)
{
    for (size_t i = 0; i < word.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", word.at[i]))
            return false;
    return word.len > 0 && word.len <= WORD_MAX;
}

/* "https://example.org", perhaps with a port: what may stand in a policy, and nothing else. */
static bool is_origin(Str s)
{
    if (!str_starts(s, STR("https://")) || s.len > 200)
        return false;
    for (size_t i = 8; i < s.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.:", s.at[i]))
            return false;
    return s.len > 8;
}

static Str ancestors_of(Call *c, const Resource *r)
{
    Buf out = buf_new(c->arena, 256);

    for (uint32_t each = node_child(r, r->root, STR("extension")); each;
         each = node_next_same(r, each)) {
        uint32_t value = node_child(r, each, STR("value"));
        Str      origin = value ? node_text(node_at(r, value)) : (Str){ 0 };

        if (str_equal(node_child_text(r, each, STR("url")), FRAME_URL) && is_origin(origin))
            buf_printf(&out, "%s%.*s", out.len ? " " : "", STR_ARG(origin));
    }
    return buf_str(&out);
}

static Str phone_of(const Resource *r)
{
    for (uint32_t each = node_child(r, r->root, STR("telecom")); each;
         each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("system")), STR("phone")))
            return node_child_text(r, each, STR("value"));
    return (Str){ 0 };
}

Fail guest_page(Call *c, Session *s, Str word, GuestPage *out)
{
    QueryOptions options = { 0 };
    ReadOptions  trusted = { .expected = TYPE_ORGANIZATION,
                             .values_max = LIMIT_JSON_NODES,
                             .trusted = true };
    Principal    self = principal_booking(STR("page"));
    Query       *query = NEW(c->arena, Query);
    Permit       permit;
    SearchPage   found;

    if (!is_word(word))
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "There is no such page");
    TRY(access_permit(c, &self, DEED_SEARCH, TYPE_ORGANIZATION, &permit));
    TRY(query_parse(c, TYPE_ORGANIZATION,
                    arena_printf(c->arena,
                                 "identifier=" PAGE_SYSTEM "|%.*s&active:not=false&_count=1",
                                 STR_ARG(word)),
                    &options, query));
    TRY(store_search(c, s, &permit, query, &found));
    if (found.count == 0)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "There is no such page");
    TRY(resource_read(c, found.versions[0].whole, &trusted, &out->organization));
    out->word = word;
    out->id = found.versions[0].id;
    out->name = node_child_text(&out->organization, out->organization.root, STR("name"));
    out->phone = phone_of(&out->organization);
    out->ancestors = ancestors_of(c, &out->organization);
    return OK;
}

/* ---- names ---- */

static Fail read_one(Call *c, Session *s, TypeId type, Str id, Resource *out)
{
    ReadOptions trusted = { .expected = type, .values_max = LIMIT_JSON_NODES, .trusted = true };
    Principal   self = principal_booking(STR("page"));
    Permit      permit;
    Version     version;

    TRY(access_permit(c, &self, DEED_READ, type, &permit));
    TRY(store_read(c, s, &permit, type, id, &version));
    if (version.deleted)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "It was deleted");
    return resource_read(c, version.whole, &trusted, out);
}

static void put_word(Buf *to, Str word)
{
    buf_put(to, to->len && word.len ? STR(" ") : STR(""));
    buf_put(to, word);
}

static void put_words(Buf *to, const Resource *r, uint32_t name, Str element)
{
    for (uint32_t each = node_child(r, name, element); each; each = node_next_same(r, each))
        put_word(to, node_text(node_at(r, each)));
}

Str guest_name(Call *c, Session *s, TypeId type, Str id)
{
    uint32_t issues = c->issue_count, name;
    Buf      out = buf_new(c->arena, 64);
    Resource r;

    if (!resource_id_valid(id) || read_one(c, s, type, id, &r) != OK) {
        call_forget_issues(c, issues);
        return (Str){ 0 };
    }
    name = node_child(&r, r.root, STR("name"));
    if (!name || type != TYPE_PRACTITIONER)
        return name ? node_text(node_at(&r, name)) : (Str){ 0 };
    if (node_child_text(&r, name, STR("text")).len)
        return node_child_text(&r, name, STR("text"));
    put_words(&out, &r, name, STR("prefix"));
    put_words(&out, &r, name, STR("given"));
    put_word(&out, node_child_text(&r, name, STR("family")));
    return buf_str(&out);
}

/* ---- what is offered ---- */

/* Says nothing to who reads it in an address, and is the same each time. */
static Str key_of(Call *c, const GuestPage *page, Str id)
{
    uint8_t hash[SHA256_BYTES];
    Buf     out = buf_new(c->arena, 16);

    digest_sha256(arena_printf(c->arena, "%.*s\n%.*s", STR_ARG(page->id), STR_ARG(id)), hash);
    base16_put(&out, (Str){ (const char *)hash, KEY_BYTES });
    return buf_str(&out);
}

static bool refers(const Resource *r, Str element, Str to)
{
    for (uint32_t each = node_child(r, r->root, element); each; each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("reference")), to))
            return true;
    return false;
}

static bool role_fits(Call *c, const GuestPage *page, const FreeRole *role)
{
    return role->practitioner.len
           && refers(&role->resource, STR("organization"),
                     arena_printf(c->arena, "Organization/%.*s", STR_ARG(page->id)));
}

static bool gives(Call *c, const FreeRole *role, const FreeService *service)
{
    return refers(&role->resource, STR("healthcareService"),
                  arena_printf(c->arena, "HealthcareService/%.*s", STR_ARG(service->id)));
}

static void add_service(Call *c, const GuestPage *page, const FreeService *service,
                        GuestOffer *out)
{
    const Resource *r = &service->resource;

    out->services[out->service_count++] = (GuestChoice){
        .id = service->id,
        .key = key_of(c, page, service->id),
        .name = node_child_text(r, r->root, STR("name")),
        .more =
            arena_printf(c->arena, "%lld min", (long long)(service->duration_us / 60000000)),
    };
}

static void add_person(Call *c, Session *s, const GuestPage *page, const FreeRole *role,
                       Str service_key, GuestOffer *out)
{
    Str          key = key_of(c, page, role->practitioner);
    GuestChoice *person;

    for (size_t i = 0; i < out->person_count; i++)
        if (str_equal(out->people[i].key, key)) {
            person = &out->people[i];
            person->services = arena_printf(c->arena, "%.*s %.*s", STR_ARG(person->services),
                                            STR_ARG(service_key));
            return;
        }
    out->people[out->person_count++] =
        (GuestChoice){ .id = role->practitioner,
                       .key = key,
                       .name = guest_name(c, s, TYPE_PRACTITIONER, role->practitioner),
                       .services = service_key };
}

Fail guest_offer(Call *c, Session *s, const GuestPage *page, GuestOffer *out)
{
    Principal     self = principal_booking(STR("page"));
    FreeDirectory all;

    TRY(free_load(c, s, &self, &all));
    *out = (GuestOffer){ .services = NEW_ARRAY(c->arena, GuestChoice, all.service_count + 1),
                         .people = NEW_ARRAY(c->arena, GuestChoice, all.role_count + 1) };
    for (size_t i = 0; i < all.service_count; i++) {
        bool any = false;

        for (size_t k = 0; all.services[i].online && k < all.role_count; k++) {
            if (!role_fits(c, page, &all.roles[k])
                || !gives(c, &all.roles[k], &all.services[i]))
                continue;
            if (!any)
                add_service(c, page, &all.services[i], out);
            any = true;
            add_person(c, s, page, &all.roles[k], out->services[out->service_count - 1].key,
                       out);
        }
    }
    return OK;
}

const GuestChoice *guest_choice(const GuestChoice *choices, size_t count, Str key)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(choices[i].key, key))
            return &choices[i];
    return NULL;
}

Fail guest_times(Call *c, Session *s, const GuestPage *page, Str service, Str practitioner,
                 Moment within, FreeTimes *out)
{
    Principal self = principal_booking(STR("page"));
    FreeAsked asked = { .within = within, .most = TIMES_MAX, .online = true };
    size_t    kept = 0;

    free_text_add(c, &asked.organizations, page->id);
    free_text_add(c, &asked.services, service);
    if (practitioner.len)
        free_text_add(c, &asked.practitioners, practitioner);
    TRY(free_find(c, s, &self, &asked, out));
    for (size_t i = 0; i < out->count; i++)
        if (kept == 0 || out->at[i].time.low != out->at[kept - 1].time.low)
            out->at[kept++] = out->at[i];
    out->count = kept;
    return OK;
}
