/** What tools call before and beside Microsoft.Cache: providers, groups, lists, tags, and paths that nothing answers. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, basicC0, ControllerFixture } from "../controller-fixture.ts";

const fixture = new ControllerFixture();
const version = "?api-version=2021-04-01";
const tags = { team: "a" };
let subscription: string;
let group: string;
let cache: string;
let cluster: string;
let endpoint: string;

beforeAll(async () => {
  fixture.gateway.privateNetworks = ["blue"];
  await fixture.start();
  subscription = `/subscriptions/${await fixture.subscription()}`;
  group = await fixture.group();
  cache = `${group}/providers/Microsoft.Cache/redis/shop`;
  await fixture.ended(await fixture.call("PUT", cache, { body: { ...basicC0, tags } }));
  cluster = `${group}/providers/Microsoft.Cache/redisEnterprise/hub`;
  const hub = { location: "North Sea", sku: { name: "Balanced_B0" }, properties: { publicNetworkAccess: "Enabled" } };
  await fixture.call("PUT", `${cluster}?api-version=2025-07-01`, { body: { ...hub, tags } });
  endpoint = `${group}/providers/Microsoft.Network/privateEndpoints/near`;
  const subnet = { id: `${group}/providers/Microsoft.Network/virtualNetworks/any/subnets/blue` };
  const link = { name: "a", properties: { privateLinkServiceId: cache, groupIds: ["redisCache"] } };
  const properties = { subnet, privateLinkServiceConnections: [link] };
  await call("PUT", `${endpoint}?api-version=2024-05-01`, { location: "local", tags, properties });
});
afterAll(() => fixture.stop());

const call = (method: string, path: string, body?: unknown) =>
  fixture.call(method, `${path}${path.includes("?") ? "" : version}`, body === undefined ? {} : { body });
const refusal = ({ status, body }: Answer) => [status, body.error.code];
const named = (answer: Answer) => answer.body.value.map(({ name }: { name: string }) => name);

describe("providers", () => {
  test("say which types and versions there are, and where", async () => {
    const { body } = await call("GET", `${subscription}/providers/microsoft.cache`);
    expect(body).toMatchObject({ namespace: "Microsoft.Cache", registrationState: "Registered" });
    const redis = body.resourceTypes.find(({ resourceType }: { resourceType: string }) => resourceType === "Redis");
    expect(redis.apiVersions).toContain("2024-11-01");
    expect(redis.locations).toEqual(["local", "North Sea"]);
  });

  test("that Terraform registers are registered, and nobody can undo that", async () => {
    const { body } = await call("GET", `${subscription}/providers`);
    const states = new Map(
      body.value.map((one: { namespace: string; registrationState: string }) => [one.namespace, one.registrationState]),
    );
    for (const namespace of ["Microsoft.Cache", "Microsoft.Resources", "Microsoft.Network", "Microsoft.Storage"])
      expect(states.get(namespace)).toBe("Registered");
    const registered = await call("POST", `${subscription}/providers/Microsoft.KeyVault/register`);
    expect([registered.status, registered.body.registrationState]).toEqual([200, "Registered"]);
    expect(refusal(await call("POST", `${subscription}/providers/Microsoft.Cache/unregister`))).toEqual([
      409,
      "Conflict",
    ]);
    expect(refusal(await call("GET", `${subscription}/providers/Contoso.Tea`))).toEqual([
      404,
      "InvalidResourceNamespace",
    ]);
  });

  test("list the operations that roles allow", async () => {
    const { body } = await call("GET", "/providers/Microsoft.Cache/operations");
    expect(body.value).toContainEqual({
      name: "Microsoft.Cache/redis/listKeys/action",
      isDataAction: false,
      display: {
        provider: "Microsoft.Cache",
        resource: "redis/listKeys",
        operation: "action",
        description: "Do 'redis/listKeys'",
      },
    });
    const names = named(await call("GET", "/providers/Microsoft.Cache/operations"));
    expect(new Set(names).size).toBe(names.length);
  });

  test("list the sizes of caches", async () => {
    const { body } = await call("GET", `${subscription}/providers/Microsoft.Cache/skus`);
    const sizes = body.value.map(({ name, size }: { name: string; size: string }) => `${name} ${size}`);
    expect(sizes).toEqual([...all("Basic C", 0, 6), ...all("Standard C", 0, 6), ...all("Premium P", 1, 5)]);
  });
});

const all = (prefix: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${prefix}${from + index}`);

describe("subscriptions", () => {
  test("there is one, with a tenant and the locations in use", async () => {
    expect((await call("GET", subscription)).body).toMatchObject({ id: subscription, state: "Enabled" });
    expect((await call("GET", "/tenants")).body.value).toHaveLength(1);
    await call("PUT", `${subscription}/resourceGroups/far`, { location: "West US" });
    const { body } = await call("GET", `${subscription}/locations`);
    expect(body.value).toMatchObject([
      { name: "local" },
      { name: "northsea" },
      { name: "westus", displayName: "West US" },
    ]);
  });
});

describe("resource groups", () => {
  test("are looked for, made, retagged, found by tag and deleted as tools do it", async () => {
    const path = `${subscription}/resourcegroups/Made`;
    expect((await call("HEAD", path)).status).toBe(404);
    const made = await call("PUT", path, { location: "local", tags: { purpose: "test" } });
    expect([made.status, made.body.id, made.body.properties.provisioningState]).toEqual([
      201,
      `${subscription}/resourceGroups/Made`,
      "Succeeded",
    ]);
    expect((await call("HEAD", path)).status).toBe(204);
    expect((await call("PATCH", path, { tags: { purpose: "more" } })).body.tags).toEqual({ purpose: "more" });
    const filter = encodeURIComponent("tagName eq 'purpose' and tagValue eq 'more'");
    expect(named(await call("GET", `${subscription}/resourcegroups${version}&$filter=${filter}`))).toEqual(["Made"]);
    const gone = await call("DELETE", path);
    expect([gone.status, gone.headers.get("location")]).toEqual([202, expect.stringContaining("/operationresults/")]);
    await fixture.ended(gone);
    expect((await call("GET", path)).status).toBe(404);
  });

  test("export no templates, and deploy none", async () => {
    const notBuilt = [400, "OperationNotSupported"];
    expect(refusal(await call("POST", `${group}/exportTemplate`, { resources: ["*"] }))).toEqual(notBuilt);
    const deployments = `${group}/providers/Microsoft.Resources/deployments`;
    expect(refusal(await call("POST", `${deployments}/a/validate`, { properties: {} }))).toEqual(notBuilt);
    expect(refusal(await call("PUT", `${deployments}/a`, { properties: {} }))).toEqual(notBuilt);
    expect((await call("GET", deployments)).body).toEqual({ value: [] });
  });
});

describe("lists of all resources", () => {
  const listed = async (filter: string, path = `${subscription}/resources`) =>
    named(await call("GET", `${path}${version}&$filter=${encodeURIComponent(filter)}`));

  test.each([
    ["resourceType eq 'Microsoft.Cache/redis'", ["shop"]],
    ["resourceType eq 'Microsoft.Storage/storageAccounts'", []],
    ["resourceType ne 'Microsoft.Cache/Redis'", ["hub", "near"]],
    ["resourceType eq 'microsoft.network/privateendpoints'", ["near"]],
    ["location eq 'northsea'", ["hub"]],
    ["name eq 'SHOP' and resourceGroup eq 'Default'", ["shop"]],
    ["location eq 'LOCAL'", ["shop", "near"]],
    ["startswith(name, 'sh')", ["shop"]],
    ["substringof('hop', name)", ["shop"]],
    ["name eq 'a and b'", []],
    ["tagName eq 'team' and tagValue eq 'a'", ["shop", "hub", "near"]],
    ["tagName eq 'team' and tagValue eq 'b'", []],
  ])("filtered by %s", async (filter, expected) => {
    expect(await listed(filter)).toEqual(expected);
    expect(await listed(filter, `${group}/resources`)).toEqual(expected);
  });

  test.each(["name", "name eq shop", "name eq 'a' or name eq 'b'", "'", "(".repeat(3_000)])(
    "a filter of %j is refused",
    async (filter) => {
      const answer = await call("GET", `${subscription}/resources${version}&$filter=${encodeURIComponent(filter)}`);
      expect(refusal(answer)).toEqual([400, "InvalidFilterInQueryString"]);
    },
  );
});

describe("tags", () => {
  test.each(["cache", "cluster", "endpoint", "group", "subscription"] as const)(
    "of a %s are read, merged, taken away and replaced",
    async (scope) => {
      const path = `${{ cache, cluster, endpoint, group, subscription }[scope]}/providers/Microsoft.Resources/tags/default`;
      const tagsOf = async (answer: Promise<Answer>) => (await answer).body.properties.tags;
      const patch = (operation: string, tags: object) =>
        tagsOf(call("PATCH", path, { operation, properties: { tags } }));
      expect(await tagsOf(call("PUT", path, { properties: { tags: { a: "1" } } }))).toEqual({ a: "1" });
      expect(await patch("merge", { A: "2", b: 3 })).toEqual({ A: "2", b: "3" });
      expect(await patch("Delete", { a: "other", b: "3" })).toEqual({ A: "2" });
      expect(await patch("Replace", { team: "a" })).toEqual({ team: "a" });
      expect((await call("GET", path)).body).toMatchObject({ name: "default", type: "Microsoft.Resources/tags" });
      const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`t${index}`, ""]));
      const over = await call("PATCH", path, { operation: "Merge", properties: { tags: many } });
      expect(refusal(over)).toEqual([400, "InvalidParameter"]);
      expect((await call("DELETE", path)).status).toBe(200);
      expect(await tagsOf(call("GET", path))).toEqual({});
      await call("PUT", path, { properties: { tags: { team: "a" } } });
    },
  );

  test("are counted over all that have them", async () => {
    const { body } = await call("GET", `${subscription}/tagNames`);
    expect(body.value).toMatchObject([{ tagName: "team", count: { value: 5 }, values: [{ tagValue: "a" }] }]);
  });
});

describe("names", () => {
  const check = (name: string, type: string, apiVersion = "2024-11-01") =>
    fixture.call("POST", `${subscription}/providers/Microsoft.Cache/CheckNameAvailability?api-version=${apiVersion}`, {
      body: { name, type },
    });

  test("are free or taken in both types, however they are written", async () => {
    expect(await check("free", "Microsoft.Cache/Redis")).toMatchObject({ status: 200, body: "" });
    expect(await check("free", "microsoft.cache/redisenterprise", "2025-07-01")).toMatchObject({ status: 200 });
    for (const type of ["Microsoft.Cache/redis", "Microsoft.Cache/redisEnterprise"])
      expect(refusal(await check("SHOP", type))).toEqual([409, "NameNotAvailable"]);
    expect(refusal(await check("a--b", "Microsoft.Cache/redis"))).toEqual([400, "InvalidResourceName"]);
    expect(refusal(await check("a".repeat(61), "Microsoft.Cache/redisEnterprise"))).toEqual([
      400,
      "InvalidResourceName",
    ]);
    expect(refusal(await check("a", "Microsoft.Web/sites"))).toEqual([400, "InvalidParameter"]);
  });
});

describe("paths and methods that nothing answers", () => {
  test("are refused in the words of Azure Resource Manager", async () => {
    expect(refusal(await call("GET", `${group}/providers/Contoso.Tea/pots/a`))).toEqual([
      404,
      "InvalidResourceNamespace",
    ]);
    const type = await call("GET", `${group}/providers/Microsoft.Cache/teapots/a`);
    expect(refusal(type)).toEqual([404, "InvalidResourceType"]);
    expect(type.body.error.message).toContain("'teapots' could not be found in the namespace 'Microsoft.Cache'");
    expect(refusal(await call("GET", "/nowhere"))).toEqual([404, "InvalidResourceType"]);
  });

  test("name the methods that would do", async () => {
    const known = `${cache}?api-version=2024-11-01`;
    const posted = await call("POST", known, {});
    expect([...refusal(posted), posted.headers.get("allow")]).toEqual([
      405,
      "MethodNotAllowed",
      "GET, HEAD, PUT, PATCH, DELETE",
    ]);
    const options = await call("OPTIONS", known);
    expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, PUT, PATCH, DELETE"]);
    expect((await call("HEAD", known)).status).toBe(204);
    expect((await call("HEAD", `${cache}x?api-version=2024-11-01`)).status).toBe(404);
  });
});
