/** Much is done to a whole service, right and wrong; then everything that it wrote, and every process of it, is searched for every secret. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SecretKeys, sealedBy, systemRandomness } from "@larder/service";
import { decodeJwt } from "jose";
import { SqliteStore } from "../../packages/controller/store/sqlite-store.ts";
import { CacheAccess } from "../fixture/cache-access.ts";
import { runCommand } from "../fixture/command-run.ts";
import { processTree, SecretTraces, shownByProcesses, type Writing, writtenBeneath } from "../fixture/secret-traces.ts";
import { larderPath, startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

const at = { resourceGroup: "default", name: "shop" };
const traces = new SecretTraces();
const wrongKey = "a-key-that-nobody-has-3141592653589793238462643=";
const signature = "a/signature+of=storage/2718281828459045235360287";
const storageKey = Buffer.from("the key of a storage account, 32").toString("base64");
const password = "correct horse, battery & staple";
/** Of whom the files are that may have a secret: its own, and the private keys beside certificates, which are none of these. */
const keepers = ["connection.json", "ready.json", "admin-token", "secrets-key"];
let service: TestService;
let ca: string;

beforeAll(async () => {
  service = await startService({ identity: true });
  ca = readFileSync(service.connection.ca, "utf8");
}, 60_000);
afterAll(() => service?.stop(), 30_000);

async function ask(method: string, path: string, body?: unknown, token = service.connection.token) {
  const response = await fetch(`${service.connection.api}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    tls: { ca },
  });
  const text = await response.text();
  // biome-ignore lint/suspicious/noExplicitAny: the test looks into answers of all kinds
  return { status: response.status, text, json: () => JSON.parse(text) as any };
}

const cachePath = () =>
  `/subscriptions/${service.connection.subscription}/resourceGroups/default/providers/Microsoft.Cache/redis/shop`;
const version = "api-version=2024-11-01";

async function askToken(form: Record<string, string>) {
  const { authentication } = (await ask("GET", "/metadata/endpoints")).json();
  const url = `${authentication.loginEndpoint}${authentication.tenant}/oauth2/v2.0/token`;
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(form), tls: { ca } });
  return (await response.json()) as { access_token?: string };
}

test("no secret is where it should not be", async () => {
  traces.add("the administrator's token", service.connection.token);
  traces.add("a wrong key", wrongKey);
  traces.add("a signature of storage", signature);
  traces.add("a key of storage", storageKey);
  traces.add("a password", password);
  keepSecretsKey("the first secrets key");

  await service.createCache("shop", { redisConfiguration: { "aad-enabled": "true" } });
  const cache = await CacheAccess.of(service, await service.client.getCache(at));
  traces.add("the first primary key", cache.keys.primary);
  traces.add("the first secondary key", cache.keys.secondary);
  await (await cache.nodeRedis()).set("greeting", "hello");
  const renewed = await service.client.regenerateKey(at, "Primary");
  traces.add("the second primary key", renewed.primaryKey);
  await until("the old key is refused", () =>
    cache.nodeRedis({ password: cache.keys.primary }).then(
      () => false,
      () => true,
    ),
  );
  await expect(cache.nodeRedis({ password: wrongKey })).rejects.toThrow("WRONGPASS");
  await expect(cache.nodeRedis({ username: "nobody", password: wrongKey })).rejects.toThrow("WRONGPASS");

  await useTokens(cache);
  await useStorage();
  await askWrongly();
  const rotated = await runCommand([larderPath, "secrets", "rotate"], { dataDir: service.dataDir });
  expect(rotated).toMatchObject({ exit: 0 });
  keepSecretsKey("the second secrets key");
  const { keyId, behind } = await service.client.rotateSecrets();
  expect(behind).toEqual([]);
  keepSecretsKey("the third secrets key");
  for (const file of ["agent/desired.json", "gateway/routes-1.json"])
    expect(sealedBy(readFileSync(join(service.dataDir, file), "utf8"))).toBe(keyId);

  const writings: Writing[] = [
    ...writtenBeneath(service.dataDir, keepers),
    ...shownByProcesses(processTree(service.process.pid)),
    ["larder secrets rotate", Buffer.from(rotated.stdout + rotated.stderr)],
    ...(await whatTheApiTells()),
  ];
  cache.close();
  service.process.kill("SIGINT");
  const { stdout, stderr } = await service.output;
  await keepStoredSecrets();
  const later = writtenBeneath(service.dataDir, keepers);
  expect(traces.in([...writings, ...later, ["larder up", Buffer.from(stdout + stderr)]])).toEqual([]);
  expect(traces.names.filter((name) => name.startsWith("the store's")).length).toBeGreaterThan(2);
  expect(writings.filter(([place]) => place.endsWith("/cmdline")).length).toBeOneOf([0, 5]);
}, 90_000);

function keepSecretsKey(what: string): void {
  const [newest = ""] = readFileSync(join(service.dataDir, "secrets-key"), "utf8").split("\n");
  traces.add(what, newest);
}

async function useTokens(cache: CacheAccess): Promise<void> {
  const made = (await ask("POST", "/larder/principals", { kind: "application", name: "worker" })).json();
  traces.add("a client's secret", made.issued.secret);
  await ask("POST", "/larder/principals", { kind: "user", name: "ada", password });
  const form = { grant_type: "client_credentials", client_id: made.applicationId, client_secret: made.issued.secret };
  const { access_token: token = "" } = await askToken({ ...form, scope: "https://redis.azure.com/.default" });
  traces.add("a token for data", token);
  const { access_token: forApi = "" } = await askToken({ ...form, scope: "https://management.azure.com/.default" });
  traces.add("a token for the API", forApi);
  expect((await ask("GET", `${cachePath()}?${version}`, undefined, forApi)).status).toBe(403);
  expect((await ask("GET", `${cachePath()}?${version}`, undefined, `${forApi.slice(0, -8)}AAAAAAAA`)).status).toBe(401);
  await askToken({ ...form, client_secret: wrongKey, scope: "https://redis.azure.com/.default" });

  await service.client.access.putPolicy(at, "readers", "+@read +@connection ~*");
  const objectId = String(decodeJwt(token).oid);
  const body = { objectId, objectIdAlias: "worker", accessPolicyName: "readers" };
  await service.client.access.putAssignment(at, "worker", body);
  const client = await cache.nodeRedis({ username: objectId, password: token });
  await expect(client.set("greeting", "bye")).rejects.toThrow("NOPERM");
  await expect(cache.nodeRedis({ username: objectId, password: `${token.slice(0, -8)}AAAAAAAA` })).rejects.toThrow();
}

/** Nobody listens there; and what is wrong already when it is asked for. */
async function useStorage(): Promise<void> {
  const signed = `sv=2023-11-03&sr=b&sp=r&se=2999-01-01T00%3A00%3A00Z&sig=${encodeURIComponent(signature)}`;
  const id = await service.client.beginTransfer(at, "import", {
    files: [`http://127.0.0.1:9/account/box/data.rdb?${signed}`],
  });
  await until(
    "the import has failed",
    async () => (await service.client.getTransfer(at, id)).status === "failed",
    30_000,
  );
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=${storageKey};BlobEndpoint=http://127.0.0.1:9/account;`;
  for (const files of [
    [`https://account.example/box/data.rdb?${signed.replace("2999", "1999")}`],
    [`ftp://account.example/box/data.rdb?${signed}`],
  ])
    await ask("POST", `${cachePath()}/import?${version}`, { files });
  const location = { url: "azure://box/shop", credentials: { kind: "azure", connectionString } };
  const { status } = await ask("PUT", `${cachePath()}/backupPolicies/default?${version}`, {
    properties: { location, everyMinutes: 60 },
  });
  expect(status).toBeOneOf([200, 201]);
}

async function askWrongly(): Promise<void> {
  expect((await ask("GET", `${cachePath()}?${version}`, undefined, wrongKey)).status).toBe(401);
  for (const body of [
    `{"properties":{"sku":"${wrongKey}"`,
    { properties: { redisConfiguration: { "rdb-storage-connection-string": `AccountKey=${storageKey}` } } },
    { properties: { unknown: wrongKey }, location: 7 },
  ])
    await ask("PUT", `${cachePath()}?${version}`, body);
  await ask("GET", `/subscriptions/none?${version}&sig=${encodeURIComponent(signature)}`);
  await ask("POST", `${cachePath()}/regenerateKey?${version}`, { keyType: wrongKey });
  await ask("PUT", `${cachePath()}/accessPolicies/bad?${version}`, {
    properties: { permissions: `on >${wrongKey} +@all` },
  });
  await ask("POST", "/larder/principals", { kind: "user", name: "bob", password: "short", secret: wrongKey });
}

/** Passwords of engines, and whatever else has the name of a secret. */
async function keepStoredSecrets(): Promise<void> {
  const path = join(service.dataDir, "secrets-key");
  const keys = new SecretKeys({ path, environment: {}, randomness: systemRandomness });
  const store = SqliteStore.open(join(service.dataDir, "controller/store.db"), keys.open());
  try {
    for (const { key, value } of (await store.list("")).documents)
      for (const [name, secret] of secretFields(value)) traces.add(`the store's ${key} ${name}`, secret);
  } finally {
    await store.close();
  }
}

function secretFields(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") {
    const isSecret = /password|secret|signature|(primary|secondary|private)key|connectionstring|\.d$/i.test(path);
    return isSecret && value.length >= 16 ? [[path, value]] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => secretFields(inner, `${path}.${name}`));
}

async function whatTheApiTells(): Promise<Writing[]> {
  const paths = [
    `${cachePath()}?${version}`,
    `${cachePath()}/events?${version}`,
    `${cachePath()}/transfers?${version}`,
    `${cachePath()}/accessPolicies?${version}`,
    "/larder/principals",
    "/larder/hosts",
    "/metrics",
    "/health",
    `/subscriptions/${service.connection.subscription}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01&$filter=${encodeURIComponent("eventTimestamp ge '2000-01-01T00:00:00Z'")}`,
  ];
  return await Promise.all(
    paths.map(async (path): Promise<Writing> => [path, Buffer.from((await ask("GET", path)).text)]),
  );
}
