/* Registering somebody, and changing what is known of them. */
import type { Patient } from "fhir/r4";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { useKeepPatient, useLate, useLikely, usePatient } from "../../data/patients";
import { create, FhirError, type Held, read, update } from "../../fhir/client";
import { issuers, looksRight } from "../../fhir/healthNumber";
import { isDate } from "../../fhir/person";
import { useLanguage } from "../../i18n";
import type { Key } from "../../i18n/en";
import { Choice, Field } from "../../ui/Field";
import { refusesFor, Trouble } from "../../ui/Trouble";
import {
  draftOf,
  type Faults,
  faultsOf,
  merge,
  type PatientDraft,
  patientOf,
} from "./patientDraft";
import { PatientLine } from "./Patients";

const labels: Record<keyof PatientDraft, Key> = {
  family: "familyName",
  given: "givenName",
  preferred: "preferredName",
  pronouns: "pronouns",
  birthDate: "birthDate",
  gender: "gender",
  phone: "phone",
  email: "email",
  line: "addressLine",
  city: "addressCity",
  state: "addressState",
  postalCode: "addressPostalCode",
  country: "addressCountry",
  healthNumber: "healthNumber",
  healthNumberIssuer: "healthNumberKind",
};

interface FormProps {
  draft: PatientDraft;
  change: (key: keyof PatientDraft, value: string) => void;
  faults: Faults;
  first: { current: HTMLInputElement | null };
}

function Fields(props: FormProps) {
  const { language, t } = useLanguage();
  const { draft, faults } = props;
  const set = (key: keyof PatientDraft) => (value: string) => props.change(key, value);
  const field = (key: keyof PatientDraft, more: Partial<Parameters<typeof Field>[0]> = {}) => (
    <Field
      label={t(labels[key])}
      name={key}
      value={draft[key]}
      onValue={set(key)}
      fault={faults[key] && t(faults[key])}
      {...more}
    />
  );
  return (
    <>
      <div class="fields">
        {field("family", { required: true, inputRef: props.first })}
        {field("given")}
        {field("preferred")}
        {field("pronouns")}
        {field("birthDate", { hint: t("birthDateHint") })}
        <Choice label={t("gender")} value={draft.gender} onValue={set("gender")}>
          <option value="">{t("notKnown")}</option>
          <option value="female">{t("genderFemale")}</option>
          <option value="male">{t("genderMale")}</option>
          <option value="other">{t("genderOther")}</option>
          <option value="unknown">{t("genderUnknown")}</option>
        </Choice>
        {field("healthNumber", {
          hint:
            draft.healthNumber && !looksRight(draft.healthNumberIssuer, draft.healthNumber)
              ? t("healthNumberOdd")
              : undefined,
        })}
        <Choice
          label={t("healthNumberKind")}
          value={draft.healthNumberIssuer}
          onValue={set("healthNumberIssuer")}
        >
          {issuers.map((one) => (
            <option key={one.code} value={one.code}>
              {one[language]}
            </option>
          ))}
        </Choice>
      </div>
      <h2>{t("contact")}</h2>
      <div class="fields">
        {field("phone", { type: "tel" })}
        {field("email", { type: "email" })}
        {field("line")}
        {field("city")}
        {field("state")}
        {field("postalCode")}
        {field("country")}
      </div>
    </>
  );
}

/* Those who may be the same person, while somebody new is typed in. */
function Likely(props: { draft: PatientDraft }) {
  const { t } = useLanguage();
  const { family, given, birthDate } = useLate(props.draft, 250);
  const likely = useLikely(family, given, isDate(birthDate) ? birthDate : "");
  if (!likely.data?.found.length) return null;
  return (
    <section class="note caution" role="status">
      <h2>{t("maybeSame")}</h2>
      <p>{t("maybeSameHint")}</p>
      <ul class="list">
        {likely.data.found.map((patient) => (
          <li key={patient.id}>
            <PatientLine patient={patient} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Clash {
  theirs: Held<Patient>;
  keys: (keyof PatientDraft)[];
}

/* Both changed the same field: each says what it is to be. */
function Conflict(props: {
  clash: Clash;
  draft: PatientDraft;
  take: (key: keyof PatientDraft, value: string) => void;
}) {
  const { t } = useLanguage();
  const theirs = draftOf(props.clash.theirs.resource);
  return (
    <section class="note caution" role="alert">
      <p>{t("conflict")}</p>
      <table class="differs">
        <thead>
          <tr>
            <td />
            <th scope="col">{t("conflictMine")}</th>
            <th scope="col">{t("conflictTheirs")}</th>
          </tr>
        </thead>
        <tbody>
          {props.clash.keys.map((key) => (
            <tr key={key}>
              <th scope="row">{t(labels[key])}</th>
              <td>
                <button
                  type="button"
                  class="plain"
                  aria-label={`${t("conflictMine")}: ${props.draft[key]}`}
                  onClick={() => props.take(key, props.draft[key])}
                >
                  {props.draft[key] || "—"}
                </button>
              </td>
              <td>
                <button
                  type="button"
                  class="plain"
                  aria-label={`${t("conflictTheirs")}: ${theirs[key]}`}
                  onClick={() => props.take(key, theirs[key])}
                >
                  {theirs[key] || "—"}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/* `held` is what was read; nothing for somebody new. `intent` makes a repeated creation harmless. */
function PatientForm(props: { held: Held<Patient> | undefined }) {
  const { t } = useLanguage();
  const [, go] = useLocation();
  const keep = useKeepPatient();
  const [held, setHeld] = useState(props.held);
  const [draft, setDraft] = useState(() =>
    draftOf(held?.resource ?? { resourceType: "Patient" }),
  );
  const [faults, setFaults] = useState<Faults>({});
  const [trouble, setTrouble] = useState<unknown>();
  const [clash, setClash] = useState<Clash>();
  const [busy, setBusy] = useState(false);
  const [intent] = useState(() => crypto.randomUUID());
  const first = useRef<HTMLInputElement | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => first.current?.focus(), []);

  async function meet412() {
    if (!held?.resource.id) return;
    const theirs = await read<Patient>("Patient", held.resource.id);
    const merged = merge(draftOf(held.resource), draft, draftOf(theirs.resource));
    setDraft(merged.draft);
    setHeld(theirs);
    setClash({ theirs, keys: merged.clashes });
  }

  async function save() {
    const wrong = faultsOf(draft, new Date());
    setFaults(wrong);
    const bad = Object.keys(wrong)[0];
    if (bad) return form.current?.querySelector<HTMLInputElement>(`[name=${bad}]`)?.focus();
    if (busy || clash?.keys.length) return;
    setBusy(true);
    setTrouble(undefined);
    try {
      const resource = patientOf(draft, held?.resource ?? { resourceType: "Patient" });
      const kept = held
        ? await update({ resource, etag: held.etag })
        : await create(resource, intent);
      keep(kept);
      go(`/patients/${kept.resource.id}`);
    } catch (error) {
      if (error instanceof FhirError && error.status === 412 && held) await meet412();
      else setTrouble(error);
    } finally {
      setBusy(false);
    }
  }

  /* What was wrong with a field is forgotten as soon as it changes. */
  function change(key: keyof PatientDraft, value: string) {
    setDraft({ ...draft, [key]: value });
    const { [key]: _, ...others } = faults;
    setFaults(others);
  }

  function take(key: keyof PatientDraft, value: string) {
    setDraft({ ...draft, [key]: value });
    if (clash) setClash({ ...clash, keys: clash.keys.filter((other) => other !== key) });
  }

  return (
    <form
      class="panel"
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h1>{held ? t("edit") : t("newPatient")}</h1>
      {!!clash?.keys.length && <Conflict clash={clash} draft={draft} take={take} />}
      {clash?.keys.length === 0 && (
        <div class="note" role="status">
          {t("conflict")}
        </div>
      )}
      {trouble !== undefined && <Trouble error={trouble} />}
      <Fields draft={draft} change={change} faults={faults} first={first} />
      {!held && <Likely draft={draft} />}
      <div class="actions">
        <button type="submit" aria-disabled={busy}>
          {busy ? t("saving") : t("save")}
        </button>
        <Link class="button plain" href={held ? `/patients/${held.resource.id}` : "/patients"}>
          {t("cancel")}
        </Link>
      </div>
    </form>
  );
}

export function PatientNew() {
  return <PatientForm held={undefined} />;
}

export function PatientEdit(props: { id: string }) {
  const { t } = useLanguage();
  const held = usePatient(props.id);
  const trouble = held.isError && (
    <Trouble error={held.error} again={() => void held.refetch()} />
  );
  if (trouble && (!held.data || refusesFor(held.error))) return trouble;
  if (!held.data) return <p class="empty">{t("loading")}</p>;
  return (
    <>
      {trouble}
      <PatientForm held={held.data} />
    </>
  );
}
