/* The kinds of question a note can ask, each as a field: label, fault and hint tied together, usable by keys
 * alone. Questionnaire.item.type, questionnaire-itemControl. */
import type { CodeableConcept, Coding, Quantity, QuestionnaireItem } from "fhir/r4";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import {
  type Answer,
  codingText,
  controlOf,
  extensionOf,
  inLanguage,
  sameAnswers,
} from "../../fhir/questionnaire";
import { CodePicker } from "../../ui/CodePicker";
import { type FieldProps, fieldId, fieldLabel, given } from "./form";
import { boundsOf, formatValue, numberIn, parseValue, unitsOf } from "./values";

const attachmentKb = 1000;

const inputId = (path: string, at = 0) => fieldId(path) + (at ? `-${at}` : "");

/* What describes the input: the fault that its frame shows, where it shows one. */
function faultId(props: FieldProps, fault?: string, at?: number): string | undefined {
  return fault || props.form.missing.has(props.path)
    ? `${inputId(props.path, at)}-fault`
    : undefined;
}

function Frame(
  props: FieldProps & {
    at?: number /* which of several answers */;
    fault?: string | undefined;
    children: ComponentChildren;
  },
) {
  const { form, item, path } = props;
  const id = inputId(path, props.at);
  const missing = form.missing.has(path) && form.t("noteMissingOne");
  const fault = props.fault || missing;
  return (
    <div class="field" data-missing={missing ? "" : undefined}>
      <label for={id} class={props.row === undefined ? undefined : "unseen"}>
        {fieldLabel(props)}
        {item.required ? " *" : ""}
      </label>
      {props.children}
      {form.same.has(path) && <span class="hint">{form.t("noteUnchanged")}</span>}
      {fault && (
        <div class="fault" id={`${id}-fault`}>
          {fault}
        </div>
      )}
    </div>
  );
}

/* Several inputs that make up one answer: a fieldset with a legend. */
function Group(props: FieldProps & { children: ComponentChildren }) {
  const { form, item, path } = props;
  const id = fieldId(path);
  const missing = form.missing.has(path);
  return (
    <fieldset class="field" id={id} tabIndex={-1} data-missing={missing ? "" : undefined}>
      <legend class={props.row === undefined ? undefined : "unseen"}>
        {fieldLabel(props)}
        {item.required ? " *" : ""}
      </legend>
      {props.children}
      {form.same.has(path) && <span class="hint">{form.t("noteUnchanged")}</span>}
      {missing && <div class="fault">{form.t("noteMissingOne")}</div>}
    </fieldset>
  );
}

/* What is typed stays as typed while it means what was answered; else the answer is shown. */
function useTyped(props: FieldProps, at: number, unit?: Quantity) {
  const answer = given(props)[at];
  const [typed, setTyped] = useState(() => formatValue(answer));
  const parsed = parseValue(props.item, typed, unit);
  const own = parsed === undefined || sameAnswers(parsed, answer ? [answer] : []);
  const text = own ? typed : formatValue(answer);
  return { text, wrong: own && parsed === undefined, setTyped };
}

/* The answers of a question with the one at a place changed. */
function placed(props: FieldProps, at: number, now: readonly Answer[]): readonly Answer[] {
  const all = [...given(props)];
  all.splice(at, 1, ...now);
  return all;
}

function faultOf(props: FieldProps, text: string, wrong: boolean): string | undefined {
  const { item, form } = props;
  if (wrong) {
    const example = { date: "2026-03-27", dateTime: "2026-03-27 09:30", time: "09:30" }[
      item.type as string
    ];
    return example ? form.t("noteWrongTime", { example }) : form.t("noteWrongNumber");
  }
  const { least, most } = boundsOf(item);
  const number = numberIn(parseValue(item, text)?.[0]);
  if (number !== undefined && least !== undefined && number < least)
    return form.t("noteWrongLeast", { least });
  if (number !== undefined && most !== undefined && number > most)
    return form.t("noteWrongMost", { most });
  return undefined;
}

/* Grows with what is written in it. */
function Area(props: {
  id: string;
  text: string;
  about: string | undefined;
  hint: string | undefined;
  most: number | undefined;
  onText: (text: string) => void;
  onLeave: () => void;
}) {
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    if (!area.current) return;
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight + 2}px`;
  }, [props.text]);
  return (
    <textarea
      id={props.id}
      ref={area}
      rows={2}
      value={props.text}
      placeholder={props.hint}
      maxLength={props.most}
      aria-describedby={props.about}
      onInput={(event) => props.onText(event.currentTarget.value)}
      onBlur={props.onLeave}
    />
  );
}

function entryFormat(item: QuestionnaireItem, language: string): string | undefined {
  const hint = extensionOf(item, "entryFormat");
  return hint && (inLanguage(hint.valueString, hint._valueString, language) || undefined);
}

function Typed(props: FieldProps & { at: number }) {
  const { form, item, path, at } = props;
  const units = unitsOf(item);
  const chosen = given(props)[at]?.valueQuantity;
  const unit = units.find((one) => one.unit === chosen?.unit) ?? units[0];
  const { text: said, wrong, setTyped } = useTyped(props, at, unit);
  /* One of several that is emptied keeps its place until it is left: the next would slide under the cursor. */
  const [emptied, setEmptied] = useState(false);
  const text = emptied ? "" : said;
  const id = inputId(path, at);
  const fault = faultOf(props, text, wrong);
  const onLeave = () => {
    if (emptied) form.change(path, placed(props, at, []));
    setEmptied(false);
  };
  const onText = (now: string) => {
    setTyped(now);
    const waits = !!item.repeats && now.trim() === "" && at < given(props).length;
    setEmptied(waits);
    if (waits) return;
    /* What is no such value takes nothing away: it is marked, and what was answered stays until it is one. */
    const parsed = parseValue(item, now, unit);
    if (parsed) form.change(path, placed(props, at, parsed));
  };
  const shared = {
    id,
    text,
    about: faultId(props, fault, at),
    hint: entryFormat(item, form.language),
    most: item.maxLength,
  };
  const number = ["integer", "decimal", "quantity"].includes(item.type);
  return (
    <Frame {...props} at={at} fault={fault}>
      {item.type === "text" ? (
        <Area {...shared} onText={onText} onLeave={onLeave} />
      ) : (
        <div class="line">
          <input
            id={id}
            class={number ? "number" : undefined}
            value={text}
            placeholder={shared.hint}
            maxLength={item.maxLength}
            inputMode={number ? "decimal" : undefined}
            readOnly={item.readOnly ?? false}
            autocomplete="off"
            aria-invalid={fault ? "true" : undefined}
            aria-describedby={shared.about}
            onInput={(event) => onText(event.currentTarget.value)}
            onBlur={onLeave}
          />
          {units.length === 1 && <span>{units[0]?.unit}</span>}
          {units.length > 1 && (
            <select
              aria-label={`${fieldLabel(props)}: ${unit?.unit}`}
              value={unit?.unit}
              onChange={(event) => {
                const next = units.find((one) => one.unit === event.currentTarget.value);
                const parsed = parseValue(item, text, next);
                if (parsed) form.change(path, placed(props, at, parsed));
              }}
            >
              {units.map((one) => (
                <option key={one.unit}>{one.unit}</option>
              ))}
            </select>
          )}
        </div>
      )}
    </Frame>
  );
}

/* A question that may be answered several times has an empty field after the last. */
function TypedAll(props: FieldProps) {
  const count = props.item.repeats ? given(props).length + 1 : 1;
  return (
    <>
      {Array.from({ length: count }, (_, at) => (
        <Typed key={at} {...props} at={at} />
      ))}
    </>
  );
}

// ---- choices ----

interface Option {
  key: string;
  text: string;
  answer: Answer;
}

function optionsOf(props: FieldProps): Option[] {
  const { item, form } = props;
  return (item.answerOption ?? []).map((one) => {
    const { valueCoding, valueString, valueInteger, valueDate, valueTime } = one;
    const plain = valueString ?? valueInteger ?? valueDate ?? valueTime;
    const text = valueCoding
      ? codingText(valueCoding, form.language)
      : inLanguage(String(plain), one._valueString, form.language);
    const answer: Answer = valueCoding
      ? { valueCoding: withOrdinal(valueCoding, one) }
      : Object.fromEntries(
          Object.entries({ valueString, valueInteger, valueDate, valueTime }).filter(
            ([, value]) => value !== undefined,
          ),
        );
    return { key: valueCoding?.code ?? String(plain), text, answer };
  });
}

/* What the choice counts for goes with it: scores are worked out from the answers alone. */
function withOrdinal(coding: Coding, option: { extension?: Coding["extension"] }): Coding {
  const { _display, ...plain } = coding;
  const ordinal = extensionOf(option, "ordinalValue");
  return ordinal && !extensionOf(coding, "ordinalValue")
    ? { ...plain, extension: [...(plain.extension ?? []), ordinal] }
    : plain;
}

/* The same choice, whatever goes with its code. */
function keyOf(answer: Answer | undefined): string {
  return answer?.valueCoding?.code ?? formatValue(answer);
}

function Choices(props: FieldProps) {
  const { form, item, path } = props;
  const answers = given(props);
  const offered = optionsOf(props);
  /* A code that came from elsewhere, a place on a figure or another program, is shown, too. */
  const others = answers.flatMap((answer): Option[] =>
    answer.valueCoding && !offered.some((one) => one.key === keyOf(answer))
      ? [{ key: keyOf(answer), text: codingText(answer.valueCoding, form.language), answer }]
      : [],
  );
  const options = [...offered, ...others];
  const drop =
    controlOf(item) === "drop-down" ||
    (props.row !== undefined && !item.repeats) ||
    (!controlOf(item) && options.length > 7 && !item.repeats);
  const other = item.type === "open-choice" && (
    <Other {...props} known={options.map((one) => one.key)} />
  );
  if (drop)
    return (
      <>
        <Frame {...props}>
          <select
            id={fieldId(path)}
            value={keyOf(answers[0])}
            aria-describedby={faultId(props)}
            onChange={(event) => {
              const found = options.find((one) => one.key === event.currentTarget.value);
              form.change(path, found ? [found.answer] : []);
            }}
          >
            <option value="" />
            {options.map((one) => (
              <option key={one.key} value={one.key}>
                {one.text}
              </option>
            ))}
          </select>
        </Frame>
        {other}
      </>
    );
  const toggle = (option: Option, on: boolean) => {
    const others = item.repeats ? answers.filter((one) => keyOf(one) !== option.key) : [];
    form.change(path, on ? [...others, option.answer] : others);
  };
  return (
    <Group {...props}>
      <div class="options">
        {options.map((one) => (
          <label key={one.key}>
            <input
              type={item.repeats ? "checkbox" : "radio"}
              name={fieldId(path)}
              checked={answers.some((answer) => keyOf(answer) === one.key)}
              onChange={(event) => toggle(one, event.currentTarget.checked)}
            />
            {one.text}
          </label>
        ))}
        {!item.repeats && answers.length > 0 && !item.required && (
          <button
            type="button"
            class="plain small"
            aria-label={`${form.t("noteClear")}: ${fieldLabel(props)}`}
            onClick={() => form.change(path, [])}
          >
            {form.t("noteClear")}
          </button>
        )}
      </div>
      {other}
    </Group>
  );
}

/* In words, beside what the list offers. */
function Other(props: FieldProps & { known: string[] }) {
  const { form, item, path } = props;
  const answers = given(props);
  const text = answers.find((one) => one.valueString && !props.known.includes(keyOf(one)));
  return (
    <input
      aria-label={`${fieldLabel(props)}: ${form.t("noteOther")}`}
      placeholder={form.t("noteOther")}
      value={text?.valueString ?? ""}
      onInput={(event) => {
        const now = event.currentTarget.value;
        const others = item.repeats ? answers.filter((one) => one !== text) : [];
        form.change(path, now.trim() ? [...others, { valueString: now }] : others);
      }}
    />
  );
}

/* From a value set, as letters find it; words where nothing is found. */
function Picked(props: FieldProps) {
  const { form, item, path } = props;
  const answers = given(props);
  const count = item.repeats ? answers.length + 1 : Math.max(1, answers.length);
  const conceptOf = (answer: Answer | undefined): CodeableConcept | undefined => {
    if (answer?.valueString !== undefined) return { text: answer.valueString };
    const coding = answer?.valueCoding;
    if (!coding) return undefined;
    const text = coding.display ?? coding.code ?? "";
    return coding.code ? { coding: [coding], text } : { text };
  };
  const answerOf = (concept: CodeableConcept | undefined): readonly Answer[] => {
    const coding = concept?.coding?.[0];
    if (coding) return [{ valueCoding: coding }];
    if (!concept?.text?.trim()) return [];
    return item.type === "open-choice"
      ? [{ valueString: concept.text }]
      : [{ valueCoding: { display: concept.text } }];
  };
  return (
    <div id={fieldId(path)} tabIndex={-1}>
      {Array.from({ length: count }, (_, at) => (
        <CodePicker
          key={at}
          label={fieldLabel(props)}
          value={conceptOf(answers[at])}
          required={item.required}
          fault={form.missing.has(path) ? form.t("noteMissingOne") : undefined}
          source={{ valueSet: item.answerValueSet ?? "" }}
          onValue={(concept) => form.change(path, placed(props, at, answerOf(concept)))}
        />
      ))}
    </div>
  );
}

function YesNo(props: FieldProps) {
  const { form, path } = props;
  const value = given(props)[0]?.valueBoolean;
  return (
    <Group {...props}>
      <div class="options">
        {[true, false].map((one) => (
          <label key={String(one)}>
            <input
              type="radio"
              name={fieldId(path)}
              checked={value === one}
              onChange={() => form.change(path, [{ valueBoolean: one }])}
            />
            {form.t(one ? "noteYes" : "noteNo")}
          </label>
        ))}
        {value !== undefined && !props.item.required && (
          <button
            type="button"
            class="plain small"
            aria-label={`${form.t("noteClear")}: ${fieldLabel(props)}`}
            onClick={() => form.change(path, [])}
          >
            {form.t("noteClear")}
          </button>
        )}
      </div>
    </Group>
  );
}

// ---- scales, files, what is only shown ----

const numbersMost = 21;

function Scale(props: FieldProps) {
  const { form, item, path } = props;
  const { least = 0, most = 10, step } = boundsOf(item);
  const value = numberIn(given(props)[0]);
  const set = (number: number) =>
    form.change(path, parseValue(item, String(number), unitsOf(item)[0]) ?? []);
  const count = Math.floor((most - least) / step) + 1;
  const numbers = Array.from(
    { length: Math.min(count, numbersMost) },
    (_, at) => least + at * step,
  );
  return (
    <Frame {...props}>
      <div class="scale">
        <input
          id={fieldId(path)}
          type="range"
          aria-describedby={faultId(props)}
          min={least}
          max={most}
          step={step}
          value={value ?? least}
          data-empty={value === undefined ? "" : undefined}
          aria-valuetext={value === undefined ? form.t("noteScaleNone") : String(value)}
          onInput={(event) => set(Number(event.currentTarget.value))}
        />
        <output>{value ?? "–"}</output>
        {value !== undefined && !item.required && (
          <button
            type="button"
            class="plain small"
            aria-label={`${form.t("noteClear")}: ${fieldLabel(props)}`}
            onClick={() => form.change(path, [])}
          >
            {form.t("noteClear")}
          </button>
        )}
      </div>
      {count <= numbersMost && (
        <fieldset class="numbers" aria-label={fieldLabel(props)}>
          {numbers.map((one) => (
            <button
              key={one}
              type="button"
              class="plain"
              tabIndex={-1}
              aria-pressed={value === one}
              onClick={() => set(one)}
            >
              {one}
            </button>
          ))}
        </fieldset>
      )}
    </Frame>
  );
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function FileField(props: FieldProps) {
  const { form, path } = props;
  const [fault, setFault] = useState<string>();
  const file = given(props)[0]?.valueAttachment;
  async function take(one: File | undefined) {
    if (!one) return;
    if (!/^(image\/(png|jpeg|webp)|application\/pdf)$/.test(one.type))
      return setFault(form.t("noteFileWrong"));
    if (one.size > attachmentKb * 1000)
      return setFault(form.t("noteFileLarge", { size: attachmentKb }));
    setFault(undefined);
    const data = base64(new Uint8Array(await one.arrayBuffer()));
    const { name: title, type: contentType, size } = one;
    form.change(path, [{ valueAttachment: { title, contentType, size, data } }]);
  }
  return (
    <Frame {...props} fault={fault}>
      <div class="line">
        <input
          id={fieldId(path)}
          type="file"
          aria-describedby={faultId(props, fault)}
          accept="image/png,image/jpeg,image/webp,application/pdf"
          onChange={(event) => void take(event.currentTarget.files?.[0])}
        />
        {file && (
          <>
            <span>{file.title}</span>
            <button type="button" class="plain small" onClick={() => form.change(path, [])}>
              {form.t("noteDrop")}
            </button>
          </>
        )}
      </div>
    </Frame>
  );
}

function Score(props: FieldProps) {
  const answer = given(props)[0];
  return (
    <div class="field score">
      <span>{fieldLabel(props)}</span>
      <output id={fieldId(props.path)}>
        {formatValue(answer) || "–"} {answer?.valueQuantity?.unit}
      </output>
    </div>
  );
}

function Shown(props: FieldProps) {
  return (
    <p class={controlOf(props.item) === "help" ? "hint" : undefined}>{fieldLabel(props)}</p>
  );
}

/* The field for one question; groups are the form's. */
export function Field(props: FieldProps) {
  const { item } = props;
  if (item.type === "display") return <Shown {...props} />;
  if (item.readOnly) return <Score {...props} />;
  if (item.type === "boolean") return <YesNo {...props} />;
  if (item.answerValueSet) return <Picked {...props} />;
  if (item.type === "choice" || item.type === "open-choice") return <Choices {...props} />;
  if (item.type === "attachment") return <FileField {...props} />;
  if (controlOf(item) === "slider") return <Scale {...props} />;
  return <TypedAll {...props} />;
}
