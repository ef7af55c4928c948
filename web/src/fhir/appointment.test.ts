import type { Appointment } from "fhir/r4";
import { expect, test } from "vitest";
import { appointmentOf, moved, nextStages, stageOf, visitOf, withStage } from "./appointment";

const zone = "America/Toronto";
const rich: Appointment = {
  resourceType: "Appointment",
  id: "a",
  status: "booked",
  extension: [{ url: "urn:other", valueBoolean: true }],
  start: "2026-11-23T14:00:00Z",
  end: "2026-11-23T14:45:00Z",
  minutesDuration: 45,
  slot: [{ reference: "Slot/1" }],
  serviceType: [{ coding: [{ code: "x", display: "Massage" }] }],
  participant: [
    { actor: { reference: "Patient/p", display: "ROY, Anne" }, status: "needs-action" },
    { actor: { reference: "Practitioner/d" }, status: "accepted" },
    { actor: { reference: "Practitioner/gone" }, status: "declined" },
    { actor: { reference: "Location/r" }, status: "accepted" },
  ],
};

test("what the calendar sees", () => {
  expect(visitOf(rich)).toEqual({
    id: "a",
    stage: "booked",
    start: Date.parse("2026-11-23T14:00:00Z"),
    end: Date.parse("2026-11-23T14:45:00Z"),
    patients: [{ reference: "Patient/p", display: "ROY, Anne" }],
    actors: ["Practitioner/d", "Location/r"],
    service: "Massage",
    serviceReference: "",
  });
  expect(visitOf({ ...rich, end: undefined as never })).toBeUndefined();
});

test("a hold is seen while it lasts, what waits for a yes until it has one", () => {
  const held = (until: number): Appointment => ({
    ...rich,
    status: "pending",
    extension: [{ url: "urn:hale:held-until", valueInstant: new Date(until).toISOString() }],
  });
  expect(visitOf(held(Date.now() + 60_000))?.stage).toBe("asked");
  expect(visitOf(held(Date.now() - 60_000))).toBeUndefined();
  expect(visitOf({ ...held(Date.now() - 60_000), status: "booked" })?.stage).toBe("booked");
  expect(visitOf({ ...rich, status: "pending" })?.stage).toBe("asked");
});

test("each stage is reached and read back", () => {
  for (const stage of ["booked", "confirmed", "arrived", "inRoom", "done", "noShow"] as const) {
    const next = withStage(rich, stage);
    expect(stageOf(next)).toBe(stage);
    expect(next.extension).toEqual(rich.extension);
    expect(nextStages(stage)).not.toContain(stage);
  }
  const off = withStage(rich, "cancelled", { code: "pat", text: "Patient" });
  expect(off.cancelationReason?.coding?.[0]?.code).toBe("pat");
  expect(withStage(off, "booked").cancelationReason).toBeUndefined();
});

test("moved to another time and person, in the clock of the place", () => {
  const next = moved(
    rich,
    {
      start: Date.parse("2026-11-24T15:00:00Z"),
      end: Date.parse("2026-11-24T15:30:00Z"),
      from: "Practitioner/d",
      to: { reference: "Practitioner/e" },
    },
    zone,
  );
  expect(next.start).toBe("2026-11-24T10:00:00-05:00");
  expect(next.minutesDuration).toBe(30);
  expect(next.slot).toBeUndefined();
  expect(next.participant[1]?.actor?.reference).toBe("Practitioner/e");
  expect(next.participant[3]).toEqual(rich.participant[3]);
});

test("a booking", () => {
  const made = appointmentOf(
    {
      patient: { reference: "Patient/p" },
      actors: [{ reference: "Practitioner/d" }],
      start: Date.parse("2026-07-01T13:00:00Z"),
      end: Date.parse("2026-07-01T14:00:00Z"),
      service: undefined,
      comment: " ",
    },
    zone,
  );
  expect(made.start).toBe("2026-07-01T09:00:00-04:00");
  expect(made.minutesDuration).toBe(60);
  expect(made.comment).toBeUndefined();
  expect(visitOf(made)?.stage).toBe("booked");
});
