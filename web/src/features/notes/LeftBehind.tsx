/* What was typed in this browser and is not part of the note, which was signed or deleted elsewhere: shown until
 * somebody has said what becomes of it. */
import type { Questionnaire } from "fhir/r4";
import { useEffect, useState } from "preact/hooks";
import type { OpenedShelf } from "../../data/localDrafts";
import { leftOf } from "../../data/notes";
import { type Answers, labelOf, placesOf, sameAnswers } from "../../fhir/questionnaire";
import { type Language, type Translate, useLanguage } from "../../i18n";
import { Confirm } from "../../ui/Confirm";
import { saidText } from "./ReadNote";

/* Held as long as the screen is there; then left for the next. */
export function useLeft(id: string): [OpenedShelf | undefined, () => void] {
  const [left, setLeft] = useState<OpenedShelf>();
  useEffect(() => {
    let gone = false;
    let mine: OpenedShelf | undefined;
    leftOf(id).then(
      (opened) => {
        if (gone) return opened.letGo();
        mine = opened;
        setLeft(opened);
      },
      () => {} /* a browser that keeps nothing has nothing left */,
    );
    return () => {
      gone = true;
      mine?.letGo();
    };
  }, [id]);
  const settle = () => {
    void left?.takenUp();
    setLeft(undefined);
  };
  return [left, settle];
}

/* One line for each question that was answered otherwise than it stands in the note. */
function linesOf(
  left: OpenedShelf,
  template: Questionnaire | undefined,
  answers: Answers,
  language: Language,
  t: Translate,
): string[] {
  const lines = left.left.flatMap(({ base, mine }) => {
    const known = placesOf(template?.item, mine);
    return Object.entries(mine).flatMap(([path, given]) => {
      if (sameAnswers(given, answers[path]) || sameAnswers(given, base[path])) return [];
      const item = known.find((one) => one.path === path)?.item;
      const last = decodeURIComponent(path.split("/").at(-1) ?? path);
      const text = given.map((one) => saidText(one, language, t)).join(", ");
      return [`${item ? labelOf(item, language) : last}: ${text}`];
    });
  });
  return [...new Set(lines)];
}

export function LeftBehind(props: {
  left: OpenedShelf | undefined;
  template: Questionnaire | undefined;
  answers: Answers;
  settle: () => void;
  add?: (text: string) => void;
}) {
  const { language, t } = useLanguage();
  const [asking, setAsking] = useState(false);
  const { left, add } = props;
  if (!left) return null;
  const lines = linesOf(left, props.template, props.answers, language, t);
  if (!lines.length) return null;
  return (
    <section class="note caution" role="alert" aria-label={t("noteLeft")}>
      <p>{t("noteLeft")}</p>
      <ul>
        {lines.map((line) => (
          <li key={line} class="typed">
            {line}
          </li>
        ))}
      </ul>
      <div class="actions">
        {add && (
          <button type="button" onClick={() => add(lines.join("\n"))}>
            {t("noteLeftAdd")}
          </button>
        )}
        <button type="button" class="plain" onClick={() => setAsking(true)}>
          {t("noteLeftDrop")}
        </button>
      </div>
      {asking && (
        <Confirm
          words={t("noteLeftDropAsk")}
          act={t("noteLeftDrop")}
          busy={false}
          go={props.settle}
          back={() => setAsking(false)}
        />
      )}
    </section>
  );
}
