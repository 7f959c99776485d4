/**
 * A server connection of one client, for what cannot be shared: blocking commands, transactions, WATCH, subscriptions,
 * MONITOR, tracking, and requests too large to be kept whole.
 *
 * Beside replies the engine sends messages that nobody asked for: RESP3 pushes, and in RESP2 the arrays of subscribed
 * mode. They pass on without taking a place in the queue. Confirmations of (un)subscribing do take one: there is one for
 * each channel, as a push in RESP3. After MONITOR everything passes as it comes (`isRaw`).
 */
import { ReplyScanner } from "@larder/resp";
import type { ClientConnection } from "./client-connection.ts";
import { limits } from "./limits.ts";
import { swallow, type Treatment } from "./reply-queue.ts";
import type { Request } from "./request.ts";
import { ServerConnection } from "./server-connection.ts";

const STAR = 42;
const MINUS = 45;
const PUSH = 62;

interface Awaited {
  count: number;
  treatment: Treatment;
  /** Confirmations of channels; one error stands for all of them. */
  areConfirmations: boolean;
}

export class DedicatedConnection extends ServerConnection {
  override readonly isShared = false;
  owner: ClientConnection | null = null;
  isRaw = false;
  /** Set once the connection has been in a state that another client must not inherit. */
  isTainted = false;

  #awaited: Awaited[] = [];
  readonly #scanner = new ReplyScanner(limits.replyBulkBytesMax);
  /** The first bytes of a message whose kind cannot be told yet. */
  #head: Buffer | null = null;
  #isMessage = false;

  /** Tells that replies to `count` commands, or confirmations, are to come. */
  expect(count: number, treatment: Treatment, areConfirmations = false): void {
    this.#awaited.push({ count, treatment, areConfirmations });
    if (this.owner) this.owner.inFlight += count;
  }

  /** Sends `count` whole commands, bytes [start, end). */
  send(bytes: Buffer, start: number, end: number, count: number, treatment: Treatment): void {
    if (!this.isRaw) this.expect(count, treatment);
    this.append(bytes, start, end);
  }

  /** Sends a request to subscribe or unsubscribe, which the engine confirms so many times. */
  sendSubscription(request: Request, confirmations: number): void {
    this.isTainted = true;
    this.expect(confirmations, null, true);
    this.append(request.bytes, request.start, request.end);
  }

  override onReplies(arrived: Buffer): void {
    const owner = this.owner;
    if (owner === null) return this.close();
    if (this.isRaw) {
      owner.deliver(arrived, 0, arrived.length);
      return this.#slowDown(owner);
    }
    const bytes = this.#head === null ? arrived : Buffer.concat([this.#head, arrived]);
    this.#head = null;
    let position = 0;
    while (position < bytes.length && this.state !== "closed") {
      if (!this.#scanner.isInside) {
        const kind = this.#kindAt(owner, bytes, position);
        if (kind === undefined) {
          this.#head = Buffer.from(bytes.subarray(position));
          return;
        }
        this.#isMessage = kind === "message";
      }
      position = this.#passReply(owner, bytes, position);
      if (this.isRaw && position < bytes.length) {
        owner.deliver(bytes, position, bytes.length);
        break;
      }
    }
    this.#slowDown(owner);
  }

  /**
   * What begins at `position`. In RESP2 an ordinary reply may look just like a message, so its name counts only while the
   * client is subscribed, when the engine allows no command with such a reply.
   */
  #kindAt(owner: ClientConnection, bytes: Buffer, position: number): "message" | "reply" | undefined {
    const awaitsConfirmation = this.#awaited[0]?.areConfirmations === true;
    if (owner.protocol === 2 && !awaitsConfirmation && owner.subscriptions.isEmpty) return "reply";
    const kind = messageKind(bytes, position, owner.protocol === 3 ? PUSH : STAR);
    if (kind === "confirmation") return awaitsConfirmation ? "reply" : "message";
    return kind;
  }

  /** Passes on what there is of one reply and returns the offset after it. */
  #passReply(owner: ClientConnection, bytes: Buffer, start: number): number {
    const scanner = this.#scanner;
    const end = scanner.next(bytes, start, bytes.length);
    const awaited = this.#awaited[0];
    if (scanner.malformed || (awaited === undefined && !this.#isMessage)) {
      this.close();
      return bytes.length;
    }
    if (this.#isMessage || awaited === undefined) {
      owner.deliver(bytes, start, end);
      return end;
    }
    if (awaited.treatment === null) owner.deliver(bytes, start, end);
    if (!scanner.complete) return end;
    if (awaited.treatment !== null && awaited.treatment !== swallow)
      owner.deliver(awaited.treatment, 0, awaited.treatment.length);
    const isRefused = awaited.areConfirmations && scanner.type === MINUS;
    const taken = isRefused ? awaited.count : 1;
    awaited.count -= taken;
    if (awaited.count === 0) this.#awaited.shift();
    if (isRefused) owner.isSticky = true;
    owner.onReplied(taken);
    return end;
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
    owner.onDedicatedLost(count, this.#scanner.isInside);
  }
}

const messageNames = ["message", "pmessage", "smessage"];
const confirmationNames = ["subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"];

/**
 * What begins at `start`: a message that nobody awaits, a confirmation, or a reply; undefined when that many bytes are
 * not there yet. `aggregate` is the type byte of messages: `>` in RESP3, `*` in RESP2, where only the name tells.
 */
function messageKind(
  bytes: Buffer,
  start: number,
  aggregate: number,
): "message" | "confirmation" | "reply" | undefined {
  if (bytes[start] !== aggregate) return "reply";
  const countEnd = bytes.indexOf(10, start);
  if (countEnd < 0) return undefined;
  if (bytes[countEnd + 1] !== undefined && bytes[countEnd + 1] !== 36) return aggregate === PUSH ? "message" : "reply";
  const lengthEnd = bytes.indexOf(10, countEnd + 1);
  if (lengthEnd < 0) return undefined;
  const length = Number(bytes.toString("latin1", countEnd + 2, lengthEnd - 1));
  const longest = 12;
  if (length > longest || length < 0) return aggregate === PUSH ? "message" : "reply";
  if (bytes.length < lengthEnd + 1 + length) return undefined;
  const name = bytes.toString("latin1", lengthEnd + 1, lengthEnd + 1 + length);
  if (confirmationNames.includes(name)) return "confirmation";
  return aggregate === PUSH || messageNames.includes(name) ? "message" : "reply";
}
