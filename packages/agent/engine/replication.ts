/**
 * The part that one engine process has in its cache's replication: what it is, and its way to what the leader record
 * says. Decides nothing; replication-plan.ts says what a record means.
 *
 * Invariant: the epoch in force never falls in the life of an engine. A record of a lower epoch is news from before,
 * and so is the absence of a record once there was one.
 */
import type { Address, Leader, NodeId, ReplicationObserved, ReplicationSpec } from "@larder/api";
import type { Log } from "@larder/service";
import type { EngineConnection } from "./ask.ts";
import {
  copiedEpochOf,
  isSettled,
  parseReplication,
  planRole,
  type ReplicationSeen,
  roleOf,
  wantedRole,
} from "./replication-plan.ts";

export interface ReplicationState {
  address: Address;
  /** Of the leader record that is in force; 0 before any. */
  epoch: number;
  /** Of the newest leader of whose data it holds a whole copy; 0 where it holds none. */
  copiedEpoch: number;
}

export interface ReplicationContext {
  nodeId: NodeId;
  log: Log;
  /** More than gauges has changed. */
  onChange: () => void;
}

export class EngineReplication {
  readonly #context: ReplicationContext;
  readonly #address: Address;
  #epoch: number;
  #copiedEpoch: number;
  #epochIgnored: number | null = null;
  /** null until the first look. */
  #seen: ReplicationSeen | null = null;
  #told = "";

  constructor({ address, epoch, copiedEpoch }: ReplicationState, context: ReplicationContext) {
    this.#address = address;
    this.#epoch = epoch;
    this.#copiedEpoch = copiedEpoch;
    this.#context = context;
  }

  get state(): ReplicationState {
    return { address: this.#address, epoch: this.#epoch, copiedEpoch: this.#copiedEpoch };
  }

  /** Whether nothing is under way that has to be looked at soon. */
  get isSettled(): boolean {
    return this.#seen !== null && isSettled(this.#seen);
  }

  observed(): ReplicationObserved | null {
    const seen = this.#seen;
    if (seen === null) return null;
    const role = roleOf(seen);
    const { offset, replicas } = seen;
    const inSync = role === "replica" && seen.isLinked;
    return { ...this.state, role, offset, inSync, hearsLeader: inSync, holdsWrites: false, replicas };
  }

  async look(connection: EngineConnection): Promise<void> {
    this.#seen = parseReplication(await connection.info("replication"));
    this.#copiedEpoch = copiedEpochOf(this.#seen, this.state);
    this.#tell();
  }

  /** Puts the record in force, after a look. Safe to repeat. Throws what the connection throws. */
  async obey(connection: EngineConnection, spec: ReplicationSpec, runId: string | null): Promise<void> {
    const { leader, user } = spec;
    if (this.#seen === null) throw new Error("a leader record for an engine that nobody has looked at");
    if (this.#isOld(leader)) return;
    const { nodeId, log } = this.#context;
    const wanted = wantedRole(leader, { nodeId, runId });
    const commands = planRole(wanted, this.#seen, user);
    // All at once: a promotion is waited for.
    await Promise.all(commands.map((command) => connection.ask(...command)));
    this.#epoch = leader?.epoch ?? 0;
    if (commands.length === 0) return this.#tell();
    log.info({ nodeId, epoch: this.#epoch, role: wanted.kind }, "role changed");
    await this.look(connection);
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
