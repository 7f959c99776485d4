/**
 * A source's data in an intake node, key by key: all keys once, and each one again that changes. One copy, as long as the source
 * tells of its changes; when that breaks off, another round over all keys makes it whole again.
 *
 * A key is at the node as it was when it was read last. Only when all that was told of has been read, is everything as it was at one
 * time; and only if nobody writes in between.
 */
import { LarderError } from "@larder/api";
import { KeyChoice } from "../key-choice.ts";
import type { CopyPace } from "../migrate/copy-pace.ts";
import type { MigrateContext } from "../migrate/replicated-copy.ts";
import type { ChangedKey, ChangedKeys } from "./changed-keys.ts";
import { KeyReader, keysPerRound } from "./key-reader.ts";
import type { NodeKeys } from "./node-keys.ts";
import type { ScanLane } from "./scan-lane.ts";

/** How long it waits when nothing has changed. */
const idleMs = 20;

export class ScanCopy {
  readonly #context: MigrateContext;
  readonly #lanes: readonly ScanLane[];
  readonly #node: NodeKeys;
  readonly #pace: CopyPace;
  #isWhole = false;
  #isAgain: boolean;
  #isRoundWanted = true;
  isPaused = false;
  /** Nothing is put into the node. */
  isHeld = false;
  /** The one step that is under way. */
  #step: Promise<void> = Promise.resolve();

  /** `isAgain`: the node has keys of an earlier copy, some of which may be gone by now. */
  constructor(
    context: MigrateContext,
    { lanes, node, pace, isAgain }: { lanes: readonly ScanLane[]; node: NodeKeys; pace: CopyPace; isAgain: boolean },
  ) {
    this.#pace = pace;
    this.#context = context;
    this.#isAgain = isAgain;
    this.#lanes = lanes;
    this.#node = node;
  }

  /** All keys were looked at. */
  get isFollowing(): boolean {
    return this.#isWhole && !this.#isRoundWanted;
  }

  get oldestMs(): number | null {
    const times = this.#lanes.map(({ changed }) => changed.oldestMs).filter((atMs) => atMs !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Every key is looked at again, and those that are not at the source go. */
  wantRound(): void {
    this.#isRoundWanted = true;
  }

  /** Ends with an error only. */
  async run(): Promise<never> {
    const { clock, signal } = this.#context;
    for (;;) {
      signal.throwIfAborted();
      if (!this.isHeld && !this.isPaused) await this.#doStep();
      if (this.isHeld || this.isPaused || (!this.#isRoundWanted && this.oldestMs === null))
        await clock.sleep(idleMs, signal);
    }
  }

  /** Resolves when everything is at the node that the source has told of by then; nothing is put there after that. Throws Conflict. */
  async finish(untilMs: number): Promise<void> {
    const { clock } = this.#context;
    this.isHeld = true;
    try {
      await this.#step;
      await Promise.all(this.#lanes.map(({ events }) => events.reached()));
      const left = this.#lanes.reduce((sum, { changed }) => sum + changed.count, 0);
      for (let done = 0; done < left; done += keysPerRound) {
        if (clock.monotonicMs() >= untilMs)
          throw new LarderError("Conflict", "The source's last changes did not come in time.");
        await this.#takeChanged();
      }
      await this.#requireAllTold();
    } catch (error) {
      this.isHeld = false;
      throw error;
    }
  }

  /** Since the last look the source may have been emptied, or have changed more keys than can be kept. Throws Conflict. */
  async #requireAllTold(): Promise<void> {
    const flushed = await Promise.all(this.#lanes.map((lane) => lane.wasFlushed()));
    if (flushed.includes(true) || this.#lanes.some(({ changed }) => changed.isIncomplete)) this.wantRound();
    if (this.#isRoundWanted)
      throw new LarderError(
        "Conflict",
        "Not all of the source's last changes are known: its keys are looked at again.",
      );
  }

  #doStep(): Promise<void> {
    this.#step =
      this.#isRoundWanted || this.#lanes.some(({ changed }) => changed.isIncomplete)
        ? this.#round()
        : this.#takeChanged();
    return this.#step;
  }

  async #round(): Promise<void> {
    this.#isRoundWanted = false;
    this.#isWhole = false;
    for (const lane of this.#lanes) {
      lane.changed.clear();
      for (const database of (await lane.reader.databases()).keys()) await this.#copyDatabase(lane, database);
    }
    if (this.#isAgain) await this.#removeMissing();
    await this.#node.sayLosses();
    this.#isWhole = this.#isAgain = true;
  }

  async #copyDatabase(lane: ScanLane, database: number): Promise<void> {
    const { signal } = this.#context;
    for await (const keys of lane.reader.scan(database)) {
      signal.throwIfAborted();
      await this.#put(lane.reader, keys);
      // What changes meanwhile is not left to the end: a round may be long.
      await this.#takeFrom(lane);
    }
  }

  /** Keys that went while nobody listened. */
  async #removeMissing(): Promise<void> {
    const { spec } = this.#context;
    const here = new KeyReader(this.#node.client, new KeyChoice(spec.filter));
    for (const database of (await here.databases()).keys())
      for await (const keys of here.scan(database)) {
        const there = await Promise.all(this.#lanes.map(({ reader }) => reader.whichExist(keys)));
        await this.#node.remove(keys.filter((_, index) => there.every((exist) => exist[index] === false)));
      }
  }

  async #takeChanged(): Promise<void> {
    for (const lane of this.#lanes) await this.#takeFrom(lane);
  }

  async #takeFrom({ changed, reader }: { changed: ChangedKeys; reader: KeyReader }): Promise<void> {
    const keys = changed.take(keysPerRound);
    await this.#put(reader, keys);
  }

  async #put(reader: KeyReader, keys: readonly ChangedKey[]): Promise<void> {
    for await (const part of reader.parts(keys)) {
      const read = await reader.read(part);
      await this.#node.put(read);
      const bytes = read.reduce((sum, { payload }) => sum + (payload?.length ?? 0), 0);
      if (!this.isHeld) await this.#pace.spend(bytes, this.#context.signal);
    }
  }
}
