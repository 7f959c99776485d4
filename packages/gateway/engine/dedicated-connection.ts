/**
 * A server connection of one client, for what cannot be shared: blocking commands, WATCH, MONITOR, tracking, and requests
 * too large to be kept whole.
 *
 * Beside replies the engine sends pushes that nobody asked for (RESP3). They pass on without taking a place in the queue.
 * After MONITOR everything passes as it comes (`isRaw`).
 */
import { ReplyScanner } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { limits } from "../limits.ts";
import type { EnginePool } from "./engine-pool.ts";
import { MonitorLines } from "./monitor-lines.ts";
import { ReplyTreatment, type Treatment } from "./reply-treatment.ts";
import { ServerConnection, type ServerTarget } from "./server-connection.ts";

const PUSH = 62;

/** Valkey's answer to whom CLIENT UNBLOCK … ERROR lets go, up to where versions differ. */
const unblockedError = Buffer.from("-UNBLOCKED ");

interface Awaited {
  count: number;
  treatment: Treatment;
}

export class DedicatedConnection extends ServerConnection {
  override readonly isShared = false;
  owner: ClientConnection | null = null;
  /** The pool that lent it: its owner may have changed to another since. */
  readonly home: EnginePool;
  isRaw = false;
  /** Set once the connection has been in a state that another client must not inherit. */
  isTainted = false;

  #awaited: Awaited[] = [];
  readonly #scanner = new ReplyScanner(limits.replyBulkBytesMax);
  readonly #treatment = new ReplyTreatment();
  readonly #monitorLines = new MonitorLines();

  constructor(target: ServerTarget, home: EnginePool) {
    super(target);
    this.home = home;
  }

  /** Tells that replies to `count` commands are to come. */
  expect(count: number, treatment: Treatment): void {
    this.#awaited.push({ count, treatment });
    if (this.owner) this.owner.inFlight += count;
  }

  /** Sends `count` whole commands, bytes [start, end). */
  send(bytes: Buffer, start: number, end: number, count: number, treatment: Treatment): void {
    if (!this.isRaw) this.expect(count, treatment);
    this.append(bytes, start, end);
  }

  /**
   * When the command that the engine holds is taken back from it, `then` is called and the client is not told. Nothing is
   * changed when the command is answered instead.
   */
  onUnblocked(then: () => void): void {
    const awaited = this.#awaited[0];
    if (awaited === undefined || awaited.treatment !== null || this.#scanner.isInside) return;
    awaited.treatment = {
      rewrite(reply) {
        if (!reply.subarray(0, unblockedError.length).equals(unblockedError)) return reply;
        then();
        return Buffer.alloc(0);
      },
    };
  }

  override onReplies(bytes: Buffer): void {
    const owner = this.owner;
    if (owner === null) return this.close();
    let position = 0;
    while (position < bytes.length && this.state !== "closed") {
      const isRaw = this.isRaw && this.#awaited.length === 0;
      position = isRaw ? this.#passRaw(owner, bytes, position) : this.#passReply(owner, bytes, position);
    }
    this.#slowDown(owner);
  }

  #passRaw(owner: ClientConnection, bytes: Buffer, start: number): number {
    const lines = this.#monitorLines.take(bytes.subarray(start));
    owner.deliver(lines, 0, lines.length);
    this.#noteInside(owner, false);
    return bytes.length;
  }

  /** Passes on what there is of one reply, or of one push, and returns the offset after it. */
  #passReply(owner: ClientConnection, bytes: Buffer, start: number): number {
    const scanner = this.#scanner;
    const end = scanner.next(bytes, start, bytes.length);
    const isPush = scanner.type === PUSH;
    const awaited = this.#awaited[0];
    if (scanner.malformed || (awaited === undefined && !isPush)) {
      this.close();
      return bytes.length;
    }
    if (isPush || awaited === undefined) owner.deliver(bytes, start, end);
    else this.#treatment.apply(owner, awaited.treatment, { bytes, start, end, isComplete: scanner.complete });
    this.#treatment.flush(owner);
    this.#noteInside(owner, !scanner.complete);
    if (isPush || awaited === undefined || !scanner.complete) return end;
    awaited.count--;
    if (awaited.count === 0) this.#awaited.shift();
    owner.onReplied(1);
    return end;
  }

  #noteInside(owner: ClientConnection, isInside: boolean): void {
    owner.isInsideReply = isInside;
    if (!isInside && owner.hasMessages) owner.sendMessages();
  }

  #slowDown(owner: ClientConnection): void {
    if (owner.outputBytes > limits.clientOutputPauseBytes) {
      this.pauseReading();
      owner.isServerPaused = true;
    }
  }

  override onEnd(): void {
    const owner = this.owner;
    if (owner === null || !this.wasReady) return;
    const count = this.#awaited.reduce((sum, each) => sum + each.count, 0);
    this.#awaited = [];
    owner.onDedicatedLost(count, this.#scanner.isInside || this.isBroken);
  }
}
