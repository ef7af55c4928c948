/* The words of invented records: see vocabulary.h. */
#include "practice/vocabulary.h"

const char *const given_names_female[GIVEN_NAMES] = {
    "Anna",   "Maria",  "Sofia", "Emma",    "Amina",    "Grace",  "Olivia",    "Leila",
    "Hannah", "Ines",   "Julia", "Keiko",   "Laura",    "Mei",    "Nadia",     "Oksana",
    "Paula",  "Priya",  "Rosa",  "Sarah",   "Tamar",    "Ursula", "Valentina", "Wanda",
    "Yasmin", "Zoë",    "Chloé", "Beatriz", "Clara",    "Dalia",  "Eleni",     "Fatima",
    "Greta",  "Helena", "Irena", "Joana",   "Katarína", "Linnea", "Mónica",    "Noor",
};

const char *const given_names_male[GIVEN_NAMES] = {
    "Adam",      "Ahmed",   "Bruno", "Carlos", "Daniel",  "David",    "Emil",    "Felix",
    "Gabriel",   "Hiroshi", "Ivan",  "James",  "Jakub",   "John",     "José",    "Karl",
    "Liam",      "Lukas",   "Marco", "Mateo",  "Michael", "Mohammed", "Nikolai", "Noah",
    "Omar",      "Oscar",   "Pavel", "Pedro",  "Peter",   "Rafael",   "Raj",     "Samuel",
    "Sebastian", "Thomas",  "Tomáš", "Viktor", "William", "Yusuf",    "Zoltán",  "Øyvind",
};

const char *const family_names[FAMILY_NAMES] = {
    "Smith",    "Müller", "García",   "Rossi",    "Novak",    "Jensen", "Johansson",
    "Kowalski", "Nguyen", "Chen",     "Patel",    "Silva",    "Dubois", "Peeters",
    "Ivanova",  "Kim",    "Tanaka",   "Haddad",   "Okafor",   "Cohen",  "Horvath",
    "Popescu",  "Murphy", "Brown",    "Johnson",  "Williams", "Jones",  "Davis",
    "Miller",   "Wilson", "Moore",    "Taylor",   "Anderson", "Thomas", "Jackson",
    "White",    "Harris", "Martin",   "Thompson", "Young",    "Walker", "Hall",
    "Allen",    "Wright", "King",     "Scott",    "Green",    "Baker",  "Adams",
    "Nelson",   "Hill",   "Campbell", "Mitchell", "Roberts",  "Carter", "Phillips",
    "Evans",    "Turner", "Parker",   "Svensson",
};

const char *const streets[STREETS] = {
    "Oak Street",    "Mill Lane",     "High Street",     "Station Road",
    "Church Street", "River Road",    "Park Avenue",     "Garden Street",
    "Harbor Street", "School Street", "Meadow Lane",     "Orchard Road",
    "Bridge Street", "Hill Road",     "Chestnut Avenue", "North Street",
};

const Town towns[TOWNS] = {
    { "Northampton", "MA", "01060" }, { "Amherst", "MA", "01002" },
    { "Greenfield", "MA", "01301" },  { "Holyoke", "MA", "01040" },
    { "Worcester", "MA", "01602" },   { "Springfield", "MA", "01103" },
    { "Lowell", "MA", "01852" },      { "Quincy", "MA", "02169" },
    { "Salem", "MA", "01970" },       { "Plymouth", "MA", "02360" },
    { "Barnstable", "MA", "02630" },  { "Pittsfield", "MA", "01201" },
};

const Term conditions[CONDITIONS] = {
    { "444814009", "Viral sinusitis" },
    { "195662009", "Acute viral pharyngitis" },
    { "10509002", "Acute bronchitis" },
    { "162864005", "Body mass index 30+ - obesity" },
    { "271737000", "Anemia" },
    { "15777000", "Prediabetes" },
    { "59621000", "Essential hypertension" },
    { "55822004", "Hyperlipidemia" },
    { "44054006", "Diabetes mellitus type 2" },
    { "65363002", "Otitis media" },
    { "43878008", "Streptococcal sore throat" },
    { "40055000", "Chronic sinusitis" },
    { "195967001", "Asthma" },
    { "279039007", "Low back pain" },
    { "48694002", "Anxiety" },
    { "370143000", "Major depressive disorder" },
    { "37796009", "Migraine" },
    { "396275006", "Osteoarthritis" },
    { "239873007", "Osteoarthritis of knee" },
    { "193462001", "Insomnia" },
    { "47505003", "Posttraumatic stress disorder" },
    { "64859006", "Osteoporosis" },
    { "73211009", "Diabetes mellitus" },
    { "13645005", "Chronic obstructive lung disease" },
    { "53741008", "Coronary arteriosclerosis" },
    { "49436004", "Atrial fibrillation" },
    { "84757009", "Epilepsy" },
    { "69896004", "Rheumatoid arthritis" },
};

const Term procedures[PROCEDURES] = {
    { "430193006", "Medication reconciliation" },
    { "710824005", "Assessment of health and social care needs" },
    { "171207006", "Depression screening" },
    { "710841007", "Assessment of anxiety" },
    { "428191000124101", "Documentation of current medications" },
    { "76601001", "Intramuscular injection" },
    { "399208008", "Plain X-ray of chest" },
    { "274474001", "Bone immobilization" },
    { "73761001", "Colonoscopy" },
    { "29303009", "Electrocardiographic procedure" },
    { "40701008", "Echocardiography" },
    { "82078001", "Collection of blood specimen for laboratory" },
    { "91251008", "Physical therapy procedure" },
    { "75516001", "Psychotherapy" },
    { "225358003", "Wound care" },
    { "80146002", "Appendectomy" },
};

const Term visit_kinds[VISIT_KINDS] = {
    { "162673000", "General examination of patient" },
    { "185345009", "Encounter for symptom" },
    { "185349003", "Encounter for check up" },
    { "390906007", "Follow-up encounter" },
    { "185347001", "Encounter for problem" },
    { "410620009", "Well child visit" },
    { "702927004", "Urgent care clinic" },
    { "50849002", "Emergency room admission" },
};

const Term allergies[ALLERGIES] = {
    { "91935009", "Allergy to peanut" },         { "300913006", "Allergy to shellfish" },
    { "294505008", "Allergy to amoxicillin" },   { "91936005", "Allergy to penicillin" },
    { "232347008", "Allergy to animal dander" }, { "300916003", "Latex allergy" },
    { "424213003", "Allergy to bee venom" },     { "418689008", "Allergy to grass pollen" },
};

const Term medications[MEDICATIONS] = {
    { "314076", "lisinopril 10 MG Oral Tablet" },
    { "310798", "hydrochlorothiazide 25 MG Oral Tablet" },
    { "313782", "acetaminophen 325 MG Oral Tablet" },
    { "310965", "ibuprofen 200 MG Oral Tablet" },
    { "860975", "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet" },
    { "314231", "simvastatin 10 MG Oral Tablet" },
    { "308136", "amlodipine 2.5 MG Oral Tablet" },
    { "312961", "simvastatin 20 MG Oral Tablet" },
    { "308192", "amoxicillin 500 MG Oral Tablet" },
    { "312941", "sertraline 50 MG Oral Tablet" },
    { "617312", "atorvastatin 20 MG Oral Tablet" },
    { "197361", "amlodipine 5 MG Oral Tablet" },
    { "849574", "naproxen sodium 220 MG Oral Tablet" },
    { "745679", "200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler" },
    { "966222", "levothyroxine sodium 0.075 MG Oral Tablet" },
    { "198440", "acetaminophen 500 MG Oral Tablet" },
    { "855332", "warfarin sodium 5 MG Oral Tablet" },
    { "106892", "insulin isophane, human 70 UNT/ML / insulin, regular, human 30 UNT/ML" },
};

const Term vaccines[VACCINES] = {
    { "140", "Influenza, seasonal, injectable, preservative free" },
    { "208", "COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose" },
    { "113", "Td (adult) preservative free" },
    { "20", "DTaP" },
    { "133", "Pneumococcal conjugate PCV 13" },
    { "10", "IPV" },
    { "03", "MMR" },
    { "21", "varicella" },
    { "08", "Hep B, adolescent or pediatric" },
    { "62", "HPV, quadrivalent" },
    { "115", "Tdap" },
    { "121", "zoster live" },
};

const char *const sentences[SENTENCES] = {
    "Reports sleeping better since the last visit, on average six to seven hours a night.",
    "No new complaints. Appetite and energy unchanged.",
    "Describes pain on movement, less in the morning and after rest.",
    "Denies chest pain, shortness of breath and palpitations.",
    "Takes medication as prescribed; no side effects noticed.",
    "Missed several doses during travel and resumed two weeks ago.",
    "Mood brighter than four weeks ago, tearful once while speaking of work.",
    "Lungs clear on both sides, heart sounds regular, no murmur.",
    "Abdomen soft, no tenderness, bowel sounds present.",
    "Range of motion of the right shoulder improved by about fifteen degrees.",
    "Gait steady, balance test completed without support.",
    "Blood pressure at home between 125 and 140 systolic according to the diary.",
    "Discussed results of the laboratory tests and what they mean.",
    "Practised breathing exercises together and agreed on ten minutes a day.",
    "Reviewed the exercise program; two exercises replaced because of knee pain.",
    "Smoking reduced to five cigarettes a day; would like to stop by spring.",
    "Lives with partner and two children; feels well supported at home.",
    "Works full time at a desk, few opportunities to move during the day.",
    "Wound edges dry and closed, no sign of infection, stitches removed.",
    "Agreed on next steps: continue as before, return sooner if symptoms get worse.",
    "Referred for imaging because symptoms have lasted more than six weeks.",
    "Explained warning signs and whom to call outside opening hours.",
    "Weight stable; nutrition diary shows more vegetables and fewer sweet drinks.",
    "Plan: repeat laboratory tests in three months, then decide on treatment.",
};

#define GAUGE(code, display, unit, low, span, digits)                                          \
    {                                                                                          \
        { code, display }, unit, low, span, digits                                             \
    }

const Gauge body_height = GAUGE("8302-2", "Body Height", "cm", 1520, 380, 1);
const Gauge body_weight = GAUGE("29463-7", "Body Weight", "kg", 480, 600, 1);
const Gauge body_mass_index = GAUGE("39156-5", "Body Mass Index", "kg/m2", 180, 170, 1);
const Gauge systolic = GAUGE("8480-6", "Systolic Blood Pressure", "mm[Hg]", 98, 62, 0);
const Gauge diastolic = GAUGE("8462-4", "Diastolic Blood Pressure", "mm[Hg]", 60, 40, 0);
const Gauge heart_rate = GAUGE("8867-4", "Heart rate", "/min", 55, 50, 0);
const Gauge respiratory_rate = GAUGE("9279-1", "Respiratory rate", "/min", 11, 8, 0);
const Gauge body_temperature = GAUGE("8310-5", "Body temperature", "Cel", 361, 25, 1);
const Gauge pain_score =
    GAUGE("72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported", "{score}",
          0, 8, 0);
const Gauge phq9_score =
    GAUGE("44261-6", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]",
          "{score}", 0, 21, 0);
const Gauge gad7_score =
    GAUGE("70274-6", "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]",
          "{score}", 0, 18, 0);

const LabPanel lab_panels[LAB_PANELS] = {
    { { "51990-0", "Basic metabolic panel - Blood" },
      {
          GAUGE("2339-0", "Glucose [Mass/volume] in Blood", "mg/dL", 640, 700, 1),
          GAUGE("6299-2", "Urea nitrogen [Mass/volume] in Blood", "mg/dL", 70, 130, 1),
          GAUGE("38483-4", "Creatinine [Mass/volume] in Blood", "mg/dL", 6, 14, 1),
          GAUGE("49765-1", "Calcium [Mass/volume] in Blood", "mg/dL", 85, 17, 1),
          GAUGE("2947-0", "Sodium [Moles/volume] in Blood", "mmol/L", 1360, 80, 1),
          GAUGE("6298-4", "Potassium [Moles/volume] in Blood", "mmol/L", 37, 15, 1),
          GAUGE("2069-3", "Chloride [Moles/volume] in Blood", "mmol/L", 1010, 100, 1),
          GAUGE("20565-8", "Carbon dioxide, total [Moles/volume] in Blood", "mmol/L", 200, 90,
                1),
      } },
    { { "57698-3", "Lipid panel with direct LDL - Serum or Plasma" },
      {
          GAUGE("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", 1500, 900,
                1),
          GAUGE("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", "mg/dL", 900, 1100,
                1),
          GAUGE("18262-6",
                "Cholesterol in LDL [Mass/volume] in Serum or Plasma by Direct assay", "mg/dL",
                600, 1000, 1),
          GAUGE("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "mg/dL", 350,
                450, 1),
          GAUGE("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 48, 40, 1),
      } },
    { { "58410-2", "CBC panel - Blood by Automated count" },
      {
          GAUGE("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 35,
                75, 1),
          GAUGE("789-8", "Erythrocytes [#/volume] in Blood by Automated count", "10*6/uL", 38,
                20, 1),
          GAUGE("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 118, 60, 1),
          GAUGE("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "%", 350,
                160, 1),
          GAUGE("787-2", "MCV [Entitic volume] by Automated count", "fL", 800, 160, 1),
          GAUGE("785-6", "MCH [Entitic mass] by Automated count", "pg", 270, 60, 1),
          GAUGE("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 1500,
                3000, 1),
      } },
};
