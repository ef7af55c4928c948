/* Looking through the audit log: see audit_look.h. */
#include "interaction/audit_look.h"

#include "base/limits.h"

static void release(void *arena)
{
    arena_destroy(arena);
}

static bool is_narrowed(const PermitRows *rows)
{
    for (; rows; rows = rows->further) {
        for (uint32_t i = 0; i < rows->limit_count; i++)
            if (rows->limits[i].type == TYPE_AUDIT_EVENT)
                return true;
        for (uint32_t i = 0; i < rows->denial_count; i++)
            if (type_set_has(&rows->denials[i].types, TYPE_AUDIT_EVENT))
                return true;
    }
    return false;
}

Fail audit_look_begin(Call *c, Session *s, const Turn *turn, AuditLook *out)
{
    if (is_narrowed(turn->permit.rows))
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                    "The log cannot be shown in part: the scope must be without a constraint");
    *out = (AuditLook){ .call = c,
                        .session = s,
                        .principal = turn->principal,
                        .base = turn->asked->base,
                        .kept = arena_create(LIMIT_BUNDLE_CALL_BYTES) };
    arena_defer(c->arena, release, out->kept);
    if (turn->permit.reach != REACH_PRACTICE) {
        out->only = arena_str(out->kept, str_from(turn->permit.patient));
        out->masked = true;
    }
    return OK;
}

/* ---- who ---- */

static void actor_room(AuditLook *look, uint32_t grant)
{
    uint32_t room = grant * 2 + 64;

    look->actors = arena_grow(look->kept, look->actors, look->actor_room * sizeof(AuditActor),
                              room * sizeof(AuditActor));
    look->known = arena_grow(look->kept, look->known, look->actor_room * sizeof(bool),
                             room * sizeof(bool));
    memset(look->known + look->actor_room, 0, (room - look->actor_room) * sizeof(bool));
    look->actor_room = room;
}

Fail audit_look_actor(AuditLook *look, uint32_t grant, const AuditActor **out)
{
    static const AuditActor nobody = { 0 };
    AuditActor              found;

    *out = &nobody;
    if (grant == 0)
        return OK;
    if (grant >= look->actor_room)
        actor_room(look, grant);
    if (!look->known[grant]) {
        TRY(store_audit_actor(look->call, look->session, grant, &found));
        look->actors[grant] = (AuditActor){ .name = arena_str(look->kept, found.name),
                                            .role = arena_str(look->kept, found.role),
                                            .linked = arena_str(look->kept, found.linked),
                                            .client = arena_str(look->kept, found.client) };
        look->known[grant] = true;
    }
    *out = &look->actors[grant];
    return OK;
}

/* ---- what may be told ---- */

/* As far as the resource itself may be seen; that it is withheld must not be told by the log. */
static Fail sees_resource(AuditLook *look, const AuditRecord *r, bool *sees)
{
    Call    *c = look->call;
    uint32_t issues = c->issue_count;
    Permit   permit;
    Version  version;
    Fail     result = access_permit(c, look->principal, DEED_READ, r->type, &permit);

    if (result == OK && r->id.len > 0)
        result = store_read(c, look->session, &permit, r->type, r->id, &version);
    *sees = result == OK;
    if (result == FAIL_FORBIDDEN || result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        return OK;
    }
    return result;
}

Fail audit_look_sees(AuditLook *look, const AuditRecord *record, bool *sees)
{
    *sees = look->only.len == 0 || audit_concerns(record, look->only);
    if (!*sees || !look->masked || !record->type
        || (record->type == TYPE_PATIENT && str_equal(record->id, look->only)))
        return OK;
    if (record->type == TYPE_PATIENT || record->type == TYPE_AUDIT_EVENT)
        return OK; /* audit_for_patient() takes the id away; the log is theirs to look at */
    return sees_resource(look, record, sees);
}

/* ---- through it ---- */

static Fail take_parts(AuditLooking *l, const AuditRecord *record, uint64_t place, bool *go_on)
{
    AuditLook  *look = l->look;
    AuditRecord told = look->masked ? audit_for_patient(record, look->only) : *record;
    AuditEvent  event = {
         .record = &told, .place = place, .base = look->base, .masked = look->masked
    };
    uint32_t after = place == l->place ? l->part : 0, part = 0;
    Str      rest, patient;

    TRY(audit_look_actor(look, record->grant, &event.actor));
    while (*go_on && audit_event_next(look->call->arena, record, &rest, &part, &patient)) {
        if (part <= after || (look->only.len && !str_equal(patient, look->only)))
            continue;
        event.part = part;
        event.patient = patient;
        TRY(l->take(l, &event, go_on));
        if (*go_on)
            continue;
        l->place = place;
        l->part = part;
    }
    return OK;
}

static Fail take_slice(AuditLooking *l, const AuditSlice *slice, bool *go_on)
{
    Call *c = l->look->call;

    for (size_t i = 0; *go_on && i < slice->count; i++) {
        ArenaMark mark = arena_mark(c->arena);
        bool      wanted = true;

        if (l->until && slice->places[i] > l->until) {
            *go_on = false;
            return OK;
        }
        if (l->wants)
            TRY(l->wants(l, &slice->records[i], &wanted));
        if (wanted)
            TRY(audit_look_sees(l->look, &slice->records[i], &wanted));
        if (wanted)
            TRY(take_parts(l, &slice->records[i], slice->places[i], go_on));
        arena_rewind(c->arena, mark);
    }
    return OK;
}

Fail audit_look_through(AuditLooking *l)
{
    Call    *c = l->look->call;
    uint64_t from = l->place;
    bool     go_on = true;

    while (go_on) {
        ArenaMark  mark = arena_mark(c->arena);
        AuditSlice slice;

        if (call_late(c))
            return fail(c, FAIL_TIMEOUT, (Str){ 0 },
                        "looking through the log took too long: ask for fewer days");
        TRY(store_audit_slice(c, l->look->session, from, !l->up, &slice));
        TRY(take_slice(l, &slice, &go_on));
        from = slice.next;
        if (go_on && from == 0) {
            l->place = 0;
            go_on = false;
        }
        arena_rewind(c->arena, mark);
    }
    return OK;
}
