/** A controller as a process, with peers that run nothing: what is measured is the controller. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeAgent, FakeGateway } from "../../packages/controller/fake-peers.ts";
import { freePorts } from "../../tests/fixture/free-ports.ts";
import { HttpLoad } from "./http-load.ts";

const mainPath = join(import.meta.dir, "../../packages/controller/main.ts");
const TiB = 1024 ** 4;
/** The agent repeats what it says so often, as a real one does. */
const reportEveryMs = 400;

export interface BenchController {
  pid: number;
  socketPath: string;
  dataDirectory: string;
  /** Calls with the administrator's token. */
  load: HttpLoad;
  /** `/subscriptions/…/resourceGroups/bench`, which exists. */
  group: string;
}

/** `engineSocket`: one real engine that stands for those of all caches; then real gateways are to come, and no fake one does. */
export interface ControllerChoices {
  portBase?: number;
  engineSocket?: string;
}

/** The stack ends it. */
export async function startController(
  stack: AsyncDisposableStack,
  { portBase = 10_000, engineSocket }: ControllerChoices = {},
): Promise<BenchController> {
  const directory = mkdtempSync(join(tmpdir(), "larder-bench-api-"));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const [apiPort = 0, tlsPort = 0] = await freePorts(2);
  const data = join(directory, "data");
  const socketPath = join(directory, "c.sock");
  const child = Bun.spawn(
    [
      ...[process.execPath, "--no-env-file", mainPath, "--data-dir", data, "--socket", socketPath],
      ...["--api-port", String(apiPort), "--tls-port", String(tlsPort), "--log-level", "error"],
      ...["--port-base", String(portBase)],
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  stack.defer(async () => {
    child.kill("SIGTERM");
    await child.exited;
  });
  await firstLine(child.stdout);
  await startPeers(socketPath, engineSocket, stack);
  const load = new HttpLoad({
    port: apiPort,
    ca: readFileSync(join(data, "pki/ca.pem"), "utf8"),
    token: readFileSync(join(data, "admin-token"), "utf8").trim(),
  });
  stack.defer(() => load.close());
  return { pid: child.pid, socketPath, dataDirectory: data, load, group: await makeGroup(load) };
}

async function startPeers(
  socketPath: string,
  engineSocket: string | undefined,
  stack: AsyncDisposableStack,
): Promise<void> {
  const agent = new FakeAgent(socketPath);
  agent.memoryBytesTotal = TiB;
  if (engineSocket !== undefined) agent.outcome = () => ({ socketPath: engineSocket });
  const gateway = new FakeGateway(socketPath);
  await agent.start();
  if (engineSocket === undefined) gateway.start();
  const timer = setInterval(() => void agent.report(), reportEveryMs);
  stack.defer(() => {
    clearInterval(timer);
    agent.stop();
    gateway.stop();
  });
}

async function makeGroup(load: HttpLoad): Promise<string> {
  const { body } = await load.once({ method: "GET", path: "/subscriptions?api-version=2022-12-01" });
  const { value } = JSON.parse(body) as { value: { id: string }[] };
  const group = `${value[0]?.id}/resourceGroups/bench`;
  await load.once({ method: "PUT", path: `${group}?api-version=2021-04-01`, body: { location: "local" } });
  return group;
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of stream) {
    const text = Buffer.from(chunk).toString();
    if (text.startsWith("ready")) return;
    throw new Error(`the controller did not start: ${text}`);
  }
}
