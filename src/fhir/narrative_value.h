/* Values of attributes in narrative: what narrative.c asks about them, and nobody else. */
#ifndef FHIR_NARRATIVE_VALUE_H
#define FHIR_NARRATIVE_VALUE_H

#include "base/str.h"

/* Characters as XML and CSS class them, whatever the locale. */
static inline bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* Reads "&…;" at the start of s: one of the five names of XML, or a number (the XHTML names such
 * as nbsp are not for FHIR). Gives its code point and length, or false. */
bool narrative_reference(Str s, uint32_t *code, size_t *len);

/* Whether an address to go to has a scheme we know, or none. */
bool narrative_address_allowed(Str value);

/* Whether an address to fetch from leads to a picture: one inside the text that cannot hold a
 * script, or an address without dangerous scheme. */
bool narrative_picture_allowed(Str value);

/* Whether "property: value; …" only colours and arranges. A word without value says nothing and
 * does no harm. */
bool narrative_style_allowed(Str value);

#endif
