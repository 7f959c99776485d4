/** A host that stops cold, frozen or dead, under load: a replica takes over, and what was there comes back as a replica. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Redis } from "ioredis";
import { folderOf, NodeClient } from "../../bench/availability/larder-nodes.ts";
import { CacheAccess } from "../fixture/cache-access.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { hostProcesses } from "../fixture/host-processes.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";
import { WriteLoad } from "../fixture/write-load.ts";

const standard = { sku: { name: "Standard", family: "C", capacity: 0 } } as const;
/** It takes less than three seconds on a machine that has nothing else to do. */
const resumeMaxMs = 10_000;

let service: TestService;
let cache: CacheAccess;
let nodes: CacheNodes;

/** Once nobody writes any more. */
async function untilAllTheSame(): Promise<void> {
  const ids = (await nodes.look()).nodes.map(({ id }) => id);
  const asked = await Promise.all(ids.map((id) => NodeClient.connect(folderOf(service.dataDir, id))));
  try {
    await until("all nodes have the same data", async () => {
      const texts = await Promise.all(asked.map(async (node) => JSON.stringify([...(await node.data())].sort())));
      return new Set(texts).size === 1;
    });
    const roles = await Promise.all(asked.map((node) => node.role()));
    expect(roles.filter((role) => role === "master")).toHaveLength(1);
  } finally {
    for (const node of asked) node.close();
  }
}

describe.skipIf(!hasValkey || process.platform !== "linux")("the host of the primary", () => {
  beforeAll(async () => {
    service = await startService({ engine: "native", hosts: 3 });
    cache = await CacheAccess.of(service, await service.createCache("spread", standard));
    nodes = new CacheNodes(service, "spread");
    await nodes.untilWhole();
  }, 60_000);
  afterAll(async () => {
    cache?.close();
    await service?.stop();
  }, 30_000);

  async function loseHost(signal: "SIGSTOP" | "SIGKILL"): Promise<void> {
    const clients: Redis[] = await Promise.all(Array.from({ length: 8 }, () => cache.ioredis()));
    const load = new WriteLoad(clients);
    await load.progress(100);
    const lost = await nodes.primary();
    const pids = hostProcesses(service, lost.id);
    const startMs = performance.now();
    try {
      for (const pid of pids) process.kill(pid, signal);
      await load.progress(2);
      const resumedMs = performance.now() - startMs;
      process.stdout.write(
        `${signal} of the primary's host: all clients write again after ${Math.round(resumedMs)} ms\n`,
      );
      expect(resumedMs).toBeLessThan(resumeMaxMs);
      expect((await nodes.primary()).id).not.toBe(lost.id);
    } finally {
      if (signal === "SIGSTOP") for (const pid of pids) process.kill(pid, "SIGCONT");
    }
    await nodes.untilWhole();
    await load.progress(20);
    const { errors } = await load.stop(clients[0] as Redis);
    expect(errors.filter((error) => !error.startsWith("OUTCOMEUNKNOWN"))).toEqual([]);
    for (const client of clients) expect(client.status).toBe("ready");
    await untilAllTheSame();
  }

  test("is frozen, twice", async () => {
    for (let round = 0; round < 2; round++) await loseHost("SIGSTOP");
  }, 60_000);

  test("is killed with all of its processes, and comes back", async () => {
    await loseHost("SIGKILL");
  }, 60_000);
});
