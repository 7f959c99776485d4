/**
 * A planned change of a cache's node as this gateway takes part in it (RouteMove in packages/api/gateway-protocol.ts): no
 * client sees an error or loses its connection, and no command runs on both nodes or on none.
 *
 *   state      left by                                           to
 *   preparing  connected to the target, scripts and subscriptions there   prepared
 *   prepared   the route says hold                               draining
 *   draining   nothing is in flight on the present node          drained
 *   draining, drained   `holdMs` after the hold began            expired: clients go on where they were
 *   any        finish(): the target takes over; abandon(): clients go on where they were
 *
 * While traffic is held, clients wait in their lanes. Transactions that an engine has begun run to their end. A blocking
 * command is taken back (CLIENT UNBLOCK) and asked anew afterwards, with what is left of its timeout and from where it
 * stood in its streams (stream-anchor.ts). A client that watches keys gets nil from its next EXEC, as if they had changed.
 * Connections with state that the gateway does not follow (MONITOR, tracking, commands that it does not know) are closed
 * at the end.
 *
 * It looks at what is so every `moveStepMs`, rather than being told by everything that may change it.
 */
import type { MoveReport, RouteMove } from "@larder/api";
import type { ClientConnection } from "../client/client-connection.ts";
import type { BlockingCommand } from "../client/client-state.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import type { FanOut } from "../subscriptions/fan-out.ts";
import { type AskConnection, connectToAsk } from "./ask-connection.ts";
import type { DedicatedConnection } from "./dedicated-connection.ts";
import type { EngineNode } from "./engine-node.ts";
import type { EnginePlace } from "./engine-place.ts";
import type { ScriptMemory } from "./script-memory.ts";
import { anchorToNewest } from "./stream-anchor.ts";

export interface MoveOptions {
  move: RouteMove;
  target: EnginePlace;
  from: EngineNode;
  to: EngineNode;
  fanOut: FanOut;
  scripts: ScriptMemory;
  monotonicMs(): number;
  /** Resolves once the other workers have taken their subscriptions along, too. */
  switchedElsewhere(): Promise<void>;
  /** The state has changed; after `expired` clients may go on. */
  onChange(): void;
}

export class Move {
  readonly moveId: string;
  state: MoveReport["state"] = "preparing";
  /** What is published at the target is heard. */
  hasSwitched = false;

  readonly #options: MoveOptions;
  readonly #loaded = new Set<Buffer>();
  readonly #anchored = new WeakSet<BlockingCommand>();
  #isLoading = false;
  #askOld: AskConnection | null = null;
  #askNew: AskConnection | null = null;
  #areHubsReady = false;
  #wantsHold = false;
  #heldSinceMs = 0;
  #holdMs = 0;
  #timer: Timer | null = null;

  constructor(options: MoveOptions) {
    this.#options = options;
    this.moveId = options.move.moveId;
  }

  get target(): EnginePlace {
    return this.#options.target;
  }

  /** Connects to the target. */
  start(): void {
    const { from, to, target, fanOut } = this.#options;
    void connectOrNull(from).then((connection) => this.#keep(connection, "old"));
    void connectOrNull(to).then((connection) => this.#keep(connection, "new"));
    fanOut.prepare(target).then(
      () => (this.#areHubsReady = true),
      // It stays in preparation: the controller sees that, and calls it off.
      () => {},
    );
    this.#timer = setInterval(() => this.#step(), limits.moveStepMs);
  }

  /** Begins to hold as soon as it is prepared. */
  hold(holdMs: number): void {
    this.#wantsHold = true;
    this.#holdMs = holdMs;
    // Clients wait from here on: the first steps do not wait for the timer.
    if (this.state === "prepared") this.#step();
    if (this.state === "draining") this.#step();
  }

  get isHolding(): boolean {
    return this.state === "draining" || this.state === "drained";
  }

  /**
   * Resolves with the node to go on with: the caller takes its clients there and closes the old one. Where subscriptions
   * could not go along, their clients are closed. Nobody goes on before all workers hear the target: else they would miss
   * what is published.
   */
  async finish(): Promise<EngineNode> {
    const { fanOut, to } = this.#options;
    this.#end();
    await fanOut.switchToPrepared().catch(() => fanOut.drop());
    this.hasSwitched = true;
    await this.#options.switchedElsewhere();
    return to;
  }

  /** Everything as it was before. The caller resumes its clients. */
  abandon(): void {
    const { fanOut, from, to } = this.#options;
    this.#end();
    fanOut.abandon();
    to.close();
    for (const pool of from.pools) pool.release();
  }

  #end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#askOld?.close();
    this.#askNew?.close();
  }

  #step(): void {
    const { from } = this.#options;
    if (this.state === "preparing") {
      this.#connectPools();
      this.#loadScripts();
      if (this.#isPrepared) this.#become("prepared");
    } else if (this.state === "prepared" && this.#wantsHold) {
      for (const pool of from.pools) pool.hold();
      this.#heldSinceMs = this.#options.monotonicMs();
      this.#become("draining");
    } else if (this.isHolding && this.#options.monotonicMs() - this.#heldSinceMs > this.#holdMs) {
      counters.larder_gateway_moves_expired_total++;
      this.abandon();
      this.#become("expired");
    } else if (this.state === "draining") {
      this.#takeBackBlocked();
      this.#loadScripts();
      if (this.#isDrained && !this.#isLoading) this.#become("drained");
    }
  }

  #become(state: MoveReport["state"]): void {
    this.state = state;
    this.#options.onChange();
  }

  #keep(connection: AskConnection | null, which: "old" | "new"): void {
    if (this.#timer === null) connection?.close();
    else if (which === "old") this.#askOld = connection;
    else this.#askNew = connection;
  }

  /** For whatever the present node has connections for; more may have come since the last step. */
  #connectPools(): void {
    const { from, to } = this.#options;
    for (const { key, fast, bulk } of from.pools) {
      const twin = to.pool(key.user, key.database, key.protocol);
      if (fast.isReady) twin.fast.ensure();
      if (bulk.isReady) twin.bulk.ensure();
    }
  }

  get #isPrepared(): boolean {
    if (this.#askOld === null || this.#askNew === null || !this.#areHubsReady || this.#isLoading) return false;
    return [...this.#options.from.pools].every((pool) => {
      const twin = this.#options.to.pool(pool.key.user, pool.key.database, pool.key.protocol);
      return (!pool.fast.isReady || twin.fast.isReady) && (!pool.bulk.isReady || twin.bulk.isReady);
    });
  }

  #loadScripts(): void {
    const connection = this.#askNew;
    if (connection === null || this.#isLoading) return;
    const missing = [...this.#options.scripts.bodies].filter((body) => !this.#loaded.has(body));
    if (missing.length === 0) return;
    this.#isLoading = true;
    const loads = missing.map(async (body) => {
      if ((await connection.ask(["SCRIPT", "LOAD", body])) !== undefined) this.#loaded.add(body);
    });
    void Promise.all(loads).then(() => (this.#isLoading = false));
  }

  /** Repeated until each is back: one may be on its way to the engine still. */
  #takeBackBlocked(): void {
    for (const connection of this.#lent()) {
      const client = connection.owner;
      if (client === null || client.blocking === null || client.inFlight === 0) continue;
      if (this.#anchored.has(client.blocking)) this.#takeBack(connection, client);
      else void this.#anchor(connection, client);
    }
  }

  #takeBack(connection: DedicatedConnection, client: ClientConnection): void {
    connection.onUnblocked(() => client.takeBackBlocking());
    void this.#askOld?.ask(["Client", "UNBLOCK", String(connection.engineClientId), "ERROR"]);
  }

  /** While it waits in the engine still, so that what is added meanwhile answers it. */
  async #anchor(connection: DedicatedConnection, client: ClientConnection): Promise<void> {
    const { blocking } = client;
    const asking = this.#askOld;
    if (asking === null || blocking === null) return;
    const { database } = connection.home.key;
    blocking.request = await anchorToNewest(blocking.request, (words) => asking.ask(words), database);
    this.#anchored.add(blocking);
    if (this.state === "draining" && client.blocking === blocking) this.#takeBack(connection, client);
  }

  get #isDrained(): boolean {
    if (!this.#options.from.isDrained) return false;
    return this.#lent().every(({ owner }) => owner === null || isQuiet(owner));
  }

  #lent(): DedicatedConnection[] {
    return [...this.#options.from.pools].flatMap((pool) => [...pool.lent]);
  }
}

function isQuiet(client: ClientConnection): boolean {
  return client.inFlight === 0 && !client.isInTransaction && client.stream === null;
}

function connectOrNull(node: EngineNode): Promise<AskConnection | null> {
  const target = node.ownTarget();
  return target === null ? Promise.resolve(null) : connectToAsk(target);
}
