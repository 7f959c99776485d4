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
 *   the engine      pool or dedicated connection not ready   the pool calls resume()
 *   the server      the server connection is full            it drains
 *   its own output  it does not take its replies             it takes them
 */

import type { RouteUser } from "@larder/api";
import type { CommandTable, Protocol, ReplyScanner } from "@larder/resp";
import { encodeError } from "@larder/resp";
import type { Socket } from "bun";
import type { DedicatedConnection } from "./dedicated-connection.ts";
import type { EnginePool } from "./engine-pool.ts";
import { limits } from "./limits.ts";
import { counters } from "./metrics.ts";
import type { OutputTotal } from "./output-total.ts";
import type { ServedCache } from "./served-cache.ts";
import { noSubscriptions, type Subscriptions } from "./subscriptions.ts";

/** The text says that the command may have run: a caller must not simply send it again. */
export const outcomeUnknownError = encodeError(
  "OUTCOMEUNKNOWN the engine was lost after the command was sent; it may or may not have been executed",
);

/** What the connection needs from the rest of the gateway. */
export interface ClientHost {
  nowMs(): number;
  process(client: ClientConnection, bytes: Buffer): void;
  onClosed(client: ClientConnection): void;
  readonly outputTotal: OutputTotal;
}

export class ClientConnection {
  cache: ServedCache | null = null;
  user: RouteUser | null = null;
  protocol: Protocol = 2;
  database = 0;
  pool: EnginePool | null = null;
  /** Its own server connection, while it needs one. */
  dedicated: DedicatedConnection | null = null;

  /** Commands sent to an engine and not answered. */
  inFlight = 0;
  /** How many commands may be in flight: grows with each answered one, shrinks where replies are large. */
  window: number = limits.clientInFlightFirst;

  isInTransaction = false;
  isWatching = false;
  /** Keeps its dedicated connection for good: it has state there that the gateway does not follow. */
  isSticky = false;
  subscriptions: Subscriptions = noSubscriptions;
  /** CLIENT REPLY OFF, and SKIP for the next command. */
  isMuted = false;
  skipsNext = false;
  /** Set while the rest of a large request streams to the dedicated connection. */
  stream: ReplyScanner | null = null;

  name = "";
  libraryName = "";
  libraryVersion = "";
  lastActiveMs: number;
  isClosed = false;
  isServerPaused = false;

  /** Reply bytes that wait for the socket. */
  outputBytes = 0;
  readonly id: number;
  readonly connectedMs: number;
  readonly socket: Socket<ClientConnection>;
  readonly #host: ClientHost;

  #input: Buffer | null = null;
  /** Input bytes that must be there before scanning on makes sense. */
  #inputNeeded = 0;
  /** inFlight at which a held client goes on; -1 when it is not held for that. */
  #resumeAt = -1;
  #isHeld = false;
  #isReadingPaused = false;
  #output: Buffer[] = [];
  #endsAfterOutput = false;
  /** When the client last took any of its waiting output. */
  #lastTakenMs = 0;
  #replyBytes = 0;

  constructor(host: ClientHost, socket: Socket<ClientConnection>, identity: { id: number; nowMs: number }) {
    this.#host = host;
    this.socket = socket;
    this.id = identity.id;
    this.connectedMs = identity.nowMs;
    this.lastActiveMs = identity.nowMs;
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
    if (this.#input === null) {
      this.#host.process(this, bytes);
      return;
    }
    const input = Buffer.concat([this.#input, bytes]);
    this.#input = input;
    if (this.#isHeld) return this.#pauseReadingIfFull();
    if (input.length < this.#inputNeeded) return;
    this.#input = null;
    this.#host.process(this, input);
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
    const input = this.#input;
    this.#input = null;
    if (input !== null) this.#host.process(this, input);
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
    if (this.#output.length > 0) return this.#queueOutput(bytes, start, end);
    const written = this.socket.write(bytes, start, end - start);
    if (written < 0) return this.close();
    if (written < end - start) this.#queueOutput(bytes, start + written, end);
  }

  /** `count` replies are complete: makes room in the window and goes on where that was awaited. */
  onReplied(count: number): void {
    this.inFlight -= count;
    const bytes = this.#replyBytes;
    this.#replyBytes = 0;
    if (bytes > 4096 * count) {
      const fitting = Math.floor((limits.clientWindowBytes * count) / bytes);
      this.window = Math.max(1, Math.min(this.window, fitting));
    } else if (this.window < limits.clientInFlightMax) {
      this.window += count;
    }
    if (this.inFlight === 0 && this.dedicated !== null) this.pool?.releaseIfClean(this);
    if (this.#resumeAt >= this.inFlight) this.resume();
  }

  /** A reply of the gateway itself. Must not overtake others: only when nothing is in flight. */
  reply(text: string): void {
    if (this.isMuted) return;
    if (this.skipsNext) {
      this.skipsNext = false;
      return;
    }
    const bytes = Buffer.from(text);
    this.deliver(bytes, 0, bytes.length);
    this.#replyBytes = 0;
  }

  /** The shared connection was lost with `count` replies to come. A client in the middle of a reply cannot be saved. */
  onServerLost(count: number, lost: { isInside: boolean; wasSwallowed: boolean }): void {
    this.inFlight -= count;
    if (this.isClosed) return;
    counters.larder_gateway_commands_outcome_unknown_total += count;
    if (lost.isInside && !lost.wasSwallowed) return this.close();
    if (!lost.wasSwallowed) {
      const bytes = Buffer.from(outcomeUnknownError.repeat(count));
      this.deliver(bytes, 0, bytes.length);
    }
    if (this.#resumeAt >= this.inFlight) this.resume();
  }

  /** Its dedicated connection was lost. What it had there cannot be made again, so the client has to start anew. */
  onDedicatedLost(count: number, isInside: boolean): void {
    this.inFlight -= count;
    this.dedicated = null;
    if (this.isClosed) return;
    counters.larder_gateway_commands_outcome_unknown_total += count;
    if (!isInside && count > 0) {
      const bytes = Buffer.from(outcomeUnknownError.repeat(count));
      this.deliver(bytes, 0, bytes.length);
    }
    this.endAfterOutput();
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

  /** Closes the client when it takes nothing of what waits for it. */
  checkStall(nowMs: number): void {
    if (this.outputBytes === 0 || nowMs - this.#lastTakenMs < limits.clientStallMs) return;
    counters.larder_gateway_connections_closed_stalled_total++;
    this.close();
  }

  /** Closes once the waiting replies are taken; reads no further requests. */
  endAfterOutput(): void {
    if (this.isClosed) return;
    if (this.#output.length === 0) return this.close();
    this.#endsAfterOutput = true;
  }

  /** Says why, where the client still listens, and closes. */
  fail(error: string): void {
    if (this.isClosed) return;
    const bytes = Buffer.from(encodeError(error));
    this.deliver(bytes, 0, bytes.length);
    this.endAfterOutput();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#host.outputTotal.add(-this.outputBytes);
    this.outputBytes = 0;
    this.#output = [];
    this.#input = null;
    this.stream = null;
    this.pool?.forget(this);
    this.socket.end();
    this.#host.onClosed(this);
  }

  #queueOutput(bytes: Buffer, start: number, end: number): void {
    if (this.outputBytes === 0) this.#lastTakenMs = this.lastActiveMs;
    this.#output.push(Buffer.from(bytes.subarray(start, end)));
    this.outputBytes += end - start;
    this.#host.outputTotal.add(end - start);
    if (this.outputBytes <= limits.clientOutputBytesMax) return;
    counters.larder_gateway_connections_closed_output_total++;
    this.close();
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
