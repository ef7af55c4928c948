/* The frame around every screen: who works, in which language, where to go. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { allows, sessionStore } from "../auth/session";
import { setLanguage, useLanguage } from "../i18n";
import { Toast } from "../ui/Toast";

/* "/" goes to the search from anywhere but a field. */
function useSearchKey(go: (path: string) => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target.closest("input, textarea, select, [contenteditable]")) return;
      event.preventDefault();
      go("/patients");
      requestAnimationFrame(() =>
        document.querySelector<HTMLInputElement>("input[type=search]")?.focus(),
      );
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [go]);
}

function mayBill(): boolean {
  const state = sessionStore.state();
  return state.kind === "signed-in" && allows(state.session, "Invoice", "s");
}

function mayWrite(): boolean {
  const state = sessionStore.state();
  return state.kind === "signed-in" && allows(state.session, "QuestionnaireResponse", "c");
}

export function Shell(props: { children: ComponentChildren }) {
  const { language, t } = useLanguage();
  const [path, go] = useLocation();
  useSearchKey(go);
  return (
    <>
      <a class="skip" href="#main">
        {t("patients")}
      </a>
      <header class="top">
        <Link class="mark" href="/patients">
          Hale
        </Link>
        <nav aria-label="Hale">
          <Link
            href="/calendar"
            aria-current={path.startsWith("/calendar") ? "page" : undefined}
          >
            {t("calendar")}
          </Link>
          <Link
            href="/patients"
            aria-current={path.startsWith("/patients") ? "page" : undefined}
          >
            {t("patients")}
          </Link>
          {mayWrite() && (
            <Link href="/notes" aria-current={path.startsWith("/notes") ? "page" : undefined}>
              {t("noteMine")}
            </Link>
          )}
          {mayBill() && (
            <Link
              href="/accounts"
              aria-current={path.startsWith("/accounts") ? "page" : undefined}
            >
              {t("accounts")}
            </Link>
          )}
        </nav>
        <button
          type="button"
          class="plain"
          lang={language === "en" ? "fr" : "en"}
          onClick={() => setLanguage(language === "en" ? "fr" : "en")}
        >
          {t("language")}
        </button>
        <a href="/account">{t("myAccount")}</a>
      </header>
      <main id="main" tabIndex={-1}>
        {props.children}
      </main>
      <Toast />
    </>
  );
}
