import type { Patient } from "fhir/r4";
import { expect, test } from "vitest";
import { draftOf, faultsOf, merge, patientOf } from "./patientDraft";

const rich: Patient = {
  resourceType: "Patient",
  id: "p",
  meta: { versionId: "3" },
  extension: [{ url: "urn:other", valueBoolean: true }],
  identifier: [
    { system: "urn:chart", value: "77" },
    {
      system: "https://fhir.infoway-inforoute.ca/NamingSystem/ca-on-patient-hcn",
      value: "1234",
    },
  ],
  name: [
    { use: "maiden", family: "Roy" },
    { use: "official", family: "Tremblay", given: ["Anne", "Marie"], prefix: ["Dr."] },
    { use: "usual", text: "Annie" },
  ],
  telecom: [
    { system: "phone", use: "home", value: "1" },
    { system: "phone", use: "mobile", value: "2" },
    { system: "email", value: "a@b.ca" },
  ],
  address: [
    { line: ["1 Rue A"], city: "Laval" },
    { city: "Paris", use: "old" },
  ],
  multipleBirthBoolean: true,
};

test("what is not touched stays as it was", () => {
  const kept = patientOf(draftOf(rich), rich);
  expect(kept.name).toEqual(rich.name);
  expect(kept.telecom).toEqual(rich.telecom);
  expect(kept.address).toEqual(rich.address);
  expect(kept.extension).toEqual(rich.extension);
  expect(kept.multipleBirthBoolean).toBe(true);
  expect(kept.identifier?.[0]).toEqual(rich.identifier?.[0]);
});

test("what is emptied is taken out, and nothing beside it", () => {
  const kept = patientOf(
    { ...draftOf(rich), phone: "", preferred: "", line: "", city: "" },
    rich,
  );
  expect(kept.telecom?.map((one) => one.value)).toEqual(["2", "a@b.ca"]);
  expect(kept.name).toHaveLength(2);
  expect(kept.address).toEqual([{ city: "Paris", use: "old" }]);
});

test("a changed name keeps its prefix", () => {
  const kept = patientOf({ ...draftOf(rich), family: "Roy" }, rich);
  expect(kept.name?.[1]).toEqual({
    use: "official",
    family: "Roy",
    given: ["Anne", "Marie"],
    prefix: ["Dr."],
  });
});

test("three ways are merged, and clashes are named", () => {
  const base = draftOf(rich);
  const { draft, clashes } = merge(
    base,
    { ...base, city: "Gatineau", phone: "9" },
    { ...base, city: "Hull", email: "new@b.ca", phone: "9" },
  );
  expect(clashes).toEqual(["city"]);
  expect(draft).toEqual({ ...base, city: "Gatineau", phone: "9", email: "new@b.ca" });
});

test("faults are named beside their fields", () => {
  const draft = draftOf({ resourceType: "Patient" });
  const today = new Date("2026-11-22");
  expect(faultsOf(draft, today)).toEqual({ family: "required" });
  expect(
    faultsOf({ ...draft, given: "A", birthDate: "2026-02-29", email: "x" }, today),
  ).toEqual({ birthDate: "wrongDate", email: "wrongEmail" });
  expect(faultsOf({ ...draft, given: "A", birthDate: "2027-01-01" }, today)).toEqual({
    birthDate: "wrongDateFuture",
  });
});
