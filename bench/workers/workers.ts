/** `npm run bench workers`: two gateway workers beside one. All processes share the machine's cores, so the generator's part is stated beside the ratios. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueCertificate } from "../certificate.ts";
import { compare } from "../compare.ts";
import { startGatewayProcesses } from "../gateway-processes.ts";
import { generatorThreads } from "../load.ts";
import { describeMachine } from "../machine.ts";
import { type Cell, cellsOf } from "../matrix.ts";
import { ensurePeers, valkeyPrograms } from "../peers/install.ts";
import { startValkey } from "../peers/valkey.ts";
import { showProgress } from "../progress.ts";
import { median } from "../quantile.ts";
import { writeResult } from "../result.ts";
import { summarize } from "../sample.ts";
import type { Target } from "../targets.ts";
import { judgeWorkers } from "./worker-goals.ts";
import { workersReport } from "./workers-report.ts";

/** Returns whether every goal is met. */
export async function benchWorkers(options: { isQuick: boolean; signal: AbortSignal }): Promise<boolean> {
  const { isQuick, signal } = options;
  ensurePeers(valkeyPrograms);
  const machine = await describeMachine(valkeyPrograms);
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "larder-bench-"));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const targets = await startWorkerTargets(stack, directory, machine.versions["valkey-server"] ?? "");

  const samples = await compare({
    cells: workerCells(isQuick),
    targetsOf: () => targets,
    onProgress: showProgress,
    signal,
  });
  const ratios = judgeWorkers(samples);
  const shares = samples.map((sample) => sample.othersShare);
  const othersShare = { median: median(shares), max: Math.max(...shares) };
  const result = { machine, othersShare, generatorThreads, ratios, summaries: summarize(samples) };
  writeResult(isQuick ? "workers-quick" : "workers", result, workersReport(result));
  return ratios.every((ratio) => ratio.isMet);
}

/** The kernel draws anew for each connection which worker it goes to: many rounds, so that the draw evens out. */
function workerCells(isQuick: boolean): Cell[] {
  const run = isQuick ? { rounds: 3, seconds: 1 } : { rounds: 9, seconds: 2 };
  return cellsOf("quick").map((cell) => ({ ...cell, ...run }));
}

async function startWorkerTargets(
  stack: AsyncDisposableStack,
  directory: string,
  engineVersion: string,
): Promise<Target[]> {
  const certificate = await issueCertificate(directory);
  const start = async (name: string, workers: number) => {
    const engine = await startValkey({ directory, name: `behind-${name}`, certificate });
    stack.defer(() => engine.stop());
    const options = { directory, name, workers, clientsMax: 1_000, engine, engineVersion, certificate };
    const gateway = await startGatewayProcesses(stack, options);
    return { gateway, pids: { proxyPids: gateway.pids, enginePid: engine.pid, isOnOneCpu: null } };
  };
  const one = await start("one", 1);
  const two = await start("two", 2);
  return [
    { name: "larder", endpoint: one.gateway.plain, ...one.pids },
    { name: "larder-2-workers", endpoint: two.gateway.plain, ...two.pids },
    { name: "larder-tls", endpoint: one.gateway.tls, ...one.pids },
    { name: "larder-tls-2-workers", endpoint: two.gateway.tls, ...two.pids },
  ];
}
