/*
 * Notes of a clinician: a QuestionnaireResponse to a template (a Questionnaire), from draft to signed, and what
 * is said of it later (adr/0027). note.c lists the operations; here is what its files share.
 */
#ifndef PRACTICE_NOTE_H
#define PRACTICE_NOTE_H

#include "fhir/fhirpath.h"
#include "practice/till.h"

#define NOTE_PROFESSION_SYSTEM "urn:hale:profession"
#define NOTE_TEMPLATE_SYSTEM                                                                   \
    "urn:hale:template" /* of Questionnaire.code: what a template is for */
#define NOTE_AMENDS_URL "urn:hale:amends"
#define NOTE_DIGEST_URL "urn:hale:digest"
#define NOTE_LATE_URL "urn:hale:late-entry"
#define NOTE_AMENDMENT_FORM "urn:hale:template:amendment"

typedef struct Note {
    Till  *till;
    Loaded response, form;
    Resource
        whole; /* all of the response, to look into: nothing of it goes out but labels and tags */
    Str  subject;    /* "Patient/…" */
    Str  signer;     /* "Practitioner/…" */
    bool person;     /* the signer is who asks, and not a client on their behalf */
    bool supervised; /* a student or an assistant: somebody else signs, too */
    bool signed_before;
    Str  composition; /* the id of the one that was made when it was signed */
} Note;

/* What stands beside a note that is being signed. */
typedef struct NoteAmends {
    Str kind, reason, occurred;
    Str intent;      /* what it is to be found by if it is asked for again; empty: none */
    Str original;    /* id of the QuestionnaireResponse */
    Str composition; /* … and of its Composition */
} NoteAmends;

/* Puts the operations into the table of interactions. At start-up. */
void note_offer(void);

AnswerFunction note_check_answer, note_sign_answer, note_cosign_answer, note_amend_answer,
    note_paper_answer, note_chart_paper_answer;

/* The note and its template, as the caller may see them. FAIL_UNPROCESSABLE: it has none, or that version is not there, or
 * several are; of a signed note the template is empty then. FAIL_PRECONDITION: the caller has read another version
 * (If-Match). */
Fail note_load(Till *t, Str id, Note *out) MUST_USE;

/* The template of a canonical reference, "url|version". FAIL_UNPROCESSABLE unless there is exactly one. */
Fail note_load_form(Till *t, Str canonical, Loaded *out) MUST_USE;

/* Whether it bears the tag of signed notes. */
bool note_is_signed(const Resource *r);

/* Whose signature it is to be: the person of the token, or of an app in its own name the parameter
 * `who`. FAIL_FORBIDDEN. */
Fail note_find_signer(Note *n) MUST_USE;

/* Holds a response against its template. Each fault is an issue with expression and link id; *sound: none stands against
 * signing. */
Fail note_check(Note *n, bool *sound) MUST_USE;

/* What rules may ask of the past: the variables visits and consents of their FHIRPath. */
Fail note_past(Note *n, PathVariable out[2]) MUST_USE;

/* Adds the transaction's entries that sign: the response as it is to be, Composition, Provenance. `made`: it is new. */
Fail note_put_signed(Note *n, const NoteAmends *amends, bool made) MUST_USE;

/* … that add a second signature to a note that waits for it. */
Fail note_put_cosigned(Note *n, const Loaded *composition) MUST_USE;

/* The member "security" of what is made of a note, with a comma behind it; nothing where the note has no label. It has the
 * note's labels. Who adds something to a private note of somebody else is the author of what they add, and the note's author
 * reads it (docs/data.md, Who may read a note). */
void note_put_labels(Buf *out, const Note *n);

/* The text of a text element in the caller's language: its translation, if it has one. */
Str note_words(const Note *n, const Resource *r, uint32_t node);

/* Whether the caller reads French rather than English. */
bool note_in_french(const Till *t);

/* The first code of a system among a list of CodeableConcepts (`of` is Questionnaire.useContext: their values). */
Str note_code(const Resource *r, uint32_t codings, Str system);

/* Its kind: "note", "consent"; and the profession that it is for, empty if it is for several. */
Str note_kind(const Note *n);
Str note_profession(const Note *n);

#endif
