/**
 * A migration from a source that forbids replication: its keys are read one by one, and again when they change (scan-copy.ts). When
 * a source no longer tells of changes, as its connection is lost, it is connected to anew and all keys are looked at again.
 */
import { LarderError } from "@larder/api";
import { backoffMs } from "@larder/service";
import { emptyIntake } from "../import/intake.ts";
import { KeyChoice } from "../key-choice.ts";
import { EngineRefusal } from "../load/engine-writer.ts";
import { CopyPace } from "../migrate/copy-pace.ts";
import { atLast, inWords } from "../migrate/migration-error.ts";
import { migrationLimits } from "../migrate/migration-limits.ts";
import { countKeys } from "../migrate/node-watch.ts";
import type { MigrateContext } from "../migrate/replicated-copy.ts";
import { SourcePulse } from "../migrate/source-pulse.ts";
import { showAddress } from "../remote/remote-socket.ts";
import { findPrimaries } from "../remote/source-primaries.ts";
import type { LeadOrder, Transfer } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import { NodeKeys } from "./node-keys.ts";
import { ScanCopy } from "./scan-copy.ts";
import { ScanLane } from "./scan-lane.ts";

const lookEveryMs = 1_000;
const reconnectBackoff = { firstMs: 200, maxMs: 5_000 };
const pauseMarginMs = 5_000;

const caveats = [
  "The source's keys were copied one by one, not by replication: until the end each is as it was at a time of its own.",
  "A source tells of a change once. When the connection was lost, every key was looked at again.",
  "How lately and how often a key was used is not copied, and the time that it has left is right to within the time of one question.",
];

export class ScanMigration implements Transfer {
  readonly #context: MigrateContext;
  #isPaused: boolean;
  #copy: ScanCopy | null = null;
  #lanes: ScanLane[] = [];
  #isFinished = false;
  #isBegun = false;

  constructor(context: MigrateContext) {
    this.#context = context;
    this.#isPaused = context.spec.isPaused;
  }

  /** Resolves when the node leads. */
  async run(): Promise<void> {
    const { clock, randomness, signal, progress } = this.#context;
    let awaySinceMs: number | null = null;
    await emptyIntake(this.#context);
    for (const caveat of caveats) progress.addCaveat(caveat);
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#copyAndFollow(() => {
          attempt = 0;
          awaySinceMs = null;
        });
      } catch (error) {
        signal.throwIfAborted();
        const known = inWords(error instanceof EngineRefusal ? refusedByNode(error) : error);
        awaySinceMs ??= clock.monotonicMs();
        const awayMsMax = this.#isBegun ? migrationLimits.sourceAwayMsMax : 0;
        if (!known.isRetryable || clock.monotonicMs() - awaySinceMs > awayMsMax) throw atLast(known);
        progress.enter(progress.state, `trying to reach the source again: ${known.message}`);
        await clock.sleep(backoffMs(attempt, reconnectBackoff, randomness), signal);
      }
    }
  }

  want(spec: MigrateContext["spec"]): void {
    this.#isPaused = spec.isPaused;
    if (this.#copy !== null) this.#copy.isPaused = spec.isPaused;
  }

  async finish({ waitMs }: LeadOrder): Promise<void> {
    const { clock, spec } = this.#context;
    if (this.#copy?.isFollowing !== true) throw new LarderError("Conflict", "The copy is not complete yet.");
    if (this.#isPaused) throw new LarderError("Conflict", "The migration is paused.");
    const untilMs = clock.monotonicMs() + waitMs;
    try {
      if (spec.pausesSource) await this.#pauseSources(waitMs + pauseMarginMs);
      await this.#copy.finish(untilMs);
      this.#isFinished = true;
    } catch (error) {
      await this.#releaseSources();
      if (error instanceof LarderError) throw error;
      const { message } = inWords(error);
      throw new LarderError("Conflict", `The source's last changes did not come: ${message}`, { cause: error });
    }
  }

  goOn(): void {
    void this.#releaseSources();
    this.#isFinished = false;
    if (this.#copy !== null) this.#copy.isHeld = false;
  }

  async #copyAndFollow(onOpen: () => void): Promise<void> {
    const { spec, clock } = this.#context;
    const attempt = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, attempt.signal]);
    const context = { ...this.#context, signal };
    const choice = new KeyChoice(spec.filter);
    const pulses: (SourcePulse | null)[] = [];
    const node = await NodeKeys.open(context);
    try {
      const { primaries } = await findPrimaries(spec.source, signal);
      for (const primary of primaries)
        this.#lanes.push(await ScanLane.open(primary, { source: spec.source, choice, clock, signal }));
      onOpen();
      const pace = new CopyPace(spec.pace ?? "auto", clock);
      for (const { primary } of this.#lanes)
        pulses.push(await SourcePulse.begin({ source: spec.source, pace, clock, signal }, primary.address));
      for (const pulse of pulses) void pulse?.run();
      this.#copy = new ScanCopy(context, { lanes: this.#lanes, node, pace, isAgain: this.#isBegun });
      this.#copy.isPaused = this.#isPaused;
      this.#isBegun = true;
      await this.#copyFunctions(node);
      await Promise.race([
        this.#copy.run(),
        this.#watch(node, signal),
        ...this.#lanes.map(({ events }) => events.lost),
      ]);
    } finally {
      attempt.abort();
      for (const pulse of pulses) pulse?.close();
      for (const lane of this.#lanes.splice(0)) lane.close();
      node.close();
    }
  }

  /** Resolves when the node leads. */
  async #watch(node: NodeKeys, signal: AbortSignal): Promise<void> {
    const { clock, engineNow, progress } = this.#context;
    for (;;) {
      await clock.sleep(lookEveryMs, signal);
      signal.throwIfAborted();
      if (this.#isFinished) {
        if (engineNow()?.isIntakeByDocument === false) return;
        continue;
      }
      const totals = await Promise.all(this.#lanes.map(({ reader }) => reader.databases()));
      progress.keysTotal = totals.flatMap((databases) => [...databases.values()]).reduce((sum, keys) => sum + keys, 0);
      progress.keys = countKeys(await node.client.info("keyspace"));
      const flushed = await Promise.all(this.#lanes.map((lane) => lane.wasFlushed()));
      if (flushed.includes(true)) this.#copy?.wantRound();
      // A connection that says nothing for long shows here that it is there.
      await Promise.all(this.#lanes.map(({ events }) => events.reached()));
      this.#show();
    }
  }

  #show(): void {
    const { progress, clock } = this.#context;
    const names = this.#lanes.map(({ primary }) => showAddress(primary.address)).join(", ");
    const oldestMs = this.#copy?.oldestMs ?? null;
    if (this.#copy?.isFollowing !== true) return progress.enter("running", `copying from ${names}, key by key`);
    progress.lagBytes = this.#waitingBytes();
    progress.lagMs = oldestMs === null ? 0 : clock.monotonicMs() - oldestMs;
    if (this.#isPaused) progress.enter("paused", "changed keys are noted, and not copied");
    else progress.enter("following", `following ${names}, key by key`);
  }

  /** An estimate: nobody knows how large a changed key is before it is read. */
  #waitingBytes(): number {
    const waiting = this.#lanes.reduce((sum, { changed }) => sum + changed.count, 0);
    const { bytes, keys } = this.#context.progress;
    return Math.round((waiting * bytes) / Math.max(1, keys));
  }

  async #copyFunctions(node: NodeKeys): Promise<void> {
    const { spec, progress } = this.#context;
    if (!new KeyChoice(spec.filter).takesFunctions) return;
    try {
      const libraries = await this.#lanes[0]?.reader.libraries();
      for (const code of libraries ?? []) await node.client.ask("FUNCTION", "LOAD", "REPLACE", code);
      if ((libraries?.length ?? 0) > 0)
        progress.addCaveat("Libraries of functions are as they were when the copy began.");
    } catch (error) {
      progress.addCaveat(`Libraries of functions were not copied: ${inWords(error).message}`);
    }
  }

  async #pauseSources(pauseMs: number): Promise<void> {
    await Promise.all(this.#lanes.map(({ watch, primary }) => watch.pause(primary.address, pauseMs)));
  }

  async #releaseSources(): Promise<void> {
    if (!this.#context.spec.pausesSource) return;
    await Promise.all(this.#lanes.map(({ watch, primary }) => watch.release(primary.address).catch(() => {})));
  }
}

function refusedByNode({ reply }: EngineRefusal): TransferError {
  if (reply.startsWith("OOM"))
    return new TransferError("OutOfMemory", "What the source holds does not fit into the node's memory.");
  return new TransferError("SourceRefused", `The node's engine refuses a key of the source: ${reply}.`);
}
