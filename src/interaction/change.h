/*
 * A change on its way to the writer. It is made ready on a session, without holding anything
 * up; the writer then checks that what was looked at still holds. If not (FAIL_STALE) it is
 * looked at again, a bounded number of times.
 */
#ifndef INTERACTION_CHANGE_H
#define INTERACTION_CHANGE_H

#include "fhir/index.h"
#include "interaction/turn.h"

struct Step {
    Turn       turn;
    Session   *session;
    Change    *changes; /* none: there is nothing to write, `answer` says it all */
    size_t     change_count;
    Condition *conditions;
    size_t     condition_count;
    Answer     answer;
    bool       hide;    /* the caller may not read what is stored: no body in the answer */
    Permit     reading; /* what it may read otherwise; zeroed where that was not asked */

    /* what goes out instead of the resource, made from its whole text; NULL: itself */
    Fail (*show)(Call *c, Str base, Str whole, Str *body);

    /* instead of change_finish() */
    Fail (*finish)(Call *c, Step *step);

    bool looked; /* the condition was evaluated, with this finding */
    Str  found;

    /* in a transaction: */
    Str                  id; /* given to the resource beforehand */
    const BundleEntry   *entry;
    const BundleTargets *targets; /* where the references of the entry lead */
};

/* Prepares, writes and answers for one interaction, again while the state moves on. */
Fail change_carry_out(Call *c, Session *s, const Turn *turn, PrepareFunction *prepare,
                      Answer *answer) MUST_USE;

/* A place for one more change of the step. */
Change *change_add(Call *c, Step *step, Method method, const Permit *permit, Str id);

/* 415 unless a resource is sent as JSON. */
Fail change_check_media_type(Call *c, const Asked *asked) MUST_USE;

/* The resource in the body: of the right type, checked in full. */
Fail change_body(Call *c, const Step *step, Resource *out) MUST_USE;

/* The current version as the permit shows it. With `absent_is_fine` a resource that is not
 * there, or not for this caller, is given as a zeroed Version. */
Fail change_current(Call *c, Session *s, const Permit *permit, TypeId type, Str id,
                    bool absent_is_fine, Version *out) MUST_USE;

/* If-Match and If-None-Match against the current version (NULL: there is none). */
Fail change_preconditions(Call *c, const Asked *asked, const Version *current) MUST_USE;

/* Finds what a conditional interaction is about; empty if nothing. Whoever asks must be
 * allowed to search. The finding becomes a condition of the step; asked again, the step
 * remembers. */
Fail change_condition(Call *c, Session *s, Step *step, Str criteria, Str *found) MUST_USE;

/* The stored text and index rows of a new version. `old` is the version it replaces, or NULL:
 * its security labels and tags stay unless they are taken away on purpose. */
Fail change_compose(Call *c, const Step *step, const Resource *resource, const Version *old,
                    Change *change) MUST_USE;

/* What is kept of the old version because its author does not see it: mask_keep(). */
typedef struct Keep {
    const MaskNames *hidden; /* NULL: nothing of that type is hidden */
    bool             text;
} Keep;

/* The same, keeping what is hidden. */
Fail change_compose_kept(Call *c, const Step *step, const Resource *resource,
                         const Version *old, const Keep *keep, Change *change) MUST_USE;

/* The same for a caller from whom something of that type is hidden or read-only: see masked.c. */
Fail masked_compose(Call *c, const Step *step, const Resource *resource, const Version *old,
                    Change *change) MUST_USE;

/* FAIL_FORBIDDEN where a change that was composed otherwise touches what its author may not. */
Fail masked_check(Call *c, const Step *step, const Version *old, const Change *change) MUST_USE;

/* The text of a change that was carried out, as its author may see it. */
Fail change_shown(Call *c, const Change *change, Str *out) MUST_USE;

/* Whether a change by such a caller leaves the resource as it is, whatever the order of its members:
 * where hidden parts were put must not show. */
bool masked_is_idle(Call *c, const Change *change, const Version *old);

/* The same from a remainder that is complete. */
Fail change_compose_text(Call *c, const Step *step, Str remainder, bool trusted,
                         Change *change) MUST_USE;

/* Whether the change would leave the resource exactly as it is. */
bool change_is_idle(Call *c, const Change *change, const Version *old);

/* Drops the changes and answers with what is there. */
Fail change_leave(Call *c, Session *s, Step *step, const Version *current) MUST_USE;

/* Decides whether the answer may show the resource. */
void change_check_reading(Call *c, Step *step);

/* The answer of a step whose change number i is durable. */
Fail change_finish(Call *c, Step *step) MUST_USE;

/* The patient in whose record a set of rows lies, if it is one. */
Str change_patient(const Change *change);

/* A new id, or the one the step was given. */
Str change_new_id(Call *c, const Step *step);

/* Writes a whole resource over what is there under that id, or makes it. */
Fail update_put(Call *c, Session *s, Step *step, const Resource *resource, Str id) MUST_USE;

/* Applies the patch in the body to the resource of that id. */
Fail patch_apply(Call *c, Session *s, Step *step, Str id) MUST_USE;

/* Removes the resource of that id if it is there. */
Fail delete_one(Call *c, Session *s, Step *step, Str id) MUST_USE;

/* Whether the new version of an Appointment (of `old`, or NULL) can be, in plain words; where its status
 * changes, when it did is added. FAIL_UNPROCESSABLE. */
Fail appointment_check(Call *c, const Resource *r, const Version *old, Draft *draft) MUST_USE;

/* Adds to the step what follows of an AppointmentResponse that is made or changed: the new version of its
 * Appointment. FAIL_UNPROCESSABLE, FAIL_FORBIDDEN, FAIL_NOT_FOUND. */
Fail appointment_response_apply(Call *c, Session *s, Step *step,
                                const Resource *response) MUST_USE;

/* FAIL_FORBIDDEN for who books by the rules for patients: they book one at a time. */
Fail series_refuse_patient(Call *c, const Turn *turn) MUST_USE;

/* Adds when it became so. */
void appointment_note(Call *c, const Resource *r, Draft *draft, Str status);

/* What a new version takes over from the old: see carry.c. */
typedef struct Carried {
    bool any; /* the draft was edited or there is something in front of its remainder */
    Str  front;
} Carried;

Fail carry_labels(Call *c, const Version *old, const Resource *resource, Draft *draft,
                  bool tags_too, Carried *out) MUST_USE;

/* The index rows of a resource with a draft's edits, without reading it again, to be stored
 * under that id. */
Fail rewritten_rows(Call *c, const Asked *asked, const Resource *resource, const Draft *draft,
                    Str id, IndexRows *out) MUST_USE;

#endif
