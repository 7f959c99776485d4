/** What clients see when the engine behind the gateway dies: an honest error, and their connection. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

let served: TestGateway;

function metric(name: string): number {
  return served.gateway.metrics()[`larder_gateway_${name}`] as number;
}

async function logIn(): Promise<ByteClient> {
  const client = await connectBytes({ port: served.plainPort });
  client.send(Buffer.concat([encodeRequest(["AUTH", accessKey]), encodeRequest(["PING"])]));
  // The answer to PING is the engine's: the gateway is connected to it.
  await client.until("+PONG\r\n");
  return client;
}

/** Resolves once the gateway has sent so many more commands. */
async function sent(count: number): Promise<void> {
  const before = metric("commands_total");
  while (metric("commands_total") < before + count) await Bun.sleep(1);
  // And they have left its buffer, which takes some turns of this process's loop.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe.skipIf(!hasValkey)("an engine that dies", () => {
  beforeEach(async () => {
    served = await startGateway();
  });
  afterEach(() => served.stop());

  test("leaves a command in flight with an unknown outcome, and the connection usable", async () => {
    const client = await logIn();
    // A stopped engine takes commands and answers none.
    process.kill(served.engine.pid, "SIGSTOP");
    client.send(encodeRequest(["INCR", "counter"]));
    await sent(1);
    await served.engine.restart();
    expect(await client.until("\r\n")).toStartWith("-OUTCOMEUNKNOWN ");
    client.send(encodeRequest(["SET", "k", "v"]));
    expect(await client.until("\r\n")).toBe("+OK\r\n");
    client.close();
  });

  test("leaves reads in flight to be asked again, in their place among what is unknown", async () => {
    const client = await logIn();
    process.kill(served.engine.pid, "SIGSTOP");
    const words = [["GET", "a"], ["INCR", "a"], ["PING"], ["MULTI"], ["GET", "a"], ["EXEC"], ["STRLEN", "a"]];
    client.send(Buffer.concat(words.map((each) => encodeRequest(each))));
    await sent(words.length);
    await served.engine.restart();
    await client.until(":0\r\n");
    const lines = client.received().split("\r\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual([
      "+OK",
      "+PONG",
      "$-1",
      "-OUTCOMEUNKNOWN",
      "+PONG",
      "-OUTCOMEUNKNOWN",
      "-OUTCOMEUNKNOWN",
      "-OUTCOMEUNKNOWN",
      ":0",
      "",
    ]);
    client.close();
  });

  test("makes new commands wait until it is back, in their order", async () => {
    const client = await logIn();
    await served.engine.kill();
    client.send(
      Buffer.concat([encodeRequest(["INCR", "n"]), encodeRequest(["INCR", "n"]), encodeRequest(["GET", "n"])]),
    );
    await until("they wait", () => metric("connections_held") === 1 && metric("input_bytes") > 0);
    await served.engine.restart();
    expect(await client.until("$1\r\n2\r\n")).toBe(":1\r\n:2\r\n$1\r\n2\r\n");
    expect([metric("connections_held"), metric("input_bytes")]).toEqual([0, 0]);
    client.close();
  });

  test("refuses commands, and says that they did not run, when it stays away for too long", async () => {
    const client = await logIn();
    await served.engine.kill();
    client.send(encodeRequest(["SET", "k", "v"]));
    expect(await client.until("\r\n")).toStartWith("-UNAVAILABLE ");
    await served.engine.restart();
    for (;;) {
      client.send(encodeRequest(["GET", "k"]));
      const reply = await client.until("\r\n");
      if (reply === "$-1\r\n") break;
      expect(reply).toStartWith("-UNAVAILABLE ");
      await Bun.sleep(20);
    }
    client.close();
  }, 20_000);

  test("closes who had state on it: what was watched cannot be known elsewhere", async () => {
    const client = await logIn();
    client.send(encodeRequest(["WATCH", "k"]));
    await client.until("+OK\r\n");
    const before = metric("connections_closed_engine_lost_total");
    await served.engine.restart();
    await client.ended();
    expect(metric("connections_closed_engine_lost_total")).toBe(before + 1);
  });

  test("makes clients wait where it takes no more, and shows that it does", async () => {
    const client = await logIn();
    process.kill(served.engine.pid, "SIGSTOP");
    const values = Array.from({ length: 40 }, (_, index) => encodeRequest(["SET", `k${index}`, Buffer.alloc(60_000)]));
    client.send(Buffer.concat(values));
    await until("the connection is full", () => metric("server_connections_full") === 1);
    await until("the client waits", () => metric("connections_held") === 1);
    process.kill(served.engine.pid, "SIGCONT");
    await client.until("+OK\r\n".repeat(values.length));
    expect([metric("server_connections_full"), metric("connections_held")]).toEqual([0, 0]);
    client.close();
  });
});
