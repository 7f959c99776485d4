/** What a node keeps on disk, with a real agent and real engines: everything is killed, and comes back. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { NodeObserved, NodeSpec, PersistenceSpec } from "@larder/api";
import { Redis } from "ioredis";
import { identifyProcess } from "../packages/agent/engine/process.ts";
import { hasNativeEngine } from "./fixture/native-engine.ts";
import { nodeSpec, TestAgent } from "./fixture/test-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

const nativeTest = test.skipIf(!hasNativeEngine);
const failFast = { retryStrategy: () => null, maxRetriesPerRequest: 0, enableReadyCheck: false };

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
  const none = { snapshotEveryMs: null, snapshotsMax: 1, hasAof: false, copyTo: null, takesCopy: false };
  return { sinceMs: Date.now(), ...none, ...given };
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
  await client.mset(Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`key-${index}`, `value-${index}`])));
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
