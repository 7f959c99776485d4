/**
 * The part that one engine process has in its cache's replication: what it is, and its way to what the leader record
 * says. Decides nothing; replication-plan.ts says what a record means.
 *
 * Invariant: the epoch in force never falls in the life of an engine. A record of a lower epoch is news from before,
 * and so is the absence of a record once there was one.
 */
import {
  type Address,
  type AgentOrder,
  agentLimits,
  LarderError,
  type Leader,
  type NodeId,
  type ReplicationObserved,
  type ReplicationSpec,
} from "@larder/api";
import type { Clock, Log } from "@larder/service";
import type { EngineConnection } from "./ask.ts";
import { Following } from "./following.ts";
import {
  asIntake,
  copiedEpochOf,
  type Epochs,
  entered,
  type Feed,
  hasWholeCopy,
  initialEpochs,
  isInSync,
  isSettled,
  parseReplication,
  planRole,
  type ReplicationSeen,
  releaseWith,
  roleOf,
  wantedRole,
} from "./replication-plan.ts";
import { serveStaleCommand } from "./replication-settings.ts";

export interface ReplicationState extends Epochs {
  address: Address;
}

export type LeadOrder = Pick<Extract<AgentOrder, { kind: "lead" }>, "leader" | "offset" | "waitMs" | "transferId">;

/** What the controller wants of a node's part, and which life that is. */
interface Told {
  replication: ReplicationSpec;
  isIntake: boolean;
  runId: string | null;
}

/** How often a node that is to lead looks whether it has everything. */
const catchUpLookMs = 1;
/** Longer than it takes to repeat it several times. */
const fencePauseMs = 3_000;
/** More than a cache has, so that it is waited for the whole time. */
const replicasUnheardOf = 1_000;
/** Time for their answers, mostly. */
const answersMs = 5;
/** The leader may still be heard. */
const leaderDueMs = 1_000;

export interface ReplicationContext {
  nodeId: NodeId;
  clock: Clock;
  log: Log;
  /** More than gauges has changed. */
  onChange: () => void;
}

export class EngineReplication {
  readonly #context: ReplicationContext;
  readonly #address: Address;
  #epochs: Epochs;
  #epochIgnored: number | null = null;
  /** null until the first look. */
  #seen: ReplicationSeen | null = null;
  /** As it was last told to; null until it was. */
  #servesStale: boolean | null = null;
  #told = "";
  /** When the leader was heard last: with its pings the stream goes on every second. */
  #heardAtMs = Number.NEGATIVE_INFINITY;
  readonly #following = new Following();
  /** It was told to hand over, and holds writes until a newer record comes. */
  #isYielding = false;
  /** It holds writes because nobody can say that it still leads. */
  #isFenced = false;
  /** Of an intake node: from where its engine loads just now. */
  #feed: Feed | null = null;

  constructor({ address, ...epochs }: ReplicationState, context: ReplicationContext) {
    this.#address = address;
    // A record that an older agent wrote does not have all of them.
    this.#epochs = { ...initialEpochs, ...epochs };
    this.#context = context;
  }

  get state(): ReplicationState {
    return { address: this.#address, ...this.#epochs };
  }

  get #epoch(): number {
    return this.#epochs.epoch;
  }

  /** Whether it is the primary of a cache that never had another node. */
  get isAlone(): boolean {
    return this.#epoch === 0 && this.#seen?.following === null;
  }

  /** Whether it is being filled, and leads nobody. */
  get isIntake(): boolean {
    return this.#epochs.isIntake;
  }

  /** Whether nothing is under way that has to be looked at soon. */
  get isSettled(): boolean {
    if (this.#seen === null || !isSettled(this.#seen)) return false;
    return roleOf(this.#seen) !== "replica" || this.#sinceMs(this.#heardAtMs) < leaderDueMs;
  }

  observed(): ReplicationObserved | null {
    const seen = this.#seen;
    if (seen === null) return null;
    const { epoch, copiedEpoch, isIntake } = this.#epochs;
    // Whoever looks for a copy or for a primary of the cache finds neither.
    const role = isIntake ? "detached" : roleOf(seen);
    const { offset } = seen;
    const replicas = isIntake ? [] : seen.replicas;
    const inSync = !isIntake && isInSync(seen);
    const hearsLeader = inSync && this.#sinceMs(this.#heardAtMs) < agentLimits.leaderSilentMs;
    const holdsWrites = role === "primary" && (this.#isYielding || this.#isFenced);
    return { address: this.#address, role, epoch, copiedEpoch, offset, inSync, hearsLeader, holdsWrites, replicas };
  }

  async look(connection: EngineConnection): Promise<void> {
    this.#see(await ask(connection, []));
    this.#tell();
  }

  #see(seen: ReplicationSeen): void {
    const before = this.#seen;
    this.#seen = seen;
    const nowMs = this.#context.clock.monotonicMs();
    if (before?.offset !== seen.offset || !before.isLinked) this.#heardAtMs = nowMs;
    this.#following.see(seen, nowMs);
    this.#epochs = { ...this.#epochs, copiedEpoch: copiedEpochOf(seen, this.#epochs) };
  }

  /** The record is in force from here on, unless an order was faster. */
  #enter(leader: Leader | null, seen: ReplicationSeen): void {
    const { epoch, isIntake } = this.#epochs;
    if (leader !== null && (leader.epoch > epoch || isIntake)) this.#epochs = entered(seen, this.#epochs, leader);
    else if (isIntake) this.#epochs = { ...this.#epochs, isIntake: false };
  }

  /** An intake node's engine copies from the feed; null: no longer. What it has goes when it begins. */
  async takeFrom(connection: EngineConnection, feed: Feed | null): Promise<void> {
    if (!this.isIntake) throw new LarderError("Conflict", "The node is not being filled.");
    this.#feed = feed;
    const seen = await ask(connection, []);
    const plan = planRole({ kind: "intake", feed }, seen, { name: "", password: "" });
    this.#see(plan.length === 0 ? seen : await ask(connection, plan));
  }

  /**
   * Replicas say by themselves only every second how far they are, and hear their leader as rarely. A WAIT for more of
   * them than there are makes the engine ask them in the stream, so that both know of each other within one look. An agent
   * that has just come looks first: only what is later than that shows it that it is followed.
   */
  async askReplicas(connection: EngineConnection): Promise<void> {
    if (this.#seen === null) await this.look(connection);
    if (this.observed()?.role !== "primary" || this.#seen?.replicas.length === 0) return;
    await connection.ask("WAIT", String(replicasUnheardOf), String(answersMs));
  }

  /** Puts the record in force, after a look. Safe to repeat. Throws what the connection throws. */
  async obey(connection: EngineConnection, told: Told): Promise<void> {
    const { replication } = told;
    if (!this.#isOld(replication.leader)) await this.#follow(connection, told);
    await this.#serveStale(connection, replication);
  }

  async #follow(connection: EngineConnection, { replication, isIntake, runId }: Told): Promise<void> {
    const { leader, user } = replication;
    if (this.#seen === null) throw new Error("a leader record for an engine that nobody has looked at");
    const { nodeId, log } = this.#context;
    const wanted = wantedRole(replication, { nodeId, runId, isIntake, feed: this.#feed });
    // An agent that has adopted the engine does not know whether it was told to yield.
    const isReleased =
      wanted.kind !== "intake" && roleOf(this.#seen) === "primary" && (leader?.epoch ?? 0) > this.#epoch;
    const plan = planRole(wanted, this.#seen, user);
    const commands = isReleased ? releaseWith(plan) : plan;
    if (wanted.kind === "replica" && plan.length > 0) await this.#setServeStale(connection, false);
    // All at once: a promotion is waited for. Without a change what was seen holds under the new record too.
    const seen = commands.length === 0 ? this.#seen : await ask(connection, commands);
    if (wanted.kind === "intake") this.#epochs = asIntake(this.#epochs, leader);
    else this.#enter(leader, seen);
    if (isReleased) this.#isYielding = this.#isFenced = false;
    if (plan.length > 0) log.info({ nodeId, epoch: this.#epoch, role: wanted.kind }, "role changed");
    if (commands.length > 0) this.#see(seen);
    this.#tell();
  }

  /** Holds writes, and says how much was written. Safe to repeat. */
  async yield(connection: EngineConnection, yieldMs: number): Promise<number> {
    this.#isYielding = true;
    // In one go, as clients wait.
    await Promise.all([connection.ask("CLIENT", "PAUSE", String(yieldMs), "WRITE"), this.look(connection)]);
    if (this.observed()?.role !== "primary")
      throw new LarderError("Conflict", "The node is not the primary of its cache.");
    return this.#seen?.offset ?? 0;
  }

  /** Becomes the primary of a record once it has processed so much. Safe to repeat. */
  async lead(connection: EngineConnection, { leader, offset, waitMs, transferId }: LeadOrder): Promise<number> {
    const { clock, log, nodeId } = this.#context;
    const isDone = leader.epoch === this.#epoch && this.observed()?.role === "primary";
    if (leader.epoch <= this.#epoch && !isDone) throw new LarderError("Conflict", "The node knows a newer leader.");
    if (this.isIntake !== (transferId !== null) && !isDone)
      throw new LarderError("Conflict", "Whether the node is being filled is not as the order has it.");
    const untilMs = clock.monotonicMs() + waitMs;
    let seen = await ask(connection, []);
    // What filled an intake node has no place in anybody's stream.
    for (const least = this.isIntake ? seen.offset : offset; seen.offset < least; seen = await ask(connection, [])) {
      if (clock.monotonicMs() >= untilMs) throw new LarderError("Conflict", "The node did not catch up in time.");
      await clock.sleep(catchUpLookMs);
    }
    // Before anything is sent: an older record that comes now must not undo it.
    this.#enter(leader, seen);
    this.#see(await ask(connection, isDone ? [] : [["REPLICAOF", "NO", "ONE"]]));
    this.#tell();
    log.info({ nodeId, epoch: this.#epoch, role: "primary" }, "took over");
    return this.#seen?.offset ?? 0;
  }

  /** Holds writes, or lets them go on. To be repeated while they are to be held: the engine forgets it by itself. */
  async fence(connection: EngineConnection, isFenced: boolean): Promise<void> {
    if (!isFenced && !this.#isFenced) return;
    if (isFenced) await connection.ask("CLIENT", "PAUSE", String(fencePauseMs), "WRITE");
    else if (!this.#isYielding) await connection.ask("CLIENT", "UNPAUSE");
    if (isFenced !== this.#isFenced)
      this.#context.log.warn({ nodeId: this.#context.nodeId, isFenced }, "writes held or let go");
    this.#isFenced = isFenced;
    this.#tell();
  }

  /** Whether it leads and nobody is known to follow, so that another may be made the primary without its knowing. */
  get isUnfollowed(): boolean {
    if (this.observed()?.role !== "primary") return false;
    const isFollowed = this.#seen?.replicas.some(({ state }) => state === "online") === true;
    return !isFollowed || this.#sinceMs(this.#following.followedAtMs) > agentLimits.unfollowedMs;
  }

  async #serveStale(connection: EngineConnection, { serveStale }: ReplicationSpec): Promise<void> {
    await this.#setServeStale(connection, serveStale && this.#seen !== null && hasWholeCopy(this.#seen, this.state));
  }

  async #setServeStale(connection: EngineConnection, serves: boolean): Promise<void> {
    if (serves === this.#servesStale) return;
    await connection.ask(...serveStaleCommand(serves));
    this.#servesStale = serves;
  }

  #sinceMs(momentMs: number): number {
    return this.#context.clock.monotonicMs() - momentMs;
  }

  #tell(): void {
    const observed = this.observed();
    const replicas = observed?.replicas.map(({ address, state }) => ({ address, state }));
    const news = JSON.stringify({ ...observed, offset: 0, replicas });
    if (news === this.#told) return;
    this.#told = news;
    this.#context.onChange();
  }

  #isOld(leader: Leader | null): boolean {
    const { nodeId, log } = this.#context;
    const epoch = leader?.epoch ?? 0;
    if (epoch >= this.#epoch) return false;
    if (this.#epochIgnored !== epoch) log.warn({ nodeId, epoch, epochInForce: this.#epoch }, "older leader ignored");
    this.#epochIgnored = epoch;
    return true;
  }
}

/** What it says of its replication right behind the commands. */
async function ask(connection: EngineConnection, commands: readonly string[][]): Promise<ReplicationSeen> {
  return parseReplication(await connection.infoBehind(commands, "replication"));
}
