/** Writes that are answered once a replica has them: a primary and its replica, real engines, with the gateway in front. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { NodeId, Route, RouteMove, RouteNode } from "@larder/api";
import { ReplyError } from "@larder/resp";
import { CommandClient, type Words } from "../fixture/command-client.ts";
import { type EnginePair, startEnginePair } from "../fixture/engine-pair.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

let pair: EnginePair;
let served: TestGateway;
let route: Route;
let revision: number;

function publish(change: Partial<Route>): void {
  route = { ...route, ...change };
  served.gateway.apply({ revision: ++revision, tokenIssuers: [], routes: [route] });
}

function metric(name: string): number {
  return served.gateway.metrics()[`larder_gateway_${name}`] as number;
}

async function logIn(protocol: 2 | 3 = 2): Promise<CommandClient> {
  const client = await CommandClient.connect({ port: served.plainPort });
  await client.ask("HELLO", String(protocol), "AUTH", "default", accessKey);
  return client;
}

async function onReplica(): Promise<CommandClient> {
  const client = await CommandClient.connect({ unix: pair.replica.socketPath });
  await client.ask("AUTH", pair.replica.user, pair.replica.password);
  return client;
}

const freeze = () => process.kill(pair.replica.pid, "SIGSTOP");
const thaw = () => process.kill(pair.replica.pid, "SIGCONT");

/** Errors by their first word. */
function brief(reply: unknown): unknown {
  if (reply instanceof ReplyError) return reply.message.split(" ")[0];
  return Array.isArray(reply) ? reply.map(brief) : reply;
}

async function begin(durableWrites: Route["durableWrites"] = { replicas: 1, timeoutMs: 15_000 }): Promise<void> {
  pair = await startEnginePair();
  served = await startGateway({ durableWrites }, pair.primary);
  route = served.route;
  revision = 1;
}

async function end(): Promise<void> {
  await served.stop();
  await pair.stop();
}

describe.skipIf(!hasValkey)("a write that is answered", () => {
  beforeEach(() => begin());
  afterEach(end);

  test.each([2, 3] as const)("is at the replica, of whatever kind it was (RESP%d)", async (protocol) => {
    const [client, replica] = [await logIn(protocol), await onReplica()];
    const large = "x".repeat(600_000);
    const script = "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])";
    for (let round = 0; round < 20; round++) {
      const value = String(round);
      expect(await client.ask("SET", "set", value)).toBe("OK");
      expect(await replica.ask("GET", "set")).toBe(value);
      expect(await client.ask("EVAL", script, "1", "evaluated", value)).toBe(value);
      expect(await replica.ask("GET", "evaluated")).toBe(value);
      const whole = await client.pipeline([["MULTI"], ["SET", "whole", value], ["GET", "whole"], ["EXEC"]]);
      expect(whole).toEqual(["OK", "QUEUED", "QUEUED", ["OK", value]]);
      expect(await replica.ask("GET", "whole")).toBe(value);
      await client.ask("MULTI");
      await client.ask("SET", "gathered", value);
      expect(await client.ask("EXEC")).toEqual(["OK"]);
      expect(await replica.ask("GET", "gathered")).toBe(value);
      await client.ask("WATCH", "watched");
      await client.ask("MULTI");
      expect(await client.ask("SET", "watched", value)).toBe("QUEUED");
      expect(await client.ask("EXEC")).toEqual(["OK"]);
      expect(await replica.ask("GET", "watched")).toBe(value);
      await client.ask("RPUSH", "queue", value);
      expect(await client.ask("BLPOP", "queue", "1")).toEqual(["queue", value]);
      expect(await replica.ask("EXISTS", "queue")).toBe(0);
      expect(await client.ask("XGROUP", "CREATE", `stream-${value}`, "group", "$", "MKSTREAM")).toBe("OK");
      expect(await replica.ask("EXISTS", `stream-${value}`)).toBe(1);
      expect(await client.ask("SET", "large", large + value)).toBe("OK");
      expect(await replica.ask("GETRANGE", "large", String(large.length), "-1")).toBe(value);
      expect(await client.ask("GETDEL", "large")).toBe(large + value);
      expect(await replica.ask("EXISTS", "large")).toBe(0);
    }
    for (const each of [client, replica]) each.close();
  });

  test("stands in its place in a pipeline of writes and reads", async () => {
    const clients = await Promise.all([logIn(), logIn(3), logIn()]);
    await Promise.all(
      clients.map(async (client, index) => {
        const commands: Words[] = [];
        const expected: unknown[] = [];
        for (let count = 1; count <= 2_000; count++) {
          commands.push(["INCR", `n${index}`], ["GET", `n${index}`], ["ECHO", `${index}-${count}`]);
          expected.push(count, String(count), `${index}-${count}`);
        }
        expect(await client.pipeline(commands)).toEqual(expected as never);
        client.close();
      }),
    );
    expect([metric("held_reply_bytes"), metric("commands_in_flight")]).toEqual([0, 0]);
  });

  test("may be one that its client wants no answer to, or asks the replicas about itself", async () => {
    const client = await logIn();
    client.send("CLIENT", "REPLY", "OFF");
    client.send("SET", "silent", "1");
    expect(await client.ask("CLIENT", "REPLY", "ON")).toBe("OK");
    expect(await client.ask("SET", "k", "v")).toBe("OK");
    expect(await client.ask("WAIT", "1", "1000")).toBe(1);
    expect(await client.ask("GET", "silent")).toBe("1");
    client.close();
  });

  test("waits for the replica however large its answer is, and passes then", async () => {
    const [client, other] = [await logIn(), await logIn()];
    const length = 20 * 1024 * 1024;
    freeze();
    const reply = client.ask("EVAL", `redis.call('SET', 'k', 'v') return string.rep('x', ${length})`, "0");
    await until("the engine is not read", () => metric("held_replies_full_total") > 0);
    expect(await other.ask("PING")).toBe("PONG");
    thaw();
    expect(String(await reply).length).toBe(length);
    expect(metric("held_reply_bytes")).toBe(0);
    for (const each of [client, other]) each.close();
  }, 20_000);

  test("is unknown when the primary dies before the replica has it; what was read behind it is answered", async () => {
    const [client, dedicated] = [await logIn(), await logIn()];
    await client.ask("SET", "known", "1");
    await dedicated.ask("RPUSH", "queue", "job");
    freeze();
    const replies = client.pipeline([
      ["INCR", "n"],
      ["GET", "known"],
    ]);
    const popped = dedicated.ask("BLPOP", "queue", "1");
    const held = ":1\r\n$1\r\n1\r\n*2\r\n$5\r\nqueue\r\n$3\r\njob\r\n";
    await until("all are held", () => metric("held_reply_bytes") === held.length);
    await pair.primary.kill();
    expect(brief(await replies)).toEqual(["OUTCOMEUNKNOWN", "1"]);
    expect(brief(await popped)).toBe("OUTCOMEUNKNOWN");
    thaw();
    for (const each of [client, dedicated]) each.close();
  }, 20_000);
});

describe.skipIf(!hasValkey)("a write that no replica confirms in time", () => {
  beforeEach(() => begin({ replicas: 1, timeoutMs: 300 }));
  afterEach(end);

  test("gets an error that says so, and reads do not", async () => {
    const [client, reader] = [await logIn(), await logIn(3)];
    await client.ask("RPUSH", "list", "a");
    freeze();
    const before = metric("writes_unconfirmed_total");
    const replies = client.pipeline([
      ["GET", "k"],
      ["SET", "k", "v"],
      ["GET", "k"],
      ["INCR", "list"],
      ["EVAL", "return redis.call('SET', 'k', 'w')", "0"],
      ["MULTI"],
      ["INCR", "n"],
      ["EXEC"],
      ["MULTI"],
      ["GET", "n"],
      ["EXEC"],
      ["PING"],
    ]);
    await until("it is held", () => metric("held_reply_bytes") > 0);
    let areAnswered = false;
    void replies.then(() => {
      areAnswered = true;
    });
    expect(await reader.ask("GET", "k")).toBe("v");
    expect(areAnswered).toBe(false);
    const [, error] = await replies;
    expect((error as Error).message).toBe(
      "NOREPLICAS the write was made but no replica in sync confirmed it within 300 ms; it may be lost if the primary is",
    );
    expect(brief(await replies)).toEqual([
      null,
      "NOREPLICAS",
      "v",
      "WRONGTYPE",
      "NOREPLICAS",
      "OK",
      "QUEUED",
      "NOREPLICAS",
      "OK",
      "QUEUED",
      ["1"],
      "PONG",
    ]);
    expect(brief(await client.ask("BLPOP", "list", "1"))).toBe("NOREPLICAS");
    expect(metric("writes_unconfirmed_total")).toBe(before + 4);
    thaw();
    await until("the replica is back", async () => (await client.ask("INCR", "n")) !== null);
    expect(await client.ask("SET", "k", "x")).toBe("OK");
    for (const each of [client, reader]) each.close();
  });

  test("gets it in the place of an answer of any size", async () => {
    const client = await logIn(3);
    freeze();
    const script = "redis.call('SET', 'k', 'v') return string.rep('x', 20 * 1024 * 1024)";
    const replies = await client.pipeline([
      ["EVAL", script, "0"],
      ["GET", "k"],
    ]);
    expect(brief(replies)).toEqual(["NOREPLICAS", "v"]);
    expect(metric("held_reply_bytes")).toBe(0);
    thaw();
    client.close();
  });

  test("gets it when there is no replica at all", async () => {
    const client = await logIn();
    await pair.replica.kill();
    expect(brief(await client.ask("SET", "k", "v"))).toBe("NOREPLICAS");
    client.close();
  });
});

describe.skipIf(!hasValkey)("a cache whose writes become durable", () => {
  beforeEach(() => begin(null));
  afterEach(end);

  test("takes its clients along, and back", async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, (_, index) => logIn(index % 2 === 0 ? 2 : 3)));
    const [popping, watching] = [await logIn(), await logIn()];
    const popped = popping.ask("BLPOP", "queue", "0");
    await watching.pipeline([["WATCH", "k"], ["MULTI"], ["SET", "k", "v"]]);
    let isOver = false;
    let acknowledged = 0;
    const counting = clients.map(async (client, index) => {
      for (let count = 1; !isOver; acknowledged++) expect(await client.ask("INCR", `n${index}`)).toBe(count++);
    });
    const more = async (count: number) => {
      const wanted = acknowledged + count;
      await until("they count on", () => acknowledged >= wanted);
    };
    for (let round = 0; round < 3; round++) {
      const before = metric("write_confirmations_total");
      publish({ durableWrites: { replicas: 1, timeoutMs: 5_000 } });
      await more(500);
      expect(metric("write_confirmations_total")).toBeGreaterThan(before);
      publish({ durableWrites: null });
      await more(500);
    }
    publish({ durableWrites: { replicas: 1, timeoutMs: 5_000 } });
    expect(await watching.ask("EXEC")).toEqual(["OK"]);
    await watching.ask("RPUSH", "queue", "job");
    expect(await popped).toEqual(["queue", "job"]);
    isOver = true;
    await Promise.all(counting);
    for (const client of [...clients, popping, watching]) client.close();
  });

  test("moves to another node with nothing lost, unconfirmed or repeated", async () => {
    publish({ durableWrites: { replicas: 1, timeoutMs: 5_000 } });
    const clients = await Promise.all(Array.from({ length: 10 }, (_, index) => logIn(index % 2 === 0 ? 2 : 3)));
    const popping = await logIn();
    const popped = popping.ask("BLPOP", "queue", "0");
    let isOver = false;
    const counting = clients.map(async (client, index) => {
      for (let count = 1; !isOver; count++) expect(await client.ask("INCR", `n${index}`)).toBe(count);
    });
    const target: RouteNode = {
      nodeId: "node-2" as NodeId,
      socketPath: pair.replica.socketPath,
      address: null,
      engine: "valkey",
      version: "8.0.1",
    };
    const move: RouteMove = { moveId: "a-move", target, phase: "prepare", holdMs: 10_000 };
    const reached = (state: string) =>
      until(`the move is ${state}`, () => served.gateway.moveReports()[0]?.state === state);
    publish({ move });
    await reached("prepared");
    publish({ move: { ...move, phase: "hold" } });
    await reached("drained");
    expect([metric("held_reply_bytes"), metric("commands_in_flight")]).toEqual([0, 0]);
    await pair.promote();
    isOver = true;
    publish({ node: target, epoch: 2, move: null, durableWrites: null });
    await Promise.all(counting);
    await clients[0]?.ask("RPUSH", "queue", "job");
    expect(await popped).toEqual(["queue", "job"]);
    for (const client of [...clients, popping]) client.close();
  });
});
