/** Which CPUs a thread may run on, and which process is at the other end of a Unix socket. Linux; null or false elsewhere. */
import { ptr } from "bun:ffi";
import { readFileSync } from "node:fs";
import { libc } from "../libc.ts";

/** As many as the kernel's own set has by default. */
const cpusMax = 1024;
const setBytes = cpusMax / 8;

const engineProgram = /^(valkey|redis)-server/;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** CPU numbers, ascending. `thread` is a thread's id, which for a process is that of its main thread. */
export function allowedCpus(thread: number): number[] | null {
  const set = new Uint8Array(setBytes);
  const length = libc()?.sched_getaffinity(thread, setBytes, ptr(set)) ?? -1;
  if (length < 0) return null;
  return Array.from({ length: cpusMax }, (_, cpu) => cpu).filter((cpu) => ((set[cpu >> 3] ?? 0) >> (cpu & 7)) & 1);
}

/** Whether it was done. It is not for a thread that is gone, or of another user. */
export function allowCpus(thread: number, cpus: readonly number[]): boolean {
  const set = new Uint8Array(setBytes);
  for (const cpu of cpus) set[cpu >> 3] = (set[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  return libc()?.sched_setaffinity(thread, setBytes, ptr(set)) === 0;
}

/** The native engine that listens on the socket which the descriptor is connected to; null where somebody else does. */
export function peerEngine(descriptor: number): number | null {
  const processId = peerProcess(descriptor);
  return processId !== null && engineProgram.test(programName(processId)) ? processId : null;
}

function peerProcess(descriptor: number): number | null {
  const credentials = new Int32Array(3);
  const length = new Uint32Array([credentials.byteLength]);
  const result = libc()?.getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, ptr(credentials), ptr(length));
  const [processId = 0] = credentials;
  return result === 0 && processId > 0 ? processId : null;
}

function programName(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/comm`, "utf8");
  } catch {
    return "";
  }
}
