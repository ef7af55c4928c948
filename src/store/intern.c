/* Interning, with a memory of the numbers used last: see intern.h. */
#include "store/intern.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "store/migrate.h"

enum {
    SLOTS = 1 << 14,
    REMEMBERED_MAX = 96,
    RIDS_AT_ONCE = 1000,
};

SQL(rid_find_sql, "SELECT rid FROM identity WHERE practice = $1 AND type = $2 AND id = $3");
SQL(rid_put_sql, "INSERT INTO identity (practice, type, id, rid) VALUES ($1, $2, $3, $4)");
SQL(token_find_sql, "SELECT number FROM token WHERE code = $1 AND system = $2");
SQL(token_put_sql, "INSERT INTO token (number, system, code) VALUES ($1, $2, $3)");
SQL(token_last_sql, "SELECT max(number) FROM token");

typedef struct Slot {
    int64_t  number;
    uint32_t life;
    uint16_t len;
    char     key[REMEMBERED_MAX];
} Slot;

/* One slot for each hash: a newcomer takes the place of who was there. */
typedef struct Memory {
    Slot    *slots;
    uint32_t life; /* slots of an earlier life are empty */
} Memory;

struct Intern {
    Db     *db;
    Memory  rids, tokens;
    int64_t rid_next, rid_end; /* numbers taken from the setting but not used yet */
    int64_t token_next;        /* 0: not looked up yet */
};

Intern *intern_create(Arena *a, Db *db)
{
    Intern *in = NEW(a, Intern);

    in->db = db;
    in->rids = (Memory){ NEW_ARRAY(a, Slot, SLOTS), 1 };
    in->tokens = (Memory){ NEW_ARRAY(a, Slot, SLOTS), 1 };
    return in;
}

void intern_forget(Intern *in)
{
    in->rids.life++;
    in->tokens.life++;
    in->rid_end = in->rid_next = 0;
    in->token_next = 0;
}

static Slot *slot_of(Memory *m, Str key)
{
    return &m->slots[str_hash(key) % SLOTS];
}

static int64_t memory_find(Memory *m, Str key)
{
    Slot *slot = slot_of(m, key);

    if (slot->life == m->life && str_equal(key, (Str){ slot->key, slot->len }))
        return slot->number;
    return 0;
}

static void memory_put(Memory *m, Str key, int64_t number)
{
    Slot *slot = slot_of(m, key);

    if (key.len > sizeof slot->key)
        return;
    *slot = (Slot){ .number = number, .life = m->life, .len = (uint16_t)key.len };
    memcpy(slot->key, key.at, key.len);
}

/* A key for memory: a number of fixed length, then the text. */
typedef struct MemoryKey {
    size_t len;
    char   bytes[sizeof(uint64_t) + INDEXED_BYTES_MAX];
} MemoryKey;

static Str memory_key(MemoryKey *k, uint64_t number, Str text)
{
    ENSURE(text.len <= INDEXED_BYTES_MAX);
    memcpy(k->bytes, &number, sizeof number);
    if (text.len)
        memcpy(k->bytes + sizeof number, text.at, text.len);
    k->len = sizeof number + text.len;
    return (Str){ k->bytes, k->len };
}

/* Numbers are taken in lots, so that the setting is written seldom; what is left of a lot when
 * the program ends is never used. */
static Fail rids_reserve(Intern *in, Call *c)
{
    Str      kept;
    uint64_t from = 1;

    TRY(setting_get(c, in->db, STR("rid"), &kept));
    if (kept.len && !str_to_u64(kept, &from))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "the setting \"rid\" is not a number");
    TRY(setting_put(c, in->db, STR("rid"),
                    arena_printf(c->arena, "%llu", (unsigned long long)from + RIDS_AT_ONCE)));
    in->rid_next = (int64_t)from;
    in->rid_end = (int64_t)from + RIDS_AT_ONCE;
    return OK;
}

Fail intern_rid_new(Intern *in, Call *c, int64_t *rid)
{
    if (in->rid_next == in->rid_end)
        TRY(rids_reserve(in, c));
    *rid = in->rid_next++;
    return OK;
}

static Fail rid_find(Intern *in, Call *c, uint32_t practice, TypeId type, Str packed,
                     int64_t *rid)
{
    Statement *s = db_statement(in->db, rid_find_sql);
    Step       step;

    TRY_STATEMENT(c, in->db, s);
    bind_int(s, practice);
    bind_int(s, type);
    bind_bytes(s, packed);
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(c, in->db);
    *rid = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return OK;
}

static Fail rid_put(Intern *in, Call *c, uint32_t practice, TypeId type, Str packed,
                    int64_t *rid)
{
    Statement *s;

    TRY(intern_rid_new(in, c, rid));
    s = db_statement(in->db, rid_put_sql);
    TRY_STATEMENT(c, in->db, s);
    bind_int(s, practice);
    bind_int(s, type);
    bind_bytes(s, packed);
    bind_int(s, *rid);
    return statement_run(s) ? OK : db_fail(c, in->db);
}

Fail intern_rid(Intern *in, Call *c, uint32_t practice, TypeId type, Str id, bool make,
                int64_t *rid)
{
    MemoryKey memory;
    PackedId  packed = id_pack(id);
    Str       value = type ? packed_str(&packed) : indexed_value(c->arena, id);
    Str       key = memory_key(&memory, (uint64_t)practice << 16 | type, value);

    *rid = memory_find(&in->rids, key);
    if (*rid)
        return OK;
    TRY(rid_find(in, c, practice, type, value, rid));
    if (!*rid && make)
        TRY(rid_put(in, c, practice, type, value, rid));
    if (*rid)
        memory_put(&in->rids, key, *rid);
    return OK;
}

static Fail token_find(Intern *in, Call *c, int64_t system, Str code, int64_t *number)
{
    Statement *s = db_statement(in->db, token_find_sql);
    Step       step;

    TRY_STATEMENT(c, in->db, s);
    bind_text(s, code);
    bind_int(s, system);
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(c, in->db);
    *number = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return OK;
}

static Fail token_put(Intern *in, Call *c, int64_t system, Str code, int64_t *number)
{
    Statement *s;

    if (!in->token_next) {
        s = db_statement(in->db, token_last_sql);
        TRY_STATEMENT(c, in->db, s);
        if (statement_step(s) != STEP_ROW)
            return db_fail(c, in->db);
        in->token_next = row_int(s, 0) + 1;
        statement_reset(s);
    }
    s = db_statement(in->db, token_put_sql);
    TRY_STATEMENT(c, in->db, s);
    *number = in->token_next++;
    bind_int(s, *number);
    bind_int(s, system);
    bind_text(s, code);
    return statement_run(s) ? OK : db_fail(c, in->db);
}

static Fail token_number(Intern *in, Call *c, int64_t system, Str code, bool make,
                         int64_t *number)
{
    MemoryKey memory;
    Str       key = memory_key(&memory, (uint64_t)system, code);

    *number = memory_find(&in->tokens, key);
    if (*number)
        return OK;
    TRY(token_find(in, c, system, code, number));
    if (!*number && make)
        TRY(token_put(in, c, system, code, number));
    if (*number)
        memory_put(&in->tokens, key, *number);
    return OK;
}

Fail intern_token(Intern *in, Call *c, Str system, Str code, bool make, int64_t *number)
{
    int64_t system_number = 0;

    *number = 0;
    if (system.len)
        TRY(token_number(in, c, 0, indexed_value(c->arena, system), make, &system_number));
    if (system.len && !system_number)
        return OK;
    if (!code.len && !system.len)
        return OK;
    return token_number(in, c, system_number, indexed_value(c->arena, code), make, number);
}

/* Cuts where a character ends. */
static Str cut(Str value, size_t len)
{
    while (len && ((unsigned char)value.at[len] & 0xc0) == 0x80)
        len--;
    return str_slice(value, 0, len);
}

Str indexed_prefix(Str value)
{
    return value.len <= INDEXED_BYTES_MAX ? value : cut(value, INDEXED_BYTES_MAX);
}

Str indexed_value(Arena *a, Str value)
{
    Str head;

    if (value.len <= INDEXED_BYTES_MAX)
        return value;
    head = cut(value, INDEXED_BYTES_MAX - 17);
    return arena_printf(a, "%.*s~%016llx", STR_ARG(head), (unsigned long long)str_hash(value));
}
