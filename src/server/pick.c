/* Choosing a patient: see pick.h. */
#include "server/pick.h"

#include "access/consent.h"
#include "base/limits.h"
#include "codec/json.h"

enum { SHOWN = 20 };

/* ---- looking ---- */

/* What the person may do without any app. */
static Fail rights_of(Browser *b, Principal *out)
{
    const Login *login = &b->person.login;

    TRY(role_rights(b->call, b->visit->session, b->person.role, (Str){ 0 }, out));
    return reader_know(b->call, b->visit->session, login->linked, login->patient, &out->reader);
}

/* Asks as that person, and puts it into the audit before anything of it is shown. */
static Fail look(Browser *b, Str path, Str query, Json *out)
{
    Visit      *v = b->visit;
    Asked       asked = { .method = HTTP_GET,
                          .query = query,
                          .base = store_base(session_store(v->session)),
                          .address = visit_address(v) };
    Answer      answer = { 0 };
    Principal   rights;
    AuditRecord record;
    Fail        result;

    TRY(rights_of(b, &rights));
    TRY(asked_route(b->call, &asked, path, &answer));
    result = interaction_answer(b->call, v->session, &rights, &asked, &answer);
    record = interaction_audit(b->call, &rights, &asked, &answer, result);
    record.detail = arena_printf(b->call->arena, "login %.*s chooses a patient: %.*s",
                                 STR_ARG(b->person.login.name), STR_ARG(record.detail));
    TRY(store_audit(b->call, session_store(v->session), &record, 1));
    TRY(result);
    return json_parse(b->call, answer.body, LIMIT_JSON_NODES, out);
}

static void put_word(Buf *to, Str word)
{
    buf_put(to, to->len && word.len ? STR(" ") : STR(""));
    buf_put(to, word);
}

/* The first name, as it would be said. */
static Str name_of(Browser *b, const Json *json, uint32_t patient)
{
    uint32_t names = json_member(json, patient, STR("name")), given;
    Buf      out = buf_new(b->call->arena, 64);
    Str      text;

    if (!names || json->values[names].kind != JSON_ARRAY || json->values[names].count == 0)
        return (Str){ 0 };
    text = json_member_text(json, names + 1, STR("text"));
    if (text.len)
        return text;
    given = json_member(json, names + 1, STR("given"));
    for (uint32_t i = given + 1; given && i < json->values[given].after;
         i = json->values[i].after)
        put_word(&out, json->values[i].text);
    put_word(&out, json_member_text(json, names + 1, STR("family")));
    return buf_str(&out);
}

static PickedPatient patient_of(Browser *b, const Json *json, uint32_t at)
{
    return (PickedPatient){ .id = json_member_text(json, at, STR("id")),
                            .name = name_of(b, json, at),
                            .birth_date = json_member_text(json, at, STR("birthDate")) };
}

Fail pick_find(Browser *b, Str id, PickedPatient *out)
{
    uint32_t issues = b->call->issue_count;
    Json     json;
    Fail     result = FAIL_NOT_FOUND;

    if (resource_id_valid(id))
        result = look(b, arena_printf(b->call->arena, "/Patient/%.*s", STR_ARG(id)), (Str){ 0 },
                      &json);
    if (result != OK) {
        call_forget_issues(b->call, issues);
        return result == FAIL_GONE ? FAIL_NOT_FOUND : result;
    }
    *out = patient_of(b, &json, 0);
    return OK;
}

/* ---- the page ---- */

void pick_put_patient(Browser *b, const PickedPatient *patient)
{
    page_text(b, patient->name.len ? patient->name : patient->id);
    if (patient->birth_date.len) {
        page_put(b, ", ");
        page_text(b, patient->birth_date);
    }
}

static void put_row(Browser *b, const PickedPatient *patient, Str request)
{
    page_put(b, "<li>");
    pick_put_patient(b, patient);
    page_put(b, "\n");
    page_form(b, "/oauth2/patient");
    page_hidden(b, "request", request);
    page_hidden(b, "patient", patient->id);
    page_form_end(b, say(b, "Choose", "Choisir"));
    page_put(b, "</li>\n");
}

/* A date is looked for as a date of birth, anything else as a name. */
static Str query_of(Browser *b, Str typed)
{
    Buf  out = buf_new(b->call->arena, 128);
    bool date = typed.len == 10 && typed.at[4] == '-' && typed.at[7] == '-';

    buf_put(&out, date ? STR("birthdate=") : STR("name="));
    url_encode(&out, typed);
    buf_printf(&out, "&_sort=family&_count=%d", SHOWN);
    return buf_str(&out);
}

static Fail put_found(Browser *b, Str typed, Str request)
{
    uint32_t issues = b->call->issue_count, entries, shown = 0;
    Json     json;
    Fail     result = look(b, STR("/Patient"), query_of(b, typed), &json);

    if (result == FAIL_VALUE) { /* what was typed is none */
        call_forget_issues(b->call, issues);
        result = OK;
        json = (Json){ 0 };
    }
    TRY(result);
    entries = json.count ? json_member(&json, 0, STR("entry")) : 0;
    page_put(b, "<ul class=\"apps\">\n");
    for (uint32_t i = entries + 1; entries && i < json.values[entries].after;
         i = json.values[i].after, shown++) {
        PickedPatient patient = patient_of(b, &json, json_member(&json, i, STR("resource")));

        put_row(b, &patient, request);
    }
    page_put(b, "</ul>\n");
    if (shown == 0 || shown == SHOWN)
        page_printf(b, "<p>%s</p>\n",
                    shown ? say(b, "There may be more: type more of the name.",
                                "Il peut y en avoir d’autres : précisez le nom.")
                          : say(b, "Nobody was found.", "Personne n’a été trouvé."));
    return OK;
}

Fail pick_page(Browser *b, Str app, Str request)
{
    Str         typed = str_trim(browser_param(b, "name"));
    const Field field = { .name = "name",
                          .label = say(b, "Name or date of birth", "Nom ou date de naissance"),
                          .type = "search",
                          .autocomplete = "off",
                          .hint = say(b, "The beginning of a name, or 1970-12-31",
                                      "Le début d’un nom, ou 1970-12-31"),
                          .value = typed,
                          .focus = true };

    page_begin(b, say(b, "Whose record?", "Quel dossier ?"));
    page_put(b, "<p><strong>");
    page_text(b, app);
    page_printf(b, "</strong> %s</p>\n",
                say(b, "asks for one patient. Nothing is given away yet.",
                    "demande un patient. Rien n’est encore communiqué."));
    page_form(b, "/oauth2/patient");
    page_hidden(b, "request", request);
    page_field(b, &field);
    page_form_end(b, say(b, "Search", "Rechercher"));
    if (typed.len && browser_posted(b))
        TRY(put_found(b, typed, request));
    return page_send(b, 200);
}
