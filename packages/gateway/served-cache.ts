/** One cache as this gateway serves it: its route, its clients, the node behind it, and who may log in. */
import { isDeepStrictEqual } from "node:util";
import type { EngineLogin, MoveReport, Route, RouteNode } from "@larder/api";
import type { CommandTable, Reply } from "@larder/resp";
import type { Clock, Log, Randomness } from "@larder/service";
import { RouteUsers } from "./access/route-users.ts";
import { followRoute } from "./access/user-change.ts";
import type { ClientConnection } from "./client/client-connection.ts";
import { EngineNode } from "./engine/engine-node.ts";
import { EnginePlace } from "./engine/engine-place.ts";
import type { EnginePool } from "./engine/engine-pool.ts";
import { leaveDedicated } from "./engine/leave-dedicated.ts";
import { Move } from "./engine/move.ts";
import type { NodeCertificate } from "./engine/node-certificate.ts";
import { ReplicaReads } from "./engine/replica-reads.ts";
import { ScriptMemory } from "./engine/script-memory.ts";
import { NetworkRules } from "./front/network-rules.ts";
import { counters } from "./metrics.ts";
import { FanOut } from "./subscriptions/fan-out.ts";

export interface ServedCacheOptions {
  randomness: Randomness;
  clock: Clock;
  log: Log;
  /** For engines of other hosts. */
  certificate: NodeCertificate | null;
  /** A move has come a step further. */
  onMove(): void;
  /** Resolves once the other workers have taken the cache's subscriptions to the move's target. */
  switchedElsewhere(cacheId: string, moveId: string): Promise<void>;
}

export class ServedCache {
  route: Route;
  users: RouteUsers;
  readonly clients = new Map<number, ClientConnection>();
  readonly fanOut: FanOut;
  readonly replicaReads: ReplicaReads;
  readonly scripts = new ScriptMemory();
  network: NetworkRules;
  readonly #options: ServedCacheOptions;
  /** Of the route in force. */
  #place: EnginePlace | null;
  /** Behind it clients are served; after a move, from a moment later on. */
  #node: EngineNode;
  #move: Move | null = null;
  /** By these it is told what is asked again when a node is given up. */
  #formerCommands: CommandTable | null = null;
  /** The move's target is the node, and clients are about to be taken there: it cannot be called off any more. */
  #isFinishing = false;

  constructor(route: Route, options: ServedCacheOptions) {
    this.route = route;
    this.network = new NetworkRules(route.network);
    this.users = new RouteUsers(route);
    this.#options = options;
    this.#place = this.#placeOf(route.node);
    this.#node = this.#openNode(this.#place);
    this.replicaReads = new ReplicaReads(route.readNodes, (node) =>
      this.#openNode(this.#placeOf(node), { isReplica: true }),
    );
    this.fanOut = new FanOut({
      target: (engineUser, place) => this.#node.subscriberTarget(engineUser, place),
      onUse: (isUsed) => this.#node.countReceivers(isUsed),
      randomness: options.randomness,
    });
  }

  /** What the engine can do, or the one before it could until it was asked; null until one was. */
  get commands(): CommandTable | null {
    return this.#node.commands ?? this.#formerCommands;
  }

  /** Of a native engine on this machine, once it has been reached. */
  get engineProcess(): number | null {
    return this.#node.processId;
  }

  get heldReplyBytes(): number {
    return this.#node.confirmer?.heldBytes ?? 0;
  }

  /** What can be told without having asked it. */
  get loginCommands(): CommandTable {
    return this.#node.loginCommands;
  }

  get pools(): Iterable<EnginePool> {
    return this.#node.pools;
  }

  /** Connects, and takes part in a move that the route already names. */
  start(): void {
    this.#node.warm();
    this.#followMove(this.route);
  }

  /**
   * Takes a newer route. One with an older epoch is refused: it names a node that is no longer the primary. Of another life of the
   * controller any is taken, as that one's store may be older.
   */
  update(route: Route, { isSameLife }: { isSameLife: boolean }): void {
    if (isSameLife && route.epoch < this.route.epoch) return;
    const isSame = this.#place === null ? route.node === null : this.#place.isOf(route.node);
    const isRefusalNews = !isDeepStrictEqual(route.refusedCommands, this.route.refusedCommands);
    if (!isDeepStrictEqual(route.network, this.route.network)) this.network = new NetworkRules(route.network);
    const areReplicasNews = !isDeepStrictEqual(route.readNodes, this.route.readNodes);
    const isCut = route.cutEpoch !== this.route.cutEpoch;
    const areUsersNews = !isDeepStrictEqual([route.users, route.ownLogin], [this.route.users, this.route.ownLogin]);
    this.route = route;
    if (areUsersNews) this.users = new RouteUsers(route);
    this.replicaReads.use(route.readNodes);
    if (!isSame) this.#changeNode(route.node);
    else {
      if (isRefusalNews) this.#node.buildTables();
      this.#node.followDurability();
      this.#followMove(route);
      if (areReplicasNews && this.#node.isAway) this.#resumeAll();
    }
    if (isCut) this.#cut();
    else if (areUsersNews) for (const client of [...this.clients.values()]) followRoute(client, this.users);
    this.#node.warm();
  }

  /** Clients with a connection of their own may begin nothing new on it. */
  get isHolding(): boolean {
    return this.#move?.isHolding === true;
  }

  /** Whether subscriptions here are at the move's target, or the move is none of this worker's. */
  hasSwitched(moveId: string): boolean {
    return this.#move?.moveId !== moveId || this.#move.hasSwitched;
  }

  moveReport(): MoveReport | null {
    if (this.#move === null) return null;
    let inFlight = 0;
    for (const client of this.clients.values()) inFlight += client.inFlight;
    return { cacheId: this.route.cacheId, moveId: this.#move.moveId, state: this.#move.state, inFlight };
  }

  /** The pool of a client that has logged in and is nobody else in a moment. */
  poolOf(client: ClientConnection): EnginePool | null {
    if (client.nextUser !== null) return null;
    return client.user === null ? null : this.#node.pool(client.user, client.database, client.protocol);
  }

  /** Whether the gateway speaks for the user as it does for itself, as for who has an access key: no policy restricts it. */
  isOwnUser({ engineUser }: EngineLogin): boolean {
    return engineUser === this.route.ownLogin.engineUser;
  }

  /** Asks the engine as a user, what may be asked twice; undefined where it does not answer. */
  async askAs(user: EngineLogin, words: readonly (string | Buffer)[]): Promise<Reply | undefined> {
    const reply = await this.#node.askAs(user, words);
    // At that moment its connection may have been closed for want of use, or the node have become another.
    return reply === undefined ? this.#node.askAs(user, words) : reply;
  }

  /** Now and then: replicas, and connections as users whom nobody is, are not kept once they are not needed. */
  sweep(): void {
    this.replicaReads.tidy({ isPrimaryAway: this.#node.isAway });
    this.#node.closeUnused(this.clients.values());
    if (this.#move === null) this.fanOut.leaveUnused(this.route.ownLogin.engineUser);
  }

  stop(): void {
    for (const client of [...this.clients.values()]) client.close();
    this.fanOut.close();
    this.replicaReads.close();
    this.#node.close();
  }

  #placeOf(node: RouteNode | null): EnginePlace | null {
    if (node === null) return null;
    const { certificate, log } = this.#options;
    const place = new EnginePlace(node, certificate);
    if (!place.isReachable)
      log.error(
        { cacheId: this.route.cacheId, nodeId: node.nodeId },
        "the engine is on another host, and the gateway has no --node-cert to reach it",
      );
    return place;
  }

  #openNode(place: EnginePlace | null, { isReplica = false, isNext = false } = {}): EngineNode {
    const { randomness, clock } = this.#options;
    const login = (engineUser: string) => this.users.login(engineUser);
    return new EngineNode({ place, isReplica, isNext, route: () => this.route, login, randomness, clock });
  }

  // ── moves ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #followMove({ move }: Route): void {
    if (this.#isFinishing) return;
    if (this.#move !== null && this.#move.moveId !== move?.moveId) this.#callOff(this.#move);
    if (move === null) return;
    this.#move ??= this.#beginMove(move);
    if (move.phase === "hold") this.#move.hold(move.holdMs);
  }

  #beginMove(move: NonNullable<Route["move"]>): Move {
    const { clock, onMove, switchedElsewhere } = this.#options;
    const target = new EnginePlace(move.target, this.#options.certificate);
    const begun = new Move({
      move,
      target,
      from: this.#node,
      to: this.#openNode(target, { isNext: true }),
      fanOut: this.fanOut,
      scripts: this.scripts,
      monotonicMs: () => clock.monotonicMs(),
      switchedElsewhere: () => switchedElsewhere(this.route.cacheId, move.moveId),
      onChange: () => {
        if (begun.state === "expired") this.#resumeAll();
        onMove();
      },
    });
    begun.start();
    return begun;
  }

  #callOff(move: Move): void {
    this.#move = null;
    this.#isFinishing = false;
    if (move.state !== "expired") move.abandon();
    this.#resumeAll();
  }

  /** To the target of a move that got so far, with nothing lost; else as after a failure. */
  #changeNode(node: RouteNode | null): void {
    const move = this.#move;
    if (move?.state !== "drained" || !move.target.isOf(node)) {
      if (move !== null) this.#callOff(move);
      this.#place = this.#placeOf(node);
      this.#useNode(this.#openNode(this.#place));
      this.fanOut.drop();
      return this.#followMove(this.route);
    }
    this.#place = move.target;
    this.#isFinishing = true;
    void move.finish().then((target) => {
      // A newer route may have named yet another node meanwhile.
      if (this.#move !== move) return target.close();
      counters.larder_gateway_moves_finished_total++;
      this.#move = null;
      this.#isFinishing = false;
      this.#useNode(target);
      this.#followMove(this.route);
      this.#options.onMove();
    });
  }

  /** Clients keep their connections; commands in flight get their errors, and later ones go to the new node. */
  #useNode(node: EngineNode): void {
    const old = this.#node;
    this.#node = node;
    this.#formerCommands = old.commands ?? this.#formerCommands;
    node.lead();
    if (node.place === null) node.keepCommandsOf(old);
    node.followDurability();
    node.countReceivers(this.fanOut.isUsed);
    for (const client of this.clients.values()) {
      leaveDedicated(client);
      client.pool = this.poolOf(client);
    }
    old.close();
    this.#resumeAll();
  }

  #cut(): void {
    counters.larder_gateway_connections_closed_access_total += this.clients.size;
    for (const client of [...this.clients.values()]) client.close("access");
  }

  #resumeAll(): void {
    for (const client of this.clients.values()) client.resume();
  }
}
