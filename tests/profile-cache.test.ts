/** The profile-cache example as its users run it: server.js on Node, a real PostgreSQL, a real cache over TLS. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { createClient, type RedisClientType } from "redis";
import { startService, type TestService } from "./fixture/service.ts";

const example = join(import.meta.dir, "../examples/profile-cache");
const startTimeoutMs = 60_000;

type NodeProgram = Bun.Subprocess<"pipe", "pipe", "inherit">;

let larder: TestService;
let database: NodeProgram;
let server: NodeProgram;
let cache: RedisClientType;
let url: string;

beforeAll(async () => {
  database = runNode("demo/database.js", {});
  [larder] = await Promise.all([startService({ engine: "auto" })]);
  const { databaseUrl } = JSON.parse(await firstLine(database)) as { databaseUrl: string };
  const created = await larder.createCache("profiles");
  const at = { resourceGroup: larder.connection.resourceGroup, name: "profiles" };
  const { primaryKey } = await larder.client.listKeys(at);
  const port = created.properties.larder.endpoint.tlsPort;
  const redisUrl = `rediss://:${encodeURIComponent(primaryKey)}@localhost:${port}`;

  const ca = await Bun.file(larder.connection.ca).text();
  cache = createClient({ url: redisUrl, socket: { tls: true, ca } }) as RedisClientType;
  cache.on("error", () => {});
  await cache.connect();
  server = runNode("server.js", {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    NODE_EXTRA_CA_CERTS: larder.connection.ca,
    PORT: "0",
  });
  url = (await firstLine(server)).replace("listening on ", "");
}, startTimeoutMs);

afterAll(async () => {
  cache?.destroy();
  await end(server);
  await end(database);
  await larder?.stop();
}, startTimeoutMs);

test("the first read is a miss, the second a hit, kept for an hour", async () => {
  const first = await get(1);
  const second = await get(1);
  expect([first.status, first.source]).toEqual([200, "miss"]);
  expect([second.status, second.source]).toEqual([200, "hit"]);
  expect(second.body).toEqual(first.body);
  const secondsLeft = await cache.ttl("profile:1:1");
  expect(secondsLeft).toBeLessThanOrEqual(3600);
  expect(secondsLeft).toBeGreaterThan(3500);
});

test("an update is seen by the next read", async () => {
  await get(2);
  const update = { name: "Ada", email: "ada@example.com" };
  expect((await put(2, update)).status).toBe(200);
  const after = await get(2);
  expect(after.source).toBe("miss");
  expect(after.body).toMatchObject(update);
});

test("a read that overlaps an update does not store what it loaded before", async () => {
  await put(3, { name: "Grace", email: "grace@example.com" });
  await get(3);
  expect(await cache.get("profile:1:3")).toBe("changed");
  expect(await cache.ttl("profile:1:3")).toBeLessThanOrEqual(10);
});

test("an entry that is not JSON is read from the database", async () => {
  await cache.set("profile:1:4", "{");
  const read = await get(4);
  expect([read.status, read.body["id"]]).toEqual([200, 4]);
});

test("a user who does not exist is not stored", async () => {
  expect((await get(999_999)).status).toBe(404);
  expect(await cache.exists("profile:1:999999")).toBe(0);
  expect((await put(999_999, { name: "Nobody", email: "nobody@example.com" })).status).toBe(404);
});

test("a bad update is refused", async () => {
  expect((await put(1, { name: "no address" })).status).toBe(400);
});

test(
  "without the cache it still answers, from the database",
  async () => {
    await larder.stop();
    const read = await get(1);
    expect([read.status, read.source, read.body["id"]]).toEqual([200, "unavailable", 1]);
    expect((await put(1, { name: "Alan", email: "alan@example.com" })).status).toBe(200);
    expect((await get(1)).body["name"]).toBe("Alan");
  },
  startTimeoutMs,
);

interface Answer {
  status: number;
  source: string | null;
  body: Record<string, unknown>;
}

function get(id: number): Promise<Answer> {
  return send(id, {});
}

function put(id: number, user: object): Promise<Answer> {
  return send(id, { method: "PUT", body: JSON.stringify(user) });
}

async function send(id: number, init: RequestInit): Promise<Answer> {
  const response = await fetch(`${url}/users/${id}`, init);
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, source: response.headers.get("x-cache"), body };
}

function runNode(file: string, env: Record<string, string>): NodeProgram {
  return Bun.spawn(["node", join(example, file)], {
    env: { ...process.env, ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
}

async function firstLine(program: NodeProgram): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of program.stdout.values({ preventCancel: true })) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  throw new Error(`the program ended with ${await program.exited} before it was ready`);
}

async function end(program: NodeProgram | undefined): Promise<void> {
  program?.kill("SIGTERM");
  await program?.exited;
}
