/** An RDB written anew as it passes: of the keys that are wanted, in the version that is wanted. */
import { type RdbEntry, type RdbItem, RdbReader, RdbWriter, type WrittenRdbVersion } from "@larder/rdb";
import type { KeyChoice } from "../key-choice.ts";
import type { Progress } from "../progress.ts";
import { passRdb } from "../rdb-pass.ts";
import { TransferError } from "../transfer-error.ts";

export interface RewriteOptions {
  choice: KeyChoice;
  /** null: that of the source. */
  version: number | null;
  progress: Progress;
}

const writtenVersions: readonly number[] = [9, 10, 11, 12, 80] satisfies WrittenRdbVersion[];
/** What is written goes on when there is so much. */
const pieceBytes = 256 * 1024;
/** What a file says of itself that stays true. */
const keptFields = new Set(["redis-ver", "valkey-ver", "redis-bits", "ctime"]);

/** Throws NotSupported for a version that is not written, and RdbError. */
export async function* rewritten(
  source: AsyncIterable<Uint8Array>,
  options: RewriteOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const rewriter = new Rewriter(options);
  for await (const _ of passRdb(source, (item) => rewriter.take(item), new RdbReader()))
    if (rewriter.bytesWaiting >= pieceBytes) yield rewriter.bytes();
  yield rewriter.bytes();
  rewriter.sayLosses();
}

class Rewriter {
  readonly #options: RewriteOptions;
  #writer: RdbWriter | null = null;
  #database = -1;
  #isTakingParts = false;

  constructor(options: RewriteOptions) {
    this.#options = options;
  }

  get bytesWaiting(): number {
    return this.#writer?.bytesWaiting ?? 0;
  }

  bytes(): Uint8Array {
    return this.#written.take();
  }

  take(item: RdbItem): undefined {
    const { choice, progress } = this.#options;
    switch (item.type) {
      case "header":
        return this.#begin(item.version);
      case "aux":
        return this.#takeField(Buffer.from(item.name).toString(), Buffer.from(item.value).toString());
      case "function":
        if (choice.takesFunctions) this.#written.function(item.code);
        return undefined;
      case "resize":
        progress.keysTotal = (progress.keysTotal ?? 0) + item.keys;
        return undefined;
      case "entry":
        return this.#takeEntry(item);
      case "entryPart":
        if (this.#isTakingParts) this.#written.part(item.bytes);
        return undefined;
      case "entryEnd":
        if (this.#isTakingParts) this.#written.endEntry();
        return undefined;
      case "end":
        this.#written.end();
        return undefined;
      default:
        return undefined;
    }
  }

  sayLosses(): void {
    const { progress } = this.#options;
    const { fieldExpiries, streams, functions } = this.#written.losses;
    if (fieldExpiries > 0)
      progress.addCaveat(
        `${fieldExpiries} fields of hashes do not expire in the file: its version has no such fields.`,
      );
    if (streams > 0)
      progress.addCaveat(
        `${streams} streams are without what their encoding in the file's version does not have: counters of entries that were added and read.`,
      );
    if (functions > 0)
      progress.addCaveat(`${functions} libraries of functions were left out: the file's version has none.`);
  }

  get #written(): RdbWriter {
    if (this.#writer === null) throw new Error("an item before the header");
    return this.#writer;
  }

  #begin(sourceVersion: number): undefined {
    const version = this.#options.version ?? sourceVersion;
    if (!writtenVersions.includes(version))
      throw new TransferError(
        "NotSupported",
        `RDB version ${version} cannot be written; ${writtenVersions.join(", ")} can.`,
      );
    this.#writer = new RdbWriter({ version: version as WrittenRdbVersion, onFieldExpiry: "drop" });
    this.#writer.header();
  }

  #takeField(name: string, value: string): undefined {
    if (keptFields.has(name)) this.#written.aux(name, value);
  }

  #takeEntry(entry: RdbEntry): undefined {
    const { choice, progress } = this.#options;
    const isTaken = choice.takes(entry);
    this.#isTakingParts = isTaken && !entry.isWhole;
    if (!isTaken) {
      progress.keysSkipped++;
      return;
    }
    progress.keys++;
    if (entry.database !== this.#database) this.#written.selectDatabase(entry.database);
    this.#database = entry.database;
    if (entry.isWhole) this.#written.entry(entry);
    else this.#written.beginEntry(entry);
  }
}
