/* Lists of patients: see patients.h. */
#include "store/patients.h"

#include "store/state.h"

enum { FEW = 8 }; /* more are looked for by hash */

bool patients_next(Str *list, Str *packed)
{
    size_t len = list->len ? (unsigned char)list->at[0] : 0;

    if (len == 0 || len > ID_CHARS_MAX || len >= list->len)
        return false;
    *packed = str_slice(*list, 1, 1 + len);
    *list = str_skip(*list, 1 + len);
    return true;
}

bool patients_next_id(Arena *a, Str *list, Str *id)
{
    Str packed;

    if (!patients_next(list, &packed))
        return false;
    *id = id_unpack(packed, arena_alloc_raw(a, ID_CHARS_MAX));
    return true;
}

static bool has_packed(Str list, Str wanted)
{
    Str packed;

    while (patients_next(&list, &packed))
        if (str_equal(packed, wanted))
            return true;
    return false;
}

bool patients_has(Str list, Str id)
{
    PackedId wanted = id_pack(id);

    return id.len > 0 && has_packed(list, packed_str(&wanted));
}

/* ---- many ---- */

static uint32_t hash_of(Str packed)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < packed.len; i++)
        hash = (hash ^ (unsigned char)packed.at[i]) * 16777619u;
    return hash ^ hash >> 15;
}

/* Where it is in the list, or where to note that it is. */
static uint32_t *slot_of(Patients *p, Str packed)
{
    uint32_t mask = p->slot_count - 1, i = hash_of(packed) & mask;

    for (; p->slots[i]; i = (i + 1) & mask) {
        Str rest = str_skip(buf_str(&p->list), p->slots[i] - 1), there;

        if (patients_next(&rest, &there) && str_equal(there, packed))
            break;
    }
    return &p->slots[i];
}

static void make_room(Patients *p)
{
    Str rest = buf_str(&p->list), packed;

    p->slot_count = p->slot_count ? p->slot_count * 4 : FEW * 8;
    p->slots = NEW_ARRAY(p->arena, uint32_t, p->slot_count);
    for (size_t at = 0; patients_next(&rest, &packed); at += 1 + packed.len)
        *slot_of(p, packed) = (uint32_t)at + 1;
}

static bool is_known(Patients *p, Str packed)
{
    if (p->count == 0)
        return false;
    if (str_equal(p->newest, packed))
        return true;
    return p->slots ? *slot_of(p, packed) != 0 : has_packed(buf_str(&p->list), packed);
}

void patients_add(Patients *p, Str packed)
{
    size_t at = p->list.len;

    if (packed.len == 0 || packed.len > ID_CHARS_MAX || is_known(p, packed))
        return;
    if (p->count == 0)
        p->list = buf_new(p->arena, 64);
    buf_put_char(&p->list, (char)packed.len);
    buf_put(&p->list, packed);
    p->newest = str_skip(buf_str(&p->list), at + 1);
    p->count++;
    if (p->slots)
        *slot_of(p, p->newest) = (uint32_t)at + 1;
    if (p->count >= FEW && p->count * 2 > p->slot_count)
        make_room(p);
}

void patients_add_id(Patients *p, Str id)
{
    PackedId packed = id_pack(id);

    patients_add(p, packed_str(&packed));
}

void patients_add_all(Patients *p, Str list)
{
    Str packed;

    while (patients_next(&list, &packed))
        patients_add(p, packed);
}

void patients_add_rows(Patients *p, const IndexRows *rows)
{
    /* Rows are sorted by kind; those of compartments stand near the end. */
    for (uint32_t i = rows->count; i-- > 0 && rows->rows[i].kind >= ROW_COMPARTMENT;)
        if (rows->rows[i].kind == ROW_COMPARTMENT && rows->rows[i].type == TYPE_PATIENT)
            patients_add_id(p, rows->rows[i].id);
}

Str patients_list(const Patients *p)
{
    return p->count ? buf_str(&p->list) : STR("");
}
