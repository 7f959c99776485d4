/** Which snapshot is copied where, in a storage that is a directory. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { CacheId, NodeId, PersistenceSpec } from "@larder/api";
import { systemClock, systemRandomness } from "@larder/service";
import { Copier } from "./copier.ts";
import { keepingPaths } from "./node-keeping.ts";
import { Problems } from "./problems.ts";
import type { Snapshot } from "./snapshots.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-copier-"));
  mkdirSync(join(directory, "node"));
  writeFileSync(join(directory, "7.rdb"), "snapshot");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const snapshot = (): Snapshot => ({
  ...{ epoch: 1, offset: 1, savedAtMs: 1, sinceMs: 1, endedAtMs: 1, durationMs: 1, bytes: 8 },
  ...{ number: 7, path: join(directory, "7.rdb") },
});
const copier = () =>
  new Copier({
    storageRoots: [directory],
    clock: systemClock,
    randomness: systemRandomness,
    nodeId: "node" as NodeId,
    paths: keepingPaths(join(directory, "node")),
    problems: new Problems({ error: () => {} }, () => {}),
    onChange: () => {},
  });

function persistenceTo(folder: string): PersistenceSpec {
  const url = pathToFileURL(join(directory, folder)).href;
  return { sinceMs: 1, snapshotsMax: 1, copyTo: { url, credentials: null } } as PersistenceSpec;
}

function copied(folder: string): string[] {
  const path = join(directory, folder);
  return existsSync(path)
    ? readdirSync(path, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith(".rdb"))
    : [];
}

async function attend(one: Copier, persistence: PersistenceSpec): Promise<void> {
  one.attend(snapshot(), persistence, "cache" as CacheId);
  await one.idle();
}

test("a snapshot is copied once to each place, also by the next agent", async () => {
  const first = copier();
  await attend(first, persistenceTo("one"));
  expect(copied("one")).toHaveLength(1);
  expect(first.copiedAtMs(persistenceTo("one"))).not.toBeNull();
  rmSync(join(directory, "one"), { recursive: true });
  const next = copier();
  await attend(next, persistenceTo("one"));
  expect(copied("one")).toEqual([]);
  expect(next.copiedAtMs(persistenceTo("two"))).toBeNull();
  await attend(next, persistenceTo("two"));
  expect(copied("two")).toHaveLength(1);
  expect(next.copiedAtMs(persistenceTo("one"))).toBeNull();
});
