/**
 * A planned change of the node behind a cache, as a controller drives it through the route: prepare, hold, promote the
 * replica, switch. No client may notice, whatever it is in the middle of.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { NodeId, Route, RouteMove, RouteNode } from "@larder/api";
import type { Reply } from "@larder/resp";
import { CommandClient } from "../fixture/command-client.ts";
import { type EnginePair, startEnginePair } from "../fixture/engine-pair.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { until } from "../fixture/until.ts";
import type { TestEngine } from "../fixture/valkey.ts";

let pair: EnginePair;
let served: TestGateway;
let revision: number;
let route: Route;

/** Publishes a change of the route, as the controller's watch would. */
function publish(change: Partial<Route>): void {
  route = { ...route, ...change };
  served.gateway.apply({ revision: ++revision, tokenIssuers: [], routes: [route] });
}

function moveTo(target: RouteNode, phase: RouteMove["phase"], holdMs = 10_000): RouteMove {
  return { moveId: `move-to-${target.nodeId}`, target, phase, holdMs };
}

const nothing = (): Promise<unknown> | null => null;

async function reached(state: string): Promise<void> {
  await until(`the move is ${state}`, () => served.gateway.moveReports()[0]?.state === state);
}

function replicaNode(): RouteNode {
  return {
    nodeId: "node-2" as NodeId,
    socketPath: pair.replica.socketPath,
    address: null,
    engine: "valkey",
    version: "8.0.1",
  };
}

async function moveToReplica({ whileHeld = nothing, onceMoved = nothing } = {}): Promise<void> {
  const target = replicaNode();
  publish({ move: moveTo(target, "prepare") });
  await reached("prepared");
  publish({ move: moveTo(target, "hold") });
  await reached("drained");
  await whileHeld();
  await pair.promote();
  await onceMoved();
  publish({ node: target, epoch: route.epoch + 1, move: null });
  await until("the move is over", () => served.gateway.moveReports().length === 0);
}

async function logIn(protocol: 2 | 3 = 2): Promise<CommandClient> {
  const client = await CommandClient.connect({ port: served.plainPort });
  await client.ask("HELLO", String(protocol), "AUTH", "default", accessKey);
  return client;
}

/** Past the gateway. */
async function atEngine(engine: TestEngine): Promise<CommandClient> {
  const client = await CommandClient.connect({ unix: engine.socketPath });
  await client.ask("AUTH", engine.user, engine.password);
  return client;
}

/** Resolves once the engine counts so many blocked clients. */
async function blocked(count: number): Promise<void> {
  const client = await logIn();
  await until(`${count} clients are blocked`, async () =>
    String(await client.ask("INFO", "clients")).includes(`blocked_clients:${count}\r\n`),
  );
  client.close();
}

describe.skipIf(!hasValkey)("a planned change of the node", () => {
  beforeEach(async () => {
    pair = await startEnginePair();
    served = await startGateway({}, pair.primary);
    route = served.route;
    revision = 1;
  });
  afterEach(async () => {
    await served.stop();
    await pair.stop();
  });

  test("that nobody could prepare, as its host is silent, asks reads again at the new one", async () => {
    const [reader, writer] = [await logIn(), await logIn()];
    await writer.ask("SET", "key", "value");
    await until("the replica has it", async () => (await (await atEngine(pair.replica)).ask("DBSIZE")) === 1);
    process.kill(pair.primary.pid, "SIGSTOP");
    try {
      const [read, written] = [reader.ask("GET", "key"), writer.ask("INCR", "counter")];
      await until("both are on their way", () => served.gateway.metrics()["larder_gateway_commands_in_flight"] === 2);
      await (await atEngine(pair.replica)).ask("REPLICAOF", "NO", "ONE");
      publish({ node: replicaNode(), epoch: route.epoch + 1 });
      expect(String(await read)).toBe("value");
      expect(String(await written)).toContain("OUTCOMEUNKNOWN");
    } finally {
      process.kill(pair.primary.pid, "SIGCONT");
    }
    reader.close();
    writer.close();
  });

  test("loses and repeats nothing of clients that count without a pause", async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, (_, index) => logIn(index % 2 === 0 ? 2 : 3)));
    let isOver = false;
    const counted = clients.map(async (client) => {
      let acknowledged = 0;
      for (; !isOver; acknowledged++) expect(typeof (await client.ask("INCR", "counter"))).toBe("number");
      return acknowledged;
    });
    await moveToReplica();
    const [first] = clients as [CommandClient];
    const before = Number(await first.ask("GET", "counter"));
    await until("they count on", async () => Number(await first.ask("GET", "counter")) > before + 100);
    isOver = true;
    const acknowledged = (await Promise.all(counted)).reduce((sum, each) => sum + each, 0);
    expect(Number(await first.ask("GET", "counter"))).toBe(acknowledged);
    for (const client of clients) client.close();
  });

  test("takes blocked clients along, with what is left of their time", async () => {
    const [popping, moving, reading, waiting] = (await Promise.all([logIn(), logIn(3), logIn(), logIn()])) as [
      CommandClient,
      CommandClient,
      CommandClient,
      CommandClient,
    ];
    const popped = popping.ask("BLPOP", "queue", "0");
    const moved = moving.ask("BLMOVE", "from", "to", "LEFT", "RIGHT", "30");
    const read = reading.ask("XREAD", "BLOCK", "0", "STREAMS", "events", "$");
    const startedMs = performance.now();
    const nothing = waiting.ask("BLPOP", "never", "1");
    const pipelined = popping.ask("GET", "after");
    await blocked(4);
    await moveToReplica();
    const writer = await logIn();
    await writer.pipeline([
      ["SET", "after", "the pop"],
      ["RPUSH", "queue", "job"],
      ["RPUSH", "from", "thing"],
      ["XADD", "events", "1-1", "kind", "moved"],
    ]);
    expect(await popped).toEqual(["queue", "job"]);
    expect(await pipelined).toBe("the pop");
    expect(await moved).toBe("thing");
    expect(JSON.stringify(await read)).toBe('[["events",[["1-1",["kind","moved"]]]]]');
    expect(await nothing).toBeNull();
    expect(performance.now() - startedMs).toBeGreaterThan(999);
    for (const client of [popping, moving, reading, waiting, writer]) client.close();
  });

  test.each(Array.from({ length: 30 }, (_, round) => round))(
    `loses no entry to who waits for the next (LARDER_SEED=${testSeed}), round %d`,
    async (round) => {
      const random = randomFrom(testSeed + round);
      const [reading, another] = [await logIn(), await logIn(3)];
      const [former, next] = await Promise.all([atEngine(pair.primary), atEngine(pair.replica)]);
      const streams = ["new", "known", "emptied"] as const;
      await former.pipeline([
        ["XADD", "known", "1-0", "n", "0"],
        ["XADD", "emptied", "2-0", "n", "0"],
        ["XDEL", "emptied", "2-0"],
      ]);
      const read = reading.ask("XREAD", "BLOCK", "0", "STREAMS", ...streams, "$", "$", "$");
      await another.ask("SELECT", "1");
      const elsewhere = another.ask("XREAD", "BLOCK", "0", "STREAMS", "known", "$");
      await blocked(2);
      const stream = streams[random(3)] as string;
      // As another gateway does, which holds a little later or earlier.
      const late =
        random(2) === 0 ? null : Bun.sleep(random(12)).then(() => former.ask("XADD", stream, "5-0", "n", "1"));
      await moveToReplica({
        whileHeld: () => late,
        onceMoved: () =>
          next.pipeline([
            ["XADD", stream, "6-0", "n", "2"],
            ["SELECT", "1"],
            ["XADD", "known", "3-0", "n", "3"],
          ]),
      });
      const first = late === null ? ["6-0", ["n", "2"]] : ["5-0", ["n", "1"]];
      const [[name, entries]] = (await read) as [[string, Reply[]]];
      expect([name, entries[0] as Reply]).toEqual([stream, first as Reply]);
      expect(JSON.stringify(await elsewhere)).toContain('["3-0",["n","3"]]');
      for (const client of [reading, another, former, next]) client.close();
    },
  );

  test("takes subscriptions along: every message once and in order", async () => {
    const [subscriber, publisher] = [await logIn(), await logIn()];
    const received: Reply[] = [];
    await subscriber.ask("SUBSCRIBE", "news");
    subscriber.isSubscribed = true;
    subscriber.onMessage = (message) => received.push((message as Reply[])[2] as Reply);
    let isOver = false;
    const publishing = (async () => {
      let count = 0;
      for (; !isOver; count++) expect(await publisher.ask("PUBLISH", "news", String(count))).toBe(1);
      return count;
    })();
    await moveToReplica();
    const before = received.length;
    await until("messages go on", () => received.length > before + 50);
    isOver = true;
    const count = await publishing;
    await until("all have come", () => received.length === count);
    expect(received).toEqual(Array.from({ length: count }, (_, index) => String(index)));
    subscriber.close();
    publisher.close();
  });

  test("lets begun transactions end first, and answers nil to who watches", async () => {
    const [watching, begun, gathered] = (await Promise.all([logIn(), logIn(), logIn()])) as [
      CommandClient,
      CommandClient,
      CommandClient,
    ];
    await watching.ask("WATCH", "k");
    await begun.pipeline([["WATCH", "k"], ["MULTI"], ["SET", "begun", "1"]]);
    await gathered.pipeline([["MULTI"], ["SET", "gathered", "1"]]);
    const target = replicaNode();
    publish({ move: moveTo(target, "prepare") });
    await reached("prepared");
    publish({ move: moveTo(target, "hold") });
    await reached("draining");
    expect(await begun.ask("EXEC")).toEqual(["OK"]);
    await reached("drained");
    await pair.promote();
    publish({ node: target, epoch: route.epoch + 1, move: null });
    expect(await gathered.ask("EXEC")).toEqual(["OK"]);
    expect(await watching.pipeline([["MULTI"], ["SET", "watched", "1"], ["EXEC"]])).toEqual(["OK", "QUEUED", null]);
    expect(await watching.pipeline([["MULTI"], ["SET", "watched", "2"], ["EXEC"]])).toEqual(["OK", "QUEUED", ["OK"]]);
    expect(await gathered.ask("MGET", "begun", "gathered", "watched")).toEqual(["1", "1", "2"]);
    for (const client of [watching, begun, gathered]) client.close();
  });

  test("knows the scripts that were loaded before", async () => {
    const client = await logIn();
    const loaded = String(await client.ask("SCRIPT", "LOAD", "return 'loaded'"));
    await client.ask("EVAL", "return 'evaluated'", "0");
    await moveToReplica();
    expect(await client.ask("EVALSHA", loaded, "0")).toBe("loaded");
    const sha1 = new Bun.CryptoHasher("sha1").update("return 'evaluated'").digest("hex");
    expect(await client.ask("EVALSHA", sha1, "0")).toBe("evaluated");
    client.close();
  });

  test("knows those, too, that somebody may not remove who tried", async () => {
    const [usual] = route.users;
    const reader = { ...usual!, name: "reader", engineUser: "policy-reader" };
    for (const engine of [pair.primary, pair.replica]) {
      const admin = await atEngine(engine);
      await admin.ask("ACL", "SETUSER", reader.engineUser, "on", `>${reader.enginePassword}`, "~*", "+@read");
      admin.close();
    }
    publish({ users: [usual!, reader] });
    const client = await logIn();
    const loaded = String(await client.ask("SCRIPT", "LOAD", "return 'loaded'"));
    const refused = await CommandClient.connect({ port: served.plainPort });
    await refused.ask("AUTH", reader.name, accessKey);
    expect(String(await refused.ask("SCRIPT", "FLUSH"))).toContain("NOPERM");
    await moveToReplica();
    expect(await client.ask("EVALSHA", loaded, "0")).toBe("loaded");
    for (const each of [client, refused]) each.close();
  });

  test("goes back to how it was when nobody switches in time", async () => {
    const [client, popping] = [await logIn(), await logIn()];
    const popped = popping.ask("BLPOP", "queue", "0");
    await blocked(1);
    const target = replicaNode();
    publish({ move: moveTo(target, "prepare") });
    await reached("prepared");
    publish({ move: moveTo(target, "hold", 200) });
    await reached("drained");
    const held = client.ask("SET", "held", "1");
    await reached("expired");
    expect(await held).toBe("OK");
    await client.ask("RPUSH", "queue", "job");
    expect(await popped).toEqual(["queue", "job"]);
    publish({ move: null });
    expect(served.gateway.moveReports()).toEqual([]);
    expect(await client.ask("GET", "held")).toBe("1");
    for (const each of [client, popping]) each.close();
  });

  test("is not undone by another route table in the middle of the switch", async () => {
    const client = await logIn();
    const subscriber = await logIn();
    await subscriber.ask("SUBSCRIBE", "news");
    const target = replicaNode();
    publish({ move: moveTo(target, "hold") });
    await reached("drained");
    await pair.promote();
    publish({ node: target, epoch: route.epoch + 1, move: null });
    publish({});
    expect(await client.ask("INCR", "counter")).toBe(1);
    expect(subscriber.isEnded).toBeFalse();
    for (const each of [client, subscriber]) each.close();
  });

  test("is prepared by a gateway that starts in the middle of it, too", async () => {
    const { gateway } = await startGateway({ move: moveTo(replicaNode(), "prepare") }, pair.primary);
    await until("it is prepared there", () => gateway.moveReports()[0]?.state === "prepared");
    gateway.stop();
  });

  test("is prepared where the same route names another node than before", async () => {
    const formerNode = route.node as RouteNode;
    await pair.promote();
    publish({ node: replicaNode(), epoch: route.epoch + 1, move: moveTo(formerNode, "prepare") });
    await reached("prepared");
  });

  test("can be called off, and begun again", async () => {
    const client = await logIn();
    const target = replicaNode();
    publish({ move: moveTo(target, "hold") });
    await reached("drained");
    const held = client.ask("SET", "k", "v");
    publish({ move: null });
    expect(await held).toBe("OK");
    publish({ move: { ...moveTo(target, "prepare"), moveId: "another" } });
    await reached("prepared");
    publish({ move: null });
    await moveToReplica();
    expect(await client.ask("GET", "k")).toBe("v");
    client.close();
  });
});
