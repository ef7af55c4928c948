/*
 * What the HTTP library alone reaches on this machine: the bytes of a file in answer to
 * everything, with the headers Hale sends, from as many epoll threads as there are processors.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/options.h"

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
    uint64_t     port = 8090, seconds = 0;
    const Option options[] = {
        { "port", OPTION_NUMBER, "N", "where to listen; 8090 if not given", .min = 1,
          .max = 65535, .number = &port },
        { "seconds", OPTION_NUMBER, "N", "end after so long; 0 never", .number = &seconds },
    };
    const Usage        usage = { .command = "raw_http",
                                 .summary = "Answers every request with FILE.",
                                 .operands = "FILE",
                                 .operands_min = 1,
                                 .operands_max = 1,
                                 .options = options,
                                 .option_count = COUNT(options) };
    unsigned           threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    struct MHD_Daemon *daemon;
    Words              words;
    int                status;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    prepare(words.at[0]);
    daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)port, NULL, NULL, answer,
                              NULL, MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0,
                              MHD_OPTION_CONNECTION_LIMIT, 4096u, MHD_OPTION_END);
    if (!daemon) {
        fprintf(stderr, "raw_http: cannot listen on port %u\n", (unsigned)port);
        return EXIT_FAILED;
    }
    printf("listening on http://127.0.0.1:%u with libmicrohttpd %s\n", (unsigned)port,
           MHD_get_version());
    fflush(stdout);
    if (seconds)
        sleep((unsigned)seconds);
    else
        pause();
    return EXIT_FINE;
}
