/** What one role's clients do. `start` opens them; they work until `stop`; `finish` compares, and closes them. */
import type { LoadReport } from "./orders.ts";

export interface RoleLoad {
  open(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
  /** Its part of the report. */
  finish(): Promise<Partial<LoadReport>>;
}
