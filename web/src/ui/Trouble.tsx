/* What went wrong, in the person's words, and what to do next. */
import { FhirError } from "../fhir/client";
import { type Translate, useLanguage } from "../i18n";

export function troubleText(error: unknown, t: Translate): string {
  if (!(error instanceof FhirError)) return t("somethingWrong");
  switch (error.status) {
    case 0:
      return t("lostConnection");
    case 401:
      return t("signedOut");
    case 403:
      return t("forbidden");
    case 404:
      return t("notFound");
    case 410:
      return t("gone");
    case 412:
      return t("conflict");
    case 429:
    case 503:
      return t("tooMany", { count: Math.max(1, error.retryAfter) });
    default:
      return error.message;
  }
}

/* Whether the server has said that this is not for the caller, or not there any more: what was read before
 * goes from the screen. Any other failure to read again leaves it, with what is being typed. */
export function refusesFor(error: unknown): boolean {
  return error instanceof FhirError && [401, 403, 404, 410].includes(error.status);
}

/* Whether it is not there any more, or not for the caller to know of. */
export function isGone(error: unknown): boolean {
  return error instanceof FhirError && (error.status === 404 || error.status === 410);
}

export function Trouble(props: { error: unknown; again?: (() => void) | undefined }) {
  const { t } = useLanguage();
  return (
    <div class="note bad" role="alert">
      <strong>{t("somethingWrong")}.</strong> {troubleText(props.error, t)}
      {props.again && (
        <p>
          <button type="button" class="plain" onClick={props.again}>
            {t("again")}
          </button>
        </p>
      )}
    </div>
  );
}
