/* CodeSystem/$subsumes: which of two codes is a kind of the other.
 * R4 codesystem-operation-subsumes.html */
#include "interaction/terms.h"

static Fail find_code(Call *c, const TermDef *system, Str code, const char *where,
                      uint32_t *out)
{
    if (!code.len)
        return fail(c, FAIL_REQUIRED, str_from(where), "This needs two codes, or two codings");
    *out = concepts_find(&system->concepts, code);
    if (*out == CONCEPT_NONE)
        return fail(c, FAIL_NOT_FOUND, str_from(where),
                    "Unknown code '%.*s' in the CodeSystem '%.*s'", STR_ARG(code),
                    STR_ARG(system->url));
    return OK;
}

/* Codings stand for system, version and codes; both must be of one system. */
static Fail take_codings(Call *c, TermAsked *asked)
{
    const AskedCoding *a = &asked->coding_a, *b = &asked->coding_b;

    if (a->code.len || b->code.len) {
        if (!str_equal(a->system, b->system))
            return fail(c, FAIL_VALUE, STR("codingB"),
                        "Codes of different code systems cannot be compared");
        asked->code = a->code;
        asked->code_b = b->code;
        asked->system = a->system;
        asked->version = a->version;
    }
    asked->url = asked->system;
    return OK;
}

Fail subsumes_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    TermAsked     *asked = NEW(c->arena, TermAsked);
    const TermDef *system;
    Terms         *t;
    uint32_t       a, b;
    const char    *outcome;

    TRY(term_params_read(c, turn, TERM_SUBSUMES, asked));
    TRY(take_codings(c, asked));
    TRY(terms_open(c, s, turn, asked, &t));
    TRY(terms_subject(t, s, turn, TYPE_CODE_SYSTEM, asked, &system));
    if (!system)
        return fail(c, FAIL_NOT_FOUND, STR("system"),
                    "A definition for CodeSystem '%.*s' could not be found",
                    STR_ARG(asked->url));
    TRY(find_code(c, system, asked->code, "codeA", &a));
    TRY(find_code(c, system, asked->code_b, "codeB", &b));
    outcome = a == b                                   ? "equivalent"
              : concepts_is_a(&system->concepts, b, a) ? "subsumes"
              : concepts_is_a(&system->concepts, a, b) ? "subsumed-by"
                                                       : "not-subsumed";
    answer->status = 200;
    answer->body = arena_printf(c->arena,
                                "{\"resourceType\":\"Parameters\",\"parameter\":["
                                "{\"name\":\"outcome\",\"valueCode\":\"%s\"}]}",
                                outcome);
    return OK;
}
