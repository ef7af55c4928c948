/*
 * What the HTTP library alone reaches on this machine: the bytes of a file in answer to
 * everything, with the headers Hale sends, from as many epoll threads as there are processors.
 * Nothing of Hale is linked with it: src/server puts a function of its own in the library's place.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct MHD_Response *response;

/* The reply is queued on the second call: on the first it would end the connection. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    static int seen;

    (void)context, (void)url, (void)method, (void)version, (void)upload;
    if (!*state) {
        *state = &seen;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static void prepare(const char *path)
{
    static char body[1 << 20];
    FILE       *f = fopen(path, "r");
    size_t      len = f ? fread(body, 1, sizeof body, f) : 0;

    if (len == 0) {
        fprintf(stderr, "raw_http: cannot read %s\n", path);
        exit(1);
    }
    fclose(f);
    response = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/fhir+json;charset=utf-8");
    MHD_add_response_header(response, "ETag", "W/\"1\"");
    MHD_add_response_header(response, "Last-Modified", "Sun, 22 Nov 2026 06:30:00 GMT");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "X-Request-Id", "01936f6e-0000-7000-8000-000000000000");
}

int main(int argc, char **argv)
{
    long               threads = sysconf(_SC_NPROCESSORS_ONLN);
    long               port = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    struct MHD_Daemon *daemon;

    if (port < 1 || port > 65535) {
        fprintf(stderr, "usage: raw_http PORT FILE\n");
        return 2;
    }
    prepare(argv[2]);
    daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)port, NULL, NULL, answer,
                         NULL, MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? (unsigned)threads : 0,
                         MHD_OPTION_CONNECTION_LIMIT, 4096u, MHD_OPTION_END);
    if (!daemon) {
        fprintf(stderr, "raw_http: cannot listen on port %ld\n", port);
        return 1;
    }
    printf("listening on http://127.0.0.1:%ld with libmicrohttpd %s\n", port,
           MHD_get_version());
    fflush(stdout);
    pause();
    return 0;
}
