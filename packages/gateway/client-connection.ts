/**
 * One client's connection: its socket, its identity, what of its input waits, and what of its replies it has not taken.
 * What to do with its requests is in dispatch.ts.
 *
 * Invariant: at any moment its commands in flight are on one server connection only, so replies come in the order of
 * requests without any sorting. Whatever would break that waits ("held") until nothing is in flight. While it is held,
 * its input stays unread here, and past a bound in its socket.
 *
 *   held for        set by                                   ends when
 *   room            its window is full                       half of the window is answered
 *   quiet           a command needs nothing to be in flight  inFlight is 0
 *   the engine      lane or dedicated connection not ready   the lane calls resume()
 *   the server      the server connection is full            it drains
 *   its own output  it does not take its replies             it takes them
 */

import type { RouteUser } from "@larder/api";
import type { CommandTable, Protocol, RequestFollower } from "@larder/resp";
import { encodeError } from "@larder/resp";
import type { Socket } from "bun";
import type { SocketOwner } from "./arrival.ts";
import { withRemainingTimeout } from "./blocking-timeout.ts";
import type { ClientInquiry } from "./client-inquiry.ts";
import type { DedicatedConnection } from "./dedicated-connection.ts";
import type { EnginePool } from "./engine-pool.ts";
import { limits } from "./limits.ts";
import { counters } from "./metrics.ts";
import type { OutputTotal } from "./output-total.ts";
import type { QueuedTransaction } from "./queued-transaction.ts";
import type { ReplayPlan } from "./replay.ts";
import type { Request } from "./request.ts";
import type { ServedCache } from "./served-cache.ts";
import { noSubscriptions, type Subscriptions } from "./subscriptions.ts";
import type { WorkerBus } from "./workers/worker-bus.ts";

/** The text says that the command may have run: a caller must not simply send it again. */
export const outcomeUnknownError = encodeError(
  "OUTCOMEUNKNOWN the engine was lost after the command was sent; it may or may not have been executed",
);

const lossError = "UNAVAILABLE the engine was lost again and again while it had this client's commands";

/** What the connection needs from the rest of the gateway. */
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

/** Who ended the connection, or what: "gateway" is for reasons of the gateway's own, such as a lost engine. */
export type CloseReason =
  | "client"
  | "error"
  | "gateway"
  | "idle"
  | "killed"
  | "output"
  | "quit"
  | "stalled"
  | "stopping"
  | "unauthenticated";

export class ClientConnection implements SocketOwner {
  cache: ServedCache | null = null;
  user: RouteUser | null = null;
  protocol: Protocol = 2;
  database = 0;
  pool: EnginePool | null = null;
  /** Its own server connection, while it needs one. */
  dedicated: DedicatedConnection | null = null;
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
  blocking: { request: Buffer; sinceMs: number } | null = null;
  /** Set while the rest of a large request streams to the dedicated connection. */
  stream: RequestFollower | null = null;

  /** Set while other workers are asked for what the command at the head of the input wants to know. */
  inquiry: ClientInquiry | null = null;

  name = "";
  /** As it asked for last; whether the engine agreed is not known. */
  isTracking = false;
  isNoTouch = false;
  libraryName = "";
  libraryVersion = "";
  lastActiveMs: number;
  isClosed = false;
  isServerPaused = false;

  /** Part of a reply is delivered and the rest has not come: messages wait. Kept by the server connection. */
  isInsideReply = false;

  /** Bytes that wait for the socket, or for the end of a reply. */
  outputBytes = 0;
  /** For CLIENT LIST. */
  bytesIn = 0;
  bytesOut = 0;
  commandsReplied = 0;
  readonly id: number;
  readonly connectedMs: number;
  readonly socket: Socket<SocketOwner>;
  /** Whose connection it is, as "ip:port"; behind a load balancer that tells, not that one's. */
  readonly remoteAddress: string;
  /** How often it has tried to log in. */
  authentications = 0;
  /** Why it was closed, or will be once its output is taken. */
  closeReason: CloseReason | null = null;
  readonly #host: ClientHost;

  #input: Buffer | null = null;
  /** Requests that were lost with a server connection and come before the input. */
  #replay: Buffer | null = null;
  #isProcessing = false;
  /** How often in a row its commands were lost without any being answered. */
  #losses = 0;
  /** Input bytes that must be there before scanning on makes sense. */
  #inputNeeded = 0;
  /** inFlight at which a held client goes on; -1 when it is not held for that. */
  #resumeAt = -1;
  #isHeld = false;
  #isReadingPaused = false;
  #output: Buffer[] = [];
  #endsAfterOutput = false;
  /** Messages that wait for the end of a reply. */
  #messages: Buffer[] | null = null;
  /** Since when there is more output than a subscriber may have for long; -1 while there is not. */
  #slowSinceMs = -1;
  /** When the client last took any of its waiting output. */
  #lastTakenMs = 0;
  #replyBytes = 0;

  constructor(
    host: ClientHost,
    socket: Socket<SocketOwner>,
    identity: { id: number; nowMs: number; remoteAddress: string },
  ) {
    this.#host = host;
    this.remoteAddress = identity.remoteAddress;
    this.socket = socket;
    this.id = identity.id;
    this.connectedMs = identity.nowMs;
    this.lastActiveMs = identity.nowMs;
  }

  noteBlocking(request: Request): void {
    this.blocking = {
      request: Buffer.from(request.bytes.subarray(request.start, request.end)),
      sinceMs: this.#host.monotonicMs(),
    };
  }

  get workers(): WorkerBus {
    return this.#host.workers;
  }

  noteAuthentication(user: string, isSuccessful: boolean): void {
    this.authentications++;
    this.#host.onAuthenticated(this, user, isSuccessful);
  }

  /** The engine has given its blocking command back: it is asked again, wherever the client's commands go next. */
  takeBackBlocking(): void {
    if (this.blocking === null) return;
    const { request, sinceMs } = this.blocking;
    this.#replay = joined(withRemainingTimeout(request, this.#host.monotonicMs() - sinceMs), this.#replay);
    if (!this.#isProcessing) this.#holdForReplay();
  }

  get commands(): CommandTable | null {
    return this.cache?.commands ?? null;
  }

  /** Whether its dedicated connection is there and can be used. */
  get hasDedicated(): boolean {
    return this.dedicated !== null && this.dedicated.state === "ready";
  }

  // ── input ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  onData(bytes: Buffer, nowMs: number): void {
    if (this.isClosed || this.#endsAfterOutput) return;
    this.lastActiveMs = nowMs;
    this.bytesIn += bytes.length;
    if (this.#input === null && !this.#isHeld) return this.#process(bytes);
    const input = this.#input === null ? bytes : Buffer.concat([this.#input, bytes]);
    this.#input = input;
    if (this.#isHeld) return this.#pauseReadingIfFull();
    if (input.length < this.#inputNeeded) return;
    this.#input = null;
    this.#process(input);
  }

  #process(bytes: Buffer): void {
    this.#isProcessing = true;
    this.#host.process(this, bytes);
    this.#isProcessing = false;
    if (this.#replay !== null) this.#holdForReplay();
  }

  /** Keeps what `process` could not use yet: an incomplete request. `needed` counts from its start. */
  keepIncomplete(bytes: Buffer, start: number, needed: number): void {
    this.#input = copyOfRest(bytes, start);
    this.#inputNeeded = needed;
  }

  /** Keeps requests that cannot be handled now; `process` gets them again when inFlight is at most `resumeAt`, or on resume(). */
  hold(bytes: Buffer, start: number, resumeAt: number): void {
    this.#input = copyOfRest(bytes, start);
    this.#isHeld = true;
    this.#resumeAt = resumeAt;
    this.#pauseReadingIfFull();
  }

  /** Goes on with what was held. Safe to call at any time. */
  resume(): void {
    if (!this.#isHeld || this.isClosed) return;
    this.#isHeld = false;
    this.#resumeAt = -1;
    if (this.#isReadingPaused) {
      this.#isReadingPaused = false;
      this.socket.resume();
    }
    const input = joined(this.#replay, this.#input);
    this.#replay = null;
    this.#input = null;
    if (input !== null) this.#process(input);
  }

  /** Requests wait that come before what is being processed: it must be held. */
  get hasReplay(): boolean {
    return this.#replay !== null;
  }

  /** Requests that wait here. */
  get inputBytes(): number {
    return (this.#input?.length ?? 0) + (this.#replay?.length ?? 0);
  }

  /** In how many pieces the waiting replies are. */
  get outputParts(): number {
    return this.#output.length;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  onServerDrained(): void {
    this.resume();
  }

  /** The present, as the gateway's clock has it. */
  nowMs(): number {
    return this.#host.nowMs();
  }

  // ── replies ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sends bytes [start, end) to the client; what it does not take waits. The bytes are copied if they must wait. */
  deliver(bytes: Buffer, start: number, end: number): void {
    if (this.isClosed || start === end) return;
    this.#replyBytes += end - start;
    this.bytesOut += end - start;
    if (this.#output.length > 0) return this.#queueOutput(Buffer.from(bytes.subarray(start, end)));
    const written = this.socket.write(bytes, start, end - start);
    if (written < 0) return this.close();
    if (written < end - start) this.#queueOutput(Buffer.from(bytes.subarray(start + written, end)));
  }

  /** `count` replies are complete: makes room in the window and goes on where that was awaited. */
  onReplied(count: number): void {
    this.inFlight -= count;
    this.commandsReplied += count;
    this.#losses = 0;
    const bytes = this.#replyBytes;
    this.#replyBytes = 0;
    if (bytes > limits.bulkBytes * count) this.largeRepliesLeft = limits.bulkRepliesMin;
    else if (this.largeRepliesLeft > 0) this.largeRepliesLeft -= count;
    if (bytes > 4096 * count) {
      const fitting = Math.floor((limits.clientWindowBytes * count) / bytes);
      this.window = Math.max(1, Math.min(this.window, fitting));
    } else if (this.window < limits.clientInFlightMax) {
      this.window += count;
    }
    if (this.inFlight === 0 && this.dedicated !== null) {
      this.blocking = null;
      this.dedicated.home.releaseIfClean(this);
    }
    if (this.#resumeAt >= this.inFlight) this.resume();
  }

  /** A reply of the gateway itself. Must not overtake others: only when nothing is in flight. */
  reply(text: string): void {
    this.commandsReplied++;
    if (this.isMuted) return;
    if (this.skipsNext) {
      this.skipsNext = false;
      return;
    }
    const bytes = Buffer.from(text);
    this.deliver(bytes, 0, bytes.length);
    this.#replyBytes = 0;
  }

  /**
   * A message that nobody asked for. It never comes within a reply. `bytes` are not changed any more: they wait, if they
   * must, uncopied, as the same go to many clients.
   */
  push(bytes: Buffer): void {
    if (this.isClosed || this.#endsAfterOutput) return;
    if (this.isInsideReply) {
      this.#messages ??= [];
      this.#messages.push(bytes);
      return this.#countOutput(bytes.length);
    }
    if (this.#output.length > 0) return this.#queueOutput(bytes);
    const written = this.socket.write(bytes);
    if (written < 0) return this.close();
    if (written < bytes.length) this.#queueOutput(bytes.subarray(written));
  }

  get hasMessages(): boolean {
    return this.#messages !== null;
  }

  /** The reply that messages waited for is whole. */
  sendMessages(): void {
    const messages = this.#messages ?? [];
    this.#messages = null;
    for (const { length } of messages) this.#countOutput(-length);
    for (const each of messages) this.push(each);
    if (this.#output.length === 0 && this.#resumeAt < 0) this.resume();
  }

  /**
   * The shared connection was lost with `count` replies to come. What the plan names goes again, before all other input; a
   * client in the middle of a reply cannot be saved. No plan: nobody awaits the replies.
   */
  onServerLost(count: number, lost: { isInside: boolean; plan: ReplayPlan | null }): void {
    this.inFlight -= count;
    if (this.isClosed) return;
    counters.larder_gateway_commands_outcome_unknown_total += lost.plan?.unknown ?? count;
    if (lost.isInside) return this.close();
    if (lost.plan === null) {
      if (this.#resumeAt >= this.inFlight) this.resume();
      return;
    }
    if (this.#replay === null && ++this.#losses > limits.clientLossesMax) return this.fail(lossError);
    counters.larder_gateway_commands_retried_total += count - lost.plan.unknown;
    this.#replay = joined(this.#replay, lost.plan.requests);
    if (!this.#isProcessing) this.#holdForReplay();
  }

  /**
   * Its dedicated connection was lost. State that it had there cannot be made again: then the client has to start anew.
   * Else only the commands in flight have an unknown outcome.
   */
  onDedicatedLost(count: number, isInside: boolean): void {
    const hadState = this.isInTransaction || this.isWatching || this.isSticky || this.stream !== null;
    this.inFlight -= count;
    this.dedicated = null;
    if (this.isClosed) return;
    counters.larder_gateway_commands_outcome_unknown_total += count;
    if (isInside) return this.close();
    const bytes = Buffer.from(outcomeUnknownError.repeat(count));
    this.deliver(bytes, 0, bytes.length);
    if (hadState) this.endAfterOutput();
    else this.resume();
  }

  #holdForReplay(): void {
    if (this.isClosed) return;
    this.#isHeld = true;
    this.#resumeAt = -1;
    setImmediate(() => this.resume());
  }

  // ── output ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  onDrain(nowMs: number): void {
    while (this.#output.length > 0) {
      const bytes = this.#output[0] as Buffer;
      const written = this.socket.write(bytes, 0, bytes.length);
      if (written < 0) return this.close();
      if (written > 0) this.#lastTakenMs = nowMs;
      this.outputBytes -= written;
      this.#host.outputTotal.add(-written);
      if (written < bytes.length) {
        this.#output[0] = bytes.subarray(written);
        return;
      }
      this.#output.shift();
    }
    if (this.#endsAfterOutput) return this.close();
    if (this.isServerPaused) {
      this.isServerPaused = false;
      this.dedicated?.resumeReading();
    }
    if (this.#isHeld && this.#resumeAt < 0) this.resume();
  }

  /** Closes the client when it takes nothing of what waits for it; a subscriber, when that is much for long. */
  checkStall(nowMs: number): void {
    if (!this.subscriptions.isEmpty) return this.#checkSubscriber(nowMs);
    if (this.outputBytes === 0 || nowMs - this.#lastTakenMs < limits.clientStallMs) return;
    counters.larder_gateway_connections_closed_stalled_total++;
    this.close("stalled");
  }

  #checkSubscriber(nowMs: number): void {
    if (this.outputBytes <= limits.subscriberOutputBytesSoft) this.#slowSinceMs = -1;
    else if (this.#slowSinceMs < 0) this.#slowSinceMs = nowMs;
    else if (nowMs - this.#slowSinceMs >= limits.subscriberOutputSoftMs) {
      counters.larder_gateway_connections_closed_subscriber_output_total++;
      this.close("output");
    }
  }

  /** Closes once the waiting replies are taken; reads no further requests. */
  endAfterOutput(reason: CloseReason = "gateway"): void {
    if (this.isClosed) return;
    this.closeReason ??= reason;
    if (this.#output.length === 0) return this.close();
    this.#endsAfterOutput = true;
  }

  /** Says why, where the client still listens, and closes. */
  fail(error: string): void {
    if (this.isClosed) return;
    const bytes = Buffer.from(encodeError(error));
    this.deliver(bytes, 0, bytes.length);
    this.endAfterOutput("error");
  }

  onSocketClosed(): void {
    this.close("client");
  }

  /** An earlier reason stays: that for which it was to be closed after its output. */
  close(reason: CloseReason = "gateway"): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.closeReason ??= reason;
    this.#host.outputTotal.add(-this.outputBytes);
    this.outputBytes = 0;
    this.#output = [];
    this.#input = null;
    this.#messages = null;
    this.stream = null;
    this.pool?.forget(this);
    this.subscriptions.end(this);
    this.socket.end();
    this.#host.onClosed(this);
  }

  /** The bytes are not changed any more. */
  #queueOutput(bytes: Buffer): void {
    this.#output.push(bytes);
    this.#countOutput(bytes.length);
  }

  #countOutput(bytes: number): void {
    if (this.outputBytes === 0) this.#lastTakenMs = this.#host.nowMs();
    this.outputBytes += bytes;
    this.#host.outputTotal.add(bytes);
    const isSubscribed = !this.subscriptions.isEmpty;
    if (this.outputBytes <= (isSubscribed ? limits.subscriberOutputBytesMax : limits.clientOutputBytesMax)) return;
    if (isSubscribed) counters.larder_gateway_connections_closed_subscriber_output_total++;
    else counters.larder_gateway_connections_closed_output_total++;
    this.close("output");
  }

  #pauseReadingIfFull(): void {
    if (this.#isReadingPaused || (this.#input?.length ?? 0) < limits.clientInputBytesMax) return;
    this.#isReadingPaused = true;
    this.socket.pause();
  }
}

/** The bytes from `start` on, apart from the buffer that they came in when that is much larger. */
function copyOfRest(bytes: Buffer, start: number): Buffer {
  const rest = bytes.subarray(start);
  return rest.length * 2 < bytes.length ? Buffer.from(rest) : rest;
}

function joined(first: Buffer | null, second: Buffer | null): Buffer | null {
  if (first === null || second === null) return first ?? second;
  return Buffer.concat([first, second]);
}
