/* Scopes in words, for people: see browser.h. */
#include "server/browser.h"

typedef struct Word {
    Str         of;
    const char *english, *french;
} Word;

/* What is asked for most; other types are called by their names in FHIR. */
static const Word types[] = {
    { STR_INIT("AllergyIntolerance"), "Allergies", "Allergies" },
    { STR_INIT("Appointment"), "Appointments", "Rendez-vous" },
    { STR_INIT("CarePlan"), "Care plans", "Plans de soins" },
    { STR_INIT("Condition"), "Conditions", "Problèmes de santé" },
    { STR_INIT("Coverage"), "Insurance", "Assurance" },
    { STR_INIT("DiagnosticReport"), "Reports of tests", "Rapports d’examens" },
    { STR_INIT("DocumentReference"), "Documents", "Documents" },
    { STR_INIT("Encounter"), "Visits", "Consultations" },
    { STR_INIT("Goal"), "Goals", "Objectifs" },
    { STR_INIT("Immunization"), "Immunizations", "Vaccinations" },
    { STR_INIT("MedicationRequest"), "Prescriptions", "Ordonnances" },
    { STR_INIT("Observation"), "Results and measurements", "Résultats et mesures" },
    { STR_INIT("Patient"), "Name, birth date, address", "Nom, date de naissance, adresse" },
    { STR_INIT("Practitioner"), "Practitioners", "Professionnels" },
    { STR_INIT("Procedure"), "Procedures", "Interventions" },
    { STR_INIT("RelatedPerson"), "Relatives and proxies", "Proches et mandataires" },
};

static const Word deeds[] = {
    { STR_INIT("c"), "create", "créer" },      { STR_INIT("r"), "read", "lire" },
    { STR_INIT("u"), "change", "modifier" },   { STR_INIT("d"), "delete", "supprimer" },
    { STR_INIT("s"), "search", "rechercher" },
};

static const Word others[] = {
    { STR_INIT("openid"), "recognise you when you come again",
      "vous reconnaître lorsque vous revenez" },
    { STR_INIT("fhirUser"), "learn which record here is about you",
      "savoir quelle fiche vous représente ici" },
    { STR_INIT("offline_access"), "go on when you are not signed in, until you take it back",
      "continuer en votre absence, jusqu’à ce que vous le retiriez" },
    { STR_INIT("online_access"), "go on as long as you are signed in here",
      "continuer tant que vous êtes connecté ici" },
};

static const Word *word_of(const Word *words, size_t count, Str of)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(words[i].of, of))
            return &words[i];
    return NULL;
}

static void put_type(Browser *b, Str context, Str type)
{
    const Word *word = word_of(types, COUNT(types), type);

    if (word)
        page_put(b, say(b, word->english, word->french));
    else if (!str_equal(type, STR("*")))
        page_text(b, type);
    else if (str_equal(context, STR("patient")))
        page_put(b, say(b, "Everything in the record", "Tout le dossier"));
    else
        page_put(b,
                 say(b, "All records you may see", "Tous les dossiers que vous pouvez voir"));
}

bool page_scope(Browser *b, Str scope)
{
    const Word *other = word_of(others, COUNT(others), scope);
    Str         context, rest, type, letters, plain, criteria = { 0 };

    if (other) {
        page_put(b, say(b, other->english, other->french));
        return true;
    }
    if (!str_cut(scope, '?', &plain, &criteria))
        plain = scope;
    if (!str_cut(plain, '/', &context, &rest) || !str_cut(rest, '.', &type, &letters))
        return false;
    put_type(b, context, type);
    page_put(b, say(b, ": ", " : "));
    for (size_t i = 0; i < letters.len; i++) {
        const Word *deed = word_of(deeds, COUNT(deeds), str_slice(letters, i, i + 1));

        page_put(b, i ? ", " : "");
        if (deed)
            page_put(b, say(b, deed->english, deed->french));
    }
    if (criteria.len) {
        page_put(b, say(b, " (only where ", " (seulement où "));
        page_text(b, criteria);
        page_put(b, ")");
    }
    return true;
}
