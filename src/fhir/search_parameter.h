/*
 * SearchParameter resources: checked, and compiled into what index_derive() and searches work
 * with, as tools/generate_definitions.py does it for the standard's own when Hale is built.
 */
#ifndef FHIR_SEARCH_PARAMETER_H
#define FHIR_SEARCH_PARAMETER_H

#include "fhir/resource.h"

typedef struct CustomParam CustomParam;

typedef struct CompiledParams {
    CustomParam **params; /* one for each type, on the call's arena; not published */
    uint32_t      count;  /* 0: nothing is to be made of it */
} CompiledParams;

/* Compiles a SearchParameter that is stored under `id`, at the place `seq` in the log (0: not yet). Nothing is made of one that is not active,
 * or that repeats one of the standard's own. FAIL_UNPROCESSABLE names the element and the place
 * in the expression: it cannot be read, leads nowhere, or to nothing of its type; FAIL_DUPLICATE
 * if its code is taken for one of its types, by the standard or by another SearchParameter;
 * FAIL_TOO_COSTLY past a limit. R4 searchparameter.html */
Fail search_parameter_compile(Call *c, const Resource *resource, Str id, uint64_t seq,
                              CompiledParams *out) MUST_USE;

#endif
