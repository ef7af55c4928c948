/*
 * Fixed values and patterns: whether a value is there as a profile says. The two texts are gone
 * through side by side, with a stack of what is open, as an item of a pattern's list may be
 * anywhere in the value's.
 */
#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/profile.h"

typedef struct Open {
    uint32_t said, found; /* values in both texts */
    uint32_t item, candidate;
    bool     begun;
} Open;

typedef struct Fitting {
    const Json *said, *found;
    bool        pattern;
    Open        open[LIMIT_JSON_DEPTH + 1];
    uint32_t    depth;
    bool        result, returned;
} Fitting;

static void give(Fitting *f, bool result)
{
    f->depth--;
    f->result = result;
    f->returned = true;
}

static void enter(Fitting *f, uint32_t said, uint32_t found)
{
    ENSURE(f->depth < COUNT(f->open));
    f->open[f->depth++] = (Open){ .said = said, .found = found };
    f->returned = false;
}

/* True while there is something inside to look at. */
static bool begin(Fitting *f, Open *o)
{
    const JsonValue *s = &f->said->values[o->said], *v = &f->found->values[o->found];

    if (s->kind != v->kind || (s->kind < JSON_ARRAY && !str_equal(s->text, v->text))
        || (!f->pattern && s->count != v->count)) {
        give(f, false);
        return false;
    }
    if (s->kind < JSON_ARRAY) {
        give(f, true);
        return false;
    }
    o->begun = true;
    o->item = o->said + 1;
    o->candidate = o->found + 1;
    return true;
}

/* What a part inside has come to. True if the next part is to be looked at. */
static bool take_result(Fitting *f, Open *o)
{
    bool array = f->said->values[o->said].kind == JSON_ARRAY;

    f->returned = false;
    if (f->result) {
        o->item = f->said->values[o->item].after;
        o->candidate =
            array && !f->pattern ? f->found->values[o->candidate].after : o->found + 1;
        return true;
    }
    if (!array || !f->pattern) {
        give(f, false);
        return false;
    }
    o->candidate = f->found->values[o->candidate].after;
    return true;
}

static void go_on(Fitting *f, Open *o)
{
    uint32_t member;

    if (o->item >= f->said->values[o->said].after) {
        give(f, true);
    } else if (f->said->values[o->said].kind == JSON_ARRAY) {
        if (o->candidate >= f->found->values[o->found].after)
            give(f, false);
        else
            enter(f, o->item, o->candidate);
    } else {
        member = json_member(f->found, o->found, f->said->values[o->item].key);
        if (member)
            enter(f, o->item, member);
        else
            give(f, false);
    }
}

bool profile_value_fits(Call *c, const Resource *resource, uint32_t node, const Json *json,
                        uint32_t value, bool pattern)
{
    const JsonValue *own = node_at(resource, node)->json;
    Fitting          f = { .said = json, .found = &resource->tree->json, .pattern = pattern };

    (void)c;
    if (!own)
        return false;
    enter(&f, value, (uint32_t)(own - f.found->values));
    while (f.depth) {
        Open *o = &f.open[f.depth - 1];

        if (!o->begun && !begin(&f, o))
            continue;
        if (f.returned && !take_result(&f, o))
            continue;
        go_on(&f, &f.open[f.depth - 1]);
    }
    return f.result;
}
