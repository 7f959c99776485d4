/**
 * A server connection of one client, for what cannot be shared: blocking commands, WATCH, MONITOR, tracking, and requests
 * too large to be kept whole.
 *
 * Beside replies the engine sends pushes that nobody asked for (RESP3). They pass on without taking a place in the queue.
 * After MONITOR everything passes as it comes (`isRaw`). Where writes are answered once replicas have them, what answers a
 * write is held until then, and what comes behind it.
 */
import { ReplyScanner } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { ReplyHold } from "../durability/reply-hold.ts";
import { WriteSpotter } from "../durability/write-spotter.ts";
import { limits } from "../limits.ts";
import type { EnginePool } from "./engine-pool.ts";
import { MonitorLines } from "./monitor-lines.ts";
import { isSentAway } from "./refusal.ts";
import { ReplyTreatment, type Treatment } from "./reply-treatment.ts";
import { ServerConnection, type ServerTarget } from "./server-connection.ts";

const PUSH = 62;
const MINUS = 45;

/** Valkey's answer to whom CLIENT UNBLOCK … ERROR lets go, up to where versions differ. */
const unblockedError = Buffer.from("-UNBLOCKED ");

interface Awaited {
  count: number;
  treatment: Treatment;
  /** They are held until replicas have what they answer. */
  isHeld: boolean;
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
  /** null while nothing is held: it would not know what was sent meanwhile. */
  #spotter: WriteSpotter | null = null;
  #hold: ReplyHold | null = null;

  constructor(target: ServerTarget, home: EnginePool) {
    super(target);
    this.home = home;
  }

  /** Tells that the reply to a command is to come of which there is only the beginning. */
  expectLarge(treatment: Treatment): void {
    this.#expect(1, treatment, this.#spotterNow()?.nextLarge() ?? false);
  }

  /** Sends `count` whole commands, bytes [start, end). */
  send(bytes: Buffer, start: number, end: number, count: number, treatment: Treatment): void {
    const stretches = this.#spotterNow()?.stretches(bytes, start, end, this.owner?.commands ?? null);
    if (!this.isRaw)
      for (const each of stretches ?? [{ count, writes: false }]) this.#expect(each.count, treatment, each.writes);
    this.append(bytes, start, end);
  }

  #spotterNow(): WriteSpotter | null {
    this.#spotter = this.home.confirmer === null ? null : (this.#spotter ?? new WriteSpotter());
    return this.#spotter;
  }

  #expect(count: number, treatment: Treatment, isHeld: boolean): void {
    this.#awaited.push({ count, treatment, isHeld });
    if (this.owner) this.owner.inFlight += count;
  }

  /**
   * When the command that the engine holds is taken back from it, `then` is called and the client is not told. Nothing is
   * changed when the command is answered instead.
   */
  onUnblocked(then: () => void): void {
    this.#giveBack((reply) => reply.subarray(0, unblockedError.length).equals(unblockedError), then);
  }

  /** The same when the engine sends it away, as it is no primary any more. */
  #onSentAway(owner: ClientConnection): void {
    this.#giveBack(isSentAway, () => {
      this.onDemoted();
      owner.takeBackBlocking();
    });
  }

  #giveBack(isGivenBack: (reply: Buffer) => boolean, then: () => void): void {
    const awaited = this.#awaited[0];
    if (awaited === undefined || awaited.treatment !== null || this.#scanner.isInside) return;
    awaited.treatment = {
      rewrite(reply) {
        if (!isGivenBack(reply)) return reply;
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
    this.home.confirmer?.slowDown(this);
  }

  #passRaw(owner: ClientConnection, bytes: Buffer, start: number): number {
    const lines = this.#monitorLines.take(bytes.subarray(start));
    if (this.#hold !== null) {
      this.#hold.begin(false);
      this.#hold.deliver(lines, 0, lines.length);
      this.#hold.end(0, false);
    } else {
      owner.deliver(lines, 0, lines.length);
      this.#noteInside(owner, false);
    }
    return bytes.length;
  }

  /** Passes on what there is of one reply, or of one push, and returns the offset after it. */
  #passReply(owner: ClientConnection, bytes: Buffer, start: number): number {
    const scanner = this.#scanner;
    if (bytes[start] === MINUS && owner.blocking !== null) this.#onSentAway(owner);
    const end = scanner.next(bytes, start, bytes.length);
    const isPush = scanner.type === PUSH;
    const awaited = this.#awaited[0];
    if (scanner.malformed || (awaited === undefined && !isPush)) {
      this.close();
      return bytes.length;
    }
    if (isPush || awaited === undefined) {
      owner.deliver(bytes, start, end);
      this.#noteInside(owner, !scanner.complete);
      return end;
    }
    const hold = this.#holdFor(owner, awaited);
    this.#treatment.apply(hold ?? owner, awaited.treatment, { bytes, start, end, isComplete: scanner.complete });
    this.#treatment.flush(hold ?? owner);
    if (scanner.complete && --awaited.count === 0) this.#awaited.shift();
    const whole = scanner.complete ? 1 : 0;
    if (hold !== null) hold.end(whole, !scanner.complete);
    else {
      this.#noteInside(owner, !scanner.complete);
      if (scanner.complete) owner.onReplied(1);
    }
    return end;
  }

  /** Where the reply goes that comes next; null: to the client. */
  #holdFor(owner: ClientConnection, { isHeld }: Awaited): ReplyHold | null {
    const { confirmer } = this.home;
    // What has begun to pass goes on so.
    if (this.#hold === null && isHeld && confirmer !== null && !owner.isInsideReply)
      this.#hold = new ReplyHold({ client: owner, owner: confirmer, onEmpty: () => (this.#hold = null) });
    this.#hold?.begin(isHeld);
    return this.#hold;
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
    const hold = this.#hold;
    if (owner === null || !this.wasReady) return hold?.discard();
    const isInside = this.#scanner.isInside && (hold === null || hold.isPassing);
    const count = this.#awaited.reduce((sum, each) => sum + each.count, 0);
    this.#awaited = [];
    hold?.abandon();
    // With nothing else in flight it is given back by then.
    if (this.owner === owner) owner.onDedicatedLost(count, isInside || this.isBroken);
  }
}
