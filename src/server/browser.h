/*
 * People with a browser: cookies, forms, and the page around what is said. Plain pages that need
 * no script; passkeys alone have one. Security rule B9; ASVS 3.3 to 3.5.
 *
 * A page is a row of the route table that needs NEEDS_BROWSER, NEEDS_SESSION or NEEDS_FRESH and
 * calls browser_serve(), which looks who it is, refuses a form that is not one of ours, sends strangers
 * to sign in where the row needs a session, and says failures as a page.
 */
#ifndef SERVER_BROWSER_H
#define SERVER_BROWSER_H

#include "access/sign_in.h"
#include "codec/url.h"
#include "server/router.h"

typedef struct Browser {
    Visit    *visit;
    Call     *call;
    Person    person; /* STAGE_NONE: nobody */
    size_t    language;
    Str       secret, form, device; /* cookies, as they came; form: drawn if there was none */
    UrlParam *params;               /* of the address, or of the form */
    size_t    param_count;
    Buf       page;
    bool      scripted;    /* the page has a script of ours */
    bool      open;        /* for anybody: no cookie is looked at, so no form needs our sign */
    Str       brand;       /* whose page it is, above it; empty: ours */
    Str       ancestors;   /* origins that may show it in a frame; empty: none */
    Str       form_target; /* another origin forms may lead to, for the policy; or empty */
} Browser;

/* Answers with `page`, which fills the reply or fails. */
Fail browser_serve(Visit *v, Fail (*page)(Browser *b));

/* The same for strangers, also in a frame on another site's page, where browsers keep cookies back:
 * nobody's session or rights are looked at, and nothing is done for who sends the form but what its own
 * fields allow. */
Fail browser_serve_open(Visit *v, Fail (*page)(Browser *b));

/* The same without a page, for programs of ours in a browser: they send JSON with a header that no
 * other site's page can send without being asked first, and are answered so, failures as
 * OperationOutcome. Security rule B9. */
Fail browser_serve_json(Visit *v, Fail (*answer)(Browser *b));

/* Whether it is a form that was sent. */
bool browser_posted(const Browser *b);

/* A parameter, the first of its name, or empty. */
Str browser_param(const Browser *b, const char *name);

/* Where it goes on afterwards: an address of ours that it may go to, or the account page. */
Str browser_next(const Browser *b);

/* What is said, in the browser's language. */
const char *say(const Browser *b, const char *english, const char *french);

/* Text into the page, with what means something in HTML escaped. */
void page_text(Browser *b, Str text);

/* Markup of our own. */
void page_put(Browser *b, const char *markup);
void page_printf(Browser *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The page's beginning with its title. */
void page_begin(Browser *b, const char *title);

/* A line that says what was wrong, read aloud when the page comes. */
void page_alert(Browser *b, const char *text);

/* A form's beginning, with the sign that it is ours; the fields; its end with a button. */
void page_form(Browser *b, const char *action);
void page_form_sign(Browser *b); /* for a form begun otherwise */
void page_hidden(Browser *b, const char *name, Str value);

typedef struct Field {
    const char *name, *label, *type, *autocomplete;
    const char *hint;  /* or NULL */
    const char *fault; /* what was wrong with it, or NULL */
    bool        optional;
    Str         value;
    bool        focus;
} Field;

void page_field(Browser *b, const Field *field);
void page_form_end(Browser *b, const char *button);

/* What a scope allows, in words. False, with nothing put, if it is none that people decide on. */
bool page_scope(Browser *b, Str scope);

/* Sends it. */
Fail page_send(Browser *b, int status);

/* 303 to an address of ours, or one that was found good. */
Fail browser_redirect(Browser *b, Str location);

/* The browser's session and mark from now on; an empty secret ends the session. */
void browser_remember(Browser *b, const SignIn *in);
void browser_forget(Browser *b);

/* What happened, for the audit: made durable before the answer leaves. `detail` names no secret. */
void browser_audit(Browser *b, Interaction kind, Fail result, Str detail);

#endif
