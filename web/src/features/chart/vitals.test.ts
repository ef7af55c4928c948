import { expect, test } from "vitest";
import { numberOf, vitalFaults, vitalsOf } from "./vitals";

const about = { patient: { reference: "Patient/1" }, user: undefined, today: "2026-11-22" };

test("a comma is a point, and words are no number", () => {
  expect(numberOf("37,2")).toBe(37.2);
  expect(numberOf("37.2.1")).toBeNaN();
  expect(numberOf("about 37")).toBeNaN();
});

test("a temperature in Fahrenheit and half a pressure are noticed", () => {
  expect(Object.keys(vitalFaults({ "8310-5": "98.6", "8480-6": "120" })).sort()).toEqual([
    "8310-5",
    "8462-4",
  ]);
  expect(Object.keys(vitalFaults({ "8480-6": "80", "8462-4": "120" }))).toEqual(["8462-4"]);
  expect(vitalFaults({ "8480-6": "120", "8462-4": "80" })).toEqual({});
});

test("two pressures are one Observation; body mass is worked out of weight and height", () => {
  const made = vitalsOf(
    { "8480-6": "120", "8462-4": "80", "29463-7": "70", "8302-2": "175" },
    about,
    new Date(0),
  );
  expect(made.map((one) => one.code.coding?.[0]?.code)).toEqual([
    "85354-9",
    "29463-7",
    "8302-2",
    "39156-5",
  ]);
  expect(made[0]?.component?.map((one) => one.valueQuantity?.value)).toEqual([120, 80]);
  expect(made[3]?.valueQuantity?.value).toBe(22.9);
});
