/*
 * A visit in the calendar: what the screens need of an Appointment, and the changes they make to one.
 * What they do not know of stays in the resource as it was.
 */
import type { Appointment, AppointmentParticipant, Reference } from "fhir/r4";
import { fhirTime } from "./zone";

/* The states of a visit, in the practice's words. Confirmed is booked with the patient's own yes. */
export type Stage =
  | "asked"
  | "booked"
  | "confirmed"
  | "arrived"
  | "inRoom"
  | "done"
  | "noShow"
  | "cancelled";

export interface Visit {
  id: string;
  stage: Stage;
  start: number;
  end: number;
  patients: Reference[];
  actors: string[] /* whom and what it takes up: "Practitioner/1" */;
  service: string;
  serviceReference: string;
}

const patientTypes = /^(Patient|Group)\//;
const busyTypes = /^(Practitioner|PractitionerRole|Location|Device)\//;

function actorsOf(appointment: Appointment): AppointmentParticipant[] {
  return appointment.participant.filter((one) => one.status !== "declined");
}

function patientPart(appointment: Appointment): AppointmentParticipant | undefined {
  return appointment.participant.find((one) => patientTypes.test(one.actor?.reference ?? ""));
}

const stages: Record<Appointment["status"], Stage> = {
  proposed: "asked",
  pending: "asked",
  waitlist: "asked",
  booked: "booked",
  arrived: "arrived",
  "checked-in": "inRoom",
  fulfilled: "done",
  noshow: "noShow",
  cancelled: "cancelled",
  "entered-in-error": "cancelled",
};

export function stageOf(appointment: Appointment): Stage {
  const stage = stages[appointment.status];
  const yes = patientPart(appointment)?.status === "accepted";
  return stage === "booked" && yes ? "confirmed" : stage;
}

/* A time that somebody held while a form was filled, and has let go: it keeps nobody busy any more. */
function hasLapsed(appointment: Appointment): boolean {
  const held = appointment.extension?.find((one) => one.url === "urn:hale:held-until");
  return appointment.status === "pending" && Date.parse(held?.valueInstant ?? "") <= Date.now();
}

/* Undefined: it has no time yet, or no longer. */
export function visitOf(appointment: Appointment): Visit | undefined {
  if (hasLapsed(appointment)) return undefined;
  const start = Date.parse(appointment.start ?? "");
  const end = Date.parse(appointment.end ?? "");
  if (Number.isNaN(start) || Number.isNaN(end)) return undefined;
  const actors = actorsOf(appointment);
  const service = appointment.serviceType?.[0];
  const given = actors.find((one) =>
    one.actor?.reference?.startsWith("HealthcareService/"),
  )?.actor;
  return {
    id: appointment.id ?? "",
    stage: stageOf(appointment),
    start,
    end,
    patients: actors.flatMap((one) =>
      one.actor && patientTypes.test(one.actor.reference ?? "") ? [one.actor] : [],
    ),
    actors: actors
      .map((one) => one.actor?.reference ?? "")
      .filter((reference) => busyTypes.test(reference)),
    service: service?.text ?? service?.coding?.[0]?.display ?? given?.display ?? "",
    serviceReference: given?.reference ?? "",
  };
}

const statuses: Record<Stage, Appointment["status"]> = {
  asked: "pending",
  booked: "booked",
  confirmed: "booked",
  arrived: "arrived",
  inRoom: "checked-in",
  done: "fulfilled",
  noShow: "noshow",
  cancelled: "cancelled",
};

/* What may follow, the likeliest first. A step that was wrong can be taken back. */
const following: Record<Stage, readonly Stage[]> = {
  asked: ["booked", "cancelled"],
  booked: ["arrived", "confirmed", "noShow", "cancelled"],
  confirmed: ["arrived", "noShow", "cancelled"],
  arrived: ["inRoom", "done", "booked"],
  inRoom: ["done", "arrived"],
  done: ["inRoom"],
  noShow: ["booked"],
  cancelled: [],
};

export function nextStages(stage: Stage): readonly Stage[] {
  return following[stage];
}

export const stillToCome = (stage: Stage): boolean =>
  stage === "asked" || stage === "booked" || stage === "confirmed";

function answered(appointment: Appointment, stage: Stage): AppointmentParticipant[] {
  const part = patientPart(appointment);
  const status =
    stage === "confirmed" ? "accepted" : stage === "booked" ? "needs-action" : part?.status;
  return appointment.participant.map((one) =>
    one === part && status ? { ...one, status } : one,
  );
}

/* `reason` is for cancelled visits: a code of the appointment-cancellation-reason system. */
export function withStage(
  appointment: Appointment,
  stage: Stage,
  reason?: { code: string; text: string },
): Appointment {
  const { cancelationReason: _, ...rest } = appointment;
  return {
    ...rest,
    status: statuses[stage],
    participant: answered(appointment, stage),
    ...(stage === "cancelled" && reason ? { cancelationReason: reasonOf(reason) } : {}),
  };
}

function reasonOf(reason: { code: string; text: string }) {
  return {
    coding: [
      {
        system: "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason",
        code: reason.code,
      },
    ],
    text: reason.text,
  };
}

export interface Move {
  start: number;
  end: number;
  from?: string /* the column it was taken from, if it changes hands */;
  to?: Reference;
}

/* At another time, or with somebody else. A slot that it was booked for is let go. */
export function moved(appointment: Appointment, move: Move, zone: string): Appointment {
  const { slot: _, ...rest } = appointment;
  const participant = appointment.participant.map((one) =>
    move.to && one.actor?.reference === move.from ? { ...one, actor: move.to } : one,
  );
  return {
    ...rest,
    participant,
    start: fhirTime(move.start, zone),
    end: fhirTime(move.end, zone),
    ...(appointment.minutesDuration
      ? { minutesDuration: Math.round((move.end - move.start) / 60_000) }
      : {}),
  };
}

export interface Booking {
  patient: Reference;
  actors: Reference[];
  start: number;
  end: number;
  service: NonNullable<Appointment["serviceType"]>[number] | undefined;
  comment: string;
}

export function appointmentOf(booking: Booking, zone: string): Appointment {
  const comment = booking.comment.trim();
  return {
    resourceType: "Appointment",
    status: "booked",
    ...(booking.service ? { serviceType: [booking.service] } : {}),
    start: fhirTime(booking.start, zone),
    end: fhirTime(booking.end, zone),
    minutesDuration: Math.round((booking.end - booking.start) / 60_000),
    ...(comment ? { comment } : {}),
    participant: [
      { actor: booking.patient, status: "needs-action" },
      ...booking.actors.map((actor) => ({ actor, status: "accepted" as const })),
    ],
  };
}
