/* Visits and those who give them, as the calendar wants them. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/preact-query";
import type {
  Appointment,
  FhirResource,
  HealthcareService,
  Location,
  Patient,
  Practitioner,
  PractitionerRole,
} from "fhir/r4";
import { type Visit, visitOf } from "../fhir/appointment";
import { create, FhirError, type Held, read, search, searchAll, update } from "../fhir/client";
import type { Query } from "../fhir/patientSearch";
import { nameText, staffName } from "../fhir/person";
import { addDays, browserZone, fhirTime, instantOf, isZone } from "../fhir/zone";
import type { Translate } from "../i18n";

/* Whom or what a column stands for. */
export interface Actor {
  reference: string;
  name: string;
  room: boolean;
  roles: PractitionerRole[] /* what they are here for, and when */;
}

const zoneUrl = "http://hl7.org/fhir/StructureDefinition/timezone";

function zoneOf(locations: Location[]): string {
  for (const location of locations) {
    const zone = location.extension?.find((one) => one.url === zoneUrl)?.valueCode;
    if (zone && isZone(zone)) return zone;
  }
  return browserZone();
}

function isRoom(location: Location): boolean {
  return ["ro", "bd", "ve"].includes(location.physicalType?.coding?.[0]?.code ?? "");
}

function actorOf(resource: FhirResource): Actor | undefined {
  const reference = `${resource.resourceType}/${resource.id}`;
  if (resource.resourceType === "Practitioner")
    return { reference, name: staffName(resource), room: false, roles: [] };
  if (resource.resourceType === "Location" && isRoom(resource))
    return { reference, name: resource.name ?? reference, room: true, roles: [] };
  return undefined;
}

export interface Practice {
  actors: Actor[];
  zone: string;
  services: HealthcareService[];
  planned: boolean /* schedules are kept; else everybody who is known is shown */;
}

/* A role stands for the person who has it. */
async function scheduled(signal: AbortSignal): Promise<FhirResource[]> {
  return searchAll<FhirResource>(
    "Schedule",
    [
      ["active", "true"],
      ["_include", "Schedule:actor"],
      ["_include:iterate", "PractitionerRole:practitioner"],
      ["_count", "200"],
    ],
    signal,
  );
}

async function everybody(signal: AbortSignal): Promise<FhirResource[]> {
  const page = await search<Practitioner | PractitionerRole>(
    "Practitioner",
    [
      ["active:not", "false"],
      ["_sort", "family"],
      ["_count", "60"],
    ],
    signal,
  );
  return page.found;
}

const all: Query = [
  ["active:not", "false"],
  ["_count", "200"],
];

async function practice(signal: AbortSignal): Promise<Practice> {
  const [kept, locations, services, roles] = await Promise.all([
    scheduled(signal),
    searchAll<Location>(
      "Location",
      [
        ["status:not", "inactive"],
        ["_count", "200"],
      ],
      signal,
      1000,
    ),
    searchAll<HealthcareService>("HealthcareService", all, signal, 1000),
    searchAll<PractitionerRole>("PractitionerRole", all, signal, 1000),
  ]);
  const planned = kept.some((one) => one.resourceType !== "Schedule");
  const found = planned ? kept : [...(await everybody(signal)), ...locations];
  const byName = new Map<string, Actor>();
  for (const one of found) {
    const actor = actorOf(one);
    if (actor) byName.set(actor.reference, actor);
  }
  for (const role of roles) byName.get(role.practitioner?.reference ?? "")?.roles.push(role);
  const actors = [...byName.values()].sort(
    (a, b) => Number(a.room) - Number(b.room) || a.name.localeCompare(b.name),
  );
  return { actors, zone: zoneOf(locations), services, planned };
}

export function usePractice() {
  return useQuery({
    queryKey: ["practice"],
    queryFn: ({ signal }) => practice(signal),
    staleTime: 300_000,
  });
}

const shown: Query = [
  ["_elements", "status,start,end,minutesDuration,participant,serviceType,comment,extension"],
  ["_count", "500"],
];

const namesAtOnce = 200;
const namesKeptMs = 5 * 60_000;

const nameKey = (id: string) => ["Patient", "name", id] as const;

/* A name that was looked up a moment ago is not looked up again with each list. */
function knownName(queries: QueryClient, id: string): Patient | undefined {
  const state = queries.getQueryState<Patient>(nameKey(id));
  const fresh = state && !state.isInvalidated && Date.now() - state.dataUpdatedAt < namesKeptMs;
  return fresh ? state.data : undefined;
}

/* Patients are shown by their names as they are now, family name first; where a name may not be seen,
 * as the appointment has it. */
async function named(
  queries: QueryClient,
  appointments: Appointment[],
  signal: AbortSignal,
  t: Translate,
) {
  const patients = appointments.flatMap((one) =>
    one.participant.flatMap(({ actor }) =>
      actor?.reference?.startsWith("Patient/") ? [actor] : [],
    ),
  );
  const all = [...new Set(patients.map((one) => one.reference?.slice(8) ?? ""))];
  const ids = all.filter((id) => !knownName(queries, id));
  const parts = Array.from({ length: Math.ceil(ids.length / namesAtOnce) }, (_, at) =>
    search<Patient>(
      "Patient",
      [
        ["_id", ids.slice(at * namesAtOnce, (at + 1) * namesAtOnce).join(",")],
        ["_elements", "name"],
        ["_count", String(namesAtOnce)],
      ],
      signal,
    ),
  );
  const found = (await Promise.all(parts)).flatMap((page) => page.found);
  for (const one of found) queries.setQueryData(nameKey(one.id ?? ""), one);
  for (const one of patients) {
    const patient = knownName(queries, one.reference?.slice(8) ?? "");
    if (patient) one.display = nameText(patient, t);
  }
}

const listKey = (from: string, days: number) => ["Appointment", "days", from, days] as const;

/* Those that begin within so many days from `from`, by the clock of the place. */
export function useAppointments(from: string, days: number, zone: string, t: Translate) {
  const edge = (day: string) => fhirTime(instantOf({ day, minute: 0 }, zone), zone);
  const queries = useQueryClient();
  return useQuery({
    queryKey: listKey(from, days),
    queryFn: async ({ signal }) => {
      const query: Query = [
        ["date", `ge${edge(from)}`],
        ["date", `lt${edge(addDays(from, days))}`],
        ...shown,
      ];
      const found = await searchAll<Appointment>("Appointment", query, signal);
      await named(queries, found, signal, t);
      return found;
    },
    refetchInterval: 30_000,
  });
}

export function visitsOf(appointments: readonly Appointment[]): Visit[] {
  return appointments.flatMap((one) => visitOf(one) ?? []);
}

/* Somebody changed it since it was shown. */
export class Outdated extends Error {}

export interface Done {
  held: Held<Appointment>;
  undo: () => Promise<void>;
}

export function useAppointmentChanges() {
  const queries = useQueryClient();
  const key = ["Appointment", "days"];

  /* In every list on screen, in place of what was there. */
  function put(appointment: Appointment) {
    queries.setQueriesData<Appointment[]>({ queryKey: key }, (list) =>
      list?.map((one) => (one.id === appointment.id ? appointment : one)),
    );
  }
  const refresh = () => queries.invalidateQueries({ queryKey: key });

  /* Shows the change at once, then makes it; what is refused goes back to where it was. */
  async function change(
    seen: Appointment,
    how: (appointment: Appointment) => Appointment,
  ): Promise<Done> {
    await queries.cancelQueries({ queryKey: key });
    put(how(seen));
    try {
      const before = await read<Appointment>("Appointment", seen.id ?? "");
      if (before.resource.meta?.versionId !== seen.meta?.versionId) throw new Outdated();
      const after = await update({ resource: how(before.resource), etag: before.etag });
      put(after.resource);
      const undo = async () => {
        const back = await update({ resource: before.resource, etag: after.etag });
        put(back.resource);
        void refresh();
      };
      return { held: after, undo };
    } catch (error) {
      put(seen);
      if (error instanceof FhirError && error.status === 412) throw new Outdated();
      throw error;
    } finally {
      void refresh();
    }
  }

  async function book(appointment: Appointment, intent: string): Promise<Done> {
    const made = await create(appointment, intent);
    queries.setQueriesData<Appointment[]>({ queryKey: key }, (list) =>
      list ? [...list, made.resource] : list,
    );
    void refresh();
    const undo = async () => {
      const off = await update({
        resource: { ...made.resource, status: "entered-in-error" },
        etag: made.etag,
      });
      put(off.resource);
      void refresh();
    };
    return { held: made, undo };
  }

  return { change, book, refresh };
}
