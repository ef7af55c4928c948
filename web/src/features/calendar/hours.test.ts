import type { PractitionerRole } from "fhir/r4";
import { expect, test } from "vitest";
import { closedSpans, openSpans } from "./hours";

const role: PractitionerRole = {
  resourceType: "PractitionerRole",
  availableTime: [
    {
      daysOfWeek: ["mon", "tue"],
      availableStartTime: "09:00:00",
      availableEndTime: "12:00:00",
    },
    { daysOfWeek: ["mon"], availableStartTime: "13:00:00", availableEndTime: "00:00:00" },
    {
      daysOfWeek: ["sat"],
      allDay: true,
      extension: [
        {
          url: "urn:hale:effective",
          valuePeriod: { start: "2026-11-28", end: "2026-11-28" },
        },
      ],
    },
  ],
  notAvailable: [
    { description: "Holiday", during: { start: "2026-11-24", end: "2026-11-25" } },
  ],
};

test("hours of the week, extra days and days away", () => {
  expect(openSpans([role], "2026-11-23")).toEqual([
    { from: 540, to: 720 },
    { from: 780, to: 1440 },
  ]);
  expect(openSpans([role], "2026-11-24")).toEqual([]);
  expect(openSpans([role], "2026-11-28")).toEqual([{ from: 0, to: 1440 }]);
  expect(openSpans([role], "2026-12-05")).toEqual([]);
  expect(openSpans([{ resourceType: "PractitionerRole" }], "2026-11-23")).toBeUndefined();
});

test("what is closed between", () => {
  const whole = { from: 480, to: 1080 };
  expect(closedSpans(openSpans([role], "2026-11-23") ?? [], whole)).toEqual([
    { from: 480, to: 540 },
    { from: 720, to: 780 },
  ]);
  expect(closedSpans([], whole)).toEqual([whole]);
  expect(closedSpans([{ from: 0, to: 1440 }], whole)).toEqual([]);
});
