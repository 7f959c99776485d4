/** Engines are replaced by newer ones under load: replicas first, then a switchover, then the former primary. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type RedisCreateProperties, type ScheduleEntry, weekdays } from "@larder/api";
import { CacheAccess } from "../fixture/cache-access.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { EngineShelf } from "../fixture/engine-shelf.ts";
import { callManagedRedis, madeDatabase, settledDatabase } from "../fixture/managed-redis.ts";
import { hasRedis, hasValkey } from "../fixture/native-engine.ts";
import { killDaemon } from "../fixture/processes.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { SteadyClients, unnoticed } from "../fixture/steady-clients.ts";
import { until } from "../fixture/until.ts";

const standard = { sku: { name: "Standard", family: "C", capacity: 0 } } as const;
const stopTimeoutMs = 40_000;

let service: TestService;
let shelf: EngineShelf;

/** Opens in so many days. */
function closedWindow(days = 3): ScheduleEntry[] {
  // Of JavaScript's week, which begins on a Sunday.
  const dayOfWeek = weekdays[(new Date().getUTCDay() + days + 6) % weekdays.length] ?? "Sunday";
  return [{ dayOfWeek, startHourUtc: 12, maintenanceWindow: "PT5H" }];
}

interface Subject {
  cache: CacheAccess;
  nodes: CacheNodes;
}

async function create(name: string, properties: Partial<RedisCreateProperties>): Promise<Subject> {
  const cache = await CacheAccess.of(service, await service.createCache(name, properties));
  return { cache, nodes: new CacheNodes(service, name) };
}

async function engine({ nodes }: Subject): Promise<string> {
  const { current } = await service.client.getUpdates(nodes.at);
  return `${current?.name} ${current?.version}`;
}

/** Agents look for engines when they start. */
async function putOnShelf(version: string, { works }: { works: boolean }): Promise<void> {
  shelf.put(version, { works });
  await killDaemon(service, "agent");
  await until("the engine is known", async () =>
    (await service.client.listHosts()).some(({ engines }) => engines.some((each) => each.version === version)),
  );
}

describe.skipIf(!hasValkey || !hasRedis)("an update", () => {
  beforeAll(async () => {
    shelf = new EngineShelf();
    service = await startService({ engine: "native", env: shelf.env });
  }, 60_000);
  afterAll(async () => {
    await service?.stop();
    shelf?.remove();
  }, 30_000);

  test.each([
    ["twins", standard],
    ["single", {}],
  ])(
    "from Redis 7.0 to Valkey: %s",
    async (name, properties) => {
      const subject = await create(name, { ...properties, redisVersion: "7.0" });
      const { cache, nodes } = subject;
      expect(await engine(subject)).toStartWith("redis 7.0");
      const client = await cache.ioredis();
      await client.set("kept", "since Redis");
      const clients = await SteadyClients.at(cache);
      const before = (await nodes.look()).nodes.map(({ id }) => id);
      await service.client.updateCache(nodes.at, { properties: { redisVersion: "latest" } });
      await nodes.untilWhole();
      await clients.progress(10);
      expect(await clients.stop()).toEqual(unnoticed);
      expect(await client.get("kept")).toBe("since Redis");
      expect(await engine(subject)).toStartWith("valkey ");
      expect((await nodes.look()).nodes.filter(({ id }) => before.includes(id))).toEqual([]);
      cache.close();
      // It would be updated again by the tests that follow.
      await service.client.deleteCache(nodes.at);
    },
    60_000,
  );

  test("waits for its window, stops by itself where the engine does not start, and goes on when its owner says so", async () => {
    const subject = await create("patched", standard);
    const { cache, nodes } = subject;
    const [before, clients] = [await engine(subject), await SteadyClients.at(cache)];
    const state = async () => (await service.client.getUpdates(nodes.at)).state;
    await service.client.setPatchSchedule(nodes.at, closedWindow());

    await putOnShelf("9.8.0", { works: false });
    expect(await state()).toBe("waiting");
    await service.client.askUpdate(nodes.at, "start");
    await until("it is stopped", async () => (await state()) === "stopped", stopTimeoutMs);
    await nodes.untilWhole();
    expect(await engine(subject)).toBe(before);
    expect((await service.client.getUpdates(nodes.at)).stopped?.message).toContain("it does not start");

    await putOnShelf("9.8.1", { works: true });
    expect(await state()).toBe("stopped");
    expect((await service.client.askUpdate(nodes.at, "resume")).state).toBe("waiting");
    expect((await service.client.askUpdate(nodes.at, "pause")).state).toBe("paused");
    await service.client.askUpdate(nodes.at, "start");
    await until("it is updated", async () => (await state()) === "current");
    await nodes.untilWhole();
    expect(await engine(subject)).toBe("valkey 9.8.1");
    await clients.progress(10);
    expect(await clients.stop()).toEqual(unnoticed);
    cache.close();
  }, 90_000);

  test("of a cluster's database waits for the cluster's windows, or until its owner says so", async () => {
    const windows = [...closedWindow(3), ...closedWindow(5)];
    const maintenanceWindows = windows.map(({ dayOfWeek, startHourUtc }) => ({
      type: "Weekly",
      duration: "PT9H",
      startHourUtc,
      schedule: { dayOfWeek },
    }));
    await madeDatabase(service, "managed", {}, { maintenanceConfiguration: { maintenanceWindows } });
    const version = async () => (await settledDatabase(service, "managed", 30_000)).properties.larder.engine.version;
    await putOnShelf("9.8.2", { works: true });
    expect(await version()).not.toBe("9.8.2");
    await callManagedRedis(service, "POST", "managed/databases/default/upgradeDBRedisVersion");
    expect(await version()).toBe("9.8.2");
  }, 60_000);
});
