/*
 * One validation under way, for the files validat*.c. What is found wrong is noted on the call; a
 * trial (quiet > 0) only finds out whether something is.
 */
#ifndef FHIR_VALIDATION_H
#define FHIR_VALIDATION_H

#include "fhir/profiles.h"
#include "fhir/validate.h"

/* A profile a node is held against, or has been. */
typedef struct Held {
    const Profile *profile;
    uint32_t       node;
} Held;

typedef struct HeldSet {
    Held    *at; /* a hash table; free places have no profile, given up ones no node */
    uint32_t count, room;
    Held    *log; /* in their order, so that a trial leaves no trace */
    uint32_t log_count, log_room;
} HeldSet;

/* What is left to do: an element of a profile and the node that is to be like it. */
typedef struct Work {
    const Profile *profile;
    uint32_t       element, node;
    bool           inside; /* only its children */
} Work;

typedef struct Validation {
    Call                  *call;
    const Resource        *resource;
    const ValidateOptions *options;
    Terms                 *terms; /* NULL: nothing is known but the tables */
    PathContext            context;
    PathHooks              hooks;
    uint32_t               hook_calls;
    unsigned               quiet;  /* trials in each other */
    bool                   broken; /* in a trial: something is wrong */
    Fail                   result;
    HeldSet                held;
    Work                  *work;
    uint32_t               work_count, work_room;
    uint32_t              *nodes; /* a stack of lists of nodes */
    uint32_t               node_count, node_room;
    Str                   *unknown; /* profiles and value sets told as unknown already */
    uint32_t               unknown_count;
} Validation;

/* An issue at a node: an error, or (`grade`) less. */
typedef enum Grade { GRADE_ERROR, GRADE_WARNING, GRADE_NOTE } Grade;

void validation_note(Validation *v, uint32_t node, Grade grade, Fail kind, const char *format,
                     ...) __attribute__((format(printf, 5, 6)));

/* Runs a rule on a node and notes it if it is broken. FAIL_TOO_COSTLY. */
Fail validation_rule(Validation *v, uint32_t node, Str key, Str human, bool warning,
                     const PathProgram *program) MUST_USE;

/* True the first time it is asked of that address: then it is worth telling. */
bool validation_first_time(Validation *v, Str url);

/* A list on the stack: its first place. */
void     validation_push_node(Validation *v, uint32_t node);
uint32_t validation_mark(const Validation *v);

/* The resource that the node is in. */
uint32_t validation_resource_of(const Validation *v, uint32_t node);

/* ---- profiles: validation_profile.c, validation_slice.c ---- */

/* Holds a node, and all that is in it, against a profile. FAIL_TOO_COSTLY. */
Fail validation_hold(Validation *v, const Profile *profile, uint32_t node) MUST_USE;

/* Whether it would be found right; notes nothing. */
Fail validation_try(Validation *v, const Profile *profile, uint32_t element, uint32_t node,
                    bool *fits) MUST_USE;

/* The same of the profile with that url: not known is not right. */
Fail validation_try_url(Validation *v, Str url, uint32_t node, bool *known,
                        bool *fits) MUST_USE;

/* Finds a profile; if it cannot be used, *out is NULL, and (`told`) that is noted at the node. */
Fail validation_profile(Validation *v, Str url, uint32_t node, bool told,
                        const Profile **out) MUST_USE;

/* Puts the nodes of a list (from `mark` on) into the slices of an element. */
Fail validation_slices(Validation *v, const Profile *profile, uint32_t element, uint32_t parent,
                       uint32_t mark, uint32_t end) MUST_USE;

void validation_push_work(Validation *v, Work work);

/* The children of a node that are an element of a profile, pushed as a list. */
void validation_children(Validation *v, const ProfileElement *e, uint32_t parent);

/* How many nodes there may be: min and max of an element or slice. */
void validation_count(Validation *v, const Profile *profile, const ProfileElement *e,
                      uint32_t parent, uint32_t count, uint32_t last);

/* ---- the others ---- */

/* A binding at a node whose type is coded. FAIL_TOO_COSTLY. */
Fail validation_binding(Validation *v, uint32_t node, uint8_t strength, Str value_set,
                        Str value_set_max, const Profile *profile) MUST_USE;
Fail validation_member(Validation *v, uint32_t node, Str value_set, bool *known,
                       bool *member) MUST_USE;
Fail validation_codes(Validation *v) MUST_USE;

/* What a reference leads to, in this resource or Bundle; false if it leads elsewhere. */
bool validation_resolve(const Validation *v, uint32_t node, Str reference, uint32_t *out);
Fail validation_targets(Validation *v, const Profile *profile, const ProfileElement *e,
                        uint32_t node) MUST_USE;
void validation_bounds(Validation *v, const Profile *profile, const ProfileElement *e,
                       uint32_t node);

/* How a value is ordered to another one of a JSON text, -1, 0 or 1; not known where units or kinds do not
 * allow it. */
int  validation_compare(Validation *v, uint32_t node, const Json *json, uint32_t other,
                        bool *known);
void validation_attachment(Validation *v, uint32_t node);
void validation_bundle(Validation *v);

/* QuestionnaireResponses held against their Questionnaires, where these are known. FAIL_TOO_COSTLY. */
Fail validation_answers(Validation *v) MUST_USE;

Fail validation_extension(Validation *v, uint32_t node) MUST_USE;

#endif
