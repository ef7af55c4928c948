/* The vital signs taken last, and a form for those taken now. */
import type { FhirResource, Observation } from "fhir/r4";
import { useId, useRef, useState } from "preact/hooks";
import { allows } from "../../auth/session";
import { conceptText } from "../../fhir/codes";
import { useLanguage } from "../../i18n";
import { Field } from "../../ui/Field";
import { say } from "../../ui/Toast";
import { Trouble } from "../../ui/Trouble";
import { type ChartProps, OriginMark } from "./SectionCard";
import { dayText, inCategory, instant, isWrong, valueText, whenOf } from "./value";
import {
  placeOf,
  type VitalDraft,
  type VitalFaults,
  vitalFaults,
  vitalKinds,
  vitalName,
  vitalsOf,
} from "./vitals";

/* The newest of each code, in the order they are taken. */
export function latest(all: readonly FhirResource[]): Observation[] {
  const byCode = new Map<string, Observation>();
  for (const one of all as Observation[]) {
    if (!inCategory(one, "vital-signs") || isWrong(one) || !valueText(one)) continue;
    const key = one.code.coding?.[0]?.code ?? conceptText(one.code);
    const known = byCode.get(key);
    if (!known || instant(whenOf(known)) < instant(whenOf(one))) byCode.set(key, one);
  }
  return [...byCode.values()].sort((a, b) => placeOf(a) - placeOf(b));
}

function VitalForm(props: ChartProps & { done: () => void }) {
  const { t } = useLanguage();
  const [draft, setDraft] = useState<VitalDraft>({});
  const [faults, setFaults] = useState<VitalFaults>({});
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const key = useRef(crypto.randomUUID());
  const save = async () => {
    const wrong = vitalFaults(draft);
    setFaults(wrong);
    const made = vitalsOf(draft, props.about, new Date());
    if (busy || Object.keys(wrong).length || !made.length) return;
    setBusy(true);
    try {
      const named = made.map((resource) => ({
        named: resource.code.coding?.[0]?.code ?? "",
        resource,
      }));
      await props.changes.addAll(named, key.current);
      say(t("chartSaved"));
      props.done();
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="entry"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
      onKeyDown={(event) => event.key === "Escape" && props.done()}
    >
      <div class="fields narrow">
        {vitalKinds.map((kind) => {
          const fault = faults[kind.code];
          return (
            <Field
              key={kind.code}
              name={kind.code}
              label={`${t(kind.key)} (${kind.unit})`}
              value={draft[kind.code] ?? ""}
              onValue={(value) => setDraft({ ...draft, [kind.code]: value })}
              fault={fault && t(fault.key, fault.values)}
            />
          );
        })}
      </div>
      {!!error && <Trouble error={error} />}
      <div class="actions">
        <button type="submit" aria-disabled={busy}>
          {t("save")}
        </button>
        <button type="button" class="plain" onClick={props.done}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

export function Vitals(props: ChartProps) {
  const { t } = useLanguage();
  const id = useId();
  const [adding, setAdding] = useState(false);
  const found = latest(props.all.get("Observation") ?? []);
  return (
    <section class="panel card" aria-labelledby={id}>
      <div class="bar">
        <h2 id={id}>{t("chartVitals")}</h2>
        {allows(props.session, "Observation", "c") && (
          <button type="button" class="plain small" onClick={() => setAdding(true)}>
            {t("add")}
            <span class="unseen"> {t("chartVitals")}</span>
          </button>
        )}
      </div>
      {adding && <VitalForm {...props} done={() => setAdding(false)} />}
      {found.length === 0 && <p class="hint">{t("chartNothing")}</p>}
      <ul class="rows">
        {found.map((one) => (
          <li key={one.id} class="row">
            <span>{vitalName(one, t)}</span>
            <strong>{valueText(one)}</strong>
            <span class="detail">{dayText(whenOf(one))}</span>
            <OriginMark resource={one} />
          </li>
        ))}
      </ul>
    </section>
  );
}
