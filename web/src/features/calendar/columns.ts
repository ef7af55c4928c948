/* The columns of a calendar: each is a day of somebody, and holds that person's visits. */
import type { Actor } from "../../data/calendar";
import type { Visit } from "../../fhir/appointment";
import { wallOf } from "../../fhir/zone";
import { openSpans } from "./hours";
import { lanes, type Place, type Span } from "./layout";

export interface Standing extends Span {
  visit: Visit;
  place: Place;
}

export interface Column {
  key: string;
  day: string;
  actor: Actor;
  standing: Standing[] /* by time */;
  open: Span[] | undefined /* when they are there, if that is known */;
}

export const columnKey = (day: string, reference: string): string => `${day} ${reference}`;

/* A visit that goes on past midnight ends with the day. */
function spanOf(visit: Visit, zone: string): Span & { day: string } {
  const start = wallOf(visit.start, zone);
  return {
    day: start.day,
    from: start.minute,
    to: Math.min(1440, start.minute + Math.max(5, (visit.end - visit.start) / 60_000)),
  };
}

/* Cancelled visits keep nobody busy and are left out. */
export function columnsOf(
  days: readonly string[],
  actors: readonly Actor[],
  visits: readonly Visit[],
  zone: string,
): Column[] {
  const byColumn = new Map<string, Standing[]>();
  for (const visit of visits) {
    if (visit.stage === "cancelled") continue;
    const { day, from, to } = spanOf(visit, zone);
    for (const reference of visit.actors) {
      const key = columnKey(day, reference);
      const list = byColumn.get(key) ?? [];
      list.push({ visit, from, to, place: { lane: 0, lanes: 1 } });
      byColumn.set(key, list);
    }
  }
  for (const list of byColumn.values()) {
    list.sort((a, b) => a.from - b.from || b.to - a.to);
    for (const [at, place] of lanes(list).entries()) {
      const standing = list[at];
      if (standing) standing.place = place;
    }
  }
  return days.flatMap((day) =>
    actors.map((actor) => {
      const key = columnKey(day, actor.reference);
      const open = openSpans(actor.roles, day);
      return { key, day, actor, standing: byColumn.get(key) ?? [], open };
    }),
  );
}

/* Where an arrow leads from a visit: along its column, or to the nearest in time beside it. */
export function neighbour(
  columns: readonly Column[],
  key: string,
  visit: string,
  arrow: string,
): { column: string; visit: string } | undefined {
  const at = columns.findIndex((column) => column.key === key);
  const here = columns[at];
  const index = here?.standing.findIndex((one) => one.visit.id === visit) ?? -1;
  const from = here?.standing[index];
  if (!here || !from) return undefined;
  if (arrow === "ArrowUp" || arrow === "ArrowDown") {
    const next = here.standing[index + (arrow === "ArrowDown" ? 1 : -1)];
    return next && { column: key, visit: next.visit.id };
  }
  const step = { ArrowLeft: -1, ArrowRight: 1 }[arrow];
  for (let side = at + (step ?? 0); step && columns[side]; side += step) {
    const list = columns[side]?.standing ?? [];
    const near = [...list].sort(
      (a, b) => Math.abs(a.from - from.from) - Math.abs(b.from - from.from),
    )[0];
    if (near) return { column: columns[side]?.key ?? "", visit: near.visit.id };
  }
  return undefined;
}
