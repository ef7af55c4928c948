import { describe, expect, test } from "vitest";
import { clockMinute, clockText, fhirTime, instantOf, isZone, wallOf, weekOf } from "./zone";

describe("clock time of a place", () => {
  test.each([
    ["America/Toronto", "2026-11-23", 540, "2026-11-23T09:00:00-05:00"],
    ["America/Toronto", "2026-07-01", 540, "2026-07-01T09:00:00-04:00"],
    ["America/St_Johns", "2026-07-01", 0, "2026-07-01T00:00:00-02:30"],
    ["Europe/Paris", "2026-03-29", 1439, "2026-03-29T23:59:00+02:00"],
    ["Asia/Kathmandu", "2026-01-01", 15, "2026-01-01T00:15:00+05:45"],
    // The day on which the clocks go forward, before and after.
    ["America/Toronto", "2026-03-08", 90, "2026-03-08T01:30:00-05:00"],
    ["America/Toronto", "2026-03-08", 180, "2026-03-08T03:00:00-04:00"],
    // 01:30 comes twice: the first.
    ["America/Toronto", "2026-11-01", 90, "2026-11-01T01:30:00-04:00"],
    ["America/Toronto", "2026-11-01", 120, "2026-11-01T02:00:00-05:00"],
  ])("%s %s %i", (zone, day, minute, text) => {
    const instant = instantOf({ day, minute }, zone);
    expect(fhirTime(instant, zone)).toBe(text);
    expect(Date.parse(text)).toBe(instant);
    expect(wallOf(instant, zone)).toEqual({ day, minute });
  });

  test("an hour that is skipped becomes the time after it", () => {
    const instant = instantOf({ day: "2026-03-08", minute: 150 }, "America/Toronto");
    expect(wallOf(instant, "America/Toronto")).toEqual({ day: "2026-03-08", minute: 210 });
  });

  test("every half hour of a year comes back, but for the second passing of an hour", () => {
    for (const [zone, twice] of [
      ["America/Toronto", 2],
      ["Australia/Lord_Howe", 1],
      ["America/Regina", 0],
    ] as const) {
      let wrong = 0;
      const end = Date.parse("2027-01-01T00:00:00Z");
      for (let at = Date.parse("2026-01-01T00:00:00Z"); at < end; at += 1_800_000)
        if (instantOf(wallOf(at, zone), zone) !== at) wrong += 1;
      expect(wrong).toBe(twice);
    }
  });
});

test("unknown zones are told", () => {
  expect(isZone("America/Toronto")).toBe(true);
  expect(isZone("Mars/Olympus")).toBe(false);
});

test("a week begins on Monday", () => {
  expect(weekOf("2026-11-22")[0]).toBe("2026-11-16");
  expect(weekOf("2026-11-23")).toHaveLength(7);
  expect(weekOf("2026-11-23")[0]).toBe("2026-11-23");
});

test("times of day as people write them", () => {
  expect(["9:05", "09:05", "0905", "9h05"].map(clockMinute)).toEqual([545, 545, 545, 545]);
  expect(["24:00", "9:60", "", "nine"].map(clockMinute)).toEqual(Array(4).fill(undefined));
  expect(clockText(545)).toBe("09:05");
});
