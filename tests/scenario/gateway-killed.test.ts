/** `kill -9` of the gateway under load: clients reconnect and go on, and every acknowledged write is there. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { CacheAccess } from "../fixture/cache-access.ts";
import { engineOf } from "../fixture/engine-identity.ts";
import { killDaemon } from "../fixture/processes.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { WriteLoad } from "../fixture/write-load.ts";

let service: TestService;

beforeAll(async () => {
  service = await startService();
}, 60_000);
afterAll(() => service?.stop(), 30_000);

/** As applications are set up: reconnect, and send again what has no reply yet. */
const reconnecting = {
  retryStrategy: (attempt: number) => Math.min(20 * attempt, 200),
  maxRetriesPerRequest: null,
  autoResendUnfulfilledCommands: true,
};
const rounds = 3;

test("clients go on, and nothing that was acknowledged is lost", async () => {
  const cache = await CacheAccess.of(service, await service.createCache("front"));
  const clients = await Promise.all(Array.from({ length: 10 }, () => cache.ioredis(reconnecting)));
  const reader = await cache.ioredis(reconnecting);
  const engine = await engineOf(reader);
  const load = new WriteLoad(clients);
  for (let round = 0; round < rounds; round++) {
    await load.progress(200);
    await killDaemon(service, "gateway");
    await load.progress(200);
  }
  expect(await load.stop(reader, rounds)).toMatchObject({ errors: [], wrong: [] });
  expect(await engineOf(reader)).toEqual(engine);
  cache.close();
}, 60_000);

test("the next gateway serves from the routes on disk while the controller is away", async () => {
  const cache = await CacheAccess.of(service, await service.createCache("alone"));
  const [controller] = service.pids().controller;
  if (controller === undefined) throw new Error("there is no controller");
  // Stopped, not killed: a dead controller would be replaced at once.
  process.kill(controller, "SIGSTOP");
  try {
    await killDaemon(service, "gateway");
    const client = await cache.ioredis(reconnecting);
    expect(await client.set("key", "value")).toBe("OK");
  } finally {
    process.kill(controller, "SIGCONT");
  }
  cache.close();
}, 60_000);
