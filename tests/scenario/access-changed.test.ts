/** Access policies on a whole service: in force at once for who is connected, and on every node whatever happens to it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { AgentDesired } from "@larder/api";
import { readJsonFile, readSealedFile, SecretKeys, systemRandomness } from "@larder/service";
import { Redis } from "ioredis";
import type { NodeRecord } from "../../packages/agent/node-folder.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { runCommand } from "../fixture/command-run.ts";
import { enginePid } from "../fixture/engine-identity.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { larderPath, startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

setDefaultTimeout(60_000);

const assignment = { objectId: "6b8e6a40-0000-4000-8000-000000000001", objectIdAlias: "ada", accessPolicyName: "app" };
/** Promised for clients; here the whole way of a change through the API. */
const inForceMs = 1_000;

let service: TestService;
let nodes: CacheNodes;
const clients: Redis[] = [];

/** On a node's engine itself, as the gateway is for those who have the policy. */
function logIn(nodeId: string): Redis {
  const keys = new SecretKeys({
    path: join(service.dataDir, "secrets-key"),
    environment: {},
    randomness: systemRandomness,
  });
  const desired = readSealedFile<AgentDesired>(join(service.dataDir, "agent/desired.json"), keys);
  const user = desired?.nodes
    .find((spec) => spec.nodeId === nodeId)
    ?.policyUsers.find(({ name }) => name === "policy-app");
  const record = readJsonFile<NodeRecord>(join(service.dataDir, "agent/nodes", nodeId, "node.json"));
  const client = new Redis({
    path: record?.socketPath ?? "",
    username: user?.name ?? "",
    password: user?.password ?? "",
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  client.on("error", () => {});
  clients.push(client);
  return client;
}

async function expectPolicyEverywhere(): Promise<void> {
  await nodes.untilWhole();
  await service.client.access.putAssignment(nodes.at, "ada", assignment);
  await until("every policy is on every node", async () => {
    const states = await service.client.access.listPolicies(nodes.at);
    return states.every(({ properties }) => properties.provisioningState === "Succeeded");
  });
  for (const { id } of (await nodes.look()).nodes) {
    const client = logIn(id);
    expect(await client.get("app:1")).toBe("one");
    await expect(client.get("other")).rejects.toThrow("NOPERM");
    client.disconnect();
  }
}

describe.skipIf(!hasValkey)("a cache's access policies", () => {
  beforeAll(async () => {
    service = await startService({ engine: "native" });
    const sku = { name: "Standard", family: "C", capacity: 0 } as const;
    await service.createCache("shop", { sku, redisConfiguration: { "aad-enabled": "true" } });
    nodes = new CacheNodes(service, "shop");
    await nodes.untilWhole();
    await service.client.access.putPolicy(nodes.at, "app", "+@all ~app:*");
    await service.client.access.putAssignment(nodes.at, "ada", assignment);
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await service?.stop();
  });

  test("count within a second for who is connected", async () => {
    const client = logIn((await nodes.primary()).id);
    await client.set("app:1", "one");
    await expect(client.call("CONFIG", "GET", "*")).rejects.toThrow("NOPERM");
    const changed = service.client.access.putPolicy(nodes.at, "app", "+@read ~app:*");
    const beganMs = performance.now();
    await until("writes are refused", () =>
      client.set("app:1", "two").then(
        () => false,
        (error) => /NOPERM/.test(error),
      ),
    );
    expect(performance.now() - beganMs).toBeLessThan(inForceMs);
    await changed;
    expect(await client.get("app:1")).not.toBeNull();
    await service.client.access.putPolicy(nodes.at, "app", "+@all ~app:*");
    await client.set("app:1", "one");
  });

  test("are there after a failover, a reboot, a switchover, and on new nodes of another size", async () => {
    const { id } = await nodes.primary();
    process.kill(enginePid(service, id), "SIGKILL");
    await until("another node leads", async () => (await nodes.primary()).id !== id);
    await expectPolicyEverywhere();
    await nodes.switchOver();
    await service.client.rebootCache(nodes.at, "SecondaryNode");
    await expectPolicyEverywhere();
    await service.client.updateCache(nodes.at, { properties: { sku: { name: "Premium", family: "P", capacity: 1 } } });
    await service.client.updateCache(nodes.at, { properties: { replicasPerPrimary: 2 } });
    await expectPolicyEverywhere();
  });

  test("are listed, made, changed and taken back by commands", async () => {
    const larder = (...args: string[]) => runCommand([larderPath, ...args], { dataDir: service.dataDir });
    expect((await larder("policy", "list", "shop")).stdout).toMatch(
      /^POLICY +TYPE +STATE +PERMISSIONS\nData Contributor +built in +in force +\+@all -@dangerous .*\n.*\n.*\napp +custom +in force +\+@all ~app:\*\n$/,
    );
    const permissions = ["--permissions", "-@all +get ~x"];
    expect(await larder("policy", "create", "shop", "one more", ...permissions)).toMatchObject({
      exit: 0,
      stdout: "Created one more: -@all +get ~x\n",
    });
    expect(await larder("policy", "create", "shop", "One More", ...permissions)).toMatchObject({ exit: 75 });
    expect(await larder("policy", "update", "shop", "none", ...permissions)).toMatchObject({ exit: 66 });
    const refused = await larder("policy", "update", "shop", "one more", "--permissions", "+get >secret");
    expect(refused.exit).toBe(64);
    expect(refused.stderr).toMatch(/has a password.*\(at character 6\)/);
    const unknown = await larder("policy", "update", "shop", "one more", "--permissions", "+get +nosuch ~x");
    expect(unknown.stderr).toContain(
      "is refused by the engine (at character 6): Error in ACL SETUSER modifier '+nosuch'",
    );
    const given = await larder("assignment", "create", "shop", "eve", "--policy", "one more", "--object-id", "eve-id");
    expect(given).toMatchObject({ exit: 0, stdout: "Created eve: eve-id has one more\n" });
    expect((await larder("policy", "show", "shop", "one more")).stdout).toMatch(/Who has it +eve-id/);
    expect((await larder("show", "shop")).stdout).toMatch(
      / {2}Access keys +on\n {2}Tokens +on: 2 assignments, 2 policies of its own\n/,
    );
    expect(await larder("policy", "delete", "shop", "one more")).toMatchObject({ exit: 75 });
    expect(await larder("assignment", "delete", "shop", "eve")).toMatchObject({ exit: 0, stdout: "Deleted eve\n" });
    expect(await larder("assignment", "delete", "shop", "eve")).toMatchObject({ exit: 66 });
    expect(await larder("policy", "rm", "shop", "one more")).toMatchObject({ exit: 0 });
    expect((await larder("update", "shop", "--access-keys", "off")).stdout).toMatch(/Access keys +off/);
    expect(await larder("update", "shop", "--tokens", "off")).toMatchObject({ exit: 64 });
    expect((await larder("update", "shop", "--access-keys", "on", "--tokens", "off")).stdout).toMatch(/Tokens +off/);
  });
});
