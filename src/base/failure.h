/*
 * Failure is a value. The place that knows what went wrong notes it once with fail(); all
 * above pass the value on with TRY. How a failure is said in HTTP and FHIR is one table,
 * in fhir/outcome.c.
 */
#ifndef BASE_FAILURE_H
#define BASE_FAILURE_H

#include "base/str.h"

typedef enum Fail {
    OK = 0,
    FAIL_SYNTAX,          /* not JSON, not a query string, not the grammar expected */
    FAIL_STRUCTURE,       /* JSON, but not the FHIR structure: unknown element, wrong type */
    FAIL_VALUE,           /* an element's or parameter's value is malformed */
    FAIL_REQUIRED,        /* something that must be there is missing */
    FAIL_CODE,            /* a code outside a required value set */
    FAIL_INVARIANT,       /* a rule of the standard is broken */
    FAIL_INVALID,         /* the request contradicts itself (id or type differ from the URL) */
    FAIL_UNPROCESSABLE,   /* well-formed, but cannot be carried out (patch, business rule) */
    FAIL_LOGIN,           /* no credentials, or bad ones */
    FAIL_EXPIRED,         /* credentials that were good once */
    FAIL_FORBIDDEN,       /* known, and not allowed */
    FAIL_NOT_FOUND,       /* not there, or hidden: the two look alike */
    FAIL_UNKNOWN_TYPE,    /* no such resource type or operation */
    FAIL_GONE,            /* deleted */
    FAIL_METHOD,          /* not this method here */
    FAIL_NOT_ACCEPTABLE,  /* no answer in the format asked for */
    FAIL_MEDIA_TYPE,      /* a body in a format not understood */
    FAIL_CONFLICT,        /* clashes with the present state */
    FAIL_PRECONDITION,    /* If-Match and the like did not hold */
    FAIL_MULTIPLE,        /* a condition matched more than one */
    FAIL_DUPLICATE,       /* it is there already */
    FAIL_NOT_SUPPORTED,   /* known to the standard, not offered here */
    FAIL_TOO_LARGE,       /* more bytes than allowed */
    FAIL_URI_TOO_LONG,    /* the address is longer than allowed */
    FAIL_TOO_COSTLY,      /* more work or memory than allowed */
    FAIL_THROTTLED,       /* too many calls from there */
    FAIL_BUSY,            /* no room in a queue: come back later */
    FAIL_TIMEOUT,         /* a deadline passed */
    FAIL_DISK_FULL,       /* nothing more can be stored */
    FAIL_UNKNOWN_OUTCOME, /* it may or may not have been stored: repeat it safely */
    FAIL_STALE,           /* the state moved on since it was looked at: look again */
    FAIL_SYSTEM,          /* the machine or our own code failed */
    FAILURES
} Fail;

typedef struct Call Call;

/* One thing that was wrong. Where it is: a FHIRPath expression (`expression`), a header or
 * parameter name, or a place in the input (line and column from 1, 0 when there is none). */
typedef struct Issue {
    Fail     fail;
    bool     warning;
    bool     note; /* of a warning: less than that, information */
    Str      expression;
    uint32_t line;
    uint32_t column;
    Str      text;    /* a sentence for people; no value of the record, no secret */
    Str      link_id; /* of a form's item: which one */
} Issue;

/* Notes an issue on the call and returns `fail`. `where` may be empty. The text is a
 * sentence without final stop. Past LIMIT_ISSUES the rest is counted, not kept. */
Fail fail(Call *c, Fail fail, Str where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with a place in the input. */
Fail fail_at(Call *c, Fail fail, Str where, uint32_t line, uint32_t column, const char *format,
             ...) __attribute__((format(printf, 6, 7)));

/* Something worth telling that does not stop the call. */
void warn(Call *c, Fail kind, Str where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define TRY(expression)                                                                        \
    do {                                                                                       \
        Fail try_fail_ = (expression);                                                         \
        if (__builtin_expect(try_fail_ != OK, 0))                                              \
            return try_fail_;                                                                  \
    } while (0)

/* For a result that must be looked at. */
#define MUST_USE __attribute__((warn_unused_result))

#endif
