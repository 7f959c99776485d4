/** What a node keeps on disk, with a real agent and real engines: everything is killed, and comes back. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { NodeObserved, NodeSpec, PersistenceSpec } from "@larder/api";
import { Redis } from "ioredis";
import { identifyProcess } from "../packages/agent/engine/process.ts";
import { hasNativeEngine } from "./fixture/native-engine.ts";
import { nodeSpec, TestAgent } from "./fixture/test-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

const nativeTest = test.skipIf(!hasNativeEngine);
const failFast = { retryStrategy: () => null, maxRetriesPerRequest: 0, enableReadyCheck: false };

/** More than compresses well. */
const longValue = Array.from({ length: 500 }, (_, index) => index).join("-");

let agent: TestAgent;
const clients: Redis[] = [];

function newAgent(): TestAgent {
  agent = new TestAgent();
  agent.controller.start();
  return agent;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await agent.clear();
});

function clientOf({ socketPath }: NodeObserved): Redis {
  const client = new Redis({ ...failFast, path: socketPath, username: "larder-admin", password: "admin-password" });
  client.on("error", () => {});
  clients.push(client);
  return client;
}

function persistence(given: Partial<PersistenceSpec>): PersistenceSpec {
  const none = { snapshotEveryMs: null, snapshotsMax: 1, hasAof: false, copyTo: null, aofCopyEveryMs: null };
  return { sinceMs: Date.now(), ...none, takesCopy: false, ...given };
}

async function killed({ pid }: NodeObserved): Promise<void> {
  if (pid === null) throw new Error("the node has no process");
  process.kill(pid, "SIGKILL");
  await until("the engine has ended", async () => (await identifyProcess(pid)) === undefined);
}

/** Another life, which has taken the spec. */
function nextLife(spec: NodeSpec, { runId }: NodeObserved): Promise<NodeObserved> {
  return agent.controller.observedWhen(spec, (node) => node.state === "running" && node.runId !== runId);
}

async function runNode(given: Partial<NodeSpec>) {
  const spec = nodeSpec(given);
  agent.controller.want(spec);
  return { spec, node: await agent.controller.running(spec) };
}

nativeTest("a snapshot: a node whose engine and agent are killed has what was saved", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({ persistence: persistence({ snapshotEveryMs: 1_000 }) });
  const client = clientOf(node);
  await client.mset(
    Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`key-${index}`, `value-${index}`])),
  );
  await client.set("short-lived", "x", "EX", 1_000);
  await agent.controller.observedWhen(spec, ({ persistence }) => (persistence?.lastSnapshot?.bytes ?? 0) > 10_000);

  await agent.signal("SIGKILL");
  await killed(node);
  agent.controller.forget();
  await agent.start();
  const again = await nextLife(spec, node);
  expect(again.restored).toMatchObject({ from: "snapshot", epoch: 0 });
  expect(await clientOf(again).dbsize()).toBe(1_001);
  expect(await clientOf(again).ttl("short-lived")).toBeGreaterThan(900);
});

nativeTest("append-only files: an engine that is killed has all that it answered but for the last second", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({ persistence: persistence({ hasAof: true }) });
  await agent.controller.observedWhen(spec, ({ persistence }) => persistence?.hasAof === true);
  const client = clientOf(node);
  for (let index = 0; index < 100; index++) await client.multi().set(`key-${index}`, "1").incr("sum").exec();
  await client.flushall();
  for (let index = 0; index < 100; index++) await client.multi().set(`key-${index}`, "1").incr("sum").exec();
  const savedMs = Date.now();
  await until("a second has passed", () => Date.now() > savedMs + 2_000);

  await agent.signal("SIGKILL");
  await killed(node);
  agent.controller.forget();
  await agent.start();
  const again = await nextLife(spec, node);
  expect(again.restored).toMatchObject({ from: "aof" });
  expect(await clientOf(again).get("sum")).toBe("100");
  expect(await clientOf(again).dbsize()).toBe(101);
});

nativeTest("a snapshot that is damaged is kept aside, and the one before it is taken", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({ persistence: persistence({ snapshotEveryMs: 500 }) });
  await clientOf(node).set("key", longValue);
  const directory = join(agent.nodesDirectory, spec.nodeId, "snapshots");
  await until(
    "there are two snapshots of it",
    () => listed(directory, ".rdb").filter((path) => statSync(path).size > 200).length >= 2,
  );
  await agent.signal("SIGKILL");
  await killed(node);
  const paths = listed(directory, ".rdb").sort((a, b) => numberOf(b) - numberOf(a));
  flipByte(paths[0]!, statSync(paths[0]!).size - 20);

  agent.controller.forget();
  await agent.start();
  const again = await nextLife(spec, node);
  expect(again.persistence?.setAside).toHaveLength(1);
  expect(await clientOf(again).get("key")).toBe(longValue);
  expect(agent.log).toContain("kept aside");
});

nativeTest("append-only files that are damaged in the middle: what is before the damage comes back", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({ persistence: persistence({ hasAof: true }) });
  await agent.controller.observedWhen(spec, ({ persistence }) => persistence?.hasAof === true);
  const client = clientOf(node);
  for (let index = 0; index < 200; index++) await client.set(`key-${index}`, "value");
  await until("it is written", () => bytesOfAof(spec) > 6_000);
  await agent.signal("SIGKILL");
  await killed(node);
  const increment = aofIncrement(spec);
  writeFileSync(
    increment,
    Buffer.concat([
      readFileSync(increment).subarray(0, 3_000),
      Buffer.from("rubbish"),
      readFileSync(increment).subarray(3_007),
    ]),
  );

  agent.controller.forget();
  await agent.start();
  const again = await nextLife(spec, node);
  expect(again.restored).toMatchObject({ from: "aof" });
  expect(again.persistence?.setAside).toHaveLength(1);
  const keys = await clientOf(again).dbsize();
  expect(keys).toBeGreaterThan(50);
  expect(keys).toBeLessThan(100);
});

nativeTest("a host without the node's folder: the newest copy in storage comes back", async () => {
  const storage = join(newAgent().directory, "agent", "files");
  mkdirSync(storage, { recursive: true });
  await agent.start();
  const copyTo = { url: `file://${storage}`, credentials: null };
  const keeps = persistence({ snapshotEveryMs: 500, copyTo, takesCopy: true });
  const { spec, node } = await runNode({ persistence: keeps });
  await clientOf(node).set("key", longValue);
  await until("it is copied", () =>
    listed(join(storage, spec.cacheId, String(keeps.sinceMs)), ".rdb").some((path) => statSync(path).size > 150),
  );
  await agent.signal("SIGKILL");
  await killed(node);
  rmSync(join(agent.nodesDirectory, spec.nodeId), { recursive: true });

  agent.controller.forget();
  await agent.start();
  const again = await nextLife(spec, node);
  expect(again.restored).toMatchObject({ from: "copy" });
  expect(await clientOf(again).get("key")).toBe(longValue);
});

nativeTest("append-only files in storage: a node without its folder begins with what was copied", async () => {
  const storage = join(newAgent().directory, "agent", "files");
  mkdirSync(storage, { recursive: true });
  await agent.start();
  const copyTo = { url: `file://${storage}`, credentials: null };
  const keeps = persistence({ hasAof: true, aofCopyEveryMs: 200, copyTo, takesCopy: true });
  const { spec, node } = await runNode({ persistence: keeps });
  const folder = join(storage, spec.cacheId, String(keeps.sinceMs), "aof");
  const client = clientOf(node);
  const isCopied = () => until("all is copied", () => copiedBytes(join(folder, spec.nodeId)) === bytesOfAofs(spec));
  await agent.controller.observedWhen(spec, ({ persistence }) => persistence?.hasAof === true);
  for (let index = 0; index < 300; index++) await client.multi().set(`key-${index}`, longValue).incr("sum").exec();
  await isCopied();
  await client.bgrewriteaof();
  await until("the base is another", () =>
    existsSync(join(agent.nodesDirectory, spec.nodeId, "appendonlydir", "appendonly.aof.2.base.rdb")),
  );
  for (let index = 0; index < 300; index++) await client.incr("sum");
  await isCopied();
  // Another agent goes on with it.
  await agent.signal("SIGKILL");
  await agent.start();
  for (let index = 0; index < 300; index++) await client.incr("sum");
  await isCopied();
  await until(
    "nothing is left of what was before",
    () => listed(join(folder, spec.nodeId), ".part").length === partsNamed(join(folder, spec.nodeId)).length,
  );
  await agent.signal("SIGKILL");
  await killed(node);
  rmSync(join(agent.nodesDirectory, spec.nodeId), { recursive: true });

  agent.controller.forget();
  await agent.start();
  const elsewhere = { ...spec, nodeId: "node-elsewhere" as NodeSpec["nodeId"] };
  agent.controller.want(elsewhere);
  const again = await agent.controller.running(elsewhere);
  expect(again.restored).toMatchObject({ from: "copy" });
  expect(await clientOf(again).get("sum")).toBe("900");
  expect(await clientOf(again).dbsize()).toBe(301);
  await until("it has copied its own", () => copiedBytes(join(folder, elsewhere.nodeId)) > 0);
  await until("what it began with is gone", () => listed(join(folder, spec.nodeId), ".part").length === 0);
});

nativeTest("a node that ends as it is asked to saves first", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({ persistence: persistence({ snapshotEveryMs: 3_600_000 }) });
  await clientOf(node).set("key", "value");
  await agent.ask();
  agent.controller.forget();
  await agent.start();
  const again = await nextLife(spec, node);
  expect(again.restored).toMatchObject({ from: "snapshot" });
  expect(await clientOf(again).get("key")).toBe("value");

  const restarted = { ...spec, generation: 2, endRunId: again.runId };
  await clientOf(again).set("another", "value");
  agent.controller.want(restarted);
  expect(await clientOf(await nextLife(restarted, again)).get("another")).toBe("value");
});

nativeTest("it is turned on, changed and turned off while the node serves", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({});
  const client = clientOf(node);
  await client.set("key", "value");
  const folder = join(agent.nodesDirectory, spec.nodeId);
  const sinceMs = Date.now();
  const next = (generation: number, given: Partial<PersistenceSpec> | null) => {
    const changed = { ...spec, generation, persistence: given && persistence({ sinceMs, ...given }) };
    agent.controller.want(changed);
    return changed;
  };
  await agent.controller.observedWhen(next(2, { hasAof: true }), ({ persistence }) => persistence?.hasAof === true);
  next(3, { snapshotEveryMs: 3_600_000 });
  await until(
    "a snapshot is in place of the append-only files",
    () => listed(join(folder, "snapshots"), ".rdb").length === 1,
  );
  await until("they are gone", () => !existsSync(join(folder, "appendonlydir")));
  await agent.controller.observedWhen(next(4, { hasAof: true }), ({ persistence }) => persistence?.hasAof === true);
  next(5, null);
  await until(
    "nothing is kept",
    () => !existsSync(join(folder, "appendonlydir")) && !existsSync(join(folder, "snapshots")),
  );
  expect(await client.get("key")).toBe("value");
});

function listed(directory: string, ending: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(directory, name));
}

function numberOf(path: string): number {
  return Number.parseInt(basename(path), 10);
}

function aofIncrement(spec: NodeSpec): string {
  return listed(join(agent.nodesDirectory, spec.nodeId, "appendonlydir"), ".incr.aof").at(-1)!;
}

function bytesOfAof(spec: NodeSpec): number {
  return statSync(aofIncrement(spec)).size;
}

function bytesOfAofs(spec: NodeSpec): number {
  const folder = join(agent.nodesDirectory, spec.nodeId, "appendonlydir");
  const manifest = readFileSync(join(folder, "appendonly.aof.manifest"), "utf8");
  const names = [...manifest.matchAll(/^file (\S+) seq \d+ type [bi]/gm)].map(([, name]) => name!);
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

interface Named {
  base: { number: number; bytes: number };
  increments: { parts: { number: number; bytes: number }[] }[];
}

function namedIn(folder: string): Named["base"][] {
  const path = join(folder, "manifest.json");
  if (!existsSync(path)) return [];
  const { base, increments } = JSON.parse(readFileSync(path, "utf8")) as Named;
  return [base, ...increments.flatMap(({ parts }) => parts)];
}

function copiedBytes(folder: string): number {
  return namedIn(folder).reduce((sum, { bytes }) => sum + bytes, 0);
}

function partsNamed(folder: string): string[] {
  return namedIn(folder).map(({ number }) => `${String(number).padStart(10, "0")}.part`);
}

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(path, bytes);
}
