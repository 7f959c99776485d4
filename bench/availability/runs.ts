/** What each scenario measured, as it stands in the results. */
import type { EventReport, LoadReport } from "./load/orders.ts";
import type { Move, SubjectName } from "./subject.ts";

export const scenarios = ["moves", "kills", "frozen", "scale", "peers"] as const;
export type Scenario = (typeof scenarios)[number];

export interface MeasuredEvent extends EventReport {
  /** Of a planned move. */
  move: Move | null;
}

export interface Run {
  scenario: Exclude<Scenario, "peers">;
  subject: SubjectName;
  clients: number;
  events: MeasuredEvent[];
  load: LoadReport;
  /** Of a frozen host, after the thaw: how many engines lead, and keys that differ between them. */
  thawed?: { primaries: number; differences: number };
  /** Of a change of size: what was there, what of it was missing afterwards, and how long it took. */
  scaled?: { megabytes: number; missing: number; seconds: number };
}

/** SET of a cache that waits for its replica, as a part of that of one that does not. */
export interface Throughput {
  clients: number;
  asyncPerSecond: number;
  durablePerSecond: number;
}

/** A scenario that came to no result. */
export interface Failure {
  scenario: Scenario;
  subject: SubjectName;
  clients: number;
  message: string;
}
