/*
 * $validate-code of CodeSystem and ValueSet: by instance or type, of a code, a Coding or a
 * CodeableConcept. A code that is not valid is an answer (result = false), a value set that is not
 * there a failure. R4 codesystem-operation-validate-code.html, valueset-operation-validate-code.html
 */
#include "interaction/validate_code.h"

static void put_issues(Buf *out, Validation *v)
{
    Str outcome = term_issues_outcome(&v->issues);

    if (!outcome.len)
        return;
    term_put_json(out, "issues", "resource", outcome);
    if (!v->result || term_issues_about(&v->issues, "invalid-display"))
        term_put(out, "message", "String", term_issues_message(&v->issues));
}

static Str answer_text(Call *c, Validation *v)
{
    Buf  out = buf_new(c->arena, 1024);
    Buf  all = buf_new(c->arena, 1024);
    bool shows = v->member || !v->in_concept;

    term_put_bool(&out, "result", v->result);
    if (shows && v->system_url.len)
        term_put(&out, "system", "Uri", v->system_url);
    if (shows && v->code.len)
        term_put(&out, "code", "Code", v->code);
    if (shows && v->found && v->system->version.len)
        term_put(&out, "version", "String", v->system->version);
    if (shows && v->found && v->display.len)
        term_put(&out, "display", "String", v->display);
    if (v->asked->codeable.len)
        term_put_json(&out, "codeableConcept", "valueCodeableConcept", v->asked->codeable);
    if (shows && v->inactive)
        term_put_bool(&out, "inactive", true);
    if (shows && v->inactive && v->status.len)
        term_put(&out, "status", "Code", v->status);
    if (v->right_code.len)
        term_put(&out, "normalized-code", "Code", v->right_code);
    if (v->unknown_system.len)
        term_put(&out, v->other_versions ? "x-caused-by-unknown-system" : "x-unknown-system",
                 "Canonical", v->unknown_system);
    put_issues(&out, v);
    buf_printf(&all, "{\"resourceType\":\"Parameters\",\"parameter\":[%.*s]}",
               STR_ARG(buf_str(&out)));
    return buf_str(&all);
}

static Fail validate_all(Validation *v)
{
    const TermAsked *asked = v->asked;
    Validation       good = { 0 };
    bool             any = false;

    v->in_concept = asked->codeable.len > 0;
    for (size_t i = 0; i < asked->coding_count; i++) {
        Validation one = *v;
        bool       valid;

        one.found = one.inactive = one.member = false;
        one.display = one.status = one.right_code = (Str){ 0 };
        TRY(validate_coding(&one, asked->codings[i], &valid));
        if (valid && !any)
            good = one;
        else if (one.member && !good.member)
            good = one;
        any = any || valid;
        v->issues = one.issues;
        v->broken = one.broken;
        if (!good.member)
            *v = one;
        if (one.unknown_system.len) {
            v->unknown_system = one.unknown_system;
            v->other_versions = one.other_versions;
        }
    }
    if (good.member) {
        good.issues = v->issues;
        good.unknown_system = v->unknown_system;
        good.other_versions = v->other_versions;
        *v = good;
    }
    v->result = v->any = any;
    if (!v->member && v->in_concept && v->value_set
        && (!v->issues.count
            || strcmp(v->issues.at[v->issues.count - 1].code, "not-found") != 0))
        term_issue(&v->issues, "error", "code-invalid", "not-in-vs", (Str){ 0 },
                   "No valid coding was found for the value set '%.*s'", STR_ARG(v->set_name));
    return OK;
}

/* What a code in a CodeableConcept is wrong about makes the whole wrong, but for its not being in the
 * value set while another is. */
static void weigh(Validation *v)
{
    if (v->system)
        validate_reference(v, v->system);
    if (v->value_set)
        validate_reference(v, v->value_set);
    if (term_issues_have(&v->issues, "error"))
        v->result = false;
}

static Fail no_code(Call *c)
{
    return fail(c, FAIL_REQUIRED, (Str){ 0 },
                "Unable to find code to validate (looked for coding | codeableConcept |"
                " code+system | code+inferSystem in parameters");
}

/* ---- of a value set ---- */

static Fail refuse_missing(Call *c, const TermAsked *asked, Answer *answer)
{
    TermIssues issues = { .arena = c->arena };

    term_issue(&issues, "error", "not-found", "not-found", (Str){ 0 },
               "A definition for the value Set '%.*s' could not be found",
               STR_ARG(term_versioned(c->arena, asked->url, asked->value_set_version)));
    return term_refuse(answer, 404, &issues);
}

static Fail check_supplements(Validation *v, bool *there)
{
    const ValueSet *set = v->value_set ? v->value_set->value_set_parts : NULL;
    uint32_t        count = set ? set->supplement_count : 0;

    *there = true;
    for (size_t i = 0; i < count + v->terms->supplement_count; i++) {
        Str            url = i < count ? set->supplements[i] : v->terms->supplements[i - count];
        const TermDef *found;

        TRY(terms_find(v->terms, TYPE_CODE_SYSTEM, url, (Str){ 0 }, &found));
        if (found)
            continue;
        term_issue(&v->issues, "error", "not-found", "not-found", (Str){ 0 },
                   "Required supplement not found: %.*s", STR_ARG(url));
        *there = false;
    }
    return OK;
}

static Fail answer_set(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    TermAsked *asked = NEW(c->arena, TermAsked);
    Validation v = { .asked = asked, .issues = { .arena = c->arena } };
    bool       there;

    TRY(term_params_read(c, turn, TERM_VALIDATE_SET, asked));
    TRY(terms_open(c, s, turn, asked, &v.terms));
    TRY(terms_subject(v.terms, s, turn, TYPE_VALUE_SET, asked, &v.value_set));
    if (!v.value_set)
        return refuse_missing(c, asked, answer);
    if (!asked->coding_count && !asked->codeable.len)
        return no_code(c);
    v.set_name = term_versioned(c->arena, v.value_set->url, v.value_set->version);
    TRY(check_supplements(&v, &there));
    if (!there)
        return term_refuse(answer, 422, &v.issues);
    TRY(value_set_check_rings(v.terms, v.value_set));
    TRY(validate_all(&v));
    if (v.broken)
        return term_refuse(answer, 422, &v.issues);
    weigh(&v);
    answer->status = 200;
    answer->body = answer_text(c, &v);
    return OK;
}

/* ---- of a code system ---- */

static Fail answer_system(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    TermAsked     *asked = NEW(c->arena, TermAsked);
    Validation     v = { .asked = asked, .issues = { .arena = c->arena } };
    const TermDef *system = NULL;
    bool           there;

    TRY(term_params_read(c, turn, TERM_VALIDATE_SYSTEM, asked));
    TRY(terms_open(c, s, turn, asked, &v.terms));
    if (!asked->coding_count && !asked->codeable.len)
        return no_code(c);
    if (turn->asked->id.len || asked->given.len || asked->url.len)
        TRY(terms_subject(v.terms, s, turn, TYPE_CODE_SYSTEM, asked, &system));
    for (size_t i = 0; i < asked->coding_count; i++) {
        if (!asked->codings[i].system.len)
            asked->codings[i].system = system ? system->url : asked->url;
        if (!asked->codings[i].version.len && system && asked->version.len)
            asked->codings[i].version = system->version;
    }
    TRY(check_supplements(&v, &there));
    if (!there)
        return term_refuse(answer, 422, &v.issues);
    TRY(validate_all(&v));
    weigh(&v);
    answer->status = 200;
    answer->body = answer_text(c, &v);
    return OK;
}

Fail validate_code_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    return turn->asked->type == TYPE_VALUE_SET ? answer_set(c, s, turn, answer)
                                               : answer_system(c, s, turn, answer);
}
