/* profile: whatever a StructureDefinition says, its snapshot is made or refused, and what is compiled of it
 * is held against a resource. */
#include "fhir/profiles.h"

#include "fhir/published.h"
#include "fhir/validate.h"
#include "fuzz/fuzz.h"

static Fail candidates(Call *c, void *context, TypeId type, Str url, const TermDef ***out,
                       size_t *count)
{
    const Str *given = context;
    uint32_t   rows, first = published_find(type, url, &rows);

    *count = 0;
    *out = NEW_ARRAY(c->arena, const TermDef *, rows + 1);
    if (type == TYPE_STRUCTURE_DEFINITION && str_equal(url, STR("http://x/p"))) {
        TRY(term_define(c, c->arena, type, *given, *out));
        *count = 1;
        return OK;
    }
    for (; *count < rows; ++*count) {
        Str json;

        TRY(published_json(c, first + (uint32_t)*count, &json));
        TRY(term_define(c, c->arena, type, json, &(*out)[*count]));
    }
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const Str patient = STR_INIT(
        "{\"resourceType\":\"Patient\",\"active\":true,\"name\":[{\"family\":\"a\"},{\"use\":\"usual\"}],"
        "\"extension\":[{\"url\":\"http://x/p\",\"valueString\":\"x\"}],\"contained\":[{"
        "\"resourceType\":\"Organization\",\"id\":\"o\",\"name\":\"o\"}],\"managingOrganization\":{"
        "\"reference\":\"#o\"}}");
    static Arena   *arena;
    ReadOptions     options = { .values_max = 1000 };
    Call            call;
    Str             text = { (const char *)bytes, size }, url = STR("http://x/p");
    Terms           terms = { .call = &call, .context = &text, .candidates = candidates };
    ValidateOptions how = { .terms = &terms, .profiles = &url, .profile_count = 1 };
    Resource        resource;
    Fail            result;

    if (!arena)
        arena = arena_create((size_t)256 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    if (setjmp(*arena_boundary(arena)))
        return 0;
    result = resource_read(&call, patient, &options, &resource);
    if (result == OK)
        result = validate_resource(&call, &resource, &how);
    return 0;
}
