/** A Valkey as it comes, without the service, in a directory of its own: what files are made by, and what Larder stands beside. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@larder/service";
import { Redis } from "ioredis";
import { freePorts } from "../ports.ts";
import { startProgram } from "../process.ts";

export interface PlainEngine {
  port: number;
  pid: number;
  client: Redis;
  /** Its process ends at once, with nothing saved. */
  kill(): void;
  stop(): Promise<void>;
}

const lookMs = 5;

/**
 * `directory` is made; what lies in it is loaded. Resolves when it takes connections, which is before it has loaded that.
 * `port`: of an earlier life of it.
 */
export async function startPlainEngine(
  directory: string,
  { settings = [], port: former }: { settings?: readonly string[]; port?: number } = {},
): Promise<PlainEngine> {
  mkdirSync(directory, { recursive: true });
  const port = former ?? (await freePorts(1))[0];
  const own = ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--dir", directory];
  const logPath = join(directory, "engine.log");
  const engine = await startProgram({ command: ["valkey-server", ...own, ...settings], port, logPath });
  const client = new Redis({ port, maxRetriesPerRequest: 0, enableReadyCheck: false });
  client.on("error", () => {});
  return {
    port,
    pid: engine.pid,
    client,
    kill: () => void process.kill(engine.pid, "SIGKILL"),
    async stop() {
      client.disconnect();
      await engine.stop();
    },
  };
}

export async function untilLoaded({ client }: PlainEngine, signal: AbortSignal): Promise<void> {
  while (!/^loading:0/m.test(await client.info("persistence"))) {
    signal.throwIfAborted();
    await systemClock.sleep(lookMs);
  }
}
