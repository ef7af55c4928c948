/* The language of the screen: chosen by the person, else the browser's. Changing it changes texts in
 * place, so that what is being typed stays. */
import { useSyncExternalStore } from "preact/compat";
import { type Catalogue, en, type Key } from "./en";
import { fr } from "./fr";

export type Language = "en" | "fr";

const catalogues: Record<Language, Catalogue> = { en, fr };
const listeners = new Set<() => void>();

function first(): Language {
  const chosen = localStorage.getItem("language");
  if (chosen === "en" || chosen === "fr") return chosen;
  return navigator.language.startsWith("fr") ? "fr" : "en";
}

let current: Language = first();
document.documentElement.lang = current;

export function setLanguage(language: Language): void {
  current = language;
  localStorage.setItem("language", language);
  document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

export type Translate = (key: Key, values?: Record<string, string | number>) => string;

/* Fills {name} in with the values; what is missing stays visible as it stands. */
export function translate(
  language: Language,
  key: Key,
  values: Record<string, string | number> = {},
): string {
  return catalogues[language][key].replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? String(values[name]) : whole,
  );
}

export function useLanguage(): { language: Language; t: Translate } {
  const language = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
  return { language, t: (key, values) => translate(language, key, values) };
}
