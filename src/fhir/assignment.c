/* What permission goes by in a PractitionerRole stays as it is: see assignment.h. */
#include "fhir/assignment.h"

#include "fhir/definitions.h"

/* Search parameters of all that it goes by, and the elements they look at. */
static const struct {
    const char *code, *element;
} watched[] = {
    { "practitioner", "practitioner" },
    { "organization", "organization" },
    { "role", "code" },
    { "active", "active" },
    { "date", "period" },
};

static const IndexRow *next_of(const IndexRows *rows, uint16_t param, uint32_t *at)
{
    while (*at < rows->count) {
        const IndexRow *row = &rows->rows[(*at)++];

        if (row->kind < ROW_COMPARTMENT && row->param == param)
            return row;
    }
    return NULL;
}

static bool same(const IndexRows *before, const IndexRows *after, uint16_t param)
{
    uint32_t        i = 0, k = 0;
    const IndexRow *a, *b;

    do {
        a = next_of(before, param, &i);
        b = next_of(after, param, &k);
        if (!a != !b || (a && index_row_compare(a, b) != 0))
            return false;
    } while (a);
    return true;
}

Fail assignment_check(Call *c, const IndexRows *before, const IndexRows *after)
{
    for (size_t i = 0; i < COUNT(watched); i++) {
        const SearchParam *param =
            search_param_find(TYPE_PRACTITIONER_ROLE, str_from(watched[i].code));

        if (!same(before, after, param->same_as))
            return fail(c, FAIL_FORBIDDEN,
                        arena_printf(c->arena, "PractitionerRole.%s", watched[i].element),
                        "Who is of which organization and profession is for administrators to "
                        "say");
    }
    return OK;
}
