/** Hostile and broken clients: each ends only its own connection, and the gateway's memory stays bounded. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import type { Redis } from "ioredis";
import { type Address, CacheAccess } from "../fixture/cache-access.ts";
import { residentBytes } from "../fixture/processes.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

const MiB = 1024 * 1024;

let service: TestService;
let cache: CacheAccess;
let plain: Address;
let bystander: Redis;

beforeAll(async () => {
  service = await startService();
  cache = await CacheAccess.of(service, await service.createCache("target", { enableNonSslPort: true }));
  if (cache.plain === undefined) throw new Error("the cache has no plain-text port");
  plain = cache.plain;
  bystander = await cache.ioredis();
}, 60_000);

afterEach(async () => {
  expect(await bystander.ping()).toBe("PONG");
});

afterAll(async () => {
  cache?.close();
  await service?.stop();
}, 30_000);

function gatewayBytes(): number {
  return service.pids().gateway.reduce((sum, pid) => sum + residentBytes(pid), 0);
}

test("a half-written request, left open and then dropped", async () => {
  const client = await cache.rawAuthenticated();
  client.send("*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$100\r\nonly so m");
  expect(await bystander.ping()).toBe("PONG");
  client.close();
  expect(await bystander.exists("half")).toBe(0);
});

test.each([
  ["a length that is no number", "*1\r\n$abc\r\n", "invalid bulk length"],
  ["a negative length", "*2\r\n$3\r\nGET\r\n$-7\r\n", "invalid bulk length"],
  ["a bulk of 600 MiB", `*2\r\n$3\r\nGET\r\n$${600 * MiB}\r\n`, "invalid bulk length"],
  ["a length that overflows", "*2\r\n$3\r\nGET\r\n$99999999999999999999\r\n", "invalid bulk length"],
  ["too many arguments", "*99999999999\r\n", "invalid multibulk length"],
  ["something else than a bulk", "*2\r\n:1\r\n", "expected '$'"],
  ["a line without an end", "x".repeat(100_000), "too big inline request"],
  ["quotes that do not close", 'SET key "value\r\n', "unbalanced quotes"],
])("%s: a protocol error, then the end", async (_name, bytes, message) => {
  const client = await cache.rawAuthenticated();
  client.send(`PING\r\n${bytes}`);
  const received = await client.ended();
  expect(received).toStartWith("+OK\r\n+PONG\r\n-ERR Protocol error: ");
  expect(received).toContain(message);
});

test.each([
  ["a large bulk", `*2\r\n$4\r\nAUTH\r\n$${MiB}\r\n`, "unauthenticated bulk length"],
  ["many arguments", "*1000\r\n", "unauthenticated multibulk length"],
])("%s before authentication", async (_name, bytes, message) => {
  const client = await cache.raw();
  client.send(bytes);
  expect(await client.ended()).toContain(message);
});

test("binary rubbish, over TLS and in plain text", async () => {
  for (const address of [cache.own, plain]) {
    for (let seed = 1; seed <= 5; seed++) {
      const client = await cache.rawAuthenticated(address);
      client.send(rubbish(seed, 200_000));
      expect(await client.ended(), `seed ${seed}`).toContain("-ERR ");
    }
  }
});

test("a plain-text client on a TLS port", async () => {
  for (const { host, port } of [cache.own, cache.shared]) {
    const client = await cache.raw({ host, port, tls: false });
    client.send("*1\r\n$4\r\nPING\r\n");
    await client.ended();
  }
});

test("a TLS client on the plain-text port", async () => {
  await expect(cache.raw({ ...plain, tls: true })).rejects.toThrow();
}, 20_000);

test("clients that never read are held back and then closed; memory stays bounded", async () => {
  await bystander.set("large", Buffer.alloc(MiB, "v"));
  const before = gatewayBytes();
  const clients = await Promise.all(Array.from({ length: 4 }, () => cache.rawAuthenticated()));
  for (const client of clients) {
    client.socket.pause();
    client.send("CLIENT SETNAME deaf\r\n");
    client.send("GET large\r\n".repeat(1_000));
  }
  let peak = 0;
  let slowestMs = 0;
  await until(
    "the gateway closes them all",
    async () => {
      const startedMs = performance.now();
      const connected = String(await bystander.client("LIST"));
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      peak = Math.max(peak, gatewayBytes());
      return !connected.includes("name=deaf");
    },
    40_000,
  );
  expect(slowestMs).toBeLessThan(2_000);
  expect(peak - before).toBeLessThan(400 * MiB);
  for (const client of clients) client.close();
}, 60_000);

test("a value of 64 MiB passes in both directions", async () => {
  const value = Buffer.from(rubbish(9, 64 * MiB));
  await bystander.set("huge", value);
  expect(Bun.hash((await bystander.getBuffer("huge")) ?? "")).toBe(Bun.hash(value));
  await bystander.del("huge");
}, 30_000);

/** Bytes of a linear congruential generator. */
function rubbish(seed: number, byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  let state = seed;
  for (let index = 0; index < byteCount; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
