/* The clinical resources of one visit; what is billed is in visit_claim.c. See visit.h. */
#include "practice/visit.h"

#include "base/ensure.h"

/* A whole number with its last digits behind the point: 372, 1 -> 37.2. */
static const char *decimal(Maker *m, uint32_t value, unsigned digits)
{
    static const uint32_t power[] = { 1, 10, 100 };

    if (digits == 0)
        return arena_printf(m->arena, "%u", value).at;
    return arena_printf(m->arena, "%u.%0*u", value / power[digits], (int)digits,
                        value % power[digits])
        .at;
}

static void put_category(Maker *m, const char *category)
{
    maker_put(m,
              ",'category':[{'coding':[{'system':'" TERMINOLOGY
              "observation-category','code':'%s','display':'%s'}]}]",
              category, category);
}

static const char *profile_of(const char *category)
{
    static const char *const profiles[][2] = {
        { "vital-signs", "http://hl7.org/fhir/StructureDefinition/vitalsigns" },
        { "laboratory", US_CORE "us-core-observation-lab" },
        { "survey", US_CORE "us-core-observation-survey" },
    };

    for (size_t i = 0; i < COUNT(profiles); i++)
        if (strcmp(profiles[i][0], category) == 0)
            return profiles[i][1];
    ENSURE(false && "a category without profile");
    return NULL;
}

static void put_subject(Maker *m, const Visit *v)
{
    maker_put(m, ",'subject':{'reference':'%s'},'encounter':{'reference':'%s'}", v->patient,
              v->encounter);
}

static void put_quantity(Maker *m, const char *lead, const Gauge *gauge, uint32_t value)
{
    maker_put(m, "%s'valueQuantity':{'value':%s,'unit':'%s','system':'" UCUM "','code':'%s'}",
              lead, decimal(m, value, gauge->digits), gauge->unit, gauge->unit);
}

static uint32_t draw(Maker *m, const Gauge *gauge)
{
    return maker_between(m, gauge->low, gauge->span);
}

void visit_put_observation(Maker *m, const Visit *v, const char *category, const Gauge *gauge,
                           uint32_t value, MadeId id)
{
    const char *when;

    maker_begin(m, "Observation", id);
    when = maker_time(m, v->from);
    maker_put(m, ",'meta':{'profile':['%s']},'status':'final'", profile_of(category));
    put_category(m, category);
    maker_put_concept(m, "code", LOINC, &gauge->term);
    put_subject(m, v);
    maker_put(m, ",'effectiveDateTime':'%s','issued':'%s'", when, when);
    put_quantity(m, ",", gauge, value);
    maker_end(m);
}

void visit_put_blood_pressure(Maker *m, const Visit *v)
{
    static const Term  panel = { "85354-9", "Blood pressure panel with all children optional" };
    const Gauge *const parts[] = { &diastolic, &systolic };
    const char        *when;

    maker_begin(m, "Observation", maker_id(m));
    when = maker_time(m, v->from);
    maker_put(m, ",'meta':{'profile':['http://hl7.org/fhir/StructureDefinition/bp',"
                 "'http://hl7.org/fhir/StructureDefinition/vitalsigns']},'status':'final'");
    put_category(m, "vital-signs");
    maker_put_concept(m, "code", LOINC, &panel);
    put_subject(m, v);
    maker_put(m, ",'effectiveDateTime':'%s','issued':'%s','component':[", when, when);
    for (size_t i = 0; i < COUNT(parts); i++) {
        maker_put(m,
                  "%s{'code':{'coding':[{'system':'" LOINC "','code':'%s','display':'%s'}],"
                  "'text':'%s'}",
                  i ? "," : "", parts[i]->term.code, parts[i]->term.display,
                  parts[i]->term.display);
        put_quantity(m, ",", parts[i], draw(m, parts[i]));
        maker_put(m, "}");
    }
    maker_put(m, "]");
    maker_end(m);
}

static void put_smoking_status(Maker *m, const Visit *v)
{
    static const Term code = { "72166-2", "Tobacco smoking status" };
    static const Term statuses[] = {
        { "266919005", "Never smoked tobacco" },
        { "8517006", "Ex-smoker" },
        { "77176002", "Smoker" },
    };
    const Term *status = MAKER_PICK_SKEWED(m, statuses);
    const char *when;

    maker_begin(m, "Observation", maker_id(m));
    when = maker_time(m, v->from);
    maker_put(m, ",'meta':{'profile':['" US_CORE "us-core-smokingstatus']},'status':'final'");
    put_category(m, "social-history");
    maker_put_concept(m, "code", LOINC, &code);
    put_subject(m, v);
    maker_put(m, ",'effectiveDateTime':'%s','issued':'%s'", when, when);
    maker_put_concept(m, "valueCodeableConcept", SNOMED, status);
    maker_end(m);
}

void visit_put_vital_signs(Maker *m, const Visit *v)
{
    const Gauge *const taken[] = { &body_height, &body_weight,      &body_mass_index,
                                   &heart_rate,  &respiratory_rate, &pain_score };

    for (size_t i = 0; i < COUNT(taken); i++)
        visit_put_observation(m, v, "vital-signs", taken[i], draw(m, taken[i]), maker_id(m));
    visit_put_blood_pressure(m, v);
    put_smoking_status(m, v);
}

void visit_put_lab_panel(Maker *m, const Visit *v)
{
    const LabPanel *panel = MAKER_PICK(m, lab_panels);
    MadeId          ids[PANEL_TESTS_MAX];
    const char     *when;
    size_t          count = 0;

    while (count < PANEL_TESTS_MAX && panel->tests[count].unit) {
        const Gauge *test = &panel->tests[count];

        ids[count] = maker_id(m);
        visit_put_observation(m, v, "laboratory", test, draw(m, test), ids[count]);
        count++;
    }
    maker_begin(m, "DiagnosticReport", maker_id(m));
    when = maker_time(m, v->from);
    maker_put(m, ",'meta':{'profile':['" US_CORE "us-core-diagnosticreport-lab']},"
                 "'status':'final','category':[{'coding':[{'system':'" TERMINOLOGY
                 "v2-0074','code':'LAB','display':'Laboratory'}]}]");
    maker_put_concept(m, "code", LOINC, &panel->term);
    put_subject(m, v);
    maker_put(m,
              ",'effectiveDateTime':'%s','issued':'%s','performer':[{'reference':'%s',"
              "'display':'%s'}],'result':[",
              when, when, v->organization, v->organization_name);
    for (size_t i = 0; i < count; i++)
        maker_put(m, "%s{'reference':'%s','display':'%s'}", i ? "," : "",
                  maker_reference(m, "Observation", &ids[i]), panel->tests[i].term.display);
    maker_put(m, "]");
    maker_end(m);
}

void visit_put_condition(Maker *m, const Visit *v, const Term *condition, bool active,
                         MadeId id)
{
    maker_begin(m, "Condition", id);
    maker_put(
        m,
        ",'meta':{'profile':['" US_CORE "us-core-condition']},'clinicalStatus':{'coding':["
        "{'system':'" TERMINOLOGY "condition-clinical','code':'%s'}]},"
        "'verificationStatus':{'coding':[{'system':'" TERMINOLOGY
        "condition-ver-status','code':'confirmed'}]},'category':[{'coding':[{"
        "'system':'" TERMINOLOGY "condition-category','code':'encounter-diagnosis','display':"
        "'Encounter Diagnosis'}]}]",
        active ? "active" : "resolved");
    maker_put_concept(m, "code", SNOMED, condition);
    put_subject(m, v);
    maker_put(m, ",'onsetDateTime':'%s'", maker_time(m, v->from));
    if (!active)
        maker_put(m, ",'abatementDateTime':'%s'",
                  maker_time(m, v->to + (int64_t)maker_between(m, 5, 80) * DAY_SECONDS));
    maker_put(m, ",'recordedDate':'%s'", maker_time(m, v->from));
    maker_end(m);
}

void visit_put_procedure(Maker *m, const Visit *v)
{
    const Term *procedure = MAKER_PICK_SKEWED(m, procedures);

    maker_begin(m, "Procedure", maker_id(m));
    maker_put(m, ",'meta':{'profile':['" US_CORE "us-core-procedure']},'status':'completed'");
    maker_put_concept(m, "code", SNOMED, procedure);
    put_subject(m, v);
    maker_put(m,
              ",'performedPeriod':{'start':'%s','end':'%s'},'location':{'reference':'%s',"
              "'display':'%s'}",
              maker_time(m, v->from), maker_time(m, v->to), v->location, v->organization_name);
    maker_end(m);
}

void visit_put_immunization(Maker *m, const Visit *v)
{
    const Term *vaccine = MAKER_PICK_SKEWED(m, vaccines);

    maker_begin(m, "Immunization", maker_id(m));
    maker_put(m,
              ",'meta':{'profile':['" US_CORE "us-core-immunization']},'status':'completed'");
    maker_put_concept(m, "vaccineCode", CVX, vaccine);
    maker_put(m,
              ",'patient':{'reference':'%s'},'encounter':{'reference':'%s'},"
              "'occurrenceDateTime':'%s','primarySource':true,'location':{'reference':'%s',"
              "'display':'%s'}",
              v->patient, v->encounter, maker_time(m, v->from), v->location,
              v->organization_name);
    maker_end(m);
}

Str visit_note(Maker *m, const Visit *v, uint32_t count)
{
    Buf note = buf_new(m->arena, 4096);

    buf_printf(&note, "\n%s\n\n# Reason for the visit\n%s\n\n# History\n%s\n",
               maker_date(m, v->from / DAY_SECONDS), v->kind->display, v->patient_name);
    for (uint32_t i = 0; i < count; i++)
        buf_printf(&note, "%s%s\n", i == count / 2 ? "\n# Assessment and plan\n" : "",
                   *MAKER_PICK(m, sentences));
    return buf_str(&note);
}

#define NOTE_CODING                                                                            \
    "{'coding':[{'system':'" LOINC                                                             \
    "','code':'34117-2','display':'History and physical note'},"                               \
    "{'system':'" LOINC "','code':'51847-2','display':'Evaluation + Plan note'}]}"

void visit_put_note(Maker *m, const Visit *v)
{
    ArenaMark   mark = arena_mark(m->arena);
    Str         note = visit_note(m, v, maker_between(m, 4, 12));
    MadeId      ids[2] = { maker_id(m), maker_id(m) };
    const char *when = maker_time(m, v->from);

    maker_begin(m, "DiagnosticReport", ids[0]);
    maker_put(m, ",'meta':{'profile':['" US_CORE "us-core-diagnosticreport-note']},"
                 "'status':'final','category':[" NOTE_CODING "],'code':" NOTE_CODING);
    put_subject(m, v);
    maker_put(m,
              ",'effectiveDateTime':'%s','issued':'%s','performer':[{'reference':'%s',"
              "'display':'%s'}],'presentedForm':[{'contentType':'text/plain; charset=utf-8'",
              when, when, v->practitioner, v->practitioner_name);
    maker_put_base64(m, "data", note);
    maker_put(m, "}]");
    maker_end(m);

    maker_begin(m, "DocumentReference", ids[1]);
    maker_put(m,
              ",'meta':{'profile':['" US_CORE "us-core-documentreference']},'identifier':["
              "{'system':'urn:ietf:rfc:3986','value':'urn:uuid:%s'}],'status':'current',"
              "'type':" NOTE_CODING
              ",'category':[{'coding':[{'system':'http://hl7.org/fhir/us/core/"
              "CodeSystem/us-core-documentreference-category','code':'clinical-note','display':"
              "'Clinical Note'}]}],'subject':{'reference':'%s'},'date':'%s','author':[{"
              "'reference':'%s','display':'%s'}],'custodian':{'reference':'%s','display':'%s'}",
              ids[0].text, v->patient, when, v->practitioner, v->practitioner_name,
              v->organization, v->organization_name);
    maker_put(m, ",'content':[{'attachment':{'contentType':'text/plain; charset=utf-8'");
    maker_put_base64(m, "data", note);
    maker_put(
        m,
        "},'format':{'system':'http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem',"
        "'code':'urn:ihe:iti:xds:2017:mimeTypeSufficient','display':'mimeType Sufficient'}}],"
        "'context':{'encounter':[{'reference':'%s'}],'period':{'start':'%s','end':'%s'}}",
        v->encounter, when, maker_time(m, v->to));
    maker_end(m);
    arena_rewind(m->arena, mark);
}

void visit_put_care(Maker *m, const Visit *v, const Term *condition)
{
    MadeId      team = maker_id(m), plan = maker_id(m), found = maker_id(m);
    ArenaMark   mark = arena_mark(m->arena);
    const char *team_reference = maker_reference(m, "CareTeam", &team);
    const char *reason = maker_reference(m, "Condition", &found);

    visit_put_condition(m, v, condition, true, found);
    maker_begin(m, "CareTeam", team);
    maker_put(m, ",'meta':{'profile':['" US_CORE "us-core-careteam']},'status':'active'");
    put_subject(m, v);
    maker_put(m, ",'period':{'start':'%s'},'participant':[", maker_time(m, v->from));
    maker_put(m,
              "{'role':[{'coding':[{'system':'" SNOMED
              "','code':'116154003','display':'Patient'}],"
              "'text':'Patient'}],'member':{'reference':'%s','display':'%s'}},"
              "{'role':[{'coding':[{'system':'" SNOMED "','code':'223366009','display':"
              "'Healthcare professional'}],'text':'Healthcare professional'}],'member':{"
              "'reference':'%s','display':'%s'}}],'reasonCode':[{'text':'%s'}],"
              "'managingOrganization':[{'reference':'%s','display':'%s'}]",
              v->patient, v->patient_name, v->practitioner, v->practitioner_name,
              condition->display, v->organization, v->organization_name);
    maker_end(m);

    maker_begin(m, "CarePlan", plan);
    maker_put(m, ",'meta':{'profile':['" US_CORE "us-core-careplan']}");
    maker_put_narrative(m, "Self-care, exercise and regular review.");
    maker_put(m,
              ",'status':'active','intent':'order','category':[{'coding':[{'system':'http://"
              "hl7.org/fhir/us/core/CodeSystem/careplan-category','code':'assess-plan'}]},"
              "{'coding':[{'system':'" SNOMED "','code':'736353004','display':'Inpatient care "
              "plan'}],'text':'Care plan'}]");
    put_subject(m, v);
    maker_put(m,
              ",'period':{'start':'%s'},'careTeam':[{'reference':'%s'}],'addresses':[{"
              "'reference':'%s'}],'activity':[{'detail':{'code':{'coding':[{'system':'" SNOMED
              "','code':'229065009','display':'Exercise therapy'}],'text':'Exercise therapy'},"
              "'status':'in-progress','location':{'display':'%s'}}}]",
              maker_time(m, v->from), team_reference, reason, v->organization_name);
    maker_end(m);
    arena_rewind(m->arena, mark);
}

void visit_put_supply(Maker *m, const Visit *v)
{
    static const Term items[] = {
        { "337388004", "Blood glucose testing strips" },
        { "1137596000", "Adhesive bandage" },
        { "409534002", "Disposable air-purifying respirator" },
        { "713779008", "Nitrile examination glove, non-powdered, sterile" },
    };
    const Term *item = MAKER_PICK_SKEWED(m, items);

    maker_begin(m, "SupplyDelivery", maker_id(m));
    maker_put(m,
              ",'status':'completed','patient':{'reference':'%s'},'type':{'coding':[{"
              "'system':'" TERMINOLOGY
              "supply-item-type','code':'device','display':'Device'}]},"
              "'suppliedItem':{'quantity':{'value':%u}",
              v->patient, maker_between(m, 1, 50));
    maker_put_concept(m, "itemCodeableConcept", SNOMED, item);
    maker_put(m, "},'occurrenceDateTime':'%s'", maker_time(m, v->from));
    maker_end(m);
}
