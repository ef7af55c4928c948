/* Asks once more before something that cannot be taken back. Escape and "Cancel" do nothing. */
import { useEffect, useId, useRef } from "preact/hooks";
import { useLanguage } from "../i18n";

export function Confirm(props: {
  words: string;
  act: string;
  busy: boolean;
  go: () => void;
  back: () => void;
}) {
  const { t } = useLanguage();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={props.back}>
      <p id={id}>{props.words}</p>
      <div class="actions">
        <button type="button" aria-disabled={props.busy} onClick={props.go}>
          {props.act}
        </button>
        <button type="button" class="plain" onClick={() => dialog.current?.close()}>
          {t("cancel")}
        </button>
      </div>
    </dialog>
  );
}
