/* Expressions of search parameters: the first byte chooses the type of resource, the second the
 * type of parameter. What compiles is published and walked. */
#include "base/ensure.h"
#include "fhir/custom.h"
#include "fhir/index.h"
#include "fhir/search_parameter.h"
#include "fuzz/fuzz.h"

static const char *const words[] = { "string", "token",  "date",    "reference",
                                     "uri",    "number", "quantity" };

static const char *const samples[] = {
    "{\"resourceType\":\"Patient\",\"id\":\"a\",\"name\":[{\"family\":\"N\",\"use\":\"usual\"}],"
    "\"extension\":[{\"url\":\"http://x\",\"valueCode\":\"y\"}],\"deceasedBoolean\":true}",
    "{\"resourceType\":\"Observation\",\"id\":\"b\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
    "\"subject\":{\"reference\":\"Patient/a\"},\"valueQuantity\":{\"value\":1,\"unit\":\"g\"}}",
};

static void walk(Call *c, const CompiledParams *made, const char *text)
{
    ReadOptions      options = { .values_max = 1000 };
    const CustomSet *set;
    Resource         resource;
    IndexRows        rows;

    ENSURE(custom_prepare(c, (const CustomParam **)made->params, made->count, &set) == OK);
    custom_publish(set);
    ENSURE(resource_read(c, str_from(text), &options, &resource) == OK);
    ENSURE(index_derive(c, &resource, STR("https://x"), &rows) == OK);
    custom_clear();
}

static void check(Call *c, Str bytes)
{
    ReadOptions    options = { .expected = TYPE_SEARCH_PARAMETER, .values_max = 1000 };
    Buf            text = buf_new(c->arena, 512);
    bool           patient;
    CompiledParams made;
    Resource       resource;

    patient = bytes.at[0] & 1;
    buf_printf(
        &text,
        "{\"resourceType\":\"SearchParameter\",\"url\":\"u:x\",\"name\":\"N\","
        "\"status\":\"active\",\"description\":\"d\",\"code\":\"mine\",\"base\":[\"%s\"],"
        "\"type\":\"%s\",\"expression\":",
        patient ? "Patient" : "Observation", words[(unsigned char)bytes.at[1] % COUNT(words)]);
    for (size_t i = 2; i < bytes.len; i++)
        if ((unsigned char)bytes.at[i] >= 0x80)
            return;
    buf_put_json_string(&text, str_skip(bytes, 2));
    buf_put_char(&text, '}');
    if (resource_read(c, buf_str(&text), &options, &resource) != OK)
        return;
    if (search_parameter_compile(c, &resource, STR("me"), 0, &made) == OK)
        walk(c, &made, samples[!patient]);
    else
        ENSURE(c->issue_count > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena *arena;
    Call          call;

    if (size < 2)
        return 0;
    if (!arena)
        arena = arena_create((size_t)256 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    check(&call, (Str){ (const char *)bytes, size });
    return 0;
}
