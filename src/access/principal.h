/* Who is calling and what they may do, from a bearer token. Absent facts deny. */
#ifndef ACCESS_PRINCIPAL_H
#define ACCESS_PRINCIPAL_H

#include "store/store.h"

typedef enum PrincipalKind {
    PRINCIPAL_NOBODY,
    PRINCIPAL_TOKEN,
    PRINCIPAL_OWNER, /* of the data folder: the command line, the owner's socket */
} PrincipalKind;

enum { SCOPE_LIMITS = 32, SCOPE_CRITERIA_BYTES = 200 };

/* Of a type only what matches a search expression. */
typedef struct ScopeLimit {
    TypeId  type;
    uint8_t deeds; /* bits, 1 << Deed */
    bool    chart; /* of patient_types; else of practice_types */
    uint8_t len;
    char    criteria[SCOPE_CRITERIA_BYTES];
} ScopeLimit;

enum { PRINCIPAL_DENIALS = 8, DENIAL_BECAUSE_BYTES = 60 };

/* What is withheld of those types, whatever else is allowed: PermitDenial. */
typedef struct Withheld {
    TypeSet  types;
    uint16_t len;
    uint8_t  because_len;
    char     criteria[3 * SCOPE_CRITERIA_BYTES];
    char     because[DENIAL_BECAUSE_BYTES];
} Withheld;

enum { PRINCIPAL_MASKS = 96, PRINCIPAL_MASK_CRITERIA = 3 };

/* An element that is hidden, or not to be changed: MaskRow. */
typedef struct PrincipalMask {
    MaskElement element;
    bool        read_only;
    uint8_t     criteria; /* which of the texts, from 1; 0: always */
} PrincipalMask;

typedef struct MaskCriteria {
    uint16_t len;
    char     text[3 * SCOPE_CRITERIA_BYTES];
} MaskCriteria;

enum {
    READER_ORGANIZATIONS = 4,
    READER_DISCIPLINES = 8,
    DISCIPLINE_BYTES = 48,
    VISITOR_CHARS = 23,
};

/* Who reads, as far as Consents go by it (consent.h). Zeroed: nobody is known, which is bound by all. */
typedef struct Reader {
    Store *
        store; /* whose Consents; NULL: bound by none (the owner of the data folder, an emergency) */
    char     role[24];    /* of the login; empty: a client in its own name */
    char     linked[96];  /* "Practitioner/1" */
    char     own[64 + 1]; /* role patient: its own Patient */
    uint16_t purposes;    /* what its role reads for; 0: not known */
    bool     directs;     /* may make and end Consents that withhold something … */
    bool     directs_all; /* … also those that bind it */
    bool     confides;    /* Permit.confides */
    bool     assigns;     /* Permit.assigns */
    bool     staff;
    uint8_t  organization_count; /* above READER_ORGANIZATIONS: more than are kept */
    char     organizations[READER_ORGANIZATIONS][64 + 1];
    uint8_t  discipline_count; /* what its PractitionerRoles of today say that it is */
    char     disciplines[READER_DISCIPLINES][DISCIPLINE_BYTES + 1];
} Reader;

typedef struct Principal {
    PrincipalKind kind;
    Reader        reader;
    uint32_t      practice;
    uint32_t      grant;
    uint32_t      login;     /* in whose name; 0: in nobody's */
    bool          emergency; /* break_glass.h */
    char          patient[64 + 1];
    /* for each deed the types allowed in the practice, and in the launch patient's record */
    TypeSet       practice_types[DEEDS];
    TypeSet       patient_types[DEEDS];
    bool          patient_bound;     /* holds patient/ scopes and nothing wider */
    char visitor[VISITOR_CHARS + 1]; /* of the practice's own page: which visitor; else empty */
    /* Of these types with these deeds only what one of their limits says. */
    uint32_t      limit_count;
    ScopeLimit    limits[SCOPE_LIMITS];
    uint32_t      denial_count;
    Withheld      denials[PRINCIPAL_DENIALS];
    uint32_t      mask_count, mask_criteria_count;
    PrincipalMask masks[PRINCIPAL_MASKS];
    MaskCriteria  mask_criteria[PRINCIPAL_MASK_CRITERIA];
} Principal;

/* Of whom nothing is known yet. */
extern const Principal principal_nobody;

/* From the value of an Authorization header. FAIL_LOGIN if there is none or it is unknown,
 * FAIL_EXPIRED. Looks a token up by its SHA-256; found ones are remembered for a second. *out is
 * shared, and there until the call's arena is reset. */
Fail principal_from_authorization(Call *c, Session *s, Str header,
                                  const Principal **out) MUST_USE;

/* The owner of the data folder: everything, in practice 1. */
Principal principal_owner(void);

/* The practice's own page for booking, on behalf of a visitor who has proved nothing. Nothing that it
 * reads goes out: it finds out whether rules hold. `visitor` tells visitors apart (VISITOR_CHARS). */
Principal principal_booking(Str visitor);

/* Whether the rules for those who book themselves hold for it. */
static inline bool principal_books_itself(const Principal *p)
{
    return p->patient_bound || p->visitor[0];
}

/* Reads SMART scopes, v1 ("patient/Observation.read", "system / *.*") and v2
 * ("user/Patient.rs", "system / *.cruds"), separated by spaces, those of one type also with a search
 * constraint ("patient/Observation.rs?category=http://…|laboratory", criteria_read()). FAIL_VALUE,
 * FAIL_NOT_SUPPORTED, FAIL_TOO_COSTLY naming the scope that is not understood. */
Fail scopes_read(Call *c, Str scopes, Str patient, Principal *out) MUST_USE;

/* Makes a token: draws 256 bits, stores the hash. `token` gets 43 characters and a NUL. */
Fail token_create(Call *c, Store *s, Str scopes, Str patient, Str name, int64_t minutes,
                  char token[44]) MUST_USE;

/* The only maker of permits. FAIL_FORBIDDEN if the principal may not do that to that type;
 * type 0: to any type (then `types` says which). */
Fail access_permit(Call *c, const Principal *p, Deed deed, TypeId type, Permit *out) MUST_USE;

/* For working out when somebody could be seen, whoever asks: to search all of what is nobody's record
 * and says who works when and where. The rows are not for the caller's eyes; FAIL_LOGIN. */
Fail access_directory(Call *c, const Principal *p, TypeId type, Permit *out) MUST_USE;

/* Whoever may create things of a type may find and finish what it began itself: a permit for that deed.
 * The caller sees to it that it is its own. */
Fail access_own(Call *c, const Principal *p, Deed deed, TypeId type, Permit *out) MUST_USE;

/* What both permits allow, for the deed of the first. */
Permit access_both(Call *c, const Permit *first, const Permit *second);

#endif
