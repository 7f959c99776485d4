/**
 * One life of an engine: a data set, its stream of writes, and who it follows, as Valkey does it as far as Larder sees it.
 *
 * Every write has a number, and the data set is the list of all numbers written, in order: whoever holds the same list
 * holds the same data, and an offset in the stream is a length of that list. Pings are in the stream, too.
 *
 *   writes    refused by a follower; held while paused
 *   pausing   ends by itself; then what was held runs as if it came just then
 *   replicas  get what was written a moment later: it may be lost with the process before it is sent
 *
 * The links are in replication-link.ts.
 */
import { type Address, type EngineFound, isOlder, type NodeId } from "@larder/api";
import type { ReplicationSeen } from "../packages/agent/engine/replication-plan.ts";
import { nowhere } from "../packages/agent/engine/replication-settings.ts";
import type { Chance } from "./chance.ts";
import type { Pipe } from "./network.ts";
import type { Process } from "./process.ts";
import { type Attached, FollowedLink, type Sync, type SyncAnswer } from "./replication-link.ts";
import type { World } from "./world.ts";

/** A ping in the stream of writes. */
export const ping = -1;

export type WriteReply = { kind: "written"; offset: number } | { kind: "refused"; code: string };

interface Wait {
  offset: number;
  replicas: number;
  reply: (replicas: number) => void;
  isOver: boolean;
}

const cronMs = 1_000;
const copyMs = [20, 400] as const;

export class FakeEngine {
  readonly nodeId: NodeId;
  readonly runId: string;
  readonly version: EngineFound;
  readonly address: Address;
  readonly process: Process;
  readonly world: World;
  stream: number[] = [];
  /** The epoch of the leader record that its agent put in force. */
  epoch = 0;
  /** Whose policies' users it has; in memory alone, as its users are. */
  accessGeneration = 0;

  #following: Address | null = nowhere;
  #link: FollowedLink | null = null;
  #history: { id: string; before: { id: string; until: number } | null };
  readonly #attached = new Map<Pipe, Attached>();
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #held: { id: number; reply: (reply: WriteReply) => void }[] = [];
  #isFlushing = false;
  #waits: Wait[] = [];

  constructor(at: Pick<FakeEngine, "nodeId" | "runId" | "version" | "address" | "process">, world: World) {
    this.nodeId = at.nodeId;
    this.runId = at.runId;
    this.version = at.version;
    this.address = at.address;
    this.process = at.process;
    this.world = world;
    this.#history = { id: `${at.runId}.0`, before: null };
    this.process.every(cronMs, () => this.#cron());
  }

  get #chance(): Chance {
    return this.world.chance;
  }

  get following(): Address | null {
    return this.#following;
  }

  get isPaused(): boolean {
    return this.process.monotonicMs() < this.#pausedUntilMs;
  }

  /** INFO replication. */
  seen(): ReplicationSeen {
    const nowMs = this.process.monotonicMs();
    return {
      following: this.#following,
      isLinked: this.#link?.state === "up",
      isCopying: this.#link?.state === "copying",
      isUnplaced: false,
      offset: this.stream.length,
      history: this.#history.id,
      replicas: [...this.#attached.values()].map(({ address, offset, ackedAtMs, isOnline }) => ({
        address: `${address.host}:${address.port}`,
        offset,
        lagSeconds: Math.floor((nowMs - ackedAtMs) / 1_000),
        state: isOnline ? "online" : "send_bulk",
      })),
    };
  }

  // ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────

  write(id: number, reply: (reply: WriteReply) => void): void {
    if (this.isPaused) this.#held.push({ id, reply });
    else reply(this.#write(id));
  }

  /** WAIT, on the connection whose last write ended at `offset`. */
  wait(offset: number, replicas: number, timeoutMs: number, reply: (replicas: number) => void): void {
    const wait = { offset, replicas, reply, isOver: false };
    this.#waits.push(wait);
    for (const pipe of this.#attached.keys()) this.#send(pipe, (link) => link.acknowledge());
    this.process.after(timeoutMs, () => this.#endWait(wait));
    this.#lookAtWaits();
  }

  /** WAIT for more replicas than there are. The question is in the stream; none is asked while it pauses. */
  askReplicas(): void {
    if (this.#following !== null || this.#attached.size === 0 || this.isPaused) return;
    this.stream.push(ping);
    for (const [pipe, attached] of this.#attached) {
      if (!attached.isOnline) continue;
      this.#flush(pipe, attached);
      this.#send(pipe, (link) => link.acknowledge());
    }
  }

  /** CLIENT PAUSE WRITE. */
  pause(ms: number): void {
    this.#pausedUntilMs = this.process.monotonicMs() + ms;
    this.process.after(ms, () => this.#runHeld());
  }

  unpause(): void {
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
    this.#runHeld();
  }

  /** REPLICAOF; null is NO ONE. */
  replicaOf(address: Address | null): void {
    this.#link?.drop();
    this.#link = null;
    this.#following = address;
    if (address !== null) {
      this.#link = new FollowedLink(this, address);
      return;
    }
    this.#history = {
      id: `${this.runId}.${this.epoch}.${this.stream.length}`,
      before: { id: this.#history.id, until: this.stream.length },
    };
    this.#dropReplicas();
    this.world.watch.onPromotion(this);
  }

  // ── as a follower ──────────────────────────────────────────────────────────────────────────────────────────────────

  get syncRequest(): Sync {
    return { address: this.address, version: this.version, history: this.#history.id, offset: this.stream.length };
  }

  /** A partial resync: the stream goes on where it was, under the leader's name for it. */
  adoptHistory(id: string): void {
    if (id === this.#history.id) return;
    this.#history = { id, before: { id: this.#history.id, until: this.stream.length } };
    this.#dropReplicas();
  }

  loadCopy(history: string, stream: readonly number[]): void {
    this.stream = [...stream];
    this.#history = { id: history, before: null };
    this.#dropReplicas();
  }

  append(entries: readonly number[]): void {
    this.stream.push(...entries);
    this.#flushSoon();
  }

  // ── as a leader ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** PSYNC. */
  answerSync(pipe: Pipe, sync: Sync): SyncAnswer {
    if (isOlder(sync.version, this.version))
      this.world.watch.fail(`${sync.version.name} was told to copy ${this.version.name}`);
    if (this.#following !== null && this.#link?.state !== "up") return { kind: "refused" };
    const attached: Attached = {
      address: sync.address,
      offset: sync.offset,
      sent: sync.offset,
      ackedAtMs: this.process.monotonicMs(),
      isOnline: false,
      link: null,
    };
    this.#attached.set(pipe, attached);
    pipe.onClose(this.process, () => this.#attached.delete(pipe));
    if (this.#canContinue(sync)) {
      attached.isOnline = true;
      this.#flushSoon();
      return { kind: "continue", history: this.#history.id };
    }
    const stream = [...this.stream];
    const history = this.#history.id;
    attached.sent = stream.length;
    this.process.after(this.#chance.between(...copyMs), () => {
      this.#send(pipe, (link) => link.takeCopy(history, stream));
      attached.isOnline = true;
      this.#flushSoon();
    });
    return { kind: "copy" };
  }

  attach(pipe: Pipe, link: FollowedLink): void {
    const attached = this.#attached.get(pipe);
    if (attached !== undefined) attached.link = link;
  }

  acknowledged(pipe: Pipe, offset: number): void {
    const attached = this.#attached.get(pipe);
    if (attached === undefined) return;
    attached.offset = offset;
    attached.ackedAtMs = this.process.monotonicMs();
    this.#lookAtWaits();
  }

  #canContinue({ history, offset }: Sync): boolean {
    if (offset + this.world.backlog < this.stream.length) return false;
    if (history === this.#history.id) return offset <= this.stream.length;
    const { before } = this.#history;
    return before !== null && history === before.id && offset <= before.until;
  }

  #dropReplicas(): void {
    for (const pipe of this.#attached.keys()) pipe.close(this.process);
    this.#attached.clear();
  }

  #write(id: number): WriteReply {
    if (this.#following !== null)
      return { kind: "refused", code: this.#link?.state === "up" ? "READONLY" : "MASTERDOWN" };
    this.stream.push(id);
    this.#flushSoon();
    return { kind: "written", offset: this.stream.length };
  }

  #runHeld(): void {
    if (this.isPaused) return;
    for (const { id, reply } of this.#held.splice(0)) reply(this.#write(id));
  }

  /** A moment later: what an engine has in its buffers when it is killed goes with it. */
  #flushSoon(): void {
    if (this.#isFlushing || this.#attached.size === 0) return;
    this.#isFlushing = true;
    this.process.after(this.#chance.between(0, 0.3), () => {
      this.#isFlushing = false;
      for (const [pipe, attached] of this.#attached) if (attached.isOnline) this.#flush(pipe, attached);
    });
  }

  #flush(pipe: Pipe, attached: Attached): void {
    const entries = this.stream.slice(attached.sent);
    if (entries.length === 0) return;
    const from = attached.sent;
    attached.sent = this.stream.length;
    this.#send(pipe, (link) => link.takeEntries(from, entries));
  }

  #send(pipe: Pipe, what: (link: FollowedLink) => void): void {
    pipe.send(this.process, () => {
      const link = this.#attached.get(pipe)?.link;
      if (link) what(link);
    });
  }

  #cron(): void {
    if (this.#following === null && this.#attached.size > 0) {
      this.stream.push(ping);
      this.#flushSoon();
    }
    this.#link?.cron();
  }

  #lookAtWaits(): void {
    for (const wait of this.#waits) if (this.#replicasAt(wait.offset) >= wait.replicas) this.#endWait(wait);
    this.#waits = this.#waits.filter(({ isOver }) => !isOver);
  }

  #endWait(wait: Wait): void {
    if (wait.isOver) return;
    wait.isOver = true;
    wait.reply(this.#replicasAt(wait.offset));
  }

  #replicasAt(offset: number): number {
    return [...this.#attached.values()].filter((each) => each.isOnline && each.offset >= offset).length;
  }
}
