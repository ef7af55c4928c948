/*
 * Double booking: the rows that index_busy.c made of Appointments are date rows under a code that
 * names the actor. An Appointment clashes if a row of another one overlaps with its own.
 */
#include "store/busy.h"

#include "base/clock.h"
#include "base/limits.h"
#include "fhir/reference.h"
#include "store/intern.h"
#include "store/version.h"

/* Nothing lasts longer than $3, so only rows from there on can reach into the time. */
SQL(overlapping_sql, "SELECT rid FROM index_date WHERE practice = $1 AND param = $2"
                     " AND low > $3 AND low < $4 AND low + span > $5");
SQL(ended_sql, "SELECT rid FROM index_date WHERE practice = $1 AND param = $2 AND low <= $3"
               " AND rid = $4 LIMIT 1");
SQL(newest_sql, "SELECT seq FROM current WHERE practice = $1 AND type = $2 AND rid = $3");
SQL(roles_sql, "SELECT rid FROM index_reference WHERE practice = $1 AND param = $2"
               " AND target = $3");

enum { NAMES_MAX = 64 };

static const int64_t LONGEST_US = (int64_t)LIMIT_APPOINTMENT_DAYS * 24 * 3600 * 1000000;

typedef struct Checking {
    Call            *call;
    Writer          *writer;
    uint32_t         practice;
    const BusyClaim *claims;
    size_t           count;
} Checking;

/* The codes under which one actor's rows may stand. */
typedef struct Names {
    Str      codes[NAMES_MAX];
    uint32_t count;
} Names;

/* ---- who that is ---- */

static Fail ask_int(Checking *x, const char *sql, int64_t first, int64_t second, int64_t *out)
{
    Statement *s = db_statement(x->writer->db, sql);
    Step       step;

    TRY_STATEMENT(x->call, x->writer->db, s);
    bind_int(s, x->practice);
    bind_int(s, first);
    bind_int(s, second);
    step = statement_step(s);
    *out = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(x->call, x->writer->db) : OK;
}

/* The resource as it is now; type 0 if it is not there. */
static Fail read_now(Checking *x, TypeId type, int64_t rid, Resource *out)
{
    ReadOptions options = { .expected = type,
                            .values_max = LIMIT_BUNDLE_NODES,
                            .trusted = true };
    VersionRow  row;
    int64_t     seq;

    *out = (Resource){ 0 };
    TRY(ask_int(x, newest_sql, type, rid, &seq));
    if (!seq)
        return OK;
    TRY(version_load(x->call, x->writer->store, x->writer->db, (uint64_t)seq, true, &row));
    TRY(resource_read(x->call, row.version.whole, &options, out));
    out->id = row.version.id;
    return OK;
}

static Fail read_named(Checking *x, TypeId type, Str id, Resource *out)
{
    int64_t rid;

    TRY(intern_rid(x->writer->intern, x->call, x->practice, type, id, false, &rid));
    return read_now(x, type, rid, out);
}

/* https://hl7.org/fhir/R4/valueset-location-physical-type.html: of a building or a ward there is
 * room for many. */
static bool holds_one(const Resource *location)
{
    static const char *const codes[] = { "ro", "bd", "ve" };
    uint32_t physical = node_child(location, location->root, STR("physicalType"));
    uint32_t coding = physical ? node_child(location, physical, STR("coding")) : 0;

    for (; coding; coding = node_next_same(location, coding))
        for (size_t i = 0; i < COUNT(codes); i++)
            if (str_equal(node_child_text(location, coding, STR("code")), str_from(codes[i])))
                return true;
    return false;
}

static void add_name(Checking *x, Names *names, TypeId type, Str id)
{
    if (names->count < NAMES_MAX)
        names->codes[names->count++] = index_key_busy(x->call->arena, type, id);
}

/* The roles of a practitioner, by the rows of PractitionerRole.practitioner. */
static Fail add_roles(Checking *x, Names *names, Str practitioner)
{
    const SearchParam *param = search_param_find(TYPE_PRACTITIONER_ROLE, STR("practitioner"));
    int64_t            rids[NAMES_MAX], target;
    uint32_t           count = 0;
    Statement         *s;
    Step               step;

    TRY(intern_rid(x->writer->intern, x->call, x->practice, TYPE_PRACTITIONER, practitioner,
                   false, &target));
    if (!target)
        return OK;
    s = db_statement(x->writer->db, roles_sql);
    TRY_STATEMENT(x->call, x->writer->db, s);
    bind_int(s, x->practice);
    bind_int(s, x->writer->store->param_numbers[param->index]);
    bind_int(s, target);
    while ((step = statement_step(s)) == STEP_ROW && count < NAMES_MAX)
        rids[count++] = row_int(s, 0);
    statement_reset(s);
    if (step == STEP_FAILED)
        return db_fail(x->call, x->writer->db);
    for (uint32_t i = 0; i < count; i++) {
        Resource role;

        TRY(read_now(x, TYPE_PRACTITIONER_ROLE, rids[i], &role));
        if (role.type)
            add_name(x, names, TYPE_PRACTITIONER_ROLE, role.id);
    }
    return OK;
}

static Fail practitioner_of(Checking *x, Str role, Str *practitioner)
{
    Resource  resource;
    Reference reference;
    uint32_t  node;

    *practitioner = (Str){ 0 };
    TRY(read_named(x, TYPE_PRACTITIONER_ROLE, role, &resource));
    node = resource.type ? node_child(&resource, resource.root, STR("practitioner")) : 0;
    if (!node)
        return OK;
    reference = reference_parse(node_child_text(&resource, node, STR("reference")),
                                x->writer->store->base);
    if (reference.form == REFERENCE_LOCAL && reference.type == TYPE_PRACTITIONER)
        *practitioner = reference.id;
    return OK;
}

/* All names of an actor; none if it may be busy with several things at once. */
static Fail find_names(Checking *x, TypeId type, Str id, Names *names)
{
    Str      practitioner = id;
    Resource location;

    names->count = 0;
    if (type == TYPE_LOCATION) {
        TRY(read_named(x, type, id, &location));
        if (!location.type || !holds_one(&location))
            return OK;
    }
    add_name(x, names, type, id);
    if (type == TYPE_PRACTITIONER_ROLE) {
        TRY(practitioner_of(x, id, &practitioner));
        if (practitioner.len)
            add_name(x, names, TYPE_PRACTITIONER, practitioner);
    } else if (type != TYPE_PRACTITIONER) {
        return OK;
    }
    return practitioner.len ? add_roles(x, names, practitioner) : OK;
}

/* ---- when ---- */

static bool claimed(const Checking *x, int64_t rid)
{
    for (size_t i = 0; i < x->count; i++)
        if (x->claims[i].rid == rid)
            return true;
    return false;
}

/* Whether what was only held is so no longer (the rows of INDEX_KEY_HELD). */
static Fail hold_ended(Checking *x, int64_t rid, bool *ended)
{
    const SearchParam *date = search_param_find(TYPE_APPOINTMENT, STR("date"));
    Statement         *s;
    int64_t            token;
    Step               step;

    *ended = false;
    TRY(intern_token(x->writer->intern, x->call, (Str){ 0 }, INDEX_KEY_HELD, false, &token));
    if (!token)
        return OK;
    s = db_statement(x->writer->db, ended_sql);
    TRY_STATEMENT(x->call, x->writer->db, s);
    bind_int(s, x->practice);
    bind_int(s, param_keyed(x->writer->store->param_numbers[date->index], token));
    bind_int(s, clock_wall_us());
    bind_int(s, rid);
    step = statement_step(s);
    *ended = step == STEP_ROW;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(x->call, x->writer->db) : OK;
}

/* Whether a stored Appointment has the actor then. Those of this write count by what they are to be,
 * not by what they were. */
static Fail find_stored(Checking *x, Str code, Moment time, bool *found)
{
    const SearchParam *date = search_param_find(TYPE_APPOINTMENT, STR("date"));
    Statement         *s;
    int64_t            token;
    bool               ended;
    Fail               result = OK;
    Step               step = STEP_DONE;

    *found = false;
    TRY(intern_token(x->writer->intern, x->call, (Str){ 0 }, code, false, &token));
    if (!token)
        return OK;
    s = db_statement(x->writer->db, overlapping_sql);
    TRY_STATEMENT(x->call, x->writer->db, s);
    bind_int(s, x->practice);
    bind_int(s, param_keyed(x->writer->store->param_numbers[date->index], token));
    bind_int(s, time.low - LONGEST_US - 1);
    bind_int(s, time.high);
    bind_int(s, time.low);
    while (!*found && result == OK && (step = statement_step(s)) == STEP_ROW) {
        int64_t rid = row_int(s, 0);

        if (claimed(x, rid))
            continue;
        result = hold_ended(x, rid, &ended);
        *found = result == OK && !ended;
    }
    statement_reset(s);
    TRY(result);
    return !*found && step == STEP_FAILED ? db_fail(x->call, x->writer->db) : OK;
}

static bool find_claimed(const Checking *x, const BusyClaim *own, Str code, Moment time)
{
    for (const BusyClaim *other = x->claims; other < x->claims + x->count; other++)
        for (uint32_t i = 0; other != own && i < other->rows->count; i++) {
            const IndexRow *row = &other->rows->rows[i];

            if (row->kind == ROW_DATE && row->keyed && str_equal(row->key_code, code)
                && row->moment.low < time.high && time.low < row->moment.high)
                return true;
        }
    return false;
}

static Fail refuse(Checking *x, TypeId type, Str id, Moment time)
{
    char from[INSTANT_CHARS + 1], to[INSTANT_CHARS + 1];

    if (type == TYPE_SLOT)
        return fail(x->call, FAIL_CONFLICT, STR("Appointment.slot"),
                    "Slot/%.*s is taken by another appointment", STR_ARG(id));
    moment_format_instant(time.low, from);
    moment_format_instant(time.high, to);
    return fail(x->call, FAIL_CONFLICT, STR("Appointment.start"),
                "%.*s/%.*s is not free from %s to %s", STR_ARG(type_name(type)), STR_ARG(id),
                from, to);
}

static Fail check_row(Checking *x, const BusyClaim *own, const IndexRow *row)
{
    Names  names;
    TypeId type;
    Str    id;
    bool   found = false;

    if (!index_row_busy(row, &type, &id))
        return OK;
    if (row->moment.high - row->moment.low > LONGEST_US)
        return fail(x->call, FAIL_UNPROCESSABLE, STR("Appointment.end"),
                    "an appointment lasts at most %d days", LIMIT_APPOINTMENT_DAYS);
    TRY(find_names(x, type, id, &names));
    for (uint32_t i = 0; i < names.count && !found; i++) {
        TRY(find_stored(x, names.codes[i], row->moment, &found));
        found = found || find_claimed(x, own, names.codes[i], row->moment);
    }
    return found ? refuse(x, type, id, row->moment) : OK;
}

Fail busy_check(Call *c, Writer *w, uint32_t practice, const BusyClaim *claims, size_t count,
                size_t *failed)
{
    Checking x = { c, w, practice, claims, count };

    for (size_t i = 0; i < count; i++) {
        *failed = i;
        for (uint32_t row = 0; row < claims[i].rows->count; row++)
            TRY(check_row(&x, &claims[i], &claims[i].rows->rows[row]));
    }
    return OK;
}
