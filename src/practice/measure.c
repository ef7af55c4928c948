/*
 * Scores of outcome measures: see measure.h. An item's score is its number, or the ordinal value (extension ordinalValue)
 * of the coding that was chosen; of missing items at most `missing-max` are filled in with the mean of the others.
 */
#include "practice/measure.h"

#include <math.h>
#include <stdlib.h>

#include "base/limits.h"

#define ORDINAL "http://hl7.org/fhir/StructureDefinition/ordinalValue"

enum { SCORE_ITEMS_MAX = 200, SCORE_CHARS = 40 };

static double number_of(Str text)
{
    char copy[SCORE_CHARS] = { 0 };

    if (text.len >= sizeof copy)
        return 0;
    memcpy(copy, text.at, text.len);
    return strtod(copy, NULL);
}

static uint32_t definition(const Note *n)
{
    return node_extension(&n->form.resource, 0, STR("urn:hale:measure"));
}

static Str setting(const Note *n, const char *url)
{
    return node_extension_text(&n->form.resource, definition(n), str_from(url));
}

/* ---- one item ---- */

/* The template's item of that link id. */
static uint32_t find_item(const Resource *r, Str link)
{
    for (uint32_t i = 1; i < r->tree->count; i++)
        if (str_equal(node_at(r, i)->element->path, STR("item"))
            && str_equal(node_child_text(r, i, STR("linkId")), link))
            return i;
    return 0;
}

static bool ordinal_of(const Note *n, uint32_t item, uint32_t coding, double *out)
{
    const Resource *f = &n->form.resource, *r = &n->response.resource;

    for (uint32_t option = node_child(f, item, STR("answerOption")); option;
         option = node_next_same(f, option)) {
        uint32_t offered = node_child(f, option, STR("value"));
        Str      value = node_extension_text(f, option, STR(ORDINAL));

        if (!value.len && offered)
            value = node_extension_text(f, offered, STR(ORDINAL));
        if (offered && value.len
            && str_equal(node_child_text(f, offered, STR("code")),
                         node_child_text(r, coding, STR("code")))
            && str_equal(node_child_text(f, offered, STR("system")),
                         node_child_text(r, coding, STR("system")))) {
            *out = number_of(value);
            return true;
        }
    }
    return false;
}

static bool value_of(const Note *n, uint32_t item, uint32_t value, double *out)
{
    const Resource *r = &n->response.resource;
    Str             type = type_name(node_at(r, value)->type);

    if (str_equal(type, STR("Coding")))
        return ordinal_of(n, item, value, out);
    if (!str_equal(type, STR("integer")) && !str_equal(type, STR("decimal")))
        return false;
    *out = number_of(node_text(node_at(r, value)));
    return true;
}

/* ---- all of them ---- */

typedef struct Sum {
    double   total;
    uint32_t answered, items;
} Sum;

/* An item in rows counts once for each row; one that was not answered counts as missing. */
static void add_item(const Note *n, Str link, Sum *sum)
{
    const Resource *r = &n->response.resource;
    uint32_t        item = find_item(&n->form.resource, link), found = 0;

    for (uint32_t i = 1; item && i < r->tree->count; i++) {
        uint32_t answer, value;
        double   number;

        if (!str_equal(node_at(r, i)->element->path, STR("item"))
            || !str_equal(node_child_text(r, i, STR("linkId")), link))
            continue;
        answer = node_child(r, i, STR("answer"));
        value = answer ? node_child(r, answer, STR("value")) : 0;
        found++;
        if (value && value_of(n, item, value, &number)) {
            sum->total += number;
            sum->answered++;
        }
    }
    sum->items += found ? found : 1;
}

static void find_band(const Note *n, Score *out)
{
    const Resource *f = &n->form.resource;

    for (uint32_t each = node_child(f, definition(n), STR("extension")); each;
         each = node_next_same(f, each))
        if (str_equal(node_child_text(f, each, STR("url")), STR("band"))
            && out->value >= number_of(node_extension_text(f, each, STR("low")))
            && out->value < number_of(node_extension_text(f, each, STR("high"))) + 1)
            out->band = each;
}

Fail measure_score(Note *n, Score *out)
{
    const Resource *f = &n->form.resource;
    Sum             sum = { 0 };
    uint64_t        most = 0;
    size_t          items = 0;
    bool            mean;

    *out = (Score){ .is_measure = definition(n) != 0 };
    if (!out->is_measure)
        return OK;
    for (uint32_t each = node_child(f, definition(n), STR("extension")); each;
         each = node_next_same(f, each)) {
        if (!str_equal(node_child_text(f, each, STR("url")), STR("item")))
            continue;
        if (items++ == SCORE_ITEMS_MAX)
            return fail(n->till->call, FAIL_TOO_COSTLY, STR("Questionnaire.extension"),
                        "The measure has too many items");
        if (call_late(n->till->call))
            return fail(n->till->call, FAIL_TIMEOUT, (Str){ 0 }, "scoring takes too long");
        add_item(n, node_child_text(f, each, STR("value")), &sum);
    }
    (void)str_to_u64(setting(n, "missing-max"), &most);
    mean = str_equal(setting(n, "formula"), STR("mean"));
    out->items = sum.items;
    out->missing = sum.items - sum.answered;
    out->scored = sum.answered > 0 && out->missing <= most;
    if (!out->scored)
        return OK;
    out->value = mean ? sum.total / sum.answered : sum.total * sum.items / sum.answered;
    out->value = mean ? round(out->value * 100) / 100 : round(out->value);
    find_band(n, out);
    return OK;
}

/* ---- the Observation ---- */

static Str code_of(const Note *n)
{
    const Resource *f = &n->form.resource;
    uint32_t        code = node_extension(f, definition(n), STR("code"));
    uint32_t        coding = code ? node_child(f, code, STR("value")) : 0;

    return coding ? node_source(f, coding) : STR("{\"system\":\"urn:hale:measure\"}");
}

static void put_meta_of(Buf *out, const Note *n, bool locked)
{
    Buf labels = buf_new(out->arena, 256);

    note_put_labels(&labels, n);
    if (!labels.len && !locked)
        return;
    till_json(out, "'meta':{$r},",
              locked ? till_json_text(out->arena,
                                      "$r'tag':[{'system':'" SIGNED_TAG_SYSTEM
                                      "','code':'" SIGNED_TAG_CODE "'}]",
                                      buf_str(&labels))
                     : str_slice(buf_str(&labels), 0, labels.len - 1));
}

static void put_band(Buf *out, Note *n, const Score *score)
{
    const Resource *f = &n->form.resource;
    uint32_t        text = score->band ? node_extension(f, score->band, STR("text")) : 0;
    uint32_t        value = text ? node_child(f, text, STR("value")) : 0;

    if (value)
        till_json(out, ",'interpretation':[{'text':$s}]", note_words(n, f, value));
    if (score->missing)
        till_json(out, ",'note':[{'text':$s}]",
                  arena_printf(n->till->call->arena,
                               "%u of %u items were not answered: filled in with the mean",
                               score->missing, score->items));
}

/* All behind meta. */
static Str score_text(Note *n, const Score *score, Str response)
{
    const Resource *r = &n->response.resource;
    uint32_t        encounter = node_child(r, r->root, STR("encounter"));
    Arena          *a = n->till->call->arena;
    Str             authored = node_child_text(r, r->root, STR("authored"));
    Buf             out = buf_new(a, 2048);
    char            now[INSTANT_CHARS + 1];

    moment_format_instant(n->till->call->now_us, now);
    till_json(&out,
              "'identifier':[{'system':'urn:hale:score','value':$s}],'status':'final',"
              "'category':[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/"
              "observation-category','code':'survey'}]}],'code':{'coding':[$r],'text':$s},"
              "'subject':{'reference':$s},",
              response, code_of(n), node_child_text(&n->form.resource, 0, STR("title")),
              n->subject);
    if (encounter)
        till_json(&out, "'encounter':$r,", node_source(r, encounter));
    till_json(&out,
              "'effectiveDateTime':$s,'valueQuantity':{'value':$r,'unit':'score','system':"
              "'http://unitsofmeasure.org','code':'{score}'}",
              authored.len ? authored : str_from(now), arena_printf(a, "%.15g", score->value));
    put_band(&out, n, score);
    till_json(&out, ",'derivedFrom':[{'reference':'QuestionnaireResponse/$r'}]}", response);
    return arena_str(a, buf_str(&out));
}

/* The score that was made of that response before, a signed one first; its id is empty where there is none. */
static Fail find_score(Note *n, Str response, Loaded *out, bool *is_locked)
{
    Till    *t = n->till;
    Version *found;
    size_t   count;

    *out = (Loaded){ 0 };
    *is_locked = false;
    TRY(till_search(t, TYPE_OBSERVATION,
                    arena_printf(t->call->arena, "identifier=urn:hale:score|%.*s&subject=%.*s",
                                 STR_ARG(response), STR_ARG(n->subject)),
                    &found, &count));
    for (size_t i = 0; i < count && !*is_locked; i++) {
        TRY(till_parse(t, &found[i], out));
        *is_locked = note_is_signed(&out->resource);
    }
    return OK;
}

/* One whose answers are not what is signed any more, or too few for a score. */
static void take_back(Till *t, const Loaded *before)
{
    till_put(t, TYPE_OBSERVATION, before->version.id, before->version.version,
             till_edited(t, before, STR("entered-in-error"), (Str){ 0 }, (Str){ 0 }));
}

Fail measure_put(Note *n, const Score *score, Str response, bool locked, Str *id)
{
    Till  *t = n->till;
    Loaded before = { 0 };
    bool   is_locked = false;
    Buf    out = buf_new(t->call->arena, 2048);
    Str    text;

    *id = (Str){ 0 };
    if (!score->is_measure)
        return OK;
    TRY(find_score(n, response, &before, &is_locked));
    *id = before.version.id;
    if (is_locked)
        return OK;
    if (!score->scored) {
        if (before.version.id.len)
            take_back(t, &before);
        return OK;
    }
    text = score_text(n, score, response);
    if (before.version.id.len && !locked && str_ends(before.version.body, text))
        return OK;
    if (!before.version.id.len)
        *id = till_new_id(t);
    till_json(&out, "{'resourceType':'Observation','id':$s,", *id);
    put_meta_of(&out, n, locked);
    buf_put(&out, text);
    if (before.version.id.len)
        till_put(t, TYPE_OBSERVATION, *id, before.version.version, buf_str(&out));
    else
        till_post(t, TYPE_OBSERVATION,
                  arena_printf(t->call->arena, "urn:uuid:%.*s", STR_ARG(*id)),
                  arena_printf(t->call->arena, "identifier=urn:hale:score|%.*s&subject=%.*s",
                               STR_ARG(response), STR_ARG(n->subject)),
                  buf_str(&out));
    return OK;
}

/* ---- $score ---- */

static Fail score_work(Till *t)
{
    Note *n = NEW(t->call->arena, Note);
    Score score;
    Str   status;

    TRY(note_load(t, t->turn->asked->id, n));
    if (t->turn->principal->login
        && str_starts(str_from(t->turn->principal->reader.linked), STR("Practitioner/")))
        TRY(note_find_signer(n));
    TRY(measure_score(n, &score));
    if (!score.is_measure)
        return fail(t->call, FAIL_UNPROCESSABLE, STR("QuestionnaireResponse.questionnaire"),
                    "This is no outcome measure: its template does not say how it is scored");
    if (!score.scored)
        return fail(t->call, FAIL_UNPROCESSABLE, STR("QuestionnaireResponse.item"),
                    "%u of %u items were not answered: that is too many for a score",
                    score.missing, score.items);
    status = node_child_text(&n->response.resource, 0, STR("status"));
    if (!str_equal(status, STR("completed")) && !str_equal(status, STR("amended")))
        return fail(t->call, FAIL_CONFLICT, STR("QuestionnaireResponse.status"),
                    "What is still being filled in is not scored");
    t->result_type = TYPE_OBSERVATION;
    return measure_put(n, &score, n->response.version.id, false, &t->result_id);
}

Fail measure_score_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    return till_run_signing(c, s, turn, NULL, 0, score_work, answer);
}
