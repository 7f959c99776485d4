/** A whole service that is its own identity provider: Azure's clients, and the commands by which people and machines sign in. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisManagementClient } from "@azure/arm-rediscache";
import { ClientSecretCredential } from "@azure/identity";
import type { PrincipalCreated } from "@larder/api";
import { CacheAccess } from "./fixture/cache-access.ts";
import { type CommandRun, runCommand } from "./fixture/command-run.ts";
import { hasValkey } from "./fixture/native-engine.ts";
import { larderPath, startService, type TestService } from "./fixture/service.ts";
import { until } from "./fixture/until.ts";

const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

let service: TestService;
let ca: string;
const home = mkdtempSync(join(tmpdir(), "larder-login-"));

beforeAll(async () => {
  service = await startService({ identity: true });
  ca = readFileSync(service.connection.ca, "utf8");
}, 60_000);
afterAll(async () => {
  await service.stop();
  rmSync(home, { recursive: true });
});

/** As somebody who has nothing of the service's directory. */
function elsewhere(...args: string[]): Promise<CommandRun> {
  return runCommand([larderPath, ...args], { dataDir: join(home, "none"), env: { LARDER_CONFIG: home } });
}

async function application(name: string): Promise<PrincipalCreated & { secret: string }> {
  const run = await runCommand([larderPath, "principal", "add", name, "--json"], { dataDir: service.dataDir });
  const made = JSON.parse(run.stdout);
  return { ...made, secret: made.issued.secret };
}

let assigned = 0;
async function assign(role: string, principalId: string): Promise<void> {
  const scope = `/subscriptions/${service.connection.subscription}`;
  const id = `00000000-0000-4000-8000-00000000000${assigned++}`;
  const { calls } = service.client;
  await calls.call(`${scope}/providers/Microsoft.Authorization/roleAssignments/${id}`, {
    method: "PUT",
    apiVersion: "2022-04-01",
    body: {
      properties: {
        roleDefinitionId: `${scope}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
        principalId,
        principalType: "ServicePrincipal",
      },
    },
  });
}

interface Endpoints {
  authentication: { loginEndpoint: string; tenant: string };
}

test("Azure's clients sign in, and do what a role allows", async () => {
  const { applicationId, objectId, secret } = await application("deploy");
  const { calls } = service.client;
  const { authentication } = await calls.json<Endpoints>(calls.call("/metadata/endpoints"));
  const tlsOptions = { ca };
  const credential = new ClientSecretCredential(authentication.tenant, applicationId ?? "", secret, {
    authorityHost: authentication.loginEndpoint,
    disableInstanceDiscovery: true,
    tlsOptions,
  });
  const client = new RedisManagementClient(credential, service.connection.subscription, {
    endpoint: service.connection.api,
    tlsOptions,
  });
  const list = async () => {
    const names: string[] = [];
    for await (const { name } of client.redis.listBySubscription()) names.push(name ?? "");
    return names;
  };
  await service.createCache("shop");
  expect(await list().catch(({ code }) => code)).not.toContain("shop");
  await assign(reader, objectId);
  expect(await list()).toEqual(["shop"]);
  await expect(client.redis.listKeys("default", "shop")).rejects.toMatchObject({ code: "AuthorizationFailed" });
}, 30_000);

test.skipIf(!hasValkey)(
  "a token of the embedded provider is a password for a cache, as far as its policy goes",
  async () => {
    const { applicationId, objectId, secret } = await application("reader");
    const cache = await service.createCache("pages", { redisConfiguration: { "aad-enabled": "true" } });
    const { calls } = service.client;
    await calls.call(`${cache.id}/accessPolicyAssignments/reader`, {
      method: "PUT",
      body: { properties: { objectId, objectIdAlias: "reader", accessPolicyName: "Data Reader" } },
    });
    const { authentication } = await calls.json<Endpoints>(calls.call("/metadata/endpoints"));
    const { loginEndpoint: authorityHost, tenant } = authentication;
    const options = { authorityHost, disableInstanceDiscovery: true, tlsOptions: { ca } };
    const credential = new ClientSecretCredential(tenant, applicationId ?? "", secret, options);
    const { token } = await credential.getToken("https://redis.azure.com/.default");
    const access = await CacheAccess.of(service, cache);
    await until("the cache lets it in", async () => {
      const client = await access.ioredis({ username: objectId, password: token });
      expect(await client.get("k")).toBeNull();
      await expect(client.set("k", "v")).rejects.toThrow("NOPERM");
      return true;
    });
    access.close();
  },
  30_000,
);

test("a machine signs in with a secret, and commands work from anywhere", async () => {
  const { applicationId, objectId, secret } = await application("machine");
  await assign(contributor, objectId);
  const [secretFile, caFile] = [join(home, "secret"), join(home, "authority.pem")];
  writeFileSync(secretFile, `${secret}\n`, { mode: 0o600 });
  writeFileSync(caFile, ca);
  expect((await elsewhere("list")).stderr).toContain("No Larder service has run here");
  const who = ["--client-id", applicationId ?? "", "--secret-file", secretFile];
  const login = await elsewhere("login", "--api", service.connection.api, "--ca", caFile, ...who);
  expect([login.exit, login.stdout]).toEqual([0, `Signed in as machine at ${service.connection.api}\n`]);
  const kept = join(home, "login.json");
  expect(statSync(kept).mode & 0o777).toBe(0o600);
  expect(readFileSync(kept, "utf8")).not.toContain(secret);

  const listed = JSON.parse((await elsewhere("list", "--json")).stdout) as { name: string }[];
  expect(listed.map(({ name }) => name)).toContain("shop");
  expect((await elsewhere("status")).stdout).toContain("running");
  const tokens = await Promise.all([
    elsewhere("token", "--resource", "redis"),
    elsewhere("token", "--resource", "redis"),
  ]);
  expect(new Set(tokens.map(({ stdout }) => stdout)).size).toBe(1);
  const other = await elsewhere("list", "--api", "https://localhost:1");
  expect(other.stderr).toContain("Nobody has signed in at https://localhost:1");
  expect((await elsewhere("logout")).stdout).toContain("Signed out: machine");
  expect(existsSync(kept)).toBe(false);
  expect((await elsewhere("token")).stderr).toContain("Nobody has signed in here.");
}, 30_000);
