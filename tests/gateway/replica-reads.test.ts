/** Reads while a cache has no primary: replicas answer them where the route says so, and nothing else. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { NodeId, Route, RouteNode } from "@larder/api";
import { CommandClient } from "../fixture/command-client.ts";
import { type EnginePair, startEnginePair } from "../fixture/engine-pair.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey, nodeOf } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

let pair: EnginePair;
let served: TestGateway;
let route: Route;
let replica: CommandClient;

const dead: RouteNode = { ...nodeOf({ socketPath: "/nowhere.sock" }), nodeId: "node-3" as NodeId };

beforeEach(async () => {
  pair = await startEnginePair();
  served = await startGateway({ readNodes: [dead, replicaNode()] }, pair.primary);
  route = served.route;
  replica = await CommandClient.connect({ unix: pair.replica.socketPath });
  await replica.ask("AUTH", pair.replica.user, pair.replica.password);
});

afterEach(async () => {
  replica.close();
  served.gateway.stop();
  await pair.stop();
});

function replicaNode(): RouteNode {
  return { ...nodeOf(pair.replica), nodeId: "node-2" as NodeId };
}

function publish(changes: Partial<Route>): void {
  route = { ...route, ...changes };
  served.gateway.apply({ revision: served.gateway.revision + 1, tokenIssuers: [], routes: [route] });
}

/** The replica becomes the primary, which has one key more from then on, and clients are told. */
async function failOver(): Promise<void> {
  await replica.ask("REPLICAOF", "NO", "ONE");
  await replica.ask("SET", "leads", "yes");
  publish({ node: replicaNode(), readNodes: [], epoch: route.epoch + 1 });
}

async function logIn(): Promise<CommandClient> {
  const client = await CommandClient.connect({ port: served.plainPort });
  await client.ask("HELLO", "2", "AUTH", "default", accessKey);
  return client;
}

/** A client whose value for `k` has come to the replica. */
async function clientWithValue(value: string): Promise<CommandClient> {
  const client = await logIn();
  await client.ask("SET", "k", value);
  await until("the replica has it", async () => (await replica.ask("GET", "k")) === value);
  return client;
}

function metric(name: string): number {
  return served.gateway.metrics()[`larder_gateway_${name}`] as number;
}

describe.skipIf(!hasValkey)("while the primary is away", () => {
  test("a replica answers reads, and writes wait for the next primary", async () => {
    const client = await clientWithValue("v");
    const writer = await logIn();
    await pair.primary.kill();
    expect(await client.pipeline([["GET", "k"], ["STRLEN", "k"], ["PING"]])).toEqual(["v", 1, "PONG"]);
    expect(await client.ask("XREAD", "STREAMS", "s", "0")).toBeNull();
    const written = writer.ask("SET", "k", "newer");
    expect(await client.ask("KEYS", "*")).toEqual(["k"]);
    await failOver();
    expect(await written).toBe("OK");
    expect(await client.ask("GET", "k")).toBe("newer");
    client.close();
    writer.close();
  });

  test("no read overtakes its own client's write, transaction or script", async () => {
    const client = await clientWithValue("old");
    await pair.primary.kill();
    const words = [["GET", "k"], ["SET", "k", "new"], ["GET", "k"], ["MULTI"], ["GET", "k"], ["EXEC"]];
    const replies = client.askEach([...words, ["EVAL", "return redis.call('GET', 'k')", "0"]]);
    expect(await replies[0]).toBe("old");
    const script = await logIn();
    const scripted = script.ask("EVAL_RO", "return redis.call('GET', 'leads')", "0");
    await until("both wait", () => metric("connections_held") === 2);
    await failOver();
    expect(await Promise.all(replies)).toEqual(["old", "OK", "new", "OK", "QUEUED", ["new"], "new"]);
    expect(await scripted).toBe("yes");
    client.close();
    script.close();
  });

  test("reads that were in flight are answered by the replica, in their place", async () => {
    const client = await clientWithValue("v");
    process.kill(pair.primary.pid, "SIGSTOP");
    const replies = client.askEach([
      ["GET", "k"],
      ["INCR", "n"],
      ["GET", "k"],
    ]);
    await until("they are in flight", () => metric("commands_in_flight") === 3);
    await pair.primary.kill();
    const [first, unknown, last] = await Promise.all(replies);
    expect([first, last]).toEqual(["v", "v"]);
    expect(String(unknown)).toContain("OUTCOMEUNKNOWN");
    client.close();
  });

  test("of durable writes the replica has each that was answered, and one that was not is told", async () => {
    publish({ durableWrites: { replicas: 1, timeoutMs: 10_000 } });
    const client = await logIn();
    expect(await client.ask("SET", "k", "answered")).toBe("OK");
    process.kill(pair.replica.pid, "SIGSTOP");
    const unconfirmed = client.ask("SET", "other", "v");
    const waiting = client.ask("GET", "k");
    await until("the answers are held", () => metric("held_reply_bytes") > 0);
    await pair.primary.kill();
    expect(String(await unconfirmed)).toContain("OUTCOMEUNKNOWN");
    process.kill(pair.replica.pid, "SIGCONT");
    expect(await waiting).toBe("answered");
    const written = client.ask("SET", "k", "newer");
    const reader = await logIn();
    expect(await reader.ask("GET", "k")).toBe("answered");
    publish({ durableWrites: null });
    await failOver();
    expect(await written).toBe("OK");
    client.close();
    reader.close();
  });

  test("a replica that ceases to have data is left, and its refusals reach nobody", async () => {
    const client = await clientWithValue("v");
    await pair.primary.kill();
    expect(await client.ask("GET", "k")).toBe("v");
    await until("its link is down", async () =>
      String(await replica.ask("INFO", "replication")).includes("link_status:down"),
    );
    await replica.ask("CONFIG", "SET", "replica-serve-stale-data", "no");
    const waiting = client.askEach([
      ["GET", "k"],
      ["GET", "k"],
    ]);
    await until("it waits", () => metric("connections_held") === 1);
    await replica.ask("CONFIG", "SET", "replica-serve-stale-data", "yes");
    expect(await Promise.all(waiting)).toEqual(["v", "v"]);
    client.close();
  });

  test("a route that names the replicas later lets those go on who wait", async () => {
    const client = await clientWithValue("v");
    publish({ readNodes: [] });
    await pair.primary.kill();
    const waiting = client.ask("GET", "k");
    await until("it waits", () => metric("connections_held") === 1);
    publish({ readNodes: [replicaNode()] });
    expect(await waiting).toBe("v");
    publish({ node: null, epoch: route.epoch + 1 });
    expect(await client.ask("GET", "k")).toBe("v");
    client.close();
  });

  test("many readers notice nothing of a failover, and replicas are left afterwards", async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => logIn()));
    await clients[0]?.ask("SET", "large", "x".repeat(200_000));
    await until("the replica has it", async () => (await replica.ask("STRLEN", "large")) === 200_000);
    let isOver = false;
    const before = metric("commands_replica_total");
    const readers = clients.map(async (client) => {
      while (!isOver) {
        const replies = await client.pipeline([
          ["STRLEN", "large"],
          ["GET", "large"],
          ["GET", "none"],
        ]);
        expect(replies.map((reply) => (typeof reply === "string" ? reply.length : reply))).toEqual([
          200_000,
          200_000,
          null,
        ]);
      }
    });
    await pair.primary.kill();
    await until("replicas answer", () => metric("commands_replica_total") > before + 500);
    await failOver();
    const then = metric("commands_total");
    await until("the next primary answers", () => metric("commands_total") > then + 500);
    isOver = true;
    await Promise.all(readers);
    await until("replicas are left", () => metric("replicas_connected") === 0);
    for (const client of clients) client.close();
  });
});
