/* A run's items and rows: see bulk.h. */
#include "base/ensure.h"
#include "store/bulk.h"

enum {
    ARENA_BYTES = 1024 * 1024 * 1024,
    ITEMS_AT_FIRST = 4096,
    BLOCKS_AT_FIRST = 256,
};

Run *run_new(void)
{
    Arena *a = arena_create(ARENA_BYTES);
    Run   *r = NEW(a, Run);

    r->arena = a;
    r->bodies = arena_create(ARENA_BYTES);
    r->resources = names_new(a);
    r->tokens = names_new(a);
    r->item_count = 1;
    r->item_room = ITEMS_AT_FIRST;
    r->items = NEW_ARRAY(a, RunItem, r->item_room);
    r->block_room = BLOCKS_AT_FIRST;
    r->blocks = NEW_ARRAY(a, RunRow *, r->block_room);
    r->oldest_set = UINT64_MAX;
    return r;
}

void run_release(Run *r)
{
    if (!r)
        return;
    arena_destroy(r->raw);
    arena_destroy(r->bodies);
    arena_destroy(r->arena);
}

void run_drop_bodies(Run *r)
{
    arena_destroy(r->bodies);
    r->bodies = NULL;
}

size_t run_bytes(const Run *r)
{
    return arena_used(r->arena) + arena_used(r->bodies);
}

Str run_keep_raw(Run *r, Str body)
{
    if (!r->raw)
        r->raw = arena_create(ARENA_BYTES);
    return arena_str(r->raw, body);
}

void run_compress(Run *r, Bodies *bodies, Arena *scratch)
{
    for (uint32_t i = 1; i < r->item_count && r->raw; i++)
        if (r->items[i].raw) {
            RunItem  *item = &r->items[i];
            ArenaMark mark = arena_mark(scratch);
            Str       body = body_compress(bodies, scratch, item->body, &item->dictionary);

            item->body = arena_str(r->bodies, body);
            item->raw = false;
            arena_rewind(scratch, mark);
        }
    arena_destroy(r->raw);
    r->raw = NULL;
}

size_t run_raw_bytes(const Run *r)
{
    return r->raw ? arena_used(r->raw) : 0;
}

static uint32_t token_name(Run *r, Str system, Str code)
{
    uint32_t owner = 0;

    if (system.len)
        owner = names_put(&r->tokens, 0, indexed_value(r->arena, system));
    if (!code.len && !system.len)
        return 0;
    return names_put(&r->tokens, owner, indexed_value(r->arena, code));
}

static uint32_t resource_name(Run *r, TypeId type, Str id)
{
    PackedId packed = id_pack(id);

    return names_put(&r->resources, type, packed_str(&packed));
}

static uint32_t target_name(Run *r, const IndexRow *row, Str address)
{
    if (row->type && row->id.len)
        return resource_name(r, row->type, row->id);
    return names_put(&r->resources, 0, indexed_value(r->arena, address));
}

static void set_texts(Run *r, RunRow *out, Str text, Str exact)
{
    char *at = arena_alloc_raw(r->arena, text.len + exact.len + 1);

    if (text.len)
        memcpy(at, text.at, text.len);
    if (exact.len)
        memcpy(at + text.len, exact.at, exact.len);
    out->text.at = at;
    out->text.text_len = (uint16_t)text.len;
    out->text.exact_len = (uint16_t)exact.len;
}

static void set_quantity(Run *r, RunRow *out, const IndexRow *row)
{
    IndexKey  key = { 0 };
    uint32_t  word = 0;
    RunReach *reach;

    index_key_reach(row, &key);
    out->name = token_name(r, row->system, row->text);
    if (row->extra.len && !str_equal(row->extra, row->text))
        word = token_name(r, (Str){ 0 }, row->extra);
    out->number.value = key.value;
    if (word || key.below != 0 || key.above != 0) {
        reach = NEW(r->arena, RunReach);
        *reach = (RunReach){ .below = key.below, .above = key.above, .word = word };
        out->number.reach = reach;
    }
}

static void set_value(Run *r, RunRow *out, const IndexRow *row)
{
    switch ((RowKind)row->kind) {
    case ROW_TOKEN:
    case ROW_LABEL: out->name = token_name(r, row->system, row->text); return;
    case ROW_IDENTIFIER:
        if (row->system.len)
            out->name = token_name(r, (Str){ 0 }, row->system);
        set_texts(r, out, indexed_value(r->arena, row->text), (Str){ 0 });
        return;
    case ROW_REFERENCE: out->name = target_name(r, row, row->text); return;
    case ROW_COMPARTMENT: out->name = resource_name(r, row->type, row->id); return;
    case ROW_DATE:
        out->date.low = moment_bounded(row->moment.low);
        out->date.span = moment_bounded(row->moment.high) - out->date.low;
        return;
    case ROW_STRING:
        set_texts(r, out, indexed_prefix(row->text),
                  row->extra.len && !str_equal(row->extra, row->text)
                      ? indexed_prefix(row->extra)
                      : (Str){ 0 });
        return;
    case ROW_NUMBER: out->number.value = row->value; return;
    case ROW_QUANTITY: set_quantity(r, out, row); return;
    case ROW_KINDS: break;
    }
    ENSURE(row->kind < ROW_KINDS);
}

static RunRow *add(Run *r)
{
    size_t block = r->row_count / ROWS_IN_BLOCK;

    if (block == r->block_room) {
        r->blocks = arena_grow(r->arena, r->blocks, r->block_room * sizeof *r->blocks,
                               2 * r->block_room * sizeof *r->blocks);
        r->block_room *= 2;
    }
    if (r->row_count % ROWS_IN_BLOCK == 0)
        r->blocks[block] = arena_alloc_raw(r->arena, ROWS_IN_BLOCK * sizeof(RunRow));
    return run_row(r, r->row_count++);
}

void run_add_plain(Run *r, RunRow row)
{
    *add(r) = row;
}

void run_add_row(Run *r, const Store *s, uint32_t item, TypeId type, const IndexRow *row,
                 RowDeed deed)
{
    bool     needs_param = row->kind != ROW_COMPARTMENT && row->kind != ROW_LABEL;
    uint32_t param = needs_param ? s->param_numbers[row->param] : 0;
    RunRow   out = { .kind = row->kind, .deed = (uint8_t)deed, .item = item };
    RunRow  *versioned;

    if ((needs_param && !param) || (row->kind == ROW_COMPARTMENT && type == TYPE_PATIENT))
        return; /* a Patient's own row is made for every one of them, see run_write() */
    out.param = (uint16_t)param;
    if (row->keyed)
        out.key = token_name(r, row->key_system, row->key_code);
    set_value(r, &out, row);
    *add(r) = out;
    if (row->kind == ROW_REFERENCE && row->extra.len) {
        versioned = add(r);
        *versioned = out;
        versioned->name = target_name(
            r, &(IndexRow){ 0 },
            arena_printf(r->arena, "%.*s|%.*s", STR_ARG(row->text), STR_ARG(row->extra)));
    }
}
