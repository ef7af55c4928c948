/* The status of an entry in the screen's words. FHIR R4: the codes of `status`, `clinicalStatus` and
 * `lifecycleStatus` of what a chart is made of. */
import type { FhirResource } from "fhir/r4";
import type { Translate } from "../../i18n";
import type { Key } from "../../i18n/en";
import { statusOf } from "./value";

const words: Record<string, Key> = {
  active: "stateActive",
  amended: "stateAmended",
  arrived: "stateArrived",
  cancelled: "stateCancelled",
  completed: "stateCompleted",
  corrected: "stateAmended",
  current: "stateCurrent",
  draft: "stateDraft",
  final: "stateFinal",
  finished: "stateCompleted",
  inactive: "stateInactive",
  "in-progress": "stateInProgress",
  intended: "statePlanned",
  "not-done": "stateNotDone",
  "not-taken": "stateNotTaken",
  "on-hold": "stateOnHold",
  planned: "statePlanned",
  preliminary: "statePreliminary",
  preparation: "statePlanned",
  proposed: "statePlanned",
  recurrence: "stateRecurrence",
  registered: "stateRegistered",
  relapse: "stateRelapse",
  remission: "stateRemission",
  resolved: "stateResolved",
  revoked: "stateStopped",
  stopped: "stateStopped",
  superseded: "stateSuperseded",
  unknown: "notKnown",
};

const given: Record<string, Key> = { completed: "stateGiven", "not-done": "stateNotGiven" };

/* A code that is not in the table is shown as it is: better than nothing. */
export function statusText(resource: FhirResource, t: Translate): string {
  const status = statusOf(resource);
  const key = (resource.resourceType === "Immunization" && given[status]) || words[status];
  return key ? t(key) : status;
}

const plain = ["", "active", "completed", "final", "partial"];

/* What must be said beside an entry, because it is not simply so: not given, on hold. Nothing where it holds. */
export function exceptionText(resource: FhirResource, t: Translate): string {
  const status = statusOf(resource);
  return plain.includes(status) ? "" : statusText(resource, t);
}
