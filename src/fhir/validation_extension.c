/*
 * Extensions: whether they are known, stand where their definition lets them, and are what it says.
 * R4 extensibility.html, defining-extensions.html#context
 */
#include "fhir/validation.h"

static const Node *at(const Validation *v, uint32_t node)
{
    return node_at(v->resource, node);
}

/* Whether a path in a definition ("Patient.contact", "value[x]" at its end) is that of a node, seen from
 * one of the types on the way. */
static bool path_is(const Validation *v, uint32_t node, Str path)
{
    Str front, last;

    while (str_cut_last(path, '.', &front, &last)) {
        const Element *e = at(v, node)->element;

        if (!e)
            return false;
        if (str_ends(last, STR("[x]")))
            last = str_slice(last, 0, last.len - 3);
        if (!str_equal(last, e->path) && !str_equal(last, e->name))
            return false;
        node = at(v, node)->parent;
        path = front;
        if (str_equal(type_name(at(v, node)->type), path))
            return true;
    }
    return path_type_is(at(v, node)->type, path);
}

static bool element_allowed(const Validation *v, uint32_t holder, Str expression)
{
    Str plain = expression, slice;

    if (str_starts(expression, STR("http")))
        return true; /* an element of another profile */
    str_cut(expression, '#', &plain, &slice);
    if (str_equal(plain, STR("Element")))
        return true;
    if (str_equal(plain, type_name(at(v, holder)->type)))
        return true;
    if (type_is_resource(at(v, holder)->type) && str_equal(plain, STR("Resource")))
        return true;
    return path_is(v, holder, plain);
}

static Fail path_allows(Validation *v, uint32_t holder, const PathProgram *program, bool *yes)
{
    uint32_t   before = v->call->issue_count;
    PathValues found = { 0 };
    PathValue  focus = v->context.resource;
    Fail       result = OK;

    *yes = true;
    if (program)
        result = path_run(v->call, program, &v->context, (PathValues){ &focus, 1 }, &found);
    if (result == FAIL_TOO_COSTLY || result == FAIL_TIMEOUT)
        return result;
    call_forget_issues(v->call, before);
    if (!program || result != OK)
        return OK;
    *yes = false;
    for (uint32_t i = 0; i < found.count; i++)
        *yes |= found.at[i].kind == PATH_NODE && found.at[i].node == holder;
    return OK;
}

/* Whether one of the contexts is where the extension stands. */
static Fail context_fits(Validation *v, const Profile *profile, uint32_t holder, bool *fits)
{
    *fits = profile->context_count == 0;
    v->context.resource = path_node(v->resource->tree, validation_resource_of(v, holder));
    for (uint32_t i = 0; i < profile->context_count && !*fits; i++) {
        const ProfileContext *context = &profile->contexts[i];

        if (str_equal(context->kind, STR("extension")))
            *fits = at(v, holder)->type == TYPE_EXTENSION
                    && str_equal(node_child_text(v->resource, holder, STR("url")),
                                 context->expression);
        else if (str_equal(context->kind, STR("fhirpath")))
            TRY(path_allows(v, holder, context->program, fits));
        else
            *fits = element_allowed(v, holder, context->expression);
    }
    return OK;
}

static Fail check_known(Validation *v, uint32_t node, const Profile *profile, bool modifier)
{
    bool fits;

    if (profile->elements[0].modifier != modifier)
        validation_note(v, node, GRADE_ERROR, FAIL_STRUCTURE,
                        modifier ? "This extension may not be a modifierExtension"
                                 : "This extension must be a modifierExtension");
    TRY(context_fits(v, profile, at(v, node)->parent, &fits));
    if (!fits)
        validation_note(v, node, GRADE_ERROR, FAIL_STRUCTURE,
                        "The extension %.*s may not stand here", STR_ARG(profile->url));
    return validation_hold(v, profile, node);
}

/* Addresses of made-up definitions, which nobody can know, and of those that HL7 adds to later. */
static bool may_be_unknown(Str url)
{
    static const Str made_up[] = { STR_INIT("http://example.org/"),
                                   STR_INIT("http://acme.com/"),
                                   STR_INIT("http://example.com/"),
                                   STR_INIT("http://nema.org/"),
                                   STR_INIT("http://hl7.org/fhir/StructureDefinition/") };

    for (size_t i = 0; i < COUNT(made_up); i++)
        if (str_starts(url, made_up[i]))
            return true;
    return false;
}

Fail validation_extension(Validation *v, uint32_t node)
{
    Str            url = node_child_text(v->resource, node, STR("url"));
    bool           modifier = str_equal(at(v, node)->element->name, STR("modifierExtension"));
    const Profile *profile;

    if (!v->terms || str_find(url, STR(":")) < 0)
        return OK;
    TRY(validation_profile(v, url, node, false, &profile));
    if (profile && !profile->extension)
        validation_note(v, node, GRADE_ERROR, FAIL_STRUCTURE,
                        "The url is that of a definition which is no extension");
    else if (profile)
        return check_known(v, node, profile, modifier);
    else
        validation_note(
            v, node, may_be_unknown(url) ? GRADE_WARNING : GRADE_ERROR, FAIL_NOT_FOUND,
            modifier ? "This changes the meaning of what it stands in, and is not known here"
                     : "The definition of this extension is not known here");
    return OK;
}
