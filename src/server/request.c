/* Parts of a request by their own rules: see reply.h. */
#include "server/reply.h"

HttpMethod method_parse(Str word)
{
    static const struct {
        Str        word;
        HttpMethod method;
    } methods[] = {
        { STR_INIT("GET"), HTTP_GET },         { STR_INIT("HEAD"), HTTP_HEAD },
        { STR_INIT("POST"), HTTP_POST },       { STR_INIT("PUT"), HTTP_PUT },
        { STR_INIT("PATCH"), HTTP_PATCH },     { STR_INIT("DELETE"), HTTP_DELETE },
        { STR_INIT("OPTIONS"), HTTP_OPTIONS },
    };

    for (size_t i = 0; i < COUNT(methods); i++)
        if (str_equal(word, methods[i].word))
            return methods[i].method;
    return HTTP_OTHER;
}

/* Token characters of RFC 9110 5.6.2. */
static bool is_token(Str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')
            && !memchr("!#$%&'*+-.^_`|~", c, 15))
            return false;
    }
    return name.len > 0;
}

static bool is_field_value(Str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool header_is_well_formed(const Header *h)
{
    return is_token(h->name) && is_field_value(h->value);
}

Str request_header(const Request *r, Str name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (str_equal_ascii_nocase(r->headers[i].name, name))
            return r->headers[i].value;
    return (Str){ 0 };
}
