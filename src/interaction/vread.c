/* vread: one version. R4 http.html#vread */
#include "fhir/index.h"
#include "interaction/turn.h"

/* A record that was once filed under another patient's name must not show that past to the
 * patient it belongs to now: the store judges by the current version, so each old version is
 * judged here by what it says itself. */
Fail version_is_within(Call *c, const Turn *turn, const Version *version, bool *within)
{
    const CompartmentRule *rule = compartment_rule(version->type);
    ReadOptions            options = { .values_max = UINT32_MAX, .trusted = true };
    Resource               resource;
    IndexRows              rows;

    *within = turn->permit.reach != REACH_PATIENT || version->deleted
              || version->type == TYPE_PATIENT || !rule || rule->subject_count == 0;
    if (*within)
        return OK;
    TRY(resource_read(c, version->body, &options, &resource));
    TRY(index_derive(c, &resource, turn->asked->base, &rows));
    for (uint32_t i = 0; i < rows.count && !*within; i++)
        *within = rows.rows[i].kind == ROW_COMPARTMENT
                  && str_equal(rows.rows[i].id, str_from(turn->permit.patient));
    return OK;
}

Fail vread_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    uint64_t     number;
    Version      version;
    bool         within;

    TRY(params_take(c, asked, NULL, 0, NULL));
    if (!str_to_u64(asked->version, &number) || number == 0)
        return not_found(c, asked->type, asked->id);
    TRY(store_vread(c, s, &turn->permit, asked->type, asked->id, number, &version));
    TRY(version_is_within(c, turn, &version, &within));
    if (!within)
        return not_found(c, asked->type, asked->id);
    if (version.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "Version %llu of %.*s/%.*s is its deletion",
                    (unsigned long long)number, STR_ARG(type_name(asked->type)),
                    STR_ARG(asked->id));
    answer_put_version(answer, &version);
    if (answer_is_known(asked, &version)) {
        answer->status = 304;
        answer->body = (Str){ 0 };
    }
    return OK;
}
