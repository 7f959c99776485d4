/** A planned change of the primary under load: nobody notices, and no crash in the middle of it changes that. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Redis } from "ioredis";
import { CacheAccess } from "../fixture/cache-access.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { clientsAtBoth } from "../fixture/clients-at-workers.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { killDaemon } from "../fixture/processes.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { SteadyClients, unnoticed } from "../fixture/steady-clients.ts";
import { until } from "../fixture/until.ts";
import { WriteLoad } from "../fixture/write-load.ts";

const replicated = { sku: { name: "Standard", family: "C", capacity: 0 } } as const;
/** When the crash comes, after the first may have begun. A switchover takes about half of it. */
const crashMs = 150;
/** One crash hits the switchovers of all of them, each at another moment. */
const caches = 4;
const crashes = 2;

interface Subject {
  cache: CacheAccess;
  nodes: CacheNodes;
}

let service: TestService;
let subjects: Subject[];

describe.skipIf(!hasValkey)(`a switchover (LARDER_SEED=${testSeed})`, () => {
  const random = randomFrom(testSeed);

  beforeAll(async () => {
    service = await startService({ engine: "native", gatewayWorkers: 2 });
    subjects = await Promise.all(Array.from({ length: caches }, (_, index) => createSubject(`steady-${index}`)));
  }, 60_000);
  afterAll(async () => {
    for (const { cache } of subjects ?? []) cache.close();
    await service?.stop();
  }, 30_000);

  async function createSubject(name: string): Promise<Subject> {
    const cache = await CacheAccess.of(service, await service.createCache(name, replicated));
    return { cache, nodes: new CacheNodes(service, name) };
  }

  test("ten in a row", async () => {
    const { cache, nodes } = subjects[0] as Subject;
    const clients = await SteadyClients.at(cache);
    for (let round = 0; round < 10; round++) {
      await nodes.switchOver();
      await clients.progress(5);
      await nodes.untilWhole();
    }
    expect(await clients.stop()).toEqual(unnoticed);
  }, 60_000);

  /** Begins one at a moment before the crash. Resolves with what to await: that one which was accepted is made. */
  async function beginBefore(crashMs: number, { nodes }: Subject): Promise<() => Promise<void>> {
    const before = await nodes.primary();
    await Bun.sleep(random(crashMs));
    const isAccepted = await service.client.switchOver(nodes.at).then(
      () => true,
      () => false,
    );
    return async () => {
      if (isAccepted) await until("another node leads", async () => (await nodes.primary()).id !== before.id, 20_000);
      await nodes.untilWhole();
    };
  }

  test.each(["controller", "agent"] as const)(
    "the %s is killed twice, in the middle of four",
    async (daemon) => {
      const clients = await Promise.all(subjects.map(({ cache }) => SteadyClients.at(cache, {}, 1)));
      for (let crash = 0; crash < crashes; crash++) {
        const begun = subjects.map((subject) => beginBefore(crashMs, subject));
        await Bun.sleep(crashMs);
        await killDaemon(service, daemon);
        for (const end of await Promise.all(begun)) await end();
        await Promise.all(clients.map((each) => each.progress(5)));
      }
      for (const each of clients) expect(await each.stop()).toEqual(unnoticed);
    },
    60_000,
  );

  test("a gateway's worker is killed in the middle of one: its clients come back, and no other notices", async () => {
    const { cache, nodes } = subjects[0] as Subject;
    const reconnecting = { retryStrategy: () => 50, maxRetriesPerRequest: null, autoResendUnfulfilledCommands: true };
    const connect = () => cache.ioredis(reconnecting);
    const found = await clientsAtBoth(connect, 3);
    const [killed, others] = [found[1], found[2]].map((each) => each.map(({ client }) => client)) as [Redis[], Redis[]];
    for (const client of killed) client.options.keyPrefix = "killed:";
    const loads = { killed: new WriteLoad(killed), others: new WriteLoad(others) };
    const end = beginBefore(crashMs, subjects[0] as Subject);
    await Bun.sleep(crashMs);
    const [pid] = service.pids().gateway as [number];
    process.kill(pid, "SIGKILL");
    await (await end)();
    await Promise.all(Object.values(loads).map((load) => load.progress(20)));
    for (const client of others) expect(client.status).toBe("ready");
    const reader = await cache.ioredis();
    expect(await loads.others.stop(reader)).toMatchObject({ errors: [], wrong: [] });
    expect((await loads.killed.stop(await cache.ioredis({ keyPrefix: "killed:" }), 1)).wrong).toEqual([]);
    await nodes.untilWhole();
  }, 60_000);
});
