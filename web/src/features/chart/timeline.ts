/* One line of time over all that happened: what is on it, and which filters let it through. Pure functions, so
 * that thousands of entries are put in order without a screen. */
import type {
  Communication,
  Composition,
  DiagnosticReport,
  DocumentReference,
  Encounter,
  FhirResource,
  Observation,
  PractitionerRole,
  QuestionnaireResponse,
} from "fhir/r4";
import type { Resources } from "../../data/chart";
import { conceptText } from "../../fhir/codes";
import type { Translate } from "../../i18n";
import type { Key } from "../../i18n/en";
import { sections } from "./sections";
import {
  authorsOf,
  inCategory,
  instant,
  isRestricted,
  isWrong,
  type Origin,
  originOf,
  valueText,
  whenOf,
} from "./value";
import { vitalName } from "./vitals";

export type Kind = "visit" | "note" | "result" | "document" | "message" | "form" | "other";

export const kinds: Record<Kind, Key> = {
  visit: "kindVisit",
  note: "kindNote",
  result: "kindResult",
  document: "kindDocument",
  message: "kindMessage",
  form: "kindForm",
  other: "kindOther",
};

export interface Entry {
  key: string;
  kind: Kind;
  at: number /* milliseconds; NaN where no time is said */;
  when: string;
  resources: FhirResource[] /* several: what was measured at one time */;
  professions: string[];
  origin: Origin;
}

const kindOf: Partial<Record<FhirResource["resourceType"], Kind>> = {
  Encounter: "visit",
  Composition: "note",
  DiagnosticReport: "result",
  Observation: "result",
  DocumentReference: "document",
  Communication: "message",
  QuestionnaireResponse: "form",
};

/* A note is a QuestionnaireResponse while it is written; signed, it is seen by its Composition (docs/api.md). */
function isDraft(resource: FhirResource): boolean {
  return (
    resource.resourceType === "QuestionnaireResponse" &&
    resource.status === "in-progress" &&
    originOf(resource) !== "patient"
  );
}

export function isSignedNote(resource: FhirResource): boolean {
  return !!resource.meta?.tag?.some((one) => one.system === "urn:hale:note");
}

/* "Physiotherapy" for each reference to somebody who works here. */
export function professionsBy(roles: readonly PractitionerRole[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const role of roles) {
    const text = conceptText(role.specialty?.[0]) || conceptText(role.code?.[0]);
    if (!text) continue;
    found.set(`PractitionerRole/${role.id}`, text);
    const person = role.practitioner?.reference;
    if (person) found.set(person, text);
  }
  return found;
}

function entryOf(resource: FhirResource, professions: Map<string, string>): Entry {
  const when = whenOf(resource);
  const known = authorsOf(resource)
    .map((one) => professions.get(one.reference ?? ""))
    .filter((one): one is string => !!one);
  return {
    key: `${resource.resourceType}/${resource.id}`,
    kind: isDraft(resource) ? "note" : (kindOf[resource.resourceType] ?? "other"),
    at: instant(when),
    when,
    resources: [resource],
    professions: [...new Set(known)],
    origin: originOf(resource),
  };
}

function reported(all: Resources): Set<string> {
  const found = new Set<string>();
  for (const report of (all.get("DiagnosticReport") ?? []) as DiagnosticReport[])
    for (const one of report.result ?? []) found.add(one.reference ?? "");
  return found;
}

/* What was measured in one minute is one entry; what a report lists is in the report's. */
function measured(all: Resources, professions: Map<string, string>): Entry[] {
  const inReport = reported(all);
  const groups = new Map<string, Entry>();
  for (const one of (all.get("Observation") ?? []) as Observation[]) {
    if (isWrong(one) || inReport.has(`Observation/${one.id}`)) continue;
    if (inCategory(one, "social-history")) continue;
    const vital = inCategory(one, "vital-signs");
    const key = `${whenOf(one).slice(0, 16)} ${vital} ${one.meta?.source ?? ""}`;
    const group = groups.get(key);
    if (group) group.resources.push(one);
    else groups.set(key, entryOf(one, professions));
  }
  return [...groups.values()];
}

const late = (entry: Entry) => (Number.isNaN(entry.at) ? Number.NEGATIVE_INFINITY : entry.at);

const ordered = (entries: Entry[]) =>
  entries.sort((a, b) => late(b) - late(a) || a.key.localeCompare(b.key));

export function timelineOf(all: Resources, roles: readonly PractitionerRole[]): Entry[] {
  const professions = professionsBy(roles);
  const single = (Object.keys(kindOf) as FhirResource["resourceType"][])
    .filter((type) => type !== "Observation")
    .flatMap((type) => all.get(type) ?? [])
    .filter((one) => !isWrong(one) && !isSignedNote(one))
    .map((one) => entryOf(one, professions));
  return ordered([...single, ...measured(all, professions)]);
}

/* Each resource that was found, whatever it is; the newest first. */
export function foundOf(all: Resources, roles: readonly PractitionerRole[]): Entry[] {
  const professions = professionsBy(roles);
  const found = [...all.values()]
    .flat()
    .filter((one) => !isWrong(one) && one.resourceType !== "Patient")
    .map((one) => entryOf(one, professions));
  return ordered(found);
}

export interface Filter {
  kinds: readonly string[] /* empty: all */;
  profession: string;
  origin: string;
}

export function passes(entry: Entry, filter: Filter): boolean {
  return (
    (filter.kinds.length === 0 || filter.kinds.includes(entry.kind)) &&
    (!filter.profession || entry.professions.includes(filter.profession)) &&
    (!filter.origin || entry.origin === filter.origin)
  );
}

/* The line that an entry has. Made only for those that are on the screen. */
type Line = (one: FhirResource, t: Translate) => [title: string, detail: string];

const lines: Partial<Record<FhirResource["resourceType"], Line>> = {
  Encounter: (one) => {
    const visit = one as Encounter;
    const people = authorsOf(visit).map((each) => each.display ?? "");
    return [
      conceptText(visit.serviceType) ||
        conceptText(visit.type?.[0]) ||
        visit.class.display ||
        "",
      people.filter(Boolean).join(", "),
    ];
  },
  Composition: (one, t) => {
    const note = one as Composition;
    const draft = note.status === "preliminary" ? t("kindDraft") : "";
    const by = authorsOf(note).map((each) => each.display ?? "");
    return [note.title || conceptText(note.type), [draft, ...by].filter(Boolean).join(" · ")];
  },
  DiagnosticReport: (one, t) => {
    const report = one as DiagnosticReport;
    const count = report.result?.length ?? 0;
    return [conceptText(report.code), count ? t("kindValues", { count }) : ""];
  },
  DocumentReference: (one) => {
    const document = one as DocumentReference;
    const title = document.content?.[0]?.attachment?.title;
    return [conceptText(document.type) || title || "", document.description ?? title ?? ""];
  },
  Communication: (one) => {
    const message = one as Communication;
    return [
      conceptText(message.topic) || conceptText(message.category?.[0]),
      message.sender?.display ?? "",
    ];
  },
  QuestionnaireResponse: (one, t) => {
    const form = one as QuestionnaireResponse;
    const name = form.questionnaire?.split("|")[0]?.split(/[/:]/).pop() ?? "";
    const draft = isDraft(form) ? t("kindDraft") : "";
    return [name, [draft, form.author?.display].filter(Boolean).join(" · ")];
  },
};

export function lineOf(entry: Entry, t: Translate): { title: string; detail: string } {
  const [first] = entry.resources;
  if (!first) return { title: "", detail: "" };
  if (first.resourceType === "Observation") {
    const values = (entry.resources as Observation[])
      .slice(0, 6)
      .map((one) => `${vitalName(one, t)} ${valueText(one)}`);
    const more = entry.resources.length - values.length;
    return {
      title: t(inCategory(first, "vital-signs") ? "chartVitals" : "kindResult"),
      detail: values.join(" · ") + (more > 0 ? ` · +${more}` : ""),
    };
  }
  const known = lines[first.resourceType]?.(first, t);
  if (known) return { title: known[0] || t(kinds[entry.kind]), detail: known[1] };
  const section = sections.find((one) => one.types.includes(first.resourceType));
  return {
    title: section?.title(first, new Map(), t) || first.resourceType,
    detail: section ? t(section.key) : "",
  };
}

export function restricted(entry: Entry): boolean {
  return entry.resources.some(isRestricted);
}
