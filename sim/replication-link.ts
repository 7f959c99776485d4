/** A follower's link to the engine that it follows: asks to go on where it was, else is copied to; then takes the stream. */
import type { Address, EngineFound } from "@larder/api";
import type { FakeEngine } from "./fake-engine.ts";
import type { Pipe } from "./network.ts";

export interface Sync {
  /** Of the one that asks. */
  address: Address;
  version: EngineFound;
  history: string;
  offset: number;
}

export type SyncAnswer = { kind: "refused" } | { kind: "continue"; history: string } | { kind: "copy" };

/** A replica, as the one that it follows knows it. */
export interface Attached {
  address: Address;
  /** As it said last. */
  offset: number;
  ackedAtMs: number;
  /** Sent up to here. */
  sent: number;
  isOnline: boolean;
  link: FollowedLink | null;
}

export class FollowedLink {
  readonly #engine: FakeEngine;
  readonly #to: Address;
  #pipe: Pipe | null = null;
  state: "down" | "copying" | "up" = "down";

  constructor(engine: FakeEngine, to: Address) {
    this.#engine = engine;
    this.#to = to;
    this.#connect();
  }

  /** Once a second: asks again, or says how far it is. */
  cron(): void {
    if (this.#pipe === null) this.#connect();
    else if (this.state === "up") this.acknowledge();
  }

  drop(): void {
    this.#pipe?.close(this.#engine.process);
    this.#lose();
  }

  acknowledge(): void {
    const { process, stream } = this.#engine;
    const offset = stream.length;
    const pipe = this.#pipe;
    const leader = this.#leader();
    if (pipe !== null) pipe.send(process, () => leader?.acknowledged(pipe, offset));
  }

  takeCopy(history: string, stream: readonly number[]): void {
    this.#engine.loadCopy(history, stream);
    this.state = "up";
    this.acknowledge();
  }

  takeEntries(from: number, entries: readonly number[]): void {
    if (this.state !== "up") return;
    if (from !== this.#engine.stream.length) this.#engine.world.watch.fail("a stream has a gap");
    this.#engine.append(entries);
  }

  #connect(): void {
    const { process, world, syncRequest } = this.#engine;
    const leader = this.#leader();
    if (leader === undefined) return;
    const pipe = world.network.connect(process, leader.process);
    this.#pipe = pipe;
    pipe.onClose(process, () => {
      if (this.#pipe === pipe) this.#lose();
    });
    pipe.send(process, () => {
      const answer = leader.answerSync(pipe, syncRequest);
      leader.attach(pipe, this);
      pipe.send(leader.process, () => this.#takeAnswer(pipe, answer));
    });
  }

  #takeAnswer(pipe: Pipe, answer: SyncAnswer): void {
    if (this.#pipe !== pipe) return;
    if (answer.kind === "refused") return this.drop();
    this.state = answer.kind === "copy" ? "copying" : "up";
    if (answer.kind === "continue") this.#engine.adoptHistory(answer.history);
    if (answer.kind === "continue") this.acknowledge();
  }

  #lose(): void {
    this.#pipe = null;
    this.state = "down";
  }

  #leader(): FakeEngine | undefined {
    return this.#engine.world.engineAt(this.#to);
  }
}
