/* What somebody types to find a patient, as a search: words of the name in any order, a date of birth, a
 * phone number or a health number. */

export type Query = [name: string, value: string][];

export function patientQuery(words: string): Query {
  const typed = words.trim().replace(/\s+/g, " ");
  if (typed === "") return [];
  if (/^\d{4}(-\d{1,2}){0,2}$/.test(typed)) return [["birthdate", padded(typed)]];
  const bare = typed.replace(/[\s()+.-]/g, "");
  if (bare.length >= 6 && /^\d+[A-Za-z]{0,2}$/.test(bare))
    return [["_filter", anyNumber(typed, bare)]];
  return typed
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((word) => ["name", escaped(word)]);
}

/* The number as typed and without what is only put between its digits. */
function anyNumber(typed: string, bare: string): string {
  return [...new Set([typed, bare])]
    .flatMap((one) => [`identifier eq "${one}"`, `phone eq "${one}"`])
    .join(" or ");
}

function padded(date: string): string {
  return date
    .split("-")
    .map((part, at) => (at ? part.padStart(2, "0") : part))
    .join("-");
}

/* Signs that mean something in a search value: R4 search.html#escaping. */
function escaped(text: string): string {
  return text.replace(/[\\,$|]/g, "\\$&");
}
