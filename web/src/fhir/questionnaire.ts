/*
 * A Questionnaire and what was answered, without a screen. Answers are held flat, each question's under its
 * path, so that two copies are compared and merged field by field. A path is the linkIds from the top, "/"
 * between them; a group that repeats adds "#" and which of its rows is meant. FHIR R4 Questionnaire,
 * QuestionnaireResponse; SDC 3 for controls and units.
 */
import type {
  Coding,
  Element,
  Extension,
  Questionnaire,
  QuestionnaireItem,
  QuestionnaireItemEnableWhen,
  QuestionnaireResponse,
  QuestionnaireResponseItem,
  QuestionnaireResponseItemAnswer,
} from "fhir/r4";

export type Answer = Omit<QuestionnaireResponseItemAnswer, "item">;
export type Answers = Readonly<Record<string, readonly Answer[]>>;

const core = "http://hl7.org/fhir/StructureDefinition/";
const sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/";
export const rowsMost = 200;

export function extensionOf(
  of: { extension?: Extension[] | undefined },
  name: string,
): Extension | undefined {
  return of.extension?.find((one) => one.url === core + name || one.url === sdc + name);
}

/* How the template wants the item shown: "drop-down", "slider", "gtable" … */
export function controlOf(item: QuestionnaireItem): string {
  const concept = extensionOf(item, "questionnaire-itemControl")?.valueCodeableConcept;
  return concept?.coding?.[0]?.code ?? "";
}

/* The text in the language, where the template has a translation of it. */
export function inLanguage(
  text: string | undefined,
  element: Element | undefined,
  language: string,
): string {
  for (const one of element?.extension ?? []) {
    const part = (url: string) => one.extension?.find((inner) => inner.url === url);
    const lang = part("lang")?.valueCode ?? "";
    const content = part("content");
    if (one.url === `${core}translation` && lang.split("-")[0] === language)
      return content?.valueString ?? content?.valueMarkdown ?? text ?? "";
  }
  return text ?? "";
}

export function labelOf(item: QuestionnaireItem, language: string): string {
  return inLanguage(item.text, item._text, language) || (item.prefix ?? item.linkId);
}

export function codingText(coding: Coding | undefined, language: string): string {
  return inLanguage(coding?.display, coding?._display, language) || (coding?.code ?? "");
}

/* A group of which there may be several, its rows. */
export function hasRows(item: QuestionnaireItem): boolean {
  return item.type === "group" && item.repeats === true;
}

export function pathOf(parent: string, item: QuestionnaireItem, row = 0): string {
  const own = encodeURIComponent(item.linkId) + (hasRows(item) ? `#${row}` : "");
  return parent ? `${parent}/${own}` : own;
}

/* How many rows something was answered in, at least one. */
export function rowsOf(answers: Answers, parent: string, item: QuestionnaireItem): number {
  const start = pathOf(parent, item).replace(/#0$/, "#");
  let rows = 1;
  for (const key of Object.keys(answers))
    if (key.startsWith(start) && answers[key]?.length)
      rows = Math.max(rows, Number.parseInt(key.slice(start.length), 10) + 1);
  return Math.min(rows, rowsMost);
}

/* What the screen needs of each item, the rows that are there one by one, in their order. */
export interface Place {
  item: QuestionnaireItem;
  path: string;
}

export function placesOf(
  items: QuestionnaireItem[] | undefined,
  answers: Answers,
  parent = "",
  spare = 0 /* so many empty rows after the last */,
): Place[] {
  return (items ?? []).flatMap((item) => {
    const rows = hasRows(item) ? rowsOf(answers, parent, item) + spare : 1;
    return Array.from({ length: rows }, (_, row) => pathOf(parent, item, row)).flatMap(
      (path) => [{ item, path }, ...placesOf(item.item, answers, path, spare)],
    );
  });
}

// ---- when an item is asked ----

/* Where the question with the linkId is, seen from the item: in the same row, if it is in one. */
function pathSeen(places: Place[], linkId: string, from: string): string | undefined {
  const found = places.filter((one) => one.item.linkId === linkId);
  let best: string | undefined;
  let depth = -1;
  for (const one of found) {
    const theirs = one.path.split("/");
    const ours = from.split("/");
    let same = 0;
    while (same < theirs.length && theirs[same] === ours[same]) same += 1;
    if (same > depth) [best, depth] = [one.path, same];
  }
  return best;
}

type Plain = number | string | boolean;

/* A coding counts as its code with its system, where both say one; a quantity as its number. */
function plainOf(of: object, prefix: string): Plain | undefined {
  for (const [name, value] of Object.entries(of)) {
    if (!name.startsWith(prefix) || value === undefined) continue;
    if (name.endsWith("Coding"))
      return (value as Coding).code ?? (value as Coding).display ?? "";
    if (name.endsWith("Quantity")) return (value as { value?: number }).value;
    if (name.endsWith("Reference")) return (value as { reference?: string }).reference;
    if (typeof value !== "object") return value as Plain;
  }
  return undefined;
}

function holds(when: QuestionnaireItemEnableWhen, given: readonly Answer[]): boolean {
  if (when.operator === "exists") return given.length > 0 === (when.answerBoolean ?? true);
  const wanted = plainOf(when, "answer");
  if (wanted === undefined) return false;
  const coding = when.answerCoding;
  return given.some((one) => {
    const value = plainOf(one, "value");
    if (value === undefined) return false;
    const system = one.valueCoding?.system;
    const sameSystem = !coding?.system || !system || coding.system === system;
    switch (when.operator) {
      case "=":
        return value === wanted && sameSystem;
      case "!=":
        return value !== wanted || !sameSystem;
      case ">":
        return value > wanted;
      case "<":
        return value < wanted;
      case ">=":
        return value >= wanted;
      case "<=":
        return value <= wanted;
      default:
        return false;
    }
  });
}

function asked(place: Place, places: Place[], answers: Answers): boolean {
  const conditions = place.item.enableWhen ?? [];
  const met = (when: QuestionnaireItemEnableWhen) => {
    const path = pathSeen(places, when.question, place.path);
    return holds(when, (path && answers[path]) || []);
  };
  return (
    conditions.length === 0 ||
    (place.item.enableBehavior === "any" ? conditions.some(met) : conditions.every(met))
  );
}

/* The paths that are shown, an empty row's after the last among them: an item is asked where its conditions
 * hold and its parents are. */
export function shownPaths(template: Questionnaire, answers: Answers): Set<string> {
  return pathsWhere(
    template,
    answers,
    (item) => !extensionOf(item, "questionnaire-hidden")?.valueBoolean,
  );
}

function pathsWhere(
  template: Questionnaire,
  answers: Answers,
  wanted: (item: QuestionnaireItem) => boolean,
): Set<string> {
  const places = placesOf(template.item, answers, "", 1);
  const shown = new Set<string>();
  for (const place of places) {
    const parent = place.path.slice(0, Math.max(0, place.path.lastIndexOf("/")));
    if (!wanted(place.item)) continue;
    if ((parent === "" || shown.has(parent)) && asked(place, places, answers))
      shown.add(place.path);
  }
  return shown;
}

/* What must be answered before the note can be signed and is not, in the order of the form. A row in which
 * nothing was answered wants nothing. */
export function missingOf(template: Questionnaire, answers: Answers): Place[] {
  const shown = shownPaths(template, answers);
  const answered = Object.keys(answers).filter((path) => answers[path]?.length);
  const within = (path: string) => answered.some((one) => one.startsWith(`${path}/`));
  return placesOf(template.item, answers).filter(({ item, path }) => {
    if (!item.required || !shown.has(path) || item.type === "display") return false;
    if (item.type === "group") return !within(path);
    const row = /^.*#\d+(?=\/)/.exec(path)?.[0];
    return !answers[path]?.length && (row === undefined || within(row));
  });
}

// ---- to and from the resource ----

function gather(
  items: QuestionnaireItem[] | undefined,
  given: QuestionnaireResponseItem[],
  parent: string,
  into: Record<string, readonly Answer[]>,
): void {
  for (const item of items ?? []) {
    const same = given.filter((one) => one.linkId === item.linkId);
    if (item.type === "group") {
      for (const [row, one] of same.slice(0, hasRows(item) ? rowsMost : 1).entries())
        gather(item.item, one.item ?? [], pathOf(parent, item, row), into);
      continue;
    }
    const answers = same.flatMap((one) => one.answer ?? []);
    const path = pathOf(parent, item);
    if (answers.length) into[path] = answers.map(({ item: _, ...answer }) => answer);
    const below = same.flatMap((one) => one.item ?? []);
    gather(item.item, [...below, ...answers.flatMap((one) => one.item ?? [])], path, into);
  }
}

export function answersOf(template: Questionnaire, response: QuestionnaireResponse): Answers {
  const into: Record<string, readonly Answer[]> = {};
  gather(template.item, response.item ?? [], "", into);
  return into;
}

function itemsOf(
  items: QuestionnaireItem[] | undefined,
  answers: Answers,
  parent: string,
  wanted: (path: string) => boolean,
): QuestionnaireResponseItem[] {
  return (items ?? []).flatMap((item) => {
    if (item.type === "display") return [];
    const rows = hasRows(item) ? rowsOf(answers, parent, item) : 1;
    const made = Array.from({ length: rows }, (_, row): QuestionnaireResponseItem => {
      const path = pathOf(parent, item, row);
      const own: QuestionnaireResponseItem = { linkId: item.linkId };
      if (!wanted(path)) return own;
      const below = itemsOf(item.item, answers, path, wanted);
      const given = answers[path] ?? [];
      if (given.length) {
        own.answer = given.map((one) => ({ ...one }));
        if (below.length && own.answer[0]) own.answer[0].item = below;
      } else if (below.length) own.item = below;
      return own;
    });
    const filled = made.map((one) => Boolean(one.answer ?? one.item));
    return made.slice(0, filled.lastIndexOf(true) + 1);
  });
}

/* The response with these answers. A row that was left empty keeps its place before later ones. With
 * `final`, what is not asked is left out: a draft keeps it, in case it is asked again. What the template
 * itself hides is no question that was taken back, and stays. */
export function responseOf(
  template: Questionnaire,
  answers: Answers,
  before: QuestionnaireResponse,
  final = false,
): QuestionnaireResponse {
  const known = new Set((template.item ?? []).map((one) => one.linkId));
  const others = (before.item ?? []).filter((one) => !known.has(one.linkId));
  const shown = final ? pathsWhere(template, answers, () => true) : undefined;
  const wanted = (path: string) => !shown || shown.has(path);
  const item = [...itemsOf(template.item, answers, "", wanted), ...others];
  const { item: _, ...rest } = before;
  return item.length ? { ...rest, item } : rest;
}

// ---- two copies ----

export function sameAnswers(a: readonly Answer[] = [], b: readonly Answer[] = []): boolean {
  return a === b || canonical(a) === canonical(b);
}

/* The same text however the members were ordered. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

export function differingPaths(a: Answers, b: Answers): string[] {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].filter((key) => !sameAnswers(a[key], b[key]));
}

/* The rows of one group, by the path that they begin with; nothing where the path is of no row. */
function rowsAt(path: string): { group: string; row: number } | undefined {
  const at = path.indexOf("#");
  if (at < 0) return undefined;
  return { group: path.slice(0, at + 1), row: Number.parseInt(path.slice(at + 1), 10) };
}

function rowCounts(answers: Answers): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [path, given] of Object.entries(answers)) {
    const at = given.length ? rowsAt(path) : undefined;
    if (at) counts.set(at.group, Math.max(counts.get(at.group) ?? 0, at.row + 1));
  }
  return counts;
}

/* For each group with rows that were changed: whether they may have moved, and whether their number is another.
 * Rows added at the end move none. */
function rowChanges(base: Answers, now: Answers) {
  const [before, after] = [rowCounts(base), rowCounts(now)];
  const touched = new Map<string, Set<number>>();
  for (const path of differingPaths(base, now)) {
    const at = rowsAt(path);
    if (!at) continue;
    const rows = touched.get(at.group) ?? new Set();
    if (at.row < (before.get(at.group) ?? 0)) rows.add(at.row);
    touched.set(at.group, rows);
  }
  return new Map(
    [...touched].map(([group, rows]) => {
      const [was, is] = [before.get(group) ?? 0, after.get(group) ?? 0];
      return [group, { moved: rows.size > 1 || is < was, counted: is !== was }];
    }),
  );
}

/* The groups of which both have changed rows so that the number of one may not mean the same row any more. */
function unsureGroups(base: Answers, mine: Answers, theirs: Answers): Set<string> {
  const ours = rowChanges(base, mine);
  const unsure = new Set<string>();
  for (const [group, their] of rowChanges(base, theirs)) {
    const our = ours.get(group);
    if (our && (our.moved || their.moved || (our.counted && their.counted))) unsure.add(group);
  }
  return unsure;
}

/* Three ways: what only they changed is theirs, the rest is mine; `clashes` are what both changed, each to
 * something else. Mine is kept there until somebody has chosen. Rows have no name but their number: where both
 * changed a group so that a row may have moved, all that differs in it is asked about. */
export function mergeAnswers(
  base: Answers,
  mine: Answers,
  theirs: Answers,
): { answers: Answers; clashes: string[] } {
  const answers: Record<string, readonly Answer[]> = { ...mine };
  const clashes: string[] = [];
  const unsure = unsureGroups(base, mine, theirs);
  for (const key of differingPaths(mine, theirs)) {
    if (unsure.has(rowsAt(key)?.group ?? "")) clashes.push(key);
    else if (sameAnswers(mine[key], base[key])) {
      if (theirs[key]) answers[key] = theirs[key];
      else delete answers[key];
    } else if (!sameAnswers(theirs[key], base[key])) clashes.push(key);
  }
  return { answers, clashes };
}

/* With the answers of one question put in the place of those before. */
export function withAnswer(answers: Answers, path: string, given: readonly Answer[]): Answers {
  const { [path]: _, ...others } = answers;
  return given.length ? { ...others, [path]: given } : others;
}

/* An answer as a line of text, for lists and comparisons. */
export function answerText(answer: Answer, language: string): string {
  if (answer.valueCoding) return codingText(answer.valueCoding, language);
  if (answer.valueQuantity)
    return [answer.valueQuantity.value, answer.valueQuantity.unit]
      .filter((x) => x != null)
      .join(" ");
  if (answer.valueAttachment) return answer.valueAttachment.title ?? "📎";
  if (answer.valueReference) return answer.valueReference.display ?? "";
  if (answer.valueBoolean !== undefined) return answer.valueBoolean ? "✓" : "✕";
  return String(plainOf(answer, "value") ?? "");
}

/* Without one row of a group; those after it move up. */
export function withoutRow(
  answers: Answers,
  parent: string,
  item: QuestionnaireItem,
  row: number,
): Answers {
  const start = pathOf(parent, item).replace(/#0$/, "#");
  const into: Record<string, readonly Answer[]> = {};
  for (const [path, given] of Object.entries(answers)) {
    const rest = path.startsWith(start) ? path.slice(start.length) : "";
    const at = rest ? Number.parseInt(rest, 10) : -1;
    if (at === row) continue;
    const moved = at > row ? start + (at - 1) + rest.slice(String(at).length) : path;
    into[moved] = given;
  }
  return into;
}
