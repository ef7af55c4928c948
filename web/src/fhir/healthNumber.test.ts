import { expect, test } from "vitest";
import { healthNumber, healthNumberText, issuerOf, looksRight, systemOf } from "./healthNumber";

test.each([
  ["bc", "9698 658 215", true],
  ["bc", "9698648215", false],
  ["bc", "1698658215", false],
  ["on", "1234-567-897-AB", true],
  ["on", "1234567890", false],
  ["on", "0234567897", false],
  ["qc", "trea 8403 2712", true],
  ["qc", "TREA84032712X", false],
  ["nl", "123456789012", true],
  ["xx", "1", false],
])("%s %s: %s", (code, typed, right) => {
  expect(looksRight(code, typed)).toBe(right);
});

test("Ontario's version code is kept apart and shown with the number", () => {
  const kept = healthNumber("on", "1234 567 897 ab", undefined);
  expect(kept.value).toBe("1234567897");
  expect(healthNumberText(kept)).toBe("1234567897 AB");
  expect(healthNumber("on", "1234567897", kept).extension).toBeUndefined();
  expect(issuerOf(systemOf("on"))?.code).toBe("on");
  expect(systemOf("qc")).toMatch(/ca-qc-patient-healthcare-id$/);
});
