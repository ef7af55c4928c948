/* Messages handed on by libcurl: see fetch_send.h. */
#include "exchange/fetch_send.h"

#include <curl/curl.h>
#include <stdio.h>

#include "base/ensure.h"

/* How far a mail has come: the command that was given last. */
typedef enum Stage { STAGE_GREETING, STAGE_RECIPIENT, STAGE_TEXT, STAGE_END } Stage;

struct Sender {
    CURL *curl;
};

typedef struct Sending {
    Str   text; /* what is left of it */
    Stage stage;
    bool  text_gone;
    char *answer;
} Sending;

/* ---- libcurl's questions ---- */

static void keep_answer(char *out, const char *bytes, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count && len < SEND_ANSWER_CHARS; i++)
        if (bytes[i] >= ' ' && bytes[i] <= '~')
            out[len++] = bytes[i];
    out[len] = '\0';
}

static size_t give_text(char *out, size_t size, size_t count, void *context)
{
    Sending *s = context;
    size_t   n = size * count < s->text.len ? size * count : s->text.len;

    if (n)
        memcpy(out, s->text.at, n);
    s->text = str_skip(s->text, n);
    s->text_gone = s->text.len == 0;
    return n;
}

static size_t take_line(char *bytes, size_t size, size_t count, void *context)
{
    Sending *s = context;

    if (size * count > 2) /* not the empty line behind HTTP's headers */
        keep_answer(s->answer, bytes, size * count);
    return size * count;
}

static size_t take_nothing(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes, (void)context;
    return size * count;
}

/* The commands as they go out tell what an answer was to. Nothing of them is kept. */
static int watch(CURL *curl, curl_infotype kind, char *bytes, size_t count, void *context)
{
    Sending *s = context;
    Str      said = { bytes, count };

    (void)curl;
    if (kind == CURLINFO_HEADER_OUT && str_starts(said, STR("RCPT TO:")))
        s->stage = STAGE_RECIPIENT;
    else if (kind == CURLINFO_HEADER_OUT && str_starts(said, STR("DATA")))
        s->stage = STAGE_TEXT;
    return 0;
}

/* ---- set up ---- */

static void set_text(CURL *curl, CURLoption option, Call *c, Str value)
{
    if (value.len)
        curl_easy_setopt(curl, option, arena_c_string(c->arena, value));
}

static void set_up(CURL *curl, Call *c, const SendServer *server, Sending *s)
{
    curl_easy_reset(curl); /* which keeps the connection */
    set_text(curl, CURLOPT_URL, c, server->url);
    set_text(curl, CURLOPT_CAINFO, c, server->certificates);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)SEND_MS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)SEND_CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_line);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_nothing);
}

static void set_up_mail(CURL *curl, Call *c, const SendServer *server, Sending *s)
{
    set_up(curl, c, server, s);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     server->plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    set_text(curl, CURLOPT_USERNAME, c, server->user);
    set_text(curl, CURLOPT_PASSWORD, c, server->password);
    curl_easy_setopt(
        curl, CURLOPT_MAIL_FROM,
        arena_c_string(c->arena, arena_printf(c->arena, "<%.*s>", STR_ARG(server->from))));
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_text);
    curl_easy_setopt(curl, CURLOPT_READDATA, s);
    curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, s);
}

/* ---- what came of it ---- */

static SendResult judge_mail(CURLcode went, long status, const Sending *s)
{
    bool about_this = s->stage != STAGE_GREETING;

    if (went == CURLE_OK)
        return SEND_TAKEN;
    if (about_this && status >= 500 && status <= 599)
        return SEND_REFUSED;
    if (about_this && ((status >= 400 && status <= 499) || s->text_gone))
        return SEND_LATER; /* also 421, which servers say of a sender or mailbox at its limit */
    return SEND_NO_SERVER;
}

static SendResult judge_post(CURLcode went, long status)
{
    if (went != CURLE_OK)
        return status ? SEND_LATER : SEND_NO_SERVER;
    if (status >= 200 && status <= 299)
        return SEND_TAKEN;
    if (status == 401 || status == 403 || status == 404 || status == 429 || status >= 500)
        return SEND_NO_SERVER;
    return status >= 400 && status != 408 ? SEND_REFUSED : SEND_LATER;
}

Sender *sender_open(Arena *a)
{
    Sender *s = NEW(a, Sender);

    ENSURE(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    s->curl = curl_easy_init();
    ENSURE(s->curl);
    return s;
}

void sender_close(Sender *s)
{
    if (!s)
        return;
    curl_easy_cleanup(s->curl);
    curl_global_cleanup();
}

SendResult send_mail(Sender *s, Call *c, const SendServer *server, Str to, Str text,
                     char answer[SEND_ANSWER_CHARS + 1])
{
    const char *recipient =
        arena_c_string(c->arena, arena_printf(c->arena, "<%.*s>", STR_ARG(to)));
    Sending            sending = { .text = text, .answer = answer };
    struct curl_slist *recipients = NULL;
    CURLcode           went;
    long               status = 0;

    answer[0] = '\0';
    set_up_mail(s->curl, c, server, &sending); /* all memory is reserved here … */
    recipients = curl_slist_append(NULL, recipient);
    ENSURE(recipients);
    curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, recipients);
    went = curl_easy_perform(s->curl); /* … and nothing may jump out of libcurl */
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_reset(s->curl);
    curl_slist_free_all(recipients);
    if (went != CURLE_OK && (status < 400 || !answer[0]))
        keep_answer(answer, curl_easy_strerror(went), strlen(curl_easy_strerror(went)));
    return judge_mail(went, status, &sending);
}

SendResult send_post(Sender *s, Call *c, const SendServer *server, Str name, Str body,
                     char answer[SEND_ANSWER_CHARS + 1])
{
    const Str headers[] = {
        arena_printf(c->arena, "Content-Type: %.*s", STR_ARG(server->type)),
        arena_printf(c->arena, "Idempotency-Key: %.*s", STR_ARG(name)),
        arena_printf(c->arena, "Authorization: %.*s", STR_ARG(server->authorization)),
    };
    const char        *lines[COUNT(headers)];
    Sending            sending = { .answer = answer };
    struct curl_slist *list = NULL;
    CURLcode           went;
    long               status = 0;

    answer[0] = '\0';
    for (size_t i = 0; i < COUNT(headers); i++)
        lines[i] = arena_c_string(c->arena, headers[i]);
    set_up(s->curl, c, server, &sending);
    for (size_t i = 0; i < COUNT(headers) - (server->authorization.len == 0); i++)
        list = curl_slist_append(list, lines[i]);
    ENSURE(list);
    curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, server->plain ? "http" : "https");
    curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(s->curl, CURLOPT_USERAGENT, "Hale/" HALE_VERSION);
    curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, body.at);
    curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE, (long)body.len);
    went = curl_easy_perform(s->curl);
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_reset(s->curl);
    curl_slist_free_all(list);
    if (went == CURLE_OK)
        snprintf(answer, SEND_ANSWER_CHARS, "HTTP %ld", status);
    else
        keep_answer(answer, curl_easy_strerror(went), strlen(curl_easy_strerror(went)));
    return judge_post(went, status);
}
