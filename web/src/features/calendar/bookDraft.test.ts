import { expect, test } from "vitest";
import { bookFaults, bookingOf, isSkipped, newDraft } from "./bookDraft";

const zone = "America/Toronto";
const roy = { reference: "Practitioner/r", name: "Roy, Luc", room: false, roles: [] };
const blue = { reference: "Location/b", name: "Blue room", room: true, roles: [] };
const now = Date.parse("2026-11-23T12:00:00Z");
const whole = {
  ...newDraft("2026-11-23", 540, roy),
  patient: { reference: "Patient/p", display: "ROY, Anne" },
};

test("faults are named beside their fields", () => {
  expect(bookFaults(whole, zone, now)).toEqual({});
  expect(
    bookFaults(
      { ...newDraft("2026-02-30", 540, undefined), time: "25:00", minutes: "1.5" },
      zone,
      now,
    ),
  ).toEqual({
    day: "wrongDate",
    time: "wrongTime",
    minutes: "wrongMinutes",
    patient: "choosePatient",
    actor: "required",
  });
  expect(bookFaults({ ...whole, day: "2026-11-20" }, zone, now)).toEqual({ day: "wrongPast" });
});

test("an hour that the clocks skip is seen", () => {
  expect(isSkipped({ day: "2026-03-08", time: "02:30" }, zone)).toBe(true);
  expect(isSkipped({ day: "2026-03-08", time: "03:30" }, zone)).toBe(false);
});

test("what is booked takes up the person and the room", () => {
  const made = bookingOf({ ...whole, room: blue.reference }, [roy, blue], [], zone);
  expect(made.start).toBe("2026-11-23T09:00:00-05:00");
  expect(made.end).toBe("2026-11-23T09:45:00-05:00");
  expect(made.participant.map((one) => one.actor?.display)).toEqual([
    "ROY, Anne",
    "Roy, Luc",
    "Blue room",
  ]);
  expect(newDraft("2026-11-23", 540, blue).room).toBe("Location/b");
});
