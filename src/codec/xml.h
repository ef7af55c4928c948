/*
 * XML 1.0 with namespaces, read strictly into one flat array of elements and attributes, in document
 * order. Every element knows its bytes in the source. Comments and processing instructions are
 * passed over; of text only where it first stands is kept.
 *
 * Refused, each with line and column: what is not well-formed, a document type declaration (so
 * there are no entities but the five of XML itself, and nothing is ever fetched), anything but
 * UTF-8, more nesting, elements or attributes than base/limits.h allows. No recursion.
 */
#ifndef CODEC_XML_H
#define CODEC_XML_H

#include "base/buf.h"
#include "base/call.h"

typedef enum XmlKind {
    XML_KIND_ELEMENT,
    XML_KIND_ATTRIBUTE, /* declarations of namespaces are none */
} XmlKind;

typedef struct XmlNode {
    Str      name;  /* without prefix */
    Str      space; /* the URI of its namespace, or empty */
    Str      value; /* of an attribute, references replaced */
    uint32_t from,
        to; /* an element's bytes in the source, tags included; an attribute's element's */
    uint32_t after;    /* index of the node behind this one and all that is inside it */
    uint32_t stray;    /* where text other than white space stands directly in it, or 0 */
    uint8_t  kind;     /* XmlKind */
    bool     prefixed; /* its name has a prefix */
} XmlNode;

/* An element's attributes are the first of what is inside it. */
typedef struct Xml {
    Str            source;
    const XmlNode *nodes; /* [0] is the root */
    uint32_t       count;
} Xml;

/* Parses a whole document. `bytes` must outlive the result. Failure: FAIL_SYNTAX, FAIL_TOO_COSTLY
 * (depth, elements, attributes), with the place. */
Fail xml_parse(Call *c, Str bytes, uint32_t elements_max, Xml *out) MUST_USE;

/* The attribute without namespace of that name of the element at `element`, or 0. */
uint32_t xml_attribute(const Xml *xml, uint32_t element, Str name);

/* The first element inside the one at `element`, or what is behind it. */
uint32_t xml_first(const Xml *xml, uint32_t element);

/* The text as the value of an attribute, quotes included. False if it holds a character that XML
 * cannot (XML 1.0, 2.2). */
bool xml_put_value(Buf *out, Str text);

#endif
