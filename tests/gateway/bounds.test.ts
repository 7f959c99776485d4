/** Limits of the data path, in one process: who takes no replies, who sends large values, who is one too many. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { Route } from "@larder/api";
import { encodeRequest } from "@larder/resp";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";

const mebibyte = 1024 * 1024;
let served: TestGateway;

async function logIn(key = accessKey): Promise<ByteClient> {
  const client = await connectBytes({ port: served.plainPort });
  client.send(encodeRequest(["AUTH", key]));
  await client.until("+OK\r\n");
  return client;
}

/** With another key. */
function renewedRoute(): Route {
  const passwordSha256 = [createHash("sha256").update("renewed").digest("hex")];
  return { ...served.route, users: served.route.users.map((user) => ({ ...user, passwordSha256 })) };
}

describe.skipIf(!hasValkey)("bounds", () => {
  beforeAll(async () => {
    served = await startGateway({ clientsMax: 4 });
  });
  afterAll(() => served.stop());

  test("a client that takes no replies is closed, costs bounded memory, and holds up nobody", async () => {
    const neighbour = await logIn();
    neighbour.send(encodeRequest(["SET", "value", Buffer.alloc(mebibyte, "v")]));
    await neighbour.until("+OK\r\n");
    const stuck = await logIn();
    stuck.pause();
    stuck.send(Buffer.concat(Array.from({ length: 2000 }, () => encodeRequest(["GET", "value"]))));
    let largest = 0;
    while (served.gateway.metrics().larder_gateway_connections_closed_stalled_total === 0) {
      neighbour.send(encodeRequest(["PING"]));
      await neighbour.until("+PONG\r\n");
      largest = Math.max(largest, served.gateway.outputTotal.bytes);
      await Bun.sleep(50);
    }
    expect(largest).toBeLessThan(64 * mebibyte);
    expect(served.gateway.outputTotal.bytes).toBe(0);
    neighbour.close();
    stuck.close();
  }, 30_000);

  test("a value of 40 MiB goes in and comes out whole, while others are served", async () => {
    const writer = await logIn();
    const neighbour = await logIn();
    const value = Buffer.alloc(40 * mebibyte, "0123456789abcdef\r\n$*");
    const request = encodeRequest(["SET", "large", value]);
    writer.send(request.subarray(0, 10 * mebibyte));
    neighbour.send(encodeRequest(["PING"]));
    await neighbour.until("+PONG\r\n");
    writer.send(request.subarray(10 * mebibyte));
    await writer.until("+OK\r\n");
    writer.send(encodeRequest(["GET", "large"]));
    const header = await writer.until("\r\n");
    expect(header).toBe(`$${value.length}\r\n`);
    const from = writer.received().length;
    writer.send(encodeRequest(["ECHO", "the-end"]));
    await writer.until("the-end\r\n");
    const text = writer.received();
    const start = text.lastIndexOf(header, from) + header.length;
    const digest = createHash("sha256")
      .update(Buffer.from(text.slice(start, start + value.length), "latin1"))
      .digest("hex");
    expect(digest).toBe(createHash("sha256").update(value).digest("hex"));
    writer.close();
    neighbour.close();
  }, 30_000);

  test("a large request may be pipelined among small ones", async () => {
    const client = await logIn();
    const value = Buffer.alloc(mebibyte, "x");
    const requests = [
      ["INCR", "n"],
      ["SET", "m", value],
      ["INCR", "n"],
      ["STRLEN", "m"],
      ["MULTI"],
      ["SET", "m", value],
      ["INCR", "n"],
      ["EXEC"],
    ];
    client.send(Buffer.concat(requests.map((words) => encodeRequest(words))));
    expect(await client.until(":3\r\n")).toBe(
      `:1\r\n+OK\r\n:2\r\n:${mebibyte}\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:3\r\n`,
    );
    client.close();
  });

  test("a million small commands in one write are all answered, in order", async () => {
    const client = await logIn();
    const count = 1_000_000;
    client.send(encodeRequest(["DEL", "many"]));
    await client.until("\r\n");
    client.send(Buffer.concat(new Array<Buffer>(count).fill(encodeRequest(["INCR", "many"]))));
    await client.until(`:${count}\r\n`);
    const replies = client.received().slice(-60).split("\r\n");
    expect(replies.slice(-3)).toEqual([`:${count - 1}`, `:${count}`, ""]);
    client.close();
  }, 30_000);

  test("a connection over the cache's limit is told so and closed", async () => {
    const clients = [await logIn(), await logIn(), await logIn(), await logIn()];
    const fifth = await connectBytes({ port: served.plainPort });
    expect(await fifth.ended()).toBe("-ERR max number of clients reached\r\n");
    for (const client of clients) client.close();
  });

  test("a changed key counts for new log-ins, and a route with an older epoch is not taken", async () => {
    const before = await logIn();
    served.gateway.apply({ revision: 2, tokenIssuers: [], routes: [renewedRoute()] });
    const renewed = await logIn("renewed");
    const refused = await connectBytes({ port: served.plainPort });
    refused.send(encodeRequest(["AUTH", accessKey]));
    expect(await refused.until("\r\n")).toStartWith("-WRONGPASS ");
    before.send(encodeRequest(["PING"]));
    await before.until("+PONG\r\n");
    served.gateway.apply({ revision: 3, tokenIssuers: [], routes: [{ ...served.route, epoch: 0 }] });
    refused.send(encodeRequest(["AUTH", accessKey]));
    expect(await refused.until("\r\n")).toStartWith("-WRONGPASS ");
    for (const client of [before, renewed, refused]) client.close();
  });

  test("what another life of the controller says counts, however low its revision and epochs: its store may be an older one", async () => {
    const client = await logIn("renewed");
    served.gateway.apply({ life: 2, revision: 1, tokenIssuers: [], routes: [{ ...served.route, epoch: 0 }] });
    expect(served.gateway.revision).toBe(1);
    client.close();
    (await logIn()).close();
    served.gateway.apply({ life: 3, revision: 2, tokenIssuers: [], routes: [renewedRoute()] });
  });

  test("what is too large for its command, or no RESP, ends the connection, and is counted once", async () => {
    const errors = () => served.gateway.metrics().larder_gateway_connections_closed_protocol_error_total as number;
    const hostile = {
      "*2\r\n$6\r\nSELECT\r\n$300000\r\n": "ERR Protocol error: request too large for this command",
      "*1\r\n$4\r\nPING\r\n*1\r\n!": "ERR Protocol error: expected '$', got '!'",
      "SET 'k\r\n": "ERR Protocol error: unbalanced quotes in request",
    };
    for (const [text, error] of Object.entries(hostile)) {
      const before = errors();
      const client = await logIn("renewed");
      client.send(Buffer.from(text));
      expect(await client.ended()).toEndWith(`-${error}\r\n`);
      expect({ text, errors: errors() }).toEqual({ text, errors: before + 1 });
    }
  });

  test("a port that is somebody else's is shown until it is free", async () => {
    const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const failed = () => served.gateway.metrics().larder_gateway_ports_failed;
    served.gateway.apply({ revision: 4, tokenIssuers: [], routes: [{ ...served.route, plainPort: other.port }] });
    expect(failed()).toBe(1);
    other.stop(true);
    served.gateway.apply({ revision: 5, tokenIssuers: [], routes: [served.route] });
    expect(failed()).toBe(0);
  });
});
