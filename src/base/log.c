/* Two buffers: callers fill one while the thread writes the other. See log.h. */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/moment.h"

enum {
    BUFFER_BYTES = 512 * 1024,
    GATHER_MS = 20, /* how long lines are gathered before they are written */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t  filled;
    pthread_t       thread;
    bool            running, ending;
    char           *front; /* callers append here */
    size_t          front_len;
    uint64_t        left_out;
    char            first[BUFFER_BYTES], second[BUFFER_BYTES];
} log_state = { .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER };

static const char *const level_names[LOG_LEVELS] = {
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_ERROR] = "error",
};

/* A line while it is made; room is kept for the closing brace and line feed. */
typedef struct Line {
    char   at[LOG_LINE_BYTES];
    size_t len;
    bool   full;
} Line;

enum { LINE_ROOM = LOG_LINE_BYTES - 2 };

static void line_put(Line *l, Str s)
{
    if (s.len > LINE_ROOM - l->len) {
        l->full = true;
        return;
    }
    memcpy(l->at + l->len, s.at, s.len);
    l->len += s.len;
}

static void line_put_string(Line *l, Str s)
{
    static const char hex[] = "0123456789abcdef";
    size_t            clean = 0;

    line_put(l, STR("\""));
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        char          escape[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
            continue;
        line_put(l, str_slice(s, clean, i));
        line_put(l, (Str){ escape, sizeof escape });
        clean = i + 1;
    }
    line_put(l, str_skip(s, clean));
    line_put(l, STR("\""));
}

static void line_put_number(Line *l, int64_t number)
{
    char     digits[20];
    size_t   n = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        digits[--n] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        digits[--n] = '-';
    line_put(l, (Str){ digits + n, sizeof digits - n });
}

/* A field is there as a whole or not at all. */
static void line_put_field(Line *l, const LogField *field)
{
    size_t before = l->len;

    line_put(l, STR(",\""));
    line_put(l, str_from(field->name));
    line_put(l, STR("\":"));
    if (field->text.at)
        line_put_string(l, field->text);
    else
        line_put_number(l, field->number);
    if (l->full)
        l->len = before;
    l->full = false;
}

static void write_all(const char *at, size_t len)
{
    while (len) {
        ssize_t n = write(STDERR_FILENO, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        at += n;
        len -= (size_t)n;
    }
}

static void write_left_out(uint64_t count)
{
    Line     l = { .len = 0 };
    LogField field = { "lines", .number = (int64_t)count };

    line_put(&l, STR("{\"level\":\"warning\",\"event\":\"log lines left out\""));
    line_put_field(&l, &field);
    memcpy(l.at + l.len, "}\n", 2);
    write_all(l.at, l.len + 2);
}

/* Takes what was gathered and writes it without the lock. */
static void write_front(void)
{
    char    *full = log_state.front;
    size_t   len = log_state.front_len;
    uint64_t left_out = log_state.left_out;

    log_state.front = full == log_state.first ? log_state.second : log_state.first;
    log_state.front_len = 0;
    log_state.left_out = 0;
    pthread_mutex_unlock(&log_state.lock);
    write_all(full, len);
    if (left_out)
        write_left_out(left_out);
    pthread_mutex_lock(&log_state.lock);
}

static void gather(void)
{
    const struct timespec wait = { .tv_nsec = GATHER_MS * 1000000 };

    pthread_mutex_unlock(&log_state.lock);
    nanosleep(&wait, NULL);
    pthread_mutex_lock(&log_state.lock);
}

static void *write_lines(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&log_state.lock);
    while (!log_state.ending || log_state.front_len) {
        if (log_state.front_len == 0)
            pthread_cond_wait(&log_state.filled, &log_state.lock);
        if (!log_state.ending)
            gather();
        write_front();
    }
    pthread_mutex_unlock(&log_state.lock);
    return NULL;
}

void log_start(void)
{
    pthread_mutex_lock(&log_state.lock);
    ENSURE(!log_state.running);
    log_state.front = log_state.first;
    log_state.front_len = 0;
    log_state.ending = false;
    log_state.running = true;
    pthread_mutex_unlock(&log_state.lock);
    ENSURE(pthread_create(&log_state.thread, NULL, write_lines, NULL) == 0);
}

void log_stop(void)
{
    pthread_mutex_lock(&log_state.lock);
    if (!log_state.running) {
        pthread_mutex_unlock(&log_state.lock);
        return;
    }
    log_state.ending = true;
    pthread_cond_signal(&log_state.filled);
    pthread_mutex_unlock(&log_state.lock);
    pthread_join(log_state.thread, NULL);
    log_state.running = false;
}

static void line_out(const Line *l)
{
    bool wake;

    pthread_mutex_lock(&log_state.lock);
    if (!log_state.running) {
        pthread_mutex_unlock(&log_state.lock);
        write_all(l->at, l->len);
        return;
    }
    wake = log_state.front_len == 0;
    if (l->len > BUFFER_BYTES - log_state.front_len) {
        log_state.left_out++;
    } else {
        memcpy(log_state.front + log_state.front_len, l->at, l->len);
        log_state.front_len += l->len;
    }
    pthread_mutex_unlock(&log_state.lock);
    if (wake)
        pthread_cond_signal(&log_state.filled);
}

void log_event(LogLevel level, const char *event, const LogField *fields, size_t count)
{
    Line l;
    char time[INSTANT_CHARS + 1];

    ENSURE(level < LOG_LEVELS);
    l.len = 0;
    l.full = false;
    moment_format_instant(clock_wall_us(), time);
    line_put(&l, STR("{\"time\":\""));
    line_put(&l, (Str){ time, INSTANT_CHARS });
    line_put(&l, STR("\",\"level\":\""));
    line_put(&l, str_from(level_names[level]));
    line_put(&l, STR("\",\"event\":"));
    line_put_string(&l, str_from(event));
    for (size_t i = 0; i < count; i++)
        line_put_field(&l, &fields[i]);
    memcpy(l.at + l.len, "}\n", 2);
    l.len += 2;
    line_out(&l);
}
