/* Index rows <-> tables, one row of the table below for each kind: see index_sql.h. */
#include "store/index_sql.h"

#include <math.h>
#include <stdlib.h>

#include "base/ensure.h"

#define PUT(table, columns, values)                                                            \
    "INSERT INTO " table " (practice, " columns ", rid) VALUES ($1, " values                   \
    ") ON CONFLICT DO NOTHING"
#define REMOVE(table, condition) "DELETE FROM " table " WHERE practice = $1 AND " condition

#define PUT_MANY(table, columns, rows)                                                         \
    "INSERT INTO " table " (practice, " columns ", rid) VALUES " rows " ON CONFLICT DO NOTHING"

/* The values of ROWS_AT_ONCE rows, of which each has so many beside the practice. */
#define MANY_2                                                                                 \
    "($1, $2, $3), ($1, $4, $5), ($1, $6, $7), ($1, $8, $9), ($1, $10, $11), "                 \
    "($1, $12, $13), ($1, $14, $15), ($1, $16, $17), ($1, $18, $19), ($1, $20, $21), "         \
    "($1, $22, $23), ($1, $24, $25), ($1, $26, $27), ($1, $28, $29), ($1, $30, $31), "         \
    "($1, $32, $33)"
#define MANY_3                                                                                 \
    "($1, $2, $3, $4), ($1, $5, $6, $7), ($1, $8, $9, $10), ($1, $11, $12, $13), "             \
    "($1, $14, $15, $16), ($1, $17, $18, $19), ($1, $20, $21, $22), "                          \
    "($1, $23, $24, $25), ($1, $26, $27, $28), ($1, $29, $30, $31), "                          \
    "($1, $32, $33, $34), ($1, $35, $36, $37), ($1, $38, $39, $40), "                          \
    "($1, $41, $42, $43), ($1, $44, $45, $46), ($1, $47, $48, $49)"
#define MANY_4                                                                                 \
    "($1, $2, $3, $4, $5), ($1, $6, $7, $8, $9), ($1, $10, $11, $12, $13), "                   \
    "($1, $14, $15, $16, $17), ($1, $18, $19, $20, $21), ($1, $22, $23, $24, $25), "           \
    "($1, $26, $27, $28, $29), ($1, $30, $31, $32, $33), ($1, $34, $35, $36, $37), "           \
    "($1, $38, $39, $40, $41), ($1, $42, $43, $44, $45), ($1, $46, $47, $48, $49), "           \
    "($1, $50, $51, $52, $53), ($1, $54, $55, $56, $57), ($1, $58, $59, $60, $61), "           \
    "($1, $62, $63, $64, $65)"
#define MANY_7                                                                                 \
    "($1, $2, $3, $4, $5, $6, $7, $8), ($1, $9, $10, $11, $12, $13, $14, $15), "               \
    "($1, $16, $17, $18, $19, $20, $21, $22), "                                                \
    "($1, $23, $24, $25, $26, $27, $28, $29), "                                                \
    "($1, $30, $31, $32, $33, $34, $35, $36), "                                                \
    "($1, $37, $38, $39, $40, $41, $42, $43), "                                                \
    "($1, $44, $45, $46, $47, $48, $49, $50), "                                                \
    "($1, $51, $52, $53, $54, $55, $56, $57), "                                                \
    "($1, $58, $59, $60, $61, $62, $63, $64), "                                                \
    "($1, $65, $66, $67, $68, $69, $70, $71), "                                                \
    "($1, $72, $73, $74, $75, $76, $77, $78), "                                                \
    "($1, $79, $80, $81, $82, $83, $84, $85), "                                                \
    "($1, $86, $87, $88, $89, $90, $91, $92), "                                                \
    "($1, $93, $94, $95, $96, $97, $98, $99), "                                                \
    "($1, $100, $101, $102, $103, $104, $105, $106), "                                         \
    "($1, $107, $108, $109, $110, $111, $112, $113)"

/* put, put of many and remove, for the tables in use and for those being made beside them. */
#define INDEX_SQL(name, table, columns, values, many, condition)                               \
    SQL(name##_put, PUT(table, columns, values));                                              \
    SQL(name##_put_next, PUT("next_" table, columns, values));                                 \
    SQL(name##_many, PUT_MANY(table, columns, many));                                          \
    SQL(name##_remove, REMOVE(table, condition));                                              \
    SQL(name##_remove_next, REMOVE("next_" table, condition))

INDEX_SQL(token, "index_token", "param, token", "$2, $3, $4", MANY_3,
          "param = $2 AND token = $3 AND rid = $4");
INDEX_SQL(identifier, "index_identifier", "param, value, system", "$2, $3, $4, $5", MANY_4,
          "param = $2 AND value = $3 AND system = $4 AND rid = $5");
INDEX_SQL(reference, "index_reference", "param, target", "$2, $3, $4", MANY_3,
          "param = $2 AND target = $3 AND rid = $4");
INDEX_SQL(date, "index_date", "param, low, span", "$2, $3, $4, $5", MANY_4,
          "param = $2 AND low = $3 AND span = $4 AND rid = $5");
INDEX_SQL(string, "index_string", "param, folded, exact", "$2, $3, $4, $5", MANY_4,
          "param = $2 AND folded = $3 AND exact = $4 AND rid = $5");
INDEX_SQL(number, "index_number", "param, value", "$2, $3, $4", MANY_3,
          "param = $2 AND value = $3 AND rid = $4");
INDEX_SQL(quantity, "index_quantity", "param, value, unit, word, below, above",
          "$2, $3, $4, $5, $6, $7, $8", MANY_7,
          "param = $2 AND value = $3 AND unit = $4 AND word = $5 AND below = $6 AND above = $7"
          " AND rid = $8");
INDEX_SQL(compartment, "compartment", "patient, type", "$2, $3, $4", MANY_3,
          "patient = $2 AND type = $3 AND rid = $4");
INDEX_SQL(label, "label", "token", "$2, $3", MANY_2, "token = $2 AND rid = $3");

typedef struct Making {
    Call    *call;
    Intern  *intern;
    uint32_t practice;
    bool     make;
} Making;

/* Fills in a key; *kept is false where a number is missing and none may be made. */
typedef Fail (*KeyMaker)(Making *m, const IndexRow *row, IndexKey *key, bool *kept);
typedef void (*KeyBinder)(Statement *s, const IndexKey *key);

static Fail make_token(Making *m, const IndexRow *row, IndexKey *key, bool *kept)
{
    TRY(intern_token(m->intern, m->call, row->system, row->text, m->make, &key->a));
    *kept = key->a != 0;
    return OK;
}

static Fail make_identifier(Making *m, const IndexRow *row, IndexKey *key, bool *kept)
{
    if (row->system.len) {
        TRY(intern_token(m->intern, m->call, (Str){ 0 }, row->system, m->make, &key->a));
        *kept = key->a != 0;
    }
    key->text = indexed_value(m->call->arena, row->text);
    return OK;
}

static Fail make_reference(Making *m, const IndexRow *row, IndexKey *key, bool *kept)
{
    bool local = row->type && row->id.len;

    TRY(intern_rid(m->intern, m->call, m->practice, local ? row->type : 0,
                   local ? row->id : row->text, m->make, &key->a));
    *kept = key->a != 0;
    return OK;
}

int64_t moment_bounded(int64_t us)
{
    static const int64_t most = (int64_t)1 << 61;

    if (us < -most)
        return -most;
    return us > most ? most : us;
}

static Fail make_date(Making *m, const IndexRow *row, IndexKey *key, bool *kept)
{
    (void)m, (void)kept;
    key->a = moment_bounded(row->moment.low);
    key->b = moment_bounded(row->moment.high) - key->a;
    return OK;
}

static Fail make_string(Making *m, const IndexRow *row, IndexKey *key, bool *kept)
{
    (void)m, (void)kept;
    key->text = indexed_prefix(row->text);
    if (!str_equal(row->extra, row->text))
        key->exact = indexed_prefix(row->extra);
    return OK;
}

static Fail make_number(Making *m, const IndexRow *row, IndexKey *key, bool *kept)
{
    (void)m, (void)kept;
    key->value = row->value;
    return OK;
}

/* What must be added to come to the end exactly, in numbers that are rounded. */
static double reach(double value, double high)
{
    double above = high - value;

    if (isinf(above))
        return above;
    while (value + above < high)
        above = nextafter(above, INFINITY);
    while (value + above > high)
        above = nextafter(above, -INFINITY);
    return above;
}

/* What the digits leave open is not kept: it is the search value's precision that counts
 * (SRCH-01). Further than that reach Ranges, and values with a comparator. */
void index_key_reach(const IndexRow *row, IndexKey *key)
{
    bool open = isinf(row->low) || isinf(row->high);

    key->value = row->value;
    if (row->interval || open) {
        key->below = row->value - row->low;
        key->above = reach(row->value, row->high);
    }
}

static Fail make_quantity(Making *m, const IndexRow *row, IndexKey *key, bool *kept)
{
    index_key_reach(row, key);
    TRY(intern_token(m->intern, m->call, row->system, row->text, m->make, &key->a));
    if ((row->text.len || row->system.len) && !key->a)
        *kept = false;
    if (row->extra.len && !str_equal(row->extra, row->text)) {
        TRY(intern_token(m->intern, m->call, (Str){ 0 }, row->extra, m->make, &key->b));
        *kept = *kept && key->b;
    }
    return OK;
}

static Fail make_compartment(Making *m, const IndexRow *row, IndexKey *key, bool *kept)
{
    TRY(intern_rid(m->intern, m->call, m->practice, row->type, row->id, m->make, &key->a));
    *kept = key->a != 0;
    return OK;
}

static void bind_one(Statement *s, const IndexKey *key)
{
    bind_int(s, key->param);
    bind_int(s, key->a);
}

static void bind_identifier(Statement *s, const IndexKey *key)
{
    bind_int(s, key->param);
    bind_text(s, key->text);
    bind_int(s, key->a);
}

static void bind_date(Statement *s, const IndexKey *key)
{
    bind_one(s, key);
    bind_int(s, key->b);
}

static void bind_string(Statement *s, const IndexKey *key)
{
    bind_int(s, key->param);
    bind_text(s, key->text);
    bind_text(s, key->exact);
}

static void bind_number(Statement *s, const IndexKey *key)
{
    bind_int(s, key->param);
    bind_real(s, key->value);
}

static void bind_quantity(Statement *s, const IndexKey *key)
{
    bind_number(s, key);
    bind_int(s, key->a);
    bind_int(s, key->b);
    bind_real(s, key->below);
    bind_real(s, key->above);
}

static void bind_compartment(Statement *s, const IndexKey *key)
{
    bind_int(s, key->a);
    bind_int(s, key->b);
}

static void bind_label(Statement *s, const IndexKey *key)
{
    bind_int(s, key->a);
}

static const struct {
    KeyMaker    make;
    KeyBinder   bind;
    const char *put[INDEX_SETS];
    const char *many; /* of the tables in use */
    const char *remove[INDEX_SETS];
} kinds[ROW_KINDS] = {
#define KIND(name, make, bind)                                                                 \
    {                                                                                          \
        make, bind, { name##_put, name##_put_next }, name##_many,                              \
        {                                                                                      \
            name##_remove, name##_remove_next                                                  \
        }                                                                                      \
    }
    [ROW_TOKEN] = KIND(token, make_token, bind_one),
    [ROW_IDENTIFIER] = KIND(identifier, make_identifier, bind_identifier),
    [ROW_REFERENCE] = KIND(reference, make_reference, bind_one),
    [ROW_DATE] = KIND(date, make_date, bind_date),
    [ROW_STRING] = KIND(string, make_string, bind_string),
    [ROW_NUMBER] = KIND(number, make_number, bind_number),
    [ROW_QUANTITY] = KIND(quantity, make_quantity, bind_quantity),
    [ROW_COMPARTMENT] = KIND(compartment, make_compartment, bind_compartment),
    [ROW_LABEL] = KIND(label, make_token, bind_label),
#undef KIND
};

static bool needs_param(RowKind kind)
{
    return kind != ROW_COMPARTMENT && kind != ROW_LABEL;
}

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int index_key_compare(const IndexKey *a, const IndexKey *b)
{
    int found;

    if ((found = order(a->kind, b->kind)) || (found = order(a->param, b->param))
        || (found = (a->value > b->value) - (a->value < b->value))
        || (found = str_compare(a->text, b->text)) || (found = str_compare(a->exact, b->exact))
        || (found = order(a->a, b->a)) || (found = order(a->b, b->b))
        || (found = (a->below > b->below) - (a->below < b->below)))
        return found;
    return (a->above > b->above) - (a->above < b->above);
}

static int compare_keys(const void *a, const void *b)
{
    return index_key_compare(a, b);
}

static void sort_and_unite(IndexKeys *k)
{
    uint32_t kept = 0;

    if (k->count)
        qsort(k->keys, k->count, sizeof *k->keys, compare_keys);
    for (uint32_t i = 0; i < k->count; i++)
        if (!kept || index_key_compare(&k->keys[kept - 1], &k->keys[i]) != 0)
            k->keys[kept++] = k->keys[i];
    k->count = kept;
}

/* The key's code takes its place beside the parameter. */
static Fail make_keyed(Making *m, const IndexRow *row, IndexKey *key, bool *kept)
{
    int64_t code;

    TRY(intern_token(m->intern, m->call, row->key_system, row->key_code, m->make, &code));
    *kept = code != 0;
    key->param = param_keyed((uint32_t)key->param, code);
    return OK;
}

/* A canonical with a version is found with it, too: a second key, for "url|version". */
static Fail add_versioned(Making *m, const IndexRow *row, IndexKeys *k)
{
    IndexRow  whole = *row;
    IndexKey *key = &k->keys[k->count];
    bool      kept = true;

    whole.text =
        arena_printf(m->call->arena, "%.*s|%.*s", STR_ARG(row->text), STR_ARG(row->extra));
    *key = key[-1];
    key->a = 0;
    key->kind = ROW_REFERENCE;
    TRY(make_reference(m, &whole, key, &kept));
    k->count += kept;
    return OK;
}

Fail index_keys(Call *c, Intern *in, const Store *s, uint32_t practice, TypeId type,
                int64_t rid, const IndexRows *rows, bool make, IndexKeys *out)
{
    Making    m = { c, in, practice, make };
    IndexKeys k = { NEW_ARRAY(c->arena, IndexKey, 2 * rows->count + 1), 0 };

    for (uint32_t i = 0; i < rows->count; i++) {
        const IndexRow *row = &rows->rows[i];
        IndexKey       *key = &k.keys[k.count];
        bool            kept = true;

        ENSURE(row->kind < ROW_KINDS);
        *key = (IndexKey){ .kind = row->kind };
        if (needs_param(row->kind) && !(key->param = s->param_numbers[row->param]))
            continue;
        if (row->keyed)
            TRY(make_keyed(&m, row, key, &kept));
        if (kept)
            TRY(kinds[row->kind].make(&m, row, key, &kept));
        if (row->kind == ROW_COMPARTMENT)
            key->b = type;
        k.count += kept;
        if (row->kind == ROW_REFERENCE && row->extra.len)
            TRY(add_versioned(&m, row, &k));
    }
    if (type == TYPE_PATIENT)
        k.keys[k.count++] = (IndexKey){ .kind = ROW_COMPARTMENT, .a = rid, .b = type };
    sort_and_unite(&k);
    *out = k;
    return OK;
}

IndexKeys index_keys_compartments(Arena *a, const IndexKeys *keys)
{
    IndexKeys out = { NEW_ARRAY(a, IndexKey, keys->count + 1), 0 };

    for (uint32_t i = 0; i < keys->count; i++)
        if (keys->keys[i].kind == ROW_COMPARTMENT)
            out.keys[out.count++] = keys->keys[i];
    return out;
}

static Fail run(Call *c, Db *db, const char *sql, uint32_t practice, int64_t rid,
                const IndexKey *key)
{
    Statement *s = db_statement(db, sql);

    TRY_STATEMENT(c, db, s);
    bind_int(s, practice);
    kinds[key->kind].bind(s, key);
    bind_int(s, rid);
    return statement_run(s) ? OK : db_fail(c, db);
}

Fail index_key_put(Call *c, Db *db, IndexSet set, uint32_t practice, int64_t rid,
                   const IndexKey *key)
{
    return run(c, db, kinds[key->kind].put[set], practice, rid, key);
}

static Fail put_many(Call *c, IndexBatch *b)
{
    Statement *s = db_statement(b->db, kinds[b->keys[0].kind].many);

    TRY_STATEMENT(c, b->db, s);
    bind_int(s, b->practice);
    for (uint32_t i = 0; i < b->count; i++) {
        kinds[b->keys[i].kind].bind(s, &b->keys[i]);
        bind_int(s, b->rids[i]);
    }
    b->count = 0;
    return statement_run(s) ? OK : db_fail(c, b->db);
}

Fail index_batch_end(Call *c, IndexBatch *b)
{
    uint32_t count = b->count;

    b->count = 0;
    for (uint32_t i = 0; i < count; i++)
        TRY(index_key_put(c, b->db, INDEX_USED, b->practice, b->rids[i], &b->keys[i]));
    return OK;
}

Fail index_batch_put(Call *c, IndexBatch *b, int64_t rid, const IndexKey *key)
{
    if (b->count && b->keys[0].kind != key->kind)
        TRY(index_batch_end(c, b));
    b->keys[b->count] = *key;
    b->rids[b->count++] = rid;
    return b->count == ROWS_AT_ONCE ? put_many(c, b) : OK;
}

Fail index_key_remove(Call *c, Db *db, IndexSet set, uint32_t practice, int64_t rid,
                      const IndexKey *key)
{
    return run(c, db, kinds[key->kind].remove[set], practice, rid, key);
}

Fail index_keys_change(Call *c, Db *db, IndexSet set, uint32_t practice, int64_t rid,
                       const IndexKeys *before, const IndexKeys *after)
{
    uint32_t b = 0, a = 0;

    while (b < before->count || a < after->count) {
        int found = a == after->count    ? -1
                    : b == before->count ? 1
                                         : index_key_compare(&before->keys[b], &after->keys[a]);

        if (found < 0)
            TRY(index_key_remove(c, db, set, practice, rid, &before->keys[b]));
        if (found > 0)
            TRY(index_key_put(c, db, set, practice, rid, &after->keys[a]));
        b += found <= 0;
        a += found >= 0;
    }
    return OK;
}
