/* Reports of the audit log: see audit_report.h. */
#include "exchange/audit_report.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/moment.h"
#include "exchange/export_text.h"
#include "interaction/interaction.h"

static const Str sort_names[AUDIT_SORTS] = {
    [SORT_RECORD] = STR_INIT("record"),
    [SORT_AT] = STR_INIT("at"),
    [SORT_GRANT] = STR_INIT("grant"),
    [SORT_NAME] = STR_INIT("name"),
    [SORT_INTERACTION] = STR_INIT("interaction"),
    [SORT_OUTCOME] = STR_INIT("outcome"),
    [SORT_STATUS] = STR_INIT("status"),
    [SORT_TYPE] = STR_INIT("type"),
    [SORT_ID] = STR_INIT("id"),
    [SORT_VERSION] = STR_INIT("version"),
    [SORT_PATIENT] = STR_INIT("patient"),
    [SORT_REQUEST] = STR_INIT("request"),
    [SORT_ADDRESS] = STR_INIT("address"),
    [SORT_DETAIL] = STR_INIT("detail"),
    [SORT_ROWS] = STR_INIT("rows"),
};

static Fail read_date(Call *c, const char *name, Str text, Moment *out)
{
    if (moment_parse(text, MOMENT_SEARCH, out))
        return OK;
    return fail(c, FAIL_VALUE, str_from(name),
                "\"%.*s\" is no date such as 2026-11-22 or 2026-11-22T14:30Z", STR_ARG(text));
}

static Fail read_sort(Call *c, Str text, AuditReport *out)
{
    Str known = { 0 };

    out->descending = str_starts(text, STR("-"));
    text = str_skip(text, out->descending);
    for (AuditSort i = 0; i < AUDIT_SORTS; i++) {
        if (str_equal(text, sort_names[i])) {
            out->sort = i;
            return OK;
        }
        known = i ? arena_printf(c->arena, "%.*s, %.*s", STR_ARG(known), STR_ARG(sort_names[i]))
                  : sort_names[i];
    }
    return fail(c, FAIL_VALUE, STR("sort"), "\"%.*s\" cannot be sorted by; %.*s can",
                STR_ARG(text), STR_ARG(known));
}

Fail audit_report_read(Call *c, Str from, Str until, Str sort, AuditReport *out)
{
    Moment first = { MOMENT_MIN, MOMENT_MIN }, last = { MOMENT_MAX, MOMENT_MAX };

    if (from.len)
        TRY(read_date(c, "from", from, &first));
    if (until.len)
        TRY(read_date(c, "to", until, &last));
    out->from_us = first.low;
    out->until_us = last.high;
    return sort.len ? read_sort(c, sort, out) : OK;
}

/* ---- lines ---- */

typedef struct Line {
    uint64_t place, number; /* in the log; the key, if it is a number … */
    Str      key, text;     /* … or a text */
} Line;

typedef struct Making {
    const AuditReport *report;
    const GrantNames  *names;
    Arena             *scratch, *lines_arena;
    bool (*put)(void *context, Str line);
    void  *context;
    Line  *lines;
    size_t count;
    bool   too_many;
} Making;

static Str name_of(const Making *m, const AuditRecord *r)
{
    return grant_name(m->names, r->grant);
}

static void set_key(const Making *m, const AuditRecord *r, Line *line)
{
    switch (m->report->sort) {
    case SORT_RECORD:
    case AUDIT_SORTS: line->number = line->place; break;
    case SORT_AT: line->number = (uint64_t)r->at_us; break;
    case SORT_GRANT: line->number = r->grant; break;
    case SORT_NAME: line->key = name_of(m, r); break;
    case SORT_INTERACTION: line->key = interaction_name((Interaction)r->interaction); break;
    case SORT_OUTCOME: line->number = r->outcome; break;
    case SORT_STATUS: line->number = r->status; break;
    case SORT_TYPE: line->key = r->type ? type_name(r->type) : (Str){ 0 }; break;
    case SORT_ID: line->key = r->id; break;
    case SORT_VERSION: line->number = r->version; break;
    case SORT_PATIENT: line->key = r->patient; break;
    case SORT_REQUEST: line->key = r->request_id; break;
    case SORT_ADDRESS: line->key = r->address; break;
    case SORT_DETAIL: line->key = r->detail; break;
    case SORT_ROWS: line->number = r->rows; break;
    }
}

static bool keep_line(Making *m, Line line)
{
    m->too_many = m->count == LIMIT_REPORT_SORTED
                  || arena_used(m->lines_arena) > LIMIT_BUNDLE_CALL_BYTES / 2;
    if (m->too_many)
        return false;
    line.key = arena_str(m->lines_arena, line.key);
    line.text = arena_str(m->lines_arena, line.text);
    m->lines[m->count++] = line;
    return true;
}

static bool is_wanted(const Making *m, const AuditRecord *r)
{
    const AuditReport *report = m->report;

    return r->at_us >= report->from_us && r->at_us < report->until_us
           && (!report->patient.len || audit_concerns(r, report->patient))
           && (!report->name.len || str_equal(report->name, name_of(m, r)));
}

static bool take_record(void *context, const AuditRecord *r, uint64_t place)
{
    Making   *m = context;
    ArenaMark mark = arena_mark(m->scratch);
    Line      line = { .place = place };
    bool      go_on;
    Str       text;

    if (!is_wanted(m, r))
        return true;
    text = export_audit_line(m->scratch, m->names, r);
    line.text = arena_printf(m->scratch, "{\"record\":%llu,%.*s", (unsigned long long)place,
                             STR_ARG(str_skip(text, 1)));
    if (m->lines) {
        set_key(m, r, &line);
        go_on = keep_line(m, line);
    } else {
        go_on = m->put(m->context, line.text);
    }
    arena_rewind(m->scratch, mark);
    return go_on;
}

static int compare(const void *a, const void *b)
{
    const Line *x = a, *y = b;
    int         order = str_compare(x->key, y->key);

    if (order == 0 && x->number != y->number)
        order = x->number < y->number ? -1 : 1;
    return order ? order : x->place < y->place ? -1 : x->place > y->place;
}

static void put_sorted(Making *m)
{
    bool go_on = true;

    qsort(m->lines, m->count, sizeof *m->lines, compare);
    for (size_t i = 0; i < m->count && go_on; i++)
        go_on = m->put(m->context, m->lines[m->report->descending ? m->count - 1 - i : i].text);
}

static Fail make(Call *c, Session *s, Making *m)
{
    const AuditReport *report = m->report;

    TRY(grant_names_load(c, s, m->lines_arena, &m->names));
    if (report->sort != SORT_RECORD || report->descending)
        m->lines = NEW_ARRAY(m->lines_arena, Line, LIMIT_REPORT_SORTED);
    TRY(store_audit_read(c, s, 0, take_record, m));
    if (m->too_many)
        return fail(c, FAIL_TOO_COSTLY, STR("sort"),
                    "too many records would have to be sorted: take fewer days with --from"
                    " and --to");
    if (m->lines)
        put_sorted(m);
    return OK;
}

Fail audit_report(Call *c, Session *s, const AuditReport *report,
                  bool (*put)(void *context, Str line), void *context)
{
    Making m = { .report = report, .put = put, .context = context };
    Fail   result;

    m.scratch = arena_create(LIMIT_CALL_BYTES);
    m.lines_arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    result = make(c, s, &m);
    arena_destroy(m.lines_arena);
    arena_destroy(m.scratch);
    return result;
}
