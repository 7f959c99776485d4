/** From where a cache is reached: firewall rules, public access, private endpoints and their connections; and what gateways are told. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { RedisManagementClient } from "@azure/arm-rediscache";
import type { PrivateEndpoint, Route } from "@larder/api";
import { type Answer, basicC0, ControllerFixture } from "../controller-fixture.ts";

const fixture = new ControllerFixture();
let group: string;
let shop: string;
let client: RedisManagementClient;

beforeAll(async () => {
  fixture.gateway.privateNetworks = ["blue", "Green"];
  await fixture.start();
  group = await fixture.group();
  shop = `${group}/providers/Microsoft.Cache/redis/Shop`;
  await fixture.ended(await fixture.call("PUT", shop, { body: basicC0 }));
  const credential = { getToken: async () => ({ token: fixture.token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  const options = { endpoint: fixture.base, tlsOptions: { ca: fixture.ca } };
  client = new RedisManagementClient(credential, await fixture.subscription(), options);
});
afterAll(() => fixture.stop());

const at = ["default", "shop"] as const;

/** What the gateway has in force. */
function network(): Route["network"] | undefined {
  return fixture.gateway.table?.routes.find(({ name }) => name === "Shop")?.network;
}

function refusal({ status, body }: Answer) {
  return [status, body.error.code, body.error.target];
}

function putRule(name: string, startIP: unknown, endIP: unknown = startIP): Promise<Answer> {
  return fixture.call("PUT", `${shop}/firewallRules/${name}`, { body: { properties: { startIP, endIP } } });
}

function endpointPath(name: string): string {
  return `${group}/providers/Microsoft.Network/privateEndpoints/${name}?api-version=2024-05-01`;
}

interface EndpointChoices {
  network?: string;
  isManual?: boolean;
  service?: string;
  groupIds?: string[];
  tags?: Record<string, string>;
}

function putEndpoint(name: string, choices: EndpointChoices = {}): Promise<Answer> {
  const { network: subnet = "blue", isManual = false, service = shop, groupIds = ["redisCache"], tags = {} } = choices;
  const connection = {
    name: "to-shop",
    properties: { privateLinkServiceId: service, groupIds, requestMessage: "please" },
  };
  const list = isManual ? "manualPrivateLinkServiceConnections" : "privateLinkServiceConnections";
  const subnetId = `${group}/providers/Microsoft.Network/virtualNetworks/any/subnets/${subnet}`;
  const properties = { subnet: { id: subnetId }, [list]: [connection] };
  return fixture.call("PUT", endpointPath(name), { body: { location: "local", tags, properties } });
}

function stateOf({ properties }: PrivateEndpoint) {
  const [connection] = [...properties.privateLinkServiceConnections, ...properties.manualPrivateLinkServiceConnections];
  return connection?.properties.privateLinkServiceConnectionState.status;
}

async function endpoint(name: string): Promise<PrivateEndpoint> {
  return (await fixture.call("GET", endpointPath(name))).body;
}

test("a firewall rule is in force at the gateways when it is answered, and can be changed and taken back", async () => {
  const created = await client.firewallRules.createOrUpdate(...at, "office", {
    startIP: "10.0.0.1",
    endIP: "10.0.0.9",
  });
  expect(created).toMatchObject({
    name: "Shop/office",
    type: "Microsoft.Cache/Redis/firewallRules",
    startIP: "10.0.0.1",
    endIP: "10.0.0.9",
  });
  expect(network()?.allowed).toEqual([{ first: "10.0.0.1", last: "10.0.0.9" }]);
  expect((await putRule("six", "2001:db8::", "2001:db8::ff")).status).toBe(201);
  expect((await putRule("OFFICE", "10.0.0.5", "10.0.0.20")).status).toBe(200);
  expect((await putRule("more", "10.0.0.21", "10.0.0.30")).status).toBe(201);
  expect(network()?.allowed).toEqual([
    { first: "10.0.0.5", last: "10.0.0.30" },
    { first: "2001:db8::", last: "2001:db8::ff" },
  ]);
  const names = await Array.fromAsync(client.firewallRules.list(...at), ({ name }) => name);
  expect(names).toEqual(["Shop/more", "Shop/office", "Shop/six"]);
  expect(await client.firewallRules.get(...at, "Office")).toMatchObject({ startIP: "10.0.0.5" });
  for (const rule of ["office", "more", "six"]) await client.firewallRules.delete(...at, rule);
  expect(network()?.allowed).toBeNull();
  expect((await fixture.call("DELETE", `${shop}/firewallRules/office`)).status).toBe(204);
  await expect(client.firewallRules.get(...at, "office")).rejects.toMatchObject({ statusCode: 404 });
});

test.each([
  ["a", "10.0.0.9", "10.0.0.1", "properties.endIP"],
  ["a", "10.0.0.9", "::1", "properties.endIP"],
  ["a", "10.0.0.0/8", "10.0.0.9", "properties.startIP"],
  ["a", "fe80::1%eth0", "fe80::1%eth0", "properties.startIP"],
  ["a", 5, "10.0.0.9", "properties.startIP"],
  ["a", undefined, "10.0.0.9", "properties.startIP"],
])("firewall rule %s from %p to %p is refused", async (name, first, last, target) => {
  expect(refusal(await putRule(name, first, last))).toEqual([400, "InvalidParameter", target]);
  expect(network()?.allowed).toBeNull();
});

test("a firewall rule has a name of letters, digits and underscores", async () => {
  expect(refusal(await putRule("a-b", "10.0.0.1"))).toEqual([400, "InvalidResourceName", "ruleName"]);
});

test("public access is turned off and on, and stays off where nothing is said of it", async () => {
  await client.redis.beginUpdateAndWait(...at, { publicNetworkAccess: "Disabled" });
  expect(network()?.hasPublicAccess).toBeFalse();
  await fixture.ended(await fixture.call("PUT", shop, { body: basicC0 }));
  expect((await client.redis.get(...at)).publicNetworkAccess).toBe("Disabled");
  await client.redis.beginUpdateAndWait(...at, { publicNetworkAccess: "Enabled" });
  expect(network()?.hasPublicAccess).toBeTrue();
});

test("an endpoint that needs no approval serves the cache in its network, until it is deleted", async () => {
  const created = await putEndpoint("direct", { network: "GREEN" });
  expect(created.status).toBe(201);
  expect(created.body.properties).toMatchObject({
    provisioningState: "Succeeded",
    customDnsConfigs: [{ fqdn: "shop.larder.localhost", ipAddresses: ["10.0.1.4"] }],
    manualPrivateLinkServiceConnections: [],
  });
  expect(stateOf(created.body)).toBe("Approved");
  expect(network()?.privateNetworks).toEqual(["green"]);
  const cache = await client.redis.get(...at);
  expect(cache.privateEndpointConnections?.map(({ privateEndpoint }) => privateEndpoint?.id)).toEqual([
    created.body.id,
  ]);
  const again = await putEndpoint("Direct", { network: "green", tags: { team: "a" } });
  expect([again.status, again.body.tags]).toEqual([200, { team: "a" }]);
  expect(refusal(await putEndpoint("direct", { network: "blue" }))).toEqual([400, "InvalidParameter", "properties"]);
  expect((await fixture.call("DELETE", endpointPath("direct"))).status).toBe(200);
  expect((await fixture.call("DELETE", endpointPath("direct"))).status).toBe(204);
  expect(network()?.privateNetworks).toEqual([]);
});

test("one that does waits for the cache's owner, who may change his mind, and ends it", async () => {
  const asked = await putEndpoint("asked", { isManual: true });
  expect(stateOf(asked.body)).toBe("Pending");
  expect(network()?.privateNetworks).toEqual([]);
  const [connection] = await Array.fromAsync(client.privateEndpointConnections.list(...at));
  expect(connection).toMatchObject({
    privateEndpoint: { id: asked.body.id },
    privateLinkServiceConnectionState: { status: "Pending", description: "please" },
  });
  const name = connection?.name as string;
  const answer = (status: string) =>
    client.privateEndpointConnections.beginPutAndWait(...at, name, {
      privateLinkServiceConnectionState: { status, description: "by me" },
    });
  expect((await answer("Approved")).privateLinkServiceConnectionState?.actionsRequired).toBe("None");
  expect([stateOf(await endpoint("asked")), network()?.privateNetworks]).toEqual(["Approved", ["blue"]]);
  await answer("Rejected");
  expect([stateOf(await endpoint("asked")), network()?.privateNetworks]).toEqual(["Rejected", []]);
  await answer("Approved");
  await client.privateEndpointConnections.delete(...at, name);
  expect([stateOf(await endpoint("asked")), network()?.privateNetworks]).toEqual(["Disconnected", []]);
  expect(refusal(await putEndpoint("asked", { isManual: true }))).toEqual([409, "Conflict", undefined]);
  await expect(answer("Approved")).rejects.toMatchObject({ statusCode: 404 });
  expect((await fixture.call("DELETE", endpointPath("asked"))).status).toBe(200);
});

test("an approved connection says when no gateway can serve it", async () => {
  await putEndpoint("lost", { network: "green" });
  fixture.gateway.privateNetworks = ["blue"];
  await fixture.gateway.report();
  const [connection] = await Array.fromAsync(client.privateEndpointConnections.list(...at));
  expect(connection?.privateLinkServiceConnectionState?.actionsRequired).toBe(
    "No connected gateway has the private network 'Green'.",
  );
  fixture.gateway.privateNetworks = ["blue", "Green"];
  await fixture.gateway.report();
  await fixture.call("DELETE", endpointPath("lost"));
});

test("private link resources say what endpoints connect to", async () => {
  const resources = await Array.fromAsync(client.privateLinkResources.listByRedisCache(...at));
  expect(resources).toMatchObject([{ name: "redisCache", groupId: "redisCache", requiredMembers: ["redisCache"] }]);
});

const serviceId = "properties.privateLinkServiceConnections.0.properties.privateLinkServiceId";

test("an endpoint that cannot be is refused, and leaves nothing behind", async () => {
  const unknown = await putEndpoint("bad", { network: "red" });
  expect(refusal(unknown)).toEqual([400, "InvalidParameter", "properties.subnet.id"]);
  expect(unknown.body.error.message).toContain("the gateways have blue, Green");
  const other = shop.replace("Microsoft.Cache/redis", "Microsoft.Storage/storageAccounts");
  expect(refusal(await putEndpoint("bad", { service: other }))).toEqual([400, "InvalidParameter", serviceId]);
  expect(refusal(await putEndpoint("bad", { service: `${shop}x` }))).toEqual([404, "ResourceNotFound", undefined]);
  const elsewhere = shop.replace(/^\/subscriptions\/[^/]+/, "/subscriptions/11111111-1111-1111-1111-111111111111");
  expect(refusal(await putEndpoint("bad", { service: elsewhere }))[1]).toBe("SubscriptionNotFound");
  expect(refusal(await putEndpoint("bad", { groupIds: ["blob"] }))[0]).toBe(400);
  expect(refusal(await putEndpoint("-bad"))).toEqual([400, "InvalidResourceName", "name"]);
  expect(
    refusal(await fixture.call("PUT", endpointPath("bad"), { body: { location: "local", properties: {} } })),
  ).toEqual([400, "InvalidParameter", "properties.subnet"]);
  const all = `/subscriptions/${await fixture.subscription()}/providers/Microsoft.Network/privateEndpoints`;
  expect((await fixture.call("GET", all)).body.value).toEqual([]);
  expect((await fixture.call("GET", `${all}?`)).body.error.code).toBe("MissingApiVersionParameter");
});

test("endpoints go with their group, and are disconnected without their cache", async () => {
  const elsewhere = await fixture.group("elsewhere");
  const path = endpointPath("far").replace(group, elsewhere);
  const { body } = await putEndpoint("near");
  await fixture.call("PUT", path, { body });
  expect((await fixture.call("GET", shop)).body.properties.privateEndpointConnections).toHaveLength(2);
  await fixture.ended(await fixture.call("DELETE", `${elsewhere}?api-version=2021-04-01`));
  expect((await fixture.call("GET", shop)).body.properties.privateEndpointConnections).toHaveLength(1);
  await fixture.ended(await fixture.call("DELETE", shop));
  expect(stateOf(await endpoint("near"))).toBe("Disconnected");
  expect((await fixture.call("DELETE", endpointPath("near"))).status).toBe(200);
});
