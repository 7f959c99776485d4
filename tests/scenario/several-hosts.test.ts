/** `larder up --hosts 3`: a cache's nodes are on different hosts, one of which is killed, emptied and removed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import type { HostResource } from "@larder/api";
import { CacheAccess } from "../fixture/cache-access.ts";
import { agentPid } from "../fixture/host-processes.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { isAlive } from "../fixture/processes.ts";
import { larderPath, startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

let service: TestService;

beforeAll(async () => {
  service = await startService({ hosts: 3 });
}, 60_000);
afterAll(() => service?.stop(), 30_000);

const replicated = { sku: { name: "Standard", family: "C", capacity: 0 } } as const;

async function hostsOf(cache: string): Promise<HostResource[]> {
  const hosts = await service.client.listHosts();
  return hosts.filter(({ nodes }) => nodes.some((node) => node.cache === cache));
}

async function hostNamed(name: string): Promise<HostResource> {
  return (await service.client.listHosts()).find((host) => host.name === name) as HostResource;
}

async function isWhole(name: string): Promise<boolean> {
  const at = { resourceGroup: service.connection.resourceGroup, name };
  const { state, nodes } = (await service.client.getCache(at)).properties.larder;
  return state === "available" && nodes.some(({ inSync }) => inSync === true);
}

test.if(hasValkey)(
  "a Standard cache has its two nodes on two hosts, and works",
  async () => {
    expect(await run("host", "drain", "host-3")).toMatchObject({ status: 0 });
    const resource = await service.createCache("shop", replicated);
    expect((await service.client.listHosts()).map(({ name, address }) => `${name} ${address}`)).toEqual([
      "host-1 127.0.0.1",
      "host-2 127.0.0.2",
      "host-3 127.0.0.3",
    ]);
    expect((await hostsOf("shop")).map(({ name }) => name)).toEqual(["host-1", "host-2"]);
    const cache = await CacheAccess.of(service, resource);
    const client = await cache.ioredis();
    await client.set("key", "value");
    expect(await client.get("key")).toBe("value");
    cache.close();
  },
  60_000,
);

test.if(hasValkey && process.platform === "linux")(
  "an agent that is killed comes back without a token",
  async () => {
    const before = await hostNamed("host-2");
    const pid = agentPid(service, "agent-2");
    // It leads a group of its own; its engines are in others and outlive it.
    process.kill(-(pid as number), "SIGKILL");
    await until("another is there", () => ![undefined, pid].includes(agentPid(service, "agent-2")));
    await until("the host is active", async () => (await hostNamed("host-2")).state === "active");
    expect((await hostNamed("host-2")).hostId).toBe(before.hostId);
    await until("the cache is whole", () => isWhole("shop"));
  },
  60_000,
);

test.if(hasValkey)(
  "a host that is drained gives its nodes away, and no client notices",
  async () => {
    expect(await run("host", "drain", "host-3", "--undo")).toMatchObject({ status: 0 });
    const at = { resourceGroup: service.connection.resourceGroup, name: "shop" };
    const cache = await CacheAccess.of(service, await service.client.getCache(at));
    const client = await cache.ioredis();
    const id = await client.client("ID");
    expect(await run("host", "remove", "host-2")).toMatchObject({ status: 75 });
    expect(await run("host", "drain", "host-2")).toMatchObject({ status: 0 });
    await until("it is empty", async () => (await hostNamed("host-2")).nodes.length === 0, 30_000);
    expect((await hostsOf("shop")).map(({ name }) => name)).toEqual(["host-1", "host-3"]);
    expect([await client.get("key"), await client.client("ID")]).toEqual(["value", id]);
    cache.close();
  },
  60_000,
);

test.if(hasValkey)(
  "the agent of a host that was removed is not started again",
  async () => {
    const pids = service.pids().agent;
    expect(await run("host", "remove", "host-2")).toEqual({ status: 0, stdout: "Removed host-2\n" });
    await until("its agent has ended", () => pids.filter(isAlive).length === 2);
    expect((await service.client.listHosts()).map(({ name }) => name)).toEqual(["host-1", "host-3"]);
    expect(service.pids().agent).toEqual(pids);
  },
  60_000,
);

test.if(hasValkey)(
  "all hosts come back with the service",
  async () => {
    const { dataDir, ports } = service;
    const hosts = (await service.client.listHosts()).map(({ hostId }) => hostId);
    await service.kill();
    service = await startService({ dataDir, ports, hosts: 3 });
    const stop = service.stop;
    service.stop = async () => {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    };
    await until("the cache is whole", () => isWhole("shop"));
    expect((await service.client.listHosts()).map(({ hostId }) => hostId)).toEqual(hosts);
  },
  60_000,
);

async function run(...args: string[]): Promise<{ status: number; stdout: string }> {
  const child = Bun.spawn([larderPath, ...args, "--data-dir", service.dataDir], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  return { stdout: await new Response(child.stdout).text(), status: await child.exited };
}
