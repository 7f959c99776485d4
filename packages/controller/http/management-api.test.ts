/** The management API as bare HTTP: statuses, headers, bodies and refusals. Azure's own client has a test of its own. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { basicC0, ControllerFixture } from "../controller-fixture.ts";

const fixture = new ControllerFixture();
let group: string;

beforeAll(async () => {
  await fixture.start();
  group = await fixture.group();
});
afterAll(() => fixture.stop());
afterEach(async () => {
  for (const { name } of (await fixture.call("GET", `${group}/providers/Microsoft.Cache/redis`)).body.value)
    await fixture.ended(await fixture.call("DELETE", cachePath(name)));
});

const settings = "properties.redisConfiguration";
const cachePath = (name: string) => `${group}/providers/Microsoft.Cache/redis/${name}`;

async function create(name: string, properties: object = {}) {
  const body = { ...basicC0, properties: { ...basicC0.properties, ...properties } };
  const answer = await fixture.call("PUT", cachePath(name), { body });
  await fixture.ended(answer);
  return answer;
}

function refusal(answer: { status: number; body: { error: { code: string; target?: string } } }) {
  const { code, target } = answer.body.error;
  return target === undefined ? [answer.status, code] : [answer.status, code, target];
}

describe("who may call", () => {
  test.each([
    ["", "AuthenticationFailed"],
    ["Basic abc", "AuthenticationFailed"],
    ["Bearer wrong", "InvalidAuthenticationToken"],
  ])("'%s' is refused", async (authorization, code) => {
    const answer = await fixture.call("GET", "/subscriptions", { headers: { authorization } });
    expect(refusal(answer)).toEqual([401, code]);
    expect(answer.headers.get("www-authenticate")).toStartWith("Bearer ");
  });

  test("health and cloud metadata need no token", async () => {
    const headers = { authorization: "" };
    expect((await fixture.call("GET", "/health", { headers })).body).toEqual({ status: "ok", agents: 1, gateways: 1 });
    expect((await fixture.call("GET", "/metadata/endpoints", { headers })).body.resourceManager).toBe(
      `${fixture.base}/`,
    );
  });
});

describe("every answer", () => {
  test("carries the headers of Azure Resource Manager", async () => {
    const { headers } = await fixture.call("GET", "/subscriptions", {
      headers: { "x-ms-correlation-request-id": "mine-1" },
    });
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(headers.get("x-ms-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get("x-ms-correlation-request-id")).toBe("mine-1");
    expect(headers.get("cache-control")).toBe("no-cache");
  });
});

describe("api-version", () => {
  test("must be there, and be known", async () => {
    expect(refusal(await fixture.call("GET", `${cachePath("a")}?`))).toEqual([400, "MissingApiVersionParameter"]);
    const unknown = await fixture.call("GET", `${cachePath("a")}?api-version=1999-01-01`);
    expect(refusal(unknown)).toEqual([400, "NoRegisteredProviderFound"]);
    expect(unknown.body.error.message).toContain("2024-11-01");
  });

  test("older ones are taken", async () => {
    expect((await fixture.call("GET", `${group}/providers/Microsoft.Cache/redis?api-version=2022-06-01`)).status).toBe(
      200,
    );
  });
});

describe("paths", () => {
  test("match in any case, and names keep their casing", async () => {
    await create("MyShop");
    const shouted = cachePath("MYSHOP")
      .replace("resourceGroups/default", "RESOURCEGROUPS/DEFAULT")
      .replace("providers", "PROVIDERS");
    const { body } = await fixture.call("GET", shouted);
    expect(body.id).toBe(`${group}/providers/Microsoft.Cache/Redis/MyShop`);
    expect(body.properties.hostName).toBe("myshop.larder.localhost");
  });

  test("that are somebody else's or nobody's are 404", async () => {
    const subscription = await fixture.subscription();
    const other = group.replace(subscription, "11111111-1111-1111-1111-111111111111");
    expect(refusal(await fixture.call("GET", other))).toEqual([404, "SubscriptionNotFound"]);
    expect(refusal(await fixture.call("GET", cachePath("a").replace("default", "nowhere")))).toEqual([
      404,
      "ResourceGroupNotFound",
    ]);
    expect(refusal(await fixture.call("GET", cachePath("nothing")))).toEqual([404, "ResourceNotFound"]);
    expect(refusal(await fixture.call("GET", `${group}/providers/Microsoft.Cache/nothing/a`))).toEqual([
      404,
      "InvalidResourceType",
    ]);
    expect(refusal(await fixture.call("POST", cachePath("a")))).toEqual([405, "MethodNotAllowed"]);
  });
});

describe("creating", () => {
  test("answers 201 with the keys, and with where to poll under the caller's own address", async () => {
    const answer = await create("shop", { redisConfiguration: { "maxmemory-policy": "allkeys-lfu" } });
    expect(answer.status).toBe(201);
    expect(answer.body.properties).toMatchObject({
      provisioningState: "Creating",
      accessKeys: { primaryKey: expect.any(String) },
    });
    const poll = answer.headers.get("azure-asyncoperation") as string;
    expect(poll).toStartWith(`${fixture.base}/subscriptions/`);
    const status = await fixture.call("GET", poll);
    expect(status.body).toMatchObject({ status: "Succeeded", error: null, properties: null });
    expect(status.headers.get("retry-after")).toBe("1");

    const { body, headers } = await fixture.call("GET", cachePath("shop"));
    expect(headers.get("etag")).toBe(body.etag);
    expect(body.properties).toMatchObject({
      provisioningState: "Succeeded",
      accessKeys: null,
      redisConfiguration: { maxclients: "256", "maxmemory-policy": "allkeys-lfu" },
      instances: [{ isPrimary: true }],
      larder: {
        state: "available",
        problem: null,
        endpoint: { host: "localhost" },
        engine: { name: "valkey", version: "8.0.1" },
      },
    });
  });

  test("tells agent and gateway what they need, and neither the keys", async () => {
    await create("shop");
    const [route] = fixture.gateway.table?.routes ?? [];
    const [node] = fixture.agent.desired?.nodes ?? [];
    expect(route).toMatchObject({
      hostName: "shop.larder.localhost",
      clientsMax: 256,
      plainPort: null,
      node: { engine: "valkey" },
    });
    expect(node).toMatchObject({ memoryBytesMax: 250 * 1024 * 1024, maxmemoryPolicy: "volatile-lru", databases: 16 });
    const { body: keys } = await fixture.call("POST", `${cachePath("shop")}/listKeys`);
    expect(JSON.stringify([route, node])).not.toContain(keys.primaryKey);
    expect(route?.users[0]?.passwordSha256).toHaveLength(2);
  });

  test("again with the same body changes nothing", async () => {
    const first = await create("shop");
    const again = await fixture.call("PUT", cachePath("shop"), { body: basicC0 });
    expect([again.status, again.headers.get("azure-asyncoperation"), again.body.etag]).toEqual([
      200,
      null,
      first.body.etag,
    ]);
  });

  test("takes what a GET answered", async () => {
    await create("shop", { redisConfiguration: { databases: "4" } });
    const { body } = await fixture.call("GET", cachePath("shop"));
    expect((await fixture.call("PUT", cachePath("shop"), { body })).status).toBe(200);
    expect((await fixture.call("PATCH", cachePath("shop"), { body })).status).toBe(200);
  });

  test("refuses a name that is taken anywhere, or no name", async () => {
    await create("shop");
    const other = await fixture.group("other");
    const elsewhere = `${other}/providers/Microsoft.Cache/redis/SHOP`;
    expect(refusal(await fixture.call("PUT", elsewhere, { body: basicC0 }))).toEqual([409, "NameNotAvailable", "name"]);
    expect(refusal(await fixture.call("PUT", cachePath("a--b"), { body: basicC0 }))).toEqual([
      400,
      "InvalidResourceName",
      "name",
    ]);
  });

  test.each([
    [[400, "InvalidRequestBody"], "{"],
    [[400, "InvalidRequestBody"], "[]"],
    [[400, "InvalidParameter", "location"], { properties: basicC0.properties }],
    [[400, "SkuNotSupported", "properties.sku"], withSku("Basic", "P", 1)],
    [[400, "SkuNotSupported", "properties.sku"], withSku("Standard", "C", 7)],
    [[400, "InsufficientCapacity", "properties.sku.capacity"], withSku("Basic", "C", 6)],
    [[400, "OperationNotSupported", "properties.minimumTlsVersion"], withProperties({ minimumTlsVersion: "1.0" })],
    [[400, "OperationNotSupported", "properties.shardCount"], withProperties({ shardCount: 2 })],
    [[400, "InvalidParameter", `${settings}.maxmemory-reserved`], withSetting("maxmemory-reserved", "50")],
    [[400, "InvalidParameter", `${settings}.notify-keyspace-events`], withSetting("notify-keyspace-events", "KEA")],
    [[400, "InvalidParameter", `${settings}.databases`], withSetting("databases", "17")],
    [[413, "RequestBodyTooLarge"], `{"location": "${"x".repeat(300_000)}"}`],
  ])("is refused with %j", async (expected, body) => {
    expect(refusal(await fixture.call("PUT", cachePath("shop"), { body }))).toEqual(expected as never);
  });
});

test("a Standard cache has a node more, of which one is the primary", async () => {
  const answer = await create("twins", { sku: { name: "Standard", family: "C", capacity: 1 } });
  expect(answer.body.properties).toMatchObject({ provisioningState: "Creating", replicasPerPrimary: 1 });
  const { body } = await fixture.call("GET", cachePath("twins"));
  expect(body.properties).toMatchObject({ provisioningState: "Succeeded", replicasPerMaster: 1 });
  expect(body.properties.instances.map(({ isPrimary }: { isPrimary: boolean }) => isPrimary)).toEqual([true, false]);
  await fixture.ended(await fixture.call("DELETE", cachePath("twins")));
});

describe("changing", () => {
  test("PATCH names its operation and no location, and keeps what it does not mention", async () => {
    await create("shop", { redisConfiguration: { "maxmemory-policy": "allkeys-lru" } });
    const answer = await fixture.call("PATCH", cachePath("shop"), { body: { properties: { enableNonSslPort: true } } });
    expect([answer.status, answer.body.properties.provisioningState]).toEqual([200, "Updating"]);
    expect(answer.headers.get("location")).toBeNull();
    expect((await fixture.ended(answer)).body.status).toBe("Succeeded");
    const { body } = await fixture.call("GET", cachePath("shop"));
    expect(body.properties.redisConfiguration["maxmemory-policy"]).toBe("allkeys-lru");
    expect(body.properties.larder.endpoint.plainPort).toBe(body.properties.port);
    expect(fixture.gateway.table?.routes[0]?.plainPort).toBe(body.properties.port);
  });

  test("tags alone are there at once", async () => {
    await create("shop");
    const answer = await fixture.call("PATCH", cachePath("shop"), { body: { tags: { a: "b" } } });
    expect([answer.body.properties.provisioningState, answer.body.tags]).toEqual(["Succeeded", { a: "b" }]);
    expect(answer.headers.get("azure-asyncoperation")).toBeNull();
  });

  test("scales up, and down only to what holds the data, and never to C0", async () => {
    const size = (capacity: number) => ({ properties: { sku: { name: "Basic", family: "C", capacity } } });
    await create("shop", size(1).properties);
    const up = await fixture.call("PATCH", cachePath("shop"), { body: size(2) });
    expect(up.body.properties.provisioningState).toBe("Scaling");
    await fixture.ended(up);
    expect(fixture.agent.desired?.nodes[0]?.memoryBytesMax).toBe(2.5 * 1024 ** 3);

    fixture.agent.memoryBytesUsed = 900 * 1024 ** 2;
    await fixture.agent.report();
    const full = await fixture.call("PATCH", cachePath("shop"), { body: size(1) });
    expect(refusal(full)).toEqual([400, "InvalidParameter", "properties.sku.capacity"]);
    expect(full.body.error.message).toContain("900 MB");
    fixture.agent.memoryBytesUsed = 1024 ** 2;
    await fixture.agent.report();
    await fixture.ended(await fixture.call("PATCH", cachePath("shop"), { body: size(1) }));
    expect(refusal(await fixture.call("PATCH", cachePath("shop"), { body: size(0) }))).toEqual([
      400,
      "SkuNotSupported",
      "properties.sku",
    ]);
  });

  test("etags guard against overwriting what somebody else wrote", async () => {
    await create("shop");
    const { etag } = (await fixture.call("GET", cachePath("shop"))).body;
    const patch = (headers: Record<string, string>) =>
      fixture.call("PATCH", cachePath("shop"), { body: { tags: { at: "x" } }, headers });
    expect((await patch({ "if-match": etag })).status).toBe(200);
    expect(refusal(await patch({ "if-match": etag }))).toEqual([412, "PreconditionFailed"]);
    const fresh = { body: basicC0, headers: { "if-none-match": "*" } };
    expect(refusal(await fixture.call("PUT", cachePath("shop"), fresh))).toEqual([412, "PreconditionFailed"]);
    expect(refusal(await fixture.call("DELETE", cachePath("shop"), { headers: { "if-match": etag } }))).toEqual([
      412,
      "PreconditionFailed",
    ]);
  });

  test("while another change runs is a conflict", async () => {
    fixture.agent.outcome = () => ({ state: "starting" });
    const slow = await fixture.call("PUT", cachePath("slow"), { body: basicC0 });
    expect(refusal(await fixture.call("PATCH", cachePath("slow"), { body: { tags: {} } }))).toEqual([409, "Conflict"]);
    expect(refusal(await fixture.call("DELETE", cachePath("slow")))).toEqual([409, "Conflict"]);
    fixture.agent.outcome = () => ({});
    await fixture.agent.report();
    expect((await fixture.ended(slow)).body.status).toBe("Succeeded");
  });

  test("a renewed key is with the gateway before its owner has it", async () => {
    await create("shop");
    const { body } = await fixture.call("POST", `${cachePath("shop")}/regenerateKey`, {
      body: { keyType: "secondary" },
    });
    const sha256 = new Bun.CryptoHasher("sha256").update(body.secondaryKey).digest("hex");
    expect(fixture.gateway.table?.routes[0]?.users[0]?.passwordSha256).toContain(sha256);
    expect(refusal(await fixture.call("POST", `${cachePath("shop")}/regenerateKey`, { body: {} }))).toEqual([
      400,
      "InvalidParameter",
      "keyType",
    ]);
  });
});

describe("deleting", () => {
  test("answers 202 with both headers, keeps the name until the end, then 204", async () => {
    await create("shop");
    fixture.agent.outcome = () => ({});
    const answer = await fixture.call("DELETE", cachePath("shop"));
    expect(answer.status).toBe(202);
    expect(answer.headers.get("location")).toContain("/operationresults/");
    expect(answer.headers.get("azure-asyncoperation")).toBe(answer.headers.get("location"));
    const end = await fixture.ended(answer);
    expect([end.status, end.body.status]).toEqual([200, "Succeeded"]);
    expect((await fixture.call("DELETE", cachePath("shop"))).status).toBe(204);
  });

  test("a resource group takes its caches with it", async () => {
    const doomed = await fixture.group("doomed");
    await fixture.ended(
      await fixture.call("PUT", `${doomed}/providers/Microsoft.Cache/redis/inside`, { body: basicC0 }),
    );
    const answer = await fixture.call("DELETE", doomed);
    expect([answer.status, answer.headers.get("azure-asyncoperation")]).toEqual([202, null]);
    expect((await fixture.ended(answer)).status).toBe(200);
    expect((await fixture.call("HEAD", doomed)).status).toBe(404);
    expect(fixture.agent.desired?.nodes).toEqual([]);
  });
});

test("metrics sum what gateways report", async () => {
  fixture.gateway.metrics = { larder_commands_total: 3, 'larder_errors_total{kind="auth"}': 1, "not a metric": 1 };
  await fixture.gateway.report();
  const { body, headers } = await fixture.call("GET", "/metrics");
  expect(headers.get("content-type")).toStartWith("text/plain");
  expect(body).toContain("# TYPE larder_commands_total counter\nlarder_commands_total 3\n");
  expect(body).toContain("larder_gateways_connected 1\n");
  expect(body).not.toContain("not a metric");
});

function withProperties(properties: object) {
  return { ...basicC0, properties: { ...basicC0.properties, ...properties } };
}

function withSku(name: string, family: string, capacity: number) {
  return withProperties({ sku: { name, family, capacity } });
}

function withSetting(key: string, value: string) {
  return withProperties({ redisConfiguration: { [key]: value } });
}
