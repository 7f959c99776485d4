/** Append-only files in a storage that is a directory, without engines: what counts of a copy, and what is in the way of one. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CacheId, NodeId, NodeSpec, PersistenceSpec } from "@larder/api";
import { systemClock, systemRandomness } from "@larder/service";
import { openFolder } from "@larder/storage";
import { dropBefore, takeBack } from "../packages/agent/persistence/aof-copies/aof-restore.ts";
import type { AofSet } from "../packages/agent/persistence/aof-copies/aof-set.ts";
import { AofSets } from "../packages/agent/persistence/aof-copies/aof-sets.ts";
import { stillTrue } from "../packages/agent/persistence/aof-copies/local-files.ts";
import { readAof } from "../packages/agent/persistence/append-only-files.ts";
import { Copies } from "../packages/agent/persistence/copies.ts";
import { CopyFinder } from "../packages/agent/persistence/copy-finder.ts";
import { copiesPrefix, copyName } from "../packages/agent/persistence/copy-name.ts";
import { keepingPaths } from "../packages/agent/persistence/node-keeping.ts";
import { Problems } from "../packages/agent/persistence/problems.ts";
import { nodeSpec } from "./fixture/test-agent.ts";

const cacheId = "cache-1" as CacheId;
const sinceMs = 5;
let directory: string;
let problems: Problems;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-aof-"));
  problems = new Problems({ error: () => {} }, () => {});
});
afterEach(() => rmSync(directory, { recursive: true }));

const paths = () => keepingPaths(join(directory, "node"));
const folderOf = (nodeId: string) => join(directory, "files", cacheId, String(sinceMs), "aof", nodeId);
const partName = (number: number) => `${String(number).padStart(10, "0")}.part`;

function part(number: number, text: string) {
  return { number, bytes: text.length, sha256: createHash("sha256").update(text).digest("hex") };
}

function setOf(epoch: number): AofSet {
  const base = { file: "1.base.rdb", seq: 1, ...part(1, "base") };
  const increments = [{ file: "1.incr.aof", seq: 1, parts: [part(2, "one"), part(3, "two"), part(4, "three")] }];
  return { epoch, offset: 100, savedAtMs: 1_800_000_000_000 + epoch, base, increments, next: 5 };
}

/** As it would have been copied. */
function store(nodeId: string, epoch: number): void {
  mkdirSync(folderOf(nodeId), { recursive: true });
  for (const [index, text] of ["base", "one", "two", "three"].entries())
    writeFileSync(join(folderOf(nodeId), partName(index + 1)), text);
  writeFileSync(join(folderOf(nodeId), "manifest.json"), JSON.stringify({ version: 1, ...setOf(epoch) }));
}

/** What the node has of its own. */
function keep(increment: string, epoch: number): void {
  mkdirSync(paths().aofDirectory, { recursive: true });
  const put = (name: string, text: string) => writeFileSync(join(paths().aofDirectory, name), text);
  put("a.manifest", "file 1.base.rdb seq 1 type b\nfile 1.incr.aof seq 1 type i\n");
  put("1.base.rdb", "base");
  put("1.incr.aof", increment);
  const note = { sinceMs, epoch, offset: 50, base: "1.base.rdb", bytes: 4 + increment.length };
  writeFileSync(paths().aofNotePath, JSON.stringify(note));
}

const increment = () => readFileSync(join(paths().aofDirectory, "1.incr.aof"), "utf8");

async function bringNewest(): Promise<boolean> {
  const finder = new CopyFinder({
    storageRoots: [join(directory, "files")],
    clock: systemClock,
    randomness: systemRandomness,
    nodeId: "node-1" as NodeId,
    paths: paths(),
    problems,
    snapshots: { seal: () => Promise.resolve(undefined) },
    log: { info: () => {} },
    signal: new AbortController().signal,
  });
  const spec: NodeSpec = nodeSpec({ cacheId });
  const copyTo = { url: `file://${join(directory, "files")}`, credentials: null };
  const none = { snapshotEveryMs: null, snapshotsMax: 1, hasAof: true, takesCopy: true, aofCopyEveryMs: 10_000 };
  const persistence: PersistenceSpec = { sinceMs, copyTo, ...none };
  return finder.bringNewest(spec, persistence, readAof(paths(), sinceMs));
}

test("the newest copy takes the place of what is older, which stays until that is loaded", async () => {
  store("old", 2);
  store("new", 3);
  keep("mine", 1);
  expect(await bringNewest()).toBe(true);
  expect(increment()).toBe("onetwothree");
  expect(readAof(paths(), sinceMs)).toEqual({ epoch: 3, offset: 100, savedAtMs: 1_800_000_000_003, bytes: 15 });

  await takeBack(paths());
  expect(increment()).toBe("onetwothree");
  rmSync(paths().aofDirectory, { recursive: true });
  await takeBack(paths());
  expect(increment()).toBe("mine");
  expect(readAof(paths(), sinceMs)).toMatchObject({ epoch: 1, offset: 50 });
  await dropBefore(paths());
  expect(readdirSync(paths().directory).sort()).toEqual(["appendonly.json", "appendonlydir"]);
});

test("a copy that is not what was stored is passed over, and so is a manifest that cannot be read", async () => {
  for (const [index, name] of ["old", "changed", "missing", "longer", "unreadable"].entries()) store(name, index + 2);
  writeFileSync(join(folderOf("changed"), partName(3)), "TWO");
  rmSync(join(folderOf("missing"), partName(2)));
  writeFileSync(join(folderOf("longer"), partName(1)), "base and more");
  writeFileSync(join(folderOf("unreadable"), "manifest.json"), "{");
  expect(await bringNewest()).toBe(true);
  expect(readAof(paths(), sinceMs)).toMatchObject({ epoch: 2 });
  expect(problems.gravest).toMatchObject({ code: "RestoreFailed" });
  expect(problems.failures).toBe(3);
});

test("what the node has stays where it is newer, and where no copy can be read", async () => {
  store("old", 2);
  keep("mine", 3);
  expect(await bringNewest()).toBe(false);
  keep("mine", 1);
  rmSync(join(folderOf("old"), partName(4)));
  expect(await bringNewest()).toBe(false);
  expect(increment()).toBe("mine");
  expect(existsSync(paths().aofBeforeDirectory)).toBe(false);
});

test("what was copied counts as far as the files still begin with it", async () => {
  const kept = async (text: string, base = "base") => {
    keep(text, 1);
    writeFileSync(join(paths().aofDirectory, "1.base.rdb"), base);
    const draft = await stillTrue(setOf(1), paths(), new AbortController().signal);
    return [draft.base?.number, ...draft.increments.flatMap(({ parts }) => parts.map(({ number }) => number))];
  };
  expect(await kept("onetwothree and more")).toEqual([1, 2, 3, 4]);
  expect(await kept("onetwothr")).toEqual([1, 2, 3]);
  expect(await kept("onetwXthree")).toEqual([1, 2]);
  expect(await kept("onetwo", "bass")).toEqual([undefined, 2, 3]);
});

// ── a cache that goes over to the other kind ─────────────────────────────────────────────────────────────────────────

const storage = () => ({
  storageRoots: [join(directory, "files")],
  clock: systemClock,
  randomness: systemRandomness,
});
const location = () => ({ url: `file://${join(directory, "files")}`, credentials: null });
const copies = () => new Copies(location(), cacheId, { sinceMs } as PersistenceSpec, storage());
const stored = () =>
  readdirSync(join(directory, "files", cacheId, String(sinceMs)), { recursive: true })
    .map(String)
    .filter((name) => /\.(rdb|json|part)$/.test(name));
const { signal } = new AbortController();

/** As it would have been copied, or copied just now. */
const positionAt = (epoch: number, offset: number) => ({ epoch, offset, savedAtMs: 1_800_000_000_000 + epoch });
function storeSnapshot(epoch: number, offset: number): void {
  const name = copyName(copiesPrefix(cacheId, sinceMs), positionAt(epoch, offset), "old" as NodeId);
  mkdirSync(join(directory, "files", cacheId, String(sinceMs)), { recursive: true });
  writeFileSync(join(directory, "files", name), "snapshot");
}
async function putSnapshot(epoch: number, offset: number): Promise<void> {
  const path = join(directory, "7.rdb");
  writeFileSync(path, "snapshot");
  const note = { ...positionAt(epoch, offset), sinceMs, endedAtMs: 1, durationMs: 1, bytes: 8, number: 7, path };
  await copies().put(note, "other" as NodeId, 2, signal);
}

test("append-only files stay in storage until a newer snapshot is there", async () => {
  store("mine", 3);
  expect(await copies().retireAof("mine" as NodeId, signal)).toBe(false);
  await putSnapshot(3, 99);
  expect(await copies().retireAof("mine" as NodeId, signal)).toBe(false);
  expect(stored()).toHaveLength(6);
  await putSnapshot(3, 101);
  expect(stored()).toHaveLength(7);
  expect(await copies().retireAof("mine" as NodeId, signal)).toBe(true);
  expect(stored().filter((name) => !name.endsWith(".rdb"))).toEqual([]);
});

test("append-only files of a node that is gone go with a snapshot, a day later", async () => {
  for (const [name, epoch] of [
    ["gone", 2],
    ["newer", 4],
    ["recent", 2],
  ] as const)
    store(name, epoch);
  for (const name of ["gone", "newer"])
    for (const file of readdirSync(folderOf(name)))
      utimesSync(join(folderOf(name), file), Date.now() / 1000 - 90_000, Date.now() / 1000 - 90_000);
  await putSnapshot(3, 5);
  expect(
    stored()
      .filter((name) => name.endsWith("manifest.json"))
      .sort(),
  ).toEqual(["aof/newer/manifest.json", "aof/recent/manifest.json"]);
});

test("snapshots go once append-only files that are newer are whole in storage", async () => {
  storeSnapshot(3, 99);
  storeSnapshot(3, 101);
  store("mine", 3);
  const sets = new AofSets(openFolder(location(), storage()), copiesPrefix(cacheId, sinceMs));
  await sets.sweep(setOf(3), { nodeId: "mine" as NodeId, nowMs: Date.now() }, signal);
  expect(stored().filter((name) => name.endsWith(".rdb"))).toEqual([expect.stringContaining("-0000000000000101-")]);
  expect(stored()).toHaveLength(6);
});
