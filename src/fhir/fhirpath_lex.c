/* Taking an expression apart into words: see fhirpath_lex.h. */
#include "fhir/fhirpath_lex.h"

#include "base/buf.h"

Fail lexer_fail(Lexer *l, uint32_t at, const char *what)
{
    uint32_t line, column;

    json_place(l->source, at, &line, &column);
    return fail_at(l->call, FAIL_SYNTAX, (Str){ 0 }, line, column, "FHIRPath: %s", what);
}

static char peek(const Lexer *l, size_t ahead)
{
    return l->at + ahead < l->source.len ? l->source.at[l->at + ahead] : 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Passes over white space and comments. False if a comment has no end. */
static bool skip_blank(Lexer *l)
{
    for (;;) {
        char c = peek(l, 0);

        if (l->at < l->source.len && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
            l->at++;
        } else if (c == '/' && peek(l, 1) == '/') {
            while (l->at < l->source.len && peek(l, 0) != '\n' && peek(l, 0) != '\r')
                l->at++;
        } else if (c == '/' && peek(l, 1) == '*') {
            ptrdiff_t end = str_find(str_skip(l->source, l->at + 2), STR("*/"));

            if (end < 0)
                return false;
            l->at += (size_t)end + 4;
        } else {
            return true;
        }
    }
}

/* --- quoted ------------------------------------------------------------------------------ */

static void put_utf8(Buf *out, uint32_t code)
{
    if (code < 0x80) {
        buf_put_char(out, (char)code);
    } else if (code < 0x800) {
        buf_put_char(out, (char)(0xC0 | code >> 6));
        buf_put_char(out, (char)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        buf_put_char(out, (char)(0xE0 | code >> 12));
        buf_put_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
        buf_put_char(out, (char)(0x80 | (code & 0x3F)));
    } else {
        buf_put_char(out, (char)(0xF0 | code >> 18));
        buf_put_char(out, (char)(0x80 | (code >> 12 & 0x3F)));
        buf_put_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
        buf_put_char(out, (char)(0x80 | (code & 0x3F)));
    }
}

static bool read_hex(const Lexer *l, size_t at, uint32_t *out)
{
    uint32_t code = 0;

    for (size_t i = 0; i < 4; i++) {
        char c = at + i < l->source.len ? l->source.at[at + i] : 0;
        int  digit = is_digit(c)              ? c - '0'
                     : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                     : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                              : -1;

        if (digit < 0)
            return false;
        code = code * 16 + (uint32_t)digit;
    }
    *out = code;
    return true;
}

/* \uXXXX, or two of them that are a surrogate pair. */
static bool read_unicode(Lexer *l, Buf *out)
{
    uint32_t code, low;

    if (!read_hex(l, l->at + 1, &code))
        return false;
    l->at += 5;
    if (code >= 0xD800 && code < 0xDC00 && peek(l, 0) == '\\' && peek(l, 1) == 'u'
        && read_hex(l, l->at + 2, &low) && low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        l->at += 6;
    }
    if (code == 0 || (code >= 0xD800 && code < 0xE000))
        return false;
    put_utf8(out, code);
    return true;
}

static bool read_escape(Lexer *l, Buf *out)
{
    static const char from[] = "'\"`\\/rntf", to[] = "'\"`\\/\r\n\t\f";
    const char       *found;

    if (peek(l, 0) == 'u')
        return read_unicode(l, out);
    found = peek(l, 0) ? strchr(from, peek(l, 0)) : NULL;
    if (!found)
        return false;
    buf_put_char(out, to[found - from]);
    l->at++;
    return true;
}

static Fail read_quoted(Lexer *l, LexKind kind)
{
    uint32_t from = (uint32_t)l->at;
    char     quote = peek(l, 0);
    Buf      out = buf_new(l->keep, 32);

    for (l->at++; l->at < l->source.len && peek(l, 0) != quote;) {
        if (peek(l, 0) != '\\') {
            buf_put_char(&out, l->source.at[l->at++]);
            continue;
        }
        l->at++;
        if (!read_escape(l, &out))
            return lexer_fail(l, (uint32_t)l->at - 1, "there is no such escape");
    }
    if (l->at >= l->source.len)
        return lexer_fail(l, from, "a quotation has no end");
    l->at++;
    l->now.kind = (uint8_t)kind;
    l->now.text = buf_str(&out);
    return OK;
}

/* --- the rest ---------------------------------------------------------------------------- */

static void read_word(Lexer *l)
{
    size_t from = l->at;

    while (is_letter(peek(l, 0)) || is_digit(peek(l, 0)))
        l->at++;
    l->now.text = str_slice(l->source, from, l->at);
}

static void read_number(Lexer *l)
{
    size_t from = l->at;

    while (is_digit(peek(l, 0)))
        l->at++;
    if (peek(l, 0) == '.' && is_digit(peek(l, 1)))
        for (l->at++; is_digit(peek(l, 0));)
            l->at++;
    l->now.kind = LEX_NUMBER;
    l->now.text = str_slice(l->source, from, l->at);
}

/* hh, :mm, :ss and a fraction, as far as they stand there. */
static void pass_clock(Lexer *l)
{
    while (is_digit(peek(l, 0)) || (peek(l, 0) == ':' && is_digit(peek(l, 1)))
           || (peek(l, 0) == '.' && is_digit(peek(l, 1))))
        l->at++;
}

static Fail read_time(Lexer *l)
{
    size_t from = ++l->at;

    if (peek(l, 0) == 'T') {
        l->at++;
        from++;
        pass_clock(l);
        l->now.kind = LEX_TIME;
    } else {
        while (is_digit(peek(l, 0)) || (peek(l, 0) == '-' && is_digit(peek(l, 1))))
            l->at++;
        l->now.kind = LEX_DATE;
        if (peek(l, 0) == 'T') {
            l->now.kind = LEX_DATE_TIME;
            l->at++;
            pass_clock(l);
            if (peek(l, 0) == 'Z') {
                l->at++;
            } else if ((peek(l, 0) == '+' || peek(l, 0) == '-') && is_digit(peek(l, 1))
                       && is_digit(peek(l, 2)) && peek(l, 3) == ':') {
                l->at += 3;
                pass_clock(l);
            }
        }
    }
    l->now.text = str_slice(l->source, from, l->at);
    return OK;
}

static Fail read_percent(Lexer *l)
{
    l->at++;
    l->now.kind = LEX_PERCENT;
    if (peek(l, 0) == '`' || peek(l, 0) == '\'')
        return read_quoted(l, LEX_PERCENT);
    read_word(l);
    if (l->now.text.len == 0)
        return lexer_fail(l, l->now.from, "'%%' needs a name behind it");
    return OK;
}

static Fail read_mark(Lexer *l)
{
    static const Str marks[] = {
        STR_INIT("<="), STR_INIT(">="), STR_INIT("!="), STR_INIT("!~"), STR_INIT("("),
        STR_INIT(")"),  STR_INIT("["),  STR_INIT("]"),  STR_INIT("{"),  STR_INIT("}"),
        STR_INIT("."),  STR_INIT(","),  STR_INIT("+"),  STR_INIT("-"),  STR_INIT("*"),
        STR_INIT("/"),  STR_INIT("|"),  STR_INIT("&"),  STR_INIT("="),  STR_INIT("~"),
        STR_INIT("<"),  STR_INIT(">"),
    };

    for (size_t i = 0; i < COUNT(marks); i++)
        if (str_starts(str_skip(l->source, l->at), marks[i])) {
            l->now.kind = LEX_MARK;
            l->now.text = marks[i];
            l->at += marks[i].len;
            return OK;
        }
    return lexer_fail(l, l->now.from, "this character has no meaning here");
}

static Fail read_one(Lexer *l)
{
    char c = peek(l, 0);

    if (is_letter(c)) {
        l->now.kind = LEX_WORD;
        read_word(l);
        return OK;
    }
    if (is_digit(c)) {
        read_number(l);
        return OK;
    }
    if (c == '\'')
        return read_quoted(l, LEX_STRING);
    if (c == '`')
        return read_quoted(l, LEX_QUOTED_WORD);
    if (c == '@')
        return read_time(l);
    if (c == '%')
        return read_percent(l);
    if (c == '$') {
        l->at++;
        read_word(l);
        l->now.kind = LEX_DOLLAR;
        return OK;
    }
    return read_mark(l);
}

Fail lexer_next(Lexer *l)
{
    size_t from = l->at;

    if (!skip_blank(l))
        return lexer_fail(l, (uint32_t)from, "a comment has no end");
    l->now = (Lex){ .kind = LEX_END, .from = (uint32_t)l->at };
    if (l->at < l->source.len)
        TRY(read_one(l));
    l->now.to = (uint32_t)l->at;
    return OK;
}
