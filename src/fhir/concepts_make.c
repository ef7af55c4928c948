/* Numbering concepts and laying out their image: see concepts_make.h. */
#include "fhir/concepts_make.h"

#include <stdlib.h>

enum { MEMO_SLOTS = 256, MEMO_BYTES_MAX = 200 };

typedef struct Made {
    ConceptText code, display, definition;
    uint32_t    flags;
    uint32_t    number; /* + 1 once it has one */
    uint32_t    above;  /* handle + 1 */
    uint32_t    child_first, child_count;
    uint32_t    parent_count, detail_count;
    uint32_t    span_first, span_count;
    bool        open; /* its branch is being walked */
} Made;

typedef struct Edge {
    uint32_t child, parent;
} Edge;

typedef struct MadeDetail {
    uint32_t concept;
    ConceptDetailRow row;
} MadeDetail;

/* A list that grows on the arena. */
typedef struct List {
    void  *at;
    size_t count, room, size;
} List;

struct ConceptsMaker {
    Arena      *arena;
    bool        folds, too_long, sorted;
    List        concepts, edges, details, spans;
    char       *text;
    size_t      text_bytes, text_room;
    ConceptText memo[MEMO_SLOTS];
    uint32_t   *order; /* handles by code */
    uint32_t   *children;
};

static void *list_add(Arena *a, List *l)
{
    if (l->count == l->room) {
        size_t room = l->room ? l->room * 2 : 64;

        l->at = arena_grow(a, l->at, l->room * l->size, room * l->size);
        l->room = room;
    }
    l->count++;
    return (char *)l->at + (l->count - 1) * l->size;
}

static Made *made_at(const ConceptsMaker *m, size_t i)
{
    return (Made *)m->concepts.at + i;
}

ConceptsMaker *concepts_maker_new(Arena *a, bool folds)
{
    ConceptsMaker *m = NEW(a, ConceptsMaker);

    *m = (ConceptsMaker){ .arena = a,
                          .folds = folds,
                          .concepts = { .size = sizeof(Made) },
                          .edges = { .size = sizeof(Edge) },
                          .details = { .size = sizeof(MadeDetail) },
                          .spans = { .size = sizeof(ConceptSpan) } };
    return m;
}

/* ---- texts ---- */

static ConceptText put_text(ConceptsMaker *m, Str s)
{
    ConceptText t = { (uint32_t)m->text_bytes, (uint32_t)s.len };

    if (m->text_bytes + s.len >= UINT32_MAX) {
        m->too_long = true;
        return (ConceptText){ 0 };
    }
    if (m->text_bytes + s.len > m->text_room) {
        size_t room = m->text_room ? m->text_room * 2 : 4096;

        while (room < m->text_bytes + s.len)
            room *= 2;
        m->text = arena_grow(m->arena, m->text, m->text_room, room);
        m->text_room = room;
    }
    if (s.len)
        memcpy(m->text + m->text_bytes, s.at, s.len);
    m->text_bytes += s.len;
    return t;
}

/* What repeats (systems, languages, names of properties) is kept once, mostly. */
static ConceptText put_repeated(ConceptsMaker *m, Str s)
{
    ConceptText *memo = &m->memo[str_hash(s) % MEMO_SLOTS];

    if (s.len == 0)
        return (ConceptText){ 0 };
    if (memo->len == s.len && memcmp(m->text + memo->at, s.at, s.len) == 0)
        return *memo;
    if (s.len > MEMO_BYTES_MAX)
        return put_text(m, s);
    *memo = put_text(m, s);
    return *memo;
}

static Str text_at(const ConceptsMaker *m, ConceptText t)
{
    return (Str){ m->text + t.at, t.len };
}

/* ---- adding ---- */

uint32_t concepts_make_concept(ConceptsMaker *m, Str code, Str display, Str definition)
{
    Made *made = list_add(m->arena, &m->concepts);

    *made = (Made){ .code = put_text(m, code) };
    made->display = put_repeated(m, display);
    made->definition = put_repeated(m, definition);
    m->sorted = false;
    return (uint32_t)(m->concepts.count - 1);
}

uint32_t concepts_make_count(const ConceptsMaker *m)
{
    return (uint32_t)m->concepts.count;
}

void concepts_make_flag(ConceptsMaker *m, uint32_t concept, uint32_t flags)
{
    made_at(m, concept)->flags |= flags;
}

void concepts_make_parent(ConceptsMaker *m, uint32_t concept, uint32_t parent)
{
    *(Edge *)list_add(m->arena, &m->edges) = (Edge){ concept, parent };
}

void concepts_make_detail(ConceptsMaker *m, uint32_t concept, const ConceptDetail *detail)
{
    ConceptDetailRow row = { .kind = detail->kind };

    row.name = put_repeated(m, detail->name);
    row.value = put_repeated(m, detail->value);
    row.system = put_repeated(m, detail->system);
    row.use = put_repeated(m, detail->use);
    row.shown = put_repeated(m, detail->shown);
    *(MadeDetail *)list_add(m->arena, &m->details) = (MadeDetail){ concept, row };
}

/* ---- the order of codes ---- */

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static int compare_codes(Str a, Str b, bool folds)
{
    size_t len = a.len < b.len ? a.len : b.len;

    if (!folds)
        return str_compare(a, b);
    for (size_t i = 0; i < len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return lower(a.at[i]) - lower(b.at[i]);
    return (a.len > b.len) - (a.len < b.len);
}

static int compare_handles(const void *x, const void *y, void *context)
{
    const ConceptsMaker *m = context;
    uint32_t             a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    Str first = text_at(m, made_at(m, a)->code), second = text_at(m, made_at(m, b)->code);
    int order = compare_codes(first, second, m->folds);

    if (order == 0)
        order = str_compare(first, second);
    return order ? order : (a > b) - (a < b);
}

static void sort_codes(ConceptsMaker *m)
{
    if (m->sorted)
        return;
    m->order = NEW_ARRAY(m->arena, uint32_t, m->concepts.count + 1);
    for (uint32_t i = 0; i < m->concepts.count; i++)
        m->order[i] = i;
    if (m->concepts.count)
        qsort_r(m->order, m->concepts.count, sizeof *m->order, compare_handles, m);
    m->sorted = true;
}

uint32_t concepts_make_find(ConceptsMaker *m, Str code)
{
    size_t low = 0, high = m->concepts.count;

    sort_codes(m);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        Str    there = text_at(m, made_at(m, m->order[middle])->code);

        if (compare_codes(there, code, m->folds) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < m->concepts.count
        && compare_codes(text_at(m, made_at(m, m->order[low])->code), code, m->folds) == 0)
        return m->order[low];
    return CONCEPT_NONE;
}

static Fail check_codes(Call *c, ConceptsMaker *m)
{
    sort_codes(m);
    for (size_t i = 1; i < m->concepts.count; i++) {
        Str a = text_at(m, made_at(m, m->order[i - 1])->code);
        Str b = text_at(m, made_at(m, m->order[i])->code);

        if (str_equal(a, b))
            return fail(c, FAIL_DUPLICATE, (Str){ 0 }, "The code '%.*s' stands there twice",
                        STR_ARG(a));
    }
    return OK;
}

/* ---- numbering ---- */

static int compare_edges(const void *x, const void *y)
{
    const Edge *a = x, *b = y;

    return a->parent != b->parent ? (a->parent > b->parent) - (a->parent < b->parent)
                                  : (a->child > b->child) - (a->child < b->child);
}

/* Edges in the order of parents, each once; so the children of one lie side by side. */
static void list_children(ConceptsMaker *m)
{
    Edge  *edges = m->edges.at;
    size_t kept = 0;

    if (m->edges.count)
        qsort(edges, m->edges.count, sizeof *edges, compare_edges);
    for (size_t i = 0; i < m->edges.count; i++)
        if (!kept || compare_edges(&edges[kept - 1], &edges[i]) != 0)
            edges[kept++] = edges[i];
    m->edges.count = kept;
    m->children = NEW_ARRAY(m->arena, uint32_t, kept + 1);
    for (size_t i = 0; i < kept; i++) {
        Made *parent = made_at(m, edges[i].parent);

        if (parent->child_count++ == 0)
            parent->child_first = (uint32_t)i;
        m->children[i] = edges[i].child;
        made_at(m, edges[i].child)->parent_count++;
    }
}

typedef struct Walk {
    uint32_t *handles, *next; /* what is open, and which of its children comes next */
    uint32_t  depth, numbered;
    List      gathered; /* spans of one concept's children */
} Walk;

static int compare_spans(const void *x, const void *y)
{
    const ConceptSpan *a = x, *b = y;

    return (a->from > b->from) - (a->from < b->from);
}

/* What lies beneath a concept: its branch, and the spans of its children that lie elsewhere. */
static void gather_spans(ConceptsMaker *m, Walk *w, uint32_t handle)
{
    Made        *made = made_at(m, handle);
    ConceptSpan *spans;
    size_t       kept = 0;

    w->gathered.count = 0;
    *(ConceptSpan *)list_add(m->arena, &w->gathered) =
        (ConceptSpan){ made->number - 1, w->numbered - 1 };
    for (uint32_t i = 0; i < made->child_count; i++) {
        const Made *child = made_at(m, m->children[made->child_first + i]);

        for (uint32_t k = 0; k < child->span_count; k++)
            *(ConceptSpan *)list_add(m->arena, &w->gathered) =
                ((ConceptSpan *)m->spans.at)[child->span_first + k];
    }
    spans = w->gathered.at;
    qsort(spans, w->gathered.count, sizeof *spans, compare_spans);
    made->span_first = (uint32_t)m->spans.count;
    for (size_t i = 0; i < w->gathered.count; i++) {
        if (kept && spans[i].from <= spans[kept - 1].to + 1) {
            if (spans[i].to > spans[kept - 1].to)
                spans[kept - 1].to = spans[i].to;
        } else {
            spans[kept++] = spans[i];
        }
    }
    for (size_t i = 0; i < kept; i++)
        *(ConceptSpan *)list_add(m->arena, &m->spans) = spans[i];
    made->span_count = (uint32_t)kept;
}

static void walk_open(ConceptsMaker *m, Walk *w, uint32_t handle, uint32_t above)
{
    Made *made = made_at(m, handle);

    made->number = ++w->numbered;
    made->above = above;
    made->open = true;
    w->handles[w->depth] = handle;
    w->next[w->depth++] = 0;
}

/* One step of the walk. */
static Fail walk_step(Call *c, ConceptsMaker *m, Walk *w)
{
    uint32_t handle = w->handles[w->depth - 1];
    Made    *made = made_at(m, handle), *child;
    uint32_t next = w->next[w->depth - 1]++;

    if (next == made->child_count) {
        gather_spans(m, w, handle);
        made->open = false;
        w->depth--;
        return OK;
    }
    child = made_at(m, m->children[made->child_first + next]);
    if (child->open)
        return fail(c, FAIL_INVALID, (Str){ 0 }, "The concept '%.*s' lies beneath itself",
                    STR_ARG(text_at(m, child->code)));
    if (!child->number)
        walk_open(m, w, m->children[made->child_first + next], handle + 1);
    return OK;
}

/* From the roots down; what no root leads to can only be a ring. */
static Fail number_concepts(Call *c, ConceptsMaker *m)
{
    size_t count = m->concepts.count;
    Walk   w = { .handles = NEW_ARRAY(m->arena, uint32_t, count + 1),
                 .next = NEW_ARRAY(m->arena, uint32_t, count + 1),
                 .gathered = { .size = sizeof(ConceptSpan) } };

    for (int rings = 0; rings < 2; rings++)
        for (uint32_t i = 0; i < count; i++) {
            Made *made = made_at(m, i);

            if (made->number || (!rings && made->parent_count))
                continue;
            walk_open(m, &w, i, 0);
            while (w.depth)
                TRY(walk_step(c, m, &w));
        }
    return OK;
}

/* ---- laying out ---- */

typedef struct Layout {
    uint32_t         *by_number; /* handles */
    ConceptRow       *rows;
    uint32_t         *by_code, *parents;
    ConceptSpan      *spans;
    ConceptDetailRow *details;
    char             *text;
} Layout;

static void put_rows(ConceptsMaker *m, Layout *l)
{
    uint32_t detail = 0, span = 0, parent = 0;
    size_t   count = m->concepts.count;

    for (uint32_t number = 0; number < count; number++) {
        const Made *made = made_at(m, l->by_number[number]);

        l->rows[number] = (ConceptRow){
            .code = made->code,
            .display = made->display,
            .definition = made->definition,
            .detail_first = detail,
            .span_first = span,
            .parent_first = parent,
            .above = made->above ? made_at(m, made->above - 1)->number : 0,
            .flags = made->flags,
        };
        memcpy(l->spans + span, (ConceptSpan *)m->spans.at + made->span_first,
               made->span_count * sizeof *l->spans);
        detail += made->detail_count;
        span += made->span_count;
        parent += made->parent_count;
    }
    l->rows[count] =
        (ConceptRow){ .detail_first = detail, .span_first = span, .parent_first = parent };
}

/* Parents and details go where their concept's list begins, one after the other. */
static void put_lists(ConceptsMaker *m, Layout *l)
{
    uint32_t *filled = NEW_ARRAY(m->arena, uint32_t, m->concepts.count + 1);

    for (size_t i = 0; i < m->edges.count; i++) {
        const Edge *e = (Edge *)m->edges.at + i;
        uint32_t    child = made_at(m, e->child)->number - 1;

        l->parents[l->rows[child].parent_first + filled[child]++] =
            made_at(m, e->parent)->number - 1;
    }
    memset(filled, 0, m->concepts.count * sizeof *filled);
    for (size_t i = 0; i < m->details.count; i++) {
        const MadeDetail *d = (MadeDetail *)m->details.at + i;
        uint32_t concept = made_at(m, d->concept)->number - 1;

        l->details[l->rows[concept].detail_first + filled[concept]++] = d->row;
    }
    for (size_t i = 0; i < m->concepts.count; i++)
        l->by_code[i] = made_at(m, m->order[i])->number - 1;
    if (m->text_bytes)
        memcpy(l->text, m->text, m->text_bytes);
}

static Str lay_out(ConceptsMaker *m)
{
    size_t         count = m->concepts.count;
    ConceptsHeader h = { .magic = CONCEPTS_MAGIC,
                         .format = CONCEPTS_FORMAT,
                         .folds = m->folds,
                         .count = (uint32_t)count,
                         .parent_count = (uint32_t)m->edges.count,
                         .span_count = (uint32_t)m->spans.count,
                         .detail_count = (uint32_t)m->details.count,
                         .text_bytes = m->text_bytes };
    size_t bytes = sizeof h + (count + 1) * sizeof(ConceptRow) + count * sizeof(uint32_t)
                   + m->edges.count * sizeof(uint32_t) + m->spans.count * sizeof(ConceptSpan)
                   + m->details.count * sizeof(ConceptDetailRow) + m->text_bytes;
    char  *image = arena_alloc(m->arena, 1, bytes);
    Layout l = { .by_number = NEW_ARRAY(m->arena, uint32_t, count + 1),
                 .rows = (ConceptRow *)(image + sizeof h) };

    memcpy(image, &h, sizeof h);
    l.by_code = (uint32_t *)(l.rows + count + 1);
    l.parents = l.by_code + count;
    l.spans = (ConceptSpan *)(l.parents + m->edges.count);
    l.details = (ConceptDetailRow *)(l.spans + m->spans.count);
    l.text = (char *)(l.details + m->details.count);
    for (uint32_t i = 0; i < count; i++)
        l.by_number[made_at(m, i)->number - 1] = i;
    for (size_t i = 0; i < m->details.count; i++)
        made_at(m, ((MadeDetail *)m->details.at)[i].concept)->detail_count++;
    put_rows(m, &l);
    put_lists(m, &l);
    return (Str){ image, bytes };
}

Fail concepts_make_image(Call *c, ConceptsMaker *m, Str *image)
{
    if (m->too_long)
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 }, "The code system has too much text");
    TRY(check_codes(c, m));
    list_children(m);
    TRY(number_concepts(c, m));
    *image = lay_out(m);
    return OK;
}
