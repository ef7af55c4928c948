/* Orders about the packages that a practice uses: added, listed, removed. */
#include "codec/base64.h"
#include "interaction/packages.h"
#include "interaction/people_order.h"

static Str count_text(const Order *o, uint32_t count)
{
    return arena_printf(o->call->arena, "%u", count);
}

/* {"do": "add", "archive": the .tgz in base64, "incomplete": "yes" where what it needs may lack} */
Fail package_order_add(Order *o)
{
    bool          incomplete = str_equal(order_member(o, "incomplete"), STR("yes"));
    PackageReport report;
    Str           archive;

    o->detail = STR("package add");
    if (!base64_read(o->call->arena, order_member(o, "archive"), &archive) || !archive.len)
        return fail(o->call, FAIL_VALUE, STR("archive"), "The archive must be in base64");
    TRY(packages_add(o->call, o->session, archive, incomplete, &report));
    o->detail = arena_printf(o->call->arena, "package %.*s#%.*s added",
                             STR_ARG(report.package.name), STR_ARG(report.package.version));
    order_put(o, "name", report.package.name);
    order_put(o, "version", report.package.version);
    order_put(o, "definitions", count_text(o, report.taken));
    order_put(o, "leftOut", count_text(o, report.left));
    order_put(o, "standard", count_text(o, report.same));
    buf_put(&o->out, STR(",\"idle\":["));
    for (uint32_t i = 0; i < report.idle_count; i++) {
        order_row_begin(o);
        order_row_put(o, "file", report.idle[i].file);
        order_row_put(o, "why", report.idle[i].why);
        order_row_end(o);
    }
    buf_put_char(&o->out, ']');
    return OK;
}

Fail package_order_list(Order *o)
{
    PackageRecords all;

    TRY(packages_list(o->call, o->session, &all));
    buf_put(&o->out, STR("\"packages\":["));
    for (size_t i = 0; i < all.count; i++) {
        const PackageRecord *record = &all.at[i];
        Buf                  needs = buf_new(o->call->arena, 256);

        for (uint32_t k = 0; k < record->need_count; k++)
            buf_printf(&needs, "%s%.*s#%.*s", k ? ", " : "", STR_ARG(record->needs[k].name),
                       STR_ARG(record->needs[k].version));
        order_row_begin(o);
        order_row_put(o, "name", record->name);
        order_row_put(o, "version", record->version);
        order_row_put(o, "title", record->title);
        order_row_put(o, "definitions", count_text(o, record->part_count));
        order_row_put(o, "needs", buf_str(&needs));
        order_row_instant(o, "added", record->at_us);
        order_row_end(o);
    }
    buf_put_char(&o->out, ']');
    return OK;
}

/* {"do": "remove", "name": "hl7.fhir.us.core#6.1.0"} */
Fail package_order_remove(Order *o)
{
    uint32_t removed = 0;

    o->detail =
        arena_printf(o->call->arena, "package %.*s removed", STR_ARG(order_member(o, "name")));
    TRY(packages_remove(o->call, o->session, order_member(o, "name"), &removed));
    order_put(o, "definitions", count_text(o, removed));
    return OK;
}
