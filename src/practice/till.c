/* What the operations about money share: see till.h. */
#include "practice/till.h"

#include <stdarg.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "base/random.h"
#include "fhir/reference.h"
#include "fhir/search.h"
#include "interaction/batch.h"

enum { ATTEMPTS = 24, FOUND_MAX = 1000, INTENT_CHARS_MAX = 64 };

/* ---- writing JSON ---- */

static void json_write(Buf *out, const char *format, va_list args)
{
    for (const char *at = format; *at; at++) {
        if (*at == '\'') {
            buf_put_char(out, '"');
            continue;
        }
        if (*at != '$') {
            buf_put_char(out, *at);
            continue;
        }
        switch (*++at) {
        case 's': buf_put_json_string(out, va_arg(args, Str)); break;
        case 'r': buf_put(out, va_arg(args, Str)); break;
        case 'm': money_put(out, va_arg(args, int64_t)); break;
        case 'u': buf_printf(out, "%u", va_arg(args, unsigned)); break;
        default: ENSURE(*at == 's'); /* no other letter is known here */
        }
    }
}

void till_json(Buf *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    json_write(out, format, args);
    va_end(args);
}

Str till_json_text(Arena *a, const char *format, ...)
{
    Buf     out = buf_new(a, 256);
    va_list args;

    va_start(args, format);
    json_write(&out, format, args);
    va_end(args);
    return buf_str(&out);
}

/* ---- parameters ---- */

uint32_t till_param(const Till *t, Str name)
{
    uint32_t each;

    if (!t->params.tree)
        return 0;
    for (each = node_child(&t->params, t->params.root, STR("parameter")); each;
         each = node_next_same(&t->params, each))
        if (str_equal(node_child_text(&t->params, each, STR("name")), name))
            return each;
    return 0;
}

uint32_t till_part(const Till *t, uint32_t param, Str name)
{
    for (uint32_t each = node_child(&t->params, param, STR("part")); each;
         each = node_next_same(&t->params, each))
        if (str_equal(node_child_text(&t->params, each, STR("name")), name))
            return each;
    return 0;
}

Str till_value(const Till *t, uint32_t param)
{
    uint32_t value = param ? node_child(&t->params, param, STR("value")) : 0;

    if (!value)
        return (Str){ 0 };
    if (structure(node_at(&t->params, value)->type)->kind == STRUCTURE_PRIMITIVE)
        return node_text(node_at(&t->params, value));
    return node_child_text(&t->params, value, STR("reference"));
}

Str till_text(const Till *t, Str name)
{
    return till_value(t, till_param(t, name));
}

Str till_place(const Till *t, uint32_t param, Str name)
{
    return param ? node_expression(t->call->arena, &t->params, param) : name;
}

Fail till_amount(const Till *t, uint32_t param, Str name, int64_t *cents)
{
    Str text = till_value(t, param);

    if (text.len == 0)
        return fail(t->call, FAIL_REQUIRED, till_place(t, param, name),
                    "An amount is missing: %.*s", STR_ARG(name));
    if (!money_parse(text, cents))
        return fail(t->call, FAIL_VALUE, till_place(t, param, name),
                    "An amount has at most two decimals");
    if (*cents <= 0)
        return fail(t->call, FAIL_VALUE, till_place(t, param, name),
                    "An amount is more than nothing");
    return OK;
}

Fail till_intent(const Till *t, Str *out)
{
    uint32_t param = till_param(t, STR("intent"));

    *out = till_value(t, param);
    for (size_t i = 0; i < out->len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._",
                    out->at[i]))
            return fail(t->call, FAIL_VALUE, till_place(t, param, STR("intent")),
                        "An intent is letters, digits, - . and _");
    return out->len <= INTENT_CHARS_MAX
               ? OK
               : fail(t->call, FAIL_VALUE, till_place(t, param, STR("intent")),
                      "An intent has at most %d characters", INTENT_CHARS_MAX);
}

static bool is_named(const Str *names, size_t count, Str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(names[i], name))
            return true;
    return false;
}

static Fail read_params(Till *t, const Str *names, size_t count)
{
    const Asked *asked = t->turn->asked;
    ReadOptions  options = { .expected = TYPE_PARAMETERS, .values_max = LIMIT_JSON_NODES };
    uint32_t     each;

    if (asked->resource) {
        if (asked->resource->type != TYPE_PARAMETERS)
            return fail(t->call, FAIL_INVALID, type_name(asked->resource->type),
                        "An operation takes Parameters");
        t->params = *asked->resource;
    } else if (asked->method == HTTP_POST && asked->body.len > 0) {
        TRY(resource_read(t->call, asked->body, &options, &t->params));
    } else {
        return OK;
    }
    for (each = node_child(&t->params, t->params.root, STR("parameter")); each;
         each = node_next_same(&t->params, each))
        if (!is_named(names, count, node_child_text(&t->params, each, STR("name"))))
            return fail(t->call, FAIL_VALUE, till_place(t, each, (Str){ 0 }),
                        "This parameter is not understood here");
    return OK;
}

/* The day that amounts are booked on: the caller's own, which may be a day from that of UTC. */
static Fail find_day(Till *t)
{
    static const int64_t two_days_us = (int64_t)2 * 24 * 3600 * 1000000;
    uint32_t             param = till_param(t, STR("date"));
    char                 now[INSTANT_CHARS + 1];
    Moment               moment;
    uint64_t             number = 0;

    moment_format_instant(t->call->now_us, now);
    t->date = arena_str(t->call->arena, (Str){ now, 10 });
    if (param)
        t->date = till_value(t, param);
    if (t->date.len != 10 || !moment_parse(t->date, MOMENT_DATE, &moment)
        || moment.low < t->call->now_us - two_days_us
        || moment.low > t->call->now_us + two_days_us / 2)
        return fail(t->call, FAIL_VALUE, till_place(t, param, STR("date")),
                    "Money is booked on the day it moves: expected today's date");
    for (size_t i = 0; i < t->date.len; i++)
        if (t->date.at[i] != '-')
            number = number * 10 + (uint64_t)(t->date.at[i] - '0');
    t->day = (uint32_t)number;
    return OK;
}

Fail till_begin(Call *c, Session *s, const Turn *turn, const Str *names, size_t name_count,
                Till *out)
{
    *out = (Till){ .call = c, .session = s, .turn = turn, .bundle = buf_new(c->arena, 4096) };
    TRY(read_params(out, names, name_count));
    return find_day(out);
}

Fail till_open(Call *c, Session *s, const Turn *turn, const Str *names, size_t name_count,
               Till *out)
{
    TRY(till_begin(c, s, turn, names, name_count, out));
    TRY(access_permit(c, turn->principal, DEED_READ, TYPE_INVOICE, &out->reading));
    return store_ledger_state(c, s, &out->reading, &out->state);
}

/* ---- the record ---- */

Fail till_parse(Till *t, const Version *version, Loaded *out)
{
    ReadOptions options = { .expected = version->type,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };

    out->version = *version;
    return resource_read(t->call, version->body, &options, &out->resource);
}

Fail till_read(Till *t, TypeId type, Str id, Loaded *out)
{
    Permit  permit;
    Version version;

    TRY(access_permit(t->call, t->turn->principal, DEED_READ, type, &permit));
    TRY(store_read(t->call, t->session, &permit, type, id, &version));
    if (version.deleted)
        return fail(t->call, FAIL_GONE, (Str){ 0 }, "%.*s/%.*s was deleted",
                    STR_ARG(type_name(type)), STR_ARG(id));
    return till_parse(t, &version, out);
}

Fail till_follow(Till *t, Str reference, TypeId type, Str where, Loaded *out)
{
    Reference r = reference_parse(reference, t->turn->asked->base);

    if (r.form != REFERENCE_LOCAL || r.type != type)
        return fail(t->call, FAIL_REQUIRED, where, "This needs a reference to a %.*s",
                    STR_ARG(type_name(type)));
    return till_read(t, type, r.id, out);
}

Fail till_search(Till *t, TypeId type, Str criteria, Version **out, size_t *count)
{
    QueryOptions options = { .base = t->turn->asked->base };
    SearchPage   page;
    Permit       permit;
    Query        query;

    TRY(access_permit(t->call, t->turn->principal, DEED_SEARCH, type, &permit));
    TRY(query_parse(t->call, type, criteria, &options, &query));
    query.page_count = FOUND_MAX;
    TRY(store_search(t->call, t->session, &permit, &query, &page));
    *out = page.versions;
    *count = page.count;
    return OK;
}

Str till_edited(Till *t, const Loaded *loaded, Str status, Str instead, Str members)
{
    const Resource *r = &loaded->resource;
    Json            json;
    Buf             out = buf_new(t->call->arena, loaded->version.body.len + members.len + 64);

    ENSURE(json_parse(t->call, loaded->version.body, LIMIT_JSON_NODES, &json) == OK && r);
    buf_put_char(&out, '{');
    for (uint32_t i = 1; i < json.count; i = json.values[i].after) {
        Str key = json.values[i].key;

        if (instead.len && str_equal(key, instead))
            continue;
        if (out.len > 1)
            buf_put_char(&out, ',');
        if (str_equal(key, STR("status")) && status.len)
            till_json(&out, "'status':$s", status);
        else
            buf_put(&out, str_slice(json.source, json.values[i].key_from, json.values[i].to));
    }
    buf_put(&out, members);
    buf_put_char(&out, '}');
    return buf_str(&out);
}

Str till_new_id(Till *t)
{
    char *uuid = arena_alloc(t->call->arena, UUID_CHARS + 1, 1);

    random_uuid(t->call->now_us, uuid);
    return str_from(uuid);
}

void till_put(Till *t, TypeId type, Str id, uint64_t version, Str json)
{
    till_json(&t->bundle,
              "$r{'resource':$r,'request':{'method':'PUT','url':'$r/$r','ifMatch':"
              "'W/\\'$u\\''}}",
              t->bundled++ ? STR(",") : STR(""), json, type_name(type), id, (unsigned)version);
}

void till_make(Till *t, TypeId type, Str id, Str json)
{
    till_json(
        &t->bundle,
        "$r{'fullUrl':'urn:uuid:$r','resource':$r,'request':{'method':'POST','url':'$r'}}",
        t->bundled++ ? STR(",") : STR(""), id, json, type_name(type));
}

void till_post(Till *t, TypeId type, Str full_url, Str if_none_exist, Str json)
{
    till_json(&t->bundle,
              "$r{'fullUrl':$s,'resource':$r,'request':{'method':'POST','url':'$r',"
              "'ifNoneExist':$s}}",
              t->bundled++ ? STR(",") : STR(""), full_url, json, type_name(type),
              if_none_exist);
}

/* ---- the ledger ---- */

LedgerEntry *till_entry(Till *t, LedgerKind kind, Str currency)
{
    LedgerEntry *entry;

    ENSURE(t->entry_count < TILL_ENTRIES_MAX);
    entry = &t->entries[t->entry_count++];
    *entry = (LedgerEntry){ .kind = kind, .day = t->day, .currency = currency };
    entry->lines = NEW_ARRAY(t->call->arena, LedgerLine, TILL_LINES_MAX);
    return entry;
}

void till_line(Till *t, LedgerEntry *entry, LedgerLine line)
{
    (void)t;
    if (line.cents == 0)
        return;
    ENSURE(entry->line_count < TILL_LINES_MAX);
    ((LedgerLine *)entry->lines)[entry->line_count++] = line;
}

void till_seal(Till *t, TypeId type, Str id)
{
    ENSURE(t->seal_count < TILL_SEALS_MAX);
    t->seals[t->seal_count++] = (LedgerSeal){ type, id };
}

Fail till_open_amount(Till *t, Str invoice, int64_t *open)
{
    LedgerQuery query = { .by = LEDGER_OF_INVOICE, .id = invoice };
    LedgerRow  *rows;
    size_t      count;

    *open = 0;
    TRY(store_ledger_read(t->call, t->session, &t->reading, &query, &rows, &count));
    for (size_t i = 0; i < count; i++)
        if (rows[i].line.account == ACCOUNT_RECEIVABLE)
            *open += rows[i].line.cents;
    return OK;
}

/* ---- carrying out ---- */

static Fail commit(Till *t, Answer *answer)
{
    LedgerWrite ledger = { .seen = t->state.newest,
                           .entries = t->entries,
                           .entry_count = t->entry_count,
                           .seals = t->seals,
                           .seal_count = t->seal_count };
    ReadOptions options = { .expected = TYPE_BUNDLE, .values_max = LIMIT_BUNDLE_NODES };
    Turn        turn = *t->turn;
    Resource    resource;
    Bundle      bundle;

    turn.own_ids = true;
    turn.signs = t->signing;
    turn.ledger = t->entry_count || t->seal_count ? &ledger : NULL;
    TRY(resource_read(t->call,
                      till_json_text(t->call->arena,
                                     "{'resourceType':'Bundle','type':'transaction','entry':"
                                     "[$r]}",
                                     buf_str(&t->bundle)),
                      &options, &resource));
    TRY(bundle_open(t->call, &resource, t->turn->asked->base, &bundle));
    return transaction_answer(t->call, t->session, &turn, &bundle, answer);
}

/* The answer shows the resource as it is now. */
static Fail show(Till *t, Answer *answer)
{
    Loaded loaded;

    session_rest(t->session);
    if (t->result_id.len == 0)
        return OK;
    TRY(till_read(t, t->result_type, t->result_id, &loaded));
    answer_put_version(answer, &loaded.version);
    answer->status = 200;
    answer->rows = 1;
    return OK;
}

typedef Fail TillOpen(Call *c, Session *s, const Turn *turn, const Str *names,
                      size_t name_count, Till *out);

typedef struct Running {
    TillOpen  *open;
    bool       signing;
    const Str *names;
    size_t     name_count;
    TillWork  *work;
} Running;

static Fail carry_out(Call *c, Session *s, const Turn *turn, const Running *how, Answer *answer)
{
    uint32_t issues = c->issue_count;
    Fail     result = FAIL_PRECONDITION;
    Till    *t = NEW(c->arena, Till);

    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES);
    for (int attempt = 0; result == FAIL_PRECONDITION && attempt < ATTEMPTS; attempt++) {
        call_forget_issues(c, issues);
        session_rest(s);
        TRY(how->open(c, s, turn, how->names, how->name_count, t));
        t->signing = how->signing;
        TRY(how->work(t));
        if (t->bundled == 0)
            break;
        result = commit(t, answer);
    }
    if (t->bundled > 0)
        TRY(result);
    answer->audited = t->bundled > 0;
    return show(t, answer);
}

Fail till_run(Call *c, Session *s, const Turn *turn, const Str *names, size_t name_count,
              TillWork *work, Answer *answer)
{
    return carry_out(
        c, s, turn,
        &(Running){ .open = till_open, .names = names, .name_count = name_count, .work = work },
        answer);
}

Fail till_run_signing(Call *c, Session *s, const Turn *turn, const Str *names,
                      size_t name_count, TillWork *work, Answer *answer)
{
    return carry_out(c, s, turn,
                     &(Running){ .open = till_begin,
                                 .signing = true,
                                 .names = names,
                                 .name_count = name_count,
                                 .work = work },
                     answer);
}
