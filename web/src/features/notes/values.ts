/* Between what is typed into a field and the answer it stands for. */
import type { Quantity, QuestionnaireItem } from "fhir/r4";
import { type Answer, extensionOf } from "../../fhir/questionnaire";
import { isDate } from "../../fhir/person";

/* undefined: what was typed is no such value. No answer: nothing was typed. */
export type Parsed = readonly Answer[] | undefined;

function numberOf(text: string): number | undefined {
  const plain = text.trim().replace(",", ".");
  return /^[-+]?\d{1,15}(\.\d{1,10})?$/.test(plain) ? Number(plain) : undefined;
}

/* The unit a quantity is in unless another is chosen. */
export function unitsOf(item: QuestionnaireItem): Quantity[] {
  const codings = [
    extensionOf(item, "questionnaire-unit")?.valueCoding,
    ...(item.extension ?? [])
      .filter((one) => one.url.endsWith("/questionnaire-unitOption"))
      .map((one) => one.valueCoding),
  ];
  return codings.flatMap((one) =>
    one
      ? [
          {
            unit: one.display ?? one.code ?? "",
            ...(one.system ? { system: one.system } : {}),
            ...(one.code ? { code: one.code } : {}),
          },
        ]
      : [],
  );
}

const two = (value: number) => String(value).padStart(2, "0");

/* With the offset that this browser's clock has at that time. */
function instant(text: string): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})$/.exec(text.trim());
  if (!match || !isDate(match[1] as string)) return undefined;
  const date = new Date(`${match[1]}T${match[2]}`);
  if (Number.isNaN(date.getTime())) return undefined;
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? "-" : "+";
  const size = Math.abs(offset);
  return `${match[1]}T${match[2]}:00${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export function parseValue(item: QuestionnaireItem, text: string, unit?: Quantity): Parsed {
  if (text.trim() === "") return [];
  const number = numberOf(text);
  switch (item.type) {
    case "integer":
      return Number.isInteger(number) ? [{ valueInteger: number as number }] : undefined;
    case "decimal":
      return number === undefined ? undefined : [{ valueDecimal: number }];
    case "quantity":
      return number === undefined ? undefined : [{ valueQuantity: { value: number, ...unit } }];
    case "date":
      return isDate(text.trim()) ? [{ valueDate: text.trim() }] : undefined;
    case "dateTime": {
      if (isDate(text.trim())) return [{ valueDateTime: text.trim() }];
      const moment = instant(text);
      return moment ? [{ valueDateTime: moment }] : undefined;
    }
    case "time":
      return /^([01]\d|2[0-3]):[0-5]\d$/.test(text.trim())
        ? [{ valueTime: `${text.trim()}:00` }]
        : undefined;
    case "url":
      return [{ valueUri: text.trim() }];
    case "reference":
      return [{ valueReference: { display: text } }];
    default:
      return [{ valueString: text }];
  }
}

export function formatValue(answer: Answer | undefined): string {
  if (!answer) return "";
  if (answer.valueQuantity) return String(answer.valueQuantity.value ?? "");
  if (answer.valueReference) return answer.valueReference.display ?? "";
  if (answer.valueDateTime) return answer.valueDateTime.slice(0, 16).replace("T", " ");
  if (answer.valueTime) return answer.valueTime.slice(0, 5);
  return String(
    answer.valueString ??
      answer.valueInteger ??
      answer.valueDecimal ??
      answer.valueDate ??
      answer.valueUri ??
      "",
  );
}

export interface Bounds {
  least: number | undefined;
  most: number | undefined;
  step: number;
}

export function boundsOf(item: QuestionnaireItem): Bounds {
  const bound = (name: string) => {
    const one = extensionOf(item, name);
    return one?.valueInteger ?? one?.valueDecimal ?? one?.valueQuantity?.value;
  };
  return {
    least: bound("minValue"),
    most: bound("maxValue"),
    step: bound("questionnaire-sliderStepValue") ?? 1,
  };
}

export function numberIn(answer: Answer | undefined): number | undefined {
  return answer?.valueInteger ?? answer?.valueDecimal ?? answer?.valueQuantity?.value;
}
