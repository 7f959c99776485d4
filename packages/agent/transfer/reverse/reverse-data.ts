/**
 * The way back: what is written to a cache since its migration is written to the server from which it came. It begins exactly where
 * the migration ended, and copies nothing anew: where the node's stream no longer has that place, it does not begin.
 *
 * To the node it is a replica that says it has nothing, so that no WAIT counts it; but once in 45 seconds, for as long as
 * min-replicas-max-lag, it counts as one that is there.
 */
import { LarderError, type TransferSpec } from "@larder/api";
import { connectToEngine } from "../engine-socket.ts";
import { KeyChoice } from "../key-choice.ts";
import { Lag } from "../migrate/lag.ts";
import { inWords } from "../migrate/migration-error.ts";
import { NodeWatch } from "../migrate/node-watch.ts";
import { CopyIsLost, SourceFollower } from "../migrate/source-follower.ts";
import { showAddress } from "../remote/remote-socket.ts";
import type { Transfer, TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import { Batches } from "./batches.ts";
import { openTarget } from "./open-target.ts";
import type { Target, TargetPlace } from "./target.ts";

export type ReverseContext = TransferContext<Extract<TransferSpec, { kind: "reverse" }>>;

const lookEveryMs = 1_000;
const clusterCaveat =
  "A transaction becomes one for each slot, and what is in other databases than 0 is not written back: a cluster has none.";
/** More than a server of ours has: which databases there are is the other one's matter. */
const databasesMax = 1_000_000;

export function reverseData(context: ReverseContext): Transfer {
  return new Reverse(context);
}

class Reverse implements Transfer {
  readonly #context: ReverseContext;
  #isPaused: boolean;
  #follower: SourceFollower | null = null;
  #trouble: string | null = null;
  readonly #lag = new Lag();

  constructor(context: ReverseContext) {
    this.#context = context;
    this.#isPaused = context.spec.isPaused;
  }

  /** Ends with an error only: who wants it no longer cancels it. */
  async run(): Promise<void> {
    const { engine, spec, progress, signal } = this.#context;
    if (engine.role !== "primary") throw new TransferError("Conflict", "The node is not the primary of its cache.");
    progress.enter("preparing", "asking the other server");
    progress.addCaveat(
      "The other server removes keys by its own clock, and what its own clients write there is not known here.",
    );
    const { migrationId, target } = spec;
    const onTrouble = (trouble: string | null) => {
      this.#trouble = trouble;
    };
    const onLeftOut = (counts: ReadonlyMap<string, number>) => this.#showLeftOut(counts);
    const writer = await openTarget({ ...this.#context, target, migrationId, onTrouble, onLeftOut });
    const node = await NodeWatch.open(engine);
    try {
      if (writer.isCluster) requireDatabaseOfClusters(spec.filter.databases);
      if (writer.isCluster) progress.addCaveat(clusterCaveat);
      const from = (await writer.place()) ?? { ...spec.from, database: 0 };
      const follower = this.#followerFrom(from);
      this.#follower = follower;
      progress.place = from;
      await Promise.race([follower.run(), this.#carry(follower, writer, from), this.#watch(node)]);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof CopyIsLost ? placeIsLost(error) : inWords(error);
    } finally {
      await this.#follower?.close();
      writer.close();
      node.close();
    }
  }

  want(spec: ReverseContext["spec"]): void {
    this.#isPaused = spec.isPaused;
    this.#follower?.setResting(spec.isPaused);
  }

  async finish(): Promise<void> {
    throw new LarderError("Conflict", "A way back fills no node.");
  }

  #followerFrom(from: TargetPlace): SourceFollower {
    const { engine, spec, clock, randomness, signal } = this.#context;
    const { name: username, password } = engine.user;
    const follower = new SourceFollower({
      source: { ...spec.target, username, password, tls: null },
      locate: () => Promise.resolve({ host: "the node's engine", port: 0 }),
      connect: (session) => connectToEngine(engine.socketPath, session),
      from: { history: from.history, offset: from.offset },
      isUncounted: true,
      directory: engine.directory,
      name: spec.transferId,
      clock,
      randomness,
      signal,
      onChange: () => this.#show(),
    });
    follower.setResting(this.#isPaused);
    return follower;
  }

  async #carry(follower: SourceFollower, writer: Target, from: TargetPlace): Promise<never> {
    const { spec, progress, signal } = this.#context;
    const { commands, version } = await writer.look();
    const isBesideOthers = !new KeyChoice(spec.filter).isEverything;
    const filter = writer.isCluster ? { ...spec.filter, databases: [0] } : spec.filter;
    const plan = { commands, filter, databases: databasesMax, isBesideOthers };
    const batches = new Batches({ ...plan, from, lacksPxat: isBefore62(version) }, from.database);
    for (;;) {
      const bytes = await follower.stream.take(signal);
      if (bytes === null) throw new Error("a stream of changes has an end");
      for (const batch of batches.push(bytes)) {
        const { history } = follower.place;
        if (batch.commands.length > 0) await writer.apply(batch, history);
        progress.bytes += batch.end - follower.applied;
        follower.applied = batch.end;
        progress.place = { history, offset: batch.end };
      }
    }
  }

  async #watch(node: NodeWatch): Promise<never> {
    const { clock, signal, progress } = this.#context;
    for (;;) {
      const { offset: written } = await node.place();
      const applied = this.#follower?.applied ?? written;
      this.#lag.look({ written, applied, atMs: clock.monotonicMs() });
      progress.lagBytes = this.#lag.bytes;
      progress.lagMs = this.#lag.ms;
      this.#show();
      await clock.sleep(lookEveryMs, signal);
      signal.throwIfAborted();
    }
  }

  #showLeftOut(counts: ReadonlyMap<string, number>): void {
    const names = [...counts].map(([name, count]) => `${name.toUpperCase()} ${count}`).join(", ");
    this.#context.progress.addCaveat(
      `Commands that a cluster cannot do, as their keys are in several slots, were left out, at least in part (${names}): a comparison shows where the two differ.`,
      "left out",
    );
  }

  #show(): void {
    const { progress, spec } = this.#context;
    const names = spec.target.addresses.map(showAddress).join(", ");
    if (this.#follower?.isAtRest === true) return progress.enter("paused", "its place in the cache's stream is kept");
    progress.enter(
      "following",
      this.#trouble === null ? `writing to ${names}` : `trying to reach it again: ${this.#trouble}`,
    );
  }
}

function requireDatabaseOfClusters(chosen: readonly number[]): void {
  if (chosen.length === 0 || chosen.includes(0)) return;
  throw new TransferError("NotSupported", "A cluster has database 0 alone, which was not chosen.");
}

function isBefore62(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < 6 || (major === 6 && minor < 2);
}

function placeIsLost(cause: unknown): TransferError {
  return new TransferError(
    "Conflict",
    "The cache's stream no longer has what was written since the migration: there is no way back without copying everything.",
    { cause },
  );
}
