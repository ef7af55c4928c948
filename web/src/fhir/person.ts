/* How people are shown: family name first, the name in use, age in the way their years are counted. */
import type { HumanName, Patient, Practitioner } from "fhir/r4";
import type { Translate } from "../i18n";

export function nameOf(patient: Patient | Practitioner): HumanName | undefined {
  const names = patient.name ?? [];
  return (
    names.find((name) => name.use === "official") ??
    names.find((name) => name.use === "usual") ??
    names[0]
  );
}

/* "TREMBLAY, Anne (Annie)" */
export function nameText(patient: Patient, t: Translate): string {
  const name = nameOf(patient);
  if (!name) return t("notKnown");
  const given = (name.given ?? []).join(" ");
  const text = [name.family?.toLocaleUpperCase(), given].filter(Boolean).join(", ");
  const used = (patient.name ?? []).find((other) => other.use === "usual" && other !== name);
  const called = used?.text ?? used?.given?.join(" ");
  return (text || name.text || t("notKnown")) + (called ? ` (${called})` : "");
}

/* "Roy, Luc", short enough for the head of a column. */
export function staffName(practitioner: Practitioner): string {
  const name = nameOf(practitioner);
  const given = name?.given?.[0];
  return [name?.family, given].filter(Boolean).join(", ") || name?.text || "—";
}

export function age(birthDate: string, today: Date): number {
  const [year = 0, month = 1, day = 1] = birthDate.split("-").map(Number);
  const had =
    today.getMonth() + 1 > month || (today.getMonth() + 1 === month && today.getDate() >= day);
  return today.getFullYear() - year - (had ? 0 : 1);
}

/* A whole date of the calendar, year-month-day. */
export function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year > 1800;
}

export const pronounsUrl = "http://hl7.org/fhir/StructureDefinition/individual-pronouns";

export function pronounsOf(patient: Patient): string {
  const extension = patient.extension?.find((one) => one.url === pronounsUrl);
  const value = extension?.extension?.find((one) => one.url === "value");
  return (
    value?.valueCodeableConcept?.text ?? value?.valueCodeableConcept?.coding?.[0]?.display ?? ""
  );
}

export const genders = {
  female: "genderFemale",
  male: "genderMale",
  other: "genderOther",
  unknown: "genderUnknown",
} as const;
