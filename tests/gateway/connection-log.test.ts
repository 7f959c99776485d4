/** The record of who connected, logged in and left. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeRequest } from "@larder/resp";
import { createLog, systemClock } from "@larder/service";
import { ConnectionLog } from "../../packages/gateway/front/connection-log.ts";
import { limits } from "../../packages/gateway/limits.ts";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { MovedClock } from "../fixture/moved-clock.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

const directory = mkdtempSync(join(tmpdir(), "larder-connections-"));
const file = join(directory, "connections.log");
const clock = new MovedClock();
const wrongKey = "a-wrong-access-key";
let served: TestGateway;
let log: ConnectionLog;

interface Line {
  time: string;
  cacheId: string;
  cache: string;
  eventType: string;
  id: number;
  clientIP: string;
  clientPort: number;
  [more: string]: unknown;
}

function linesOf(path: string): Line[] {
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

let newestTold = 0;

/** The events of the newest client, which no story was told of before, once it is gone. */
async function story(): Promise<Line[]> {
  let lines: Line[] = [];
  let newest = 0;
  await until("the client's end is on disk", () => {
    const all = linesOf(file);
    newest = Math.max(...all.map((line) => line.id));
    lines = all.filter((line) => line.id === newest);
    return newest > newestTold && lines.at(-1)?.eventType === "close_conn";
  });
  newestTold = newest;
  return lines;
}

function summary(lines: Line[]): unknown[] {
  return lines.map(({ eventType, eventStatus, user, reason }) =>
    [eventType, eventStatus, user, reason].filter((each) => each !== undefined),
  );
}

async function ask(client: ByteClient, words: string[], reply: string): Promise<void> {
  client.send(encodeRequest(words));
  await client.until(reply);
}

function connect(tls = true): Promise<ByteClient> {
  return connectBytes(tls ? { port: served.tlsPort, tls: { ca: served.ca } } : { port: served.plainPort });
}

describe.skipIf(!hasValkey)("the connection log", () => {
  beforeAll(async () => {
    log = new ConnectionLog({
      directory,
      worker: 1,
      workers: 1,
      clock: systemClock,
      log: createLog("gateway", "error"),
    });
    served = await startGateway({ clientsMax: 2 }, undefined, { clock, connectionLog: log });
  });
  afterAll(async () => {
    await served.stop();
    await log.stop();
    rmSync(directory, { recursive: true });
  });

  test("tells of a connection, its log-ins, failed ones too, and its end", async () => {
    const client = await connect();
    await ask(client, ["AUTH", wrongKey], "-WRONGPASS");
    await ask(client, ["HELLO", "3", "AUTH", "default", accessKey], "server");
    await ask(client, ["QUIT"], "+OK");
    await client.ended();
    const lines = await story();
    expect(summary(lines)).toEqual([
      ["new_conn"],
      ["auth", "failure", "default", "wrong user or password"],
      ["auth", "success", "default"],
      ["close_conn", "quit"],
    ]);
    expect(lines[0]).toMatchObject({ cacheId: "cache-1", cache: "shop", clientIP: "127.0.0.1" });
    expect(lines.every((line) => Math.abs(Date.parse(line.time) - Date.now()) < 60_000)).toBe(true);
    expect(lines.at(-1)).toMatchObject({ authentications: 2, durationMs: expect.any(Number) });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("never has a password in it, not even one that was given as a name", async () => {
    const client = await connect(false);
    await ask(client, ["AUTH", wrongKey, "default"], "-WRONGPASS");
    await ask(client, ["AUTH", "default", wrongKey], "-WRONGPASS");
    await ask(client, ["AUTH", accessKey], "+OK");
    client.close();
    expect(summary(await story()).slice(1, 3)).toEqual([
      ["auth", "failure", null, "wrong user or password"],
      ["auth", "failure", "default", "wrong user or password"],
    ]);
    const text = readFileSync(file, "utf8");
    expect([text.includes(wrongKey), text.includes(accessKey)]).toEqual([false, false]);
  });

  test("says why a connection ended", async () => {
    const gone = await connect();
    await ask(gone, ["AUTH", accessKey], "+OK");
    gone.close();
    expect(summary(await story()).at(-1)).toEqual(["close_conn", "client"]);

    const hostile = await connect(false);
    hostile.send("*1\r\n$-5\r\n");
    await hostile.ended();
    expect(summary(await story()).at(-1)).toEqual(["close_conn", "error"]);

    const killer = await connect();
    await ask(killer, ["AUTH", accessKey], "+OK");
    const victim = await connect();
    await ask(victim, ["AUTH", accessKey], "+OK");
    await ask(killer, ["CLIENT", "KILL", "TYPE", "normal"], ":1\r\n");
    await victim.ended();
    expect(summary(await story()).at(-1)).toEqual(["close_conn", "killed"]);

    await ask(killer, ["PING"], "+PONG");
    const sweptMs = served.gateway.nowMs();
    await until("the gateway has looked over its clients", () => served.gateway.nowMs() > sweptMs);
    clock.advance(limits.clientIdleMs);
    await killer.ended();
    await until("the idle one is on disk", () => linesOf(file).at(-1)?.reason === "idle");
  });

  test("tells of those who were one too many", async () => {
    const clients = [await connect(false), await connect(false)];
    for (const client of clients) await ask(client, ["PING"], "-NOAUTH");
    const third = await connect(false);
    await third.ended();
    expect(summary(await story())).toEqual([["new_conn"], ["close_conn", "error"]]);
    for (const client of clients) client.close();
  });

  test("is not flooded by a client that logs in over and over", async () => {
    const client = await connect(false);
    const times = limits.connectionLogAuthsMax + 50;
    client.send(Buffer.concat(Array.from({ length: times }, () => encodeRequest(["AUTH", accessKey]))));
    for (let index = 0; index < times; index++) await client.until("+OK");
    client.close();
    const lines = await story();
    expect(lines.filter((line) => line.eventType === "auth")).toHaveLength(limits.connectionLogAuthsMax);
    expect(lines.at(-1)).toMatchObject({ authentications: times });
  });

  test("counts the clients of each address", async () => {
    const clients = [await connect(), await connect(false)];
    const snapshots = join(directory, "connected-clients.log");
    await until("both are counted", async () => {
      await Bun.sleep(100);
      return linesOf(snapshots).some((line) => {
        const [first] = line.connectedClients as { ip: string; count: number }[];
        return first?.ip === "127.0.0.1" && first.count === 2;
      });
    });
    for (const client of clients) client.close();
  }, 20_000);
});
