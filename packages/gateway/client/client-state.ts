/**
 * Where a client stands: who it is, how it wants to be spoken to, and what of it is where. It does nothing; it is changed
 * by the commands that they belong to, and by client-connection.ts.
 */
import type { RouteUser } from "@larder/api";
import type { CommandTable, Protocol, RequestFollower } from "@larder/resp";
import type { LoginVerdict } from "../access/log-ins.ts";
import type { ClientInquiry } from "../commands/client-inquiry.ts";
import type { PermissionQuestion } from "../commands/permission.ts";
import type { QueuedTransaction } from "../commands/queued-transaction.ts";
import type { DedicatedConnection } from "../engine/dedicated-connection.ts";
import type { EnginePool } from "../engine/engine-pool.ts";
import type { LaneConnection } from "../engine/lane.ts";
import type { SocketAddress } from "../front/proxy-header.ts";
import { limits } from "../limits.ts";
import type { ServedCache } from "../served-cache.ts";
import { noSubscriptions, type Subscriptions } from "../subscriptions/subscriptions.ts";

export interface BlockingCommand {
  request: Buffer;
  sinceMs: number;
}

/** A log-in whose command is at the head of the input and waits, and all behind it; null until it is judged. */
export interface LoginAttempt {
  verdict: LoginVerdict | null;
}

export class ClientState {
  cache: ServedCache | null = null;
  /** The private network by which it came; null: none. */
  network: string | null = null;
  /** Whether it came by a TLS port. */
  isTls = false;
  /** Where it connected to, as a load balancer says; null: to its socket. */
  reachedAt: SocketAddress | null = null;
  user: RouteUser | null = null;
  loginAttempt: LoginAttempt | null = null;
  /** Wall time at which its log-in ends; null: it lasts as long as the connection. */
  loginEndsMs: number | null = null;
  /** The same user with other rights, whom it becomes once nothing is in flight. Until then it has no pool. */
  nextUser: RouteUser | null = null;
  protocol: Protocol = 2;
  database = 0;
  pool: EnginePool | null = null;
  /** Its own server connection, while it needs one. */
  dedicated: DedicatedConnection | null = null;
  /** A replica's, which what the client has in flight was sent to. With nothing in flight it means nothing. */
  replica: LaneConnection | null = null;
  /** Which lane its commands in flight are on; decided anew when none is. */
  isOnBulkLane = false;
  /** Replies that have yet to be small before it counts as one that reads small values. */
  largeRepliesLeft = 0;

  /** Commands sent to an engine and not answered. */
  inFlight = 0;
  /** How many commands may be in flight: grows with each answered one, shrinks where replies are large. */
  window: number = limits.clientInFlightFirst;

  /** In a transaction on its dedicated connection. */
  isInTransaction = false;
  /** A transaction that is gathered here and not yet sent. */
  queued: QueuedTransaction | null = null;
  isWatching = false;
  /** What it watched was lost in a move: its next EXEC answers nil. */
  isWatchLost = false;
  /** Keeps its dedicated connection for good: it has state there that the gateway does not follow. */
  isSticky = false;
  subscriptions: Subscriptions = noSubscriptions;
  /** CLIENT REPLY OFF, and SKIP for the next command. */
  isMuted = false;
  skipsNext = false;
  /** The command that may be waiting in the engine, for as long as anything is in flight. */
  blocking: BlockingCommand | null = null;
  /** Set while the rest of a large request streams to the dedicated connection. */
  stream: RequestFollower | null = null;

  /** Set while other workers are asked for what the command at the head of the input wants to know. */
  inquiry: ClientInquiry | null = null;

  /** Set while the engine is asked whether the command at the head of the input is allowed. */
  permission: PermissionQuestion | null = null;

  name = "";
  /** As it asked for last; whether the engine agreed is not known. */
  isTracking = false;
  isNoTouch = false;
  libraryName = "";
  libraryVersion = "";

  /** Whether it has logged in and no policy restricts it: of others the engine alone knows what they may do. */
  get isOwnUser(): boolean {
    return this.user !== null && this.cache?.isOwnUser(this.user) === true;
  }

  get commands(): CommandTable | null {
    return this.cache?.commands ?? null;
  }
}
