/* What the pages on which people prove who they are have in common. */
#ifndef SERVER_STEPS_H
#define SERVER_STEPS_H

#include "access/password.h"
#include "server/browser.h"

/* What the form and the browser brought. */
SignIn steps_read(Browser *b);

/* The sentence above a form whose try failed: `wrong`, or how long to wait. NULL where it is a
 * failure of another kind. */
const char *steps_fault(Browser *b, Fail why, const SignIn *in, const char *wrong);
int         steps_status(Fail why);

/* What the audit says: of whom, and what. */
Str steps_who(Browser *b, const Person *p, const char *what);

/* Two fields for a new password, and what is wrong with what was typed into them: true if
 * nothing is. */
typedef struct NewPassword {
    const char *password_fault, *again_fault;
} NewPassword;

bool steps_password_read(Browser *b, Str name, NewPassword *out);
void steps_password_fields(Browser *b, const NewPassword *faults, bool focus);

/* The page that shows recovery codes, once; it goes on to browser_next(). */
Fail steps_show_recovery(Browser *b, const RecoveryCode codes[RECOVERY_CODES]);

/* A fresh proof is asked for, and then this page again (after a form: the account page, for a form
 * is not kept). See NEEDS_FRESH. */
Fail steps_ask_proof(Browser *b);

#endif
