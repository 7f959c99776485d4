/** Copies of snapshots that cannot be stored leave nothing open. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { CacheId, NodeId, PersistenceSpec } from "@larder/api";
import { systemClock, systemRandomness } from "@larder/service";
import { Copies } from "./copies.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-copies-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function openFiles(path: string): number {
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return links.filter((link) => link === path).length;
}

function copiesIn(folder: string): Copies {
  const location = { url: pathToFileURL(folder).href, credentials: null };
  const context = { storageRoots: [directory], clock: systemClock, randomness: systemRandomness };
  return new Copies(location, "cache" as CacheId, { sinceMs: 1 } as PersistenceSpec, context);
}

test("a snapshot that cannot be stored is not kept open", async () => {
  const path = join(directory, "7.rdb");
  writeFileSync(path, "snapshot");
  writeFileSync(join(directory, "file"), "no folder");
  const note = { epoch: 1, offset: 1, savedAtMs: 1, sinceMs: 1, endedAtMs: 1, durationMs: 1, bytes: 8 };
  const copies = copiesIn(join(directory, "file"));
  const signal = new AbortController().signal;
  for (let tries = 0; tries < 5; tries++)
    await expect(copies.put({ ...note, number: 7, path }, "node" as NodeId, 2, signal)).rejects.toThrow();
  expect(openFiles(path)).toBe(0);
});

test("a snapshot that is gone is an error, and no more than that", async () => {
  const note = { epoch: 1, offset: 1, savedAtMs: 1, sinceMs: 1, endedAtMs: 1, durationMs: 1, bytes: 8 };
  const copies = copiesIn(join(directory, "copies"));
  const gone = { ...note, number: 7, path: join(directory, "gone.rdb") };
  await expect(copies.put(gone, "node" as NodeId, 2, new AbortController().signal)).rejects.toThrow();
});
