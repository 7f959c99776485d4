/** Principals over the API: what there is, what is refused, and that secrets are told once. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { principalLimits } from "@larder/api";
import { ControllerFixture } from "../controller-fixture.ts";
import { IdentityFixture } from "../identity/identity-fixture.ts";

let fixture: IdentityFixture;

beforeAll(async () => {
  fixture = new IdentityFixture();
  await fixture.start();
});
afterAll(() => fixture.stop());

const path = "/larder/principals";

function create(body: unknown) {
  return fixture.call("POST", path, { body });
}

test("an application and a user", async () => {
  const made = await create({ kind: "Application", name: "Deploy" });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ kind: "application", name: "Deploy", displayName: "Deploy" });
  const { issued, ...resource } = made.body;
  expect(issued.secret.length).toBeGreaterThan(50);
  expect(Date.parse(issued.expiresAt) - Date.parse(issued.createdAt)).toBe(
    principalLimits.secretDaysDefault * 86_400_000,
  );
  const user = await create({ kind: "user", name: "ada", displayName: "Ada", password: "correct horse" });
  expect(user.body).toMatchObject({ kind: "user", applicationId: null, secrets: [], issued: null });
  const { body } = await fixture.call("GET", path);
  expect(body.value.map(({ name }: { name: string }) => name)).toEqual(["ada", "Deploy"]);
  expect(body.value[1]).toEqual(resource);
  expect(JSON.stringify(body)).not.toContain(issued.secret);
  const store = ["store.db", "store.db-wal"].map((name) =>
    readFileSync(join(fixture.directory, "data", name), "latin1"),
  );
  for (const secret of [issued.secret, "correct horse"]) expect(store.join("")).not.toContain(secret);
});

test("names are unique among their kind, also for two at once", async () => {
  const answers = await Promise.all(["twin", "TWIN"].map((name) => create({ kind: "application", name })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect((await create({ kind: "user", name: "twin", password: "correct horse" })).status).toBe(201);
});

test("bad input", async () => {
  const user = { kind: "user", name: "bob", password: "correct horse" };
  const application = { kind: "application", name: "other" };
  for (const body of [
    undefined,
    [],
    {},
    { ...user, kind: "group" },
    { ...user, name: "" },
    { ...user, name: "a b" },
    { ...user, name: "a".repeat(65) },
    { ...user, password: undefined },
    { ...user, password: "short" },
    { ...user, password: "x".repeat(257) },
    { ...user, displayName: "a\nb" },
    { ...application, password: "correct horse" },
    { ...application, secretDays: 0 },
    { ...application, secretDays: 731 },
  ])
    expect([(await create(body)).status, body]).toEqual([400, body]);
  const { body } = await fixture.call("GET", path);
  expect(body.value.some(({ name }: { name: string }) => name === "bob" || name === "other")).toBe(false);
});

test("secrets are of applications, passwords of users, and there are not too many", async () => {
  const application = (await create({ kind: "application", name: "many" })).body;
  const user = (await create({ kind: "user", name: "eve", password: "correct horse" })).body;
  const secrets = (of: { objectId: string }) => `${path}/${of.objectId}/secrets`;
  for (let count = 1; count < principalLimits.secretsMax; count++)
    expect((await fixture.call("POST", secrets(application))).status).toBe(201);
  expect((await fixture.call("POST", secrets(application))).status).toBe(409);
  expect((await fixture.call("POST", secrets(user))).status).toBe(400);
  const password = { body: { password: "another horse" } };
  expect((await fixture.call("PUT", `${path}/${user.objectId}/password`, password)).status).toBe(204);
  expect((await fixture.call("PUT", `${path}/${application.objectId}/password`, password)).status).toBe(400);
  expect((await fixture.call("DELETE", `${secrets(application)}/nothing`)).status).toBe(404);
  expect((await fixture.call("DELETE", `${path}/${user.objectId}`)).status).toBe(204);
  expect((await fixture.call("DELETE", `${path}/${user.objectId}`)).status).toBe(404);
});

test("without an identity provider of its own the service says so", async () => {
  const without = new ControllerFixture();
  await without.start({ agent: false, gateway: false });
  const answer = await without.call("GET", path);
  expect([answer.status, answer.body.error.code]).toEqual([503, "ServiceUnavailable"]);
  const { authentication, larder } = (await without.call("GET", "/metadata/endpoints")).body;
  expect([authentication.loginEndpoint, larder.issuer]).toEqual([`${without.base}/`, null]);
  await without.stop();
});
