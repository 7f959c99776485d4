/**
 * A gateway that learns late of a failover: the node that its route names follows another one already, and refuses what is
 * sent to it. What was refused was not executed, so it waits for the next route like everything else.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { NodeId, Route, RouteNode } from "@larder/api";
import { CommandClient, type Words } from "../fixture/command-client.ts";
import { type EnginePair, startEnginePair } from "../fixture/engine-pair.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey, nodeOf } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";
import type { TestEngine } from "../fixture/valkey.ts";

let pair: EnginePair;
let served: TestGateway;
let route: Route;
let former: CommandClient;
let next: CommandClient;

beforeEach(async () => {
  pair = await startEnginePair();
  served = await startGateway({}, pair.primary);
  route = served.route;
  [former, next] = await Promise.all([atEngine(pair.primary), atEngine(pair.replica)]);
});

afterEach(async () => {
  former.close();
  next.close();
  await served.stop();
  await pair.stop();
});

/** Past the gateway. */
async function atEngine(engine: TestEngine): Promise<CommandClient> {
  const client = await CommandClient.connect({ unix: engine.socketPath });
  await client.ask("AUTH", engine.user, engine.password);
  return client;
}

async function logIn(protocol: 2 | 3 = 2): Promise<CommandClient> {
  const client = await CommandClient.connect({ port: served.plainPort });
  await client.ask("HELLO", String(protocol), "AUTH", "default", accessKey);
  return client;
}

function publish(changes: Partial<Route>): void {
  route = { ...route, ...changes };
  served.gateway.apply({ revision: served.gateway.revision + 1, tokenIssuers: [], routes: [route] });
}

function follow(): void {
  const node: RouteNode = { ...nodeOf(pair.replica), nodeId: "node-2" as NodeId };
  publish({ node, epoch: route.epoch + 1 });
}

/** The two change their roles with nothing lost; the gateway is not told. */
async function changeRoles(): Promise<void> {
  await pair.promote();
  const [, port] = (await next.ask("CONFIG", "GET", "port")) as [string, string];
  await former.pipeline([["MULTI"], ["CLIENT", "UNPAUSE"], ["REPLICAOF", "127.0.0.1", port], ["EXEC"]]);
}

function metric(name: string): number {
  return served.gateway.metrics()[`larder_gateway_${name}`] as number;
}

interface Counting {
  client: CommandClient;
  key: string;
  count: number;
  /** Replies that are not what a count without gap or repetition gives. */
  wrong: unknown[];
}

/** Counts in pipelines, and reads after each. */
async function count(counting: Counting, depth: number, isOver: () => boolean): Promise<void> {
  const { client, key } = counting;
  const commands: Words[] = Array.from({ length: depth }, () => [["INCR", key] as Words, ["GET", key] as Words]).flat();
  while (!isOver()) {
    const replies = await client.pipeline(commands);
    const expected = Array.from({ length: depth }, (_, index) => [
      counting.count + index + 1,
      String(counting.count + index + 1),
    ]).flat();
    replies.forEach((reply, index) => {
      if (reply !== expected[index]) counting.wrong.push([reply, expected[index]]);
    });
    counting.count += depth;
  }
}

async function countWhile(action: (progress: () => Promise<void>) => Promise<void>): Promise<Counting[]> {
  const counters = await Promise.all(
    Array.from({ length: 20 }, async (_, index): Promise<Counting> => {
      return { client: await logIn(index % 2 === 0 ? 2 : 3), key: `n${index}`, count: 0, wrong: [] };
    }),
  );
  let isOver = false;
  const counted = counters.map((each, index) => count(each, index < 10 ? 1 : index, () => isOver));
  const progress = async () => {
    const before = counters.map((each) => each.count);
    await until("all count on", () => counters.every((each, index) => each.count > (before[index] as number) + 50));
  };
  await progress();
  await action(progress);
  isOver = true;
  await Promise.all(counted);
  for (const { client } of counters) client.close();
  return counters;
}

describe.skipIf(!hasValkey)("a primary that follows another one before the route says so", () => {
  test("shows nothing of it to clients that count, in pipelines too", async () => {
    const counters = await countWhile(async (progress) => {
      await changeRoles();
      await until("all wait", () => metric("connections_held") === 20);
      follow();
      await progress();
    });
    expect(counters.flatMap(({ wrong }) => wrong)).toEqual([]);
    for (const { key, count } of counters) expect(await next.ask("GET", key)).toBe(String(count));
    expect(metric("commands_in_flight")).toBe(0);
  });

  test("lets those go on who wait, when it leads again", async () => {
    const client = await logIn();
    await client.ask("SET", "k", "old");
    await changeRoles();
    const replies = client.askEach([["GET", "k"], ["SET", "k", "new"], ["GET", "k"], ["PING"]]);
    await until("it waits", () => metric("connections_held") === 1);
    await former.ask("REPLICAOF", "NO", "ONE");
    expect(await Promise.all(replies)).toEqual(["old", "OK", "new", "PONG"]);
    client.close();
  });

  test("takes those along who wait in it", async () => {
    const [popping, late, pushing] = [await logIn(), await logIn(3), await logIn()];
    const popped = popping.ask("BLPOP", "queue", "0");
    const behind = popping.ask("SET", "behind", "v");
    await until("it is blocked", async () =>
      String(await former.ask("INFO", "clients")).includes("blocked_clients:1\r\n"),
    );
    await changeRoles();
    const poppedLate = late.ask("BLPOP", "another", "0");
    const pushed = pushing.ask("RPUSH", "queue", "job");
    await until("all wait", () => metric("connections_held") === 3);
    follow();
    expect(await pushed).toBe(1);
    expect(await popped).toEqual(["queue", "job"]);
    expect(await behind).toBe("OK");
    await pushing.ask("RPUSH", "another", "job");
    expect(await poppedLate).toEqual(["another", "job"]);
    for (const client of [popping, late, pushing]) client.close();
  });

  test("of durable writes none that was answered is lost, and none is refused", async () => {
    publish({ durableWrites: { replicas: 1, timeoutMs: 2_000 } });
    const clients = await Promise.all(Array.from({ length: 10 }, () => logIn()));
    let isOver = false;
    const counted = clients.map(async (client, index) => {
      const errors: string[] = [];
      let acknowledged = 0;
      while (!isOver) {
        const reply = await client.ask("INCR", `n${index}`);
        if (typeof reply === "number") acknowledged = reply;
        else errors.push(String(reply).split(" ")[1] as string);
      }
      return { acknowledged, errors };
    });
    await until("they count", async () => Number(await former.ask("GET", "n0")) > 50);
    await changeRoles();
    await until("all wait", () => metric("connections_held") === 10);
    publish({ durableWrites: null });
    follow();
    const before = Number(await next.ask("GET", "n0"));
    await until("they count on", async () => Number(await next.ask("GET", "n0")) > before + 50);
    isOver = true;
    const results = await Promise.all(counted);
    expect(results.flatMap(({ errors }) => errors).filter((code) => code !== "OUTCOMEUNKNOWN")).toEqual([]);
    for (const [index, { acknowledged, errors }] of results.entries()) {
      const stored = Number(await next.ask("GET", `n${index}`));
      expect(stored - acknowledged).toBeWithin(0, errors.length + 1);
    }
    for (const client of clients) client.close();
  });
});

test.skipIf(!hasValkey)("a route that names a replica as the primary holds all until it is one", async () => {
  const client = await logIn();
  await client.ask("SET", "k", "v");
  follow();
  const replies = client.askEach([
    ["INCR", "n"],
    ["GET", "k"],
  ]);
  await until("they wait", () => metric("connections_held") === 1);
  await pair.promote();
  expect(await Promise.all(replies)).toEqual([1, "v"]);
  client.close();
});
