/* One entry of the timeline beside it: when, by whom, from where, its values and its words. */
import type { DiagnosticReport, FhirResource, Observation } from "fhir/r4";
import { useQuery } from "@tanstack/preact-query";
import { useEffect, useRef } from "preact/hooks";
import { Link } from "wouter-preact";
import { readEntry, type Resources } from "../../data/chart";
import { useLanguage } from "../../i18n";
import { Trouble } from "../../ui/Trouble";
import { OriginMark } from "./SectionCard";
import { statusText } from "./status";
import { type Entry, kinds, lineOf } from "./timeline";
import { authorsOf, rangeText, timeText, valueText } from "./value";
import { vitalName } from "./vitals";

type Any = Record<string, unknown>;

/* The words of a narrative or a plain text inside, without any markup: shown as text only. */
function words(resource: FhirResource): string[] {
  const any = resource as unknown as Any;
  const sections = (any.section as { title?: string; text?: { div?: string } }[]) ?? [];
  const divs = sections.length
    ? sections.map((one) => `${one.title ?? ""}\n${one.text?.div ?? ""}`)
    : [(any.text as { div?: string } | undefined)?.div ?? ""];
  const payload = (any.payload as { contentString?: string }[]) ?? [];
  const notes = (any.note as { text?: string }[]) ?? [];
  return [
    ...divs.map((div) =>
      div
        .replace(/<(\/p|br|\/li|\/tr|\/h\d)[^>]*>/g, "\n")
        .replace(/<[^>]*>/g, " ")
        .replace(/&lt;/g, "<")
        .replace(/&gt;/g, ">")
        .replace(/&quot;/g, '"')
        .replace(/&#160;|&nbsp;/g, " ")
        .replace(/&amp;/g, "&")
        .trim(),
    ),
    ...payload.map((one) => one.contentString ?? ""),
    ...notes.map((one) => one.text ?? ""),
    String(any.conclusion ?? ""),
  ].filter(Boolean);
}

function Values(props: { observations: Observation[] }) {
  const { t } = useLanguage();
  if (!props.observations.length) return null;
  return (
    <table class="differs">
      <thead>
        <tr>
          <th>{t("kindResult")}</th>
          <th>{t("plotValue")}</th>
          <th>{t("plotRange")}</th>
        </tr>
      </thead>
      <tbody>
        {props.observations.map((one) => (
          <tr key={one.id}>
            <td>{vitalName(one, t)}</td>
            <td>{valueText(one)}</td>
            <td>{rangeText(one)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/* The QuestionnaireResponse that a note is written in, draft or signed. */
function noteOf(entry: Entry, resource: FhirResource): string | undefined {
  if (entry.kind !== "note") return undefined;
  if (resource.resourceType !== "Composition") return resource.id;
  const entries = resource.section?.flatMap((one) => one.entry ?? []) ?? [];
  return entries
    .find((one) => one.reference?.startsWith("QuestionnaireResponse/"))
    ?.reference?.split("/")[1];
}

function observationsOf(entry: Entry, all: Resources): Observation[] {
  const [first] = entry.resources;
  if (first?.resourceType === "Observation") return entry.resources as Observation[];
  if (first?.resourceType !== "DiagnosticReport") return [];
  const wanted = new Set((first as DiagnosticReport).result?.map((one) => one.reference));
  return ((all.get("Observation") ?? []) as Observation[]).filter((one) =>
    wanted.has(`Observation/${one.id}`),
  );
}

export function EntryPanel(props: { entry: Entry; all: Resources; close: () => void }) {
  const { t } = useLanguage();
  const { entry } = props;
  const first = entry.resources[0] as FhirResource;
  const title = useRef<HTMLHeadingElement>(null);
  const whole = useQuery({
    queryKey: ["chart entry", entry.key],
    queryFn: () => readEntry(first.resourceType, first.id ?? ""),
    enabled: first.resourceType !== "Observation",
  });
  useEffect(() => title.current?.focus(), [entry.key]);
  const shown = whole.data?.resource ?? first;
  const note = noteOf(entry, shown);
  const line = lineOf(entry, t);
  const people = authorsOf(shown)
    .map((one) => one.display)
    .filter(Boolean);
  return (
    <aside
      class="panel entry-panel"
      aria-label={line.title}
      onKeyDown={(event) => event.key === "Escape" && props.close()}
    >
      <div class="bar">
        <h2 tabIndex={-1} ref={title}>
          {line.title}
        </h2>
        <button type="button" class="plain" aria-label={t("close")} onClick={props.close}>
          ✕
        </button>
      </div>
      <p>
        {t(kinds[entry.kind])} · {timeText(entry.when)} <OriginMark resource={shown} />
      </p>
      <p class="hint">{[statusText(shown, t), ...people].filter(Boolean).join(" · ")}</p>
      {whole.isError && <Trouble error={whole.error} again={() => void whole.refetch()} />}
      <Values observations={observationsOf(entry, props.all)} />
      {words(shown).map((text) => (
        <p key={text} class="words">
          {text}
        </p>
      ))}
      {note && (
        <Link class="button plain" href={`/notes/${note}`}>
          {t("kindOpenNote")}
        </Link>
      )}
    </aside>
  );
}
