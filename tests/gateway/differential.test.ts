/**
 * Random pipelines, cut at random places, sent to a valkey-server and to a gateway in front of another: what comes back
 * must be the same to the byte. That covers order across shared, dedicated and local answers, transactions, blocking
 * commands, subscriptions, large requests and errors. LARDER_SEED=… replays a failure.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encodeRequest, ReplyScanner } from "@larder/resp";
import { connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import type { Address } from "../fixture/raw-client.ts";
import { accessKey } from "../fixture/route.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { startValkey, type TestEngine } from "../fixture/valkey.ts";

type Random = (below: number) => number;

/** Commands whose answers depend on the data alone. */
function ordinary(random: Random): string[] {
  const key = `k${random(5)}`;
  const value = "v".repeat(random(40));
  const list = `l${random(3)}`;
  const commands: string[][] = [
    ["SET", key, value],
    ["get", key],
    ["GET", key],
    ["INCR", "counter"],
    ["LPUSH", list, value, "message", "subscribe"],
    ["LRANGE", list, "0", "5"],
    ["LTRIM", list, "0", "9"],
    ["HSET", "h", `f${random(3)}`, value],
    ["HGETALL", "h"],
    ["DEL", key],
    ["MGET", "k0", "k1", "nothing"],
    ["MSET", "k0", value, "k1", "x"],
    ["GET"],
    ["NO.SUCH.COMMAND", "a"],
    ["INCR", "h"],
    ["EVAL", "return {1, 'message', {ARGV[1], redis.call('GET', KEYS[1])}}", "1", key, value],
    ["PING"],
    ["PING", value],
    ["ECHO", value],
    ["XADD", "s", "*x", "f", "v"],
    ["XREAD", "COUNT", "2", "STREAMS", "s", "0"],
    ["SET", "big", "b".repeat(random(3) * 200_000)],
    ["STRLEN", "big"],
    ["GET", "big"],
    ["UNWATCH"],
    ["EXEC"],
    ["DISCARD"],
    ["BLPOP", list, "0.01"],
    ["BRPOP", "empty", list, "0.01"],
    ["XREAD", "BLOCK", "1", "STREAMS", "s", "$"],
    ["WAIT", "0", "0"],
    ["DBSIZE"],
  ];
  return commands[random(commands.length)] as string[];
}

/** A group of commands that leaves the connection as it was. */
function scene(random: Random, protocol: 2 | 3): string[][] {
  const some = (count: number) => Array.from({ length: random(count) }, () => ordinary(random));
  switch (random(7)) {
    case 0:
      return [["MULTI"], ...some(5).filter(([name]) => name !== "EXEC" && name !== "DISCARD"), ["EXEC"]];
    case 1:
      return [["MULTI"], ["SET", "k0", "1"], ["DISCARD"]];
    case 2:
      return [
        ["WATCH", "k0"],
        ...some(3).filter(([name]) => !["EXEC", "DISCARD", "UNWATCH"].includes(name as string)),
        ["MULTI"],
        ["GET", "k0"],
        ["EXEC"],
      ];
    case 3:
      return [["SELECT", String(random(4))], ...some(4), ["SELECT", "99"], ["SELECT", "x"], ["SELECT", "0"]];
    case 4: {
      // One channel is left for the UNSUBSCRIBE of all: an engine confirms several in no certain order.
      // In RESP2 a subscribed client may only subscribe, unsubscribe and ping.
      const inside =
        protocol === 3
          ? [
              ["PUBLISH", "ch", "hello"],
              ["LRANGE", "l0", "0", "1"],
              ["PUBLISH", "p.x", "y"],
              ["SPUBLISH", "ch", "s"],
              ["PUBLISH", "ch2", "nobody"],
              ["PUBSUB", "NUMSUB", "ch", "ch2"],
              ["PUBSUB", "NUMPAT"],
              ["GET", "big"],
              ["PUBLISH", "p.", "z".repeat(random(2) * 300_000)],
              ...some(4),
            ]
          : [
              ["PING"],
              ["PING", "a"],
              ["PING", "a", "b"],
              ["GET", "k0"],
              ["GET"],
              ["NO.SUCH", "x"],
              ["OBJECT", "HELP"],
              ["MULTI"],
            ];
      return [
        ["SUBSCRIBE", "ch", "ch2", "ch"],
        ["SSUBSCRIBE", "ch"],
        ["UNSUBSCRIBE", "ch2", "never", "ch2"],
        ["PSUBSCRIBE", "p.*"],
        ...inside,
        ["UNSUBSCRIBE"],
        ["SUNSUBSCRIBE", "ch"],
        ["PUNSUBSCRIBE", "p.*"],
        ["PUBLISH", "ch", "nobody"],
      ];
    }
    case 5:
      return [
        ["CLIENT", "REPLY", "SKIP"],
        ["SUBSCRIBE", "skipped"],
        ["UNSUBSCRIBE", "skipped"],
        ["CLIENT", "REPLY", "SKIP"],
        ["SET", "k0", "skipped"],
        ["CLIENT", "REPLY", "OFF"],
        ["SET", "k1", "off"],
        ["GET", "k1"],
        ["SUBSCRIBE", "off"],
        ["UNSUBSCRIBE", "off"],
        ["CLIENT", "REPLY", "ON"],
      ];
    default:
      return some(8);
  }
}

function pipeline(random: Random): Buffer {
  const protocol = random(2) === 0 ? 2 : 3;
  const scenes = Array.from({ length: 2 + random(8) }, () => scene(random, protocol)).flat();
  const requests = scenes.map((words) => {
    const isInline = random(12) === 0 && words.every((word) => /^[\w.]{1,20}$/.test(word));
    return isInline ? Buffer.from(`${words.join(" ")}\r\n`) : encodeRequest(words);
  });
  // HELLO's own answer names the connection, so it comes before what is compared.
  return Buffer.concat([
    encodeRequest(["HELLO", String(protocol)]),
    encodeRequest(["ECHO", "begin"]),
    ...requests,
    encodeRequest(["QUIT"]),
  ]);
}

/**
 * A client's own message may come before or after the replies that follow its PUBLISH, but not after a later confirmation.
 * So between two confirmations the replies are put before the messages, each in their order.
 */
function ordered(answered: string): string {
  const bytes = Buffer.from(answered, "latin1");
  const scanner = new ReplyScanner(1 << 30);
  const done: string[] = [];
  let messages: string[] = [];
  for (let start = 0, end = 0; start < bytes.length; start = end) {
    end = scanner.next(bytes, start, bytes.length);
    const text = answered.slice(start, end);
    const isPush = text.startsWith(">");
    if (isPush && /^>\d\r\n\$\d\r\n[ps]?message\r\n/.test(text)) messages.push(text);
    else if (isPush) {
      done.push(...messages, text);
      messages = [];
    } else done.push(text);
  }
  return [...done, ...messages].join("");
}

async function converse(address: Address, login: string[], stream: Buffer, cuts: number[]): Promise<string> {
  const client = await connectBytes(address);
  client.send(encodeRequest(login));
  await client.until("+OK\r\n");
  let start = 0;
  for (const cut of [...cuts, stream.length]) {
    client.send(stream.subarray(start, cut));
    start = cut;
    await Bun.sleep(0);
  }
  const answered = await client.ended();
  return ordered(answered.slice(answered.indexOf("begin\r\n") + "begin\r\n".length));
}

describe.skipIf(!hasValkey)(`gateway and engine answer alike (LARDER_SEED=${testSeed})`, () => {
  let served: TestGateway;
  let bare: TestEngine;

  beforeAll(async () => {
    served = await startGateway();
    bare = await startValkey();
  });
  afterAll(async () => {
    await served.stop();
    await bare.stop();
  });

  test("150 random pipelines", async () => {
    const random = randomFrom(testSeed);
    for (let round = 0; round < 150; round++) {
      const stream = pipeline(random);
      const cuts = Array.from({ length: random(5) }, () => random(stream.length)).sort((a, b) => a - b);
      const expected = await converse({ unix: bare.socketPath }, ["AUTH", bare.user, bare.password], stream, cuts);
      const over: Address =
        round % 2 === 0 ? { port: served.plainPort } : { port: served.tlsPort, tls: { ca: served.ca } };
      const actual = await converse(over, ["AUTH", accessKey], stream, cuts);
      if (actual !== expected)
        expect({ round, actual: firstDifference(actual, expected) }).toEqual({ round, actual: "" });
    }
  }, 60_000);
});

function firstDifference(actual: string, expected: string): string {
  let at = 0;
  while (at < actual.length && actual[at] === expected[at]) at++;
  const show = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 120), at + 120));
  return `at ${at} of ${actual.length}: ${show(actual)} instead of ${show(expected)}`;
}
