/* The life of a call and the noting of what went wrong in it: see call.h and failure.h. */
#include "base/call.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"

void call_begin(Call *c, Arena *arena)
{
    *c = (Call){ .arena = arena, .now_us = clock_wall_us() };
    c->deadline_ms = clock_monotonic_ms() + LIMIT_CALL_MS;
    random_uuid(c->now_us, c->request_id);
}

bool call_late(const Call *c)
{
    if (c->share && clock_thread_us() > c->share->until_us) {
        c->share->over = true;
        return true;
    }
    return c->deadline_ms && clock_monotonic_ms() > c->deadline_ms;
}

void call_forget_issues(Call *c, uint32_t count)
{
    c->offers = (Str){ 0 };
    if (count < c->issue_count)
        c->issue_count = count;
}

__attribute__((format(printf, 3, 0))) static void note(Call *c, Issue issue, const char *format,
                                                       va_list args)
{
    if (c->issue_count == LIMIT_ISSUES) {
        c->issues_left_out++;
        return;
    }
    if (!c->issues)
        c->issues = NEW_ARRAY(c->arena, Issue, LIMIT_ISSUES);
    issue.expression = arena_str(c->arena, issue.expression);
    issue.text = arena_vprintf(c->arena, format, args);
    c->issues[c->issue_count++] = issue;
}

Fail fail(Call *c, Fail fail, Str where, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    note(c, (Issue){ .fail = fail, .expression = where }, format, args);
    va_end(args);
    return fail;
}

Fail fail_at(Call *c, Fail fail, Str where, uint32_t line, uint32_t column, const char *format,
             ...)
{
    va_list args;

    va_start(args, format);
    note(c, (Issue){ .fail = fail, .expression = where, .line = line, .column = column },
         format, args);
    va_end(args);
    return fail;
}

void warn(Call *c, Fail kind, Str where, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    note(c, (Issue){ .fail = kind, .warning = true, .expression = where }, format, args);
    va_end(args);
}
