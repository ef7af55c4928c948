/*
 * Conversations with Hale: text files that say what is asked and what must be answered.
 *
 *     as clinician: system/ *.cruds           who speaks: a name and the token's scopes
 *     as app of ${p}: patient/ *.rs            … bound to the record of patient ${p}
 *     as nobody
 *
 *     POST /Patient                           below the FHIR base; "//health" from the root
 *     Prefer: return=minimal                  headers, then an empty line, then the body
 *
 *     { "resourceType": "Patient" }
 *     < 201                                   the status
 *     < ETag: W/"1"                           a header; '*' stands for anything
 *     < no Content-Encoding
 *     < name[0].family = "A"                  JSON at a place in the body
 *     < entry[*].resource.id has "x"          … at any of several places; or: lacks
 *     < issue[0].details.text ~ id            … contains a text; or: !~
 *     < entry count 3                         how many; or: exists, missing
 *     < id -> p                               keeps a text for later: ${p}
 *     < header ETag -> tag                    a header's
 *     < body = ${first}                       the whole body as text; ~ and -> likewise
 *     < empty                                 no body
 *
 * "times 50" on the line before a request repeats it, with ${n} counting from 1. A body may say
 * @{repeat 9 text}, @{base64 text} and @{byte 00}. ${base} is the FHIR base, ${run} differs in
 * each run. Lines that begin with '#' are comments.
 */
#ifndef TEST_TALK_TALK_H
#define TEST_TALK_TALK_H

#include "server/reply.h"

typedef struct Said {
    HttpMethod method;
    Str        target; /* path and query */
    Str        token;  /* empty for nobody */
    Header     headers[16];
    size_t     header_count;
    Str        body;
} Said;

typedef struct Heard {
    int    status;
    Header headers[48];
    size_t header_count;
    Str    body;
} Heard;

/* The other side: in this process, or a server somewhere. */
typedef struct Door {
    Str   base_url; /* "http://127.0.0.1:8080" */
    void *state;
    /* Makes a token; an empty text if that cannot be done there (the talk is skipped). */
    Str (*token)(struct Door *door, Arena *a, Str scopes, Str patient);
    bool (*ask)(struct Door *door, Arena *a, const Said *said, Heard *heard);
} Door;

typedef enum TalkResult { TALK_PASSED, TALK_FAILED, TALK_SKIPPED } TalkResult;

/* Holds one conversation; `complaint` gets one line when it fails or is skipped. */
TalkResult talk_hold(Arena *a, Str name, Str text, Door *door, Str *complaint);

/* In this process, on a new store in a folder. */
Door *door_open_here(const char *folder);
void  door_close_here(Door *door);

/* A server at an address: with a token for system/ *.cruds, and perhaps a command that makes
 * others, to which --scope S and --patient P are added. */
Door *door_open_there(const char *url, const char *token, const char *token_command);

#endif
