/** Moving by a file: `valkey-cli --rdb` fetches it, and another server starts with it. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@larder/service";
import { startPlainEngine, untilLoaded } from "../plain-engine.ts";
import type { Noticed, Source } from "./source.ts";

export interface ByTool extends Noticed {
  /** Until the new server has the data, and takes clients. */
  moveMs: number;
}

/** Clients write on meanwhile. */
export async function moveByFile(source: Source, directory: string, signal: AbortSignal): Promise<ByTool> {
  await using stack = new AsyncDisposableStack();
  const before = await source.baseline();
  const { nowMs: fromMs } = await source.writes.look();
  const startMs = systemClock.monotonicMs();
  const folder = mkdtempSync(join(directory, "by-file-"));
  await fetchFile(source.engine.port, join(folder, "dump.rdb"), signal);
  const engine = await startPlainEngine(folder);
  stack.defer(() => engine.stop());
  await untilLoaded(engine, signal);
  const moveMs = systemClock.monotonicMs() - startMs;
  const { nowMs: toMs } = await source.writes.look();
  const endpoint = { port: engine.port, caPath: null, password: null };
  const interruptionMs = await source.switchTo(endpoint);
  const meanwhile = await source.writes.latency(fromMs, toMs);
  return { before, meanwhile, interruptionMs, moveMs, kept: await source.keptAt(endpoint) };
}

async function fetchFile(port: number, path: string, signal: AbortSignal): Promise<void> {
  const command = ["valkey-cli", "-p", String(port), "--rdb", path];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe", signal });
  const [problem, status] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  signal.throwIfAborted();
  if (status !== 0) throw new Error(`valkey-cli --rdb failed: ${problem.slice(-300).trim()}`);
}
