/** The engine's append-only files as they are copied: what is there, and whether it is what was copied. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { listAofFiles } from "../append-only-files.ts";
import type { KeepingPaths } from "../node-keeping.ts";
import { type Draft, emptyDraft, type LocalFiles } from "./aof-copy-plan.ts";
import { type AofSet, bytesOf, type StoredPart } from "./aof-set.ts";

/**
 * What the engine had written when it said that all were so long; undefined where it has no manifest. A write that failed half-way,
 * which it cuts off again, is not counted by it.
 */
export function localFiles(paths: KeepingPaths, bytesTold: number): LocalFiles | undefined {
  const files = listAofFiles(paths);
  const base = files.find(({ isBase }) => isBase);
  if (base === undefined) return undefined;
  const increments = files.filter(({ isBase }) => !isBase);
  const last = increments.at(-1);
  if (last !== undefined) {
    const others = files.reduce((sum, file) => (file === last ? sum : sum + file.bytes), 0);
    increments[increments.length - 1] = { ...last, bytes: Math.max(0, Math.min(last.bytes, bytesTold - others)) };
  }
  return { base, increments };
}

/** Whether a file is shorter than what was copied of it. */
export function isCutOff(paths: KeepingPaths, { increments }: Draft): boolean {
  const files = listAofFiles(paths);
  return increments.some(
    ({ file, parts }) => (files.find((one) => one.file === file)?.bytes ?? Infinity) < bytesOf(parts),
  );
}

/**
 * What of a set is still what the files begin with, by its bytes: an engine cuts off the end of a file that a crash has damaged, and
 * a folder that was lost has files of the same names.
 */
export async function stillTrue(set: AofSet, paths: KeepingPaths, signal: AbortSignal): Promise<Draft> {
  const files = listAofFiles(paths);
  const has = (file: string) => files.some((one) => one.file === file);
  const isSameBase = has(set.base.file) && (await countTrue(set.base.file, [set.base], paths, signal)) === 1;
  const increments = [];
  for (const { file, seq, parts } of set.increments) {
    if (!has(file)) continue;
    increments.push({ file, seq, parts: parts.slice(0, await countTrue(file, parts, paths, signal)) });
  }
  return { ...emptyDraft, base: isSameBase ? set.base : null, increments, next: set.next };
}

async function countTrue(
  file: string,
  parts: readonly StoredPart[],
  { aofDirectory }: KeepingPaths,
  signal: AbortSignal,
): Promise<number> {
  let from = 0;
  for (const [index, { bytes, sha256 }] of parts.entries()) {
    const span = new FileSpan(join(aofDirectory, file), { from, bytes });
    for await (const _ of span.chunks()) signal.throwIfAborted();
    if (span.bytes !== bytes || span.sha256() !== sha256) return index;
    from += bytes;
  }
  return parts.length;
}

/** Read once, and counted while it passes. */
export class FileSpan {
  readonly #path: string;
  readonly #span: { from: number; bytes: number };
  readonly #hash = createHash("sha256");
  bytes = 0;

  constructor(path: string, span: { from: number; bytes: number }) {
    this.#path = path;
    this.#span = span;
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    const { from, bytes } = this.#span;
    if (bytes === 0) return;
    for await (const chunk of createReadStream(this.#path, { start: from, end: from + bytes - 1 })) {
      const read = chunk as Uint8Array;
      this.#hash.update(read);
      this.bytes += read.byteLength;
      yield read;
    }
  }

  /** At the end, once. */
  sha256(): string {
    return this.#hash.digest("hex");
  }
}
