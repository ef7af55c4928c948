/* A note as it is stored, with its template, and whose signature it is to get: see note.h. */
#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/privacy.h"
#include "fhir/reference.h"
#include "practice/billing.h"
#include "practice/note.h"

#define TRANSLATION "http://hl7.org/fhir/StructureDefinition/translation"

/* ---- words and codes ---- */

bool note_in_french(const Till *t)
{
    return str_starts(t->turn->asked->languages, STR("fr"));
}

Str note_words(const Note *n, const Resource *r, uint32_t node)
{
    Str language = note_in_french(n->till) ? STR("fr") : STR("en");

    for (uint32_t each = node_child(r, node, STR("extension")); each;
         each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("url")), STR(TRANSLATION))
            && str_starts(node_extension_text(r, each, STR("lang")), language))
            return node_extension_text(r, each, STR("content"));
    return node_text(node_at(r, node));
}

Str note_code(const Resource *r, uint32_t codings, Str system)
{
    for (; codings; codings = node_next_same(r, codings))
        if (str_equal(node_child_text(r, codings, STR("system")), system))
            return node_child_text(r, codings, STR("code"));
    return (Str){ 0 };
}

Str note_kind(const Note *n)
{
    const Resource *f = &n->form.resource;
    Str kind = note_code(f, node_child(f, f->root, STR("code")), STR(NOTE_TEMPLATE_SYSTEM));

    return kind.len ? kind : STR("note");
}

Str note_profession(const Note *n)
{
    const Resource *f = &n->form.resource;
    Str             found = { 0 };

    for (uint32_t each = node_child(f, f->root, STR("useContext")); each;
         each = node_next_same(f, each)) {
        uint32_t value = node_child(f, each, STR("value"));
        Str      code = value ? note_code(f, node_child(f, value, STR("coding")),
                                          STR(NOTE_PROFESSION_SYSTEM))
                              : (Str){ 0 };

        if (code.len && found.len)
            return (Str){ 0 };
        if (code.len)
            found = code;
    }
    return found;
}

/* ---- labels ---- */

/* "author:Practitioner/1" of the label; empty for every other label. */
static Str author_label(const Resource *r, uint32_t label)
{
    Str code = node_child_text(r, label, STR("code"));

    return str_equal(node_child_text(r, label, STR("system")), STR(PRIVACY_SYSTEM))
                   && str_starts(code, STR("author:"))
               ? code
               : (Str){ 0 };
}

static void put_label(Buf *out, const Note *n, const Resource *r, uint32_t label)
{
    Str author = author_label(r, label);

    if (!author.len || !n->person
        || str_equal(str_skip(author, strlen("author:")), n->signer)) {
        till_json(out, "$r", node_source(r, label));
        return;
    }
    till_json(
        out,
        "{'system':'" PRIVACY_SYSTEM "','code':$s},{'system':'" PRIVACY_SYSTEM "','code':$s}",
        arena_printf(out->arena, "author:%.*s", STR_ARG(n->signer)),
        arena_printf(out->arena, "reader:%.*s", STR_ARG(str_skip(author, strlen("author:")))));
}

void note_put_labels(Buf *out, const Note *n)
{
    const Resource *r = &n->whole;
    uint32_t        meta = node_child(r, r->root, STR("meta"));
    bool            begun = false;

    for (uint32_t label = meta ? node_child(r, meta, STR("security")) : 0; label;
         label = node_next_same(r, label), begun = true) {
        buf_put(out, begun ? STR(",") : STR("\"security\":["));
        put_label(out, n, r, label);
    }
    if (begun)
        buf_put(out, STR("],"));
}

/* ---- the template ---- */

Fail note_load_form(Till *t, Str canonical, Loaded *out)
{
    Arena   *a = t->call->arena;
    Str      url = canonical, version = { 0 };
    Version *found;
    size_t   count;

    if (!str_cut(canonical, '|', &url, &version) || !version.len)
        return fail(t->call, FAIL_UNPROCESSABLE, STR("QuestionnaireResponse.questionnaire"),
                    "A note names its template with its version: url|version");
    if (str_find(canonical, STR("&")) >= 0 || str_find(canonical, STR("%")) >= 0
        || str_find(canonical, STR(",")) >= 0 || str_find(canonical, STR("+")) >= 0)
        return fail(t->call, FAIL_UNPROCESSABLE, STR("QuestionnaireResponse.questionnaire"),
                    "This address of a template cannot be looked for");
    TRY(till_search(t, TYPE_QUESTIONNAIRE,
                    arena_printf(a, "url=%.*s&version=%.*s", STR_ARG(url), STR_ARG(version)),
                    &found, &count));
    if (count == 0)
        return fail(t->call, FAIL_UNPROCESSABLE, STR("QuestionnaireResponse.questionnaire"),
                    "The template of this note is not here in that version");
    if (count > 1)
        return fail(
            t->call, FAIL_UNPROCESSABLE, STR("QuestionnaireResponse.questionnaire"),
            "There are several templates of that address and version: Questionnaire/%.*s "
            "and Questionnaire/%.*s",
            STR_ARG(found[0].id), STR_ARG(found[1].id));
    return till_parse(t, &found[0], out);
}

/* Its own, or of a signed note whose template is not to be had one that asks nothing. */
static Fail load_own_form(Note *n, Str canonical)
{
    static const Str empty = STR_INIT("{\"resourceType\":\"Questionnaire\","
                                      "\"status\":\"unknown\"}");
    Till            *t = n->till;
    uint32_t         issues = t->call->issue_count;
    Version          version = { .type = TYPE_QUESTIONNAIRE, .body = empty };
    Fail             result = note_load_form(t, canonical, &n->form);

    if (!n->signed_before || (result != FAIL_UNPROCESSABLE && result != FAIL_FORBIDDEN))
        return result;
    call_forget_issues(t->call, issues);
    return till_parse(t, &version, &n->form);
}

/* All of it, also what is hidden from the caller: what permission goes by is looked up there. */
static Fail read_whole(Till *t, const Version *version, Resource *out)
{
    ReadOptions options = { .expected = version->type,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };

    return resource_read(t->call, version->whole, &options, out);
}

bool note_is_signed(const Resource *r)
{
    uint32_t meta = node_child(r, r->root, STR("meta"));

    for (uint32_t each = meta ? node_child(r, meta, STR("tag")) : 0; each;
         each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("system")), STR(SIGNED_TAG_SYSTEM))
            && str_equal(node_child_text(r, each, STR("code")), STR(SIGNED_TAG_CODE)))
            return true;
    return false;
}

Fail note_load(Till *t, Str id, Note *out)
{
    const Resource *r;
    Str             form;

    out->till = t;
    TRY(till_read(t, TYPE_QUESTIONNAIRE_RESPONSE, id, &out->response));
    if (t->turn->asked->if_match.len
        && !etag_matches(t->turn->asked->if_match, out->response.version.version))
        return fail(t->call, FAIL_PRECONDITION, STR("QuestionnaireResponse"),
                    "This note has been changed since you read it");
    TRY(read_whole(t, &out->response.version, &out->whole));
    r = &out->response.resource;
    out->signed_before = note_is_signed(&out->whole);
    out->subject = billing_at(r, r->root, "subject", "reference");
    form = node_child_text(r, r->root, STR("questionnaire"));
    if (!form.len)
        return fail(t->call, FAIL_UNPROCESSABLE, STR("QuestionnaireResponse.questionnaire"),
                    "A note says which template it is made from");
    if (!str_starts(out->subject, STR("Patient/")))
        return fail(t->call, FAIL_UNPROCESSABLE, STR("QuestionnaireResponse.subject"),
                    "A note says whom it is about: a Patient");
    return load_own_form(out, form);
}

/* ---- who signs ---- */

/* Whether somebody else has to sign, too. */
static Fail take_standing(Note *n)
{
    Till           *t = n->till;
    Loaded          practitioner;
    Resource        whole;
    const Resource *r = &whole;

    TRY(till_follow(t, n->signer, TYPE_PRACTITIONER, STR("who"), &practitioner));
    TRY(read_whole(t, &practitioner.version, &whole));
    for (uint32_t each = node_child(r, r->root, STR("qualification")); each;
         each = node_next_same(r, each)) {
        uint32_t code = node_child(r, each, STR("code"));
        uint32_t period = node_child(r, each, STR("period"));

        if (note_code(r, node_child(r, code, STR("coding")), STR(SIGNED_SUPERVISED_SYSTEM)).len
            && (!period || billing_within(r, period, t->date)))
            n->supervised = true;
    }
    return OK;
}

Fail note_find_signer(Note *n)
{
    Till            *t = n->till;
    const Principal *p = t->turn->principal;
    Str              linked = str_from(p->reader.linked), who = till_text(t, STR("who"));

    n->person = p->login != 0;
    n->signer = n->person ? linked : who;
    if (n->person && !str_starts(linked, STR("Practitioner/")))
        return fail(t->call, FAIL_FORBIDDEN, STR("who"),
                    "Only a person whose login is linked to a Practitioner signs notes");
    if (n->person && who.len && !str_equal(who, linked))
        return fail(t->call, FAIL_FORBIDDEN, STR("who"), "Nobody signs for somebody else");
    if (!n->signer.len)
        return fail(t->call, FAIL_REQUIRED, STR("who"),
                    "An app in its own name says whose signature this is");
    return take_standing(n);
}
