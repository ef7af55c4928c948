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

/* Why a listener will not have a request, found before or while its body came in. */
typedef struct Refusal {
    Fail        fail;   /* OK: it is not refused */
    int         status; /* 0: what the failure means elsewhere */
    const char *text;
} Refusal;

typedef struct Request {
    HttpMethod method;
    Str        path;  /* as sent, still percent-encoded, without query */
    Str        query; /* behind '?', as sent */
    Header    *headers;
    size_t     header_count;
    Str        body;    /* as sent, perhaps packed */
    Str        address; /* of the client */
    bool       owner;   /* came through the owner's socket */
    bool       again;   /* it was looked at before, and counted then */
    bool       pending; /* only the headers are there yet: see Reply.go_on */
    Refusal    refusal;
} Request;

typedef struct Reply {
    int         status;
    Header      headers[24];
    size_t      header_count;
    Str         body;
    bool        unaudited; /* `audit` must be made durable before this may leave */
    AuditRecord audit;
    bool        wants_worker; /* nothing was done: it may take long, ask again on a worker */
    bool        only_reads;   /* with wants_worker: it will wait for nobody */
    bool        go_on;        /* Request.pending: nothing speaks against taking the body */
    const char *route;        /* the pattern that matched, for the log */
    Interaction kind;
} Reply;

typedef struct ReplyContext {
    Str                 base_url;     /* "http://127.0.0.1:8080" */
    bool                quick;        /* leave what may wait or take long: Reply.wants_worker */
    bool                tls;          /* the way to the client is encrypted by us */
    bool                behind_proxy; /* X-Forwarded-For is the proxy's word */
    Str                 fetch_from;   /* origins that may be fetched from: exchange/fetch.h */
    bool                mails, texts; /* messages go out that way */
    const _Atomic bool *stopping;     /* long work ends when this becomes true; or NULL */
} ReplyContext;

/* HTTP_OTHER for a word that is none of ours; case counts (RFC 9110 9.1). */
HttpMethod method_parse(Str word);

/* Whether name and value hold only what they may (RFC 9110 5.1, 5.5). */
bool header_is_well_formed(const Header *h);

/* The first header of that name, any case, or empty. */
Str request_header(const Request *r, Str name);

/* Answers. Never fails: a failure becomes its reply. Does not wait for the audit record of a
 * call that changed nothing: see Reply.unaudited. */
void reply_make(Call *c, Session *s, const ReplyContext *context, const Request *request,
                Reply *reply);

/* Puts a failure that came up behind reply_make() (a queue was full, the audit record could
 * not be kept) in place of the reply. */
void reply_fail(Call *c, const ReplyContext *context, Fail why, Reply *reply);

/* The most bytes a request's body may have, by method and path (as sent). */
size_t reply_body_bytes_max(HttpMethod method, Str path);

#endif
