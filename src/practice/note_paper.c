/*
 * Notes on paper: QuestionnaireResponse/[id]/$paper is one note with what was said of it later, Patient/[id]/$paper all
 * signed notes of the chart, the oldest first. The original stands as it was signed, the amendments behind it with
 * their own dates; a draft says across each page that it is one.
 */
#include "base/limits.h"
#include "practice/billing.h"
#include "practice/note.h"
#include "practice/paper_flow.h"

enum { FORMS_MAX = 64, NAMES_MAX = 64, NOTES_MAX = 1000, ITEMS_MAX = 10000 };

/* A template by its address, a person by their reference: each is read once. */
typedef struct Known {
    Str    key, words;
    Loaded form;
    bool   missing;
} Known;

typedef struct Writing {
    Till   *till;
    Answer *answer;
    Flow    flow;
    bool    french;
    Known   forms[FORMS_MAX], names[NAMES_MAX];
    size_t  form_count, name_count;
} Writing;

enum PaperWord {
    SAY_DRAFT,
    SAY_VISIT,
    SAY_SIGNED,
    SAY_COSIGNED,
    SAY_WAITING,
    SAY_LATE,
    SAY_ADDENDUM,
    SAY_CORRECTION,
    SAY_LATE_ENTRY,
    SAY_REASON,
    SAY_OCCURRED,
    SAY_YES,
    SAY_NO,
    SAY_TEXT,
    SAY_CHART,
    PAPER_WORDS
};

static const char *const paper_words[PAPER_WORDS][2] = {
    [SAY_DRAFT] = { "DRAFT", "BROUILLON" },
    [SAY_VISIT] = { "Visit", "Visite" },
    [SAY_SIGNED] = { "Signed", "Signé" },
    [SAY_COSIGNED] = { "Co-signed", "Cosigné" },
    [SAY_WAITING] = { "Waits for a co-signature", "En attente d’une cosignature" },
    [SAY_LATE] = { "Signed more than 48 hours after the visit",
                   "Signé plus de 48 heures après la visite" },
    [SAY_ADDENDUM] = { "Addendum", "Ajout" },
    [SAY_CORRECTION] = { "Correction", "Correction" },
    [SAY_LATE_ENTRY] = { "Late entry", "Inscription tardive" },
    [SAY_REASON] = { "Reason", "Motif" },
    [SAY_OCCURRED] = { "Took place", "A eu lieu" },
    [SAY_YES] = { "Yes", "Oui" },
    [SAY_NO] = { "No", "Non" },
    [SAY_TEXT] = { "Text", "Texte" },
    [SAY_CHART] = { "Notes", "Notes" },
};

static Str paper_say(const Writing *w, enum PaperWord word)
{
    return str_from(paper_words[word][w->french]);
}

/* ---- what is looked up ---- */

/* What the caller may not see, or is not there, is left out rather than a failure of the paper. */
static bool passed_over(Call *c, Fail result, uint32_t issues)
{
    if (result != FAIL_NOT_FOUND && result != FAIL_GONE && result != FAIL_FORBIDDEN
        && result != FAIL_UNPROCESSABLE && result != FAIL_REQUIRED)
        return false;
    call_forget_issues(c, issues);
    return true;
}

static Fail find_form(Writing *w, Str canonical, const Resource **out)
{
    Call    *c = w->till->call;
    uint32_t issues = c->issue_count;
    Known   *known;
    Fail     result;

    for (size_t i = 0; i < w->form_count; i++)
        if (str_equal(w->forms[i].key, canonical)) {
            *out = w->forms[i].missing ? NULL : &w->forms[i].form.resource;
            return OK;
        }
    known = &w->forms[w->form_count < FORMS_MAX ? w->form_count++ : FORMS_MAX - 1];
    *known = (Known){ .key = canonical };
    result = note_load_form(w->till, canonical, &known->form);
    known->missing = result != OK;
    *out = known->missing ? NULL : &known->form.resource;
    return result == OK || passed_over(c, result, issues) ? OK : result;
}

static Str name_in(Arena *a, const Resource *r)
{
    uint32_t name = node_child(r, r->root, STR("name"));
    Buf      out = buf_new(a, 64);

    for (uint32_t given = name ? node_child(r, name, STR("given")) : 0; given;
         given = node_next_same(r, given))
        buf_printf(&out, "%.*s ", STR_ARG(node_text(node_at(r, given))));
    if (name)
        buf_put(&out, node_child_text(r, name, STR("family")));
    return out.len || !name ? buf_str(&out) : node_child_text(r, name, STR("text"));
}

static Fail find_name(Writing *w, Str reference, Str *out)
{
    Call    *c = w->till->call;
    uint32_t issues = c->issue_count;
    Known   *known;
    Loaded   person;
    Fail     result;

    for (size_t i = 0; i < w->name_count; i++)
        if (str_equal(w->names[i].key, reference)) {
            *out = w->names[i].words;
            return OK;
        }
    *out = reference;
    result = till_follow(w->till, reference, TYPE_PRACTITIONER, STR("author"), &person);
    if (result != OK)
        return passed_over(c, result, issues) ? OK : result;
    *out = name_in(c->arena, &person.resource);
    known = &w->names[w->name_count < NAMES_MAX ? w->name_count++ : NAMES_MAX - 1];
    *known = (Known){ .key = reference, .words = *out };
    return OK;
}

/* ---- answers ---- */

static bool is_part(const Resource *r, uint32_t node)
{
    return str_equal(node_at(r, node)->element->path, STR("item"))
           && node_child(r, node, STR("linkId")) != 0;
}

static size_t count_parts(const Resource *r)
{
    size_t count = 0;

    for (uint32_t i = 1; i < r->tree->count; i++)
        count += is_part(r, i);
    return count;
}

static uint32_t form_item(const Resource *form, Str link)
{
    for (uint32_t i = 1; form && i < form->tree->count; i++)
        if (is_part(form, i) && str_equal(node_child_text(form, i, STR("linkId")), link))
            return i;
    return 0;
}

/* The display of a choice as the template says it in the reader's language. */
static Str choice_words(const Note *n, const Resource *form, uint32_t item,
                        const Resource *said, uint32_t coding)
{
    Str code = node_child_text(said, coding, STR("code"));

    for (uint32_t option = item ? node_child(form, item, STR("answerOption")) : 0; option;
         option = node_next_same(form, option)) {
        uint32_t value = node_child(form, option, STR("value"));
        uint32_t display = value ? node_child(form, value, STR("display")) : 0;

        if (display && str_equal(node_child_text(form, value, STR("code")), code))
            return note_words(n, form, display);
    }
    return node_child_text(said, coding, STR("display")).len
               ? node_child_text(said, coding, STR("display"))
               : code;
}

static Str answer_words(Writing *w, const Resource *form, uint32_t item, const Resource *said,
                        uint32_t value)
{
    Arena *a = w->till->call->arena;
    Note   n = { .till = w->till };
    Str    type = type_name(node_at(said, value)->type);

    if (str_equal(type, STR("Coding")))
        return choice_words(&n, form, item, said, value);
    if (str_equal(type, STR("boolean")))
        return paper_say(w, str_equal(node_text(node_at(said, value)), STR("true")) ? SAY_YES
                                                                                    : SAY_NO);
    if (str_equal(type, STR("Quantity")))
        return arena_printf(a, "%.*s %.*s", STR_ARG(node_child_text(said, value, STR("value"))),
                            STR_ARG(node_child_text(said, value, STR("unit"))));
    if (str_equal(type, STR("Attachment")))
        return node_child_text(said, value, STR("title"));
    if (str_equal(type, STR("Reference")))
        return node_child_text(said, value, STR("display"));
    return node_text(node_at(said, value));
}

static uint32_t depth_of(const Resource *r, uint32_t node)
{
    uint32_t depth = 0;

    for (node = node_at(r, node)->parent; node; node = node_at(r, node)->parent)
        depth += str_equal(node_at(r, node)->element->path, STR("item"));
    return depth;
}

/* One item: a heading, or a question with its answers. */
static void write_item(Writing *w, const Resource *form, const Resource *said, uint32_t place)
{
    Call    *c = w->till->call;
    Note     n = { .till = w->till };
    Str      link = node_child_text(said, place, STR("linkId"));
    uint32_t item = form_item(form, link);
    uint32_t text = item ? node_child(form, item, STR("text")) : 0;
    Str label = text ? note_words(&n, form, text) : node_child_text(said, place, STR("text"));
    Buf answers = buf_new(c->arena, 128);

    if (!label.len)
        label = str_equal(link, STR("text")) ? paper_say(w, SAY_TEXT) : link;
    for (uint32_t answer = node_child(said, place, STR("answer")); answer;
         answer = node_next_same(said, answer)) {
        uint32_t value = node_child(said, answer, STR("value"));

        if (value)
            buf_printf(&answers, "%s%.*s", answers.len ? "; " : "",
                       STR_ARG(answer_words(w, form, item, said, value)));
    }
    if (answers.len)
        flow_put(c, &w->flow, FLOW_PAIR, depth_of(said, place), label, buf_str(&answers));
    else if (node_child(said, place, STR("item")))
        flow_put(c, &w->flow, FLOW_HEADING, depth_of(said, place), (Str){ 0 }, label);
}

static Fail write_answers(Writing *w, const Resource *said)
{
    Call           *c = w->till->call;
    const Resource *form;

    TRY(find_form(w, node_child_text(said, said->root, STR("questionnaire")), &form));
    if (count_parts(said) > ITEMS_MAX || (form && count_parts(form) > ITEMS_MAX))
        return fail(c, FAIL_TOO_COSTLY, STR("QuestionnaireResponse"),
                    "The form has too many parts to be printed");
    for (uint32_t i = 1; i < said->tree->count; i++) {
        if (!is_part(said, i))
            continue;
        if (call_late(c))
            return fail(c, FAIL_TIMEOUT, (Str){ 0 }, "printing the form takes too long");
        write_item(w, form, said, i);
    }
    return OK;
}

/* ---- a note ---- */

/* "Zoë Lefèvre, 2026-03-04 09:00" */
static Fail write_attesters(Writing *w, const Resource *composition)
{
    Call *c = w->till->call;
    bool  second = false;

    for (uint32_t each = node_child(composition, 0, STR("attester")); each;
         each = node_next_same(composition, each), second = true) {
        Str at = node_child_text(composition, each, STR("time")), name;

        TRY(find_name(w, billing_at(composition, each, "party", "reference"), &name));
        flow_put(c, &w->flow, FLOW_SMALL, 0, (Str){ 0 },
                 arena_printf(c->arena, "%.*s: %.*s, %.*s",
                              STR_ARG(paper_say(w, second ? SAY_COSIGNED : SAY_SIGNED)),
                              STR_ARG(name), STR_ARG(at)));
    }
    if (str_equal(node_child_text(composition, 0, STR("status")), STR("preliminary")))
        flow_put(c, &w->flow, FLOW_SMALL, 0, (Str){ 0 }, paper_say(w, SAY_WAITING));
    if (node_extension(composition, 0, STR(NOTE_LATE_URL)))
        flow_put(c, &w->flow, FLOW_SMALL, 0, (Str){ 0 }, paper_say(w, SAY_LATE));
    return OK;
}

static void write_pair(Writing *w, enum PaperWord word, Str text)
{
    if (text.len)
        flow_put(w->till->call, &w->flow, FLOW_PAIR, 0, paper_say(w, word), text);
}

/* What it is an amendment of, and why; nothing where it is none. */
static void write_amends(Writing *w, const Resource *said)
{
    static const struct {
        Str            kind;
        enum PaperWord word;
    } kinds[] = {
        { STR_INIT("addendum"), SAY_ADDENDUM },
        { STR_INIT("correction"), SAY_CORRECTION },
        { STR_INIT("late-entry"), SAY_LATE_ENTRY },
    };
    uint32_t amends = node_extension(said, 0, STR(NOTE_AMENDS_URL));

    for (size_t i = 0; amends && i < COUNT(kinds); i++)
        if (str_equal(node_extension_text(said, amends, STR("kind")), kinds[i].kind))
            flow_put(w->till->call, &w->flow, FLOW_HEADING, 0, (Str){ 0 },
                     paper_say(w, kinds[i].word));
    if (!amends)
        return;
    write_pair(w, SAY_REASON, node_extension_text(said, amends, STR("reason")));
    write_pair(w, SAY_OCCURRED, node_extension_text(said, amends, STR("occurred")));
}

static Fail write_note(Writing *w, const Resource *composition, Str title, const Loaded *said)
{
    const Resource *r = &said->resource;
    Call           *c = w->till->call;
    bool            amends = node_extension(r, 0, STR(NOTE_AMENDS_URL)) != 0;

    if (!amends) {
        flow_put(c, &w->flow, FLOW_RULE, 0, (Str){ 0 }, (Str){ 0 });
        flow_put(c, &w->flow, FLOW_TITLE, 0, (Str){ 0 }, title);
    }
    write_amends(w, r);
    write_pair(w, SAY_VISIT, amends ? (Str){ 0 } : node_child_text(r, 0, STR("authored")));
    if (composition)
        TRY(write_attesters(w, composition));
    TRY(write_answers(w, r));
    w->answer->rows++;
    return answer_touch(c, w->till->session, w->answer, &said->version, 1);
}

/* The response that a Composition shows. */
static Fail write_composition(Writing *w, const Loaded *composition)
{
    const Resource *r = &composition->resource;
    Call           *c = w->till->call;
    uint32_t        section = node_child(r, 0, STR("section")), issues = c->issue_count;
    Loaded          said;
    Fail            result;

    if (!section)
        return OK;
    result = till_follow(w->till, billing_at(r, section, "entry", "reference"),
                         TYPE_QUESTIONNAIRE_RESPONSE, STR("Composition.section.entry"), &said);
    if (result != OK)
        return passed_over(c, result, issues) ? OK : result;
    return write_note(w, r, node_child_text(r, 0, STR("title")), &said);
}

/* Those that say something of it, the oldest first; and of these. */
static Fail write_with_later(Writing *w, const Loaded *all, bool *written, size_t count,
                             size_t first)
{
    Arena  *a = w->till->call->arena;
    size_t *waiting = NEW_ARRAY(a, size_t, count + 1), head = 0, tail = 0;

    waiting[tail++] = first;
    written[first] = true;
    while (head < tail) {
        const Loaded *one = &all[waiting[head++]];
        Str           self = arena_printf(a, "Composition/%.*s", STR_ARG(one->version.id));

        TRY(write_composition(w, one));
        for (size_t i = 0; i < count; i++) {
            const Resource *r = &all[i].resource;
            uint32_t        relation = node_child(r, 0, STR("relatesTo"));

            if (written[i] || !relation
                || !str_equal(billing_at(r, relation, "target", "reference"), self))
                continue;
            written[i] = true;
            waiting[tail++] = i;
        }
    }
    return OK;
}

static Fail load_compositions(Till *t, Str subject, Loaded **out, size_t *count)
{
    Version *found;

    TRY(till_search(t, TYPE_COMPOSITION,
                    arena_printf(t->call->arena,
                                 "subject=%.*s&_tag=" SIGNED_TAG_SYSTEM "|" SIGNED_TAG_CODE
                                 "&_sort=date",
                                 STR_ARG(subject)),
                    &found, count));
    if (*count >= NOTES_MAX)
        return fail(t->call, FAIL_TOO_COSTLY, STR("Patient"),
                    "There are more than %d notes: print them one by one", NOTES_MAX);
    *out = NEW_ARRAY(t->call->arena, Loaded, *count + 1);
    for (size_t i = 0; i < *count; i++)
        TRY(till_parse(t, &found[i], &(*out)[i]));
    return OK;
}

/* The one that was made of a note, and behind each those that say something of it, the oldest first. */
static Fail load_with_later(Till *t, Str note, Loaded **out, size_t *count)
{
    Str criteria =
        arena_printf(t->call->arena, "identifier=" SIGNED_TAG_SYSTEM "|%.*s", STR_ARG(note));

    *out = NEW_ARRAY(t->call->arena, Loaded, NOTES_MAX);
    *count = 0;
    for (size_t head = 0; head <= *count; head++) {
        Version *found;
        size_t   more;

        TRY(till_search(t, TYPE_COMPOSITION,
                        arena_printf(t->call->arena,
                                     "%.*s&_tag=" SIGNED_TAG_SYSTEM "|" SIGNED_TAG_CODE
                                     "&_sort=date",
                                     STR_ARG(criteria)),
                        &found, &more));
        if (more >= NOTES_MAX - *count)
            return fail(t->call, FAIL_TOO_COSTLY, STR("QuestionnaireResponse"),
                        "More than %d notes belong together", NOTES_MAX);
        for (size_t i = 0; i < more; i++)
            TRY(till_parse(t, &found[i], &(*out)[(*count)++]));
        if (head < *count)
            criteria = arena_printf(t->call->arena, "related-ref=Composition/%.*s",
                                    STR_ARG((*out)[head].version.id));
    }
    return OK;
}

/* ---- $paper ---- */

static Fail open_paper(Call *c, Session *s, const Turn *turn, Answer *answer, Writing **out)
{
    Writing *w = NEW(c->arena, Writing);

    w->till = NEW(c->arena, Till);
    w->answer = answer;
    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES);
    TRY(till_begin(c, s, turn, NULL, 0, w->till));
    w->french = note_in_french(w->till);
    *out = w;
    return OK;
}

static Fail set_foot(Writing *w, Str subject)
{
    Call           *c = w->till->call;
    Loaded          patient;
    const Resource *r = &patient.resource;

    TRY(till_follow(w->till, subject, TYPE_PATIENT, STR("subject"), &patient));
    w->flow.foot =
        arena_printf(c->arena, "%.*s   %.*s   %.*s   %.*s", STR_ARG(name_in(c->arena, r)),
                     STR_ARG(node_child_text(r, 0, STR("birthDate"))), STR_ARG(subject),
                     STR_ARG(w->till->date));
    flow_put(c, &w->flow, FLOW_TITLE, 0, (Str){ 0 },
             arena_printf(c->arena, "%.*s   %.*s", STR_ARG(name_in(c->arena, r)),
                          STR_ARG(node_child_text(r, 0, STR("birthDate")))));
    return OK;
}

static Fail finish_paper(Writing *w)
{
    TRY(flow_draw(w->till->call, &w->flow, &w->answer->body));
    w->answer->raw_type = STR("application/pdf");
    w->answer->status = 200;
    return OK;
}

Fail note_paper_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    Note    *n = NEW(c->arena, Note);
    Writing *w;
    Loaded  *all;
    size_t   count;

    TRY(open_paper(c, s, turn, answer, &w));
    TRY(note_load(w->till, turn->asked->id, n));
    TRY(set_foot(w, n->subject));
    if (!n->signed_before) {
        w->flow.stamp = paper_say(w, SAY_DRAFT);
        flow_put(c, &w->flow, FLOW_HEADING, 0, (Str){ 0 }, w->flow.stamp);
        TRY(write_note(w, NULL, node_child_text(&n->form.resource, 0, STR("title")),
                       &n->response));
        return finish_paper(w);
    }
    TRY(load_with_later(w->till, n->response.version.id, &all, &count));
    if (count == 0)
        return fail(c, FAIL_CONFLICT, STR("Composition"),
                    "The document of this note is not here");
    TRY(write_with_later(w, all, NEW_ARRAY(c->arena, bool, count), count, 0));
    return finish_paper(w);
}

Fail note_chart_paper_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    Str      subject = arena_printf(c->arena, "Patient/%.*s", STR_ARG(turn->asked->id));
    Writing *w;
    Loaded  *all;
    bool    *written;
    size_t   count;

    TRY(open_paper(c, s, turn, answer, &w));
    TRY(set_foot(w, subject));
    TRY(load_compositions(w->till, subject, &all, &count));
    flow_put(c, &w->flow, FLOW_HEADING, 0, (Str){ 0 }, paper_say(w, SAY_CHART));
    written = NEW_ARRAY(c->arena, bool, count + 1);
    for (int later = 0; later < 2; later++)
        for (size_t i = 0; i < count; i++)
            if (!written[i] && (later || !node_child(&all[i].resource, 0, STR("relatesTo"))))
                TRY(write_with_later(w, all, written, count, i));
    return finish_paper(w);
}
