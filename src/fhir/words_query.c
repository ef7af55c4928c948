/* What a search asks of words: read into one form, and held against words. See words.h. */
#include "base/buf.h"
#include "base/limits.h"
#include "fhir/words.h"

enum { PARENTHESES_MAX = 16, SHOWN = 20 };

typedef struct Reading {
    Call    *call;
    Str      where;
    Str      text, rest;
    Buf      out;
    uint32_t open, words;
    bool     after; /* a word, or what stands in parentheses, came before */
} Reading;

static Fail wrong(Reading *r, Str rest, const char *expected)
{
    return fail(r->call, FAIL_VALUE, r->where, "expected %s at \"%.*s\"", expected,
                STR_ARG(str_slice(rest, 0, rest.len < SHOWN ? rest.len : SHOWN)));
}

static void put(Reading *r, Str word)
{
    if (r->out.len)
        buf_put_char(&r->out, ' ');
    buf_put(&r->out, word);
}

static void put_operand(Reading *r, Str word)
{
    if (r->after)
        put(r, STR("AND"));
    put(r, word);
    r->after = true;
}

static Fail take_words(Reading *r, Str chunk)
{
    Str rest = words_fold(r->call->arena, chunk), word;

    while (str_next(&rest, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (++r->words > LIMIT_TEXT_WORDS)
            return fail(r->call, FAIL_TOO_COSTLY, r->where,
                        "more than %d words (LIMIT_TEXT_WORDS)", LIMIT_TEXT_WORDS);
        put_operand(r, words_cut(word));
    }
    return OK;
}

/* "and", "or": true if it was one, in whatever case. */
static Fail take_operator(Reading *r, Str chunk, bool *taken)
{
    bool both = str_equal_ascii_nocase(chunk, STR("and"));
    bool either = str_equal_ascii_nocase(chunk, STR("or"));

    if (str_equal_ascii_nocase(chunk, STR("not")))
        return fail(r->call, FAIL_NOT_SUPPORTED, r->where,
                    "words that must not be there cannot be asked for");
    *taken = both || either;
    if (*taken && (!r->after || r->rest.len == 0))
        return wrong(r, chunk, "words on both sides");
    if (either) {
        put(r, STR("OR"));
        r->after = false;
    }
    return OK;
}

static Fail take_chunk(Reading *r)
{
    Str    begin = r->rest, chunk;
    size_t end = 0;
    bool   taken = false;

    while (end < r->rest.len && !memchr(" \t\r\n()\"*", r->rest.at[end], 8))
        end++;
    chunk = str_slice(r->rest, 0, end);
    r->rest = str_skip(r->rest, end);
    TRY(take_operator(r, chunk, &taken));
    if (taken)
        return OK;
    TRY(take_words(r, chunk));
    if (!str_starts(r->rest, STR("*")))
        return OK;
    r->rest = str_skip(r->rest, 1);
    if (!end || !words_fold(r->call->arena, chunk).len
        || (r->rest.len && !memchr(" \t\r\n()", r->rest.at[0], 6)))
        return wrong(r, begin, "a '*' at the end of a word");
    put(r, STR("*"));
    return OK;
}

static Fail open_parenthesis(Reading *r)
{
    if (++r->open > PARENTHESES_MAX)
        return fail(r->call, FAIL_TOO_COSTLY, r->where,
                    "more than %d parentheses in each other", PARENTHESES_MAX);
    put_operand(r, STR("("));
    r->after = false;
    return OK;
}

static Fail close_parenthesis(Reading *r, Str at)
{
    if (!r->open || !r->after)
        return wrong(r, at, r->open ? "a word" : "an opening '('");
    r->open--;
    put(r, STR(")"));
    return OK;
}

static Fail take(Reading *r)
{
    Str at = r->rest;

    switch (at.at[0]) {
    case ' ':
    case '\t':
    case '\r':
    case '\n': r->rest = str_skip(at, 1); return OK;
    case '"':
        return fail(r->call, FAIL_NOT_SUPPORTED, r->where,
                    "phrases are not offered; without the '\"' all the words must be there");
    case '(': r->rest = str_skip(at, 1); return open_parenthesis(r);
    case ')': r->rest = str_skip(at, 1); return close_parenthesis(r, at);
    default: return take_chunk(r);
    }
}

Fail words_query(Call *c, Str where, Str text, Str *out)
{
    Reading r = { .call = c, .where = where, .text = text, .rest = text };

    r.out = buf_new(c->arena, text.len + 64);
    while (r.rest.len)
        TRY(take(&r));
    if (r.open)
        return wrong(&r, r.rest, "a closing ')'");
    if (!r.words)
        return fail(c, FAIL_VALUE, where, "only punctuation; expected words");
    if (!r.after)
        return wrong(&r, r.rest, "words on both sides");
    *out = buf_str(&r.out);
    return OK;
}

/* ---- held against words ---- */

static bool has_in(Str words, Str wanted, bool beginning)
{
    Str word;

    while (str_next(&words, ' ', &word))
        if (beginning ? str_starts(word, wanted) : str_equal(word, wanted))
            return true;
    return false;
}

/* What is open: alternatives so far, and what must hold together now. */
typedef struct Frame {
    bool any, all;
} Frame;

bool words_match(const ResourceWords *words, Str query, bool narrative)
{
    Frame    frames[PARENTHESES_MAX + 1] = { { false, true } };
    uint32_t open = 0;
    Str      word;

    while (str_next(&query, ' ', &word)) {
        Frame *f = &frames[open];
        bool   beginning;

        if (str_equal(word, STR("AND")))
            continue;
        if (str_equal(word, STR("OR"))) {
            *f = (Frame){ f->any || f->all, true };
        } else if (str_equal(word, STR("("))) {
            frames[++open] = (Frame){ false, true };
        } else if (str_equal(word, STR(")"))) {
            frames[--open].all &= f->any || f->all;
        } else {
            beginning = str_equal(query, STR("*")) || str_starts(query, STR("* "));
            if (beginning)
                query = str_skip(query, query.len > 1 ? 2 : 1);
            f->all &= has_in(words->narrative, word, beginning)
                      || (!narrative && has_in(words->rest, word, beginning));
            if (beginning && query.len == 0)
                break;
        }
    }
    return frames[0].any || frames[0].all;
}
