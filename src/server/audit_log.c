/*
 * The signed audit log for who watches it: checkpoint, the key to check it with, and the tiles of its
 * hash tree (c2sp.org/tlog-tiles, without the entries: these are read as AuditEvents). For who may read
 * all of the log: the privacy officer, a client with system/AuditEvent.rs, the owner's tokens with that scope.
 */
#include "server/browser.h"

typedef Fail Give(Visit *v, Str *type, Str *body);

static Fail check_asker(Visit *v, const Principal **out)
{
    Permit permit;

    TRY(principal_from_authorization(v->call, v->session,
                                     request_header(v->request, STR("Authorization")), out));
    TRY(access_permit(v->call, *out, DEED_SEARCH, TYPE_AUDIT_EVENT, &permit));
    if (permit.reach != REACH_PRACTICE || ((*out)->limit_count && permit.rows))
        return fail(v->call, FAIL_FORBIDDEN, STR("Authorization"),
                    "Only who may read all of the audit log may have it signed");
    return OK;
}

/* That it was fetched is in the log, too. */
static Fail give(Visit *v, Give *what, const char *detail)
{
    Reply           *reply = v->reply;
    const Principal *asker = &principal_nobody;
    Str              type = STR("text/plain; charset=utf-8"), body = { 0 };
    Fail             result;

    if (v->context->quick) {
        reply->wants_worker = true;
        return OK;
    }
    result = check_asker(v, &asker);
    if (result == OK)
        result = what(v, &type, &body);
    reply->kind = INTERACTION_AUDIT;
    reply->audit = interaction_people_audit(v->call, INTERACTION_AUDIT, result, 200, (Str){ 0 },
                                            visit_address(v), str_from(detail));
    reply->audit.grant = asker->grant;
    reply->unaudited = true;
    TRY(result);
    return visit_answer(v, 200, type, body);
}

static Fail take_checkpoint(Visit *v, Str *type, Str *body)
{
    (void)type;
    TRY(store_audit_checkpoint(v->call, v->session, body));
    return body->len ? OK : fail(v->call, FAIL_NOT_FOUND, (Str){ 0 }, "Nothing was signed yet");
}

static Fail take_verifier(Visit *v, Str *type, Str *body)
{
    (void)type;
    return store_audit_verifier(v->call, v->session, body);
}

/* ---- tiles ---- */

enum { DIGITS = 3, GROUPS_MAX = 5 };

static bool take_digits(Str text, size_t least, size_t most, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(text.at[i] - '0');
    }
    return text.len >= least && text.len <= most;
}

/* "x001/x234/067": three digits each, an x before all but the last, no more groups than it takes. */
static bool take_number(Str text, uint64_t *out)
{
    Str    group;
    size_t groups = 0;
    bool   last = false;

    *out = 0;
    while (str_next(&text, '/', &group)) {
        uint64_t digits;

        if (last || ++groups > GROUPS_MAX)
            return false;
        last = !str_starts(group, STR("x"));
        if (!take_digits(str_skip(group, !last), DIGITS, DIGITS, &digits)
            || (groups == 1 && !last && digits == 0))
            return false;
        *out = *out * 1000 + digits;
    }
    return last;
}

/* "/0/x001/234" or "/0/x001/234.p/7". */
static Fail take_tile(Visit *v, Str *type, Str *body)
{
    Str       path = str_skip(v->rest, 1), level, rest, number, width = STR("256");
    uint64_t  levels, numbers, widths;
    ptrdiff_t part;

    if (!str_cut(path, '/', &level, &rest))
        return fail(v->call, FAIL_NOT_FOUND, (Str){ 0 }, "That is no address of a tile");
    part = str_find(rest, STR(".p/"));
    number = part < 0 ? rest : (Str){ rest.at, (size_t)part };
    if (part >= 0)
        width = str_skip(rest, (size_t)part + sizeof ".p/" - 1);
    if (!take_digits(level, 1, 2, &levels) || !take_number(number, &numbers)
        || !take_digits(width, 1, 3, &widths) || (part >= 0 && widths > 255))
        return fail(v->call, FAIL_NOT_FOUND, (Str){ 0 }, "That is no address of a tile");
    *type = STR("application/octet-stream");
    return store_audit_tile(v->call, v->session, (unsigned)levels, numbers, (size_t)widths,
                            body);
}

Fail audit_checkpoint_answer(Visit *v)
{
    return give(v, take_checkpoint, "checkpoint");
}

Fail audit_verifier_answer(Visit *v)
{
    return give(v, take_verifier, "verifier");
}

Fail audit_tile_answer(Visit *v)
{
    return give(v, take_tile, "tile");
}
