/* Picking the template of a new note, and the notes that still wait for their signature. */
import { useQueryClient } from "@tanstack/preact-query";
import type { Questionnaire } from "fhir/r4";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link, useLocation, useSearch } from "wouter-preact";
import { beginNote, installTemplates, useTemplates, useUnsigned } from "../../data/notes";
import { usePatient } from "../../data/patients";
import { nameText } from "../../fhir/person";
import { codingText } from "../../fhir/questionnaire";
import { type Translate, useLanguage } from "../../i18n";
import type { Key } from "../../i18n/en";
import { Field } from "../../ui/Field";
import { Trouble } from "../../ui/Trouble";
import { Banner } from "../desk/PatientPage";
import { templateTitle } from "./NotePage";
import { dayText } from "./SignedNote";
import "./notes.css";

const plain = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const professionNames: Record<string, Key> = {
  chiropractic: "noteForChiropractic",
  general: "noteForAll",
  "massage-therapy": "noteForMassage",
  physician: "noteForPhysician",
  physiotherapy: "noteForPhysiotherapy",
  psychology: "noteForPsychology",
};

/* Whom a template is for; what is general is for all. */
function professions(template: Questionnaire, language: string, t: Translate): string {
  const said = (template.useContext ?? [])
    .flatMap((one) => one.valueCodeableConcept?.coding ?? [])
    .filter((one) => one.system === "urn:hale:profession");
  if (said.some((one) => one.code === "general")) return t("noteForAll");
  return said
    .map((one) => {
      const name = professionNames[one.code ?? ""];
      return name ? t(name) : codingText(one, language);
    })
    .join(", ");
}

export function NewNote(props: { patient: string }) {
  const { language, t } = useLanguage();
  const patient = usePatient(props.patient);
  const templates = useTemplates();
  const queries = useQueryClient();
  const [, go] = useLocation();
  const encounter = new URLSearchParams(useSearch()).get("encounter") ?? undefined;
  const [words, setWords] = useState("");
  const [keys] = useState(() => new Map<string, string>());
  const [trouble, setTrouble] = useState<unknown>();
  const first = useRef<HTMLInputElement | null>(null);
  useEffect(() => first.current?.focus(), [templates.isSuccess, patient.isSuccess]);
  if (patient.isError) return <Trouble error={patient.error} />;
  if (templates.isError)
    return <Trouble error={templates.error} again={() => void templates.refetch()} />;
  if (!templates.isSuccess || !patient.isSuccess) return <p class="empty">{t("loading")}</p>;

  /* The key of an intention stays the same when it is tried again. */
  async function begin(template: Questionnaire) {
    const id = template.id ?? "";
    const key = keys.get(id) ?? crypto.randomUUID();
    keys.set(id, key);
    setTrouble(undefined);
    try {
      const held = await beginNote(template, props.patient, encounter, key);
      go(`/notes/${held.resource.id}`);
    } catch (error) {
      setTrouble(error);
    }
  }

  async function install() {
    try {
      await installTemplates();
      await queries.invalidateQueries({ queryKey: ["Questionnaire", "templates"] });
    } catch (error) {
      setTrouble(error);
    }
  }

  const wanted = plain(words).split(/\s+/).filter(Boolean);
  const found = templates.data.filter((one) => {
    const text = plain(`${templateTitle(one, language)} ${professions(one, language, t)}`);
    return wanted.every((word) => text.includes(word));
  });
  return (
    <>
      <Banner patient={patient.data.resource} />
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          if (found[0]) void begin(found[0]);
        }}
      >
        <h1>{t("notePick")}</h1>
        {trouble !== undefined && <Trouble error={trouble} />}
        {templates.data.length === 0 ? (
          <div class="empty">
            <p>{t("noteNoTemplates")}</p>
            <button type="button" onClick={() => void install()}>
              {t("noteInstall")}
            </button>
          </div>
        ) : (
          <>
            <Field
              label={t("notePickFind")}
              type="search"
              value={words}
              onValue={setWords}
              inputRef={first}
            />
            <ul class="list templates">
              {found.map((one) => (
                <li key={one.id}>
                  <button type="button" class="plain" onClick={() => void begin(one)}>
                    <span class="name">{templateTitle(one, language)}</span>
                    <span class="hint">{professions(one, language, t)}</span>
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
      </form>
    </>
  );
}

export function MyNotes() {
  const { language, t } = useLanguage();
  const notes = useUnsigned();
  const templates = useTemplates();
  const titleOf = (canonical = "") => {
    const found = templates.data?.find((one) => one.url === canonical.split("|")[0]);
    return found ? templateTitle(found, language) : "";
  };
  if (notes.isError) return <Trouble error={notes.error} again={() => void notes.refetch()} />;
  return (
    <>
      <div class="bar">
        <h1>{t("noteMine")}</h1>
      </div>
      {notes.data?.length ? (
        <ul class="list">
          {notes.data.map(({ note, patient, unsent }) => (
            <li key={note.id}>
              <Link href={`/notes/${note.id}`}>
                <span class="name">{patient ? nameText(patient, t) : "—"}</span>
                <span>{titleOf(note.questionnaire)}</span>
                <span>{dayText(note.authored, language)}</span>
                <span>{t("noteUnsigned")}</span>
                <span class="fault">{unsent ? t("noteUnsent") : ""}</span>
              </Link>
            </li>
          ))}
        </ul>
      ) : (
        <p class="panel empty">{notes.isLoading ? t("loading") : t("noteNone")}</p>
      )}
    </>
  );
}
