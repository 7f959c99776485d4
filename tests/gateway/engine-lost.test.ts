/** What clients see when the engine behind the gateway dies: an honest error, and their connection. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { accessKey, startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";

let served: TestGateway;

async function logIn(): Promise<ByteClient> {
  const client = await connectBytes({ port: served.plainPort });
  client.send(encodeRequest(["AUTH", accessKey]));
  await client.until("+OK\r\n");
  return client;
}

describe.skipIf(!hasValkey)("an engine that dies", () => {
  beforeEach(async () => {
    served = await startGateway();
  });
  afterEach(() => served.stop());

  test("leaves a command in flight with an unknown outcome, and the connection usable", async () => {
    const client = await logIn();
    // Keeps the engine busy, so that the next command is surely not answered when it dies.
    const busy = await logIn();
    busy.send(encodeRequest(["EVAL", "while true do end", "0"]));
    client.send(encodeRequest(["INCR", "counter"]));
    await Bun.sleep(50);
    await served.engine.restart();
    expect(await client.until("\r\n")).toStartWith("-OUTCOMEUNKNOWN ");
    client.send(encodeRequest(["SET", "k", "v"]));
    expect(await client.until("\r\n")).toBe("+OK\r\n");
    client.close();
    busy.close();
  });

  test("makes new commands wait until it is back, in their order", async () => {
    const client = await logIn();
    client.send(encodeRequest(["PING"]));
    await client.until("+PONG\r\n");
    await served.engine.kill();
    client.send(
      Buffer.concat([encodeRequest(["INCR", "n"]), encodeRequest(["INCR", "n"]), encodeRequest(["GET", "n"])]),
    );
    await served.engine.restart();
    expect(await client.until("$1\r\n2\r\n")).toBe(":1\r\n:2\r\n$1\r\n2\r\n");
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

  test("closes who had state on it: a transaction cannot go on elsewhere", async () => {
    const client = await logIn();
    client.send(encodeRequest(["MULTI"]));
    await client.until("+OK\r\n");
    await served.engine.restart();
    await client.ended();
  });
});
