/* Invented records: practice/synthetic.c and what it stands on. */
#include "base/limits.h"
#include "fhir/bundle.h"
#include "fhir/resource.h"
#include "practice/synthetic.h"
#include "test/unit.h"

enum { SLOTS = 1 << 16 };

/* What was made, by "Type/id". */
typedef struct Made {
    Call    *c;
    Str     *slots;
    uint64_t count, doubles, invalid;
    uint64_t of_type[RESOURCE_TYPES + 1];
    uint64_t digest;
    bool     remember;
} Made;

static bool slot_put(Str *slots, Str key)
{
    size_t at = str_hash(key) % SLOTS;

    while (slots[at].at && !str_equal(slots[at], key))
        at = (at + 1) % SLOTS;
    if (slots[at].at)
        return false;
    slots[at] = key;
    return true;
}

static bool slot_has(const Str *slots, Str key)
{
    for (size_t at = str_hash(key) % SLOTS; slots[at].at; at = (at + 1) % SLOTS)
        if (str_equal(slots[at], key))
            return true;
    return false;
}

static Str key_of(Made *m, const SyntheticResource *r)
{
    return arena_printf(m->c->arena, "%.*s/%.*s", STR_ARG(r->type), STR_ARG(r->id));
}

static void check_one(Made *m, const SyntheticResource *r)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Resource    resource;

    if (resource_read(m->c, r->text, &options, &resource) != OK
        || !str_equal(resource.id, r->id) || !str_equal(type_name(resource.type), r->type)) {
        if (m->invalid++ == 0 && m->c->issue_count)
            fprintf(stderr, "%.*s: %.*s in %.*s\n", STR_ARG(m->c->issues[0].expression),
                    STR_ARG(m->c->issues[0].text), STR_ARG(r->text));
        return;
    }
    m->of_type[resource.type]++;
}

static void take(void *context, const SyntheticResource *r)
{
    Made     *m = context;
    Str       key = m->remember ? key_of(m, r) : (Str){ 0 };
    ArenaMark mark = arena_mark(m->c->arena);

    m->count++;
    for (size_t i = 0; i < r->text.len; i++) /* FNV-1a */
        m->digest = (m->digest ^ (unsigned char)r->text.at[i]) * 0x100000001b3;
    check_one(m, r);
    if (m->invalid == 0)
        arena_rewind(m->c->arena, mark);
    if (m->remember)
        m->doubles += !slot_put(m->slots, key);
}

static Made make(SyntheticShape shape, uint64_t seed, uint32_t patients)
{
    Call            *c = unit_call();
    SyntheticOptions options = { .seed = seed, .shape = shape, .today = SYNTHETIC_TODAY };
    Made             m = { .c = c, .remember = true };

    m.slots = NEW_ARRAY(c->arena, Str, SLOTS);
    for (uint32_t n = 0; n <= patients; n++) {
        Arena *a = arena_create((size_t)64 << 20);

        synthetic_record(a, &options, n, take, &m);
        arena_destroy(a);
    }
    return m;
}

TEST(every_resource_of_a_long_record_is_valid_and_has_its_own_id)
{
    Made m = make(SYNTHETIC_LOAD, 1, 20);

    CHECK(m.count > 5000);
    CHECK_INT(m.invalid, 0);
    CHECK_INT(m.doubles, 0);
}

TEST(every_resource_of_the_practice_is_valid_and_has_its_own_id)
{
    Made m = make(SYNTHETIC_PRACTICE, 1, 60);

    CHECK_INT(m.of_type[TYPE_PATIENT], 60);
    CHECK(m.of_type[TYPE_APPOINTMENT] > 500);
    CHECK_INT(m.of_type[TYPE_INVOICE], m.of_type[TYPE_ENCOUNTER]);
    CHECK_INT(m.invalid, 0);
    CHECK_INT(m.doubles, 0);
}

TEST(the_mix_of_types_is_that_of_large_populations)
{
    Made     m = make(SYNTHETIC_LOAD, 1, 30);
    uint64_t whole = m.count - 320; /* without what all share */

    CHECK(m.of_type[TYPE_OBSERVATION] * 100 / whole >= 41);
    CHECK(m.of_type[TYPE_OBSERVATION] * 100 / whole <= 47);
    CHECK(m.of_type[TYPE_CLAIM] * 1000 / whole >= 85);
    CHECK(m.of_type[TYPE_CLAIM] * 1000 / whole <= 110);
    CHECK(m.of_type[TYPE_ENCOUNTER] * 1000 / whole >= 60);
    CHECK(m.of_type[TYPE_ENCOUNTER] * 1000 / whole <= 76);
}

TEST(the_same_numbers_make_the_same_bytes)
{
    Made one = make(SYNTHETIC_LOAD, 7, 3), again = make(SYNTHETIC_LOAD, 7, 3);
    Made other = make(SYNTHETIC_LOAD, 8, 3);

    CHECK(one.digest == again.digest);
    CHECK(one.digest != other.digest);
    CHECK(one.digest == 0x210fae2a015af06a); /* on any machine, with any compiler */
}

/* ---- references ---- */

static void check_references(void *context, const SyntheticResource *r)
{
    Made *m = context;
    Str   rest = r->text;

    for (ptrdiff_t at; (at = str_find(rest, STR("\"reference\":\""))) >= 0;) {
        Str reference, after;

        rest = str_skip(rest, (size_t)at + sizeof "\"reference\":\"" - 1);
        if (!str_cut(rest, '"', &reference, &after))
            break;
        if (reference.at[0] != '#' && !slot_has(m->slots, reference)) {
            m->invalid++;
            fprintf(stderr, "%.*s leads nowhere\n", STR_ARG(reference));
        }
        m->count++;
        rest = after;
    }
}

TEST(every_reference_leads_to_another_resource)
{
    for (SyntheticShape shape = 0; shape < SYNTHETIC_SHAPES; shape++) {
        SyntheticOptions options = { .seed = 3, .shape = shape, .today = SYNTHETIC_TODAY };
        Made             m = make(shape, 3, 10);
        Arena           *a = arena_create((size_t)64 << 20);

        m.count = 0;
        for (uint32_t n = 0; n <= 10; n++)
            synthetic_record(a, &options, n, check_references, &m);
        arena_destroy(a);
        CHECK(m.count > 1000);
        CHECK_INT(m.invalid, 0);
    }
}

/* ---- Bundles ---- */

static void put_shared(void *context, uint32_t node, Str text)
{
    (void)node;
    bundle_targets_put(context, text, TYPE_PRACTITIONER, STR("there"));
}

TEST(a_record_as_a_bundle_is_a_transaction_whose_references_resolve)
{
    Call *c = unit_call();

    for (uint32_t n = 0; n < 4; n++) {
        SyntheticOptions options = { .seed = 1, .bundled = true, .today = SYNTHETIC_TODAY };
        ReadOptions      reading = { .values_max = LIMIT_BUNDLE_NODES };
        Str              text = synthetic_bundle(c->arena, &options, n);
        Resource         resource;
        Bundle           bundle;
        BundleTargets   *targets;

        REQUIRE(resource_read(c, text, &reading, &resource) == OK);
        REQUIRE(bundle_open(c, &resource, (Str){ 0 }, &bundle) == OK);
        CHECK(bundle.kind == BUNDLE_TRANSACTION);
        targets = bundle_targets_new(c->arena, &bundle);
        for (uint32_t i = 0; i < bundle.count; i++) {
            const BundleEntry *e = &bundle.entries[i];

            CHECK_STR(e->method, STR("POST"));
            CHECK_STR(e->url, type_name(e->resource.type));
            bundle_targets_put(targets, e->full_url, e->resource.type, e->resource.id);
            bundle_conditional_references(e, put_shared, targets);
        }
        for (uint32_t i = 0; i < bundle.count; i++) {
            Draft draft;

            CHECK(bundle_rewrite(c, &bundle.entries[i], targets, &draft) == OK);
        }
        CHECK((n == 0) == (bundle.entries[0].if_none_exist.len > 0));
    }
}
