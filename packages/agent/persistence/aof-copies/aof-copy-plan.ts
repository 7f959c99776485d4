/**
 * What of the append-only files is copied next. Pure.
 *
 * The base once, then what has come since. A part that is no larger than what follows it is copied again together with that, up to
 * the size of a part: so a cache that writes little, whose files are rewritten once in weeks, has few parts, and each byte is copied
 * about as often as the size of a part can be halved down to that of an interval. After a rewrite the increments that are still the
 * engine's keep their parts.
 */
import type { KeptPosition } from "../kept-position.ts";
import {
  type AofSet,
  bytesOf,
  type FileName,
  type StoredBase,
  type StoredIncrement,
  type StoredPart,
} from "./aof-set.ts";

export interface LocalFile extends FileName {
  /** How much of it is to be copied. */
  bytes: number;
}

/** What the engine's manifest names. */
export interface LocalFiles {
  base: LocalFile;
  /** In the engine's order; only the last grows. */
  increments: readonly LocalFile[];
}

/** What is in storage by now, and not yet, or no longer, what a manifest there names. */
export interface Draft {
  base: StoredBase | null;
  increments: readonly StoredIncrement[];
  next: number;
}

/** Bytes of a file that become one part, in place of the last so many of the file. */
export interface CopyStep {
  kind: "base" | "part";
  file: FileName;
  from: number;
  bytes: number;
  replaces: number;
}

export const emptyDraft: Draft = { base: null, increments: [], next: 1 };

/** undefined: all is there. */
export function nextStep(draft: Draft, { base, increments }: LocalFiles, partBytesMax: number): CopyStep | undefined {
  if (draft.base?.file !== base.file) return { kind: "base", file: base, from: 0, bytes: base.bytes, replaces: 0 };
  for (const file of increments) {
    const step = stepOf(file, partsIn(draft, file), partBytesMax);
    if (step !== undefined) return step;
  }
  return undefined;
}

function stepOf(file: LocalFile, parts: readonly StoredPart[], partBytesMax: number): CopyStep | undefined {
  let from = bytesOf(parts);
  if (file.bytes <= from) return undefined;
  let replaces = 0;
  for (const { bytes } of parts.toReversed()) {
    const added = file.bytes - from;
    if (bytes > added || bytes + added > partBytesMax) break;
    from -= bytes;
    replaces++;
  }
  return { kind: "part", file, from, bytes: Math.min(partBytesMax, file.bytes - from), replaces };
}

/** The step is done. */
export function withPart(draft: Draft, { kind, file, replaces }: CopyStep, part: StoredPart): Draft {
  const name: FileName = { file: file.file, seq: file.seq };
  const next = Math.max(draft.next, part.number + 1);
  if (kind === "base") return { ...draft, next, base: { ...name, ...part } };
  const before = partsIn(draft, file);
  const parts = [...before.slice(0, before.length - replaces), part];
  const others = draft.increments.filter((one) => one.file !== file.file);
  return { ...draft, next, increments: [...others, { ...name, parts }] };
}

/** What a manifest is to name when no step is left. */
export function setOf({ base, next, ...draft }: Draft, files: LocalFiles, position: KeptPosition): AofSet {
  if (base === null) throw new Error("a set without its base");
  const increments = files.increments.map((file) => ({
    file: file.file,
    seq: file.seq,
    parts: partsIn({ base, next, ...draft }, file),
  }));
  return { ...position, base, increments, next };
}

/** Whether the manifest that is there says it all: the time alone is no news. */
export function isPublished(set: AofSet, published: AofSet | null): boolean {
  const telling = ({ epoch, base, increments }: AofSet) => JSON.stringify([epoch, base, increments]);
  return published !== null && telling(set) === telling(published);
}

/** Numbers of parts that only the one before names. */
export function supersededParts(before: readonly StoredPart[], now: readonly StoredPart[]): number[] {
  const kept = new Set(now.map(({ number }) => number));
  return before.map(({ number }) => number).filter((number) => !kept.has(number));
}

function partsIn({ increments }: Draft, { file }: FileName): readonly StoredPart[] {
  return increments.find((one) => one.file === file)?.parts ?? [];
}
