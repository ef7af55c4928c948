/*
 * $validate: whether a resource that is sent, or one that is stored, is what the standard says. The
 * answer is 200 with an OperationOutcome whatever it finds; a request that cannot be understood is
 * refused. Profiles and value sets are those that the caller may read, else what HL7 publishes.
 * R4 resource-operation-validate.html
 */
#include "fhir/validate.h"

#include "base/limits.h"
#include "fhir/outcome.h"
#include "fhir/profiles.h"
#include "interaction/terms.h"

typedef struct Validating {
    Str    mode, profile;
    Str    text; /* of the resource */
    Terms *terms;
} Validating;

static const Str modes[] = { STR_INIT("create"), STR_INIT("update"), STR_INIT("delete"),
                             STR_INIT("profile") };

static Fail take_mode(Call *c, Str name, Str value, void *into)
{
    Validating *v = into;

    v->mode = value;
    for (size_t i = 0; i < COUNT(modes); i++)
        if (str_equal(value, modes[i]))
            return OK;
    return fail(c, FAIL_CODE, name, "The mode is create, update, delete or profile");
}

static Fail take_profile(Call *c, Str name, Str value, void *into)
{
    Validating *v = into;

    (void)c;
    (void)name;
    v->profile = value;
    return OK;
}

static const ParamRow rows[] = {
    { STR_INIT("mode"), take_mode },
    { STR_INIT("profile"), take_profile },
};

/* A member of the parameter: its resource, or the text of its value. */
static Fail take_parameter(Call *c, const Asked *asked, const Json *json, uint32_t parameter,
                           Validating *v)
{
    Str      name = json_member_text(json, parameter, STR("name"));
    uint32_t resource = json_member(json, parameter, STR("resource"));

    if (str_equal(name, STR("resource")) && resource) {
        v->text =
            str_slice(json->source, json->values[resource].from, json->values[resource].to);
        return OK;
    }
    for (uint32_t i = parameter + 1; i < json->values[parameter].after;
         i = json->values[i].after)
        for (size_t row = 0; row < COUNT(rows); row++)
            if (str_equal(name, rows[row].name)
                && str_starts(json->values[i].key, STR("value")))
                return rows[row].take(c, name, json->values[i].text, v);
    if (asked->lenient)
        return OK;
    return fail(c, FAIL_VALUE, STR("Parameters.parameter"),
                "Only resource, mode and profile are understood here");
}

/* Parameters, or the resource by itself. What it holds may be wrong in any way: only as JSON must it
 * be right. */
static Fail take_body(Call *c, const Asked *asked, Validating *v)
{
    Json     json;
    uint32_t list;

    TRY(json_parse(c, asked->body, LIMIT_JSON_NODES, &json));
    v->text = asked->body;
    if (asked->type == TYPE_PARAMETERS
        || !str_equal(json_member_text(&json, 0, STR("resourceType")), STR("Parameters")))
        return OK;
    v->text = (Str){ 0 };
    list = json_member(&json, 0, STR("parameter"));
    for (uint32_t i = list + 1; list && i < json.values[list].after; i = json.values[i].after)
        if (json.values[i].kind == JSON_OBJECT)
            TRY(take_parameter(c, asked, &json, i, v));
    return OK;
}

/* What is wrong with it is noted on the call, and not a failure of the call. */
static Fail judge(Call *c, const Asked *asked, const Validating *v)
{
    ReadOptions     options = { .expected = asked->type,
                                .values_max = LIMIT_JSON_NODES,
                                .judging = true };
    Resource        resource = { 0 };
    ValidateOptions how = { .terms = v->terms,
                            .profiles = &v->profile,
                            .profile_count = v->profile.len > 0 };
    Fail            read, result;

    read = resource_read(c, v->text, &options, &resource);
    if (!resource.tree)
        return read;
    if (str_equal(v->mode, STR("update")) && asked->id.len
        && !str_equal(resource.id, asked->id))
        fail(c, FAIL_INVALID, STR("id"), "The id is not that of the address");
    result = validate_resource(c, &resource, &how);
    return read != OK ? read : result;
}

/* Where profiles and value sets are found; the profile that is asked for must be among them. */
static Fail open_terms(Call *c, Session *s, const Turn *turn, Validating *v)
{
    const TermAsked nothing = { 0 };
    const Profile  *profile;

    TRY(terms_open(c, s, turn, &nothing, &v->terms));
    if (!v->profile.len || validate_profile_is_base(turn->asked->type, v->profile))
        return OK;
    TRY(profiles_find(v->terms, v->profile, &profile));
    return profile ? OK
                   : fail(c, FAIL_NOT_SUPPORTED, STR("profile"),
                          "This profile is not known here, or may not be read");
}

Fail validate_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    Validating   v = { 0 };
    uint32_t     since = c->issue_count;
    Fail         result = OK;

    if (asked->in_bundle && asked->method == HTTP_POST)
        return fail(c, FAIL_NOT_SUPPORTED, (Str){ 0 },
                    "In a Bundle only what is stored is validated");
    TRY(params_take(c, asked, rows, COUNT(rows), &v));
    if (asked->method == HTTP_POST && asked->body.len)
        TRY(take_body(c, asked, &v));
    TRY(open_terms(c, s, turn, &v));
    if (!v.text.len && asked->id.len)
        TRY(answer_put_stored(c, s, turn, answer, &v.text));
    if (!v.text.len)
        return fail(c, FAIL_REQUIRED, STR("resource"), "There is nothing to validate");
    if (!str_equal(v.mode, STR("delete")))
        result = judge(c, asked, &v);
    answer->status = 200;
    answer->body = outcome_of(c, result, since);
    call_forget_issues(c, since);
    return OK;
}
