/* Life-long records for measuring, and the Bundles around any record: see synthetic.h. The
 * mix of types follows what large synthetic populations have: Observation 44 %, Claim 10 %,
 * DiagnosticReport 9 %, … about 1 000 resources a patient, half of them with fewer than 600. */
#include "practice/synthetic.h"

#include "base/ensure.h"
#include "practice/demonstration.h"
#include "practice/visit.h"

enum {
    ORGANIZATIONS = 40,
    PRACTITIONERS = 120,
    VISITS_MEDIAN = 41,
    VISITS_PER_PLAN = 11,
    SHARED_BLOCK = 1000, /* each kind of shared things has so many ids */
};

static const char npi_system[] = "http://hl7.org/fhir/sid/us-npi";
static const char own_system[] = "https://hale.example/synthetic";

typedef enum SharedKind {
    SHARED_ORGANIZATION = 1,
    SHARED_LOCATION,
    SHARED_PRACTITIONER,
    SHARED_ROLE,
} SharedKind;

static MadeId shared_id(const Maker *m, SharedKind kind, uint32_t n)
{
    return maker_id_of(m->options, 0, (uint64_t)kind * SHARED_BLOCK + n);
}

static unsigned npi_of(uint32_t practitioner)
{
    return 1000000000u + practitioner * 7919u;
}

/* The names of shared things are made from their number alone, so that patients' records can
 * say them without looking. */
static const char *practitioner_name(Maker *m, uint32_t n)
{
    const char *given =
        n % 2 ? given_names_male[n / 2 % GIVEN_NAMES] : given_names_female[n / 2 % GIVEN_NAMES];

    return arena_printf(m->arena, "Dr. %s %s", given, family_names[n * 7 % FAMILY_NAMES]).at;
}

static const char *organization_name(Maker *m, uint32_t n)
{
    static const char *const kinds[] = { "Family Medicine", "Health Center", "Hospital",
                                         "Urgent Care" };

    return arena_printf(m->arena, "%s %s %u", towns[n % TOWNS].name, kinds[n % COUNT(kinds)], n)
        .at;
}

/* How a patient's record refers to what all share: by identifier where it travels as a Bundle
 * of its own. */
static const char *shared_reference(Maker *m, SharedKind kind, uint32_t n)
{
    MadeId id = shared_id(m, kind, n);

    if (m->options->bundled && m->patient > 0)
        switch (kind) {
        case SHARED_PRACTITIONER:
            return arena_printf(m->arena, "Practitioner?identifier=%s|%u", npi_system,
                                npi_of(n))
                .at;
        case SHARED_ORGANIZATION:
        case SHARED_LOCATION:
            return arena_printf(m->arena, "%s?identifier=%s|%s",
                                kind == SHARED_LOCATION ? "Location" : "Organization",
                                own_system, id.text)
                .at;
        case SHARED_ROLE: ENSURE(false && "nothing refers to roles");
        }
    return maker_reference(m,
                           kind == SHARED_PRACTITIONER ? "Practitioner"
                           : kind == SHARED_LOCATION   ? "Location"
                                                       : "Organization",
                           &id);
}

static void put_address(Maker *m, uint32_t n)
{
    const Town *town = &towns[n % TOWNS];

    maker_put(m, "{'line':['%u %s'],'city':'%s','state':'%s','postalCode':'%s','country':'US'}",
              1 + n * 37 % 990, streets[n * 5 % STREETS], town->name, town->state,
              town->postal);
}

static void put_own_identifier(Maker *m, const MadeId *id)
{
    maker_put(m, ",'identifier':[{'system':'%s','value':'%s'}]", own_system, id->text);
    m->if_none_exist = arena_printf(m->arena, "identifier=%s|%s", own_system, id->text).at;
}

static void put_organization(Maker *m, uint32_t n)
{
    MadeId id = shared_id(m, SHARED_ORGANIZATION, n);

    maker_begin(m, "Organization", id);
    maker_put(m, ",'meta':{'profile':['" US_CORE "us-core-organization']}");
    put_own_identifier(m, &id);
    maker_put(m,
              ",'active':true,'type':[{'coding':[{'system':'" TERMINOLOGY
              "organization-type','code':'prov','display':'Healthcare Provider'}],'text':"
              "'Healthcare Provider'}],'name':'%s','telecom':[{'system':'phone','value':"
              "'413-555-%04u'}],'address':[",
              organization_name(m, n), 100 + n);
    put_address(m, n);
    maker_put(m, "]");
    maker_end(m);
}

static void put_location(Maker *m, uint32_t n)
{
    MadeId id = shared_id(m, SHARED_LOCATION, n);

    maker_begin(m, "Location", id);
    maker_put(m, ",'meta':{'profile':['" US_CORE "us-core-location']}");
    put_own_identifier(m, &id);
    maker_put(m,
              ",'status':'active','name':'%s','telecom':[{'system':'phone','value':"
              "'413-555-%04u'}],'address':",
              organization_name(m, n), 100 + n);
    put_address(m, n);
    maker_put(m,
              ",'position':{'longitude':-72.%04u,'latitude':42.%04u},'managingOrganization':{"
              "'reference':'%s','display':'%s'}",
              n * 173 % 10000, n * 311 % 10000, shared_reference(m, SHARED_ORGANIZATION, n),
              organization_name(m, n));
    maker_end(m);
}

static void put_practitioner(Maker *m, uint32_t n)
{
    const char *family = family_names[n * 7 % FAMILY_NAMES];

    maker_begin(m, "Practitioner", shared_id(m, SHARED_PRACTITIONER, n));
    m->if_none_exist = arena_printf(m->arena, "identifier=%s|%u", npi_system, npi_of(n)).at;
    maker_put(
        m,
        ",'meta':{'profile':['" US_CORE "us-core-practitioner']},'identifier':[{'system':"
        "'%s','value':'%u'}],'active':true,'name':[{'family':'%s','given':['%s'],'prefix':["
        "'Dr.']}],'telecom':[{'system':'email','value':'practitioner%u@example.com','use':"
        "'work'}],'address':[",
        npi_system, npi_of(n), family,
        n % 2 ? given_names_male[n / 2 % GIVEN_NAMES] : given_names_female[n / 2 % GIVEN_NAMES],
        n);
    put_address(m, n % ORGANIZATIONS);
    maker_put(m, "],'gender':'%s'", n % 2 ? "male" : "female");
    maker_end(m);
}

static void put_role(Maker *m, uint32_t n)
{
    static const Term specialty = { "394802001", "General medicine" };
    uint32_t          place = n % ORGANIZATIONS;
    MadeId            id = shared_id(m, SHARED_ROLE, n);

    maker_begin(m, "PractitionerRole", id);
    put_own_identifier(m, &id);
    maker_put(m,
              ",'active':true,'practitioner':{'reference':'%s','display':'%s'},'organization':{"
              "'reference':'%s','display':'%s'},'specialty':[{'coding':[{'system':'" SNOMED
              "','code':'%s','display':'%s'}]}],'location':[{'reference':'%s'}],'telecom':[{"
              "'system':'phone','value':'413-555-%04u'}]",
              shared_reference(m, SHARED_PRACTITIONER, n), practitioner_name(m, n),
              shared_reference(m, SHARED_ORGANIZATION, place), organization_name(m, place),
              specialty.code, specialty.display, shared_reference(m, SHARED_LOCATION, place),
              100 + place);
    maker_end(m);
}

static void make_shared(Maker *m)
{
    for (uint32_t n = 0; n < ORGANIZATIONS; n++)
        put_organization(m, n);
    for (uint32_t n = 0; n < ORGANIZATIONS; n++)
        put_location(m, n);
    for (uint32_t n = 0; n < PRACTITIONERS; n++)
        put_practitioner(m, n);
    for (uint32_t n = 0; n < PRACTITIONERS; n++)
        put_role(m, n);
}

/* How many times the median a record is, in percent: the 0th, 5th, 10th … 95th percentile and
 * beyond of a log-normal distribution whose mean is 1.65 times its median. */
static uint32_t draw_visits(Maker *m)
{
    static const struct {
        uint32_t permille, percent;
    } quantiles[] = {
        { 0, 10 },    { 50, 19 },    { 100, 28 },   { 200, 43 },   { 300, 59 },    { 400, 78 },
        { 500, 100 }, { 600, 129 },  { 700, 169 },  { 800, 232 },  { 900, 360 },   { 950, 518 },
        { 975, 710 }, { 990, 1024 }, { 995, 1314 }, { 999, 2198 }, { 1000, 2400 },
    };
    uint32_t at = maker_below(m, 1000), i = 1;
    uint32_t width, rise;

    while (quantiles[i].permille <= at)
        i++;
    width = quantiles[i].permille - quantiles[i - 1].permille;
    rise = quantiles[i].percent - quantiles[i - 1].percent;
    return 1
           + VISITS_MEDIAN
                 * (quantiles[i - 1].percent + rise * (at - quantiles[i - 1].permille) / width)
                 / 100;
}

static void put_extension(Maker *m, const char *url, const Term *category)
{
    maker_put(m,
              "{'url':'" US_CORE
              "%s','extension':[{'url':'ombCategory','valueCoding':{'system':"
              "'urn:oid:2.16.840.1.113883.6.238','code':'%s','display':'%s'}},{'url':'text',"
              "'valueString':'%s'}]}",
              url, category->code, category->display, category->display);
}

static void put_patient_identifiers(Maker *m, const MadeId *id)
{
    static const struct {
        const char *code, *display, *system, *lead;
    } kinds[] = {
        { "MR", "Medical Record Number", "http://hospital.example/records", "M" },
        { "SS", "Social Security Number", "http://hl7.org/fhir/sid/us-ssn", "999-" },
        { "DL", "Driver’s License", "urn:oid:2.16.840.1.113883.4.3.25", "S" },
        { "PPN", "Passport Number", "http://passport.example/number", "X" },
    };

    maker_put(m, ",'identifier':[{'system':'%s','value':'%s'}", own_system, id->text);
    for (size_t i = 0; i < COUNT(kinds); i++)
        maker_put(m,
                  ",{'type':{'coding':[{'system':'" TERMINOLOGY
                  "v2-0203','code':'%s','display':'%s'}],'text':'%s'},'system':'%s','value':"
                  "'%s%08u'}",
                  kinds[i].code, kinds[i].display, kinds[i].display, kinds[i].system,
                  kinds[i].lead, m->patient);
    maker_put(m, "]");
}

static const char *put_patient(Maker *m, MadeId id, int64_t born_day)
{
    static const Term races[] = {
        { "2106-3", "White" },
        { "2054-5", "Black or African American" },
        { "2028-9", "Asian" },
    };
    static const Term ethnicities[] = {
        { "2186-5", "Not Hispanic or Latino" },
        { "2135-2", "Hispanic or Latino" },
    };
    bool        female = maker_permille(m, 510);
    uint32_t    n = maker_below(m, 100000);
    const char *given =
        *(female ? MAKER_PICK(m, given_names_female) : MAKER_PICK(m, given_names_male));
    const char *family = *MAKER_PICK(m, family_names);
    const char *name = arena_printf(m->arena, "%s %s", given, family).at;

    maker_begin(m, "Patient", id);
    maker_put(m, ",'meta':{'profile':['" US_CORE "us-core-patient']}");
    maker_put_narrative(m, "An invented person.");
    maker_put(m, ",'extension':[");
    put_extension(m, "us-core-race", MAKER_PICK_SKEWED(m, races));
    maker_put(m, ",");
    put_extension(m, "us-core-ethnicity", MAKER_PICK_SKEWED(m, ethnicities));
    maker_put(m, ",{'url':'" US_CORE "us-core-birthsex','valueCode':'%s'}]",
              female ? "F" : "M");
    put_patient_identifiers(m, &id);
    maker_put(
        m,
        ",'name':[{'use':'official','family':'%s','given':['%s','%s'],'prefix':['%s']}],"
        "'telecom':[{'system':'phone','value':'555-%03u-%04u','use':'home'},{'system':"
        "'email','value':'patient%u@example.com'}],'gender':'%s','birthDate':'%s','address':"
        "[",
        family, given, given_names_female[n % GIVEN_NAMES], female ? "Ms." : "Mr.", n % 1000,
        n * 31 % 10000, m->patient, female ? "female" : "male", maker_date(m, born_day));
    put_address(m, n);
    maker_put(m,
              "],'maritalStatus':{'coding':[{'system':'" TERMINOLOGY
              "v3-MaritalStatus','code':'%s'}]},'multipleBirthBoolean':false,'communication':[{"
              "'language':{'coding':[{'system':'urn:ietf:bcp:47','code':'en-US','display':"
              "'English'}],'text':'English'}}]",
              n % 3 ? "M" : "S");
    maker_end(m);
    return name;
}

static void put_allergy(Maker *m, const Visit *v)
{
    const Term *allergy = MAKER_PICK(m, allergies);

    maker_begin(m, "AllergyIntolerance", maker_id(m));
    maker_put(
        m,
        ",'meta':{'profile':['" US_CORE "us-core-allergyintolerance']},'clinicalStatus':{"
        "'coding':[{'system':'" TERMINOLOGY "allergyintolerance-clinical','code':'active'}]},"
        "'verificationStatus':{'coding':[{'system':'" TERMINOLOGY
        "allergyintolerance-verification','code':'confirmed'}]},'type':'allergy','category':"
        "['%s'],'criticality':'low'",
        maker_permille(m, 500) ? "food" : "environment");
    maker_put_concept(m, "code", SNOMED, allergy);
    maker_put(m, ",'patient':{'reference':'%s'},'recordedDate':'%s'", v->patient,
              maker_time(m, v->from));
    maker_end(m);
}

static void put_encounter(Maker *m, const Visit *v, MadeId id)
{
    const char *from, *to;

    maker_begin(m, "Encounter", id);
    from = maker_time(m, v->from);
    to = maker_time(m, v->to);
    maker_put(
        m,
        ",'meta':{'profile':['" US_CORE "us-core-encounter']},'identifier':[{'use':'official',"
        "'system':'%s','value':'%s'}],'status':'finished','class':{'system':'" TERMINOLOGY
        "v3-ActCode','code':'AMB'},'type':[{'coding':[{'system':'" SNOMED
        "','code':'%s','display':'%s'}],'text':'%s'}],'subject':{'reference':'%s','display':"
        "'%s'},'participant':[{'type':[{'coding':[{'system':'" TERMINOLOGY
        "v3-ParticipationType','code':'PPRF','display':'primary performer'}],'text':'primary "
        "performer'}],'period':{'start':'%s','end':'%s'},'individual':{'reference':'%s',"
        "'display':'%s'}}],'period':{'start':'%s','end':'%s'},'location':[{'location':{"
        "'reference':'%s','display':'%s'}}],'serviceProvider':{'reference':'%s','display':"
        "'%s'}",
        own_system, id.text, v->kind->code, v->kind->display, v->kind->display, v->patient,
        v->patient_name, from, to, v->practitioner, v->practitioner_name, from, to, v->location,
        v->organization_name, v->organization, v->organization_name);
    maker_end(m);
}

/* What one visit leaves: the rates are per thousand visits, and make up the mix of types. */
static void make_visit(Maker *m, const Visit *base, int64_t from, uint32_t place,
                       uint32_t practitioner)
{
    ArenaMark mark = arena_mark(m->arena);
    MadeId    id = maker_id(m);
    Visit     v = *base;
    uint32_t  prescriptions = maker_times(m, 440), procedures_done = maker_times(m, 1060);

    v.kind = MAKER_PICK_SKEWED(m, visit_kinds);
    v.from = from;
    v.to = from + (int64_t)maker_between(m, 15, 45) * 60;
    v.encounter = maker_reference(m, "Encounter", &id);
    v.practitioner = shared_reference(m, SHARED_PRACTITIONER, practitioner);
    v.practitioner_name = practitioner_name(m, practitioner);
    v.organization = shared_reference(m, SHARED_ORGANIZATION, place);
    v.organization_name = organization_name(m, place);
    v.location = shared_reference(m, SHARED_LOCATION, place);
    put_encounter(m, &v, id);
    if (maker_permille(m, 440))
        visit_put_vital_signs(m, &v);
    for (uint32_t n = maker_times(m, 320); n > 0; n--)
        visit_put_lab_panel(m, &v);
    for (uint32_t n = maker_times(m, 850); n > 0; n--) {
        const Gauge *score = maker_permille(m, 500) ? &phq9_score : &gad7_score;

        visit_put_observation(m, &v, "survey", score, maker_between(m, score->low, score->span),
                              maker_id(m));
    }
    for (uint32_t n = maker_times(m, 145); n > 0; n--) {
        const Term *condition = MAKER_PICK_SKEWED(m, conditions);

        visit_put_condition(m, &v, condition, maker_permille(m, 300), maker_id(m));
    }
    for (uint32_t n = 0; n < procedures_done; n++)
        visit_put_procedure(m, &v);
    for (uint32_t n = maker_times(m, 440); n > 0; n--)
        visit_put_immunization(m, &v);
    for (uint32_t n = 0; n < prescriptions; n++)
        visit_put_medication(m, &v);
    if (maker_permille(m, 1000 / VISITS_PER_PLAN))
        visit_put_care(m, &v, MAKER_PICK_SKEWED(m, conditions));
    if (maker_permille(m, 90))
        visit_put_supply(m, &v);
    visit_put_note(m, &v);
    visit_put_claim(m, &v, 1 + procedures_done + maker_below(m, 6));
    arena_rewind(m->arena, mark);
}

static void make_patient(Maker *m)
{
    static const char *const payers[] = {
        "Medicare",    "Blue Cross Blue Shield", "UnitedHealthcare", "Medicaid", "Aetna",
        "NO_INSURANCE"
    };
    MadeId   id = maker_id(m);
    int64_t  today = m->options->today;
    int64_t  born = today - (int64_t)maker_between(m, 200, 32000);
    int64_t  first = born > today - 20 * 365 ? born : today - 20 * 365;
    uint32_t visits = draw_visits(m), home = maker_below(m, ORGANIZATIONS);
    int64_t  span = (today - first) * DAY_SECONDS;
    Visit    v = { .payer = *MAKER_PICK(m, payers) };

    v.patient = maker_reference(m, "Patient", &id);
    v.patient_name = put_patient(m, id, born);
    for (uint32_t i = 0; i < visits; i++) {
        uint32_t place = maker_permille(m, 800) ? home : maker_below(m, ORGANIZATIONS);
        int64_t  from = first * DAY_SECONDS + span * i / visits + maker_below(m, 36000);

        v.from = from;
        if (i == 0 && maker_permille(m, 500))
            put_allergy(m, &v);
        make_visit(m, &v, from, place, place + ORGANIZATIONS * maker_below(m, 3));
    }
}

void synthetic_record(Arena *a, const SyntheticOptions *options, uint32_t number,
                      SyntheticEach *each, void *context)
{
    static void (*const makers[SYNTHETIC_SHAPES][2])(Maker *) = {
        [SYNTHETIC_LOAD] = { make_shared, make_patient },
        [SYNTHETIC_PRACTICE] = { demonstration_make_shared, demonstration_make_patient },
    };
    ArenaMark mark = arena_mark(a);
    Maker     m = maker_new(a, options, number, each, context);

    ENSURE(options->shape < SYNTHETIC_SHAPES);
    makers[options->shape][number > 0](&m);
    arena_rewind(a, mark);
}

static void put_entry(void *context, const SyntheticResource *r)
{
    Buf *out = context;

    buf_printf(out, "%s{\"fullUrl\":\"urn:uuid:%.*s\",\"resource\":",
               out->at[out->len - 1] == '[' ? "" : ",", STR_ARG(r->id));
    buf_put(out, r->text);
    buf_printf(out, ",\"request\":{\"method\":\"POST\",\"url\":\"%.*s\"", STR_ARG(r->type));
    if (r->if_none_exist.len)
        buf_printf(out, ",\"ifNoneExist\":\"%.*s\"", STR_ARG(r->if_none_exist));
    buf_put(out, STR("}}"));
}

Str synthetic_bundle(Arena *a, const SyntheticOptions *options, uint32_t number)
{
    Arena *scratch = arena_create((size_t)256 << 20);
    Buf    out = buf_new(a, 1 << 20);

    ENSURE(options->bundled);
    buf_put(&out, STR("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["));
    synthetic_record(scratch, options, number, put_entry, &out);
    buf_put(&out, STR("]}"));
    arena_destroy(scratch);
    return buf_str(&out);
}
