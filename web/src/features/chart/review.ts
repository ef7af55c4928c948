/* "Reviewed" and "none known", said in the standard's way: a List for each section, with its LOINC code, the
 * date of the review, who reviewed, what was there, or an emptyReason (R4 list.html, list-empty-reason). */
import type { AllergyIntolerance, FhirResource, List } from "fhir/r4";
import type { Resources } from "../../data/chart";
import { loinc } from "../../fhir/codes";
import type { Fresh, Section } from "./sections";

const emptyReasons = "http://terminology.hl7.org/CodeSystem/list-empty-reason";

export interface Review {
  list: List;
  date: string;
  by: string;
  none: boolean;
  outdated: boolean /* something has been added or changed since */;
}

export function reviewOf(
  section: Section,
  current: readonly FhirResource[],
  all: Resources,
): Review | undefined {
  const code = section.list?.code;
  const list = ((all.get("List") ?? []) as List[])
    .filter((one) => one.status === "current" && one.code?.coding?.some((c) => c.code === code))
    .sort((a, b) => (b.date ?? "").localeCompare(a.date ?? ""))[0];
  if (!code || !list?.date) return undefined;
  const reviewed = Date.parse(list.date);
  const listed = new Set((list.entry ?? []).map((one) => one.item.reference));
  const outdated = current.some(
    (one) =>
      !listed.has(`${one.resourceType}/${one.id}`) ||
      Date.parse(one.meta?.lastUpdated ?? "") > reviewed,
  );
  return {
    list,
    date: list.date,
    by: list.source?.display ?? "",
    none:
      current.length === 0 &&
      !!list.emptyReason?.coding?.some((one) => one.code === "nilknown"),
    outdated: outdated || current.length < listed.size,
  };
}

/* The List as it is after somebody looked now. `old` is the one it takes the place of. */
export function reviewed(
  section: Section,
  current: readonly FhirResource[],
  about: Fresh,
  now: Date,
  old?: List,
): List {
  const { emptyReason: _, entry: __, ...kept } = old ?? ({} as List);
  const list: List = {
    ...kept,
    resourceType: "List",
    status: "current",
    mode: "snapshot",
    code: { coding: [{ system: loinc, ...section.list }] },
    subject: about.patient,
    date: now.toISOString(),
    ...(about.user ? { source: about.user } : {}),
  };
  if (current.length)
    list.entry = current.map((one) => ({
      item: { reference: `${one.resourceType}/${one.id}` },
    }));
  else
    list.emptyReason = {
      coding: [{ system: emptyReasons, code: "nilknown", display: "Nil Known" }],
    };
  return list;
}

/* Codes that stand for "no known allergy" where it is written as an entry (R4 allergyintolerance.html 9.1.3). */
const noAllergy = new Set(["716186003", "409137002", "428607008", "429625007", "716184000"]);

export function saysNone(resource: FhirResource): boolean {
  return !!(resource as AllergyIntolerance).code?.coding?.some((one) =>
    noAllergy.has(one.code ?? ""),
  );
}
