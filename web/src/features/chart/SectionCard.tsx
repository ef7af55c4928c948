/* One section of the chart: what holds now, what is over, what was reviewed, and the form in place. */
import type { FhirResource } from "fhir/r4";
import { useId, useRef, useState } from "preact/hooks";
import { allows, type Session } from "../../auth/session";
import type { Changes, Resources } from "../../data/chart";
import { type Translate, useLanguage } from "../../i18n";
import { say, sayTrouble } from "../../ui/Toast";
import { troubleText } from "../../ui/Trouble";
import { EntryForm } from "./EntryForm";
import { type Review, reviewed, reviewOf, saysNone } from "./review";
import { entriesOf, type Fresh, type Section } from "./sections";
import { exceptionText } from "./status";
import { isRestricted, originOf, sourceText } from "./value";

const shownMost = 8; /* entries of a section before the rest is folded away */

export interface ChartProps {
  all: Resources;
  about: Fresh;
  changes: Changes;
  session: Session;
  refused: readonly string[];
}

/* Where an entry comes from, when it is not ours. */
export function OriginMark(props: { resource: FhirResource }) {
  const { t } = useLanguage();
  const origin = originOf(props.resource);
  return (
    <>
      {isRestricted(props.resource) && <span class="mark-origin">{t("chartRestricted")}</span>}
      {origin === "elsewhere" && (
        <span class="mark-origin">
          ⇢ {t("chartFrom", { source: sourceText(props.resource) })}
        </span>
      )}
      {origin === "patient" && <span class="mark-origin">{t("chartFromPatient")}</span>}
    </>
  );
}

interface RowProps {
  resource: FhirResource;
  section: Section;
  all: Resources;
  open: (() => void) | undefined;
}

function Row(props: RowProps) {
  const { t } = useLanguage();
  const { resource, section } = props;
  const title = section.title(resource, props.all, t) || t("notKnown");
  const high = (resource as { criticality?: string }).criticality === "high";
  return (
    <li class="row">
      {props.open ? (
        <button type="button" class="link" onClick={props.open}>
          {title}
        </button>
      ) : (
        <span>{title}</span>
      )}
      {high && <strong class="abnormal">▲ {t("criticalHigh")}</strong>}
      <span class="detail">
        {[section.detail(resource), exceptionText(resource, t)].filter(Boolean).join(" · ")}
      </span>
      <OriginMark resource={resource} />
    </li>
  );
}

function ReviewLine(props: { review: Review | undefined; today: string; t: Translate }) {
  const { review, t } = props;
  if (!review) return null;
  const day = new Date(review.date);
  const local = `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
  const date = local === props.today ? t("today").toLocaleLowerCase() : local;
  return (
    <p class="hint">
      {review.outdated ? "○" : "●"}{" "}
      {t(review.by ? "chartReviewedBy" : "chartReviewed", { date, name: review.by })}
      {review.outdated && ` · ${t("chartChangedSince")}`}
    </p>
  );
}

/* Writes the List of the section; whoever was quicker is not written over. One at a time: a second press is not
 * a second review. */
function useReviewing(props: ChartProps & { section: Section; current: FhirResource[] }) {
  const { t } = useLanguage();
  const busy = useRef(false);
  return async (old: Review | undefined) => {
    if (busy.current) return;
    busy.current = true;
    const { section, current, about, changes } = props;
    const list = reviewed(section, current, about, new Date(), old?.list);
    try {
      if (old)
        await changes.change({
          resource: list,
          etag: `W/"${old.list.meta?.versionId ?? ""}"`,
        });
      else await changes.add(list, crypto.randomUUID());
      say(t(current.length ? "chartReviewSaved" : "chartNoneSaved"));
    } catch (error) {
      sayTrouble(troubleText(error, t));
    } finally {
      busy.current = false;
    }
  };
}

export function SectionCard(props: ChartProps & { section: Section }) {
  const { t } = useLanguage();
  const { section, all } = props;
  const id = useId();
  const [editing, setEditing] = useState<FhirResource>();
  const { current, past } = entriesOf(section, all);
  const review = reviewOf(section, current, all);
  const write = useReviewing({ ...props, current });
  const type = section.fresh(props.about).resourceType;
  if (section.types.every((one) => props.refused.includes(one)))
    return (
      <section class="panel card" aria-labelledby={id}>
        <h2 id={id}>{t(section.key)}</h2>
        <p class="hint">{t("chartHidden")}</p>
      </section>
    );
  const mayAdd = allows(props.session, type, "c");
  const mayReview = section.list && allows(props.session, "List", "c");
  const open = (resource: FhirResource) =>
    allows(props.session, resource.resourceType, "u") ? () => setEditing(resource) : undefined;
  const rows = (entries: FhirResource[]) =>
    entries.map((resource) =>
      editing?.id && editing.id === resource.id ? (
        <li key={resource.id}>{form}</li>
      ) : (
        <Row
          key={resource.id}
          resource={resource}
          section={section}
          all={all}
          open={open(resource)}
        />
      ),
    );
  const form = editing && (
    <EntryForm
      key={editing.id ?? "new"}
      section={section}
      resource={editing}
      changes={props.changes}
      today={props.about.today}
      done={() => setEditing(undefined)}
    />
  );
  const coded = current.length === 1 && current.some(saysNone);
  return (
    <section class="panel card" aria-labelledby={id}>
      <div class="bar">
        <h2 id={id}>
          {t(section.key)} {current.length > 0 && <small>{current.length}</small>}
        </h2>
        <div class="actions">
          {mayReview && (current.length > 0 || !review?.none) && (
            <button type="button" class="plain small" onClick={() => void write(review)}>
              {t(current.length ? "chartReview" : "chartNone")}
              <span class="unseen"> {t(section.key)}</span>
            </button>
          )}
          {mayAdd && (
            <button
              type="button"
              class="plain small"
              onClick={() => setEditing(section.fresh(props.about))}
            >
              {t("add")}
              <span class="unseen"> {t(section.key)}</span>
            </button>
          )}
        </div>
      </div>
      {editing && !editing.id && form}
      {current.length > 0 && <ul class="rows">{rows(current.slice(0, shownMost))}</ul>}
      {current.length > shownMost && (
        <details>
          <summary>{t("plotMore", { count: current.length - shownMost })}</summary>
          <ul class="rows">{rows(current.slice(shownMost))}</ul>
        </details>
      )}
      {current.length === 0 && (
        <p class={review?.none ? "none" : "hint"}>
          {t(review?.none ? "chartNoneKnown" : "chartNothing")}
        </p>
      )}
      {coded && <p class="none">{t("chartNoneKnown")}</p>}
      <ReviewLine review={review} today={props.about.today} t={t} />
      {past.length > 0 && (
        <details>
          <summary>{t("chartPast", { count: past.length })}</summary>
          <ul class="rows past">{rows(past)}</ul>
        </details>
      )}
    </section>
  );
}
