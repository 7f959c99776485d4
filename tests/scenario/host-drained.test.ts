/** Hosts are emptied under load: nodes move, clients do not notice, and nothing is lost; a cache of one node moves, too. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { HostResource, RedisCreateProperties } from "@larder/api";
import { CacheAccess } from "../fixture/cache-access.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { SteadyClients, unnoticed } from "../fixture/steady-clients.ts";
import { until } from "../fixture/until.ts";

const subjects: [string, Partial<RedisCreateProperties>][] = [
  ["twins", { sku: { name: "Standard", family: "C", capacity: 0 } }],
  ["single", {}],
];

let service: TestService;
let caches: { cache: CacheAccess; nodes: CacheNodes }[];

async function hostNamed(name: string): Promise<HostResource> {
  const host = (await service.client.listHosts()).find((each) => each.name === name);
  if (host === undefined) throw new Error(`there is no ${name}`);
  return host;
}

async function empty(name: string): Promise<void> {
  const { hostId } = await hostNamed(name);
  expect((await service.client.drainHost(hostId, "drain")).state).toBe("draining");
  await until(`${name} is empty`, async () => (await hostNamed(name)).nodes.length === 0, 30_000);
}

async function fill(name: string): Promise<void> {
  const { hostId } = await hostNamed(name);
  expect((await service.client.drainHost(hostId, "undrain")).state).toBe("active");
}

describe.skipIf(!hasValkey)("a host", () => {
  beforeAll(async () => {
    service = await startService({ engine: "native", hosts: 3 });
    caches = await Promise.all(
      subjects.map(async ([name, properties]) => {
        const cache = await CacheAccess.of(service, await service.createCache(name, properties));
        return { cache, nodes: new CacheNodes(service, name) };
      }),
    );
  }, 60_000);
  afterAll(async () => {
    for (const { cache } of caches ?? []) cache.close();
    await service?.stop();
  }, 30_000);

  test("after the other is emptied and filled again, and one removed, and nobody notices", async () => {
    const clients = await Promise.all(caches.map(({ cache }) => SteadyClients.at(cache, {}, 3)));
    const { hostId } = await hostNamed("host-1");
    await service.client.drainHost(hostId, "drain");
    await fill("host-1");
    for (const { nodes } of caches) await nodes.untilWhole();
    for (const name of ["host-1", "host-2", "host-3"]) {
      await empty(name);
      for (const { nodes } of caches) await nodes.untilWhole();
      for (const each of clients) await each.progress(10);
      if (name !== "host-3") await fill(name);
    }
    await service.client.removeHost((await hostNamed("host-3")).hostId, { force: false });
    for (const each of clients) await each.progress(10);
    for (const each of clients) expect(await each.stop()).toEqual(unnoticed);
    const hosts = await service.client.listHosts();
    expect(hosts.map((host) => host.name)).toEqual(["host-1", "host-2"]);
    expect(hosts.flatMap((host) => host.nodes)).toHaveLength(3);
  }, 90_000);
});
