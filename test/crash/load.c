/* Mixed load. See load.h. */
#include "test/crash/load.h"

#include <stdio.h>

#include "base/buf.h"

typedef enum ChangeKind {
    CREATE_BY_POST,
    CREATE_BY_PUT,
    UPDATE,
    DELETE,
    CHANGE_KINDS
} ChangeKind;

/* One operation being made: which known resource each change is about (-1: none). */
typedef struct Making {
    Operation *operation;
    uint32_t   number;
    ChangeKind kind[DIARY_CHANGES_MAX];
    int        known[DIARY_CHANGES_MAX];
} Making;

Load *load_new(Diary *diary, LoadSend *send, void *context, unsigned thread, uint64_t seed)
{
    Arena *a = arena_create((size_t)64 << 20);
    Load  *l = NEW(a, Load);

    l->arena = arena_create((size_t)64 << 20);
    l->diary = diary;
    l->send = send;
    l->context = context;
    l->thread = thread;
    l->dice.state = seed + thread * 1000003u;
    arena_defer(l->arena, (void (*)(void *))arena_destroy, a);
    return l;
}

void load_free(Load *l)
{
    arena_destroy(l->arena);
}

/* Whether the operation that is being made has touched it already. */
static bool in_use(const Making *m, unsigned count, int known)
{
    for (unsigned i = 0; i < count; i++)
        if (m->known[i] == known)
            return true;
    return false;
}

static int pick(Load *l, const Making *m, unsigned count, bool there)
{
    unsigned start = (unsigned)dice_below(&l->dice, LOAD_KNOWN_MAX);

    for (unsigned i = 0; i < LOAD_KNOWN_MAX; i++) {
        int known = (int)((start + i) % LOAD_KNOWN_MAX);

        if (l->known[known].there == there && !in_use(m, count, known))
            return known;
    }
    return -1;
}

static ChangeKind draw_kind(Load *l)
{
    uint64_t throw = dice_below(&l->dice, 100);

    if (throw < 30)
        return CREATE_BY_POST;
    if (throw < 45)
        return CREATE_BY_PUT;
    return throw < 90 ? UPDATE : DELETE;
}

/* Decides on change i: a new resource in a free place, or a new version of a known one. */
static void plan_change(Load *l, Making *m, unsigned i)
{
    DiaryChange *change = &m->operation->changes[i];
    ChangeKind   kind = draw_kind(l);
    int          known = pick(l, m, i, kind == UPDATE || kind == DELETE);

    if (known < 0) {
        kind = kind == UPDATE || kind == DELETE ? CREATE_BY_POST : UPDATE;
        known = pick(l, m, i, kind == UPDATE);
    }
    m->kind[i] = kind;
    m->known[i] = known;
    *change = (DiaryChange){ .version = 1, .observation = dice_below(&l->dice, 4) != 0 };
    if (kind == UPDATE || kind == DELETE) {
        *change = (DiaryChange){
            .deletes = kind == DELETE,
            .observation = l->known[known].observation,
            .version = l->known[known].version + 1,
        };
        memcpy(change->id, l->known[known].id, sizeof change->id);
    } else if (kind == CREATE_BY_PUT) {
        snprintf(change->id, sizeof change->id, "c%u-%u", l->thread, l->made++);
    }
}

static Str type_of(const DiaryChange *change)
{
    return change->observation ? STR("Observation") : STR("Patient");
}

static Str resource_of(Load *l, const Making *m, unsigned i)
{
    const DiaryChange *change = &m->operation->changes[i];
    Buf                out = buf_new(l->arena, 1024);

    buf_printf(&out, "{\"resourceType\":\"%.*s\"", STR_ARG(type_of(change)));
    if (change->id[0])
        buf_printf(&out, ",\"id\":\"%s\"", change->id);
    buf_put(&out, diary_text(l->arena, m->number, m->operation, i));
    return buf_str(&out);
}

static const char *method_of(ChangeKind kind)
{
    static const char *const methods[CHANGE_KINDS] = {
        [CREATE_BY_POST] = "POST",
        [CREATE_BY_PUT] = "PUT",
        [UPDATE] = "PUT",
        [DELETE] = "DELETE",
    };

    return methods[kind];
}

static void put_entry(Load *l, const Making *m, unsigned i, Buf *out)
{
    const DiaryChange *change = &m->operation->changes[i];

    buf_put(out, i ? STR(",{") : STR("{"));
    if (m->kind[i] != DELETE) {
        buf_put(out, STR("\"resource\":"));
        buf_put(out, resource_of(l, m, i));
        buf_put_char(out, ',');
    }
    buf_printf(out, "\"request\":{\"method\":\"%s\",\"url\":\"%.*s%s%s\"",
               method_of(m->kind[i]), STR_ARG(type_of(change)), change->id[0] ? "/" : "",
               change->id);
    if (m->kind[i] == UPDATE)
        buf_printf(out, ",\"ifMatch\":\"W/\\\"%u\\\"\"", change->version - 1);
    buf_put(out, STR("}}"));
}

static LoadRequest transaction_of(Load *l, const Making *m)
{
    Buf out = buf_new(l->arena, 16384);

    buf_put(&out, STR("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["));
    for (unsigned i = 0; i < m->operation->change_count; i++)
        put_entry(l, m, i, &out);
    buf_put(&out, STR("]}"));
    return (LoadRequest){ .method = "POST", .body = buf_str(&out) };
}

static LoadRequest single_of(Load *l, const Making *m)
{
    const DiaryChange *change = &m->operation->changes[0];
    LoadRequest        r = { .method = method_of(m->kind[0]) };

    r.path = arena_printf(l->arena, "/%.*s%s%s", STR_ARG(type_of(change)),
                          change->id[0] ? "/" : "", change->id);
    if (m->kind[0] != DELETE)
        r.body = resource_of(l, m, 0);
    if (m->kind[0] == UPDATE)
        r.if_match = arena_printf(l->arena, "W/\"%u\"", change->version - 1);
    return r;
}

/* "http://…/Observation/7/_history/1": the id. */
static bool id_in_location(const char *location, char id[DIARY_ID_MAX])
{
    Str whole = str_from(location), before, after, rest;

    if (!str_cut_last(whole, '/', &before, &after) || !str_ends(before, STR("/_history")))
        return false;
    before.len -= sizeof "/_history" - 1;
    if (!str_cut_last(before, '/', &rest, &after) || after.len >= DIARY_ID_MAX)
        return false;
    memcpy(id, after.at, after.len);
    id[after.len] = '\0';
    return true;
}

/* What is known of the resources now. Those whose fate is open are not touched again. */
static void learn(Load *l, const Making *m, OperationState state, const LoadAnswer *answer)
{
    for (unsigned i = 0; i < m->operation->change_count; i++) {
        const DiaryChange *change = &m->operation->changes[i];
        LoadKnown         *known = m->known[i] < 0 ? NULL : &l->known[m->known[i]];

        if (!known || state == OPERATION_REFUSED)
            continue;
        known->there = state == OPERATION_DONE && m->kind[i] != DELETE;
        known->observation = change->observation;
        known->version = change->version;
        memcpy(known->id, change->id, sizeof known->id);
        if (m->kind[i] == CREATE_BY_POST)
            known->there = known->there && m->operation->change_count == 1
                           && id_in_location(answer->location, known->id);
    }
}

static OperationState state_of(int status)
{
    if (status >= 200 && status < 300)
        return OPERATION_DONE;
    return (status >= 400 && status < 500) || status == 507 ? OPERATION_REFUSED
                                                            : OPERATION_ASKED;
}

static bool carry_out(Load *l, Making *m, LoadRequest request)
{
    LoadAnswer     answer = { 0 };
    OperationState state = OPERATION_ASKED;
    bool           answered;
    char           request_id[24];

    diary_request_id(m->number, request_id);
    request.request_id = str_from(request_id);
    answered = l->send(l->context, &request, &answer);
    if (answered)
        state = state_of(answer.status);
    l->last_status = answer.status;
    learn(l, m, state, &answer);
    diary_end(m->operation, state, l->recording ? recording_vfs_now(l->recording) : 0);
    l->done += state == OPERATION_DONE;
    l->refused += state == OPERATION_REFUSED;
    l->open += state == OPERATION_ASKED;
    return answered;
}

bool load_change(Load *l)
{
    Making    m = { 0 };
    ArenaMark mark = arena_mark(l->arena);
    unsigned  count = 1;
    bool      going_on;

    if (dice_below(&l->dice, 4) == 0)
        count = 2 + (unsigned)dice_below(&l->dice, DIARY_CHANGES_MAX - 1);
    m.operation = diary_begin(l->diary, &m.number);
    if (!m.operation)
        return false;
    m.operation->text_seed = dice_next(&l->dice);
    for (unsigned i = 0; i < count; i++)
        plan_change(l, &m, i);
    m.operation->change_count = (uint8_t)count;
    going_on = carry_out(l, &m, count > 1 ? transaction_of(l, &m) : single_of(l, &m));
    arena_rewind(l->arena, mark);
    return going_on;
}

bool load_read(Load *l)
{
    Making      m = { 0 };
    ArenaMark   mark = arena_mark(l->arena);
    LoadRequest request = { .method = "GET" };
    int         known = pick(l, &m, 0, true);
    bool        going_on;

    if (known < 0)
        return load_change(l);
    m.operation = diary_begin(l->diary, &m.number);
    if (!m.operation)
        return false;
    request.path = arena_printf(l->arena, "/%s/%s",
                                l->known[known].observation ? "Observation" : "Patient",
                                l->known[known].id);
    going_on = carry_out(l, &m, request);
    arena_rewind(l->arena, mark);
    return going_on;
}

bool load_step(Load *l)
{
    return dice_below(&l->dice, 100) < 20 ? load_read(l) : load_change(l);
}
