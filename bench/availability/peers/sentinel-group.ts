/**
 * A Valkey primary, two replicas, and three Sentinels that watch them, on this machine: the "three boxes" of Sentinel's own
 * documentation, with the `min-replicas-to-write` that it advises against a former primary that goes on taking writes. Two
 * things are to its advantage: a node counts as down after one second (there: five or more), and a killed one is started
 * again as a replica of the new primary. Started as it was, it would be a second, empty primary until a Sentinel finds
 * it, some ten seconds later.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandClient, type Words } from "../../../tests/fixture/command-client.ts";
import { until } from "../../../tests/fixture/until.ts";
import { freePorts } from "../../ports.ts";
import { type Program, startProgram } from "../../process.ts";
import { untilWhole } from "../until-whole.ts";

const downAfterMs = 1_000;
const failoverTimeoutMs = 10_000;
const group = "bench";
const replicaCount = 2;
const sentinelCount = 3;
/** Sentinels that must agree. */
const quorum = 2;

interface Server {
  port: number;
  directory: string;
  program: Program;
}

export class SentinelGroup {
  readonly ports: readonly number[];
  readonly #servers: readonly Server[];
  readonly #sentinels: readonly number[];

  private constructor(servers: readonly Server[], sentinels: readonly number[]) {
    this.#servers = servers;
    this.ports = servers.map(({ port }) => port);
    this.#sentinels = sentinels;
  }

  /** `onSwitch`: a program that each Sentinel calls after a failover. The stack stops all. */
  static async start(
    stack: AsyncDisposableStack,
    options: { directory: string; primaryPort: number; onSwitch?: string },
  ): Promise<SentinelGroup> {
    const { directory, primaryPort, onSwitch } = options;
    const servers: Server[] = [];
    for (const port of [primaryPort, ...(await freePorts(replicaCount))]) {
      const server = await startServer(directory, port, servers.length === 0 ? null : primaryPort);
      stack.defer(() => server.program.stop());
      servers.push(server);
    }
    const sentinels: number[] = [];
    for (const port of await freePorts(sentinelCount)) {
      const sentinel = await startSentinel({ directory, port, primaryPort, onSwitch });
      stack.defer(() => sentinel.stop());
      sentinels.push(port);
    }
    return new SentinelGroup(servers, sentinels);
  }

  async primaryPid(): Promise<number> {
    return this.#serverOn(await this.#primaryPort()).program.pid;
  }

  /** Starts a dead server again, and resolves when all Sentinels see one primary and a replica in step. */
  untilWhole(): Promise<void> {
    return untilWhole(() => this.#isWhole());
  }

  async failover(): Promise<void> {
    const before = await this.#primaryPort();
    const [first = 0] = this.#sentinels;
    await until("Sentinel takes on a failover", async () => (await ask(first, "SENTINEL", "FAILOVER", group)) === "OK");
    await until("Sentinel has failed over", async () => (await this.#primaryPort()) !== before);
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
    const replicas = ((await ask(sentinel, "SENTINEL", "REPLICAS", group)) as string[][]).map(fieldsOf);
    const isInStep = (replica: Map<string, string>) =>
      replica.get("flags") === "slave" && replica.get("master-link-status") === "ok";
    return replicas.length === replicaCount && replicas.every(isInStep);
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

function fieldsOf(flat: readonly string[]): Map<string, string> {
  return new Map(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ""]] : [])));
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
    ...["min-replicas-to-write 1", "min-replicas-max-lag 10"],
    ...(primary === null ? [] : [`replicaof 127.0.0.1 ${primary}`]),
  ];
  return { port, directory, program: await startConfigured({ directory: own, lines, port, mode: [] }) };
}

function startSentinel(options: {
  directory: string;
  port: number;
  primaryPort: number;
  onSwitch: string | undefined;
}): Promise<Program> {
  const { port, primaryPort, onSwitch } = options;
  const own = join(options.directory, `sentinel-${port}`);
  mkdirSync(own, { recursive: true });
  const lines = [
    ...[`port ${port}`, "bind 127.0.0.1", `dir ${own}`, "loglevel warning"],
    `sentinel monitor ${group} 127.0.0.1 ${primaryPort} ${quorum}`,
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
