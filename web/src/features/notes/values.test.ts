import type { QuestionnaireItem } from "fhir/r4";
import { expect, test } from "vitest";
import { boundsOf, formatValue, parseValue, unitsOf } from "./values";

const item = (type: QuestionnaireItem["type"]): QuestionnaireItem => ({ linkId: "1", type });

test("numbers are taken with a point or a comma, and nothing else is", () => {
  expect(parseValue(item("decimal"), "36,6")).toEqual([{ valueDecimal: 36.6 }]);
  expect(parseValue(item("integer"), "7")).toEqual([{ valueInteger: 7 }]);
  for (const text of ["7.5", "7a", "1e3", "١"])
    expect(parseValue(item("integer"), text)).toBeUndefined();
});

test("a quantity has its unit", () => {
  const kg = { unit: "kg", system: "http://unitsofmeasure.org", code: "kg" };
  expect(parseValue(item("quantity"), "70", kg)).toEqual([
    { valueQuantity: { value: 70, ...kg } },
  ]);
  const url = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit";
  const of = { ...item("quantity"), extension: [{ url, valueCoding: { code: "kg" } }] };
  expect(unitsOf(of)).toEqual([{ unit: "kg", code: "kg" }]);
});

test("days and times must be there", () => {
  expect(parseValue(item("date"), "2026-02-30")).toBeUndefined();
  expect(parseValue(item("date"), "2026-02-28")).toEqual([{ valueDate: "2026-02-28" }]);
  expect(parseValue(item("time"), "24:00")).toBeUndefined();
  const [moment] = parseValue(item("dateTime"), "2026-02-28 09:30") ?? [];
  expect(moment?.valueDateTime).toMatch(/^2026-02-28T09:30:00[+-]\d\d:\d\d$/);
  expect(formatValue(moment)).toBe("2026-02-28 09:30");
});

test("what was typed into a text comes back letter by letter", () => {
  const text = "  two lines\nand a space ";
  expect(formatValue(parseValue(item("text"), text)?.[0])).toBe(text);
  expect(parseValue(item("text"), " \n ")).toEqual([]);
});

test("bounds are read from the template", () => {
  const base = "http://hl7.org/fhir/StructureDefinition/";
  const of = {
    ...item("integer"),
    extension: [
      { url: `${base}minValue`, valueInteger: 0 },
      { url: `${base}maxValue`, valueInteger: 10 },
    ],
  };
  expect(boundsOf(of)).toEqual({ least: 0, most: 10, step: 1 });
});
