/* Finding somebody: the first screen of the front desk. */
import type { Patient } from "fhir/r4";
import { useRef, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { sessionStore, allows } from "../../auth/session";
import { useLate, usePatients } from "../../data/patients";
import { age, nameText } from "../../fhir/person";
import { useLanguage } from "../../i18n";
import { Trouble } from "../../ui/Trouble";

export function PatientLine(props: { patient: Patient }) {
  const { t } = useLanguage();
  const { patient } = props;
  const phone = patient.telecom?.find((one) => one.system === "phone")?.value;
  return (
    <Link href={`/patients/${patient.id}`}>
      <span class="name">{nameText(patient, t)}</span>
      <span>
        {patient.birthDate ?? t("notKnown")}
        {patient.birthDate && `, ${t("years", { count: age(patient.birthDate, new Date()) })}`}
      </span>
      <span>{phone}</span>
      <span class="hint">{patient.address?.[0]?.city}</span>
    </Link>
  );
}

function mayRegister(): boolean {
  const state = sessionStore.state();
  return state.kind === "signed-in" && allows(state.session, "Patient", "c");
}

function Found(props: {
  words: string;
  found: Patient[];
  list: { current: HTMLUListElement | null };
}) {
  const { t } = useLanguage();
  if (props.found.length === 0)
    return (
      <div class="panel empty">
        <h2>{props.words ? t("noneFound", { words: props.words }) : t("noneYet")}</h2>
        {!props.words && <p class="hint">{t("noneYetHint")}</p>}
      </div>
    );
  return (
    <ul class="list" ref={props.list}>
      {props.found.map((patient) => (
        <li key={patient.id}>
          <PatientLine patient={patient} />
        </li>
      ))}
    </ul>
  );
}

/* The arrows go from the field into the list and through it. */
function moveInList(list: HTMLUListElement | null, event: KeyboardEvent): void {
  const links = [...(list?.querySelectorAll("a") ?? [])];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || links.length === 0) return;
  event.preventDefault();
  links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}

export function Patients() {
  const { t } = useLanguage();
  const [words, setWords] = useState("");
  const [, go] = useLocation();
  const list = useRef<HTMLUListElement>(null);
  const asked = useLate(words, 120);
  const patients = usePatients(asked);
  const found = patients.data?.found ?? [];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows move the focus among links and the field
    <div onKeyDown={(event) => moveInList(list.current, event)}>
      <div class="bar">
        <h1>{t("patients")}</h1>
        {mayRegister() && (
          <Link class="button" href="/patients/new">
            {t("newPatient")}
          </Link>
        )}
      </div>
      <search>
        <form
          class="bar"
          onSubmit={(event) => {
            event.preventDefault();
            if (asked === words && found[0]) go(`/patients/${found[0].id}`);
          }}
        >
          <div class="find">
            <label for="find">{t("search")}</label>
            <input
              id="find"
              type="search"
              value={words}
              autocomplete="off"
              aria-describedby="find-hint"
              onInput={(event) => setWords(event.currentTarget.value)}
            />
            <div class="hint" id="find-hint">
              {t("searchHint")}
            </div>
          </div>
          <div class="hint" role="status">
            {patients.isSuccess && asked && t("found", { count: found.length })}
          </div>
        </form>
      </search>
      {patients.isError && (
        <Trouble error={patients.error} again={() => void patients.refetch()} />
      )}
      {patients.isPending && <p class="empty">{t("loading")}</p>}
      {patients.isSuccess && <Found words={asked} found={found} list={list} />}
    </div>
  );
}
