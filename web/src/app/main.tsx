import { QueryClient, QueryClientProvider } from "@tanstack/preact-query";
import { render } from "preact";
import { lazy, Suspense, useSyncExternalStore } from "preact/compat";
import { Redirect, Route, Router, Switch } from "wouter-preact";
import { allows, sessionStore, signIn, startSession } from "../auth/session";
import { AccountPage } from "../features/billing/Account";
import { Books } from "../features/billing/Books";
import { Calendar } from "../features/calendar/Calendar";
import { PatientEdit, PatientNew } from "../features/desk/PatientForm";
import { PatientPage } from "../features/desk/PatientPage";
import { Patients } from "../features/desk/Patients";
import { FhirError } from "../fhir/client";
import { useLanguage } from "../i18n";
import "../ui/app.css";
import { Shell } from "./Shell";

/* What only some roles open comes when it is opened. */
const ChartPage = lazy(() =>
  import("../features/chart/Chart").then((part) => ({ default: part.ChartPage })),
);

const notes = () => import("../features/notes/NotePage");
const newNotes = () => import("../features/notes/NewNote");
const NotePage = lazy(() => notes().then((part) => ({ default: part.NotePage })));
const NewNote = lazy(() => newNotes().then((part) => ({ default: part.NewNote })));
const MyNotes = lazy(() => newNotes().then((part) => ({ default: part.MyNotes })));

/* Reads are repeated where that can help: never what the server has refused. */
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) =>
        count < 2 &&
        (!(error instanceof FhirError) || error.status === 0 || error.status >= 502),
    },
  },
});

function SignedOut() {
  const { t } = useLanguage();
  return (
    <main>
      <div class="panel empty">
        <h1>Hale</h1>
        <p>{t("signedOut")}</p>
        <button type="button" onClick={() => void signIn()}>
          {t("signIn")}
        </button>
      </div>
    </main>
  );
}

function Unreachable() {
  const { t } = useLanguage();
  return (
    <main>
      <div class="panel empty">
        <h1>Hale</h1>
        <p role="alert">{t("lostConnection")}</p>
        <button type="button" onClick={() => void startSession()}>
          {t("again")}
        </button>
      </div>
    </main>
  );
}

/* Where a day begins: with the calendar, for those who may see it. */
function home(): string {
  const state = sessionStore.state();
  return state.kind === "signed-in" && allows(state.session, "Appointment", "s")
    ? "/calendar"
    : "/patients";
}

function Screens() {
  const { t } = useLanguage();
  return (
    <Switch>
      <Route path="/">
        <Redirect to={home()} replace />
      </Route>
      <Route path="/patients">
        <Patients />
      </Route>
      <Route path="/calendar">
        <Calendar />
      </Route>
      <Route path="/patients/new">
        <PatientNew />
      </Route>
      <Route path="/patients/:id">{(at) => <PatientPage key={at.id} id={at.id} />}</Route>
      <Route path="/patients/:id/edit">{(at) => <PatientEdit key={at.id} id={at.id} />}</Route>
      <Route path="/patients/:id/account">
        {(at) => <AccountPage key={at.id} id={at.id} />}
      </Route>
      <Route path="/patients/:id/chart">
        {(at) => (
          <Suspense fallback={<p class="empty">{t("loading")}</p>}>
            <ChartPage key={at.id} id={at.id} />
          </Suspense>
        )}
      </Route>
      <Route path="/patients/:id/notes/new">
        {(at) => (
          <Suspense fallback={<p class="empty">{t("loading")}</p>}>
            <NewNote key={at.id} patient={at.id} />
          </Suspense>
        )}
      </Route>
      <Route path="/notes">
        <Suspense fallback={<p class="empty">{t("loading")}</p>}>
          <MyNotes />
        </Suspense>
      </Route>
      <Route path="/notes/:id">
        {(at) => (
          <Suspense fallback={<p class="empty">{t("loading")}</p>}>
            <NotePage key={at.id} id={at.id} />
          </Suspense>
        )}
      </Route>
      <Route path="/accounts">
        <Books />
      </Route>
      <Route>
        <div class="panel empty">
          <h1>{t("notFoundPage")}</h1>
        </div>
      </Route>
    </Switch>
  );
}

function App() {
  const state = useSyncExternalStore(sessionStore.subscribe, sessionStore.state);
  const { t } = useLanguage();
  if (state.kind === "starting") return <p class="empty">{t("loading")}</p>;
  if (state.kind === "failed") return <Unreachable />;
  if (state.kind === "signed-out") return <SignedOut />;
  return (
    <QueryClientProvider client={queries}>
      <Router base="/app">
        <Shell>
          <Screens />
        </Shell>
      </Router>
    </QueryClientProvider>
  );
}

/* What was read for one person is not shown to the next. */
sessionStore.subscribe(() => {
  if (sessionStore.state().kind === "signed-out") queries.clear();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

render(<App />, document.getElementById("app") as HTMLElement);
void startSession();
