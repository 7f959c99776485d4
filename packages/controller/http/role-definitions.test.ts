/** Custom roles over the API. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { systemRandomness } from "@larder/service";
import { AccessFixture, refusalOf, roleIds } from "../authorization/access-fixture.ts";

const access = new AccessFixture();
let keeper: string;
beforeAll(() => access.start());
beforeEach(async () => {
  await access.renew();
  keeper = systemRandomness.uuid();
});
afterAll(() => access.stop());

const refused = [403, "AuthorizationFailed"] as [number, string];

function pathOf(scope = access.subscription, roleId = keeper): string {
  return access.roles(scope, `roleDefinitions/${roleId}`);
}

function bodyOf(change: object = {}) {
  const permissions = [{ actions: ["Microsoft.Cache/redis/*"], notActions: ["Microsoft.Cache/redis/delete"] }];
  const usual = { roleName: `Keeper ${keeper}`, description: "", permissions, assignableScopes: [access.group] };
  return { properties: { ...usual, ...change } };
}

test("a role is made, assigned, changed and taken away", async () => {
  const { ada, shop, subscription } = access;
  await access.makeCache();
  expect((await access.call("PUT", pathOf(), bodyOf())).status).toBe(201);
  await access.assign(ada, keeper, shop);
  expect((await access.as(ada, "POST", `${shop}/listKeys`)).status).toBe(200);
  expect(refusalOf(await access.as(ada, "DELETE", shop))).toEqual(refused);
  const permissions = [{ actions: ["*/read"], notActions: [] }];
  expect((await access.call("PUT", pathOf(), bodyOf({ permissions }))).status).toBe(201);
  expect(refusalOf(await access.as(ada, "POST", `${shop}/listKeys`))).toEqual(refused);
  const mine = await access.as(ada, "GET", access.roles(shop, "permissions"));
  expect(mine.body.value).toEqual([{ actions: ["*/read"], notActions: [], dataActions: [], notDataActions: [] }]);
  expect(refusalOf(await access.call("DELETE", pathOf()))).toEqual([400, "RoleDefinitionHasAssignments"]);
  expect(refusalOf(await access.assign(ada, keeper, subscription))).toEqual([400, "InvalidParameter"]);
  const [held] = (await access.call("GET", access.roles(shop, "roleAssignments"))).body.value;
  await access.call("DELETE", `${held.id}?api-version=2022-04-01`);
  expect((await access.call("DELETE", pathOf())).status).toBe(200);
  expect((await access.call("DELETE", pathOf())).status).toBe(204);
  expect(refusalOf(await access.call("GET", pathOf()))).toEqual([404, "RoleDefinitionDoesNotExist"]);
});

test("what is no role is refused, and nothing is made", async () => {
  for (const [change, status] of [
    [{ assignableScopes: ["/"] }, 400],
    [{ assignableScopes: [] }, 400],
    [{ assignableScopes: ["/subscriptions/11111111-1111-1111-1111-111111111111"] }, 400],
    [{ roleName: "owner" }, 409],
    [{ permissions: [{ actions: ["Microsoft.Cache/redis/read; drop"] }] }, 400],
    [{ permissions: [{ actions: ["*"], dataActions: ["*"] }] }, 400],
    [{ permissions: [] }, 400],
    [{ permissions: [{ actions: Array.from({ length: 1_000 }, () => "*") }] }, 400],
  ] as const) {
    expect((await access.call("PUT", pathOf(), bodyOf(change))).status).toBe(status);
    expect(refusalOf(await access.call("GET", pathOf()))[0]).toBe(404);
  }
  expect(refusalOf(await access.call("PUT", pathOf(access.group, "keeper"), bodyOf()))[1]).toBe("InvalidResourceName");
});

test("a role widens nobody's reach: whoever changes it may do so on all of its scopes", async () => {
  const { ada, group } = access;
  const mine = group.replace("/group-", "/mine-");
  await access.call("PUT", mine, { location: "local" });
  await access.assign(ada, roleIds.owner, mine);
  const change = (assignableScopes: string[]) => access.as(ada, "PUT", pathOf(mine), bodyOf({ assignableScopes }));
  expect(refusalOf(await change([mine, group]))).toEqual(refused);
  expect((await change([mine])).status).toBe(201);
  await access.call("PUT", pathOf(), bodyOf({ assignableScopes: [mine, group] }));
  expect(refusalOf(await change([mine]))).toEqual(refused);
  expect(refusalOf(await access.as(ada, "DELETE", pathOf(mine)))).toEqual(refused);
});

test("roles that are built in stay as they are, and are there for all to read", async () => {
  const owner = pathOf(access.subscription, roleIds.owner);
  expect(refusalOf(await access.call("PUT", owner, bodyOf()))).toEqual([400, "InvalidParameter"]);
  expect(refusalOf(await access.call("DELETE", owner))).toEqual([400, "InvalidParameter"]);
  await access.call("PUT", pathOf(), bodyOf());
  const atRoot = await access.as(
    access.bob,
    "GET",
    `${access.roles("", "roleDefinitions")}&$filter=roleName eq 'Reader'`,
  );
  expect(atRoot.body.value).toMatchObject([{ name: roleIds.reader, properties: { type: "BuiltInRole" } }]);
  const all = await access.as(access.bob, "GET", access.roles("", "roleDefinitions"));
  expect(all.body.value.every((role: { properties: { type: string } }) => role.properties.type === "BuiltInRole")).toBe(
    true,
  );
  const names = (await access.call("GET", access.roles(access.group, "roleDefinitions"))).body.value;
  expect(names.map(({ name }: { name: string }) => name)).toContain(keeper);
});
