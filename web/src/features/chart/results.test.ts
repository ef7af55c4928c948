import type { FhirResource } from "fhir/r4";
import { expect, test } from "vitest";
import { daysOf, topicsOf } from "./results";
import { valueText } from "./value";

const t = (key: string) => key;
const glucose = (date: string, value: number, more = {}) =>
  ({
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ code: "15074-8" }], text: "Glucose" },
    effectiveDateTime: date,
    valueQuantity: { value, unit: "mmol/L" },
    referenceRange: [{ low: { value: 3.9 }, high: { value: 6.1 } }],
    ...more,
  }) as FhirResource;
const pressure = (date: string) =>
  ({
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ code: "85354-9" }] },
    effectiveDateTime: date,
    component: [
      ["8462-4", 80],
      ["8480-6", 120],
    ].map(([code, value]) => ({
      code: { coding: [{ code }] },
      valueQuantity: { value, unit: "mmHg" },
    })),
  }) as FhirResource;

test("values are in order of time, with what is out of range said", () => {
  const [topic] = topicsOf(
    [glucose("2026-02-01", 7), glucose("2026-01-01", 5), glucose("2026-03-01", 3)],
    t,
  );
  expect(topic?.series[0]?.points.map(({ value, high, low }) => [value, high, low])).toEqual([
    [5, undefined, undefined],
    [7, true, undefined],
    [3, undefined, true],
  ]);
  expect(topic?.band).toEqual({ low: 3.9, high: 6.1 });
});

test("another unit is another drawing, and entries in error are in none", () => {
  const topics = topicsOf(
    [
      glucose("2026-01-01", 5),
      glucose("2026-01-02", 90, { valueQuantity: { value: 90, unit: "mg/dL" } }),
      glucose("2026-01-03", 500, { status: "entered-in-error" }),
    ],
    t,
  );
  expect(topics.map((one) => [one.unit, one.observations.length])).toEqual([
    ["mmol/L", 1],
    ["mg/dL", 1],
  ]);
});

test("the systolic pressure is first, whoever sent it", () => {
  const one = pressure("2026-01-01");
  expect(valueText(one as Parameters<typeof valueText>[0])).toBe("120/80 mmHg");
  const [topic] = topicsOf([one], t);
  expect(topic?.series.map(({ name, points }) => [name, points[0]?.value])).toEqual([
    ["vitalSystolic", 120],
    ["vitalDiastolic", 80],
  ]);
  expect(daysOf([topic as NonNullable<typeof topic>], 3)).toEqual(["2026-01-01"]);
});

test("a value keeps the digits that were sent", () => {
  const one = glucose("2026-01-02", 0.00004, {
    valueQuantity: { value: 0.00004, unit: "g/L" },
  });
  expect(valueText(one as Parameters<typeof valueText>[0])).toBe("0.00004 g/L");
});

test("a small value is drawn as it was sent", () => {
  const [topic] = topicsOf([glucose("2026-01-01", 0.0004)], t);
  expect(topic?.series[0]?.points[0]?.value).toBe(0.0004);
});

test("what a value is compared with is part of it, and a titre is a ratio", () => {
  const part = (value: number, more = {}) => ({
    code: {},
    valueQuantity: { value, unit: "U/mL", ...more },
  });
  const of = (more: object) => valueText({ ...glucose("2026", 1), ...more } as never);
  expect(of({ component: [part(10, { comparator: "<" }), part(20)] })).toBe("<10/20 U/mL");
  const none = { valueQuantity: undefined };
  expect(
    of({ ...none, valueRatio: { numerator: { value: 1 }, denominator: { value: 128 } } }),
  ).toBe("1:128");
  const mixed = { numerator: { value: 5, unit: "mg" }, denominator: { value: 1, unit: "mL" } };
  expect(of({ ...none, valueRatio: mixed })).toBe("5 mg / 1 mL");
});
