/* What was just done, said once, with a way back for ten seconds. */
import { useSyncExternalStore } from "preact/compat";
import { useLanguage } from "../i18n";

interface Saying {
  text: string;
  bad: boolean;
  undo: (() => Promise<void>) | undefined;
}

const shownMs = 10_000;
let current: Saying | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function become(saying: Saying | undefined): void {
  clearTimeout(timer);
  current = saying;
  if (saying) timer = setTimeout(() => become(undefined), shownMs);
  for (const listener of listeners) listener();
}

export function say(text: string, undo?: () => Promise<void>): void {
  become({ text, bad: false, undo });
}

export function sayTrouble(text: string): void {
  become({ text, bad: true, undo: undefined });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toast() {
  const { t } = useLanguage();
  const saying = useSyncExternalStore(subscribe, () => current);
  const undo = saying?.undo;
  return (
    <div class="toast" role="status" data-bad={saying?.bad ? "" : undefined}>
      {saying && <span>{saying.text}</span>}
      {undo && (
        <button
          type="button"
          class="plain"
          onClick={() => {
            become(undefined);
            undo().then(
              () => say(t("undone")),
              () => sayTrouble(t("undoFailed")),
            );
          }}
        >
          {t("undo")}
        </button>
      )}
      {saying && (
        <button
          type="button"
          class="plain"
          aria-label={t("close")}
          onClick={() => become(undefined)}
        >
          ✕
        </button>
      )}
    </div>
  );
}
