/**
 * A source's data, whole and then as it changes, in an intake node: one copy from its beginning on. The node's engine takes it as a
 * replica takes what its primary sends, from a feed of ours.
 *
 * Why as a replica and not by commands of our own: an engine that leads removes a key when its time is over by its own clock.
 * What the source did to the key a moment before, such as giving it more time, would come too late, and the key would be lost. A
 * replica waits for its primary's word. It also takes what does not fit, loads the copy by its own loader, and keeps a
 * backlog with which the way back can begin.
 */
import { LarderError, type StreamPlace, type TransferSpec } from "@larder/api";
import { lowerPriority } from "../../engine/low-priority.ts";
import type { Feed } from "../../engine/replication-plan.ts";
import { emptyIntake } from "../import/intake.ts";
import { RdbFeed } from "../import/rdb-feed.ts";
import { KeyChoice } from "../key-choice.ts";
import type { TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import type { NodeWatch } from "./node-watch.ts";
import { snapshotOf } from "./snapshot.ts";
import { CopyIsLost, type SourceFollower } from "./source-follower.ts";
import { StreamPump } from "./stream-pump.ts";

export type MigrateContext = TransferContext<Extract<TransferSpec, { kind: "migrate" }>>;

/** How often the node is asked how far it is while everybody waits for it. */
const processedLookMs = 1;

export class ReplicatedCopy {
  readonly #context: MigrateContext;
  readonly #node: NodeWatch;
  readonly #followers: readonly SourceFollower[];
  readonly #feed: RdbFeed;
  #pump: StreamPump | null = null;
  #release: (() => void) | null = null;
  /** Where the node was when it was finished; null while it is fed. */
  finishedAt: StreamPlace | null = null;

  constructor(context: MigrateContext, { node, followers }: { node: NodeWatch; followers: readonly SourceFollower[] }) {
    this.#context = context;
    this.#node = node;
    this.#followers = followers;
    this.#feed = new RdbFeed(context.randomness);
  }

  /** The copy is loaded, and changes are carried on. */
  get isFollowing(): boolean {
    return this.#pump !== null;
  }

  /** Ends with an error only: CopyIsLost where another copy may be better. */
  async run(): Promise<never> {
    try {
      return await this.#run();
    } catch (error) {
      if (!(error instanceof TransferError) || error.code !== "EngineLost") throw error;
      throw new CopyIsLost("The node's engine did not take what the source sent.", error);
    }
  }

  async #run(): Promise<never> {
    const { engine, spec, signal, progress } = this.#context;
    const commands = await this.#node.commands();
    await this.#takeFrom(null);
    await emptyIntake(this.#context);
    const feed = await this.#feed.listen();
    signal.throwIfAborted();
    await this.#takeFrom(feed);
    const options = { engine, choice: new KeyChoice(spec.filter), progress, signal };
    await this.#node.checkPayloads(true);
    const raise = lowerPriority(engine.pid);
    try {
      await this.#feed.give(this.#counted(snapshotOf(this.#followers, options)), signal);
    } finally {
      raise();
    }
    await this.#node.checkPayloads(false);
    progress.usedEngineLoader = true;
    await this.#node.keepBacklog();
    // What it has refused so far was no command of the stream.
    await this.#node.requireNoneRefused();
    const plan = { commands, filter: spec.filter, databases: engine.databases };
    this.#pump = new StreamPump(this.#followers, this.#feed, { plan, signal });
    return this.#pump.run();
  }

  /** Has the followers' figures right, as far as the node has come. */
  async look(): Promise<void> {
    if (this.#pump === null || this.finishedAt !== null) return;
    this.#pump.processed((await this.#node.place()).offset);
  }

  ping(): Promise<void> {
    return this.#pump === null || this.finishedAt !== null ? Promise.resolve() : this.#pump.ping();
  }

  /** Resolves when the node has applied each source's stream as far as `targets`, and follows nobody. Throws Conflict. */
  async finish(targets: ReadonlyMap<SourceFollower, number>, untilMs: number): Promise<void> {
    const pump = this.#pump;
    if (pump === null) throw new LarderError("Conflict", "The copy is not complete yet.");
    const isApplied = () => [...targets].every(([follower, offset]) => follower.applied >= offset);
    await this.#lookUntil(isApplied, untilMs);
    this.#release = await this.#hold(pump, untilMs);
    try {
      let place = await this.#node.place();
      for (; place.offset < this.#feed.fed; place = await this.#node.place()) await this.#wait(untilMs);
      pump.processed(place.offset);
      await this.#node.requireNoneRefused();
      await this.#takeFrom(null);
      this.finishedAt = await this.#node.place();
    } catch (error) {
      this.#letGo();
      throw error;
    }
  }

  /** The node does not lead after all, and is fed again. Where it is not where it was, the feed breaks, and the run ends. */
  async goOn(): Promise<void> {
    if (this.finishedAt === null) return;
    try {
      const fed = this.#feed.goOn(this.finishedAt, this.#context.signal);
      await Promise.all([this.#takeFrom(this.#feed.feed), fed]);
      this.#pump?.begunAnew();
    } catch {
      this.#feed.close();
    } finally {
      this.finishedAt = null;
      this.#letGo();
    }
  }

  close(): void {
    this.#feed.close();
    this.#letGo();
  }

  async #lookUntil(holds: () => boolean, untilMs: number): Promise<void> {
    for (await this.look(); !holds(); await this.look()) await this.#wait(untilMs);
  }

  async #wait(untilMs: number): Promise<void> {
    const { clock, signal } = this.#context;
    if (clock.monotonicMs() >= untilMs) throw tooLate();
    await clock.sleep(processedLookMs, signal);
    signal.throwIfAborted();
  }

  /** One that comes too late is let go at once. */
  async #hold(pump: StreamPump, untilMs: number): Promise<() => void> {
    const { clock, signal } = this.#context;
    const taken = pump.hold();
    const release = await Promise.race([taken, clock.sleep(untilMs - clock.monotonicMs(), signal)]);
    if (typeof release === "function") return release;
    void taken.then((late) => late());
    throw tooLate();
  }

  #letGo(): void {
    this.#release?.();
    this.#release = null;
  }

  async #takeFrom(feed: Feed | null): Promise<void> {
    await this.#context.engine.takeFrom?.(feed);
  }

  async *#counted(copy: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { progress } = this.#context;
    for await (const bytes of copy) {
      progress.bytes += bytes.length;
      yield bytes;
    }
  }
}

function tooLate(): LarderError {
  return new LarderError("Conflict", "The source's last changes did not come in time.");
}
