/** A cache: the one that the environment names, else that of the Larder service that runs, else a service of one's own. */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePorts } from "./free-ports.ts";

const larder = fileURLToPath(new URL("../../../bin/larder", import.meta.url));
const startTimeoutMs = 60_000;
const portsNeeded = 8;

export interface FoundCache {
  /** What a program needs to reach it: REDIS_URL, NODE_EXTRA_CA_CERTS. */
  env: Record<string, string>;
  from: string;
  stop: () => Promise<void>;
}

export async function findOrStartCache(): Promise<FoundCache> {
  const { REDIS_URL, NODE_EXTRA_CA_CERTS = "" } = process.env;
  if (REDIS_URL) return { env: { REDIS_URL, NODE_EXTRA_CA_CERTS }, from: "REDIS_URL", stop: async () => {} };
  try {
    return { env: await connectQuickstart([]), from: "the running Larder service", stop: async () => {} };
  } catch {
    return startLarder();
  }
}

async function startLarder(): Promise<FoundCache> {
  const directory = mkdtempSync(join(tmpdir(), "larder-shop-"));
  const dataDir = ["--data-dir", join(directory, "larder")];
  const readyFile = join(directory, "ready.json");
  const port = await freePorts(portsNeeded);
  const ports = ["--api-port", `${port}`, "--tls-port", `${port + 1}`, "--port-base", `${port + 2}`];
  // Out of the terminal's process group: Ctrl-C must reach it only through stop(), after those that use it.
  const child = spawn(larder, ["up", ...dataDir, ...ports, "--ready-file", readyFile], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-1_000)));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGINT");
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(child, readyFile);
    return { env: await connectQuickstart(dataDir), from: "a Larder service of its own", stop };
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message} ${errors.trim()}`, { cause: error });
  }
}

async function untilReady(child: ChildProcess, readyFile: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < startTimeoutMs; waitedMs += 20) {
    if (existsSync(readyFile)) return;
    if (child.exitCode !== null) throw new Error(`larder up ended with status ${child.exitCode}.`);
    await sleep(20);
  }
  throw new Error("larder up was not ready in time.");
}

/** Lets a shell read the `export` lines, as it is they are made for. */
async function connectQuickstart(dataDir: readonly string[]): Promise<Record<string, string>> {
  const { stdout } = await promisify(execFile)(larder, ["connect", "quickstart", "--for", "env", ...dataDir]);
  const script = 'eval "$EXPORTS"; printf "%s\\n" "$REDIS_URL" "$NODE_EXTRA_CA_CERTS"';
  const values = execFileSync("sh", ["-c", script], { encoding: "utf8", env: { EXPORTS: stdout } });
  const [REDIS_URL = "", NODE_EXTRA_CA_CERTS = ""] = values.split("\n");
  return { REDIS_URL, NODE_EXTRA_CA_CERTS };
}
