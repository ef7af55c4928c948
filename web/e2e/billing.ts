/* The front desk invoices a visit, takes the money, prints the receipt and looks at the day. */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { accessibilityFaults, enrol, overflows, run, type Server } from "./harness.ts";

const desktop = { width: 1366, height: 768 };
const phone = { width: 390, height: 844 };
const shots = process.env.SHOTS;
const massage = {
  coding: [{ system: "urn:example:service", code: "massage" }],
  text: "Massage therapy treatment",
};

async function seed(server: Server): Promise<string> {
  const make = async (resourceType: string, members: Record<string, unknown>) => {
    const made = await server.fhir("POST", resourceType, { resourceType, ...members });
    return `${resourceType}/${made.id}`;
  };
  const organization = await make("Organization", {
    name: "Clinique du Château",
    address: [{ line: ["12, rue de l’Église"], city: "Ottawa", state: "ON", country: "CA" }],
    telecom: [
      { system: "phone", value: "613-555-0100" },
      { system: "email", value: "accueil@example.org" },
    ],
    identifier: [{ system: "urn:hale:tax-number:HST", value: "123456789 RT0001" }],
  });
  const practitioner = await make("Practitioner", {
    name: [{ given: ["Zoé"], family: "Lefèvre" }],
    qualification: [
      {
        code: {
          coding: [{ system: "urn:hale:profession", code: "massage-therapy" }],
          text: "RMT",
        },
        identifier: [{ value: "K-12345" }],
        issuer: { display: "College of Massage Therapists of Ontario" },
      },
    ],
  });
  await make("PractitionerRole", {
    active: true,
    practitioner: { reference: practitioner },
    organization: { reference: organization },
  });
  const patient = await make("Patient", { name: [{ given: ["Anaïs"], family: "Côté" }] });
  await make("ChargeItemDefinition", {
    url: "urn:example:massage",
    status: "active",
    code: massage,
    propertyGroup: [
      { priceComponent: [{ type: "base", amount: { value: 100, currency: "CAD" } }] },
    ],
  });
  await make("Appointment", {
    status: "fulfilled",
    start: "2026-03-04T09:00:00-05:00",
    end: "2026-03-04T10:00:00-05:00",
    serviceType: [massage],
    participant: [
      { actor: { reference: practitioner }, status: "accepted" },
      { actor: { reference: patient }, status: "accepted" },
    ],
  });
  return patient.split("/")[1] as string;
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

async function aVisitIsInvoicedPaidAndReceipted(server: Server, browser: Browser) {
  const patient = await seed(server);
  const context = await browser.newContext({ viewport: desktop, locale: "en-CA" });
  const page = await context.newPage();
  await enrol(page, server, "dora", "--role", "front-desk");
  await page.goto(`${server.url}/app/patients/${patient}`);
  await page.getByRole("link", { name: "Account", exact: true }).click();
  await page.getByRole("button", { name: "Invoice", exact: true }).click();
  await page.getByRole("button", { name: "Issue", exact: true }).click();
  await page.getByRole("button", { name: "Take a payment" }).click();
  assert.equal(await page.inputValue("[name=amount]"), "113.00");
  await page.fill("[name=amount]", "nothing");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("This is not an amount.").waitFor();
  await look(page, "payment");
  await page.fill("[name=amount]", "113");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Payment taken").waitFor();
  await page.getByText("paid", { exact: false }).first().waitFor();
  await page.getByRole("button", { name: "Receipt", exact: true }).waitFor();
  const papers = context.waitForEvent("page");
  await page.getByRole("button", { name: "Receipt", exact: true }).click();
  assert.match((await papers).url(), /^(blob:|about:blank|:)/);
  const kept = (await server.fhir("GET", "DocumentReference?_total=accurate")) as {
    total: number;
  };
  assert.equal(kept.total, 1);
  await look(page, "account");
  await page.getByRole("link", { name: "Accounts" }).click();
  await page.getByText("Received, card").waitFor();
  await page.getByText("Nobody owes anything.").waitFor();
  await page.getByRole("button", { name: "Français" }).click();
  await page.getByText("Reçu, carte").waitFor();
  await look(page, "books");
}

await run([aVisitIsInvoicedPaidAndReceipted]);
