/* How the stages of a visit are shown: a sign, a word and a tint, never a colour alone. */
import type { Stage, Visit } from "../../fhir/appointment";
import type { Translate } from "../../i18n";
import type { Key } from "../../i18n/en";

export const stageIcons: Record<Stage, string> = {
  asked: "◌",
  booked: "○",
  confirmed: "◎",
  arrived: "◐",
  inRoom: "◕",
  done: "●",
  noShow: "✕",
  cancelled: "✕",
};

export const stageKeys: Record<Stage, Key> = {
  asked: "stageAsked",
  booked: "stageBooked",
  confirmed: "stageConfirmed",
  arrived: "stageArrived",
  inRoom: "stageInRoom",
  done: "stageDone",
  noShow: "stageNoShow",
  cancelled: "stageCancelled",
};

/* What the button says that leads there. */
export const stageVerbs: Record<Stage, Key> = {
  asked: "stageAsked",
  booked: "doBook",
  confirmed: "doConfirm",
  arrived: "doArrive",
  inRoom: "doInRoom",
  done: "doDone",
  noShow: "doNoShow",
  cancelled: "doCancel",
};

export function patientsText(visit: Visit, t: Translate): string {
  const [first, ...others] = visit.patients;
  if (!first) return visit.service || t("calBusy");
  return (first.display ?? t("notKnown")) + (others.length ? ` +${others.length}` : "");
}
