/* What the pages on which people prove who they are have in common: see steps.h. */
#include "server/steps.h"

#include "access/throttle.h"
#include "codec/secret.h"

enum { NETWORK_CHARS = 64 };

/* What a browser calls itself, with nothing in it that a terminal or a page would obey. */
static Str agent_of(Browser *b)
{
    Str   given = str_slice(request_header(b->visit->request, STR("User-Agent")), 0, 200);
    char *out = arena_alloc_raw(b->call->arena, given.len + 1);

    for (size_t i = 0; i < given.len; i++)
        out[i] = given.at[i] >= ' ' && given.at[i] <= '~' ? given.at[i] : '?';
    return (Str){ out, given.len };
}

SignIn steps_read(Browser *b)
{
    char *network = arena_alloc_raw(b->call->arena, NETWORK_CHARS);

    return (SignIn){ .name = browser_param(b, "name"),
                     .password = browser_param(b, "password"),
                     .code = browser_param(b, "code"),
                     .network = throttle_network(visit_address(b->visit), network),
                     .device = b->device,
                     .agent = agent_of(b) };
}

const char *steps_fault(Browser *b, Fail why, const SignIn *in, const char *wrong)
{
    if (why == FAIL_LOGIN)
        return wrong;
    if (why != FAIL_THROTTLED)
        return NULL;
    visit_header(b->visit, STR("Retry-After"), arena_printf(b->call->arena, "%u", in->wait_s));
    return arena_c_string(
        b->call->arena,
        arena_printf(b->call->arena, "%s %u %s",
                     say(b, "Too many tries. Wait", "Trop d’essais. Attendez"), in->wait_s,
                     say(b, "seconds, then try again.", "secondes, puis réessayez.")));
}

int steps_status(Fail why)
{
    return why == OK ? 200 : why == FAIL_THROTTLED ? 429 : 401;
}

Str steps_who(Browser *b, const Person *p, const char *what)
{
    if (p->login.number == 0)
        return arena_printf(b->call->arena, "unknown login: %s", what);
    return arena_printf(b->call->arena, "login %.*s: %s", STR_ARG(p->login.name), what);
}

/* ---- a new password ---- */

static const char *fault_in_words(Browser *b, PasswordFault fault)
{
    switch (fault) {
    case PASSWORD_SHORT:
        return say(b, "It must have twelve characters at least.",
                   "Il doit compter au moins douze caractères.");
    case PASSWORD_LONG: return say(b, "It is too long.", "Il est trop long.");
    case PASSWORD_COMMON:
        return say(b, "Too many others use this one, or one like it.",
                   "Trop de gens utilisent celui-ci ou un semblable.");
    case PASSWORD_NAME:
        return say(b, "It must not be your login.", "Il ne doit pas être votre identifiant.");
    case PASSWORD_GOOD: break;
    }
    return NULL;
}

bool steps_password_read(Browser *b, Str name, NewPassword *out)
{
    Str password = browser_param(b, "new");

    out->password_fault = fault_in_words(b, password_fault(b->call->arena, password, name));
    out->again_fault =
        secret_equal(password, browser_param(b, "again"))
            ? NULL
            : say(b, "The two are not the same.", "Les deux ne sont pas identiques.");
    return !out->password_fault && !out->again_fault;
}

void steps_password_fields(Browser *b, const NewPassword *faults, bool focus)
{
    page_field(b, &(Field){ .name = "new",
                            .label = say(b, "New password", "Nouveau mot de passe"),
                            .hint = say(b,
                                        "Twelve characters or more. Several words that nobody "
                                        "would put together are good and easy to keep.",
                                        "Douze caractères ou plus. Quelques mots que personne "
                                        "n’associerait conviennent bien."),
                            .type = "password",
                            .autocomplete = "new-password",
                            .fault = faults->password_fault,
                            .focus = focus || faults->password_fault });
    page_field(b, &(Field){ .name = "again",
                            .label = say(b, "The same again", "Le même, encore une fois"),
                            .type = "password",
                            .autocomplete = "new-password",
                            .fault = faults->again_fault,
                            .focus = !faults->password_fault && faults->again_fault });
}

/* ---- recovery codes ---- */

Fail steps_show_recovery(Browser *b, const RecoveryCode codes[RECOVERY_CODES])
{
    page_begin(b, say(b, "Your recovery codes", "Vos codes de secours"));
    page_printf(b, "<p>%s</p>\n<ul class=\"codes\">\n",
                say(b,
                    "Each opens once, in place of the telephone. Print them or write them "
                    "down: they are not shown again.",
                    "Chacun sert une seule fois, à la place du téléphone. Imprimez-les ou "
                    "notez-les : ils ne seront plus affichés."));
    for (size_t i = 0; i < RECOVERY_CODES; i++)
        page_printf(b, "<li><code>%s</code></li>\n", codes[i].text);
    page_put(b, "</ul>\n<p><a class=\"button\" href=\"");
    page_text(b, browser_next(b));
    page_printf(b, "\">%s</a></p>\n",
                say(b, "I have kept them, go on", "Je les ai notés, continuer"));
    return page_send(b, 200);
}

/* ---- a fresh proof ---- */

Fail steps_ask_proof(Browser *b)
{
    Buf to = buf_new(b->call->arena, 128);

    buf_put(&to, STR("/account/prove"));
    if (!browser_posted(b)) {
        buf_put(&to, STR("?next="));
        url_encode(&to, b->visit->path);
    }
    return browser_redirect(b, buf_str(&to));
}
