/*
 * A note is written while everything breaks: the server is killed, the network cut, answers get lost, the tab
 * is closed or crashes, the session ends, another window writes. After each blow: what was shown as saved is on
 * the server, what was shown as kept comes back, and in the end everything typed is there. ROUNDS says how many
 * blows (30), SEED which.
 */
import assert from "node:assert/strict";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { enrol, run, type Server } from "./harness.ts";

const rounds = Number(process.env.ROUNDS ?? 30);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/* The same blows for the same seed (mulberry32's constants are public domain). */
let drawn = seed;
function random(): number {
  drawn = (drawn + 0x6d2b79f5) | 0;
  let t = Math.imul(drawn ^ (drawn >>> 15), 1 | drawn);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const between = (low: number, high: number) => Math.floor(low + random() * (high - low));
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

const template = {
  resourceType: "Questionnaire",
  url: "urn:example:two",
  version: "1",
  status: "active",
  title: "Two texts",
  item: ["one", "two"].map((linkId) => ({ linkId, type: "text", text: linkId })),
};

interface World {
  server: Server;
  context: BrowserContext;
  page: Page;
  note: string;
  typed: string /* in the first field, by this window; grows only */;
  tally: Record<string, number>;
}

interface Seen {
  kind: string;
  text: string;
}

/* State and text in one moment, between two keys. */
function seen(page: Page): Promise<Seen> {
  return page.evaluate(() => ({
    kind: document.querySelector<HTMLElement>(".save-state")?.dataset.kind ?? "",
    text: document.querySelector<HTMLTextAreaElement>("#field-one")?.value ?? "",
  }));
}

async function stored(w: World, linkId = "one"): Promise<string> {
  const note = await w.server.fhir("GET", `QuestionnaireResponse/${w.note}`);
  const items = (note.item ?? []) as { linkId: string; answer: { valueString: string }[] }[];
  return items.find((one) => one.linkId === linkId)?.answer[0]?.valueString ?? "";
}

async function open(w: World): Promise<void> {
  w.page = await w.context.newPage();
  await w.page.goto(`${w.server.url}/app/notes/${w.note}`);
  await w.page.locator("#field-one").waitFor();
}

/* Keys at the end of the text, as fast as somebody types. */
async function type(w: World, words: string): Promise<void> {
  for (const letter of words) {
    await w.page.keyboard.type(letter);
    w.typed += letter;
    if (random() < 0.3) await wait(between(0, 40));
  }
}

async function focus(w: World): Promise<void> {
  await w.page.locator("#field-one").focus();
  await w.page.keyboard.press("Control+End");
}

/* Whatever says "saved" now must be so now. */
async function saidAndSo(w: World): Promise<void> {
  const now = await seen(w.page);
  if (now.kind !== "saved") return;
  assert.equal(await stored(w), now.text, "it says saved");
  w.tally.saved = (w.tally.saved ?? 0) + 1;
}

async function settled(w: World): Promise<void> {
  await w.page.locator(".save-state[data-kind=saved]").waitFor({ timeout: 40_000 });
  assert.equal((await seen(w.page)).text, w.typed);
  assert.equal(await stored(w), w.typed);
}

/* A new window: all that had been acknowledged is there, and nothing that was never typed. */
async function comeBack(w: World, last: Seen): Promise<void> {
  await open(w);
  const { text } = await seen(w.page);
  if (last.kind === "saved" || last.kind === "kept")
    assert.ok(text.startsWith(last.text), `acknowledged “${last.text}”, found “${text}”`);
  assert.ok(w.typed.startsWith(text), `“${text}” was never typed`);
  w.typed = text;
}

// ---- blows ----

async function killServer(w: World): Promise<void> {
  await w.server.kill();
  await focus(w);
  await type(w, "dead ");
  await wait(between(0, 900));
  await saidNotSaved(w);
  await w.server.start();
}

/* Without a server nothing new can be saved. */
async function saidNotSaved(w: World): Promise<void> {
  assert.notEqual((await seen(w.page)).kind, "saved");
}

async function cutNetwork(w: World): Promise<void> {
  await w.context.setOffline(true);
  await type(w, "cut ");
  await wait(between(0, 900));
  await saidNotSaved(w);
  await w.context.setOffline(false);
}

/* The server has it, and the browser is not told. */
async function loseAnswers(w: World): Promise<void> {
  let left = between(1, 3);
  await w.page.route("**/fhir/QuestionnaireResponse/*", async (route) => {
    if (route.request().method() !== "PUT" || left === 0) return route.continue();
    left -= 1;
    await route.fetch().catch(() => {});
    await route.abort("connectionreset");
  });
  await type(w, "lost ");
  await wait(between(600, 1200));
  await type(w, "answers ");
  await settled(w);
  await w.page.unroute("**/fhir/QuestionnaireResponse/*");
}

async function closeTab(w: World): Promise<void> {
  await type(w, "closing");
  await wait(between(0, 900));
  const last = await seen(w.page);
  await w.page.close({ runBeforeUnload: false });
  await comeBack(w, last);
}

async function closeTabWithoutServer(w: World): Promise<void> {
  await w.server.kill();
  await type(w, "alone ");
  await w.page.locator(".save-state[data-kind=kept]").waitFor();
  const last = await seen(w.page);
  await w.page.close({ runBeforeUnload: false });
  await w.server.start();
  await comeBack(w, last);
}

async function crashTab(w: World): Promise<void> {
  await type(w, "crash");
  await wait(between(0, 900));
  const last = await seen(w.page);
  const crashed = w.page.waitForEvent("crash");
  void w.page.goto("chrome://crash").catch(() => {});
  await crashed;
  await w.page.close().catch(() => {});
  await comeBack(w, last);
}

/* Neither the token nor the browser's session is taken any more; then one signs in again. */
async function endSession(w: World): Promise<void> {
  await w.page.route("**/fhir/Questionnaire*/**", (route) =>
    route.fulfill({ status: 401, body: "{}" }),
  );
  await w.page.route(/authorize/, (route) =>
    route.fulfill({ status: 200, contentType: "text/html", body: "sign in" }),
  );
  await focus(w);
  await type(w, "x");
  const last = { ...(await seen(w.page)), kind: "" };
  await w.page.getByRole("button", { name: "Sign in" }).waitFor();
  await w.page.close();
  await comeBack(w, { kind: "kept", text: last.text });
}

async function writeElsewhere(w: World): Promise<void> {
  const other = await w.context.newPage();
  await other.goto(`${w.server.url}/app/notes/${w.note}`);
  await other.locator("#field-two").fill(`elsewhere ${random()}`);
  await w.page.bringToFront();
  await type(w, "both ");
  await other.locator(".save-state[data-kind=saved]").waitFor({ timeout: 20_000 });
  const text = await other.locator("#field-two").inputValue();
  await other.close();
  await settled(w);
  assert.equal(await stored(w, "two"), text);
}

async function writeTheSame(w: World): Promise<void> {
  const before = w.typed;
  await w.context.setOffline(true);
  await type(w, "mine ");
  await wait(between(0, 700));
  const note = await w.server.fhir("GET", `QuestionnaireResponse/${w.note}`);
  const items = (note.item ?? []) as { linkId: string }[];
  await w.server.fhir("PUT", `QuestionnaireResponse/${w.note}`, {
    ...note,
    item: [
      { linkId: "one", answer: [{ valueString: `${before} theirs` }] },
      ...items.filter((one) => one.linkId !== "one"),
    ],
  });
  await w.context.setOffline(false);
  await w.page.getByRole("button", { name: "Keep both: one" }).click({ timeout: 40_000 });
  w.typed = `${before} theirs\n${w.typed}`;
}

const blows = [
  killServer,
  cutNetwork,
  loseAnswers,
  closeTab,
  closeTabWithoutServer,
  crashTab,
  endSession,
  writeElsewhere,
  writeTheSame,
];

/* Round trips of saving, as the browser measured them. */
async function roundTrips(page: Page): Promise<number[]> {
  return page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((one) => /fhir\/QuestionnaireResponse\/[^_?$]+$/.test(one.name))
      .map((one) => one.duration),
  );
}

async function begin(server: Server, browser: Browser): Promise<World> {
  const make = async (body: Record<string, unknown>) =>
    (await server.fhir("POST", body.resourceType as string, body)).id as string;
  await make(template);
  const practitioner = await make({ resourceType: "Practitioner", name: [{ family: "Roy" }] });
  const patient = await make({ resourceType: "Patient", name: [{ family: "Okafor" }] });
  const note = await make({
    resourceType: "QuestionnaireResponse",
    status: "in-progress",
    questionnaire: "urn:example:two|1",
    subject: { reference: `Patient/${patient}` },
    author: { reference: `Practitioner/${practitioner}` },
  });
  const context = await browser.newContext({ locale: "en-CA" });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const linked = `Practitioner/${practitioner}`;
  await enrol(page, server, "luc", "--role", "practitioner", "--linked", linked);
  await page.close();
  const w: World = { server, context, page, note, typed: "", tally: {} };
  await open(w);
  return w;
}

async function nothingAcknowledgedIsEverLost(server: Server, browser: Browser) {
  const w = await begin(server, browser);
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    /* Each once, then at random; a note that never ends would measure the length of texts. */
    const blow = blows[round < blows.length ? round : between(0, blows.length)];
    assert.ok(blow);
    try {
      await focus(w);
      await type(w, `round ${round} `);
      await wait(between(0, 1100));
      await saidAndSo(w);
      await blow(w);
      await settled(w);
      took.push(...(await roundTrips(w.page)));
      w.tally[blow.name] = (w.tally[blow.name] ?? 0) + 1;
    } catch (error) {
      console.log(`seed ${seed}, round ${round}, ${blow.name}`);
      throw error;
    }
  }
  took.sort((a, b) => a - b);
  const at = (part: number) => Math.round(took[Math.floor(took.length * part)] ?? 0);
  console.log(JSON.stringify(w.tally));
  console.log(`${took.length} round trips: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}

await run([nothingAcknowledgedIsEverLost]);
