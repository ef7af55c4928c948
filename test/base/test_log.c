/* Log lines: JSON, cut to whole fields, nothing lost at the end. */
#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include "test/unit.h"

static int  kept_stderr;
static char captured[256 * 1024];

static void capture_begin(void)
{
    char path[256];
    int  fd;

    snprintf(path, sizeof path, "%.*s/log", STR_ARG(unit_folder()));
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    kept_stderr = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static Str capture_end(void)
{
    ssize_t n = pread(STDERR_FILENO, captured, sizeof captured, 0);

    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    return (Str){ captured, n > 0 ? (size_t)n : 0 };
}

TEST(a_line_is_one_json_object)
{
    const LogField fields[] = { { "word", STR_INIT("a \"b\"\n\x7f"), 0 },
                                { "count", { 0 }, -42 } };
    Str            text;

    capture_begin();
    log_event(LOG_LEVEL_WARNING, "something", fields, COUNT(fields));
    text = capture_end();
    CHECK(str_starts(text, STR("{\"time\":\"20")));
    CHECK(str_ends(text, STR("\"level\":\"warning\",\"event\":\"something\","
                             "\"word\":\"a \\u0022b\\u0022\\u000a\\u007f\",\"count\":-42}\n")));
}

TEST(the_least_of_numbers_is_written)
{
    const LogField field = { "n", { 0 }, INT64_MIN };

    capture_begin();
    log_event(LOG_LEVEL_INFO, "x", &field, 1);
    CHECK(str_find(capture_end(), STR("\"n\":-9223372036854775808}")) > 0);
}

TEST(a_field_that_does_not_fit_is_left_out_whole)
{
    static char    long_text[2 * LOG_LINE_BYTES];
    const LogField fields[] = { { "first", { 0 }, 1 },
                                { "long", { long_text, sizeof long_text }, 0 },
                                { "last", { 0 }, 2 } };
    Str            text;

    memset(long_text, 'a', sizeof long_text);
    capture_begin();
    log_event(LOG_LEVEL_INFO, "x", fields, COUNT(fields));
    text = capture_end();
    CHECK(str_ends(text, STR("\"first\":1,\"last\":2}\n")));
}

TEST(lines_gathered_by_the_thread_are_all_written_at_the_end)
{
    size_t lines = 0;
    Str    rest, line;

    capture_begin();
    log_start();
    for (int i = 0; i < 1000; i++)
        log_event(LOG_LEVEL_INFO, "x", NULL, 0);
    log_stop();
    rest = capture_end();
    while (str_next(&rest, '\n', &line))
        lines += str_ends(line, STR("\"event\":\"x\"}"));
    CHECK_INT(lines, 1000);
}

TEST(the_log_may_begin_again)
{
    for (int i = 0; i < 3; i++) {
        capture_begin();
        log_start();
        log_event(LOG_LEVEL_ERROR, "again", NULL, 0);
        log_stop();
        CHECK(str_find(capture_end(), STR("\"level\":\"error\",\"event\":\"again\"}")) > 0);
    }
}
