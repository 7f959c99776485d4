/** What the process of counting clients (counting-clients.ts) is asked for. Its moments are of its own clock. */
import type { Endpoint } from "../../load.ts";
import type { Kept, Latency } from "./write-log.ts";

/** `log`: writes of one name are counted together, over as many servers as they go to. */
export type CountingOrder =
  | ({ order: "start"; log: string } & CountingPlan)
  /** Connections end at once; what is not answered stays so. */
  | { order: "stop"; log: string }
  | { order: "look"; log: string }
  | { order: "latency"; log: string; fromMs: number; toMs: number }
  /** Reads every counter that was written. `base`: what each was before the first write. */
  | { order: "check"; log: string; endpoint: Endpoint; prefix: string; base: number };

export interface CountingPlan {
  endpoint: Endpoint;
  prefix: string;
  counters: number;
  writesPerSecond: number;
  clients: number;
  seed: number;
}

export interface Look {
  nowMs: number;
  /** Since it was started, or started anew. */
  firstAnsweredMs: number | null;
  lastAnsweredMs: number | null;
  sent: number;
  /** Of an answer that was an error, or of a connection that was lost. */
  problem: string | null;
}

export type CountingAnswer = Look | Latency | Kept;
