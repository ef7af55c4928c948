/* When somebody is there: the availableTime of their roles, less what is not available. docs/api.md, Scheduling. */
import type { Period, PractitionerRole } from "fhir/r4";
import { clockMinute, weekday } from "../../fhir/zone";
import type { Span } from "./layout";

const names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const effectiveUrl = "urn:hale:effective";

type Available = NonNullable<PractitionerRole["availableTime"]>[number];

function within(day: string, period: Period | undefined): boolean {
  return (
    (!period?.start || day >= period.start.slice(0, 10)) &&
    (!period?.end || day <= period.end.slice(0, 10))
  );
}

function spanOf(time: Available): Span {
  if (time.allDay) return { from: 0, to: 1440 };
  const from = clockMinute((time.availableStartTime ?? "00:00").slice(0, 5)) ?? 0;
  const to = clockMinute((time.availableEndTime ?? "00:00").slice(0, 5)) ?? 0;
  return { from, to: to > from ? to : 1440 };
}

function holds(time: Available, day: string): boolean {
  const days = time.daysOfWeek ?? [];
  const effective = time.extension?.find((one) => one.url === effectiveUrl)?.valuePeriod;
  return (
    (days.length === 0 || (days as string[]).includes(names[weekday(day)] ?? "")) &&
    within(day, effective)
  );
}

/* Undefined: nothing is said about when they are there. */
export function openSpans(roles: readonly PractitionerRole[], day: string): Span[] | undefined {
  const said = roles.filter((role) => role.active !== false && role.availableTime?.length);
  if (said.length === 0) return undefined;
  return said.flatMap((role) => {
    const away = role.notAvailable?.some((one) => one.during && within(day, one.during));
    if (away || !within(day, role.period)) return [];
    return (role.availableTime ?? []).filter((time) => holds(time, day)).map(spanOf);
  });
}

/* What is left of `whole` between the spans: where nobody is there. */
export function closedSpans(open: readonly Span[], whole: Span): Span[] {
  const closed: Span[] = [];
  let at = whole.from;
  for (const span of [...open].sort((a, b) => a.from - b.from)) {
    if (span.from > at) closed.push({ from: at, to: Math.min(span.from, whole.to) });
    at = Math.max(at, span.to);
  }
  if (at < whole.to) closed.push({ from: at, to: whole.to });
  return closed.filter((span) => span.to > span.from);
}
