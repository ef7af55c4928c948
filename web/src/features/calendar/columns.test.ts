import { expect, test } from "vitest";
import type { Visit } from "../../fhir/appointment";
import { columnsOf, neighbour } from "./columns";

const zone = "America/Toronto";
const actors = ["a", "b", "c"].map((id) => ({
  reference: `Practitioner/${id}`,
  name: id,
  room: false,
  roles: [],
}));

function visit(id: string, who: string[], time: string, minutes = 30): Visit {
  const start = Date.parse(time);
  return {
    id,
    stage: "booked",
    start,
    end: start + minutes * 60_000,
    patients: [],
    actors: who.map((one) => `Practitioner/${one}`),
    service: "",
    serviceReference: "",
  };
}

const visits = [
  visit("late", ["a"], "2026-11-24T04:45:00Z", 60) /* 23:45 of the 23rd */,
  visit("early", ["a"], "2026-11-23T14:00:00Z"),
  visit("both", ["a", "c"], "2026-11-23T14:15:00Z"),
  { ...visit("off", ["b"], "2026-11-23T15:00:00Z"), stage: "cancelled" as const },
];

test("visits stand in the columns of all who are needed, by the clock of the place", () => {
  const columns = columnsOf(["2026-11-23", "2026-11-24"], actors, visits, zone);
  expect(columns).toHaveLength(6);
  expect(columns[0]?.standing.map((one) => [one.visit.id, one.from, one.to])).toEqual([
    ["early", 540, 570],
    ["both", 555, 585],
    ["late", 1425, 1440],
  ]);
  expect(columns[0]?.standing.map((one) => one.place.lanes)).toEqual([2, 2, 1]);
  expect(columns[1]?.standing).toEqual([]);
  expect(columns[2]?.standing).toHaveLength(1);
});

test("arrows go along a column and to the nearest beside it, over empty ones", () => {
  const columns = columnsOf(["2026-11-23"], actors, visits, zone);
  const [a, , c] = columns.map((column) => column.key) as [string, string, string];
  expect(neighbour(columns, a, "early", "ArrowDown")).toEqual({ column: a, visit: "both" });
  expect(neighbour(columns, a, "early", "ArrowUp")).toBeUndefined();
  expect(neighbour(columns, a, "late", "ArrowRight")).toEqual({ column: c, visit: "both" });
  expect(neighbour(columns, c, "both", "ArrowLeft")).toEqual({ column: a, visit: "both" });
});
