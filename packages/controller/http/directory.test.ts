/** What Azure CLI asks of Microsoft Graph about principals. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { PrincipalCreated } from "@larder/api";
import { IdentityFixture } from "../identity/identity-fixture.ts";

const fixture = new IdentityFixture();
let deploy: PrincipalCreated;
let ada: PrincipalCreated;

beforeAll(async () => {
  await fixture.start();
  deploy = await fixture.application();
  ada = await fixture.user("ada@larder");
});
afterAll(() => fixture.stop());

async function found(collection: string, filter = ""): Promise<string[]> {
  const { body } = await fixture.call("GET", `/v1.0/${collection}?$filter=${encodeURIComponent(filter)}`);
  return body.value.map(({ id }: { id: string }) => id);
}

test("who has an id: a user or an application", async () => {
  const ids = [ada.objectId.toUpperCase(), deploy.objectId, deploy.objectId, "nobody"];
  const { body } = await fixture.call("POST", "/v1.0/directoryObjects/getByIds", { body: { ids, types: ["user"] } });
  expect(body.value).toEqual([
    {
      "@odata.type": "#microsoft.graph.user",
      id: ada.objectId,
      displayName: "Ada Lovelace",
      userPrincipalName: "ada@larder",
    },
    {
      "@odata.type": "#microsoft.graph.servicePrincipal",
      id: deploy.objectId,
      displayName: "deploy",
      appId: deploy.applicationId,
      servicePrincipalNames: [deploy.applicationId, "deploy"],
    },
  ]);
});

test("who is called so", async () => {
  expect(await found("users")).toEqual([ada.objectId]);
  expect(await found("users", "userPrincipalName eq 'ADA@larder'")).toEqual([ada.objectId]);
  expect(await found("users", "startswith(displayName,'ada')")).toEqual([ada.objectId]);
  for (const name of [deploy.applicationId, "deploy"])
    expect(await found("servicePrincipals", `servicePrincipalNames/any(c:c eq '${name}')`)).toEqual([deploy.objectId]);
  expect(await found("servicePrincipals", "servicePrincipalNames/any(c:c eq 'ada@larder')")).toEqual([]);
  expect(await found("servicePrincipals", "displayName eq 'it''s'")).toEqual([]);
  expect((await fixture.call("GET", "/v1.0/users/ada@larder")).body.id).toBe(ada.objectId);
});

test("whether a role is a user's or an application's is known", async () => {
  const scope = `/subscriptions/${await fixture.subscription()}`;
  const roleDefinitionId = `${scope}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`;
  for (const [principal, type] of [
    [deploy, "ServicePrincipal"],
    [ada, "User"],
  ] as const) {
    const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${principal.objectId}?api-version=2022-04-01`;
    const body = { properties: { roleDefinitionId, principalId: principal.objectId } };
    expect((await fixture.call("PUT", path, { body })).body.properties.principalType).toBe(type);
  }
});

test("what is refused", async () => {
  const statuses = [
    "GET users?$filter=mail%20eq%20'x'",
    "GET users/nobody",
    "GET groups",
    "DELETE users/ada@larder",
  ].map(async (call) => (await fixture.call(call.split(" ")[0] ?? "", `/v1.0/${call.split(" ")[1]}`)).status);
  expect(await Promise.all(statuses)).toEqual([400, 404, 404, 405]);
  for (const body of [{}, { ids: "x" }, { ids: [1] }, { ids: Array(1_001).fill("x") }])
    expect((await fixture.call("POST", "/v1.0/directoryObjects/getByIds", { body })).status).toBe(400);
});
