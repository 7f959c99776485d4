/** `kill -9` of the controller: data goes on flowing, and every operation that it had accepted finishes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { cacheResourceId, type OperationStatus, redisApiVersion } from "@larder/api";
import { CacheAccess } from "../fixture/cache-access.ts";
import { engineOf } from "../fixture/engine-identity.ts";
import { killDaemon } from "../fixture/processes.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";
import { WriteLoad } from "../fixture/write-load.ts";

let service: TestService;

beforeAll(async () => {
  service = await startService();
}, 60_000);
afterAll(() => service?.stop(), 30_000);

test("no client notices, three times in a row", async () => {
  const cache = await CacheAccess.of(service, await service.createCache("steady"));
  const reader = await cache.ioredis();
  const engine = await engineOf(reader);
  const load = new WriteLoad(await Promise.all(Array.from({ length: 10 }, () => cache.ioredis())));
  for (let round = 0; round < 3; round++) {
    await load.progress(200);
    await killDaemon(service, "controller");
    await load.progress(200);
  }
  expect(await load.stop(reader)).toMatchObject({ errors: [], wrong: [] });
  expect(await engineOf(reader)).toEqual(engine);
  const at = { resourceGroup: service.connection.resourceGroup, name: "steady" };
  await until(
    "the cache is available",
    async () => (await service.client.getCache(at)).properties.larder.state === "available",
  );
  cache.close();
}, 60_000);

test.each([0, 15, 40, 80])(
  "killed %d ms after it accepted a create, the operation finishes",
  async (delayMs) => {
    const name = `created-${delayMs}`;
    const operation = await acceptCreate(name);
    await Bun.sleep(delayMs);
    await killDaemon(service, "controller");
    await until("the operation succeeds", async () => {
      const response = await call(operation);
      const { status, error } = (await response.json()) as OperationStatus;
      if (status === "Failed") throw new Error(JSON.stringify(error));
      return status === "Succeeded";
    });
    const created = await service.client.getCache({ resourceGroup: service.connection.resourceGroup, name });
    expect(created.properties.provisioningState).toBe("Succeeded");
    const cache = await CacheAccess.of(service, created);
    expect(await (await cache.ioredis()).ping()).toBe("PONG");
    cache.close();
  },
  60_000,
);

/** Sends the PUT alone, without waiting for the operation. Returns the operation's address. */
async function acceptCreate(name: string): Promise<string> {
  const { api, subscription, resourceGroup } = service.connection;
  const path = cacheResourceId({ subscription, resourceGroup, name });
  const sku = { name: "Basic", family: "C", capacity: 0 };
  const response = await call(`${api}${path}?api-version=${redisApiVersion}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ location: "local", properties: { sku } }),
  });
  expect(response.status).toBe(201);
  return response.headers.get("azure-asyncoperation") ?? "";
}

function call(url: string, init: RequestInit = {}): Promise<Response> {
  const { token, ca } = service.connection;
  const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` };
  return fetch(url, { ...init, headers, tls: { ca: readFileSync(ca, "utf8") } });
}
