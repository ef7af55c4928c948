/*
 * Signed means signed: what bears the tag urn:hale:note|signed is never changed, and nobody puts the tag on but
 * a write that says that it signs (Write.signs, adr/0027); what signed notes are made from keeps its words, and who
 * signs alone is not for themselves to say. The writer asks before each change.
 */
#ifndef STORE_SIGNED_H
#define STORE_SIGNED_H

#include "store/writer.h"

/* `before` are the rows of the version that is there; none where there is none. FAIL_CONFLICT. */
Fail signed_guard(Call *c, const Change *change, const IndexRows *before) MUST_USE;

/* Whether signed_guard_words() has something to say of that type. */
bool signed_guards_words(TypeId type);

/* Texts of the resource before (of a deleted one: before it was deleted) and after the change; empty: it was not, or will
 * not be, there. `there`: it was not deleted before.
 * A Practitioner: which qualifications ask for a second signature stays as it is, FAIL_FORBIDDEN, unless the permit
 * assigns. A Questionnaire that signed notes name keeps what it asks, and its address and version are no other's:
 * FAIL_CONFLICT. */
Fail signed_guard_words(Call *c, Writer *w, const Change *change, bool there, Str before,
                        Str after) MUST_USE;

#endif
