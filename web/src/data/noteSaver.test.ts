import type { OperationOutcome, QuestionnaireResponse } from "fhir/r4";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FhirError, type Held } from "../fhir/client";
import type { Answers } from "../fhir/questionnaire";
import type { Kept, Shelf } from "./localDrafts";
import { NoteSaver, type Remote } from "./noteSaver";

vi.mock("../auth/session", () => ({
  accessToken: async () => "",
  tokenRefused: async () => false,
}));

const text = (valueString: string) => [{ valueString }];
const fail = (status: number) =>
  new FhirError(status, undefined as OperationOutcome | undefined, 0);

/* A server of one note, and one browser's shelf. `lose` says what becomes of the next answers. */
class World implements Remote, Shelf {
  now: Answers = {};
  version = 1;
  status: QuestionnaireResponse["status"] = "in-progress";
  lose: ("before" | "after" | number)[] = [];
  kept: Kept | undefined;
  puts = 0;

  held(): Held<QuestionnaireResponse> {
    const resource = {
      resourceType: "QuestionnaireResponse",
      status: this.status,
      now: this.now,
    };
    return { resource: resource as never, etag: `W/"${this.version}"` };
  }

  answers(held: Held<QuestionnaireResponse>): Answers {
    return (held.resource as unknown as { now: Answers }).now;
  }

  async put(answers: Answers, held: Held<QuestionnaireResponse>) {
    this.puts += 1;
    const loss = this.lose.shift();
    if (loss === "before") throw fail(0);
    if (typeof loss === "number") throw fail(loss);
    if (held.etag !== `W/"${this.version}"`) throw fail(412);
    this.write(answers);
    if (loss === "after") throw fail(0);
    return this.held();
  }

  write(answers: Answers) {
    this.now = answers;
    this.version += 1;
  }

  async read() {
    return this.held();
  }

  async keep(kept: Kept) {
    this.kept = kept;
  }

  letGo() {}

  async drop() {
    this.kept = undefined;
  }
}

let world: World;
let saver: NoteSaver;
const kind = () => saver.snapshot().state.kind;

beforeEach(() => {
  vi.useFakeTimers();
  world = new World();
  saver = new NoteSaver(world.held(), world, world);
});
afterEach(() => {
  vi.useRealTimers();
});

test("it is saved only when the server has answered", async () => {
  saver.change("a", text("one"));
  expect(kind()).toBe("typing");
  await vi.advanceTimersByTimeAsync(0);
  expect(world.kept?.mine).toEqual({ a: text("one") });
  expect(world.puts).toBe(0);
  await vi.advanceTimersByTimeAsync(700);
  expect(kind()).toBe("saved");
  expect(world.now).toEqual({ a: text("one") });
  expect(world.kept).toBeUndefined();
});

test("who never pauses is saved all the same", async () => {
  for (let letter = 0; letter < 60; letter += 1) {
    saver.change("a", text("x".repeat(letter)));
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(world.puts).toBeGreaterThan(0);
});

test("without a server it is kept here, and sent when the server is back", async () => {
  world.lose = ["before", 503, "before"];
  saver.change("a", text("one"));
  await vi.advanceTimersByTimeAsync(700);
  expect(kind()).toBe("kept");
  saver.change("a", text("one two"));
  await vi.advanceTimersByTimeAsync(10);
  expect(kind()).toBe("kept");
  expect(world.kept?.mine).toEqual({ a: text("one two") });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(kind()).toBe("saved");
  expect(world.now).toEqual({ a: text("one two") });
});

test("where even this browser does not take it, it does not say that it is kept", async () => {
  world.keep = async () => {
    throw new Error("full");
  };
  world.lose = ["before"];
  saver.change("a", text("one"));
  await vi.advanceTimersByTimeAsync(700);
  expect(kind()).toBe("unkept");
});

test("what somebody else has saved is shown before it is signed", async () => {
  world.write({ a: text("theirs") });
  await saver.readAgain();
  await vi.runAllTimersAsync();
  expect(saver.snapshot()).toMatchObject({ state: { kind: "saved" }, mine: world.now });
  expect(saver.version.etag).toBe(`W/"${world.version}"`);
  world.status = "completed";
  await saver.readAgain();
  expect(kind()).toBe("closed");
});

test("an answer that was lost is no conflict with oneself", async () => {
  world.lose = ["after"];
  saver.change("a", text("one"));
  await vi.advanceTimersByTimeAsync(700);
  saver.change("a", text("one two"));
  await vi.advanceTimersByTimeAsync(5000);
  expect(kind()).toBe("saved");
  expect(world.now).toEqual({ a: text("one two") });
});

test("what another window wrote elsewhere is merged", async () => {
  world.write({ b: text("theirs") });
  saver.change("a", text("mine"));
  await vi.advanceTimersByTimeAsync(1500);
  expect(kind()).toBe("saved");
  expect(world.now).toEqual({ a: text("mine"), b: text("theirs") });
  expect(saver.mine).toEqual(world.now);
});

test("what both wrote is asked, and neither is lost until it is answered", async () => {
  world.write({ a: text("theirs") });
  saver.change("a", text("mine"));
  await vi.advanceTimersByTimeAsync(1500);
  expect(saver.snapshot().state).toMatchObject({
    kind: "conflict",
    clashes: ["a"],
    theirs: { a: text("theirs") },
  });
  saver.change("b", text("more"));
  await vi.advanceTimersByTimeAsync(5000);
  expect(world.now).toEqual({ a: text("theirs") });
  expect(world.kept?.mine).toEqual({ a: text("mine"), b: text("more") });
  saver.choose("a", text("both"));
  await vi.advanceTimersByTimeAsync(1500);
  expect(kind()).toBe("saved");
  expect(world.now).toEqual({ a: text("both"), b: text("more") });
});

test("a tab that was closed in a conflict asks again", async () => {
  world.write({ a: text("theirs") });
  saver.change("a", text("mine"));
  await vi.advanceTimersByTimeAsync(1500);
  const left = world.kept as Kept;
  const next = new NoteSaver(world.held(), world, world);
  next.takeUp([left]);
  expect(next.snapshot().state).toMatchObject({ kind: "conflict", clashes: ["a"] });
  await vi.advanceTimersByTimeAsync(10);
  const again = new NoteSaver(world.held(), world, world);
  again.takeUp([world.kept as Kept]);
  expect(again.snapshot().state).toMatchObject({ kind: "conflict", clashes: ["a"] });
});

test("what a dead window left is taken up and saved", async () => {
  const next = new NoteSaver(world.held(), world, world);
  next.takeUp([
    { base: {}, mine: { a: text("left") }, unsure: [], at: "2026-01-01T10:00:00Z" },
  ]);
  expect(next.recovered).toBe("2026-01-01T10:00:00Z");
  await vi.advanceTimersByTimeAsync(1500);
  expect(world.now).toEqual({ a: text("left") });
});

test("what was sent without an answer before the window died is no conflict", async () => {
  world.write({ a: text("sent") });
  const next = new NoteSaver(world.held(), world, world);
  next.takeUp([
    { base: {}, mine: { a: text("sent and more") }, unsure: [{ a: text("sent") }], at: "x" },
  ]);
  await vi.advanceTimersByTimeAsync(1500);
  expect(world.now).toEqual({ a: text("sent and more") });
});

test("a note signed meanwhile takes nothing more, and what was typed is still here", async () => {
  world.status = "completed";
  world.version += 1;
  saver.change("a", text("late"));
  await vi.advanceTimersByTimeAsync(1500);
  expect(kind()).toBe("closed");
  expect(saver.mine).toEqual({ a: text("late") });
  expect(world.kept?.mine).toEqual({ a: text("late") });
});

test("what the server refuses is not sent again and again", async () => {
  world.lose = [422];
  saver.change("a", text("one"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(kind()).toBe("refused");
  expect(world.puts).toBe(1);
  expect(world.kept?.mine).toEqual({ a: text("one") });
});
