/** Who may manage: a whole service with an issuer elsewhere, Azure's own clients, and the commands. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { RedisManagementClient } from "@azure/arm-rediscache";
import type { ActivityEvent, RoleAssignmentResource, RoleDefinitionResource } from "@larder/api";
import { IssuerFixture } from "../packages/controller/authorization/issuer-fixture.ts";
import { runCommand } from "./fixture/command-run.ts";
import { larderPath, startService, type TestService } from "./fixture/service.ts";

setDefaultTimeout(30_000);

const ada = "aaaaaaaa-0000-4000-8000-000000000001";
const bob = "bbbbbbbb-0000-4000-8000-000000000002";
const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const issuer = new IssuerFixture();
let service: TestService;

beforeAll(async () => {
  await issuer.start();
  service = await startService({ quickstart: true, engine: "embedded", args: ["--api-issuer", issuer.issuer] });
});
afterAll(async () => {
  await service.stop();
  await issuer.stop();
});

const larder = (...args: string[]) => runCommand([larderPath, ...args], { dataDir: service.dataDir });

async function json<T>(...args: string[]): Promise<T> {
  const { exit, stdout, stderr } = await larder(...args, "--json");
  expect([stderr, exit]).toEqual(["", 0]);
  return JSON.parse(stdout) as T;
}

/** What Azure's clients are made with. */
function clientOf(token: () => Promise<string>) {
  const { api, ca, subscription } = service.connection;
  const credential = { getToken: async () => ({ token: await token(), expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  return [credential, subscription, { endpoint: api, tlsOptions: { ca: readFileSync(ca, "utf8") } }] as const;
}

/** Their tokens are for the API by its own address, as those clients ask for them. */
const redisAs = (oid: string) =>
  new RedisManagementClient(...clientOf(() => issuer.token({ oid, aud: service.connection.api })));

test("roles are assigned and taken with the commands", async () => {
  const { redis } = redisAs(ada);
  await expect(redis.get("default", "quickstart")).rejects.toMatchObject({
    statusCode: 403,
    code: "AuthorizationFailed",
  });
  const assigned = await larder("role", "assign", "reader", ada, "--cache", "quickstart");
  expect(assigned.stdout).toBe(`Assigned Reader to ${ada}, on the cache quickstart\n`);
  expect((await redis.get("default", "quickstart")).name).toBe("quickstart");
  await expect(redis.listKeys("default", "quickstart")).rejects.toMatchObject({ statusCode: 403 });
  const names = [];
  for await (const { name } of redis.listBySubscription()) names.push(name);
  expect(names).toEqual(["quickstart"]);

  expect((await larder("role", "assign", "Reader", ada, "--cache", "quickstart")).exit).toBe(0);
  expect((await larder("role", "list")).stdout).toMatch(new RegExp(`${ada} +Reader +cache quickstart +user`));
  const held = await json<RoleAssignmentResource[]>("role", "list", "--cache", "quickstart", "--principal", ada);
  expect(held).toHaveLength(1);
  const elsewhere = await larder("role", "unassign", "Reader", ada);
  expect([elsewhere.exit, elsewhere.stderr]).toEqual([66, expect.stringContaining("on the subscription itself")]);
  await larder("role", "unassign", "Reader", ada, "--cache", "quickstart");
  await expect(redis.get("default", "quickstart")).rejects.toMatchObject({ statusCode: 403 });
  expect((await larder("role", "list")).stdout).toStartWith("Nobody has a role there");
});

test("roles are made with the commands", async () => {
  const group = ["--resource-group", "default"];
  const made = await larder("role", "create", "Keeper", "--action", "Microsoft.Cache/redis/*", ...group);
  expect(made.stdout).toBe("Created Keeper\n");
  await larder("role", "assign", "keeper", ada, ...group, "--service");
  expect((await redisAs(ada).redis.listKeys("default", "quickstart")).primaryKey).toBeString();
  const changed = ["--action", "Microsoft.Cache/redis/*", "--except", "*/listKeys/action", ...group];
  expect((await larder("role", "create", "keeper", ...changed)).stdout).toBe("Changed keeper\n");
  await expect(redisAs(ada).redis.listKeys("default", "quickstart")).rejects.toMatchObject({ statusCode: 403 });
  const custom = await json<RoleDefinitionResource[]>("role", "definitions", "--custom");
  expect(custom.map(({ properties }) => properties.roleName)).toEqual(["keeper"]);
  expect((await larder("role", "definitions")).stdout).toMatch(/Contributor +built in +\* +Microsoft.Authorization/);
  expect((await larder("role", "delete", "keeper")).exit).toBe(75);
  await larder("role", "unassign", "keeper", ada, ...group);
  expect((await larder("role", "delete", "keeper")).stdout).toBe("Deleted keeper\n");
  expect((await larder("role", "assign", "keeper", ada)).exit).toBe(66);
});

test("the log says who changed what, and when", async () => {
  const made = await json<ActivityEvent[]>(
    "log",
    "--caller",
    "administrator",
    "--since",
    "1h",
    "--status",
    "succeeded",
  );
  expect(made.map(({ operationName }) => operationName.value)).toContain(
    "Microsoft.Authorization/roleDefinitions/write",
  );
  const ofCache = (await larder("log", "QuickStart", "--resource-group", "default")).stdout;
  expect(ofCache).toMatch(/^TIME +WHO +FROM +WHAT +ON +OUTCOME\n.* Microsoft.Cache\/redis\/write +redis\/quickstart /i);
  expect((await larder("log", "nothing")).stdout).toBe("Nothing was done since then (1d).\n");
  expect((await larder("log", "--since", "soon")).exit).toBe(64);
  expect(await json<ActivityEvent[]>("log", "-n", "1")).toHaveLength(1);
});

test("Azure's client for roles has them all", async () => {
  const client = new AuthorizationManagementClient(...clientOf(async () => service.connection.token));
  const scope = `/subscriptions/${service.connection.subscription}`;
  const cache = `${scope}/resourceGroups/default/providers/Microsoft.Cache/redis/quickstart`;
  const builtIn = [];
  for await (const role of client.roleDefinitions.list(scope, { filter: "type eq 'BuiltInRole'" }))
    builtIn.push(role.roleName);
  expect(builtIn).toContain("Redis Cache Contributor");
  expect(await client.roleDefinitions.get(scope, reader)).toMatchObject({
    roleName: "Reader",
    roleType: "BuiltInRole",
  });

  const [keeper, held] = [crypto.randomUUID(), crypto.randomUUID()];
  const permissions = [{ actions: ["Microsoft.Cache/redis/read"], notActions: [] }];
  const definition = { roleName: "Onlooker", permissions, assignableScopes: [scope] };
  const role = await client.roleDefinitions.createOrUpdate(scope, keeper, definition);
  expect(await client.roleDefinitions.getById(role.id as string)).toEqual(role);
  const roleDefinitionId = role.id as string;
  const assignment = await client.roleAssignments.create(cache, held, { roleDefinitionId, principalId: bob });
  expect(assignment).toMatchObject({ name: held, scope: cache, principalId: bob, createdBy: expect.any(String) });
  expect(await client.roleAssignments.getById(assignment.id as string)).toMatchObject({ name: held });
  const lists = [
    client.roleAssignments.listForSubscription({ filter: `principalId eq '${bob}'` }),
    client.roleAssignments.listForScope(cache, { filter: "atScope()" }),
    client.roleAssignments.listForResourceGroup("default"),
    client.roleAssignments.listForResource("default", "Microsoft.Cache", "redis", "quickstart"),
  ];
  for (const list of lists) {
    const found = [];
    for await (const each of list) found.push(each.name);
    expect(found).toEqual([held]);
  }
  const asBob = new AuthorizationManagementClient(...clientOf(() => issuer.token({ oid: bob })));
  const mine = [];
  for await (const permission of asBob.permissions.listForResource(
    "default",
    "Microsoft.Cache",
    "",
    "redis",
    "quickstart",
  ))
    mine.push(permission.actions);
  expect(mine).toEqual([["Microsoft.Cache/redis/read"]]);
  await expect(asBob.roleAssignments.delete(cache, held)).rejects.toMatchObject({ statusCode: 403 });
  await client.roleAssignments.deleteById(assignment.id as string);
  await expect(client.roleAssignments.get(cache, held)).rejects.toMatchObject({ statusCode: 404 });
  await client.roleDefinitions.delete(scope, keeper);
});
