import type { Patient } from "fhir/r4";
import { beforeEach, expect, test, vi } from "vitest";
import { create, createAll } from "./client";

vi.mock("../auth/session", () => ({
  accessToken: async () => "token",
  tokenRefused: async () => false,
}));

interface Sent {
  method: string;
  path: string;
  body: Record<string, unknown>;
  match: string | undefined;
}

let sent: Sent[] = [];
let answers: Response[] = [];

function answer(status: number, body: unknown, etag = 'W/"1"'): Response {
  return new Response(JSON.stringify(body), { status, headers: { ETag: etag } });
}

beforeEach(() => {
  sent = [];
  vi.stubGlobal("fetch", async (path: string, asked: RequestInit) => {
    sent.push({
      method: asked.method ?? "GET",
      path,
      body: JSON.parse(String(asked.body)),
      match: (asked.headers as Record<string, string>)["If-Match"],
    });
    return answers.shift();
  });
});

const patient = (family: string): Patient => ({ resourceType: "Patient", name: [{ family }] });

test("what is new is created by one request", async () => {
  answers = [answer(201, { ...patient("Roy"), id: "1" })];
  const held = await create(patient("Roy"), "k");
  expect(held.resource.id).toBe("1");
  expect(sent.map((one) => one.method)).toEqual(["POST"]);
});

test("what was changed after a lost answer is saved, too", async () => {
  answers = [
    answer(200, { ...patient("Roy"), id: "1" }, 'W/"3"'),
    answer(200, { ...patient("Roi"), id: "1" }, 'W/"4"'),
  ];
  const held = await create(patient("Roi"), "k");
  expect(held).toMatchObject({ resource: patient("Roi"), etag: 'W/"4"' });
  expect(sent[1]).toMatchObject({
    method: "PUT",
    path: "/fhir/Patient/1",
    match: 'W/"3"',
    body: { id: "1", name: [{ family: "Roi" }], identifier: [{ value: "urn:uuid:k" }] },
  });
});

test("several are named by what they are, not by their place", async () => {
  answers = [answer(200, {})];
  await createAll([{ named: "29463-7", resource: patient("Roy") }], "k");
  expect(sent[0]?.body).toMatchObject({
    type: "transaction",
    entry: [
      {
        request: {
          method: "PUT",
          url: "Patient?identifier=urn:ietf:rfc:3986|urn:hale:made:k:29463-7",
        },
      },
    ],
  });
});
