/*
 * What a signature leaves: the response as it was signed, a Composition that shows it as a document, and a
 * Provenance with who, when and the digest of what (adr/0027).
 */
#include "base/ensure.h"
#include "base/limits.h"
#include "codec/digest.h"
#include "practice/measure.h"

#define SIGNATURE_SYSTEM "urn:iso-astm:E1762-95:2013"
#define LATE_US ((int64_t)48 * 3600 * 1000000)

#define SIGNED_TAG "{'system':'" SIGNED_TAG_SYSTEM "','code':'" SIGNED_TAG_CODE "'}"

/* Of ASTM E1762: what a signature is for. */
static const struct Purpose {
    const char *kind, *code, *display;
} purposes[] = {
    { "sign", "1.2.840.10065.1.12.1.1", "Author's Signature" },
    { "cosign", "1.2.840.10065.1.12.1.5", "Verification Signature" },
    { "addendum", "1.2.840.10065.1.12.1.15", "Addendum Signature" },
    { "late-entry", "1.2.840.10065.1.12.1.15", "Addendum Signature" },
    { "correction", "1.2.840.10065.1.12.1.16", "Modification Signature" },
};

static const struct Purpose *purpose_of(Str kind)
{
    for (size_t i = 1; i < COUNT(purposes); i++)
        if (str_equal(kind, str_from(purposes[i].kind)))
            return &purposes[i];
    return &purposes[0];
}

static Str instant(Note *n)
{
    char *now = arena_alloc(n->till->call->arena, INSTANT_CHARS + 1, 1);

    moment_format_instant(n->till->call->now_us, now);
    return str_from(now);
}

/* ---- what goes over from the note to all that is made of it ---- */

/* A meta that bears the tag; `own`: that of the note itself, with its profiles and other tags. */
static void put_meta(Buf *out, const Note *n, bool own)
{
    const Resource *r = &n->response.resource;
    uint32_t        meta = own ? node_child(r, r->root, STR("meta")) : 0;
    uint32_t        profile = meta ? node_child(r, meta, STR("profile")) : 0;

    till_json(out, "'meta':{");
    note_put_labels(out, n);
    for (uint32_t each = profile; each; each = node_next_same(r, each))
        till_json(out, "$r$r", each == profile ? STR("\"profile\":[") : STR(","),
                  node_source(r, each));
    buf_put(out, profile ? STR("],") : STR(""));
    till_json(out, "'tag':[");
    for (uint32_t each = meta ? node_child(r, meta, STR("tag")) : 0; each;
         each = node_next_same(r, each))
        till_json(out, "$r,", node_source(r, each));
    till_json(out, SIGNED_TAG "]}");
}

/* ---- the response ---- */

static bool is_kept(Str key)
{
    static const Str own[] = { STR_INIT("resourceType"), STR_INIT("id"), STR_INIT("meta"),
                               STR_INIT("status") };

    for (size_t i = 0; i < COUNT(own); i++)
        if (str_equal(key, own[i]))
            return false;
    return true;
}

/* All but the head, in the order it stood: status first, and who and when at the end if they were missing. */
static Str body_of(Note *n)
{
    const Resource *r = &n->response.resource;
    Arena          *a = n->till->call->arena;
    Buf             out = buf_new(a, n->response.version.body.len + 256);
    Json            json;

    ENSURE(json_parse(n->till->call, n->response.version.body, LIMIT_JSON_NODES, &json) == OK);
    till_json(&out, "'status':'completed'");
    for (uint32_t i = 1; i < json.count; i = json.values[i].after)
        if (is_kept(json.values[i].key))
            till_json(&out, ",$r",
                      str_slice(json.source, json.values[i].key_from, json.values[i].to));
    if (!node_child(r, r->root, STR("author")))
        till_json(&out, ",'author':{'reference':$s}", n->signer);
    if (!node_child(r, r->root, STR("authored")))
        till_json(&out, ",'authored':$s", instant(n));
    return buf_str(&out);
}

/* Of the text that a read gives, without meta. */
static Str digest_of(Note *n, Str id, Str body)
{
    static const char hex[] = "0123456789abcdef";
    Arena            *a = n->till->call->arena;
    uint8_t           bytes[SHA256_BYTES];
    char             *text = arena_alloc(a, 2 * sizeof bytes, 1);

    digest_sha256(
        till_json_text(a, "{'resourceType':'QuestionnaireResponse','id':$s,$r}", id, body),
        bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        text[2 * i] = hex[bytes[i] >> 4];
        text[2 * i + 1] = hex[bytes[i] & 15];
    }
    return (Str){ text, 2 * sizeof bytes };
}

/* ---- the Provenance ---- */

static void put_provenance(Note *n, Str targets, Str kind, Str digest, const NoteAmends *amends)
{
    Till                 *t = n->till;
    Arena                *a = t->call->arena;
    const struct Purpose *purpose = purpose_of(kind);
    Str                   id = till_new_id(t), now = instant(n);
    Buf                   out = buf_new(a, 2048);
    Str who = till_json_text(a, n->person ? "{'reference':$s}" : "{'display':$s}",
                             n->person ? n->signer : STR("an application in its own name"));
    Str behalf =
        n->person ? (Str){ 0 } : till_json_text(a, ",'onBehalfOf':{'reference':$s}", n->signer);

    till_json(&out, "{'resourceType':'Provenance','id':$s,", id);
    put_meta(&out, n, false);
    till_json(&out, ",'target':[$r,{'reference':$s}],'recorded':$s,", targets, n->subject, now);
    if (amends)
        till_json(&out, "'reason':[{'text':$s}],", amends->reason);
    till_json(
        &out,
        "'activity':{'coding':[{'system':"
        "'http://terminology.hl7.org/CodeSystem/v3-DocumentCompletion','code':'LA'}]},'agent':"
        "[{'type':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/"
        "provenance-participant-type','code':'$r'}]},'who':{'reference':$s}}]",
        str_equal(kind, STR("cosign")) ? STR("attester") : STR("author"), n->signer);
    if (amends)
        till_json(&out,
                  ",'entity':[{'role':'revision','what':{'reference':"
                  "'QuestionnaireResponse/$r'}}]",
                  amends->original);
    till_json(&out,
              ",'signature':[{'extension':[{'url':'" NOTE_DIGEST_URL
              "','valueString':$s}],'type':[{'system':'" SIGNATURE_SYSTEM
              "','code':$s,'display':$s}],'when':$s,'who':$r$r}]}",
              digest, str_from(purpose->code), str_from(purpose->display), now, who, behalf);
    till_make(t, TYPE_PROVENANCE, id, buf_str(&out));
}

/* ---- the Composition ---- */

/* When the visit was: the Encounter's period, else what `authored` says. */
static Fail visit_of(Note *n, Str *start, Str *period)
{
    const Resource *r = &n->response.resource;
    uint32_t        encounter = node_child(r, r->root, STR("encounter"));
    Loaded          loaded;

    *period = (Str){ 0 };
    *start = node_child_text(r, r->root, STR("authored"));
    if (encounter) {
        const Resource *e = &loaded.resource;
        uint32_t        found;

        TRY(till_follow(n->till, node_child_text(r, encounter, STR("reference")),
                        TYPE_ENCOUNTER, STR("QuestionnaireResponse.encounter"), &loaded));
        found = node_child(e, e->root, STR("period"));
        if (found && node_child_text(e, found, STR("start")).len) {
            *start = node_child_text(e, found, STR("start"));
            *period = node_source(e, found);
        }
    }
    if (!period->len && start->len)
        *period = till_json_text(n->till->call->arena, "{'start':$s}", *start);
    return OK;
}

static bool is_late(Note *n, Str start)
{
    Moment moment;

    return start.len && moment_parse(start, MOMENT_DATE_TIME, &moment)
           && moment.low < n->till->call->now_us - LATE_US;
}

/* What is said of a note later is no visit, assessment or consent of its own. */
static void put_categories(Buf *out, const Note *n, bool amends)
{
    const Resource *f = &n->form.resource;

    till_json(out, "'category':[{'coding':[{'system':'" NOTE_TEMPLATE_SYSTEM "','code':$s}]}",
              amends ? STR("amendment") : note_kind(n));
    for (uint32_t each = node_child(f, f->root, STR("useContext")); each;
         each = node_next_same(f, each)) {
        uint32_t value = node_child(f, each, STR("value"));
        uint32_t coding = value ? node_child(f, value, STR("coding")) : 0;

        if (coding
            && str_equal(node_child_text(f, coding, STR("system")),
                         STR(NOTE_PROFESSION_SYSTEM)))
            till_json(out, ",{'coding':[$r]}", node_source(f, coding));
    }
    buf_put(out, STR("],"));
}

static Str type_of(Note *n)
{
    const Resource *f = &n->form.resource;

    for (uint32_t each = node_child(f, f->root, STR("code")); each;
         each = node_next_same(f, each))
        if (str_equal(node_child_text(f, each, STR("system")), STR("http://loinc.org")))
            return node_source(f, each);
    return till_json_text(n->till->call->arena,
                          "{'system':'http://loinc.org','code':'34109-9','display':'Note'}");
}

static void put_relation(Buf *out, const NoteAmends *amends)
{
    if (amends)
        till_json(out,
                  "'relatesTo':[{'code':'$r','targetReference':{'reference':'Composition/"
                  "$r'}}],",
                  str_equal(amends->kind, STR("correction")) ? STR("replaces") : STR("appends"),
                  amends->composition);
}

static Fail put_composition(Note *n, Str id, Str note_id, const NoteAmends *amends)
{
    Till           *t = n->till;
    const Resource *r = &n->response.resource, *f = &n->form.resource;
    uint32_t        encounter = node_child(r, r->root, STR("encounter"));
    Buf             out = buf_new(t->call->arena, 2048);
    Str             title = node_child_text(f, f->root, STR("title")), start, period;
    Str             now = instant(n);

    TRY(visit_of(n, &start, &period));
    if (!title.len)
        title = STR("Note");
    till_json(&out, "{'resourceType':'Composition','id':$s,", id);
    put_meta(&out, n, false);
    till_json(&out, ",$r'identifier':{'system':'" SIGNED_TAG_SYSTEM "','value':$s},",
              is_late(n, start) ? STR("\"extension\":[{\"url\":\"" NOTE_LATE_URL
                                      "\",\"valueBoolean\":true}],")
                                : (Str){ 0 },
              note_id);
    till_json(&out, "'status':'$r','type':{'coding':[$r],'text':$s},",
              n->supervised ? STR("preliminary") : STR("final"), type_of(n), title);
    put_categories(&out, n, amends != NULL);
    till_json(&out, "'subject':{'reference':$s},", n->subject);
    if (encounter)
        till_json(&out, "'encounter':$r,", node_source(r, encounter));
    till_json(&out,
              "'date':$s,'author':[{'reference':$s}],'title':$s,'attester':[{'mode':"
              "'professional','time':$s,'party':{'reference':$s}}],",
              now, n->signer, title, now, n->signer);
    put_relation(&out, amends);
    if (period.len)
        till_json(&out, "'event':[{'period':$r}],", period);
    till_json(&out,
              "'section':[{'title':$s,'entry':[{'reference':"
              "'QuestionnaireResponse/$r'}]}]}",
              title, note_id);
    till_make(t, TYPE_COMPOSITION, id, buf_str(&out));
    return OK;
}

/* ---- both signatures ---- */

Fail note_put_signed(Note *n, const NoteAmends *amends, bool made)
{
    Till    *t = n->till;
    Arena   *a = t->call->arena;
    Str      id = made ? till_new_id(t) : n->response.version.id;
    Score    score;
    Str      observation;
    Str      composition = till_new_id(t), body = body_of(n), targets;
    Buf      whole = buf_new(a, body.len + 512);
    uint64_t version = made ? 0 : n->response.version.version;

    till_json(&whole, "{'resourceType':'QuestionnaireResponse','id':$s,", id);
    put_meta(&whole, n, true);
    till_json(&whole, ",$r}", body);
    if (made)
        till_make(t, TYPE_QUESTIONNAIRE_RESPONSE, id, buf_str(&whole));
    else
        till_put(t, TYPE_QUESTIONNAIRE_RESPONSE, id, version, buf_str(&whole));
    TRY(put_composition(n, composition, id, amends));
    targets = till_json_text(a,
                             "{'reference':'QuestionnaireResponse/$r/_history/$u'},"
                             "{'reference':'Composition/$r'}",
                             id, (unsigned)(version + 1), composition);
    put_provenance(n, targets, amends ? amends->kind : STR("sign"), digest_of(n, id, body),
                   amends);
    TRY(measure_score(n, &score));
    TRY(measure_put(n, &score, id, true, &observation));
    t->result_type = TYPE_QUESTIONNAIRE_RESPONSE;
    t->result_id = id;
    return OK;
}

Fail note_put_cosigned(Note *n, const Loaded *composition)
{
    Till *t = n->till;
    Str   id = n->response.version.id, cid = composition->version.id;
    Buf   attesters = buf_new(t->call->arena, 256);

    for (uint32_t each = node_child(&composition->resource, 0, STR("attester")); each;
         each = node_next_same(&composition->resource, each))
        till_json(&attesters, "$r,", node_source(&composition->resource, each));
    till_put(t, TYPE_COMPOSITION, cid, composition->version.version,
             till_edited(t, composition, STR("final"), STR("attester"),
                         till_json_text(t->call->arena,
                                        ",'attester':[$r{'mode':'legal','time':$s,'party':"
                                        "{'reference':$s}}]",
                                        buf_str(&attesters), instant(n), n->signer)));
    put_provenance(
        n,
        till_json_text(t->call->arena,
                       "{'reference':'QuestionnaireResponse/$r/_history/$u'},{'reference':"
                       "'Composition/$r'}",
                       id, (unsigned)n->response.version.version, cid),
        STR("cosign"), digest_of(n, id, body_of(n)), NULL);
    t->result_type = TYPE_QUESTIONNAIRE_RESPONSE;
    t->result_id = id;
    return OK;
}
