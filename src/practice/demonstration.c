/* The people, rooms, offers and calendars of the demonstration's practice. */
#include "practice/demonstration.h"

static const char practice_name[] = "Linden Street Practice";
static const char npi_system[] = "http://hl7.org/fhir/sid/us-npi";

const Profession professions[PROFESSIONS] = {
    { "General practitioner",
      { "419772000", "Family practice" },
      "Helena",
      "Okafor",
      "Dr.",
      "Consultation",
      9500,
      30,
      .medical = true,
      .problem = { "59621000", "Essential hypertension" },
      .procedure = { "162673000", "General examination of patient" } },
    { "Psychotherapist",
      { "722163006", "Psychiatry and psychotherapy" },
      "Daniel",
      "Novak",
      "Dr.",
      "Psychotherapy session",
      12000,
      50,
      .talking = true,
      .problem = { "370143000", "Major depressive disorder" },
      .procedure = { "75516001", "Psychotherapy" } },
    { "Physiotherapist",
      { "722138006", "Physiotherapy" },
      "Mei",
      "Jensen",
      "Ms.",
      "Physiotherapy session",
      7000,
      40,
      .problem = { "279039007", "Low back pain" },
      .procedure = { "91251008", "Physical therapy procedure" } },
    { "Dietitian",
      { "722164000", "Dietetics and nutrition" },
      "Marco",
      "Silva",
      "Mr.",
      "Nutrition counseling",
      6500,
      45,
      .problem = { "162864005", "Body mass index 30+ - obesity" },
      .procedure = { "61310001", "Nutrition education" } },
    { "Occupational therapist",
      { "310493005", "Occupational therapy" },
      "Yasmin",
      "Cohen",
      "Ms.",
      "Occupational therapy session",
      7500,
      45,
      .talking = true,
      .problem = { "48694002", "Anxiety" },
      .procedure = { "84478008", "Occupational therapy" } },
};

const Term questions[QUESTIONS] = {
    { "44250-9", "Little interest or pleasure in doing things" },
    { "44255-8", "Feeling down, depressed, or hopeless" },
    { "44259-0", "Trouble falling or staying asleep, or sleeping too much" },
    { "44254-1", "Feeling tired or having little energy" },
    { "44251-7", "Poor appetite or overeating" },
    { "44258-2", "Feeling bad about yourself" },
    { "44252-5", "Trouble concentrating on things" },
    { "44253-3", "Moving or speaking slowly, or being restless" },
    { "44260-8", "Thoughts that you would be better off dead" },
};

MadeId demonstration_id(const Maker *m, DemonstrationKind kind, uint32_t n)
{
    return maker_id_of(m->options, 0, (uint64_t)kind * 1000 + n);
}

const char *demonstration_reference(Maker *m, DemonstrationKind kind, uint32_t n)
{
    static const char *const types[] = {
        [DEMONSTRATION_ORGANIZATION] = "Organization",
        [DEMONSTRATION_ROOM] = "Location",
        [DEMONSTRATION_PRACTITIONER] = "Practitioner",
        [DEMONSTRATION_ROLE] = "PractitionerRole",
        [DEMONSTRATION_SERVICE] = "HealthcareService",
        [DEMONSTRATION_CALENDAR] = "Schedule",
        [DEMONSTRATION_QUESTIONNAIRE] = "Questionnaire",
        [DEMONSTRATION_SLOT] = "Slot",
    };
    MadeId id = demonstration_id(m, kind, n);

    return maker_reference(m, types[kind], &id);
}

/* Four times on each of five days, from 13:00 UTC, an hour and a half apart. */
int64_t demonstration_time(const Maker *m, int week, uint32_t time)
{
    int64_t monday = m->options->today - (m->options->today + 3) % 7; /* day 0 was a Thursday */
    int64_t day = monday + (int64_t)week * 7 + time / TIMES_A_DAY;

    return day * DAY_SECONDS + 13 * 3600 + (int64_t)(time % TIMES_A_DAY) * 5400;
}

static void put_organization(Maker *m)
{
    maker_begin(m, "Organization", demonstration_id(m, DEMONSTRATION_ORGANIZATION, 0));
    maker_put(
        m,
        ",'active':true,'type':[{'coding':[{'system':'" TERMINOLOGY
        "organization-type','code':'prov','display':'Healthcare Provider'}]}],'name':'%s',"
        "'telecom':[{'system':'phone','value':'413-555-0100','use':'work'},{'system':'email',"
        "'value':'desk@lindenstreet.example'}],'address':[{'use':'work','line':['12 Linden "
        "Street'],'city':'Northampton','state':'MA','postalCode':'01060','country':'US'}]",
        practice_name);
    maker_end(m);
}

static void put_room(Maker *m, uint32_t n)
{
    maker_begin(m, "Location", demonstration_id(m, DEMONSTRATION_ROOM, n));
    maker_put(
        m,
        ",'extension':[{'url':'http://hl7.org/fhir/StructureDefinition/timezone','valueCode':"
        "'America/New_York'}],"
        "'status':'active','name':'Room %u','mode':'instance','physicalType':{'coding':[{"
        "'system':'" TERMINOLOGY "location-physical-type','code':'ro','display':'Room'}]},"
        "'managingOrganization':{'reference':'%s','display':'%s'}",
        n + 1, demonstration_reference(m, DEMONSTRATION_ORGANIZATION, 0), practice_name);
    maker_end(m);

    maker_begin(m, "Schedule", demonstration_id(m, DEMONSTRATION_CALENDAR, PROFESSIONS + n));
    maker_put(m, ",'active':true,'actor':[{'reference':'%s'}]",
              demonstration_reference(m, DEMONSTRATION_ROOM, n));
    maker_end(m);
}

/* Weekdays, with half an hour at noon. */
static void put_hours(Maker *m)
{
    static const char *const hours[][2] = { { "08:00", "12:00" }, { "12:30", "17:00" } };

    maker_put(m, ",'availableTime':[");
    for (size_t i = 0; i < COUNT(hours); i++)
        maker_put(
            m,
            "%s{'daysOfWeek':['mon','tue','wed','thu','fri'],'availableStartTime':'%s:00',"
            "'availableEndTime':'%s:00'}",
            i ? "," : "", hours[i][0], hours[i][1]);
    maker_put(m, "]");
}

static void put_practitioner(Maker *m, uint32_t n)
{
    const Profession *p = &professions[n];

    maker_begin(m, "Practitioner", demonstration_id(m, DEMONSTRATION_PRACTITIONER, n));
    maker_put(
        m,
        ",'identifier':[{'system':'%s','value':'%u'}],'active':true,'name':[{'family':'%s',"
        "'given':['%s'],'prefix':['%s']}],'telecom':[{'system':'phone','value':"
        "'413-555-01%02u','use':'work'}],'qualification':[{'code':{'text':'%s'}}]",
        npi_system, 1999999900 + n, p->family, p->given, p->prefix, 10 + n, p->name);
    maker_end(m);

    maker_begin(m, "PractitionerRole", demonstration_id(m, DEMONSTRATION_ROLE, n));
    maker_put(m,
              ",'active':true,'practitioner':{'reference':'%s','display':'%s %s %s'},"
              "'organization':{'reference':'%s','display':'%s'},'specialty':[{'coding':[{"
              "'system':'" SNOMED "','code':'%s','display':'%s'}]}],'location':[{'reference':"
              "'%s'}],'healthcareService':[{'reference':'%s'}]",
              demonstration_reference(m, DEMONSTRATION_PRACTITIONER, n), p->prefix, p->given,
              p->family, demonstration_reference(m, DEMONSTRATION_ORGANIZATION, 0),
              practice_name, p->specialty.code, p->specialty.display,
              demonstration_reference(m, DEMONSTRATION_ROOM, n % ROOMS),
              demonstration_reference(m, DEMONSTRATION_SERVICE, n));
    put_hours(m);
    maker_end(m);
}

static void put_service(Maker *m, uint32_t n)
{
    static const char *const colours[] = { "#2f6fb0", "#7a3e9d", "#1e6b3a", "#b5541c",
                                           "#8f1515" };
    const Profession        *p = &professions[n];

    maker_begin(m, "HealthcareService", demonstration_id(m, DEMONSTRATION_SERVICE, n));
    maker_put(
        m,
        ",'extension':[{'url':'urn:hale:service','extension':[{'url':'duration',"
        "'valuePositiveInt':%u},{'url':'colour','valueString':'%s'},{'url':'price',"
        "'valueMoney':{'value':%u.%02u,'currency':'USD'}}]}],"
        "'active':true,'providedBy':{'reference':'%s','display':'%s'},'specialty':[{'coding'"
        ":[{'system':'" SNOMED "','code':'%s','display':'%s'}]}],'location':[{'reference':"
        "'%s'}],'name':'%s','comment':'%u minutes, %u.%02u USD','appointmentRequired':true",
        p->minutes, colours[n % COUNT(colours)], p->cents / 100, p->cents % 100,
        demonstration_reference(m, DEMONSTRATION_ORGANIZATION, 0), practice_name,
        p->specialty.code, p->specialty.display,
        demonstration_reference(m, DEMONSTRATION_ROOM, n % ROOMS), p->service, p->minutes,
        p->cents / 100, p->cents % 100);
    maker_end(m);
}

/* A calendar, and what is still free in it: the last eight times of each coming week. */
static void put_calendar(Maker *m, uint32_t n)
{
    maker_begin(m, "Schedule", demonstration_id(m, DEMONSTRATION_CALENDAR, n));
    maker_put(
        m,
        ",'active':true,'actor':[{'reference':'%s'},{'reference':'%s'}],'planningHorizon':"
        "{'start':'%s','end':'%s'}",
        demonstration_reference(m, DEMONSTRATION_PRACTITIONER, n),
        demonstration_reference(m, DEMONSTRATION_SERVICE, n),
        maker_time(m, demonstration_time(m, -WEEKS_BEFORE, 0)),
        maker_time(m, demonstration_time(m, WEEKS_AHEAD, WEEKLY_TIMES - 1)));
    maker_end(m);
    for (int week = 1; week <= WEEKS_AHEAD; week++)
        for (uint32_t time = WEEKLY_TIMES - 8; time < WEEKLY_TIMES; time++) {
            int64_t  start = demonstration_time(m, week, time);
            uint32_t slot =
                (n * WEEKS_AHEAD + (uint32_t)week - 1) * 8 + time - (WEEKLY_TIMES - 8);

            maker_begin(m, "Slot", demonstration_id(m, DEMONSTRATION_SLOT, slot));
            maker_put(
                m, ",'schedule':{'reference':'%s'},'status':'free','start':'%s','end':'%s'",
                demonstration_reference(m, DEMONSTRATION_CALENDAR, n), maker_time(m, start),
                maker_time(m, start + (int64_t)professions[n].minutes * 60));
            maker_end(m);
        }
}

static void put_questionnaire(Maker *m)
{
    static const char *const answers[][2] = {
        { "LA6568-5", "Not at all" },
        { "LA6569-3", "Several days" },
        { "LA6570-1", "More than half the days" },
        { "LA6571-9", "Nearly every day" },
    };

    maker_begin(m, "Questionnaire", demonstration_id(m, DEMONSTRATION_QUESTIONNAIRE, 0));
    maker_put(
        m, ",'url':'https://hale.example/Questionnaire/phq-9','name':'PHQ9','title':'Patient "
           "health questionnaire (PHQ-9)','status':'active','subjectType':['Patient'],'code':"
           "[{'system':'" LOINC "','code':'44249-1'}],'item':[");
    for (size_t i = 0; i < QUESTIONS; i++) {
        maker_put(
            m,
            "%s{'linkId':'%zu','code':[{'system':'" LOINC
            "','code':'%s'}],'text':'%s','type':'choice','required':true,'answerOption':[",
            i ? "," : "", i + 1, questions[i].code, questions[i].display);
        for (size_t k = 0; k < COUNT(answers); k++)
            maker_put(m, "%s{'valueCoding':{'system':'" LOINC "','code':'%s','display':'%s'}}",
                      k ? "," : "", answers[k][0], answers[k][1]);
        maker_put(m, "]}");
    }
    maker_put(m, "]");
    maker_end(m);
}

void demonstration_make_shared(Maker *m)
{
    put_organization(m);
    for (uint32_t n = 0; n < ROOMS; n++)
        put_room(m, n);
    put_questionnaire(m);
    for (uint32_t n = 0; n < PROFESSIONS; n++) {
        put_service(m, n);
        put_practitioner(m, n);
        put_calendar(m, n);
    }
}
