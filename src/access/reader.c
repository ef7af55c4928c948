/* Who reads, as far as Consents and private notes go by it: see consent.h and confided.h. */
#include "access/consent.h"
#include "base/limits.h"
#include "base/moment.h"
#include "fhir/privacy.h"
#include "fhir/resource.h"

static bool put_text(char *to, size_t room, Str text)
{
    bool fits = text.len < room;

    memset(to, 0, room);
    if (fits && text.len)
        memcpy(to, text.at, text.len);
    return fits;
}

void reader_of_role(Store *s, const Role *role, Reader *out)
{
    *out = (Reader){ .store = s,
                     .purposes = role->purposes,
                     .directs = role->own_chart || role->reviews,
                     .directs_all = role->reviews,
                     .assigns = role->administers,
                     .staff = role->staff };
    (void)put_text(out->role, sizeof out->role, role->word);
}

/* ---- what PractitionerRoles say ---- */

static void put_organization(const Resource *role, Reader *out)
{
    uint32_t node = node_child(role, role->root, STR("organization"));
    Str      text = { 0 }, type, id = { 0 };

    if (node)
        text = node_child_text(role, node, STR("reference"));
    if (!node || !str_cut_last(text, '/', &type, &id) || !str_ends(type, STR("Organization"))
        || out->organization_count >= READER_ORGANIZATIONS
        || !put_text(out->organizations[out->organization_count], sizeof out->organizations[0],
                     id))
        out->organization_count = READER_ORGANIZATIONS + 1; /* one that is not known */
    else
        out->organization_count++;
}

/* Whether it holds today. What cannot be read does not. */
static bool in_force(const Call *c, const Resource *role)
{
    uint32_t period = node_child(role, role->root, STR("period"));
    Str      start = { 0 }, end = { 0 };
    Moment   from, until;

    if (str_equal(node_child_text(role, role->root, STR("active")), STR("false")))
        return false;
    if (period) {
        start = node_child_text(role, period, STR("start"));
        end = node_child_text(role, period, STR("end"));
    }
    if (start.len && (!moment_parse(start, MOMENT_DATE_TIME, &from) || c->now_us < from.low))
        return false;
    return !end.len || (moment_parse(end, MOMENT_DATE_TIME, &until) && c->now_us < until.high);
}

static bool has_discipline(const Reader *r, Str code)
{
    for (uint32_t i = 0; i < r->discipline_count; i++)
        if (str_equal(str_from(r->disciplines[i]), code))
            return true;
    return false;
}

/* Of more than there is room for the further ones open nothing. */
static void put_disciplines(const Resource *role, Reader *out)
{
    uint32_t concept = node_child(role, role->root, STR("code"));

    for (; concept; concept = node_next_same(role, concept)) {
        uint32_t coding = node_child(role, concept, STR("coding"));

        for (; coding; coding = node_next_same(role, coding)) {
            Str code = node_child_text(role, coding, STR("code"));

            if (privacy_plain(code) && !has_discipline(out, code)
                && out->discipline_count < READER_DISCIPLINES
                && put_text(out->disciplines[out->discipline_count], sizeof out->disciplines[0],
                            code))
                out->discipline_count++;
        }
    }
}

static void put_role(Call *c, const Version *version, Reader *out)
{
    ReadOptions options = { .expected = TYPE_PRACTITIONER_ROLE,
                            .values_max = 100 * 1000,
                            .trusted = true };
    Resource   *role = NEW(c->arena, Resource);
    uint32_t    issues = c->issue_count;

    if (resource_read(c, version->whole, &options, role) == OK) {
        put_organization(role, out);
        if (in_force(c, role))
            put_disciplines(role, out);
    } else {
        out->organization_count = READER_ORGANIZATIONS + 1;
    }
    call_forget_issues(c, issues);
}

static bool names_organization(const DirectiveTest *test)
{
    for (uint32_t k = 0; k < test->actor_count; k++)
        if (test->actors[k].who == WHO_ORGANIZATION)
            return true;
    return false;
}

static bool any_organization(const Directives *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        for (uint32_t t = 0; t < all->rows[i].test_count; t++)
            if (names_organization(&all->rows[i].tests[t]))
                return true;
        for (uint32_t e = 0; e < all->rows[i].exemption_count; e++)
            if (names_organization(&all->rows[i].exemptions[e].test))
                return true;
    }
    return false;
}

/* Looked up only where a Consent or a note goes by it. */
static Fail find_roles(Call *c, Session *s, Reader *out)
{
    QueryOptions options = { 0 };
    Principal    owner = principal_owner();
    Permit       permit;
    Query        query;
    SearchPage   page;
    Str text = arena_printf(c->arena, "practitioner=%s&_count=%d&_total=none&_sort=_id",
                            out->linked, READER_ORGANIZATIONS + 1);

    TRY(access_permit(c, &owner, DEED_SEARCH, TYPE_PRACTITIONER_ROLE, &permit));
    TRY(query_parse(c, TYPE_PRACTITIONER_ROLE, text, &options, &query));
    TRY(store_search(c, s, &permit, &query, &page));
    for (size_t i = 0; i < page.count; i++)
        put_role(c, &page.versions[i], out);
    return OK;
}

Fail reader_know(Call *c, Session *s, Str linked, Str own, Reader *out)
{
    if (!put_text(out->linked, sizeof out->linked, linked))
        out->linked[0] = 0;
    if (str_equal(str_from(out->role), STR("patient")))
        (void)put_text(out->own, sizeof out->own, own);
    if (!out->staff || !out->linked[0])
        return OK;
    if (store_keeps_private(out->store) || any_organization(store_directives(c, out->store)))
        TRY(find_roles(c, s, out));
    return OK;
}
