/*
 * JSON (RFC 8259) read strictly into one flat array, in document order. Nothing is converted:
 * numbers stay the digits that were sent, and every value knows its bytes in the source, so
 * that a change can be spliced in without touching its neighbours.
 *
 * Refused, each with line and column: bad UTF-8, NUL and lone surrogates, duplicate keys,
 * trailing commas, comments, NaN, more nesting, values or digits than base/limits.h allows,
 * anything behind the document. A byte order mark in front is tolerated. No recursion.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/buf.h"
#include "base/call.h"

typedef enum JsonKind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
} JsonKind;

typedef struct JsonValue {
    Str      key;      /* the member's name where the parent is an object, unescaped */
    Str      text;     /* string: unescaped content; number and literals: as they stand */
    uint32_t key_from; /* where the key's opening quote stands in the source */
    uint32_t from, to; /* the value's bytes in the source, quotes or brackets included */
    uint32_t after;    /* index of the value behind this one and all that is inside it */
    uint32_t count;    /* members or items directly inside */
    uint8_t  kind;     /* JsonKind */
} JsonValue;

/* A byte of the source as people count. */
typedef struct JsonPlace {
    uint32_t offset, line, column;
} JsonPlace;

typedef struct Json {
    Str              source;
    const JsonValue *values; /* [0] is the whole document */
    uint32_t         count;
    JsonPlace       *counted; /* how far json_place_next() has come */
} Json;

/* Parses a whole document. `bytes` must outlive the result (it is pointed into, not changed).
 * Failure: FAIL_SYNTAX, FAIL_TOO_COSTLY (depth, values), with the place. */
Fail json_parse(Call *c, Str bytes, uint32_t values_max, Json *out) MUST_USE;

/* The children of values[i] are i + 1, then values[i + 1].after, … while below
 * values[i].after. The member named `key` of the object at `object`, or 0. */
uint32_t json_member(const Json *json, uint32_t object, Str key);

/* The text of a string member, or an empty text with a NULL pointer. */
Str json_member_text(const Json *json, uint32_t object, Str key);

/* Line and column, from 1 (columns count characters), of a byte in the source. */
void json_place(Str source, uint32_t offset, uint32_t *line, uint32_t *column);

/* The same of a byte in a document that this call has parsed: counted on from the one asked for before,
 * so that asking for many in their order is no more than asking for the last. */
JsonPlace json_place_next(const Json *json, uint32_t offset);

/* From a character of a string in the source to the one that stands `text_bytes` further in the
 * unescaped text. Start behind the opening quote. */
uint32_t json_string_advance(Str source, uint32_t at, size_t text_bytes);

/* The bytes from..to of the source without white space outside strings. */
void json_put_compact(Buf *out, Str source, uint32_t from, uint32_t to);

/* The same document with two spaces of indentation, for people (`_pretty`). */
Str json_pretty(Arena *a, Str document);

#endif
