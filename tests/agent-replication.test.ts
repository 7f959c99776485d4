/** Replication as the agent arranges it, with real engines: two nodes of a cache on one agent, over TLS. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { NodeObserved, NodeSpec } from "@larder/api";
import { Redis } from "ioredis";
import { nodeCertificateFlags } from "./fixture/certificate.ts";
import { EngineClients, nativeEngines } from "./fixture/engine-clients.ts";
import { hasRedis, hasValkey } from "./fixture/native-engine.ts";
import { leaderOf, NodePair, nodeUser } from "./fixture/node-pair.ts";
import { TestAgent } from "./fixture/test-agent.ts";
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

async function newLife(spec: NodeSpec, former: NodeObserved): Promise<NodeObserved> {
  return agent.controller.observedWhen(spec, ({ runId }) => runId !== null && runId !== former.runId);
}

for (const { title, program, has } of nativeEngines) {
  const run = test.skipIf(!has);
  const start = () => agent.start([...flags, "--engine-path", Bun.which(program) ?? program]);

  run(`${title}: nodes without a leader wait detached, and answer nothing about data`, async () => {
    await start();
    const pair = new NodePair(agent.controller);
    pair.want();
    const a = await pair.has("a", "detached");
    expect(a.replication).toMatchObject({ epoch: 0, inSync: false, replicas: [] });
    const client = clients.of(a);
    await expect(client.get("key")).rejects.toThrow("MASTERDOWN");
    await expect(client.dbsize()).rejects.toThrow("MASTERDOWN");
    await expect(client.set("key", "value")).rejects.toThrow(/MASTERDOWN|READONLY/);
  });

  run(
    `${title}: a flush of the primary empties its replica too, and the replica takes no order of its own`,
    async () => {
      await start();
      const { a, b } = await new NodePair(agent.controller).begin();
      await clients.of(a).set("key", "value");
      await until("the replica has the key", async () => (await clients.admin(b).dbsize()) === 1);
      const flush = ({ nodeId, runId }: NodeObserved) =>
        agent.controller.order({ orderId: nodeId, nodeId, runId: runId!, kind: "flush" });
      expect((await flush(b)).error).toEqual({
        code: "Conflict",
        message: "The node is not the primary of its cache.",
      });
      expect((await flush(a)).error).toBeNull();
      await until("the replica is empty", async () => (await clients.admin(b).dbsize()) === 0);
    },
  );

  run(`${title}: a replica gets the data over TLS, and writes that come later`, async () => {
    await start();
    const pair = new NodePair(agent.controller);
    pair.want();
    const detached = await pair.has("a", "detached");
    await pair.has("b", "detached");
    pair.want({ leader: leaderOf(detached, 1) });
    const a = await pair.has("a", "primary");
    await clients.of(a).set("first", "1");
    const b = await pair.has("b", "replica");
    await clients.of(a).set("second", "2");
    const replica = clients.of(b);
    await until("the replica has both", async () => (await replica.mget("first", "second")).join() === "1,2");
    await expect(replica.set("key", "value")).rejects.toThrow("READONLY");
    const { address } = b.replication!;
    await agent.controller.observedWhen(pair.a, ({ replication }) => {
      const [attached] = replication?.replicas ?? [];
      return attached?.address === `${address.host}:${address.port}` && attached.state === "online";
    });
  });

  run(`${title}: leads over, comes back, and an emptied engine is never followed`, async () => {
    await start();
    const pair = new NodePair(agent.controller);
    const { a, b } = await pair.begin();
    await clients.of(a).set("key", "value");
    await until("the replica has it", async () => (await clients.of(b).get("key")) === "value");

    process.kill(a.pid!, "SIGKILL");
    const emptied = await newLife(pair.a, a);
    expect(emptied.replication).toMatchObject({ role: "detached" });
    expect(emptied.replication!.address.port).not.toBe(a.replication!.address.port);
    expect((await pair.has("a", "detached")).runId).toBe(emptied.runId);
    await expect(clients.of(emptied).get("key")).rejects.toThrow("MASTERDOWN");
    const cut = await agent.controller.observedWhen(pair.b, ({ replication }) => replication?.inSync === false);
    expect(cut).toMatchObject({ runId: b.runId, replication: { role: "replica", epoch: 1 } });

    pair.want({ leader: leaderOf(cut, 2) });
    const promoted = await pair.has("b", "primary");
    expect(promoted.runId).toBe(b.runId);
    expect(await clients.of(promoted).get("key")).toBe("value");
    await clients.of(promoted).set("key", "newer");
    const following = await pair.has("a", "replica");
    expect(following.runId).toBe(emptied.runId);
    await until("A has the data", async () => (await clients.of(following).get("key")) === "newer");

    pair.want({ leader: leaderOf(following, 3) });
    const returned = await pair.has("a", "primary");
    await pair.has("b", "replica");
    expect(await clients.of(returned).get("key")).toBe("newer");
    await clients.of(returned).set("key", "newest");
    await until("B follows again", async () => (await clients.of(b).get("key")) === "newest");
  });

  run(
    `${title}: when a leader has ended its nodes stop, say how much they have, and go on under the next`,
    async () => {
      await start();
      const pair = new NodePair(agent.controller);
      const { a, b } = await pair.begin();
      await clients.of(a).set("key", "value");
      await until("the replica has it", async () => (await clients.of(b).get("key")) === "value");

      pair.want({ leader: { ...leaderOf(a, 1), endedAtMs: 1 } });
      const [stoppedA, stoppedB] = [await pair.has("a", "detached"), await pair.has("b", "detached")];
      expect(stoppedB.replication).toMatchObject({ copiedEpoch: 1 });
      expect(stoppedB.replication!.offset).toBeGreaterThan(0);
      expect(stoppedB.replication!.offset).toBeLessThanOrEqual(stoppedA.replication!.offset);
      await expect(clients.of(stoppedA).set("key", "lost")).rejects.toThrow(/MASTERDOWN|READONLY/);

      pair.want({ leader: leaderOf(stoppedB, 2) });
      const promoted = await pair.has("b", "primary");
      await pair.has("a", "replica");
      expect(await clients.of(promoted).get("key")).toBe("value");
    },
  );

  run(`${title}: a copy leaves no file, and a file that a crash left is not loaded`, async () => {
    await start();
    const pair = new NodePair(agent.controller);
    const { a, b } = await pair.begin();
    await clients.of(a).set("key", "value");
    // Forces a second copy, onto data.
    await clients.admin(b).call("REPLICAOF", "NO", "ONE");
    await clients.of(b).set("stray", "1");
    await until("the agent has brought it back", async () => {
      const [key, stray] = await clients.of(b).mget("key", "stray");
      return key === "value" && stray === null;
    });
    const folder = join(agent.nodesDirectory, pair.b.nodeId);
    const snapshots = () => readdirSync(folder).filter((file) => file.endsWith(".rdb"));
    await until("no snapshot is left", () => snapshots().length === 0);

    for (const file of ["dump.rdb", "temp-1.2.rdb"]) writeFileSync(join(folder, file), "cut sho");
    process.kill(b.pid!, "SIGKILL");
    await newLife(pair.b, b);
    const replica = clients.of(await pair.has("b", "replica"));
    await until("the new life has the data", async () => (await replica.get("key")) === "value");
    expect(snapshots()).toEqual([]);
  });

  run(`${title}: a new agent adopts both without a change of role`, async () => {
    await start();
    const pair = new NodePair(agent.controller);
    const { a, b } = await pair.begin();
    await clients.of(a).set("key", "value");
    await agent.signal("SIGKILL");
    agent.controller.forget();
    await start();
    const adopted = [await pair.has("a", "primary"), await pair.has("b", "replica")];
    for (const [index, former] of [a, b].entries())
      expect(adopted[index]).toMatchObject({
        pid: former.pid,
        runId: former.runId,
        replication: { address: former.replication!.address, epoch: 1 },
      });
    const replica = clients.of(b);
    await until("the replica has the write", async () => (await replica.get("key")) === "value");
    expect(agent.log).not.toContain("role changed");
  });
}

const native = test.skipIf(!hasValkey && !hasRedis);

native("an older leader record changes nothing, and neither does the lack of one", async () => {
  await agent.start(flags);
  const pair = new NodePair(agent.controller);
  const { a, b } = await pair.begin();
  pair.want({ leader: leaderOf(b, 3) });
  await pair.has("b", "primary");
  await pair.has("a", "replica");
  for (const leader of [leaderOf(a, 2), null]) {
    pair.want({ leader });
    for (const spec of [pair.a, pair.b]) await agent.controller.running(spec);
    expect(agent.controller.observed(pair.b)?.replication).toMatchObject({ role: "primary", epoch: 3 });
    expect(agent.controller.observed(pair.a)?.replication).toMatchObject({ role: "replica", epoch: 3, inSync: true });
  }
  expect(agent.log).toContain("older leader ignored");
});

native("writes that an agent held go on with the next agent and a newer leader record", async () => {
  await agent.start(flags);
  const pair = new NodePair(agent.controller);
  const { a } = await pair.begin();
  const order = { orderId: "yield", nodeId: a.nodeId, runId: a.runId!, kind: "yield", yieldMs: 60_000 } as const;
  expect((await agent.controller.order(order)).error).toBeNull();
  const written = clients.of(a).set("key", "value");
  await agent.signal("SIGKILL");
  agent.controller.forget();
  await agent.start(flags);
  pair.want({ leader: leaderOf(a, 3) });
  await pair.has("a", "primary");
  expect(await written).toBe("OK");
});

native("a primary that holds writes takes no order to write: that would keep it from being told to go on", async () => {
  await agent.start(flags);
  const pair = new NodePair(agent.controller);
  const { a } = await pair.begin();
  const order = (orderId: string) => ({ orderId, nodeId: a.nodeId, runId: a.runId! });
  expect((await agent.controller.order({ ...order("1"), kind: "yield", yieldMs: 60_000 })).error).toBeNull();
  const written = clients.of(a).set("key", "value");
  const publish = { kind: "publish", channel: "channel", message: "message" } as const;
  for (const refused of [{ ...order("2"), ...publish }, { ...order("3"), kind: "flush" } as const])
    expect((await agent.controller.order(refused)).error).toEqual({
      code: "Conflict",
      message: "The primary holds writes at the moment.",
    });
  pair.want({ leader: leaderOf(a, 3) });
  await pair.has("a", "primary");
  expect(await written).toBe("OK");
  expect((await agent.controller.order({ ...order("4"), ...publish })).error).toBeNull();
});

native("nodes whose record was lost are adopted with their address and role", async () => {
  await agent.start(flags);
  const pair = new NodePair(agent.controller);
  const { a, b } = await pair.begin();
  await agent.signal("SIGKILL");
  for (const { nodeId } of [a, b]) await Bun.file(join(agent.nodesDirectory, nodeId, "node.json")).delete();
  agent.controller.forget();
  await agent.start(flags);
  expect(await pair.has("a", "primary")).toMatchObject({
    runId: a.runId,
    replication: { address: a.replication!.address },
  });
  expect(await pair.has("b", "replica")).toMatchObject({ runId: b.runId });
  expect(agent.log).not.toContain("role changed");
});

native("the log-in of the nodes may change under a running link", async () => {
  await agent.start(flags);
  const pair = new NodePair(agent.controller);
  const { a, b } = await pair.begin();
  pair.want({ user: { ...nodeUser, password: "another-node-password" } });
  for (const spec of [pair.a, pair.b]) await agent.controller.running(spec);
  pair.want({ leader: leaderOf(b, 2) });
  await pair.has("b", "primary");
  expect(await pair.has("a", "replica")).toMatchObject({ runId: a.runId });
  for (const { nodeId } of [a, b])
    expect(readFileSync(join(agent.nodesDirectory, nodeId, "engine.conf"), "utf8")).not.toContain("node-password");
  expect(agent.log).not.toContain("node-password");
});

native("the port of a node speaks TLS only, and to holders of a node's certificate only", async () => {
  await agent.start(flags);
  const pair = new NodePair(agent.controller);
  const { a } = await pair.begin();
  const { host, port } = a.replication!.address;
  const plain = connect({ host, port });
  const heard: Buffer[] = [];
  plain.on("data", (bytes: Buffer) => heard.push(bytes)).on("error", () => {});
  plain.write("PING\r\n");
  await new Promise((resolve) => plain.once("close", resolve));
  expect(Buffer.concat(heard).toString()).not.toContain("PONG");

  const pem = (name: string) => readFileSync(join(agent.directory, `node-${name}.pem`), "utf8");
  const ask = async (tls: Record<string, string>) => {
    const client = new Redis({ host, port, retryStrategy: () => null, maxRetriesPerRequest: 0, tls: { ...tls } });
    client.on("error", () => {});
    return client.get("key").finally(() => client.disconnect());
  };
  await expect(ask({ ca: pem("ca") })).rejects.toThrow();
  await expect(ask({ ca: pem("ca"), cert: pem("cert"), key: pem("key") })).rejects.toThrow("NOAUTH");
});

native("without a certificate a replicated node fails with a sentence that says so", async () => {
  await agent.start();
  const pair = new NodePair(agent.controller);
  pair.want();
  const failed = await agent.controller.observedWhen(pair.a, ({ state }) => state === "failed");
  expect(failed.error).toMatchObject({ code: "EngineNotAvailable", message: expect.stringContaining("--node-cert") });
});

test("the embedded engine cannot replicate, and says so", async () => {
  await agent.start([...flags, "--engine", "embedded"]);
  const pair = new NodePair(agent.controller, "auto");
  pair.want();
  const failed = await agent.controller.observedWhen(pair.a, ({ state }) => state === "failed");
  expect(failed.error).toEqual({
    code: "EngineNotAvailable",
    message: "The host has only the embedded engine, which cannot replicate.",
  });
});
