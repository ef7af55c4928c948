/*
 * The interactions of the FHIR RESTful API, free of HTTP: the server, batch entries, the
 * command line and later doors all describe what is asked as an Asked and get an Answer.
 * One file for each interaction or operation; one table (interactions) says which there are,
 * what each needs, and who carries it out. The CapabilityStatement is made from it.
 */
#ifndef INTERACTION_INTERACTION_H
#define INTERACTION_INTERACTION_H

#include "access/principal.h"
#include "fhir/resource.h"

/* The audit log keeps these numbers: new ones go to the end. */
typedef enum Interaction {
    INTERACTION_NONE,
    INTERACTION_CAPABILITIES,
    INTERACTION_READ,
    INTERACTION_VREAD,
    INTERACTION_CREATE,
    INTERACTION_UPDATE,
    INTERACTION_PATCH,
    INTERACTION_DELETE,
    INTERACTION_CONDITIONAL_UPDATE,
    INTERACTION_CONDITIONAL_PATCH,
    INTERACTION_CONDITIONAL_DELETE,
    INTERACTION_HISTORY_INSTANCE,
    INTERACTION_HISTORY_TYPE,
    INTERACTION_HISTORY_SYSTEM,
    INTERACTION_SEARCH_TYPE,
    INTERACTION_BUNDLE, /* batch and transaction */
    INTERACTION_EVERYTHING,
    INTERACTION_META,
    INTERACTION_META_ADD,
    INTERACTION_META_DELETE,
    INTERACTION_TOKEN,  /* not FHIR: a token was made; for the audit */
    INTERACTION_IMPORT, /* hale import */
    INTERACTION_EXPORT, /* hale export */
    INTERACTION_SEARCH_SYSTEM,
    INTERACTION_SEARCH_COMPARTMENT,
    INTERACTION_EXPLAIN,    /* $explain */
    INTERACTION_AUDIT,      /* hale audit: somebody looked at the log */
    INTERACTION_SIGN_IN,    /* not FHIR either: somebody signed in or out, or tried to */
    INTERACTION_PEOPLE,     /* a login or a client was made or changed */
    INTERACTION_AUTHORIZE,  /* a person allowed an app something, or took it back */
    INTERACTION_AUDIT_READ, /* of an AuditEvent */
    INTERACTION_AUDIT_SEARCH,
    INTERACTION_ACCESS_LOG, /* $access-log */
    INTERACTION_LOOKUP,
    INTERACTION_VALIDATE_CODE,
    INTERACTION_EXPAND,
    INTERACTION_SUBSUMES,
    INTERACTION_TRANSLATE,
    INTERACTION_VALIDATE, /* $validate */
    INTERACTION_FHIRPATH, /* $fhirpath */
    INTERACTION_STATUS,   /* $status of a SearchParameter */
    INTERACTION_FIND,     /* $find of Appointment */
    INTERACTION_HOLD,
    INTERACTION_BOOK,
    INTERACTION_INVOICE, /* money: practice/billing.c has what each does */
    INTERACTION_ISSUE,
    INTERACTION_CANCEL_INVOICE,
    INTERACTION_WRITE_OFF,
    INTERACTION_PAY,
    INTERACTION_ALLOCATE,
    INTERACTION_REFUND,
    INTERACTION_ACCOUNT,
    INTERACTION_AGEING,
    INTERACTION_DAY_CLOSE,
    INTERACTION_RECEIPT,
    INTERACTION_SAMPLE_RECEIPT,
    INTERACTION_SERIES,        /* $series of Appointment: made … */
    INTERACTION_SERIES_CHANGE, /* … moved or cancelled */
    INTERACTION_ICS,           /* $ics of an Appointment */
    INTERACTION_SIGN,          /* notes: practice/note.c has what each does */
    INTERACTION_COSIGN,
    INTERACTION_AMEND,
    INTERACTION_CHECK,
    INTERACTION_SCORE,
    INTERACTION_NOTE_PAPER,
    INTERACTION_TEMPLATES,
    INTERACTION_INSTALL,
    INTERACTION_SEND,        /* a message went out to somebody, or was refused */
    INTERACTION_VIEW,        /* $viewdefinition-run, hale view */
    INTERACTION_CHART_PAPER, /* $paper of a Patient */
    INTERACTION_GRAPHQL,
    INTERACTION_SNAPSHOT, /* $snapshot of a StructureDefinition */
    INTERACTIONS
} Interaction;
_Static_assert(INTERACTION_AUTHORIZE == 29 && INTERACTION_ACCESS_LOG == 32,
               "what the log has written down keeps its meaning");

typedef enum HttpMethod {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER,
} HttpMethod;

typedef enum PreferReturn {
    PREFER_DEFAULT, /* nothing was said: the resource, but not those of a Bundle's entries */
    PREFER_REPRESENTATION,
    PREFER_MINIMAL,
    PREFER_OUTCOME,
} PreferReturn;

/* What is asked. Texts are as the caller sent them, decoded where the door's own encoding
 * (percent, header) was on them; empty means absent. */
typedef struct Asked {
    HttpMethod      method;
    Interaction     kind; /* set by asked_route() */
    TypeId          type;
    Str             id;
    Str             version;
    Str             compartment; /* id of what is searched in the compartment of … */
    TypeId          owner;       /* … and its type: a Patient, an Encounter … */
    Str             query;       /* behind '?', still encoded */
    Str             body;
    Str             body_type; /* media type without parameters */
    const Resource *resource;  /* the body where it was read already (an entry of a Bundle) */
    Str             languages; /* Accept-Language */
    Str             if_match, if_none_match, if_modified_since, if_none_exist;
    PreferReturn    prefer_return;
    bool            lenient; /* Prefer: handling=lenient; strict is the default */
    Str             base;    /* our own address: "https://…/fhir" */
    Str             address; /* of the client, for the audit */
    bool            in_bundle;
} Asked;

typedef struct Answer {
    int      status;   /* 200 … when the result is OK */
    Str      body;     /* compact JSON; empty for none */
    uint64_t version;  /* for ETag; 0: none */
    int64_t  at_us;    /* for Last-Modified; 0: none */
    Str      location; /* relative to the base: "Patient/1/_history/2" */
    Str      raw_type; /* body is not FHIR (Binary): its media type */
    Str      allow;    /* with FAIL_METHOD: what would be allowed, "GET, PUT" */
    TypeId   type;     /* what it was about, for the audit … */
    Str      id;
    Str      patient;  /* whose record it was, or was to be … */
    Patients patients; /* … and all whose data went out */
    uint32_t rows;
    bool     audited; /* its audit record went in with its change */
} Answer;

/* Finds the interaction for a path below the base ("/Patient/1/_history/2", decoded), and sets
 * kind, type, id, version. FAIL_UNKNOWN_TYPE, FAIL_METHOD (with answer->allow), FAIL_VALUE
 * (an id that cannot be one), FAIL_NOT_FOUND. */
Fail asked_route(Call *c, Asked *asked, Str path, Answer *answer) MUST_USE;

/* Whether it never waits for the writer, so that it may run where waiting is not allowed. */
bool interaction_is_quick(Interaction kind);

/* Whether it never changes anything: it may take long, but it waits for nobody. */
bool interaction_only_reads(Interaction kind);

/* Whether it may be asked by nobody in particular (metadata). */
bool interaction_is_public(Interaction kind);

/* Carries it out for that principal. On failure the call's issues say why; `answer` is then
 * still good for allow, type, id (for the audit). A change is durable, with its audit record,
 * when this returns; other calls' audit records are the caller's duty (answer->audited). */
Fail interaction_answer(Call *c, Session *s, const Principal *p, const Asked *asked,
                        Answer *answer) MUST_USE;

/* The audit record of a call, from what was asked and answered. */
AuditRecord interaction_audit(const Call *c, const Principal *p, const Asked *asked,
                              const Answer *answer, Fail result);

/* Whether a record is of a change that made a version, or of an import. */
bool audit_is_change(const AuditRecord *record);
bool audit_is_import(const AuditRecord *record);

/* Whether a record concerns that patient's record. */
bool audit_concerns(const AuditRecord *record, Str patient);

/* The record as that patient may see it: nothing in it is about others. */
AuditRecord audit_for_patient(const AuditRecord *record, Str patient);

/* A token for the owner of the data folder: made, and in the audit, when this returns. `token`
 * gets 43 characters and a NUL. */
typedef struct TokenAsked {
    Str     scopes, patient, name;
    int64_t minutes;
} TokenAsked;

Fail interaction_token(Call *c, Store *s, const TokenAsked *asked, char token[44]) MUST_USE;

typedef struct Person Person; /* access/sign_in.h */

/* What is done about logins (`what` is "user"), clients and emergency access ("break-glass"), as a
 * JSON object with text members; its member "do" says what: the table in people.c. `by` is who has
 * signed in, and from where; NULL: the owner of the data folder. FAIL_FORBIDDEN where it is not for
 * their role, or they have not proved themselves lately. The answer is a JSON object. Everything
 * but looking is in the audit. */
Fail interaction_people(Call *c, Session *s, const Person *by, Str address, Str what, Str json,
                        Str *answer) MUST_USE;

/* The audit record of something a person did outside FHIR. */
AuditRecord interaction_people_audit(const Call *c, Interaction kind, Fail result, int status,
                                     Str patient, Str address, Str detail);

/* "read", "history-instance", "$everything": as CapabilityStatement and audit say it. */
Str interaction_name(Interaction kind);

#endif
