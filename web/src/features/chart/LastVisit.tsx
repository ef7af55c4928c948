/* What was last: the newest visit that has begun, its notes, what was measured in it. */
import type { Composition, Encounter, Observation, QuestionnaireResponse } from "fhir/r4";
import { useId } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Resources } from "../../data/chart";
import { useLanguage } from "../../i18n";
import { isSignedNote, lineOf, timelineOf } from "./timeline";
import { dayText, inCategory, instant, isWrong, valueText, whenOf } from "./value";
import { vitalName } from "./vitals";

export function lastVisit(all: Resources, now: number): Encounter | undefined {
  let last: Encounter | undefined;
  for (const one of (all.get("Encounter") ?? []) as Encounter[]) {
    if (isWrong(one) || one.status === "cancelled" || one.status === "planned") continue;
    const at = instant(whenOf(one));
    if (at <= now && (!last || at > instant(whenOf(last)))) last = one;
  }
  return last;
}

export function LastVisit(props: { all: Resources }) {
  const { t } = useLanguage();
  const id = useId();
  const visit = lastVisit(props.all, Date.now());
  if (!visit) return null;
  const day = dayText(whenOf(visit));
  const [entry] = timelineOf(new Map([["Encounter", [visit]]]), []);
  const line = entry && lineOf(entry, t);
  const notes = ((props.all.get("Composition") ?? []) as Composition[]).filter(
    (one) => one.encounter?.reference === `Encounter/${visit.id}` && !isWrong(one),
  );
  const written = (props.all.get("QuestionnaireResponse") ?? []).filter(
    (one) =>
      isSignedNote(one) &&
      (one as QuestionnaireResponse).encounter?.reference === `Encounter/${visit.id}`,
  );
  const taken = ((props.all.get("Observation") ?? []) as Observation[]).filter(
    (one) => inCategory(one, "vital-signs") && dayText(whenOf(one)) === day,
  );
  return (
    <section class="panel card" aria-labelledby={id}>
      <h2 id={id}>{t("chartLastVisit")}</h2>
      <p>
        <strong>{day}</strong> {line?.title} <span class="hint">{line?.detail}</span>
      </p>
      <ul class="rows">
        {notes.map((note, at) => (
          <li key={note.id} class="row">
            {notes.length === 1 && written.length === 1 && written[at] ? (
              <Link href={`/notes/${written[at].id}`}>{note.title}</Link>
            ) : (
              <span>{note.title}</span>
            )}
            <span class="detail">{note.author?.[0]?.display}</span>
          </li>
        ))}
        {taken.slice(0, 8).map((one) => (
          <li key={one.id} class="row">
            <span>{vitalName(one, t)}</span>
            <strong>{valueText(one)}</strong>
          </li>
        ))}
      </ul>
    </section>
  );
}
