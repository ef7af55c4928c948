/* The form of one entry, in the place where it stands. What somebody else changed meanwhile is merged field by
 * field; only what both changed is asked about, and nothing typed is lost. */
import type { FhirResource } from "fhir/r4";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { type Changes, readEntry } from "../../data/chart";
import { FhirError, type Held, type Identified } from "../../fhir/client";
import { isDate } from "../../fhir/person";
import { conceptText } from "../../fhir/codes";
import { type Translate, useLanguage } from "../../i18n";
import type { Key } from "../../i18n/en";
import { CodePicker } from "../../ui/CodePicker";
import { Choice, Field } from "../../ui/Field";
import { say } from "../../ui/Toast";
import { Trouble } from "../../ui/Trouble";
import {
  type Clash,
  type Draft,
  draftOf,
  type FieldOf,
  merged,
  type Value,
  written,
} from "./fields";
import { type Section, spoiled } from "./sections";

interface Props {
  section: Section;
  resource: FhirResource /* without an id: a new one */;
  changes: Changes;
  today: string;
  done: () => void;
}

const plain = (value: Value): string =>
  typeof value === "string" ? value : conceptText(value);

type Faults = Record<string, Key | undefined>;

export function faultsOf(fields: readonly FieldOf[], draft: Draft, today: string): Faults {
  const faults: Faults = {};
  for (const field of fields) {
    const said = plain(draft[field.key]).trim();
    if (field.required && !said) faults[field.key] = "required";
    if (field.show.as !== "date" || !said) continue;
    const whole = said.length === 4 ? `${said}-01-01` : said.length === 7 ? `${said}-01` : said;
    if (!isDate(whole)) faults[field.key] = "wrongDate";
    else if (!field.show.ahead && said > today) faults[field.key] = "wrongDateFuture";
  }
  return faults;
}

function Lines(props: { label: string; value: string; onValue: (value: string) => void }) {
  const { t } = useLanguage();
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <textarea
        id={id}
        rows={4}
        value={props.value}
        aria-describedby={`${id}-hint`}
        onInput={(event) => props.onValue(event.currentTarget.value)}
      />
      <div class="hint" id={`${id}-hint`}>
        {t("chartMembersHint")}
      </div>
    </div>
  );
}

interface OneProps {
  field: FieldOf;
  value: Value;
  onValue: (value: Value) => void;
  fault: string | undefined;
}

function One(props: OneProps) {
  const { t } = useLanguage();
  const { field, value, onValue, fault } = props;
  const { show } = field;
  const label = t(field.label);
  if (show.as === "concept")
    return (
      <CodePicker
        label={label}
        name={field.key}
        value={typeof value === "string" ? undefined : value}
        onValue={onValue}
        source={show.source}
        required={field.required}
        fault={fault}
      />
    );
  if (show.as === "choice") {
    const said = plain(value);
    const known = show.choices.some(([code]) => code === said);
    return (
      <Choice label={label} value={said} onValue={onValue}>
        {!known && <option value={said}>{said || t("notKnown")}</option>}
        {show.choices.map(([code, key]) => (
          <option key={code} value={code}>
            {t(key)}
          </option>
        ))}
      </Choice>
    );
  }
  if (show.as === "lines")
    return <Lines label={label} value={plain(value)} onValue={onValue} />;
  return (
    <Field
      label={label}
      name={field.key}
      value={plain(value)}
      onValue={onValue}
      fault={fault}
      required={field.required ?? false}
      {...(show.as === "date" ? { hint: t("chartDateHint") } : {})}
    />
  );
}

function Clashes(props: {
  clashes: Clash[];
  take: (clash: Clash, value: Value) => void;
  t: Translate;
}) {
  const { t } = props;
  return (
    <div class="note caution" role="alert">
      <p>{t("conflict")}</p>
      {props.clashes.map((clash) => (
        <p key={clash.field.key} class="actions">
          <strong>{t(clash.field.label)}</strong>
          <button type="button" class="plain" onClick={() => props.take(clash, clash.mine)}>
            {t("conflictMine")}: {plain(clash.mine) || "—"}
          </button>
          <button type="button" class="plain" onClick={() => props.take(clash, clash.theirs)}>
            {t("conflictTheirs")}: {plain(clash.theirs) || "—"}
          </button>
        </p>
      ))}
    </div>
  );
}

/* What is being changed, as it was read, and a key drawn once for a new one. */
function useEntry(props: Props) {
  const [held, setHeld] = useState<Held<FhirResource> | undefined>(
    props.resource.id ? undefined : { resource: props.resource, etag: "" },
  );
  const [error, setError] = useState<unknown>();
  const key = useRef(crypto.randomUUID());
  useEffect(() => {
    const { resourceType, id } = props.resource;
    if (!id) return;
    readEntry(resourceType, id).then(setHeld, setError);
  }, []);
  return { held, setHeld, error, setError, key: key.current };
}

export function EntryForm(props: Props) {
  const { t } = useLanguage();
  const { section, changes } = props;
  const entry = useEntry(props);
  const { held } = entry;
  const fields = section.fields(held?.resource ?? props.resource);
  const [draft, setDraft] = useState<Draft>();
  const [faults, setFaults] = useState<Faults>({});
  const [clashes, setClashes] = useState<Clash[]>([]);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (held) form.current?.querySelector<HTMLElement>("input, select, textarea")?.focus();
  }, [!!held]);
  if (!held)
    return entry.error ? <Trouble error={entry.error} /> : <p class="hint">{t("loading")}</p>;
  const shown = draft ?? draftOf(fields, held.resource);
  const isNew = !held.resource.id;

  const undoTo = (before: FhirResource, after: Held<FhirResource>) => async () => {
    if (isNew) await changes.takeBack(after);
    else await changes.change({ resource: before, etag: after.etag });
  };
  const store = async (resource: FhirResource, words: Key) => {
    const before = held.resource;
    const after = isNew
      ? await changes.add(resource as Identified, entry.key)
      : await changes.change({ resource, etag: held.etag });
    say(t(words), undoTo(before, after));
    props.done();
  };
  /* Somebody was quicker: theirs is read, and mine put on it. */
  const meet = async () => {
    const theirs = await readEntry(held.resource.resourceType, held.resource.id as string);
    const both = merged(
      fields,
      draftOf(fields, held.resource),
      shown,
      draftOf(fields, theirs.resource),
    );
    entry.setHeld(theirs);
    setDraft(both.draft);
    setClashes(both.clashes);
    if (!both.clashes.length) say(t("chartMerged"));
  };
  const guarded = async (work: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    entry.setError(undefined);
    try {
      await work();
    } catch (error) {
      if (error instanceof FhirError && error.status === 412 && !isNew)
        await meet().catch(entry.setError);
      else entry.setError(error);
    } finally {
      setBusy(false);
    }
  };
  const save = () => {
    const wrong = faultsOf(fields, shown, props.today);
    setFaults(wrong);
    const first = fields.find((field) => wrong[field.key]);
    if (first) {
      form.current?.querySelector<HTMLElement>(`[name="${first.key}"]`)?.focus();
      return;
    }
    void guarded(() => store(written(fields, held.resource, shown), "chartSaved"));
  };

  return (
    <form
      class="entry"
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={(event) => event.key === "Escape" && props.done()}
    >
      {clashes.length > 0 && (
        <Clashes
          clashes={clashes}
          t={t}
          take={(clash, value) => {
            setDraft({ ...shown, [clash.field.key]: value });
            setClashes(clashes.filter((one) => one !== clash));
          }}
        />
      )}
      <div class="fields">
        {fields.map((field) => (
          <One
            key={field.key}
            field={field}
            value={shown[field.key]}
            onValue={(value) => setDraft({ ...shown, [field.key]: value })}
            fault={faults[field.key] && t(faults[field.key] as Key)}
          />
        ))}
      </div>
      {!!entry.error && <Trouble error={entry.error} />}
      <div class="actions">
        <button type="submit" aria-disabled={busy || clashes.length > 0}>
          {t("save")}
        </button>
        <button type="button" class="plain" onClick={props.done}>
          {t("cancel")}
        </button>
        {!isNew && (
          <button
            type="button"
            class="plain"
            onClick={() => void guarded(() => store(spoiled(held.resource), "chartStruck"))}
          >
            {t("chartWrong")}
          </button>
        )}
      </div>
    </form>
  );
}
