/** A program that the benchmark runs beside itself: started, waited for until its port or socket answers, and stopped by its pid. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { systemClock } from "@larder/service";

const readyTimeoutMs = 5_000;
const stopTimeoutMs = 5_000;

export interface Program {
  pid: number;
  stop(): Promise<void>;
}

/** Resolves when it takes connections on `port`. Its output goes to `logPath`, whose end is in the error when it does not. */
export async function startProgram(options: { command: string[]; port: number; logPath: string }): Promise<Program> {
  const log = openSync(options.logPath, "w");
  const child = Bun.spawn(options.command, { stdin: "ignore", stdout: log, stderr: log });
  closeSync(log);
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await child.exited;
    clearTimeout(timer);
  };
  const deadlineMs = systemClock.monotonicMs() + readyTimeoutMs;
  while (!(await answers(options.port))) {
    if (child.exitCode === null && systemClock.monotonicMs() < deadlineMs) {
      await systemClock.sleep(20);
      continue;
    }
    await stop();
    throw new Error(`${options.command[0]} did not start: ${readFileSync(options.logPath, "utf8").slice(-500).trim()}`);
  }
  return { pid: child.pid, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
