/* From a draft to a signed note: what is missing, each a link to its field; then who signs for whom. */
import type { OperationOutcomeIssue, Patient, Questionnaire } from "fhir/r4";
import { useState } from "preact/hooks";
import { checkNote, signNote } from "../../data/notes";
import type { NoteSaver } from "../../data/noteSaver";
import { FhirError } from "../../fhir/client";
import { nameText } from "../../fhir/person";
import {
  answersOf,
  differingPaths,
  labelOf,
  missingOf,
  placesOf,
  responseOf,
} from "../../fhir/questionnaire";
import { useLanguage } from "../../i18n";
import { Confirm } from "../../ui/Confirm";
import { Trouble } from "../../ui/Trouble";
import { fieldId } from "./form";

export interface Lack {
  path: string | undefined;
  text: string;
  severe: boolean;
}

const linkIdUrl = "urn:hale:link-id";

/* What the server says is missing, at the field it means: the first with that linkId that is empty. */
function lackOf(issue: OperationOutcomeIssue, template: Questionnaire, saver: NoteSaver): Lack {
  const linkId = issue.extension?.find((one) => one.url === linkIdUrl)?.valueString;
  const places = placesOf(template.item, saver.mine).filter(
    (one) => one.item.linkId === linkId,
  );
  const place = places.find((one) => !saver.mine[one.path]?.length) ?? places[0];
  return {
    path: place?.path,
    text: issue.details?.text ?? issue.diagnostics ?? issue.code,
    severe: issue.severity === "error" || issue.severity === "fatal",
  };
}

export function goTo(path: string): void {
  const field = document.getElementById(fieldId(path));
  const inner = field?.matches("input, textarea, select")
    ? field
    : field?.querySelector<HTMLElement>("input, textarea, select");
  (inner ?? field)?.focus();
  (inner ?? field)?.scrollIntoView({ block: "center" });
}

export function Signing(props: {
  id: string;
  saver: NoteSaver;
  template: Questionnaire;
  patient: Patient | undefined;
  lacks: readonly Lack[];
  setLacks: (lacks: readonly Lack[]) => void;
  signed: () => void;
}) {
  const { language, t } = useLanguage();
  const { saver, template, lacks } = props;
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<unknown>();

  async function check() {
    if (busy) return;
    /* What is on the screen and is no answer would not be in what is signed. */
    const wrong = document.querySelector<HTMLElement>(".note-form [aria-invalid=true]");
    if (wrong) {
      wrong.focus();
      return wrong.scrollIntoView({ block: "center" });
    }
    setBusy(true);
    setTrouble(undefined);
    try {
      const own = missingOf(template, saver.mine).map(
        ({ item, path }): Lack => ({ path, text: labelOf(item, language), severe: true }),
      );
      if (own.length) return props.setLacks(own);
      if (!(await saver.settle())) return;
      const said = (await checkNote(props.id)).map((one) => lackOf(one, template, saver));
      props.setLacks(said);
      if (!said.some((one) => one.severe)) setAsking(true);
    } catch (error) {
      setTrouble(error);
    } finally {
      setBusy(false);
    }
  }

  async function sign() {
    if (busy) return;
    setBusy(true);
    try {
      const final = answersOf(
        template,
        responseOf(template, saver.mine, saver.version.resource, true),
      );
      /* What is not on the screen is not signed: questions that are not asked any more. */
      if (differingPaths(final, saver.mine).length) saver.replace(final);
      if (!(await saver.settle())) return setAsking(false);
      await signNote(saver.version);
      props.signed();
    } catch (error) {
      setAsking(false);
      if (error instanceof FhirError && error.status === 422)
        props.setLacks((error.outcome?.issue ?? []).map((one) => lackOf(one, template, saver)));
      else setTrouble(error);
      if (error instanceof FhirError && error.status === 412) await saver.readAgain();
    } finally {
      setBusy(false);
    }
  }

  return (
    <section class="panel signing">
      {lacks.length > 0 && (
        <div class="note caution" role="alert">
          <p>{t("noteMissing")}</p>
          <ul>
            {lacks.map((one) => (
              <li key={`${one.path} ${one.text}`}>
                {one.path ? (
                  <a
                    href={`#${fieldId(one.path)}`}
                    onClick={(event) => {
                      event.preventDefault();
                      goTo(one.path ?? "");
                    }}
                  >
                    {one.text}
                  </a>
                ) : (
                  one.text
                )}
              </li>
            ))}
          </ul>
        </div>
      )}
      {trouble !== undefined && <Trouble error={trouble} />}
      <button type="button" aria-disabled={busy} onClick={() => void check()}>
        {t("noteSign")}
      </button>
      {asking && (
        <Confirm
          words={t("noteSignAs", {
            patient: props.patient ? nameText(props.patient, t) : "",
          })}
          act={t("noteSignDo")}
          busy={busy}
          go={() => void sign()}
          back={() => setAsking(false)}
        />
      )}
    </section>
  );
}
