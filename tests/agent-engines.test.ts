/** The agent with real engines: native Valkey and Redis, and the embedded one. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeSpec } from "@larder/api";
import { Redis } from "ioredis";
import { identifyProcess } from "../packages/agent/engine/process.ts";
import { hasNativeEngine, hasRedis, hasValkey } from "./fixture/native-engine.ts";
import { nodeSpec, TestAgent } from "./fixture/test-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

const valkeyPath = Bun.which("valkey-server");
const redisPath = Bun.which("redis-server");

const engines = [
  { title: "native Valkey", kind: "native", name: "valkey", flags: ["--engine-path", valkeyPath ?? "valkey-server"] },
  { title: "native Redis", kind: "native", name: "redis", flags: ["--engine-path", redisPath ?? "redis-server"] },
  { title: "embedded Valkey", kind: "embedded", name: "valkey", flags: ["--engine", "embedded"] },
] as const;

const nativeTest = test.skipIf(!hasNativeEngine);

let agent: TestAgent;
const clients: Redis[] = [];
const failFast = { retryStrategy: () => null, maxRetriesPerRequest: 0, enableReadyCheck: false };

function newAgent(): TestAgent {
  agent = new TestAgent();
  agent.controller.start();
  return agent;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await agent.clear();
});

/** A zombie is not alive: nobody may be there to reap the engine of an agent that was killed. */
async function isAlive(pid: number | null): Promise<boolean> {
  return pid !== null && (await identifyProcess(pid)) !== undefined;
}

function clientOf(socketPath: string, username = "app", password = "app-password"): Redis {
  return track(new Redis({ ...failFast, path: socketPath, username, password }));
}

function track(client: Redis): Redis {
  client.on("error", () => {});
  clients.push(client);
  return client;
}

async function runNode(given: Partial<NodeSpec>) {
  const spec = nodeSpec(given);
  agent.controller.want(spec);
  return { spec, node: await agent.controller.running(spec) };
}

for (const { title, kind, name, flags } of engines) {
  const run = test.skipIf(kind === "native" && !(name === "redis" ? hasRedis : hasValkey));

  run(`${title}: serves, and nobody gets in without a password`, async () => {
    expect(await newAgent().start([...flags])).toBe("ready");
    const { node } = await runNode({ engine: kind, notifyKeyspaceEvents: "Ex" });
    expect(node.engine).toMatchObject({ name, kind });

    await expect(track(new Redis({ ...failFast, path: node.socketPath })).set("key", "value")).rejects.toThrow(
      "NOAUTH",
    );
    const app = clientOf(node.socketPath);
    const toldVersion = new RegExp(`^${name}_version:(.*)\r$`, "m");
    expect(toldVersion.exec(await app.info("server"))?.[1]).toBe(node.engine?.version);
    await expect(app.config("GET", "maxmemory")).rejects.toThrow("NOPERM");
    expect(await app.eval("return redis.call('INCR', KEYS[1])", 1, "counter")).toBe(1);
    await app.xadd("stream", "*", "field", "value");
    expect(await app.xlen("stream")).toBe(1);
    const waiting = clientOf(node.socketPath).blpop("list", 0);
    await app.rpush("list", "item");
    expect(await waiting).toEqual(["list", "item"]);
    expect(await app.info("server")).toContain(`run_id:${node.runId}`);
    const admin = clientOf(node.socketPath, "larder-admin", "admin-password");
    expect(await admin.config("GET", "maxmemory")).toEqual(["maxmemory", String(64 * 1024 * 1024)]);
    expect(await admin.config("GET", "save")).toEqual(["save", ""]);
  });

  run(`${title}: survives the kill of its agent, and the next agent adopts it`, async () => {
    await newAgent().start([...flags]);
    const { spec, node } = await runNode({ engine: kind });
    const client = clientOf(node.socketPath);
    await client.set("key", "value");
    await agent.signal("SIGKILL");
    expect(await client.get("key")).toBe("value");

    agent.controller.forget();
    expect(await agent.start([...flags])).toBe("ready");
    const adopted = await agent.controller.running(spec);
    expect(adopted).toMatchObject({ pid: node.pid, runId: node.runId, engine: node.engine });
    expect(await client.get("key")).toBe("value");
    expect(client.status).toBe("ready");
  });

  run(`${title}: is started again after its own kill`, async () => {
    await newAgent().start([...flags]);
    const { spec, node } = await runNode({ engine: kind });
    process.kill(node.pid!, "SIGKILL");
    const restarted = await agent.controller.observedWhen(
      spec,
      (now) => now.runId !== null && now.runId !== node.runId,
    );
    expect(restarted.pid).not.toBe(node.pid);
    expect(await clientOf(node.socketPath).ping()).toBe("PONG");
  });

  run(`${title}: is started again when it dies after its adoption`, async () => {
    await newAgent().start([...flags]);
    const { spec, node } = await runNode({ engine: kind });
    await agent.signal("SIGKILL");
    agent.controller.forget();
    await agent.start([...flags]);
    await agent.controller.running(spec);
    process.kill(node.pid!, "SIGKILL");
    await agent.controller.observedWhen(spec, (now) => now.runId !== null && now.runId !== node.runId);
  });

  run(`${title}: takes changes while it runs`, async () => {
    await newAgent().start([...flags]);
    const { spec, node } = await runNode({ engine: kind });
    const client = clientOf(node.socketPath);
    await client.ping();
    const changed: NodeSpec = {
      ...spec,
      generation: 2,
      memoryBytesMax: 32 * 1024 * 1024,
      maxmemoryPolicy: "allkeys-lru",
      notifyKeyspaceEvents: "Kx",
      adminUser: { ...spec.adminUser, password: "new-admin-password" },
      users: [{ name: "reader", password: "reader-password", rules: "~* +@read" }],
    };
    agent.controller.want(changed);
    expect(await agent.controller.running(changed)).toMatchObject({ pid: node.pid, runId: node.runId });

    const admin = clientOf(node.socketPath, "larder-admin", "new-admin-password");
    expect(await admin.config("GET", "maxmemory")).toEqual(["maxmemory", String(32 * 1024 * 1024)]);
    expect(await admin.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "allkeys-lru"]);
    expect((await admin.acl("USERS")).toSorted()).toEqual(["default", "larder-admin", "reader"]);
    const reader = clientOf(node.socketPath, "reader", "reader-password");
    expect(await reader.get("key")).toBeNull();
    await expect(reader.set("key", "value")).rejects.toThrow("NOPERM");
    const old = new Redis({
      path: node.socketPath,
      username: "app",
      password: "app-password",
      retryStrategy: () => null,
    });
    old.on("error", () => {});
    clients.push(old);
    await expect(old.ping()).rejects.toThrow();
  });

  run(`${title}: leaves nothing behind when it is no longer wanted`, async () => {
    await newAgent().start([...flags]);
    const { spec, node } = await runNode({ engine: kind });
    agent.controller.want();
    await agent.controller.gone(spec);
    expect(await isAlive(node.pid)).toBe(false);
    expect(existsSync(join(agent.nodesDirectory, spec.nodeId))).toBe(false);
    expect(existsSync(node.socketPath)).toBe(false);
  });

  run(`${title}: its files are its owner's only and hold no user's password`, async () => {
    await newAgent().start([...flags]);
    const { spec } = await runNode({ engine: kind });
    const folder = join(agent.nodesDirectory, spec.nodeId);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of ["node.json", "engine.conf", "engine.log"])
      expect([file, statSync(join(folder, file)).mode & 0o777]).toEqual([file, 0o600]);
    expect(readFileSync(join(folder, "engine.conf"), "utf8")).not.toContain("-password");
    expect(agent.log).not.toContain("-password");
  });
}

nativeTest("engines end when the whole service is asked to stop, and stay when only the agent is told to", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({});
  await agent.signal("SIGTERM");
  expect(await isAlive(node.pid)).toBe(true);
  agent.controller.forget();
  await agent.start();
  expect(await agent.controller.running(spec)).toMatchObject({ pid: node.pid });
  await agent.ask();
  expect(await isAlive(node.pid)).toBe(false);
});

nativeTest("goes on with the last word of a controller that is away", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({});
  await agent.controller.stop();
  process.kill(node.pid!, "SIGKILL");
  await agent.signal("SIGKILL");
  agent.controller.forget();
  await agent.start();
  await until("the engine answers again", async () => (await clientOf(node.socketPath).ping()) === "PONG");
  agent.controller.start();
  expect((await agent.controller.running(spec)).runId).not.toBe(node.runId);
});

nativeTest("a node that desired.json does not name is adopted, and removed only on the controller's word", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({});
  await agent.controller.stop();
  await agent.signal("SIGKILL");
  writeFileSync(join(agent.directory, "agent", "desired.json"), "{ cut sho");
  await agent.start();
  expect(await clientOf(node.socketPath).ping()).toBe("PONG");
  agent.controller.start();
  agent.controller.forget();
  expect((await agent.controller.running(spec)).pid).toBe(node.pid);
  agent.controller.want();
  await agent.controller.gone(spec);
  expect(await isAlive(node.pid)).toBe(false);
});

nativeTest("finds an engine whose agent died before it wrote the record", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({});
  await agent.signal("SIGKILL");
  await Bun.file(join(agent.nodesDirectory, spec.nodeId, "node.json")).delete();
  agent.controller.forget();
  await agent.start();
  expect(await agent.controller.running(spec)).toMatchObject({ pid: node.pid, runId: node.runId, engine: node.engine });
});

nativeTest("an engine whose socket file was removed is started again, as nobody could find it", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({});
  rmSync(node.socketPath);
  await agent.signal("SIGKILL");
  agent.controller.forget();
  await agent.start();
  expect((await agent.controller.running(spec)).runId).not.toBe(node.runId);
  expect(await isAlive(node.pid)).toBe(false);
  expect(await clientOf(node.socketPath).ping()).toBe("PONG");
});

nativeTest("a process that only has the id of an engine is never touched", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({});
  await agent.signal("SIGKILL");
  process.kill(node.pid!, "SIGKILL");
  await until("the engine is dead", async () => !(await isAlive(node.pid)));
  const bystander = Bun.spawn(["sleep", "60"]);
  try {
    const folder = join(agent.nodesDirectory, spec.nodeId);
    const record = JSON.parse(readFileSync(join(folder, "node.json"), "utf8"));
    writeFileSync(
      join(folder, "node.json"),
      JSON.stringify({ ...record, process: { ...record.process, pid: bystander.pid } }),
    );
    writeFileSync(join(folder, "engine.pid"), String(bystander.pid));
    agent.controller.forget();
    await agent.start();
    expect((await agent.controller.running(spec)).pid).not.toBe(bystander.pid);
    agent.controller.want();
    await agent.controller.gone(spec);
    expect(await isAlive(bystander.pid)).toBe(true);
  } finally {
    bystander.kill("SIGKILL");
  }
});

nativeTest("an engine that cannot start is reported as failed, with its last words, and tried again", async () => {
  await newAgent().start();
  const spec = nodeSpec({ maxmemoryPolicy: "no-such-policy" });
  agent.controller.want(spec);
  const failed = await agent.controller.observedWhen(spec, (node) => node.state === "failed");
  expect(failed.error?.code).toBe("EngineStartFailed");
  expect(failed.error?.message).toContain("argument(s) must be one of the following");
  const mended = { ...spec, generation: 2, maxmemoryPolicy: "noeviction" };
  agent.controller.want(mended);
  expect((await agent.controller.running(mended)).error).toBeNull();
});

nativeTest("what only a restart could change is refused, and the engine goes on", async () => {
  await newAgent().start();
  const { spec, node } = await runNode({});
  agent.controller.want({ ...spec, generation: 2, databases: 32 });
  const refused = await agent.controller.observedWhen(spec, (now) => now.error !== null);
  expect(refused).toMatchObject({ state: "running", generation: 1, runId: node.runId });
  expect(refused.error?.code).toBe("OperationNotSupported");
});

test("a cache too large for the embedded engine is refused", async () => {
  await newAgent().start(["--engine", "embedded"]);
  const spec = nodeSpec({ engine: "auto", memoryBytesMax: 6 * 2 ** 30 });
  agent.controller.want(spec);
  const failed = await agent.controller.observedWhen(spec, (node) => node.state === "failed");
  expect(failed.error?.code).toBe("EngineNotAvailable");
});

nativeTest("a second agent on the same folder is refused once the first has had time to stop", async () => {
  await newAgent().start();
  const { node } = await runNode({});
  const second = Bun.spawn([process.execPath, ...agent.command], { stdout: "pipe", stderr: "ignore" });
  expect(await second.stdout.text()).toContain("AlreadyRunning");
  expect(await isAlive(node.pid)).toBe(true);
});

test("a host without an engine gets one clear sentence", async () => {
  const missing = join(newAgent().directory, "no-such-engine");
  const error = JSON.parse(await agent.start(["--engine-path", missing]));
  expect(error).toEqual({
    error: { code: "EngineNotAvailable", message: `${missing} is not a valkey-server or redis-server that runs here.` },
  });
});

nativeTest("the engine holds no file of the agent", async () => {
  await newAgent().start();
  const { node } = await runNode({});
  if (process.platform !== "linux") return;
  const directory = `/proc/${node.pid}/fd`;
  const held = readdirSync(directory).map((file) => readlinkSync(join(directory, file)));
  expect(held.filter((target) => target.startsWith(join(agent.directory, "agent", "agent.lock")))).toEqual([]);
  // A pipe with both ends is the engine's own.
  const pipes = held.filter((target) => target.startsWith("pipe:"));
  expect(pipes.length).toBe(2 * new Set(pipes).size);
});
