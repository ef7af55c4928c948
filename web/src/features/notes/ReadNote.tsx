/* A note to be read: what was answered, in the order and words of its template. */
import type { Questionnaire, QuestionnaireItem } from "fhir/r4";
import {
  type Answer,
  type Answers,
  answerText,
  hasRows,
  labelOf,
  pathOf,
  placesOf,
  rowsOf,
} from "../../fhir/questionnaire";
import { type Language, type Translate, useLanguage } from "../../i18n";

/* As it is to be read: yes and no in words. */
export function saidText(answer: Answer, language: Language, t: Translate): string {
  if (answer.valueBoolean === undefined) return answerText(answer, language);
  return t(answer.valueBoolean ? "noteYes" : "noteNo");
}

function answered(item: QuestionnaireItem, answers: Answers, path: string): boolean {
  return (
    Boolean(answers[path]?.length) ||
    placesOf(item.item, answers, path).some((one) => answers[one.path]?.length)
  );
}

function Part(props: {
  item: QuestionnaireItem;
  answers: Answers;
  path: string;
  depth: number;
}) {
  const { language, t } = useLanguage();
  const { item, answers, path, depth } = props;
  const given = answers[path] ?? [];
  const text = given.map((one) => saidText(one, language, t)).join(", ");
  const Heading = depth === 0 ? "h2" : "h3";
  const below = <Parts items={item.item} answers={answers} parent={path} depth={depth + 1} />;
  if (item.type === "group")
    return (
      <section class={depth === 0 ? "panel" : "part"}>
        <Heading>{labelOf(item, language)}</Heading>
        {below}
      </section>
    );
  return (
    <>
      {given.length > 0 && (
        <dl class="answer">
          <dt>{labelOf(item, language)}</dt>
          <dd>{text}</dd>
        </dl>
      )}
      {below}
    </>
  );
}

function Parts(props: {
  items: QuestionnaireItem[] | undefined;
  answers: Answers;
  parent: string;
  depth: number;
}) {
  const { answers, parent } = props;
  return (
    <>
      {(props.items ?? []).flatMap((item) =>
        Array.from({ length: hasRows(item) ? rowsOf(answers, parent, item) : 1 }, (_, row) => {
          const path = pathOf(parent, item, row);
          if (!answered(item, answers, path)) return null;
          return (
            <Part key={path} item={item} answers={answers} path={path} depth={props.depth} />
          );
        }),
      )}
    </>
  );
}

export function ReadNote(props: { template: Questionnaire; answers: Answers }) {
  return (
    <article class="read-note">
      <Parts items={props.template.item} answers={props.answers} parent="" depth={0} />
    </article>
  );
}
