/*
 * Clock time of a place and the instants it stands for. The browser knows the zones (IANA); a visit is
 * kept as an instant with its offset, and shown by the clock on the wall of the practice.
 */

/* Minutes since midnight of that day, and the day as year-month-day. */
export interface Wall {
  day: string;
  minute: number;
}

interface Clock {
  format: Intl.DateTimeFormat;
  offsets: Map<
    number,
    number
  > /* minutes ahead of UTC, by quarter of an hour: asking is slow */;
}

const clocks = new Map<string, Clock>();
const quarter = 900_000;

function clockOf(zone: string): Clock {
  let clock = clocks.get(zone);
  if (!clock) {
    const format = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
    });
    clock = { format, offsets: new Map() };
    clocks.set(zone, clock);
  }
  return clock;
}

export function isZone(zone: string): boolean {
  try {
    clockOf(zone);
    return true;
  } catch {
    return false;
  }
}

export function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/* Minutes by which the zone's clocks are ahead of UTC at that instant. */
function offsetAt(instant: number, zone: string): number {
  const clock = clockOf(zone);
  const from = Math.floor(instant / quarter) * quarter;
  let offset = clock.offsets.get(from);
  if (offset === undefined) {
    const part: Record<string, string> = {};
    for (const { type, value } of clock.format.formatToParts(from)) part[type] = value;
    const shown = Date.parse(
      `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:00Z`,
    );
    offset = Math.round((shown - from) / 60_000);
    clock.offsets.set(from, offset);
  }
  return offset;
}

export function wallOf(instant: number, zone: string): Wall {
  const shown = new Date(instant + offsetAt(instant, zone) * 60_000);
  return {
    day: shown.toISOString().slice(0, 10),
    minute: shown.getUTCHours() * 60 + shown.getUTCMinutes(),
  };
}

/* The wall's time read as if it were UTC. */
function plain(wall: Wall): number {
  return Date.parse(`${wall.day}T00:00:00Z`) + wall.minute * 60_000;
}

/* The instant at which the wall shows that. An hour that the clocks skip is taken as the time after it;
 * of one that comes twice, the first is taken. */
export function instantOf(wall: Wall, zone: string): number {
  const asUtc = plain(wall);
  const before = offsetAt(asUtc - 86_400_000, zone);
  const first = asUtc - before * 60_000;
  const second = asUtc - offsetAt(first, zone) * 60_000;
  if (offsetAt(first, zone) === before) return first;
  const back = wallOf(second, zone);
  return back.day === wall.day && back.minute === wall.minute % 1440 ? second : first;
}

/* A FHIR instant in the clock of the place: "2026-11-23T09:00:00-05:00". */
export function fhirTime(instant: number, zone: string): string {
  const offset = offsetAt(instant, zone);
  const local = new Date(instant + offset * 60_000).toISOString().slice(0, 19);
  const size = Math.abs(offset);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000)
    .toISOString()
    .slice(0, 10);
}

/* 0 for Sunday. */
export function weekday(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay();
}

/* The days of the week that the day is in, from Monday. */
export function weekOf(day: string): string[] {
  const monday = addDays(day, -((weekday(day) + 6) % 7));
  return [0, 1, 2, 3, 4, 5, 6].map((count) => addDays(monday, count));
}

/* "09:05" */
export function clockText(minute: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minute / 60) % 24)}:${two(minute % 60)}`;
}

/* Minutes since midnight of "9:05", "09:05" or "0905"; undefined: it is no time of day. */
export function clockMinute(text: string): number | undefined {
  const match = /^(\d{1,2})[:h.]?(\d{2})$/.exec(text.trim());
  const [hour, minute] = [Number(match?.[1]), Number(match?.[2])];
  return match && hour < 24 && minute < 60 ? hour * 60 + minute : undefined;
}
