/* How far what was typed has come, in words beside the note. "Saved" is the server's word alone. */
import type { Saving } from "../../data/noteSaver";
import type { Translate } from "../../i18n";
import { useLanguage } from "../../i18n";
import { troubleText } from "../../ui/Trouble";

function words(state: Saving, t: Translate): string {
  switch (state.kind) {
    case "saved":
      return t("noteSaved");
    case "typing":
      return t("noteTyping");
    case "saving":
      return t("noteSaving");
    case "kept":
      return t("noteKept");
    case "unkept":
      return t("noteUnkept");
    case "refused":
      return t("noteRefused", { why: troubleText(state.error, t) });
    case "conflict":
      return t("noteTyping");
    case "closed":
      return t("noteClosed");
  }
}

const marks: Record<Saving["kind"], string> = {
  saved: "●",
  typing: "○",
  saving: "◐",
  kept: "▲",
  unkept: "▲",
  refused: "▲",
  conflict: "▲",
  closed: "●",
};

/* Read out only where something is wrong: who writes is not to be told at every pause. */
export function SaveState(props: { state: Saving }) {
  const { t } = useLanguage();
  const { kind } = props.state;
  const wrong = marks[kind] === "▲";
  return (
    <p class="save-state" data-kind={kind} role={wrong ? "alert" : undefined}>
      <span aria-hidden="true">{marks[kind]}</span> {words(props.state, t)}
    </p>
  );
}
