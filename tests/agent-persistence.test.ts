/** What a node keeps on disk, with a real agent and real engines: everything is killed, and comes back. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { NodeObserved, NodeSpec, PersistenceSpec } from "@larder/api";
import { Redis } from "ioredis";
import { identifyProcess } from "../packages/agent/engine/process.ts";
import { hasNativeEngine } from "./fixture/native-engine.ts";
import { nodeSpec, TestAgent } from "./fixture/test-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

const nativeTest = hasNativeEngine ? test.concurrent : test.skip;
const failFast = { retryStrategy: () => null, maxRetriesPerRequest: 0, enableReadyCheck: false };

/** More than compresses well. */
const longValue = Array.from({ length: 500 }, (_, index) => index).join("-");

/** One agent with its engines, of one test: the tests wait more than they work, so they run beside one another. */
class Host {
  readonly agent = new TestAgent();
  readonly #clients: Redis[] = [];

  async clear(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.agent.clear();
  }

  clientOf({ socketPath }: NodeObserved): Redis {
    const client = new Redis({ ...failFast, path: socketPath, username: "larder-admin", password: "admin-password" });
    client.on("error", () => {});
    this.#clients.push(client);
    return client;
  }

  async runNode(given: Partial<NodeSpec>) {
    const spec = nodeSpec(given);
    this.agent.controller.want(spec);
    return { spec, node: await this.agent.controller.running(spec) };
  }

  /** Another life, which has taken the spec. */
  nextLife(spec: NodeSpec, { runId }: NodeObserved): Promise<NodeObserved> {
    return this.agent.controller.observedWhen(spec, (node) => node.state === "running" && node.runId !== runId);
  }

  aofIncrement(spec: NodeSpec): string {
    return listed(join(this.agent.nodesDirectory, spec.nodeId, "appendonlydir"), ".incr.aof").at(-1)!;
  }
}

function hostTest(name: string, act: (host: Host) => Promise<void>): void {
  nativeTest(name, async () => {
    const host = new Host();
    host.agent.controller.start();
    try {
      await act(host);
    } finally {
      await host.clear();
    }
  });
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

hostTest("a snapshot: a node whose engine and agent are killed has what was saved", async (host) => {
  const { agent } = host;
  await agent.start();
  const { spec, node } = await host.runNode({ persistence: persistence({ snapshotEveryMs: 1_000 }) });
  const client = host.clientOf(node);
  await client.mset(
    Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`key-${index}`, `value-${index}`])),
  );
  await client.set("short-lived", "x", "EX", 1_000);
  await agent.controller.observedWhen(spec, ({ persistence }) => (persistence?.lastSnapshot?.bytes ?? 0) > 10_000);

  await agent.signal("SIGKILL");
  await killed(node);
  agent.controller.forget();
  await agent.start();
  const again = await host.nextLife(spec, node);
  expect(again.restored).toMatchObject({ from: "snapshot", epoch: 0 });
  expect(await host.clientOf(again).dbsize()).toBe(1_001);
  expect(await host.clientOf(again).ttl("short-lived")).toBeGreaterThan(900);
});

hostTest(
  "append-only files: an engine that is killed has all that it answered but for the last second",
  async (host) => {
    const { agent } = host;
    await agent.start();
    const { spec, node } = await host.runNode({ persistence: persistence({ hasAof: true }) });
    await agent.controller.observedWhen(spec, ({ persistence }) => persistence?.hasAof === true);
    const client = host.clientOf(node);
    for (let index = 0; index < 100; index++) await client.multi().set(`key-${index}`, "1").incr("sum").exec();
    await client.flushall();
    for (let index = 0; index < 100; index++) await client.multi().set(`key-${index}`, "1").incr("sum").exec();
    await client.set("last", "1");
    await until("all of it is written", () => readFileSync(host.aofIncrement(spec)).includes("last"));

    await agent.signal("SIGKILL");
    await killed(node);
    agent.controller.forget();
    await agent.start();
    const again = await host.nextLife(spec, node);
    expect(again.restored).toMatchObject({ from: "aof" });
    expect(await host.clientOf(again).get("sum")).toBe("100");
    expect(await host.clientOf(again).dbsize()).toBe(102);
  },
);

hostTest("a snapshot that is damaged is kept aside, and the one before it is taken", async (host) => {
  const { agent } = host;
  await agent.start();
  const { spec, node } = await host.runNode({ persistence: persistence({ snapshotEveryMs: 500 }) });
  await host.clientOf(node).set("key", longValue);
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
  const again = await host.nextLife(spec, node);
  expect(again.persistence?.setAside).toHaveLength(1);
  expect(await host.clientOf(again).get("key")).toBe(longValue);
  expect(agent.log).toContain("kept aside");
});

hostTest("append-only files that are damaged in the middle: what is before the damage comes back", async (host) => {
  const { agent } = host;
  await agent.start();
  const { spec, node } = await host.runNode({ persistence: persistence({ hasAof: true }) });
  await agent.controller.observedWhen(spec, ({ persistence }) => persistence?.hasAof === true);
  const client = host.clientOf(node);
  for (let index = 0; index < 200; index++) await client.set(`key-${index}`, "value");
  await until("it is written", () => statSync(host.aofIncrement(spec)).size > 6_000);
  await agent.signal("SIGKILL");
  await killed(node);
  const increment = host.aofIncrement(spec);
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
  const again = await host.nextLife(spec, node);
  expect(again.restored).toMatchObject({ from: "aof" });
  expect(again.persistence?.setAside).toHaveLength(1);
  const keys = await host.clientOf(again).dbsize();
  expect(keys).toBeGreaterThan(50);
  expect(keys).toBeLessThan(100);
});

hostTest("a host without the node's folder: the newest copy in storage comes back", async (host) => {
  const { agent } = host;
  const storage = join(agent.directory, "agent", "files");
  mkdirSync(storage, { recursive: true });
  await agent.start();
  const copyTo = { url: `file://${storage}`, credentials: null };
  const keeps = persistence({ snapshotEveryMs: 500, copyTo, takesCopy: true });
  const { spec, node } = await host.runNode({ persistence: keeps });
  await host.clientOf(node).set("key", longValue);
  await until("it is copied", () =>
    listed(join(storage, spec.cacheId, String(keeps.sinceMs)), ".rdb").some((path) => statSync(path).size > 150),
  );
  await agent.signal("SIGKILL");
  await killed(node);
  rmSync(join(agent.nodesDirectory, spec.nodeId), { recursive: true });

  agent.controller.forget();
  await agent.start();
  const again = await host.nextLife(spec, node);
  expect(again.restored).toMatchObject({ from: "copy" });
  expect(await host.clientOf(again).get("key")).toBe(longValue);
});

hostTest("append-only files in storage: a node without its folder begins with what was copied", async (host) => {
  const { agent } = host;
  const storage = join(agent.directory, "agent", "files");
  mkdirSync(storage, { recursive: true });
  await agent.start();
  const copyTo = { url: `file://${storage}`, credentials: null };
  const keeps = persistence({ hasAof: true, aofCopyEveryMs: 200, copyTo, takesCopy: true });
  const { spec, node } = await host.runNode({ persistence: keeps });
  const folder = join(storage, spec.cacheId, String(keeps.sinceMs), "aof");
  const client = host.clientOf(node);
  const isCopied = () =>
    until("all is copied", () => copiedBytes(join(folder, spec.nodeId)) === bytesOfAofs(agent, spec));
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
  expect(await host.clientOf(again).get("sum")).toBe("900");
  expect(await host.clientOf(again).dbsize()).toBe(301);
  await until("it has copied its own", () => copiedBytes(join(folder, elsewhere.nodeId)) > 0);
  await until("what it began with is gone", () => listed(join(folder, spec.nodeId), ".part").length === 0);

  const goesOver = persistence({ sinceMs: keeps.sinceMs, snapshotEveryMs: 3_600_000, copyTo });
  agent.controller.want({ ...elsewhere, generation: 2, persistence: goesOver });
  await until("a snapshot is in place of them", () => {
    const areGone = listed(join(folder, elsewhere.nodeId), ".part").length === 0;
    const isThere = listed(join(folder, ".."), ".rdb").length === 1;
    expect(isThere || !areGone).toBe(true);
    return isThere && areGone;
  });
});

hostTest("a node that ends as it is asked to saves first", async (host) => {
  const { agent } = host;
  await agent.start();
  const { spec, node } = await host.runNode({ persistence: persistence({ snapshotEveryMs: 3_600_000 }) });
  await host.clientOf(node).set("key", "value");
  await agent.ask();
  agent.controller.forget();
  await agent.start();
  const again = await host.nextLife(spec, node);
  expect(again.restored).toMatchObject({ from: "snapshot" });
  expect(await host.clientOf(again).get("key")).toBe("value");

  const restarted = { ...spec, generation: 2, endRunId: again.runId };
  await host.clientOf(again).set("another", "value");
  agent.controller.want(restarted);
  expect(await host.clientOf(await host.nextLife(restarted, again)).get("another")).toBe("value");
});

hostTest("it is turned on, changed and turned off while the node serves", async (host) => {
  const { agent } = host;
  await agent.start();
  const { spec, node } = await host.runNode({});
  const client = host.clientOf(node);
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

function bytesOfAofs({ nodesDirectory }: TestAgent, spec: NodeSpec): number {
  const folder = join(nodesDirectory, spec.nodeId, "appendonlydir");
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
