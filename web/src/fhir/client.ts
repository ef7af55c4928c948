/* The only place that asks the server for records. Failures are values with the OperationOutcome. */
import type { Bundle, FhirResource, Identifier, OperationOutcome, Parameters } from "fhir/r4";
import { accessToken, tokenRefused } from "../auth/session";
import type { Query } from "./patientSearch";

export class FhirError extends Error {
  constructor(
    readonly status: number /* 0: the server could not be reached */,
    readonly outcome: OperationOutcome | undefined,
    readonly retryAfter: number,
  ) {
    super(outcome?.issue[0]?.details?.text ?? `status ${status}`);
  }

  /* The expressions of the elements that the server found wrong, with what it said of each. */
  get faults(): { expression: string; text: string }[] {
    return (this.outcome?.issue ?? []).map((issue) => ({
      expression: issue.expression?.[0] ?? "",
      text: issue.details?.text ?? issue.diagnostics ?? issue.code,
    }));
  }
}

interface Asked {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

function textOf(body: unknown): string | null {
  return body === undefined ? null : JSON.stringify(body);
}

async function send(path: string, asked: Asked): Promise<Response> {
  const form = asked.body instanceof URLSearchParams;
  try {
    const headers: Record<string, string> = {
      Accept: "application/fhir+json",
      Authorization: `Bearer ${await accessToken()}`,
      ...asked.headers,
    };
    if (asked.body !== undefined && !form) headers["Content-Type"] = "application/fhir+json";
    return await fetch(`/fhir/${path}`, {
      method: asked.method ?? "GET",
      headers,
      body: form ? (asked.body as URLSearchParams) : textOf(asked.body),
      ...(asked.signal ? { signal: asked.signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new FhirError(0, undefined, 0);
  }
}

async function failure(answer: Response): Promise<FhirError> {
  let outcome: OperationOutcome | undefined;
  try {
    outcome = (await answer.json()) as OperationOutcome;
  } catch {
    outcome = undefined; /* an answer that is not ours: a proxy's page */
  }
  return new FhirError(answer.status, outcome, Number(answer.headers.get("Retry-After") ?? 0));
}

async function renewed(): Promise<boolean> {
  try {
    return await tokenRefused();
  } catch {
    throw new FhirError(0, undefined, 0);
  }
}

async function ask(path: string, asked: Asked = {}): Promise<Response> {
  let answer = await send(path, asked);
  if (answer.status === 401 && (await renewed())) answer = await send(path, asked);
  if (!answer.ok) throw await failure(answer);
  return answer;
}

/* A resource with the version that If-Match wants. */
export interface Held<T extends FhirResource> {
  resource: T;
  etag: string;
}

async function hold<T extends FhirResource>(answer: Response): Promise<Held<T>> {
  return { resource: (await answer.json()) as T, etag: answer.headers.get("ETag") ?? "" };
}

export async function read<T extends FhirResource>(
  type: T["resourceType"],
  id: string,
  signal?: AbortSignal,
): Promise<Held<T>> {
  return hold<T>(await ask(`${type}/${encodeURIComponent(id)}`, { signal }));
}

interface Page<T extends FhirResource> {
  found: T[];
  total: number | undefined;
  next: string | undefined;
}

async function pageOf<T extends FhirResource>(answer: Response): Promise<Page<T>> {
  const bundle = (await answer.json()) as Bundle<T>;
  const found = (bundle.entry ?? [])
    .filter((entry) => entry.search?.mode !== "outcome")
    .map((entry) => entry.resource as T);
  const next = bundle.link?.find((link) => link.relation === "next")?.url;
  return { found, total: bundle.total, next };
}

/* By POST: what is looked for never stands in an address. */
export async function search<T extends FhirResource>(
  type: FhirResource["resourceType"],
  query: Query,
  signal?: AbortSignal,
): Promise<Page<T>> {
  return pageOf<T>(
    await ask(`${type}/_search`, { method: "POST", body: new URLSearchParams(query), signal }),
  );
}

/* The page behind a link that the server gave. */
export async function follow<T extends FhirResource>(
  link: string,
  signal?: AbortSignal,
): Promise<Page<T>> {
  const path = new URL(link, location.origin).href.split("/fhir/")[1] ?? "";
  return pageOf<T>(await ask(path, { signal }));
}

/* All pages, included resources among them. Where there would be more than `most`, it ends early. */
export async function searchAll<T extends FhirResource>(
  type: FhirResource["resourceType"],
  query: Query,
  signal?: AbortSignal,
  most = 10_000,
): Promise<T[]> {
  let page = await search<T>(type, query, signal);
  const found = page.found;
  while (page.next && found.length < most) {
    page = await follow<T>(page.next, signal);
    found.push(...page.found);
  }
  return found;
}

export type Identified = FhirResource & { identifier?: Identifier[] | Identifier | undefined };
const oneIdentifier = new Set(["QuestionnaireResponse", "Composition"]);

/* The resource with one more identifier: the name of the intention that makes it, and the condition that
 * nothing has it yet. */
function marked<T extends Identified>(resource: T, value: string): { body: T; unless: string } {
  const own: Identifier = { use: "secondary", system: "urn:ietf:rfc:3986", value };
  const before = resource.identifier ?? [];
  const identifier = oneIdentifier.has(resource.resourceType)
    ? own
    : [...(Array.isArray(before) ? before : [before]), own];
  return { body: { ...resource, identifier }, unless: `identifier=${own.system}|${value}` };
}

/* `key` is drawn once for one intention and kept as an identifier: sent again after a lost answer, the
 * same intention makes no second record. Where it is `fresh`, this has made it. */
export async function createOnce<T extends Identified>(
  resource: T,
  key: string,
): Promise<{ held: Held<T>; body: T; fresh: boolean }> {
  const { body, unless } = marked(resource, `urn:uuid:${key}`);
  const answer = await ask(resource.resourceType, {
    method: "POST",
    body,
    headers: { "If-None-Exist": unless },
  });
  return { held: await hold<T>(answer), body, fresh: answer.status === 201 };
}

/* As createOnce; what was changed before it was sent again is in that one, too. */
export async function create<T extends Identified>(resource: T, key: string): Promise<Held<T>> {
  const { held, body, fresh } = await createOnce(resource, key);
  if (fresh) return held;
  return update<T>({ resource: { ...body, id: held.resource.id } as T, etag: held.etag });
}

/* Fails with 412 where somebody else changed it since it was read. */
export async function update<T extends FhirResource>(
  held: Held<T>,
  signal?: AbortSignal,
): Promise<Held<T>> {
  const { resource } = held;
  const answer = await ask(`${resource.resourceType}/${resource.id}`, {
    method: "PUT",
    body: resource,
    headers: { "If-Match": held.etag },
    signal,
  });
  return hold<T>(answer);
}

/* Several searches in one round trip, in their order; what was looked for stands in no address. A search
 * that is refused says so in its place, and the others answer all the same. */
export async function batch(
  paths: string[],
  signal?: AbortSignal,
): Promise<(Bundle | FhirError)[]> {
  const entry = paths.map((url) => ({ request: { method: "GET", url } }));
  const body = { resourceType: "Bundle", type: "batch", entry };
  const answer = await ask("", { method: "POST", body, signal });
  const said = (await answer.json()) as Bundle;
  return (said.entry ?? []).map((one) =>
    one.resource?.resourceType === "Bundle"
      ? (one.resource as Bundle)
      : new FhirError(
          Number(one.response?.status.slice(0, 3) ?? 500),
          (one.response?.outcome ?? one.resource) as OperationOutcome | undefined,
          0,
        ),
  );
}

/* All or none, and each once: sent again with the same key, what was made is brought to what is asked now.
 * `named` tells which is which, whatever else was asked for. */
export async function createAll(
  resources: { named: string; resource: Identified }[],
  key: string,
): Promise<void> {
  const entry = resources.map(({ named, resource }) => {
    const { body, unless } = marked(resource, `urn:hale:made:${key}:${named}`);
    return {
      resource: body,
      request: { method: "PUT", url: `${resource.resourceType}?${unless}` },
    };
  });
  await ask("", {
    method: "POST",
    body: { resourceType: "Bundle", type: "transaction", entry },
  });
}

/* Takes away what nobody has changed since. */
export async function remove(held: Held<FhirResource>): Promise<void> {
  const { resource } = held;
  await ask(`${resource.resourceType}/${resource.id}`, {
    method: "DELETE",
    headers: { "If-Match": held.etag },
  });
}

/* An operation that changes something; `fresh` tells that what it shows was made by it. With `etag` it is
 * refused (412) where what it is about is not that version any more. */
export async function perform<T extends FhirResource>(
  path: string,
  parameter: Parameters["parameter"] = [],
  signal?: AbortSignal,
  etag?: string,
): Promise<{ resource: T; fresh: boolean }> {
  const body = { resourceType: "Parameters", ...(parameter.length ? { parameter } : {}) };
  const headers = etag ? { "If-Match": etag } : {};
  const answer = await ask(path, { method: "POST", body, signal, headers });
  return { resource: (await answer.json()) as T, fresh: answer.status === 201 };
}

/* An operation that only tells. */
export async function report(path: string, signal?: AbortSignal): Promise<Parameters> {
  return (await (await ask(path, { signal })).json()) as Parameters;
}
