/* The sections of the chart as a table: which resources are in each, how one is shown, which elements its
 * form has, how a new one begins. R4 clinical summary, IPS sections for the codes of their Lists. */
import type {
  CarePlan,
  CareTeam,
  CodeableConcept,
  Condition,
  Device,
  FamilyMemberHistory,
  FhirResource,
  Goal,
  Immunization,
  Medication,
  MedicationRequest,
  MedicationStatement,
  Observation,
  Procedure,
  Reference,
  AllergyIntolerance,
  Flag,
} from "fhir/r4";
import { conceptText, cvx, icd10, loinc, rxnorm, snomed } from "../../fhir/codes";
import type { Resources } from "../../data/chart";
import type { Translate } from "../../i18n";
import type { Key } from "../../i18n/en";
import {
  code,
  coded,
  concept,
  date,
  type FieldOf,
  firstConcept,
  note,
  startOf,
  text,
  textIn,
} from "./fields";
import { dayText, inCategory, isWrong, statusOf, valueText, whenOf } from "./value";

const hl7 = "http://terminology.hl7.org/CodeSystem/";
type Any = Record<string, unknown>;

export interface Fresh {
  patient: Reference;
  user: Reference | undefined;
  today: string;
}

export interface Section {
  key: Key /* its name in the catalogue, and in the address */;
  types: readonly FhirResource["resourceType"][];
  belongs?: (resource: FhirResource) => boolean;
  current: (resource: FhirResource) => boolean;
  title: (resource: FhirResource, all: Resources, t: Translate) => string;
  detail: (resource: FhirResource) => string;
  fields: (resource: FhirResource) => readonly FieldOf[];
  fresh: (about: Fresh) => FhirResource;
  /* LOINC: of the List that says when it was reviewed, and that there is nothing. */
  list?: { code: string; display: string };
}

const problemCodes = { systems: [icd10, snomed] };
const active = (...words: string[]) => {
  return (resource: FhirResource) => {
    const status = statusOf(resource);
    return status === "" || words.includes(status);
  };
};

const conditionStates: readonly [string, Key][] = [
  ["active", "stateActive"],
  ["recurrence", "stateRecurrence"],
  ["relapse", "stateRelapse"],
  ["inactive", "stateInactive"],
  ["remission", "stateRemission"],
  ["resolved", "stateResolved"],
];

const problems: Section = {
  key: "chartProblems",
  types: ["Condition"],
  current: active("active", "recurrence", "relapse"),
  title: (one) => conceptText((one as Condition).code),
  detail: (one) => whenOf(one).slice(0, 7),
  fields: () => [
    concept("code", "chartProblem", problemCodes, { required: true }),
    coded("clinicalStatus", "chartState", `${hl7}condition-clinical`, conditionStates),
    date("onsetDateTime", "chartSince"),
    date("abatementDateTime", "chartUntil"),
    note,
  ],
  fresh: ({ patient, user, today }) => ({
    resourceType: "Condition",
    clinicalStatus: { coding: [{ system: `${hl7}condition-clinical`, code: "active" }] },
    verificationStatus: {
      coding: [{ system: `${hl7}condition-ver-status`, code: "confirmed" }],
    },
    category: [{ coding: [{ system: `${hl7}condition-category`, code: "problem-list-item" }] }],
    code: {},
    subject: patient,
    recordedDate: today,
    ...(user ? { recorder: user } : {}),
  }),
  list: { code: "11450-4", display: "Problem list - Reported" },
};

function medicationText(one: FhirResource, all: Resources): string {
  const taken = one as MedicationStatement | MedicationRequest;
  if (taken.medicationCodeableConcept) return conceptText(taken.medicationCodeableConcept);
  const reference = taken.medicationReference;
  if (reference?.display) return reference.display;
  const id = reference?.reference?.split("/").pop();
  const found = (all.get("Medication") as Medication[] | undefined)?.find((m) => m.id === id);
  return conceptText(found?.code);
}

const medicationStates: readonly [string, Key][] = [
  ["active", "stateActive"],
  ["on-hold", "stateOnHold"],
  ["completed", "stateCompleted"],
  ["stopped", "stateStopped"],
];

const medications: Section = {
  key: "chartMedications",
  types: ["MedicationRequest", "MedicationStatement"],
  belongs: (one) =>
    one.resourceType === "MedicationStatement" ||
    !["proposal", "plan"].includes((one as MedicationRequest).intent),
  current: active("active", "intended", "on-hold"),
  title: medicationText,
  detail: (one) =>
    one.resourceType === "MedicationStatement"
      ? (one.dosage?.[0]?.text ?? "")
      : ((one as MedicationRequest).dosageInstruction?.[0]?.text ?? ""),
  fields: (one) => [
    ...((one as MedicationStatement).medicationReference
      ? []
      : [
          concept(
            "medicationCodeableConcept",
            "chartMedication",
            { systems: [rxnorm] },
            { required: true },
          ),
        ]),
    textIn(
      one.resourceType === "MedicationStatement" ? "dosage" : "dosageInstruction",
      "text",
      "chartDosage",
    ),
    code("status", "chartState", medicationStates),
    ...(one.resourceType === "MedicationStatement"
      ? [startOf("effectivePeriod", "chartSince")]
      : []),
    note,
  ],
  fresh: ({ patient, user, today }) => ({
    resourceType: "MedicationStatement",
    status: "active",
    medicationCodeableConcept: {},
    subject: patient,
    dateAsserted: today,
    ...(user ? { informationSource: user } : {}),
  }),
  list: { code: "10160-0", display: "History of Medication use Narrative" },
};

const criticalities: readonly [string, Key][] = [
  ["", "notKnown"],
  ["low", "criticalLow"],
  ["high", "criticalHigh"],
  ["unable-to-assess", "criticalUnknown"],
];
const severities: readonly [string, Key][] = [
  ["", "notKnown"],
  ["mild", "severityMild"],
  ["moderate", "severityModerate"],
  ["severe", "severitySevere"],
];

type Reaction = NonNullable<AllergyIntolerance["reaction"]>[number];

/* The first reaction: what it was, and how bad. Without a manifestation there is no reaction (R4: 1..*). */
function reactionField(): FieldOf[] {
  const first = (one: FhirResource) => (one as AllergyIntolerance).reaction?.[0];
  const put = (one: FhirResource, change: (reaction: Reaction) => void) => {
    const allergy = one as AllergyIntolerance;
    const [old, ...others] = allergy.reaction ?? [];
    const mended: Reaction = structuredClone(old ?? { manifestation: [] });
    change(mended);
    const all = mended.manifestation.length ? [mended, ...others] : others;
    if (all.length) allergy.reaction = all;
    else delete allergy.reaction;
  };
  return [
    {
      key: "manifestation",
      label: "chartReaction",
      show: { as: "concept", source: { systems: [snomed] } },
      get: (one) => first(one)?.manifestation[0],
      set: (one, value) =>
        put(one, (reaction) => {
          reaction.manifestation = [
            ...(value ? [value as CodeableConcept] : []),
            ...reaction.manifestation.slice(1),
          ];
        }),
    },
    {
      key: "severity",
      label: "chartSeverity",
      show: { as: "choice", choices: severities },
      get: (one) => first(one)?.severity ?? "",
      set: (one, value) =>
        put(one, (reaction) => {
          if (value) reaction.severity = value as "mild";
          else delete reaction.severity;
        }),
    },
  ];
}

export function reactionText(one: FhirResource): string {
  return ((one as AllergyIntolerance).reaction ?? [])
    .flatMap((reaction) => reaction.manifestation.map(conceptText))
    .filter(Boolean)
    .join(", ");
}

const allergies: Section = {
  key: "chartAllergies",
  types: ["AllergyIntolerance"],
  current: active("active"),
  title: (one) => conceptText((one as AllergyIntolerance).code),
  detail: reactionText,
  fields: () => [
    concept("code", "chartAllergy", { systems: [snomed, rxnorm] }, { required: true }),
    ...reactionField(),
    code("criticality", "chartCriticality", criticalities),
    coded("clinicalStatus", "chartState", `${hl7}allergyintolerance-clinical`, [
      ["active", "stateActive"],
      ["inactive", "stateInactive"],
      ["resolved", "stateResolved"],
    ]),
    note,
  ],
  fresh: ({ patient, user, today }) => ({
    resourceType: "AllergyIntolerance",
    clinicalStatus: {
      coding: [{ system: `${hl7}allergyintolerance-clinical`, code: "active" }],
    },
    verificationStatus: {
      coding: [{ system: `${hl7}allergyintolerance-verification`, code: "unconfirmed" }],
    },
    code: {},
    patient,
    recordedDate: today,
    ...(user ? { recorder: user } : {}),
  }),
  list: { code: "48765-2", display: "Allergies and adverse reactions Document" },
};

const immunizations: Section = {
  key: "chartImmunizations",
  types: ["Immunization"],
  current: active("completed", "not-done"),
  title: (one) => conceptText((one as Immunization).vaccineCode),
  detail: (one) => dayText(whenOf(one)),
  fields: () => [
    concept("vaccineCode", "chartVaccine", { systems: [cvx] }, { required: true }),
    date("occurrenceDateTime", "chartDay", { required: true }),
    code("status", "chartState", [
      ["completed", "stateGiven"],
      ["not-done", "stateNotGiven"],
    ]),
    text("lotNumber", "chartLot"),
    note,
  ],
  fresh: ({ patient, user, today }) => ({
    resourceType: "Immunization",
    status: "completed",
    vaccineCode: {},
    patient,
    occurrenceDateTime: today,
    primarySource: true,
    ...(user ? { performer: [{ actor: user }] } : {}),
  }),
  list: { code: "11369-6", display: "History of Immunization Narrative" },
};

const family: Section = {
  key: "chartFamily",
  types: ["FamilyMemberHistory"],
  current: () => true,
  title: (one) => {
    const member = one as FamilyMemberHistory;
    const conditions = (member.condition ?? []).map((each) => conceptText(each.code));
    return [conceptText(member.relationship), conditions.join(", ")].filter(Boolean).join(": ");
  },
  detail: (one) => (one as FamilyMemberHistory).condition?.[0]?.onsetString ?? "",
  fields: () => [
    concept(
      "relationship",
      "chartRelative",
      { valueSet: "http://terminology.hl7.org/ValueSet/v3-FamilyMember" },
      { required: true },
    ),
    {
      key: "condition",
      label: "chartProblem",
      show: { as: "concept", source: problemCodes },
      get: (one) => (one as FamilyMemberHistory).condition?.[0]?.code,
      set: (one, value) => {
        const member = one as FamilyMemberHistory;
        const [old, ...others] = member.condition ?? [];
        const all = value ? [{ ...old, code: value as CodeableConcept }, ...others] : others;
        if (all.length) member.condition = all;
        else delete member.condition;
      },
    },
    note,
  ],
  fresh: ({ patient, today }) => ({
    resourceType: "FamilyMemberHistory",
    status: "partial",
    patient,
    date: today,
    relationship: {},
  }),
  list: { code: "10157-6", display: "History of family member diseases Narrative" },
};

/* LOINC of what is asked most: the words are the practice's own language. */
const habits: readonly [string, Key][] = [
  ["72166-2", "habitTobacco"],
  ["11331-6", "habitAlcohol"],
  ["11343-1", "habitDrugs"],
  ["11341-5", "habitWork"],
  ["63512-8", "habitHousehold"],
  ["89555-7", "habitExercise"],
  ["29762-2", "habitOther"],
];

const social: Section = {
  key: "chartSocial",
  types: ["Observation"],
  belongs: (one) => inCategory(one as Observation, "social-history"),
  current: () => true,
  title: (one, _, t) => {
    const { code: topic } = one as Observation;
    const habit = habits.find(([each]) => each === topic.coding?.[0]?.code);
    return (
      topic.text || topic.coding?.[0]?.display || (habit ? t(habit[1]) : conceptText(topic))
    );
  },
  detail: (one) => [valueText(one as Observation), dayText(whenOf(one))].join(" · "),
  fields: (one) => [
    {
      key: "code",
      label: "chartTopic",
      required: true,
      show: {
        as: "choice",
        choices: habits.some(([each]) => each === (one as Observation).code.coding?.[0]?.code)
          ? habits
          : [["", "chartAsIs"], ...habits],
      },
      get: (each) => {
        const said = (each as Observation).code.coding?.[0]?.code ?? "";
        return habits.some(([habit]) => habit === said) ? said : "";
      },
      set: (each, value) => {
        if (value)
          (each as Observation).code = { coding: [{ system: loinc, code: value as string }] };
      },
    },
    text("valueString", "chartWords", { required: !(one as Observation).valueCodeableConcept }),
    date("effectiveDateTime", "chartDay"),
  ],
  fresh: ({ patient, user, today }) => ({
    resourceType: "Observation",
    status: "final",
    category: [{ coding: [{ system: `${hl7}observation-category`, code: "social-history" }] }],
    code: { coding: [{ system: loinc, code: "72166-2" }] },
    subject: patient,
    effectiveDateTime: today,
    ...(user ? { performer: [user] } : {}),
  }),
};

const procedures: Section = {
  key: "chartProcedures",
  types: ["Procedure"],
  current: active("completed", "in-progress", "preparation", "on-hold", "unknown"),
  title: (one) => conceptText((one as Procedure).code),
  detail: (one) => dayText(whenOf(one)),
  fields: (one) => [
    concept("code", "chartProcedure", { systems: [snomed] }, { required: true }),
    ...((one as Procedure).performedPeriod ? [] : [date("performedDateTime", "chartDay")]),
    firstConcept("bodySite", "chartSite", { systems: [snomed] }),
    note,
  ],
  fresh: ({ patient, user, today }) => ({
    resourceType: "Procedure",
    status: "completed",
    code: {},
    subject: patient,
    performedDateTime: today,
    ...(user ? { recorder: user } : {}),
  }),
  list: { code: "47519-4", display: "History of Procedures Document" },
};

const devices: Section = {
  key: "chartDevices",
  types: ["Device"],
  current: active("active", "unknown"),
  title: (one) => {
    const device = one as Device;
    return conceptText(device.type) || device.deviceName?.[0]?.name || "";
  },
  detail: (one) =>
    (one as Device).udiCarrier?.[0]?.deviceIdentifier ?? (one as Device).serialNumber ?? "",
  fields: () => [
    concept("type", "chartDevice", { systems: [snomed] }, { required: true }),
    code("status", "chartState", [
      ["active", "stateActive"],
      ["inactive", "stateInactive"],
    ]),
    text("serialNumber", "chartSerial"),
    note,
  ],
  fresh: ({ patient }) => ({ resourceType: "Device", status: "active", type: {}, patient }),
  list: { code: "46264-8", display: "History of medical device use" },
};

function memberText(one: NonNullable<CareTeam["participant"]>[number]): string {
  const role = one.role?.map(conceptText).join(", ");
  return [one.member?.display ?? one.member?.reference, role].filter(Boolean).join(", ");
}

const team: Section = {
  key: "chartTeam",
  types: ["CareTeam"],
  current: active("active", "proposed"),
  title: (one) => {
    const care = one as CareTeam;
    return (
      care.name ||
      (care.participant ?? []).map(memberText).filter(Boolean).slice(0, 3).join(" · ")
    );
  },
  detail: (one) => {
    const care = one as CareTeam;
    return care.name
      ? (care.participant ?? []).map(memberText).filter(Boolean).join(" · ")
      : "";
  },
  fields: () => [
    text("name", "chartName"),
    {
      key: "participant",
      label: "chartMembers",
      required: true,
      show: { as: "lines" },
      get: (one) => ((one as CareTeam).participant ?? []).map(memberText).join("\n"),
      set: (one, value) => {
        const care = one as CareTeam;
        const old = care.participant ?? [];
        const lines = String(value ?? "")
          .split("\n")
          .map((line) => line.trim())
          .filter(Boolean);
        care.participant = lines.map((line) => {
          const kept = old.find((each) => memberText(each) === line);
          const [name = "", ...role] = line.split(",").map((part) => part.trim());
          return (
            kept ?? {
              ...(role.length ? { role: [{ text: role.join(", ") }] } : {}),
              member: { display: name },
            }
          );
        });
        if (!care.participant.length) delete care.participant;
      },
    },
    code("status", "chartState", [
      ["active", "stateActive"],
      ["inactive", "stateInactive"],
    ]),
  ],
  fresh: ({ patient }) => ({ resourceType: "CareTeam", status: "active", subject: patient }),
};

const goals: Section = {
  key: "chartGoals",
  types: ["Goal"],
  current: active("active", "proposed", "planned", "accepted", "on-hold"),
  title: (one) => conceptText((one as Goal).description),
  detail: (one) => (one as Goal).target?.[0]?.dueDate ?? (one as Goal).startDate ?? "",
  fields: () => [
    concept("description", "chartGoal", { systems: [snomed] }, { required: true }),
    code("lifecycleStatus", "chartState", [
      ["active", "stateActive"],
      ["on-hold", "stateOnHold"],
      ["completed", "stateCompleted"],
      ["cancelled", "stateStopped"],
    ]),
    coded("achievementStatus", "chartProgress", `${hl7}goal-achievement`, [
      ["", "notKnown"],
      ["in-progress", "goalInProgress"],
      ["improving", "goalImproving"],
      ["worsening", "goalWorsening"],
      ["no-change", "goalNoChange"],
      ["achieved", "goalAchieved"],
      ["not-achieved", "goalNotAchieved"],
    ]),
    date("startDate", "chartSince"),
    {
      key: "target",
      label: "chartDue",
      show: { as: "date", ahead: true },
      get: (one) => (one as Goal).target?.[0]?.dueDate ?? "",
      set: (one, value) => {
        const goal = one as Goal;
        const [old, ...others] = goal.target ?? [];
        const { dueDate: _, ...kept } = old ?? {};
        const first = value ? { ...kept, dueDate: value as string } : kept;
        const all = Object.keys(first).length ? [first, ...others] : others;
        if (all.length) goal.target = all;
        else delete goal.target;
      },
    },
    note,
  ],
  fresh: ({ patient, user, today }) => ({
    resourceType: "Goal",
    lifecycleStatus: "active",
    description: {},
    subject: patient,
    startDate: today,
    ...(user ? { expressedBy: user } : {}),
  }),
};

const plans: Section = {
  key: "chartPlans",
  types: ["CarePlan"],
  current: active("active", "draft", "on-hold"),
  title: (one) => {
    const plan = one as CarePlan;
    return plan.title || conceptText(plan.category?.at(-1)) || plan.description || "";
  },
  detail: (one) =>
    ((one as CarePlan).activity ?? [])
      .map((each) => each.detail?.description || conceptText(each.detail?.code))
      .filter(Boolean)
      .join(" · "),
  fields: () => [
    text("title", "chartName", { required: true }),
    text("description", "chartWords"),
    startOf("period", "chartSince"),
    code("status", "chartState", [
      ["active", "stateActive"],
      ["on-hold", "stateOnHold"],
      ["completed", "stateCompleted"],
      ["revoked", "stateStopped"],
    ]),
    note,
  ],
  fresh: ({ patient, user, today }) => ({
    resourceType: "CarePlan",
    status: "active",
    intent: "plan",
    subject: patient,
    period: { start: today },
    created: today,
    ...(user ? { author: user } : {}),
  }),
};

const alerts: Section = {
  key: "chartAlerts",
  types: ["Flag"],
  current: active("active"),
  title: (one) => conceptText((one as Flag).code),
  detail: (one) => dayText(whenOf(one)),
  fields: () => [
    concept("code", "chartAlert", { systems: [snomed] }, { required: true }),
    code("status", "chartState", [
      ["active", "stateActive"],
      ["inactive", "stateInactive"],
    ]),
    startOf("period", "chartSince"),
  ],
  fresh: ({ patient, user, today }) => ({
    resourceType: "Flag",
    status: "active",
    code: {},
    subject: patient,
    period: { start: today },
    ...(user ? { author: user } : {}),
  }),
};

export const sections: readonly Section[] = [
  problems,
  medications,
  allergies,
  immunizations,
  alerts,
  family,
  social,
  procedures,
  devices,
  team,
  goals,
  plans,
];

export const allergySection = allergies;
export const alertSection = alerts;

/* What an entry in error is marked with: its verification where it has one (con-5, ait-2: then without a
 * clinical status), else its status. */
export function spoiled<T extends FhirResource>(resource: T): T {
  const marked = structuredClone(resource) as unknown as Any;
  const verification: Record<string, string> = {
    Condition: `${hl7}condition-ver-status`,
    AllergyIntolerance: `${hl7}allergyintolerance-verification`,
  };
  const system = verification[resource.resourceType];
  if (system) {
    marked.verificationStatus = { coding: [{ system, code: "entered-in-error" }] };
    delete marked.clinicalStatus;
  } else if (resource.resourceType === "Goal") marked.lifecycleStatus = "entered-in-error";
  else marked.status = "entered-in-error";
  return marked as unknown as T;
}

/* The entries of a section, those that matter now apart from those that are over; the newest first. */
export function entriesOf(section: Section, all: Resources) {
  const found = section.types
    .flatMap((type) => all.get(type) ?? [])
    .filter((one) => !isWrong(one) && (section.belongs?.(one) ?? true))
    .sort((a, b) => whenOf(b).localeCompare(whenOf(a)));
  return {
    current: found.filter((one) => section.current(one)),
    past: found.filter((one) => !section.current(one)),
  };
}
