import { expect, test } from "vitest";
import { amountOf, moneyText } from "./money";

test("an amount is read as people write it, or not at all", () => {
  expect(amountOf("12")).toBe(12);
  expect(amountOf(" 12.5 ")).toBe(12.5);
  expect(amountOf("12,50")).toBe(12.5);
  for (const wrong of ["", "0", "-1", "1.234", "abc", "1e3"])
    expect(amountOf(wrong)).toBeUndefined();
});

test("each language writes amounts its own way", () => {
  expect(moneyText({ value: 1234.5, currency: "CAD" }, "en")).toBe("$1,234.50");
  expect(moneyText({ value: 4.5, currency: "CAD" }, "fr")).toMatch(/^4,50\s\$$/);
});
