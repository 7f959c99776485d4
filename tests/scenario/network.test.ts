/** From where a cache is reached, in a whole service with two gateway workers: by commands, for those who are in, and never behind the gateway. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomInt } from "node:crypto";
import { connect } from "node:net";
import { CacheAccess } from "../fixture/cache-access.ts";
import { runCommand } from "../fixture/command-run.ts";
import { listeningSockets } from "../fixture/listening-sockets.ts";
import { hasNativeEngine } from "../fixture/native-engine.ts";
import { connectRaw, type RawClient } from "../fixture/raw-client.ts";
import { larderPath, startService, type TestService } from "../fixture/service.ts";

setDefaultTimeout(30_000);

/** Enough that both workers have some. */
const clientsCount = 16;
const blue = `127.${randomInt(1, 250)}.${randomInt(250)}.7`;
let service: TestService;
let cache: CacheAccess;

beforeAll(async () => {
  service = await startService({ gatewayWorkers: 2, args: ["--private-network", `blue=${blue}`] });
  const standard = { sku: { name: "Standard", family: "C", capacity: 0 } } as const;
  cache = await CacheAccess.of(service, await service.createCache("shop", hasNativeEngine ? standard : {}));
}, 60_000);
afterAll(async () => {
  cache?.close();
  await service?.stop();
}, 30_000);

async function larder(...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await runCommand([larderPath, ...args], { dataDir: service.dataDir });
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
  return stdout;
}

async function enter(host = "127.0.0.1", from = "127.0.0.1"): Promise<RawClient> {
  const client = await connectRaw({ host, from, port: cache.own.port, tls: { ca: cache.ca } });
  client.send(`AUTH ${cache.keys.primary}\r\n`);
  await client.until("+OK\r\n");
  return client;
}

async function isLetIn(host?: string, from?: string): Promise<boolean> {
  return enter(host, from).then(
    (client) => {
      client.close();
      return true;
    },
    () => false,
  );
}

test("a firewall rule holds at both workers when the command returns, for those who are in, too", async () => {
  const inside = await Promise.all(Array.from({ length: clientsCount }, () => enter()));
  const kept = await Promise.all(Array.from({ length: clientsCount }, () => enter("127.0.0.1", "127.0.0.9")));
  expect(await larder("firewall", "add", "shop", "office", "127.0.0.8/30")).toBe(
    "Allowed 127.0.0.8 to 127.0.0.11 at shop (office)\n",
  );
  const tries = Array.from({ length: clientsCount }, () => isLetIn());
  expect(new Set(await Promise.all(tries))).toEqual(new Set([false]));
  for (const client of inside) await client.ended();
  for (const client of kept) {
    client.send("PING\r\n");
    await client.until("+PONG\r\n");
    client.close();
  }
  expect(await larder("firewall", "list", "shop")).toBe("RULE    FROM       TO\noffice  127.0.0.8  127.0.0.11\n");
  expect(await larder("firewall", "remove", "shop", "office")).toContain("every address is allowed now");
  expect(await isLetIn()).toBeTrue();
});

test("an endpoint serves a cache in a private network, without public access as well", async () => {
  expect(await isLetIn(blue)).toBeFalse();
  expect(await larder("endpoint", "networks")).toContain(`blue     ${blue}`);
  expect(await larder("endpoint", "add", "shop-blue", "shop", "--network", "blue", "--ask")).toContain("pending");
  expect(await isLetIn(blue)).toBeFalse();
  expect(await larder("endpoint", "approve", "shop", "shop-blue")).toBe("Approved shop-blue\n");
  await larder("update", "shop", "--public-access", "off");
  expect([await isLetIn(), await isLetIn(blue)]).toEqual([false, true]);
  const inside = await Promise.all(Array.from({ length: clientsCount }, () => enter(blue)));
  await larder("endpoint", "reject", "shop", "shop-blue");
  for (const client of inside) await client.ended();
  expect(await larder("endpoint", "list")).toContain("rejected");
  await larder("endpoint", "remove", "shop-blue");
  await larder("update", "shop", "--public-access", "on");
  expect(await isLetIn()).toBeTrue();
});

test.skipIf(process.platform !== "linux" || !hasNativeEngine)(
  "engines are reached by nobody without a node's certificate, and nothing listens beyond this machine",
  async () => {
    const sockets = listeningSockets(service.process.pid);
    const engines = sockets.filter(({ program }) => /^(valkey|redis)-server/.test(program));
    expect(engines.length).toBe(2);
    expect(sockets.filter(({ address }) => !address.startsWith("127.") && address !== "::1")).toEqual([]);
    for (const { address, port } of engines) {
      expect(await answerTo("PING\r\n", address, port)).not.toContain("PONG");
      const anonymous = connectRaw({ host: address, port, tls: { ca: cache.ca, insecure: true } });
      expect(await anonymous.then(answerToPing, () => "")).toBe("");
    }
  },
);

function answerToPing(client: RawClient): Promise<string> {
  client.send("PING\r\n");
  return client.ended();
}

function answerTo(text: string, host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(port, host, () => socket.write(text));
    socket.setEncoding("latin1");
    socket.on("data", (bytes) => (received += bytes));
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
  });
}
