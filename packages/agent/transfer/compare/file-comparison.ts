/** What a node holds beside an RDB file: each key of the file is looked for in the node, and what the node has besides is counted. */
import type { StorageLocation } from "@larder/api";
import { dumpPayload, type RdbEntry, type RdbItem } from "@larder/rdb";
import { RdbSource } from "../import/rdb-source.ts";
import { KeyChoice } from "../key-choice.ts";
import { RemoteClient } from "../remote/remote-client.ts";
import { KeyReader, type ReadKey } from "../scan/key-reader.ts";
import type { CompareContext } from "./compare-data.ts";
import { differenceOf } from "./compare-keys.ts";
import { Differences } from "./differences.ts";

const keysPerRead = 50;

export async function compareWithFile(context: CompareContext, location: StorageLocation): Promise<void> {
  const { engine, spec, progress } = context;
  const source = RdbSource.open(location, context);
  const client = await RemoteClient.openLocal(engine.socketPath, engine.user);
  try {
    const choice = new KeyChoice(spec.filter);
    const comparison = new FileComparison(context, { reader: new KeyReader(client, choice), choice });
    progress.enter("running", `comparing with ${source.name}`);
    progress.bytesTotal = await source.bytes();
    await source.read(
      (item) => comparison.take(item),
      (bytes) => {
        progress.bytes += bytes;
      },
    );
    await comparison.end();
  } finally {
    client.close();
    source.close();
  }
}

class FileComparison {
  readonly #context: CompareContext;
  readonly #reader: KeyReader;
  readonly #choice: KeyChoice;
  readonly #differences = new Differences();
  #waiting: ReadKey[] = [];
  #long = 0;
  #inFile = 0;

  constructor(context: CompareContext, { reader, choice }: { reader: KeyReader; choice: KeyChoice }) {
    this.#context = context;
    this.#reader = reader;
    this.#choice = choice;
  }

  take(item: RdbItem): Promise<void> | undefined {
    const { clock, spec, progress } = this.#context;
    if (item.type !== "entry" || !this.#choice.takes(item)) return undefined;
    const hasExpired = item.expiresAtMs !== null && item.expiresAtMs <= clock.nowMs();
    if (hasExpired) return undefined;
    this.#inFile++;
    if (!item.isWhole) this.#long++;
    if (!item.isWhole || (spec.sample !== null && progress.keys >= spec.sample)) return undefined;
    progress.keys++;
    this.#waiting.push(this.#readOf(item));
    return this.#waiting.length < keysPerRead ? undefined : this.#compare();
  }

  async end(): Promise<void> {
    const { progress } = this.#context;
    await this.#compare();
    const databases = await this.#reader.databases();
    const inNode = [...databases.values()].reduce((sum, keys) => sum + keys, 0);
    const { count, examples } = this.#differences;
    progress.differences = { count, examples };
    progress.keysTotal = this.#inFile;
    if (this.#long > 0) progress.addCaveat(`${this.#long} very long values of the file were not compared.`);
    if (this.#choice.isEverything && inNode > this.#inFile)
      progress.addCaveat(`The cache has ${inNode - this.#inFile} keys more than the file.`);
  }

  async #compare(): Promise<void> {
    const there = this.#waiting;
    this.#waiting = [];
    const here = await this.#reader.read(there);
    for (const [index, read] of there.entries()) {
      const difference = differenceOf(here[index] as ReadKey, read);
      if (difference !== null) this.#differences.add(read, difference);
    }
  }

  #readOf(entry: RdbEntry): ReadKey {
    const { expiresAtMs, database } = entry;
    const ttlMs = expiresAtMs === null ? null : expiresAtMs - this.#context.clock.nowMs();
    // The version says of whose family the encoding is.
    const version = entry.family === "valkey" ? 80 : 11;
    return { database, key: Buffer.from(entry.key), payload: Buffer.from(dumpPayload(entry, version)), ttlMs };
  }
}
