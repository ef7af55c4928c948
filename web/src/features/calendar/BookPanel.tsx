/* Booking somebody, beside the calendar. What is typed stays until it is booked or thrown away. */
import type { Appointment } from "fhir/r4";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Actor, Practice } from "../../data/calendar";
import { FhirError } from "../../fhir/client";
import { clockMinute, clockText } from "../../fhir/zone";
import { useLanguage } from "../../i18n";
import { Choice, Field } from "../../ui/Field";
import { Trouble } from "../../ui/Trouble";
import {
  type BookDraft,
  type BookFaults,
  bookFaults,
  bookingOf,
  isSkipped,
  withService,
} from "./bookDraft";
import { PatientPicker } from "./PatientPicker";

interface Props {
  practice: Practice;
  draft: BookDraft;
  setDraft: (draft: BookDraft) => void;
  book: (appointment: Appointment, intent: string) => Promise<void>;
  /* The next time from then on at which the person and the room are free, as far as is on screen. */
  nextFree: (draft: BookDraft) => number | undefined;
  close: () => void;
}

function Who(props: {
  label: string;
  value: string;
  actors: Actor[];
  onValue: (value: string) => void;
}) {
  return (
    <Choice label={props.label} value={props.value} onValue={props.onValue}>
      <option value="">—</option>
      {props.actors.map((one) => (
        <option key={one.reference} value={one.reference}>
          {one.name}
        </option>
      ))}
    </Choice>
  );
}

/* Says by name who is not free; with whom they are is nobody's business here. */
function Taken(props: { names: string; free: number | undefined; take: () => void }) {
  const { t } = useLanguage();
  return (
    <div class="note bad" role="alert">
      <p>{t("calTaken", { names: props.names })}</p>
      {props.free !== undefined && (
        <button type="button" class="plain" onClick={props.take}>
          {t("takeFree", { time: clockText(props.free) })}
        </button>
      )}
    </div>
  );
}

function namesIn(error: FhirError, draft: BookDraft, actors: Actor[]): string {
  const asked = actors.filter((one) => [draft.actor, draft.room].includes(one.reference));
  const said = error.faults.map((fault) => fault.text).join(" ");
  const named = asked.filter((one) => said.includes(one.reference));
  return (named.length ? named : asked).map((one) => one.name).join(" · ");
}

export function BookPanel(props: Props) {
  const { t } = useLanguage();
  const { practice, draft } = props;
  const [faults, setFaults] = useState<BookFaults>({});
  const [trouble, setTrouble] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [intent] = useState(() => crypto.randomUUID());
  const first = useRef<HTMLInputElement | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => first.current?.focus(), []);

  const set = (key: keyof BookDraft) => (value: string) => {
    props.setDraft({ ...draft, [key]: value });
    const { [key]: _, ...others } = faults;
    setFaults(others);
  };
  const field = (key: "day" | "time" | "minutes" | "comment", label: string) => (
    <Field
      label={label}
      name={key}
      value={draft[key]}
      onValue={set(key)}
      fault={faults[key] && t(faults[key])}
    />
  );

  async function save() {
    const wrong = bookFaults(draft, practice.zone, Date.now());
    if (!wrong.time && !wrong.day && isSkipped(draft, practice.zone))
      wrong.time = "wrongSkipped";
    setFaults(wrong);
    const bad = Object.keys(wrong)[0];
    if (bad) return form.current?.querySelector<HTMLElement>(`[name=${bad}]`)?.focus();
    if (busy) return;
    setBusy(true);
    setTrouble(undefined);
    try {
      const { actors, services, zone } = practice;
      await props.book(bookingOf(draft, actors, services, zone), intent);
    } catch (error) {
      setTrouble(error);
    } finally {
      setBusy(false);
    }
  }

  const taken = trouble instanceof FhirError && trouble.status === 409 ? trouble : undefined;
  const free =
    taken && clockMinute(draft.time) !== undefined ? props.nextFree(draft) : undefined;
  return (
    <form
      class="panel side"
      aria-label={t("book")}
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
      onKeyDown={(event) => event.key === "Escape" && props.close()}
    >
      <h2>{t("book")}</h2>
      {taken && (
        <Taken
          names={namesIn(taken, draft, practice.actors)}
          free={free}
          take={() => {
            setTrouble(undefined);
            props.setDraft({ ...draft, time: clockText(free ?? 0) });
          }}
        />
      )}
      {trouble !== undefined && !taken && <Trouble error={trouble} />}
      <div class="fields">
        <PatientPicker
          chosen={draft.patient}
          words={draft.words}
          onValue={(words, patient) => {
            props.setDraft({ ...draft, words, patient });
            const { patient: _, ...others } = faults;
            setFaults(others);
          }}
          fault={faults.patient && t(faults.patient)}
          inputRef={first}
        />
        {practice.services.length > 0 && (
          <Choice
            label={t("service")}
            value={draft.service}
            onValue={(id) => props.setDraft(withService(draft, id, practice.services))}
          >
            <option value="">—</option>
            {practice.services.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name ?? one.type?.[0]?.text}
              </option>
            ))}
          </Choice>
        )}
        {field("day", t("day"))}
        {field("time", t("time"))}
        {field("minutes", t("minutes"))}
        <div>
          <Who
            label={t("with")}
            value={draft.actor}
            actors={practice.actors.filter((one) => !one.room)}
            onValue={set("actor")}
          />
          {faults.actor && <div class="fault">{t(faults.actor)}</div>}
        </div>
        {practice.actors.some((one) => one.room) && (
          <Who
            label={t("room")}
            value={draft.room}
            actors={practice.actors.filter((one) => one.room)}
            onValue={set("room")}
          />
        )}
        {field("comment", t("calNote"))}
      </div>
      <div class="actions">
        <button type="submit" aria-disabled={busy}>
          {busy ? t("saving") : t("doBook")}
        </button>
        <button type="button" class="plain" onClick={props.close}>
          {t("close")}
        </button>
      </div>
    </form>
  );
}
