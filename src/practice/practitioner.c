/* Who gave a service: see practitioner.h. */
#include "practice/practitioner.h"

#include "practice/billing.h"
#include "practice/tax.h"

/* ---- small things about resources ---- */

Str billing_extension(const Resource *r, uint32_t node, Str url)
{
    for (uint32_t each = node_child(r, node, STR("extension")); each;
         each = node_next_same(r, each)) {
        uint32_t value = node_child(r, each, STR("value"));

        if (value && str_equal(node_child_text(r, each, STR("url")), url))
            return structure(node_at(r, value)->type)->kind == STRUCTURE_PRIMITIVE
                       ? node_text(node_at(r, value))
                       : node_child_text(r, value, STR("reference"));
    }
    return (Str){ 0 };
}

bool billing_within(const Resource *r, uint32_t period, Str date)
{
    Str start = node_child_text(r, period, STR("start"));
    Str end = node_child_text(r, period, STR("end"));

    return (start.len == 0 || str_compare(str_slice(start, 0, 10), date) <= 0)
           && (end.len == 0
               || str_compare(str_slice(end, 0, 10), str_slice(date, 0, end.len)) >= 0);
}

Str billing_identifier(const Resource *r, uint32_t node, Str system)
{
    for (uint32_t each = node_child(r, node, STR("identifier")); each;
         each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("system")), system))
            return node_child_text(r, each, STR("value"));
    return (Str){ 0 };
}

Str billing_at(const Resource *r, uint32_t node, const char *first, const char *second)
{
    uint32_t child = node_child(r, node, str_from(first));

    return child ? node_child_text(r, child, str_from(second)) : (Str){ 0 };
}

/* ---- the practitioner ---- */

static Str profession_of(const Resource *r, uint32_t concept)
{
    for (uint32_t each = concept ? node_child(r, concept, STR("coding")) : 0; each;
         each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("system")), STR(BILLING_PROFESSION_SYSTEM)))
            return node_child_text(r, each, STR("code"));
    return (Str){ 0 };
}

/* The qualification in force that day; of several, the profession must say which. */
static Fail take_qualification(Till *t, Str date, Str profession, Performer *out)
{
    const Resource *r = &out->practitioner.resource;
    size_t          fitting = 0;

    for (uint32_t q = node_child(r, r->root, STR("qualification")); q;
         q = node_next_same(r, q)) {
        uint32_t code = node_child(r, q, STR("code")), period = node_child(r, q, STR("period"));
        uint32_t identifier = node_child(r, q, STR("identifier"));
        Str      of = profession_of(r, code);

        if (of.len == 0 || (profession.len && !str_equal(of, profession))
            || (period && !billing_within(r, period, date)))
            continue;
        fitting++;
        out->profession = of;
        out->designation = node_child_text(r, code, STR("text"));
        out->college = billing_at(r, q, "issuer", "display");
        out->registration =
            identifier ? node_child_text(r, identifier, STR("value")) : (Str){ 0 };
    }
    if (fitting == 0)
        return fail(t->call, FAIL_REQUIRED, STR("Practitioner.qualification"),
                    "The practitioner has no qualification with a profession in force on the "
                    "day of the visit");
    if (fitting > 1)
        return fail(t->call, FAIL_REQUIRED, STR("profession"),
                    "The practitioner has several qualifications: say in which profession "
                    "the service was given");
    return OK;
}

static bool role_refers(const Resource *r, Str element, Str to)
{
    for (uint32_t each = node_child(r, r->root, element); each; each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("reference")), to))
            return true;
    return to.len == 0;
}

static Str role_practice(const Resource *r)
{
    return billing_at(r, r->root, "organization", "reference");
}

/* Of several roles the one for that practice, or at that place; where these leave several practices to
 * choose from, nobody guesses. */
static Fail find_role(Till *t, Str place, Str organization, Loaded *role)
{
    Version *found;
    size_t   count, fitting = 0, best = 0;
    Loaded   each;

    TRY(till_search(t, TYPE_PRACTITIONER_ROLE,
                    arena_printf(t->call->arena, "practitioner=Practitioner/%.*s&active=true",
                                 STR_ARG(role->version.id)),
                    &found, &count));
    for (size_t i = 0; i < count; i++) {
        const Resource *r = &each.resource;
        size_t          fit;

        TRY(till_parse(t, &found[i], &each));
        if (!role_refers(r, STR("organization"), organization))
            continue;
        fit = place.len && role_refers(r, STR("location"), place) ? 2 : 1;
        if (fit > best) {
            *role = each;
            fitting = 1;
        } else if (fit == best
                   && !str_equal(role_practice(r), role_practice(&role->resource))) {
            fitting++;
        }
        best = fit > best ? fit : best;
    }
    if (fitting == 0)
        return fail(t->call, FAIL_REQUIRED, STR("PractitionerRole.organization"),
                    "The practitioner has no PractitionerRole that says for which practice");
    if (fitting > 1)
        return fail(t->call, FAIL_REQUIRED, STR("Appointment.participant"),
                    "The practitioner works for several practices: name the PractitionerRole, "
                    "or a place that only one of them has");
    return OK;
}

static void take_address(const Resource *r, Performer *out)
{
    uint32_t address = node_child(r, r->root, STR("address"));

    if (!address || out->region.len)
        return;
    out->country = node_child_text(r, address, STR("country"));
    out->region = node_child_text(r, address, STR("state"));
}

Fail performer_find(Till *t, const PerformerAsked *asked, Performer *out)
{
    Loaded          role = { 0 };
    const Resource *r = &role.resource;
    Str             reference = asked->reference, place = asked->place;

    *out = (Performer){ 0 };
    if (str_starts(reference, STR("PractitionerRole/"))) {
        TRY(till_follow(t, reference, TYPE_PRACTITIONER_ROLE, STR("Appointment.participant"),
                        &role));
        reference = billing_at(r, r->root, "practitioner", "reference");
    }
    TRY(till_follow(t, reference, TYPE_PRACTITIONER, STR("Appointment.participant"),
                    &out->practitioner));
    out->reference = reference;
    if (!role.version.id.len) {
        role.version.id = out->practitioner.version.id;
        TRY(find_role(t, place, asked->organization, &role));
    }
    out->organization_ref = billing_at(r, r->root, "organization", "reference");
    TRY(till_follow(t, out->organization_ref, TYPE_ORGANIZATION,
                    STR("PractitionerRole.organization"), &out->organization));
    if (place.len) {
        TRY(till_follow(t, place, TYPE_LOCATION, STR("Appointment.participant"), &out->place));
        out->has_place = true;
        take_address(&out->place.resource, out);
    }
    take_address(&out->organization.resource, out);
    out->small_supplier = str_equal(billing_extension(&out->organization.resource,
                                                      out->organization.resource.root,
                                                      STR(BILLING_SMALL_SUPPLIER_URL)),
                                    STR("true"));
    TRY(take_qualification(t, asked->date, asked->profession, out));
    if (out->country.len && !tax_profession_known(out->country, out->profession))
        return fail(t->call, FAIL_VALUE, STR("Practitioner.qualification"),
                    "The tax tables do not know the profession %.*s", STR_ARG(out->profession));
    return OK;
}
