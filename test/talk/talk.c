/* Reading and holding a conversation: see talk.h. */
#include "test/talk/talk.h"
#include "test/talk/places.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/random.h"
#include "codec/base64.h"
#include "codec/json.h"

typedef struct Variable Variable;
struct Variable {
    Str       name, value;
    Variable *next;
};

typedef struct Speaker Speaker;
struct Speaker {
    Str      name, token;
    Speaker *next;
};

typedef struct Talk {
    Arena    *arena;
    Call      call;
    Str       name;
    Door     *door;
    Variable *variables;
    Speaker  *speakers;
    Str       token; /* of who speaks now */
    Said      said;
    Buf       body;
    Heard     heard;
    bool      asking; /* a request is being read */
    bool      in_body;
    bool      spoken; /* it was sent */
    uint32_t  times;
    uint32_t  line;
    uint32_t  request_line;
    Str       expectations[64];
    uint32_t  expectation_lines[64];
    size_t    expectation_count;
    Json      json;
    bool      parsed, is_json;
    bool      skipped;
    Str       complaint;
} Talk;

static bool complain(Talk *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool complain(Talk *t, const char *format, ...)
{
    va_list args;
    Str     text;

    va_start(args, format);
    text = arena_vprintf(t->arena, format, args);
    va_end(args);
    t->complaint =
        arena_printf(t->arena, "%.*s:%u: %.*s", STR_ARG(t->name), t->line, STR_ARG(text));
    return false;
}

/* ---- variables and made-up bodies ---- */

static void set(Talk *t, Str name, Str value)
{
    Variable *v = NEW(t->arena, Variable);

    *v = (Variable){ arena_str(t->arena, name), arena_str(t->arena, value), t->variables };
    t->variables = v;
}

static const Variable *get(const Talk *t, Str name)
{
    for (const Variable *v = t->variables; v; v = v->next)
        if (str_equal(v->name, name))
            return v;
    return NULL;
}

static bool put_made(Talk *t, Buf *out, Str what)
{
    Str      verb = what, rest = { 0 }, count_text, text;
    uint64_t count;

    str_cut(what, ' ', &verb, &rest);
    if (str_equal(verb, STR("base64"))) {
        base64_put(out, rest);
    } else if (str_equal(verb, STR("byte"))) {
        buf_put_char(out, (char)strtol(arena_c_string(t->arena, rest), NULL, 16));
    } else if (str_equal(verb, STR("repeat")) && str_cut(rest, ' ', &count_text, &text)
               && str_to_u64(count_text, &count)) {
        for (uint64_t i = 0; i < count; i++)
            buf_put(out, text);
    } else {
        return complain(t, "cannot make @{%.*s}", STR_ARG(what));
    }
    return true;
}

/* Puts variables and made-up parts in their places. */
static bool expand(Talk *t, Str text, Str *out)
{
    Buf buf = buf_new(t->arena, text.len + 64);

    for (size_t i = 0; i < text.len; i++) {
        bool variable = text.at[i] == '$', made = text.at[i] == '@';
        Str  inside, after;

        if ((!variable && !made) || i + 1 >= text.len || text.at[i + 1] != '{'
            || !str_cut(str_skip(text, i + 2), '}', &inside, &after)) {
            buf_put_char(&buf, text.at[i]);
            continue;
        }
        if (variable) {
            const Variable *v = get(t, inside);

            if (!v)
                return complain(t, "${%.*s} is not known", STR_ARG(inside));
            buf_put(&buf, v->value);
        } else if (!put_made(t, &buf, inside)) {
            return false;
        }
        i += inside.len + 2;
    }
    *out = buf_str(&buf);
    return true;
}

static Str compact(Talk *t, const Json *json, uint32_t at)
{
    Buf out = buf_new(t->arena, 64);

    json_put_compact(&out, json->source, json->values[at].from, json->values[at].to);
    return buf_str(&out);
}

/* What a value says: a string without quotes, anything else as it stands. */
static Str value_text(Talk *t, const Json *json, uint32_t at)
{
    return json->values[at].kind == JSON_STRING ? json->values[at].text : compact(t, json, at);
}

static Str excerpt(Str text)
{
    return str_slice(text, 0, 300);
}

static bool parse_body(Talk *t)
{
    if (!t->parsed) {
        call_begin(&t->call, t->arena);
        t->is_json = json_parse(&t->call, t->heard.body, LIMIT_BUNDLE_NODES, &t->json) == OK;
        t->parsed = true;
    }
    return t->is_json;
}

/* ---- expectations ---- */

typedef struct Expectation {
    Str place, verb, rest;
} Expectation;

static bool all_equal(Talk *t, const Places *places, Str expected)
{
    Json want;

    call_begin(&t->call, t->arena);
    if (json_parse(&t->call, expected, LIMIT_JSON_NODES, &want) != OK)
        return complain(t, "what is expected is not JSON: %.*s", STR_ARG(expected));
    for (size_t i = 0; i < places->count; i++)
        if (!str_equal(compact(t, &t->json, places->at[i]), compact(t, &want, 0))
            && !(want.values[0].kind == JSON_STRING
                 && t->json.values[places->at[i]].kind == JSON_STRING
                 && str_equal(want.values[0].text, t->json.values[places->at[i]].text)))
            return complain(t, "it is %.*s, not %.*s",
                            STR_ARG(excerpt(compact(t, &t->json, places->at[i]))),
                            STR_ARG(excerpt(expected)));
    return places->count > 0
           || complain(t, "it is not there, but should be %.*s", STR_ARG(excerpt(expected)));
}

static bool any_equal(Talk *t, const Places *places, Str expected)
{
    Json want;

    call_begin(&t->call, t->arena);
    if (json_parse(&t->call, expected, LIMIT_JSON_NODES, &want) != OK)
        return complain(t, "what is expected is not JSON: %.*s", STR_ARG(expected));
    for (size_t i = 0; i < places->count; i++)
        if (str_equal(compact(t, &t->json, places->at[i]), compact(t, &want, 0)))
            return true;
    return false;
}

static bool any_contains(Talk *t, const Places *places, Str text)
{
    for (size_t i = 0; i < places->count; i++)
        if (str_find(value_text(t, &t->json, places->at[i]), text) >= 0)
            return true;
    return false;
}

static bool check_json(Talk *t, const Expectation *e)
{
    Places   places;
    uint64_t number;

    if (!parse_body(t))
        return complain(t, "the body is not JSON: %.*s", STR_ARG(excerpt(t->heard.body)));
    places = places_find(&t->json, e->place);
    if (str_equal(e->verb, STR("=")))
        return all_equal(t, &places, e->rest);
    if (str_equal(e->verb, STR("has")))
        return any_equal(t, &places, e->rest)
               || complain(t, "none of %zu is %.*s", places.count, STR_ARG(e->rest));
    if (str_equal(e->verb, STR("lacks")))
        return !any_equal(t, &places, e->rest)
               || complain(t, "one of them is %.*s", STR_ARG(e->rest));
    if (str_equal(e->verb, STR("~")))
        return any_contains(t, &places, e->rest)
               || complain(t, "it does not contain \"%.*s\": %.*s", STR_ARG(e->rest),
                           STR_ARG(excerpt(t->heard.body)));
    if (str_equal(e->verb, STR("!~")))
        return !any_contains(t, &places, e->rest)
               || complain(t, "it contains \"%.*s\"", STR_ARG(e->rest));
    if (str_equal(e->verb, STR("exists")))
        return places.count > 0 || complain(t, "%.*s is not there", STR_ARG(e->place));
    if (str_equal(e->verb, STR("missing")))
        return places.count == 0 || complain(t, "%.*s is there", STR_ARG(e->place));
    if (str_equal(e->verb, STR("count")) && str_to_u64(e->rest, &number)) {
        uint64_t have = places.count;

        if (have == 1 && t->json.values[places.at[0]].kind == JSON_ARRAY)
            have = t->json.values[places.at[0]].count;
        return have == number
               || complain(t, "there are %llu of %.*s, not %llu", (unsigned long long)have,
                           STR_ARG(e->place), (unsigned long long)number);
    }
    if (str_equal(e->verb, STR("->"))) {
        if (places.count == 0)
            return complain(t, "%.*s is not there to be kept: %.*s", STR_ARG(e->place),
                            STR_ARG(excerpt(t->heard.body)));
        set(t, e->rest, value_text(t, &t->json, places.at[0]));
        return true;
    }
    return complain(t, "not understood: %.*s %.*s", STR_ARG(e->place), STR_ARG(e->verb));
}

static bool check_body(Talk *t, const Expectation *e)
{
    Str body = t->heard.body;

    if (str_equal(e->verb, STR("=")))
        return str_equal(body, e->rest)
               || complain(t, "the body is %.*s", STR_ARG(excerpt(body)));
    if (str_equal(e->verb, STR("~")))
        return str_find(body, e->rest) >= 0
               || complain(t, "the body lacks \"%.*s\": %.*s", STR_ARG(e->rest),
                           STR_ARG(excerpt(body)));
    if (str_equal(e->verb, STR("!~")))
        return str_find(body, e->rest) < 0
               || complain(t, "the body contains \"%.*s\"", STR_ARG(e->rest));
    if (str_equal(e->verb, STR("->"))) {
        set(t, e->rest, body);
        return true;
    }
    return complain(t, "not understood: body %.*s", STR_ARG(e->verb));
}

static Str header_value(const Heard *heard, Str name)
{
    for (size_t i = 0; i < heard->header_count; i++)
        if (str_equal_ascii_nocase(heard->headers[i].name, name))
            return heard->headers[i].value;
    return (Str){ 0 };
}

/* '*' stands for any text. */
static bool globs(Str pattern, Str text)
{
    Str  part, rest = pattern;
    bool first = true;

    while (str_next(&rest, '*', &part)) {
        bool last = rest.at == NULL;

        if (first && last)
            return str_equal(part, text);
        if (first) {
            if (!str_starts(text, part))
                return false;
            text = str_skip(text, part.len);
        } else if (last) {
            return str_ends(text, part);
        } else {
            ptrdiff_t at = str_find(text, part);

            if (at < 0)
                return false;
            text = str_skip(text, (size_t)at + part.len);
        }
        first = false;
    }
    return true;
}

static bool check_header(Talk *t, Str name, Str expected)
{
    Str value = header_value(&t->heard, name);

    return globs(expected, value)
           || complain(t, "%.*s is \"%.*s\", not \"%.*s\"", STR_ARG(name), STR_ARG(value),
                       STR_ARG(expected));
}

static bool check_status(Talk *t, uint64_t status)
{
    return (uint64_t)t->heard.status == status
           || complain(t, "the status is %d, not %llu: %.*s", t->heard.status,
                       (unsigned long long)status, STR_ARG(excerpt(t->heard.body)));
}

static bool is_header_name(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.at[i] | 32) >= 'a' && (s.at[i] | 32) <= 'z') && s.at[i] != '-')
            return false;
    return s.len > 0;
}

static bool check(Talk *t, Str line)
{
    Expectation e = { 0 };
    Str         text, name, value;
    uint64_t    status;

    if (!expand(t, line, &text))
        return false;
    if (str_to_u64(text, &status))
        return check_status(t, status);
    if (str_equal(text, STR("empty")))
        return t->heard.body.len == 0
               || complain(t, "there is a body: %.*s", STR_ARG(excerpt(t->heard.body)));
    if (str_cut(text, ':', &name, &value) && is_header_name(name))
        return check_header(t, name, str_trim(value));
    if (!str_cut(text, ' ', &e.place, &e.rest))
        return complain(t, "not understood: %.*s", STR_ARG(text));
    if (str_equal(e.place, STR("no")))
        return header_value(&t->heard, e.rest).len == 0
               || complain(t, "there is a header %.*s", STR_ARG(e.rest));
    if (str_equal(e.place, STR("header"))) {
        if (!str_cut(e.rest, ' ', &name, &value) || !str_starts(value, STR("-> ")))
            return complain(t, "not understood: %.*s", STR_ARG(text));
        set(t, str_skip(value, 3), header_value(&t->heard, name));
        return true;
    }
    e.verb = e.rest;
    e.rest = (Str){ 0 };
    str_cut(e.verb, ' ', &e.verb, &e.rest);
    e.rest = str_trim(e.rest);
    return str_equal(e.place, STR("body")) ? check_body(t, &e) : check_json(t, &e);
}

/* ---- speaking ---- */

static bool ask_once(Talk *t)
{
    Said said = t->said;
    Str  body = buf_str(&t->body), base = t->door->base_url;

    if (!expand(t, t->said.target, &said.target) || !expand(t, str_trim(body), &said.body))
        return false;
    if (str_starts(said.target, base))
        said.target = str_skip(said.target, base.len);
    else if (str_starts(said.target, STR("//")))
        said.target = str_skip(said.target, 1);
    else
        said.target = arena_printf(t->arena, "/fhir%.*s", STR_ARG(said.target));
    for (size_t i = 0; i < said.header_count; i++)
        if (!expand(t, said.headers[i].value, &said.headers[i].value))
            return false;
    said.token = t->token;
    t->heard = (Heard){ 0 };
    t->parsed = false;
    if (!t->door->ask(t->door, t->arena, &said, &t->heard))
        return complain(t, "there is no answer");
    for (size_t i = 0; i < t->expectation_count; i++) {
        t->line = t->expectation_lines[i];
        if (!check(t, t->expectations[i]))
            return false;
    }
    return true;
}

static bool speak(Talk *t)
{
    uint32_t line = t->line, times = t->times ? t->times : 1;

    if (!t->asking)
        return true;
    t->asking = false;
    t->times = 0;
    if (t->expectation_count == 0) {
        t->line = t->request_line;
        return complain(t, "nothing is expected of this request");
    }
    for (uint32_t n = 1; n <= times; n++) {
        set(t, STR("n"), arena_printf(t->arena, "%u", n));
        if (!ask_once(t))
            return false;
    }
    t->line = line;
    return true;
}

static bool introduce(Talk *t, Str line)
{
    Str      name = str_trim(str_skip(line, 3)), scopes = { 0 }, patient = { 0 };
    Speaker *speaker;

    str_cut(name, ':', &name, &scopes);
    if (str_equal(name, STR("nobody"))) {
        t->token = (Str){ 0 };
        return true;
    }
    if (!scopes.at) {
        for (speaker = t->speakers; speaker; speaker = speaker->next)
            if (str_equal(speaker->name, name)) {
                t->token = speaker->token;
                return true;
            }
        return complain(t, "%.*s was not introduced", STR_ARG(name));
    }
    if (str_find(name, STR(" of ")) >= 0) {
        size_t at = (size_t)str_find(name, STR(" of "));

        patient = str_skip(name, at + 4);
        name = str_slice(name, 0, at);
        if (!expand(t, patient, &patient))
            return false;
    }
    speaker = NEW(t->arena, Speaker);
    *speaker = (Speaker){ name, t->door->token(t->door, t->arena, str_trim(scopes), patient),
                          t->speakers };
    t->speakers = speaker;
    t->token = speaker->token;
    t->skipped = t->token.len == 0;
    return !t->skipped
           || complain(t, "no token with scopes \"%.*s\" can be made there",
                       STR_ARG(str_trim(scopes)));
}

static const struct MethodName {
    const char *name;
    HttpMethod  method;
} method_names[] = {
    { "GET ", HTTP_GET },         { "HEAD ", HTTP_HEAD },   { "POST ", HTTP_POST },
    { "PUT ", HTTP_PUT },         { "PATCH ", HTTP_PATCH }, { "DELETE ", HTTP_DELETE },
    { "OPTIONS ", HTTP_OPTIONS }, { "BREW ", HTTP_OTHER },
};

static bool begin_request(Talk *t, Str line)
{
    for (size_t i = 0; i < COUNT(method_names); i++) {
        Str name = str_from(method_names[i].name);

        if (!str_starts(line, name))
            continue;
        t->said = (Said){ .method = method_names[i].method,
                          .target = str_trim(str_skip(line, name.len)) };
        t->body = buf_new(t->arena, 256);
        t->asking = true;
        t->in_body = false;
        t->expectation_count = 0;
        t->request_line = t->line;
        return true;
    }
    return false;
}

/* One line; false stops the talk. */
static bool take_line(Talk *t, Str line)
{
    Str      name, value;
    uint64_t times;

    if (str_starts(line, STR("#")))
        return true;
    if (t->asking && str_starts(line, STR("<"))) {
        if (t->expectation_count == COUNT(t->expectations))
            return complain(t, "too much is expected of one request");
        t->expectation_lines[t->expectation_count] = t->line;
        t->expectations[t->expectation_count++] = str_trim(str_skip(line, 1));
        return true;
    }
    if (t->asking && t->expectation_count == 0) {
        if (!t->in_body && str_trim(line).len == 0) {
            t->in_body = true;
        } else if (t->in_body) {
            buf_put(&t->body, line);
            buf_put_char(&t->body, '\n');
        } else if (str_cut(line, ':', &name, &value) && is_header_name(name)
                   && t->said.header_count < COUNT(t->said.headers)) {
            t->said.headers[t->said.header_count++] = (Header){ name, str_trim(value) };
        } else {
            return complain(t, "neither header nor expectation: %.*s", STR_ARG(line));
        }
        return true;
    }
    if (str_trim(line).len == 0)
        return true;
    if (!speak(t))
        return false;
    if (str_starts(line, STR("as ")))
        return introduce(t, line);
    if (str_starts(line, STR("times ")) && str_to_u64(str_trim(str_skip(line, 6)), &times)) {
        t->times = (uint32_t)times;
        return true;
    }
    return begin_request(t, line) || complain(t, "not understood: %.*s", STR_ARG(line));
}

TalkResult talk_hold(Arena *a, Str name, Str text, Door *door, Str *complaint)
{
    Talk *t = NEW(a, Talk);
    Str   rest = text, line;
    char  run[UUID_CHARS + 1];
    bool  well = true;

    t->arena = a;
    t->name = name;
    t->door = door;
    random_uuid(0, run);
    set(t, STR("run"), str_from(run));
    set(t, STR("base"), arena_printf(a, "%.*s/fhir", STR_ARG(door->base_url)));
    while (well && str_next(&rest, '\n', &line)) {
        t->line++;
        well = take_line(t, line);
    }
    well = well && speak(t);
    *complaint = t->complaint;
    return well ? TALK_PASSED : t->skipped ? TALK_SKIPPED : TALK_FAILED;
}
