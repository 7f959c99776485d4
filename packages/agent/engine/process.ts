/**
 * The identity of a process: its id together with its start time, as the kernel gives ids out again. Nothing is ever
 * signalled by id alone. The boot's id is part of the start time on Linux, where it counts from the boot.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

export interface ProcessIdentity {
  pid: number;
  startTime: string;
}

const execute = promisify(execFile);
const psTimeoutMs = 2_000;

/** The identity of the living process with this id, or undefined when there is none. A zombie is not living. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = process.platform === "linux" ? startTimeFromProc(pid) : await startTimeFromPs(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const found = await identifyProcess(identity.pid);
  return found?.startTime === identity.startTime;
}

/** Sends the signal if the process still is the one that is meant. Returns whether it was sent. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

let bootId: string | undefined;

function startTimeFromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return undefined;
  }
  const ticks = parseStat(stat);
  return ticks === undefined ? undefined : `${bootId}:${ticks}`;
}

/** Field 22 of /proc/PID/stat, by proc(5); undefined for a zombie. The name in field 2 may hold spaces and brackets. */
export function parseStat(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  return state === "Z" || state === "X" ? undefined : fields[19];
}

async function startTimeFromPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await execute("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { timeout: psTimeoutMs });
    return parsePs(stdout);
  } catch {
    return undefined;
  }
}

/** "Ss   Sat Nov 21 09:16:39 2026": the start time, or undefined for a zombie. */
export function parsePs(line: string): string | undefined {
  const match = /^\s*(\S+)\s+(.*\S)\s*$/.exec(line);
  return match?.[1]?.startsWith("Z") ? undefined : match?.[2];
}
