/*
 * CodeSystem/$lookup: what a code system says of a code. R4 codesystem-operation-lookup.html
 */
#include "interaction/term_outcome.h"
#include "interaction/terms.h"
#include "interaction/validate_code.h"

typedef struct Saying {
    const TermAsked *asked;
    const TermDef   *system;
    uint32_t concept;
    Buf out;
} Saying;

/* Whether that property is wanted: all are, if none was named. */
static bool wanted(const Saying *s, Str name)
{
    const TermTexts *named = &s->asked->properties;

    for (size_t i = 0; i < named->count; i++)
        if (str_equal(named->at[i], name) || str_equal(named->at[i], STR("*")))
            return true;
    return named->count == 0;
}

static void put_part_text(Buf *b, const char *name, const char *type, Str value, bool plain)
{
    if (b->at[b->len - 1] == '}')
        buf_put_char(b, ',');
    buf_printf(b, "{\"name\":\"%s\",\"value%s\":", name, type);
    if (plain)
        buf_put(b, value);
    else
        buf_put_json_string(b, value);
    buf_put_char(b, '}');
}

static void begin_parts(Saying *s, const char *name)
{
    if (s->out.at[s->out.len - 1] == '}')
        buf_put_char(&s->out, ',');
    buf_printf(&s->out, "{\"name\":\"%s\",\"part\":[", name);
}

static void put_coding(Buf *b, const ConceptDetail *d, Str code)
{
    buf_put_char(b, '{');
    if (d->system.len) {
        buf_put(b, STR("\"system\":"));
        buf_put_json_string(b, d->system);
        buf_put_char(b, ',');
    }
    buf_put(b, STR("\"code\":"));
    buf_put_json_string(b, code);
    if (d->shown.len) {
        buf_put(b, STR(",\"display\":"));
        buf_put_json_string(b, d->shown);
    }
    buf_put_char(b, '}');
}

static void put_designation(Saying *s, const ConceptDetail *d)
{
    begin_parts(s, "designation");
    if (d->name.len)
        put_part_text(&s->out, "language", "Code", d->name, false);
    if (d->use.len) {
        Buf coding = buf_new(s->out.arena, 128);

        put_coding(&coding, d, d->use);
        put_part_text(&s->out, "use", "Coding", buf_str(&coding), true);
    }
    put_part_text(&s->out, "value", "String", d->value, false);
    buf_put(&s->out, STR("]}"));
}

static void put_property(Saying *s, const ConceptDetail *d)
{
    static const struct {
        const char *type;
        bool        plain;
    } forms[CONCEPT_VALUES] = {
        [CONCEPT_VALUE_NONE] = { "String", false },
        [CONCEPT_VALUE_CODE] = { "Code", false },
        [CONCEPT_VALUE_STRING] = { "String", false },
        [CONCEPT_VALUE_INTEGER] = { "Integer", true },
        [CONCEPT_VALUE_BOOLEAN] = { "Boolean", true },
        [CONCEPT_VALUE_DATE_TIME] = { "DateTime", false },
        [CONCEPT_VALUE_DECIMAL] = { "Decimal", true },
        [CONCEPT_VALUE_CODING] = { "Coding", true },
    };
    Str value = d->value;

    if (!wanted(s, d->name))
        return;
    if (d->kind == CONCEPT_VALUE_CODING) {
        Buf coding = buf_new(s->out.arena, 128);

        put_coding(&coding, d, d->value);
        value = buf_str(&coding);
    }
    begin_parts(s, "property");
    put_part_text(&s->out, "code", "Code", d->name, false);
    put_part_text(&s->out, "value", forms[d->kind].type, value, forms[d->kind].plain);
    buf_put(&s->out, STR("]}"));
}

/* A concept above or beneath, with what it is called. */
static void put_relative(Saying *s, const char *name, uint32_t concept)
{
    const Concepts *all = &s->system->concepts;
    Str             display = concepts_display(all, concept);

    begin_parts(s, "property");
    put_part_text(&s->out, "code", "Code", str_from(name), false);
    put_part_text(&s->out, "value", "Code", concepts_code(all, concept), false);
    if (display.len)
        put_part_text(&s->out, "description", "String", display, false);
    buf_put(&s->out, STR("]}"));
}

static void put_relatives(Saying *s)
{
    const Concepts    *all = &s->system->concepts;
    uint32_t           count, span_count;
    const uint32_t    *parents = concepts_parents(all, s->concept, &count);
    const ConceptSpan *spans = concepts_spans(all, s->concept, &span_count);

    for (uint32_t i = 0; wanted(s, STR("parent")) && i < count; i++)
        put_relative(s, "parent", parents[i]);
    for (uint32_t i = 0; wanted(s, STR("child")) && i < span_count; i++)
        for (uint32_t k = spans[i].from; k <= spans[i].to && k < all->count; k++)
            if (concepts_is_child(all, k, s->concept))
                put_relative(s, "child", k);
}

static void put_details(Saying *s)
{
    static const Str hierarchy[] = { STR_INIT("parent"), STR_INIT("child"),
                                     STR_INIT("inactive") };
    uint32_t         count = concepts_detail_count(&s->system->concepts, s->concept);

    for (uint32_t i = 0; i < count; i++) {
        ConceptDetail d = concepts_detail(&s->system->concepts, s->concept, i);
        bool          told = false;

        for (size_t k = 0; k < COUNT(hierarchy); k++)
            told = told || str_equal(d.name, hierarchy[k]);
        if (d.kind == CONCEPT_VALUE_NONE && wanted(s, STR("designation")))
            put_designation(s, &d);
        else if (d.kind != CONCEPT_VALUE_NONE && !told)
            put_property(s, &d);
    }
    if (wanted(s, STR("inactive"))) {
        ConceptDetail d = { .kind = CONCEPT_VALUE_BOOLEAN,
                            .name = STR("inactive"),
                            .value = term_concept_inactive(s->system, s->concept)
                                         ? STR("true")
                                         : STR("false") };

        put_property(s, &d);
    }
}

static Str say(Call *c, Terms *t, Saying *s)
{
    const TermDef *system = s->system;
    Str            definition = concepts_definition(&system->concepts, s->concept);

    s->out = buf_new(c->arena, 2048);
    buf_put(&s->out, STR("{\"resourceType\":\"Parameters\",\"parameter\":["));
    term_put(&s->out, "name", "String", system->name.len ? system->name : system->url);
    if (system->version.len)
        term_put(&s->out, "version", "String", system->version);
    term_put(&s->out, "display", "String",
             term_display(t, system, s->concept, (Str){ 0 }, s->asked->display_language));
    term_put(&s->out, "code", "Code", concepts_code(&system->concepts, s->concept));
    term_put(&s->out, "system", "Uri", system->url);
    if (definition.len)
        term_put(&s->out, "definition", "String", definition);
    term_put_bool(&s->out, "abstract", term_concept_abstract(system, s->concept));
    put_relatives(s);
    put_details(s);
    buf_put(&s->out, STR("]}"));
    return buf_str(&s->out);
}

static Fail refuse(Call *c, Answer *answer, Str text)
{
    TermIssues issues = { .arena = c->arena };

    term_issue(&issues, "error", "not-found", "not-found", (Str){ 0 }, "%.*s", STR_ARG(text));
    return term_refuse(answer, 404, &issues);
}

Fail lookup_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    TermAsked     *asked = NEW(c->arena, TermAsked);
    Saying         saying = { .asked = asked };
    const TermDef *supplement;
    Terms         *t;

    TRY(term_params_read(c, turn, TERM_LOOKUP, asked));
    TRY(terms_open(c, s, turn, asked, &t));
    if (asked->coding_count != 1 || !asked->codings[0].code.len)
        return fail(c, FAIL_REQUIRED, STR("code"), "This needs system and code, or a coding");
    asked->url = asked->codings[0].system;
    asked->version = asked->codings[0].version;
    TRY(terms_subject(t, s, turn, TYPE_CODE_SYSTEM, asked, &saying.system));
    for (size_t i = 0; i < t->supplement_count; i++) {
        TRY(terms_find(t, TYPE_CODE_SYSTEM, t->supplements[i], (Str){ 0 }, &supplement));
        if (!supplement)
            return refuse(c, answer,
                          arena_printf(c->arena, "Required supplement not found: %.*s",
                                       STR_ARG(t->supplements[i])));
    }
    if (!saying.system)
        return refuse(
            c, answer,
            arena_printf(c->arena, "A definition for CodeSystem '%.*s' could not be found",
                         STR_ARG(term_versioned(c->arena, asked->url, asked->version))));
    saying.concept = concepts_find(&saying.system->concepts, asked->codings[0].code);
    if (saying.concept == CONCEPT_NONE)
        return refuse(c, answer,
                      arena_printf(c->arena, "Unknown code '%.*s' in the CodeSystem '%.*s'",
                                   STR_ARG(asked->codings[0].code),
                                   STR_ARG(saying.system->url)));
    answer->status = 200;
    answer->body = say(c, t, &saying);
    return OK;
}
