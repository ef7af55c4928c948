/* An e-mail as it travels: RFC 5322 with MIME (RFC 2045 to 2047), in plain text, perhaps with a file. */
#ifndef EXCHANGE_MAIL_H
#define EXCHANGE_MAIL_H

#include "base/arena.h"

typedef struct Mail {
    Str     id; /* without < >: the same each time it is sent */
    Str     from_name, from, to;
    Str     subject, body;
    Str     file_name, file_type, file; /* or empty */
    int64_t at_us;
} Mail;

/* Lines end with CRLF, none is longer than 78 characters but for addresses. Says that it was made by a
 * program (RFC 3834), so that no other program answers. Nothing given may hold control characters but
 * lines in `body`. */
Str mail_text(Arena *a, const Mail *mail);

#endif
