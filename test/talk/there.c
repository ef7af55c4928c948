/* The other side of a talk at an address, by HTTP. */
#include "test/talk/talk.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ensure.h"

typedef struct There {
    Door        door;
    CURL       *curl;
    const char *token, *token_command;
} There;

static Str make_token(Door *door, Arena *a, Str scopes, Str patient)
{
    There *there = door->state;
    char   line[256] = "";
    FILE  *pipe;
    Str    command;

    if (there->token && str_equal(scopes, STR("system/*.cruds")))
        return str_from(there->token);
    if (!there->token_command)
        return (Str){ 0 };
    command = arena_printf(a, "%s --scope '%.*s'", there->token_command, STR_ARG(scopes));
    if (patient.len > 0)
        command = arena_printf(a, "%.*s --patient '%.*s'", STR_ARG(command), STR_ARG(patient));
    pipe = popen(arena_c_string(a, command), "r");
    if (!pipe)
        return (Str){ 0 };
    if (!fgets(line, sizeof line, pipe))
        line[0] = '\0';
    pclose(pipe);
    return arena_str(a, str_trim(str_from(line)));
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    buf_put(context, (Str){ bytes, size * count });
    return size * count;
}

typedef struct Taking {
    Arena *arena;
    Heard *heard;
} Taking;

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    Taking *taking = context;
    Str     line = { bytes, size * count }, name, value;

    if (str_starts(line, STR("HTTP/")))
        taking->heard->header_count = 0;
    else if (str_cut(line, ':', &name, &value)
             && taking->heard->header_count < COUNT(taking->heard->headers))
        taking->heard->headers[taking->heard->header_count++] =
            (Header){ arena_str(taking->arena, name),
                      arena_str(taking->arena, str_trim(value)) };
    return size * count;
}

static const char *const method_words[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "BREW",
};

static struct curl_slist *headers_of(Arena *a, const Said *said)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    bool               typed = false;

    for (size_t i = 0; i < said->header_count; i++) {
        Str line = arena_printf(a, "%.*s: %.*s", STR_ARG(said->headers[i].name),
                                STR_ARG(said->headers[i].value));

        typed |= str_equal_ascii_nocase(said->headers[i].name, STR("Content-Type"));
        list = curl_slist_append(list, arena_c_string(a, line));
    }
    if (said->token.len > 0)
        list = curl_slist_append(list,
                                 arena_c_string(a, arena_printf(a, "Authorization: Bearer %.*s",
                                                                STR_ARG(said->token))));
    if (!typed && said->body.len > 0)
        list = curl_slist_append(list, said->method == HTTP_PATCH
                                           ? "Content-Type: application/json-patch+json"
                                       : str_find(said->target, STR("/_search")) >= 0
                                           ? "Content-Type: application/x-www-form-urlencoded"
                                           : "Content-Type: application/fhir+json");
    return list;
}

static bool ask(Door *door, Arena *a, const Said *said, Heard *heard)
{
    There             *there = door->state;
    Buf                body = buf_new(a, 4096);
    Taking             taking = { a, heard };
    struct curl_slist *headers = headers_of(a, said);
    Str      url = arena_printf(a, "%.*s%.*s", STR_ARG(door->base_url), STR_ARG(said->target));
    long     status = 0;
    CURLcode result;

    curl_easy_reset(there->curl);
    curl_easy_setopt(there->curl, CURLOPT_URL, arena_c_string(a, url));
    curl_easy_setopt(there->curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(there->curl, CURLOPT_TIMEOUT, 60L);
    if (said->method == HTTP_HEAD)
        curl_easy_setopt(there->curl, CURLOPT_NOBODY, 1L);
    if (said->body.len > 0 || said->method == HTTP_POST || said->method == HTTP_PUT
        || said->method == HTTP_PATCH) {
        curl_easy_setopt(there->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)said->body.len);
        curl_easy_setopt(there->curl, CURLOPT_POSTFIELDS, said->body.len ? said->body.at : "");
    }
    curl_easy_setopt(there->curl, CURLOPT_CUSTOMREQUEST, method_words[said->method]);
    curl_easy_setopt(there->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(there->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(there->curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(there->curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(there->curl, CURLOPT_HEADERDATA, &taking);
    result = curl_easy_perform(there->curl);
    curl_easy_getinfo(there->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    heard->status = (int)status;
    heard->body = buf_str(&body);
    return result == CURLE_OK || (status >= 400 && result == CURLE_SEND_ERROR);
}

Door *door_open_there(const char *url, const char *token, const char *token_command)
{
    Arena *a = arena_create((size_t)1 << 20);
    There *there = NEW(a, There);

    *there = (There){
        .curl = curl_easy_init(),
        .token = token,
        .token_command = token_command,
        .door = { .base_url = str_from(url), .state = there, .token = make_token, .ask = ask }
    };
    ENSURE(there->curl);
    return &there->door;
}
