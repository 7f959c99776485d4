/**
 * An engine that fails at any byte and in any way: whatever it does, a client gets its own reply, an error that says what
 * is unknown, or the end of its connection; and once the engine is right again, so is everything. LARDER_SEED=… replays,
 * LARDER_FUZZ_ROUNDS=… makes it longer.
 *
 * It is not about an engine that lies in good form: what it says in the place of a reply is that reply.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { type Reply, ReplyError } from "@larder/resp";
import { CommandClient, ConnectionEnded } from "../fixture/command-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { until } from "../fixture/until.ts";
import { type EngineConnection, ScriptedEngine, sayHonestly } from "./scripted-engine.ts";

const rounds = Number(process.env.LARDER_FUZZ_ROUNDS ?? 60);
/** A gateway is expected to find out, at the latest, that an engine does not answer to a log-in. */
const recoveryMs = 8_000;

const directory = mkdtempSync(join(tmpdir(), "larder-hostile-"));
const engine = new ScriptedEngine();
let served: TestGateway;

/** What is no reply. */
const damages: readonly string[] = [
  "?\r\n", "\r\n", "\0", ".\r\n", ";1\r\nx\r\n", "HTTP/1.1 200 OK\r\n", "$-2\r\n", "$-0\r\n", "$\r\n", "$x\r\n", "$ 1\r\n",
  "$99999999999999999999\r\n", "$9999999999\r\n", "*99999999999999999999\r\n", "*-2\r\n", "%-1\r\n", "~-1\r\n", ">-1\r\n+x\r\n",
  "$?\r\n;4\r\nabcd\r\n;0\r\n", "*?\r\n:1\r\n.\r\n", "%?\r\n", "~?\r\n",
  "*2\r\n:1\r\n>1\r\n+x\r\n", "%1\r\n+k\r\n>2\r\n+message\r\n+x\r\n", "|1\r\n+k\r\n>1\r\n+x\r\n",
  "+no carriage return\n", "$3\nabc\r\n", "$3\r\nabcdef\r\n", "$3\r\nabc\n\n", "*1\r\n".repeat(9_000), "|1\r\n:1\r\n".repeat(9_000),
]; // biome-ignore format: a list

interface Failure {
  /** Bytes that are said rightly before. */
  good: number;
  /** Between two replies, not within one, where the damage would be part of a value. */
  isBetween: boolean;
  damage(connection: EngineConnection): void;
}

/** Fails once, and says no more on that connection. */
function failAfter({ good, isBetween, damage }: Failure): { isDone: () => boolean } {
  let left = good;
  const broken = new Set<EngineConnection>();
  engine.say = (connection, reply) => {
    if (broken.has(connection)) return;
    if (left >= reply.length || broken.size > 0) {
      left -= reply.length;
      connection.socket.write(reply);
      return;
    }
    if (!isBetween) connection.socket.write(reply.subarray(0, left));
    broken.add(connection);
    damage(connection);
  };
  return { isDone: () => broken.size > 0 };
}

async function logIn(protocol: 2 | 3): Promise<CommandClient> {
  const client = await CommandClient.connect({ port: served.plainPort });
  await client.ask("HELLO", String(protocol), "AUTH", "default", accessKey);
  return client;
}

/** What is wrong with the reply to what was asked with the token; "" if nothing is. */
function wrongWith(token: string, reply: Reply): string {
  if (reply instanceof ReplyError && /^(OUTCOMEUNKNOWN|UNAVAILABLE) /.test(reply.message)) return "";
  const value = Array.isArray(reply) ? reply[1] : reply;
  return value === `value-of:${token}` ? "" : `${inspect(reply)} for ${token}`;
}

/** Asks in pipelines until `isOver`, from a new connection whenever one ends. Returns what was wrong. */
async function ask(name: string, random: (below: number) => number, isOver: () => boolean): Promise<string[]> {
  const wrong: string[] = [];
  const protocol = random(2) === 0 ? 2 : 3;
  let client = await logIn(protocol);
  for (let turn = 0; !isOver(); turn++) {
    if (client.isEnded) client = await logIn(protocol);
    const tokens = Array.from({ length: 1 + random(8) }, (_, index) => `${name}.${turn}.${index}`);
    const commands = tokens.map((token) => (random(6) === 0 ? ["BLPOP", token, "0"] : ["GET", token]));
    const checked = commands.map(async (words) => {
      const token = words[1] as string;
      try {
        wrong.push(wrongWith(token, await client.ask(...words)));
      } catch (error) {
        if (!(error instanceof ConnectionEnded)) wrong.push(String(error));
      }
    });
    await Promise.all(checked);
    if (client.isOutOfStep) wrong.push(`${name}: out of step`);
    await Bun.sleep(random(3));
  }
  client.close();
  return wrong.filter((text) => text !== "");
}

/** That the gateway is well again: two clients, shared and dedicated connections. */
async function expectRecovery(): Promise<void> {
  await until(
    "clients get their replies again",
    async () => {
      const clients = await Promise.all([logIn(2), logIn(3)]);
      const replies = await Promise.all(
        clients.flatMap((client) => [client.ask("GET", "after"), client.ask("BLPOP", "after", "0")]),
      ).catch(() => [null]);
      for (const client of clients) client.close();
      return replies.every((reply) => !(reply instanceof ReplyError) && wrongWith("after", reply) === "");
    },
    recoveryMs,
  );
}

describe.skipIf(!hasValkey)(`an engine that fails (LARDER_SEED=${testSeed})`, () => {
  const random = randomFrom(testSeed);

  beforeAll(async () => {
    served = await startGateway();
    const socketPath = join(directory, "engine.sock");
    engine.start(socketPath);
    const node = { ...served.route.node, socketPath } as NonNullable<TestGateway["route"]["node"]>;
    served.gateway.apply({ revision: 2, tokenIssuers: [], routes: [{ ...served.route, epoch: 2, node }] });
    await expectRecovery();
  });
  afterAll(async () => {
    engine.stop();
    await served.stop();
    rmSync(directory, { recursive: true });
  });

  test("by closing at every byte of two replies", async () => {
    const replies = "$12\r\nvalue-of:0.0\r\n".length * 2;
    for (let cut = 0; cut <= replies; cut++) {
      const { isDone } = failAfter({
        good: cut,
        isBetween: false,
        damage: (connection) => connection.socket.end(),
      });
      const client = await logIn(2);
      const answers = ["0.0", "0.1"].map((token) =>
        client.ask("GET", token).then(
          (reply) => wrongWith(token, reply),
          (error) => (error instanceof ConnectionEnded ? "" : String(error)),
        ),
      );
      expect({ cut, wrong: await Promise.all(answers), isDone: isDone() || cut >= replies }).toEqual({
        cut,
        wrong: ["", ""],
        isDone: true,
      });
      expect(client.isOutOfStep).toBe(false);
      client.close();
    }
    engine.restart();
    await expectRecovery();
  }, 60_000);

  test("by saying what no reply is, at any place, to several clients at once", async () => {
    for (let round = 0; round < rounds; round++) {
      const damage = damages[random(damages.length)] as string;
      const endings = ["say", "end", "terminate", "drip"] as const;
      const ending = endings[random(endings.length)] as (typeof endings)[number];
      const { isDone } = failAfter({
        good: random(400),
        isBetween: ending !== "terminate",
        damage(connection) {
          if (ending === "say") connection.socket.write(damage);
          else if (ending === "end") connection.socket.end(damage.slice(0, random(damage.length + 1)));
          else if (ending === "terminate") connection.socket.terminate();
          else void drip(connection, Buffer.from(damage));
        },
      });
      let isOver = false;
      const asking = Promise.all(["a", "b", "c", "d"].map((name) => ask(`${round}${name}`, random, () => isOver)));
      await until(`round ${round}: it fails with ${JSON.stringify(damage.slice(0, 40))}`, isDone);
      isOver = true;
      const wrong = await Promise.race([asking, Bun.sleep(recoveryMs).then(() => [["nobody is answered any more"]])]);
      expect({ round, damage: damage.slice(0, 40), ending, wrong: wrong.flat() }).toEqual({
        round,
        damage: damage.slice(0, 40),
        ending,
        wrong: [],
      });
    }
    engine.restart();
    await expectRecovery();
  }, 600_000);

  test("by being slow, a byte at a time, and by attributes before its replies", async () => {
    const attributes = Buffer.from("|1\r\n+ttl\r\n*2\r\n:1\r\n|1\r\n+a\r\n+b\r\n$0\r\n\r\n");
    let turn = Promise.resolve();
    engine.say = (connection, reply) => {
      const bytes = random(2) === 0 ? reply : Buffer.concat([attributes, reply]);
      turn = turn.then(() => drip(connection, bytes));
    };
    let asked = 0;
    const wrong = await Promise.all(["a", "b", "c"].map((name) => ask(name, random, () => asked++ > 12)));
    expect(wrong.flat()).toEqual([]);
    engine.restart();
    await expectRecovery();
  }, 60_000);

  test("by answering a command before it was asked", async () => {
    const client = await logIn(2);
    expect(await client.ask("GET", "first")).toBe("value-of:first");
    for (const connection of engine.connections) connection.socket.write("$6\r\nsecret\r\n");
    await until("the gateway drops the connections", () => [...engine.connections].every((each) => each.said === 0));
    expect(wrongWith("second", await client.ask("GET", "second"))).toBe("");
    client.close();
    await expectRecovery();
  }, 30_000);

  test.each([
    ["nothing", ""],
    ["an error", "-ERR no\r\n"],
    ["an error that says wait", "-LOADING Valkey is loading the dataset in memory\r\n"],
    ["half a reply", "+O"],
    ["a length that is none", "$abc\r\n"],
    ["a length that is negative", "*-7\r\n"],
    ["a length that overflows", "$99999999999999999999\r\n"],
    ["a count that overflows", "*99999999999999999999\r\n"],
    ["a type that does not exist", "?\r\n"],
    ["nesting without end", "*1\r\n".repeat(100_000)],
    ["a line without end", "+".repeat(200_000)],
    ["a push", ">2\r\n+invalidate\r\n*0\r\n"],
    ["two replies for one", "+OK\r\n+OK\r\n"],
    ["many replies for one", "+OK\r\n".repeat(1_000)],
    ["null", "$-1\r\n"],
  ])(
    "by answering its log-in with %s",
    async (_, text) => {
      engine.sayAtLogin = (connection) => {
        connection.socket.write(text);
      };
      for (const connection of engine.connections) connection.socket.terminate();
      const client = await logIn(2);
      const reply = client.ask("GET", "token").catch(() => new ReplyError("UNAVAILABLE closed"));
      await Bun.sleep(200);
      engine.sayAtLogin = sayHonestly;
      expect(wrongWith("token", await reply)).toBe("");
      client.close();
      await expectRecovery();
    },
    30_000,
  );

  test("by closing at every byte of its log-in", async () => {
    const whole = 240;
    for (let cut = 0; cut < whole; cut += 1 + random(8)) {
      let left = cut;
      engine.sayAtLogin = (connection, reply) => {
        if (left >= reply.length) {
          left -= reply.length;
          connection.socket.write(reply);
          return;
        }
        connection.socket.end(reply.subarray(0, left));
        engine.sayAtLogin = sayHonestly;
      };
      for (const connection of engine.connections) connection.socket.terminate();
      const client = await logIn(2);
      const reply = await client.ask("GET", "token").catch(() => null);
      expect({ cut, wrong: reply === null ? "" : wrongWith("token", reply) }).toEqual({ cut, wrong: "" });
      client.close();
    }
    await expectRecovery();
  }, 60_000);
});

async function drip(connection: EngineConnection, bytes: Buffer): Promise<void> {
  const most = Math.min(bytes.length, 300);
  for (let index = 0; index < most; index++) {
    connection.socket.write(bytes.subarray(index, index + 1));
    if (index % 4 === 0) await Bun.sleep(0);
  }
  connection.socket.write(bytes.subarray(most));
}
