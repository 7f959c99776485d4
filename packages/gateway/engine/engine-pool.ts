/**
 * The server connections to one node for one engine user, database and protocol:
 *
 *   the fast lane   shared; commands that are quick and small
 *   the bulk lane   shared, made at first use; what is large or slow, so that it holds up nobody on the fast one
 *   dedicated       lent to one client at a time, a few kept warm
 */
import type { EngineLogin } from "@larder/api";
import type { Protocol } from "@larder/resp";
import type { Randomness } from "@larder/service";
import type { ClientConnection } from "../client/client-connection.ts";
import { DurableConnection } from "../durability/durable-connection.ts";
import type { WriteConfirmer } from "../durability/write-confirmer.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { Questions } from "./ask-connection.ts";
import { DedicatedConnection } from "./dedicated-connection.ts";
import type { EngineNode } from "./engine-node.ts";
import { Lane, type LaneConnection } from "./lane.ts";
import { ReplicaConnection } from "./replica-connection.ts";
import type { ServerTarget } from "./server-connection.ts";
import { SharedConnection } from "./shared-connection.ts";

export interface PoolKey {
  user: EngineLogin;
  database: number;
  protocol: Protocol;
}

export class EnginePool {
  readonly key: PoolKey;
  readonly fast: Lane;
  readonly bulk: Lane;
  readonly lent = new Set<DedicatedConnection>();
  /** On which the gateway asks something as the pool's user. */
  readonly questions = new Questions();

  readonly #node: EngineNode;
  #idle: DedicatedConnection[] = [];
  #isClosed = false;
  /** Since when nobody has it; null while somebody does. */
  #unusedMs: number | null = null;

  constructor(node: EngineNode, key: PoolKey, randomness: Randomness) {
    this.#node = node;
    this.key = key;
    const lane = () =>
      new Lane({
        target: () => node.target(key, { wantsCommands: node.commands === null, mustLead: node.mustLead }),
        open: (target) => openShared(node, target),
        onReady: (connection) => node.learnCommands(connection.commandReply),
        onDemoted: () => node.stepDown(),
        randomness,
        mayGoElsewhere: () => node.hasReplicas,
      });
    this.fast = lane();
    this.bulk = lane();
  }

  /** Of the node; null where writes are answered as soon as it has them. */
  get confirmer(): WriteConfirmer | null {
    return this.#node.confirmer;
  }

  /** Lends the client a connection of its own, warm if there is one. It may not be ready yet: then the client is resumed. */
  lend(client: ClientConnection): void {
    const target = this.#node.target(this.key, { wantsCommands: false, mustLead: this.#node.mustLead });
    if (target === null) return this.fast.wait(client);
    const warm = this.#idle.pop();
    const connection = warm ?? new DedicatedConnection(target, this);
    connection.owner = client;
    client.dedicated = connection;
    this.lent.add(connection);
    if (warm !== undefined) return;
    connection.start({
      onReady: () => connection.owner?.resume(),
      onClosed: () => this.#onDedicatedClosed(connection),
      onDemoted: () => this.#node.stepDown(),
    });
  }

  /** Takes the client's dedicated connection back once nothing on it is the client's any more. */
  releaseIfClean(client: ClientConnection): void {
    const connection = client.dedicated;
    if (connection === null || client.isInTransaction || client.isWatching || client.isSticky) return;
    if (client.stream !== null) return;
    client.dedicated = null;
    this.#takeBack(connection);
  }

  /** The client is gone, or starts anew: its dedicated connection, whatever its state, is closed. */
  forget(client: ClientConnection): void {
    this.fast.forget(client);
    this.bulk.forget(client);
    const connection = client.dedicated;
    if (connection === null) return;
    client.dedicated = null;
    connection.owner = null;
    connection.close();
  }

  /** No further command goes out on the lanes until release(). */
  hold(): void {
    this.fast.hold();
    this.bulk.hold();
  }

  release(): void {
    this.fast.release();
    this.bulk.release();
  }

  get isDrained(): boolean {
    return this.fast.isDrained && this.bulk.isDrained;
  }

  /** Its connections are not to be used any further, as other ones are wanted, or the engine is no primary. */
  renew(): void {
    this.fast.renew();
    this.bulk.renew();
  }

  /** Asked now and then, with whether a client has it. What has yet to be answered is use, too. */
  isUnusedFor(ms: number, { isUsed, nowMs }: { isUsed: boolean; nowMs: number }): boolean {
    if (isUsed || this.lent.size > 0 || !this.isDrained) this.#unusedMs = null;
    else this.#unusedMs ??= nowMs;
    return this.#unusedMs !== null && nowMs - this.#unusedMs >= ms;
  }

  /** Dedicated connections that are kept warm. */
  get idleCount(): number {
    return this.#idle.length;
  }

  /** No connection answers any more: each ends, and is made anew when it is needed. */
  giveUp(): void {
    this.fast.giveUp();
    this.bulk.giveUp();
    this.questions.close();
    for (const connection of [...this.#idle, ...this.lent]) connection.close();
  }

  close(): void {
    this.#isClosed = true;
    this.fast.close();
    this.bulk.close();
    this.questions.close();
    for (const connection of [...this.#idle, ...this.lent]) connection.close();
    this.#idle = [];
  }

  #takeBack(connection: DedicatedConnection): void {
    this.lent.delete(connection);
    connection.owner = null;
    const isReusable = connection.state === "ready" && !connection.isTainted && !this.#isClosed;
    if (isReusable && this.#idle.length < limits.dedicatedIdleMax) this.#idle.push(connection);
    else connection.close();
  }

  /** One that never became ready has taken no command yet: its client waits for the engine like the others. */
  #onDedicatedClosed(connection: DedicatedConnection): void {
    this.lent.delete(connection);
    this.#idle = this.#idle.filter((each) => each !== connection);
    const client = connection.owner;
    if (client === null || connection.wasReady) return;
    client.dedicated = null;
    if (this.fast.connection === null && !this.fast.isUnavailable) this.fast.wait(client);
    else client.fail(unavailableError());
  }
}

function openShared({ confirmer, isReplica }: EngineNode, target: ServerTarget): LaneConnection {
  if (isReplica) return new ReplicaConnection(target);
  return confirmer === null ? new SharedConnection(target) : new DurableConnection(target, confirmer);
}

/** For the error of a client that is let go: how often it happened is counted with it. */
export function unavailableError(): string {
  counters.larder_gateway_commands_unavailable_total++;
  return "UNAVAILABLE the engine of this cache does not answer; the command was not executed";
}
