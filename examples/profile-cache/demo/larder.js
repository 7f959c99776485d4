/** A cache for the demo: the one that the environment names, else that of the Larder service that runs, else a service of one's own. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const larder = fileURLToPath(new URL("../../../bin/larder", import.meta.url));
const startTimeoutMs = 30_000;

/**
 * @typedef {object} Cache
 * @property {Record<string, string>} env  what a program needs to reach it: REDIS_URL, NODE_EXTRA_CA_CERTS
 * @property {string} from
 * @property {() => Promise<void>} stop
 */

/** @returns {Promise<Cache>} */
export async function findOrStartCache() {
  const { REDIS_URL, NODE_EXTRA_CA_CERTS = "" } = process.env;
  if (REDIS_URL) return { env: { REDIS_URL, NODE_EXTRA_CA_CERTS }, from: "REDIS_URL", stop: async () => {} };
  try {
    return { env: await connectQuickstart([]), from: "the running Larder service", stop: async () => {} };
  } catch {
    return startLarder();
  }
}

/** @returns {Promise<Cache>} */
async function startLarder() {
  const directory = mkdtempSync(join(tmpdir(), "profile-cache-"));
  const dataDir = ["--data-dir", join(directory, "larder")];
  const readyFile = join(directory, "ready.json");
  const port = await findFreePorts();
  const ports = ["--api-port", `${port}`, "--tls-port", `${port + 1}`, "--port-base", `${port + 2}`];
  // Out of the terminal's process group: Ctrl-C must reach it only through stop(), after those that use it.
  const child = spawn(larder, ["up", ...dataDir, ...ports, "--ready-file", readyFile], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (errors = (errors + text).slice(-1_000)));
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
    throw new Error(`${error.message} ${errors.trim()}`, { cause: error });
  }
}

async function untilReady(child, readyFile) {
  for (let waitedMs = 0; waitedMs < startTimeoutMs; waitedMs += 20) {
    if (existsSync(readyFile)) return;
    if (child.exitCode !== null) throw new Error(`larder up ended with status ${child.exitCode}.`);
    await sleep(20);
  }
  throw new Error("larder up was not ready in time.");
}

/** Lets a shell read the `export` lines, as it is they are made for. */
async function connectQuickstart(dataDir) {
  const { stdout } = await promisify(execFile)(larder, ["connect", "quickstart", "--for", "env", ...dataDir]);
  const script = 'eval "$EXPORTS"; printf "%s\\n" "$REDIS_URL" "$NODE_EXTRA_CA_CERTS"';
  const values = execFileSync("sh", ["-c", script], { encoding: "utf8", env: { EXPORTS: stdout } });
  const [REDIS_URL = "", NODE_EXTRA_CA_CERTS = ""] = values.split("\n");
  return { REDIS_URL, NODE_EXTRA_CA_CERTS };
}

const portsNeeded = 8;

/** The first of a run of ports that were free a moment ago, below those that the kernel gives to outgoing connections. */
async function findFreePorts() {
  for (;;) {
    const first = randomInt(11_000, 32_000);
    const ports = Array.from({ length: portsNeeded }, (_, index) => first + index);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return first;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
