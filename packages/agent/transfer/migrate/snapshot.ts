/**
 * The copies of a source's primaries as the one RDB that the node's engine loads: as it came, where there is one, all of it is
 * wanted and the engine can read it; else written anew, as a file that the engine can read, with what is wanted.
 *
 * Either way everything is read here first: the engine's loader ends the engine where it cannot go on. Keys whose time is over
 * go along: only the source says when they go.
 */
import {
  IgnoringSink,
  RdbError,
  type RdbItem,
  RdbReader,
  RdbWriter,
  rdbVersionOf,
  ValueDecoder,
  type WrittenRdbVersion,
} from "@larder/rdb";
import type { KeyChoice } from "../key-choice.ts";
import type { Progress } from "../progress.ts";
import { sourceLost } from "../remote/remote-socket.ts";
import type { TransferEngine } from "../transfer-engine.ts";
import { TransferError } from "../transfer-error.ts";
import type { SourceFollower } from "./source-follower.ts";

export interface SnapshotOptions {
  engine: Pick<TransferEngine, "engine" | "databases">;
  choice: KeyChoice;
  progress: Progress;
  signal: AbortSignal;
}

/** "REDIS0011", "VALKEY080". */
const headerPattern = /^(REDIS|VALKEY)(\d{3,4})/;
const headerBytes = 9;
/** What the writer has gathered goes out in pieces of about this. */
const pieceBytes = 256 * 1024;
/** Only Redis wrote versions from 12 to 79. */
const lastCommonVersion = 11;

export async function* snapshotOf(
  followers: readonly SourceFollower[],
  options: SnapshotOptions,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    const [follower] = followers;
    const isWhole = followers.length === 1 && options.choice.isEverything;
    if (follower !== undefined && isWhole) yield* asItCame(follower, options);
    else
      yield* rewritten(
        followers.map((each) => chunksOf(each, options.signal)),
        options,
      );
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    if (error.code === "unsupported")
      throw new TransferError("SourceRefused", `The source's data cannot be taken: ${error.message}.`);
    throw sourceLost(`The source's copy is damaged: ${error.message}.`, error);
  }
}

async function* asItCame(follower: SourceFollower, options: SnapshotOptions): AsyncGenerator<Uint8Array, void, void> {
  const chunks = chunksOf(follower, options.signal);
  const first = await firstOf(chunks);
  if (!isReadableBy(options.engine, first)) return yield* rewritten([joined(first, chunks)], options);
  const check = new Check(options);
  const reader = new RdbReader();
  for await (const chunk of joined(first, chunks)) {
    reader.push(chunk);
    for (let item = reader.next(); item !== null; item = reader.next()) {
      check.see(item);
      if (item.type === "moduleAux")
        throw new RdbError("unsupported", reader.offset, "Data of a module beside the keys");
    }
    yield chunk;
  }
  reader.end();
  for (let item = reader.next(); item !== null; item = reader.next()) check.see(item);
}

async function* rewritten(
  copies: readonly AsyncIterable<Uint8Array>[],
  options: SnapshotOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const writer = new RdbWriter({ version: versionFor(options.engine), onFieldExpiry: "drop" });
  const rewriter = new Rewriter(writer, options);
  writer.header();
  for (const copy of copies) {
    const reader = new RdbReader();
    for await (const chunk of copy) {
      reader.push(chunk);
      for (let item = reader.next(); item !== null; item = reader.next()) {
        rewriter.take(item);
        if (writer.bytesWaiting > pieceBytes) yield writer.take();
      }
    }
    reader.end();
    for (let item = reader.next(); item !== null; item = reader.next()) rewriter.take(item);
  }
  writer.end();
  yield writer.take();
  rewriter.sayLosses();
}

/** What of the items the new file has. */
class Rewriter {
  readonly #writer: RdbWriter;
  readonly #options: SnapshotOptions;
  readonly #check: Check;
  /** Every primary of a cluster has all libraries. */
  readonly #libraries = new Set<string>();
  #selected = -1;
  #isKept = false;

  constructor(writer: RdbWriter, options: SnapshotOptions) {
    this.#writer = writer;
    this.#options = options;
    this.#check = new Check(options);
  }

  take(item: RdbItem): void {
    const { choice, progress } = this.#options;
    if (item.type === "entry") {
      this.#isKept = choice.takes(item);
      if (!this.#isKept) progress.keysSkipped++;
      else this.#writeEntry(item);
    } else if (item.type === "entryPart" && this.#isKept) this.#writer.part(item.bytes);
    else if (item.type === "entryEnd" && this.#isKept) this.#writer.endEntry();
    else if (item.type === "function" && choice.takesFunctions) this.#writeFunction(item.code);
    else if (item.type === "moduleAux") progress.addCaveat("What modules had kept beside the keys was left out.");
    else this.#check.see(item);
  }

  sayLosses(): void {
    const { fieldExpiries, streams, functions } = this.#writer.losses;
    const { progress } = this.#options;
    if (fieldExpiries > 0)
      progress.addCaveat(
        `${fieldExpiries} fields of hashes stay that were to expire: the cache's engine knows no expiry of fields.`,
      );
    if (streams > 0) progress.addCaveat(`${streams} streams lost counters that the cache's engine does not know.`);
    if (functions > 0) progress.addCaveat("Libraries of functions were left out: the cache's engine knows none.");
  }

  #writeEntry(entry: Extract<RdbItem, { type: "entry" }>): void {
    this.#check.see(entry);
    if (entry.database !== this.#selected) {
      this.#selected = entry.database;
      this.#writer.selectDatabase(entry.database);
    }
    if (entry.isWhole) this.#writer.entry(entry);
    else this.#writer.beginEntry(entry);
  }

  #writeFunction(code: Uint8Array): void {
    const text = Buffer.from(code).toString("base64");
    if (this.#libraries.has(text)) return;
    this.#libraries.add(text);
    this.#writer.function(code);
  }
}

/** What no engine of ours can have. */
class Check {
  readonly #options: SnapshotOptions;
  readonly #decoder = new ValueDecoder(new IgnoringSink());

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  see(item: RdbItem): void {
    const { progress, engine, choice } = this.#options;
    if (item.type === "resize") progress.keysTotal = (progress.keysTotal ?? 0) + item.keys;
    else if (item.type === "database" && item.index >= engine.databases && choice.takesDatabase(item.index))
      throw new TransferError(
        "SourceRefused",
        `The source has keys in database ${item.index}, and the cache has ${engine.databases} databases. Choose the databases, or give the cache more.`,
      );
    // Says which module it is.
    else if (item.type === "entry" && item.kind === "module") this.#decoder.decode(item);
  }
}

async function* chunksOf(follower: SourceFollower, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  for (let bytes = await follower.copy.take(signal); bytes !== null; bytes = await follower.copy.take(signal))
    yield bytes;
}

/** At least so much that the header is there. */
async function firstOf(chunks: AsyncGenerator<Uint8Array, void, void>): Promise<Buffer> {
  let first: Buffer = Buffer.alloc(0);
  while (first.length < headerBytes) {
    const { done, value } = await chunks.next();
    if (done === true) break;
    first = Buffer.concat([first, value]);
  }
  return first;
}

async function* joined(first: Uint8Array, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield first;
  yield* chunks;
}

function isReadableBy({ engine }: SnapshotOptions["engine"], first: Buffer): boolean {
  const [, magic, digits] = headerPattern.exec(first.toString("latin1", 0, headerBytes)) ?? [];
  const version = Number(digits);
  // What is no RDB the reader says better.
  if (magic === undefined) return true;
  if (version > rdbVersionOf(engine)) return false;
  return engine.name === "redis" ? magic === "REDIS" : magic === "VALKEY" || version <= lastCommonVersion;
}

function versionFor({ engine }: SnapshotOptions["engine"]): WrittenRdbVersion {
  const newest = rdbVersionOf(engine);
  const versions: readonly WrittenRdbVersion[] = [80, 12, 11, 10, 9];
  return versions.find((version) => version <= newest && (version < 80 || engine.name === "valkey")) ?? 9;
}
