/* A change on its way to the writer: see change.h. */
#include "interaction/change.h"

#include "access/consent.h"
#include "base/limits.h"
#include "base/random.h"
#include "fhir/outcome.h"
#include "fhir/search.h"
#include "fhir/search_parameter.h"
#include "interaction/check_write.h"
#include "interaction/online.h"

enum { ATTEMPTS = 8 };

Change *change_add(Call *c, Step *step, Method method, const Permit *permit, Str id)
{
    Permit *kept = NEW(c->arena, Permit);
    Change *change;

    step->changes = arena_grow(c->arena, step->changes, step->change_count * sizeof(Change),
                               (step->change_count + 1) * sizeof(Change));
    change = &step->changes[step->change_count++];
    *kept = *permit;
    *change =
        (Change){ .method = method, .permit = kept, .type = step->turn.asked->type, .id = id };
    return change;
}

static bool is_json(Str media_type)
{
    static const Str names[] = { STR_INIT("application/fhir+json"),
                                 STR_INIT("application/json"), STR_INIT("text/json") };

    for (size_t i = 0; i < COUNT(names); i++)
        if (str_equal_ascii_nocase(media_type, names[i]))
            return true;
    return false;
}

Fail change_check_media_type(Call *c, const Asked *asked)
{
    if (!is_json(asked->body_type))
        return fail(c, FAIL_MEDIA_TYPE, STR("Content-Type"),
                    "A resource is sent as application/fhir+json");
    return OK;
}

Str change_new_id(Call *c, const Step *step)
{
    char *uuid;

    if (step->id.len > 0)
        return step->id;
    uuid = arena_alloc(c->arena, UUID_CHARS + 1, 1);
    random_uuid(c->now_us, uuid);
    return str_from(uuid);
}

Fail change_body(Call *c, const Step *step, Resource *out)
{
    const Asked *asked = step->turn.asked;
    ReadOptions  options = { .expected = asked->type, .values_max = LIMIT_JSON_NODES };

    if (asked->resource) {
        if (asked->resource->type != asked->type)
            return fail(c, FAIL_INVALID, type_name(asked->resource->type),
                        "The resource is of another type than the address says (%.*s)",
                        STR_ARG(type_name(asked->type)));
        *out = *asked->resource;
        return OK;
    }
    if (asked->body.len == 0)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "This needs a resource in the body");
    if (!asked->in_bundle)
        TRY(change_check_media_type(c, asked));
    return resource_read(c, asked->body, &options, out);
}

Fail change_current(Call *c, Session *s, const Permit *permit, TypeId type, Str id,
                    bool absent_is_fine, Version *out)
{
    uint32_t issues = c->issue_count;
    Fail     result = store_read(c, s, permit, type, id, out);

    if (result == FAIL_NOT_FOUND && absent_is_fine) {
        call_forget_issues(c, issues);
        *out = (Version){ 0 };
        return OK;
    }
    return result;
}

Fail change_preconditions(Call *c, const Asked *asked, const Version *current)
{
    if (asked->if_match.len > 0
        && !(current && etag_matches(asked->if_match, current->version)))
        return fail(c, FAIL_PRECONDITION, STR("If-Match"),
                    "The resource is not at the version that was asked for");
    if (asked->if_none_match.len > 0 && current
        && etag_matches(asked->if_none_match, current->version))
        return fail(c, FAIL_PRECONDITION, STR("If-None-Match"),
                    "The resource is there already at such a version");
    return OK;
}

Fail change_condition(Call *c, Session *s, Step *step, Str criteria, Str *found)
{
    const Asked *asked = step->turn.asked;
    QueryOptions options = { .conditional = true, .base = asked->base };
    Permit      *permit = NEW(c->arena, Permit);
    Query       *query = NEW(c->arena, Query);

    if (step->looked) {
        *found = step->found;
        return OK;
    }
    TRY(access_permit(c, step->turn.principal, DEED_SEARCH, asked->type, permit));
    options.hidden = permit->masks;
    TRY(query_parse(c, asked->type, criteria, &options, query));
    TRY(store_condition(c, s, permit, query, found));
    step->looked = true;
    step->found = *found;
    step->conditions =
        arena_grow(c->arena, step->conditions, step->condition_count * sizeof(Condition),
                   (step->condition_count + 1) * sizeof(Condition));
    step->conditions[step->condition_count++] =
        (Condition){ .query = query, .permit = permit, .found = *found };
    return OK;
}

Fail change_compose_text(Call *c, const Step *step, Str remainder, bool trusted, Change *change)
{
    ReadOptions options = { .expected = change->type,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = trusted };
    Resource   *resource = NEW(c->arena, Resource);
    Str whole = draft_whole(c->arena, change->type, change->id, 1, c->now_us, remainder);

    TRY(resource_read(c, whole, &options, resource));
    TRY(index_derive(c, resource, step->turn.asked->base, &change->rows));
    change->remainder = remainder;
    return OK;
}

/* Whether what it withholds can be carried out, and is about roles that there are. */
static Fail check_consent(Call *c, const Step *step, const Resource *resource, Str id)
{
    Directives withheld;

    TRY(directive_compile(c, resource, id, step->turn.asked->base, &withheld));
    return consent_check(c, &withheld);
}

/* The same of one whose references in a transaction have been settled. */
static Fail check_settled_consent(Call *c, const Step *step, const Change *change)
{
    ReadOptions options = { .expected = TYPE_CONSENT, .values_max = LIMIT_JSON_NODES };
    Resource   *resource = NEW(c->arena, Resource);
    Str         whole =
        draft_whole(c->arena, TYPE_CONSENT, change->id, 1, c->now_us, change->remainder);

    TRY(resource_read(c, whole, &options, resource));
    return check_consent(c, step, resource, change->id);
}

/* What the writer compiles again is compiled here for what is to be refused. */
static Fail check_meaning(Call *c, const Step *step, const Resource *resource,
                          const Change *change)
{
    CompiledParams params;

    if (change->type == TYPE_SEARCH_PARAMETER)
        return search_parameter_compile(c, resource, change->id, 0, &params);
    if (change->type != TYPE_CONSENT || step->targets)
        return OK;
    return check_consent(c, step, resource, change->id);
}

/* A patch in a transaction makes its resource from what is stored, not from the entry's. */
static bool is_of_entry(const Step *step, const Resource *resource)
{
    return step->targets && step->entry->has_resource
           && resource->tree == step->entry->resource.tree
           && resource->root == step->entry->resource.root;
}

Fail change_compose(Call *c, const Step *step, const Resource *resource, const Version *old,
                    Change *change)
{
    const Keep nothing = { 0 };

    if (mask_has(change->permit->masks, change->type, true))
        return masked_compose(c, step, resource, old, change);
    return change_compose_kept(c, step, resource, old, &nothing, change);
}

/* Those look at the rules for patients themselves. */
static bool is_operation(const Step *step)
{
    return step->turn.asked->kind == INTERACTION_HOLD
           || step->turn.asked->kind == INTERACTION_BOOK;
}

/* Only who asks for an OperationOutcome is told. */
static bool warnings_wanted(const Step *step)
{
    return step->turn.asked->prefer_return == PREFER_OUTCOME && !step->turn.asked->in_bundle;
}

Fail change_compose_kept(Call *c, const Step *step, const Resource *resource,
                         const Version *old, const Keep *keep, Change *change)
{
    Draft   draft = draft_new(c->arena, resource);
    Carried carried = { 0 };
    Buf     text;

    TRY(check_meaning(c, step, resource, change));
    if (!keep->hidden)
        TRY(check_write(c, step->session, resource, warnings_wanted(step)));
    if (change->type == TYPE_APPOINTMENT) {
        if (step->turn.principal->patient_bound && !is_operation(step))
            TRY(online_check_change(c, step, resource, old));
        TRY(appointment_check(c, resource, old, &draft));
    }
    if (is_of_entry(step, resource))
        TRY(bundle_rewrite(c, step->entry, step->targets, &draft));
    if (keep->hidden)
        TRY(mask_keep(c, keep->hidden, old ? old->whole : (Str){ 0 }, keep->text, &draft));
    if (old)
        TRY(carry_labels(c, old, resource, &draft, change->method == METHOD_PUT, &carried));
    change->remainder = draft_remainder(&draft);
    if (keep->hidden)
        TRY(check_write_hidden(
            c, step->session, change->type,
            draft_whole(c->arena, change->type, change->id, 1, c->now_us, change->remainder)));
    if (change->type == TYPE_CONSENT && step->targets)
        TRY(check_settled_consent(c, step, change));
    if (!carried.any && !keep->hidden)
        return rewritten_rows(c, step->turn.asked, resource, &draft, change->id, &change->rows);
    text = buf_new(c->arena, change->remainder.len + carried.front.len);
    buf_put(&text, carried.front);
    buf_put(&text, change->remainder);
    return change_compose_text(c, step, buf_str(&text), true, change);
}

bool change_is_idle(Call *c, const Change *change, const Version *old)
{
    Buf head = buf_new(c->arena, 256);

    if (old->deleted || old->whole.len == 0)
        return false;
    draft_head_put(&head, old->type, old->id, old->version, old->at_us);
    return str_equal(str_skip(old->whole, head.len), change->remainder)
           || masked_is_idle(c, change, old);
}

/* Compartment rows stand near the end: rows are sorted by kind. */
Str change_patient(const Change *change)
{
    Str patient = { 0 };

    if (change->type == TYPE_PATIENT)
        return change->id;
    for (uint32_t i = change->rows.count; i-- > 0;) {
        const IndexRow *row = &change->rows.rows[i];

        if (row->kind < ROW_COMPARTMENT)
            break;
        if (row->kind != ROW_COMPARTMENT)
            continue;
        if (patient.len > 0)
            return (Str){ 0 };
        patient = row->id;
    }
    return patient;
}

void change_check_reading(Call *c, Step *step)
{
    uint32_t issues = c->issue_count;

    step->hide = access_permit(c, step->turn.principal, DEED_READ, step->turn.asked->type,
                               &step->reading)
                 != OK;
    call_forget_issues(c, issues);
}

static Str location(Call *c, TypeId type, Str id, uint64_t version)
{
    return arena_printf(c->arena, "%.*s/%.*s/_history/%llu", STR_ARG(type_name(type)),
                        STR_ARG(id), (unsigned long long)version);
}

/* What the caller prefers to get back (R4 http.html#ops). `whole` is empty where it may not
 * see the resource. */
static Fail put_preferred(Call *c, Step *step, Str whole)
{
    Answer *answer = &step->answer;

    answer->body = (Str){ 0 };
    if (step->turn.asked->prefer_return == PREFER_OUTCOME)
        answer->body = outcome_of(c, OK, 0);
    else if (step->turn.asked->prefer_return == PREFER_MINIMAL || step->hide)
        return OK;
    else if (step->show)
        TRY(step->show(c, step->turn.asked->base, whole, &answer->body));
    else
        answer->body = whole;
    answer->rows = answer->body.len > 0;
    return OK;
}

/* Somebody who may write more than it may read is not shown what it wrote over. */
static Fail check_shown(Call *c, Step *step, const Change *change)
{
    bool fits = true;

    if (!change->created && step->reading.rows)
        TRY(store_permit_fits(c, &step->reading, change->type, change->id, &change->rows,
                              &fits));
    step->hide = step->hide || !fits;
    return OK;
}

Fail change_leave(Call *c, Session *s, Step *step, const Version *current)
{
    if (step->change_count)
        TRY(check_shown(c, step, &step->changes[step->change_count - 1]));
    step->change_count = 0;
    answer_put_version(&step->answer, current);
    TRY(answer_touch(c, s, &step->answer, current, 1));
    step->answer.location = location(c, current->type, current->id, current->version);
    return put_preferred(c, step, current->body);
}

Fail change_shown(Call *c, const Change *change, Str *out)
{
    Version version = { .type = change->type, .id = change->id };

    version.whole = draft_whole(c->arena, change->type, change->id, change->version,
                                change->at_us, change->remainder);
    TRY(store_show(c, change->permit, &change->rows, &version));
    *out = version.body;
    return OK;
}

Fail change_finish(Call *c, Step *step)
{
    const Change *change = &step->changes[0];
    Answer       *answer = &step->answer;
    Str           whole = { 0 };

    answer->type = change->type;
    answer->id = change->id;
    answer->patient = change_patient(change);
    answer->version = change->version;
    if (change->method == METHOD_DELETE) {
        if (step->turn.asked->prefer_return != PREFER_OUTCOME)
            return OK;
        answer->status = 200;
        return put_preferred(c, step, whole);
    }
    TRY(check_shown(c, step, change));
    answer->at_us = change->at_us;
    answer->location = location(c, change->type, change->id, change->version);
    if (step->turn.asked->prefer_return <= PREFER_REPRESENTATION && !step->hide)
        TRY(change_shown(c, change, &whole));
    return put_preferred(c, step, whole);
}

static Fail write_step(Call *c, Session *s, Step *step)
{
    AuditRecord *audit = NEW_ARRAY(c->arena, AuditRecord, step->change_count);
    Write        write = { .changes = step->changes,
                           .change_count = step->change_count,
                           .conditions = step->conditions,
                           .condition_count = step->condition_count,
                           .audit = audit,
                           .audit_count = step->change_count };

    for (size_t i = 0; i < step->change_count; i++) {
        Answer answer = { .status = step->answer.status,
                          .type = step->changes[i].type,
                          .id = step->changes[i].id,
                          .patient = change_patient(&step->changes[i]) };

        audit[i] = interaction_audit(c, step->turn.principal, step->turn.asked, &answer, OK);
    }
    session_rest(s);
    return store_write(c, session_store(s), &write);
}

Fail change_carry_out(Call *c, Session *s, const Turn *turn, PrepareFunction *prepare,
                      Answer *answer)
{
    uint32_t issues = c->issue_count;
    Fail     result = FAIL_STALE;

    for (int attempt = 0; result == FAIL_STALE && attempt < ATTEMPTS; attempt++) {
        Step step = { .turn = *turn, .session = s, .answer = *answer };

        call_forget_issues(c, issues);
        TRY(prepare(c, s, &step));
        if (step.change_count == 0) {
            *answer = step.answer;
            return OK;
        }
        result = write_step(c, s, &step);
        if (change_patient(&step.changes[0]).len)
            answer->patient = change_patient(&step.changes[0]); /* also where it failed */
        if (result != OK)
            continue;
        TRY(step.finish ? step.finish(c, &step) : change_finish(c, &step));
        step.answer.audited = true;
        *answer = step.answer;
    }
    if (result == FAIL_STALE)
        return fail(c, FAIL_CONFLICT, (Str){ 0 },
                    "The resource is being changed by others too quickly; try again");
    return result;
}
