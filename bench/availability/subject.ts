/** What is measured: a service that clients write to, whose primary can be moved, or killed. */
import type { Endpoint } from "../load.ts";
import type { Role } from "./load/roles.ts";

export type SubjectName = "larder" | "larder-durable" | "haproxy" | "twemproxy";

/** Of a planned move, as the service itself says; null where it does not. */
export interface Move {
  holdMs: number | null;
  durationMs: number | null;
}

export interface Subject {
  name: SubjectName;
  endpoint: Endpoint;
  /** What its clients can do. */
  roles: readonly Role[];
  /** Resolves when it has one primary and all others are in sync. What it leaves to its operator is done here. */
  untilWhole(): Promise<void>;
  primaryPid(): Promise<number>;
  /** Resolves when it is over. */
  move(): Promise<Move>;
}
