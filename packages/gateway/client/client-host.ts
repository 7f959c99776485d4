/** What a client connection needs from the rest of the gateway, and why one ends. */

import type { LoginRequest, LoginVerdict } from "../access/log-ins.ts";
import type { WorkerBus } from "../workers/worker-bus.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { OutputTotal } from "./output-total.ts";

export interface ClientHost {
  /** As exact as the sweep; cheap. */
  nowMs(): number;
  monotonicMs(): number;
  process(client: ClientConnection, bytes: Buffer): void;
  /** Whether the log-in is one; a promise where that takes a while. */
  judge(request: LoginRequest): LoginVerdict | Promise<LoginVerdict>;
  /** It tried to log in as `user`; `refusal` says why it is not, and holds nothing that the client has said. */
  onAuthenticated(client: ClientConnection, user: string, refusal: string | null): void;
  onClosed(client: ClientConnection): void;
  readonly outputTotal: OutputTotal;
  readonly workers: WorkerBus;
}

/**
 * Who ended the connection, or what: "engine" is a lost one, "network" that the cache is not reached from there any more, "access" that
 * its user may do other things now, or nothing, "gateway" is for all other reasons of the gateway's own.
 */
export type CloseReason =
  | "access"
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
  | "token-expired"
  | "unauthenticated";
