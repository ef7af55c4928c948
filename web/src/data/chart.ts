/* A patient's chart as the screens want it: one round trip for what is seen at first, the long tail after it. */
import { useQuery, useQueryClient } from "@tanstack/preact-query";
import type { Bundle, FhirResource, Patient, PractitionerRole } from "fhir/r4";
import {
  batch,
  create,
  createAll,
  FhirError,
  follow,
  type Held,
  type Identified,
  read,
  remove,
  update,
} from "../fhir/client";

const page = 1000; /* the most that the server puts on one */

/* What the chart is made of: type, and what is asked of it. Only resources shown in part name elements. */
const searches: [type: string, query: string][] = [
  ["Flag", ""],
  ["Condition", ""],
  ["AllergyIntolerance", ""],
  ["MedicationStatement", "&_include=MedicationStatement:medication"],
  ["MedicationRequest", "&_include=MedicationRequest:medication"],
  ["Immunization", ""],
  ["FamilyMemberHistory", ""],
  ["Procedure", ""],
  ["Device", ""],
  ["CareTeam", ""],
  ["Goal", ""],
  ["CarePlan", ""],
  ["List", ""],
  ["Consent", "&status=active"],
  ["Encounter", "&_sort=-date&_elements=type,class,period,participant,serviceType,status,meta"],
  ["Composition", "&_sort=-date&_elements=type,date,author,title,status,encounter,meta"],
  [
    "DiagnosticReport",
    "&_sort=-date&_elements=code,effective,issued,status,category,performer,result,meta",
  ],
  [
    "DocumentReference",
    "&_sort=-date&_elements=type,date,author,description,status,content.attachment.title,meta",
  ],
  ["Communication", "&_sort=-sent&_elements=topic,sent,received,sender,status,meta"],
  [
    "QuestionnaireResponse",
    "&_sort=-authored&_elements=questionnaire,authored,author,status,encounter,meta",
  ],
  [
    "Observation",
    "&_sort=-date&_elements=code,effective,value,component,category,interpretation,referenceRange,status,performer,hasMember,dataAbsentReason,meta",
  ],
];

export type Resources = Map<string, FhirResource[]>;

export interface Chart {
  patient: Held<Patient>;
  resources: Resources;
  roles: PractitionerRole[] /* of those who work here: their professions */;
  refused: string[] /* types that the caller may not see */;
  next: string[] /* where there is more */;
}

function gather(bundle: Bundle, into: Resources): string | undefined {
  for (const { resource } of bundle.entry ?? []) {
    if (!resource || resource.resourceType === "OperationOutcome") continue;
    const kept = into.get(resource.resourceType) ?? [];
    kept.push(resource as FhirResource);
    into.set(resource.resourceType, kept);
  }
  return bundle.link?.find((one) => one.relation === "next")?.url;
}

async function fetchChart(id: string, signal: AbortSignal): Promise<Chart> {
  const paths = searches.map(
    ([type, query]) => `${type}?patient=${encodeURIComponent(id)}&_count=${page}${query}`,
  );
  const [patient, said] = await Promise.all([
    read<Patient>("Patient", id, signal),
    batch(
      [...paths, `PractitionerRole?_count=${page}&_elements=practitioner,specialty,code`],
      signal,
    ),
  ]);
  const chart: Chart = { patient, resources: new Map(), roles: [], refused: [], next: [] };
  said.forEach((answer, at) => {
    const type = searches[at]?.[0] ?? "PractitionerRole";
    if (answer instanceof FhirError) {
      if (answer.status !== 403) throw answer;
      chart.refused.push(type);
      return;
    }
    const next = gather(answer, chart.resources);
    if (next) chart.next.push(next);
  });
  chart.roles = (chart.resources.get("PractitionerRole") ?? []) as PractitionerRole[];
  chart.resources.delete("PractitionerRole");
  return chart;
}

/* What has a title and a time, and nothing else of it is needed before it is opened. */
export function useChart(id: string, enabled: boolean) {
  return useQuery({
    queryKey: ["chart", id],
    queryFn: ({ signal }) => fetchChart(id, signal),
    enabled,
  });
}

async function fetchRest(links: string[], signal: AbortSignal): Promise<Resources> {
  const rest: Resources = new Map();
  for (const first of links) {
    let link: string | undefined = first;
    while (link) {
      const more: { found: FhirResource[]; next: string | undefined } =
        await follow<FhirResource>(link, signal);
      gather(
        {
          resourceType: "Bundle",
          type: "searchset",
          entry: more.found.map((resource) => ({ resource })),
        },
        rest,
      );
      link = more.next;
    }
  }
  return rest;
}

/* What did not fit on the first pages. */
export function useRest(id: string, chart: Chart | undefined) {
  return useQuery({
    queryKey: ["chart", id, "rest", chart?.next],
    queryFn: ({ signal }) => fetchRest(chart?.next ?? [], signal),
    enabled: !!chart?.next.length,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/* Both together; nothing is copied while there is only the first. */
export function joined(first: Resources | undefined, rest: Resources | undefined): Resources {
  if (!first || !rest) return first ?? new Map();
  const both: Resources = new Map(first);
  for (const [type, more] of rest) both.set(type, [...(first.get(type) ?? []), ...more]);
  return both;
}

/* The whole chart's words. What is looked for stands in no address: it goes in the batch. */
export function useWords(id: string, words: string) {
  const content = words
    .normalize("NFC")
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word && !/^(and|or|not)$/i.test(word))
    .map((word) => `${word}*`)
    .join(" and ");
  return useQuery({
    queryKey: ["chart", id, "words", content],
    queryFn: async ({ signal }) => {
      const path = `Patient/${encodeURIComponent(id)}/*?_content=${encodeURIComponent(content)}`;
      const [answer] = await batch([`${path}&_count=100`], signal);
      if (!answer || answer instanceof FhirError) throw answer;
      const found: Resources = new Map();
      const next = gather(answer, found);
      return { found, more: !!next };
    },
    enabled: content !== "",
    retry: 1,
  });
}

export interface Changes {
  add: (resource: Identified, key: string) => Promise<Held<FhirResource>>;
  addAll: (resources: { named: string; resource: Identified }[], key: string) => Promise<void>;
  change: (held: Held<FhirResource>) => Promise<Held<FhirResource>>;
  takeBack: (held: Held<FhirResource>) => Promise<void>;
}

/* Each is followed by the chart as it then is. */
export function useChanges(id: string): Changes {
  const queries = useQueryClient();
  const after = async <T>(done: Promise<T>): Promise<T> => {
    const result = await done;
    await queries.invalidateQueries({ queryKey: ["chart", id] });
    return result;
  };
  return {
    add: (resource, key) => after<Held<FhirResource>>(create(resource, key)),
    addAll: (resources, key) => after(createAll(resources, key)),
    change: (held) => after(update(held)),
    takeBack: (held) => after(remove(held)),
  };
}

export function readEntry(type: FhirResource["resourceType"], id: string) {
  return read<FhirResource>(type, id);
}
