/* Reading the image of a code system: see concepts.h. */
#include "fhir/concepts.h"

/* ---- opening ---- */

static const void *take(Str *rest, size_t count, size_t size)
{
    const void *at = rest->at;

    if (count > rest->len / size)
        return NULL;
    *rest = str_skip(*rest, count * size);
    return at;
}

static bool lay_out(const ConceptsHeader *h, Str rest, Concepts *out)
{
    out->rows = take(&rest, (size_t)h->count + 1, sizeof *out->rows);
    out->by_code = out->rows ? take(&rest, h->count, sizeof *out->by_code) : NULL;
    out->parents = out->by_code ? take(&rest, h->parent_count, sizeof *out->parents) : NULL;
    out->spans = out->parents ? take(&rest, h->span_count, sizeof *out->spans) : NULL;
    out->details = out->spans ? take(&rest, h->detail_count, sizeof *out->details) : NULL;
    out->text = rest;
    return out->details && rest.len >= h->text_bytes;
}

Fail concepts_open(Call *c, Str image, Concepts *out)
{
    ConceptsHeader h;

    *out = (Concepts){ .image = image };
    if (image.len < sizeof h)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "This is not an image of a code system");
    memcpy(&h, image.at, sizeof h);
    if (memcmp(h.magic, CONCEPTS_MAGIC, sizeof h.magic) != 0)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "This is not an image of a code system");
    if (h.format != CONCEPTS_FORMAT)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "The image of the code system is of format %u",
                    h.format);
    out->count = h.count;
    out->folds = h.folds != 0;
    out->parent_count = h.parent_count;
    out->span_count = h.span_count;
    out->detail_count = h.detail_count;
    if (!lay_out(&h, str_skip(image, sizeof h), out))
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "The image of the code system is cut off");
    return OK;
}

/* ---- one concept ---- */

static Str text_of(const Concepts *s, ConceptText t)
{
    if (t.at > s->text.len || t.len > s->text.len - t.at)
        return (Str){ 0 };
    return (Str){ s->text.at + t.at, t.len };
}

static const ConceptRow *row_of(const Concepts *s, uint32_t concept)
{
    return &s->rows[concept < s->count ? concept : s->count];
}

Str concepts_code(const Concepts *s, uint32_t concept)
{
    return text_of(s, row_of(s, concept)->code);
}

Str concepts_display(const Concepts *s, uint32_t concept)
{
    return text_of(s, row_of(s, concept)->display);
}

Str concepts_definition(const Concepts *s, uint32_t concept)
{
    return text_of(s, row_of(s, concept)->definition);
}

uint32_t concepts_flags(const Concepts *s, uint32_t concept)
{
    return row_of(s, concept)->flags;
}

/* ---- by code ---- */

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static int compare_folded(Str a, Str b)
{
    size_t len = a.len < b.len ? a.len : b.len;

    for (size_t i = 0; i < len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return lower(a.at[i]) - lower(b.at[i]);
    return (a.len > b.len) - (a.len < b.len);
}

static Str code_at(const Concepts *s, uint32_t place)
{
    return concepts_code(s, s->by_code[place]);
}

/* The first place in the order of codes that does not come before the code. */
static uint32_t place_of(const Concepts *s, Str code)
{
    uint32_t low = 0, high = s->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        Str      there = code_at(s, middle);
        int      order = s->folds ? compare_folded(there, code) : str_compare(there, code);

        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t concepts_find(const Concepts *s, Str code)
{
    uint32_t first = place_of(s, code), found = CONCEPT_NONE;

    for (uint32_t i = first; i < s->count; i++) {
        Str there = code_at(s, i);

        if (str_equal(there, code))
            return s->by_code[i];
        if (!s->folds || compare_folded(there, code) != 0)
            break;
        if (found == CONCEPT_NONE)
            found = s->by_code[i];
    }
    return found;
}

/* ---- above and beneath ---- */

/* A list's first place and its length, kept inside what there is. */
static uint32_t list_of(uint32_t from, uint32_t to, uint32_t room, uint32_t *count)
{
    if (from > room || to > room || to < from) {
        *count = 0;
        return 0;
    }
    *count = to - from;
    return from;
}

const ConceptSpan *concepts_spans(const Concepts *s, uint32_t concept, uint32_t *count)
{
    const ConceptRow *row = row_of(s, concept);

    if (concept >= s->count) {
        *count = 0;
        return s->spans;
    }
    return s->spans + list_of(row->span_first, row[1].span_first, s->span_count, count);
}

const uint32_t *concepts_parents(const Concepts *s, uint32_t concept, uint32_t *count)
{
    const ConceptRow *row = row_of(s, concept);

    if (concept >= s->count) {
        *count = 0;
        return s->parents;
    }
    return s->parents + list_of(row->parent_first, row[1].parent_first, s->parent_count, count);
}

bool concepts_is_a(const Concepts *s, uint32_t concept, uint32_t of)
{
    uint32_t           count, low = 0;
    const ConceptSpan *spans = concepts_spans(s, of, &count);

    while (low < count) {
        uint32_t middle = low + (count - low) / 2;

        if (spans[middle].to < concept)
            low = middle + 1;
        else if (spans[middle].from > concept)
            count = middle;
        else
            return true;
    }
    return false;
}

bool concepts_is_child(const Concepts *s, uint32_t concept, uint32_t parent)
{
    uint32_t        count;
    const uint32_t *parents = concepts_parents(s, concept, &count);

    for (uint32_t i = 0; i < count; i++)
        if (parents[i] == parent)
            return true;
    return false;
}

uint32_t concepts_above(const Concepts *s, uint32_t concept)
{
    uint32_t above = concept < s->count ? s->rows[concept].above : 0;

    return above ? above - 1 : CONCEPT_NONE;
}

/* ---- properties and designations ---- */

uint32_t concepts_detail_count(const Concepts *s, uint32_t concept)
{
    const ConceptRow *row = row_of(s, concept);
    uint32_t          count = 0;

    if (concept < s->count)
        (void)list_of(row->detail_first, row[1].detail_first, s->detail_count, &count);
    return count;
}

ConceptDetail concepts_detail(const Concepts *s, uint32_t concept, uint32_t number)
{
    const ConceptDetailRow *row;

    if (number >= concepts_detail_count(s, concept))
        return (ConceptDetail){ 0 };
    row = &s->details[s->rows[concept].detail_first + number];
    return (ConceptDetail){
        .kind = row->kind < CONCEPT_VALUES ? row->kind : CONCEPT_VALUE_STRING,
        .name = text_of(s, row->name),
        .value = text_of(s, row->value),
        .system = text_of(s, row->system),
        .use = text_of(s, row->use),
        .shown = text_of(s, row->shown),
    };
}

Str concepts_property(const Concepts *s, uint32_t concept, Str name)
{
    uint32_t count = concepts_detail_count(s, concept);

    for (uint32_t i = 0; i < count; i++) {
        ConceptDetail d = concepts_detail(s, concept, i);

        if (d.kind != CONCEPT_VALUE_NONE && str_equal(d.name, name))
            return d.value;
    }
    return (Str){ 0 };
}
