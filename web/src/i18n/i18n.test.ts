import { expect, test } from "vitest";
import { en } from "./en";
import { fr } from "./fr";
import { notesEn } from "./notes";

const placeholders = (text: string) =>
  [...text.matchAll(/\{(\w+)\}/g)].map((one) => one[1]).sort();

test("both catalogues have the same keys, sorted, and placeholders", () => {
  expect(Object.keys(fr)).toEqual(Object.keys(en));
  const own = Object.keys(en).filter((key) => !(key in notesEn));
  expect(own).toEqual([...own].sort());
  expect(Object.keys(notesEn)).toEqual(Object.keys(notesEn).sort());
  for (const key of Object.keys(en) as (keyof typeof en)[])
    expect(placeholders(fr[key]), key).toEqual(placeholders(en[key]));
});
