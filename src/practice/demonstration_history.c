/* What somebody new is asked in the demonstration's practice: family, habits, what is taken, who else
 * cares, and what everybody should notice. */
#include "practice/demonstration.h"

static void put_family(Maker *m, const Visit *v)
{
    static const Term relatives[] = {
        { "MTH", "mother" },
        { "FTH", "father" },
        { "GRMTH", "grandmother" },
        { "SIB", "sibling" },
    };
    static const Term illnesses[] = {
        { "59621000", "Essential hypertension" },
        { "44054006", "Diabetes mellitus type 2" },
        { "195967001", "Asthma" },
        { "53741008", "Coronary arteriosclerosis" },
    };
    const Term *relative = MAKER_PICK(m, relatives);
    const Term *illness = MAKER_PICK(m, illnesses);

    maker_begin(m, "FamilyMemberHistory", maker_id(m));
    maker_put(m, ",'status':'partial','patient':{'reference':'%s'},'date':'%s'", v->patient,
              maker_date(m, v->from / DAY_SECONDS));
    maker_put_concept(m, "relationship", TERMINOLOGY "v3-RoleCode", relative);
    maker_put(m,
              ",'condition':[{'code':{'coding':[{'system':'" SNOMED
              "','code':'%s','display':'%s'}],'text':'%s'}}]",
              illness->code, illness->display, illness->display);
    maker_end(m);
}

static void put_habits(Maker *m, const Visit *v)
{
    static const char *const habits[][4] = {
        { "72166-2", "Tobacco smoking status", "Never smoked", "Stopped some years ago" },
        { "11331-6", "History of Alcohol use", "A glass now and then", "None" },
    };

    for (size_t i = 0; i < COUNT(habits); i++) {
        const char *said = habits[i][maker_permille(m, 600) ? 2 : 3];

        maker_begin(m, "Observation", maker_id(m));
        maker_put(m,
                  ",'status':'final','category':[{'coding':[{'system':'" TERMINOLOGY
                  "observation-category','code':'social-history'}]}],'code':{'coding':[{"
                  "'system':'" LOINC "','code':'%s','display':'%s'}]},'subject':{'reference':"
                  "'%s'},'effectiveDateTime':'%s','valueString':'%s','performer':[{"
                  "'reference':'%s'}]",
                  habits[i][0], habits[i][1], v->patient, maker_date(m, v->from / DAY_SECONDS),
                  said, v->practitioner);
        maker_end(m);
    }
}

/* What is taken without a prescription of ours, as the person says. */
static void put_taken(Maker *m, const Visit *v)
{
    const Term *medication = MAKER_PICK(m, medications);

    maker_begin(m, "MedicationStatement", maker_id(m));
    maker_put(m, ",'status':'active'");
    maker_put_concept(m, "medicationCodeableConcept", RXNORM, medication);
    maker_put(m,
              ",'subject':{'reference':'%s'},'dateAsserted':'%s','informationSource':{"
              "'reference':'%s'},'dosage':[{'text':'1 when needed'}]",
              v->patient, maker_time(m, v->from), v->patient);
    maker_end(m);
}

static void put_team(Maker *m, const Visit *v, const Profession *p)
{
    maker_begin(m, "CareTeam", maker_id(m));
    maker_put(m,
              ",'status':'active','subject':{'reference':'%s'},'participant':[{'role':[{"
              "'text':'%s'}],'member':{'reference':'%s','display':'%s'}},{'role':[{'text':"
              "'Family doctor'}],'member':{'display':'Dr. Ruth Adler'}}]",
              v->patient, p->name, v->practitioner, v->practitioner_name);
    maker_end(m);
}

static void put_flag(Maker *m, const Visit *v)
{
    static const char *const alerts[] = { "Hard of hearing: face when speaking",
                                          "Risk of falling",
                                          "Ground floor rooms only: no stairs" };
    const char              *alert = *MAKER_PICK(m, alerts);

    maker_begin(m, "Flag", maker_id(m));
    maker_put(m,
              ",'status':'active','code':{'text':'%s'},'subject':{'reference':'%s'},'period':{"
              "'start':'%s'},'author':{'reference':'%s'}",
              alert, v->patient, maker_date(m, v->from / DAY_SECONDS), v->practitioner);
    maker_end(m);
}

void demonstration_make_history(Maker *m, const Visit *v, const Profession *profession)
{
    put_habits(m, v);
    put_team(m, v, profession);
    if (maker_permille(m, 600))
        put_family(m, v);
    if (maker_permille(m, 400))
        put_taken(m, v);
    if (maker_permille(m, 200))
        put_flag(m, v);
}
