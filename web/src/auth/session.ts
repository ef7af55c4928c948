/*
 * Who is signed in. The app is a registered public client like any other: authorization code with PKCE.
 * The access token is kept in memory only; a new one is fetched from the browser's own session, which
 * is a cookie that no script can read. RFC 6749, RFC 7636, SMART App Launch 2.2.
 */
import * as oauth from "oauth4webapi";

export interface Session {
  scopes: readonly string[];
  patient: string | undefined;
  subject: string /* who has signed in, by a name that only this server knows */;
  user:
    | string
    | undefined /* the Practitioner, Patient or RelatedPerson the login is linked to */;
}

type State =
  | { kind: "starting" }
  | { kind: "failed" } /* the server could not be asked */
  | { kind: "signed-out" }
  | { kind: "signed-in"; session: Session };

const client: oauth.Client = { client_id: "hale" };
const home = `${location.origin}/app/`;
const scope = "openid fhirUser user/*.cruds patient/*.rs";
const kept = "sign-in"; /* what must survive the way to the sign-in page and back */
const earlyMs = 60_000;

let state: State = { kind: "starting" };
let token = "";
let owner: string | undefined; /* whose this page is, as long as it lives */
let endsAt = 0;
let renewal: Promise<boolean> | undefined;
const listeners = new Set<() => void>();

function become(next: State): void {
  state = next;
  for (const listener of listeners) listener();
}

export const sessionStore = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  state: (): State => state,
};

const insecure = { [oauth.allowInsecureRequests]: location.protocol === "http:" };

async function server(): Promise<oauth.AuthorizationServer> {
  const answer = await fetch("/fhir/.well-known/smart-configuration");
  const said = (await answer.json()) as oauth.AuthorizationServer;
  return { ...said, issuer: said.issuer ?? location.origin };
}

interface Ask {
  verifier: string;
  state: string;
  back: string /* the path to return to */;
}

async function authorizeUrl(ask: Ask, silent: boolean): Promise<URL> {
  const as = await server();
  const url = new URL(as.authorization_endpoint as string);
  const query = {
    response_type: "code",
    client_id: client.client_id,
    redirect_uri: home,
    scope,
    state: ask.state,
    aud: `${location.origin}/fhir`,
    code_challenge: await oauth.calculatePKCECodeChallenge(ask.verifier),
    code_challenge_method: "S256",
    ...(silent ? { prompt: "none" } : {}),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

function newAsk(): Ask {
  return {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    back: location.pathname + location.search,
  };
}

/* "Practitioner/1" of the address that the identity token has. */
function userOf(address: unknown): string | undefined {
  return typeof address === "string" ? address.split("/").slice(-2).join("/") : undefined;
}

/* Somebody else has signed in to this browser: nothing that is on the page is theirs, and nothing typed on it
 * is sent in their name. The page begins anew, and whoever waits for the token waits until then. */
function leave(): Promise<never> {
  token = "";
  location.replace(home);
  return new Promise(() => {});
}

/* Makes a token of the code in the address that the server sent the browser back to. */
async function redeem(address: URL, ask: Ask): Promise<void> {
  const as = await server();
  const params = oauth.validateAuthResponse(as, client, address, ask.state);
  const answer = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    oauth.None(),
    params,
    home,
    ask.verifier,
    insecure,
  );
  const given = await oauth.processAuthorizationCodeResponse(as, client, answer);
  const claims = oauth.getValidatedIdTokenClaims(given);
  if (owner !== undefined && owner !== claims?.sub) return leave();
  owner = claims?.sub;
  token = given.access_token;
  endsAt = Date.now() + (given.expires_in ?? 300) * 1000;
  become({
    kind: "signed-in",
    session: {
      scopes: (given.scope ?? "").split(" "),
      patient: typeof given.patient === "string" ? given.patient : undefined,
      subject: claims?.sub ?? "",
      user: userOf(claims?.fhirUser),
    },
  });
}

/* Asks without showing anything: the answer is where the server sends us. False: nobody is signed in. A
 * server that could not say so is no answer. */
async function renew(): Promise<boolean> {
  const ask = newAsk();
  const answer = await fetch(await authorizeUrl(ask, true), { credentials: "same-origin" });
  if (answer.status >= 500 || answer.status === 429)
    throw new Error("whether somebody is signed in is not known");
  const address = new URL(answer.url);
  if (!address.searchParams.has("code")) return false;
  await redeem(address, ask);
  return true;
}

/* One at a time, however many requests find the token too old. */
function renewOnce(): Promise<boolean> {
  renewal ??= renew().finally(() => {
    renewal = undefined;
  });
  return renewal;
}

/* At the start of the page: comes back from the sign-in page, or finds the session. */
export async function startSession(): Promise<void> {
  try {
    await findSession();
  } catch {
    become({ kind: "failed" });
  }
}

async function findSession(): Promise<void> {
  const here = new URL(location.href);
  const asked = sessionStorage.getItem(kept);
  if (asked && here.searchParams.has("state")) {
    sessionStorage.removeItem(kept);
    const ask = JSON.parse(asked) as Ask;
    history.replaceState(null, "", ask.back);
    if (here.searchParams.has("code")) return redeem(here, ask);
  }
  if (!(await renewOnce())) become({ kind: "signed-out" });
}

/* Leaves for the sign-in page; the browser comes back to where it was. */
export async function signIn(): Promise<void> {
  const ask = newAsk();
  sessionStorage.setItem(kept, JSON.stringify(ask));
  location.assign(await authorizeUrl(ask, false));
}

/* A token that is good for the next request. */
export async function accessToken(): Promise<string> {
  if (Date.now() > endsAt - earlyMs) {
    if (!(await renewOnce())) become({ kind: "signed-out" });
  }
  return token;
}

/* The server did not take the token: once more with a new one, then the person is signed out. */
export async function tokenRefused(): Promise<boolean> {
  endsAt = 0;
  const renewed = await renewOnce();
  if (!renewed) become({ kind: "signed-out" });
  return renewed;
}

/* Whether the token allows it: an interaction is one of c, r, u, d, s. The server decides in any case;
 * this keeps what would be refused off the screen. */
export function allows(session: Session, type: string, interaction: string): boolean {
  return session.scopes.some((one) => {
    const match = /^(user|patient|system)\/([A-Za-z*]+)\.(c?r?u?d?s?)$/.exec(one);
    return (
      !!match &&
      (match[2] === "*" || match[2] === type) &&
      (match[3] ?? "").includes(interaction)
    );
  });
}
