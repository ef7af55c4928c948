/*
 * The FHIRPath that search parameters are written in, read into plain steps: the language of
 * tools/definitions/expressions.py, for parameters that are made while Hale runs. What lies
 * outside it is refused with its place. R4 searchparameter.html, FHIRPath N1.
 */
#ifndef FHIR_SEARCH_PARAMETER_PATH_H
#define FHIR_SEARCH_PARAMETER_PATH_H

#include "base/call.h"
#include "base/limits.h"

typedef enum PathVerb {
    PATH_CHILD,         /* the children of that FHIRPath name */
    PATH_TYPE,          /* only what is of that type */
    PATH_EQUALS,        /* only those whose child `name` is `value` */
    PATH_EXTENSION,     /* the extensions with the url `value` */
    PATH_HAS_EXTENSION, /* only those that have such an extension */
    PATH_RESOLVES,      /* only references to that resource type */
    PATH_NOT_FALSE,     /* all but the boolean false */
    PATH_EXISTS,        /* whether there is any: one boolean */
} PathVerb;

typedef struct PathStep {
    PathVerb verb;
    Str      name, value; /* point into the expression */
    uint32_t place;       /* in the expression, from 1 */
} PathStep;

/* One way of a union, from its beginning: the first step is a child, or the name of a type. */
typedef struct PathBranch {
    PathStep steps[LIMIT_EXPRESSION_STEPS];
    uint32_t count;
} PathBranch;

typedef struct PathBranches {
    PathBranch *branches;
    uint32_t    count;
} PathBranches;

/* FAIL_UNPROCESSABLE with the place in the expression, noted at `where`; FAIL_TOO_COSTLY past
 * LIMIT_EXPRESSION_BYTES, _STEPS, _BRANCHES, _DEPTH. */
Fail search_parameter_path_read(Call *c, Str where, Str expression, PathBranches *out) MUST_USE;

#endif
