/* A signed note: as it was signed, with when and by whom, and what was added to it since. */
import { useQueryClient } from "@tanstack/preact-query";
import type { Composition, Questionnaire } from "fhir/r4";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { OpenedShelf } from "../../data/localDrafts";
import { additionShelf, amendNote, hasAddition, useSigned } from "../../data/notes";
import type { Answers } from "../../fhir/questionnaire";
import { type Language, useLanguage } from "../../i18n";
import type { Key } from "../../i18n/en";
import { Choice, Field } from "../../ui/Field";
import { Trouble } from "../../ui/Trouble";
import { LeftBehind, useLeft } from "./LeftBehind";
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

interface Addition {
  kind: string;
  reason: string;
  text: string;
}

/* Kept in this browser while it is written, and brought back where the session ended before it was sent.
 * Resolves to how to let it go once it is. */
function useAddition(id: string, now: Addition, brought: (left: Addition) => void) {
  const place = useRef<OpenedShelf>();
  const last = useRef<Promise<void>>(Promise.resolve());
  const empty = !now.text && !now.reason;
  useEffect(() => {
    let gone = false;
    additionShelf(id).then(
      (opened) => {
        if (gone) return opened.letGo();
        place.current = opened;
        const mine = opened.left.at(-1)?.mine;
        const said = (name: string) => mine?.[name]?.[0]?.valueString ?? "";
        if (mine) brought({ kind: said("kind"), reason: said("reason"), text: said("text") });
      },
      () => {} /* a browser that keeps nothing: the form is there all the same */,
    );
    return () => {
      gone = true;
      place.current?.letGo();
    };
  }, [id]);
  useEffect(() => {
    const opened = place.current;
    if (!opened || empty) return;
    const mine = Object.fromEntries(
      Object.entries(now).map(([name, valueString]) => [name, [{ valueString }]]),
    );
    const kept = { base: {}, mine, unsure: [], at: new Date().toISOString() };
    last.current = last.current
      .then(() => opened.shelf.keep(kept))
      .then(opened.takenUp)
      .catch(() => {});
  }, [now.kind, now.reason, now.text]);
  return async () => {
    await last.current;
    await place.current?.shelf.drop();
    await place.current?.takenUp();
  };
}

function Amend(props: { id: string; text: string; done: () => void }) {
  const { t } = useLanguage();
  const [kind, setKind] = useState("addendum");
  const [reason, setReason] = useState("");
  const [text, setText] = useState(props.text);
  const sent = useAddition(props.id, { kind, reason, text }, (left) => {
    if (left.kind in kinds) setKind(left.kind);
    setReason(left.reason);
    setText([left.text, props.text].filter(Boolean).join("\n"));
  });
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<unknown>();
  const intent = useRef({ of: "", key: "" });
  async function send() {
    if (busy || !text.trim() || !reason.trim()) return;
    const of = JSON.stringify([kind, reason.trim(), text]);
    if (intent.current.of !== of) intent.current = { of, key: crypto.randomUUID() };
    setBusy(true);
    setTrouble(undefined);
    try {
      await amendNote(props.id, kind, reason.trim(), text, intent.current.key);
      await sent().catch(() => {});
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
  const [left, settle] = useLeft(props.id);
  const [brought, setBrought] = useState("");
  useEffect(() => {
    hasAddition(props.id).then(
      (there) => there && setAmending(true),
      () => {},
    );
  }, [props.id]);
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
      {!brought && (
        <LeftBehind
          left={left}
          template={props.template}
          answers={props.answers}
          settle={settle}
          add={(text) => {
            setBrought(text);
            setAmending(true);
          }}
        />
      )}
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
          key={brought}
          id={props.id}
          text={brought}
          done={() => {
            setAmending(false);
            if (brought) settle();
            setBrought("");
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
