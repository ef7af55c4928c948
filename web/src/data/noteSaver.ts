/*
 * Keeps a note while it is written: in this browser at each change, on the server as soon as there is a pause.
 * No part of a screen: it goes on until all is saved, also where its screen has gone. "Saved" is said only
 * when the server has answered for exactly what is on the screen.
 */
import type { QuestionnaireResponse } from "fhir/r4";
import { FhirError, type Held } from "../fhir/client";
import {
  type Answer,
  type Answers,
  differingPaths,
  mergeAnswers,
  sameAnswers,
  withAnswer,
} from "../fhir/questionnaire";
import type { Kept, Shelf } from "./localDrafts";

export type Saving =
  | { kind: "saved" }
  | { kind: "typing" } /* waits for a pause */
  | { kind: "saving" }
  | { kind: "kept"; error: unknown } /* here, not on the server; tried again */
  | { kind: "unkept"; error: unknown } /* nowhere but on the screen; tried again */
  | { kind: "refused"; error: unknown } /* the server will not have it as it is */
  | { kind: "conflict"; theirs: Answers; clashes: string[] }
  | { kind: "closed" } /* signed meanwhile */;

export interface Remote {
  put(
    answers: Answers,
    held: Held<QuestionnaireResponse>,
  ): Promise<Held<QuestionnaireResponse>>;
  read(): Promise<Held<QuestionnaireResponse>>;
  answers(held: Held<QuestionnaireResponse>): Answers;
}

const idleMs = 600;
const longestMs = 4000;
const firstRetryMs = 1000;
const longestRetryMs = 30_000;

function helps(error: unknown): boolean {
  if (!(error instanceof FhirError)) return true; /* the network, before the server */
  return (
    error.status === 0 || error.status === 401 || error.status === 429 || error.status >= 500
  );
}

export class NoteSaver {
  mine: Answers;
  recovered: string | undefined /* since when what was taken up is */;
  private state: Saving = { kind: "saved" };
  private base: Answers;
  private unsure: Answers[] = [];
  private shelved: Answers | undefined;
  private shelving: Promise<void> | undefined;
  private shelfBroken = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private since = 0;
  private failures = 0;
  private flight: Promise<void> | undefined;
  private readonly listeners = new Set<() => void>();
  private seen: { state: Saving; mine: Answers };

  constructor(
    private held: Held<QuestionnaireResponse>,
    private readonly remote: Remote,
    private readonly shelf: Shelf | undefined,
  ) {
    this.base = remote.answers(held);
    this.mine = this.base;
    this.seen = { state: this.state, mine: this.mine };
    if (held.resource.status !== "in-progress") this.state = { kind: "closed" };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /* The same object until something has changed. */
  snapshot = (): { state: Saving; mine: Answers } => {
    if (this.seen.state !== this.state || this.seen.mine !== this.mine)
      this.seen = { state: this.state, mine: this.mine };
    return this.seen;
  };

  get version(): Held<QuestionnaireResponse> {
    return this.held;
  }

  /* What another window left: as if it had been typed here, on what the server has now. */
  takeUp(left: Kept[]): void {
    const clashes = new Set<string>();
    const theirs = this.base;
    let asked =
      theirs; /* as it was before both wrote: so that it is asked again after a closed tab */
    for (const kept of left) {
      const from = this.basis(kept.base, kept.unsure, this.mine);
      const merged = mergeAnswers(from, kept.mine, this.mine);
      for (const path of merged.clashes) {
        clashes.add(path);
        asked = withAnswer(asked, path, from[path] ?? []);
      }
      if (differingPaths(merged.answers, this.mine).length) this.recovered = kept.at;
      this.mine = merged.answers;
    }
    this.base = asked;
    if (!this.dirty() || this.state.kind === "closed") return;
    if (clashes.size) this.become({ kind: "conflict", theirs, clashes: [...clashes] });
    this.touched();
  }

  change(path: string, given: readonly Answer[]): void {
    if (this.state.kind === "closed") return;
    this.mine = withAnswer(this.mine, path, given);
    this.touched();
  }

  /* Several questions at once: rows moved, a note copied forward. */
  replace(answers: Answers): void {
    if (this.state.kind === "closed") return;
    this.mine = answers;
    this.touched();
  }

  /* What is to stand where both had written. */
  choose(path: string, given: readonly Answer[]): void {
    if (this.state.kind !== "conflict") return;
    this.mine = withAnswer(this.mine, path, given);
    const clashes = this.state.clashes.filter((other) => other !== path);
    this.become(clashes.length ? { ...this.state, clashes } : { kind: "typing" });
    if (!clashes.length) this.settleOn(this.remote.answers(this.held));
    this.touched();
  }

  /* Something may have become better: the connection, the session. */
  wake(): void {
    if (this.dirty()) void this.push();
  }

  /* True when nothing would be missing if this window went now. */
  async sheltered(): Promise<boolean> {
    while (this.shelving) await this.shelving;
    return !this.dirty() || this.shelved === this.mine;
  }

  /* True when everything is on the server. */
  async settle(): Promise<boolean> {
    await this.flight;
    if (this.dirty()) await this.push();
    return this.state.kind === "saved";
  }

  /* Nothing is sent any more. What the server does not have is left for the next to open the note; gone with it
   * where that is `deleted`. */
  async end(deleted: boolean): Promise<void> {
    clearTimeout(this.timer);
    this.state = { kind: "closed" };
    await this.shelving;
    if (deleted) await this.shelf?.drop().catch(() => {});
    this.shelf?.letGo();
  }

  /* Somebody else is known to have saved: shows what they wrote. */
  async readAgain(): Promise<void> {
    await this.flight;
    this.flight ??= this.meet().finally(() => {
      this.flight = undefined;
    });
    return this.flight;
  }

  /* Whether something was typed that the server does not have. */
  typed(): boolean {
    return this.dirty();
  }

  private dirty(): boolean {
    return this.unsure.length > 0 || differingPaths(this.mine, this.base).length > 0;
  }

  private become(state: Saving): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }

  private touched(): void {
    this.keep();
    if (this.state.kind === "conflict") {
      this.become({ ...this.state });
      return;
    }
    this.since ||= Date.now();
    if (this.state.kind !== "kept" && this.state.kind !== "unkept")
      this.become({ kind: "typing" });
    else this.become(this.lost(this.state.error));
    if (!this.failures || this.state.kind === "typing")
      this.later(Math.max(0, Math.min(idleMs, this.since + longestMs - Date.now())));
  }

  private later(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.push(), ms);
  }

  /* One write at a time, of the newest: what came between need not be written. */
  private keep(): void {
    this.shelving ??= this.shelve().finally(() => {
      this.shelving = undefined;
    });
  }

  private async shelve(): Promise<void> {
    while (this.shelf && this.shelved !== this.mine && this.dirty()) {
      const { mine, base, unsure } = this;
      try {
        await this.shelf.keep({ mine, base, unsure, at: new Date().toISOString() });
        this.shelfBroken = false;
      } catch {
        this.shelfBroken = true;
        break;
      }
      this.shelved = mine;
    }
    if (this.state.kind === "kept" || this.state.kind === "unkept")
      this.become(this.lost(this.state.error));
  }

  private lost(error: unknown): Saving {
    const here = this.shelf && !this.shelfBroken && this.shelved === this.mine;
    return { kind: here ? "kept" : "unkept", error };
  }

  private push(): Promise<void> {
    this.flight ??= this.send().finally(() => {
      this.flight = undefined;
    });
    return this.flight;
  }

  private async send(): Promise<void> {
    clearTimeout(this.timer);
    if (this.state.kind === "conflict" || this.state.kind === "closed") return;
    if (!this.dirty()) return this.done();
    const sent = this.mine;
    this.since = 0;
    if (this.state.kind !== "kept" && this.state.kind !== "unkept")
      this.become({ kind: "saving" });
    try {
      this.held = await this.remote.put(sent, this.held);
      this.settleOn(sent);
      if (this.mine === sent) await this.done();
      else this.waitOn();
    } catch (error) {
      await this.failed(sent, error);
    }
  }

  /* More was typed while it was sent. */
  private waitOn(): void {
    this.become({ kind: "typing" });
    this.keep();
    this.later(idleMs);
  }

  /* The entry here goes before "saved" is said: an old one could be taken for something newer. */
  private async done(): Promise<void> {
    this.become({ kind: "saved" });
    this.recovered = undefined;
    const { mine } = this;
    await this.shelving;
    await this.shelf?.drop().catch(() => {});
    this.shelved = undefined;
    if (this.mine !== mine) this.keep();
  }

  private async failed(sent: Answers, error: unknown): Promise<void> {
    if (error instanceof FhirError && error.status === 412) return this.meet();
    if (!helps(error)) return this.become({ kind: "refused", error });
    if (!(error instanceof FhirError && (error.status === 401 || error.status === 429)))
      this.unsure = [...this.unsure.filter((one) => one !== sent), sent].slice(-8);
    this.retry(error);
    this.shelved = undefined; /* what is unsure is kept, too */
    this.keep();
  }

  private retry(error: unknown): void {
    this.failures += 1;
    const asked = error instanceof FhirError ? error.retryAfter * 1000 : 0;
    const grown = Math.min(longestRetryMs, firstRetryMs * 2 ** (this.failures - 1));
    this.become(this.lost(error));
    this.later(Math.max(asked, grown * (0.75 + Math.random() / 2)));
  }

  /* Somebody else has saved, or this window has and was not told. */
  private async meet(): Promise<void> {
    let held: Held<QuestionnaireResponse>;
    try {
      held = await this.remote.read();
    } catch (error) {
      if (helps(error)) return this.retry(error);
      return this.become({ kind: "refused", error });
    }
    this.held = held;
    const theirs = this.remote.answers(held);
    if (held.resource.status !== "in-progress") return this.become({ kind: "closed" });
    const merged = mergeAnswers(this.basis(this.base, this.unsure, theirs), this.mine, theirs);
    this.mine = merged.answers;
    if (merged.clashes.length) {
      this.become({ kind: "conflict", theirs, clashes: merged.clashes });
      return this.keep();
    }
    this.settleOn(theirs);
    this.become({ kind: "typing" });
    this.keep();
    this.later(0);
  }

  private settleOn(base: Answers): void {
    this.base = base;
    this.unsure = [];
    this.failures = 0;
  }

  /* Where the server has what was sent from here without an answer, that is what this window began from. */
  private basis(base: Answers, unsure: Answers[], theirs: Answers): Answers {
    let from = base;
    for (const path of differingPaths(base, theirs))
      if (unsure.some((one) => sameAnswers(one[path], theirs[path])))
        from = withAnswer(from, path, theirs[path] ?? []);
    return from;
  }
}
