/*
 * What is imported, taken apart into documents while it streams by: lines of NDJSON, or one
 * JSON text. Which it is, and whether it is packed with gzip, is seen from the bytes, not from
 * the name. Memory is constant but for the document at hand.
 */
#ifndef EXCHANGE_SOURCE_H
#define EXCHANGE_SOURCE_H

#include "base/call.h"

typedef struct Source Source;

typedef struct Document {
    Str      text;     /* one JSON text, not checked; lasts until the next one is asked for */
    uint64_t line;     /* where it begins, from 1 */
    bool     too_long; /* longer than LIMIT_BUNDLE_BODY_BYTES: passed over, text is empty */
} Document;

/* Opens a file, or standard input for "-". FAIL_NOT_FOUND with the system's reason. The source
 * lives until it is closed, whatever becomes of the call's arena. */
Fail source_open(Call *c, const char *path, Source **out) MUST_USE;
void source_close(Source *s);

/* The next document; *more is false at the end. FAIL_SYNTAX where a packed file is damaged or
 * cut off: what was complete has been given by then. FAIL_SYSTEM: it could not be read. */
Fail source_next(Call *c, Source *s, Document *out, bool *more) MUST_USE;

/* How far it is: bytes of the file, as packed. The whole is 0 where that is not known. */
uint64_t source_bytes_done(const Source *s);
uint64_t source_bytes_whole(const Source *s);

/* The text of a string among the document's own members, seen by a look: escapes stay as they
 * are, nothing is checked. Empty if there is none. */
Str document_member(Str text, Str name);

/* What it says it is. */
typedef struct Glance {
    Str type; /* "resourceType" */
    Str id;
} Glance;

Glance document_glance(Str text);

#endif
