/*
 * One HTTP exchange, free of any HTTP library: what came in, what goes out, and the function
 * that turns one into the other. Conversations in test/talk use it without a network.
 */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H

#include "interaction/interaction.h"

typedef struct Header {
    Str name;
    Str value;
} Header;

typedef struct Request {
    HttpMethod method;
    Str        path;    /* as sent, still percent-encoded, without query */
    Str        query;   /* behind '?', as sent */
    Header    *headers;
    size_t     header_count;
    Str        body;    /* as sent, perhaps packed */
    Str        address; /* of the client */
    bool       owner;   /* came through the owner's socket */
} Request;

typedef struct Reply {
    int    status;
    Header headers[24];
    size_t header_count;
    Str    body;
    bool   unaudited;  /* `audit` must be made durable before this may leave */
    AuditRecord audit;
} Reply;

/* The first header of that name, any case, or empty. */
Str request_header(const Request *r, Str name);

/* Whether reply_make() would wait for the writer or work long: then it belongs on a worker. */
bool request_is_slow(const Request *r);

typedef struct ReplyContext {
    Str base_url; /* "http://127.0.0.1:8080" */
} ReplyContext;

/* Answers. Never fails: a failure becomes its reply. Does not wait for the audit record of a
 * call that changed nothing: see Reply.unaudited. */
void reply_make(Call *c, Session *s, const ReplyContext *context, const Request *request,
                Reply *reply);

#endif
