/**
 * As SharedConnection, for a cache whose writes are answered once replicas have them: the replies of a client that wrote
 * are held until then (reply-hold.ts). All others pass as they come.
 */
import { ReplyScanner } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { demotedRefusals, refusalAt } from "../engine/refusal.ts";
import { planReplay, unansweredOf } from "../engine/replay.ts";
import { ReplyTreatment, swallow, type Treatment } from "../engine/reply-treatment.ts";
import { ServerConnection, type ServerTarget } from "../engine/server-connection.ts";
import { type InFlight, isTelling, SteppingDown } from "../engine/stepping-down.ts";
import { limits } from "../limits.ts";
import { ReplyHold } from "./reply-hold.ts";
import type { WriteConfirmer } from "./write-confirmer.ts";
import { type Stretch, WriteSpotter } from "./write-spotter.ts";

const PUSH = 62;
const MINUS = 45;

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
  /** Another one has begun. */
  isOpen: boolean;
}

type DurableInFlight = InFlight & Pick<Stretch, "writes">;

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
  /** The beginning of what may be a refusal. */
  #kept: Buffer | null = null;
  /** Set once the engine has said that it is no primary. */
  #steppingDown: SteppingDown<DurableInFlight> | null = null;

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
    return this.#runs.length === 0 && this.#held.size === 0 && this.#steppingDown === null;
  }

  override onReplies(arrived: Buffer): void {
    if (this.#steppingDown !== null) return this.#stepDownWith(this.#steppingDown, arrived);
    const bytes = this.#kept === null ? arrived : Buffer.concat([this.#kept, arrived]);
    this.#kept = null;
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
      let refusal: ReturnType<typeof refusalAt> = "no";
      while (whole < wanted && position < bytes.length) {
        if (bytes[position] === MINUS && !scanner.isInside) {
          refusal = this.#refusalAt(bytes, position, whole);
          if (refusal !== "no") break;
        }
        position = scanner.next(bytes, position, bytes.length);
        if (scanner.malformed || scanner.type === PUSH) return this.close();
        if (!scanner.complete) break;
        whole++;
      }
      if (whole > 0) this.#take(run, stretch, whole);
      const piece = { bytes, start, end: position, whole, isOpen: scanner.isInside };
      if (position > start) this.#pass({ ...run, writes: stretch.writes }, piece);
      if (refusal !== "no") return this.#stopAt(bytes, position);
    }
    this.#confirmer.slowDown(this);
  }

  /** Whether the engine refuses the command behind the next `whole` ones as it is no primary. Then no more are sent to it. */
  #refusalAt(bytes: Buffer, position: number, whole: number): ReturnType<typeof refusalAt> {
    const refusal = refusalAt(bytes, position, demotedRefusals);
    if (refusal !== "yes") return refusal;
    const [refused, ...behind] = this.#inFlight().slice(whole);
    if (refused === undefined || !isTelling(refused)) return "no";
    this.#steppingDown = new SteppingDown([refused, ...behind], (command, { isComplete, ...piece }) =>
      this.#pass(command, { ...piece, whole: isComplete ? 1 : 0, isOpen: !isComplete }),
    );
    this.onDemoted();
    return refusal;
  }

  /** The replies before it have passed. */
  #stopAt(bytes: Buffer, position: number): void {
    if (this.#steppingDown === null) this.#kept = Buffer.from(bytes.subarray(position));
    else if (this.state !== "closed") this.#stepDownWith(this.#steppingDown, bytes.subarray(position));
  }

  #stepDownWith(steppingDown: SteppingDown<DurableInFlight>, bytes: Buffer): void {
    if (!steppingDown.take(bytes) || steppingDown.isOver) this.close();
    else this.#confirmer.slowDown(this);
  }

  #inFlight(): DurableInFlight[] {
    const { bytes, sent } = this.unanswered();
    let start = 0;
    return this.#runs.flatMap(({ client, treatment, bytes: length, stretches }) => {
      const writes = stretches.flatMap((stretch) => new Array<boolean>(stretch.count).fill(stretch.writes));
      const run = { start, end: start + length, sent, unanswered: writes.length };
      start += length;
      return unansweredOf(bytes, run, client.commands).map((command, index) => {
        return { ...command, client, treatment, writes: writes[index] === true };
      });
    });
  }

  #pass(
    { client, treatment, writes }: Pick<DurableInFlight, "client" | "treatment" | "writes">,
    { bytes, start, end, whole, isOpen }: Piece,
  ): void {
    const hold = this.#holdFor(client, writes);
    hold?.begin(writes);
    this.#treatment.apply(hold ?? client, treatment, { bytes, start, end, isComplete: whole > 0 });
    this.#treatment.flush(hold ?? client);
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
    const steppingDown = this.#steppingDown;
    if (steppingDown !== null) return this.#endSteppingDown(steppingDown);
    let isInside = this.isBroken || (this.#scanner.isInside && !this.#isHeldFrom(this.#runs[0]?.client));
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

  #endSteppingDown(steppingDown: SteppingDown<DurableInFlight>): void {
    const { inside, next } = steppingDown;
    const lost = this.isBroken ? next : this.#isHeldFrom(inside) ? null : inside;
    for (const each of [...this.#held]) each.abandon();
    steppingDown.end(lost);
  }

  /** The client has nothing of the reply that has begun. */
  #isHeldFrom(client: ClientConnection | null | undefined): boolean {
    const hold = client == null ? undefined : this.#holds.get(client);
    return hold !== undefined && !hold.isEmpty && !hold.isPassing;
  }
}
