/** What a client connection needs from the rest of the gateway, and why one ends. */

import type { WorkerBus } from "../workers/worker-bus.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { OutputTotal } from "./output-total.ts";

export interface ClientHost {
  /** As exact as the sweep; cheap. */
  nowMs(): number;
  monotonicMs(): number;
  process(client: ClientConnection, bytes: Buffer): void;
  /** It tried to log in as `user`. */
  onAuthenticated(client: ClientConnection, user: string, isSuccessful: boolean): void;
  onClosed(client: ClientConnection): void;
  readonly outputTotal: OutputTotal;
  readonly workers: WorkerBus;
}

/**
 * Who ended the connection, or what: "engine" is a lost one, "network" that the cache is not reached from there any more, "gateway" is
 * for all other reasons of the gateway's own.
 */
export type CloseReason =
  | "client"
  | "engine"
  | "error"
  | "gateway"
  | "idle"
  | "killed"
  | "network"
  | "output"
  | "quit"
  | "stalled"
  | "stopping"
  | "unauthenticated";
