import type { CarePlan, CareTeam, Condition } from "fhir/r4";
import { expect, test } from "vitest";
import { draftOf, merged, written } from "./fields";
import { entriesOf, sections, spoiled } from "./sections";

const about = {
  patient: { reference: "Patient/1" },
  user: { reference: "Practitioner/2" },
  today: "2026-11-22",
};
const sectionOf = (key: string) => {
  const found = sections.find((one) => one.key === key);
  if (!found) throw new Error(key);
  return found;
};

test("what the form does not show stays as it was", () => {
  const section = sectionOf("chartProblems");
  const condition: Condition = {
    ...(section.fresh(about) as Condition),
    code: { text: "Migraine" },
    severity: { text: "severe" },
    note: [{ text: "old", time: "2020-01-01" }, { text: "second" }],
    onsetDateTime: "2012-03-04T10:00:00Z",
  };
  const fields = section.fields(condition);
  const draft = { ...draftOf(fields, condition), note: "new" };
  expect(written(fields, condition, draft)).toEqual({
    ...condition,
    note: [{ text: "new", time: "2020-01-01" }, { text: "second" }],
  });
});

test("members who stay keep their references", () => {
  const section = sectionOf("chartTeam");
  const team: CareTeam = {
    resourceType: "CareTeam",
    participant: [
      {
        member: { reference: "Practitioner/2", display: "Dr. House" },
        role: [{ text: "lead" }],
      },
      { member: { display: "Mum" } },
    ],
  };
  const fields = section.fields(team);
  const draft = {
    ...draftOf(fields, team),
    participant: "Dr. House, lead\nAnna, nurse, nights",
  };
  expect(written(fields, team, draft).participant).toEqual([
    team.participant?.[0],
    { member: { display: "Anna" }, role: [{ text: "nurse, nights" }] },
  ]);
});

test("an emptied field takes its element away", () => {
  const section = sectionOf("chartPlans");
  const plan = { ...section.fresh(about), title: "Plan" } as CarePlan;
  const fields = section.fields(plan);
  const result = written(fields, plan, { ...draftOf(fields, plan), period: "", title: "P" });
  expect(result.period).toBeUndefined();
  expect(result.title).toBe("P");
});

test("only what both changed differently is asked about", () => {
  const fields = sectionOf("chartPlans").fields(sectionOf("chartPlans").fresh(about));
  const before = { title: "a", description: "b", status: "active" };
  const mine = { title: "mine", description: "new", status: "active" };
  const theirs = { title: "theirs", description: "b", status: "on-hold" };
  const { draft, clashes } = merged(fields, before, mine, theirs);
  expect(clashes.map((one) => one.field.key)).toEqual(["title"]);
  expect(draft).toMatchObject({ title: "mine", description: "new", status: "on-hold" });
});

test("an entry in error is in no section, and has no clinical status", () => {
  const section = sectionOf("chartProblems");
  const wrong = spoiled(section.fresh(about)) as Condition;
  expect(wrong.clinicalStatus).toBeUndefined();
  expect(wrong.verificationStatus?.coding?.[0]?.code).toBe("entered-in-error");
  const { current, past } = entriesOf(section, new Map([["Condition", [wrong]]]));
  expect([...current, ...past]).toEqual([]);
});
