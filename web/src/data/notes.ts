/* Notes and their templates, as the screens want them. What a note is: docs/api.md, Notes. */
import { useQuery } from "@tanstack/preact-query";
import type {
  Composition,
  OperationOutcome,
  OperationOutcomeIssue,
  Parameters,
  Patient,
  Questionnaire,
  QuestionnaireItem,
  QuestionnaireResponse,
} from "fhir/r4";
import { sessionStore } from "../auth/session";
import {
  createOnce,
  type Held,
  perform,
  read,
  remove,
  search,
  searchAll,
  update,
} from "../fhir/client";
import type { Query } from "../fhir/patientSearch";
import {
  type Answers,
  answersOf,
  extensionOf,
  placesOf,
  responseOf,
  sameAnswers,
} from "../fhir/questionnaire";
import { browserZone, fhirTime } from "../fhir/zone";
import { type OpenedShelf, openShelf, unsentNotes } from "./localDrafts";
import { NoteSaver, type Remote } from "./noteSaver";

export const signedTag = "urn:hale:note";

/* Who writes: "Practitioner/1", and the name the browser keeps drafts under. */
export function writer(): { user: string | undefined; subject: string } {
  const state = sessionStore.state();
  return state.kind === "signed-in" ? state.session : { user: undefined, subject: "" };
}

/* All in force but the one that additions are made with. */
export function useTemplates() {
  return useQuery({
    queryKey: ["Questionnaire", "templates"],
    queryFn: async ({ signal }) => {
      const found = await searchAll<Questionnaire>(
        "Questionnaire",
        [
          ["status", "active"],
          ["_elements", "url,version,title,code,useContext"],
          ["_sort", "title"],
          ["_count", "200"],
        ],
        signal,
        1000,
      );
      return found.filter(
        (one) => one.url && !one.code?.some((code) => code.code === "amendment"),
      );
    },
  });
}

export function installTemplates(): Promise<unknown> {
  return perform<Parameters>("Questionnaire/$install");
}

/* Where the template is not here, what was answered tells how it is read: by its own labels. */
function templateFrom(note: QuestionnaireResponse): Questionnaire {
  const items = (given: QuestionnaireResponse["item"]): QuestionnaireItem[] =>
    (given ?? []).map((one) => ({
      linkId: one.linkId,
      type: one.answer ? "text" : "group",
      ...(one.text ? { text: one.text } : {}),
      item: items([...(one.item ?? []), ...(one.answer ?? []).flatMap((a) => a.item ?? [])]),
    }));
  return { resourceType: "Questionnaire", status: "unknown", item: items(note.item) };
}

/* The template in the version that the note was begun with; the newest where none is said. */
async function templateOf(
  note: QuestionnaireResponse,
  signal?: AbortSignal,
): Promise<Questionnaire> {
  const canonical = note.questionnaire ?? "";
  const [url = "", version] = canonical.split("|");
  const query: Query = [["url", url], ...((version ? [["version", version]] : []) as Query)];
  const { found } = await search<Questionnaire>(
    "Questionnaire",
    [...query, ["_sort", "-_lastUpdated"], ["_count", "1"]],
    signal,
  );
  if (found[0]) return found[0];
  if (note.status === "in-progress") throw new Error(`the template ${canonical} is not here`);
  return templateFrom(note);
}

/* Begins a draft. Asked again with the same key, it is the same draft, with what is in it by now. */
export async function beginNote(
  template: Questionnaire,
  patient: string,
  encounter: string | undefined,
  key: string,
  from?: QuestionnaireResponse,
): Promise<Held<QuestionnaireResponse>> {
  const { user } = writer();
  const questionnaire = [template.url, template.version].filter(Boolean).join("|");
  const { held } = await createOnce<QuestionnaireResponse>(
    {
      resourceType: "QuestionnaireResponse",
      status: "in-progress",
      questionnaire,
      subject: { reference: `Patient/${patient}` },
      authored: fhirTime(Date.now(), browserZone()) /* whose day it is goes by the offset */,
      ...(encounter ? { encounter: { reference: `Encounter/${encounter}` } } : {}),
      ...(user ? { author: { reference: user } } : {}),
      ...(from?.item ? { item: from.item } : {}),
    },
    key,
  );
  return held;
}

export interface OpenNote {
  held: Held<QuestionnaireResponse>;
  template: Questionnaire;
  patient: Patient | undefined;
}

export function useNote(id: string) {
  return useQuery({
    queryKey: ["QuestionnaireResponse", "read", id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<OpenNote> => {
      const held = await read<QuestionnaireResponse>("QuestionnaireResponse", id, signal);
      const subject = held.resource.subject?.reference ?? "";
      const [template, patient] = await Promise.all([
        templateOf(held.resource, signal),
        subject.startsWith("Patient/")
          ? read<Patient>("Patient", subject.slice(8), signal).then((one) => one.resource)
          : undefined,
      ]);
      return { held, template, patient };
    },
  });
}

// ---- saving ----

const longestPutMs = 15_000; /* a connection that says nothing is lost */

function remoteOf(id: string, template: Questionnaire): Remote {
  return {
    put: (answers, held) =>
      update(
        { resource: responseOf(template, answers, held.resource), etag: held.etag },
        AbortSignal.timeout(longestPutMs),
      ),
    read: () => read<QuestionnaireResponse>("QuestionnaireResponse", id),
    answers: (held) => answersOf(template, held.resource),
  };
}

const savers = new Map<string, Promise<NoteSaver>>();

/* One for each note in this window, also after its screen has gone. */
export function saverOf(note: OpenNote): Promise<NoteSaver> {
  const id = note.held.resource.id ?? "";
  const there = savers.get(id);
  if (there) return there;
  const made = makeSaver(id, note);
  savers.set(id, made);
  made.catch(() => savers.delete(id));
  return made;
}

async function makeSaver(id: string, note: OpenNote): Promise<NoteSaver> {
  /* Read anew: what the cache holds may be older than what another window has saved. */
  const remote = remoteOf(id, note.template);
  const held = await remote.read();
  const opened = await openShelf(writer().subject, id).catch(() => undefined);
  const saver = new NoteSaver(held, remote, opened?.shelf);
  if (opened?.left.length) {
    saver.takeUp(opened.left);
    if (await saver.sheltered()) await opened.takenUp();
  }
  for (const event of ["online", "focus", "pagehide"])
    addEventListener(event, () => saver.wake());
  document.addEventListener("visibilitychange", () => saver.wake());
  sessionStore.subscribe(() => {
    if (sessionStore.state().kind === "signed-in") saver.wake();
  });
  return saver;
}

/* After signing or deleting, the next to open it begins anew. */
export async function forgetSaver(id: string, how?: "deleted"): Promise<void> {
  const made = savers.get(id);
  savers.delete(id);
  const saver = await made?.catch(() => undefined);
  await saver?.end(how === "deleted");
}

/* What was typed here and did not come into the note before it was signed or deleted elsewhere. Nobody else
 * takes it up until it is let go. */
export async function leftOf(id: string): Promise<OpenedShelf> {
  return openShelf(writer().subject, id);
}

/* Where an addition to a signed note is kept until it is sent. */
const additionTo = (id: string) => `amend ${id}`;

export function additionShelf(id: string): Promise<OpenedShelf> {
  return openShelf(writer().subject, additionTo(id));
}

export async function hasAddition(id: string): Promise<boolean> {
  return (await unsentNotes(writer().subject)).includes(additionTo(id));
}

// ---- scores ----

function scoreOf(item: QuestionnaireItem): string | undefined {
  return extensionOf(item, "sdc-questionnaire-calculatedExpression")?.valueExpression
    ?.expression;
}

/* Where answers are worked out. */
export function scorePaths(template: Questionnaire, answers: Answers): string[] {
  return placesOf(template.item, answers).flatMap((one) =>
    scoreOf(one.item) ? [one.path] : [],
  );
}

/* What the choices count for, and expressions, are worked out by the server: the same engine that scores the
 * signed note. SDC calculatedExpression. */
export async function scoresOf(
  template: Questionnaire,
  answers: Answers,
  before: QuestionnaireResponse,
  signal?: AbortSignal,
): Promise<Answers> {
  const into: Record<string, Answers[string]> = {};
  const resource = responseOf(template, answers, before);
  for (const { item, path } of placesOf(template.item, answers)) {
    const expression = scoreOf(item);
    if (!expression) continue;
    const { resource: said } = await perform<Parameters>(
      "$fhirpath",
      [
        { name: "expression", valueString: expression },
        { name: "resource", resource },
        { name: "variables", part: [{ name: "questionnaire", resource: template }] },
      ],
      signal,
    );
    const result = said.parameter?.find((one) => one.name === "result")?.part?.[0];
    const value = result?.valueInteger ?? result?.valueDecimal;
    const given =
      value === undefined
        ? []
        : item.type === "integer"
          ? [{ valueInteger: Math.round(value) }]
          : item.type === "quantity"
            ? [{ valueQuantity: { value } }]
            : [{ valueDecimal: value }];
    if (!sameAnswers(answers[path], given)) into[path] = given;
  }
  return into;
}

// ---- signing and after ----

export async function checkNote(id: string): Promise<OperationOutcomeIssue[]> {
  const { resource } = await perform<OperationOutcome>(`QuestionnaireResponse/${id}/$check`);
  return resource.issue.filter((one) => one.severity !== "information");
}

/* What the signer has before them, and no later version. */
export function signNote(held: Held<QuestionnaireResponse>): Promise<unknown> {
  const path = `QuestionnaireResponse/${held.resource.id}/$sign`;
  return perform<QuestionnaireResponse>(path, [], undefined, held.etag);
}

/* `intent` is drawn once for these words: sent again after a lost answer, they are not added twice. */
export function amendNote(
  id: string,
  kind: string,
  reason: string,
  text: string,
  intent: string,
): Promise<unknown> {
  return perform<QuestionnaireResponse>(`QuestionnaireResponse/${id}/$amend`, [
    { name: "kind", valueCode: kind },
    { name: "reason", valueString: reason },
    { name: "text", valueString: text },
    { name: "intent", valueString: intent },
  ]);
}

export function discardNote(held: Held<QuestionnaireResponse>): Promise<void> {
  return remove(held);
}

/* The Composition that signing has made, and what was added to the note since. */
export function useSigned(id: string, signed: boolean) {
  return useQuery({
    queryKey: ["Composition", "of", id],
    enabled: signed,
    queryFn: async ({ signal }) => {
      const own = await search<Composition>(
        "Composition",
        [["entry", `QuestionnaireResponse/${id}`]],
        signal,
      );
      const composition = own.found[0];
      if (!composition) return { composition: undefined, added: [] };
      const { found } = await search<Composition>(
        "Composition",
        [
          ["related-ref", `Composition/${composition.id}`],
          ["_sort", "date"],
        ],
        signal,
      );
      return { composition, added: found };
    },
  });
}

/* Drafts of whoever is signed in, and which of them have something typed that is only here. */
export function useUnsigned() {
  const { user, subject } = writer();
  return useQuery({
    queryKey: ["QuestionnaireResponse", "unsigned", user],
    enabled: user !== undefined,
    queryFn: async ({ signal }) => {
      const { found } = await search<QuestionnaireResponse | Patient>(
        "QuestionnaireResponse",
        [
          ["status", "in-progress"],
          ["author", user ?? ""],
          ["_sort", "-authored"],
          ["_count", "100"],
          ["_elements", "questionnaire,subject,authored,author,name"],
          ["_include", "QuestionnaireResponse:subject"],
        ],
        signal,
      );
      const unsent = new Set(await unsentNotes(subject).catch(() => []));
      const patients = new Map<string, Patient>(
        found.flatMap((one): [string, Patient][] =>
          one.resourceType === "Patient" ? [[`Patient/${one.id}`, one]] : [],
        ),
      );
      return found.flatMap((note) =>
        note.resourceType === "QuestionnaireResponse"
          ? [
              {
                note,
                patient: patients.get(note.subject?.reference ?? ""),
                unsent: unsent.has(note.id ?? ""),
              },
            ]
          : [],
      );
    },
  });
}
