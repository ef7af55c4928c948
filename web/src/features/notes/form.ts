/* What every field of a note's form is given. */
import type { QuestionnaireItem } from "fhir/r4";
import { type Answer, type Answers, labelOf } from "../../fhir/questionnaire";
import type { Language, Translate } from "../../i18n";

export interface FormContext {
  answers: Answers;
  shown: ReadonlySet<string>;
  missing: ReadonlySet<string> /* what signing still wants, by path */;
  same: ReadonlySet<string> /* what was copied and is as it was */;
  change: (path: string, given: readonly Answer[]) => void;
  replace: (answers: Answers) => void;
  language: Language;
  t: Translate;
}

export interface FieldProps {
  form: FormContext;
  item: QuestionnaireItem;
  path: string;
  row?: string | undefined /* in a table: names the row, and no label is shown */;
}

export const fieldId = (path: string) => `field-${path}`;

export function fieldLabel({ form, item, row }: FieldProps): string {
  const label = labelOf(item, form.language);
  return row === undefined ? label : `${row}: ${label}`;
}

export const given = ({ form, path }: FieldProps): readonly Answer[] =>
  form.answers[path] ?? [];
