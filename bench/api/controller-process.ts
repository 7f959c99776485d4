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
  /** Calls with the administrator's token. */
  load: HttpLoad;
  /** `/subscriptions/…/resourceGroups/bench`, which exists. */
  group: string;
}

/** The stack ends it. */
export async function startController(stack: AsyncDisposableStack): Promise<BenchController> {
  const directory = mkdtempSync(join(tmpdir(), "larder-bench-api-"));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const [apiPort = 0, tlsPort = 0] = await freePorts(2);
  const data = join(directory, "data");
  const socketPath = join(directory, "c.sock");
  const child = Bun.spawn(
    [
      ...[process.execPath, "--no-env-file", mainPath, "--data-dir", data, "--socket", socketPath],
      ...["--api-port", String(apiPort), "--tls-port", String(tlsPort), "--log-level", "error"],
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  stack.defer(async () => {
    child.kill("SIGTERM");
    await child.exited;
  });
  await firstLine(child.stdout);
  await startPeers(socketPath, stack);
  const load = new HttpLoad({
    port: apiPort,
    ca: readFileSync(join(data, "pki/ca.pem"), "utf8"),
    token: readFileSync(join(data, "admin-token"), "utf8").trim(),
  });
  stack.defer(() => load.close());
  return { pid: child.pid, load, group: await makeGroup(load) };
}

async function startPeers(socketPath: string, stack: AsyncDisposableStack): Promise<void> {
  const agent = new FakeAgent(socketPath);
  agent.memoryBytesTotal = TiB;
  const gateway = new FakeGateway(socketPath);
  await agent.start();
  gateway.start();
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
