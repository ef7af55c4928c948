/* A patient as the form has it, and back. What the form does not know of stays in the resource as it
 * was. */
import type { ContactPoint, HumanName, Identifier, Patient } from "fhir/r4";
import { healthNumber, healthNumberText, issuerOf } from "../../fhir/healthNumber";
import { isDate, nameOf, pronounsOf, pronounsUrl } from "../../fhir/person";
import type { Key } from "../../i18n/en";

export interface PatientDraft {
  family: string;
  given: string;
  preferred: string;
  pronouns: string;
  birthDate: string;
  gender: string;
  phone: string;
  email: string;
  line: string;
  city: string;
  state: string;
  postalCode: string;
  country: string;
  healthNumber: string;
  healthNumberIssuer: string;
}

export function healthNumbers(patient: Patient): Identifier[] {
  return (patient.identifier ?? []).filter(
    (one) => issuerOf(one.system) || one.type?.coding?.some((code) => code.code === "JHN"),
  );
}

function ownNumber(patient: Patient): Identifier | undefined {
  return patient.identifier?.find((one) => issuerOf(one.system));
}

function contact(patient: Patient, system: ContactPoint["system"]): string {
  return patient.telecom?.find((one) => one.system === system)?.value ?? "";
}

export function draftOf(patient: Patient): PatientDraft {
  const name = nameOf(patient);
  const used = patient.name?.find((one) => one.use === "usual" && one !== name);
  const address = patient.address?.[0];
  const number = ownNumber(patient);
  return {
    family: name?.family ?? "",
    given: (name?.given ?? []).join(" "),
    preferred: used?.text ?? used?.given?.join(" ") ?? "",
    pronouns: pronounsOf(patient),
    birthDate: patient.birthDate ?? "",
    gender: patient.gender ?? "",
    phone: contact(patient, "phone"),
    email: contact(patient, "email"),
    line: (address?.line ?? []).join(", "),
    city: address?.city ?? "",
    state: address?.state ?? "",
    postalCode: address?.postalCode ?? "",
    country: address?.country ?? "",
    healthNumber: number ? healthNumberText(number) : "",
    healthNumberIssuer: issuerOf(number?.system)?.code ?? "on",
  };
}

export type Faults = Partial<Record<keyof PatientDraft, Key>>;

export function faultsOf(draft: PatientDraft, today: Date): Faults {
  const faults: Faults = {};
  if (!draft.family.trim() && !draft.given.trim()) faults.family = "required";
  if (draft.birthDate && !isDate(draft.birthDate)) faults.birthDate = "wrongDate";
  else if (draft.birthDate > today.toISOString().slice(0, 10))
    faults.birthDate = "wrongDateFuture";
  if (draft.email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(draft.email.trim()))
    faults.email = "wrongEmail";
  return faults;
}

/* The first item that `is` takes is put in the place of what it was; an empty one is taken out. */
function put<T>(
  items: T[] | undefined,
  is: (item: T) => boolean,
  item: T | undefined,
): T[] | undefined {
  const list = [...(items ?? [])];
  const at = list.findIndex(is);
  if (at >= 0) list.splice(at, 1, ...(item ? [item] : []));
  else if (item) list.push(item);
  return list.length ? list : undefined;
}

function without<T extends object>(object: T): T {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined && value !== ""),
  ) as T;
}

function names(draft: PatientDraft, before: Patient): HumanName[] | undefined {
  const name = nameOf(before);
  const given = draft.given.trim().split(/\s+/).filter(Boolean);
  const changed =
    draft.family !== (name?.family ?? "") || draft.given !== (name?.given ?? []).join(" ");
  const own = changed
    ? without({
        ...name,
        text: undefined,
        use: name?.use ?? "official",
        family: draft.family.trim(),
        given: given.length ? given : undefined,
      } as HumanName)
    : name;
  const first = put(before.name, (one) => one === name, own);
  const preferred = draft.preferred.trim();
  const was = before.name?.find((one) => one.use === "usual" && one !== name);
  if (preferred === (was?.text ?? was?.given?.join(" ") ?? "")) return first;
  return put(
    first,
    (one) => one === was,
    preferred ? { use: "usual", text: preferred } : undefined,
  );
}

function contacts(draft: PatientDraft, before: Patient): ContactPoint[] | undefined {
  let telecom = before.telecom;
  for (const system of ["phone", "email"] as const) {
    const was = telecom?.find((one) => one.system === system);
    const value = draft[system].trim();
    telecom = put(telecom, (one) => one === was, value ? { ...was, system, value } : undefined);
  }
  return telecom;
}

function addresses(draft: PatientDraft, before: Patient): Patient["address"] {
  const was = before.address?.[0];
  const { city, state, postalCode, country } = draft;
  const own = without({
    ...was,
    line: draft.line ? draft.line.split(/\s*,\s*/) : undefined,
    city,
    state,
    postalCode,
    country,
  } as NonNullable<typeof was>);
  const empty = !draft.line && !city && !state && !postalCode && !country;
  return put(before.address, (one) => one === was, empty ? undefined : own);
}

function identifiers(draft: PatientDraft, before: Patient): Identifier[] | undefined {
  const was = ownNumber(before);
  const own = draft.healthNumber.trim()
    ? healthNumber(draft.healthNumberIssuer, draft.healthNumber, was)
    : undefined;
  return put(before.identifier, (one) => one === was, own);
}

function extensions(draft: PatientDraft, before: Patient): Patient["extension"] {
  const text = draft.pronouns.trim();
  if (text === pronounsOf(before)) return before.extension;
  return put(
    before.extension,
    (one) => one.url === pronounsUrl,
    text
      ? { url: pronounsUrl, extension: [{ url: "value", valueCodeableConcept: { text } }] }
      : undefined,
  );
}

export function patientOf(draft: PatientDraft, before: Patient): Patient {
  return without({
    ...before,
    name: names(draft, before),
    telecom: contacts(draft, before),
    address: addresses(draft, before),
    identifier: identifiers(draft, before),
    extension: extensions(draft, before),
    birthDate: draft.birthDate || undefined,
    gender: (draft.gender || undefined) as Patient["gender"],
  } as Patient);
}

/* The fields in which two drafts differ. */
export function differing(mine: PatientDraft, theirs: PatientDraft): (keyof PatientDraft)[] {
  return (Object.keys(mine) as (keyof PatientDraft)[]).filter(
    (key) => mine[key] !== theirs[key],
  );
}

/* Three ways: what only they changed is theirs, the rest is mine. `clashes` are what both changed, each to
 * something else. */
export function merge(
  base: PatientDraft,
  mine: PatientDraft,
  theirs: PatientDraft,
): {
  draft: PatientDraft;
  clashes: (keyof PatientDraft)[];
} {
  const draft = { ...mine };
  const clashes: (keyof PatientDraft)[] = [];
  for (const key of differing(mine, theirs)) {
    if (mine[key] === base[key]) draft[key] = theirs[key];
    else if (theirs[key] !== base[key]) clashes.push(key);
  }
  return { draft, clashes };
}
