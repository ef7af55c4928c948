/* The front desk's day in the calendar: booking, moving, arriving, cancelling, by pointer and by keys. */
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
const zone = "America/Toronto";
const day = "2031-03-10"; /* a Monday, the day after the clocks went forward */

interface Practice {
  roy: string;
  singh: string;
  blue: string;
  patients: string[];
}

async function make(server: Server, body: Record<string, unknown>): Promise<string> {
  const made = await server.fhir("POST", body.resourceType as string, body);
  return `${body.resourceType}/${made.id}`;
}

async function seed(server: Server): Promise<Practice> {
  await make(server, {
    resourceType: "Location",
    name: "Clinique du Parc",
    extension: [{ url: "http://hl7.org/fhir/StructureDefinition/timezone", valueCode: zone }],
  });
  const blue = await make(server, {
    resourceType: "Location",
    name: "Blue room",
    physicalType: {
      coding: [
        { system: "http://terminology.hl7.org/CodeSystem/location-physical-type", code: "ro" },
      ],
    },
  });
  const person = (family: string, given: string) =>
    make(server, { resourceType: "Practitioner", name: [{ family, given: [given] }] });
  const [roy, singh] = [await person("Roy", "Luc"), await person("Singh", "Asha")];
  for (const reference of [roy, singh, blue])
    await make(server, { resourceType: "Schedule", active: true, actor: [{ reference }] });
  const service = await make(server, {
    resourceType: "HealthcareService",
    active: true,
    name: "Massage, an hour",
    extension: [
      {
        url: "urn:hale:service",
        extension: [
          { url: "duration", valuePositiveInt: 60 },
          { url: "colour", valueString: "#7a3e9d" },
        ],
      },
    ],
  });
  await make(server, {
    resourceType: "PractitionerRole",
    practitioner: { reference: roy },
    healthcareService: [{ reference: service }],
    availableTime: [
      { daysOfWeek: ["mon"], availableStartTime: "09:00:00", availableEndTime: "12:00:00" },
      { daysOfWeek: ["mon"], availableStartTime: "13:00:00", availableEndTime: "17:00:00" },
    ],
  });
  const patients = [];
  for (const [family, given] of [
    ["Tremblay", "Anne-Sophie"],
    ["Okafor", "Chidi"],
    ["Trépanier", "Luc"],
  ])
    patients.push(
      await make(server, {
        resourceType: "Patient",
        name: [{ use: "official", family, given: [given] }],
        birthDate: "1984-03-27",
      }),
    );
  return { roy, singh, blue, patients };
}

function visit(server: Server, patient: string, actor: string, time: string, minutes = 45) {
  const start = new Date(`${day}T${time}:00-04:00`);
  return make(server, {
    resourceType: "Appointment",
    status: "booked",
    start: start.toISOString(),
    end: new Date(start.getTime() + minutes * 60_000).toISOString(),
    participant: [
      { actor: { reference: patient }, status: "needs-action" },
      { actor: { reference: actor }, status: "accepted" },
    ],
  });
}

/* The desk signs in with a clock elsewhere: times are those of the practice all the same. */
async function signedIn(server: Server, browser: Browser, options = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: desktop,
    locale: "en-CA",
    timezoneId: "Asia/Tokyo",
    ...options,
  });
  const page = await context.newPage();
  await enrol(page, server, "dora", "--role", "front-desk");
  await page.goto(`${server.url}/app/calendar?day=${day}`);
  await page.waitForSelector(".grid .head");
  return page;
}

async function look(page: Page, name: string): Promise<void> {
  assert.deepEqual(await accessibilityFaults(page), [], `accessibility of ${name}`);
  for (const [size, viewport] of Object.entries({ desktop, phone })) {
    await page.setViewportSize(viewport);
    assert.equal(await overflows(page), false, `${name} is wider than ${viewport.width}`);
    if (shots) await page.screenshot({ path: `${shots}/${name}-${size}.png` });
  }
  await page.setViewportSize(desktop);
}

const block = (page: Page, name: string) => page.locator(".visit", { hasText: name }).first();
const toast = (page: Page, words: string) =>
  page.locator(".toast", { hasText: words }).waitFor({ timeout: 8000 });

/* In the field that has the focus. */
async function choosePatient(page: Page, words: string, name: string): Promise<void> {
  await page.keyboard.type(words);
  await page.locator(".picker [role=option]", { hasText: name }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForFunction(
    (whole) => document.querySelector<HTMLInputElement>("[name=patient]")?.value === whole,
    name,
  );
}

async function kept(server: Server, reference: string) {
  return (await server.fhir("GET", reference)) as {
    status: string;
    start: string;
    end: string;
    participant: { status: string; actor: { reference: string } }[];
    cancelationReason?: { coding: { code: string }[] };
  };
}

// ---- tests ----

async function somebodyIsBookedFromAnEmptyTime(server: Server, browser: Browser) {
  const { roy, patients } = await seed(server);
  const page = await signedIn(server, browser);
  const said = complaints(page.context());
  await look(page, "calendar-empty");
  const column = page.locator(`.column[data-column="${day} ${roy}"]`);
  const box = await column.boundingBox();
  assert(box);
  await page.mouse.click(box.x + 40, box.y + box.height * 0.105); // a little after nine
  assert.equal(await page.inputValue("[name=time]"), "09:00");
  await choosePatient(page, "trem", "TREMBLAY, Anne-Sophie");
  await page.getByLabel("Service").selectOption({ label: "Massage, an hour" });
  await look(page, "calendar-book");
  await page.getByRole("button", { name: "Book", exact: true }).last().click();
  await toast(page, "Booked");
  await block(page, "TREMBLAY").waitFor();
  await page.getByRole("heading", { name: "TREMBLAY, Anne-Sophie" }).waitFor();
  const { entry } = (await server.fhir("GET", `Appointment?actor=${roy}`)) as {
    entry: { resource: Awaited<ReturnType<typeof kept>> }[];
  };
  assert.equal(entry.length, 1);
  assert.equal(entry[0]?.resource.start, `${day}T09:00:00-04:00`);
  assert.equal(entry[0]?.resource.end, `${day}T10:00:00-04:00`);
  assert.equal(entry[0]?.resource.participant[0]?.actor.reference, patients[0]);
  assert.deepEqual(said, []);
}

async function aTakenTimeIsRefusedAndTheNextIsOffered(server: Server, browser: Browser) {
  const { roy, patients } = await seed(server);
  await visit(server, patients[1] as string, roy, "09:00");
  const page = await signedIn(server, browser);
  await block(page, "OKAFOR").waitFor();
  await page.keyboard.press("b");
  await choosePatient(page, "trem", "TREMBLAY, Anne-Sophie");
  await page.getByLabel("With").selectOption({ label: "Roy, Luc" });
  await page.fill("[name=time]", "09:15");
  await page.keyboard.press("Enter");
  await page.getByText("Not free at that time: Roy, Luc").waitFor();
  await page.getByRole("button", { name: "Take 09:45, which is free" }).click();
  assert.equal(await page.inputValue("[name=patient]"), "TREMBLAY, Anne-Sophie");
  await page.getByRole("button", { name: "Book", exact: true }).last().click();
  await toast(page, "Booked");
  await block(page, "TREMBLAY").waitFor();
}

async function aVisitIsMovedByPointerAndUndone(server: Server, browser: Browser) {
  const { roy, singh, patients } = await seed(server);
  const reference = await visit(server, patients[0] as string, roy, "09:00");
  const page = await signedIn(server, browser);
  const from = await block(page, "TREMBLAY").boundingBox();
  const to = await page.locator(`.column[data-column="${day} ${singh}"]`).boundingBox();
  assert(from && to);
  await page.mouse.move(from.x + 30, from.y + 10);
  await page.mouse.down();
  await page.mouse.move(from.x + 40, from.y + 30, { steps: 3 });
  await page.mouse.move(to.x + 40, from.y + 10 + 75, { steps: 8 }); // an hour further down
  assert.equal(await page.locator(".ghost").textContent(), "10:00–10:45");
  if (shots) await page.screenshot({ path: `${shots}/calendar-drag.png` });
  await page.mouse.up();
  await toast(page, "Moved to 10:00, Singh, Asha");
  let now = await kept(server, reference);
  assert.equal(now.start, `${day}T10:00:00-04:00`);
  assert.equal(now.participant[1]?.actor.reference, singh);
  await page.getByRole("button", { name: "Undo" }).click();
  await toast(page, "Undone");
  now = await kept(server, reference);
  assert.equal(now.start, `${day}T13:00:00.000Z`);
  assert.equal(now.participant[1]?.actor.reference, roy);
}

async function aVisitEndsLaterAndEscLeavesItAlone(server: Server, browser: Browser) {
  const { roy, patients } = await seed(server);
  const reference = await visit(server, patients[0] as string, roy, "09:00");
  const page = await signedIn(server, browser);
  const at = await block(page, "TREMBLAY").boundingBox();
  assert(at);
  const pull = async () => {
    await page.mouse.move(at.x + 30, at.y + at.height - 3);
    await page.mouse.down();
    await page.mouse.move(at.x + 30, at.y + at.height + 10, { steps: 3 });
    await page.mouse.move(at.x + 30, at.y + (60 * at.height) / 45, { steps: 4 });
  };
  await pull();
  await page.keyboard.press("Escape");
  await page.mouse.up();
  assert.match((await kept(server, reference)).end, /13:45/);
  await pull();
  await page.mouse.up();
  await toast(page, "Moved to 09:00");
  assert.equal((await kept(server, reference)).end, `${day}T10:00:00-04:00`);
}

async function theDayIsWorkedByKeysAlone(server: Server, browser: Browser) {
  const { roy, singh, patients } = await seed(server);
  const first = await visit(server, patients[0] as string, roy, "09:00");
  const second = await visit(server, patients[1] as string, singh, "09:30");
  const page = await signedIn(server, browser);
  await block(page, "TREMBLAY").focus();
  await page.keyboard.press("ArrowRight");
  assert.match(
    (await page.evaluate(() => document.activeElement?.textContent)) ?? "",
    /OKAFOR/,
  );
  await page.keyboard.press("a");
  await toast(page, "OKAFOR, Chidi: arrived");
  assert.equal((await kept(server, second)).status, "arrived");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Alt+ArrowDown");
  await toast(page, "Moved to 09:15");
  assert.equal((await kept(server, first)).start, `${day}T09:15:00-04:00`);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "TREMBLAY" }).waitFor();
  await look(page, "calendar-visit");
  await page.keyboard.press("w");
  await page.waitForFunction(() => document.querySelectorAll(".column").length === 21);
  await look(page, "calendar-week");
}

async function aVisitIsCancelledWithItsReason(server: Server, browser: Browser) {
  const { roy, patients } = await seed(server);
  const reference = await visit(server, patients[0] as string, roy, "09:00");
  const page = await signedIn(server, browser, { locale: "fr-CA" });
  await block(page, "TREMBLAY").click();
  await page.getByRole("button", { name: "A confirmé" }).click();
  await toast(page, "confirmé");
  assert.equal((await kept(server, reference)).participant[0]?.status, "accepted");
  await page.getByRole("button", { name: "Annuler…" }).click();
  await page.getByLabel("Raison").selectOption("prov");
  await look(page, "calendar-cancel");
  await page.getByRole("button", { name: "Annuler la visite" }).click();
  await toast(page, "annulé");
  await page.waitForFunction(() => !document.querySelector(".visit"));
  const off = await kept(server, reference);
  assert.equal(off.status, "cancelled");
  assert.equal(off.cancelationReason?.coding[0]?.code, "prov");
}

async function whatSomebodyElseChangedIsNotOverwritten(server: Server, browser: Browser) {
  const { roy, patients } = await seed(server);
  const reference = await visit(server, patients[0] as string, roy, "09:00");
  const page = await signedIn(server, browser);
  await block(page, "TREMBLAY").click();
  const theirs = (await server.fhir("GET", reference)) as Record<string, unknown>;
  await server.fhir("PUT", reference, { ...theirs, comment: "Brings her dog." });
  await page.getByRole("button", { name: "Has arrived" }).click();
  await toast(page, "Somebody else has changed this visit meanwhile.");
  const now = (await server.fhir("GET", reference)) as Record<string, unknown>;
  assert.equal(now.status, "booked");
  await page.getByText("Brings her dog.").waitFor();
  await page.getByRole("button", { name: "Has arrived" }).click();
  await toast(page, "arrived");
}

await run([
  somebodyIsBookedFromAnEmptyTime,
  aTakenTimeIsRefusedAndTheNextIsOffered,
  aVisitIsMovedByPointerAndUndone,
  aVisitEndsLaterAndEscLeavesItAlone,
  theDayIsWorkedByKeysAlone,
  aVisitIsCancelledWithItsReason,
  whatSomebodyElseChangedIsNotOverwritten,
]);
