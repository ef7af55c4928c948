/* A note: written while it is a draft, read once it is signed. */
import { useQueryClient } from "@tanstack/preact-query";
import type { Questionnaire } from "fhir/r4";
import { useSyncExternalStore } from "preact/compat";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import {
  discardNote,
  forgetSaver,
  type OpenNote,
  saverOf,
  scorePaths,
  scoresOf,
  useNote,
} from "../../data/notes";
import type { NoteSaver } from "../../data/noteSaver";
import { nameText } from "../../fhir/person";
import { type Answers, answersOf, inLanguage, shownPaths } from "../../fhir/questionnaire";
import { type Language, useLanguage } from "../../i18n";
import { say, sayTrouble } from "../../ui/Toast";
import { Confirm } from "../../ui/Confirm";
import { isGone, refusesFor, Trouble, troubleText } from "../../ui/Trouble";
import { Banner } from "../desk/PatientPage";
import { Conflict } from "./Conflict";
import { Form } from "./Form";
import type { FormContext } from "./form";
import { LeftBehind, useLeft } from "./LeftBehind";
import { ReadNote } from "./ReadNote";
import { SaveState } from "./SaveState";
import { type Lack, Signing } from "./Signing";
import { SignedNote } from "./SignedNote";
import "./notes.css";

export function templateTitle(template: Questionnaire, language: Language): string {
  return inLanguage(template.title ?? template.name, template._title, language) || "—";
}

const scorePauseMs = 400;

/* Calculated answers follow what was answered, a moment later; `again` where that has changed: a connection
 * that is back. */
function useScores(
  saver: NoteSaver,
  note: OpenNote,
  mine: Answers,
  open: boolean,
  again: boolean,
): void {
  useEffect(() => {
    if (!open) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      scoresOf(note.template, mine, note.held.resource, stop.signal).then(
        (scores) => {
          for (const [path, given] of Object.entries(scores)) saver.change(path, given);
        },
        () => {
          /* Not reached, or not understood: no score is better than that of other answers. */
          if (stop.signal.aborted) return;
          for (const path of scorePaths(note.template, saver.mine))
            if (saver.mine[path]?.length) saver.change(path, []);
        },
      );
    }, scorePauseMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [saver, mine, open, again]);
}

/* The browser asks before it closes a window whose text is nowhere else. */
function useLeaveWarning(wanted: boolean): void {
  useEffect(() => {
    if (!wanted) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [wanted]);
}

function Editor(props: { id: string; note: OpenNote; saver: NoteSaver; again: () => void }) {
  const { language, t } = useLanguage();
  const { note, saver } = props;
  const { template } = note;
  const { state, mine } = useSyncExternalStore(saver.subscribe, saver.snapshot);
  const [lacks, setLacks] = useState<readonly Lack[]>([]);
  const [asking, setAsking] = useState(false);
  const [, go] = useLocation();
  const shown = useMemo(() => shownPaths(template, mine), [template, mine]);
  useScores(saver, note, mine, state.kind !== "closed", state.kind === "saved");
  useLeaveWarning(state.kind === "unkept");
  const form: FormContext = {
    answers: mine,
    shown,
    missing: new Set(
      lacks.flatMap((one) => (one.path && !mine[one.path]?.length ? [one.path] : [])),
    ),
    same: new Set(),
    change: (path, given) => saver.change(path, given),
    replace: (answers) => saver.replace(answers),
    language,
    t,
  };

  async function discard() {
    setAsking(false);
    try {
      await saver.settle();
      await discardNote(saver.version);
      await forgetSaver(props.id, "deleted");
      say(t("noteDiscarded"));
      go(note.patient ? `/patients/${note.patient.id}` : "/notes");
    } catch (error) {
      sayTrouble(troubleText(error, t));
    }
  }

  if (state.kind === "closed")
    return (
      <>
        <div class="note caution" role="alert">
          <p>{t("noteClosedTyped")}</p>
          <button type="button" onClick={props.again}>
            {t("noteOpen")}
          </button>
        </div>
        <ReadNote template={template} answers={mine} />
      </>
    );
  return (
    <>
      <div class="bar note-bar">
        <h1>
          {templateTitle(template, language)}
          {note.patient && <span class="for"> {nameText(note.patient, t)}</span>}
        </h1>
        <SaveState state={state} />
      </div>
      {saver.recovered && (
        <div class="note" role="status">
          {t("noteRecovered", {
            time: new Date(saver.recovered).toLocaleString(`${language}-CA`),
          })}
        </div>
      )}
      {state.kind === "conflict" && (
        <Conflict saver={saver} state={state} template={template} />
      )}
      <form
        class="note-form"
        noValidate
        autocomplete="off"
        onSubmit={(event) => event.preventDefault()}
      >
        <Form form={form} template={template} />
      </form>
      <Signing
        id={props.id}
        saver={saver}
        template={template}
        patient={note.patient}
        lacks={lacks}
        setLacks={setLacks}
        signed={props.again}
      />
      <div class="actions">
        <button type="button" class="plain" onClick={() => setAsking(true)}>
          {t("noteDiscard")}
        </button>
        {asking && (
          <Confirm
            words={t("noteDiscardAsk")}
            act={t("noteDiscardDo")}
            busy={false}
            go={() => void discard()}
            back={() => setAsking(false)}
          />
        )}
      </div>
    </>
  );
}

function Draft(props: { id: string; note: OpenNote; again: () => void }) {
  const { t } = useLanguage();
  const [saver, setSaver] = useState<NoteSaver>();
  const [trouble, setTrouble] = useState<unknown>();
  const open = () => {
    setTrouble(undefined);
    saverOf(props.note).then((made) => {
      /* Signed since it was last read, and nothing was typed here: it is read anew. */
      if (made.snapshot().state.kind === "closed" && !made.typed()) props.again();
      else setSaver(made);
    }, setTrouble);
  };
  useEffect(open, [props.id]);
  /* What a screen that goes away still holds goes to the server at once. */
  useEffect(() => () => saver?.wake(), [saver]);
  if (trouble !== undefined) return <Trouble error={trouble} again={open} />;
  if (!saver) return <p class="empty">{t("loading")}</p>;
  return <Editor id={props.id} note={props.note} saver={saver} again={props.again} />;
}

/* Typed here for a note that is not there any more. */
function Orphan(props: { id: string }) {
  const [left, settle] = useLeft(props.id);
  return <LeftBehind left={left} template={undefined} answers={{}} settle={settle} />;
}

export function NotePage(props: { id: string }) {
  const { t } = useLanguage();
  const note = useNote(props.id);
  const queries = useQueryClient();
  if (note.isError && (!note.data || refusesFor(note.error)))
    return (
      <>
        <Trouble error={note.error} again={() => void note.refetch()} />
        {isGone(note.error) && <Orphan id={props.id} />}
      </>
    );
  if (!note.data) return <p class="empty">{t("loading")}</p>;
  const { held, template, patient } = note.data;
  const again = async () => {
    await forgetSaver(props.id);
    await queries.invalidateQueries({ queryKey: ["QuestionnaireResponse"] });
  };
  return (
    <>
      {patient && (
        <Link class="who" href={`/patients/${patient.id}`}>
          <Banner patient={patient} />
        </Link>
      )}
      {held.resource.status === "in-progress" ? (
        <Draft
          key={held.resource.id}
          id={props.id}
          note={note.data}
          again={() => void again()}
        />
      ) : (
        <SignedNote
          id={props.id}
          template={template}
          answers={answersOf(template, held.resource)}
        />
      )}
    </>
  );
}
