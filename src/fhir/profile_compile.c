/* Profiles made of snapshots: see profile.h. */
#include "base/limits.h"
#include "fhir/definitions_data.h"
#include "fhir/profile.h"

enum { RESLICES_MAX = 8, ELEMENTS_MAX = 10 * 1000 };

typedef struct Compiling {
    Call       *call;
    Arena      *arena;
    const Json *json;
    Profile    *profile;
} Compiling;

static const JsonValue *value_at(const Compiling *p, uint32_t at)
{
    return &p->json->values[at];
}

static Str text_of(const Compiling *p, uint32_t object, const char *name)
{
    return json_member_text(p->json, object, str_from(name));
}

static bool is_true(const Compiling *p, uint32_t object, const char *name)
{
    uint32_t at = json_member(p->json, object, str_from(name));

    return at && value_at(p, at)->kind == JSON_TRUE;
}

static uint32_t number_of(const Compiling *p, uint32_t object, const char *name, uint32_t none)
{
    uint32_t at = json_member(p->json, object, str_from(name));
    uint64_t number;

    if (!at || !str_to_u64(value_at(p, at)->text, &number) || number > UINT32_MAX)
        return none;
    return (uint32_t)number;
}

/* What cannot be read is told where it would be used. */
static const PathProgram *program_of(const Compiling *p, Str expression)
{
    uint32_t           before = p->call->issue_count;
    const PathProgram *program = NULL;

    if (path_compile(p->call, p->arena, expression, &program) == OK)
        return program;
    call_forget_issues(p->call, before);
    return NULL;
}

static Str *texts_of(const Compiling *p, uint32_t object, const char *name, uint32_t *count)
{
    uint32_t list = json_member(p->json, object, str_from(name)), n = 0;
    Str     *texts;

    *count = 0;
    if (!list || value_at(p, list)->kind != JSON_ARRAY)
        return NULL;
    texts = NEW_ARRAY(p->arena, Str, value_at(p, list)->count);
    for (uint32_t i = list + 1; i < value_at(p, list)->after; i = value_at(p, i)->after)
        texts[n++] = value_at(p, i)->text;
    *count = n;
    return texts;
}

/* The array `name`, and how many it has; 0 if there is none. */
static uint32_t list_of(const Compiling *p, uint32_t object, const char *name, uint32_t *count)
{
    uint32_t list = json_member(p->json, object, str_from(name));

    *count = list && value_at(p, list)->kind == JSON_ARRAY ? value_at(p, list)->count : 0;
    return list;
}

/* --- parts of an element ----------------------------------------------------------------- */

/* The type a code means: of ids and urls the extension says it. */
static TypeId type_of(Str code)
{
    Str front, last;

    if (str_starts(code, STR("http://hl7.org/fhirpath/")))
        return 0;
    if (str_starts(code, STR("http://hl7.org/fhir/StructureDefinition/"))
        && str_cut_last(code, '/', &front, &last))
        code = last;
    return structure_find(code);
}

static void take_types(Compiling *p, ProfileElement *e, uint32_t at)
{
    uint32_t list = list_of(p, at, "type", &e->type_count), n = 0;

    e->types = NEW_ARRAY(p->arena, ProfileType, e->type_count + 1);
    for (uint32_t i = list + 1; n < e->type_count; i = value_at(p, i)->after) {
        ProfileType *t = &e->types[n++];
        uint32_t     count;
        Str         *modes = texts_of(p, i, "aggregation", &count);

        t->code = text_of(p, i, "code");
        t->type = type_of(t->code);
        t->profiles = texts_of(p, i, "profile", &t->profile_count);
        t->targets = texts_of(p, i, "targetProfile", &t->target_count);
        for (uint32_t k = 0; k < count; k++) {
            t->contained |= str_equal(modes[k], STR("contained"));
            t->bundled |= str_equal(modes[k], STR("bundled"));
            t->referenced |= str_equal(modes[k], STR("referenced"));
        }
    }
}

/* The standard's invariants are checked from its own tables: validate.c. */
static bool is_standards(const Compiling *p, Str key, Str source)
{
    if (p->profile->base)
        return true;
    for (uint16_t i = 0; i < constraint_count; i++)
        if (str_equal(constraints[i].key, key))
            return !source.len
                   || (str_starts(source, STR("http://hl7.org/fhir/StructureDefinition/"))
                       && !str_equal(source, p->profile->url));
    return false;
}

static void take_rules(Compiling *p, ProfileElement *e, uint32_t at)
{
    uint32_t count, list = list_of(p, at, "constraint", &count);

    e->rules = NEW_ARRAY(p->arena, ProfileRule, count + 1);
    for (uint32_t i = list + 1; count--; i = value_at(p, i)->after) {
        Str key = text_of(p, i, "key"), expression = text_of(p, i, "expression");

        if (!expression.len || is_standards(p, key, text_of(p, i, "source")))
            continue;
        e->rules[e->rule_count++] = (ProfileRule){
            .key = key,
            .human = text_of(p, i, "human"),
            .warning = str_equal(text_of(p, i, "severity"), STR("warning")),
            .program = program_of(p, expression),
        };
    }
}

static void take_slicing(Compiling *p, ProfileElement *e, uint32_t at)
{
    static const struct {
        Str               name;
        DiscriminatorKind kind;
    } kinds[] = { { STR_INIT("exists"), DISCRIMINATE_EXISTS },
                  { STR_INIT("type"), DISCRIMINATE_TYPE },
                  { STR_INIT("profile"), DISCRIMINATE_PROFILE } };
    uint32_t slicing = json_member(p->json, at, STR("slicing")), list, n = 0;
    Str      rules;

    if (!slicing)
        return;
    e->sliced = true;
    e->ordered = is_true(p, slicing, "ordered");
    rules = text_of(p, slicing, "rules");
    e->slicing = str_equal(rules, STR("closed"))      ? SLICING_CLOSED
                 : str_equal(rules, STR("openAtEnd")) ? SLICING_OPEN_AT_END
                                                      : SLICING_OPEN;
    list = list_of(p, slicing, "discriminator", &e->discriminator_count);
    e->discriminators = NEW_ARRAY(p->arena, Discriminator, e->discriminator_count + 1);
    for (uint32_t i = list + 1; n < e->discriminator_count; i = value_at(p, i)->after) {
        Discriminator *d = &e->discriminators[n++];
        Str            kind = text_of(p, i, "type");

        d->path = text_of(p, i, "path");
        for (size_t k = 0; k < COUNT(kinds); k++)
            if (str_equal(kinds[k].name, kind))
                d->kind = kinds[k].kind;
        if (!str_equal(d->path, STR("$this")))
            d->program = program_of(p, d->path);
    }
}

static void take_binding(Compiling *p, ProfileElement *e, uint32_t at)
{
    static const Str strengths[] = { STR_INIT("none"), STR_INIT("example"),
                                     STR_INIT("preferred"), STR_INIT("extensible"),
                                     STR_INIT("required") };
    uint32_t         binding = json_member(p->json, at, STR("binding")), list, count;
    Str              strength;

    if (!binding)
        return;
    strength = text_of(p, binding, "strength");
    for (uint8_t i = 0; i < COUNT(strengths); i++)
        if (str_equal(strengths[i], strength))
            e->strength = i;
    e->value_set = text_of(p, binding, "valueSet");
    list = list_of(p, binding, "extension", &count);
    for (uint32_t i = list + 1; count--; i = value_at(p, i)->after)
        if (str_ends(text_of(p, i, "url"), STR("/elementdefinition-maxValueSet")))
            e->value_set_max = text_of(p, i, "valueCanonical");
}

/* fixed[x], pattern[x], minValue[x], maxValue[x]: whatever their type. */
static void take_values(Compiling *p, ProfileElement *e, uint32_t at)
{
    for (uint32_t i = at + 1; i < value_at(p, at)->after; i = value_at(p, i)->after) {
        Str key = value_at(p, i)->key;

        if (str_starts(key, STR("fixed")))
            e->fixed = i;
        else if (str_starts(key, STR("pattern")))
            e->pattern = i;
        else if (str_starts(key, STR("minValue")))
            e->value_min = i;
        else if (str_starts(key, STR("maxValue")))
            e->value_max = i;
    }
}

static void take_lengths(Compiling *p, ProfileElement *e, uint32_t at)
{
    uint32_t count, list = list_of(p, at, "extension", &count);

    e->length_max = number_of(p, at, "maxLength", UINT32_MAX);
    for (uint32_t i = list + 1; count--; i = value_at(p, i)->after)
        if (str_ends(text_of(p, i, "url"), STR("/minLength")))
            e->length_min = number_of(p, i, "valueInteger", 0);
    e->length_bounded = e->length_max != UINT32_MAX || e->length_min;
}

static void take_element(Compiling *p, ProfileElement *e, uint32_t at)
{
    Str max = text_of(p, at, "max"), front, last;

    e->path = text_of(p, at, "path");
    e->id = text_of(p, at, "id");
    e->slice = text_of(p, at, "sliceName");
    e->name = str_cut_last(e->path, '.', &front, &last) ? last : e->path;
    e->choice = str_ends(e->name, STR("[x]"));
    if (e->choice)
        e->name = str_slice(e->name, 0, e->name.len - 3);
    e->min = number_of(p, at, "min", 0);
    e->max = str_equal(max, STR("*")) || !max.len ? PROFILE_MANY
                                                  : number_of(p, at, "max", PROFILE_MANY);
    e->must_support = is_true(p, at, "mustSupport");
    e->modifier = is_true(p, at, "isModifier");
    take_types(p, e, at);
    take_rules(p, e, at);
    take_slicing(p, e, at);
    take_binding(p, e, at);
    take_values(p, e, at);
    take_lengths(p, e, at);
    e->says = e->fixed || e->pattern || e->strength == BINDING_REQUIRED || e->rule_count;
}

/* --- their order ------------------------------------------------------------------------- */

static Str parent_path(Str path)
{
    Str front, last;

    return str_cut_last(path, '.', &front, &last) ? front : (Str){ 0 };
}

/* The element above number `i`: the last one before it with its parent's path. */
static uint32_t parent_of(const Profile *profile, uint32_t i)
{
    Str      path = parent_path(profile->elements[i].path);
    uint32_t at = i - 1;

    while (at && !str_equal(profile->elements[at].path, path))
        at = profile->elements[at].parent;
    return at;
}

static uint32_t *end_of_children(Profile *profile, uint32_t parent)
{
    uint32_t *end = &profile->elements[parent].first;

    while (*end)
        end = &profile->elements[*end].next;
    return end;
}

static uint32_t *end_of_slices(Profile *profile, uint32_t of)
{
    uint32_t *end = &profile->elements[of].slice_first;

    while (*end)
        end = &profile->elements[*end].slice_next;
    return end;
}

/* The slice that "a/b" is a slice of, among those of `of`; else `of` itself. */
static uint32_t outer_slice(const Profile *profile, uint32_t of, Str slice)
{
    Str      outer, inner;
    unsigned depth = 0;

    for (size_t i = 0; i < slice.len; i++)
        depth += slice.at[i] == '/';
    if (depth > RESLICES_MAX || !str_cut_last(slice, '/', &outer, &inner))
        return of;
    for (uint32_t i = 0; i < profile->count; i++)
        if (profile->elements[i].path.len && str_equal(profile->elements[i].slice, outer)
            && str_equal(profile->elements[i].path, profile->elements[of].path)
            && profile->elements[i].parent == profile->elements[of].parent)
            return i;
    return of;
}

/* Puts element `i` below its parent, or beside the element that it is a slice of. */
static void link_element(Profile *profile, uint32_t i)
{
    ProfileElement *e = &profile->elements[i];

    Str front, slice;

    e->parent = parent_of(profile, i);
    if (e->slice.len)
        for (uint32_t s = profile->elements[e->parent].first; s; s = profile->elements[s].next)
            if (str_equal(profile->elements[s].path, e->path)
                || (str_cut_last(e->id, ':', &front, &slice)
                    && str_equal(profile->elements[s].id, front))) {
                *end_of_slices(profile, outer_slice(profile, s, e->slice)) = i;
                return;
            }
    *end_of_children(profile, e->parent) = i;
}

/* A choice has one value: if a slice of it by type must be there, it is of that type. */
static void narrow_choices(Profile *profile)
{
    for (uint32_t i = 1; i < profile->count; i++) {
        ProfileElement *e = &profile->elements[i];

        for (uint32_t s = e->choice ? e->slice_first : 0; s;
             s = profile->elements[s].slice_next)
            if (profile->elements[s].min && profile->elements[s].type_count == 1) {
                e->types = profile->elements[s].types;
                e->type_count = 1;
            }
    }
}

static void take_contexts(Compiling *p)
{
    uint32_t count, list = list_of(p, 0, "context", &count);

    p->profile->contexts = NEW_ARRAY(p->arena, ProfileContext, count + 1);
    for (uint32_t i = list + 1; count--; i = value_at(p, i)->after) {
        ProfileContext *context = &p->profile->contexts[p->profile->context_count++];

        context->kind = text_of(p, i, "type");
        context->expression = text_of(p, i, "expression");
        if (str_equal(context->kind, STR("fhirpath")))
            context->program = program_of(p, context->expression);
    }
}

Fail profile_compile(Call *c, Arena *a, const Json *json, const Profile **out)
{
    Profile  *profile = NEW(a, Profile);
    Compiling p = { .call = c, .arena = a, .json = json, .profile = profile };
    uint32_t  list = snapshot_elements(json, STR("snapshot")), n = 0;

    if (!list || !json->values[list].count)
        return fail(c, FAIL_UNPROCESSABLE, STR("StructureDefinition"), "it has no snapshot");
    if (json->values[list].count > ELEMENTS_MAX)
        return fail(c, FAIL_TOO_COSTLY, STR("StructureDefinition.snapshot"),
                    "it has more than %d elements", ELEMENTS_MAX);
    profile->json = json;
    profile->url = text_of(&p, 0, "url");
    profile->version = text_of(&p, 0, "version");
    profile->name = text_of(&p, 0, "name");
    profile->type = type_of(text_of(&p, 0, "type"));
    profile->base = !str_equal(text_of(&p, 0, "derivation"), STR("constraint"));
    profile->extension = str_equal(text_of(&p, 0, "type"), STR("Extension")) && !profile->base;
    profile->retired = str_equal(text_of(&p, 0, "status"), STR("retired"));
    profile->count = json->values[list].count;
    profile->elements = NEW_ARRAY(a, ProfileElement, profile->count);
    for (uint32_t i = list + 1; i < json->values[list].after; i = json->values[i].after, n++) {
        if (json->values[i].kind != JSON_OBJECT)
            return fail(c, FAIL_UNPROCESSABLE, STR("StructureDefinition.snapshot"),
                        "an element is no object");
        take_element(&p, &profile->elements[n], i);
        if (n)
            link_element(profile, n);
    }
    for (uint32_t i = profile->count; i-- > 1;)
        if (profile->elements[i].says)
            profile->elements[profile->elements[i].parent].says = true;
    narrow_choices(profile);
    take_contexts(&p);
    *out = profile;
    return OK;
}
