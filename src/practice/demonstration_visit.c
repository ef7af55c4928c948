/* What a visit leaves in the demonstration's practice: Encounter, measurements, the note as a
 * Composition, what was done, and the invoice for it. */
#include "practice/demonstration.h"

#define MONEY(cents) (cents) / 100, (cents) % 100

static void put_encounter(Maker *m, const Visit *v, const Profession *p, MadeId id,
                          const char *appointment)
{
    const char *from, *to;

    maker_begin(m, "Encounter", id);
    from = maker_time(m, v->from);
    to = maker_time(m, v->to);
    maker_put(m,
              ",'status':'finished','class':{'system':'" TERMINOLOGY
              "v3-ActCode','code':'AMB','display':'ambulatory'},'serviceType':{'text':'%s'},"
              "'subject':{'reference':'%s','display':'%s'},'participant':[{'individual':{"
              "'reference':'%s','display':'%s'}}],'appointment':[{'reference':'%s'}],'period':{"
              "'start':'%s','end':'%s'},'location':[{'location':{'reference':'%s'}}],"
              "'serviceProvider':{'reference':'%s'}",
              p->service, v->patient, v->patient_name, v->practitioner, v->practitioner_name,
              appointment, from, to, v->location, v->organization);
    maker_end(m);
}

static void put_section(Maker *m, const char *lead, const char *title, const char *first,
                        const char *second)
{
    maker_put(
        m,
        "%s{'title':'%s','text':{'status':'generated','div':'<div xmlns=\\'http://www.w3.org/"
        "1999/xhtml\\'><p>%s</p><p>%s</p></div>'}}",
        lead, title, first, second);
}

static void put_note(Maker *m, const Visit *v, const Profession *p)
{
    static const char *const titles[] = { "Subjective", "Objective", "Assessment and plan" };

    maker_begin(m, "Composition", maker_id(m));
    maker_put(
        m,
        ",'status':'final','type':{'coding':[{'system':'" LOINC
        "','code':'11506-3','display':'Progress note'}]},'category':[{'coding':[{'system':'"
        "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category','code':"
        "'clinical-note'}]}],'subject':{'reference':'%s','display':'%s'},'encounter':{"
        "'reference':'%s'},'date':'%s','author':[{'reference':'%s','display':'%s'}],'title':"
        "'%s','confidentiality':'%s','custodian':{'reference':'%s'},'section':[",
        v->patient, v->patient_name, v->encounter, maker_time(m, v->to), v->practitioner,
        v->practitioner_name, p->service, p->talking ? "R" : "N", v->organization);
    for (size_t i = 0; i < COUNT(titles); i++) {
        const char *first = *MAKER_PICK(m, sentences);

        put_section(m, i ? "," : "", titles[i], first, *MAKER_PICK(m, sentences));
    }
    maker_put(m, "]");
    maker_end(m);
}

static void put_answers(Maker *m, const Visit *v)
{
    MadeId    id = maker_id(m);
    ArenaMark mark = arena_mark(m->arena);
    uint32_t  total = 0;

    maker_begin(m, "QuestionnaireResponse", id);
    maker_put(
        m,
        ",'questionnaire':'https://hale.example/Questionnaire/phq-9','status':'completed',"
        "'subject':{'reference':'%s'},'encounter':{'reference':'%s'},'authored':'%s',"
        "'author':{'reference':'%s'},'item':[",
        v->patient, v->encounter, maker_time(m, v->from), v->patient);
    for (size_t i = 0; i < QUESTIONS; i++) {
        static const char *const answers[][2] = {
            { "LA6568-5", "Not at all" },
            { "LA6569-3", "Several days" },
            { "LA6570-1", "More than half the days" },
            { "LA6571-9", "Nearly every day" },
        };
        uint32_t answer = i + 1 == QUESTIONS ? 0 : maker_skewed(m, 8) % COUNT(answers);

        maker_put(m,
                  "%s{'linkId':'%zu','text':'%s','answer':[{'valueCoding':{'system':'" LOINC
                  "','code':'%s','display':'%s'}}]}",
                  i ? "," : "", i + 1, questions[i].display, answers[answer][0],
                  answers[answer][1]);
        total += answer;
    }
    maker_put(m, "]");
    maker_end(m);
    visit_put_observation(m, v, "survey", &phq9_score, total, maker_id(m));
    arena_rewind(m->arena, mark);
}

static void put_procedure(Maker *m, const Visit *v, const Profession *p)
{
    maker_begin(m, "Procedure", maker_id(m));
    maker_put(m, ",'status':'completed'");
    maker_put_concept(m, "code", SNOMED, &p->procedure);
    maker_put(
        m,
        ",'subject':{'reference':'%s'},'encounter':{'reference':'%s'},'performedPeriod':{"
        "'start':'%s','end':'%s'},'performer':[{'actor':{'reference':'%s','display':'%s'}}]",
        v->patient, v->encounter, maker_time(m, v->from), maker_time(m, v->to), v->practitioner,
        v->practitioner_name);
    maker_end(m);
}

static void put_invoice(Maker *m, const Visit *v, const Profession *p, const char *account)
{
    MadeId      charge = maker_id(m), invoice = maker_id(m);
    ArenaMark   mark = arena_mark(m->arena);
    const char *reference = maker_reference(m, "ChargeItem", &charge);
    bool        paid = v->to < (m->options->today - 21) * DAY_SECONDS;

    maker_begin(m, "ChargeItem", charge);
    maker_put(m,
              ",'status':'billed','code':{'text':'%s'},'subject':{'reference':'%s'},'context':{"
              "'reference':'%s'},'occurrenceDateTime':'%s','performer':[{'actor':{'reference':"
              "'%s'}}],'quantity':{'value':1},'enterer':{'reference':'%s'},'enteredDate':'%s',"
              "'account':[{'reference':'%s'}]",
              p->service, v->patient, v->encounter, maker_time(m, v->from), v->practitioner,
              v->practitioner, maker_time(m, v->to), account);
    maker_end(m);

    maker_begin(m, "Invoice", invoice);
    maker_put(
        m,
        ",'identifier':[{'system':'https://lindenstreet.example/invoices','value':"
        "'%04u-%06lld'}],'status':'%s','subject':{'reference':'%s','display':'%s'},"
        "'recipient':{'reference':'%s'},'date':'%s','participant':[{'actor':{'reference':"
        "'%s'}}],'issuer':{'reference':'%s'},'account':{'reference':'%s'},'lineItem':[{"
        "'sequence':1,'chargeItemReference':{'reference':'%s'},'priceComponent':[{'type':"
        "'base','amount':{'value':%u.%02u,'currency':'USD'}}]}],'totalNet':{'value':%u.%02u,"
        "'currency':'USD'},'totalGross':{'value':%u.%02u,'currency':'USD'}",
        m->patient, (long long)(v->from / DAY_SECONDS), paid ? "balanced" : "issued",
        v->patient, v->patient_name, v->patient, maker_date(m, v->to / DAY_SECONDS),
        v->practitioner, v->organization, account, reference, MONEY(p->cents), MONEY(p->cents),
        MONEY(p->cents));
    maker_end(m);
    arena_rewind(m->arena, mark);
}

void demonstration_make_visit(Maker *m, const Visit *v, const Profession *profession,
                              MadeId encounter, const char *account, const char *appointment)
{
    put_encounter(m, v, profession, encounter, appointment);
    if (profession->medical) {
        visit_put_blood_pressure(m, v);
        visit_put_observation(m, v, "vital-signs", &heart_rate, maker_between(m, 55, 40),
                              maker_id(m));
        if (maker_permille(m, 250))
            visit_put_lab_panel(m, v);
        if (maker_permille(m, 150))
            visit_put_immunization(m, v);
    } else if (profession->talking) {
        if (maker_permille(m, 300))
            put_answers(m, v);
    } else {
        const Gauge *gauge = profession == &professions[2] ? &pain_score : &body_weight;

        visit_put_observation(m, v, "vital-signs", gauge,
                              maker_between(m, gauge->low, gauge->span), maker_id(m));
    }
    put_procedure(m, v, profession);
    put_note(m, v, profession);
    put_invoice(m, v, profession, account);
}
