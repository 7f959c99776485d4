/**
 * Partitions between hosts, in network namespaces of their own: a primary's host that nobody reaches any more is replaced and
 * had held its writes before that; one that only the controller has lost goes on. Afterwards all copies are the same.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
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
/** `durable` never loses an acknowledged write; what `quick` loses is counted. */
const caches = ["durable", "quick"] as const;

let network: NetworkedService;
const accesses = new Map<string, CacheAccess>();

beforeAll(async () => {
  if (whyNot !== undefined) return;
  network = await NetworkedService.start(2);
  for (const name of caches) {
    const resource = await network.service.createCache(name, {
      sku: { name: "Standard", family: "C", capacity: 0 },
      larder: { durableWrites: name === "durable" },
    });
    accesses.set(name, await CacheAccess.of(network.service, resource));
  }
}, 60_000);
afterAll(async () => {
  for (const access of accesses.values()) access.close();
  await network?.stop();
}, 30_000);

function accessOf(cache: string): CacheAccess {
  return accesses.get(cache) as CacheAccess;
}

async function loadOn(cache: string): Promise<WriteLoad> {
  await network.untilWhole(cache);
  const load = new WriteLoad(
    await Promise.all(Array.from({ length: clientCount }, () => accessOf(cache).ioredis())),
    `${cache}:${systemClock.nowMs()}`,
  );
  await load.progress(50);
  return load;
}

/** Somebody who goes on writing to a node whatever the gateway thinks of it. Resolves with when it was last acknowledged. */
async function writeToTheEnd(engine: Redis, isOver: () => boolean): Promise<number> {
  let lastMs = 0;
  while (!isOver()) {
    const sentMs = systemClock.nowMs();
    const isDone = await engine.incr("bystander").then(
      () => true,
      () => false,
    );
    // When it ran is not known, only that it was not before it was sent.
    if (isDone) lastMs = sentMs;
    else await systemClock.sleep(1);
  }
  return lastMs;
}

/** All that an engine holds. */
async function contents(engine: Redis): Promise<Map<string, string | null>> {
  const keys = (await engine.keys("*")).sort();
  const values = keys.length === 0 ? [] : await engine.mget(keys);
  return new Map(keys.map((key, index) => [key, values[index] ?? null]));
}

async function expectOneTruth(cache: string): Promise<void> {
  await network.untilWhole(cache);
  const engines = await Promise.all(network.hosts.map((host) => network.engineOf(cache, host)));
  await until(`both nodes of ${cache} hold the same`, async () => {
    const [one, other] = await Promise.all(engines.map(contents));
    return one !== undefined && one.size > 0 && Bun.deepEquals(one, other);
  });
  for (const engine of engines) engine.disconnect();
}

async function stopLoad(cache: string, load: WriteLoad): Promise<void> {
  const { acknowledged, wrong, errors } = await load.stop(await accessOf(cache).ioredis());
  const kinds = [...new Set(errors.map((error) => error.split(" ", 1)[0]))].join(", ");
  console.log(`${cache}: ${acknowledged} acknowledged, ${errors.length} errors (${kinds}), lost: ${wrong.join("; ") || "none"}`);
  if (cache === "durable") expect(wrong).toEqual([]);
  expect(errors.filter((error) => !/^(OUTCOMEUNKNOWN|UNAVAILABLE|NOREPLICAS|UNREPLICATED)/.test(error))).toEqual([]);
}

describe.skipIf(whyNot !== undefined)(`a partition between hosts${whyNot === undefined ? "" : ` (not here: ${whyNot})`}`, () => {
  test.each(["swallow", "unplug"] as const)(
    "%s: a primary's host that nobody reaches is replaced, and had held its writes before",
    async (how) => {
      const loads = new Map<string, WriteLoad>();
      for (const cache of caches) loads.set(cache, await loadOn(cache));
      const lost = await network.hostOf("durable", "primary");
      const other = network.hosts.find((host) => host !== lost) as TestHost;
      const bystander = await network.engineOf("durable", lost);
      let isOver = false;
      const lastWrite = writeToTheEnd(bystander, () => isOver);
      const failovers = await network.failoversOf("durable");

      const cutMs = performance.now();
      lost[how]();
      await Promise.all([...loads.values()].map((load) => load.progress(3)));
      const resumedMs = performance.now() - cutMs;
      expect(await network.failoversOf("durable")).toBe(failovers + 1);
      expect(await network.hostOf("durable", "primary")).toBe(other);
      const promotedMs = promotedAtMs(other);

      lost.heal();
      isOver = true;
      for (const [cache, load] of loads) await stopLoad(cache, load);
      for (const cache of caches) await expectOneTruth(cache);
      bystander.disconnect();
      const heldMs = promotedMs - (await lastWrite);
      console.log(`${how}: writes resumed after ${Math.round(resumedMs)} ms, held ${heldMs} ms before the promotion`);
      expect(heldMs).toBeGreaterThan(0);
      expect(resumedMs).toBeLessThan(resumesMs);
    },
    60_000,
  );
});
