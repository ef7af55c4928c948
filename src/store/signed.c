/* Signed notes stay as they are: see signed.h. */
#include "store/signed.h"

#include "base/limits.h"
#include "codec/json.h"
#include "store/limit.h"
#include "store/search_sql.h"

/* Whatever else than meta.tag has that system and code counts too: there it means nothing. */
static bool bears(const IndexRows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++)
        if (str_equal(rows->rows[i].system, STR(SIGNED_TAG_SYSTEM))
            && str_equal(rows->rows[i].text, STR(SIGNED_TAG_CODE)))
            return true;
    return false;
}

Fail signed_guard(Call *c, const Change *change, const IndexRows *before)
{
    if (bears(before))
        return fail(c, FAIL_CONFLICT, type_name(change->type),
                    "%.*s/%.*s is signed and is never changed: add to it with $amend",
                    STR_ARG(type_name(change->type)), STR_ARG(change->id));
    if (change->method != METHOD_DELETE && bears(&change->rows))
        return fail(c, FAIL_CONFLICT,
                    arena_printf(c->arena, "%.*s.meta.tag", STR_ARG(type_name(change->type))),
                    "The tag " SIGNED_TAG_SYSTEM "|" SIGNED_TAG_CODE
                    " is put on when a note is signed with $sign");
    return OK;
}

bool signed_guards_words(TypeId type)
{
    return type == TYPE_PRACTITIONER || type == TYPE_QUESTIONNAIRE;
}

/* An empty text is a document without members. */
static Fail read_text(Call *c, Str text, Json *out)
{
    return json_parse(c, text.len ? text : STR("{}"), LIMIT_JSON_NODES, out);
}

/* ---- who is supervised ---- */

static bool is_supervised(const Json *json, uint32_t qualification)
{
    uint32_t code = json_member(json, qualification, STR("code"));
    uint32_t codings = code ? json_member(json, code, STR("coding")) : 0;

    for (uint32_t i = codings + 1; codings && i < json->values[codings].after;
         i = json->values[i].after)
        if (str_equal(json_member_text(json, i, STR("system")), STR(SIGNED_SUPERVISED_SYSTEM)))
            return true;
    return false;
}

/* The qualifications with such a code, as they stand. */
static Fail supervised_of(Call *c, Str text, Str *out)
{
    Buf      found = buf_new(c->arena, 256);
    Json     json;
    uint32_t all;

    TRY(read_text(c, text, &json));
    all = json_member(&json, 0, STR("qualification"));
    for (uint32_t i = all + 1; all && i < json.values[all].after; i = json.values[i].after)
        if (is_supervised(&json, i))
            buf_put(&found, str_slice(json.source, json.values[i].from, json.values[i].to));
    *out = buf_str(&found);
    return OK;
}

static Fail guard_standing(Call *c, Str before, Str after)
{
    Str was, is;

    TRY(supervised_of(c, before, &was));
    TRY(supervised_of(c, after, &is));
    if (str_equal(was, is))
        return OK;
    return fail(c, FAIL_FORBIDDEN, STR("Practitioner.qualification"),
                "Who signs under supervision is for administrators to say");
}

/* ---- what signed notes are made from ---- */

/* "url" and "version", for criteria; empty: nothing can be signed that names it. */
static Fail address_of(Call *c, Str text, Str *url, Str *version)
{
    Json json;

    TRY(read_text(c, text, &json));
    *url = json_member_text(&json, 0, STR("url"));
    *version = json_member_text(&json, 0, STR("version"));
    if (!version->len)
        *url = (Str){ 0 };
    return OK;
}

static void put_quoted(Buf *out, Str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_printf(out, "%%%02X", (unsigned char)text.at[i]);
}

/* Whether the practice has any such resource, whoever may see it. */
static Fail any_such(Call *c, Writer *w, uint32_t practice, TypeId type, Str criteria,
                     bool *any)
{
    Permit permit = { .practice = practice, .deed = DEED_SEARCH, .reach = REACH_PRACTICE };
    QueryOptions options = { .base = store_base(w->store) };
    uint32_t     issues = c->issue_count;
    Query        query;
    Str          found;
    Fail         result;

    type_set_add(&permit.types, type);
    TRY(query_parse(c, type, criteria, &options, &query));
    *w->scope = scope_of(&permit);
    w->scope->limits = limit_begin(c, w->store, w->db, &permit);
    result = search_one(c, w->store, w->db, &permit, &query, &found);
    *w->scope = (Scope){ 0 };
    *any = result == FAIL_MULTIPLE || (result == OK && found.len > 0);
    if (result == FAIL_MULTIPLE)
        call_forget_issues(c, issues);
    return result == FAIL_MULTIPLE ? OK : result;
}

static Fail is_named(Call *c, Writer *w, uint32_t practice, Str url, Str version, bool *named)
{
    Buf criteria = buf_new(c->arena, 256);

    *named = false;
    if (!url.len)
        return OK;
    buf_put(&criteria, STR("_tag=" SIGNED_TAG_SYSTEM "|" SIGNED_TAG_CODE "&questionnaire="));
    put_quoted(&criteria, url);
    buf_put_char(&criteria, '|');
    put_quoted(&criteria, version);
    return any_such(c, w, practice, TYPE_QUESTIONNAIRE_RESPONSE, buf_str(&criteria), named);
}

static Fail is_taken(Call *c, Writer *w, uint32_t practice, Str url, Str version, bool *taken)
{
    Buf criteria = buf_new(c->arena, 256);

    buf_put(&criteria, STR("url="));
    put_quoted(&criteria, url);
    buf_put(&criteria, STR("&version="));
    put_quoted(&criteria, version);
    return any_such(c, w, practice, TYPE_QUESTIONNAIRE, buf_str(&criteria), taken);
}

/* What may change: whether it is still in use, and what is the server's. */
static bool is_free(Str key)
{
    static const Str keys[] = { STR_INIT("id"), STR_INIT("meta"), STR_INIT("status"),
                                STR_INIT("date") };

    for (size_t i = 0; i < COUNT(keys); i++)
        if (str_equal(key, keys[i]))
            return true;
    return false;
}

/* Whether each member of one stands in the other as it is. */
static bool all_in(const Json *one, const Json *other)
{
    for (uint32_t i = 1; i < one->count; i = one->values[i].after) {
        const JsonValue *a = &one->values[i], *b;
        uint32_t         k = json_member(other, 0, a->key);

        b = &other->values[k];
        if (!is_free(a->key)
            && (!k
                || !str_equal(str_slice(one->source, a->from, a->to),
                              str_slice(other->source, b->from, b->to))))
            return false;
    }
    return true;
}

static Fail same_words(Call *c, Str before, Str after, bool *same)
{
    Json was, is;

    TRY(read_text(c, before, &was));
    TRY(read_text(c, after, &is));
    *same = all_in(&was, &is) && all_in(&is, &was);
    return OK;
}

static Fail guard_form(Call *c, Writer *w, const Change *change, Str before, Str after)
{
    uint32_t practice = change->permit->practice;
    Str      url, version;
    bool     same, named, taken = false;

    TRY(same_words(c, before, after, &same));
    if (same)
        return OK;
    TRY(address_of(c, before, &url, &version));
    TRY(is_named(c, w, practice, url, version, &named));
    if (named)
        return fail(c, FAIL_CONFLICT, STR("Questionnaire"),
                    "Signed notes are made from Questionnaire/%.*s: give it a new version",
                    STR_ARG(change->id));
    TRY(address_of(c, after, &url, &version));
    TRY(is_named(c, w, practice, url, version, &named));
    if (named)
        TRY(is_taken(c, w, practice, url, version, &taken));
    if (taken)
        return fail(c, FAIL_CONFLICT, STR("Questionnaire.version"),
                    "Signed notes are made from another Questionnaire of that version");
    return OK;
}

Fail signed_guard_words(Call *c, Writer *w, const Change *change, bool there, Str before,
                        Str after)
{
    if (change->method == METHOD_DELETE && !there)
        return OK;
    if (change->type == TYPE_PRACTITIONER)
        return change->permit->assigns ? OK : guard_standing(c, before, after);
    return guard_form(c, w, change, there ? before : (Str){ 0 }, after);
}
