/* What an entry of the chart says of itself, whatever its type: pure functions over resources. */
import type {
  CodeableConcept,
  FhirResource,
  Observation,
  Quantity,
  Ratio,
  Reference,
} from "fhir/r4";
import { conceptText } from "../../fhir/codes";
import { numberText } from "../../i18n/number";

type Any = Record<string, unknown>;

function at(resource: FhirResource, name: string): unknown {
  return (resource as unknown as Any)[name];
}

/* Where each type says when it was, the best first. */
const times = [
  "effectiveDateTime",
  "performedDateTime",
  "occurrenceDateTime",
  "onsetDateTime",
  "authoredOn",
  "authored",
  "sent",
  "received",
  "date",
  "effectiveInstant",
  "issued",
  "recordedDate",
  "dateAsserted",
  "startDate",
  "created",
];
const periods = ["period", "performedPeriod", "effectivePeriod", "onsetPeriod"];

export function whenOf(resource: FhirResource): string {
  for (const name of periods) {
    const start = (at(resource, name) as { start?: string } | undefined)?.start;
    if (start) return start;
  }
  for (const name of times) {
    const said = at(resource, name);
    if (typeof said === "string") return said;
  }
  return "";
}

/* A date or time of FHIR in milliseconds; less exact ones stand for their beginning. */
export function instant(text: string): number {
  const whole = /^\d{4}$/.test(text) ? `${text}-01-01` : text;
  return Date.parse(/^\d{4}-\d{2}(-\d{2})?$/.test(whole) ? `${whole}T00:00:00` : whole);
}

/* The day on the clock of whoever looks; a date without a time is that day everywhere. */
export function dayText(text: string): string {
  if (!text.includes("T")) return text;
  const date = new Date(text);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function timeText(text: string): string {
  if (!text.includes("T")) return text;
  return `${dayText(text)} ${new Date(text).toTimeString().slice(0, 5)}`;
}

/* Whose entry it is: made here, sent by another organization, or told by the patient. */
export type Origin = "ours" | "elsewhere" | "patient";

function isPatient(reference: Reference | undefined): boolean {
  return /^(Patient|RelatedPerson)\//.test(reference?.reference ?? "");
}

const tellers = ["informationSource", "asserter", "source", "author", "sender", "performer"];

/* `meta.source` is where a resource came from when it was not written here (R4 resource.html#Meta). */
export function originOf(resource: FhirResource): Origin {
  if (resource.meta?.source) return "elsewhere";
  for (const name of tellers) {
    const said = at(resource, name);
    const one = (Array.isArray(said) ? said[0] : said) as Reference | undefined;
    if (isPatient(one)) return "patient";
  }
  return "ours";
}

/* "hospital.example" of an address, else what stands there. */
export function sourceText(resource: FhirResource): string {
  const source = resource.meta?.source ?? "";
  return /^https?:\/\/([^/:]+)/.exec(source)?.[1] ?? source.split("#")[0] ?? "";
}

/* Those who wrote or did it, as references. */
export function authorsOf(resource: FhirResource): Reference[] {
  const found: Reference[] = [];
  for (const name of [
    "author",
    "recorder",
    "requester",
    "sender",
    "performer",
    "participant",
  ]) {
    const said = at(resource, name);
    for (const one of Array.isArray(said) ? said : said ? [said] : []) {
      const each = one as Any;
      const reference = (each.individual ?? each.actor ?? each) as Reference;
      if (reference.reference || reference.display) found.push(reference);
    }
  }
  return found;
}

export function quantityText(quantity: Quantity | undefined): string {
  if (quantity?.value === undefined) return "";
  const unit = quantity.unit ?? quantity.code ?? "";
  return `${quantity.comparator ?? ""}${numberText(quantity.value)} ${unit}`.trim();
}

/* A titre as "1:128"; with units "5 mg / 1 mL". */
function ratioText(ratio: Ratio | undefined): string {
  const [above, below] = [quantityText(ratio?.numerator), quantityText(ratio?.denominator)];
  if (!above || !below) return above;
  const units = [ratio?.numerator, ratio?.denominator].some(
    (one) => (one?.unit ?? one?.code ?? "1") !== "1",
  );
  return units
    ? `${above} / ${below}`
    : `${plainText(ratio?.numerator)}:${plainText(ratio?.denominator)}`;
}

/* Without the unit "1". */
const plainText = (quantity: Quantity | undefined) =>
  `${quantity?.comparator ?? ""}${numberText(quantity?.value ?? 0)}`;

/* The parts of a value; of a blood pressure the systolic first, as it is said, whoever sent it. */
export function partsOf(observation: Observation): NonNullable<Observation["component"]> {
  const second = (one: { code: CodeableConcept }) =>
    Number(!!one.code.coding?.some(({ code }) => code === "8462-4"));
  return [...(observation.component ?? [])].sort((a, b) => second(a) - second(b));
}

/* The value of an Observation in words, its components in a row: "120/80 mmHg". */
export function valueText(observation: Observation): string {
  const parts = partsOf(observation);
  if (parts.length) {
    const units = new Set(parts.map((one) => one.valueQuantity?.unit ?? ""));
    const values = parts.map((one) =>
      one.valueQuantity?.value !== undefined && units.size === 1
        ? `${one.valueQuantity.comparator ?? ""}${numberText(one.valueQuantity.value)}`
        : quantityText(one.valueQuantity) || conceptText(one.valueCodeableConcept),
    );
    return [values.filter(Boolean).join("/"), units.size === 1 ? [...units][0] : ""]
      .filter(Boolean)
      .join(" ");
  }
  return (
    quantityText(observation.valueQuantity) ||
    ratioText(observation.valueRatio) ||
    conceptText(observation.valueCodeableConcept) ||
    observation.valueString ||
    (observation.valueInteger === undefined ? "" : numberText(observation.valueInteger)) ||
    (observation.valueBoolean === undefined ? "" : String(observation.valueBoolean)) ||
    observation.valueDateTime ||
    ""
  );
}

/* The reference range that came with the value: "3.5–5.1 mmol/L". */
export function rangeText(observation: Observation): string {
  const range = observation.referenceRange?.[0];
  if (!range) return "";
  if (range.text) return range.text;
  const [low, high] = [range.low?.value, range.high?.value].map((one) =>
    one === undefined ? undefined : numberText(one),
  );
  const unit = range.low?.unit ?? range.high?.unit ?? "";
  if (low === undefined) return high === undefined ? "" : `≤ ${high} ${unit}`;
  return high === undefined ? `≥ ${low} ${unit}` : `${low}–${high} ${unit}`;
}

export function inCategory(observation: Observation, code: string): boolean {
  return !!observation.category?.some((one) => one.coding?.some((each) => each.code === code));
}

/* The status, whichever element has it; wrong entries are not part of the chart. */
export function statusOf(resource: FhirResource): string {
  const clinical = at(resource, "clinicalStatus") as CodeableConcept | undefined;
  const said = at(resource, "status") ?? at(resource, "lifecycleStatus");
  return clinical?.coding?.[0]?.code ?? (typeof said === "string" ? said : "");
}

export function isWrong(resource: FhirResource): boolean {
  const verified = at(resource, "verificationStatus") as CodeableConcept | undefined;
  return (
    statusOf(resource) === "entered-in-error" ||
    !!verified?.coding?.some((one) => ["entered-in-error", "refuted"].includes(one.code ?? ""))
  );
}

/* Restricted or very restricted (v3-Confidentiality). */
export function isRestricted(resource: FhirResource): boolean {
  return !!resource.meta?.security?.some((one) => one.code === "R" || one.code === "V");
}
