/*
 * A small strict reader of the XHTML that narrative may hold: see narrative.h. Everything is an
 * allow-list, because browsers read more into a text than any list of forbidden things foresees.
 * No recursion: open elements lie on a stack. Values of attributes: narrative_value.c.
 */
#include "fhir/narrative.h"

#include <stdio.h>

#include "base/limits.h"
#include "fhir/narrative_value.h"

enum { NAME_CHARS_SHOWN = 32 };

/* The elements of txt-1 and the three of HTML 4 chapters 7 to 9 that its XPath forgets. */
static const Str elements[] = {
    STR_INIT("a"),     STR_INIT("abbr"),     STR_INIT("acronym"), STR_INIT("address"),
    STR_INIT("b"),     STR_INIT("bdo"),      STR_INIT("big"),     STR_INIT("blockquote"),
    STR_INIT("br"),    STR_INIT("caption"),  STR_INIT("cite"),    STR_INIT("code"),
    STR_INIT("col"),   STR_INIT("colgroup"), STR_INIT("dd"),      STR_INIT("dfn"),
    STR_INIT("div"),   STR_INIT("dl"),       STR_INIT("dt"),      STR_INIT("em"),
    STR_INIT("h1"),    STR_INIT("h2"),       STR_INIT("h3"),      STR_INIT("h4"),
    STR_INIT("h5"),    STR_INIT("h6"),       STR_INIT("hr"),      STR_INIT("i"),
    STR_INIT("img"),   STR_INIT("kbd"),      STR_INIT("li"),      STR_INIT("ol"),
    STR_INIT("p"),     STR_INIT("pre"),      STR_INIT("q"),       STR_INIT("samp"),
    STR_INIT("small"), STR_INIT("span"),     STR_INIT("strong"),  STR_INIT("sub"),
    STR_INIT("sup"),   STR_INIT("table"),    STR_INIT("tbody"),   STR_INIT("td"),
    STR_INIT("tfoot"), STR_INIT("th"),       STR_INIT("thead"),   STR_INIT("tr"),
    STR_INIT("tt"),    STR_INIT("ul"),       STR_INIT("var"),
};

typedef enum AttributeKind {
    ATTRIBUTE_PLAIN,
    ATTRIBUTE_ADDRESS, /* of something to go to */
    ATTRIBUTE_SOURCE,  /* of something to fetch */
    ATTRIBUTE_STYLE,
    ATTRIBUTE_NAMESPACE,
} AttributeKind;

typedef struct Attribute {
    Str           name;
    AttributeKind kind;
} Attribute;

/* The attributes of txt-1, the namespace, and the language as XML says it. */
static const Attribute attributes[] = {
    { STR_INIT("abbr"), ATTRIBUTE_PLAIN },        { STR_INIT("accesskey"), ATTRIBUTE_PLAIN },
    { STR_INIT("align"), ATTRIBUTE_PLAIN },       { STR_INIT("alt"), ATTRIBUTE_PLAIN },
    { STR_INIT("axis"), ATTRIBUTE_PLAIN },        { STR_INIT("bgcolor"), ATTRIBUTE_PLAIN },
    { STR_INIT("border"), ATTRIBUTE_PLAIN },      { STR_INIT("cellhalign"), ATTRIBUTE_PLAIN },
    { STR_INIT("cellpadding"), ATTRIBUTE_PLAIN }, { STR_INIT("cellspacing"), ATTRIBUTE_PLAIN },
    { STR_INIT("cellvalign"), ATTRIBUTE_PLAIN },  { STR_INIT("char"), ATTRIBUTE_PLAIN },
    { STR_INIT("charoff"), ATTRIBUTE_PLAIN },     { STR_INIT("charset"), ATTRIBUTE_PLAIN },
    { STR_INIT("cite"), ATTRIBUTE_ADDRESS },      { STR_INIT("class"), ATTRIBUTE_PLAIN },
    { STR_INIT("colspan"), ATTRIBUTE_PLAIN },     { STR_INIT("compact"), ATTRIBUTE_PLAIN },
    { STR_INIT("coords"), ATTRIBUTE_PLAIN },      { STR_INIT("dir"), ATTRIBUTE_PLAIN },
    { STR_INIT("frame"), ATTRIBUTE_PLAIN },       { STR_INIT("headers"), ATTRIBUTE_PLAIN },
    { STR_INIT("height"), ATTRIBUTE_PLAIN },      { STR_INIT("href"), ATTRIBUTE_ADDRESS },
    { STR_INIT("hreflang"), ATTRIBUTE_PLAIN },    { STR_INIT("hspace"), ATTRIBUTE_PLAIN },
    { STR_INIT("id"), ATTRIBUTE_PLAIN },          { STR_INIT("lang"), ATTRIBUTE_PLAIN },
    { STR_INIT("longdesc"), ATTRIBUTE_ADDRESS },  { STR_INIT("name"), ATTRIBUTE_PLAIN },
    { STR_INIT("nowrap"), ATTRIBUTE_PLAIN },      { STR_INIT("rel"), ATTRIBUTE_PLAIN },
    { STR_INIT("rev"), ATTRIBUTE_PLAIN },         { STR_INIT("rowspan"), ATTRIBUTE_PLAIN },
    { STR_INIT("rules"), ATTRIBUTE_PLAIN },       { STR_INIT("scope"), ATTRIBUTE_PLAIN },
    { STR_INIT("shape"), ATTRIBUTE_PLAIN },       { STR_INIT("span"), ATTRIBUTE_PLAIN },
    { STR_INIT("src"), ATTRIBUTE_SOURCE },        { STR_INIT("start"), ATTRIBUTE_PLAIN },
    { STR_INIT("style"), ATTRIBUTE_STYLE },       { STR_INIT("summary"), ATTRIBUTE_PLAIN },
    { STR_INIT("tabindex"), ATTRIBUTE_PLAIN },    { STR_INIT("title"), ATTRIBUTE_PLAIN },
    { STR_INIT("type"), ATTRIBUTE_PLAIN },        { STR_INIT("valign"), ATTRIBUTE_PLAIN },
    { STR_INIT("value"), ATTRIBUTE_PLAIN },       { STR_INIT("vspace"), ATTRIBUTE_PLAIN },
    { STR_INIT("width"), ATTRIBUTE_PLAIN },       { STR_INIT("xml:lang"), ATTRIBUTE_PLAIN },
    { STR_INIT("xmlns"), ATTRIBUTE_NAMESPACE },
};
_Static_assert(COUNT(attributes) <= 64, "attributes of an element are a bit set");

/* XML 1.0, 2.2: the characters a document may hold. */
static bool is_xml_char(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xd800)
           || (c >= 0xe000 && c < 0xfffe) || c >= 0x10000;
}

/* --- the text ---------------------------------------------------------------------------- */

typedef struct Reader {
    Str             text;
    size_t          at;
    NarrativeFault *fault;
    void (*found)(void *context, size_t from, size_t to);
    void   *context;
    size_t  depth;
    uint8_t open[LIMIT_NARRATIVE_DEPTH];
} Reader;

/* Notes the fault as "before name after" and returns false. */
static bool refuse(Reader *r, Fail kind, size_t offset, const char *before, Str name,
                   const char *after)
{
    char   shown[NAME_CHARS_SHOWN + 1];
    size_t len = 0;

    for (; len < name.len && len < NAME_CHARS_SHOWN; len++)
        shown[len] = name.at[len] > ' ' && name.at[len] < 0x7f ? name.at[len] : '?';
    shown[len] = '\0';
    r->fault->fail = kind;
    r->fault->offset = offset;
    snprintf(r->fault->what, sizeof r->fault->what, "%s%s%s", before, shown, after);
    return false;
}

static bool malformed(Reader *r, const char *what)
{
    return refuse(r, FAIL_VALUE, r->at, "the narrative is not well-formed XHTML: ", (Str){ 0 },
                  what);
}

static Str rest(const Reader *r)
{
    return str_skip(r->text, r->at);
}

/* The byte to read next, or -1 at the end. */
static int peek(const Reader *r)
{
    return r->at < r->text.len ? (unsigned char)r->text.at[r->at] : -1;
}

static bool skip_spaces(Reader *r)
{
    size_t from = r->at;

    while (is_space(peek(r)))
        r->at++;
    return r->at > from;
}

static Str take_name(Reader *r)
{
    size_t from = r->at;

    for (int c; (c = peek(r)) >= 0; r->at++)
        if (!is_letter(c) && !is_digit(c) && c != ':' && c != '_' && c != '-' && c != '.'
            && c < 0x80)
            break;
    return str_slice(r->text, from, r->at);
}

/* A stretch of text or of an attribute's value, up to one of the two marks or the end. */
static bool take_chars(Reader *r, char mark, char other_mark)
{
    for (int c; (c = peek(r)) >= 0 && c != mark && c != other_mark; r->at++) {
        if (c == '&') {
            uint32_t code;
            size_t   len;

            if (!narrative_reference(rest(r), &code, &len) || !is_xml_char(code))
                return malformed(r, "'&' must begin a reference to a character");
            r->at += len - 1;
        } else if (c < ' ' && !is_space(c)) {
            return malformed(r, "a control character");
        } else if (c == 0xef
                   && (str_starts(rest(r), STR("\xef\xbf\xbe"))
                       || str_starts(rest(r), STR("\xef\xbf\xbf")))) {
            return malformed(r, "a code point that is not a character");
        } else if (c == ']' && str_starts(rest(r), STR("]]>"))) {
            return malformed(r, "']]>' in text");
        }
    }
    return true;
}

static bool value_allowed(Reader *r, const Attribute *a, Str value, size_t from)
{
    switch (a->kind) {
    case ATTRIBUTE_ADDRESS:
        if (!narrative_address_allowed(value))
            return refuse(r, FAIL_INVARIANT, from, "an address in the attribute ", a->name,
                          " has a scheme that narrative may not use");
        break;
    case ATTRIBUTE_SOURCE:
        if (!narrative_picture_allowed(value))
            return refuse(r, FAIL_INVARIANT, from, "the attribute ", a->name,
                          " must lead to a picture (png, jpeg, gif)");
        break;
    case ATTRIBUTE_STYLE:
        if (!narrative_style_allowed(value))
            return refuse(r, FAIL_INVARIANT, from, "the attribute ", a->name,
                          " may only colour and arrange");
        break;
    case ATTRIBUTE_NAMESPACE:
        if (!str_equal(value, STR("http://www.w3.org/1999/xhtml")))
            return refuse(r, FAIL_INVARIANT, from, "the namespace must be that of XHTML",
                          (Str){ 0 }, "");
        break;
    case ATTRIBUTE_PLAIN: break;
    }
    return true;
}

/* name="value". Adds the attribute's number to the set `seen`. */
static bool take_attribute(Reader *r, uint64_t *seen)
{
    size_t from = r->at, i = 0;
    Str    name = take_name(r), value;
    int    quote;

    while (i < COUNT(attributes) && !str_equal(attributes[i].name, name))
        i++;
    if (name.len == 0)
        return malformed(r, "an element that is not closed");
    if (i == COUNT(attributes))
        return refuse(r, FAIL_INVARIANT, from, "the attribute ", name,
                      " is not allowed in narrative");
    if (*seen >> i & 1)
        return malformed(r, "an attribute given twice");
    *seen |= (uint64_t)1 << i;
    skip_spaces(r);
    if (peek(r) != '=')
        return malformed(r, "an attribute without a value");
    r->at++;
    skip_spaces(r);
    quote = peek(r);
    if (quote != '"' && quote != '\'')
        return malformed(r, "an attribute's value without quotes");
    from = ++r->at;
    if (!take_chars(r, (char)quote, '<'))
        return false;
    if (peek(r) != quote)
        return malformed(r, "an attribute's value that does not end");
    value = str_slice(r->text, from, r->at++);
    if (r->found && (str_equal(name, STR("href")) || str_equal(name, STR("src"))))
        r->found(r->context, from, from + value.len);
    return value_allowed(r, &attributes[i], value, from);
}

static bool has_attribute(uint64_t seen, Str name)
{
    for (size_t i = 0; i < COUNT(attributes); i++)
        if (str_equal(attributes[i].name, name))
            return seen >> i & 1;
    return false;
}

static bool take_element(Reader *r)
{
    size_t   from = r->at++, i = 0;
    Str      name = take_name(r);
    uint64_t seen = 0;
    bool     closed;

    while (i < COUNT(elements) && !str_equal(elements[i], name))
        i++;
    if (name.len == 0)
        return malformed(r, "'<' that begins no element");
    if (i == COUNT(elements))
        return refuse(r, FAIL_INVARIANT, from, "the element <", name,
                      "> is not allowed in narrative");
    if (r->depth == 0 && !str_equal(name, STR("div")))
        return refuse(r, FAIL_INVARIANT, from, "narrative must be one <div>", (Str){ 0 }, "");
    while (skip_spaces(r) && peek(r) != '>' && peek(r) != '/')
        if (!take_attribute(r, &seen))
            return false;
    closed = peek(r) == '/';
    r->at += closed;
    if (peek(r) != '>')
        return malformed(r, "an element that is not closed");
    r->at++;
    if (r->depth == 0 && !has_attribute(seen, STR("xmlns")))
        return refuse(r, FAIL_INVARIANT, from,
                      "the <div> of narrative must name the namespace of XHTML", (Str){ 0 },
                      "");
    if (closed)
        return true;
    if (r->depth == LIMIT_NARRATIVE_DEPTH)
        return refuse(r, FAIL_INVARIANT, from, "elements of narrative are nested too deeply",
                      (Str){ 0 }, "");
    r->open[r->depth++] = (uint8_t)i;
    return true;
}

static bool take_end_tag(Reader *r)
{
    Str name;

    r->at += 2;
    name = take_name(r);
    skip_spaces(r);
    if (peek(r) != '>' || r->depth == 0 || !str_equal(elements[r->open[r->depth - 1]], name))
        return malformed(r, "an end that does not match the element");
    r->at++;
    r->depth--;
    return true;
}

/* A comment that XML and HTML parsers end at the same place. */
static bool take_comment(Reader *r)
{
    Str       inside = str_skip(rest(r), 4);
    ptrdiff_t len = str_find(inside, STR("--"));

    if (len < 0 || !str_starts(str_skip(inside, (size_t)len), STR("-->"))
        || str_starts(inside, STR(">")) || str_starts(inside, STR("-")))
        return malformed(r, "a comment that is not closed or holds '--'");
    for (ptrdiff_t i = 0; i < len; i++)
        if ((unsigned char)inside.at[i] < ' ' && !is_space(inside.at[i]))
            return malformed(r, "a control character in a comment");
    r->at += 4 + (size_t)len + 3;
    return true;
}

static bool take_markup(Reader *r)
{
    if (str_starts(rest(r), STR("<!--")))
        return take_comment(r);
    if (str_starts(rest(r), STR("</")))
        return take_end_tag(r);
    if (str_starts(rest(r), STR("<!")) || str_starts(rest(r), STR("<?")))
        return refuse(r, FAIL_INVARIANT, r->at,
                      "narrative may not hold document types, CDATA or processing instructions",
                      (Str){ 0 }, "");
    return take_element(r);
}

static bool read_all(Reader *r)
{
    skip_spaces(r);
    if (peek(r) != '<')
        return malformed(r, "it must begin with <div>");
    do {
        if (peek(r) == '<' ? !take_markup(r) : !take_chars(r, '<', '<'))
            return false;
        if (peek(r) < 0 && r->depth)
            return malformed(r, "it ends before its elements do");
    } while (r->depth);
    skip_spaces(r);
    if (peek(r) >= 0)
        return malformed(r, "something stands behind the <div>");
    return true;
}

bool narrative_check(Str xhtml, NarrativeFault *fault)
{
    Reader r = { .text = xhtml, .fault = fault };

    return read_all(&r);
}

void narrative_links(Str   xhtml, void (*found)(void *context, size_t from, size_t to),
                     void *context)
{
    NarrativeFault fault;
    Reader         r = { .text = xhtml, .fault = &fault, .found = found, .context = context };

    (void)read_all(&r);
}
