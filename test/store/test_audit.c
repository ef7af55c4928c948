/* Audit records come back as they were, in order, and with the change they belong to. */
#include <semaphore.h>

#include "store/audit.h"
#include "test/store/store_help.h"

static bool same(const AuditRecord *a, const AuditRecord *b)
{
    return a->at_us == b->at_us && a->grant == b->grant && a->interaction == b->interaction
           && a->outcome == b->outcome && a->status == b->status && a->type == b->type
           && a->version == b->version && a->rows == b->rows && str_equal(a->id, b->id)
           && str_equal(a->patient, b->patient) && str_equal(a->request_id, b->request_id)
           && str_equal(a->address, b->address) && str_equal(a->detail, b->detail)
           && str_equal(a->others, b->others) && a->flags == b->flags;
}

static AuditRecord sample(uint64_t n)
{
    return (AuditRecord){
        .at_us = 1700000000000000 + (int64_t)n,
        .grant = (uint32_t)n,
        .interaction = 3,
        .outcome = AUDIT_DENIED,
        .status = 403,
        .type = TYPE_PATIENT,
        .id = STR("0123abcd-4567-89ef-0123-456789abcdef"),
        .version = n * n,
        .patient = STR("anna"),
        .request_id = STR("a-request"),
        .address = STR("127.0.0.1"),
        .detail = STR("name=x&code=y"),
        .others = STR("\3bob\5carol"),
        .flags = AUDIT_EMERGENCY,
        .rows = (uint32_t)(n * 1000),
    };
}

TEST(a_record_is_encoded_compactly_and_read_back)
{
    Arena      *a = unit_call()->arena;
    AuditRecord r = sample(9), empty = { 0 }, back;
    char       *bytes = arena_alloc_raw(a, audit_size_max(&r));
    Str         rest = { bytes, audit_encode(&r, bytes) };

    CHECK(rest.len < 120);
    CHECK(audit_decode(a, &rest, &back));
    CHECK(same(&r, &back));
    CHECK_INT(rest.len, 0);
    rest = (Str){ bytes, audit_encode(&empty, bytes) };
    CHECK(audit_decode(a, &rest, &back));
    CHECK(same(&empty, &back));
}

TEST(the_first_of_several_patients_stands_with_what_proofs_show)
{
    Arena      *a = unit_call()->arena;
    AuditRecord r = { .others = STR("\3bob\5carol\3bob") }, back;
    char        bytes[512];
    Str         rest = { bytes, audit_encode(&r, bytes) };

    CHECK(audit_decode(a, &rest, &back));
    CHECK_STR(back.patient, STR("bob"));
    CHECK_STR(back.others, STR("\5carol"));
    r.patient = STR("carol");
    r.others = STR("\5carol");
    rest = (Str){ bytes, audit_encode(&r, bytes) };
    CHECK(audit_decode(a, &rest, &back));
    CHECK_STR(back.patient, STR("carol"));
    CHECK_INT(back.others.len, 0);
}

TEST(patients_are_listed_once_however_many)
{
    Patients p = { .arena = unit_call()->arena };
    Str      list, id;
    unsigned count = 0;

    CHECK(patients_list(&p).at);
    CHECK_INT(patients_list(&p).len, 0);
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < 5000; i++)
            patients_add_id(&p, arena_printf(p.arena, "patient-%u", i * 7919 % 5000));
    patients_add_id(&p, (Str){ 0 });
    list = patients_list(&p);
    CHECK(patients_has(list, STR("patient-4999")));
    CHECK(!patients_has(list, STR("patient-5000")));
    CHECK(!patients_has(list, (Str){ 0 }));
    while (patients_next_id(p.arena, &list, &id))
        count++;
    CHECK_INT(count, 5000);
    CHECK_INT(list.len, 0);
    list = STR("\4abc"); /* damaged */
    CHECK(!patients_next_id(p.arena, &list, &id));
}

TEST(a_record_cut_off_anywhere_is_refused)
{
    Arena      *a = unit_call()->arena;
    AuditRecord r = sample(9), back;
    char       *bytes = arena_alloc_raw(a, audit_size_max(&r));
    size_t      len = audit_encode(&r, bytes);

    for (size_t i = 0; i < len; i++) {
        char *cut = malloc(i ? i : 1);
        Str   rest = { cut, i };

        memcpy(cut, bytes, i);
        CHECK(!audit_decode(a, &rest, &back));
        free(cut);
    }
}

typedef struct Collected {
    AuditRecord records[64];
    uint64_t    places[64];
    size_t      count;
} Collected;

static bool collect(void *context, const AuditRecord *record, uint64_t place)
{
    Collected  *all = context;
    Arena      *a = unit_call()->arena;
    AuditRecord copy = *record;

    if (all->count == COUNT(all->records))
        return false;
    copy.id = arena_str(a, copy.id);
    copy.patient = arena_str(a, copy.patient);
    copy.request_id = arena_str(a, copy.request_id);
    copy.address = arena_str(a, copy.address);
    copy.detail = arena_str(a, copy.detail);
    copy.others = arena_str(a, copy.others);
    all->records[all->count] = copy;
    all->places[all->count++] = place;
    return true;
}

static size_t read_all(uint64_t after, Collected *all)
{
    Call   call;
    Arena *a = arena_create(1 << 24);

    all->count = 0;
    call_begin(&call, a); /* the records lie there; those kept are copied to the test's */
    CHECK(store_audit_read(&call, help_session(), after, collect, all) == OK);
    arena_destroy(a);
    return all->count;
}

static void count_done(void *context, Fail result)
{
    CHECK_INT(result, OK);
    sem_post(context);
}

TEST(records_are_kept_in_order_across_commits_and_starts)
{
    Collected   all;
    AuditRecord three[3] = { sample(1), sample(2), sample(3) }, late = sample(4);
    sem_t       done;

    sem_init(&done, 0, 0);
    REQUIRE(store_audit(unit_call(), help_open(), three, 3) == OK);
    REQUIRE(store_audit_then(help_open(), &late, 1, count_done, &done));
    sem_wait(&done);
    help_reopen();
    late = sample(5);
    REQUIRE(store_audit(unit_call(), help_open(), &late, 1) == OK);
    REQUIRE(read_all(0, &all) == 5);
    for (uint64_t i = 0; i < 5; i++) {
        AuditRecord expected = sample(i + 1);

        CHECK(same(&all.records[i], &expected));
        CHECK_INT(all.places[i], i + 1);
    }
    CHECK_INT(read_all(2, &all), 3);
    CHECK_INT(all.places[0], 3);
    CHECK_INT(read_all(5, &all), 0);
    help_close();
}

TEST(a_changes_record_names_what_it_became_and_is_missing_where_it_failed)
{
    Permit permit = help_permit(DEED_UPDATE);
    Change change =
        help_change(METHOD_PUT, &permit, "{\"resourceType\":\"Patient\",\"id\":\"p\"}");
    AuditRecord record = { .interaction = 5, .status = 200 };
    Write write = { .changes = &change, .change_count = 1, .audit = &record, .audit_count = 1 };
    Collected all;

    REQUIRE(store_write(unit_call(), help_open(), &write) == OK);
    REQUIRE(store_write(unit_call(), help_open(), &write) == OK);
    change.if_version = 1;
    CHECK_INT(store_write(unit_call(), help_open(), &write), FAIL_PRECONDITION);
    REQUIRE(read_all(0, &all) == 2);
    CHECK_INT(all.records[1].version, 2);
    CHECK_INT(all.records[1].type, TYPE_PATIENT);
    CHECK_STR(all.records[1].id, STR("p"));
    help_close();
}

TEST(a_very_long_detail_is_cut_not_refused)
{
    char       *text = arena_alloc(unit_call()->arena, 70000, 1);
    AuditRecord record = { .detail = { text, 70000 } };
    Collected   all;

    memset(text, 'q', 70000);
    REQUIRE(store_audit(unit_call(), help_open(), &record, 1) == OK);
    REQUIRE(read_all(0, &all) == 1);
    CHECK_INT(all.records[0].detail.len, AUDIT_DETAIL_MAX);
    help_close();
}
