/** Subscriptions through the gateway: one at the engine for each channel, whoever and however many want it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

const mebibyte = 1024 * 1024;
let served: TestGateway;

async function logIn(protocol: 2 | 3 = 2, port = served.plainPort): Promise<ByteClient> {
  const client = await connectBytes({ port });
  client.send(encodeRequest(["HELLO", String(protocol), "AUTH", "default", accessKey]));
  client.send(encodeRequest(["ECHO", "in"]));
  await client.until("$2\r\nin\r\n");
  return client;
}

/** Sends a command and takes its reply, which must be just this. */
async function ask(client: ByteClient, words: string[], reply: string): Promise<void> {
  client.send(encodeRequest(words));
  expect(await client.until(reply)).toBe(reply);
}

function bulks(type: string, ...words: (string | number)[]): string {
  const each = words.map((word) => (typeof word === "number" ? `:${word}\r\n` : `$${word.length}\r\n${word}\r\n`));
  return `${type}${words.length}\r\n${each.join("")}`;
}

async function askEngine(...words: string[]): Promise<string> {
  const client = await connectBytes({ unix: served.engine.socketPath });
  client.send(encodeRequest(["AUTH", served.engine.user, served.engine.password]));
  await client.until("+OK\r\n");
  client.send(encodeRequest(words));
  client.send(encodeRequest(["QUIT"]));
  const answer = await client.ended();
  return answer.slice("+OK\r\n".length, -"+OK\r\n".length);
}

describe.skipIf(!hasValkey)("fan-out", () => {
  beforeAll(async () => {
    served = await startGateway({ clientsMax: 5000 });
  });
  afterAll(() => served.stop());

  test("both protocols get a message, the engine has one subscription, PUBLISH counts clients", async () => {
    const [two, three, publisher] = await Promise.all([logIn(2), logIn(3), logIn(2)]);
    await ask(
      two,
      ["SUBSCRIBE", "ch", "other"],
      bulks("*", "subscribe", "ch", 1) + bulks("*", "subscribe", "other", 2),
    );
    await ask(three, ["SUBSCRIBE", "ch"], bulks(">", "subscribe", "ch", 1));
    await ask(three, ["PSUBSCRIBE", "c*"], bulks(">", "psubscribe", "c*", 2));
    await ask(three, ["SSUBSCRIBE", "ch"], bulks(">", "ssubscribe", "ch", 1));
    await ask(publisher, ["PUBLISH", "ch", "hello"], ":3\r\n");
    await ask(publisher, ["SPUBLISH", "ch", "shard"], ":1\r\n");
    await ask(publisher, ["PUBLISH", "nobody", "hello"], ":0\r\n");
    expect(await two.until("hello\r\n")).toBe(bulks("*", "message", "ch", "hello"));
    expect(await three.until(bulks(">", "smessage", "ch", "shard"))).toBe(
      bulks(">", "message", "ch", "hello") +
        bulks(">", "pmessage", "c*", "ch", "hello") +
        bulks(">", "smessage", "ch", "shard"),
    );
    expect(await askEngine("PUBSUB", "NUMSUB", "ch")).toBe(bulks("*", "ch", 1));
    await ask(publisher, ["PUBSUB", "NUMSUB", "ch", "no", "other"], bulks("*", "ch", 2, "no", 0, "other", 1));
    await ask(publisher, ["PUBSUB", "SHARDNUMSUB", "ch"], bulks("*", "ch", 1));
    await ask(publisher, ["PUBSUB", "NUMPAT"], ":1\r\n");
    await ask(publisher, ["PUBSUB", "SHARDCHANNELS"], bulks("*", "ch"));
    publisher.send(encodeRequest(["CLIENT", "LIST", "TYPE", "pubsub"]));
    const list = await publisher.until("\n\r\n");
    expect(list.match(/flags=P .*sub=2 psub=0 ssub=0/)).not.toBeNull();
    expect(list.match(/flags=P .*sub=1 psub=1 ssub=1/)).not.toBeNull();
    await ask(two, ["UNSUBSCRIBE", "ch"], bulks("*", "unsubscribe", "ch", 1));
    await ask(publisher, ["PUBLISH", "ch", "x"], ":2\r\n");
    for (const client of [two, three, publisher]) client.close();
    await until("the engine has none left", async () => (await askEngine("PUBSUB", "CHANNELS")) === "*0\r\n");
    await until("nor patterns", async () => (await askEngine("PUBSUB", "NUMPAT")) === ":0\r\n");
  });

  test("a RESP3 subscriber goes on as before, also from within transactions and while it blocks", async () => {
    const [client, publisher] = await Promise.all([logIn(3), logIn(2)]);
    await ask(client, ["SUBSCRIBE", "r3"], bulks(">", "subscribe", "r3", 1));
    await ask(client, ["SET", "k", "v"], "+OK\r\n");
    await ask(client, ["MULTI"], "+OK\r\n");
    await ask(publisher, ["PUBLISH", "r3", "inside"], ":1\r\n");
    expect(await client.until("inside\r\n")).toBe(bulks(">", "message", "r3", "inside"));
    await ask(client, ["GET", "k"], "+QUEUED\r\n");
    await ask(client, ["EXEC"], "*1\r\n$1\r\nv\r\n");
    client.send(encodeRequest(["BLPOP", "list", "10"]));
    await until("it blocks", async () => (await askEngine("INFO", "clients")).includes("blocked_clients:1"));
    await ask(publisher, ["PUBLISH", "r3", "blocked"], ":1\r\n");
    expect(await client.until("blocked\r\n")).toBe(bulks(">", "message", "r3", "blocked"));
    await ask(publisher, ["LPUSH", "list", "x"], ":1\r\n");
    expect(await client.until("x\r\n")).toBe(bulks("*", "list", "x"));
    await ask(client, ["RESET"], "+RESET\r\n");
    await until("it is gone", async () => (await askEngine("PUBSUB", "CHANNELS")) === "*0\r\n");
    for (const each of [client, publisher]) each.close();
  });

  test("a RESP2 subscriber may do little, and is told so in the engine's words", async () => {
    const client = await logIn(2);
    await ask(client, ["SUBSCRIBE", "r2"], bulks("*", "subscribe", "r2", 1));
    const refused = (name: string) =>
      `-ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n`;
    await ask(client, ["GET", "k"], refused("get"));
    await ask(client, ["CLIENT", "ID"], refused("client|id"));
    await ask(client, ["MULTI"], refused("multi"));
    await ask(client, ["Hello", "3"], refused("hello"));
    await ask(client, ["GET"], "-ERR wrong number of arguments for 'get' command\r\n");
    await ask(client, ["NO.SUCH", "a"], "-ERR unknown command 'NO.SUCH', with args beginning with: 'a' \r\n");
    await ask(client, ["PING"], bulks("*", "pong", ""));
    await ask(client, ["PING", "a\u00e9"], "*2\r\n$4\r\npong\r\n$3\r\na\u00c3\u00a9\r\n");
    await ask(client, ["UNSUBSCRIBE"], bulks("*", "unsubscribe", "r2", 0));
    await ask(client, ["PING"], "+PONG\r\n");
    client.close();
  });

  test("3,000 subscribers of one channel and a pattern get every message, in order", async () => {
    const clients: ByteClient[] = [];
    while (clients.length < 3000)
      clients.push(...(await Promise.all(Array.from({ length: 100 }, (_, index) => logIn(index % 2 === 0 ? 2 : 3)))));
    const publisher = await logIn(2);
    await Promise.all(
      clients.map(async (client, index) => {
        const command = index % 10 === 0 ? "psubscribe" : "subscribe";
        const name = index % 10 === 0 ? "many*" : "many";
        await ask(client, [command, name], bulks(index % 2 === 0 ? "*" : ">", command, name, 1));
      }),
    );
    const count = 20;
    for (let index = 0; index < count; index++) publisher.send(encodeRequest(["PUBLISH", "many", `message-${index}.`]));
    expect(await publisher.until(":3000\r\n".repeat(count))).toBe(":3000\r\n".repeat(count));
    const expected = Array.from({ length: count }, (_, index) => `message-${index}.`);
    for (const client of clients) {
      const received = await client.until(`message-${count - 1}.\r\n`);
      expect([...(received.match(/message-\d+\./g) ?? [])]).toEqual(expected);
    }
    expect(await askEngine("PUBSUB", "NUMSUB", "many")).toBe(bulks("*", "many", 1));
    for (const client of [...clients, publisher]) client.close();
    await until("the engine has none left", async () => (await askEngine("PUBSUB", "CHANNELS")) === "*0\r\n");
  }, 60_000);

  test("many channels in one request, and many requests at once, are confirmed one by one", async () => {
    const client = await logIn(3);
    const names = Array.from({ length: 20_000 }, (_, index) => `channel-with-a-long-name-${index}`);
    client.send(encodeRequest(["SUBSCRIBE", ...names]));
    await client.until(bulks(">", "subscribe", names.at(-1) as string, 20_000));
    client.send(Buffer.concat(names.slice(0, 500).map((name) => encodeRequest(["PSUBSCRIBE", name]))));
    client.send(encodeRequest(["ECHO", "subscribed"]));
    const confirmed = names.slice(0, 500).map((name, index) => bulks(">", "psubscribe", name, 20_001 + index));
    expect(await client.until("subscribed\r\n")).toBe(`${confirmed.join("")}$10\r\nsubscribed\r\n`);
    client.send(encodeRequest(["UNSUBSCRIBE"]));
    await client.until(":500\r\n");
    expect(await askEngine("PUBSUB", "CHANNELS")).toBe("*0\r\n");
    client.close();
  }, 20_000);

  test("a large message is counted right, and comes whole", async () => {
    const [one, two, publisher] = await Promise.all([logIn(2), logIn(3), logIn(2)]);
    const message = "m".repeat(5 * mebibyte);
    await ask(one, ["SUBSCRIBE", "big"], bulks("*", "subscribe", "big", 1));
    await ask(two, ["SUBSCRIBE", "big"], bulks(">", "subscribe", "big", 1));
    await ask(publisher, ["PUBLISH", "big", message], ":2\r\n");
    expect(await one.until("m\r\n")).toBe(bulks("*", "message", "big", message));
    expect(await two.until("m\r\n")).toBe(bulks(">", "message", "big", message));
    for (const client of [one, two, publisher]) client.close();
  });

  test("messages never come within a reply", async () => {
    const [client, writer, publisher] = await Promise.all([logIn(3), logIn(2), logIn(2)]);
    const value = "v".repeat(3 * mebibyte);
    await ask(writer, ["SET", "large", value], "+OK\r\n");
    await ask(client, ["SUBSCRIBE", "within"], bulks(">", "subscribe", "within", 1));
    const rounds = 12;
    for (let round = 0; round < rounds; round++) {
      client.send(encodeRequest(["GET", "large"]));
      for (let index = 0; index < 20; index++)
        publisher.send(encodeRequest(["PUBLISH", "within", `${round}/${index}`]));
    }
    publisher.send(encodeRequest(["PUBLISH", "within", "last"]));
    await client.until(bulks(">", "message", "within", "last"));
    client.send(encodeRequest(["ECHO", "the end"]));
    await client.until("the end\r\n");
    const reply = `$${value.length}\r\n${value}\r\n`;
    const received = client.received();
    expect(received.split(reply).length - 1).toBe(rounds);
    expect([...(received.replaceAll(reply, "").match(/(?<=\r\n)\d+\/\d+(?=\r\n)/g) ?? [])]).toEqual(
      Array.from({ length: rounds * 20 }, (_, index) => `${Math.floor(index / 20)}/${index % 20}`),
    );
    for (const each of [client, writer, publisher]) each.close();
  }, 30_000);

  test("a subscriber that takes nothing is closed at 32 MiB and holds up nobody", async () => {
    const [slow, fast, publisher] = await Promise.all([logIn(2), logIn(3), logIn(2)]);
    await ask(slow, ["SUBSCRIBE", "flood"], bulks("*", "subscribe", "flood", 1));
    await ask(fast, ["SUBSCRIBE", "flood"], bulks(">", "subscribe", "flood", 1));
    slow.pause();
    const before = served.gateway.metrics().larder_gateway_connections_closed_subscriber_output_total ?? 0;
    const closed = () => served.gateway.metrics().larder_gateway_connections_closed_subscriber_output_total ?? 0;
    let largest = 0;
    for (let sent = 0; closed() === before; sent += mebibyte) {
      expect(sent).toBeLessThan(80 * mebibyte);
      publisher.send(encodeRequest(["PUBLISH", "flood", Buffer.alloc(mebibyte, "x")]));
      await publisher.until("\r\n");
      await fast.until("x\r\n");
      largest = Math.max(largest, served.gateway.outputTotal.bytes);
    }
    expect(largest).toBeGreaterThan(30 * mebibyte);
    await ask(publisher, ["PUBLISH", "flood", "after"], ":1\r\n");
    for (const client of [slow, fast, publisher]) client.close();
  }, 30_000);

  test("when the engine dies, subscribers are closed and others are not", async () => {
    const [subscriber, other] = await Promise.all([logIn(3), logIn(3)]);
    await ask(subscriber, ["SUBSCRIBE", "lost"], bulks(">", "subscribe", "lost", 1));
    await ask(other, ["SUBSCRIBE", "lost"], bulks(">", "subscribe", "lost", 1));
    await ask(other, ["UNSUBSCRIBE", "lost"], bulks(">", "unsubscribe", "lost", 0));
    await served.engine.kill();
    await subscriber.ended();
    other.send(encodeRequest(["SUBSCRIBE", "found"]));
    await served.engine.restart();
    expect(await other.until(":1\r\n")).toBe(bulks(">", "subscribe", "found", 1));
    other.close();
  });
});
