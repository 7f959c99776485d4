/**
 * Honest clients that ask very much: they get all of it, in order, and cost others little. In a process of its own, so
 * that its memory can be seen.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encodeRequest, ReplyError } from "@larder/resp";
import { CommandClient } from "../fixture/command-client.ts";
import { type GatewayProcesses, startGatewayProcesses } from "../fixture/gateway-processes.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { residentBytes } from "../fixture/processes.ts";
import { accessKey } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";
import { type Seen, whileServed } from "./bystander.ts";
import { ReplyStream } from "./reply-stream.ts";

const MiB = 1024 * 1024;
/** Far above what is seen (tens of milliseconds): whoever is on the machine, a bystander does not wait for the end of it. */
const promptMs = 3_000;
/** Most of it is garbage that nobody was in a hurry to collect. */
const grownBytesMax = 384 * MiB;

let service: GatewayProcesses;

function expectServed(seen: Seen): void {
  expect(seen.replies).toBeGreaterThan(0);
  expect(seen.slowestMs).toBeLessThan(promptMs);
  expect(seen.grownBytes).toBeLessThan(grownBytesMax);
}

async function logIn(): Promise<CommandClient> {
  const client = await CommandClient.connect(service.addresses[0]);
  expect(await client.ask("AUTH", accessKey)).toBe("OK");
  return client;
}

describe.skipIf(!hasValkey)("heavy and honest", () => {
  beforeAll(async () => {
    service = await startGatewayProcesses(1);
  });
  afterAll(() => service.stop());

  test("a pipeline of a million commands", async () => {
    const count = 1_000_000;
    const stream = await ReplyStream.open(service.addresses[0]);
    const some = Buffer.concat(new Array<Buffer>(1_000).fill(encodeRequest(["INCR", "million"])));
    const seen = await whileServed(service, async () => {
      for (let sent = 0; sent < count; sent += 1_000) stream.socket.write(some);
      expect(await stream.until(1 + count)).toBe(count);
    });
    expectServed(seen);
    stream.close();
  }, 60_000);

  test("100,000 tiny inline commands", async () => {
    const count = 100_000;
    const stream = await ReplyStream.open(service.addresses[0]);
    const seen = await whileServed(service, async () => {
      await stream.write("INCR inline\r\n".repeat(count));
      expect(await stream.until(1 + count)).toBe(count);
    });
    expectServed(seen);
    stream.close();
  }, 60_000);

  test("1,000 commands of 1,000 arguments", async () => {
    const stream = await ReplyStream.open(service.addresses[0]);
    const words = Array.from({ length: 999 }, (_, index) => `element-${index}`);
    const request = encodeRequest(["SADD", ...words]);
    const seen = await whileServed(service, async () => {
      for (let sent = 0; sent < 1_000; sent++) stream.socket.write(request);
      expect(await stream.until(1 + 1_000)).toBe(0);
      await stream.write(encodeRequest(["SCARD", words[0] as string]));
      expect(await stream.until(2 + 1_000)).toBe(998);
    });
    expectServed(seen);
    stream.close();
  }, 60_000);

  test("one byte a packet", async () => {
    const stream = await ReplyStream.open(service.addresses[0]);
    stream.socket.setNoDelay(true);
    const requests = Buffer.concat([
      encodeRequest(["MSET", ...Array.from({ length: 200 }, (_, index) => `slow:${index}`)]),
      encodeRequest(["SET", "slow:value", "v".repeat(1_000)]),
      Buffer.from("STRLEN slow:value\r\n"),
    ]);
    const seen = await whileServed(service, async () => {
      for (const byte of requests) {
        await stream.write(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
      expect(await stream.until(4)).toBe(1_000);
    });
    expectServed(seen);
    stream.close();
  }, 60_000);

  test("a transaction of 100,000 commands, whole and one after the other", async () => {
    const count = 100_000;
    const stream = await ReplyStream.open(service.addresses[0]);
    const one = encodeRequest(["INCR", "transaction"]);
    const whole = Buffer.concat([
      encodeRequest(["MULTI"]),
      ...new Array<Buffer>(count).fill(one),
      encodeRequest(["EXEC"]),
    ]);
    const seen = await whileServed(service, async () => {
      await stream.write(whole);
      await stream.until(1 + count + 2);
      await stream.write(encodeRequest(["MULTI"]));
      await stream.until(1 + count + 3);
      for (let sent = 0; sent < count; sent += 10_000) {
        await stream.write(Buffer.concat(new Array<Buffer>(10_000).fill(one)));
        await stream.until(1 + count + 3 + sent + 10_000);
      }
      await stream.write(encodeRequest(["EXEC"]));
      await stream.until(1 + 2 * (count + 2));
      await stream.write(encodeRequest(["GET", "transaction"]));
      expect(await stream.until(2 + 2 * (count + 2))).toBe(String(2 * count));
    });
    // The engine runs a transaction in one piece, and nobody else's commands meanwhile.
    expectServed(seen);
    stream.close();
  }, 60_000);

  test.each([100, 100_000])(
    "100,000 channels, %i at a time",
    async (atOnce) => {
      const count = 100_000;
      const names = Array.from({ length: count }, (_, index) => `channel-${atOnce}-${index}`);
      const stream = await ReplyStream.open(service.addresses[0]);
      const publisher = await logIn();
      const seen = await whileServed(service, async () => {
        for (let start = 0; start < count; start += atOnce)
          await stream.write(encodeRequest(["SUBSCRIBE", ...names.slice(start, start + atOnce)]));
        expect(await stream.until(1 + count)).toEqual(["subscribe", names.at(-1) as string, count]);
        expect(await publisher.ask("PUBLISH", names[count / 2] as string, "a message")).toBe(1);
        expect(await stream.until(2 + count)).toEqual(["message", names[count / 2] as string, "a message"]);
        await stream.write(encodeRequest(["UNSUBSCRIBE"]));
        await stream.until(2 + 2 * count);
      });
      expectServed(seen);
      expect(await publisher.ask("PUBLISH", names[0] as string, "nobody is there")).toBe(0);
      publisher.close();
      stream.close();
    },
    60_000,
  );

  // As Valkey does, the gateway takes any number of attempts and keeps the connection. Of the last kind some have to wait.
  test.each([
    [1_000, "right", () => accessKey],
    [80, "by turns right and wrong", (turn: number) => (turn % 2 === 0 ? accessKey : "guess")],
    [15, "wrong", () => "guess"],
  ])(
    "%d log-ins, %s",
    async (count, _, keyOf) => {
      const client = await CommandClient.connect(service.addresses[1]);
      const keys = Array.from({ length: count }, (_, turn) => keyOf(turn));
      const seen = await whileServed(service, async () => {
        const replies = await client.pipeline(keys.map((key) => ["AUTH", key]));
        const isRight = replies.map((reply) => reply === "OK");
        expect(isRight).toEqual(keys.map((key) => key === accessKey));
        const wrong = replies.filter((reply) => reply instanceof ReplyError);
        expect(wrong.every((reply) => reply.message.startsWith("WRONGPASS "))).toBe(true);
      });
      expectServed(seen);
      expect(await client.ask("AUTH", accessKey)).toBe("OK");
      expect(await client.ask("ECHO", "still here")).toBe("still here");
      client.close();
    },
    60_000,
  );

  test("a value of 512 MiB goes in and comes out whole", async () => {
    const piece = Buffer.alloc(MiB, "0123456789abcdef\r\n$*-");
    const pieces = 512;
    const stream = await ReplyStream.open(service.addresses[0]);
    const beforeBytes = residentBytes(service.workers[0]!.pid);
    const header = `*3\r\n$3\r\nSET\r\n$4\r\nhuge\r\n$${pieces * MiB}\r\n`;
    const sent = new Bun.CryptoHasher("sha1").update(`$${pieces * MiB}\r\n`);
    const received = new Bun.CryptoHasher("sha1");
    const going = await whileServed(service, async () => {
      await stream.write(header);
      for (let each = 0; each < pieces; each++) {
        sent.update(piece);
        await stream.write(piece);
      }
      await stream.write("\r\n");
      expect(await stream.until(2)).toBe("OK");
    });
    stream.onBytes = (bytes) => received.update(bytes);
    const coming = await whileServed(service, async () => {
      await stream.write(encodeRequest(["GET", "huge"]));
      await stream.until(3);
    });
    expect(received.digest("hex")).toBe(sent.update("\r\n").digest("hex"));
    // How long others wait is not asked: the engine itself is busy for seconds with such a value, whoever it serves.
    // It passes on its way in, though the pieces are garbage for a while. On its way out it may wait here for the client.
    expect(Math.max(going.grownBytes, coming.grownBytes)).toBeLessThan(pieces * MiB + grownBytesMax);
    stream.onBytes = () => {};
    await stream.write(encodeRequest(["UNLINK", "huge"]));
    expect(await stream.until(4)).toBe(1);
    stream.close();
    // Small commands go on for a while, as garbage is collected only where there is work.
    await whileServed(service, () =>
      until(
        "the memory is given back",
        () => residentBytes(service.workers[0]!.pid) < beforeBytes + grownBytesMax,
        30_000,
      ),
    );
  }, 120_000);
});
