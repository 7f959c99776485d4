/** Who reaches a database of Microsoft.Cache/redisEnterprise: whoever has an assignment, and from where. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { EnterpriseFixture, refusal } from "./enterprise-fixture.ts";

const enterprise = new EnterpriseFixture();
const { fixture, call, made, route } = enterprise;
beforeAll(() => enterprise.start());
afterAll(() => enterprise.stop());
afterEach(() => enterprise.clear());

describe("access by token", () => {
  const path = "/shop/databases/default/accessPolicyAssignments";
  const user = { objectId: "5f1d2f1e-7c0f-4f43-9f5f-0a8d2a5b0c11" };

  test("has the only policy, or an ACL string of its own", async () => {
    await made("shop");
    const answer = await call("PUT", `${path}/one`, { properties: { accessPolicyName: "default", user } });
    expect(answer.status).toBe(201);
    expect((await fixture.ended(answer)).body.status).toBe("Succeeded");
    expect((await call("GET", `${path}/one`)).body.properties).toEqual({
      provisioningState: "Succeeded",
      accessPolicyName: "default",
      accessString: "+@all ~*",
      user,
    });
    expect(route("shop").users).toMatchObject([{ name: user.objectId, objectId: user.objectId }]);
    const own = { properties: { accessString: "+get ~a*", user } };
    await fixture.ended(await call("PUT", `${path}/one`, own, "2026-05-01-preview"));
    expect((await call("GET", path)).body.value).toMatchObject([{ properties: { accessString: "+get ~a*" } }]);
    expect(route("shop").users).toMatchObject([{ engineUser: "policy-of-one" }]);
    const refusedUsers = [{ name: "policy-of-one", message: "Error in ACL SETUSER modifier '+get'" }];
    fixture.agent.outcome = () => ({ refusedUsers });
    await fixture.agent.report();
    expect((await call("GET", `${path}/one`)).body.properties).toMatchObject({
      provisioningState: "Failed",
      provisioningError: { code: "InvalidAccessString", message: refusedUsers[0]?.message },
    });
    fixture.agent.outcome = () => ({});
    const removed = await call("DELETE", `${path}/one`);
    expect([removed.status, (await fixture.ended(removed)).body.status]).toEqual([202, "Succeeded"]);
    expect((await call("DELETE", `${path}/one`)).status).toBe(204);
    expect(route("shop").users).toEqual([]);
    expect(fixture.agent.desired?.nodes[0]?.policyUsers.map(({ name }) => name)).not.toContain("policy-of-one");
  });

  test.each([
    [`${path}/a-b`, { accessPolicyName: "default", user }, "InvalidResourceName", "accessPolicyAssignmentName"],
    [`${path}/a`, { accessPolicyName: "other", user }, "InvalidParameter", "properties.accessPolicyName"],
    [`${path}/a`, { accessString: "+get", user }, "InvalidParameter", "properties.accessPolicyName"],
    [`${path}/a`, { accessPolicyName: "default" }, "InvalidParameter", "properties.user"],
    [
      `${path}/a`,
      { accessPolicyName: "default", user, accessString: "on >x" },
      "InvalidParameter",
      "properties.accessString",
    ],
  ])("PUT %s with %j is refused", async (at, properties, ...expected) => {
    await made("shop");
    expect(refusal(await call("PUT", at, { properties }))).toEqual([400, ...expected]);
  });
});

test("a cluster is closed to the public, and served in a private network once its owner approves", async () => {
  await made("shop");
  const network = () => fixture.gateway.table?.routes[0]?.network;
  await fixture.ended(await call("PATCH", "/shop", { properties: { publicNetworkAccess: "Disabled" } }));
  expect(network()).toEqual({ hasPublicAccess: false, allowed: null, privateNetworks: [] });

  const service = `${enterprise.group}/providers/Microsoft.Cache/redisEnterprise/shop`;
  const asked = { privateLinkServiceId: service, groupIds: ["redisEnterprise"] };
  const subnet = { id: `${enterprise.group}/providers/Microsoft.Network/virtualNetworks/any/subnets/blue` };
  const endpoint = `${enterprise.group}/providers/Microsoft.Network/privateEndpoints/near?api-version=2024-05-01`;
  const properties = { subnet, manualPrivateLinkServiceConnections: [{ name: "a", properties: asked }] };
  expect((await fixture.call("PUT", endpoint, { body: { location: "local", properties } })).status).toBe(201);

  const [{ name }] = (await call("GET", "/shop/privateEndpointConnections")).body.value;
  const approval = { properties: { privateLinkServiceConnectionState: { status: "Approved" } } };
  const answer = await call("PUT", `/shop/privateEndpointConnections/${name}`, approval);
  expect([answer.status, (await fixture.ended(answer)).body.status]).toEqual([201, "Succeeded"]);
  expect(network()?.privateNetworks).toEqual(["blue"]);
  expect((await call("GET", "/shop")).body.properties.privateEndpointConnections).toHaveLength(1);
  const [{ properties: link }] = (await call("GET", "/shop/privateLinkResources")).body.value;
  expect(link.groupId).toBe("redisEnterprise");
  expect((await call("DELETE", `/shop/privateEndpointConnections/${name}`)).status).toBe(200);
  expect(network()?.privateNetworks).toEqual([]);
  await fixture.call("DELETE", endpoint);
});
