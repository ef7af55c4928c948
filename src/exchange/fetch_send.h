/*
 * Handing a message to the server that the administrator named: e-mail by SMTP (RFC 5321) over TLS, SMS
 * by a gateway's HTTP interface. The connection to a mail server is kept from one message to the next.
 */
#ifndef EXCHANGE_FETCH_SEND_H
#define EXCHANGE_FETCH_SEND_H

#include "base/call.h"

enum { SEND_MS = 60 * 1000, SEND_CONNECT_MS = 10 * 1000, SEND_ANSWER_CHARS = 160 };

typedef struct SendServer {
    Str  url; /* "smtps://host", "smtp://host:587" (STARTTLS), "https://host/path" */
    Str  user, password;
    Str  certificates;        /* PEM file of those who vouch for it; empty: the system's */
    bool plain;               /* without TLS: only to this machine itself */
    Str  from;                /* of mail: the sender's address */
    Str  type, authorization; /* of HTTP: headers */
} SendServer;

typedef enum SendResult {
    SEND_TAKEN,     /* the server answers for it from here on */
    SEND_REFUSED,   /* it never will: RFC 5321 4.2.1, 5yz to the recipient or the text */
    SEND_LATER,     /* not now, or nobody knows: the connection broke */
    SEND_NO_SERVER, /* not reached, or it does not want us: nothing was said of this message */
} SendResult;

typedef struct Sender Sender;

/* Closed with sender_close(), which takes NULL. */
Sender *sender_open(Arena *a);
void    sender_close(Sender *s);

/* `text` is a whole message of RFC 5322, lines ended by CRLF. `answer`: the server's last line, or why
 * there was none; printable ASCII. */
SendResult send_mail(Sender *s, Call *c, const SendServer *server, Str to, Str text,
                     char answer[SEND_ANSWER_CHARS + 1]);

/* `name` goes along as Idempotency-Key, so that a gateway that knows it sends it once. */
SendResult send_post(Sender *s, Call *c, const SendServer *server, Str name, Str body,
                     char answer[SEND_ANSWER_CHARS + 1]);

#endif
