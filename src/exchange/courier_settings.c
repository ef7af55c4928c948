/* Where messages go out, as the administrator says it: see courier.h. */
#include "exchange/courier.h"

#include <stddef.h>

#include "store/outbox.h"

typedef struct Field {
    const char *name;
    size_t      offset;
} Field;

#define FIELD(name, member)                                                                    \
    {                                                                                          \
        name, offsetof(CourierSettings, member)                                                \
    }

static const Field fields[] = {
    FIELD("mail-server", mail.url),        FIELD("mail-user", mail.user),
    FIELD("mail-password", mail.password), FIELD("mail-from", mail.from),
    FIELD("mail-name", mail_name),         FIELD("mail-certificates", mail.certificates),
    FIELD("sms-gateway", sms.url),         FIELD("sms-authorization", sms.authorization),
    FIELD("sms-type", sms.type),           FIELD("sms-from", sms_from),
    FIELD("sms-body", sms_body),
};

static Str *field_find(CourierSettings *settings, Str name)
{
    for (size_t i = 0; i < COUNT(fields); i++)
        if (str_equal(name, str_from(fields[i].name)))
            return (Str *)(void *)((char *)settings + fields[i].offset);
    return NULL;
}

static Fail read_lines(Call *c, Str text, CourierSettings *out)
{
    uint32_t number = 0;
    Str      line, name, value, *field;

    while (str_next(&text, '\n', &line)) {
        number++;
        line = str_trim(line);
        if (line.len == 0 || line.at[0] == '#')
            continue;
        if (!str_cut(line, '=', &name, &value))
            return fail_at(c, FAIL_VALUE, (Str){ 0 }, number, 0,
                           "Line %u of the settings for messages is not \"name = value\"",
                           number);
        field = field_find(out, str_trim(name));
        if (!field || field->len)
            return fail_at(c, FAIL_VALUE, (Str){ 0 }, number, 0,
                           "Line %u of the settings for messages: %s", number,
                           field ? "that is said twice" : "there is no setting of that name");
        *field = arena_str(c->arena, str_trim(value));
        for (size_t i = 0; i < field->len; i++)
            if ((unsigned char)field->at[i] < ' ')
                return fail_at(c, FAIL_VALUE, (Str){ 0 }, number, 0,
                               "Line %u of the settings for messages has a control character",
                               number);
    }
    return OK;
}

/* Whether a server is this machine itself, so that what is said to it does not travel. */
static bool is_here(Str url)
{
    Str scheme, rest = url, host, port;

    if (!str_cut(url, ':', &scheme, &rest))
        return false;
    rest = str_skip(rest, 2);
    (void)str_cut(rest, '/', &rest, &host);
    if (str_starts(rest, STR("[::1]")))
        return true;
    if (!str_cut(rest, ':', &host, &port))
        host = rest;
    return str_equal(host, STR("localhost")) || str_equal(host, STR("127.0.0.1"));
}

/* `safe` is the scheme with TLS; `other` the one that is plain where it does not leave the machine. */
static Fail check_server(Call *c, SendServer *server, Str safe, Str other, const char *name)
{
    bool here = is_here(server->url);

    server->plain = str_starts(server->url, other) && here;
    if (str_find(server->url, STR("@")) >= 0 || str_find(server->url, STR(" ")) >= 0
        || !(str_starts(server->url, safe) || str_starts(server->url, STR("smtp://"))
             || server->plain))
        return fail(c, FAIL_VALUE, str_from(name),
                    "%s wants an address that begins with %.*s, without a name and password in "
                    "it (on this machine itself also %.*s)",
                    name, STR_ARG(safe), STR_ARG(other));
    return OK;
}

static Fail check_mail(Call *c, CourierSettings *s)
{
    if (!s->mail.url.len)
        return OK;
    TRY(check_server(c, &s->mail, STR("smtps://"), STR("smtp://"), "mail-server"));
    if (s->mail.certificates.len)
        s->mail.plain = false;
    if (!outbox_address_fits(OUTBOX_MAIL, s->mail.from))
        return fail(c, FAIL_REQUIRED, STR("mail-from"),
                    "mail-from is to be the e-mail address that messages come from");
    if (s->mail_name.len && str_find(s->mail_name, STR("\"")) >= 0)
        return fail(c, FAIL_VALUE, STR("mail-name"), "mail-name is written without quotes");
    return OK;
}

static Fail check_sms(Call *c, CourierSettings *s)
{
    if (!s->sms.url.len)
        return OK;
    if (str_starts(s->sms.url, STR("smtp")))
        return fail(c, FAIL_VALUE, STR("sms-gateway"), "sms-gateway is an address of HTTP");
    TRY(check_server(c, &s->sms, STR("https://"), STR("http://"), "sms-gateway"));
    if (!s->sms.type.len)
        s->sms.type = STR("application/json");
    if (!s->sms_body.len)
        s->sms_body = STR("{\"to\":\"{to}\",\"from\":\"{from}\",\"text\":\"{text}\"}");
    if (str_find(s->sms_body, STR("{to}")) < 0 || str_find(s->sms_body, STR("{text}")) < 0)
        return fail(c, FAIL_VALUE, STR("sms-body"), "sms-body has {to} and {text} in it");
    return OK;
}

Fail courier_settings(Call *c, Str text, CourierSettings *out)
{
    CourierSettings read = { 0 };

    TRY(read_lines(c, text, &read));
    TRY(check_mail(c, &read));
    TRY(check_sms(c, &read));
    if (!read.mail.url.len && !read.sms.url.len)
        return fail(c, FAIL_REQUIRED, (Str){ 0 },
                    "The settings for messages name neither mail-server nor sms-gateway");
    *out = read;
    return OK;
}
