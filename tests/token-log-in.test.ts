/** A whole service with an issuer beside it: log-in with tokens by client libraries, through what happens to issuer, controller and gateway. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@larder/service";
import { CacheAccess } from "./fixture/cache-access.ts";
import { hasValkey } from "./fixture/native-engine.ts";
import { startService, type TestService } from "./fixture/service.ts";
import { TestIssuer } from "./fixture/token-issuer.ts";
import { until } from "./fixture/until.ts";

const ada = "6a1f2c1e-0000-4000-8000-00000000ada0";
const bob = "6a1f2c1e-0000-4000-8000-00000000b0b0";

let service: TestService;
let access: CacheAccess;
let issuer: TestIssuer;
let door: Bun.Server<undefined>;
let isAway = false;

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const { api, token, ca, subscription, resourceGroup } = service.connection;
  const cache = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Cache/redis/shop`;
  return fetch(`${api}${cache}${path}?api-version=2024-11-01`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    tls: { ca: readFileSync(ca, "utf8") },
  });
}

async function assign(objectId: string, accessPolicyName: string): Promise<void> {
  const properties = { objectId, objectIdAlias: objectId, accessPolicyName };
  const answer = await call("PUT", `/accessPolicyAssignments/${objectId}`, { properties });
  expect(answer.ok).toBe(true);
}

async function enter(objectId: string, keyId = "one") {
  return access.ioredis({ username: objectId, password: await issuer.token({ oid: objectId }, keyId) });
}

/** Once the route that lets him in is there. */
async function untilEntered(objectId: string) {
  let client: Awaited<ReturnType<typeof enter>> | undefined;
  await until("he is let in", async () => {
    client = await enter(objectId);
    return (await client.ping()) === "PONG";
  });
  return client as Awaited<ReturnType<typeof enter>>;
}

describe.skipIf(!hasValkey)("log-in with tokens", () => {
  beforeAll(async () => {
    door = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        if (isAway) return new Promise<Response>(() => {});
        const url = issuer.issuer;
        if (!request.url.endsWith("/keys")) return Response.json({ issuer: url, jwks_uri: `${url}/keys` });
        return Response.json({ keys: (await issuer.published()).keys });
      },
    });
    issuer = new TestIssuer(systemClock, `http://127.0.0.1:${door.port}`);
    await issuer.addKey("one");
    service = await startService({ gatewayWorkers: 2, args: ["--token-issuer", issuer.issuer] });
    const cache = await service.createCache("shop", { redisConfiguration: { "aad-enabled": "true" } });
    access = await CacheAccess.of(service, cache);
    await assign(ada, "Data Owner");
    await assign(bob, "Data Reader");
  }, 60_000);
  afterAll(async () => {
    access?.close();
    await service?.stop();
    await door.stop(true);
  });

  test("by client libraries, each with its policy", async () => {
    const owner = await untilEntered(ada);
    expect(await owner.set("k", "v")).toBe("OK");
    const reader = await untilEntered(bob);
    expect(await reader.get("k")).toBe("v");
    await expect(reader.set("k", "w")).rejects.toThrow("NOPERM");
    const other = await access.nodeRedis({ username: ada, password: await issuer.token({ oid: ada }) });
    expect(await other.get("k")).toBe("v");
  });

  test("a new policy and the end of an assignment count within a second for who is in", async () => {
    const client = await enter(bob);
    await assign(bob, "Data Contributor");
    await until("he may write", async () => (await client.set("k", "w").catch(() => "")) === "OK", 1_000);
    const ended = new Promise((resolve) => client.once("close", resolve));
    expect((await call("DELETE", `/accessPolicyAssignments/${bob}`)).ok).toBe(true);
    await Promise.race([ended, Bun.sleep(1_000).then(() => Promise.reject(new Error("he is in still")))]);
    await expect(enter(bob)).rejects.toThrow();
  });

  test("a key of which nobody knew is found when a token comes with it", async () => {
    await issuer.addKey("two");
    expect(await (await enter(ada, "two")).ping()).toBe("PONG");
  });

  test("without the controller and the issuer, by gateways that have started anew, too", async () => {
    isAway = true;
    const { controller, gateway } = service.pids();
    for (const pid of controller) process.kill(pid, "SIGSTOP");
    try {
      for (const pid of gateway) process.kill(pid, "SIGKILL");
      expect(await (await untilEntered(ada)).ping()).toBe("PONG");
      expect(await (await enter(ada, "two")).ping()).toBe("PONG");
    } finally {
      for (const pid of controller) process.kill(pid, "SIGCONT");
      isAway = false;
    }
  });

  test("no token is in any file", async () => {
    const written = filesIn(service.dataDir).filter((path) => read(path).includes("eyJhbGciOi"));
    expect(written).toEqual([]);
  });
});

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map((name) => join(directory, String(name)))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

/** A file that is put in another's place has been there for a moment under another name. */
function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
