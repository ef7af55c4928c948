/* A clinician writes a note: by keys alone, in both languages, over lost connections, in two windows. */
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
const tablet = { width: 820, height: 1180 };
const phone = { width: 390, height: 844 };
const shots = process.env.SHOTS;
const core = "http://hl7.org/fhir/StructureDefinition/";

const french = (content: string) => ({
  extension: [
    {
      url: `${core}translation`,
      extension: [
        { url: "lang", valueCode: "fr" },
        { url: "content", valueString: content },
      ],
    },
  ],
});

const control = (code: string) => ({
  url: `${core}questionnaire-itemControl`,
  valueCodeableConcept: {
    coding: [{ system: "http://hl7.org/fhir/questionnaire-item-control", code }],
  },
});

const tone = (code: string, display: string, fr: string, count: number) => ({
  valueCoding: { system: "urn:example:tone", code, display, _display: french(fr) },
  extension: [{ url: `${core}ordinalValue`, valueDecimal: count }],
});

/* One of each kind of question. */
const template = {
  resourceType: "Questionnaire",
  url: "urn:example:soap",
  version: "1",
  status: "active",
  title: "Treatment note",
  _title: french("Note de traitement"),
  code: [{ system: "urn:hale:template", code: "note" }],
  item: [
    {
      linkId: "s",
      type: "group",
      text: "Subjective",
      _text: french("Subjectif"),
      item: [
        {
          linkId: "complaint",
          type: "text",
          text: "Complaint",
          _text: french("Plainte"),
          required: true,
        },
        {
          linkId: "pain",
          type: "integer",
          text: "Pain now",
          _text: french("Douleur"),
          extension: [
            control("slider"),
            { url: `${core}minValue`, valueInteger: 0 },
            { url: `${core}maxValue`, valueInteger: 10 },
          ],
        },
        {
          linkId: "worse",
          type: "string",
          text: "What makes it worse",
          _text: french("Ce qui l’aggrave"),
          enableWhen: [{ question: "pain", operator: ">", answerInteger: 5 }],
        },
      ],
    },
    {
      linkId: "o",
      type: "group",
      text: "Objective",
      _text: french("Objectif"),
      item: [
        {
          linkId: "tone",
          type: "choice",
          text: "Tone",
          _text: french("Tonus"),
          answerOption: [
            tone("low", "Low", "Faible", 0),
            tone("normal", "Normal", "Normal", 1),
            tone("high", "High", "Élevé", 2),
          ],
        },
        {
          linkId: "weight",
          type: "quantity",
          text: "Weight",
          _text: french("Poids"),
          extension: [
            {
              url: `${core}questionnaire-unit`,
              valueCoding: {
                system: "http://unitsofmeasure.org",
                code: "kg",
                display: "kg",
              },
            },
          ],
        },
        {
          linkId: "consent",
          type: "boolean",
          text: "Consent given",
          _text: french("Consentement"),
        },
        {
          linkId: "areas",
          type: "open-choice",
          repeats: true,
          text: "Areas treated",
          _text: french("Régions traitées"),
          answerOption: [
            { valueCoding: { code: "neck", display: "Neck", _display: french("Cou") } },
            { valueCoding: { code: "back", display: "Back", _display: french("Dos") } },
          ],
        },
        {
          linkId: "goals",
          type: "string",
          repeats: true,
          text: "Goals",
          _text: french("Objectifs"),
        },
        {
          linkId: "strength",
          type: "group",
          repeats: true,
          text: "Strength",
          _text: french("Force"),
          extension: [control("gtable")],
          item: [
            { linkId: "muscle", type: "string", text: "Muscle", required: true },
            { linkId: "left", type: "integer", text: "Left", _text: french("Gauche") },
            { linkId: "right", type: "integer", text: "Right", _text: french("Droite") },
          ],
        },
      ],
    },
  ],
};

async function make(server: Server, body: Record<string, unknown>): Promise<string> {
  const made = await server.fhir("POST", body.resourceType as string, body);
  return `${body.resourceType}/${made.id}`;
}

interface World {
  patient: string;
  practitioner: string;
}

async function seed(server: Server): Promise<World> {
  await make(server, template);
  const practitioner = await make(server, {
    resourceType: "Practitioner",
    name: [{ family: "Roy", given: ["Luc"] }],
  });
  const patient = await make(server, {
    resourceType: "Patient",
    name: [{ use: "official", family: "Tremblay", given: ["Anne-Sophie"] }],
    birthDate: "1984-03-27",
    gender: "female",
  });
  return { patient, practitioner };
}

async function signedIn(server: Server, browser: Browser, world: World, options = {}) {
  const context = await browser.newContext({ viewport: desktop, locale: "en-CA", ...options });
  context.setDefaultTimeout(12_000);
  const page = await context.newPage();
  await enrol(page, server, "luc", "--role", "practitioner", "--linked", world.practitioner);
  await page.goto(`${server.url}/app/${world.patient.replace("Patient", "patients")}`);
  await page.getByRole("heading", { name: "TREMBLAY, Anne-Sophie" }).waitFor();
  return page;
}

async function begin(server: Server, browser: Browser, options = {}): Promise<Page> {
  const page = await signedIn(server, browser, await seed(server), options);
  await page.getByRole("link", { name: /^(New note|Nouvelle note)$/ }).click();
  await page.getByRole("button", { name: /^(Treatment note|Note de traitement)/ }).click();
  await page.waitForURL(/\/notes\/\w/);
  await page.getByRole("heading", { name: /^(Treatment note|Note de traitement)/ }).waitFor();
  return page;
}

async function look(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries({ desktop, tablet, phone })) {
    await page.setViewportSize(viewport);
    assert.equal(await overflows(page), false, `${name} is wider than ${viewport.width}`);
    assert.deepEqual(await accessibilityFaults(page), [], `accessibility of ${name}, ${size}`);
    if (shots)
      await page.screenshot({ path: `${shots}/note-${name}-${size}.png`, fullPage: true });
  }
  await page.setViewportSize(desktop);
}

const state = (page: Page, kind: string) =>
  page.locator(`.save-state[data-kind=${kind}]`).waitFor({ timeout: 15_000 });

interface Item {
  linkId: string;
  answer?: Record<string, unknown>[];
  item?: Item[];
}

/* What the server has, by linkId. */
async function answersOf(server: Server, page: Page): Promise<Record<string, unknown[]>> {
  const id = new URL(page.url()).pathname.split("/").pop();
  const note = await server.fhir("GET", `QuestionnaireResponse/${id}`);
  const into: Record<string, unknown[]> = {};
  const open = [...((note.item as Item[]) ?? [])];
  for (const one of open) {
    if (one.answer) {
      into[one.linkId] ??= [];
      into[one.linkId]?.push(...one.answer.map((answer) => Object.values(answer)[0]));
    }
    open.push(...(one.item ?? []));
  }
  return into;
}

// ---- tests ----

async function aNoteIsWrittenByKeysAlone(server: Server, browser: Browser) {
  const world = await seed(server);
  const page = await signedIn(server, browser, world);
  const said = complaints(page.context());
  await page.getByRole("link", { name: "New note" }).focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Find a template").waitFor();
  await page.keyboard.type("treat");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/notes\/\w/);
  await page.getByLabel("Complaint *").focus();
  await page.keyboard.type("Tight neck since Monday.\nWorse at the desk.");
  await page.keyboard.press("Tab");
  for (let press = 0; press < 6; press += 1) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Tab"); /* to clear */
  await page.keyboard.press("Tab");
  await page.keyboard.type("driving");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowUp"); /* the last of the three */
  await page.keyboard.press("Tab"); /* to clear */
  await page.keyboard.press("Tab");
  await page.keyboard.type("70,5");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.getByLabel("Neck").focus();
  await page.keyboard.press("Space");
  await page.getByLabel("Areas treated: Other").focus();
  await page.keyboard.type("jaw");
  await page.getByLabel("Strength, row 1: Muscle *").focus();
  await page.keyboard.type("deltoid");
  await page.keyboard.press("Tab");
  await page.keyboard.type("4");
  await page.keyboard.press("Tab");
  await page.keyboard.type("5");
  await page.getByRole("button", { name: "Add a row" }).focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Strength, row 2: Muscle *").fill("biceps");
  await state(page, "saved");
  const answers = await answersOf(server, page);
  assert.deepEqual(answers.complaint, ["Tight neck since Monday.\nWorse at the desk."]);
  assert.deepEqual(answers.pain, [6]);
  assert.deepEqual(answers.worse, ["driving"]);
  assert.equal((answers.tone?.[0] as { code?: string } | undefined)?.code, "high");
  assert.deepEqual(answers.weight, [
    { value: 70.5, unit: "kg", system: "http://unitsofmeasure.org", code: "kg" },
  ]);
  assert.deepEqual(answers.consent, [true]);
  assert.deepEqual(answers.areas, [{ code: "neck", display: "Neck" }, "jaw"]);
  assert.deepEqual(answers.muscle, ["deltoid", "biceps"]);
  assert.deepEqual([answers.left, answers.right], [[4], [5]]);
  await look(page, "written");
  await page.getByRole("button", { name: "Français" }).click();
  await page.getByLabel("Plainte *").waitFor();
  await look(page, "written-fr");
  assert.deepEqual(said, []);
  assert.doesNotMatch(page.url(), /Tight|Tremblay/);
}

async function whatIsTypedAfterTheLastSaveIsSaid(server: Server, browser: Browser) {
  const page = await begin(server, browser);
  await page.getByLabel("Complaint *").fill("first");
  await state(page, "saved");
  await page.getByLabel("Weight").fill("70 kilos");
  await page.getByText("This is not a number").waitFor();
  await page.getByLabel("Weight").fill("");
  await page.context().setOffline(true);
  await page.getByLabel("Complaint *").fill("first and second");
  await state(page, "kept");
  await look(page, "kept");
  assert.deepEqual((await answersOf(server, page)).complaint, ["first"]);
  await page.context().setOffline(false);
  await state(page, "saved");
  assert.deepEqual((await answersOf(server, page)).complaint, ["first and second"]);
}

async function aClosedWindowLosesNothing(server: Server, browser: Browser) {
  const page = await begin(server, browser);
  await page.getByLabel("Complaint *").fill("first");
  await state(page, "saved");
  await page.context().setOffline(true);
  await page.getByLabel("Complaint *").fill("first, then the cable was pulled");
  await state(page, "kept");
  const { url } = { url: page.url() };
  await page.close();
  const context = browser.contexts()[0];
  assert.ok(context);
  await context.setOffline(false);
  const next = await context.newPage();
  const text = await sealedText(next, server);
  assert.doesNotMatch(text, /cable/);
  await next.goto(url);
  await next.getByText("Brought back what was typed here").waitFor();
  assert.equal(
    await next.getByLabel("Complaint *").inputValue(),
    "first, then the cable was pulled",
  );
  await state(next, "saved");
  assert.deepEqual((await answersOf(server, next)).complaint, [
    "first, then the cable was pulled",
  ]);
  assert.equal(await sealedText(next, server), "");
}

/* All that the browser keeps of drafts, as text. */
async function sealedText(page: Page, server: Server): Promise<string> {
  if (!page.url().startsWith(server.url)) await page.goto(`${server.url}/app/nowhere`);
  return page.evaluate(
    () =>
      new Promise<string>((done, fail) => {
        const open = indexedDB.open("hale-drafts");
        open.onerror = () => fail(open.error);
        open.onsuccess = () => {
          const all = open.result.transaction("draft").objectStore("draft").getAll();
          all.onsuccess = () =>
            done(
              all.result
                .map((row) => new TextDecoder().decode(row.sealed) + JSON.stringify(row))
                .join(""),
            );
        };
      }),
  );
}

async function twoWindowsAreMergedFieldByField(server: Server, browser: Browser) {
  const page = await begin(server, browser);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByLabel("Complaint *").fill("from the other");
  await state(other, "saved");
  await page.getByLabel("Weight").fill("70");
  await state(page, "saved");
  assert.equal(await page.getByLabel("Complaint *").inputValue(), "from the other");
  await page.getByLabel("Complaint *").fill("from this one");
  await state(page, "saved");
  await other.getByLabel("Complaint *").fill("from the other again");
  await other.getByText("Two windows have changed the same").first().waitFor();
  await look(other, "conflict");
  assert.deepEqual((await answersOf(server, page)).complaint, ["from this one"]);
  await other.getByRole("button", { name: "Keep both: Complaint" }).click();
  await state(other, "saved");
  assert.deepEqual((await answersOf(server, page)).complaint, [
    "from this one\nfrom the other again",
  ]);
}

async function aNoteIsSignedByKeysAndAddedTo(server: Server, browser: Browser) {
  const page = await begin(server, browser);
  const said = complaints(page.context());
  await page.getByRole("button", { name: "Sign", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("Before this can be signed:").waitFor();
  await look(page, "missing");
  await page.getByRole("link", { name: "Complaint" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("Tight neck");
  await page.getByRole("button", { name: "Sign", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("Sign this note of TREMBLAY, Anne-Sophie?").waitFor();
  await look(page, "sign");
  await page.getByRole("button", { name: "Sign now" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("Signed and locked").waitFor();
  await page.getByText("Tight neck").waitFor();
  assert.equal(await page.locator("textarea").count(), 0);
  await look(page, "signed");
  const id = new URL(page.url()).pathname.split("/").pop();
  const note = await server.fhir("GET", `QuestionnaireResponse/${id}`);
  assert.equal(note.status, "completed");
  await page.getByRole("button", { name: "Add or correct" }).click();
  await page.getByLabel("Reason").fill("forgotten");
  await page.getByLabel("Text *").fill("Also the jaw.");
  await look(page, "amend");
  await page.getByRole("button", { name: "Sign the addition" }).click();
  await page.getByRole("heading", { name: "Added and corrected" }).waitFor();
  await page.locator(".panel li a").first().click();
  await page.getByText("Also the jaw.").waitFor();
  await page.goto(`${server.url}/app/notes`);
  await page.getByText("No notes wait for you.").waitFor();
  assert.deepEqual(said, []);
}

async function theTemplatesThatComeWithHaleAreOffered(server: Server, browser: Browser) {
  const world = await seed(server);
  await retire(server);
  const page = await signedIn(server, browser, world, { locale: "fr-CA" });
  await page.getByRole("link", { name: "Nouvelle note" }).click();
  await page
    .getByRole("button", { name: "Prendre les modèles qui viennent avec Hale" })
    .click();
  await page.locator(".templates button").first().waitFor();
  await look(page, "templates");
  await page.getByLabel("Chercher un modèle").fill("physio");
  await page
    .locator(".templates .name", { hasText: /^Physioth/ })
    .first()
    .click();
  await page.waitForURL(/\/notes\/\w/);
  await page.locator(".note-form .question").first().waitFor();
  await look(page, "physiotherapy");
  await page.goto(`${server.url}/app/notes`);
  await page.getByText("attend une signature").waitFor();
  await look(page, "unsigned");
}

const bodyTemplate = {
  resourceType: "Questionnaire",
  url: "urn:example:body",
  version: "1",
  status: "active",
  title: "Body chart",
  item: [
    {
      linkId: "body",
      type: "group",
      repeats: true,
      text: "Where",
      _text: french("Où"),
      extension: [{ url: "urn:hale:body-chart", valueBoolean: true }],
      item: [
        { linkId: "body.view", type: "string", text: "View" },
        { linkId: "body.x", type: "decimal", text: "x" },
        { linkId: "body.y", type: "decimal", text: "y" },
        {
          linkId: "body.kind",
          type: "choice",
          text: "What",
          answerOption: ["Pain", "Numbness", "Trigger point"].map((display) => ({
            valueCoding: { code: display.toLowerCase(), display },
          })),
        },
        { linkId: "body.severity", type: "integer", text: "Severity" },
        { linkId: "body.site", type: "open-choice", text: "Site" },
      ],
    },
  ],
};

async function marksAreMadeOnTheBodyByPointerAndKeys(server: Server, browser: Browser) {
  const world = await seed(server);
  await make(server, bodyTemplate);
  const page = await signedIn(server, browser, world);
  await page.getByRole("link", { name: "New note" }).click();
  await page.getByRole("button", { name: /^Body chart/ }).click();
  const front = page.getByRole("button", { name: /^From the front/ });
  await front.click({ position: { x: 93, y: 219 } });
  await page.getByLabel("Where, row 1: What").selectOption("pain");
  await page.getByLabel("Where, row 1: Severity").fill("7");
  await page.getByRole("button", { name: /^From behind/ }).focus();
  for (let press = 0; press < 4; press += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByLabel("Where, row 2: What").selectOption("trigger point");
  await state(page, "saved");
  const answers = await answersOf(server, page);
  assert.deepEqual(answers["body.view"], ["front", "back"]);
  assert.deepEqual(
    answers["body.site"]?.map((one) => (one as { code: string }).code),
    ["left-knee", "lower-back"],
  );
  assert.deepEqual(answers["body.severity"], [7]);
  await look(page, "body");
  await page.reload();
  await page.locator(".figure .mark").nth(1).waitFor();
  await page.getByRole("button", { name: "Remove: Where, row 1" }).click();
  await state(page, "saved");
  assert.deepEqual((await answersOf(server, page))["body.view"], ["back"]);
}

async function retire(server: Server): Promise<void> {
  const found = await server.fhir("GET", "Questionnaire?url=urn:example:soap");
  const [entry] = found.entry as { resource: Record<string, unknown> }[];
  assert.ok(entry);
  await server.fhir("PUT", `Questionnaire/${entry.resource.id}`, {
    ...entry.resource,
    status: "retired",
  });
}

const pain = async (page: Page, to: number) => {
  await page.getByRole("button", { name: String(to), exact: true }).click();
  await page.locator(".scale output", { hasText: String(to) }).waitFor();
};

async function whatIsOnTheScreenIsWhatIsSigned(server: Server, browser: Browser) {
  const page = await begin(server, browser);
  await page.getByLabel("Complaint *").fill("Tight neck");
  await pain(page, 7);
  await page.getByLabel("What makes it worse").fill("driving");
  await page.getByLabel("Weight").fill("70.5");
  await state(page, "saved");
  await pain(page, 3);
  await page.getByLabel("What makes it worse").waitFor({ state: "detached" });
  await page.getByLabel("Weight").fill("70.5 kg");
  await state(page, "saved");
  const draft = await answersOf(server, page);
  assert.deepEqual(draft.worse, ["driving"]);
  assert.equal((draft.weight?.[0] as { value: number } | undefined)?.value, 70.5);
  await page.getByRole("button", { name: "Sign", exact: true }).click();
  assert.equal(
    await page.getByLabel("Weight").evaluate((one) => one === document.activeElement),
    true,
  );
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.getByLabel("Weight").fill("71");
  await page.getByRole("button", { name: "Sign", exact: true }).click();
  await page.getByRole("button", { name: "Sign now" }).click();
  await page.getByText("Signed and locked").waitFor();
  const signed = await answersOf(server, page);
  assert.equal(signed.worse, undefined);
  assert.deepEqual(signed.pain, [3]);
  assert.equal((signed.weight?.[0] as { value: number } | undefined)?.value, 71);
}

async function oneOfSeveralKeepsItsPlaceWhileItIsEmptied(server: Server, browser: Browser) {
  const page = await begin(server, browser);
  const goals = page.getByLabel("Goals");
  await goals.nth(0).fill("a");
  await goals.nth(1).fill("b");
  await goals.nth(0).fill("");
  await page.keyboard.type("x");
  assert.equal(await goals.nth(1).inputValue(), "b");
  await pain(page, 7);
  await state(page, "saved");
  assert.deepEqual((await answersOf(server, page)).goals, ["x", "b"]);
  await goals.nth(0).fill("");
  await page.getByRole("button", { name: "Clear: Pain now" }).click();
  await page.locator(".scale output", { hasText: "–" }).waitFor();
  assert.equal(await goals.nth(0).inputValue(), "b");
  await state(page, "saved");
  const answers = await answersOf(server, page);
  assert.deepEqual([answers.goals, answers.pain], [["b"], undefined]);
}

/* One window has lost the server; the other signs. What the first had is added, and not lost on the way. */
async function whatCameTooLateIsAdded(server: Server, browser: Browser) {
  const page = await begin(server, browser);
  await page.getByLabel("Complaint *").fill("first");
  await state(page, "saved");
  await page.route("**/fhir/QuestionnaireResponse/*", (route) => route.abort());
  await page.getByLabel("Complaint *").fill("first, and the jaw");
  await state(page, "kept");
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByRole("button", { name: "Sign", exact: true }).click();
  await other.getByRole("button", { name: "Sign now" }).click();
  await other.getByText("Signed and locked").waitFor();
  await page.close();
  await other.reload();
  await other.getByText("Complaint: first, and the jaw").waitFor();
  await look(other, "left");
  await other.getByRole("button", { name: "Add it as an addendum" }).click();
  await other.getByLabel("Reason").fill("too late");
  await other.waitForTimeout(300);
  await other.reload();
  await other.getByRole("button", { name: "Sign the addition" }).waitFor();
  await other.waitForFunction(
    () => document.querySelector<HTMLTextAreaElement>("#amend-text")?.value,
  );
  assert.equal(await other.getByLabel("Reason").inputValue(), "too late");
  assert.equal(await other.getByLabel("Text *").inputValue(), "Complaint: first, and the jaw");
  await other.getByRole("button", { name: "Sign the addition" }).click();
  await other.getByRole("heading", { name: "Added and corrected" }).waitFor();
  await other.getByRole("button", { name: "Remove it from this device" }).click();
  await other.getByRole("dialog").getByRole("button", { name: "Remove it" }).click();
  await other.getByRole("dialog").waitFor({ state: "detached" });
  await other.waitForTimeout(200);
  assert.equal(await sealedText(other, server), "");
}

async function aDraftIsDeletedOnlyWhenAskedTwice(server: Server, browser: Browser) {
  const page = await begin(server, browser);
  await page.getByLabel("Complaint *").fill("nothing of this");
  await state(page, "saved");
  const id = new URL(page.url()).pathname.split("/").pop();
  await page.getByRole("button", { name: "Delete draft" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.equal((await answersOf(server, page)).complaint?.length, 1);
  await page.getByRole("button", { name: "Delete draft" }).click();
  await look(page, "delete");
  await page.getByRole("button", { name: "Delete it now" }).click();
  await page.waitForURL(/\/patients\//);
  await assert.rejects(server.fhir("GET", `QuestionnaireResponse/${id}`), /410/);
}

/* A page is one person's as long as it lives, whoever has signed in beside it. */
async function anotherPersonInTheSameBrowserGetsAPageOfTheirOwn(
  server: Server,
  browser: Browser,
) {
  const page = await begin(server, browser);
  await page.getByLabel("Complaint *").fill("Luc wrote this");
  await state(page, "saved");
  const note = new URL(page.url()).pathname.split("/").pop();
  const before = await server.fhir("GET", `QuestionnaireResponse/${note}`);
  const other = await page.context().newPage();
  await other.goto(`${server.url}/account`);
  await other.locator('form[action="/sign-out"] button').click();
  await other.waitForURL(/sign-in/);
  await enrol(other, server, "eva", "--role", "practitioner", "--linked", "Practitioner/eva");
  await new Promise((done) => setTimeout(done, 1200)); /* a token is remembered for a second */
  await page.getByLabel("Complaint *").fill("Luc wrote this, and Eva did not");
  await page.waitForURL((url) => !url.pathname.includes("/notes/"));
  await page.getByRole("navigation").first().waitFor();
  assert.equal(await page.getByText("Luc wrote").count(), 0);
  const after = await server.fhir("GET", `QuestionnaireResponse/${note}`);
  assert.deepEqual(after.meta, before.meta);
  assert.doesNotMatch(await sealedText(page, server), /Luc wrote/);
}

async function theDeskSeesNoNotes(server: Server, browser: Browser) {
  const page = await begin(server, browser);
  await page.getByLabel("Complaint *").fill("private");
  await state(page, "saved");
  const note = page.url();
  const desk = await (await browser.newContext({ viewport: desktop })).newPage();
  await enrol(desk, server, "dora", "--role", "front-desk");
  await desk.goto(note);
  await desk.getByRole("alert").waitFor();
  assert.equal(await desk.getByText("private").count(), 0);
  assert.equal(await desk.getByRole("link", { name: "My unsigned notes" }).count(), 0);
}

await run([
  aNoteIsWrittenByKeysAlone,
  whatIsTypedAfterTheLastSaveIsSaid,
  aClosedWindowLosesNothing,
  twoWindowsAreMergedFieldByField,
  aNoteIsSignedByKeysAndAddedTo,
  theTemplatesThatComeWithHaleAreOffered,
  marksAreMadeOnTheBodyByPointerAndKeys,
  theDeskSeesNoNotes,
  whatIsOnTheScreenIsWhatIsSigned,
  oneOfSeveralKeepsItsPlaceWhileItIsEmptied,
  whatCameTooLateIsAdded,
  aDraftIsDeletedOnlyWhenAskedTwice,
  anotherPersonInTheSameBrowserGetsAPageOfTheirOwn,
]);
