/**
 * One life of a daemon: the process and the few lines that it and its supervisor exchange (packages/service,
 * lifecycle.ts). It leads a session of its own, so that Ctrl-C in the terminal reaches the supervisor alone. Its standard
 * error goes straight into the log file, so that nothing is lost when the supervisor dies.
 */
import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { DaemonPlan } from "./daemon-plan.ts";

export interface DaemonExit {
  status: number | null;
  signal: string | null;
  /** What it said of its failure before it ended. */
  error: { code: string; message: string } | null;
}

export interface DaemonProcess {
  readonly pid: number;
  readonly exited: Promise<DaemonExit>;
  askToStop(): void;
  kill(): void;
}

export type SpawnDaemon = (plan: DaemonPlan, onReady: () => void) => DaemonProcess;

/** Starts the program on the runtime that runs this one. */
export const spawnDaemon: SpawnDaemon = (plan, onReady) => {
  const log = openSync(plan.logPath, "a", 0o600);
  try {
    const child = Bun.spawn([process.execPath, "--no-env-file", plan.program, ...plan.args], {
      cwd: dirname(plan.program),
      stdin: "pipe",
      stdout: "pipe",
      stderr: log,
      detached: true,
    });
    return {
      pid: child.pid,
      exited: followUntilExit(child, onReady),
      askToStop() {
        void child.stdin.write("stop\n");
        // A process that has just ended by itself no longer reads.
        Promise.resolve(child.stdin.flush()).catch(() => {});
      },
      kill: () => child.kill("SIGKILL"),
    };
  } finally {
    closeSync(log);
  }
};

async function followUntilExit(
  child: Bun.Subprocess<"pipe", "pipe", number>,
  onReady: () => void,
): Promise<DaemonExit> {
  let error: DaemonExit["error"] = null;
  for await (const line of linesOf(child.stdout)) {
    if (line === "ready") onReady();
    else error = parseErrorLine(line) ?? error;
  }
  await child.exited;
  return { status: child.exitCode, signal: child.signalCode === null ? null : String(child.signalCode), error };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of stream) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
    pending = lines.pop() ?? "";
    yield* lines;
  }
}

function parseErrorLine(line: string): DaemonExit["error"] {
  try {
    const { error } = JSON.parse(line) as { error?: { code: string; message: string } };
    return error ?? null;
  } catch {
    return null;
  }
}
