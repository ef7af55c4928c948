/* Functions on strings. N1 5.6; trim, split, join, encode and escape as later releases have them.
 * Places count characters, not bytes. */
#include "base/buf.h"
#include "base/pattern.h"
#include "codec/base64.h"
#include "fhir/fhirpath_machine.h"

/* Where character `number` begins, or the end. */
static size_t byte_of(Str s, int64_t number)
{
    size_t at = 0;

    for (; number > 0 && at < s.len; number--)
        do
            at++;
        while (at < s.len && ((unsigned char)s.at[at] & 0xC0) == 0x80);
    return at;
}

static int64_t characters(Str s)
{
    int64_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.at[i] & 0xC0) != 0x80;
    return count;
}

/* Focus and argument; *there is false if one is empty. */
static Fail two_strings(PathMachine *m, const PathSpan *a, Str *x, Str *y, bool *there)
{
    bool left, right;

    TRY(path_one_string(m, &a[0], x, &left));
    TRY(path_one_string(m, &a[1], y, &right));
    *there = left && right;
    return *there ? path_work(m, 1 + x->len / 64) : OK;
}

static Fail give_text(PathMachine *m, Str text)
{
    path_give(m, path_string(text));
    return path_work(m, 1 + text.len / 64);
}

static Fail index_of(PathMachine *m, const PathSpan *a)
{
    Str       s, part;
    bool      there;
    ptrdiff_t at;

    TRY(two_strings(m, a, &s, &part, &there));
    if (!there)
        return OK;
    at = str_find(s, part);
    path_give(m, path_integer(at < 0 ? -1 : characters(str_slice(s, 0, (size_t)at))));
    return OK;
}

static Fail last_index_of(PathMachine *m, const PathSpan *a)
{
    Str     s, part;
    bool    there;
    int64_t found = -1;

    TRY(two_strings(m, a, &s, &part, &there));
    if (!there)
        return OK;
    for (size_t at = s.len + 1; found < 0 && at-- > 0;)
        if (str_starts(str_skip(s, at), part))
            found = characters(str_slice(s, 0, at));
    path_give(m, path_integer(found));
    return OK;
}

static Fail substring(PathMachine *m, const PathSpan *a)
{
    Str     s;
    int64_t from, count = INT64_MAX;
    bool    there, given, limited;
    size_t  at;

    TRY(path_one_string(m, &a[0], &s, &there));
    TRY(path_one_integer(m, &a[1], &from, &given));
    TRY(path_one_integer(m, &a[2], &count, &limited));
    if (!there || !given || from < 0 || from >= characters(s))
        return OK;
    at = byte_of(s, from);
    s = str_skip(s, at);
    return give_text(m, limited ? str_slice(s, 0, byte_of(s, count)) : s);
}

static Fail starts_with(PathMachine *m, const PathSpan *a)
{
    Str  s, part;
    bool there;

    TRY(two_strings(m, a, &s, &part, &there));
    if (there)
        path_give(m, path_truth(str_starts(s, part)));
    return OK;
}

static Fail ends_with(PathMachine *m, const PathSpan *a)
{
    Str  s, part;
    bool there;

    TRY(two_strings(m, a, &s, &part, &there));
    if (there)
        path_give(m, path_truth(str_ends(s, part)));
    return OK;
}

static Fail contains(PathMachine *m, const PathSpan *a)
{
    Str  s, part;
    bool there;

    TRY(two_strings(m, a, &s, &part, &there));
    if (there)
        path_give(m, path_truth(part.len == 0 || str_find(s, part) >= 0));
    return OK;
}

/* ASCII letters only: what case means elsewhere depends on the language. */
static Fail change_case(PathMachine *m, const PathSpan *a, char first, char last)
{
    Str   s;
    bool  there;
    char *at;

    TRY(path_one_string(m, a, &s, &there));
    if (!there)
        return OK;
    s = arena_str(m->call->arena, s);
    at = (char *)s.at;
    for (size_t i = 0; i < s.len; i++)
        if (at[i] >= first && at[i] <= last)
            at[i] = (char)(at[i] ^ 0x20);
    return give_text(m, s);
}

static Fail upper(PathMachine *m, const PathSpan *a)
{
    return change_case(m, a, 'a', 'z');
}

static Fail lower(PathMachine *m, const PathSpan *a)
{
    return change_case(m, a, 'A', 'Z');
}

static Fail length(PathMachine *m, const PathSpan *a)
{
    Str  s;
    bool there;

    TRY(path_one_string(m, a, &s, &there));
    if (there)
        path_give(m, path_integer(characters(s)));
    return OK;
}

static Fail to_chars(PathMachine *m, const PathSpan *a)
{
    Str  s;
    bool there;

    TRY(path_one_string(m, a, &s, &there));
    while (there && s.len) {
        size_t end = byte_of(s, 1);

        TRY(give_text(m, str_slice(s, 0, end)));
        s = str_skip(s, end);
    }
    return OK;
}

static Fail trim(PathMachine *m, const PathSpan *a)
{
    Str  s;
    bool there;

    TRY(path_one_string(m, a, &s, &there));
    return there ? give_text(m, str_trim(s)) : OK;
}

static Fail split(PathMachine *m, const PathSpan *a)
{
    Str       s, by;
    bool      there;
    ptrdiff_t at;

    TRY(two_strings(m, a, &s, &by, &there));
    if (!there)
        return OK;
    while (by.len && (at = str_find(s, by)) >= 0) {
        TRY(give_text(m, str_slice(s, 0, (size_t)at)));
        s = str_skip(s, (size_t)at + by.len);
    }
    return give_text(m, s);
}

/* Of nothing it is an empty text, as SQL on FHIR has it; N1 does not know the function. */
static Fail join(PathMachine *m, const PathSpan *a)
{
    Str  by = { 0 };
    bool given;
    Buf  out = buf_new(m->call->arena, 64);

    TRY(path_one_string(m, &a[1], &by, &given));
    for (uint32_t i = 0; i < a[0].count; i++) {
        PathValue v = path_plain(m->call, path_at(m, &a[0], i));

        if (v.kind != PATH_STRING)
            return path_fail(m, "strings are needed");
        if (i)
            buf_put(&out, by);
        buf_put(&out, v.text);
        TRY(path_work(m, 1 + v.text.len / 64));
    }
    return give_text(m, buf_str(&out));
}

/* --- replacing --------------------------------------------------------------------------- */

static Fail replace(PathMachine *m, const PathSpan *a)
{
    Str       s, what, with;
    bool      there, given;
    ptrdiff_t at;
    Buf       out;

    TRY(two_strings(m, a, &s, &what, &there));
    TRY(path_one_string(m, &a[2], &with, &given));
    if (!there || !given)
        return OK;
    out = buf_new(m->call->arena, s.len + with.len);
    if (what.len == 0) {
        buf_put(&out, with);
        while (s.len) {
            size_t end = byte_of(s, 1);

            buf_put(&out, str_slice(s, 0, end));
            buf_put(&out, with);
            s = str_skip(s, end);
            TRY(path_work(m, 1 + with.len / 64));
        }
    }
    while (what.len && (at = str_find(s, what)) >= 0) {
        buf_put(&out, str_slice(s, 0, (size_t)at));
        buf_put(&out, with);
        s = str_skip(s, (size_t)at + what.len);
        TRY(path_work(m, 1 + with.len / 64));
    }
    buf_put(&out, s);
    return give_text(m, buf_str(&out));
}

static Fail spend(void *machine, uint64_t steps)
{
    return path_work(machine, steps);
}

static Fail compile(PathMachine *m, Str text, const Pattern **out)
{
    Call    *c = m->call;
    uint32_t issues = c->issue_count;
    Fail     result;
    Str      why;

    TRY(path_work(m, 1 + text.len));
    result = pattern_compile(c, c->arena, (Str){ 0 }, text, out);
    if (result != FAIL_VALUE)
        return result;
    why = c->issues[issues].text;
    call_forget_issues(c, issues);
    return path_fail(m, "%.*s", STR_ARG(why));
}

static Fail match(PathMachine *m, const PathSpan *a, bool whole)
{
    Str            s, text;
    const Pattern *pattern;
    int32_t        places[2 * PATTERN_GROUPS];
    bool           there, found;

    TRY(two_strings(m, a, &s, &text, &there));
    if (!there)
        return OK;
    TRY(compile(m, text, &pattern));
    TRY(pattern_find(
        m->call, pattern,
        &(PatternSearch){ .text = s, .whole = whole, .spend = spend, .context = m }, places,
        &found));
    path_give(m, path_truth(found));
    return OK;
}

static Fail matches(PathMachine *m, const PathSpan *a)
{
    return match(m, a, false);
}

static Fail matches_full(PathMachine *m, const PathSpan *a)
{
    return match(m, a, true);
}

/* The text that stands for a match: $1 or ${1} is its first group. */
static void put_replacement(Buf *out, Str with, Str s, const int32_t *places)
{
    for (size_t i = 0; i < with.len; i++) {
        size_t digit = i + 1;
        int    group;

        if (with.at[i] == '$' && digit < with.len && with.at[digit] == '{')
            digit++;
        if (with.at[i] != '$' || digit >= with.len || with.at[digit] < '0'
            || with.at[digit] > '9') {
            buf_put_char(out, with.at[i]);
            continue;
        }
        group = with.at[digit] - '0';
        if (places[2 * group] >= 0 && places[2 * group + 1] >= 0)
            buf_put(out,
                    str_slice(s, (size_t)places[2 * group], (size_t)places[2 * group + 1]));
        i = digit;
        if (digit > 0 && with.at[digit - 1] == '{' && digit + 1 < with.len
            && with.at[digit + 1] == '}')
            i++;
    }
}

static Fail replace_matches(PathMachine *m, const PathSpan *a)
{
    Str            s, text, with;
    const Pattern *pattern;
    int32_t        places[2 * PATTERN_GROUPS];
    bool           there, given, found = true;
    Buf            out;
    size_t         at = 0;

    TRY(two_strings(m, a, &s, &text, &there));
    TRY(path_one_string(m, &a[2], &with, &given));
    if (!there || !given)
        return OK;
    if (text.len == 0)
        return give_text(m, s);
    TRY(compile(m, text, &pattern));
    out = buf_new(m->call->arena, s.len + with.len);
    while (found && at <= s.len) {
        TRY(pattern_find(
            m->call, pattern,
            &(PatternSearch){ .text = s, .from = at, .spend = spend, .context = m }, places,
            &found));
        if (!found)
            break;
        buf_put(&out, str_slice(s, at, (size_t)places[0]));
        put_replacement(&out, with, s, places);
        at = (size_t)places[1];
        if (places[0] == places[1]) {
            size_t next = at + byte_of(str_skip(s, at), 1);

            buf_put(&out, str_slice(s, at, next));
            at = next == at ? s.len + 1 : next;
        }
        TRY(path_work(m, 1 + with.len / 64));
    }
    buf_put(&out, str_skip(s, at));
    return give_text(m, buf_str(&out));
}

/* --- encodings --------------------------------------------------------------------------- */

static const char *const encodings[] = { "hex", "base64", "urlbase64" };

static Fail find_encoding(PathMachine *m, Str name, size_t *out)
{
    for (*out = 0; *out < COUNT(encodings); ++*out)
        if (str_equal(name, str_from(encodings[*out])))
            return OK;
    return path_fail(m, "hex, base64 and urlbase64 are known");
}

static Fail encode(PathMachine *m, const PathSpan *a)
{
    Str    s, name;
    bool   there;
    size_t which;
    Buf    out;

    TRY(two_strings(m, a, &s, &name, &there));
    if (!there)
        return OK;
    TRY(find_encoding(m, name, &which));
    out = buf_new(m->call->arena, s.len * 2 + 4);
    if (which == 0)
        base16_put(&out, s);
    else if (which == 1)
        base64_put(&out, s);
    else
        base64_put_url(&out, s);
    return give_text(m, buf_str(&out));
}

static bool decode_hex(Arena *a, Str s, Str *out)
{
    uint8_t *bytes = NEW_ARRAY(a, uint8_t, s.len / 2 + 1);
    Str      small = arena_str(a, s);

    for (size_t i = 0; i < small.len; i++)
        if (s.at[i] >= 'A' && s.at[i] <= 'F')
            ((char *)small.at)[i] = (char)(s.at[i] | 32);
    *out = (Str){ (const char *)bytes, s.len / 2 };
    return s.len % 2 == 0 && base16_read(small, bytes, s.len / 2);
}

/* The alphabet of URLs as the usual one, filled up. */
static Str usual_alphabet(Arena *a, Str s)
{
    Buf out = buf_new(a, s.len + 3);

    for (size_t i = 0; i < s.len; i++)
        buf_put_char(&out, s.at[i] == '-' ? '+' : s.at[i] == '_' ? '/' : s.at[i]);
    while (out.len % 4)
        buf_put_char(&out, '=');
    return buf_str(&out);
}

/* Only text can be a string: bytes that are no UTF-8 give nothing. */
static bool is_text(Str s)
{
    size_t i = 0;

    while (i < s.len) {
        unsigned char c = (unsigned char)s.at[i++];
        int           more = c < 0x80                ? 0
                             : c >= 0xC2 && c < 0xE0 ? 1
                             : c >= 0xE0 && c < 0xF0 ? 2
                             : c >= 0xF0 && c < 0xF5 ? 3
                                                     : -1;

        if (more < 0 || c == 0)
            return false;
        for (; more > 0; more--, i++)
            if (i >= s.len || ((unsigned char)s.at[i] & 0xC0) != 0x80)
                return false;
    }
    return true;
}

static Fail decode(PathMachine *m, const PathSpan *a)
{
    Str    s, name, bytes;
    bool   there, good;
    size_t which;

    TRY(two_strings(m, a, &s, &name, &there));
    if (!there)
        return OK;
    TRY(find_encoding(m, name, &which));
    if (which == 0)
        good = decode_hex(m->call->arena, s, &bytes);
    else
        good = base64_read(m->call->arena, which == 1 ? s : usual_alphabet(m->call->arena, s),
                           &bytes);
    return good && is_text(bytes) ? give_text(m, bytes) : OK;
}

typedef struct Escape {
    char plain;
    Str  escaped;
} Escape;

static const Escape html_escapes[] = {
    { '<', STR_INIT("&lt;") },   { '>', STR_INIT("&gt;") },   { '&', STR_INIT("&amp;") },
    { '"', STR_INIT("&quot;") }, { '\'', STR_INIT("&#39;") }, { 0, { 0 } },
};
static const Escape json_escapes[] = {
    { '"', STR_INIT("\\\"") }, { '\\', STR_INIT("\\\\") },
    { '\n', STR_INIT("\\n") }, { '\r', STR_INIT("\\r") },
    { '\t', STR_INIT("\\t") }, { '\f', STR_INIT("\\f") },
    { '\b', STR_INIT("\\b") }, { 0, { 0 } },
};

static Fail find_escapes(PathMachine *m, Str name, const Escape **out)
{
    *out = str_equal(name, STR("html")) ? html_escapes : json_escapes;
    if (*out == json_escapes && !str_equal(name, STR("json")))
        return path_fail(m, "html and json are known");
    return OK;
}

static Fail rewrite(PathMachine *m, const PathSpan *a, bool back)
{
    Str           s, name;
    bool          there;
    const Escape *table;
    Buf           out;

    TRY(two_strings(m, a, &s, &name, &there));
    if (!there)
        return OK;
    TRY(find_escapes(m, name, &table));
    out = buf_new(m->call->arena, s.len * 2);
    while (s.len) {
        const Escape *e = table;

        while (e->plain && (back ? !str_starts(s, e->escaped) : s.at[0] != e->plain))
            e++;
        if (!e->plain)
            buf_put_char(&out, s.at[0]);
        else if (back)
            buf_put_char(&out, e->plain);
        else
            buf_put(&out, e->escaped);
        s = str_skip(s, back && e->plain ? e->escaped.len : 1);
    }
    return give_text(m, buf_str(&out));
}

static Fail escape(PathMachine *m, const PathSpan *a)
{
    return rewrite(m, a, false);
}

static Fail unescape(PathMachine *m, const PathSpan *a)
{
    return rewrite(m, a, true);
}

const PathFunction path_functions_text[] = {
    { STR_INIT("indexOf"), 1, 1, LOOP_NONE, index_of },
    { STR_INIT("lastIndexOf"), 1, 1, LOOP_NONE, last_index_of },
    { STR_INIT("substring"), 1, 2, LOOP_NONE, substring },
    { STR_INIT("startsWith"), 1, 1, LOOP_NONE, starts_with },
    { STR_INIT("endsWith"), 1, 1, LOOP_NONE, ends_with },
    { STR_INIT("contains"), 1, 1, LOOP_NONE, contains },
    { STR_INIT("upper"), 0, 0, LOOP_NONE, upper },
    { STR_INIT("lower"), 0, 0, LOOP_NONE, lower },
    { STR_INIT("replace"), 2, 2, LOOP_NONE, replace },
    { STR_INIT("matches"), 1, 1, LOOP_NONE, matches },
    { STR_INIT("matchesFull"), 1, 1, LOOP_NONE, matches_full },
    { STR_INIT("replaceMatches"), 2, 2, LOOP_NONE, replace_matches },
    { STR_INIT("length"), 0, 0, LOOP_NONE, length },
    { STR_INIT("toChars"), 0, 0, LOOP_NONE, to_chars },
    { STR_INIT("trim"), 0, 0, LOOP_NONE, trim },
    { STR_INIT("split"), 1, 1, LOOP_NONE, split },
    { STR_INIT("join"), 0, 1, LOOP_NONE, join },
    { STR_INIT("encode"), 1, 1, LOOP_NONE, encode },
    { STR_INIT("decode"), 1, 1, LOOP_NONE, decode },
    { STR_INIT("escape"), 1, 1, LOOP_NONE, escape },
    { STR_INIT("unescape"), 1, 1, LOOP_NONE, unescape },
    { { 0 }, 0, 0, LOOP_NONE, NULL },
};
