/** What the process of the clients is told, and what it answers. */
import type { Endpoint } from "../../load.ts";
import type { Role } from "./roles.ts";

/** Openings and closings of the watch may follow each other while the load goes on. */
export type LoadOrder =
  | { kind: "open"; endpoint: Endpoint; clients: number; roles: readonly Role[] }
  /** The event begins now. Those processes get the signal in the same moment, by this process: one clock for all. */
  | { kind: "begin"; signal: "SIGKILL" | "SIGSTOP" | null; pids: readonly number[] }
  /** The event is over once each writer has had a write acknowledged that it sent after the beginning. */
  | { kind: "end" }
  /** The load ends; what it wrote is compared with what is there. */
  | { kind: "close" };

export interface ErrorCount {
  role: string;
  text: string;
  count: number;
}

/** What clients saw of one event. Times in milliseconds. */
export interface EventReport {
  /** From the beginning to the first acknowledgement of a write that was sent after it; null: there was none. */
  firstWriteMs: number | null;
  /** The longest time in which no write at all was acknowledged. */
  gapMs: number;
  /** The longest time that one writer was without an acknowledged write. */
  clientGapMs: number;
  latency: { p50Ms: number; p99Ms: number; maxMs: number };
  writes: number;
  reads: number;
  failedReads: number;
  reconnects: number;
  errors: ErrorCount[];
  /** Of one writer. */
  writeErrorsMax: number;
}

/** What clients saw from the opening to the closing. */
export interface LoadReport {
  seconds: number;
  writes: number;
  reads: number;
  failedReads: number;
  reconnects: number;
  errors: ErrorCount[];
  /** Acknowledged writes that are gone, and writes that were done more than once. */
  lost: number;
  doubled: number;
  messages: { published: number; missing: number; twice: number };
  queued: { pushed: number; missing: number; twice: number };
  /** `torn`: one half of a transaction without the other. */
  transactions: { done: number; torn: number };
}
