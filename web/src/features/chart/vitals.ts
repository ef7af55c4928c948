/* Vital signs: the codes of the R4 vital-signs profile, their UCUM units, and what no living body has, so
 * that a mixed-up unit is noticed while it is typed. */
import type { CodeableConcept, Observation } from "fhir/r4";
import { conceptText, loinc } from "../../fhir/codes";
import type { Translate } from "../../i18n";
import type { Key } from "../../i18n/en";
import type { Fresh } from "./sections";

export interface VitalKind {
  key: Key;
  code: string;
  display: string;
  unit: string;
  ucum: string;
  least: number;
  most: number;
}

export const vitalKinds = [
  {
    key: "vitalSystolic",
    code: "8480-6",
    display: "Systolic blood pressure",
    unit: "mmHg",
    ucum: "mm[Hg]",
    least: 40,
    most: 300,
  },
  {
    key: "vitalDiastolic",
    code: "8462-4",
    display: "Diastolic blood pressure",
    unit: "mmHg",
    ucum: "mm[Hg]",
    least: 20,
    most: 200,
  },
  {
    key: "vitalPulse",
    code: "8867-4",
    display: "Heart rate",
    unit: "/min",
    ucum: "/min",
    least: 20,
    most: 300,
  },
  {
    key: "vitalBreathing",
    code: "9279-1",
    display: "Respiratory rate",
    unit: "/min",
    ucum: "/min",
    least: 4,
    most: 80,
  },
  {
    key: "vitalTemperature",
    code: "8310-5",
    display: "Body temperature",
    unit: "°C",
    ucum: "Cel",
    least: 25,
    most: 45,
  },
  {
    key: "vitalOxygen",
    code: "2708-6",
    display: "Oxygen saturation in Arterial blood",
    unit: "%",
    ucum: "%",
    least: 30,
    most: 100,
  },
  {
    key: "vitalWeight",
    code: "29463-7",
    display: "Body weight",
    unit: "kg",
    ucum: "kg",
    least: 0.3,
    most: 500,
  },
  {
    key: "vitalHeight",
    code: "8302-2",
    display: "Body height",
    unit: "cm",
    ucum: "cm",
    least: 20,
    most: 260,
  },
] as const satisfies readonly VitalKind[];

/* In the language of the screen where the code is known; and in this order. */
const names: [code: string, key: Key][] = [
  ["85354-9", "vitalPressures"],
  ...vitalKinds.map(({ code, key }): [string, Key] => [code, key]),
  ["39156-5", "vitalMass"],
];

export function placeOf(observation: Pick<Observation, "code">): number {
  const code = observation.code.coding?.[0]?.code;
  const place = names.findIndex(([each]) => each === code);
  return place < 0 ? names.length : place;
}

export function codeName(code: CodeableConcept, t: Translate): string {
  return vitalName({ code }, t);
}

export function vitalName(observation: Pick<Observation, "code">, t: Translate): string {
  const known = names[placeOf(observation)];
  return known ? t(known[1]) : conceptText(observation.code);
}

/* "37,2" and "37.2" are one number. */
export function numberOf(text: string): number {
  return /^\s*\d+([.,]\d+)?\s*$/.test(text)
    ? Number(text.trim().replace(",", "."))
    : Number.NaN;
}

export type VitalDraft = Record<string, string>;
export type VitalFaults = Record<string, { key: Key; values: Record<string, string | number> }>;

export function vitalFaults(draft: VitalDraft): VitalFaults {
  const faults: VitalFaults = {};
  for (const kind of vitalKinds) {
    const said = draft[kind.code]?.trim();
    if (!said) continue;
    const value = numberOf(said);
    if (!(value >= kind.least && value <= kind.most))
      faults[kind.code] = {
        key: "vitalWrong",
        values: { least: kind.least, most: kind.most, unit: kind.unit },
      };
  }
  const [high, low] = ["8480-6", "8462-4"].map((code) => draft[code]?.trim() ?? "");
  if (!!high !== !!low) faults[high ? "8462-4" : "8480-6"] = { key: "required", values: {} };
  else if (high && low && numberOf(low) >= numberOf(high))
    faults["8462-4"] ??= { key: "vitalPressure", values: {} };
  return faults;
}

function quantity(kind: VitalKind, value: number) {
  const system = "http://unitsofmeasure.org";
  return { value, unit: kind.unit, system, code: kind.ucum };
}

/* One Observation for each, the two pressures under the panel's code; the index of body mass is worked out. */
export function vitalsOf(draft: VitalDraft, about: Fresh, now: Date): Observation[] {
  const shared = {
    resourceType: "Observation" as const,
    status: "final" as const,
    category: [
      {
        coding: [
          {
            system: "http://terminology.hl7.org/CodeSystem/observation-category",
            code: "vital-signs",
          },
        ],
      },
    ],
    subject: about.patient,
    effectiveDateTime: now.toISOString(),
    ...(about.user ? { performer: [about.user] } : {}),
  };
  const coding = (code: string, display: string) => ({
    coding: [{ system: loinc, code, display }],
    text: display,
  });
  const made: Observation[] = [];
  const parts: Observation["component"] = [];
  for (const kind of vitalKinds) {
    const said = draft[kind.code]?.trim();
    if (!said) continue;
    const value = quantity(kind, numberOf(said));
    const code = coding(kind.code, kind.display);
    if (kind.ucum === "mm[Hg]") parts.push({ code, valueQuantity: value });
    else made.push({ ...shared, code, valueQuantity: value });
  }
  if (parts.length)
    made.unshift({
      ...shared,
      code: coding("85354-9", "Blood pressure panel with all children optional"),
      component: parts,
    });
  const [weight, height] = ["29463-7", "8302-2"].map((code) => numberOf(draft[code] ?? ""));
  if (weight && height) {
    const value = Math.round((weight / (height / 100) ** 2) * 10) / 10;
    made.push({
      ...shared,
      code: coding("39156-5", "Body mass index (BMI) [Ratio]"),
      valueQuantity: {
        value,
        unit: "kg/m2",
        system: "http://unitsofmeasure.org",
        code: "kg/m2",
      },
    });
  }
  return made;
}
