/* See sample_queries.h. */
#include "test/store/sample_queries.h"

#include "store/search_past.h"
#include "store/search_sql.h"
#include "store/search_walk.h"

static const struct {
    TypeId      type;
    const char *query;
    const char *compartment;
} samples[] = {
    { TYPE_OBSERVATION, "" },
    { TYPE_OBSERVATION, "code=8867-4" },
    { TYPE_OBSERVATION, "code=http://loinc.org|8867-4" },
    { TYPE_OBSERVATION, "code=http://loinc.org|8867-4,|bare" },
    { TYPE_OBSERVATION, "code=http://loinc.org|" },
    { TYPE_OBSERVATION, "code:not=8867-4" },
    { TYPE_OBSERVATION, "combo-code=8867-4" },
    { TYPE_OBSERVATION, "status=final&code=8867-4" },
    { TYPE_OBSERVATION, "identifier=A-1" },
    { TYPE_OBSERVATION, "identifier=urn:lab|A-1" },
    { TYPE_OBSERVATION, "identifier=urn:lab|" },
    { TYPE_OBSERVATION, "identifier=urn:lab|&patient=p1&code=http://loinc.org|" },
    { TYPE_OBSERVATION, "code:not=http://loinc.org|&patient=p1" },
    { TYPE_OBSERVATION, "identifier=urn:lab|A-1,A-2&code=8867-4" },
    { TYPE_OBSERVATION, "patient=p1" },
    { TYPE_OBSERVATION, "subject=p1" },
    { TYPE_OBSERVATION, "subject=http://elsewhere.example/Patient/p1" },
    { TYPE_OBSERVATION, "subject:identifier=urn:mrn|77" },
    { TYPE_OBSERVATION, "patient=p1&code=8867-4&date=ge2020&status=final" },
    { TYPE_OBSERVATION, "patient:missing=true" },
    { TYPE_OBSERVATION, "code:missing=false&patient=p1" },
    { TYPE_OBSERVATION, "date=2020" },
    { TYPE_OBSERVATION, "date=ne2020&code=8867-4" },
    { TYPE_OBSERVATION, "date=gt2020,lt2019" },
    { TYPE_OBSERVATION, "date=le2020&date=ge2019" },
    { TYPE_OBSERVATION, "date=sa2020&date=eb2030" },
    { TYPE_OBSERVATION, "date=ap2020" },
    { TYPE_OBSERVATION, "value-quantity=100" },
    { TYPE_OBSERVATION, "value-quantity=gt100||mg" },
    { TYPE_OBSERVATION, "value-quantity=le100|http://unitsofmeasure.org|mg&code=8867-4" },
    { TYPE_OBSERVATION, "value-quantity=sa1&value-quantity=eb500&value-quantity=ne7" },
    { TYPE_OBSERVATION, "value-quantity=ap7&value-quantity=lt9&value-quantity=ge1" },
    { TYPE_OBSERVATION, "value-quantity=100|http://unitsofmeasure.org|ug" },
    { TYPE_OBSERVATION, "value-quantity=100|http://unitsofmeasure.org|ug&code=8867-4" },
    { TYPE_OBSERVATION, "code-value-quantity=8867-4$gt90" },
    { TYPE_OBSERVATION, "code-value-quantity=8867-4$gt90,bare$lt5&status=final" },
    { TYPE_OBSERVATION, "code-value-quantity=http://loinc.org|$gt90" },
    { TYPE_OBSERVATION,
      "code-value-quantity=http://loinc.org|$gt90|http://unitsofmeasure.org|g" },
    { TYPE_OBSERVATION,
      "code-value-quantity=8867-4$gt1|http://unitsofmeasure.org|g&status=final" },
    { TYPE_OBSERVATION, "combo-code-value-concept=8867-4$http://loinc.org|8867-4" },
    { TYPE_OBSERVATION, "code:text=heart" },
    { TYPE_OBSERVATION, "code:text=heart,rate&status=final" },
    { TYPE_OBSERVATION, "subject=Patient/p1/_history/2" },
    { TYPE_OBSERVATION, "patient.name=mull" },
    { TYPE_OBSERVATION, "patient.name=mull&code=8867-4" },
    { TYPE_OBSERVATION, "subject.identifier=77&status=final" },
    { TYPE_OBSERVATION, "patient._id=p1" },
    { TYPE_OBSERVATION, "patient.gender:not=male&patient.birthdate:missing=false" },
    { TYPE_OBSERVATION, "patient.general-practitioner:Practitioner.name=doc" },
    { TYPE_OBSERVATION, "performer:Practitioner.active=true&code=8867-4" },
    { TYPE_OBSERVATION,
      "_filter=patient.name sw mull and (code eq bare or not (date ge 2020))" },
    { TYPE_PATIENT, "_has:Observation:patient:code=8867-4" },
    { TYPE_PATIENT, "_has:Observation:patient:code=8867-4&gender=female" },
    { TYPE_PATIENT, "_has:Observation:patient:_has:Provenance:target:recorded=gt2020" },
    { TYPE_PATIENT, "_content=ann* (muller or meier)" },
    { TYPE_OBSERVATION, "_text=pain,fever&code=8867-4" },
    { TYPE_OBSERVATION, "code=8867-4&patient._content=muller" },
    { TYPE_OBSERVATION, "_content=pain&_sort=-date" },
    { TYPE_OBSERVATION, "_content=pain", "p1" },
    { TYPE_PATIENT, "_list=42" },
    { TYPE_PATIENT, "_list=$current-problems" },
    { TYPE_PATIENT, "_id:not=p1&_lastUpdated:missing=false" },
    { TYPE_LOCATION, "near:missing=true" },
    { TYPE_OBSERVATION, "subject:missing=true&_filter=date po 2020" },
    { TYPE_OBSERVATION,
      "_filter=subject:Patient[gender eq female].name sw mull or code eq bare" },
    { TYPE_PATIENT, "identifier:of-type=urn:t|MR|446" },
    { TYPE_PATIENT, "_filter=family ew ller or given co an and gender ne male" },
    { TYPE_PRACTITIONER, "_has:Observation:performer:patient.name=mull" },
    { TYPE_VALUE_SET, "url:below=http://example.org" },
    { TYPE_VALUE_SET, "url:above=http://example.org/vs/1" },
    { TYPE_LOCATION, "near=52|4|10|km" },
    { TYPE_LOCATION, "near=52|4|10|km&name=x" },
    { TYPE_OBSERVATION, "_id=o1" },
    { TYPE_OBSERVATION, "_id=o1,o2&code=8867-4" },
    { TYPE_OBSERVATION, "_lastUpdated=gt2020-01-01" },
    { TYPE_OBSERVATION, "_lastUpdated=le2999&_lastUpdated=ne2020&code=8867-4" },
    { TYPE_PATIENT, "name=mul" },
    { TYPE_PATIENT, "name=mul,an&gender=female" },
    { TYPE_PATIENT, "family:exact=Muller" },
    { TYPE_PATIENT, "family:contains=ull" },
    { TYPE_PATIENT, "telecom=555&birthdate=1980" },
    { TYPE_RISK_ASSESSMENT, "probability=gt0.5" },
    { TYPE_RISK_ASSESSMENT, "probability=0.5,0.7" },
    { TYPE_VALUE_SET, "url=http://example.org/vs" },
    { TYPE_PRACTITIONER, "name=doc&active=true" },
    { TYPE_OBSERVATION, "patient=p1&_sort=-date,code" },
    { TYPE_PATIENT, "_sort=family,-birthdate,_id" },
    { TYPE_OBSERVATION, "_sort=-date" },
    { TYPE_OBSERVATION, "status=final&_sort=date" },
    { TYPE_OBSERVATION, "_sort=-_lastUpdated" },
    { TYPE_PATIENT, "gender=female&_sort=family" },
    { TYPE_PATIENT, "_sort=-family" },
    { TYPE_OBSERVATION, "", "p1" },
    { TYPE_OBSERVATION, "code=8867-4&status=final", "p1" },
    { TYPE_OBSERVATION, "identifier=urn:lab|A-1", "p1" },
    { TYPE_PATIENT, "gender=female", "p1" },
};

void sample_record(void)
{
    static const char *const record[] = {
        "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"Muller\"}],\"gender\":"
        "\"female\",\"birthDate\":\"1980-01-01\",\"telecom\":[{\"value\":\"555\",\"system\":\"phone\"}]}",
        "{\"resourceType\":\"Practitioner\",\"id\":\"d\",\"active\":true,\"name\":[{\"text\":\"Doc\"}]}",
        "{\"resourceType\":\"ValueSet\",\"id\":\"v\",\"status\":\"active\",\"url\":"
        "\"http://example.org/vs\"}",
        "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\",\"code\":{\"coding\":["
        "{\"system\":\"http://loinc.org\",\"code\":\"8867-4\"},{\"code\":\"bare\"}]},\"subject\":"
        "{\"reference\":\"Patient/p1\"},\"effectiveDateTime\":\"2020-02-10\",\"valueQuantity\":"
        "{\"value\":100,\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg\"},\"identifier\":"
        "[{\"system\":\"urn:lab\",\"value\":\"A-1\"}]}",
        "{\"resourceType\":\"Observation\",\"id\":\"o2\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
        "\"subject\":{\"reference\":\"http://elsewhere.example/Patient/p1\",\"identifier\":"
        "{\"system\":\"urn:mrn\",\"value\":\"77\"}}}",
    };

    for (size_t i = 0; i < COUNT(record); i++)
        REQUIRE(help_put(record[i]) == OK);
}

typedef void Each(void *context, const SqlText *sql, const char *query);

/* Pages in the order of a key: from either end, behind a match, with its value and beyond it; what
 * has changed left out or not. */
static void make_walks(Call *c, Store *s, const SearchPlan *plan, const Query *query,
                       Each *each, void *context)
{
    OrderValue value = { .text = STR("a") };
    Match      border = { .rid = 1, .seq = 1, .values = &value };
    WalkFrom   from[] = { { .pinned = 99 },
                          { .pinned = UINT64_MAX },
                          { &border, true, 99 },
                          { &border, false, UINT64_MAX, WALK_BEHIND },
                          { &border, false, 99, WALK_WITH },
                          { &border, true, UINT64_MAX, WALK_BEYOND } };
    SqlText    sql;

    for (size_t i = 0; i < COUNT(from); i++) {
        sql = walk_valued(c->arena, s, plan, &query->shape, from[i], 10);
        each(context, &sql, "walk");
    }
    sql = walk_missing(c->arena, s, plan, &query->shape, from[2], 10);
    each(context, &sql, "walk");
}

/* Every statement that one search may become. */
static Fail make(Call *c, Store *s, Db *db, const Permit *permit, size_t i, Each *each,
                 void *context)
{
    QueryOptions  options = { 0 };
    VersionRow    row = { .rid = 1, .version = { .seq = 1, .at_us = 1 } };
    IndexRows     rows = { 0 };
    ResourceWords words = { 0 };
    Range         back = { .rid = 1, .back = true, .pinned = 99 };
    SearchPlan    plan;
    Query         query;
    SqlText       sql;

    TRY(query_parse(c, samples[i].type, str_from(samples[i].query), &options, &query));
    if (samples[i].compartment)
        query.compartment = str_from(samples[i].compartment);
    query.owner = TYPE_PATIENT;
    TRY(plan_make(c, s, db, scope_view(permit, query.type), &query, &plan));
    if (plan.start == START_NOWHERE)
        return OK;
    sql = search_in_order(c->arena, &plan, range_all, 10);
    each(context, &sql, samples[i].query);
    sql = search_in_order(c->arena, &plan, back, 10);
    each(context, &sql, samples[i].query);
    sql = search_to_count(c->arena, &plan, back);
    each(context, &sql, samples[i].query);
    sql = search_to_count(c->arena, &plan, range_all);
    each(context, &sql, samples[i].query);
    if (query.shape.sort_count) {
        sql = search_to_sort(c->arena, s, &plan, &query.shape, range_all, 10);
        each(context, &sql, samples[i].query);
    }
    if (walk_can(s, &plan, &query.shape))
        make_walks(c, s, &plan, &query, each, context);
    sql = past_changes(c->arena, plan.view, plan.type, 1);
    each(context, &sql, "changes");
    TRY(past_statement(c, s, db, &plan, &row, &rows, &words, &sql));
    each(context, &sql, samples[i].query);
    return OK;
}

static void make_all(Call *c, Store *s, Db *db, const Permit *permit, Each *each, void *context)
{
    static const uint16_t params[] = { 0, 1, 2 };
    ReferrerQuery         query = {
                .source = TYPE_PROVENANCE, .params = params, .param_count = COUNT(params), .most = 10
    };
    SqlText sql;

    s->writer_scope = scope_of(permit);
    for (size_t i = 0; i < COUNT(samples); i++)
        if (make(c, s, db, permit, i, each, context) != OK)
            unit_fail(__FILE__, __LINE__, "%s: no statement", samples[i].query);
    if (referrers_statement(c, s, db, scope_view(permit, TYPE_PROVENANCE), &query, 1, &sql)
        == OK)
        each(context, &sql, "what refers to it");
}

void sample_each(Call *c, Store *s, Db *db,
                 void (*each)(void *context, const SqlText *sql, const char *query),
                 void *context)
{
    Permit all = help_permit(DEED_SEARCH), one = help_patient_permit(DEED_SEARCH, "p1");

    make_all(c, s, db, &all, each, context);
    make_all(c, s, db, &one, each, context);
    s->writer_scope = (Scope){ 0 };
}
