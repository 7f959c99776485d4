/** `larder up` with its real processes: what it leaves ready, what it refuses, and that it leaves nothing behind. */

import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionFile, errorTable } from "@larder/api";
import { createClient } from "redis";
import { findFreePorts } from "./fixture/free-ports.ts";
import { commandLines } from "./fixture/processes.ts";
import { larderPath, type ServiceOptions, startService, type TestService } from "./fixture/service.ts";

/** What a test has begun, ended in reverse. */
const cleanUps: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function service(options: ServiceOptions = {}): Promise<TestService> {
  const started = await startService(options);
  cleanUps.push(() => started.stop());
  return started;
}

function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "larder-test-"));
  cleanUps.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A `larder up` that is expected to end by itself. */
async function runUp(...args: string[]): Promise<{ exit: number; stderr: string }> {
  const up = Bun.spawn([larderPath, "up", "--engine", "auto", "--identity", "off", ...args], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = await new Response(up.stderr).text();
  return { exit: await up.exited, stderr };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await Bun.sleep(10);
}

/** The processes whose command line names the directory: the daemons and engines of its service. */
function processesOf(dataDir: string): string[] {
  return commandLines().filter((line) => line.includes(dataDir));
}

function takePort(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(port, "127.0.0.1", () => resolve(server));
    cleanUps.push(() => void server.close());
  });
}

describe("the first start", () => {
  test("leaves a cache that answers, and says how to reach it", async () => {
    const { connection, client, dataDir, pids } = await service({ quickstart: true });
    expect(Object.keys(connection)).toEqual([
      "api",
      "token",
      "ca",
      "subscription",
      "resourceGroup",
      "storageRoots",
      "pids",
    ]);
    expect(connection.pids).toEqual(pids());
    expect(Object.values(connection.pids).flat().every(isAlive)).toBeTrue();
    expect(connection.resourceGroup).toBe("default");
    const cache = await client.getCache({ resourceGroup: "default", name: "quickstart" });
    expect(cache.properties.larder.state).toBe("available");
    for (const file of ["ready.json", "connection.json", "controller/admin-token"])
      expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  test("prints a redis-cli line, and a Node snippet that works when it is pasted", async () => {
    const dataDir = temporaryDirectory();
    const first = await service({ dataDir, quickstart: true });
    await first.stop();
    const { stdout } = await first.output;
    expect(stdout).toMatch(/^REDISCLI_AUTH=\S+ redis-cli --tls --cacert \S+ -h localhost -p \d+$/m);
    expect(stdout).not.toContain("\x1b");
    await service({ dataDir, ports: first.ports });
    const snippet = stdout.slice(stdout.indexOf("node --input-type"), stdout.indexOf("\nEOF\n") + "\nEOF\n".length);
    const shell = Bun.spawn(["sh", "-c", snippet], { cwd: join(import.meta.dir, ".."), stdout: "pipe" });
    expect(await new Response(shell.stdout).text()).toBe("hello\n");
  });

  test("makes no cache with --no-quickstart", async () => {
    const { client } = await service();
    expect(await client.listCaches()).toEqual([]);
    expect((await client.listResourceGroups()).map(({ name }) => name)).toEqual(["default"]);
  });
});

describe("a later start", () => {
  test("finds the same caches, keys and token, and makes no second quickstart", async () => {
    const dataDir = temporaryDirectory();
    const first = await service({ dataDir, quickstart: true });
    const at = { resourceGroup: "default", name: "shop" };
    await first.createCache("shop", {}, { team: "web" });
    await first.client.deleteCache({ resourceGroup: "default", name: "quickstart" });
    const [cache, keys] = [await first.client.getCache(at), await first.client.listKeys(at)];
    await first.stop();
    const second = await service({ dataDir, ports: first.ports, quickstart: true });
    expect(second.connection.token).toBe(first.connection.token);
    expect((await second.client.listCaches()).map(({ name }) => name)).toEqual(["shop"]);
    const found = await second.client.getCache(at);
    expect(found.tags).toEqual({ team: "web" });
    expect(found.properties.larder.endpoint).toEqual(cache.properties.larder.endpoint);
    expect(await second.client.listKeys(at)).toEqual(keys);
  });

  test("after the supervisor was killed finds the same data", async () => {
    const dataDir = temporaryDirectory();
    const first = await service({ dataDir });
    const cache = await first.createCache("shop");
    const { primaryKey } = await first.client.listKeys({ resourceGroup: "default", name: "shop" });
    const connect = () =>
      createClient({
        url: `rediss://localhost:${cache.properties.larder.endpoint.tlsPort}`,
        password: primaryKey,
        socket: { tls: true, ca: readFileSync(first.connection.ca) },
      }).connect();
    const before = await connect();
    before.on("error", () => {});
    await before.set("kept", "yes");
    await first.kill();
    before.destroy();
    await service({ dataDir, ports: first.ports });
    const after = await connect();
    expect(await after.get("kept")).toBe("yes");
    await after.close();
  });
});

describe("is refused", () => {
  test("while another one uses the directory", async () => {
    const { dataDir, connection, process: up, client } = await service();
    const { exit, stderr } = await runUp("--data-dir", dataDir);
    expect(exit).toBe(errorTable.AlreadyRunning.exit);
    expect(stderr).toBe(`larder: Another \`larder up\` (process ${up.pid}, ${connection.api}) uses ${dataDir}.\n`);
    expect(await client.listCaches()).toEqual([]);
  });

  test.each(["--api-port", "--tls-port"])("with one sentence when %s is taken", async (flag) => {
    const dataDir = temporaryDirectory();
    const ports = await findFreePorts();
    const taken = flag === "--api-port" ? ports.apiPort : ports.tlsPort;
    await takePort(taken);
    const numbers = ["--api-port", String(ports.apiPort), "--tls-port", String(ports.tlsPort)];
    const { exit, stderr } = await runUp("--data-dir", dataDir, ...numbers, "--port-base", String(ports.portBase));
    expect(exit).toBe(errorTable.PortInUse.exit);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain(String(taken));
    expect(stderr).toContain(flag);
    expect(processesOf(dataDir)).toEqual([]);
  });

  test("where the directory cannot be made", async () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    const { exit, stderr } = await runUp("--data-dir", join(file, "data"));
    expect(exit).toBe(errorTable.DataDirectoryUnusable.exit);
    expect(stderr).toBe(`larder: The data directory ${file}/data cannot be used: a part of its path is a file.\n`);
  });

  test("for bad options, all of them at once", async () => {
    const { exit, stderr } = await runUp("--data-dir", temporaryDirectory(), "--api-port", "0", "--tls-port", "x");
    expect(exit).toBe(errorTable.ConfigInvalid.exit);
    expect(stderr).toContain('--api-port must be a port from 1 to 65535, not "0"; --tls-port must be');
  });
});

describe("a daemon that is killed", () => {
  test.each(["controller", "agent", "gateway"] as const)("%s runs again, and the files say so", async (name) => {
    const { pids, dataDir, createCache, client } = await service();
    await createCache("shop");
    const before = pids();
    process.kill(before[name][0] as number, "SIGKILL");
    await until(() => pids()[name][0] !== before[name][0]);
    expect(pids()).toEqual({ ...before, [name]: pids()[name] });
    const readyFile = () => JSON.parse(readFileSync(join(dataDir, "ready.json"), "utf8")) as ConnectionFile;
    await until(() => readyFile().pids[name][0] === pids()[name][0]);
    await until(
      async () =>
        (await client.getCache({ resourceGroup: "default", name: "shop" })).properties.larder.state === "available",
    );
  });
});

describe("stopping", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("by %s ends every process", async (signal) => {
    const { process: up, output, dataDir, createCache } = await service();
    await createCache("shop");
    expect(processesOf(dataDir).length).toBeGreaterThanOrEqual(5);
    up.kill(signal);
    expect(await up.exited).toBe(0);
    expect(processesOf(dataDir)).toEqual([]);
    expect(existsSync(join(dataDir, "ready.json"))).toBeFalse();
    expect((await output).stderr).toContain("stopped");
  });

  test("a second Ctrl-C waits for nobody", async () => {
    const { process: up, pids, dataDir, output } = await service();
    process.kill(pids().controller[0] as number, "SIGSTOP");
    up.kill("SIGINT");
    await until(() => !existsSync(join(dataDir, "ready.json")));
    up.kill("SIGINT");
    expect(await up.exited).toBe(130);
    expect((await output).stderr).toContain("Killed.");
    await until(() => processesOf(dataDir).length === 0);
  });

  test("works while it still starts", async () => {
    const dataDir = temporaryDirectory();
    const ports = await findFreePorts();
    const up = Bun.spawn(
      [larderPath, "up", "--data-dir", dataDir, "--engine", "auto", "--api-port", String(ports.apiPort)].concat([
        ...["--tls-port", String(ports.tlsPort), "--port-base", String(ports.portBase), "--identity", "off"],
      ]),
      { stdin: "ignore", stdout: "ignore", stderr: "ignore" },
    );
    await until(() => existsSync(join(dataDir, "logs/controller.log")));
    up.kill("SIGINT");
    expect(await up.exited).toBe(0);
    expect(processesOf(dataDir)).toEqual([]);
  });
});
