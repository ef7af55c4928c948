/*
 * XML elements -> JSON members, by the definitions: see xml_read.h. One loop with a stack of the
 * elements that are open. Elements of one name that stand side by side are a run: an array, and for
 * primitives a second one for what stands beside the values.
 */
#include "fhir/xml_read.h"

#include "base/limits.h"
#include "codec/json.h"
#include "codec/xml.h"
#include "fhir/definitions.h"

enum { SEEN_WORDS = 4, NAME_CHARS_SHOWN = 64 };

/* An element that becomes an object. */
typedef struct Frame {
    uint32_t       node;
    TypeId         type;
    uint32_t       at, end;       /* the next child, and what is behind the last */
    bool           filled;        /* a member was put */
    const Element *run;           /* whose objects are being put, … */
    uint32_t       item, run_end; /* … the next of them, and what is behind the last */
    bool           item_filled;
    bool           extras; /* they are what stands beside primitives */
    uint32_t       url;    /* an Extension's attribute that was not put yet, or 0 */
    uint64_t       seen[SEEN_WORDS];
} Frame;

typedef struct Reader {
    Call    *call;
    Xml      xml;
    Buf      out;
    size_t   line_from;       /* where the present line of the JSON begins */
    uint32_t place;           /* up to where the lines of the XML were counted, … */
    uint32_t place_line_from; /* … and where the present one begins */
    uint32_t depth;
    Frame    frames[LIMIT_JSON_DEPTH];
} Reader;

static const XmlNode *node_of(const Reader *r, uint32_t i)
{
    return &r->xml.nodes[i];
}

/* "Patient.contact.name", and `name` behind it. */
static Str where(Reader *r, Str name)
{
    Buf out = buf_new(r->call->arena, 128);

    for (uint32_t i = 0; i < r->depth; i++) {
        if (type_is_resource(r->frames[i].type) && i)
            continue;
        buf_put(&out, node_of(r, r->frames[i].node)->name);
        if (i + 1 < r->depth || name.len)
            buf_put_char(&out, '.');
    }
    buf_put(&out, name);
    return buf_str(&out);
}

static Str shown(Str name)
{
    return str_slice(name, 0, NAME_CHARS_SHOWN);
}

/* Notes what is wrong with an element or attribute. */
static Fail refuse(Reader *r, uint32_t node, const char *what)
{
    const XmlNode *n = node_of(r, node);
    uint32_t       line, column, at = n->stray ? n->stray : n->from;

    json_place(r->xml.source, at, &line, &column);
    return fail_at(r->call, FAIL_STRUCTURE, where(r, (Str){ 0 }), line, column, "<%.*s>: %s",
                   STR_ARG(shown(n->name)), what);
}

/* Moves the JSON to the line and, where it is not past it, to the column of an element. */
static void keep_place(Reader *r, uint32_t node)
{
    uint32_t to = node_of(r, node)->from, column;

    for (; r->place < to; r->place++)
        if (r->xml.source.at[r->place] == '\n') {
            buf_put_char(&r->out, '\n');
            r->line_from = r->out.len;
            r->place_line_from = r->place + 1;
        }
    if (to < r->place_line_from)
        return;
    column = to - r->place_line_from;
    while (r->out.len - r->line_from < column)
        buf_put_char(&r->out, ' ');
}

/* --- primitives -------------------------------------------------------------------------- */

static size_t skip_digits(Str s, size_t i)
{
    while (i < s.len && s.at[i] >= '0' && s.at[i] <= '9')
        i++;
    return i;
}

/* RFC 8259 6, which R4's decimal and integers are parts of. */
static bool is_json_number(Str s)
{
    size_t i = s.len && s.at[0] == '-', from = i;

    i = skip_digits(s, i);
    if (i == from || (s.at[from] == '0' && i > from + 1))
        return false;
    if (i < s.len && s.at[i] == '.') {
        from = i + 1;
        i = skip_digits(s, from);
        if (i == from)
            return false;
    }
    if (i < s.len && (s.at[i] == 'e' || s.at[i] == 'E')) {
        from = i + 1;
        from += from < s.len && (s.at[from] == '+' || s.at[from] == '-');
        i = skip_digits(s, from);
        if (i == from)
            return false;
    }
    return i == s.len;
}

static bool is_bare(Primitive primitive, Str text)
{
    switch (primitive) {
    case PRIMITIVE_BOOLEAN:
        return str_equal(text, STR("true")) || str_equal(text, STR("false"));
    case PRIMITIVE_INTEGER:
    case PRIMITIVE_UNSIGNED_INT:
    case PRIMITIVE_POSITIVE_INT:
    case PRIMITIVE_DECIMAL: return is_json_number(text);
    default: return false;
    }
}

/* What is no number is put as a string, so that resource_read() refuses it. */
static void put_primitive(Reader *r, const Element *e, Str text)
{
    if (is_bare((Primitive)structure(e->type)->primitive, text))
        buf_put(&r->out, text);
    else
        buf_put_json_string(&r->out, text);
}

static bool has_extra(const Reader *r, uint32_t node)
{
    return xml_attribute(&r->xml, node, STR("id"))
           || xml_first(&r->xml, node) < node_of(r, node)->after;
}

/* --- objects ----------------------------------------------------------------------------- */

static void put_name(Reader *r, Frame *f, const char *before, Str name)
{
    if (f->filled)
        buf_put_char(&r->out, ',');
    f->filled = true;
    buf_put_char(&r->out, '"');
    buf_put(&r->out, str_from(before));
    buf_put(&r->out, name);
    buf_put(&r->out, STR("\":"));
}

/* An element's own attributes are its id, and an Extension's url; a primitive's value was put
 * already. Those of other namespaces (xsi:schemaLocation) say nothing. */
static Fail put_attributes(Reader *r, Frame *f)
{
    bool primitive = structure(f->type)->kind == STRUCTURE_PRIMITIVE;

    for (uint32_t i = f->node + 1; i < xml_first(&r->xml, f->node); i++) {
        const XmlNode *n = node_of(r, i);
        bool           known = str_equal(n->name, STR("id")) && !type_is_resource(f->type);

        known |= str_equal(n->name, STR("url")) && f->type == TYPE_EXTENSION;
        if (n->space.len || (primitive && str_equal(n->name, STR("value"))))
            continue;
        if (!known)
            return refuse(r, i, "there is no such attribute");
        if (str_equal(n->name, STR("url"))) {
            f->url = i;
            continue;
        }
        put_name(r, f, "", n->name);
        buf_put_json_string(&r->out, n->value);
    }
    return OK;
}

/* In JSON it stands behind the extensions of the extension, as in the definition. */
static void put_url(Reader *r, Frame *f)
{
    if (f->url) {
        put_name(r, f, "", STR("url"));
        buf_put_json_string(&r->out, node_of(r, f->url)->value);
    }
    f->url = 0;
}

static Fail open_object(Reader *r, uint32_t node, TypeId type)
{
    Frame *f;

    if (node_of(r, node)->stray)
        return refuse(r, node, "text may not stand here");
    if (r->depth == LIMIT_JSON_DEPTH)
        return refuse(r, node, "elements are nested deeper than allowed");
    f = &r->frames[r->depth++];
    *f = (Frame){ .node = node,
                  .type = type,
                  .at = xml_first(&r->xml, node),
                  .end = node_of(r, node)->after };
    buf_put_char(&r->out, '{');
    if (type_is_resource(type)) {
        put_name(r, f, "", STR("resourceType"));
        buf_put_json_string(&r->out, type_name(type));
    }
    return put_attributes(r, f);
}

static Fail open_resource(Reader *r, uint32_t node)
{
    TypeId type = type_find(node_of(r, node)->name);

    if (!str_equal(node_of(r, node)->space, STR("http://hl7.org/fhir")))
        return refuse(r, node, "a resource must be of the namespace http://hl7.org/fhir");
    if (!type)
        return refuse(r, node, "there is no such type of resource in FHIR R4");
    return open_object(r, node, type);
}

/* <contained>, <resource> and the like hold one resource. */
static Fail open_wrapped(Reader *r, uint32_t node)
{
    uint32_t inner = xml_first(&r->xml, node);

    if (node_of(r, node)->stray || inner != node + 1)
        return refuse(r, node, "only a resource may stand here");
    if (inner == node_of(r, node)->after || node_of(r, inner)->after != node_of(r, node)->after)
        return refuse(r, node, "one resource must stand here");
    keep_place(r, inner);
    return open_resource(r, inner);
}

/* --- members ----------------------------------------------------------------------------- */

static const Element *find_element(const Frame *f, const XmlNode *n)
{
    const Element *e = structure_element(f->type, n->name);
    bool           narrative = e && structure(e->type)->primitive == PRIMITIVE_XHTML;
    Str  space = narrative ? STR("http://www.w3.org/1999/xhtml") : STR("http://hl7.org/fhir");
    bool attribute = e && (f->type == TYPE_EXTENSION && str_equal(e->name, STR("url")));

    attribute |= e && !type_is_resource(f->type) && str_equal(e->name, STR("id"));
    return e && !attribute && str_equal(n->space, space) ? e : NULL;
}

/* Where the run ends that begins with `node`; none may have been there before. */
static Fail find_run(Reader *r, Frame *f, const Element *e, uint32_t node, uint32_t *end)
{
    uint64_t bit = (uint64_t)1 << (e->order % 64);
    uint32_t i = node, after = node_of(r, node)->after;

    if (f->seen[e->order / 64] & bit)
        return refuse(r, node,
                      e->many ? "elements of the same name must stand side by side"
                              : "this may stand only once");
    f->seen[e->order / 64] |= bit;
    for (; e->many && i < f->end && find_element(f, node_of(r, i)) == e; i = after)
        after = node_of(r, i)->after;
    *end = after;
    return OK;
}

static Fail put_value(Reader *r, const Element *e, uint32_t i)
{
    uint32_t value = xml_attribute(&r->xml, i, STR("value"));

    if (node_of(r, i)->stray)
        return refuse(r, i, "text may not stand here");
    if (!value && !has_extra(r, i))
        return refuse(r, i, "an element must have a value or an extension");
    keep_place(r, i);
    if (value)
        put_primitive(r, e, node_of(r, value)->value);
    else
        buf_put(&r->out, STR("null"));
    return OK;
}

/* The values of a run; what stands beside them follows as a run of objects. */
static Fail put_primitives(Reader *r, Frame *f, const Element *e, uint32_t from, uint32_t end)
{
    bool values = false, extras = false;

    for (uint32_t i = from; i < end; i = node_of(r, i)->after) {
        values |= xml_attribute(&r->xml, i, STR("value")) != 0;
        extras |= has_extra(r, i);
    }
    if (values || !extras) {
        put_name(r, f, "", e->name);
        if (e->many)
            buf_put_char(&r->out, '[');
        for (uint32_t i = from; i < end; i = node_of(r, i)->after) {
            if (i > from)
                buf_put_char(&r->out, ',');
            TRY(put_value(r, e, i));
        }
        if (e->many)
            buf_put_char(&r->out, ']');
    }
    if (extras) {
        put_name(r, f, "_", e->name);
        f->run = e;
        f->extras = true;
    }
    return OK;
}

/* The bytes between the tags' outer brackets, as they stand. */
static Fail put_narrative(Reader *r, Frame *f, const Element *e, uint32_t i)
{
    const XmlNode *n = node_of(r, i);
    Str            text = str_slice(r->xml.source, n->from, n->to), tag, behind;

    if (n->prefixed || !str_cut(text, '>', &tag, &behind) || str_find(tag, STR("xmlns=")) < 0)
        return refuse(r, i, "narrative must declare xmlns=\"http://www.w3.org/1999/xhtml\"");
    put_name(r, f, "", e->name);
    buf_put_json_string(&r->out, text);
    return OK;
}

static Fail take_member(Reader *r, Frame *f)
{
    uint32_t       from = f->at, end;
    const Element *e = find_element(f, node_of(r, from));
    StructureKind  kind;

    if (!e)
        return refuse(r, from, "there is no such element here");
    TRY(find_run(r, f, e, from, &end));
    f->at = end;
    f->item = from;
    f->run_end = end;
    f->item_filled = f->extras = false;
    kind = (StructureKind)structure(e->type)->kind;
    if (!str_equal(e->name, STR("extension")))
        put_url(r, f);
    keep_place(r, from);
    if (structure(e->type)->primitive == PRIMITIVE_XHTML)
        return put_narrative(r, f, e, from);
    if (kind == STRUCTURE_PRIMITIVE) {
        TRY(put_primitives(r, f, e, from, end));
    } else {
        put_name(r, f, "", e->name);
        f->run = e;
    }
    if (f->run && e->many)
        buf_put_char(&r->out, '[');
    return OK;
}

static Fail take_item(Reader *r, Frame *f)
{
    const Element *e = f->run;
    uint32_t       i = f->item;

    if (i == f->run_end) {
        if (e->many)
            buf_put_char(&r->out, ']');
        f->run = NULL;
        return OK;
    }
    f->item = node_of(r, i)->after;
    if (f->item_filled)
        buf_put_char(&r->out, ',');
    f->item_filled = true;
    if (f->extras && !has_extra(r, i)) {
        buf_put(&r->out, STR("null"));
        return OK;
    }
    keep_place(r, i);
    if (e->type == TYPE_RESOURCE)
        return open_wrapped(r, i);
    return open_object(r, i, e->type);
}

Fail xml_read_resource(Call *c, Str bytes, uint32_t values_max, Str *json)
{
    Reader *r = NEW(c->arena, Reader);

    r->call = c;
    TRY(xml_parse(c, bytes, values_max, &r->xml));
    r->out = buf_new(c->arena, bytes.len);
    keep_place(r, 0);
    TRY(open_resource(r, 0));
    while (r->depth) {
        Frame *f = &r->frames[r->depth - 1];

        if (f->run) {
            TRY(take_item(r, f));
        } else if (f->at < f->end) {
            TRY(take_member(r, f));
        } else {
            put_url(r, f);
            buf_put_char(&r->out, '}');
            r->depth--;
        }
    }
    *json = buf_str(&r->out);
    return OK;
}
