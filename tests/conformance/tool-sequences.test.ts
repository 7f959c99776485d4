/**
 * What the Azure CLI and Terraform ask, call by call, with their spellings, and what they need to read in the answers. Written down
 * from what their released versions send and check.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, ControllerFixture } from "../../packages/controller/controller-fixture.ts";

const fixture = new ControllerFixture();
let subscription: string;

beforeAll(async () => {
  await fixture.start();
  subscription = `/subscriptions/${await fixture.subscription()}`;
});
afterAll(() => fixture.stop());

type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

const callsAt =
  (version: string): Call =>
  (method, path, body) =>
    fixture.call(method, `${path}?api-version=${version}`, body === undefined ? {} : { body });

describe("az redis, 2022-06-01", () => {
  const call = callsAt("2022-06-01");
  const groups = callsAt("2022-09-01");
  const path = () => `${subscription}/resourceGroups/az/providers/Microsoft.Cache/redis/azshop`;

  test("create: looks for the group, checks the name, puts, polls, gets", async () => {
    expect((await groups("HEAD", `${subscription}/resourcegroups/az`)).status).toBe(404);
    expect((await groups("PUT", `${subscription}/resourcegroups/az`, { location: "westus" })).status).toBe(201);
    const checkName = `${subscription}/providers/Microsoft.Cache/CheckNameAvailability`;
    expect((await call("POST", checkName, { name: "azshop", type: "Microsoft.Cache/Redis" })).status).toBe(200);

    const sku = { name: "Basic", family: "c", capacity: "0" };
    const put = await call("PUT", path(), {
      location: "westus",
      tags: null,
      properties: { sku, redisConfiguration: {} },
    });
    expect(put.status).toBe(201);
    expect(put.body).toMatchObject({
      type: "Microsoft.Cache/Redis",
      id: `${subscription}/resourceGroups/az/providers/Microsoft.Cache/Redis/azshop`,
      tags: {},
      properties: { provisioningState: "Creating", sku: { family: "C", capacity: 0 }, accessKeys: expect.any(Object) },
    });
    const url = put.headers.get("azure-asyncoperation") as string;
    expect(url).toContain("/providers/Microsoft.Cache/locations/westus/asyncOperations/");
    const poll = await fixture.call("GET", url);
    expect([poll.status, poll.headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
    expect(Number(poll.headers.get("retry-after"))).toBeGreaterThan(0);
    await fixture.ended(put);
    expect((await call("GET", path())).body.properties).toMatchObject({
      provisioningState: "Succeeded",
      accessKeys: null,
      linkedServers: [],
    });
  });

  test("update: reads all, writes all back with the change", async () => {
    const { body } = await call("GET", path());
    const { accessKeys: _, ...properties } = body.properties;
    const configuration = { ...properties.redisConfiguration, "maxmemory-policy": "allkeys-lru" };
    const patch = await call("PATCH", path(), {
      tags: body.tags,
      properties: {
        ...properties,
        redisConfiguration: configuration,
        sku: { name: "Basic", family: "C", capacity: "0" },
      },
    });
    expect([patch.status, patch.headers.get("location")]).toEqual([200, null]);
    await fixture.ended(patch);
    const after = (await call("GET", path())).body.properties;
    expect(after.redisConfiguration).toEqual(configuration);
  });

  test("list-keys, regenerate-keys, list, and delete", async () => {
    const keys = (await call("POST", `${path()}/listKeys`)).body;
    const renewed = (await call("POST", `${path()}/regenerateKey`, { keyType: "Primary" })).body;
    expect([renewed.primaryKey === keys.primaryKey, renewed.secondaryKey]).toEqual([false, keys.secondaryKey]);
    const listed = (await call("GET", `${subscription}/providers/Microsoft.Cache/redis`)).body;
    expect([listed.value.length, listed.nextLink]).toEqual([1, undefined]);
    const gone = await call("DELETE", path());
    expect([gone.status, gone.headers.get("azure-asyncoperation")]).toEqual([202, gone.headers.get("location")]);
    expect((await fixture.ended(gone)).status).toBe(200);
    expect((await call("GET", path())).body.error.code).toBe("ResourceNotFound");
  });
});

describe("azurerm_redis_cache, 2024-11-01", () => {
  const call = callsAt("2024-11-01");
  const groups = callsAt("2022-09-01");
  const group = () => `${subscription}/resourceGroups/tf`;
  const path = () => `${group()}/providers/Microsoft.Cache/redis/tfshop`;

  test("begins with the providers, all of which are registered", async () => {
    const { body } = await callsAt("2022-09-01")("GET", `${subscription}/providers`);
    const states = new Set(body.value.map((one: { registrationState: string }) => one.registrationState.toLowerCase()));
    expect([...states]).toEqual(["registered"]);
  });

  test("apply: finds nothing, creates, waits for the states that it knows, reads keys and the schedule", async () => {
    expect((await groups("GET", group())).status).toBe(404);
    expect((await groups("PUT", group(), { location: "westeurope", tags: {} })).status).toBe(201);
    expect((await call("GET", path())).status).toBe(404);
    const put = await call("PUT", path(), {
      location: "westeurope",
      properties: {
        enableNonSslPort: false,
        minimumTlsVersion: "1.2",
        publicNetworkAccess: "Enabled",
        redisConfiguration: { "maxmemory-policy": "volatile-lru", "maxmemory-reserved": "100" },
        redisVersion: "6",
        sku: { name: "Standard", family: "C", capacity: 1 },
      },
      tags: { environment: "test" },
    });
    expect(put.status).toBe(201);
    expect(["Creating", "Scaling", "Updating", "ConfiguringAAD"]).toContain(put.body.properties.provisioningState);
    await fixture.ended(put);

    const { body } = await call("GET", path());
    expect(body).toMatchObject({ location: "westeurope", tags: { environment: "test" } });
    expect(body.properties).toMatchObject({
      provisioningState: "Succeeded",
      hostName: expect.stringContaining("tfshop."),
      sslPort: expect.any(Number),
      replicasPerMaster: 1,
      redisConfiguration: { "maxmemory-policy": "volatile-lru", "maxmemory-reserved": "100" },
    });
    expect((await call("POST", `${path()}/listkeys`)).body.primaryKey).toHaveLength(44);
    expect((await call("GET", `${path()}/patchSchedules/default`)).status).toBe(404);
  });

  test("update: the state has left Succeeded when the answer comes", async () => {
    const patch = await call("PATCH", path(), {
      properties: { enableNonSslPort: true },
      tags: { environment: "test" },
    });
    expect([200, 202]).toContain(patch.status);
    expect(patch.body.properties.provisioningState).toBe("Updating");
    await fixture.ended(patch);
    const schedule = {
      properties: { scheduleEntries: [{ dayOfWeek: "Monday", startHourUtc: 2, maintenanceWindow: "PT5H" }] },
    };
    expect((await call("PUT", `${path()}/patchSchedules/default`, schedule)).status).toBe(201);
    expect((await call("PUT", `${path()}/patchSchedules/default`, schedule)).status).toBe(200);
  });

  test("destroy: the cache, then the group once nothing is listed in it", async () => {
    const resources = async () => (await callsAt("2020-06-01")("GET", `${group()}/resources`)).body.value;
    expect(await resources()).toMatchObject([{ type: "Microsoft.Cache/Redis", name: "tfshop" }]);
    const gone = await call("DELETE", path());
    expect([200, 202, 204]).toContain(gone.status);
    await fixture.ended(gone);
    expect(await resources()).toEqual([]);
    const groupGone = await groups("DELETE", group());
    expect([groupGone.status, groupGone.headers.has("location")]).toEqual([202, true]);
    await fixture.ended(groupGone);
    expect((await groups("GET", group())).body.error.code).toBe("ResourceGroupNotFound");
  });
});
