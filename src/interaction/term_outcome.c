/* Issues of terminology's answers: see term_outcome.h. */
#include "interaction/term_outcome.h"

#include <stdlib.h>

void term_issue(TermIssues *issues, const char *severity, const char *code, const char *kind,
                Str where, const char *format, ...)
{
    va_list args;

    if (issues->count == COUNT(issues->at))
        return;
    va_start(args, format);
    issues->at[issues->count++] =
        (TermIssue){ severity, code, kind, where, arena_vprintf(issues->arena, format, args) };
    va_end(args);
}

bool term_issues_have(const TermIssues *issues, const char *severity)
{
    for (size_t i = 0; i < issues->count; i++)
        if (strcmp(issues->at[i].severity, severity) == 0)
            return true;
    return false;
}

static void put_issue(Buf *out, const TermIssue *issue)
{
    buf_printf(out, "{\"severity\":\"%s\",\"code\":\"%s\",\"details\":{", issue->severity,
               issue->code);
    if (issue->kind)
        buf_printf(out,
                   "\"coding\":[{\"system\":"
                   "\"http://hl7.org/fhir/tools/CodeSystem/tx-issue-type\","
                   "\"code\":\"%s\"}],",
                   issue->kind);
    buf_put(out, STR("\"text\":"));
    buf_put_json_string(out, issue->text);
    buf_put_char(out, '}');
    if (issue->where.len) {
        buf_put(out, STR(",\"location\":["));
        buf_put_json_string(out, issue->where);
        buf_put(out, STR("],\"expression\":["));
        buf_put_json_string(out, issue->where);
        buf_put_char(out, ']');
    }
    buf_put_char(out, '}');
}

Str term_issues_outcome(const TermIssues *issues)
{
    Buf out = buf_new(issues->arena, 512);

    if (!issues->count)
        return (Str){ 0 };
    buf_put(&out, STR("{\"resourceType\":\"OperationOutcome\",\"issue\":["));
    for (size_t i = 0; i < issues->count; i++) {
        if (i)
            buf_put_char(&out, ',');
        put_issue(&out, &issues->at[i]);
    }
    buf_put(&out, STR("]}"));
    return buf_str(&out);
}

static int compare_texts(const void *x, const void *y)
{
    return str_compare(*(const Str *)x, *(const Str *)y);
}

/* A warning about versions is not part of the message. */
static bool is_telling(const TermIssue *issue)
{
    return strcmp(issue->severity, "error") == 0
           || (strcmp(issue->severity, "warning") == 0
               && !(issue->kind && strcmp(issue->kind, "vs-invalid") == 0));
}

bool term_issues_about(const TermIssues *issues, const char *kind)
{
    for (size_t i = 0; i < issues->count; i++)
        if (issues->at[i].kind && strcmp(issues->at[i].kind, kind) == 0)
            return true;
    return false;
}

Str term_issues_message(const TermIssues *issues)
{
    bool   quiet = !term_issues_have(issues, "error") && !term_issues_have(issues, "warning");
    Str    texts[COUNT(issues->at)];
    size_t count = 0;
    Buf    out = buf_new(issues->arena, 256);

    for (size_t i = 0; i < issues->count; i++)
        if (quiet || is_telling(&issues->at[i]))
            texts[count++] = issues->at[i].text;
    if (count)
        qsort(texts, count, sizeof *texts, compare_texts);
    for (size_t i = 0; i < count; i++) {
        if (i && str_equal(texts[i], texts[i - 1]))
            continue;
        if (i)
            buf_put(&out, STR("; "));
        buf_put(&out, texts[i]);
    }
    return buf_str(&out);
}

Fail term_refuse(Answer *answer, int status, const TermIssues *issues)
{
    answer->status = status;
    answer->body = term_issues_outcome(issues);
    return OK;
}

Str term_versioned(Arena *a, Str url, Str version)
{
    return version.len ? arena_printf(a, "%.*s|%.*s", STR_ARG(url), STR_ARG(version)) : url;
}

static int compare_versions(const void *x, const void *y)
{
    return term_version_compare((*(const TermDef *const *)x)->version,
                                (*(const TermDef *const *)y)->version);
}

Fail term_versions_text(Terms *t, TypeId type, Str url, Str *out)
{
    const TermDef **defs, **sorted;
    size_t          count;
    Buf             text = buf_new(t->call->arena, 64);

    TRY(terms_versions(t, type, url, &defs, &count));
    sorted = NEW_ARRAY(t->call->arena, const TermDef *, count + 1);
    if (count) {
        memcpy(sorted, defs, count * sizeof *defs);
        qsort(sorted, count, sizeof *sorted, compare_versions);
    }
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_put(&text, i + 1 == count ? STR(" or ") : STR(", "));
        buf_put(&text, sorted[i]->version);
    }
    *out = buf_str(&text);
    return OK;
}

Fail term_gap_issue(Terms *t, TermIssues *issues, const TermGap *gap, Str where,
                    const char *why)
{
    Str versions;

    if (gap->wrong.len) {
        term_issue(issues, "error", "invalid", "vs-invalid",
                   STR("ValueSet.compose.include[0].filter[0]"), "%.*s", STR_ARG(gap->wrong));
        return OK;
    }
    if (gap->type == TYPE_VALUE_SET) {
        term_issue(issues, "error", "not-found", "not-found", where,
                   "A definition for the value Set '%.*s' could not be found",
                   STR_ARG(term_versioned(issues->arena, gap->url, gap->version)));
        return OK;
    }
    TRY(term_versions_text(t, gap->type, gap->url, &versions));
    if (gap->version.len && versions.len)
        term_issue(issues, "error", "not-found", "not-found", where,
                   "A definition for CodeSystem '%.*s' version '%.*s' could not be found, %s."
                   " Valid versions: %.*s",
                   STR_ARG(gap->url), STR_ARG(gap->version), why, STR_ARG(versions));
    else
        term_issue(issues, "error", "not-found", "not-found", where,
                   gap->version.len
                       ? "A definition for CodeSystem '%.*s' version '%.*s' could not be"
                         " found, %s"
                       : "A definition for CodeSystem %.*s%.*s could not be found, %s",
                   STR_ARG(gap->url), STR_ARG(gap->version), why);
    return OK;
}
