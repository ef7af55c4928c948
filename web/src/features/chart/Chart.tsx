/* A patient's chart. What is looked at stands in the address: ?view=timeline, ?view=results. */
import { useMemo } from "preact/hooks";
import { Link, useSearch } from "wouter-preact";
import { allows, type Session, sessionStore } from "../../auth/session";
import { joined, useChanges, useChart, useRest } from "../../data/chart";
import { nameText } from "../../fhir/person";
import { useLanguage } from "../../i18n";
import type { Key } from "../../i18n/en";
import { refusesFor, Trouble } from "../../ui/Trouble";
import { ChartBanner } from "./ChartBanner";
import "./chart.css";
import { LastVisit } from "./LastVisit";
import { Results } from "./Results";
import { type ChartProps, SectionCard } from "./SectionCard";
import { sections } from "./sections";
import { Timeline } from "./Timeline";
import { Vitals } from "./Vitals";

const views = {
  "": "chartSummary",
  timeline: "chartTimeline",
  results: "chartResults",
} as const satisfies Record<string, Key>;
type View = keyof typeof views;

function today(): string {
  const now = new Date();
  const two = (number: number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

function Summary(props: ChartProps) {
  return (
    <div class="cards">
      <LastVisit all={props.all} />
      {sections.slice(0, 4).map((section) => (
        <SectionCard key={section.key} section={section} {...props} />
      ))}
      <Vitals {...props} />
      {sections.slice(4).map((section) => (
        <SectionCard key={section.key} section={section} {...props} />
      ))}
    </div>
  );
}

function Opened(props: { id: string; session: Session }) {
  const { t } = useLanguage();
  const { session } = props;
  const asked = new URLSearchParams(useSearch()).get("view") ?? "";
  const view: View = asked in views ? (asked as View) : "";
  const chart = useChart(props.id, true);
  const changes = useChanges(props.id);
  const rest = useRest(props.id, chart.data);
  const resources = useMemo(
    () => joined(chart.data?.resources, rest.data),
    [chart.data, rest.data],
  );
  const trouble = chart.isError && (
    <Trouble error={chart.error} again={() => void chart.refetch()} />
  );
  if (trouble && (!chart.data || refusesFor(chart.error))) return trouble;
  if (!chart.data) return <p class="empty">{t("loading")}</p>;
  const { patient, refused } = chart.data;
  const shared: ChartProps = {
    all: resources,
    changes,
    session,
    refused,
    about: {
      patient: {
        reference: `Patient/${props.id}`,
        display: nameText(patient.resource, t),
      },
      user: session.user ? { reference: session.user } : undefined,
      today: today(),
    },
  };
  return (
    <>
      {trouble}
      <ChartBanner
        patient={patient.resource}
        all={resources}
        refused={refused.includes("AllergyIntolerance")}
      />
      <div class="bar">
        <nav class="views" aria-label={t("chart")}>
          {(Object.entries(views) as [View, Key][]).map(([name, key]) => (
            <Link
              key={name}
              href={`/patients/${props.id}/chart${name && `?view=${name}`}`}
              aria-current={name === view ? "page" : undefined}
            >
              {t(key)}
            </Link>
          ))}
        </nav>
        {allows(session, "Composition", "c") && (
          <Link class="button" href={`/patients/${props.id}/notes/new`}>
            {t("chartNewNote")}
          </Link>
        )}
      </div>
      {view === "" && <Summary {...shared} />}
      {view === "timeline" && (
        <Timeline
          id={props.id}
          all={resources}
          roles={chart.data.roles}
          loading={rest.isLoading}
        />
      )}
      {view === "results" && <Results all={resources} loading={rest.isLoading} />}
      {rest.isError && <Trouble error={rest.error} again={() => void rest.refetch()} />}
    </>
  );
}

export function ChartPage(props: { id: string }) {
  const { t } = useLanguage();
  const state = sessionStore.state();
  if (state.kind !== "signed-in") return null;
  if (!allows(state.session, "Condition", "s"))
    return (
      <div class="panel empty">
        <h1>{t("chart")}</h1>
        <p>{t("chartRefused")}</p>
        <Link href={`/patients/${props.id}`}>{t("chartToPatient")}</Link>
      </div>
    );
  return <Opened id={props.id} session={state.session} />;
}
