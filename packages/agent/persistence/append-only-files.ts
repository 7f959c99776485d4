/**
 * The engine's append-only files (since Redis 7.0: a base, increments, and a manifest that names them), as far as it is to be
 * known how new they are. The engine alone writes and reads them.
 *
 * The note says where in the stream of writes the files ended when they were so long. What has come since is counted by its
 * bytes, which are about those of the stream: so of several nodes that all crashed the one with the most is found, to within
 * the pings of a few seconds. The files of a node that is copied to anew stay what they were, and so does the note, until the
 * engine has rewritten them: it writes nothing to them in between.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readJsonFile } from "@larder/service";
import type { KeptPosition } from "./kept-position.ts";
import type { KeepingPaths } from "./node-keeping.ts";

export interface AofNote {
  /** Of the persistence under which they were begun. */
  sinceMs: number;
  epoch: number;
  offset: number;
  /** The name of the base, which is another after each rewrite; "" before the first look. */
  base: string;
  /** Of all files. */
  bytes: number;
}

export interface KeptAof extends KeptPosition {
  bytes: number;
}

interface AofFiles {
  base: string;
  /** Of the base, and of all that was written after it. */
  baseBytes: number;
  bytes: number;
  writtenAtMs: number;
}

/** undefined: there is none that counts. */
export function readAof(paths: KeepingPaths, sinceMs: number): KeptAof | undefined {
  const files = readFiles(paths);
  const note = readNote(paths);
  if (files === undefined || note?.sinceMs !== sinceMs) return undefined;
  return { ...positionOf(note, files), bytes: files.bytes };
}

/** After a rewrite only what was written since it began is known to be newer than the note. */
export function positionOf(note: AofNote, files: AofFiles): KeptPosition {
  const added = files.base === note.base ? files.bytes - note.bytes : files.bytes - files.baseBytes;
  const offset = note.epoch === 0 ? 0 : Math.max(0, note.offset + added);
  return { epoch: note.epoch, offset, savedAtMs: files.writtenAtMs };
}

export function readNote({ aofNotePath }: KeepingPaths): AofNote | undefined {
  try {
    return readJsonFile<AofNote>(aofNotePath);
  } catch {
    return undefined;
  }
}

/** On disk when it resolves. Not in one go: a slow disk must not hold up the agent. */
export async function writeNote({ aofNotePath }: KeepingPaths, note: AofNote): Promise<void> {
  const temporary = `${aofNotePath}.new`;
  await writeFile(temporary, JSON.stringify(note), { mode: 0o600, flush: true });
  await rename(temporary, aofNotePath);
}

/** The name of the base that the manifest names; undefined where there is no manifest. */
export function baseName({ aofDirectory }: KeepingPaths): string | undefined {
  const manifest = manifestPath(aofDirectory);
  return manifest && namesIn(readFileSync(manifest, "utf8")).find(({ type }) => type === "b")?.name;
}

export function manifestPath(aofDirectory: string): string | undefined {
  const name = listed(aofDirectory).find((one) => one.endsWith(".manifest"));
  return name && join(aofDirectory, name);
}

function readFiles(paths: KeepingPaths): AofFiles | undefined {
  if (manifestPath(paths.aofDirectory) === undefined) return undefined;
  const files = listAofFiles(paths);
  const base = files.find(({ isBase }) => isBase);
  return {
    base: base?.file ?? "",
    baseBytes: base?.bytes ?? 0,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    writtenAtMs: Math.floor(Math.max(0, ...files.map(({ writtenAtMs }) => writtenAtMs))),
  };
}

export interface AofFile {
  file: string;
  /** Its number in the manifest. */
  seq: number;
  isBase: boolean;
  bytes: number;
  writtenAtMs: number;
}

/** Those that the manifest names, but for what a rewrite has replaced, in its order; none where there is no manifest. */
export function listAofFiles({ aofDirectory }: KeepingPaths): AofFile[] {
  const manifest = manifestPath(aofDirectory);
  if (manifest === undefined) return [];
  const named = namesIn(readFileSync(manifest, "utf8")).filter(({ type }) => type !== "h");
  return named.map(({ name, seq, type }) => {
    const found = statSync(join(aofDirectory, name), { throwIfNoEntry: false });
    return { file: name, seq, isBase: type === "b", bytes: found?.size ?? 0, writtenAtMs: found?.mtimeMs ?? 0 };
  });
}

/** "file appendonly.aof.1.incr.aof seq 1 type i". The engine quotes no name that it has made itself. */
function namesIn(manifest: string): { name: string; seq: number; type: string }[] {
  return [...manifest.matchAll(/^file (\S+) seq (\d+) type ([bih])/gm)].map(([, name = "", seq = "", type = ""]) => ({
    name,
    seq: Number(seq),
    type,
  }));
}

/** As the engine writes it. */
export function manifestText(files: readonly Pick<AofFile, "file" | "seq" | "isBase">[]): string {
  return files.map(({ file, seq, isBase }) => `file ${file} seq ${seq} type ${isBase ? "b" : "i"}\n`).join("");
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
