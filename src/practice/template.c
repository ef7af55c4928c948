/*
 * The content packages of the professions, definitions/professions: Questionnaires with the words of a manifest before
 * them, built into the program. Questionnaire/$templates lists them, $install stores those that are not there in that version.
 */
#include "practice/template.h"

#include "base/limits.h"
#include "practice/note.h"
#include "store/embedded.h"

extern const EmbeddedFile template_files[];

typedef struct Template {
    Str  text; /* the Questionnaire */
    Str  url, version, title, kind;
    Str  installed; /* its id; empty if it is not there */
    bool known;     /* installed says so */
} Template;

/* ---- reading what is built in ---- */

static Fail read_template(Till *t, Str text, Template *out)
{
    ReadOptions options = { .expected = TYPE_QUESTIONNAIRE,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Resource    r;
    Note        words = { .till = t };
    uint32_t    title;

    TRY(resource_read(t->call, text, &options, &r));
    title = node_child(&r, r.root, STR("title"));
    *out = (Template){ .text = text,
                       .url = node_child_text(&r, r.root, STR("url")),
                       .version = node_child_text(&r, r.root, STR("version")),
                       .title = note_words(&words, &r, title),
                       .kind = note_code(&r, node_child(&r, r.root, STR("code")),
                                         STR(NOTE_TEMPLATE_SYSTEM)) };
    return OK;
}

static Fail find_installed(Till *t, Template *template)
{
    Version *found;
    size_t   count;

    TRY(till_search(t, TYPE_QUESTIONNAIRE,
                    arena_printf(t->call->arena, "url=%.*s&version=%.*s&_elements=url",
                                 STR_ARG(template->url), STR_ARG(template->version)),
                    &found, &count));
    template->known = count > 0;
    if (count)
        template->installed = found[0].id;
    return OK;
}

static Str manifest_text(const Json *json, const char *name)
{
    uint32_t member = json_member(json, 0, str_from(name));

    return member ? json->values[member].text : (Str){ 0 };
}

static bool is_manifest(const EmbeddedFile *file)
{
    return str_equal(str_from(file->name), STR("manifest.json"));
}

/* ---- $templates ---- */

static void put_part(Buf *out, const char *name, const char *type, Str value, bool more)
{
    if (value.len)
        till_json(out, "$r{'name':$s,'$r':$s}", more ? STR(",") : STR(""), str_from(name),
                  str_from(type), value);
}

static void put_package(Till *t, Buf *out, const Json *manifest)
{
    uint32_t list = json_member(manifest, 0, STR("jurisdiction"));

    put_part(out, "profession", "valueCode", manifest_text(manifest, "profession"), false);
    put_part(out, "title", "valueString",
             manifest_text(manifest, note_in_french(t) ? "titleFr" : "title"), true);
    for (uint32_t i = list + 1; list && i < manifest->values[list].after;
         i = manifest->values[i].after)
        put_part(out, "jurisdiction", "valueCode", manifest->values[i].text, true);
    put_part(out, "date", "valueDate", manifest_text(manifest, "date"), true);
    put_part(out, "licence", "valueString", manifest_text(manifest, "licence"), true);
}

static Fail put_template(Till *t, Buf *out, Str text)
{
    Template template;

    TRY(read_template(t, text, &template));
    TRY(find_installed(t, &template));
    till_json(out, ",{'name':'template','part':[");
    put_part(out, "url", "valueUri", template.url, false);
    put_part(out, "version", "valueString", template.version, true);
    put_part(out, "title", "valueString", template.title, true);
    put_part(out, "kind", "valueCode", template.kind, true);
    put_part(out, "installed", "valueId", template.installed, true);
    buf_put(out, STR("]}"));
    return OK;
}

static Fail list(Till *t, Answer *answer)
{
    Buf  out = buf_new(t->call->arena, 16384);
    bool begun = false;

    till_json(&out, "{'resourceType':'Parameters','parameter':[");
    for (const EmbeddedFile *file = template_files; file->name; file++) {
        Json manifest;

        if (!is_manifest(file)) {
            TRY(put_template(t, &out, file->text));
            continue;
        }
        TRY(json_parse(t->call, file->text, LIMIT_JSON_NODES, &manifest));
        till_json(&out, "$r{'name':'package','part':[", begun ? STR("]},") : STR(""));
        put_package(t, &out, &manifest);
        begun = true;
    }
    buf_put(&out, begun ? STR("]}]}") : STR("]}"));
    answer->status = 200;
    answer->body = buf_str(&out);
    answer->version = 0;
    answer->rows = 1;
    return OK;
}

Fail template_list_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    Till *t = NEW(c->arena, Till);

    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES);
    TRY(till_begin(c, s, turn, NULL, 0, t));
    return list(t, answer);
}

/* ---- $install ---- */

static bool is_wanted(const Till *t, Str profession)
{
    uint32_t param = till_param(t, STR("profession"));

    if (!param)
        return true;
    for (; param; param = node_next_same(&t->params, param))
        if (str_equal(till_value(t, param), profession))
            return true;
    return false;
}

static Fail install_work(Till *t)
{
    bool wanted = false, any = false;
    Template template;

    for (const EmbeddedFile *file = template_files; file->name; file++) {
        if (is_manifest(file)) {
            Json manifest;

            TRY(json_parse(t->call, file->text, LIMIT_JSON_NODES, &manifest));
            wanted = is_wanted(t, manifest_text(&manifest, "profession"));
            any = any || wanted;
            continue;
        }
        if (!wanted)
            continue;
        TRY(read_template(t, file->text, &template));
        TRY(find_installed(t, &template));
        if (!template.known)
            till_post(t, TYPE_QUESTIONNAIRE,
                      arena_printf(t->call->arena, "urn:uuid:%.*s", STR_ARG(till_new_id(t))),
                      arena_printf(t->call->arena, "url=%.*s&version=%.*s",
                                   STR_ARG(template.url), STR_ARG(template.version)),
                      file->text);
    }
    return any ? OK
               : fail(t->call, FAIL_VALUE, STR("profession"),
                      "There is no content package of that name");
}

static const Str install_names[] = { STR_INIT("profession") };

Fail template_install_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    Till *t = NEW(c->arena, Till);

    TRY(till_run_signing(c, s, turn, install_names, COUNT(install_names), install_work,
                         answer));
    TRY(till_begin(c, s, turn, install_names, COUNT(install_names), t));
    return list(t, answer);
}
