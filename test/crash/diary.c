/* What was asked and acknowledged, against what is stored. See diary.h. */
#include "test/crash/diary.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#include "access/principal.h"
#include "base/buf.h"
#include "base/ensure.h"
#include "test/crash/dice.h"

struct Diary {
    uint32_t         room;
    _Atomic uint32_t count;
    size_t           bytes;
    Operation        operations[];
};

Diary *diary_new(uint32_t room)
{
    size_t bytes = sizeof(Diary) + (size_t)room * sizeof(Operation);
    Diary *l = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ENSURE(l != MAP_FAILED);
    l->room = room;
    l->bytes = bytes;
    return l;
}

void diary_free(Diary *l)
{
    munmap(l, l->bytes);
}

uint32_t diary_count(const Diary *l)
{
    uint32_t count = atomic_load(&l->count);

    return count < l->room ? count : l->room;
}

Operation *diary_at(Diary *l, uint32_t number)
{
    ENSURE(number >= 1 && number <= l->room);
    return &l->operations[number - 1];
}

Operation *diary_begin(Diary *l, uint32_t *number)
{
    uint32_t index = atomic_fetch_add(&l->count, 1);

    if (index >= l->room)
        return NULL;
    *number = index + 1;
    return &l->operations[index];
}

void diary_end(Operation *o, OperationState state, size_t now)
{
    o->done_at = now;
    atomic_thread_fence(memory_order_release);
    o->state = (uint8_t)state;
}

Diary *diary_as_of(Diary *l, size_t point, uint32_t more)
{
    uint32_t count = diary_count(l);
    Diary   *copy = diary_new(count + more);

    atomic_store(&copy->count, count);
    for (uint32_t i = 0; i < count; i++) {
        copy->operations[i] = l->operations[i];
        if (l->operations[i].state == OPERATION_DONE && l->operations[i].done_at > point)
            copy->operations[i].state = OPERATION_ASKED;
        copy->operations[i].done_at = 0;
    }
    return copy;
}

void diary_request_id(uint32_t number, char out[24])
{
    snprintf(out, 24, "op-%u", number);
}

Str diary_text(Arena *a, uint32_t number, const Operation *o, uint32_t change)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .";
    Dice  dice = { o->text_seed + change };
    Buf   out = buf_new(a, 4096);
    char *at;

    size_t len = 20 + (dice_below(&dice, 8) ? dice_below(&dice, 600) : dice_below(&dice, 6000));

    buf_printf(&out, ",\"identifier\":[{\"system\":\"urn:crash\",\"value\":\"%u.%u.%u\"}]",
               number, change, o->change_count);
    buf_put(&out, o->changes[change].observation
                      ? STR(",\"status\":\"final\",\"code\":{\"text\":\"load\"},\"subject\":"
                            "{\"reference\":\"Patient/everybody\"},\"valueString\":\"x")
                      : STR(",\"name\":[{\"text\":\"x"));
    at = buf_reserve(&out, len);
    for (size_t i = 0; i < len; i++)
        at[i] = letters[dice_below(&dice, 64)];
    out.len += len;
    buf_put(&out, o->changes[change].observation ? STR("x\"}") : STR("x\"}]}"));
    return buf_str(&out);
}

/* ---- a set of keys ---- */

enum { HAS_VERSION = 1, HAS_AUDIT = 2 };

/* One version of one resource, as a hash of its type, id and number. */
typedef struct Key {
    uint64_t hash;      /* 0: free */
    uint32_t operation; /* a deletion's, and which change of it */
    uint8_t  change;
    uint8_t  flags;
} Key;

typedef struct Keys {
    Arena *arena;
    Key   *at;
    size_t room, used;
} Keys;

static uint64_t key_hash(TypeId type, Str id, uint64_t version)
{
    uint64_t hash = str_hash(id) ^ (version * 0x9e3779b97f4a7c15u) ^ ((uint64_t)type << 48);

    return hash ? hash : 1;
}

static Key *keys_slot(const Keys *k, uint64_t hash)
{
    size_t i = (size_t)(hash * 0x9e3779b97f4a7c15u >> 20) & (k->room - 1);

    while (k->at[i].hash && k->at[i].hash != hash)
        i = (i + 1) & (k->room - 1);
    return &k->at[i];
}

static void keys_make_room(Keys *k)
{
    Keys larger = { k->arena, NULL, k->room ? 2 * k->room : 1024, k->used };

    if (k->room > 2 * k->used + 2)
        return;
    larger.at = NEW_ARRAY(k->arena, Key, larger.room);
    for (size_t i = 0; i < k->room; i++)
        if (k->at[i].hash)
            *keys_slot(&larger, k->at[i].hash) = k->at[i];
    *k = larger;
}

static Key *keys_get(Keys *k, uint64_t hash)
{
    Key *slot;

    keys_make_room(k);
    slot = keys_slot(k, hash);
    if (!slot->hash) {
        slot->hash = hash;
        k->used++;
    }
    return slot;
}

/* ---- the comparison ---- */

typedef struct Check {
    Arena       *arena; /* not the call's: the store gives that back from row to row */
    Diary       *diary;
    DiaryReport *report;
    Buf          findings;
    Keys         keys;
    uint8_t     *seen;    /* for each operation the changes that are there */
    uint8_t     *audited; /* … and whether it has an audit record */
    uint64_t     seq;
    int64_t      at_us;
} Check;

__attribute__((format(printf, 2, 3))) static void fault(Check *k, const char *format, ...)
{
    va_list args;

    if (k->report->faults++ >= 8)
        return;
    va_start(args, format);
    buf_put(&k->findings, arena_vprintf(k->arena, format, args));
    va_end(args);
    buf_put_char(&k->findings, '\n');
}

/* Reads "7.0.3" out of the first identifier. */
static bool read_mark(Str body, uint32_t *number, uint32_t *change)
{
    const Str before = STR("\"system\":\"urn:crash\",\"value\":\"");
    ptrdiff_t at = str_find(body, before);
    Str       rest, part;
    uint64_t  values[2];

    if (at < 0)
        return false;
    rest = str_skip(body, (size_t)at + before.len);
    for (size_t i = 0; i < 2; i++)
        if (!str_cut(rest, '.', &part, &rest) || !str_to_u64(part, &values[i]))
            return false;
    *number = (uint32_t)values[0];
    *change = (uint32_t)values[1];
    return true;
}

/* True if it was imported. */
static bool check_written(Check *k, const Version *v)
{
    uint32_t           number, change;
    const Operation   *o;
    const DiaryChange *wanted;
    ArenaMark          mark = arena_mark(k->arena);

    if (!read_mark(v->body, &number, &change) || number < 1 || number > diary_count(k->diary)) {
        fault(k, "seq %llu is nothing that was asked for", (unsigned long long)v->seq);
        return false;
    }
    o = diary_at(k->diary, number);
    ENSURE(change < o->change_count);
    wanted = &o->changes[change];
    if (k->seen[number] >> change & 1)
        fault(k, "operation %u, change %u is there twice", number, change);
    k->seen[number] |= (uint8_t)(1u << change);
    if ((wanted->version && wanted->version != v->version)
        || (wanted->id[0] && !str_equal(v->id, str_from(wanted->id))))
        fault(k, "operation %u, change %u is version %llu of %.*s", number, change,
              (unsigned long long)v->version, STR_ARG(v->id));
    if (!str_ends(v->body, diary_text(k->arena, number, o, change)))
        fault(k, "operation %u, change %u has another text", number, change);
    if (k->report->faults == 0)
        arena_rewind(k->arena, mark);
    return o->imported;
}

static void check_deleted(Check *k, const Version *v)
{
    Key *key = keys_get(&k->keys, key_hash(v->type, v->id, v->version));

    if (!key->operation)
        fault(k, "nobody asked for the deletion that is version %llu of %.*s",
              (unsigned long long)v->version, STR_ARG(v->id));
    else
        k->seen[key->operation] |= (uint8_t)(1u << key->change);
}

static bool check_version(void *context, const Version *v)
{
    Check *k = context;
    bool   imported = false;

    k->report->versions++;
    if (v->seq <= k->seq || v->at_us <= k->at_us)
        fault(k, "seq %llu does not come later than seq %llu", (unsigned long long)v->seq,
              (unsigned long long)k->seq);
    k->seq = v->seq;
    k->at_us = v->at_us;
    if (v->version > 1
        && !(keys_get(&k->keys, key_hash(v->type, v->id, v->version - 1))->flags & HAS_VERSION))
        fault(k, "version %llu of %.*s follows none", (unsigned long long)v->version,
              STR_ARG(v->id));
    if (v->deleted)
        check_deleted(k, v);
    else
        imported = check_written(k, v);
    keys_get(&k->keys, key_hash(v->type, v->id, v->version))->flags |=
        imported ? HAS_VERSION | HAS_AUDIT : HAS_VERSION;
    return true;
}

static bool check_audit_record(void *context, const AuditRecord *record, uint64_t place)
{
    Check   *k = context;
    Str      prefix, rest;
    uint64_t number;
    Key     *key;

    (void)place;
    k->report->audit_records++;
    if (!str_cut(record->request_id, '-', &prefix, &rest) || !str_equal(prefix, STR("op"))
        || !str_to_u64(rest, &number) || number < 1 || number > diary_count(k->diary))
        return true;
    if (record->status >= 200 && record->status < 300)
        k->audited[number] = 1;
    if (!diary_at(k->diary, (uint32_t)number)->change_count || record->status >= 300
        || !record->version || !record->id.len)
        return true;
    key = keys_get(&k->keys, key_hash(record->type, record->id, record->version));
    key->flags |= HAS_AUDIT;
    if (!(key->flags & HAS_VERSION))
        fault(k, "operation %u has an audit record of version %llu of %.*s, which is not there",
              (unsigned)number, (unsigned long long)record->version, STR_ARG(record->id));
    return true;
}

/* The deletions, which carry no mark, by what they make. */
static void expect_deletions(Check *k, TypeId patient, TypeId observation)
{
    for (uint32_t n = 1; n <= diary_count(k->diary); n++) {
        const Operation *o = diary_at(k->diary, n);

        for (uint8_t i = 0; i < o->change_count; i++) {
            const DiaryChange *change = &o->changes[i];
            Key               *key;

            if (!change->deletes)
                continue;
            key = keys_get(&k->keys, key_hash(change->observation ? observation : patient,
                                              str_from(change->id), change->version));
            key->operation = n;
            key->change = i;
        }
    }
}

static void check_operation(Check *k, uint32_t n, size_t point)
{
    const Operation *o = diary_at(k->diary, n);
    bool             done = o->state == OPERATION_DONE && o->done_at <= point;
    uint8_t          whole = (uint8_t)((1u << o->change_count) - 1);

    k->report->operations_done += done;
    if (done && k->seen[n] != whole)
        fault(k, "operation %u was acknowledged; of its %u changes these are there: %#x", n,
              o->change_count, k->seen[n]);
    if (done && !o->imported && !k->audited[n])
        fault(k, "operation %u was acknowledged and has no audit record", n);
    if (!done && k->seen[n] && k->seen[n] != whole)
        fault(k, "operation %u is half there: of its %u changes %#x", n, o->change_count,
              k->seen[n]);
    if (o->state == OPERATION_REFUSED && k->seen[n])
        fault(k, "operation %u was refused and is there", n);
}

static void check_operations(Check *k, size_t point)
{
    for (size_t i = 0; i < k->keys.room; i++)
        if ((k->keys.at[i].flags & (HAS_VERSION | HAS_AUDIT)) == HAS_VERSION)
            fault(k, "a version has no audit record");
    for (uint32_t n = 1; n <= diary_count(k->diary); n++)
        check_operation(k, n, point);
}

Fail diary_check(Call *c, Diary *l, Session *s, size_t point, DiaryReport *out)
{
    Principal owner = principal_owner();
    Arena    *arena = arena_create((size_t)4 << 30);
    Permit    permit;
    Check     k = { .diary = l, .report = out };
    Fail      result;

    *out = (DiaryReport){ 0 };
    c->deadline_ms = 0;
    k.findings = buf_new(arena, 2048);
    k.keys.arena = k.arena = arena;
    k.seen = NEW_ARRAY(arena, uint8_t, diary_count(l) + 1);
    k.audited = NEW_ARRAY(arena, uint8_t, diary_count(l) + 1);
    expect_deletions(&k, type_find(STR("Patient")), type_find(STR("Observation")));
    result = access_permit(c, &owner, DEED_READ, 0, &permit);
    if (result == OK)
        result = store_each_version(c, s, &permit, 0, check_version, &k);
    if (result == OK)
        result = store_audit_read(c, s, 0, check_audit_record, &k);
    if (result == OK)
        check_operations(&k, point);
    out->findings = arena_str(c->arena, buf_str(&k.findings));
    arena_destroy(arena);
    return result;
}
