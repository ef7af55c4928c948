/* The front desk signs in, finds people, registers somebody and changes what is known of them. */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import {
  accessibilityFaults,
  complaints,
  enrol,
  overflows,
  run,
  type Server,
} from "./harness.ts";

const desktop = { width: 1366, height: 768 };
const phone = { width: 390, height: 844 };
const shots = process.env.SHOTS;

async function signedIn(server: Server, browser: Browser, options = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: desktop, locale: "en-CA", ...options });
  const page = await context.newPage();
  await enrol(page, server, "dora", "--role", "front-desk");
  await page.goto(`${server.url}/app/patients`);
  await page.waitForSelector("#find");
  return page;
}

async function seed(server: Server): Promise<void> {
  const people = [
    ["Tremblay", "Anne-Sophie", "1984-03-27"],
    ["Trépanier", "Luc", "1950-11-02"],
    ["Okafor", "Chidi", "2011-07-14"],
    ["O'Brien", "Máire", "1999-12-31"],
  ];
  for (const [family, given, birthDate] of people)
    await server.fhir("POST", "Patient", {
      resourceType: "Patient",
      name: [{ use: "official", family, given: [given] }],
      birthDate,
      telecom: [{ system: "phone", value: "514-555-0134" }],
      address: [{ city: "Montréal" }],
    });
}

async function look(page: Page, name: string): Promise<void> {
  assert.deepEqual(await accessibilityFaults(page), [], `accessibility of ${name}`);
  for (const [size, viewport] of Object.entries({
    desktop,
    phone,
    narrow: { width: 320, height: 640 },
  })) {
    await page.setViewportSize(viewport);
    assert.equal(await overflows(page), false, `${name} is wider than ${viewport.width}`);
    if (shots) await page.screenshot({ path: `${shots}/${name}-${size}.png` });
  }
  await page.setViewportSize(desktop);
}

const names = (page: Page) => page.locator(".list .name").allTextContents();

async function typed(page: Page, words: string, expected: string[]): Promise<void> {
  await page.fill("#find", words);
  await page
    .waitForFunction(
      (list) =>
        JSON.stringify(
          [...document.querySelectorAll(".list .name")].map((one) => one.textContent),
        ) === JSON.stringify(list),
      expected,
      { timeout: 5000 },
    )
    .catch(async () => {
      assert.deepEqual(await names(page), expected, words);
    });
}

// ---- tests ----

async function nobodySeesTheAppsRecordsWithoutSigningIn(server: Server, browser: Browser) {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.url}/app/patients`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/sign-in\?next=/);
}

async function anEmptyPracticeSaysWhatToDo(server: Server, browser: Browser) {
  const page = await signedIn(server, browser);
  await page.getByText("Nobody is registered yet.").waitFor();
  await look(page, "patients-empty");
}

async function peopleAreFoundByWhatOneKnows(server: Server, browser: Browser) {
  await seed(server);
  const page = await signedIn(server, browser);
  const said = complaints(page.context());
  await typed(page, "trem", ["TREMBLAY, Anne-Sophie"]);
  await typed(page, "anne trem", ["TREMBLAY, Anne-Sophie"]);
  await typed(page, "TREPANIER", ["TRÉPANIER, Luc"]);
  await typed(page, "maire", ["O'BRIEN, Máire"]);
  await typed(page, "2011-07-14", ["OKAFOR, Chidi"]);
  await typed(page, "1950", ["TRÉPANIER, Luc"]);
  await typed(page, "tr", ["TREMBLAY, Anne-Sophie", "TRÉPANIER, Luc"]);
  await look(page, "patients");
  await page.press("#find", "ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "TRÉPANIER, Luc" }).waitFor();
  await look(page, "patient");
  await page.keyboard.press("/");
  await page.waitForFunction(() => document.activeElement?.id === "find");
  await typed(page, "zzz", []);
  await page.getByText("Nobody was found for “zzz”.").waitFor();
  assert.deepEqual(said, []);
  assert.doesNotMatch(page.url(), /tr|zzz/);
}

async function somebodyIsRegisteredOnce(server: Server, browser: Browser) {
  await seed(server);
  const page = await signedIn(server, browser, { locale: "fr-CA" });
  await page.getByRole("link", { name: "Inscrire un patient" }).click();
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await page.getByText("Ceci est nécessaire.").waitFor();
  assert.equal(
    await page.evaluate(() => document.activeElement?.getAttribute("name")),
    "family",
  );
  await page.fill("[name=family]", "Tremblay");
  await page.fill("[name=given]", "Anne-Sophie Marie");
  await page.fill("[name=preferred]", "Sophie");
  await page.fill("[name=pronouns]", "elle");
  await page.fill("[name=birthDate]", "1984-02-30");
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await page.getByText("Ce n’est pas une date.").waitFor();
  await page.fill("[name=birthDate]", "1984-03-27");
  await page.getByText("Peut-être déjà ici").waitFor();
  await look(page, "register");
  await page.fill("[name=healthNumber]", "1234 567 897 ab");
  await page.fill("[name=email]", "sophie@example.org");
  await page.fill("[name=line]", "12, rue du Tilleul");
  await page.fill("[name=city]", "Québec");
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await page.getByRole("heading", { name: "TREMBLAY, Anne-Sophie Marie (Sophie)" }).waitFor();
  const id = page.url().split("/").pop() as string;
  const patient = (await server.fhir("GET", `Patient/${id}`)) as {
    name: unknown[];
    identifier: { value: string }[];
    address: unknown[];
  };
  assert.deepEqual(patient.name, [
    { use: "official", family: "Tremblay", given: ["Anne-Sophie", "Marie"] },
    { use: "usual", text: "Sophie" },
  ]);
  assert.equal(patient.identifier[0]?.value, "1234567897");
  assert.deepEqual(patient.address, [{ line: ["12", "rue du Tilleul"], city: "Québec" }]);
}

async function whatBothChangedIsShownFieldByField(server: Server, browser: Browser) {
  await seed(server);
  const page = await signedIn(server, browser);
  await typed(page, "okafor", ["OKAFOR, Chidi"]);
  await page.locator(".list a").first().click();
  await page.getByRole("link", { name: "Change" }).click();
  await page.fill("[name=city]", "Laval");
  await page.fill("[name=phone]", "438-555-0000");
  const id = page.url().split("/").at(-2) as string;
  const theirs = (await server.fhir("GET", `Patient/${id}`)) as Record<string, unknown>;
  await server.fhir("PUT", `Patient/${id}`, {
    ...theirs,
    address: [{ city: "Gatineau", line: ["1 Main St"] }],
    gender: "male",
    multipleBirthInteger: 2,
  });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody else has changed this meanwhile.").waitFor();
  await look(page, "conflict");
  await page.getByRole("button", { name: "Keep mine: Laval" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "OKAFOR, Chidi" }).waitFor();
  const kept = (await server.fhir("GET", `Patient/${id}`)) as Record<string, unknown>;
  assert.deepEqual(kept.address, [{ city: "Laval", line: ["1 Main St"] }]);
  assert.deepEqual(kept.telecom, [{ system: "phone", value: "438-555-0000" }]);
  assert.equal(kept.gender, "male");
  assert.equal(kept.multipleBirthInteger, 2);
}

async function nothingTypedIsLostWithoutConnection(server: Server, browser: Browser) {
  const page = await signedIn(server, browser);
  await page.getByRole("link", { name: "Register a patient" }).click();
  await page.fill("[name=family]", "Lost");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("No connection to the server.").waitFor();
  assert.equal(await page.inputValue("[name=family]"), "Lost");
  await page.getByRole("button", { name: "Français" }).click();
  await page.getByText("Pas de connexion au serveur.").waitFor();
  assert.equal(await page.inputValue("[name=family]"), "Lost");
  await page.context().setOffline(false);
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await page.getByRole("heading", { name: "LOST" }).waitFor();
}

await run([
  nobodySeesTheAppsRecordsWithoutSigningIn,
  anEmptyPracticeSaysWhatToDo,
  peopleAreFoundByWhatOneKnows,
  somebodyIsRegisteredOnce,
  whatBothChangedIsShownFieldByField,
  nothingTypedIsLostWithoutConnection,
]);
