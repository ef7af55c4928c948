/*
 * The rows of a run in the order of their tables. What is compared is laid out beside each row
 * first: a million rows are compared twenty times each.
 */
#include "base/ensure.h"
#include "store/bulk.h"

enum { BYTE_VALUES = 256, FEW_ROWS = 48 };

static const uint64_t RID_MASK = ((uint64_t)1 << 48) - 1;

/* A row's key, names by their numbers in the database. */
static IndexKey key_of(const Run *r, const RunRow *row)
{
    IndexKey key = { .kind = row->kind, .param = row->param };

    if (row->key)
        key.param = param_keyed(row->param, name_at(&r->tokens, row->key)->number);
    switch ((RowKind)row->kind) {
    case ROW_TOKEN:
    case ROW_LABEL: key.a = name_at(&r->tokens, row->name)->number; break;
    case ROW_REFERENCE: key.a = name_at(&r->resources, row->name)->number; break;
    case ROW_COMPARTMENT:
        key.a = name_at(&r->resources, row->name)->number;
        key.b = run_owner(r, row->item)->owner;
        break;
    case ROW_IDENTIFIER:
    case ROW_STRING:
        key.a = name_at(&r->tokens, row->name)->number;
        key.text = (Str){ row->text.at, row->text.text_len };
        key.exact = (Str){ row->text.at + row->text.text_len, row->text.exact_len };
        break;
    case ROW_DATE:
        key.a = row->date.low;
        key.b = row->date.span;
        break;
    case ROW_NUMBER:
    case ROW_QUANTITY:
        key.value = row->number.value;
        key.a = name_at(&r->tokens, row->name)->number;
        if (row->number.reach) {
            key.b = name_at(&r->tokens, row->number.reach->word)->number;
            key.below = row->number.reach->below;
            key.above = row->number.reach->above;
        }
        break;
    case ROW_KINDS: break;
    }
    return key;
}

static uint64_t of_signed(int64_t value)
{
    return (uint64_t)value ^ (uint64_t)1 << 63;
}

static int64_t to_signed(uint64_t value)
{
    return (int64_t)(value ^ (uint64_t)1 << 63);
}

/* Whether a key of this kind is two numbers and no more. */
static bool is_plain(uint8_t kind)
{
    return kind == ROW_TOKEN || kind == ROW_LABEL || kind == ROW_REFERENCE
           || kind == ROW_COMPARTMENT || kind == ROW_DATE;
}

IndexKey run_key(const Run *r, const SortedRow *row)
{
    if (!is_plain(row->kind))
        return key_of(r, row->row);
    return (IndexKey){ .kind = row->kind,
                       .param = row->param,
                       .a = to_signed(row->first),
                       .b = to_signed(row->second) };
}

/* The bits of a double, so that they sort like it. */
static uint64_t of_double(double value)
{
    uint64_t bits;

    value += 0.0; /* -0 is 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static uint64_t of_text(Str text)
{
    uint64_t word = 0;

    for (size_t i = 0; i < sizeof word; i++)
        word = word << 8 | (i < text.len ? (unsigned char)text.at[i] : 0);
    return word;
}

static SortedRow sorted_row(const Run *r, const RunRow *row)
{
    IndexKey  key = key_of(r, row);
    SortedRow s = { .row = row,
                    .param = key.param,
                    .rid = (uint64_t)run_owner(r, row->item)->number & RID_MASK,
                    .kind = row->kind,
                    .deed = row->deed };

    if (row->kind == ROW_IDENTIFIER || row->kind == ROW_STRING) {
        s.first = of_text(key.text);
        s.second = of_text(str_skip(key.text, 8));
    } else if (row->kind == ROW_NUMBER || row->kind == ROW_QUANTITY) {
        s.first = of_double(key.value);
        s.second = of_signed(key.a);
    } else {
        s.first = of_signed(key.a);
        s.second = of_signed(key.b);
    }
    return s;
}

/* What the numbers leave open: long texts, words of units. */
static bool rest_before(const Run *r, const SortedRow *a, const SortedRow *b)
{
    RowKind  kind = (RowKind)a->row->kind;
    IndexKey x, y;
    int      found = 0;

    if (kind == ROW_IDENTIFIER || kind == ROW_STRING || kind == ROW_QUANTITY) {
        x = key_of(r, a->row);
        y = key_of(r, b->row);
        found = index_key_compare(&x, &y);
    }
    return found ? found < 0 : a->rid < b->rid;
}

static bool before(const Run *r, const SortedRow *a, const SortedRow *b)
{
    if (a->param != b->param)
        return a->param < b->param;
    if (a->first != b->first)
        return a->first < b->first;
    if (a->second != b->second && a->kind != ROW_COMPARTMENT)
        return a->second < b->second;
    return rest_before(r, a, b);
}

/* Merges from[low..middle) and from[middle..high) into to. */
static void merge(const Run *r, const SortedRow *from, SortedRow *to, size_t low, size_t middle,
                  size_t high)
{
    size_t a = low, b = middle;

    for (size_t i = low; i < high; i++)
        if (b == high || (a < middle && !before(r, &from[b], &from[a])))
            to[i] = from[a++];
        else
            to[i] = from[b++];
}

/* Bottom up, by runs of doubling length. */
static void sort(const Run *r, SortedRow *keys, SortedRow *spare, size_t count)
{
    SortedRow *from = keys, *to = spare;

    for (size_t width = 1; width < count; width *= 2) {
        SortedRow *swap = from;

        for (size_t low = 0; low < count; low += 2 * width) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = middle + width < count ? middle + width : count;

            merge(r, from, to, low, middle, high);
        }
        from = to;
        to = swap;
    }
    if (from != keys)
        memcpy(keys, from, count * sizeof *keys);
}

/* ---- rows whose keys are numbers: byte by byte, from the last ---- */

static uint64_t field_of(const SortedRow *row, int field)
{
    switch (field) {
    case 0: return row->rid;
    case 1: return row->kind == ROW_COMPARTMENT ? 0 : row->second; /* its type is no key */
    case 2: return row->first;
    default: return (uint64_t)row->param;
    }
}

enum { FIELDS = 4 };

static void sort_by_byte(const SortedRow *from, SortedRow *to, size_t count, int field,
                         unsigned shift)
{
    size_t next[BYTE_VALUES] = { 0 }, place = 0;

    for (size_t i = 0; i < count; i++)
        next[field_of(&from[i], field) >> shift & 0xff]++;
    for (size_t v = 0; v < BYTE_VALUES; v++) {
        size_t met = next[v];

        next[v] = place;
        place += met;
    }
    for (size_t i = 0; i < count; i++)
        to[next[field_of(&from[i], field) >> shift & 0xff]++] = from[i];
}

/* The bits in which the rows differ; none where the field is in order already. */
static uint64_t differing_bits(const SortedRow *rows, size_t count, int field)
{
    uint64_t first = field_of(&rows[0], field), before = first, bits = 0;
    bool     ordered = true;

    for (size_t i = 1; i < count; i++) {
        uint64_t value = field_of(&rows[i], field);

        bits |= value ^ first;
        ordered = ordered && value >= before;
        before = value;
    }
    return ordered ? 0 : bits;
}

static void sort_plain(SortedRow *rows, SortedRow *spare, size_t count)
{
    SortedRow *from = rows, *to = spare;

    for (int field = 0; field < FIELDS; field++) {
        uint64_t bits = differing_bits(from, count, field);

        for (unsigned shift = 0; shift < 64; shift += 8) {
            SortedRow *swap = from;

            if (!(bits >> shift & 0xff))
                continue;
            sort_by_byte(from, to, count, field, shift);
            from = to;
            to = swap;
        }
    }
    if (from != rows)
        memcpy(rows, from, count * sizeof *rows);
}

/* ---- all of them ---- */

static bool counts(const Run *r, const RunRow *row)
{
    const RunItem *item = &r->items[row->item];

    if (row->deed != ROW_PUT)
        return row->deed == ROW_REMOVE || !item->newest;
    return item->keep == KEEP_ALL
           || (item->keep == KEEP_COMPARTMENTS && row->kind == ROW_COMPARTMENT);
}

enum { PARAMS = 1 << 12, KEYED = PARAMS - 1, GROUPS = 2 * ROW_KINDS * PARAMS };

/* Removals first, then kind by kind, parameter by parameter; behind all of these, as in the table, the
 * rows kept under a code. */
static size_t group_of(const RunRow *row)
{
    size_t param = row->param < KEYED ? row->param : KEYED - 1; /* in it they are sorted, too */

    return ((row->deed == ROW_PUT ? ROW_KINDS : 0) + (size_t)row->kind) * PARAMS
           + (row->key ? KEYED : param);
}

RunOrder run_order(const Run *r)
{
    RunOrder  o = { .begin = NEW_ARRAY(r->arena, uint32_t, GROUPS + 1) };
    uint32_t *next = NEW_ARRAY(r->arena, uint32_t, GROUPS + 1);

    ENSURE(r->row_count < UINT32_MAX);
    for (size_t i = 0; i < r->row_count; i++)
        if (counts(r, run_row(r, i)))
            o.begin[group_of(run_row(r, i)) + 1]++;
    for (size_t g = 0; g < GROUPS; g++)
        o.begin[g + 1] += o.begin[g];
    memcpy(next, o.begin, (GROUPS + 1) * sizeof *next);
    o.rows = arena_alloc_raw(r->arena, (o.begin[GROUPS] + 1) * sizeof *o.rows);
    for (size_t i = 0; i < r->row_count; i++)
        if (counts(r, run_row(r, i)))
            o.rows[next[group_of(run_row(r, i))]++] = (uint32_t)i;
    return o;
}

bool run_order_next(const Run *r, RunOrder *o, Arena *a, const SortedRow **out, size_t *count)
{
    SortedRow *rows, *spare;
    size_t     size, from;

    while (o->group < GROUPS && o->begin[o->group] == o->begin[o->group + 1])
        o->group++;
    if (o->group == GROUPS)
        return false;
    from = o->begin[o->group++];
    size = o->begin[o->group] - from;
    rows = arena_alloc_raw(a, size * sizeof *rows);
    spare = arena_alloc_raw(a, size * sizeof *spare);
    for (size_t i = 0; i < size; i++)
        rows[i] = sorted_row(r, run_row(r, o->rows[from + i]));
    if (size > FEW_ROWS && is_plain(rows[0].kind))
        sort_plain(rows, spare, size);
    else if (size > 1)
        sort(r, rows, spare, size);
    *out = rows;
    *count = size;
    return true;
}
