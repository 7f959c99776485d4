import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RedisResource } from "@larder/api/redis-resource";
import type { RunningCache } from "../caches/any-cache.ts";
import { redisCache } from "../caches/redis-kind.ts";
import { plainColors } from "../terminal.ts";
import { layoutOf, planDaemons } from "./daemon-plan.ts";
import { rotateLog } from "./log-file.ts";
import { waitForCaches } from "./readiness.ts";
import { apiUrl } from "./service.ts";
import { socketDirectoryFor } from "./socket-directory.ts";
import { parseUpOptions, type UpArguments } from "./up-options.ts";
import { formatWelcome, type WelcomeFacts } from "./welcome.ts";

const given: UpArguments = {
  dataDir: "/data",
  host: "127.0.0.1",
  apiPort: "8443",
  identityPort: "8445",
  tlsPort: "6380",
  portBase: "10000",
  hosts: "1",
  agentPort: "8444",
  engine: "auto",
  quickstart: true,
};

describe("options", () => {
  test("from text to values", () => {
    expect(parseUpOptions({ ...given, engine: "native", readyFile: "/ready.json", quickstart: "false" }, 2)).toEqual({
      dataDirectory: "/data",
      host: "127.0.0.1",
      privateNetworks: [],
      apiPort: 8443,
      identityPort: 8445,
      tlsPort: 6380,
      portBase: 10_000,
      gatewayWorkers: 1,
      hosts: 1,
      storageRoots: ["/data/files"],
      agentHost: undefined,
      agentPort: 8444,
      apiIssuers: [],
      apiAudiences: [],
      tokenIssuers: [],
      tokenAudiences: [],
      address: "127.0.0.1",
      zone: undefined,
      engine: "native",
      enginePath: undefined,
      readyFile: "/ready.json",
      secretsKeyFile: undefined,
      domain: undefined,
      certificate: {},
      quickstart: false,
    });
  });

  test("all problems are said at once", () => {
    expect(() => parseUpOptions({ ...given, apiPort: "x", tlsPort: "70000", engine: "steam", host: "" }, 2)).toThrow(
      '--api-port must be a port from 1 to 65535, not "x"; --tls-port must be a port from 1 to 65535, not "70000"; ' +
        '--host must not be empty; --engine must be one of auto, native, embedded, not "steam".',
    );
    expect(() => parseUpOptions({ ...given, apiPort: "6380" }, 2)).toThrow("must differ");
  });

  test("the service is its own identity provider only where others do not reach it, unless that is said", () => {
    const port = (options: Partial<UpArguments>) => parseUpOptions({ ...given, ...options }, 2).identityPort;
    expect(port({ host: "::1" })).toBe(8445);
    expect(port({ host: "10.0.0.1" })).toBeUndefined();
    expect(port({ host: "0.0.0.0" })).toBeUndefined();
    expect(port({ host: "10.0.0.1", identity: "embedded", identityPort: "9000" })).toBe(9_000);
    expect(port({ identity: "off", identityPort: "8443" })).toBeUndefined();
    expect(() => port({ identityPort: "8443" })).toThrow("--api-port and --identity-port must differ");
    expect(() => port({ identity: "on" })).toThrow('--identity must be embedded or off, not "on"');
  });

  test("how many gateway workers there are", () => {
    const workers = (cores: number) => parseUpOptions(given, cores).gatewayWorkers;
    expect([1, 2, 3, 4, 8, 9, 64].map(workers)).toEqual([1, 1, 1, 2, 4, 4, 8]);
    expect(parseUpOptions({ ...given, gatewayWorkers: "64" }, 2).gatewayWorkers).toBe(64);
    for (const bad of ["0", "65", "2.5", "", "many"])
      expect(() => parseUpOptions({ ...given, gatewayWorkers: bad }, 2)).toThrow(
        `--gateway-workers must be a whole number from 1 to 64, not "${bad}"`,
      );
  });

  test("the API's address", () => {
    expect(["127.0.0.1", "0.0.0.0", "::1", "10.0.0.5", "fd00::1"].map((host) => apiUrl({ host, apiPort: 1 }))).toEqual([
      "https://localhost:1",
      "https://localhost:1",
      "https://localhost:1",
      "https://10.0.0.5:1",
      "https://[fd00::1]:1",
    ]);
  });
});

test("daemons get their flags, and no secrets", () => {
  const plans = planDaemons(parseUpOptions(given, 2), layoutOf("/data", "/run"), "/packages");
  expect(plans.controller.program).toBe("/packages/controller/main.ts");
  expect(plans.controller.args.join(" ")).toBe(
    "--secrets-key-file /data/secrets-key --data-dir /data/controller --socket /run/controller.sock --host 127.0.0.1 --api-port 8443 --identity embedded --identity-port 8445 --tls-port 6380 --port-base 10000 --supervised",
  );
  expect(plans.agents[0]?.args.join(" ")).toBe(
    "--secrets-key-file /data/secrets-key --socket-dir /run --engine auto --storage-root /data/files --data-dir /data/agent --controller-socket /run/controller.sock --address 127.0.0.1 --node-cert /data/controller/pki/node.pem --node-key /data/controller/pki/node-key.pem --node-ca /data/controller/pki/node-ca.pem --supervised",
  );
  expect(plans.gateways[0]?.args.join(" ")).toBe(
    "--secrets-key-file /data/secrets-key --data-dir /data/gateway --controller-socket /run/controller.sock --host 127.0.0.1 --tls-port 6380 " +
      "--tls-cert /data/controller/pki/server.pem --tls-key /data/controller/pki/server-key.pem " +
      "--node-cert /data/controller/pki/node.pem --node-key /data/controller/pki/node-key.pem --node-ca /data/controller/pki/node-ca.pem --workers 1 --worker 1 --supervised",
  );
});

test("workers of the gateway have a name, a number and a log each; a single one is just the gateway", () => {
  const namesOf = (gatewayWorkers: string) =>
    planDaemons(parseUpOptions({ ...given, gatewayWorkers }, 2), layoutOf("/data", "/run"), "/packages").gateways.map(
      (plan) => [plan.name, plan.logPath, plan.args.slice(-5).join(" ")],
    );
  expect(namesOf("1")).toEqual([["gateway", "/data/logs/gateway.log", "--workers 1 --worker 1 --supervised"]]);
  expect(namesOf("2")).toEqual([
    ["gateway-1", "/data/logs/gateway-1.log", "--workers 2 --worker 1 --supervised"],
    ["gateway-2", "/data/logs/gateway-2.log", "--workers 2 --worker 2 --supervised"],
  ]);
});

test("sockets of a deep directory lie in a short one, the same each time", () => {
  const deep = `/${"x".repeat(80)}`;
  expect(socketDirectoryFor("/data", "/tmp")).toBe("/data/run");
  expect(socketDirectoryFor(deep, "/tmp")).toMatch(/^\/tmp\/larder-[0-9a-f]{16}$/);
  expect(socketDirectoryFor(deep, "/tmp")).toBe(socketDirectoryFor(deep, "/tmp"));
});

test("a large log makes room", () => {
  const directory = mkdtempSync(join(tmpdir(), "larder-test-"));
  const path = join(directory, "agent.log");
  rotateLog(path, 3);
  writeFileSync(path, "123");
  rotateLog(path, 3);
  expect(existsSync(path)).toBeTrue();
  writeFileSync(path, "1234");
  rotateLog(path, 3);
  expect(existsSync(path)).toBeFalse();
  expect(readFileSync(`${path}.1`, "utf8")).toBe("1234");
  rmSync(directory, { recursive: true });
});

function cache(name: string, larder: Partial<RedisResource["properties"]["larder"]> = {}): RunningCache {
  const resource = {
    id: `/subscriptions/S/resourceGroups/default/providers/Microsoft.Cache/Redis/${name}`,
    name,
    properties: {
      provisioningState: "Succeeded",
      sku: { name: "Basic", family: "C", capacity: 0 },
      redisConfiguration: {},
      larder: {
        state: "available",
        endpoint: { host: "localhost", tlsPort: 10_000, plainPort: null },
        engine: { name: "valkey", version: "8.0.1", kind: "native" },
        memoryBytesMax: 250 * 1024 * 1024,
        memoryBytesUsed: null,
        clientsConnected: 0,
        access: { policies: 0, assignments: 0 },
        problem: null,
        ...larder,
      },
    },
  } as RedisResource;
  return redisCache(resource) as RunningCache;
}

describe("readiness", () => {
  function fixture(...answers: RunningCache[][]) {
    let nowMs = 0;
    const clock = {
      nowMs: () => nowMs,
      monotonicMs: () => nowMs,
      async sleep(ms: number) {
        nowMs += ms;
      },
      after: () => () => {},
    };
    const list = async () => (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    return waitForCaches(list, clock).then((readiness) => ({ ...readiness, nowMs }));
  }

  test("waits for every cache", async () => {
    const waiting = cache("shop", { state: "unavailable" });
    expect(await fixture([waiting], [waiting], [cache("shop")])).toMatchObject({ unavailable: [], nowMs: 48 });
    expect(await fixture([])).toMatchObject({ unavailable: [], nowMs: 0 });
  });

  test("but not for ever", async () => {
    const { unavailable, nowMs } = await fixture([cache("shop", { state: "unavailable" }), cache("pages")]);
    expect(unavailable.map(({ name }) => name)).toEqual(["shop"]);
    expect(nowMs).toBeWithin(10_000, 10_501);
  });
});

describe("the welcome", () => {
  const facts: WelcomeFacts = {
    connection: {
      api: "https://localhost:8443",
      token: "the-token",
      ca: "/data/controller/pki/ca.pem",
      subscription: "S",
      resourceGroup: "default",
      pids: { controller: [1], agent: [2], gateway: [3] },
    },
    dataDirectory: "/data",
    caches: [cache("quickstart")],
    unavailable: [],
    shown: { cache: cache("quickstart"), key: "a+b=" },
    readyAfterMs: 512,
    command: "bin/larder",
  };

  test("says how to connect, without the administrator's token", () => {
    const text = formatWelcome(facts, plainColors);
    expect(text).toContain("rediss://localhost:10000");
    expect(text).toContain(
      "REDISCLI_AUTH=a+b= redis-cli --tls --cacert /data/controller/pki/ca.pem -h localhost -p 10000",
    );
    expect(text).toContain("\nnode --input-type=module <<'EOF'\n");
    expect(text).not.toContain("the-token");
    expect(text).not.toContain("mbedded");
  });

  test("says plainly that the engine is the embedded one", () => {
    const engine = { name: "valkey", version: "9.1.0", kind: "embedded" } as const;
    expect(formatWelcome({ ...facts, caches: [cache("quickstart", { engine })] }, plainColors)).toContain(
      "Embedded engine (Valkey 9.1.0 in WebAssembly)",
    );
  });

  test("names what is not available, and why", () => {
    const broken = cache("pages", { problem: { code: "PortInUse", message: "Port 10002 is taken." } });
    expect(formatWelcome({ ...facts, unavailable: [broken] }, plainColors)).toContain(
      "Cache pages is not available: Port 10002 is taken.\n",
    );
  });

  test("of a service without caches", () => {
    expect(formatWelcome({ ...facts, caches: [], shown: undefined }, plainColors)).toContain(
      "Next: bin/larder create NAME\n",
    );
  });
});
