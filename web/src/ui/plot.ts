/* The geometry of a plot, without a screen: scales with round steps, paths, and the point nearest to a place.
 * Of more points than pixels only the least and the most of each pixel are drawn. */
export interface Point {
  at: number /* milliseconds */;
  value: number;
  high?: boolean /* above what is normal */;
  low?: boolean;
}

export interface Series {
  name: string;
  points: readonly Point[] /* the oldest first */;
}

export interface Scale {
  least: number;
  most: number;
  steps: number[];
}

/* Steps of 1, 2 or 5 times a power of ten that hold all the values. */
export function scaleOf(least: number, most: number, wanted = 4): Scale {
  const span = most - least || Math.abs(most) || 1;
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const first = Math.floor(least / step);
  const last = Math.max(first + 1, Math.ceil(most / step));
  const steps = [];
  for (let at = first; at <= last; at++) steps.push(Number((at * step).toPrecision(12)));
  return { least: first * step, most: last * step, steps };
}

export function extent(series: readonly Series[]): {
  from: number;
  to: number;
  least: number;
  most: number;
} {
  let [from, to, least, most] = [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  for (const { points } of series)
    for (const { at, value } of points) {
      if (at < from) from = at;
      if (at > to) to = at;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  return { from, to, least, most };
}

type Place = (point: Point) => [x: number, y: number];

export function pathOf(points: readonly Point[], place: Place, width: number): string {
  const parts: string[] = [];
  const put = (point: Point) => {
    const [x, y] = place(point);
    parts.push(`${parts.length ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`);
  };
  if (points.length <= width * 2) {
    for (const point of points) put(point);
    return parts.join("");
  }
  let column = Number.NaN;
  let lowest: Point | undefined;
  let highest: Point | undefined;
  const flush = () => {
    if (!lowest || !highest) return;
    const [first, second] = lowest.at <= highest.at ? [lowest, highest] : [highest, lowest];
    put(first);
    if (second !== first) put(second);
  };
  for (const point of points) {
    const x = Math.floor(place(point)[0]);
    if (x !== column) {
      flush();
      column = x;
      lowest = point;
      highest = point;
    } else if (lowest && highest) {
      if (point.value < lowest.value) lowest = point;
      if (point.value > highest.value) highest = point;
    }
  }
  flush();
  return parts.join("");
}

/* The place in the list of the point nearest in time. */
export function nearest(points: readonly Point[], at: number): number {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as Point).at < at) low = middle + 1;
    else high = middle;
  }
  const before = points[low - 1];
  const after = points[low];
  return before && after && at - before.at < after.at - at ? low - 1 : low;
}
