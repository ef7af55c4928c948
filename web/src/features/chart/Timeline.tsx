/* The timeline: filters in the address, words looked for in the whole chart, thousands of rows of which few are
 * drawn. */
import type { PractitionerRole } from "fhir/r4";
import { useId, useMemo, useState } from "preact/hooks";
import { useLocation, useSearch } from "wouter-preact";
import { type Resources, useWords } from "../../data/chart";
import { useLate } from "../../data/patients";
import { useLanguage } from "../../i18n";
import type { Key } from "../../i18n/en";
import { Choice } from "../../ui/Field";
import { Trouble } from "../../ui/Trouble";
import { Window } from "../../ui/Window";
import { EntryPanel } from "./EntryPanel";
import {
  type Entry,
  foundOf,
  type Kind,
  kinds,
  lineOf,
  passes,
  restricted,
  timelineOf,
} from "./timeline";
import { OriginMark } from "./SectionCard";
import { dayText } from "./value";

interface Props {
  id: string;
  all: Resources;
  roles: PractitionerRole[];
  loading: boolean /* older entries are still on their way */;
}

const rowHeight = 52;

const origins: [origin: string, key: Key][] = [
  ["", "originAny"],
  ["ours", "originOurs"],
  ["elsewhere", "originElsewhere"],
  ["patient", "originPatient"],
];

function useFilter(id: string) {
  const query = new URLSearchParams(useSearch());
  const [, go] = useLocation();
  const filter = {
    kinds: (query.get("kinds") ?? "").split(",").filter((one) => one in kinds),
    profession: query.get("profession") ?? "",
    origin: query.get("origin") ?? "",
  };
  const set = (change: Partial<typeof filter>) => {
    const next = { ...filter, ...change };
    const words = new URLSearchParams({ view: "timeline" });
    if (next.kinds.length) words.set("kinds", next.kinds.join(","));
    if (next.profession) words.set("profession", next.profession);
    if (next.origin) words.set("origin", next.origin);
    go(`/patients/${id}/chart?${words}`, { replace: true });
  };
  return { filter, set };
}

function Row(props: { entry: Entry; open: () => void; chosen: boolean }) {
  const { t } = useLanguage();
  const { entry } = props;
  const line = lineOf(entry, t);
  const [resource] = entry.resources;
  return (
    <button type="button" class="moment" onClick={props.open} aria-pressed={props.chosen}>
      <span class="day">{dayText(entry.when) || "—"}</span>
      <span class="kind" data-kind={entry.kind}>
        {t(kinds[entry.kind])}
      </span>
      <span class="what">
        <strong>{line.title}</strong>
        <small>{line.detail}</small>
      </span>
      <span class="from">
        {resource && (entry.origin !== "ours" || restricted(entry)) && (
          <OriginMark resource={resource} />
        )}
      </span>
    </button>
  );
}

export function Timeline(props: Props) {
  const { t } = useLanguage();
  const { filter, set } = useFilter(props.id);
  const find = useId();
  const [typed, setTyped] = useState("");
  const [open, setOpen] = useState<Entry>();
  const late = useLate(typed.trim(), 200);
  const looking = late.length >= 2;
  const words = useWords(props.id, looking ? late : "");
  const whole = useMemo(() => timelineOf(props.all, props.roles), [props.all, props.roles]);
  const found = useMemo(
    () => (words.data ? foundOf(words.data.found, props.roles) : []),
    [words.data, props.roles],
  );
  const source = looking ? found : whole;
  const shown = useMemo(
    () => source.filter((entry) => passes(entry, filter)),
    [source, filter.kinds.join(), filter.profession, filter.origin],
  );
  const counts = useMemo(() => {
    const sums = new Map<Kind, number>();
    for (const entry of source) sums.set(entry.kind, (sums.get(entry.kind) ?? 0) + 1);
    return sums;
  }, [source]);
  const professions = useMemo(
    () => [...new Set(whole.flatMap((entry) => entry.professions))].sort(),
    [whole],
  );
  const toggle = (kind: string) =>
    set({
      kinds: filter.kinds.includes(kind)
        ? filter.kinds.filter((one) => one !== kind)
        : [...filter.kinds, kind],
    });
  return (
    <div>
      <div class="sift">
        <div class="field">
          <label for={find}>{t("chartFind")}</label>
          <input
            id={find}
            type="search"
            autocomplete="off"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
        {professions.length > 1 && (
          <Choice
            label={t("chartProfession")}
            value={filter.profession}
            onValue={(profession) => set({ profession })}
          >
            <option value="">{t("originAny")}</option>
            {professions.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Choice>
        )}
        <Choice
          label={t("chartOrigin")}
          value={filter.origin}
          onValue={(origin) => set({ origin })}
        >
          {origins.map(([origin, key]) => (
            <option key={origin} value={origin}>
              {t(key)}
            </option>
          ))}
        </Choice>
      </div>
      <fieldset class="chips">
        <legend class="unseen">{t("chartKinds")}</legend>
        {(Object.keys(kinds) as Kind[])
          .filter((kind) => counts.get(kind) || filter.kinds.includes(kind))
          .map((kind) => (
            <button
              key={kind}
              type="button"
              class="plain small"
              aria-pressed={filter.kinds.includes(kind)}
              onClick={() => toggle(kind)}
            >
              {t(kinds[kind])} {counts.get(kind) ?? 0}
            </button>
          ))}
      </fieldset>
      <p class="hint" role="status">
        {looking && words.isPending ? t("loading") : t("chartCount", { count: shown.length })}
        {words.data?.more && ` · ${t("chartMoreFound")}`}
        {props.loading && ` · ${t("chartOlder")}`}
      </p>
      {looking && words.isError && (
        <Trouble error={words.error} again={() => void words.refetch()} />
      )}
      <div class="timeline" data-open={open ? "" : undefined}>
        {shown.length === 0 ? (
          <p class="panel empty">{t(looking ? "chartNotFound" : "chartNothing")}</p>
        ) : (
          <Window
            items={shown}
            keyOf={(entry) => entry.key}
            height={rowHeight}
            label={t("chartTimeline")}
            row={(entry) => (
              <Row entry={entry} open={() => setOpen(entry)} chosen={open?.key === entry.key} />
            )}
          />
        )}
        {open && <EntryPanel entry={open} all={props.all} close={() => setOpen(undefined)} />}
      </div>
    </div>
  );
}
