/* A visitor without an account books on the practice's page, and changes it without script. */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { accessibilityFaults, overflows, run, Server } from "./harness.ts";

const desktop = { width: 1366, height: 768 };
const phone = { width: 390, height: 844 };
const shots = process.env.SHOTS;

/* Takes mail (RFC 5321) and keeps it. */
class PostOffice {
  readonly texts: string[] = [];
  private readonly server = createServer((socket) => {
    let data = false;
    let rest = "";
    socket.write("220 ready\r\n");
    socket.on("data", (bytes) => {
      rest += bytes.toString("utf8");
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (data && line !== ".") this.texts[this.texts.length - 1] += `${line}\n`;
        else if (data) socket.write("250 taken\r\n");
        else if (line === "DATA") socket.write("354 go on\r\n");
        else socket.write(line === "QUIT" ? "221 bye\r\n" : "250 fine\r\n");
        if (!data && line === "DATA") this.texts.push("");
        data = line === "DATA" || (data && line !== ".");
      }
    });
    socket.on("error", () => socket.destroy());
  });

  async open(folder: string): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
    const settings = join(folder, "messages");
    writeFileSync(
      settings,
      `mail-server = smtp://127.0.0.1:${(this.server.address() as AddressInfo).port}\n` +
        "mail-from = desk@practice.example\n",
    );
    chmodSync(settings, 0o600);
    return settings;
  }

  /* Soft line ends and escapes of quoted-printable are undone; so is base64. */
  async find(pattern: RegExp): Promise<string> {
    for (let turn = 0; turn < 200; turn++) {
      for (const text of this.texts) {
        const [head, ...parts] = text.split("\n\n");
        const body = parts.join("\n\n");
        const plain = /base64/i.test(head as string)
          ? Buffer.from(body, "base64").toString("utf8")
          : body
              .replace(/=\n/g, "")
              .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
        const match = pattern.exec(plain);
        if (match) return match[1] as string;
      }
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`no mail says ${pattern}`);
  }

  close(): void {
    this.server.close();
  }
}

async function seed(server: Server): Promise<void> {
  await server.fhir("PUT", "Organization/linden", {
    resourceType: "Organization",
    id: "linden",
    active: true,
    name: "Linden Street Practice",
    identifier: [{ system: "urn:hale:booking-page", value: "linden" }],
    telecom: [{ system: "phone", value: "416-555-0100" }],
  });
  for (const [id, name] of [
    ["massage", "Massage, 60 minutes"],
    ["physio", "Physiotherapy, first visit"],
  ])
    await server.fhir("PUT", `HealthcareService/${id}`, {
      resourceType: "HealthcareService",
      id,
      name,
      extension: [
        {
          url: "urn:hale:service",
          extension: [
            { url: "duration", valuePositiveInt: 60 },
            { url: "online", extension: [{ url: "enabled", valueBoolean: true }] },
          ],
        },
      ],
    });
  for (const [id, given] of [
    ["mei", "Mei"],
    ["luc", "Luc"],
  ]) {
    await server.fhir("PUT", `Practitioner/${id}`, {
      resourceType: "Practitioner",
      id,
      name: [{ given: [given], family: "Jensen" }],
    });
    await server.fhir("PUT", `PractitionerRole/${id}`, {
      resourceType: "PractitionerRole",
      id,
      practitioner: { reference: `Practitioner/${id}` },
      organization: { reference: "Organization/linden" },
      healthcareService: [
        { reference: "HealthcareService/massage" },
        { reference: "HealthcareService/physio" },
      ],
      availableTime: [{ availableStartTime: "09:00:00", availableEndTime: "17:00:00" }],
    });
  }
}

async function look(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries({ desktop, phone })) {
    await page.setViewportSize(viewport);
    assert.equal(await overflows(page), false, `${name} is wider than ${viewport.width}`);
    if (shots)
      await page.screenshot({ path: `${shots}/book-${name}-${size}.png`, fullPage: true });
    assert.deepEqual(await accessibilityFaults(page), [], `accessibility of ${name}, ${size}`);
  }
}

async function bookAndCallOff(
  server: Server,
  browser: Browser,
  office: PostOffice,
  language: "en" | "fr",
): Promise<void> {
  const locale = language === "fr" ? "fr-CA" : "en-CA";
  const context = await browser.newContext({ locale, viewport: phone });
  const bare = await browser.newContext({ locale, viewport: phone, javaScriptEnabled: false });
  const page = await context.newPage();
  const mail = `visitor-${language}@example.org`;
  const seen = (name: string) => look(page, `${name}-${language}`);
  const still = await bare.newPage();

  await page.goto(`${server.url}/book/linden`);
  assert.equal(await page.getAttribute("html", "lang"), language);
  await seen("choose");
  await page.check("input[name=s] >> nth=0");
  await page.click("main form button");
  await page.waitForSelector(".times button");
  await seen("times");
  await page.click(".pages a >> nth=-1");
  await page.click(".times button >> nth=2");
  await seen("details");
  await page.fill("[name=given]", "Zoé");
  await page.fill("[name=family]", "Roy");
  await page.fill("[name=birth]", "31/12/1980");
  await page.fill("[name=mail]", mail);
  await page.click("main form button");
  await page.waitForSelector("[aria-invalid]");
  await seen("fault");
  assert.equal(await page.inputValue("[name=given]"), "Zoé");
  await page.fill("[name=birth]", "1980-12-31");
  await page.click("main form button");
  await page.waitForSelector("[name=code]");
  await seen("code");
  await page.fill("[name=code]", await office.find(/ (\d{6})\./));
  office.texts.length = 0;
  await page.click("main form button >> nth=0");
  await page.waitForSelector(".done");
  await seen("done");
  const link = await office.find(/https?:\/\/[^/]*(\/book\/\S+)/);
  await page.goto(server.url + link);
  await seen("visit");
  /* from here on without script */
  await still.goto(server.url + link);
  await still.click("a.button");
  await still.click(".times button >> nth=4");
  await still.waitForSelector("a.button");
  await still.click("button.second");
  await still.waitForSelector(".done");
  assert.equal(await still.getAttribute("html", "lang"), language);
  assert.match(
    (await still.textContent("main")) as string,
    language === "fr" ? /annulé/ : /cancelled/,
  );
  const last = await server.fhir("GET", "Appointment?_sort=-_lastUpdated&_count=1");
  const [entry] = last.entry as { resource: { status: string } }[];
  assert.equal(entry?.resource.status, "cancelled");
  office.texts.length = 0;
  await context.close();
  await bare.close();
}

async function visitors_book_in_both_languages(_: Server, browser: Browser): Promise<void> {
  const office = new PostOffice();
  const server = new Server();
  try {
    await server.start("--messages", await office.open(server.folder));
    await seed(server);
    await bookAndCallOff(server, browser, office, "en");
    await bookAndCallOff(server, browser, office, "fr");
  } finally {
    await server.stop();
    office.close();
  }
}

await run([visitors_book_in_both_languages]);
