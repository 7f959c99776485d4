/** Every command of the command line against a whole service: what it prints, its JSON, and its exit status. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorTable } from "@larder/api";
import { runCommand } from "./fixture/command-run.ts";
import { hasNativeEngine } from "./fixture/native-engine.ts";
import { larderPath, startService, type TestService } from "./fixture/service.ts";

let service: TestService;

beforeAll(async () => {
  service = await startService({ quickstart: true });
});

afterAll(() => service.stop());

const runProgram = (command: string[], options: { stdin?: string; dataDir?: string } = {}) =>
  runCommand(command, { dataDir: service.dataDir, ...options });

const larder = (...args: string[]) => runProgram([larderPath, ...args]);

/** The document of a command that must succeed. */
async function larderJson<T>(...args: string[]): Promise<T> {
  const { exit, stdout, stderr } = await larder(...args, "--json");
  expect(stderr).toBe("");
  expect(exit).toBe(0);
  return JSON.parse(stdout) as T;
}

interface CacheDocument {
  name: string;
  tags: Record<string, string>;
  properties: {
    sku: object;
    redisConfiguration: Record<string, string>;
    larder: { endpoint: { plainPort: number | null } };
  };
}

describe("a cache's life", () => {
  test("create, and the first PING is answered", async () => {
    const created = await larder("create", "shop", "--policy", "allkeys-lru", "--tag", "team=web");
    const ping = await larder("console", "shop", "PING");
    expect(created.stdout).toStartWith("Created shop in ");
    expect(created.stdout).toContain("rediss://localhost:");
    expect(ping.stdout).toBe("PONG\n");
  });

  test("list and show", async () => {
    expect((await larderJson<CacheDocument[]>("list")).map(({ name }) => name)).toEqual(["quickstart", "shop"]);
    expect((await larder("list")).stdout).toMatch(
      /^NAME +SIZE +STATE +MEMORY +CLIENTS +ADDRESS\nquickstart +Basic C0 +available/,
    );
    const shop = await larderJson<CacheDocument>("show", "SHOP");
    expect(shop).toMatchObject({ name: "shop", tags: { team: "web" } });
    expect(shop.properties.redisConfiguration["maxmemory-policy"]).toBe("allkeys-lru");
    expect((await larder("show", "shop")).stdout).toContain("allkeys-lru");
  });

  test("update changes what is given and leaves the rest", async () => {
    const updated = await larderJson<CacheDocument>(
      "update",
      "shop",
      "--sku",
      "Basic_C1",
      "--plain-port",
      "--tag",
      "a=b",
    );
    expect(updated.properties.sku).toEqual({ name: "Basic", family: "C", capacity: 1 });
    expect(updated.properties.redisConfiguration["maxmemory-policy"]).toBe("allkeys-lru");
    expect(updated.properties.larder.endpoint.plainPort).toBeNumber();
    expect(updated.tags).toEqual({ team: "web", a: "b" });
    const again = await larderJson<CacheDocument>("update", "shop", "--no-plain-port", "--untag", "a");
    expect(again.properties.larder.endpoint.plainPort).toBeNull();
    expect(again.tags).toEqual({ team: "web" });
  });

  test("keys list and renew", async () => {
    interface Keys {
      primaryKey: string;
      secondaryKey: string;
    }
    const before = await larderJson<Keys>("keys", "list", "shop");
    const after = await larderJson<Keys>("keys", "renew", "shop", "--key", "secondary");
    expect(after.primaryKey).toBe(before.primaryKey);
    expect(after.secondaryKey).not.toBe(before.secondaryKey);
    expect((await larder("keys", "list", "shop")).stdout).toBe(
      `primary    ${after.primaryKey}\nsecondary  ${after.secondaryKey}\n`,
    );
  });

  test("delete asks for a word, and takes it from --yes", async () => {
    const refused = await larder("delete", "shop");
    expect(refused).toMatchObject({ exit: 64, stdout: "" });
    expect(refused.stderr).toEndWith("hint: add --yes\n");
    expect(await larderJson<object>("delete", "shop", "--yes")).toEqual({ name: "shop", deleted: true });
    expect((await larder("show", "shop")).exit).toBe(errorTable.ResourceNotFound.exit);
  });
});

describe.skipIf(!hasNativeEngine)("a cluster's life", () => {
  interface Cluster {
    sku: object;
    tags: Record<string, string>;
    databases: { properties: Record<string, unknown> }[];
  }

  test("create, with its database, or neither", async () => {
    const refused = await larder("create", "orders", "--sku", "Balanced_B0", "--clustering-policy", "none");
    expect(refused.stderr).toStartWith("larder: 'properties.clusteringPolicy' must be one of OSSCluster");
    const options = ["--persistence", "aof", "--policy", "allkeys-lru", "--tag", "team=web"];
    const created = await larder("create", "orders", "--sku", "b0", "--high-availability", "off", ...options);
    expect(created.stdout).toStartWith("Created orders in ");
    expect(await larder("console", "orders", "SET", "key", "value")).toMatchObject({ exit: 0, stdout: "OK\n" });
  });

  test("is listed with caches, and shown", async () => {
    const { stdout } = await larder("list");
    expect(stdout).toMatch(
      /^NAME +TYPE +SIZE .*\norders +cluster +Balanced_B0 +available .*\nquickstart +cache +Basic C0/,
    );
    const { databases } = await larderJson<Cluster>("show", "ORDERS");
    expect(databases).toMatchObject([
      {
        properties: {
          evictionPolicy: "AllKeysLRU",
          accessKeysAuthentication: "Enabled",
          persistence: { aofEnabled: true },
        },
      },
    ]);
    expect((await larder("show", "orders")).stdout).toMatch(/Clustering +OSSCluster\n +Eviction +AllKeysLRU\n/);
  });

  test("is changed in both of its parts", async () => {
    const changes = ["--sku", "Balanced_B1", "--tag", "a=b", "--untag", "team", "--access-keys", "off"];
    const updated = await larderJson<Cluster>("update", "orders", ...changes);
    expect(updated).toMatchObject({ sku: { name: "Balanced_B1" }, tags: { a: "b" } });
    expect(updated.tags).not.toHaveProperty("team");
    expect(updated.databases[0]?.properties["accessKeysAuthentication"]).toBe("Disabled");
    expect((await larder("connect", "orders")).stdout).toMatch(/Key +off: clients log in with a token/);
    await larderJson("update", "orders", "--access-keys", "on");
  });

  test("is updated in windows, which a schedule sets", async () => {
    const set = await larderJson<object[]>("schedule", "orders", "--add", "weekend 2 9h");
    const entry = { startHourUtc: 2, maintenanceWindow: "PT9H" };
    expect(set).toEqual([
      { ...entry, dayOfWeek: "Saturday" },
      { ...entry, dayOfWeek: "Sunday" },
    ]);
    expect((await larder("schedule", "orders", "--clear")).stdout).toContain("orders has no schedule");
  });

  test("keeps its data through what is done to all caches", async () => {
    const backups = join(service.dataDir, "files", "backups");
    mkdirSync(backups, { recursive: true });
    expect(await larder("backup", "now", "orders", "--to", backups)).toMatchObject({ exit: 0 });
    await larderJson("flush", "orders", "--yes");
    expect(await larder("backup", "restore", "orders", "latest")).toMatchObject({ exit: 0 });
    expect(await larder("console", "orders", "GET", "key")).toMatchObject({ stdout: "value\n" });
    const kinds = (await larderJson<{ kind: string }[]>("events", "orders")).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(["created", "scale", "flush", "backup", "import"]));
  });

  test("gives permissions without a policy, and says what it does not have", async () => {
    const who = ["--object-id", "5f1d2f1e-7c0f-4f43-9f5f-0a8d2a5b0c11", "--permissions", "+@read ~app:*"];
    expect((await larder("assignment", "create", "orders", "web", ...who)).stdout).toEndWith("has +@read ~app:*\n");
    expect((await larder("assignment", "list", "orders")).stdout).toMatch(/web .* \+@read ~app:\* +in force/);
    const firewall = await larder("firewall", "list", "orders");
    expect(firewall).toMatchObject({ exit: errorTable.OperationNotSupported.exit, stdout: "" });
    expect(firewall.stderr).toStartWith("larder: orders is a cluster, which has no firewall rules.\n");
  });

  test("delete", async () => {
    expect(await larderJson<object>("delete", "orders", "--yes")).toEqual({ name: "orders", deleted: true });
    expect((await larderJson<CacheDocument[]>("list")).map(({ name }) => name)).toEqual(["quickstart"]);
  });
});

describe("status", () => {
  test("of what is up", async () => {
    const status = await larderJson<{ state: string; daemons: { state: string }[]; caches: object[] }>("status");
    expect(status.state).toBe("running");
    expect(status.daemons).toEqual(
      Object.entries(service.pids()).map(([name, pids]) => ({ name, state: "running", pids })),
    );
    expect(status.caches).toHaveLength(1);
    expect((await larder("status")).stdout).toContain("controller");
  });

  test("of nothing", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "larder-test-"));
    const { exit, stderr } = await runProgram([larderPath, "status"], { dataDir });
    rmSync(dataDir, { recursive: true });
    expect(exit).toBe(errorTable.NotRunning.exit);
    expect(stderr).toBe(
      `larder: No Larder service has run here: there is no ${dataDir}/connection.json.\nhint: start the service with \`larder up\`\n`,
    );
  });

  test("of a service that was stopped", async () => {
    const stopped = await startService({ dataDir: mkdtempSync(join(tmpdir(), "larder-test-")) });
    await stopped.stop();
    const { exit, stdout, stderr } = await runProgram([larderPath, "status", "--json"], { dataDir: stopped.dataDir });
    rmSync(stopped.dataDir, { recursive: true });
    expect(exit).toBe(errorTable.NotRunning.exit);
    expect(JSON.parse(stdout)).toMatchObject({ state: "stopped", caches: [] });
    expect(stderr).toContain(`No Larder service answers at ${stopped.connection.api}.`);
  });
});

describe("connect", () => {
  test.each(["node-redis", "ioredis"])("--for %s works when pasted", async (client) => {
    const { stdout } = await larder("connect", "quickstart", "--for", client);
    expect(await runProgram(["sh", "-c", stdout])).toEqual({ exit: 0, stdout: "hello\n", stderr: "" });
  });

  test.skipIf(!hasNativeEngine)("--for redis-cli works when pasted", async () => {
    const program = ["redis-cli", "valkey-cli"].find((name) => Bun.which(name));
    const { stdout } = await larder("connect", "quickstart", "--for", "redis-cli");
    const line = stdout.trim().replace("redis-cli", program ?? "redis-cli");
    expect(await runProgram(["sh", "-c", `${line} PING`])).toEqual({ exit: 0, stdout: "PONG\n", stderr: "" });
  });

  test("--for env sets what its names say", async () => {
    const { stdout } = await larder("connect", "quickstart", "--for", "env");
    const { stdout: url } = await runProgram(["sh", "-c", `${stdout} printf %s "$REDIS_URL"`]);
    const { primaryKey } = await service.client.listKeys({ resourceGroup: "default", name: "quickstart" });
    expect(decodeURIComponent(new URL(url).password)).toBe(primaryKey);
  });

  test("as a document", async () => {
    const connection = await larderJson<Record<string, unknown>>("connect", "quickstart", "--for", "redis-py");
    expect(connection).toMatchObject({
      name: "quickstart",
      host: "localhost",
      ca: service.connection.ca,
      for: "redis-py",
    });
    expect(connection["shell"]).toBe(`python3 - <<'EOF'\n${connection["code"]}EOF\n`);
    expect((await larder("connect", "quickstart")).stdout).toContain(String(connection["primaryKey"]));
  });
});

describe("console without a terminal", () => {
  test("one command, bare as in redis-cli", async () => {
    expect(await larder("console", "quickstart", "RPUSH", "list", "a", "b c")).toMatchObject({
      exit: 0,
      stdout: "2\n",
    });
    expect(await larder("console", "quickstart", "LRANGE", "list", "0", "-1")).toMatchObject({ stdout: "a\nb c\n" });
    expect(await larderJson<unknown>("console", "quickstart", "LRANGE", "list", "0", "-1")).toEqual(["a", "b c"]);
    expect(await larder("console", "quickstart", "GET", "list")).toMatchObject({ exit: 1 });
  });

  test("commands on standard input", async () => {
    const stdin = 'SET "two words" "x\\x00y"\n\nSTRLEN "two words"\nGET "open\nSELECT 1\nEXISTS "two words"\n';
    const ran = await runProgram([larderPath, "console", "quickstart"], { stdin });
    expect(ran).toEqual({ exit: 1, stdout: "OK\n3\nInvalid argument(s)\nOK\n0\n", stderr: "" });
  });

  test.skipIf(!hasNativeEngine)("prints what redis-cli prints", async () => {
    const commands =
      "HSET hash a 1 b 2\nHGETALL hash\nGET hash\nEVAL 'return {1,{2,false}}' 0\nPING\nTYPE hash\nECHO 'ü'\n";
    const { stdout: line } = await larder("connect", "quickstart", "--for", "redis-cli");
    const program = ["redis-cli", "valkey-cli"].find((name) => Bun.which(name)) ?? "redis-cli";
    const theirs = await runProgram(["sh", "-c", `${line.trim().replace("redis-cli", program)}`], { stdin: commands });
    await larder("console", "quickstart", "DEL", "hash");
    const ours = await runProgram([larderPath, "console", "quickstart"], { stdin: commands });
    expect(ours.stdout).toBe(theirs.stdout);
  });
});

describe("what is wrong", () => {
  test.each([
    [["creat", "x"], 64, "larder: unknown command 'creat'\nhint: did you mean create?\n"],
    [["create", "bad--name"], errorTable.InvalidResourceName.exit, ""],
    [["create", "quickstart"], errorTable.NameNotAvailable.exit, ""],
    [["create", "x", "--sku", "C9"], errorTable.SkuNotSupported.exit, 'larder: There is no size "C9".'],
    [["create", "x", "--resource-group", "nobody"], errorTable.ResourceGroupNotFound.exit, ""],
    [["update", "quickstart"], errorTable.InvalidParameter.exit, "larder: Nothing to change was given."],
    [["update", "quickstart", "--tag", "novalue"], errorTable.InvalidParameter.exit, "larder: --tag takes name=value"],
    [["connect", "nobody"], errorTable.ResourceNotFound.exit, "larder: There is no cache named nobody."],
    [["connect", "quickstart", "--for", "cobol"], 64, "larder: option '--for <client>' argument 'cobol' is invalid."],
  ])("%p", async (args, exit, message) => {
    const ran = await larder(...args);
    expect(ran).toMatchObject({ exit, stdout: "" });
    expect(ran.stderr).toStartWith(message || "larder: ");
    expect(ran.stderr).not.toMatch(/\n\s+at /);
  });

  test("a reader that leaves early", async () => {
    const ran = await runProgram(["sh", "-c", `${larderPath} list --json | head -1`]);
    expect(ran).toEqual({ exit: 0, stdout: "[\n", stderr: "" });
  });
});

test("the folder that it is called in has no say in how it runs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "larder-test-"));
  writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./preload.ts"]');
  writeFileSync(join(folder, "preload.ts"), 'console.log("preloaded");');
  const ran = await runProgram(["sh", "-c", `cd ${folder} && ${larderPath} list`]);
  rmSync(folder, { recursive: true });
  expect(ran.stdout).toStartWith("NAME ");
});

test("help and version", async () => {
  expect((await larder("--help")).stdout).toStartWith("Usage: larder");
  expect((await larder("create", "--help")).stdout).toContain("Examples:");
  expect((await larder("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
