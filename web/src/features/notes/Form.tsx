/* A template as a form: its groups in their order, rows that can be added, tables. */
import type { Questionnaire, QuestionnaireItem } from "fhir/r4";
import { useState } from "preact/hooks";
import {
  controlOf,
  hasRows,
  labelOf,
  pathOf,
  rowsMost,
  rowsOf,
  withoutRow,
} from "../../fhir/questionnaire";
import { isBodyChart, partOf } from "../../fhir/bodyChart";
import { BodyChart } from "./BodyChart";
import { Field } from "./Fields";
import { type FormContext, fieldId } from "./form";

const tables = ["gtable", "table", "grid", "htable"];
const deepest = 12;

interface Props {
  form: FormContext;
  items: QuestionnaireItem[] | undefined;
  parent: string;
  depth: number;
}

function cellsOf(items: QuestionnaireItem[] | undefined): QuestionnaireItem[] {
  return (items ?? []).filter((one) => one.type !== "display" && one.type !== "group");
}

/* One row of a table: what it is about, then a field for each column. */
function Row(props: {
  form: FormContext;
  columns: QuestionnaireItem[];
  path: string;
  name: string;
  visible: boolean;
  drop?: (() => void) | undefined;
}) {
  const { form, columns, path, name } = props;
  return (
    <tr>
      <th scope="row" class={props.visible ? undefined : "unseen"}>
        {name}
      </th>
      {columns.map((item) => {
        const at = pathOf(path, item);
        return (
          <td key={at} data-label={labelOf(item, form.language)}>
            {form.shown.has(at) && <Field form={form} item={item} path={at} row={name} />}
          </td>
        );
      })}
      {props.drop && (
        <td>
          <button
            type="button"
            class="plain small"
            aria-label={`${form.t("noteDrop")}: ${name}`}
            onClick={props.drop}
          >
            ✕
          </button>
        </td>
      )}
    </tr>
  );
}

/* How many rows are shown: those answered, and an empty one if it is asked for. */
function useRows(form: FormContext, parent: string, item: QuestionnaireItem) {
  const [wanted, setWanted] = useState(1);
  const answered = rowsOf(form.answers, parent, item);
  const rows = Math.max(answered, Math.min(wanted, answered + 1));
  return {
    rows,
    add: () => setWanted(Math.min(rows + 1, rowsMost)),
    drop: (row: number) => {
      form.replace(withoutRow(form.answers, parent, item, row));
      setWanted(Math.max(1, rows - 1));
    },
  };
}

function Table(props: { form: FormContext; item: QuestionnaireItem; parent: string }) {
  const { form, item, parent } = props;
  const { rows, add, drop } = useRows(form, parent, item);
  const repeats = hasRows(item);
  const name = labelOf(item, form.language);
  const groups = (item.item ?? []).filter((one) => one.type === "group");
  const drawn = isBodyChart(item) ? ["view", "x", "y"].map((name) => partOf(item, name)) : [];
  const columns = cellsOf(repeats ? item.item : groups[0]?.item).filter(
    (one) => !drawn.includes(one),
  );
  return (
    <>
      <div class="wide">
        <table class="answers">
          <thead>
            <tr>
              <th scope="col" class={repeats ? "unseen" : undefined}>
                {name}
              </th>
              {columns.map((one) => (
                <th key={one.linkId} scope="col">
                  {labelOf(one, form.language)}
                  {one.required ? " *" : ""}
                </th>
              ))}
              {repeats && (
                <th scope="col">
                  <span class="unseen">{form.t("noteDrop")}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {repeats
              ? Array.from({ length: rows }, (_, row) => (
                  <Row
                    key={row}
                    form={form}
                    columns={columns}
                    path={pathOf(parent, item, row)}
                    name={form.t("noteRow", { name, row: row + 1 })}
                    visible={false}
                    drop={() => drop(row)}
                  />
                ))
              : groups.map((one) => (
                  <Row
                    key={one.linkId}
                    form={form}
                    columns={cellsOf(one.item)}
                    path={pathOf(pathOf(parent, item), one)}
                    name={labelOf(one, form.language)}
                    visible
                  />
                ))}
          </tbody>
        </table>
      </div>
      {repeats && (
        <button type="button" class="plain" onClick={add}>
          {form.t("noteRowAdd")}
        </button>
      )}
    </>
  );
}

function Rows(props: Props & { item: QuestionnaireItem }) {
  const { form, item, parent, depth } = props;
  const { rows, add, drop } = useRows(form, parent, item);
  const name = labelOf(item, form.language);
  return (
    <>
      {Array.from({ length: rows }, (_, row) => {
        const path = pathOf(parent, item, row);
        return (
          <fieldset
            key={path}
            class="row"
            aria-label={form.t("noteRow", { name, row: row + 1 })}
          >
            <Items form={form} items={item.item} parent={path} depth={depth + 1} />
            <button type="button" class="plain small" onClick={() => drop(row)}>
              {form.t("noteDrop")}
            </button>
          </fieldset>
        );
      })}
      <button type="button" class="plain" onClick={add}>
        {form.t("noteRowAdd")}
      </button>
    </>
  );
}

function Group(props: Props & { item: QuestionnaireItem }) {
  const { form, item, parent, depth } = props;
  const path = pathOf(parent, item);
  const Heading = depth === 0 ? "h2" : "h3";
  const inner = isBodyChart(item) ? (
    <>
      <BodyChart form={form} item={item} parent={parent} />
      <Table form={form} item={item} parent={parent} />
    </>
  ) : tables.includes(controlOf(item)) ? (
    <Table form={form} item={item} parent={parent} />
  ) : hasRows(item) ? (
    <Rows {...props} />
  ) : (
    <Items form={form} items={item.item} parent={path} depth={depth + 1} />
  );
  return (
    <section class={depth === 0 ? "panel" : "part"} id={fieldId(path)} tabIndex={-1}>
      <Heading>
        {labelOf(item, form.language)}
        {item.required ? " *" : ""}
      </Heading>
      {form.missing.has(path) && <div class="fault">{form.t("noteMissingOne")}</div>}
      {inner}
    </section>
  );
}

function Items(props: Props) {
  const { form, parent, depth } = props;
  if (depth > deepest) return null;
  return (
    <>
      {(props.items ?? []).map((item) => {
        const path = pathOf(parent, item);
        if (!form.shown.has(path)) return null;
        if (item.type === "group") return <Group key={path} {...props} item={item} />;
        return (
          <div key={path} class="question">
            <Field form={form} item={item} path={path} />
            {item.item && (
              <div class="below">
                <Items form={form} items={item.item} parent={path} depth={depth + 1} />
              </div>
            )}
          </div>
        );
      })}
    </>
  );
}

export function Form(props: { form: FormContext; template: Questionnaire }) {
  return <Items form={props.form} items={props.template.item} parent="" depth={0} />;
}
