/* How the form of an entry reads and writes the elements of a resource: everything it does not know stays. */
import type { CodeableConcept, FhirResource } from "fhir/r4";
import type { Source } from "../../fhir/codes";
import type { Key } from "../../i18n/en";

export type Value = string | CodeableConcept | undefined;
export type Draft = Record<string, Value>;
type Any = Record<string, unknown>;

export interface FieldOf {
  key: string;
  label: Key;
  required?: boolean;
  show:
    | { as: "concept"; source: Source }
    | { as: "choice"; choices: readonly [code: string, key: Key][] }
    | { as: "date"; ahead?: boolean }
    | { as: "text" }
    | { as: "lines" };
  get: (resource: FhirResource) => Value;
  set: (resource: FhirResource, value: Value) => void;
}

const any = (resource: FhirResource) => resource as unknown as Any;

function put(resource: FhirResource, name: string, value: unknown): void {
  if (value === undefined || value === "") delete any(resource)[name];
  else any(resource)[name] = value;
}

type More = Partial<Pick<FieldOf, "required" | "key">>;

export function concept(name: string, label: Key, source: Source, more: More = {}): FieldOf {
  return {
    key: name,
    label,
    show: { as: "concept", source },
    get: (resource) => any(resource)[name] as CodeableConcept | undefined,
    set: (resource, value) => put(resource, name, value),
    ...more,
  };
}

/* The first of several concepts; the others stay. */
export function firstConcept(name: string, label: Key, source: Source): FieldOf {
  return {
    key: name,
    label,
    show: { as: "concept", source },
    get: (resource) => (any(resource)[name] as CodeableConcept[] | undefined)?.[0],
    set: (resource, value) => {
      const others = ((any(resource)[name] as CodeableConcept[]) ?? []).slice(1);
      const all = value ? [value, ...others] : others;
      put(resource, name, all.length ? all : undefined);
    },
  };
}

type Choices = readonly [code: string, key: Key][];

export function code(name: string, label: Key, choices: Choices): FieldOf {
  return {
    key: name,
    label,
    show: { as: "choice", choices },
    get: (resource) => (any(resource)[name] as string) ?? "",
    set: (resource, value) => put(resource, name, value),
  };
}

/* A code in a CodeableConcept whose system is fixed. */
export function coded(name: string, label: Key, system: string, choices: Choices): FieldOf {
  return {
    key: name,
    label,
    show: { as: "choice", choices },
    get: (resource) =>
      (any(resource)[name] as CodeableConcept | undefined)?.coding?.find(
        (one) => one.system === system,
      )?.code ?? "",
    set: (resource, value) =>
      put(resource, name, value ? { coding: [{ system, code: value }] } : undefined),
  };
}

/* Shown is the day; a time that was there stays while the day does. */
export function date(name: string, label: Key, more: More & { ahead?: boolean } = {}): FieldOf {
  const { ahead, ...rest } = more;
  return {
    key: name,
    label,
    show: { as: "date", ahead: !!ahead },
    get: (resource) => String(any(resource)[name] ?? "").slice(0, 10),
    set: (resource, value) => {
      if (String(any(resource)[name] ?? "").slice(0, 10) !== value) put(resource, name, value);
    },
    ...rest,
  };
}

export function startOf(name: string, label: Key): FieldOf {
  return {
    key: name,
    label,
    show: { as: "date", ahead: true },
    get: (resource) =>
      String((any(resource)[name] as { start?: string } | undefined)?.start ?? "").slice(0, 10),
    set: (resource, value) => {
      const period = { ...(any(resource)[name] as Any | undefined) };
      if (String(period.start ?? "").slice(0, 10) === value) return;
      if (value) period.start = value;
      else delete period.start;
      put(resource, name, Object.keys(period).length ? period : undefined);
    },
  };
}

export function text(name: string, label: Key, more: More = {}): FieldOf {
  return {
    key: name,
    label,
    show: { as: "text" },
    get: (resource) => (any(resource)[name] as string) ?? "",
    set: (resource, value) => put(resource, name, value),
    ...more,
  };
}

/* The first element of a list, or one text within it: note[0].text, dosage[0].text. */
export function textIn(name: string, inner: string, label: Key): FieldOf {
  return {
    key: name,
    label,
    show: { as: "text" },
    get: (resource) =>
      ((any(resource)[name] as Any[] | undefined)?.[0]?.[inner] as string) ?? "",
    set: (resource, value) => {
      const [first, ...others] = (any(resource)[name] as Any[] | undefined) ?? [];
      const mended: Any = { ...first, [inner]: value };
      if (!value) delete mended[inner];
      const all = Object.keys(mended).length ? [mended, ...others] : others;
      put(resource, name, all.length ? all : undefined);
    },
  };
}

export const note = textIn("note", "text", "chartRemark");

export function draftOf(fields: readonly FieldOf[], resource: FhirResource): Draft {
  return Object.fromEntries(fields.map((field) => [field.key, field.get(resource)]));
}

export const same = (a: Value, b: Value): boolean =>
  JSON.stringify(a ?? "") === JSON.stringify(b ?? "");

/* Only what the draft changed is written, so that nothing else of the resource moves. */
export function written<T extends FhirResource>(
  fields: readonly FieldOf[],
  resource: T,
  draft: Draft,
): T {
  const result = structuredClone(resource);
  for (const field of fields) {
    const value = draft[field.key];
    const said = typeof value === "string" ? value.trim() : value;
    if (!same(field.get(resource), said)) field.set(result, said);
  }
  return result;
}

export interface Clash {
  field: FieldOf;
  mine: Value;
  theirs: Value;
}

/* Three ways: what only one side changed is taken; what both changed differently is asked about. */
export function merged(
  fields: readonly FieldOf[],
  before: Draft,
  mine: Draft,
  theirs: Draft,
): { draft: Draft; clashes: Clash[] } {
  const draft: Draft = {};
  const clashes: Clash[] = [];
  for (const field of fields) {
    const key = field.key;
    draft[key] = same(mine[key], before[key]) ? theirs[key] : mine[key];
    if (
      !same(mine[key], before[key]) &&
      !same(theirs[key], before[key]) &&
      !same(mine[key], theirs[key])
    )
      clashes.push({ field, mine: mine[key], theirs: theirs[key] });
  }
  return { draft, clashes };
}
