/*
 * A search described: query string -> Query. What can be found, not how: the store makes SQL
 * of it. R4 search.html; standards 1.6.
 */
#ifndef FHIR_SEARCH_H
#define FHIR_SEARCH_H

#include "base/call.h"
#include "base/moment.h"
#include "fhir/definitions.h"
#include "fhir/search_shape.h"

typedef enum Modifier {
    MODIFIER_NONE,
    MODIFIER_MISSING,
    MODIFIER_EXACT,
    MODIFIER_CONTAINS,
    MODIFIER_NOT,
    MODIFIER_TYPE,       /* :Patient */
    MODIFIER_IDENTIFIER, /* :identifier */
    MODIFIER_TEXT,       /* token: by the beginning of its text or display */
    MODIFIER_OF_TYPE,    /* identifiers of a type; the type is the clause's key */
    MODIFIER_ABOVE,   /* uri: read as the addresses above it; a code: see query_asks_codes() */
    MODIFIER_BELOW,   /* uri: that address, and all below it; a code: likewise */
    MODIFIER_EQUAL,   /* string: the whole text, however it is written (_filter) */
    MODIFIER_ENDS,    /* string: the end of the text (_filter) */
    MODIFIER_OVERLAP, /* date: has some time in common (_filter) */
    MODIFIER_IN,      /* token: a code of that value set: see query_asks_codes() */
    MODIFIER_NOT_IN,  /* token: none of its codes */
} Modifier;

typedef enum Prefix {
    PREFIX_EQ,
    PREFIX_NE,
    PREFIX_GT,
    PREFIX_LT,
    PREFIX_GE,
    PREFIX_LE,
    PREFIX_SA,
    PREFIX_EB,
    PREFIX_AP,
} Prefix;

/* Location.near: an end of a vector, and how far others may be from it (place_vector()). */
typedef struct ClausePlace {
    double at[3];
    double chord;
} ClausePlace;

typedef struct ClauseValue {
    Prefix prefix;
    bool   has_system; /* token: "system|code" or "|code"; without it any system. quantity:
                          "5|system|code"; without it `text` is a code or a unit's text */
    bool   has_code;   /* token: false for "system|"; quantity: false for a bare number */
    Str    system;
    Str    text;    /* code, string (folded unless :exact), uri, words (words_query()); of a
                          reference the id, or the address where it holds a ':' */
    Str    version; /* reference: of a canonical ("url|version") or of a resource
                       ("Type/id/_history/version"), or empty for any */
    TypeId type;    /* reference: 0 for any */
    Moment moment;  /* date; already widened for PREFIX_AP, which asks for overlap */
    double value;   /* number, quantity … */
    double low,
        high; /* … the interval its digits mean (SRCH-01); for PREFIX_AP a tenth about */
    ClausePlace *place; /* near */
    const struct ClauseValue
        *end;   /* composite of three: where it ends, this being where it begins */
    bool truth; /* :missing */
} ClauseValue;

typedef struct ClauseStep ClauseStep;

typedef struct Clause {
    const SearchParam *param; /* of a clause with steps: the first that is looked at */
    Modifier           modifier;
    ClauseValue       *values; /* any of them */
    uint32_t           count;
    const ClauseValue *key;   /* a code: only rows that are kept under it, see IndexRow.keyed */
    const ClauseStep  *steps; /* instead of values: what must hold, in the order of reading */
    uint32_t           step_count;
} Clause;

/* A clause that is more than a look at the resource itself. What opens lasts until its CLAUSE_END;
 * in what is opened all must hold, but for CLAUSE_ANY. */
typedef enum ClauseStepKind {
    CLAUSE_MATCH,    /* a clause without steps holds for the resource looked at */
    CLAUSE_ALL,      /* opens a group */
    CLAUSE_ANY,      /* opens a group of which one must hold */
    CLAUSE_NOT,      /* opens a group that must not hold */
    CLAUSE_TARGET,   /* opens: a resource of `type` that `param` refers to (a chain) */
    CLAUSE_REFERRER, /* opens: a resource of `type` whose `param` refers to it (_has) */
    CLAUSE_END,
    CLAUSE_RECORD, /* the resource lies in the record of one of the patients; not in queries */
} ClauseStepKind;

struct ClauseStep {
    ClauseStepKind     kind;
    TypeId             type;
    const SearchParam *param;
    const Clause      *match;
    const Str         *patients; /* ids, sorted */
    uint32_t           patient_count;
};

/* All clauses must hold. _id and _lastUpdated are clauses too. */
typedef struct Query {
    TypeId   type;
    Clause  *clauses;
    uint32_t clause_count;
    Shape    shape;       /* _include, _revinclude, _sort */
    Str      compartment; /* id of the resource in whose compartment it looks, or empty … */
    TypeId   owner;       /* … and its type */
    uint32_t page_count;  /* _count, capped */
    bool     count_only;  /* _summary=count or _count=0 */
    bool     total_accurate; /* _total=accurate … */
    bool     total_estimate; /* … or estimate: exact while it is small */
    Str      cursor;         /* the opaque part of a next link (_page), or empty */
    Str      applied;        /* what was honoured, as a query string for the self link; without
                                 the cursor */
    uint64_t set;            /* custom_version() of the parameters it was read with */
} Query;

typedef struct QueryOptions {
    bool lenient; /* Prefer: handling=lenient: unknown parameters are left out with a warning */
    bool conditional; /* criteria of a conditional interaction: result parameters are refused,
                         and at least one clause must be there (REST-54, REST-55) */
    Str  base;        /* our own address */
    const struct MaskSet
        *hidden; /* parameters that look at these elements are unknown; NULL: none */
} QueryOptions;

/* Reads a query string (without '?'). What only shapes the answer (_format, _pretty, _elements,
 * _summary) is taken by name and left to the caller. Failure: FAIL_VALUE, FAIL_NOT_SUPPORTED, FAIL_INVALID,
 * FAIL_TOO_COSTLY, each naming the parameter, its value's fault and what was expected. */
Fail query_parse(Call *c, TypeId type, Str query_string, const QueryOptions *options,
                 Query *out) MUST_USE;

/* The modifiers that parameters of a type take, one after the other from *at = 0; ":Type" is not among
 * them. False when there are no more. */
bool search_modifier_next(SearchType type, uint32_t *at, Str *word);

/* What code systems and value sets say of codes (:in :not-in :above :below) is not the store's to
 * know: such a query must be settled before it is carried out. */
bool query_asks_codes(const Query *query);

/* The codes that a clause of those means: `values` with system and code, perhaps none. */
typedef Fail CodesFunction(Call *c, void *context, const Clause *asked, ClauseValue **values,
                           uint32_t *count);

/* Puts plain clauses of codes in the place of those that ask. FAIL_TOO_COSTLY where these are more
 * than LIMIT_QUERY_WEIGHT allows; else what find() fails with. */
Fail query_settle_codes(Call *c, Query *query, CodesFunction *find, void *context) MUST_USE;

#endif
