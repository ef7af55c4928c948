/* The values of a search clause, by the type of its parameter. Only search.c uses this. */
#ifndef FHIR_SEARCH_VALUE_H
#define FHIR_SEARCH_VALUE_H

#include "fhir/search.h"

/* One value, still with its backslash escapes. `name` is the parameter as it was written, for
 * the failure. */
typedef struct ValueText {
    Str                name;
    Str                text;
    Str                base;
    const SearchParam *param;
    Modifier           modifier;
    TypeId             modifier_type; /* :Patient */
} ValueText;

Fail search_value_read(Call *c, const ValueText *value, ClauseValue *out) MUST_USE;

/* The whole of a criterion's value, "a,b,c", as clauses any of which must hold: mostly one, with all
 * the values; several where values are looked for in different places (composites, quantities that
 * are converted). `value->text` is not looked at. */
typedef struct ClauseLeaves {
    Clause  *clauses;
    uint32_t count;
} ClauseLeaves;

Fail search_leaves_read(Call *c, const ValueText *value, Str text, ClauseLeaves *out) MUST_USE;

/* Text without its backslashes. */
Fail search_unescape(Call *c, Str name, Str text, Str *out) MUST_USE;

/* Takes the next part of *rest up to an unescaped `mark`, like str_next(). */
bool search_value_next(Str *rest, char mark, Str *part);

#endif
