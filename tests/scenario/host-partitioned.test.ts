/**
 * Partitions between hosts, in network namespaces of their own. A primary's host that nobody reaches any more is replaced,
 * and had held its writes before that; a primary that only the controller has lost goes on, and so does one that has
 * lost a replica. Afterwards all copies are the same.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "@larder/service";
import type { Redis } from "ioredis";
import { CacheAccess } from "../fixture/cache-access.ts";
import { whyNoHostNetwork } from "../fixture/host-network.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { NetworkedService, promotedAtMs, type TestHost } from "../fixture/networked-service.ts";
import { until } from "../fixture/until.ts";
import { WriteLoad } from "../fixture/write-load.ts";

const whyNot = hasValkey ? whyNoHostNetwork() : "there is no valkey-server";
const clientCount = 5;
/** A few seconds, on a machine that has much else to do. */
const resumesMs = 5_000;
const mutedMs = 3_000;
/** `durable` never loses an acknowledged write; what `quick` loses is counted. */
const caches = {
  durable: {
    sku: { name: "Premium", family: "P", capacity: 1 },
    replicasPerPrimary: 2,
    larder: { durableWrites: true },
  },
  quick: { sku: { name: "Standard", family: "C", capacity: 0 } },
} as const;
type CacheName = keyof typeof caches;
const names = Object.keys(caches) as CacheName[];

let network: NetworkedService;
const accesses = new Map<CacheName, CacheAccess>();
const loads = new Map<CacheName, WriteLoad>();
const engines: Redis[] = [];

beforeAll(async () => {
  if (whyNot !== undefined) return;
  network = await NetworkedService.start(3);
  for (const name of names) {
    const resource = await network.service.createCache(name, caches[name]);
    accesses.set(name, await CacheAccess.of(network.service, resource));
  }
}, 60_000);
afterEach(async () => {
  for (const host of network?.hosts ?? []) host.heal();
  for (const load of loads.values()) await load.end();
  for (const engine of engines.splice(0)) engine.disconnect();
});
afterAll(async () => {
  for (const access of accesses.values()) access.close();
  await network?.stop();
}, 30_000);

function accessOf(name: CacheName): CacheAccess {
  return accesses.get(name) as CacheAccess;
}

/** Both caches whole, and written to. */
async function startLoads(): Promise<void> {
  for (const name of names) {
    await network.untilWhole(name);
    const clients = await Promise.all(Array.from({ length: clientCount }, () => accessOf(name).ioredis()));
    loads.set(name, new WriteLoad(clients, `${name}:${systemClock.nowMs()}`));
  }
  await progress(50);
}

async function progress(count: number): Promise<void> {
  await Promise.all([...loads.values()].map((load) => load.progress(count)));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Clients that wait for something on connections that are not shared, or on no command at all. */
async function waitOn(name: CacheName): Promise<{ goesOn(): Promise<void> }> {
  const access = accessOf(name);
  const [writer, blocked, subscriber, watcher] = await Promise.all(Array.from({ length: 4 }, () => access.ioredis()));
  if (!(writer && blocked && subscriber && watcher)) throw new Error("four clients were made");
  await subscriber.subscribe("news");
  const isClosed = new Promise<void>((resolve) => subscriber.once("close", () => resolve()));
  const item = blocked.blpop("queue", 0).catch((error: Error) => error.message);
  await watcher.watch("watched");
  return {
    async goesOn() {
      await writer.rpush("queue", "item");
      expect(String(await item)).toMatch(/^(queue,item|OUTCOMEUNKNOWN .*)$/);
      // Messages may be missing: it is to know.
      await isClosed;
      expect(
        await watcher
          .multi()
          .set("watched", "1")
          .exec()
          .catch(() => null),
      ).toBeNull();
      expect(await watcher.set("watched", "2")).toBe("OK");
      await writer.del("queue");
    },
  };
}

/** No durable write is lost, errors say what is known, and all nodes hold the same. */
async function settle(): Promise<void> {
  for (const [name, load] of loads) {
    await network.untilWhole(name);
    const { acknowledged, wrong, errors } = await load.stop(await accessOf(name).ioredis());
    say(`${name}: ${acknowledged} writes acknowledged, ${errors.length} errors, lost: ${wrong.join("; ") || "none"}`);
    if (name === "durable") expect(wrong).toEqual([]);
    expect(errors.filter((error) => !/^(OUTCOMEUNKNOWN|NOREPLICAS) /.test(error))).toEqual([]);
    await untilSame(name);
  }
}

async function untilSame(name: CacheName): Promise<void> {
  const { primary, replicas } = await network.hostsOf(name);
  const all = await Promise.all([primary, ...replicas].map((host) => openEngine(name, host)));
  await until(`all nodes of ${name} hold the same`, async () => {
    const [first, ...others] = await Promise.all(all.map(contents));
    return others.length > 0 && others.every((other) => Bun.deepEquals(first, other));
  });
}

async function contents(engine: Redis): Promise<Map<string, string | null>> {
  const keys = (await engine.keys("*")).sort();
  const values = await engine.mget(keys);
  return new Map(keys.map((key, index) => [key, values[index] ?? null]));
}

async function openEngine(name: CacheName, host: TestHost): Promise<Redis> {
  const engine = await network.engineOf(name, host);
  engines.push(engine);
  return engine;
}

/** Somebody who goes on writing to a node, whatever gateways think of it. Resolves with when the last write that ran was sent. */
async function writeRegardless(engine: Redis, isOver: () => boolean): Promise<number> {
  let lastSentMs = 0;
  while (!isOver()) {
    const sentMs = systemClock.nowMs();
    const hasRun = await engine.incr("bystander").then(
      () => true,
      () => false,
    );
    if (hasRun) lastSentMs = sentMs;
    else await systemClock.sleep(1);
  }
  return lastSentMs;
}

describe.skipIf(whyNot !== undefined)(`hosts that lose each other${whyNot ? ` (not here: ${whyNot})` : ""}`, () => {
  test.each(["swallow", "unplug"] as const)(
    "%s: a primary's host that nobody reaches is replaced, and had held its writes before",
    async (how) => {
      await startLoads();
      const { primary: lost } = await network.hostsOf("durable");
      let isOver = false;
      const lastWrite = writeRegardless(await openEngine("durable", lost), () => isOver);
      const failovers = await network.failoversOf("durable");
      const waiting = await waitOn("durable");

      const cutMs = performance.now();
      lost[how]();
      await progress(3);
      const resumedMs = performance.now() - cutMs;
      await waiting.goesOn();
      const allMs = performance.now() - cutMs;
      expect(await network.failoversOf("durable")).toBe(failovers + 1);
      const { primary } = await network.hostsOf("durable");
      expect(primary.name).not.toBe(lost.name);
      const promotedMs = promotedAtMs(primary);
      lost.heal();
      await settle();
      isOver = true;
      const heldMs = promotedMs - (await lastWrite);
      say(
        `${how}: writes resumed after ${Math.round(resumedMs)} ms, all after ${Math.round(allMs)} ms, held ${heldMs} ms before the promotion`,
      );
      expect(heldMs).toBeGreaterThan(0);
      expect(allMs).toBeLessThan(resumesMs);
    },
    60_000,
  );

  test("a primary that only the controller has lost goes on", async () => {
    await startLoads();
    const { primary } = await network.hostsOf("durable");
    const failovers = await network.failoversOf("durable");
    primary.muteToController();
    await until("it is silent", async () => (await network.stateOf(primary)) === "silent");
    const silentMs = performance.now();
    let longestMs = 0;
    for (let nowMs = silentMs; nowMs < silentMs + mutedMs; ) {
      await progress(5);
      longestMs = Math.max(longestMs, performance.now() - nowMs);
      nowMs = performance.now();
    }
    say(`muted: at most ${Math.round(longestMs)} ms for five writes of each client`);
    expect(await network.failoversOf("durable")).toBe(failovers);
    expect(longestMs).toBeLessThan(mutedMs);
    primary.heal();
    await until("it is heard", async () => (await network.stateOf(primary)) === "active");
    expect((await network.hostsOf("durable")).primary.name).toBe(primary.name);
    await settle();
  }, 60_000);

  test("the loss of a replica's host holds up nobody for long, and it comes back", async () => {
    await startLoads();
    const { primary, replicas } = await network.hostsOf("durable");
    const failovers = await network.failoversOf("durable");
    const [lost] = replicas;
    lost?.swallow();
    await until("it is silent", async () => lost !== undefined && (await network.stateOf(lost)) === "silent");
    await progress(50);
    lost?.heal();
    await settle();
    expect(await network.failoversOf("durable")).toBe(failovers);
    expect((await network.hostsOf("durable")).primary.name).toBe(primary.name);
  }, 60_000);
});
