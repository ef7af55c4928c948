/* Where things stand in a calendar's column. No DOM here. */

export interface Span {
  from: number /* minutes since midnight */;
  to: number;
}

export interface Place {
  lane: number;
  lanes: number /* of those that are side by side here */;
}

/* Overlapping spans stand side by side: each gets the first lane that is free, and a cluster of spans
 * that hang together shares its width evenly. In the order given. */
export function lanes(spans: readonly Span[]): Place[] {
  const order = spans.map((_, at) => at);
  order.sort(
    (a, b) => at(spans, a).from - at(spans, b).from || at(spans, b).to - at(spans, a).to,
  );
  const places: Place[] = spans.map(() => ({ lane: 0, lanes: 1 }));
  let cluster: number[] = [];
  let ends: number[] = []; /* of each lane */
  const close = () => {
    for (const one of cluster) at(places, one).lanes = ends.length;
    cluster = [];
    ends = [];
  };
  for (const one of order) {
    const span = at(spans, one);
    if (ends.every((end) => end <= span.from)) close();
    const free = ends.findIndex((end) => end <= span.from);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = span.to;
    at(places, one).lane = lane;
    cluster.push(one);
  }
  close();
  return places;
}

function at<T>(items: readonly T[], index: number): T {
  return items[index] as T;
}

export const step = 5; /* minutes that a visit is moved by with the pointer */

export function snapped(minute: number, by: number = step): number {
  return Math.round(minute / by) * by;
}

/* The hours on screen: those that are worked, and whatever is booked outside them. */
export function hoursShown(
  spans: readonly Span[],
  usual: Span = { from: 480, to: 1080 },
): Span {
  let { from, to } = usual;
  for (const span of spans) {
    from = Math.min(from, span.from);
    to = Math.max(to, span.to);
  }
  return {
    from: Math.max(0, Math.floor(from / 60) * 60),
    to: Math.min(1440, Math.ceil(to / 60) * 60),
  };
}

/* The first time from `after` at which nothing of that length meets anything taken. */
export function firstFree(taken: readonly Span[], after: number, length: number): number {
  let from = after;
  for (const span of [...taken].sort((a, b) => a.from - b.from))
    if (span.from < from + length && span.to > from) from = span.to;
  return from;
}
