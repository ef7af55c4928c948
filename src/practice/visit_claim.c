/* What one visit costs: prescriptions, claims and the insurer's answer. See visit.h. */
#include "practice/visit.h"

#define MONEY(cents) (cents) / 100, (cents) % 100

enum { SERVICES_MAX = 12 };

typedef struct Service {
    const char *system;
    const Term *term;
    uint32_t    cents;
} Service;

static void put_claim_head(Maker *m, const Visit *v, const char *kind)
{
    const char *created = maker_time(m, v->to);

    maker_put(
        m,
        ",'status':'active','type':{'coding':[{'system':'" TERMINOLOGY
        "claim-type','code':'%s'}]},'use':'claim','patient':{'reference':'%s','display':'%s'}"
        ",'billablePeriod':{'start':'%s','end':'%s'},'created':'%s'",
        kind, v->patient, v->patient_name, maker_time(m, v->from), created, created);
}

static void put_claim(Maker *m, const Visit *v, MadeId id, const char *prescription,
                      const Service *services, uint32_t count)
{
    uint32_t total = 0;

    maker_begin(m, "Claim", id);
    put_claim_head(m, v, prescription ? "pharmacy" : "institutional");
    maker_put(m,
              ",'provider':{'reference':'%s','display':'%s'},'priority':{'coding':[{"
              "'system':'" TERMINOLOGY "processpriority','code':'normal'}]}",
              v->organization, v->organization_name);
    if (prescription)
        maker_put(m, ",'prescription':{'reference':'%s'}", prescription);
    else
        maker_put(m, ",'facility':{'reference':'%s','display':'%s'}", v->location,
                  v->organization_name);
    maker_put(m,
              ",'insurance':[{'sequence':1,'focal':true,'coverage':{'display':'%s'}}],'item':[",
              v->payer);
    for (uint32_t i = 0; i < count; i++) {
        maker_put(m, "%s{'sequence':%u", i ? "," : "", i + 1);
        maker_put_concept(m, "productOrService", services[i].system, services[i].term);
        if (i)
            maker_put(m, ",'net':{'value':%u.%02u,'currency':'USD'}", MONEY(services[i].cents));
        maker_put(m, ",'encounter':[{'reference':'%s'}]}", v->encounter);
        total += services[i].cents;
    }
    maker_put(m, "],'total':{'value':%u.%02u,'currency':'USD'}", MONEY(total));
    maker_end(m);
}

#define ADJUDICATION "https://bluebutton.cms.gov/resources/codesystem/adjudication"

static void put_adjudication(Maker *m, uint32_t cents)
{
    static const struct {
        Term     term;
        uint32_t percent;
    } parts[] = {
        { { "line_coinsrnc_amt", "Line Beneficiary Coinsurance Amount" }, 20 },
        { { "line_prvdr_pmt_amt", "Line Provider Payment Amount" }, 80 },
        { { "line_sbmtd_chrg_amt", "Line Submitted Charge Amount" }, 100 },
        { { "line_alowd_chrg_amt", "Line Allowed Charge Amount" }, 100 },
        { { "line_bene_ptb_ddctbl_amt", "Line Beneficiary Part B Deductible Amount" }, 0 },
    };

    maker_put(m, ",'adjudication':[");
    for (size_t i = 0; i < COUNT(parts); i++)
        maker_put(
            m,
            "%s{'category':{'coding':[{'system':'" ADJUDICATION
            "','code':'https://bluebutton.cms.gov/resources/variables/%s','display':'%s'}]},"
            "'amount':{'value':%u.%02u,'currency':'USD'}}",
            i ? "," : "", parts[i].term.code, parts[i].term.display,
            MONEY(cents * parts[i].percent / 100));
    maker_put(m, "]");
}

static void put_contained(Maker *m, const Visit *v)
{
    maker_put(
        m,
        ",'contained':[{'resourceType':'ServiceRequest','id':'referral','status':'completed',"
        "'intent':'order','subject':{'reference':'%s'},'requester':{'reference':'%s'},"
        "'performer':[{'reference':'%s'}]},{'resourceType':'Coverage','id':'coverage',"
        "'status':'active','type':{'text':'%s'},'beneficiary':{'reference':'%s'},'payor':[{"
        "'display':'%s'}]}]",
        v->patient, v->practitioner, v->practitioner, v->payer, v->patient, v->payer);
}

static void put_benefit_items(Maker *m, const Visit *v, const Service *services, uint32_t count)
{
    const char *from = maker_time(m, v->from), *to = maker_time(m, v->to);

    maker_put(m, ",'item':[");
    for (uint32_t i = 0; i < count; i++) {
        maker_put(
            m,
            "%s{'sequence':%u,'category':{'coding':[{'system':'https://bluebutton.cms.gov/"
            "resources/variables/line_cms_type_srvc_cd','code':'1','display':'Medical care'}"
            "]}",
            i ? "," : "", i + 1);
        maker_put_concept(m, "productOrService", services[i].system, services[i].term);
        maker_put(
            m,
            ",'servicedPeriod':{'start':'%s','end':'%s'},'locationCodeableConcept':{'coding'"
            ":[{'system':'" TERMINOLOGY "ex-serviceplace','code':'19','display':'Off Campus-"
            "Outpatient Hospital'}]},'encounter':[{'reference':'%s'}]",
            from, to, v->encounter);
        if (i) {
            maker_put(m, ",'net':{'value':%u.%02u,'currency':'USD'}", MONEY(services[i].cents));
            put_adjudication(m, services[i].cents);
        }
        maker_put(m, "}");
    }
    maker_put(m, "]");
}

static void put_benefit(Maker *m, const Visit *v, const MadeId *claim, const Service *services,
                        uint32_t count)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < count; i++)
        total += services[i].cents;
    maker_begin(m, "ExplanationOfBenefit", maker_id(m));
    put_contained(m, v);
    maker_put(
        m,
        ",'identifier':[{'system':'https://bluebutton.cms.gov/resources/variables/clm_id',"
        "'value':'%s'},{'system':'https://bluebutton.cms.gov/resources/identifier/claim-"
        "group','value':'99999999999'}]",
        claim->text);
    put_claim_head(m, v, "institutional");
    maker_put(
        m,
        ",'insurer':{'display':'%s'},'provider':{'reference':'%s'},'referral':{'reference':"
        "'#referral'},'facility':{'reference':'%s','display':'%s'},'claim':{'reference':'%s'}"
        ",'outcome':'complete','careTeam':[{'sequence':1,'provider':{'reference':'%s'},"
        "'role':{'coding':[{'system':'" TERMINOLOGY "claimcareteamrole','code':'primary',"
        "'display':'Primary Care Practitioner'}]}}],'insurance':[{'focal':true,'coverage':{"
        "'reference':'#coverage','display':'%s'}}]",
        v->payer, v->practitioner, v->location, v->organization_name,
        maker_reference(m, "Claim", claim), v->practitioner, v->payer);
    put_benefit_items(m, v, services, count);
    maker_put(
        m,
        ",'total':[{'category':{'coding':[{'system':'" TERMINOLOGY
        "adjudication','code':'submitted','display':'Submitted Amount'}],'text':'Submitted "
        "Amount'},'amount':{'value':%u.%02u,'currency':'USD'}}],'payment':{'amount':{"
        "'value':%u.%02u,'currency':'USD'}}",
        MONEY(total), MONEY(total * 4 / 5));
    maker_end(m);
}

void visit_put_claim(Maker *m, const Visit *v, uint32_t services)
{
    Service list[SERVICES_MAX] = { { SNOMED, v->kind, 7749 } };
    MadeId  id = maker_id(m);

    if (services > SERVICES_MAX)
        services = SERVICES_MAX;
    for (uint32_t i = 1; i < services; i++) {
        list[i] = (Service){ SNOMED, MAKER_PICK_SKEWED(m, procedures), 0 };
        list[i].cents = maker_between(m, 4000, 60000);
    }
    put_claim(m, v, id, NULL, list, services);
    put_benefit(m, v, &id, list, services);
}

void visit_put_medication(Maker *m, const Visit *v)
{
    const Term *medication = MAKER_PICK_SKEWED(m, medications);
    Service     item = { RXNORM, medication, maker_between(m, 500, 20000) };
    MadeId      id = maker_id(m), claim = maker_id(m);
    ArenaMark   mark = arena_mark(m->arena);
    const char *reference = maker_reference(m, "MedicationRequest", &id);

    maker_begin(m, "MedicationRequest", id);
    maker_put(m,
              ",'meta':{'profile':['" US_CORE "us-core-medicationrequest']},'status':'%s',"
              "'intent':'order'",
              maker_permille(m, 250) ? "active" : "stopped");
    maker_put_concept(m, "medicationCodeableConcept", RXNORM, medication);
    maker_put(
        m,
        ",'subject':{'reference':'%s'},'encounter':{'reference':'%s'},'authoredOn':'%s',"
        "'requester':{'reference':'%s','display':'%s'},'dosageInstruction':[{'sequence':1,"
        "'timing':{'repeat':{'frequency':%u,'period':1.0,'periodUnit':'d'}},"
        "'asNeededBoolean':false,'doseAndRate':[{'type':{'coding':[{'system':'" TERMINOLOGY
        "dose-rate-type','code':'ordered','display':'Ordered'}]},'doseQuantity':{'value':1.0"
        "}}]}]",
        v->patient, v->encounter, maker_time(m, v->from), v->practitioner, v->practitioner_name,
        maker_between(m, 1, 3));
    maker_end(m);
    put_claim(m, v, claim, reference, &item, 1);
    arena_rewind(m->arena, mark);
}
