/**
 * What is in storage of a node's append-only files: the manifest that names it, and what the files are called. Pure.
 *
 *   CACHE/SINCE/aof/NODE/manifest.json      put last: only what it names counts
 *   CACHE/SINCE/aof/NODE/0000000007.part    a base, or a span of an increment
 *
 * It is not the engine's manifest, which is made from it when the files go back to a disk. Numbers of parts only rise, so that
 * no part that a manifest names is ever another.
 */
import type { NodeId } from "@larder/api";
import type { KeptPosition } from "../kept-position.ts";

export interface StoredPart {
  number: number;
  bytes: number;
  /** In hexadecimal. */
  sha256: string;
}

/** By the engine's own name for the file, and its number in the engine's manifest. */
export interface FileName {
  file: string;
  seq: number;
}

export type StoredBase = FileName & StoredPart;

export interface StoredIncrement extends FileName {
  /** One after another from the beginning of the file. */
  parts: readonly StoredPart[];
}

/** Up to the position at least. */
export interface AofSet extends KeptPosition {
  base: StoredBase;
  /** In the order in which the engine reads them. */
  increments: readonly StoredIncrement[];
  /** The next number. */
  next: number;
}

const version = 1;
export const manifestBytesMax = 16 * 1024 * 1024;

export function foldersPrefix(prefix: string): string {
  return `${prefix}aof/`;
}

export function manifestName(prefix: string, nodeId: NodeId): string {
  return `${foldersPrefix(prefix)}${nodeId}/manifest.json`;
}

export function partName(prefix: string, nodeId: NodeId, number: number): string {
  return `${foldersPrefix(prefix)}${nodeId}/${String(number).padStart(10, "0")}.part`;
}

/** Whose file it is; undefined for one that is none of these. */
export function nodeOf(prefix: string, name: string): NodeId | undefined {
  const folders = foldersPrefix(prefix);
  if (!name.startsWith(folders)) return undefined;
  return /^([\w-]+)\/(?:manifest\.json|\d{10}\.part)$/.exec(name.slice(folders.length))?.[1] as NodeId | undefined;
}

export function partsOf({ base, increments }: Pick<AofSet, "base" | "increments">): StoredPart[] {
  return [base, ...increments.flatMap(({ parts }) => parts)];
}

export function bytesOf(parts: readonly StoredPart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

export function encodeSet(set: AofSet, about: { cacheId: string; nodeId: NodeId }): string {
  return JSON.stringify({ version, ...about, ...set });
}

/** Anybody may have written it. undefined: it is none. */
export function parseSet(text: string): AofSet | undefined {
  try {
    const found = JSON.parse(text) as AofSet & { version: unknown };
    if (found.version !== version) return undefined;
    const { epoch, offset, savedAtMs, next } = found;
    if (![epoch, offset, savedAtMs, next].every(isCount)) return undefined;
    const base = parseBase(found.base);
    const increments = found.increments.map(parseIncrement);
    const files = [base, ...increments].map(({ file }) => file);
    return new Set(files).size === files.length ? { epoch, offset, savedAtMs, base, increments, next } : undefined;
  } catch {
    return undefined;
  }
}

function parseBase(found: StoredBase): StoredBase {
  return { ...parseFileName(found), ...parsePart(found) };
}

function parseIncrement(found: StoredIncrement): StoredIncrement {
  return { ...parseFileName(found), parts: found.parts.map(parsePart) };
}

/** It becomes the name of a file on a disk. */
function parseFileName({ file, seq }: FileName): FileName {
  if (!/^\w[\w.-]{0,100}\.(rdb|aof)$/.test(file) || !isCount(seq)) throw new Error("no file's name");
  return { file, seq };
}

function parsePart({ number, bytes, sha256 }: StoredPart): StoredPart {
  if (!isCount(number) || !isCount(bytes) || !/^[0-9a-f]{64}$/.test(sha256)) throw new Error("no part");
  return { number, bytes, sha256 };
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
