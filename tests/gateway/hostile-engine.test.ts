/**
 * Engines that answer rubbish: truncated, mis-nested, too long, too much. Each costs the connection to the engine and the
 * commands in flight on it; no client gets what was meant for another, and the gateway goes on. LARDER_SEED=… replays.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeRequest } from "@larder/resp";
import type { Socket } from "bun";
import { connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";

const directory = mkdtempSync(join(tmpdir(), "larder-hostile-"));
const socketPath = join(directory, "engine.sock");
/** What the next command after the log-in is answered with, and whether the connection ends with it. */
let answer = Buffer.alloc(0);
let endsAfterAnswer = false;

/** Logs anybody in, claims to know GET, and then says `answer`. */
const engine = Bun.listen<{ isReady: boolean }>({
  unix: socketPath,
  socket: {
    open(socket) {
      socket.data = { isReady: false };
    },
    data(socket: Socket<{ isReady: boolean }>, bytes) {
      if (socket.data.isReady) {
        socket.write(answer);
        if (endsAfterAnswer) socket.end();
        return;
      }
      const text = bytes.toString("latin1");
      if (text.includes("Hello")) socket.write("*2\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n");
      if (text.includes("Command")) socket.write("*1\r\n*3\r\n$3\r\nget\r\n:2\r\n*1\r\n+readonly\r\n");
      if (text.includes("Ping")) socket.write("+PONG\r\n");
      if (text.includes("Client")) {
        socket.write(":7\r\n");
        socket.data.isReady = true;
      }
    },
  },
});

describe.skipIf(!hasValkey)(`a hostile engine (LARDER_SEED=${testSeed})`, () => {
  let served: TestGateway;
  beforeAll(async () => {
    served = await startGateway();
    const node = { ...served.route.node, socketPath } as NonNullable<TestGateway["route"]["node"]>;
    served.gateway.apply({ revision: 2, tokenIssuers: [], routes: [{ ...served.route, epoch: 2, node }] });
  });
  afterAll(async () => {
    engine.stop(true);
    await served.stop();
    rmSync(directory, { recursive: true });
  });

  async function askOnce(): Promise<string> {
    const client = await connectBytes({ port: served.plainPort });
    client.send(encodeRequest(["AUTH", accessKey]));
    await client.until("+OK\r\n");
    client.send(encodeRequest(["GET", "k"]));
    const reply = await client.until("\n").catch(() => "closed");
    client.close();
    return reply;
  }

  test.each([
    ["a type that does not exist", "?\r\n"],
    ["a length that overflows", "$99999999999999999999\r\n"],
    ["a bulk too long", "$9999999999\r\n"],
    ["a push that nobody asked for", ">2\r\n+message\r\n+x\r\n"],
    ["nesting without end", "*1\r\n".repeat(10_000)],
    ["a null that is none", "%-1\r\n"],
  ])("that sends %s costs only the command", async (_, text) => {
    answer = Buffer.from(text);
    expect(await askOnce()).toMatch(/^-OUTCOMEUNKNOWN|^-UNAVAILABLE|^closed$|^\*1/);
    answer = Buffer.from("$2\r\nok\r\n");
    expect(await askOnce()).toBe("$2\r\n");
  });

  test("that sends more replies than there were commands is not believed", async () => {
    answer = Buffer.from("$1\r\na\r\n$6\r\nsecret\r\n");
    expect(await askOnce()).toBe("$1\r\n");
    answer = Buffer.from("$2\r\nok\r\n");
    expect(await askOnce()).toBe("$2\r\n");
  });

  test("that sends random bytes never stops the gateway", async () => {
    const random = randomFrom(testSeed);
    endsAfterAnswer = true;
    const alphabet = "$*:+->%~_#|=!,(\r\n0123456789-ab";
    for (let round = 0; round < 60; round++) {
      const bytes = Array.from({ length: 1 + random(40) }, () => alphabet.charCodeAt(random(alphabet.length)));
      answer = Buffer.from(bytes);
      await askOnce();
    }
    endsAfterAnswer = false;
    answer = Buffer.from("$2\r\nok\r\n");
    expect(await askOnce()).toBe("$2\r\n");
  });
});
