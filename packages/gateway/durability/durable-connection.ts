/**
 * As SharedConnection, for a cache whose writes are answered once replicas have them: the replies of a client that wrote
 * are held until then (reply-hold.ts). All others pass as they come.
 */
import { ReplyScanner } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { planReplay } from "../engine/replay.ts";
import { ReplyTreatment, swallow, type Treatment } from "../engine/reply-treatment.ts";
import { ServerConnection, type ServerTarget } from "../engine/server-connection.ts";
import { limits } from "../limits.ts";
import { ReplyHold } from "./reply-hold.ts";
import type { WriteConfirmer } from "./write-confirmer.ts";
import { type Stretch, WriteSpotter } from "./write-spotter.ts";

const PUSH = 62;

/** Commands that were written together. */
interface Run {
  client: ClientConnection;
  treatment: Treatment;
  bytes: number;
  /** Of those that are not answered. */
  stretches: Stretch[];
}

interface Piece {
  bytes: Buffer;
  start: number;
  end: number;
  /** Replies that end in it. */
  whole: number;
}

export class DurableConnection extends ServerConnection {
  override readonly isShared = true;
  readonly #confirmer: WriteConfirmer;
  readonly #runs: Run[] = [];
  readonly #holds = new WeakMap<ClientConnection, ReplyHold>();
  /** Those that are not empty. */
  readonly #held = new Set<ReplyHold>();
  readonly #spotter = new WriteSpotter();
  readonly #scanner = new ReplyScanner(limits.replyBulkBytesMax);
  readonly #treatment = new ReplyTreatment();

  constructor(target: ServerTarget, confirmer: WriteConfirmer) {
    super(target);
    this.#confirmer = confirmer;
  }

  /** Sends `count` whole commands of the client, bytes [start, end). */
  send(client: ClientConnection, bytes: Buffer, start: number, end: number, count: number, treatment: Treatment): void {
    const stretches = this.#spotter.stretches(bytes, start, end, client.commands);
    this.#runs.push({ client, treatment, bytes: end - start, stretches });
    client.inFlight += count;
    try {
      this.append(bytes, start, end);
    } catch (error) {
      // Replies would come to the wrong clients.
      this.close();
      throw error;
    }
  }

  /** Nothing is in flight on it, and nothing held. */
  get isDrained(): boolean {
    return this.#runs.length === 0 && this.#held.size === 0;
  }

  override onReplies(bytes: Buffer): void {
    const scanner = this.#scanner;
    let position = 0;
    while (position < bytes.length && this.state !== "closed") {
      const run = this.#runs[0];
      const stretch = run?.stretches[0];
      if (run === undefined || stretch === undefined) return this.close();
      // What began before is in an older batch than what follows it.
      const wanted = scanner.isInside || run.treatment !== null ? 1 : stretch.count;
      const start = position;
      let whole = 0;
      while (whole < wanted && position < bytes.length) {
        position = scanner.next(bytes, position, bytes.length);
        if (scanner.malformed || scanner.type === PUSH) return this.close();
        if (!scanner.complete) break;
        whole++;
      }
      this.#pass(run, stretch, { bytes, start, end: position, whole });
    }
    this.#confirmer.slowDown(this);
  }

  #pass(run: Run, stretch: Stretch, { bytes, start, end, whole }: Piece): void {
    const { client, treatment } = run;
    const isOpen = this.#scanner.isInside;
    const hold = this.#holdFor(client, stretch.writes);
    hold?.begin(stretch.writes);
    this.#treatment.apply(hold ?? client, treatment, { bytes, start, end, isComplete: whole > 0 });
    this.#treatment.flush(hold ?? client);
    if (whole > 0) this.#take(run, stretch, whole);
    if (hold !== null) return hold.end(whole, isOpen);
    client.isInsideReply = isOpen && treatment === null;
    if (!isOpen && client.hasMessages) client.sendMessages();
    if (whole > 0) client.onReplied(whole);
  }

  /** null: its replies pass. */
  #holdFor(client: ClientConnection, writes: boolean): ReplyHold | null {
    const known = this.#holds.get(client);
    if (!writes) return known === undefined || known.isEmpty ? null : known;
    const hold = known ?? this.#newHold(client);
    this.#held.add(hold);
    return hold;
  }

  #newHold(client: ClientConnection): ReplyHold {
    const hold = new ReplyHold({ client, owner: this.#confirmer, onEmpty: () => void this.#held.delete(hold) });
    this.#holds.set(client, hold);
    return hold;
  }

  #take(run: Run, stretch: Stretch, whole: number): void {
    stretch.count -= whole;
    if (stretch.count === 0) run.stretches.shift();
    if (run.stretches.length > 0) return;
    this.#runs.shift();
    this.forgetAnswered(run.bytes);
  }

  override onEnd(): void {
    const inside = this.#runs[0]?.client;
    const hold = inside === undefined ? undefined : this.#holds.get(inside);
    const isHeld = hold !== undefined && !hold.isEmpty && !hold.isPassing;
    let isInside = this.isBroken || (this.#scanner.isInside && !isHeld);
    for (const each of [...this.#held]) each.abandon();
    const { bytes, sent } = this.unanswered();
    let start = 0;
    for (const { client, treatment, bytes: length, stretches } of this.#runs.splice(0)) {
      const end = start + length;
      const unanswered = stretches.reduce((sum, { count }) => sum + count, 0);
      const isLost = isInside && (treatment === null || this.isBroken);
      const plan = treatment === swallow ? null : planReplay(bytes, { start, end, sent, unanswered }, client.commands);
      client.onServerLost(unanswered, { isInside: isLost, plan });
      isInside = false;
      start = end;
    }
  }
}
