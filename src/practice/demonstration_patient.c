/* The people who come to the demonstration's practice, and what is known of each beside the
 * visits. */
#include "practice/demonstration.h"

typedef struct Visitor {
    const Profession *profession;
    uint32_t          number; /* of the profession */
    MadeId            id;
    const char       *account;
    const char       *given, *family;
    bool              female;
    Visit             visit; /* what all visits have in common */
} Visitor;

static void put_patient(Maker *m, const Visitor *p, int64_t born_day)
{
    const Town *town = MAKER_PICK(m, towns);
    uint32_t    house = maker_between(m, 1, 200);
    const char *street = *MAKER_PICK(m, streets);

    maker_begin(m, "Patient", p->id);
    maker_put_narrative(m, "An invented person.");
    maker_put(
        m,
        ",'identifier':[{'type':{'coding':[{'system':'" TERMINOLOGY
        "v2-0203','code':'MR'}]},'system':'https://lindenstreet.example/patients','value':"
        "'LS-%05u'}],'active':true,'name':[{'use':'official','family':'%s','given':['%s']}],"
        "'telecom':[{'system':'phone','value':'413-555-%04u','use':'mobile'},{'system':"
        "'email','value':'patient%u@example.com'}],'gender':'%s','birthDate':'%s','address':["
        "{'use':'home','line':['%u %s'],'city':'%s','state':'%s','postalCode':'%s','country':"
        "'US'}],'communication':[{'language':{'coding':[{'system':'urn:ietf:bcp:47','code':"
        "'en'}]},'preferred':true}],'generalPractitioner':[{'reference':'%s'}],"
        "'managingOrganization':{'reference':'%s'}",
        m->patient, p->family, p->given, 1000 + m->patient, m->patient,
        p->female ? "female" : "male", maker_date(m, born_day), house, street, town->name,
        town->state, town->postal, p->visit.practitioner, p->visit.organization);
    maker_end(m);
}

static void put_related(Maker *m, const Visitor *p)
{
    const char *given = *MAKER_PICK(m, given_names_female);

    maker_begin(m, "RelatedPerson", maker_id(m));
    maker_put(m,
              ",'active':true,'patient':{'reference':'%s'},'relationship':[{'coding':[{"
              "'system':'" TERMINOLOGY
              "v3-RoleCode','code':'MTH','display':'mother'}]}],'name':[{'family':'%s',"
              "'given':['%s']}],'telecom':[{'system':'phone','value':'413-555-%04u'}]",
              p->visit.patient, p->family, given, 5000 + m->patient);
    maker_end(m);
}

static void put_coverage(Maker *m, const Visitor *p, MadeId account)
{
    MadeId      coverage = maker_id(m);
    ArenaMark   mark = arena_mark(m->arena);
    const char *reference = maker_reference(m, "Coverage", &coverage);

    maker_begin(m, "Coverage", coverage);
    maker_put(
        m,
        ",'status':'active','type':{'coding':[{'system':'" TERMINOLOGY
        "v3-ActCode','code':'EHCPOL','display':'extended healthcare'}]},'subscriberId':"
        "'H%07u','beneficiary':{'reference':'%s'},'payor':[{'display':'Harbor Health Plan'}]",
        m->patient * 7919 % 10000000, p->visit.patient);
    maker_end(m);

    maker_begin(m, "Account", account);
    maker_put(
        m,
        ",'status':'active','type':{'coding':[{'system':'" TERMINOLOGY
        "v3-ActCode','code':'PBILLACCT','display':'patient billing account'}]},'name':"
        "'%s %s','subject':[{'reference':'%s'}],'coverage':[{'coverage':{'reference':'%s'},"
        "'priority':1}],'owner':{'reference':'%s'}",
        p->given, p->family, p->visit.patient, reference, p->visit.organization);
    maker_end(m);
    arena_rewind(m->arena, mark);
}

static void put_consent(Maker *m, const Visitor *p)
{
    maker_begin(m, "Consent", maker_id(m));
    maker_put(
        m,
        ",'status':'active','scope':{'coding':[{'system':'" TERMINOLOGY
        "consentscope','code':'patient-privacy'}]},'category':[{'coding':[{'system':'" LOINC
        "','code':'59284-0','display':'Consent Document'}]}],'patient':{'reference':'%s'},"
        "'dateTime':'%s','performer':[{'reference':'%s'}],'organization':[{'reference':'%s'}]"
        ",'policyRule':{'coding':[{'system':'" TERMINOLOGY
        "v3-ActCode','code':'OPTIN'}]},'provision':{'type':'permit','purpose':[{"
        "'system':'" TERMINOLOGY "v3-ActReason','code':'TREAT'}]}",
        p->visit.patient, maker_time(m, p->visit.from), p->visit.patient,
        p->visit.organization);
    maker_end(m);
}

static void put_allergy(Maker *m, const Visitor *p)
{
    const Term *allergy = MAKER_PICK(m, allergies);

    maker_begin(m, "AllergyIntolerance", maker_id(m));
    maker_put(
        m, ",'clinicalStatus':{'coding':[{'system':'" TERMINOLOGY
           "allergyintolerance-clinical','code':'active'}]},'verificationStatus':{'coding':[{"
           "'system':'" TERMINOLOGY "allergyintolerance-verification','code':'confirmed'}]},"
           "'type':'allergy'");
    maker_put_concept(m, "code", SNOMED, allergy);
    maker_put(
        m,
        ",'criticality':'%s','patient':{'reference':'%s'},'recordedDate':'%s','recorder':{"
        "'reference':'%s'},'reaction':[{'manifestation':[{'coding':[{'system':'" SNOMED
        "','code':'126485001','display':'Urticaria'}],'text':'Hives'}],'severity':"
        "'moderate'}]",
        m->patient % 3 ? "low" : "high", p->visit.patient, maker_time(m, p->visit.from),
        p->visit.practitioner);
    maker_end(m);
}

/* Goal and plan, and the condition that both are for. */
static void put_plan(Maker *m, const Visitor *p, const char *condition)
{
    MadeId      goal = maker_id(m);
    ArenaMark   mark = arena_mark(m->arena);
    const char *reference = maker_reference(m, "Goal", &goal);

    maker_begin(m, "Goal", goal);
    maker_put(
        m,
        ",'lifecycleStatus':'active','achievementStatus':{'coding':[{'system':'" TERMINOLOGY
        "goal-achievement','code':'improving'}]},'description':{'text':'Manage daily life "
        "without limits from: %s'},'subject':{'reference':'%s'},'startDate':'%s','addresses':"
        "[{'reference':'%s'}]",
        p->profession->problem.display, p->visit.patient,
        maker_date(m, p->visit.from / DAY_SECONDS), condition);
    maker_end(m);

    maker_begin(m, "CarePlan", maker_id(m));
    maker_put_narrative(m, "Regular visits, exercises at home, review after three months.");
    maker_put(
        m,
        ",'status':'active','intent':'plan','title':'%s','subject':{'reference':'%s'},"
        "'period':{'start':'%s'},'author':{'reference':'%s','display':'%s'},'addresses':[{"
        "'reference':'%s'}],'goal':[{'reference':'%s'}],'activity':[{'detail':{'kind':"
        "'Appointment','status':'in-progress','description':'%s, once a week'}}]",
        p->profession->service, p->visit.patient, maker_time(m, p->visit.from),
        p->visit.practitioner, p->visit.practitioner_name, condition, reference,
        p->profession->service);
    maker_end(m);
    arena_rewind(m->arena, mark);
}

static void put_prescription(Maker *m, const Visitor *p)
{
    const Term *medication = MAKER_PICK_SKEWED(m, medications);

    maker_begin(m, "MedicationRequest", maker_id(m));
    maker_put(m, ",'status':'active','intent':'order'");
    maker_put_concept(m, "medicationCodeableConcept", RXNORM, medication);
    maker_put(
        m,
        ",'subject':{'reference':'%s'},'encounter':{'reference':'%s'},'authoredOn':'%s',"
        "'requester':{'reference':'%s','display':'%s'},'dosageInstruction':[{'text':'1 a day "
        "after breakfast','timing':{'repeat':{'frequency':1,'period':1,'periodUnit':'d'}}}]",
        p->visit.patient, p->visit.encounter, maker_time(m, p->visit.from),
        p->visit.practitioner, p->visit.practitioner_name);
    maker_end(m);
}

/* A message, a job for the front desk, a referral to a colleague and the letter with it. */
static void put_correspondence(Maker *m, const Visitor *p)
{
    uint32_t    other = (p->number + 1) % PROFESSIONS;
    MadeId      referral = maker_id(m);
    ArenaMark   mark = arena_mark(m->arena);
    const char *focus = maker_reference(m, "ServiceRequest", &referral);
    const char *colleague = demonstration_reference(m, DEMONSTRATION_PRACTITIONER, other);
    const char *when = maker_time(m, p->visit.to);
    Str         letter = visit_note(m, &p->visit, 6);

    maker_begin(m, "ServiceRequest", referral);
    maker_put(m,
              ",'status':'active','intent':'order','priority':'routine','code':{'text':'%s'},"
              "'subject':{'reference':'%s'},'authoredOn':'%s','requester':{'reference':'%s'},"
              "'performer':[{'reference':'%s'}],'reasonCode':[{'text':'%s'}]",
              professions[other].service, p->visit.patient, when, p->visit.practitioner,
              colleague, p->profession->problem.display);
    maker_end(m);

    maker_begin(m, "Task", maker_id(m));
    maker_put(
        m,
        ",'status':'requested','intent':'order','priority':'routine','description':'Offer "
        "times for: %s','focus':{'reference':'%s'},'for':{'reference':'%s'},'authoredOn':"
        "'%s','requester':{'reference':'%s'},'owner':{'reference':'%s'}",
        professions[other].service, focus, p->visit.patient, when, p->visit.practitioner,
        colleague);
    maker_end(m);

    maker_begin(m, "Communication", maker_id(m));
    maker_put(m,
              ",'status':'completed','subject':{'reference':'%s'},'about':[{'reference':'%s'}],"
              "'sent':'%s','recipient':[{'reference':'%s'}],'sender':{'reference':'%s'},"
              "'payload':[{'contentString':'Could we move my next visit to a later hour?'}]",
              p->visit.patient, focus, when, p->visit.practitioner, p->visit.patient);
    maker_end(m);

    maker_begin(m, "DocumentReference", maker_id(m));
    maker_put(
        m,
        ",'status':'current','type':{'coding':[{'system':'" LOINC
        "','code':'57133-1','display':'Referral note'}]},'subject':{'reference':'%s'},"
        "'date':'%s','author':[{'reference':'%s','display':'%s'}],'content':[{'attachment'"
        ":{'contentType':'text/plain; charset=utf-8'",
        p->visit.patient, when, p->visit.practitioner, p->visit.practitioner_name);
    maker_put_base64(m, "data", letter);
    maker_put(m, ",'title':'Referral letter'}}]");
    maker_end(m);
    arena_rewind(m->arena, mark);
}

static void put_appointment(Maker *m, const Visitor *p, const Visit *v, MadeId id,
                            const char *status)
{
    maker_begin(m, "Appointment", id);
    maker_put(
        m,
        ",'status':'%s','serviceType':[{'text':'%s'}],'specialty':[{'coding':[{"
        "'system':'" SNOMED
        "','code':'%s','display':'%s'}]}],'description':'%s','start':'%s','end':'%s',"
        "'minutesDuration':%u,'participant':[{'actor':{'reference':'%s','display':'%s'},"
        "'required':'required','status':'accepted'},{'actor':{'reference':'%s','display':'%s'"
        "},'required':'required','status':'accepted'},{'actor':{'reference':'%s'},'status':"
        "'accepted'}]",
        status, p->profession->service, p->profession->specialty.code,
        p->profession->specialty.display, p->profession->service, maker_time(m, v->from),
        maker_time(m, v->to), p->profession->minutes, v->patient, v->patient_name,
        v->practitioner, v->practitioner_name, v->location);
    maker_end(m);
}

/* One week of that person: a visit, one that did not happen, one to come, or nothing. */
static void make_week(Maker *m, const Visitor *p, int week, uint32_t time)
{
    ArenaMark   mark = arena_mark(m->arena);
    MadeId      encounter = maker_id(m), appointment = maker_id(m);
    Visit       v = p->visit;
    bool        missed = maker_permille(m, 80), comes = maker_permille(m, 650);
    const char *reference = maker_reference(m, "Appointment", &appointment);
    bool        past;

    v.from = demonstration_time(m, week, time);
    v.to = v.from + (int64_t)p->profession->minutes * 60;
    past = v.to < m->options->today * DAY_SECONDS;
    v.encounter = maker_reference(m, "Encounter", &encounter);
    if (comes)
        put_appointment(m, p, &v, appointment,
                        !past    ? "booked"
                        : missed ? "noshow"
                                 : "fulfilled");
    if (comes && past && !missed)
        demonstration_make_visit(m, &v, p->profession, encounter, p->account, reference);
    arena_rewind(m->arena, mark);
}

/* What the first visit leaves beside what every visit leaves. */
static void make_beginning(Maker *m, Visitor *p, uint32_t time)
{
    MadeId      encounter = maker_id(m), appointment = maker_id(m), condition = maker_id(m);
    const char *reference = maker_reference(m, "Appointment", &appointment);

    p->visit.from = demonstration_time(m, -WEEKS_BEFORE, time);
    p->visit.to = p->visit.from + (int64_t)p->profession->minutes * 60;
    p->visit.encounter = maker_reference(m, "Encounter", &encounter);
    put_appointment(m, p, &p->visit, appointment, "fulfilled");
    demonstration_make_visit(m, &p->visit, p->profession, encounter, p->account, reference);
    visit_put_condition(m, &p->visit, &p->profession->problem, true, condition);
    put_plan(m, p, maker_reference(m, "Condition", &condition));
    put_consent(m, p);
    if (maker_permille(m, 300))
        put_allergy(m, p);
    if (p->profession->medical)
        put_prescription(m, p);
    if (maker_permille(m, 300))
        put_correspondence(m, p);
}

void demonstration_make_patient(Maker *m)
{
    uint32_t          number = (m->patient - 1) % PROFESSIONS;
    const Profession *profession = &professions[number];
    uint32_t          time = (m->patient - 1) / PROFESSIONS % (WEEKLY_TIMES - 8);
    bool              female = maker_permille(m, 550);
    MadeId            account = maker_id(m);
    uint32_t          age_days;
    Visitor           p = {
                  .profession = profession,
                  .number = number,
                  .female = female,
                  .id = maker_id(m),
    };

    p.given = *(female ? MAKER_PICK(m, given_names_female) : MAKER_PICK(m, given_names_male));
    p.family = *MAKER_PICK(m, family_names);
    p.account = maker_reference(m, "Account", &account);
    p.visit = (Visit){
        .kind = &profession->procedure,
        .patient = maker_reference(m, "Patient", &p.id),
        .patient_name = arena_printf(m->arena, "%s %s", p.given, p.family).at,
        .practitioner = demonstration_reference(m, DEMONSTRATION_PRACTITIONER, number),
        .practitioner_name = arena_printf(m->arena, "%s %s %s", profession->prefix,
                                          profession->given, profession->family)
                                 .at,
        .organization = demonstration_reference(m, DEMONSTRATION_ORGANIZATION, 0),
        .organization_name = "Linden Street Practice",
        .location = demonstration_reference(m, DEMONSTRATION_ROOM, number % ROOMS),
        .payer = "Harbor Health Plan",
    };
    age_days = maker_between(m, 6 * 365, 75 * 365);
    put_patient(m, &p, m->options->today - age_days);
    if (age_days < 18 * 365)
        put_related(m, &p);
    put_coverage(m, &p, account);
    make_beginning(m, &p, time);
    for (int week = 1 - WEEKS_BEFORE; week <= WEEKS_AHEAD; week++)
        make_week(m, &p, week, time);
    demonstration_make_history(m, &p.visit, profession);
}
