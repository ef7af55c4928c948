/* Parts of resources, cut out of the stored text: see subset.h. */
#include "interaction/subset.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/url.h"

static const Str subsetted =
    STR_INIT("{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ObservationValue\","
             "\"code\":\"SUBSETTED\"}");

static const struct Word {
    Str        word;
    SubsetKind kind;
} words[] = {
    { STR_INIT("true"), SUBSET_SUMMARY }, { STR_INIT("text"), SUBSET_TEXT },
    { STR_INIT("data"), SUBSET_DATA },    { STR_INIT("false"), SUBSET_WHOLE },
    { STR_INIT("count"), SUBSET_WHOLE },
};

static Fail take_summary(Call *c, Str value, Subset *out)
{
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_equal(value, words[i].word)) {
            out->kind = words[i].kind;
            return OK;
        }
    return fail(c, FAIL_VALUE, STR("_summary"), "Expected true, text, data, count or false");
}

Fail subset_read(Call *c, Str query, Subset *out)
{
    UrlParam *params;
    size_t    count;

    *out = (Subset){ 0 };
    if (str_find(query, STR("_summary")) < 0 && str_find(query, STR("_elements")) < 0)
        return OK;
    TRY(url_params(c, query, &params, &count));
    for (size_t i = 0; i < count; i++) {
        if (str_equal(params[i].name, STR("_summary"))) {
            TRY(take_summary(c, params[i].value, out));
        } else if (str_equal(params[i].name, STR("_elements")) && params[i].value.len > 0) {
            out->kind = SUBSET_ELEMENTS;
            out->elements = params[i].value;
        }
    }
    return OK;
}

/* ---- what stays ---- */

/* "name" or "Patient.name". */
static bool is_named(Str list, TypeId type, const Element *element)
{
    Str rest = list, name, type_text, tail;

    while (str_next(&rest, ',', &name)) {
        name = str_trim(name);
        if (str_cut(name, '.', &type_text, &tail)) {
            if (!str_equal(type_text, type_name(type)))
                continue;
            name = tail;
        }
        if (str_equal(name, element->path) || str_equal(name, element->name))
            return true;
    }
    return false;
}

/* What is always there. */
static bool is_basic(Str key)
{
    return str_equal(key, STR("resourceType")) || str_equal(key, STR("id"))
           || str_equal(key, STR("meta"));
}

static bool stays(const Subset *subset, TypeId type, const Element *element, bool top)
{
    bool text = top && str_equal(element->path, STR("text"));

    switch (subset->kind) {
    case SUBSET_SUMMARY: return element->summary;
    case SUBSET_TEXT: return text || element->min > 0;
    case SUBSET_DATA: return !text;
    case SUBSET_ELEMENTS:
        return element->min > 0 || element->modifier
               || is_named(subset->elements, type, element);
    default: return true;
    }
}

/* ---- cutting ---- */

/* An object or array whose members are looked at one by one. */
typedef struct Level {
    uint32_t next, after; /* values yet to come */
    TypeId   type;        /* of the object; of the items in an array */
    bool     array, begun;
} Level;

typedef struct Cutting {
    const Subset *subset;
    const Json   *json;
    Buf           out;
    Level         levels[LIMIT_JSON_DEPTH + 2];
    size_t        depth;
} Cutting;

static void open_level(Cutting *t, uint32_t value, TypeId type)
{
    const JsonValue *v = &t->json->values[value];
    bool             array = v->kind == JSON_ARRAY;

    ENSURE(t->depth < COUNT(t->levels));
    t->levels[t->depth++] = (Level){ value + 1, v->after, type, array, false };
    buf_put_char(&t->out, array ? '[' : '{');
}

static void put_source(Cutting *t, uint32_t from, uint32_t to)
{
    buf_put(&t->out, str_slice(t->json->source, from, to));
}

static void begin_item(Cutting *t, Level *level)
{
    if (level->begun)
        buf_put_char(&t->out, ',');
    level->begun = true;
}

/* meta with one more tag. */
static void put_meta(Cutting *t, uint32_t meta)
{
    const JsonValue *v = &t->json->values[meta];
    uint32_t         tag = json_member(t->json, meta, STR("tag"));

    if (tag) {
        put_source(t, v->from, t->json->values[tag].to - 1);
        buf_put_char(&t->out, ',');
        buf_put(&t->out, subsetted);
        put_source(t, t->json->values[tag].to - 1, v->to);
    } else {
        put_source(t, v->from, v->to - 1);
        buf_put(&t->out, v->count > 0 ? STR(",\"tag\":[") : STR("\"tag\":["));
        buf_put(&t->out, subsetted);
        buf_put(&t->out, STR("]}"));
    }
}

static void take_member(Cutting *t, Level *level, uint32_t value)
{
    const JsonValue *v = &t->json->values[value];
    bool             top = t->depth == 1;
    Str              name = str_starts(v->key, STR("_")) ? str_skip(v->key, 1) : v->key;
    const Element   *element = structure_element(level->type, name);
    bool             basic = top && is_basic(v->key);

    if (!basic && element && !stays(t->subset, level->type, element, top))
        return;
    begin_item(t, level);
    put_source(t, v->key_from, v->from);
    if (top && str_equal(v->key, STR("meta")))
        put_meta(t, value);
    else if (!basic && element && t->subset->kind == SUBSET_SUMMARY && v->kind >= JSON_ARRAY
             && structure(element->type)->kind == STRUCTURE_BACKBONE)
        open_level(t, value, element->type);
    else
        put_source(t, v->from, v->to);
}

static void cut(Cutting *t, TypeId type)
{
    open_level(t, 0, type);
    while (t->depth > 0) {
        Level   *level = &t->levels[t->depth - 1];
        uint32_t value = level->next;

        if (value >= level->after) {
            buf_put_char(&t->out, level->array ? ']' : '}');
            t->depth--;
            continue;
        }
        level->next = t->json->values[value].after;
        if (!level->array) {
            take_member(t, level, value);
            continue;
        }
        begin_item(t, level);
        open_level(t, value, level->type);
    }
}

Fail subset_take(Call *c, const Subset *subset, TypeId type, Str body, Str *out)
{
    Cutting t = { .subset = subset };
    Json    json;

    *out = body;
    if (subset->kind == SUBSET_WHOLE || body.len == 0)
        return OK;
    TRY(json_parse(c, body, LIMIT_JSON_NODES, &json));
    t.json = &json;
    t.out = buf_new(c->arena, body.len + 128);
    cut(&t, type);
    *out = buf_str(&t.out);
    return OK;
}
