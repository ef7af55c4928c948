/* A booking as the form has it: texts as typed, and what is wrong with them. */
import type { Appointment, HealthcareService, Reference } from "fhir/r4";
import type { Actor } from "../../data/calendar";
import { appointmentOf } from "../../fhir/appointment";
import { isDate } from "../../fhir/person";
import { serviceBuffer, serviceMinutes } from "../../fhir/service";
import { clockMinute, clockText, instantOf, wallOf } from "../../fhir/zone";
import type { Key } from "../../i18n/en";

export interface BookDraft {
  patient: Reference | undefined;
  words: string;
  service: string /* id of a HealthcareService, or nothing */;
  day: string;
  time: string;
  minutes: string;
  actor: string;
  room: string;
  comment: string;
}

export type BookFaults = Partial<Record<keyof BookDraft, Key>>;

export function newDraft(day: string, minute: number, actor: Actor | undefined): BookDraft {
  return {
    patient: undefined,
    words: "",
    service: "",
    day,
    time: clockText(minute),
    minutes: "45",
    actor: actor && !actor.room ? actor.reference : "",
    room: actor?.room ? actor.reference : "",
    comment: "",
  };
}

export function timeFaults(
  draft: Pick<BookDraft, "day" | "time" | "minutes">,
): Pick<BookFaults, "day" | "time" | "minutes"> {
  const length = Number(draft.minutes);
  return {
    ...(isDate(draft.day) ? {} : { day: "wrongDate" as const }),
    ...(clockMinute(draft.time) === undefined ? { time: "wrongTime" as const } : {}),
    ...(Number.isInteger(length) && length >= 5 && length <= 720
      ? {}
      : { minutes: "wrongMinutes" as const }),
  };
}

/* A time that is over is refused for what is still to come; a day of grace keeps what is entered late. */
export function bookFaults(draft: BookDraft, zone: string, now: number): BookFaults {
  const faults: BookFaults = timeFaults(draft);
  if (!draft.patient) faults.patient = "choosePatient";
  if (!draft.actor && !draft.room) faults.actor = "required";
  if (!faults.day && !faults.time && spanOf(draft, zone).end < now - 86_400_000)
    faults.day = "wrongPast";
  return faults;
}

/* The service, and the time that it takes where it says so. */
export function withService(
  draft: BookDraft,
  id: string,
  services: readonly HealthcareService[],
): BookDraft {
  const service = services.find((one) => one.id === id);
  const minutes = service && serviceMinutes(service);
  return { ...draft, service: id, ...(minutes ? { minutes: String(minutes) } : {}) };
}

/* Of a draft without faults. */
export function spanOf(
  draft: Pick<BookDraft, "day" | "time" | "minutes">,
  zone: string,
): { start: number; end: number } {
  const start = instantOf({ day: draft.day, minute: clockMinute(draft.time) ?? 0 }, zone);
  return { start, end: start + Number(draft.minutes) * 60_000 };
}

/* An hour that the clocks skip is no time to book: it would become another one. */
export function isSkipped(draft: Pick<BookDraft, "day" | "time">, zone: string): boolean {
  const minute = clockMinute(draft.time) ?? 0;
  return wallOf(instantOf({ day: draft.day, minute }, zone), zone).minute !== minute;
}

export function bookingOf(
  draft: BookDraft,
  actors: readonly Actor[],
  services: readonly HealthcareService[],
  zone: string,
): Appointment {
  const service = services.find((one) => one.id === draft.service);
  const taken = [draft.actor, draft.room].filter(Boolean).map((reference) => {
    const name = actors.find((one) => one.reference === reference)?.name;
    return { reference, ...(name ? { display: name } : {}) };
  });
  const given = service && {
    reference: `HealthcareService/${service.id}`,
    ...(service.name ? { display: service.name } : {}),
  };
  const buffer = service && serviceBuffer(service);
  const made = appointmentOf(
    {
      patient: draft.patient as Reference,
      actors: given ? [...taken, given] : taken,
      ...spanOf(draft, zone),
      service: service && {
        ...(service.type?.[0]?.coding ? { coding: service.type[0].coding } : {}),
        text: service.name ?? service.type?.[0]?.text ?? "",
      },
      comment: draft.comment,
    },
    zone,
  );
  return buffer ? { ...made, extension: [buffer] } : made;
}
