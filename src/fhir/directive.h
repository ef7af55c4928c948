/*
 * What a Consent withholds, as rows: from whom (people, roles, organisations, purposes, days), of whose
 * record, and which resources (types, labels, codes, single ones). A provision of type `deny` makes a row;
 * what surrounds it narrows it, a `permit` inside it exempts somebody or a type. A `permit` by itself
 * gives nobody more than the policy does, so it makes none. R4 consent.html#6.2.3.
 *
 * What a row would have to say and cannot is refused, with its place: nothing is carried out by half.
 */
#ifndef FHIR_DIRECTIVE_H
#define FHIR_DIRECTIVE_H

#include "fhir/resource.h"
#include "fhir/type_set.h"

/* The code system of the roles that logins have. */
extern const Str directive_role_system;

typedef enum DirectiveWho { WHO_ROLE, WHO_PERSON, WHO_ORGANIZATION } DirectiveWho;

/* "front-desk"; "Practitioner/1", "RelatedPerson/2"; "3", the id of an Organization. */
typedef struct DirectiveActor {
    DirectiveWho who;
    Str          name;
} DirectiveActor;

/* Purposes of use (v3-ActReason), as bits. */
enum {
    PURPOSE_TREAT = 1 << 0,
    PURPOSE_HPAYMT = 1 << 1,
    PURPOSE_HOPERAT = 1 << 2,
    PURPOSE_HSYSADMIN = 1 << 3,
    PURPOSE_HRESCH = 1 << 4,
    PURPOSE_PUBHLTH = 1 << 5,
    PURPOSE_HMARKT = 1 << 6,
    PURPOSE_PATRQT = 1 << 7,
    PURPOSE_FAMRQT = 1 << 8,
    PURPOSE_ETREAT = 1 << 9,
};

/* About who reads: one of the actors, one of the purposes, within the time; none given: any. */
typedef struct DirectiveTest {
    const DirectiveActor *actors;
    uint32_t              actor_count;
    uint16_t              purposes;
    int64_t               from_us, until_us;
} DirectiveTest;

typedef struct DirectiveExemption {
    DirectiveTest test;
    TypeSet       types; /* these are not withheld from whom the test fits */
} DirectiveExemption;

enum { DIRECTIVE_DEPTH = 4 }; /* so deep provisions may be nested */

typedef struct Directive {
    Str                       patient;                /* whose record, an id */
    Str                       consent;                /* its id */
    DirectiveTest             tests[DIRECTIVE_DEPTH]; /* all must fit */
    uint32_t                  test_count;
    TypeSet                   types;
    Str                       criteria; /* criteria_read(); empty: all of the types */
    const DirectiveExemption *exemptions;
    uint32_t                  exemption_count;
} Directive;

typedef struct Directives {
    const Directive *rows;
    uint32_t         count;
} Directives;

/* The rows of a Consent stored under `id`: none unless it is active and about privacy. FAIL_UNPROCESSABLE
 * names the element that cannot be carried out. `base` is our own address. */
Fail directive_compile(Call *c, const Resource *consent, Str id, Str base,
                       Directives *out) MUST_USE;

#endif
