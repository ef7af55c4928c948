/* Private notes and a reader come together: see confided.h. */
#include "access/confided.h"

#include "base/buf.h"
#include "fhir/privacy.h"

const Str confided_because = STR_INIT("its author has not shared it");

static void put_name(Buf *out, const char *kind, Str name)
{
    if (!privacy_plain(name))
        return;
    buf_printf(out, "%s" PRIVACY_SYSTEM "|%s:%.*s", str_ends(buf_str(out), STR("=")) ? "" : ",",
               kind, STR_ARG(name));
}

static Str criteria_of(Call *c, const Reader *r)
{
    Buf    out = buf_new(c->arena, 512);
    size_t closed;

    buf_put(&out, STR("_security=" PRIVACY_SYSTEM "|private"));
    closed = out.len;
    buf_put(&out, STR("&_security:not="));
    put_name(&out, "author", str_from(r->linked));
    put_name(&out, "reader", str_from(r->linked));
    for (uint32_t i = 0; i < r->discipline_count; i++)
        put_name(&out, "discipline", str_from(r->disciplines[i]));
    if (str_ends(buf_str(&out), STR("="))) /* nobody who is known */
        out.len = closed;
    return buf_str(&out);
}

const PermitRows *confided_rows(Call *c, const Principal *p, const PermitRows *further,
                                bool *unaware)
{
    PermitRows   *rows;
    PermitDenial *denial;

    *unaware = false;
    if (!p->reader.store)
        return further;
    *unaware = !store_keeps_private(p->reader.store);
    if (*unaware)
        return further;
    denial = NEW(c->arena, PermitDenial);
    *denial = (PermitDenial){ .types = privacy_types(),
                              .criteria = criteria_of(c, &p->reader),
                              .because = confided_because };
    rows = NEW(c->arena, PermitRows);
    *rows = (PermitRows){ .denials = denial, .denial_count = 1, .further = further };
    return rows;
}
