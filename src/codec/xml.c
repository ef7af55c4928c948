/*
 * XML on libxml2: see xml.h. The only file that knows libxml2, which checks the grammar and calls
 * back for each tag. A scan before it counts tags and attributes, so that the caps hold before
 * memory is spent; nothing is allocated and nothing fails while libxml2 is at work.
 */
#include "codec/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>

#include "base/limits.h"
#include "codec/json.h"

enum { DEPTH_MAX = LIMIT_JSON_DEPTH + LIMIT_NARRATIVE_DEPTH };

typedef struct Gather {
    xmlParserCtxt *parser;
    Str            source;
    XmlNode       *nodes;
    char          *values;
    size_t         count, room, value_len, value_room;
    uint32_t       depth;
    uint32_t       open[DEPTH_MAX];
    Fail           result; /* the first fault, … */
    size_t         place;  /* … where it is, … */
    const char    *what;   /* … and what */
} Gather;

static bool refuse(Gather *g, Fail kind, size_t place, const char *what)
{
    if (g->result == OK) {
        g->result = kind;
        g->place = place;
        g->what = what;
    }
    return false;
}

/* --- before ------------------------------------------------------------------------------ */

/* What follows `mark` in the source from `at` on, or its end. */
static size_t behind(Str source, size_t at, Str mark)
{
    ptrdiff_t found = str_find(str_skip(source, at), mark);

    return found < 0 ? source.len : at + (size_t)found + mark.len;
}

/* Counts one start tag, which begins at `at`, and steps over it. libxml2 compares the attributes
 * of an element each with each, so they are few. */
static bool scan_tag(Gather *g, size_t *at)
{
    Str      s = g->source;
    size_t   from = *at, i = from + 1;
    unsigned attributes = 0;

    for (; i < s.len && s.at[i] != '>'; i++) {
        const char *close;

        if (s.at[i] != '"' && s.at[i] != '\'') {
            attributes += s.at[i] == '=';
            continue;
        }
        close = memchr(s.at + i + 1, s.at[i], s.len - i - 1);
        if (!close)
            break;
        g->value_room += (size_t)(close - s.at) - i - 1;
        i = (size_t)(close - s.at);
    }
    g->room += 1 + attributes;
    *at = i;
    return attributes <= LIMIT_XML_ATTRIBUTES
           || refuse(g, FAIL_TOO_COSTLY, from, "an element has more attributes than allowed");
}

static bool scan(Gather *g, uint32_t elements_max)
{
    static const struct {
        Str begin, end;
    } passed[] = {
        { STR_INIT("<!--"), STR_INIT("-->") },
        { STR_INIT("<![CDATA["), STR_INIT("]]>") },
        { STR_INIT("<?"), STR_INIT("?>") },
        { STR_INIT("</"), STR_INIT(">") },
    };
    uint32_t    elements = 0;
    size_t      at = 0, k;
    const char *tag;

    while (at < g->source.len && (tag = memchr(g->source.at + at, '<', g->source.len - at))) {
        at = (size_t)(tag - g->source.at);
        for (k = 0; k < COUNT(passed); k++)
            if (str_starts(str_skip(g->source, at), passed[k].begin))
                break;
        if (k < COUNT(passed))
            at = behind(g->source, at + passed[k].begin.len, passed[k].end);
        else if (str_starts(str_skip(g->source, at), STR("<!")))
            return refuse(g, FAIL_SYNTAX, at, "a document type declaration is not allowed");
        else if (++elements > elements_max)
            return refuse(g, FAIL_TOO_COSTLY, at, "there are more elements than allowed");
        else if (!scan_tag(g, &at))
            return false;
    }
    return true;
}

/* Whatever a declaration says, it is to be UTF-8: other encodings have NUL bytes, or no '<' where
 * a document begins. */
static bool is_utf8_document(Gather *g)
{
    Str  s = str_starts(g->source, STR("\xef\xbb\xbf")) ? str_skip(g->source, 3) : g->source;
    bool right = str_starts(str_trim(s), STR("<")) && !memchr(s.at, 0, s.len);

    return right || refuse(g, FAIL_SYNTAX, 0, "this is not an XML document in UTF-8");
}

/* --- what libxml2 calls ------------------------------------------------------------------ */

static size_t place_of(Gather *g)
{
    long at = xmlByteConsumed(g->parser);

    return at < 0 ? 0 : (size_t)at > g->source.len ? g->source.len : (size_t)at;
}

static void stop(Gather *g, Fail kind, const char *what)
{
    refuse(g, kind, place_of(g), what);
    xmlStopParser(g->parser);
}

static Str text_of(const xmlChar *text)
{
    return str_from((const char *)text);
}

/* A text copied; of libxml2's making is "&#38;" for each ampersand, as entities are not replaced. */
static size_t copy_value(char *to, Str from)
{
    size_t    len = 0;
    ptrdiff_t next;

    while ((next = str_find(from, STR("&#38;"))) >= 0) {
        memcpy(to + len, from.at, (size_t)next + 1);
        len += (size_t)next + 1;
        from = str_skip(from, (size_t)next + sizeof "&#38;" - 1);
    }
    if (from.len)
        memcpy(to + len, from.at, from.len);
    return len + from.len;
}

/* libxml2 gives five pointers for each: name, prefix, namespace, the value's begin and end. */
static bool add_attribute(Gather *g, const xmlChar **parts, uint32_t from)
{
    size_t len = (size_t)(parts[4] - parts[3]);

    if (g->count == g->room || len > g->value_room - g->value_len)
        return false;
    len = copy_value(g->values + g->value_len, (Str){ (const char *)parts[3], len });
    g->nodes[g->count] = (XmlNode){
        .kind = XML_KIND_ATTRIBUTE,
        .name = text_of(parts[0]),
        .space = text_of(parts[2]),
        .prefixed = parts[1] != NULL,
        .value = { g->values + g->value_len, len },
        .from = from,
        .after = (uint32_t)g->count + 1,
    };
    g->count++;
    g->value_len += len;
    return true;
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix,
                     const xmlChar *space, int space_count, const xmlChar **spaces,
                     int attribute_count, int defaulted, const xmlChar **attributes)
{
    Gather     *g = context;
    const char *tag = memrchr(g->source.at, '<', place_of(g));
    uint32_t    from = tag ? (uint32_t)(tag - g->source.at) : 0;

    (void)spaces;
    (void)defaulted;
    if (g->depth == DEPTH_MAX || g->count == g->room || space_count > LIMIT_XML_ATTRIBUTES) {
        stop(g, FAIL_TOO_COSTLY, "elements are nested deeper than allowed");
        return;
    }
    g->open[g->depth++] = (uint32_t)g->count;
    g->nodes[g->count++] = (XmlNode){
        .kind = XML_KIND_ELEMENT,
        .name = text_of(name),
        .space = text_of(space),
        .prefixed = prefix != NULL,
        .from = from,
    };
    for (int i = 0; i < attribute_count; i++)
        if (!add_attribute(g, attributes + 5 * (size_t)i, from)) {
            stop(g, FAIL_SYNTAX, "this start tag is not well-formed");
            return;
        }
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix,
                   const xmlChar *space)
{
    Gather  *g = context;
    XmlNode *n;

    (void)name;
    (void)prefix;
    (void)space;
    if (g->depth == 0)
        return;
    n = &g->nodes[g->open[--g->depth]];
    n->to = (uint32_t)place_of(g);
    n->after = (uint32_t)g->count;
}

static void on_text(void *context, const xmlChar *text, int len)
{
    Gather *g = context;

    if (g->depth && !g->nodes[g->open[g->depth - 1]].stray
        && str_trim((Str){ (const char *)text, (size_t)len }).len)
        g->nodes[g->open[g->depth - 1]].stray = (uint32_t)place_of(g);
}

static void on_doctype(void *context, const xmlChar *name, const xmlChar *public_id,
                       const xmlChar *system_id)
{
    (void)name;
    (void)public_id;
    (void)system_id;
    stop(context, FAIL_SYNTAX, "a document type declaration is not allowed");
}

#if LIBXML_VERSION >= 21200
static void on_error(void *context, const xmlError *error)
#else
static void on_error(void *context, xmlError *error)
#endif
{
    static const struct {
        int         code;
        const char *what;
    } known[] = {
        { XML_ERR_TAG_NAME_MISMATCH, "an end tag does not fit the start tag" },
        { XML_ERR_TAG_NOT_FINISHED, "an element is not closed" },
        { XML_ERR_UNDECLARED_ENTITY, "only the five entities of XML itself are known" },
        { XML_ERR_ATTRIBUTE_REDEFINED, "an attribute is given twice" },
        { XML_ERR_INVALID_CHAR, "a character is not allowed in XML" },
        { XML_ERR_INVALID_ENCODING, "this is not UTF-8" },
        { XML_ERR_DOCUMENT_END, "nothing may follow the document" },
        { XML_NS_ERR_UNDEFINED_NAMESPACE, "a prefix is not declared" },
    };
    Gather     *g = context;
    const char *what = "this is not well-formed XML";

    if (error->level < XML_ERR_ERROR)
        return;
    for (size_t i = 0; i < COUNT(known); i++)
        if (known[i].code == error->code)
            what = known[i].what;
    stop(g, FAIL_SYNTAX, what);
}

/* --- the whole --------------------------------------------------------------------------- */

static void release(void *parser)
{
    xmlFreeParserCtxt(parser);
}

static bool run(Call *c, Gather *g)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, xmlInitParser);
    g->parser = xmlCreateMemoryParserCtxt(g->source.at, (int)g->source.len);
    if (!g->parser)
        return refuse(g, FAIL_SYNTAX, 0, "this is not an XML document");
    arena_defer(c->arena, release, g->parser);
    *g->parser->sax = (xmlSAXHandler){
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .internalSubset = on_doctype,
        .serror = on_error,
    };
    g->parser->userData = g;
    xmlCtxtUseOptions(g->parser, XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_IGNORE_ENC);
    xmlParseDocument(g->parser);
    g->parser->userData = NULL;
    if (!g->parser->wellFormed || g->depth || g->count == 0)
        return refuse(g, FAIL_SYNTAX, place_of(g), "this is not well-formed XML");
    return g->result == OK;
}

static Fail report(Call *c, const Gather *g)
{
    uint32_t line, column;

    json_place(g->source, (uint32_t)g->place, &line, &column);
    return fail_at(c, g->result, (Str){ 0 }, line, column, "%s", g->what);
}

Fail xml_parse(Call *c, Str bytes, uint32_t elements_max, Xml *out)
{
    Gather *g = NEW(c->arena, Gather);

    g->source = bytes;
    if (bytes.len > INT32_MAX)
        return fail(c, FAIL_TOO_LARGE, (Str){ 0 }, "the document is longer than allowed");
    if (!is_utf8_document(g) || !scan(g, elements_max))
        return report(c, g);
    g->nodes = arena_alloc_raw(c->arena, (g->room + 1) * sizeof *g->nodes);
    g->values = arena_alloc_raw(c->arena, g->value_room + 1);
    if (!run(c, g))
        return report(c, g);
    *out = (Xml){ .source = bytes, .nodes = g->nodes, .count = (uint32_t)g->count };
    return OK;
}

uint32_t xml_attribute(const Xml *xml, uint32_t element, Str name)
{
    for (uint32_t i = element + 1;
         i < xml->nodes[element].after && xml->nodes[i].kind == XML_KIND_ATTRIBUTE; i++)
        if (xml->nodes[i].space.len == 0 && str_equal(xml->nodes[i].name, name))
            return i;
    return 0;
}

uint32_t xml_first(const Xml *xml, uint32_t element)
{
    uint32_t i = element + 1;

    while (i < xml->nodes[element].after && xml->nodes[i].kind == XML_KIND_ATTRIBUTE)
        i++;
    return i;
}

/* U+FFFE and U+FFFF are the only ones of UTF-8 above the controls that XML lacks. */
static bool is_noncharacter(Str s, size_t i)
{
    return s.len - i >= 3 && memcmp(s.at + i, "\xef\xbf", 2) == 0
           && (unsigned char)s.at[i + 2] >= 0xbe;
}

bool xml_put_value(Buf *out, Str text)
{
    static const Str written[256] = {
        ['\t'] = STR_INIT("&#9;"),  ['\n'] = STR_INIT("&#10;"), ['\r'] = STR_INIT("&#13;"),
        ['"'] = STR_INIT("&quot;"), ['&'] = STR_INIT("&amp;"),  ['<'] = STR_INIT("&lt;"),
        ['>'] = STR_INIT("&gt;"),
    };
    size_t clean = 0;

    buf_put_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char ch = (unsigned char)text.at[i];

        if (written[ch].len) {
            buf_put(out, str_slice(text, clean, i));
            buf_put(out, written[ch]);
            clean = i + 1;
        } else if (ch < ' ' || (ch == 0xef && is_noncharacter(text, i))) {
            return false;
        }
    }
    buf_put(out, str_skip(text, clean));
    buf_put_char(out, '"');
    return true;
}
