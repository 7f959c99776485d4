/** The server that data is moved from, under load: what every way of moving finds alike. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@larder/service";
import type { Endpoint } from "../../load.ts";
import { Counting } from "../counting/counting.ts";
import type { CountingPlan } from "../counting/counting-orders.ts";
import type { Kept, Latency } from "../counting/write-log.ts";
import { type PlainEngine, startPlainEngine } from "../plain-engine.ts";
import { fill } from "../saved-file.ts";
import { smallKeyBase, smallKeyCommands, smallKeyPrefix } from "../small-keys.ts";

const afterPrefix = "after:";
const seed = 20_261_122;
const lookMs = 2;
const firstWriteMsMax = 20_000;
const warmUpMs = 2_000;

export interface SourceSize {
  keys: number;
  writesPerSecond: number;
  clients: number;
  /** How long the source is watched with nobody who moves it. */
  baselineMs: number;
}

/** What its clients noticed, and what became of their writes. */
export interface Noticed {
  /** While nothing was moved, and while it was. */
  before: Latency;
  meanwhile: Latency;
  /** Between the last write that the source acknowledged and the first of the new server. */
  interruptionMs: number;
  kept: Kept;
}

export class Source {
  readonly engine: PlainEngine;
  readonly writes: Counting;
  readonly #size: SourceSize;

  private constructor(engine: PlainEngine, writes: Counting, size: SourceSize) {
    this.engine = engine;
    this.writes = writes;
    this.#size = size;
  }

  /** Filled, but without load. The stack ends it. */
  static async start(
    stack: AsyncDisposableStack,
    { directory, size, signal }: { directory: string; size: SourceSize; signal: AbortSignal },
  ): Promise<Source> {
    const engine = await startPlainEngine(mkdtempSync(join(directory, "source-")));
    stack.defer(() => engine.stop());
    await fill(engine.port, smallKeyCommands(size.keys), signal);
    return new Source(engine, Counting.start(stack, signal), size);
  }

  get endpoint(): Endpoint {
    return { port: this.engine.port, caPath: null, password: null };
  }

  /** Its clients begin, and go on. Resolves with their latency while nothing else happens. */
  async baseline(): Promise<Latency> {
    await this.writes.begin(this.#plan(this.endpoint, smallKeyPrefix));
    await systemClock.sleep(warmUpMs);
    const { nowMs } = await this.writes.look();
    await systemClock.sleep(this.#size.baselineMs);
    return this.writes.latency(nowMs, (await this.writes.look()).nowMs);
  }

  /**
   * Its clients leave it, and go on at the new server, on other keys: those of the source stay as they were moved.
   * Resolves with how long none of their writes was acknowledged.
   */
  async switchTo(endpoint: Endpoint): Promise<number> {
    const { lastAnsweredMs } = await this.writes.end();
    const after = this.writes.beside("after");
    await after.begin(this.#plan(endpoint, afterPrefix));
    const untilMs = systemClock.monotonicMs() + firstWriteMsMax;
    for (;;) {
      const { firstAnsweredMs, problem } = await after.look();
      if (firstAnsweredMs !== null) {
        await after.end();
        return firstAnsweredMs - (lastAnsweredMs ?? Number.NaN);
      }
      if (systemClock.monotonicMs() > untilMs) throw new Error(`the new server takes no writes: ${problem}`);
      await systemClock.sleep(lookMs);
    }
  }

  /** Of the source's clients' writes, at another server. */
  keptAt(endpoint: Endpoint): Promise<Kept> {
    return this.writes.kept({ endpoint, prefix: smallKeyPrefix, base: smallKeyBase });
  }

  #plan(endpoint: Endpoint, prefix: string): CountingPlan {
    const { keys: counters, writesPerSecond, clients } = this.#size;
    return { endpoint, prefix, counters, writesPerSecond, clients, seed };
  }
}
