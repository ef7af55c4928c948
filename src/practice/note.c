/* Signing notes, and adding to those that are signed: see note.h. */
#include "practice/note.h"

#include "base/limits.h"
#include "fhir/outcome.h"
#include "practice/billing.h"
#include "practice/measure.h"
#include "practice/template.h"

/* ---- $check ---- */

Fail note_check_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    uint32_t since = c->issue_count;
    Note    *n = NEW(c->arena, Note);
    Till    *t = NEW(c->arena, Till);
    bool     sound;

    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES);
    TRY(till_begin(c, s, turn, NULL, 0, t));
    TRY(note_load(t, turn->asked->id, n));
    TRY(note_check(n, &sound));
    answer_put_version(answer, &n->response.version);
    answer->status = 200;
    answer->version = 0;
    answer->at_us = 0;
    answer->rows = 1;
    answer->body = outcome_of(c, OK, since);
    call_forget_issues(c, since);
    return OK;
}

/* ---- $sign ---- */

/* A note is signed by who wrote it. */
static Fail check_author(Note *n)
{
    const Resource *r = &n->response.resource;
    Str             author = billing_at(r, r->root, "author", "reference");
    Loaded          role;

    if (str_starts(author, STR("PractitionerRole/"))) {
        TRY(till_follow(n->till, author, TYPE_PRACTITIONER_ROLE,
                        STR("QuestionnaireResponse.author"), &role));
        author = billing_at(&role.resource, role.resource.root, "practitioner", "reference");
    }
    if (node_child(r, r->root, STR("author")) && !str_equal(author, n->signer))
        return fail(n->till->call, FAIL_FORBIDDEN, STR("QuestionnaireResponse.author"),
                    "A note is signed by its author");
    return OK;
}

static Fail check_open(Note *n)
{
    const Resource *r = &n->response.resource;
    Str             status = node_child_text(r, r->root, STR("status"));

    if (n->signed_before)
        return fail(n->till->call, FAIL_CONFLICT, STR("QuestionnaireResponse.status"),
                    "This note is signed already");
    if (!str_equal(status, STR("in-progress")) && !str_equal(status, STR("completed")))
        return fail(n->till->call, FAIL_CONFLICT, STR("QuestionnaireResponse.status"),
                    "Only a draft can be signed");
    return OK;
}

static Fail check_whole(Note *n)
{
    bool sound;

    TRY(note_check(n, &sound));
    return sound ? OK : FAIL_UNPROCESSABLE;
}

static Fail sign_work(Till *t)
{
    Note *n = NEW(t->call->arena, Note);

    TRY(note_load(t, t->turn->asked->id, n));
    TRY(check_open(n));
    TRY(note_find_signer(n));
    TRY(check_author(n));
    TRY(check_whole(n));
    return note_put_signed(n, NULL, false);
}

static const Str who_alone[] = { STR_INIT("who") };

Fail note_sign_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    return till_run_signing(c, s, turn, who_alone, COUNT(who_alone), sign_work, answer);
}

/* ---- $cosign ---- */

/* What was made of it when it was signed. */
static Fail find_composition(Note *n, Loaded *out)
{
    Till    *t = n->till;
    Version *found;
    size_t   count;

    if (!n->signed_before)
        return fail(t->call, FAIL_CONFLICT, STR("QuestionnaireResponse.status"),
                    "This note is not signed yet");
    TRY(till_search(t, TYPE_COMPOSITION,
                    arena_printf(t->call->arena,
                                 "identifier=" SIGNED_TAG_SYSTEM "|%.*s&_tag=" SIGNED_TAG_SYSTEM
                                 "|" SIGNED_TAG_CODE,
                                 STR_ARG(n->response.version.id)),
                    &found, &count));
    if (count == 0)
        return fail(t->call, FAIL_CONFLICT, STR("Composition"),
                    "The document of this note is not here");
    return till_parse(t, &found[0], out);
}

static Fail cosign_work(Till *t)
{
    Note  *n = NEW(t->call->arena, Note);
    Loaded composition;

    TRY(note_load(t, t->turn->asked->id, n));
    TRY(note_find_signer(n));
    TRY(find_composition(n, &composition));
    if (!str_equal(node_child_text(&composition.resource, 0, STR("status")),
                   STR("preliminary")))
        return fail(t->call, FAIL_CONFLICT, STR("Composition.status"),
                    "This note does not wait for another signature");
    if (str_equal(billing_at(&composition.resource, 0, "author", "reference"), n->signer))
        return fail(t->call, FAIL_FORBIDDEN, STR("Composition.attester"),
                    "The second signature is that of somebody else than the author");
    if (n->supervised)
        return fail(t->call, FAIL_FORBIDDEN, STR("Composition.attester"),
                    "Students and assistants do not sign for others");
    return note_put_cosigned(n, &composition);
}

Fail note_cosign_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    return till_run_signing(c, s, turn, who_alone, COUNT(who_alone), cosign_work, answer);
}

/* ---- $amend ---- */

static const Str amend_names[] = { STR_INIT("kind"),    STR_INIT("reason"),   STR_INIT("text"),
                                   STR_INIT("answers"), STR_INIT("occurred"), STR_INIT("who"),
                                   STR_INIT("intent") };
static const Str kinds[] = { STR_INIT("addendum"), STR_INIT("correction"),
                             STR_INIT("late-entry") };

static Fail take_amends(Note *n, NoteAmends *out)
{
    Till  *t = n->till;
    Moment moment;
    size_t i = 0;

    out->kind = till_text(t, STR("kind"));
    out->reason = str_trim(till_text(t, STR("reason")));
    out->occurred = till_text(t, STR("occurred"));
    while (i < COUNT(kinds) && !str_equal(out->kind, kinds[i]))
        i++;
    if (i == COUNT(kinds))
        return fail(t->call, FAIL_VALUE, till_place(t, till_param(t, STR("kind")), STR("kind")),
                    "Expected addendum, correction or late-entry");
    if (!out->reason.len)
        return fail(t->call, FAIL_REQUIRED, STR("reason"),
                    "What is added to a signed note says why");
    if (out->occurred.len
        && (!moment_parse(out->occurred, MOMENT_DATE_TIME, &moment)
            || moment.low > t->call->now_us))
        return fail(t->call, FAIL_VALUE,
                    till_place(t, till_param(t, STR("occurred")), STR("occurred")),
                    "Expected a date that is not ahead");
    if (str_equal(out->kind, STR("late-entry")) && !out->occurred.len)
        return fail(t->call, FAIL_REQUIRED, STR("occurred"),
                    "A late entry says when that took place");
    out->original = n->response.version.id;
    return OK;
}

/* With the labels of the original, and the head that all amendments have. */
static Str amendment_text(Note *n, const NoteAmends *amends, Str form, Str items)
{
    Arena          *a = n->till->call->arena;
    const Resource *r = &n->response.resource;
    uint32_t        encounter = node_child(r, r->root, STR("encounter"));
    Buf             out = buf_new(a, items.len + 1024), labels = buf_new(a, 256);
    char            now[INSTANT_CHARS + 1];

    moment_format_instant(n->till->call->now_us, now);
    note_put_labels(&labels, n);
    till_json(&out, "{'resourceType':'QuestionnaireResponse',");
    if (labels.len)
        till_json(&out, "'meta':{$r},", str_slice(buf_str(&labels), 0, labels.len - 1));
    till_json(&out, "'extension':[");
    till_json(&out,
              "{'url':'" NOTE_AMENDS_URL "','extension':[{'url':'original','valueReference':"
              "{'reference':'QuestionnaireResponse/$r'}},{'url':'kind','valueCode':$s},"
              "{'url':'reason','valueString':$s}",
              amends->original, amends->kind, amends->reason);
    if (amends->occurred.len)
        till_json(&out, ",{'url':'occurred','valueDateTime':$s}", amends->occurred);
    till_json(&out, "]}],'questionnaire':$s,'status':'in-progress','subject':{'reference':$s},",
              form, n->subject);
    if (amends->intent.len)
        till_json(&out, "'identifier':{'system':'" TILL_INTENT_SYSTEM "','value':$s},",
                  amends->intent);
    if (encounter)
        till_json(&out, "'encounter':$r,", node_source(r, encounter));
    till_json(&out, "'authored':$s,'author':{'reference':$s},'item':$r}", str_from(now),
              n->signer, items);
    return buf_str(&out);
}

/* "item" of a response as it stood. */
static Str items_of(Arena *a, const Resource *r, uint32_t node)
{
    Buf out = buf_new(a, 1024);

    for (uint32_t each = node_child(r, node, STR("item")); each; each = node_next_same(r, each))
        till_json(&out, "$r$r", out.len ? STR(",") : STR("["), node_source(r, each));
    if (out.len)
        buf_put_char(&out, ']');
    return buf_str(&out);
}

static Fail take_answers(Note *n, Str form, Str *items, Str *of)
{
    Till    *t = n->till;
    Str      text = str_trim(till_text(t, STR("text")));
    uint32_t answers = till_param(t, STR("answers"));
    uint32_t given = answers ? node_child(&t->params, answers, STR("resource")) : 0;

    if ((text.len > 0) == (given != 0))
        return fail(t->call, FAIL_REQUIRED, STR("text"), "Either text or answers are needed");
    *of = form;
    if (text.len) {
        *of = STR(NOTE_AMENDMENT_FORM "|1");
        *items = till_json_text(t->call->arena,
                                "[{'linkId':'text','answer':[{'valueString':$s}]}]", text);
        return OK;
    }
    *items = items_of(t->call->arena, &t->params, given);
    if (node_at(&t->params, given)->type != TYPE_QUESTIONNAIRE_RESPONSE || !items->len)
        return fail(t->call, FAIL_VALUE, till_place(t, answers, (Str){ 0 }),
                    "Expected a QuestionnaireResponse with items");
    return OK;
}

/* The amendment as a note of its own, checked like any other. */
static Fail make_amendment(Note *n, const NoteAmends *amends, Note *out)
{
    Till       *t = n->till;
    ReadOptions options = { .expected = TYPE_QUESTIONNAIRE_RESPONSE,
                            .values_max = LIMIT_JSON_NODES };
    Str         items = { 0 }, form = { 0 };

    *out = *n;
    out->response.version = (Version){ .type = TYPE_QUESTIONNAIRE_RESPONSE };
    TRY(take_answers(n, node_child_text(&n->response.resource, 0, STR("questionnaire")), &items,
                     &form));
    out->response.version.body = amendment_text(n, amends, form, items);
    TRY(resource_read(t->call, out->response.version.body, &options, &out->response.resource));
    out->whole = out->response.resource;
    if (str_starts(form, STR(NOTE_AMENDMENT_FORM)))
        return OK;
    TRY(note_load_form(t, form, &out->form));
    return check_whole(out);
}

/* The amendment that was made of the same intent before, or none. */
static Fail find_amendment(Note *n, NoteAmends *amends, Str *id)
{
    Till    *t = n->till;
    Version *found;
    size_t   count;

    *id = (Str){ 0 };
    TRY(till_intent(t, &amends->intent));
    if (!amends->intent.len)
        return OK;
    amends->intent = arena_printf(t->call->arena, "%.*s/%.*s", STR_ARG(n->response.version.id),
                                  STR_ARG(amends->intent));
    TRY(till_search(t, TYPE_QUESTIONNAIRE_RESPONSE,
                    arena_printf(t->call->arena,
                                 "identifier=" TILL_INTENT_SYSTEM "|%.*s&author=%.*s"
                                 "&_tag=" SIGNED_TAG_SYSTEM "|" SIGNED_TAG_CODE,
                                 STR_ARG(amends->intent), STR_ARG(n->signer)),
                    &found, &count));
    if (count)
        *id = found[0].id;
    return OK;
}

static Fail amend_work(Till *t)
{
    Note      *n = NEW(t->call->arena, Note), *amendment = NEW(t->call->arena, Note);
    Loaded     original;
    NoteAmends amends;

    TRY(note_load(t, t->turn->asked->id, n));
    TRY(note_find_signer(n));
    TRY(find_composition(n, &original));
    TRY(take_amends(n, &amends));
    amends.composition = original.version.id;
    TRY(find_amendment(n, &amends, &t->result_id));
    t->result_type = TYPE_QUESTIONNAIRE_RESPONSE;
    if (t->result_id.len)
        return OK;
    TRY(make_amendment(n, &amends, amendment));
    return note_put_signed(amendment, &amends, true);
}

Fail note_amend_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    TRY(till_run_signing(c, s, turn, amend_names, COUNT(amend_names), amend_work, answer));
    answer->status = answer->audited ? 201 : 200;
    return OK;
}

/* ---- the table ---- */

#define DEFINED "urn:hale:notes"
#define NOTE_ROW(method, path, kind, deed, flags, answer)                                      \
    {                                                                                          \
        method, path, TYPE_QUESTIONNAIRE_RESPONSE, kind, deed, flags, answer, NULL, DEFINED    \
    }

static const Row rows[] = {
    NOTE_ROW(HTTP_GET, "/:type/:id/$check", INTERACTION_CHECK, DEED_READ, 0, note_check_answer),
    NOTE_ROW(HTTP_POST, "/:type/:id/$check", INTERACTION_CHECK, DEED_READ, 0,
             note_check_answer),
    NOTE_ROW(HTTP_POST, "/:type/:id/$sign", INTERACTION_SIGN, DEED_UPDATE, ROW_CHANGES,
             note_sign_answer),
    NOTE_ROW(HTTP_POST, "/:type/:id/$cosign", INTERACTION_COSIGN, DEED_UPDATE, ROW_CHANGES,
             note_cosign_answer),
    NOTE_ROW(HTTP_POST, "/:type/:id/$amend", INTERACTION_AMEND, DEED_UPDATE, ROW_CHANGES,
             note_amend_answer),
    NOTE_ROW(HTTP_GET, "/:type/:id/$paper", INTERACTION_NOTE_PAPER, DEED_READ, 0,
             note_paper_answer),
    NOTE_ROW(HTTP_POST, "/:type/:id/$score", INTERACTION_SCORE, DEED_READ, ROW_CHANGES,
             measure_score_answer),
    { HTTP_GET, "/:type/:id/$paper", TYPE_PATIENT, INTERACTION_CHART_PAPER, DEED_READ, 0,
      note_chart_paper_answer, NULL, DEFINED },
    { HTTP_GET, "/:type/$templates", TYPE_QUESTIONNAIRE, INTERACTION_TEMPLATES, DEED_SEARCH, 0,
      template_list_answer, NULL, DEFINED },
    { HTTP_POST, "/:type/$install", TYPE_QUESTIONNAIRE, INTERACTION_INSTALL, DEED_CREATE,
      ROW_CHANGES, template_install_answer, NULL, DEFINED },
};

void note_offer(void)
{
    interaction_offer(rows, COUNT(rows));
}
