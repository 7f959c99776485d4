/** Roles over the API: what who has one may do, and how they are given and taken. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { RoleAssignmentResource } from "@larder/api";
import { AccessFixture, refusalOf, roleIds } from "../authorization/access-fixture.ts";
import { basicC0 } from "../controller-fixture.ts";

const access = new AccessFixture();
beforeAll(() => access.start());
beforeEach(() => access.renew());
afterAll(() => access.stop());

const refused = [403, "AuthorizationFailed"] as [number, string];

async function heldOn(scope: string): Promise<RoleAssignmentResource[]> {
  return (await access.call("GET", access.roles(scope, "roleAssignments"))).body.value;
}

test("a role counts from the next call on, and until it is taken away", async () => {
  const { ada, shop } = access;
  await access.makeCache();
  expect(refusalOf(await access.as(ada, "GET", shop))).toEqual(refused);
  expect((await access.assign(ada, roleIds.reader, shop)).status).toBe(201);
  expect((await access.as(ada.toUpperCase(), "GET", shop)).status).toBe(200);
  const answer = await access.as(ada, "POST", `${shop}/listKeys`);
  expect(answer.body.error.message).toBe(
    `The client 'name of aaaa' with object id '${ada}' does not have authorization to perform action 'Microsoft.Cache/redis/listKeys/action' over scope '${shop}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
  const written = await access.recordOf(answer);
  expect(written).toMatchObject({ action: "Microsoft.Cache/redis/listKeys/action", scope: shop, status: 403 });
  expect(written.reason).toContain("does not have authorization");
  const [held] = await heldOn(shop);
  const path = `${held?.id}?api-version=2022-04-01`;
  expect((await access.call("DELETE", path)).status).toBe(200);
  expect((await access.call("DELETE", path)).status).toBe(204);
  expect(refusalOf(await access.call("GET", path))).toEqual([404, "RoleAssignmentNotFound"]);
  expect(refusalOf(await access.as(ada, "GET", shop))).toEqual(refused);
});

test("where somebody has no role they are told nothing of what there is", async () => {
  const { ada, bob, shop, group, subscription } = access;
  const stocked = shop.replace("/shop-", "/stocked-");
  await access.makeCache();
  await access.makeCache(stocked);
  await access.assign(ada, roleIds.reader, shop);
  const other = group.replace(subscription, "/subscriptions/11111111-1111-1111-1111-111111111111");
  const nothing = [shop.replace("/shop-", "/nothing-"), group.replace("/group-", "/nothing-")];
  for (const path of [stocked, group, other, ...nothing])
    expect(refusalOf(await access.as(ada, "GET", path))).toEqual(refused);
  for (const path of [subscription, group]) {
    const { body } = await access.as(ada, "GET", `${path}/providers/Microsoft.Cache/redis`);
    expect(body.value.map(({ name }: { name: string }) => name)).toEqual([shop.split("/").at(-1)]);
  }
  await access.assign(bob, roleIds.reader, stocked);
  const first = await access.as(bob, "GET", `${group}/providers/Microsoft.Cache/redis?api-version=2024-11-01&$top=1`);
  expect(first.body).toEqual({ value: [expect.objectContaining({ name: stocked.split("/").at(-1) })] });
  expect((await access.as(ada, "GET", `${group}/resources`)).body.value).toHaveLength(1);
  expect((await access.as(ada, "GET", `${subscription}/resourceGroups`)).body.value).toEqual([]);
  expect((await access.as(ada, "GET", "/subscriptions")).body.value).toHaveLength(1);
  const nobody = "cccccccc-0000-0000-0000-000000000000";
  expect((await access.as(nobody, "GET", "/subscriptions")).body.value).toEqual([]);
  expect(refusalOf(await access.as(nobody, "GET", `${subscription}/providers/Microsoft.Cache/redis`))).toEqual(refused);
});

test("a contributor of a group makes caches there and polls, and can give nothing away", async () => {
  const { ada, bob, shop, group } = access;
  await access.assign(ada, roleIds.contributor, group);
  const made = await access.as(ada, "PUT", shop, basicC0);
  expect(made.status).toBe(201);
  expect((await access.as(ada, "GET", made.headers.get("azure-asyncoperation") as string)).status).toBe(200);
  expect(refusalOf(await access.assign(bob, roleIds.reader, shop, ada))).toEqual(refused);
  expect(refusalOf(await access.as(ada, "GET", "/metrics"))).toEqual(refused);
  expect(refusalOf(await access.as(ada, "POST", "/larder/hosts/tokens"))).toEqual(refused);
  expect(refusalOf(await access.as(ada, "PUT", shop.replace("/group-", "/other-"), basicC0))).toEqual(refused);
});

test("a backup goes into another cache only by leave of that one", async () => {
  const { ada, shop } = access;
  await access.makeCache();
  await access.assign(ada, roleIds.owner, shop);
  const restore = `${shop}/backups/latest/restore`;
  expect(refusalOf(await access.as(ada, "POST", restore, { target: "stocked" }))).toEqual(refused);
  expect(refusalOf(await access.as(ada, "POST", restore, {}))[0]).toBe(404);
});

test("a private endpoint of somebody else's cache is made only by leave of that one", async () => {
  const { ada, shop, group } = access;
  await access.makeCache();
  const mine = group.replace("/group-", "/mine-");
  await access.call("PUT", mine, { location: "local" });
  await access.assign(ada, roleIds.owner, mine);
  const path = `${mine}/providers/Microsoft.Network/privateEndpoints/way-in?api-version=2024-05-01`;
  const connections = [{ name: "way-in", properties: { privateLinkServiceId: shop } }];
  const subnet = { id: `${mine}/providers/Microsoft.Network/virtualNetworks/a/subnets/nowhere` };
  const ask = (list: string) =>
    access.as(ada, "PUT", path, { location: "local", properties: { subnet, [list]: connections } });
  expect(refusalOf(await ask("privateLinkServiceConnections"))).toEqual(refused);
  expect(refusalOf(await ask("manualPrivateLinkServiceConnections"))).toEqual(refused);
  await access.assign(ada, roleIds.reader, shop);
  const answer = await ask("privateLinkServiceConnections");
  expect(refusalOf(answer)).toEqual(refused);
  expect(answer.body.error.message).toContain("'Microsoft.Cache/redis/privateEndpointConnectionsApproval/action'");
  expect(refusalOf(await ask("manualPrivateLinkServiceConnections"))[0]).toBe(400);
});

test("a role ends with the cache: the next one of its name is another", async () => {
  const { ada, shop } = access;
  await access.makeCache();
  await access.assign(ada, roleIds.owner, shop);
  await access.controller.ended(await access.call("DELETE", shop));
  await access.makeCache();
  expect(refusalOf(await access.as(ada, "GET", shop))).toEqual(refused);
});

test("a role ends with the cluster, too, and is assigned on nothing that another type has the name of", async () => {
  const { ada, shop, group } = access;
  const cluster = shop.replace("/redis/", "/redisEnterprise/");
  const make = () =>
    access.call("PUT", `${cluster}?api-version=2025-07-01`, {
      location: "local",
      sku: { name: "Balanced_B0" },
      properties: { publicNetworkAccess: "Enabled" },
    });
  expect(refusalOf(await access.assign(ada, roleIds.owner, cluster))).toEqual([404, "ResourceNotFound"]);
  await make();
  await access.controller.ended(
    await access.call("PUT", `${cluster}/databases/default?api-version=2025-07-01`, { properties: {} }),
  );
  expect((await access.assign(ada, roleIds.owner, cluster)).status).toBe(201);
  expect(refusalOf(await access.assign(ada, roleIds.owner, shop))).toEqual([404, "ResourceNotFound"]);
  const endpoint = `${group}/providers/Microsoft.Network/privateEndpoints/none`;
  expect(refusalOf(await access.assign(ada, roleIds.owner, endpoint))).toEqual([404, "ResourceNotFound"]);
  await access.controller.ended(await access.call("DELETE", `${cluster}?api-version=2025-07-01`));
  await make();
  expect(refusalOf(await access.as(ada, "GET", `${cluster}?api-version=2025-07-01`))).toEqual(refused);
  await access.controller.ended(await access.call("DELETE", `${cluster}?api-version=2025-07-01`));
});

test("a role on a database ends with it, though its cluster stays, and one on a group with the group", async () => {
  const { ada, group } = access;
  const cluster = access.shop.replace("/redis/", "/redisEnterprise/");
  const version = "?api-version=2025-07-01";
  const body = { location: "local", sku: { name: "Balanced_B0" }, properties: { publicNetworkAccess: "Enabled" } };
  await access.call("PUT", `${cluster}${version}`, body);
  const database = `${cluster}/databases/default`;
  const make = async () =>
    access.controller.ended(await access.call("PUT", `${database}${version}`, { properties: {} }));
  expect(refusalOf(await access.assign(ada, roleIds.owner, database))).toEqual([404, "ResourceNotFound"]);
  await make();
  expect((await access.assign(ada, roleIds.owner, database)).status).toBe(201);
  expect((await access.as(ada, "GET", `${database}${version}`)).status).toBe(200);
  await access.controller.ended(await access.call("DELETE", `${database}${version}`));
  await make();
  expect(refusalOf(await access.as(ada, "GET", `${database}${version}`))).toEqual(refused);
  await access.assign(ada, roleIds.reader, group);
  expect((await access.as(ada, "GET", group)).status).toBe(200);
  await access.controller.ended(await access.call("DELETE", group));
  await access.call("PUT", group, { location: "local" });
  expect(refusalOf(await access.as(ada, "GET", group))).toEqual(refused);
});

test.each([
  ["Microsoft.Storage/storageAccounts/files", "'microsoft.storage/storageaccounts'"],
  ["Microsoft.Cache/redis/shop/rooms/one", "'microsoft.cache/redis/rooms'"],
  ["Microsoft.Cache/locations/local", "'microsoft.cache/locations'"],
])("a role is assigned on nothing of a type that there is not: %s", async (below, type) => {
  const { ada, group } = access;
  const answer = await access.assign(ada, roleIds.reader, `${group}/providers/${below}`);
  expect(refusalOf(answer)).toEqual([400, "InvalidParameter"]);
  expect(answer.body.error.message).toBe(`This service has no resources of the type ${type}.`);
});

test("a role is assigned once, on what is there, and its assignment is not changed", async () => {
  const { ada, bob, group, shop } = access;
  expect((await access.assign(ada, roleIds.reader, group)).status).toBe(201);
  expect(refusalOf(await access.assign(ada, roleIds.reader, group))).toEqual([409, "RoleAssignmentExists"]);
  expect(refusalOf(await access.assign(ada, roleIds.reader, shop))).toEqual([404, "ResourceNotFound"]);
  expect(refusalOf(await access.assign(ada, "reader", group))).toEqual([404, "RoleDefinitionDoesNotExist"]);
  expect(refusalOf(await access.assign("", roleIds.reader, group))).toEqual([400, "InvalidParameter"]);
  const [held] = await heldOn(group);
  const put = (change: object) =>
    access.call("PUT", `${held?.id}?api-version=2022-04-01`, { properties: { ...held?.properties, ...change } });
  expect(refusalOf(await put({ principalId: bob }))).toEqual([400, "RoleAssignmentUpdateNotPermitted"]);
  expect(refusalOf(await put({ principalType: "Group" }))).toEqual([400, "InvalidParameter"]);
  expect(refusalOf(await put({ condition: "@Resource[x]" }))).toEqual([400, "InvalidParameter"]);
  expect(await put({ description: "for the team" })).toMatchObject({
    status: 200,
    body: { properties: { description: "for the team", createdOn: held?.properties.createdOn } },
  });
});

test("assignments are found by who has them, and where", async () => {
  const { ada, bob, group, shop, subscription } = access;
  await access.makeCache();
  await access.assign(ada, roleIds.reader, subscription);
  await access.assign(ada, roleIds.contributor, shop);
  await access.assign(bob, roleIds.reader, group);
  const list = async (scope: string, filter: string) => {
    const { body } = await access.call(
      "GET",
      `${access.roles(scope, "roleAssignments")}&$filter=${encodeURIComponent(filter)}`,
    );
    return (
      body.value?.map(({ properties }: RoleAssignmentResource) => properties.principalId[0]).sort() ?? body.error.code
    );
  };
  expect(await list(group, "")).toEqual(["a", "a", "b"]);
  expect(await list(group, "atScope()")).toEqual(["a", "b"]);
  expect(await list(group, `principalId eq '${ada}'`)).toEqual(["a", "a"]);
  expect(await list(group, `atScope() and assignedTo('${ada.toUpperCase()}')`)).toEqual(["a"]);
  for (const filter of ["asTarget()", "principalId eq 'a' or 1", "atScope() and", "'"])
    expect(await list(subscription, filter)).toBe("InvalidFilterInQueryString");
});
