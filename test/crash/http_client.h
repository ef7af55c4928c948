/*
 * As much of an HTTP client as crash tests need: one connection to the loopback address, kept
 * alive, opened again when it was lost. A server that dies in the middle of anything is the
 * ordinary case here.
 */
#ifndef TEST_CRASH_HTTP_CLIENT_H
#define TEST_CRASH_HTTP_CLIENT_H

#include "test/crash/load.h"

typedef struct HttpClient {
    uint16_t port;
    int      socket; /* -1: not connected */
    char     token[64];
    unsigned timeout_s;
    char    *buffer; /* of the answer */
    size_t   len, room;
    Str      body; /* of the last answer, in the buffer */
} HttpClient;

void http_client_begin(HttpClient *h, uint16_t port, const char *token);
void http_client_end(HttpClient *h);

/* A LoadSend; its context is an HttpClient. The request goes to /fhir and its path. */
bool http_client_send(void *context, const LoadRequest *request, LoadAnswer *out);

/* The status of GET `path` (the whole path, not below /fhir); 0 if there is no answer. */
int http_client_get(HttpClient *h, const char *path);

#endif
