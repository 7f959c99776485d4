/** What the open-loop load generator (open-loop-clients.ts) is asked for, and what it measures. */
import type { Endpoint, Load } from "../load.ts";
import type { ArrivalPlan } from "./arrivals.ts";

export interface OpenLoopOrder extends ArrivalPlan {
  endpoint: Endpoint;
  command: Load["command"];
  clients: number;
  valueBytes: number;
  keyCount: number;
  /** Of `seconds`, at the beginning: not measured. */
  warmUpSeconds: number;
}

/** Latencies count from the moment at which the request was to be sent to that at which its reply was read. */
export interface OpenLoopResult {
  measured: number;
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  /** By how much requests left the generator late: what of the latencies is its own. */
  lateP50Ms: number;
  lateP99Ms: number;
  /** Of the generator, for each measured request. */
  cpuMicrosPerRequest: number;
}
