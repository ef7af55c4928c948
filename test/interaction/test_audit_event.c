/* Every AuditEvent made of the log is one that we would take from anybody: nothing in a record, however
 * odd, makes one that is not valid. */
#include "interaction/audit_event.h"

#include "test/unit.h"

static Fail check(const AuditEvent *event)
{
    Call       *c = unit_call();
    ReadOptions options = { .expected = TYPE_AUDIT_EVENT, .values_max = 10000 };
    Resource    resource;
    Str         text = audit_event_text(c->arena, event);
    Fail        result = resource_read(c, text, &options, &resource);

    if (result != OK)
        unit_fail(__FILE__, __LINE__, "%.*s: %.*s", STR_ARG(c->issues[0].expression),
                  STR_ARG(c->issues[0].text));
    return result;
}

static const AuditActor actors[] = {
    { .name = STR_INIT("") },
    { .name = STR_INIT("owner") },
    { .name = STR_INIT("house"),
      .role = STR_INIT("practitioner"),
      .linked = STR_INIT("Practitioner/1"),
      .client = STR_INIT("An \"app\"\n") },
    { .name = STR_INIT("anne"), .role = STR_INIT("patient"), .linked = STR_INIT("Patient/7") },
    { .name = STR_INIT("new"), .role = STR_INIT("administrator") },
};

TEST(every_kind_of_record_makes_a_valid_event)
{
    for (uint8_t kind = 0; kind <= INTERACTIONS; kind++)
        for (uint8_t outcome = 0; outcome <= AUDIT_FAILED; outcome++)
            for (unsigned bits = 0; bits < 64; bits++)
                for (size_t i = 0; i < COUNT(actors); i++) {
                    AuditRecord r = { .at_us = 1700000000000000,
                                      .grant = bits & 1 ? 3 : 0,
                                      .interaction = kind,
                                      .outcome = outcome,
                                      .status = outcome ? 500 : 200,
                                      .type = bits & 2 ? TYPE_OBSERVATION : 0,
                                      .id = bits & 4 ? STR("o1") : (Str){ 0 },
                                      .version = bits & 4 ? 2 : 0,
                                      .request_id = bits & 8 ? STR("r-1") : (Str){ 0 },
                                      .address = bits & 16 ? STR("192.0.2.1") : (Str){ 0 },
                                      .detail = bits & 32 ? STR("a=\"b\"&c=\\") : (Str){ 0 },
                                      .flags = bits & 8 ? AUDIT_EMERGENCY : 0 };
                    AuditEvent  e = { .record = &r,
                                      .actor = &actors[i],
                                      .place = 1,
                                      .part = 1 + (bits & 1),
                                      .patient = bits & 2 ? STR("p1") : (Str){ 0 },
                                      .base = STR("http://127.0.0.1/fhir"),
                                      .masked = (bits & 32) != 0 };
                    ArenaMark   mark = arena_mark(unit_call()->arena);

                    if (check(&e) != OK)
                        return;
                    arena_rewind(unit_call()->arena, mark);
                }
}

TEST(a_profile_is_claimed_only_where_it_is_kept)
{
    AuditRecord r = { .interaction = INTERACTION_READ,
                      .type = TYPE_OBSERVATION,
                      .id = STR("o1"),
                      .address = STR("192.0.2.1") };
    AuditEvent  e = {
         .record = &r, .actor = &actors[1], .place = 9, .part = 1, .base = STR("x")
    };
    Arena *a = unit_call()->arena;

    CHECK(str_find(audit_event_text(a, &e), STR("IHE.BasicAudit.Read\"")) >= 0);
    e.patient = STR("p1");
    CHECK(str_find(audit_event_text(a, &e), STR("IHE.BasicAudit.PatientRead\"")) >= 0);
    r.outcome = AUDIT_DENIED; /* the profiles are of what succeeded */
    CHECK(str_find(audit_event_text(a, &e), STR("BasicAudit.")) < 0);
    r.outcome = AUDIT_DONE;
    r.address = (Str){ 0 }; /* nor without a network address */
    CHECK(str_find(audit_event_text(a, &e), STR("\"profile\"")) < 0);
    r.address = STR("192.0.2.1");
    r.interaction = INTERACTION_SEARCH_TYPE;
    CHECK(str_find(audit_event_text(a, &e), STR("IHE.BasicAudit.PatientQuery\"")) >= 0);
    e.masked = true; /* without the query it is no PatientQuery */
    CHECK(str_find(audit_event_text(a, &e), STR("\"profile\"")) < 0);
}

TEST(an_events_id_is_read_back_and_nothing_else_is)
{
    static const char *const wrong[] = { "",      "0",   "01",  "-1",
                                         "1-",    "1-0", "1-1", "1-02",
                                         "1-2-3", "1.2", "x",   "99999999999999999999" };
    Arena                   *a = unit_call()->arena;
    uint64_t                 place;
    uint32_t                 part;

    CHECK(audit_id_read(audit_event_id(a, 17, 1), &place, &part) && place == 17 && part == 1);
    CHECK(audit_id_read(audit_event_id(a, 17, 3), &place, &part) && place == 17 && part == 3);
    for (size_t i = 0; i < COUNT(wrong); i++)
        CHECK(!audit_id_read(str_from(wrong[i]), &place, &part));
}
