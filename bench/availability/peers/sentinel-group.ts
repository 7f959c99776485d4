/**
 * A Valkey primary, its replica, and three Sentinels that watch them, on this machine. Settings are those of Sentinel's
 * own documentation but for two that are to its advantage: a node counts as down after one second (there: five or
 * more), and a replica of the new primary's is made of a killed one at once (`restart`). Started again as it was, it would be a second,
 * empty primary until a Sentinel finds it, some ten seconds later.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandClient, type Words } from "../../../tests/fixture/command-client.ts";
import { until } from "../../../tests/fixture/until.ts";
import { freePorts } from "../../ports.ts";
import { type Program, startProgram } from "../../process.ts";
import { wholeTimeoutMs } from "../subject.ts";

const downAfterMs = 1_000;
const failoverTimeoutMs = 10_000;
const group = "bench";

interface Server {
  port: number;
  directory: string;
  program: Program;
}

export class SentinelGroup {
  readonly ports: readonly [number, number];
  readonly #servers: readonly Server[];
  readonly #sentinels: readonly number[];

  private constructor(servers: readonly [Server, Server], sentinels: readonly number[]) {
    this.#servers = servers;
    this.ports = [servers[0].port, servers[1].port];
    this.#sentinels = sentinels;
  }

  /** `onSwitch`: a program that each Sentinel calls after a failover. The stack stops all. */
  static async start(
    stack: AsyncDisposableStack,
    options: { directory: string; onSwitch?: string; ports?: readonly [number, number] },
  ): Promise<SentinelGroup> {
    const [one, other] = options.ports ?? (await freePorts(2));
    const primary = await startServer(options.directory, one, null);
    stack.defer(() => primary.program.stop());
    const replica = await startServer(options.directory, other, one);
    stack.defer(() => replica.program.stop());
    const sentinels: number[] = [];
    for (const port of await freePorts(3)) {
      const sentinel = await startSentinel({ ...options, port, primary: one });
      stack.defer(() => sentinel.stop());
      sentinels.push(port);
    }
    return new SentinelGroup([primary, replica], sentinels);
  }

  async primaryPid(): Promise<number> {
    return this.#serverOn(await this.#primaryPort()).program.pid;
  }

  /** Starts a dead server again, and resolves when all Sentinels see one primary and a replica in step. */
  async untilWhole(): Promise<void> {
    await until("Sentinel's group is whole", () => this.#isWhole(), wholeTimeoutMs);
  }

  async failover(): Promise<void> {
    const before = await this.#primaryPort();
    const [first = 0] = this.#sentinels;
    await until("Sentinel takes on a failover", async () => (await ask(first, "SENTINEL", "FAILOVER", group)) === "OK");
    await until("Sentinel has failed over", async () => (await this.#primaryPort()) !== before, wholeTimeoutMs);
  }

  async #isWhole(): Promise<boolean> {
    const primary = await this.#primaryPort();
    for (const server of this.#servers) {
      if (isRunning(server.program.pid)) continue;
      if (server.port === primary) return false;
      server.program = (await startServer(server.directory, server.port, primary)).program;
    }
    if (!/^role:master/m.test(String(await ask(primary, "INFO", "replication")))) return false;
    const views = await Promise.all(this.#sentinels.map((sentinel) => this.#isWholeFor(sentinel, primary)));
    return views.every(Boolean);
  }

  async #isWholeFor(sentinel: number, primary: number): Promise<boolean> {
    if ((await portOfPrimary(sentinel)) !== primary) return false;
    if (!String(await ask(sentinel, "SENTINEL", "CKQUORUM", group)).startsWith("OK")) return false;
    const [replica] = (await ask(sentinel, "SENTINEL", "REPLICAS", group)) as string[][];
    const fields = new Map(Array.from({ length: (replica?.length ?? 0) / 2 }, (_, index) => fieldAt(replica, index)));
    return fields.get("flags") === "slave" && fields.get("master-link-status") === "ok";
  }

  #serverOn(port: number): Server {
    const server = this.#servers.find((each) => each.port === port);
    if (server === undefined) throw new Error("Sentinel names a primary that was not started");
    return server;
  }

  #primaryPort(): Promise<number> {
    return portOfPrimary(this.#sentinels[0] as number);
  }
}

function fieldAt(flat: readonly string[] | undefined, index: number): [string, string] {
  return [flat?.[2 * index] ?? "", flat?.[2 * index + 1] ?? ""];
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function ask(port: number, ...words: Words): Promise<unknown> {
  const client = await CommandClient.connect({ port });
  try {
    return await client.ask(...words);
  } finally {
    client.close();
  }
}

async function portOfPrimary(sentinel: number): Promise<number> {
  return Number(((await ask(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", group)) as string[])[1]);
}

/** With the settings of the agent's engines: no snapshots, a whole copy without delay. */
async function startServer(directory: string, port: number, primary: number | null): Promise<Server> {
  const own = join(directory, `server-${port}`);
  mkdirSync(own, { recursive: true });
  const lines = [
    ...[`port ${port}`, "bind 127.0.0.1", `dir ${own}`, "loglevel warning"],
    ...['save ""', "maxmemory 1gb", "repl-diskless-sync-delay 0"],
    ...(primary === null ? [] : [`replicaof 127.0.0.1 ${primary}`]),
  ];
  return { port, directory, program: await startConfigured({ directory: own, lines, port, mode: [] }) };
}

function startSentinel(options: {
  directory: string;
  port: number;
  primary: number;
  onSwitch?: string;
}): Promise<Program> {
  const { port, primary, onSwitch } = options;
  const own = join(options.directory, `sentinel-${port}`);
  mkdirSync(own, { recursive: true });
  const lines = [
    ...[`port ${port}`, "bind 127.0.0.1", `dir ${own}`, "loglevel warning"],
    `sentinel monitor ${group} 127.0.0.1 ${primary} 2`,
    `sentinel down-after-milliseconds ${group} ${downAfterMs}`,
    `sentinel failover-timeout ${group} ${failoverTimeoutMs}`,
    `sentinel parallel-syncs ${group} 1`,
    ...(onSwitch === undefined ? [] : [`sentinel client-reconfig-script ${group} ${onSwitch}`]),
  ];
  return startConfigured({ directory: own, lines, port, mode: ["--sentinel"] });
}

function startConfigured(options: {
  directory: string;
  lines: string[];
  port: number;
  mode: string[];
}): Promise<Program> {
  const configPath = join(options.directory, "server.conf");
  writeFileSync(configPath, `${options.lines.join("\n")}\n`);
  return startProgram({
    command: ["valkey-server", configPath, ...options.mode],
    port: options.port,
    logPath: join(options.directory, "server.log"),
  });
}
