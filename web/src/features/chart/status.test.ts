import type { FhirResource } from "fhir/r4";
import { expect, test } from "vitest";
import { exceptionText, statusText } from "./status";

const t = (key: string) => key;
const one = (resourceType: string, more: object) => ({ resourceType, ...more }) as FhirResource;

test("what was not given, or is on hold, is said beside it", () => {
  expect(exceptionText(one("Immunization", { status: "not-done" }), t)).toBe("stateNotGiven");
  expect(exceptionText(one("MedicationStatement", { status: "on-hold" }), t)).toBe(
    "stateOnHold",
  );
  expect(exceptionText(one("Immunization", { status: "completed" }), t)).toBe("");
  expect(exceptionText(one("Procedure", {}), t)).toBe("");
});

test("a status that nobody knows is shown as it is", () => {
  expect(statusText(one("Task", { status: "ready" }), t)).toBe("ready");
});
