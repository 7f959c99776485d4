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
import { encodeError } from "@larder/resp";
import type { Socket } from "bun";
import type { Request } from "../commands/request.ts";
import { outcomeUnknownError, type ReplayPlan } from "../engine/replay.ts";
import type { SocketOwner } from "../front/socket-owner.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { withRemainingTimeout } from "./blocking-timeout.ts";
import type { ClientHost, CloseReason } from "./client-host.ts";
import { ClientOutput } from "./client-output.ts";
import { ClientState } from "./client-state.ts";
import { adaptToReplies } from "./client-window.ts";
import { copyOfRest, joined } from "./input-bytes.ts";

const lossError = "UNAVAILABLE the engine was lost again and again while it had this client's commands";

export class ClientConnection extends ClientState implements SocketOwner {
  /** When it last sent anything. */
  lastActiveMs: number;
  /** When the gateway last sent it anything, as exact as the sweep. */
  lastSentMs = 0;
  isClosed = false;
  isServerPaused = false;

  /** Part of a reply is delivered and the rest has not come: messages wait. Kept by the server connection. */
  isInsideReply = false;

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
  readonly #output: ClientOutput;
  #endsAfterOutput = false;
  /** Messages that wait for the end of a reply. */
  #messages: Buffer[] | null = null;
  #replyBytes = 0;
  #sentBytes = 0;

  constructor(
    host: ClientHost,
    socket: Socket<SocketOwner>,
    identity: { id: number; nowMs: number; remoteAddress: string },
  ) {
    super();
    this.#host = host;
    this.remoteAddress = identity.remoteAddress;
    this.socket = socket;
    this.#output = new ClientOutput(socket, host.outputTotal);
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

  noteSent(nowMs: number): void {
    const sentBytes = this.socket.bytesWritten;
    if (sentBytes === this.#sentBytes) return;
    this.#sentBytes = sentBytes;
    this.lastSentMs = nowMs;
  }

  get host(): Pick<ClientHost, "judge" | "workers"> {
    return this.#host;
  }

  noteAuthentication(user: string, refusal: string | null): void {
    this.authentications++;
    this.#host.onAuthenticated(this, user, refusal);
  }

  /** The engine has given its blocking command back: it is asked again, wherever the client's commands go next. */
  takeBackBlocking(): void {
    if (this.blocking === null) return;
    const { request, sinceMs } = this.blocking;
    this.#replay = joined(withRemainingTimeout(request, this.#host.monotonicMs() - sinceMs), this.#replay);
    if (!this.#isProcessing) this.#holdForReplay();
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
    return this.#output.parts;
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
    if (!this.#output.send(bytes, start, end, this.#host.nowMs())) return this.close();
    this.#boundOutput();
  }

  /** `count` replies are complete: makes room in the window and goes on where that was awaited. */
  onReplied(count: number): void {
    this.inFlight -= count;
    this.commandsReplied += count;
    this.#losses = 0;
    const bytes = this.#replyBytes;
    this.#replyBytes = 0;
    adaptToReplies(this, count, bytes);
    if (this.inFlight === 0 && this.dedicated !== null) {
      this.blocking = null;
      this.dedicated.home.releaseIfClean(this);
    }
    if (this.inFlight === 0 && this.#messages !== null) this.sendMessages();
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
    const mustWait = this.isInsideReply || (this.subscriptions.isPublishing && this.inFlight > 0);
    if (mustWait || this.#messages !== null) {
      this.#messages ??= [];
      this.#messages.push(bytes);
      this.#output.count(bytes.length, this.#host.nowMs());
      if (!mustWait) this.sendMessages();
    } else if (!this.#output.sendWhole(bytes, this.#host.nowMs())) {
      return this.close();
    }
    this.#boundOutput();
  }

  get hasMessages(): boolean {
    return this.#messages !== null;
  }

  /** The reply that messages waited for is whole. */
  sendMessages(): void {
    const messages = this.#messages ?? [];
    this.#messages = null;
    for (const { length } of messages) this.#output.count(-length, this.#host.nowMs());
    for (const each of messages) this.push(each);
    if (this.#output.isEmpty && this.#resumeAt < 0) this.resume();
  }

  /**
   * The shared connection was lost with `count` replies to come. What the plan names goes again, before all other input; a
   * client in the middle of a reply cannot be saved. No plan: nobody awaits the replies.
   */
  onServerLost(count: number, lost: { isInside: boolean; plan: ReplayPlan | null }): void {
    this.inFlight -= count;
    if (this.isClosed) return;
    counters.larder_gateway_commands_outcome_unknown_total += lost.plan?.unknown ?? count;
    if (lost.isInside) return this.close("engine");
    if (lost.plan === null) {
      if (this.#resumeAt >= this.inFlight) this.resume();
      return;
    }
    if (this.#replay === null && ++this.#losses > limits.clientLossesMax) return this.fail(lossError, "engine");
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
    this.blocking = null;
    if (this.isClosed) return;
    counters.larder_gateway_commands_outcome_unknown_total += count;
    if (isInside) return this.close("engine");
    const bytes = Buffer.from(outcomeUnknownError.repeat(count));
    this.deliver(bytes, 0, bytes.length);
    if (hadState) this.endAfterOutput("engine");
    else this.resume();
  }

  #holdForReplay(): void {
    if (this.isClosed) return;
    this.#isHeld = true;
    this.#resumeAt = -1;
    setImmediate(() => this.resume());
  }

  // ── output ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Bytes that wait for the socket, or for the end of a reply. */
  get outputBytes(): number {
    return this.#output.bytes;
  }

  onDrain(nowMs: number): void {
    const state = this.#output.drain(nowMs);
    if (state === "lost") return this.close();
    if (state === "waiting") return;
    if (this.#endsAfterOutput) return this.close();
    if (this.isServerPaused) {
      this.isServerPaused = false;
      this.dedicated?.resumeReading();
    }
    if (this.#isHeld && this.#resumeAt < 0) this.resume();
  }

  /** Closes the client when it takes nothing of what waits for it; a subscriber, when that is much for long. */
  checkStall(nowMs: number): void {
    if (!this.subscriptions.isEmpty) {
      if (!this.#output.isSlowSubscriber(nowMs)) return;
      counters.larder_gateway_connections_closed_subscriber_output_total++;
      this.close("output");
    } else if (this.#output.isStalled(nowMs)) {
      counters.larder_gateway_connections_closed_stalled_total++;
      this.close("stalled");
    }
  }

  /** Closes once the waiting replies are taken; reads no further requests. */
  endAfterOutput(reason: CloseReason = "gateway"): void {
    if (this.isClosed) return;
    this.closeReason ??= reason;
    if (this.#output.isEmpty) return this.close();
    this.#endsAfterOutput = true;
  }

  /** Says why, where the client still listens, and closes. */
  fail(error: string, reason: CloseReason = "error"): void {
    if (this.isClosed) return;
    const bytes = Buffer.from(encodeError(error));
    this.deliver(bytes, 0, bytes.length);
    this.endAfterOutput(reason);
  }

  onSocketClosed(by: "client" | "gateway"): void {
    this.close(by);
  }

  /** An earlier reason stays: that for which it was to be closed after its output. */
  close(reason: CloseReason = "gateway"): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.closeReason ??= reason;
    this.#output.clear();
    this.#input = null;
    this.#messages = null;
    this.stream = null;
    this.pool?.forget(this);
    this.subscriptions.end(this);
    this.socket.end();
    this.#host.onClosed(this);
  }

  #boundOutput(): void {
    const { bytes } = this.#output;
    if (bytes === 0 || this.isClosed) return;
    const isSubscribed = !this.subscriptions.isEmpty;
    if (bytes <= (isSubscribed ? limits.subscriberOutputBytesMax : limits.clientOutputBytesMax)) return;
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
