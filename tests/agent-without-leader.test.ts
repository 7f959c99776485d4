/** A node alone that is given replicas, and replicas that are read from while nobody leads: the agent's part, with real engines. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { NodeId, NodeObserved } from "@larder/api";
import { nodeCertificateFlags } from "./fixture/certificate.ts";
import { EngineClients, nativeEngines } from "./fixture/engine-clients.ts";
import { hasRedis, hasValkey } from "./fixture/native-engine.ts";
import { leaderOf, NodePair, nodeUser } from "./fixture/node-pair.ts";
import { nodeSpec, TestAgent } from "./fixture/test-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

let agent: TestAgent;
let flags: string[];
const clients = new EngineClients();

beforeEach(async () => {
  agent = new TestAgent();
  agent.controller.start();
  flags = await nodeCertificateFlags(agent.directory);
});

afterEach(async () => {
  clients.close();
  await agent.clear();
});

async function servesStale(node: NodeObserved): Promise<boolean> {
  const [, value] = (await clients.admin(node).call("CONFIG", "GET", "replica-serve-stale-data")) as string[];
  return value === "yes";
}

for (const { title, program, has } of nativeEngines) {
  const run = test.skipIf(!has);
  const start = () => agent.start([...flags, "--engine-path", Bun.which(program) ?? program]);

  run(`${title}: a node alone is given a replica while it serves`, async () => {
    await start();
    const pair = new NodePair(agent.controller);
    const { replication } = pair;
    agent.controller.want({ ...pair.a, replication: null });
    const alone = await agent.controller.running(pair.a);
    expect(alone.replication).toMatchObject({ role: "primary", epoch: 0, address: { host: "127.0.0.1" } });
    const client = clients.of(alone);
    await client.set("key", "value");

    pair.want();
    expect(await agent.controller.running(pair.a)).toMatchObject({
      runId: alone.runId,
      replication: alone.replication!,
    });
    await pair.has("b", "detached");
    pair.want({ leader: leaderOf(alone, 1) });
    const a = await pair.has("a", "primary");
    expect(a).toMatchObject({ runId: alone.runId, error: null, replication: { copiedEpoch: 1 } });
    const replica = clients.of(await pair.has("b", "replica"));
    await until("the replica has it", async () => (await replica.get("key")) === "value");
    expect(await client.set("key", "newer")).toBe("OK");

    agent.controller.want({ ...pair.a, generation: 9, replication: null }, { ...pair.b, generation: 9, replication });
    const refused = await agent.controller.observedWhen(pair.a, ({ error }) => error !== null);
    expect(refused).toMatchObject({ runId: alone.runId, error: { code: "OperationNotSupported" } });
  });

  run(`${title}: a replica whose leader is lost may be read from, and an empty life never`, async () => {
    await start();
    const pair = new NodePair(agent.controller);
    pair.want({ serveStale: true });
    const detached = await pair.has("a", "detached");
    await pair.has("b", "detached");
    await expect(clients.of(detached).get("key")).rejects.toThrow("MASTERDOWN");
    pair.want({ leader: leaderOf(detached, 1) });
    const [a, b] = [await pair.has("a", "primary"), await pair.has("b", "replica")];
    await clients.of(a).set("key", "value");
    const replica = clients.of(b);
    await until("the replica has it", async () => (await replica.get("key")) === "value");
    await until("it may be read from", () => servesStale(b));

    process.kill(a.pid!, "SIGKILL");
    const emptied = await agent.controller.observedWhen(pair.a, ({ runId }) => runId !== null && runId !== a.runId);
    await agent.controller.observedWhen(pair.b, ({ replication }) => replication?.inSync === false);
    expect(await replica.get("key")).toBe("value");
    await expect(replica.set("key", "other")).rejects.toThrow("READONLY");
    await expect(clients.of(emptied).get("key")).rejects.toThrow("MASTERDOWN");

    pair.want({ leader: { ...leaderOf(a, 1), endedAtMs: 1 } });
    await pair.has("b", "detached");
    expect(await replica.get("key")).toBe("value");
    await expect(clients.of(emptied).get("key")).rejects.toThrow("MASTERDOWN");

    pair.want({ serveStale: false });
    await until("it may no longer be read from", async () => !(await servesStale(b)));
    await expect(replica.get("key")).rejects.toThrow("MASTERDOWN");
  });
}

const native = test.skipIf(!hasValkey && !hasRedis);

native("a replica that is to follow another leader has no copy of its data yet, and is not read from", async () => {
  await agent.start(flags);
  const pair = new NodePair(agent.controller);
  pair.want({ serveStale: true });
  const { b } = await pair.begin();
  await until("it may be read from", () => servesStale(b));
  const address = { host: "127.0.0.1", port: 1 };
  pair.want({ leader: { ...leaderOf(b, 2), nodeId: "c" as NodeId, runId: "life", address } });
  const observed = await agent.controller.observedWhen(pair.b, ({ replication }) => replication?.epoch === 2);
  expect(observed.replication).toMatchObject({ role: "replica", copiedEpoch: 1, inSync: false });
  expect(await servesStale(b)).toBe(false);
});

native("a node alone without a certificate has no port, and cannot become one of several while it runs", async () => {
  await agent.start();
  const spec = nodeSpec();
  agent.controller.want(spec);
  const alone = await agent.controller.running(spec);
  expect(alone.replication).toBeNull();
  agent.controller.want({
    ...spec,
    generation: 2,
    replication: {
      leader: null,
      user: nodeUser,
      hasOthers: true,
      serveStale: false,
      follows: true,
    },
  });
  const refused = await agent.controller.observedWhen(spec, ({ error }) => error !== null);
  expect(refused).toMatchObject({ runId: alone.runId, error: { code: "OperationNotSupported" } });
});
