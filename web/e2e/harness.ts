/*
 * A server of its own and a real browser: what the tests of screens stand on. The program is named by
 * HALE; figures come at the end as "N passed, N failed, N skipped".
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const hale = process.env.HALE as string;
const any = "http://127.0.0.1:0";
export const password = "Quiet-Orchard-Lamp-42";

export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), "hale-browser-"));
  readonly data = join(this.folder, "data");
  url = "";
  private process: ChildProcess | undefined;

  async start(...options: string[]): Promise<void> {
    const started = spawn(
      hale,
      [
        "serve",
        "--quiet",
        "--data",
        this.data,
        "--listen",
        new URL(this.url || any).host,
        ...options,
      ],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    this.process = started;
    const lines = createInterface({ input: started.stdout as NodeJS.ReadableStream });
    for await (const line of lines) {
      const match = /^listening on (http:\/\/[\d.:]+)$/.exec(line);
      if (match) {
        this.url = match[1] as string;
        return;
      }
    }
    throw new Error("the server did not start");
  }

  command(...words: string[]): string {
    return execFileSync(hale, [...words, "--data", this.data], { encoding: "utf8" }).trim();
  }

  /* As by a power cut; start() comes back at the same address. */
  async kill(): Promise<void> {
    const ended = new Promise((done) => this.process?.once("exit", done));
    this.process?.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.process?.once("exit", done));
    this.process?.kill("SIGTERM");
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /* As an integrator would: with a token of the owner of the folder. */
  async fhir(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const token = this.command("token", "--scope", "system/*.cruds");
    const answer = await fetch(`${this.url}/fhir/${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/fhir+json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok)
      throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }
}

/* RFC 6238 of a key in base32, for the time step. */
function totp(key: string, step: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...key.replace(/ /g, "")]
    .map((sign) => alphabet.indexOf(sign).toString(2).padStart(5, "0"))
    .join("");
  const bytes = Buffer.from(
    (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)),
  );
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", bytes).update(count).digest();
  const at = (mac[19] as number) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/* Somebody new takes the link up, sets password and second step, and is signed in. */
export async function enrol(page: Page, server: Server, name: string, ...options: string[]) {
  const said = server.command("user", "add", name, ...options);
  const link = /https?:\/\/\S+\/welcome\?link=\S+/.exec(said)?.[0] as string;
  await page.goto(link.replace(/^https?:\/\/[^/]*/, server.url));
  await page.fill("[name=new]", password);
  await page.fill("[name=again]", password);
  await page.click("main form button");
  await page.fill("[name=name]", name);
  await page.fill("[name=password]", password);
  await page.click("main form button");
  const key = await page.textContent("pre.key");
  if (!key) throw new Error("no key is shown");
  await page.fill("[name=code]", totp(key, Math.floor(Date.now() / 30_000)));
  await page.click("main form button");
  await page.waitForSelector(".codes");
}

export async function openBrowser(): Promise<Browser> {
  const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);
  if (!executablePath) throw new Error("chromium is not installed: make test installs it");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/* What a screen says of its own accessibility, by axe; every rule counts. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const source = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
  await page.evaluate(readFileSync(source, "utf8"));
  return page.evaluate(async () => {
    const axe = (
      globalThis as unknown as {
        axe: {
          run: () => Promise<{
            violations: {
              id: string;
              nodes: { html: string }[];
            }[];
          }>;
        };
      }
    ).axe;
    const { violations } = await axe.run();
    return violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html}`));
  });
}

/* Whether something reaches beyond the window at the side. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
}

/* Everything the page's console complains about, from now on. */
export function complaints(context: BrowserContext): string[] {
  const list: string[] = [];
  context.on("console", (message) => {
    if (message.type() === "error") list.push(message.text());
  });
  context.on("weberror", (error) => list.push(String(error.error())));
  return list;
}

/* What stood on each screen when a test failed. */
async function tellScreens(browser: Browser, name: string): Promise<void> {
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    console.log(`${page.url()}\n${await page.textContent("body").catch(String)}`);
    if (process.env.SHOTS)
      await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` }).catch(() => {});
  }
}

type Test = (server: Server, browser: Browser) => Promise<void>;

/* Runs each on a server of its own. Words on the command line choose. */
export async function run(tests: Test[]): Promise<void> {
  const wanted = process.argv.slice(2);
  const browser = await openBrowser();
  let passed = 0;
  let failed = 0;
  for (const test of tests) {
    if (wanted.length && !wanted.some((word) => test.name.includes(word))) continue;
    const server = new Server();
    try {
      await server.start();
      await test(server, browser);
      passed += 1;
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${test.name}\n${error instanceof Error ? error.stack : error}`);
      await tellScreens(browser, test.name);
    } finally {
      for (const context of browser.contexts()) await context.close();
      await server.stop();
    }
  }
  await browser.close();
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exit(failed ? 1 : 0);
}
