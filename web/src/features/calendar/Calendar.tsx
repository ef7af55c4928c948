/* The day and the week of a practice: who is where, when, and what happens next. */
import type { Appointment } from "fhir/r4";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useLocation, useSearch } from "wouter-preact";
import { allows, sessionStore } from "../../auth/session";
import {
  type Actor,
  Outdated,
  type Practice,
  useAppointmentChanges,
  useAppointments,
  usePractice,
  visitsOf,
} from "../../data/calendar";
import { moved, type Stage, withStage } from "../../fhir/appointment";
import { isDate } from "../../fhir/person";
import { serviceColour } from "../../fhir/service";
import { addDays, clockMinute, clockText, instantOf, wallOf, weekOf } from "../../fhir/zone";
import { type Language, useLanguage } from "../../i18n";
import { say, sayTrouble } from "../../ui/Toast";
import { Trouble, troubleText } from "../../ui/Trouble";
import { BookPanel } from "./BookPanel";
import { type BookDraft, newDraft, spanOf } from "./bookDraft";
import "./calendar.css";
import { type Column, columnKey, columnsOf } from "./columns";
import { DaySheet } from "./DaySheet";
import type { Ghost } from "./drag";
import { Grid } from "./Grid";
import { firstFree, hoursShown } from "./layout";
import { patientsText, stageKeys } from "./stages";
import { type To, VisitPanel } from "./VisitPanel";

function dayText(day: string, language: Language, long: boolean): string {
  return new Intl.DateTimeFormat(language === "fr" ? "fr-CA" : "en-CA", {
    timeZone: "UTC",
    weekday: long ? "long" : "short",
    day: "numeric",
    month: long ? "long" : "short",
    ...(long ? { year: "numeric" } : {}),
  }).format(Date.parse(`${day}T00:00:00Z`));
}

interface View {
  day: string;
  week: boolean;
  who: string /* a reference, "people", "rooms", or nothing for all */;
}

/* The view stands in the address, so that back, reload and links work. */
function useView(today: string): [View, (change: Partial<View>) => void] {
  const query = new URLSearchParams(useSearch());
  const [, go] = useLocation();
  const asked = query.get("day") ?? "";
  const view: View = {
    day: isDate(asked) ? asked : today,
    week: query.get("view") === "week",
    who: query.get("who") ?? "",
  };
  const set = (change: Partial<View>) => {
    const next = { ...view, ...change };
    const words = new URLSearchParams({
      ...(next.day === today ? {} : { day: next.day }),
      ...(next.week ? { view: "week" } : {}),
      ...(next.who ? { who: next.who } : {}),
    });
    go(`/calendar${words.size ? `?${words}` : ""}`);
  };
  return [view, set];
}

/* The clock of the place, each half minute. */
function useNow(zone: string) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return wallOf(now, zone);
}

function chosen(actors: Actor[], who: string): Actor[] {
  if (who === "people") return actors.filter((one) => !one.room);
  if (who === "rooms") return actors.filter((one) => one.room);
  return who ? actors.filter((one) => one.reference === who) : actors;
}

/* Written as everywhere, year first, which the browser's own field does not; its month comes with a press. */
function DayField(props: { day: string; choose: (day: string) => void }) {
  const { t } = useLanguage();
  const month = useRef<HTMLInputElement>(null);
  const take = (day: string) => isDate(day) && props.choose(day);
  return (
    <span class="date">
      <input
        key={props.day}
        aria-label={t("day")}
        defaultValue={props.day}
        onChange={(event) => take(event.currentTarget.value.trim())}
      />
      <button
        type="button"
        class="plain"
        aria-label={t("month")}
        onClick={() => month.current?.showPicker()}
      >
        ▾
      </button>
      <input
        type="date"
        tabIndex={-1}
        aria-hidden="true"
        ref={month}
        value={props.day}
        onChange={(event) => take(event.currentTarget.value)}
      />
    </span>
  );
}

function Bar(props: {
  view: View;
  set: (change: Partial<View>) => void;
  today: string;
  practice: Practice;
  count: number | undefined;
  book: (() => void) | undefined;
}) {
  const { language, t } = useLanguage();
  const { view, set, practice } = props;
  const by = view.week ? 7 : 1;
  const week = weekOf(view.day);
  const title = view.week
    ? `${dayText(week[0] ?? "", language, false)} – ${dayText(week[6] ?? "", language, false)}`
    : dayText(view.day, language, true);
  return (
    <div class="bar calendar-bar">
      <h1>{title}</h1>
      <span class="hint" role="status">
        {props.count !== undefined && t("calCount", { count: props.count })}
      </span>
      <div class="actions">
        <button
          type="button"
          class="plain"
          aria-label={t(view.week ? "weekBefore" : "dayBefore")}
          onClick={() => set({ day: addDays(view.day, -by) })}
        >
          ‹
        </button>
        <button
          type="button"
          class="plain"
          aria-current={view.day === props.today ? "date" : undefined}
          onClick={() => set({ day: props.today })}
        >
          {t("today")}
        </button>
        <button
          type="button"
          class="plain"
          aria-label={t(view.week ? "weekAfter" : "dayAfter")}
          onClick={() => set({ day: addDays(view.day, by) })}
        >
          ›
        </button>
        <DayField day={view.day} choose={(day) => set({ day })} />
        <button
          type="button"
          class="plain"
          aria-pressed={view.week}
          onClick={() => set({ week: !view.week })}
        >
          {t("week")}
        </button>
        <select
          aria-label={t("who")}
          value={view.who}
          onChange={(event) => set({ who: event.currentTarget.value })}
        >
          <option value="">{t("everyone")}</option>
          <option value="people">{t("people")}</option>
          {practice.actors.some((one) => one.room) && (
            <option value="rooms">{t("rooms")}</option>
          )}
          {practice.actors.map((one) => (
            <option key={one.reference} value={one.reference}>
              {one.name}
            </option>
          ))}
        </select>
        <button type="button" class="plain paper" onClick={() => print()}>
          {t("print")}
        </button>
        {props.book && (
          <button type="button" onClick={props.book}>
            {t("book")}
          </button>
        )}
      </div>
    </div>
  );
}

type Panel = { kind: "visit"; id: string } | { kind: "book" } | undefined;

/* What is begun stays begun while the person looks elsewhere in the app. */
let begun: BookDraft | undefined;

function useKeys(keys: Record<string, () => void>) {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (target.closest("input, textarea, select, [contenteditable]")) return;
      const what = keys[event.key];
      if (!what) return;
      event.preventDefault();
      what();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  });
}

function Board(props: { practice: Practice }) {
  const { language, t } = useLanguage();
  const { practice } = props;
  const { zone } = practice;
  const now = useNow(zone);
  const [view, set] = useView(now.day);
  const days = view.week ? weekOf(view.day) : [view.day];
  const first = days[0] ?? view.day;
  const list = useAppointments(first, days.length, zone, t);
  const changes = useAppointmentChanges();
  const [panel, setPanel] = useState<Panel>();
  const [draft, keepDraft] = useState<BookDraft | undefined>(begun);
  const setDraft = (next: BookDraft | undefined) => {
    begun = next;
    keepDraft(next);
  };
  const state = sessionStore.state();
  const may = (letter: string) =>
    state.kind === "signed-in" && allows(state.session, "Appointment", letter);

  const visits = useMemo(() => visitsOf(list.data ?? []), [list.data]);
  const columns = useMemo(
    () => columnsOf(days, chosen(practice.actors, view.who), visits, zone),
    [first, days.length, practice, view.who, visits, zone],
  );
  const hours = useMemo(
    () => hoursShown(columns.flatMap((one) => [...one.standing, ...(one.open ?? [])])),
    [columns],
  );
  const colours = useMemo(
    () =>
      new Map(
        practice.services.flatMap((one) => {
          const colour = serviceColour(one);
          const keys = [`HealthcareService/${one.id}`, one.name ?? ""];
          return colour ? keys.map((key) => [key, colour] as const) : [];
        }),
      ),
    [practice],
  );
  const byId = (id: string) => list.data?.find((one) => one.id === id);

  function failed(error: unknown) {
    sayTrouble(error instanceof Outdated ? t("calOutdated") : troubleText(error, t));
  }
  async function change(
    seen: Appointment | undefined,
    how: (appointment: Appointment) => Appointment,
    words: string,
  ) {
    if (!seen || !may("u")) return;
    try {
      const done = await changes.change(seen, how);
      say(words, done.undo);
    } catch (error) {
      failed(error);
    }
  }
  function stage(id: string, next: Stage, reason?: { code: string; text: string }) {
    const seen = byId(id);
    const visit = visits.find((one) => one.id === id);
    const name = visit ? patientsText(visit, t) : "";
    void change(seen, (one) => withStage(one, next, reason), `${name}: ${t(stageKeys[next])}`);
  }
  function shift(id: string, to: To) {
    const actor = practice.actors.find((one) => one.reference === to.to);
    const handed = to.from !== to.to && actor;
    const words = `${t("movedTo")} ${clockText(wallOf(to.start, zone).minute)}`;
    void change(
      byId(id),
      (one) =>
        moved(
          one,
          {
            start: to.start,
            end: to.end,
            ...(handed
              ? {
                  from: to.from,
                  to: { reference: actor.reference, display: actor.name },
                }
              : {}),
          },
          zone,
        ),
      actor ? `${words}, ${actor.name}` : words,
    );
  }
  function drop(ghost: Ghost) {
    const [day = "", to = ""] = ghost.column.split(" ");
    const from = ghost.fromColumn.split(" ")[1] ?? "";
    const sameKind = from.split("/")[0] === to.split("/")[0];
    if (!sameKind) return sayTrouble(t("calNotThere"));
    const start = instantOf({ day, minute: ghost.from }, zone);
    const end = start + (ghost.to - ghost.from) * 60_000;
    shift(ghost.visit.id, { start, end, from, to });
  }
  function openBook(column: Column | undefined, minute: number) {
    if (!may("c")) return;
    const day = column?.day ?? (days.includes(now.day) ? now.day : first);
    const fresh = newDraft(day, minute, column?.actor);
    if (!draft) setDraft(fresh);
    else if (column) {
      const { time, actor, room } = fresh;
      setDraft({ ...draft, day, time, actor, room });
    }
    setPanel({ kind: "book" });
  }
  function nextFree(one: BookDraft): number | undefined {
    const { start, end } = spanOf(one, zone);
    const taken = [one.actor, one.room].flatMap(
      (reference) =>
        columns.find((column) => column.key === columnKey(one.day, reference))?.standing ?? [],
    );
    const minute = firstFree(taken, clockMinute(one.time) ?? 0, (end - start) / 60_000);
    return minute < 1440 && taken.length ? minute : undefined;
  }
  const soon = () => Math.ceil(((now.minute + 1) % 1440) / 15) * 15;
  useKeys({
    t: () => set({ day: now.day }),
    b: () => openBook(undefined, soon()),
    w: () => set({ week: !view.week }),
  });

  const open = panel?.kind === "visit" ? byId(panel.id) : undefined;
  const shownCount = list.isSuccess
    ? new Set(columns.flatMap((one) => one.standing.map((each) => each.visit.id))).size
    : undefined;
  return (
    <div class="calendar">
      <Bar
        view={view}
        set={set}
        today={now.day}
        practice={practice}
        count={shownCount}
        book={may("c") ? () => openBook(undefined, soon()) : undefined}
      />
      {list.isError && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!practice.planned && <p class="hint">{t("calUnplanned")}</p>}
      <div class="board" data-panel={panel ? "" : undefined}>
        <Grid
          columns={columns}
          hours={hours}
          selected={panel?.kind === "visit" ? panel.id : undefined}
          now={now}
          days={days}
          colours={colours}
          dayText={(day) => dayText(day, language, false)}
          actions={{
            open: (id) => setPanel({ kind: "visit", id }),
            book: openBook,
            move: drop,
            arrive: (id) => stage(id, "arrived"),
          }}
        />
        {open && (
          <VisitPanel
            appointment={open}
            practice={practice}
            mayChange={may("u")}
            stage={(next, reason) => stage(open.id ?? "", next, reason)}
            move={(to) => shift(open.id ?? "", to)}
            close={() => setPanel(undefined)}
          />
        )}
        {panel?.kind === "book" && draft && (
          <BookPanel
            practice={practice}
            draft={draft}
            setDraft={setDraft}
            nextFree={nextFree}
            close={() => setPanel(undefined)}
            book={async (appointment, intent) => {
              const done = await changes.book(appointment, intent);
              setDraft(undefined);
              setPanel({ kind: "visit", id: done.held.resource.id ?? "" });
              say(t("booked"), done.undo);
            }}
          />
        )}
      </div>
      <DaySheet columns={columns} dayText={(day) => dayText(day, language, true)} />
    </div>
  );
}

export function Calendar() {
  const { t } = useLanguage();
  const practice = usePractice();
  if (practice.isError)
    return <Trouble error={practice.error} again={() => void practice.refetch()} />;
  if (!practice.isSuccess) return <p class="empty">{t("loading")}</p>;
  return <Board practice={practice.data} />;
}
