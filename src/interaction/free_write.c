/* A free time as an Appointment, proposed or to be stored: see free.h. */
#include "interaction/free.h"

static const int64_t MINUTE_US = INT64_C(60) * 1000000;

static void put_text(Buf *out, const char *name, Str value)
{
    buf_printf(out, ",\"%s\":", name);
    buf_put_json_string(out, value);
}

static void put_minutes(Buf *out, const char *comma, const char *name, int64_t us)
{
    buf_printf(out, "%s{\"url\":\"%s\",\"valueUnsignedInt\":%lld}", comma, name,
               (long long)(us / MINUTE_US));
}

static void put_extensions(Buf *out, const FreeTime *time, const FreeWriting *how)
{
    const FreeService *service = time->service;
    const char        *comma = "";
    char               until[INSTANT_CHARS + 1];

    if (!how->held_until_us && !how->approval && !service->before_us && !service->after_us)
        return;
    buf_put(out, STR(",\"extension\":["));
    if (how->held_until_us) {
        moment_format_instant(how->held_until_us, until);
        buf_printf(out, "{\"url\":\"urn:hale:held-until\",\"valueInstant\":\"%s\"}", until);
        comma = ",";
    }
    if (how->approval) {
        buf_printf(out, "%s{\"url\":\"urn:hale:approval\",\"valueCode\":\"wanted\"}", comma);
        comma = ",";
    }
    if (service->before_us || service->after_us) {
        buf_printf(out, "%s{\"url\":\"urn:hale:buffer\",\"extension\":[", comma);
        put_minutes(out, "", "before", service->before_us);
        put_minutes(out, ",", "after", service->after_us);
        buf_put(out, STR("]}"));
    }
    buf_put_char(out, ']');
}

static void put_actor(Buf *out, const char *comma, TypeId type, Str id, const char *status)
{
    buf_printf(out,
               "%s{\"actor\":{\"reference\":\"%.*s/%.*s\"},\"required\":\"required\","
               "\"status\":\"%s\"}",
               comma, STR_ARG(type_name(type)), STR_ARG(id), status);
}

/* The practitioner, not the role: whoever reads it knows the person. */
static void put_participants(Buf *out, const FreeTime *time, const FreeWriting *how)
{
    const FreeRole *role = time->role;

    buf_put(out, STR(",\"participant\":["));
    if (role->practitioner.len)
        put_actor(out, "", TYPE_PRACTITIONER, role->practitioner, "accepted");
    else
        put_actor(out, "", TYPE_PRACTITIONER_ROLE, role->id, "accepted");
    if (role->location.len)
        put_actor(out, ",", TYPE_LOCATION, role->location, "accepted");
    for (size_t i = 0; i < time->service->need_count; i++)
        put_actor(out, ",", time->chosen[i]->type, time->chosen[i]->id, "accepted");
    if (time->service->id.len)
        put_actor(out, ",", TYPE_HEALTHCARE_SERVICE, time->service->id, "accepted");
    for (size_t i = 0; i < how->patients.count; i++)
        put_actor(out, ",", TYPE_PATIENT, how->patients.at[i], "needs-action");
    buf_put_char(out, ']');
}

/* What the service is, in its own words. */
static void put_service_type(Buf *out, const FreeService *service)
{
    const Resource *r = &service->resource;
    uint32_t        type = service->id.len ? node_child(r, r->root, STR("type")) : 0;

    if (type)
        buf_printf(out, ",\"serviceType\":[%.*s]", STR_ARG(node_source(r, type)));
}

void free_put(Call *c, Buf *out, const FreeTime *time, const FreeWriting *how)
{
    char from[ZONED_CHARS + 1], to[ZONED_CHARS + 1];

    (void)c;
    zone_format(time->role->zone, time->time.low, from);
    zone_format(time->role->zone, time->time.high, to);
    buf_put(out, STR("{\"resourceType\":\"Appointment\""));
    if (how->id.len)
        put_text(out, "id", how->id);
    put_extensions(out, time, how);
    if (how->identifier.len) {
        buf_put(out, STR(",\"identifier\":[{\"system\":\"urn:hale:proposal\",\"value\":"));
        buf_put_json_string(out, how->identifier);
        buf_put(out, STR("}]"));
    }
    put_text(out, "status", how->status);
    put_service_type(out, time->service);
    buf_printf(out, ",\"start\":\"%s\",\"end\":\"%s\",\"minutesDuration\":%lld", from, to,
               (long long)((time->time.high - time->time.low) / MINUTE_US));
    if (how->comment.len)
        put_text(out, "comment", how->comment);
    put_participants(out, time, how);
    buf_put_char(out, '}');
}
