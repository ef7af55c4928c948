/* One visit beside the calendar: what it is, what comes next, and another time for it. */
import type { Appointment } from "fhir/r4";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { allows, sessionStore } from "../../auth/session";
import type { Actor, Practice } from "../../data/calendar";
import { nextStages, type Stage, stillToCome, visitOf } from "../../fhir/appointment";
import { clockText, wallOf } from "../../fhir/zone";
import { type Translate, useLanguage } from "../../i18n";
import type { Key } from "../../i18n/en";
import { Choice, Field } from "../../ui/Field";
import { type BookDraft, type BookFaults, isSkipped, spanOf, timeFaults } from "./bookDraft";
import { stageIcons, stageKeys, stageVerbs } from "./stages";

export interface To {
  start: number;
  end: number;
  from: string;
  to: string;
}

interface Props {
  appointment: Appointment;
  practice: Practice;
  mayChange: boolean;
  stage: (stage: Stage, reason?: { code: string; text: string }) => void;
  move: (to: To) => void;
  close: () => void;
}

/* http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason */
const reasons: [code: string, key: Key][] = [
  ["pat", "cancelPatient"],
  ["prov", "cancelPractice"],
  ["other", "cancelOther"],
];

function Cancel(props: { done: (reason: { code: string; text: string }) => void }) {
  const { t } = useLanguage();
  const [code, setCode] = useState("pat");
  const [text, setText] = useState("");
  const said = reasons.find(([one]) => one === code)?.[1] ?? "cancelOther";
  return (
    <div class="note">
      <Choice label={t("cancelWhy")} value={code} onValue={setCode}>
        {reasons.map(([one, key]) => (
          <option key={one} value={one}>
            {t(key)}
          </option>
        ))}
      </Choice>
      <Field label={t("cancelWords")} value={text} onValue={setText} />
      <p class="actions">
        <button
          type="button"
          onClick={() => props.done({ code, text: text.trim() || t(said) })}
        >
          {t("cancelDo")}
        </button>
      </p>
    </div>
  );
}

function Move(props: { appointment: Appointment; practice: Practice; move: (to: To) => void }) {
  const { t } = useLanguage();
  const { practice } = props;
  const visit = visitOf(props.appointment);
  const people = practice.actors.filter((one) => !one.room);
  const mine = visit?.actors.find((one) => people.some((each) => each.reference === one)) ?? "";
  const wall = wallOf(visit?.start ?? 0, practice.zone);
  const [draft, setDraft] = useState({
    day: wall.day,
    time: clockText(wall.minute),
    minutes: String(((visit?.end ?? 0) - (visit?.start ?? 0)) / 60_000),
    actor: mine,
  });
  const [faults, setFaults] = useState<BookFaults>({});
  const field = (key: "day" | "time" | "minutes") => (
    <Field
      label={t(key)}
      value={draft[key]}
      onValue={(value) => setDraft({ ...draft, [key]: value })}
      fault={faults[key] && t(faults[key] as Key)}
    />
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const wrong: BookFaults = timeFaults(draft as BookDraft);
        if (!wrong.day && !wrong.time && isSkipped(draft, practice.zone))
          wrong.time = "wrongSkipped";
        setFaults(wrong);
        if (Object.keys(wrong).length) return;
        props.move({ ...spanOf(draft, practice.zone), from: mine, to: draft.actor });
      }}
    >
      <div class="fields">
        {field("day")}
        {field("time")}
        {field("minutes")}
        {mine && (
          <Choice
            label={t("with")}
            value={draft.actor}
            onValue={(actor) => setDraft({ ...draft, actor })}
          >
            {people.map((one) => (
              <option key={one.reference} value={one.reference}>
                {one.name}
              </option>
            ))}
          </Choice>
        )}
      </div>
      <button type="submit" class="plain">
        {t("doMove")}
      </button>
    </form>
  );
}

function facts(
  appointment: Appointment,
  actors: Actor[],
  zone: string,
  t: Translate,
): [string, string][] {
  const visit = visitOf(appointment);
  if (!visit) return [];
  const start = wallOf(visit.start, zone);
  const end = wallOf(visit.end, zone);
  const names = visit.actors.map(
    (one) =>
      actors.find((actor) => actor.reference === one)?.name ??
      appointment.participant.find(({ actor }) => actor?.reference === one)?.actor?.display ??
      t("notKnown"),
  );
  const rows: [string, string | undefined][] = [
    [t("time"), `${start.day} ${clockText(start.minute)}–${clockText(end.minute)}`],
    [t("with"), names.join(" · ")],
    [t("service"), visit.service],
    [t("calNote"), appointment.comment],
    [t("cancelWhy"), appointment.cancelationReason?.text],
  ];
  return rows.filter((row): row is [string, string] => !!row[1]);
}

function seesCharts(): boolean {
  const state = sessionStore.state();
  return state.kind === "signed-in" && allows(state.session, "Condition", "s");
}

export function VisitPanel(props: Props) {
  const { t } = useLanguage();
  const { appointment, practice } = props;
  const visit = visitOf(appointment);
  const [cancelling, setCancelling] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    setCancelling(false);
    title.current?.focus();
  }, [appointment.id]);
  if (!visit) return null;
  const begun = visit.start <= Date.now();
  const next = nextStages(visit.stage).filter((stage) => stage !== "noShow" || begun);
  return (
    <aside
      class="panel side"
      aria-labelledby="visit-title"
      onKeyDown={(event) => event.key === "Escape" && props.close()}
    >
      <div class="bar">
        <h2 id="visit-title" tabIndex={-1} ref={title}>
          {visit.patients.map((one) => (
            <div key={one.reference}>
              {one.reference?.startsWith("Patient/") ? (
                <Link href={`/patients/${one.reference.slice(8)}`}>
                  {one.display ?? t("notKnown")}
                </Link>
              ) : (
                one.display
              )}
              {one.reference?.startsWith("Patient/") && seesCharts() && (
                <Link class="chartlink" href={`/patients/${one.reference.slice(8)}/chart`}>
                  {t("chart")}
                </Link>
              )}
            </div>
          ))}
          {visit.patients.length === 0 && t("calBusy")}
        </h2>
        <button type="button" class="plain" onClick={props.close} aria-label={t("close")}>
          ✕
        </button>
      </div>
      <p class="stage" data-stage={visit.stage}>
        <span aria-hidden="true">{stageIcons[visit.stage]}</span> {t(stageKeys[visit.stage])}
      </p>
      <dl class="facts">
        {facts(appointment, practice.actors, practice.zone, t).map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
      {props.mayChange && (
        <div class="actions next">
          {next.map((stage, at) => (
            <button
              key={stage}
              type="button"
              class={at ? "plain" : ""}
              onClick={() =>
                stage === "cancelled" ? setCancelling(!cancelling) : props.stage(stage)
              }
              aria-expanded={stage === "cancelled" ? cancelling : undefined}
            >
              {t(stageVerbs[stage])}
            </button>
          ))}
        </div>
      )}
      {cancelling && <Cancel done={(reason) => props.stage("cancelled", reason)} />}
      {props.mayChange && stillToCome(visit.stage) && (
        <details key={`${appointment.id} ${appointment.meta?.versionId}`}>
          <summary>{t("moveTo")}</summary>
          <Move appointment={appointment} practice={practice} move={props.move} />
        </details>
      )}
    </aside>
  );
}
