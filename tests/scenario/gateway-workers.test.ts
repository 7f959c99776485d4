/** Two gateway workers on the same ports: one cache to its clients, whichever worker each of them is at. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CacheAccess } from "../fixture/cache-access.ts";
import { type ClientAt, clientsAtBoth } from "../fixture/clients-at-workers.ts";
import { findFreePorts } from "../fixture/free-ports.ts";
import { isAlive } from "../fixture/processes.ts";
import type { RawClient } from "../fixture/raw-client.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

let service: TestService;

beforeAll(async () => {
  service = await startService({ gatewayWorkers: 2 });
}, 60_000);
afterAll(() => service?.stop(), 30_000);

function gatewayPid(worker: 1 | 2): number {
  const pid = service.pids().gateway[worker - 1];
  if (pid === undefined) throw new Error(`there is no worker ${worker}`);
  return pid;
}

/** `kill -9`; resolves with what to await until another one has taken its place. */
function killWorker(worker: 1 | 2): () => Promise<void> {
  const killed = gatewayPid(worker);
  process.kill(killed, "SIGKILL");
  return () =>
    until(`another worker ${worker} is there`, () => gatewayPid(worker) !== killed && isAlive(gatewayPid(worker)));
}

async function metric(name: string): Promise<number> {
  const { api, token, ca } = service.connection;
  const response = await fetch(`${api}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
    tls: { ca: await Bun.file(ca).text() },
  });
  const text = await response.text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
}

describe("two workers", () => {
  test("run, each with its own log, and meet on sockets for their owner only", () => {
    const { gateway } = service.pids();
    expect(gateway).toHaveLength(2);
    expect(gateway.every(isAlive)).toBeTrue();
    expect(existsSync(join(service.dataDir, "logs/gateway-1.log"))).toBeTrue();
    expect(existsSync(join(service.dataDir, "logs/gateway-2.log"))).toBeTrue();
    const sockets = readdirSync(join(service.dataDir, "run")).filter((name) => /^gateway-\d\.sock$/.test(name));
    expect(sockets.sort()).toEqual(["gateway-1.sock", "gateway-2.sock"]);
    for (const name of sockets) expect(statSync(join(service.dataDir, "run", name)).mode & 0o777).toBe(0o600);
  });

  test("share the connections, and either lists those of both", async () => {
    const cache = await CacheAccess.of(service, await service.createCache("listed"));
    const found = await clientsAtBoth(() => cache.ioredis(), 2);
    const ids = [...found[1], ...found[2]].map(({ id }) => id).sort((a, b) => a - b);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { client, id } of [...found[1].slice(0, 1), ...found[2].slice(0, 1)]) {
      const lines = String(await client.client("LIST"))
        .trimEnd()
        .split("\n");
      expect(lines.map((line) => Number(/^id=(\d+) /.exec(line)?.[1]))).toEqual(ids);
      expect(lines.filter((line) => line.includes("cmd=client|list")).map((line) => line.split(" ")[0])).toEqual([
        `id=${id}`,
      ]);
    }
    await until("the API counts those of both", async () => {
      const { properties } = await service.client.getCache({ resourceGroup: "default", name: "listed" });
      return properties.larder.clientsConnected === ids.length;
    });
    cache.close();
  }, 30_000);

  test("count connections together: the limit of the SKU is for both", async () => {
    const cache = await CacheAccess.of(service, await service.createCache("limited"));
    const clients: RawClient[] = [];
    for (let batch = 0; batch < 8; batch++)
      clients.push(...(await Promise.all(Array.from({ length: 32 }, () => cache.rawAuthenticated()))));
    for (let tries = 0; tries < 6; tries++) {
      const refused = await cache.raw();
      expect(await refused.ended()).toStartWith("-ERR max number of clients reached");
    }
    for (const client of clients) client.close();
  }, 60_000);

  test("kill and unblock clients of each other", async () => {
    const cache = await CacheAccess.of(service, await service.createCache("killed"));
    const found = await clientsAtBoth(() => cache.ioredis(), 2);
    const [asker] = found[1] as [ClientAt];
    const [victim, blocked] = found[2] as [ClientAt, ClientAt];
    const ended = new Promise((resolve) => victim.client.once("end", resolve));
    expect(await asker.client.client("KILL", "ID", victim.id)).toBe(1);
    await ended;
    expect(await asker.client.client("KILL", "ID", victim.id)).toBe(0);

    const popped = blocked.client.blpop("nothing", 0).catch((error: Error) => error.message);
    await until("it is unblocked", async () => (await asker.client.client("UNBLOCK", blocked.id)) === 1);
    expect(await popped).toBeNull();
    const failed = blocked.client.blpop("nothing", 0).catch((error: Error) => error.message);
    await until("it is unblocked", async () => (await asker.client.client("UNBLOCK", blocked.id, "ERROR")) === 1);
    expect(await failed).toBe("UNBLOCKED client unblocked via CLIENT UNBLOCK");

    const others = found[1].length + found[2].length - 2;
    expect(await asker.client.call("CLIENT", "KILL", "TYPE", "normal")).toBe(others);
    expect(
      String(await asker.client.client("LIST"))
        .trimEnd()
        .split("\n"),
    ).toHaveLength(1);
    expect(await asker.client.call("CLIENT", "KILL", "USER", "default", "SKIPME", "no")).toBe(1);
    cache.close();
  }, 30_000);

  test("answer a pipeline in its order, although one command in it asks the other worker", async () => {
    const cache = await CacheAccess.of(service, await service.createCache("ordered"));
    const client = await cache.rawAuthenticated();
    client.send("SET k 1\r\nINCR k\r\nCLIENT KILL ID 1\r\nINCR k\r\nCLIENT UNBLOCK 1\r\nGET k\r\n");
    expect(await client.until("$1\r\n3\r\n")).toBe("+OK\r\n+OK\r\n:2\r\n:0\r\n:3\r\n:0\r\n$1\r\n3\r\n");
    cache.close();
  }, 30_000);
});

describe("kill -9 of one worker", () => {
  test("costs only its own connections; it comes back, and no counter goes back", async () => {
    const cache = await CacheAccess.of(service, await service.createCache("survives"));
    const found = await clientsAtBoth(() => cache.ioredis(), 3);
    for (let round = 0; round < 200; round++)
      await Promise.all([...found[1], ...found[2]].map(({ client }) => client.incr("count")));
    const commands = 200 * (found[1].length + found[2].length);
    const total = "larder_gateway_commands_total";
    await until("both have reported", async () => (await metric(total)) >= commands);
    const before = await metric(total);

    const ended = found[1].map(({ client }) => new Promise((resolve) => client.once("end", resolve)));
    const replaced = killWorker(1);
    await Promise.all(ended);
    const still = await Promise.all(found[2].map(({ client, id }) => client.client("ID").then((now) => now === id)));
    expect(still.every(Boolean)).toBeTrue();
    expect(await metric(total)).toBeGreaterThanOrEqual(before);

    await replaced();
    const again = await clientsAtBoth(() => cache.ioredis(), 1);
    const known = new Set([...found[1], ...found[2]].map(({ id }) => id));
    expect([...again[1], ...again[2]].some(({ id }) => known.has(id))).toBeFalse();
    const [one] = again[1] as [ClientAt];
    await until("it knows the clients of the other", async () =>
      String(await one.client.client("LIST")).includes(`id=${(found[2][0] as ClientAt).id} `),
    );
    await until("it has reported", async () => (await metric("larder_gateways_connected")) === 2);
    expect(await metric(total)).toBeGreaterThanOrEqual(before);
    cache.close();
  }, 60_000);

  test("does not hold up a change: it is in force with those that are connected", async () => {
    const replaced = killWorker(2);
    const begunMs = performance.now();
    await service.createCache("meanwhile");
    expect(performance.now() - begunMs).toBeLessThan(4_000);
    await replaced();
  }, 30_000);

  test("while the controller is away: the next one serves from the routes on disk", async () => {
    const cache = await CacheAccess.of(service, await service.createCache("alone"));
    const [controller] = service.pids().controller;
    if (controller === undefined) throw new Error("there is no controller");
    // Stopped, not killed: a dead controller would be replaced at once.
    process.kill(controller, "SIGSTOP");
    try {
      await killWorker(2)();
      const found = await clientsAtBoth(() => cache.ioredis(), 1);
      for (const { client } of [...found[1], ...found[2]]) expect(await client.set("key", "value")).toBe("OK");
    } finally {
      process.kill(controller, "SIGCONT");
    }
    cache.close();
  }, 60_000);
});

describe("a second service on the machine", () => {
  test("is told that the shared port is taken, though its workers would share it", async () => {
    const { tlsPort } = service.ports;
    const ports = { ...(await findFreePorts()), tlsPort };
    await expect(startService({ gatewayWorkers: 2, ports })).rejects.toThrow(
      `Port ${tlsPort} is taken by another process; choose one with --tls-port.`,
    );
  }, 30_000);

  test("finds other ports for its caches", async () => {
    const taken = (await service.client.listCaches()).map((cache) => cache.properties.larder.endpoint.tlsPort);
    const { portBase } = service.ports;
    const second = await startService({ gatewayWorkers: 2, ports: { ...(await findFreePorts()), portBase } });
    try {
      const own = await CacheAccess.of(second, await second.createCache("ours"));
      expect(taken).toContain(portBase);
      expect(taken).not.toContain(own.own.port);
      expect(await (await own.ioredis()).ping()).toBe("PONG");
      own.close();
    } finally {
      await second.stop();
    }
  }, 60_000);
});
