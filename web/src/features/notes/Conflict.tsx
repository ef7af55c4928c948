/* Two windows have changed the same question: both answers side by side, until somebody has said which. */
import type { Questionnaire } from "fhir/r4";
import type { NoteSaver, Saving } from "../../data/noteSaver";
import { type Answer, labelOf, type Place, placesOf } from "../../fhir/questionnaire";
import { type Language, type Translate, useLanguage } from "../../i18n";
import { saidText } from "./ReadNote";

/* Both texts, one after the other, where both are texts. */
function both(
  mine: readonly Answer[],
  theirs: readonly Answer[],
): readonly Answer[] | undefined {
  const [a, b] = [mine[0]?.valueString, theirs[0]?.valueString];
  return a && b && mine.length === 1 && theirs.length === 1
    ? [{ valueString: `${b}\n${a}` }]
    : undefined;
}

/* "Strength, row 2" of a path in it: rows within rows, the outer first. */
function rowNames(path: string, known: Place[], language: Language, t: Translate): string[] {
  const parts = path.split("/");
  return parts.flatMap((part, at) => {
    const row = /#(\d+)$/.exec(part)?.[1];
    if (row === undefined) return [];
    const group = known.find((one) => one.path === parts.slice(0, at + 1).join("/"))?.item;
    const name = group ? labelOf(group, language) : "";
    return [t("noteRow", { name, row: Number(row) + 1 })];
  });
}

export function Conflict(props: {
  saver: NoteSaver;
  state: Extract<Saving, { kind: "conflict" }>;
  template: Questionnaire;
}) {
  const { language, t } = useLanguage();
  const { saver, state } = props;
  const known = placesOf(props.template.item, { ...state.theirs, ...saver.mine });
  return (
    <section class="note caution" role="alert" aria-label={t("noteConflict")}>
      <p>{t("noteConflict")}</p>
      {state.clashes.map((path) => {
        const item = known.find((one) => one.path === path)?.item;
        const label = [
          ...rowNames(path, known, language, t),
          item ? labelOf(item, language) : path,
        ]
          .filter(Boolean)
          .join(": ");
        const mine = saver.mine[path] ?? [];
        const theirs = state.theirs[path] ?? [];
        const merged = both(mine, theirs);
        const text = (of: readonly Answer[]) =>
          of.map((one) => saidText(one, language, t)).join(", ") || "—";
        return (
          <div key={path} class="clash">
            <h2>{label}</h2>
            <div class="sides">
              <div>
                <p class="typed">{text(mine)}</p>
                <button
                  type="button"
                  aria-label={`${t("conflictMine")}: ${label}`}
                  onClick={() => saver.choose(path, mine)}
                >
                  {t("conflictMine")}
                </button>
              </div>
              <div>
                <p class="typed">{text(theirs)}</p>
                <button
                  type="button"
                  aria-label={`${t("conflictTheirs")}: ${label}`}
                  onClick={() => saver.choose(path, theirs)}
                >
                  {t("conflictTheirs")}
                </button>
              </div>
            </div>
            {merged && (
              <button
                type="button"
                class="plain"
                aria-label={`${t("noteConflictBoth")}: ${label}`}
                onClick={() => saver.choose(path, merged)}
              >
                {t("noteConflictBoth")}
              </button>
            )}
          </div>
        );
      })}
    </section>
  );
}
