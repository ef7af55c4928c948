/* Results and vital signs: a drawing for each, its values in a table, and all of them side by side by day. */
import type { Observation } from "fhir/r4";
import { useId, useMemo, useState } from "preact/hooks";
import type { Resources } from "../../data/chart";
import { useLanguage } from "../../i18n";
import { Plot } from "../../ui/Plot";
import { daysOf, type Topic, topicsOf } from "./results";
import { dayText, rangeText, timeText, valueText, whenOf } from "./value";

const columnsMost = 12;
const drawnMost = 40; /* the rest when it is asked for */

function abnormal(topic: Topic): string {
  const point = topic.series[0]?.points.at(-1);
  return point?.high ? " ▲" : point?.low ? " ▼" : "";
}

function Values(props: { topic: Topic }) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  const { topic } = props;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("plotTable", { count: topic.observations.length })}</summary>
      {open && (
        <div class="wide">
          <table class="differs">
            <caption class="unseen">{topic.name}</caption>
            <thead>
              <tr>
                <th>{t("chartDay")}</th>
                <th>{t("plotValue")}</th>
                <th>{t("plotRange")}</th>
              </tr>
            </thead>
            <tbody>
              {topic.observations.slice(0, 500).map((one) => (
                <tr key={one.id}>
                  <td>{timeText(whenOf(one))}</td>
                  <td>{valueText(one)}</td>
                  <td>{rangeText(one)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function Card(props: { topic: Topic }) {
  const { topic } = props;
  const id = useId();
  const flag = abnormal(topic);
  return (
    <section class="panel card drawn" aria-labelledby={id}>
      <h2 id={id}>
        {topic.name}{" "}
        <span class={flag ? "abnormal" : ""}>
          {valueText(topic.last)}
          {flag}
        </span>{" "}
        <small>{dayText(whenOf(topic.last))}</small>
      </h2>
      {topic.observations.length > 1 && (
        <Plot label={topic.name} unit={topic.unit} series={topic.series} band={topic.band} />
      )}
      <Values topic={topic} />
    </section>
  );
}

/* Each topic a row, each day a column: what a paper flow sheet shows. */
function Cumulative(props: { topics: Topic[] }) {
  const { t } = useLanguage();
  const days = useMemo(() => daysOf(props.topics, columnsMost), [props.topics]);
  const at = (topic: Topic, day: string): Observation | undefined =>
    topic.observations.find((one) => dayText(whenOf(one)) === day);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="wide panel" aria-label={t("plotCumulative")} tabIndex={0}>
      <table class="differs cumulative">
        <caption class="unseen">{t("plotCumulative")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("kindResult")}</th>
            {days.map((day) => (
              <th key={day} scope="col">
                {day}
              </th>
            ))}
            <th scope="col">{t("plotRange")}</th>
          </tr>
        </thead>
        <tbody>
          {props.topics.map((topic) => (
            <tr key={topic.key}>
              <th scope="row">{topic.name}</th>
              {days.map((day) => {
                const one = at(topic, day);
                return <td key={day}>{one ? valueText(one) : ""}</td>;
              })}
              <td>{rangeText(topic.last)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function Results(props: { all: Resources; loading: boolean }) {
  const { t } = useLanguage();
  const find = useId();
  const [typed, setTyped] = useState("");
  const [table, setTable] = useState(false);
  const [whole, setWhole] = useState(false);
  const topics = useMemo(
    () => topicsOf(props.all.get("Observation") ?? [], t),
    [props.all, t("chartVitals")],
  );
  const words = typed.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fitting = topics.filter((topic) =>
    words.every((word) => topic.name.toLocaleLowerCase().includes(word)),
  );
  const drawn = whole ? fitting : fitting.slice(0, drawnMost);
  if (!topics.length) return <p class="panel empty">{t("chartNothing")}</p>;
  return (
    <>
      <div class="bar">
        <div class="field find">
          <label for={find}>{t("plotFind")}</label>
          <input
            id={find}
            type="search"
            autocomplete="off"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
        <button
          type="button"
          class="plain"
          aria-pressed={table}
          onClick={() => setTable(!table)}
        >
          {t("plotCumulative")}
        </button>
      </div>
      {props.loading && <p class="hint">{t("chartOlder")}</p>}
      {table ? (
        <Cumulative topics={fitting} />
      ) : (
        <div class="drawings">
          {drawn.map((topic) => (
            <Card key={topic.key} topic={topic} />
          ))}
        </div>
      )}
      {!table && drawn.length < fitting.length && (
        <button type="button" class="plain" onClick={() => setWhole(true)}>
          {t("plotMore", { count: fitting.length - drawn.length })}
        </button>
      )}
    </>
  );
}
