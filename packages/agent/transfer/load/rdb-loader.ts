/**
 * The items of an RDB into an engine that runs, key by key: as payloads (RESTORE) where the engine knows the encoding, else
 * by commands that make the value anew. Used where the engine's own loader cannot be: for a part of a file, several files, a
 * file of a newer engine, and a node that has data already.
 *
 * A key's old value goes with the command that brings the new one, unless it is to be kept. In a node that serves clients
 * (`isServing`) a value that takes several commands is made under a name of its own, and takes its place when it is whole: no
 * client sees a part of it.
 */
import {
  dumpPayloadBytes,
  hasFeature,
  loadability,
  type RdbEntry,
  type RdbItem,
  ValueRebuilder,
  writeDumpPayload,
} from "@larder/rdb";
import type { KeyChoice } from "../key-choice.ts";
import type { Progress } from "../progress.ts";
import type { TransferEngine } from "../transfer-engine.ts";
import { type EngineWriter, Expected } from "./engine-writer.ts";

export interface RdbLoaderOptions {
  engine: Pick<TransferEngine, "engine" | "databases">;
  writer: EngineWriter;
  choice: KeyChoice;
  /** What becomes of a key that is there already. */
  existing: "keep" | "replace";
  isServing: boolean;
  /** A key that nobody else has, for values that are made. */
  temporaryKey: string;
  progress: Pick<Progress, "keys" | "keysTotal" | "keysSkipped" | "addCaveat">;
  nowMs: () => number;
}

const word = (text: string) => Buffer.from(text);
const restore = word("RESTORE");
const replace = word("REPLACE");
const absoluteTtl = word("ABSTTL");
const never = word("0");

export class RdbLoader {
  readonly #options: RdbLoaderOptions;
  readonly #rebuilder: ValueRebuilder;
  readonly #temporaryKey: Uint8Array;
  /** Nobody knows at first: the writer may have loaded another file before. */
  #selected = -1;
  /** The value that comes in parts; null: none, or it is left out. */
  #inParts: Rebuilt | null = null;
  #keysAbove = 0;
  #moduleAux = 0;

  constructor(options: RdbLoaderOptions) {
    this.#options = options;
    this.#temporaryKey = word(options.temporaryKey);
    this.#rebuilder = new ValueRebuilder({ target: options.engine.engine, onFieldExpiry: "drop", replaces: true });
  }

  /** A promise is to be awaited before the next item. Throws RdbError for what cannot be loaded, and what the writer throws. */
  take(item: RdbItem): Promise<void> | undefined {
    switch (item.type) {
      case "resize":
        this.#options.progress.keysTotal = (this.#options.progress.keysTotal ?? 0) + item.keys;
        return undefined;
      case "function":
        return this.#loadFunction(item.code);
      case "entry":
        return this.#takeEntry(item);
      case "entryPart":
        return this.#inParts === null ? undefined : this.#write(this.#rebuilder.part(item.bytes), this.#inParts);
      case "entryEnd":
        return this.#endParts();
      case "moduleAux":
        this.#moduleAux++;
        return undefined;
      default:
        return undefined;
    }
  }

  /** Resolves when the engine has taken everything. Says what could not be brought over. */
  async end(): Promise<void> {
    const { writer, progress } = this.#options;
    await writer.settled();
    progress.keysSkipped += writer.kept;
    progress.keys -= writer.kept;
    writer.kept = 0;
    for (const caveat of this.#caveats()) progress.addCaveat(caveat);
  }

  *#caveats(): Generator<string> {
    const { databases, engine } = this.#options.engine;
    const { losses } = this.#rebuilder;
    if (this.#keysAbove > 0)
      yield `${this.#keysAbove} keys of databases above ${databases - 1}, which the cache does not have, were left out.`;
    if (this.#moduleAux > 0) yield "What modules had kept beside the keys was left out.";
    if (losses.fieldExpiries > 0)
      yield `${losses.fieldExpiries} fields of hashes stay that were to expire: ${engine.name} ${engine.version} knows no expiry of fields.`;
    if (losses.pendingEntries > 0)
      yield `${losses.pendingEntries} pending entries of streams, which no consumer had, were left out.`;
    if (losses.streamsInParts > 0)
      yield `Of ${losses.streamsInParts} very large streams, pending entries that were deleted from the stream are missing.`;
  }

  #takeEntry(entry: RdbEntry): Promise<void> | undefined {
    const { choice, progress, engine, nowMs } = this.#options;
    const isAbove = entry.database >= engine.databases;
    const hasExpired = entry.expiresAtMs !== null && entry.expiresAtMs <= nowMs();
    if (isAbove || hasExpired || !choice.takes(entry)) {
      if (isAbove) this.#keysAbove++;
      progress.keysSkipped++;
      return undefined;
    }
    this.#select(entry);
    progress.keys++;
    const way = loadability(entry.encoding, engine.engine);
    if (entry.isWhole && entry.kind !== "module" && way.way === "payload") return this.#restore(entry, way.version);
    return this.#rebuild(entry);
  }

  #select({ database, offset }: RdbEntry): void {
    if (database === this.#selected) return;
    this.#selected = database;
    this.#options.writer.command([word("SELECT"), word(String(database))], offset);
  }

  #restore(entry: RdbEntry, version: number): Promise<void> | undefined {
    const { writer, existing } = this.#options;
    const { bytes } = writer;
    const expires = entry.expiresAtMs !== null;
    const replaces = existing === "replace";
    bytes.begin(4 + (replaces ? 1 : 0) + (expires ? 1 : 0));
    bytes.word(restore);
    bytes.word(entry.keyBytes, entry.keyStart, entry.keyEnd);
    bytes.word(expires ? word(String(entry.expiresAtMs)) : never);
    bytes.wordInPlace(dumpPayloadBytes(entry), (into, at) => writeDumpPayload(entry, version, into, at));
    if (replaces) bytes.word(replace);
    if (expires) bytes.word(absoluteTtl);
    writer.note(entry.offset, replaces ? Expected.success : Expected.kept);
    return writer.room();
  }

  #rebuild(entry: RdbEntry): Promise<void> | undefined {
    const key = entry.key.slice();
    const { encoding, kind, expiresAtMs, valueBytes, valueStart, valueEnd, valueOffset, offset } = entry;
    const madeAs = this.#options.isServing ? this.#temporaryKey : key;
    const value = { encoding, kind, expiresAtMs, valueBytes, valueStart, valueEnd, valueOffset, key: madeAs };
    const rebuilt = { key, offset };
    if (entry.isWhole) return this.#writeWhole(this.#rebuilder.whole(value), rebuilt);
    this.#rebuilder.begin(value);
    this.#inParts = rebuilt;
    return undefined;
  }

  async #writeWhole(batches: Iterable<readonly (readonly Uint8Array[])[]>, rebuilt: Rebuilt): Promise<void> {
    await this.#write(batches, rebuilt);
    await this.#putInPlace(rebuilt);
  }

  async #write(batches: Iterable<readonly (readonly Uint8Array[])[]>, { offset }: Rebuilt): Promise<void> {
    const { writer } = this.#options;
    for (const batch of batches) {
      for (const command of batch) writer.command(command, offset);
      await writer.room();
    }
  }

  async #endParts(): Promise<void> {
    const rebuilt = this.#inParts;
    if (rebuilt === null) return;
    this.#inParts = null;
    await this.#writeWhole(this.#rebuilder.end(), rebuilt);
  }

  async #putInPlace({ key, offset }: Rebuilt): Promise<void> {
    const { writer, existing, isServing } = this.#options;
    if (!isServing) return;
    const rename = word(existing === "keep" ? "RENAMENX" : "RENAME");
    writer.command([rename, this.#temporaryKey, key], offset, Expected.keptOrGone);
    if (existing === "keep") writer.command([word("UNLINK"), this.#temporaryKey], offset);
    await writer.room();
  }

  #loadFunction(code: Uint8Array): Promise<void> | undefined {
    const { writer, existing, choice, engine, progress } = this.#options;
    if (!choice.takesFunctions) return undefined;
    if (!hasFeature(engine.engine, "functions")) {
      progress.addCaveat("Libraries of functions were left out: the engine knows none.");
      return undefined;
    }
    const replaces = existing === "replace" ? [replace] : [];
    const expected = existing === "replace" ? Expected.success : Expected.keptLibrary;
    writer.command([word("FUNCTION"), word("LOAD"), ...replaces, code], 0, expected);
    return writer.room();
  }
}

interface Rebuilt {
  key: Uint8Array;
  offset: number;
}
