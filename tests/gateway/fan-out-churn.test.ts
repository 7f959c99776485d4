/**
 * Clients that subscribe, unsubscribe and leave at random while numbers are published: between the confirmations of its
 * subscribing and its leaving, each gets every number once and in order. LARDER_SEED=… replays a failure.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { decodeReply, encodeRequest } from "@larder/resp";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { until } from "../fixture/until.ts";

type Random = (below: number) => number;

let served: TestGateway;

async function logIn(protocol: number): Promise<ByteClient> {
  const client = await connectBytes({ port: served.plainPort });
  client.send(encodeRequest(["HELLO", String(protocol), "AUTH", "default", accessKey]));
  client.send(encodeRequest(["ECHO", "in"]));
  await client.until("$2\r\nin\r\n");
  return client;
}

const channels = ["a", "b", "c"];
const patterns = ["*", "[ab]"];

/** Random changes in random pieces; some clients end in the middle. */
async function behave(client: ByteClient, random: Random, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const requests = Array.from({ length: 1 + random(4) }, () => {
      const isPattern = random(3) === 0;
      const names = isPattern ? patterns : channels;
      const some = names.filter(() => random(2) === 0);
      const command = `${isPattern ? "P" : ""}${random(2) === 0 ? "" : "UN"}SUBSCRIBE`;
      return encodeRequest([command, ...(some.length > 0 ? some : [names[0] as string])]);
    });
    const bytes = Buffer.concat(requests);
    const cut = random(bytes.length);
    client.send(bytes.subarray(0, cut));
    await Bun.sleep(random(3));
    client.send(bytes.subarray(cut));
    await Bun.sleep(random(10));
    if (random(60) === 0) break;
  }
  client.close();
}

/** What a client received, replayed: throws where a number is missing or comes twice. */
function check(received: string): number {
  const bytes = Buffer.from(received.slice(received.indexOf("$2\r\nin\r\n") + "$2\r\nin\r\n".length), "latin1");
  const last = new Map<string, number | null>();
  let messages = 0;
  for (let position = 0; ; ) {
    const reply = decodeReply(bytes, position);
    if (reply === undefined) return messages;
    position = reply.end;
    const [kind, name, ...rest] = reply.value as [string, string, ...(string | number)[]];
    const key = `${kind.startsWith("p") ? "p" : ""} ${name}`;
    if (/^p?subscribe$/.test(kind)) last.set(key, last.get(key) ?? null);
    else if (/^p?unsubscribe$/.test(kind)) {
      for (const each of [...last.keys()]) if (each === key || each.startsWith(`${key} `)) last.delete(each);
    } else {
      const channel = kind === "pmessage" ? `${key} ${rest[0]}` : key;
      const number = Number(rest.at(-1));
      const before = last.get(channel) ?? null;
      if (!last.has(key)) throw new Error(`${channel}: ${number} without a subscription`);
      if (before !== null && number !== before + 1) throw new Error(`${channel}: ${number} after ${before}`);
      last.set(channel, number);
      messages++;
    }
  }
}

describe.skipIf(!hasValkey)(`subscribers that come and go (LARDER_SEED=${testSeed})`, () => {
  beforeAll(async () => {
    served = await startGateway();
  });
  afterAll(() => served.stop());

  test("miss nothing and get nothing twice", async () => {
    const random = randomFrom(testSeed);
    const endsMs = performance.now() + 4_000;
    const isOver = () => performance.now() > endsMs;
    const finished: ByteClient[] = [];
    const lives = Array.from({ length: 40 }, async (_, index) => {
      const own = randomFrom(testSeed + index + 1);
      while (!isOver()) {
        const client = await logIn(2 + own(2));
        await behave(client, own, isOver);
        finished.push(client);
      }
    });
    const publisher = await logIn(2);
    for (let number = 0; !isOver(); number++) {
      for (const channel of channels) publisher.send(encodeRequest(["PUBLISH", channel, String(number)]));
      if (random(5) === 0) await Bun.sleep(1);
    }
    await Promise.all(lives);
    const messages = finished.reduce((sum, client) => sum + check(client.received()), 0);
    expect(messages).toBeGreaterThan(1000);
    await until("the engine has no subscription left", async () => {
      publisher.send(encodeRequest(["PUBSUB", "NUMPAT"]));
      publisher.send(encodeRequest(["PUBSUB", "CHANNELS"]));
      publisher.send(encodeRequest(["ECHO", "asked"]));
      return (await publisher.until("asked\r\n")).endsWith(":0\r\n*0\r\n$5\r\nasked\r\n");
    });
    publisher.close();
  }, 30_000);
});
