/* Numbers over time out of Observations: one topic for each code, its components as series of one drawing. */
import type { FhirResource, Observation, ObservationReferenceRange } from "fhir/r4";
import { conceptText } from "../../fhir/codes";
import type { Translate } from "../../i18n";
import type { Point, Series } from "../../ui/plot";
import { dayText, inCategory, instant, isWrong, partsOf, whenOf } from "./value";
import { codeName, vitalName } from "./vitals";

export interface Topic {
  key: string;
  name: string;
  unit: string;
  vital: boolean;
  series: Series[];
  band: { low?: number | undefined; high?: number | undefined } | undefined;
  last: Observation;
  observations: Observation[] /* the newest first */;
}

function outside(
  value: number,
  ranges: ObservationReferenceRange[] | undefined,
  flags: Observation["interpretation"],
): Pick<Point, "high" | "low"> {
  const codes = (flags ?? []).flatMap((one) => one.coding ?? []).map((one) => one.code ?? "");
  const range = ranges?.[0];
  if (codes.some((code) => /^H/.test(code)) || value > (range?.high?.value ?? value))
    return { high: true };
  if (codes.some((code) => /^L/.test(code)) || value < (range?.low?.value ?? value))
    return { low: true };
  return {};
}

function keyOf(observation: Observation): string {
  const unit = observation.valueQuantity?.code ?? observation.valueQuantity?.unit ?? "";
  const code = observation.code.coding?.[0]?.code ?? conceptText(observation.code);
  return `${code} ${unit}`; /* values in another unit are another drawing */
}

function seriesOf(sorted: readonly Observation[], t: Translate): Series[] {
  const byName = new Map<string, Point[]>();
  const put = (name: string, point: Point) => {
    const known = byName.get(name);
    if (known) known.push(point);
    else byName.set(name, [point]);
  };
  for (const one of sorted) {
    const at = instant(whenOf(one));
    const value = one.valueQuantity?.value;
    if (value !== undefined)
      put("", { at, value, ...outside(value, one.referenceRange, one.interpretation) });
    for (const part of partsOf(one)) {
      const inner = part.valueQuantity?.value;
      if (inner !== undefined)
        put(codeName(part.code, t), {
          at,
          value: inner,
          ...outside(inner, part.referenceRange, part.interpretation),
        });
    }
  }
  return [...byName].map(([name, points]) => ({ name, points }));
}

function bandOf(last: Observation): Topic["band"] {
  const range = last.referenceRange?.[0];
  if (!range) return undefined;
  return { low: range.low?.value, high: range.high?.value };
}

export function topicsOf(all: readonly FhirResource[], t: Translate): Topic[] {
  const groups = new Map<string, { at: number; one: Observation }[]>();
  for (const one of all as Observation[]) {
    const numeric =
      one.valueQuantity?.value !== undefined ||
      one.component?.some((part) => part.valueQuantity?.value !== undefined);
    const at = instant(whenOf(one));
    if (!numeric || isWrong(one) || Number.isNaN(at)) continue;
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push({ at, one });
    else groups.set(key, [{ at, one }]);
  }
  const topics = [...groups].map(([key, group]): Topic => {
    const sorted = group.sort((a, b) => a.at - b.at).map(({ one }) => one);
    const last = sorted.at(-1) as Observation;
    const part = last.component?.find((one) => one.valueQuantity)?.valueQuantity;
    return {
      key,
      name: vitalName(last, t),
      unit: (last.valueQuantity ?? part)?.unit ?? "",
      vital: inCategory(last, "vital-signs"),
      series: seriesOf(sorted, t),
      band: bandOf(last),
      last,
      observations: sorted.reverse(),
    };
  });
  return topics.sort(
    (a, b) =>
      Number(b.vital) - Number(a.vital) ||
      Number(b.observations.length > 1) - Number(a.observations.length > 1) ||
      a.name.localeCompare(b.name),
  );
}

/* The days on which anything was measured, the newest first. */
export function daysOf(topics: readonly Topic[], most: number): string[] {
  const days = new Set<string>();
  for (const topic of topics)
    for (const one of topic.observations) days.add(dayText(whenOf(one)));
  return [...days].sort().reverse().slice(0, most);
}
