/** Access policies and assignments by the official client and over plain HTTP, with an agent and a gateway that only speak the protocol. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { RedisManagementClient } from "@azure/arm-rediscache";
import type { CacheEvent } from "@larder/api";
import { type Answer, basicC0, ControllerFixture } from "../controller-fixture.ts";

let fixture: ControllerFixture;
let cache: string;
let client: RedisManagementClient;

beforeEach(async () => {
  fixture = new ControllerFixture();
  await fixture.start();
  cache = `${await fixture.group()}/providers/Microsoft.Cache/redis/shop`;
  await fixture.ended(await fixture.call("PUT", cache, { body: basicC0 }));
  const credential = { getToken: async () => ({ token: fixture.token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  const options = { endpoint: fixture.base, tlsOptions: { ca: fixture.ca } };
  client = new RedisManagementClient(credential, await fixture.subscription(), options);
});
afterEach(() => fixture.stop());

const call = (method: string, path: string, body?: unknown) =>
  fixture.call(method, `${cache}/${path}`, body === undefined ? {} : { body });
const refusal = ({ status, body }: Answer) => [status, body.error.code, body.error.message];
const policy = (permissions: unknown) => ({ properties: { permissions } });
const assignment = (objectId: string, accessPolicyName: string, objectIdAlias = objectId) => ({
  properties: { objectId, objectIdAlias, accessPolicyName },
});
const users = () => fixture.agent.desired?.nodes[0]?.policyUsers ?? [];
const route = () => fixture.gateway.table?.routes[0];

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test("the official client makes, lists, changes and removes policies and assignments", async () => {
  const at = ["default", "shop"] as const;
  const names = async () => (await collect(client.accessPolicy.list(...at))).map(({ name }) => name);
  expect(await names()).toEqual(["Data Contributor", "Data Owner", "Data Reader"]);
  expect(await client.accessPolicy.get(...at, "data reader")).toMatchObject({
    name: "Data Reader",
    type: "Microsoft.Cache/Redis/accessPolicies",
    typePropertiesType: "BuiltIn",
    provisioningState: "Succeeded",
    permissions: "+@read +@connection +cluster|info +cluster|nodes +cluster|slots allkeys",
  });

  const made = await client.accessPolicy.beginCreateUpdateAndWait(...at, "App One", { permissions: "+@read ~app:*" });
  expect(made).toMatchObject({ name: "App One", typePropertiesType: "Custom", provisioningState: "Succeeded" });
  expect(made.id).toEndWith("/providers/Microsoft.Cache/Redis/shop/accessPolicies/App One");
  await client.accessPolicy.beginCreateUpdateAndWait(...at, "app one", { permissions: "+@write ~app:*" });
  expect(await client.accessPolicy.get(...at, "App One")).toMatchObject({
    name: "App One",
    permissions: "+@write ~app:*",
  });
  expect(users().find(({ name }) => name === "policy-app_one")?.rules).toStartWith("+@write ~app:* &* -acl ");

  const ada = { objectId: "6b8e6a40-0000-4000-8000-000000000001", objectIdAlias: "ada", accessPolicyName: "app one" };
  const assigned = await client.accessPolicyAssignment.beginCreateUpdateAndWait(...at, "ada-1", ada);
  expect(assigned).toMatchObject({
    ...ada,
    name: "ada-1",
    accessPolicyName: "App One",
    provisioningState: "Succeeded",
  });
  expect((await collect(client.accessPolicyAssignment.list(...at))).map(({ name }) => name)).toEqual(["ada-1"]);
  await expect(client.accessPolicy.beginDeleteAndWait(...at, "App One")).rejects.toMatchObject({
    code: "Conflict",
    message: expect.stringContaining("in use by assignment 'ada-1'"),
  });

  await client.accessPolicyAssignment.beginDeleteAndWait(...at, "ada-1");
  await client.accessPolicyAssignment.beginDeleteAndWait(...at, "ada-1");
  await client.accessPolicy.beginDeleteAndWait(...at, "App One");
  expect(await names()).toHaveLength(3);
  await expect(client.accessPolicy.get(...at, "App One")).rejects.toMatchObject({ code: "ResourceNotFound" });
  const events: CacheEvent[] = (await call("GET", "events")).body.value;
  expect(events.filter(({ kind }) => kind === "access").map(({ text }) => text)).toEqual([
    "Access policy 'App One' was deleted",
    "Assignment 'ada-1' was deleted: 'ada' has no access any more",
    "'ada' has access policy 'App One' by assignment 'ada-1'",
    "Access policy 'App One' is '+@write ~app:*'",
    "Access policy 'App One' is '+@read ~app:*'",
  ]);
});

test("statuses and headers are those that other clients look for", async () => {
  const put = await call("PUT", "accessPolicies/app", policy("+get ~*"));
  expect(put.status).toBe(201);
  expect(put.headers.get("azure-asyncoperation")).toMatch(/\/locations\/local\/asyncOperations\/[\w-]+\?api-version=/);
  expect(put.headers.get("location")).toMatch(/\/redis\/shop\/accessPolicies\/app\?/);
  expect((await fixture.ended(put)).body).toMatchObject({ status: "Succeeded", error: null });
  const again = await call("PUT", "accessPolicies/APP", policy("+get ~*"));
  expect([again.status, again.headers.get("azure-asyncoperation")]).toEqual([200, null]);
  expect((await call("PUT", "accessPolicies/app", policy("+set ~*"))).status).toBe(200);
  const removed = await call("DELETE", "accessPolicies/app");
  expect(removed.status).toBe(202);
  expect((await fixture.ended(removed)).body.status).toBe("Succeeded");
  expect((await fixture.call("GET", removed.headers.get("location") as string)).status).toBe(200);
  expect((await call("DELETE", "accessPolicies/app")).status).toBe(204);
  expect((await call("DELETE", "accessPolicyAssignments/nobody")).status).toBe(204);
});

test("what cannot be is refused, and nothing changes", async () => {
  await fixture.ended(await call("PUT", "accessPolicyAssignments/one", assignment("id-1", "Data Reader", "ada")));
  const before = await Promise.all([call("GET", "accessPolicies"), call("GET", "accessPolicyAssignments")]);
  const generation = fixture.agent.desired?.nodes[0]?.accessGeneration;
  for (const [path, body, status, code] of [
    ["accessPolicies/Data%20Owner", policy("+@all ~x"), 400, "InvalidParameter"],
    ["accessPolicies/data%20reader", policy("+@all ~x"), 400, "InvalidParameter"],
    ["accessPolicies/ab", policy("+get"), 400, "InvalidResourceName"],
    ["accessPolicies/-abc", policy("+get"), 400, "InvalidResourceName"],
    ["accessPolicies/a_b", policy("+get"), 400, "InvalidResourceName"],
    ["accessPolicies/app", {}, 400, "InvalidParameter"],
    ["accessPolicies/app", policy(7), 400, "InvalidParameter"],
    ["accessPolicies/app", policy("+@all on"), 400, "InvalidParameter"],
    ["accessPolicies/app", "[]", 400, "InvalidRequestBody"],
    ["accessPolicyAssignments/a%20b", assignment("id-2", "Data Reader"), 400, "InvalidResourceName"],
    ["accessPolicyAssignments/two", assignment("id-2", "Nobody's"), 400, "InvalidParameter"],
    ["accessPolicyAssignments/two", assignment("default", "Data Reader", "x"), 400, "InvalidParameter"],
    ["accessPolicyAssignments/two", assignment("id-2", "Data Reader", "DEFAULT"), 400, "InvalidParameter"],
    ["accessPolicyAssignments/two", assignment("id 2", "Data Reader"), 400, "InvalidParameter"],
    ["accessPolicyAssignments/two", { properties: { objectId: "id-2" } }, 400, "InvalidParameter"],
    ["accessPolicyAssignments/two", assignment("ID-1", "Data Reader", "x"), 409, "Conflict"],
    ["accessPolicyAssignments/two", assignment("id-2", "Data Reader", "Ada"), 409, "Conflict"],
    ["accessPolicyAssignments/two", assignment("ada", "Data Reader", "id-3"), 409, "Conflict"],
  ] as const)
    expect([path, ...refusal(await call("PUT", path, body)).slice(0, 2)]).toEqual([path, status, code]);
  for (const name of ["Data%20Owner", "data%20contributor"])
    expect(refusal(await call("DELETE", `accessPolicies/${name}`)).slice(0, 2)).toEqual([400, "InvalidParameter"]);
  const after = await Promise.all([call("GET", "accessPolicies"), call("GET", "accessPolicyAssignments")]);
  expect(after.map(({ body }) => body)).toEqual(before.map(({ body }) => body));
  expect(fixture.agent.desired?.nodes[0]?.accessGeneration).toBe(generation as number);
});

test("an engine is asked for its word, which is given with the place of the rule", async () => {
  fixture.agent.answer = (order) => {
    const message = "Error in ACL SETUSER modifier '+nope': Unknown command or category name in ACL";
    return { error: order.kind === "tryRules" ? { code: "InvalidParameter", message } : null, offset: null };
  };
  expect(refusal(await call("PUT", "accessPolicies/app", policy("+get +nope ~*")))[2]).toBe(
    "'properties.permissions' is refused by the engine (at character 6): Error in ACL SETUSER modifier '+nope': Unknown command or category name in ACL.",
  );
  expect((await call("GET", "accessPolicies/app")).status).toBe(404);
});

test("it is updating until every node has it, and failed with the engine's words where one does not take it", async () => {
  fixture.agent.outcome = () => ({ accessGeneration: 0 });
  const put = await call("PUT", "accessPolicies/app", policy("+get ~*"));
  const state = async () => (await call("GET", "accessPolicies/app")).body.properties.provisioningState;
  expect(put.body.properties.provisioningState).toBe("Updating");
  expect((await fixture.call("GET", put.headers.get("azure-asyncoperation") as string)).body.status).toBe("InProgress");
  expect(await state()).toBe("Updating");
  const refusedUsers = [{ name: "policy-app", message: "Error in ACL SETUSER modifier '+get'" }];
  fixture.agent.outcome = (spec) => ({ accessGeneration: spec.accessGeneration, refusedUsers });
  await fixture.agent.report();
  expect((await fixture.ended(put)).body).toMatchObject({
    status: "Failed",
    error: { message: "Error in ACL SETUSER modifier '+get'" },
  });
  expect(await state()).toBe("Failed");
  const assigned = await call("PUT", "accessPolicyAssignments/one", assignment("id-1", "app"));
  expect((await fixture.ended(assigned)).body.status).toBe("Failed");
  const other = await call("PUT", "accessPolicyAssignments/two", assignment("id-2", "Data Reader"));
  expect((await fixture.ended(other)).body.status).toBe("Succeeded");
});

test("tokens and keys are turned on and off: who may log in follows, and all connections are cut", async () => {
  const patch = async (properties: object) => {
    const answer = await fixture.call("PATCH", cache, { body: { properties } });
    if (answer.status < 300) expect((await fixture.ended(answer)).body.status ?? "Succeeded").toBe("Succeeded");
    return answer;
  };
  await fixture.ended(await call("PUT", "accessPolicyAssignments/one", assignment("id-1", "Data Owner", "ada")));
  expect(route()?.users.map(({ name }) => name)).toEqual(["default"]);
  expect((await patch({ disableAccessKeyAuthentication: true })).body.error).toMatchObject({
    code: "InvalidParameter",
    target: "properties.disableAccessKeyAuthentication",
  });
  await patch({ redisConfiguration: { "aad-enabled": "True" } });
  expect(route()).toMatchObject({ cutEpoch: 0, users: [{ name: "default" }, { name: "ada", objectId: "id-1" }] });
  const owner = users().find(({ name }) => name === "policy-data_owner");
  expect(route()?.users[1]).toMatchObject({ engineUser: "policy-data_owner", enginePassword: owner?.password });

  await patch({ disableAccessKeyAuthentication: true });
  expect(route()?.users.map(({ name }) => name)).toEqual(["ada"]);
  expect(route()?.cutEpoch).toBe(1);
  expect((await fixture.call("GET", cache)).body.properties).toMatchObject({
    disableAccessKeyAuthentication: true,
    redisConfiguration: { "aad-enabled": "true" },
  });
  expect((await patch({ redisConfiguration: { "aad-enabled": "false" } })).body.error.code).toBe("InvalidParameter");
  await patch({ enableNonSslPort: true });
  expect(route()?.cutEpoch).toBe(1);
  await patch({ disableAccessKeyAuthentication: false });
  expect(route()?.cutEpoch).toBe(2);
  const events: CacheEvent[] = (await call("GET", "events")).body.value;
  expect(events.filter(({ kind }) => kind === "access").map(({ text }) => text)).toEqual([
    "Access by keys was turned on",
    "Access by keys was turned off",
    "Access by tokens was turned on",
    "'ada' has access policy 'Data Owner' by assignment 'one'",
  ]);
});

test("an operation under way is still known to the next controller, and ends with what is true then", async () => {
  fixture.agent.outcome = () => ({ accessGeneration: 0 });
  const put = await call("PUT", "accessPolicies/app", policy("+get ~*"));
  const path = new URL(put.headers.get("azure-asyncoperation") as string);
  await fixture.controller.stop();
  const next = fixture.another();
  await next.start();
  try {
    const poll = async () => {
      const url = `https://localhost:${next.apiPort}${path.pathname}${path.search}`;
      const response = await fetch(url, {
        headers: { authorization: `Bearer ${fixture.token}` },
        tls: { ca: fixture.ca },
      });
      return ((await response.json()) as { status: string }).status;
    };
    expect(await poll()).toBe("InProgress");
    fixture.agent.outcome = () => ({});
    while (!(await fixture.agent.report())) await Bun.sleep(20);
    while ((await poll()) === "InProgress");
    expect(await poll()).toBe("Succeeded");
  } finally {
    await next.stop();
  }
});

test("many at once are all made", async () => {
  const put = (number: number) =>
    call("PUT", `accessPolicyAssignments/number-${number}`, assignment(`id-${number}`, "Data Reader"));
  const answers = await Promise.all(Array.from({ length: 30 }, (_, number) => put(number)));
  expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(201));
  for (const answer of answers) expect((await fixture.ended(answer)).body.status).toBe("Succeeded");
  expect((await call("GET", "accessPolicyAssignments")).body.value).toHaveLength(30);
});
