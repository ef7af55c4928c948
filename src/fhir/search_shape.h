/*
 * What shapes the answer of a search and finds nothing itself: which resources come with the
 * matches, and in what order matches come. R4 search.html#include, #sort; standards SRCH-26 to
 * SRCH-29.
 */
#ifndef FHIR_SEARCH_SHAPE_H
#define FHIR_SEARCH_SHAPE_H

#include "base/call.h"
#include "fhir/definitions.h"

/* _include=Source:param[:Target] and _revinclude: whose references are followed, which of them,
 * and to (for _revinclude: from the match as) which type. */
typedef struct Include {
    const SearchParam *param;   /* NULL: any reference */
    TypeId             source;  /* 0: any type */
    TypeId             target;  /* 0: any type */
    bool               reverse; /* _revinclude: what refers to the matches */
    bool               iterate; /* also from what was included */
} Include;

typedef struct OrderKey {
    const SearchParam *param;
    bool               descending;
} OrderKey;

typedef struct Shape {
    Include  *includes;
    OrderKey *sort; /* the first decides; then the order in which resources were made */
    uint32_t  include_count, sort_count;
    bool      text_only; /* _summary=text: takes no includes (SRCH-32) */
} Shape;

struct MaskSet; /* fhir/mask.h: what is hidden is unknown; NULL: nothing is */

/* Takes one value of _include or _revinclude. `modifier` is what stood behind the colon, or empty.
 * FAIL_VALUE, FAIL_NOT_SUPPORTED, FAIL_TOO_COSTLY (LIMIT_QUERY_INCLUDES), naming `where`. */
Fail shape_take_include(Call *c, Shape *shape, Str where, bool reverse, Str modifier, Str value,
                        const struct MaskSet *hidden) MUST_USE;

/* Takes the value of _sort for a search of `type`: "status,-date". FAIL_VALUE,
 * FAIL_NOT_SUPPORTED, FAIL_TOO_COSTLY (LIMIT_QUERY_SORT). */
Fail shape_take_sort(Call *c, Shape *shape, Str where, TypeId type, Str value,
                     const struct MaskSet *hidden) MUST_USE;

/* Whether all that was taken goes together. FAIL_INVALID. */
Fail shape_check(Call *c, const Shape *shape) MUST_USE;

#endif
