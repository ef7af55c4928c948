/*
 * The policy: which role may do what, as rows. It ships with Hale (definitions/policy/shipped.json); a
 * practice may keep versions of its own, of which the newest is in force. Rows of a role add up; what
 * a row withholds is withheld whatever other rows give. A role without rows may do nothing.
 *
 *     { "name": "…", "rows": [
 *       { "role": "front-desk", "types": ["Coverage"], "may": "crus", "criteria": "status=active" },
 *       { "role": "front-desk", "types": ["*"], "withhold": "_security=…|R", "because": "restricted",
 *         "except": ["Appointment"] },
 *       { "role": "front-desk", "hide": ["Appointment.comment"], "criteria": "_security=…|PSY" },
 *       { "role": "front-desk", "readOnly": ["Patient.active"] } ] }
 */
#ifndef ACCESS_POLICY_H
#define ACCESS_POLICY_H

#include "access/role.h"
#include "store/people.h"

/* The text that Hale ships with. */
Str policy_shipped(void);

/* The text in force, and its number; 0: as shipped. */
Fail policy_in_force(Call *c, Session *s, Str *text, uint64_t *number) MUST_USE;

/* Whether it can be put in force. FAIL_VALUE, FAIL_STRUCTURE naming the row ("rows[3].may"). */
Fail policy_check(Call *c, Str text) MUST_USE;

/* What it gives a role, for that patient where the role is for one: nothing where the patient is
 * missing. Failures as policy_check(). */
Fail policy_rights(Call *c, Str text, const Role *role, Str patient, Principal *out) MUST_USE;

/* The rows of a role (of all, if it is empty), one on a line, for people. */
Fail policy_describe(Call *c, Str text, Str role, Buf *out) MUST_USE;

/* The same lines, of those rows of a role that give the letter ("cruds") of that type; or, where
 * `withheld` is given, that withhold it by those criteria. */
Fail policy_rows_about(Call *c, Str text, const Role *role, TypeId type, char letter,
                       const Str *withheld, Buf *out) MUST_USE;

#endif
