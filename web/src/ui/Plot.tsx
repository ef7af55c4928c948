/* Values over time as a drawing: a pale band for what is normal, a line for each series, marks by shape as well
 * as colour. By pointer or arrow keys the value and its date are told; a table holds the same beside it. */
import { useId, useMemo, useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { numberText } from "../i18n/number";
import { extent, nearest, pathOf, type Point, type Series, scaleOf } from "./plot";

interface Props {
  label: string;
  unit: string;
  series: readonly Series[];
  band?: { low?: number | undefined; high?: number | undefined } | undefined;
  height?: number;
}

const width = 420;
const edge = { left: 44, right: 10, top: 8, bottom: 20 };
const marksMost = 60; /* beyond, single marks would cover the line */

const day = (at: number) => {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
};

function useGeometry(props: Props) {
  const height = props.height ?? 130;
  const { series, band } = props;
  return useMemo(() => {
    const { from, to, least, most } = extent(series);
    const scale = scaleOf(
      Math.min(least, band?.low ?? least),
      Math.max(most, band?.high ?? most),
    );
    const [wide, high] = [width - edge.left - edge.right, height - edge.top - edge.bottom];
    const x = (at: number) => edge.left + (to > from ? (at - from) / (to - from) : 0.5) * wide;
    const y = (value: number) =>
      edge.top + (1 - (value - scale.least) / (scale.most - scale.least)) * high;
    const place = (point: Point): [number, number] => [x(point.at), y(point.value)];
    const paths = series.map((one) => pathOf(one.points, place, wide));
    const timeAt = (place: number) => from + ((place - edge.left) / wide) * (to - from);
    return { from, to, scale, x, y, paths, timeAt, height };
  }, [series, band?.low, band?.high, height]);
}

function Mark(props: { point: Point; x: number; y: number; at: number }) {
  const { x, y, point } = props;
  if (point.high)
    return <path class="mark out" d={`M${x - 4} ${y + 3}L${x} ${y - 4}L${x + 4} ${y + 3}Z`} />;
  if (point.low)
    return <path class="mark out" d={`M${x - 4} ${y - 3}L${x} ${y + 4}L${x + 4} ${y - 3}Z`} />;
  return props.at % 2 ? (
    <rect class="mark" x={x - 2.5} y={y - 2.5} width={5} height={5} />
  ) : (
    <circle class="mark" cx={x} cy={y} r={2.8} />
  );
}

/* The points nearest to a time that belong together: of one and the same time, which is told with them. */
function together(series: readonly Series[], time: number) {
  const near = series.flatMap((one) => {
    const point = one.points[nearest(one.points, time)];
    return point ? [{ name: one.name, point }] : [];
  });
  return near.filter(({ point }) => point.at === near[0]?.point.at);
}

export function Plot(props: Props) {
  const { t } = useLanguage();
  const id = useId();
  const { series, band, unit } = props;
  const [time, setTime] = useState<number>();
  const { from, to, scale, x, y, paths, timeAt, height } = useGeometry(props);
  const first = series[0]?.points ?? [];
  const chosen = time === undefined ? [] : together(series, time);
  const told = chosen
    .map(({ name, point }) => {
      const out = point.high ? ` ▲ ${t("plotHigh")}` : point.low ? ` ▼ ${t("plotLow")}` : "";
      return `${series.length > 1 ? `${name} ` : ""}${numberText(point.value)} ${unit}${out}`;
    })
    .join(", ");
  const when = chosen[0] && day(chosen[0].point.at);

  const step = (by: number) => {
    const now = time === undefined ? first.length - 1 : nearest(first, time) + by;
    const point = first[Math.min(first.length - 1, Math.max(0, now))];
    if (point) setTime(point.at);
  };
  const pressed = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      Home: -first.length,
      End: first.length,
    };
    const by = steps[event.key];
    if (event.key === "Escape") setTime(undefined);
    if (by === undefined) return;
    event.preventDefault();
    step(by);
  };
  const pointed = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    setTime(timeAt(((event.clientX - box.left) / box.width) * width));
  };
  const [bottom, top] = [
    Math.min(y(band?.low ?? scale.least), y(scale.least)),
    Math.max(y(band?.high ?? scale.most), y(scale.most)),
  ];
  return (
    <figure class="plot">
      <div
        role="slider"
        tabIndex={0}
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, first.length - 1)}
        aria-valuenow={time === undefined ? first.length - 1 : nearest(first, time)}
        aria-valuetext={when ? `${when}: ${told}` : t("plotKeys")}
        onKeyDown={pressed}
        onPointerMove={pointed}
        onPointerLeave={() => setTime(undefined)}
        onBlur={() => setTime(undefined)}
      >
        <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          {(band?.low !== undefined || band?.high !== undefined) && (
            <rect
              class="normal"
              x={edge.left}
              width={width - edge.left - edge.right}
              y={top}
              height={Math.max(0, bottom - top)}
            />
          )}
          {scale.steps.map((value) => (
            <g key={value}>
              <line
                class="grid-line"
                x1={edge.left}
                x2={width - edge.right}
                y1={y(value)}
                y2={y(value)}
              />
              <text x={edge.left - 5} y={y(value) + 4} text-anchor="end">
                {value}
              </text>
            </g>
          ))}
          <text x={edge.left} y={height - 4}>
            {day(from)}
          </text>
          {to > from && (
            <text x={width - edge.right} y={height - 4} text-anchor="end">
              {day(to)}
            </text>
          )}
          {series.map((one, at) => (
            <g key={one.name} data-series={at}>
              <path class="line" d={paths[at]} />
              {one.points.length <= marksMost &&
                one.points.map((point) => (
                  <Mark
                    key={point.at}
                    point={point}
                    x={x(point.at)}
                    y={y(point.value)}
                    at={at}
                  />
                ))}
            </g>
          ))}
          {chosen.map(({ name, point }) => (
            <circle key={name} class="chosen" cx={x(point.at)} cy={y(point.value)} r={6} />
          ))}
        </svg>
      </div>
      <figcaption id={id}>
        {when ? (
          <span>
            <strong>{told}</strong> {when}
          </span>
        ) : (
          <span class="hint">
            {series.length > 1
              ? series.map((one, at) => `${at % 2 ? "■" : "●"} ${one.name}`).join("  ")
              : t("plotKeys")}
          </span>
        )}
      </figcaption>
    </figure>
  );
}
