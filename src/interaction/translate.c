/*
 * ConceptMap/$translate: what a code of one system is in another, or (targetCode, or reverse) the
 * other way round. R4 conceptmap-operation-translate.html
 */
#include "base/limits.h"
#include "interaction/term_outcome.h"
#include "interaction/terms.h"

typedef struct Translating {
    const TermAsked *asked;
    const TermDef   *map;
    Json             json;
    bool             back; /* from target to source */
    Str              code, system, wanted_system;
    Buf              out;
    size_t           matches;
    bool             good;
} Translating;

static Str text(const Translating *t, uint32_t object, const char *name)
{
    return json_member_text(&t->json, object, str_from(name));
}

static bool is_good(Str equivalence)
{
    return !str_equal(equivalence, STR("unmatched"))
           && !str_equal(equivalence, STR("disjoint"));
}

static void put_match(Translating *t, Str system, uint32_t concept, Str equivalence)
{
    Str display = text(t, concept, "display");

    if (t->matches++)
        buf_put_char(&t->out, ',');
    buf_put(&t->out, STR("{\"name\":\"match\",\"part\":[{\"name\":\"equivalence\","
                         "\"valueCode\":"));
    buf_put_json_string(&t->out, equivalence);
    buf_put(&t->out, STR("},{\"name\":\"concept\",\"valueCoding\":{\"system\":"));
    buf_put_json_string(&t->out, system);
    buf_put(&t->out, STR(",\"code\":"));
    buf_put_json_string(&t->out, text(t, concept, "code"));
    if (display.len) {
        buf_put(&t->out, STR(",\"display\":"));
        buf_put_json_string(&t->out, display);
    }
    buf_put(&t->out, STR("}},{\"name\":\"source\",\"valueUri\":"));
    buf_put_json_string(&t->out, t->map->url);
    buf_put(&t->out, STR("}]}"));
    t->good = t->good || is_good(equivalence);
}

static void take_element(Translating *t, uint32_t element, Str system)
{
    uint32_t list = json_member(&t->json, element, STR("target"));
    bool     same = str_equal(text(t, element, "code"), t->code);

    for (uint32_t i = list + 1; list && i < t->json.values[list].after;
         i = t->json.values[i].after) {
        Str equivalence = text(t, i, "equivalence");

        if (t->back ? str_equal(text(t, i, "code"), t->code) : same)
            put_match(t, system, t->back ? element : i,
                      equivalence.len ? equivalence : STR("relatedto"));
    }
}

static void take_group(Translating *t, uint32_t group)
{
    Str      from = text(t, group, t->back ? "target" : "source");
    Str      to = text(t, group, t->back ? "source" : "target");
    uint32_t list = json_member(&t->json, group, STR("element"));

    if ((t->system.len && !str_equal(from, t->system))
        || (t->wanted_system.len && !str_equal(to, t->wanted_system)))
        return;
    for (uint32_t i = list + 1; list && i < t->json.values[list].after;
         i = t->json.values[i].after)
        take_element(t, i, to);
}

/* What is asked for, from wherever it was said. */
static Fail take_question(Call *c, Translating *t)
{
    const TermAsked *a = t->asked;

    t->back = a->reverse || (a->code_b.len > 0 && a->coding_count == 0);
    if (a->code_b.len && a->coding_count == 0) {
        t->code = a->code_b;
        t->system = a->target_system;
        t->wanted_system = a->system;
        return OK;
    }
    if (a->coding_count != 1 || !a->codings[0].code.len)
        return fail(c, FAIL_REQUIRED, STR("code"),
                    "This needs code and system, a coding, a codeableConcept with one coding,"
                    " or targetCode");
    t->code = a->codings[0].code;
    t->system = a->codings[0].system;
    t->wanted_system = a->target_system;
    return OK;
}

Fail translate_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    TermAsked  *asked = NEW(c->arena, TermAsked);
    Translating t = { .asked = asked };
    Terms      *terms;
    uint32_t    groups;
    Buf         all = buf_new(c->arena, 1024);

    TRY(term_params_read(c, turn, TERM_TRANSLATE, asked));
    TRY(take_question(c, &t));
    TRY(terms_open(c, s, turn, asked, &terms));
    TRY(terms_subject(terms, s, turn, TYPE_CONCEPT_MAP, asked, &t.map));
    if (!t.map)
        return fail(c, FAIL_NOT_FOUND, STR("url"), "There is no ConceptMap '%.*s' here",
                    STR_ARG(asked->url));
    TRY(json_parse(c, t.map->source, LIMIT_BUNDLE_NODES, &t.json));
    t.out = buf_new(c->arena, 1024);
    groups = json_member(&t.json, 0, STR("group"));
    for (uint32_t i = groups + 1; groups && i < t.json.values[groups].after;
         i = t.json.values[i].after)
        take_group(&t, i);
    buf_printf(&all,
               "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"result\","
               "\"valueBoolean\":%s}%s%.*s]}",
               t.good ? "true" : "false", t.matches ? "," : "", STR_ARG(buf_str(&t.out)));
    answer->status = 200;
    answer->body = buf_str(&all);
    return OK;
}
