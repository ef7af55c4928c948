/* Figures to mark, by pointer, finger or keys: a cross that the arrows move, and Enter that marks. What a mark
 * is stands in the table below them, so that nothing is in the picture alone. */
import type { Coding, QuestionnaireItem } from "fhir/r4";
import { useState } from "preact/hooks";
import { partOf, siteAt, type View, views } from "../../fhir/bodyChart";
import {
  type Answer,
  codingText,
  pathOf,
  rowsMost,
  rowsOf,
  withAnswer,
} from "../../fhir/questionnaire";
import type { FormContext } from "./form";
import { numberIn } from "./values";

/* Half of an outline, in percent of the figure; the other half is its mirror. */
const outline =
  "M50 1 C44 1 42 5 42 8 C42 11 44 13 46 14 L46 16 C40 18 33 18 29 20 C25 23 24 29 22 35 " +
  "C20 41 17 46 15 49 C13 52 12 55 14 56 C17 57 19 54 20 51 C23 46 27 39 30 32 L33 27 " +
  "C34 33 34 38 33 43 C31 50 32 58 34 66 C35 72 35 76 35 80 C36 86 37 90 37 93 C34 95 32 97 33 98 " +
  "C36 99 41 98 42 96 C43 90 45 84 46 77 C46 70 48 62 50 54";

const step = 2;
const round = (value: number) => Math.round(Math.min(100, Math.max(0, value)) * 10) / 10;

interface Mark {
  row: number;
  view: string;
  x: number;
  y: number;
  kind: string;
}

function marksOf(form: FormContext, item: QuestionnaireItem, parent: string): Mark[] {
  const answer = (row: number, name: string): Answer | undefined => {
    const part = partOf(item, name);
    return part && form.answers[pathOf(pathOf(parent, item, row), part)]?.[0];
  };
  const rows = rowsOf(form.answers, parent, item);
  return Array.from({ length: rows }, (_, row) => row).flatMap((row) => {
    const x = numberIn(answer(row, "x"));
    const y = numberIn(answer(row, "y"));
    const view = answer(row, "view");
    if (x === undefined || y === undefined) return [];
    const kind = codingText(answer(row, "kind")?.valueCoding, form.language);
    return [{ row, x, y, view: view?.valueCoding?.code ?? view?.valueString ?? "front", kind }];
  });
}

/* An answer of the kind that the template asks for. */
function answerFor(part: QuestionnaireItem, coding: Coding): Answer {
  return part.type === "choice" || part.type === "open-choice"
    ? { valueCoding: coding }
    : { valueString: coding.display ?? coding.code ?? "" };
}

function Figure(props: {
  form: FormContext;
  view: View;
  marks: readonly Mark[];
  put: (view: View, x: number, y: number) => void;
}) {
  const { form, view, put } = props;
  const [at, setAt] = useState<[number, number]>([50, 30]);
  const [keys, setKeys] = useState(false);
  const name = form.t(view === "front" ? "noteBodyFront" : "noteBodyBack");
  const moves: Record<string, [number, number]> = {
    ArrowLeft: [-step, 0],
    ArrowRight: [step, 0],
    ArrowUp: [0, -step],
    ArrowDown: [0, step],
  };
  const site = siteAt(view, at[0], at[1], form.language)?.display ?? "";
  return (
    <div class="figure">
      <button
        type="button"
        class="plain"
        aria-label={`${name}. ${form.t("noteBodyHint")} ${keys ? site : ""}`}
        onFocus={(event) => setKeys(event.currentTarget.matches(":focus-visible"))}
        onBlur={() => setKeys(false)}
        onKeyDown={(event) => {
          const move = moves[event.key];
          if (move) {
            event.preventDefault();
            setKeys(true);
            setAt([round(at[0] + move[0]), round(at[1] + move[1])]);
          } else if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            put(view, at[0], at[1]);
          }
        }}
        onClick={(event) => {
          const box = event.currentTarget.querySelector("svg")?.getBoundingClientRect();
          if (!box || event.detail === 0) return;
          const x = ((event.clientX - box.left) / box.width) * 100;
          const y = ((event.clientY - box.top) / box.height) * 100;
          put(view, round(x), round(y));
        }}
      >
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          <path d={outline} />
          <path d={outline} transform="translate(100 0) scale(-1 1)" />
          {view === "back" && <path d="M50 16 L50 46" class="spine" />}
        </svg>
      </button>
      {props.marks.map((one) => (
        <span
          key={one.row}
          class="mark"
          aria-hidden="true"
          style={{ left: `${one.x}%`, top: `${one.y}%` }}
        >
          {one.row + 1}
        </span>
      ))}
      {keys && (
        <span
          class="cross"
          aria-hidden="true"
          style={{ left: `${at[0]}%`, top: `${at[1]}%` }}
        />
      )}
      <span class="caption" aria-hidden="true">
        {name}
      </span>
    </div>
  );
}

export function BodyChart(props: {
  form: FormContext;
  item: QuestionnaireItem;
  parent: string;
}) {
  const { form, item, parent } = props;
  const marks = marksOf(form, item, parent);

  /* A mark is a row more, or the first where that one is empty. */
  function put(view: View, x: number, y: number) {
    const start = pathOf(parent, item).replace(/#0$/, "#");
    const empty = !Object.keys(form.answers).some((path) => path.startsWith(start));
    const row = empty ? 0 : rowsOf(form.answers, parent, item);
    if (row >= rowsMost) return;
    const path = pathOf(parent, item, row);
    let answers = form.answers;
    const set = (name: string, make: (part: QuestionnaireItem) => Answer | undefined) => {
      const part = partOf(item, name);
      const answer = part && make(part);
      if (part && answer) answers = withAnswer(answers, pathOf(path, part), [answer]);
    };
    const number = (value: number) => (part: QuestionnaireItem) =>
      part.type === "integer" ? { valueInteger: Math.round(value) } : { valueDecimal: value };
    const site = siteAt(view, x, y, form.language);
    set("view", (part) => answerFor(part, { system: "urn:hale:body-view", code: view }));
    set("x", number(x));
    set("y", number(y));
    set("site", (part) => site && answerFor(part, site));
    form.replace(answers);
  }

  return (
    <div class="figures">
      {views.map((view) => (
        <Figure
          key={view}
          form={form}
          view={view}
          marks={marks.filter((one) => one.view === view)}
          put={put}
        />
      ))}
    </div>
  );
}
