/* A signed note: as it was signed, with when and by whom, and what was added to it since. */
import { useQueryClient } from "@tanstack/preact-query";
import type { Composition, Questionnaire } from "fhir/r4";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { amendNote, useSigned } from "../../data/notes";
import type { Answers } from "../../fhir/questionnaire";
import { type Language, useLanguage } from "../../i18n";
import type { Key } from "../../i18n/en";
import { Choice, Field } from "../../ui/Field";
import { Trouble } from "../../ui/Trouble";
import { templateTitle } from "./NotePage";
import { ReadNote } from "./ReadNote";

export function dayText(instant: string | undefined, language: Language): string {
  if (!instant) return "—";
  return new Date(instant).toLocaleString(`${language}-CA`, {
    dateStyle: "medium",
    timeStyle: "short",
    hour12: false,
  });
}

const kinds: Record<string, Key> = {
  addendum: "noteAmendAddendum",
  correction: "noteAmendCorrection",
  "late-entry": "noteAmendLate",
};

function Amend(props: { id: string; done: () => void }) {
  const { t } = useLanguage();
  const [kind, setKind] = useState("addendum");
  const [reason, setReason] = useState("");
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<unknown>();
  async function send() {
    if (busy || !text.trim() || !reason.trim()) return;
    setBusy(true);
    setTrouble(undefined);
    try {
      await amendNote(props.id, kind, reason.trim(), text);
      props.done();
    } catch (error) {
      setTrouble(error);
      setBusy(false);
    }
  }
  return (
    <form
      class="panel amend"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <h2>{t("noteAmend")}</h2>
      <div class="fields">
        <Choice label={t("noteAmendKind")} value={kind} onValue={setKind}>
          {Object.entries(kinds).map(([code, key]) => (
            <option key={code} value={code}>
              {t(key)}
            </option>
          ))}
        </Choice>
        <Field label={t("noteAmendReason")} value={reason} onValue={setReason} required />
      </div>
      <div class="field">
        <label for="amend-text">{t("noteAmendText")} *</label>
        <textarea
          id="amend-text"
          rows={4}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      {trouble !== undefined && <Trouble error={trouble} />}
      <div class="actions">
        <button type="submit" aria-disabled={busy || !text.trim() || !reason.trim()}>
          {t("noteAmendDo")}
        </button>
      </div>
    </form>
  );
}

function noteIn(composition: Composition): string | undefined {
  return composition.section
    ?.flatMap((one) => one.entry ?? [])
    .find((one) => one.reference?.startsWith("QuestionnaireResponse/"))
    ?.reference?.split("/")[1];
}

export function SignedNote(props: { id: string; template: Questionnaire; answers: Answers }) {
  const { language, t } = useLanguage();
  const signed = useSigned(props.id, true);
  const queries = useQueryClient();
  const [amending, setAmending] = useState(false);
  const composition = signed.data?.composition;
  const waits = composition?.status === "preliminary";
  return (
    <>
      <div class="bar note-bar">
        <h1>{templateTitle(props.template, language)}</h1>
        <p class="save-state" data-kind="closed">
          <span aria-hidden="true">●</span> {t(waits ? "noteWaitsCosign" : "noteSigned")}
          {composition && `, ${dayText(composition.date, language)}`}
        </p>
      </div>
      <ReadNote template={props.template} answers={props.answers} />
      {!!signed.data?.added.length && (
        <section class="panel">
          <h2>{t("noteAmended")}</h2>
          <ul>
            {signed.data.added.map((one) => (
              <li key={one.id}>
                <Link href={`/notes/${noteIn(one)}`}>
                  {one.title} · {dayText(one.date, language)}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
      {amending ? (
        <Amend
          id={props.id}
          done={() => {
            setAmending(false);
            void queries.invalidateQueries({ queryKey: ["Composition", "of", props.id] });
          }}
        />
      ) : (
        <div class="actions">
          <button type="button" class="plain" onClick={() => setAmending(true)}>
            {t("noteAmend")}
          </button>
        </div>
      )}
    </>
  );
}
