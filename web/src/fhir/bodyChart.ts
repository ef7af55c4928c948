/*
 * Marks on figures of a body. A group that repeats, with the extension urn:hale:body-chart, is drawn: a row for
 * each mark, whose children are known by the end of their linkId after the last point: view, x, y (percent of
 * the figure, from its left and top), site, and whatever else the template asks of a mark.
 */
import type { QuestionnaireItem } from "fhir/r4";

export const bodyChartUrl = "urn:hale:body-chart";

export type View = "front" | "back";
export const views: readonly View[] = ["front", "back"];

export function isBodyChart(item: QuestionnaireItem): boolean {
  return item.extension?.some((one) => one.url === bodyChartUrl) ?? false;
}

export function partOf(item: QuestionnaireItem, name: string): QuestionnaireItem | undefined {
  return item.item?.find((one) => one.linkId.split(".").at(-1) === name);
}

interface Region {
  code: string;
  en: string;
  fr: string;
  paired: boolean;
  view?: View;
  box: readonly [left: number, top: number, right: number, bottom: number];
}

/* In percent of the figure; of a pair the box on the left of the picture. The first that holds a point counts. */
const regions: readonly Region[] = [
  {
    code: "face",
    en: "Face",
    fr: "Visage",
    paired: false,
    view: "front",
    box: [40, 0, 60, 12],
  },
  {
    code: "head",
    en: "Back of head",
    fr: "Arrière de la tête",
    paired: false,
    view: "back",
    box: [40, 0, 60, 12],
  },
  { code: "neck", en: "Neck", fr: "Cou", paired: false, box: [42, 12, 58, 17] },
  { code: "shoulder", en: "Shoulder", fr: "Épaule", paired: true, box: [20, 15, 36, 24] },
  {
    code: "chest",
    en: "Chest",
    fr: "Poitrine",
    paired: false,
    view: "front",
    box: [34, 17, 66, 31],
  },
  {
    code: "upper-back",
    en: "Upper back",
    fr: "Haut du dos",
    paired: false,
    view: "back",
    box: [34, 17, 66, 31],
  },
  {
    code: "abdomen",
    en: "Abdomen",
    fr: "Abdomen",
    paired: false,
    view: "front",
    box: [34, 31, 66, 46],
  },
  {
    code: "lower-back",
    en: "Lower back",
    fr: "Bas du dos",
    paired: false,
    view: "back",
    box: [34, 31, 66, 44],
  },
  { code: "hip", en: "Hip", fr: "Hanche", paired: true, view: "front", box: [30, 44, 50, 54] },
  {
    code: "buttock",
    en: "Buttock",
    fr: "Fesse",
    paired: true,
    view: "back",
    box: [30, 44, 50, 54],
  },
  { code: "upper-arm", en: "Upper arm", fr: "Bras", paired: true, box: [14, 22, 34, 35] },
  { code: "forearm", en: "Forearm", fr: "Avant-bras", paired: true, box: [10, 35, 32, 48] },
  { code: "hand", en: "Hand", fr: "Main", paired: true, box: [6, 48, 28, 58] },
  { code: "thigh", en: "Thigh", fr: "Cuisse", paired: true, box: [28, 54, 50, 70] },
  { code: "knee", en: "Knee", fr: "Genou", paired: true, box: [28, 70, 50, 77] },
  { code: "lower-leg", en: "Lower leg", fr: "Jambe", paired: true, box: [28, 77, 50, 92] },
  { code: "foot", en: "Foot", fr: "Pied", paired: true, box: [24, 92, 50, 100] },
];

const side = { left: { en: "left", fr: "gauche" }, right: { en: "right", fr: "droite" } };

/* The site at a point, with the side of the person: seen from the front their left is on the right. */
export function siteAt(
  view: View,
  x: number,
  y: number,
  language: "en" | "fr",
): { system: string; code: string; display: string } | undefined {
  const mirrored = x > 50 ? 100 - x : x;
  const found = regions.find(({ view: only, box: [l, t, r, b], paired }) => {
    const at = paired ? mirrored : x;
    return (!only || only === view) && at >= l && at <= r && y >= t && y <= b;
  });
  if (!found) return undefined;
  const system = "urn:hale:body-site";
  if (!found.paired) return { system, code: found.code, display: found[language] };
  const which = x > 50 === (view === "front") ? "left" : "right";
  return {
    system,
    code: `${which}-${found.code}`,
    display: `${found[language]}, ${side[which][language]}`,
  };
}
