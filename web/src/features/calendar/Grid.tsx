/*
 * The grid: hours down, columns across. Every visit is a button; a press on an empty time books there.
 * Arrows go from visit to visit, Alt with an arrow moves the visit, as dragging does.
 */
import { memo } from "preact/compat";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Stage } from "../../fhir/appointment";
import { clockText } from "../../fhir/zone";
import { useLanguage } from "../../i18n";
import { type Column, neighbour, type Standing } from "./columns";
import { drag, type Ghost } from "./drag";
import { closedSpans } from "./hours";
import { type Span, snapped } from "./layout";
import { patientsText, stageIcons, stageKeys } from "./stages";

export interface GridActions {
  open: (visit: string) => void;
  book: (column: Column, minute: number) => void;
  move: (ghost: Ghost) => void;
  arrive: (visit: string) => void;
}

interface GridProps {
  columns: Column[];
  hours: Span;
  selected: string | undefined;
  now: { day: string; minute: number };
  dayText: (day: string) => string;
  days: readonly string[];
  colours: Map<string, string> /* of services, by reference and by name */;
  actions: GridActions;
}

function minutes(count: number): string {
  return `calc(var(--minute) * ${count})`;
}

function whenText(one: Standing): string {
  const { service } = one.visit;
  return `${clockText(one.from)}–${clockText(one.to)}${service && ` · ${service}`}`;
}

function Block(props: {
  one: Standing;
  column: Column;
  hours: Span;
  selected: boolean;
  colour: string | undefined;
  open: (visit: string) => void;
  grab: (event: PointerEvent, one: Standing, end: boolean) => void;
}) {
  const { t } = useLanguage();
  const { one, column, hours } = props;
  const share = 100 / one.place.lanes;
  return (
    <button
      type="button"
      class="visit"
      data-visit={one.visit.id}
      data-stage={one.visit.stage satisfies Stage}
      data-short={one.to - one.from < 30 ? "" : undefined}
      aria-pressed={props.selected}
      style={{
        top: minutes(one.from - hours.from),
        height: minutes(one.to - one.from),
        left: `${one.place.lane * share}%`,
        width: `${share}%`,
        ...(props.colour ? { borderLeftColor: props.colour } : {}),
      }}
      onClick={(event) => {
        event.stopPropagation();
        props.open(one.visit.id);
      }}
      onPointerDown={(event) => props.grab(event, one, false)}
    >
      <span class="who">
        <span aria-hidden="true">{stageIcons[one.visit.stage]} </span>
        {patientsText(one.visit, t)}
      </span>
      <span class="when"> {whenText(one)}</span>
      <span class="unseen">
        , {t(stageKeys[one.visit.stage])}, {column.actor.name}
      </span>
      <span
        class="grip"
        onPointerDown={(event) => {
          event.stopPropagation();
          props.grab(event, one, true);
        }}
      />
    </button>
  );
}

const Body = memo(function Body(props: {
  column: Column;
  hours: Span;
  selected: string | undefined;
  ghost: Ghost | undefined;
  now: number | undefined;
  colours: Map<string, string>;
  book: (column: Column, minute: number) => void;
  open: (visit: string) => void;
  grab: (event: PointerEvent, column: Column, one: Standing, end: boolean) => void;
}) {
  const { column, hours, ghost } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: by keyboard, b opens the same panel
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for pointers; the button above the grid books too
    <div
      class="column"
      data-column={column.key}
      data-from={hours.from}
      data-to={hours.to}
      style={{ height: minutes(hours.to - hours.from) }}
      onClick={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const perMinute = box.height / (hours.to - hours.from);
        const minute = hours.from + (event.clientY - box.top) / perMinute;
        props.book(column, Math.floor(minute / 15) * 15);
      }}
    >
      {column.open &&
        closedSpans(column.open, hours).map((span) => (
          <div
            key={span.from}
            class="closed"
            style={{
              top: minutes(span.from - hours.from),
              height: minutes(span.to - span.from),
            }}
          />
        ))}
      {column.standing.map((one) => (
        <Block
          key={one.visit.id}
          one={one}
          column={column}
          hours={hours}
          selected={props.selected === one.visit.id}
          colour={props.colours.get(one.visit.serviceReference || one.visit.service)}
          open={props.open}
          grab={(event, standing, end) => props.grab(event, column, standing, end)}
        />
      ))}
      {props.now !== undefined && props.now >= hours.from && props.now <= hours.to && (
        <div class="now" style={{ top: minutes(props.now - hours.from) }} />
      )}
      {ghost && (
        <div
          class="ghost"
          style={{
            top: minutes(ghost.from - hours.from),
            height: minutes(ghost.to - ghost.from),
          }}
        >
          {clockText(ghost.from)}–{clockText(ghost.to)}
        </div>
      )}
    </div>
  );
});

/* The keyboard's way: which of the actions a key stands for on the visit that has the focus. */
function useKeys(props: GridProps, root: { current: HTMLDivElement | null }) {
  function focus(column: string, visit: string) {
    root.current
      ?.querySelector<HTMLElement>(`[data-column="${column}"] [data-visit="${visit}"]`)
      ?.focus();
  }
  function shift(column: Column, one: Standing, arrow: string) {
    const at = props.columns.indexOf(column);
    const side = { ArrowLeft: -1, ArrowRight: 1 }[arrow] ?? 0;
    const by = { ArrowUp: -15, ArrowDown: 15 }[arrow] ?? 0;
    const target = props.columns[at + side];
    const from = snapped(one.from + by);
    if (!target || from < 0 || from >= 1440) return;
    props.actions.move({
      visit: one.visit,
      fromColumn: column.key,
      column: target.key,
      from,
      to: from + (one.to - one.from),
    });
  }
  return (event: KeyboardEvent) => {
    const button = (event.target as HTMLElement).closest<HTMLElement>("[data-visit]");
    const key = button?.closest<HTMLElement>("[data-column]")?.dataset.column ?? "";
    const column = props.columns.find((one) => one.key === key);
    const one = column?.standing.find((each) => each.visit.id === button?.dataset.visit);
    if (!column || !one || event.ctrlKey || event.metaKey) return;
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      if (event.altKey) return shift(column, one, event.key);
      const next = neighbour(props.columns, key, one.visit.id, event.key);
      if (next) focus(next.column, next.visit);
    } else if (event.key === "a") props.actions.arrive(one.visit.id);
    else if (event.key === "b") {
      event.stopPropagation();
      props.actions.book(column, one.to);
    }
  };
}

export function Grid(props: GridProps) {
  const { t } = useLanguage();
  const root = useRef<HTMLDivElement>(null);
  const [ghost, setGhost] = useState<Ghost>();
  const pressed = useKeys(props, root);
  const { columns, hours, actions } = props;
  const fresh = useRef(actions);
  fresh.current = actions;
  const stable = useRef({
    open: (visit: string) => fresh.current.open(visit),
    book: (column: Column, minute: number) => fresh.current.book(column, minute),
    grab: (event: PointerEvent, column: Column, one: Standing, end: boolean) =>
      drag(
        { visit: one.visit, column: column.key, from: one.from, to: one.to, event, end },
        setGhost,
        (moved) => fresh.current.move(moved),
      ),
  });

  /* The first time, the morning or the present hour is in sight. */
  useEffect(() => {
    const line = root.current?.querySelector<HTMLElement>(".now");
    line?.scrollIntoView({ block: "center" });
  }, []);

  const several = props.days.length > 1;
  const labels = [];
  for (let minute = hours.from; minute < hours.to; minute += 60)
    labels.push(<span key={minute}>{clockText(minute)}</span>);
  return (
    <section
      class="grid"
      ref={root}
      onKeyDown={pressed}
      aria-label={t("calendar")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must do so by keyboard
      tabIndex={0}
    >
      <div class="corner" />
      {columns.map((column, at) => (
        <div
          class="head"
          key={column.key}
          data-today={column.day === props.now.day ? "" : null}
        >
          {several && (at === 0 || columns[at - 1]?.day !== column.day) && (
            <span class="day">{props.dayText(column.day)}</span>
          )}
          <span class="name">{column.actor.name}</span>
          <span class="count">{column.standing.length || ""}</span>
        </div>
      ))}
      <div class="hours" aria-hidden="true">
        {labels}
      </div>
      {columns.map((column) => (
        <Body
          key={column.key}
          column={column}
          hours={hours}
          selected={
            column.standing.some((one) => one.visit.id === props.selected)
              ? props.selected
              : undefined
          }
          ghost={ghost?.column === column.key ? ghost : undefined}
          colours={props.colours}
          now={column.day === props.now.day ? props.now.minute : undefined}
          {...stable.current}
        />
      ))}
      {columns.length === 0 && <p class="empty">{t("calNobody")}</p>}
    </section>
  );
}
