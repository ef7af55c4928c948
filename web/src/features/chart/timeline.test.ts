import type { FhirResource } from "fhir/r4";
import { expect, test } from "vitest";
import { foundOf, passes, timelineOf } from "./timeline";

const byType = (...list: unknown[]) => {
  const all = new Map<string, FhirResource[]>();
  for (const one of list as FhirResource[])
    all.set(one.resourceType, [...(all.get(one.resourceType) ?? []), one]);
  return all;
};
const observation = (id: string, time: string, more = {}) => ({
  resourceType: "Observation",
  id,
  status: "final",
  code: { text: id },
  effectiveDateTime: time,
  ...more,
});

test("what was measured in one minute is one entry, and what a report lists is in the report's", () => {
  const all = byType(
    observation("a", "2026-01-01T10:00:00Z"),
    observation("b", "2026-01-01T10:00:30Z"),
    observation("c", "2026-01-02T10:00:00Z"),
    {
      resourceType: "DiagnosticReport",
      id: "r",
      code: {},
      effectiveDateTime: "2026-01-03",
      result: [{ reference: "Observation/c" }],
    },
  );
  const entries = timelineOf(all, []);
  expect(entries.map((one) => one.resources.map((each) => each.id))).toEqual([
    ["r"],
    ["a", "b"],
  ]);
});

test("entries in error are on no line of time; those without a time are at its end", () => {
  const all = byType(
    observation("a", "2026-01-01T10:00:00Z", { status: "entered-in-error" }),
    { resourceType: "DocumentReference", id: "d", status: "current", content: [] },
    {
      resourceType: "Encounter",
      id: "e",
      status: "finished",
      class: {},
      period: { start: "2001" },
    },
  );
  expect(timelineOf(all, []).map((one) => one.key)).toEqual([
    "Encounter/e",
    "DocumentReference/d",
  ]);
});

test("a note is its Composition once it is signed, and a draft before", () => {
  const response = { resourceType: "QuestionnaireResponse", authored: "2026-01-01" };
  const all = byType(
    {
      ...response,
      id: "signed",
      status: "completed",
      meta: { tag: [{ system: "urn:hale:note", code: "signed" }] },
    },
    {
      ...response,
      id: "draft",
      status: "in-progress",
      author: { reference: "Practitioner/1" },
    },
    { ...response, id: "form", status: "completed", author: { reference: "Patient/1" } },
  );
  expect(
    timelineOf(all, []).map((one) => [one.resources[0]?.id, one.kind, one.origin]),
  ).toEqual(
    expect.arrayContaining([
      ["draft", "note", "ours"],
      ["form", "form", "patient"],
    ]),
  );
  expect(timelineOf(all, [])).toHaveLength(2);
});

test("filters ask kind, profession and source; what is found is sifted alike", () => {
  const all = byType({
    resourceType: "Communication",
    id: "m",
    sent: "2026-01-01",
    sender: { reference: "Practitioner/1" },
    meta: { source: "https://elsewhere.example" },
  });
  const [entry] = foundOf(all, [
    {
      resourceType: "PractitionerRole",
      practitioner: { reference: "Practitioner/1" },
      specialty: [{ text: "Psychology" }],
    },
  ]);
  if (!entry) throw new Error("nothing");
  const none = { kinds: [], profession: "", origin: "" };
  expect(passes(entry, none)).toBe(true);
  expect(passes(entry, { ...none, kinds: ["note"] })).toBe(false);
  expect(
    passes(entry, { kinds: ["message"], profession: "Psychology", origin: "elsewhere" }),
  ).toBe(true);
  expect(passes(entry, { ...none, origin: "ours" })).toBe(false);
});
