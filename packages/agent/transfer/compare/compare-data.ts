/**
 * A comparison of what a node holds with another server, or with a file: every key of both sides, or some of them. Nothing is written
 * on either side.
 *
 * Both may be written meanwhile. What differs is looked at again a few times, and counts only if it always does.
 */
import type { TransferSpec } from "@larder/api";
import { RdbError } from "@larder/rdb";
import { KeyChoice } from "../key-choice.ts";
import { RemoteClient } from "../remote/remote-client.ts";
import { findPrimaries } from "../remote/source-primaries.ts";
import { isMarker } from "../reverse/target.ts";
import type { ChangedKey } from "../scan/changed-keys.ts";
import { KeyReader, type ReadKey } from "../scan/key-reader.ts";
import type { Transfer, TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import { differenceOf } from "./compare-keys.ts";
import { Differences } from "./differences.ts";
import { compareWithFile } from "./file-comparison.ts";
import { samplesOf } from "./samples.ts";

export type CompareContext = TransferContext<Extract<TransferSpec, { kind: "compare" }>>;

/** How often, and after how long, a key that differs is looked at again. */
const looksAgain = 4;
const lookAgainMs = 500;
/** Rounds of keys that are asked for at the same time. Each is bounded in keys and bytes. */
const roundsInFlightMax = 4;

export function compareData(context: CompareContext): Transfer {
  return {
    run: () => ("url" in context.spec.with ? compareWithFile(context, context.spec.with) : compareWithServer(context)),
  };
}

async function compareWithServer(context: CompareContext): Promise<void> {
  const { spec, engine, signal, progress } = context;
  if ("url" in spec.with) throw new Error("a file is no server");
  const remote = spec.with;
  progress.enter("running", "asking the other server");
  const { primaries } = await findPrimaries(remote, signal);
  const clients: RemoteClient[] = [];
  try {
    const choice = new KeyChoice(spec.filter);
    clients.push(await RemoteClient.openLocal(engine.socketPath, engine.user));
    for (const { address } of primaries) clients.push(await RemoteClient.open(address, remote, signal));
    const [here, ...there] = clients.map((client) => new KeyReader(client, choice, { isOneOfMany: true }));
    if (here !== undefined) await new Comparison(context, { here, there }).run();
  } finally {
    for (const client of clients) client.close();
  }
}

export interface Sides {
  here: KeyReader;
  /** One, or those of a cluster's primaries. */
  there: readonly KeyReader[];
}

class Comparison {
  readonly #context: CompareContext;
  readonly #sides: Sides;
  readonly #differences = new Differences();

  constructor(context: CompareContext, sides: Sides) {
    this.#context = context;
    this.#sides = sides;
  }

  async run(): Promise<void> {
    const { spec, progress } = this.#context;
    const { here, there } = this.#sides;
    const totals = await Promise.all([here, ...there].map((reader) => reader.databases()));
    const total = totals.flatMap((databases) => [...databases.values()]).reduce((sum, keys) => sum + keys, 0);
    progress.keysTotal = spec.sample === null ? total : Math.min(spec.sample, total);
    progress.enter("running", spec.sample === null ? "comparing all keys" : "comparing some keys");
    if (spec.sample === null) {
      await this.#walk(here, "all");
      // What both have was compared; here only what is missing here is looked for.
      for (const reader of there) await this.#walk(reader, "missing");
    } else await this.#sample(spec.sample);
    await this.#lookAgain();
    const { count, examples, hasHasty } = this.#differences;
    progress.differences = { count, examples };
    if (hasHasty) progress.addCaveat("So many keys differ that some were counted though they may just have changed.");
    if (spec.sample !== null)
      progress.addCaveat(`${progress.keys} keys were compared, chosen by chance: others may differ.`);
  }

  async #walk(reader: KeyReader, which: "all" | "missing"): Promise<void> {
    for (const database of (await reader.databases()).keys()) {
      // Within one database: the connections are in the same one all the time.
      const rounds = new Set<Promise<void>>();
      for await (const keys of reader.scan(database)) {
        this.#context.signal.throwIfAborted();
        const round = this.#round(keys, which).finally(() => rounds.delete(round));
        rounds.add(round);
        if (rounds.size >= roundsInFlightMax) await Promise.race(rounds);
      }
      await Promise.all(rounds);
    }
  }

  async #round(found: ChangedKey[], which: "all" | "missing"): Promise<void> {
    const keys = withoutMarkers(found);
    const toRead = which === "all" ? keys : await this.#missingHere(keys);
    this.#context.progress.keys += keys.length;
    await this.#compare(toRead, (key, difference) => this.#differences.doubt(key, difference));
  }

  async #missingHere(keys: readonly ChangedKey[]): Promise<ChangedKey[]> {
    const exist = await this.#sides.here.whichExist(keys);
    return keys.filter((_, index) => exist[index] === false);
  }

  async #sample(count: number): Promise<void> {
    const { here, there } = this.#sides;
    for (const reader of [here, ...there])
      for await (const found of samplesOf(reader, Math.ceil(count / (there.length + 1)))) {
        const keys = withoutMarkers(found);
        this.#context.signal.throwIfAborted();
        this.#context.progress.keys += keys.length;
        await this.#compare(keys, (key, difference) => this.#differences.doubt(key, difference));
      }
  }

  async #lookAgain(): Promise<void> {
    const { clock, signal, progress } = this.#context;
    for (let look = 1; look <= looksAgain && this.#differences.doubtfulCount > 0; look++) {
      progress.enter("running", `looking again at ${this.#differences.doubtfulCount} keys`);
      await clock.sleep(lookAgainMs, signal);
      signal.throwIfAborted();
      const isLast = look === looksAgain;
      await this.#compare(this.#differences.takeDoubtful(), (key, difference) =>
        isLast ? this.#differences.add(key, difference) : this.#differences.doubt(key, difference),
      );
    }
  }

  async #compare(
    keys: ChangedKey[],
    onDifference: (key: ChangedKey, difference: NonNullable<ReturnType<typeof differenceOf>>) => void,
  ): Promise<void> {
    for await (const some of partsOf([this.#sides.here, ...this.#sides.there], keys)) {
      const [here, ...there] = await Promise.all(
        [this.#sides.here, ...this.#sides.there].map((reader) => reader.read(some)),
      );
      for (const [index, key] of some.entries()) {
        const difference = this.#differenceOf(
          here?.[index],
          there.map((read) => read[index]),
        );
        if (difference !== null) onDifference(key, difference);
      }
    }
  }

  #differenceOf(here: ReadKey | undefined, there: readonly (ReadKey | undefined)[]) {
    const other = there.find((read) => read?.payload != null) ?? there[0];
    if (here === undefined || other === undefined) throw new Error("a key that was read on one side only");
    this.#context.progress.bytes += here.payload?.length ?? 0;
    try {
      return differenceOf(here, other);
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      throw new TransferError("NotSupported", `A value cannot be compared: ${error.message}.`, { cause: error });
    }
  }
}

/** What a way back has written for itself is no data. */
function withoutMarkers(keys: ChangedKey[]): ChangedKey[] {
  return keys.filter(({ key }) => !isMarker(key));
}

/** As many at a time as each side may give at once: a key may be large on one of them only. */
async function* partsOf([reader, ...others]: readonly KeyReader[], keys: ChangedKey[]): AsyncGenerator<ChangedKey[]> {
  if (reader === undefined) yield keys;
  else for await (const part of reader.parts(keys)) yield* partsOf(others, part);
}
